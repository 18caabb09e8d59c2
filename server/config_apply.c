/* From a document to a world; see config_apply.h. The order is that of dependence: rules before
 * objects, so that what the world starts with is replicated as if somebody had uploaded it. */
#include "server/config_apply.h"

#include "server/config_making.h"
#include "server/config_rules.h"
#include "server/configs.h"
#include "server/faults.h"
#include "server/mraps.h"
#include "server/regions.h"

struct apply {
    struct config_making making;
    const struct config_document *document;
    struct config_make_bucket *buckets; /* in the document's order */
};

/* --- who asks --- */

static bool apply_clients(struct apply *apply)
{
    struct config_making *making = &apply->making;
    struct credentials *credentials = making->world->credentials;
    struct clients_said said = config_making_clients(making->arena, apply->document);
    if (!clients_declare(making->world->clients, making->arena, &said, making->error))
        return false;
    for (size_t i = 0; i < apply->document->client_count; i++) {
        const struct config_client *client = &apply->document->clients[i];
        credentials_add(credentials, client->access_key, client->secret_key,
                        config_making_account(making, client->account), true);
    }
    for (size_t i = 0; i < apply->document->key_count; i++) {
        const struct config_key *key = &apply->document->keys[i];
        credentials_add(credentials, key->access_key, key->secret, key->account, true);
    }
    return true;
}

/* --- Regions --- */

static bool apply_regions(struct apply *apply)
{
    struct config_making *making = &apply->making;
    struct store_doc *docs =
        ARENA_ARRAY(making->arena, struct store_doc, 2 * apply->document->region_count);
    size_t count = 0;
    for (size_t i = 0; i < apply->document->region_count; i++)
        config_making_region(making->arena, &apply->document->region_list[i], docs, &count);
    if (!config_making_commit(making, "region", docs, count))
        return false;
    regions_reload(making->world->regions, making->lane->reader);
    return true;
}

/* --- buckets --- */

static bool apply_buckets(struct apply *apply)
{
    struct config_making *making = &apply->making;
    apply->buckets =
        ARENA_ARRAY(making->arena, struct config_make_bucket, apply->document->bucket_count);
    for (size_t i = 0; i < apply->document->bucket_count; i++) {
        apply->buckets[i] = config_make_bucket_of(making->config, &apply->document->buckets[i]);
        if (!config_make_bucket(making->arena, making->lane, &apply->buckets[i], making->error))
            return false;
    }
    return true;
}

/* --- roles --- */

static bool apply_roles(struct apply *apply)
{
    struct config_making *making = &apply->making;
    for (size_t i = 0; i < apply->document->role_count; i++) {
        struct role role = config_making_role(making, &apply->document->roles[i]);
        struct store_doc doc = role_to_doc(making->arena, &role);
        if (!config_making_commit(making, "role", &doc, 1))
            return false;
    }
    return true;
}

/* --- links --- */

/* Holds that somebody set on a kept world stay, and overrides of links that declare none. */
static bool apply_links(struct apply *apply)
{
    struct config_making *making = &apply->making;
    size_t count = apply->document->link_count;
    struct store_doc *docs = ARENA_ARRAY(making->arena, struct store_doc, count);
    for (size_t i = 0; i < count; i++) {
        const struct config_link *declared = &apply->document->links[i];
        struct link link =
            links_get(making->world->links, making->arena, declared->from, declared->to);
        if (declared->has_lag)
            link.lag = declared->lag;
        if (declared->has_bandwidth)
            link.bandwidth_bytes_per_s = declared->bandwidth_bytes_per_s;
        link.has_lag = link.has_lag || declared->has_lag;
        link.has_bandwidth = link.has_bandwidth || declared->has_bandwidth;
        if (declared->override_count > 0) {
            link.overrides = declared->overrides;
            link.override_count = declared->override_count;
        }
        docs[i] = link_doc(making->arena, declared->from, declared->to, &link);
    }
    if (!config_making_commit(making, "link", docs, count))
        return false;
    links_apply(making->world->links, docs, count);
    return true;
}

/* --- replication --- */

static bool apply_rules(struct apply *apply)
{
    struct config_making *making = &apply->making;
    for (size_t i = 0; i < apply->document->bucket_count; i++) {
        const struct config_make_bucket *source = &apply->buckets[i];
        struct repl_config rules;
        struct repl_problem problem;
        str there;
        if (!config_rules_build(making->arena, making->config, source->name, &rules, &problem)) {
            *making->error = problem.message;
            return false;
        }
        store_read_begin(making->lane->reader);
        if (rules.rule_count == 0 ||
            store_config_get(making->lane->reader, making->arena, source->id,
                             STR(CONFIG_REPLICATION), STR(""), &there) == STORE_OK)
            continue;
        if (!config_making_put_rules(making, source->name, source->id, &rules))
            return false;
    }
    return true;
}

/* --- objects --- */

/* Only into buckets of this start: in a kept one somebody may have deleted them. */
static bool apply_objects(struct apply *apply)
{
    for (size_t i = 0; i < apply->document->bucket_count; i++) {
        const struct config_bucket *declared = &apply->document->buckets[i];
        for (size_t at = 0; apply->buckets[i].made && at < declared->object_count; at++)
            if (!config_making_object(&apply->making, apply->buckets[i].id, &declared->objects[at]))
                return false;
    }
    return true;
}

/* --- access points --- */

static bool apply_mrap(struct apply *apply, const struct mrap_list *list,
                       const struct config_mrap *declared)
{
    struct config_making *making = &apply->making;
    return mrap_by_name(list, config_making_account(making, declared->account), declared->name) ||
           config_making_mrap(making, list, declared);
}

static bool apply_mraps(struct apply *apply)
{
    struct config_making *making = &apply->making;
    bool sound = true;
    for (size_t i = 0; sound && i < apply->document->mrap_count; i++) {
        const struct mrap_list *list = mraps_acquire(making->world->mraps);
        sound = apply_mrap(apply, list, &apply->document->mraps[i]);
        mraps_release(list);
        mraps_reload(making->world->mraps, making->lane->reader);
    }
    return sound;
}

/* --- faults --- */

/* Last: the world that it starts with is made without them. */
static bool apply_faults(struct apply *apply)
{
    struct config_making *making = &apply->making;
    size_t count = apply->document->fault_count;
    struct store_doc *docs = ARENA_ARRAY(making->arena, struct store_doc, count);
    for (size_t i = 0; i < count; i++) {
        const struct fault *fault = &apply->document->faults[i].fault;
        docs[i] = faults_doc(making->arena, fault->name, fault);
    }
    if (count == 0)
        return true;
    if (!config_making_commit(making, "fault", docs, count))
        return false;
    faults_reload(making->world->faults, making->lane->reader);
    return true;
}

static bool apply_all(struct apply *apply)
{
    struct config_making *making = &apply->making;
    const struct settings *settings = &making->config->settings;
    bool sound = apply_clients(apply) && apply_roles(apply) && apply_regions(apply) &&
                 apply_links(apply) && apply_buckets(apply) && apply_rules(apply) &&
                 apply_mraps(apply) && apply_objects(apply) && apply_faults(apply);
    if (sound && settings->load_dir.size > 0)
        sound = config_load(making->arena, making->lane, settings->load_dir, making->error);
    return sound;
}

bool config_apply(struct arena *arena, struct world *world, struct lane *lane, str *error)
{
    const struct config_pin *pin = configs_acquire(world->configs);
    bool sound = true;
    if (pin->config) {
        struct apply apply = { .making = { arena, world, lane, pin->config, error },
                               .document = &pin->config->document };
        sound = apply_all(&apply);
        store_read_idle(lane->reader);
    }
    configs_release(pin);
    return sound;
}
