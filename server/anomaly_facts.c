/* Comparing sightings, asking the store about them, and putting findings into words. */
#include "server/anomaly_facts.h"

#include "base/json.h"
#include "server/clients.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/s3/handlers.h"
#include "server/world.h"

#define MOST_VERSIONS 50 /* looked at in one Region for an overwritten one */

static struct short_text shorten(str text)
{
    struct short_text out = { 0 };
    size_t size = text.size < sizeof out.text - 1 ? text.size : sizeof out.text - 1;
    if (size > 0)
        memcpy(out.text, text.ptr, size);
    out.size = (unsigned char) size;
    return out;
}

static str view(const struct short_text *text)
{
    return str_from(text->text, text->size);
}

str sighting_version(const struct sighting *sighting)
{
    return view(&sighting->version);
}

str sighting_region(const struct sighting *sighting)
{
    return sighting->region == REGION_NONE ? STR("nowhere") : region_at(sighting->region)->code;
}

/* storage's order of versions: stamp, origin, id. */
bool sighting_is_newer(const struct sighting *a, const struct sighting *b)
{
    if (a->stamp_us != b->stamp_us)
        return a->stamp_us > b->stamp_us;
    int by_origin = str_cmp(view(&a->origin), view(&b->origin));
    return by_origin != 0 ? by_origin > 0 : str_cmp(view(&a->version), view(&b->version)) > 0;
}

static void fill(struct sighting *sighting, const struct version_info *version)
{
    sighting->marker = version->marker;
    sighting->version = shorten(version->id);
    sighting->etag = shorten(version->etag);
    sighting->origin = shorten(version->origin);
    sighting->stamp_us = version->stamp_us;
}

static struct sighting new_sighting(const struct request *rq)
{
    return (struct sighting){ .is_set = true,
                              .region = region_find(rq->region),
                              .bucket = rq->bucket.id,
                              .request = shorten(rq->id),
                              .at = rq->received_at,
                              .answered_ns = clock_mono().ns };
}

struct sighting anomaly_facts_of_read(const struct request *rq)
{
    struct sighting sighting = new_sighting(rq);
    if (rq->freshness->served)
        fill(&sighting, rq->freshness->served);
    return sighting;
}

bool anomaly_facts_is_write(const struct request *rq)
{
    op_fn *handle = rq->op->handle;
    return handle == op_put_object || handle == op_complete_upload || handle == op_copy_object ||
           (handle == op_delete_object && !request_has_query(rq, "versionId"));
}

struct sighting anomaly_facts_of_write(const struct request *rq)
{
    struct sighting sighting = new_sighting(rq);
    str id = fields_get(&rq->reply.headers, "x-amz-version-id");
    str etag = str_trim(fields_get(&rq->reply.headers, "ETag"));
    sighting.version = shorten(str_is(id, "null") ? STR_NONE : id);
    if (etag.size > 2)
        sighting.etag = shorten(str_from(etag.ptr + 1, etag.size - 2));
    sighting.marker = rq->op->handle == op_delete_object;
    return sighting;
}

/* --- questions to the store --- */

/* Fills stamp and origin; false when the version is gone. */
static bool look_up(struct request *rq, struct sighting *sighting)
{
    struct version_info version;
    enum store_result result =
        store_version_get(rq->lane->reader, rq->arena, sighting->bucket, rq->address.key,
                          sighting_version(sighting), &version);
    if (result != STORE_OK && !(result == STORE_IS_MARKER && sighting->marker))
        return false;
    fill(sighting, &version);
    return true;
}

bool anomaly_facts_goes_back(struct request *rq, const struct sighting *before,
                             const struct sighting *now)
{
    struct sighting there = *before;
    if (!before->is_set || before->answered_ns >= rq->received.ns || before->version.size == 0 ||
        str_eq(sighting_version(before), sighting_version(now)) || !look_up(rq, &there))
        return false;
    bool got_object = now->version.size > 0 && !now->marker;
    if (there.marker && !got_object)
        return false; /* deleted is deleted */
    return now->version.size == 0 || sighting_is_newer(&there, now);
}

/* The newest version in one bucket that lies between two sightings. */
static bool find_between(struct request *rq, const struct bucket_info *bucket,
                         const struct sighting *low, const struct sighting *high,
                         struct sighting *out)
{
    struct list_page page;
    struct list_query query = {
        .kind = LIST_VERSIONS, .bucket = bucket->id, .prefix = rq->address.key, .max = MOST_VERSIONS
    };
    if (store_list(rq->lane->reader, rq->arena, &query, &page) != STORE_OK)
        return false;
    for (size_t i = 0; i < page.count && str_eq(page.at[i].key, rq->address.key); i++) {
        struct sighting seen = { .is_set = true,
                                 .region = region_find(page.at[i].version.origin),
                                 .bucket = bucket->id,
                                 .at = page.at[i].version.modified };
        fill(&seen, &page.at[i].version);
        if (seen.marker || !sighting_is_newer(high, &seen) || !sighting_is_newer(&seen, low))
            continue;
        *out = seen;
        return true;
    }
    return false;
}

bool anomaly_facts_lost(struct request *rq, const struct sighting *wrote,
                        const struct sighting *now, struct sighting *base, struct sighting *lost)
{
    struct sighting own = *wrote, made = *now, found;
    struct bucket_info bucket;
    bool any = false;
    if (base->answered_ns >= rq->received.ns)
        return false;
    store_read_begin(rq->lane->reader); /* the write is committed: look at what it left */
    if (!look_up(rq, &made))
        return false;
    if (own.is_set && own.version.size > 0 && look_up(rq, &own) && sighting_is_newer(&own, base))
        *base = own;
    for (size_t i = 0; i < rq->mrap->member_count; i++)
        if (store_bucket_get(rq->lane->reader, rq->arena, rq->mrap->members[i].bucket, &bucket) ==
                STORE_OK &&
            find_between(rq, &bucket, base, &made, &found) &&
            (!any || sighting_is_newer(&found, lost))) {
            *lost = found;
            any = true;
        }
    return any;
}

/* Not copied, a write buries nothing: two buckets go on side by side. */
static bool will_be_copied(struct request *rq, struct sighting *made)
{
    struct version_info version;
    if (store_version_get(rq->lane->reader, rq->arena, made->bucket, rq->address.key,
                          sighting_version(made), &version) != STORE_OK ||
        version.repl_status == REPL_NONE)
        return false;
    fill(made, &version);
    return true;
}

bool anomaly_facts_buried(struct request *rq, const struct sighting *wrote,
                          const struct sighting *now, struct sighting *lost)
{
    struct sighting made = *now, between;
    struct bucket_info bucket;
    struct version_info other;
    bool any = false, looked = false;
    if (!store_bucket_may_have(&rq->bucket, STR(CONFIG_REPLICATION_RULES)))
        return false; /* without a look at the store */
    store_read_begin(rq->lane->reader);
    for (size_t i = 0; i < rq->mrap->member_count; i++) {
        str name = rq->mrap->members[i].bucket;
        struct sighting seen = { .is_set = true, .region = rq->mrap->members[i].region };
        if (str_eq(name, rq->bucket.name) ||
            store_bucket_get(rq->lane->reader, rq->arena, name, &bucket) != STORE_OK ||
            store_version_get(rq->lane->reader, rq->arena, bucket.id, rq->address.key, STR_NONE,
                              &other) != STORE_OK ||
            (wrote->is_set && str_eq(other.id, sighting_version(wrote))))
            continue;
        if (!looked && !will_be_copied(rq, &made))
            return false;
        looked = true;
        fill(&seen, &other);
        seen.bucket = bucket.id;
        seen.at = other.modified;
        if (sighting_is_newer(&made, &seen) && (!any || sighting_is_newer(&seen, lost)) &&
            store_version_get(rq->lane->reader, rq->arena, now->bucket, rq->address.key, other.id,
                              &other) != STORE_OK &&
            !find_between(rq, &rq->bucket, &seen, &made, &between)) { /* else buried before */
            *lost = seen;
            any = true;
        }
    }
    return any;
}

bool anomaly_facts_is_current(struct request *rq, const struct sighting *sighting)
{
    struct version_info version;
    store_read_begin(rq->lane->reader);
    return store_version_get(rq->lane->reader, rq->arena, sighting->bucket, rq->address.key,
                             STR_NONE, &version) == STORE_OK &&
           !version.marker && str_eq(version.id, sighting_version(sighting));
}

/* --- words --- */

void anomaly_facts_add(struct finding *finding, const char *what, const struct sighting *sighting)
{
    if (finding->witness_count < FINDING_WITNESSES)
        finding->witnesses[finding->witness_count++] = (struct witness){ what, *sighting };
}

void anomaly_facts_add_newest(struct finding *finding, const struct freshness *freshness)
{
    struct sighting newest = { .is_set = true,
                               .marker = freshness->etag.size == 0,
                               .region = region_find(freshness->region),
                               .version = shorten(freshness->version_id),
                               .etag = shorten(freshness->etag),
                               .at = freshness->acknowledged };
    anomaly_facts_add(finding, newest.marker ? "delete" : "write", &newest);
}

str anomaly_facts_of_freshness(struct request *rq, str session)
{
    const struct freshness *f = rq->freshness;
    static const char *const got[] = { "", "an older version", "nothing", "an object" };
    return str_format(rq->arena,
                      "%.*s read %.*s in %.*s and got %s, though %s was acknowledged in %.*s "
                      "%.*s before.",
                      STR_ARG(session), STR_ARG(rq->address.key), STR_ARG(rq->region),
                      got[f->verdict],
                      f->verdict == RESURRECTED ? "its deletion"
                      : f->verdict == MISSING   ? "a write"
                                                : "a newer one",
                      STR_ARG(f->region), STR_ARG(duration_told(rq->arena, f->age)));
}

str anomaly_facts_of_going_back(struct request *rq, str session, const struct sighting *before,
                                const struct sighting *now, bool own)
{
    bool got_object = now->version.size > 0 && !now->marker;
    str got =
        got_object ? str_format(rq->arena, "the older %.8s", now->version.text) : STR("nothing");
    return str_format(rq->arena, "%.*s %s %.*s %.8s in %.*s, then read %.*s in %.*s.",
                      STR_ARG(session),
                      before->marker ? (own ? "deleted" : "saw deleted") : (own ? "wrote" : "read"),
                      STR_ARG(rq->address.key), before->version.text,
                      STR_ARG(sighting_region(before)), STR_ARG(got), STR_ARG(rq->region));
}

static void write_witness(struct json_writer *w, struct arena *arena, const struct witness *witness)
{
    const struct sighting *s = &witness->sighting;
    json_object(w, NULL);
    json_text(w, "what", str_of(witness->what));
    json_text(w, "at", instant_iso8601(arena, s->at));
    if (s->region != REGION_NONE)
        json_text(w, "region", region_at(s->region)->code);
    if (s->request.size > 0)
        json_text(w, "request", view(&s->request));
    if (s->version.size > 0)
        json_text(w, "version_id", view(&s->version));
    if (s->etag.size > 0)
        json_text(w, "etag", view(&s->etag));
    if (s->marker)
        json_boolean(w, "delete_marker", true);
    json_end(w);
}

void anomaly_facts_write(struct arena *arena, const struct finding *finding, const char *kind,
                         uint64_t number, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w, NULL);
    json_integer(&w, "number", (int64_t) number);
    json_text(&w, "kind", str_of(kind));
    json_text(&w, "at", instant_iso8601(arena, finding->at));
    if (finding->session.size > 0)
        json_text(&w, "session", finding->session);
    json_text(&w, "mrap", finding->mrap);
    json_text(&w, "key", finding->key);
    json_text(&w, "sentence", finding->sentence);
    json_array(&w, "witnesses");
    for (size_t i = 0; i < finding->witness_count; i++)
        write_witness(&w, arena, &finding->witnesses[i]);
    json_end(&w);
    json_end(&w);
}
