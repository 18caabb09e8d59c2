/* Conditional requests. The order in which reads are judged is RFC 9110 13.2.2, which S3 follows:
 * an If-Match that holds overrides If-Unmodified-Since, an If-None-Match overrides
 * If-Modified-Since (AWS: "Amazon S3 API Reference, GetObject"). */
#include "server/s3/conditions.h"

#include "server/s3/common.h"

static str header_of(const struct fields *headers, const char *prefix, const char *name)
{
    str start = str_of(prefix), end = str_of(name);
    for (size_t i = 0; i < headers->count; i++) {
        str header = headers->at[i].name;
        if (header.size == start.size + end.size && str_starts_nocase(header, start) &&
            str_eq_nocase(str_skip(header, start.size), end))
            return str_trim(headers->at[i].value);
    }
    return STR_NONE;
}

bool conditions_read(const struct fields *headers, const char *prefix, struct conditions *out)
{
    out->match = header_of(headers, prefix, "If-Match");
    out->none_match = header_of(headers, prefix, "If-None-Match");
    out->modified_since = header_of(headers, prefix, "If-Modified-Since");
    out->unmodified_since = header_of(headers, prefix, "If-Unmodified-Since");
    return str_is_set(out->match) || str_is_set(out->none_match) ||
           str_is_set(out->modified_since) || str_is_set(out->unmodified_since);
}

bool conditions_list_has(str list, str etag)
{
    str one;
    while (list.size > 0 && str_next(&list, ',', &one)) {
        one = str_trim(one);
        if (str_is(one, "*") || str_eq(common_etag_bare(one), etag))
            return true;
    }
    return false;
}

/* Headers know whole seconds only, so that is what is compared. */
static bool later(instant modified, instant since)
{
    return modified.ns / 1000000000 > since.ns / 1000000000;
}

static bool read_date(str text, instant *out)
{
    return text.size > 0 && instant_parse_http(text, out);
}

struct conditions_verdict conditions_judge(const struct conditions *conditions, str etag,
                                           instant modified, instant now)
{
    instant date;
    if (str_is_set(conditions->match)) {
        if (!conditions_list_has(conditions->match, etag))
            return (struct conditions_verdict){ CONDITIONS_FAILED, "If-Match" };
    } else if (read_date(conditions->unmodified_since, &date) && later(modified, date)) {
        return (struct conditions_verdict){ CONDITIONS_FAILED, "If-Unmodified-Since" };
    }
    if (str_is_set(conditions->none_match)) {
        if (conditions_list_has(conditions->none_match, etag))
            return (struct conditions_verdict){ CONDITIONS_NOT_MODIFIED, "If-None-Match" };
    } else if (read_date(conditions->modified_since, &date) && !later(date, now) &&
               !later(modified, date)) {
        return (struct conditions_verdict){ CONDITIONS_NOT_MODIFIED, "If-Modified-Since" };
    }
    return (struct conditions_verdict){ CONDITIONS_HOLD, NULL };
}

struct conditions_refusal conditions_for_write(const struct fields *headers, bool deleting,
                                               struct write_condition *out)
{
    str match = header_of(headers, "", "If-Match");
    str none_match = header_of(headers, "", "If-None-Match");
    *out = (struct write_condition){ 0 };
    if (deleting) {
        /* AWS: directory buckets only. */
        if (str_is_set(header_of(headers, "", "x-amz-if-match-last-modified-time")))
            return (struct conditions_refusal){ "x-amz-if-match-last-modified-time", NULL };
        if (str_is_set(header_of(headers, "", "x-amz-if-match-size")))
            return (struct conditions_refusal){ "x-amz-if-match-size", NULL };
        none_match = STR_NONE; /* DeleteObject knows no If-None-Match */
    }
    if (str_is_set(match) && str_is_set(none_match))
        return (struct conditions_refusal){
            "If-Match,If-None-Match", "Multiple conditional request headers present in the request"
        };
    if (str_is_set(none_match) && !str_is(none_match, "*"))
        return (struct conditions_refusal){
            "If-None-Match",
            "We don't accept the provided value of If-None-Match header for this API"
        };
    if (str_is(match, "*") && !deleting)
        return (struct conditions_refusal){
            "If-Match", "We don't accept the provided value of If-Match header for this API"
        };
    out->if_none_match_any = str_is_set(none_match);
    out->if_match_any = str_is(match, "*");
    if (str_is_set(match) && !out->if_match_any)
        out->if_match = common_etag_bare(match);
    return (struct conditions_refusal){ NULL, NULL };
}

enum s3_code conditions_write(struct request *rq, bool deleting, struct write_condition *out)
{
    struct conditions_refusal refusal = conditions_for_write(&rq->headers, deleting, out);
    if (refusal.header == NULL)
        return S3_OK;
    request_extra(rq, "Header", str_of(refusal.header));
    if (refusal.why)
        request_extra(rq, "additionalMessage", str_of(refusal.why));
    return S3_NotImplemented;
}

enum s3_code conditions_result(struct request *rq, const struct write_condition *condition,
                               enum store_result result)
{
    if (result == STORE_PRECONDITION || result == STORE_CONFLICT)
        request_extra(rq, "Condition",
                      condition->if_none_match_any ? STR("If-None-Match") : STR("If-Match"));
    if (result == STORE_CONFLICT)
        request_extra(rq, "Key", rq->address.key);
    return common_from_store(rq, result);
}
