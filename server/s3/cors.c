/* Cross-origin resource sharing: the first rule that fits origin, method and headers decides. */
#include "server/s3/cors.h"

#include "base/limits.h"
#include "server/s3/common.h"

#define METHODS "GET|PUT|HEAD|POST|DELETE"
#define MAX_RULES 100 /* AWS: CORSConfiguration, CORSRules */
#define VARY "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"

static const struct schema rule_members[] = { { "ID", SCHEMA_TEXT, 0, 1, NULL, NULL },
                                              { "AllowedHeader", SCHEMA_WORD, 0, 0, NULL, NULL },
                                              { "AllowedMethod", SCHEMA_WORD, 1, 0, NULL, NULL },
                                              { "AllowedOrigin", SCHEMA_TEXT, 1, 0, NULL, NULL },
                                              { "ExposeHeader", SCHEMA_WORD, 0, 0, NULL, NULL },
                                              { "MaxAgeSeconds", SCHEMA_INTEGER, 0, 1, NULL, NULL },
                                              SCHEMA_END };
static const struct schema members[] = {
    { "CORSRule", SCHEMA_GROUP, 1, MAX_RULES, NULL, rule_members }, SCHEMA_END
};
static const struct schema schema = { "CORSConfiguration", SCHEMA_GROUP, 1, 1, NULL, members };

/* ---- judging a configuration ---- */

static unsigned stars(str text)
{
    unsigned count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.ptr[i] == '*';
    return count;
}

static enum s3_code judge_stars(struct request *rq, const struct xml *rule, const char *element)
{
    for (const struct xml *one = xml_child(rule, element); one; one = xml_next(one, element)) {
        if (stars(one->text) < 2)
            continue;
        request_message(rq, "%s \"%.*s\" can not have more than one wildcard.", element,
                        STR_ARG(one->text));
        return S3_InvalidRequest;
    }
    return S3_OK;
}

static enum s3_code judge_rule(struct request *rq, const struct xml *rule)
{
    const struct xml *one = xml_child(rule, "AllowedMethod");
    for (; one; one = xml_next(one, "AllowedMethod"))
        if (!schema_is_one_of(str_trim(one->text), METHODS)) {
            request_message(rq,
                            "Found unsupported HTTP method in CORS config. Unsupported method is "
                            "%.*s",
                            STR_ARG(str_trim(one->text)));
            return S3_InvalidRequest;
        }
    for (one = xml_child(rule, "ExposeHeader"); one; one = xml_next(one, "ExposeHeader"))
        if (stars(one->text) > 0) {
            request_message(rq,
                            "ExposeHeader \"%.*s\" contains wildcard. We currently do not support "
                            "wildcard for ExposeHeader.",
                            STR_ARG(one->text));
            return S3_InvalidRequest;
        }
    enum s3_code code = judge_stars(rq, rule, "AllowedOrigin");
    return code == S3_OK ? judge_stars(rq, rule, "AllowedHeader") : code;
}

static enum s3_code judge(struct request *rq, const struct xml *root)
{
    enum s3_code code = S3_OK;
    const struct xml *rule = xml_child(root, "CORSRule");
    for (; rule && code == S3_OK; rule = xml_next(rule, "CORSRule"))
        code = judge_rule(rq, rule);
    return code;
}

const struct document cors_document = { "cors", &schema, S3_NoSuchCORSConfiguration, NULL, judge };

/* ---- matching ---- */

static bool fits(str pattern, str text, bool nocase)
{
    str before, after;
    bool wild = str_cut(pattern, '*', &before, &after);
    if (!wild)
        return nocase ? str_eq_nocase(pattern, text) : str_eq(pattern, text);
    if (text.size < before.size + after.size)
        return false;
    str head = str_first(text, before.size), tail = str_skip(text, text.size - after.size);
    return nocase ? str_eq_nocase(head, before) && str_eq_nocase(tail, after)
                  : str_eq(head, before) && str_eq(tail, after);
}

static bool one_fits(const struct xml *rule, const char *element, str text, bool nocase)
{
    for (const struct xml *one = xml_child(rule, element); one; one = xml_next(one, element))
        if (fits(str_trim(one->text), text, nocase))
            return true;
    return false;
}

static bool headers_fit(const struct xml *rule, str wanted)
{
    str name;
    while (str_next(&wanted, ',', &name)) {
        name = str_trim(name);
        if (name.size > 0 && !one_fits(rule, "AllowedHeader", name, true))
            return false;
    }
    return true;
}

static const struct xml *find_rule(const struct xml *root, str origin, str method, str headers)
{
    const struct xml *rule = xml_child(root, "CORSRule");
    for (; rule; rule = xml_next(rule, "CORSRule"))
        if (one_fits(rule, "AllowedOrigin", origin, false) &&
            one_fits(rule, "AllowedMethod", method, false) && headers_fit(rule, headers))
            return rule;
    return NULL;
}

static str joined(struct request *rq, const struct xml *rule, const char *element)
{
    struct buf buf;
    buf_init_arena(&buf, rq->arena, LIMIT_HEADER_BYTES);
    for (const struct xml *one = xml_child(rule, element); one; one = xml_next(one, element)) {
        if (buf.size > 0)
            buf_add(&buf, STR(", "));
        buf_add(&buf, str_trim(one->text));
    }
    return buf_str(&buf);
}

/* AWS: a rule for every origin is answered with "*" and without credentials. */
static void reply_rule(struct request *rq, const struct xml *rule, str origin)
{
    bool any = one_fits(rule, "AllowedOrigin", STR("*"), false);
    str exposed = joined(rq, rule, "ExposeHeader");
    str age = str_trim(xml_text(rule, "MaxAgeSeconds"));
    request_header(rq, "Access-Control-Allow-Origin", any ? STR("*") : origin);
    request_header(rq, "Access-Control-Allow-Methods", joined(rq, rule, "AllowedMethod"));
    if (exposed.size > 0)
        request_header(rq, "Access-Control-Expose-Headers", exposed);
    if (age.size > 0)
        request_header(rq, "Access-Control-Max-Age", age);
    if (!any)
        request_header_c(rq, "Access-Control-Allow-Credentials", "true");
    request_header_c(rq, "Vary", VARY);
}

void cors_headers(struct request *rq)
{
    const struct xml *root = NULL;
    str origin = request_get_header(rq, "Origin");
    if (origin.size == 0 || !rq->has_bucket || str_is(rq->method, "OPTIONS"))
        return;
    if (document_tree(rq, rq->bucket.id, &cors_document, &root) != S3_OK)
        return;
    /* One that says which request it stands for is answered for that one, as a preflight is. */
    str method = request_get_header(rq, "Access-Control-Request-Method");
    str headers = request_get_header(rq, "Access-Control-Request-Headers");
    const struct xml *rule =
        find_rule(root, origin, method.size > 0 ? method : rq->method, headers);
    if (rule)
        reply_rule(rq, rule, origin);
}

/* ---- preflight ---- */

static enum s3_code forbidden(struct request *rq, const char *message)
{
    str method = request_get_header(rq, "Access-Control-Request-Method");
    bool object = message == NULL && rq->address.key.size > 0; /* recorded: a rule was asked */
    if (message)
        request_message(rq, "%s", message);
    request_extra(rq, "Method", method.size > 0 ? method : rq->method);
    request_extra(rq, "ResourceType", object ? STR("OBJECT") : STR("BUCKET"));
    return S3_AccessForbidden;
}

static enum s3_code bad_request(struct request *rq, str method)
{
    if (method.size == 0)
        request_message(rq, "Invalid Access-Control-Request-Method: null");
    else
        request_message(rq, "Invalid Access-Control-Request-Method: %.*s", STR_ARG(method));
    return S3_BadRequest;
}

static enum s3_code find_bucket(struct request *rq)
{
    enum store_result found =
        store_bucket_get(rq->lane->reader, rq->arena, rq->address.bucket, &rq->bucket);
    if (found == STORE_NO_BUCKET)
        return forbidden(rq, "CORSResponse: Bucket not found");
    rq->has_bucket = found == STORE_OK;
    return found == STORE_OK ? S3_OK : common_from_store(rq, found);
}

/* AWS: in lower case, one blank after each comma, however they were asked for. */
static str allowed_headers(struct request *rq, str wanted)
{
    struct buf buf;
    str name;
    buf_init_arena(&buf, rq->arena, LIMIT_HEADER_BYTES);
    while (str_next(&wanted, ',', &name)) {
        name = str_trim(name);
        if (name.size > 0 && buf.size > 0)
            buf_add(&buf, STR(", "));
        buf_add(&buf, str_lower(rq->arena, name));
    }
    return buf_str(&buf);
}

enum s3_code cors_preflight(struct request *rq)
{
    str origin = request_get_header(rq, "Origin");
    str method = request_get_header(rq, "Access-Control-Request-Method");
    str headers = request_get_header(rq, "Access-Control-Request-Headers");
    const struct xml *root;
    if (origin.size == 0) {
        request_message(rq, "Insufficient information. Origin request header needed.");
        return S3_BadRequest;
    }
    enum s3_code code = find_bucket(rq);
    if (code == S3_OK)
        code = document_tree(rq, rq->bucket.id, &cors_document, &root);
    if (code != S3_OK)
        return code;
    if (root == NULL)
        return forbidden(rq, "CORSResponse: CORS is not enabled for this bucket.");
    if (!schema_is_one_of(method, METHODS))
        return bad_request(rq, method);
    const struct xml *rule = find_rule(root, origin, method, headers);
    if (rule == NULL)
        return forbidden(rq, NULL);
    reply_rule(rq, rule, origin);
    if (str_trim(headers).size > 0)
        request_header(rq, "Access-Control-Allow-Headers", allowed_headers(rq, headers));
    request_reply_empty(rq, 200);
    return S3_OK;
}
