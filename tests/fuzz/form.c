/* multipart/form-data: any split gives the same form. The first byte is where to split. */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "server/s3/form.h"

static enum form_event feed(struct form *form, str bytes, struct buf *told)
{
    for (;;) {
        enum form_event event = form_next(form, &bytes);
        switch (event) {
        case FORM_FIELD:
            buf_addf(told, "%.*s=%.*s;", STR_ARG(form->name), STR_ARG(form->value));
            break;
        case FORM_FILE:
            buf_addf(told, "file(%.*s)", STR_ARG(form->filename));
            break;
        case FORM_DATA:
            BUG_UNLESS(form->data.size > 0);
            buf_add(told, form->data);
            break;
        case FORM_END:
            buf_add_char(told, '.');
            break;
        case FORM_MORE:
            BUG_UNLESS(bytes.size == 0);
            return event;
        case FORM_NO_FILE:
        case FORM_TOO_LARGE:
        case FORM_BAD:
            return event;
        }
    }
}

static enum form_event read_form(struct arena *arena, str body, size_t split, struct buf *told)
{
    struct form *form = ARENA_NEW(arena, struct form);
    buf_init_arena(told, arena, 1 << 20);
    BUG_UNLESS(form_init(form, STR("xYz")));
    enum form_event event = feed(form, str_first(body, split), told);
    return event == FORM_MORE ? feed(form, str_skip(body, split), told) : event;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct buf whole, parts;
    if (size > 0) {
        str body = str_from(bytes + 1, size - 1);
        size_t split = body.size * bytes[0] / 255;
        enum form_event first = read_form(arena, body, body.size, &whole),
                        second = read_form(arena, body, split, &parts);
        BUG_UNLESS(first == second && str_eq(buf_str(&whole), buf_str(&parts)));
        (void) form_boundary(body);
    }
    arena_free(arena);
    return 0;
}
