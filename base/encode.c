/* Bytes as text: hex, base64 in both alphabets, percent-encoding, and the check for UTF-8. */
#include "base/encode.h"

#include "base/arena.h"

static const char lower_hex[] = "0123456789abcdef";
static const char upper_hex[] = "0123456789ABCDEF";
static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void encode_hex_into(char *out, const void *bytes, size_t size_bytes)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < size_bytes; i++) {
        out[2 * i] = lower_hex[from[i] >> 4];
        out[2 * i + 1] = lower_hex[from[i] & 15];
    }
}

str encode_hex(struct arena *arena, const void *bytes, size_t size_bytes)
{
    char *text = arena_alloc_raw(arena, 2 * size_bytes + 1);
    encode_hex_into(text, bytes, size_bytes);
    text[2 * size_bytes] = '\0';
    return (str){ text, 2 * size_bytes };
}

/* -1 for what is no hex digit. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char) (c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that two hex digits spell, or -1. */
static int hex_pair(const char *digits)
{
    int high = hex_digit(digits[0]);
    int low = hex_digit(digits[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool decode_hex(struct arena *arena, str text, str *out)
{
    if (text.size % 2 != 0)
        return false;
    char *bytes = arena_alloc_raw(arena, text.size / 2 + 1);
    for (size_t i = 0; i < text.size / 2; i++) {
        int byte = hex_pair(text.ptr + 2 * i);
        if (byte < 0)
            return false;
        bytes[i] = (char) byte;
    }
    bytes[text.size / 2] = '\0';
    *out = (str){ bytes, text.size / 2 };
    return true;
}

/* Without padding; returns where the text ends. */
static char *write_base64(char *to, const unsigned char *from, size_t size, const char *alphabet)
{
    for (; size >= 3; from += 3, size -= 3) {
        uint32_t bits = (uint32_t) from[0] << 16 | (uint32_t) from[1] << 8 | from[2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = alphabet[bits >> 6 & 63];
        *to++ = alphabet[bits & 63];
    }
    if (size > 0) {
        uint32_t bits = (uint32_t) from[0] << 16 | (size > 1 ? (uint32_t) from[1] << 8 : 0);
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        if (size > 1)
            *to++ = alphabet[bits >> 6 & 63];
    }
    return to;
}

str encode_base64(struct arena *arena, const void *bytes, size_t size_bytes)
{
    char *text = arena_alloc_raw(arena, (size_bytes + 2) / 3 * 4 + 1);
    char *end = write_base64(text, bytes, size_bytes, base64_alphabet);
    while ((end - text) % 4 != 0)
        *end++ = '=';
    *end = '\0';
    return (str){ text, (size_t) (end - text) };
}

str encode_base64url(struct arena *arena, const void *bytes, size_t size_bytes)
{
    char *text = arena_alloc_raw(arena, (size_bytes + 2) / 3 * 4 + 1);
    char *end = write_base64(text, bytes, size_bytes, base64url_alphabet);
    *end = '\0';
    return (str){ text, (size_t) (end - text) };
}

static int base64_digit(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == alphabet[62])
        return 62;
    return c == alphabet[63] ? 63 : -1;
}

/* `text` is without padding. Bits left over at the end must be zero: one text for one value. */
static bool read_base64(struct arena *arena, str text, const char *alphabet, str *out)
{
    if (text.size % 4 == 1)
        return false;
    char *bytes = arena_alloc_raw(arena, text.size / 4 * 3 + 3);
    size_t size = 0;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = base64_digit(text.ptr[i], alphabet);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t) digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes[size++] = (char) (unsigned char) (bits >> bit_count & 0xff);
        }
    }
    if ((bits & ((1u << bit_count) - 1)) != 0)
        return false;
    bytes[size] = '\0';
    *out = (str){ bytes, size };
    return true;
}

bool decode_base64(struct arena *arena, str text, str *out)
{
    if (text.size % 4 != 0)
        return false;
    for (int i = 0; i < 2 && str_ends(text, STR("=")); i++)
        text.size--;
    return read_base64(arena, text, base64_alphabet, out);
}

bool decode_base64url(struct arena *arena, str text, str *out)
{
    return read_base64(arena, text, base64url_alphabet, out);
}

/* RFC 3986's unreserved characters. */
static inline bool is_unreserved(unsigned char c)
{
    unsigned char lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static str escape(struct arena *arena, str s, bool keep_slash)
{
    char *text = arena_alloc_raw(arena, 3 * s.size + 1);
    char *to = text;
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char) s.ptr[i];
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            *to++ = (char) c;
        } else {
            *to++ = '%';
            *to++ = upper_hex[c >> 4];
            *to++ = upper_hex[c & 15];
        }
    }
    *to = '\0';
    return (str){ text, (size_t) (to - text) };
}

str encode_uri(struct arena *arena, str s, bool keep_slash)
{
    return escape(arena, s, keep_slash);
}

str encode_listing(struct arena *arena, str s)
{
    return escape(arena, s, true);
}

str decode_uri(struct arena *arena, str s, bool plus_is_space)
{
    char *text = arena_alloc_raw(arena, s.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.ptr[i];
        int byte = c == '%' && s.size - i > 2 ? hex_pair(s.ptr + i + 1) : -1;
        if (byte >= 0) {
            c = (char) byte;
            i += 2;
        } else if (plus_is_space && c == '+') {
            c = ' ';
        }
        text[size++] = c;
    }
    text[size] = '\0';
    return (str){ text, size };
}

/* Unicode 15, table 3-7. */
size_t utf8_sequence_size(str s)
{
    const unsigned char *at = (const unsigned char *) s.ptr;
    if (s.size == 0)
        return 0;
    unsigned char lead = at[0];
    if (lead < 0x80)
        return 1;
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || s.size < size)
        return 0;
    unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

bool utf8_is_valid(str s)
{
    while (s.size > 0) {
        uint64_t eight;
        size_t size = sizeof eight;
        bool ascii = false; /* mostly it is */
        if (s.size >= sizeof eight) {
            memcpy(&eight, s.ptr, sizeof eight);
            ascii = (eight & 0x8080808080808080) == 0;
        }
        if (!ascii)
            size = utf8_sequence_size(s);
        if (size == 0)
            return false;
        s.ptr += size;
        s.size -= size;
    }
    return true;
}
