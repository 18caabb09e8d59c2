/* A bucket's replication configuration: put, get, delete. Two documents are kept in one write:
 * what GetBucketReplication returns, and the packed rules that the store's plan reads. What depends
 * on other buckets (versioning, existence) is judged by the writer, in its transaction.
 */
#include "base/limits.h"
#include "replication/rules.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "server/control/role.h"
#include "server/s3/common.h"
#include "server/s3/handlers.h"
#include "server/s3/replication_xml.h"
#include "server/settings.h"
#include "server/world.h"

struct change {
    struct store_config_put write;
    struct store_doc configs[2];
    struct store_doc rules; /* what changes, for whoever asks later */
    struct changes_pending said;
};

static struct change *change_new(struct request *rq, str document, str rules)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    store_config_put_init(&change->write, rq->arena);
    change->configs[0] = (struct store_doc){ .kind = STR(CONFIG_REPLICATION), .body = document };
    change->configs[1] = (struct store_doc){ .kind = STR(CONFIG_REPLICATION_RULES), .body = rules };
    change->configs[0].id = change->configs[1].id = STR("");
    change->write.bucket = rq->bucket.id;
    change->write.configs = change->configs;
    change->write.count = COUNT(change->configs);
    change->rules =
        (struct store_doc){ .kind = STR(CONFIG_REPLICATION_RULES), .id = rq->bucket.name };
    change->said = (struct changes_pending){ rq->lane, rq->arena, rq, &change->rules, 1, NULL };
    changes_before(&change->said);
    rq->state = change;
    return change;
}

static enum s3_code problem_code(enum repl_problem_code code)
{
    switch (code) {
    case REPL_MALFORMED_XML:
        return S3_MalformedXML;
    case REPL_INVALID_REQUEST:
        return S3_InvalidRequest;
    case REPL_INVALID_ARGUMENT:
        return S3_InvalidArgument;
    }
    return S3_InvalidRequest;
}

static enum s3_code refuse(struct request *rq, const struct repl_problem *problem)
{
    if (problem->code != REPL_MALFORMED_XML && problem->message.size > 0)
        request_message(rq, "%.*s", STR_ARG(problem->message));
    return problem_code(problem->code);
}

static enum s3_code judge(struct request *rq, struct repl_config *config)
{
    struct repl_context context = { .source_bucket = rq->bucket.name,
                                    .strict = rq->world->settings->strict };
    struct repl_problem problem = { .message = STR_NONE };
    if (!repl_config_validate(rq->arena, config, &context, &problem))
        return refuse(rq, &problem);
    if (str_is_set(problem.nonstandard) &&
        !request_nonstandard(rq, str_c(rq->arena, problem.nonstandard),
                             str_c(rq->arena, problem.message)))
        return refuse(rq, &problem);
    return S3_OK;
}

/* AWS, Destination: Account is "the account ID of the destination bucket owner". A bucket that is
 * not there yet is the writer's to refuse. The plan sees no buckets, so their Regions go along. */
static enum s3_code judge_destinations(struct request *rq, struct repl_config *config)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct repl_destination *to = &config->rules[i].destination;
        struct bucket_info bucket;
        enum store_result found =
            store_bucket_get(rq->lane->reader, rq->arena, to->bucket, &bucket);
        if (found != STORE_OK && found != STORE_NO_BUCKET)
            return common_from_store(rq, found);
        if (found != STORE_OK)
            continue;
        if (str_is_set(to->account) && !str_eq(bucket.account, to->account)) {
            request_message(rq, "Account %.*s is not the owner of the destination bucket.",
                            STR_ARG(to->account));
            return S3_InvalidArgument;
        }
        repl_config_locate(config, bucket.name, bucket.region);
    }
    return S3_OK;
}

/* Whoever only wants copies need not declare a role; one who declared others wants to hear of a
 * misspelt name. Under --iam enforce the copies fail instead, with AWS's reason. */
static void mark_role(struct request *rq, str arn)
{
    struct role role;
    str account, name;
    bool declared = role_arn_parse(arn, &account, &name) &&
                    role_find(rq->lane->reader, rq->arena, account, name, &role);
    if (rq->world->settings->iam != IAM_ENFORCE && !declared)
        request_mark(rq, "undeclared-role", "copies FAILED with AssumeRoleNotPermitted");
}

static enum s3_code replication_put(struct request *rq)
{
    const struct change *change = rq->state;
    const struct store_write *write = &change->write.head;
    if (write->result == STORE_STATE_REFUSED) {
        if (str_is(write->detail, "source"))
            return common_invalid_request(
                rq, "Versioning must be 'Enabled' on the bucket to apply a replication "
                    "configuration");
        request_hint(rq, "Destination bucket %.*s does not exist or has no versioning.",
                     STR_ARG(write->detail));
        return common_invalid_request(rq, "Destination bucket must have versioning enabled.");
    }
    if (write->result != STORE_OK)
        return common_from_store(rq, write->result);
    changes_after(&change->said);
    request_reply_empty(rq, 200);
    return S3_OK;
}

enum s3_code op_put_bucket_replication(struct request *rq)
{
    const struct xml *document;
    struct repl_config config;
    struct buf answer;

    enum s3_code code = common_body(rq, "ReplicationConfiguration", &document);
    if (code != S3_OK)
        return code;
    replication_xml_read(rq->arena, document, &config);
    code = judge(rq, &config);
    if (code == S3_OK)
        code = judge_destinations(rq, &config);
    if (code != S3_OK)
        return code;

    buf_init_arena(&answer, rq->arena, LIMIT_ANSWER_BYTES);
    replication_xml_write(&answer, &config);
    if (answer.overflow)
        return S3_MalformedXML;
    mark_role(rq, config.role);
    struct change *change = change_new(rq, buf_str(&answer), repl_config_pack(rq->arena, &config));
    struct repl_names destinations = repl_config_destinations(rq->arena, &config);
    change->write.needs_versioning = true;
    change->write.needs_versioned_buckets = destinations.at;
    change->write.needs_count = destinations.count;
    return request_write(rq, &change->write.head, replication_put);
}

enum s3_code op_get_bucket_replication(struct request *rq)
{
    str document;
    enum store_result result = store_config_get(rq->lane->reader, rq->arena, rq->bucket.id,
                                                STR(CONFIG_REPLICATION), STR(""), &document);
    if (result == STORE_ABSENT) {
        request_extra(rq, "BucketName", rq->bucket.name);
        return S3_ReplicationConfigurationNotFoundError;
    }
    if (result != STORE_OK)
        return common_from_store(rq, result);
    request_reply(rq, 200, "application/xml", document);
    return S3_OK;
}

static enum s3_code replication_deleted(struct request *rq)
{
    const struct change *change = rq->state;
    enum store_result result = change->write.head.result;
    if (result != STORE_OK && result != STORE_ABSENT)
        return common_from_store(rq, result);
    if (result == STORE_OK)
        changes_after(&change->said);
    request_reply_empty(rq, 204);
    return S3_OK;
}

/* AWS: deleting a configuration that is not there succeeds too. */
enum s3_code op_delete_bucket_replication(struct request *rq)
{
    struct change *change = change_new(rq, STR_NONE, STR_NONE);
    return request_write(rq, &change->write.head, replication_deleted);
}
