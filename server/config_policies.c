/* "roles", and the policies of accounts and roles: documents within the document. They are judged
 * here, with AWS's words, and kept as the text that IAM's calls keep. */
#include "server/auth/policy.h"
#include "server/config_read.h"
#include "server/control/role.h"

static void write_value(struct json_writer *writer, const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        json_nothing(writer, NULL);
        return;
    case JSON_BOOL:
        json_boolean(writer, NULL, value->boolean);
        return;
    case JSON_NUMBER:
        json_real(writer, NULL, value->number);
        return;
    case JSON_STRING:
        json_text(writer, NULL, value->string);
        return;
    case JSON_ARRAY:
        json_array(writer, NULL);
        break;
    case JSON_OBJECT:
        json_object(writer, NULL);
        break;
    }
    for (const struct json *child = value->child; child; child = child->next) {
        if (value->kind == JSON_OBJECT)
            json_key(writer, child->name);
        write_value(writer, child);
    }
    json_end(writer);
}

static str policy_text(struct config_reading *reading, struct config_node node,
                       enum policy_kind kind)
{
    struct buf buf;
    struct json_writer writer;
    str text = node.json->string, why;
    if (node.json->kind == JSON_OBJECT) {
        buf_init_arena(&buf, reading->arena, LIMIT_JSON_BYTES);
        json_begin(&writer, &buf);
        write_value(&writer, node.json);
        text = buf_str(&buf);
    } else if (!config_read_kind(reading, node, JSON_STRING))
        return STR("");
    if (!policy_parse(reading->arena, text, kind, STR_NONE, &why))
        config_read_problem(reading, node, "is no policy: %.*s", STR_ARG(why));
    return text;
}

/* {"NAME": policy} or [policy]; a policy is an object, or its text. */
void config_read_policies(struct config_reading *reading, struct config_node node,
                          struct fields *out)
{
    struct config_node list = config_read_member(reading, node, "policies");
    size_t index = 0;
    if (list.json == NULL)
        return;
    bool named = list.json->kind == JSON_OBJECT;
    if (!named && !config_read_kind(reading, list, JSON_ARRAY))
        return;
    for (const struct json *child = list.json->child; child; child = child->next, index++) {
        struct config_node one = named ? config_read_child(reading, list, child)
                                       : config_read_element(reading, list, child, index);
        str name = named ? child->name : str_format(reading->arena, "%zu", index + 1);
        fields_add(reading->arena, out, name, policy_text(reading, one, POLICY_IDENTITY));
    }
}

/* "replicator", "/team/replicator" or the whole ARN. */
static bool read_name(struct config_role *role, struct arena *arena, str text)
{
    str account, name, marker = STR(":role");
    bool arn = role_arn_parse(text, &account, &name);
    if (str_starts(text, STR("arn:")) && !arn)
        return false;
    str path = arn ? str_skip(text, str_find(text, marker) + marker.size) : text;
    size_t slash = path.size;
    while (slash > 0 && path.ptr[slash - 1] != '/')
        slash--;
    role->account = arn ? account : STR("");
    role->name = str_skip(path, slash);
    role->path = slash > 0 ? str_first(path, slash) : STR("/");
    if (role->path.ptr[0] != '/')
        role->path = str_format(arena, "/%.*s", STR_ARG(role->path));
    return role->name.size > 0 && role->name.size <= 64;
}

void config_read_roles(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    for (const struct json *child = node.json->child; child; child = child->next) {
        struct config_node at = config_read_child(reading, node, child);
        struct config_role role = { .at = config_read_at(reading, child) };
        if (!read_name(&role, reading->arena, child->name))
            config_read_problem(reading, at, "'%.*s' is neither a role's name nor its ARN",
                                STR_ARG(child->name));
        if (!config_read_object(reading, at, "policies|trust"))
            continue;
        config_read_policies(reading, at, &role.policies);
        struct config_node trust = config_read_member(reading, at, "trust");
        if (trust.json)
            role.trust = policy_text(reading, trust, POLICY_TRUST);
        document->roles = config_read_grow(reading->arena, document->roles, document->role_count,
                                           sizeof *document->roles);
        document->roles[document->role_count++] = role;
    }
}
