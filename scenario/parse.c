/* From a file to a script: includes, header, commands, and everything that can be wrong without a
 * world; see script.h. */
#include <errno.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "routing/topology.h"
#include "scenario/facts.h"
#include "scenario/syntax.h"

#define MOST_INCLUDES 8   /* one inside the other */
#define MOST_FILES 200    /* included, each as often as it is */
#define MOST_PROBLEMS 100 /* said of one scenario */
#define MOST_LINES 20000
#define FILE_BYTES (1u << 20)        /* of one file */
#define START_NS 1704067200000000000 /* 2024-01-01T00:00:00Z */

struct open_file {
    str path;
    const struct open_file *outer;
};

struct reader {
    struct arena *arena;
    struct script *script;
    struct buf *problems;
    size_t problem_count;
    size_t capacity;
    const struct open_file *inside; /* of which files the lines are read; innermost first */
    unsigned depth, files;
    bool over;               /* no further line is looked at */
    bool alone;              /* the text may name no file */
    struct fields clients;   /* declared */
    struct fields variables; /* saved */
    bool asked;              /* a request was made */
    bool world_began;        /* a line that needs the world was read */
};

static void problem(struct reader *reader, const struct script_line *line, str what)
{
    if (reader->over)
        return;
    reader->problem_count++;
    buf_addf(reader->problems, "%.*s:%u: %.*s\n", STR_ARG(line->file), line->number, STR_ARG(what));
    if (reader->problem_count < MOST_PROBLEMS)
        return;
    buf_add(reader->problems, STR("(and no more of this file: mend these first)\n"));
    reader->over = true;
}

static void problem_c(struct reader *reader, const struct script_line *line, const char *what)
{
    problem(reader, line, str_of(what));
}

/* --- judging a line --- */

static void judge_variables(struct reader *reader, const struct script_line *line)
{
    bool save = line->command->flags & COMMAND_SAVE;
    for (size_t w = 0; w < line->count; w++)
        for (size_t p = 0; p < line->words[w].part_count; p++) {
            const struct lex_part *part = &line->words[w].parts[p];
            if (!part->variable)
                continue;
            if (save && w == line->name_words)
                fields_set(reader->arena, &reader->variables, part->text, STR(""));
            else if (!fields_has_exact(&reader->variables, str_c(reader->arena, part->text)))
                problem(reader, line,
                        str_format(reader->arena,
                                   "$%.*s was not saved before; a dollar sign is \\$",
                                   STR_ARG(part->text)));
        }
}

static void usage_problem(struct reader *reader, const struct script_line *line, str what)
{
    const struct command *command = line->command;
    problem(reader, line,
            str_format(reader->arena, "%.*s; usage: %s%s %s", STR_ARG(what),
                       command->flags & COMMAND_REQUEST ? "NAME " : "", command->name,
                       command->usage));
}

static bool judge_usage(struct reader *reader, const struct script_line *line)
{
    const struct command *command = line->command;
    size_t count = line->count - line->name_words;
    str error = STR_NONE;
    if (!syntax_match(reader->arena, command->usage, line->words + line->name_words, count,
                      &error)) {
        usage_problem(reader, line, error);
        return false;
    }
    if (count >= command->min && count <= command->max)
        return true;
    usage_problem(reader, line,
                  count < command->min ? STR("too few words") : STR("too many words"));
    return false;
}

static void judge_expect(struct reader *reader, const struct script_line *line)
{
    bool needs_answer = false;
    str error = facts_judge(reader->arena, line->words + 1, line->count - 1, &needs_answer);
    if (str_is_set(error))
        problem(reader, line, error);
    else if (needs_answer && !reader->asked)
        problem_c(reader, line, "nothing was requested yet");
}

static void judge_client(struct reader *reader, const struct script_line *line)
{
    str name = line->words[1].text;
    if (commands_is_word(name) && !line->words[1].quoted)
        problem(reader, line,
                str_format(reader->arena,
                           "a client cannot be called '%.*s': it is a command; put the name in "
                           "quotation marks, here and before each request",
                           STR_ARG(name)));
    fields_set(reader->arena, &reader->clients, name, STR(""));
}

static void judge_header(struct reader *reader, const struct script_line *line)
{
    struct script *script = reader->script;
    str name = line->words[0].text, start;
    if (str_is(name, "scenario")) {
        if (script->title.size > 0 || script->count > 1)
            problem_c(reader, line, "\"scenario\" is the first line of a file and stands once");
        script->title = line->words[1].text;
        return;
    }
    if (reader->world_began)
        problem_c(reader, line, "clock, seed and config come before the world");
    if (script->header_line == 0)
        script->header_line = line->number;
    if (str_is(name, "seed")) {
        script->has_seed = true;
        if (!str_to_u64(line->words[1].text, &script->seed) || script->seed > 1ull << 53)
            problem_c(reader, line, "a seed is a whole number below 2^53");
    } else if (str_is(name, "config"))
        script->config = line->words[1].text;
    else {
        script->has_clock = true;
        if (!clock_mode_parse(line->words[1].text, &script->clock_mode))
            problem_c(reader, line, "a clock is manual, auto or real");
        start = line->count > 3 ? line->words[3].text : STR_NONE;
        script->has_start = start.size > 0;
        if (start.size > 0 && !instant_parse_iso8601(start, &script->clock_start))
            problem_c(reader, line, "a start is an instant such as 2024-01-01T00:00:00Z");
    }
}

static void judge_line(struct reader *reader, const struct script_line *line)
{
    unsigned flags = line->command->flags;
    judge_variables(reader, line);
    if (!judge_usage(reader, line))
        return;
    if (flags & COMMAND_HEADER)
        judge_header(reader, line);
    else
        reader->world_began = true;
    if (flags & COMMAND_REQUEST)
        reader->asked = true;
    if (flags & COMMAND_EXPECT)
        judge_expect(reader, line);
    if ((flags & COMMAND_SAVE) && !reader->asked)
        problem_c(reader, line, "nothing was requested yet");
    if (str_is(line->words[0].text, "client"))
        judge_client(reader, line);
}

/* --- what a line says --- */

static bool is_asking(struct reader *reader, str name)
{
    struct place place;
    return fields_has_exact(&reader->clients, str_c(reader->arena, name)) ||
           reader->script->config.size > 0 || place_find(name, &place);
}

/* NAME VERB ...; anything else is no command. */
static void find_request(struct reader *reader, struct script_line *line)
{
    str name = line->words[0].text;
    str near = commands_nearest(name);
    line->command = line->count > 1 ? commands_find_verb(line->words[1].text) : NULL;
    line->name_words = 2;
    if (line->command && is_asking(reader, name))
        return;
    if (line->command)
        problem(reader, line,
                str_format(reader->arena,
                           "there is no client '%.*s'; declare it: client %.*s at PLACE",
                           STR_ARG(name), STR_ARG(name)));
    else if (line->count > 1 && fields_has_exact(&reader->clients, str_c(reader->arena, name)))
        problem(reader, line,
                str_format(reader->arena, "a client cannot '%.*s'", STR_ARG(line->words[1].text)));
    else if (commands_is_word(name))
        problem(reader, line,
                str_format(reader->arena, "'%.*s%s%.*s' is no command", STR_ARG(name),
                           line->count > 1 ? " " : "",
                           STR_ARG(line->count > 1 ? line->words[1].text : STR_NONE)));
    else
        problem(reader, line,
                str_format(reader->arena, "there is no command '%.*s'%s%.*s%s", STR_ARG(name),
                           near.size ? " (did you mean '" : "", STR_ARG(near),
                           near.size ? "'?)" : ""));
    line->command = NULL;
}

/* Flags may keep the dashes of the command line. */
static void drop_dashes(struct lex_line *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (!words->words[i].quoted && str_starts(words->words[i].text, STR("--")) &&
            words->words[i].text.size > 2 && !lex_word_has_variable(&words->words[i])) {
            words->words[i].text = str_skip(words->words[i].text, 2);
            words->words[i].parts[0].text = words->words[i].text;
        }
}

static struct script_line *add_line(struct reader *reader, const struct script_line *line)
{
    struct script *script = reader->script;
    if (script->count == reader->capacity) {
        reader->capacity = reader->capacity ? reader->capacity * 2 : 64;
        struct script_line *grown =
            ARENA_ARRAY(reader->arena, struct script_line, reader->capacity);
        if (script->count > 0)
            memcpy(grown, script->lines, script->count * sizeof *grown);
        script->lines = grown;
    }
    script->lines[script->count] = *line;
    return &script->lines[script->count++];
}

static void read_text(struct reader *reader, str path, str text);

static str beside(struct reader *reader, str path, str file)
{
    size_t slash = path.size;
    while (slash > 0 && path.ptr[slash - 1] != '/')
        slash--;
    if (file.size > 0 && file.ptr[0] == '/')
        return file;
    return str_format(reader->arena, "%.*s%.*s", STR_ARG(str_first(path, slash)), STR_ARG(file));
}

static bool is_open(const struct reader *reader, str path)
{
    for (const struct open_file *file = reader->inside; file; file = file->outer)
        if (str_eq(file->path, path))
            return true;
    return false;
}

static void include(struct reader *reader, const struct script_line *line)
{
    str path = beside(reader, line->file, line->words[1].text), text;
    if (reader->alone) {
        problem_c(reader, line, "this text is read where its files are not: put the lines here");
        return;
    }
    if (is_open(reader, path)) {
        problem_c(reader, line, "this file includes itself, here or through another");
        return;
    }
    if (reader->depth == MOST_INCLUDES || reader->files == MOST_FILES) {
        problem_c(reader, line, "too many files include each other: 8 deep and 200 in all at most");
        reader->over = true;
        return;
    }
    int failed = fs_read_file(reader->arena, str_c(reader->arena, path), FILE_BYTES, &text);
    if (failed) {
        problem(
            reader, line,
            str_format(reader->arena, "cannot read %.*s: %s", STR_ARG(path), strerror(-failed)));
        return;
    }
    reader->depth++;
    reader->files++;
    read_text(reader, path, text);
    reader->depth--;
}

static void read_line(struct reader *reader, str path, unsigned number, str text)
{
    struct script_line line = { .file = path, .number = number };
    struct lex_line lexed;
    str error = STR_NONE;
    if (!lex_line(reader->arena, text, &lexed, &error)) {
        problem(reader, &line, error);
        return;
    }
    if (lexed.count == 0)
        return;
    drop_dashes(&lexed);
    line.indent = lexed.indent;
    line.text = lexed.text;
    line.words = lexed.words;
    line.count = lexed.count;
    line.command = commands_find(lexed.words, lexed.count, &line.name_words);
    if (line.command == NULL)
        find_request(reader, &line);
    if (line.command == NULL)
        return;
    if (str_is(line.words[0].text, "include")) {
        if (judge_usage(reader, &line))
            include(reader, &line);
        return;
    }
    if (str_is(line.words[0].text, "config") && line.count == 2) {
        struct lex_word *words = arena_copy(reader->arena, line.words, 2 * sizeof *words);
        words[1].text = beside(reader, path, words[1].text);
        line.words = words;
    }
    judge_line(reader, add_line(reader, &line));
}

static void read_text(struct reader *reader, str path, str text)
{
    const struct open_file here = { path, reader->inside };
    str rest = text, line;
    unsigned number = 0;
    reader->inside = &here;
    while (!reader->over && rest.size > 0 && str_next(&rest, '\n', &line)) {
        if (reader->script->count >= MOST_LINES) {
            struct script_line at = { .file = path, .number = number };
            problem_c(reader, &at, "too many lines: 20000 at most, with those of included files");
            reader->over = true;
        } else
            read_line(reader, path, ++number, line);
    }
    reader->inside = here.outer;
}

/* --- judging the whole --- */

static void find_blocks(struct reader *reader)
{
    struct script *script = reader->script;
    for (size_t i = 0; i < script->count; i++) {
        struct script_line *line = &script->lines[i];
        size_t end = i + 1;
        while (end < script->count && script->lines[end].indent > line->indent &&
               str_eq(script->lines[end].file, line->file))
            end++;
        line->block_end = line->command->flags & COMMAND_BLOCK ? end : i + 1;
        if (!(line->command->flags & COMMAND_BLOCK))
            continue;
        if (end == i + 1)
            problem_c(reader, line, "what it repeats stands below it, indented further");
        for (size_t inner = i + 1; inner < end; inner++)
            if (script->lines[inner].command->flags & (COMMAND_STEP | COMMAND_HEADER))
                problem_c(reader, &script->lines[inner], "this cannot stand inside a block");
    }
}

/* Every request is checked: an `expect` comes next, only `save` may stand between. */
static void judge_requests(struct reader *reader)
{
    const struct script *script = reader->script;
    for (size_t i = 0; i < script->count; i++) {
        size_t next = i + 1;
        if (!(script->lines[i].command->flags & COMMAND_REQUEST))
            continue;
        while (next < script->count && script->lines[next].command->flags & COMMAND_SAVE)
            next++;
        if (next == script->count || !(script->lines[next].command->flags & COMMAND_EXPECT))
            problem_c(reader, &script->lines[i],
                      "no expect follows this request, so nobody would see it fail; the next line "
                      "says what it must get: expect status 200");
    }
}

static void count_steps(struct script *script)
{
    bool outside = false;
    for (size_t i = 0; i < script->count; i++)
        if (script->lines[i].command->flags & COMMAND_STEP)
            script->steps++;
        else if (script->lines[i].command->flags & (COMMAND_REQUEST | COMMAND_EXPECT))
            outside = outside || script->steps == 0;
    script->steps += outside;
    if (script->steps == 0)
        script->steps = 1;
}

static str name_of(str path)
{
    size_t slash = path.size;
    while (slash > 0 && path.ptr[slash - 1] != '/')
        slash--;
    str name = str_skip(path, slash);
    return str_ends(name, STR(".atoll")) ? str_first(name, name.size - 6) : name;
}

static bool parse(struct reader *reader, const char *path, str text)
{
    struct script *out = reader->script;
    struct script_line top = { .file = str_of(path), .number = 1 };
    *out = (struct script){ .path = str_of(path),
                            .name = name_of(str_of(path)),
                            .clock_mode = CLOCK_MANUAL,
                            .clock_start = { START_NS },
                            .seed = 1 };
    read_text(reader, out->path, text);
    if (out->title.size == 0)
        problem_c(reader, &top, "a scenario begins with: scenario \"TITLE\"");
    find_blocks(reader);
    judge_requests(reader);
    count_steps(out);
    return reader->problem_count == 0;
}

bool script_parse(struct arena *arena, const char *path, str text, struct script *out,
                  struct buf *problems)
{
    struct reader reader = { .arena = arena, .script = out, .problems = problems };
    return parse(&reader, path, text);
}

bool script_parse_alone(struct arena *arena, const char *path, str text, struct script *out,
                        struct buf *problems)
{
    struct reader reader = { .arena = arena, .script = out, .problems = problems, .alone = true };
    return parse(&reader, path, text);
}

bool script_read(struct arena *arena, const char *path, struct script *out, struct buf *problems)
{
    str text;
    int failed = fs_read_file(arena, path, FILE_BYTES, &text);
    if (failed == 0)
        return script_parse(arena, path, text, out, problems);
    buf_addf(problems, "%s: %s\n", path, strerror(-failed));
    return false;
}
