/* Log lines. Each is made whole and written by one system call, so that lines of
 * different threads never mix. What the caller formats in is made harmless: a client's bytes must
 * not be able to start a line or send the terminal an escape. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

#define MESSAGE_MOST_BYTES 4096 /* the rest is cut off */

/* Atomic though set before threads start: a test may configure while another thread logs. */
static _Atomic int configured_level = LOG_INFO;
static _Atomic int configured_format = LOG_TEXT;

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store(&configured_level, (int) level);
    atomic_store(&configured_format, (int) format);
}

bool log_enabled(enum log_level level)
{
    return (int) level <= atomic_load_explicit(&configured_level, memory_order_relaxed);
}

enum log_format log_format_get(void)
{
    return (enum log_format) atomic_load_explicit(&configured_format, memory_order_relaxed);
}

bool log_level_parse(str name, enum log_level *out)
{
    for (unsigned i = 0; i < COUNT(level_names); i++) {
        if (!str_eq_nocase(name, str_of(level_names[i])))
            continue;
        *out = (enum log_level) i;
        return true;
    }
    return false;
}

static void write_line(str line)
{
    struct iovec parts[2] = {
        { (void *) (uintptr_t) line.ptr, line.size },
        { (void *) (uintptr_t) "\n", 1 },
    };
    ssize_t ignored = writev(STDERR_FILENO, parts, 2); /* nowhere to report a failure */
    (void) ignored;
}

static void add_text(struct buf *buf, enum log_level level, str message)
{
    static const char *const labels[] = { "ERROR", "WARN ", "INFO ", "DEBUG" };
    int64_t ms = clock_wall().ns / 1000000 % 86400000;
    buf_addf(buf, "%02d:%02d:%02d.%03d %s ", (int) (ms / 3600000), (int) (ms / 60000 % 60),
             (int) (ms / 1000 % 60), (int) (ms % 1000), labels[level]);
    for (size_t i = 0; i < message.size; i++) {
        unsigned char c = (unsigned char) message.ptr[i];
        buf_add_char(buf, c < 0x20 || c == 0x7f ? ' ' : (char) c);
    }
}

static void add_json(struct buf *buf, enum log_level level, str message)
{
    struct arena *arena = arena_new();
    struct json_writer writer;
    json_begin(&writer, buf);
    json_object(&writer, NULL);
    json_text(&writer, "ts", instant_iso8601(arena, clock_wall()));
    json_text(&writer, "level", str_of(level_names[level]));
    json_text(&writer, "msg", message);
    json_end(&writer);
    arena_free(arena);
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    char text[MESSAGE_MOST_BYTES];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    str message = { text, size < 0 ? 0 : (size_t) size };
    message = str_first(message, sizeof text - 1);
    struct buf buf;
    buf_init(&buf, 8 * sizeof text); /* an escape of JSON is at most 6 bytes for one */
    if (log_format_get() == LOG_JSON)
        add_json(&buf, level, message);
    else
        add_text(&buf, level, message);
    write_line(buf_str(&buf));
    buf_fini(&buf);
}

void log_raw(enum log_level level, str line)
{
    if (log_enabled(level))
        write_line(line);
}
