/* links: how copies travel between each ordered pair of Regions: lag, bandwidth, hold, partitions.
 *
 * A change is a document: make it with link_doc, links_partition_doc or links_heal_doc, submit it
 * to the store, and when it is committed give it to links_apply (and tell the timekeeper,
 * TIME_LINKS_CHANGED). So memory never says what the disk does not, and a restart finds the same.
 *
 *   kind "link", id "*" or "us-east-1 -> eu-west-1"    kind "partition", id "partition"
 *
 * What a pair does not say it takes from "*", and what that does not say from the preset.
 * Threads: any; one mutex, held for a table look-up. Bandwidth is not shared: each copy takes
 * size / bandwidth more, however many travel.
 */
#ifndef ATOLL_REPLICATION_LINKS_H
#define ATOLL_REPLICATION_LINKS_H

#include "replication/lag.h"
#include "routing/topology.h"
#include "storage/store.h"

#define LINK_DOC_KIND "link"
#define PARTITION_DOC_KIND "partition"
#define LINK_OVERRIDES 64 /* [atoll] per link */

/* A slower or faster way for some copies of a link; the first that fits counts. */
struct link_override {
    str rule;   /* rule ID; empty: any */
    str prefix; /* of keys; empty: any */
    struct lag lag;
};
struct link {
    bool has_lag;
    struct lag lag;
    bool has_bandwidth;
    uint64_t bandwidth_bytes_per_s; /* 0: no bound */
    bool held;                      /* what becomes due here is HELD until it is released */
    struct link_override *overrides;
    size_t override_count;
};

struct links;

/* "default" (fixed 3 s), "instant", "aws-like", "hostile". False when there is no such preset.
 * aws-like: AWS says only "most objects in seconds, 99.99 % within 15 minutes" (S3 RTC); the median
 * of 12 s is ours. */
MUST_CHECK bool links_preset(str name, struct lag *out);
str links_preset_nearest(str name);      /* "did you mean", or STR_NONE */
const char *links_preset_name(str name); /* static; NULL when there is no such preset */

struct links *links_new(const struct lag *preset);
/* Of pairs that say nothing, and about which "*" says nothing. */
void links_set_default(struct links *links, const struct lag *preset);
/* Reads the documents. Never fails: a document that cannot be read is logged and left out. */
struct links *links_open(struct store_reader *reader, const struct lag *preset);
void links_close(struct links *links);
void links_reload(struct links *links, struct store_reader *reader); /* after a restore or wipe */
/* Documents of other kinds are passed over; body.ptr == NULL takes the link's settings back. */
void links_apply(struct links *links, const struct store_doc *docs, size_t count);

/* Sets the lag of some copies, or takes it back; false when there is no room for one more. */
MUST_CHECK bool links_override_set(struct arena *arena, struct link *link,
                                   const struct link_override *one);
void links_override_take_back(struct link *link, str rule, str prefix);
/* `from` REGION_NONE: the settings of "*". */
struct store_doc link_doc(struct arena *arena, region_id from, region_id to,
                          const struct link *link);
/* What ends the hold of a link, if it has one; of REGION_NONE: that of "*" and of every pair. */
struct link_docs {
    struct store_doc *at;
    size_t count;
};
struct link_docs links_unheld(struct links *links, struct arena *arena, region_id from,
                              region_id to);
struct store_doc link_doc_delete(struct arena *arena, region_id from, region_id to);
/* Regions of different groups cannot reach each other until `until` (INSTANT_NEVER: until healed);
 * a Region in no group reaches all. one_way: only the earlier groups cannot reach the later ones.
 * Replaces the partition before it. */
struct store_doc links_partition_doc(struct arena *arena, const region_set *groups, size_t count,
                                     instant until, bool one_way);
struct store_doc links_heal_doc(void);
/* "us-east-1 / eu-west-1 ap-southeast-1" */
str links_groups_text(struct arena *arena, const region_set *groups, size_t count);

/* What this pair says itself (has_*: false where it says nothing), strings copied. */
struct link links_get(struct links *links, struct arena *arena, region_id from, region_id to);
/* What holds for a link of which nobody said anything. */
struct lag links_default_lag(struct links *links);
/* What holds for it. */
struct link links_effective(struct links *links, struct arena *arena, region_id from, region_id to);
bool links_held(struct links *links, region_id from, region_id to);

struct link_copy {      /* what is to travel */
    region_id from, to; /* REGION_NONE: "*" holds */
    str rule, key;
    uint64_t size_bytes;
};
duration links_lag(struct links *links, const struct link_copy *copy,
                   const double units[LAG_DRAWS]);

bool links_reachable(struct links *links, region_id from, region_id to, region_set regions_down,
                     instant now);
/* When the partition ends by itself; INSTANT_NEVER when there is none or it does not, or did. */
instant links_next_heal(struct links *links, instant now);
struct link_partition {
    region_set groups[16];
    size_t count; /* 0: none */
    instant until;
    bool one_way; /* earlier groups do not reach later ones, but are reached */
};
struct link_partition links_partition(struct links *links);

#endif
