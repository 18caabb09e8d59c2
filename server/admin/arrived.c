/* What a wait found: of each key that was waited for, which version its Regions hold now. Those of
 * a bucket are the bucket itself and where its rules copy to.
 */
#include "replication/rules.h"
#include "server/admin/call.h"
#include "server/mraps.h"

struct found {
    size_t holders, places; /* buckets whose current version it is, of all that were looked at */
    struct version_info newest;
};

static bool same(const struct version_info *a, const struct version_info *b)
{
    return str_eq(a->id, b->id) && a->marker == b->marker && str_eq(a->etag, b->etag);
}

/* Versions of one key in several buckets: the one written last, and how many hold it. */
static void look(struct request *rq, struct found *found, str bucket, str key)
{
    struct bucket_info info;
    struct version_info version;
    if (store_bucket_get(rq->lane->reader, rq->arena, bucket, &info) != STORE_OK)
        return;
    found->places++;
    if (store_version_get(rq->lane->reader, rq->arena, info.id, key, STR_NONE, &version) !=
        STORE_OK)
        return;
    if (found->holders > 0 && same(&version, &found->newest))
        found->holders++;
    else if (found->holders == 0 || version.stamp_us > found->newest.stamp_us) {
        found->holders = 1;
        found->newest = version;
    }
}

static void look_beyond(struct request *rq, struct found *found, str bucket, str key)
{
    struct bucket_info info;
    struct repl_config config = { .rule_count = 0 };
    str packed;
    look(rq, found, bucket, key);
    if (store_bucket_get(rq->lane->reader, rq->arena, bucket, &info) != STORE_OK ||
        store_config_get(rq->lane->reader, rq->arena, info.id, STR(CONFIG_REPLICATION_RULES),
                         STR(""), &packed) != STORE_OK ||
        !repl_config_unpack(rq->arena, packed, &config))
        return;
    struct repl_names names = repl_config_destinations(rq->arena, &config);
    for (size_t i = 0; i < names.count; i++)
        look(rq, found, names.at[i], key);
}

static void write_found(struct json_writer *w, const struct found *found)
{
    json_integer(w, "in", (int64_t) found->holders);
    json_integer(w, "of", (int64_t) found->places);
    if (found->holders == 0)
        return;
    json_text(w, "version_id", found->newest.id);
    json_boolean(w, "delete_marker", found->newest.marker);
    if (!found->newest.marker)
        json_text(w, "etag", found->newest.etag);
}

static void write_target(struct request *rq, struct json_writer *w, str target)
{
    str place, key;
    struct found found = { 0 };
    (void) str_cut(target, '/', &place, &key);
    json_object(w, NULL);
    json_text(w, "target", target);
    if (key.size > 0 && key.ptr[key.size - 1] != '*') {
        const struct mrap *mrap = admin_find_mrap(rq, place);
        for (size_t i = 0; mrap && i < mrap->member_count; i++)
            look(rq, &found, mrap->members[i].bucket, key);
        if (mrap == NULL)
            look_beyond(rq, &found, place, key);
        write_found(w, &found);
    }
    json_end(w);
}

void admin_write_arrived(struct request *rq, struct json_writer *w, const struct json *targets)
{
    json_array(w, "targets");
    for (const struct json *target = targets ? targets->child : NULL; target; target = target->next)
        write_target(rq, w, target->string);
    json_end(w);
}
