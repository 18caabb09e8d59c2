/* usage_check: what the writer summed up of each bucket is what its rows are. Every test of a store
 * ends with it. */
#ifndef ATOLL_TESTS_UNIT_STORAGE_USAGE_CHECK_H
#define ATOLL_TESTS_UNIT_STORAGE_USAGE_CHECK_H

#include "storage/db.h"
#include "storage/state.h"
#include "tests/unit/test.h"

static inline void usage_check(struct store_reader *reader)
{
    store_read_begin(reader);
    struct db_stmt *s = db_sql(
        reader->db,
        "WITH sums AS (SELECT bucket,coalesce(nullif(class,'STANDARD'),'') class,count(*) n,"
        "sum(size) bytes FROM (SELECT bucket,class,size FROM version UNION ALL"
        " SELECT u.bucket,u.class,p.size FROM upload u JOIN part p ON p.upload=u.id) GROUP BY 1,2),"
        " texts AS (SELECT id,held,coalesce((SELECT group_concat(class||' '||n||' '||bytes,"
        "char(10)) FROM sums WHERE bucket=bucket.id),'') counted FROM bucket)"
        " SELECT held,counted FROM texts WHERE held<>counted");
    if (db_step(s))
        fail_msg("summed up \"%.*s\", counted \"%.*s\"", STR_ARG(db_str(s, 0)),
                 STR_ARG(db_str(s, 1)));
    db_end(s);
    store_read_idle(reader);
}

#endif
