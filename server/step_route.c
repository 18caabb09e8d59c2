/* The route step: which Region serves this request, and did the client come to the right one?
 *
 * Direct requests go where the bucket is; a client that asked elsewhere is told so with the 301 and
 * 400 answers that make SDKs come again (clients.md 5.2). MRAP requests go where routing says.
 */
#include "base/bug.h"
#include "server/access_point.h"
#include "server/clients.h"
#include "server/mrap_pick.h"
#include "server/operations.h"
#include "server/regions.h"
#include "server/walk.h"
#include "server/world.h"

static str default_region(void)
{
    return STR("us-east-1");
}

/* AWS: a virtual-host request is answered with the virtual host of the right Region. */
static str endpoint_of(struct request *rq, const struct bucket_info *bucket)
{
    if (rq->address.virtual_host)
        return str_format(rq->arena, "%.*s.s3.%.*s.amazonaws.com", STR_ARG(bucket->name),
                          STR_ARG(bucket->region));
    return str_format(rq->arena, "s3.%.*s.amazonaws.com", STR_ARG(bucket->region));
}

static enum s3_code wrong_scope(struct request *rq, str expected)
{
    request_header(rq, "x-amz-bucket-region", expected);
    if (rq->who.presigned) {
        request_message(rq,
                        "Error parsing the X-Amz-Credential parameter; the region '%.*s' is wrong; "
                        "expecting '%.*s'",
                        STR_ARG(rq->who.scope_region), STR_ARG(expected));
        request_extra(rq, "Region", expected);
        return S3_AuthorizationQueryParametersError;
    }
    request_message(rq,
                    "The authorization header is malformed; the region '%.*s' is wrong; expecting "
                    "'%.*s'",
                    STR_ARG(rq->who.scope_region), STR_ARG(expected));
    request_extra(rq, "Region", expected);
    return S3_AuthorizationHeaderMalformed;
}

static bool region_matches(str pattern, str region)
{
    size_t star = str_find_char(pattern, '*');
    if (star == pattern.size)
        return str_eq(pattern, region);
    return str_starts(region, str_first(pattern, star)) &&
           str_ends(region, str_skip(pattern, star + 1));
}

/* SigV4A signs for a set of Regions: "us-east-1,eu-*" or "*". */
static bool region_set_allows(str set, str region)
{
    str piece;
    while (str_next(&set, ',', &piece))
        if (region_matches(str_trim(piece), region))
            return true;
    return false;
}

/* The signature must have been made for the Region that serves. */
static enum s3_code judge_scope(struct request *rq, str region)
{
    if (rq->who.algorithm == AUTH_SIGV4 && rq->who.scope_region.size > 0 &&
        !str_eq(rq->who.scope_region, region))
        return wrong_scope(rq, region);
    if (rq->who.algorithm == AUTH_SIGV4A && rq->who.region_set.size > 0 &&
        !region_set_allows(rq->who.region_set, region)) {
        request_message(rq, "The signed region set '%.*s' does not include '%.*s'",
                        STR_ARG(rq->who.region_set), STR_ARG(region));
        return S3_AccessDenied;
    }
    return S3_OK;
}

enum s3_code step_route_scope(struct request *rq)
{
    return judge_scope(rq, rq->region);
}

/* Where the bucket is decides, not where the request went. */
static enum s3_code judge_region(struct request *rq)
{
    const struct bucket_info *bucket = &rq->bucket;
    if (rq->op->flags & OP_ANY_REGION)
        return S3_OK;
    if (rq->address.host_region.size > 0 && !str_eq(rq->address.host_region, bucket->region)) {
        request_header(rq, "x-amz-bucket-region", bucket->region);
        request_extra(rq, "Endpoint", endpoint_of(rq, bucket));
        request_extra(rq, "Bucket", bucket->name);
        return S3_PermanentRedirect;
    }
    return judge_scope(rq, bucket->region);
}

static enum s3_code judge_expected_owner(struct request *rq)
{
    str expected = request_get_header(rq, "x-amz-expected-bucket-owner");
    uint64_t number;
    if (!str_is_set(expected))
        return S3_OK;
    if (expected.size != 12 || !str_to_u64(expected, &number)) {
        request_message(rq,
                        "The value of the expected bucket owner parameter must be an AWS "
                        "Account ID... [%.*s]",
                        STR_ARG(expected));
        return S3_InvalidBucketOwnerAWSAccountID;
    }
    return !rq->has_bucket || str_eq(expected, rq->bucket.account) ? S3_OK : S3_AccessDenied;
}

static enum s3_code region_is_down(struct request *rq, enum region_plane plane)
{
    request_hint(rq,
                 "The %.*s plane of Region %.*s has an outage; `atoll outage %.*s off` ends it.",
                 STR_ARG(region_plane_name(plane)), STR_ARG(rq->region), STR_ARG(rq->region));
    return S3_ServiceUnavailable;
}

/* AWS: InvalidToken in a Region that the requester has not enabled, AllAccessDisabled through an
 * access point whose Region was disabled later. */
static enum s3_code region_is_disabled(struct request *rq, enum s3_code code)
{
    request_hint(rq, "Region %.*s is disabled; `atoll region %.*s enable` enables it.",
                 STR_ARG(rq->region), STR_ARG(rq->region));
    return code;
}

static enum s3_code find_bucket(struct request *rq, str name)
{
    enum store_result found = store_bucket_get(rq->lane->reader, rq->arena, name, &rq->bucket);
    if (found == STORE_NO_BUCKET)
        request_extra(rq, "BucketName", name);
    if (found != STORE_OK)
        return s3_code_from_store(found);
    rq->has_bucket = true;
    return S3_OK;
}

/* The Region that the client meant: its host says so, else its signature. */
static str asked_region(const struct request *rq)
{
    return rq->address.host_region.size > 0 ? rq->address.host_region
           : rq->who.scope_region.size > 0  ? rq->who.scope_region
                                            : default_region();
}

static enum s3_code route_direct(struct request *rq)
{
    rq->route.reason = ROUTE_DIRECT_BUCKET;
    rq->region = asked_region(rq);
    if (str_is(rq->region, "aws-global")) /* a name of SDKs' endpoint rules, never of a Region */
        return wrong_scope(rq, default_region());
    enum s3_code resolved = access_point_resolve(rq);
    if (resolved != S3_OK)
        return resolved;
    region_set up = regions_up(rq->world->regions, rq->received_at);
    if (rq->address.bucket.size > 0 && !(rq->op->flags & OP_NO_BUCKET)) {
        enum s3_code code = find_bucket(rq, rq->address.bucket);
        if (code == S3_OK)
            code = judge_region(rq);
        if (code != S3_OK)
            return code;
        rq->region = rq->bucket.region;
    }
    region_id region = region_find(rq->region);
    if (region != REGION_NONE && !region_set_has(regions_enabled(rq->world->regions), region))
        return region_is_disabled(rq, S3_InvalidToken);
    if (region != REGION_NONE && !region_set_has(up, region))
        return region_is_down(rq, REGION_DATA_PLANE);
    return judge_expected_owner(rq);
}

/* AWS: the calls about routes are answered in five Regions so that one of them may be down. */
static enum s3_code route_control(struct request *rq)
{
    rq->route.reason = ROUTE_DIRECT_BUCKET;
    rq->region = asked_region(rq);
    region_id region = region_find(rq->region);
    bool up = region == REGION_NONE ||
              region_set_has(regions_control_up(rq->world->regions, rq->received_at), region);
    return up ? S3_OK : region_is_down(rq, REGION_CONTROL_PLANE);
}

/* --- Multi-Region Access Points --- */

static str without_suffix(str s, str suffix)
{
    return str_ends(s, suffix) ? str_first(s, s.size - suffix.size) : s;
}

static enum s3_code find_mrap(struct request *rq)
{
    rq->mraps = mraps_acquire(rq->world->mraps);
    rq->mrap = mrap_by_alias(rq->mraps, rq->address.mrap);
    if (rq->mrap == NULL) {
        rq->mrap = mrap_by_name(rq->mraps, rq->who.account,
                                without_suffix(rq->address.mrap, STR(".mrap")));
        if (rq->mrap &&
            !request_nonstandard(rq, "name-as-alias",
                                 "AWS finds a Multi-Region Access Point by its generated alias "
                                 "only; a host with its friendly name does not resolve"))
            rq->mrap = NULL;
    }
    if (rq->mrap == NULL || !mrap_serves(rq->mrap)) {
        if (rq->mrap)
            request_hint(rq, "Multi-Region Access Point %.*s is %s.", STR_ARG(rq->mrap->name),
                         mrap_status_name(rq->mrap->status));
        return S3_NoSuchMultiRegionAccessPoint;
    }
    if (rq->address.alias_as_bucket)
        request_mark(rq, "alias-as-bucket",
                     "NoSuchBucket: AWS knows an alias only as a host name under "
                     "accesspoint.s3-global.amazonaws.com");
    return S3_OK;
}

/* AWS: a bucket that was deleted is a member again only if it comes back with the same name, Region
 * and account. */
static bool is_member(const struct request *rq, const struct route_member *member, str account)
{
    return str_eq(rq->bucket.region, region_at(member->region)->code) &&
           (account.size == 0 || str_eq(rq->bucket.account, account));
}

static enum s3_code route_mrap(struct request *rq)
{
    enum s3_code code = find_mrap(rq);
    if (code != S3_OK)
        return code;
    const struct mrap *mrap = rq->mrap;
    region_set up = regions_up(rq->world->regions, rq->received_at);
    mrap_pick(rq, up);
    if (rq->route.member == SIZE_MAX) {
        request_hint(rq, "No active Region of %.*s is reachable.", STR_ARG(mrap->name));
        return S3_ServiceUnavailable;
    }
    const struct route_member *member = &mrap->members[rq->route.member];
    rq->region = region_at(member->region)->code;
    if (!region_set_has(regions_enabled(rq->world->regions), member->region))
        return region_is_disabled(rq, S3_AllAccessDisabled);
    if (!region_set_has(up, member->region))
        return region_is_down(rq, REGION_DATA_PLANE);
    if (!rq->address.alias_as_bucket) {
        code = judge_scope(rq, rq->region);
        if (code != S3_OK)
            return code;
    }
    code = find_bucket(rq, member->bucket);
    if (code == S3_OK && !is_member(rq, member, mrap->member_accounts[rq->route.member])) {
        rq->has_bucket = false;
        request_extra(rq, "BucketName", member->bucket);
        request_hint(rq, "A bucket of that name is in another Region or account now.");
        return S3_NoSuchBucket;
    }
    return code == S3_OK ? judge_expected_owner(rq) : code;
}

enum s3_code step_route(struct request *rq)
{
    store_read_begin(rq->lane->reader);
    switch (rq->address.kind) {
    case ADDRESS_S3:
        return route_direct(rq);
    case ADDRESS_MRAP:
        return route_mrap(rq);
    case ADDRESS_CONTROL:
        return route_control(rq);
    case ADDRESS_STS:
    case ADDRESS_CLOUDWATCH:
        rq->route.reason = ROUTE_DIRECT_BUCKET;
        rq->region = asked_region(rq);
        return S3_OK;
    case ADDRESS_NONE:
    case ADDRESS_IAM:
    case ADDRESS_ADMIN:
    case ADDRESS_OTHER_AWS:
    case ADDRESS_STRANGER:
        return S3_OK;
    }
    BUG("an address kind without a route");
}
