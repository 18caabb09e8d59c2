/* The clock's document. Instants are text: JSON numbers do not hold 63 bits. */
#include "replication/clock_doc.h"

#include "base/json.h"

static str number(struct arena *arena, int64_t n)
{
    return str_format(arena, "%lld", (long long) n);
}

struct store_doc clock_doc(struct arena *arena, const struct clock_state *state)
{
    struct buf buf;
    struct json_writer json;
    buf_init_arena(&buf, arena, 1024);
    json_begin(&json, &buf);
    json_object(&json, NULL);
    json_text(&json, "mode", clock_mode_name(state->mode));
    json_text(&json, "at", number(arena, state->at.ns));
    json_text(&json, "wall", number(arena, state->wall.ns));
    json_text(&json, "rate", str_format(arena, "%.17g", state->rate));
    json_text(&json, "seed", str_format(arena, "%llu", (unsigned long long) state->seed));
    json_end(&json);
    return (struct store_doc){ .kind = STR(CLOCK_DOC_KIND),
                               .id = STR(CLOCK_DOC_KIND),
                               .body = buf_str(&buf) };
}

bool clock_from_doc(str body, struct clock_state *out)
{
    struct arena *arena = arena_new();
    struct json_error error;
    const struct json *json = json_parse(arena, body, &error);
    struct clock_state state = { 0 };
    bool read = json && clock_mode_parse(json_string(json, "mode", STR("")), &state.mode) &&
                str_to_i64(json_string(json, "at", STR("")), &state.at.ns) &&
                str_to_i64(json_string(json, "wall", STR("")), &state.wall.ns) &&
                str_to_double(json_string(json, "rate", STR("")), &state.rate) &&
                str_to_u64(json_string(json, "seed", STR("")), &state.seed) &&
                clock_rate_is_sound(state.rate);
    if (read)
        *out = state;
    arena_free(arena);
    return read;
}

enum store_result clock_doc_read(struct store_reader *reader, struct clock_state *out)
{
    struct arena *arena = arena_new();
    str body;
    store_read_begin(reader);
    enum store_result result =
        store_doc_get(reader, arena, STR(CLOCK_DOC_KIND), STR(CLOCK_DOC_KIND), &body);
    if (result == STORE_OK && !clock_from_doc(body, out))
        result = STORE_BROKEN;
    store_read_idle(reader);
    arena_free(arena);
    return result;
}

instant clock_state_resumed(const struct clock_state *state, instant wall)
{
    if (state->mode == CLOCK_MANUAL || !instant_before(state->wall, wall))
        return state->at;
    double passed = (double) instant_diff(wall, state->wall).ns * state->rate;
    if (passed > 9e18)
        return CLOCK_END;
    return instant_add(state->at, (duration){ (int64_t) passed });
}
