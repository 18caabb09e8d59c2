/* Buckets, what is in them, and their rules. A bucket never moves and is never deleted here; an
 * object that is there is left alone. */
#include "server/change_words.h"
#include "server/config_changing.h"
#include "server/config_rules.h"
#include "storage/version.h"

static bool find_bucket(const struct config_changing *changing, str name, struct bucket_info *out)
{
    const struct config_making *making = &changing->making;
    store_read_begin(making->lane->reader);
    return store_bucket_get(making->lane->reader, making->arena, name, out) == STORE_OK;
}

/* The packed rules in force; empty when there are none. */
static str rules_in_force(const struct config_changing *changing, int64_t bucket)
{
    const struct config_making *making = &changing->making;
    str packed = STR("");
    store_read_begin(making->lane->reader);
    if (store_config_get(making->lane->reader, making->arena, bucket, STR(CONFIG_REPLICATION_RULES),
                         STR(""), &packed) != STORE_OK)
        return STR("");
    return packed;
}

static str rules_said(const struct config_changing *changing, const struct config *config,
                      str source, struct repl_config *rules)
{
    struct repl_problem problem;
    if (!config_rules_build(changing->making.arena, config, source, rules, &problem) ||
        rules->rule_count == 0)
        return STR("");
    return repl_config_pack(changing->making.arena, rules);
}

/* --- judging --- */

static void refuse(struct config_changing *changing, const struct config_bucket *bucket,
                   const char *member, str message)
{
    config_problems_add(changing->problems, bucket->at,
                        str_format(changing->making.arena, "buckets.%.*s%s%s",
                                   STR_ARG(bucket->name), *member ? "." : "", member),
                        "%.*s", STR_ARG(message));
}

static void judge_place(struct config_changing *changing, const struct config_bucket *bucket,
                        const struct bucket_info *there)
{
    struct arena *arena = changing->making.arena;
    str account = config_making_account(&changing->making, bucket->account);
    if (!str_eq(there->region, region_at(bucket->region)->code))
        refuse(changing, bucket, "region",
               str_format(arena,
                          "the bucket is in %.*s already, and a bucket cannot move: delete it "
                          "first, or take another name",
                          STR_ARG(there->region)));
    if (!str_eq(there->account, account))
        refuse(changing, bucket, "account",
               str_format(arena, "the bucket belongs to %.*s already: delete it first",
                          STR_ARG(there->account)));
    if (bucket->object_lock && !there->object_lock)
        refuse(changing, bucket, "object_lock",
               STR("the bucket was made without Object Lock: give it one with "
                   "PutObjectLockConfiguration, or delete the bucket first"));
}

/* Rules that will still be there afterwards; S3 does not suspend versioning under them. */
static bool keeps_rules(const struct config_changing *changing, const struct bucket_info *there)
{
    struct repl_config before;
    str now = rules_in_force(changing, there->id);
    return now.size > 0 && !str_eq(now, rules_said(changing, changing->old, there->name, &before));
}

static void judge_versioning(struct config_changing *changing, const struct config_bucket *bucket,
                             const struct bucket_info *there)
{
    const struct config_bucket *before =
        config_document_bucket(&changing->old->document, bucket->name);
    if (bucket->versioning == VERSIONING_UNSET && there->versioning != VERSIONING_UNSET && before &&
        before->versioning != VERSIONING_UNSET)
        refuse(changing, bucket, "versioning",
               STR("versioning cannot be switched off again: say \"enabled\" or \"suspended\""));
    if (bucket->versioning != VERSIONING_SUSPENDED || there->versioning != VERSIONING_ENABLED)
        return;
    if (there->object_lock)
        refuse(changing, bucket, "versioning",
               STR("a bucket with Object Lock keeps its versioning enabled"));
    if (keeps_rules(changing, there))
        refuse(changing, bucket, "versioning",
               STR("the bucket has replication rules that this configuration did not make, and S3 "
                   "does not suspend versioning under rules: delete them first"));
}

void config_change_buckets_judge(struct config_changing *changing)
{
    const struct config_document *document = &changing->making.config->document;
    for (size_t i = 0; i < document->bucket_count; i++) {
        const struct config_bucket *bucket = &document->buckets[i];
        struct bucket_info there;
        if (bucket->region == REGION_NONE || !find_bucket(changing, bucket->name, &there))
            continue; /* the document itself is not sound */
        judge_place(changing, bucket, &there);
        judge_versioning(changing, bucket, &there);
    }
}

/* --- buckets --- */

static bool set_versioning(struct config_changing *changing, const struct bucket_info *bucket,
                           enum versioning versioning)
{
    const struct store_doc doc = { .kind = STR(CHANGE_VERSIONING), .id = bucket->name };
    struct changes_pending pending = config_change_before(changing, &doc, 1);
    if (!config_making_versioning(&changing->making, bucket->name, bucket->id, versioning))
        return false;
    store_read_begin(changing->making.lane->reader);
    changes_after(&pending);
    return true;
}

/* Suspending comes later, when the rules are gone. */
static bool change_bucket(struct config_changing *changing, const struct config_bucket *declared)
{
    struct config_making *making = &changing->making;
    struct bucket_info there;
    if (!find_bucket(changing, declared->name, &there)) {
        struct config_make_bucket make = config_make_bucket_of(making->config, declared);
        config_change_note(changing, &changing->out->changed, "buckets.%.*s",
                           STR_ARG(declared->name));
        return config_make_bucket(making->arena, making->lane, &make, making->error);
    }
    if (declared->versioning != VERSIONING_ENABLED || there.versioning == VERSIONING_ENABLED)
        return true;
    config_change_note(changing, &changing->out->changed, "buckets.%.*s.versioning",
                       STR_ARG(declared->name));
    return set_versioning(changing, &there, VERSIONING_ENABLED);
}

static bool suspend(struct config_changing *changing, const struct config_bucket *declared)
{
    struct bucket_info there;
    if (declared->versioning != VERSIONING_SUSPENDED ||
        !find_bucket(changing, declared->name, &there) || there.versioning == VERSIONING_SUSPENDED)
        return true;
    config_change_note(changing, &changing->out->changed, "buckets.%.*s.versioning",
                       STR_ARG(declared->name));
    return set_versioning(changing, &there, VERSIONING_SUSPENDED);
}

static void note_kept(struct config_changing *changing)
{
    const struct config_document *old = &changing->old->document;
    struct bucket_info there;
    for (size_t i = 0; i < old->bucket_count; i++)
        if (!config_document_bucket(&changing->making.config->document, old->buckets[i].name) &&
            find_bucket(changing, old->buckets[i].name, &there))
            config_change_note(changing, &changing->out->kept, "buckets.%.*s",
                               STR_ARG(old->buckets[i].name));
}

/* --- rules --- */

static bool change_rules(struct config_changing *changing, str source)
{
    struct repl_config rules, before;
    struct bucket_info there;
    if (!find_bucket(changing, source, &there))
        return true;
    str now = rules_in_force(changing, there.id);
    str wanted = rules_said(changing, changing->making.config, source, &rules);
    str said = rules_said(changing, changing->old, source, &before);
    if (str_eq(now, wanted) || (wanted.size == 0 && said.size == 0))
        return true;
    if (wanted.size == 0 && !str_eq(now, said)) { /* somebody put others there since */
        config_change_note(changing, &changing->out->kept, "replication.%.*s", STR_ARG(source));
        return true;
    }
    config_change_note(changing, &changing->out->changed, "replication.%.*s", STR_ARG(source));
    const struct store_doc doc = { .kind = STR(CONFIG_REPLICATION_RULES), .id = source };
    struct changes_pending pending = config_change_before(changing, &doc, 1);
    if (!config_making_put_rules(&changing->making, source, there.id, &rules))
        return false;
    store_read_begin(changing->making.lane->reader);
    changes_after(&pending);
    return true;
}

static bool change_all_rules(struct config_changing *changing)
{
    const struct config_document *next = &changing->making.config->document;
    const struct config_document *old = &changing->old->document;
    for (size_t i = 0; i < next->bucket_count; i++)
        if (!change_rules(changing, next->buckets[i].name))
            return false;
    for (size_t i = 0; i < old->bucket_count; i++)
        if (!config_document_bucket(next, old->buckets[i].name) &&
            !change_rules(changing, old->buckets[i].name))
            return false;
    return true;
}

bool config_change_buckets_apply(struct config_changing *changing)
{
    const struct config_document *document = &changing->making.config->document;
    for (size_t i = 0; i < document->bucket_count; i++)
        if (!change_bucket(changing, &document->buckets[i]))
            return false;
    if (!change_all_rules(changing))
        return false;
    for (size_t i = 0; i < document->bucket_count; i++)
        if (!suspend(changing, &document->buckets[i]))
            return false;
    note_kept(changing);
    return true;
}

/* --- objects --- */

static const struct config_object *object_of(const struct config_bucket *bucket, str key)
{
    for (size_t i = 0; bucket && i < bucket->object_count; i++)
        if (str_eq(bucket->objects[i].key, key))
            return &bucket->objects[i];
    return NULL;
}

static bool same_object(struct arena *arena, const struct config_object *a,
                        const struct config_object *b)
{
    return str_eq(a->text, b->text) && str_eq(a->file, b->file) &&
           str_eq(fields_pack(arena, &a->meta), fields_pack(arena, &b->meta));
}

static bool is_there(const struct config_changing *changing, int64_t bucket, str key)
{
    const struct config_making *making = &changing->making;
    struct version_info version;
    store_read_begin(making->lane->reader);
    return store_version_get(making->lane->reader, making->arena, bucket, key, STR_NONE,
                             &version) == STORE_OK;
}

/* What was said before and is gone, somebody has deleted. */
static bool change_object(struct config_changing *changing, const struct bucket_info *bucket,
                          const struct config_object *object)
{
    struct config_making *making = &changing->making;
    const struct config_object *before =
        object_of(config_document_bucket(&changing->old->document, bucket->name), object->key);
    if (before && same_object(making->arena, before, object))
        return true;
    bool kept = is_there(changing, bucket->id, object->key);
    config_change_note(changing, kept ? &changing->out->kept : &changing->out->changed,
                       "buckets.%.*s.objects.%.*s", STR_ARG(bucket->name), STR_ARG(object->key));
    return kept || config_making_object(making, bucket->id, object);
}

/* Of buckets that are still said. */
static void note_kept_objects(struct config_changing *changing)
{
    const struct config_document *old = &changing->old->document;
    for (size_t i = 0; i < old->bucket_count; i++) {
        const struct config_bucket *before = &old->buckets[i];
        const struct config_bucket *next =
            config_document_bucket(&changing->making.config->document, before->name);
        struct bucket_info there;
        if (next == NULL || !find_bucket(changing, before->name, &there))
            continue;
        for (size_t at = 0; at < before->object_count; at++)
            if (object_of(next, before->objects[at].key) == NULL &&
                is_there(changing, there.id, before->objects[at].key))
                config_change_note(changing, &changing->out->kept, "buckets.%.*s.objects.%.*s",
                                   STR_ARG(before->name), STR_ARG(before->objects[at].key));
    }
}

bool config_change_objects_apply(struct config_changing *changing)
{
    const struct config_document *document = &changing->making.config->document;
    for (size_t i = 0; i < document->bucket_count; i++) {
        const struct config_bucket *declared = &document->buckets[i];
        struct bucket_info there;
        for (size_t at = 0; at < declared->object_count; at++)
            if (!find_bucket(changing, declared->name, &there) ||
                !change_object(changing, &there, &declared->objects[at]))
                return false;
    }
    note_kept_objects(changing);
    return true;
}
