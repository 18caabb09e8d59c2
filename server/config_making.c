/* Pieces of a world, each one write; see config_making.h. */
#include "server/config_making.h"

#include <errno.h>
#include <fcntl.h>

#include "base/rng.h"
#include "server/config_upload.h"
#include "server/mraps.h"
#include "server/regions.h"
#include "server/s3/replication_xml.h"

static bool refused(struct config_making *making, const char *what, str name,
                    enum store_result result)
{
    *making->error =
        str_format(making->arena, "%s '%.*s': %s", what, STR_ARG(name), store_result_name(result));
    return false;
}

str config_making_account(const struct config_making *making, str account)
{
    return account.size > 0 ? account : making->config->settings.account;
}

bool config_making_commit(struct config_making *making, const char *what,
                          const struct store_doc *docs, size_t count)
{
    struct store_write write;
    if (count == 0)
        return true;
    store_docs_init(&write, making->arena);
    write.docs = docs;
    write.doc_count = count;
    enum store_result result = store_write_wait(making->world->store, &write);
    return result == STORE_OK || refused(making, what, docs[0].id, result);
}

/* --- who asks --- */

struct clients_said config_making_clients(struct arena *arena,
                                          const struct config_document *document)
{
    struct client_said *clients = ARENA_ARRAY(arena, struct client_said, document->client_count);
    struct network_said *networks =
        ARENA_ARRAY(arena, struct network_said, document->network_count);
    for (size_t i = 0; i < document->client_count; i++)
        clients[i] = (struct client_said){ document->clients[i].name, document->clients[i].place };
    for (size_t i = 0; i < document->network_count; i++)
        networks[i] =
            (struct network_said){ document->networks[i].cidr, document->networks[i].client };
    return (struct clients_said){ clients, document->client_count, networks,
                                  document->network_count };
}

/* AWS: a role trusts somebody. One that says nothing is trusted to the services and its account. */
static str default_trust(struct arena *arena, str account)
{
    return str_format(arena,
                      "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                      "\"Principal\":{\"AWS\":\"%.*s\",\"Service\":[\"s3.amazonaws.com\","
                      "\"batchoperations.s3.amazonaws.com\"]},\"Action\":\"sts:AssumeRole\"}]}",
                      STR_ARG(account));
}

struct role config_making_role(struct config_making *making, const struct config_role *declared)
{
    str account = config_making_account(making, declared->account);
    return (struct role){ .account = account,
                          .name = declared->name,
                          .path = declared->path,
                          .arn = role_arn(making->arena, account, declared->path, declared->name),
                          .id = STR("AROAEXAMPLEROLE000000"),
                          .trust = declared->trust.size > 0 ? declared->trust
                                                            : default_trust(making->arena, account),
                          .policies = declared->policies,
                          .created = clock_now(making->world->clock) };
}

/* --- Regions --- */

void config_making_region(struct arena *arena, const struct config_region *declared,
                          struct store_doc *docs, size_t *count)
{
    if (declared->has_enabled)
        docs[(*count)++] = region_enabled_doc(declared->region, declared->enabled);
    if (declared->has_skew)
        docs[(*count)++] = region_skew_doc(arena, declared->region, declared->skew);
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

static enum store_result set_versioning(struct arena *arena, struct lane *lane, int64_t bucket,
                                        enum versioning versioning)
{
    struct store_bucket_versioning change;
    store_bucket_versioning_init(&change, arena);
    change.bucket = bucket;
    change.versioning = versioning;
    return store_write_wait(lane->world->store, &change.head);
}

bool config_making_versioning(struct config_making *making, str name, int64_t bucket,
                              enum versioning versioning)
{
    enum store_result result = set_versioning(making->arena, making->lane, bucket, versioning);
    return result == STORE_OK || refused(making, "versioning of bucket", name, result);
}

struct config_make_bucket config_make_bucket_of(const struct config *config,
                                                const struct config_bucket *declared)
{
    return (struct config_make_bucket){ .name = declared->name,
                                        .region = region_at(declared->region)->code,
                                        .account = declared->account.size
                                                       ? declared->account
                                                       : config->settings.account,
                                        .versioning = declared->versioning,
                                        .object_lock = declared->object_lock };
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
    /* A bucket leaves the unversioned state only once, so this can only complete what a start
     * began or what the configuration asks for since. */
    if (result == STORE_OK && there.versioning == VERSIONING_UNSET &&
        bucket->versioning != VERSIONING_UNSET)
        result = set_versioning(arena, lane, bucket->id, bucket->versioning);
    if (result != STORE_OK)
        *error = str_format(arena, "bucket '%.*s': %s", STR_ARG(bucket->name),
                            store_result_name(result));
    return result == STORE_OK;
}

/* --- replication --- */

void config_making_rules(struct arena *arena, const struct repl_config *rules,
                         struct store_doc docs[2])
{
    struct buf document;
    docs[0] = (struct store_doc){ .kind = STR(CONFIG_REPLICATION), .id = STR("") };
    docs[1] = (struct store_doc){ .kind = STR(CONFIG_REPLICATION_RULES), .id = STR("") };
    if (rules->rule_count == 0)
        return;
    buf_init_arena(&document, arena, LIMIT_XML_BYTES);
    replication_xml_write(&document, rules);
    docs[0].body = buf_str(&document);
    docs[1].body = repl_config_pack(arena, rules);
}

bool config_making_put_rules(struct config_making *making, str source, int64_t bucket,
                             const struct repl_config *rules)
{
    struct store_config_put put;
    struct store_doc docs[2];
    struct repl_names destinations = repl_config_destinations(making->arena, rules);
    config_making_rules(making->arena, rules, docs);
    store_config_put_init(&put, making->arena);
    put.bucket = bucket;
    put.configs = docs;
    put.count = COUNT(docs);
    put.needs_versioning = rules->rule_count > 0;
    put.needs_versioned_buckets = destinations.at;
    put.needs_count = destinations.count;
    enum store_result result = store_write_wait(making->world->store, &put.head);
    if (result == STORE_STATE_REFUSED) {
        *making->error = str_format(
            making->arena, "replication from '%.*s': bucket '%.*s' has no versioning",
            STR_ARG(source), STR_ARG(str_is(put.head.detail, "source") ? source : put.head.detail));
        return false;
    }
    return result == STORE_OK || refused(making, "replication from", source, result);
}

/* --- objects --- */

bool config_making_object(struct config_making *making, int64_t bucket,
                          const struct config_object *object)
{
    struct config_upload upload = {
        .bucket = bucket, .key = object->key, .meta = object->meta, .text = object->text, .fd = -1
    };
    SCOPED_FD int fd = -1;
    if (str_is_set(object->file)) {
        fd = open(str_c(making->arena, object->file), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
            *making->error =
                str_format(making->arena, "object '%.*s': cannot read %.*s: %s",
                           STR_ARG(object->key), STR_ARG(object->file), strerror(errno));
            return false;
        }
        upload.fd = fd;
    }
    return config_upload(making->arena, making->lane, &upload, making->error);
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

static struct mrap make_mrap(struct config_making *making, const struct mrap_list *list,
                             const struct config_mrap *declared)
{
    instant now = clock_now(making->world->clock);
    struct mrap mrap = { .name = declared->name,
                         .alias = declared->alias,
                         .account = config_making_account(making, declared->account),
                         .created_at = now,
                         .block = { true, true, true, true },
                         .member_count = declared->bucket_count,
                         .routing = config_mrap_routing(making->arena, declared,
                                                        making->config->settings.preset) };
    if (mrap.alias.size == 0)
        mrap.alias = config_draw_alias(making->arena, making->world->seed, list, mrap.name);
    for (size_t i = 0; i < mrap.member_count; i++) {
        const struct config_bucket *bucket =
            config_document_bucket(&making->config->document, declared->buckets[i]);
        mrap.members[i] = (struct route_member){ bucket->name, bucket->region, declared->dials[i] };
        mrap.old_dials[i] = declared->dials[i];
        mrap.member_accounts[i] = config_making_account(making, bucket->account);
    }
    return mrap;
}

bool config_making_mrap(struct config_making *making, const struct mrap_list *list,
                        const struct config_mrap *declared)
{
    const struct mrap *other = mrap_by_alias(list, declared->alias);
    if (declared->alias.size > 0 && other) {
        *making->error = str_format(making->arena, "access point '%.*s' has the alias %.*s already",
                                    STR_ARG(other->name), STR_ARG(declared->alias));
        return false;
    }
    struct mrap mrap = make_mrap(making, list, declared);
    struct store_doc doc = mrap_to_doc(making->arena, &mrap);
    return config_making_commit(making, "access point", &doc, 1);
}
