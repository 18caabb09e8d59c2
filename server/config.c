/* Precedence: the defaults, then what the file says, then the environment, then the flags, each
 * over the one before; and then the judgement of the whole. See config.h. */
#include "server/config.h"

#include "base/bug.h"
#include "base/fs.h"
#include "base/rng.h"
#include "server/config_file.h"
#include "server/config_flags.h"
#include "server/config_quick.h"
#include "server/config_read.h"
#include "server/config_table.h"
#include "server/config_value.h"

struct parse {
    struct arena *arena;
    const struct config_input *input;
    struct config *config;
    struct config_problems *problems;
    struct config_flags flags;
    const struct config *running; /* which is to be replaced; NULL: a start */
};

/* Where the document comes from. */
struct origin {
    str text;      /* ptr == NULL: there is none */
    str source;    /* for places and `config show` */
    str directory; /* ptr == NULL: objects may not name files */
};

static void set_defaults(struct arena *arena, struct config *config)
{
    str error;
    *config = (struct config){ .source = STR("") };
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        if (setting->fallback &&
            !config_value_set(arena, config, setting, str_of(setting->fallback), &error))
            BUG("the default of a setting is refused");
        config->origins[i].where = STR("");
    }
}

/* Sets what a flag or a variable says. A list that comes from a higher source replaces the one
 * before, but the flags of one command line add up. */
static void set_from(struct parse *parse, const struct setting *setting, str value,
                     struct config_origin origin)
{
    struct config_origin *before = &parse->config->origins[config_table_index(setting)];
    str error = STR_NONE;
    if (before->source != origin.source)
        config_value_clear(parse->config, setting);
    if (!config_value_set(parse->arena, parse->config, setting, value, &error))
        config_problems_add(parse->problems, (struct config_at){ .source = origin.where }, STR_NONE,
                            "%.*s", STR_ARG(error));
    *before = origin;
}

static bool says_yes(str value)
{
    return str_is(value, "1") || str_eq_nocase(value, STR("true")) ||
           str_eq_nocase(value, STR("on")) || str_eq_nocase(value, STR("yes"));
}

/* The variable that says something about it; for a bool also ATOLL_NO_FOO. */
static str variable_of(struct parse *parse, const struct setting *setting, str *value)
{
    str name = config_table_variable(parse->arena, setting);
    *value = config_file_variable(parse->input->env, name.ptr);
    if (value->size > 0 || setting->type != SET_BOOL)
        return name;
    name = str_format(parse->arena, "ATOLL_NO_%.*s", STR_ARG(str_skip(name, strlen("ATOLL_"))));
    str negated = config_file_variable(parse->input->env, name.ptr);
    *value = says_yes(negated) ? STR("false") : negated.size > 0 ? STR("true") : STR_NONE;
    return name;
}

/* Unknown ATOLL_ variables are let pass: Kubernetes makes ATOLL_PORT, ATOLL_SERVICE_HOST and more
 * for every pod beside a service called "atoll". */
static void set_from_environment(struct parse *parse)
{
    for (size_t i = 0; i < config_table_count(); i++) {
        const struct setting *setting = config_table_at(i);
        str value, name = variable_of(parse, setting, &value);
        if (value.size > 0)
            set_from(parse, setting, value, (struct config_origin){ CONFIG_ENVIRONMENT, name });
    }
}

static void set_from_flags(struct parse *parse)
{
    for (size_t i = 0; i < parse->flags.count; i++) {
        const struct config_flag *flag = &parse->flags.at[i];
        set_from(parse, flag->setting, flag->value,
                 (struct config_origin){ CONFIG_FLAG, flag->where });
    }
}

/* --- which document --- */

static struct origin read_file(struct parse *parse, str path, str named_by)
{
    struct config_at at = { .source = named_by };
    parse->config->file = path;
    return (struct origin){ config_file_load(parse->problems, path, at), path,
                            config_file_directory(parse->arena, path) };
}

static struct origin find_document(struct parse *parse)
{
    char *const *env = parse->input->env;
    str flag = config_flags_value(&parse->flags, "config");
    str demo = config_flags_value(&parse->flags, "demo");
    str path = config_file_variable(env, "ATOLL_CONFIG");
    str inline_text = config_file_variable(env, "ATOLL_CONFIG_JSON");
    if (flag.size > 0 && says_yes(demo))
        config_problems_add(parse->problems, (struct config_at){ .source = STR("--demo") },
                            STR_NONE, "goes without a file: leave out --config");
    if (flag.size > 0)
        return read_file(parse, flag, STR("--config"));
    if (says_yes(demo))
        return (struct origin){ config_demo(), STR("--demo"), STR_NONE };
    if (path.size > 0 && inline_text.size > 0)
        config_problems_add(parse->problems, (struct config_at){ .source = STR("ATOLL_CONFIG") },
                            STR_NONE, "goes without ATOLL_CONFIG_JSON: set one of the two");
    if (inline_text.size > 0)
        return (struct origin){ inline_text, STR("ATOLL_CONFIG_JSON"), STR("") };
    if (path.size > 0)
        return read_file(parse, path, STR("ATOLL_CONFIG"));
    if (!str_is_set(demo) && says_yes(config_file_variable(env, "ATOLL_DEMO")))
        return (struct origin){ config_demo(), STR("--demo"), STR_NONE };
    path = config_file_search(parse->arena, env, parse->input->directory);
    return path.size > 0 ? read_file(parse, path, path) : (struct origin){ .text = STR_NONE };
}

static void read_document(struct parse *parse, struct origin origin, bool has_lines)
{
    struct config_reading reading = { parse->arena,  parse->problems,  parse->config,
                                      origin.source, origin.directory, has_lines,
                                      parse->running };
    config_file_read(&reading, origin.text);
}

static void read_quick_document(struct parse *parse)
{
    char *const *env = parse->input->env;
    struct origin quick = { .source = STR("ATOLL_BUCKETS, ATOLL_MRAP"), .directory = STR_NONE };
    quick.text = config_quick_document(parse->problems, config_file_variable(env, "ATOLL_BUCKETS"),
                                       config_file_variable(env, "ATOLL_MRAP"));
    if (str_is_set(quick.text))
        read_document(parse, quick, false);
}

static void read_documents(struct parse *parse)
{
    read_quick_document(parse);
    struct origin origin = find_document(parse);
    if (!str_is_set(origin.text))
        return;
    parse->config->source = origin.source;
    /* Nobody can look up a line of the built-in world. */
    read_document(parse, origin, !str_is(origin.source, "--demo"));
}

/* --- what is left to find out --- */

static void find_ca_dir(struct parse *parse)
{
    struct settings *settings = &parse->config->settings;
    str data = config_file_variable(parse->input->env, "XDG_DATA_HOME");
    str home = config_file_variable(parse->input->env, "HOME");
    if (settings->ca_dir.size > 0)
        return;
    if (data.size > 0)
        settings->ca_dir = str_format(parse->arena, "%.*s/atoll/ca", STR_ARG(data));
    else if (home.size > 0)
        settings->ca_dir = str_format(parse->arena, "%.*s/.local/share/atoll/ca", STR_ARG(home));
}

static void judge(struct parse *parse)
{
    config_add_preset_faults(parse->arena, parse->config);
    config_check_document(parse->problems, parse->config);
}

static bool end(struct parse *parse, struct buf *out)
{
    judge(parse);
    config_problems_write(parse->problems, out);
    return parse->problems->count == 0;
}

static struct parse parse_new(struct arena *arena, const struct config_input *input,
                              struct config *config)
{
    struct parse parse = { .arena = arena, .input = input, .config = config };
    parse.problems = ARENA_NEW(arena, struct config_problems);
    parse.problems->arena = arena;
    set_defaults(arena, config);
    config->input = *input;
    return parse;
}

bool config_parse(struct arena *arena, const struct config_input *input, struct config *out,
                  struct buf *problems)
{
    struct parse parse = parse_new(arena, input, out);
    config_flags_read(parse.problems, input, &parse.flags);
    out->rest = input->args + parse.flags.rest_from;
    out->rest_count = parse.flags.has_rest ? input->arg_count - parse.flags.rest_from : 0;
    if (says_yes(config_flags_value(&parse.flags, "help"))) {
        out->help = true;
        return true;
    }
    read_documents(&parse);
    set_from_environment(&parse);
    set_from_flags(&parse);
    /* ATOLL_DEMO beside a --config: the file won. */
    out->settings.demo = str_is(out->source, "--demo");
    find_ca_dir(&parse);
    out->settings.clock_mode_given =
        out->origins[config_table_index(config_table_by_flag(STR("clock")))].source !=
        CONFIG_DEFAULT;
    /* Short enough to be typed again. */
    if (!out->settings.seed_given)
        out->settings.seed = rng_random_seed() % 1000000;
    return end(&parse, problems);
}

struct config_problems *config_judge_text(struct arena *arena, str text, struct config *out)
{
    static const struct config_input nothing = { .arg_count = 0 };
    struct parse parse = parse_new(arena, &nothing, out);
    struct origin origin = { text, STR("config"), STR_NONE };
    out->source = origin.source;
    read_document(&parse, origin, true);
    judge(&parse);
    return parse.problems;
}

/* What needs a start stays as it is, whatever was left out. */
static void keep_fixed(struct parse *parse)
{
    struct config *out = parse->config;
    const struct settings read = out->settings;
    out->settings = parse->running->settings;
    out->settings.preset = read.preset;
    out->settings.lag = read.lag;
    out->settings.clock_mode = read.clock_mode;
    out->settings.clock_rate = read.clock_rate;
    for (size_t i = 0; i < config_table_count(); i++)
        if (!config_table_may_change(config_table_at(i)))
            out->origins[i] = parse->running->origins[i];
    out->file = parse->running->file;
}

struct config_problems *config_judge_next(struct arena *arena, const struct config *running,
                                          const struct config_text *text, struct config *out)
{
    struct parse parse = parse_new(arena, &running->input, out);
    struct origin origin = { text->text, text->source, text->directory };
    parse.running = running;
    config_flags_read(parse.problems, &running->input, &parse.flags);
    out->source = origin.source;
    read_quick_document(&parse);
    read_document(&parse, origin, true);
    set_from_environment(&parse);
    set_from_flags(&parse);
    keep_fixed(&parse);
    judge(&parse);
    return parse.problems;
}

bool config_parse_text(struct arena *arena, str text, struct config *out, struct buf *problems)
{
    struct config_problems *found = config_judge_text(arena, text, out);
    config_problems_write(found, problems);
    return found->count == 0;
}

/* An empty token would be one that everybody knows. */
bool config_read_token(struct arena *arena, struct settings *settings, str *error)
{
    str text = STR("");
    if (settings->admin_token_file.size == 0)
        return true;
    int read = fs_read_file(arena, str_c(arena, settings->admin_token_file), 4096, &text);
    settings->admin_token = str_trim(text);
    if (read == 0 && settings->admin_token.size > 0)
        return true;
    *error = str_format(arena, "--admin-token-file %.*s: %s", STR_ARG(settings->admin_token_file),
                        read < 0 ? strerror(-read) : "it holds no token");
    return false;
}
