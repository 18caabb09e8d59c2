/* usage: how much each bucket held at the midnights of the emulated clock, by storage class: all
 * versions, delete markers and parts of uploads, as S3 counts them for CloudWatch's daily metrics.
 *
 * The first write of a day looks at everything before it changes anything, so that an idle world
 * needs no timer: what was not written since a midnight is what that midnight saw. Kept in the
 * world, with its snapshots; USAGE_DAYS of it.
 */
#ifndef ATOLL_STORAGE_USAGE_H
#define ATOLL_STORAGE_USAGE_H

#include "storage/store.h"

#define USAGE_CLASSES 16 /* storage classes that a bucket shows */
#define USAGE_DAYS 455   /* [AWS] points of an hour and more are kept so long */

struct usage {
    str class; /* empty: STANDARD */
    uint64_t objects, bytes;
};
struct usage_list {
    struct usage *at;
    size_t count;
    int64_t through; /* every midnight up to this day saw the same; INT64_MAX: so far */
};
int64_t usage_day(instant at); /* since 1970 */
/* At the midnight with which the day begins, for a bucket that was there. */
MUST_CHECK enum store_result store_usage_at(struct store_reader *reader, struct arena *arena,
                                            int64_t bucket, int64_t day, struct usage_list *out);

#endif
