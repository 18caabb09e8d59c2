/* Runs the tests that registered themselves; see test.h. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"

#define MOST_TESTS 512

static struct CMUnitTest tests[MOST_TESTS];
static size_t test_count;
static char directory[256];

void test_register(const char *name, CMUnitTestFunction run)
{
    if (test_count == MOST_TESTS)
        abort();
    tests[test_count++] = (struct CMUnitTest){ .name = name, .test_func = run };
}

void test_assert_str(str actual, const char *expected, const char *file, int line)
{
    if (str_is(actual, expected))
        return;
    print_error("%s:%d: got \"%.*s\", expected \"%s\"\n", file, line, STR_ARG(actual), expected);
    _fail(file, line);
}

static void remove_directory(void)
{
    fs_remove_tree(directory);
}

const char *test_directory(void)
{
    static unsigned made;
    static char path[300];
    if (directory[0] == '\0') {
        const char *parent = getenv("TMPDIR");
        (void) snprintf(directory, sizeof directory, "%s/atoll-test-XXXXXX",
                        parent ? parent : "/tmp");
        if (mkdtemp(directory) == NULL)
            abort();
        (void) atexit(remove_directory);
    }
    (void) snprintf(path, sizeof path, "%s/%u", directory, made++);
    if (fs_make_dirs(fs_real(), path) != 0)
        abort();
    return path;
}

int main(void)
{
    return _cmocka_run_group_tests("unit", tests, test_count, NULL, NULL) == 0 ? 0 : 1;
}
