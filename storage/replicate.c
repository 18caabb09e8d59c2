/* Applying copies: the replica's arrival, its queue row's end and the source's status are one
 * transaction. What was met goes to replication's judge, which says what becomes of the row.
 *
 * A replica keeps id, stamp, origin, Last-Modified, ETag and metadata of its source, so the same
 * copy twice changes nothing, and Regions converge under version_order origin. Replicas that
 * arrive cause no further copies: AWS does not chain replication. */
#include <stdlib.h>

#include "base/fields.h"
#include "storage/txn.h"
#include "storage/version_meta.h"

static bool load_row(struct store_txn *txn, int64_t id, struct queue_row *out)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT " QUEUE_COLUMNS "WHERE q.id=?1");
    db_bind_i64(s, id);
    bool there = db_step(s);
    if (there)
        queue_row_read(s, txn->arena, out);
    db_end(s);
    return there;
}

/* An option named as one of the object's fields stands for it: a KMS key, of KMS objects only. */
static void override_fields(struct store_txn *txn, const struct fields *options,
                            struct object_meta *meta)
{
    struct fields own = { 0 };
    for (size_t i = 0; i < options->count; i++) {
        const struct field *option = &options->at[i];
        if (!str_starts(option->name, STR("x-amz-")))
            continue;
        if (own.count == 0 && !fields_unpack(txn->arena, meta->fields, &own))
            return;
        if (str_is_set(fields_get(&own, str_c(txn->arena, option->name)))) {
            fields_set(txn->arena, &own, option->name, option->value);
            meta->fields = fields_pack(txn->arena, &own);
        }
    }
}

static void override(struct store_txn *txn, str options, struct object_meta *meta)
{
    struct fields fields;
    if (options.size == 0 || !fields_unpack(txn->arena, options, &fields))
        return;
    str storage_class = fields_get_exact(&fields, "storage-class");
    if (storage_class.size)
        meta->storage_class = storage_class;
    if (str_is_set(fields_get_exact(&fields, "owner")))
        meta->acl = STR_NONE; /* the bucket's owner has it, and nobody else anything */
    override_fields(txn, &fields, meta);
}

/* "By default the owner of the source object also owns the replica": in a bucket of another account
 * that has to be said. */
static void keep_owner(const struct store_txn *txn, const struct bucket_row *source,
                       const struct bucket_row *destination, struct object_meta *meta)
{
    const struct store_hooks *hooks = txn->store->options.hooks;
    if (source && hooks && hooks->acl_abroad &&
        !str_eq(source->info.account, destination->info.account))
        meta->acl = hooks->acl_abroad(txn->arena, meta->acl, source->info.account);
}

/* "If you don't have retention controls applied to the objects in your source bucket ... the
 * destination bucket's default retention period is applied to your object replicas" (What does
 * Amazon S3 replicate?). A retention counts from the creation, which a replica keeps. */
static void take_default_lock(struct store_txn *txn, const struct bucket_row *destination,
                              struct version_info *version)
{
    const struct store_hooks *hooks = txn->store->options.hooks;
    if (!destination->info.object_lock || version->marker || !hooks || !hooks->lock_default ||
        version->meta.lock_mode != LOCK_NONE)
        return;
    struct db_stmt *s = db_sql(txn->db, "SELECT body FROM config WHERE bucket=?1 AND kind=?2");
    db_bind_i64(s, destination->info.id);
    db_bind_text(s, STR(CONFIG_OBJECT_LOCK));
    str document = db_step(s) ? db_copy(s, 0, txn->arena) : STR_NONE;
    db_end(s);
    if (document.size)
        hooks->lock_default(txn->arena, document, version->modified, &version->meta);
}

/* A null version may stand for different content in each bucket: the later one stays. */
static bool replaces_null(struct store_txn *txn, const struct version_info *there,
                          const struct version_info *source)
{
    if (there->stamp_us > source->stamp_us ||
        (there->stamp_us == source->stamp_us && str_cmp(there->origin, source->origin) >= 0))
        return false;
    version_row_delete(txn, there);
    return true;
}

static bool was_hard_deleted(struct store_txn *txn, const struct bucket_row *destination,
                             const struct queue_row *row)
{
    struct db_stmt *s =
        db_sql(txn->db, "SELECT 1 FROM hard_deleted WHERE bucket=?1 AND key=?2 AND id=?3");
    db_bind_i64(s, destination->info.id);
    db_bind_blob(s, row->key);
    db_bind_text(s, row->version_id);
    return db_value(s, 0) != 0;
}

static enum copy_finding apply_version(struct store_txn *txn, const struct queue_row *row,
                                       struct bucket_row *destination, struct version_info *version)
{
    struct version_info there;
    if (version_row_by_id(txn->db, txn->arena, destination->info.id, row->key, row->version_id,
                          &there)) {
        if (!str_is(row->version_id, VERSION_NULL) || !replaces_null(txn, &there, version))
            return COPY_APPLIED;
    } else if (row->job.size && was_hard_deleted(txn, destination, row))
        return COPY_HARD_DELETED;
    version->repl_status = REPL_STATUS_REPLICA;
    keep_owner(txn, txn_bucket(txn, row->source_bucket), destination, &version->meta);
    override(txn, row->options, &version->meta);
    take_default_lock(txn, destination, version);
    body_row_ref(txn, version->body);
    version_row_insert_replica(txn, destination, version);
    return COPY_APPLIED;
}

static enum copy_finding apply_meta(struct store_txn *txn, const struct queue_row *row,
                                    const struct bucket_row *destination,
                                    struct version_info *source)
{
    struct version_info there;
    if (!version_row_by_id(txn->db, txn->arena, destination->info.id, row->key, row->version_id,
                           &there))
        return COPY_VERSION_MISSING;
    keep_owner(txn, txn_bucket(txn, row->source_bucket), destination, &source->meta);
    version_meta_take(&there.meta, &source->meta, row->what);
    version_row_set_meta(txn, &there);
    return COPY_APPLIED;
}

static enum copy_finding apply(struct store_txn *txn, const struct queue_row *row)
{
    struct version_info source;
    if (!version_row_by_id(txn->db, txn->arena, row->source_bucket, row->key, row->version_id,
                           &source))
        return COPY_SOURCE_GONE;
    const struct bucket_row *bucket = txn_bucket(txn, row->source_bucket);
    bool locked = bucket->info.object_lock; /* `bucket` may go with the next look-up */
    if (!str_is_set(bucket->rules))
        return COPY_RULES_GONE;
    struct bucket_row *destination = txn_bucket_named(txn, row->destination);
    if (!destination)
        return COPY_BUCKET_GONE;
    if (destination->info.versioning != VERSIONING_ENABLED)
        return COPY_UNVERSIONED;
    if (locked && !destination->info.object_lock)
        return COPY_LOCK_MISSING;
    if (row->kind == CHANGED_META)
        return apply_meta(txn, row, destination, &source);
    return apply_version(txn, row, destination, &source);
}

static void set_row(struct store_txn *txn, const struct queue_row *row, enum queue_state state,
                    instant ready_at, str reason)
{
    struct db_stmt *s =
        db_sql(txn->db, "UPDATE queue SET state=?2,ready_at=?3,reason=?4,attempts=attempts+?5,"
                        "threshold=CASE WHEN ?2=?6 THEN NULL ELSE threshold END WHERE id=?1");
    db_bind_i64(s, row->id);
    db_bind_i64(s, (int64_t) state);
    db_bind_i64(s, ready_at.ns);
    db_bind_text_opt(s, reason);
    db_bind_i64(s, state == QUEUE_WAITING || state == QUEUE_FAILED);
    db_bind_i64(s, QUEUE_FAILED); /* what failed is not late any more */
    db_run(s);
    struct queue_share share = { row->from_region, row->to_region, row->state, row->size_bytes };
    queue_total_add(txn, &share, -1);
    share.state = state;
    queue_total_add(txn, &share, 1);
    if (state == QUEUE_PENDING && instant_before(ready_at, txn->cache->queue_earliest))
        txn->cache->queue_earliest = ready_at;
}

static void end_row(struct store_txn *txn, const struct queue_row *row,
                    const struct copy_verdict *verdict)
{
    bool said = verdict->reason.size > 0;
    switch (verdict->end) {
    case VERDICT_DONE:
        queue_row_remove(txn, row->id);
        break;
    case VERDICT_WAIT:
        set_row(txn, row, said ? QUEUE_WAITING : QUEUE_PENDING, verdict->ready_at, verdict->reason);
        break;
    case VERDICT_HOLD:
        set_row(txn, row, QUEUE_HELD, row->ready_at, row->reason);
        break;
    case VERDICT_DROP:
        if (!said) {
            queue_row_remove(txn, row->id);
            break;
        }
        set_row(txn, row, QUEUE_FAILED, row->ready_at, verdict->reason);
        break;
    case VERDICT_FAIL:
        set_row(txn, row, QUEUE_FAILED, row->ready_at, verdict->reason);
        break;
    }
    bool gone = verdict->end == VERDICT_DROP && !said;
    queue_row_settle(txn, row, gone ? REPL_STATUS_FAILED : REPL_STATUS_COMPLETED);
}

static struct copy_verdict judge(const struct store_txn *txn, const struct queue_row *row,
                                 enum copy_finding finding)
{
    const struct store_hooks *hooks = txn->store->options.hooks;
    if (hooks && hooks->judge)
        return hooks->judge(hooks->ctx, row, finding);
    return (struct copy_verdict){ .end = finding == COPY_APPLIED ? VERDICT_DONE : VERDICT_DROP };
}

static int by_key(const void *left, const void *right)
{
    const struct copy_order *a = *(struct copy_order *const *) left;
    const struct copy_order *b = *(struct copy_order *const *) right;
    int order = str_cmp(a->was.key, b->was.key);
    return order ? order : (a > b) - (a < b);
}

/* Copies that are due in any order of their keys would each meet pages of their own. In the order
 * of keys neighbours share them; those of one key keep theirs, which is all that anybody can tell.
 */
static enum store_result run_copies(struct store_txn *txn, struct store_write *write)
{
    struct store_copies *copies = (struct store_copies *) write;
    struct copy_order **in_order = ARENA_ARRAY(txn->arena, struct copy_order *, copies->count);
    size_t found = 0;
    for (size_t i = 0; i < copies->count; i++) {
        struct copy_order *order = &copies->at[i];
        order->found = load_row(txn, order->row, &order->was);
        if (order->found)
            in_order[found++] = order;
    }
    qsort(in_order, found, sizeof(*in_order), by_key);
    for (size_t i = 0; i < found; i++) {
        struct copy_order *order = in_order[i];
        order->became =
            order->apply ? judge(txn, &order->was, apply(txn, &order->was)) : order->verdict;
        end_row(txn, &order->was, &order->became);
    }
    return STORE_OK;
}

void store_copies_init(struct store_copies *copies, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "copies", .run = run_copies };
    *copies = (struct store_copies){ .head = { .arena = arena, .kind = &kind } };
}
