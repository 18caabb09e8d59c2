/* Series and their points. A series is found by its hash; its points lie in one array by minute, so
 * that counting is an append and a copy's minutes, which are told when it ends, fall near the end.
 */
#include "server/cloudwatch.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/rng.h"
#include "server/storage_metrics.h"

#define SLOTS ((size_t) CLOUDWATCH_SERIES * 2)
#define MINUTE_NS 60000000000

enum kind {         /* how a minute's counts become its samples */
            EACH,   /* every count is a sample */
            LEVEL,  /* one sample: the sum, how many or how much was there */
            HIGHEST /* one sample: the highest */
};
enum metric_id {
    ALL_REQUESTS,
    GET_REQUESTS,
    PUT_REQUESTS,
    DELETE_REQUESTS,
    HEAD_REQUESTS,
    POST_REQUESTS,
    LIST_REQUESTS,
    ERRORS_4XX,
    ERRORS_5XX,
    BYTES_DOWNLOADED,
    BYTES_UPLOADED,
    FIRST_BYTE_LATENCY,
    TOTAL_REQUEST_LATENCY,
    REPLICATION_LATENCY,
    BYTES_PENDING,
    OPERATIONS_PENDING,
    OPERATIONS_FAILED,
    METRICS
};

static const struct {
    const char *name, *unit;
    enum kind kind;
} metrics[METRICS] = {
    [ALL_REQUESTS] = { "AllRequests", "Count", EACH },
    [GET_REQUESTS] = { "GetRequests", "Count", EACH },
    [PUT_REQUESTS] = { "PutRequests", "Count", EACH },
    [DELETE_REQUESTS] = { "DeleteRequests", "Count", EACH },
    [HEAD_REQUESTS] = { "HeadRequests", "Count", EACH },
    [POST_REQUESTS] = { "PostRequests", "Count", EACH },
    [LIST_REQUESTS] = { "ListRequests", "Count", EACH },
    [ERRORS_4XX] = { "4xxErrors", "Count", EACH },
    [ERRORS_5XX] = { "5xxErrors", "Count", EACH },
    [BYTES_DOWNLOADED] = { "BytesDownloaded", "Bytes", EACH },
    [BYTES_UPLOADED] = { "BytesUploaded", "Bytes", EACH },
    [FIRST_BYTE_LATENCY] = { "FirstByteLatency", "Milliseconds", EACH },
    [TOTAL_REQUEST_LATENCY] = { "TotalRequestLatency", "Milliseconds", EACH },
    [REPLICATION_LATENCY] = { "ReplicationLatency", "Seconds", HIGHEST },
    [BYTES_PENDING] = { "BytesPendingReplication", "Bytes", LEVEL },
    [OPERATIONS_PENDING] = { "OperationsPendingReplication", "Count", LEVEL },
    [OPERATIONS_FAILED] = { "OperationsFailedReplication", "Count", EACH },
};
static const char *const request_dimensions[] = { "BucketName", "FilterId", NULL };
static const char *const copy_dimensions[] = { "SourceBucket", "DestinationBucket", "RuleId" };

struct identity {
    enum metric_id metric;
    str region;
    str values[CLOUDWATCH_DIMENSIONS];
    uint64_t names; /* hash of region and values: one event counts in many metrics of the same */
};

struct series {
    uint64_t hash;
    struct identity is;
    struct cloudwatch_point *points; /* by minute; malloc'd */
    size_t count, room;
};

struct cloudwatch {
    struct mutex lock;
    struct arena *arena; /* series and their names */
    struct series *slots[SLOTS];
    struct series *all[CLOUDWATCH_SERIES]; /* in order of appearance */
    size_t count, points, spreads;
};

struct cloudwatch *cloudwatch_new(void)
{
    struct cloudwatch *cloudwatch = mem_alloc(sizeof *cloudwatch);
    mutex_init(&cloudwatch->lock);
    cloudwatch->arena = arena_new();
    return cloudwatch;
}

static void drop_spread(struct cloudwatch *cloudwatch, struct cloudwatch_point *point)
{
    if (point->spread == NULL)
        return;
    spread_free(point->spread);
    free(point->spread);
    point->spread = NULL;
    cloudwatch->spreads--;
}

static void forget_oldest(struct cloudwatch *cloudwatch, struct series *series, size_t count)
{
    for (size_t i = 0; i < count; i++)
        drop_spread(cloudwatch, &series->points[i]);
    series->count -= count;
    cloudwatch->points -= count;
    memmove(series->points, series->points + count, series->count * sizeof *series->points);
}

static void clear(struct cloudwatch *cloudwatch)
{
    for (size_t i = 0; i < cloudwatch->count; i++) {
        forget_oldest(cloudwatch, cloudwatch->all[i], cloudwatch->all[i]->count);
        free(cloudwatch->all[i]->points);
    }
    memset(cloudwatch->slots, 0, sizeof cloudwatch->slots);
    cloudwatch->count = 0;
    arena_reset(cloudwatch->arena);
}

void cloudwatch_free(struct cloudwatch *cloudwatch)
{
    if (cloudwatch == NULL)
        return;
    clear(cloudwatch);
    arena_free(cloudwatch->arena);
    mutex_fini(&cloudwatch->lock);
    free(cloudwatch);
}

int64_t cloudwatch_minute(instant at)
{
    return at.ns / MINUTE_NS;
}

static enum metric_id metric_of(str name)
{
    enum metric_id id = 0;
    while (id < METRICS && !str_is(name, metrics[id].name))
        id++;
    return id;
}

const char *cloudwatch_unit(str name)
{
    enum metric_id id = metric_of(name);
    if (storage_metrics_has(name))
        return storage_metrics_unit(name);
    return id < METRICS ? metrics[id].unit : "None";
}

static bool is_level(enum metric_id id)
{
    return id >= REPLICATION_LATENCY && id <= OPERATIONS_PENDING;
}

bool cloudwatch_counts_pending(str name)
{
    return is_level(metric_of(name));
}

static const char *const *dimensions_of(enum metric_id metric)
{
    return metric < REPLICATION_LATENCY ? request_dimensions : copy_dimensions;
}

/* --- series --- */

#define SPREAD 0x9e3779b97f4a7c15u

static struct identity named(struct identity is)
{
    is.names = rng_hash(is.region);
    for (size_t i = 0; i < CLOUDWATCH_DIMENSIONS; i++)
        is.names = (is.names ^ rng_hash(is.values[i])) * SPREAD;
    return is;
}

static uint64_t hash_of(const struct identity *is)
{
    return (is->names ^ (is->metric + 1)) * SPREAD;
}

static bool is_it(const struct series *series, uint64_t hash, const struct identity *is)
{
    bool same = series->hash == hash && series->is.metric == is->metric &&
                str_eq(series->is.region, is->region);
    for (size_t i = 0; same && i < CLOUDWATCH_DIMENSIONS; i++)
        same = str_eq(series->is.values[i], is->values[i]);
    return same;
}

static struct series *find_locked(const struct cloudwatch *cloudwatch, const struct identity *is,
                                  size_t *slot)
{
    uint64_t hash = hash_of(is);
    mutex_assert_held(&cloudwatch->lock);
    for (*slot = hash % SLOTS; cloudwatch->slots[*slot]; *slot = (*slot + 1) % SLOTS)
        if (is_it(cloudwatch->slots[*slot], hash, is))
            return cloudwatch->slots[*slot];
    return NULL;
}

static struct series *make_locked(struct cloudwatch *cloudwatch, const struct identity *is)
{
    size_t slot;
    struct series *series = find_locked(cloudwatch, is, &slot);
    if (series || cloudwatch->count == CLOUDWATCH_SERIES)
        return series;
    series = ARENA_NEW(cloudwatch->arena, struct series);
    series->hash = hash_of(is);
    series->is = *is;
    series->is.region = str_copy(cloudwatch->arena, is->region);
    for (size_t i = 0; i < CLOUDWATCH_DIMENSIONS; i++)
        series->is.values[i] = str_copy(cloudwatch->arena, is->values[i]);
    cloudwatch->slots[slot] = series;
    cloudwatch->all[cloudwatch->count++] = series;
    return series;
}

/* --- points --- */

/* The first point at or after the minute. */
static size_t place_of(const struct series *series, int64_t minute)
{
    size_t low = 0, high = series->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (series->points[middle].minute < minute)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NULL for a minute that is too old, or when there is no room. Room is made by forgetting an eighth
 * of what the series has, so that moving it costs little per point. */
static struct cloudwatch_point *point_locked(struct cloudwatch *cloudwatch, struct series *series,
                                             int64_t minute)
{
    bool full = series->count == CLOUDWATCH_MINUTES || cloudwatch->points == CLOUDWATCH_POINTS;
    size_t at = place_of(series, minute);
    if (at < series->count && series->points[at].minute == minute)
        return &series->points[at];
    if (series->count && series->points[series->count - 1].minute - minute >= CLOUDWATCH_MINUTES)
        return NULL;
    if (full) {
        forget_oldest(cloudwatch, series, series->count / 8);
        at = place_of(series, minute);
        if (at == 0 || cloudwatch->points == CLOUDWATCH_POINTS)
            return NULL;
    }
    if (series->count == series->room) {
        series->room = series->room ? series->room * 2 : 8;
        series->points = mem_resize(series->points, series->room * sizeof *series->points);
    }
    memmove(series->points + at + 1, series->points + at,
            (series->count - at) * sizeof *series->points);
    series->points[at] = (struct cloudwatch_point){ .minute = minute };
    series->count++;
    cloudwatch->points++;
    return &series->points[at];
}

static void add_sample(struct cloudwatch_point *point, enum kind kind, double value)
{
    double sum = point->sum + value;
    if (kind == EACH) {
        point->least = point->samples == 0 || value < point->least ? value : point->least;
        point->most = point->samples == 0 || value > point->most ? value : point->most;
        point->sum = sum;
        point->samples++;
        return;
    }
    if (kind == HIGHEST)
        sum = value > point->sum ? value : point->sum;
    point->sum = point->least = point->most = sum;
    point->samples = 1;
}

/* Kept from the first sample that differs on. */
static void add_spread(struct cloudwatch *cloudwatch, struct cloudwatch_point *point, double value)
{
    bool alike = point->samples == 0 || (value <= point->least && value >= point->most);
    if (point->spread == NULL && (alike || cloudwatch->spreads == CLOUDWATCH_SPREADS))
        return;
    if (point->spread == NULL) {
        point->spread = mem_alloc(sizeof *point->spread);
        spread_add(point->spread, point->least, point->samples);
        cloudwatch->spreads++;
    }
    spread_add(point->spread, value, 1);
}

static void add_locked(struct cloudwatch *cloudwatch, struct series *series, int64_t minute,
                       double value)
{
    struct cloudwatch_point *point = series ? point_locked(cloudwatch, series, minute) : NULL;
    if (point == NULL)
        return;
    if (metrics[series->is.metric].kind == EACH)
        add_spread(cloudwatch, point, value);
    add_sample(point, metrics[series->is.metric].kind, value);
}

static void count_locked(struct cloudwatch *cloudwatch, const struct identity *is, int64_t minute,
                         double value)
{
    add_locked(cloudwatch, make_locked(cloudwatch, is), minute, value);
}

/* --- requests --- */

/* AWS: "GetRequests ... this does not include list operations". */
static enum metric_id metric_of_method(const struct event *event)
{
    static const struct {
        const char *method;
        enum metric_id metric;
    } methods[] = { { "GET", GET_REQUESTS },
                    { "PUT", PUT_REQUESTS },
                    { "DELETE", DELETE_REQUESTS },
                    { "HEAD", HEAD_REQUESTS },
                    { "POST", POST_REQUESTS } };
    if (str_is(event->text[EVENT_METHOD], "GET") && event->text[EVENT_KEY].size == 0)
        return str_starts(event->text[EVENT_API], STR("List")) ? LIST_REQUESTS : ALL_REQUESTS;
    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_is(event->text[EVENT_METHOD], methods[i].method))
            return methods[i].metric;
    return ALL_REQUESTS;
}

static void count_request(struct cloudwatch *cloudwatch, const struct event *event)
{
    int64_t minute = cloudwatch_minute(event->at);
    double took_ms = (double) event->took.ns / 1e6;
    enum metric_id metric = metric_of_method(event);
    struct identity is =
        named((struct identity){ .region = event->text[EVENT_REGION],
                                 .values = { event->text[EVENT_BUCKET], STR("EntireBucket") } });
    const struct {
        enum metric_id metric;
        double value;
    } counts[] = { { ALL_REQUESTS, 1 },
                   { ERRORS_4XX, event->status >= 400 && event->status < 500 },
                   { ERRORS_5XX, event->status >= 500 },
                   { BYTES_DOWNLOADED, (double) event->bytes_out },
                   { BYTES_UPLOADED, (double) event->bytes_in },
                   { FIRST_BYTE_LATENCY, took_ms },
                   { TOTAL_REQUEST_LATENCY, took_ms },
                   { metric, 1 } };
    if (is.region.size == 0 || is.values[0].size == 0)
        return;
    size_t count = metric == ALL_REQUESTS ? COUNT(counts) - 1 : COUNT(counts);
    for (size_t i = 0; i < count; i++) {
        is.metric = counts[i].metric;
        count_locked(cloudwatch, &is, minute, counts[i].value);
    }
}

/* --- copies --- */

struct span { /* a copy on its way */
    instant from, to;
    double bytes;
};

/* What a copy that was on its way adds in one of its minutes. */
static double in_minute(enum metric_id metric, const struct span *span, int64_t minute)
{
    int64_t end = (minute + 1) * MINUTE_NS;
    if (metric == OPERATIONS_PENDING)
        return 1;
    if (metric == BYTES_PENDING)
        return span->bytes;
    return (double) ((span->to.ns < end ? span->to.ns : end) - span->from.ns) / 1e9;
}

static int64_t first_minute(const struct span *span)
{
    int64_t first = cloudwatch_minute(span->from), last = cloudwatch_minute(span->to);
    return last - first < CLOUDWATCH_MINUTES ? first : last - CLOUDWATCH_MINUTES + 1;
}

static void count_copy(struct cloudwatch *cloudwatch, const struct event *event)
{
    static const enum metric_id levels[] = { REPLICATION_LATENCY, BYTES_PENDING,
                                             OPERATIONS_PENDING };
    struct span span = { { event->at.ns - event->took.ns }, event->at, (double) event->bytes_out };
    struct identity is = named(
        (struct identity){ .region = event->text[EVENT_TO],
                           .values = { event->text[EVENT_BUCKET], event->text[EVENT_DESTINATION],
                                       event->text[EVENT_RULE] } });
    for (size_t i = 0; i < COUNT(levels); i++) {
        is.metric = levels[i];
        struct series *series = make_locked(cloudwatch, &is);
        for (int64_t minute = first_minute(&span); minute <= cloudwatch_minute(span.to); minute++)
            add_locked(cloudwatch, series, minute, in_minute(levels[i], &span, minute));
    }
    is.metric = OPERATIONS_FAILED;
    is.region = event->text[EVENT_FROM];
    is = named(is);
    count_locked(cloudwatch, &is, cloudwatch_minute(event->at), event->kind == EVENT_COPY_FAILED);
}

void cloudwatch_count(struct cloudwatch *cloudwatch, const struct event *event)
{
    SCOPED_LOCK(&cloudwatch->lock);
    if (event->kind == EVENT_REQUEST)
        count_request(cloudwatch, event);
    else if (event->kind == EVENT_COPY_APPLIED || event->kind == EVENT_COPY_FAILED ||
             event->kind == EVENT_COPY_DROPPED)
        count_copy(cloudwatch, event);
    else if (event->kind == EVENT_RESET)
        clear(cloudwatch);
}

/* --- reading --- */

size_t cloudwatch_list(struct cloudwatch *cloudwatch, struct arena *arena, str region,
                       struct cloudwatch_metric **out)
{
    size_t count = 0;
    SCOPED_LOCK(&cloudwatch->lock);
    *out = ARENA_ARRAY(arena, struct cloudwatch_metric, cloudwatch->count);
    for (size_t i = 0; i < cloudwatch->count; i++) {
        const struct identity *is = &cloudwatch->all[i]->is;
        struct cloudwatch_metric *metric = &(*out)[count];
        if (!str_eq(is->region, region))
            continue;
        count++;
        metric->name = str_of(metrics[is->metric].name);
        metric->region = region;
        if (cloudwatch->all[i]->count > 0)
            metric->last = cloudwatch->all[i]->points[cloudwatch->all[i]->count - 1].minute;
        for (size_t j = 0; j < CLOUDWATCH_DIMENSIONS && dimensions_of(is->metric)[j]; j++)
            metric->dimensions[j] = (struct cloudwatch_dimension){ dimensions_of(is->metric)[j],
                                                                   str_copy(arena, is->values[j]) };
    }
    return count;
}

/* False unless the query names all dimensions of the metric and no other: AWS matches a series by
 * its exact set. */
static bool identify(const struct cloudwatch_query *query, struct identity *is)
{
    size_t given = 0, matched = 0;
    *is = (struct identity){ .metric = metric_of(query->name), .region = query->region };
    if (is->metric == METRICS)
        return false;
    const char *const *names = dimensions_of(is->metric);
    size_t wanted = is->metric < REPLICATION_LATENCY ? 2 : 3;
    for (; given < CLOUDWATCH_DIMENSIONS && query->dimensions[given].name; given++)
        for (size_t i = 0; i < wanted; i++)
            if (strcmp(query->dimensions[given].name, names[i]) == 0) {
                is->values[i] = query->dimensions[given].value;
                matched++;
            }
    *is = named(*is);
    return given == wanted && matched == wanted;
}

static struct spread *spread_new(struct arena *arena)
{
    struct spread *spread = ARENA_NEW(arena, struct spread);
    spread->arena = arena;
    return spread;
}

/* `to->spread`, when there is one, takes in every sample. */
void cloudwatch_add(struct cloudwatch_point *to, const struct cloudwatch_point *point)
{
    if (point->samples == 0)
        return;
    if (to->spread && point->spread)
        spread_merge(to->spread, point->spread);
    else if (to->spread)
        spread_add(to->spread, point->sum / (double) point->samples, point->samples);
    to->least = to->samples == 0 || point->least < to->least ? point->least : to->least;
    to->most = to->samples == 0 || point->most > to->most ? point->most : to->most;
    to->sum += point->sum;
    to->samples += point->samples;
}

/* Copies that have not ended yet are in their minutes so far. */
static void add_pending(const struct cloudwatch_query *query, const struct identity *is,
                        struct cloudwatch_point *minutes)
{
    for (size_t i = 0; is_level(is->metric) && i < query->pending_count; i++) {
        const struct cloudwatch_pending *copy = &query->pending[i];
        struct span span = { copy->queued_at, query->now, (double) copy->bytes };
        if (!str_eq(copy->source, is->values[0]) || !str_eq(copy->destination, is->values[1]) ||
            !str_eq(copy->rule, is->values[2]) || !str_eq(copy->to_region, is->region))
            continue;
        for (int64_t minute = first_minute(&span); minute <= cloudwatch_minute(span.to); minute++)
            if (minute >= query->from && minute < query->to)
                add_sample(&minutes[minute - query->from], metrics[is->metric].kind,
                           in_minute(is->metric, &span, minute));
    }
}

static void take_minutes(struct cloudwatch *cloudwatch, struct arena *arena,
                         const struct cloudwatch_query *query, const struct identity *is,
                         struct cloudwatch_point *minutes)
{
    size_t slot;
    SCOPED_LOCK(&cloudwatch->lock);
    const struct series *series = find_locked(cloudwatch, is, &slot);
    for (size_t i = series ? place_of(series, query->from) : 0;
         series && i < series->count && series->points[i].minute < query->to; i++) {
        struct cloudwatch_point *minute = &minutes[series->points[i].minute - query->from];
        *minute = series->points[i];
        minute->spread = NULL;
        if (!query->spread || series->points[i].spread == NULL)
            continue;
        minute->spread = spread_new(arena);
        spread_merge(minute->spread, series->points[i].spread);
    }
}

double cloudwatch_percentile(const struct cloudwatch_point *point, double percent)
{
    double value = point->spread ? spread_percentile(point->spread, percent) : point->least;
    return value < point->least || percent <= 0    ? point->least
           : value > point->most || percent >= 100 ? point->most
                                                   : value;
}

struct cloudwatch_points cloudwatch_read(struct cloudwatch *cloudwatch, struct arena *arena,
                                         const struct cloudwatch_query *query)
{
    struct cloudwatch_points out = { 0 };
    struct identity is;
    if (query->to <= query->from || query->period <= 0 || !identify(query, &is))
        return out;
    size_t span = (size_t) (query->to - query->from), period = (size_t) query->period;
    struct cloudwatch_point *minutes = ARENA_ARRAY(arena, struct cloudwatch_point, span);
    out.at = ARENA_ARRAY(arena, struct cloudwatch_point, span / period + 1);
    take_minutes(cloudwatch, arena, query, &is, minutes);
    add_pending(query, &is, minutes);
    for (size_t at = 0; at < span; at += period) {
        struct cloudwatch_point *point = &out.at[out.count];
        *point = (struct cloudwatch_point){ .minute = query->from + (int64_t) at,
                                            .spread = query->spread ? spread_new(arena) : NULL };
        for (size_t i = at; i < at + period && i < span; i++)
            cloudwatch_add(point, &minutes[i]);
        out.count += point->samples > 0;
    }
    return out;
}
