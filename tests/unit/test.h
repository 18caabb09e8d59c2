/* The test harness: cmocka, with tests that register themselves. A test is a sentence:
 *
 *     TEST(a_bucket_name_is_not_an_ip_address) { ... assert_true(...); }
 *
 * Every *_test.c is one program; tests/unit/test_main.c runs what registered.
 */
#ifndef ATOLL_TESTS_UNIT_TEST_H
#define ATOLL_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

void test_register(const char *name, CMUnitTestFunction run);

#define TEST(name)                                                                                 \
    static void test_##name(void **state);                                                         \
    __attribute__((constructor)) static void test_add_##name(void)                                 \
    {                                                                                              \
        test_register(#name, test_##name);                                                         \
    }                                                                                              \
    static void test_##name(UNUSED void **state)

/* Compares a str with a C string and shows both on failure. */
#define assert_str(actual, expected) test_assert_str((actual), (expected), __FILE__, __LINE__)
void test_assert_str(str actual, const char *expected, const char *file, int line);

/* A fresh directory under $TMPDIR, removed when the program ends. */
const char *test_directory(void);

#endif
