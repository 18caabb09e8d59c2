/* An S3 operation asked for in words: the same routing, policies, faults and store as for a client,
 * only that nobody signs. The request that is made lives inside the call that asks for it: what
 * wakes the one wakes the other, so no thread waits. */
#include "base/encode.h"
#include "server/admin/call.h"
#include "server/ask.h"
#include "server/clients.h"
#include "server/faults.h"
#include "server/judge.h"

struct doing {
    struct request *outer, *inner;
    struct ask_line line;
    str left; /* of the body, to be fed */
};

/* --- what is asked --- */

static const char *const members[] = { "op:text",
                                       "target:text",
                                       "client:text",
                                       "source:text",
                                       "version:text",
                                       "if_match:text",
                                       "if_none_match:text",
                                       "headers:object",
                                       "body:text",
                                       "body_base64:text",
                                       "tags:object",
                                       "targets:list",
                                       "max:number",
                                       "token:text",
                                       "upload:text",
                                       "part:number",
                                       "parts:list",
                                       NULL };

static bool refuse(struct request *rq, str detail, str hint)
{
    (void) admin_problem(rq, 400, "bad-document", detail, hint);
    return false;
}

static bool has_word(str words, str word)
{
    str one;
    while (words.size > 0 && str_next(&words, ' ', &one))
        if (str_eq(one, word))
            return true;
    return false;
}

static bool find_op(struct admin_call *call, str word, const struct ask_op **out)
{
    str names[32];
    size_t count = 0;
    for (; ask_op_at(count) && count < COUNT(names); count++) {
        names[count] = str_of(ask_op_at(count)->word);
        if (str_eq(names[count], word)) {
            *out = ask_op_at(count);
            return true;
        }
    }
    struct admin_unknown unknown = {
        400,
        "unknown-op",
        str_format(call->rq->arena, "there is no operation '%.*s'", STR_ARG(word)),
        word,
        names,
        count,
        STR_NONE,
        STR_NONE
    };
    (void) admin_unknown(call->rq, &unknown);
    return false;
}

/* "delete takes no body". */
static bool members_fit(struct admin_call *call, const struct ask_op *op)
{
    static const str always = { "op target client", 16 };
    for (const struct json *m = call->document->child; m; m = m->next)
        if (!has_word(always, m->name) && !has_word(str_of(op->members), m->name))
            return refuse(
                call->rq,
                str_format(call->rq->arena, "%s takes no %.*s", op->word, STR_ARG(m->name)),
                str_format(call->rq->arena, "it takes %s", op->members));
    return true;
}

static bool read_texts(struct admin_call *call, const char *name, struct fields *out)
{
    const struct json *object = json_member(call->document, name);
    for (const struct json *one = object ? object->child : NULL; one; one = one->next) {
        bool sound = one->kind == JSON_STRING &&
                     str_find_char(one->string, '\n') == one->string.size &&
                     str_find_char(one->string, '\r') == one->string.size;
        if (!sound || one->name.size == 0)
            return refuse(call->rq,
                          str_format(call->rq->arena, "%s.%.*s must be a text of one line", name,
                                     STR_ARG(one->name)),
                          STR_NONE);
        fields_add(call->rq->arena, out, one->name, one->string);
    }
    return true;
}

/* Headers that only who really sends a request can mean. */
static bool headers_fit(struct admin_call *call, const struct fields *headers)
{
    static const char *const not_here[] = { "Host", "Content-Length", "Transfer-Encoding",
                                            "Authorization", "x-atoll-client" };
    for (size_t h = 0; h < headers->count; h++)
        for (size_t i = 0; i < COUNT(not_here); i++)
            if (str_eq_nocase(headers->at[h].name, str_of(not_here[i])))
                return refuse(call->rq,
                              str_format(call->rq->arena, "%s is not for headers", not_here[i]),
                              STR("target says where to and client who asks; nobody signs"));
    return true;
}

static bool read_body(struct admin_call *call, struct ask *ask)
{
    str base64 = json_string(call->document, "body_base64", STR_NONE);
    ask->body = json_string(call->document, "body", STR(""));
    if (!str_is_set(base64))
        return true;
    if (json_member(call->document, "body"))
        return refuse(call->rq, STR("body and body_base64 are two bodies"), STR("send one"));
    if (!decode_base64(call->rq->arena, base64, &ask->body))
        return refuse(call->rq, STR("body_base64 is not base64"), STR_NONE);
    return true;
}

static bool read_targets(struct admin_call *call, struct ask *ask)
{
    const struct json *list = json_member(call->document, "targets");
    if (list == NULL)
        return true;
    str *targets = ARENA_ARRAY(call->rq->arena, str, list->count + 1);
    for (const struct json *one = list->child; one; one = one->next) {
        if (one->kind != JSON_STRING || one->string.size == 0)
            return refuse(call->rq, STR("targets is a list of BUCKET/KEY or ACCESS-POINT/KEY"),
                          STR_NONE);
        targets[ask->target_count++] = one->string;
    }
    ask->targets = targets;
    return true;
}

static bool is_whole(double number, double most)
{
    return number >= 0 && number <= most && number - (double) (uint64_t) number <= 0;
}

static bool read_parts(struct admin_call *call, struct ask *ask)
{
    const struct json *list = json_member(call->document, "parts");
    if (list == NULL)
        return true;
    struct ask_part *parts = ARENA_ARRAY(call->rq->arena, struct ask_part, list->count + 1);
    for (const struct json *one = list->child; one; one = one->next) {
        double number = json_number(one, "part", -1);
        str etag = json_string(one, "etag", STR(""));
        if (!is_whole(number, LIMIT_PARTS) || etag.size == 0 || one->count != 2)
            return refuse(call->rq, STR("parts is a list of {\"part\":1,\"etag\":\"...\"}"),
                          STR_NONE);
        parts[ask->part_count++] = (struct ask_part){ (uint64_t) number, etag };
    }
    ask->parts = parts;
    return true;
}

static bool read_number(struct admin_call *call, const char *name, str *out)
{
    double number = json_number(call->document, name, 0);
    if (!json_member(call->document, name))
        return true;
    if (!is_whole(number, 1e9))
        return refuse(call->rq, str_format(call->rq->arena, "%s must be a whole number", name),
                      STR_NONE);
    *out = str_format(call->rq->arena, "%.0f", number);
    return true;
}

static bool needs(struct admin_call *call, const struct ask_op *op, const char *name)
{
    if (json_member(call->document, name))
        return true;
    return refuse(call->rq, str_format(call->rq->arena, "%s needs %s", op->word, name), STR_NONE);
}

/* A target names a bucket or an access point and, but for lists, a key. */
static bool target_fits(struct admin_call *call, const struct ask_op *op, str target)
{
    str place, key;
    bool has_key = str_cut(target, '/', &place, &key) && key.size > 0;
    if (place.size > 0 && (has_key || str_is(str_of(op->word), "list")))
        return true;
    return refuse(call->rq, str_format(call->rq->arena, "'%.*s' is no target", STR_ARG(target)),
                  STR("write BUCKET/KEY or ACCESS-POINT/KEY"));
}

static bool targets_fit(struct admin_call *call, const struct ask_op *op, const struct ask *ask)
{
    for (size_t i = 0; i < ask->target_count; i++)
        if (!target_fits(call, op, ask->targets[i]))
            return false;
    if (str_is(str_of(op->word), "delete-many"))
        return needs(call, op, "targets") &&
               (ask->target_count > 0 ||
                refuse(call->rq, STR("targets is empty"), STR("name at least one")));
    return needs(call, op, "target") && target_fits(call, op, ask->target);
}

/* What an operation cannot do without. */
static bool is_whole_ask(struct admin_call *call, const struct ask_op *op)
{
    static const char *const musts[] = { "source", "tags", "upload", "part", "parts" };
    for (size_t i = 0; i < COUNT(musts); i++)
        if (has_word(str_of(op->members), str_of(musts[i])) && !needs(call, op, musts[i]))
            return false;
    return true;
}

static bool read_ask(struct admin_call *call, struct ask *ask)
{
    const struct json *document = call->document;
    const struct ask_op *op = NULL;
    if (!admin_members(call, members))
        return false;
    *ask = (struct ask){ .op = json_string(document, "op", STR("")),
                         .target = json_string(document, "target", STR("")),
                         .source = json_string(document, "source", STR_NONE),
                         .version = json_string(document, "version", STR_NONE),
                         .if_match = json_string(document, "if_match", STR_NONE),
                         .if_none_match = json_string(document, "if_none_match", STR_NONE),
                         .token = json_string(document, "token", STR_NONE),
                         .upload = json_string(document, "upload", STR_NONE) };
    return find_op(call, ask->op, &op) && members_fit(call, op) && is_whole_ask(call, op) &&
           read_texts(call, "headers", &ask->headers) && headers_fit(call, &ask->headers) &&
           read_texts(call, "tags", &ask->tags) && read_body(call, ask) &&
           read_targets(call, ask) && read_parts(call, ask) &&
           read_number(call, "max", &ask->max) && read_number(call, "part", &ask->part) &&
           targets_fit(call, op, ask);
}

/* --- what is answered --- */

/* What is beyond the bound is left out, and that said. */
static str read_reply(struct arena *arena, struct request *inner)
{
    struct buf kept;
    buf_init_arena(&kept, arena, LIMIT_DO_BODY_BYTES);
    if (inner->reply.head)
        return STR("");
    if (inner->reply.body == NULL)
        return str_first(inner->reply.bytes, LIMIT_DO_BODY_BYTES);
    while (kept.size < LIMIT_DO_BODY_BYTES) {
        size_t wanted =
            LIMIT_DO_BODY_BYTES - kept.size < 65536 ? LIMIT_DO_BODY_BYTES - kept.size : 65536;
        char *room = buf_reserve(&kept, wanted);
        ssize_t got = room ? body_reader_read(inner->reply.body, room, wanted) : 0;
        if (got <= 0)
            break;
        kept.size += (size_t) got;
    }
    return buf_str(&kept);
}

static void write_body(struct request *rq, struct json_writer *w, struct request *inner)
{
    str body = read_reply(rq->arena, inner);
    bool is_text = utf8_is_valid(body) && memchr(body.ptr ? body.ptr : "", 0, body.size) == NULL;
    json_integer(w, "size", (int64_t) inner->reply.size_bytes);
    if (inner->reply.head)
        return;
    json_text(w, is_text ? "body" : "body_base64",
              is_text ? body : encode_base64(rq->arena, body.ptr, body.size));
    if (body.size < inner->reply.size_bytes)
        json_boolean(w, "truncated", true);
}

/* Those that S3 means for its caller; what atoll says is said in members of its own. */
static void write_headers(struct json_writer *w, const struct fields *headers)
{
    static const char *const known[] = { "Server", "x-amz-id-2", "x-amz-request-id", "ETag" };
    json_object(w, "headers");
    for (size_t i = 0; i < headers->count; i++) {
        str name = headers->at[i].name;
        bool skip = str_starts_nocase(name, STR("x-atoll"));
        for (size_t k = 0; k < COUNT(known); k++)
            skip = skip || str_eq_nocase(name, str_of(known[k]));
        for (size_t before = 0; before < i; before++)
            skip = skip || str_eq_nocase(name, headers->at[before].name);
        if (skip)
            continue;
        json_key(w, name);
        json_text(w, NULL, headers->at[i].value);
    }
    json_end(w);
}

static void write_freshness(struct json_writer *w, const struct freshness *freshness)
{
    if (freshness == NULL)
        return;
    json_object(w, "freshness");
    json_text(w, "verdict", str_of(freshness_name(freshness->verdict)));
    json_integer(w, "behind", freshness->behind);
    if (freshness->verdict != FRESH)
        json_real(w, "age_s", (double) freshness->age.ns / 1e9);
    json_end(w);
}

static void write_route(struct json_writer *w, const struct request *inner)
{
    json_object(w, "client");
    json_text(w, "name", inner->client->name);
    json_text(w, "at", inner->client->place.name);
    json_end(w);
    if (inner->region.size == 0)
        return;
    json_text(w, "region", inner->region);
    if (inner->has_bucket)
        json_text(w, "bucket", inner->bucket.name);
    json_text(w, "reason", route_reason_name(inner->route.reason));
}

static void write_result(struct json_writer *w, struct request *inner)
{
    str etag = fields_get(&inner->reply.headers, "ETag"),
        version = fields_get(&inner->reply.headers, "x-amz-version-id");
    const struct s3_error *error = s3_error_of(inner->code);
    json_text(w, "id", inner->id);
    json_integer(w, "status", inner->reply.status);
    if (inner->code != S3_OK) {
        json_text(w, "code", error->code);
        json_text(w, "message", inner->message.size ? inner->message : error->message);
    }
    if (etag.size > 2)
        json_text(w, "etag", str_from(etag.ptr + 1, etag.size - 2));
    if (version.size > 0)
        json_text(w, "version_id", version);
    if (inner->fault)
        json_text(w, "fault", inner->fault->names);
}

static enum s3_code answer(struct request *rq, struct request *inner)
{
    struct buf buf;
    struct json_writer w = admin_begin(rq, &buf);
    write_result(&w, inner);
    write_route(&w, inner);
    write_freshness(&w, inner->freshness);
    write_headers(&w, &inner->reply.headers);
    write_body(rq, &w, inner);
    json_end(&w);
    return admin_reply(rq, &buf);
}

/* --- the two on their way --- */

static void wake_outer(struct request *inner)
{
    struct doing *doing = inner->connection;
    doing->outer->host->wake(doing->outer);
}

static const struct request_host inside = { .wake = wake_outer };

/* Also when the one who asked has gone: by then nothing is waited for. */
static void end(void *arg)
{
    struct doing *doing = arg;
    request_free(doing->inner, true);
    doing->inner = NULL;
}

static enum s3_code resume(struct request *rq);

static enum s3_code go_on(struct doing *doing, enum request_next next)
{
    if (request_feed(doing->inner, next, &doing->left) == REQUEST_WAITS)
        return request_wait(doing->outer, resume);
    enum s3_code code = answer(doing->outer, doing->inner);
    end(doing);
    return code;
}

static enum s3_code resume(struct request *rq)
{
    struct doing *doing = admin_call_of(rq)->state;
    return go_on(doing, request_resume(doing->inner));
}

enum s3_code admin_do(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct ask ask;
    str client = json_string(call->document, "client", STR("")), problem;
    struct doing *doing = ARENA_NEW(rq->arena, struct doing);
    if (!read_ask(call, &ask) || (client.size > 0 && admin_client(rq, client) == NULL))
        return S3_OK;
    if (!ask_read(rq->lane, rq->arena, &ask, &doing->line, &problem))
        return admin_problem(rq, 400, "bad-document", problem, STR_NONE);
    doing->outer = rq;
    doing->inner = ask_request(rq->lane, &inside, &doing->line, client);
    doing->inner->connection = doing;
    doing->inner->inside = true;
    doing->left = doing->line.body;
    call->state = doing;
    arena_defer(rq->arena, end, doing);
    return go_on(doing, request_head(doing->inner));
}
