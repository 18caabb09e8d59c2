/* RFC 2047's encoded words: one whole word in UTF-8 or US-ASCII is read, anything else is left. */
#include "tests/unit/test.h"

#include "server/s3/encoded_word.h"

TEST(an_encoded_word_is_read_and_anything_else_is_left)
{
    static const struct {
        int line;
        const char *in, *out; /* NULL: left as it is */
    } rows[] = {
        { __LINE__, "=?UTF-8?B?R3LDvMOfZQ==?=",
          "Gr\xc3\xbc\xc3\x9f"
          "e" },
        { __LINE__, "=?utf-8?q?Gr=C3=BC=C3=9Fe_an?=",
          "Gr\xc3\xbc\xc3\x9f"
          "e an" },
        { __LINE__, "=?US-ASCII?Q?abc?=", "abc" },
        { __LINE__, "=?UTF-8?Q?\?=", "" },
        { __LINE__, "", NULL },
        { __LINE__, "plain", NULL },
        { __LINE__, "=?\?=", NULL },
        { __LINE__, "=?UTF-8?=", NULL },
        { __LINE__, "=?UTF-8?B?=", NULL },
        { __LINE__, "=?UTF-8?X?abc?=", NULL },
        { __LINE__, "=?ISO-8859-1?Q?abc?=", NULL },
        { __LINE__, "=?UTF-8?B?no base64?=", NULL },
        { __LINE__, "=?UTF-8?Q?=FF?=", NULL },
        { __LINE__, "before =?UTF-8?Q?abc?=", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        str text;
        bool read = encoded_word_decode(arena, str_of(rows[i].in), &text);
        if (read != (rows[i].out != NULL) || !str_is(text, rows[i].out ? rows[i].out : rows[i].in))
            fail_msg("line %d: %d %.*s", rows[i].line, read, STR_ARG(text));
        arena_free(arena);
    }
}
