/* What came back: body, headers, elements; see answer.h. */
#include "scenario/answer.h"

#include "base/limits.h"

#define SHOWN_BYTES 1500 /* of a body, to people */

str answer_read_body(struct request *rq)
{
    struct buf kept;
    char bytes[65536];
    ssize_t size;
    if (rq->reply.head)
        return STR("");
    if (rq->reply.body == NULL)
        return rq->reply.bytes;
    buf_init_arena(&kept, rq->arena, ANSWER_KEPT_BYTES);
    while ((size = body_reader_read(rq->reply.body, bytes, sizeof bytes)) > 0)
        buf_add_bytes(&kept, bytes, (size_t) size);
    return buf_str(&kept);
}

str answer_header(const struct run *run, const char *name)
{
    if (run->last == NULL)
        return STR_NONE;
    if (str_eq_nocase(str_of(name), STR("Content-Length")))
        return str_format(run->last->arena, "%llu",
                          (unsigned long long) run->last->reply.size_bytes);
    return fields_get(&run->last->reply.headers, name);
}

/* Complete and copies say it in their document. */
static str etag_as_sent(struct run *run)
{
    str header = answer_header(run, "ETag");
    const struct xml *root = str_is_set(header) ? NULL : answer_xml(run);
    if (root && (str_is(root->name, "CompleteMultipartUploadResult") ||
                 str_is(root->name, "CopyObjectResult")))
        return xml_text(root, "ETag");
    return header;
}

str answer_etag(struct run *run)
{
    str etag = etag_as_sent(run);
    bool quoted = etag.size > 1 && etag.ptr[0] == '"' && etag.ptr[etag.size - 1] == '"';
    return quoted ? str_first(str_skip(etag, 1), etag.size - 2) : etag;
}

const struct xml *answer_xml(struct run *run)
{
    if (run->last && !run->xml_asked && run->body.size > 0 && run->body.ptr[0] == '<')
        run->xml = xml_parse(run->last->arena, run->body);
    run->xml_asked = true;
    return run->xml;
}

/* Depth first; `path` may say parents, nearest last. */
static const struct xml *find(const struct xml *node, str path)
{
    str first, rest;
    bool deeper = str_cut(path, '/', &first, &rest);
    for (; node; node = node->next) {
        const struct xml *found = NULL;
        if (str_eq(node->name, first))
            found = deeper ? find(node->child, rest) : node;
        if (found == NULL)
            found = find(node->child, path);
        if (found)
            return found;
    }
    return NULL;
}

const struct xml *answer_element(struct run *run, str path)
{
    return find(answer_xml(run), path);
}

static bool is_text(str body)
{
    for (size_t i = 0; i < body.size; i++)
        if ((unsigned char) body.ptr[i] < 32 && !strchr("\n\r\t", body.ptr[i]))
            return false;
    return true;
}

str answer_text(const struct run *run, struct arena *arena)
{
    struct buf out;
    const struct request *rq = run->last;
    buf_init_arena(&out, arena, LIMIT_ANSWER_BYTES);
    if (rq == NULL)
        return STR_NONE;
    buf_addf(&out, "HTTP %d\n", rq->reply.status);
    for (size_t i = 0; i < rq->reply.headers.count; i++)
        buf_addf(&out, "%.*s: %.*s\n", STR_ARG(rq->reply.headers.at[i].name),
                 STR_ARG(rq->reply.headers.at[i].value));
    if (run->body.size > 0 && is_text(run->body))
        buf_addf(&out, "\n%.*s%s\n", STR_ARG(str_first(run->body, SHOWN_BYTES)),
                 run->body.size > SHOWN_BYTES ? "..." : "");
    else if (run->body.size > 0)
        buf_addf(&out, "\n(%zu bytes)\n", run->body.size);
    return buf_str(&out);
}
