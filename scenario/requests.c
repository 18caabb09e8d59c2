/* Requests of clients, made inside: no sockets, no signatures. What a line asks goes into a struct
 * ask, which the server makes a request of; what is left here is how a line says it. */
#include "scenario/answer.h"

#include <stdlib.h>

#include "base/limits.h"
#include "server/ask.h"
#include "server/judge.h"

#define MOST_SIZE (256ull << 20) /* of size=: bodies made up here */

struct asked {
    struct call *call;
    struct ask ask;
    struct ask_line line;
    char *made; /* the body, when it was made up; to be freed */
    str about;  /* for the timeline: what the line named */
};

/* What every verb may say: version=, conditions, header "Name: value". */
static struct asked begin(struct call *call, const char *op, str target)
{
    struct asked asked = { .call = call, .about = target };
    struct ask *ask = &asked.ask;
    ask->op = str_of(op);
    ask->target = target;
    ask->version = call_setting(call, "version");
    ask->if_match = call_setting(call, "if-match");
    ask->if_none_match = call_setting(call, "if-none-match");
    ask->token = call_setting(call, "token");
    ask->max = call_setting(call, "max");
    ask->upload = call_setting(call, "upload");
    ask->part = call_setting(call, "part");
    for (size_t i = 0; i + 1 < call->count; i++) {
        str name, value;
        if (call->words[i].quoted || !str_is(call->args[i], "header"))
            continue;
        (void) str_cut(call->args[i + 1], ':', &name, &value);
        fields_add(call->run->arena, &ask->headers, str_trim(name), str_trim(value));
    }
    return asked;
}

/* A text of the line, or size= bytes of a fixed pattern. */
static bool take_body(struct asked *asked)
{
    struct call *call = asked->call;
    str size = call_setting(call, "size");
    uint64_t bytes = 0;
    if (call_text(call, 1, &asked->ask.body) || !str_is_set(size))
        return true;
    if (!size_parse(size, &bytes) || bytes > MOST_SIZE)
        return run_fail(call, "'%.*s' is no size up to 256MiB", STR_ARG(size));
    asked->made = mem_alloc(bytes + 1);
    for (uint64_t i = 0; i < bytes; i++)
        asked->made[i] = (char) ('a' + i % 26);
    asked->ask.body = str_from(asked->made, bytes);
    return true;
}

/* --- sending --- */

static void tell(struct run *run, const struct asked *asked)
{
    const struct request *rq = run->last;
    str id = answer_header(run, "x-amz-version-id");
    str text = str_format(run->arena, "%.*s %.*s %.*s  %.*s  %d%s%.*s%s%.8s%s%s",
                          STR_ARG(asked->call->line->words[0].text), STR_ARG(rq->method),
                          STR_ARG(asked->about), STR_ARG(rq->region.size ? rq->region : STR("-")),
                          rq->reply.status, rq->code != S3_OK ? " " : "",
                          STR_ARG(rq->code != S3_OK ? s3_error_of(rq->code)->code : STR_NONE),
                          id.size ? "  " : "", id.size ? str_c(run->arena, id) : "",
                          rq->freshness ? "  " : "",
                          rq->freshness ? freshness_name(rq->freshness->verdict) : "");
    str answer = run->verbose ? answer_text(run, run->arena) : STR_NONE;
    timeline_add(run->timeline,
                 &(struct timeline_event){
                     .at = rq->received_at, .text = text, .detail = answer, .region = rq->region });
}

static bool send_line(struct asked *asked)
{
    struct run *run = asked->call->run;
    run_forget_answer(run);
    run->last =
        ask_request(run->lane, &world_request_host, &asked->line, asked->call->line->words[0].text);
    world_request(run->last, asked->line.body);
    free(asked->made);
    run->body = answer_read_body(run->last);
    store_read_idle(run->lane->reader);
    tell(run, asked);
    return true;
}

static bool send(struct asked *asked)
{
    struct run *run = asked->call->run;
    str problem;
    if (!ask_read(run->lane, run->arena, &asked->ask, &asked->line, &problem)) {
        free(asked->made);
        return run_fail(asked->call, "%.*s", STR_ARG(problem));
    }
    return send_line(asked);
}

/* --- the verbs --- */

bool requests_put(struct call *call)
{
    struct asked asked = begin(call, "put", call->args[0]);
    return take_body(&asked) && send(&asked);
}

static bool simple(struct call *call, const char *op)
{
    struct asked asked = begin(call, op, call->args[0]);
    return send(&asked);
}

bool requests_get(struct call *call)
{
    return simple(call, "get");
}

bool requests_head(struct call *call)
{
    return simple(call, "head");
}

bool requests_delete(struct call *call)
{
    return simple(call, "delete");
}

bool requests_list(struct call *call)
{
    return simple(call, "list");
}

bool requests_copy(struct call *call)
{
    struct asked asked = begin(call, "copy", call->args[1]);
    asked.ask.source = call->args[0];
    return send(&asked);
}

bool requests_tag(struct call *call)
{
    struct asked asked = begin(call, "tag", call->args[0]);
    for (size_t i = 1; i < call->count; i++) {
        str key, value;
        if (!str_cut(call->args[i], '=', &key, &value))
            return run_fail(call, "'%.*s' is no tag: write KEY=VALUE", STR_ARG(call->args[i]));
        fields_add(call->run->arena, &asked.ask.tags, key, value);
    }
    return send(&asked);
}

bool requests_delete_many(struct call *call)
{
    struct asked asked = begin(call, "delete-many", call->args[0]);
    str key;
    asked.ask.targets = call->args;
    asked.ask.target_count = call->count;
    (void) str_cut(asked.about, '/', &asked.about, &key);
    return send(&asked);
}

/* --- multipart uploads --- */

bool requests_mpu_start(struct call *call)
{
    return simple(call, "mpu-start");
}

/* By number, each once. */
static void keep_part(struct run *run, struct run_part part)
{
    struct run_part **at = &run->parts;
    while (*at && (*at)->number < part.number)
        at = &(*at)->next;
    while (*at && (*at)->number == part.number) {
        if (str_eq((*at)->upload, part.upload)) {
            (*at)->etag = part.etag;
            return;
        }
        at = &(*at)->next;
    }
    part.next = *at;
    *at = arena_copy(run->arena, &part, sizeof part);
}

bool requests_mpu_part(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = begin(call, "mpu-part", call->args[0]);
    struct run_part part = { .upload = str_copy(run->arena, asked.ask.upload) };
    if (!str_to_u64(asked.ask.part, &part.number))
        return run_fail(call, "a part has a number");
    if (!take_body(&asked) || !send(&asked))
        return false;
    part.etag = str_copy(run->arena, answer_etag(run));
    if (run->last->reply.status == 200)
        keep_part(run, part);
    return true;
}

bool requests_mpu_complete(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = begin(call, "mpu-complete", call->args[0]);
    struct ask_part *parts = ARENA_ARRAY(run->arena, struct ask_part, LIMIT_PARTS);
    for (const struct run_part *part = run->parts; part; part = part->next)
        if (str_eq(part->upload, asked.ask.upload) && asked.ask.part_count < LIMIT_PARTS)
            parts[asked.ask.part_count++] = (struct ask_part){ part->number, part->etag };
    asked.ask.parts = parts;
    return send(&asked);
}

bool requests_mpu_abort(struct call *call)
{
    return simple(call, "mpu-abort");
}

/* --- anything --- */

bool requests_raw(struct call *call)
{
    struct run *run = call->run;
    struct asked asked = begin(call, "request", call->args[1]);
    asked.line = (struct ask_line){ .method = str_c(run->arena, call->args[0]),
                                    .host = call_setting(call, "host"),
                                    .target = call->args[1],
                                    .headers = asked.ask.headers };
    if (asked.line.host.size == 0)
        asked.line.host = STR("localhost");
    (void) call_text(call, 2, &asked.line.body);
    return send_line(&asked);
}
