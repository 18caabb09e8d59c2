/* An item is a head (major type and an argument) and what follows from it; reading is one walk over
 * the heads. The format is small enough that a library would need as much glue as this is long. */
#include "base/cbor.h"

#include <math.h>

#include "base/arena.h"
#include "base/limits.h"

enum major { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
#define OPEN_END 31       /* the argument of an indefinite length, and of the break that ends it */
#define MOST_ITEMS 262144 /* [atoll] an item may be one byte long, and its node is a hundred */
#define BREAK ((unsigned char) (SIMPLE << 5 | OPEN_END))

struct reader {
    struct arena *arena;
    str rest;
    unsigned depth;
    size_t items;
};
struct head {
    enum major major;
    unsigned detail; /* the low five bits */
    uint64_t value;
};

static bool read_head(struct reader *reader, struct head *out)
{
    if (reader->rest.size == 0)
        return false;
    unsigned char first = (unsigned char) reader->rest.ptr[0];
    *out = (struct head){ (enum major)(first >> 5), first & 31u, first & 31u };
    reader->rest = str_skip(reader->rest, 1);
    if (out->detail < 24 || out->detail == OPEN_END)
        return true;
    size_t size = (size_t) 1 << (out->detail - 24);
    if (out->detail > 27 || reader->rest.size < size)
        return false;
    out->value = 0;
    for (size_t i = 0; i < size; i++)
        out->value = out->value << 8 | (unsigned char) reader->rest.ptr[i];
    reader->rest = str_skip(reader->rest, size);
    return true;
}

static bool at_break(struct reader *reader)
{
    if (reader->rest.size == 0 || (unsigned char) reader->rest.ptr[0] != BREAK)
        return false;
    reader->rest = str_skip(reader->rest, 1);
    return true;
}

static bool read_piece(struct reader *reader, const struct head *head, str *out)
{
    if (head->detail == OPEN_END || head->value > reader->rest.size)
        return false;
    *out = str_first(reader->rest, (size_t) head->value);
    reader->rest = str_skip(reader->rest, out->size);
    return true;
}

static bool read_string(struct reader *reader, const struct head *head, str *out)
{
    struct buf whole;
    if (head->detail != OPEN_END)
        return read_piece(reader, head, out);
    buf_init_arena(&whole, reader->arena, reader->rest.size);
    while (!at_break(reader)) {
        struct head piece;
        str bytes;
        if (!read_head(reader, &piece) || piece.major != head->major ||
            !read_piece(reader, &piece, &bytes))
            return false;
        buf_add(&whole, bytes);
    }
    *out = buf_str(&whole);
    return true;
}

static double half_of(uint64_t bits)
{
    int exponent = (int) (bits >> 10 & 31);
    double mantissa = (double) (bits & 1023);
    double value = exponent == 0    ? ldexp(mantissa, -24)
                   : exponent == 31 ? (mantissa > 0 ? (double) NAN : (double) INFINITY)
                                    : ldexp(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

static bool read_simple(const struct head *head, struct json *out)
{
    uint32_t word = (uint32_t) head->value;
    float single;
    out->kind = JSON_NUMBER;
    switch (head->detail) {
    case 20:
    case 21:
        out->kind = JSON_BOOL;
        out->boolean = head->detail == 21;
        return true;
    case 22: /* null */
    case 23: /* undefined */
        out->kind = JSON_NULL;
        return true;
    case 25:
        out->number = half_of(head->value);
        return true;
    case 26:
        memcpy(&single, &word, sizeof single);
        out->number = (double) single;
        return true;
    case 27:
        memcpy(&out->number, &head->value, sizeof out->number);
        return true;
    default:
        return false;
    }
}

static bool read_item(struct reader *reader, struct json *out);

static bool read_member(struct reader *reader, bool named, struct json *out)
{
    struct head head;
    if (named && (!read_head(reader, &head) || head.major != TEXT ||
                  !read_string(reader, &head, &out->name)))
        return false;
    return read_item(reader, out);
}

static bool read_children(struct reader *reader, const struct head *head, struct json *out)
{
    bool named = head->major == MAP, open = head->detail == OPEN_END;
    struct json **last = &out->child;
    out->kind = named ? JSON_OBJECT : JSON_ARRAY;
    while (open ? !at_break(reader) : out->count < head->value) {
        struct json *child = ARENA_NEW(reader->arena, struct json);
        if (!read_member(reader, named, child))
            return false;
        *last = child;
        last = &child->next;
        out->count++;
    }
    return true;
}

static bool read_nested(struct reader *reader, const struct head *head, struct json *out)
{
    if (++reader->depth > LIMIT_JSON_DEPTH)
        return false;
    bool good = head->major == TAG ? head->detail != OPEN_END && read_item(reader, out)
                                   : read_children(reader, head, out);
    reader->depth--;
    return good;
}

static bool read_item(struct reader *reader, struct json *out)
{
    struct head head;
    if (++reader->items > MOST_ITEMS || !read_head(reader, &head))
        return false;
    switch (head.major) {
    case UNSIGNED:
    case NEGATIVE:
        out->kind = JSON_NUMBER;
        out->number = head.major == UNSIGNED ? (double) head.value : -1 - (double) head.value;
        return head.detail != OPEN_END;
    case BYTES:
    case TEXT:
        out->kind = JSON_STRING;
        return read_string(reader, &head, &out->string);
    case ARRAY:
    case MAP:
    case TAG:
        return read_nested(reader, &head, out);
    case SIMPLE:
        return read_simple(&head, out);
    }
    return false;
}

struct json *cbor_parse(struct arena *arena, str input)
{
    struct reader reader = { .arena = arena, .rest = input };
    struct json *item = ARENA_NEW(arena, struct json);
    return read_item(&reader, item) && reader.rest.size == 0 ? item : NULL;
}

/* --- writing --- */

static void add_head(struct buf *buf, enum major major, uint64_t value)
{
    unsigned detail = value < 24 ? (unsigned) value : value < 256 ? 24 : value < 65536 ? 25 : 27;
    size_t size = detail < 24 ? 0 : (size_t) 1 << (detail - 24);
    buf_add_char(buf, (char) ((unsigned) major << 5 | detail));
    for (size_t i = size; i > 0; i--)
        buf_add_char(buf, (char) (value >> (8 * (i - 1)) & 255));
}

static void open_end(struct buf *buf, enum major major)
{
    buf_add_char(buf, (char) ((unsigned) major << 5 | OPEN_END));
}

void cbor_map(struct buf *buf)
{
    open_end(buf, MAP);
}

void cbor_array(struct buf *buf)
{
    open_end(buf, ARRAY);
}

void cbor_end(struct buf *buf)
{
    open_end(buf, SIMPLE);
}

void cbor_text(struct buf *buf, str text)
{
    add_head(buf, TEXT, text.size);
    buf_add(buf, text);
}

void cbor_integer(struct buf *buf, int64_t value)
{
    add_head(buf, value < 0 ? NEGATIVE : UNSIGNED,
             value < 0 ? (uint64_t) - (value + 1) : (uint64_t) value);
}

void cbor_real(struct buf *buf, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buf_add_char(buf, (char) (SIMPLE << 5 | 27));
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_add_char(buf, (char) (bits >> shift & 255));
}

void cbor_boolean(struct buf *buf, bool value)
{
    add_head(buf, SIMPLE, value ? 21 : 20);
}

void cbor_time(struct buf *buf, double seconds)
{
    add_head(buf, TAG, 1);
    cbor_real(buf, seconds);
}
