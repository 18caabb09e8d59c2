/* From a document to a world; see config_apply.h. The order is that of dependence: rules before
 * objects, so that what the world starts with is replicated as if somebody had uploaded it. */
#include "server/config_apply.h"

#include <errno.h>
#include <fcntl.h>

#include "base/rng.h"
#include "server/auth/auth.h"
#include "server/clients.h"
#include "server/config.h"
#include "server/config_rules.h"
#include "server/config_upload.h"
#include "server/faults.h"
#include "server/control/role.h"
#include "server/mraps.h"
#include "server/s3/replication_xml.h"

struct apply {
    struct arena *arena;
    struct world *world;
    struct lane *lane;
    const struct config *config;
    const struct config_document *document;
    struct config_make_bucket *buckets; /* in the document's order */
    str *error;
};

static bool refused(struct apply *apply, const char *what, str name, enum store_result result)
{
    *apply->error =
        str_format(apply->arena, "%s '%.*s': %s", what, STR_ARG(name), store_result_name(result));
    return false;
}

static str account_or_default(const struct apply *apply, str account)
{
    return account.size > 0 ? account : apply->config->settings.account;
}

/* --- who asks --- */

static bool apply_clients(struct apply *apply)
{
    clients_clear(apply->world->clients);
    for (size_t i = 0; i < apply->document->client_count; i++) {
        const struct config_client *client = &apply->document->clients[i];
        if (!clients_add(apply->world->clients, apply->arena, client->name, client->place,
                         apply->error))
            return false;
        credentials_add(apply->world->credentials, client->access_key, client->secret_key,
                        account_or_default(apply, client->account), true);
    }
    for (size_t i = 0; i < apply->document->network_count; i++)
        if (!clients_add_network(apply->world->clients, apply->arena,
                                 apply->document->networks[i].cidr,
                                 apply->document->networks[i].client, apply->error))
            return false;
    for (size_t i = 0; i < apply->document->key_count; i++) {
        const struct config_key *key = &apply->document->keys[i];
        credentials_add(apply->world->credentials, key->access_key, key->secret, key->account,
                        true);
    }
    return true;
}

/* --- buckets --- */

static bool is_as_declared(struct arena *arena, const struct bucket_info *there,
                           const struct config_make_bucket *wanted, str *error)
{
    if (!wanted->any_region && !str_eq(there->region, wanted->region)) {
        *error =
            str_format(arena, "bucket '%.*s' is in %.*s already, but the configuration says %.*s",
                       STR_ARG(there->name), STR_ARG(there->region), STR_ARG(wanted->region));
        return false;
    }
    return true;
}

/* A bucket leaves the unversioned state only once, so this can only complete what a start began or
 * what the configuration asks for since. */
static enum store_result set_versioning(struct arena *arena, struct lane *lane,
                                        const struct config_make_bucket *bucket)
{
    struct store_bucket_versioning change;
    store_bucket_versioning_init(&change, arena);
    change.bucket = bucket->id;
    change.versioning = bucket->versioning;
    return store_write_wait(lane->world->store, &change.head);
}

bool config_make_bucket(struct arena *arena, struct lane *lane, struct config_make_bucket *bucket,
                        str *error)
{
    struct store_bucket_create create;
    struct bucket_info there;
    store_read_begin(lane->reader);
    enum store_result result = store_bucket_get(lane->reader, arena, bucket->name, &there);
    if (result == STORE_NO_BUCKET) {
        store_bucket_create_init(&create, arena);
        create.name = bucket->name;
        create.region = bucket->region;
        create.account = bucket->account;
        create.object_lock = bucket->object_lock;
        result = store_write_wait(lane->world->store, &create.head);
        there = create.out;
        bucket->made = result == STORE_OK;
    }
    if (result == STORE_OK && !is_as_declared(arena, &there, bucket, error))
        return false;
    bucket->id = there.id;
    if (result == STORE_OK && there.versioning == VERSIONING_UNSET &&
        bucket->versioning != VERSIONING_UNSET)
        result = set_versioning(arena, lane, bucket);
    if (result != STORE_OK)
        *error = str_format(arena, "bucket '%.*s': %s", STR_ARG(bucket->name),
                            store_result_name(result));
    return result == STORE_OK;
}

static bool apply_buckets(struct apply *apply)
{
    apply->buckets =
        ARENA_ARRAY(apply->arena, struct config_make_bucket, apply->document->bucket_count);
    for (size_t i = 0; i < apply->document->bucket_count; i++) {
        const struct config_bucket *declared = &apply->document->buckets[i];
        apply->buckets[i] =
            (struct config_make_bucket){ .name = declared->name,
                                         .region = region_at(declared->region)->code,
                                         .account = account_or_default(apply, declared->account),
                                         .versioning = declared->versioning,
                                         .object_lock = declared->object_lock };
        if (!config_make_bucket(apply->arena, apply->lane, &apply->buckets[i], apply->error))
            return false;
    }
    return true;
}

/* --- roles --- */

/* AWS: a role trusts somebody. One that says nothing is trusted to the services and its account. */
static str default_trust(const struct apply *apply, str account)
{
    return str_format(apply->arena,
                      "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                      "\"Principal\":{\"AWS\":\"%.*s\",\"Service\":[\"s3.amazonaws.com\","
                      "\"batchoperations.s3.amazonaws.com\"]},\"Action\":\"sts:AssumeRole\"}]}",
                      STR_ARG(account));
}

static bool apply_roles(struct apply *apply)
{
    for (size_t i = 0; i < apply->document->role_count; i++) {
        const struct config_role *declared = &apply->document->roles[i];
        str account = account_or_default(apply, declared->account);
        struct role role = { .account = account,
                             .name = declared->name,
                             .path = declared->path,
                             .arn = role_arn(apply->arena, account, declared->path, declared->name),
                             .id = STR("AROAEXAMPLEROLE000000"),
                             .trust = declared->trust.size > 0 ? declared->trust
                                                               : default_trust(apply, account),
                             .policies = declared->policies,
                             .created = clock_now(apply->world->clock) };
        struct store_doc doc = role_to_doc(apply->arena, &role);
        struct store_write write;
        store_docs_init(&write, apply->arena);
        write.docs = &doc;
        write.doc_count = 1;
        enum store_result result = store_write_wait(apply->world->store, &write);
        if (result != STORE_OK)
            return refused(apply, "role", declared->name, result);
    }
    return true;
}

/* --- links --- */

/* Holds that somebody set on a kept world stay, and overrides of links that declare none. */
static bool apply_links(struct apply *apply)
{
    size_t count = apply->document->link_count;
    struct store_doc *docs = ARENA_ARRAY(apply->arena, struct store_doc, count);
    struct store_write write;
    for (size_t i = 0; i < count; i++) {
        const struct config_link *declared = &apply->document->links[i];
        struct link link =
            links_get(apply->world->links, apply->arena, declared->from, declared->to);
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
        docs[i] = link_doc(apply->arena, declared->from, declared->to, &link);
    }
    if (count == 0)
        return true;
    store_docs_init(&write, apply->arena);
    write.docs = docs;
    write.doc_count = count;
    enum store_result result = store_write_wait(apply->world->store, &write);
    if (result != STORE_OK)
        return refused(apply, "links", STR("links"), result);
    links_apply(apply->world->links, docs, count);
    return true;
}

/* --- replication --- */

static bool put_rules(struct apply *apply, const struct config_make_bucket *source,
                      const struct repl_config *rules)
{
    struct store_config_put put;
    struct store_doc docs[2] = { { .kind = STR(CONFIG_REPLICATION), .id = STR("") },
                                 { .kind = STR(CONFIG_REPLICATION_RULES), .id = STR("") } };
    struct repl_names destinations = repl_config_destinations(apply->arena, rules);
    struct buf document;
    buf_init_arena(&document, apply->arena, LIMIT_XML_BYTES);
    replication_xml_write(&document, rules);
    docs[0].body = buf_str(&document);
    docs[1].body = repl_config_pack(apply->arena, rules);
    store_config_put_init(&put, apply->arena);
    put.bucket = source->id;
    put.configs = docs;
    put.count = COUNT(docs);
    put.needs_versioning = true;
    put.needs_versioned_buckets = destinations.at;
    put.needs_count = destinations.count;
    enum store_result result = store_write_wait(apply->world->store, &put.head);
    if (result == STORE_STATE_REFUSED) {
        *apply->error =
            str_format(apply->arena, "replication from '%.*s': bucket '%.*s' has no versioning",
                       STR_ARG(source->name),
                       STR_ARG(str_is(put.head.detail, "source") ? source->name : put.head.detail));
        return false;
    }
    return result == STORE_OK || refused(apply, "replication from", source->name, result);
}

static bool apply_rules(struct apply *apply)
{
    for (size_t i = 0; i < apply->document->bucket_count; i++) {
        const struct config_make_bucket *source = &apply->buckets[i];
        struct repl_config rules;
        struct repl_problem problem;
        str there;
        if (!config_rules_build(apply->arena, apply->config, source->name, &rules, &problem)) {
            *apply->error = problem.message;
            return false;
        }
        store_read_begin(apply->lane->reader);
        if (rules.rule_count == 0 ||
            store_config_get(apply->lane->reader, apply->arena, source->id, STR(CONFIG_REPLICATION),
                             STR(""), &there) == STORE_OK)
            continue;
        if (!put_rules(apply, source, &rules))
            return false;
    }
    return true;
}

/* --- objects --- */

static bool upload_object(struct apply *apply, int64_t bucket, const struct config_object *object)
{
    struct config_upload upload = {
        .bucket = bucket, .key = object->key, .meta = object->meta, .text = object->text, .fd = -1
    };
    SCOPED_FD int fd = -1;
    if (str_is_set(object->file)) {
        fd = open(str_c(apply->arena, object->file), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
            *apply->error =
                str_format(apply->arena, "object '%.*s': cannot read %.*s: %s",
                           STR_ARG(object->key), STR_ARG(object->file), strerror(errno));
            return false;
        }
        upload.fd = fd;
    }
    return config_upload(apply->arena, apply->lane, &upload, apply->error);
}

/* Only into buckets of this start: in a kept one somebody may have deleted them. */
static bool apply_objects(struct apply *apply)
{
    for (size_t i = 0; i < apply->document->bucket_count; i++) {
        const struct config_bucket *declared = &apply->document->buckets[i];
        for (size_t at = 0; apply->buckets[i].made && at < declared->object_count; at++)
            if (!upload_object(apply, apply->buckets[i].id, &declared->objects[at]))
                return false;
    }
    return true;
}

/* --- access points --- */

/* 'm' and twelve letters of lower-case base32, as AWS draws them; `scope` keeps these draws apart
 * from those of the control plane. */
str config_draw_alias(struct arena *arena, uint64_t seed, const struct mrap_list *list, str name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    struct rng_key key = { .seed = seed, .purpose = RNG_MRAP_ALIAS, .scope = 1, .name = name };
    for (;; key.ordinal++) {
        unsigned char bytes[12];
        char alias[] = "m------------.mrap";
        rng_bytes(&key, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            alias[i + 1] = letters[bytes[i] % 32];
        if (mrap_by_alias(list, str_of(alias)) == NULL)
            return str_copy(arena, str_of(alias));
    }
}

static struct mrap make_mrap(struct apply *apply, const struct mrap_list *list,
                             const struct config_mrap *declared)
{
    instant now = clock_now(apply->world->clock);
    struct mrap mrap = { .name = declared->name,
                         .alias = declared->alias,
                         .account = account_or_default(apply, declared->account),
                         .created_at = now,
                         .block = { true, true, true, true },
                         .member_count = declared->bucket_count,
                         .routing = config_mrap_routing(apply->arena, declared,
                                                        apply->world->settings->preset) };
    if (mrap.alias.size == 0)
        mrap.alias = config_draw_alias(apply->arena, apply->world->seed, list, mrap.name);
    for (size_t i = 0; i < mrap.member_count; i++) {
        const struct config_bucket *bucket =
            config_document_bucket(apply->document, declared->buckets[i]);
        mrap.members[i] = (struct route_member){ bucket->name, bucket->region, declared->dials[i] };
        mrap.old_dials[i] = declared->dials[i];
        mrap.member_accounts[i] = account_or_default(apply, bucket->account);
    }
    return mrap;
}

static bool add_mrap(struct apply *apply, const struct mrap_list *list,
                     const struct config_mrap *declared)
{
    str account = account_or_default(apply, declared->account);
    const struct mrap *there = mrap_by_name(list, account, declared->name);
    const struct mrap *other = mrap_by_alias(list, declared->alias);
    struct store_write write;
    if (there)
        return true;
    if (other && other != there && declared->alias.size > 0) {
        *apply->error = str_format(apply->arena, "access point '%.*s' has the alias %.*s already",
                                   STR_ARG(other->name), STR_ARG(declared->alias));
        return false;
    }
    struct mrap mrap = make_mrap(apply, list, declared);
    struct store_doc doc = mrap_to_doc(apply->arena, &mrap);
    store_docs_init(&write, apply->arena);
    write.docs = &doc;
    write.doc_count = 1;
    enum store_result result = store_write_wait(apply->world->store, &write);
    return result == STORE_OK || refused(apply, "access point", declared->name, result);
}

static bool apply_mraps(struct apply *apply)
{
    bool sound = true;
    for (size_t i = 0; sound && i < apply->document->mrap_count; i++) {
        const struct mrap_list *list = mraps_acquire(apply->world->mraps);
        sound = add_mrap(apply, list, &apply->document->mraps[i]);
        mraps_release(list);
        mraps_reload(apply->world->mraps, apply->lane->reader);
    }
    return sound;
}

/* --- faults --- */

/* Last: the world that it starts with is made without them. */
static bool apply_faults(struct apply *apply)
{
    size_t count = apply->document->fault_count;
    struct store_doc *docs = ARENA_ARRAY(apply->arena, struct store_doc, count);
    struct store_write write;
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        const struct fault *fault = &apply->document->faults[i].fault;
        docs[i] = faults_doc(apply->arena, fault->name, fault);
    }
    store_docs_init(&write, apply->arena);
    write.docs = docs;
    write.doc_count = count;
    enum store_result result = store_write_wait(apply->world->store, &write);
    if (result != STORE_OK)
        return refused(apply, "faults", STR("faults"), result);
    faults_reload(apply->world->faults, apply->lane->reader);
    return true;
}

bool config_apply(struct arena *arena, struct world *world, struct lane *lane, str *error)
{
    const struct config *config = world->config;
    struct apply apply = { arena, world, lane, config, NULL, NULL, error };
    if (config == NULL)
        return true;
    apply.document = &config->document;
    bool sound = apply_clients(&apply) && apply_roles(&apply) && apply_links(&apply) &&
                 apply_buckets(&apply) && apply_rules(&apply) && apply_mraps(&apply) &&
                 apply_objects(&apply) && apply_faults(&apply);
    if (sound && config->settings.load_dir.size > 0)
        sound = config_load(arena, lane, config->settings.load_dir, error);
    store_read_idle(lane->reader);
    return sound;
}
