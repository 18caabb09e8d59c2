/* Calendar, formats, durations, sizes. */
#include "tests/unit/test.h"

#include "base/time.h"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)

TEST(instants_in_three_formats)
{
    static const struct {
        int line;
        int64_t ns;
        const char *iso, *http, *amz;
    } rows[] = {
        { __LINE__, 0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT",
          "19700101T000000Z" },
        { __LINE__, 1767323045 * S + 678 * MS, "2026-01-02T03:04:05.678Z",
          "Fri, 02 Jan 2026 03:04:05 GMT", "20260102T030405Z" },
        { __LINE__, 951782400 * S, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT",
          "20000229T000000Z" },
        { __LINE__, -1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT",
          "19691231T235959Z" },
        { __LINE__, 4107542399 * S, "2100-02-28T23:59:59.000Z", "Sun, 28 Feb 2100 23:59:59 GMT",
          "21000228T235959Z" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        instant at = { rows[i].ns };
        assert_str(instant_iso8601(arena, at), rows[i].iso);
        assert_str(instant_http(arena, at), rows[i].http);
        assert_str(instant_amz(arena, at), rows[i].amz);
    }
    arena_free(arena);
}

TEST(every_day_of_three_centuries_reads_back)
{
    struct arena *arena = arena_new();
    for (int64_t day = -60000; day < 60000; day += 7) {
        instant at = { day * 86400 * S + day % 86400 * S }, back = { 0 };
        assert_true(instant_parse_iso8601(instant_iso8601(arena, at), &back));
        assert_true(back.ns == at.ns);
        assert_true(instant_parse_http(instant_http(arena, at), &back));
        assert_true(back.ns == at.ns);
        assert_true(instant_parse_amz(instant_amz(arena, at), &back));
        assert_true(back.ns == at.ns);
        arena_reset(arena);
    }
    arena_free(arena);
}

TEST(http_dates_in_three_forms)
{
    static const char *const good[] = { "Sun, 06 Nov 1994 08:49:37 -0000",
                                        "Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994" };
    static const char *const bad[] = { "",
                                       "Sun",
                                       "Sun, 06 Nov 1994 08:49:37",
                                       "Sun, 6 Nov 1994 08:49:37 GMT",
                                       "Sun, 06 nov 1994 08:49:37 GMT",
                                       "Sun, 31 Feb 1994 08:49:37 GMT",
                                       "Xyz, 06 Nov 1994 08:49:37 GMT",
                                       "Sun, 06 Nov 1994 24:49:37 GMT",
                                       "Sun, 06 Nov 1994 08:49:37 GMT ",
                                       "Sun Nov 6 08:49:37 1994" };
    instant at;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(instant_parse_http(str_of(good[i]), &at));
        assert_true(at.ns == 784111777 * S);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (instant_parse_http(str_of(bad[i]), &at))
            fail_msg("took \"%s\"", bad[i]);
}

TEST(iso_dates_with_and_without_fraction)
{
    static const char *const bad[] = { "",
                                       "2026-01-02",
                                       "2026-01-02T03:04:05",
                                       "2026-1-2T03:04:05Z",
                                       "2026-02-29T00:00:00Z",
                                       "2026-13-01T00:00:00Z",
                                       "2026-01-00T00:00:00Z",
                                       "2026-01-02T03:04:05.Z",
                                       "2026-01-02T03:04:05.1x",
                                       "9999-01-01T00:00:00Z",
                                       "1000-01-01T00:00:00Z",
                                       "+026-01-01T00:00:00Z" };
    instant at;
    assert_true(instant_parse_iso8601(STR("2026-01-02T03:04:05Z"), &at));
    assert_true(at.ns == 1767323045 * S);
    assert_true(instant_parse_iso8601(STR("2026-01-02T03:04:05.1234567899Z"), &at));
    assert_true(at.ns == 1767323045 * S + 123456789);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (instant_parse_iso8601(str_of(bad[i]), &at))
            fail_msg("took \"%s\"", bad[i]);
    assert_false(instant_parse_amz(STR("20260102T030405"), &at));
    assert_false(instant_parse_amz(STR("20260102T030405Zx"), &at));
}

TEST(adding_saturates)
{
    assert_true(instant_add((instant){ INT64_MAX - 1 }, DURATION_S(1)).ns == INSTANT_NEVER.ns);
    assert_true(instant_diff((instant){ 5 }, (instant){ 7 }).ns == -2);
}

TEST(durations_read)
{
    static const struct {
        int line;
        const char *in;
        int64_t ns; /* -1: refused */
        const char *text;
    } rows[] = {
        { __LINE__, "250ms", 250 * MS, "250ms" },
        { __LINE__, "15s", 15 * S, "15s" },
        { __LINE__, "1m30s", 90 * S, "1m30s" },
        { __LINE__, "90s", 90 * S, "1m30s" },
        { __LINE__, "13.8s", 13800 * MS, "13.8s" },
        { __LINE__, "1.5h", 5400 * S, "1h30m" },
        { __LINE__, "1d2h3m4s5ms6us7ns", 93784005006007, "1d2h3m4.005006007s" },
        { __LINE__, "0s", 0, "0s" },
        { __LINE__, "0.1us", 100, "100ns" },
        { __LINE__, "1500us", 1500000, "1.5ms" },
        { __LINE__, "106751d", INT64_C(106751) * 86400 * S, "106751d" },
        { __LINE__, "106752d", -1, "" },
        { __LINE__, "99999999999999999999s", -1, "" },
        { __LINE__, "", -1, "" },
        { __LINE__, "5", -1, "" },
        { __LINE__, "0", -1, "" },
        { __LINE__, "-1s", -1, "" },
        { __LINE__, "1 s", -1, "" },
        { __LINE__, "s", -1, "" },
        { __LINE__, "1.s", -1, "" },
        { __LINE__, ".5s", -1, "" },
        { __LINE__, "1s1m", -1, "" },
        { __LINE__, "1m1m", -1, "" },
        { __LINE__, "1S", -1, "" },
        { __LINE__, "1s5", -1, "" },
        { __LINE__, "1.5.5s", -1, "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        duration d = { -1 };
        bool good = duration_parse(str_of(rows[i].in), &d);
        if (good != (rows[i].ns >= 0) || d.ns != rows[i].ns ||
            (good && !str_is(duration_text(arena, d), rows[i].text)))
            fail_msg("line %d", rows[i].line);
    }
    assert_str(duration_text(arena, (duration){ -1500 * MS }), "-1.5s");
    assert_str(duration_told(arena, (duration){ INT64_C(14443181947) }), "14.443s");
    assert_str(duration_told(arena, (duration){ 999 }), "0s");
    arena_free(arena);
}

TEST(durations_read_back)
{
    struct arena *arena = arena_new();
    for (int64_t ns = 1; ns < INT64_MAX / 3; ns += ns / 3 + 1) {
        duration back;
        assert_true(duration_parse(duration_text(arena, (duration){ ns }), &back));
        assert_true(back.ns == ns);
    }
    arena_free(arena);
}

TEST(sizes_read)
{
    static const struct {
        int line;
        const char *in;
        int64_t bytes; /* -1: refused */
        const char *text;
    } rows[] = {
        { __LINE__, "64KiB", 65536, "64KiB" },
        { __LINE__, "10MB", 10000000, "10MB" },
        { __LINE__, "10MB/s", 10000000, "10MB" },
        { __LINE__, "1GiB", 1 << 30, "1GiB" },
        { __LINE__, "512B", 512, "512B" },
        { __LINE__, "0B", 0, "0B" },
        { __LINE__, "1.5KiB", 1536, "1536B" },
        { __LINE__, "2TB", 2000000000000, "2TB" },
        { __LINE__, "64", -1, "" },
        { __LINE__, "64k", -1, "" },
        { __LINE__, "64KiB/m", -1, "" },
        { __LINE__, "1GiB1MiB", -1, "" },
        { __LINE__, "-1B", -1, "" },
        { __LINE__, "99999999999TiB", -1, "" },
        { __LINE__, "", -1, "" },
        { __LINE__, "/s", -1, "" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t bytes = UINT64_MAX;
        bool good = size_parse(str_of(rows[i].in), &bytes);
        if (good != (rows[i].bytes >= 0) || bytes != (uint64_t) rows[i].bytes ||
            (good && !str_is(size_text(arena, bytes), rows[i].text)))
            fail_msg("line %d", rows[i].line);
    }
    arena_free(arena);
}
