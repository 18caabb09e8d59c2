/* Who may do what, asked over the wire: bucket policies, access points, roles, and what the walk
 * makes of the answers. A key of 12 digits acts for the account of that number. */
#include "base/digest.h"
#include "base/encode.h"
#include "replication/timekeeper.h"
#include "server/auth/authorize.h"
#include "server/config.h"
#include "server/configs.h"
#include "server/control/role.h"
#include "server/mraps.h"
#include "tests/unit/server/s3_wire.h"

#define AS(account)                                                                                \
    {                                                                                              \
        "Authorization", "AWS4-HMAC-SHA256 Credential=" account                                    \
                         "/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"   \
    }
#define OWNER AS("123456789012")
#define OTHER AS("444455556666")

#define OPEN_BLOCK                                                                                 \
    "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls>"                     \
    "<RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>"

static struct wire *shared_bucket(void)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/box", false);
    assert_status(wire_ask(wire, "PUT", "/box/open/k", "text"), 200);
    assert_status(wire_ask(wire, "PUT", "/box/k", "text"), 200);
    return wire;
}

static void put_policy(struct wire *wire, const char *statements)
{
    char *text =
        str_c(wire->arena,
              str_format(wire->arena, "{'Version':'2012-10-17','Statement':[%s]}", statements));
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    struct got got = wire_ask(wire, "PUT", "/box?publicAccessBlock", OPEN_BLOCK);
    assert_status(got, 200);
    got = wire_ask(wire, "PUT", "/box?policy", text);
    assert_status(got, 204);
}

/* AWS refuses it (BlockPublicPolicy); ceph/s3-tests wants it on a bucket that nobody opened. */
TEST(a_public_policy_on_an_untouched_bucket_is_taken_and_marked_but_opens_nothing)
{
    static const char policy[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
        "\"Action\":\"*\",\"Resource\":[\"arn:aws:s3:::box\",\"arn:aws:s3:::box/*\"]}]}";
    struct wire *wire = shared_bucket();
    wire->settings.strict = true;
    struct got got = wire_ask(wire, "PUT", "/box?policy", policy);
    assert_says(got, "<Code>AccessDenied</Code>");
    wire->settings.strict = false;
    got = wire_ask(wire, "PUT", "/box?policy", policy);
    assert_status(got, 204);
    assert_true(str_find(wire_header(&got, "x-atoll-nonstandard"), STR("public-policy")) <
                wire_header(&got, "x-atoll-nonstandard").size);
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    assert_status(wire_ask(wire, "PUT", "/box?publicAccessBlock",
                           "<PublicAccessBlockConfiguration><BlockPublicPolicy>true"
                           "</BlockPublicPolicy></PublicAccessBlockConfiguration>"),
                  200);
    got = wire_ask(wire, "PUT", "/box?policy", policy);
    assert_says(got, "<Code>AccessDenied</Code>");
    wire_close(wire);
}

TEST(another_account_needs_the_buckets_policy_and_only_that)
{
    struct wire *wire = shared_bucket();
    struct got got = wire_with(wire, "GET", "/box/k", "", OTHER);
    assert_status(got, 403);
    assert_says(got, "<Code>AccessDenied</Code>");
    assert_says(got, "belongs to account 123456789012");
    put_policy(wire, "{'Effect':'Allow','Principal':{'AWS':'444455556666'},"
                     "'Action':'s3:GetObject','Resource':'arn:aws:s3:::box/open/*'}");
    assert_status(wire_with(wire, "GET", "/box/open/k", "", OTHER), 200);
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    assert_status(wire_with(wire, "PUT", "/box/open/k", "new", OTHER), 403);
    assert_status(wire_with(wire, "GET", "/box/open/k", "", AS("777788889999")), 403);
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 200);
    wire->settings.iam = IAM_OFF;
    assert_status(wire_with(wire, "GET", "/box/open/k", "", OTHER), 403);
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 200);
    wire_close(wire);
}

TEST(an_explicit_deny_holds_for_the_owner_but_never_locks_him_out)
{
    struct wire *wire = shared_bucket();
    put_policy(wire, "{'Sid':'Closed','Effect':'Deny','Principal':'*','Action':'s3:*',"
                     "'Resource':['arn:aws:s3:::box','arn:aws:s3:::box/*']}");
    struct got got = wire_ask(wire, "GET", "/box/k", "");
    assert_status(got, 403);
    assert_says(got, "Deny statement 1 (Closed)");
    assert_status(wire_ask(wire, "GET", "/box?list-type=2", ""), 403);
    assert_status(wire_ask(wire, "GET", "/box?policy", ""), 200);
    assert_status(wire_ask(wire, "DELETE", "/box?policy", ""), 204);
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 200);
    wire_close(wire);
}

TEST(what_is_not_there_is_told_only_to_those_who_may_list)
{
    struct wire *wire = shared_bucket();
    put_policy(wire, "{'Effect':'Allow','Principal':{'AWS':'444455556666'},"
                     "'Action':'s3:GetObject','Resource':'arn:aws:s3:::box/*'}");
    assert_status(wire_with(wire, "GET", "/box/none", "", OTHER), 403);
    assert_status(wire_ask(wire, "GET", "/box/none", ""), 404);
    put_policy(wire,
               "{'Effect':'Allow','Principal':{'AWS':'444455556666'},'Action':'s3:ListBucket',"
               "'Resource':'arn:aws:s3:::box','Condition':{'StringLike':"
               "{'s3:prefix':'open/*'}}}");
    assert_status(wire_with(wire, "GET", "/box/open/none", "", OTHER), 404);
    assert_status(wire_with(wire, "GET", "/box/none", "", OTHER), 403);
    assert_status(wire_with(wire, "GET", "/box/open/k", "", OTHER), 403);
    wire_close(wire);
}

TEST(each_key_of_a_deletion_is_judged_by_itself)
{
    struct wire *wire = shared_bucket();
    put_policy(wire, "{'Effect':'Allow','Principal':{'AWS':'444455556666'},"
                     "'Action':'s3:DeleteObject','Resource':'arn:aws:s3:::box/open/*'}");
    const char *wanted = "<Delete><Object><Key>open/k</Key></Object>"
                         "<Object><Key>k</Key></Object></Delete>";
    struct digest_value md5 = digest_of(DIGEST_MD5, wanted, strlen(wanted));
    const char *sum = str_c(wire->arena, encode_base64(wire->arena, md5.bytes, md5.size));
    struct got got = wire_with(wire, "POST", "/box?delete", wanted, OTHER, { "Content-MD5", sum });
    assert_status(got, 200);
    assert_says(got, "<Deleted><Key>open/k</Key></Deleted>");
    assert_says(got, "<Error><Key>k</Key><Code>AccessDenied</Code>");
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 200);
    wire_close(wire);
}

TEST(a_copy_needs_its_source_too)
{
    struct wire *wire = shared_bucket();
    assert_status(wire_with(wire, "PUT", "/mine", "", OTHER), 200);
    assert_status(wire_with(wire, "PUT", "/mine/k", "", OTHER, { "x-amz-copy-source", "/box/k" }),
                  403);
    put_policy(wire, "{'Effect':'Allow','Principal':{'AWS':'444455556666'},"
                     "'Action':'s3:GetObject','Resource':'arn:aws:s3:::box/k'}");
    assert_status(wire_with(wire, "PUT", "/mine/k", "", OTHER, { "x-amz-copy-source", "/box/k" }),
                  200);
    assert_status(
        wire_with(wire, "PUT", "/mine/k", "", OTHER, { "x-amz-copy-source", "/box/open/k" }), 403);
    wire_close(wire);
}

TEST(nobody_at_all_needs_a_policy_that_no_block_cuts_off)
{
    struct wire *wire = shared_bucket();
    put_policy(wire, "{'Effect':'Allow','Principal':'*','Action':'s3:GetObject',"
                     "'Resource':'arn:aws:s3:::box/*'}");
    wire->settings.auth = AUTH_MODE_STRICT;
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 200);
    assert_status(wire_ask(wire, "PUT", "/box/k", "new"), 403);
    assert_status(wire_ask(wire, "GET", "/", ""), 403);
    assert_status(wire_ask(wire, "PUT", "/new", ""), 403);
    wire->settings.auth = AUTH_MODE_OFF;
    assert_status(wire_ask(wire, "DELETE", "/box?publicAccessBlock", ""), 204);
    assert_status(wire_ask(wire, "PUT", "/box?publicAccessBlock",
                           "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true"
                           "</RestrictPublicBuckets></PublicAccessBlockConfiguration>"),
                  200);
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    wire->settings.auth = AUTH_MODE_STRICT;
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 403);
    wire_close(wire);
}

TEST(an_enforced_identity_needs_a_policy_of_its_own)
{
    struct wire *wire = shared_bucket();
    struct config config = { .check_only = false };
    struct config_account account = { .id = STR("123456789012") };
    wire->settings.iam = IAM_ENFORCE;
    assert_status(wire_with(wire, "GET", "/box/k", "", OWNER), 403);
    fields_add(wire->arena, &account.policies, STR("read"),
               STR("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
                   "\"s3:Get*\",\"Resource\":\"arn:aws:s3:::box/*\"},{\"Effect\":\"Deny\","
                   "\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::box/open/*\"}]}"));
    config.document.accounts = &account;
    config.document.account_count = 1;
    configs_replace(wire->world->configs, NULL, &config);
    assert_status(wire_with(wire, "GET", "/box/k", "", OWNER), 200);
    assert_status(wire_with(wire, "PUT", "/box/k", "new", OWNER), 403);
    assert_status(wire_with(wire, "GET", "/box/open/k", "", OWNER), 403);
    wire->settings.iam = IAM_RESOURCES;
    assert_status(wire_with(wire, "PUT", "/box/k", "new", OWNER), 200);
    assert_status(wire_with(wire, "GET", "/box/open/k", "", OWNER), 403);
    wire_close(wire);
}

/* --- access points --- */

#define MRAP_ARN "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
#define MRAP_HOST                                                                                  \
    {                                                                                              \
        "Host", "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"                           \
    }

static void set_mrap(struct wire *wire, const char *policy)
{
    struct store_write write;
    struct mrap mrap = { .name = STR("point"),
                         .alias = STR("mfzwi23gnjvgw.mrap"),
                         .account = STR("123456789012"),
                         .block = { true, true, true, true },
                         .proposed_policy = str_of(policy),
                         .member_count = 1 };
    mrap.members[0] = (struct route_member){ .region = region_find(STR("us-east-1")),
                                             .bucket = STR("box"),
                                             .dial = 100 };
    mrap.member_accounts[0] = STR("123456789012");
    struct store_doc doc = mrap_to_doc(wire->arena, &mrap);
    store_docs_init(&write, wire->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(wire->world->store, &write), STORE_OK);
    mraps_reload(wire->world->mraps, wire->lane->reader);
}

TEST(through_an_access_point_its_policy_and_the_buckets_must_both_allow)
{
    struct wire *wire = shared_bucket();
    set_mrap(wire, "");
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST), 200);
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST, OTHER), 403);
    set_mrap(wire, "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                   "\"444455556666\"},\"Action\":\"s3:GetObject\",\"Resource\":\"" MRAP_ARN
                   "/object/*\"}]}");
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST, OTHER), 403);
    put_policy(wire, "{'Effect':'Allow','Principal':{'AWS':'*'},'Action':'s3:*','Resource':"
                     "['arn:aws:s3:::box','arn:aws:s3:::box/*'],'Condition':{'StringEquals':"
                     "{'s3:DataAccessPointAccount':'123456789012'}}}");
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST, OTHER), 200);
    assert_status(wire_with(wire, "PUT", "/k", "new", MRAP_HOST, OTHER), 403);
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    set_mrap(wire, "{\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":"
                   "\"s3:GetObject\",\"Resource\":\"" MRAP_ARN "/object/*\"}]}");
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST), 403);
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 200);
    wire_close(wire);
}

/* --- replication --- */

#define ROLE "arn:aws:iam::123456789012:role/copier"
#define SOURCE_SIDE                                                                                \
    "{\"Effect\":\"Allow\",\"Action\":[\"s3:GetReplicationConfiguration\",\"s3:ListBucket\","      \
    "\"s3:GetObjectVersionForReplication\",\"s3:GetObjectVersionAcl\",\"s3:"                       \
    "GetObjectVersionTagging\""                                                                    \
    "],\"Resource\":[\"arn:aws:s3:::src\",\"arn:aws:s3:::src/*\"]}"
#define DESTINATION_SIDE                                                                           \
    ",{\"Effect\":\"Allow\",\"Action\":[\"s3:ReplicateObject\",\"s3:ReplicateDelete\","            \
    "\"s3:ReplicateTags\"],\"Resource\":\"arn:aws:s3:::dst/*\"}"
#define TRUST(service)                                                                             \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":" \
    "\"" service "\"},\"Action\":\"sts:AssumeRole\"}]}"
#define CONFIGURATION                                                                              \
    "<ReplicationConfiguration><Role>" ROLE "</Role><Rule><ID>r</ID><Status>Enabled</Status>"      \
    "<Priority>1</Priority><Filter><Prefix></Prefix></Filter><DeleteMarkerReplication><Status>"    \
    "Enabled</Status></DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket>"     \
    "</Destination></Rule></ReplicationConfiguration>"

static void set_role(struct wire *wire, const char *trust, const char *statements)
{
    struct store_write write;
    struct role role = { .account = STR("123456789012"),
                         .name = STR("copier"),
                         .path = STR("/"),
                         .arn = STR(ROLE),
                         .trust = str_of(trust) };
    fields_add(
        wire->arena, &role.policies, STR("p"),
        str_format(wire->arena, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statements));
    struct store_doc doc = role_to_doc(wire->arena, &role);
    store_docs_init(&write, wire->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(wire->world->store, &write), STORE_OK);
}

static str copied(struct wire *wire, const char *path)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY, .arena = wire->arena, .by = DURATION_S(3600) };
    assert_status(wire_ask(wire, "PUT", path, "text"), 200);
    (void) timekeeper_run(wire->world->timekeeper, &job);
    struct got got = wire_ask(wire, "HEAD", path, "");
    return wire_header(&got, "x-amz-replication-status");
}

static str first_reason(struct wire *wire)
{
    struct got got = wire_ask(wire, "GET", "/_atoll/v1/replication?state=failed", "");
    return got.body;
}

TEST(a_role_without_a_permission_fails_the_copy_with_aws_reason)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/src", true);
    wire_bucket(wire, "/dst", true);
    assert_status(wire_ask(wire, "PUT", "/src?replication", CONFIGURATION), 200);
    assert_str(copied(wire, "/src/undeclared"), "COMPLETED");
    set_role(wire, TRUST("ec2.amazonaws.com"), SOURCE_SIDE DESTINATION_SIDE);
    assert_str(copied(wire, "/src/untrusted"), "FAILED");
    set_role(wire, TRUST("s3.amazonaws.com"), SOURCE_SIDE);
    assert_str(copied(wire, "/src/k"), "FAILED");
    str failed = first_reason(wire);
    assert_true(str_find(failed, STR("AssumeRoleNotPermitted")) < failed.size);
    assert_true(str_find(failed, STR("DstPutObjectNotPermitted")) < failed.size);
    assert_true(str_find(failed, STR("s3:ReplicateObject")) < failed.size);
    struct got got = wire_ask(wire, "GET", "/_atoll/v1/requests/last", ""); /* the HEAD of k */
    assert_says(got, "\"copies\":[{");
    assert_says(got, "\"reason\":\"DstPutObjectNotPermitted\"");
    assert_says(got, "\\\"Action\\\":\\\"s3:ReplicateObject\\\"");
    set_role(wire, TRUST("s3.amazonaws.com"), SOURCE_SIDE DESTINATION_SIDE);
    assert_str(copied(wire, "/src/k"), "COMPLETED");
    wire_close(wire);
}

#define KEY(name) "arn:aws:kms:us-east-1:123456789012:key/" name
#define KMS_CONFIGURATION                                                                          \
    "<ReplicationConfiguration><Role>" ROLE "</Role><Rule><ID>r</ID><Status>Enabled</Status>"      \
    "<Priority>1</Priority><Filter><Prefix></Prefix></Filter><DeleteMarkerReplication><Status>"    \
    "Disabled</Status></DeleteMarkerReplication><SourceSelectionCriteria><SseKmsEncryptedObjects>" \
    "<Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria><Destination>"     \
    "<Bucket>arn:aws:s3:::dst</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>" KEY(             \
        "replica") "</ReplicaKmsKeyID></EncryptionConfiguration></Destination></Rule></"           \
                   "ReplicationConfiguration>"
#define DECRYPT                                                                                    \
    ",{\"Effect\":\"Allow\",\"Action\":\"kms:Decrypt\",\"Resource\":\"" KEY(                       \
        "source") "\",\"Condition\":{\"StringLike\":{\"kms:ViaService\":\"s3.us-east-1."           \
                  "amazonaws.com\",\"kms:EncryptionContext:aws:s3:arn\":\"arn:aws:s3:::src/"       \
                  "*\"}}}"
#define ENCRYPT                                                                                    \
    ",{\"Effect\":\"Allow\",\"Action\":\"kms:Encrypt\",\"Resource\":\"" KEY("replica") "\"}"

TEST(a_role_needs_the_keys_of_encrypted_objects)
{
    static const struct {
        const char *statements, *status, *says;
    } steps[] = {
        { SOURCE_SIDE DESTINATION_SIDE, "FAILED", "SrcGetObjectNotPermitted" },
        { SOURCE_SIDE DESTINATION_SIDE DECRYPT, "FAILED", "kms:Encrypt" },
        { SOURCE_SIDE DESTINATION_SIDE DECRYPT ENCRYPT, "COMPLETED", "kms:Decrypt" },
    };
    struct wire *wire = wire_open();
    wire_bucket(wire, "/src", true);
    wire_bucket(wire, "/dst", true);
    assert_status(wire_ask(wire, "PUT", "/src?replication", KMS_CONFIGURATION), 200);
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct time_job job = { .kind = TIME_ADVANCE_BY,
                                .arena = wire->arena,
                                .by = DURATION_S(3600) };
        set_role(wire, TRUST("s3.amazonaws.com"), steps[i].statements);
        assert_status(wire_with(wire, "PUT", "/src/k", "text",
                                { "x-amz-server-side-encryption", "aws:kms" },
                                { "x-amz-server-side-encryption-aws-kms-key-id", KEY("source") }),
                      200);
        (void) timekeeper_run(wire->world->timekeeper, &job);
        struct got got = wire_ask(wire, "HEAD", "/src/k", "");
        assert_str(wire_header(&got, "x-amz-replication-status"), steps[i].status);
        str failed = first_reason(wire);
        if (i < 2 && str_find(failed, str_of(steps[i].says)) == failed.size)
            fail_msg("step %zu: %.*s", i, STR_ARG(failed));
    }
    wire_close(wire);
}
