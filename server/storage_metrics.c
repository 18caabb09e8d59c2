/* Samples of midnights, put together by period. */
#include "server/storage_metrics.h"

#include "storage/bucket.h"

#define SIZE "BucketSizeBytes"
#define COUNT_OF "NumberOfObjects"
#define DAY_MINUTES 1440

static const struct {
    const char *class, *type;
} types[] = {
    { "STANDARD", "StandardStorage" },
    { "STANDARD_IA", "StandardIAStorage" },
    { "ONEZONE_IA", "OneZoneIAStorage" },
    { "REDUCED_REDUNDANCY", "ReducedRedundancyStorage" },
    { "INTELLIGENT_TIERING", "IntelligentTieringFAStorage" },
    { "GLACIER_IR", "GlacierInstantRetrievalStorage" },
    { "GLACIER", "GlacierStorage" },
    { "DEEP_ARCHIVE", "DeepArchiveStorage" },
};
static const char all_types[] = "AllStorageTypes";

bool storage_metrics_has(str name)
{
    return str_is(name, SIZE) || str_is(name, COUNT_OF);
}

const char *storage_metrics_unit(str name)
{
    return str_is(name, SIZE) ? "Bytes" : "Count";
}

static str type_of(str class)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_is(class.size > 0 ? class : STR("STANDARD"), types[i].class))
            return str_of(types[i].type);
    return class;
}

/* The first midnight that it saw. */
static int64_t first_day(const struct bucket_info *bucket)
{
    return usage_day((instant){ bucket->created.ns - 1 }) + 1;
}

/* -- the series ------------------------------------------------------------------------------- */

static void add_metric(struct cloudwatch_metric *metric, const char *name,
                       const struct bucket_info *bucket, str type, int64_t day)
{
    *metric = (struct cloudwatch_metric){ .name = str_of(name),
                                          .region = bucket->region,
                                          .dimensions = { { "BucketName", bucket->name },
                                                          { "StorageType", type } },
                                          .last = day * DAY_MINUTES };
}

size_t storage_metrics_list(struct store_reader *reader, struct arena *arena, str region,
                            instant now, struct cloudwatch_metric **out)
{
    struct bucket_list buckets = { 0 };
    const struct bucket_list_query query = { .region = region };
    int64_t day = usage_day(now);
    size_t count = 0;
    if (store_bucket_list(reader, arena, &query, &buckets) != STORE_OK)
        return 0;
    *out = ARENA_ARRAY(arena, struct cloudwatch_metric, buckets.count * (USAGE_CLASSES + 1));
    for (size_t i = 0; i < buckets.count; i++) {
        const struct bucket_info *bucket = &buckets.at[i];
        struct usage_list held;
        if (first_day(bucket) > day ||
            store_usage_at(reader, arena, bucket->id, day, &held) != STORE_OK || held.count == 0)
            continue;
        for (size_t j = 0; j < held.count; j++)
            add_metric(&(*out)[count++], SIZE, bucket, type_of(held.at[j].class), day);
        add_metric(&(*out)[count++], COUNT_OF, bucket, str_of(all_types), day);
    }
    return count;
}

/* -- points ----------------------------------------------------------------------------------- */

/* AWS matches a series by its exact set of dimensions. */
static bool identify(const struct cloudwatch_query *query, str *bucket, str *type)
{
    *bucket = *type = STR_NONE;
    for (size_t i = 0; i < CLOUDWATCH_DIMENSIONS && query->dimensions[i].name; i++)
        if (strcmp(query->dimensions[i].name, "BucketName") == 0)
            *bucket = query->dimensions[i].value;
        else if (strcmp(query->dimensions[i].name, "StorageType") == 0)
            *type = query->dimensions[i].value;
        else
            return false;
    return str_is_set(*bucket) && str_is_set(*type) &&
           str_is(*type, all_types) == str_is(query->name, COUNT_OF);
}

/* False: nothing of that type was there, and CloudWatch got no sample. */
static bool sample(const struct usage_list *held, const struct cloudwatch_query *query, str type,
                   double *out)
{
    bool size = str_is(query->name, SIZE), any = false;
    *out = 0;
    for (size_t i = 0; i < held->count; i++)
        if (!size || str_eq(type_of(held->at[i].class), type)) {
            *out += (double) (size ? held->at[i].bytes : held->at[i].objects);
            any = true;
        }
    return any;
}

struct cloudwatch_points storage_metrics_read(struct store_reader *reader, struct arena *arena,
                                              const struct cloudwatch_query *query)
{
    struct cloudwatch_points out = { 0 };
    struct bucket_info bucket;
    str name, type;
    if (query->to <= query->from || query->period <= 0 || !identify(query, &name, &type) ||
        store_bucket_get(reader, arena, name, &bucket) != STORE_OK ||
        !str_eq(bucket.region, query->region))
        return out;
    int64_t day = (query->from + DAY_MINUTES - 1) / DAY_MINUTES, last = usage_day(query->now);
    day = day < first_day(&bucket) ? first_day(&bucket) : day;
    out.at = ARENA_ARRAY(arena, struct cloudwatch_point, USAGE_DAYS + 2);
    struct usage_list held = { .through = INT64_MIN };
    for (; day <= last && day * DAY_MINUTES < query->to && out.count <= USAGE_DAYS; day++) {
        struct cloudwatch_point point = { .samples = 1 };
        int64_t minute = day * DAY_MINUTES;
        minute -= (minute - query->from) % query->period;
        if (day > held.through && store_usage_at(reader, arena, bucket.id, day, &held) != STORE_OK)
            break;
        if (!sample(&held, query, type, &point.sum))
            continue;
        point.least = point.most = point.sum;
        if (out.count == 0 || out.at[out.count - 1].minute != minute)
            out.at[out.count++] = (struct cloudwatch_point){ .minute = minute };
        cloudwatch_add(&out.at[out.count - 1], &point);
    }
    return out;
}
