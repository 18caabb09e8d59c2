/* Buckets: where a new one goes, what is refused, what is answered about one. */
#include "tests/unit/server/s3_fixture.h"

#define CONSTRAINT(region)                                                                         \
    "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"                \
    "<LocationConstraint>" region "</LocationConstraint></CreateBucketConfiguration>"
#define VERSIONING(status)                                                                         \
    "<VersioningConfiguration><Status>" status "</Status></VersioningConfiguration>"

TEST(the_location_constraint_decides_with_the_endpoint)
{
    static const struct {
        int line;
        const char *asked, *body;
        enum s3_code code;
        const char *says; /* the Region, or the message */
    } rows[] = {
        { __LINE__, "us-east-1", NULL, S3_OK, "us-east-1" },
        { __LINE__, "us-east-1", "<CreateBucketConfiguration/>", S3_OK, "us-east-1" },
        { __LINE__, "us-east-1", CONSTRAINT("eu-west-1"), S3_OK, "eu-west-1" },
        { __LINE__, "us-east-1", CONSTRAINT("EU"), S3_OK, "eu-west-1" },
        { __LINE__, "eu-west-1", CONSTRAINT("eu-west-1"), S3_OK, "eu-west-1" },
        { __LINE__, "eu-west-1", CONSTRAINT("EU"), S3_OK, "eu-west-1" },
        { __LINE__, "us-east-1", CONSTRAINT("us-east-1"), S3_InvalidLocationConstraint, "" },
        { __LINE__, "us-east-1", CONSTRAINT("aws-global"), S3_InvalidLocationConstraint, "" },
        { __LINE__, "us-east-1", CONSTRAINT("eu-wst-1"), S3_InvalidLocationConstraint, "" },
        { __LINE__, "eu-west-1", NULL, S3_IllegalLocationConstraintException,
          "The unspecified location constraint is incompatible for the region specific endpoint "
          "this request was sent to." },
        { __LINE__, "eu-west-1", CONSTRAINT("bar"), S3_IllegalLocationConstraintException,
          "The bar location constraint is incompatible for the region specific endpoint this "
          "request was sent to." },
        { __LINE__, "us-west-1", CONSTRAINT("EU"), S3_IllegalLocationConstraintException,
          "The EU location constraint is incompatible for the region specific endpoint this "
          "request was sent to." },
        { __LINE__, "eu-west-1", CONSTRAINT("us-east-1"), S3_IllegalLocationConstraintException,
          "The us-east-1 location constraint is incompatible for the region specific endpoint "
          "this request was sent to." },
        { __LINE__, "us-east-1", "<Wrong/>", S3_MalformedXML, "" },
        { __LINE__, "us-east-1", "<CreateBucketConfiguration>", S3_MalformedXML, "" },
    };
    struct s3_fixture *s3 = s3_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str target = str_format(s3->arena, "/bucket-%zu", i);
        struct request *rq = s3_call(s3, op_create_bucket, rows[i].asked, target.ptr, rows[i].body);
        if (rq->code != rows[i].code)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(s3_error_of(rq->code)->code));
        str got = rq->message;
        if (rq->code == S3_OK)
            got = fields_get(
                &s3_call(s3, op_head_bucket, rows[i].asked, target.ptr, NULL)->reply.headers,
                "x-amz-bucket-region");
        if (!str_is(got, rows[i].says))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(got));
    }
    s3_close(s3);
}

TEST(a_bucket_says_where_it_is)
{
    static const struct {
        int line;
        const char *target, *body, *location;
    } rows[] = {
        { __LINE__, "/first", NULL, "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>" },
        { __LINE__, "/ireland", CONSTRAINT("eu-west-1"), ">eu-west-1</LocationConstraint>" },
        { __LINE__, "/old-ireland", CONSTRAINT("EU"), ">EU</LocationConstraint>" },
    };
    struct s3_fixture *s3 = s3_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq =
            s3_call(s3, op_create_bucket, "us-east-1", rows[i].target, rows[i].body);
        assert_int_equal(rq->code, S3_OK);
        rq = s3_call(s3, op_get_bucket_location, "us-east-1", rows[i].target, NULL);
        if (!s3_says(rq, rows[i].location))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(rq->reply.bytes));
    }
    s3_close(s3);
}

TEST(a_taken_name_is_refused_except_ones_own_in_us_east_1)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "mine", "us-east-1", false);
    s3_bucket(s3, "mine-west", "us-west-2", false);
    struct request *rq = s3_call(s3, op_create_bucket, "us-east-1", "/mine", NULL);
    assert_int_equal(rq->code, S3_OK);
    assert_str(fields_get(&rq->reply.headers, "Location"), "/mine");

    rq = s3_call(s3, op_create_bucket, "us-west-2", "/mine-west", CONSTRAINT("us-west-2"));
    assert_int_equal(rq->code, S3_BucketAlreadyOwnedByYou);
    assert_str(fields_get(&rq->extra, "BucketName"), "mine-west");
    rq = s3_call(s3, op_create_bucket, "us-east-1", "/mine", CONSTRAINT("us-west-2"));
    assert_int_equal(rq->code, S3_BucketAlreadyOwnedByYou);

    rq = s3_request(s3, "us-east-1", "/mine");
    rq->who.account = STR("999999999999");
    assert_int_equal(s3_run(rq, op_create_bucket), S3_BucketAlreadyExists);
    s3_close(s3);
}

TEST(a_bucket_is_made_with_its_tags)
{
    static const char tagged[] = "<CreateBucketConfiguration><Tags><Tag><Key>a</Key><Value>1"
                                 "</Value></Tag><Tag><Key>b</Key><Value></Value></Tag></Tags>"
                                 "</CreateBucketConfiguration>";
    static const char system[] = "<CreateBucketConfiguration><Tags><Tag><Key>aws:x</Key><Value>1"
                                 "</Value></Tag></Tags></CreateBucketConfiguration>";
    static const char broken[] = "<CreateBucketConfiguration><Tags><Tag><Key>a</Key></Tag></Tags>"
                                 "</CreateBucketConfiguration>";
    struct s3_fixture *s3 = s3_open();
    struct request *rq = s3_call(s3, op_create_bucket, "us-east-1", "/tagged", tagged);
    assert_int_equal(rq->code, S3_OK);
    rq = s3_call(s3, op_get_bucket_tagging, "us-east-1", "/tagged?tagging", NULL);
    assert_true(s3_says(rq, "<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key>"));
    rq = s3_call(s3, op_create_bucket, "us-east-1", "/system", system);
    assert_int_equal(rq->code, S3_InvalidTag);
    rq = s3_call(s3, op_create_bucket, "us-east-1", "/broken", broken);
    assert_int_equal(rq->code, S3_MalformedXML);
    s3_close(s3);
}

TEST(creating_ones_own_bucket_again_resets_its_acl)
{
    struct s3_fixture *s3 = s3_open();
    struct request *rq = s3_request(s3, "us-east-1", "/mine");
    fields_add(s3->arena, &rq->headers, STR("x-amz-object-ownership"), STR("ObjectWriter"));
    fields_add(s3->arena, &rq->headers, STR("x-amz-acl"), STR("log-delivery-write"));
    assert_int_equal(s3_run(rq, op_create_bucket), S3_OK);
    rq = s3_call(s3, op_get_bucket_acl, "us-east-1", "/mine?acl", NULL);
    assert_true(s3_says(rq, "LogDelivery"));
    rq = s3_call(s3, op_create_bucket, "us-east-1", "/mine", NULL);
    assert_int_equal(rq->code, S3_OK);
    rq = s3_call(s3, op_get_bucket_acl, "us-east-1", "/mine?acl", NULL);
    assert_false(s3_says(rq, "LogDelivery"));
    assert_true(s3_says(rq, "FULL_CONTROL"));
    s3_close(s3);
}

TEST(names_and_headers_that_s3_refuses_make_no_bucket)
{
    static const struct {
        int line;
        const char *target, *header, *value;
        enum s3_code code;
    } rows[] = {
        { __LINE__, "/Upper", NULL, NULL, S3_InvalidBucketName },
        { __LINE__, "/ab", NULL, NULL, S3_InvalidBucketName },
        { __LINE__, "/logs-an", NULL, NULL, S3_InvalidBucketName },
        { __LINE__, "/logs", "x-amz-bucket-namespace", "account-regional", S3_InvalidBucketName },
        { __LINE__, "/logs-" ACCOUNT "-us-east-1-an", "x-amz-bucket-namespace", "account-regional",
          S3_OK },
        { __LINE__, "/own-1", "x-amz-object-ownership", "RandomValue", S3_InvalidArgument },
        { __LINE__, "/own-2", "x-amz-object-ownership", "ObjectWriter", S3_OK },
        { __LINE__, "/acl-1", "x-amz-acl", "public-read", S3_InvalidBucketAclWithObjectOwnership },
        { __LINE__, "/acl-2", "x-amz-acl", "private", S3_OK },
    };
    struct s3_fixture *s3 = s3_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = s3_request(s3, "us-east-1", rows[i].target);
        if (rows[i].header)
            fields_add(s3->arena, &rq->headers, str_of(rows[i].header), str_of(rows[i].value));
        if (s3_run(rq, op_create_bucket) != rows[i].code)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(s3_error_of(rq->code)->code));
    }
    s3_close(s3);
}

TEST(buckets_are_listed_by_name_in_pages)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "bravo", "us-east-1", false);
    s3_bucket(s3, "alpha", "eu-west-1", false);
    s3_bucket(s3, "charlie", "eu-west-1", false);
    struct request *rq = s3_call(s3, op_list_buckets, "us-east-1", "/", NULL);
    assert_int_equal(rq->code, S3_OK);
    assert_true(s3_says(rq, "<Bucket><Name>alpha</Name>"
                            "<CreationDate>2026-01-01T00:00:00.000Z</CreationDate>"
                            "<BucketRegion>eu-west-1</BucketRegion>"
                            "<BucketArn>arn:aws:s3:::alpha</BucketArn></Bucket>"
                            "<Bucket><Name>bravo</Name>"));
    assert_false(s3_says(rq, "ContinuationToken"));

    rq = s3_call(s3, op_list_buckets, "us-east-1", "/?max-buckets=2&prefix=", NULL);
    assert_false(s3_says(rq, "charlie"));
    assert_true(s3_says(rq, "<Prefix></Prefix>"));
    size_t from = str_find(rq->reply.bytes, STR("<ContinuationToken>")) + 19;
    str token = str_skip(rq->reply.bytes, from);
    token = str_first(token, str_find_char(token, '<'));
    str target = str_format(s3->arena, "/?max-buckets=2&continuation-token=%.*s", STR_ARG(token));
    rq = s3_call(s3, op_list_buckets, "us-east-1", target.ptr, NULL);
    assert_true(s3_says(rq, "<Name>charlie</Name>"));
    assert_false(s3_says(rq, "<Name>bravo</Name>"));
    assert_false(s3_says(rq, "ContinuationToken"));

    rq = s3_call(s3, op_list_buckets, "us-east-1", "/?bucket-region=eu-west-1&prefix=c", NULL);
    assert_true(s3_says(rq, "<Name>charlie</Name>"));
    assert_false(s3_says(rq, "<Name>alpha</Name>"));
    s3_close(s3);
}

TEST(parameters_of_the_list_of_buckets_are_judged)
{
    static const struct {
        int line;
        const char *target, *argument;
    } rows[] = {
        { __LINE__, "/?max-buckets=0", "max-buckets" },
        { __LINE__, "/?max-buckets=10001", "max-buckets" },
        { __LINE__, "/?max-buckets=-1", "max-buckets" },
        { __LINE__, "/?max-buckets=x", "max-buckets" },
        { __LINE__, "/?bucket-region=eu-east-1", "bucket-region" },
        { __LINE__, "/?continuation-token=*", "continuation-token" },
    };
    struct s3_fixture *s3 = s3_open();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = s3_call(s3, op_list_buckets, "us-east-1", rows[i].target, NULL);
        if (rq->code != S3_InvalidArgument ||
            !str_is(fields_get(&rq->extra, "ArgumentName"), rows[i].argument))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(s3_error_of(rq->code)->code));
    }
    s3_close(s3);
}

static void make_mrap(struct s3_fixture *s3, enum mrap_status status, bool gone)
{
    struct mrap mrap = { .name = STR("everywhere"),
                         .alias = STR("mfzwi23gnjvgw.mrap"),
                         .account = STR(ACCOUNT),
                         .status = status,
                         .member_count = 1 };
    mrap.members[0] = (struct route_member){ STR("member"), region_find(STR("us-east-1")), 100 };
    mrap.member_accounts[0] = STR(ACCOUNT);
    struct store_doc doc = mrap_to_doc(s3->arena, &mrap);
    struct store_write write;
    if (gone)
        doc.body = STR_NONE;
    store_docs_init(&write, s3->arena);
    write.docs = &doc;
    write.doc_count = 1;
    assert_int_equal(store_write_wait(s3->world.store, &write), STORE_OK);
    store_read_begin(s3->lane.reader);
    mraps_reload(s3->world.mraps, s3->lane.reader);
}

TEST(a_member_of_an_access_point_cannot_be_deleted)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "member", "us-east-1", false);
    make_mrap(s3, MRAP_READY, false);
    struct request *rq = s3_call(s3, op_delete_bucket, "us-east-1", "/member", NULL);
    assert_int_equal(rq->code, S3_BucketHasAccessPointsAttached);
    make_mrap(s3, MRAP_DELETING, false);
    rq = s3_call(s3, op_delete_bucket, "us-east-1", "/member", NULL);
    assert_int_equal(rq->code, S3_BucketHasAccessPointsAttached);
    make_mrap(s3, MRAP_DELETING, true);
    rq = s3_call(s3, op_delete_bucket, "us-east-1", "/member", NULL);
    assert_int_equal(rq->code, S3_OK);
    assert_int_equal(rq->reply.status, 204);
    rq = s3_request(s3, "us-east-1", "/member");
    (void) s3_run(rq, op_head_bucket);
    assert_false(rq->has_bucket);
    s3_close(s3);
}

TEST(versioning_is_shown_once_it_was_set)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "b-1", "us-east-1", false);
    struct request *rq = s3_call(s3, op_get_bucket_versioning, "us-east-1", "/b-1", NULL);
    assert_false(s3_says(rq, "Status"));
    rq = s3_call(s3, op_put_bucket_versioning, "us-east-1", "/b-1", VERSIONING("Enabled"));
    assert_int_equal(rq->reply.status, 200);
    rq = s3_call(s3, op_get_bucket_versioning, "us-east-1", "/b-1", NULL);
    assert_true(s3_says(rq, "<Status>Enabled</Status>"));
    s3_call(s3, op_put_bucket_versioning, "us-east-1", "/b-1", VERSIONING("Suspended"));
    rq = s3_call(s3, op_get_bucket_versioning, "us-east-1", "/b-1", NULL);
    assert_true(s3_says(rq, "<Status>Suspended</Status>"));
    s3_close(s3);
}

TEST(odd_versioning_documents_are_refused)
{
    static const struct {
        int line;
        const char *body;
        enum s3_code code;
    } rows[] = {
        { __LINE__, NULL, S3_MissingRequestBodyError },
        { __LINE__, "<VersioningConfiguration/>", S3_IllegalVersioningConfigurationException },
        { __LINE__, VERSIONING("enabled"), S3_MalformedXML },
        { __LINE__, VERSIONING(""), S3_MalformedXML },
        { __LINE__, "<Other/>", S3_MalformedXML },
        { __LINE__, "x", S3_MalformedXML },
    };
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "b-1", "us-east-1", false);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq =
            s3_call(s3, op_put_bucket_versioning, "us-east-1", "/b-1", rows[i].body);
        if (rq->code != rows[i].code)
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(s3_error_of(rq->code)->code));
    }
    s3_close(s3);
}

TEST(object_lock_enables_versioning_and_keeps_it)
{
    struct s3_fixture *s3 = s3_open();
    struct request *rq = s3_request(s3, "us-east-1", "/locked");
    fields_add(s3->arena, &rq->headers, STR("X-Amz-Bucket-Object-Lock-Enabled"), STR("True"));
    assert_int_equal(s3_run(rq, op_create_bucket), S3_OK);
    rq = s3_call(s3, op_put_bucket_versioning, "us-east-1", "/locked", VERSIONING("Suspended"));
    assert_int_equal(rq->code, S3_InvalidBucketState);
    assert_str(rq->message, "An Object Lock configuration is present on this bucket, so the "
                            "versioning state cannot be changed.");
    s3_close(s3);
}
