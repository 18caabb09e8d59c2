/* What each session last saw and wrote of a key, and the ring of what was noticed. Judging reads
 * the store through the request's lane; the lock is held only to copy in and out. */
#include "server/anomalies.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/lock.h"
#include "base/rng.h"
#include "server/anomaly_order.h"
#include "server/clients.h"
#include "server/event_of.h"
#include "server/mraps.h"
#include "server/world.h"

static const char *const kinds[SEEN_KINDS] = {
    "stale-read",          "not-found-after-write",
    "resurrected",         "read-your-writes",
    "monotonic-reads",     "monotonic-writes",
    "writes-follow-reads", "lost-update",
    "double-create",       "diverged",
};

struct record {
    enum anomaly_kind kind;
    instant at;
    uint64_t state; /* diverged */
    str json;       /* follows the struct */
};

struct session {
    uint64_t hash; /* 0: free */
    struct sighting wrote, read;
};

struct creation {
    uint64_t hash;
    struct sighting made;
};

struct anomalies {
    struct anomaly_order *order;
    struct mutex lock;
    struct record *kept[ANOMALIES_KEPT];
    uint64_t count; /* of all; the next one's number is count + 1 */
    uint64_t by_kind[SEEN_KINDS];
    struct session sessions[ANOMALIES_SESSIONS];
    struct creation creations[ANOMALIES_CREATIONS];
};

const char *anomalies_kind_name(enum anomaly_kind kind)
{
    return kinds[kind];
}

bool anomalies_parse_kinds(str text, unsigned *out, str *unknown)
{
    str word;
    *out = 0;
    while (str_next(&text, ',', &word)) {
        unsigned i = 0;
        while (i < SEEN_KINDS && !str_is(word, kinds[i]))
            i++;
        *unknown = word;
        if (i == SEEN_KINDS)
            return false;
        *out |= 1u << i;
    }
    return *out != 0;
}

/* --- the ring --- */

struct anomalies *anomalies_open(void)
{
    struct anomalies *anomalies = mem_alloc(sizeof *anomalies);
    mutex_init(&anomalies->lock);
    anomalies->order = anomaly_order_new();
    return anomalies;
}

void anomalies_counts(struct anomalies *anomalies, uint64_t out[SEEN_KINDS])
{
    SCOPED_LOCK(&anomalies->lock);
    memcpy(out, anomalies->by_kind, sizeof anomalies->by_kind);
}

void anomalies_clear(struct anomalies *anomalies)
{
    anomaly_order_clear(anomalies->order);
    SCOPED_LOCK(&anomalies->lock);
    for (size_t i = 0; i < ANOMALIES_KEPT; i++) {
        free(anomalies->kept[i]);
        anomalies->kept[i] = NULL;
    }
    memset(anomalies->by_kind, 0, sizeof anomalies->by_kind);
    memset(anomalies->sessions, 0, sizeof anomalies->sessions);
    memset(anomalies->creations, 0, sizeof anomalies->creations);
}

void anomalies_close(struct anomalies *anomalies)
{
    anomalies_clear(anomalies);
    anomaly_order_free(anomalies->order);
    mutex_fini(&anomalies->lock);
    free(anomalies);
}

static bool was_said_locked(const struct anomalies *anomalies, const struct finding *finding)
{
    mutex_assert_held(&anomalies->lock);
    for (size_t i = 0; finding->state && i < ANOMALIES_KEPT; i++)
        if (anomalies->kept[i] && anomalies->kept[i]->state == finding->state)
            return true;
    return false;
}

/* The number, or 0 when it was said already. */
static uint64_t keep(struct anomalies *anomalies, struct arena *arena,
                     const struct finding *finding)
{
    struct buf text;
    buf_init_arena(&text, arena, LIMIT_XML_BYTES);
    SCOPED_LOCK(&anomalies->lock);
    if (was_said_locked(anomalies, finding))
        return 0;
    uint64_t number = ++anomalies->count;
    anomaly_facts_write(arena, finding, kinds[finding->kind], number, &text);
    struct record *record = mem_resize(NULL, sizeof *record + text.size);
    *record = (struct record){ finding->kind, finding->at, finding->state,
                               str_from(record + 1, text.size) };
    memcpy((char *) (record + 1), text.ptr, text.size);
    struct record **place = &anomalies->kept[number % ANOMALIES_KEPT];
    free(*place);
    *place = record;
    anomalies->by_kind[finding->kind]++;
    return number;
}

static void tell(struct request *rq, const struct finding *finding)
{
    struct event event = { .kind = EVENT_ANOMALY, .at = finding->at };
    uint64_t number = keep(rq->world->anomalies, rq->arena, finding);
    if (number == 0)
        return;
    rq->anomalies = str_format(rq->arena, "%.*s%s%s#%llu", STR_ARG(rq->anomalies),
                               rq->anomalies.size ? "," : "", kinds[finding->kind],
                               (unsigned long long) number);
    event.text[EVENT_ANOMALIES] = str_of(kinds[finding->kind]);
    event.text[EVENT_ID] = rq->id;
    event.text[EVENT_CLIENT] = rq->client->name;
    event.text[EVENT_PLACE] = rq->client->place.name;
    event.text[EVENT_SESSION] = finding->session;
    event.text[EVENT_MRAP] = finding->mrap;
    event.text[EVENT_KEY] = finding->key;
    event.text[EVENT_REGION] = rq->region;
    event.text[EVENT_DETAIL] = finding->sentence;
    events_emit(rq->world->events, &event);
}

/* --- sessions --- */

static str session_of(const struct request *rq)
{
    str given = request_get_header(rq, "x-atoll-session");
    return given.size > 0 ? given : rq->client->name;
}

static uint64_t hash_of(const struct request *rq, str session)
{
    uint64_t hash = rng_hash(rq->address.key) * 3 + rng_hash(rq->mrap->name) * 5;
    return (session.size ? hash ^ rng_hash(session) : hash) | 1;
}

/* What is known of (session, key); nothing when its place is another's. */
static struct session recall(struct anomalies *anomalies, uint64_t hash)
{
    SCOPED_LOCK(&anomalies->lock);
    const struct session *session = &anomalies->sessions[(hash >> 1) % ANOMALIES_SESSIONS];
    return session->hash == hash ? *session : (struct session){ .hash = hash };
}

static void remember(struct anomalies *anomalies, uint64_t hash, const struct sighting *wrote,
                     const struct sighting *read)
{
    SCOPED_LOCK(&anomalies->lock);
    struct session *session = &anomalies->sessions[(hash >> 1) % ANOMALIES_SESSIONS];
    if (session->hash != hash)
        *session = (struct session){ .hash = hash };
    if (wrote)
        session->wrote = *wrote;
    if (read)
        session->read = *read;
}

static struct finding new_finding(const struct request *rq, enum anomaly_kind kind)
{
    return (struct finding){ .kind = kind,
                             .at = rq->received_at,
                             .session = session_of(rq),
                             .mrap = rq->mrap->name,
                             .key = rq->address.key };
}

/* --- a read --- */

static void look_at_freshness(struct request *rq, const struct sighting *now)
{
    const struct freshness *f = rq->freshness;
    static const enum anomaly_kind of[] = { [FRESH] = SEEN_KINDS,
                                            [STALE] = SEEN_STALE_READ,
                                            [MISSING] = SEEN_NOT_FOUND,
                                            [RESURRECTED] = SEEN_RESURRECTED };
    if (f->verdict == FRESH)
        return;
    struct finding finding = new_finding(rq, of[f->verdict]);
    anomaly_facts_add(&finding, "read", now);
    anomaly_facts_add_newest(&finding, f);
    finding.sentence = anomaly_facts_of_freshness(rq, finding.session);
    tell(rq, &finding);
}

/* The session knew `before` for certain, and now gets something older. */
static void look_back(struct request *rq, enum anomaly_kind kind, const struct sighting *before,
                      const struct sighting *now)
{
    if (!anomaly_facts_goes_back(rq, before, now))
        return;
    struct finding finding = new_finding(rq, kind);
    anomaly_facts_add(&finding, kind == SEEN_READ_YOUR_WRITES ? "write" : "earlier read", before);
    anomaly_facts_add(&finding, "read", now);
    finding.sentence = anomaly_facts_of_going_back(rq, finding.session, before, now,
                                                   kind == SEEN_READ_YOUR_WRITES);
    tell(rq, &finding);
}

static void look_at_order(struct request *rq, const struct sighting *now)
{
    struct anomaly_order *order = rq->world->anomalies->order;
    struct sighting later;
    struct key_sighting missed;
    if (now->version.size == 0)
        return;
    if (anomaly_order_inverted(order, rq, now, &later)) {
        struct finding finding = new_finding(rq, SEEN_MONOTONIC_WRITES);
        anomaly_facts_add(&finding, "later write", &later);
        anomaly_facts_add(&finding, "read", now);
        finding.sentence = str_format(
            rq->arena,
            "One session wrote %.8s and then %.8s; in %.*s both are there, and the earlier one "
            "is what a read of %.*s gets.",
            now->version.text, later.version.text, STR_ARG(rq->region), STR_ARG(rq->address.key));
        tell(rq, &finding);
    }
    if (!now->marker && anomaly_order_dangling(order, rq, now, &missed)) {
        struct finding finding = new_finding(rq, SEEN_WRITES_FOLLOW_READS);
        anomaly_facts_add(&finding, "came before", &missed.sighting);
        anomaly_facts_add(&finding, "read", now);
        finding.sentence = str_format(
            rq->arena,
            "%.*s is in %.*s, but not yet %.*s %.8s, which its writer had seen or written before.",
            STR_ARG(rq->address.key), STR_ARG(rq->region), missed.key_size, missed.key,
            missed.sighting.version.text);
        tell(rq, &finding);
    }
}

static void look_at_read(struct request *rq)
{
    struct anomalies *anomalies = rq->world->anomalies;
    uint64_t hash = hash_of(rq, session_of(rq));
    struct session known = recall(anomalies, hash);
    struct sighting now = anomaly_facts_of_read(rq);
    look_at_freshness(rq, &now);
    look_back(rq, SEEN_READ_YOUR_WRITES, &known.wrote, &now);
    look_back(rq, SEEN_MONOTONIC_READS, &known.read, &now);
    look_at_order(rq, &now);
    anomaly_order_saw(anomalies->order, rq, session_of(rq), &now);
    if (now.version.size > 0 && (!known.read.is_set || sighting_is_newer(&now, &known.read)))
        remember(anomalies, hash, NULL, &now);
}

/* --- a write --- */

static void look_at_update(struct request *rq, const struct session *known,
                           const struct sighting *now)
{
    struct sighting lost, base = known->read;
    if (!anomaly_facts_lost(rq, &known->wrote, now, &base, &lost))
        return;
    struct finding finding = new_finding(rq, SEEN_LOST_UPDATE);
    anomaly_facts_add(&finding, "known before", &base);
    anomaly_facts_add(&finding, "overwritten unseen", &lost);
    anomaly_facts_add(&finding, "write", now);
    finding.sentence =
        str_format(rq->arena,
                   "%.*s knew version %.8s of %.*s and overwrote %.8s (written in %.*s), which it "
                   "had never seen.",
                   STR_ARG(finding.session), base.version.text, STR_ARG(rq->address.key),
                   lost.version.text, STR_ARG(sighting_region(&lost)));
    tell(rq, &finding);
}

static void look_at_blind_write(struct request *rq, const struct session *known,
                                const struct sighting *now)
{
    struct sighting lost;
    if (!anomaly_facts_buried(rq, &known->wrote, now, &lost))
        return;
    struct finding finding = new_finding(rq, SEEN_LOST_UPDATE);
    anomaly_facts_add(&finding, "buried unseen", &lost);
    anomaly_facts_add(&finding, "write", now);
    finding.sentence = str_format(
        rq->arena,
        "%.*s wrote %.8s of %.*s in %.*s, where %.8s (acknowledged in %.*s) had not come yet: when "
        "the copies arrive, that one lies below it.",
        STR_ARG(finding.session), now->version.text, STR_ARG(rq->address.key), STR_ARG(rq->region),
        lost.version.text, STR_ARG(sighting_region(&lost)));
    tell(rq, &finding);
}

static void look_at_creation(struct request *rq, const struct sighting *now)
{
    struct anomalies *anomalies = rq->world->anomalies;
    uint64_t hash = hash_of(rq, STR_NONE);
    struct creation *place = &anomalies->creations[(hash >> 1) % ANOMALIES_CREATIONS];
    mutex_lock(&anomalies->lock);
    struct creation first = *place;
    *place = (struct creation){ hash, *now };
    mutex_unlock(&anomalies->lock);
    if (first.hash != hash || !anomaly_facts_is_current(rq, &first.made) ||
        str_eq(sighting_version(&first.made), sighting_version(now)))
        return;
    struct finding finding = new_finding(rq, SEEN_DOUBLE_CREATE);
    anomaly_facts_add(&finding, "first create", &first.made);
    anomaly_facts_add(&finding, "second create", now);
    finding.sentence =
        str_format(rq->arena,
                   "If-None-Match: * created %.*s in %.*s and, the first still there, again in "
                   "%.*s: each Region looked only at itself.",
                   STR_ARG(rq->address.key), STR_ARG(sighting_region(&first.made)),
                   STR_ARG(sighting_region(now)));
    tell(rq, &finding);
}

static void look_at_write(struct request *rq)
{
    struct anomalies *anomalies = rq->world->anomalies;
    uint64_t hash = hash_of(rq, session_of(rq));
    struct session known = recall(anomalies, hash);
    struct sighting now = anomaly_facts_of_write(rq);
    if (now.version.size == 0)
        return; /* not versioned: nothing can be told apart */
    if (!now.marker && str_is(request_get_header(rq, "If-None-Match"), "*"))
        look_at_creation(rq, &now);
    else if (!now.marker && !known.read.is_set)
        look_at_blind_write(rq, &known, &now);
    if (!now.marker && known.read.is_set)
        look_at_update(rq, &known, &now);
    remember(anomalies, hash, &now, NULL);
    anomaly_order_wrote(anomalies->order, rq, session_of(rq), &now);
}

void anomalies_look(struct request *rq)
{
    if (rq->world->anomalies == NULL || rq->mrap == NULL || !rq->has_bucket ||
        rq->reply.cut != REPLY_CUT_NONE)
        return; /* an answer that never arrives tells its client nothing */
    if (rq->freshness)
        look_at_read(rq);
    else if (rq->code == S3_OK && anomaly_facts_is_write(rq))
        look_at_write(rq);
}

void anomalies_diverged(struct request *rq, const struct anomaly_difference *difference)
{
    struct finding finding = { .kind = SEEN_DIVERGED,
                               .at = rq->received_at,
                               .mrap = difference->mrap,
                               .key = difference->key,
                               .sentence = difference->sentence,
                               .state = difference->state | 1 };
    tell(rq, &finding);
}

/* --- telling --- */

void anomalies_show(struct anomalies *anomalies, unsigned wanted, instant since, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w, NULL);
    SCOPED_LOCK(&anomalies->lock);
    json_object(&w, "counts");
    for (unsigned i = 0; i < SEEN_KINDS; i++)
        if (wanted & 1u << i)
            json_integer(&w, kinds[i], (int64_t) anomalies->by_kind[i]);
    json_end(&w);
    json_array(&w, "anomalies");
    uint64_t oldest = anomalies->count > ANOMALIES_KEPT ? anomalies->count - ANOMALIES_KEPT + 1 : 1;
    for (uint64_t n = oldest; n <= anomalies->count; n++) {
        const struct record *record = anomalies->kept[n % ANOMALIES_KEPT];
        if (record && (wanted & 1u << record->kind) && !instant_before(record->at, since))
            json_raw(&w, NULL, record->json);
    }
    json_end(&w);
    json_end(&w);
}
