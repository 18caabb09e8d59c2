/* Names that are not there: the cause, those that are there, and the one that was probably meant.
 */
#include "replication/rules.h"
#include "server/admin/call.h"
#include "server/clients.h"
#include "server/mraps.h"
#include "storage/snapshot.h"

#define MOST_KNOWN 20 /* names that a problem lists */

enum s3_code admin_unknown(struct request *rq, const struct admin_unknown *unknown)
{
    struct buf buf;
    str near = str_is_set(unknown->near)
                   ? unknown->near
                   : str_nearest(unknown->word, unknown->names, unknown->count);
    struct admin_trouble trouble = { unknown->status, unknown->slug, unknown->detail,
                                     unknown->hint };
    if (near.size > 0)
        trouble.hint = str_format(rq->arena, "did you mean '%.*s'?", STR_ARG(near));
    struct json_writer w = admin_problem_begin(rq, &buf, &trouble);
    json_array(&w, "known");
    for (size_t i = 0; i < unknown->count && i < MOST_KNOWN; i++)
        json_text(&w, NULL, unknown->names[i]);
    json_end(&w);
    json_end(&w);
    return admin_problem_reply(rq, unknown->status, &buf);
}

bool admin_word(struct request *rq, const struct admin_words *words, str word, size_t *at)
{
    for (*at = 0; *at < words->count; ++*at)
        if (str_eq(words->names[*at], word))
            return true;
    struct admin_unknown unknown = { .status = 400,
                                     .slug = words->slug,
                                     .detail = str_format(rq->arena, "there is no %s '%.*s' here",
                                                          words->noun, STR_ARG(word)),
                                     .word = word,
                                     .names = words->names,
                                     .count = words->count };
    (void) admin_unknown(rq, &unknown);
    return false;
}

/* --- names of this world --- */

struct names {
    str *at;
    size_t count, room;
};

/* Nothing of that name; a hint, and what is near when it is none of these, are the caller's. */
static struct admin_unknown not_there(const char *slug, str word, const struct names *names,
                                      str detail)
{
    return (struct admin_unknown){ .status = 404,
                                   .slug = slug,
                                   .detail = detail,
                                   .word = word,
                                   .names = names->at,
                                   .count = names->count };
}

static void add(struct arena *arena, struct names *names, str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->at[i], name))
            return;
    if (names->count == names->room) {
        size_t room = names->room ? names->room * 2 : 32;
        str *more = ARENA_ARRAY(arena, str, room);
        if (names->count > 0)
            memcpy(more, names->at, sizeof *more * names->count);
        names->at = more;
        names->room = room;
    }
    names->at[names->count++] = name;
}

static struct bucket_list buckets_of(struct request *rq)
{
    struct bucket_list buckets = { 0 };
    const struct bucket_list_query all = { .max = 0 };
    if (store_bucket_list(rq->lane->reader, rq->arena, &all, &buckets) != STORE_OK)
        buckets.count = 0;
    return buckets;
}

static void add_mraps(struct request *rq, struct names *names)
{
    if (rq->mraps == NULL)
        rq->mraps = mraps_acquire(rq->world->mraps);
    for (size_t i = 0; i < mrap_list_count(rq->mraps); i++)
        add(rq->arena, names, mrap_list_at(rq->mraps, i)->name);
}

static void add_buckets(struct request *rq, struct names *names)
{
    struct bucket_list buckets = buckets_of(rq);
    for (size_t i = 0; i < buckets.count; i++)
        add(rq->arena, names, buckets.at[i].name);
}

region_id admin_region(struct request *rq, str code)
{
    struct names names = { 0 };
    region_id id = region_find(code);
    if (id != REGION_NONE)
        return id;
    struct bucket_list buckets = buckets_of(rq);
    for (size_t i = 0; i < buckets.count; i++)
        add(rq->arena, &names, buckets.at[i].region);
    struct admin_unknown unknown =
        not_there("unknown-region", code, &names,
                  str_format(rq->arena, "'%.*s' is no AWS Region", STR_ARG(code)));
    unknown.near = region_nearest_name(code);
    (void) admin_unknown(rq, &unknown);
    return REGION_NONE;
}

const struct mrap *admin_mrap(struct request *rq, str name)
{
    struct names names = { 0 };
    const struct mrap *mrap = admin_find_mrap(rq, name);
    if (mrap)
        return mrap;
    add_mraps(rq, &names);
    struct admin_unknown unknown = not_there(
        "unknown-mrap", name, &names,
        str_format(rq->arena, "there is no Multi-Region Access Point '%.*s'", STR_ARG(name)));
    unknown.hint = STR("GET /_atoll/v1/mraps lists them");
    (void) admin_unknown(rq, &unknown);
    return NULL;
}

bool admin_bucket(struct request *rq, str name, struct bucket_info *out)
{
    struct names names = { 0 };
    if (store_bucket_get(rq->lane->reader, rq->arena, name, out) == STORE_OK)
        return true;
    add_buckets(rq, &names);
    struct admin_unknown unknown =
        not_there("unknown-bucket", name, &names,
                  str_format(rq->arena, "there is no bucket '%.*s'", STR_ARG(name)));
    (void) admin_unknown(rq, &unknown);
    return false;
}

enum s3_code admin_unknown_target(struct request *rq, str place, str hint)
{
    struct names names = { 0 };
    add_mraps(rq, &names);
    add_buckets(rq, &names);
    struct admin_unknown unknown =
        not_there("unknown-target", place, &names,
                  str_format(rq->arena, "'%.*s' is no access point and no bucket", STR_ARG(place)));
    unknown.hint = hint;
    return admin_unknown(rq, &unknown);
}

const struct client *admin_client(struct request *rq, str name)
{
    struct names names = { 0 };
    const struct client *client = clients_named(rq->world->clients, name);
    if (client)
        return client;
    clients_declared(rq->world->clients, rq->arena, &names.at, &names.count);
    str near = str_nearest(name, names.at, names.count);
    struct admin_unknown unknown = not_there(
        "unknown-client", name, &names,
        str_format(rq->arena, "'%.*s' is no client of this world and no place", STR_ARG(name)));
    unknown.near = near.size > 0 ? near : place_nearest_name(name);
    unknown.hint =
        STR("declare it under \"clients\" in the config, or use a Region code, a city or "
            "lat,lon");
    (void) admin_unknown(rq, &unknown);
    return NULL;
}

bool admin_rule(struct request *rq, str id)
{
    struct names names = { 0 };
    struct bucket_list buckets = buckets_of(rq);
    str packed;
    for (size_t i = 0; i < buckets.count; i++) {
        struct repl_config config = { .rule_count = 0 };
        if (store_config_get(rq->lane->reader, rq->arena, buckets.at[i].id,
                             STR(CONFIG_REPLICATION_RULES), STR(""), &packed) != STORE_OK ||
            !repl_config_unpack(rq->arena, packed, &config))
            continue;
        for (size_t r = 0; r < config.rule_count; r++) {
            if (str_eq(config.rules[r].id, id))
                return true;
            add(rq->arena, &names, config.rules[r].id);
        }
    }
    struct admin_unknown unknown =
        not_there("unknown-rule", id, &names,
                  str_format(rq->arena, "no bucket has a replication rule '%.*s'", STR_ARG(id)));
    (void) admin_unknown(rq, &unknown);
    return false;
}

enum s3_code admin_unknown_fault(struct request *rq, str name)
{
    struct names names = { 0 };
    struct store_doc_list list = { 0 };
    if (store_doc_list(rq->lane->reader, rq->arena, STR("fault"), &list) != STORE_OK)
        list.count = 0;
    for (size_t i = 0; i < list.count; i++)
        add(rq->arena, &names, list.at[i].id);
    struct admin_unknown unknown =
        not_there("unknown-fault", name, &names,
                  str_format(rq->arena, "there is no fault '%.*s'", STR_ARG(name)));
    unknown.hint = STR("GET /_atoll/v1/faults lists them");
    return admin_unknown(rq, &unknown);
}

enum s3_code admin_unknown_snapshot(struct request *rq, str name)
{
    struct names names = { 0 };
    struct store_snapshot_list list = { 0 };
    if (store_snapshot_list(rq->world->store, rq->arena, &list) != STORE_OK)
        list.count = 0;
    for (size_t i = 0; i < list.count; i++)
        add(rq->arena, &names, list.at[i].name);
    struct admin_unknown unknown =
        not_there("unknown-snapshot", name, &names,
                  str_format(rq->arena, "there is no snapshot '%.*s'", STR_ARG(name)));
    unknown.hint = STR("GET /_atoll/v1/snapshots lists those that are there");
    return admin_unknown(rq, &unknown);
}
