/* What is wrong, collected; see config_problems.h. */
#include "server/config_problems.h"

#include <stdarg.h>
#include <stdio.h>

void config_problems_add(struct config_problems *problems, struct config_at at, str path,
                         const char *format, ...)
{
    struct config_problem *problem;
    char text[1024];
    va_list args;
    if (problems->count++ >= CONFIG_MAX_PROBLEMS)
        return;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t used = size < 0 ? 0 : (size_t) size < sizeof text ? (size_t) size : sizeof text - 1;
    problem = &problems->list[problems->count - 1];
    problem->at = at;
    problem->path = str_copy(problems->arena, path);
    problem->message = str_copy(problems->arena, str_from(text, used));
}

str config_problems_hint(struct arena *arena, str nearest)
{
    return nearest.size > 0 ? str_format(arena, " (did you mean '%.*s'?)", STR_ARG(nearest))
                            : STR("");
}

str config_problems_place(struct arena *arena, struct config_at at)
{
    if (at.line == 0)
        return at.source;
    return str_format(arena, "%.*s:%u:%u", STR_ARG(at.source), at.line, at.column);
}

static bool comes_before(struct config_at a, struct config_at b)
{
    if (!str_eq(a.source, b.source))
        return false;
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/* Stable, so that sources and problems of one place stay as they came. How many are kept. */
static size_t sort(struct config_problems *problems)
{
    struct config_problem *list = problems->list;
    size_t count =
        problems->count < CONFIG_MAX_PROBLEMS ? problems->count : (size_t) CONFIG_MAX_PROBLEMS;
    for (size_t i = 1; i < count; i++) {
        struct config_problem moved = list[i];
        size_t to = i;
        for (; to > 0 && comes_before(moved.at, list[to - 1].at); to--)
            list[to] = list[to - 1];
        list[to] = moved;
    }
    return count;
}

void config_problems_write(struct config_problems *problems, struct buf *out)
{
    size_t shown = sort(problems);
    for (size_t i = 0; i < shown; i++) {
        const struct config_problem *problem = &problems->list[i];
        str place = config_problems_place(problems->arena, problem->at);
        if (place.size > 0)
            buf_addf(out, "%.*s: ", STR_ARG(place));
        if (problem->path.size > 0)
            buf_addf(out, "%.*s: ", STR_ARG(problem->path));
        buf_add(out, problem->message);
        buf_add_char(out, '\n');
    }
    if (problems->count > shown)
        buf_addf(out, "and %zu more\n", problems->count - shown);
}

void config_problems_json(struct config_problems *problems, struct json_writer *writer)
{
    size_t shown = sort(problems);
    json_array(writer, "problems");
    for (size_t i = 0; i < shown; i++) {
        const struct config_problem *problem = &problems->list[i];
        json_object(writer, NULL);
        json_integer(writer, "line", problem->at.line);
        json_integer(writer, "column", problem->at.column);
        json_text(writer, "path", problem->path);
        json_text(writer, "message", problem->message);
        json_end(writer);
    }
    json_end(writer);
}
