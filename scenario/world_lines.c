/* Lines that make the world: Regions, buckets, access points, clients, and the way back. */
#include "replication/rules.h"
#include "scenario/run.h"
#include "server/anomalies.h"
#include "server/faults.h"
#include "server/auth/credentials.h"
#include "server/clients.h"
#include "server/config_apply.h"
#include "server/event_of.h"
#include "server/journal.h"
#include "server/mraps.h"
#include "server/regions.h"

/* The reader judged the codes; without a switch the line is for people. */
bool world_lines_region(struct call *call)
{
    struct run *run = call->run;
    str last = call->args[call->count - 1];
    bool enable = str_is(last, "enable");
    if (!enable && !str_is(last, "disable"))
        return true;
    for (size_t i = 0; i + 1 < call->count; i++) {
        region_id region = region_find(call->args[i]);
        struct store_doc doc = region_enabled_doc(region, enable);
        if (!region_at(region)->opt_in && !enable)
            return run_fail(call, "%.*s is enabled by default and cannot be disabled",
                            STR_ARG(call->args[i]));
        if (!run_commit(call, &doc, 1))
            return false;
    }
    run_note(run, "%.*s", STR_ARG(call->line->text));
    return true;
}

bool world_lines_bucket(struct call *call)
{
    struct run *run = call->run;
    struct config_make_bucket bucket = { .name = call->args[0],
                                         .region = call->args[2],
                                         .account = run->world->settings->account,
                                         .versioning = call->count > 3 ? VERSIONING_UNSET
                                                                       : VERSIONING_ENABLED };
    str error = STR_NONE;
    if (!config_make_bucket(run->arena, run->lane, &bucket, &error))
        return run_fail(call, "%.*s", STR_ARG(error));
    if (!bucket.made && run->stop)
        run_why(run, STR("a server keeps its world: --reset empties it before each file"));
    return bucket.made || run_fail(call, "bucket '%.*s' is there already", STR_ARG(call->args[0]));
}

bool world_lines_client(struct call *call)
{
    struct run *run = call->run;
    str error = STR_NONE;
    if (!clients_add(run->world->clients, run->arena, call->args[0], call->args[2], &error))
        return run_fail(call, "%.*s", STR_ARG(error));
    return true;
}

/* --- access points --- */

static const char *const routing_words[] = { "proximity", "affinity", "flap", "propagation",
                                             "failover" };

static bool ends_members(str word)
{
    bool ends = str_is(word, "alias");
    for (size_t i = 0; i < COUNT(routing_words); i++)
        ends = ends || str_is(word, routing_words[i]);
    return ends;
}

static bool read_members(struct call *call, struct mrap *mrap)
{
    struct run *run = call->run;
    for (size_t i = 2; i < call->count; i++) {
        struct bucket_info bucket;
        str name = call->args[i];
        if (ends_members(name))
            break;
        if (store_bucket_get(run->lane->reader, run->arena, name, &bucket) != STORE_OK)
            return run_fail(call, "there is no bucket '%.*s'", STR_ARG(name));
        if (mrap->member_count == LIMIT_REGIONS_PER_MRAP)
            return run_fail(call, "an access point has at most %d Regions", LIMIT_REGIONS_PER_MRAP);
        region_id region = region_find(bucket.region);
        for (size_t m = 0; m < mrap->member_count; m++)
            if (mrap->members[m].region == region)
                return run_fail(call,
                                "an access point has one bucket in each Region, but both "
                                "'%.*s' and '%.*s' are in %.*s",
                                STR_ARG(mrap->members[m].bucket), STR_ARG(name),
                                STR_ARG(bucket.region));
        mrap->member_accounts[mrap->member_count] = bucket.account;
        mrap->old_dials[mrap->member_count] = 100;
        mrap->members[mrap->member_count++] = (struct route_member){ bucket.name, region, 100 };
    }
    return true;
}

/* "flap 0.1 propagation uniform(10s,120s)": the words of the configuration's "routing". */
static bool read_routing(struct call *call, struct mrap_routing *routing)
{
    for (size_t i = 0; i < COUNT(routing_words); i++) {
        str value = call_after(call, routing_words[i]), error = STR_NONE, hint;
        struct json member = { .kind = JSON_STRING,
                               .string = value,
                               .name = str_of(routing_words[i]) };
        if (value.size == 0)
            continue;
        if (str_is(member.name, "flap") && str_to_double(value, &member.number))
            member.kind = JSON_NUMBER;
        if (!mrap_routing_set(call->run->arena, &member, routing, &error, &hint))
            return run_fail(call, "%.*s", STR_ARG(error));
    }
    return true;
}

static bool add_mrap(struct call *call, struct mrap *mrap, const struct mrap_list *list)
{
    struct run *run = call->run;
    if (mrap_by_name(list, mrap->account, mrap->name))
        return run_fail(call, "access point '%.*s' is there already", STR_ARG(mrap->name));
    if (mrap->alias.size == 0)
        mrap->alias = config_draw_alias(run->arena, run->world->seed, list, mrap->name);
    else if (mrap_by_alias(list, mrap->alias))
        return run_fail(call, "the alias %.*s is taken", STR_ARG(mrap->alias));
    struct store_doc doc = mrap_to_doc(run->arena, mrap);
    return run_commit(call, &doc, 1);
}

bool world_lines_mrap(struct call *call)
{
    struct run *run = call->run;
    instant now = run_now(run);
    struct mrap mrap = { .name = call->args[0],
                         .alias = call_after(call, "alias"),
                         .account = run->world->settings->account,
                         .created_at = now,
                         .block = { true, true, true, true },
                         .routing = mrap_routing_default(world_preset(run->world)) };
    store_read_begin(run->lane->reader);
    if (!read_members(call, &mrap) || !read_routing(call, &mrap.routing))
        return false;
    if (mrap.alias.size > 0 && !str_ends(mrap.alias, STR(".mrap")))
        mrap.alias = str_format(run->arena, "%.*s.mrap", STR_ARG(mrap.alias));
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    bool added = add_mrap(call, &mrap, list);
    mraps_release(list);
    return added;
}

/* --- reset --- */

bool world_lines_reset(struct call *call)
{
    static const str kept[] = { { "clock", 5 } };
    struct run *run = call->run;
    struct world *world = run->world;
    struct time_job job = { .kind = TIME_WIPED };
    struct store_wipe wipe;
    str error = STR_NONE;
    run_forget_answer(run);
    store_wipe_init(&wipe, run->arena);
    wipe.seed = world->seed;
    wipe.keep_kinds = kept;
    wipe.keep_count = COUNT(kept);
    enum store_result result = store_write_wait(world->store, &wipe.head);
    if (result != STORE_OK)
        return run_fail(call, "the world could not be wiped: %s", store_result_name(result));
    world_reload(world, run->lane->reader);
    event_of_change(world, EVENT_RESET,
                    str_is(call_after(call, "to"), "empty") ? STR("empty") : STR("config"),
                    STR_NONE);
    run->parts = NULL;
    if (!run_job(call, &job))
        return false;
    if (call_after(call, "to").size > 0 && str_is(call_after(call, "to"), "empty"))
        return true;
    if (!config_apply(run->arena, world, run->lane, &error))
        return run_fail(call, "%.*s", STR_ARG(error));
    return true;
}
