/* Listings as clients page through them, against a model: random keys, prefixes, delimiters,
 * markers, page sizes, encoded and not. What the store does is judged by storage/list_test.c; here
 * it is markers, tokens, escapes and what is counted. */
#include <stdlib.h>

#include "base/encode.h"
#include "server/s3/xml.h"
#include "tests/unit/server/s3_wire.h"

#define KEYS 60
#define LISTINGS 150

enum kind { OBJECTS_V1, OBJECTS_V2, VERSIONS, UPLOADS, KINDS };

struct names { /* in order; a key once for each of its versions or uploads */
    str at[4 * KEYS];
    size_t count;
};
struct scene {
    struct wire *wire;
    uint32_t state;
    struct names keys[KINDS];
};
struct asked {
    enum kind kind;
    str prefix, delimiter, after;
    unsigned max;
    bool url;
};

static uint32_t chance(struct scene *scene, uint32_t below)
{
    scene->state = scene->state * 1664525u + 1013904223u;
    return (uint32_t) ((uint64_t) (scene->state >> 4) * below >> 28);
}

static str piece(struct scene *scene, unsigned most)
{
    static const char *const letters[] = { "a", "b", "/", "/", "-",       "+",
                                           " ", "%", "&", "<", "\xc3\xa4" };
    struct buf buf;
    buf_init_arena(&buf, scene->wire->arena, 64);
    for (uint32_t n = 1 + chance(scene, most); n > 0; n--)
        buf_add(&buf, str_of(letters[chance(scene, COUNT(letters))]));
    return buf_str(&buf);
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const str *) a, *(const str *) b);
}

static void send(struct scene *scene, const char *verb, str key, const char *query, int status)
{
    str target = str_format(scene->wire->arena, "/bucket/%.*s%s",
                            STR_ARG(encode_uri(scene->wire->arena, key, true)), query);
    assert_status(wire_ask(scene->wire, verb, target.ptr, ""), status);
}

static void fill(struct scene *scene)
{
    for (unsigned i = 0; i < KEYS; i++) {
        str key = piece(scene, 5);
        if (bsearch(&key, scene->keys[OBJECTS_V1].at, scene->keys[OBJECTS_V1].count, sizeof key,
                    compare))
            continue;
        uint32_t versions = 1 + chance(scene, 3), uploads = chance(scene, 3);
        for (uint32_t v = 0; v < versions; v++) {
            send(scene, v == 1 ? "DELETE" : "PUT", key, "", v == 1 ? 204 : 200);
            scene->keys[VERSIONS].at[scene->keys[VERSIONS].count++] = key;
        }
        for (uint32_t u = 0; u < uploads; u++) {
            send(scene, "POST", key, "?uploads", 200);
            scene->keys[UPLOADS].at[scene->keys[UPLOADS].count++] = key;
        }
        if (versions != 2) { /* else a marker is current */
            scene->keys[OBJECTS_V1].at[scene->keys[OBJECTS_V1].count++] = key;
            qsort(scene->keys[OBJECTS_V1].at, scene->keys[OBJECTS_V1].count, sizeof key, compare);
        }
    }
    scene->keys[OBJECTS_V2] = scene->keys[OBJECTS_V1];
    for (unsigned kind = 0; kind < KINDS; kind++)
        qsort(scene->keys[kind].at, scene->keys[kind].count, sizeof(str), compare);
}

/* The model: everything, looked at one by one. */
static void expect(const struct scene *scene, const struct asked *asked, struct names *out)
{
    const struct names *keys = &scene->keys[asked->kind];
    out->count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        str key = keys->at[i];
        if (!str_starts(key, asked->prefix))
            continue;
        str rest = str_skip(key, asked->prefix.size);
        size_t cut = asked->delimiter.size > 0 ? str_find(rest, asked->delimiter) : rest.size;
        bool rolled = cut < rest.size;
        if (rolled)
            key = str_first(key, asked->prefix.size + cut + asked->delimiter.size);
        if (asked->after.size > 0 && str_cmp(key, asked->after) <= 0)
            continue;
        if (rolled && out->count > 0 && str_eq(out->at[out->count - 1], key))
            continue;
        out->at[out->count++] = key;
    }
}

static str said(struct scene *scene, const struct asked *asked, const struct xml *node,
                const char *element)
{
    str text = xml_text(node, element);
    return asked->url ? decode_uri(scene->wire->arena, text, false) : text;
}

static void collect(struct scene *scene, const struct asked *asked, const struct xml *root,
                    struct names *page)
{
    static const char *const elements[] = { "Contents", "Version", "DeleteMarker", "Upload" };
    page->count = 0;
    for (const struct xml *node = root->child; node; node = node->next) {
        if (str_is(node->name, "CommonPrefixes"))
            page->at[page->count++] = said(scene, asked, node, "Prefix");
        for (size_t i = 0; i < COUNT(elements); i++)
            if (str_is(node->name, elements[i]))
                page->at[page->count++] = said(scene, asked, node, "Key");
    }
    qsort(page->at, page->count, sizeof(str), compare);
}

static void add(struct scene *scene, struct buf *target, const char *name, str value)
{
    struct arena *arena = scene->wire->arena;
    if (value.size > 0)
        buf_addf(target, "&%s=%.*s", name, STR_ARG(encode_uri(arena, value, false)));
}

/* Where the next page begins, as the answer says it: two parameters' values. */
struct mark {
    str name, id;
};

static const struct xml *ask(struct scene *scene, const struct asked *asked, struct mark from)
{
    static const char *const selectors[] = { "x-id=v1", "list-type=2", "versions", "uploads" };
    static const char *const markers[][2] = { { "marker", "" },
                                              { "continuation-token", "" },
                                              { "key-marker", "version-id-marker" },
                                              { "key-marker", "upload-id-marker" } };
    struct buf target;
    buf_init_arena(&target, scene->wire->arena, 2048);
    buf_addf(&target, "/bucket?%s", selectors[asked->kind]);
    add(scene, &target, "prefix", asked->prefix);
    add(scene, &target, "delimiter", asked->delimiter);
    add(scene, &target, asked->kind == OBJECTS_V2 ? "start-after" : markers[asked->kind][0],
        from.name.size > 0 && asked->kind != OBJECTS_V2 ? from.name : asked->after);
    if (asked->kind == OBJECTS_V2)
        add(scene, &target, markers[OBJECTS_V2][0], from.name);
    add(scene, &target, markers[asked->kind][1], from.id);
    buf_addf(&target, "&%s=%u%s", asked->kind == UPLOADS ? "max-uploads" : "max-keys", asked->max,
             asked->url ? "&encoding-type=url" : "");
    struct got got = wire_ask(scene->wire, "GET", str_c(scene->wire->arena, buf_str(&target)), "");
    assert_status(got, 200);
    const struct xml *root = xml_parse(scene->wire->arena, got.body);
    assert_non_null(root);
    return root;
}

static struct mark mark_of(struct scene *scene, const struct asked *asked, const struct xml *root,
                           const struct names *page)
{
    switch (asked->kind) {
    case OBJECTS_V1: /* "only returned if you have the delimiter request parameter specified" */
        assert_int_equal(xml_child(root, "NextMarker") != NULL, asked->delimiter.size > 0);
        return (struct mark){ asked->delimiter.size > 0 ? said(scene, asked, root, "NextMarker")
                                                        : page->at[page->count - 1],
                              STR_NONE };
    case OBJECTS_V2:
        return (struct mark){ xml_text(root, "NextContinuationToken"), STR_NONE };
    case VERSIONS:
        return (struct mark){ said(scene, asked, root, "NextKeyMarker"),
                              xml_text(root, "NextVersionIdMarker") };
    case UPLOADS: /* a page of prefixes alone has no markers, as recorded: the last one is it */
        if (xml_text(root, "NextKeyMarker").size == 0)
            return (struct mark){ page->at[page->count - 1], STR_NONE };
        return (struct mark){ said(scene, asked, root, "NextKeyMarker"),
                              xml_text(root, "NextUploadIdMarker") };
    case KINDS:
        break;
    }
    fail();
    return (struct mark){ STR_NONE, STR_NONE };
}

static void walk(struct scene *scene, const struct asked *asked)
{
    struct names expected, page;
    struct mark from = { STR_NONE, STR_NONE };
    size_t at = 0;
    bool more = true;
    expect(scene, asked, &expected);
    while (more) {
        const struct xml *root = ask(scene, asked, from);
        collect(scene, asked, root, &page);
        more = str_is(xml_text(root, "IsTruncated"), "true");
        if (asked->kind == OBJECTS_V2)
            assert_str(xml_text(root, "KeyCount"),
                       str_format(scene->wire->arena, "%zu", page.count).ptr);
        bool right = page.count <= asked->max && at + page.count <= expected.count &&
                     more == (at + page.count < expected.count) &&
                     (!more || page.count == asked->max);
        for (size_t i = 0; right && i < page.count; i++)
            right = str_eq(page.at[i], expected.at[at + i]);
        if (!right)
            fail_msg("kind %d prefix '%.*s' delimiter '%.*s' after '%.*s' max %u url %d: "
                     "after %zu of %zu names a page of %zu, more %d",
                     (int) asked->kind, STR_ARG(asked->prefix), STR_ARG(asked->delimiter),
                     STR_ARG(asked->after), asked->max, asked->url, at, expected.count, page.count,
                     more);
        at += page.count;
        if (more)
            from = mark_of(scene, asked, root, &page);
    }
}

TEST(clients_page_through_every_kind_of_listing_as_a_model_does)
{
    struct scene scene = { .wire = wire_open(), .state = 20260102 };
    wire_bucket(scene.wire, "/bucket", true);
    fill(&scene);
    for (unsigned i = 0; i < LISTINGS; i++) {
        struct asked asked = { .kind = (enum kind) chance(&scene, KINDS),
                               .max = 1 + chance(&scene, chance(&scene, 3) ? 7 : 1000),
                               .url = chance(&scene, 2) };
        const struct names *keys = &scene.keys[asked.kind];
        str some = keys->at[chance(&scene, (uint32_t) keys->count)];
        if (chance(&scene, 2))
            asked.delimiter = chance(&scene, 3) ? STR("/") : piece(&scene, 2);
        if (chance(&scene, 3) == 0)
            asked.prefix = piece(&scene, 1);
        if (chance(&scene, 3) == 0)
            asked.after = chance(&scene, 2) ? some : piece(&scene, 3);
        walk(&scene, &asked);
    }
    wire_close(scene.wire);
}
