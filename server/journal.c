/* The last requests, and the log line of each. An entry is one block of memory: the struct, then
 * the bytes of its strings. */
#include "server/journal.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/lock.h"
#include "replication/timekeeper.h"
#include "server/auth/mismatch.h"
#include "server/clients.h"
#include "server/fault.h"
#include "server/faults.h"
#include "server/judge.h"
#include "server/mraps.h"
#include "server/operations.h"
#include "server/sent.h"
#include "server/world.h"

struct entry {
    str id, api, method, host, mrap, bucket, region, key, client, place, code, message, etag,
        version_id, marks, faults, anomalies;
    str raw_path, asked_version, query;
    str headers; /* "Name: value\n" each: see sent.h */
    bool presigned;
    uint64_t body_bytes, ordinal;
    instant at;
    bool is_s3;
    int status;
    uint64_t bytes;
    double ms;
    struct route_choice route;
    struct route_member members[LIMIT_REGIONS_PER_MRAP];
    size_t member_count;
    bool judged;
    struct freshness freshness;
    const char *denied_by; /* NULL unless a layer refused it */
    str denied_why;
    bool mismatched;
    struct mismatch mismatch;
};

struct journal {
    struct mutex lock;
    struct entry **ring;
    unsigned size, next;
};

struct journal *journal_new(unsigned entries)
{
    struct journal *journal = mem_alloc(sizeof *journal);
    journal->size = entries ? entries : 1;
    journal->ring = mem_alloc(sizeof(struct entry *) * journal->size);
    mutex_init(&journal->lock);
    return journal;
}

void journal_clear(struct journal *journal)
{
    SCOPED_LOCK(&journal->lock);
    for (unsigned i = 0; i < journal->size; i++) {
        free(journal->ring[i]);
        journal->ring[i] = NULL;
    }
    journal->next = 0;
}

void journal_free(struct journal *journal)
{
    journal_clear(journal);
    mutex_fini(&journal->lock);
    free(journal->ring);
    free(journal);
}

/* --- the log --- */

static str clock_text(struct arena *arena, instant at)
{
    str iso = instant_iso8601(arena, at); /* 2026-01-02T03:04:05.678Z */
    return iso.size == 24 ? str_from(iso.ptr + 11, 12) : iso;
}

static str target_of(struct arena *arena, const struct request *rq)
{
    str place = rq->mrap ? rq->mrap->name : rq->address.bucket;
    if (rq->address.kind == ADDRESS_CONTROL || place.size == 0)
        return rq->address.path;
    return str_format(arena, "%.*s%s%.*s", STR_ARG(place), rq->address.key.size ? "/" : "",
                      STR_ARG(rq->address.key));
}

static double elapsed_ms(const struct request *rq)
{
    return (double) (clock_mono().ns - rq->received.ns) / 1e6;
}

static void log_text_line(const struct request *rq, bool whole)
{
    struct buf line;
    buf_init_arena(&line, rq->arena, 8192);
    buf_addf(&line, "%.*s %.*s@%.*s %.*s %.*s > %.*s %d %lluB %.1fms",
             STR_ARG(clock_text(rq->arena, rq->received_at)), STR_ARG(rq->client->name),
             STR_ARG(rq->client->place.name), STR_ARG(rq->method),
             STR_ARG(target_of(rq->arena, rq)), STR_ARG(rq->region), rq->reply.status,
             (unsigned long long) rq->reply.size_bytes, elapsed_ms(rq));
    if (rq->code != S3_OK)
        buf_addf(&line, " %.*s", STR_ARG(s3_error_of(rq->code)->code));
    if (rq->freshness && rq->freshness->verdict != FRESH)
        buf_addf(&line, " %s=%u age=%.*s", freshness_name(rq->freshness->verdict),
                 rq->freshness->behind, STR_ARG(duration_told(rq->arena, rq->freshness->age)));
    if (rq->fault)
        buf_addf(&line, " fault=%.*s", STR_ARG(rq->fault->names));
    if (!whole)
        buf_add(&line, STR(" cut"));
    buf_addf(&line, " %.*s", STR_ARG(rq->id));
    log_raw(LOG_INFO, buf_str(&line));
}

static void log_json_line(const struct request *rq, bool whole)
{
    struct buf line;
    struct json_writer w;
    buf_init_arena(&line, rq->arena, 16384);
    json_begin(&w, &line);
    json_object(&w, NULL);
    json_text(&w, "ts", instant_iso8601(rq->arena, rq->received_wall));
    json_text(&w, "clock", instant_iso8601(rq->arena, rq->received_at));
    json_text(&w, "level", STR("info"));
    json_text(&w, "msg", STR("request"));
    json_text(&w, "id", rq->id);
    json_text(&w, "client", rq->client->name);
    json_text(&w, "at", rq->client->place.name);
    json_text(&w, "api", rq->op ? str_of(rq->op->name) : STR(""));
    json_text(&w, "method", rq->method);
    json_text(&w, "host", fields_get(&rq->headers, "Host"));
    json_text(&w, "mrap", rq->mrap ? rq->mrap->name : STR(""));
    json_text(&w, "bucket", rq->has_bucket ? rq->bucket.name : rq->address.bucket);
    json_text(&w, "key", rq->address.key);
    json_text(&w, "region", rq->region);
    json_text(&w, "reason", route_reason_name(rq->route.reason));
    json_integer(&w, "status", rq->reply.status);
    json_text(&w, "code", rq->code == S3_OK ? STR("") : s3_error_of(rq->code)->code);
    json_integer(&w, "bytes_out", (int64_t) rq->reply.size_bytes);
    json_real(&w, "ms", elapsed_ms(rq));
    if (rq->freshness)
        json_text(&w, "freshness", str_of(freshness_name(rq->freshness->verdict)));
    if (rq->fault)
        json_text(&w, "fault", rq->fault->names);
    json_boolean(&w, "whole", whole);
    json_end(&w);
    log_raw(LOG_INFO, buf_str(&line));
}

static void log_request(const struct request *rq, bool whole)
{
    if (log_enabled(LOG_INFO)) {
        if (log_format_get() == LOG_JSON)
            log_json_line(rq, whole);
        else
            log_text_line(rq, whole);
    }
    for (size_t i = 0; i < rq->nonstandard.count; i++)
        log_line(LOG_INFO, "nonstandard %.*s accepted; AWS would answer: %.*s %.*s",
                 STR_ARG(rq->nonstandard.at[i].name), STR_ARG(rq->nonstandard.at[i].value),
                 STR_ARG(rq->id));
}

void journal_copy(const struct copy_told *copy)
{
    static const char *const outcomes[] = { "arrived", "source gone", "waits",
                                            "held",    "FAILED",      "dropped" };
    if (!log_enabled(LOG_INFO))
        return;
    struct arena *arena = arena_new();
    log_line(LOG_INFO, "%.*s copy %.*s/%.*s %.8s > %.*s %s after %.*s %.*s",
             STR_ARG(clock_text(arena, copy->at)), STR_ARG(copy->row->source_name),
             STR_ARG(copy->row->key), str_c(arena, copy->row->version_id),
             STR_ARG(copy->row->to_region), outcomes[copy->outcome],
             STR_ARG(duration_told(arena, instant_diff(copy->at, copy->row->queued_at))),
             STR_ARG(copy->reason));
    arena_free(arena);
}

/* --- keeping --- */

struct packer {
    char *at;
};

static str pack(struct packer *packer, str s)
{
    str kept = { packer->at, s.size };
    if (s.size > 0)
        memcpy(packer->at, s.ptr, s.size);
    packer->at += s.size;
    return kept;
}

static str marks_of(const struct request *rq)
{
    return fields_get(&rq->reply.headers, "x-atoll-nonstandard");
}

/* The strings of an entry, as views of the request; kept by copying each. */
static void fill(struct entry *e, const struct request *rq)
{
    *e =
        (struct entry){ .id = rq->id,
                        .api = rq->op ? str_of(rq->op->name) : STR(""),
                        .method = rq->method,
                        .host = fields_get(&rq->headers, "Host"),
                        .mrap = rq->mrap ? rq->mrap->name : STR_NONE,
                        .bucket = rq->has_bucket ? rq->bucket.name : rq->address.bucket,
                        .region = rq->region,
                        .key = rq->address.key,
                        .client = rq->client->name,
                        .place = rq->client->place.name,
                        .code = rq->code == S3_OK ? STR_NONE : s3_error_of(rq->code)->code,
                        .message = rq->code == S3_OK  ? STR_NONE
                                   : rq->message.size ? rq->message
                                                      : s3_error_of(rq->code)->message,
                        .etag = str_trim(fields_get(&rq->reply.headers, "ETag")),
                        .version_id = fields_get(&rq->reply.headers, "x-amz-version-id"),
                        .marks = marks_of(rq),
                        .faults = rq->fault ? rq->fault->names : STR_NONE,
                        .anomalies = rq->anomalies,
                        .raw_path = rq->address.path,
                        .asked_version = request_query(rq, "versionId"),
                        .query = sent_query(rq),
                        .headers = sent_headers(rq),
                        .presigned = rq->who.presigned,
                        .body_bytes = rq->content_length == UINT64_MAX ? 0 : rq->content_length,
                        .ordinal = rq->ordinal,
                        .at = rq->received_at,
                        .is_s3 = rq->address.kind == ADDRESS_S3 || rq->address.kind == ADDRESS_MRAP,
                        .status = rq->reply.status,
                        .bytes = rq->reply.size_bytes,
                        .ms = elapsed_ms(rq),
                        .route = rq->route };
    if (rq->mrap) {
        e->member_count = rq->mrap->member_count;
        memcpy(e->members, rq->mrap->members, sizeof e->members[0] * e->member_count);
    }
    if (rq->freshness) {
        e->judged = true;
        e->freshness = *rq->freshness;
        e->freshness.served = NULL;
    }
    if (rq->code == S3_AccessDenied && rq->denied_by) {
        e->denied_by = rq->denied_by;
        e->denied_why = rq->denied_why;
    }
    if (rq->mismatch) {
        e->mismatched = true;
        e->mismatch = *rq->mismatch;
    }
}

static struct entry *keep(const struct request *rq)
{
    struct entry e;
    fill(&e, rq);
    str *const strings[] = { &e.id,
                             &e.api,
                             &e.method,
                             &e.host,
                             &e.mrap,
                             &e.bucket,
                             &e.region,
                             &e.key,
                             &e.client,
                             &e.place,
                             &e.code,
                             &e.message,
                             &e.etag,
                             &e.version_id,
                             &e.marks,
                             &e.faults,
                             &e.anomalies,
                             &e.raw_path,
                             &e.asked_version,
                             &e.query,
                             &e.headers,
                             &e.freshness.etag,
                             &e.freshness.version_id,
                             &e.freshness.region,
                             &e.denied_why,
                             &e.mismatch.cause,
                             &e.mismatch.canonical,
                             &e.mismatch.client };
    size_t size = sizeof e;
    for (size_t i = 0; i < COUNT(strings); i++)
        size += strings[i]->size;
    for (size_t i = 0; i < e.member_count; i++)
        size += e.members[i].bucket.size;
    char *block = mem_resize(NULL, size);
    struct packer packer = { block + sizeof e };
    for (size_t i = 0; i < COUNT(strings); i++)
        *strings[i] = pack(&packer, *strings[i]);
    for (size_t i = 0; i < e.member_count; i++)
        e.members[i].bucket = pack(&packer, e.members[i].bucket);
    memcpy(block, &e, sizeof e);
    return (struct entry *) (void *) block;
}

void journal_add(struct journal *journal, const struct request *rq, bool sent_whole)
{
    struct entry *entry = keep(rq), *old;
    log_request(rq, sent_whole);
    mutex_lock(&journal->lock);
    old = journal->ring[journal->next];
    journal->ring[journal->next] = entry;
    journal->next = (journal->next + 1) % journal->size;
    mutex_unlock(&journal->lock);
    free(old);
}

/* --- telling --- */

static void write_candidates(struct json_writer *w, const struct entry *e)
{
    json_array(w, "candidates");
    for (size_t i = 0; i < e->route.candidate_count && e->member_count; i++) {
        const struct route_candidate *c = &e->route.candidates[i];
        json_object(w, NULL);
        json_text(w, "region", region_at(e->members[c->member].region)->code);
        json_text(w, "bucket", e->members[c->member].bucket);
        json_real(w, "rtt_ms", (double) (int64_t) (c->rtt_ms + 0.5));
        json_integer(w, "dial", c->dial);
        json_text(w, "route", c->dial == 0 ? STR("passive") : STR("active"));
        if (c->skip != SKIP_NOT)
            json_text(w, "skipped", route_skip_name(c->skip));
        json_end(w);
    }
    json_end(w);
}

static void write_freshness(struct arena *arena, struct json_writer *w, const struct entry *e)
{
    const struct freshness *f = &e->freshness;
    json_object(w, "freshness");
    json_text(w, "verdict", str_of(freshness_name(f->verdict)));
    json_integer(w, "behind", f->behind);
    if (f->verdict != FRESH) {
        json_object(w, "newest");
        json_text(w, "etag", f->etag);
        json_text(w, "version_id", f->version_id);
        json_text(w, "region", f->region);
        json_text(w, "acknowledged", instant_iso8601(arena, f->acknowledged));
        json_end(w);
        json_real(w, "age_s", (double) f->age.ns / 1e9);
        if (f->is_due)
            json_text(w, "due", instant_iso8601(arena, f->due));
    }
    json_end(w);
}

static void write_mismatch(struct json_writer *w, const struct mismatch *mismatch)
{
    json_object(w, "signature");
    json_boolean(w, "found", mismatch->found);
    json_text(w, "cause", mismatch->cause);
    json_text(w, "canonical_request", mismatch->canonical);
    if (mismatch->found) {
        json_text(w, "client_canonical_request", mismatch->client);
        if (mismatch->at != MISMATCH_NOWHERE)
            json_integer(w, "differs_at", (int64_t) mismatch->at);
    }
    json_end(w);
}

static str entry_target(struct arena *arena, const struct entry *e)
{
    str place = e->mrap.size ? e->mrap : e->bucket;
    if (!e->is_s3 || place.size == 0)
        return e->raw_path;
    return str_format(arena, "%.*s%s%.*s", STR_ARG(place), e->key.size ? "/" : "", STR_ARG(e->key));
}

static void write_names(struct json_writer *w, const char *name, str list)
{
    str piece;
    json_array(w, name);
    while (list.size > 0 && str_next(&list, ',', &piece))
        json_text(w, NULL, str_trim(piece));
    json_end(w);
}

/* What it takes to send it again; the body was not kept. */
static void write_sent(struct json_writer *w, const struct entry *e)
{
    str headers = e->headers, line, name, value;
    json_object(w, "sent");
    json_text(w, "path", e->raw_path);
    if (e->query.size)
        json_text(w, "query", e->query);
    json_object(w, "headers");
    while (headers.size > 0 && str_next(&headers, '\n', &line)) {
        if (!str_cut(line, ':', &name, &value))
            continue;
        json_key(w, name);
        json_text(w, NULL, str_trim(value));
    }
    json_end(w);
    json_integer(w, "body_bytes", (int64_t) e->body_bytes);
    json_end(w);
}

/* Leaves the object open. */
static void write_entry(struct arena *arena, struct json_writer *w, const struct entry *e,
                        bool brief)
{
    json_object(w, NULL);
    json_text(w, "id", e->id);
    json_integer(w, "number", (int64_t) e->ordinal);
    json_text(w, "at", instant_iso8601(arena, e->at));
    json_object(w, "client");
    json_text(w, "name", e->client);
    json_text(w, "at", e->place);
    json_end(w);
    json_object(w, "request");
    json_text(w, "api", e->api);
    json_text(w, "method", e->method);
    json_text(w, "host", e->host);
    json_text(w, "mrap", e->mrap);
    json_text(w, "key", e->key);
    json_text(w, "target", entry_target(arena, e));
    if (e->asked_version.size)
        json_text(w, "version_id", e->asked_version);
    if (e->query.size && e->key.size == 0 && !e->presigned)
        json_text(w, "query", e->query);
    json_end(w);
    if (!brief)
        write_sent(w, e);
    json_object(w, "route");
    if (e->region.size)
        json_text(w, "region", e->region);
    json_text(w, "bucket", e->bucket);
    json_text(w, "reason", route_reason_name(e->route.reason));
    write_candidates(w, e);
    json_end(w);
    json_object(w, "result");
    json_integer(w, "status", e->status);
    json_integer(w, "bytes", (int64_t) e->bytes);
    json_real(w, "ms", e->ms);
    if (e->etag.size > 2)
        json_text(w, "etag", str_from(e->etag.ptr + 1, e->etag.size - 2));
    if (e->version_id.size)
        json_text(w, "version_id", e->version_id);
    if (e->code.size) {
        json_text(w, "code", e->code);
        json_text(w, "message", e->message);
    }
    json_end(w);
    if (e->judged)
        write_freshness(arena, w, e);
    if (e->denied_by) {
        json_object(w, "denied");
        json_text(w, "by", str_of(e->denied_by));
        json_text(w, "why", e->denied_why);
        json_end(w);
    }
    if (e->mismatched)
        write_mismatch(w, &e->mismatch);
    write_names(w, "faults", e->faults);
    write_names(w, "anomalies", e->anomalies);
    if (e->marks.size)
        json_text(w, "nonstandard", e->marks);
}

static const struct entry *find_locked(const struct journal *journal, str id)
{
    bool last = id.size == 0 || str_is(id, "last");
    mutex_assert_held(&journal->lock);
    for (unsigned back = 1; back <= journal->size; back++) {
        const struct entry *e =
            journal->ring[(journal->next + journal->size - back) % journal->size];
        if (e && (last ? e->is_s3 : str_eq(e->id, id)))
            return e;
    }
    return NULL;
}

bool journal_explain(struct journal *journal, struct arena *arena, str id, struct json_writer *out,
                     struct journal_version *at)
{
    SCOPED_LOCK(&journal->lock);
    const struct entry *entry = find_locked(journal, id);
    if (entry == NULL)
        return false;
    write_entry(arena, out, entry, false);
    *at = (struct journal_version){ str_copy(arena, entry->bucket), str_copy(arena, entry->key),
                                    str_copy(arena, entry->version_id) };
    return true;
}

static bool fits_status(str wanted, int status)
{
    char digits[] = { (char) ('0' + status / 100), (char) ('0' + status / 10 % 10),
                      (char) ('0' + status % 10) };
    bool good = wanted.size == 0 || wanted.size == sizeof digits;
    for (size_t i = 0; good && i < wanted.size; i++)
        good = wanted.ptr[i] == 'x' || wanted.ptr[i] == digits[i];
    return good;
}

static bool fits(const struct journal_filter *filter, const struct entry *e)
{
    const struct {
        str pattern, text;
    } pairs[] = { { filter->client, e->client }, { filter->region, e->region },
                  { filter->mrap, e->mrap },     { filter->bucket, e->bucket },
                  { filter->key, e->key },       { filter->api, e->api } };
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (pairs[i].pattern.size > 0 && !str_glob(pairs[i].pattern, pairs[i].text))
            return false;
    if ((filter->errors && e->status < 400) || !fits_status(filter->status, e->status))
        return false;
    return !filter->stale || (e->judged && e->freshness.verdict != FRESH);
}

/* As they came: one is remembered when its answer has gone, by then the next may have too. What is
 * nearly in order, newest first, is turned and put in order in one pass. */
static void sort_by_number(const struct entry **found, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        const struct entry *other = found[count - 1 - i];
        found[count - 1 - i] = found[i];
        found[i] = other;
    }
    for (unsigned i = 1; i < count; i++) {
        const struct entry *entry = found[i];
        unsigned at = i;
        for (; at > 0 && found[at - 1]->ordinal > entry->ordinal; at--)
            found[at] = found[at - 1];
        found[at] = entry;
    }
}

/* Oldest first. */
static unsigned list_locked(const struct journal *journal, const struct journal_filter *filter,
                            const struct entry **found)
{
    unsigned count = 0;
    mutex_assert_held(&journal->lock);
    for (unsigned back = 1; back <= journal->size && count < filter->limit; back++) {
        const struct entry *e =
            journal->ring[(journal->next + journal->size - back) % journal->size];
        if (e && fits(filter, e))
            found[count++] = e;
    }
    sort_by_number(found, count);
    return count;
}

void journal_list(struct journal *journal, const struct journal_filter *filter, struct buf *out)
{
    struct json_writer writer;
    struct arena *arena = arena_new();
    const struct entry **found = ARENA_ARRAY(arena, const struct entry *, filter->limit + 1);
    json_begin(&writer, out);
    json_object(&writer, NULL);
    json_array(&writer, "requests");
    mutex_lock(&journal->lock);
    unsigned count = list_locked(journal, filter, found);
    for (unsigned i = 0; i < count; i++) {
        write_entry(arena, &writer, found[i], false);
        json_end(&writer);
    }
    mutex_unlock(&journal->lock);
    json_end(&writer);
    json_end(&writer);
    arena_free(arena);
}

void journal_lines(struct journal *journal, const struct journal_filter *filter, struct buf *out)
{
    struct arena *arena = arena_new();
    const struct entry **found = ARENA_ARRAY(arena, const struct entry *, filter->limit + 1);
    mutex_lock(&journal->lock);
    unsigned count = list_locked(journal, filter, found);
    for (unsigned i = 0; i < count; i++) {
        struct json_writer writer;
        json_begin(&writer, out);
        write_entry(arena, &writer, found[i], true);
        json_end(&writer);
        buf_add_char(out, '\n');
    }
    mutex_unlock(&journal->lock);
    arena_free(arena);
}
