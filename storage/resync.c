/* Resync (storage/resync.h): which versions, and their queue rows. */
#include "storage/resync.h"

#include "base/limits.h"
#include "storage/txn.h"

/* -- which versions --------------------------------------------------------------------------- */

typedef bool fits_fn(str text, str part);

static bool contains(str text, str part)
{
    return part.size == 0 || str_find(text, part) < text.size;
}

static bool any_fits(const struct resync_names *names, str text, fits_fn *fits)
{
    for (size_t i = 0; i < names->count; i++)
        if (fits(text, names->at[i]))
            return true;
    return names->count == 0;
}

static bool is_wanted(const struct resync_filter *filter, struct arena *arena,
                      const struct version_info *version)
{
    enum repl_status status = repl_shown(version->repl_status);
    instant modified = version->modified;
    if (filter->statuses ? !(filter->statuses >> status & 1) : status == REPL_STATUS_PENDING)
        return false;
    if (filter->created_after.ns && !instant_before(filter->created_after, modified))
        return false;
    if (filter->created_before.ns && !instant_before(modified, filter->created_before))
        return false;
    if ((filter->larger_than && version->size_bytes <= filter->larger_than) ||
        (filter->smaller_than && version->size_bytes >= filter->smaller_than))
        return false;
    str class = version->meta.storage_class.size ? version->meta.storage_class : STR("STANDARD");
    return any_fits(&filter->prefixes, version->key, str_starts) &&
           any_fits(&filter->suffixes, version->key, str_ends) &&
           any_fits(&filter->substrings, version->key, contains) &&
           any_fits(&filter->storage_classes, class, str_eq) &&
           (filter->also == NULL || filter->also(filter->ctx, arena, version));
}

/* -- the rows of one version ------------------------------------------------------------------ */

/* Rows that failed earlier are superseded. */
static void forget_failed(struct store_txn *txn, const struct version_info *version)
{
    struct db_stmt *s = db_sql(txn->db, "DELETE FROM queue WHERE source_bucket=?1 AND key=?2"
                                        " AND version=?3 AND state=?4" QUEUE_SHARE_COLUMNS);
    db_bind_i64(s, version->bucket);
    db_bind_blob(s, version->key);
    db_bind_text(s, version->id);
    db_bind_i64(s, QUEUE_FAILED);
    queue_total_removed(txn, s);
}

static bool is_on_its_way(struct store_txn *txn, const struct version_info *version,
                          str destination)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT 1 FROM queue WHERE source_bucket=?1 AND key=?2 AND"
                                        " version=?3 AND destination=?4 AND state<>?5 AND kind<>?6"
                                        " LIMIT 1");
    db_bind_i64(s, version->bucket);
    db_bind_blob(s, version->key);
    db_bind_text(s, version->id);
    db_bind_blob(s, destination);
    db_bind_i64(s, QUEUE_FAILED);
    db_bind_i64(s, CHANGED_META);
    return db_value(s, 0) != 0;
}

static enum store_result queue_version(struct store_txn *txn, const struct store_resync *resync,
                                       struct version_info *version, enum resync_outcome *outcome)
{
    struct bucket_row *bucket = txn_bucket(txn, resync->bucket);
    struct store_change change = { .kind = version->marker ? CHANGED_MARKER : CHANGED_PUT,
                                   .version = version,
                                   .ordinal = resync->dry ? 0 : txn_ordinal(txn, bucket),
                                   .resync = true };
    struct store_plan plan;
    enum store_result result = queue_row_plan(txn, bucket, &change, &plan);
    *outcome = plan.count == 0 ? RESYNC_INELIGIBLE : resync->dry ? RESYNC_FOUND : RESYNC_ON_ITS_WAY;
    if (result != STORE_OK || plan.count == 0 || resync->dry)
        return result;
    size_t kept = 0;
    for (size_t i = 0; i < plan.count; i++)
        if (!is_on_its_way(txn, version, plan.rows[i].destination))
            plan.rows[kept++] = plan.rows[i];
    plan.count = kept;
    if (version->repl_status == REPL_STATUS_PENDING_LOST) {
        version->repl_status = REPL_STATUS_PENDING; /* what was lost is sent again */
        version_row_set_meta(txn, version);
    }
    if (kept == 0)
        return STORE_OK;
    *outcome = RESYNC_QUEUED;
    forget_failed(txn, version);
    queue_row_insert(txn, &change, &plan, resync->job);
    version_row_set_status(txn, version->bucket, version->key, version->id, REPL_STATUS_PENDING);
    return STORE_OK;
}

/* -- a walk ----------------------------------------------------------------------------------- */

static void add_item(struct store_resync *resync, struct arena *arena,
                     const struct version_info *version, enum resync_outcome outcome)
{
    if (!resync->items)
        resync->items = ARENA_ARRAY(arena, struct resync_item, RESYNC_ROWS);
    resync->items[resync->count++] =
        (struct resync_item){ .key = str_copy(arena, version->key),
                              .version_id = str_copy(arena, version->id),
                              .outcome = outcome };
}

static enum store_result walk_one(struct store_txn *txn, struct store_resync *resync,
                                  struct version_info *version, struct arena *kept)
{
    enum resync_outcome outcome = RESYNC_FOUND;
    if (!is_wanted(&resync->filter, txn->arena, version))
        return STORE_OK;
    enum store_result result = STORE_OK;
    if (!resync->dry || resync->filter.eligible)
        result = queue_version(txn, resync, version, &outcome);
    if (result != STORE_OK || (resync->filter.eligible && outcome == RESYNC_INELIGIBLE))
        return result;
    add_item(resync, kept, version, outcome);
    resync->queued += outcome == RESYNC_QUEUED;
    return STORE_OK;
}

static struct db_stmt *walk_from(struct store_txn *txn, const struct store_resync *resync)
{
    const struct resync_place *place = &resync->place;
    struct db_stmt *s =
        db_sql(txn->db, "SELECT " VERSION_COLUMNS "FROM version WHERE bucket=?1 AND key>=?2 AND"
                        " (key>?2 OR ?5 IS NULL OR (rank,origin,id)<(?3,?4,?5))"
                        " ORDER BY bucket,key,rank DESC,origin DESC,id DESC LIMIT ?6");
    bool one = resync->filter.prefixes.count == 1 && place->key.size == 0;
    db_bind_i64(s, resync->bucket);
    db_bind_blob(s, one ? resync->filter.prefixes.at[0] : place->key);
    db_bind_i64(s, place->rank);
    db_bind_text(s, place->origin);
    db_bind_text_opt(s, place->id);
    db_bind_i64(s, RESYNC_ROWS);
    return s;
}

static bool is_past(const struct resync_filter *filter, str key)
{
    return filter->prefixes.count == 1 && !str_starts(key, filter->prefixes.at[0]);
}

/* The rows' keys do not change under the open SELECT, so it neither skips nor repeats one. */
static enum store_result walk(struct store_txn *txn, struct store_resync *resync)
{
    struct arena *kept = txn->arena;
    enum store_result result = STORE_OK;
    struct db_stmt *s = walk_from(txn, resync);
    unsigned seen = 0;
    resync->items = NULL;
    resync->count = 0;
    resync->more = true;
    txn->arena = arena_new(); /* a row at a time */
    while (result == STORE_OK && resync->more && db_step(s)) {
        struct version_info version;
        version_row_read(s, txn->arena, true, &version);
        resync->more = !is_past(&resync->filter, version.key);
        if (resync->more)
            result = walk_one(txn, resync, &version, kept);
        if (++seen == RESYNC_ROWS)
            resync->place = (struct resync_place){ .key = str_copy(kept, version.key),
                                                   .origin = str_copy(kept, version.origin),
                                                   .id = str_copy(kept, version.id),
                                                   .rank = version_row_rank(s) };
        arena_reset(txn->arena);
    }
    db_end(s);
    resync->more = resync->more && seen == RESYNC_ROWS;
    arena_free(txn->arena);
    txn->arena = kept;
    return result;
}

/* -- named versions --------------------------------------------------------------------------- */

static enum store_result queue_item(struct store_txn *txn, struct store_resync *resync,
                                    struct resync_item *item)
{
    struct version_info version;
    bool by_id = str_is_set(item->version_id);
    bool there =
        by_id ? version_row_by_id(txn->db, txn->arena, resync->bucket, item->key, item->version_id,
                                  &version)
              : version_row_current(txn->db, txn->arena, resync->bucket, item->key, &version);
    item->outcome = RESYNC_ABSENT;
    if (!there)
        return STORE_OK;
    item->version_id = version.id;
    enum store_result result = queue_version(txn, resync, &version, &item->outcome);
    resync->queued += item->outcome == RESYNC_QUEUED;
    return result;
}

static enum store_result run_resync(struct store_txn *txn, struct store_write *write)
{
    struct store_resync *resync = (struct store_resync *) write;
    enum store_result result = STORE_OK;
    if (!txn_bucket(txn, resync->bucket))
        return STORE_NO_BUCKET;
    resync->queued = 0;
    if (resync->walk)
        result = walk(txn, resync);
    for (size_t i = 0; !resync->walk && result == STORE_OK && i < resync->count; i++)
        result = queue_item(txn, resync, &resync->items[i]);
    if (result != STORE_OK)
        resync->queued = 0;
    return result;
}

void store_resync_init(struct store_resync *resync, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "resync",
                                                  .run = run_resync,
                                                  .savepoint = true };
    *resync = (struct store_resync){ .head = { .arena = arena, .kind = &kind } };
}

static enum store_result run_end(struct store_txn *txn, struct store_write *write)
{
    struct db_stmt *s =
        db_sql(txn->db, "DELETE FROM queue WHERE job=?1 AND state=?2 AND NOT EXISTS"
                        " (SELECT 1 FROM version v WHERE v.bucket=queue.source_bucket AND"
                        " v.key=queue.key AND v.id=queue.version)" QUEUE_SHARE_COLUMNS);
    db_bind_text(s, ((struct store_resync_end *) write)->job);
    db_bind_i64(s, QUEUE_FAILED);
    queue_total_removed(txn, s);
    return STORE_OK;
}

void store_resync_end_init(struct store_resync_end *end, struct arena *arena, str job)
{
    static const struct store_write_kind kind = { .name = "resync end", .run = run_end };
    *end = (struct store_resync_end){ .head = { .arena = arena, .kind = &kind }, .job = job };
}

/* -- how far it is ---------------------------------------------------------------------------- */

static uint64_t count_versions(struct store_reader *reader, str job, const char *sql)
{
    struct db_stmt *s = db_sql(reader->db, sql);
    db_bind_text(s, job);
    db_bind_i64(s, QUEUE_FAILED);
    return (uint64_t) db_value(s, 0);
}

enum store_result store_resync_counts(struct store_reader *reader, str job,
                                      struct resync_counts *out)
{
    out->unfinished = count_versions(reader, job,
                                     "SELECT count(*) FROM (SELECT DISTINCT key,version FROM queue"
                                     " WHERE job=?1 AND state<>?2)");
    out->failed = count_versions(reader, job,
                                 "SELECT count(*) FROM (SELECT key,version FROM queue"
                                 " WHERE job=?1 GROUP BY 1,2 HAVING min(state)=?2)");
    return db_result(reader->db);
}
