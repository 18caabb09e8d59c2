/* The replication schema, read and written side by side. Reading judges nothing: what is missing or
 * odd is kept as such (REPL_ABSENT, REPL_MALFORMED), so that rules.c can say what AWS says.
 */
#include "server/s3/replication_xml.h"

#include "base/arena.h"

/* ---- reading ---- */

static str token(const struct xml *node, const char *name)
{
    return str_trim(xml_text(node, name));
}

static enum repl_switch switch_of(str status)
{
    if (str_is(status, "Enabled"))
        return REPL_ENABLED;
    return str_is(status, "Disabled") ? REPL_DISABLED : REPL_MALFORMED;
}

/* <Name><Status>...</Status></Name> */
static enum repl_switch read_switch(const struct xml *node, const char *name)
{
    const struct xml *child = xml_child(node, name);
    return child ? switch_of(token(child, "Status")) : REPL_ABSENT;
}

static struct repl_timed read_timed(const struct xml *node, const char *name, const char *minutes)
{
    struct repl_timed timed = { .status = read_switch(node, name) };
    const struct xml *holder = xml_child(xml_child(node, name), minutes);
    timed.has_minutes = holder != NULL;
    if (holder && !str_to_u64(token(holder, "Minutes"), &timed.minutes))
        timed.minutes = UINT64_MAX;
    return timed;
}

static void read_tags(struct arena *arena, const struct xml *node, struct repl_rule *rule)
{
    const struct xml *tag;
    size_t count = 0;
    for (tag = xml_child(node, "Tag"); tag; tag = xml_next(tag, "Tag"))
        count++;
    rule->tags = ARENA_ARRAY(arena, struct repl_tag, count);
    for (tag = xml_child(node, "Tag"); tag; tag = xml_next(tag, "Tag"))
        rule->tags[rule->tag_count++] =
            (struct repl_tag){ xml_text(tag, "Key"), xml_text(tag, "Value") };
}

static void read_filter(struct arena *arena, const struct xml *filter, struct repl_rule *rule)
{
    const struct xml *and = xml_child(filter, "And");
    const struct xml *tag = xml_child(filter, "Tag");
    bool prefix = xml_child(filter, "Prefix") != NULL;
    int kinds = (and != NULL) + (tag != NULL) + prefix;

    if (kinds == 0) {
        rule->filter = REPL_FILTER_EMPTY;
    } else if (kinds > 1 || (tag && xml_next(tag, "Tag"))) {
        rule->filter = REPL_FILTER_SEVERAL;
    } else if (and) {
        rule->filter = REPL_FILTER_AND;
        rule->prefix = xml_text(and, "Prefix");
        read_tags(arena, and, rule);
    } else if (tag) {
        rule->filter = REPL_FILTER_TAG;
        read_tags(arena, filter, rule);
    } else {
        rule->filter = REPL_FILTER_PREFIX;
        rule->prefix = xml_text(filter, "Prefix");
    }
}

static void read_destination(const struct xml *node, struct repl_destination *out)
{
    const struct xml *translation = xml_child(node, "AccessControlTranslation");
    const struct xml *encryption = xml_child(node, "EncryptionConfiguration");
    if (node == NULL)
        return;
    *out = (struct repl_destination){
        .present = true,
        .bucket_arn = token(node, "Bucket"),
        .account = token(node, "Account"),
        .storage_class = token(node, "StorageClass"),
        .has_translation = translation != NULL,
        .owner = token(translation, "Owner"),
        .has_encryption = encryption != NULL,
        .kms_key = token(encryption, "ReplicaKmsKeyID"),
        .rtc = read_timed(node, "ReplicationTime", "Time"),
        .metrics = read_timed(node, "Metrics", "EventThreshold"),
    };
}

static void read_rule(struct arena *arena, const struct xml *node, struct repl_rule *rule)
{
    const struct xml *criteria = xml_child(node, "SourceSelectionCriteria");
    const struct xml *filter = xml_child(node, "Filter");
    str priority = token(node, "Priority");
    str prefix = xml_text(node, "Prefix");
    str status = token(node, "Status");

    *rule = (struct repl_rule){
        .id = xml_text(node, "ID"),
        .has_priority = str_is_set(priority),
        .prefix = prefix,
        .prefix_in_rule = str_is_set(prefix),
        .status = str_is_set(status) ? switch_of(status) : REPL_ABSENT,
        .sse_kms = read_switch(criteria, "SseKmsEncryptedObjects"),
        .replica_modifications = read_switch(criteria, "ReplicaModifications"),
        .existing_objects = read_switch(node, "ExistingObjectReplication"),
        .delete_markers = read_switch(node, "DeleteMarkerReplication"),
    };
    if (rule->has_priority && !str_to_i64(priority, &rule->priority))
        rule->priority = -1;
    if (filter)
        read_filter(arena, filter, rule);
    read_destination(xml_child(node, "Destination"), &rule->destination);
}

void replication_xml_read(struct arena *arena, const struct xml *document, struct repl_config *out)
{
    const struct xml *rule;
    size_t count = 0;
    for (rule = xml_child(document, "Rule"); rule; rule = xml_next(rule, "Rule"))
        count++;
    *out = (struct repl_config){ .role = token(document, "Role"),
                                 .rules = ARENA_ARRAY(arena, struct repl_rule, count) };
    for (rule = xml_child(document, "Rule"); rule; rule = xml_next(rule, "Rule"))
        read_rule(arena, rule, &out->rules[out->rule_count++]);
}

/* ---- writing ---- */

static void write_switch(struct xml_writer *xml, const char *name, enum repl_switch value)
{
    if (value == REPL_ABSENT)
        return;
    xml_open(xml, name);
    xml_element(xml, "Status", value == REPL_ENABLED ? STR("Enabled") : STR("Disabled"));
    xml_close(xml);
}

static void write_timed(struct xml_writer *xml, const char *name, const char *minutes,
                        const struct repl_timed *timed)
{
    if (timed->status == REPL_ABSENT)
        return;
    xml_open(xml, name);
    xml_element(xml, "Status", timed->status == REPL_ENABLED ? STR("Enabled") : STR("Disabled"));
    if (timed->has_minutes) {
        xml_open(xml, minutes);
        xml_integer(xml, "Minutes", timed->minutes);
        xml_close(xml);
    }
    xml_close(xml);
}

static void write_tags(struct xml_writer *xml, const struct repl_rule *rule)
{
    for (size_t i = 0; i < rule->tag_count; i++) {
        xml_open(xml, "Tag");
        xml_element(xml, "Key", rule->tags[i].key);
        xml_element(xml, "Value", rule->tags[i].value);
        xml_close(xml);
    }
}

static void write_filter(struct xml_writer *xml, const struct repl_rule *rule)
{
    if (rule->filter == REPL_FILTER_ABSENT)
        return;
    xml_open(xml, "Filter");
    if (rule->filter == REPL_FILTER_AND)
        xml_open(xml, "And");
    xml_optional(xml, "Prefix", rule->prefix);
    write_tags(xml, rule);
    if (rule->filter == REPL_FILTER_AND)
        xml_close(xml);
    xml_close(xml);
}

static void write_destination(struct xml_writer *xml, const struct repl_destination *to)
{
    xml_open(xml, "Destination");
    xml_element(xml, "Bucket", to->bucket_arn);
    xml_optional(xml, "Account", to->account);
    xml_optional(xml, "StorageClass", to->storage_class);
    if (to->has_translation) {
        xml_open(xml, "AccessControlTranslation");
        xml_element(xml, "Owner", to->owner);
        xml_close(xml);
    }
    if (to->has_encryption) {
        xml_open(xml, "EncryptionConfiguration");
        xml_optional(xml, "ReplicaKmsKeyID", to->kms_key);
        xml_close(xml);
    }
    write_timed(xml, "ReplicationTime", "Time", &to->rtc);
    write_timed(xml, "Metrics", "EventThreshold", &to->metrics);
    xml_close(xml);
}

static void write_rule(struct xml_writer *xml, const struct repl_rule *rule)
{
    xml_open(xml, "Rule");
    xml_element(xml, "ID", rule->id);
    if (rule->has_priority && rule->priority >= 0)
        xml_integer(xml, "Priority", (uint64_t) rule->priority);
    write_filter(xml, rule);
    if (rule->filter == REPL_FILTER_ABSENT)
        xml_optional(xml, "Prefix", rule->prefix);
    xml_element(xml, "Status", rule->status == REPL_ENABLED ? STR("Enabled") : STR("Disabled"));
    if (rule->sse_kms != REPL_ABSENT || rule->replica_modifications != REPL_ABSENT) {
        xml_open(xml, "SourceSelectionCriteria");
        write_switch(xml, "SseKmsEncryptedObjects", rule->sse_kms);
        write_switch(xml, "ReplicaModifications", rule->replica_modifications);
        xml_close(xml);
    }
    write_switch(xml, "ExistingObjectReplication", rule->existing_objects);
    write_destination(xml, &rule->destination);
    write_switch(xml, "DeleteMarkerReplication", rule->delete_markers);
    xml_close(xml);
}

void replication_xml_write(struct buf *out, const struct repl_config *config)
{
    struct xml_writer xml;
    xml_begin(&xml, out, "ReplicationConfiguration", XML_NS_S3);
    xml_element(&xml, "Role", config->role);
    for (size_t i = 0; i < config->rule_count; i++)
        write_rule(&xml, &config->rules[i]);
    xml_end(&xml);
}
