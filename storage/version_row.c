/* Rows of versions: reading one, and the only places where one is born, moves from current to old,
 * or goes. Everything about "which is current" is decided here. */
#include "storage/txn.h"

#include "base/bug.h"
#include "storage/hot.h"
#include "storage/version_id.h"

enum {
    COL_BUCKET,
    COL_KEY,
    COL_ID,
    COL_STAMP,
    COL_ORIGIN,
    COL_MODIFIED,
    COL_SIZE,
    COL_ETAG,
    COL_MARKER,
    COL_CURRENT,
    COL_PARTS,
    COL_BODY,
    COL_REPL,
    COL_LIFECYCLE,
    COL_CLASS,
    COL_SUM_KIND,
    COL_SUM_COMPOSITE,
    COL_SUM,
    COL_LOCK_MODE,
    COL_LOCK_UNTIL,
    COL_HOLD,
    COL_RANK,
    COL_FIELDS,
    COL_TAGS,
    COL_ACL
};

static void read_meta(struct db_stmt *row, struct arena *arena, bool whole, struct object_meta *out)
{
    out->storage_class = db_copy(row, COL_CLASS, arena);
    out->checksum.kind = (enum digest_kind) db_i64(row, COL_SUM_KIND);
    if (out->checksum.kind != DIGEST_NONE) {
        str sum = db_str(row, COL_SUM);
        out->checksum.composite = db_i64(row, COL_SUM_COMPOSITE) != 0;
        out->checksum.value.size =
            (unsigned) (sum.size < DIGEST_MAX_BYTES ? sum.size : DIGEST_MAX_BYTES);
        if (sum.size)
            memcpy(out->checksum.value.bytes, sum.ptr, out->checksum.value.size);
    }
    out->lock_mode = (enum lock_mode) db_i64(row, COL_LOCK_MODE);
    out->lock_until = (instant){ db_i64(row, COL_LOCK_UNTIL) };
    out->legal_hold = db_i64(row, COL_HOLD) != 0;
    if (!whole)
        return;
    out->fields = db_copy(row, COL_FIELDS, arena);
    out->tags = db_copy(row, COL_TAGS, arena);
    out->acl = db_copy(row, COL_ACL, arena);
}

void version_row_read(struct db_stmt *row, struct arena *arena, bool whole,
                      struct version_info *out)
{
    *out = (struct version_info){
        .bucket = db_i64(row, COL_BUCKET),
        .key = db_copy(row, COL_KEY, arena),
        .id = db_copy(row, COL_ID, arena),
        .stamp_us = db_i64(row, COL_STAMP),
        .origin = db_copy(row, COL_ORIGIN, arena),
        .modified = { db_i64(row, COL_MODIFIED) },
        .size_bytes = (uint64_t) db_i64(row, COL_SIZE),
        .etag = db_copy(row, COL_ETAG, arena),
        .marker = db_i64(row, COL_MARKER) != 0,
        .current = db_i64(row, COL_CURRENT) != 0,
        .parts = (unsigned) db_i64(row, COL_PARTS),
        .body = db_i64(row, COL_BODY),
        .repl_status = (enum repl_status) db_i64(row, COL_REPL),
        .lifecycle = db_i64(row, COL_LIFECYCLE) != 0,
    };
    read_meta(row, arena, whole, &out->meta);
}

bool version_row_is_object(struct db_stmt *row)
{
    return db_i64(row, COL_CURRENT) != 0 && db_i64(row, COL_MARKER) == 0;
}

int64_t version_row_rank(struct db_stmt *row)
{
    return db_i64(row, COL_RANK);
}

static bool read_one(struct db_stmt *s, struct arena *arena, struct version_info *out)
{
    bool there = db_step(s);
    if (there)
        version_row_read(s, arena, true, out);
    db_end(s);
    return there;
}

static struct db_stmt *select_current(struct db *db, int64_t bucket, str key)
{
    struct db_stmt *s =
        db_sql(db, "SELECT " VERSION_COLUMNS "FROM version WHERE bucket=?1 AND key=?2"
                   " ORDER BY rank DESC, origin DESC, id DESC LIMIT 1");
    db_bind_i64(s, bucket);
    db_bind_blob(s, key);
    return s;
}

bool version_row_current(struct db *db, struct arena *arena, int64_t bucket, str key,
                         struct version_info *out)
{
    return read_one(select_current(db, bucket, key), arena, out);
}

/* The current one has no index by id: it is the first row of its key. */
bool version_row_by_id(struct db *db, struct arena *arena, int64_t bucket, str key, str id,
                       struct version_info *out)
{
    struct db_stmt *s = select_current(db, bucket, key);
    bool first = db_step(s) && str_eq(db_str(s, COL_ID), id);
    if (first)
        version_row_read(s, arena, true, out);
    db_end(s);
    if (first)
        return true;
    s = db_sql(db, "SELECT " VERSION_COLUMNS "FROM version INDEXED BY version_old"
                   " WHERE bucket=?1 AND key=?2 AND id=?3 AND current=0");
    db_bind_i64(s, bucket);
    db_bind_blob(s, key);
    db_bind_text(s, id);
    return read_one(s, arena, out);
}

enum store_result version_row_condition(struct store_txn *txn, int64_t bucket, str key,
                                        const struct write_condition *condition)
{
    if (!condition->if_none_match_any && !condition->if_match_any &&
        !str_is_set(condition->if_match))
        return STORE_OK;
    struct version_info current;
    bool any = version_row_current(txn->db, txn->arena, bucket, key, &current);
    bool object = any && !current.marker;
    if (condition->if_none_match_any && object)
        return STORE_PRECONDITION;
    if (condition->if_match_any && !object)
        return any ? STORE_PRECONDITION : STORE_NO_KEY;
    if (str_is_set(condition->if_match)) {
        if (!object)
            return STORE_NO_KEY;
        if (!str_eq(condition->if_match, current.etag))
            return STORE_PRECONDITION;
    }
    return STORE_OK;
}

bool version_row_may_delete(const struct store_txn *txn, const struct version_info *version,
                            bool bypass_governance)
{
    const struct object_meta *meta = &version->meta;
    if (meta->legal_hold)
        return false;
    if (meta->lock_mode == LOCK_NONE || !instant_before(txn->now, meta->lock_until))
        return true;
    return meta->lock_mode == LOCK_GOVERNANCE && bypass_governance;
}

/* -- places: the primary key of one row, and what its going costs -------------------------------
 */

struct place {
    int64_t rank;
    str origin, id;
    int64_t body;
    bool current, marker;
    enum repl_status repl_status;
    int64_t size;
    str class;
};

#define PLACE_COLUMNS "rank,origin,id,body,current,repl,marker,size,class "

static bool read_place(struct store_txn *txn, struct db_stmt *s, struct place *out)
{
    bool there = db_step(s);
    if (there)
        *out = (struct place){ .rank = db_i64(s, 0),
                               .origin = db_copy(s, 1, txn->arena),
                               .id = db_copy(s, 2, txn->arena),
                               .body = db_i64(s, 3),
                               .current = db_i64(s, 4) != 0,
                               .repl_status = (enum repl_status) db_i64(s, 5),
                               .marker = db_i64(s, 6) != 0,
                               .size = db_i64(s, 7),
                               .class = db_copy(s, 8, txn->arena) };
    db_end(s);
    return there;
}

static bool first_place(struct store_txn *txn, int64_t bucket, str key, struct place *out)
{
    struct db_stmt *s =
        db_sql(txn->db, "SELECT " PLACE_COLUMNS "FROM version WHERE bucket=?1 AND key=?2"
                        " ORDER BY rank DESC, origin DESC, id DESC LIMIT 1");
    db_bind_i64(s, bucket);
    db_bind_blob(s, key);
    return read_place(txn, s, out);
}

static bool old_place(struct store_txn *txn, int64_t bucket, str key, str id, struct place *out)
{
    struct db_stmt *s =
        db_sql(txn->db, "SELECT " PLACE_COLUMNS "FROM version INDEXED BY version_old"
                        " WHERE bucket=?1 AND key=?2 AND id=?3 AND current=0");
    db_bind_i64(s, bucket);
    db_bind_blob(s, key);
    db_bind_text(s, id);
    return read_place(txn, s, out);
}

static bool place_of(struct store_txn *txn, int64_t bucket, str key, str id, struct place *out)
{
    return (first_place(txn, bucket, key, out) && str_eq(out->id, id)) ||
           old_place(txn, bucket, key, id, out);
}

static void bind_place(struct db_stmt *s, int64_t bucket, str key, const struct place *place)
{
    db_bind_i64(s, bucket);
    db_bind_blob(s, key);
    db_bind_i64(s, place->rank);
    db_bind_text(s, place->origin);
    db_bind_text(s, place->id);
}

#define AT_PLACE " WHERE bucket=?1 AND key=?2 AND rank=?3 AND origin=?4 AND id=?5"

/* One object more or less in what a listing of the bucket shows. */
static void count_object(struct store_txn *txn, int64_t bucket, int64_t size, int sign)
{
    struct bucket_row *row = txn_bucket(txn, bucket);
    if (row == NULL)
        return;
    row->objects += sign;
    row->object_bytes += sign * size;
    txn_bucket_dirty(txn, row);
}

/* It was not what it becomes. */
static void set_current(struct store_txn *txn, int64_t bucket, str key, const struct place *place,
                        bool current)
{
    if (!place->marker)
        count_object(txn, bucket, place->size, current ? 1 : -1);
    hot_touch(txn->store, &txn->cache->touched, bucket, key);
    struct db_stmt *s = db_sql(txn->db, "UPDATE version SET current=?6" AT_PLACE);
    bind_place(s, bucket, key, place);
    db_bind_i64(s, current);
    db_run(s);
}

static void remove_place(struct store_txn *txn, int64_t bucket, str key, const struct place *place)
{
    const struct usage_change held = { place->class, -1, -place->size };
    if (place->current && !place->marker)
        count_object(txn, bucket, place->size, -1);
    usage_count(txn, bucket, &held);
    hot_touch(txn->store, &txn->cache->touched, bucket, key);
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM version" AT_PLACE);
    bind_place(s, bucket, key, place);
    db_run(s);
    body_row_unref(txn, place->body);
}

static void bind_meta(struct db_stmt *s, const struct object_meta *meta)
{
    db_bind_text_opt(s, meta->storage_class);
    db_bind_i64(s, (int64_t) meta->checksum.kind);
    db_bind_i64(s, meta->checksum.composite);
    db_bind_blob_opt(s, str_from(meta->checksum.value.bytes, meta->checksum.value.size));
    db_bind_i64(s, (int64_t) meta->lock_mode);
    db_bind_i64(s, meta->lock_until.ns);
    db_bind_i64(s, meta->legal_hold);
    db_bind_blob_opt(s, meta->fields);
    db_bind_blob_opt(s, meta->tags);
    db_bind_blob_opt(s, meta->acl);
}

static void insert_row(struct store_txn *txn, const struct version_info *version, int64_t rank)
{
    const struct usage_change held = { version->meta.storage_class, 1,
                                       (int64_t) version->size_bytes };
    if (version->current && !version->marker)
        count_object(txn, version->bucket, held.bytes, 1);
    usage_count(txn, version->bucket, &held);
    hot_touch(txn->store, &txn->cache->touched, version->bucket, version->key);
    struct db_stmt *s = db_sql(
        txn->db, "INSERT INTO version(bucket,key,rank,origin,id,current,marker,stamp,modified,size,"
                 "etag,parts,body,repl,lifecycle,class,sum_kind,sum_composite,sum,lock_mode,"
                 "lock_until,hold,fields,tags,acl) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,"
                 "?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25)");
    const struct place place = { .rank = rank, .origin = version->origin, .id = version->id };
    bind_place(s, version->bucket, version->key, &place);
    db_bind_i64(s, version->current);
    db_bind_i64(s, version->marker);
    db_bind_i64(s, version->stamp_us);
    db_bind_i64(s, version->modified.ns);
    db_bind_i64(s, (int64_t) version->size_bytes);
    db_bind_text_opt(s, version->etag);
    db_bind_i64(s, version->parts);
    db_bind_i64(s, version->body);
    db_bind_i64(s, (int64_t) version->repl_status);
    db_bind_i64(s, version->lifecycle);
    bind_meta(s, &version->meta);
    db_run(s);
}

static int64_t rank_of(struct store_txn *txn, struct bucket_row *bucket,
                       const struct version_info *version)
{
    txn_bucket_dirty(txn, bucket);
    bucket->arrivals++;
    return txn->store->options.version_order == ORDER_ARRIVAL ? (int64_t) bucket->arrivals
                                                              : version->stamp_us;
}

/* -- births
 * ---------------------------------------------------------------------------------------- */

static str new_id(struct store_txn *txn, const struct version_info *version, uint64_t ordinal)
{
    const struct rng_key key = { .seed = txn->cache->seed,
                                 .purpose = RNG_VERSION_ID,
                                 .scope = txn_draw_scope(txn, version->bucket),
                                 .name = version->key,
                                 .ordinal = ordinal };
    return version_id_make(txn->arena, &key, version->stamp_us);
}

enum store_result version_row_plan(struct store_txn *txn, struct version_write *write)
{
    struct bucket_row *bucket = write->bucket;
    struct version_info *version = write->version;
    bool enabled = bucket->info.versioning == VERSIONING_ENABLED;
    uint64_t ordinal = txn_ordinal(txn, bucket);
    version->bucket = bucket->info.id;
    version->stamp_us = txn_stamp(txn, bucket);
    version->id = enabled ? new_id(txn, version, ordinal) : STR(VERSION_NULL);
    version->origin = str_copy(txn->arena, bucket->info.region);
    version->modified = instant_add(txn->now, txn->skew);
    version->current = true;
    version->repl_status = REPL_NONE;
    write->change =
        (struct store_change){ .kind = write->kind, .version = version, .ordinal = ordinal };
    enum store_result result = queue_row_plan(txn, bucket, &write->change, &write->plan);
    if (write->plan.count)
        version->repl_status = REPL_STATUS_PENDING;
    return result;
}

void version_row_insert(struct store_txn *txn, struct version_write *write)
{
    struct version_info *version = write->version;
    int64_t bucket = version->bucket;
    struct place first, null;
    bool any = first_place(txn, bucket, version->key, &first);
    if (any && write->bucket->info.versioning != VERSIONING_ENABLED) {
        if (str_is(first.id, VERSION_NULL)) {
            remove_place(txn, bucket, version->key, &first);
            any = false; /* what follows it in the order is not current yet, and stays so */
        } else if (old_place(txn, bucket, version->key, STR(VERSION_NULL), &null)) {
            remove_place(txn, bucket, version->key, &null);
        }
    }
    if (any)
        set_current(txn, bucket, version->key, &first, false);
    insert_row(txn, version, rank_of(txn, write->bucket, version));
    queue_row_insert(txn, &write->change, &write->plan, STR_NONE);
}

static bool comes_before(int64_t rank, const struct version_info *version,
                         const struct place *first)
{
    if (rank != first->rank)
        return rank > first->rank;
    int order = str_cmp(version->origin, first->origin);
    return order ? order > 0 : str_cmp(version->id, first->id) > 0;
}

void version_row_insert_replica(struct store_txn *txn, struct bucket_row *bucket,
                                struct version_info *version)
{
    struct place first;
    bool any = first_place(txn, bucket->info.id, version->key, &first);
    int64_t rank = rank_of(txn, bucket, version);
    version->bucket = bucket->info.id;
    version->current = !any || comes_before(rank, version, &first);
    if (bucket->last_stamp_us < version->stamp_us)
        bucket->last_stamp_us = version->stamp_us; /* what is written here later is newer */
    if (any && version->current)
        set_current(txn, bucket->info.id, version->key, &first, false);
    insert_row(txn, version, rank);
}

/* -- changes and ends
 * ------------------------------------------------------------------------------- */

void version_row_delete(struct store_txn *txn, const struct version_info *version)
{
    struct place place, next;
    if (!place_of(txn, version->bucket, version->key, version->id, &place))
        return;
    remove_place(txn, version->bucket, version->key, &place);
    if (place.current && first_place(txn, version->bucket, version->key, &next))
        set_current(txn, version->bucket, version->key, &next, true);
}

static enum repl_status of_replica(enum repl_status status)
{
    if (status == REPL_STATUS_COMPLETED)
        return REPL_STATUS_REPLICA;
    return status == REPL_STATUS_FAILED ? REPL_STATUS_REPLICA_FAILED : REPL_STATUS_REPLICA_PENDING;
}

/* "COMPLETED only when all are done": what one destination never got is not forgotten while the
 * others get it. */
static enum repl_status of_lost(enum repl_status status)
{
    return status == REPL_STATUS_PENDING ? REPL_STATUS_PENDING_LOST : REPL_STATUS_FAILED;
}

void version_row_set_status(struct store_txn *txn, int64_t bucket, str key, str id,
                            enum repl_status status)
{
    struct place place;
    if (!place_of(txn, bucket, key, id, &place))
        return;
    if (repl_is_replica(place.repl_status))
        status = of_replica(status);
    else if (place.repl_status == REPL_STATUS_PENDING_LOST && status != REPL_STATUS_PENDING_LOST)
        status = of_lost(status);
    if (place.repl_status == status)
        return;
    hot_touch(txn->store, &txn->cache->touched, bucket, key);
    struct db_stmt *s = db_sql(txn->db, "UPDATE version SET repl=?6" AT_PLACE);
    bind_place(s, bucket, key, &place);
    db_bind_i64(s, (int64_t) status);
    db_run(s);
}

void version_row_set_meta(struct store_txn *txn, const struct version_info *version)
{
    struct place place;
    if (!place_of(txn, version->bucket, version->key, version->id, &place))
        return;
    const struct usage_change from = { place.class, -1, -place.size };
    const struct usage_change to = { version->meta.storage_class, 1, place.size };
    usage_count(txn, version->bucket, &from);
    usage_count(txn, version->bucket, &to);
    hot_touch(txn->store, &txn->cache->touched, version->bucket, version->key);
    struct db_stmt *s = db_sql(
        txn->db, "UPDATE version SET repl=?6,class=?7,sum_kind=?8,sum_composite=?9,sum=?10,"
                 "lock_mode=?11,lock_until=?12,hold=?13,fields=?14,tags=?15,acl=?16" AT_PLACE);
    bind_place(s, version->bucket, version->key, &place);
    db_bind_i64(s, (int64_t) version->repl_status);
    bind_meta(s, &version->meta);
    db_run(s);
}
