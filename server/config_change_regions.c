/* Regions: their clocks, and which are enabled. What the old document said and the new one does not
 * is as if nobody had ever said it. */
#include "server/config_changing.h"
#include "server/regions.h"

static const struct config_region *region_of(const struct config *config, region_id region)
{
    for (size_t i = 0; i < config->document.region_count; i++)
        if (config->document.region_list[i].region == region)
            return &config->document.region_list[i];
    return NULL;
}

struct region_docs {
    struct store_doc at[2];
    size_t count;
};

static void change_enabled(struct config_changing *changing, region_id region,
                           struct region_docs *docs)
{
    const struct config_region *next = region_of(changing->making.config, region);
    const struct config_region *old = region_of(changing->old, region);
    bool now = region_set_has(regions_enabled(changing->making.world->regions), region);
    bool said = next && next->has_enabled;
    if (said ? now == next->enabled : !(old && old->has_enabled))
        return;
    docs->at[docs->count++] =
        said ? region_enabled_doc(region, next->enabled) : region_default_doc(region);
    config_change_note(changing, &changing->out->changed, "regions.%.*s.enabled",
                       STR_ARG(region_at(region)->code));
}

static void change_skew(struct config_changing *changing, region_id region,
                        struct region_docs *docs)
{
    const struct config_region *next = region_of(changing->making.config, region);
    const struct config_region *old = region_of(changing->old, region);
    duration now = regions_skew(changing->making.world->regions, region_at(region)->code);
    duration skew = next && next->has_skew ? next->skew : (duration){ 0 };
    bool said = (next && next->has_skew) || (old && old->has_skew);
    if (!said || now.ns == skew.ns)
        return;
    docs->at[docs->count++] = region_skew_doc(changing->making.arena, region, skew);
    config_change_note(changing, &changing->out->changed, "regions.%.*s.skew",
                       STR_ARG(region_at(region)->code));
}

bool config_change_regions_apply(struct config_changing *changing)
{
    struct config_making *making = &changing->making;
    for (region_id region = 0; region < region_count(); region++) {
        struct region_docs docs = { .count = 0 };
        if (!region_of(making->config, region) && !region_of(changing->old, region))
            continue;
        change_enabled(changing, region, &docs);
        change_skew(changing, region, &docs);
        struct changes_pending said = config_change_before(changing, docs.at, docs.count);
        if (!config_making_commit(making, "region", docs.at, docs.count))
            return false;
        if (docs.count > 0)
            regions_reload(making->world->regions, making->lane->reader);
        changes_after(&said);
    }
    return true;
}
