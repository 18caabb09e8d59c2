/* rpc: one call in whichever of three protocols the client speaks: the query protocol (forms and
 * XML: the AWS CLI 2.9), JSON 1.0, and RPC v2 CBOR (SDKs since 2025). A handler reads a tree and
 * writes members; what they look like on the wire is decided here.
 *
 * The tree: structures are objects, lists are arrays (the query protocol's "Xs.member.1.Y" too).
 * Ownership: the request's arena. Threads: the request's.
 */
#ifndef ATOLL_SERVER_CONTROL_RPC_H
#define ATOLL_SERVER_CONTROL_RPC_H

#include "base/json.h"
#include "server/control/query_call.h"

enum rpc_protocol { RPC_QUERY, RPC_JSON, RPC_CBOR };
#define RPC_DEPTH 16

enum rpc_protocol rpc_protocol_of(const struct request *rq);

/* The operation's name, where the path or a header has it; STR_NONE in the query protocol. */
str rpc_operation(const struct request *rq);
/* False when the body cannot be read: return S3_SerializationException. */
MUST_CHECK bool rpc_input(struct request *rq, const struct json **input);
/* Members of an input, which forms write as text: STR_NONE, false or NULL when absent. */
str rpc_text(struct request *rq, const struct json *node, const char *name);
bool rpc_number(const struct json *node, const char *name, double *out);
bool rpc_is_false(const struct json *node, const char *name);
/* An instant: ISO 8601, or seconds since 1970. */
bool rpc_instant(const struct json *node, const char *name, instant *out);
const struct json *rpc_first(const struct json *node, const char *list);

struct rpc_answer {
    struct request *rq;
    enum rpc_protocol protocol;
    struct query_answer out; /* the buf of all three, and the writer of XML */
    struct json_writer json;
    unsigned depth;
};
/* A name is NULL for an element of the open list. */
void rpc_begin(struct request *rq, struct rpc_answer *answer, const char *operation);
void rpc_list(struct rpc_answer *answer, const char *name);
void rpc_structure(struct rpc_answer *answer, const char *name);
void rpc_close(struct rpc_answer *answer);
void rpc_add_text(struct rpc_answer *answer, const char *name, str value);
void rpc_add_real(struct rpc_answer *answer, const char *name, double value);
void rpc_add_time(struct rpc_answer *answer, const char *name, int64_t seconds);
/* An entry of the open map, which is a structure. */
void rpc_add_entry(struct rpc_answer *answer, str key, double value);
enum s3_code rpc_end(struct rpc_answer *answer);

/* rq->code as JSON or CBOR, with the header that tells clients the query protocol's code. False in
 * the query protocol, whose errors are XML. */
bool rpc_refuse(struct request *rq);

#endif
