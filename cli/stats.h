/* stats: what tail --stats counts instead of showing each event. Threads: one. Bounds: STATS_ROWS;
 * what finds no row counts in the last one, "other". */
#ifndef ATOLL_CLI_STATS_H
#define ATOLL_CLI_STATS_H

#include "base/json.h"

#define STATS_ROWS 64
#define STATS_NAME 48

struct stats_row {
    char name[STATS_NAME]; /* an operation */
    unsigned count, errors, stale;
    double total_ms, longest_ms;
};
struct stats {
    struct stats_row rows[STATS_ROWS];
    size_t row_count;
    unsigned requests, stale, anomalies, faults, applied, failed;
    double total_lag_s, longest_lag_s;
};

void stats_add(struct stats *stats, const struct json *event);
/* A table and one line, or one JSON document. */
void stats_print(const struct stats *stats, bool json);

#endif
