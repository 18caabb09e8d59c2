/* cloudwatch: the metrics of namespace AWS/S3, as CloudWatch keeps them: one point per series and
 * emulated minute, counted from events.
 *
 * Requests are counted per bucket (dimensions BucketName, FilterId=EntireBucket) in its Region.
 * Replication is told per rule (SourceBucket, DestinationBucket, RuleId): what FAILED in the
 * source's Region, the rest in the destination's. A copy counts as pending in each minute that it
 * was on its way in; that is known when it ends, so nothing samples, and copies that have not ended
 * yet are added by whoever reads.
 *
 * Ownership: readers get copies in their arena. Threads: cloudwatch_count is called under the
 * events' lock; readers any. Bounds: CLOUDWATCH_SERIES, CLOUDWATCH_POINTS, CLOUDWATCH_SPREADS;
 * a series keeps CLOUDWATCH_MINUTES, as AWS keeps points of one minute ("retained for 15 days").
 */
#ifndef ATOLL_SERVER_CLOUDWATCH_H
#define ATOLL_SERVER_CLOUDWATCH_H

#include "server/events.h"
#include "server/spread.h"

#define CLOUDWATCH_SERIES 4096    /* [atoll] */
#define CLOUDWATCH_POINTS 1000000 /* [atoll] of all series together */
#define CLOUDWATCH_SPREADS 50000  /* [atoll] of all points; those without have no percentiles */
#define CLOUDWATCH_MINUTES (15 * 1440)
#define CLOUDWATCH_DIMENSIONS 3

struct cloudwatch;

struct cloudwatch_dimension {
    const char *name; /* NULL after the last */
    str value;
};
struct cloudwatch_metric {
    str name;
    str region;
    struct cloudwatch_dimension dimensions[CLOUDWATCH_DIMENSIONS];
    int64_t last; /* the minute of its newest point */
};

struct cloudwatch_point { /* of a minute, or of a longer period */
    int64_t minute;       /* since 1970: the first one */
    double sum, least, most;
    uint64_t samples;      /* 0: no point */
    struct spread *spread; /* NULL: all samples are alike, or nobody asked */
};

/* A copy that is on its way, as the reader found it in the queue. */
struct cloudwatch_pending {
    str source, destination, rule, to_region;
    uint64_t bytes;
    instant queued_at;
};

struct cloudwatch_query {
    str region, name;
    struct cloudwatch_dimension dimensions[CLOUDWATCH_DIMENSIONS];
    int64_t from, to; /* minutes: from <= minute < to */
    int64_t period;   /* minutes */
    bool spread;      /* percentiles are wanted */
    instant now;
    const struct cloudwatch_pending *pending;
    size_t pending_count;
};
struct cloudwatch_points {
    struct cloudwatch_point *at; /* oldest first; only periods that have samples */
    size_t count;
};

struct cloudwatch *cloudwatch_new(void);
void cloudwatch_free(struct cloudwatch *cloudwatch);
void cloudwatch_count(struct cloudwatch *cloudwatch, const struct event *event);

/* Every series of the Region, in order of appearance. */
size_t cloudwatch_list(struct cloudwatch *cloudwatch, struct arena *arena, str region,
                       struct cloudwatch_metric **out);
/* Aggregated over periods that begin at `from`. */
struct cloudwatch_points cloudwatch_read(struct cloudwatch *cloudwatch, struct arena *arena,
                                         const struct cloudwatch_query *query);
/* `to` takes in all samples of the point. */
void cloudwatch_add(struct cloudwatch_point *to, const struct cloudwatch_point *point);
/* Of a point whose query wanted the spread; as exact as spread.h says, and at both ends quite. */
double cloudwatch_percentile(const struct cloudwatch_point *point, double percent);
/* The metric also tells of copies that have not ended yet. */
bool cloudwatch_counts_pending(str name);
/* "Count", "Bytes", "Milliseconds", "Seconds"; "None" for what is no metric of AWS/S3. */
const char *cloudwatch_unit(str name);
int64_t cloudwatch_minute(instant at);

#endif
