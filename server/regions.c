/* Outages: planes of Regions that are down, each perhaps until an emulated instant. The documents
 * are the truth; this is their image, swapped whole so that readers need no lock. */
#include "server/regions.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/json.h"

#define MOST_REGIONS 64
#define ENABLED_KIND "region-enabled" /* in the store: "true" or "false" */

struct regions {
    _Atomic int64_t down_until_ns[REGION_PLANES][MOST_REGIONS]; /* 0: up */
    region_set disabled_unless_said;                            /* constant */
    _Atomic region_set disabled;
    _Atomic int64_t skew_ns[MOST_REGIONS];
    _Atomic bool skewed; /* any: spares the look-up */
};

/* Kinds of documents. Each plane has its own, so that one ends without the other. */
static const char *const kinds[REGION_PLANES] = { "outage", "control-outage" };

static const char *const plane_names[REGION_PLANES] = { "data", "control" };

struct regions *regions_open(struct store_reader *reader, bool strict)
{
    struct regions *regions = mem_alloc(sizeof *regions);
    for (region_id id = 0; strict && id < region_count(); id++)
        if (region_at(id)->opt_in)
            regions->disabled_unless_said = region_set_with(regions->disabled_unless_said, id);
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

static region_set read_disabled(const struct regions *regions, struct store_reader *reader,
                                struct arena *arena)
{
    region_set disabled = regions->disabled_unless_said;
    struct store_doc_list list = { 0 };
    if (store_doc_list(reader, arena, STR(ENABLED_KIND), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++) {
            region_id region = region_find(list.at[i].id);
            disabled = str_is(list.at[i].body, "true") ? region_set_without(disabled, region)
                                                       : region_set_with(disabled, region);
        }
    return disabled;
}

static void read_outages(struct regions *regions, enum region_plane plane,
                         struct store_reader *reader, struct arena *arena)
{
    int64_t down[MOST_REGIONS] = { 0 };
    struct store_doc_list list = { 0 };
    if (store_doc_list(reader, arena, str_of(kinds[plane]), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++) {
            region_id id = region_find(list.at[i].id);
            if (id < MOST_REGIONS)
                down[id] = until_of(arena, list.at[i].body);
        }
    for (size_t i = 0; i < MOST_REGIONS; i++)
        atomic_store_explicit(&regions->down_until_ns[plane][i], down[i], memory_order_relaxed);
}

void regions_reload(struct regions *regions, struct store_reader *reader)
{
    struct arena *arena = arena_new();
    store_read_begin(reader);
    region_set disabled = read_disabled(regions, reader, arena);
    read_outages(regions, REGION_DATA_PLANE, reader, arena);
    read_outages(regions, REGION_CONTROL_PLANE, reader, arena);
    read_skews(regions, reader, arena);
    arena_free(arena);
    atomic_store_explicit(&regions->disabled, disabled, memory_order_relaxed);
}

static instant down_until(const struct regions *regions, enum region_plane plane, region_id id)
{
    return (
        instant){ atomic_load_explicit(&regions->down_until_ns[plane][id], memory_order_relaxed) };
}

static region_set plane_up(const struct regions *regions, enum region_plane plane, instant now)
{
    region_set up = REGION_SET_ALL;
    for (region_id id = 0; id < region_count(); id++)
        if (instant_before(now, down_until(regions, plane, id)))
            up = region_set_without(up, id);
    return up;
}

region_set regions_up(const struct regions *regions, instant now)
{
    return plane_up(regions, REGION_DATA_PLANE, now);
}

region_set regions_control_up(const struct regions *regions, instant now)
{
    return plane_up(regions, REGION_CONTROL_PLANE, now);
}

instant regions_back_at(const struct regions *regions, enum region_plane plane, region_id region,
                        instant now)
{
    instant end = down_until(regions, plane, region);
    return instant_before(now, end) ? end : now;
}

region_set regions_enabled(const struct regions *regions)
{
    return ~atomic_load_explicit(&regions->disabled, memory_order_relaxed);
}

region_set regions_default(const struct regions *regions)
{
    return ~regions->disabled_unless_said;
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
    for (enum region_plane plane = 0; plane < REGION_PLANES; plane++)
        for (region_id id = 0; id < region_count(); id++) {
            instant end = down_until(regions, plane, id);
            if (instant_before(now, end) && instant_before(end, next))
                next = end;
        }
    return next;
}

str region_plane_name(enum region_plane plane)
{
    return str_of(plane_names[plane]);
}

bool region_planes_read(str word, bool planes[REGION_PLANES])
{
    bool both = str_is(word, "both"), any = both;
    for (size_t i = 0; i < REGION_PLANES; i++) {
        planes[i] = both || str_is(word, plane_names[i]);
        any |= planes[i];
    }
    return any;
}

str region_planes_name(const bool planes[REGION_PLANES])
{
    if (planes[REGION_DATA_PLANE] && planes[REGION_CONTROL_PLANE])
        return STR("both");
    return region_plane_name(planes[REGION_DATA_PLANE] ? REGION_DATA_PLANE : REGION_CONTROL_PLANE);
}

static str outage_body(struct arena *arena, instant until)
{
    struct buf buf;
    struct json_writer writer;
    buf_init_arena(&buf, arena, 1024);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    if (until.ns != INSTANT_NEVER.ns)
        json_text(&writer, "until", instant_iso8601(arena, until));
    json_end(&writer);
    return buf_str(&buf);
}

size_t region_outage_docs(struct arena *arena, const struct region_outage *outage,
                          struct store_doc docs[REGION_PLANES])
{
    size_t count = 0;
    str body = outage->down ? outage_body(arena, outage->until) : STR_NONE;
    for (size_t i = 0; i < REGION_PLANES; i++)
        if (outage->planes[i])
            docs[count++] = (struct store_doc){ .kind = str_of(kinds[i]),
                                                .id = region_at(outage->region)->code,
                                                .body = body };
    return count;
}

struct store_doc region_enabled_doc(region_id region, bool enabled)
{
    struct store_doc doc = region_default_doc(region);
    doc.body = enabled ? STR("true") : STR("false");
    return doc;
}

struct store_doc region_default_doc(region_id region)
{
    return (struct store_doc){ .kind = STR(ENABLED_KIND), .id = region_at(region)->code };
}

struct store_doc region_skew_doc(struct arena *arena, region_id region, duration skew)
{
    return (struct store_doc){ .kind = STR("skew"),
                               .id = region_at(region)->code,
                               .body = skew.ns ? str_format(arena, "%lld", (long long) skew.ns)
                                               : STR_NONE };
}
