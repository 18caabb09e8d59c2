/* config_document: the world that a configuration describes: accounts, Regions, buckets, access
 * points, replication, links, clients. Names only; config_apply makes a world of it.
 *
 * Ownership: all in the arena of the reading. Threads: read-only once read.
 */
#ifndef ATOLL_SERVER_CONFIG_DOCUMENT_H
#define ATOLL_SERVER_CONFIG_DOCUMENT_H

#include "base/fields.h"
#include "base/limits.h"
#include "replication/links.h"
#include "routing/route.h"
#include "server/config_problems.h"
#include "server/deliveries.h"
#include "server/fault.h"
#include "server/mraps.h"
#include "storage/bucket.h"

struct config_key { /* an access key of an account */
    str access_key, secret, account;
};

struct config_account { /* what all its keys may do, beside what resources allow */
    struct config_at at;
    str id;
    struct fields policies; /* name (a number when it has none), text */
};

struct config_role {
    struct config_at at;
    str account, path, name; /* account empty: the default one */
    str trust;               /* text; empty: everybody of the account */
    struct fields policies;
};

struct config_region { /* what is said of one Region */
    struct config_at at;
    region_id region;
    bool has_enabled, enabled; /* of opt-in Regions */
    bool has_skew;
    duration skew;
};

struct config_object {
    str key;
    str text;           /* when no file is named */
    str file;           /* path as to be opened; ptr == NULL: none */
    struct fields meta; /* content-type, x-amz-meta-* */
};

struct config_bucket {
    struct config_at at;
    str name;
    region_id region;
    str account; /* empty: the default one */
    enum versioning versioning;
    bool object_lock;
    struct config_object *objects;
    size_t object_count;
};

struct config_mrap {
    struct config_at at;
    str name;
    str alias;   /* empty: drawn from the seed */
    str account; /* empty: the default one */
    str buckets[LIMIT_REGIONS_PER_MRAP];
    unsigned dials[LIMIT_REGIONS_PER_MRAP];
    size_t bucket_count;
    const struct json *routing; /* its members, judged; NULL: as the preset has it */
};

/* How it routes in a world of this preset. */
struct mrap_routing config_mrap_routing(struct arena *arena, const struct config_mrap *mrap,
                                        str preset);

struct config_rule { /* one direction of one entry of "replication" */
    struct config_at at;
    str path; /* "replication[2]" */
    str source, destination;
    str id; /* empty: made from the destination's name */
    str prefix;
    str storage_class; /* empty: the source's */
    bool enabled, delete_markers, replica_modifications, existing_objects, rtc;
};

struct config_link {
    struct config_at at;
    region_id from, to; /* both REGION_NONE: "*" */
    bool has_lag, has_bandwidth;
    struct lag lag;
    uint64_t bandwidth_bytes_per_s; /* 0: no bound */
    struct link_override *overrides;
    size_t override_count;
};

struct config_client {
    struct config_at at;
    str name, place, access_key, secret_key;
    str account; /* empty: the default one */
};

struct config_network {
    struct config_at at;
    str cidr, client;
};

#define CONFIG_MAX_FAULTS 256 /* [atoll] as many as a world holds: FAULTS_MOST */

struct config_fault {
    struct config_at at;
    struct fault fault;
};

struct config_target { /* of notifications */
    str arn;
    struct delivery_target to;
};

struct config_document {
    struct config_key *keys;
    size_t key_count;
    struct config_account *accounts; /* those with policies */
    size_t account_count;
    struct config_role *roles;
    size_t role_count;
    region_set regions; /* where buckets may be; REGION_SET_NONE: anywhere */
    struct config_region *region_list;
    size_t region_count;
    struct config_bucket *buckets;
    size_t bucket_count;
    struct config_mrap *mraps;
    size_t mrap_count;
    struct config_rule *rules;
    size_t rule_count;
    struct config_link *links;
    size_t link_count;
    struct config_client *clients;
    size_t client_count;
    struct config_network *networks;
    size_t network_count;
    struct config_fault *faults;
    size_t fault_count;
    str *webhook_hosts; /* beside this machine */
    size_t webhook_host_count;
    struct config_target *targets;
    size_t target_count;
};

/* NULL when the document declares no such bucket. */
const struct config_bucket *config_document_bucket(const struct config_document *document,
                                                   str name);

#endif
