/* restore: archived objects and their temporary copies, on the emulated clock.
 *
 * The state is kept among object_meta.fields under RESTORE_FIELD as "READY EXPIRY" in nanoseconds
 * of emulated time, and shown as the x-amz-restore header. Pure but for the arena. */
#ifndef ATOLL_SERVER_S3_RESTORE_H
#define ATOLL_SERVER_S3_RESTORE_H

#include "base/fields.h"
#include "base/time.h"

#define RESTORE_FIELD "x-amz-restore"

enum restore_state { RESTORE_NONE, RESTORE_ONGOING, RESTORE_DONE };

struct restore {
    instant ready, expiry;
};

bool restore_is_archived(str storage_class);
/* NONE also once the copy has expired. */
enum restore_state restore_state(str value, instant now, struct restore *out);
str restore_value(struct arena *arena, const struct restore *restore);
/* What x-amz-restore says; STR_NONE when there is nothing to say any more. */
str restore_shown(struct arena *arena, str value, instant now);
/* Archived and without a copy that could be read now. */
bool restore_is_needed(struct arena *arena, str storage_class, str packed_fields, instant now);

#endif
