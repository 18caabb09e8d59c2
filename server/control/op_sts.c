/* STS: GetCallerIdentity, AssumeRole and GetSessionToken, since people type them first. And the
 * answer for AWS hosts that are not emulated: an error in the query protocol's shape that names the
 * host, because a 200 with unknown XML or a refused connection would tell the user nothing
 * (clients.md 3.1).
 *
 * Credentials live in their tokens (session.h), so they outlast a restart. They expire by the wall
 * clock, which is the one SDKs renew them by.
 */
#include "server/auth/authorize.h"
#include "server/auth/session.h"
#include "server/control/handlers.h"
#include "server/control/query_call.h"
#include "server/control/role.h"
#include "server/world.h"

#define SESSION_S 3600        /* AssumeRole's default */
#define TOKEN_SESSION_S 43200 /* GetSessionToken's */

/* --- credentials --- */

static struct session make_session(struct request *rq, str account, str arn, uint64_t seconds)
{
    struct session session = { .account = account,
                               .arn = arn,
                               .expires = instant_add(rq->received_wall, DURATION_S(seconds)),
                               .global =
                                   !rq->address.own_host && rq->address.host_region.size == 0 };
    session_issue(rq->arena, rq->world->seed, rq->ordinal, &session);
    session_remember(rq->world->credentials, &session);
    return session;
}

static void write_session(struct request *rq, struct xml_writer *xml, const struct session *session)
{
    xml_open(xml, "Credentials");
    xml_element(xml, "AccessKeyId", session->access_key);
    xml_element(xml, "SecretAccessKey", session->secret);
    xml_element(xml, "SessionToken", session->token);
    xml_element(xml, "Expiration", query_call_instant(rq->arena, session->expires));
    xml_close(xml);
}

static enum s3_code read_duration(struct request *rq, uint64_t fallback, uint64_t most,
                                  uint64_t *seconds)
{
    str text = request_query(rq, "DurationSeconds");
    *seconds = fallback;
    if (text.size == 0 || (str_to_u64(text, seconds) && *seconds >= 900 && *seconds <= most))
        return S3_OK;
    request_message(rq,
                    "1 validation error detected: Value '%.*s' at 'durationSeconds' failed to "
                    "satisfy constraint: Member must have value between 900 and %llu",
                    STR_ARG(str_first(text, 64)), (unsigned long long) most);
    return S3_ValidationError;
}

/* --- actions --- */

/* "AROA...:SESSION" for a session of a role, else the key. */
static str user_id(struct request *rq)
{
    size_t at = str_find(rq->who.arn, STR(":assumed-role/"));
    str name, session;
    if (at == rq->who.arn.size || !str_cut(str_skip(rq->who.arn, at + 14), '/', &name, &session))
        return rq->who.access_key;
    return str_format(rq->arena, "%.*s:%.*s",
                      STR_ARG(role_unique_id(rq->arena, rq->who.account, name)), STR_ARG(session));
}

enum s3_code op_get_caller_identity(struct request *rq)
{
    struct query_answer answer;
    query_call_begin(rq, &answer, "GetCallerIdentity", true);
    xml_element(&answer.xml, "Arn", rq->who.arn);
    xml_element(&answer.xml, "UserId", user_id(rq));
    xml_element(&answer.xml, "Account", rq->who.account);
    return query_call_end(rq, &answer);
}

static bool is_session_name(str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr("_+=,.@-", c) == NULL))
            return false;
    }
    return name.size >= 2 && name.size <= 64;
}

static enum s3_code not_authorized(struct request *rq, str arn)
{
    request_message(rq, "User: %.*s is not authorized to perform: sts:AssumeRole on resource: %.*s",
                    STR_ARG(rq->who.arn), STR_ARG(arn));
    return S3_AccessDenied;
}

/* A role that nobody made may be assumed all the same: programs come with the ARN of a role that
 * exists in their AWS account. */
static enum s3_code find_role(struct request *rq, str arn, struct role *role)
{
    str account, name;
    if (!role_arn_parse(arn, &account, &name)) {
        request_message(rq, "%.*s is invalid", STR_ARG(str_first(arn, 512)));
        return S3_ValidationError;
    }
    if (role_find(rq->lane->reader, rq->arena, account, name, role))
        return rq->world->settings->iam == IAM_OFF || authorize_trusts(rq, role->trust)
                   ? S3_OK
                   : not_authorized(rq, arn);
    *role = (struct role){ .account = account, .name = name };
    return request_nonstandard(rq, "unknown-role",
                               "AccessDenied: not authorized to perform "
                               "sts:AssumeRole")
               ? S3_OK
               : not_authorized(rq, arn);
}

enum s3_code op_assume_role(struct request *rq)
{
    struct role role;
    struct query_answer answer;
    str arn, name;
    uint64_t seconds;
    if (!query_call_needed(rq, "RoleArn", &arn) || !query_call_needed(rq, "RoleSessionName", &name))
        return S3_ValidationError;
    if (!is_session_name(name)) {
        request_message(rq,
                        "1 validation error detected: Value '%.*s' at 'roleSessionName' failed to "
                        "satisfy constraint: Member must satisfy regular expression pattern: "
                        "[\\w+=,.@-]*",
                        STR_ARG(str_first(name, 128)));
        return S3_ValidationError;
    }
    enum s3_code code = read_duration(rq, SESSION_S, 43200, &seconds);
    if (code == S3_OK)
        code = find_role(rq, arn, &role);
    if (code != S3_OK)
        return code;
    if (request_query(rq, "Policy").size > 0)
        request_mark(rq, "session-policy-ignored", "the session may do what its policy allows too");
    str session_arn = str_format(rq->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s",
                                 STR_ARG(role.account), STR_ARG(role.name), STR_ARG(name));
    struct session session = make_session(rq, role.account, session_arn, seconds);
    query_call_begin(rq, &answer, "AssumeRole", true);
    write_session(rq, &answer.xml, &session);
    xml_open(&answer.xml, "AssumedRoleUser");
    xml_element(&answer.xml, "AssumedRoleId",
                str_format(rq->arena, "%.*s:%.*s",
                           STR_ARG(role_unique_id(rq->arena, role.account, role.name)),
                           STR_ARG(name)));
    xml_element(&answer.xml, "Arn", session_arn);
    return query_call_end(rq, &answer);
}

/* A session of the caller's own. */
enum s3_code op_get_session_token(struct request *rq)
{
    struct query_answer answer;
    uint64_t seconds;
    enum s3_code code = read_duration(rq, TOKEN_SESSION_S, 129600, &seconds);
    if (code != S3_OK)
        return code;
    if (str_find(rq->who.arn, STR(":assumed-role/")) < rq->who.arn.size) {
        request_message(rq, "Cannot call GetSessionToken with session credentials");
        return S3_AccessDenied;
    }
    struct session session = make_session(rq, rq->who.account, rq->who.arn, seconds);
    query_call_begin(rq, &answer, "GetSessionToken", true);
    write_session(rq, &answer.xml, &session);
    return query_call_end(rq, &answer);
}
