/* version_meta: which members of an object's metadata a change names. For the storage folder
 * only. */
#ifndef ATOLL_STORAGE_VERSION_META_H
#define ATOLL_STORAGE_VERSION_META_H

#include "storage/version.h"

/* Copies the members that `what` (of enum version_change) names. */
void version_meta_take(struct object_meta *to, const struct object_meta *from, unsigned what);

#endif
