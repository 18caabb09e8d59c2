/* Log lines, read back from a pipe put in stderr's place. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "base/json.h"
#include "base/log.h"

struct capture {
    int saved;
    int from;
};

static struct capture capture_begin(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct capture capture = { dup(STDERR_FILENO), ends[0] };
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void) close(ends[1]);
    return capture;
}

static str capture_end(struct arena *arena, struct capture capture)
{
    char *text = arena_alloc(arena, 65536);
    assert_true(dup2(capture.saved, STDERR_FILENO) >= 0);
    (void) close(capture.saved);
    ssize_t size = read(capture.from, text, 65535);
    (void) close(capture.from);
    log_configure(LOG_INFO, LOG_TEXT);
    return (str){ text, size < 0 ? 0 : (size_t) size };
}

TEST(a_text_line_has_time_level_and_harmless_text)
{
    struct arena *arena = arena_new();
    struct capture capture = capture_begin();
    log_configure(LOG_WARN, LOG_TEXT);
    log_line(LOG_INFO, "not shown");
    log_line(LOG_WARN, "bucket %s", "a\nERROR forged\x1b[2J");
    str line = capture_end(arena, capture);
    assert_int_equal(line.ptr[2], ':');
    assert_int_equal(line.ptr[8], '.');
    assert_str(str_skip(line, 12), " WARN  bucket a ERROR forged [2J\n");
    arena_free(arena);
}

TEST(a_json_line_is_json)
{
    struct arena *arena = arena_new();
    struct json_error error;
    struct capture capture = capture_begin();
    log_configure(LOG_DEBUG, LOG_JSON);
    assert_int_equal(log_format_get(), LOG_JSON);
    log_line(LOG_DEBUG, "say \"%s\"", "\n\xff");
    str line = capture_end(arena, capture);
    assert_int_equal(str_find_char(line, '\n'), line.size - 1);
    const struct json *json = json_parse(arena, line, &error);
    assert_str(json_string(json, "level", STR_NONE), "debug");
    assert_str(json_string(json, "msg", STR_NONE), "say \"\n\xef\xbf\xbd\"");
    assert_int_equal(json_string(json, "ts", STR_NONE).size, 24);
    arena_free(arena);
}

TEST(a_long_line_is_cut_and_still_one_line)
{
    struct arena *arena = arena_new();
    struct capture capture = capture_begin();
    log_line(LOG_ERROR, "%9000d", 1);
    str line = capture_end(arena, capture);
    assert_in_range(line.size, 4000, 4200);
    assert_int_equal(line.ptr[line.size - 1], '\n');
    arena_free(arena);
}

TEST(a_raw_line_is_written_as_it_is)
{
    struct arena *arena = arena_new();
    struct capture capture = capture_begin();
    log_raw(LOG_DEBUG, STR("not shown"));
    log_raw(LOG_INFO, STR("{\"a\":1}"));
    assert_str(capture_end(arena, capture), "{\"a\":1}\n");
    arena_free(arena);
}

TEST(level_names_read_in_any_case)
{
    enum log_level level;
    assert_true(log_level_parse(STR("Warn"), &level));
    assert_int_equal(level, LOG_WARN);
    assert_false(log_level_parse(STR("verbose"), &level));
    assert_true(log_enabled(LOG_INFO));
    assert_false(log_enabled(LOG_DEBUG));
}
