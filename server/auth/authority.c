/* Two tables of slots, each addressed by one hash: a look-up is one comparison. */
#include "server/auth/authority.h"

#include <stdlib.h>

#include "base/rng.h"
#include "base/str.h"

struct parsed {
    struct arena *arena; /* NULL: never used */
    str text;
    enum policy_kind kind;
    const struct policy *policy;
};

struct authority {
    struct parsed policies[AUTHORITY_POLICIES];
    struct authority_bucket buckets[AUTHORITY_BUCKETS];
};

struct authority *authority_open(void)
{
    return mem_alloc(sizeof(struct authority));
}

void authority_close(struct authority *authority)
{
    if (authority == NULL)
        return;
    for (size_t i = 0; i < AUTHORITY_POLICIES; i++)
        arena_free(authority->policies[i].arena);
    for (size_t i = 0; i < AUTHORITY_BUCKETS; i++)
        arena_free(authority->buckets[i].arena);
    free(authority);
}

static struct arena *emptied(struct arena *arena)
{
    if (arena == NULL)
        return arena_new();
    arena_reset(arena);
    return arena;
}

const struct policy *authority_policy(struct authority *authority, str text, enum policy_kind kind)
{
    struct parsed *slot = &authority->policies[rng_hash(text) % AUTHORITY_POLICIES];
    str why;
    if (slot->arena && slot->kind == kind && str_eq(slot->text, text))
        return slot->policy;
    slot->arena = emptied(slot->arena);
    slot->kind = kind;
    slot->text = str_copy(slot->arena, text);
    slot->policy = policy_parse(slot->arena, slot->text, kind, STR_NONE, &why);
    return slot->policy;
}

/* AWS: new buckets have BucketOwnerEnforced; only a document, or its deletion, says otherwise. */
static bool has_acls(struct store_reader *reader, struct arena *arena, int64_t bucket)
{
    str text;
    enum store_result found =
        store_config_get(reader, arena, bucket, STR("ownershipControls"), STR(""), &text);
    return found == STORE_OK && str_find(text, STR("BucketOwnerEnforced")) == text.size;
}

const struct authority_bucket *authority_bucket(struct authority *authority,
                                                struct store_reader *reader, int64_t bucket)
{
    struct authority_bucket *slot = &authority->buckets[(uint64_t) bucket % AUTHORITY_BUCKETS];
    uint64_t generation = store_read_generation(reader);
    if (slot->arena && slot->bucket == bucket && slot->generation == generation)
        return slot;
    struct arena *arena = emptied(slot->arena);
    *slot = (struct authority_bucket){ .bucket = bucket, .generation = generation, .arena = arena };
    if (store_config_get(reader, arena, bucket, STR("policy"), STR(""), &slot->policy) != STORE_OK)
        slot->policy = STR("");
    slot->acls = has_acls(reader, arena, bucket);
    return slot;
}
