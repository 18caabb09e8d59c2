/* Completing an upload: judge everything against the rows of the parts, then let the parts' bodies
 * become one. No byte moves and none is read: the ETag comes from the parts' MD5s, the checksum
 * from the parts' checksums (a CRC of the whole by combining, a composite by hashing them).
 *
 *   judged in this order: upload, condition, conflict, parts and their checksums, sizes, the whole
 *
 * A repeated Complete finds no upload but a row in `completed`; the last COMPLETED_KEPT of these
 * are kept (aws-behaviour E.10: repeating it soon after success returns success again). */
#include "base/encode.h"
#include "base/limits.h"
#include "storage/db.h"
#include "storage/state.h"
#include "storage/upload_row.h"

#define COMPLETED_KEPT 1000

struct stored_part {
    unsigned number;
    bool listed, many_extents;
    int64_t body;
    uint64_t size_bytes;
    str etag;
    struct object_checksum sum;
};

struct completing {
    struct store_txn *txn;
    struct store_complete *in;
    struct bucket_row *bucket;
    struct upload_row upload;
    struct stored_part *stored; /* of the upload, by number */
    size_t stored_count;
    bool many_extents;          /* of any part */
    struct stored_part **parts; /* in->part_count of them, in order */
    uint64_t size_bytes;
    struct object_checksum sum; /* of the object */
    str etag;
};

/* -- what the upload has --------------------------------------------------------------------- */

static void load_parts(struct completing *c)
{
    struct store_txn *txn = c->txn;
    struct db_stmt *s = db_sql(txn->db, "SELECT count(*) FROM part WHERE upload=?1");
    db_bind_text(s, c->upload.info.id);
    size_t count = (size_t) db_value(s, 0);
    c->stored = ARENA_ARRAY(txn->arena, struct stored_part, count);

    s = db_sql(txn->db, "SELECT number,body,p.size,etag,sum_kind,sum,b.file IS NULL FROM part p "
                        "LEFT JOIN body b ON b.id=p.body WHERE upload=?1 ORDER BY number");
    db_bind_text(s, c->upload.info.id);
    while (c->stored_count < count && db_step(s)) {
        struct stored_part *part = &c->stored[c->stored_count++];
        part->number = (unsigned) db_i64(s, 0);
        part->body = db_i64(s, 1);
        part->size_bytes = (uint64_t) db_i64(s, 2);
        part->etag = db_copy(s, 3, txn->arena);
        part->sum.kind = (enum digest_kind) db_i64(s, 4);
        part->sum.value = upload_row_sum(s, 5);
        part->many_extents = part->body != 0 && db_i64(s, 6) != 0;
        c->many_extents = c->many_extents || part->many_extents;
    }
    db_end(s);
}

static bool same_value(const struct digest_value *a, const struct digest_value *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* -- judging --------------------------------------------------------------------------------- */

static enum store_result refuse_part(struct completing *c, size_t at, enum store_result why)
{
    c->in->bad_part = at;
    c->in->head.detail = str_format(c->txn->arena, "%u", c->in->parts[at].number);
    c->in->bad_size_bytes = c->parts[at] != NULL ? c->parts[at]->size_bytes : 0;
    return why;
}

/* The object as a whole is not what the client said: bad_part is part_count. */
static enum store_result refuse_whole(struct completing *c, bool checksum)
{
    c->in->bad_part = c->in->part_count;
    c->in->bad_size_bytes = c->size_bytes;
    c->in->bad_checksum = checksum;
    return STORE_BAD_PART;
}

/* A composite checksum needs one for every part (aws-behaviour E.5). An upload without an algorithm
 * keeps CRC64NVME, whatever its parts declared, and takes no other (recorded). */
static bool checksum_fits(const struct completing *c, const struct complete_part *listed,
                          const struct stored_part *stored)
{
    enum digest_kind asked = c->upload.info.checksum_kind;
    if (listed->checksum.kind == DIGEST_NONE)
        return asked == DIGEST_NONE || !c->upload.info.checksum_composite;
    return listed->checksum.kind == stored->sum.kind &&
           same_value(&listed->checksum.value, &stored->sum.value);
}

static enum store_result judge_parts(struct completing *c)
{
    const struct store_complete *in = c->in;
    size_t from = 0;

    c->parts = ARENA_ARRAY(c->txn->arena, struct stored_part *, in->part_count);
    for (size_t i = 0; i < in->part_count; i++) {
        const struct complete_part *listed = &in->parts[i];
        while (from < c->stored_count && c->stored[from].number < listed->number)
            from++;
        bool there = from < c->stored_count && c->stored[from].number == listed->number &&
                     !c->stored[from].listed;
        if (!there || !str_eq_nocase(c->stored[from].etag, listed->etag))
            return refuse_part(c, i, STORE_BAD_PART);
        c->parts[i] = &c->stored[from];
        c->parts[i]->listed = true;
        c->size_bytes += c->parts[i]->size_bytes;
        c->in->bad_checksum = !checksum_fits(c, listed, c->parts[i]);
        if (c->in->bad_checksum)
            return refuse_part(c, i, STORE_BAD_PART);
    }
    return STORE_OK;
}

static enum store_result judge_sizes(struct completing *c)
{
    uint64_t least = c->txn->store->options.part_min_bytes;
    int64_t extents = 0;

    for (size_t i = 0; i < c->in->part_count; i++) {
        bool last = i + 1 == c->in->part_count;
        if (!last && c->parts[i]->size_bytes < least)
            return refuse_part(c, i, STORE_PART_TOO_SMALL);
        if (c->parts[i]->size_bytes > LIMIT_PUT_BYTES)
            return STORE_TOO_LARGE;
        /* Copied parts may have more than one; the bound is what a reader resolves at once. */
        extents +=
            c->parts[i]->many_extents ? body_row_extent_count(c->txn->db, c->parts[i]->body) : 1;
    }
    if (c->size_bytes > LIMIT_OBJECT_BYTES || extents > BODY_EXTENTS_MAX)
        return STORE_TOO_LARGE;
    if (c->in->has_size && c->in->size_bytes != c->size_bytes)
        return refuse_whole(c, false);
    return STORE_OK;
}

/* -- what the object is ---------------------------------------------------------------------- */

static str object_etag(struct arena *arena, const struct complete_part *parts, size_t count)
{
    struct digest md5;
    digest_init(&md5, DIGEST_MD5);
    for (size_t i = 0; i < count; i++) {
        str bytes;
        if (decode_hex(arena, parts[i].etag, &bytes))
            digest_update(&md5, bytes.ptr, bytes.size);
    }
    struct digest_value value = digest_final(&md5);
    str hex = encode_hex(arena, value.bytes, value.size);
    return str_format(arena, "%.*s-%zu", STR_ARG(hex), count);
}

static struct object_checksum composite_checksum(const struct completing *c, enum digest_kind kind)
{
    struct digest digest;
    digest_init(&digest, kind);
    for (size_t i = 0; i < c->in->part_count; i++)
        digest_update(&digest, c->parts[i]->sum.value.bytes, c->parts[i]->sum.value.size);
    return (struct object_checksum){ kind, true, digest_final(&digest) };
}

static struct object_checksum object_checksum(const struct completing *c)
{
    const struct upload_info *upload = &c->upload.info;
    enum digest_kind kind =
        upload->checksum_kind != DIGEST_NONE ? upload->checksum_kind : DIGEST_CRC64NVME;

    for (size_t i = 0; i < c->in->part_count; i++)
        if (c->parts[i]->sum.kind != kind)
            return (struct object_checksum){ .kind = DIGEST_NONE };
    if (upload->checksum_composite)
        return composite_checksum(c, kind);
    if (!digest_is_crc(kind))
        return (struct object_checksum){ .kind = DIGEST_NONE };
    struct object_checksum sum = { .kind = kind, .value = c->parts[0]->sum.value };
    for (size_t i = 1; i < c->in->part_count; i++)
        sum.value =
            digest_crc_combine(kind, sum.value, c->parts[i]->sum.value, c->parts[i]->size_bytes);
    return sum;
}

static enum store_result judge_whole(struct completing *c)
{
    const struct object_checksum *expected = &c->in->expected;

    c->etag = object_etag(c->txn->arena, c->in->parts, c->in->part_count);
    c->sum = object_checksum(c);
    if (expected->kind == DIGEST_NONE)
        return STORE_OK;
    /* One of another kind than the upload's cannot be checked without reading the object. */
    if (expected->kind != c->sum.kind)
        return c->upload.info.checksum_kind == DIGEST_NONE ? STORE_OK : refuse_whole(c, true);
    return same_value(&expected->value, &c->sum.value) ? STORE_OK : refuse_whole(c, true);
}

/* aws-behaviour E.7: the condition holds, but the key is not what it was when the upload began. */
static enum store_result judge_condition(struct completing *c)
{
    const struct store_complete *in = c->in;
    const struct write_condition *condition = &in->condition;
    struct store_txn *txn = c->txn;
    struct version_info current;

    if (!condition->if_none_match_any && !condition->if_match_any && condition->if_match.size == 0)
        return STORE_OK;
    enum store_result result = version_row_condition(txn, in->bucket, in->key, condition);
    if (result != STORE_OK)
        return result;
    bool exists = version_row_current(txn->db, txn->arena, in->bucket, in->key, &current);
    int64_t stamp_us = exists ? current.stamp_us : 0;
    return stamp_us == c->upload.stamp_us ? STORE_OK : STORE_CONFLICT;
}

static enum store_result judge(struct completing *c)
{
    static enum store_result (*const steps[])(struct completing *) = { judge_condition, judge_parts,
                                                                       judge_sizes, judge_whole };
    enum store_result result = STORE_OK;

    /* The handler refuses an empty list before it comes here. */
    if (c->in->part_count == 0)
        return refuse_whole(c, false);
    load_parts(c);
    for (size_t i = 0; result == STORE_OK && i < COUNT(steps); i++)
        result = steps[i](c);
    return result;
}

/* -- changing -------------------------------------------------------------------------------- */

static void drop_unlisted(struct completing *c)
{
    for (size_t i = 0; i < c->stored_count; i++) {
        if (c->stored[i].listed)
            continue;
        body_row_unref(c->txn, c->stored[i].body);
        struct db_stmt *s = db_sql(c->txn->db, "DELETE FROM part WHERE upload=?1 AND number=?2");
        db_bind_text(s, c->upload.info.id);
        db_bind_i64(s, c->stored[i].number);
        db_run(s);
    }
}

/* Part rows become the object's part table, in one statement for all of them. */
static void move_parts(struct completing *c, int64_t body)
{
    struct db *db = c->txn->db;
    for (size_t i = 0; i < c->stored_count; i++)
        upload_row_count(c->txn, &c->upload.info, (int64_t) c->stored[i].size_bytes, -1);
    struct db_stmt *s = db_sql(
        db, "INSERT INTO body_part(body,number,at,size,etag,modified,sum_kind,sum) "
            "SELECT ?1,number,coalesce(sum(size) OVER (ORDER BY number ROWS BETWEEN UNBOUNDED "
            "PRECEDING AND 1 PRECEDING),0),size,etag,modified,sum_kind,sum FROM part "
            "WHERE upload=?2 ORDER BY number");
    db_bind_i64(s, body);
    db_bind_text(s, c->upload.info.id);
    db_run(s);
    s = db_sql(db, "DELETE FROM part WHERE upload=?1");
    db_bind_text(s, c->upload.info.id);
    db_run(s);
    s = db_sql(db, "DELETE FROM upload WHERE id=?1");
    db_bind_text(s, c->upload.info.id);
    db_run(s);
}

static str list_digest(const struct store_complete *in)
{
    struct digest digest;
    digest_init(&digest, DIGEST_SHA256);
    for (size_t i = 0; i < in->part_count; i++) {
        unsigned char number[4] = { (unsigned char) (in->parts[i].number >> 24),
                                    (unsigned char) (in->parts[i].number >> 16),
                                    (unsigned char) (in->parts[i].number >> 8),
                                    (unsigned char) in->parts[i].number };
        digest_update(&digest, number, sizeof(number));
        digest_update(&digest, in->parts[i].etag.ptr, in->parts[i].etag.size);
    }
    struct digest_value value = digest_final(&digest);
    return str_copy(in->head.arena, str_from(value.bytes, value.size));
}

static void remember(struct completing *c)
{
    struct db *db = c->txn->db;
    int64_t at = db_value(db_sql(db, "SELECT max(at) FROM completed"), 0) + 1;
    struct db_stmt *s = db_sql(db, "INSERT OR REPLACE INTO completed(upload,bucket,key,version,"
                                   "list,at) VALUES(?1,?2,?3,?4,?5,?6)");
    db_bind_text(s, c->upload.info.id);
    db_bind_i64(s, c->in->bucket);
    db_bind_blob(s, c->in->key);
    db_bind_text(s, c->in->out.id);
    db_bind_blob(s, list_digest(c->in));
    db_bind_i64(s, at);
    db_run(s);
    s = db_sql(db, "DELETE FROM completed WHERE at<=?1");
    db_bind_i64(s, at - COMPLETED_KEPT);
    db_run(s);
}

static enum store_result apply(struct completing *c)
{
    struct store_complete *in = c->in;
    in->out = (struct version_info){
        .key = in->key,
        .size_bytes = c->size_bytes,
        .etag = c->etag,
        .parts = (unsigned) in->part_count,
        .meta = c->upload.info.meta,
    };
    in->out.meta.checksum = c->sum;
    struct version_write write = { .bucket = c->bucket, .version = &in->out, .kind = CHANGED_PUT };
    enum store_result planned = version_row_plan(c->txn, &write);
    if (planned != STORE_OK)
        return planned;
    drop_unlisted(c);
    in->out.body = c->parts[0]->body;
    if (in->part_count > 1 || in->out.body == 0)
        in->out.body = body_row_join(c->txn, c->upload.info.id, c->size_bytes, c->many_extents);
    move_parts(c, in->out.body);
    version_row_insert(c->txn, &write);
    remember(c);
    return STORE_OK;
}

/* The same answer again, as long as the version that it made is there. */
static enum store_result repeat(struct completing *c)
{
    struct store_complete *in = c->in;
    struct store_txn *txn = c->txn;
    struct db_stmt *s = db_sql(txn->db, "SELECT version FROM completed WHERE upload=?1 AND "
                                        "bucket=?2 AND key=?3 AND list=?4");
    db_bind_text(s, in->upload_id);
    db_bind_i64(s, in->bucket);
    db_bind_blob(s, in->key);
    db_bind_blob(s, list_digest(in));
    bool found = db_step(s);
    str id = found ? db_copy(s, 0, txn->arena) : STR_NONE;
    db_end(s);
    if (!found || !version_row_by_id(txn->db, txn->arena, in->bucket, in->key, id, &in->out))
        return STORE_NO_UPLOAD;
    /* "null" may be another object by now. */
    str etag = object_etag(txn->arena, in->parts, in->part_count);
    return str_eq(in->out.etag, etag) ? STORE_OK : STORE_NO_UPLOAD;
}

static enum store_result run_complete(struct store_txn *txn, struct store_write *write)
{
    struct store_complete *in = (struct store_complete *) (void *) write;
    struct completing c = { .txn = txn, .in = in, .bucket = txn_bucket(txn, in->bucket) };

    if (c.bucket == NULL)
        return STORE_NO_BUCKET;
    in->out_versioning = c.bucket->info.versioning;
    if (!upload_row_find(txn->db, txn->arena, in->bucket, in->key, in->upload_id, &c.upload))
        return repeat(&c);
    enum store_result result = judge(&c);
    return result == STORE_OK ? apply(&c) : result;
}

void store_complete_init(struct store_complete *complete, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "complete", .run = run_complete };
    *complete = (struct store_complete){ .head = { .arena = arena, .kind = &kind } };
}
