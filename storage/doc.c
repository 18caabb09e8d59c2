/* Documents: (kind, id) -> opaque text, for everything that is not an object. */
#include "storage/doc.h"

static bool is_there(struct store_txn *txn, const struct store_doc *doc)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT 1 FROM doc WHERE kind=?1 AND id=?2");
    db_bind_text(s, doc->kind);
    db_bind_blob(s, doc->id);
    return db_value(s, 0) != 0;
}

static bool is_still(struct store_txn *txn, const struct store_doc *doc)
{
    struct db_stmt *s = db_sql(txn->db, "SELECT 1 FROM doc WHERE kind=?1 AND id=?2 AND body=?3");
    db_bind_text(s, doc->kind);
    db_bind_blob(s, doc->id);
    db_bind_blob(s, doc->was);
    return db_value(s, 0) != 0;
}

bool doc_may_apply(struct store_txn *txn, const struct store_doc *docs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((docs[i].if_absent && is_there(txn, &docs[i])) ||
            (docs[i].was.ptr && !is_still(txn, &docs[i])))
            return false;
    return true;
}

void doc_apply(struct store_txn *txn, const struct store_doc *docs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct db_stmt *s = docs[i].body.ptr
                                ? db_sql(txn->db, "INSERT INTO doc(kind,id,body) VALUES(?1,?2,?3)"
                                                  " ON CONFLICT DO UPDATE SET body=excluded.body")
                                : db_sql(txn->db, "DELETE FROM doc WHERE kind=?1 AND id=?2");
        db_bind_text(s, docs[i].kind);
        db_bind_blob(s, docs[i].id);
        if (docs[i].body.ptr)
            db_bind_blob(s, docs[i].body);
        db_run(s);
    }
}

static enum store_result run_docs(UNUSED struct store_txn *txn, UNUSED struct store_write *write)
{
    return STORE_OK; /* the writer applies the documents of every write */
}

static const struct store_write_kind docs_kind = { .name = "docs", .run = run_docs };

void store_docs_init(struct store_write *write, struct arena *arena)
{
    *write = (struct store_write){ .arena = arena, .kind = &docs_kind };
}

enum store_result store_doc_get(struct store_reader *reader, struct arena *arena, str kind, str id,
                                str *body)
{
    struct db_stmt *s = db_sql(reader->db, "SELECT body FROM doc WHERE kind=?1 AND id=?2");
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

enum store_result store_doc_list(struct store_reader *reader, struct arena *arena, str kind,
                                 struct store_doc_list *out)
{
    struct db_stmt *s = db_sql(reader->db, "SELECT count(*) FROM doc WHERE kind=?1");
    db_bind_text(s, kind);
    size_t room = (size_t) db_value(s, 0);
    *out = (struct store_doc_list){ .at = ARENA_ARRAY(arena, struct store_doc, room) };
    s = db_sql(reader->db, "SELECT id,body FROM doc WHERE kind=?1 ORDER BY id");
    db_bind_text(s, kind);
    while (out->count < room && db_step(s))
        out->at[out->count++] = (struct store_doc){ .kind = kind,
                                                    .id = db_copy(s, 0, arena),
                                                    .body = db_copy(s, 1, arena) };
    db_end(s);
    return db_result(reader->db);
}
