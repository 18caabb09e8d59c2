/* The table of operations: every request has one row or none, never two; sub-resources never end
 * in an operation that did not ask for them. */
#include "tests/unit/test.h"

#include "server/operations.h"
#include "server/s3/address.h"

static struct request request_of(struct arena *arena, const char *method, str query)
{
    struct request rq = { .arena = arena, .method = str_of(method) };
    query_parse(arena, query, &rq.query);
    return rq;
}

/* Adds what a selector asks for. */
static void satisfy(struct request *rq, const char *selector)
{
    str rest = str_of(selector), condition, name, value;
    while (str_next(&rest, '&', &condition)) {
        if (condition.ptr[0] == '@') {
            fields_add(rq->arena, &rq->headers, str_skip(condition, 1), STR("x"));
            continue;
        }
        bool valued = str_cut(condition, '=', &name, &value);
        if (!fields_has_exact(&rq->query, str_c(rq->arena, name)))
            fields_add(rq->arena, &rq->query, name, valued ? value : STR_NONE);
    }
}

/* A path for a template, with `filling` in the place of its variable. */
static str path_of(struct arena *arena, const char *template, str filling)
{
    str text = str_of(template);
    size_t open = str_find_char(text, '{'), close = str_find_char(text, '}');
    if (open == text.size)
        return str_format(arena, "/v20180820%s", template);
    return str_format(arena, "/v20180820%.*s%.*s%.*s", (int) open, template, STR_ARG(filling),
                      STR_ARG(str_skip(text, close + 1)));
}

static void assert_one_best(const struct request *rq, enum op_place place)
{
    size_t count;
    const struct operation *all = operations_all(&count), *best = operation_find(rq, place);
    if (best == NULL)
        return;
    int fit = operation_fit(best, rq, place);
    for (size_t i = 0; i < count; i++)
        if (&all[i] != best && operation_fit(&all[i], rq, place) == fit)
            fail_msg("%s and %s fit the same request", best->name, all[i].name);
}

TEST(no_two_rows_fit_one_request)
{
    size_t count;
    const struct operation *all = operations_all(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++) {
            if (all[i].place != all[j].place || strcmp(all[i].method, all[j].method) != 0)
                continue;
            struct arena *arena = arena_new();
            struct request rq = request_of(arena, all[i].method, STR(""));
            if (all[i].place == AT_CONTROL) {
                str other = str_of(all[j].selector), last = other, piece;
                while (str_next(&other, '/', &piece))
                    last = piece;
                rq.address.path = path_of(arena, all[i].selector, last);
            } else {
                satisfy(&rq, all[i].selector);
                satisfy(&rq, all[j].selector);
            }
            assert_one_best(&rq, all[i].place);
            arena_free(arena);
        }
}

TEST(every_row_can_be_reached)
{
    size_t count;
    const struct operation *all = operations_all(&count);
    for (size_t i = 0; i < count; i++) {
        struct arena *arena = arena_new();
        struct request rq = request_of(arena, all[i].method, STR(""));
        if (all[i].place == AT_CONTROL)
            rq.address.path = path_of(arena, all[i].selector, STR("x"));
        else
            satisfy(&rq, all[i].selector);
        if (operation_find(&rq, all[i].place) != &all[i])
            fail_msg("%s %s is not found", all[i].name, all[i].selector ? all[i].selector : "");
        arena_free(arena);
    }
}

TEST(rows_are_whole)
{
    size_t count;
    const struct operation *all = operations_all(&count);
    for (size_t i = 0; i < count; i++) {
        bool missing = all[i].flags & OP_MISSING;
        if (missing != (all[i].handle == NULL))
            fail_msg("%s: a row has a handler or OP_MISSING", all[i].name);
        if ((all[i].flags & OP_STREAM) && (all[i].flags & OP_DOCUMENT))
            fail_msg("%s: a body is a document or an object's bytes", all[i].name);
        if (all[i].permission[0] != '\0' && !str_starts(str_of(all[i].permission), STR("s3:")))
            fail_msg("%s: permission %s", all[i].name, all[i].permission);
    }
}

TEST(requests_find_their_operation)
{
    static const struct {
        int line;
        const char *method;
        enum op_place place;
        const char *query;
        bool copy_source;
        const char *name;
    } rows[] = {
        { __LINE__, "GET", AT_SERVICE, "", false, "ListBuckets" },
        { __LINE__, "GET", AT_SERVICE, "max-buckets=2&x-id=ListBuckets", false, "ListBuckets" },
        { __LINE__, "DELETE", AT_SERVICE, "", false, NULL },
        { __LINE__, "GET", AT_BUCKET, "", false, "ListObjects" },
        { __LINE__, "GET", AT_BUCKET, "prefix=acl&marker=x", false, "ListObjects" },
        { __LINE__, "GET", AT_BUCKET, "list-type=2&prefix=a", false, "ListObjectsV2" },
        { __LINE__, "GET", AT_BUCKET, "list-type=1", false, "ListObjects" },
        { __LINE__, "GET", AT_BUCKET, "versions", false, "ListObjectVersions" },
        { __LINE__, "GET", AT_BUCKET, "versions&list-type=2", false, "ListObjectVersions" },
        { __LINE__, "GET", AT_BUCKET, "uploads=", false, "ListMultipartUploads" },
        { __LINE__, "GET", AT_BUCKET, "acl", false, "GetBucketAcl" },
        { __LINE__, "GET", AT_BUCKET, "acl&tagging", false, NULL },
        { __LINE__, "GET", AT_BUCKET, "analytics", false, "ListBucketAnalyticsConfigurations" },
        { __LINE__, "GET", AT_BUCKET, "analytics&id=1", false, "GetBucketAnalyticsConfiguration" },
        { __LINE__, "PUT", AT_BUCKET, "versioning=", false, "PutBucketVersioning" },
        { __LINE__, "PUT", AT_BUCKET, "location", false, NULL },
        { __LINE__, "PUT", AT_BUCKET, "uploads", false, NULL },
        { __LINE__, "POST", AT_BUCKET, "delete", false, "DeleteObjects" },
        { __LINE__, "POST", AT_BUCKET, "", false, "PostObject" },
        { __LINE__, "PATCH", AT_BUCKET, "", false, NULL },
        { __LINE__, "get", AT_BUCKET, "", false, NULL },
        { __LINE__, "HEAD", AT_BUCKET, "", false, "HeadBucket" },
        { __LINE__, "GET", AT_OBJECT, "x-id=GetObject&versionId=1", false, "GetObject" },
        { __LINE__, "GET", AT_OBJECT, "partNumber=1", false, "GetObject" },
        { __LINE__, "HEAD", AT_OBJECT, "partNumber=1", false, "HeadObject" },
        { __LINE__, "GET", AT_OBJECT, "uploadId=u&part-number-marker=3", false, "ListParts" },
        { __LINE__, "GET", AT_OBJECT, "attributes", false, "GetObjectAttributes" },
        { __LINE__, "GET", AT_OBJECT, "uploads", false, NULL },
        { __LINE__, "GET", AT_OBJECT, "replication", false, NULL },
        { __LINE__, "PUT", AT_OBJECT, "", false, "PutObject" },
        { __LINE__, "PUT", AT_OBJECT, "", true, "CopyObject" },
        { __LINE__, "PUT", AT_OBJECT, "partNumber=1&uploadId=u", false, "UploadPart" },
        { __LINE__, "PUT", AT_OBJECT, "partNumber=1&uploadId=u", true, "UploadPartCopy" },
        { __LINE__, "PUT", AT_OBJECT, "partNumber=1", false, NULL },
        { __LINE__, "PUT", AT_OBJECT, "uploadId=u", false, NULL },
        { __LINE__, "PUT", AT_OBJECT, "tagging", true, "PutObjectTagging" },
        { __LINE__, "POST", AT_OBJECT, "uploads=", false, "CreateMultipartUpload" },
        { __LINE__, "POST", AT_OBJECT, "uploadId=u", false, "CompleteMultipartUpload" },
        { __LINE__, "POST", AT_OBJECT, "select&select-type=2", false, "SelectObjectContent" },
        { __LINE__, "POST", AT_OBJECT, "", false, NULL },
        { __LINE__, "DELETE", AT_OBJECT, "versionId=v", false, "DeleteObject" },
        { __LINE__, "DELETE", AT_OBJECT, "uploadId=u", false, "AbortMultipartUpload" },
        { __LINE__, "DELETE", AT_OBJECT, "acl", false, NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        struct request rq = request_of(arena, rows[i].method, str_of(rows[i].query));
        if (rows[i].copy_source)
            fields_add(arena, &rq.headers, STR("X-Amz-Copy-Source"), STR("b/k"));
        const struct operation *op = operation_find(&rq, rows[i].place);
        const char *name = op ? op->name : "none";
        if (strcmp(name, rows[i].name ? rows[i].name : "none") != 0)
            fail_msg("line %d: %s", rows[i].line, name);
        arena_free(arena);
    }
}

#define TOKEN_ARN "arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aasync-request/mrap/create/T0"
#define MRAP_ARN "arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint/mfzwi23gnjvgw.mrap"

TEST(control_requests_find_their_operation_by_path)
{
    static const struct {
        int line;
        const char *method, *path, *name;
    } rows[] = {
        { __LINE__, "POST", "/v20180820/async-requests/mrap/create",
          "CreateMultiRegionAccessPoint" },
        { __LINE__, "POST", "/v20180820/async-requests/mrap/put-policy",
          "PutMultiRegionAccessPointPolicy" },
        { __LINE__, "GET", "/v20180820/async-requests/mrap/" TOKEN_ARN,
          "DescribeMultiRegionAccessPointOperation" },
        { __LINE__, "GET", "/v20180820/mrap/instances", "ListMultiRegionAccessPoints" },
        { __LINE__, "GET", "/v20180820/mrap/instances/", "ListMultiRegionAccessPoints" },
        { __LINE__, "GET", "/v20180820/mrap/instances/my-mrap", "GetMultiRegionAccessPoint" },
        { __LINE__, "GET", "/v20180820/mrap/instances/" MRAP_ARN, "GetMultiRegionAccessPoint" },
        { __LINE__, "GET", "/v20180820/mrap/instances/my-mrap/policy",
          "GetMultiRegionAccessPointPolicy" },
        { __LINE__, "GET", "/v20180820/mrap/instances/my-mrap/policystatus",
          "GetMultiRegionAccessPointPolicyStatus" },
        { __LINE__, "GET", "/v20180820/mrap/instances/" MRAP_ARN "/routes",
          "GetMultiRegionAccessPointRoutes" },
        { __LINE__, "PATCH", "/v20180820/mrap/instances/" MRAP_ARN "/routes",
          "SubmitMultiRegionAccessPointRoutes" },
        { __LINE__, "PATCH", "/v20180820/mrap/instances/" MRAP_ARN, NULL },
        { __LINE__, "PATCH", "/v20180820/mrap/instances//routes", NULL },
        { __LINE__, "GET", "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Ab", "ListTagsForResource" },
        { __LINE__, "GET", "/v20180820/jobs/1/tagging", "GetJobTagging" },
        { __LINE__, "GET", "/v20180820/jobs/1/2", NULL },
        { __LINE__, "GET", "/v20180820/", NULL },
        { __LINE__, "GET", "/v20180820", NULL },
        { __LINE__, "GET", "/", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        struct request rq = request_of(arena, rows[i].method, STR(""));
        rq.address.path = str_of(rows[i].path);
        const struct operation *op = operation_find(&rq, AT_CONTROL);
        const char *name = op ? op->name : "none";
        if (strcmp(name, rows[i].name ? rows[i].name : "none") != 0)
            fail_msg("line %d: %s", rows[i].line, name);
        arena_free(arena);
    }
}

/* AWS: "Multi-Region Access Point compatibility with S3 operations". */
TEST(an_access_point_takes_what_aws_lists_and_nothing_else)
{
    static const char *const listed[] = {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "DeleteObject",
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "HeadObject",
        "ListMultipartUploads",
        "ListObjectsV2",
        "ListParts",
        "PutObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "RestoreObject",
        "UploadPart",
    };
    size_t count, found = 0;
    const struct operation *all = operations_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (!(all[i].flags & OP_MRAP))
            continue;
        bool known = false;
        for (size_t j = 0; j < COUNT(listed); j++)
            known = known || strcmp(all[i].name, listed[j]) == 0;
        if (!known)
            fail_msg("%s is not among them", all[i].name);
        found++;
    }
    assert_int_equal(found, COUNT(listed));
}
