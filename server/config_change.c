/* One change from its text to its end; see config_change.h. The parts are in config_change_*.c. */
#include "server/config_change.h"

#include <stdarg.h>
#include <stdio.h>

#include "replication/timekeeper.h"
#include "server/config_changing.h"
#include "server/config_table.h"
#include "server/configs.h"
#include "server/event_of.h"

void config_change_note(struct config_changing *changing, struct config_names *names,
                        const char *format, ...)
{
    struct arena *arena = changing->making.arena;
    char text[2048];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t used = size < 0 ? 0 : (size_t) size < sizeof text ? (size_t) size : sizeof text - 1;
    if ((names->count & (names->count + 1)) == 0) { /* full: 0, 1, 3, 7, ... */
        str *old = names->at;
        names->at = ARENA_ARRAY(arena, str, 2 * names->count + 1);
        if (names->count > 0)
            memcpy(names->at, old, names->count * sizeof *old);
    }
    names->at[names->count++] = str_copy(arena, str_from(text, used));
}

struct changes_pending config_change_before(struct config_changing *changing,
                                            const struct store_doc *docs, size_t count)
{
    struct changes_pending pending = {
        .lane = changing->making.lane, .arena = changing->making.arena, .docs = docs, .count = count
    };
    changes_before(&pending);
    return pending;
}

/* --- time --- */

static bool is_from_file(const struct config_changing *changing, const char *flag)
{
    const struct setting *setting = config_table_by_flag(str_of(flag));
    return changing->making.config->origins[config_table_index(setting)].source == CONFIG_FILE;
}

/* Only what the document says: otherwise the clock goes on as somebody set it. */
static bool change_clock(struct config_changing *changing)
{
    struct world *world = changing->making.world;
    const struct settings *settings = &changing->making.config->settings;
    struct time_job job = { .kind = TIME_MODE,
                            .arena = changing->making.arena,
                            .mode = settings->clock_mode,
                            .rate = settings->clock_rate };
    bool sound = true;
    if (is_from_file(changing, "clock") && clock_mode_get(world->clock) != settings->clock_mode) {
        sound = timekeeper_run(world->timekeeper, &job) == TIME_OK;
        config_change_note(changing, &changing->out->changed, "clock.mode");
    }
    double rate = clock_rate_get(world->clock);
    job.kind = TIME_RATE;
    if (sound && is_from_file(changing, "clock-rate") &&
        (rate < settings->clock_rate || rate > settings->clock_rate)) {
        sound = timekeeper_run(world->timekeeper, &job) == TIME_OK;
        config_change_note(changing, &changing->out->changed, "clock.rate");
    }
    if (!sound)
        *changing->making.error = STR("the clock could not be set: the server is stopping");
    return sound;
}

static bool change_preset(struct config_changing *changing)
{
    const struct config_making *making = &changing->making;
    str preset = making->config->settings.preset;
    if (!str_eq(world_preset(making->world), preset))
        config_change_note(changing, &changing->out->changed, "preset");
    return world_set_preset(making->world, making->arena, preset, making->error);
}

/* --- all of it --- */

/* Copies that waited for a Region or a link may be able to travel now. */
static void tell_timekeeper(struct config_changing *changing)
{
    struct time_job job = { .kind = TIME_LINKS_CHANGED, .arena = changing->making.arena };
    (void) timekeeper_run(changing->making.world->timekeeper, &job);
}

static bool apply(struct config_changing *changing)
{
    return change_preset(changing) && config_change_people_apply(changing) &&
           config_change_regions_apply(changing) && config_change_links_apply(changing) &&
           config_change_buckets_apply(changing) && config_change_mraps_apply(changing) &&
           config_change_objects_apply(changing) && config_change_faults_apply(changing) &&
           change_clock(changing);
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

static void judge(struct config_changing *changing)
{
    store_read_begin(changing->making.lane->reader);
    config_change_buckets_judge(changing);
    config_change_mraps_judge(changing);
    config_change_faults_judge(changing);
}

/* Of a world that was made without one (tests): its settings, and nothing else. */
static const struct config *none(struct arena *arena, const struct world *world)
{
    struct config *config = ARENA_NEW(arena, struct config);
    config->settings = *world->settings;
    return config;
}

enum config_change_result config_change(struct arena *arena, struct lane *lane,
                                        struct config_change *change)
{
    struct world *world = lane->world;
    const struct config_pin *pin = configs_acquire(world->configs);
    struct arena *own = arena_new(); /* of the new configuration, with all that it points to */
    struct config *next = ARENA_NEW(own, struct config);
    struct config_text text = { str_copy(own, change->text.text),
                                str_copy(own, change->text.source), change->text.directory };
    struct config_changing changing = { .making = { arena, world, lane, next, &change->error },
                                        .old = pin->config ? pin->config : none(arena, world),
                                        .out = change };
    if (str_is_set(text.directory))
        text.directory = str_copy(own, text.directory);
    change->changed = change->kept = (struct config_names){ NULL, 0 };
    changing.problems = config_judge_next(own, changing.old, &text, next);
    judge(&changing);
    enum config_change_result result = CONFIG_CHANGED;
    if (changing.problems->count > 0) {
        change->problems = changing.problems;
        result = CONFIG_UNSOUND;
    } else if (!apply(&changing))
        result = CONFIG_NOT_APPLIED;
    if (result != CONFIG_UNSOUND)
        tell_timekeeper(&changing);
    store_read_idle(lane->reader);
    configs_release(pin);
    if (result == CONFIG_CHANGED) {
        configs_replace(world->configs, own, next);
        event_of_config(world, arena, &change->changed);
    } else
        arena_defer(arena, free_arena, own); /* the problems are in it */
    return result;
}
