/* A configuration from a text, flags and variables, with what it says when it is not sound. */
#ifndef ATOLL_TESTS_UNIT_SERVER_CONFIG_FIXTURE_H
#define ATOLL_TESTS_UNIT_SERVER_CONFIG_FIXTURE_H

#include "tests/unit/test.h"

#include "base/fs.h"
#include "base/json.h"
#include "server/config.h"

struct config_case {
    struct arena *arena;
    struct config config;
    struct buf problems;
    bool sound;
    const char *directory; /* with no atoll.json in it, unless a test writes one */
};

static inline void config_case_open(struct config_case *c)
{
    *c = (struct config_case){ .arena = arena_new(), .directory = test_directory() };
    buf_init_arena(&c->problems, c->arena, 1 << 20);
}

static inline void config_case_close(struct config_case *c)
{
    arena_free(c->arena);
}

/* Words separated by blanks; "" for none. */
static inline char **config_case_words(struct arena *arena, const char *text, size_t *count)
{
    char **words = ARENA_ARRAY(arena, char *, strlen(text) + 2);
    str rest = str_of(text), word;
    *count = 0;
    while (rest.size > 0 && str_next(&rest, ' ', &word))
        words[(*count)++] = str_c(arena, word);
    return words;
}

static inline void config_case_read(struct config_case *c, const char *flags, char *const *env)
{
    struct config_input input = { .env = env, .directory = c->directory };
    input.args = config_case_words(c->arena, flags, &input.arg_count);
    buf_clear(&c->problems);
    c->sound = config_parse(c->arena, &input, &c->config, &c->problems);
}

/* The text as ./atoll.json, which problems then name by that. */
static inline void config_case_file(struct config_case *c, const char *text, const char *flags,
                                    char *const *env)
{
    str path = str_format(c->arena, "%s/atoll.json", c->directory);
    assert_int_equal(fs_replace_file(path.ptr, str_of(text), 0600), 0);
    config_case_read(c, flags, env);
}

static inline void config_case_text(struct config_case *c, const char *text)
{
    buf_clear(&c->problems);
    c->sound = config_parse_text(c->arena, str_of(text), &c->config, &c->problems);
}

static inline str config_case_said(const struct config_case *c)
{
    return buf_str(&c->problems);
}

#endif
