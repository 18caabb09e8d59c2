/* RFC 2047, section 2: "=?" charset "?" encoding "?" text "?=". */
#include "server/s3/encoded_word.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/encode.h"

/* Section 4.2: "=XX" is a byte, "_" is a blank, and "%" nothing but itself. */
static str decode_q(struct arena *arena, str text)
{
    struct buf escaped;
    buf_init_arena(&escaped, arena, 3 * text.size + 1);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '%')
            buf_add(&escaped, STR("%25"));
        else
            buf_add_char(&escaped, (char) (c == '=' ? '%' : c == '_' ? ' ' : c));
    }
    return decode_uri(arena, buf_str(&escaped), false);
}

bool encoded_word_decode(struct arena *arena, str value, str *text)
{
    str charset, encoding, said, rest;
    *text = value;
    if (value.size < 8 || !str_starts(value, STR("=?")) ||
        !str_eq(str_skip(value, value.size - 2), STR("?=")))
        return false;
    rest = str_from(value.ptr + 2, value.size - 4);
    if (!str_cut(rest, '?', &charset, &rest) || !str_cut(rest, '?', &encoding, &said) ||
        (!str_eq_nocase(charset, STR("UTF-8")) && !str_eq_nocase(charset, STR("US-ASCII"))))
        return false;
    if (str_eq_nocase(encoding, STR("Q")))
        said = decode_q(arena, said);
    else if (!str_eq_nocase(encoding, STR("B")) || !decode_base64(arena, said, &said))
        return false;
    if (!utf8_is_valid(said))
        return false;
    *text = said;
    return true;
}

/* Section 4.2, as recorded on AWS: of what may stand for itself only "=", "_" and "?" do not. */
static str encode_q(struct arena *arena, str text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc_raw(arena, 3 * text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char) text.ptr[i];
        bool plain = c > ' ' && c < 0x7f && c != '=' && c != '_' && c != '?';
        if (plain || c == ' ') {
            out[size++] = plain ? (char) c : '_';
            continue;
        }
        out[size++] = '=';
        out[size++] = digits[c >> 4];
        out[size++] = digits[c & 15];
    }
    return str_from(out, size);
}

str encoded_word_write(struct arena *arena, str text)
{
    size_t ascii = 0, others = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char) text.ptr[i];
        ascii += c < 0x80;
        others += c >= 0xc0; /* each character's first byte */
    }
    bool readable = ascii > others;
    str said = readable ? encode_q(arena, text) : encode_base64(arena, text.ptr, text.size);
    return str_format(arena, "=?UTF-8?%c?%.*s?=", readable ? 'Q' : 'B', STR_ARG(said));
}
