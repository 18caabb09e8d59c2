/* From a journal to lines; see record.h. The journal is read as the document that it shows, so the
 * two cannot drift apart unseen. */
#include "scenario/record.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "replication/links.h"
#include "replication/rules.h"
#include "scenario/commands.h"
#include "server/journal.h"
#include "server/mraps.h"

#define REGIONS 64 /* as many as a region_set holds */

struct recorder {
    struct arena *arena;
    struct lane *lane;
    struct buf *out;
    const struct json *requests;
    struct bucket_list buckets;
    struct fields clients; /* written: name in the journal, name in the file */
    instant at;            /* where the replayed clock stands */
};

/* --- words --- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("/._-:,=+@*()", c) != NULL);
}

/* As one word of a line. */
static str word(struct arena *arena, str text)
{
    struct buf out;
    size_t plain = 0;
    while (plain < text.size && is_plain(text.ptr[plain]))
        plain++;
    if (plain == text.size && plain > 0)
        return text;
    buf_init_arena(&out, arena, 4 * text.size + 3);
    buf_add_char(&out, '"');
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c != '\0' && strchr("\n\t\"\\$", c))
            buf_add_char(&out, '\\');
        buf_add_char(&out, c == '\n' ? 'n' : c == '\t' ? 't' : c);
    }
    buf_add_char(&out, '"');
    return buf_str(&out);
}

/* --- the world --- */

static void write_buckets(struct recorder *r)
{
    for (size_t i = 0; i < r->buckets.count; i++) {
        const struct bucket_info *bucket = &r->buckets.at[i];
        buf_addf(r->out, "bucket %.*s in %.*s%s\n", STR_ARG(bucket->name), STR_ARG(bucket->region),
                 bucket->versioning == VERSIONING_UNSET ? " unversioned" : "");
        if (bucket->versioning == VERSIONING_SUSPENDED)
            buf_addf(r->out, "versioning %.*s suspended\n", STR_ARG(bucket->name));
    }
}

static const struct json *routing_of(struct recorder *r, const struct mrap_routing *routing)
{
    struct buf text;
    struct json_writer w;
    struct json_error error;
    buf_init_arena(&text, r->arena, 65536);
    json_begin(&w, &text);
    json_object(&w, NULL);
    mrap_routing_write(r->arena, &w, routing);
    json_end(&w);
    return json_parse(r->arena, buf_str(&text), &error);
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
        buf_addf(r->out, "route %.*s %s %u now\n", STR_ARG(mrap->name),
                 str_c(r->arena, region_at(mrap->members[i].region)->code), mrap->members[i].dial);
}

static void write_mraps(struct recorder *r)
{
    const struct mrap_list *list = mraps_acquire(r->lane->world->mraps);
    for (size_t i = 0; i < mrap_list_count(list); i++) {
        const struct mrap *mrap = mrap_list_at(list, i);
        if (!mrap_serves(mrap, clock_now(r->lane->world->clock)))
            continue;
        buf_addf(r->out, "mrap %.*s =", STR_ARG(mrap->name));
        for (size_t m = 0; m < mrap->member_count; m++)
            buf_addf(r->out, " %.*s", STR_ARG(mrap->members[m].bucket));
        buf_addf(r->out, " alias %.*s", STR_ARG(mrap->alias));
        write_routing(r, &mrap->routing);
        buf_add_char(r->out, '\n');
        write_dials(r, mrap);
    }
    mraps_release(list);
}

static void write_rule(struct recorder *r, const struct bucket_info *source,
                       const struct repl_rule *rule)
{
    if (rule->tag_count > 0)
        buf_add(r->out, STR("# with tags, which a scenario cannot say: "));
    buf_addf(r->out, "replicate %.*s -> %.*s", STR_ARG(source->name),
             STR_ARG(rule->destination.bucket));
    if (rule->prefix.size > 0)
        buf_addf(r->out, " prefix %.*s", STR_ARG(word(r->arena, rule->prefix)));
    buf_addf(r->out, "%s%s\n", rule->delete_markers == REPL_ENABLED ? "" : " no-delete-markers",
             rule->status == REPL_ENABLED ? "" : " disabled");
}

static void write_lag(struct recorder *r, region_id from, region_id to, region_set seen[REGIONS])
{
    if (from >= REGIONS || to >= REGIONS || region_set_has(seen[from], to))
        return;
    seen[from] = region_set_with(seen[from], to);
    struct link link = links_effective(r->lane->world->links, r->arena, from, to);
    buf_addf(r->out, "lag %.*s -> %.*s %.*s\n", STR_ARG(region_at(from)->code),
             STR_ARG(region_at(to)->code), STR_ARG(word(r->arena, lag_text(r->arena, &link.lag))));
}

static void write_rules(struct recorder *r)
{
    region_set seen[REGIONS] = { REGION_SET_NONE };
    for (size_t i = 0; i < r->buckets.count; i++) {
        const struct bucket_info *source = &r->buckets.at[i];
        struct repl_config config = { .rule_count = 0 };
        str packed;
        if (store_config_get(r->lane->reader, r->arena, source->id, STR(CONFIG_REPLICATION_RULES),
                             STR(""), &packed) != STORE_OK ||
            !repl_config_unpack(r->arena, packed, &config))
            continue;
        for (size_t k = 0; k < config.rule_count; k++) {
            const struct repl_rule *rule = &config.rules[k];
            write_rule(r, source, rule);
            write_lag(r, region_find(source->region), region_find(rule->destination.region), seen);
        }
    }
}

static void write_clients(struct recorder *r)
{
    for (const struct json *at = r->requests->child; at; at = at->next) {
        const struct json *client = json_member(at, "client");
        str name = json_string(client, "name", STR_NONE), written = name;
        str place = json_string(client, "at", STR_NONE);
        if (fields_has_exact(&r->clients, str_c(r->arena, name)))
            continue;
        if (commands_is_word(name) || !str_eq(word(r->arena, name), name))
            written = str_format(r->arena, "client-%zu", r->clients.count + 1);
        fields_set(r->arena, &r->clients, name, written);
        buf_addf(r->out, "client %.*s at %.*s\n", STR_ARG(written), STR_ARG(word(r->arena, place)));
    }
}

/* --- the requests --- */

/* What says the same in the language. A copy and a completed upload become writes of their own. */
static const struct {
    const char *api, *verb;
    bool body;
} verbs[] = { { "PutObject", "put", true },       { "CopyObject", "put", true },
              { "PostObject", "put", true },      { "CompleteMultipartUpload", "put", true },
              { "GetObject", "get", false },      { "HeadObject", "head", false },
              { "DeleteObject", "delete", false } };

static bool is_recorded(int status)
{
    return status == 200 || status == 204 || status == 404 || status == 405;
}

/* NULL: it can be said; else why not. */
static const char *obstacle(const struct json *entry, size_t verb, str key)
{
    const struct json *result = json_member(entry, "result"), *request;
    const struct json *faults = json_member(entry, "faults");
    request = json_member(entry, "request");
    if (verb == COUNT(verbs))
        return "no word of the language for it";
    if (key.size == 0)
        return "it names no key";
    if (faults && faults->count > 0)
        return "a fault was injected";
    if (json_string(request, "version_id", STR_NONE).size > 0)
        return "its version has another id in another world";
    if (str_is(json_string(result, "code", STR_NONE), "NoSuchBucket"))
        return "its bucket was not there";
    return is_recorded((int) json_number(result, "status", 0)) ? NULL
                                                               : "it depends on what is not kept";
}

static void move_clock(struct recorder *r, const struct json *entry)
{
    instant at;
    if (!instant_parse_iso8601(json_string(entry, "at", STR_NONE), &at) ||
        !instant_before(r->at, at))
        return;
    buf_addf(r->out, "clock advance %.*s\n",
             STR_ARG(duration_text(r->arena, instant_diff(at, r->at))));
    r->at = at;
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

static void write_request(struct recorder *r, const struct json *entry)
{
    const struct json *request = json_member(entry, "request");
    str api = json_string(request, "api", STR_NONE), key = json_string(request, "key", STR_NONE);
    str target = json_string(request, "target", STR_NONE);
    str client = json_string(json_member(entry, "client"), "name", STR_NONE);
    str etag = json_string(json_member(entry, "result"), "etag", STR_NONE);
    size_t verb = 0;
    while (verb < COUNT(verbs) && !str_is(api, verbs[verb].api))
        verb++;
    const char *why = obstacle(entry, verb, key);
    move_clock(r, entry);
    if (why) {
        buf_addf(r->out, "# %.*s %.*s %.*s %d: left out, %s\n", STR_ARG(client), STR_ARG(api),
                 STR_ARG(word(r->arena, target)),
                 (int) json_number(json_member(entry, "result"), "status", 0), why);
        return;
    }
    buf_addf(r->out, "%.*s %s %.*s", STR_ARG(fields_get(&r->clients, str_c(r->arena, client))),
             verbs[verb].verb, STR_ARG(word(r->arena, target)));
    if (verbs[verb].body)
        buf_addf(r->out, " \"body of %.*s\"", STR_ARG(etag));
    buf_add_char(r->out, '\n');
    write_expectations(r, entry);
}

/* --- the whole --- */

/* S3 requests alone: others change no object. */
static const struct json *read_journal(struct recorder *r)
{
    struct journal_filter filter = { .limit = LIMIT_JOURNAL };
    struct buf text;
    struct json_error error;
    buf_init_arena(&text, r->arena, LIMIT_ANSWER_BYTES);
    journal_list(r->lane->world->journal, &filter, &text);
    struct json *document = json_parse(r->arena, buf_str(&text), &error);
    struct json *list = document ? document->child : NULL, **link = list ? &list->child : NULL;
    while (list && *link)
        if (str_starts(json_string(json_member(*link, "request"), "target", STR("/")), STR("/")))
            *link = (*link)->next;
        else
            link = &(*link)->next;
    return list;
}

bool record_write(struct arena *arena, struct lane *lane, struct buf *out)
{
    struct recorder r = { .arena = arena, .lane = lane, .out = out };
    struct bucket_list_query query = { .max = 0 };
    r.requests = read_journal(&r);
    store_read_begin(lane->reader);
    if (r.requests == NULL ||
        store_bucket_list(lane->reader, arena, &query, &r.buckets) != STORE_OK)
        return false;
    if (r.requests->child == NULL ||
        !instant_parse_iso8601(json_string(r.requests->child, "at", STR_NONE), &r.at))
        r.at = clock_now(lane->world->clock);
    buf_addf(out,
             "scenario \"Recorded from a running server\"\nclock manual start %.*s\nseed %llu\n\n"
             "# The world as it was when this was recorded.\n",
             STR_ARG(instant_iso8601(arena, r.at)), (unsigned long long) lane->world->seed);
    write_buckets(&r);
    write_mraps(&r);
    write_rules(&r);
    write_clients(&r);
    buf_add(out, STR("\n# The requests. Bodies were not kept: equal ETags have equal ones here.\n"
                     "step \"What was recorded\"\n"));
    for (const struct json *at = r.requests->child; at; at = at->next)
        write_request(&r, at);
    return !out->overflow;
}
