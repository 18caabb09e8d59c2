/* Instants and durations as text, and sizes, which are read by the same rules. The calendar is
 * computed here (days since 1970 to year, month, day and back, proleptic Gregorian): gmtime
 * has locale and thread strings attached that nobody needs. */
#include "base/time.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"

#define NS_PER_S INT64_C(1000000000)
#define S_PER_DAY INT64_C(86400)
#define DAYS_PER_ERA INT64_C(146097) /* 400 years */

__extension__ typedef unsigned __int128 wide; /* fraction x unit does not fit 64 bits */

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const weekday_names[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday" };

struct civil {
    int64_t year;
    unsigned month, day, hour, minute, second; /* month and day from 1 */
    unsigned weekday;                          /* 0: Sunday */
    unsigned ns;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years are counted from March here, so that the leap day is the last of its year. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((int64_t) month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - 719468; /* 0000-03-01 to 1970-01-01 */
}

static void date_from_days(int64_t days, struct civil *civil)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, DAYS_PER_ERA);
    int64_t day_of_era = z - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    civil->day = (unsigned) (day_of_year - (153 * month_from_march + 2) / 5 + 1);
    civil->month = (unsigned) (month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    civil->year = year_of_era + era * 400 + (civil->month <= 2 ? 1 : 0);
}

static struct civil civil_of(instant at)
{
    int64_t seconds = floor_div(at.ns, NS_PER_S);
    int64_t days = floor_div(seconds, S_PER_DAY);
    unsigned second_of_day = (unsigned) (seconds - days * S_PER_DAY);
    struct civil civil = {
        .hour = second_of_day / 3600,
        .minute = second_of_day / 60 % 60,
        .second = second_of_day % 60,
        .weekday = (unsigned) ((days % 7 + 11) % 7), /* 1970-01-01 was a Thursday */
        .ns = (unsigned) (at.ns - seconds * NS_PER_S),
    };
    date_from_days(days, &civil);
    return civil;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const unsigned char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Second 60 is let through as RFC 7231 does, and is the next minute's 0. */
static bool instant_of(const struct civil *c, instant *out)
{
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > days_in_month(c->year, c->month))
        return false;
    if (c->hour > 23 || c->minute > 59 || c->second > 60)
        return false;
    int64_t seconds = days_from_date(c->year, c->month, c->day) * S_PER_DAY +
                      (int64_t) c->hour * 3600 + c->minute * 60 + c->second;
    int64_t ns;
    if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, (int64_t) c->ns, &ns))
        return false;
    out->ns = ns;
    return true;
}

/* The last `count` digits of `n`, and what follows them; returns where the text goes on. */
static char *put_digits(char *at, unsigned n, unsigned count, char then)
{
    for (unsigned i = count; i > 0; i--, n /= 10)
        at[i - 1] = (char) ('0' + n % 10);
    at[count] = then;
    return at + count + 1;
}

/* By hand: a page of a listing has a thousand of these, and printf took longer than its rows. */
str instant_iso8601(struct arena *arena, instant at)
{
    struct civil c = civil_of(at);
    char *text = arena_alloc_raw(arena, sizeof "2026-01-02T03:04:05.678Z");
    char *end = put_digits(text, (unsigned) c.year, 4, '-');
    end = put_digits(end, c.month, 2, '-');
    end = put_digits(end, c.day, 2, 'T');
    end = put_digits(end, c.hour, 2, ':');
    end = put_digits(end, c.minute, 2, ':');
    end = put_digits(end, c.second, 2, '.');
    end = put_digits(end, c.ns / 1000000, 3, 'Z');
    *end = '\0';
    return str_from(text, (size_t) (end - text));
}

str instant_http(struct arena *arena, instant at)
{
    struct civil c = civil_of(at);
    return str_format(arena, "%.3s, %02u %s %04d %02u:%02u:%02u GMT", weekday_names[c.weekday],
                      c.day, month_names[c.month - 1], (int) c.year, c.hour, c.minute, c.second);
}

str instant_amz(struct arena *arena, instant at)
{
    struct civil c = civil_of(at);
    return str_format(arena, "%04d%02u%02uT%02u%02u%02uZ", (int) c.year, c.month, c.day, c.hour,
                      c.minute, c.second);
}

/* A reader that goes on after a mistake but remembers it, so that a format reads as one list. */
struct reader {
    str rest;
    bool bad;
};

static unsigned read_digits(struct reader *r, size_t count)
{
    uint64_t n = 0;
    if (r->rest.size < count || !str_to_u64(str_first(r->rest, count), &n))
        r->bad = true;
    r->rest = str_skip(r->rest, count);
    return (unsigned) n;
}

static void read_text(struct reader *r, const char *text)
{
    str expected = str_of(text);
    if (!str_starts(r->rest, expected))
        r->bad = true;
    r->rest = str_skip(r->rest, expected.size);
}

static unsigned read_month_name(struct reader *r)
{
    str name = str_first(r->rest, 3);
    r->rest = str_skip(r->rest, 3);
    for (unsigned i = 0; i < COUNT(month_names); i++)
        if (str_is(name, month_names[i]))
            return i + 1;
    r->bad = true;
    return 0;
}

static void read_time_of_day(struct reader *r, struct civil *c)
{
    c->hour = read_digits(r, 2);
    read_text(r, ":");
    c->minute = read_digits(r, 2);
    read_text(r, ":");
    c->second = read_digits(r, 2);
}

/* What is finer than a nanosecond is cut off. */
static unsigned read_fraction_ns(struct reader *r)
{
    unsigned ns = 0, unit = 100000000;
    if (!str_starts(r->rest, STR(".")))
        return 0;
    size_t count = 0;
    r->rest = str_skip(r->rest, 1);
    while (r->rest.size && r->rest.ptr[0] >= '0' && r->rest.ptr[0] <= '9') {
        ns += (unsigned) (r->rest.ptr[0] - '0') * unit;
        unit /= 10;
        count++;
        r->rest = str_skip(r->rest, 1);
    }
    if (count == 0)
        r->bad = true;
    return ns;
}

static bool read_end(const struct reader *r, const struct civil *c, instant *out)
{
    return !r->bad && r->rest.size == 0 && instant_of(c, out);
}

bool instant_parse_iso8601(str s, instant *out)
{
    struct reader r = { s, false };
    struct civil c = { 0 };
    c.year = read_digits(&r, 4);
    read_text(&r, "-");
    c.month = read_digits(&r, 2);
    read_text(&r, "-");
    c.day = read_digits(&r, 2);
    read_text(&r, "T");
    read_time_of_day(&r, &c);
    c.ns = read_fraction_ns(&r);
    read_text(&r, "Z");
    return read_end(&r, &c, out);
}

bool instant_parse_amz(str s, instant *out)
{
    struct reader r = { s, false };
    struct civil c = { 0 };
    c.year = read_digits(&r, 4);
    c.month = read_digits(&r, 2);
    c.day = read_digits(&r, 2);
    read_text(&r, "T");
    c.hour = read_digits(&r, 2);
    c.minute = read_digits(&r, 2);
    c.second = read_digits(&r, 2);
    read_text(&r, "Z");
    return read_end(&r, &c, out);
}

/* GMT, or as mail writes it (RFC 5322): botocore signs a Date with "-0000". */
static void read_gmt(struct reader *r)
{
    if (str_is(r->rest, " -0000") || str_is(r->rest, " +0000"))
        r->rest = str_skip(r->rest, r->rest.size);
    else
        read_text(r, " GMT");
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool parse_imf_fixdate(str s, instant *out)
{
    struct reader r = { s, false };
    struct civil c = { 0 };
    c.day = read_digits(&r, 2);
    read_text(&r, " ");
    c.month = read_month_name(&r);
    read_text(&r, " ");
    c.year = read_digits(&r, 4);
    read_text(&r, " ");
    read_time_of_day(&r, &c);
    read_gmt(&r);
    return read_end(&r, &c, out);
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; two digits mean 1970 to 2069. */
static bool parse_rfc850(str s, instant *out)
{
    struct reader r = { s, false };
    struct civil c = { 0 };
    c.day = read_digits(&r, 2);
    read_text(&r, "-");
    c.month = read_month_name(&r);
    read_text(&r, "-");
    c.year = read_digits(&r, 2);
    c.year += c.year < 70 ? 2000 : 1900;
    read_text(&r, " ");
    read_time_of_day(&r, &c);
    read_text(&r, " GMT");
    return read_end(&r, &c, out);
}

/* "Sun Nov  6 08:49:37 1994" */
static bool parse_asctime(str s, instant *out)
{
    struct reader r = { s, false };
    struct civil c = { 0 };
    c.month = read_month_name(&r);
    read_text(&r, " ");
    bool padded = str_starts(r.rest, STR(" "));
    r.rest = str_skip(r.rest, padded ? 1 : 0);
    c.day = read_digits(&r, padded ? 1 : 2);
    read_text(&r, " ");
    read_time_of_day(&r, &c);
    read_text(&r, " ");
    c.year = read_digits(&r, 4);
    return read_end(&r, &c, out);
}

/* The weekday must be one, but need not be the right one: nobody's meaning hangs on it. */
bool instant_parse_http(str s, instant *out)
{
    for (unsigned i = 0; i < COUNT(weekday_names); i++) {
        str full = str_of(weekday_names[i]);
        str brief = str_first(full, 3);
        if (!str_starts(s, brief))
            continue;
        if (str_starts(s, full) && str_starts(str_skip(s, full.size), STR(", ")))
            return parse_rfc850(str_skip(s, full.size + 2), out);
        str rest = str_skip(s, brief.size);
        if (str_starts(rest, STR(", ")))
            return parse_imf_fixdate(str_skip(rest, 2), out);
        return str_starts(rest, STR(" ")) && parse_asctime(str_skip(rest, 1), out);
    }
    return false;
}

/* Units, largest first: a duration's pieces must come in this order. */
struct unit {
    const char *name;
    uint64_t size;
};
static const struct unit duration_units[] = {
    { "d", 86400000000000 }, { "h", 3600000000000 }, { "m", 60000000000 }, { "s", 1000000000 },
    { "ms", 1000000 },       { "us", 1000 },         { "ns", 1 },
};
static const struct unit size_units[] = {
    { "TiB", 1ull << 40 }, { "TB", 1000000000000 }, { "GiB", 1ull << 30 },
    { "GB", 1000000000 },  { "MiB", 1ull << 20 },   { "MB", 1000000 },
    { "KiB", 1ull << 10 }, { "KB", 1000 },          { "B", 1 },
};

static str take_while(str *rest, bool digits)
{
    size_t size = 0;
    while (size < rest->size && (rest->ptr[size] >= '0' && rest->ptr[size] <= '9') == digits &&
           (digits || rest->ptr[size] != '.'))
        size++;
    str taken = str_first(*rest, size);
    *rest = str_skip(*rest, size);
    return taken;
}

/* `digits` of a fraction times `unit`, cut off below 1; digits past the twelfth count for nothing.
 */
static uint64_t fraction_of(str digits, uint64_t unit)
{
    wide numerator = 0, denominator = 1;
    for (size_t i = 0; i < digits.size && i < 12; i++) {
        numerator = numerator * 10 + (unsigned) (digits.ptr[i] - '0');
        denominator *= 10;
    }
    return (uint64_t) (numerator * unit / denominator);
}

/* One piece, "1.5GiB", whose unit is units[*from] or a later one; *from moves behind it. */
static bool take_quantity(str *rest, const struct unit *units, size_t count, size_t *from,
                          uint64_t *out)
{
    str fraction = STR_NONE;
    uint64_t whole;
    if (!str_to_u64(take_while(rest, true), &whole))
        return false;
    if (str_starts(*rest, STR("."))) {
        *rest = str_skip(*rest, 1);
        fraction = take_while(rest, true);
        if (fraction.size == 0)
            return false;
    }
    str name = take_while(rest, false);
    for (size_t i = *from; i < count; i++) {
        if (!str_is(name, units[i].name))
            continue;
        *from = i + 1;
        return !__builtin_mul_overflow(whole, units[i].size, out) &&
               !__builtin_add_overflow(*out, fraction_of(fraction, units[i].size), out);
    }
    return false;
}

bool duration_parse(str s, duration *out)
{
    uint64_t total = 0;
    size_t from = 0;
    if (s.size == 0)
        return false;
    while (s.size > 0) {
        uint64_t piece;
        if (!take_quantity(&s, duration_units, COUNT(duration_units), &from, &piece) ||
            __builtin_add_overflow(total, piece, &total) || total > INT64_MAX)
            return false;
    }
    out->ns = (int64_t) total;
    return true;
}

bool size_parse(str s, uint64_t *bytes_out)
{
    uint64_t bytes;
    size_t from = 0;
    if (str_ends(s, STR("/s")))
        s.size -= 2;
    if (!take_quantity(&s, size_units, COUNT(size_units), &from, &bytes) || s.size != 0)
        return false;
    *bytes_out = bytes;
    return true;
}

/* `ns` in `unit` as a decimal without trailing zeros. */
static void add_decimal(struct buf *buf, uint64_t ns, const struct unit *unit)
{
    buf_add_u64(buf, ns / unit->size);
    uint64_t rest = ns % unit->size;
    if (rest)
        buf_add_char(buf, '.');
    for (uint64_t place = unit->size / 10; rest; place /= 10) {
        buf_add_char(buf, (char) ('0' + rest / place));
        rest %= place;
    }
    buf_add(buf, str_of(unit->name));
}

/* Below a minute one unit with a fraction, above it a piece for each unit. A negative duration,
 * which only a message can show, gets a minus that duration_parse would refuse. */
str duration_text(struct arena *arena, duration d)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 128);
    uint64_t ns = d.ns < 0 ? 0 - (uint64_t) d.ns : (uint64_t) d.ns;
    if (d.ns < 0)
        buf_add_char(&buf, '-');
    if (ns == 0)
        buf_add(&buf, STR("0s"));
    for (size_t i = 0; i < COUNT(duration_units) && ns; i++) {
        const struct unit *unit = &duration_units[i];
        if (ns < unit->size)
            continue;
        if (unit->size <= (uint64_t) NS_PER_S) {
            add_decimal(&buf, ns, unit);
            break;
        }
        add_decimal(&buf, ns - ns % unit->size, unit);
        ns %= unit->size;
    }
    return str_copy(arena, buf_str(&buf));
}

str duration_told(struct arena *arena, duration d)
{
    return duration_text(arena, (duration){ d.ns - d.ns % DURATION_MS(1).ns });
}

/* The unit that divides the size and leaves the smallest number. */
str size_text(struct arena *arena, uint64_t bytes)
{
    const struct unit *best = &size_units[COUNT(size_units) - 1];
    for (size_t i = 0; i < COUNT(size_units) && bytes > 0; i++)
        if (bytes % size_units[i].size == 0 && size_units[i].size > best->size)
            best = &size_units[i];
    return str_format(arena, "%llu%s", (unsigned long long) (bytes / best->size), best->name);
}
