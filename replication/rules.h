/* rules: a bucket's replication configuration, as PutBucketReplication says it.
 *
 * The XML is somebody else's: whoever parses it fills struct repl_config as written, without
 * judging, and repl_config_validate says what AWS would. After that the packed form is what storage
 * keeps under CONFIG_REPLICATION_RULES, and what the plan reads for each change.
 *
 * Ownership: all strings and arrays belong to the arena they were made in. Threads: pure.
 * Errors: false and one struct repl_problem, the first in AWS's order; nothing is logged.
 */
#ifndef ATOLL_REPLICATION_RULES_H
#define ATOLL_REPLICATION_RULES_H

#include "base/arena.h"
#include "base/str.h"

#define REPL_NONSTANDARD_NO_PRIORITY "rule-without-priority"

/* An element that holds <Status>. REPL_MALFORMED: the element is there and its Status is neither
 * Enabled nor Disabled, or is missing. */
enum repl_switch { REPL_ABSENT, REPL_ENABLED, REPL_DISABLED, REPL_MALFORMED };

/* What <Filter> held. REPL_FILTER_SEVERAL: more than one of Prefix, Tag and And (malformed). */
enum repl_filter {
    REPL_FILTER_ABSENT, /* no <Filter>: the V1 schema, `prefix` is the rule's own */
    REPL_FILTER_EMPTY,
    REPL_FILTER_PREFIX,
    REPL_FILTER_TAG,
    REPL_FILTER_AND,
    REPL_FILTER_SEVERAL
};

struct repl_tag {
    str key, value;
};

/* ReplicationTime and Metrics: a switch, and minutes that may be absent. */
struct repl_timed {
    enum repl_switch status;
    bool has_minutes;
    uint64_t minutes; /* UINT64_MAX: not a number */
};

struct repl_destination {
    bool present;
    str bucket_arn;            /* as written; ptr == NULL: absent */
    str bucket;                /* the name in the ARN; set by repl_config_validate */
    str region;                /* the bucket's Region: see repl_config_locate */
    str account;               /* ptr == NULL: absent */
    str storage_class;         /* ptr == NULL: the source's */
    bool has_translation;      /* AccessControlTranslation */
    str owner;                 /* its Owner: "Destination" */
    bool has_encryption;       /* EncryptionConfiguration */
    str kms_key;               /* its ReplicaKmsKeyID; ptr == NULL: absent */
    struct repl_timed rtc;     /* ReplicationTime */
    struct repl_timed metrics; /* Metrics; minutes: EventThreshold */
};

struct repl_rule {
    str id;            /* ptr == NULL or empty: absent; repl_config_validate then makes one */
    bool has_priority; /* as written; answers show Priority only then */
    int64_t priority;  /* -1 for what is not a number; set by repl_config_validate if absent */
    enum repl_filter filter;
    str prefix;            /* the rule's own, the filter's or And's; ptr == NULL: none */
    bool prefix_in_rule;   /* <Prefix> stood directly under <Rule> (V1) */
    struct repl_tag *tags; /* the filter's one, or And's */
    size_t tag_count;
    enum repl_switch status;
    enum repl_switch sse_kms;               /* SourceSelectionCriteria/SseKmsEncryptedObjects */
    enum repl_switch replica_modifications; /* SourceSelectionCriteria/ReplicaModifications */
    enum repl_switch existing_objects;      /* ExistingObjectReplication */
    enum repl_switch delete_markers;        /* DeleteMarkerReplication */
    struct repl_destination destination;
};

struct repl_config {
    bool v2;  /* set by repl_config_validate: every rule has a Filter (or ReplicationTime) */
    str role; /* ptr == NULL: absent */
    struct repl_rule *rules;
    size_t rule_count;
};

/* What the judgement needs to know beyond the text. */
struct repl_context {
    str source_bucket; /* name */
    bool strict;       /* refuse what AWS refuses, also what atoll would let pass */
};

enum repl_problem_code { REPL_MALFORMED_XML, REPL_INVALID_REQUEST, REPL_INVALID_ARGUMENT };

struct repl_problem {
    enum repl_problem_code code; /* MalformedXML, InvalidRequest, InvalidArgument */
    str message;                 /* AWS's words; in the arena or static */
    /* True only when repl_config_validate returned true, but AWS would have refused. */
    bool nonstandard_only;
    str nonstandard; /* the mark for x-atoll-nonstandard: REPL_NONSTANDARD_...; else ptr == NULL */
};

/* Judges all that needs no look into the store (aws-behaviour C.3): what is left for the writer is
 * the source's versioning, the destinations' existence and versioning, and their owner.
 * True: the configuration stands; `v2`, missing ids and priorities and the destinations' names are
 * filled in. A V2 rule without Priority then got the lowest number that no rule has, in the order
 * of the rules, and *out says so. False: *out says why. */
MUST_CHECK bool repl_config_validate(struct arena *arena, struct repl_config *config,
                                     const struct repl_context *context, struct repl_problem *out);

/* The destinations' names, each once, in the order of the rules: what must exist and be versioned.
 */
struct repl_names {
    str *at;
    size_t count;
};
struct repl_names repl_config_destinations(struct arena *arena, const struct repl_config *config);

/* Says where a destination is, in every rule that names it. To be called for each destination
 * before packing: the plan sees no buckets, and a link is a pair of Regions. */
void repl_config_locate(struct repl_config *config, str bucket, str region);

/* Compact bytes of a validated configuration, and back. Unpacked strings point into `packed`.
 * False when the bytes are not a packed configuration. */
str repl_config_pack(struct arena *arena, const struct repl_config *config);
MUST_CHECK bool repl_config_unpack(struct arena *arena, str packed, struct repl_config *out);

#endif
