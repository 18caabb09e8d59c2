/* metric_math: CloudWatch's metric math, as far as it is arithmetic: + - * / ^, parentheses,
 * numbers, ids, lists, and the functions of the table in metric_math.c. Pure.
 *
 * A value is a number, a series or a list of series. Between two series only points that both have
 * count; dividing by zero leaves a point out [AWS]. Ownership: the arena. Errors: a sentence that
 * names what is wrong. Bounds: METRIC_MATH_DEPTH, _POINTS, _BYTES.
 */
#ifndef ATOLL_SERVER_METRIC_MATH_H
#define ATOLL_SERVER_METRIC_MATH_H

#include "base/str.h"

#define METRIC_MATH_DEPTH 64
#define METRIC_MATH_POINTS 4000000 /* [atoll] of all expressions of a call, on their way too */
#define METRIC_MATH_BYTES 2048     /* of an expression [AWS] */

struct metric_series {
    int64_t *minutes; /* since 1970, rising */
    double *values;
    size_t count, room;
    int64_t period; /* minutes */
};
enum metric_kind { METRIC_NUMBER, METRIC_SERIES, METRIC_LIST };
struct metric_value {
    enum metric_kind kind;
    double number;
    const struct metric_series *series; /* one, or `count` of a list */
    size_t count;
};

struct metric_names {
    void *ctx;
    /* False, and a sentence, when the name stands for nothing. */
    bool (*find)(void *ctx, str name, struct metric_value *out, str *error);
    /* METRICS(): every metric of the call. */
    bool (*all)(void *ctx, struct metric_value *out, str *error);
    int64_t from, to; /* minutes that FILL fills: from <= minute < to */
    size_t left;      /* points that may still be made; begin with METRIC_MATH_POINTS */
};
MUST_CHECK bool metric_math(struct arena *arena, str expression, struct metric_names *names,
                            struct metric_value *out, str *error);

#endif
