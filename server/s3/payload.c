/* The body's way from the wire to the store: what the headers promise (begin), the bytes (push),
 * and whether the promise was kept (end). The framing is chunked.c's, the header names of checksums
 * are checksum.c's. */
#include "server/s3/payload.h"

#include "base/bug.h"
#include "base/encode.h"
#include "server/auth/auth.h"
#include "server/operations.h"
#include "server/s3/checksum.h"
#include "server/s3/chunked.h"
#include "server/s3/common.h"
#include "server/s3/form.h"
#include "server/s3/handlers.h"
#include "server/s3/part.h"
#include "server/s3/post.h"

struct payload {
    enum { INTO_NOTHING, INTO_STORE, INTO_DOCUMENT } into;
    struct body_sink *sink;
    struct buf document;

    /* as declared */
    uint64_t wire_bytes;  /* Content-Length; UINT64_MAX: unknown */
    uint64_t plain_bytes; /* without the framing; UINT64_MAX: unknown */
    struct checksum_declared declared;
    bool has_md5, has_sha256;
    struct digest_value md5, sha256;
    bool signed_trailer;

    /* as received */
    uint64_t wire_seen, plain_seen;
    uint32_t mask;                       /* digests wanted, 1u << kind */
    struct digest running[DIGEST_KINDS]; /* of what does not go into a sink */
    struct object_checksum made;         /* what is kept and answered; kind set by begin */

    /* aws-chunked only */
    struct chunked *decoder;
    size_t used;    /* of the bytes of this call, should they be fed again */
    size_t pending; /* data decoded behind them that the sink has not taken yet */
    bool ended, hashing_chunk;
    struct digest chunk_sha256;

    /* POST forms only; `used`, `pending` and `ended` as above */
    struct form *form;
    struct fields fields;
    bool pending_is_held; /* the pending bytes are the parser's own */
};

/* x-amz-content-sha256 of bodies framed by aws-chunked (clients.md 4.2). */
static const struct {
    str name;
    bool trailer, is_signed;
} streaming_forms[] = {
    { { "STREAMING-UNSIGNED-PAYLOAD-TRAILER", 34 }, true, false },
    { { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 34 }, false, true },
    { { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", 42 }, true, true },
    { { "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", 40 }, false, true },
    { { "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", 48 }, true, true },
};

static void use_chunked(struct request *rq, struct payload *payload)
{
    payload->decoder = arena_alloc_raw(rq->arena, sizeof *payload->decoder);
    chunked_init(payload->decoder);
}

static enum s3_code read_content_sha256(struct request *rq, struct payload *payload)
{
    str form = request_get_header(rq, "x-amz-content-sha256");
    str bytes;
    if (form.size == 0 || str_is(form, "UNSIGNED-PAYLOAD"))
        return S3_OK;
    for (size_t i = 0; i < COUNT(streaming_forms); i++)
        if (str_eq(form, streaming_forms[i].name)) {
            use_chunked(rq, payload);
            payload->signed_trailer = streaming_forms[i].trailer && streaming_forms[i].is_signed;
            return S3_OK;
        }
    if (form.size != 64 || !decode_hex(rq->arena, form, &bytes))
        return common_invalid_argument(
            rq, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value.",
            "x-amz-content-sha256", form);
    payload->has_sha256 = true;
    payload->sha256.size = 32;
    memcpy(payload->sha256.bytes, bytes.ptr, 32);
    return S3_OK;
}

static enum s3_code too_large(struct request *rq, uint64_t size_bytes)
{
    if (!(rq->op->flags & OP_STREAM))
        return S3_MaxMessageLengthExceeded;
    request_extra(rq, "ProposedSize",
                  str_format(rq->arena, "%llu", (unsigned long long) size_bytes));
    request_extra(rq, "MaxSizeAllowed", str_format(rq->arena, "%llu", LIMIT_PUT_BYTES));
    return S3_EntityTooLarge;
}

static uint64_t largest(const struct request *rq)
{
    if (rq->op->flags & OP_STREAM)
        return LIMIT_PUT_BYTES;
    return rq->address.kind == ADDRESS_ADMIN ? LIMIT_JSON_BYTES : LIMIT_XML_BYTES;
}

static enum s3_code read_lengths(struct request *rq, struct payload *payload)
{
    str decoded = request_get_header(rq, "x-amz-decoded-content-length");
    bool stream = rq->op->flags & OP_STREAM;
    payload->wire_bytes = rq->content_length;
    payload->plain_bytes = payload->decoder || payload->form ? UINT64_MAX : rq->content_length;
    if (stream && !rq->has_body && rq->address.kind != ADDRESS_ADMIN &&
        !str_is_set(request_get_header(rq, "Content-Length")))
        return S3_MissingContentLength;
    if (payload->decoder && decoded.size > 0) {
        if (!str_to_u64(decoded, &payload->plain_bytes))
            return common_invalid_argument(rq, "Value for x-amz-decoded-content-length is invalid.",
                                           "x-amz-decoded-content-length", decoded);
    } else if (payload->decoder && payload->wire_bytes != UINT64_MAX) {
        return S3_MissingContentLength;
    }
    /* Newer boto3 sends a body it cannot rewind as HTTP chunks without any length (clients.md 4.2);
     * chunks without aws-chunked inside are what AWS does refuse. */
    if (stream && !payload->decoder && payload->wire_bytes == UINT64_MAX &&
        rq->address.kind != ADDRESS_ADMIN &&
        !request_nonstandard(rq, "transfer-encoding-chunked", "501 NotImplemented")) {
        request_extra(rq, "Header", STR("Transfer-Encoding"));
        return S3_NotImplemented;
    }
    if (payload->plain_bytes != UINT64_MAX && payload->plain_bytes > largest(rq))
        return too_large(rq, payload->plain_bytes);
    return S3_OK;
}

static enum s3_code read_content_md5(struct request *rq, struct payload *payload)
{
    str text = request_get_header(rq, "Content-MD5"), bytes;
    if (!str_is_set(text))
        return S3_OK;
    if (!decode_base64(rq->arena, text, &bytes) || bytes.size != 16) {
        request_extra(rq, "Content-MD5", text);
        return S3_InvalidDigest;
    }
    payload->has_md5 = true;
    payload->md5.size = 16;
    memcpy(payload->md5.bytes, bytes.ptr, 16);
    return S3_OK;
}

/* What the bytes are hashed with. CompleteMultipartUpload's x-amz-checksum-* speaks of the object,
 * not of the document that it comes with. */
static enum s3_code choose_digests(struct request *rq, struct payload *payload)
{
    enum digest_kind kept = DIGEST_NONE;
    if (rq->op->handle != op_complete_upload) {
        enum s3_code code = checksum_declared(rq, &payload->declared);
        if (code != S3_OK)
            return code;
    }
    if (rq->op->flags & OP_STREAM)
        kept = payload->declared.kind != DIGEST_NONE ? payload->declared.kind : DIGEST_CRC64NVME;
    payload->made.kind = kept;
    if (rq->op->handle == op_upload_part) {
        struct part_target *target;
        enum s3_code code = part_find(rq, &target);
        if (code == S3_OK)
            code = part_check_kind(rq, target, payload->declared.kind);
        if (code != S3_OK)
            return code;
        rq->state = target;
        payload->mask |= 1u << target->kept;
    }
    payload->mask |= 1u << kept | 1u << payload->declared.kind;
    payload->mask |= payload->has_sha256 ? 1u << DIGEST_SHA256 : 0;
    payload->mask |= payload->has_md5 ? 1u << DIGEST_MD5 : 0;
    payload->mask &= ~(1u << DIGEST_NONE);
    return S3_OK;
}

static void wake_request(void *owner)
{
    struct request *rq = owner;
    BUG_UNLESS(rq->magic == REQUEST_MAGIC);
    rq->host->wake(rq);
}

/* A form's length, checksums and target are known when its file begins. */
static enum s3_code begin_form(struct request *rq, struct payload *payload)
{
    str boundary = form_boundary(request_get_header(rq, "Content-Type"));
    if (!str_is_set(boundary)) {
        request_extra(rq, "Condition",
                      STR("Bucket POST must be of the enclosure-type multipart/form-data"));
        return S3_PreconditionFailed;
    }
    payload->form = arena_alloc_raw(rq->arena, sizeof *payload->form);
    if (!form_init(payload->form, boundary))
        return S3_MalformedPOSTRequest;
    payload->into = INTO_STORE;
    rq->payload = payload;
    return read_lengths(rq, payload);
}

static void open_target(struct request *rq, struct payload *payload)
{
    if (rq->op->flags & OP_STREAM) {
        payload->into = INTO_STORE;
        payload->sink = body_sink_open(rq->lane->bodies,
                                       &(struct body_sink_options){ .digest_mask = payload->mask,
                                                                    .limit_bytes = LIMIT_PUT_BYTES,
                                                                    .wake = wake_request,
                                                                    .owner = rq });
        return;
    }
    payload->into = rq->op->flags & OP_DOCUMENT ? INTO_DOCUMENT : INTO_NOTHING;
    buf_init_arena(&payload->document, rq->arena, (size_t) largest(rq));
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (payload->mask & 1u << kind)
            digest_init(&payload->running[kind], (enum digest_kind) kind);
}

enum s3_code payload_begin(struct request *rq)
{
    if (!rq->has_body && !(rq->op->flags & (OP_STREAM | OP_DOCUMENT)))
        return S3_OK;
    struct payload *payload = ARENA_NEW(rq->arena, struct payload);
    if (rq->op->flags & OP_FORM)
        return begin_form(rq, payload);
    enum s3_code code = read_content_sha256(rq, payload);
    if (code == S3_OK)
        code = read_lengths(rq, payload);
    if (code == S3_OK)
        code = read_content_md5(rq, payload);
    if (code == S3_OK)
        code = choose_digests(rq, payload);
    if (code != S3_OK)
        return code;
    open_target(rq, payload);
    rq->payload = payload;
    return S3_OK;
}

static enum s3_code sink_failed(struct request *rq, struct payload *payload)
{
    enum store_result result = body_sink_error(payload->sink);
    if (result == STORE_TOO_LARGE)
        return too_large(rq, body_sink_size(payload->sink));
    return common_from_store(rq, result);
}

/* Bytes of the object or document itself, all or nothing. */
static enum s3_code accept(struct request *rq, struct payload *payload, str data)
{
    if (data.size > payload->plain_bytes - payload->plain_seen)
        return S3_IncompleteBody;
    if (payload->into == INTO_STORE) {
        enum body_progress progress = body_sink_push(payload->sink, data.ptr, data.size);
        if (progress != BODY_TAKEN)
            return progress == BODY_WAIT ? S3_WAIT : sink_failed(rq, payload);
    } else {
        for (int kind = 0; kind < DIGEST_KINDS; kind++)
            if (payload->mask & 1u << kind)
                digest_update(&payload->running[kind], data.ptr, data.size);
        if (payload->into == INTO_DOCUMENT)
            buf_add(&payload->document, data);
        if (payload->document.overflow)
            return S3_MaxMessageLengthExceeded;
    }
    payload->plain_seen += data.size;
    if (payload->decoder == NULL || rq->who.stream == NULL)
        return S3_OK;
    if (!payload->hashing_chunk)
        digest_init(&payload->chunk_sha256, DIGEST_SHA256);
    payload->hashing_chunk = true;
    digest_update(&payload->chunk_sha256, data.ptr, data.size);
    return S3_OK;
}

static enum s3_code chunk_complete(struct request *rq, struct payload *payload)
{
    if (rq->who.stream == NULL)
        return S3_OK;
    struct digest_value sha256 = payload->hashing_chunk ? digest_final(&payload->chunk_sha256)
                                                        : digest_of(DIGEST_SHA256, "", 0);
    payload->hashing_chunk = false;
    return auth_stream_chunk(rq->who.stream, sha256.bytes, payload->decoder->signature);
}

/* The trailers are signed as "name:value\n" lines, without the signature's own. */
static enum s3_code trailer_signature(struct request *rq, const struct fields *trailers)
{
    struct buf canonical;
    str signature = STR_NONE;
    buf_init_arena(&canonical, rq->arena, LIMIT_TRAILER_BYTES * 2);
    for (size_t i = 0; i < trailers->count; i++) {
        if (str_is(trailers->at[i].name, "x-amz-trailer-signature")) {
            signature = trailers->at[i].value;
            continue;
        }
        buf_add(&canonical, trailers->at[i].name);
        buf_add_char(&canonical, ':');
        buf_add(&canonical, trailers->at[i].value);
        buf_add_char(&canonical, '\n');
    }
    return auth_stream_trailer(rq->who.stream, buf_str(&canonical), signature);
}

/* One that x-amz-trailer did not announce: nothing was computed to compare it with. */
static bool trailer_holds_checksum(const struct fields *trailers)
{
    for (size_t i = 0; i < trailers->count; i++)
        if (str_starts_nocase(trailers->at[i].name, STR("x-amz-checksum-")))
            return true;
    return false;
}

static enum s3_code framing_complete(struct request *rq, struct payload *payload)
{
    struct fields trailers = { 0 };
    struct checksum_declared *declared = &payload->declared;
    payload->ended = true;
    if (!chunked_trailers(rq->arena, payload->decoder->trailers, &trailers))
        return S3_MalformedTrailerError;
    if (rq->who.stream && payload->signed_trailer) {
        enum s3_code code = trailer_signature(rq, &trailers);
        if (code != S3_OK)
            return code;
    }
    if (!declared->in_trailer)
        return trailer_holds_checksum(&trailers) ? S3_MalformedTrailerError : S3_OK;
    str text = fields_get(&trailers, checksum_header(declared->kind));
    return str_is_set(text) ? checksum_value(rq, declared->kind, text, &declared->value)
                            : S3_MalformedTrailerError;
}

/* The sink may refuse a piece for now; what was decoded before it stays taken, and the same bytes
 * fed again go on behind it. */
static enum s3_code push_chunked(struct request *rq, struct payload *payload, str bytes)
{
    for (;;) {
        enum s3_code code = S3_OK;
        if (payload->pending > 0) {
            code = accept(rq, payload, str_from(bytes.ptr + payload->used, payload->pending));
            if (code != S3_OK)
                return code;
            payload->used += payload->pending;
            payload->pending = 0;
        }
        str rest = str_skip(bytes, payload->used);
        enum chunked_event event = chunked_next(payload->decoder, &rest);
        payload->used = bytes.size - rest.size;
        switch (event) {
        case CHUNKED_MORE:
            payload->used = 0;
            return S3_OK;
        case CHUNKED_DATA:
            payload->pending = payload->decoder->data.size;
            payload->used -= payload->pending;
            break;
        case CHUNKED_CHUNK:
            code = chunk_complete(rq, payload);
            break;
        case CHUNKED_END:
            code = framing_complete(rq, payload);
            break;
        case CHUNKED_BAD:
            code = S3_IncompleteBody;
            break;
        }
        if (code != S3_OK)
            return code;
    }
}

/* --- POST forms --- */

static enum s3_code file_begins(struct request *rq, struct payload *payload)
{
    enum s3_code code = post_begin(rq, &payload->fields, payload->form->filename);
    if (code == S3_OK)
        code = read_content_md5(rq, payload);
    if (code == S3_OK)
        code = choose_digests(rq, payload);
    if (code == S3_OK)
        open_target(rq, payload);
    return code;
}

static enum s3_code no_file(struct request *rq)
{
    return common_invalid_argument(rq, "POST requires exactly one file upload per request.", "file",
                                   STR("0"));
}

static enum s3_code form_told(struct request *rq, struct payload *payload, enum form_event event)
{
    const struct form *form = payload->form;
    switch (event) {
    case FORM_FIELD:
        fields_add(rq->arena, &payload->fields, str_copy(rq->arena, form->name),
                   str_copy(rq->arena, form->value));
        return S3_OK;
    case FORM_FILE:
        return file_begins(rq, payload);
    case FORM_DATA:
        payload->pending = form->data.size;
        payload->pending_is_held = form->data.ptr == form->delimiter;
        payload->used -= payload->pending_is_held ? 0 : payload->pending;
        return S3_OK;
    case FORM_END:
        payload->ended = true;
        return S3_OK;
    case FORM_NO_FILE:
        return no_file(rq);
    case FORM_TOO_LARGE:
        return S3_MaxPostPreDataLengthExceededError;
    case FORM_MORE:
    case FORM_BAD:
        break;
    }
    return S3_MalformedPOSTRequest;
}

/* What the policy forbids is counted, so that the refusal can say how much it was. */
static enum s3_code accept_file(struct request *rq, struct payload *payload, str data)
{
    if (!post_is_too_large(rq, payload->plain_seen + data.size))
        return accept(rq, payload, data);
    payload->plain_seen += data.size;
    return S3_OK;
}

/* As push_chunked: the sink may refuse a piece for now. */
static enum s3_code push_form(struct request *rq, struct payload *payload, str bytes)
{
    for (;;) {
        if (payload->pending > 0) {
            bool held = payload->pending_is_held;
            str data =
                held ? payload->form->data : str_from(bytes.ptr + payload->used, payload->pending);
            enum s3_code code = accept_file(rq, payload, data);
            if (code != S3_OK)
                return code;
            payload->used += held ? 0 : payload->pending;
            payload->pending = 0;
        }
        str rest = str_skip(bytes, payload->used);
        enum form_event event = form_next(payload->form, &rest);
        payload->used = bytes.size - rest.size;
        if (event == FORM_MORE) {
            payload->used = 0;
            return S3_OK;
        }
        enum s3_code code = form_told(rq, payload, event);
        if (code != S3_OK)
            return code;
    }
}

enum s3_code payload_push(struct request *rq, const void *bytes, size_t size_bytes)
{
    struct payload *payload = rq->payload;
    if (payload == NULL)
        return S3_OK;
    str data = str_from(bytes, size_bytes);
    enum s3_code code = payload->form      ? push_form(rq, payload, data)
                        : payload->decoder ? push_chunked(rq, payload, data)
                                           : accept(rq, payload, data);
    if (code == S3_OK)
        payload->wire_seen += size_bytes;
    return code;
}

static enum s3_code md5_differs(struct request *rq, const struct payload *payload,
                                const struct digest_value *found)
{
    /* Recorded on AWS: PutObject shows it in hexadecimal, a part as it was sent. */
    request_extra(rq, "ExpectedDigest",
                  strcmp(rq->op->name, "PutObject") == 0
                      ? encode_hex(rq->arena, payload->md5.bytes, 16)
                      : encode_base64(rq->arena, payload->md5.bytes, 16));
    request_extra(rq, "CalculatedDigest", encode_base64(rq->arena, found->bytes, 16));
    return S3_BadDigest;
}

static enum s3_code sha256_differs(struct request *rq, const struct payload *payload,
                                   const struct digest_value *found)
{
    request_extra(rq, "ClientComputedContentSHA256",
                  encode_hex(rq->arena, payload->sha256.bytes, 32));
    request_extra(rq, "S3ComputedContentSHA256", encode_hex(rq->arena, found->bytes, 32));
    return S3_XAmzContentSHA256Mismatch;
}

static enum s3_code verify(struct request *rq, struct payload *payload,
                           const struct digest_value *sums)
{
    const struct checksum_declared *declared = &payload->declared;
    if (payload->has_sha256 && !checksum_equal(&payload->sha256, &sums[DIGEST_SHA256]))
        return sha256_differs(rq, payload, &sums[DIGEST_SHA256]);
    if (payload->has_md5 && !checksum_equal(&payload->md5, &sums[DIGEST_MD5]))
        return md5_differs(rq, payload, &sums[DIGEST_MD5]);
    if (declared->kind != DIGEST_NONE && !checksum_equal(&declared->value, &sums[declared->kind])) {
        request_message(rq, "The %.*s you specified did not match the calculated checksum.",
                        STR_ARG(digest_name(declared->kind)));
        return S3_BadDigest;
    }
    return S3_OK;
}

static enum s3_code end_stored(struct request *rq, struct payload *payload)
{
    enum body_progress progress = body_sink_finish(payload->sink, &rq->draft);
    if (progress != BODY_TAKEN)
        return progress == BODY_WAIT ? S3_WAIT : sink_failed(rq, payload);
    payload->sink = NULL;
    enum s3_code code = verify(rq, payload, rq->draft.sums);
    rq->checksum = payload->made;
    rq->checksum.value = rq->draft.sums[payload->made.kind];
    return code;
}

static enum s3_code end_unstored(struct request *rq, struct payload *payload)
{
    struct digest_value sums[DIGEST_KINDS] = { 0 };
    for (int kind = 0; kind < DIGEST_KINDS; kind++)
        if (payload->mask & 1u << kind)
            sums[kind] = digest_final(&payload->running[kind]);
    payload->mask = 0;
    if (payload->into == INTO_DOCUMENT)
        rq->body = buf_str(&payload->document);
    return verify(rq, payload, sums);
}

enum s3_code payload_end(struct request *rq)
{
    struct payload *payload = rq->payload;
    if (payload == NULL)
        return S3_OK;
    if (payload->decoder && !payload->ended && chunked_finish(payload->decoder)) {
        enum s3_code code = framing_complete(rq, payload);
        if (code != S3_OK)
            return code;
    }
    bool cut =
        (payload->wire_bytes != UINT64_MAX && payload->wire_seen != payload->wire_bytes) ||
        (payload->plain_bytes != UINT64_MAX && payload->plain_seen != payload->plain_bytes) ||
        (payload->decoder && !payload->ended);
    if (cut)
        return S3_IncompleteBody;
    if (payload->form) {
        enum s3_code code =
            payload->ended ? post_check_size(rq, payload->plain_seen) : S3_MalformedPOSTRequest;
        if (code != S3_OK)
            return code;
    }
    return payload->into == INTO_STORE ? end_stored(rq, payload) : end_unstored(rq, payload);
}

void payload_abort(struct request *rq)
{
    struct payload *payload = rq->payload;
    if (payload == NULL)
        return;
    rq->payload = NULL;
    body_sink_abort(payload->sink);
    if (payload->hashing_chunk)
        digest_abort(&payload->chunk_sha256);
    for (int kind = 0; payload->into != INTO_STORE && kind < DIGEST_KINDS; kind++)
        if (payload->mask & 1u << kind)
            digest_abort(&payload->running[kind]);
}
