/* A POST form becomes a PutObject: fields take the place of headers. */
#include "server/s3/post.h"

#include "base/encode.h"
#include "server/auth/auth.h"
#include "server/s3/common.h"
#include "server/s3/xml.h"
#include "server/walk.h"

/* "Only the text following the last slash or backslash" of what the browser calls the file. */
static str base_name(str path)
{
    size_t at = path.size;
    while (at > 0 && path.ptr[at - 1] != '/' && path.ptr[at - 1] != '\\')
        at--;
    return str_skip(path, at);
}

static str with_filename(struct arena *arena, str value, str filename)
{
    static const str variable = { "${filename}", 11 };
    size_t at = str_find(value, variable);
    if (at == value.size)
        return value;
    struct buf out;
    buf_init_arena(&out, arena, LIMIT_FORM_BYTES * 2);
    for (; at < value.size; at = str_find(value, variable)) {
        buf_add(&out, str_first(value, at));
        buf_add(&out, filename);
        value = str_skip(value, at + variable.size);
    }
    buf_add(&out, value);
    return buf_str(&out);
}

static bool is_signature(str name)
{
    static const char *const names[] = { "policy",           "signature",
                                         "AWSAccessKeyId",   "x-amz-signature",
                                         "x-amz-credential", "x-amz-algorithm",
                                         "x-amz-date",       "x-amz-security-token",
                                         "x-amz-region-set" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

/* A file that has no name leaves the variable as it stands, as AWS was recorded to do. */
static void replace_filename(struct arena *arena, const struct fields *form, str filename,
                             struct fields *out)
{
    bool named = str_is_set(filename);
    filename = base_name(filename);
    for (size_t i = 0; i < form->count; i++)
        fields_add(arena, out, form->at[i].name,
                   !named || is_signature(form->at[i].name)
                       ? form->at[i].value
                       : with_filename(arena, form->at[i].value, filename));
}

/* --- fields as headers --- */

static bool is_object_header(str name)
{
    static const char *const names[] = { "Content-Type",        "Cache-Control",
                                         "Content-Disposition", "Content-Encoding",
                                         "Content-Language",    "Expires" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return str_starts_nocase(name, STR("x-amz-")) && !is_signature(name);
}

/* The form of a tag set in a form is the XML document; as a header it is a query. */
static enum s3_code add_tagging(struct request *rq, str document, struct fields *headers)
{
    const struct xml *root = xml_parse(rq->arena, document);
    struct buf query;
    if (root == NULL)
        return S3_MalformedXML;
    if (!str_is(root->name, "Tagging"))
        return S3_OK; /* AWS was recorded to take any other document for no tags */
    buf_init_arena(&query, rq->arena, LIMIT_FORM_BYTES * 3);
    const struct xml *set = xml_child(root, "TagSet");
    for (const struct xml *tag = xml_child(set, "Tag"); tag; tag = xml_next(tag, "Tag")) {
        if (xml_child(tag, "Key") == NULL || xml_child(tag, "Value") == NULL)
            return S3_MalformedXML;
        if (query.size > 0)
            buf_add_char(&query, '&');
        buf_add(&query, encode_uri(rq->arena, xml_text(tag, "Key"), false));
        buf_add_char(&query, '=');
        buf_add(&query, encode_uri(rq->arena, xml_text(tag, "Value"), false));
    }
    if (query.size > 0)
        fields_add(rq->arena, headers, STR("x-amz-tagging"), buf_str(&query));
    return S3_OK;
}

/* What came as headers speaks of the form, not of the object. */
static enum s3_code use_fields_as_headers(struct request *rq, const struct fields *form)
{
    struct fields headers = { .count = 0 };
    enum s3_code code = S3_OK;
    for (size_t i = 0; i < rq->headers.count; i++) {
        str name = rq->headers.at[i].name;
        if (!is_object_header(name) && !str_starts_nocase(name, STR("if-")))
            fields_add(rq->arena, &headers, name, rq->headers.at[i].value);
    }
    for (size_t i = 0; i < form->count && code == S3_OK; i++) {
        const struct field *field = &form->at[i];
        if (is_object_header(field->name))
            fields_add(rq->arena, &headers, field->name, field->value);
        else if (str_eq_nocase(field->name, STR("acl")))
            fields_add(rq->arena, &headers, STR("x-amz-acl"), field->value);
        else if (str_eq_nocase(field->name, STR("tagging")) && field->value.size > 0)
            code = add_tagging(rq, field->value, &headers);
    }
    rq->headers = headers;
    return code;
}

/* --- the policy --- */

static enum s3_code refuse(struct request *rq, struct post_problem problem)
{
    if (problem.code != S3_OK)
        rq->message = problem.message;
    return problem.code;
}

static enum s3_code judge_policy(struct request *rq, struct post *post)
{
    str policy = fields_get(&post->form, "policy");
    struct fields form = { .count = 0 };
    if (policy.size == 0)
        return S3_OK;
    struct post_problem problem = post_policy_read(rq->arena, policy, &post->policy);
    if (problem.code != S3_OK)
        return refuse(rq, problem);
    post->has_policy = true;
    for (size_t i = 0; i < post->form.count; i++)
        if (!str_eq_nocase(post->form.at[i].name, STR("bucket")))
            fields_add(rq->arena, &form, post->form.at[i].name, post->form.at[i].value);
    fields_add(rq->arena, &form, STR("bucket"), rq->bucket.name); /* where it really goes */
    return refuse(rq, post_policy_judge(rq->arena, &post->policy, &form, rq->received_wall));
}

bool post_is_too_large(const struct request *rq, uint64_t size_bytes)
{
    const struct post *post = rq->state;
    return post->policy.has_range && size_bytes > post->policy.most_bytes;
}

static void extra_number(struct request *rq, const char *element, uint64_t number)
{
    request_extra(rq, element, str_format(rq->arena, "%llu", (unsigned long long) number));
}

enum s3_code post_check_size(struct request *rq, uint64_t size_bytes)
{
    const struct post *post = rq->state;
    if (!post->policy.has_range)
        return S3_OK;
    if (size_bytes < post->policy.least_bytes) {
        extra_number(rq, "ProposedSize", size_bytes);
        extra_number(rq, "MinSizeAllowed", post->policy.least_bytes);
        return S3_EntityTooSmall;
    }
    if (size_bytes <= post->policy.most_bytes)
        return S3_OK;
    extra_number(rq, "ProposedSize", size_bytes);
    extra_number(rq, "MaxSizeAllowed", post->policy.most_bytes);
    return S3_EntityTooLarge;
}

/* --- all of it --- */

static enum s3_code read_key(struct request *rq, const struct fields *form)
{
    str key = fields_get(form, "key");
    if (key.size == 0)
        return common_invalid_argument(rq,
                                       "Bucket POST must contain a field named 'key'.  If it is "
                                       "specified, please check the order of the fields.",
                                       "key", STR(""));
    if (!utf8_is_valid(key))
        return S3_InvalidURI;
    rq->address.key = key;
    rq->address.raw_key = encode_uri(rq->arena, key, true);
    return S3_OK;
}

enum s3_code post_begin(struct request *rq, const struct fields *form, str filename)
{
    struct post *post = ARENA_NEW(rq->arena, struct post);
    rq->state = post;
    replace_filename(rq->arena, form, filename, &post->form);
    enum s3_code code = read_key(rq, &post->form);
    if (code == S3_OK && rq->who.awaited)
        code = auth_check_form(rq, &post->form);
    if (code == S3_OK)
        code = judge_policy(rq, post);
    if (code == S3_OK)
        code = use_fields_as_headers(rq, &post->form);
    return code == S3_OK ? walk_identified(rq) : code;
}
