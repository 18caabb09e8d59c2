/* Expressions over metrics: what they are worth, and what is refused in which words. */
#include "server/metric_math.h"

#include "base/buf.h"
#include "tests/unit/test.h"

struct fixture {
    struct metric_series a, b;
};

/* a: minutes 0 1 2 3 = 1 2 3 4; b: minutes 1 3 5 = 10 0 5, each of one minute. */
static struct fixture fixture_of(void)
{
    static int64_t a_minutes[] = { 0, 1, 2, 3 }, b_minutes[] = { 1, 3, 5 };
    static double a_values[] = { 1, 2, 3, 4 }, b_values[] = { 10, 0, 5 };
    return (struct fixture){ { a_minutes, a_values, 4, 4, 1 }, { b_minutes, b_values, 3, 3, 1 } };
}

static bool find(void *ctx, str name, struct metric_value *out, str *error)
{
    struct fixture *fixture = ctx;
    *out =
        (struct metric_value){ METRIC_SERIES, 0, str_is(name, "a") ? &fixture->a : &fixture->b, 1 };
    if (str_is(name, "a") || str_is(name, "b"))
        return true;
    *error = STR("no such name");
    return false;
}

static bool all(void *ctx, struct metric_value *out, str *error)
{
    struct fixture *fixture = ctx;
    (void) error;
    *out = (struct metric_value){ METRIC_LIST, 0, &fixture->a, 2 };
    return true;
}

static bool run(struct arena *arena, const char *expression, struct metric_value *out, str *error)
{
    struct fixture *fixture = ARENA_NEW(arena, struct fixture);
    struct metric_names names = { fixture, find, all, 0, 6, 1000 };
    *fixture = fixture_of();
    return metric_math(arena, str_of(expression), &names, out, error);
}

/* "0=1 1=2 | 1=10": minutes and values, lists with bars; or a number. */
static str text_of(struct arena *arena, const struct metric_value *value)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 4096);
    if (value->kind == METRIC_NUMBER)
        buf_addf(&buf, "%g", value->number);
    for (size_t i = 0; i < value->count; i++) {
        buf_add(&buf, i ? STR(" |") : STR(""));
        for (size_t j = 0; j < value->series[i].count; j++)
            buf_addf(&buf, "%s%lld=%g", i || j ? " " : "", (long long) value->series[i].minutes[j],
                     value->series[i].values[j]);
    }
    return buf_str(&buf);
}

TEST(an_expression_has_its_value)
{
    static const struct {
        int line;
        const char *expression, *value;
    } rows[] = {
        { __LINE__, "1 + 2 * 3", "7" },
        { __LINE__, "(1 + 2) * 3 - 4 / 2", "7" },
        { __LINE__, "-2 ^ 2", "-4" },
        { __LINE__, "2 ^ 3 ^ 2", "512" },
        { __LINE__, "2 ^ -1", "0.5" },
        { __LINE__, "a", "0=1 1=2 2=3 3=4" },
        { __LINE__, "a * 2 - 1", "0=1 1=3 2=5 3=7" },
        { __LINE__, "100 - a", "0=99 1=98 2=97 3=96" },
        { __LINE__, "a + b", "1=12 3=4" },
        { __LINE__, "a / b", "1=0.2" },
        { __LINE__, "SUM(a)", "10" },
        { __LINE__, "AVG(a)", "2.5" },
        { __LINE__, "a / SUM(a)", "0=0.1 1=0.2 2=0.3 3=0.4" },
        { __LINE__, "SUM([a, b])", "0=1 1=12 2=3 3=4 5=5" },
        { __LINE__, "MAX(METRICS())", "0=1 1=10 2=3 3=4 5=5" },
        { __LINE__, "MIN([a,b])", "0=1 1=2 2=3 3=0 5=5" },
        { __LINE__, "METRICS() * 2", "0=2 1=4 2=6 3=8 | 1=20 3=0 5=10" },
        { __LINE__, "[a, b] + a", "0=2 1=4 2=6 3=8 | 1=12 3=4" },
        { __LINE__, "FILL(b, 0)", "0=0 1=10 2=0 3=0 4=0 5=5" },
        { __LINE__, "FILL(b, REPEAT)", "1=10 2=10 3=0 4=0 5=5" },
        { __LINE__, "DIFF(b)", "3=-10 5=5" },
        { __LINE__, "ABS(DIFF(b))", "3=10 5=5" },
        { __LINE__, "RATE(a) * PERIOD(a)", "1=1 2=1 3=1" },
        { __LINE__, "RUNNING_SUM(a)", "0=1 1=3 2=6 3=10" },
        { __LINE__, "CEIL(a / 2) + FLOOR(a/2)", "0=1 1=2 2=3 3=4" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct metric_value value = { 0 };
        str error = STR_NONE;
        bool good = run(arena, rows[i].expression, &value, &error);
        if (!good || !str_is(text_of(arena, &value), rows[i].value))
            fail_msg("line %d: %.*s %.*s", rows[i].line, STR_ARG(error),
                     STR_ARG(text_of(arena, &value)));
    }
    arena_free(arena);
}

TEST(what_is_not_understood_is_named)
{
    static const struct {
        int line;
        const char *expression, *says;
    } rows[] = {
        { __LINE__, "", "missing" },
        { __LINE__, "a +", "missing" },
        { __LINE__, "a b", "not supported: b" },
        { __LINE__, "(a", ") is missing" },
        { __LINE__, "[a", "] is missing" },
        { __LINE__, "1.2.3", "no number: 1.2.3" },
        { __LINE__, "c", "no such name" },
        { __LINE__, "STDDEV(a)", "not STDDEV" },
        { __LINE__, "SUM()", "wrong for SUM" },
        { __LINE__, "SUM(a, b)", "wrong for SUM" },
        { __LINE__, "SUM(a, b, a)", "too many arguments" },
        { __LINE__, "[a] + [b]", "two lists" },
        { __LINE__, "[1]", "holds metrics" },
        { __LINE__, "FILL(1, 0)", "FILL wants" },
        { __LINE__, "FILL(a, b)", "FILL wants" },
        { __LINE__, "DIFF(1)", "not a number" },
        { __LINE__, "PERIOD([a])", "one metric" },
        { __LINE__, "a > 1", "not supported: > 1" },
        { __LINE__, "IF(a > 1, a)", "not IF" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct metric_value value;
        str error = STR_NONE;
        if (run(arena, rows[i].expression, &value, &error) ||
            str_find(error, str_of(rows[i].says)) == error.size)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(error));
    }
    arena_free(arena);
}

TEST(depth_size_and_points_are_bounded)
{
    char deep[200], sums[2001], huge[3000];
    struct arena *arena = arena_new();
    struct metric_value value;
    str error = STR_NONE;
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    assert_false(run(arena, deep, &value, &error));
    assert_true(str_find(error, STR("too deeply")) < error.size);
    for (size_t i = 0; i + 1 < sizeof sums; i += 2)
        memcpy(sums + i, "a+", 2);
    sums[sizeof sums - 2] = 0;
    assert_false(run(arena, sums, &value, &error));
    assert_true(str_find(error, STR("too many points")) < error.size);
    memset(huge, '1', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    assert_false(run(arena, huge, &value, &error));
    assert_true(str_find(error, STR("2048")) < error.size);
    arena_free(arena);
}
