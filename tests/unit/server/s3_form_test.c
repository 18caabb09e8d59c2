/* The multipart/form-data parser in every split, and what it refuses. */
#include "server/s3/form.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "tests/unit/test.h"

#define B "--xYz"

struct told {
    struct buf text;
    enum form_event last;
};

/* "name=value;" of fields, "file(name)" then the data, "." at its end. */
static void feed(struct form *form, str bytes, struct told *told)
{
    str rest = bytes;
    for (;;) {
        told->last = form_next(form, &rest);
        switch (told->last) {
        case FORM_FIELD:
            buf_addf(&told->text, "%.*s=%.*s;", STR_ARG(form->name), STR_ARG(form->value));
            break;
        case FORM_FILE:
            buf_addf(&told->text, "file(%.*s)", STR_ARG(form->filename));
            break;
        case FORM_DATA:
            buf_add(&told->text, form->data);
            break;
        case FORM_END:
            buf_add_char(&told->text, '.');
            break;
        case FORM_MORE:
        case FORM_NO_FILE:
        case FORM_TOO_LARGE:
        case FORM_BAD:
            return;
        }
    }
}

static struct told read_in_pieces(struct arena *arena, str body, size_t first, size_t step)
{
    struct form *form = ARENA_NEW(arena, struct form);
    struct told told = { .last = FORM_MORE };
    buf_init_arena(&told.text, arena, 1 << 20);
    assert_true(form_init(form, STR("xYz")));
    feed(form, str_first(body, first), &told);
    body = str_skip(body, first);
    while (body.size > 0 && told.last == FORM_MORE) {
        /* A copy of its own, so that a byte read too far is found by the sanitizer. */
        str piece = str_first(body, step);
        char *copy = mem_alloc(piece.size);
        memcpy(copy, piece.ptr, piece.size);
        feed(form, str_from(copy, piece.size), &told);
        free(copy);
        body = str_skip(body, piece.size);
    }
    return told;
}

#define FIELD(name, value)                                                                         \
    B "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(filename, data)                                                                  \
    B "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" filename                    \
      "\"\r\nContent-Type: text/plain\r\n\r\n" data "\r\n"
#define END B "--\r\n"

static const struct {
    int line;
    const char *body, *told;
} forms[] = {
    { __LINE__, FIELD("key", "a/b") FILE_PART("f.txt", "data") END, "key=a/b;file(f.txt)data." },
    { __LINE__, "preamble\r\n" FIELD("a", "") FIELD("a", "2") FILE_PART("", "") END,
      "a=;a=2;file()." },
    /* what looks like the delimiter, and ends another way */
    { __LINE__, FILE_PART("f", "\r\n--xY\r\n--xYy\r\r\n-\r\n--x\r\n--xY") END,
      "file(f)\r\n--xY\r\n--xYy\r\r\n-\r\n--x\r\n--xY." },
    { __LINE__, FILE_PART("f", "\r\r\n\n\r") END, "file(f)\r\r\n\n\r." },
    /* fields after the file do not count, nor does a second file */
    { __LINE__, FILE_PART("f", "1") FIELD("late", "x") FILE_PART("g", "2") END, "file(f)1." },
    /* names in another case, unquoted, quoted quotes, headers that mean nothing, blanks */
    { __LINE__,
      B "  \r\nX-Other: 1\r\ncontent-disposition:form-data;name=k\r\n\r\nv\r\n" B
        "\r\nContent-Disposition: form-data; filename=\"a;\\\"b\"; NAME=\"FILE\"\r\n\r\nd\r\n" END,
      "k=v;file(a;\\\"b)d." },
    { __LINE__, FIELD("policy", "line\r\nline") FILE_PART("f", "x") END,
      "policy=line\r\nline;file(f)x." },
};

TEST(a_form_in_any_split_is_the_same_form)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct arena *arena = arena_new();
        str body = str_of(forms[i].body);
        for (size_t first = 0; first <= body.size; first++)
            for (size_t step = 1; step <= body.size; step += first % 7 == 0 ? 1 : body.size) {
                struct told told = read_in_pieces(arena, body, first, step);
                if (!str_is(buf_str(&told.text), forms[i].told))
                    fail_msg("line %d, split at %zu by %zu: %.*s", forms[i].line, first, step,
                             STR_ARG(buf_str(&told.text)));
            }
        arena_free(arena);
    }
}

TEST(what_is_no_form_is_refused)
{
    static const struct {
        int line;
        const char *body;
        enum form_event last;
    } rows[] = {
        { __LINE__, "", FORM_MORE },
        { __LINE__, "nothing of the kind", FORM_MORE },
        { __LINE__, FIELD("a", "b") END, FORM_NO_FILE },
        { __LINE__, END, FORM_NO_FILE },
        { __LINE__, B "x\r\n", FORM_BAD },
        { __LINE__, B "-x\r\n", FORM_BAD },
        { __LINE__, B "\r\n\r\nvalue\r\n" END, FORM_BAD },
        { __LINE__, B "\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n" END, FORM_BAD },
        { __LINE__, FILE_PART("f", "never ends"), FORM_MORE },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        str body = str_of(rows[i].body);
        for (size_t step = 1; step < body.size + 2; step++) {
            struct told told = read_in_pieces(arena, body, 0, step);
            if (told.last != rows[i].last)
                fail_msg("line %d: %d", rows[i].line, told.last);
        }
        arena_free(arena);
    }
}

TEST(fields_before_the_file_are_bounded)
{
    static const size_t sizes[] = { LIMIT_FORM_BYTES - 200, LIMIT_FORM_BYTES + 1, 1 << 18 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct arena *arena = arena_new();
        struct buf body;
        buf_init_arena(&body, arena, 1 << 20);
        buf_add(&body,
                STR(FIELD("a", "b") B "\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\n"));
        for (size_t j = 0; j < sizes[i]; j++)
            buf_add_char(&body, 'x');
        buf_add(&body, STR("\r\n" FILE_PART("f", "x") END));
        struct told told = read_in_pieces(arena, buf_str(&body), 0, 1000);
        assert_int_equal(told.last, i == 0 ? FORM_MORE : FORM_TOO_LARGE);
        arena_free(arena);
    }
    /* Many small ones count together, headers too. */
    struct arena *arena = arena_new();
    struct buf body;
    buf_init_arena(&body, arena, 1 << 20);
    for (size_t i = 0; i < 400; i++)
        buf_add(&body, STR(FIELD("a", "b")));
    assert_int_equal(read_in_pieces(arena, buf_str(&body), 0, 77).last, FORM_TOO_LARGE);
    arena_free(arena);
}

TEST(boundaries_are_read_from_the_content_type)
{
    static const struct {
        int line;
        const char *type, *boundary;
    } rows[] = {
        { __LINE__, "multipart/form-data; boundary=abc", "abc" },
        { __LINE__, "Multipart/Form-Data;charset=x; Boundary=\"a;b c\"", "a;b c" },
        { __LINE__, "multipart/form-data", NULL },
        { __LINE__, "multipart/mixed; boundary=abc", NULL },
        { __LINE__, "application/x-www-form-urlencoded", NULL },
        { __LINE__, "", NULL },
        { __LINE__, "multipart/form-data; boundary=", "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        str boundary = form_boundary(str_of(rows[i].type));
        if (str_is_set(boundary) != (rows[i].boundary != NULL) ||
            !str_eq(boundary, str_of(rows[i].boundary)))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(boundary));
    }
    struct form form;
    char longest[FORM_BOUNDARY_BYTES + 1];
    memset(longest, 'b', sizeof longest);
    assert_true(form_init(&form, str_from(longest, sizeof longest - 1)));
    assert_false(form_init(&form, str_from(longest, sizeof longest)));
    assert_false(form_init(&form, STR("")));
    assert_false(form_init(&form, STR("a\rb")));
}
