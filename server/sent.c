/* A request as it was sent, without what nobody else may see; see sent.h. */
#include "server/sent.h"

#include "base/limits.h"

/* AWS, "Authenticating Requests: Using Query Parameters": all of these begin with X-Amz-; those of
 * signature version 2 do not. */
static bool is_signatures(str parameter)
{
    static const char *const names[] = {
        "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",       "X-Amz-Expires",
        "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Region-Set", "X-Amz-Security-Token",
        "AWSAccessKeyId",      "Signature",        "Expires"
    };
    str name = str_first(parameter, str_find_char(parameter, '='));
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

str sent_query(const struct request *rq)
{
    str rest = rq->raw_query, one;
    struct buf kept;
    bool any = false;
    while (rest.size > 0 && !any && str_next(&rest, '&', &one))
        any = is_signatures(one);
    if (!any)
        return rq->raw_query;
    buf_init_arena(&kept, rq->arena, rq->raw_query.size);
    rest = rq->raw_query;
    while (rest.size > 0 && str_next(&rest, '&', &one))
        if (!is_signatures(one)) {
            buf_add(&kept, kept.size > 0 ? STR("&") : STR(""));
            buf_add(&kept, one);
        }
    return buf_str(&kept);
}

/* Of x-amz-*, all but what belongs to a signature, frames or checks the body, or is a secret (a
 * token, an MFA code, the key of SSE-C). */
static bool changes_something(str name)
{
    static const char *const plain[] = { "Range",
                                         "If-Match",
                                         "If-None-Match",
                                         "If-Modified-Since",
                                         "If-Unmodified-Since",
                                         "Content-Type",
                                         "Cache-Control",
                                         "Content-Disposition",
                                         "Content-Language",
                                         "Expires",
                                         "Origin",
                                         "Access-Control-Request-Method",
                                         "Access-Control-Request-Headers" };
    static const char *const never[] = {
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-region-set",
        "x-amz-decoded-content-length",
        "x-amz-trailer",
        "x-amz-sdk-",
        "x-amz-checksum-",
        "x-amz-user-agent",
        "x-amz-mfa",
        "x-amz-server-side-encryption-customer-",
        "x-amz-copy-source-server-side-encryption-customer-",
    };
    if (!str_starts_nocase(name, STR("x-amz-"))) {
        for (size_t i = 0; i < COUNT(plain); i++)
            if (str_eq_nocase(name, str_of(plain[i])))
                return true;
        return false;
    }
    for (size_t i = 0; i < COUNT(never); i++)
        if (str_starts_nocase(name, str_of(never[i])))
            return false;
    return true;
}

str sent_headers(const struct request *rq)
{
    struct buf kept;
    buf_init_arena(&kept, rq->arena, LIMIT_SENT_HEADER_BYTES);
    for (size_t i = 0; i < rq->headers.count; i++) {
        str name = rq->headers.at[i].name, value = rq->headers.at[i].value;
        if (!changes_something(name) ||
            kept.size + name.size + value.size + 3 > LIMIT_SENT_HEADER_BYTES)
            continue;
        buf_add(&kept, name);
        buf_add(&kept, STR(": "));
        buf_add(&kept, value);
        buf_add_char(&kept, '\n');
    }
    return buf_str(&kept);
}
