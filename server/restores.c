/* Restores that have something left to tell (restores.h). A document's id is BUCKET/VERSION/KEY,
 * its text that of restore_value, with an instant of 0 for what was told. */
#include "server/restores.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/fields.h"
#include "base/log.h"
#include "server/lifecycle_engine.h"
#include "server/notifications.h"
#include "server/world.h"

#define RESTORES_KIND "restore" /* in the store */

struct restores {
    struct world *world;
    struct store_reader *reader;
    struct arena *arena; /* of the list */
    struct store_doc_list list;
    instant next;
    _Atomic bool changed;
};

/* What one document says. */
struct telling {
    str bucket, version_id, key;
    struct restore when;
};

struct restores *restores_open(struct world *world)
{
    struct restores *restores = mem_alloc(sizeof *restores);
    restores->world = world;
    restores->reader = store_reader_open(world->store);
    if (restores->reader == NULL) {
        free(restores);
        return NULL;
    }
    restores->arena = arena_new();
    atomic_store(&restores->changed, true);
    return restores;
}

void restores_close(struct restores *restores)
{
    if (restores == NULL)
        return;
    store_reader_close(restores->reader);
    arena_free(restores->arena);
    free(restores);
}

struct store_doc restores_doc(struct arena *arena, str bucket, const struct version_info *version,
                              const struct restore *restore, bool told)
{
    struct restore left = *restore;
    if (told)
        left.ready = (instant){ 0 };
    return (struct store_doc){ .kind = STR(RESTORES_KIND),
                               .id = str_format(arena, "%.*s/%.*s/%.*s", STR_ARG(bucket),
                                                STR_ARG(version->id), STR_ARG(version->key)),
                               .body = restore_value(arena, &left) };
}

void restores_changed(struct world *world)
{
    if (world->restores == NULL)
        return;
    atomic_store(&world->restores->changed, true);
    lifecycle_engine_poke(world);
}

static bool read_doc(const struct store_doc *doc, struct telling *out)
{
    str rest;
    if (!str_cut(doc->id, '/', &out->bucket, &rest) ||
        !str_cut(rest, '/', &out->version_id, &out->key))
        return false;
    (void) restore_state(doc->body, (instant){ 0 }, &out->when);
    return true;
}

static instant next_of(const struct telling *telling)
{
    return telling->when.ready.ns != 0 ? telling->when.ready : telling->when.expiry;
}

static void load(struct restores *restores)
{
    struct telling telling;
    arena_reset(restores->arena);
    restores->next = INSTANT_NEVER;
    store_read_begin(restores->reader);
    if (store_doc_list(restores->reader, restores->arena, STR(RESTORES_KIND), &restores->list) !=
        STORE_OK)
        restores->list.count = 0;
    for (size_t i = 0; i < restores->list.count; i++)
        if (read_doc(&restores->list.at[i], &telling) &&
            instant_before(next_of(&telling), restores->next))
            restores->next = next_of(&telling);
    store_read_idle(restores->reader);
}

instant restores_next(struct restores *restores)
{
    if (atomic_exchange(&restores->changed, false))
        load(restores);
    return restores->next;
}

/* ---- telling ---- */

/* The version may have gone, or have been restored anew, since. */
static bool is_still_true(struct restores *restores, const struct telling *telling,
                          struct bucket_info *bucket, struct version_info *version)
{
    struct fields fields = { 0 };
    struct restore now;
    if (store_bucket_get(restores->reader, restores->arena, telling->bucket, bucket) != STORE_OK ||
        store_version_get(restores->reader, restores->arena, bucket->id, telling->key,
                          telling->version_id, version) != STORE_OK ||
        !fields_unpack(restores->arena, version->meta.fields, &fields))
        return false;
    (void) restore_state(fields_get(&fields, RESTORE_FIELD), (instant){ 0 }, &now);
    return now.expiry.ns == telling->when.expiry.ns;
}

static bool note(struct restores *restores, const struct store_doc *doc,
                 const struct telling *telling, bool over)
{
    struct store_write write;
    struct restore left = { .expiry = telling->when.expiry };
    struct store_doc noted = { .kind = doc->kind, .id = doc->id };
    if (!over)
        noted.body = restore_value(restores->arena, &left);
    store_docs_init(&write, restores->arena);
    write.docs = &noted;
    write.doc_count = 1;
    if (store_write_wait(restores->world->store, &write) == STORE_OK)
        return true;
    log_line(LOG_ERROR, "a restore of '%.*s' was not told: %s", STR_ARG(telling->key),
             store_result_name(write.result));
    return false;
}

static void tell(struct restores *restores, const struct store_doc *doc,
                 const struct telling *telling)
{
    struct bucket_info bucket;
    struct version_info version;
    bool over = telling->when.ready.ns == 0;
    bool stands = is_still_true(restores, telling, &bucket, &version);
    if (!note(restores, doc, telling, over || !stands) || !stands)
        return;
    const struct notifications_from from = { .world = restores->world,
                                             .reader = restores->reader,
                                             .arena = restores->arena,
                                             .bucket = &bucket };
    const struct notification what = { .name = over ? STR("ObjectRestore:Delete")
                                                    : STR("ObjectRestore:Completed"),
                                       .key = version.key,
                                       .version_id = version.id,
                                       .has_object = true,
                                       .etag = version.etag,
                                       .size_bytes = version.size_bytes,
                                       .storage_class = version.meta.storage_class,
                                       .expiry = telling->when.expiry };
    notifications_of_world(&from, &what);
}

void restores_timer(struct restores *restores, instant now)
{
    struct telling telling;
    if (instant_before(now, restores_next(restores)))
        return;
    store_read_begin(restores->reader);
    for (size_t i = 0; i < restores->list.count; i++)
        if (read_doc(&restores->list.at[i], &telling) && !instant_before(now, next_of(&telling)))
            tell(restores, &restores->list.at[i], &telling);
    load(restores);
}
