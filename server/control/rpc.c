/* Three protocols. Reading makes one tree of them; writing is a switch in each small function, and
 * nothing else in the program knows that there are three. */
#include "server/control/rpc.h"

#include "base/cbor.h"
#include "base/encode.h"
#include "server/errors.h"

#define CBOR_TYPE "application/cbor"
#define JSON_TYPE "application/x-amz-json-1.0"
#define MOST_PARAMETERS 32768 /* [atoll] 500 queries of 30 dimensions */

enum rpc_protocol rpc_protocol_of(const struct request *rq)
{
    if (str_is(request_get_header(rq, "smithy-protocol"), "rpc-v2-cbor"))
        return RPC_CBOR;
    if (str_starts_nocase(request_get_header(rq, "Content-Type"), STR("application/x-amz-json-1.")))
        return RPC_JSON;
    return RPC_QUERY;
}

/* --- reading --- */

static struct json *child_of(struct arena *arena, struct json *parent, str name)
{
    struct json **last = &parent->child;
    for (; *last; last = &(*last)->next)
        if (str_eq((*last)->name, name))
            return *last;
    *last = ARENA_NEW(arena, struct json);
    (*last)->name = name;
    (*last)->kind = JSON_OBJECT;
    parent->count++;
    return *last;
}

/* "Dimensions.member.2.Name": the elements of a list keep the order in which they first came. */
static void add_parameter(struct arena *arena, struct json *root, str path, str value)
{
    struct json *node = root;
    unsigned depth = 0;
    str word;
    while (depth++ < RPC_DEPTH && str_next(&path, '.', &word)) {
        if (str_is(word, "member"))
            node->kind = JSON_ARRAY;
        else
            node = child_of(arena, node, word);
    }
    node->kind = JSON_STRING;
    node->string = value;
}

/* The whole form: GetMetricData has thousands of parameters. */
static const struct json *read_form(struct arena *arena, str form)
{
    struct json *root = ARENA_NEW(arena, struct json);
    str pair, name, value;
    root->kind = JSON_OBJECT;
    for (size_t i = 0; i < MOST_PARAMETERS && str_next(&form, '&', &pair); i++) {
        (void) str_cut(pair, '=', &name, &value);
        add_parameter(arena, root, decode_uri(arena, name, true), decode_uri(arena, value, true));
    }
    return root;
}

/* "/service/GraniteServiceVersion20100801/operation/ListMetrics", or
 * "X-Amz-Target: GraniteServiceVersion20100801.ListMetrics". */
static str last_word(str text, char before)
{
    str word = STR_NONE;
    while (str_next(&text, before, &word)) {
    }
    return word;
}

str rpc_operation(const struct request *rq)
{
    enum rpc_protocol protocol = rpc_protocol_of(rq);
    return protocol == RPC_CBOR   ? last_word(rq->address.path, '/')
           : protocol == RPC_JSON ? last_word(request_get_header(rq, "X-Amz-Target"), '.')
                                  : STR_NONE;
}

bool rpc_input(struct request *rq, const struct json **input)
{
    static const struct json nothing = { .kind = JSON_OBJECT };
    struct json_error error;
    enum rpc_protocol protocol = rpc_protocol_of(rq);
    if (protocol == RPC_QUERY)
        *input = read_form(rq->arena, rq->body.size > 0 ? rq->body : rq->raw_query);
    else if (rq->body.size == 0)
        *input = &nothing;
    else
        *input = protocol == RPC_CBOR ? cbor_parse(rq->arena, rq->body)
                                      : json_parse(rq->arena, rq->body, &error);
    return *input && (*input)->kind == JSON_OBJECT;
}

str rpc_text(struct request *rq, const struct json *node, const char *name)
{
    const struct json *member = json_member(node, name);
    if (member && member->kind == JSON_NUMBER)
        return str_format(rq->arena, "%.17g", member->number);
    return json_string(node, name, STR_NONE);
}

bool rpc_number(const struct json *node, const char *name, double *out)
{
    const struct json *member = json_member(node, name);
    if (member == NULL || member->kind != JSON_NUMBER)
        return str_to_double(json_string(node, name, STR_NONE), out);
    *out = member->number;
    return true;
}

bool rpc_is_false(const struct json *node, const char *name)
{
    return !json_bool(node, name, true) || str_is(json_string(node, name, STR_NONE), "false");
}

bool rpc_instant(const struct json *node, const char *name, instant *out)
{
    double seconds;
    if (instant_parse_iso8601(json_string(node, name, STR_NONE), out))
        return true;
    if (!rpc_number(node, name, &seconds) || !(seconds >= 0 && seconds < 9e9))
        return false;
    *out = (instant){ (int64_t) (seconds * 1000) * 1000000 };
    return true;
}

const struct json *rpc_first(const struct json *node, const char *list)
{
    const struct json *found = json_member(node, list);
    return found && found->kind == JSON_ARRAY ? found->child : NULL;
}

/* --- writing --- */

static const char *element(const char *name)
{
    return name ? name : "member";
}

static void name_it(struct rpc_answer *answer, const char *name)
{
    if (name)
        cbor_text(&answer->out.buf, str_of(name));
}

void rpc_begin(struct request *rq, struct rpc_answer *answer, const char *operation)
{
    *answer = (struct rpc_answer){ .rq = rq, .protocol = rpc_protocol_of(rq) };
    if (answer->protocol == RPC_QUERY) {
        query_call_begin(rq, &answer->out, operation, true);
        return;
    }
    buf_init_arena(&answer->out.buf, rq->arena, LIMIT_ANSWER_BYTES);
    if (answer->protocol == RPC_JSON) {
        json_begin(&answer->json, &answer->out.buf);
        json_object(&answer->json, NULL);
    } else
        cbor_map(&answer->out.buf);
}

void rpc_list(struct rpc_answer *answer, const char *name)
{
    answer->depth++;
    if (answer->protocol == RPC_QUERY)
        xml_open(&answer->out.xml, element(name));
    else if (answer->protocol == RPC_JSON)
        json_array(&answer->json, name);
    else {
        name_it(answer, name);
        cbor_array(&answer->out.buf);
    }
}

void rpc_structure(struct rpc_answer *answer, const char *name)
{
    answer->depth++;
    if (answer->protocol == RPC_QUERY)
        xml_open(&answer->out.xml, element(name));
    else if (answer->protocol == RPC_JSON)
        json_object(&answer->json, name);
    else {
        name_it(answer, name);
        cbor_map(&answer->out.buf);
    }
}

void rpc_close(struct rpc_answer *answer)
{
    answer->depth--;
    if (answer->protocol == RPC_QUERY)
        xml_close(&answer->out.xml);
    else if (answer->protocol == RPC_JSON)
        json_end(&answer->json);
    else
        cbor_end(&answer->out.buf);
}

void rpc_add_text(struct rpc_answer *answer, const char *name, str value)
{
    if (answer->protocol == RPC_QUERY)
        xml_element(&answer->out.xml, element(name), value);
    else if (answer->protocol == RPC_JSON)
        json_text(&answer->json, name, value);
    else {
        name_it(answer, name);
        cbor_text(&answer->out.buf, value);
    }
}

static str number_text(struct rpc_answer *answer, double value)
{
    return str_format(answer->rq->arena, "%.17g", value);
}

void rpc_add_real(struct rpc_answer *answer, const char *name, double value)
{
    if (answer->protocol == RPC_QUERY)
        xml_element(&answer->out.xml, element(name), number_text(answer, value));
    else if (answer->protocol == RPC_JSON)
        json_real(&answer->json, name, value);
    else {
        name_it(answer, name);
        cbor_real(&answer->out.buf, value);
    }
}

void rpc_add_time(struct rpc_answer *answer, const char *name, int64_t seconds)
{
    if (answer->protocol == RPC_QUERY)
        xml_element(&answer->out.xml, element(name),
                    query_call_instant(answer->rq->arena, (instant){ seconds * 1000000000 }));
    else if (answer->protocol == RPC_JSON)
        json_integer(&answer->json, name, seconds);
    else {
        name_it(answer, name);
        cbor_time(&answer->out.buf, (double) seconds);
    }
}

void rpc_add_entry(struct rpc_answer *answer, str key, double value)
{
    if (answer->protocol == RPC_QUERY) {
        xml_open(&answer->out.xml, "entry");
        xml_element(&answer->out.xml, "key", key);
        xml_element(&answer->out.xml, "value", number_text(answer, value));
        xml_close(&answer->out.xml);
    } else if (answer->protocol == RPC_JSON) {
        json_key(&answer->json, key);
        json_real(&answer->json, NULL, value);
    } else {
        cbor_text(&answer->out.buf, key);
        cbor_real(&answer->out.buf, value);
    }
}

static void reply(struct rpc_answer *answer, int status)
{
    bool cbor = answer->protocol == RPC_CBOR;
    if (cbor) {
        cbor_end(&answer->out.buf);
        request_header_c(answer->rq, "smithy-protocol", "rpc-v2-cbor");
    } else
        json_end(&answer->json);
    request_header(answer->rq, "x-amzn-RequestId", answer->rq->id);
    request_reply(answer->rq, status, cbor ? CBOR_TYPE : JSON_TYPE, buf_str(&answer->out.buf));
}

enum s3_code rpc_end(struct rpc_answer *answer)
{
    while (answer->depth > 0)
        rpc_close(answer);
    if (answer->protocol == RPC_QUERY)
        return query_call_end(answer->rq, &answer->out);
    reply(answer, 200);
    return S3_OK;
}

/* --- errors --- */

/* The models' names for what the query protocol calls otherwise. */
static str shape_of(str code)
{
    static const char *const shapes[][2] = {
        { "InvalidParameterValue", "InvalidParameterValueException" },
        { "InvalidParameterCombination", "InvalidParameterCombinationException" },
        { "MissingParameter", "MissingRequiredParameterException" },
    };
    for (size_t i = 0; i < COUNT(shapes); i++)
        if (str_is(code, shapes[i][0]))
            return str_of(shapes[i][1]);
    return code;
}

bool rpc_refuse(struct request *rq)
{
    const struct s3_error *error =
        s3_error_of(rq->code == S3_InvalidAccessKeyId ? S3_InvalidClientTokenId : rq->code);
    struct rpc_answer answer;
    if (rpc_protocol_of(rq) == RPC_QUERY)
        return false;
    rpc_begin(rq, &answer, NULL);
    rpc_add_text(
        &answer, "__type",
        str_format(rq->arena, "com.amazonaws.cloudwatch#%.*s", STR_ARG(shape_of(error->code))));
    rpc_add_text(&answer, "message", rq->message.size > 0 ? rq->message : error->message);
    if (rq->hint.size > 0)
        rpc_add_text(&answer, "Hint", rq->hint);
    request_header(rq, "x-amzn-query-error",
                   str_format(rq->arena, "%.*s;%s", STR_ARG(error->code),
                              error->status < 500 ? "Sender" : "Receiver"));
    reply(&answer, error->status);
    return true;
}
