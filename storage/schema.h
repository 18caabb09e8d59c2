/* schema: the tables, and the steps from each older schema to the present one (user_version).
 * For the storage folder only. */
#ifndef ATOLL_STORAGE_SCHEMA_H
#define ATOLL_STORAGE_SCHEMA_H

#include "storage/db.h"

/* Makes or migrates the tables. False with *error, e.g. for a database of a later atoll. */
MUST_CHECK bool schema_apply(struct db *db, struct arena *arena, str *error);
/* The present one. */
int64_t schema_version(void);

#endif
