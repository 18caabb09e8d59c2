/* Arguments; see config_flags.h. */
#include "server/config_flags.h"

struct reading {
    struct config_problems *problems;
    const struct config_input *input;
    struct config_flags *out;
    size_t next; /* argument to be looked at */
};

static void problem(struct reading *reading, str where, str message)
{
    config_problems_add(reading->problems, (struct config_at){ .source = where }, STR_NONE, "%.*s",
                        STR_ARG(message));
}

static void add(struct reading *reading, const struct setting *setting, str value, str where)
{
    reading->out->at[reading->out->count++] = (struct config_flag){ setting, value, where };
}

/* The value may stand in the next argument, but no flag is a value: "--data --strict" forgot it. */
static void add_with_value(struct reading *reading, const struct setting *setting, str value,
                           str where)
{
    if (!str_is_set(value) && reading->next < reading->input->arg_count) {
        str next = str_of(reading->input->args[reading->next]);
        bool is_flag =
            next.size > 1 && next.ptr[0] == '-' && !(next.ptr[1] >= '0' && next.ptr[1] <= '9');
        if (!is_flag) {
            value = next;
            reading->next++;
        }
    }
    if (value.size == 0)
        problem(reading, where,
                str_format(reading->problems->arena, "needs a value: %s",
                           setting->metavar ? setting->metavar : setting->words));
    else
        add(reading, setting, value, where);
}

static void unknown(struct reading *reading, str flag)
{
    struct arena *arena = reading->problems->arena;
    str near = config_table_nearest_flag(flag);
    str hint = near.size ? config_problems_hint(arena, str_format(arena, "--%.*s", STR_ARG(near)))
                         : STR("");
    problem(reading, STR_NONE,
            str_format(arena, "unknown flag '--%.*s'%.*s", STR_ARG(flag), STR_ARG(hint)));
}

static void read_long(struct reading *reading, str argument)
{
    str name, value = STR_NONE;
    if (!str_cut(str_skip(argument, 2), '=', &name, &value))
        value = STR_NONE;
    const struct setting *setting = config_table_by_flag(name);
    str where = str_first(argument, name.size + 2);
    if (setting && setting->type == SET_BOOL) {
        add(reading, setting, str_is_set(value) ? value : STR("true"), where);
        return;
    }
    if (setting) {
        add_with_value(reading, setting, value, where);
        return;
    }
    const struct setting *negated =
        str_starts(name, STR("no-")) ? config_table_by_flag(str_skip(name, 3)) : NULL;
    if (negated == NULL || negated->type != SET_BOOL)
        unknown(reading, name);
    else if (str_is_set(value))
        problem(reading, where, STR("takes no value"));
    else
        add(reading, negated, STR("false"), where);
}

static void read_short(struct reading *reading, str argument)
{
    const struct setting *setting = config_table_by_letter(argument.ptr[1]);
    str value = str_skip(argument, 2), where = str_first(argument, 2);
    if (setting == NULL) {
        problem(reading, STR_NONE,
                str_format(reading->problems->arena, "unknown flag '%.*s'", STR_ARG(argument)));
        return;
    }
    if (setting->type == SET_BOOL) {
        if (value.size > 0)
            problem(reading, where, STR("takes no value"));
        else
            add(reading, setting, STR("true"), where);
        return;
    }
    if (value.size > 0 && value.ptr[0] == '=')
        value = str_skip(value, 1);
    add_with_value(reading, setting, value.size ? value : STR_NONE, where);
}

void config_flags_read(struct config_problems *problems, const struct config_input *input,
                       struct config_flags *out)
{
    struct reading reading = { problems, input, out, 0 };
    out->at = ARENA_ARRAY(problems->arena, struct config_flag, input->arg_count);
    out->count = 0;
    out->has_rest = false;
    while (reading.next < input->arg_count && !out->has_rest) {
        str argument = str_of(input->args[reading.next++]);
        if (str_is(argument, "--"))
            out->has_rest = true;
        else if (str_starts(argument, STR("--")))
            read_long(&reading, argument);
        else if (argument.size > 1 && argument.ptr[0] == '-')
            read_short(&reading, argument);
        else
            problem(&reading, STR_NONE,
                    str_format(problems->arena, "unexpected argument '%.*s'", STR_ARG(argument)));
    }
    out->rest_from = reading.next;
    if (out->has_rest && !input->takes_rest && out->rest_from < input->arg_count)
        problem(
            &reading, STR_NONE,
            str_format(problems->arena, "unexpected argument '%s'", input->args[out->rest_from]));
}

str config_flags_value(const struct config_flags *flags, const char *flag)
{
    str value = STR_NONE;
    for (size_t i = 0; i < flags->count; i++)
        if (strcmp(flags->at[i].setting->flag, flag) == 0)
            value = flags->at[i].value;
    return value;
}
