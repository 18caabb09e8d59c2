/* The replication queue as readers see it: pages by (ready_at, id), the next due row, counts. */
#include "storage/queue.h"

#include "storage/txn.h"

/* Filters with a fixed text, so that each form is prepared once; parameters are numbered alike. */
#define QUEUE_WHERE                                                                                \
    "WHERE (?1<0 OR q.state=?1) AND (?2 IS NULL OR q.from_region=?2)"                              \
    " AND (?3 IS NULL OR q.to_region=?3) AND (?4=0 OR q.source_bucket=?4)"                         \
    " AND (?5 IS NULL OR q.destination=?5)"                                                        \
    " AND (?6 IS NULL OR q.key=?6 OR (?7=0 AND substr(q.key,1,length(?6))=?6))"                    \
    " AND (?8 IS NULL OR q.version=?8) AND (?9=0 OR q.ready_at<=?9)"                               \
    " AND (?11 IS NULL OR q.job=?11) AND (?12 IS NULL OR q.rule=?12)"
#define QUEUE_ORDER " ORDER BY q.ready_at, q.id LIMIT ?10"

static void bind_text_if(struct db_stmt *s, str value)
{
    if (str_is_set(value))
        db_bind_text(s, value);
    else
        db_bind_null(s);
}

static void bind_blob_if(struct db_stmt *s, str value)
{
    if (str_is_set(value))
        db_bind_blob(s, value);
    else
        db_bind_null(s);
}

/* The filters that the program itself asks for have an index each. */
static struct db_stmt *statement_for(struct db *db, const struct queue_filter *filter)
{
    if (filter->source_bucket && filter->exact_key && str_is_set(filter->key_prefix))
        return db_sql(db, "SELECT " QUEUE_COLUMNS QUEUE_WHERE
                          " AND q.source_bucket=?4 AND q.key=?6" QUEUE_ORDER);
    if (str_is_set(filter->job))
        return db_sql(db, "SELECT " QUEUE_COLUMNS QUEUE_WHERE " AND q.job=?11" QUEUE_ORDER);
    if (!filter->any_state && filter->due_until.ns)
        return db_sql(db, "SELECT " QUEUE_COLUMNS QUEUE_WHERE
                          " AND q.state=?1 AND q.ready_at<=?9" QUEUE_ORDER);
    if (!filter->any_state)
        return db_sql(db, "SELECT " QUEUE_COLUMNS QUEUE_WHERE " AND q.state=?1" QUEUE_ORDER);
    return db_sql(db, "SELECT " QUEUE_COLUMNS QUEUE_WHERE QUEUE_ORDER);
}

struct queue_chunk { /* rows of a page, before their number is known */
    struct queue_row at[64];
    size_t count;
    struct queue_chunk *next;
};

static void flatten(struct arena *arena, const struct queue_chunk *first, struct queue_page *out)
{
    out->at = ARENA_ARRAY(arena, struct queue_row, out->count);
    size_t at = 0;
    for (const struct queue_chunk *chunk = first; chunk; chunk = chunk->next) {
        memcpy(&out->at[at], chunk->at, chunk->count * sizeof chunk->at[0]);
        at += chunk->count;
    }
}

enum store_result store_queue_list(struct store_reader *reader, struct arena *arena,
                                   const struct queue_filter *filter, unsigned max,
                                   struct queue_page *out)
{
    struct db_stmt *s = statement_for(reader->db, filter);
    db_bind_i64(s, filter->any_state ? -1 : (int64_t) filter->state);
    bind_text_if(s, filter->from_region);
    bind_text_if(s, filter->to_region);
    db_bind_i64(s, filter->source_bucket);
    bind_blob_if(s, filter->destination);
    bind_blob_if(s, filter->key_prefix);
    db_bind_i64(s, filter->exact_key);
    bind_text_if(s, filter->version_id);
    db_bind_i64(s, filter->due_until.ns);
    db_bind_i64(s, max ? (int64_t) max : -1);
    bind_text_if(s, filter->job);
    bind_text_if(s, filter->rule);
    *out = (struct queue_page){ 0 };
    struct queue_chunk *first = ARENA_NEW(arena, struct queue_chunk), *last = first;
    while (db_step(s)) {
        if (last->count == COUNT(last->at))
            last = last->next = ARENA_NEW(arena, struct queue_chunk);
        queue_row_read(s, arena, &last->at[last->count++]);
        out->count++;
    }
    db_end(s);
    flatten(arena, first, out);
    return db_result(reader->db);
}

enum store_result store_queue_next(struct store_reader *reader, instant *out)
{
    struct db_stmt *s =
        db_sql(reader->db, "SELECT ready_at FROM queue WHERE state=?1 ORDER BY ready_at LIMIT 1");
    db_bind_i64(s, QUEUE_PENDING);
    *out = (instant){ db_value(s, INSTANT_NEVER.ns) };
    return db_result(reader->db);
}

/* Rows are made in the order of their instants, so the oldest is the one with the least id. */
static instant oldest_of(struct store_reader *reader, str from, str to, enum queue_state state)
{
    struct db_stmt *s =
        db_sql(reader->db, "SELECT queued_at FROM queue INDEXED BY queue_pair WHERE from_region=?1"
                           " AND to_region=?2 AND state=?3 ORDER BY id LIMIT 1");
    db_bind_text(s, from);
    db_bind_text(s, to);
    db_bind_i64(s, state);
    return (instant){ db_value(s, INSTANT_NEVER.ns) };
}

static struct queue_count *count_for(struct queue_count *counts, size_t *count, str from, str to)
{
    if (*count && str_eq(counts[*count - 1].from_region, from) &&
        str_eq(counts[*count - 1].to_region, to))
        return &counts[*count - 1];
    counts[*count] =
        (struct queue_count){ .from_region = from, .to_region = to, .oldest = INSTANT_NEVER };
    return &counts[(*count)++];
}

enum store_result store_queue_counts(struct store_reader *reader, struct arena *arena,
                                     struct queue_count **out, size_t *count)
{
    size_t room = (size_t) db_value(db_sql(reader->db, "SELECT count(*) FROM queue_total"), 0);
    *out = ARENA_ARRAY(arena, struct queue_count, room);
    *count = 0;
    struct db_stmt *s =
        db_sql(reader->db, "SELECT from_region,to_region,state,rows,bytes FROM queue_total"
                           " WHERE rows>0 ORDER BY from_region,to_region,state");
    while (db_step(s)) {
        str from = db_copy(s, 0, arena), to = db_copy(s, 1, arena);
        struct queue_count *at = count_for(*out, count, from, to);
        enum queue_state state = (enum queue_state) db_i64(s, 2);
        at->rows[state] = (uint64_t) db_i64(s, 3);
        if (state == QUEUE_FAILED)
            continue;
        at->bytes_pending += (uint64_t) db_i64(s, 4);
        instant oldest = oldest_of(reader, from, to, state);
        if (instant_before(oldest, at->oldest))
            at->oldest = oldest;
    }
    db_end(s);
    return db_result(reader->db);
}
