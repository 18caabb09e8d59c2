/* Orders of sessions; see anomaly_order.h. A story of a key is its latest write, the same session's
 * write before it, and the other key that this session had last seen or written by then. */
#include "server/anomaly_order.h"

#include <stdlib.h>

#include "base/lock.h"
#include "base/rng.h"
#include "server/mraps.h"
#include "server/world.h"

struct story {
    uint64_t hash; /* of access point and key; 0: free */
    uint64_t session;
    struct sighting earlier, later;
    struct key_sighting before;
};

struct teller {
    uint64_t hash; /* of access point and session; 0: free */
    struct key_sighting last, other;
};

struct anomaly_order {
    struct mutex lock;
    struct story stories[ANOMALIES_STORIES];
    struct teller tellers[ANOMALIES_TELLERS];
};

struct anomaly_order *anomaly_order_new(void)
{
    struct anomaly_order *order = mem_alloc(sizeof *order);
    mutex_init(&order->lock);
    return order;
}

void anomaly_order_free(struct anomaly_order *order)
{
    mutex_fini(&order->lock);
    free(order);
}

void anomaly_order_clear(struct anomaly_order *order)
{
    SCOPED_LOCK(&order->lock);
    memset(order->stories, 0, sizeof order->stories);
    memset(order->tellers, 0, sizeof order->tellers);
}

static uint64_t hash_with(const struct request *rq, str name)
{
    return (rng_hash(name) * 3 + rng_hash(rq->mrap->name) * 5) | 1;
}

static struct story *story_of(struct anomaly_order *order, const struct request *rq, uint64_t *hash)
{
    *hash = hash_with(rq, rq->address.key);
    return &order->stories[(*hash >> 1) % ANOMALIES_STORIES];
}

static str key_of(const struct key_sighting *seen)
{
    return str_from(seen->key, seen->key_size);
}

static void set_key(struct key_sighting *seen, str key, const struct sighting *now)
{
    seen->key_size = (unsigned char) key.size;
    memcpy(seen->key, key.ptr, key.size);
    seen->sighting = *now;
}

/* What the session knew last of another key than this one. */
static struct key_sighting known_locked(const struct teller *teller, uint64_t hash, str key)
{
    if (teller->hash != hash)
        return (struct key_sighting){ 0 };
    return str_eq(key_of(&teller->last), key) ? teller->other : teller->last;
}

static void learn_locked(struct teller *teller, uint64_t hash, str key, const struct sighting *now)
{
    if (teller->hash != hash)
        *teller = (struct teller){ .hash = hash };
    if (teller->last.key_size > 0 && !str_eq(key_of(&teller->last), key))
        teller->other = teller->last;
    set_key(&teller->last, key, now);
}

static struct teller *teller_of(struct anomaly_order *order, const struct request *rq, str session,
                                uint64_t *hash)
{
    *hash = hash_with(rq, session);
    return &order->tellers[(*hash >> 1) % ANOMALIES_TELLERS];
}

void anomaly_order_saw(struct anomaly_order *order, const struct request *rq, str session,
                       const struct sighting *now)
{
    uint64_t hash;
    struct teller *teller = teller_of(order, rq, session, &hash);
    if (now->version.size == 0 || now->marker || rq->address.key.size > ANOMALIES_KEY_BYTES)
        return;
    SCOPED_LOCK(&order->lock);
    learn_locked(teller, hash, rq->address.key, now);
}

void anomaly_order_wrote(struct anomaly_order *order, const struct request *rq, str session,
                         const struct sighting *now)
{
    uint64_t story_hash, teller_hash;
    struct story *story = story_of(order, rq, &story_hash);
    struct teller *teller = teller_of(order, rq, session, &teller_hash);
    if (rq->address.key.size > ANOMALIES_KEY_BYTES)
        return;
    SCOPED_LOCK(&order->lock);
    bool same = story->hash == story_hash && story->session == teller_hash;
    *story = (struct story){ .hash = story_hash,
                             .session = teller_hash,
                             .earlier = same ? story->later : (struct sighting){ 0 },
                             .later = *now,
                             .before = known_locked(teller, teller_hash, rq->address.key) };
    if (!now->marker)
        learn_locked(teller, teller_hash, rq->address.key, now);
}

static bool is_there(struct request *rq, int64_t bucket, str key, const struct sighting *sighting)
{
    struct version_info version;
    enum store_result found = store_version_get(rq->lane->reader, rq->arena, bucket, key,
                                                sighting_version(sighting), &version);
    return found == STORE_OK || found == STORE_IS_MARKER;
}

bool anomaly_order_inverted(struct anomaly_order *order, struct request *rq,
                            const struct sighting *now, struct sighting *later)
{
    uint64_t hash;
    struct story *story = story_of(order, rq, &hash);
    mutex_lock(&order->lock);
    bool got_earlier = story->hash == hash && story->earlier.is_set &&
                       story->later.answered_ns < rq->received.ns &&
                       str_eq(sighting_version(&story->earlier), sighting_version(now));
    *later = story->later;
    mutex_unlock(&order->lock);
    return got_earlier && is_there(rq, rq->bucket.id, rq->address.key, later);
}

bool anomaly_order_dangling(struct anomaly_order *order, struct request *rq,
                            const struct sighting *now, struct key_sighting *missed)
{
    uint64_t hash;
    struct story *story = story_of(order, rq, &hash);
    mutex_lock(&order->lock);
    bool got_write = story->hash == hash && story->before.key_size > 0 &&
                     str_eq(sighting_version(&story->later), sighting_version(now));
    *missed = story->before;
    mutex_unlock(&order->lock);
    /* Still there where it was seen: a version that was deleted is nobody's to miss. */
    return got_write && missed->sighting.bucket != rq->bucket.id &&
           !is_there(rq, rq->bucket.id, key_of(missed), &missed->sighting) &&
           is_there(rq, missed->sighting.bucket, key_of(missed), &missed->sighting);
}
