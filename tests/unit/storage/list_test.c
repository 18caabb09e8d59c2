/* Listings against a model that knows nothing of seeking: it walks all entries in order, rolls up,
 * skips what is not after the marker, and counts. */
#include "tests/unit/storage/fixture.h"

#define ENTRIES_MAX 1200

struct model_entry {
    str key;
    str id;
    unsigned order; /* of creation, within all */
    bool marker, current;
};
struct model {
    struct model_entry at[ENTRIES_MAX];
    size_t count;
};
struct model_page {
    struct model_name {
        bool is_prefix;
        str name, id;
    } at[ENTRIES_MAX];
    size_t count;
    bool truncated;
};

static uint32_t chance(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t) ((uint64_t) (*state >> 4) * below >> 28);
}

/* Objects and versions: newest first. Uploads: oldest first. */
static int compare_versions(const void *a, const void *b)
{
    const struct model_entry *x = a, *y = b;
    int order = str_cmp(x->key, y->key);
    return order != 0 ? order : (x->order < y->order) - (x->order > y->order);
}

static int compare_uploads(const void *a, const void *b)
{
    const struct model_entry *x = a, *y = b;
    int order = str_cmp(x->key, y->key);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool model_has(const struct model *model, str key, str id)
{
    for (size_t i = 0; i < model->count; i++)
        if (str_eq(model->at[i].key, key) && str_eq(model->at[i].id, id))
            return true;
    return false;
}

static void model_list(const struct model *model, const struct list_query *query,
                       struct model_page *page)
{
    bool met = !model_has(model, query->after, query->after_id);

    page->count = 0;
    page->truncated = false;
    for (size_t i = 0; i < model->count && query->max > 0; i++) {
        const struct model_entry *entry = &model->at[i];
        if (query->kind == LIST_OBJECTS && (!entry->current || entry->marker))
            continue;
        if (!str_starts(entry->key, query->prefix))
            continue;
        str rest = str_skip(entry->key, query->prefix.size);
        size_t cut = query->delimiter.size > 0 ? str_find(rest, query->delimiter) : rest.size;
        bool is_prefix = cut < rest.size;
        str name = entry->key;
        if (is_prefix)
            name = str_first(name, query->prefix.size + cut + query->delimiter.size);
        if (query->after.size > 0 && str_cmp(name, query->after) <= 0) {
            bool same = !is_prefix && str_eq(name, query->after) && query->after_id.size > 0 &&
                        query->kind != LIST_OBJECTS;
            if (!same || !model_has(model, query->after, query->after_id))
                continue;
            bool was_met = met;
            met = met || str_eq(entry->id, query->after_id);
            if (!was_met)
                continue;
        }
        const struct model_name *last = page->count > 0 ? &page->at[page->count - 1] : NULL;
        if (is_prefix && last != NULL && last->is_prefix && str_eq(last->name, name))
            continue;
        if (page->count == query->max) {
            page->truncated = true;
            return;
        }
        page->at[page->count++] = (struct model_name){ is_prefix, name, entry->id };
    }
}

static str entry_id(const struct list_query *query, const struct list_entry *entry)
{
    return query->kind == LIST_UPLOADS ? entry->upload->id : entry->version.id;
}

static void assert_page(const struct list_query *query, const struct list_page *page,
                        const struct model_page *expected, int line)
{
    bool same = page->count == expected->count && page->truncated == expected->truncated;
    for (size_t i = 0; same && i < page->count; i++) {
        const struct model_name *name = &expected->at[i];
        same = page->at[i].is_prefix == name->is_prefix && str_eq(page->at[i].key, name->name) &&
               (name->is_prefix || str_eq(entry_id(query, &page->at[i]), name->id));
    }
    if (!same)
        fail_msg("line %d: kind %d prefix \"%.*s\" delimiter \"%.*s\" after \"%.*s\" id \"%.*s\" "
                 "max %u: %zu entries, expected %zu",
                 line, (int) query->kind, STR_ARG(query->prefix), STR_ARG(query->delimiter),
                 STR_ARG(query->after), STR_ARG(query->after_id), query->max, page->count,
                 expected->count);
    if (!page->truncated)
        return;
    const struct list_entry *last = &page->at[page->count - 1];
    assert_true(str_eq(page->next_key, last->key));
    if (query->kind != LIST_OBJECTS && !last->is_prefix)
        assert_true(str_eq(page->next_id, entry_id(query, last)));
    else
        assert_int_equal(page->next_id.size, 0);
}

static struct list_page list(struct fixture *f, struct arena *arena, const struct list_query *query)
{
    struct list_page page;
    assert_int_equal(store_list(f->reader, arena, query, &page), STORE_OK);
    return page;
}

/* Page after page, as a client goes, gives what one page gives. */
static void assert_pages(struct fixture *f, struct arena *arena, const struct list_query *query,
                         struct model_page *whole)
{
    struct list_query next = *query;
    size_t at = 0;

    for (;;) {
        struct list_page page = list(f, arena, &next);
        for (size_t i = 0; i < page.count; i++, at++) {
            assert_true(at < whole->count);
            assert_true(str_eq(page.at[i].key, whole->at[at].name));
            assert_int_equal(page.at[i].is_prefix, whole->at[at].is_prefix);
            if (!page.at[i].is_prefix)
                assert_true(str_eq(entry_id(query, &page.at[i]), whole->at[at].id));
        }
        if (!page.truncated)
            break;
        next.after = page.next_key;
        next.after_id = page.next_id;
    }
    assert_int_equal(at, whole->count);
}

static str random_text(struct arena *arena, uint32_t *state, uint32_t longest)
{
    static const char letters[] = { 'a', 'b', '/', '/', '\xFF', '\xFE', '\0' };
    size_t size = chance(state, longest + 1);
    char *text = arena_alloc(arena, size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = letters[chance(state, sizeof(letters))];
    return str_from(text, size);
}

static void compare_with_model(struct fixture *f, enum list_kind kind, const struct model *model,
                               uint32_t seed)
{
    static const char *const delimiters[] = { "", "/", "//", "ab", "\xFF", "/a/" };
    static struct model_page expected;
    struct arena *arena = arena_new();
    uint32_t state = seed;

    for (int i = 0; i < 1500; i++) {
        struct list_query query = {
            .kind = kind,
            .bucket = f->bucket,
            .prefix = random_text(arena, &state, 2),
            .delimiter = str_of(delimiters[chance(&state, COUNT(delimiters))]),
            .max = chance(&state, 3) == 0 ? ENTRIES_MAX : chance(&state, 12),
        };
        const struct model_entry *any = &model->at[chance(&state, (uint32_t) model->count)];
        if (chance(&state, 3) == 0)
            query.after = random_text(arena, &state, 4);
        else if (chance(&state, 2) == 0)
            query.after = any->key;
        if (str_eq(query.after, any->key) && chance(&state, 4) != 0)
            query.after_id = any->id;
        struct list_page page = list(f, arena, &query);
        model_list(model, &query, &expected);
        assert_page(&query, &page, &expected, __LINE__);

        if (query.max > 0 && i % 10 == 0) {
            struct list_query whole = query;
            whole.max = ENTRIES_MAX;
            model_list(model, &whole, &expected);
            assert_pages(f, arena, &query, &expected);
        }
        arena_reset(arena);
    }
    arena_free(arena);
}

static void add_version(struct model *model, str key, str id, bool marker)
{
    for (size_t i = 0; i < model->count; i++)
        if (str_eq(model->at[i].key, key))
            model->at[i].current = false;
    model->at[model->count] =
        (struct model_entry){ key, id, (unsigned) model->count, marker, true };
    model->count++;
}

TEST(objects_and_versions_are_listed_as_a_walk_over_all_of_them_would)
{
    struct fixture *f = fixture_new(NULL);
    struct model *model = mem_alloc(sizeof(*model));
    uint32_t draw = 42;

    fixture_versioning(f, VERSIONING_ENABLED);
    while (model->count < 700) {
        str key = random_text(f->arena, &draw, 5);
        if (key.size == 0)
            continue;
        for (uint32_t versions = 1 + chance(&draw, 3); versions > 0; versions--) {
            if (chance(&draw, 5) == 0) {
                struct version_delete one = { .key = key };
                struct store_delete del;
                store_delete_init(&del, f->arena);
                del.bucket = f->bucket;
                del.at = &one;
                del.count = 1;
                assert_int_equal(store_write_wait(f->store, &del.head), STORE_OK);
                add_version(model, key, one.id, true);
            } else {
                add_version(model, key, fixture_put(f, key, STR("")).id, false);
            }
        }
    }
    store_read_begin(f->reader);
    qsort(model->at, model->count, sizeof(model->at[0]), compare_versions);
    compare_with_model(f, LIST_OBJECTS, model, 1);
    compare_with_model(f, LIST_VERSIONS, model, 2);
    free(model);
    fixture_free(f);
}

TEST(uploads_are_listed_as_a_walk_over_all_of_them_would)
{
    struct fixture *f = fixture_new(NULL);
    struct model *model = mem_alloc(sizeof(*model));
    uint32_t draw = 43;

    while (model->count < 300) {
        str key = random_text(f->arena, &draw, 3);
        struct store_upload_create create;
        if (key.size == 0)
            continue;
        store_upload_create_init(&create, f->arena);
        create.bucket = f->bucket;
        create.key = key;
        assert_int_equal(store_write_wait(f->store, &create.head), STORE_OK);
        add_version(model, key, create.out_id, false);
        assert_true(clock_move_to(f->clock, instant_add(clock_now(f->clock), DURATION_MS(1))));
    }
    store_read_begin(f->reader);
    qsort(model->at, model->count, sizeof(model->at[0]), compare_uploads);
    compare_with_model(f, LIST_UPLOADS, model, 3);
    free(model);
    fixture_free(f);
}

TEST(an_entry_shows_what_listings_print)
{
    struct fixture *f = fixture_new(NULL);
    struct store_put put;
    store_put_init(&put, f->arena);
    put.bucket = f->bucket;
    put.key = STR("cat");
    put.draft = fixture_draft(f, STR("meow"), 1u << DIGEST_CRC32);
    put.meta.storage_class = STR("GLACIER");
    put.meta.checksum =
        (struct object_checksum){ DIGEST_CRC32, false, put.draft.sums[DIGEST_CRC32] };
    put.meta.fields = STR("not read by listings");
    assert_int_equal(store_write_wait(f->store, &put.head), STORE_OK);
    store_read_begin(f->reader);

    for (int kind = LIST_OBJECTS; kind <= LIST_VERSIONS; kind++) {
        const struct list_query query = { .kind = (enum list_kind) kind,
                                          .bucket = f->bucket,
                                          .max = 10 };
        struct list_page page = list(f, f->arena, &query);
        assert_int_equal(page.count, 1);
        const struct version_info *version = &page.at[0].version;
        assert_str(page.at[0].key, "cat");
        assert_str(version->id, "null");
        assert_str(version->etag, "4a4be40c96ac6314e91d93f38043a634");
        assert_str(version->meta.storage_class, "GLACIER");
        assert_int_equal(version->size_bytes, 4);
        assert_int_equal(version->modified.ns, put.out.modified.ns);
        assert_int_equal(version->meta.checksum.kind, DIGEST_CRC32);
        assert_true(version->current);
        assert_false(version->marker);
    }
    fixture_free(f);
}

TEST(a_page_resumes_behind_where_a_version_stood_that_is_gone)
{
    struct fixture *f = fixture_new(NULL);
    fixture_versioning(f, VERSIONING_ENABLED);
    str first = fixture_put(f, STR("a"), STR("1")).id;
    str second = fixture_put(f, STR("a"), STR("2")).id;
    (void) fixture_put(f, STR("a"), STR("3"));
    (void) fixture_put(f, STR("b"), STR("4"));
    struct list_query query = {
        .kind = LIST_VERSIONS, .bucket = f->bucket, .after = STR("a"), .after_id = second, .max = 10
    };
    assert_int_equal(list(f, f->arena, &query).count, 2);
    fixture_delete(f, STR("a"), second);
    struct list_page page = list(f, f->arena, &query);
    assert_int_equal(page.count, 2);
    assert_true(str_eq(page.at[0].version.id, first));
    assert_str(page.at[1].key, "b");
    query.after_id = STR("null"); /* tells no time: all of the key */
    assert_int_equal(list(f, f->arena, &query).count, 3);
    fixture_free(f);
}

TEST(an_upload_page_resumes_after_an_upload_that_is_gone)
{
    struct fixture *f = fixture_new(NULL);
    str ids[3];
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct store_upload_create create;
        store_upload_create_init(&create, f->arena);
        create.bucket = f->bucket;
        create.key = STR("a");
        assert_int_equal(store_write_wait(f->store, &create.head), STORE_OK);
        ids[i] = create.out_id;
        assert_true(clock_move_to(f->clock, instant_add(clock_now(f->clock), DURATION_MS(1))));
    }
    struct store_abort stop;
    store_abort_init(&stop, f->arena);
    stop.bucket = f->bucket;
    stop.key = STR("a");
    stop.upload_id = ids[1];
    assert_int_equal(store_write_wait(f->store, &stop.head), STORE_OK);
    store_read_begin(f->reader);
    const struct list_query query = {
        .kind = LIST_UPLOADS, .bucket = f->bucket, .after = STR("a"), .after_id = ids[1], .max = 10
    };
    struct list_page page = list(f, f->arena, &query);
    assert_int_equal(page.count, 1);
    assert_true(str_eq(page.at[0].upload->id, ids[2]));
    fixture_free(f);
}

TEST(no_page_and_no_bucket_are_empty)
{
    struct fixture *f = fixture_new(NULL);
    (void) fixture_put(f, STR("a"), STR("1"));
    struct list_query query = { .kind = LIST_OBJECTS, .bucket = f->bucket, .max = 0 };
    struct list_page page = list(f, f->arena, &query);
    assert_int_equal(page.count, 0);
    assert_false(page.truncated);
    query.max = 5;
    query.bucket = 999;
    page = list(f, f->arena, &query);
    assert_int_equal(page.count, 0);
    assert_false(page.truncated);
    fixture_free(f);
}
