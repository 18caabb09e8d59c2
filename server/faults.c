/* Which rules meet a request, and their counts. What they do together: delays add up, of the rest
 * the first rule by name that says something wins. */
#include "server/faults.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/rng.h"
#include "server/clients.h"
#include "server/event_of.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/ordinals.h"
#include "server/world.h"
#include "storage/queue.h"

struct rule {
    struct fault fault;
    struct ordinals_fault *counts; /* stay while its document is unchanged */
    uint64_t hash;                 /* of that */
};

struct attempt {
    uint64_t invocation; /* hash; 0: free */
    unsigned count;
};

struct faults {
    _Atomic size_t count; /* of rules: asked without the lock */
    struct mutex lock;    /* of what follows */
    uint64_t seed;
    struct ordinals_fault *counts; /* ORDINALS_FAULTS of them */
    struct arena *arena;           /* of the rules */
    struct rule *rules;            /* by name */
    bool counts_attempts;
    struct attempt attempts[FAULTS_INVOCATIONS];
};

/* --- the rules --- */

static void load_rule(struct rule *rule, struct arena *arena, const struct store_doc *doc,
                      size_t *count)
{
    struct json_error bad;
    str error = STR_NONE, hint;
    const struct json *json = json_parse(arena, doc->body, &bad);
    if (fault_parse(arena, json, &rule->fault, &error, &hint)) {
        rule->hash = rng_hash(doc->body) | 1;
        (*count)++;
    } else
        log_line(LOG_WARN, "a kept fault was left out: %.*s", STR_ARG(error));
}

/* By a rule's hash; 0: a free one. */
static struct ordinals_fault *find_counts(struct faults *faults, uint64_t rule)
{
    for (size_t i = 0; i < ORDINALS_FAULTS; i++)
        if (faults->counts[i].rule == rule)
            return &faults->counts[i];
    return NULL;
}

static bool is_of(const struct ordinals_fault *counts, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].hash == counts->rule)
            return true;
    return false;
}

/* Slots of rules that went are free before new rules take theirs. */
static void keep_counts(struct faults *faults, struct rule *rules, size_t count)
{
    for (size_t i = 0; i < ORDINALS_FAULTS; i++)
        if (!is_of(&faults->counts[i], rules, count))
            faults->counts[i] = (struct ordinals_fault){ .rule = 0 };
    for (size_t i = 0; i < count; i++) {
        struct ordinals_fault *slot = find_counts(faults, rules[i].hash);
        if (slot == NULL)
            slot = find_counts(faults, 0);
        BUG_UNLESS(slot); /* FAULTS_MOST rules, as many slots */
        slot->rule = rules[i].hash;
        rules[i].counts = slot;
    }
}

void faults_reload(struct faults *faults, struct store_reader *reader)
{
    struct arena *arena = arena_new(), *old;
    struct store_doc_list list = { 0 };
    size_t count = 0;
    bool counts_attempts = false;
    store_read_begin(reader);
    if (store_doc_list(reader, arena, STR("fault"), &list) != STORE_OK) {
        arena_free(arena);
        return;
    }
    struct rule *rules = ARENA_ARRAY(arena, struct rule, list.count + 1);
    for (size_t i = 0; i < list.count && count < FAULTS_MOST; i++)
        load_rule(&rules[count], arena, &list.at[i], &count);
    mutex_lock(&faults->lock);
    keep_counts(faults, rules, count);
    for (size_t i = 0; i < count; i++)
        counts_attempts = counts_attempts || rules[i].fault.attempt_from > 0;
    old = faults->arena;
    faults->arena = arena;
    faults->rules = rules;
    faults->counts_attempts = counts_attempts;
    atomic_store_explicit(&faults->count, count, memory_order_relaxed);
    mutex_unlock(&faults->lock);
    arena_free(old);
}

/* --- counts in a snapshot --- */

#define COUNTS_KIND "fault-counts"

static void restore_counts(struct rule *rule, const struct store_doc *doc)
{
    str matched, hits, text, rest;
    uint64_t hash;
    if (!str_eq(doc->id, rule->fault.name) || !str_cut(doc->body, ' ', &matched, &rest) ||
        !str_cut(rest, ' ', &hits, &text) || !str_to_u64(text, &hash) || (hash | 1) != rule->hash)
        return;
    if (!str_to_u64(matched, &rule->counts->matched) || !str_to_u64(hits, &rule->counts->hits))
        *rule->counts = (struct ordinals_fault){ .rule = rule->hash };
}

static void load_counts(struct faults *faults, struct store_reader *reader)
{
    struct arena *arena = arena_new();
    struct store_doc_list list = { 0 };
    if (store_doc_list(reader, arena, STR(COUNTS_KIND), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++)
            for (size_t r = 0; r < faults_count(faults); r++)
                restore_counts(&faults->rules[r], &list.at[i]);
    arena_free(arena);
}

void faults_save(struct faults *faults, struct store *store)
{
    struct arena *arena = arena_new();
    struct store_write write;
    struct store_doc *docs = ARENA_ARRAY(arena, struct store_doc, FAULTS_MOST);
    size_t count = 0;
    mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults_count(faults); i++) {
        const struct rule *rule = &faults->rules[i];
        docs[count++] = (struct store_doc){
            .kind = STR(COUNTS_KIND),
            .id = str_copy(arena, rule->fault.name),
            .body = str_format(arena, "%llu %llu %llu", (unsigned long long) rule->counts->matched,
                               (unsigned long long) rule->counts->hits,
                               (unsigned long long) rule->hash),
        };
    }
    mutex_unlock(&faults->lock);
    store_docs_init(&write, arena);
    write.docs = docs;
    write.doc_count = count;
    if (count > 0 && store_write_wait(store, &write) != STORE_OK)
        log_line(LOG_WARN, "the counts of faults could not be kept");
    arena_free(arena);
}

struct faults *faults_open(struct store_reader *reader, struct world *world)
{
    struct faults *faults = mem_alloc(sizeof *faults);
    mutex_init(&faults->lock);
    faults->seed = world->seed;
    faults->counts = world->ordinals->faults;
    faults_reload(faults, reader);
    if (world->ordinals->fresh)
        load_counts(faults, reader);
    return faults;
}

void faults_restore(struct faults *faults, struct store_reader *reader, uint64_t seed)
{
    mutex_lock(&faults->lock);
    faults->seed = seed;
    atomic_store_explicit(&faults->count, 0, memory_order_relaxed);
    for (size_t i = 0; i < ORDINALS_FAULTS; i++) /* no count is kept */
        faults->counts[i] = (struct ordinals_fault){ .rule = 0 };
    mutex_unlock(&faults->lock);
    faults_reload(faults, reader);
    SCOPED_LOCK(&faults->lock);
    load_counts(faults, reader);
}

void faults_close(struct faults *faults)
{
    arena_free(faults->arena);
    mutex_fini(&faults->lock);
    free(faults);
}

size_t faults_count(const struct faults *faults)
{
    return atomic_load_explicit(&faults->count, memory_order_relaxed);
}

struct store_doc faults_doc(struct arena *arena, str name, const struct fault *fault)
{
    struct store_doc doc = { .kind = STR("fault"), .id = name };
    struct buf buf;
    struct json_writer writer;
    if (fault == NULL)
        return doc;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    fault_write(&writer, fault);
    json_end(&writer);
    doc.body = buf_str(&buf);
    return doc;
}

static void show_rule(const struct rule *rule, struct json_writer *writer)
{
    json_object(writer, NULL);
    fault_write(writer, &rule->fault);
    json_integer(writer, "hits", (int64_t) rule->counts->hits);
    json_end(writer);
}

bool faults_show(struct faults *faults, str name, struct json_writer *writer)
{
    SCOPED_LOCK(&faults->lock);
    for (size_t i = 0; i < faults_count(faults); i++)
        if (str_eq(faults->rules[i].fault.name, name)) {
            show_rule(&faults->rules[i], writer);
            return true;
        }
    return false;
}

void faults_show_all(struct faults *faults, struct json_writer *writer)
{
    SCOPED_LOCK(&faults->lock);
    for (size_t i = 0; i < faults_count(faults); i++)
        show_rule(&faults->rules[i], writer);
}

/* --- one rule meets --- */

/* SDKs say it ("amz-sdk-request: attempt=2; max=3"). Those that do not send one
 * amz-sdk-invocation-id with all attempts of a call: the table forgets the older of two that fall
 * on one place, so an attempt counts as a first one at worst. */
static unsigned next_attempt_locked(struct faults *faults, const struct request *rq)
{
    str invocation = request_get_header(rq, "amz-sdk-invocation-id"),
        said = request_get_header(rq, "amz-sdk-request");
    size_t at = str_find(said, STR("attempt="));
    uint64_t attempt_said;
    str number = str_skip(said, at + strlen("attempt="));
    if (at < said.size &&
        str_to_u64(str_first(number, str_find_char(number, ';')), &attempt_said) &&
        attempt_said >= 1 && attempt_said <= FAULT_ATTEMPTS_MOST)
        return (unsigned) attempt_said;
    uint64_t hash = rng_hash(invocation) | 1;
    struct attempt *attempt = &faults->attempts[(hash >> 1) % FAULTS_INVOCATIONS];
    mutex_assert_held(&faults->lock);
    if (invocation.size == 0)
        return 1;
    if (attempt->invocation != hash)
        *attempt = (struct attempt){ .invocation = hash };
    if (attempt->count < FAULT_ATTEMPTS_MOST)
        attempt->count++;
    return attempt->count;
}

/* A bucket that holds one second's worth and refills on the emulated clock. */
static bool is_throttled(struct rule *rule, instant now)
{
    struct ordinals_fault *counts = rule->counts;
    double room = rule->fault.per_s < 1 ? 1 : rule->fault.per_s;
    duration since = instant_diff(now, (instant){ counts->filled_at });
    if (!counts->filled)
        counts->tokens = room;
    else
        counts->tokens += (double) since.ns / 1e9 * rule->fault.per_s;
    counts->filled = true;
    counts->filled_at = now.ns;
    if (counts->tokens > room)
        counts->tokens = room;
    if (counts->tokens < 1)
        return true;
    counts->tokens -= 1;
    return false;
}

/* Matched already: does it strike this time, and how? */
static bool strikes(struct faults *faults, struct rule *rule, instant now,
                    struct fault_action *action)
{
    const struct fault *fault = &rule->fault;
    struct rng_key key = { .seed = faults->seed,
                           .purpose = RNG_FAULT,
                           .name = fault->name,
                           .ordinal = rule->counts->matched++ };
    if (fault->times > 0 && rule->counts->hits >= fault->times)
        return false;
    if (fault->probability < 1 && rng_unit(&key) >= fault->probability)
        return false;
    *action = fault->action;
    if (fault->step_count > 0) {
        if (key.ordinal >= fault->step_count)
            return false;
        *action = fault->steps[key.ordinal];
        if (str_is(fault->step_texts[key.ordinal], "ok"))
            return false;
    }
    if (fault->per_s > 0) {
        if (!is_throttled(rule, now))
            return false;
        action->code = S3_SlowDown;
    }
    if (fault->has_delay) {
        double units[LAG_DRAWS];
        key.scope = 1; /* apart from the draw above */
        lag_draw(&key, units);
        action->delay = lag_sample(&fault->delay, units);
    }
    rule->counts->hits++;
    return true;
}

/* --- a request --- */

struct meeting {
    struct request *rq;
    struct fault_effect effect;
    enum s3_code code;
    struct buf names;
    struct {
        str name, detail;
    } told[FAULTS_MOST];
    size_t told_count;
};

static struct fault_subject subject_of(const struct request *rq)
{
    return (struct fault_subject){ .text = { [FAULT_REGION] = rq->region,
                                             [FAULT_MRAP] = rq->mrap ? rq->mrap->name : STR(""),
                                             [FAULT_API] = str_of(rq->op->name),
                                             [FAULT_BUCKET] = rq->has_bucket ? rq->bucket.name
                                                                             : rq->address.bucket,
                                             [FAULT_KEY] = rq->address.key,
                                             [FAULT_CLIENT] = rq->client->name } };
}

static str detail_of(struct arena *arena, const struct fault_action *action)
{
    static const char *const cuts[] = { "", "cut before", "cut during", "closed" };
    if (action->code != S3_OK)
        return s3_error_of(action->code)->code;
    if (action->cut)
        return str_of(cuts[action->cut]);
    if (action->truncates)
        return str_format(arena, "truncated after %llu B",
                          (unsigned long long) action->truncate_bytes);
    if (action->delay.ns > 0)
        return str_format(arena, "delayed %.*s", STR_ARG(duration_told(arena, action->delay)));
    return action->slow_bytes_per_s ? STR("slow") : STR("");
}

static void merge(struct meeting *meeting, const struct rule *rule,
                  const struct fault_action *action)
{
    struct arena *arena = meeting->rq->arena;
    struct fault_effect *effect = &meeting->effect;
    str name = str_copy(arena, rule->fault.name);
    buf_addf(&meeting->names, "%s%.*s", meeting->names.size ? ", " : "", STR_ARG(name));
    meeting->told[meeting->told_count].name = name;
    meeting->told[meeting->told_count++].detail = detail_of(arena, action);
    effect->delay.ns += action->delay.ns;
    if (effect->cut == FAULT_CUT_NONE)
        effect->cut = action->cut;
    if (!effect->truncates && action->truncates) {
        effect->truncates = true;
        effect->truncate_bytes = action->truncate_bytes;
    }
    if (effect->slow_bytes_per_s == 0)
        effect->slow_bytes_per_s = action->slow_bytes_per_s;
    if (meeting->code == S3_OK && action->code != S3_OK) {
        meeting->code = action->code;
        effect->status = action->status;
        if (rule->fault.message.size > 0)
            meeting->rq->message = str_copy(arena, rule->fault.message);
    }
}

static void meet_rules(struct faults *faults, struct meeting *meeting)
{
    struct request *rq = meeting->rq;
    struct fault_subject subject = subject_of(rq);
    struct fault_action action;
    SCOPED_LOCK(&faults->lock);
    if (faults->counts_attempts)
        subject.attempt = next_attempt_locked(faults, rq);
    for (size_t i = 0; i < faults_count(faults); i++) {
        struct rule *rule = &faults->rules[i];
        if (fault_matches(&rule->fault, &subject) &&
            strikes(faults, rule, rq->received_at, &action))
            merge(meeting, rule, &action);
    }
}

enum s3_code faults_meet(struct request *rq)
{
    struct faults *faults = rq->world->faults;
    if (faults_count(faults) == 0 || rq->address.kind == ADDRESS_ADMIN)
        return S3_OK;
    struct meeting *meeting = ARENA_NEW(rq->arena, struct meeting);
    meeting->rq = rq;
    buf_init_arena(&meeting->names, rq->arena, LIMIT_HEADER_BYTES);
    meet_rules(faults, meeting);
    if (meeting->told_count == 0)
        return S3_OK;
    meeting->effect.names = buf_str(&meeting->names);
    rq->fault = &meeting->effect;
    for (size_t i = 0; i < meeting->told_count; i++)
        event_of_fault(rq, meeting->told[i].name, meeting->told[i].detail);
    bool undone = meeting->effect.cut == FAULT_CUT_BEFORE || meeting->effect.cut == FAULT_CUT_CLOSE;
    return meeting->code == S3_OK && undone ? S3_RequestTimeout : meeting->code;
}

/* Wall time does not pass for a manual clock, unless asked for (--latency wall). */
static bool takes_wall_time(const struct world *world)
{
    return clock_mode_get(world->clock) != CLOCK_MANUAL || world->settings->latency_wall;
}

static void break_off(struct reply *reply, bool with_reset, uint64_t after_bytes)
{
    bool has_body = reply->size_bytes > 0 && !reply->head && !reply->stream;
    if (!has_body)
        reply->cut = with_reset ? REPLY_CUT_RESET : REPLY_CUT_NONE;
    else if (after_bytes < reply->size_bytes) {
        reply->cut = with_reset ? REPLY_CUT_BODY_RESET : REPLY_CUT_BODY;
        reply->cut_after_bytes = after_bytes;
    }
}

void faults_shape(struct request *rq)
{
    const struct fault_effect *effect = rq->fault;
    struct reply *reply = &rq->reply;
    if (effect == NULL)
        return;
    if (effect->status != 0 && rq->code != S3_OK)
        reply->status = effect->status;
    if (effect->delay.ns > 0 && rq->world->settings->explain_headers)
        request_header(rq, "x-atoll-delay", duration_told(rq->arena, effect->delay));
    if (takes_wall_time(rq->world)) {
        reply->delay.ns += effect->delay.ns;
        reply->bytes_per_s = effect->slow_bytes_per_s;
    }
    if (effect->truncates)
        break_off(reply, false, effect->truncate_bytes);
    if (effect->cut == FAULT_CUT_DURING)
        break_off(reply, true, reply->size_bytes / 2);
    else if (effect->cut == FAULT_CUT_BEFORE)
        reply->cut = REPLY_CUT_RESET;
    else if (effect->cut == FAULT_CUT_CLOSE)
        reply->cut = REPLY_CUT_CLOSE;
}

/* --- a copy --- */

str faults_refuse_copy(struct faults *faults, const struct queue_row *row)
{
    struct fault_action action;
    if (faults_count(faults) == 0)
        return STR_NONE;
    SCOPED_LOCK(&faults->lock);
    for (size_t i = 0; i < faults_count(faults); i++) {
        struct rule *rule = &faults->rules[i];
        if (fault_matches_copy(&rule->fault, row->from_region, row->to_region, row->key) &&
            strikes(faults, rule, (instant){ 0 }, &action))
            return str_of(rule->fault.reason);
    }
    return STR_NONE;
}

const char *faults_fail_async(struct faults *faults, str api, str mrap, str region)
{
    struct fault_action action;
    if (faults_count(faults) == 0)
        return NULL;
    SCOPED_LOCK(&faults->lock);
    for (size_t i = 0; i < faults_count(faults); i++) {
        struct rule *rule = &faults->rules[i];
        if (fault_matches_async(&rule->fault, api, mrap, region) &&
            strikes(faults, rule, (instant){ 0 }, &action))
            return rule->fault.async;
    }
    return NULL;
}
