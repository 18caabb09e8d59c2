/* One version, read by a request: the current one, or one by its id. */
#include "storage/txn.h"

enum store_result store_version_get(struct store_reader *reader, struct arena *arena,
                                    int64_t bucket, str key, str version_id,
                                    struct version_info *out)
{
    bool by_id = str_is_set(version_id);
    bool there = by_id ? version_row_by_id(reader->db, arena, bucket, key, version_id, out)
                       : version_row_current(reader->db, arena, bucket, key, out);
    if (there)
        return STORE_OK;
    if (db_result(reader->db) != STORE_OK)
        return db_result(reader->db);
    return by_id ? STORE_NO_VERSION : STORE_NO_KEY;
}
