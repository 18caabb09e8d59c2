/* Sampling by inversion: each distribution turns one number of [0, 1) into a duration through the
 * inverse of its cumulative function, and a mix spends one more to choose a member. So the n-th
 * draw of a copy means the same whatever the other copies did. */
#include "replication/lag.h"

#include <math.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/buf.h"

#define LONGEST_NS (10.0 * 365 * 86400 * 1e9)

struct lag lag_fixed(duration d)
{
    return (struct lag){ .nodes = { { .kind = LAG_FIXED, .a = d } }, .count = 1 };
}

struct lag lag_uniform(duration least, duration most)
{
    return (struct lag){ .nodes = { { .kind = LAG_UNIFORM, .a = least, .b = most } }, .count = 1 };
}

/* -- chance ----------------------------------------------------------------------------------- */

/* The normal quantile: a rational start (Acklam 2003, relative error 1e-9), then one step of
 * Halley's method with erfc, which makes it exact to the last few bits. */
static double normal_start(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,
                                -2.759285104469687e+02, 1.383577518672690e+02,
                                -3.066479806614716e+01, 2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02,
                                -1.556989798598866e+02, 6.680131188771972e+01,
                                -1.328068155288572e+01 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01,
                                -2.400758277161838e+00, -2.549732539343734e+00,
                                4.374664141464968e+00,  2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                3.754408661907416e+00 };
    if (p > 0.02425 && p < 1 - 0.02425) {
        double q = p - 0.5, r = q * q;
        return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
               (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
    }
    double q = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
    double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    return p < 0.5 ? x : -x;
}

static double normal_quantile(double p)
{
    double x = normal_start(p);
    double error = 0.5 * erfc(-x / sqrt(2.0)) - p;
    double u = error * sqrt(2 * 3.14159265358979323846) * exp(x * x / 2);
    return x - u / (1 + x * u / 2);
}

void lag_draw(const struct rng_key *key, double units[LAG_DRAWS])
{
    uint64_t words[LAG_DRAWS];
    rng_bytes(key, words, sizeof words);
    for (unsigned i = 0; i < LAG_DRAWS; i++)
        units[i] = (double) (words[i] >> 11) * 0x1p-53;
}

static duration saturate(double ns)
{
    if (!(ns > 0))
        return (duration){ 0 };
    return (duration){ (int64_t) (ns < LONGEST_NS ? ns : LONGEST_NS) };
}

static unsigned choose_member(const struct lag *lag, const struct lag_node *mix, double unit)
{
    double sum = 0;
    unsigned member = mix->first_member;
    for (;; member = lag->nodes[member].next_member) {
        sum += lag->nodes[member].weight;
        if (unit < sum || lag->nodes[member].next_member == 0)
            return member;
    }
}

/* 0 and 1 have infinite quantiles; the nearest numbers that a draw can tell apart do not. */
static double inside(double unit)
{
    return unit < 0x1p-54 ? 0x1p-54 : unit;
}

duration lag_sample(const struct lag *lag, const double units[LAG_DRAWS])
{
    unsigned at = 0, draw = 0;
    while (lag->nodes[at].kind == LAG_MIX)
        at = choose_member(lag, &lag->nodes[at], units[draw++]);
    const struct lag_node *node = &lag->nodes[at];
    double unit = units[draw];
    switch (node->kind) {
    case LAG_FIXED:
        return node->a;
    case LAG_UNIFORM:
        return saturate((double) node->a.ns + unit * (double) (node->b.ns - node->a.ns));
    case LAG_EXP:
        return saturate(-log1p(-unit) * (double) node->a.ns);
    case LAG_LOGNORMAL:
        return saturate(exp(node->mu + node->sigma * normal_quantile(inside(unit))));
    case LAG_MIX:
        break;
    }
    BUG("a distribution of no kind");
}

duration lag_most(const struct lag *lag)
{
    double most[LAG_DRAWS];
    duration longest = { 0 };
    for (size_t i = 0; i < LAG_DRAWS; i++)
        most[i] = 0.9999;
    for (unsigned at = 0; at < lag->count; at++) {
        struct lag one = { .nodes = { lag->nodes[at] }, .count = 1 };
        if (lag->nodes[at].kind == LAG_MIX)
            continue;
        duration end =
            lag->nodes[at].kind == LAG_UNIFORM ? lag->nodes[at].b : lag_sample(&one, most);
        if (end.ns > longest.ns)
            longest = end;
    }
    return longest;
}

/* -- text ------------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
    [LAG_FIXED] = "fixed",         [LAG_UNIFORM] = "uniform", [LAG_EXP] = "exp",
    [LAG_LOGNORMAL] = "lognormal", [LAG_MIX] = "mix",
};

static void add_duration(struct arena *arena, struct buf *buf, duration d)
{
    buf_add(buf, duration_text(arena, d));
}

static void add_node(struct arena *arena, struct buf *buf, const struct lag *lag, unsigned at)
{
    const struct lag_node *node = &lag->nodes[at];
    buf_addf(buf, "%s(", kind_names[node->kind]);
    switch (node->kind) {
    case LAG_FIXED:
    case LAG_EXP:
        add_duration(arena, buf, node->a);
        break;
    case LAG_UNIFORM:
        add_duration(arena, buf, node->a);
        buf_add_char(buf, ',');
        add_duration(arena, buf, node->b);
        break;
    case LAG_LOGNORMAL:
        buf_addf(buf, "p%.12g=", node->percent_a);
        add_duration(arena, buf, node->a);
        buf_addf(buf, ",p%.12g=", node->percent_b);
        add_duration(arena, buf, node->b);
        break;
    case LAG_MIX:
        for (unsigned m = node->first_member; m != 0; m = lag->nodes[m].next_member) {
            buf_addf(buf, "%s%.12g ", m == node->first_member ? "" : ", ", lag->nodes[m].weight);
            add_node(arena, buf, lag, m);
        }
        break;
    }
    buf_add_char(buf, ')');
}

str lag_text(struct arena *arena, const struct lag *lag)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 4096);
    add_node(arena, &buf, lag, 0);
    return buf_str(&buf);
}

struct parser {
    struct arena *arena;
    struct lag *lag;
    str *error;
};

static bool parse_node(struct parser *p, str text, unsigned at, unsigned depth);

static bool wrong(const struct parser *p, str sentence)
{
    *p->error = sentence;
    return false;
}

static bool parse_duration(const struct parser *p, str text, duration *out)
{
    double number;
    text = str_trim(text);
    if (duration_parse(text, out) && out->ns >= 0)
        return true;
    if (text.size == 0)
        return wrong(p, STR("a duration is missing: write for example 15s"));
    if (str_to_double(text, &number) && number >= 0)
        return wrong(p, str_format(p->arena, "'%.*s' has no unit: write %.*ss or %.*sms",
                                   STR_ARG(text), STR_ARG(text), STR_ARG(text)));
    return wrong(p, str_format(p->arena,
                               "'%.*s' is no duration: write for example 250ms, 15s or 1m30s",
                               STR_ARG(text)));
}

/* The next argument up to a comma outside parentheses; false when the list is used up. */
static bool next_argument(str *rest, str *argument)
{
    if (!str_is_set(*rest))
        return false;
    size_t depth = 0, i = 0;
    for (; i < rest->size; i++) {
        char c = rest->ptr[i];
        if (c == ',' && depth == 0)
            break;
        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
    }
    *argument = str_trim(str_first(*rest, i));
    *rest = i < rest->size ? str_skip(*rest, i + 1) : STR_NONE;
    return true;
}

static bool wrong_count(const struct parser *p, const char *name, const char *example)
{
    return wrong(
        p, str_format(p->arena, "%s takes other arguments: write for example %s", name, example));
}

static bool parse_one(struct parser *p, str arguments, unsigned at)
{
    struct lag_node *node = &p->lag->nodes[at];
    str text;
    if (!next_argument(&arguments, &text) || str_is_set(arguments))
        return wrong_count(p, kind_names[node->kind],
                           node->kind == LAG_EXP ? "exp(10s)" : "fixed(15s)");
    return parse_duration(p, text, &node->a);
}

static bool parse_uniform(struct parser *p, str arguments, unsigned at)
{
    struct lag_node *node = &p->lag->nodes[at];
    str from, to;
    if (!next_argument(&arguments, &from) || !next_argument(&arguments, &to) ||
        str_is_set(arguments))
        return wrong_count(p, "uniform", "uniform(5s,30s)");
    if (!parse_duration(p, from, &node->a) || !parse_duration(p, to, &node->b))
        return false;
    if (node->a.ns <= node->b.ns)
        return true;
    return wrong(p, str_format(p->arena,
                               "uniform(%.*s,%.*s) ends before it begins: write the shorter "
                               "duration first",
                               STR_ARG(from), STR_ARG(to)));
}

static bool parse_quantile(struct parser *p, str text, double *percent, duration *value)
{
    str name, rest;
    bool shaped = str_cut(text, '=', &name, &rest) && str_starts(str_trim(name), STR("p")) &&
                  str_to_double(str_skip(str_trim(name), 1), percent);
    if (!shaped)
        return wrong_count(p, "lognormal", "lognormal(p50=12s,p99=3m)");
    if (!(*percent > 0 && *percent < 100))
        return wrong(p, str_format(p->arena,
                                   "p%.12g is no percentile: it must be between 0 and 100, both "
                                   "excluded",
                                   *percent));
    if (!parse_duration(p, rest, value))
        return false;
    return value->ns > 0 || wrong(p, STR("a lognormal lag is never 0: write fixed(0s) for none"));
}

static bool parse_lognormal(struct parser *p, str arguments, unsigned at)
{
    struct lag_node *node = &p->lag->nodes[at];
    str first, second;
    if (!next_argument(&arguments, &first) || !next_argument(&arguments, &second) ||
        str_is_set(arguments))
        return wrong_count(p, "lognormal", "lognormal(p50=12s,p99=3m)");
    if (!parse_quantile(p, first, &node->percent_a, &node->a) ||
        !parse_quantile(p, second, &node->percent_b, &node->b))
        return false;
    bool rises = (node->percent_a < node->percent_b && node->a.ns < node->b.ns) ||
                 (node->percent_a > node->percent_b && node->a.ns > node->b.ns);
    if (!rises)
        return wrong(p, STR("the higher percentile of a lognormal must have the longer duration: "
                            "write for example lognormal(p50=12s,p99=3m)"));
    double za = normal_quantile(node->percent_a / 100), zb = normal_quantile(node->percent_b / 100);
    double la = log((double) node->a.ns), lb = log((double) node->b.ns);
    node->sigma = (lb - la) / (zb - za);
    node->mu = la - node->sigma * za;
    return true;
}

static bool parse_member(struct parser *p, str text, unsigned member, unsigned depth)
{
    str weight, distribution;
    double value = 0;
    bool shaped = str_cut(text, ' ', &weight, &distribution) && str_to_double(weight, &value);
    if (!shaped || !(value > 0 && value <= 1))
        return wrong(p, str_format(p->arena,
                                   "'%.*s' has no share between 0 and 1 in front: write for "
                                   "example mix(0.99 fixed(1s), 0.01 fixed(15m))",
                                   STR_ARG(text)));
    p->lag->nodes[member].weight = value;
    return parse_node(p, distribution, member, depth);
}

static bool parse_mix(struct parser *p, str arguments, unsigned at, unsigned depth)
{
    if (depth >= LAG_DEPTH)
        return wrong(
            p, str_format(p->arena, "mix is nested deeper than %d: write it flatter", LAG_DEPTH));
    double sum = 0;
    unsigned last = 0;
    str text;
    while (next_argument(&arguments, &text)) {
        if (p->lag->count == LAG_NODES)
            return wrong(p, str_format(p->arena,
                                       "more than %d distributions: leave out the rarest ones",
                                       LAG_NODES));
        unsigned member = p->lag->count++;
        *(last ? &p->lag->nodes[last].next_member : &p->lag->nodes[at].first_member) = member;
        last = member;
        if (!parse_member(p, text, member, depth + 1))
            return false;
        sum += p->lag->nodes[member].weight;
    }
    return fabs(sum - 1) < 1e-6 ||
           wrong(p, str_format(p->arena, "the shares of mix add up to %.12g: they must add up to 1",
                               sum));
}

static bool parse_kind(struct parser *p, str name, enum lag_kind *out)
{
    str names[COUNT(kind_names)];
    for (size_t i = 0; i < COUNT(kind_names); i++) {
        names[i] = str_of(kind_names[i]);
        if (!str_eq(name, names[i]))
            continue;
        *out = (enum lag_kind) i;
        return true;
    }
    str near = str_nearest(name, names, COUNT(names));
    if (str_is_set(near))
        return wrong(p, str_format(p->arena, "unknown distribution '%.*s' (did you mean '%.*s'?)",
                                   STR_ARG(name), STR_ARG(near)));
    return wrong(p, str_format(p->arena,
                               "unknown distribution '%.*s': there are fixed, uniform, exp, "
                               "lognormal and mix",
                               STR_ARG(name)));
}

static bool parse_node(struct parser *p, str text, unsigned at, unsigned depth)
{
    struct lag_node *node = &p->lag->nodes[at];
    text = str_trim(text);
    size_t open = str_find_char(text, '(');
    if (open == text.size) {
        node->kind = LAG_FIXED; /* a bare duration */
        return parse_duration(p, text, &node->a);
    }
    if (!str_ends(text, STR(")")))
        return wrong(p,
                     str_format(p->arena, "'%.*s' lacks its closing parenthesis", STR_ARG(text)));
    if (!parse_kind(p, str_trim(str_first(text, open)), &node->kind))
        return false;
    str arguments = str_first(str_skip(text, open + 1), text.size - open - 2);
    switch (node->kind) {
    case LAG_FIXED:
    case LAG_EXP:
        return parse_one(p, arguments, at);
    case LAG_UNIFORM:
        return parse_uniform(p, arguments, at);
    case LAG_LOGNORMAL:
        return parse_lognormal(p, arguments, at);
    case LAG_MIX:
        return parse_mix(p, arguments, at, depth);
    }
    BUG("a distribution of no kind");
}

bool lag_parse(struct arena *arena, str text, struct lag *out, str *error)
{
    struct lag lag = { .count = 1 };
    struct parser parser = { arena, &lag, error };
    if (!parse_node(&parser, text, 0, 0))
        return false;
    *out = lag;
    return true;
}
