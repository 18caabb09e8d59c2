/* What `atoll explain` says of a 403: which layer refused, and by which statement or for want of
 * which. */
#include "server/config.h"
#include "server/configs.h"
#include "server/mraps.h"
#include "tests/unit/server/s3_wire.h"

#define AS(account)                                                                                \
    {                                                                                              \
        "Authorization", "AWS4-HMAC-SHA256 Credential=" account                                    \
                         "/20260102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"   \
    }
#define OTHER AS("444455556666")
#define MRAP_HOST                                                                                  \
    {                                                                                              \
        "Host", "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"                           \
    }
#define MRAP_ARN "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
#define STATEMENT(effect, who, resource)                                                           \
    "{\"Statement\":[{\"Sid\":\"Mine\",\"Effect\":\"" effect "\",\"Principal\":" who               \
    ",\"Action\":\"s3:GetObject\",\"Resource\":\"" resource "\"}]}"
#define THEM "{\"AWS\":\"444455556666\"}"

static void explains(struct wire *wire, int line, const char *by, const char *why)
{
    struct got got = wire_ask(wire, "GET", "/_atoll/v1/requests/last", "");
    const char *layer =
        str_c(wire->arena, str_format(wire->arena, "\"denied\":{\"by\":\"%s\"", by));
    if (!wire_says(&got, layer) || !wire_says(&got, why))
        fail_msg("line %d: no %s, %s in %.*s", line, by, why, STR_ARG(got.body));
}

static struct wire *opened(void)
{
    struct wire *wire = wire_open();
    wire_bucket(wire, "/box", false);
    assert_status(wire_ask(wire, "PUT", "/box/k", "text"), 200);
    return wire;
}

static void set_mrap(struct wire *wire, const char *policy)
{
    struct store_write write;
    struct mrap mrap = { .name = STR("point"),
                         .alias = STR("mfzwi23gnjvgw.mrap"),
                         .account = STR("123456789012"),
                         .proposed_policy = str_of(policy),
                         .member_count = 1 };
    mrap.members[0] = (struct route_member){ STR("box"), region_find(STR("us-east-1")), 100 };
    mrap.member_accounts[0] = mrap.account;
    struct store_doc doc = mrap_to_doc(wire->arena, &mrap);
    store_docs_init(&write, wire->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(wire->world->store, &write), STORE_OK);
    mraps_reload(wire->world->mraps, wire->lane->reader);
}

TEST(a_refusal_names_the_buckets_policy_or_its_silence)
{
    struct wire *wire = opened();
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    explains(wire, __LINE__, "bucket policy", "belongs to account 123456789012");
    assert_status(
        wire_ask(wire, "PUT", "/box?policy", STATEMENT("Deny", "\"*\"", "arn:aws:s3:::box/k")),
        204);
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 403);
    explains(wire, __LINE__, "bucket policy", "Deny statement 1 (Mine) refuses s3:GetObject");
    wire_close(wire);
}

TEST(a_refusal_names_the_public_access_block)
{
    struct wire *wire = opened();
    assert_status(
        wire_ask(wire, "PUT", "/box?policy", STATEMENT("Allow", "\"*\"", "arn:aws:s3:::box/*")),
        204);
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    explains(wire, __LINE__, "public access block", "RestrictPublicBuckets");
    wire->settings.strict = true;
    assert_status(
        wire_ask(wire, "PUT", "/box?policy", STATEMENT("Allow", "\"*\"", "arn:aws:s3:::box/*")),
        403);
    explains(wire, __LINE__, "public access block", "BlockPublicPolicy");
    wire_close(wire);
}

TEST(a_refusal_names_the_access_points_policy_or_the_missing_delegation)
{
    struct wire *wire = opened();
    set_mrap(wire, "");
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST, OTHER), 403);
    explains(wire, __LINE__, "access point policy", "does not allow s3:GetObject");
    set_mrap(wire, STATEMENT("Allow", THEM, MRAP_ARN "/object/*"));
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST, OTHER), 403);
    explains(wire, __LINE__, "delegation", "s3:DataAccessPointArn");
    set_mrap(wire, STATEMENT("Deny", "\"*\"", MRAP_ARN "/object/*"));
    assert_status(wire_with(wire, "GET", "/k", "", MRAP_HOST), 403);
    explains(wire, __LINE__, "access point policy", "Deny statement 1 (Mine)");
    wire_close(wire);
}

TEST(a_refusal_names_the_identitys_policy_or_its_silence)
{
    struct wire *wire = opened();
    struct config config = { .check_only = false };
    struct config_account account = { .id = STR("123456789012") };
    wire->settings.iam = IAM_ENFORCE;
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 403);
    explains(wire, __LINE__, "identity policy", "No policy of the identity allows s3:GetObject");
    fields_add(wire->arena, &account.policies, STR("p"),
               STR("{\"Statement\":{\"Sid\":\"NoKeys\",\"Effect\":\"Deny\",\"Action\":\"*\","
                   "\"Resource\":\"*\"}}"));
    config.document.accounts = &account;
    config.document.account_count = 1;
    configs_replace(wire->world->configs, NULL, &config);
    assert_status(wire_ask(wire, "GET", "/box/k", ""), 403);
    explains(wire, __LINE__, "identity policy", "Deny statement 1 (NoKeys)");
    wire_close(wire);
}

TEST(a_refusal_without_policies_names_the_owner_and_a_success_names_nobody)
{
    struct wire *wire = opened();
    struct got got = wire_ask(wire, "GET", "/_atoll/v1/requests/last", "");
    assert_false(wire_says(&got, "\"denied\""));
    wire->settings.iam = IAM_OFF;
    assert_status(wire_with(wire, "GET", "/box/k", "", OTHER), 403);
    explains(wire, __LINE__, "bucket owner", "--iam off");
    wire_close(wire);
}
