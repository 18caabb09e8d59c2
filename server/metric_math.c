/* A parser by descent that evaluates as it goes: expressions are short, and each runs once. */
#include "server/metric_math.h"

#include <math.h>

#include "base/arena.h"

#define MOST_ARGUMENTS 500 /* metrics of a call [AWS] */

struct parse {
    struct arena *arena;
    str rest;
    struct metric_names *names;
    unsigned depth;
    str *error;
};

static bool sum(struct parse *parse, struct metric_value *out);

static bool refuse(struct parse *parse, const char *what, str which)
{
    if (parse->error->size == 0)
        *parse->error = str_format(parse->arena, "%s%.*s", what, STR_ARG(which));
    return false;
}

static struct metric_value number_of(double number)
{
    return (struct metric_value){ .kind = METRIC_NUMBER, .number = number };
}

/* Room for as many points; for none when that would be too many of all, which is then said. */
static struct metric_series *series_new(struct parse *parse, size_t room, int64_t period)
{
    struct metric_series *series = ARENA_NEW(parse->arena, struct metric_series);
    series->period = period;
    if (room > parse->names->left) {
        (void) refuse(parse, "the expressions make too many points on their way", STR(""));
        return series;
    }
    parse->names->left -= room;
    series->room = room;
    series->minutes = ARENA_ARRAY(parse->arena, int64_t, room);
    series->values = ARENA_ARRAY(parse->arena, double, room);
    return series;
}

static void add(struct metric_series *series, int64_t minute, double value)
{
    if (!isfinite(value) || series->count == series->room)
        return;
    series->minutes[series->count] = minute;
    series->values[series->count++] = value;
}

/* --- arithmetic --- */

static double apply(char sign, double a, double b)
{
    switch (sign) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return a / b;
    default:
        return pow(a, b);
    }
}

static struct metric_series *join(struct parse *parse, char sign, const struct metric_series *a,
                                  const struct metric_series *b)
{
    struct metric_series *out = series_new(parse, a->count, a->period);
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->minutes[i] == b->minutes[j]) {
            add(out, a->minutes[i], apply(sign, a->values[i], b->values[j]));
            i++;
            j++;
        } else if (a->minutes[i] < b->minutes[j])
            i++;
        else
            j++;
    }
    return out;
}

static struct metric_series *scale(struct parse *parse, char sign, const struct metric_series *a,
                                   double number, bool number_first)
{
    struct metric_series *out = series_new(parse, a->count, a->period);
    for (size_t i = 0; i < a->count; i++)
        add(out, a->minutes[i],
            number_first ? apply(sign, number, a->values[i]) : apply(sign, a->values[i], number));
    return out;
}

static struct metric_series *combine_one(struct parse *parse, char sign,
                                         const struct metric_value *a, const struct metric_value *b,
                                         size_t i)
{
    if (a->kind == METRIC_NUMBER)
        return scale(parse, sign, &b->series[i], a->number, true);
    if (b->kind == METRIC_NUMBER)
        return scale(parse, sign, &a->series[i], b->number, false);
    return join(parse, sign, a->kind == METRIC_LIST ? &a->series[i] : a->series,
                b->kind == METRIC_LIST ? &b->series[i] : b->series);
}

static bool combine(struct parse *parse, char sign, struct metric_value *a,
                    const struct metric_value *b)
{
    size_t count = a->kind == METRIC_LIST ? a->count : b->kind == METRIC_LIST ? b->count : 1;
    if (a->kind == METRIC_NUMBER && b->kind == METRIC_NUMBER) {
        a->number = apply(sign, a->number, b->number);
        return true;
    }
    if (a->kind == METRIC_LIST && b->kind == METRIC_LIST)
        return refuse(parse, "two lists cannot be combined by ", str_from(&sign, 1));
    struct metric_series *all = ARENA_ARRAY(parse->arena, struct metric_series, count);
    for (size_t i = 0; i < count; i++)
        all[i] = *combine_one(parse, sign, a, b, i);
    bool list = a->kind == METRIC_LIST || b->kind == METRIC_LIST;
    *a = (struct metric_value){ list ? METRIC_LIST : METRIC_SERIES, 0, all, count };
    return true;
}

/* --- functions --- */

struct arguments {
    struct metric_value at[2];
    size_t count;
    str word; /* REPEAT, instead of FILL's number */
};

enum fold { SUM, AVG, MIN, MAX };

static double fold(enum fold how, const double *values, size_t count)
{
    double out = how == SUM || how == AVG ? 0 : values[0];
    for (size_t i = 0; i < count; i++)
        out = how == MIN   ? fmin(out, values[i])
              : how == MAX ? fmax(out, values[i])
                           : out + values[i];
    return how == AVG ? out / (double) count : out;
}

/* The series of a list, minute by minute, of those that have a point there. */
static struct metric_series *fold_list(struct parse *parse, enum fold how,
                                       const struct metric_value *list)
{
    size_t room = 0, *next = ARENA_ARRAY(parse->arena, size_t, list->count + 1);
    double *values = ARENA_ARRAY(parse->arena, double, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        room += list->series[i].count;
    struct metric_series *out = series_new(parse, room, list->count ? list->series[0].period : 1);
    for (;;) {
        int64_t minute = INT64_MAX;
        size_t count = 0;
        for (size_t i = 0; i < list->count; i++)
            if (next[i] < list->series[i].count && list->series[i].minutes[next[i]] < minute)
                minute = list->series[i].minutes[next[i]];
        if (minute == INT64_MAX)
            return out;
        for (size_t i = 0; i < list->count; i++)
            if (next[i] < list->series[i].count && list->series[i].minutes[next[i]] == minute)
                values[count++] = list->series[i].values[next[i]++];
        add(out, minute, fold(how, values, count));
    }
}

/* [AWS] of a series: one number; of a list: a series. */
static bool call_fold(struct parse *parse, enum fold how, const struct arguments *arguments,
                      struct metric_value *out)
{
    const struct metric_value *a = &arguments->at[0];
    if (a->kind == METRIC_LIST)
        *out = (struct metric_value){ METRIC_SERIES, 0, fold_list(parse, how, a), 1 };
    else if (a->kind == METRIC_NUMBER)
        *out = *a;
    else
        *out = number_of(a->series->count ? fold(how, a->series->values, a->series->count) : 0);
    return true;
}

static bool call_sum(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return call_fold(parse, SUM, a, out);
}

static bool call_avg(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return call_fold(parse, AVG, a, out);
}

static bool call_min(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return call_fold(parse, MIN, a, out);
}

static bool call_max(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return call_fold(parse, MAX, a, out);
}

typedef void series_fn(const struct metric_series *in, struct metric_series *out);

static bool each(struct parse *parse, const struct metric_value *a, series_fn *change,
                 struct metric_value *out)
{
    size_t count = a->kind == METRIC_LIST ? a->count : 1;
    struct metric_series *all = ARENA_ARRAY(parse->arena, struct metric_series, count);
    if (a->kind == METRIC_NUMBER)
        return refuse(parse, "a metric is wanted, not a number", STR(""));
    for (size_t i = 0; i < count; i++) {
        all[i] = *series_new(parse, a->series[i].count, a->series[i].period);
        change(&a->series[i], &all[i]);
    }
    *out = (struct metric_value){ a->kind, 0, all, count };
    return true;
}

static void absolute(const struct metric_series *in, struct metric_series *out)
{
    for (size_t i = 0; i < in->count; i++)
        add(out, in->minutes[i], fabs(in->values[i]));
}

static void up(const struct metric_series *in, struct metric_series *out)
{
    for (size_t i = 0; i < in->count; i++)
        add(out, in->minutes[i], ceil(in->values[i]));
}

static void down(const struct metric_series *in, struct metric_series *out)
{
    for (size_t i = 0; i < in->count; i++)
        add(out, in->minutes[i], floor(in->values[i]));
}

static void differences(const struct metric_series *in, struct metric_series *out)
{
    for (size_t i = 1; i < in->count; i++)
        add(out, in->minutes[i], in->values[i] - in->values[i - 1]);
}

static void rates(const struct metric_series *in, struct metric_series *out)
{
    for (size_t i = 1; i < in->count; i++)
        add(out, in->minutes[i],
            (in->values[i] - in->values[i - 1]) /
                (double) ((in->minutes[i] - in->minutes[i - 1]) * 60));
}

static void running(const struct metric_series *in, struct metric_series *out)
{
    double total = 0;
    for (size_t i = 0; i < in->count; i++)
        add(out, in->minutes[i], total += in->values[i]);
}

static bool call_abs(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return each(parse, &a->at[0], absolute, out);
}

static bool call_ceil(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return each(parse, &a->at[0], up, out);
}

static bool call_floor(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return each(parse, &a->at[0], down, out);
}

static bool call_diff(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return each(parse, &a->at[0], differences, out);
}

static bool call_rate(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    return each(parse, &a->at[0], rates, out);
}

static bool call_running_sum(struct parse *parse, const struct arguments *a,
                             struct metric_value *out)
{
    return each(parse, &a->at[0], running, out);
}

static bool call_period(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    if (a->at[0].kind != METRIC_SERIES)
        return refuse(parse, "PERIOD wants one metric", STR(""));
    *out = number_of((double) (a->at[0].series->period * 60));
    return true;
}

static bool call_metrics(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    (void) a;
    return parse->names->all(parse->names->ctx, out, parse->error);
}

static struct metric_series *fill(struct parse *parse, const struct metric_series *in,
                                  const struct arguments *with)
{
    const struct metric_names *names = parse->names;
    int64_t from = names->from - names->from % in->period;
    size_t room = names->to > from ? (size_t) ((names->to - from) / in->period) + 1 : 1, at = 0;
    struct metric_series *out = series_new(parse, room, in->period);
    double last = str_is_set(with->word) ? (double) NAN : with->at[1].number;
    for (int64_t minute = from; minute < names->to; minute += in->period) {
        bool there = at < in->count && in->minutes[at] == minute;
        double value = there ? in->values[at++] : last;
        if (str_is_set(with->word))
            last = value;
        add(out, minute, value);
    }
    return out;
}

static bool call_fill(struct parse *parse, const struct arguments *a, struct metric_value *out)
{
    size_t count = a->at[0].kind == METRIC_LIST ? a->at[0].count : 1;
    if (a->at[0].kind == METRIC_NUMBER ||
        (!str_is_set(a->word) && (a->count < 2 || a->at[1].kind != METRIC_NUMBER)))
        return refuse(parse, "FILL wants a metric, and a number or REPEAT", STR(""));
    struct metric_series *all = ARENA_ARRAY(parse->arena, struct metric_series, count);
    for (size_t i = 0; i < count; i++)
        all[i] = *fill(parse, &a->at[0].series[i], a);
    *out = (struct metric_value){ a->at[0].kind, 0, all, count };
    return true;
}

static const struct {
    const char *name;
    size_t least, most; /* arguments */
    bool (*call)(struct parse *parse, const struct arguments *a, struct metric_value *out);
} functions[] = {
    { "ABS", 1, 1, call_abs },   { "AVG", 1, 1, call_avg },
    { "CEIL", 1, 1, call_ceil }, { "DIFF", 1, 1, call_diff },
    { "FILL", 2, 2, call_fill }, { "FLOOR", 1, 1, call_floor },
    { "MAX", 1, 1, call_max },   { "METRICS", 0, 0, call_metrics },
    { "MIN", 1, 1, call_min },   { "PERIOD", 1, 1, call_period },
    { "RATE", 1, 1, call_rate }, { "RUNNING_SUM", 1, 1, call_running_sum },
    { "SUM", 1, 1, call_sum },
};

/* --- the grammar --- */

static bool take(struct parse *parse, char c)
{
    parse->rest = str_trim(parse->rest);
    if (parse->rest.size == 0 || parse->rest.ptr[0] != c)
        return false;
    parse->rest = str_skip(parse->rest, 1);
    return true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static str take_word(struct parse *parse)
{
    size_t size = 0;
    parse->rest = str_trim(parse->rest);
    while (size < parse->rest.size && is_word(parse->rest.ptr[size]))
        size++;
    str word = str_first(parse->rest, size);
    parse->rest = str_skip(parse->rest, size);
    return word;
}

static bool number(struct parse *parse, struct metric_value *out)
{
    size_t size = 0;
    double value;
    while (size < parse->rest.size &&
           ((parse->rest.ptr[size] >= '0' && parse->rest.ptr[size] <= '9') ||
            parse->rest.ptr[size] == '.'))
        size++;
    str text = str_first(parse->rest, size);
    if (!str_to_double(text, &value))
        return refuse(parse, "this is no number: ", text);
    parse->rest = str_skip(parse->rest, size);
    *out = number_of(value);
    return true;
}

static bool arguments_of(struct parse *parse, struct arguments *out)
{
    *out = (struct arguments){ .count = 0 };
    if (take(parse, ')'))
        return true;
    do {
        struct metric_value value = { .kind = METRIC_NUMBER };
        str before = parse->rest, word = take_word(parse);
        if (out->count == COUNT(out->at))
            return refuse(parse, "there are too many arguments", STR(""));
        if (out->count == 1 && str_is(word, "REPEAT")) {
            out->word = word;
            out->count++;
            continue;
        }
        parse->rest = before;
        if (!sum(parse, &value))
            return false;
        out->at[out->count++] = value;
    } while (take(parse, ','));
    return take(parse, ')') || refuse(parse, "a ) is missing before: ", parse->rest);
}

static bool call(struct parse *parse, str name, struct metric_value *out)
{
    struct arguments arguments;
    for (size_t i = 0; i < COUNT(functions); i++) {
        if (!str_is(name, functions[i].name))
            continue;
        if (!arguments_of(parse, &arguments))
            return false;
        if (arguments.count < functions[i].least || arguments.count > functions[i].most)
            return refuse(parse, "the number of arguments is wrong for ", name);
        return functions[i].call(parse, &arguments, out);
    }
    return refuse(parse,
                  "atoll's metric math has ABS, AVG, CEIL, DIFF, FILL, FLOOR, MAX, METRICS, MIN, "
                  "PERIOD, RATE, RUNNING_SUM and SUM, not ",
                  name);
}

static bool list(struct parse *parse, struct metric_value *out)
{
    struct metric_series *all = NULL;
    size_t count = 0, room = 0;
    do {
        struct metric_value value;
        if (!sum(parse, &value))
            return false;
        if (value.kind == METRIC_NUMBER || count + value.count > MOST_ARGUMENTS)
            return refuse(parse, "a list holds metrics", STR(""));
        if (count + value.count > room) {
            struct metric_series *old = all;
            room = (count + value.count) * 2;
            all = ARENA_ARRAY(parse->arena, struct metric_series, room);
            for (size_t i = 0; i < count; i++)
                all[i] = old[i];
        }
        for (size_t i = 0; i < value.count; i++)
            all[count++] = value.series[i];
    } while (take(parse, ','));
    *out = (struct metric_value){ METRIC_LIST, 0, all, count };
    return take(parse, ']') || refuse(parse, "a ] is missing before: ", parse->rest);
}

static bool primary(struct parse *parse, struct metric_value *out)
{
    if (take(parse, '('))
        return sum(parse, out) &&
               (take(parse, ')') || refuse(parse, "a ) is missing before: ", parse->rest));
    if (take(parse, '['))
        return list(parse, out);
    parse->rest = str_trim(parse->rest);
    char c = parse->rest.size > 0 ? parse->rest.ptr[0] : ' ';
    if ((c >= '0' && c <= '9') || c == '.')
        return number(parse, out);
    str word = take_word(parse);
    if (word.size == 0)
        return refuse(parse, "something is missing or not supported at: ", parse->rest);
    if (take(parse, '('))
        return call(parse, word, out);
    return parse->names->find(parse->names->ctx, word, out, parse->error);
}

static bool power(struct parse *parse, struct metric_value *out)
{
    struct metric_value exponent, minus_one = number_of(-1);
    if (++parse->depth > METRIC_MATH_DEPTH)
        return refuse(parse, "the expression is nested too deeply", STR(""));
    bool negative = take(parse, '-'), good = negative ? power(parse, out) : primary(parse, out);
    if (good && !negative && take(parse, '^'))
        good = power(parse, &exponent) && combine(parse, '^', out, &exponent);
    parse->depth--;
    return good && (!negative || combine(parse, '*', out, &minus_one));
}

static bool product(struct parse *parse, struct metric_value *out)
{
    struct metric_value factor;
    if (!power(parse, out))
        return false;
    for (;;) {
        char sign = take(parse, '*') ? '*' : take(parse, '/') ? '/' : 0;
        if (sign == 0)
            return true;
        if (!power(parse, &factor) || !combine(parse, sign, out, &factor))
            return false;
    }
}

static bool sum(struct parse *parse, struct metric_value *out)
{
    struct metric_value term;
    if (!product(parse, out))
        return false;
    for (;;) {
        char sign = take(parse, '+') ? '+' : take(parse, '-') ? '-' : 0;
        if (sign == 0)
            return true;
        if (!product(parse, &term) || !combine(parse, sign, out, &term))
            return false;
    }
}

bool metric_math(struct arena *arena, str expression, struct metric_names *names,
                 struct metric_value *out, str *error)
{
    struct parse parse = { arena, expression, names, 0, error };
    *error = STR_NONE;
    if (expression.size > METRIC_MATH_BYTES)
        return refuse(&parse, "an expression has at most 2048 bytes", STR(""));
    if (!sum(&parse, out))
        return false;
    parse.rest = str_trim(parse.rest);
    if (parse.rest.size > 0)
        return refuse(&parse, "this is not supported: ", parse.rest);
    return error->size == 0;
}
