/* How fast copies are. What the old document said of a link and the new one does not is taken back;
 * what was set by hand stays. */
#include "replication/link_doc.h"
#include "server/config_changing.h"

static const struct config_link *link_of(const struct config *config, region_id from, region_id to)
{
    for (size_t i = 0; i < config->document.link_count; i++)
        if (config->document.links[i].from == from && config->document.links[i].to == to)
            return &config->document.links[i];
    return NULL;
}

static str link_name(struct arena *arena, const struct config_link *link)
{
    if (link->from == REGION_NONE)
        return STR("*");
    return str_format(arena, "%.*s -> %.*s", STR_ARG(region_at(link->from)->code),
                      STR_ARG(region_at(link->to)->code));
}

static str overrides_text(struct arena *arena, const struct link *link)
{
    struct buf buf;
    struct json_writer writer;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    link_doc_write_overrides(arena, &writer, link);
    json_end(&writer);
    return buf_str(&buf);
}

/* What the pair is to say: next and old are what the documents say of it, or NULL. */
static struct link wanted(const struct link *there, const struct config_link *next,
                          const struct config_link *old)
{
    struct link link = *there;
    if (next && next->has_lag)
        link.lag = next->lag;
    if (next && next->has_bandwidth)
        link.bandwidth_bytes_per_s = next->bandwidth_bytes_per_s;
    bool lag_goes = old && old->has_lag, bandwidth_goes = old && old->has_bandwidth;
    link.has_lag = (next && next->has_lag) || (there->has_lag && !lag_goes);
    link.has_bandwidth = (next && next->has_bandwidth) || (there->has_bandwidth && !bandwidth_goes);
    if (next && next->override_count > 0) {
        link.overrides = next->overrides;
        link.override_count = next->override_count;
    } else if (old && old->override_count > 0)
        link.override_count = 0;
    return link;
}

static bool same_lag(struct arena *arena, const struct link *a, const struct link *b)
{
    return a->has_lag == b->has_lag &&
           (!a->has_lag || str_eq(lag_text(arena, &a->lag), lag_text(arena, &b->lag)));
}

static bool same_bandwidth(const struct link *a, const struct link *b)
{
    return a->has_bandwidth == b->has_bandwidth &&
           (!a->has_bandwidth || a->bandwidth_bytes_per_s == b->bandwidth_bytes_per_s);
}

static bool commit_link(struct config_changing *changing, region_id from, region_id to,
                        const struct link *link)
{
    struct config_making *making = &changing->making;
    bool empty = !link->has_lag && !link->has_bandwidth && !link->held && link->override_count == 0;
    struct store_doc doc =
        empty ? link_doc_delete(making->arena, from, to) : link_doc(making->arena, from, to, link);
    struct changes_pending said = config_change_before(changing, &doc, 1);
    if (!config_making_commit(making, "link", &doc, 1))
        return false;
    links_apply(making->world->links, &doc, 1);
    changes_after(&said);
    return true;
}

static bool change_link(struct config_changing *changing, const struct config_link *said)
{
    struct config_making *making = &changing->making;
    struct arena *arena = making->arena;
    struct link there = links_get(making->world->links, arena, said->from, said->to);
    struct link link = wanted(&there, link_of(making->config, said->from, said->to),
                              link_of(changing->old, said->from, said->to));
    size_t before = changing->out->changed.count;
    str name = link_name(arena, said);
    if (!same_lag(arena, &there, &link))
        config_change_note(changing, &changing->out->changed, "links.%.*s.lag", STR_ARG(name));
    if (!same_bandwidth(&there, &link))
        config_change_note(changing, &changing->out->changed, "links.%.*s.bandwidth",
                           STR_ARG(name));
    if (!str_eq(overrides_text(arena, &there), overrides_text(arena, &link)))
        config_change_note(changing, &changing->out->changed, "links.%.*s.overrides",
                           STR_ARG(name));
    return changing->out->changed.count == before ||
           commit_link(changing, said->from, said->to, &link);
}

/* "*" has its lag from the settings. One set by hand gives way when the document names one, or
 * another than before. */
static bool change_every_link(struct config_changing *changing)
{
    struct config_making *making = &changing->making;
    struct links *links = making->world->links;
    struct lag next, old;
    const struct settings *settings = &making->config->settings;
    if (!world_lag(settings, making->arena, &next, making->error) ||
        !world_lag(&changing->old->settings, making->arena, &old, making->error))
        return false;
    str text = lag_text(making->arena, &next);
    struct link any = links_effective(links, making->arena, REGION_NONE, REGION_NONE);
    bool says = settings->lag.size > 0 || !str_eq(text, lag_text(making->arena, &old));
    links_set_default(links, &next);
    if (!says || str_eq(text, lag_text(making->arena, &any.lag)))
        return true;
    config_change_note(changing, &changing->out->changed, "links.*.lag");
    any = links_get(links, making->arena, REGION_NONE, REGION_NONE);
    any.has_lag = false;
    return commit_link(changing, REGION_NONE, REGION_NONE, &any);
}

bool config_change_links_apply(struct config_changing *changing)
{
    const struct config_document *next = &changing->making.config->document;
    const struct config_document *old = &changing->old->document;
    if (!change_every_link(changing))
        return false;
    for (size_t i = 0; i < next->link_count; i++)
        if (!change_link(changing, &next->links[i]))
            return false;
    for (size_t i = 0; i < old->link_count; i++)
        if (!link_of(changing->making.config, old->links[i].from, old->links[i].to) &&
            !change_link(changing, &old->links[i]))
            return false;
    return true;
}
