/* Man pages from the tables that the program itself reads: verbs and their usage, the settings of
 * serve, the commented configuration, the words of scenarios. So they cannot say anything else than
 * --help. usage: manual PAGE      (atoll.1, atoll-serve.1, atoll.json.5, atoll-scenario.5) */
#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"
#include "cli/examples.h"
#include "cli/verbs.h"
#include "scenario/commands.h"
#include "scenario/facts.h"
#include "server/config.h"

/* mdoc reads a backslash anywhere, and a dot or a quote where a line begins. */
static void print_text(str text)
{
    bool begins = true;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (begins && (c == '.' || c == '\''))
            (void) printf("\\&");
        if (c == '\\')
            (void) printf("\\e");
        else if (c == '-')
            (void) printf("\\-");
        else
            (void) putchar(c);
        begins = c == '\n';
    }
}

static void print_verbatim(str text)
{
    (void) printf(".Bd -literal\n");
    print_text(text);
    if (!str_ends(text, STR("\n")))
        (void) printf("\n");
    (void) printf(".Ed\n");
}

static void begin(const char *title, const char *section, const char *name, const char *what)
{
    (void) printf(".\\\" Made by make docs from the program's own tables.\n"
                  ".Dd November 23, 2026\n.Dt %s %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n",
                  title, section, name, what);
}

static void see_also(const char *const *pages)
{
    (void) printf(".Sh SEE ALSO\n");
    for (; *pages; pages += 2)
        (void) printf(".Xr %s %s%s\n", pages[0], pages[1], pages[2] ? " ," : "");
}

static void print_verb(const struct verb *verb)
{
    str lines = examples_of(str_of(verb->name)), line;
    (void) printf(".It Nm atoll Cm ");
    print_text(str_of(verb->usage));
    (void) printf("\n");
    print_text(str_of(verb->help));
    (void) printf(".\n.Bd -literal -compact\n");
    while (lines.size > 0 && str_next(&lines, '\n', &line)) {
        (void) printf("atoll ");
        print_text(line);
        (void) printf("\n");
    }
    (void) printf(".Ed\n");
}

static void print_atoll(void)
{
    static const char *const pages[] = { "atoll-serve", "1", "atoll-scenario", "5", "atoll.json",
                                         "5",           NULL };
    begin("ATOLL", "1", "atoll", "S3 Regions, Multi-Region Access Points and their lag, locally");
    (void) printf(".Sh SYNOPSIS\n.Nm atoll\n.Ar command\n.Op Ar argument ...\n.Sh DESCRIPTION\n"
                  "Each command but those that start something is one call of the HTTP API of a\n"
                  "running server.\nFlags may stand anywhere;\n.Fl \\-\nends them.\n"
                  "Every command takes\n");
    print_text(verbs_common_usage());
    (void) printf(".\n.Sh COMMANDS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; verbs_of_server(i); i++)
        print_verb(verbs_of_server(i));
    for (size_t i = 0; verbs_at(i); i++)
        print_verb(verbs_at(i));
    (void) printf(
        ".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
        ".It Ev ATOLL_SERVER\nThe server that is asked; http://127.0.0.1:28655 without it.\n"
        ".It Ev ATOLL_ADMIN_TOKEN_FILE\nA file with the token of the admin API.\n"
        ".It Ev NO_COLOR\nNo colours.\n.El\n"
        ".Sh EXIT STATUS\n.Bl -tag -width Ds\n"
        ".It 0\nYes, done.\n.It 1\nThe answer is no: an expectation failed, not converged in "
        "time,\nunhealthy, an anomaly found.\n.It 2\nWrong usage or a configuration that is not "
        "sound.\n.It 3\nThe server cannot be reached.\n.It 4\nThe server refused or failed.\n.El\n"
        ".Pp\n.Cm run\nand\n.Cm as\nend with the command's own code, or as\n.Xr env 1 :\n125 when "
        "atoll failed, 126 when the command cannot be run, 127 when it\nis not there.\n");
    see_also(pages);
}

static void print_serve(void)
{
    static const char *const pages[] = { "atoll", "1", "atoll.json", "5", NULL };
    struct arena *arena = arena_new();
    struct buf help;
    buf_init_arena(&help, arena, LIMIT_ANSWER_BYTES);
    config_help(&help);
    begin("ATOLL-SERVE", "1", "atoll-serve", "run the emulator");
    (void) printf(".Sh SYNOPSIS\n.Nm atoll Cm serve\n.Op Ar setting ...\n.Sh DESCRIPTION\n"
                  "What\n.Nm atoll Cm serve Fl \\-help\nprints:\n");
    print_verbatim(buf_str(&help));
    see_also(pages);
    arena_free(arena);
}

static void print_json(void)
{
    static const char *const pages[] = { "atoll", "1", "atoll-serve", "1", NULL };
    begin("ATOLL.JSON", "5", "atoll.json", "the world and the settings of an atoll server");
    (void) printf(
        ".Sh DESCRIPTION\nJSON with comments and trailing commas.\nUnknown keys are refused with "
        "line, column and a suggestion:\n.Nm atoll Cm config check Ar FILE .\n"
        "An editor completes it by the schema at\n.Pa /_atoll/v1/config.schema.json\n"
        "of a running server.\nWhat\n.Nm atoll Cm init\nwrites:\n");
    print_verbatim(config_template());
    see_also(pages);
}

static void print_scenario(void)
{
    static const char *const pages[] = { "atoll", "1", NULL };
    struct arena *arena = arena_new();
    struct buf help;
    buf_init_arena(&help, arena, LIMIT_ANSWER_BYTES);
    commands_help(&help);
    facts_help(&help);
    begin("ATOLL-SCENARIO", "5", "atoll-scenario", "the language of atoll's scenario files");
    (void) printf(".Sh DESCRIPTION\nOne command a line; words split as a shell splits them;\n"
                  ".Sq #\nbegins a comment.\nIndented lines belong to the\n.Ic eventually\nor\n"
                  ".Ic always\nabove them.\n"
                  "What a line can say, as\n.Nm atoll Cm scenario Fl \\-help\nprints it:\n");
    print_verbatim(buf_str(&help));
    see_also(pages);
    arena_free(arena);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *page;
        void (*print)(void);
    } pages[] = { { "atoll.1", print_atoll },
                  { "atoll-serve.1", print_serve },
                  { "atoll.json.5", print_json },
                  { "atoll-scenario.5", print_scenario } };
    for (size_t i = 0; argc == 2 && i < COUNT(pages); i++)
        if (strcmp(argv[1], pages[i].page) == 0) {
            pages[i].print();
            return 0;
        }
    (void) fprintf(stderr, "usage: manual PAGE\n");
    return 2;
}
