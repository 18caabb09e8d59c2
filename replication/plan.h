/* plan: what the store asks replication inside a commit (store_hooks): which copies a change causes
 * and when each is due.
 *
 * A planner is made before the store is opened, since the store wants its hooks, and gets its links
 * and the store afterwards, before the first write. Threads: planner_new, planner_attach and
 * planner_free belong to whoever opens the world; the hooks run on the writer thread; what
 * planner_wake sets may be set at any time.
 */
#ifndef ATOLL_REPLICATION_PLAN_H
#define ATOLL_REPLICATION_PLAN_H

#include "replication/links.h"
#include "replication/rules.h"
#include "storage/queue.h"

#define PLAN_OPTION_STORAGE_CLASS "storage-class" /* of the replica */
#define PLAN_OPTION_OWNER "owner"                 /* account that owns the replica */
#define PLAN_OPTION_KMS_KEY PLAN_FIELD_ENCRYPTION "-aws-kms-key-id" /* stands for the field */
#define PLAN_OPTION_RTC "rtc"                                /* "15m": the copy has a threshold */
#define PLAN_OPTION_METRICS "metrics"                        /* "on": its trouble is told */
#define PLAN_RTC_THRESHOLD DURATION_S(15 * 60)               /* the only one that AWS knows */
#define PLAN_FIELD_ENCRYPTION "x-amz-server-side-encryption" /* meta field of SSE-KMS objects */

struct planner;
typedef void planner_wake_fn(void *ctx, instant earliest);

/* NULL: see store_hooks. */
struct planner *planner_new(acl_abroad_fn *acl_abroad, lock_default_fn *lock_default);
void planner_free(struct planner *planner);
/* `store` gives the seed, which a wipe changes. Neither is owned. */
void planner_attach(struct planner *planner, struct links *links, const struct store *store);
/* Called after each commit that touched the queue; NULL: nobody. Does not return while an earlier
 * function still runs. */
void planner_wake(struct planner *planner, planner_wake_fn *wake, void *ctx);
const struct store_hooks *planner_hooks(const struct planner *planner);

/* The hook itself, for tests: ctx is the planner, `rules` is repl_config_pack's text. */
store_plan_fn planner_plan;

#endif
