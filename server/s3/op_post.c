/* PostObject: a browser's upload. The payload has read the form, judged its policy and stored the
 * file (post.c); from here on it is a PutObject that answers in its own way. */
#include "base/encode.h"
#include "base/limits.h"
#include "server/s3/handlers.h"
#include "server/s3/post.h"
#include "server/s3/xml.h"

struct posting {
    struct store_put put; /* first: rq->state is both */
    const struct fields *form;
};

/* The object's URL at the host that was asked; '/' of the key is escaped, as S3 does here. */
static str location_of(struct request *rq)
{
    str host = request_get_header(rq, "Host");
    str key = encode_uri(rq->arena, rq->address.key, false);
    const char *scheme = rq->tls ? "https" : "http";
    if (rq->address.virtual_host)
        return str_format(rq->arena, "%s://%.*s/%.*s", scheme, STR_ARG(host), STR_ARG(key));
    return str_format(rq->arena, "%s://%.*s/%.*s/%.*s", scheme, STR_ARG(host),
                      STR_ARG(rq->bucket.name), STR_ARG(key));
}

/* AWS: "If Amazon S3 can't interpret the URL, it acts as if the field is not present." */
static bool is_url(str text)
{
    str rest = str_skip(text, str_find(text, STR("://")) + 3);
    if ((!str_starts_nocase(text, STR("http://")) && !str_starts_nocase(text, STR("https://"))) ||
        rest.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char) text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static str redirect_of(const struct fields *form)
{
    str url = fields_get(form, "success_action_redirect");
    return is_url(url) ? url : fields_get(form, "redirect"); /* its older name */
}

static void answer_redirect(struct request *rq, str url, str etag)
{
    char joint = str_find_char(url, '?') < url.size ? '&' : '?';
    request_reply_empty(rq, 303);
    fields_set(rq->arena, &rq->reply.headers, STR("Location"),
               str_format(rq->arena, "%.*s%cbucket=%.*s&key=%.*s&etag=%.*s", STR_ARG(url), joint,
                          STR_ARG(encode_uri(rq->arena, rq->bucket.name, false)),
                          STR_ARG(encode_uri(rq->arena, rq->address.key, false)),
                          STR_ARG(encode_uri(rq->arena, etag, false))));
}

static void answer_document(struct request *rq, str location, str etag)
{
    struct buf buf;
    struct xml_writer xml;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&xml, &buf, "PostResponse", NULL);
    xml_element(&xml, "Location", location);
    xml_element(&xml, "Bucket", rq->bucket.name);
    xml_element(&xml, "Key", rq->address.key);
    xml_element(&xml, "ETag", etag);
    xml_end(&xml);
    request_reply(rq, 201, "application/xml", buf_str(&buf));
}

static void answer(struct request *rq, const struct fields *form)
{
    str etag = str_copy(rq->arena, fields_get(&rq->reply.headers, "ETag"));
    str redirect = redirect_of(form), location = location_of(rq);
    str status = fields_get(form, "success_action_status");
    request_header(rq, "Location", location);
    if (is_url(redirect))
        answer_redirect(rq, redirect, etag);
    else if (str_is(status, "201"))
        answer_document(rq, location, etag);
    else
        request_reply_empty(rq, str_is(status, "200") ? 200 : 204);
}

static enum s3_code post_done(struct request *rq)
{
    struct posting *posting = rq->state;
    enum s3_code code = op_put_outcome(rq, &posting->put);
    if (code == S3_OK)
        answer(rq, posting->form);
    return code;
}

enum s3_code op_post_object(struct request *rq)
{
    const struct post *post = rq->state;
    struct posting *posting = ARENA_NEW(rq->arena, struct posting);
    posting->form = &post->form;
    return op_put_store(rq, &posting->put, post_done);
}
