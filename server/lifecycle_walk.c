/* The walk of lifecycle over one bucket. Versions come by key, newest first, so what an old version
 * needs to know (when it became old, how many old ones are newer) is carried along from the row
 * before it. All pages are of one snapshot: what is deleted behind the walk does not move it. */
#include "server/lifecycle_walk.h"

#include <semaphore.h>

#include "base/bug.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/access_log.h"
#include "server/access_record.h"
#include "server/notifications.h"
#include "server/s3/lifecycle.h"
#include "server/s3/lifecycle_rule.h"
#include "server/world.h"

#define PAGE 500 /* [atoll] rows, and so actions, between two commits */

struct walk {
    struct lifecycle_night *night;
    const struct bucket_info *bucket;
    struct arena *arena; /* of one page */
    const struct xml *rules;
    bool asks_tags;
    bool notifies, logs;
    bool varies; /* small objects may go into archives */
    struct {     /* the row before */
        char key[LIMIT_KEY_BYTES];
        size_t key_bytes;
        bool any;
        instant modified;
        uint64_t old; /* noncurrent versions of the key so far */
    } last;
    struct version_delete *deletes;
    size_t delete_count;
    struct store_version_change *changes;
    size_t change_count;
    sem_t changed;
};

/* False: not yet, which is noted. */
static bool is_due(struct walk *walk, instant due)
{
    struct lifecycle_night *night = walk->night;
    if (!instant_before(night->now, due))
        return true;
    if (instant_before(due, night->due))
        night->due = due;
    return false;
}

/* -- what is to be done ----------------------------------------------------------------------- */

static void add_delete(struct walk *walk, const struct version_info *version, bool by_id)
{
    struct version_delete *entry = &walk->deletes[walk->delete_count++];
    *entry = (struct version_delete){ .key = version->key };
    if (by_id)
        entry->version_id = version->id;
    else /* a newer version has a life of its own */
        entry->condition.if_match = version->etag;
}

static void posted(struct store_write *write)
{
    BUG_UNLESS(sem_post(write->owner) == 0);
}

static void add_change(struct walk *walk, const struct version_info *version, str storage_class)
{
    struct store_version_change *change = &walk->changes[walk->change_count++];
    store_version_change_init(change, walk->arena);
    change->head.background = true;
    change->head.done = posted;
    change->head.owner = &walk->changed;
    change->bucket = walk->bucket->id;
    change->key = version->key;
    change->version_id = version->id;
    change->what = CHANGE_STORAGE_CLASS;
    change->meta.storage_class = storage_class;
}

static bool is_locked(struct walk *walk, const struct version_info *version)
{
    if (version->meta.legal_hold)
        return true;
    return version->meta.lock_mode != LOCK_NONE && !is_due(walk, version->meta.lock_until);
}

/* AWS: versions that are still to be replicated, or could not be, are neither expired nor moved. */
static bool is_replicating(const struct version_info *version)
{
    enum repl_status status = repl_shown(version->repl_status);
    return status == REPL_STATUS_PENDING || status == REPL_STATUS_FAILED;
}

/* -- deciding --------------------------------------------------------------------------------- */

static const struct xml *next_match(struct walk *walk, const struct xml *rule,
                                    const struct version_info *version)
{
    while (rule && !lifecycle_rule_matches(walk->arena, rule, version))
        rule = xml_next(rule, "Rule");
    return rule;
}

#define EACH_MATCH(rule, walk, version)                                                            \
    (const struct xml *rule = next_match(walk, xml_child((walk)->rules, "Rule"), version); rule;   \
     rule = next_match(walk, xml_next(rule, "Rule"), version))

/* Of several transitions that are due the one farthest down counts: an object passes through the
 * others on its way. */
static void transition(struct walk *walk, const struct version_info *version, const char *element,
                       instant since)
{
    unsigned rank = lifecycle_rule_rank(version->meta.storage_class);
    str storage_class = STR_NONE;
    const char *days = version->current ? "Days" : "NoncurrentDays";
    for
        EACH_MATCH(rule, walk, version)
        {
            const struct xml *one = xml_child(rule, element);
            for (; one; one = xml_next(one, element)) {
                str class = str_trim(xml_text(one, "StorageClass"));
                instant due;
                if (lifecycle_rule_rank(class) <= rank ||
                    walk->last.old < lifecycle_rule_number(one, "NewerNoncurrentVersions", 0) ||
                    (!lifecycle_rule_asks_size(rule) &&
                     lifecycle_rule_is_too_small(version->size_bytes, class, walk->varies)) ||
                    !lifecycle_rule_due(one, days, since, &due) || !is_due(walk, due))
                    continue;
                rank = lifecycle_rule_rank(class);
                storage_class = class;
            }
        }
    if (str_is_set(storage_class))
        add_change(walk, version, storage_class);
}

/* On a versioned bucket an expiry hides the object, which a lock does not forbid. */
static void decide_current(struct walk *walk, const struct version_info *version)
{
    bool hides = walk->bucket->versioning != VERSIONING_UNSET;
    for
        EACH_MATCH(rule, walk, version)
        {
            instant due;
            if (!lifecycle_rule_due(xml_child(rule, "Expiration"), "Days", version->modified,
                                    &due) ||
                !is_due(walk, due))
                continue;
            if (hides || !is_locked(walk, version))
                add_delete(walk, version, false);
            return;
        }
    transition(walk, version, "Transition", version->modified);
}

static void decide_old(struct walk *walk, const struct version_info *version)
{
    instant since = walk->last.modified, due;
    for
        EACH_MATCH(rule, walk, version)
        {
            const struct xml *expiration = xml_child(rule, "NoncurrentVersionExpiration");
            if (walk->last.old < lifecycle_rule_number(expiration, "NewerNoncurrentVersions", 0) ||
                !lifecycle_rule_due(expiration, "NoncurrentDays", since, &due) ||
                !is_due(walk, due))
                continue;
            if (!is_locked(walk, version))
                add_delete(walk, version, true);
            return;
        }
    if (!version->marker)
        transition(walk, version, "NoncurrentVersionTransition", since);
}

/* AWS: a marker with nothing behind it is removed by ExpiredObjectDeleteMarker, and also by Days
 * once it is that old. */
static void decide_lone_marker(struct walk *walk, const struct version_info *version)
{
    for
        EACH_MATCH(rule, walk, version)
        {
            const struct xml *expiration = xml_child(rule, "Expiration");
            str flag = str_trim(xml_text(expiration, "ExpiredObjectDeleteMarker"));
            instant due;
            if (!str_eq_nocase(flag, STR("true")) &&
                (!lifecycle_rule_due(expiration, "Days", version->modified, &due) ||
                 !is_due(walk, due)))
                continue;
            add_delete(walk, version, true);
            return;
        }
}

/* -- versions --------------------------------------------------------------------------------- */

static bool is_alone(struct walk *walk, const struct version_info *version)
{
    const struct list_query query = { .kind = LIST_VERSIONS,
                                      .bucket = walk->bucket->id,
                                      .prefix = version->key,
                                      .after = version->key,
                                      .after_id = version->id,
                                      .max = 1 };
    struct list_page page;
    return store_list(walk->night->reader, walk->arena, &query, &page) == STORE_OK &&
           (page.count == 0 || !str_eq(page.at[0].key, version->key));
}

/* Listings leave out tags. */
static bool add_tags(struct walk *walk, struct version_info *version)
{
    struct version_info whole;
    if (!walk->asks_tags || version->marker)
        return true;
    if (store_version_get(walk->night->reader, walk->arena, walk->bucket->id, version->key,
                          version->id, &whole) != STORE_OK)
        return false;
    version->meta.tags = whole.meta.tags;
    return true;
}

static void decide(struct walk *walk, struct version_info *version)
{
    if (is_replicating(version) || !add_tags(walk, version))
        return;
    if (!version->current)
        decide_old(walk, version);
    else if (!version->marker)
        decide_current(walk, version);
    else if (is_alone(walk, version))
        decide_lone_marker(walk, version);
}

static void visit(struct walk *walk, struct version_info *version)
{
    str last = str_from(walk->last.key, walk->last.key_bytes);
    if (!walk->last.any || !str_eq(last, version->key)) {
        walk->last.any = true;
        walk->last.key_bytes = version->key.size;
        memcpy(walk->last.key, version->key.ptr, version->key.size);
        walk->last.old = 0;
    }
    decide(walk, version);
    walk->last.modified = version->modified;
    if (!version->current)
        walk->last.old++;
}

static void complain(struct walk *walk, enum store_result result)
{
    log_line(LOG_ERROR, "lifecycle of bucket %.*s: %s", STR_ARG(walk->bucket->name),
             store_result_name(result));
}

static void tell(struct walk *walk, const struct notification *what)
{
    const struct notifications_from from = { .world = walk->night->world,
                                             .reader = walk->night->reader,
                                             .arena = walk->arena,
                                             .bucket = walk->bucket };
    walk->night->actions++;
    if (walk->notifies)
        notifications_of_world(&from, what);
}

/* AWS, "Amazon S3 Lifecycle and other bucket configurations": the operations in access logs. */
static void log_action(struct walk *walk, const char *operation, str key, str version_id)
{
    const struct access_note note = {
        .bucket = walk->bucket, .operation = operation, .key = key, .version_id = version_id
    };
    if (walk->logs)
        access_log_world(walk->night->world->access_log, walk->night->reader, walk->arena, &note);
}

static const char *transition_operation(str storage_class)
{
    static const struct {
        const char *class, *operation;
    } rows[] = {
        { "STANDARD_IA", "S3.TRANSITION_SIA.OBJECT" },
        { "ONEZONE_IA", "S3.TRANSITION_ZIA.OBJECT" },
        { "INTELLIGENT_TIERING", "S3.TRANSITION_INT.OBJECT" },
        { "GLACIER_IR", "S3.TRANSITION_GIR.OBJECT" },
        { "DEEP_ARCHIVE", "S3.TRANSITION_GDA.OBJECT" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_is(storage_class, rows[i].class))
            return rows[i].operation;
    return "S3.TRANSITION.OBJECT";
}

static void tell_delete(struct walk *walk, const struct version_delete *one)
{
    const struct notification what = { .name = one->made_marker
                                                   ? STR("LifecycleExpiration:DeleteMarkerCreated")
                                                   : STR("LifecycleExpiration:Delete"),
                                       .key = one->key,
                                       .version_id = one->id };
    log_action(walk, one->made_marker ? "S3.CREATE.DELETEMARKER" : "S3.EXPIRE.OBJECT", one->key,
               one->id);
    tell(walk, &what);
}

static void tell_change(struct walk *walk, const struct store_version_change *change)
{
    const struct notification what = { .name = STR("LifecycleTransition"),
                                       .key = change->key,
                                       .version_id = change->version_id,
                                       .has_object = true,
                                       .etag = change->out.etag,
                                       .size_bytes = change->out.size_bytes,
                                       .storage_class = change->out.meta.storage_class };
    log_action(walk, transition_operation(change->out.meta.storage_class), change->key,
               change->version_id);
    tell(walk, &what);
}

static void write_page(struct walk *walk)
{
    struct store *store = walk->night->world->store;
    struct store_delete del;
    store_delete_init(&del, walk->arena);
    del.head.background = true;
    del.bucket = walk->bucket->id;
    del.at = walk->deletes;
    del.count = walk->delete_count;
    del.lifecycle = true;
    for (size_t i = 0; i < walk->change_count; i++)
        store_submit(store, &walk->changes[i].head);
    if (del.count > 0 && store_write_wait(store, &del.head) != STORE_OK)
        complain(walk, del.head.result);
    for (size_t i = 0; i < walk->change_count; i++)
        while (sem_wait(&walk->changed) != 0)
            continue;
    for (size_t i = 0; i < walk->change_count; i++)
        if (walk->changes[i].head.result == STORE_OK)
            tell_change(walk, &walk->changes[i]);
    for (size_t i = 0; i < del.count && del.head.result == STORE_OK; i++)
        if (del.at[i].result == STORE_OK)
            tell_delete(walk, &del.at[i]);
}

/* False at the end. */
static bool next_page(struct walk *walk, struct list_query *query, struct buf *key,
                      struct list_page *page)
{
    arena_reset(walk->arena);
    if (atomic_load(walk->night->stopping))
        return false;
    enum store_result result = store_list(walk->night->reader, walk->arena, query, page);
    if (result != STORE_OK)
        complain(walk, result);
    /* The marker outlives the page. */
    buf_clear(key);
    buf_add(key, page->next_key);
    buf_add(key, page->next_id);
    query->after = str_first(buf_str(key), page->next_key.size);
    query->after_id = str_skip(buf_str(key), page->next_key.size);
    return result == STORE_OK && page->count > 0;
}

static void walk_versions(struct walk *walk, struct buf *key)
{
    struct list_query query = { .kind = LIST_VERSIONS, .bucket = walk->bucket->id, .max = PAGE };
    struct list_page page;
    while (next_page(walk, &query, key, &page)) {
        walk->deletes = ARENA_ARRAY(walk->arena, struct version_delete, page.count);
        walk->changes = ARENA_ARRAY(walk->arena, struct store_version_change, page.count);
        walk->delete_count = walk->change_count = 0;
        for (size_t i = 0; i < page.count; i++)
            visit(walk, &page.at[i].version);
        write_page(walk);
        if (!page.truncated)
            break;
    }
}

/* -- uploads ---------------------------------------------------------------------------------- */

static bool upload_is_over(struct walk *walk, const struct upload_info *upload)
{
    const struct xml *rule = xml_child(walk->rules, "Rule");
    for (; rule; rule = xml_next(rule, "Rule")) {
        instant due;
        if (lifecycle_rule_matches_upload(rule, upload->key) &&
            lifecycle_rule_due(xml_child(rule, "AbortIncompleteMultipartUpload"),
                               "DaysAfterInitiation", upload->initiated, &due) &&
            is_due(walk, due))
            return true;
    }
    return false;
}

static void abort_upload(struct walk *walk, const struct upload_info *upload)
{
    struct store_abort write;
    store_abort_init(&write, walk->arena);
    write.head.background = true;
    write.bucket = walk->bucket->id;
    write.key = upload->key;
    write.upload_id = upload->id;
    if (store_write_wait(walk->night->world->store, &write.head) != STORE_OK)
        return;
    walk->night->actions++;
    log_action(walk, "S3.DELETE.UPLOAD", upload->key, STR_NONE);
}

static void walk_uploads(struct walk *walk, struct buf *key)
{
    struct list_query query = { .kind = LIST_UPLOADS, .bucket = walk->bucket->id, .max = PAGE };
    struct list_page page;
    while (next_page(walk, &query, key, &page)) {
        for (size_t i = 0; i < page.count; i++)
            if (upload_is_over(walk, page.at[i].upload))
                abort_upload(walk, page.at[i].upload);
        if (!page.truncated)
            break;
    }
}

/* -- one bucket ------------------------------------------------------------------------------- */

static str config_of(struct walk *walk, struct arena *arena, const char *kind)
{
    str text;
    enum store_result result = store_config_get(walk->night->reader, arena, walk->bucket->id,
                                                str_of(kind), STR(""), &text);
    return result == STORE_OK ? text : STR_NONE;
}

static bool read_rules(struct walk *walk, struct arena *arena)
{
    str inside = config_of(walk, arena, LIFECYCLE_KIND);
    if (inside.size == 0)
        return false;
    walk->rules = xml_parse(arena, str_format(arena, "<r>%.*s</r>", STR_ARG(inside)));
    walk->notifies = config_of(walk, arena, NOTIFICATIONS_KIND).size > 0;
    walk->logs = config_of(walk, arena, ACCESS_LOG_KIND).size > 0;
    walk->varies = str_is(config_of(walk, arena, LIFECYCLE_MINIMUM_KIND), LIFECYCLE_MINIMUM_VARIES);
    for (const struct xml *rule = xml_child(walk->rules, "Rule"); rule;
         rule = xml_next(rule, "Rule"))
        walk->asks_tags |= lifecycle_rule_asks_tags(rule);
    return walk->rules != NULL;
}

void lifecycle_walk_bucket(struct lifecycle_night *night, const struct bucket_info *bucket)
{
    struct walk walk = { .night = night, .bucket = bucket };
    struct arena *rules = arena_new();
    struct buf key;
    walk.arena = arena_new();
    buf_init(&key, 2 * LIMIT_KEY_BYTES);
    BUG_UNLESS(sem_init(&walk.changed, 0, 0) == 0);
    store_read_begin(night->reader);
    if (read_rules(&walk, rules)) {
        walk_versions(&walk, &key);
        walk_uploads(&walk, &key);
    }
    (void) sem_destroy(&walk.changed);
    buf_fini(&key);
    arena_free(walk.arena);
    arena_free(rules);
}
