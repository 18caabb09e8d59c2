/* A role to and from its document. */
#include "server/control/role.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"

str role_doc_id(struct arena *arena, str account, str name)
{
    return str_format(arena, "%.*s/%.*s", STR_ARG(account), STR_ARG(name));
}

str role_arn(struct arena *arena, str account, str path, str name)
{
    return str_format(arena, "arn:aws:iam::%.*s:role%.*s%.*s", STR_ARG(account), STR_ARG(path),
                      STR_ARG(name));
}

str role_unique_id(struct arena *arena, str account, str name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    str id = role_doc_id(arena, account, name);
    struct digest_value hash = digest_of(DIGEST_SHA256, id.ptr, id.size);
    char out[] = "AROA.................";
    for (size_t i = 4; i + 1 < sizeof out; i++)
        out[i] = letters[hash.bytes[i] % 32];
    return str_copy(arena, str_of(out));
}

bool role_arn_parse(str arn, str *account, str *name)
{
    const str prefix = STR("arn:aws:iam::");
    str resource;
    if (!str_starts(arn, prefix) || !str_cut(str_skip(arn, prefix.size), ':', account, &resource) ||
        account->size != 12 || !str_starts(resource, STR("role/")))
        return false;
    str rest = resource;
    while (str_next(&rest, '/', name))
        continue;
    return name->size > 0;
}

struct store_doc role_to_doc(struct arena *arena, const struct role *role)
{
    struct buf buf;
    struct json_writer writer;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    json_text(&writer, "name", role->name);
    json_text(&writer, "arn", role->arn);
    json_text(&writer, "path", role->path);
    json_text(&writer, "id", role->id);
    json_text(&writer, "trust", role->trust);
    json_object(&writer, "policies");
    for (size_t i = 0; i < role->policies.count; i++) {
        json_key(&writer, role->policies.at[i].name);
        json_text(&writer, NULL, role->policies.at[i].value);
    }
    json_end(&writer);
    json_text(&writer, "created", instant_iso8601(arena, role->created));
    json_end(&writer);
    return (struct store_doc){ .kind = STR(ROLE_KIND),
                               .id = role_doc_id(arena, role->account, role->name),
                               .body = buf_str(&buf) };
}

bool role_from_doc(struct arena *arena, str id, str body, struct role *out)
{
    struct json_error error;
    str rest;
    const struct json *object = json_parse(arena, body, &error);
    *out = (struct role){ .account = STR_NONE };
    if (object == NULL || object->kind != JSON_OBJECT ||
        !str_cut(str_copy(arena, id), '/', &out->account, &rest))
        return false;
    out->name = json_string(object, "name", rest);
    out->path = json_string(object, "path", STR("/"));
    out->arn = json_string(object, "arn", role_arn(arena, out->account, out->path, out->name));
    out->id = json_string(object, "id", role_unique_id(arena, out->account, out->name));
    out->trust = json_string(object, "trust", STR(""));
    const struct json *policies = json_member(object, "policies");
    for (const struct json *at = policies ? policies->child : NULL; at; at = at->next)
        if (at->kind == JSON_STRING)
            fields_add(arena, &out->policies, at->name, at->string);
    if (!instant_parse_iso8601(json_string(object, "created", STR_NONE), &out->created))
        out->created = (instant){ 0 };
    return true;
}

bool role_find(struct store_reader *reader, struct arena *arena, str account, str name,
               struct role *out)
{
    str id = role_doc_id(arena, account, name), body;
    return store_doc_get(reader, arena, STR(ROLE_KIND), id, &body) == STORE_OK &&
           role_from_doc(arena, id, body, out);
}
