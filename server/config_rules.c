/* Rules of one source bucket; see config_rules.h. */
#include "server/config_rules.h"

#define RTC_MINUTES 15 /* the only value that S3 takes (API reference, ReplicationTimeValue) */

static enum repl_switch switch_of(bool on)
{
    return on ? REPL_ENABLED : REPL_DISABLED;
}

static str account_of(const struct config *config, str bucket)
{
    const struct config_bucket *found = config_document_bucket(&config->document, bucket);
    return found && found->account.size ? found->account : config->settings.account;
}

static bool id_is_taken(const struct repl_config *made, str id)
{
    for (size_t i = 0; i < made->rule_count; i++)
        if (str_eq(made->rules[i].id, id))
            return true;
    return false;
}

/* "to-orders-euw1", "to-orders-euw1-2", ... */
static str make_id(struct arena *arena, const struct repl_config *made, str destination)
{
    str id = str_format(arena, "to-%.*s", STR_ARG(destination));
    for (unsigned n = 2; id_is_taken(made, id); n++)
        id = str_format(arena, "to-%.*s-%u", STR_ARG(destination), n);
    return id;
}

static void fill(struct arena *arena, const struct repl_config *made,
                 const struct config_rule *from, struct repl_rule *rule)
{
    rule->id = from->id.size ? from->id : make_id(arena, made, from->destination);
    rule->has_priority = true;
    rule->priority = (int64_t) made->rule_count + 1;
    rule->filter = from->prefix.size ? REPL_FILTER_PREFIX : REPL_FILTER_EMPTY;
    rule->prefix = from->prefix.size ? from->prefix : STR_NONE;
    rule->status = switch_of(from->enabled);
    rule->delete_markers = switch_of(from->delete_markers);
    rule->replica_modifications = from->replica_modifications ? REPL_ENABLED : REPL_ABSENT;
    rule->existing_objects = from->existing_objects ? REPL_ENABLED : REPL_ABSENT;
    rule->destination.present = true;
    rule->destination.bucket_arn =
        str_format(arena, "arn:aws:s3:::%.*s", STR_ARG(from->destination));
    rule->destination.storage_class = from->storage_class.size ? from->storage_class : STR_NONE;
    if (from->rtc) {
        struct repl_timed timed = { REPL_ENABLED, true, RTC_MINUTES };
        rule->destination.rtc = rule->destination.metrics = timed;
    }
}

bool config_rules_build(struct arena *arena, const struct config *config, str source,
                        struct repl_config *out, struct repl_problem *problem)
{
    const struct config_document *document = &config->document;
    struct repl_context context = { .source_bucket = source, .strict = config->settings.strict };
    *out = (struct repl_config){ .role = str_format(arena, "arn:aws:iam::%.*s:role/replication",
                                                    STR_ARG(account_of(config, source))) };
    out->rules = ARENA_ARRAY(arena, struct repl_rule, document->rule_count);
    for (size_t i = 0; i < document->rule_count; i++) {
        if (!str_eq(document->rules[i].source, source))
            continue;
        fill(arena, out, &document->rules[i], &out->rules[out->rule_count]);
        out->rule_count++;
    }
    if (out->rule_count == 0)
        return true;
    *problem = (struct repl_problem){ .message = STR_NONE };
    if (!repl_config_validate(arena, out, &context, problem))
        return false;
    for (size_t i = 0; i < document->bucket_count; i++)
        if (document->buckets[i].region != REGION_NONE)
            repl_config_locate(out, document->buckets[i].name,
                               region_at(document->buckets[i].region)->code);
    return true;
}
