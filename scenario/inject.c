/* Lines about faults: the words of `atoll fault` become a rule, judged and kept as the admin API
 * does it. */
#include "scenario/run.h"
#include "server/faults.h"

static bool commit(struct call *call, const struct store_doc *docs, size_t count)
{
    struct run *run = call->run;
    run_note(run, "%.*s", STR_ARG(call->line->text));
    return run_commit(call, docs, count);
}

static bool is_one_of(str word, const char *const *words)
{
    while (*words && !str_is(word, *words))
        words++;
    return *words != NULL;
}

static void write_script(struct json_writer *writer, str steps)
{
    str step;
    json_array(writer, "script");
    while (steps.size > 0 && str_next(&steps, ',', &step))
        json_text(writer, NULL, str_trim(step));
    json_end(writer);
}

/* Words come in pairs: the usage saw to it. */
static const struct json *rule_of(struct call *call)
{
    static const char *const matches[] = { "region", "mrap",    "api",  "bucket", "key",
                                           "client", "attempt", "link", NULL };
    static const char *const numbers[] = { "truncate", "probability", "times", NULL };
    struct json_error error;
    struct json_writer writer;
    struct buf text;
    buf_init_arena(&text, call->run->arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &text);
    json_object(&writer, NULL);
    json_object(&writer, "match");
    for (size_t i = 0; i + 1 < call->count; i += 2)
        if (is_one_of(call->args[i], matches)) {
            json_key(&writer, call->args[i]);
            json_text(&writer, NULL, call->args[i + 1]);
        }
    json_end(&writer);
    for (size_t i = 0; i + 1 < call->count; i += 2) {
        double number = 0;
        if (is_one_of(call->args[i], matches))
            continue;
        if (str_is(call->args[i], "script")) {
            write_script(&writer, call->args[i + 1]);
            continue;
        }
        json_key(&writer, call->args[i]);
        if (is_one_of(call->args[i], numbers) && str_to_double(call->args[i + 1], &number))
            json_real(&writer, NULL, number);
        else
            json_text(&writer, NULL, call->args[i + 1]);
    }
    json_end(&writer);
    return json_parse(call->run->arena, buf_str(&text), &error);
}

bool inject_add(struct call *call)
{
    struct run *run = call->run;
    struct fault fault;
    str error = STR_NONE, hint = STR_NONE;
    if (!fault_parse(run->arena, rule_of(call), &fault, &error, &hint))
        return run_fail(call, hint.size ? "%.*s; %.*s" : "%.*s", STR_ARG(error), STR_ARG(hint));
    if (fault.name.size == 0)
        fault.name = str_format(run->arena, "fault-%zu", faults_count(run->world->faults) + 1);
    struct store_doc doc = faults_doc(run->arena, fault.name, &fault);
    return commit(call, &doc, 1);
}

bool inject_rm(struct call *call)
{
    struct run *run = call->run;
    str body;
    store_read_begin(run->lane->reader);
    if (store_doc_get(run->lane->reader, run->arena, STR("fault"), call->args[0], &body) !=
        STORE_OK)
        return run_fail(call, "there is no fault '%.*s'", STR_ARG(call->args[0]));
    struct store_doc doc = faults_doc(run->arena, call->args[0], NULL);
    return commit(call, &doc, 1);
}

bool inject_clear(struct call *call)
{
    struct run *run = call->run;
    struct store_doc_list list = { 0 };
    store_read_begin(run->lane->reader);
    if (store_doc_list(run->lane->reader, run->arena, STR("fault"), &list) != STORE_OK)
        return run_fail(call, "the faults could not be read");
    for (size_t i = 0; i < list.count; i++)
        list.at[i].body = STR_NONE;
    return commit(call, list.at, list.count);
}
