/* The page of `scenario run --html`: every scenario with its words, and its timeline as lanes: one
 * column for each Region, one row for each thing that happened. One file, no script, nothing from
 * elsewhere; passed and failed are words, so that it also reads without colour. */
#include "scenario/report.h"
#include "scenario/run.h"

#define MOST_LANES 64 /* as many as a region_set holds */

struct lanes {
    str at[MOST_LANES]; /* codes, in the order in which something happened there */
    size_t count;
};

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>atoll scenarios</title>\n<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;vertical-align:top;padding:.2rem .6rem;border-bottom:1px solid "
    "#8884}\n"
    "td.lane{border-left:1px solid #8884;font-family:ui-monospace,monospace;font-size:13px;"
    "overflow-wrap:anywhere}\n"
    "td.copy{font-style:italic}\ntd.time,td.all{font-family:ui-monospace,monospace;font-size:"
    "13px}\ntd.time{white-space:nowrap}\ntd.step{font-weight:bold;padding-top:.8rem}\n"
    "thead th{position:sticky;top:0;background:Canvas}\npre{overflow-x:auto;margin:.3rem 0}\n"
    ".passed{color:#0a6b2d}.failed{color:#b3261e}\n"
    "@media (prefers-color-scheme:dark){.passed{color:#6fd08c}.failed{color:#ff9a90}}\n"
    ".scroll{overflow-x:auto}\n</style>\n</head>\n<body>\n";

static void element(struct buf *out, const char *open, str text, const char *close)
{
    buf_add(out, str_of(open));
    report_escape(out, text);
    buf_add(out, str_of(close));
}

static const char *verdict(bool passed)
{
    return passed ? "<strong class=\"passed\">PASSED</strong>"
                  : "<strong class=\"failed\">FAILED</strong>";
}

/* --- the list on top --- */

static void overview(const struct report_outcome *first, struct buf *out)
{
    size_t passed = 0, failed = 0, number = 0;
    for (const struct report_outcome *o = first; o; o = o->next)
        *(o->passed ? &passed : &failed) += 1;
    buf_addf(out,
             "<h1>Scenarios: %zu passed, %zu failed</h1>\n<table>\n<thead><tr><th>Verdict</th>"
             "<th>Scenario</th><th>Steps</th><th>Emulated</th></tr></thead>\n<tbody>\n",
             passed, failed);
    for (const struct report_outcome *o = first; o; o = o->next) {
        buf_addf(out, "<tr><td>%s</td><td><a href=\"#s%zu\">", verdict(o->passed), ++number);
        report_escape(out, o->title);
        buf_addf(out, "</a></td><td>%zu of %zu</td><td>%.3f s</td></tr>\n", o->steps_passed,
                 o->steps_wanted, (double) o->emulated.ns / 1e9);
    }
    buf_add(out, STR("</tbody>\n</table>\n"));
}

/* --- the lanes --- */

static size_t lane_of(const struct lanes *lanes, str region)
{
    size_t i = 0;
    while (i < lanes->count && !str_eq(lanes->at[i], region))
        i++;
    return i;
}

static void add_lane(struct lanes *lanes, str region)
{
    if (region.size > 0 && lane_of(lanes, region) == lanes->count &&
        lanes->count < COUNT(lanes->at))
        lanes->at[lanes->count++] = region;
}

static void cell(const struct timeline_event *event, struct buf *out)
{
    report_escape(out, event->text);
    if (event->detail.size > 0)
        element(out, "<details><summary>answer</summary><pre>", event->detail, "</pre></details>");
}

/* What happened in a Region stands in its lane; a copy in the one where it arrives. What happened
 * nowhere in particular (the clock, a command, a step) stands across all. */
static void row(struct arena *arena, const struct lanes *lanes, const struct timeline_event *event,
                instant began, struct buf *out)
{
    size_t lane = event->region.size > 0 ? lane_of(lanes, event->region) : lanes->count;
    buf_addf(out, "<tr><td class=\"time\" title=\"%.*s\">%.3f s</td>",
             STR_ARG(instant_iso8601(arena, event->at)),
             (double) instant_diff(event->at, began).ns / 1e9);
    if (lane == lanes->count) {
        bool step = str_starts(event->text, STR("step \""));
        buf_addf(out, "<td class=\"%s\" colspan=\"%zu\">", step ? "step" : "all",
                 lanes->count ? lanes->count : 1);
        cell(event, out);
        buf_add(out, STR("</td>"));
    }
    for (size_t i = 0; lane < lanes->count && i < lanes->count; i++) {
        bool copy = i == lane && event->from.size > 0;
        buf_addf(out, "<td class=\"lane%s\">", copy ? " copy" : "");
        if (i == lane)
            cell(event, out);
        buf_add(out, STR("</td>"));
    }
    buf_add(out, STR("</tr>\n"));
}

static void timeline(struct arena *arena, const struct report_outcome *outcome, struct buf *out)
{
    struct lanes *lanes = ARENA_NEW(arena, struct lanes);
    for (size_t i = 0; i < outcome->event_count; i++) {
        add_lane(lanes, outcome->events[i].from);
        add_lane(lanes, outcome->events[i].region);
    }
    buf_add(out, STR("<div class=\"scroll\">\n<table>\n<thead><tr><th>Clock</th>"));
    for (size_t i = 0; i < lanes->count; i++)
        element(out, "<th>", lanes->at[i], "</th>");
    if (lanes->count == 0)
        buf_add(out, STR("<th>Everywhere</th>"));
    buf_add(out, STR("</tr></thead>\n<tbody>\n"));
    for (size_t i = 0; i < outcome->event_count; i++)
        row(arena, lanes, &outcome->events[i], outcome->began, out);
    buf_add(out, STR("</tbody>\n</table>\n</div>\n"));
}

/* --- one scenario --- */

static void failure(const struct report_outcome *outcome, struct buf *out)
{
    element(out, "<p><code>", outcome->where, "</code> ");
    element(out, "<code>", outcome->line, "</code></p>\n");
    element(out, "<p>Got: ", outcome->got, "</p>\n");
    if (outcome->why.size > 0)
        element(out, "<p>Why: ", outcome->why, "</p>\n");
    if (outcome->answer.size > 0)
        element(out, "<details open><summary>Last answer</summary><pre>", outcome->answer,
                "</pre></details>\n");
}

static void section(struct arena *arena, const struct report_outcome *outcome, size_t number,
                    struct buf *out)
{
    buf_addf(out, "<section id=\"s%zu\">\n<h2>%s ", number, verdict(outcome->passed));
    report_escape(out, outcome->title);
    element(out, "</h2>\n<p><code>", outcome->file, "</code>");
    buf_addf(out, ", seed %llu", (unsigned long long) outcome->seed);
    if (outcome->runs > 0)
        buf_addf(out, ", held in %u of %u", outcome->held, outcome->runs);
    if (outcome->event_count > 0)
        buf_addf(out, ". The clock began at %.*s", STR_ARG(instant_iso8601(arena, outcome->began)));
    buf_add(out, STR(".</p>\n<ol>\n"));
    for (size_t i = 0; i < outcome->step_count; i++) {
        buf_addf(out, "<li>%s ", verdict(outcome->steps[i].passed));
        element(out, "", outcome->steps[i].title, "</li>\n");
    }
    buf_add(out, STR("</ol>\n"));
    if (!outcome->passed)
        failure(outcome, out);
    timeline(arena, outcome, out);
    buf_add(out, STR("</section>\n"));
}

void page_write(struct arena *arena, const struct report_outcome *first, struct buf *out)
{
    size_t number = 0;
    buf_add(out, str_of(head));
    overview(first, out);
    for (const struct report_outcome *outcome = first; outcome; outcome = outcome->next)
        section(arena, outcome, ++number, out);
    buf_add(out, STR("</body>\n</html>\n"));
}
