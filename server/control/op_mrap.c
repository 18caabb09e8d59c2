/* The asynchronous MRAP requests: create, delete, put-policy. How they go shows in Describe
 * (op_mrap_describe.c).
 *
 * AWS authorises synchronously, answers with a token, and reports most failures in Describe: the
 * create call itself answers 200 even when it will fail (aws-behaviour A.6). What is wrong already
 * is judged here and shows in Describe; the work is done by async_work.h: in the write that accepts
 * the call, or minutes later under --preset aws-like.
 */
#include "base/encode.h"
#include "base/rng.h"
#include "server/async_work.h"
#include "server/auth/authorize.h"
#include "server/auth/policy.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/regions.h"
#include "server/s3/xml.h"
#include "server/world.h"

/* What a handler keeps between submitting its write and answering. */
struct change {
    struct store_write write;
    struct async_record record;
    struct store_doc docs[5];
    bool repeated; /* the same ClientToken and content: only answer again */
};

static bool name_is_valid(str name)
{
    if (name.size < 3 || name.size > 50 || name.ptr[0] == '-' || name.ptr[name.size - 1] == '-')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

/* The parts common to all three requests. */
static enum s3_code read_request(struct request *rq, enum async_kind kind,
                                 struct async_record *record, const struct xml **details_out)
{
    if (rq->body.size == 0)
        return S3_MissingRequestBodyError;
    const struct xml *root = xml_parse(rq->arena, rq->body);
    const struct xml *details = xml_child(root, "Details");
    if (root == NULL ||
        !str_eq(root->name, str_format(rq->arena, "%sRequest", async_operation(kind))) ||
        details == NULL)
        return S3_MalformedXML;
    *record = (struct async_record){ .kind = kind,
                                     .account = rq->who.account,
                                     .request_id = rq->id,
                                     .created_at = rq->received_at,
                                     .name = xml_text(details, "Name"),
                                     .client_token = xml_text(root, "ClientToken"),
                                     .policy = xml_text(details, "Policy") };
    *details_out = details;
    if (record->client_token.size == 0 || record->client_token.size > 64) {
        request_message(rq, "ClientToken must have 1 to 64 characters");
        return S3_InvalidRequest;
    }
    if (!name_is_valid(record->name)) {
        request_message(
            rq, "The Multi-Region Access Point name must have 3 to 50 characters: lowercase "
                "letters, digits and hyphens, starting and ending with a letter or digit.");
        return S3_InvalidRequest;
    }
    return authorize_named(rq, record->name);
}

/* --- idempotency: the same ClientToken gives the same answer --- */

static str fingerprint(struct request *rq, enum async_kind kind)
{
    return str_format(rq->arena, "%d:%016llx", (int) kind, (unsigned long long) rng_hash(rq->body));
}

/* S3_OK and change->repeated when this very request was accepted before. */
static enum s3_code judge_client_token(struct request *rq, struct change *change)
{
    str id = str_format(rq->arena, "%.*s/%.*s", STR_ARG(rq->who.account),
                        STR_ARG(change->record.client_token));
    str print = fingerprint(rq, change->record.kind), before = STR_NONE, old_print, token;
    if (store_doc_get(rq->lane->reader, rq->arena, STR("client-token"), id, &before) == STORE_OK &&
        str_cut(before, ' ', &old_print, &token)) {
        if (!str_eq(old_print, print))
            return S3_ClientTokenConflict;
        change->record.token = token;
        change->repeated = true;
    }
    change->docs[2] = (struct store_doc){ .kind = STR("client-token"), .id = id, .body = print };
    return S3_OK;
}

/* 94 characters of URL-safe base64, as seen on AWS. */
static str draw_token(struct request *rq, uint64_t ordinal, str client_token)
{
    unsigned char bytes[71];
    rng_bytes(&(struct rng_key){ .seed = rq->world->seed,
                                 .purpose = RNG_ASYNC_TOKEN,
                                 .name = client_token,
                                 .ordinal = ordinal },
              bytes, sizeof bytes);
    return str_first(encode_base64url(rq->arena, bytes, sizeof bytes), 94);
}

/* 'm' and twelve letters of lower-case base32, as seen on AWS; never given twice. */
static str draw_alias(struct request *rq, uint64_t ordinal, str name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[12];
    char alias[18] = "m";
    rng_bytes(
        &(struct rng_key){
            .seed = rq->world->seed, .purpose = RNG_MRAP_ALIAS, .name = name, .ordinal = ordinal },
        bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        alias[i + 1] = letters[bytes[i] % 32];
    memcpy(alias + 13, ".mrap", 5);
    return str_copy(rq->arena, str_from(alias, sizeof alias));
}

static enum s3_code answer_token(struct request *rq)
{
    const struct change *change = rq->state;
    struct buf buf;
    struct xml_writer writer;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    str root = str_format(rq->arena, "%sResult", async_operation(change->record.kind));
    xml_begin(&writer, &buf, str_c(rq->arena, root), XML_NS_CONTROL);
    xml_element(&writer, "RequestTokenARN", async_arn(rq->arena, &change->record));
    xml_end(&writer);
    request_reply(rq, 200, "application/xml", buf_str(&buf));
    return S3_OK;
}

static enum s3_code accepted(struct request *rq)
{
    const struct change *change = rq->state;
    if (change->write.result == STORE_EXISTS)
        return S3_OperationAborted; /* another control change was accepted in between */
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    mraps_reload(rq->world->mraps, rq->lane->reader);
    if (!change->record.over)
        async_work_changed(rq->world);
    return answer_token(rq);
}

/* What the request makes of the access point, in the write that accepts it. */
struct effect {
    const struct mrap *before; /* NULL: there is none of that name */
    const struct mrap *after;  /* NULL: nothing changes */
};

static struct store_doc effect_doc(struct request *rq, const struct effect *effect)
{
    if (effect->before)
        return mrap_change_doc(rq->arena, effect->before, effect->after);
    struct store_doc doc = mrap_to_doc(rq->arena, effect->after);
    doc.if_absent = true; /* of two at once the first wins */
    return doc;
}

/* Does the work at once if it is due, so that the answer finds it done. */
static void add_effect(struct request *rq, struct change *change, const struct effect *effect,
                       size_t *count)
{
    struct async_record *record = &change->record;
    struct async_task *task = ARENA_NEW(rq->arena, struct async_task);
    *task = (struct async_task){ .world = rq->world,
                                 .reader = rq->lane->reader,
                                 .arena = rq->arena,
                                 .now = rq->received_at,
                                 .record = record,
                                 .before = effect->after };
    if (async_work_is_due(rq->world, record->due_at, rq->received_at))
        async_work_do(task);
    if (effect->after == NULL)
        return;
    struct effect done = { effect->before, task->changed ? &task->after : effect->after };
    struct store_doc *doc = &change->docs[(*count)++];
    *doc = effect_doc(rq, &done);
    if (task->removed)
        doc->body = STR_NONE;
}

/* Writes the record, its client token, the counter, what the request makes of the access point, and
 * that its work is still to be done. */
static enum s3_code submit(struct request *rq, struct change *change, uint64_t ordinal,
                           struct effect effect)
{
    struct async_record *record = &change->record;
    size_t count = 3;
    record->token = draw_token(rq, ordinal, record->client_token);
    if (record->error_code.size > 0)
        effect.after = NULL;
    add_effect(rq, change, &effect, &count);
    change->docs[1] = async_to_doc(rq->arena, record);
    change->docs[1].if_absent = true;
    change->docs[2].body =
        str_format(rq->arena, "%.*s %.*s", STR_ARG(change->docs[2].body), STR_ARG(record->token));
    change->docs[2].if_absent = true;
    if (!record->over)
        change->docs[count++] = async_due_doc(record, true);
    store_docs_init(&change->write, rq->arena);
    change->write.docs = change->docs;
    change->write.doc_count = count;
    return request_write(rq, &change->write, accepted);
}

/* --- create --- */

static void read_block(const struct xml *details, bool block[4])
{
    const struct xml *given = xml_child(details, "PublicAccessBlock");
    for (size_t i = 0; i < 4; i++) {
        str value = xml_text(given, mrap_block_names[i]);
        block[i] = given == NULL || !str_is_set(value) || str_is(str_trim(value), "true");
    }
}

static enum s3_code read_regions(struct request *rq, const struct xml *details,
                                 struct async_record *record)
{
    const struct xml *region = xml_child(xml_child(details, "Regions"), "Region");
    for (; region; region = xml_next(region, "Region")) {
        if (record->region_count == LIMIT_REGIONS_PER_MRAP)
            return S3_TooManyMultiRegionAccessPointregionsError;
        struct async_region *out = &record->regions[record->region_count++];
        out->bucket = xml_text(region, "Bucket");
        out->account = xml_text(region, "BucketAccountId");
        uint64_t number;
        if (out->bucket.size == 0)
            return S3_MalformedXML;
        if (out->account.size > 0 &&
            (out->account.size != 12 || !str_to_u64(out->account, &number))) {
            request_message(rq, "BucketAccountId must be 12 digits");
            return S3_InvalidRequest;
        }
    }
    if (record->region_count == 0) {
        request_message(rq, "A Multi-Region Access Point needs at least one Region with a bucket.");
        return S3_InvalidRequest;
    }
    return S3_OK;
}

/* One bucket of a create request: where it is and what speaks against it. */
static void judge_member(struct request *rq, struct async_record *record, size_t at,
                         struct mrap *mrap)
{
    struct async_region *region = &record->regions[at];
    struct bucket_info bucket;
    if (store_bucket_get(rq->lane->reader, rq->arena, region->bucket, &bucket) != STORE_OK) {
        async_fail(record, S3_NoSuchBucket, region->bucket);
        return;
    }
    region->region = bucket.region;
    region_id id = region_find(bucket.region);
    str owner = region->account.size > 0 ? region->account : record->account;
    if (!str_eq(owner, bucket.account))
        async_fail(record, S3_AccessDenied, bucket.name);
    if (id == REGION_NONE || !region_at(id)->mrap_supported) {
        async_fail(record, S3_MultiRegionAccessPointUnsupportedRegion, bucket.name);
        return;
    }
    for (size_t i = 0; i < mrap->member_count; i++)
        if (mrap->members[i].region == id)
            async_fail(record, S3_MultiRegionAccessPointSameBucketRegion, bucket.name);
    size_t member = mrap->member_count++;
    mrap->members[member] = (struct route_member){ bucket.name, id, 100 };
    mrap->old_dials[member] = 100;
    mrap->member_accounts[member] = bucket.account;
}

/* AWS refuses at once what lies in an opt-in Region that the account has not enabled. */
static enum s3_code judge_enabled(struct request *rq, const struct async_record *record)
{
    region_set enabled = regions_enabled(rq->world->regions);
    for (size_t i = 0; i < record->region_count; i++) {
        struct bucket_info bucket;
        if (store_bucket_get(rq->lane->reader, rq->arena, record->regions[i].bucket, &bucket) ==
                STORE_OK &&
            region_find(bucket.region) != REGION_NONE &&
            !region_set_has(enabled, region_find(bucket.region))) {
            request_hint(rq, "Region %.*s is disabled; `atoll region %.*s enable` enables it.",
                         STR_ARG(bucket.region), STR_ARG(bucket.region));
            return S3_InvalidRegion;
        }
    }
    return S3_OK;
}

static size_t mraps_of_account(struct request *rq)
{
    size_t count = 0;
    for (size_t i = 0; i < mrap_list_count(rq->mraps); i++) {
        const struct mrap *mrap = mrap_list_at(rq->mraps, i);
        count += str_eq(mrap->account, rq->who.account);
    }
    return count;
}

enum s3_code op_create_mrap(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    struct async_record *record = &change->record;
    struct mrap *mrap = ARENA_NEW(rq->arena, struct mrap);
    const struct xml *details;
    rq->state = change;
    enum s3_code code = control_guard(rq, PLANE_MANAGEMENT);
    if (code == S3_OK)
        code = read_request(rq, ASYNC_CREATE, record, &details);
    if (code == S3_OK)
        code = read_regions(rq, details, record);
    if (code == S3_OK)
        code = judge_enabled(rq, record);
    if (code == S3_OK)
        code = judge_client_token(rq, change);
    if (code != S3_OK)
        return code;
    if (change->repeated)
        return answer_token(rq);
    const struct mrap *same = control_find_name(rq, record->name);
    if (!same && mraps_of_account(rq) >= LIMIT_MRAPS_PER_ACCOUNT)
        return S3_TooManyMultiRegionAccessPoints;
    if (same && same->status != MRAP_PARTIALLY_CREATED)
        async_fail(record, S3_MultiRegionAccessPointAlreadyOwnedByYou, record->name);
    read_block(details, record->block);
    for (size_t i = 0; i < record->region_count; i++)
        judge_member(rq, record, i, mrap);

    uint64_t ordinal = control_next_ordinal(rq, &change->docs[0]);
    record->ordinal = ordinal;
    record->due_at =
        instant_add(rq->received_at, control_delay(rq, ordinal, DURATION_S(90), DURATION_S(180)));
    mrap->name = record->name;
    mrap->account = record->account;
    mrap->alias = draw_alias(rq, ordinal, record->name);
    mrap->created_at = rq->received_at;
    mrap->status = MRAP_CREATING;
    memcpy(mrap->block, record->block, sizeof mrap->block);
    mrap->ordinal = ordinal;
    mrap->routing = mrap_routing_default(world_preset(rq->world));
    return submit(rq, change, ordinal, (struct effect){ same, mrap });
}

/* --- delete and put-policy --- */

static enum s3_code begin_change(struct request *rq, enum async_kind kind, struct change **out)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    const struct xml *details;
    rq->state = *out = change;
    enum s3_code code = control_guard(rq, PLANE_MANAGEMENT);
    if (code == S3_OK)
        code = read_request(rq, kind, &change->record, &details);
    if (code == S3_OK)
        code = judge_client_token(rq, change);
    return code;
}

static bool may_change(enum async_kind kind, enum mrap_status status)
{
    if (kind == ASYNC_DELETE &&
        (status == MRAP_PARTIALLY_CREATED || status == MRAP_PARTIALLY_DELETED))
        return true;
    return status == MRAP_READY || status == MRAP_INCONSISTENT;
}

static void judge_target(struct async_record *record, const struct mrap *mrap)
{
    if (mrap == NULL)
        async_fail(record, S3_NoSuchMultiRegionAccessPoint, record->name);
    else if (!may_change(record->kind, mrap->status))
        async_fail(record, S3_MultiRegionAccessPointNotReady, record->name);
    else
        record->ordinal = mrap->ordinal;
}

enum s3_code op_delete_mrap(struct request *rq)
{
    struct change *change;
    enum s3_code code = begin_change(rq, ASYNC_DELETE, &change);
    if (code != S3_OK)
        return code;
    if (change->repeated)
        return answer_token(rq);
    const struct mrap *mrap = control_find_name(rq, change->record.name);
    judge_target(&change->record, mrap);
    uint64_t ordinal = control_next_ordinal(rq, &change->docs[0]);
    change->record.due_at =
        instant_add(rq->received_at, control_delay(rq, ordinal, DURATION_S(60), DURATION_S(120)));
    struct effect effect = { mrap, NULL };
    if (mrap) {
        struct mrap *gone = arena_copy(rq->arena, mrap, sizeof *mrap);
        gone->status = MRAP_DELETING;
        effect.after = gone;
    }
    return submit(rq, change, ordinal, effect);
}

/* Judged as a bucket's policy is, and it may speak of this access point and its objects alone. AWS,
 * BlockPublicPolicy: with it a public policy is refused, as an access point's is. */
static void judge_policy(struct request *rq, struct async_record *record, const struct mrap *mrap)
{
    enum { BLOCK_PUBLIC_POLICY = 2 };
    str why = STR_NONE, within = STR_NONE;
    if (record->error_code.size > 0)
        return;
    if (mrap)
        within = str_format(rq->arena, "arn:aws:s3::%.*s:accesspoint/%.*s", STR_ARG(mrap->account),
                            STR_ARG(mrap->alias));
    const struct policy *policy =
        policy_parse(rq->arena, record->policy, POLICY_RESOURCE, within, &why);
    if (policy == NULL) {
        async_fail(record, S3_MalformedPolicy, record->name);
        record->error_message = why;
    } else if (mrap && mrap->block[BLOCK_PUBLIC_POLICY] && policy_is_public(policy))
        async_fail(record, S3_AccessDenied, record->name);
}

/* While it spreads, what was established stays in force. */
enum s3_code op_put_mrap_policy(struct request *rq)
{
    struct change *change;
    enum s3_code code = begin_change(rq, ASYNC_PUT_POLICY, &change);
    if (code != S3_OK)
        return code;
    if (change->repeated)
        return answer_token(rq);
    struct async_record *record = &change->record;
    const struct mrap *mrap = control_find_name(rq, record->name);
    judge_target(record, mrap);
    judge_policy(rq, record, mrap);
    uint64_t ordinal = control_next_ordinal(rq, &change->docs[0]);
    record->due_at =
        instant_add(rq->received_at, control_delay(rq, ordinal, DURATION_S(30), DURATION_S(120)));
    struct effect effect = { mrap, NULL };
    if (mrap) {
        struct mrap *changed = arena_copy(rq->arena, mrap, sizeof *mrap);
        changed->proposed_policy = record->policy;
        changed->policy_missing = REGION_SET_ALL;
        effect.after = changed;
    }
    return submit(rq, change, ordinal, effect);
}
