/* The table usage(day, bucket, class, objects, bytes); the row of bucket 0 says that the day was
 * looked at, also when no bucket held anything. What a midnight will see is summed up with every
 * change, in the writer's bucket rows: it is written with them, once per batch. */
#include "storage/usage.h"

#include "storage/txn.h"

#define DAY_NS 86400000000000

/* One storage class of a bucket; in memory they are in order of their names. */
struct usage_sum {
    str class;
    int64_t objects, bytes;
    struct usage_sum *next;
};

int64_t usage_day(instant at)
{
    return at.ns / DAY_NS;
}

/* -- sums: "CLASS OBJECTS BYTES", a line each ------------------------------------------------- */

struct usage_sum *usage_sums_read(struct arena *arena, str text)
{
    struct usage_sum *first = NULL, **last = &first;
    str line, class, objects, bytes;
    while (str_next(&text, '\n', &line)) {
        struct usage_sum sum = { 0 };
        if (!str_cut(line, ' ', &class, &line) || !str_cut(line, ' ', &objects, &bytes) ||
            !str_to_i64(objects, &sum.objects) || !str_to_i64(bytes, &sum.bytes))
            continue;
        sum.class = str_copy(arena, class);
        *last = ARENA_NEW(arena, struct usage_sum);
        **last = sum;
        last = &(*last)->next;
    }
    return first;
}

str usage_sums_text(struct txn_cache *cache, const struct usage_sum *sums)
{
    buf_clear(&cache->usage_text);
    for (; sums; sums = sums->next)
        if (sums->objects > 0)
            buf_addf(&cache->usage_text, "%s%.*s %lld %lld", cache->usage_text.size ? "\n" : "",
                     STR_ARG(sums->class), (long long) sums->objects, (long long) sums->bytes);
    return buf_str(&cache->usage_text);
}

void usage_count(struct store_txn *txn, int64_t bucket, const struct usage_change *change)
{
    struct bucket_row *row = txn_bucket(txn, bucket);
    str class = str_is(change->class, "STANDARD") ? STR("") : change->class;
    if (row == NULL)
        return;
    struct usage_sum **at = &row->held;
    while (*at && str_cmp((*at)->class, class) < 0)
        at = &(*at)->next;
    if (*at == NULL || !str_eq((*at)->class, class)) {
        struct usage_sum *sum = ARENA_NEW(txn->cache->arena, struct usage_sum);
        *sum = (struct usage_sum){ .class = str_copy(txn->cache->arena, class), .next = *at };
        *at = sum;
    }
    (*at)->objects += change->objects;
    (*at)->bytes += change->bytes;
    txn_bucket_dirty(txn, row);
}

/* -- midnights -------------------------------------------------------------------------------- */

static void insert(struct store_txn *txn, int64_t day, int64_t bucket, const struct usage_sum *sum)
{
    struct db_stmt *s = db_sql(txn->db, "INSERT INTO usage(day,bucket,class,objects,bytes)"
                                        " VALUES(?1,?2,?3,?4,?5)");
    db_bind_i64(s, day);
    db_bind_i64(s, bucket);
    db_bind_text(s, sum->class);
    db_bind_i64(s, sum->objects);
    db_bind_i64(s, sum->bytes);
    db_run(s);
}

static void look(struct store_txn *txn, int64_t day)
{
    const struct usage_sum looked = { .class = STR("") };
    txn_flush(txn); /* writes of this batch came before midnight */
    insert(txn, day, 0, &looked);
    struct db_stmt *s = db_sql(txn->db, "SELECT id,held FROM bucket WHERE held<>''");
    while (db_step(s))
        for (struct usage_sum *sum = usage_sums_read(txn->arena, db_str(s, 1)); sum;
             sum = sum->next)
            insert(txn, day, db_i64(s, 0), sum);
    db_end(s);
    s = db_sql(txn->db, "DELETE FROM usage WHERE day<?1");
    db_bind_i64(s, day - USAGE_DAYS);
    db_run(s);
}

void usage_note(struct store_txn *txn)
{
    int64_t day = usage_day(txn->now);
    struct txn_cache *cache = txn->cache;
    if (cache->usage_known && day <= cache->usage_day)
        return;
    cache->usage_day = db_value(db_sql(txn->db, "SELECT max(day) FROM usage"), -1);
    cache->usage_known = true;
    if (day <= cache->usage_day)
        return;
    look(txn, day);
    cache->usage_day = day;
}

/* -- reading ---------------------------------------------------------------------------------- */

static void read_day(struct arena *arena, struct db_stmt *s, struct usage_list *out)
{
    while (out->count < USAGE_CLASSES && db_step(s))
        out->at[out->count++] = (struct usage){ db_copy(s, 0, arena), (uint64_t) db_i64(s, 1),
                                                (uint64_t) db_i64(s, 2) };
    db_end(s);
}

/* Nobody wrote since that midnight. */
static void read_present(struct arena *arena, struct db_stmt *s, struct usage_list *out)
{
    struct usage_sum *sum = db_step(s) ? usage_sums_read(arena, db_str(s, 0)) : NULL;
    for (; sum && out->count < USAGE_CLASSES; sum = sum->next)
        out->at[out->count++] =
            (struct usage){ sum->class, (uint64_t) sum->objects, (uint64_t) sum->bytes };
    db_end(s);
}

enum store_result store_usage_at(struct store_reader *reader, struct arena *arena, int64_t bucket,
                                 int64_t day, struct usage_list *out)
{
    struct db_stmt *s =
        db_sql(reader->db, "SELECT day FROM usage WHERE day>=?1 ORDER BY 1 LIMIT 1");
    db_bind_i64(s, day);
    int64_t seen = db_value(s, -1);
    *out = (struct usage_list){ .at = ARENA_ARRAY(arena, struct usage, USAGE_CLASSES),
                                .through = seen >= 0 ? seen : INT64_MAX };
    s = seen >= 0 ? db_sql(reader->db, "SELECT class,objects,bytes FROM usage WHERE bucket=?1 AND"
                                       " day=?2 ORDER BY class")
                  : db_sql(reader->db, "SELECT held FROM bucket WHERE id=?1");
    db_bind_i64(s, bucket);
    if (seen < 0) {
        read_present(arena, s, out);
        return db_result(reader->db);
    }
    db_bind_i64(s, seen);
    read_day(arena, s, out);
    return db_result(reader->db);
}
