/* One key over time, and keys that differ between the Regions of an access point. */
#include "base/rng.h"
#include "server/admin/call.h"
#include "server/anomalies.h"
#include "server/events.h"
#include "server/mraps.h"
#include "storage/queue.h"

#define LISTED_AT_ONCE 1000
#define MOST_SCANNED 20000 /* keys that one call looks at */
#define MOST_ROWS 1000
#define MOST_VERSIONS 200 /* of one key in one bucket */
#define MOST_EVENTS 2000

struct member_place { /* a member bucket */
    str region;
    struct bucket_info bucket;
    struct list_page page;
    size_t at;
    bool ended;
};

struct places {
    struct member_place at[LIMIT_REGIONS_PER_MRAP];
    size_t count;
};

static void add_place(struct request *rq, struct places *places, str bucket)
{
    struct member_place *place = &places->at[places->count];
    if (store_bucket_get(rq->lane->reader, rq->arena, bucket, &place->bucket) != STORE_OK)
        return;
    place->region = place->bucket.region;
    places->count++;
}

static void add_members(struct request *rq, struct places *places, const struct mrap *mrap)
{
    for (size_t i = 0; i < mrap->member_count; i++)
        add_place(rq, places, mrap->members[i].bucket);
}

/* --- keys --- */

struct matrix {
    struct request *rq;
    const struct mrap *mrap;
    struct places places;
    str prefix, after;
    bool only_diverged;
    uint64_t limit, rows, scanned;
    struct json_writer *writer;
};

/* The entry at hand of one member; NULL after its last. */
static const struct list_entry *peek(struct matrix *matrix, struct member_place *place)
{
    if (place->at == place->page.count && !place->ended) {
        struct list_query query = { .kind = LIST_OBJECTS,
                                    .bucket = place->bucket.id,
                                    .prefix = matrix->prefix,
                                    .after =
                                        place->page.count ? place->page.next_key : matrix->after,
                                    .max = LISTED_AT_ONCE };
        place->at = 0;
        if (store_list(matrix->rq->lane->reader, matrix->rq->arena, &query, &place->page) !=
            STORE_OK)
            place->page = (struct list_page){ 0 };
        place->ended = !place->page.truncated;
    }
    return place->at < place->page.count ? &place->page.at[place->at] : NULL;
}

static bool next_key(struct matrix *matrix, str *key)
{
    *key = STR_NONE;
    for (size_t i = 0; i < matrix->places.count; i++) {
        const struct list_entry *entry = peek(matrix, &matrix->places.at[i]);
        if (entry && (!str_is_set(*key) || str_cmp(entry->key, *key) < 0))
            *key = entry->key;
    }
    return str_is_set(*key);
}

/* Takes each member's entry of that key; true when they do not hold the same bytes. */
static bool take(struct matrix *matrix, str key, const struct version_info **found)
{
    bool differ = false;
    for (size_t i = 0; i < matrix->places.count; i++) {
        struct member_place *place = &matrix->places.at[i];
        const struct list_entry *entry = peek(matrix, place);
        found[i] = entry && str_eq(entry->key, key) ? &entry->version : NULL;
        place->at += found[i] != NULL;
        differ = differ || (found[i] == NULL) != (found[0] == NULL) ||
                 (found[i] && !str_eq(found[i]->etag, found[0]->etag));
    }
    return differ;
}

static size_t on_their_way(struct matrix *matrix, str key)
{
    size_t count = 0;
    for (size_t i = 0; i < matrix->places.count; i++) {
        struct queue_filter filter = { .any_state = true,
                                       .source_bucket = matrix->places.at[i].bucket.id,
                                       .key_prefix = key,
                                       .exact_key = true };
        struct queue_page page = { 0 };
        if (store_queue_list(matrix->rq->lane->reader, matrix->rq->arena, &filter, 100, &page) !=
            STORE_OK)
            continue;
        for (size_t row = 0; row < page.count; row++)
            count += page.at[row].state != QUEUE_FAILED;
    }
    return count;
}

static void tell_diverged(struct matrix *matrix, str key, const struct version_info **found)
{
    struct buf text;
    uint64_t state = rng_hash(key) ^ rng_hash(matrix->mrap->name);
    buf_init_arena(&text, matrix->rq->arena, 4096);
    buf_addf(&text, "%.*s is ", STR_ARG(key));
    for (size_t i = 0; i < matrix->places.count; i++) {
        str etag = found[i] ? found[i]->etag : STR("absent");
        buf_addf(&text, "%s%.8s in %.*s", i ? ", " : "", str_c(matrix->rq->arena, etag),
                 STR_ARG(matrix->places.at[i].region));
        state = (state ^ rng_hash(etag)) * 0x9e3779b97f4a7c15u;
    }
    buf_add(&text, STR(", and no copy is on its way."));
    struct anomaly_difference difference = { matrix->mrap->name, key, buf_str(&text), state };
    anomalies_diverged(matrix->rq, &difference);
}

static void write_row(struct matrix *matrix, str key, const struct version_info **found,
                      bool differ)
{
    struct json_writer *w = matrix->writer;
    size_t pending = differ ? on_their_way(matrix, key) : 0;
    json_object(w, NULL);
    json_text(w, "key", key);
    json_boolean(w, "diverged", differ);
    json_integer(w, "pending", (int64_t) pending);
    json_object(w, "regions");
    for (size_t i = 0; i < matrix->places.count; i++) {
        json_key(w, matrix->places.at[i].region);
        if (found[i] == NULL) {
            json_nothing(w, NULL);
            continue;
        }
        json_object(w, NULL);
        json_text(w, "etag", found[i]->etag);
        json_text(w, "version_id", found[i]->id);
        json_integer(w, "size", (int64_t) found[i]->size_bytes);
        json_text(w, "modified", instant_iso8601(matrix->rq->arena, found[i]->modified));
        json_end(w);
    }
    json_end(w);
    json_end(w);
    matrix->rows++;
    if (differ && pending == 0)
        tell_diverged(matrix, key, found);
}

static void write_matrix(struct matrix *matrix)
{
    struct json_writer *w = matrix->writer;
    const struct version_info *found[LIMIT_REGIONS_PER_MRAP] = { NULL };
    str key, last = STR_NONE;
    bool more = next_key(matrix, &key);
    json_array(w, "keys");
    while (more && matrix->rows < matrix->limit && matrix->scanned < MOST_SCANNED) {
        bool differ = take(matrix, key, found);
        matrix->scanned++;
        last = key;
        if (differ || !matrix->only_diverged)
            write_row(matrix, key, found, differ);
        more = next_key(matrix, &key);
    }
    json_end(w);
    json_integer(w, "scanned", (int64_t) matrix->scanned);
    json_boolean(w, "truncated", more);
    if (more)
        json_text(w, "next", last);
}

enum s3_code admin_keys(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct matrix *matrix = ARENA_NEW(rq->arena, struct matrix);
    struct buf buf;
    matrix->rq = rq;
    matrix->mrap = admin_which_mrap(rq);
    if (matrix->mrap == NULL)
        return S3_OK;
    if (!str_to_u64(admin_query(rq, "limit", "100"), &matrix->limit) || matrix->limit == 0 ||
        matrix->limit > MOST_ROWS)
        return admin_problem(rq, 400, "bad-limit", STR("limit is a whole number up to 1000"),
                             STR_NONE);
    matrix->prefix = request_query(rq, "prefix");
    matrix->after = request_query(rq, "after");
    if (!admin_query_flag(rq, "diverged", &matrix->only_diverged))
        return S3_OK;
    add_members(rq, &matrix->places, matrix->mrap);
    struct json_writer w = admin_begin(rq, &buf);
    matrix->writer = &w;
    json_text(&w, "mrap", matrix->mrap->name);
    json_array(&w, "regions");
    for (size_t i = 0; i < matrix->places.count; i++)
        json_text(&w, NULL, matrix->places.at[i].region);
    json_end(&w);
    write_matrix(matrix);
    json_end(&w);
    return admin_reply(rq, &buf);
}

size_t admin_divergent_keys(struct request *rq, const struct mrap *mrap, size_t *left)
{
    const struct version_info *found[LIMIT_REGIONS_PER_MRAP] = { NULL };
    struct matrix *matrix = ARENA_NEW(rq->arena, struct matrix);
    size_t differing = 0;
    str key;
    matrix->rq = rq;
    add_members(rq, &matrix->places, mrap);
    while (*left > 0 && next_key(matrix, &key)) {
        differing += take(matrix, key, found);
        (*left)--;
    }
    return differing;
}

/* --- history --- */

struct known_version {
    struct version_info version;
    region_set regions;
};

struct history {
    struct request *rq;
    str mrap, key; /* mrap empty: a bucket */
    struct places places;
    struct known_version *versions; /* newest first */
    size_t version_count, event_count;
    struct json_writer *writer;
};

static void add_version(struct history *history, const struct version_info *version, str region)
{
    for (size_t i = 0; i < history->version_count; i++) {
        struct known_version *known = &history->versions[i];
        if (str_eq(known->version.id, version->id) &&
            known->version.stamp_us == version->stamp_us) {
            known->regions = region_set_with(known->regions, region_find(region));
            return;
        }
    }
    size_t at = history->version_count++;
    while (at > 0 && history->versions[at - 1].version.stamp_us < version->stamp_us) {
        history->versions[at] = history->versions[at - 1];
        at--;
    }
    history->versions[at] =
        (struct known_version){ *version, region_set_with(REGION_SET_NONE, region_find(region)) };
}

static enum store_result find_versions(struct history *history)
{
    struct request *rq = history->rq;
    history->versions =
        ARENA_ARRAY(rq->arena, struct known_version, history->places.count * MOST_VERSIONS + 1);
    for (size_t i = 0; i < history->places.count; i++) {
        struct list_page page = { 0 };
        struct list_query query = { .kind = LIST_VERSIONS,
                                    .bucket = history->places.at[i].bucket.id,
                                    .prefix = history->key,
                                    .max = MOST_VERSIONS };
        enum store_result result = store_list(rq->lane->reader, rq->arena, &query, &page);
        if (result != STORE_OK)
            return result;
        for (size_t v = 0; v < page.count && str_eq(page.at[v].key, history->key); v++)
            add_version(history, &page.at[v].version, history->places.at[i].region);
    }
    return STORE_OK;
}

static void write_versions(struct history *history)
{
    struct json_writer *w = history->writer;
    json_array(w, "versions");
    for (size_t i = 0; i < history->version_count; i++) {
        const struct known_version *known = &history->versions[i];
        json_object(w, NULL);
        json_text(w, "version_id", known->version.id);
        json_boolean(w, "delete_marker", known->version.marker);
        if (!known->version.marker) {
            json_text(w, "etag", known->version.etag);
            json_integer(w, "size", (int64_t) known->version.size_bytes);
        }
        json_text(w, "written", instant_iso8601(history->rq->arena, known->version.modified));
        json_text(w, "origin", known->version.origin);
        json_array(w, "in");
        for (region_id id = 0; id < region_count(); id++)
            if (region_set_has(known->regions, id))
                json_text(w, NULL, region_at(id)->code);
        json_end(w);
        json_end(w);
    }
    json_end(w);
}

static bool concerns(const struct history *history, const struct event *event)
{
    bool known_kind = event->kind <= EVENT_COPY_DROPPED || event->kind == EVENT_ANOMALY;
    if (!known_kind || !str_eq(event->text[EVENT_KEY], history->key))
        return false;
    if (history->mrap.size > 0 && str_eq(event->text[EVENT_MRAP], history->mrap))
        return true;
    for (size_t i = 0; i < history->places.count; i++)
        if (str_eq(event->text[EVENT_BUCKET], history->places.at[i].bucket.name) ||
            str_eq(event->text[EVENT_DESTINATION], history->places.at[i].bucket.name))
            return true;
    return false;
}

static bool see_event(void *ctx, const struct event *event)
{
    struct history *history = ctx;
    struct buf text;
    if (!concerns(history, event))
        return true;
    buf_init_arena(&text, history->rq->arena, LIMIT_JSON_BYTES);
    events_write(history->rq->arena, event, &text);
    json_raw(history->writer, NULL, buf_str(&text));
    return ++history->event_count < MOST_EVENTS;
}

/* False, and the problem stands, when there is no such place or no key is named. */
static bool find_target(struct history *history, str target)
{
    struct request *rq = history->rq;
    static const str hint = { "a target is ACCESS_POINT/KEY or BUCKET/KEY", 42 };
    str place;
    (void) str_cut(target, '/', &place, &history->key);
    const struct mrap *mrap = admin_find_mrap(rq, place);
    if (mrap) {
        history->mrap = mrap->name;
        add_members(rq, &history->places, mrap);
    } else
        add_place(rq, &history->places, place);
    if (history->places.count == 0) {
        (void) admin_unknown_target(rq, place, hint);
        return false;
    }
    if (history->key.size > 0)
        return true;
    (void) admin_problem(
        rq, 404, "unknown-target",
        str_format(rq->arena, "'%.*s' is no key of an access point or bucket", STR_ARG(target)),
        hint);
    return false;
}

enum s3_code admin_history(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct history *history = ARENA_NEW(rq->arena, struct history);
    struct buf buf;
    str target = request_query(rq, "target");
    history->rq = rq;
    if (!find_target(history, target))
        return S3_OK;
    enum store_result result = find_versions(history);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    struct json_writer w = admin_begin(rq, &buf);
    history->writer = &w;
    json_text(&w, "target", target);
    json_text(&w, "key", history->key);
    json_array(&w, "regions");
    for (size_t i = 0; i < history->places.count; i++)
        json_text(&w, NULL, history->places.at[i].region);
    json_end(&w);
    write_versions(history);
    json_array(&w, "events");
    events_walk(rq->world->events, see_event, history);
    json_end(&w);
    json_end(&w);
    return admin_reply(rq, &buf);
}
