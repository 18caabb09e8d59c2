/* `atoll scenario`: its arguments, the files it means, and one outcome after the other. */
#include "scenario/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "scenario/against.h"
#include "scenario/facts.h"
#include "scenario/play.h"

enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_MISUSED = 2, EXIT_NOT_PLAYED = 3 };

#define DEFAULT_SERVER "http://127.0.0.1:28655"
#define MOST_FILES 10000
#define MOST_RUNS 1000000
#define MOST_DEPTH 16 /* of directories */

struct files {
    str at[MOST_FILES];
    size_t count;
    bool too_many;
};

struct orders { /* what the command line says */
    struct arena *arena;
    struct files *files;
    struct play_options play;
    struct against against; /* without a server: in a world of its own */
    uint64_t runs;
    const char *junit, *html;
    str only; /* -k */
    bool json, fail_fast, check;
};

static int misused(const char *what, str which)
{
    (void) fprintf(stderr, "atoll scenario: %s%s%.*s\n", what, which.size ? ": " : "",
                   STR_ARG(which));
    return EXIT_MISUSED;
}

/* --- files --- */

static void add_file(struct orders *orders, str path)
{
    struct files *files = orders->files;
    if (files->count == MOST_FILES)
        files->too_many = true;
    else
        files->at[files->count++] = str_copy(orders->arena, path);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Every *.atoll below, in byte order of names. False when it cannot be read. */
static bool add_directory(struct orders *orders, const char *path, unsigned depth)
{
    struct dirent **entries;
    int count = depth < MOST_DEPTH ? scandir(path, &entries, NULL, by_name) : -1;
    bool fine = count >= 0;
    for (int i = 0; i < count; i++) {
        struct stat info;
        const char *name = entries[i]->d_name;
        str child = str_format(orders->arena, "%s%s%s", path,
                               str_ends(str_of(path), STR("/")) ? "" : "/", name);
        if (name[0] != '.' && lstat(child.ptr, &info) == 0) {
            if (S_ISDIR(info.st_mode))
                fine = add_directory(orders, child.ptr, depth + 1) && fine;
            else if (S_ISREG(info.st_mode) && str_ends(child, STR(".atoll")))
                add_file(orders, child);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return fine;
}

static bool add_path(struct orders *orders, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        (void) misused(strerror(errno), str_of(path));
        return false;
    }
    if (!S_ISDIR(info.st_mode)) {
        add_file(orders, str_of(path));
        return true;
    }
    if (add_directory(orders, path, 0))
        return true;
    (void) misused("a directory cannot be read", str_of(path));
    return false;
}

/* --- arguments --- */

static bool take_value(struct orders *orders, str flag, const char *value)
{
    if (value == NULL)
        return false;
    if (str_is(flag, "--junit"))
        orders->junit = value;
    else if (str_is(flag, "--html"))
        orders->html = value;
    else if (str_is(flag, "--against"))
        orders->against.server = str_of(value);
    else if (str_is(flag, "-k"))
        orders->only = str_of(value);
    else if (str_is(flag, "--seed"))
        return orders->play.has_seed = str_to_u64(str_of(value), &orders->play.seed);
    else
        return str_to_u64(str_of(value), &orders->runs) && orders->runs > 0 &&
               orders->runs <= MOST_RUNS;
    return true;
}

static bool is_valued(str flag)
{
    return str_is(flag, "--junit") || str_is(flag, "--html") || str_is(flag, "--against") ||
           str_is(flag, "-k") || str_is(flag, "--seed") || str_is(flag, "--runs");
}

/* --flag=value too. */
static bool take_flag(struct orders *orders, int argc, char **argv, int *at)
{
    str flag = str_of(argv[*at]), name, value;
    bool joined = str_starts(flag, STR("--")) && str_cut(flag, '=', &name, &value);
    if (joined && is_valued(name))
        return take_value(orders, name, value.ptr);
    if (is_valued(flag)) {
        (*at)++;
        return take_value(orders, flag, *at < argc ? argv[*at] : NULL);
    }
    if (str_is(flag, "--json"))
        orders->json = true;
    else if (str_is(flag, "--reset"))
        orders->against.reset = true;
    else if (str_is(flag, "--fail-fast"))
        orders->fail_fast = true;
    else if (str_is(flag, "-v") || str_is(flag, "--verbose"))
        orders->play.verbose = true;
    else
        return false;
    return true;
}

/* What does not go together; false, and said. */
static bool judge_orders(const struct orders *orders)
{
    bool served = orders->against.server.size > 0;
    const char *problem = NULL;
    if (orders->files->too_many)
        problem = "too many files";
    else if (orders->files->count == 0)
        problem = "no .atoll file was named";
    else if (served && (orders->runs > 0 || orders->play.has_seed))
        problem = "the seed is the server's: leave --seed and --runs out, or --against";
    else if (orders->against.reset && !served)
        problem = "--reset empties the world of a server: add --against URL";
    if (problem)
        (void) misused(problem, STR_NONE);
    return problem == NULL;
}

static bool read_orders(struct orders *orders, int argc, char **argv)
{
    for (int i = 3; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            const char *flag = argv[i];
            if (take_flag(orders, argc, argv, &i))
                continue;
            (void) misused("wrong flag, or a value is missing or wrong", str_of(flag));
            return false;
        }
        if (!add_path(orders, argv[i]))
            return false;
    }
    return judge_orders(orders);
}

static void help(void)
{
    struct arena *arena = arena_new();
    struct buf out;
    buf_init_arena(&out, arena, LIMIT_ANSWER_BYTES);
    buf_add(&out,
            STR("usage: atoll scenario run FILE|DIR... [--seed N] [--runs N] [--junit FILE]\n"
                "                          [--html FILE] [--json] [-k NAME] [--fail-fast] [-v]\n"
                "                          [--against URL [--reset]]\n"
                "       atoll scenario check FILE|DIR...\n"
                "       atoll scenario record [--against URL] > FILE\n\n"
                "  atoll scenario run tests/scenarios\n"
                "  atoll scenario run stale-read.atoll --runs 200\n"
                "  atoll scenario run stale-read.atoll --html story.html\n\n"
                "  atoll scenario run stale-read.atoll --against http://127.0.0.1:28655\n\n"
                "--against plays in the world of a running server, whose clock is manual; it\n"
                "stays as the scenario leaves it. --reset empties it before each file.\n\n"
                "What a line of a scenario can say:\n"));
    commands_help(&out);
    facts_help(&out);
    (void) printf("%.*s", STR_ARG(buf_str(&out)));
    arena_free(arena);
}

/* --- check --- */

/* Every file is read before one runs, so that a typing error costs no run. */
static struct script *read_all(struct orders *orders, size_t *count)
{
    struct script *scripts = ARENA_ARRAY(orders->arena, struct script, orders->files->count);
    struct buf problems;
    bool sound = true;
    buf_init_arena(&problems, orders->arena, LIMIT_ANSWER_BYTES);
    *count = 0;
    for (size_t i = 0; i < orders->files->count; i++) {
        struct script *script = &scripts[*count];
        if (!script_read(orders->arena, orders->files->at[i].ptr, script, &problems))
            sound = false;
        else if (orders->only.size == 0 ||
                 str_find(script->name, orders->only) < script->name.size ||
                 str_find(script->title, orders->only) < script->title.size)
            (*count)++;
    }
    (void) fprintf(stderr, "%.*s", STR_ARG(buf_str(&problems)));
    return sound ? scripts : NULL;
}

/* --- run --- */

/* Seeds 1 to N. What is shown is the first one that failed, else the first: it is played again,
 * since a seed repeats, so that a million runs need no more memory than one. */
static struct report_outcome *play_many(struct orders *orders, const struct script *script)
{
    struct play_options options = orders->play;
    uint64_t shown = 0;
    unsigned held = 0;
    options.has_seed = true;
    for (options.seed = 1; options.seed <= orders->runs; options.seed++) {
        struct arena *own = arena_new();
        bool passed = play_script(own, script, &options)->passed;
        arena_free(own);
        held += passed;
        shown = !passed && shown == 0 ? options.seed : shown;
    }
    options.seed = shown ? shown : 1;
    struct report_outcome *outcome = play_script(orders->arena, script, &options);
    outcome->runs = (unsigned) orders->runs;
    outcome->held = held;
    return outcome;
}

/* NULL, and said, when the server did not play it. */
static struct report_outcome *play_one(struct orders *orders, const struct script *script)
{
    str error = STR_NONE;
    if (orders->runs > 0)
        return play_many(orders, script);
    if (orders->against.server.size == 0)
        return play_script(orders->arena, script, &orders->play);
    struct report_outcome *outcome =
        against_play(orders->arena, &orders->against, script, &orders->play, &error);
    if (outcome == NULL)
        (void) fprintf(stderr, "atoll scenario: %.*s was not played: %.*s\n", STR_ARG(script->path),
                       STR_ARG(error));
    return outcome;
}

static void print_outcome(const struct report_outcome *outcome, size_t name_width)
{
    struct arena *arena = arena_new();
    struct buf out;
    buf_init_arena(&out, arena, 2 * LIMIT_ANSWER_BYTES);
    report_text(arena, outcome, name_width, &out);
    (void) printf("%.*s", STR_ARG(buf_str(&out)));
    (void) fflush(stdout);
    arena_free(arena);
}

static size_t widest_name(const struct script *scripts, size_t count)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        width = scripts[i].name.size > width ? scripts[i].name.size : width;
    return width;
}

static bool write_file(const char *path, struct buf *out)
{
    int failed = fs_replace_file(path, buf_str(out), 0644);
    if (failed)
        (void) misused(strerror(-failed), str_of(path));
    else if (out->overflow)
        (void) misused("the report is too large; name fewer scenarios", str_of(path));
    bool written = !failed && !out->overflow;
    buf_clear(out);
    return written;
}

static bool write_reports(const struct orders *orders, const struct report_outcome *first)
{
    struct buf out;
    buf_init_arena(&out, orders->arena, 8 * LIMIT_ANSWER_BYTES);
    if (orders->json) {
        report_json(first, &out);
        (void) printf("%.*s", STR_ARG(buf_str(&out)));
        buf_clear(&out);
    }
    if (orders->junit) {
        report_junit(first, &out);
        if (!write_file(orders->junit, &out))
            return false;
    }
    if (orders->html) {
        page_write(orders->arena, first, &out);
        return write_file(orders->html, &out);
    }
    return true;
}

static void print_sum(size_t passed, size_t failed, size_t not_played)
{
    (void) printf("%zu passed, %zu failed", passed, failed);
    if (not_played > 0)
        (void) printf(", %zu not played", not_played);
    (void) printf("\n");
}

static int run_all(struct orders *orders, const struct script *scripts, size_t count)
{
    struct report_outcome *first = NULL, **last = &first;
    size_t passed = 0, failed = 0, not_played = 0, width = widest_name(scripts, count);
    orders->play.timelines = orders->json || orders->junit || orders->html;
    for (size_t i = 0; i < count && !(orders->fail_fast && failed > 0); i++) {
        struct report_outcome *outcome = play_one(orders, &scripts[i]);
        not_played += outcome == NULL;
        if (outcome == NULL && orders->against.unreached)
            return EXIT_NOT_PLAYED;
        if (outcome == NULL)
            continue;
        *(outcome->passed ? &passed : &failed) += 1;
        *last = outcome;
        last = &outcome->next;
        if (!orders->json)
            print_outcome(outcome, width);
    }
    bool written = write_reports(orders, first);
    if (!orders->json)
        print_sum(passed, failed, not_played);
    return !written         ? EXIT_MISUSED
           : failed > 0     ? EXIT_FAILED
           : not_played > 0 ? EXIT_NOT_PLAYED
                            : EXIT_PASSED;
}

static int obey(struct orders *orders)
{
    size_t count;
    struct script *scripts = read_all(orders, &count);
    if (scripts == NULL)
        return EXIT_MISUSED;
    if (count == 0)
        return misused("no scenario has this name", orders->only);
    if (!orders->check)
        return run_all(orders, scripts, count);
    (void) printf("%zu scenario%s, no problem\n", count, count == 1 ? "" : "s");
    return EXIT_PASSED;
}

/* --- record --- */

/* stdout is the file; the server is that of --against, else of $ATOLL_SERVER. */
static int record(int argc, char **argv, scenario_call_fn *call)
{
    const char *variable = getenv("ATOLL_SERVER");
    str server = str_of(variable && *variable ? variable : DEFAULT_SERVER), error = STR_NONE, rest;
    struct scenario_answer answer = { .status = 0 };
    for (int i = 3; i < argc; i++)
        if (str_is(str_of(argv[i]), "--against") && i + 1 < argc)
            server = str_of(argv[++i]);
        else if (str_starts(str_of(argv[i]), STR("--against=")))
            (void) str_cut(str_of(argv[i]), '=', &rest, &server);
        else
            return misused("record takes --against URL alone, not", str_of(argv[i]));
    struct arena *arena = arena_new();
    bool answered =
        call(arena, server, "GET", STR("/_atoll/v1/scenarios/recorded"), STR_NONE, &answer, &error);
    if (answered && answer.status == 200)
        (void) fwrite(answer.body.ptr, 1, answer.body.size, stdout);
    else
        (void) misused("nothing was recorded", answered ? answer.body : error);
    arena_free(arena);
    return answered && answer.status == 200 ? EXIT_PASSED : EXIT_NOT_PLAYED;
}

int scenario_main(int argc, char **argv, scenario_call_fn *call)
{
    str verb = argc > 2 ? str_of(argv[2]) : STR("help");
    if (str_is(verb, "--help") || str_is(verb, "-h") || str_is(verb, "help")) {
        help();
        return argc > 2 ? EXIT_PASSED : EXIT_MISUSED;
    }
    if (str_is(verb, "record"))
        return record(argc, argv, call);
    if (!str_is(verb, "run") && !str_is(verb, "check"))
        return misused("say run, check or record, not", verb);
    struct arena *arena = arena_new();
    struct orders orders = { .arena = arena,
                             .check = str_is(verb, "check"),
                             .against = { .call = call } };
    orders.files = ARENA_NEW(arena, struct files);
    log_configure(LOG_ERROR, LOG_TEXT);
    int code = read_orders(&orders, argc, argv) ? obey(&orders) : EXIT_MISUSED;
    arena_free(arena);
    return code;
}

bool scenario_run_in(struct arena *arena, struct lane *lane, const char *path, str *error)
{
    struct script script;
    struct buf problems;
    buf_init_arena(&problems, arena, 65536);
    if (!script_read(arena, path, &script, &problems)) {
        *error = str_trim(buf_str(&problems));
        return false;
    }
    if (script.header_line > 0) {
        *error = str_format(arena,
                            "%s:%u: the world is there already, with its clock, seed and "
                            "configuration: leave these lines out",
                            path, script.header_line);
        return false;
    }
    struct play_options options = { .seed = 0 };
    struct play_place place = { .lane = lane,
                                .timeline = timeline_new(clock_now(lane->world->clock)) };
    const struct report_outcome *outcome = play_in(arena, &place, &script, &options);
    timeline_free(place.timeline);
    if (!outcome->passed)
        *error = str_format(arena, "%.*s: %.*s: %.*s", STR_ARG(outcome->where),
                            STR_ARG(outcome->line), STR_ARG(outcome->got));
    return outcome->passed;
}
