/* Sub-resources of buckets: (bucket, kind, id) -> text, judged against the buckets they name. */
#include "storage/txn.h"

enum store_result store_config_get(struct store_reader *reader, struct arena *arena, int64_t bucket,
                                   str kind, str id, str *body)
{
    struct db_stmt *s =
        db_sql(reader->db, "SELECT body FROM config WHERE bucket=?1 AND kind=?2 AND id=?3");
    db_bind_i64(s, bucket);
    db_bind_text(s, kind);
    db_bind_blob(s, id);
    bool there = db_step(s);
    if (there)
        *body = db_copy(s, 0, arena);
    db_end(s);
    if (db_result(reader->db) != STORE_OK)
        return db_result(reader->db);
    return there ? STORE_OK : STORE_ABSENT;
}

enum store_result store_config_list(struct store_reader *reader, struct arena *arena,
                                    int64_t bucket, str kind, struct store_doc_list *out)
{
    struct db_stmt *s =
        db_sql(reader->db, "SELECT count(*) FROM config WHERE bucket=?1 AND kind=?2");
    db_bind_i64(s, bucket);
    db_bind_text(s, kind);
    size_t room = (size_t) db_value(s, 0);
    *out = (struct store_doc_list){ .at = ARENA_ARRAY(arena, struct store_doc, room) };
    s = db_sql(reader->db, "SELECT id,body FROM config WHERE bucket=?1 AND kind=?2 ORDER BY id");
    db_bind_i64(s, bucket);
    db_bind_text(s, kind);
    while (out->count < room && db_step(s))
        out->at[out->count++] = (struct store_doc){ .kind = kind,
                                                    .id = db_copy(s, 0, arena),
                                                    .body = db_copy(s, 1, arena) };
    db_end(s);
    return db_result(reader->db);
}

static bool enabled(const struct bucket_row *bucket)
{
    return bucket && bucket->info.versioning == VERSIONING_ENABLED;
}

static bool may_put(struct store_txn *txn, int64_t bucket, const struct store_doc *config)
{
    if (!config->if_absent && !config->was.ptr)
        return true;
    struct db_stmt *s = db_sql(txn->db, "SELECT count(*), coalesce(sum(body=?4),0) FROM config"
                                        " WHERE bucket=?1 AND kind=?2 AND id=?3");
    db_bind_i64(s, bucket);
    db_bind_text(s, config->kind);
    db_bind_blob(s, config->id);
    db_bind_blob(s, config->was);
    bool there = false, same = false;
    if (db_step(s)) {
        there = db_i64(s, 0) != 0;
        same = db_i64(s, 1) != 0;
    }
    db_end(s);
    return config->if_absent ? !there : same;
}

static enum store_result judge(struct store_txn *txn, struct store_config_put *put)
{
    const struct bucket_row *bucket = txn_bucket(txn, put->bucket);
    if (!bucket)
        return STORE_NO_BUCKET;
    if (put->needs_versioning && !enabled(bucket)) {
        put->head.detail = STR("source");
        return STORE_STATE_REFUSED;
    }
    for (size_t i = 0; i < put->needs_count; i++)
        if (!enabled(txn_bucket_named(txn, put->needs_versioned_buckets[i]))) {
            put->head.detail = put->needs_versioned_buckets[i];
            return STORE_STATE_REFUSED;
        }
    for (size_t i = 0; i < put->count; i++)
        if (!may_put(txn, put->bucket, &put->configs[i]))
            return STORE_CONFLICT;
    return STORE_OK;
}

static enum store_result run_put(struct store_txn *txn, struct store_write *write)
{
    struct store_config_put *put = (struct store_config_put *) write;
    enum store_result result = judge(txn, put);
    if (result != STORE_OK)
        return result;
    for (size_t i = 0; i < put->count; i++) {
        const struct store_doc *config = &put->configs[i];
        struct db_stmt *s =
            config->body.ptr
                ? db_sql(txn->db, "INSERT INTO config(bucket,kind,id,body) VALUES(?1,?2,?3,?4)"
                                  " ON CONFLICT DO UPDATE SET body=excluded.body")
                : db_sql(txn->db, "DELETE FROM config WHERE bucket=?1 AND kind=?2 AND id=?3");
        db_bind_i64(s, put->bucket);
        db_bind_text(s, config->kind);
        db_bind_blob(s, config->id);
        if (config->body.ptr)
            db_bind_blob(s, config->body);
        db_run(s);
    }
    txn_buckets_changed(txn); /* the rules may be among them */
    if (put->sets_object_lock) {
        struct db_stmt *s = db_sql(txn->db, "UPDATE bucket SET object_lock=1 WHERE id=?1");
        db_bind_i64(s, put->bucket);
        db_run(s);
    }
    return STORE_OK;
}

void store_config_put_init(struct store_config_put *put, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "config-put", .run = run_put };
    *put = (struct store_config_put){ .head = { .arena = arena, .kind = &kind } };
}
