/* RFC 2047, section 2: "=?" charset "?" encoding "?" text "?=". */
#include "server/s3/encoded_word.h"

#include "base/arena.h"
#include "base/encode.h"

/* Section 4.2: "=XX" is a byte, "_" is a blank. */
static str decode_q(struct arena *arena, str text)
{
    char *escaped = arena_alloc_raw(arena, text.size + 1);
    for (size_t i = 0; i < text.size; i++)
        escaped[i] = (char) (text.ptr[i] == '=' ? '%' : text.ptr[i] == '_' ? ' ' : text.ptr[i]);
    return decode_uri(arena, str_from(escaped, text.size), false);
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
