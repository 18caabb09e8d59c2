/* restores: tells the targets of notifications when a temporary copy of an archived object is there
 * (s3:ObjectRestore:Completed) and when it went (s3:ObjectRestore:Delete). The state of a restore
 * follows from the clock (s3/restore.h); kept here, as a document committed with it, is only what
 * is still to be told, so that a restart tells it too.
 *
 * Threads: open and close belong to whoever opens the world; next and timer are the world thread's,
 * changed anybody's. Errors are logged; what could not be noted is told again.
 */
#ifndef ATOLL_SERVER_RESTORES_H
#define ATOLL_SERVER_RESTORES_H

#include "server/s3/restore.h"
#include "storage/version.h"

struct world;
struct restores;

struct restores *restores_open(struct world *world);
void restores_close(struct restores *restores);

/* The document for a restore of this version; `told`: its copy is there already. */
struct store_doc restores_doc(struct arena *arena, str bucket, const struct version_info *version,
                              const struct restore *restore, bool told);
/* Such a document was committed, or the world was wiped: look again. */
void restores_changed(struct world *world);

/* When something is to be told next; INSTANT_NEVER: nothing. */
instant restores_next(struct restores *restores);
void restores_timer(struct restores *restores, instant now);

#endif
