/* Requests by operation, copies, and a line that sums up. */
#include "cli/stats.h"

#include <stdio.h>

static struct stats_row *row_of(struct stats *stats, str name)
{
    size_t size = name.size < STATS_NAME - 1 ? name.size : STATS_NAME - 1;
    for (size_t i = 0; i < stats->row_count; i++)
        if (str_is(str_first(name, size), stats->rows[i].name))
            return &stats->rows[i];
    if (stats->row_count == STATS_ROWS)
        return &stats->rows[STATS_ROWS - 1];
    if (stats->row_count == STATS_ROWS - 1)
        name = STR("other");
    struct stats_row *row = &stats->rows[stats->row_count++];
    memcpy(row->name, name.ptr, size < name.size ? size : name.size);
    return row;
}

static void add_request(struct stats *stats, const struct json *event)
{
    struct stats_row *row = row_of(stats, json_string(event, "api", STR("")));
    double ms = json_number(event, "ms", 0);
    bool stale = json_number(event, "behind", 0) > 0;
    row->count++;
    row->errors += json_number(event, "status", 0) >= 400;
    row->stale += stale;
    row->total_ms += ms;
    row->longest_ms = ms > row->longest_ms ? ms : row->longest_ms;
    stats->requests++;
    stats->stale += stale;
}

void stats_add(struct stats *stats, const struct json *event)
{
    str type = json_string(event, "type", STR(""));
    double lag = json_number(event, "after_s", 0);
    if (str_is(type, "request"))
        add_request(stats, event);
    else if (str_is(type, "copy.applied")) {
        stats->applied++;
        stats->total_lag_s += lag;
        stats->longest_lag_s = lag > stats->longest_lag_s ? lag : stats->longest_lag_s;
    }
    stats->failed += str_is(type, "copy.failed");
    stats->anomalies += str_is(type, "anomaly");
    stats->faults += str_is(type, "fault");
}

static double mean(double total, unsigned count)
{
    return count ? total / count : 0;
}

static void print_table(const struct stats *stats)
{
    (void) printf("%-32s %8s %8s %8s %10s %10s\n", "OPERATION", "REQUESTS", "ERRORS", "STALE",
                  "MEAN", "LONGEST");
    for (size_t i = 0; i < stats->row_count; i++) {
        const struct stats_row *row = &stats->rows[i];
        (void) printf("%-32s %8u %8u %8u %7.1f ms %7.1f ms\n", row->name, row->count, row->errors,
                      row->stale, mean(row->total_ms, row->count), row->longest_ms);
    }
    if (stats->applied > 0)
        (void) printf("copies arrived after %.1f s on average, %.1f s at most\n",
                      mean(stats->total_lag_s, stats->applied), stats->longest_lag_s);
    (void) printf("%u requests, %u copies, %u copies failed, %u stale reads, %u anomalies, "
                  "%u faults\n",
                  stats->requests, stats->applied, stats->failed, stats->stale, stats->anomalies,
                  stats->faults);
}

static void print_json(const struct stats *stats)
{
    struct json_writer w;
    struct buf buf;
    buf_init(&buf, 1u << 20);
    json_begin(&w, &buf);
    json_object(&w, NULL);
    json_array(&w, "operations");
    for (size_t i = 0; i < stats->row_count; i++) {
        const struct stats_row *row = &stats->rows[i];
        json_object(&w, NULL);
        json_text(&w, "api", str_of(row->name));
        json_integer(&w, "requests", row->count);
        json_integer(&w, "errors", row->errors);
        json_integer(&w, "stale", row->stale);
        json_real(&w, "mean_ms", mean(row->total_ms, row->count));
        json_real(&w, "longest_ms", row->longest_ms);
        json_end(&w);
    }
    json_end(&w);
    json_integer(&w, "requests", stats->requests);
    json_integer(&w, "copies", stats->applied);
    json_integer(&w, "copies_failed", stats->failed);
    json_integer(&w, "stale_reads", stats->stale);
    json_integer(&w, "anomalies", stats->anomalies);
    json_integer(&w, "faults", stats->faults);
    json_real(&w, "mean_lag_s", mean(stats->total_lag_s, stats->applied));
    json_real(&w, "longest_lag_s", stats->longest_lag_s);
    json_end(&w);
    (void) printf("%.*s\n", STR_ARG(buf_str(&buf)));
    buf_fini(&buf);
}

void stats_print(const struct stats *stats, bool json)
{
    if (json)
        print_json(stats);
    else
        print_table(stats);
}
