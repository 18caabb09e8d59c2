/* Changing the world: outages, links, partitions, reset. Each change is documents,
 * committed first and taken into memory afterwards, so that memory never says what the disk does
 * not. */
#include "base/lock.h"
#include "replication/links.h"
#include "replication/timekeeper.h"
#include "server/admin/call.h"
#include "server/admin/turns.h"
#include "server/anomalies.h"
#include "server/changes.h"
#include "server/config_apply.h"
#include "server/config_change.h"
#include "server/event_of.h"
#include "server/faults.h"
#include "server/jobs.h"
#include "server/journal.h"
#include "server/mraps.h"
#include "server/regions.h"
#include "server/restores.h"

struct change {
    struct store_write write;
    struct store_doc docs[REGION_PLANES]; /* an outage of both planes takes two, the rest one */
    size_t doc_count;
    struct changes_pending said;
    struct time_job job;
    admin_fn *show; /* writes the answer */
    enum event_kind told;
    str subject, detail; /* of the event; told unless `told` is EVENT_KINDS */
    region_id from, to;
};

static enum s3_code show(struct request *rq)
{
    struct change *change = admin_call_of(rq)->state;
    store_read_begin(rq->lane->reader);
    return change->show(admin_call_of(rq));
}

/* Waiting copies may be able to travel now: the world thread looks before the answer goes out. */
static enum s3_code tell_timekeeper(struct request *rq, enum time_job_kind kind)
{
    struct change *change = admin_call_of(rq)->state;
    change->job.kind = kind;
    change->job.arena = rq->arena;
    change->job.done = admin_job_done;
    change->job.owner = rq;
    rq->resume = show;
    timekeeper_submit(rq->world->timekeeper, &change->job);
    return S3_WAIT;
}

static enum s3_code committed(struct request *rq)
{
    struct change *change = admin_call_of(rq)->state;
    if (change->write.result != STORE_OK)
        return admin_store_problem(rq, change->write.result);
    regions_reload(rq->world->regions, rq->lane->reader);
    links_apply(rq->world->links, change->docs, change->doc_count);
    changes_after(&change->said);
    if (change->told != EVENT_KINDS)
        event_of_change(rq->world, change->told, change->subject, change->detail);
    return tell_timekeeper(rq, TIME_LINKS_CHANGED);
}

static struct change *change_new(struct admin_call *call, admin_fn *then)
{
    struct change *change = ARENA_NEW(call->rq->arena, struct change);
    change->show = then;
    change->told = EVENT_KINDS;
    change->doc_count = 1;
    call->state = change;
    return change;
}

static enum s3_code submit(struct admin_call *call, enum s3_code (*then)(struct request *rq))
{
    struct change *change = call->state;
    store_docs_init(&change->write, call->rq->arena);
    change->write.docs = change->docs;
    change->write.doc_count = change->doc_count;
    change->said = (struct changes_pending){ call->rq->lane, call->rq->arena,   call->rq,
                                             change->docs,   change->doc_count, NULL };
    changes_before(&change->said);
    return request_write(call->rq, &change->write, then);
}

/* "for": an emulated end; NEVER without one. False when it is no duration, and the problem stands.
 */
static bool read_end(struct admin_call *call, instant *until)
{
    str text = json_string(call->document, "for", STR_NONE);
    duration d;
    *until = INSTANT_NEVER;
    if (json_member(call->document, "for") == NULL)
        return true;
    if (!duration_parse(text, &d)) {
        admin_problem(call->rq, 400, "bad-duration",
                      str_format(call->rq->arena, "'%.*s' is no duration", STR_ARG(text)),
                      STR("write it with a unit: 250ms, 15s, 2m, 1h"));
        return false;
    }
    *until = instant_add(call->rq->received_at, d);
    return true;
}

/* --- outages --- */

static void write_outage(struct request *rq, struct json_writer *w, region_id region)
{
    instant now = clock_now(rq->world->clock);
    bool planes[REGION_PLANES] = {
        [REGION_DATA_PLANE] = !region_set_has(regions_up(rq->world->regions, now), region),
        [REGION_CONTROL_PLANE] =
            !region_set_has(regions_control_up(rq->world->regions, now), region),
    };
    bool any = planes[REGION_DATA_PLANE] || planes[REGION_CONTROL_PLANE];
    instant back = now;
    json_boolean(w, "outage", any);
    if (!any)
        return;
    json_text(w, "plane", region_planes_name(planes));
    for (enum region_plane plane = 0; plane < REGION_PLANES; plane++) {
        instant end = regions_back_at(rq->world->regions, plane, region, now);
        if (instant_before(back, end))
            back = end;
    }
    if (back.ns != INSTANT_NEVER.ns)
        json_text(w, "until", instant_iso8601(rq->arena, back));
}

static enum s3_code show_region(struct admin_call *call)
{
    struct change *change = call->state;
    struct buf buf;
    struct json_writer w = admin_begin(call->rq, &buf);
    json_text(&w, "region", region_at(change->from)->code);
    write_outage(call->rq, &w, change->from);
    json_text(&w, "skew",
              duration_text(call->rq->arena,
                            regions_skew(call->rq->world->regions, region_at(change->from)->code)));
    json_boolean(&w, "enabled",
                 region_set_has(regions_enabled(call->rq->world->regions), change->from));
    json_end(&w);
    return admin_reply(call->rq, &buf);
}

/* AWS: the Regions that came before 2019 are enabled for everyone and stay so. */
static bool read_enabled(struct admin_call *call, region_id region, const struct json *enabled)
{
    if (region_at(region)->opt_in || enabled->boolean)
        return true;
    admin_problem(call->rq, 400, "not-opt-in",
                  str_format(call->rq->arena, "%.*s is enabled by default and cannot be disabled",
                             STR_ARG(region_at(region)->code)),
                  STR("only opt-in Regions, such as af-south-1, can"));
    return false;
}

/* "plane" says which part is meant; both without one. */
static bool read_outage(struct admin_call *call, region_id region, bool down, struct change *change)
{
    struct region_outage outage = { .region = region, .down = down };
    str plane = json_string(call->document, "plane", STR("both"));
    if (!region_planes_read(plane, outage.planes)) {
        admin_problem(call->rq, 400, "bad-plane",
                      str_format(call->rq->arena, "'%.*s' is no plane of a Region", STR_ARG(plane)),
                      STR("one of data, control, both"));
        return false;
    }
    change->detail = down ? STR("on") : STR("off");
    if (!str_is(plane, "both"))
        change->detail = str_format(call->rq->arena, "%.*s, %.*s plane", STR_ARG(change->detail),
                                    STR_ARG(plane));
    if (!read_end(call, &outage.until))
        return false;
    change->doc_count = region_outage_docs(call->rq->arena, &outage, change->docs);
    return true;
}

/* One of outage, enabled, skew becomes a document and an event; false: the problem stands. */
static bool read_region_order(struct admin_call *call, region_id region, const struct json *said,
                              struct change *change)
{
    struct arena *arena = call->rq->arena;
    duration skew;
    if (str_is(said->name, "outage"))
        return read_outage(call, region, said->boolean, change);
    if (str_is(said->name, "enabled")) {
        change->detail = said->boolean ? STR("enabled") : STR("disabled");
        change->docs[0] = region_enabled_doc(region, said->boolean);
        return read_enabled(call, region, said);
    }
    if (!duration_parse(said->string, &skew)) {
        admin_problem(call->rq, 400, "bad-duration",
                      str_format(arena, "'%.*s' is no duration", STR_ARG(said->string)),
                      STR("write how far this Region's clock is ahead: 5m; 0s ends it"));
        return false;
    }
    if (skew.ns > REGION_MOST_SKEW.ns) {
        admin_problem(call->rq, 400, "bad-duration",
                      STR("a Region's clock is at most 365 days ahead"), STR_NONE);
        return false;
    }
    change->detail = str_format(arena, "skew %.*s", STR_ARG(said->string));
    change->docs[0] = region_skew_doc(arena, region, skew);
    return true;
}

enum s3_code admin_patch_region(struct admin_call *call)
{
    static const char *const members[] = { "outage:bool", "plane:text", "enabled:bool",
                                           "skew:text",   "for:text",   NULL };
    const struct json *said = NULL;
    size_t count = 0;
    region_id region = admin_region(call->rq, call->args[0]);
    if (region == REGION_NONE || !admin_members(call, members))
        return S3_OK;
    for (const struct json *member = call->document->child; member; member = member->next)
        if (!str_is(member->name, "for") && !str_is(member->name, "plane")) {
            said = member;
            count++;
        }
    bool down = count == 1 && str_is(said->name, "outage") && said->boolean;
    if (count != 1 || (json_member(call->document, "plane") && !str_is(said->name, "outage")) ||
        (json_member(call->document, "for") && !down))
        return admin_problem(call->rq, 400, "bad-document",
                             STR("say one of outage, enabled or skew; plane goes with outage, "
                                 "for with an outage that begins"),
                             STR("{\"outage\": true}, {\"enabled\": false} or {\"skew\": \"5m\"}"));
    struct change *change = change_new(call, show_region);
    change->from = region;
    change->told = EVENT_OUTAGE;
    change->subject = region_at(region)->code;
    return read_region_order(call, region, said, change) ? submit(call, committed) : S3_OK;
}

/* --- links --- */

static enum s3_code show_link(struct admin_call *call)
{
    struct change *change = call->state;
    struct buf buf;
    struct json_writer w = admin_begin(call->rq, &buf);
    admin_write_link(call->rq, &w, change->from, change->to);
    json_end(&w);
    return admin_reply(call->rq, &buf);
}

static bool bad_overrides(struct admin_call *call, str detail);

/* "lag" beside "rule" or "prefix": that of these copies alone; "none" takes it back. */
static bool read_one_override(struct admin_call *call, str text, struct link *link)
{
    struct link_override one = { .rule = json_string(call->document, "rule", STR("")),
                                 .prefix = json_string(call->document, "prefix", STR("")) };
    str error;
    if (one.rule.size + one.prefix.size == 0)
        return bad_overrides(call, STR("an override names a rule or a prefix"));
    if (str_is(text, "none")) {
        links_override_take_back(link, one.rule, one.prefix);
        return true;
    }
    if (!lag_parse(call->rq->arena, text, &one.lag, &error))
        return bad_overrides(call, error);
    if (one.rule.size > 0 && !admin_rule(call->rq, one.rule))
        return false;
    return links_override_set(call->rq->arena, link, &one) ||
           bad_overrides(call, STR("a link has at most 64 overrides"));
}

static bool read_lag(struct admin_call *call, struct link *link)
{
    str text = json_string(call->document, "lag", STR_NONE), error;
    bool one = json_member(call->document, "rule") || json_member(call->document, "prefix");
    if (one)
        return read_one_override(call, text, link);
    if (json_member(call->document, "lag") == NULL)
        return true;
    if (str_is(text, "none"))
        return bad_overrides(call, STR("none takes the lag of a rule or a prefix back: say which"));
    if (!lag_parse(call->rq->arena, text, &link->lag, &error)) {
        admin_problem(call->rq, 400, "bad-lag", error, STR_NONE);
        return false;
    }
    link->has_lag = true;
    return true;
}

static bool read_bandwidth(struct admin_call *call, struct link *link)
{
    str text = json_string(call->document, "bandwidth", STR_NONE);
    if (json_member(call->document, "bandwidth") == NULL)
        return true;
    link->has_bandwidth = true;
    if (str_is(text, "unlimited"))
        link->bandwidth_bytes_per_s = 0;
    else if (!size_parse(text, &link->bandwidth_bytes_per_s) || link->bandwidth_bytes_per_s == 0) {
        admin_problem(call->rq, 400, "bad-bandwidth",
                      str_format(call->rq->arena, "'%.*s' is no bandwidth", STR_ARG(text)),
                      STR("write it as 10MB/s, 64KiB/s or unlimited"));
        return false;
    }
    return true;
}

static bool bad_overrides(struct admin_call *call, str detail)
{
    admin_problem(call->rq, 400, "bad-overrides", detail,
                  STR("[{\"rule\": \"ID\", \"prefix\": \"img/\", \"lag\": \"1m\"}]; rule or "
                      "prefix may be left out, and the first that fits counts"));
    return false;
}

/* A slower or faster way for the copies of a rule or a prefix; the list replaces the one before. */
static bool read_overrides(struct admin_call *call, struct link *link)
{
    const struct json *list = json_member(call->document, "overrides");
    str error;
    if (list == NULL)
        return true;
    if (list->count > LINK_OVERRIDES)
        return bad_overrides(call, STR("overrides is a list of at most 64"));
    link->overrides = ARENA_ARRAY(call->rq->arena, struct link_override, list->count);
    link->override_count = 0;
    for (const struct json *one = list->child; one; one = one->next) {
        struct link_override *override = &link->overrides[link->override_count++];
        for (const struct json *member = one->child; member; member = member->next)
            if (member->kind != JSON_STRING ||
                !(str_is(member->name, "rule") || str_is(member->name, "prefix") ||
                  str_is(member->name, "lag")))
                return bad_overrides(call, str_format(call->rq->arena,
                                                      "an override has no member '%.*s' like that",
                                                      STR_ARG(member->name)));
        override->rule = json_string(one, "rule", STR(""));
        override->prefix = json_string(one, "prefix", STR(""));
        if (override->rule.size + override->prefix.size == 0)
            return bad_overrides(call, STR("an override names a rule or a prefix"));
        if (override->rule.size > 0 && !admin_rule(call->rq, override->rule))
            return false;
        if (!lag_parse(call->rq->arena, json_string(one, "lag", STR("")), &override->lag, &error))
            return bad_overrides(call, error);
    }
    return true;
}

enum s3_code admin_patch_link(struct admin_call *call)
{
    static const char *const members[] = { "lag:text",  "bandwidth:text",
                                           "hold:bool", "overrides:list",
                                           "rule:text", "prefix:text",
                                           NULL };
    struct request *rq = call->rq;
    region_id from = REGION_NONE, to = REGION_NONE;
    bool wild = str_is(call->args[0], "*") && str_is(call->args[1], "*");
    if (!wild) {
        from = admin_region(rq, call->args[0]);
        if (from != REGION_NONE)
            to = admin_region(rq, call->args[1]);
        if (to == REGION_NONE)
            return S3_OK;
        if (from == to)
            return admin_problem(rq, 400, "bad-link", STR("a link joins two different Regions"),
                                 STR_NONE);
    }
    struct link link = links_get(rq->world->links, rq->arena, from, to);
    if (!admin_members(call, members) || !read_lag(call, &link) || !read_bandwidth(call, &link) ||
        !read_overrides(call, &link))
        return S3_OK;
    link.held = json_bool(call->document, "hold", link.held);
    struct change *change = change_new(call, show_link);
    change->from = from;
    change->to = to;
    change->docs[0] = link_doc(rq->arena, from, to, &link);
    return submit(call, committed);
}

/* --- partitions --- */

static enum s3_code show_partition(struct admin_call *call)
{
    struct link_partition partition = links_partition(call->rq->world->links);
    struct buf buf;
    unsigned cut = 0;
    for (size_t a = 0; a < partition.count; a++)
        for (size_t b = 0; b < partition.count; b++)
            if (a < b || (a > b && !partition.one_way))
                cut += (unsigned) (__builtin_popcountll(partition.groups[a]) *
                                   __builtin_popcountll(partition.groups[b]));
    struct json_writer w = admin_begin(call->rq, &buf);
    json_integer(&w, "cut", cut);
    if (partition.count && partition.until.ns != INSTANT_NEVER.ns)
        json_text(&w, "until", instant_iso8601(call->rq->arena, partition.until));
    json_end(&w);
    return admin_reply(call->rq, &buf);
}

/* False, and the problem stands, when the groups are not at least two sets of Regions without
 * overlap. */
static bool read_groups(struct admin_call *call, region_set groups[16], size_t *count)
{
    const struct json *given = json_member(call->document, "groups");
    region_set all = REGION_SET_NONE;
    for (const struct json *group = given ? given->child : NULL; group && *count < 16;
         group = group->next) {
        region_set set = REGION_SET_NONE;
        for (const struct json *code = group->child; code; code = code->next) {
            region_id id = admin_region(call->rq, code->string);
            if (id == REGION_NONE)
                return false;
            if (region_set_has(all, id)) {
                admin_problem(
                    call->rq, 400, "overlapping-groups",
                    str_format(call->rq->arena, "%.*s is in two groups", STR_ARG(code->string)),
                    STR_NONE);
                return false;
            }
            set = region_set_with(set, id);
            all = region_set_with(all, id);
        }
        if (set == REGION_SET_NONE) {
            *count = 0; /* a group without a Region cuts nothing off */
            break;
        }
        groups[(*count)++] = set;
    }
    if (*count >= 2)
        return true;
    admin_problem(call->rq, 400, "bad-document",
                  STR("a partition has two groups of Regions or more"),
                  STR("{\"groups\": [[\"us-east-1\"], [\"eu-west-1\", \"ap-southeast-1\"]]}"));
    return false;
}

enum s3_code admin_put_partitions(struct admin_call *call)
{
    static const char *const members[] = { "groups:list", "for:text", "one_way:bool", NULL };
    region_set groups[16];
    size_t count = 0;
    instant until;
    if (!admin_members(call, members) || !read_groups(call, groups, &count) ||
        !read_end(call, &until))
        return S3_OK;
    struct change *change = change_new(call, show_partition);
    change->told = EVENT_PARTITION;
    change->detail = links_groups_text(call->rq->arena, groups, count);
    change->docs[0] = links_partition_doc(call->rq->arena, groups, count, until,
                                          json_bool(call->document, "one_way", false));
    return submit(call, committed);
}

enum s3_code admin_delete_partitions(struct admin_call *call)
{
    struct change *change = change_new(call, show_partition);
    change->told = EVENT_HEAL;
    change->docs[0] = links_heal_doc();
    return submit(call, committed);
}

/* --- reset --- */

struct reset {
    struct admin_turn turn;
    struct store_wipe wipe;
    struct time_job job;
    bool to_config;
    bool applied;
    str problem;
    duration began;
};

static enum s3_code show_reset(struct request *rq)
{
    struct reset *reset = admin_call_of(rq)->state;
    struct buf buf;
    turns_end(&reset->turn);
    if (!reset->applied)
        return admin_problem(rq, 500, "config-not-applied", reset->problem, STR_NONE);
    struct json_writer w = admin_begin(rq, &buf);
    json_integer(&w, "took_ms", (clock_mono().ns - reset->began.ns) / 1000000);
    json_end(&w);
    return admin_reply(rq, &buf);
}

/* Applying a configuration waits for commits, so it has a thread of its own, not a worker. */
static void *apply_config(void *arg)
{
    struct request *rq = arg;
    struct reset *reset = admin_call_of(rq)->state;
    struct lane *lane = world_lane_open(rq->world, CONFIG_CHANGE_LANE);
    reset->problem = STR("the database could not be opened for reading");
    if (lane) {
        reset->applied = config_apply(rq->arena, rq->world, lane, &reset->problem);
        world_lane_close(lane);
    }
    rq->host->wake(rq);
    return NULL;
}

static enum s3_code reset_done(struct request *rq)
{
    struct reset *reset = admin_call_of(rq)->state;
    reset->applied = !reset->to_config;
    if (reset->applied)
        return show_reset(rq);
    rq->resume = show_reset;
    (void) pthread_detach(thread_start("reset", apply_config, rq));
    return S3_WAIT;
}

static enum s3_code wiped(struct request *rq)
{
    struct reset *reset = admin_call_of(rq)->state;
    struct world *world = rq->world;
    if (reset->wipe.head.result != STORE_OK) {
        turns_end(&reset->turn);
        return admin_store_problem(rq, reset->wipe.head.result);
    }
    world_reload(world, rq->lane->reader);
    event_of_change(rq->world, EVENT_RESET, reset->to_config ? STR("config") : STR("empty"),
                    STR_NONE);
    reset->job.kind = TIME_WIPED;
    reset->job.arena = rq->arena;
    reset->job.done = admin_job_done;
    reset->job.owner = rq;
    rq->resume = reset_done;
    timekeeper_submit(world->timekeeper, &reset->job);
    return S3_WAIT;
}

static enum s3_code wipe(struct request *rq)
{
    static const str kept[] = { { "clock", 5 } };
    struct reset *reset = admin_call_of(rq)->state;
    store_wipe_init(&reset->wipe, rq->arena);
    reset->wipe.seed = rq->world->seed;
    reset->wipe.keep_kinds = kept;
    reset->wipe.keep_count = COUNT(kept);
    return request_write(rq, &reset->wipe.head, wiped);
}

enum s3_code admin_reset(struct admin_call *call)
{
    static const char *const members[] = { "to:text", NULL };
    struct request *rq = call->rq;
    struct reset *reset = ARENA_NEW(rq->arena, struct reset);
    if (!admin_members(call, members))
        return S3_OK;
    str to = json_string(call->document, "to", STR("config"));
    if (str_starts(to, STR("snapshot:")))
        return admin_reset_to_snapshot(call, str_skip(to, strlen("snapshot:")));
    if (!str_is(to, "config") && !str_is(to, "empty"))
        return admin_problem(rq, 400, "bad-document",
                             STR("a reset goes to \"config\", \"empty\" or \"snapshot:NAME\""),
                             STR_NONE);
    call->state = reset;
    reset->to_config = str_is(to, "config");
    reset->began = clock_mono();
    return turns_begin(rq, &reset->turn, wipe);
}
