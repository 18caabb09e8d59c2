/* A table of pointers, one per ordered pair of Regions, and one for "*". An entry is replaced as a
 * whole and lives in an arena of its own, so that readers only hold the mutex for a look-up. */
#include "replication/links.h"

#include <math.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/lock.h"
#include "base/log.h"
#include "replication/link_doc.h"

struct entry {
    struct arena *arena;
    struct link link;
};
struct links {
    struct {
        struct mutex lock;
        struct lag preset;
        struct entry *any;
        struct entry *pairs[64][64];
        struct link_partition partition;
    } shared;
};

static const struct {
    const char *name, *lag;
} presets[] = {
    { "default", "fixed(3s)" },
    { "instant", "fixed(0s)" },
    { "aws-like", "lognormal(p50=12s,p99.99=15m)" },
    { "hostile", "mix(0.9 lognormal(p50=8s,p99=4m), 0.08 uniform(1m,10m), 0.02 uniform(10m,1h))" },
};

bool links_preset(str name, struct lag *out)
{
    for (size_t i = 0; i < COUNT(presets); i++) {
        if (!str_is(name, presets[i].name))
            continue;
        struct arena *arena = arena_new();
        str error;
        bool parsed = lag_parse(arena, str_of(presets[i].lag), out, &error);
        arena_free(arena);
        return parsed;
    }
    return false;
}

const char *links_preset_name(str name)
{
    for (size_t i = 0; i < COUNT(presets); i++)
        if (str_is(name, presets[i].name))
            return presets[i].name;
    return NULL;
}

str links_preset_nearest(str name)
{
    str names[COUNT(presets)];
    for (size_t i = 0; i < COUNT(presets); i++)
        names[i] = str_of(presets[i].name);
    return str_nearest(name, names, COUNT(presets));
}

struct links *links_new(const struct lag *preset)
{
    BUG_UNLESS(region_count() <= 64);
    struct links *links = mem_alloc(sizeof *links);
    links->shared.preset = *preset;
    mutex_init(&links->shared.lock);
    return links;
}

void links_set_default(struct links *links, const struct lag *preset)
{
    SCOPED_LOCK(&links->shared.lock);
    links->shared.preset = *preset;
}

static void entry_free(struct entry *entry)
{
    if (entry)
        arena_free(entry->arena); /* the entry lives in it */
}

static void clear_locked(struct links *links)
{
    mutex_assert_held(&links->shared.lock);
    entry_free(links->shared.any);
    links->shared.any = NULL;
    for (size_t from = 0; from < 64; from++) {
        for (size_t to = 0; to < 64; to++) {
            entry_free(links->shared.pairs[from][to]);
            links->shared.pairs[from][to] = NULL;
        }
    }
    links->shared.partition = (struct link_partition){ .until = INSTANT_NEVER };
}

static struct entry **slot_locked(struct links *links, region_id from, region_id to)
{
    mutex_assert_held(&links->shared.lock);
    if (from == REGION_NONE || to == REGION_NONE)
        return &links->shared.any;
    BUG_UNLESS(from < 64 && to < 64);
    return &links->shared.pairs[from][to];
}

static void apply_link(struct links *links, const struct store_doc *doc)
{
    region_id from, to;
    if (!link_doc_id_parse(doc->id, &from, &to)) {
        log_line(LOG_WARN, "link '%.*s' names no pair of Regions; it is left out",
                 STR_ARG(doc->id));
        return;
    }
    struct entry *entry = NULL;
    if (str_is_set(doc->body)) {
        struct arena *arena = arena_new();
        entry = ARENA_NEW(arena, struct entry);
        entry->arena = arena;
        if (!link_doc_parse(arena, doc->body, &entry->link)) {
            log_line(LOG_WARN, "link '%.*s' cannot be read; it is left out", STR_ARG(doc->id));
            arena_free(arena);
            return;
        }
    }
    SCOPED_LOCK(&links->shared.lock);
    struct entry **slot = slot_locked(links, from, to);
    entry_free(*slot);
    *slot = entry;
}

static void apply_partition(struct links *links, const struct store_doc *doc)
{
    struct link_partition partition = { .until = INSTANT_NEVER };
    if (str_is_set(doc->body) && !link_doc_parse_partition(doc->body, &partition)) {
        log_line(LOG_WARN, "the partition cannot be read; it is left out");
        return;
    }
    SCOPED_LOCK(&links->shared.lock);
    links->shared.partition = partition;
}

void links_apply(struct links *links, const struct store_doc *docs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(docs[i].kind, LINK_DOC_KIND))
            apply_link(links, &docs[i]);
        else if (str_is(docs[i].kind, PARTITION_DOC_KIND))
            apply_partition(links, &docs[i]);
    }
}

void links_reload(struct links *links, struct store_reader *reader)
{
    static const char *const kinds[] = { LINK_DOC_KIND, PARTITION_DOC_KIND };
    {
        SCOPED_LOCK(&links->shared.lock);
        clear_locked(links);
    }
    struct arena *arena = arena_new();
    store_read_begin(reader);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct store_doc_list docs = { 0 };
        enum store_result result = store_doc_list(reader, arena, str_of(kinds[i]), &docs);
        if (result != STORE_OK && result != STORE_ABSENT)
            log_line(LOG_ERROR, "links cannot be read: %s", store_result_name(result));
        else
            links_apply(links, docs.at, docs.count);
    }
    store_read_idle(reader);
    arena_free(arena);
}

struct links *links_open(struct store_reader *reader, const struct lag *preset)
{
    struct links *links = links_new(preset);
    links_reload(links, reader);
    return links;
}

void links_close(struct links *links)
{
    if (!links)
        return;
    mutex_lock(&links->shared.lock);
    clear_locked(links);
    mutex_unlock(&links->shared.lock);
    mutex_fini(&links->shared.lock);
    free(links);
}

/* -- looking ---------------------------------------------------------------------------------- */

static struct link copy_link(struct arena *arena, const struct link *link)
{
    struct link copy = *link;
    copy.overrides = ARENA_ARRAY(arena, struct link_override, link->override_count);
    for (size_t i = 0; i < link->override_count; i++) {
        copy.overrides[i] = link->overrides[i];
        copy.overrides[i].rule = str_copy(arena, link->overrides[i].rule);
        copy.overrides[i].prefix = str_copy(arena, link->overrides[i].prefix);
    }
    return copy;
}

static const struct link *pair_locked(struct links *links, region_id from, region_id to)
{
    const struct entry *entry = *slot_locked(links, from, to);
    return entry ? &entry->link : NULL;
}

struct link links_get(struct links *links, struct arena *arena, region_id from, region_id to)
{
    SCOPED_LOCK(&links->shared.lock);
    const struct link *link = pair_locked(links, from, to);
    return link ? copy_link(arena, link) : (struct link){ 0 };
}

static const struct lag *lag_locked(struct links *links, region_id from, region_id to)
{
    const struct link *pair = pair_locked(links, from, to);
    const struct link *any = pair_locked(links, REGION_NONE, REGION_NONE);
    if (pair && pair->has_lag)
        return &pair->lag;
    return any && any->has_lag ? &any->lag : &links->shared.preset;
}

static uint64_t bandwidth_locked(struct links *links, region_id from, region_id to)
{
    const struct link *pair = pair_locked(links, from, to);
    const struct link *any = pair_locked(links, REGION_NONE, REGION_NONE);
    if (pair && pair->has_bandwidth)
        return pair->bandwidth_bytes_per_s;
    return any && any->has_bandwidth ? any->bandwidth_bytes_per_s : 0;
}

static bool held_locked(struct links *links, region_id from, region_id to)
{
    const struct link *pair = pair_locked(links, from, to);
    const struct link *any = pair_locked(links, REGION_NONE, REGION_NONE);
    return (pair && pair->held) || (any && any->held);
}

struct link links_effective(struct links *links, struct arena *arena, region_id from, region_id to)
{
    SCOPED_LOCK(&links->shared.lock);
    const struct link *pair = pair_locked(links, from, to);
    struct link link = pair ? copy_link(arena, pair) : (struct link){ 0 };
    link.has_lag = link.has_bandwidth = true;
    link.lag = *lag_locked(links, from, to);
    link.bandwidth_bytes_per_s = bandwidth_locked(links, from, to);
    link.held = held_locked(links, from, to);
    return link;
}

static void add_unheld(struct links *links, struct arena *arena, region_id from, region_id to,
                       struct link_docs *docs)
{
    struct link link = links_get(links, arena, from, to);
    if (!link.held)
        return;
    link.held = false;
    docs->at[docs->count++] = link_doc(arena, from, to, &link);
}

struct link_docs links_unheld(struct links *links, struct arena *arena, region_id from,
                              region_id to)
{
    bool all = from == REGION_NONE;
    struct link_docs docs = {
        ARENA_ARRAY(arena, struct store_doc, all ? region_count() * region_count() + 1 : 1), 0
    };
    add_unheld(links, arena, from, to, &docs);
    for (region_id a = 0; all && a < region_count(); a++)
        for (region_id b = 0; b < region_count(); b++)
            if (a != b)
                add_unheld(links, arena, a, b, &docs);
    return docs;
}

bool links_held(struct links *links, region_id from, region_id to)
{
    SCOPED_LOCK(&links->shared.lock);
    return held_locked(links, from, to);
}

static const struct lag *override_locked(const struct link *link, const struct link_copy *copy)
{
    for (size_t i = 0; link && i < link->override_count; i++) {
        const struct link_override *one = &link->overrides[i];
        if ((one->rule.size == 0 || str_eq(one->rule, copy->rule)) &&
            str_starts(copy->key, one->prefix))
            return &one->lag;
    }
    return NULL;
}

duration links_lag(struct links *links, const struct link_copy *copy, const double units[LAG_DRAWS])
{
    struct lag lag;
    uint64_t bandwidth;
    {
        SCOPED_LOCK(&links->shared.lock);
        const struct lag *found = override_locked(pair_locked(links, copy->from, copy->to), copy);
        if (!found)
            found = override_locked(pair_locked(links, REGION_NONE, REGION_NONE), copy);
        lag = found ? *found : *lag_locked(links, copy->from, copy->to);
        bandwidth = bandwidth_locked(links, copy->from, copy->to);
    }
    duration d = lag_sample(&lag, units);
    if (bandwidth > 0 && copy->size_bytes > 0) {
        double ns = (double) copy->size_bytes / (double) bandwidth * 1e9;
        d = (duration){ instant_add((instant){ d.ns }, (duration){ (int64_t) fmin(ns, 9e17) }).ns };
    }
    return d;
}

/* -- partitions ------------------------------------------------------------------------------- */

static bool partition_is_on(const struct link_partition *partition, instant now)
{
    return partition->count > 0 && instant_before(now, partition->until);
}

static size_t group_of(const struct link_partition *partition, region_id region)
{
    size_t group = 0;
    while (group < partition->count && !region_set_has(partition->groups[group], region))
        group++;
    return group;
}

str links_groups_text(struct arena *arena, const region_set *groups, size_t count)
{
    struct buf text;
    buf_init_arena(&text, arena, 4096);
    for (size_t i = 0; i < count; i++) {
        buf_add(&text, i ? STR(" /") : STR(""));
        for (region_id id = 0; id < region_count(); id++)
            if (region_set_has(groups[i], id))
                buf_addf(&text, "%s%.*s", text.size ? " " : "", STR_ARG(region_at(id)->code));
    }
    return buf_str(&text);
}

bool links_reachable(struct links *links, region_id from, region_id to, region_set regions_down,
                     instant now)
{
    if (region_set_has(regions_down, from) || region_set_has(regions_down, to))
        return false;
    SCOPED_LOCK(&links->shared.lock);
    const struct link_partition *partition = &links->shared.partition;
    if (!partition_is_on(partition, now))
        return true;
    size_t a = group_of(partition, from), b = group_of(partition, to);
    return a == b || a == partition->count || b == partition->count ||
           (partition->one_way && a > b);
}

instant links_next_heal(struct links *links, instant now)
{
    SCOPED_LOCK(&links->shared.lock);
    const struct link_partition *partition = &links->shared.partition;
    return partition_is_on(partition, now) ? partition->until : INSTANT_NEVER;
}

struct link_partition links_partition(struct links *links)
{
    SCOPED_LOCK(&links->shared.lock);
    return links->shared.partition;
}

struct lag links_default_lag(struct links *links)
{
    SCOPED_LOCK(&links->shared.lock);
    return links->shared.preset;
}

/* --- overrides --- */

static size_t find_override(const struct link *link, str rule, str prefix)
{
    size_t at = 0;
    while (at < link->override_count &&
           !(str_eq(link->overrides[at].rule, rule) && str_eq(link->overrides[at].prefix, prefix)))
        at++;
    return at;
}

bool links_override_set(struct arena *arena, struct link *link, const struct link_override *one)
{
    size_t at = find_override(link, one->rule, one->prefix);
    struct link_override *all = ARENA_ARRAY(arena, struct link_override, link->override_count + 1);
    if (at == LINK_OVERRIDES)
        return false;
    if (link->override_count > 0)
        memcpy(all, link->overrides, link->override_count * sizeof *all);
    link->override_count += at == link->override_count;
    link->overrides = all;
    all[at] = *one;
    return true;
}

void links_override_take_back(struct link *link, str rule, str prefix)
{
    size_t at = find_override(link, rule, prefix);
    if (at == link->override_count)
        return;
    link->override_count--;
    memmove(&link->overrides[at], &link->overrides[at + 1],
            (link->override_count - at) * sizeof *link->overrides);
}
