/* mraps: Multi-Region Access Points in memory, in step with their documents in the store.
 *
 * Reading is a snapshot: mraps_acquire pins the present list, which never changes; a change makes a
 * new list. So a request that began keeps its routes to its end, as AWS lets requests in flight
 * finish where they began. Routes change for each client at an instant that follows from the
 * emulated clock; everything else is what its last asynchronous request left (async_work.h).
 */
#ifndef ATOLL_SERVER_MRAPS_H
#define ATOLL_SERVER_MRAPS_H

#include "base/limits.h"
#include "server/mrap_routing.h"
#include "server/world.h"

enum mrap_status {
    MRAP_READY,
    MRAP_CREATING,
    MRAP_PARTIALLY_CREATED,
    MRAP_DELETING,
    MRAP_PARTIALLY_DELETED,
    MRAP_INCONSISTENT
};

/* In the order of mrap.block, as PublicAccessBlock has them. */
extern const char *const mrap_block_names[4];

/* A change of routes that some clients may not have followed yet. */
struct mrap_spread {
    instant at, effective_at;                /* drawn per client in between */
    unsigned before[LIMIT_REGIONS_PER_MRAP]; /* dials of who has not */
};
#define MRAP_SPREADS 4 /* [atoll] of changes in quick succession the oldest is followed at once */

struct mrap {
    str name;
    str alias; /* "mfzwi23gnjvgw.mrap" */
    str account;
    instant created_at;
    enum mrap_status status;
    bool block[4];             /* mrap_block_names */
    str policy;                /* established: in force in every Region */
    str proposed_policy;       /* the last that was put */
    region_set policy_missing; /* where the proposed one is not in force (yet) */
    struct route_member members[LIMIT_REGIONS_PER_MRAP];
    str member_accounts[LIMIT_REGIONS_PER_MRAP];
    size_t member_count;
    unsigned old_dials[LIMIT_REGIONS_PER_MRAP]; /* in force until effective_at */
    instant routes_at, routes_effective_at;     /* drawn per client in between */
    struct mrap_spread earlier[MRAP_SPREADS];   /* changes before that, newest first */
    size_t earlier_count;
    struct mrap_routing routing;
    uint64_t ordinal; /* incarnation: keys the draws */
};

struct mrap_list;
const struct mrap_list *mraps_acquire(struct mraps *mraps);
void mraps_release(const struct mrap_list *list);
size_t mrap_list_count(const struct mrap_list *list);
const struct mrap *mrap_list_at(const struct mrap_list *list, size_t index); /* by account, name */
const struct mrap *mrap_by_alias(const struct mrap_list *list, str alias);   /* "x.mrap" */
const struct mrap *mrap_by_name(const struct mrap_list *list, str account, str name);
/* READY, or as good as: what is INCONSISTENT_ACROSS_REGIONS serves too. */
bool mrap_serves(const struct mrap *mrap);
/* The policy in force in this Region; empty: none. */
str mrap_policy_in(const struct mrap *mrap, region_id region);
const char *mrap_status_name(enum mrap_status status);

MUST_CHECK struct mraps *mraps_open(struct store_reader *reader);
void mraps_close(struct mraps *mraps);
/* Reads the documents again and swaps the list: after a committed change, before its answer. */
void mraps_reload(struct mraps *mraps, struct store_reader *reader);

/* One mrap as a document: kind "mrap", id = account "/" name. */
struct store_doc mrap_to_doc(struct arena *arena, const struct mrap *mrap);
/* `after` as a document that is refused (STORE_EXISTS) when the store no longer has `before`: of
 * two changes at once the first wins. */
struct store_doc mrap_change_doc(struct arena *arena, const struct mrap *before,
                                 const struct mrap *after);
/* The routes of `changed` are new at `now`: they reach each client when its draw says so. `old` has
 * the routes that were in force. */
void mrap_routes_change(struct mrap *changed, const struct mrap *old, instant now, bool at_once);
MUST_CHECK bool mrap_from_doc(struct arena *arena, const struct store_doc *doc, struct mrap *out);

#endif
