/* The error table: every row says something, and recorded answers of AWS agree with it. */
#include "tests/unit/test.h"

#include "server/errors.h"

TEST(every_error_has_a_code_a_status_and_words)
{
    for (enum s3_code code = (enum s3_code)(S3_WAIT + 1); code < S3_CODES; code++) {
        const struct s3_error *error = s3_error_of(code);
        assert_true(error->code.size > 0);
        if (error->message.size == 0 || error->status < 300 || error->status > 599)
            fail_msg("%.*s: status %d", STR_ARG(error->code), error->status);
    }
}

TEST(codes_are_found_by_their_name_and_each_only_once)
{
    for (enum s3_code code = (enum s3_code)(S3_WAIT + 1); code < S3_CODES; code++)
        assert_int_equal(s3_code_parse(s3_error_of(code)->code), code);
    assert_int_equal(s3_code_parse(STR("KMS.NotFoundException")), S3_KMS_NotFoundException);
    assert_int_equal(s3_code_parse(STR("KMS_NotFoundException")), S3_CODES);
    assert_int_equal(s3_code_parse(STR("nosuchkey")), S3_CODES);
    assert_int_equal(s3_code_parse(STR_NONE), S3_CODES);
}

TEST(recorded_answers_agree_with_the_table)
{
    static const struct {
        int line;
        enum s3_code code;
        int status;
        const char *message;
    } rows[] = {
        { __LINE__, S3_AccessDenied, 403, "Access Denied" },
        { __LINE__, S3_BucketAlreadyOwnedByYou, 409,
          "Your previous request to create the named bucket succeeded and you already own it." },
        { __LINE__, S3_BucketNotEmpty, 409, "The bucket you tried to delete is not empty" },
        { __LINE__, S3_InternalError, 500, "We encountered an internal error. Please try again." },
        { __LINE__, S3_InvalidBucketName, 400, "The specified bucket is not valid." },
        { __LINE__, S3_InvalidRange, 416, "The requested range is not satisfiable" },
        { __LINE__, S3_MalformedXML, 400,
          "The XML you provided was not well-formed or did not validate against our published "
          "schema" },
        { __LINE__, S3_MethodNotAllowed, 405,
          "The specified method is not allowed against this resource." },
        { __LINE__, S3_NoSuchBucket, 404, "The specified bucket does not exist" },
        { __LINE__, S3_NoSuchKey, 404, "The specified key does not exist." },
        { __LINE__, S3_NoSuchMultiRegionAccessPoint, 404,
          "The specified Multi-Region Access Point does not exist." },
        { __LINE__, S3_PreconditionFailed, 412,
          "At least one of the pre-conditions you specified did not hold" },
        { __LINE__, S3_ReplicationConfigurationNotFoundError, 404,
          "The replication configuration was not found" },
        { __LINE__, S3_NotModified, 304, "Not Modified" },
        { __LINE__, S3_PermanentRedirect, 301, NULL },
        { __LINE__, S3_SlowDown, 503, "Please reduce your request rate." },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct s3_error *error = s3_error_of(rows[i].code);
        if (error->status != rows[i].status ||
            (rows[i].message && !str_is(error->message, rows[i].message)))
            fail_msg("line %d: %d \"%.*s\"", rows[i].line, error->status, STR_ARG(error->message));
    }
}

TEST(what_is_no_error_becomes_an_internal_one)
{
    assert_str(s3_error_of(S3_OK)->code, "InternalError");
    assert_str(s3_error_of(S3_WAIT)->code, "InternalError");
    assert_str(s3_error_of(S3_CODES)->code, "InternalError");
}

TEST(every_store_result_has_a_meaning)
{
    assert_int_equal(s3_code_from_store(STORE_OK), S3_OK);
    for (enum store_result result = STORE_ABSENT; result <= STORE_BROKEN; result++) {
        enum s3_code code = s3_code_from_store(result);
        assert_true(code > S3_WAIT && code < S3_CODES);
    }
    assert_int_equal(s3_code_from_store(STORE_NO_KEY), S3_NoSuchKey);
    assert_int_equal(s3_code_from_store(STORE_BUSY), S3_SlowDown);
    assert_int_equal(s3_code_from_store(STORE_BROKEN), S3_InternalError);
}
