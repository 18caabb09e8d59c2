/* Event notifications: the configuration is judged and kept. AWS asks each target whether it takes
 * messages; there is none to ask here, so a target that must be asked is marked as unknown (and
 * refused by --strict), unless the client said not to ask.
 */
#include "base/digest.h"
#include "base/encode.h"
#include "server/notifications.h"
#include "server/s3/common.h"
#include "server/s3/document.h"
#include "server/s3/handlers.h"

static const struct schema filter_rule_members[] = { { "Name", SCHEMA_WORD, 1, 1, NULL, NULL },
                                                     { "Value", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                                     SCHEMA_END };
static const struct schema key_members[] = {
    { "FilterRule", SCHEMA_GROUP, 0, 0, NULL, filter_rule_members }, SCHEMA_END
};
static const struct schema filter_members[] = { { "S3Key", SCHEMA_GROUP, 0, 1, NULL, key_members },
                                                SCHEMA_END };
#define TARGET(element)                                                                            \
    {                                                                                              \
        { "Id", SCHEMA_TEXT, 0, 1, NULL, NULL }, { element, SCHEMA_WORD, 1, 1, NULL, NULL },       \
            { "Event", SCHEMA_WORD, 1, 0, NULL, NULL },                                            \
            { "Filter", SCHEMA_GROUP, 0, 1, NULL, filter_members }, SCHEMA_END                     \
    }
static const struct schema topic_members[] = TARGET("Topic");
static const struct schema queue_members[] = TARGET("Queue");
static const struct schema function_members[] = TARGET("CloudFunction");
static const struct schema notification_members[] = {
    { "TopicConfiguration", SCHEMA_GROUP, 0, 0, NULL, topic_members },
    { "QueueConfiguration", SCHEMA_GROUP, 0, 0, NULL, queue_members },
    { "CloudFunctionConfiguration", SCHEMA_GROUP, 0, 0, NULL, function_members },
    { "EventBridgeConfiguration", SCHEMA_GROUP, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema notification_schema = {
    "NotificationConfiguration", SCHEMA_GROUP, 1, 1, NULL, notification_members
};

static const struct {
    const char *configuration, *target, *service, *kind;
} targets[] = { { "TopicConfiguration", "Topic", "sns", "topic" },
                { "QueueConfiguration", "Queue", "sqs", "queue" },
                { "CloudFunctionConfiguration", "CloudFunction", "lambda", "function" } };

/* AWS, "Supported event types for SQS, SNS, and Lambda". */
// clang-format off
static const char *const events[] = {
    "s3:TestEvent", "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated", "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post", "s3:ObjectRestore:Completed", "s3:ObjectRestore:Delete",
    "s3:ReducedRedundancyLostObject", "s3:Replication:*",
    "s3:Replication:OperationFailedReplication", "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold", "s3:Replication:OperationNotTracked",
    "s3:LifecycleExpiration:*", "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleTransition",
    "s3:IntelligentTiering", "s3:ObjectTagging:*", "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete", "s3:ObjectAcl:Put",
};
// clang-format on

static enum s3_code judge_events(struct request *rq, const struct xml *configuration)
{
    const struct xml *event = xml_child(configuration, "Event");
    for (; event; event = xml_next(event, "Event")) {
        str name = str_trim(event->text);
        bool known = false;
        for (size_t i = 0; i < COUNT(events) && !known; i++)
            known = str_is(name, events[i]);
        if (!known)
            return common_invalid_argument(
                rq, "A specified event is not supported for notifications.", "Event", name);
    }
    return S3_OK;
}

static enum s3_code judge_filter(struct request *rq, const struct xml *configuration)
{
    const struct xml *key = xml_child(xml_child(configuration, "Filter"), "S3Key");
    const struct xml *rule = xml_child(key, "FilterRule");
    unsigned prefixes = 0, suffixes = 0;
    for (; rule; rule = xml_next(rule, "FilterRule")) {
        str name = str_trim(xml_text(rule, "Name"));
        bool prefix = str_eq_nocase(name, STR("prefix"));
        if (!prefix && !str_eq_nocase(name, STR("suffix")))
            return common_invalid_argument(rq, "filter rule name must be either prefix or suffix",
                                           "FilterRule.Name", name);
        if ((prefix ? ++prefixes : ++suffixes) > 1)
            return common_invalid_argument(rq,
                                           prefix ? "Cannot specify more than one prefix rule in a "
                                                    "filter."
                                                  : "Cannot specify more than one suffix rule in "
                                                    "a filter.",
                                           "FilterRule.Name", name);
    }
    return S3_OK;
}

/* "arn:aws:SERVICE:REGION:ACCOUNT:NAME" */
static enum s3_code judge_arn(struct request *rq, const char *element, const char *service, str arn)
{
    str rest = arn, piece[6];
    size_t count = 0;
    while (count < 5 && str_next(&rest, ':', &piece[count]))
        count++;
    piece[5] = rest;
    if (count == 5 && str_is(piece[0], "arn") && str_is(piece[2], service) && piece[5].size > 0 &&
        piece[3].size > 0 && piece[4].size > 0)
        return S3_OK;
    return common_invalid_argument(rq, "The ARN could not be parsed", element, arn);
}

static bool skips_validation(const struct request *rq)
{
    str header = request_get_header(rq, "x-amz-skip-destination-validation");
    return str_eq_nocase(str_trim(header), STR("true"));
}

static enum s3_code judge_target(struct request *rq, const char *kind, str arn)
{
    static const char says[] = "Unable to validate the following destination configurations";
    if (notifications_target(rq->world, rq->arena, arn) || skips_validation(rq) ||
        request_nonstandard(rq, "notification-target-unknown", says))
        return S3_OK;
    request_message(rq, "%s", says);
    request_extra(rq, "ArgumentName1", arn);
    request_extra(rq, "ArgumentValue1",
                  str_format(rq->arena, "The destination %s does not exist", kind));
    return S3_InvalidArgument;
}

/* A configuration without an id gets one that stays the same for the same content. */
static void name_configuration(struct request *rq, struct xml *configuration, unsigned number)
{
    if (str_trim(xml_text(configuration, "Id")).size > 0)
        return;
    str text =
        str_format(rq->arena, "%.*s:%u:%.*s", STR_ARG(rq->bucket.name), number, STR_ARG(rq->body));
    struct digest_value digest = digest_of(DIGEST_SHA256, text.ptr, text.size);
    struct xml *id = ARENA_NEW(rq->arena, struct xml);
    *id = (struct xml){ .name = STR("Id"),
                        .text = encode_base64url(rq->arena, digest.bytes, 24),
                        .next = configuration->child };
    configuration->child = id;
}

static enum s3_code judge(struct request *rq, const struct xml *root)
{
    unsigned number = 0;
    for (struct xml *one = root->child; one; one = one->next)
        for (size_t i = 0; i < COUNT(targets); i++) {
            if (!str_is(one->name, targets[i].configuration))
                continue;
            enum s3_code code = judge_arn(rq, targets[i].target, targets[i].service,
                                          str_trim(xml_text(one, targets[i].target)));
            if (code == S3_OK)
                code = judge_events(rq, one);
            if (code == S3_OK)
                code = judge_filter(rq, one);
            if (code == S3_OK)
                code =
                    judge_target(rq, targets[i].kind, str_trim(xml_text(one, targets[i].target)));
            if (code != S3_OK)
                return code;
            name_configuration(rq, one, number++);
        }
    return S3_OK;
}

/* AWS: an empty configuration switches notifications off; there is no DELETE. */
static const struct document notification = { NOTIFICATIONS_KIND, &notification_schema, S3_OK, NULL,
                                              judge };

enum s3_code op_put_bucket_notification(struct request *rq)
{
    return document_put(rq, &notification);
}

enum s3_code op_get_bucket_notification(struct request *rq)
{
    return document_get(rq, &notification);
}
