/* The tables of a world. user_version counts the steps below; a new step is added at the end, and
 * an old one is never edited once released.
 *
 * The order of a key's versions is the primary key of `version`, so the current version is the
 * first row of its key: one seek. Only two partial indexes cost anything: current objects (for
 * listing past markers and old versions), and old versions by id. A version that is current is
 * found by its key, so a first put of a key writes one row and one index entry.
 */
#include "storage/schema.h"

static const char *const steps[] = {
    "CREATE TABLE world(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE doc(kind TEXT NOT NULL, id BLOB NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY(kind, id)) WITHOUT ROWID;"

    /* AUTOINCREMENT: an id is an incarnation and never comes back. */
    "CREATE TABLE bucket(id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL UNIQUE,"
    " region TEXT NOT NULL, account TEXT NOT NULL, created INTEGER NOT NULL,"
    " versioning INTEGER NOT NULL, object_lock INTEGER NOT NULL,"
    " last_stamp INTEGER NOT NULL, ordinal INTEGER NOT NULL, arrivals INTEGER NOT NULL);"
    "CREATE TABLE config(bucket INTEGER NOT NULL, kind TEXT NOT NULL, id BLOB NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY(bucket, kind, id)) WITHOUT ROWID;"

    /* rank: stamp (version_order origin) or arrival number (arrival). NULL: the usual empty. */
    "CREATE TABLE version(bucket INTEGER NOT NULL, key BLOB NOT NULL, rank INTEGER NOT NULL,"
    " origin TEXT NOT NULL, id TEXT NOT NULL, current INTEGER NOT NULL, marker INTEGER NOT NULL,"
    " stamp INTEGER NOT NULL, modified INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT,"
    " parts INTEGER NOT NULL, body INTEGER NOT NULL, repl INTEGER NOT NULL,"
    " lifecycle INTEGER NOT NULL, class TEXT, sum_kind INTEGER NOT NULL,"
    " sum_composite INTEGER NOT NULL, sum BLOB, lock_mode INTEGER NOT NULL,"
    " lock_until INTEGER NOT NULL, hold INTEGER NOT NULL, fields BLOB, tags BLOB, acl BLOB,"
    " PRIMARY KEY(bucket, key, rank DESC, origin DESC, id DESC)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX version_object ON version(bucket, key) WHERE current=1 AND marker=0;"
    "CREATE UNIQUE INDEX version_old ON version(bucket, key, id) WHERE current=0;"

    /* One extent is inline; more (file NULL) are in `extent`, by where they start in the body, so
     * that a range is one seek. A file has a row exactly while an extent names it. */
    "CREATE TABLE body(id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, size INTEGER NOT NULL,"
    " file INTEGER, at INTEGER);"
    "CREATE TABLE extent(body INTEGER NOT NULL, start INTEGER NOT NULL, file INTEGER NOT NULL,"
    " at INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY(body, start)) WITHOUT ROWID;"
    "CREATE TABLE file(id INTEGER PRIMARY KEY, live_bytes INTEGER NOT NULL);"
    /* Parts of completed multipart objects go with the body: a replica shows the same parts. */
    "CREATE TABLE body_part(body INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,"
    " size INTEGER NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL,"
    " sum_kind INTEGER NOT NULL, sum BLOB, PRIMARY KEY(body, number)) WITHOUT ROWID;"

    "CREATE TABLE upload(bucket INTEGER NOT NULL, key BLOB NOT NULL, id TEXT NOT NULL,"
    " initiated INTEGER NOT NULL, stamp INTEGER NOT NULL, sum_kind INTEGER NOT NULL,"
    " sum_composite INTEGER NOT NULL, class TEXT, lock_mode INTEGER NOT NULL,"
    " lock_until INTEGER NOT NULL, hold INTEGER NOT NULL, fields BLOB, tags BLOB, acl BLOB,"
    " PRIMARY KEY(bucket, key, id)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX upload_by_id ON upload(id);"
    "CREATE TABLE part(upload TEXT NOT NULL, number INTEGER NOT NULL, body INTEGER NOT NULL,"
    " size INTEGER NOT NULL, etag TEXT NOT NULL, modified INTEGER NOT NULL,"
    " sum_kind INTEGER NOT NULL, sum BLOB, PRIMARY KEY(upload, number)) WITHOUT ROWID;"
    /* So that a repeated Complete gets the same answer. `list` is a digest of its part list;
     * `at` counts completions, so that the oldest rows can go. */
    "CREATE TABLE completed(upload TEXT PRIMARY KEY, bucket INTEGER NOT NULL, key BLOB NOT NULL,"
    " version TEXT NOT NULL, list BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX completed_at ON completed(at);"

    "CREATE TABLE queue(id INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, what INTEGER NOT NULL, source_bucket INTEGER NOT NULL,"
    " from_region TEXT NOT NULL, to_region TEXT NOT NULL, key BLOB NOT NULL,"
    " version TEXT NOT NULL, destination BLOB NOT NULL, rule TEXT NOT NULL, options BLOB,"
    " size INTEGER NOT NULL, queued_at INTEGER NOT NULL, ready_at INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, reason TEXT);"
    "CREATE INDEX queue_due ON queue(state, ready_at);"
    "CREATE INDEX queue_version ON queue(source_bucket, key, version);",

    /* Sums of the queue, and its oldest rows by their ids: how much is on its way is asked often.
     */
    "CREATE TABLE queue_total(from_region TEXT NOT NULL, to_region TEXT NOT NULL,"
    " state INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " PRIMARY KEY(from_region, to_region, state)) WITHOUT ROWID;"
    "INSERT INTO queue_total SELECT from_region,to_region,state,count(*),sum(size) FROM queue"
    " GROUP BY 1,2,3;"
    "CREATE INDEX queue_pair ON queue(from_region, to_region, state);",
    /* job: of a resync; threshold: when a copy under S3 RTC is late. Live copies without them have
     * no entry in the two indexes. hard_deleted: replicas that somebody deleted by version id. */
    "ALTER TABLE queue ADD COLUMN job TEXT;"
    "ALTER TABLE queue ADD COLUMN threshold INTEGER;"
    "CREATE INDEX queue_job ON queue(job, key, version) WHERE job IS NOT NULL;"
    "CREATE INDEX queue_threshold ON queue(threshold) WHERE threshold IS NOT NULL;"
    "CREATE TABLE hard_deleted(bucket INTEGER NOT NULL, key BLOB NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY(bucket, key, id)) WITHOUT ROWID;",
    /* What a listing shows of each bucket: metrics ask for it again and again. */
    "ALTER TABLE bucket ADD COLUMN objects INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE bucket ADD COLUMN object_bytes INTEGER NOT NULL DEFAULT 0;"
    "UPDATE bucket SET (objects, object_bytes) = (SELECT count(*), coalesce(sum(size), 0)"
    " FROM version WHERE bucket=bucket.id AND current=1 AND marker=0);",
    /* What each midnight saw: usage.h. */
    "CREATE TABLE usage(day INTEGER NOT NULL, bucket INTEGER NOT NULL, class TEXT NOT NULL,"
    " objects INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(day, bucket, class))"
    " WITHOUT ROWID;",
    /* What a midnight sees of each bucket, kept as it changes: usage.h. */
    "ALTER TABLE bucket ADD COLUMN held TEXT NOT NULL DEFAULT '';"
    "CREATE TEMP TABLE sums AS SELECT bucket,CASE class WHEN 'STANDARD' THEN '' ELSE class END"
    " class,sum(objects) objects,sum(bytes) bytes FROM ("
    "SELECT bucket,coalesce(class,'') class,count(*) objects,sum(size) bytes FROM version"
    " GROUP BY 1,2 UNION ALL"
    " SELECT u.bucket,coalesce(u.class,''),count(*),sum(p.size) FROM upload u JOIN part p"
    " ON p.upload=u.id GROUP BY 1,2) GROUP BY 1,2;"
    "UPDATE bucket SET held=coalesce((SELECT group_concat(class||' '||objects||' '||bytes,"
    "char(10)) FROM sums WHERE bucket=bucket.id),'');"
    "DROP TABLE sums;",
};

int64_t schema_version(void)
{
    return COUNT(steps);
}

bool schema_apply(struct db *db, struct arena *arena, str *error)
{
    int64_t have = db_value(db_sql(db, "PRAGMA user_version"), -1);
    if (have > (int64_t) COUNT(steps)) {
        *error = str_format(arena,
                            "the database has schema %lld, this atoll knows %zu: use the newer "
                            "atoll that made it, or another directory",
                            (long long) have, COUNT(steps));
        return false;
    }
    if (have == (int64_t) COUNT(steps))
        return true; /* a full disk must not keep anybody from reading */
    db_exec(db, "BEGIN IMMEDIATE");
    for (size_t i = have < 0 ? 0 : (size_t) have; i < COUNT(steps); i++)
        db_exec(db, steps[i]);
    db_exec(db, str_c(arena, str_format(arena, "PRAGMA user_version=%zu", COUNT(steps))));
    db_exec(db, "COMMIT");
    if (db_result(db) == STORE_OK)
        return true;
    *error = str_format(arena, "cannot make the tables: %.*s", STR_ARG(db_error(db)));
    return false;
}
