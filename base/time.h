/* instant and duration: nanoseconds, in two types so that they cannot be mixed up.
 *
 * An instant counts from 1970-01-01T00:00:00Z. Which clock it came from (wall or emulated) is
 * said where it is kept; base/clock.h makes both. Durations are written "250ms", "15s", "2m",
 * "1h", "1.5s", "1d"; a bare number is refused because nobody agrees what it means.
 */
#ifndef ATOLL_BASE_TIME_H
#define ATOLL_BASE_TIME_H

#include "base/str.h"

typedef struct {
    int64_t ns;
} instant;
typedef struct {
    int64_t ns;
} duration;

#define INSTANT_NEVER ((instant){ INT64_MAX })
#define DURATION_MS(n) ((duration){ (int64_t) (n) *1000000 })
#define DURATION_S(n) ((duration){ (int64_t) (n) *1000000000 })

static inline instant instant_add(instant at, duration d) /* saturates at NEVER */
{
    int64_t ns;
    return __builtin_add_overflow(at.ns, d.ns, &ns) ? INSTANT_NEVER : (instant){ ns };
}
static inline duration instant_diff(instant later, instant earlier)
{
    return (duration){ later.ns - earlier.ns };
}
static inline bool instant_before(instant a, instant b)
{
    return a.ns < b.ns;
}

/* "2026-01-02T03:04:05.678Z" (milliseconds: S3 bodies, S3 Control). */
str instant_iso8601(struct arena *arena, instant at);
/* "Fri, 02 Jan 2026 03:04:05 GMT" (HTTP headers, whole seconds, truncated). */
str instant_http(struct arena *arena, instant at);
/* "20260102T030405Z". */
str instant_amz(struct arena *arena, instant at);
/* Accept what the three above write (ISO with or without fraction; RFC 7231's three forms). */
MUST_CHECK bool instant_parse_iso8601(str s, instant *out);
MUST_CHECK bool instant_parse_http(str s, instant *out);
MUST_CHECK bool instant_parse_amz(str s, instant *out);

MUST_CHECK bool duration_parse(str s, duration *out);
/* "15s", "1m30s", "250ms", "13.8s": the shortest form that duration_parse reads back. */
str duration_text(struct arena *arena, duration d);
/* The same cut to whole milliseconds: for people, who measured nothing finer. */
str duration_told(struct arena *arena, duration d);
/* "64KiB", "10MB", "1GiB", "512B", optional "/s" at the end. Bare numbers are refused. */
MUST_CHECK bool size_parse(str s, uint64_t *bytes_out);
str size_text(struct arena *arena, uint64_t bytes);

#endif
