/* Lines that change how traffic flows: routes, lag, partitions, outages. As the admin API does:
 * committed first, then taken into memory, then the world thread looks what can travel now. */
#include "scenario/run.h"
#include "server/mraps.h"
#include "server/regions.h"

#define MOST_GROUPS 16

/* "for 2m": its end; false when that was no duration. */
static bool read_end(struct call *call, instant *until)
{
    str text = call_after(call, "for");
    duration d;
    *until = INSTANT_NEVER;
    if (text.size == 0)
        return true;
    if (!duration_parse(text, &d))
        return run_fail(call, "'%.*s' is no duration", STR_ARG(text));
    *until = instant_add(run_now(call->run), d);
    return true;
}

static bool commit(struct call *call, const struct store_doc *docs, size_t count)
{
    run_note(call->run, "%.*s", STR_ARG(call->line->text));
    return run_commit(call, docs, count);
}

static bool commit_one(struct call *call, struct store_doc doc)
{
    return commit(call, &doc, 1);
}

/* --- lag --- */

static str lag_text_of(const struct call *call, size_t from)
{
    static const char *const after[] = { "both", "bandwidth", "rule", "prefix" };
    for (size_t i = 0; i < COUNT(after); i++)
        if (from >= call->count || str_is(call->args[from], after[i]))
            return STR_NONE;
    return call->args[from];
}

/* Of a rule's or a prefix's copies alone, or of all: that is meant for every rule. */
static bool set_lag(struct call *call, struct link *link, str text)
{
    struct arena *arena = call->run->arena;
    struct link_override one = { .rule = str_copy(arena, call_after(call, "rule")),
                                 .prefix = str_copy(arena, call_after(call, "prefix")) };
    bool some = one.rule.size + one.prefix.size > 0;
    str error = STR_NONE;
    if (str_is(text, "none") && !some)
        return run_fail(call, "none takes the lag of a rule or a prefix back: say which");
    if (str_is(text, "none")) {
        links_override_take_back(link, one.rule, one.prefix);
        return true;
    }
    if (!lag_parse(arena, text, &one.lag, &error))
        return run_fail(call, "%.*s", STR_ARG(error));
    if (some)
        return links_override_set(arena, link, &one) ||
               run_fail(call, "a link has at most %d lags of single rules", LINK_OVERRIDES);
    link->has_lag = true;
    link->lag = one.lag;
    link->override_count = 0;
    return true;
}

static bool change_link(struct call *call, region_id from, region_id to, str lag)
{
    struct run *run = call->run;
    struct link link = links_get(run->world->links, run->arena, from, to);
    str speed = call_after(call, "bandwidth");
    if (lag.size > 0 && !set_lag(call, &link, lag))
        return false;
    if (speed.size > 0) {
        link.has_bandwidth = true;
        link.bandwidth_bytes_per_s = 0;
        if (!str_is(speed, "unlimited") && !size_parse(speed, &link.bandwidth_bytes_per_s))
            return run_fail(call, "'%.*s' is no bandwidth", STR_ARG(speed));
    }
    return commit_one(call, link_doc(run->arena, from, to, &link));
}

bool traffic_lag(struct call *call)
{
    region_id from = REGION_NONE, to = REGION_NONE;
    bool arrow = call->count > 2 && (str_is(call->args[1], "->") || str_is(call->args[1], "<->"));
    bool pair = arrow || (call->count > 1 && region_find(call->args[0]) != REGION_NONE);
    bool both = call_has(call, "both") || call_has(call, "<->");
    size_t next = arrow ? 3 : pair ? 2 : 0;
    if (pair) {
        from = region_find(call->args[0]);
        to = region_find(call->args[next - 1]);
        if (from == REGION_NONE || to == REGION_NONE)
            return run_fail(call, "a link is a pair of Regions");
    }
    str lag = lag_text_of(call, next);
    if (lag.size == 0 && call_after(call, "bandwidth").size == 0)
        return run_fail(call, "a lag or a bandwidth is missing");
    return change_link(call, from, to, lag) && (!both || !pair || change_link(call, to, from, lag));
}

/* --- partitions and outages --- */

bool traffic_partition(struct call *call)
{
    region_set groups[MOST_GROUPS] = { REGION_SET_NONE }, all = REGION_SET_NONE;
    size_t count = 1;
    instant until;
    for (size_t i = 0; i < call->count && !str_is(call->args[i], "for"); i++) {
        if (str_is(call->args[i], "one-way"))
            continue;
        if (str_is(call->args[i], "/")) {
            if (groups[count - 1] == REGION_SET_NONE || count == MOST_GROUPS)
                return run_fail(call, "groups of Regions stand between the slashes");
            count++;
            continue;
        }
        region_id region = region_find(call->args[i]);
        if (region == REGION_NONE || region_set_has(all, region))
            return run_fail(call, "%.*s is no Region, or in two groups", STR_ARG(call->args[i]));
        all = region_set_with(all, region);
        groups[count - 1] = region_set_with(groups[count - 1], region);
    }
    if (count < 2 || groups[count - 1] == REGION_SET_NONE)
        return run_fail(call, "a partition has two groups or more: A B / C");
    return read_end(call, &until) &&
           commit_one(call, links_partition_doc(call->run->arena, groups, count, until,
                                                call_has(call, "one-way")));
}

bool traffic_heal(struct call *call)
{
    return commit_one(call, links_heal_doc());
}

bool traffic_outage(struct call *call)
{
    struct region_outage outage = { .region = region_find(call->args[0]),
                                    .down = str_is(call->args[1], "on") };
    struct store_doc docs[REGION_PLANES];
    str plane = call_after(call, "plane");
    if (outage.region == REGION_NONE)
        return run_fail(call, "'%.*s' is no Region", STR_ARG(call->args[0]));
    if (!region_planes_read(plane.size > 0 ? plane : STR("both"), outage.planes))
        return run_fail(call, "'%.*s' is no plane: data, control or both", STR_ARG(plane));
    if (!read_end(call, &outage.until))
        return false;
    size_t count = region_outage_docs(call->run->arena, &outage, docs);
    return commit(call, docs, count);
}

bool traffic_skew(struct call *call)
{
    duration skew;
    region_id region = region_find(call->args[0]);
    if (region == REGION_NONE || !duration_parse(call->args[1], &skew) ||
        skew.ns > REGION_MOST_SKEW.ns)
        return run_fail(call, "say the Region and how far its clock is ahead, up to 365d");
    return commit_one(call, region_skew_doc(call->run->arena, region, skew));
}

/* --- routes --- */

static bool read_changes(struct call *call, struct route_change *changes, size_t *count)
{
    for (size_t i = 1; i + 1 < call->count; i += 2) {
        uint64_t dial = 100;
        if (str_is(call->args[i + 1], "passive"))
            dial = 0;
        else if (!str_is(call->args[i + 1], "active") &&
                 (!str_to_u64(call->args[i + 1], &dial) || dial > 100))
            return run_fail(call, "'%.*s' is no dial", STR_ARG(call->args[i + 1]));
        changes[(*count)++] = (struct route_change){ STR_NONE, call->args[i], (unsigned) dial };
    }
    return true;
}

static bool change_routes(struct call *call, const struct mrap_list *list)
{
    struct run *run = call->run;
    struct route_change changes[LIMIT_REGIONS_PER_MRAP];
    struct route_changes given = { changes, 0, run->world->settings->strict };
    struct route_update_result result;
    const struct mrap *mrap = mrap_by_name(list, run->world->settings->account, call->args[0]);
    if (mrap == NULL)
        return run_fail(call, "there is no access point '%.*s'", STR_ARG(call->args[0]));
    if (!read_changes(call, changes, &given.count))
        return false;
    struct mrap changed = *mrap;
    if (!route_update(changed.members, changed.member_count, &given, &result)) {
        struct buf why;
        buf_init_arena(&why, run->arena, 1024);
        route_update_describe(&given, &result, &why);
        return run_fail(call, "%.*s", STR_ARG(buf_str(&why)));
    }
    mrap_routes_change(&changed, mrap, run_now(run), call_has(call, "now"));
    return commit_one(call, mrap_to_doc(run->arena, &changed));
}

bool traffic_route(struct call *call)
{
    const struct mrap_list *list = mraps_acquire(call->run->world->mraps);
    bool changed = change_routes(call, list);
    mraps_release(list);
    return changed;
}
