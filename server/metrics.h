/* metrics: counters and histograms in Prometheus' text form, counted from events, so that no
 * request waits for them. Names, labels and bounds: the table in metrics.c. Keys and ids are never
 * labels; a client is one of the configuration's or "other".
 *
 * Threads: metrics_count is called under the events' lock; metrics_write by any. Bounds:
 * METRICS_SERIES; what finds no room is counted in atoll_metrics_series_refused_total.
 */
#ifndef ATOLL_SERVER_METRICS_H
#define ATOLL_SERVER_METRICS_H

#include "server/events.h"

#define METRICS_SERIES 4096 /* [atoll] */

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
void metrics_count(struct metrics *metrics, const struct event *event);
/* Every family that was counted, in the table's order. */
void metrics_write(struct metrics *metrics, struct buf *out);

/* For gauges that are read when asked: HELP and TYPE, then samples. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
struct metrics_label {
    const char *name; /* NULL after the last */
    str value;
};
void metrics_sample(struct buf *out, const char *name, const struct metrics_label *labels,
                    double value);

#endif
