/* The stored form of links: JSON, with lags as people write them, so that `doc` rows can be read
 * and a newer atoll can add members. Regions are stored by code, since ids may change. */
#include "replication/link_doc.h"

#include "base/json.h"

#define ARROW " -> "

static str doc_id(struct arena *arena, region_id from, region_id to)
{
    if (from == REGION_NONE || to == REGION_NONE)
        return STR("*");
    return str_format(arena, "%.*s" ARROW "%.*s", STR_ARG(region_at(from)->code),
                      STR_ARG(region_at(to)->code));
}

bool link_doc_id_parse(str id, region_id *from, region_id *to)
{
    *from = *to = REGION_NONE;
    if (str_is(id, "*"))
        return true;
    size_t at = str_find(id, STR(ARROW));
    if (at == id.size)
        return false;
    *from = region_find(str_first(id, at));
    *to = region_find(str_skip(id, at + sizeof ARROW - 1));
    return *from != REGION_NONE && *to != REGION_NONE;
}

void link_doc_write_overrides(struct arena *arena, struct json_writer *json,
                              const struct link *link)
{
    if (link->override_count == 0)
        return;
    json_array(json, "overrides");
    for (size_t i = 0; i < link->override_count; i++) {
        json_object(json, NULL);
        json_text(json, "rule", link->overrides[i].rule);
        json_text(json, "prefix", link->overrides[i].prefix);
        json_text(json, "lag", lag_text(arena, &link->overrides[i].lag));
        json_end(json);
    }
    json_end(json);
}

struct store_doc link_doc(struct arena *arena, region_id from, region_id to,
                          const struct link *link)
{
    struct buf buf;
    struct json_writer json;
    buf_init_arena(&buf, arena, SIZE_MAX);
    json_begin(&json, &buf);
    json_object(&json, NULL);
    if (link->has_lag)
        json_text(&json, "lag", lag_text(arena, &link->lag));
    if (link->has_bandwidth)
        json_text(&json, "bandwidth", size_text(arena, link->bandwidth_bytes_per_s));
    json_boolean(&json, "held", link->held);
    link_doc_write_overrides(arena, &json, link);
    json_end(&json);
    return (struct store_doc){ .kind = STR(LINK_DOC_KIND),
                               .id = doc_id(arena, from, to),
                               .body = buf_str(&buf) };
}

struct store_doc link_doc_delete(struct arena *arena, region_id from, region_id to)
{
    return (struct store_doc){ .kind = STR(LINK_DOC_KIND), .id = doc_id(arena, from, to) };
}

static bool read_lag(struct arena *arena, const struct json *object, bool *has, struct lag *out)
{
    str error, text = json_string(object, "lag", STR_NONE);
    *has = str_is_set(text);
    return !*has || lag_parse(arena, text, out, &error);
}

static bool read_overrides(struct arena *arena, const struct json *list, struct link *out)
{
    if (!list)
        return true;
    if (list->kind != JSON_ARRAY || list->count > LINK_OVERRIDES)
        return false;
    out->overrides = ARENA_ARRAY(arena, struct link_override, list->count);
    for (const struct json *one = list->child; one; one = one->next) {
        struct link_override *override = &out->overrides[out->override_count++];
        bool has;
        override->rule = json_string(one, "rule", STR(""));
        override->prefix = json_string(one, "prefix", STR(""));
        if (!read_lag(arena, one, &has, &override->lag) || !has)
            return false;
    }
    return true;
}

bool link_doc_parse(struct arena *arena, str body, struct link *out)
{
    struct json_error error;
    const struct json *json = json_parse(arena, str_copy(arena, body), &error);
    if (!json || json->kind != JSON_OBJECT)
        return false;
    *out = (struct link){ .held = json_bool(json, "held", false) };
    str bandwidth = json_string(json, "bandwidth", STR_NONE);
    out->has_bandwidth = str_is_set(bandwidth);
    if (out->has_bandwidth && !size_parse(bandwidth, &out->bandwidth_bytes_per_s))
        return false;
    return read_lag(arena, json, &out->has_lag, &out->lag) &&
           read_overrides(arena, json_member(json, "overrides"), out);
}

struct store_doc links_partition_doc(struct arena *arena, const region_set *groups, size_t count,
                                     instant until, bool one_way)
{
    struct buf buf;
    struct json_writer json;
    buf_init_arena(&buf, arena, SIZE_MAX);
    json_begin(&json, &buf);
    json_object(&json, NULL);
    json_boolean(&json, "one_way", one_way);
    json_text(&json, "until", str_format(arena, "%lld", (long long) until.ns));
    json_array(&json, "groups");
    for (size_t i = 0; i < count; i++) {
        json_array(&json, NULL);
        for (region_id region = 0; region < region_count(); region++)
            if (region_set_has(groups[i], region))
                json_text(&json, NULL, region_at(region)->code);
        json_end(&json);
    }
    json_end(&json);
    json_end(&json);
    return (struct store_doc){ .kind = STR(PARTITION_DOC_KIND),
                               .id = STR(PARTITION_DOC_KIND),
                               .body = buf_str(&buf) };
}

struct store_doc links_heal_doc(void)
{
    return (struct store_doc){ .kind = STR(PARTITION_DOC_KIND), .id = STR(PARTITION_DOC_KIND) };
}

static bool read_groups(const struct json *groups, struct link_partition *out)
{
    if (!groups || groups->kind != JSON_ARRAY || groups->count > COUNT(out->groups))
        return false;
    for (const struct json *group = groups->child; group; group = group->next) {
        region_set set = REGION_SET_NONE;
        for (const struct json *code = group->child; code; code = code->next)
            set = region_set_with(set, region_find(code->string));
        out->groups[out->count++] = set;
    }
    return true;
}

bool link_doc_parse_partition(str body, struct link_partition *out)
{
    struct arena *arena = arena_new();
    struct json_error error;
    const struct json *json = json_parse(arena, body, &error);
    *out = (struct link_partition){ .one_way = json && json_bool(json, "one_way", false) };
    bool read = json && str_to_i64(json_string(json, "until", STR("")), &out->until.ns) &&
                read_groups(json_member(json, "groups"), out);
    arena_free(arena);
    return read;
}
