/* Ranges of GET and of UploadPartCopy. */
#include "server/s3/range.h"
#include "tests/unit/test.h"

TEST(ranges_mean_what_s3_takes_them_for)
{
    static const struct {
        int line;
        const char *header;
        uint64_t size;
        enum range_result result;
        uint64_t first, last;
    } rows[] = {
        { __LINE__, "bytes=0-4", 10, RANGE_SOME, 0, 4 },
        { __LINE__, "bytes=0-0", 10, RANGE_SOME, 0, 0 },
        { __LINE__, "bytes=9-9", 10, RANGE_SOME, 9, 9 },
        { __LINE__, "bytes=5-", 10, RANGE_SOME, 5, 9 },
        { __LINE__, "bytes=0-", 10, RANGE_SOME, 0, 9 },
        { __LINE__, "bytes=5-100", 10, RANGE_SOME, 5, 9 },
        { __LINE__, "bytes=-3", 10, RANGE_SOME, 7, 9 },
        { __LINE__, "bytes=-10", 10, RANGE_SOME, 0, 9 },
        { __LINE__, "bytes=-100", 10, RANGE_SOME, 0, 9 },
        { __LINE__, "Bytes= 1 - 2 ", 10, RANGE_SOME, 1, 2 },
        { __LINE__, "bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0 },
        { __LINE__, "bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0 },
        { __LINE__, "bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0 },
        { __LINE__, "bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0 },
        { __LINE__, "bytes=-1", 0, RANGE_UNSATISFIABLE, 0, 0 },
        { __LINE__, "bytes=5-2", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=20-15", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=-", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=a-b", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=1", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "items=0-4", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "bytes=99999999999999999999-", 10, RANGE_WHOLE, 0, 0 },
        { __LINE__, "", 10, RANGE_WHOLE, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct range range = { 0, 0 };
        enum range_result result = range_parse(str_of(rows[i].header), rows[i].size, &range);
        if (result != rows[i].result ||
            (result == RANGE_SOME && (range.first != rows[i].first || range.last != rows[i].last)))
            fail_msg("line %d: %d, %llu-%llu", rows[i].line, (int) result,
                     (unsigned long long) range.first, (unsigned long long) range.last);
    }
}

TEST(copy_ranges_have_one_form_only)
{
    struct range range;
    assert_true(range_parse_copy(STR("bytes=0-9"), &range));
    assert_int_equal(range.first, 0);
    assert_int_equal(range.last, 9);
    assert_false(range_parse_copy(STR("bytes=0-"), &range));
    assert_false(range_parse_copy(STR("bytes=-9"), &range));
    assert_false(range_parse_copy(STR("bytes=9-0"), &range));
    assert_false(range_parse_copy(STR("bytes=0-1,2-3"), &range));
    assert_false(range_parse_copy(STR("0-9"), &range));
    assert_false(range_parse_copy(STR("bytes 0-9"), &range));
}
