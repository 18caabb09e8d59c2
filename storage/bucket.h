/* Buckets and their sub-resource documents (replication, policy, cors, ...).
 *
 * A bucket's id is its incarnation: never reused, so a re-created bucket of the same name shares
 * nothing with the old one. One namespace for all Regions, as in AWS.
 */
#ifndef ATOLL_STORAGE_BUCKET_H
#define ATOLL_STORAGE_BUCKET_H

#include "storage/store.h"

enum versioning { VERSIONING_UNSET, VERSIONING_ENABLED, VERSIONING_SUSPENDED };

struct bucket_info {
    int64_t id;
    str name;
    str region;
    str account;
    instant created;
    enum versioning versioning;
    bool object_lock;
    uint64_t kinds; /* of its sub-resources; for store_bucket_may_have; not in a list */
};

/* By name; STORE_NO_BUCKET. Served from a cache that a bucket change empties. */
MUST_CHECK enum store_result store_bucket_get(struct store_reader *reader, struct arena *arena,
                                              str name, struct bucket_info *out);
/* False: the bucket that store_bucket_get found had no sub-resource of this kind. Looks nothing up.
 */
bool store_bucket_may_have(const struct bucket_info *info, str kind);
struct bucket_list_query {
    str account; /* ptr == NULL: any */
    str region;  /* ptr == NULL: any */
    str prefix;
    str after;    /* strictly after this name */
    unsigned max; /* 0: all */
};
struct bucket_list {
    struct bucket_info *at; /* by name, byte order */
    size_t count;
    bool truncated;
};
MUST_CHECK enum store_result store_bucket_list(struct store_reader *reader, struct arena *arena,
                                               const struct bucket_list_query *query,
                                               struct bucket_list *out);

/* How many objects a listing of each bucket shows, and how large they are together: kept, not
 * counted. By name. */
struct bucket_total {
    str name;
    uint64_t objects, bytes;
};
MUST_CHECK enum store_result store_bucket_totals(struct store_reader *reader, struct arena *arena,
                                                 struct bucket_total **out, size_t *count);

struct store_bucket_create {
    struct store_write head;
    str name, region, account;
    bool object_lock;                /* also enables versioning, as AWS does */
    const struct store_doc *configs; /* kind and id as in store_config_get; may be none */
    size_t config_count;
    struct bucket_info out; /* on STORE_EXISTS: the bucket that is there */
};
void store_bucket_create_init(struct store_bucket_create *create, struct arena *arena);

struct store_bucket_delete { /* STORE_NOT_EMPTY while a version or marker is left; uploads go along
                              */
    struct store_write head;
    int64_t bucket;
};
void store_bucket_delete_init(struct store_bucket_delete *del, struct arena *arena);

struct store_bucket_versioning { /* STORE_STATE_REFUSED: suspended under replication or object lock
                                  */
    struct store_write head;
    int64_t bucket;
    enum versioning versioning;
};
void store_bucket_versioning_init(struct store_bucket_versioning *change, struct arena *arena);

/* Sub-resources: (bucket, kind, id) -> text. kind "replication", "policy", ...; id "" unless the
 * sub-resource is a list (inventory, analytics, ...). */
#define CONFIG_OBJECT_LOCK "object-lock" /* XML inside ObjectLockConfiguration */
#define CONFIG_REPLICATION "replication" /* what GetBucketReplication returns */
#define CONFIG_REPLICATION_RULES                                                                   \
    "repl-rules" /* replication/rules.h's packed form, for the plan                                \
                  */

MUST_CHECK enum store_result store_config_get(struct store_reader *reader, struct arena *arena,
                                              int64_t bucket, str kind, str id, str *body);
MUST_CHECK enum store_result store_config_list(struct store_reader *reader, struct arena *arena,
                                               int64_t bucket, str kind,
                                               struct store_doc_list *out);
/* Several at once; body.ptr == NULL deletes. STORE_CONFLICT and nothing is put when one that must
 * be new (if_absent) is there already, or is not what it `was`. */
struct store_config_put {
    struct store_write head;
    int64_t bucket;
    const struct store_doc *configs;
    size_t count;
    /* Judged in the transaction: this bucket must have versioning Enabled, else STORE_STATE_REFUSED
     * with detail "source"; each of these must exist and be Enabled, else detail = its name. */
    bool needs_versioning;
    const str *needs_versioned_buckets;
    size_t needs_count;
    bool sets_object_lock; /* the bucket has Object Lock from now on; that is never undone */
};
void store_config_put_init(struct store_config_put *put, struct arena *arena);

#endif
