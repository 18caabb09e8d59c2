/* limits: every bound of atoll, with its source. Nothing in atoll grows without one of these.
 *
 * [AWS] documented by AWS; [atoll] ours, chosen so that a hostile client costs bounded work.
 */
#ifndef ATOLL_BASE_LIMITS_H
#define ATOLL_BASE_LIMITS_H

// clang-format off
/* Keys and metadata */
#define LIMIT_KEY_BYTES 1024                 /* [AWS] "Object key names" */
#define LIMIT_USER_METADATA_BYTES 2048       /* [AWS] names plus values of x-amz-meta-* */
#define LIMIT_HEADER_COUNT 256               /* [atoll] fields of one request */
#define LIMIT_HEADER_BYTES (64 * 1024)       /* [atoll] S3 refuses above 8 KB; we name the cause */
#define LIMIT_TARGET_BYTES (16 * 1024)       /* [atoll] 1,024 key bytes, all escaped, plus query */
#define LIMIT_QUERY_PARAMS 128               /* [atoll] */
#define LIMIT_TAGS_PER_OBJECT 10             /* [AWS] */
#define LIMIT_TAGS_PER_BUCKET 50             /* [AWS] */
#define LIMIT_TAG_KEY_CHARS 128              /* [AWS] */
#define LIMIT_TAG_VALUE_CHARS 256            /* [AWS] */

/* Bodies */
#define LIMIT_PUT_BYTES (5ull << 30)         /* [AWS] one PUT or one part: 5 GiB */
#define LIMIT_OBJECT_BYTES (48800ull << 30)  /* [AWS] 48.8 TiB since 2026 */
#define LIMIT_XML_BYTES (2 * 1024 * 1024)    /* [AWS] replication configuration: 2 MB */
#define LIMIT_XML_DEPTH 32                   /* [atoll] deepest S3 document has 8 */
#define LIMIT_XML_ATTRIBUTES 16              /* [atoll] of one element; S3's have 2 */
#define LIMIT_XML_NODES 60000                /* [atoll] Complete of 10,000 parts, every checksum */
#define LIMIT_JSON_BYTES (4 * 1024 * 1024)   /* [atoll] config and admin documents */
#define LIMIT_JSON_DEPTH 64                  /* [atoll] */
#define LIMIT_POLICY_BYTES (20 * 1024)       /* [AWS] */
#define LIMIT_FORM_BYTES (20 * 1024)         /* [AWS] a POST form without its file */
#define LIMIT_SMALL_BODY_BYTES (1024 * 1024) /* [atoll] larger bodies get a file and the pool */
#define LIMIT_CHUNK_HEADER_BYTES 1024        /* [atoll] aws-chunked size line incl. ECDSA signature */
#define LIMIT_TRAILER_BYTES 4096             /* [atoll] */
#define LIMIT_ANSWER_BYTES (16 * 1024 * 1024)/* [atoll] largest XML or JSON answer */
#define LIMIT_DO_BODY_BYTES (1024 * 1024)    /* [atoll] of an object in an answer of /do */

/* Multipart and batches */
#define LIMIT_PARTS 10000                    /* [AWS] */
#define LIMIT_PART_MIN_BYTES (5u << 20)      /* [AWS] every part but the last */
#define LIMIT_LIST_KEYS 1000                 /* [AWS] */
#define LIMIT_DELETE_KEYS 1000               /* [AWS] DeleteObjects */
#define LIMIT_BUCKETS_PAGE 10000             /* [AWS] ListBuckets */

/* Replication and MRAP */
#define LIMIT_REPLICATION_RULES 1000         /* [AWS] */
#define LIMIT_RULE_ID_BYTES 255              /* [AWS] */
#define LIMIT_RULE_PRIORITY 2147483647       /* [AWS] */
#define LIMIT_MRAPS_PER_ACCOUNT 100          /* [AWS] */
#define LIMIT_REGIONS_PER_MRAP 17            /* [AWS] */
#define LIMIT_QUEUE_ROWS 4000000             /* [atoll] pending copies; then writers get SlowDown */

/* Signatures */
#define LIMIT_SKEW_S 900                     /* [AWS] 15 minutes */
#define LIMIT_PRESIGN_S 604800               /* [AWS] 7 days */

/* Server */
#define LIMIT_CONNECTIONS 20000              /* [atoll] */
#define LIMIT_CONNECT_HEAD_BYTES 8192        /* [atoll] */
#define LIMIT_HEAD_DEADLINE_S 30             /* [atoll] a request head must arrive within */
#define LIMIT_IDLE_S 120                     /* [atoll] a connection on which nothing moves */
#define LIMIT_HTTP_MEMORY_BYTES (32 * 1024)  /* [atoll] a connection's heads; zeroed per request */
#define LIMIT_RESTS_BYTES (32u << 20)        /* [atoll] kept of waiting uploads, each worker */
#define LIMIT_EARLY_ANSWER_BYTES (1u << 20)  /* [atoll] bigger bodies are refused unread */
#define LIMIT_DRAIN_BYTES (64ull << 20)      /* [atoll] of a refused body without a length */
#define LIMIT_DRAIN_S 60                     /* [atoll] to read a refused body to its end */
#define LIMIT_TUNNELS 256                    /* [atoll] per worker, with --proxy-other tunnel */
#define LIMIT_LEAF_CACHE 1024                /* [atoll] minted certificates kept */
#define LIMIT_JOURNAL 10000                  /* [atoll] requests remembered, `--journal` */
#define LIMIT_SENT_HEADER_BYTES 4096         /* [atoll] of a request's headers, kept with it */
#define LIMIT_CHANGES 2000                   /* [atoll] changes by hand remembered, for a record */
#define LIMIT_CHANGES_BYTES (32u << 20)      /* [atoll] of their words: rules may be 2 MB each */
#define LIMIT_WRITE_BATCH_ROWS 1024          /* DESIGN.md 5 */
#define LIMIT_WRITE_BATCH_MS 5               /* DESIGN.md 5 */
#define LIMIT_HOT_ENTRIES 1024               /* [atoll] small objects in memory, each reader */
#define LIMIT_HOT_BYTES 4096                 /* [atoll] the largest of them */
#define LIMIT_RESERVE_BYTES (4u << 20)       /* [atoll] kept for deletions on a full disk */
#define LIMIT_WAL_PAGES 20000                /* DESIGN.md 4: above it the writer checkpoints too */

// clang-format on

#endif
