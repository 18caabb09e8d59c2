/* From a change and the bucket's rules to queue rows. It runs for every PUT on the writer thread,
 * so the unpacked rules are cached by the hash of their packed text, already sorted by priority and
 * with each destination numbered: a plan is then one pass over the rules. */
#include "replication/plan.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/fields.h"
#include "base/lock.h"
#include "replication/machine.h"

#define CACHE_SLOTS 64
#define CACHE_PACKED_BYTES (256 * 1024) /* longer rules are unpacked each time */

struct cached_rule {
    const struct repl_rule *rule;
    unsigned destination; /* number of its bucket among the configuration's */
    region_id region;
    uint64_t destination_hash;
    str options;
};
struct cached_config {
    struct arena *arena; /* holds all of it; NULL: the slot is free */
    uint64_t hash;
    str packed;
    bool v2;
    struct cached_rule *rules; /* enabled ones, highest priority first */
    size_t rule_count;
    unsigned destination_count;
};

struct planner {
    struct store_hooks hooks;
    struct links *links;
    const struct store *store;
    struct {
        struct mutex lock;
        planner_wake_fn *wake;
        void *wake_ctx;
    } shared;
    struct cached_config cache[CACHE_SLOTS]; /* the writer thread's */
};

/* -- rules, prepared -------------------------------------------------------------------------- */

static str options_of(struct arena *arena, const struct repl_destination *to)
{
    struct fields fields = { 0 };
    if (to->storage_class.size > 0)
        fields_add(arena, &fields, STR(PLAN_OPTION_STORAGE_CLASS), to->storage_class);
    if (to->has_translation)
        fields_add(arena, &fields, STR(PLAN_OPTION_OWNER), to->account);
    if (to->has_encryption)
        fields_add(arena, &fields, STR(PLAN_OPTION_KMS_KEY), to->kms_key);
    if (to->rtc.status == REPL_ENABLED)
        fields_add(arena, &fields, STR(PLAN_OPTION_RTC), STR("15m"));
    if (to->metrics.status == REPL_ENABLED)
        fields_add(arena, &fields, STR(PLAN_OPTION_METRICS), STR("on"));
    return fields_pack(arena, &fields);
}

static unsigned destination_number(struct cached_config *config, str bucket)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (str_eq(config->rules[i].rule->destination.bucket, bucket))
            return config->rules[i].destination;
    return config->destination_count++;
}

/* Highest priority first; of equals (V1 has no priorities) the first of the text. */
static void insert_sorted(struct cached_config *config, struct cached_rule rule)
{
    size_t at = config->rule_count++;
    for (; at > 0 && config->v2 && config->rules[at - 1].rule->priority < rule.rule->priority; at--)
        config->rules[at] = config->rules[at - 1];
    config->rules[at] = rule;
}

static void prepare(struct arena *arena, str packed, struct cached_config *out)
{
    struct repl_config config;
    *out = (struct cached_config){ .arena = arena, .packed = str_copy(arena, packed) };
    if (!repl_config_unpack(arena, out->packed, &config))
        return; /* of another version: nothing replicates until the rules are put again */
    out->v2 = config.v2;
    out->rules = ARENA_ARRAY(arena, struct cached_rule, config.rule_count);
    for (size_t i = 0; i < config.rule_count; i++) {
        const struct repl_rule *rule = &config.rules[i];
        if (rule->status != REPL_ENABLED)
            continue;
        struct cached_rule cached = {
            .rule = rule,
            .destination = destination_number(out, rule->destination.bucket),
            .region = region_find(rule->destination.region),
            .destination_hash = rng_hash(rule->destination.bucket),
            .options = options_of(arena, &rule->destination),
        };
        insert_sorted(out, cached);
    }
}

static const struct cached_config *find_config(struct planner *planner, struct arena *arena,
                                               str packed, struct cached_config *scratch)
{
    if (packed.size > CACHE_PACKED_BYTES) {
        prepare(arena, packed, scratch);
        return scratch;
    }
    uint64_t hash = rng_hash(packed);
    struct cached_config *slot = &planner->cache[hash % CACHE_SLOTS];
    if (slot->arena && slot->hash == hash && str_eq(slot->packed, packed))
        return slot;
    struct arena *kept = slot->arena ? slot->arena : arena_new();
    arena_reset(kept);
    prepare(kept, packed, slot);
    slot->hash = hash;
    return slot;
}

/* -- does a rule match ------------------------------------------------------------------------ */

static bool class_is_archive(str storage_class)
{
    return str_is(storage_class, "GLACIER") || str_is(storage_class, "DEEP_ARCHIVE");
}

/* Most objects are not KMS-encrypted: a look at the bytes saves unpacking the fields. */
static bool is_kms(struct arena *arena, str packed_fields)
{
    if (str_find(packed_fields, STR("aws:kms")) == packed_fields.size)
        return false;
    struct fields fields;
    return fields_unpack(arena, packed_fields, &fields) &&
           str_starts(fields_get(&fields, PLAN_FIELD_ENCRYPTION), STR("aws:kms"));
}

static bool has_tags(const struct repl_rule *rule, const struct fields *tags)
{
    for (size_t i = 0; i < rule->tag_count; i++) {
        bool found = false;
        for (size_t j = 0; j < tags->count && !found; j++)
            found = str_eq(tags->at[j].name, rule->tags[i].key) &&
                    str_eq(tags->at[j].value, rule->tags[i].value);
        if (!found)
            return false;
    }
    return true;
}

struct facts { /* of one change, the same for all rules */
    const struct store_change *change;
    struct fields tags;
    bool kms;
    bool replica;
};

/* "S3 replicates only objects that users put": what replication brought is not passed on, so there
 * are no chains and two-way pairs do not loop. A change made *on a replica* goes back only with
 * ReplicaModifications, and its arrival there is no change of a user, so it stops. */
static bool kind_travels(const struct repl_rule *rule, const struct facts *facts, bool v2)
{
    const struct version_info *version = facts->change->version;
    switch (facts->change->kind) {
    case CHANGED_PUT:
        return (!facts->replica || facts->change->resync) &&
               !class_is_archive(version->meta.storage_class);
    case CHANGED_MARKER:
        /* V1 replicates markers that a user made; V2 if asked, and never under a tag filter
         * ("Replicating delete markers between buckets"). */
        if ((facts->replica && !facts->change->resync) || version->lifecycle || rule->tag_count > 0)
            return false;
        return !v2 || rule->delete_markers == REPL_ENABLED;
    case CHANGED_META:
        /* Only lifecycle changes a class in place, and "lifecycle actions are not replicated"; a
         * field alone is a temporary copy out of the archive, which each bucket has for itself. */
        if (facts->change->what == CHANGE_STORAGE_CLASS || facts->change->what == CHANGE_FIELDS)
            return false;
        /* "ACLs ... unless you direct Amazon S3 to change the replica ownership". */
        if (facts->change->what == CHANGE_ACL && rule->destination.has_translation)
            return false;
        if (facts->replica)
            return rule->replica_modifications == REPL_ENABLED;
        return version->repl_status != REPL_NONE; /* else it never travelled itself */
    }
    BUG("a change of no kind");
}

static bool matches(const struct repl_rule *rule, const struct facts *facts, bool v2)
{
    if (!str_starts(facts->change->version->key, rule->prefix) || !kind_travels(rule, facts, v2))
        return false;
    if (facts->kms && rule->sse_kms != REPL_ENABLED)
        return false;
    return rule->tag_count == 0 || has_tags(rule, &facts->tags);
}

/* -- the plan --------------------------------------------------------------------------------- */

static instant due_at(const struct planner *planner, const struct store_change *change,
                      const struct cached_rule *cached)
{
    const struct rng_key key = {
        .seed = store_seed(planner->store),
        .purpose = RNG_LAG,
        .scope = change->scope,
        .name = change->version->key,
        .ordinal = change->ordinal ^ cached->destination_hash,
    };
    const struct link_copy copy = {
        .from = region_find(change->bucket->region),
        .to = cached->region,
        .rule = cached->rule->id,
        .key = change->version->key,
        .size_bytes = change->kind == CHANGED_PUT ? change->version->size_bytes : 0,
    };
    double units[LAG_DRAWS];
    lag_draw(&key, units);
    return instant_add(change->now, links_lag(planner->links, &copy, units));
}

/* "S3 RTC doesn't apply to Batch Replication", and the promise of 15 minutes not to delete markers
 * ("Replicating delete markers between buckets"). */
static duration threshold_of(const struct store_change *change, const struct repl_destination *to)
{
    bool timed =
        to->rtc.status == REPL_ENABLED && change->kind != CHANGED_MARKER && !change->resync;
    return timed ? PLAN_RTC_THRESHOLD : (duration){ 0 };
}

void planner_plan(void *ctx, struct arena *arena, const struct store_change *change, str rules,
                  struct store_plan *out)
{
    struct planner *planner = ctx;
    struct cached_config scratch;
    const struct cached_config *config = find_config(planner, arena, rules, &scratch);
    *out = (struct store_plan){ 0 };
    if (config->rule_count == 0)
        return;
    const struct version_info *version = change->version;
    struct facts facts = { .change = change };
    facts.replica = repl_is_replica(version->repl_status);
    facts.kms = is_kms(arena, version->meta.fields);
    if (version->meta.tags.size > 0 && !fields_unpack(arena, version->meta.tags, &facts.tags))
        facts.tags = (struct fields){ 0 };

    bool *taken = NULL;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct cached_rule *cached = &config->rules[i];
        if ((taken && taken[cached->destination]) || !matches(cached->rule, &facts, config->v2))
            continue;
        if (!taken) {
            taken = ARENA_ARRAY(arena, bool, config->destination_count);
            out->rows = ARENA_ARRAY(arena, struct plan_row, config->destination_count);
        }
        taken[cached->destination] = true;
        const struct repl_destination *to = &cached->rule->destination;
        /* Copied: the cache may drop these rules before the rows are written. */
        out->rows[out->count++] = (struct plan_row){
            .rule = str_copy(arena, cached->rule->id),
            .destination = str_copy(arena, to->bucket),
            .options = str_copy(arena, cached->options),
            .ready_at = due_at(planner, change, cached),
            .from_region = change->bucket->region,
            .to_region = str_copy(arena, to->region),
            .threshold = threshold_of(change, to),
        };
    }
}

/* -- the hooks -------------------------------------------------------------------------------- */

static void queued(void *ctx, instant earliest)
{
    struct planner *planner = ctx;
    SCOPED_LOCK(&planner->shared.lock);
    if (planner->shared.wake)
        planner->shared.wake(planner->shared.wake_ctx, earliest);
}

struct planner *planner_new(acl_abroad_fn *acl_abroad, lock_default_fn *lock_default)
{
    struct planner *planner = mem_alloc(sizeof *planner);
    mutex_init(&planner->shared.lock);
    planner->hooks = (struct store_hooks){ planner,    planner_plan, machine_judge,
                                           acl_abroad, lock_default, queued };
    return planner;
}

void planner_free(struct planner *planner)
{
    if (!planner)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        arena_free(planner->cache[i].arena);
    mutex_fini(&planner->shared.lock);
    free(planner);
}

void planner_attach(struct planner *planner, struct links *links, const struct store *store)
{
    planner->links = links;
    planner->store = store;
}

void planner_wake(struct planner *planner, planner_wake_fn *wake, void *ctx)
{
    SCOPED_LOCK(&planner->shared.lock);
    planner->shared.wake = wake;
    planner->shared.wake_ctx = ctx;
}

const struct store_hooks *planner_hooks(const struct planner *planner)
{
    return &planner->hooks;
}
