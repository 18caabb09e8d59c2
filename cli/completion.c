/* completion: scripts made from the table of verbs, so that they cannot lag behind it. */
#include "base/buf.h"
#include "base/limits.h"
#include "cli/verbs.h"

/* "on|off" as "on off"; a mere metavar ("30s") gives nothing. */
static str choices(struct arena *arena, str value)
{
    if (str_find_char(value, '|') == value.size)
        return STR("");
    char *words = str_c(arena, value);
    for (char *c = words; *c; c++)
        if (*c == '|')
            *c = ' ';
    return str_of(words);
}

static str all_verbs(struct arena *arena)
{
    struct buf names;
    buf_init_arena(&names, arena, LIMIT_JSON_BYTES);
    for (size_t i = 0; verbs_of_server(i); i++)
        buf_addf(&names, "%s%s", i ? " " : "", verbs_of_server(i)->name);
    for (size_t i = 0; verbs_at(i); i++)
        buf_addf(&names, " %s", verbs_at(i)->name);
    return buf_str(&names);
}

static str all_flags(struct arena *arena, const struct verb *verb)
{
    str usages[] = { str_of(verb->usage), verbs_common_usage() };
    struct verb_flag flag;
    struct buf names;
    buf_init_arena(&names, arena, LIMIT_JSON_BYTES);
    for (size_t i = 0; i < COUNT(usages); i++)
        while (verbs_next_flag(&usages[i], &flag))
            buf_addf(&names, "%s--%.*s", names.size ? " " : "", STR_ARG(flag.name));
    return buf_str(&names);
}

/* --- bash, and zsh by its bashcompinit --- */

static void print_bash_values(struct arena *arena, const struct verb *verb)
{
    str usage = str_of(verb->usage);
    struct verb_flag flag;
    while (verbs_next_flag(&usage, &flag)) {
        str words = choices(arena, flag.value);
        if (words.size > 0)
            (void) printf("    %s:--%.*s) words='%.*s' ;;\n", verb->name, STR_ARG(flag.name),
                          STR_ARG(words));
    }
}

/* After `as CLIENT` and `run --` the command completes as it would alone. */
static void print_bash(struct arena *arena)
{
    (void) printf("_atoll() {\n"
                  "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "  local verb=${COMP_WORDS[1]} words=\n"
                  "  COMPREPLY=()\n"
                  "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                  "    COMPREPLY=($(compgen -W '%.*s' -- \"$cur\")); return\n"
                  "  fi\n"
                  "  case $verb:$prev in\n",
                  STR_ARG(all_verbs(arena)));
    for (size_t i = 0; verbs_at(i); i++)
        print_bash_values(arena, verbs_at(i));
    (void) printf("  esac\n"
                  "  [ -z \"$words\" ] && case $verb in\n");
    for (size_t i = 0; verbs_at(i); i++) {
        const struct verb *verb = verbs_at(i);
        (void) printf("    %s) words='%.*s'", verb->name, STR_ARG(all_flags(arena, verb)));
        str first = choices(arena, verbs_first_choices(verb));
        if (first.size > 0)
            (void) printf("; [ \"$COMP_CWORD\" -eq 2 ] && words=\"$words %.*s\"", STR_ARG(first));
        (void) printf(" ;;\n");
    }
    (void) printf("  esac\n"
                  "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "  return 0\n"
                  "}\n"
                  "complete -o default -F _atoll atoll\n");
}

static void print_zsh(struct arena *arena)
{
    (void) printf("#compdef atoll\n"
                  "autoload -Uz compinit bashcompinit\n"
                  "(( $+functions[compdef] )) || compinit\n"
                  "bashcompinit\n");
    print_bash(arena);
}

/* --- fish --- */

static str fish_quoted(struct arena *arena, str text)
{
    struct buf buf;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    buf_add_char(&buf, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
            buf_add_char(&buf, '\\');
        buf_add_char(&buf, text.ptr[i]);
    }
    buf_add_char(&buf, '\'');
    return buf_str(&buf);
}

static void print_fish_flags(struct arena *arena, str usage, str condition)
{
    struct verb_flag flag;
    while (verbs_next_flag(&usage, &flag)) {
        str words = choices(arena, flag.value);
        (void) printf("complete -c atoll%.*s -l %.*s", STR_ARG(condition), STR_ARG(flag.name));
        if (words.size > 0)
            (void) printf(" -xa '%.*s'", STR_ARG(words));
        else if (str_is_set(flag.value))
            (void) printf(" -r");
        (void) printf("\n");
    }
}

static void print_fish(struct arena *arena)
{
    for (size_t i = 0; verbs_of_server(i); i++)
        (void) printf("complete -c atoll -n __fish_use_subcommand -fa %s\n",
                      verbs_of_server(i)->name);
    for (size_t i = 0; verbs_at(i); i++) {
        const struct verb *verb = verbs_at(i);
        str condition = str_format(arena, " -n '__fish_seen_subcommand_from %s'", verb->name),
            first = choices(arena, verbs_first_choices(verb));
        (void) printf("complete -c atoll -n __fish_use_subcommand -fa %s -d %.*s\n", verb->name,
                      STR_ARG(fish_quoted(arena, str_of(verb->help))));
        if (first.size > 0)
            (void) printf("complete -c atoll%.*s -fa '%.*s'\n", STR_ARG(condition), STR_ARG(first));
        print_fish_flags(arena, str_of(verb->usage), condition);
    }
    print_fish_flags(arena, verbs_common_usage(), STR(""));
}

int verb_completion(struct cli *cli)
{
    static const struct {
        const char *shell;
        void (*print)(struct arena *arena);
    } shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };
    for (size_t i = 0; cli->word_count == 1 && i < COUNT(shells); i++)
        if (str_is(cli->words[0], shells[i].shell)) {
            shells[i].print(cli->arena);
            return EXIT_YES;
        }
    return cli_usage(cli, "say bash, zsh or fish");
}
