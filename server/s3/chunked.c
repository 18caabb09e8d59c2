/* The aws-chunked decoder: a state per place in the framing, one function per state.
 *
 *   AT_SIZE --size--> IN_DATA --all of it--> AFTER_DATA --CRLF--> AT_SIZE
 *      \--size 0--> AT_TRAILER --empty line--> AT_END
 *                        ^  \--CRLF after a bare LF--> MAYBE_END --empty line--> AT_END
 *                        \-------another trailer----------/
 *
 * Anything else leads to BROKEN, which is final. Trailers may end in a bare LF, as AWS's own
 * description writes them, or in LF CRLF, as MinIO's client does. So a CRLF behind a bare LF may be
 * the rest of that end or the empty line: what follows tells. */
#include "server/s3/chunked.h"

void chunked_init(struct chunked *decoder)
{
    memset(decoder, 0, sizeof *decoder);
}

static enum chunked_event bad(struct chunked *decoder)
{
    decoder->state = CHUNKED_BROKEN;
    return CHUNKED_BAD;
}

/* Collects up to LF. True when a whole line is there: *line without its end. *full: too long. */
static bool take_line(struct chunked *decoder, str *rest, str *line, bool *full)
{
    while (rest->size > 0) {
        char c = rest->ptr[0];
        *rest = str_skip(*rest, 1);
        if (c == '\n') {
            size_t size = decoder->line_size;
            if (size > 0 && decoder->line[size - 1] == '\r')
                size--;
            decoder->bare_lf = size == decoder->line_size;
            decoder->line_size = 0;
            *line = str_from(decoder->line, size);
            return true;
        }
        if (decoder->line_size == sizeof decoder->line) {
            *full = true;
            return false;
        }
        decoder->line[decoder->line_size++] = c;
    }
    return false;
}

static bool hex_size(str text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 16)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned) (c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned) (c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return false;
        value = value << 4 | digit;
    }
    *out = value;
    return true;
}

/* "HEX" or "HEX;chunk-signature=SIG"; other extensions are let pass, as HTTP does. */
static bool size_line(struct chunked *decoder, str line)
{
    static const str name = { "chunk-signature=", 16 };
    str size, extensions, extension;
    str_cut(line, ';', &size, &extensions);
    if (!hex_size(str_trim(size), &decoder->left_bytes))
        return false;
    decoder->signature_size = 0;
    while (str_next(&extensions, ';', &extension)) {
        extension = str_trim(extension);
        if (!str_starts(extension, name))
            continue;
        str signature = str_skip(extension, name.size);
        decoder->signature_at = (size_t) (signature.ptr - decoder->line);
        decoder->signature_size = signature.size;
    }
    /* AWS bounds nothing here, but a chunk cannot be longer than the longest PUT. */
    return decoder->left_bytes <= LIMIT_PUT_BYTES;
}

static enum chunked_event chunk_done(struct chunked *decoder)
{
    decoder->signature = str_from(decoder->line + decoder->signature_at, decoder->signature_size);
    return CHUNKED_CHUNK;
}

static enum chunked_event at_size(struct chunked *decoder, str *rest)
{
    str line;
    bool full = false;
    if (!take_line(decoder, rest, &line, &full))
        return full ? bad(decoder) : CHUNKED_MORE;
    if (!size_line(decoder, line))
        return bad(decoder);
    if (decoder->left_bytes > 0) {
        decoder->state = CHUNKED_IN_DATA;
        return CHUNKED_MORE;
    }
    decoder->state = CHUNKED_AT_TRAILER;
    return chunk_done(decoder);
}

static enum chunked_event in_data(struct chunked *decoder, str *rest)
{
    size_t size = rest->size < decoder->left_bytes ? rest->size : (size_t) decoder->left_bytes;
    decoder->data = str_first(*rest, size);
    decoder->left_bytes -= size;
    *rest = str_skip(*rest, size);
    if (decoder->left_bytes == 0)
        decoder->state = CHUNKED_AFTER_DATA;
    return CHUNKED_DATA;
}

/* The size line's text still lies in `line`, for its signature: CRLF is matched, not collected. */
static enum chunked_event after_data(struct chunked *decoder, str *rest)
{
    char c = rest->ptr[0];
    *rest = str_skip(*rest, 1);
    if (c == '\r' && decoder->left_bytes == 0) {
        decoder->left_bytes = 1; /* the CR was seen */
        return CHUNKED_MORE;
    }
    if (c != '\n')
        return bad(decoder);
    decoder->left_bytes = 0;
    decoder->state = CHUNKED_AT_SIZE;
    return chunk_done(decoder);
}

static enum chunked_event end(struct chunked *decoder)
{
    decoder->state = CHUNKED_AT_END;
    decoder->trailers = str_from(decoder->trailer, decoder->trailer_size);
    return CHUNKED_END;
}

static enum chunked_event at_trailer(struct chunked *decoder, str *rest)
{
    str line;
    bool full = false, after_bare_lf = decoder->bare_lf;
    if (!take_line(decoder, rest, &line, &full))
        return full ? bad(decoder) : CHUNKED_MORE;
    if (line.size == 0 && after_bare_lf && !decoder->bare_lf && decoder->trailer_size > 0) {
        decoder->state = CHUNKED_MAYBE_END;
        return CHUNKED_MORE;
    }
    if (line.size == 0)
        return end(decoder);
    decoder->state = CHUNKED_AT_TRAILER;
    if (line.size + 1 > sizeof decoder->trailer - decoder->trailer_size)
        return bad(decoder);
    memcpy(decoder->trailer + decoder->trailer_size, line.ptr, line.size);
    decoder->trailer_size += line.size;
    decoder->trailer[decoder->trailer_size++] = '\n';
    return CHUNKED_MORE;
}

enum chunked_event chunked_next(struct chunked *decoder, str *rest)
{
    enum chunked_event event = CHUNKED_MORE;
    while (rest->size > 0 && event == CHUNKED_MORE) {
        switch (decoder->state) {
        case CHUNKED_AT_SIZE:
            event = at_size(decoder, rest);
            break;
        case CHUNKED_IN_DATA:
            event = in_data(decoder, rest);
            break;
        case CHUNKED_AFTER_DATA:
            event = after_data(decoder, rest);
            break;
        case CHUNKED_AT_TRAILER:
        case CHUNKED_MAYBE_END:
            event = at_trailer(decoder, rest);
            break;
        case CHUNKED_AT_END: /* nothing may follow */
        case CHUNKED_BROKEN:
            event = bad(decoder);
            break;
        }
    }
    return event;
}

bool chunked_finish(struct chunked *decoder)
{
    if (decoder->state != CHUNKED_MAYBE_END || decoder->line_size > 0)
        return false;
    return end(decoder) == CHUNKED_END;
}

bool chunked_trailers(struct arena *arena, str trailers, struct fields *out)
{
    str line, name, value;
    while (trailers.size > 0 && str_next(&trailers, '\n', &line)) {
        if (line.size == 0)
            continue;
        if (!str_cut(line, ':', &name, &value))
            return false;
        name = str_trim(name);
        if (name.size == 0)
            return false;
        fields_add(arena, out, str_lower(arena, name), str_copy(arena, str_trim(value)));
    }
    return true;
}
