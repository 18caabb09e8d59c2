/* Reading access points: get, list, policy, policy status. */
#include "server/auth/policy.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/s3/xml.h"
#include "server/world.h"

static void write_mrap(struct request *rq, struct xml_writer *writer, const struct mrap *mrap)
{
    xml_open(writer, "AccessPoint");
    xml_element(writer, "Name", mrap->name);
    xml_element(writer, "Alias", mrap->alias);
    xml_element(writer, "CreatedAt", instant_iso8601(rq->arena, mrap->created_at));
    xml_open(writer, "PublicAccessBlock");
    for (size_t i = 0; i < 4; i++)
        xml_boolean(writer, mrap_block_names[i], mrap->block[i]);
    xml_close(writer);
    xml_element(writer, "Status", str_of(mrap_status_name(mrap->status)));
    xml_open(writer, "Regions");
    for (size_t i = 0; i < mrap->member_count; i++) {
        xml_open(writer, "Region");
        xml_element(writer, "Bucket", mrap->members[i].bucket);
        xml_element(writer, "Region", region_at(mrap->members[i].region)->code);
        xml_element(writer, "BucketAccountId", mrap->member_accounts[i]);
        xml_close(writer);
    }
    xml_close(writer);
    xml_close(writer);
}

enum s3_code op_list_mraps(struct request *rq)
{
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = control_guard(rq, PLANE_MANAGEMENT);
    if (code != S3_OK)
        return code;
    rq->mraps = mraps_acquire(rq->world->mraps);
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "ListMultiRegionAccessPointsResult", XML_NS_CONTROL);
    xml_open(&writer, "AccessPoints");
    for (size_t i = 0; i < mrap_list_count(rq->mraps); i++) {
        const struct mrap *mrap = mrap_list_at(rq->mraps, i);
        if (str_eq(mrap->account, rq->who.account))
            write_mrap(rq, &writer, mrap);
    }
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

/* The access point that the path names by its friendly name. */
static enum s3_code find_named(struct request *rq, const char *suffix, const struct mrap **out)
{
    enum s3_code code = control_guard(rq, PLANE_MANAGEMENT);
    if (code != S3_OK)
        return code;
    *out = control_find_name(rq, control_label(rq, suffix));
    return *out ? S3_OK : S3_NoSuchMultiRegionAccessPoint;
}

enum s3_code op_get_mrap(struct request *rq)
{
    const struct mrap *mrap;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = find_named(rq, "", &mrap);
    if (code != S3_OK)
        return code;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "GetMultiRegionAccessPointResult", XML_NS_CONTROL);
    write_mrap(rq, &writer, mrap);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

static void write_policy(struct xml_writer *writer, const char *name, str policy)
{
    if (policy.size == 0)
        return;
    xml_open(writer, name);
    xml_element(writer, "Policy", policy);
    xml_close(writer);
}

enum s3_code op_get_mrap_policy(struct request *rq)
{
    const struct mrap *mrap;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = find_named(rq, "/policy", &mrap);
    if (code != S3_OK)
        return code;
    if (mrap->proposed_policy.size == 0)
        return S3_NoSuchMultiRegionAccessPointPolicy;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "GetMultiRegionAccessPointPolicyResult", XML_NS_CONTROL);
    xml_open(&writer, "Policy");
    write_policy(&writer, "Established", mrap->policy);
    write_policy(&writer, "Proposed", mrap->proposed_policy);
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

static bool is_public(struct arena *arena, str text)
{
    str why;
    const struct policy *policy = policy_parse(arena, text, POLICY_RESOURCE, STR_NONE, &why);
    return policy && policy_is_public(policy);
}

enum s3_code op_get_mrap_policy_status(struct request *rq)
{
    const struct mrap *mrap;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = find_named(rq, "/policystatus", &mrap);
    if (code != S3_OK)
        return code;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(&writer, &buf, "GetMultiRegionAccessPointPolicyStatusResult", XML_NS_CONTROL);
    xml_open(&writer, "Established");
    xml_boolean(&writer, "IsPublic", mrap->policy.size > 0 && is_public(rq->arena, mrap->policy));
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}
