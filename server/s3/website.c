/* Static web sites (website.h). */
#include "server/s3/website.h"

#include "base/encode.h"
#include "base/limits.h"
#include "server/auth/authorize.h"
#include "server/s3/common.h"

#define MAX_RULES 50 /* AWS: "Configuring a webpage redirect" */

/* ---- the table ---- */

static const struct schema index_members[] = { { "Suffix", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                               SCHEMA_END };
static const struct schema error_members[] = { { "Key", SCHEMA_TEXT, 1, 1, NULL, NULL },
                                               SCHEMA_END };
static const struct schema all_members[] = { { "HostName", SCHEMA_WORD, 1, 1, NULL, NULL },
                                             { "Protocol", SCHEMA_WORD, 0, 1, NULL, NULL },
                                             SCHEMA_END };
static const struct schema condition_members[] = {
    { "HttpErrorCodeReturnedEquals", SCHEMA_WORD, 0, 1, NULL, NULL },
    { "KeyPrefixEquals", SCHEMA_TEXT, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema redirect_members[] = {
    { "HostName", SCHEMA_WORD, 0, 1, NULL, NULL },
    { "HttpRedirectCode", SCHEMA_WORD, 0, 1, NULL, NULL },
    { "Protocol", SCHEMA_WORD, 0, 1, NULL, NULL },
    { "ReplaceKeyPrefixWith", SCHEMA_TEXT, 0, 1, NULL, NULL },
    { "ReplaceKeyWith", SCHEMA_TEXT, 0, 1, NULL, NULL },
    SCHEMA_END
};
static const struct schema rule_members[] = {
    { "Condition", SCHEMA_GROUP, 0, 1, NULL, condition_members },
    { "Redirect", SCHEMA_GROUP, 1, 1, NULL, redirect_members },
    SCHEMA_END
};
static const struct schema rules_members[] = {
    { "RoutingRule", SCHEMA_GROUP, 1, 0, NULL, rule_members }, SCHEMA_END
};
static const struct schema members[] = {
    { "ErrorDocument", SCHEMA_GROUP, 0, 1, NULL, error_members },
    { "IndexDocument", SCHEMA_GROUP, 0, 1, NULL, index_members },
    { "RedirectAllRequestsTo", SCHEMA_GROUP, 0, 1, NULL, all_members },
    { "RoutingRules", SCHEMA_GROUP, 0, 1, NULL, rules_members },
    SCHEMA_END
};
static const struct schema schema = { "WebsiteConfiguration", SCHEMA_GROUP, 1, 1, NULL, members };

static str word(const struct xml *node, const char *name)
{
    return str_trim(xml_text(node, name));
}

static enum s3_code judge_protocol(struct request *rq, const struct xml *node)
{
    str protocol = str_trim(xml_text(node, "Protocol"));
    if (!str_is_set(protocol) || str_is(protocol, "http") || str_is(protocol, "https"))
        return S3_OK;
    return common_invalid_request(rq, "Invalid protocol, protocol can be http or https. If not "
                                      "defined the protocol will be selected automatically.");
}

/* Absent, or a number from `least` to `most`. */
static bool is_status(str text, uint64_t least, uint64_t most)
{
    uint64_t status;
    return !str_is_set(text) || (str_to_u64(text, &status) && status >= least && status <= most);
}

static enum s3_code judge_codes(struct request *rq, const struct xml *condition,
                                const struct xml *redirect)
{
    str error = word(condition, "HttpErrorCodeReturnedEquals");
    str status = word(redirect, "HttpRedirectCode");
    if (!is_status(error, 400, 599))
        request_message(rq,
                        "The provided HTTP error code (%.*s) is not valid. Valid codes are 4XX or "
                        "5XX.",
                        STR_ARG(error));
    else if (!is_status(status, 301, 399))
        request_message(rq,
                        "The provided HTTP redirect code (%.*s) is not valid. Valid codes are 3XX "
                        "except 300.",
                        STR_ARG(status));
    else
        return S3_OK;
    return S3_InvalidRequest;
}

static enum s3_code judge_rule(struct request *rq, const struct xml *rule)
{
    const struct xml *condition = xml_child(rule, "Condition");
    const struct xml *redirect = xml_child(rule, "Redirect");
    if (condition && condition->child == NULL)
        return common_invalid_request(
            rq, "Condition cannot be empty. To redirect all requests without a condition, the "
                "condition element shouldn't be present.");
    if (redirect->child == NULL)
        return S3_MalformedXML;
    if (xml_child(redirect, "ReplaceKeyPrefixWith") && xml_child(redirect, "ReplaceKeyWith"))
        return common_invalid_request(
            rq, "You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    enum s3_code code = judge_codes(rq, condition, redirect);
    return code == S3_OK ? judge_protocol(rq, redirect) : code;
}

static enum s3_code judge_rules(struct request *rq, const struct xml *first)
{
    enum s3_code code = S3_OK;
    unsigned count = 0;
    for (const struct xml *rule = first; rule; rule = xml_next(rule, "RoutingRule"))
        count++;
    if (count > MAX_RULES) {
        request_message(rq,
                        "%u routing rules provided, the number of routing rules in a website "
                        "configuration is limited to %d.",
                        count, MAX_RULES);
        return S3_InvalidRequest;
    }
    for (const struct xml *rule = first; rule && code == S3_OK;
         rule = xml_next(rule, "RoutingRule"))
        code = judge_rule(rq, rule);
    return code;
}

static enum s3_code judge(struct request *rq, const struct xml *root)
{
    const struct xml *all = xml_child(root, "RedirectAllRequestsTo");
    const struct xml *index = xml_child(root, "IndexDocument");
    str suffix = xml_text(index, "Suffix");
    if (all && root->child->next)
        return common_invalid_argument(
            rq, "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
            "RedirectAllRequestsTo", STR("not null"));
    if (all)
        return judge_protocol(rq, all);
    if (index == NULL)
        return common_invalid_argument(rq,
                                       "A value for IndexDocument Suffix must be provided if "
                                       "RedirectAllRequestsTo is empty",
                                       "IndexDocument", STR("null"));
    if (suffix.size == 0 || str_find_char(suffix, '/') < suffix.size)
        return common_invalid_argument(rq, "The IndexDocument Suffix is not well formed",
                                       "IndexDocument", suffix);
    return judge_rules(rq, xml_child(xml_child(root, "RoutingRules"), "RoutingRule"));
}

const struct document website_document = { "website", &schema, S3_NoSuchWebsiteConfiguration, NULL,
                                           judge };

/* ---- serving ---- */

static enum s3_code redirect_to(struct request *rq, str location, str status_text)
{
    uint64_t status = 301;
    if (!str_to_u64(status_text, &status) || status < 300 || status > 399)
        status = 301;
    rq->code = S3_OK;
    rq->extra.count = 0;
    request_header(rq, "Location", location);
    request_reply_empty(rq, (int) status);
    return S3_OK;
}

static str here(struct request *rq, const struct xml *target)
{
    str host = word(target, "HostName"), protocol = word(target, "Protocol");
    return str_format(rq->arena, "%.*s://%.*s/",
                      STR_ARG(protocol.size > 0 ? protocol
                              : rq->tls         ? STR("https")
                                                : STR("http")),
                      STR_ARG(host.size > 0 ? host : request_get_header(rq, "Host")));
}

/* "No conditions" holds always; an error code holds once that is what came out. */
static const struct xml *find_rule(const struct xml *root, str key, int status)
{
    const struct xml *rule = xml_child(xml_child(root, "RoutingRules"), "RoutingRule");
    for (; rule; rule = xml_next(rule, "RoutingRule")) {
        const struct xml *condition = xml_child(rule, "Condition");
        str prefix = xml_text(condition, "KeyPrefixEquals");
        str code = word(condition, "HttpErrorCodeReturnedEquals");
        uint64_t wanted = 0;
        if (str_is_set(prefix) && !str_starts(key, prefix))
            continue;
        if (str_is_set(code) ? str_to_u64(code, &wanted) && wanted == (uint64_t) status
                             : status == 200)
            return rule;
    }
    return NULL;
}

static enum s3_code follow_rule(struct request *rq, const struct xml *rule, str key)
{
    const struct xml *redirect = xml_child(rule, "Redirect");
    str prefix = xml_text(xml_child(rule, "Condition"), "KeyPrefixEquals");
    str new_prefix = xml_text(redirect, "ReplaceKeyPrefixWith");
    str new_key = xml_text(redirect, "ReplaceKeyWith");
    if (str_is_set(new_key))
        key = new_key;
    else if (str_is_set(new_prefix))
        key = str_format(rq->arena, "%.*s%.*s", STR_ARG(new_prefix),
                         STR_ARG(str_skip(key, prefix.size)));
    str base = here(rq, redirect), path = encode_uri(rq->arena, key, true);
    return redirect_to(rq, str_format(rq->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path)),
                       word(redirect, "HttpRedirectCode"));
}

static bool is_object(struct request *rq, str key)
{
    struct version_info version;
    return store_version_get(rq->lane->reader, rq->arena, rq->bucket.id, key, STR_NONE, &version) ==
               STORE_OK &&
           !version.marker;
}

static void add_item(struct request *rq, struct xml_writer *page, str name, str value)
{
    xml_element(page, "li", str_format(rq->arena, "%.*s: %.*s", STR_ARG(name), STR_ARG(value)));
    buf_add(page->buf, STR("\n"));
}

/* AWS: web site answers are HTML, not XML, and say the same. */
static enum s3_code error_page(struct request *rq, enum s3_code code)
{
    const struct s3_error *error = s3_error_of(code);
    struct buf buf;
    struct xml_writer page = { .buf = &buf };
    str title = str_format(rq->arena, "%d %s", error->status,
                           error->status == 404   ? "Not Found"
                           : error->status == 403 ? "Forbidden"
                           : error->status == 405 ? "Method Not Allowed"
                                                  : "Error");
    buf_init_arena(&buf, rq->arena, LIMIT_XML_BYTES);
    buf_add(&buf, str_format(rq->arena,
                             "<html>\n<head><title>%.*s</title></head>\n<body>\n<h1>%.*s</h1>\n"
                             "<ul>\n",
                             STR_ARG(title), STR_ARG(title)));
    add_item(rq, &page, STR("Code"), error->code);
    add_item(rq, &page, STR("Message"), rq->message.size > 0 ? rq->message : error->message);
    for (size_t i = 0; i < rq->extra.count; i++)
        add_item(rq, &page, rq->extra.at[i].name, rq->extra.at[i].value);
    add_item(rq, &page, STR("RequestId"), rq->id);
    add_item(rq, &page, STR("HostId"), fields_get(&rq->reply.headers, "x-amz-id-2"));
    buf_add(&buf, STR("</ul>\n<hr/>\n</body>\n</html>\n"));
    request_reply(rq, error->status, "text/html; charset=utf-8", buf_str(&buf));
    return S3_OK;
}

/* AWS: a page is an object that the one who asks may read; that it is not there is told to those
 * who may list. */
static enum s3_code read_page(struct request *rq, enum s3_code (*get)(struct request *rq))
{
    enum s3_code code = authorize_check(rq);
    return authorize_absent(rq, code == S3_OK ? get(rq) : code);
}

static enum s3_code fail(struct request *rq, const struct xml *root, enum s3_code code,
                         enum s3_code (*get)(struct request *rq))
{
    str error_key = xml_text(xml_child(root, "ErrorDocument"), "Key");
    int status = s3_error_of(code)->status;
    const struct xml *rule = find_rule(root, rq->address.key, status);
    if (status < 400)
        return code;
    if (rule)
        return follow_rule(rq, rule, rq->address.key);
    if (error_key.size > 0 && is_object(rq, error_key)) {
        rq->address.key = error_key;
        rq->reply.headers.count = rq->extra.count = 0;
        rq->message = STR_NONE;
        if (read_page(rq, get) == S3_OK) {
            rq->reply.status = status;
            return S3_OK;
        }
    }
    return error_page(rq, code);
}

/* "photos" is asked for, "photos/index.html" is there: the browser is sent to "photos/". */
static bool redirect_to_folder(struct request *rq, str suffix)
{
    str key = rq->address.key;
    str index = str_format(rq->arena, "%.*s/%.*s", STR_ARG(key), STR_ARG(suffix));
    if (key.size == 0 || key.ptr[key.size - 1] == '/' || is_object(rq, key) ||
        !is_object(rq, index))
        return false;
    str path = encode_uri(rq->arena, key, true);
    request_header(rq, "Location", str_format(rq->arena, "/%.*s/", STR_ARG(path)));
    request_reply_empty(rq, 302);
    return true;
}

enum s3_code website_get(struct request *rq, enum s3_code (*get)(struct request *rq))
{
    const struct xml *root;
    str key = rq->address.key;
    enum s3_code code = document_tree(rq, rq->bucket.id, &website_document, &root);
    if (code == S3_OK && root == NULL)
        code = document_absent(rq, S3_NoSuchWebsiteConfiguration);
    if (code != S3_OK)
        return error_page(rq, code);
    const struct xml *all = xml_child(root, "RedirectAllRequestsTo");
    if (all) {
        str base = here(rq, all), path = encode_uri(rq->arena, key, true);
        return redirect_to(rq, str_format(rq->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path)),
                           STR_NONE);
    }
    const struct xml *rule = find_rule(root, key, 200);
    if (rule)
        return follow_rule(rq, rule, key);
    str suffix = xml_text(xml_child(root, "IndexDocument"), "Suffix");
    if (redirect_to_folder(rq, suffix))
        return S3_OK;
    if (key.size == 0 || key.ptr[key.size - 1] == '/')
        rq->address.key = str_format(rq->arena, "%.*s%.*s", STR_ARG(key), STR_ARG(suffix));
    code = read_page(rq, get);
    if (code != S3_OK)
        return fail(rq, root, code, get);
    str redirect = fields_get(&rq->reply.headers, "x-amz-website-redirect-location");
    if (redirect.size > 0) {
        body_reader_close(rq->reply.body);
        rq->reply.body = NULL;
        return redirect_to(rq, redirect, STR_NONE);
    }
    return S3_OK;
}
