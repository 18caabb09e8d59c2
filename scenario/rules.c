/* Lines about replication rules: each change writes the bucket's whole configuration again, as a
 * client would with PutBucketReplication. */
#include "replication/rules.h"

#include "base/limits.h"
#include "scenario/quiet.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "server/s3/replication_xml.h"

struct rules {
    struct bucket_info source;
    struct repl_config config;
};

static bool find_bucket(struct call *call, str name, struct bucket_info *out)
{
    struct run *run = call->run;
    store_read_begin(run->lane->reader);
    if (store_bucket_get(run->lane->reader, run->arena, name, out) == STORE_OK)
        return true;
    return run_fail(call, "there is no bucket '%.*s'", STR_ARG(name));
}

/* Room for one more rule. */
static bool read_rules(struct call *call, str source, struct rules *out)
{
    struct run *run = call->run;
    str packed;
    *out =
        (struct rules){ .config.role = str_format(run->arena, "arn:aws:iam::%.*s:role/replication",
                                                  STR_ARG(run->world->settings->account)) };
    if (!find_bucket(call, source, &out->source))
        return false;
    enum store_result result = store_config_get(run->lane->reader, run->arena, out->source.id,
                                                STR(CONFIG_REPLICATION_RULES), STR(""), &packed);
    if (result == STORE_OK && !repl_config_unpack(run->arena, packed, &out->config))
        return run_fail(call, "the rules of '%.*s' cannot be read", STR_ARG(source));
    struct repl_rule *more = ARENA_ARRAY(run->arena, struct repl_rule, out->config.rule_count + 1);
    if (out->config.rule_count > 0)
        memcpy(more, out->config.rules, out->config.rule_count * sizeof *more);
    out->config.rules = more;
    return true;
}

static bool locate(struct call *call, struct rules *rules)
{
    struct repl_names names = repl_config_destinations(call->run->arena, &rules->config);
    for (size_t i = 0; i < names.count; i++) {
        struct bucket_info bucket;
        if (!find_bucket(call, names.at[i], &bucket))
            return false;
        repl_config_locate(&rules->config, bucket.name, bucket.region);
    }
    return true;
}

static bool put_rules(struct call *call, const struct rules *rules)
{
    struct run *run = call->run;
    struct store_config_put put;
    struct buf document;
    struct store_doc docs[2] = { { .kind = STR(CONFIG_REPLICATION), .id = STR("") },
                                 { .kind = STR(CONFIG_REPLICATION_RULES), .id = STR("") } };
    struct repl_names destinations = repl_config_destinations(run->arena, &rules->config);
    const struct store_doc changed = { .kind = STR(CONFIG_REPLICATION_RULES),
                                       .id = rules->source.name };
    struct changes_pending said = { run->lane, run->arena, NULL, &changed, 1, NULL };
    changes_before(&said);
    buf_init_arena(&document, run->arena, LIMIT_XML_BYTES);
    replication_xml_write(&document, &rules->config);
    docs[0].body = buf_str(&document);
    docs[1].body = repl_config_pack(run->arena, &rules->config);
    store_config_put_init(&put, run->arena);
    put.bucket = rules->source.id;
    put.configs = docs;
    put.count = COUNT(docs);
    put.needs_versioning = true;
    put.needs_versioned_buckets = destinations.at;
    put.needs_count = destinations.count;
    enum store_result result = store_write_wait(run->world->store, &put.head);
    if (result == STORE_STATE_REFUSED)
        return run_fail(
            call, "bucket '%.*s' has no versioning",
            STR_ARG(str_is(put.head.detail, "source") ? rules->source.name : put.head.detail));
    if (result != STORE_OK)
        return run_fail(call, "the rules could not be changed: %s", store_result_name(result));
    changes_after(&said);
    return true;
}

static bool judge_and_put(struct call *call, struct rules *rules)
{
    struct run *run = call->run;
    struct repl_context context = { .source_bucket = rules->source.name };
    struct repl_problem problem = { .message = STR_NONE };
    if (!repl_config_validate(run->arena, &rules->config, &context, &problem))
        return run_fail(call, "%.*s", STR_ARG(problem.message));
    return locate(call, rules) && put_rules(call, rules);
}

/* --- replicate --- */

static str new_id(struct call *call, const struct repl_config *config, str destination)
{
    struct arena *arena = call->run->arena;
    str id = str_format(arena, "to-%.*s", STR_ARG(destination));
    for (size_t i = 0, n = 2; i < config->rule_count; i++)
        if (str_eq(config->rules[i].id, id)) {
            id = str_format(arena, "to-%.*s-%zu", STR_ARG(destination), n++);
            i = SIZE_MAX; /* from the start */
        }
    return id;
}

/* A lag with a prefix is for this rule alone; without one it is the link's. */
static bool set_lag(struct call *call, const struct rules *rules, const struct repl_rule *rule)
{
    struct run *run = call->run;
    str text = call_after(call, "lag"), error = STR_NONE;
    struct bucket_info to;
    struct lag lag;
    if (text.size == 0)
        return true;
    if (!lag_parse(run->arena, text, &lag, &error))
        return run_fail(call, "%.*s", STR_ARG(error));
    if (!find_bucket(call, rule->destination.bucket, &to))
        return false;
    region_id from = region_find(rules->source.region), there = region_find(to.region);
    struct link link = links_get(run->world->links, run->arena, from, there);
    if (!str_is_set(rule->prefix)) {
        link.has_lag = true;
        link.lag = lag;
    } else if (!links_override_set(run->arena, &link,
                                   &(struct link_override){ rule->id, STR(""), lag }))
        return run_fail(call, "a link has at most %d lags of single rules", LINK_OVERRIDES);
    struct store_doc doc = link_doc(run->arena, from, there, &link);
    return run_commit(call, &doc, 1);
}

static int64_t next_priority(const struct repl_config *config)
{
    int64_t highest = 0;
    for (size_t i = 0; i < config->rule_count; i++)
        highest = config->rules[i].priority > highest ? config->rules[i].priority : highest;
    return highest + 1;
}

static bool add_rule(struct call *call, str source, str destination)
{
    struct run *run = call->run;
    struct rules rules;
    str prefix = call_after(call, "prefix");
    if (!read_rules(call, source, &rules))
        return false;
    struct repl_rule *rule = &rules.config.rules[rules.config.rule_count];
    *rule = (struct repl_rule){
        .id = new_id(call, &rules.config, destination),
        .has_priority = true,
        .priority = next_priority(&rules.config),
        .filter = prefix.size ? REPL_FILTER_PREFIX : REPL_FILTER_EMPTY,
        .prefix = prefix.size ? prefix : STR_NONE,
        .status = call_has(call, "disabled") ? REPL_DISABLED : REPL_ENABLED,
        .delete_markers = call_has(call, "no-delete-markers") ? REPL_DISABLED : REPL_ENABLED,
        .destination.present = true,
        .destination.bucket_arn = str_format(run->arena, "arn:aws:s3:::%.*s", STR_ARG(destination)),
    };
    rules.config.rule_count++;
    return judge_and_put(call, &rules) && set_lag(call, &rules, rule);
}

bool rules_replicate(struct call *call)
{
    if (!add_rule(call, call->args[0], call->args[2]))
        return false;
    return !str_is(call->args[1], "<->") || add_rule(call, call->args[2], call->args[0]);
}

/* --- rule, versioning --- */

bool rules_switch(struct call *call)
{
    struct rules rules;
    bool found = false, enable = str_is(call->args[3], "enable");
    if (!read_rules(call, call->args[0], &rules))
        return false;
    for (size_t i = 0; i < rules.config.rule_count; i++)
        if (str_eq(rules.config.rules[i].destination.bucket, call->args[2])) {
            rules.config.rules[i].status = enable ? REPL_ENABLED : REPL_DISABLED;
            found = true;
        }
    if (!found)
        return run_fail(call, "no rule copies from '%.*s' to '%.*s'", STR_ARG(call->args[0]),
                        STR_ARG(call->args[2]));
    run_note(call->run, "%.*s", STR_ARG(call->line->text));
    return judge_and_put(call, &rules);
}

bool rules_versioning(struct call *call)
{
    struct run *run = call->run;
    struct store_bucket_versioning change;
    struct bucket_info bucket;
    if (!find_bucket(call, call->args[0], &bucket))
        return false;
    const struct store_doc changed = { .kind = STR(CHANGE_VERSIONING), .id = bucket.name };
    struct changes_pending said = { run->lane, run->arena, NULL, &changed, 1, NULL };
    changes_before(&said);
    store_bucket_versioning_init(&change, run->arena);
    change.bucket = bucket.id;
    change.versioning =
        str_is(call->args[1], "enabled") ? VERSIONING_ENABLED : VERSIONING_SUSPENDED;
    enum store_result result = store_write_wait(run->world->store, &change.head);
    if (result == STORE_STATE_REFUSED)
        return run_fail(call,
                        "versioning of '%.*s' cannot be suspended: it has replication rules "
                        "or object lock",
                        STR_ARG(bucket.name));
    run_note(run, "%.*s", STR_ARG(call->line->text));
    if (result != STORE_OK)
        return run_fail(call, "versioning could not be changed: %s", store_result_name(result));
    changes_after(&said);
    return true;
}

/* --- lifecycle --- */

bool rules_lifecycle(struct call *call)
{
    struct run *run = call->run;
    str prefix = call_after(call, "prefix"), days = call_after(call, "days"),
        noncurrent = call_after(call, "noncurrent-days");
    struct buf document;
    struct xml_writer writer;
    buf_init_arena(&document, run->arena, LIMIT_XML_BYTES);
    xml_begin(&writer, &document, "LifecycleConfiguration", XML_NS_S3);
    xml_open(&writer, "Rule");
    xml_open(&writer, "Filter");
    xml_element(&writer, "Prefix", prefix);
    xml_close(&writer);
    xml_element(&writer, "Status", STR("Enabled"));
    if (days.size > 0) {
        xml_open(&writer, "Expiration");
        xml_element(&writer, "Days", days);
        xml_close(&writer);
    }
    if (noncurrent.size > 0) {
        xml_open(&writer, "NoncurrentVersionExpiration");
        xml_element(&writer, "NoncurrentDays", noncurrent);
        xml_close(&writer);
    }
    xml_end(&writer);
    struct quiet answer =
        quiet_ask(run, "PUT", str_format(run->arena, "/%.*s?lifecycle", STR_ARG(call->args[0])),
                  buf_str(&document));
    run_note(run, "%.*s", STR_ARG(call->line->text));
    return answer.status == 200 || run_fail(call, "%.*s", STR_ARG(answer.body));
}
