/* The last changes, in a ring; see changes.h. */
#include "server/changes.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/lock.h"
#include "server/change_words.h"
#include "server/event_of.h"
#include "server/ordinals.h"
#include "server/world.h"

struct changes {
    struct mutex lock;
    struct change_said *ring[LIMIT_CHANGES]; /* each one block with its strings */
    size_t next, count;                      /* the oldest is `count` places before the next */
    size_t bytes;                            /* of the strings */
};

struct changes *changes_new(void)
{
    struct changes *changes = mem_alloc(sizeof *changes);
    mutex_init(&changes->lock);
    return changes;
}

static size_t bytes_of(const struct change_said *said)
{
    return said->what.size + said->was.size + said->is.size;
}

static size_t oldest_of(const struct changes *changes)
{
    return (changes->next + LIMIT_CHANGES - changes->count) % LIMIT_CHANGES;
}

static void forget_locked(struct changes *changes)
{
    mutex_assert_held(&changes->lock);
    struct change_said **oldest = &changes->ring[oldest_of(changes)];
    changes->bytes -= bytes_of(*oldest);
    changes->count--;
    free(*oldest);
    *oldest = NULL;
}

void changes_clear(struct changes *changes)
{
    SCOPED_LOCK(&changes->lock);
    while (changes->count > 0)
        forget_locked(changes);
}

void changes_free(struct changes *changes)
{
    changes_clear(changes);
    mutex_fini(&changes->lock);
    free(changes);
}

/* --- keeping --- */

static str pack(char **at, str s)
{
    str kept = { *at, s.size };
    if (s.size > 0)
        memcpy(*at, s.ptr, s.size);
    *at += s.size;
    return kept;
}

static void add(struct changes *changes, const struct change_said *said)
{
    size_t bytes = bytes_of(said);
    struct change_said *kept = mem_alloc(sizeof *kept + bytes);
    char *at = (char *) (kept + 1);
    *kept = *said;
    kept->what = pack(&at, said->what);
    kept->was = pack(&at, said->was);
    kept->is = pack(&at, said->is);
    SCOPED_LOCK(&changes->lock);
    while (changes->count == LIMIT_CHANGES ||
           (changes->count > 0 && changes->bytes + bytes > LIMIT_CHANGES_BYTES))
        forget_locked(changes);
    changes->ring[changes->next] = kept;
    changes->next = (changes->next + 1) % LIMIT_CHANGES;
    changes->count++;
    changes->bytes += bytes;
}

static struct change_said now(const struct lane *lane, const struct request *rq)
{
    struct world *world = lane->world;
    return (struct change_said){ .at = clock_now(world->clock),
                                 .order =
                                     rq ? rq->ordinal : atomic_load(&world->ordinals->requests) };
}

void changes_act(struct lane *lane, const struct request *rq, str line)
{
    if (lane->world->changes == NULL)
        return;
    struct change_said said = now(lane, rq);
    struct arena *arena = arena_new();
    said.is = str_format(arena, "%.*s\n", STR_ARG(line));
    add(lane->world->changes, &said);
    arena_free(arena);
}

void changes_before(struct changes_pending *pending)
{
    if (pending->lane->world->changes == NULL)
        pending->arena = NULL;
    if (pending->arena == NULL)
        return;
    pending->was = ARENA_ARRAY(pending->arena, str, pending->count);
    for (size_t i = 0; i < pending->count; i++)
        pending->was[i] =
            change_words_say(pending->lane, pending->arena, clock_now(pending->lane->world->clock),
                             &pending->docs[i]);
}

static bool is_said_already(const struct changes_pending *pending, size_t index)
{
    str what = change_words_thing(pending->arena, &pending->docs[index]);
    for (size_t i = 0; i < index; i++)
        if (str_eq(what, change_words_thing(pending->arena, &pending->docs[i])))
            return true;
    return what.size == 0;
}

/* Whoever makes such a change through the admin API tells of it; of links and rules nobody does,
 * and a scenario tells nothing itself. */
static void tell(const struct changes_pending *pending, const struct change_said *said)
{
    static const struct {
        const char *thing;
        enum event_kind kind;
    } kinds[] = { { "link", EVENT_LINK },           { "rules", EVENT_RULES },
                  { "partition", EVENT_PARTITION }, { "outage", EVENT_OUTAGE },
                  { "skew", EVENT_OUTAGE },         { "region-enabled", EVENT_OUTAGE },
                  { "routes", EVENT_ROUTE },        { "fault", EVENT_FAULT } };
    str thing, subject, detail = str_trim(said->is);
    (void) str_cut(said->what, ' ', &thing, &subject);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        enum event_kind kind = kinds[i].kind;
        if (!str_is(thing, kinds[i].thing) ||
            (pending->rq && kind != EVENT_LINK && kind != EVENT_RULES))
            continue;
        if (str_is(detail, "heal"))
            kind = EVENT_HEAL;
        event_of_change(pending->lane->world, kind, subject, detail);
    }
}

void changes_after(const struct changes_pending *pending)
{
    if (pending->arena == NULL)
        return;
    for (size_t i = 0; i < pending->count; i++) {
        const struct store_doc *doc = &pending->docs[i];
        struct change_said said = now(pending->lane, pending->rq);
        if (is_said_already(pending, i))
            continue;
        said.what = change_words_thing(pending->arena, doc);
        said.was = pending->was[i];
        said.is = change_words_step(pending->lane, pending->arena, doc, said.was,
                                    change_words_say(pending->lane, pending->arena, said.at, doc));
        if (said.is.size == 0)
            continue;
        add(pending->lane->world->changes, &said);
        tell(pending, &said);
    }
}

/* --- telling --- */

const struct change_said *changes_list(struct changes *changes, struct arena *arena, size_t *count)
{
    SCOPED_LOCK(&changes->lock);
    struct change_said *list = ARENA_ARRAY(arena, struct change_said, changes->count);
    size_t first = oldest_of(changes);
    *count = changes->count;
    for (size_t i = 0; i < changes->count; i++) {
        const struct change_said *said = changes->ring[(first + i) % LIMIT_CHANGES];
        struct change_said *copy = &list[i];
        *copy = *said;
        copy->what = str_copy(arena, said->what);
        copy->was = str_copy(arena, said->was);
        copy->is = str_copy(arena, said->is);
    }
    return list;
}
