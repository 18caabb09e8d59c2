/* Outages: a set of Regions that are down, each perhaps until an emulated instant. The documents
 * are the truth; this is their image, swapped whole so that readers need no lock. */
#include "server/regions.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/json.h"

#define MOST_REGIONS 64

struct regions {
    _Atomic int64_t down_until_ns[MOST_REGIONS]; /* 0: up */
    _Atomic region_set disabled;
    _Atomic int64_t skew_ns[MOST_REGIONS];
    _Atomic bool skewed; /* any: spares the look-up */
};

struct regions *regions_open(struct store_reader *reader)
{
    struct regions *regions = mem_alloc(sizeof *regions);
    regions_reload(regions, reader);
    return regions;
}

void regions_close(struct regions *regions)
{
    free(regions);
}

static int64_t until_of(struct arena *arena, str body)
{
    struct json_error error;
    const struct json *document = json_parse(arena, body, &error);
    instant until;
    str text = json_string(document, "until", STR_NONE);
    return text.size > 0 && instant_parse_iso8601(text, &until) ? until.ns : INT64_MAX;
}

static void read_skews(struct regions *regions, struct store_reader *reader, struct arena *arena)
{
    int64_t skew[MOST_REGIONS] = { 0 };
    struct store_doc_list list = { 0 };
    bool any = false;
    if (store_doc_list(reader, arena, STR("skew"), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++) {
            region_id id = region_find(list.at[i].id);
            if (id < MOST_REGIONS && str_to_i64(list.at[i].body, &skew[id]))
                any = true;
        }
    for (size_t i = 0; i < MOST_REGIONS; i++)
        atomic_store_explicit(&regions->skew_ns[i], skew[i], memory_order_relaxed);
    atomic_store_explicit(&regions->skewed, any, memory_order_relaxed);
}

static region_set read_disabled(struct store_reader *reader, struct arena *arena)
{
    region_set disabled = REGION_SET_NONE;
    struct store_doc_list list = { 0 };
    if (store_doc_list(reader, arena, STR("disabled-region"), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++)
            if (region_find(list.at[i].id) != REGION_NONE)
                disabled = region_set_with(disabled, region_find(list.at[i].id));
    return disabled;
}

void regions_reload(struct regions *regions, struct store_reader *reader)
{
    int64_t down[MOST_REGIONS] = { 0 };
    struct arena *arena = arena_new();
    struct store_doc_list list = { 0 };
    store_read_begin(reader);
    if (store_doc_list(reader, arena, STR("outage"), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++) {
            region_id id = region_find(list.at[i].id);
            if (id < MOST_REGIONS)
                down[id] = until_of(arena, list.at[i].body);
        }
    region_set disabled = read_disabled(reader, arena);
    read_skews(regions, reader, arena);
    arena_free(arena);
    atomic_store_explicit(&regions->disabled, disabled, memory_order_relaxed);
    for (size_t i = 0; i < MOST_REGIONS; i++)
        atomic_store_explicit(&regions->down_until_ns[i], down[i], memory_order_relaxed);
}

region_set regions_up(const struct regions *regions, instant now)
{
    region_set up = REGION_SET_ALL;
    for (region_id id = 0; id < region_count(); id++)
        if (now.ns < atomic_load_explicit(&regions->down_until_ns[id], memory_order_relaxed))
            up = region_set_without(up, id);
    return up;
}

region_set regions_enabled(const struct regions *regions)
{
    return ~atomic_load_explicit(&regions->disabled, memory_order_relaxed);
}

duration regions_skew(const struct regions *regions, str region)
{
    if (!atomic_load_explicit(&regions->skewed, memory_order_relaxed))
        return (duration){ 0 };
    region_id id = region_find(region);
    if (id >= MOST_REGIONS)
        return (duration){ 0 };
    return (duration){ atomic_load_explicit(&regions->skew_ns[id], memory_order_relaxed) };
}

instant regions_next_end(const struct regions *regions, instant now)
{
    instant next = INSTANT_NEVER;
    for (region_id id = 0; id < region_count(); id++) {
        instant end = { atomic_load_explicit(&regions->down_until_ns[id], memory_order_relaxed) };
        if (instant_before(now, end) && instant_before(end, next))
            next = end;
    }
    return next;
}

struct store_doc region_outage_doc(struct arena *arena, region_id region, bool down, instant until)
{
    struct store_doc doc = { .kind = STR("outage"), .id = region_at(region)->code };
    struct buf buf;
    struct json_writer writer;
    if (!down)
        return doc;
    buf_init_arena(&buf, arena, 1024);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    if (until.ns != INSTANT_NEVER.ns)
        json_text(&writer, "until", instant_iso8601(arena, until));
    json_end(&writer);
    doc.body = buf_str(&buf);
    return doc;
}

struct store_doc region_disabled_doc(region_id region, bool disabled)
{
    return (struct store_doc){ .kind = STR("disabled-region"),
                               .id = region_at(region)->code,
                               .body = disabled ? STR("{}") : STR_NONE };
}

struct store_doc region_skew_doc(struct arena *arena, region_id region, duration skew)
{
    return (struct store_doc){ .kind = STR("skew"),
                               .id = region_at(region)->code,
                               .body = skew.ns ? str_format(arena, "%lld", (long long) skew.ns)
                                               : STR_NONE };
}
