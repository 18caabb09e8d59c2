/* Three ways to say what happened; see report.h. */
#include "scenario/report.h"

#include "base/encode.h"
#include "base/json.h"
#include "scenario/run.h"

/* --- text --- */

static void indented(struct buf *out, const char *indent, str text)
{
    str rest = text, line;
    while (rest.size > 0 && str_next(&rest, '\n', &line))
        buf_addf(out, "%s%.*s\n", line.size ? indent : "", STR_ARG(line));
}

static void failure(const struct report_outcome *outcome, struct buf *out)
{
    buf_addf(out, "      %.*s  %.*s\n", STR_ARG(outcome->where), STR_ARG(outcome->line));
    buf_addf(out, "        got   %.*s\n", STR_ARG(outcome->got));
    if (outcome->why.size > 0)
        buf_addf(out, "        why   %.*s\n", STR_ARG(outcome->why));
    if (outcome->answer.size > 0) {
        buf_add(out, STR("      last answer\n"));
        indented(out, "        ", outcome->answer);
    }
    if (outcome->timeline.size > 0) {
        buf_add(out, STR("      timeline\n"));
        buf_add(out, outcome->timeline);
    }
    buf_addf(out, "      again  atoll scenario run %.*s", STR_ARG(outcome->file));
    if (outcome->against.size == 0)
        buf_addf(out, " --seed %llu", (unsigned long long) outcome->seed);
    if (outcome->against.size > 0)
        buf_addf(out, " --against %.*s", STR_ARG(outcome->against));
    buf_add_char(out, '\n');
}

void report_text(struct arena *arena, const struct report_outcome *outcome, size_t name_width,
                 struct buf *out)
{
    int width = (int) (name_width < 50 ? name_width : 50);
    buf_addf(out, "%s  %-*.*s  %-45.*s  ", outcome->passed ? "ok  " : "FAIL", width,
             STR_ARG(outcome->name), STR_ARG(outcome->title));
    if (outcome->runs > 0)
        buf_addf(out, "held in %u of %u", outcome->held, outcome->runs);
    else if (outcome->passed)
        buf_addf(out, "%zu step%s, %.*s s emulated", outcome->steps_passed,
                 outcome->steps_passed == 1 ? "" : "s",
                 STR_ARG(timeline_seconds(arena, outcome->emulated)));
    else
        buf_addf(out, "%zu of %zu steps", outcome->steps_passed, outcome->steps_wanted);
    buf_add_char(out, '\n');
    if (!outcome->passed)
        failure(outcome, out);
    else if (outcome->timeline_shown)
        buf_add(out, outcome->timeline);
}

/* --- JSON --- */

static void json_events(struct json_writer *w, const struct report_outcome *outcome)
{
    json_array(w, "events");
    for (size_t i = 0; i < outcome->event_count; i++) {
        const struct timeline_event *event = &outcome->events[i];
        json_object(w, NULL);
        json_real(w, "at_s", (double) instant_diff(event->at, outcome->began).ns / 1e9);
        json_text(w, "text", event->text);
        if (event->region.size > 0)
            json_text(w, "region", event->region);
        if (event->from.size > 0)
            json_text(w, "from", event->from);
        if (event->detail.size > 0)
            json_text(w, "detail", event->detail);
        json_end(w);
    }
    json_end(w);
}

static void json_outcome(struct json_writer *w, const struct report_outcome *outcome)
{
    json_object(w, NULL);
    json_text(w, "file", outcome->file);
    json_text(w, "name", outcome->name);
    json_text(w, "title", outcome->title);
    json_boolean(w, "passed", outcome->passed);
    json_integer(w, "seed", (int64_t) outcome->seed);
    if (outcome->runs > 0) {
        json_integer(w, "runs", outcome->runs);
        json_integer(w, "held", outcome->held);
    }
    if (outcome->event_count > 0) {
        struct arena *arena = arena_new();
        json_text(w, "began", instant_iso8601(arena, outcome->began));
        arena_free(arena);
    }
    json_real(w, "emulated_s", (double) outcome->emulated.ns / 1e9);
    json_array(w, "steps");
    for (size_t i = 0; i < outcome->step_count; i++) {
        json_object(w, NULL);
        json_text(w, "title", outcome->steps[i].title);
        json_boolean(w, "passed", outcome->steps[i].passed);
        json_end(w);
    }
    json_end(w);
    if (!outcome->passed) {
        json_object(w, "failure");
        json_text(w, "at", outcome->where);
        json_text(w, "line", outcome->line);
        json_text(w, "got", outcome->got);
        json_text(w, "why", outcome->why);
        json_text(w, "answer", outcome->answer);
        json_end(w);
    }
    json_text(w, "timeline", outcome->timeline);
    json_events(w, outcome);
    json_end(w);
}

void report_json(const struct report_outcome *first, struct buf *out)
{
    struct json_writer w;
    size_t passed = 0, failed = 0;
    json_begin(&w, out);
    json_object(&w, NULL);
    json_array(&w, "scenarios");
    for (const struct report_outcome *outcome = first; outcome; outcome = outcome->next) {
        json_outcome(&w, outcome);
        *(outcome->passed ? &passed : &failed) += 1;
    }
    json_end(&w);
    json_integer(&w, "passed", (int64_t) passed);
    json_integer(&w, "failed", (int64_t) failed);
    json_end(&w);
    buf_add_char(out, '\n');
}

/* --- JUnit --- */

/* How many bytes of `text` make a character that a document may hold; 0: its first byte does not.
 * XML 1.0 2.2 leaves out most of what is below a blank, and U+FFFE and U+FFFF. */
static size_t sound_character(str text)
{
    unsigned char first = (unsigned char) text.ptr[0];
    size_t size = utf8_sequence_size(text);
    if (first < 32)
        return first == '\n' || first == '\t';
    bool no_character = size == 3 && first == 0xef && (unsigned char) text.ptr[1] == 0xbf &&
                        (unsigned char) text.ptr[2] >= 0xbe;
    return no_character ? 0 : size;
}

void report_escape(struct buf *out, str text)
{
    static const struct {
        char c;
        const char *name;
    } names[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" }, { '"', "&quot;" } };
    while (text.size > 0) {
        size_t size = sound_character(text), i = 0;
        while (i < COUNT(names) && names[i].c != text.ptr[0])
            i++;
        if (i < COUNT(names))
            buf_add(out, str_of(names[i].name));
        else if (size == 0)
            buf_add_char(out, '?');
        else
            buf_add(out, str_first(text, size));
        text = str_skip(text, size ? size : 1);
    }
}

static void xml_attribute(struct buf *out, const char *name, str value)
{
    buf_addf(out, " %s=\"", name);
    report_escape(out, value);
    buf_add_char(out, '"');
}

static void junit_case(const struct report_outcome *outcome, size_t step, struct buf *out)
{
    bool passed = outcome->steps[step].passed;
    buf_add(out, STR("    <testcase"));
    xml_attribute(out, "classname", outcome->name);
    xml_attribute(out, "name", outcome->steps[step].title);
    if (passed) {
        buf_add(out, STR("/>\n"));
        return;
    }
    buf_add(out, STR(">\n      <failure"));
    xml_attribute(out, "message", outcome->got);
    buf_add_char(out, '>');
    report_escape(out, outcome->where);
    buf_add(out, STR("  "));
    report_escape(out, outcome->line);
    buf_add_char(out, '\n');
    report_escape(out, outcome->answer);
    buf_add(out, STR("</failure>\n    </testcase>\n"));
}

/* A failure before the first step still is one. */
static void junit_setup(const struct report_outcome *outcome, struct buf *out)
{
    if (outcome->passed || outcome->step_count > 0)
        return;
    const struct run_step setup = { STR("setup"), false };
    struct report_outcome alone = *outcome;
    alone.steps = &setup;
    junit_case(&alone, 0, out);
}

static void junit_suite(const struct report_outcome *outcome, struct buf *out)
{
    bool setup = !outcome->passed && outcome->step_count == 0;
    buf_add(out, STR("  <testsuite"));
    xml_attribute(out, "name", outcome->file);
    buf_addf(out, " tests=\"%zu\" failures=\"%d\" time=\"%.3f\">\n",
             outcome->step_count + (setup ? 1 : 0), outcome->passed ? 0 : 1,
             (double) outcome->emulated.ns / 1e9);
    buf_addf(out, "    <properties><property name=\"seed\" value=\"%llu\"/></properties>\n",
             (unsigned long long) outcome->seed);
    junit_setup(outcome, out);
    for (size_t i = 0; i < outcome->step_count; i++)
        junit_case(outcome, i, out);
    buf_add(out, STR("    <system-out>"));
    report_escape(out, outcome->timeline);
    buf_add(out, STR("</system-out>\n  </testsuite>\n"));
}

void report_junit(const struct report_outcome *first, struct buf *out)
{
    buf_add(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"atoll\">\n"));
    for (const struct report_outcome *outcome = first; outcome; outcome = outcome->next)
        junit_suite(outcome, out);
    buf_add(out, STR("</testsuites>\n"));
}
