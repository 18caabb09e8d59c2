/* storage_metrics: CloudWatch's daily metrics of storage, BucketSizeBytes (dimensions BucketName,
 * StorageType) and NumberOfObjects (StorageType=AllStorageTypes): one sample at each midnight of
 * the emulated clock, as the store saw it (storage/usage.h).
 *
 * Ownership: the arena's. Threads: the reader's. Source: S3 user guide, "Metrics and dimensions".
 */
#ifndef ATOLL_SERVER_STORAGE_METRICS_H
#define ATOLL_SERVER_STORAGE_METRICS_H

#include "server/cloudwatch.h"
#include "storage/usage.h"

#define STORAGE_METRICS_MINUTES ((int64_t) USAGE_DAYS * 1440)

bool storage_metrics_has(str name);
const char *storage_metrics_unit(str name); /* "Bytes", "Count" */
/* Every series of the Region that has a sample. */
MUST_CHECK size_t storage_metrics_list(struct store_reader *reader, struct arena *arena, str region,
                                       instant now, struct cloudwatch_metric **out);
struct cloudwatch_points storage_metrics_read(struct store_reader *reader, struct arena *arena,
                                              const struct cloudwatch_query *query);

#endif
