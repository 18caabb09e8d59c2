/* What no section can judge alone: names that another section must declare, and AWS's rules about
 * what goes together. */
#include "server/config_read.h"
#include "server/config_rules.h"
#include "server/config_table.h"

struct check {
    struct arena *arena;
    struct config_problems *problems;
    const struct config *config;
    const struct config_document *document;
};

static void say(const struct check *check, struct config_at at, str path, str message)
{
    config_problems_add(check->problems, at, path, "%.*s", STR_ARG(message));
}

static str nearest_bucket(const struct check *check, str name)
{
    str *names = ARENA_ARRAY(check->arena, str, check->document->bucket_count);
    for (size_t i = 0; i < check->document->bucket_count; i++)
        names[i] = check->document->buckets[i].name;
    return str_nearest(name, names, check->document->bucket_count);
}

static const struct config_bucket *need_bucket(const struct check *check, struct config_at at,
                                               str path, str name)
{
    const struct config_bucket *bucket = config_document_bucket(check->document, name);
    if (bucket == NULL) {
        str hint = config_problems_hint(check->arena, nearest_bucket(check, name));
        say(check, at, path,
            str_format(check->arena, "unknown bucket '%.*s'%.*s", STR_ARG(name), STR_ARG(hint)));
    }
    return bucket;
}

/* --- buckets --- */

static bool is_settled(const struct check *check, region_id region)
{
    for (size_t i = 0; i < check->document->region_count; i++)
        if (check->document->region_list[i].region == region &&
            check->document->region_list[i].has_enabled)
            return true;
    return false;
}

/* Somebody may want a bucket in a Region that was disabled after it was made, and says so; without
 * a word it is a slip. */
static void check_opt_in(const struct check *check, const struct config_bucket *bucket)
{
    if (bucket->region == REGION_NONE || !check->config->settings.strict ||
        !region_at(bucket->region)->opt_in || is_settled(check, bucket->region))
        return;
    str code = region_at(bucket->region)->code;
    say(check, bucket->at, str_format(check->arena, "buckets.%.*s.region", STR_ARG(bucket->name)),
        str_format(check->arena,
                   "with --strict the opt-in Region '%.*s' is disabled, as in a new AWS account: "
                   "say \"regions\": {\"%.*s\": {\"enabled\": true}}",
                   STR_ARG(code), STR_ARG(code)));
}

static void check_buckets(const struct check *check)
{
    for (size_t i = 0; i < check->document->bucket_count; i++) {
        const struct config_bucket *bucket = &check->document->buckets[i];
        check_opt_in(check, bucket);
        if (check->document->regions == REGION_SET_NONE || bucket->region == REGION_NONE ||
            region_set_has(check->document->regions, bucket->region))
            continue;
        say(check, bucket->at,
            str_format(check->arena, "buckets.%.*s.region", STR_ARG(bucket->name)),
            str_format(check->arena, "'%.*s' is not in the list of \"regions\"",
                       STR_ARG(region_at(bucket->region)->code)));
    }
}

/* --- access points --- */

static void check_member(const struct check *check, const struct config_mrap *mrap, size_t at)
{
    str path = str_format(check->arena, "mraps.%.*s.buckets[%zu]", STR_ARG(mrap->name), at);
    const struct config_bucket *bucket = need_bucket(check, mrap->at, path, mrap->buckets[at]);
    if (bucket == NULL || bucket->region == REGION_NONE)
        return;
    str code = region_at(bucket->region)->code;
    if (!region_at(bucket->region)->mrap_supported)
        say(check, mrap->at, path,
            str_format(check->arena, "AWS has no Multi-Region Access Points in '%.*s'",
                       STR_ARG(code)));
    for (size_t i = 0; i < at; i++) {
        const struct config_bucket *other =
            config_document_bucket(check->document, mrap->buckets[i]);
        if (other && other->region == bucket->region)
            say(check, mrap->at, path,
                str_format(check->arena,
                           "'%.*s' and '%.*s' are both in '%.*s': one bucket of a Region",
                           STR_ARG(other->name), STR_ARG(bucket->name), STR_ARG(code)));
    }
}

/* AWS: a traffic dial is 100 (active) or 0 (passive). */
static void check_dials(const struct check *check, const struct config_mrap *mrap, str path)
{
    for (size_t i = 0; i < mrap->bucket_count; i++)
        if (check->config->settings.strict && mrap->dials[i] > 0 && mrap->dials[i] < 100)
            say(check, mrap->at, str_format(check->arena, "%.*s.routes", STR_ARG(path)),
                str_format(check->arena, "with --strict a dial is 0 or 100, as on AWS, not %u",
                           mrap->dials[i]));
}

static void check_mraps(const struct check *check)
{
    for (size_t i = 0; i < check->document->mrap_count; i++) {
        const struct config_mrap *mrap = &check->document->mraps[i];
        str path = str_format(check->arena, "mraps.%.*s", STR_ARG(mrap->name));
        for (size_t at = 0; at < mrap->bucket_count; at++)
            check_member(check, mrap, at);
        check_dials(check, mrap, path);
        for (size_t before = 0; before < i; before++) {
            const struct config_mrap *other = &check->document->mraps[before];
            if (str_eq(other->name, mrap->name) && str_eq(other->account, mrap->account))
                say(check, mrap->at, path, STR("this access point is declared twice"));
            else if (mrap->alias.size > 0 && str_eq(other->alias, mrap->alias))
                say(check, mrap->at, path,
                    str_format(check->arena, "'%.*s' has this alias already",
                               STR_ARG(other->name)));
        }
    }
}

/* --- replication --- */

static void check_end(const struct check *check, const struct config_rule *rule, str name)
{
    const struct config_bucket *bucket = need_bucket(check, rule->at, rule->path, name);
    if (bucket && bucket->versioning != VERSIONING_ENABLED)
        say(check, rule->at, rule->path,
            str_format(check->arena,
                       "replication needs \"versioning\": \"enabled\" in bucket '%.*s'",
                       STR_ARG(name)));
}

static bool is_first_of_source(const struct config_document *document, size_t rule)
{
    for (size_t i = 0; i < rule; i++)
        if (str_eq(document->rules[i].source, document->rules[rule].source))
            return false;
    return true;
}

static void check_rules(const struct check *check)
{
    for (size_t i = 0; i < check->document->rule_count; i++) {
        const struct config_rule *rule = &check->document->rules[i];
        struct repl_config made;
        struct repl_problem problem;
        check_end(check, rule, rule->source);
        check_end(check, rule, rule->destination);
        if (!str_eq(rule->source, rule->destination) && is_first_of_source(check->document, i) &&
            !config_rules_build(check->arena, check->config, rule->source, &made, &problem))
            say(check, rule->at, rule->path,
                str_format(check->arena, "S3 would refuse the rules of '%.*s': %.*s",
                           STR_ARG(rule->source), STR_ARG(problem.message)));
    }
}

/* --- clients --- */

static const struct config_client *find_client(const struct check *check, str name)
{
    for (size_t i = 0; i < check->document->client_count; i++)
        if (str_eq(check->document->clients[i].name, name))
            return &check->document->clients[i];
    return NULL;
}

/* One access key, two secrets: requests of one of them could never be verified. */
static void check_client_key(const struct check *check, size_t index)
{
    const struct config_client *client = &check->document->clients[index];
    bool clash = false;
    for (size_t i = 0; i < index; i++) {
        const struct config_client *other = &check->document->clients[i];
        clash = clash || (str_eq(other->access_key, client->access_key) &&
                          !str_eq(other->secret_key, client->secret_key));
    }
    for (size_t i = 0; i < check->document->key_count; i++) {
        const struct config_key *key = &check->document->keys[i];
        clash = clash || (str_eq(key->access_key, client->access_key) &&
                          !str_eq(key->secret, client->secret_key));
    }
    if (clash)
        say(check, client->at, str_format(check->arena, "clients.%.*s", STR_ARG(client->name)),
            str_format(check->arena, "access key '%.*s' has another secret elsewhere",
                       STR_ARG(client->access_key)));
}

static void check_clients(const struct check *check)
{
    for (size_t i = 0; i < check->document->client_count; i++)
        check_client_key(check, i);
    for (size_t i = 0; i < check->document->network_count; i++) {
        const struct config_network *network = &check->document->networks[i];
        struct place place;
        if (find_client(check, network->client) || place_find(network->client, &place))
            continue;
        str *names = ARENA_ARRAY(check->arena, str, check->document->client_count);
        for (size_t n = 0; n < check->document->client_count; n++)
            names[n] = check->document->clients[n].name;
        str hint = config_problems_hint(
            check->arena, str_nearest(network->client, names, check->document->client_count));
        say(check, network->at,
            str_format(check->arena, "client_networks.%.*s", STR_ARG(network->cidr)),
            str_format(check->arena, "unknown client '%.*s'%.*s", STR_ARG(network->client),
                       STR_ARG(hint)));
    }
}

/* --- settings among each other --- */

static bool is_loopback(str listen)
{
    return str_starts(listen, STR("127.")) || str_starts(listen, STR("[::1]:"));
}

/* A public port that tunnels anywhere is an open proxy. */
static void check_tunnel(const struct check *check)
{
    const struct settings *settings = &check->config->settings;
    const struct setting *setting = config_table_by_flag(STR("proxy-other"));
    str where = check->config->origins[config_table_index(setting)].where;
    for (size_t i = 0; i < settings->listen_count; i++)
        if (settings->proxy_other == PROXY_TUNNEL && !is_loopback(settings->listen[i]))
            say(check, (struct config_at){ .source = where }, STR_NONE,
                str_format(check->arena,
                           "tunnelling is for loopback listeners only, and %.*s is not one",
                           STR_ARG(settings->listen[i])));
}

void config_check_document(struct config_problems *problems, const struct config *config)
{
    struct check check = { problems->arena, problems, config, &config->document };
    check_buckets(&check);
    check_mraps(&check);
    check_rules(&check);
    check_clients(&check);
    check_tunnel(&check);
}
