/* Facts about the last answer, `expect` and `save`; see facts.h. */
#include "scenario/facts.h"

#include "routing/route.h"
#include "scenario/answer.h"
#include "scenario/syntax.h"
#include "server/judge.h"
#include "server/anomalies.h"
#include "server/request.h"

static bool equals(str actual, str wanted, str *got)
{
    *got = str_is_set(actual) ? actual : STR("nothing");
    return str_eq(actual, wanted);
}

static bool fact_status(struct call *call, str *got)
{
    *got = str_format(call->run->arena, "%d", call->run->last->reply.status);
    return str_eq(*got, call->args[0]);
}

/* As on the wire: an answer to HEAD has no body, hence no code. */
static bool fact_code(struct call *call, str *got)
{
    const struct xml *code = answer_element(call->run, STR("Code"));
    return equals(code ? str_trim(code->text) : STR_NONE, call->args[0], got);
}

static bool fact_body(struct call *call, str *got)
{
    *got = str_format(call->run->arena, "\"%.*s\"", STR_ARG(str_first(call->run->body, 200)));
    return str_eq(call->run->body, call->args[0]);
}

static bool fact_etag(struct call *call, str *got)
{
    str wanted = call->args[0];
    bool quoted = wanted.size > 1 && wanted.ptr[0] == '"';
    return equals(answer_etag(call->run),
                  quoted ? str_first(str_skip(wanted, 1), wanted.size - 2) : wanted, got);
}

static bool fact_version(struct call *call, str *got)
{
    return equals(answer_header(call->run, "x-amz-version-id"), call->args[0], got);
}

static bool fact_region(struct call *call, str *got)
{
    return equals(call->run->last->region, call->args[0], got);
}

static bool fact_reason(struct call *call, str *got)
{
    return equals(route_reason_name(call->run->last->route.reason), call->args[0], got);
}

static bool fact_header(struct call *call, str *got)
{
    str value = answer_header(call->run, str_c(call->run->arena, call->args[0]));
    *got = str_is_set(value) ? value : STR("no such header");
    return call->count > 1 ? str_eq(value, call->args[1]) : str_is_set(value);
}

/* --- keys of a listing --- */

static bool is_entry(const struct xml *node)
{
    return str_is(node->name, "Contents") || str_is(node->name, "Version") ||
           str_is(node->name, "DeleteMarker") || str_is(node->name, "Deleted") ||
           str_is(node->name, "Upload");
}

static bool fact_keys(struct call *call, str *got)
{
    struct run *run = call->run;
    const struct xml *root = answer_xml(run);
    struct buf seen;
    size_t count = 0;
    bool same = root != NULL;
    buf_init_arena(&seen, run->arena, 65536);
    for (const struct xml *node = root ? root->child : NULL; node; node = node->next) {
        if (!is_entry(node))
            continue;
        str key = xml_text(node, "Key");
        buf_addf(&seen, "%s%.*s", count ? " " : "", STR_ARG(key));
        same = same && count < call->count && str_eq(call->args[count], key);
        count++;
    }
    *got = root == NULL ? STR("no listing") : count ? buf_str(&seen) : STR("no key");
    return same && count == call->count;
}

/* --- freshness --- */

static bool is_judged(struct call *call, enum freshness_verdict verdict, str *got)
{
    struct run *run = call->run;
    const struct freshness *freshness = run->last->freshness;
    if (freshness == NULL)
        return run_fail(call, "not judged: only GET and HEAD of a key through an access point of "
                              "several Regions are");
    *got = freshness->behind ? str_format(run->arena, "%s by %u",
                                          freshness_name(freshness->verdict), freshness->behind)
                             : str_of(freshness_name(freshness->verdict));
    return freshness->verdict == verdict;
}

static bool fact_stale(struct call *call, str *got)
{
    uint64_t by = 0;
    if (!is_judged(call, STALE, got))
        return false;
    return call->count < 2 ||
           (str_to_u64(call->args[1], &by) && by == call->run->last->freshness->behind);
}

static bool fact_fresh(struct call *call, str *got)
{
    return is_judged(call, FRESH, got);
}

static bool fact_missing(struct call *call, str *got)
{
    return is_judged(call, MISSING, got);
}

static bool fact_resurrected(struct call *call, str *got)
{
    return is_judged(call, RESURRECTED, got);
}

static bool fact_replication_status(struct call *call, str *got)
{
    str status = answer_header(call->run, "x-amz-replication-status");
    if (!str_is_set(status))
        status = STR("none");
    return equals(status, call->args[0], got);
}

static bool fact_xml(struct call *call, str *got)
{
    const struct xml *found = answer_element(call->run, call->args[0]);
    *got = found ? str_trim(found->text) : STR("no such element");
    return found && (call->count < 2 || str_eq(str_trim(found->text), call->args[1]));
}

/* --- anomalies --- */

/* What was seen since the file began, or since the last reset; false when nothing was. */
static bool list_anomalies(struct run *run, uint64_t seen[SEEN_KINDS], str *got)
{
    struct buf out;
    buf_init_arena(&out, run->arena, 1024);
    anomalies_counts(run->world->anomalies, seen);
    for (int i = 0; i < SEEN_KINDS; i++)
        if (seen[i])
            buf_addf(&out, "%s%s", out.size ? ", " : "",
                     anomalies_kind_name((enum anomaly_kind) i));
    *got = out.size ? buf_str(&out) : STR("no anomaly");
    return out.size > 0;
}

static bool was_seen(str kind, const uint64_t seen[SEEN_KINDS])
{
    for (int i = 0; i < SEEN_KINDS; i++)
        if (seen[i] && str_is(kind, anomalies_kind_name((enum anomaly_kind) i)))
            return true;
    return false;
}

static bool fact_anomaly(struct call *call, str *got)
{
    uint64_t seen[SEEN_KINDS];
    return list_anomalies(call->run, seen, got) && was_seen(call->args[0], seen);
}

static bool fact_no_anomaly(struct call *call, str *got)
{
    uint64_t seen[SEEN_KINDS];
    bool any = list_anomalies(call->run, seen, got);
    return call->count > 1 ? !was_seen(call->args[1], seen) : !any;
}

/* --- the table --- */

// clang-format off
static const struct fact {
    const char *name;
    const char *usage;
    fact_fn *holds;
    bool world; /* no request is needed */
} facts[] = {
    { "status", "N", fact_status, false },
    { "code", "NAME", fact_code, false },
    { "body", "TEXT", fact_body, false },
    { "etag", "ETAG", fact_etag, false },
    { "version", "ID", fact_version, false },
    { "region", "REGION", fact_region, false },
    { "reason", "NAME", fact_reason, false },
    { "header", "NAME [VALUE]", fact_header, false },
    { "keys", "[KEY...]", fact_keys, false },
    { "stale", "[by N]", fact_stale, false },
    { "fresh", "", fact_fresh, false },
    { "missing", "", fact_missing, false },
    { "resurrected", "", fact_resurrected, false },
    { "replication-status", "PENDING|COMPLETED|FAILED|REPLICA|none", fact_replication_status,
      false },
    { "xml", "ELEMENT [VALUE]", fact_xml, false },
    { "converged", "TARGET", world_facts_converged, true },
    { "diverged", "TARGET", world_facts_diverged, true },
    { "pending", "FROM -> TO = N", world_facts_pending, true },
    { "anomaly", "KIND", fact_anomaly, true },
    { "no", "anomaly [KIND]", fact_no_anomaly, true },
    { "history", "TARGET TEXT", world_facts_history, true },
};
// clang-format on

static const struct fact *find_fact(str name)
{
    for (size_t i = 0; i < COUNT(facts); i++)
        if (str_is(name, facts[i].name))
            return &facts[i];
    return NULL;
}

static str unknown_fact(struct arena *arena, str name)
{
    str all[COUNT(facts)];
    for (size_t i = 0; i < COUNT(facts); i++)
        all[i] = str_of(facts[i].name);
    str near = str_nearest(name, all, COUNT(facts));
    return str_format(arena, "there is no fact '%.*s'%s%.*s%s", STR_ARG(name),
                      near.size ? " (did you mean '" : "", STR_ARG(near), near.size ? "'?)" : "");
}

str facts_judge(struct arena *arena, const struct lex_word *words, size_t count, bool *needs_answer)
{
    str error = STR_NONE;
    size_t at = count > 0 && str_is(words[0].text, "not") && !words[0].quoted ? 1 : 0;
    if (count <= at)
        return STR("expect wants a fact");
    const struct fact *fact = find_fact(words[at].text);
    if (fact == NULL)
        return unknown_fact(arena, words[at].text);
    *needs_answer = !fact->world;
    if (syntax_match(arena, fact->usage, words + at + 1, count - at - 1, &error))
        return STR_NONE;
    return str_format(arena, "%.*s; usage: expect %s %s", STR_ARG(error), fact->name, fact->usage);
}

void facts_help(struct buf *out)
{
    buf_add(out, STR("\nFacts: expect [not] FACT\n"));
    for (size_t i = 0; i < COUNT(facts); i++)
        buf_addf(out, "  %s %s\n", facts[i].name, facts[i].usage);
}

/* What a Region does not hold may be the reason. */
static str target_of(struct run *run, const struct fact *fact, const struct call *call)
{
    const struct request *rq = run->last;
    if (fact->world)
        return call->count > 0 ? call->args[0] : STR_NONE;
    str place = rq->mrap ? rq->mrap->name : rq->address.bucket;
    return str_format(run->arena, "%.*s/%.*s", STR_ARG(place), STR_ARG(rq->address.key));
}

bool facts_expect(struct call *call)
{
    struct call inner = *call;
    size_t skip = str_is(call->args[0], "not") && !call->words[0].quoted ? 2 : 1;
    const struct fact *fact = find_fact(call->args[skip - 1]);
    str got = STR_NONE;
    inner.args = call->args + skip;
    inner.words = call->words + skip;
    inner.count = call->count - skip;
    if (fact == NULL)
        return run_fail(call, "there is no such fact");
    if (!fact->world && call->run->last == NULL)
        return run_fail(call, "there is no last answer");
    bool holds = fact->holds(&inner, &got);
    if (call->run->failure.line) /* it could not be asked, which no `not` turns into a yes */
        return false;
    if (holds == (skip == 1))
        return true;
    (void) run_fail(call, "%.*s", STR_ARG(got));
    call->run->failure.about = target_of(call->run, fact, &inner);
    if (!fact->world && fact->holds != fact_replication_status)
        call->run->failure.lacks = call->run->last->bucket.name;
    return false;
}

bool facts_save(struct call *call)
{
    struct run *run = call->run;
    str what = call->args[2], value = STR_NONE;
    const struct xml *element = NULL;
    if (run->last == NULL)
        return run_fail(call, "there is no last answer");
    if (str_is(what, "etag"))
        value = answer_etag(run);
    else if (str_is(what, "version"))
        value = answer_header(run, "x-amz-version-id");
    else if (str_is(what, "body"))
        value = run->body;
    else
        element = answer_element(run, str_is(what, "upload") ? STR("UploadId")
                                                             : STR("NextContinuationToken"));
    if (element)
        value = element->text;
    if (!str_is_set(value))
        return run_fail(call, "the last answer has no %.*s", STR_ARG(what));
    fields_set(run->arena, &run->variables, call->words[0].parts[0].text,
               str_copy(run->arena, value));
    return true;
}
