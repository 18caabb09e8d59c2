/* Requests of clients, made inside: no sockets, no signatures. A target's first word is an access
 * point, asked at the host of its alias, or a bucket, asked at its Region's own endpoint. */
#include "scenario/answer.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/limits.h"
#include "server/judge.h"
#include "server/mraps.h"
#include "server/request.h"

#define MOST_SIZE (256ull << 20) /* of size=: bodies made up here */

struct asked {
    struct call *call;
    const char *method;
    str host;
    str target;
    struct fields headers;
    str body;
    char *made; /* the body, when it was made up; to be freed */
    str about;  /* for the timeline: what the line named */
};

/* --- where to --- */

static str host_of_bucket(struct run *run, str name)
{
    struct bucket_info bucket;
    bool found = store_bucket_get(run->lane->reader, run->arena, name, &bucket) == STORE_OK;
    return str_format(run->arena, "s3.%.*s.amazonaws.com",
                      STR_ARG(found ? bucket.region : STR("us-east-1")));
}

/* "orders/cart.json": *path gets what stands before the key, and *key the key. */
static str find_host(struct run *run, str target, str *path, str *key)
{
    str place;
    (void) str_cut(target, '/', &place, key);
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    const struct mrap *mrap = mrap_by_name(list, run->world->settings->account, place);
    str host = mrap ? str_format(run->arena, "%.*s.accesspoint.s3-global.amazonaws.com",
                                 STR_ARG(str_first(mrap->alias, mrap->alias.size)))
                    : STR_NONE;
    mraps_release(list);
    *path = STR("/");
    if (host.size > 0)
        return host;
    *path = str_format(run->arena, "/%.*s/", STR_ARG(place));
    store_read_begin(run->lane->reader);
    return host_of_bucket(run, place);
}

static void aim(struct asked *asked, const char *method, str target)
{
    struct run *run = asked->call->run;
    str path, key;
    asked->method = method;
    asked->host = find_host(run, target, &path, &key);
    asked->target = str_format(run->arena, "%.*s%.*s", STR_ARG(path),
                               STR_ARG(encode_uri(run->arena, key, true)));
    asked->about = target;
}

static void add_query(struct asked *asked, const char *name, str value)
{
    struct arena *arena = asked->call->run->arena;
    bool first = str_find_char(asked->target, '?') == asked->target.size;
    asked->target =
        str_format(arena, "%.*s%s%s%s%.*s", STR_ARG(asked->target), first ? "?" : "&", name,
                   str_is_set(value) ? "=" : "", STR_ARG(encode_uri(arena, value, false)));
}

static void add_header(struct asked *asked, const char *name, str value)
{
    fields_add(asked->call->run->arena, &asked->headers, str_of(name), value);
}

static void add_etag(struct asked *asked, const char *setting, const char *header)
{
    str etag = call_setting(asked->call, setting);
    bool bare = etag.size > 0 && etag.ptr[0] != '"' && !str_is(etag, "*");
    if (str_is_set(etag))
        add_header(asked, header,
                   bare ? str_format(asked->call->run->arena, "\"%.*s\"", STR_ARG(etag)) : etag);
}

/* What many verbs share: version=, conditions, header "Name: value". */
static void add_options(struct asked *asked)
{
    const struct call *call = asked->call;
    if (str_is_set(call_setting(call, "version")))
        add_query(asked, "versionId", call_setting(call, "version"));
    add_etag(asked, "if-match", "If-Match");
    add_etag(asked, "if-none-match", "If-None-Match");
    for (size_t i = 0; i + 1 < call->count; i++) {
        str name, value;
        if (call->words[i].quoted || !str_is(call->args[i], "header"))
            continue;
        (void) str_cut(call->args[i + 1], ':', &name, &value);
        fields_add(call->run->arena, &asked->headers, str_trim(name), str_trim(value));
    }
}

/* A text of the line, or size= bytes of a fixed pattern. */
static bool take_body(struct asked *asked)
{
    struct call *call = asked->call;
    str size = call_setting(call, "size");
    uint64_t bytes = 0;
    if (call_text(call, 1, &asked->body) || !str_is_set(size))
        return true;
    if (!size_parse(size, &bytes) || bytes > MOST_SIZE)
        return run_fail(call, "'%.*s' is no size up to 256MiB", STR_ARG(size));
    asked->made = mem_alloc(bytes + 1);
    for (uint64_t i = 0; i < bytes; i++)
        asked->made[i] = (char) ('a' + i % 26);
    asked->body = str_from(asked->made, bytes);
    return true;
}

/* --- sending --- */

static void fill(struct request *rq, const struct asked *asked)
{
    const struct call *call = asked->call;
    rq->method = str_copy(rq->arena, str_of(asked->method));
    rq->target = str_copy(rq->arena, asked->target);
    rq->peer = STR("127.0.0.1");
    rq->peer_is_loopback = true;
    fields_add(rq->arena, &rq->headers, STR("Host"), str_copy(rq->arena, asked->host));
    for (size_t i = 0; i < asked->headers.count; i++)
        fields_add(rq->arena, &rq->headers, str_copy(rq->arena, asked->headers.at[i].name),
                   str_copy(rq->arena, asked->headers.at[i].value));
    if (!str_is_set(fields_get(&rq->headers, "x-atoll-client")))
        fields_add(rq->arena, &rq->headers, STR("x-atoll-client"),
                   str_copy(rq->arena, call->line->words[0].text));
    if (asked->body.size > 0 || str_is(rq->method, "PUT") || str_is(rq->method, "POST"))
        fields_set(rq->arena, &rq->headers, STR("Content-Length"),
                   str_format(rq->arena, "%zu", asked->body.size));
}

static void tell(struct run *run, const struct asked *asked)
{
    const struct request *rq = run->last;
    str id = answer_header(run, "x-amz-version-id");
    str text = str_format(run->arena, "%.*s %.*s %.*s  %.*s  %d%s%.*s%s%.8s%s%s",
                          STR_ARG(asked->call->line->words[0].text), STR_ARG(rq->method),
                          STR_ARG(asked->about), STR_ARG(rq->region.size ? rq->region : STR("-")),
                          rq->reply.status, rq->code != S3_OK ? " " : "",
                          STR_ARG(rq->code != S3_OK ? s3_error_of(rq->code)->code : STR_NONE),
                          id.size ? "  " : "", id.size ? str_c(run->arena, id) : "",
                          rq->freshness ? "  " : "",
                          rq->freshness ? freshness_name(rq->freshness->verdict) : "");
    str answer = run->verbose ? answer_text(run, run->arena) : STR_NONE;
    timeline_add(run->timeline,
                 &(struct timeline_event){
                     .at = rq->received_at, .text = text, .detail = answer, .region = rq->region });
}

static bool send(struct asked *asked)
{
    struct run *run = asked->call->run;
    run_forget_answer(run);
    run->last = request_new(run->lane, &world_request_host);
    fill(run->last, asked);
    world_request(run->last, asked->body);
    free(asked->made);
    run->body = answer_read_body(run->last);
    store_read_idle(run->lane->reader);
    tell(run, asked);
    return true;
}

/* --- the verbs --- */

bool requests_put(struct call *call)
{
    struct asked asked = { .call = call };
    aim(&asked, "PUT", call->args[0]);
    add_options(&asked);
    return take_body(&asked) && send(&asked);
}

static bool simple(struct call *call, const char *method)
{
    struct asked asked = { .call = call };
    aim(&asked, method, call->args[0]);
    add_options(&asked);
    return send(&asked);
}

bool requests_get(struct call *call)
{
    return simple(call, "GET");
}

bool requests_head(struct call *call)
{
    return simple(call, "HEAD");
}

bool requests_delete(struct call *call)
{
    return simple(call, "DELETE");
}

static str copy_source(struct call *call, str source)
{
    struct run *run = call->run;
    str place, key, version = call_setting(call, "version");
    (void) str_cut(source, '/', &place, &key);
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    const struct mrap *mrap = mrap_by_name(list, run->world->settings->account, place);
    str path = mrap ? str_format(run->arena, "arn:aws:s3::%.*s:accesspoint/%.*s/object/%.*s",
                                 STR_ARG(mrap->account), STR_ARG(mrap->alias),
                                 STR_ARG(encode_uri(run->arena, key, true)))
                    : encode_uri(run->arena, source, true);
    mraps_release(list);
    if (!str_is_set(version))
        return path;
    return str_format(run->arena, "%.*s?versionId=%.*s", STR_ARG(path),
                      STR_ARG(encode_uri(run->arena, version, false)));
}

bool requests_copy(struct call *call)
{
    struct call options = *call;
    struct asked asked = { .call = &options };
    aim(&asked, "PUT", call->args[1]);
    add_header(&asked, "x-amz-copy-source", copy_source(call, call->args[0]));
    /* version= is the source's: it went into the header. */
    struct lex_word *words = arena_copy(call->run->arena, call->words, call->count * sizeof *words);
    for (size_t i = 0; i < call->count; i++)
        words[i].quoted = words[i].quoted || str_starts(call->args[i], STR("version="));
    options.words = words;
    add_options(&asked);
    return send(&asked);
}

bool requests_list(struct call *call)
{
    struct asked asked = { .call = call };
    str place, prefix, token = call_setting(call, "token"), max = call_setting(call, "max");
    (void) str_cut(call->args[0], '/', &place, &prefix);
    aim(&asked, "GET", place);
    add_query(&asked, "list-type", STR("2"));
    if (prefix.size > 0)
        add_query(&asked, "prefix", prefix);
    if (str_is_set(max))
        add_query(&asked, "max-keys", max);
    if (str_is_set(token))
        add_query(&asked, "continuation-token", token);
    asked.about = call->args[0];
    return send(&asked);
}

bool requests_tag(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = { .call = call };
    struct buf document;
    struct xml_writer writer;
    buf_init_arena(&document, run->arena, LIMIT_XML_BYTES);
    xml_begin(&writer, &document, "Tagging", XML_NS_S3);
    xml_open(&writer, "TagSet");
    for (size_t i = 1; i < call->count; i++) {
        str key, value;
        if (!str_cut(call->args[i], '=', &key, &value))
            return run_fail(call, "'%.*s' is no tag: write KEY=VALUE", STR_ARG(call->args[i]));
        xml_open(&writer, "Tag");
        xml_element(&writer, "Key", key);
        xml_element(&writer, "Value", value);
        xml_close(&writer);
    }
    xml_end(&writer);
    aim(&asked, "PUT", call->args[0]);
    add_query(&asked, "tagging", STR_NONE);
    asked.body = buf_str(&document);
    return send(&asked);
}

bool requests_delete_many(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = { .call = call };
    struct buf document;
    struct xml_writer writer;
    str place, key;
    (void) str_cut(call->args[0], '/', &place, &key);
    aim(&asked, "POST", place);
    add_query(&asked, "delete", STR_NONE);
    buf_init_arena(&document, run->arena, LIMIT_XML_BYTES);
    xml_begin(&writer, &document, "Delete", XML_NS_S3);
    for (size_t i = 0; i < call->count; i++) {
        str other;
        (void) str_cut(call->args[i], '/', &other, &key);
        if (!str_eq(other, place))
            return run_fail(call, "all targets of a delete-many are in one bucket");
        xml_open(&writer, "Object");
        xml_element(&writer, "Key", key);
        xml_close(&writer);
    }
    xml_end(&writer);
    asked.body = buf_str(&document);
    struct digest_value md5 = digest_of(DIGEST_MD5, asked.body.ptr, asked.body.size);
    add_header(&asked, "Content-MD5", encode_base64(run->arena, md5.bytes, md5.size));
    return send(&asked);
}

/* --- multipart uploads --- */

bool requests_mpu_start(struct call *call)
{
    struct asked asked = { .call = call };
    aim(&asked, "POST", call->args[0]);
    add_query(&asked, "uploads", STR_NONE);
    return send(&asked);
}

/* By number, each once. */
static void keep_part(struct run *run, struct run_part part)
{
    struct run_part **at = &run->parts;
    while (*at && (*at)->number < part.number)
        at = &(*at)->next;
    while (*at && (*at)->number == part.number) {
        if (str_eq((*at)->upload, part.upload)) {
            (*at)->etag = part.etag;
            return;
        }
        at = &(*at)->next;
    }
    part.next = *at;
    *at = arena_copy(run->arena, &part, sizeof part);
}

bool requests_mpu_part(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = { .call = call };
    struct run_part part = { .upload = str_copy(run->arena, call_setting(call, "upload")) };
    aim(&asked, "PUT", call->args[0]);
    add_query(&asked, "partNumber", call_setting(call, "part"));
    add_query(&asked, "uploadId", part.upload);
    if (!str_to_u64(call_setting(call, "part"), &part.number))
        return run_fail(call, "a part has a number");
    if (!take_body(&asked) || !send(&asked))
        return false;
    part.etag = str_copy(run->arena, answer_etag(run));
    if (run->last->reply.status == 200)
        keep_part(run, part);
    return true;
}

bool requests_mpu_complete(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = { .call = call };
    struct buf document;
    struct xml_writer writer;
    str upload = call_setting(call, "upload");
    aim(&asked, "POST", call->args[0]);
    add_query(&asked, "uploadId", upload);
    add_options(&asked);
    buf_init_arena(&document, run->arena, LIMIT_XML_BYTES);
    xml_begin(&writer, &document, "CompleteMultipartUpload", XML_NS_S3);
    for (const struct run_part *part = run->parts; part; part = part->next) {
        if (!str_eq(part->upload, upload))
            continue;
        xml_open(&writer, "Part");
        xml_integer(&writer, "PartNumber", part->number);
        xml_element(&writer, "ETag", part->etag);
        xml_close(&writer);
    }
    xml_end(&writer);
    asked.body = buf_str(&document);
    return send(&asked);
}

bool requests_mpu_abort(struct call *call)
{
    struct asked asked = { .call = call };
    aim(&asked, "DELETE", call->args[0]);
    add_query(&asked, "uploadId", call_setting(call, "upload"));
    return send(&asked);
}

/* --- anything --- */

bool requests_raw(struct call *call)
{
    struct asked asked = { .call = call,
                           .method = str_c(call->run->arena, call->args[0]),
                           .host = call_setting(call, "host"),
                           .target = call->args[1],
                           .about = call->args[1] };
    if (asked.host.size == 0)
        asked.host = STR("localhost");
    add_options(&asked);
    (void) call_text(call, 2, &asked.body);
    return send(&asked);
}
