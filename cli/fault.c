/* fault: rules that inject errors, delays and cut connections. */
#include "cli/cli.h"

#include <stdio.h>

static void text_if(struct json_writer *writer, const struct cli *cli, const char *flag)
{
    str value = cli_flag(cli, flag, NULL);
    if (value.size > 0)
        json_text(writer, flag, value);
}

/* False when the flag's value is no number. */
static bool number_if(struct json_writer *writer, const struct cli *cli, const char *flag)
{
    double number;
    str value = cli_flag(cli, flag, NULL);
    if (value.size == 0)
        return true;
    if (!str_to_double(value, &number))
        return false;
    json_real(writer, flag, number);
    return true;
}

static void write_match(struct json_writer *writer, const struct cli *cli)
{
    static const char *const members[] = { "region", "mrap",   "api",     "bucket",
                                           "key",    "client", "attempt", "link" };
    json_object(writer, "match");
    for (size_t i = 0; i < COUNT(members); i++)
        text_if(writer, cli, members[i]);
    json_end(writer);
}

static void write_script(struct json_writer *writer, const struct cli *cli)
{
    str rest = cli_flag(cli, "script", NULL), step;
    if (rest.size == 0)
        return;
    json_array(writer, "script");
    while (str_next(&rest, ',', &step))
        json_text(writer, NULL, str_trim(step));
    json_end(writer);
}

static void print_fault(const struct json *fault)
{
    static const char *const shown[] = { "error", "delay",  "throttle",    "cut",
                                         "slow",  "reason", "replication", "async" };
    (void) printf("%-24.*s %6.0f hits ", STR_ARG(json_string(fault, "name", STR(""))),
                  json_number(fault, "hits", 0));
    for (size_t i = 0; i < COUNT(shown); i++) {
        str value = json_string(fault, shown[i], STR_NONE);
        if (value.size > 0)
            (void) printf(" %s=%.*s", shown[i], STR_ARG(value));
    }
    if (json_member(fault, "truncate"))
        (void) printf(" truncate=%.0f", json_number(fault, "truncate", 0));
    if (json_member(fault, "probability"))
        (void) printf(" probability=%g", json_number(fault, "probability", 1));
    if (json_member(fault, "times"))
        (void) printf(" times=%.0f", json_number(fault, "times", 0));
    const struct json *match = json_member(fault, "match"), *script = json_member(fault, "script");
    for (const struct json *step = script ? script->child : NULL; step; step = step->next)
        (void) printf("%s%.*s", step == script->child ? " script=" : ",", STR_ARG(step->string));
    for (const struct json *m = match ? match->child : NULL; m; m = m->next)
        (void) printf(" %.*s:%.*s", STR_ARG(m->name), STR_ARG(m->string));
    (void) printf("\n");
}

/* One of them, or all. */
static void print_answer(const struct json *answer)
{
    const struct json *list = json_member(answer, "faults");
    if (list == NULL)
        print_fault(answer);
    else if (list->child == NULL)
        (void) printf("no faults\n");
    for (const struct json *fault = list ? list->child : NULL; fault; fault = fault->next)
        print_fault(fault);
}

static int show(struct cli *cli, const char *method, str path, str body)
{
    return cli_show(cli, &(struct cli_question){ method, path, body }, print_answer);
}

static int add(struct cli *cli)
{
    static const char *const texts[] = { "name", "error", "message",     "delay",  "throttle",
                                         "cut",  "slow",  "replication", "reason", "async" };
    static const char *const numbers[] = { "truncate", "probability", "times" };
    struct buf buf;
    str name = cli_flag(cli, "name", NULL);
    struct json_writer writer = cli_document(cli, &buf);
    write_match(&writer, cli);
    for (size_t i = 0; i < COUNT(texts); i++)
        text_if(&writer, cli, texts[i]);
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (!number_if(&writer, cli, numbers[i]))
            return cli_usage(cli, "truncate, probability and times are numbers");
    write_script(&writer, cli);
    json_end(&writer);
    if (name.size == 0)
        return show(cli, "POST", STR("/_atoll/v1/faults"), buf_str(&buf));
    str path = str_format(cli->arena, "/_atoll/v1/faults/%.*s", STR_ARG(cli_escape(cli, name)));
    return show(cli, "PUT", path, buf_str(&buf));
}

int verb_fault(struct cli *cli)
{
    str what = cli->word_count ? cli->words[0] : STR("list");
    if (str_is(what, "add") && cli->word_count == 1)
        return add(cli);
    if (str_is(what, "list") && cli->word_count <= 1)
        return show(cli, "GET", STR("/_atoll/v1/faults"), STR_NONE);
    if (str_is(what, "clear") && cli->word_count == 1)
        return show(cli, "DELETE", STR("/_atoll/v1/faults"), STR("{}"));
    if (str_is(what, "rm") && cli->word_count == 2) {
        str path = str_format(cli->arena, "/_atoll/v1/faults/%.*s",
                              STR_ARG(cli_escape(cli, cli->words[1])));
        return show(cli, "DELETE", path, STR("{}"));
    }
    return cli_usage(cli, "say: fault add FLAGS, fault list, fault rm NAME, fault clear");
}
