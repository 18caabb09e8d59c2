/* Matching words against a usage; see syntax.h. A small search with backtracking: usages and lines
 * are short, and what fits is mostly the first thing tried. */
#include "scenario/syntax.h"

#include "replication/lag.h"
#include "routing/topology.h"
#include "server/anomalies.h"
#include "server/s3/bucket_name.h"

#define MOST_TOKENS 128

struct matcher {
    struct arena *arena;
    str tokens[MOST_TOKENS]; /* "[" and "]" stand alone; "X..." keeps its dots */
    size_t token_count;
    const struct lex_word *words;
    size_t count;
    size_t furthest; /* the word at which the best attempt failed */
    str error;       /* what was wrong there */
};

/* --- kinds of words --- */

static str hint(struct matcher *m, str nearest)
{
    return nearest.size ? str_format(m->arena, " (did you mean '%.*s'?)", STR_ARG(nearest))
                        : STR_NONE;
}

static str judge_region(struct matcher *m, str word)
{
    if (region_find(word) != REGION_NONE)
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no Region%.*s", STR_ARG(word),
                      STR_ARG(hint(m, region_nearest_name(word))));
}

static str judge_place(struct matcher *m, str word)
{
    struct place place;
    if (place_find(word, &place))
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no place: a Region, a city or lat,lon%.*s",
                      STR_ARG(word), STR_ARG(hint(m, place_nearest_name(word))));
}

static str judge_duration(struct matcher *m, str word)
{
    duration d;
    if (duration_parse(word, &d))
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no duration: write 250ms, 15s, 2m, 1h", STR_ARG(word));
}

static str judge_lag(struct matcher *m, str word)
{
    struct lag lag;
    str error = STR_NONE;
    if (lag_parse(m->arena, word, &lag, &error))
        return STR_NONE;
    return str_starts(word, STR("mix("))
               ? str_format(m->arena, "%.*s; with blanks inside, put it in quotation marks",
                            STR_ARG(error))
               : error;
}

static str judge_time(struct matcher *m, str word)
{
    instant at;
    if (instant_parse_iso8601(word, &at))
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no instant: write 2024-01-01T00:00:00Z", STR_ARG(word));
}

static str judge_size(struct matcher *m, str word)
{
    uint64_t size;
    if (size_parse(word, &size))
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no size: write 512B, 64KiB, 5MiB", STR_ARG(word));
}

static str judge_number(struct matcher *m, str word)
{
    uint64_t number;
    if (str_to_u64(word, &number))
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no whole number", STR_ARG(word));
}

static str judge_dial(struct matcher *m, str word)
{
    uint64_t dial;
    if (str_is(word, "active") || str_is(word, "passive") ||
        (str_to_u64(word, &dial) && dial <= 100))
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no route: active, passive or a dial from 0 to 100",
                      STR_ARG(word));
}

static str judge_share(struct matcher *m, str word)
{
    double share;
    if (str_to_double(word, &share) && share >= 0 && share <= 1)
        return STR_NONE;
    return str_format(m->arena, "'%.*s' is no share: a number from 0 to 1", STR_ARG(word));
}

static str judge_bucket(struct matcher *m, str word)
{
    if (bucket_name_is_valid(word))
        return STR_NONE;
    return str_format(m->arena,
                      "'%.*s' is no bucket name: 3 to 63 of a-z, 0-9, '-' and '.', a letter or "
                      "digit at both ends",
                      STR_ARG(word));
}

static str judge_anomaly(struct matcher *m, str word)
{
    unsigned kinds;
    str unknown, names[SEEN_KINDS];
    if (str_is(word, anomalies_kind_name(SEEN_DIVERGED)))
        return STR("that Regions differ is no request's: write expect diverged TARGET");
    if (str_find_char(word, ',') == word.size && anomalies_parse_kinds(word, &kinds, &unknown))
        return STR_NONE;
    for (unsigned i = 0; i < SEEN_KINDS; i++)
        names[i] = str_of(anomalies_kind_name((enum anomaly_kind) i));
    return str_format(m->arena, "there is no anomaly '%.*s'%.*s", STR_ARG(word),
                      STR_ARG(hint(m, str_nearest(word, names, SEEN_KINDS))));
}

static const struct {
    const char *name;
    str (*judge)(struct matcher *m, str word); /* what is wrong; STR_NONE: nothing */
} kinds[] = {
    { "REGION", judge_region }, { "PLACE", judge_place },  { "DUR", judge_duration },
    { "DIST", judge_lag },      { "TIME", judge_time },    { "SIZE", judge_size },
    { "N", judge_number },      { "DIAL", judge_dial },    { "P", judge_share },
    { "BUCKET", judge_bucket }, { "KIND", judge_anomaly },
};

static bool is_capital(str token)
{
    return token.size > 0 && token.ptr[0] >= 'A' && token.ptr[0] <= 'Z';
}

/* What is wrong with this word as this one kind; STR_NONE: nothing. */
static str judge_as(struct matcher *m, str token, const struct lex_word *word, str text)
{
    bool open = lex_word_has_variable(word);
    size_t equals = str_find_char(token, '=');
    if (!is_capital(token) && token.size > 1 && equals < token.size) {
        str key = str_first(token, equals + 1);
        if (str_starts(text, key) && !word->quoted)
            return judge_as(m, str_skip(token, equals + 1), word, str_skip(text, equals + 1));
        return str_format(m->arena, "expected %.*s, not '%.*s'", STR_ARG(token), STR_ARG(text));
    }
    if (!is_capital(token)) {
        if (str_eq(text, token) && !word->quoted)
            return STR_NONE;
        return str_format(m->arena, "expected %.*s, not '%.*s'", STR_ARG(token), STR_ARG(text));
    }
    if (str_is(token, "TEXT")) {
        if (word->quoted || open)
            return STR_NONE;
        return str_format(m->arena, "'%.*s' does not belong here; a text is in quotation marks",
                          STR_ARG(text));
    }
    if (str_is(token, "VAR")) {
        if (open && word->part_count == 1)
            return STR_NONE;
        return str_format(m->arena, "'%.*s' is no variable: write $x", STR_ARG(text));
    }
    for (size_t i = 0; i < COUNT(kinds) && !open; i++)
        if (str_is(token, kinds[i].name))
            return kinds[i].judge(m, text);
    return STR_NONE;
}

static bool failed_at(struct matcher *m, size_t word, str error)
{
    if (!str_is_set(m->error) || word > m->furthest) {
        m->furthest = word;
        m->error = error;
    }
    return false;
}

static bool fits(struct matcher *m, str token, size_t word)
{
    str rest = token, one, error = STR_NONE;
    bool several = str_find_char(token, '|') < token.size;
    if (word >= m->count)
        return failed_at(m, word, str_format(m->arena, "%.*s is missing", STR_ARG(token)));
    while (str_next(&rest, '|', &one)) {
        error = judge_as(m, one, &m->words[word], m->words[word].text);
        if (!str_is_set(error))
            return true;
    }
    if (several && !is_capital(one))
        error = str_format(m->arena, "expected %.*s, not '%.*s'", STR_ARG(token),
                           STR_ARG(m->words[word].text));
    return failed_at(m, word, error);
}

/* --- the search --- */

static const str dots = { "...", 3 };

static bool match(struct matcher *m, size_t token, size_t word);

static size_t group_end(const struct matcher *m, size_t open)
{
    while (!str_is(m->tokens[open], "]"))
        open++;
    return open;
}

/* Brackets from `first` on, side by side, in any order; `used`: those that matched already. */
static bool match_groups(struct matcher *m, size_t first, unsigned used, size_t word)
{
    size_t open = first;
    for (unsigned i = 0; open < m->token_count && str_is(m->tokens[open], "["); i++) {
        size_t close = group_end(m, open), at = word, token = open + 1;
        for (; !(used & 1u << i) && token < close && fits(m, m->tokens[token], at); token++)
            at++;
        if (token == close && at > word && match_groups(m, first, used | 1u << i, at))
            return true;
        open = close + 1;
    }
    return match(m, open, word);
}

static bool match_some(struct matcher *m, size_t token, size_t word, bool may_be_none)
{
    str one = m->tokens[token];
    if (may_be_none)
        one = str_skip(one, 1);
    one = str_first(one, str_find(one, dots));
    if (may_be_none && match(m, token + 1, word))
        return true;
    for (size_t at = word; at < m->count && fits(m, one, at); at++)
        if (match(m, token + 1, at + 1))
            return true;
    if (word >= m->count && !may_be_none)
        (void) fits(m, one, word);
    return false;
}

static bool match(struct matcher *m, size_t token, size_t word)
{
    if (token == m->token_count) {
        if (word == m->count)
            return true;
        return failed_at(
            m, word,
            str_format(m->arena, "'%.*s' does not belong here", STR_ARG(m->words[word].text)));
    }
    str what = m->tokens[token];
    if (str_is(what, "["))
        return match_groups(m, token, 0, word);
    if (str_find(what, dots) < what.size)
        return match_some(m, token, word, what.ptr[0] == '[');
    return fits(m, what, word) && match(m, token + 1, word + 1);
}

/* "[prefix P]" becomes "[" "prefix" "P" "]"; "[X...]" stays one token. */
static void add_token(struct matcher *m, str token)
{
    bool some = str_find(token, dots) < token.size;
    if (!some && token.ptr[0] == '[') {
        m->tokens[m->token_count++] = str_first(token, 1);
        token = str_skip(token, 1);
    }
    bool closes = !some && token.size > 1 && token.ptr[token.size - 1] == ']';
    m->tokens[m->token_count++] = closes ? str_first(token, token.size - 1) : token;
    if (closes)
        m->tokens[m->token_count++] = STR("]");
}

bool syntax_match(struct arena *arena, const char *usage, const struct lex_word *words,
                  size_t count, str *error)
{
    struct matcher m = { .arena = arena, .words = words, .count = count };
    str rest = str_of(usage), token;
    while (rest.size > 0 && str_next(&rest, ' ', &token))
        add_token(&m, token);
    if (match(&m, 0, 0))
        return true;
    *error = m.error;
    return false;
}
