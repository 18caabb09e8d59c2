/* Versions of keys: put, copy, delete, change, get, list.
 *
 * The transaction story: fill the write, submit, and read `out` after done. Whatever it depends on
 * (bucket state, conditions, copy source, lock) is judged by the writer before its first change.
 * The order of a key's versions is (stamp, origin Region, version id), newest first; the writer
 * stamps each with max(emulated now in us, bucket's highest + 1).
 */
#ifndef ATOLL_STORAGE_VERSION_H
#define ATOLL_STORAGE_VERSION_H

#include "storage/body.h"
#include "storage/bucket.h"

#define VERSION_NULL "null" /* the id of versions written while versioning is not enabled */

enum repl_status {
    REPL_NONE,
    REPL_STATUS_PENDING,
    REPL_STATUS_COMPLETED,
    REPL_STATUS_FAILED,
    REPL_STATUS_REPLICA,
    REPL_STATUS_REPLICA_PENDING, /* a replica whose own change (or resync) travels on */
    REPL_STATUS_REPLICA_FAILED,
    REPL_STATUS_PENDING_LOST /* PENDING, but a copy was given up by hand: it will end FAILED */
};
static inline bool repl_is_replica(enum repl_status status)
{
    return status >= REPL_STATUS_REPLICA && status <= REPL_STATUS_REPLICA_FAILED;
}
/* As the status header shows it. */
static inline enum repl_status repl_shown(enum repl_status status)
{
    if (status == REPL_STATUS_REPLICA_PENDING || status == REPL_STATUS_PENDING_LOST)
        return REPL_STATUS_PENDING;
    return status == REPL_STATUS_REPLICA_FAILED ? REPL_STATUS_FAILED : status;
}
enum lock_mode { LOCK_NONE, LOCK_GOVERNANCE, LOCK_COMPLIANCE };

struct object_checksum {
    enum digest_kind kind; /* DIGEST_NONE: none known */
    bool composite;        /* of part checksums; value then ends in "-N" in answers */
    struct digest_value value;
};

/* What a client says about an object; everything that replication carries along. */
struct object_meta {
    str fields;        /* fields_pack: content-type, cache-control, x-amz-meta-*, ... */
    str tags;          /* fields_pack of (key, value) */
    str acl;           /* opaque text; empty: default */
    str storage_class; /* empty: STANDARD */
    struct object_checksum checksum;
    enum lock_mode lock_mode;
    instant lock_until;
    bool legal_hold;
};

struct version_info {
    int64_t bucket;
    str key;
    str id; /* 32 URL-safe characters, or "null" */
    int64_t stamp_us;
    str origin; /* Region where it was first written */
    instant modified;
    uint64_t size_bytes;
    str etag;    /* without quotes */
    bool marker; /* delete marker */
    bool current;
    unsigned parts; /* 0: not a multipart object */
    int64_t body;   /* 0 for markers and empty objects */
    enum repl_status repl_status;
    bool lifecycle; /* a marker that lifecycle made: not replicated */
    struct object_meta meta;
};

/* version_id.ptr == NULL: the current version (a marker comes back as STORE_OK with marker set;
 * none at all: STORE_NO_KEY). By id: STORE_NO_VERSION when not there. */
MUST_CHECK enum store_result store_version_get(struct store_reader *reader, struct arena *arena,
                                               int64_t bucket, str key, str version_id,
                                               struct version_info *out);

/* The current version, as above; *bytes: the whole body, set (maybe empty) for an object of up to
 * LIMIT_HOT_BYTES, which may come from memory and so be newer than the snapshot. For a request that
 * reads one key and compares it with nothing. */
MUST_CHECK enum store_result store_object_get(struct store_reader *reader, struct arena *arena,
                                              int64_t bucket, str key, struct version_info *out,
                                              str *bytes);

struct part_info { /* a part of a completed object or of an upload */
    unsigned number;
    uint64_t size_bytes;
    uint64_t offset_bytes; /* within the object; completed objects only */
    str etag;
    instant modified;
    struct object_checksum checksum;
};
struct part_list {
    struct part_info *at; /* by number */
    size_t count;
    bool truncated;
};
/* Parts of a completed multipart object with number > after, at most max. */
MUST_CHECK enum store_result store_version_parts(struct store_reader *reader, struct arena *arena,
                                                 const struct version_info *version, unsigned after,
                                                 unsigned max, struct part_list *out);

/* Conditions on the current version of the key that is written or deleted. */
struct write_condition {
    bool if_none_match_any; /* fails with STORE_PRECONDITION when an object is current */
    bool if_match_any;      /* DELETE If-Match: * */
    str if_match;           /* etag without quotes; STORE_NO_KEY when no object is current */
};

struct store_put {
    struct store_write head;
    int64_t bucket;
    str key;
    struct body_draft draft; /* taken on STORE_OK */
    str etag;                /* empty: hex MD5 of the draft */
    struct object_meta meta;
    struct write_condition condition;
    struct version_info out;        /* out.id is "null" unless versioning is enabled */
    enum versioning out_versioning; /* the bucket's, as judged */
};
void store_put_init(struct store_put *put, struct arena *arena);

/* Copies in the database: the body is shared, no byte moves. */
struct store_copy {
    struct store_write head;
    int64_t source_bucket;
    str source_key;
    str source_version; /* exact: the handler looked it up; STORE_CONFLICT when it is gone */
    int64_t bucket;
    str key;
    str etag;                /* known or hashed by the handler */
    struct object_meta meta; /* whole, the directives already applied */
    struct write_condition condition;
    struct version_info out;
    enum versioning out_versioning;
};
void store_copy_init(struct store_copy *copy, struct arena *arena);

struct version_delete {
    /* in */
    str key;
    str version_id; /* ptr == NULL: the key (makes a marker when versioning is on) */
    struct write_condition condition;
    bool bypass_governance;
    /* out */
    enum store_result result;
    bool made_marker;    /* `id` is the new marker's */
    bool removed_marker; /* what was removed was a delete marker */
    str id;              /* version made or removed; empty when nothing has an id to show */
};
struct store_delete { /* one or up to LIMIT_DELETE_KEYS, one commit; each has its own result */
    struct store_write head;
    int64_t bucket;
    struct version_delete *at;
    size_t count;
    bool lifecycle; /* markers made are flagged */
};
void store_delete_init(struct store_delete *del, struct arena *arena);

enum version_change {
    CHANGE_TAGS = 1,
    CHANGE_ACL = 2,
    CHANGE_RETENTION = 4,
    CHANGE_LEGAL_HOLD = 8,
    CHANGE_STORAGE_CLASS = 16,
    CHANGE_FIELDS = 32 /* of them one: `field` */
};
/* One of meta.fields, changed in the transaction so that changes of others are not lost. */
struct field_change {
    const char *name;
    str value;        /* ptr == NULL: it goes */
    bool judged;      /* the answer depends on what was there: STORE_CONFLICT when it is not now */
    str was;          /* ptr == NULL: absent */
    int64_t stamp_us; /* the version that was looked at */
};
struct store_version_change { /* in place; travels to replicas when replication says so */
    struct store_write head;
    int64_t bucket;
    str key;
    str version_id;          /* ptr == NULL: current */
    unsigned what;           /* of enum version_change */
    struct object_meta meta; /* the members that `what` names, but fields */
    struct field_change field;
    bool bypass_governance;
    struct version_info out;
};
void store_version_change_init(struct store_version_change *change, struct arena *arena);

/* Listing is a seek, not a scan (http-and-storage.md 8): a common prefix costs one seek. */
enum list_kind { LIST_OBJECTS, LIST_VERSIONS, LIST_UPLOADS };
struct list_query {
    enum list_kind kind;
    int64_t bucket;
    str prefix;
    str delimiter; /* empty: none */
    str after; /* key marker: strictly after; one inside or equal to a common prefix skips it whole
                */
    str after_id; /* versions: after this version of `after`; uploads: after this upload id */
    unsigned max; /* entries and prefixes together; 0 gives an empty, untruncated page */
};
struct upload_info;
struct list_entry {
    bool is_prefix; /* then only `key` is set: the common prefix */
    str key;
    struct version_info
        version; /* LIST_OBJECTS, LIST_VERSIONS; meta.fields and tags are not filled */
    const struct upload_info *upload; /* LIST_UPLOADS */
};
struct list_page {
    struct list_entry *at; /* byte order of key (or prefix); versions newest first within a key */
    size_t count;
    bool truncated;
    str next_key; /* when truncated: the last key or prefix of this page */
    str next_id;  /* versions, uploads: its id; empty when the last was a prefix */
};
MUST_CHECK enum store_result store_list(struct store_reader *reader, struct arena *arena,
                                        const struct list_query *query, struct list_page *out);

#endif
