/* Access points: as they stand, how they route, and where a client would be sent. */
#include "server/admin/call.h"
#include "server/changes.h"
#include "server/clients.h"
#include "server/event_of.h"
#include "server/mrap_pick.h"
#include "server/regions.h"

struct change {
    struct store_write write;
    struct store_doc doc;
    struct changes_pending said;
    str name;
    bool routes; /* changed; else how it routes */
};

/* --- which one --- */

const struct mrap *admin_find_mrap(struct request *rq, str name)
{
    if (rq->mraps == NULL)
        rq->mraps = mraps_acquire(rq->world->mraps);
    for (size_t i = 0; i < mrap_list_count(rq->mraps); i++) {
        const struct mrap *mrap = mrap_list_at(rq->mraps, i);
        if (str_eq(mrap->name, name) || str_eq(mrap->alias, name))
            return mrap;
    }
    return NULL;
}

/* --- as they stand --- */

static const char *route_word(unsigned dial)
{
    return dial == 0 ? "passive" : dial == 100 ? "active" : "weight";
}

static void write_members(struct request *rq, struct json_writer *w, const struct mrap *mrap)
{
    region_set up = regions_up(rq->world->regions, rq->received_at);
    bool spreading = instant_before(rq->received_at, mrap->routes_effective_at);
    json_array(w, "members");
    for (size_t i = 0; i < mrap->member_count; i++) {
        const struct route_member *member = &mrap->members[i];
        json_object(w, NULL);
        json_text(w, "bucket", member->bucket);
        json_text(w, "region", region_at(member->region)->code);
        json_integer(w, "dial", member->dial);
        if (spreading && mrap->old_dials[i] != member->dial)
            json_integer(w, "old_dial", mrap->old_dials[i]);
        json_text(w, "route", str_of(route_word(member->dial)));
        json_boolean(w, "outage", !region_set_has(up, member->region));
        json_end(w);
    }
    json_end(w);
}

/* Members only. */
static void write_mrap(struct request *rq, struct json_writer *w, const struct mrap *mrap)
{
    bool spreading = instant_before(rq->received_at, mrap->routes_effective_at);
    json_text(w, "name", mrap->name);
    json_text(w, "account", mrap->account);
    json_text(w, "alias", mrap->alias);
    json_text(w, "arn",
              str_format(rq->arena, "arn:aws:s3::%.*s:accesspoint/%.*s", STR_ARG(mrap->account),
                         STR_ARG(mrap->alias)));
    json_text(w, "status", str_of(mrap_status_name(mrap->status)));
    json_object(w, "routing");
    mrap_routing_write(rq->arena, w, &mrap->routing);
    json_end(w);
    json_boolean(w, "route_change_in_progress", spreading);
    if (spreading)
        json_text(w, "routes_everywhere_at", instant_iso8601(rq->arena, mrap->routes_effective_at));
    write_members(rq, w, mrap);
}

void admin_write_mraps(struct request *rq, struct json_writer *w)
{
    if (rq->mraps == NULL)
        rq->mraps = mraps_acquire(rq->world->mraps);
    json_array(w, "mraps");
    for (size_t i = 0; i < mrap_list_count(rq->mraps); i++) {
        json_object(w, NULL);
        write_mrap(rq, w, mrap_list_at(rq->mraps, i));
        json_end(w);
    }
    json_end(w);
}

enum s3_code admin_mraps(struct admin_call *call)
{
    struct buf buf;
    struct json_writer w = admin_begin(call->rq, &buf);
    admin_write_mraps(call->rq, &w);
    json_end(&w);
    return admin_reply(call->rq, &buf);
}

static enum s3_code show(struct request *rq, const struct mrap *mrap)
{
    struct buf buf;
    struct json_writer w = admin_begin(rq, &buf);
    write_mrap(rq, &w, mrap);
    json_end(&w);
    return admin_reply(rq, &buf);
}

enum s3_code admin_mrap_show(struct admin_call *call)
{
    const struct mrap *mrap = admin_mrap(call->rq, call->args[0]);
    return mrap ? show(call->rq, mrap) : S3_OK;
}

/* --- changes --- */

/* "us-east-1 100, eu-west-1 0" */
static str routes_text(struct arena *arena, const struct mrap *mrap)
{
    struct buf text;
    buf_init_arena(&text, arena, 4096);
    for (size_t i = 0; i < mrap->member_count; i++)
        buf_addf(&text, "%s%.*s %u", i ? ", " : "",
                 STR_ARG(region_at(mrap->members[i].region)->code), mrap->members[i].dial);
    return buf_str(&text);
}

static enum s3_code committed(struct request *rq)
{
    struct change *change = admin_call_of(rq)->state;
    if (change->write.result == STORE_EXISTS)
        return admin_problem(rq, 409, "route-change-in-progress",
                             STR("the access point was changed by another request just now"),
                             STR("look at it and ask again"));
    if (change->write.result != STORE_OK)
        return admin_store_problem(rq, change->write.result);
    mraps_reload(rq->world->mraps, rq->lane->reader);
    mraps_release(rq->mraps);
    rq->mraps = NULL;
    changes_after(&change->said);
    const struct mrap *mrap = admin_mrap(rq, change->name);
    if (mrap == NULL)
        return S3_OK;
    event_of_change(rq->world, EVENT_ROUTE, mrap->name,
                    change->routes ? routes_text(rq->arena, mrap)
                                   : mrap_routing_text(rq->arena, &mrap->routing));
    return show(rq, mrap);
}

static enum s3_code submit(struct admin_call *call, const struct mrap *before,
                           const struct mrap *after, bool routes)
{
    struct request *rq = call->rq;
    struct change *change = ARENA_NEW(rq->arena, struct change);
    call->state = change;
    change->routes = routes;
    change->name = str_copy(rq->arena, before->name); /* outlives the list it is of */
    change->doc = mrap_change_doc(rq->arena, before, after);
    store_docs_init(&change->write, rq->arena);
    change->write.docs = &change->doc;
    change->write.doc_count = 1;
    change->said = (struct changes_pending){ rq->lane, rq->arena, rq, &change->doc, 1, NULL };
    changes_before(&change->said);
    return request_write(rq, &change->write, committed);
}

enum s3_code admin_patch_mrap(struct admin_call *call)
{
    static const char *const members[] = { "proximity",   "affinity", "flap",
                                           "propagation", "failover", NULL };
    struct request *rq = call->rq;
    const struct mrap *mrap = admin_mrap(rq, call->args[0]);
    if (mrap == NULL || !admin_members(call, members))
        return S3_OK;
    struct mrap changed = *mrap;
    for (const struct json *member = call->document->child; member; member = member->next) {
        str error = STR_NONE, hint = STR_NONE;
        if (!mrap_routing_set(rq->arena, member, &changed.routing, &error, &hint))
            return admin_problem(rq, 400, "bad-routing", error, hint);
    }
    return submit(call, mrap, &changed, false);
}

/* Each member of the document names a Region: "active", "passive" or a dial; "now": true lets the
 * change act at once. False: the problem stands. */
static bool read_routes(struct admin_call *call, struct route_change *changes, size_t *count,
                        bool *now)
{
    for (const struct json *member = call->document->child; member; member = member->next) {
        unsigned dial = 101;
        if (str_is(member->name, "now") && member->kind == JSON_BOOL) {
            *now = member->boolean;
            continue;
        }
        if (member->kind == JSON_NUMBER && member->number >= 0 && member->number <= 100 &&
            member->number == (unsigned) member->number)
            dial = (unsigned) member->number;
        else if (member->kind == JSON_STRING && str_is(member->string, "active"))
            dial = 100;
        else if (member->kind == JSON_STRING && str_is(member->string, "passive"))
            dial = 0;
        if (dial > 100 || *count == LIMIT_REGIONS_PER_MRAP) {
            admin_problem(call->rq, 400, "bad-route",
                          str_format(call->rq->arena,
                                     "a route of %.*s is active, passive or a dial from 0 to 100",
                                     STR_ARG(member->name)),
                          STR_NONE);
            return false;
        }
        changes[(*count)++] = (struct route_change){ STR_NONE, member->name, dial };
    }
    return true;
}

/* A Region that has no member. */
static enum s3_code unknown_member(struct request *rq, const struct mrap *mrap, str region)
{
    str codes[LIMIT_REGIONS_PER_MRAP];
    for (size_t i = 0; i < mrap->member_count; i++)
        codes[i] = region_at(mrap->members[i].region)->code;
    bool real = region_find(region) != REGION_NONE;
    str detail = real ? str_format(rq->arena, "access point '%.*s' has no bucket in %.*s",
                                   STR_ARG(mrap->name), STR_ARG(region))
                      : str_format(rq->arena, "unknown region '%.*s' in access point '%.*s'",
                                   STR_ARG(region), STR_ARG(mrap->name));
    struct admin_unknown unknown = { 400,   "bad-route",        detail,   real ? STR("") : region,
                                     codes, mrap->member_count, STR_NONE, STR_NONE };
    return admin_unknown(rq, &unknown);
}

enum s3_code admin_patch_routes(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct route_change changes[LIMIT_REGIONS_PER_MRAP];
    struct route_update_result result;
    size_t count = 0;
    bool now = false;
    const struct mrap *mrap = admin_mrap(rq, call->args[0]);
    if (mrap == NULL || !admin_object(call) || !read_routes(call, changes, &count, &now))
        return S3_OK;
    struct mrap changed = *mrap;
    struct route_changes list = { changes, count, rq->world->settings->strict };
    if (!route_update(changed.members, changed.member_count, &list, &result)) {
        struct buf why;
        if (result.error == ROUTE_UPDATE_REGION_UNKNOWN)
            return unknown_member(rq, mrap, changes[result.change].region);
        buf_init_arena(&why, rq->arena, LIMIT_JSON_BYTES);
        route_update_describe(&list, &result, &why);
        return admin_problem(
            rq, 400, result.error == ROUTE_UPDATE_NO_ACTIVE ? "no-active-region" : "bad-route",
            buf_str(&why), STR_NONE);
    }
    mrap_routes_change(&changed, mrap, rq->received_at, now);
    return submit(call, mrap, &changed, true);
}

/* --- where would it go? --- */

const struct mrap *admin_which_mrap(struct request *rq)
{
    str name = request_query(rq, "mrap");
    if (name.size > 0)
        return admin_mrap(rq, name);
    if (rq->mraps == NULL)
        rq->mraps = mraps_acquire(rq->world->mraps);
    if (mrap_list_count(rq->mraps) == 1)
        return mrap_list_at(rq->mraps, 0);
    (void) admin_problem(rq, 400, "which-mrap", STR("say which access point: ?mrap=NAME"),
                         STR("GET /_atoll/v1/mraps lists them"));
    return NULL;
}

static void write_choice(struct json_writer *w, const struct mrap *mrap,
                         const struct route_choice *choice)
{
    if (choice->member != SIZE_MAX) {
        json_text(w, "region", region_at(mrap->members[choice->member].region)->code);
        json_text(w, "bucket", mrap->members[choice->member].bucket);
    }
    json_text(w, "reason", route_reason_name(choice->reason));
    json_array(w, "candidates");
    for (size_t i = 0; i < choice->candidate_count; i++) {
        const struct route_candidate *c = &choice->candidates[i];
        json_object(w, NULL);
        json_text(w, "region", region_at(mrap->members[c->member].region)->code);
        json_real(w, "rtt_ms", (double) (int64_t) (c->rtt_ms + 0.5));
        json_integer(w, "dial", c->dial);
        json_text(w, "route", str_of(route_word(c->dial)));
        if (c->skip != SKIP_NOT)
            json_text(w, "skipped", route_skip_name(c->skip));
        json_end(w);
    }
    json_end(w);
}

/* A decision, nothing sent: what a GET by that client would meet. Weighted choices show the middle
 * of the draw, and nothing flaps. */
enum s3_code admin_route(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct route_member members[LIMIT_REGIONS_PER_MRAP];
    struct route_table table;
    struct route_choice choice;
    struct buf buf;
    const struct mrap *mrap = admin_which_mrap(rq);
    const struct client *client =
        mrap ? admin_client(rq, admin_query(rq, "client", "us-east-1")) : NULL;
    if (client == NULL)
        return S3_OK;
    bool old = mrap_pick_table(rq->world, mrap, client, rq->received_at, members, &table);
    table.flap = 0;
    route_pick(&table, &client->place,
               mrap_pick_reachable(mrap, regions_up(rq->world->regions, rq->received_at)),
               (struct route_draws){ 0.5, 1 }, &choice);
    if (old && choice.member != SIZE_MAX)
        choice.reason = ROUTE_OLD_ROUTE;
    struct json_writer w = admin_begin(rq, &buf);
    json_object(&w, "client");
    json_text(&w, "name", client->name);
    json_text(&w, "at", client->place.name);
    json_end(&w);
    json_object(&w, "route");
    write_choice(&w, mrap, &choice);
    json_end(&w);
    json_end(&w);
    return admin_reply(rq, &buf);
}
