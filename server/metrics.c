/* Series are found by a hash of family and label values; a row of the table says what each family
 * is called, which texts of an event are its labels and, for histograms, where its buckets end. */
#include "server/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/rng.h"

#define MOST_LABELS 4
#define MOST_BUCKETS 16
#define SLOTS ((size_t) METRICS_SERIES * 2)

enum family_id {
    HTTP_REQUESTS,
    HTTP_SECONDS,
    HTTP_IN,
    HTTP_OUT,
    ROUTED,
    ROUTE_CHANGES,
    LAG_SECONDS,
    COPIES,
    COPY_BYTES,
    READS,
    STALENESS,
    ANOMALIES_SEEN,
    FAULTS_INJECTED,
    AUTH_FAILURES,
    FAMILIES
};

static const double request_bounds[] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,    0.25,  0.5,    1,     2.5,  10 };
static const double lag_bounds[] = { 0.1, 0.5, 1, 3, 5, 10, 15, 30, 60, 180, 300, 900, 1800, 3600 };

static const struct family {
    const char *name;
    const char *help;
    const char *labels[MOST_LABELS];
    const double *bounds; /* NULL: a counter */
    size_t bound_count;
} families[FAMILIES] = {
    [HTTP_REQUESTS] = { "atoll_http_requests_total",
                        "S3 requests answered",
                        { "region", "mrap", "api", "code" },
                        NULL,
                        0 },
    [HTTP_SECONDS] = { "atoll_http_request_duration_seconds",
                       "wall time to answer a request",
                       { "api" },
                       request_bounds,
                       COUNT(request_bounds) },
    [HTTP_IN] = { "atoll_http_request_bytes_total",
                  "bytes of request bodies",
                  { "region" },
                  NULL,
                  0 },
    [HTTP_OUT] = { "atoll_http_response_bytes_total",
                   "bytes of answers' bodies",
                   { "region" },
                   NULL,
                   0 },
    [ROUTED] = { "atoll_mrap_routed_total",
                 "where requests to an access point were sent, and why",
                 { "mrap", "client", "region", "reason" },
                 NULL,
                 0 },
    [ROUTE_CHANGES] = { "atoll_mrap_route_changes_total",
                        "changes of routes submitted",
                        { "mrap" },
                        NULL,
                        0 },
    [LAG_SECONDS] = { "atoll_replication_lag_seconds",
                      "emulated time from a write to its copy's arrival",
                      { "source", "destination" },
                      lag_bounds,
                      COUNT(lag_bounds) },
    [COPIES] = { "atoll_replication_operations_total",
                 "copies that ended",
                 { "source", "destination", "result" },
                 NULL,
                 0 },
    [COPY_BYTES] = { "atoll_replication_bytes_total",
                     "bytes of copies that arrived",
                     { "source", "destination" },
                     NULL,
                     0 },
    [READS] = { "atoll_reads_total",
                "judged reads by what they returned",
                { "mrap", "region", "freshness" },
                NULL,
                0 },
    [STALENESS] = { "atoll_read_staleness_seconds",
                    "how long before a stale read the missed version was acknowledged",
                    { "mrap" },
                    lag_bounds,
                    COUNT(lag_bounds) },
    [ANOMALIES_SEEN] = { "atoll_anomalies_total", "anomalies seen", { "kind" }, NULL, 0 },
    [FAULTS_INJECTED] = { "atoll_faults_injected_total", "faults injected", { "fault" }, NULL, 0 },
    [AUTH_FAILURES] = { "atoll_auth_failures_total",
                        "requests whose credentials were refused",
                        { "reason" },
                        NULL,
                        0 },
};

struct series {
    struct series *next; /* of its family, in order of appearance */
    uint64_t hash;
    str labels[MOST_LABELS];
    double total;                   /* counter, or a histogram's sum */
    uint64_t buckets[MOST_BUCKETS]; /* not cumulative; the last is +Inf */
};

struct metrics {
    struct mutex lock;
    struct arena *arena;
    struct series *slots[SLOTS];
    struct series *first[FAMILIES], **last[FAMILIES];
    size_t count;
    uint64_t refused;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = mem_alloc(sizeof *metrics);
    mutex_init(&metrics->lock);
    metrics->arena = arena_new();
    for (size_t i = 0; i < FAMILIES; i++)
        metrics->last[i] = &metrics->first[i];
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    mutex_fini(&metrics->lock);
    arena_free(metrics->arena);
    free(metrics);
}

/* --- counting --- */

static size_t label_count(enum family_id family)
{
    size_t count = 0;
    while (count < MOST_LABELS && families[family].labels[count])
        count++;
    return count;
}

static uint64_t hash_of(enum family_id family, const str *labels, size_t count)
{
    uint64_t hash = family + 1;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ rng_hash(labels[i])) * 0x9e3779b97f4a7c15u;
    return hash;
}

static bool is_it(const struct series *series, uint64_t hash, const str *labels, size_t count)
{
    if (series->hash != hash)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!str_eq(series->labels[i], labels[i]))
            return false;
    return true;
}

static struct series *find_locked(struct metrics *metrics, enum family_id family, const str *labels)
{
    size_t count = label_count(family);
    uint64_t hash = hash_of(family, labels, count);
    size_t at = hash % SLOTS;
    mutex_assert_held(&metrics->lock);
    for (; metrics->slots[at]; at = (at + 1) % SLOTS)
        if (is_it(metrics->slots[at], hash, labels, count))
            return metrics->slots[at];
    if (metrics->count == METRICS_SERIES) {
        metrics->refused++;
        return NULL;
    }
    struct series *series = ARENA_NEW(metrics->arena, struct series);
    series->hash = hash;
    for (size_t i = 0; i < count; i++)
        series->labels[i] = str_copy(metrics->arena, labels[i]);
    metrics->slots[at] = series;
    metrics->count++;
    *metrics->last[family] = series;
    metrics->last[family] = &series->next;
    return series;
}

static void add(struct metrics *metrics, enum family_id family, const str *labels, double amount)
{
    struct series *series = find_locked(metrics, family, labels);
    if (series)
        series->total += amount;
}

static void observe(struct metrics *metrics, enum family_id family, const str *labels, double value)
{
    struct series *series = find_locked(metrics, family, labels);
    size_t bucket = 0;
    if (series == NULL)
        return;
    while (bucket < families[family].bound_count && value > families[family].bounds[bucket])
        bucket++;
    series->buckets[bucket]++;
    series->total += value;
}

static bool is_credentials(str code)
{
    static const char *const codes[] = {
        "SignatureDoesNotMatch",       "InvalidAccessKeyId", "AccessDenied",
        "RequestTimeTooSkewed",        "ExpiredToken",       "InvalidToken",
        "AuthorizationHeaderMalformed"
    };
    for (size_t i = 0; i < COUNT(codes); i++)
        if (str_is(code, codes[i]))
            return true;
    return false;
}

static double seconds(duration d)
{
    return (double) d.ns / 1e9;
}

static void count_request(struct metrics *metrics, const struct event *e)
{
    char digits[8];
    size_t at = sizeof digits;
    const str *text = e->text;
    for (int rest = e->status; rest > 0; rest /= 10)
        digits[--at] = (char) ('0' + rest % 10);
    str status = str_from(digits + at, sizeof digits - at);
    add(metrics, HTTP_REQUESTS,
        (str[]){ text[EVENT_REGION], text[EVENT_MRAP], text[EVENT_API], status }, 1);
    observe(metrics, HTTP_SECONDS, &text[EVENT_API], seconds(e->took));
    if (e->bytes_in > 0)
        add(metrics, HTTP_IN, &text[EVENT_REGION], (double) e->bytes_in);
    if (e->bytes_out > 0)
        add(metrics, HTTP_OUT, &text[EVENT_REGION], (double) e->bytes_out);
    if (text[EVENT_MRAP].size > 0)
        add(metrics, ROUTED,
            (str[]){ text[EVENT_MRAP], e->client_declared ? text[EVENT_CLIENT] : STR("other"),
                     text[EVENT_REGION], text[EVENT_ROUTE_REASON] },
            1);
    if (text[EVENT_FRESHNESS].size > 0)
        add(metrics, READS, (str[]){ text[EVENT_MRAP], text[EVENT_REGION], text[EVENT_FRESHNESS] },
            1);
    if (e->behind > 0)
        observe(metrics, STALENESS, &text[EVENT_MRAP], seconds(e->age));
    if (is_credentials(text[EVENT_CODE]))
        add(metrics, AUTH_FAILURES, &text[EVENT_CODE], 1);
}

static void count_copy(struct metrics *metrics, const struct event *e, const char *result)
{
    str labels[] = { e->text[EVENT_FROM], e->text[EVENT_TO], str_of(result) };
    add(metrics, COPIES, labels, 1);
    if (e->kind != EVENT_COPY_APPLIED)
        return;
    add(metrics, COPY_BYTES, labels, (double) e->bytes_out);
    observe(metrics, LAG_SECONDS, labels, seconds(e->took));
}

void metrics_count(struct metrics *metrics, const struct event *event)
{
    SCOPED_LOCK(&metrics->lock);
    switch (event->kind) {
    case EVENT_REQUEST:
        count_request(metrics, event);
        break;
    case EVENT_COPY_APPLIED:
        count_copy(metrics, event, "completed");
        break;
    case EVENT_COPY_FAILED:
        count_copy(metrics, event, "failed");
        break;
    case EVENT_COPY_DROPPED:
        count_copy(metrics, event, "skipped");
        break;
    case EVENT_ROUTE:
        add(metrics, ROUTE_CHANGES, &event->text[EVENT_MRAP], 1);
        break;
    case EVENT_FAULT:
        if (str_is(event->text[EVENT_REASON], "injected"))
            add(metrics, FAULTS_INJECTED, &event->text[EVENT_FAULTS], 1);
        break;
    case EVENT_ANOMALY:
        add(metrics, ANOMALIES_SEEN, &event->text[EVENT_ANOMALIES], 1);
        break;
    case EVENT_COPY_WAITING:
    case EVENT_COPY_HELD:
    case EVENT_PARTITION:
    case EVENT_HEAL:
    case EVENT_OUTAGE:
    case EVENT_CLOCK:
    case EVENT_RESET:
    case EVENT_LINK:
    case EVENT_RULES:
    case EVENT_JOB:
    case EVENT_CONFIG:
    case EVENT_NOTIFICATION:
    case EVENT_KINDS:
        break;
    }
}

/* --- writing --- */

static void add_value(struct buf *out, str value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.ptr[i];
        if (c == '\n')
            buf_add(out, STR("\\n"));
        else {
            if (c == '"' || c == '\\')
                buf_add_char(out, '\\');
            buf_add_char(out, c);
        }
    }
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void sample(struct buf *out, const char *name, const char *suffix,
                   const struct metrics_label *labels, double value)
{
    buf_addf(out, "%s%s", name, suffix);
    for (size_t i = 0; labels[i].name; i++) {
        buf_addf(out, "%s%s=\"", i ? "," : "{", labels[i].name);
        add_value(out, labels[i].value);
        buf_add_char(out, '"');
    }
    buf_addf(out, "%s %.17g\n", labels[0].name ? "}" : "", value);
}

void metrics_sample(struct buf *out, const char *name, const struct metrics_label *labels,
                    double value)
{
    sample(out, name, "", labels, value);
}

static void write_histogram(struct buf *out, const struct family *family,
                            const struct series *series, struct metrics_label *labels)
{
    size_t le = 0;
    double sum = 0;
    while (labels[le].name)
        le++;
    for (size_t i = 0; i <= family->bound_count; i++) {
        char bound[32];
        int size = i < family->bound_count ? snprintf(bound, sizeof bound, "%g", family->bounds[i])
                                           : snprintf(bound, sizeof bound, "+Inf");
        sum += (double) series->buckets[i];
        labels[le] = (struct metrics_label){ "le", str_from(bound, (size_t) size) };
        sample(out, family->name, "_bucket", labels, sum);
    }
    labels[le] = (struct metrics_label){ NULL, STR_NONE };
    sample(out, family->name, "_sum", labels, series->total);
    sample(out, family->name, "_count", labels, sum);
}

static void write_series(struct buf *out, const struct family *family, const struct series *series)
{
    struct metrics_label labels[MOST_LABELS + 2] = { 0 };
    for (size_t i = 0; i < MOST_LABELS && family->labels[i]; i++)
        labels[i] = (struct metrics_label){ family->labels[i], series->labels[i] };
    if (family->bounds)
        write_histogram(out, family, series, labels);
    else
        metrics_sample(out, family->name, labels, series->total);
}

void metrics_write(struct metrics *metrics, struct buf *out)
{
    static const struct metrics_label none[1] = { 0 };
    SCOPED_LOCK(&metrics->lock);
    for (size_t i = 0; i < FAMILIES; i++) {
        metrics_head(out, families[i].name, families[i].bounds ? "histogram" : "counter",
                     families[i].help);
        for (const struct series *series = metrics->first[i]; series; series = series->next)
            write_series(out, &families[i], series);
    }
    metrics_head(out, "atoll_metrics_series_refused_total", "counter",
                 "counts that found no room for another series");
    metrics_sample(out, "atoll_metrics_series_refused_total", none, (double) metrics->refused);
}
