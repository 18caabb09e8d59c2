/* Lifecycle configurations: judged as AWS judges them, kept and shown. */
#include "base/encode.h"
#include "base/rng.h"
#include "server/lifecycle_engine.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/lifecycle.h"
#include "server/world.h"

#define MINIMUM_SIZE_HEADER "x-amz-transition-default-minimum-object-size"
#define LONGEST_ID 255 /* AWS: Rule, ID */
#define MOST_RULES 1000

static enum s3_code judge_id(struct request *rq, const struct xml *root, const struct xml *rule)
{
    str id = xml_text(rule, "ID");
    if (id.size > LONGEST_ID)
        return common_invalid_argument(rq, "ID length should not exceed allowed limit of 255", "ID",
                                       id);
    for (const struct xml *other = xml_child(root, "Rule"); other != rule;
         other = xml_next(other, "Rule"))
        if (id.size > 0 && str_eq(xml_text(other, "ID"), id))
            return common_invalid_argument(
                rq, "Rule ID must be unique. Found same ID for more than one rule", "ID", id);
    return S3_OK;
}

static enum s3_code judge_tags(struct request *rq, const struct xml *and)
{
    const struct xml *tag = xml_child(and, "Tag");
    for (; tag; tag = xml_next(tag, "Tag"))
        for (const struct xml *other = xml_child(and, "Tag"); other != tag;
             other = xml_next(other, "Tag"))
            if (str_eq(xml_text(other, "Key"), xml_text(tag, "Key")))
                return common_invalid_request(rq, "Duplicate Tag Keys are not allowed.");
    return S3_OK;
}

/* One condition, or several below And; an old rule has a prefix of its own instead. */
static enum s3_code judge_filter(struct request *rq, const struct xml *rule)
{
    const struct xml *filter = xml_child(rule, "Filter");
    const struct xml *and = xml_child(filter, "And");
    unsigned conditions = 0, below = 0;
    if ((filter != NULL) == (xml_child(rule, "Prefix") != NULL))
        return S3_MalformedXML;
    for (const struct xml *one = filter ? filter->child : NULL; one; one = one->next)
        conditions++;
    for (const struct xml *one = and? and->child : NULL; one; one = one->next)
        below++;
    if (conditions > 1 || (and&&below < 2))
        return S3_MalformedXML;
    return judge_tags(rq, and);
}

static enum s3_code judge_date(struct request *rq, const struct xml *action)
{
    const int64_t day = 86400ll * 1000000000;
    str text = str_trim(xml_text(action, "Date"));
    instant date;
    if (!str_is_set(text) || (schema_date(text, &date) && date.ns % day == 0))
        return S3_OK;
    return common_invalid_argument(rq, "'Date' must be at midnight GMT", "Date", text);
}

static enum s3_code judge_days(struct request *rq, const struct xml *action, const char *element,
                               int64_t least)
{
    str text = str_trim(xml_text(action, element));
    int64_t days;
    if (!str_is_set(text) || (str_to_i64(text, &days) && days >= least))
        return S3_OK;
    str message = str_format(rq->arena, "'%s' for %.*s action must be a %s integer", element,
                             STR_ARG(action->name), least > 0 ? "positive" : "nonnegative");
    return common_invalid_argument(rq, message.ptr, element, text);
}

static enum s3_code judge_expiration(struct request *rq, const struct xml *rule)
{
    const struct xml *expiration = xml_child(rule, "Expiration");
    if (expiration == NULL)
        return S3_OK;
    if (expiration->child == NULL || expiration->child->next)
        return S3_MalformedXML;
    enum s3_code code = judge_date(rq, expiration);
    return code == S3_OK ? judge_days(rq, expiration, "Days", 1) : code;
}

static enum s3_code judge_transitions(struct request *rq, const struct xml *rule)
{
    const struct xml *transition = xml_child(rule, "Transition");
    enum s3_code code = S3_OK;
    for (; transition && code == S3_OK; transition = xml_next(transition, "Transition")) {
        bool days = xml_child(transition, "Days") != NULL;
        if (days == (xml_child(transition, "Date") != NULL))
            return S3_MalformedXML;
        code = judge_date(rq, transition);
        if (code == S3_OK)
            code = judge_days(rq, transition, "Days", 0);
    }
    return code;
}

static enum s3_code judge_actions(struct request *rq, const struct xml *rule)
{
    static const char *const actions[] = { "Expiration", "Transition",
                                           "NoncurrentVersionExpiration",
                                           "NoncurrentVersionTransition",
                                           "AbortIncompleteMultipartUpload" };
    bool any = false;
    for (size_t i = 0; i < COUNT(actions); i++)
        any = any || xml_child(rule, actions[i]);
    if (!any)
        return common_invalid_request(rq, "At least one action needs to be specified in a rule");
    enum s3_code code = judge_expiration(rq, rule);
    if (code == S3_OK)
        code = judge_transitions(rq, rule);
    if (code == S3_OK && xml_child(rule, actions[2]))
        code = judge_days(rq, xml_child(rule, actions[2]), "NoncurrentDays", 1);
    if (code == S3_OK && xml_child(rule, actions[4]))
        code = judge_days(rq, xml_child(rule, actions[4]), "DaysAfterInitiation", 1);
    return code;
}

/* A rule without an ID gets one. */
static void name_rule(struct request *rq, struct xml *rule, unsigned number)
{
    unsigned char bytes[24];
    if (str_trim(xml_text(rule, "ID")).size > 0)
        return;
    rng_bytes(&(struct rng_key){ .seed = rq->world->seed,
                                 .purpose = RNG_REQUEST_ID,
                                 .name = STR("lifecycle-rule"),
                                 .scope = number,
                                 .ordinal = rq->ordinal },
              bytes, sizeof bytes);
    struct xml *id = ARENA_NEW(rq->arena, struct xml);
    *id = (struct xml){ .name = STR("ID"),
                        .text = encode_base64url(rq->arena, bytes, sizeof bytes),
                        .next = rule->child };
    rule->child = id;
}

static enum s3_code judge(struct request *rq, const struct xml *root)
{
    unsigned number = 0;
    for (struct xml *rule = root->child; rule; rule = rule->next) {
        if (++number > MOST_RULES)
            return S3_MalformedXML;
        enum s3_code code = judge_id(rq, root, rule);
        if (code == S3_OK)
            code = judge_filter(rq, rule);
        if (code == S3_OK)
            code = judge_actions(rq, rule);
        if (code != S3_OK)
            return code;
        name_rule(rq, rule, number);
    }
    return S3_OK;
}

/* ---- operations ---- */

struct putting {
    struct store_config_put write;
    struct store_doc configs[2];
    str minimum;
};

static enum s3_code put_done(struct request *rq)
{
    const struct putting *putting = rq->state;
    if (putting->write.head.result != STORE_OK)
        return common_from_store(rq, putting->write.head.result);
    lifecycle_engine_poke(rq->world);
    request_header(rq, MINIMUM_SIZE_HEADER, putting->minimum);
    request_reply_empty(rq, 200);
    return S3_OK;
}

static enum s3_code read_minimum(struct request *rq, str *minimum)
{
    *minimum = request_get_header(rq, MINIMUM_SIZE_HEADER);
    if (!str_is_set(*minimum))
        *minimum = STR("all_storage_classes_128K");
    if (schema_is_one_of(*minimum, "all_storage_classes_128K|" LIFECYCLE_MINIMUM_VARIES))
        return S3_OK;
    request_message(rq, "Invalid TransitionDefaultMinimumObjectSize found: %.*s",
                    STR_ARG(*minimum));
    return S3_InvalidRequest;
}

/* PutBucketLifecycle and PutBucketLifecycleConfiguration differ in the documents they send only. */
enum s3_code op_put_bucket_lifecycle(struct request *rq)
{
    const struct xml *root;
    struct putting *putting = ARENA_NEW(rq->arena, struct putting);
    str inside = STR_NONE;
    enum s3_code code = read_minimum(rq, &putting->minimum);
    if (code == S3_OK)
        code = document_read(rq, &lifecycle_document, &root);
    if (code == S3_OK)
        code = judge(rq, root);
    if (code == S3_OK)
        code = document_text(rq, &lifecycle_document, root, &inside);
    if (code != S3_OK)
        return code;
    store_config_put_init(&putting->write, rq->arena);
    putting->configs[0] =
        (struct store_doc){ .kind = STR(LIFECYCLE_KIND), .id = STR(""), .body = inside };
    putting->configs[1] = (struct store_doc){ .kind = STR(LIFECYCLE_MINIMUM_KIND),
                                              .id = STR(""),
                                              .body = putting->minimum };
    putting->write.bucket = rq->bucket.id;
    putting->write.configs = putting->configs;
    putting->write.count = COUNT(putting->configs);
    rq->state = putting;
    return request_write(rq, &putting->write.head, put_done);
}

enum s3_code op_get_bucket_lifecycle(struct request *rq)
{
    str minimum;
    enum s3_code code = document_get(rq, &lifecycle_document);
    if (code == S3_OK &&
        document_load(rq, rq->bucket.id, LIFECYCLE_MINIMUM_KIND, &minimum) == STORE_OK)
        request_header(rq, MINIMUM_SIZE_HEADER, minimum);
    return code;
}

enum s3_code op_delete_bucket_lifecycle(struct request *rq)
{
    return document_delete(rq, &lifecycle_document);
}
