/* IAM's query API, as far as roles go: what `aws iam create-role` and put-role-policy need so that
 * replication and AssumeRole have a role to name. A role is a document (role.h). A change is
 * applied to the document that it read: when another came in between, it is done again on what is
 * there.
 */
#include "base/encode.h"
#include "server/auth/policy.h"
#include "server/control/handlers.h"
#include "server/control/query_call.h"
#include "server/control/role.h"

struct role_change {
    struct store_write write;
    struct store_doc doc;
    struct role role;
    str was; /* the document that was read */
    const char *action;
};

/* --- parameters --- */

static enum s3_code bad_name(struct request *rq, const char *member, str name)
{
    request_message(rq,
                    "1 validation error detected: Value '%.*s' at '%s' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
                    STR_ARG(str_first(name, 256)), member);
    return S3_ValidationError;
}

static bool is_name(str name, size_t most)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr("_+=,.@-", c) == NULL))
            return false;
    }
    return name.size > 0 && name.size <= most;
}

static enum s3_code read_role_name(struct request *rq, str *name)
{
    if (!query_call_needed(rq, "RoleName", name))
        return S3_ValidationError;
    return is_name(*name, 64) ? S3_OK : bad_name(rq, "roleName", *name);
}

static enum s3_code read_policy_name(struct request *rq, str *name)
{
    if (!query_call_needed(rq, "PolicyName", name))
        return S3_ValidationError;
    return is_name(*name, 128) ? S3_OK : bad_name(rq, "policyName", *name);
}

static enum s3_code read_document(struct request *rq, const char *name, enum policy_kind kind,
                                  str *text)
{
    str why = STR_NONE;
    if (!query_call_needed(rq, name, text))
        return S3_ValidationError;
    if (policy_parse(rq->arena, *text, kind, STR_NONE, &why))
        return S3_OK;
    request_message(rq, "%.*s", STR_ARG(why));
    return S3_MalformedPolicyDocument;
}

static enum s3_code find_role(struct request *rq, struct role *role, str *was)
{
    str name;
    enum s3_code code = read_role_name(rq, &name);
    if (code != S3_OK)
        return code;
    str id = role_doc_id(rq->arena, rq->who.account, name);
    if (store_doc_get(rq->lane->reader, rq->arena, STR(ROLE_KIND), id, was) == STORE_OK &&
        role_from_doc(rq->arena, id, *was, role))
        return S3_OK;
    request_message(rq, "The role with name %.*s cannot be found.", STR_ARG(name));
    return S3_NoSuchEntity;
}

/* --- answers --- */

static void write_role(struct request *rq, struct xml_writer *xml, const char *element,
                       const struct role *role)
{
    xml_open(xml, element);
    xml_element(xml, "Path", role->path);
    xml_element(xml, "RoleName", role->name);
    xml_element(xml, "RoleId", role->id);
    xml_element(xml, "Arn", role->arn);
    xml_element(xml, "CreateDate", query_call_instant(rq->arena, role->created));
    xml_element(xml, "AssumeRolePolicyDocument", encode_uri(rq->arena, role->trust, false));
    xml_integer(xml, "MaxSessionDuration", 3600);
    xml_close(xml);
}

static enum s3_code changed(struct request *rq)
{
    struct role_change *change = rq->state;
    struct query_answer answer;
    bool is_creation = strcmp(change->action, "CreateRole") == 0;
    if (change->write.result == STORE_EXISTS && !is_creation) {
        store_read_begin(rq->lane->reader);
        return rq->op->handle(rq);
    }
    if (change->write.result == STORE_EXISTS) {
        request_message(rq, "Role with name %.*s already exists.", STR_ARG(change->role.name));
        return S3_EntityAlreadyExists;
    }
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    query_call_begin(rq, &answer, change->action, is_creation);
    if (is_creation)
        write_role(rq, &answer.xml, "Role", &change->role);
    return query_call_end(rq, &answer);
}

static enum s3_code submit(struct request *rq, struct role_change *change, const char *action)
{
    change->action = action;
    if (change->doc.kind.size == 0)
        change->doc = role_to_doc(rq->arena, &change->role);
    change->doc.if_absent = strcmp(action, "CreateRole") == 0;
    change->doc.was = change->was;
    store_docs_init(&change->write, rq->arena);
    change->write.docs = &change->doc;
    change->write.doc_count = 1;
    rq->state = change;
    return request_write(rq, &change->write, changed);
}

/* --- actions --- */

static bool is_path(str path)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.ptr[i] < '!' || path.ptr[i] > '~')
            return false;
    return path.size > 0 && path.size <= 512 && path.ptr[0] == '/' &&
           path.ptr[path.size - 1] == '/';
}

enum s3_code op_create_role(struct request *rq)
{
    struct role_change *change = ARENA_NEW(rq->arena, struct role_change);
    struct role *role = &change->role;
    str path = request_query(rq, "Path");
    enum s3_code code = read_role_name(rq, &role->name);
    if (code == S3_OK)
        code = read_document(rq, "AssumeRolePolicyDocument", POLICY_TRUST, &role->trust);
    if (code != S3_OK)
        return code;
    if (str_is_set(path) && !is_path(path))
        return bad_name(rq, "path", path);
    role->account = rq->who.account;
    role->path = path.size > 0 ? path : STR("/");
    role->arn = role_arn(rq->arena, role->account, role->path, role->name);
    role->id = role_unique_id(rq->arena, role->account, role->name);
    role->created = rq->received_at;
    return submit(rq, change, "CreateRole");
}

enum s3_code op_get_role(struct request *rq)
{
    struct role role;
    str was;
    struct query_answer answer;
    enum s3_code code = find_role(rq, &role, &was);
    if (code != S3_OK)
        return code;
    query_call_begin(rq, &answer, "GetRole", true);
    write_role(rq, &answer.xml, "Role", &role);
    return query_call_end(rq, &answer);
}

enum s3_code op_list_roles(struct request *rq)
{
    struct store_doc_list list;
    struct query_answer answer;
    struct role role;
    str prefix = request_query(rq, "PathPrefix");
    enum store_result found = store_doc_list(rq->lane->reader, rq->arena, STR(ROLE_KIND), &list);
    if (found != STORE_OK)
        return s3_code_from_store(found);
    query_call_begin(rq, &answer, "ListRoles", true);
    xml_open(&answer.xml, "Roles");
    for (size_t i = 0; i < list.count; i++)
        if (role_from_doc(rq->arena, list.at[i].id, list.at[i].body, &role) &&
            str_eq(role.account, rq->who.account) && str_starts(role.path, prefix))
            write_role(rq, &answer.xml, "member", &role);
    xml_close(&answer.xml);
    xml_boolean(&answer.xml, "IsTruncated", false);
    return query_call_end(rq, &answer);
}

enum s3_code op_delete_role(struct request *rq)
{
    struct role_change *change = ARENA_NEW(rq->arena, struct role_change);
    enum s3_code code = find_role(rq, &change->role, &change->was);
    if (code != S3_OK)
        return code;
    if (change->role.policies.count > 0) {
        request_message(rq, "Cannot delete entity, must delete policies first.");
        return S3_DeleteConflict;
    }
    change->doc =
        (struct store_doc){ .kind = STR(ROLE_KIND),
                            .id = role_doc_id(rq->arena, change->role.account, change->role.name) };
    return submit(rq, change, "DeleteRole");
}

enum s3_code op_update_assume_role_policy(struct request *rq)
{
    struct role_change *change = ARENA_NEW(rq->arena, struct role_change);
    str text;
    enum s3_code code = read_document(rq, "PolicyDocument", POLICY_TRUST, &text);
    if (code == S3_OK)
        code = find_role(rq, &change->role, &change->was);
    if (code != S3_OK)
        return code;
    change->role.trust = text;
    return submit(rq, change, "UpdateAssumeRolePolicy");
}

static size_t policy_at(const struct role *role, str name)
{
    size_t at = 0;
    while (at < role->policies.count && !str_eq(role->policies.at[at].name, name))
        at++;
    return at;
}

enum s3_code op_put_role_policy(struct request *rq)
{
    struct role_change *change = ARENA_NEW(rq->arena, struct role_change);
    struct fields *policies = &change->role.policies;
    str name, text;
    enum s3_code code = read_policy_name(rq, &name);
    if (code == S3_OK)
        code = read_document(rq, "PolicyDocument", POLICY_IDENTITY, &text);
    if (code == S3_OK)
        code = find_role(rq, &change->role, &change->was);
    if (code != S3_OK)
        return code;
    size_t at = policy_at(&change->role, name);
    if (at < policies->count)
        policies->at[at].value = text;
    else
        fields_add(rq->arena, policies, name, text);
    return submit(rq, change, "PutRolePolicy");
}

static enum s3_code find_policy(struct request *rq, struct role *role, str *was, size_t *at)
{
    str name;
    enum s3_code code = read_policy_name(rq, &name);
    if (code == S3_OK)
        code = find_role(rq, role, was);
    if (code != S3_OK)
        return code;
    *at = policy_at(role, name);
    if (*at < role->policies.count)
        return S3_OK;
    request_message(rq, "The role policy with name %.*s cannot be found.", STR_ARG(name));
    return S3_NoSuchEntity;
}

enum s3_code op_get_role_policy(struct request *rq)
{
    struct role role;
    struct query_answer answer;
    str was;
    size_t at;
    enum s3_code code = find_policy(rq, &role, &was, &at);
    if (code != S3_OK)
        return code;
    query_call_begin(rq, &answer, "GetRolePolicy", true);
    xml_element(&answer.xml, "RoleName", role.name);
    xml_element(&answer.xml, "PolicyName", role.policies.at[at].name);
    xml_element(&answer.xml, "PolicyDocument",
                encode_uri(rq->arena, role.policies.at[at].value, false));
    return query_call_end(rq, &answer);
}

enum s3_code op_list_role_policies(struct request *rq)
{
    struct role role;
    str was;
    struct query_answer answer;
    enum s3_code code = find_role(rq, &role, &was);
    if (code != S3_OK)
        return code;
    query_call_begin(rq, &answer, "ListRolePolicies", true);
    xml_open(&answer.xml, "PolicyNames");
    for (size_t i = 0; i < role.policies.count; i++)
        xml_element(&answer.xml, "member", role.policies.at[i].name);
    xml_close(&answer.xml);
    xml_boolean(&answer.xml, "IsTruncated", false);
    return query_call_end(rq, &answer);
}

enum s3_code op_delete_role_policy(struct request *rq)
{
    struct role_change *change = ARENA_NEW(rq->arena, struct role_change);
    struct fields *policies = &change->role.policies;
    size_t at;
    enum s3_code code = find_policy(rq, &change->role, &change->was, &at);
    if (code != S3_OK)
        return code;
    for (policies->count--; at < policies->count; at++)
        policies->at[at] = policies->at[at + 1];
    return submit(rq, change, "DeleteRolePolicy");
}
