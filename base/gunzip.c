/* ISA-L inflates; what it leaves to the caller is where a member ends and how large all may grow.
 */
#include "base/gunzip.h"

#include <isa-l/igzip_lib.h>

#include "base/buf.h"

#define PIECE_BYTES ((size_t) 64 << 10)

/* One member into buf; false unless it is whole. */
static bool inflate_member(struct inflate_state *state, struct buf *buf, size_t most_bytes)
{
    isal_inflate_reset(state);
    state->crc_flag = ISAL_GZIP;
    while (state->block_state != ISAL_BLOCK_FINISH) {
        uint32_t input = state->avail_in;
        state->next_out = (uint8_t *) buf_reserve(buf, PIECE_BYTES);
        state->avail_out = PIECE_BYTES;
        if (isal_inflate(state) != ISAL_DECOMP_OK)
            return false;
        size_t made = PIECE_BYTES - state->avail_out;
        buf->size += made;
        if (buf->size > most_bytes || (made == 0 && state->avail_in == input))
            return false;
    }
    return true;
}

bool gunzip(struct arena *arena, str input, size_t most_bytes, str *out)
{
    struct inflate_state *state = ARENA_NEW(arena, struct inflate_state);
    struct buf buf;
    buf_init_arena(&buf, arena, most_bytes + 2 * PIECE_BYTES);
    *out = STR_NONE;
    if (input.size > UINT32_MAX)
        return false;
    isal_inflate_init(state);
    state->next_in = (uint8_t *) (uintptr_t) input.ptr;
    state->avail_in = (uint32_t) input.size;
    do
        if (!inflate_member(state, &buf, most_bytes))
            return false;
    while (state->avail_in > 0);
    *out = buf_str(&buf);
    return true;
}
