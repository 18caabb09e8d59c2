/* The fields of an access record in AWS's order. Times are the emulated clock's, so that a world
 * with a seed and a manual clock writes the same log twice. */
#include "server/access_record.h"

#include "base/encode.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/s3/common.h"
#include "server/world.h"

/* AWS: "REST.HTTP_method.resource_type". The types of sub-resources, by selector. */
static const struct {
    const char *selector, *bucket, *object;
} types[] = {
    { "accelerate", "ACCELERATE", NULL },
    { "acl", "ACL", "ACL" },
    { "analytics", "ANALYTICS", NULL },
    { "attributes", NULL, "OBJECT_ATTRIBUTES" },
    { "cors", "CORS", NULL },
    { "delete", "MULTI_OBJECT_DELETE", NULL },
    { "encryption", "ENCRYPTION", NULL },
    { "intelligent-tiering", "INTELLIGENT_TIERING", NULL },
    { "inventory", "INVENTORY", NULL },
    { "legal-hold", NULL, "LEGAL_HOLD" },
    { "lifecycle", "LIFECYCLE", NULL },
    { "location", "LOCATION", NULL },
    { "logging", "LOGGING_STATUS", NULL },
    { "metrics", "METRICS", NULL },
    { "notification", "NOTIFICATION", NULL },
    { "object-lock", "OBJECT_LOCK_CONFIGURATION", NULL },
    { "ownershipControls", "OWNERSHIP_CONTROLS", NULL },
    { "partNumber", NULL, "PART" },
    { "policy", "BUCKETPOLICY", NULL },
    { "policyStatus", "BUCKETPOLICYSTATUS", NULL },
    { "publicAccessBlock", "PUBLIC_ACCESS_BLOCK", NULL },
    { "replication", "REPLICATION", NULL },
    { "requestPayment", "REQUEST_PAYMENT", NULL },
    { "restore", NULL, "OBJECT_RESTORE" },
    { "retention", NULL, "RETENTION" },
    { "tagging", "TAGGING", "OBJECT_TAGGING" },
    { "uploadId", NULL, "UPLOAD" },
    { "uploads", "UPLOADS", "UPLOADS" },
    { "versioning", "VERSIONING", NULL },
    { "versions", "BUCKETVERSIONS", NULL },
    { "website", "WEBSITE", NULL },
};

static const char *resource_type(const struct request *rq)
{
    bool at_object = rq->op ? rq->op->place == AT_OBJECT : rq->address.key.size > 0;
    str first, rest;
    if (rq->op == NULL || rq->op->selector == NULL)
        return at_object ? "OBJECT" : "BUCKET";
    (void) str_cut(str_of(rq->op->selector), '&', &first, &rest);
    for (size_t i = 0; i < COUNT(types); i++) {
        const char *type = at_object ? types[i].object : types[i].bucket;
        if (type && str_is(first, types[i].selector))
            return type;
    }
    return at_object ? "OBJECT" : "BUCKET";
}

str access_record_operation(struct request *rq)
{
    static const struct {
        const char *operation, *name;
    } names[] = {
        { "CopyObject", "REST.COPY.OBJECT" },
        { "UploadPartCopy", "REST.COPY.PART" },
        { "CreateMultipartUpload", "REST.POST.UPLOADS" },
    };
    for (size_t i = 0; rq->op && i < COUNT(names); i++)
        if (strcmp(rq->op->name, names[i].operation) == 0)
            return str_of(names[i].name);
    if (str_is(rq->method, "OPTIONS"))
        return STR("REST.OPTIONS.PREFLIGHT");
    return str_format(rq->arena, "%s.%.*s.%s", rq->address.website ? "WEBSITE" : "REST",
                      STR_ARG(rq->method), resource_type(rq));
}

/* ---- the kinds of fields ---- */

static void add_word(struct buf *line, str word)
{
    buf_add(line, word.size > 0 ? word : STR("-"));
    buf_add_char(line, ' ');
}

static void add_number(struct buf *line, uint64_t number)
{
    if (number > 0)
        buf_addf(line, "%llu ", (unsigned long long) number);
    else
        buf_add(line, STR("- "));
}

/* A quote inside would end the field; AWS leaves what a client sent as it is, but a control
 * character never comes this far. */
static void add_quoted(struct buf *line, str text)
{
    buf_addf(line, "\"%.*s\" ", STR_ARG(text.size > 0 ? text : STR("-")));
}

/* "[06/Feb/2019:00:00:38 +0000]", from "Wed, 06 Feb 2019 00:00:38 GMT". */
static void add_time(struct buf *line, struct arena *arena, instant at)
{
    str http = instant_http(arena, at);
    buf_addf(line, "[%.2s/%.3s/%.4s:%.8s +0000] ", http.ptr + 5, http.ptr + 8, http.ptr + 12,
             http.ptr + 17);
}

/* ---- the fields ---- */

/* AWS: a canonical user id, an IAM user's or role's ARN, or "-" for nobody. */
static str requester(struct request *rq)
{
    if (rq->who.anonymous || rq->who.account.size == 0)
        return STR_NONE;
    if (rq->who.arn.size > 0 && !str_ends(rq->who.arn, STR(":root")))
        return rq->who.arn;
    return common_canonical_id(rq->arena, rq->who.account);
}

/* What came of a write; of a read the whole object, of which a range was sent. */
static uint64_t object_size(const struct request *rq)
{
    str unused, total;
    uint64_t size = 0;
    if (rq->op == NULL || rq->code != S3_OK || rq->op->place != AT_OBJECT)
        return 0;
    if (rq->op->flags & OP_STREAM) {
        str decoded = request_get_header(rq, "x-amz-decoded-content-length");
        if (str_is_set(decoded) && str_to_u64(decoded, &size))
            return size;
        return rq->content_length == UINT64_MAX ? 0 : rq->content_length;
    }
    if (strcmp(rq->op->name, "GetObject") != 0 && strcmp(rq->op->name, "HeadObject") != 0)
        return 0;
    if (str_cut(fields_get(&rq->reply.headers, "Content-Range"), '/', &unused, &total) &&
        str_to_u64(total, &size))
        return size;
    return rq->reply.status == 200 ? rq->reply.size_bytes : 0;
}

/* AWS writes OpenSSL's names: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is ECDHE-RSA-AES128-GCM-SHA256,
 * those of TLS 1.3 are the same in both. */
static str cipher_suite(struct arena *arena, str name)
{
    struct buf out;
    size_t with = str_find(name, STR("_WITH_"));
    if (with == name.size)
        return name;
    buf_init_arena(&out, arena, 2 * name.size);
    str exchange = str_skip(str_first(name, with), strlen("TLS_"));
    for (str rest = str_format(arena, "%.*s_%.*s", STR_ARG(exchange),
                               STR_ARG(str_skip(name, with + strlen("_WITH_"))));
         rest.size > 0; rest = str_skip(rest, 1)) {
        bool bits = str_starts(rest, STR("_128")) || str_starts(rest, STR("_256"));
        if (rest.ptr[0] != '_')
            buf_add_char(&out, rest.ptr[0]);
        else if (!bits)
            buf_add_char(&out, '-');
    }
    return buf_str(&out);
}

static void add_signature(struct buf *line, const struct request *rq)
{
    static const char *const versions[] = {
        [AUTH_NONE] = "-", [AUTH_SIGV2] = "SigV2", [AUTH_SIGV4] = "SigV4", [AUTH_SIGV4A] = "SigV4A"
    };
    bool is_signed = rq->who.algorithm != AUTH_NONE;
    add_word(line, str_of(versions[rq->who.algorithm]));
    add_word(line, cipher_suite(rq->arena, rq->tls_cipher));
    add_word(line, !is_signed          ? STR_NONE
                   : rq->who.presigned ? STR("QueryString")
                                       : STR("AuthHeader"));
}

/* AWS: the host is the access point's, also where its alias stood in for a bucket's name. */
static void add_host(struct buf *line, struct request *rq)
{
    if (rq->mrap)
        buf_addf(line, "%.*s.accesspoint.s3-global.amazonaws.com ", STR_ARG(rq->mrap->alias));
    else
        add_word(line, request_get_header(rq, "Host"));
    /* "TLS1.3" of the library is "TLSv1.3" in a record. */
    if (str_starts(rq->tls_version, STR("TLS")))
        buf_addf(line, "TLSv%.*s ", STR_ARG(str_skip(rq->tls_version, 3)));
    else
        add_word(line, rq->tls_version);
    if (rq->mrap)
        buf_addf(line, "arn:aws:s3::%.*s:accesspoint/%.*s", STR_ARG(rq->mrap->account),
                 STR_ARG(rq->mrap->alias));
    else
        buf_add(line, STR("-"));
}

static void add_outcome(struct buf *line, struct request *rq)
{
    int64_t took = instant_diff(clock_now(rq->world->clock), rq->received_at).ns / 1000000;
    buf_addf(line, "%d ", rq->reply.status);
    add_word(line, rq->code == S3_OK ? STR_NONE : s3_error_of(rq->code)->code);
    add_number(line, rq->reply.head ? 0 : rq->reply.size_bytes);
    add_number(line, object_size(rq));
    buf_addf(line, "%lld %lld ", (long long) took, (long long) took);
}

/* From the bucket's owner to the request's id. */
static void add_who(struct buf *line, struct request *rq, const struct bucket_info *bucket)
{
    add_word(line, common_canonical_id(rq->arena, bucket->account));
    add_word(line, bucket->name);
    add_time(line, rq->arena, rq->received_at);
    add_word(line, rq->peer);
    add_word(line, requester(rq));
    add_word(line, rq->id);
}

/* From Referer to the end. */
static void add_how(struct buf *line, struct request *rq, str version_id)
{
    add_quoted(line, request_get_header(rq, "Referer"));
    add_quoted(line, request_get_header(rq, "User-Agent"));
    add_word(line, encode_uri(rq->arena, version_id, false));
    add_word(line, fields_get(&rq->reply.headers, "x-amz-id-2"));
    add_signature(line, rq);
    add_host(line, rq);
    buf_add_char(line, '\n');
}

str access_record_line(struct request *rq, const struct bucket_info *bucket)
{
    struct buf line;
    buf_init_arena(&line, rq->arena, ACCESS_RECORD_BYTES);
    add_who(&line, rq, bucket);
    add_word(&line, access_record_operation(rq));
    add_word(&line, encode_uri(rq->arena, rq->address.key, true));
    add_quoted(&line, str_format(rq->arena, "%.*s %.*s HTTP/1.1", STR_ARG(rq->method),
                                 STR_ARG(rq->target)));
    add_outcome(&line, rq);
    add_how(&line, rq, request_query(rq, "versionId"));
    return line.overflow ? STR_NONE : buf_str(&line);
}

/* Operation to turn-around time. */
static void add_note(struct buf *line, struct arena *arena, const struct access_note *note)
{
    add_word(line, str_of(note->operation));
    add_word(line, encode_uri(arena, note->key, true));
    add_quoted(line, note->uri);
    add_number(line, (uint64_t) note->status);
    add_word(line, note->code);
    add_number(line, 0);
    add_number(line, note->size_bytes);
    buf_add(line, STR("- - "));
}

str access_record_note(struct request *rq, const struct access_note *note)
{
    struct buf line;
    buf_init_arena(&line, rq->arena, ACCESS_RECORD_BYTES);
    add_who(&line, rq, note->bucket);
    add_note(&line, rq->arena, note);
    add_how(&line, rq, note->version_id);
    return line.overflow ? STR_NONE : buf_str(&line);
}

str access_record_world(struct arena *arena, const struct access_note *note, str owner, instant at)
{
    struct buf line;
    buf_init_arena(&line, arena, ACCESS_RECORD_BYTES);
    add_word(&line, owner);
    add_word(&line, note->bucket->name);
    add_time(&line, arena, at);
    buf_add(&line, STR("- AmazonS3 - "));
    add_note(&line, arena, note);
    buf_add(&line, STR("\"-\" \"-\" "));
    add_word(&line, encode_uri(arena, note->version_id, false));
    buf_add(&line, STR("- - - - - - -\n"));
    return line.overflow ? STR_NONE : buf_str(&line);
}
