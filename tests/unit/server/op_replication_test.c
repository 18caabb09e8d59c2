/* Put, get and delete a replication configuration, with the refusals that need a look at other
 * buckets. Those that need none are tested with replication/rules.c. */
#include "replication/rules.h"
#include "server/control/role.h"
#include "tests/unit/server/s3_fixture.h"

#define RULE(to, more)                                                                             \
    "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"                 \
    "<Role>arn:aws:iam::" ACCOUNT ":role/r</Role><Rule><Status>Enabled</Status>"                   \
    "<Priority>1</Priority><DeleteMarkerReplication><Status>Disabled</Status>"                     \
    "</DeleteMarkerReplication><Filter><Prefix></Prefix></Filter><Destination>"                    \
    "<Bucket>arn:aws:s3:::" to "</Bucket>" more "</Destination></Rule></ReplicationConfiguration>"
#define NO_PRIORITY                                                                                \
    "<ReplicationConfiguration><Role>arn:aws:iam::" ACCOUNT ":role/r</Role><Rule><Filter/>"        \
    "<Status>Enabled</Status><DeleteMarkerReplication><Status>Disabled</Status>"                   \
    "</DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::destination</Bucket>"             \
    "</Destination></Rule></ReplicationConfiguration>"

static struct s3_fixture *two_buckets(void)
{
    struct s3_fixture *s3 = s3_open();
    s3_bucket(s3, "source", "us-east-1", true);
    s3_bucket(s3, "destination", "eu-west-1", true);
    s3_bucket(s3, "unversioned", "eu-west-1", false);
    return s3;
}

static struct request *put(struct s3_fixture *s3, const char *target, const char *body)
{
    return s3_call(s3, op_put_bucket_replication, "us-east-1", target, body);
}

static enum s3_code declared(struct request *rq)
{
    const struct store_write *write = rq->state;
    assert_int_equal(write->result, STORE_OK);
    return S3_OK;
}

/* A handler that writes the role in rq->state. */
static enum s3_code declare(struct request *rq)
{
    struct store_write *write = ARENA_NEW(rq->arena, struct store_write);
    store_docs_init(write, rq->arena);
    write->docs = rq->state;
    write->doc_count = 1;
    rq->state = write;
    return request_write(rq, write, declared);
}

TEST(a_configuration_comes_back_with_ids_and_goes_for_good)
{
    struct s3_fixture *s3 = two_buckets();
    struct request *rq = s3_call(s3, op_get_bucket_replication, "us-east-1", "/source", NULL);
    assert_int_equal(rq->code, S3_ReplicationConfigurationNotFoundError);
    assert_str(fields_get(&rq->extra, "BucketName"), "source");

    rq = put(s3, "/source", RULE("destination", ""));
    assert_int_equal(rq->code, S3_OK);
    assert_int_equal(rq->reply.status, 200);
    rq = s3_call(s3, op_get_bucket_replication, "us-east-1", "/source", NULL);
    assert_int_equal(rq->code, S3_OK);
    assert_true(s3_says(rq, "<Bucket>arn:aws:s3:::destination</Bucket>"));
    assert_true(s3_says(rq, "<Rule><ID>"));
    assert_false(s3_says(rq, "<ID></ID>"));

    for (int i = 0; i < 2; i++) {
        rq = s3_call(s3, op_delete_bucket_replication, "us-east-1", "/source", NULL);
        assert_int_equal(rq->code, S3_OK);
        assert_int_equal(rq->reply.status, 204);
    }
    rq = s3_call(s3, op_get_bucket_replication, "us-east-1", "/source", NULL);
    assert_int_equal(rq->code, S3_ReplicationConfigurationNotFoundError);
    s3_close(s3);
}

TEST(the_packed_rules_are_kept_beside_the_document)
{
    struct s3_fixture *s3 = two_buckets();
    struct repl_config config;
    str packed;
    assert_int_equal(put(s3, "/source", RULE("destination", ""))->code, S3_OK);
    struct request *rq = s3_call(s3, op_head_bucket, "us-east-1", "/source", NULL);
    assert_int_equal(store_config_get(s3->lane.reader, s3->arena, rq->bucket.id,
                                      STR(CONFIG_REPLICATION_RULES), STR(""), &packed),
                     STORE_OK);
    assert_true(repl_config_unpack(s3->arena, packed, &config));
    assert_int_equal(config.rule_count, 1);
    assert_str(config.rules[0].destination.bucket, "destination");
    s3_close(s3);
}

TEST(both_ends_must_have_versioning)
{
    static const struct {
        int line;
        const char *target, *body, *message;
    } rows[] = {
        { __LINE__, "/unversioned", RULE("destination", ""),
          "Versioning must be 'Enabled' on the bucket to apply a replication configuration" },
        { __LINE__, "/source", RULE("unversioned", ""),
          "Destination bucket must have versioning enabled." },
        { __LINE__, "/source", RULE("nowhere", ""),
          "Destination bucket must have versioning enabled." },
        { __LINE__, "/source", RULE("source", ""),
          "Destination bucket cannot be the same as the source bucket." },
    };
    struct s3_fixture *s3 = two_buckets();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *rq = put(s3, rows[i].target, rows[i].body);
        if (rq->code != S3_InvalidRequest || !str_is(rq->message, rows[i].message))
            fail_msg("line %d: %.*s \"%.*s\"", rows[i].line, STR_ARG(s3_error_of(rq->code)->code),
                     STR_ARG(rq->message));
    }
    s3_close(s3);
}

TEST(the_account_of_a_destination_must_be_its_owner)
{
    struct s3_fixture *s3 = two_buckets();
    struct request *rq = put(s3, "/source", RULE("destination", "<Account>" ACCOUNT "</Account>"));
    assert_int_equal(rq->code, S3_OK);
    rq = put(s3, "/source", RULE("destination", "<Account>999999999999</Account>"));
    assert_int_equal(rq->code, S3_InvalidArgument);
    s3_close(s3);
}

TEST(a_role_that_nobody_declared_is_marked)
{
    struct s3_fixture *s3 = two_buckets();
    struct request *rq = put(s3, "/source", RULE("destination", ""));
    assert_int_equal(rq->code, S3_OK);
    assert_int_equal(rq->nonstandard.count, 1);
    assert_str(rq->nonstandard.at[0].name, "undeclared-role");
    /* Copies fail there, as on AWS: nothing to mark. */
    s3->settings.iam = IAM_ENFORCE;
    rq = put(s3, "/source", RULE("destination", ""));
    assert_int_equal(rq->nonstandard.count, 0);

    s3->settings.iam = IAM_RESOURCES;
    struct role role = { .account = STR(ACCOUNT),
                         .name = STR("r"),
                         .arn = STR("arn:aws:iam::" ACCOUNT ":role/r"),
                         .path = STR("/"),
                         .trust = STR("{}") };
    struct store_doc doc = role_to_doc(s3->arena, &role);
    rq = s3_request(s3, "us-east-1", "/source");
    rq->state = &doc;
    assert_int_equal(s3_run(rq, declare), S3_OK);
    rq = put(s3, "/source", RULE("destination", ""));
    assert_int_equal(rq->code, S3_OK);
    assert_int_equal(rq->nonstandard.count, 0);
    s3_close(s3);
}

TEST(a_missing_priority_is_marked_or_refused)
{
    struct s3_fixture *s3 = two_buckets();
    struct request *rq = put(s3, "/source", NO_PRIORITY);
    assert_int_equal(rq->code, S3_OK);
    assert_int_equal(rq->nonstandard.count, 2);
    assert_str(rq->nonstandard.at[0].name, REPL_NONSTANDARD_NO_PRIORITY);
    s3->settings.strict = true;
    rq = put(s3, "/source", NO_PRIORITY);
    assert_int_equal(rq->code, S3_InvalidRequest);
    assert_true(str_starts(rq->message, STR("Priority must be specified")));
    s3_close(s3);
}

TEST(a_document_that_is_none_is_refused)
{
    struct s3_fixture *s3 = two_buckets();
    assert_int_equal(put(s3, "/source", NULL)->code, S3_MissingRequestBodyError);
    assert_int_equal(put(s3, "/source", "<Replication/>")->code, S3_MalformedXML);
    assert_int_equal(put(s3, "/source", "<ReplicationConfiguration/>")->code, S3_MalformedXML);
    s3_close(s3);
}

TEST(versioning_cannot_be_suspended_under_a_configuration)
{
    struct s3_fixture *s3 = two_buckets();
    assert_int_equal(put(s3, "/source", RULE("destination", ""))->code, S3_OK);
    struct request *rq = s3_call(s3, op_put_bucket_versioning, "us-east-1", "/source",
                                 "<VersioningConfiguration><Status>Suspended</Status>"
                                 "</VersioningConfiguration>");
    assert_int_equal(rq->code, S3_InvalidBucketState);
    assert_true(str_starts(rq->message, STR("A replication configuration is present")));
    s3_close(s3);
}
