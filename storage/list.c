/* Listing by seeking. One loop serves objects, versions and uploads: it takes the next row at or
 * after a position; a row that lies in a common prefix becomes that prefix, and the position jumps
 * behind everything that starts with it. So a page costs its rows plus one seek per prefix, however
 * many keys the prefixes hide. Positions are keys: "strictly after K" is "at or after K\0", since
 * no key sorts in between. */
#include "base/bug.h"
#include "base/limits.h"
#include "storage/db.h"
#include "storage/state.h"
#include "storage/txn.h"
#include "storage/upload_row.h"
#include "storage/version_id.h"

#define FIRST_ENTRIES 64
/* Rows that a page of objects may read and not show before it turns to the index, beside as many
 * as it shows. */
#define HIDDEN_ROWS 64

struct lister {
    struct db *db;
    struct arena *arena;
    const struct list_query *query;
    struct list_page *page;
    size_t capacity;
    str low, high;        /* keys in [low, high) are still to come */
    bool ended;           /* nothing can follow */
    bool by_stamp;        /* versions stand by the stamp of their origin */
    bool by_index;        /* objects: past what is hidden, by version_object */
    size_t hidden;        /* rows read and not shown */
    bool within;          /* first the rest of the key `query->after`, behind `after_id` */
    struct db_stmt *stmt; /* NULL: to be opened at `low` */
};

/* The least string above all that start with `prefix`; false when there is none (only 0xFF). */
static bool after_prefix(struct arena *arena, str prefix, str *out)
{
    size_t size = prefix.size;
    while (size > 0 && (unsigned char) prefix.ptr[size - 1] == 0xFF)
        size--;
    if (size == 0)
        return false;
    char *bytes = str_c(arena, str_first(prefix, size));
    bytes[size - 1] = (char) ((unsigned char) bytes[size - 1] + 1);
    *out = str_from(bytes, size);
    return true;
}

static str after_key(struct arena *arena, str key)
{
    return str_from(str_c(arena, key), key.size + 1); /* with str_c's NUL */
}

/* The common prefix that `key`, which starts with the query's prefix, rolls up into. */
static bool common_prefix(const struct list_query *query, str key, str *out)
{
    if (query->delimiter.size == 0)
        return false;
    str rest = str_skip(key, query->prefix.size);
    size_t at = str_find(rest, query->delimiter);
    if (at == rest.size)
        return false;
    *out = str_first(key, query->prefix.size + at + query->delimiter.size);
    return true;
}

static void skip_prefix(struct lister *lister, str prefix)
{
    if (!after_prefix(lister->arena, prefix, &lister->low) ||
        str_cmp(lister->low, lister->high) >= 0)
        lister->ended = true;
}

static void start(struct lister *lister)
{
    const struct list_query *query = lister->query;
    str common;

    lister->low = query->prefix;
    if (!after_prefix(lister->arena, query->prefix, &lister->high)) {
        /* Longer than any key and of the highest byte: above all keys. */
        char *top = arena_alloc_raw(lister->arena, LIMIT_KEY_BYTES + 1);
        memset(top, 0xFF, LIMIT_KEY_BYTES + 1);
        lister->high = str_from(top, LIMIT_KEY_BYTES + 1);
    }
    if (query->after.size == 0 || str_cmp(query->after, query->prefix) < 0)
        return;
    if (!str_starts(query->after, query->prefix)) {
        lister->ended = true;
        return;
    }
    /* aws-behaviour E.9: a marker equal to or inside a common prefix skips it whole. */
    if (common_prefix(query, query->after, &common)) {
        skip_prefix(lister, common);
        return;
    }
    lister->low = after_key(lister->arena, query->after);
    lister->within = query->kind != LIST_OBJECTS && query->after_id.size > 0;
}

/* -- rows ------------------------------------------------------------------------------------ */

static struct db_stmt *rows_from(struct db *db, enum list_kind kind, bool by_index)
{
    if (kind == LIST_OBJECTS && by_index)
        return db_sql(db, "SELECT " VERSION_COLUMNS
                          "FROM version INDEXED BY version_object WHERE current=1 AND marker=0 AND "
                          "bucket=?1 AND key>=?2 AND key<?3 ORDER BY key");
    switch (kind) {
    case LIST_OBJECTS:
    case LIST_VERSIONS:
        return db_sql(db, "SELECT " VERSION_COLUMNS
                          "FROM version WHERE bucket=?1 AND key>=?2 AND key<?3 "
                          "ORDER BY key, rank DESC, origin DESC, id DESC");
    case LIST_UPLOADS:
        return db_sql(db, "SELECT " UPLOAD_COLUMNS
                          "FROM upload WHERE bucket=?1 AND key>=?2 AND key<?3 ORDER BY key, id");
    }
    BUG("a kind of listing that is none");
}

struct place {
    bool found;
    int64_t rank;
    str origin;
};

static void read_place(struct db_stmt *row, struct arena *arena, struct place *out)
{
    *out = (struct place){ true, db_i64(row, 0), db_copy(row, 1, arena) };
}

/* Where version `id` of `key` stands: the current one is the key's first row, the rest have an
 * index. */
static struct place place_of(struct lister *lister, str key, str id)
{
    struct place place = { .found = false };
    struct db_stmt *s =
        db_sql(lister->db, "SELECT rank,origin,id FROM version WHERE bucket=?1 AND key=?2 "
                           "ORDER BY rank DESC, origin DESC, id DESC LIMIT 1");
    db_bind_i64(s, lister->query->bucket);
    db_bind_blob(s, key);
    if (db_step(s) && str_eq(db_str(s, 2), id))
        read_place(s, lister->arena, &place);
    db_end(s);
    if (place.found)
        return place;
    s = db_sql(lister->db, "SELECT rank,origin FROM version WHERE bucket=?1 AND key=?2 AND id=?3 "
                           "AND current=0");
    db_bind_i64(s, lister->query->bucket);
    db_bind_blob(s, key);
    db_bind_text(s, id);
    if (db_step(s))
        read_place(s, lister->arena, &place);
    db_end(s);
    return place;
}

/* Where a version that is gone stood: its id tells the stamp, which is the rank where versions
 * stand by their origin's time. Else the key is listed from its newest: showing a version twice is
 * better than never, for who deletes page by page. */
static struct place place_gone(struct lister *lister, str id)
{
    struct place place = { true, INT64_MAX, STR("~") }; /* above the name of any Region */
    int64_t stamp_us;
    if (lister->by_stamp && version_id_read(lister->arena, id, &stamp_us))
        place.rank = stamp_us;
    return place;
}

/* The rest of one key's versions or uploads. */
static struct db_stmt *rows_within(struct lister *lister)
{
    const struct list_query *query = lister->query;
    struct db_stmt *s;

    if (query->kind == LIST_UPLOADS) {
        /* Upload ids sort by initiation, so the marker need not exist any more. */
        s = db_sql(lister->db, "SELECT " UPLOAD_COLUMNS
                               "FROM upload WHERE bucket=?1 AND key=?2 AND id>?3 ORDER BY id");
        db_bind_i64(s, query->bucket);
        db_bind_blob(s, query->after);
        db_bind_text(s, query->after_id);
        return s;
    }
    struct place place = place_of(lister, query->after, query->after_id);
    if (!place.found)
        place = place_gone(lister, query->after_id);
    s = db_sql(lister->db, "SELECT " VERSION_COLUMNS "FROM version WHERE bucket=?1 AND key=?2 AND "
                           "(rank,origin,id)<(?3,?4,?5) ORDER BY rank DESC, origin DESC, id DESC");
    db_bind_i64(s, query->bucket);
    db_bind_blob(s, query->after);
    db_bind_i64(s, place.rank);
    /* Bound bytes live until db_end: the arena's do. */
    db_bind_text(s, place.origin);
    db_bind_text(s, query->after_id);
    return s;
}

static void open_rows(struct lister *lister)
{
    if (lister->within)
        lister->stmt = rows_within(lister);
    if (lister->within)
        return;
    lister->stmt = rows_from(lister->db, lister->query->kind, lister->by_index);
    db_bind_i64(lister->stmt, lister->query->bucket);
    db_bind_blob(lister->stmt, lister->low);
    db_bind_blob(lister->stmt, lister->high);
}

static void close_rows(struct lister *lister)
{
    if (lister->stmt != NULL)
        db_end(lister->stmt);
    lister->stmt = NULL;
}

/* Objects are read off the table, which costs a fifth of going through the index, as long as old
 * versions and markers hide few rows between them. The first row of a key decides about the key. */
static bool is_hidden(struct lister *lister)
{
    if (lister->query->kind != LIST_OBJECTS || lister->by_index ||
        version_row_is_object(lister->stmt))
        return false;
    if (++lister->hidden > HIDDEN_ROWS + lister->page->count) {
        lister->low = after_key(lister->arena, db_str(lister->stmt, 1));
        lister->by_index = true;
        close_rows(lister);
    }
    return true;
}

/* Steps to the next row, from the marker's key on to the keys behind it. */
static bool next_row(struct lister *lister)
{
    while (!lister->ended) {
        if (lister->stmt == NULL)
            open_rows(lister);
        if (db_step(lister->stmt)) {
            if (is_hidden(lister))
                continue;
            return true;
        }
        close_rows(lister);
        lister->ended = !lister->within;
        lister->within = false;
    }
    return false;
}

/* -- the page -------------------------------------------------------------------------------- */

static struct list_entry *add(struct lister *lister)
{
    struct list_page *page = lister->page;
    if (page->count == lister->capacity) {
        struct list_entry *old = page->at;
        lister->capacity = lister->capacity > 0 ? lister->capacity * 2 : FIRST_ENTRIES;
        page->at = ARENA_ARRAY(lister->arena, struct list_entry, lister->capacity);
        if (page->count > 0)
            memcpy(page->at, old, page->count * sizeof(*old));
    }
    return &page->at[page->count++];
}

static void add_row(struct lister *lister)
{
    struct list_entry *entry = add(lister);
    if (lister->query->kind == LIST_UPLOADS) {
        struct upload_row *row = ARENA_NEW(lister->arena, struct upload_row);
        upload_row_read(lister->stmt, lister->arena, row);
        entry->upload = &row->info;
        entry->key = row->info.key;
    } else {
        version_row_read(lister->stmt, lister->arena, false, &entry->version);
        entry->key = entry->version.key;
    }
}

static void add_prefix(struct lister *lister, str common)
{
    struct list_entry *entry = add(lister);
    entry->is_prefix = true;
    entry->key = str_copy(lister->arena, common);
    close_rows(lister);
    skip_prefix(lister, entry->key);
}

static void finish(struct lister *lister)
{
    struct list_page *page = lister->page;
    close_rows(lister);
    if (!page->truncated)
        return;
    const struct list_entry *last = &page->at[page->count - 1];
    page->next_key = last->key;
    page->next_id = STR("");
    if (!last->is_prefix && last->upload != NULL)
        page->next_id = last->upload->id;
    else if (!last->is_prefix && lister->query->kind == LIST_VERSIONS)
        page->next_id = last->version.id;
}

enum store_result store_list(struct store_reader *reader, struct arena *arena,
                             const struct list_query *query, struct list_page *out)
{
    struct lister lister = { .db = reader->db, .arena = arena, .query = query, .page = out };
    str common;

    lister.by_stamp = reader->store->options.version_order == ORDER_ORIGIN;

    *out = (struct list_page){ .count = 0 };
    if (query->max == 0)
        return STORE_OK;
    start(&lister);
    while (next_row(&lister)) {
        if (out->count == query->max) {
            out->truncated = true;
            break;
        }
        if (common_prefix(query, db_str(lister.stmt, 1), &common))
            add_prefix(&lister, common);
        else
            add_row(&lister);
    }
    finish(&lister);
    return db_result(reader->db);
}
