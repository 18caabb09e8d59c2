/* version_id: what the ids of versions look like. As AWS's they are 32 letters, digits, dots and
 * underscores, opaque to clients, and an invented one can be told from one that is gone. Inside are
 * chance, the version's stamp under a veil (a listing goes on behind a version that is gone) and a
 * seal over both. Pure. */
#ifndef ATOLL_STORAGE_VERSION_ID_H
#define ATOLL_STORAGE_VERSION_ID_H

#include "base/rng.h"

/* Ten bytes of the draw `key` decide; the same draw and stamp give the same id. */
str version_id_make(struct arena *arena, const struct rng_key *key, int64_t stamp_us);
/* False: no atoll made this id ("null" is none either). */
MUST_CHECK bool version_id_read(struct arena *arena, str id, int64_t *stamp_us);

#endif
