/* Regional access points in S3 Control: made, shown, listed, given a policy, deleted. Each Region
 * answers about its own; the data plane is server/access_point.h. */
#include "base/rng.h"
#include "server/access_point.h"
#include "server/auth/policy.h"
#include "server/control/control.h"
#include "server/control/handlers.h"
#include "server/s3/xml.h"
#include "server/world.h"

#define PATH "/v20180820/accesspoint/"
#define MOST_LISTED 1000
#define ALIAS_DRAWN 34 /* seen on AWS: NAME-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias */
#define ALIAS_NAME 20  /* so that an alias has at most 63 characters, as a bucket's name */

struct change {
    struct store_write write;
    struct store_doc docs[3];
    struct access_point point;
    int status;
};

/* AWS was recorded to take what is no word of its pattern for a wrong URI, and the rest for a wrong
 * name. */
static enum s3_code check_name(struct request *rq, str name)
{
    bool is_word = name.size >= 3 && name.size <= 50;
    for (size_t i = 0; i < name.size && is_word; i++) {
        char c = name.ptr[i];
        is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    }
    if (!is_word) {
        request_extra(rq, "URI", str_format(rq->arena, "accesspoint/%.*s", STR_ARG(name)));
        return S3_InvalidURI;
    }
    if (name.ptr[0] != '-' && name.ptr[name.size - 1] != '-' &&
        str_find_char(name, '.') == name.size && !str_ends(name, STR(ACCESS_POINT_ALIAS_END)))
        return S3_OK;
    request_message(rq, "Your Amazon S3 AccessPoint name is invalid");
    return S3_InvalidRequest;
}

/* The path's {name}. */
static str named(const struct request *rq)
{
    str rest = str_skip(rq->address.path, strlen(PATH));
    return str_first(rest, str_find_char(rest, '/'));
}

static enum s3_code no_such_access_point(struct request *rq, str name)
{
    request_extra(rq, "AccessPointName", name);
    return S3_NoSuchAccessPoint;
}

static enum s3_code find(struct request *rq, struct access_point *out)
{
    enum s3_code code = control_guard(rq, PLANE_REGIONAL);
    if (code != S3_OK)
        return code;
    return access_point_find(rq, rq->who.account, rq->region, named(rq), out)
               ? S3_OK
               : no_such_access_point(rq, named(rq));
}

static void write_block(struct xml_writer *writer, const struct access_point *point)
{
    xml_open(writer, "PublicAccessBlockConfiguration");
    for (size_t i = 0; i < COUNT(point->block); i++)
        xml_boolean(writer, mrap_block_names[i], point->block[i]);
    xml_close(writer);
}

static void begin(struct request *rq, struct buf *buf, struct xml_writer *writer, const char *root)
{
    buf_init_arena(buf, rq->arena, LIMIT_ANSWER_BYTES);
    xml_begin(writer, buf, root, XML_NS_CONTROL);
}

static enum s3_code reply(struct request *rq, struct buf *buf, struct xml_writer *writer)
{
    xml_end(writer);
    request_reply(rq, 200, "application/xml", buf_str(buf));
    return S3_OK;
}

/* --- changes --- */

static enum s3_code changed(struct request *rq)
{
    const struct change *change = rq->state;
    struct buf buf;
    struct xml_writer writer;
    if (change->write.result == STORE_EXISTS)
        return S3_OperationAborted; /* another change came first */
    if (change->write.result != STORE_OK)
        return s3_code_from_store(change->write.result);
    if (change->status != 201) {
        request_reply_empty(rq, change->status);
        return S3_OK;
    }
    begin(rq, &buf, &writer, "CreateAccessPointResult");
    xml_element(&writer, "AccessPointArn", access_point_arn(rq->arena, &change->point));
    xml_element(&writer, "Alias", change->point.alias);
    return reply(rq, &buf, &writer);
}

/* status 201: created, and said with 200 and a document, as S3 does. */
static enum s3_code submit(struct request *rq, struct change *change, size_t count, int status)
{
    rq->state = change;
    change->status = status;
    store_docs_init(&change->write, rq->arena);
    change->write.docs = change->docs;
    change->write.doc_count = count;
    return request_write(rq, &change->write, changed);
}

static str draw_alias(struct request *rq, str name, uint64_t ordinal)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[ALIAS_DRAWN];
    char drawn[ALIAS_DRAWN];
    rng_bytes(&(struct rng_key){ .seed = rq->world->seed,
                                 .purpose = RNG_MRAP_ALIAS,
                                 .scope = 2,
                                 .name = name,
                                 .ordinal = ordinal },
              bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        drawn[i] = letters[bytes[i] % 32];
    str front = str_first(name, name.size < ALIAS_NAME ? name.size : ALIAS_NAME);
    while (front.size > 0 && front.ptr[front.size - 1] == '-')
        front.size--;
    return str_format(rq->arena, "%.*s-%.*s%s", STR_ARG(front), ALIAS_DRAWN, drawn,
                      ACCESS_POINT_ALIAS_END);
}

static enum s3_code read_creation(struct request *rq, struct access_point *point)
{
    enum s3_code code = check_name(rq, named(rq));
    if (code != S3_OK)
        return code;
    if (rq->body.size == 0)
        return S3_MissingRequestBodyError;
    const struct xml *root = xml_parse(rq->arena, rq->body);
    if (root == NULL || !str_is(root->name, "CreateAccessPointRequest"))
        return S3_MalformedXML;
    const struct xml *block = xml_child(root, "PublicAccessBlockConfiguration");
    *point = (struct access_point){ .name = named(rq),
                                    .account = rq->who.account,
                                    .region = rq->region,
                                    .bucket = xml_text(root, "Bucket"),
                                    .bucket_account = xml_text(root, "BucketAccountId"),
                                    .vpc = xml_text(xml_child(root, "VpcConfiguration"), "VpcId"),
                                    .created_at = rq->received_at };
    for (size_t i = 0; i < COUNT(point->block); i++) {
        str value = xml_text(block, mrap_block_names[i]);
        point->block[i] = block == NULL || str_is(str_trim(value), "true");
    }
    return point->bucket.size > 0 ? S3_OK : S3_MalformedXML;
}

/* It belongs to this Region, and to whom the request says. */
static enum s3_code judge_bucket(struct request *rq, const struct access_point *point)
{
    struct bucket_info bucket;
    if (store_bucket_get(rq->lane->reader, rq->arena, point->bucket, &bucket) != STORE_OK) {
        request_message(rq, "Amazon S3 AccessPoint can only be created for existing bucket");
        return S3_InvalidRequest;
    }
    if (!str_eq(bucket.region, rq->region)) {
        request_message(rq, "The bucket %.*s is not in Region %.*s.", STR_ARG(point->bucket),
                        STR_ARG(rq->region));
        return S3_InvalidRequest;
    }
    str owner = point->bucket_account.size > 0 ? point->bucket_account : point->account;
    return str_eq(owner, bucket.account) ? S3_OK : S3_AccessDenied;
}

enum s3_code op_create_access_point(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    struct access_point *point = &change->point, there;
    enum s3_code code = control_guard(rq, PLANE_REGIONAL);
    if (code == S3_OK)
        code = read_creation(rq, point);
    if (code == S3_OK)
        code = judge_bucket(rq, point);
    if (code != S3_OK)
        return code;
    if (access_point_find(rq, point->account, point->region, point->name, &there))
        return S3_AccessPointAlreadyOwnedByYou;
    uint64_t ordinal = control_next_ordinal(rq, &change->docs[0]);
    point->alias = draw_alias(rq, point->name, ordinal);
    change->docs[1] = access_point_doc(rq->arena, point);
    change->docs[1].if_absent = true;
    change->docs[2] = (struct store_doc){ .kind = STR(ACCESS_POINT_ALIAS_KIND),
                                          .id = point->alias,
                                          .body = change->docs[1].id,
                                          .if_absent = true };
    return submit(rq, change, 3, 201);
}

enum s3_code op_delete_access_point(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    enum s3_code code = find(rq, &change->point);
    if (code != S3_OK)
        return code;
    change->docs[0] = access_point_doc(rq->arena, &change->point);
    change->docs[0].body = STR_NONE;
    change->docs[1] =
        (struct store_doc){ .kind = STR(ACCESS_POINT_ALIAS_KIND), .id = change->point.alias };
    return submit(rq, change, 2, 204);
}

/* --- the policy --- */

static enum s3_code set_policy(struct request *rq, struct change *change, str policy, int status)
{
    str before = access_point_doc(rq->arena, &change->point).body;
    change->point.policy = policy;
    change->docs[0] = access_point_doc(rq->arena, &change->point);
    change->docs[0].was = before;
    return submit(rq, change, 1, status);
}

enum s3_code op_put_access_point_policy(struct request *rq)
{
    enum { BLOCK_PUBLIC_POLICY = 2 };
    struct change *change = ARENA_NEW(rq->arena, struct change);
    str why = STR_NONE;
    enum s3_code code = find(rq, &change->point);
    if (code != S3_OK)
        return code;
    const struct xml *root = rq->body.size ? xml_parse(rq->arena, rq->body) : NULL;
    str text = xml_text(root, "Policy");
    if (rq->body.size == 0)
        return S3_MissingRequestBodyError;
    if (root == NULL || !str_is_set(text))
        return S3_MalformedXML;
    const struct policy *policy = policy_parse(rq->arena, text, POLICY_RESOURCE,
                                               access_point_arn(rq->arena, &change->point), &why);
    if (policy == NULL) {
        request_message(rq, "%.*s", STR_ARG(why));
        return S3_MalformedPolicy;
    }
    if (change->point.block[BLOCK_PUBLIC_POLICY] && policy_is_public(policy))
        return S3_AccessDenied;
    return set_policy(rq, change, text, 200);
}

enum s3_code op_delete_access_point_policy(struct request *rq)
{
    struct change *change = ARENA_NEW(rq->arena, struct change);
    enum s3_code code = find(rq, &change->point);
    return code == S3_OK ? set_policy(rq, change, STR(""), 204) : code;
}

enum s3_code op_get_access_point_policy(struct request *rq)
{
    struct access_point point;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = find(rq, &point);
    if (code != S3_OK)
        return code;
    if (point.policy.size == 0)
        return S3_NoSuchAccessPointPolicy;
    begin(rq, &buf, &writer, "GetAccessPointPolicyResult");
    xml_element(&writer, "Policy", point.policy);
    return reply(rq, &buf, &writer);
}

enum s3_code op_get_access_point_policy_status(struct request *rq)
{
    struct access_point point;
    struct buf buf;
    struct xml_writer writer;
    str why;
    enum s3_code code = find(rq, &point);
    if (code != S3_OK)
        return code;
    if (point.policy.size == 0)
        return S3_NoSuchAccessPointPolicy;
    const struct policy *policy =
        policy_parse(rq->arena, point.policy, POLICY_RESOURCE, STR_NONE, &why);
    begin(rq, &buf, &writer, "GetAccessPointPolicyStatusResult");
    xml_open(&writer, "PolicyStatus");
    xml_boolean(&writer, "IsPublic", policy && policy_is_public(policy));
    xml_close(&writer);
    return reply(rq, &buf, &writer);
}

/* --- reading --- */

static void write_endpoints(struct request *rq, struct xml_writer *writer)
{
    static const char *const endpoints[][2] = {
        { "ipv4", "s3-accesspoint" },
        { "fips", "s3-accesspoint-fips" },
        { "fips_dualstack", "s3-accesspoint-fips.dualstack" },
        { "dualstack", "s3-accesspoint.dualstack" },
    };
    xml_open(writer, "Endpoints");
    for (size_t i = 0; i < COUNT(endpoints); i++) {
        xml_open(writer, "entry");
        xml_element(writer, "key", str_of(endpoints[i][0]));
        xml_element(
            writer, "value",
            str_format(rq->arena, "%s.%.*s.amazonaws.com", endpoints[i][1], STR_ARG(rq->region)));
        xml_close(writer);
    }
    xml_close(writer);
}

enum s3_code op_get_access_point(struct request *rq)
{
    struct access_point point;
    struct buf buf;
    struct xml_writer writer;
    enum s3_code code = find(rq, &point);
    if (code != S3_OK)
        return code;
    begin(rq, &buf, &writer, "GetAccessPointResult");
    xml_element(&writer, "Name", point.name);
    xml_element(&writer, "Bucket", point.bucket);
    xml_element(&writer, "NetworkOrigin", point.vpc.size ? STR("VPC") : STR("Internet"));
    if (point.vpc.size > 0) {
        xml_open(&writer, "VpcConfiguration");
        xml_element(&writer, "VpcId", point.vpc);
        xml_close(&writer);
    }
    write_block(&writer, &point);
    xml_element(&writer, "CreationDate", instant_iso8601(rq->arena, point.created_at));
    xml_element(&writer, "Alias", point.alias);
    xml_element(&writer, "AccessPointArn", access_point_arn(rq->arena, &point));
    write_endpoints(rq, &writer);
    xml_element(&writer, "BucketAccountId",
                point.bucket_account.size ? point.bucket_account : point.account);
    return reply(rq, &buf, &writer);
}

static void write_entry(struct request *rq, struct xml_writer *writer,
                        const struct access_point *point)
{
    xml_open(writer, "AccessPoint");
    xml_element(writer, "Name", point->name);
    xml_element(writer, "NetworkOrigin", point->vpc.size ? STR("VPC") : STR("Internet"));
    xml_element(writer, "Bucket", point->bucket);
    xml_element(writer, "AccessPointArn", access_point_arn(rq->arena, point));
    xml_element(writer, "Alias", point->alias);
    xml_element(writer, "BucketAccountId",
                point->bucket_account.size ? point->bucket_account : point->account);
    xml_close(writer);
}

/* Of this account, in this Region, of one bucket or of all; a token is the last name before it. */
enum s3_code op_list_access_points(struct request *rq)
{
    struct store_doc_list list = { 0 };
    struct access_point point;
    struct buf buf;
    struct xml_writer writer;
    uint64_t most = MOST_LISTED, listed = 0;
    str of = request_query(rq, "bucket"), after = request_query(rq, "nextToken"), last = STR_NONE,
        max = request_query(rq, "maxResults");
    enum s3_code code = control_guard(rq, PLANE_REGIONAL);
    if (code != S3_OK)
        return code;
    if (str_is_set(max) && (!str_to_u64(max, &most) || most < 1 || most > MOST_LISTED)) {
        request_message(rq, "maxResults is a number from 1 to 1000");
        return S3_InvalidRequest;
    }
    enum store_result result =
        store_doc_list(rq->lane->reader, rq->arena, STR(ACCESS_POINT_KIND), &list);
    if (result != STORE_OK)
        return s3_code_from_store(result);
    begin(rq, &buf, &writer, "ListAccessPointsResult");
    xml_open(&writer, "AccessPointList");
    bool more = false;
    for (size_t i = 0; i < list.count && !more; i++) {
        if (!access_point_from_doc(rq->arena, list.at[i].body, &point) ||
            !str_eq(point.account, rq->who.account) || !str_eq(point.region, rq->region) ||
            (str_is_set(of) && !str_eq(point.bucket, of)) ||
            (str_is_set(after) && str_cmp(point.name, after) <= 0))
            continue;
        more = listed == most;
        if (more)
            break;
        write_entry(rq, &writer, &point);
        last = point.name;
        listed++;
    }
    xml_close(&writer);
    if (more)
        xml_element(&writer, "NextToken", last);
    return reply(rq, &buf, &writer);
}
