/* Uploads before they are complete. An upload id begins with the instant of initiation in digits
 * that sort as text, so the key order of the table is the order that ListMultipartUploads wants,
 * and a page marker keeps its meaning after its upload is gone. */
#include "storage/upload.h"

#include "base/bug.h"
#include "base/encode.h"
#include "storage/db.h"
#include "storage/state.h"
#include "storage/upload_row.h"

#define ID_TIME_CHARS 11 /* 62^11 > 2^64 */
#define ID_CHANCE_BYTES 40

void upload_row_read(struct db_stmt *row, struct arena *arena, struct upload_row *out)
{
    struct upload_info *info = &out->info;
    info->bucket = db_i64(row, 0);
    info->key = db_copy(row, 1, arena);
    info->id = db_copy(row, 2, arena);
    info->initiated = (instant){ db_i64(row, 3) };
    info->checksum_kind = (enum digest_kind) db_i64(row, 4);
    info->checksum_composite = db_i64(row, 5) != 0;
    info->meta = (struct object_meta){
        .storage_class = db_copy(row, 6, arena),
        .lock_mode = (enum lock_mode) db_i64(row, 7),
        .lock_until = { db_i64(row, 8) },
        .legal_hold = db_i64(row, 9) != 0,
        .fields = db_copy(row, 10, arena),
        .tags = db_copy(row, 11, arena),
        .acl = db_copy(row, 12, arena),
    };
    out->stamp_us = db_i64(row, 13);
}

bool upload_row_find(struct db *db, struct arena *arena, int64_t bucket, str key, str id,
                     struct upload_row *out)
{
    struct db_stmt *s =
        db_sql(db, "SELECT " UPLOAD_COLUMNS "FROM upload WHERE bucket=?1 AND key=?2 AND id=?3");
    db_bind_i64(s, bucket);
    db_bind_blob(s, key);
    db_bind_text(s, id);
    bool found = db_step(s);
    if (found)
        upload_row_read(s, arena, out);
    db_end(s);
    return found;
}

void upload_row_count(struct store_txn *txn, const struct upload_info *upload, int64_t size,
                      int sign)
{
    const struct usage_change held = { upload->meta.storage_class, sign, sign * size };
    usage_count(txn, upload->bucket, &held);
}

void upload_row_drop(struct store_txn *txn, const struct upload_info *upload)
{
    str id = upload->id;
    struct db_stmt *s = db_sql(txn->db, "SELECT body,size FROM part WHERE upload=?1");
    db_bind_text(s, id);
    while (db_step(s)) {
        upload_row_count(txn, upload, db_i64(s, 1), -1);
        body_row_unref(txn, db_i64(s, 0));
    }
    db_end(s);
    s = db_sql(txn->db, "DELETE FROM part WHERE upload=?1");
    db_bind_text(s, id);
    db_run(s);
    s = db_sql(txn->db, "DELETE FROM upload WHERE id=?1");
    db_bind_text(s, id);
    db_run(s);
}

/* -- create ---------------------------------------------------------------------------------- */

static str draw_upload_id(struct store_txn *txn, const struct store_upload_create *create,
                          uint64_t ordinal)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char time[ID_TIME_CHARS];
    uint64_t ns = (uint64_t) txn->now.ns;
    for (size_t i = ID_TIME_CHARS; i-- > 0; ns /= 62)
        time[i] = digits[ns % 62];

    const struct rng_key draw = { .seed = txn->cache->seed,
                                  .purpose = RNG_UPLOAD_ID,
                                  .scope = txn_draw_scope(txn, create->bucket),
                                  .name = create->key,
                                  .ordinal = ordinal };
    unsigned char chance[ID_CHANCE_BYTES];
    rng_bytes(&draw, chance, sizeof(chance));
    str tail = encode_base64url(txn->arena, chance, sizeof(chance));
    return str_format(txn->arena, "%.*s%.*s", ID_TIME_CHARS, time, STR_ARG(tail));
}

static void insert_upload(struct store_txn *txn, const struct store_upload_create *create,
                          int64_t stamp_us)
{
    const struct object_meta *meta = &create->meta;
    struct db_stmt *s = db_sql(txn->db, "INSERT INTO upload(" UPLOAD_COLUMNS
                                        ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)");
    db_bind_i64(s, create->bucket);
    db_bind_blob(s, create->key);
    db_bind_text(s, create->out_id);
    db_bind_i64(s, txn->now.ns);
    db_bind_i64(s, create->checksum_kind);
    db_bind_i64(s, create->checksum_composite);
    db_bind_text_opt(s, meta->storage_class);
    db_bind_i64(s, meta->lock_mode);
    db_bind_i64(s, meta->lock_until.ns);
    db_bind_i64(s, meta->legal_hold);
    db_bind_blob_opt(s, meta->fields);
    db_bind_blob_opt(s, meta->tags);
    db_bind_blob_opt(s, meta->acl);
    db_bind_i64(s, stamp_us);
    db_run(s);
}

static enum store_result run_create(struct store_txn *txn, struct store_write *write)
{
    struct store_upload_create *create = (struct store_upload_create *) (void *) write;
    struct bucket_row *bucket = txn_bucket(txn, create->bucket);
    struct version_info current;

    if (bucket == NULL)
        return STORE_NO_BUCKET;
    bool exists = version_row_current(txn->db, txn->arena, create->bucket, create->key, &current);
    create->out_id = draw_upload_id(txn, create, txn_ordinal(txn, bucket));
    insert_upload(txn, create, exists ? current.stamp_us : 0);
    return STORE_OK;
}

void store_upload_create_init(struct store_upload_create *create, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "upload", .run = run_create };
    *create = (struct store_upload_create){ .head = { .arena = arena, .kind = &kind } };
}

/* -- parts ----------------------------------------------------------------------------------- */

struct part_row {
    const struct upload_info *upload;
    int64_t body;
    const struct part_info *info;
};

static void put_part(struct store_txn *txn, const struct part_row *part)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT body,size FROM part WHERE upload=?1 AND number=?2");
    db_bind_text(s, part->upload->id);
    db_bind_i64(s, part->info->number);
    bool again = db_step(s);
    int64_t body = again ? db_i64(s, 0) : 0, size = again ? db_i64(s, 1) : 0;
    db_end(s);
    if (again)
        upload_row_count(txn, part->upload, size, -1);
    upload_row_count(txn, part->upload, (int64_t) part->info->size_bytes, 1);
    body_row_unref(txn, body);

    const struct object_checksum *sum = &part->info->checksum;
    s = db_sql(txn->db,
               "INSERT OR REPLACE INTO part(upload,number,body,size,etag,modified,sum_kind,"
               "sum) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)");
    db_bind_text(s, part->upload->id);
    db_bind_i64(s, part->info->number);
    db_bind_i64(s, part->body);
    db_bind_i64(s, (int64_t) part->info->size_bytes);
    db_bind_text(s, part->info->etag);
    db_bind_i64(s, part->info->modified.ns);
    db_bind_i64(s, sum->kind);
    db_bind_blob_opt(s, str_from(sum->value.bytes, sum->value.size));
    db_run(s);
}

/* What the object's checksum will be made of. An upload without a kind gets CRC64NVME, as S3 adds
 * one by itself (aws-behaviour E.5). */
static struct object_checksum part_checksum(const struct upload_info *upload,
                                            const struct object_checksum *given,
                                            const struct digest_value *sums)
{
    enum digest_kind kind = upload->checksum_kind;
    if (kind == DIGEST_NONE)
        kind = DIGEST_CRC64NVME;
    if (given->kind == kind)
        return *given;
    if (sums != NULL && sums[kind].size > 0)
        return (struct object_checksum){ .kind = kind, .value = sums[kind] };
    return (struct object_checksum){ .kind = DIGEST_NONE };
}

static enum store_result run_part_put(struct store_txn *txn, struct store_write *write)
{
    struct store_part_put *put = (struct store_part_put *) (void *) write;
    struct upload_row upload;

    if (!upload_row_find(txn->db, txn->arena, put->bucket, put->key, put->upload_id, &upload))
        return STORE_NO_UPLOAD;
    put->out = (struct part_info){
        .number = put->number,
        .size_bytes = put->draft.size_bytes,
        .etag = encode_hex(txn->arena, put->draft.md5.bytes, put->draft.md5.size),
        .modified = txn->now,
        .checksum = part_checksum(&upload.info, &put->checksum, put->draft.sums),
    };
    const struct part_row row = { &upload.info, body_row_insert(txn, &put->draft), &put->out };
    put_part(txn, &row);
    return STORE_OK;
}

static void part_put_committed(struct store_write *write)
{
    body_draft_drop(&((struct store_part_put *) (void *) write)->draft);
}

void store_part_put_init(struct store_part_put *put, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "part",
                                                  .run = run_part_put,
                                                  .committed = part_put_committed };
    *put = (struct store_part_put){ .head = { .arena = arena, .kind = &kind } };
}

static enum store_result run_part_copy(struct store_txn *txn, struct store_write *write)
{
    struct store_part_copy *copy = (struct store_part_copy *) (void *) write;
    struct upload_row upload;
    struct version_info source;
    struct body_extent *extents;
    size_t count;

    if (!upload_row_find(txn->db, txn->arena, copy->bucket, copy->key, copy->upload_id, &upload))
        return STORE_NO_UPLOAD;
    if (!version_row_by_id(txn->db, txn->arena, copy->source_bucket, copy->source_key,
                           copy->source_version, &source) ||
        source.marker || copy->length_bytes > source.size_bytes ||
        copy->offset_bytes > source.size_bytes - copy->length_bytes)
        return STORE_CONFLICT;
    if (!body_row_extents(txn->db, txn->arena, source.body, copy->offset_bytes, copy->length_bytes,
                          &extents, &count))
        return STORE_CONFLICT;
    if (count > BODY_EXTENTS_MAX)
        return STORE_TOO_LARGE;
    copy->out = (struct part_info){
        .number = copy->number,
        .size_bytes = copy->length_bytes,
        .etag = encode_hex(txn->arena, copy->md5.bytes, copy->md5.size),
        .modified = txn->now,
        .checksum = part_checksum(&upload.info, &copy->checksum, NULL),
    };
    const struct part_row row = { &upload.info,
                                  body_row_insert_extents(txn, extents, count, copy->length_bytes),
                                  &copy->out };
    put_part(txn, &row);
    return STORE_OK;
}

void store_part_copy_init(struct store_part_copy *copy, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "part-copy", .run = run_part_copy };
    *copy = (struct store_part_copy){ .head = { .arena = arena, .kind = &kind } };
}

/* -- abort ----------------------------------------------------------------------------------- */

static enum store_result run_abort(struct store_txn *txn, struct store_write *write)
{
    struct store_abort *stop = (struct store_abort *) (void *) write;
    struct upload_row upload;

    if (!upload_row_find(txn->db, txn->arena, stop->bucket, stop->key, stop->upload_id, &upload))
        return STORE_NO_UPLOAD;
    upload_row_drop(txn, &upload.info);
    return STORE_OK;
}

void store_abort_init(struct store_abort *abort_write, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "abort",
                                                  .run = run_abort,
                                                  .frees = true };
    *abort_write = (struct store_abort){ .head = { .arena = arena, .kind = &kind } };
}

/* -- reading --------------------------------------------------------------------------------- */

enum store_result store_upload_get(struct store_reader *reader, struct arena *arena, int64_t bucket,
                                   str key, str upload_id, struct upload_info *out)
{
    struct upload_row row;
    bool found = upload_row_find(reader->db, arena, bucket, key, upload_id, &row);
    if (found)
        *out = row.info;
    enum store_result result = db_result(reader->db);
    return result == STORE_OK && !found ? STORE_NO_UPLOAD : result;
}

enum store_result store_upload_bucket(struct store_reader *reader, str upload_id, int64_t *bucket)
{
    struct db_stmt *s = db_sql(reader->db, "SELECT bucket FROM upload WHERE id=?1 UNION ALL "
                                           "SELECT bucket FROM completed WHERE upload=?1");
    db_bind_text(s, upload_id);
    int64_t found = db_value(s, 0);
    enum store_result result = db_result(reader->db);
    if (result != STORE_OK || found == 0)
        return result == STORE_OK ? STORE_NO_UPLOAD : result;
    *bucket = found;
    return STORE_OK;
}

struct digest_value upload_row_sum(struct db_stmt *row, int column)
{
    struct digest_value value = { .size = 0 };
    str bytes = db_str(row, column);
    if (bytes.size > 0 && bytes.size <= sizeof(value.bytes)) {
        memcpy(value.bytes, bytes.ptr, bytes.size);
        value.size = (unsigned) bytes.size;
    }
    return value;
}

/* Columns: number, size, etag, modified, sum_kind, sum, at. At most `max` of them; ends `s`. */
static void read_parts(struct db_stmt *s, struct arena *arena, unsigned max, struct part_list *out)
{
    size_t capacity = 0;
    while (db_step(s)) {
        if (out->count == max) {
            out->truncated = true;
            break;
        }
        if (out->count == capacity) {
            struct part_info *old = out->at;
            capacity = capacity > 0 ? capacity * 2 : 16;
            out->at = ARENA_ARRAY(arena, struct part_info, capacity);
            if (out->count > 0)
                memcpy(out->at, old, out->count * sizeof(*old));
        }
        struct part_info *part = &out->at[out->count++];
        part->number = (unsigned) db_i64(s, 0);
        part->size_bytes = (uint64_t) db_i64(s, 1);
        part->etag = db_copy(s, 2, arena);
        part->modified = (instant){ db_i64(s, 3) };
        part->checksum.kind = (enum digest_kind) db_i64(s, 4);
        part->checksum.value = upload_row_sum(s, 5);
        part->offset_bytes = (uint64_t) db_i64(s, 6);
    }
    db_end(s);
}

enum store_result store_upload_parts(struct store_reader *reader, struct arena *arena,
                                     str upload_id, unsigned after, unsigned max,
                                     struct part_list *out)
{
    *out = (struct part_list){ .count = 0 };
    struct db_stmt *s = db_sql(reader->db, "SELECT 1 FROM upload WHERE id=?1");
    db_bind_text(s, upload_id);
    bool there = db_value(s, 0) != 0;
    if (there && max > 0) {
        s = db_sql(reader->db, "SELECT number,size,etag,modified,sum_kind,sum,0 FROM part "
                               "WHERE upload=?1 AND number>?2 ORDER BY number");
        db_bind_text(s, upload_id);
        db_bind_i64(s, after);
        read_parts(s, arena, max, out);
    }
    enum store_result result = db_result(reader->db);
    return result == STORE_OK && !there ? STORE_NO_UPLOAD : result;
}

enum store_result store_version_parts(struct store_reader *reader, struct arena *arena,
                                      const struct version_info *version, unsigned after,
                                      unsigned max, struct part_list *out)
{
    *out = (struct part_list){ .count = 0 };
    if (version->parts == 0 || max == 0)
        return STORE_OK;
    struct db_stmt *s = db_sql(reader->db, "SELECT number,size,etag,modified,sum_kind,sum,at FROM "
                                           "body_part WHERE body=?1 AND number>?2 ORDER BY number");
    db_bind_i64(s, version->body);
    db_bind_i64(s, after);
    read_parts(s, arena, max, out);
    enum store_result result = db_result(reader->db);
    bool gone = out->count == 0 && after == 0;
    return result == STORE_OK && gone ? STORE_NO_VERSION : result;
}
