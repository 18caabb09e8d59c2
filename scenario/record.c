/* From a journal to lines; see record.h. The journal is read as the document that it shows, so the
 * two cannot drift apart unseen. What was changed by hand is remembered in words already: the file
 * begins with what was before the first change of each thing, and makes the changes between the
 * requests. */
#include "scenario/record.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "replication/links.h"
#include "scenario/commands.h"
#include "server/change_words.h"
#include "server/changes.h"
#include "server/journal.h"
#include "server/mraps.h"
#include "server/s3/address.h"
#include "storage/bucket.h"

struct recorder {
    struct arena *arena;
    struct lane *lane;
    struct buf *out;
    const struct json *requests;
    const struct change_said *changes;
    size_t change_count, change_at; /* written so far */
    struct bucket_list buckets;
    struct fields clients;  /* written: name in the journal, name in the file */
    struct fields versions; /* asked for by id: the id, its variable; "" until it is saved */
    size_t saved;           /* of them */
    instant at;             /* where the replayed clock stands */
};

static str word(struct arena *arena, str text)
{
    return change_words_quote(arena, text);
}

/* --- the world --- */

/* What a thing was before it was first changed; NULL: it was not. */
static const struct change_said *first_change(const struct recorder *r, str thing)
{
    for (size_t i = 0; i < r->change_count; i++)
        if (thing.size > 0 && str_eq(r->changes[i].what, thing))
            return &r->changes[i];
    return NULL;
}

/* A thing as it was when this record begins, as lines. */
static str before(struct recorder *r, const struct store_doc *doc)
{
    const struct change_said *change = first_change(r, change_words_thing(r->arena, doc));
    return change ? change->was : change_words_say(r->lane, r->arena, r->at, doc);
}

static void write_buckets(struct recorder *r)
{
    for (size_t i = 0; i < r->buckets.count; i++) {
        const struct bucket_info *bucket = &r->buckets.at[i];
        str versioning =
            before(r, &(struct store_doc){ .kind = STR(CHANGE_VERSIONING), .id = bucket->name });
        buf_addf(r->out, "bucket %.*s in %.*s%s\n", STR_ARG(bucket->name), STR_ARG(bucket->region),
                 versioning.size == 0 ? " unversioned" : "");
        if (str_ends(versioning, STR(" suspended\n")))
            buf_add(r->out, versioning);
    }
}

static const struct json *routing_of(struct recorder *r, const struct mrap_routing *routing)
{
    struct json_error error;
    return json_parse(r->arena, mrap_routing_text(r->arena, routing), &error);
}

/* Only what differs from an access point that says nothing. */
static void write_routing(struct recorder *r, const struct mrap_routing *routing)
{
    struct mrap_routing plain = mrap_routing_default(STR("default"));
    const struct json *is = routing_of(r, routing), *was = routing_of(r, &plain);
    for (const struct json *at = is ? is->child : NULL; at; at = at->next) {
        const struct json *old = json_member(was, str_c(r->arena, at->name));
        if (at->kind == JSON_NUMBER &&
            (!old || old->number < at->number || old->number > at->number))
            buf_addf(r->out, " %.*s %g", STR_ARG(at->name), at->number);
        if (at->kind == JSON_STRING && (!old || !str_eq(old->string, at->string)))
            buf_addf(r->out, " %.*s %.*s", STR_ARG(at->name), STR_ARG(word(r->arena, at->string)));
    }
}

static void write_dials(struct recorder *r, const struct mrap *mrap)
{
    bool differs = false;
    for (size_t i = 0; i < mrap->member_count; i++)
        differs = differs || mrap->members[i].dial != 100;
    for (size_t i = 0; differs && i < mrap->member_count; i++)
        buf_addf(r->out, "%s %.*s %u%s",
                 i ? "" : str_c(r->arena, str_format(r->arena, "route %.*s", STR_ARG(mrap->name))),
                 STR_ARG(region_at(mrap->members[i].region)->code), mrap->members[i].dial,
                 i + 1 == mrap->member_count ? " now\n" : "");
}

static void write_mrap(struct recorder *r, const struct mrap *mrap)
{
    const struct store_doc doc = mrap_to_doc(r->arena, mrap);
    const struct change_said *change = first_change(r, change_words_thing(r->arena, &doc));
    buf_addf(r->out, "mrap %.*s =", STR_ARG(mrap->name));
    for (size_t m = 0; m < mrap->member_count; m++)
        buf_addf(r->out, " %.*s", STR_ARG(mrap->members[m].bucket));
    buf_addf(r->out, " alias %.*s", STR_ARG(mrap->alias));
    if (change == NULL)
        write_routing(r, &mrap->routing);
    buf_add_char(r->out, '\n');
    if (change)
        buf_add(r->out, change->was);
    else
        write_dials(r, mrap);
}

static void write_mraps(struct recorder *r)
{
    const struct mrap_list *list = mraps_acquire(r->lane->world->mraps);
    for (size_t i = 0; i < mrap_list_count(list); i++)
        if (mrap_serves(mrap_list_at(list, i)))
            write_mrap(r, mrap_list_at(list, i));
    mraps_release(list);
}

static void write_rules(struct recorder *r)
{
    for (size_t i = 0; i < r->buckets.count; i++)
        buf_add(r->out, before(r, &(struct store_doc){ .kind = STR(CONFIG_REPLICATION_RULES),
                                                       .id = r->buckets.at[i].name }));
}

/* Links, partitions, outages, skews, faults: those that stand unchanged, and what was before those
 * that were changed. The first line is the lag of every link that says nothing itself. */
static void write_things(struct recorder *r)
{
    static const char *const kinds[] = { LINK_DOC_KIND, PARTITION_DOC_KIND,
                                         "outage",      "control-outage",
                                         "skew",        "region-enabled",
                                         "fault" };
    struct fields done = { 0 };
    struct lag lag = links_default_lag(r->lane->world->links);
    buf_addf(r->out, "lag %.*s\n", STR_ARG(word(r->arena, lag_text(r->arena, &lag))));
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct store_doc_list list = { 0 };
        if (store_doc_list(r->lane->reader, r->arena, str_of(kinds[k]), &list) != STORE_OK)
            continue;
        for (size_t i = 0; i < list.count; i++) {
            str thing = change_words_thing(r->arena, &list.at[i]);
            if (first_change(r, thing) || fields_has_exact(&done, str_c(r->arena, thing)))
                continue;
            fields_set(r->arena, &done, thing, STR(""));
            buf_add(r->out, change_words_say(r->lane, r->arena, r->at, &list.at[i]));
        }
    }
    for (size_t i = 0; i < r->change_count; i++) {
        const struct change_said *change = &r->changes[i];
        bool apart = str_starts(change->what, STR("rules ")) ||
                     str_starts(change->what, STR("routes ")) ||
                     str_starts(change->what, STR("versioning "));
        if (!apart && first_change(r, change->what) == change)
            buf_add(r->out, change->was);
    }
}

static void write_clients(struct recorder *r)
{
    for (const struct json *at = r->requests->child; at; at = at->next) {
        const struct json *client = json_member(at, "client");
        str name = json_string(client, "name", STR_NONE), written = word(r->arena, name);
        str place = json_string(client, "at", STR_NONE);
        if (fields_has_exact(&r->clients, str_c(r->arena, name)))
            continue;
        if (commands_is_word(name))
            written = str_format(r->arena, "\"%.*s\"", STR_ARG(name));
        fields_set(r->arena, &r->clients, name, written);
        buf_addf(r->out, "client %.*s at %.*s\n", STR_ARG(written), STR_ARG(word(r->arena, place)));
    }
}

/* --- the requests --- */

/* What says the same in the language. A copy and a completed upload become writes of their own. */
static const struct {
    const char *api, *verb;
    bool body, key;
} verbs[] = {
    { "PutObject", "put", true, true },        { "CopyObject", "put", true, true },
    { "PostObject", "put", true, true },       { "CompleteMultipartUpload", "put", true, true },
    { "GetObject", "get", false, true },       { "HeadObject", "head", false, true },
    { "DeleteObject", "delete", false, true }, { "ListObjectsV2", "list", false, false }
};

static bool is_recorded(int status)
{
    return status == 200 || status == 204 || status == 404 || status == 405;
}

static bool was_faulted(const struct json *entry)
{
    const struct json *faults = json_member(entry, "faults");
    return faults && faults->count > 0;
}

/* A bucket that is not there any more cannot be asked. */
static bool has_place(struct recorder *r, const struct json *entry)
{
    str mrap = json_string(json_member(entry, "request"), "mrap", STR_NONE);
    str bucket = json_string(json_member(entry, "route"), "bucket", STR_NONE);
    for (size_t i = 0; i < r->buckets.count; i++)
        if (str_eq(r->buckets.at[i].name, bucket))
            return true;
    return mrap.size > 0;
}

/* NULL: it can be said; else why not. */
static const char *obstacle(struct recorder *r, const struct json *entry, size_t verb)
{
    const struct json *result = json_member(entry, "result");
    const struct json *request = json_member(entry, "request");
    str version = json_string(request, "version_id", STR_NONE);
    str code = json_string(result, "code", STR_NONE);
    if (verb == COUNT(verbs))
        return "no word of the language for it";
    if (verbs[verb].key && json_string(request, "key", STR_NONE).size == 0)
        return "it names no key";
    if (version.size > 0 && fields_get_exact(&r->versions, str_c(r->arena, version)).size == 0)
        return "its version was not written here, or has another id in another world";
    if (str_is(code, "NoSuchBucket") || !has_place(r, entry))
        return "its bucket was not there, or is gone";
    if (was_faulted(entry))
        return NULL;
    return is_recorded((int) json_number(result, "status", 0)) ? NULL
                                                               : "it depends on what is not kept";
}

static void move_clock(struct recorder *r, instant at)
{
    if (!instant_before(r->at, at))
        return;
    buf_addf(r->out, "clock advance %.*s\n",
             STR_ARG(duration_text(r->arena, instant_diff(at, r->at))));
    r->at = at;
}

/* Changes by hand that came before request `number`. */
static void write_changes(struct recorder *r, uint64_t number)
{
    for (; r->change_at < r->change_count; r->change_at++) {
        const struct change_said *change = &r->changes[r->change_at];
        if (change->order > number)
            return;
        move_clock(r, change->at);
        buf_add(r->out, change->is);
    }
}

static void write_expectations(struct recorder *r, const struct json *entry)
{
    const struct json *freshness = json_member(entry, "freshness");
    str region = json_string(json_member(entry, "route"), "region", STR_NONE);
    str verdict = json_string(freshness, "verdict", STR_NONE);
    buf_addf(r->out, "  expect status %d\n",
             (int) json_number(json_member(entry, "result"), "status", 0));
    if (region.size > 0)
        buf_addf(r->out, "  expect region %.*s\n", STR_ARG(region));
    if (str_is(verdict, "fresh") || str_is(verdict, "missing"))
        buf_addf(r->out, "  expect %.*s\n", STR_ARG(verdict));
    else if (str_is(verdict, "stale"))
        buf_addf(r->out, "  expect stale by %d\n", (int) json_number(freshness, "behind", 0));
}

/* Said by the changes already. */
static bool is_change_itself(str api)
{
    static const char *const apis[] = { "PutBucketReplication", "DeleteBucketReplication",
                                        "PutBucketVersioning",
                                        "SubmitMultiRegionAccessPointRoutes" };
    for (size_t i = 0; i < COUNT(apis); i++)
        if (str_is(api, apis[i]))
            return true;
    return false;
}

/* The id that a later request asks for gets a variable. */
static void save_version(struct recorder *r, const struct json *entry)
{
    str id = json_string(json_member(entry, "result"), "version_id", STR_NONE);
    const char *key = str_c(r->arena, id);
    if (id.size == 0 || !fields_has_exact(&r->versions, key) ||
        fields_get_exact(&r->versions, key).size > 0)
        return;
    str name = str_format(r->arena, "$version%zu", ++r->saved);
    fields_set(r->arena, &r->versions, id, name);
    buf_addf(r->out, "  save %.*s = version\n", STR_ARG(name));
}

/* What a listing was asked: its prefix stands in the target. False: a token, a delimiter ... */
static bool write_listing(struct recorder *r, const struct json *request, str target)
{
    struct fields query = { 0 };
    str prefix, most;
    query_parse(r->arena, json_string(request, "query", STR_NONE), &query);
    for (size_t i = 0; i < query.count; i++)
        if (!str_is(query.at[i].name, "list-type") && !str_is(query.at[i].name, "prefix") &&
            !str_is(query.at[i].name, "max-keys") && !str_is(query.at[i].name, "encoding-type"))
            return false;
    prefix = fields_get(&query, "prefix");
    most = fields_get(&query, "max-keys");
    buf_addf(r->out, "%.*s",
             STR_ARG(word(r->arena,
                          str_format(r->arena, "%.*s/%.*s", STR_ARG(target), STR_ARG(prefix)))));
    if (most.size > 0)
        buf_addf(r->out, " max=%.*s", STR_ARG(most));
    return true;
}

/* False: what it says has no words. */
static bool write_words(struct recorder *r, const struct json *entry, size_t verb)
{
    const struct json *request = json_member(entry, "request");
    str target = json_string(request, "target", STR_NONE);
    str client = json_string(json_member(entry, "client"), "name", STR_NONE);
    str version = json_string(request, "version_id", STR_NONE);
    str etag = json_string(json_member(entry, "result"), "etag", STR_NONE);
    buf_addf(r->out, "%.*s %s ", STR_ARG(fields_get(&r->clients, str_c(r->arena, client))),
             verbs[verb].verb);
    if (!verbs[verb].key)
        return write_listing(r, request, target);
    buf_add(r->out, word(r->arena, target));
    if (version.size > 0)
        buf_addf(r->out, " version=%.*s",
                 STR_ARG(fields_get_exact(&r->versions, str_c(r->arena, version))));
    if (verbs[verb].body)
        buf_addf(r->out, " \"body of %.*s\"", STR_ARG(etag));
    return true;
}

static void leave_out(struct recorder *r, const struct json *entry, const char *why)
{
    const struct json *request = json_member(entry, "request");
    buf_addf(r->out, "# %.*s %.*s %.*s %d: left out, %s\n",
             STR_ARG(json_string(json_member(entry, "client"), "name", STR_NONE)),
             STR_ARG(json_string(request, "api", STR_NONE)),
             STR_ARG(word(r->arena, json_string(request, "target", STR_NONE))),
             (int) json_number(json_member(entry, "result"), "status", 0), why);
}

/* A request through an access point drew where it goes; one that draws in its place keeps the
 * client's later ones where they went. */
static void stand_in(struct recorder *r, const struct json *entry)
{
    const struct json *request = json_member(entry, "request");
    str mrap = json_string(request, "mrap", STR_NONE);
    str client = json_string(json_member(entry, "client"), "name", STR_NONE);
    str region = json_string(json_member(entry, "route"), "region", STR_NONE);
    if (mrap.size > 0 && region.size > 0)
        buf_addf(r->out, "%.*s head %.*s/-\n  expect region %.*s\n",
                 STR_ARG(fields_get(&r->clients, str_c(r->arena, client))), STR_ARG(mrap),
                 STR_ARG(region));
}

static void write_request(struct recorder *r, const struct json *entry)
{
    instant at;
    str api = json_string(json_member(entry, "request"), "api", STR_NONE);
    struct buf line, *out = r->out;
    size_t verb = 0;
    while (verb < COUNT(verbs) && !str_is(api, verbs[verb].api))
        verb++;
    write_changes(r, (uint64_t) json_number(entry, "number", 0));
    if (instant_parse_iso8601(json_string(entry, "at", STR_NONE), &at))
        move_clock(r, at);
    if (is_change_itself(api))
        return;
    const char *why = obstacle(r, entry, verb);
    buf_init_arena(&line, r->arena, LIMIT_JSON_BYTES);
    r->out = &line;
    if (why == NULL && !write_words(r, entry, verb))
        why = "what it asks has no words";
    r->out = out;
    if (why) {
        leave_out(r, entry, why);
        stand_in(r, entry);
        return;
    }
    buf_addf(out, "%.*s\n", STR_ARG(buf_str(&line)));
    save_version(r, entry);
    write_expectations(r, entry);
}

/* --- the whole --- */

/* S3 requests alone: others change no object. NULL: they are more than a record may be. */
static const struct json *read_journal(struct recorder *r)
{
    const struct journal_filter filter = { .limit = LIMIT_JOURNAL };
    struct json *list = ARENA_NEW(r->arena, struct json), **end = &list->child;
    struct json_error error;
    struct buf text;
    str rest, line;
    buf_init_arena(&text, r->arena, LIMIT_ANSWER_BYTES);
    journal_lines(r->lane->world->journal, &filter, &text);
    rest = buf_str(&text);
    while (rest.size > 0 && str_next(&rest, '\n', &line)) {
        struct json *entry = json_parse(r->arena, line, &error);
        if (str_starts(json_string(json_member(entry, "request"), "target", STR("/")), STR("/")))
            continue;
        *end = entry;
        end = &entry->next;
    }
    return text.overflow ? NULL : list;
}

/* Where the record begins: before its first request and the first change. */
static void find_beginning(struct recorder *r)
{
    instant first;
    r->at = clock_now(r->lane->world->clock);
    if (r->requests->child &&
        instant_parse_iso8601(json_string(r->requests->child, "at", STR_NONE), &first))
        r->at = first;
    if (r->change_count > 0 && instant_before(r->changes[0].at, r->at))
        r->at = r->changes[0].at;
}

static void find_versions(struct recorder *r)
{
    for (const struct json *at = r->requests->child; at; at = at->next) {
        str id = json_string(json_member(at, "request"), "version_id", STR_NONE);
        if (id.size > 0)
            fields_set(r->arena, &r->versions, id, STR(""));
    }
}

static void write_world(struct recorder *r)
{
    buf_addf(r->out,
             "scenario \"Recorded from a running server\"\nclock manual start %.*s\nseed %llu\n\n"
             "# The world as it was when this begins.\n",
             STR_ARG(instant_iso8601(r->arena, r->at)), (unsigned long long) r->lane->world->seed);
    write_buckets(r);
    write_mraps(r);
    write_rules(r);
    write_things(r);
    write_clients(r);
}

bool record_write(struct arena *arena, struct lane *lane, struct buf *out)
{
    struct recorder r = { .arena = arena, .lane = lane, .out = out };
    struct bucket_list_query query = { .max = 0 };
    r.requests = read_journal(&r);
    r.changes = changes_list(lane->world->changes, arena, &r.change_count);
    store_read_begin(lane->reader);
    if (r.requests == NULL ||
        store_bucket_list(lane->reader, arena, &query, &r.buckets) != STORE_OK)
        return false;
    find_beginning(&r);
    find_versions(&r);
    write_world(&r);
    buf_add(out, STR("\n# What happened. Bodies were not kept: equal ETags have equal ones here.\n"
                     "step \"What was recorded\"\n"));
    for (const struct json *at = r.requests->child; at; at = at->next)
        write_request(&r, at);
    write_changes(&r, UINT64_MAX);
    return !out->overflow;
}
