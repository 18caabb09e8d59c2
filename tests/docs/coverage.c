/* Prints docs/coverage.md from the table of operations and the golden files named as arguments.
 * `make docs` writes it, `make lint` compares. Ends with 1 when an operation that is answered is
 * shown by no case: tests/golden/run sees to it that what a case shows was really asked. */
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "server/operations.h"

#define MOST_FILES 100
#define QUERY "GET or POST; the parameter `Action` says which."

struct golden {
    const char *name; /* without folder */
    str text;
};
struct tests {
    struct golden at[MOST_FILES];
    size_t count;
    size_t unshown;
};

static bool shows(str text, const char *operation)
{
    str line, word;
    while (text.size > 0 && str_next(&text, '\n', &line)) {
        if (!str_starts(line, STR("shows ")))
            continue;
        while (line.size > 0 && str_next(&line, ' ', &word))
            if (str_is(word, operation))
                return true;
    }
    return false;
}

static void print_shown_by(struct tests *tests, const struct operation *op)
{
    size_t found = 0;
    for (size_t i = 0; i < tests->count && !(op->flags & OP_MISSING); i++)
        if (shows(tests->at[i].text, op->name))
            (void) printf("%s%s", found++ ? ", " : "", tests->at[i].name);
    if (found > 0 || (op->flags & OP_MISSING)) {
        (void) printf("%s", found ? "" : "-");
        return;
    }
    tests->unshown++;
    (void) fprintf(stderr, "coverage: %s is answered, and no case in tests/golden shows it\n",
                   op->name);
}

static const char *state_of(const struct operation *op)
{
    if (op->flags & OP_MISSING)
        return "NotImplemented";
    return op->flags & OP_MRAP ? "yes, also through an access point" : "yes";
}

static void print_place(struct tests *tests, enum op_place place, const char *title,
                        const char *intro)
{
    size_t count, done = 0, all = 0;
    const struct operation *ops = operations_all(&count);
    for (size_t i = 0; i < count; i++) {
        all += ops[i].place == place;
        done += ops[i].place == place && !(ops[i].flags & OP_MISSING);
    }
    (void) printf(
        "\n## %s (%zu of %zu)\n\n%s\n\n| operation | request | permission | answered | shown by |\n"
        "|---|---|---|---|---|\n",
        title, done, all, intro);
    for (size_t i = 0; i < count; i++) {
        const struct operation *op = &ops[i];
        if (op->place != place)
            continue;
        (void) printf("| %s | %s%s%s%s | %s | %s | ", op->name, op->method,
                      op->selector ? " `" : "", op->selector ? op->selector : "",
                      op->selector ? "`" : "",
                      op->permission && *op->permission ? op->permission : "-", state_of(op));
        print_shown_by(tests, op);
        (void) printf(" |\n");
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
    "signed, and the suite wants 403 for one and 200 for the other. |\n"
    "| `test_multipart_use_cksum_helper_sha1` | It wants GetObjectAttributes to tell a composite "
    "checksum with the number of parts (`...=-3`). AWS was recorded in 2026 to tell it there "
    "without, for SHA1 as for the other algorithms; Complete, HEAD and GET have the number. |\n"
    "| `test_copy_part_enc[sse-c-sse-c-STANDARD-STANDARD-8388608]` | It wants 400 for a Complete "
    "without the customer's key. AWS was recorded in 2026 to complete such an upload; its "
    "documentation asks for the key only where the upload has a checksum algorithm. |\n";

/* Where the suite and recordings of AWS want different answers to one request. */
static const char disagreements[] =
    "\n## Where ceph/s3-tests and recordings of AWS disagree\n\n"
    "| request | recorded on AWS (2025, 2026) | ceph/s3-tests | atoll |\n|---|---|---|---|\n"
    "| GetObjectAttributes of an object whose checksum is composite | without the number of parts "
    "| with it: `...-3` | with it |\n"
    "| GET or HEAD of a `partNumber` of an object with a full-object checksum, with "
    "`x-amz-checksum-mode` | no checksum | the object's | the object's |\n"
    "| GetObjectAcl and GetBucketAcl after a canned ACL for a group | the owner's grant first | "
    "the "
    "group's first | the group's first |\n";

int main(int argc, char **argv)
{
    struct tests tests = { .count = 0 };
    struct arena *arena = arena_new();
    for (int i = 1; i < argc && tests.count < MOST_FILES; i++) {
        struct golden *golden = &tests.at[tests.count++];
        const char *slash = strrchr(argv[i], '/');
        golden->name = slash ? slash + 1 : argv[i];
        if (fs_read_file(arena, argv[i], 1 << 20, &golden->text) != 0)
            return 2;
    }
    (void) printf(
        "# Operations\n\nMade from `server/operations.c` by `make docs`. An operation "
        "that is not answered gives "
        "501 `NotImplemented` with its name; none is silently ignored. The last column names the "
        "files of `tests/golden` with a case that shows the operation.\n");
    print_place(&tests, AT_SERVICE, "S3: the service", "Requests without a bucket.");
    print_place(&tests, AT_BUCKET, "S3: buckets", "Requests for a bucket and its sub-resources.");
    print_place(&tests, AT_OBJECT, "S3: objects", "Requests for a key.");
    print_place(&tests, AT_CONTROL, "S3 Control",
                "Paths below `/v20180820`. The Multi-Region Access Point operations are whole; "
                "the rest of S3 Control is not what atoll is for.");
    print_place(&tests, AT_STS, "STS", QUERY);
    print_place(&tests, AT_IAM, "IAM", QUERY);
    print_place(&tests, AT_CLOUDWATCH, "CloudWatch", QUERY);
    (void) printf("%s%s", exceptions, disagreements);
    arena_free(arena);
    return tests.unshown ? 1 : 0;
}
