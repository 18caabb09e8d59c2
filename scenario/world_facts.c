/* Facts about the world: what the Regions of an access point hold, and what is on its way. */
#include "base/encode.h"
#include "base/limits.h"
#include "scenario/facts.h"
#include "scenario/members.h"
#include "scenario/quiet.h"
#include "server/mraps.h"
#include "storage/queue.h"

#define PAGE 1000

/* Empty when it holds none; a delete marker is a version like any other. */
static str current_id(struct run *run, int64_t bucket, str key)
{
    struct version_info version;
    if (bucket == 0 || store_version_get(run->lane->reader, run->arena, bucket, key, STR_NONE,
                                         &version) != STORE_OK)
        return STR_NONE;
    return version.id;
}

/* *got gets who has what, when they differ. */
static bool same_key(struct run *run, const struct members *members, str key, str *got)
{
    struct buf text;
    bool same = true;
    str first = current_id(run, members->at[0].bucket, key);
    buf_init_arena(&text, run->arena, 4096);
    for (size_t i = 0; i < members->count; i++) {
        str id = current_id(run, members->at[i].bucket, key);
        same = same && str_eq(id, first);
        buf_addf(&text, "%s%.*s has %.8s", i ? ", " : "", STR_ARG(members->at[i].region),
                 id.size ? str_c(run->arena, id) : "nothing");
    }
    *got = same ? STR("the same everywhere")
                : str_format(run->arena, "%.*s: %.*s", STR_ARG(key), STR_ARG(buf_str(&text)));
    return same;
}

/* Every key, delete markers included, that one member has a version of. */
static bool same_keys_of(struct run *run, const struct members *members, size_t member, str *got)
{
    struct list_query query = { .kind = LIST_VERSIONS,
                                .bucket = members->at[member].bucket,
                                .max = PAGE };
    struct list_page page = { .truncated = true };
    while (query.bucket && page.truncated) {
        if (store_list(run->lane->reader, run->arena, &query, &page) != STORE_OK)
            return false;
        for (size_t i = 0; i < page.count; i++)
            if (page.at[i].version.current && !same_key(run, members, page.at[i].key, got))
                return false;
        query.after = page.next_key;
        query.after_id = page.next_id;
    }
    return true;
}

static bool same_all(struct run *run, const struct members *members, str *got)
{
    *got = STR("the same everywhere");
    for (size_t i = 0; i < members->count; i++)
        if (!same_keys_of(run, members, i, got))
            return false;
    return true;
}

static bool is_same(struct run *run, const struct members *members, str *got)
{
    bool whole = members->key.size == 0 || members->key.ptr[members->key.size - 1] == '*';
    bool same = whole ? same_all(run, members, got) : same_key(run, members, members->key, got);
    store_read_idle(run->lane->reader);
    return same;
}

bool world_facts_same(struct run *run, str target, str *got)
{
    struct members members;
    return !members_of_mrap(run, target, &members) || is_same(run, &members, got);
}

static bool no_mrap(struct call *call)
{
    str place, key;
    (void) str_cut(call->args[0], '/', &place, &key);
    return run_fail(call, "'%.*s' is no access point", STR_ARG(place));
}

bool world_facts_converged(struct call *call, str *got)
{
    struct members members;
    if (!members_of_mrap(call->run, call->args[0], &members))
        return no_mrap(call);
    return is_same(call->run, &members, got);
}

bool world_facts_diverged(struct call *call, str *got)
{
    struct members members;
    if (!members_of_mrap(call->run, call->args[0], &members))
        return no_mrap(call);
    return !is_same(call->run, &members, got);
}

/* Between two Regions or two buckets; held and waiting copies count. */
bool world_facts_pending(struct call *call, str *got)
{
    static const enum queue_state states[] = { QUEUE_PENDING, QUEUE_WAITING, QUEUE_HELD };
    struct run *run = call->run;
    struct bucket_info bucket;
    struct queue_filter filter = { 0 };
    uint64_t count = 0;
    store_read_begin(run->lane->reader);
    if (region_find(call->args[0]) != REGION_NONE)
        filter.from_region = call->args[0];
    else if (store_bucket_get(run->lane->reader, run->arena, call->args[0], &bucket) == STORE_OK)
        filter.source_bucket = bucket.id;
    else
        return run_fail(call, "'%.*s' is no Region and no bucket", STR_ARG(call->args[0]));
    if (region_find(call->args[2]) != REGION_NONE)
        filter.to_region = call->args[2];
    else
        filter.destination = call->args[2];
    for (size_t i = 0; i < COUNT(states); i++) {
        struct queue_page page;
        filter.state = states[i];
        if (store_queue_list(run->lane->reader, run->arena, &filter, 0, &page) == STORE_OK)
            count += page.count;
    }
    store_read_idle(run->lane->reader);
    *got = str_format(run->arena, "%llu", (unsigned long long) count);
    return str_eq(*got, call->args[4]);
}

/* --- history --- */

/* The bodies of the versions of a key in one bucket, oldest first; a delete marker is "-". */
static str bodies_of(struct run *run, str bucket_name, str key)
{
    struct bucket_info bucket;
    struct list_page page = { 0 };
    struct buf out;
    buf_init_arena(&out, run->arena, LIMIT_XML_BYTES);
    store_read_begin(run->lane->reader);
    if (store_bucket_get(run->lane->reader, run->arena, bucket_name, &bucket) != STORE_OK)
        return STR("no such bucket");
    struct list_query query = {
        .kind = LIST_VERSIONS, .bucket = bucket.id, .prefix = key, .max = PAGE
    };
    if (store_list(run->lane->reader, run->arena, &query, &page) != STORE_OK)
        return STR("the versions could not be read");
    for (size_t i = page.count; i-- > 0;) {
        const struct version_info *version = &page.at[i].version;
        if (!str_eq(page.at[i].key, key))
            continue;
        str target = str_format(run->arena, "/%.*s/%.*s?versionId=%.*s", STR_ARG(bucket_name),
                                STR_ARG(encode_uri(run->arena, key, true)),
                                STR_ARG(encode_uri(run->arena, version->id, false)));
        struct quiet got = { 200, STR("-") };
        if (!version->marker)
            got = quiet_ask(run, "GET", target, STR_NONE);
        buf_addf(&out, "%s%.*s", out.size ? " " : "",
                 STR_ARG(got.status == 200 ? got.body : STR("unreadable")));
    }
    return out.size ? buf_str(&out) : STR("nothing");
}

/* Of BUCKET/KEY there, of ACCESS-POINT/KEY in every member. */
bool world_facts_history(struct call *call, str *got)
{
    struct run *run = call->run;
    str place, key;
    bool same = true;
    (void) str_cut(call->args[0], '/', &place, &key);
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    const struct mrap *mrap = mrap_by_name(list, run->world->settings->account, place);
    for (size_t i = 0; same && i < (mrap ? mrap->member_count : 1); i++) {
        str bucket = mrap ? mrap->members[i].bucket : place;
        str bodies = bodies_of(run, bucket, key);
        same = str_eq(bodies, call->args[1]);
        *got = str_format(run->arena, "%.*s has %.*s", STR_ARG(bucket), STR_ARG(bodies));
    }
    mraps_release(list);
    store_read_idle(run->lane->reader);
    return same;
}
