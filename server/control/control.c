/* What the S3 Control handlers share; see control.h. */
#include "server/control/control.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/rng.h"
#include "server/world.h"

static enum s3_code judge_account(struct request *rq)
{
    str account = request_get_header(rq, "x-amz-account-id");
    uint64_t number;
    if (account.size == 0)
        account = rq->address.account_label;
    if (account.size != 12 || !str_to_u64(account, &number)) {
        request_message(rq, "AccountId must be 12 digits");
        return S3_InvalidRequest;
    }
    if (str_eq(account, rq->who.account))
        return S3_OK;
    request_hint(
        rq,
        "This request acts as account %.*s. Start atoll with --account %.*s, or use %.*s as "
        "the access key: a key of 12 digits is the account of that number.",
        STR_ARG(rq->who.account), STR_ARG(account), STR_ARG(account));
    return S3_AccessDenied;
}

enum s3_code control_guard_account(struct request *rq)
{
    return judge_account(rq);
}

static bool plane_answers(enum control_plane plane, str region)
{
    region_id id = region_find(region);
    if (id == REGION_NONE)
        return false;
    if (plane == PLANE_REGIONAL)
        return true;
    return plane == PLANE_MANAGEMENT ? region_at(id)->mrap_control_plane
                                     : region_at(id)->failover_control_plane;
}

enum s3_code control_guard(struct request *rq, enum control_plane plane)
{
    enum s3_code code = judge_account(rq);
    if (code != S3_OK || plane_answers(plane, rq->region))
        return code;
    const char *regions = plane == PLANE_MANAGEMENT
                              ? "us-west-2"
                              : "us-east-1, us-west-2, ap-southeast-2, ap-northeast-1, eu-west-1";
    const char *refusal =
        plane == PLANE_MANAGEMENT
            ? "PermanentRedirect: this API operation is only available in us-west-2"
            : "PermanentRedirect: this API operation is only available in the five "
              "failover control Regions";
    if (request_nonstandard(rq, "control-region", refusal))
        return S3_OK;
    request_message(
        rq,
        "This API operation is only available in the following Regions: %s. Make sure to "
        "send all future requests to a supported Region.",
        regions);
    return S3_PermanentRedirect;
}

str control_label(struct request *rq, const char *suffix)
{
    str path = rq->address.path;
    const str prefix = STR("/v20180820/mrap/instances/");
    if (!str_starts(path, prefix) || !str_ends(path, str_of(suffix)) ||
        path.size < prefix.size + strlen(suffix))
        return STR_NONE;
    str label = str_skip(path, prefix.size);
    return decode_uri(rq->arena, str_first(label, label.size - strlen(suffix)), false);
}

static const struct mrap *present(struct request *rq, const struct mrap *mrap)
{
    return mrap && str_eq(mrap->account, rq->who.account) ? mrap : NULL;
}

const struct mrap *control_find_name(struct request *rq, str name)
{
    if (rq->mraps == NULL)
        rq->mraps = mraps_acquire(rq->world->mraps);
    return present(rq, mrap_by_name(rq->mraps, rq->who.account, name));
}

/* arn:aws:s3::ACCOUNT:accesspoint/ALIAS; other partitions have none. */
static bool arn_resource(str arn, str *account, str *alias)
{
    str word, rest = str_skip(arn, strlen("arn:"));
    return str_next(&rest, ':', &word) && str_is(word, "aws") && str_next(&rest, ':', &word) &&
           str_is(word, "s3") && str_next(&rest, ':', &word) && word.size == 0 &&
           str_next(&rest, ':', account) && str_starts(rest, STR("accesspoint")) &&
           rest.size > strlen("accesspoint/") &&
           (rest.ptr[strlen("accesspoint")] == '/' || rest.ptr[strlen("accesspoint")] == ':') &&
           (*alias = str_skip(rest, strlen("accesspoint/"))).size > 0;
}

bool control_label_is_sound(str label)
{
    str account, alias;
    if (str_starts(label, STR("arn:")))
        return arn_resource(label, &account, &alias);
    if (label.size == 0)
        return false;
    for (size_t i = 0; i < label.size; i++) {
        char c = label.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return true;
}

const struct mrap *control_find(struct request *rq, str label)
{
    str account;
    if (rq->mraps == NULL)
        rq->mraps = mraps_acquire(rq->world->mraps);
    if (str_starts(label, STR("arn:")) &&
        (!arn_resource(label, &account, &label) || !str_eq(account, rq->who.account)))
        return NULL;
    const struct mrap *found = present(rq, mrap_by_alias(rq->mraps, label));
    if (found)
        return found;
    str name =
        str_ends(label, STR(".mrap")) ? str_first(label, label.size - strlen(".mrap")) : label;
    found = control_find_name(rq, name);
    return found && request_nonstandard(
                        rq, "name-as-alias",
                        "NoSuchMultiRegionAccessPoint: an ARN holds the generated alias, "
                        "not the name")
               ? found
               : NULL;
}

uint64_t control_next_ordinal(struct request *rq, struct store_doc *counter)
{
    str last = STR_NONE;
    uint64_t ordinal = 0;
    if (store_doc_get(rq->lane->reader, rq->arena, STR("counter"), STR("control"), &last) !=
            STORE_OK ||
        !str_to_u64(last, &ordinal))
        ordinal = 0;
    ordinal++;
    *counter =
        (struct store_doc){ .kind = STR("counter"),
                            .id = STR("control"),
                            .body = str_format(rq->arena, "%llu", (unsigned long long) ordinal) };
    return ordinal;
}

duration control_delay(const struct request *rq, uint64_t ordinal, duration least, duration most)
{
    if (!str_is(world_preset(rq->world), "aws-like"))
        return (duration){ 0 };
    struct rng_key key = { .seed = rq->world->seed,
                           .purpose = RNG_PROPAGATION,
                           .name = STR("control"),
                           .ordinal = ordinal };
    return (duration){ least.ns + (int64_t) (rng_unit(&key) * (double) (most.ns - least.ns)) };
}
