/* Words into requests; see ask.h. */
#include "server/ask.h"

#include "base/digest.h"
#include "base/encode.h"
#include "base/limits.h"
#include "server/mraps.h"
#include "server/s3/xml.h"
#include "server/world.h"

struct asking {
    struct lane *lane;
    struct arena *arena;
    const struct ask *ask;
    struct ask_line *line;
    str problem; /* ptr NULL: none */
};

/* --- where to --- */

static str alias_of(struct asking *asking, str place)
{
    const struct world *world = asking->lane->world;
    const struct mrap_list *list = mraps_acquire(world->mraps);
    const struct mrap *mrap = mrap_by_name(list, world->settings->account, place);
    str alias = mrap ? str_copy(asking->arena, mrap->alias) : STR_NONE;
    mraps_release(list);
    return alias;
}

static str host_of_bucket(struct asking *asking, str name)
{
    struct bucket_info bucket;
    store_read_begin(asking->lane->reader);
    bool found = store_bucket_get(asking->lane->reader, asking->arena, name, &bucket) == STORE_OK;
    return str_format(asking->arena, "s3.%.*s.amazonaws.com",
                      STR_ARG(found ? bucket.region : STR("us-east-1")));
}

static void aim(struct asking *asking, const char *method, str target)
{
    str place, key;
    (void) str_cut(target, '/', &place, &key);
    str alias = alias_of(asking, place), path = encode_uri(asking->arena, key, true);
    asking->line->method = method;
    if (alias.size > 0) {
        asking->line->host =
            str_format(asking->arena, "%.*s.accesspoint.s3-global.amazonaws.com", STR_ARG(alias));
        asking->line->target = str_format(asking->arena, "/%.*s", STR_ARG(path));
    } else {
        asking->line->host = host_of_bucket(asking, place);
        asking->line->target =
            str_format(asking->arena, "/%.*s/%.*s", STR_ARG(place), STR_ARG(path));
    }
}

static void add_query(struct asking *asking, const char *name, str value)
{
    str target = asking->line->target;
    bool first = str_find_char(target, '?') == target.size;
    asking->line->target =
        str_format(asking->arena, "%.*s%s%s%s%.*s", STR_ARG(target), first ? "?" : "&", name,
                   str_is_set(value) ? "=" : "", STR_ARG(encode_uri(asking->arena, value, false)));
}

static void add_header(struct asking *asking, const char *name, str value)
{
    fields_add(asking->arena, &asking->line->headers, str_of(name), value);
}

static void add_etag(struct asking *asking, str etag, const char *header)
{
    bool bare = etag.size > 0 && etag.ptr[0] != '"' && !str_is(etag, "*");
    if (str_is_set(etag))
        add_header(asking, header,
                   bare ? str_format(asking->arena, "\"%.*s\"", STR_ARG(etag)) : etag);
}

/* Conditions and headers; the version where it is the target's. */
static void add_options(struct asking *asking, str version)
{
    const struct ask *ask = asking->ask;
    if (str_is_set(version))
        add_query(asking, "versionId", version);
    add_etag(asking, ask->if_match, "If-Match");
    add_etag(asking, ask->if_none_match, "If-None-Match");
    for (size_t i = 0; i < ask->headers.count; i++)
        fields_add(asking->arena, &asking->line->headers, ask->headers.at[i].name,
                   ask->headers.at[i].value);
}

/* --- the words --- */

static void put(struct asking *asking)
{
    aim(asking, "PUT", asking->ask->target);
    add_options(asking, STR_NONE);
    asking->line->body = asking->ask->body;
}

static void get(struct asking *asking)
{
    aim(asking, "GET", asking->ask->target);
    add_options(asking, asking->ask->version);
}

static void head(struct asking *asking)
{
    aim(asking, "HEAD", asking->ask->target);
    add_options(asking, asking->ask->version);
}

static void delete (struct asking *asking)
{
    aim(asking, "DELETE", asking->ask->target);
    add_options(asking, asking->ask->version);
}

static str copy_source(struct asking *asking)
{
    const struct ask *ask = asking->ask;
    str place, key;
    (void) str_cut(ask->source, '/', &place, &key);
    str alias = alias_of(asking, place);
    str path = encode_uri(asking->arena, ask->source, true);
    if (alias.size > 0)
        path = str_format(asking->arena, "arn:aws:s3::%.*s:accesspoint/%.*s/object/%.*s",
                          STR_ARG(asking->lane->world->settings->account), STR_ARG(alias),
                          STR_ARG(encode_uri(asking->arena, key, true)));
    if (!str_is_set(ask->version))
        return path;
    return str_format(asking->arena, "%.*s?versionId=%.*s", STR_ARG(path),
                      STR_ARG(encode_uri(asking->arena, ask->version, false)));
}

static void copy(struct asking *asking)
{
    aim(asking, "PUT", asking->ask->target);
    add_header(asking, "x-amz-copy-source", copy_source(asking));
    add_options(asking, STR_NONE);
}

static void list(struct asking *asking)
{
    const struct ask *ask = asking->ask;
    str place, prefix;
    (void) str_cut(ask->target, '/', &place, &prefix);
    aim(asking, "GET", place);
    add_query(asking, "list-type", STR("2"));
    if (prefix.size > 0)
        add_query(asking, "prefix", prefix);
    if (str_is_set(ask->max))
        add_query(asking, "max-keys", ask->max);
    if (str_is_set(ask->token))
        add_query(asking, "continuation-token", ask->token);
}

static struct xml_writer begin_document(struct asking *asking, struct buf *buf, const char *root)
{
    struct xml_writer writer;
    buf_init_arena(buf, asking->arena, LIMIT_XML_BYTES);
    xml_begin(&writer, buf, root, XML_NS_S3);
    return writer;
}

static void delete_many(struct asking *asking)
{
    const struct ask *ask = asking->ask;
    struct buf document;
    str place, other, key;
    (void) str_cut(ask->targets[0], '/', &place, &key);
    aim(asking, "POST", place);
    add_query(asking, "delete", STR_NONE);
    struct xml_writer writer = begin_document(asking, &document, "Delete");
    for (size_t i = 0; i < ask->target_count; i++) {
        (void) str_cut(ask->targets[i], '/', &other, &key);
        if (!str_eq(other, place))
            asking->problem = STR("all targets of a delete-many are in one bucket");
        xml_open(&writer, "Object");
        xml_element(&writer, "Key", key);
        xml_close(&writer);
    }
    xml_end(&writer);
    asking->line->body = buf_str(&document);
    struct digest_value md5 = digest_of(DIGEST_MD5, document.ptr, document.size);
    add_header(asking, "Content-MD5", encode_base64(asking->arena, md5.bytes, md5.size));
}

static void tag(struct asking *asking)
{
    const struct fields *tags = &asking->ask->tags;
    struct buf document;
    struct xml_writer writer = begin_document(asking, &document, "Tagging");
    xml_open(&writer, "TagSet");
    for (size_t i = 0; i < tags->count; i++) {
        xml_open(&writer, "Tag");
        xml_element(&writer, "Key", tags->at[i].name);
        xml_element(&writer, "Value", tags->at[i].value);
        xml_close(&writer);
    }
    xml_end(&writer);
    aim(asking, "PUT", asking->ask->target);
    add_query(asking, "tagging", STR_NONE);
    add_options(asking, asking->ask->version);
    asking->line->body = buf_str(&document);
}

static void mpu_start(struct asking *asking)
{
    aim(asking, "POST", asking->ask->target);
    add_query(asking, "uploads", STR_NONE);
    add_options(asking, STR_NONE);
}

static void mpu_part(struct asking *asking)
{
    aim(asking, "PUT", asking->ask->target);
    add_query(asking, "partNumber", asking->ask->part);
    add_query(asking, "uploadId", asking->ask->upload);
    asking->line->body = asking->ask->body;
}

static void mpu_complete(struct asking *asking)
{
    const struct ask *ask = asking->ask;
    struct buf document;
    aim(asking, "POST", ask->target);
    add_query(asking, "uploadId", ask->upload);
    add_options(asking, STR_NONE);
    struct xml_writer writer = begin_document(asking, &document, "CompleteMultipartUpload");
    for (size_t i = 0; i < ask->part_count; i++) {
        xml_open(&writer, "Part");
        xml_integer(&writer, "PartNumber", ask->parts[i].number);
        xml_element(&writer, "ETag", ask->parts[i].etag);
        xml_close(&writer);
    }
    xml_end(&writer);
    asking->line->body = buf_str(&document);
}

static void mpu_abort(struct asking *asking)
{
    aim(asking, "DELETE", asking->ask->target);
    add_query(asking, "uploadId", asking->ask->upload);
}

#define CONDITIONS "if_match if_none_match headers"
static const struct {
    struct ask_op op;
    void (*make)(struct asking *asking);
} ops[] = {
    { { "put", "body body_base64 " CONDITIONS }, put },
    { { "get", "version " CONDITIONS }, get },
    { { "head", "version " CONDITIONS }, head },
    { { "delete", "version " CONDITIONS }, delete },
    { { "copy", "source version " CONDITIONS }, copy },
    { { "list", "max token" }, list },
    { { "delete-many", "targets" }, delete_many },
    { { "tag", "tags version headers" }, tag },
    { { "mpu-start", "headers" }, mpu_start },
    { { "mpu-part", "upload part body body_base64" }, mpu_part },
    { { "mpu-complete", "upload parts " CONDITIONS }, mpu_complete },
    { { "mpu-abort", "upload" }, mpu_abort },
};

const struct ask_op *ask_op_at(size_t i)
{
    return i < COUNT(ops) ? &ops[i].op : NULL;
}

bool ask_read(struct lane *lane, struct arena *arena, const struct ask *ask, struct ask_line *out,
              str *problem)
{
    struct asking asking = { .lane = lane, .arena = arena, .ask = ask, .line = out };
    *out = (struct ask_line){ .method = "" };
    size_t i = 0;
    while (i < COUNT(ops) && !str_is(ask->op, ops[i].op.word))
        i++;
    if (i < COUNT(ops))
        ops[i].make(&asking);
    else
        asking.problem = str_format(arena, "there is no operation '%.*s'", STR_ARG(ask->op));
    *problem = asking.problem;
    return !str_is_set(asking.problem);
}

/* --- sending --- */

struct request *ask_request(struct lane *lane, const struct request_host *host,
                            const struct ask_line *line, str client)
{
    struct request *rq = request_new(lane, host);
    rq->method = str_copy(rq->arena, str_of(line->method));
    rq->target = str_copy(rq->arena, line->target);
    rq->peer = STR("127.0.0.1");
    rq->peer_is_loopback = true;
    fields_add(rq->arena, &rq->headers, STR("Host"), str_copy(rq->arena, line->host));
    for (size_t i = 0; i < line->headers.count; i++)
        fields_add(rq->arena, &rq->headers, str_copy(rq->arena, line->headers.at[i].name),
                   str_copy(rq->arena, line->headers.at[i].value));
    if (client.size > 0 && !str_is_set(fields_get(&rq->headers, "x-atoll-client")))
        fields_add(rq->arena, &rq->headers, STR("x-atoll-client"), str_copy(rq->arena, client));
    rq->has_body = line->body.size > 0;
    rq->content_length = line->body.size;
    if (rq->has_body || str_is(rq->method, "PUT") || str_is(rq->method, "POST"))
        fields_set(rq->arena, &rq->headers, STR("Content-Length"),
                   str_format(rq->arena, "%zu", line->body.size));
    return rq;
}
