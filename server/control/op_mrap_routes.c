/* Traffic dials: reading and submitting the routes of an access point (aws-behaviour B.4).
 *
 * AWS defines 0 and 100 only. Values in between are accepted as weights and marked, because the
 * article that people follow says 70 and 30; --strict refuses them.
 */
#include "server/changes.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/event_of.h"
#include "server/s3/xml.h"
#include "server/world.h"

#define WEIGHTED_REFUSAL "InvalidRequest: TrafficDialPercentage is 0 (passive) or 100 (active)"

struct routes_change {
    struct store_write write;
    struct store_doc doc;
    struct changes_pending said;
    str name;
};

static enum s3_code find_by_arn(struct request *rq, const struct mrap **out)
{
    enum s3_code code = control_guard(rq, PLANE_FAILOVER);
    if (code != S3_OK)
        return code;
    str label = control_label(rq, "/routes");
    if (!control_label_is_sound(label)) {
        request_message(rq, "The Multi-Region Access Point ARN is not valid");
        return S3_InvalidRequest;
    }
    *out = control_find(rq, label);
    return *out ? S3_OK : S3_NoSuchMultiRegionAccessPoint;
}

enum s3_code op_get_mrap_routes(struct request *rq)
{
    const struct mrap *mrap;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = find_by_arn(rq, &mrap);
    if (code != S3_OK)
        return code;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "GetMultiRegionAccessPointRoutesResult", XML_NS_CONTROL);
    xml_element(&writer, "Mrap",
                str_format(rq->arena, "arn:aws:s3::%.*s:accesspoint/%.*s", STR_ARG(mrap->account),
                           STR_ARG(mrap->alias)));
    xml_open(&writer, "Routes");
    for (size_t i = 0; i < mrap->member_count; i++) {
        xml_open(&writer, "Route");
        xml_element(&writer, "Bucket", mrap->members[i].bucket);
        xml_element(&writer, "Region", region_at(mrap->members[i].region)->code);
        xml_integer(&writer, "TrafficDialPercentage", mrap->members[i].dial);
        xml_close(&writer);
    }
    xml_end(&writer);
    if (route_is_weighted(mrap->members, mrap->member_count))
        request_mark(rq, "weighted-dial", WEIGHTED_REFUSAL);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

static enum s3_code read_updates(struct request *rq, struct route_change *changes, size_t *count)
{
    if (rq->body.size == 0)
        return S3_MissingRequestBodyError;
    const struct xml *root = xml_parse(rq->arena, rq->body);
    const struct xml *updates = xml_child(root, "RouteUpdates");
    if (updates == NULL)
        return S3_MalformedXML;
    for (const struct xml *route = xml_child(updates, "Route"); route;
         route = xml_next(route, "Route")) {
        uint64_t dial;
        if (*count == LIMIT_REGIONS_PER_MRAP)
            return S3_MalformedXML;
        if (!str_to_u64(str_trim(xml_text(route, "TrafficDialPercentage")), &dial) || dial > 100) {
            request_message(rq, "TrafficDialPercentage must be a whole number from 0 to 100");
            return S3_InvalidRequest;
        }
        changes[(*count)++] = (struct route_change){ xml_text(route, "Bucket"),
                                                     xml_text(route, "Region"), (unsigned) dial };
    }
    return *count > 0 ? S3_OK : S3_MalformedXML;
}

static enum s3_code submitted(struct request *rq)
{
    const struct routes_change *change = rq->state;
    if (change->write.result == STORE_EXISTS)
        return S3_OperationAborted; /* of updates at once the first wins */
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    mraps_reload(rq->world->mraps, rq->lane->reader);
    changes_after(&change->said);
    event_of_change(rq->world, EVENT_ROUTE, change->name, STR("submitted"));
    request_reply_empty(rq, 200);
    return S3_OK;
}

enum s3_code op_submit_mrap_routes(struct request *rq)
{
    struct route_change changes[LIMIT_REGIONS_PER_MRAP];
    struct route_update_result result;
    size_t count = 0;
    const struct mrap *mrap;
    enum s3_code code = find_by_arn(rq, &mrap);
    if (code == S3_OK)
        code = read_updates(rq, changes, &count);
    if (code != S3_OK)
        return code;
    if (mrap->member_count == 1) {
        request_message(rq, "A Multi-Region Access Point with one Region has no routes to change");
        return S3_MethodNotAllowed;
    }
    struct mrap changed = *mrap;
    struct route_changes list = { changes, count, rq->world->settings->strict };
    if (!route_update(changed.members, changed.member_count, &list, &result)) {
        struct buf why;
        buf_init_arena(&why, rq->arena, LIMIT_XML_BYTES);
        route_update_describe(&list, &result, &why);
        request_message(rq, "%.*s", STR_ARG(buf_str(&why)));
        return S3_InvalidRequest;
    }
    if (result.weighted)
        request_mark(rq, "weighted-dial", WEIGHTED_REFUSAL);
    mrap_routes_change(&changed, mrap, rq->received_at, false);

    struct routes_change *write = ARENA_NEW(rq->arena, struct routes_change);
    rq->state = write;
    write->name = mrap->name;
    write->doc = mrap_change_doc(rq->arena, mrap, &changed);
    store_docs_init(&write->write, rq->arena);
    write->write.docs = &write->doc;
    write->write.doc_count = 1;
    write->said = (struct changes_pending){ rq->lane, rq->arena, rq, &write->doc, 1, NULL };
    changes_before(&write->said);
    return request_write(rq, &write->write, submitted);
}
