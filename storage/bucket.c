/* Buckets: made, found, listed, changed, deleted. */
#include "base/rng.h"
#include "storage/bucket_cache.h"
#include "storage/txn.h"

/* -- reading
 * ---------------------------------------------------------------------------------------- */

#define BUCKET_COLUMNS "id,name,region,account,created,versioning,object_lock "

static struct bucket_info read_bucket(struct db_stmt *row, struct arena *arena)
{
    return (struct bucket_info){
        .id = db_i64(row, 0),
        .name = db_copy(row, 1, arena),
        .region = db_copy(row, 2, arena),
        .account = db_copy(row, 3, arena),
        .created = { db_i64(row, 4) },
        .versioning = (enum versioning) db_i64(row, 5),
        .object_lock = db_i64(row, 6) != 0,
    };
}

/* One of 64 bits for any kind: two that share one cost a look-up, not an answer. */
static uint64_t kind_bit(str kind)
{
    return 1ull << (rng_hash(kind) % 64);
}

bool store_bucket_may_have(const struct bucket_info *info, str kind)
{
    return (info->kinds & kind_bit(kind)) != 0;
}

static uint64_t read_kinds(struct db *db, struct arena *arena, int64_t bucket)
{
    uint64_t kinds = 0;
    struct db_stmt *s = db_sql(db, "SELECT DISTINCT kind FROM config WHERE bucket=?1");
    db_bind_i64(s, bucket);
    while (db_step(s))
        kinds |= kind_bit(db_copy(s, 0, arena));
    db_end(s);
    return kinds;
}

static bool find_bucket(struct db *db, struct arena *arena, str name, struct bucket_info *out)
{
    struct db_stmt *s = db_sql(db, "SELECT " BUCKET_COLUMNS "FROM bucket WHERE name=?1");
    db_bind_blob(s, name);
    bool there = db_step(s);
    if (there)
        *out = read_bucket(s, arena);
    db_end(s);
    return there;
}

enum store_result store_bucket_get(struct store_reader *reader, struct arena *arena, str name,
                                   struct bucket_info *out)
{
    const struct bucket_info *known = bucket_cache_find(reader->buckets, name);
    if (known) {
        *out = bucket_info_copy(arena, known);
        return STORE_OK;
    }
    if (find_bucket(reader->db, arena, name, out)) {
        out->kinds = read_kinds(reader->db, arena, out->id);
        bucket_cache_add(reader->buckets, out);
        return STORE_OK;
    }
    return db_result(reader->db) != STORE_OK ? db_result(reader->db) : STORE_NO_BUCKET;
}

static bool wanted(const struct bucket_list_query *query, const struct bucket_info *info)
{
    return (!query->account.ptr || str_eq(query->account, info->account)) &&
           (!query->region.ptr || str_eq(query->region, info->region));
}

/* Buckets are few (10,000 per account at AWS), so the filter runs here and not in SQL. */
enum store_result store_bucket_list(struct store_reader *reader, struct arena *arena,
                                    const struct bucket_list_query *query, struct bucket_list *out)
{
    *out = (struct bucket_list){ 0 };
    size_t room = (size_t) db_value(db_sql(reader->db, "SELECT count(*) FROM bucket"), 0);
    out->at = ARENA_ARRAY(arena, struct bucket_info, room);
    struct db_stmt *s = db_sql(reader->db, "SELECT " BUCKET_COLUMNS
                                           "FROM bucket WHERE name>?1 AND name>=?2 ORDER BY name");
    db_bind_blob(s, query->after);
    db_bind_blob(s, query->prefix);
    while (out->count < room && db_step(s)) {
        struct bucket_info info = read_bucket(s, arena);
        if (!str_starts(info.name, query->prefix))
            break;
        if (!wanted(query, &info))
            continue;
        if (query->max && out->count == query->max) {
            out->truncated = true;
            break;
        }
        out->at[out->count++] = info;
    }
    db_end(s);
    return db_result(reader->db);
}

enum store_result store_bucket_totals(struct store_reader *reader, struct arena *arena,
                                      struct bucket_total **out, size_t *count)
{
    size_t room = (size_t) db_value(db_sql(reader->db, "SELECT count(*) FROM bucket"), 0);
    struct db_stmt *s =
        db_sql(reader->db, "SELECT name,objects,object_bytes FROM bucket ORDER BY name");
    *out = ARENA_ARRAY(arena, struct bucket_total, room);
    for (*count = 0; *count < room && db_step(s); (*count)++)
        (*out)[*count] = (struct bucket_total){ db_copy(s, 0, arena), (uint64_t) db_i64(s, 1),
                                                (uint64_t) db_i64(s, 2) };
    db_end(s);
    return db_result(reader->db);
}

/* -- creating
 * ---------------------------------------------------------------------------------------- */

static void insert_config(struct store_txn *txn, int64_t bucket, const struct store_doc *config)
{
    struct db_stmt *s =
        db_sql(txn->db, "INSERT INTO config(bucket,kind,id,body) VALUES(?1,?2,?3,?4)"
                        " ON CONFLICT DO UPDATE SET body=excluded.body");
    db_bind_i64(s, bucket);
    db_bind_text(s, config->kind);
    db_bind_blob(s, config->id);
    db_bind_blob(s, config->body);
    db_run(s);
}

static enum store_result run_create(struct store_txn *txn, struct store_write *write)
{
    struct store_bucket_create *create = (struct store_bucket_create *) write;
    if (find_bucket(txn->db, txn->arena, create->name, &create->out))
        return STORE_EXISTS;
    create->out = (struct bucket_info){
        .name = create->name,
        .region = create->region,
        .account = create->account,
        .created = txn->now,
        .versioning = create->object_lock ? VERSIONING_ENABLED : VERSIONING_UNSET,
        .object_lock = create->object_lock,
    };
    struct db_stmt *s =
        db_sql(txn->db, "INSERT INTO bucket(name,region,account,created,versioning,object_lock,"
                        "last_stamp,ordinal,arrivals) VALUES(?1,?2,?3,?4,?5,?6,0,0,0)");
    db_bind_blob(s, create->name);
    db_bind_text(s, create->region);
    db_bind_text(s, create->account);
    db_bind_i64(s, txn->now.ns);
    db_bind_i64(s, (int64_t) create->out.versioning);
    db_bind_i64(s, create->object_lock);
    db_run(s);
    create->out.id = db_last_id(txn->db);
    for (size_t i = 0; i < create->config_count; i++)
        if (create->configs[i].body.ptr)
            insert_config(txn, create->out.id, &create->configs[i]);
    txn_buckets_changed(txn);
    return STORE_OK;
}

void store_bucket_create_init(struct store_bucket_create *create, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "bucket-create", .run = run_create };
    *create = (struct store_bucket_create){ .head = { .arena = arena, .kind = &kind } };
}

/* -- deleting
 * ---------------------------------------------------------------------------------------- */

static void run_for_bucket(struct db_stmt *s, int64_t bucket)
{
    db_bind_i64(s, bucket);
    db_run(s);
}

static void delete_uploads(struct store_txn *txn, int64_t bucket)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT p.body FROM upload u JOIN part p ON p.upload=u.id"
                                        " WHERE u.bucket=?1");
    db_bind_i64(s, bucket);
    while (db_step(s))
        body_row_unref(txn, db_i64(s, 0));
    db_end(s);
    run_for_bucket(db_sql(txn->db, "DELETE FROM part WHERE upload IN"
                                   " (SELECT id FROM upload WHERE bucket=?1)"),
                   bucket);
    run_for_bucket(db_sql(txn->db, "DELETE FROM upload WHERE bucket=?1"), bucket);
    run_for_bucket(db_sql(txn->db, "DELETE FROM completed WHERE bucket=?1"), bucket);
}

static enum store_result run_delete(struct store_txn *txn, struct store_write *write)
{
    int64_t bucket = ((struct store_bucket_delete *) write)->bucket;
    if (!txn_bucket(txn, bucket))
        return STORE_NO_BUCKET;
    struct db_stmt *s = db_sql(txn->db, "SELECT 1 FROM version WHERE bucket=?1 LIMIT 1");
    db_bind_i64(s, bucket);
    if (db_value(s, 0))
        return STORE_NOT_EMPTY;
    delete_uploads(txn, bucket);
    queue_row_forget_bucket(txn, bucket);
    run_for_bucket(db_sql(txn->db, "DELETE FROM hard_deleted WHERE bucket=?1"), bucket);
    run_for_bucket(db_sql(txn->db, "DELETE FROM config WHERE bucket=?1"), bucket);
    txn_buckets_changed(txn);
    run_for_bucket(db_sql(txn->db, "DELETE FROM bucket WHERE id=?1"), bucket);
    return STORE_OK;
}

void store_bucket_delete_init(struct store_bucket_delete *del, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "bucket-delete",
                                                  .run = run_delete,
                                                  .frees = true };
    *del = (struct store_bucket_delete){ .head = { .arena = arena, .kind = &kind } };
}

/* -- versioning
 * --------------------------------------------------------------------------------------- */

/* Versioning never goes back to unset; it stays on under object lock and under a replication
 * configuration (S3: "InvalidBucketState"). */
static bool may_change(struct store_txn *txn, const struct bucket_row *bucket,
                       enum versioning versioning)
{
    if (versioning == VERSIONING_ENABLED)
        return true;
    if (versioning == VERSIONING_UNSET || bucket->info.object_lock)
        return false;
    struct db_stmt *s = db_sql(txn->db, "SELECT 1 FROM config WHERE bucket=?1 AND kind=?2");
    db_bind_i64(s, bucket->info.id);
    db_bind_text(s, STR(CONFIG_REPLICATION));
    return !db_value(s, 0);
}

static enum store_result run_versioning(struct store_txn *txn, struct store_write *write)
{
    const struct store_bucket_versioning *change = (struct store_bucket_versioning *) write;
    const struct bucket_row *bucket = txn_bucket(txn, change->bucket);
    if (!bucket)
        return STORE_NO_BUCKET;
    if (!may_change(txn, bucket, change->versioning))
        return STORE_STATE_REFUSED;
    txn_buckets_changed(txn);
    struct db_stmt *s = db_sql(txn->db, "UPDATE bucket SET versioning=?2 WHERE id=?1");
    db_bind_i64(s, change->bucket);
    db_bind_i64(s, (int64_t) change->versioning);
    db_run(s);
    return STORE_OK;
}

void store_bucket_versioning_init(struct store_bucket_versioning *change, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "versioning", .run = run_versioning };
    *change = (struct store_bucket_versioning){ .head = { .arena = arena, .kind = &kind } };
}
