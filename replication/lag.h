/* lag: how long a copy takes, as a distribution that people can write.
 *
 *   15s, fixed(15s)                 always the same
 *   uniform(5s,30s)                 anything between
 *   exp(10s)                        exponential with this mean
 *   lognormal(p50=12s,p99=3m)       given by any two of its quantiles
 *   mix(0.99 fixed(1s), 0.01 fixed(15m))   one of several, nested at most LAG_DEPTH deep
 *
 * A struct lag is a value: no ownership, no state. Threads: pure. Sampling takes its chance from
 * outside, so the same draws give the same lag.
 */
#ifndef ATOLL_REPLICATION_LAG_H
#define ATOLL_REPLICATION_LAG_H

#include "base/rng.h"
#include "base/time.h"

#define LAG_NODES 16 /* [atoll] distributions in one text, nested ones counted */
#define LAG_DEPTH 4  /* [atoll] mix inside mix */
#define LAG_DRAWS (LAG_DEPTH + 1)

enum lag_kind { LAG_FIXED, LAG_UNIFORM, LAG_EXP, LAG_LOGNORMAL, LAG_MIX };

struct lag_node {
    enum lag_kind kind;
    duration a, b;    /* fixed: a; uniform: a..b; exp: mean a; lognormal: its two points */
    double percent_a; /* lognormal: percentiles of a and b, 0 < percent < 100 */
    double percent_b;
    double mu, sigma;      /* lognormal, of the logarithm of nanoseconds */
    double weight;         /* as a member of a mix */
    unsigned first_member; /* mix: index of the first; the others follow by `next_member` */
    unsigned next_member;  /* 0: the last (node 0 is the root) */
};
struct lag {
    struct lag_node nodes[LAG_NODES]; /* nodes[0] is the whole */
    unsigned count;
};

struct lag lag_fixed(duration d);
struct lag lag_uniform(duration least, duration most);
/* False, with a sentence in *error (in the arena) that names the cause and a way out. */
MUST_CHECK bool lag_parse(struct arena *arena, str text, struct lag *out, str *error);
/* The canonical text; lag_parse reads back the same distribution. */
str lag_text(struct arena *arena, const struct lag *lag);

/* LAG_DRAWS numbers in [0, 1) from one key. */
void lag_draw(const struct rng_key *key, double units[LAG_DRAWS]);
/* Never negative, at most ten years. */
duration lag_sample(const struct lag *lag, const double units[LAG_DRAWS]);
/* The longest that is worth waiting for: the end of fixed and uniform, else the 99.99th percentile.
 */
duration lag_most(const struct lag *lag);

#endif
