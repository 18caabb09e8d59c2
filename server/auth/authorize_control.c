/* Which ARN an S3 Control request asks about. Management calls name access points by their friendly
 * name, which no ARN ever holds, so a policy speaks of the alias; what does not exist yet has its
 * name there. Source: Service authorization reference, "Resource types defined by Amazon S3":
 * multiregionaccesspoint, multiregionaccesspointrequestarn; a list names no resource.
 */
#include "base/encode.h"
#include "server/auth/authorize_ask.h"
#include "server/control/control.h"

static str arn_of(struct request *rq, const struct mrap *mrap, str label)
{
    if (mrap == NULL && str_starts(label, STR("arn:")))
        return label;
    return str_format(rq->arena, "arn:aws:s3::%.*s:accesspoint/%.*s", STR_ARG(rq->who.account),
                      STR_ARG(mrap ? mrap->alias : label));
}

str authorize_control_named(struct request *rq, str name)
{
    return arn_of(rq, control_find_name(rq, name), name);
}

str authorize_control_resource(struct request *rq)
{
    static const char *const suffixes[] = { "/policystatus", "/policy", "" };
    const str requests = STR("/v20180820/async-requests/mrap/"),
              points = STR("/v20180820/accesspoint/"), tags = STR("/v20180820/tags/");
    str label = control_label(rq, "/routes");
    if (label.size > 0)
        return arn_of(rq, control_find(rq, label), label);
    if (str_starts(rq->address.path, points)) {
        str rest = str_skip(rq->address.path, points.size);
        return str_format(rq->arena, "arn:aws:s3:%.*s:%.*s:accesspoint/%.*s", STR_ARG(rq->region),
                          STR_ARG(rq->who.account),
                          STR_ARG(str_first(rest, str_find_char(rest, '/'))));
    }
    if (str_starts(rq->address.path, tags))
        return decode_uri(rq->arena, str_skip(rq->address.path, tags.size), false);
    if (str_starts(rq->address.path, requests))
        return decode_uri(rq->arena, str_skip(rq->address.path, requests.size), false);
    for (size_t i = 0; i < COUNT(suffixes) && label.size == 0; i++)
        label = control_label(rq, suffixes[i]);
    return label.size > 0 ? authorize_control_named(rq, label) : STR("*");
}
