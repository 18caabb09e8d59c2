/* Prints docs/coverage.md from the table of operations. `make docs` writes it, `make lint`
 * compares. */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "server/operations.h"

static const char *state_of(const struct operation *op)
{
    if (op->flags & OP_MISSING)
        return "NotImplemented";
    return op->flags & OP_MRAP ? "yes, also through an access point" : "yes";
}

static void print_place(enum op_place place, const char *title, const char *intro)
{
    size_t count, done = 0, all = 0;
    const struct operation *ops = operations_all(&count);
    for (size_t i = 0; i < count; i++) {
        all += ops[i].place == place;
        done += ops[i].place == place && !(ops[i].flags & OP_MISSING);
    }
    (void) printf("\n## %s (%zu of %zu)\n\n%s\n\n| operation | request | permission | answered |\n"
                  "|---|---|---|---|\n",
                  title, done, all, intro);
    for (size_t i = 0; i < count; i++) {
        const struct operation *op = &ops[i];
        if (op->place == place)
            (void) printf("| %s | %s%s%s%s | %s | %s |\n", op->name, op->method,
                          op->selector ? " `" : "", op->selector ? op->selector : "",
                          op->selector ? "`" : "",
                          op->permission && *op->permission ? op->permission : "-", state_of(op));
    }
}

/* Where a test of ceph/s3-tests is not passed on purpose, and why. */
static const char exceptions[] =
    "\n## Tests of ceph/s3-tests that are not passed on purpose\n\n"
    "| test | why not |\n|---|---|\n"
    "| `test_object_create_bad_authorization_empty`, `test_object_create_bad_authorization_none`, "
    "`test_bucket_create_bad_authorization_empty` | The test empties or removes the Authorization "
    "header before botocore signs, and botocore then sets it: the request that arrives is byte for "
    "byte that of a plain `put_object` or `create_bucket` (but for the invocation id), validly "
    "signed, and the suite wants 403 for one and 200 for the other. |\n";

int main(void)
{
    (void) printf("# Operations\n\nMade from `server/operations.c` by `make docs`. An operation "
                  "that is not answered gives "
                  "501 `NotImplemented` with its name; none is silently ignored.\n");
    print_place(AT_SERVICE, "S3: the service", "Requests without a bucket.");
    print_place(AT_BUCKET, "S3: buckets", "Requests for a bucket and its sub-resources.");
    print_place(AT_OBJECT, "S3: objects", "Requests for a key.");
    print_place(AT_CONTROL, "S3 Control",
                "Paths below `/v20180820`. The Multi-Region Access Point operations are whole; "
                "the rest of S3 Control is not what atoll is for.");
    (void) printf("%s", exceptions);
    return 0;
}
