/* The lines go to the server as one text, what they include in its place; places in the report are
 * lines of that text, so each finds back to its file. */
#include "scenario/against.h"

#include "base/json.h"
#include "base/limits.h"

static str text_of(struct arena *arena, const struct script *script)
{
    struct buf out;
    buf_init_arena(&out, arena, LIMIT_JSON_BYTES);
    for (size_t i = 0; i < script->count; i++)
        buf_addf(&out, "%*s%.*s\n", (int) script->lines[i].indent, "",
                 STR_ARG(script->lines[i].text));
    return buf_str(&out);
}

/* "scenario:12: ..." to "story.atoll:14: ..."; other text as it is. */
static str place_of(struct arena *arena, const struct script *script, str text)
{
    str name, rest, digits, after;
    uint64_t number;
    bool more = str_cut(text, ':', &name, &rest) && str_is(name, "scenario");
    bool tail = str_cut(rest, ':', &digits, &after);
    if (!more || !str_to_u64(digits, &number) || number == 0 || number > script->count)
        return text;
    const struct script_line *line = &script->lines[number - 1];
    return str_format(arena, "%.*s:%u%s%.*s", STR_ARG(line->file), line->number, tail ? ":" : "",
                      STR_ARG(after));
}

/* --- asking --- */

static const struct json *post(struct arena *arena, struct against *against, const char *path,
                               str body, str *error)
{
    struct scenario_answer answer = { .status = 0 };
    struct json_error wrong;
    against->unreached =
        !against->call(arena, against->server, "POST", str_of(path), body, &answer, error);
    if (against->unreached)
        return NULL;
    const struct json *document = json_parse(arena, answer.body, &wrong);
    str detail = json_string(document, "detail", STR("it answered what is no document"));
    str hint = json_string(document, "hint", STR_NONE);
    if (answer.status == 200 && document)
        return document;
    *error = str_format(arena, "%.*s%s%.*s", STR_ARG(detail), hint.size ? "\n  try: " : "",
                        STR_ARG(hint));
    return NULL;
}

static bool empty_world(struct arena *arena, struct against *against, str *error)
{
    return post(arena, against, "/_atoll/v1/reset", STR("{\"to\":\"empty\"}"), error) != NULL;
}

static str order(struct arena *arena, const struct script *script,
                 const struct play_options *options)
{
    struct buf out;
    struct json_writer w;
    buf_init_arena(&out, arena, 2 * LIMIT_JSON_BYTES);
    json_begin(&w, &out);
    json_object(&w, NULL);
    json_text(&w, "scenario", text_of(arena, script));
    json_boolean(&w, "verbose", options->verbose);
    json_end(&w);
    return buf_str(&out);
}

/* --- the report, read back --- */

static void read_steps(struct arena *arena, const struct json *list, struct report_outcome *out)
{
    struct run_step *steps = ARENA_ARRAY(arena, struct run_step, list ? list->count + 1 : 1);
    for (const struct json *at = list ? list->child : NULL; at; at = at->next) {
        struct run_step *step = &steps[out->step_count++];
        step->title = json_string(at, "title", STR_NONE);
        step->passed = json_bool(at, "passed", false);
        out->steps_passed += step->passed;
    }
    out->steps = steps;
}

static duration seconds(const struct json *object, const char *name)
{
    return (duration){ (int64_t) (json_number(object, name, 0) * 1e9) };
}

static void read_events(struct arena *arena, const struct json *list, struct report_outcome *out)
{
    struct timeline_event *events =
        ARENA_ARRAY(arena, struct timeline_event, list ? list->count + 1 : 1);
    for (const struct json *at = list ? list->child : NULL; at; at = at->next)
        events[out->event_count++] =
            (struct timeline_event){ .at = instant_add(out->began, seconds(at, "at_s")),
                                     .text = json_string(at, "text", STR_NONE),
                                     .detail = json_string(at, "detail", STR_NONE),
                                     .region = json_string(at, "region", STR_NONE),
                                     .from = json_string(at, "from", STR_NONE) };
    out->events = events;
}

static struct report_outcome *read_outcome(struct arena *arena, const struct script *script,
                                           const struct json *document)
{
    struct report_outcome *out = ARENA_NEW(arena, struct report_outcome);
    const struct json *failure = json_member(document, "failure");
    out->file = script->path;
    out->name = script->name;
    out->title = script->title;
    out->steps_wanted = script->steps;
    out->passed = json_bool(document, "passed", false);
    out->seed = (uint64_t) json_number(document, "seed", 0);
    out->emulated = seconds(document, "emulated_s");
    if (!instant_parse_iso8601(json_string(document, "began", STR_NONE), &out->began))
        out->began = (instant){ 0 };
    out->where = place_of(arena, script, json_string(failure, "at", STR_NONE));
    out->line = json_string(failure, "line", STR_NONE);
    out->got = json_string(failure, "got", STR_NONE);
    out->why = json_string(failure, "why", STR_NONE);
    out->answer = json_string(failure, "answer", STR_NONE);
    out->timeline = json_string(document, "timeline", STR_NONE);
    read_steps(arena, json_member(document, "steps"), out);
    read_events(arena, json_member(document, "events"), out);
    return out;
}

struct report_outcome *against_play(struct arena *arena, struct against *against,
                                    const struct script *script, const struct play_options *options,
                                    str *error)
{
    if (against->reset && !empty_world(arena, against, error))
        return NULL;
    const struct json *document =
        post(arena, against, "/_atoll/v1/scenarios", order(arena, script, options), error);
    const struct json *list = document ? json_member(document, "scenarios") : NULL;
    if (document == NULL || list == NULL || list->child == NULL) {
        *error = place_of(arena, script, *error);
        return NULL;
    }
    struct report_outcome *outcome = read_outcome(arena, script, list->child);
    outcome->timeline_shown = options->verbose;
    outcome->against = against->server;
    return outcome;
}
