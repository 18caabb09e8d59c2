/* The admin API's door: guards, the table of calls, problem documents. */
#include "server/admin/admin.h"

#include "base/digest.h"
#include "base/encode.h"
#include "replication/timekeeper.h"
#include "routing/topology.h"
#include "server/admin/call.h"

enum call_flag {
    CALL_OPEN = 1,       /* answers any Host and address: probes and wiring */
    CALL_CHANGES = 2,    /* needs Content-Type: application/json and a same-origin Origin */
    CALL_TAKES_FILE = 4, /* changes too; its body is a tar, which goes to the store, not memory */
    CALL_PLAIN = 8 /* needs no body, and one that is there must not promise what is not done */
};

static const struct admin_row {
    const char *method;
    const char *path; /* below /_atoll; {} stands for one segment */
    unsigned flags;
    admin_fn *handle;
} rows[] = {
    { "GET", "/health/live", CALL_OPEN, admin_live },
    { "GET", "/health/ready", CALL_OPEN, admin_ready },
    { "GET", "/health", CALL_OPEN, admin_health },
    { "GET", "/env", CALL_OPEN, admin_env },
    { "GET", "/ca.pem", CALL_OPEN, admin_ca },
    { "GET", "/node-preload.cjs", CALL_OPEN, admin_node_preload },
    { "GET", "/metrics", 0, admin_metrics },
    { "GET", "/v1/openapi.json", 0, admin_openapi },
    { "GET", "/v1/events", 0, admin_events },
    { "GET", "/v1/anomalies", 0, admin_anomalies },
    { "DELETE", "/v1/anomalies", CALL_CHANGES | CALL_PLAIN, admin_clear_anomalies },
    { "GET", "/v1/faults", 0, admin_faults },
    { "POST", "/v1/faults", CALL_CHANGES, admin_post_fault },
    { "DELETE", "/v1/faults", CALL_CHANGES | CALL_PLAIN, admin_delete_faults },
    { "GET", "/v1/faults/{}", 0, admin_fault },
    { "PUT", "/v1/faults/{}", CALL_CHANGES, admin_put_fault },
    { "DELETE", "/v1/faults/{}", CALL_CHANGES | CALL_PLAIN, admin_delete_fault },
    { "GET", "/v1/keys", 0, admin_keys },
    { "GET", "/v1/history", 0, admin_history },
    { "GET", "/v1/status", 0, admin_status },
    { "GET", "/v1/config", 0, admin_config },
    { "PUT", "/v1/config", CALL_CHANGES, admin_put_config },
    { "POST", "/v1/config/check", CALL_CHANGES, admin_check_config },
    { "GET", "/v1/config.schema.json", 0, admin_config_schema },
    { "PATCH", "/v1/regions/{}", CALL_CHANGES, admin_patch_region },
    { "GET", "/v1/mraps", 0, admin_mraps },
    { "GET", "/v1/mraps/{}", 0, admin_mrap_show },
    { "PATCH", "/v1/mraps/{}", CALL_CHANGES, admin_patch_mrap },
    { "PATCH", "/v1/mraps/{}/routes", CALL_CHANGES, admin_patch_routes },
    { "GET", "/v1/links", 0, admin_links },
    { "PATCH", "/v1/links/{}/{}", CALL_CHANGES, admin_patch_link },
    { "PUT", "/v1/partitions", CALL_CHANGES, admin_put_partitions },
    { "DELETE", "/v1/partitions", CALL_CHANGES | CALL_PLAIN, admin_delete_partitions },
    { "GET", "/v1/replication", 0, admin_replication },
    { "POST", "/v1/replication/hold", CALL_CHANGES, admin_hold },
    { "POST", "/v1/replication/release", CALL_CHANGES, admin_release },
    { "POST", "/v1/replication/drop", CALL_CHANGES, admin_drop },
    { "POST", "/v1/replication/retry", CALL_CHANGES, admin_retry },
    { "POST", "/v1/replication/resync", CALL_CHANGES, admin_resync },
    { "POST", "/v1/lifecycle/run", CALL_CHANGES, admin_run_lifecycle },
    { "GET", "/v1/clock", 0, admin_get_clock },
    { "POST", "/v1/clock", CALL_CHANGES, admin_post_clock },
    { "POST", "/v1/wait", CALL_CHANGES, admin_wait },
    { "POST", "/v1/reset", CALL_CHANGES, admin_reset },
    { "POST", "/v1/do", CALL_CHANGES, admin_do },
    { "POST", "/v1/scenarios", CALL_CHANGES, admin_scenario },
    { "GET", "/v1/scenarios/recorded", 0, admin_recorded },
    { "GET", "/v1/snapshots", 0, admin_snapshots },
    { "PUT", "/v1/snapshots/{}", CALL_CHANGES | CALL_PLAIN, admin_put_snapshot },
    { "DELETE", "/v1/snapshots/{}", CALL_CHANGES | CALL_PLAIN, admin_delete_snapshot },
    { "POST", "/v1/snapshots/{}/restore", CALL_CHANGES | CALL_PLAIN, admin_restore_snapshot },
    { "GET", "/v1/snapshots/{}/file", 0, admin_snapshot_file },
    { "PUT", "/v1/snapshots/{}/file", CALL_TAKES_FILE, admin_take_snapshot_file },
    { "GET", "/v1/requests", 0, admin_requests },
    { "DELETE", "/v1/requests", CALL_CHANGES | CALL_PLAIN, admin_clear_requests },
    { "GET", "/v1/requests/{}", 0, admin_explain },
    { "GET", "/v1/route", 0, admin_route },
};

/* The one call whose body is stored as an object's is: in portions, and never whole in memory. */
static const struct operation admin_takes_file = { "Admin", "PUT",     AT_SERVICE,  NULL,
                                                   "",      OP_STREAM, admin_handle };

struct admin_call *admin_call_of(struct request *rq)
{
    return rq->state;
}

/* --- answers --- */

struct json_writer admin_begin(struct request *rq, struct buf *buf)
{
    struct json_writer writer;
    buf_init_arena(buf, rq->arena, LIMIT_ANSWER_BYTES);
    json_begin(&writer, buf);
    json_object(&writer, NULL);
    return writer;
}

void admin_job_done(struct time_job *job)
{
    struct request *rq = job->owner;
    rq->host->wake(rq);
}

/* What would not fit is refused whole: half a document is none. */
enum s3_code admin_reply(struct request *rq, const struct buf *json_text)
{
    if (json_text->overflow)
        return admin_problem(
            rq, 500, "answer-too-large",
            str_format(rq->arena, "the answer has more than %d bytes", LIMIT_ANSWER_BYTES),
            STR("ask for less: a smaller limit, or a narrower filter"));
    request_reply(rq, 200, "application/json", buf_str(json_text));
    return S3_OK;
}

static str title_of(struct arena *arena, const char *slug)
{
    str title = str_copy(arena, str_of(slug));
    char *c = arena_copy(arena, title.ptr, title.size);
    for (size_t i = 0; i < title.size; i++)
        if (c[i] == '-')
            c[i] = ' ';
    if (c[0] >= 'a' && c[0] <= 'z')
        c[0] = (char) (c[0] - 'a' + 'A');
    return str_from(c, title.size);
}

struct json_writer admin_problem_begin(struct request *rq, struct buf *buf,
                                       const struct admin_trouble *trouble)
{
    struct json_writer writer = admin_begin(rq, buf);
    json_text(&writer, "type", str_format(rq->arena, "urn:atoll:error:%s", trouble->slug));
    json_text(&writer, "title", title_of(rq->arena, trouble->slug));
    json_integer(&writer, "status", trouble->status);
    json_text(&writer, "detail", trouble->detail);
    if (trouble->hint.size > 0)
        json_text(&writer, "hint", trouble->hint);
    return writer;
}

enum s3_code admin_problem_reply(struct request *rq, int status, const struct buf *json_text)
{
    request_reply(rq, status, "application/problem+json", buf_str(json_text));
    return S3_OK;
}

enum s3_code admin_problem(struct request *rq, int status, const char *slug, str detail, str hint)
{
    struct buf buf;
    struct admin_trouble trouble = { status, slug, detail, hint };
    struct json_writer writer = admin_problem_begin(rq, &buf, &trouble);
    json_end(&writer);
    return admin_problem_reply(rq, status, &buf);
}

void admin_refuse(struct request *rq)
{
    const struct s3_error *error = s3_error_of(rq->code);
    bool too_large = rq->code == S3_MaxMessageLengthExceeded;
    (void) admin_problem(
        rq, error->status, too_large ? "document-too-large" : "refused", error->message,
        too_large ? str_format(rq->arena, "a document may have %d bytes", LIMIT_JSON_BYTES)
                  : STR_NONE);
}

enum s3_code admin_store_problem(struct request *rq, enum store_result result)
{
    return admin_problem(
        rq, result == STORE_FULL ? 507 : 500, "storage",
        str_format(rq->arena, "the world could not be changed: %s", store_result_name(result)),
        STR("nothing was changed; the log has the cause"));
}

/* --- reading --- */

bool admin_object(struct admin_call *call)
{
    if (call->document && call->document->kind == JSON_OBJECT)
        return true;
    admin_problem(call->rq, 400, "bad-document", STR("the body must be a JSON object"), STR_NONE);
    return false;
}

/* "hold:bool": a member's name and what it must be. */
static bool kind_fits(struct request *rq, str kind, const struct json *member)
{
    static const struct {
        const char *word;
        enum json_kind kind;
        const char *said;
    } kinds[] = { { "text", JSON_STRING, "a text" },
                  { "bool", JSON_BOOL, "true or false" },
                  { "number", JSON_NUMBER, "a number" },
                  { "list", JSON_ARRAY, "a list" },
                  { "object", JSON_OBJECT, "an object" } };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_is(kind, kinds[i].word) && member->kind != kinds[i].kind) {
            admin_problem(
                rq, 400, "bad-document",
                str_format(rq->arena, "%.*s must be %s", STR_ARG(member->name), kinds[i].said),
                STR_NONE);
            return false;
        }
    return true;
}

bool admin_members(struct admin_call *call, const char *const *allowed)
{
    struct request *rq = call->rq;
    str names[32], kinds[32];
    size_t count = 0;
    for (; allowed[count] && count < COUNT(names); count++)
        if (!str_cut(str_of(allowed[count]), ':', &names[count], &kinds[count]))
            kinds[count] = STR_NONE;
    if (!admin_object(call))
        return false;
    const struct admin_words words = { "unknown-field", "member", names, count };
    size_t at;
    for (const struct json *member = call->document->child; member; member = member->next)
        if (!admin_word(rq, &words, member->name, &at) || !kind_fits(rq, kinds[at], member))
            return false;
    return true;
}

/* --- the door --- */

static bool path_matches(struct request *rq, const char *pattern, str path, struct admin_call *call)
{
    str want = str_of(pattern), wanted, got;
    size_t args = 0;
    while (str_is_set(want) && str_is_set(path)) {
        (void) str_next(&want, '/', &wanted);
        (void) str_next(&path, '/', &got);
        if (str_is(wanted, "{}"))
            call->args[args++] = decode_uri(rq->arena, got, false);
        else if (!str_eq(wanted, got))
            return false;
    }
    return !str_is_set(want) && !str_is_set(path);
}

/* RFC 9110 15.5.6: a 405 names the methods that are answered. */
static str methods_of(struct request *rq, struct admin_call *call)
{
    str path = str_skip(rq->address.path, strlen("/_atoll")), methods = STR_NONE;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (path_matches(rq, rows[i].path, path, call))
            methods =
                str_format(rq->arena, "%.*s%s%s%s", STR_ARG(methods), methods.size ? ", " : "",
                           rows[i].method, strcmp(rows[i].method, "GET") == 0 ? ", HEAD" : "");
    return methods;
}

static const struct admin_row *find_row(struct request *rq, struct admin_call *call,
                                        bool *path_known)
{
    str path = str_skip(rq->address.path, strlen("/_atoll"));
    *path_known = false;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!path_matches(rq, rows[i].path, path, call))
            continue;
        *path_known = true;
        if (str_is(rq->method, rows[i].method) ||
            (str_is(rq->method, "HEAD") && str_is(STR("GET"), rows[i].method)))
            return &rows[i];
    }
    return NULL;
}

static bool origin_is_ours(const struct request *rq)
{
    str origin = request_get_header(rq, "Origin"), host = request_get_header(rq, "Host");
    if (!str_is_set(origin))
        return true;
    size_t at = str_find(origin, STR("://"));
    return at < origin.size && str_eq(str_skip(origin, at + 3), host);
}

/* Either type is one that a page of another site cannot send without asking first. */
static bool has_type(const struct request *rq, str wanted)
{
    str type = request_get_header(rq, "Content-Type"), head, rest;
    (void) str_cut(type, ';', &head, &rest);
    return str_eq_nocase(str_trim(head), wanted);
}

/* RFC 6750. The comparison takes the same time whatever was sent. */
static bool has_token(const struct request *rq)
{
    str token = rq->world->settings->admin_token, scheme, given;
    if (token.size == 0)
        return true;
    if (!str_cut(str_trim(request_get_header(rq, "Authorization")), ' ', &scheme, &given) ||
        !str_eq_nocase(scheme, STR("Bearer")))
        return false;
    given = str_trim(given);
    return given.size == token.size && digest_equal_constant_time(given.ptr, token.ptr, token.size);
}

/* True when the call may go on; else the refusal stands. */
static bool may_pass(struct request *rq, const struct admin_row *row)
{
    enum admin_mode mode = rq->world->settings->admin;
    if (row->flags & CALL_OPEN)
        return true;
    if (mode == ADMIN_OFF || (mode == ADMIN_LOOPBACK && !rq->peer_is_loopback)) {
        admin_problem(rq, 403, "admin-closed", STR("the admin API is closed to this address"),
                      STR("start with --admin on, or call it from the machine itself"));
        return false;
    }
    if (!has_token(rq)) {
        request_header_c(rq, "WWW-Authenticate", "Bearer realm=\"atoll\"");
        admin_problem(rq, 401, "needs-token", STR("this server's admin API needs its token"),
                      STR("send Authorization: Bearer TOKEN; the CLI reads it from the file that "
                          "$ATOLL_ADMIN_TOKEN_FILE names"));
        return false;
    }
    if (!(row->flags & (CALL_CHANGES | CALL_TAKES_FILE)))
        return true;
    if (row->flags & CALL_TAKES_FILE && !has_type(rq, STR("application/x-tar"))) {
        admin_problem(rq, 415, "needs-tar",
                      STR("a snapshot is sent with Content-Type: application/x-tar"),
                      STR("this keeps web pages from driving the emulator"));
        return false;
    }
    if (row->flags & CALL_CHANGES && !has_type(rq, STR("application/json"))) {
        admin_problem(rq, 415, "needs-json",
                      STR("a call that changes something needs Content-Type: application/json"),
                      STR("this keeps web pages from driving the emulator"));
        return false;
    }
    if (!origin_is_ours(rq)) {
        admin_problem(rq, 403, "foreign-origin", STR("the Origin of this call is another site"),
                      STR_NONE);
        return false;
    }
    return true;
}

/* The code only ends the walk: the answer is the problem that stands. */
static enum s3_code refuse_row(struct admin_call *call, bool path_known)
{
    struct request *rq = call->rq;
    if (path_known) {
        str methods = methods_of(rq, call);
        request_header(rq, "Allow", methods);
        admin_problem(rq, 405, "method-not-allowed", STR("this path does not answer that method"),
                      str_format(rq->arena, "it answers %.*s", STR_ARG(methods)));
    } else {
        admin_problem(rq, 404, "unknown-path",
                      str_format(rq->arena, "there is nothing at %.*s", STR_ARG(rq->address.path)),
                      STR("the API is under /_atoll/v1; start with GET /_atoll/v1/status"));
    }
    return S3_AccessDenied;
}

enum s3_code admin_guard(struct request *rq)
{
    struct admin_call *call = ARENA_NEW(rq->arena, struct admin_call);
    bool path_known;
    call->rq = rq;
    call->row = find_row(rq, call, &path_known);
    rq->state = call;
    if (call->row == NULL)
        return refuse_row(call, path_known);
    if (!may_pass(rq, call->row))
        return S3_AccessDenied;
    if (call->row->flags & CALL_TAKES_FILE)
        rq->op = &admin_takes_file;
    return S3_OK;
}

enum s3_code admin_handle(struct request *rq)
{
    static const char *const no_members[] = { NULL };
    struct admin_call *call = admin_call_of(rq);
    if (rq->body.size > 0) {
        struct json_error error;
        call->document = json_parse(rq->arena, rq->body, &error);
        if (call->document == NULL)
            return admin_problem(rq, 400, "bad-json",
                                 str_format(rq->arena, "line %u, column %u: %.*s", error.line,
                                            error.column, STR_ARG(error.message)),
                                 STR_NONE);
    }
    if (call->row->flags & CALL_PLAIN && call->document && !admin_members(call, no_members))
        return S3_OK;
    if (!admin_query_known(rq, call->row->handle))
        return S3_OK;
    store_read_begin(rq->lane->reader);
    return call->row->handle(call);
}
