/* The table usage(day, bucket, class, objects, bytes); the row of bucket 0 says that the day was
 * looked at, also when no bucket held anything. */
#include "storage/usage.h"

#include "storage/txn.h"

#define DAY_NS 86400000000000

/* Versions, and parts of uploads that go on. The empty class: STANDARD. */
#define HELD(where_version, where_upload)                                                          \
    "SELECT bucket,class,sum(objects),sum(bytes) FROM ("                                           \
    "SELECT bucket,coalesce(class,'') class,count(*) objects,sum(size) bytes FROM version"         \
    " " where_version " GROUP BY 1,2 UNION ALL"                                                    \
    " SELECT u.bucket,coalesce(u.class,''),count(*),sum(p.size) FROM upload u JOIN part p"         \
    " ON p.upload=u.id " where_upload " GROUP BY 1,2) GROUP BY 1,2"

int64_t usage_day(instant at)
{
    return at.ns / DAY_NS;
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
    struct db_stmt *s = db_sql(txn->db, "INSERT INTO usage(day,bucket,class,objects,bytes)"
                                        " SELECT ?1,0,'',0,0 UNION ALL"
                                        " SELECT ?1,* FROM (" HELD("", "") ")");
    db_bind_i64(s, day);
    db_run(s);
    s = db_sql(txn->db, "DELETE FROM usage WHERE day<?1");
    db_bind_i64(s, day - USAGE_DAYS);
    db_run(s);
    cache->usage_day = day;
}

enum store_result store_usage_at(struct store_reader *reader, struct arena *arena, int64_t bucket,
                                 int64_t day, struct usage_list *out)
{
    struct db_stmt *s =
        db_sql(reader->db, "SELECT day FROM usage WHERE day>=?1 ORDER BY 1 LIMIT 1");
    db_bind_i64(s, day);
    int64_t seen = db_value(s, -1);
    if (seen >= 0) {
        s = db_sql(reader->db, "SELECT bucket,class,objects,bytes FROM usage WHERE day=?2 AND"
                               " bucket=?1 ORDER BY class");
        db_bind_i64(s, bucket);
        db_bind_i64(s, seen);
    } else {
        s = db_sql(reader->db, HELD("WHERE bucket=?1", "WHERE u.bucket=?1") " ORDER BY 2");
        db_bind_i64(s, bucket);
    }
    *out = (struct usage_list){ .at = ARENA_ARRAY(arena, struct usage, USAGE_CLASSES),
                                .through = seen >= 0 ? seen : INT64_MAX };
    while (out->count < USAGE_CLASSES && db_step(s))
        out->at[out->count++] = (struct usage){ db_copy(s, 1, arena), (uint64_t) db_i64(s, 2),
                                                (uint64_t) db_i64(s, 3) };
    db_end(s);
    return db_result(reader->db);
}
