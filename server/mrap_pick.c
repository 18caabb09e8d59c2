/* The choice for one request; see mrap_pick.h. AWS promises that uploads in progress finish where
 * they began and that connections are not cut when routes change; the rest is nearness. */
#include "server/mrap_pick.h"

#include "base/rng.h"
#include "server/clients.h"

/* Each client follows each change of routes at a moment of its own. */
static bool has_followed(const struct world *world, const struct mrap *mrap,
                         const struct client *client, instant now, instant changed_at)
{
    double units[LAG_DRAWS];
    struct rng_key key = { .seed = world->seed,
                           .purpose = RNG_PROPAGATION,
                           .scope = client->hash,
                           .name = mrap->alias,
                           .ordinal = (uint64_t) changed_at.ns };
    lag_draw(&key, units);
    return !instant_before(now,
                           instant_add(changed_at, lag_sample(&mrap->routing.propagation, units)));
}

/* The dials of a client that has not followed the last change; NULL: it has. */
static const unsigned *old_dials(const struct world *world, const struct mrap *mrap,
                                 const struct client *client, instant now)
{
    const unsigned *dials = mrap->old_dials;
    if (!instant_before(now, mrap->routes_effective_at) ||
        has_followed(world, mrap, client, now, mrap->routes_at))
        return NULL;
    for (size_t i = 0; i < mrap->earlier_count; i++) {
        if (!instant_before(now, mrap->earlier[i].effective_at) ||
            has_followed(world, mrap, client, now, mrap->earlier[i].at))
            break;
        dials = mrap->earlier[i].before;
    }
    return dials;
}

bool mrap_pick_table(const struct world *world, const struct mrap *mrap,
                     const struct client *client, instant now,
                     struct route_member members[LIMIT_REGIONS_PER_MRAP], struct route_table *out)
{
    const unsigned *old = old_dials(world, mrap, client, now);
    for (size_t i = 0; i < mrap->member_count; i++) {
        members[i] = mrap->members[i];
        if (old)
            members[i].dial = old[i];
    }
    *out = (struct route_table){ .members = members,
                                 .count = mrap->member_count,
                                 .proximity = mrap->routing.proximity,
                                 .flap = mrap->routing.flap,
                                 .promotes = mrap->routing.failover == FAILOVER_AUTOMATIC };
    return old != NULL;
}

region_set mrap_pick_reachable(const struct mrap *mrap, region_set up)
{
    return mrap->routing.failover == FAILOVER_OFF ? REGION_SET_ALL : up;
}

static void go_to(struct request *rq, size_t member, enum route_reason reason)
{
    rq->route.member = member;
    rq->route.reason = reason;
    rq->route.rtt_ms = place_path_to(&rq->client->place, rq->mrap->members[member].region).rtt_ms;
}

/* An upload id leads to the Region that issued it. */
static bool follow_upload(struct request *rq, region_set up)
{
    const struct mrap *mrap = rq->mrap;
    str upload = request_query(rq, "uploadId");
    int64_t bucket;
    if (mrap->routing.affinity == AFFINITY_NONE || upload.size == 0 ||
        store_upload_bucket(rq->lane->reader, upload, &bucket) != STORE_OK)
        return false;
    for (size_t i = 0; i < mrap->member_count; i++) {
        struct bucket_info info;
        if (!region_set_has(up, mrap->members[i].region) ||
            store_bucket_get(rq->lane->reader, rq->arena, mrap->members[i].bucket, &info) !=
                STORE_OK ||
            info.id != bucket)
            continue;
        go_to(rq, i, ROUTE_UPLOAD_AFFINITY);
        return true;
    }
    return false;
}

/* A connection keeps the Region of its first request, while that is up. */
static bool follow_connection(struct request *rq, region_set up)
{
    const struct mrap *mrap = rq->mrap;
    if (mrap->routing.affinity != AFFINITY_CONNECTION || rq->kept == NULL ||
        rq->kept->mrap != rng_hash(mrap->alias) || !region_set_has(up, rq->kept->region))
        return false;
    for (size_t i = 0; i < mrap->member_count; i++)
        if (mrap->members[i].region == rq->kept->region) {
            go_to(rq, i, ROUTE_CONNECTION_AFFINITY);
            return true;
        }
    return false;
}

static void keep(struct request *rq)
{
    const struct mrap *mrap = rq->mrap;
    if (mrap->routing.affinity == AFFINITY_CONNECTION && rq->kept && rq->route.member != SIZE_MAX)
        *rq->kept =
            (struct kept_route){ rng_hash(mrap->alias), mrap->members[rq->route.member].region };
}

/* One draw for each request; with affinity "client" one for each client and change of routes. */
static struct route_draws draw(struct request *rq, const struct route_table *table)
{
    struct route_draws draws = { 0, 1 };
    bool once = rq->mrap->routing.affinity == AFFINITY_CLIENT;
    if (table->flap <= 0 && !route_is_weighted(table->members, table->count))
        return draws;
    struct rng_key key = { .seed = rq->world->seed,
                           .purpose = RNG_ROUTE,
                           .scope = rq->client->hash,
                           .name = rq->mrap->alias,
                           .ordinal = once ? (uint64_t) rq->mrap->routes_at.ns
                                           : client_next_ordinal(rq->client) };
    draws.weighted = rng_unit(&key);
    key.purpose = RNG_FLAP;
    draws.flap = rng_unit(&key);
    return draws;
}

void mrap_pick(struct request *rq, region_set up)
{
    struct route_member members[LIMIT_REGIONS_PER_MRAP];
    struct route_table table;
    if (follow_upload(rq, up) || follow_connection(rq, up))
        return;
    bool old = mrap_pick_table(rq->world, rq->mrap, rq->client, rq->received_at, members, &table);
    route_pick(&table, &rq->client->place, mrap_pick_reachable(rq->mrap, up), draw(rq, &table),
               &rq->route);
    if (rq->route.reason == ROUTE_PROMOTED)
        request_mark(rq, "automatic-failover",
                     "AWS sends nothing to a passive Region until somebody changes the routes");
    else if (old && rq->route.member != SIZE_MAX)
        rq->route.reason = ROUTE_OLD_ROUTE;
    keep(rq);
}
