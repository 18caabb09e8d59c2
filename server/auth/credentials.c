/* The credential table, and what is derived from its secrets.
 *
 * SigV4 derives a key from (secret, day, Region, service) with four HMACs: kept in a cache of sets
 * of four, where the oldest of a set makes room, so a client that invents Regions costs nothing but
 * its own misses. SigV4A derives a P-256 point from the credential alone: kept beside it.
 * A credential that is replaced gets a new id, so what was derived from the old secret is never
 * found again.
 */
#include "server/auth/credentials.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/lock.h"
#include "base/rng.h"
#include "server/auth/sigv2.h"
#include "server/auth/sigv4.h"

#define BUCKETS 1024
#define WAYS 4
#define SETS (CREDENTIAL_CACHE / WAYS)

struct entry {
    struct entry *next;  /* in its bucket */
    struct entry *newer; /* among the temporary ones */
    uint64_t id;
    bool from_config;
    str access_key, secret, account, arn, token; /* each its own allocation */
    instant expires;                             /* of a session's */
    sigv4a_key *point;                           /* derived when first asked for */
};

struct derived {
    uint64_t id;   /* of the credential; 0: free */
    uint64_t made; /* when, in cache fills */
    char scope[CLAIM_CREDENTIAL_BYTES];
    size_t scope_size; /* "date/region/service/aws4_request" */
    unsigned char key[SIGV4_KEY_BYTES];
};

struct credentials {
    struct mutex lock;
    struct entry *buckets[BUCKETS];
    struct entry *oldest, *newest; /* temporary ones */
    size_t temporary;
    uint64_t last_id;
    struct derived *sets[SETS]; /* WAYS each, allocated when first needed */
    uint64_t fills;
};

struct credentials *credentials_new(void)
{
    struct credentials *credentials = mem_alloc(sizeof *credentials);
    mutex_init(&credentials->lock);
    return credentials;
}

static str keep(str s)
{
    char *bytes = mem_alloc(s.size + 1);
    if (s.size > 0)
        memcpy(bytes, s.ptr, s.size);
    return str_from(bytes, s.size);
}

static void drop(str *s)
{
    void *bytes = (void *) (uintptr_t) s->ptr;
    if (bytes)
        OPENSSL_cleanse(bytes, s->size);
    free(bytes);
    *s = STR_NONE;
}

static void entry_free(struct entry *entry)
{
    drop(&entry->access_key);
    drop(&entry->secret);
    drop(&entry->account);
    drop(&entry->arn);
    drop(&entry->token);
    sigv4a_key_free(entry->point);
    free(entry);
}

static void clear_locked(struct credentials *credentials)
{
    mutex_assert_held(&credentials->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *entry = credentials->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            entry_free(entry);
        }
    for (size_t i = 0; i < SETS; i++) {
        if (credentials->sets[i])
            OPENSSL_cleanse(credentials->sets[i], WAYS * sizeof *credentials->sets[i]);
        free(credentials->sets[i]);
    }
    memset(credentials->buckets, 0, sizeof credentials->buckets);
    memset(credentials->sets, 0, sizeof credentials->sets);
    credentials->oldest = credentials->newest = NULL;
    credentials->temporary = 0;
}

void credentials_clear(struct credentials *credentials)
{
    SCOPED_LOCK(&credentials->lock);
    clear_locked(credentials);
}

void credentials_free(struct credentials *credentials)
{
    if (credentials == NULL)
        return;
    credentials_clear(credentials);
    mutex_fini(&credentials->lock);
    free(credentials);
}

static struct entry **slot_of(struct credentials *credentials, str access_key)
{
    struct entry **slot = &credentials->buckets[rng_hash(access_key) % BUCKETS];
    while (*slot && !str_eq((*slot)->access_key, access_key))
        slot = &(*slot)->next;
    return slot;
}

static struct entry *find_locked(struct credentials *credentials, str access_key)
{
    mutex_assert_held(&credentials->lock);
    return *slot_of(credentials, access_key);
}

static void forget_age_locked(struct credentials *credentials, const struct entry *entry)
{
    mutex_assert_held(&credentials->lock);
    struct entry *before = NULL;
    for (struct entry *at = credentials->oldest; at; before = at, at = at->newer) {
        if (at != entry)
            continue;
        if (before)
            before->newer = at->newer;
        else
            credentials->oldest = at->newer;
        if (credentials->newest == at)
            credentials->newest = before;
        credentials->temporary--;
        return;
    }
}

static void remove_locked(struct credentials *credentials, str access_key)
{
    struct entry **slot = slot_of(credentials, access_key);
    struct entry *entry = *slot;
    if (entry == NULL)
        return;
    *slot = entry->next;
    if (!entry->from_config)
        forget_age_locked(credentials, entry);
    entry_free(entry);
}

static void remember_age_locked(struct credentials *credentials, struct entry *entry)
{
    mutex_assert_held(&credentials->lock);
    if (credentials->newest)
        credentials->newest->newer = entry;
    else
        credentials->oldest = entry;
    credentials->newest = entry;
    if (++credentials->temporary > CREDENTIALS_TEMPORARY)
        remove_locked(credentials, credentials->oldest->access_key);
}

void credentials_add(struct credentials *credentials, str access_key, str secret, str account,
                     bool from_config)
{
    if (access_key.size == 0 || access_key.size > CREDENTIAL_KEY_BYTES ||
        secret.size > CREDENTIAL_SECRET_BYTES)
        return;
    struct entry *entry = mem_alloc(sizeof *entry);
    entry->access_key = keep(access_key);
    entry->secret = keep(secret);
    entry->account = keep(account);
    entry->from_config = from_config;

    SCOPED_LOCK(&credentials->lock);
    remove_locked(credentials, access_key);
    entry->id = ++credentials->last_id;
    struct entry **slot = slot_of(credentials, access_key);
    entry->next = *slot;
    *slot = entry;
    if (!from_config)
        remember_age_locked(credentials, entry);
}

void credentials_remove(struct credentials *credentials, str access_key)
{
    SCOPED_LOCK(&credentials->lock);
    remove_locked(credentials, access_key);
}

void credentials_set_arn(struct credentials *credentials, str access_key, str arn)
{
    SCOPED_LOCK(&credentials->lock);
    struct entry *entry = find_locked(credentials, access_key);
    if (entry == NULL)
        return;
    drop(&entry->arn);
    entry->arn = keep(arn);
}

void credentials_set_session(struct credentials *credentials, str access_key, str token,
                             instant expires)
{
    SCOPED_LOCK(&credentials->lock);
    struct entry *entry = find_locked(credentials, access_key);
    if (entry == NULL)
        return;
    drop(&entry->token);
    entry->token = keep(token);
    entry->expires = expires;
}

bool credentials_find(struct credentials *credentials, struct arena *arena, str access_key,
                      struct credential *out)
{
    SCOPED_LOCK(&credentials->lock);
    const struct entry *entry = find_locked(credentials, access_key);
    if (entry == NULL)
        return false;
    *out = (struct credential){ .account = str_copy(arena, entry->account),
                                .arn = entry->arn.size ? str_copy(arena, entry->arn) : STR(""),
                                .from_config = entry->from_config,
                                .session_token =
                                    entry->token.size ? str_copy(arena, entry->token) : STR(""),
                                .expires = entry->expires };
    return true;
}

/* The slot that holds the scope's key, or the one to fill: free, or the oldest of its set. */
static struct derived *derived_locked(struct credentials *credentials, uint64_t id, str scope)
{
    mutex_assert_held(&credentials->lock);
    struct derived **set = &credentials->sets[(rng_hash(scope) ^ id) % SETS];
    if (*set == NULL)
        *set = mem_alloc(WAYS * sizeof **set);
    struct derived *oldest = *set;
    for (size_t i = 0; i < WAYS; i++) {
        struct derived *derived = *set + i;
        if (derived->id == id && str_eq(str_from(derived->scope, derived->scope_size), scope))
            return derived;
        if (derived->made < oldest->made)
            oldest = derived;
    }
    oldest->id = 0;
    return oldest;
}

static void sigv4_key_locked(struct credentials *credentials, const struct entry *entry,
                             const struct claim *claim, unsigned char key[SIGV4_KEY_BYTES])
{
    struct derived *derived = derived_locked(credentials, entry->id, claim->scope);
    if (derived->id == 0) {
        sigv4_signing_key(entry->secret, claim->date, claim->region, claim->service, derived->key);
        memcpy(derived->scope, claim->scope.ptr, claim->scope.size);
        derived->scope_size = claim->scope.size;
        derived->id = entry->id;
        derived->made = ++credentials->fills;
    }
    memcpy(key, derived->key, SIGV4_KEY_BYTES);
}

bool credentials_verifier(struct credentials *credentials, struct arena *arena,
                          const struct claim *claim, struct verifier *out)
{
    *out = (struct verifier){ .algorithm = claim->algorithm };
    SCOPED_LOCK(&credentials->lock);
    struct entry *entry = find_locked(credentials, claim->access_key);
    if (entry == NULL || claim->scope.size > CLAIM_CREDENTIAL_BYTES)
        return false;
    if (claim->algorithm == AUTH_SIGV4) {
        sigv4_key_locked(credentials, entry, claim, out->hmac_key);
        return true;
    }
    if (entry->point == NULL)
        entry->point = sigv4a_key_new(entry->access_key, entry->secret);
    out->point = sigv4a_key_share(entry->point);
    arena_defer(arena, sigv4a_key_free, out->point);
    return true;
}

bool credentials_accept_sigv2(struct credentials *credentials, struct arena *arena,
                              const struct claim *claim, str string_to_sign)
{
    SCOPED_LOCK(&credentials->lock);
    const struct entry *entry = find_locked(credentials, claim->access_key);
    return entry && sigv2_accepts(arena, entry->secret, string_to_sign, claim->signature);
}

bool verifier_accepts(const struct verifier *verifier, str string_to_sign, str signature)
{
    return verifier->algorithm == AUTH_SIGV4A
               ? sigv4a_accepts(verifier->point, string_to_sign, signature)
               : sigv4_accepts(verifier->hmac_key, string_to_sign, signature);
}
