/* Sub-resources of buckets: what is refused and in which words, what is kept, what a new bucket has
 * (aws-behaviour E.1, E.3, E.12; recorded errors). */
#include "tests/unit/server/s3_fixture.h"

#define DOCUMENT(root, inside) "<" root ">" inside "</" root ">"

static struct s3_fixture *one_bucket(void)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "bucket", "us-east-1", false);
    return s3;
}

static struct request *call(struct s3_fixture *s3, op_fn *handler, const char *body)
{
    return s3_call(s3, handler, "us-east-1", "/bucket", body);
}

#define assert_code(rq, expected)                                                                  \
    do {                                                                                           \
        if ((rq)->code != (expected))                                                              \
            fail_msg("%s:%d: %.*s instead of %.*s: %.*s", __FILE__, __LINE__,                      \
                     STR_ARG(s3_error_of((rq)->code)->code), STR_ARG(s3_error_of(expected)->code), \
                     STR_ARG((rq)->message));                                                      \
    } while (0)

TEST(a_new_bucket_has_what_aws_gives_it)
{
    static const struct {
        int line;
        op_fn *get;
        enum s3_code code;
        const char *says;
    } rows[] = {
        { __LINE__, op_get_bucket_encryption, S3_OK, "<SSEAlgorithm>AES256</SSEAlgorithm>" },
        { __LINE__, op_get_bucket_ownership, S3_OK, "BucketOwnerEnforced" },
        { __LINE__, op_get_public_access_block, S3_OK,
          "<RestrictPublicBuckets>true</RestrictPublicBuckets>" },
        { __LINE__, op_get_bucket_acl, S3_OK, "<Permission>FULL_CONTROL</Permission>" },
        { __LINE__, op_get_bucket_request_payment, S3_OK, "<Payer>BucketOwner</Payer>" },
        { __LINE__, op_get_bucket_accelerate, S3_OK, "<AccelerateConfiguration" },
        { __LINE__, op_get_bucket_logging, S3_OK, "<BucketLoggingStatus" },
        { __LINE__, op_get_bucket_notification, S3_OK, "<NotificationConfiguration" },
        { __LINE__, op_get_bucket_tagging, S3_NoSuchTagSet, NULL },
        { __LINE__, op_get_bucket_cors, S3_NoSuchCORSConfiguration, NULL },
        { __LINE__, op_get_bucket_lifecycle, S3_NoSuchLifecycleConfiguration, NULL },
        { __LINE__, op_get_bucket_policy, S3_NoSuchBucketPolicy, NULL },
        { __LINE__, op_get_bucket_policy_status, S3_NoSuchBucketPolicy, NULL },
        { __LINE__, op_get_bucket_website, S3_NoSuchWebsiteConfiguration, NULL },
        { __LINE__, op_get_object_lock_configuration, S3_ObjectLockConfigurationNotFoundError,
          NULL },
    };
    struct s3_fixture *s3 = one_bucket();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = call(s3, rows[i].get, NULL);
        if (rq->code != rows[i].code || (rows[i].says && !s3_says(rq, rows[i].says)))
            fail_msg("row %d: %.*s %.*s", rows[i].line, STR_ARG(s3_error_of(rq->code)->code),
                     STR_ARG(rq->reply.bytes));
        if (rows[i].code != S3_OK)
            assert_str(fields_get(&rq->extra, "BucketName"), "bucket");
    }
    s3_close(s3);
}

TEST(what_a_new_bucket_has_can_be_deleted)
{
    static const struct {
        op_fn *get, *delete;
        enum s3_code code;
    } rows[] = {
        { op_get_bucket_ownership, op_delete_bucket_ownership, S3_OwnershipControlsNotFoundError },
        { op_get_public_access_block, op_delete_public_access_block,
          S3_NoSuchPublicAccessBlockConfiguration },
        { op_get_bucket_encryption, op_delete_bucket_encryption, S3_OK }, /* always encrypts */
    };
    struct s3_fixture *s3 = one_bucket();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = call(s3, rows[i].delete, NULL);
        assert_code(rq, S3_OK);
        assert_int_equal(rq->reply.status, 204);
        assert_code(call(s3, rows[i].get, NULL), rows[i].code);
    }
    s3_close(s3);
}

#define CORS_RULE(inside) DOCUMENT("CORSConfiguration", DOCUMENT("CORSRule", inside))
#define LIFECYCLE_RULE(inside) DOCUMENT("LifecycleConfiguration", DOCUMENT("Rule", inside))
#define EXPIRE "<Status>Enabled</Status><Expiration><Days>1</Days></Expiration>"
#define SSE(inside)                                                                                \
    DOCUMENT("ServerSideEncryptionConfiguration",                                                  \
             DOCUMENT("Rule", DOCUMENT("ApplyServerSideEncryptionByDefault", inside)))
#define WEBSITE(inside) DOCUMENT("WebsiteConfiguration", inside)
#define INDEX "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>"
#define ROUTE(inside) DOCUMENT("RoutingRules", DOCUMENT("RoutingRule", inside))
#define QUEUE(inside) DOCUMENT("NotificationConfiguration", DOCUMENT("QueueConfiguration", inside))
#define QUEUE_ARN "<Queue>arn:aws:sqs:us-east-1:" ACCOUNT ":q</Queue>"
#define TAG(key, value) "<Tag><Key>" key "</Key><Value>" value "</Value></Tag>"
#define TAGS(inside) DOCUMENT("Tagging", DOCUMENT("TagSet", inside))

static const struct {
    int line;
    op_fn *put;
    const char *body;
    enum s3_code code;
    const char *message; /* NULL: the table's */
} judged[] = {
    { __LINE__, op_put_bucket_cors, "", S3_MissingRequestBodyError, NULL },
    { __LINE__, op_put_bucket_cors, "<CORS", S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_cors, DOCUMENT("CORSConfiguration", ""), S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_cors, CORS_RULE("<AllowedOrigin>*</AllowedOrigin>"), S3_MalformedXML,
      NULL },
    { __LINE__, op_put_bucket_cors,
      CORS_RULE("<AllowedOrigin>*</AllowedOrigin><AllowedMethod>MYMETHOD</AllowedMethod>"),
      S3_InvalidRequest,
      "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD" },
    { __LINE__, op_put_bucket_cors,
      CORS_RULE("<AllowedOrigin>http://*.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"),
      S3_InvalidRequest, "AllowedOrigin \"http://*.*\" can not have more than one wildcard." },
    { __LINE__, op_put_bucket_lifecycle, LIFECYCLE_RULE(EXPIRE), S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_lifecycle,
      LIFECYCLE_RULE("<Prefix/><Status>enabled</Status><Expiration><Days>1</Days>"
                     "</Expiration>"),
      S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_lifecycle, LIFECYCLE_RULE("<Filter/><Status>Enabled</Status>"),
      S3_InvalidRequest, "At least one action needs to be specified in a rule" },
    { __LINE__, op_put_bucket_lifecycle,
      LIFECYCLE_RULE("<Filter/><Status>Enabled</Status><Expiration>"
                     "<Date>2026-01-02T03:04:05Z</Date></Expiration>"),
      S3_InvalidArgument, "'Date' must be at midnight GMT" },
    { __LINE__, op_put_bucket_lifecycle,
      LIFECYCLE_RULE("<Filter/><Status>Enabled</Status><Expiration><Days>0</Days>"
                     "</Expiration>"),
      S3_InvalidArgument, "'Days' for Expiration action must be a positive integer" },
    { __LINE__, op_put_bucket_lifecycle,
      LIFECYCLE_RULE("<Filter><And>" TAG("a", "1") TAG("a", "2") "</And></Filter>" EXPIRE),
      S3_InvalidRequest, "Duplicate Tag Keys are not allowed." },
    { __LINE__, op_put_bucket_lifecycle,
      "<LifecycleConfiguration><Rule><ID>a</ID><Prefix/>" EXPIRE
      "</Rule><Rule><ID>a</ID><Prefix>p</Prefix>" EXPIRE "</Rule></LifecycleConfiguration>",
      S3_InvalidArgument, "Rule ID must be unique. Found same ID for more than one rule" },
    { __LINE__, op_put_bucket_lifecycle,
      LIFECYCLE_RULE("<Filter><Prefix>a</Prefix>" TAG("k", "v") "</Filter>" EXPIRE),
      S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_lifecycle,
      LIFECYCLE_RULE("<Filter/><Status>Enabled</Status><Transition><Days>1</Days>"
                     "<StorageClass>STANDARD</StorageClass></Transition>"),
      S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_encryption, DOCUMENT("ServerSideEncryptionConfiguration", ""),
      S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_encryption, SSE("<SSEAlgorithm>AES128</SSEAlgorithm>"),
      S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_encryption,
      SSE("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>"),
      S3_InvalidArgument,
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
      "aws:kms:dsse" },
    { __LINE__, op_put_bucket_ownership,
      "<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule>"
      "</OwnershipControls>",
      S3_MalformedXML, NULL },
    { __LINE__, op_put_public_access_block, DOCUMENT("PublicAccessBlockConfiguration", ""),
      S3_InvalidRequest, "Must specify at least one configuration." },
    { __LINE__, op_put_public_access_block,
      DOCUMENT("PublicAccessBlockConfiguration", "<BlockPublicAcls>maybe</BlockPublicAcls>"),
      S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_accelerate,
      DOCUMENT("AccelerateConfiguration", "<Status>on</Status>"), S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_request_payment,
      DOCUMENT("RequestPaymentConfiguration", "<Payer>Bob</Payer>"), S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_logging,
      "<BucketLoggingStatus><LoggingEnabled><TargetBucket>nowhere</TargetBucket>"
      "<TargetPrefix/></LoggingEnabled></BucketLoggingStatus>",
      S3_InvalidTargetBucketForLogging, NULL },
    { __LINE__, op_put_bucket_website, WEBSITE(""), S3_InvalidArgument,
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty" },
    { __LINE__, op_put_bucket_website,
      WEBSITE("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>"), S3_InvalidArgument,
      "The IndexDocument Suffix is not well formed" },
    { __LINE__, op_put_bucket_website,
      WEBSITE("<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>" INDEX),
      S3_InvalidArgument,
      "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules." },
    { __LINE__, op_put_bucket_website,
      WEBSITE("<RedirectAllRequestsTo><HostName>h</HostName><Protocol>ftp</Protocol>"
              "</RedirectAllRequestsTo>"),
      S3_InvalidRequest,
      "Invalid protocol, protocol can be http or https. If not defined the protocol will be "
      "selected automatically." },
    { __LINE__, op_put_bucket_website,
      WEBSITE(INDEX ROUTE("<Condition/><Redirect><HostName>h</HostName></Redirect>")),
      S3_InvalidRequest,
      "Condition cannot be empty. To redirect all requests without a condition, the condition "
      "element shouldn't be present." },
    { __LINE__, op_put_bucket_website,
      WEBSITE(INDEX ROUTE("<Redirect><ReplaceKeyWith>a</ReplaceKeyWith>"
                          "<ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith></Redirect>")),
      S3_InvalidRequest, "You can only define ReplaceKeyPrefix or ReplaceKey but not both." },
    { __LINE__, op_put_bucket_notification,
      QUEUE("<Queue>q</Queue><Event>s3:ObjectCreated:*</Event>"), S3_InvalidArgument,
      "The ARN could not be parsed" },
    { __LINE__, op_put_bucket_notification, QUEUE(QUEUE_ARN "<Event>s3:Nothing</Event>"),
      S3_InvalidArgument, "A specified event is not supported for notifications." },
    { __LINE__, op_put_bucket_notification,
      QUEUE(QUEUE_ARN "<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule>"
                      "<Name>INVALID</Name><Value>x</Value></FilterRule></S3Key></Filter>"),
      S3_InvalidArgument, "filter rule name must be either prefix or suffix" },
    { __LINE__, op_put_bucket_tagging, TAGS(TAG("aws:x", "1")), S3_InvalidTag,
      "System tags cannot be added/updated by requester" },
    { __LINE__, op_put_bucket_tagging, TAGS(TAG("a", "1") TAG("a", "2")), S3_InvalidTag,
      "Cannot provide multiple Tags with the same key" },
    { __LINE__, op_put_bucket_tagging, DOCUMENT("Tagging", "<Tag/>"), S3_MalformedXML, NULL },
    { __LINE__, op_put_bucket_policy, "x", S3_MalformedPolicy,
      "Policies must be valid JSON and the first byte must be '{'" },
    { __LINE__, op_put_bucket_policy, "{}", S3_MalformedPolicy,
      "Missing required field Statement" },
    { __LINE__, op_put_bucket_policy,
      "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
      "\"Resource\":\"arn:aws:s3:::other/*\"}]}",
      S3_MalformedPolicy, "Policy has invalid resource" },
    { __LINE__, op_put_bucket_policy,
      "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
      "\"Resource\":\"arn:aws:s3:::bucket/*\"}]}",
      S3_AccessDenied, NULL }, /* public, and public policies are blocked */
    { __LINE__, op_put_object_lock_configuration,
      DOCUMENT("ObjectLockConfiguration", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>"),
      S3_InvalidBucketState,
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration" },
};

TEST(documents_are_judged_as_aws_judges_them)
{
    struct s3_fixture *s3 = one_bucket();
    s3->settings.strict = true;
    for (size_t i = 0; i < COUNT(judged); i++) {
        struct request *rq = call(s3, judged[i].put, judged[i].body);
        str message = judged[i].message ? str_of(judged[i].message) : STR("");
        if (rq->code != judged[i].code || (message.size > 0 && !str_eq(rq->message, message)))
            fail_msg("row %d: %.*s: %.*s", judged[i].line, STR_ARG(s3_error_of(rq->code)->code),
                     STR_ARG(rq->message));
    }
    s3_close(s3);
}

TEST(what_is_put_comes_back_and_goes)
{
    static const struct {
        int line;
        op_fn *put, *get, *delete;
        const char *body, *says;
        enum s3_code absent;
    } rows[] = {
        { __LINE__, op_put_bucket_cors, op_get_bucket_cors, op_delete_bucket_cors,
          CORS_RULE("<AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*.a</AllowedOrigin>"),
          "<AllowedMethod>PUT</AllowedMethod>", S3_NoSuchCORSConfiguration },
        { __LINE__, op_put_bucket_lifecycle, op_get_bucket_lifecycle, op_delete_bucket_lifecycle,
          LIFECYCLE_RULE("<Prefix>logs/</Prefix>" EXPIRE), "<Prefix>logs/</Prefix>",
          S3_NoSuchLifecycleConfiguration },
        { __LINE__, op_put_bucket_website, op_get_bucket_website, op_delete_bucket_website,
          WEBSITE(INDEX), INDEX, S3_NoSuchWebsiteConfiguration },
        { __LINE__, op_put_bucket_tagging, op_get_bucket_tagging, op_delete_bucket_tagging,
          TAGS(TAG("b", "1 = 1") TAG("a", "")), TAG("a", "") TAG("b", "1 = 1"), S3_NoSuchTagSet },
        { __LINE__, op_put_bucket_policy, op_get_bucket_policy, op_delete_bucket_policy,
          "{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\","
          "\"Resource\":\"arn:aws:s3:::bucket\"}}",
          "\"Deny\"", S3_NoSuchBucketPolicy },
        { __LINE__, op_put_bucket_ownership, op_get_bucket_ownership, op_delete_bucket_ownership,
          "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"
          "</OwnershipControls>",
          "ObjectWriter", S3_OwnershipControlsNotFoundError },
        { __LINE__, op_put_public_access_block, op_get_public_access_block,
          op_delete_public_access_block,
          DOCUMENT("PublicAccessBlockConfiguration", "<BlockPublicAcls>true</BlockPublicAcls>"),
          "<IgnorePublicAcls>false</IgnorePublicAcls>", S3_NoSuchPublicAccessBlockConfiguration },
    };
    struct s3_fixture *s3 = one_bucket();
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_code(call(s3, rows[i].put, rows[i].body), S3_OK);
        struct request *rq = call(s3, rows[i].get, NULL);
        if (rq->code != S3_OK || !s3_says(rq, rows[i].says))
            fail_msg("row %d: %.*s", rows[i].line, STR_ARG(rq->reply.bytes));
        assert_code(call(s3, rows[i].delete, NULL), S3_OK);
        assert_code(call(s3, rows[i].get, NULL), rows[i].absent);
    }
    s3_close(s3);
}

TEST(a_lifecycle_rule_without_an_id_gets_one)
{
    struct s3_fixture *s3 = one_bucket();
    assert_code(call(s3, op_put_bucket_lifecycle, LIFECYCLE_RULE("<Prefix/>" EXPIRE)), S3_OK);
    struct request *rq = call(s3, op_get_bucket_lifecycle, NULL);
    assert_true(s3_says(rq, "<Rule><ID>"));
    assert_false(s3_says(rq, "<ID></ID>"));
    assert_str(fields_get(&rq->reply.headers, "x-amz-transition-default-minimum-object-size"),
               "all_storage_classes_128K");
    s3_close(s3);
}

TEST(the_target_of_logs_is_a_bucket_of_the_same_region)
{
    struct s3_fixture *s3 = one_bucket();
    s3_bucket(s3, "far", "eu-west-1", false);
    s3_bucket(s3, "near", "us-east-1", false);
    struct request *rq =
        call(s3, op_put_bucket_logging,
             "<BucketLoggingStatus><LoggingEnabled><TargetBucket>far</TargetBucket>"
             "<TargetPrefix>p</TargetPrefix></LoggingEnabled></BucketLoggingStatus>");
    assert_code(rq, S3_CrossLocationLoggingProhibitted);
    assert_str(fields_get(&rq->extra, "TargetBucketLocation"), "eu-west-1");
    assert_code(call(s3, op_put_bucket_logging,
                     "<BucketLoggingStatus><LoggingEnabled><TargetBucket>near</TargetBucket>"
                     "<TargetPrefix>p</TargetPrefix></LoggingEnabled></BucketLoggingStatus>"),
                S3_OK);
    assert_true(s3_says(call(s3, op_get_bucket_logging, NULL), "<TargetBucket>near"));
    assert_code(call(s3, op_put_bucket_logging, DOCUMENT("BucketLoggingStatus", "")), S3_OK);
    assert_false(s3_says(call(s3, op_get_bucket_logging, NULL), "LoggingEnabled"));
    s3_close(s3);
}

TEST(configurations_with_ids_are_listed_by_id)
{
    struct s3_fixture *s3 = one_bucket();
    struct request *rq = s3_call(s3, op_put_bucket_metrics, "us-east-1", "/bucket?metrics&id=b",
                                 DOCUMENT("MetricsConfiguration", "<Id>a</Id>"));
    assert_code(rq, S3_IdMismatch);
    s3_call(s3, op_put_bucket_metrics, "us-east-1", "/bucket?metrics&id=b",
            DOCUMENT("MetricsConfiguration", "<Id>b</Id>"));
    s3_call(s3, op_put_bucket_metrics, "us-east-1", "/bucket?metrics&id=a",
            DOCUMENT("MetricsConfiguration", "<Id>a</Id><Filter><Prefix>p</Prefix></Filter>"));
    rq = call(s3, op_list_bucket_metrics, NULL);
    assert_code(rq, S3_OK);
    assert_true(s3_says(rq, "<IsTruncated>false</IsTruncated><MetricsConfiguration><Id>a</Id>"
                            "<Filter><Prefix>p</Prefix></Filter></MetricsConfiguration>"
                            "<MetricsConfiguration><Id>b</Id>"));
    rq = s3_call(s3, op_get_bucket_metrics, "us-east-1", "/bucket?metrics&id=c", NULL);
    assert_code(rq, S3_NoSuchConfiguration);
    rq = s3_call(s3, op_delete_bucket_metrics, "us-east-1", "/bucket?metrics&id=b", NULL);
    assert_code(rq, S3_OK);
    rq = s3_call(s3, op_get_bucket_metrics, "us-east-1", "/bucket?metrics&id=b", NULL);
    assert_code(rq, S3_NoSuchConfiguration);
    s3_close(s3);
}

TEST(object_lock_can_be_switched_on_later)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "bucket", "us-east-1", true);
    static const struct {
        const char *rule;
        enum s3_code code;
    } rows[] = {
        { "<Mode>GOVERNANCE</Mode><Days>0</Days>", S3_InvalidRetentionPeriod },
        { "<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>", S3_MalformedXML },
        { "<Mode>governance</Mode><Days>1</Days>", S3_MalformedXML },
        { "<Mode>GOVERNANCE</Mode><Days>1</Days>", S3_OK },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        str body = str_format(s3->arena,
                              "<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                              "</ObjectLockEnabled><Rule><DefaultRetention>%s</DefaultRetention>"
                              "</Rule></ObjectLockConfiguration>",
                              rows[i].rule);
        assert_code(call(s3, op_put_object_lock_configuration, body.ptr), rows[i].code);
    }
    struct request *rq = call(s3, op_get_object_lock_configuration, NULL);
    assert_code(rq, S3_OK);
    assert_true(s3_says(rq, "<Days>1</Days>"));
    assert_true(rq->bucket.object_lock);
    rq = call(s3, op_put_bucket_versioning,
              "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
    assert_code(rq, S3_InvalidBucketState);
    s3_close(s3);
}
