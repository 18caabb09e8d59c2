/* Asynchronous requests as documents, and their ARNs; see async.h. */
#include "server/async.h"

#include "base/json.h"

static const char *const kind_paths[] = { "create", "delete", "put-policy" };
static const char *const operation_names[] = { "CreateMultiRegionAccessPoint",
                                               "DeleteMultiRegionAccessPoint",
                                               "PutMultiRegionAccessPointPolicy" };

const char *async_operation(enum async_kind kind)
{
    return operation_names[kind];
}

void async_fail(struct async_record *record, enum s3_code code, str resource)
{
    const struct s3_error *error = s3_error_of(code);
    if (record->error_code.size > 0)
        return;
    record->error_code = error->code;
    record->error_message = error->message;
    record->error_resource = resource;
}

struct store_doc async_to_doc(struct arena *arena, const struct async_record *record)
{
    struct buf buf;
    struct json_writer writer;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    json_text(&writer, "operation", str_of(kind_paths[record->kind]));
    json_text(&writer, "account", record->account);
    json_text(&writer, "client_token", record->client_token);
    json_instant(&writer, "created_at", record->created_at);
    json_text(&writer, "request_id", record->request_id);
    json_instant(&writer, "due_at", record->due_at);
    json_boolean(&writer, "over", record->over);
    json_text(&writer, "ordinal", str_format(arena, "%llu", (unsigned long long) record->ordinal));
    json_text(&writer, "name", record->name);
    json_text(&writer, "policy", record->policy);
    json_array(&writer, "block");
    for (size_t i = 0; i < COUNT(record->block); i++)
        json_boolean(&writer, NULL, record->block[i]);
    json_end(&writer);
    json_array(&writer, "regions");
    for (size_t i = 0; i < record->region_count; i++) {
        json_object(&writer, NULL);
        json_text(&writer, "bucket", record->regions[i].bucket);
        json_text(&writer, "account", record->regions[i].account);
        json_text(&writer, "region", record->regions[i].region);
        json_boolean(&writer, "failed", record->regions[i].failed);
        json_end(&writer);
    }
    json_end(&writer);
    json_text(&writer, "error_code", record->error_code);
    json_text(&writer, "error_message", record->error_message);
    json_text(&writer, "error_resource", record->error_resource);
    json_end(&writer);
    return (
        struct store_doc){ .kind = STR(ASYNC_KIND), .id = record->token, .body = buf_str(&buf) };
}

bool async_from_doc(struct arena *arena, const struct store_doc *doc, struct async_record *out)
{
    struct json_error error;
    const struct json *object = json_parse(arena, doc->body, &error);
    if (object == NULL)
        return false;
    *out =
        (struct async_record){ .token = str_copy(arena, doc->id),
                               .account = json_string(object, "account", STR_NONE),
                               .client_token = json_string(object, "client_token", STR_NONE),
                               .created_at = json_instant_of(object, "created_at"),
                               .request_id = json_string(object, "request_id", STR_NONE),
                               .due_at = json_instant_of(object, "due_at"),
                               .over = json_bool(object, "over", true),
                               .name = json_string(object, "name", STR_NONE),
                               .policy = json_string(object, "policy", STR_NONE),
                               .error_code = json_string(object, "error_code", STR_NONE),
                               .error_message = json_string(object, "error_message", STR_NONE),
                               .error_resource = json_string(object, "error_resource", STR_NONE) };
    str operation = json_string(object, "operation", STR_NONE);
    if (!str_to_u64(json_string(object, "ordinal", STR("0")), &out->ordinal))
        return false;
    for (unsigned i = 0; i < COUNT(kind_paths); i++)
        if (str_is(operation, kind_paths[i]))
            out->kind = (enum async_kind) i;
    const struct json *block = json_member(object, "block");
    const struct json *flag = block ? block->child : NULL;
    for (size_t i = 0; i < COUNT(out->block) && flag; i++, flag = flag->next)
        out->block[i] = flag->boolean;
    const struct json *regions = json_member(object, "regions");
    const struct json *region = regions ? regions->child : NULL;
    for (; region && out->region_count < LIMIT_REGIONS_PER_MRAP; region = region->next)
        out->regions[out->region_count++] = (struct async_region){
            json_string(region, "bucket", STR_NONE), json_string(region, "account", STR_NONE),
            json_string(region, "region", STR_NONE), json_bool(region, "failed", false)
        };
    return true;
}

str async_arn(struct arena *arena, const struct async_record *record)
{
    return str_format(arena, "arn:aws:s3:us-west-2:%.*s:async-request/mrap/%s/%.*s",
                      STR_ARG(record->account), kind_paths[record->kind], STR_ARG(record->token));
}
