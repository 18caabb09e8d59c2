/* The head of a request as libmicrohttpd gives it: what it lets through and must not pass, and the
 * copy into the request. Everything that two parsers could read differently is refused, since a
 * proxy before us may have read it the other way (CWE-444). */
#include "server/front/exchange.h"

#include <strings.h>

#include "base/limits.h"
#include "server/front/proxy.h"
#include "server/front/tls.h"

static const struct refusal target_refused = {
    400, "BadRequest", "The request target holds a blank or a control character."
};
static const struct refusal target_too_long = { 414, "BadRequest",
                                                "The request target is too long." };
static const struct refusal method_refused = { 400, "BadRequest",
                                               "The method is not a word of letters." };
static const struct refusal connect_refused = {
    400, "BadRequest", "CONNECT is only accepted as the first request of a connection."
};
static const struct refusal version_refused = { 400, "BadRequest",
                                                "Only HTTP/1.0 and HTTP/1.1 are spoken here." };
static const struct refusal name_refused = {
    400, "BadRequest", "A header's name holds a blank or a control character."
};
static const struct refusal value_refused = { 400, "BadRequest",
                                              "A header's value holds a control character." };
static const struct refusal host_missing = { 400, "BadRequest",
                                             "HTTP/1.1 wants a Host header that names a host." };
static const struct refusal too_many_fields = {
    400, "RequestHeaderSectionTooLarge",
    "Your request header and query parameters used to make the request exceed the maximum "
    "allowed size."
};
static const struct refusal twice_refused = {
    400, "BadRequest",
    "Host, Authorization, Content-Length and Transfer-Encoding may each stand once."
};
static const struct refusal length_refused = { 400, "BadRequest",
                                               "Content-Length is not a number." };
static const struct refusal both_lengths = {
    400, "BadRequest", "Content-Length and Transfer-Encoding exclude each other."
};
static const struct refusal encoding_refused = {
    501, "NotImplemented",
    "A header you provided implies functionality that is not implemented: Transfer-Encoding."
};

enum special {
    SPECIAL_HOST,
    SPECIAL_AUTHORIZATION,
    SPECIAL_CONTENT_LENGTH,
    SPECIAL_TRANSFER_ENCODING,
    SPECIAL_EXPECT,
    SPECIAL_PROXY_AUTHORIZATION,
    SPECIALS
};

static const struct {
    str name;
    bool once;
} specials[SPECIALS] = {
    [SPECIAL_HOST] = { { "Host", 4 }, true },
    [SPECIAL_AUTHORIZATION] = { { "Authorization", 13 }, true },
    [SPECIAL_CONTENT_LENGTH] = { { "Content-Length", 14 }, true },
    [SPECIAL_TRANSFER_ENCODING] = { { "Transfer-Encoding", 17 }, true },
    [SPECIAL_EXPECT] = { { "Expect", 6 }, false },
    [SPECIAL_PROXY_AUTHORIZATION] = { { "Proxy-Authorization", 19 }, false },
};

/* While libmicrohttpd lists the fields. */
struct reading {
    struct head *head;
    const struct refusal *refusal;
    str seen[SPECIALS];
};

static enum special special_of(str name)
{
    for (unsigned i = 0; i < SPECIALS; i++)
        if (name.size == specials[i].name.size &&
            strncasecmp(name.ptr, specials[i].name.ptr, name.size) == 0)
            return (enum special) i;
    return SPECIALS;
}

static bool is_clean(str text, unsigned char first_allowed)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char) text.ptr[i] < first_allowed || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool value_is_clean(str value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char) value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static enum MHD_Result read_field(void *cls, UNUSED enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct reading *reading = cls;
    struct head *head = reading->head;
    struct field field = { str_from(name, name_size),
                           value ? str_from(value, value_size) : STR("") };
    if (!is_clean(field.name, '!'))
        reading->refusal = &name_refused;
    else if (!value_is_clean(field.value))
        reading->refusal = &value_refused;
    else if (head->count == LIMIT_HEADER_COUNT)
        reading->refusal = &too_many_fields;
    if (reading->refusal)
        return MHD_NO;
    enum special special = special_of(field.name);
    if (special < SPECIALS) {
        if (str_is_set(reading->seen[special]) && specials[special].once)
            reading->refusal = &twice_refused;
        reading->seen[special] = field.value;
    }
    if (special == SPECIAL_PROXY_AUTHORIZATION)
        return MHD_YES; /* a secret for us alone */
    head->fields[head->count++] = field;
    head->text_bytes += name_size + field.value.size;
    return MHD_YES;
}

/* libmicrohttpd ends the target at a NUL; the version then does not follow where it should. */
static bool target_holds_nul(const struct connection *connection, const char *version)
{
    return (uintptr_t) connection->target_at + connection->target_size + 1 != (uintptr_t) version;
}

static const struct refusal *check_line(const struct connection *connection, str method,
                                        const char *version)
{
    for (size_t i = 0; i < method.size; i++)
        if (!((method.ptr[i] >= 'A' && method.ptr[i] <= 'Z') ||
              (method.ptr[i] >= 'a' && method.ptr[i] <= 'z')))
            return &method_refused;
    if (method.size == 0)
        return &method_refused;
    if (str_is(method, "CONNECT"))
        return &connect_refused;
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return &version_refused;
    str target = str_from(connection->target, connection->target_size);
    if (target.size == 0 || !is_clean(target, '!') || target_holds_nul(connection, version))
        return &target_refused;
    return target.size > LIMIT_TARGET_BYTES ? &target_too_long : NULL;
}

static const struct refusal *check_lengths(struct reading *reading)
{
    struct head *head = reading->head;
    str length = reading->seen[SPECIAL_CONTENT_LENGTH];
    str encoding = reading->seen[SPECIAL_TRANSFER_ENCODING];
    if (str_is_set(length) && str_is_set(encoding))
        return &both_lengths;
    if (str_is_set(encoding) && !str_eq_nocase(str_trim(encoding), STR("chunked")))
        return &encoding_refused; /* libmicrohttpd would wait for ever for a body */
    if (str_is_set(length) && !str_to_u64(str_trim(length), &head->content_length))
        return &length_refused;
    head->chunked = str_is_set(encoding);
    return NULL;
}

const struct refusal *head_read(struct connection *connection, const char *method,
                                const char *version, struct field fields[], struct head *out)
{
    *out = (struct head){ .method = str_of(method),
                          .target = str_from(connection->target, connection->target_size),
                          .fields = fields,
                          .content_length = UINT64_MAX };
    struct reading reading = { .head = out };
    reading.refusal = check_line(connection, out->method, version);
    if (reading.refusal == NULL)
        (void) MHD_get_connection_values_n(connection->mhd, MHD_HEADER_KIND, read_field, &reading);
    if (reading.refusal == NULL && strcmp(version, "HTTP/1.1") == 0 &&
        reading.seen[SPECIAL_HOST].size == 0)
        reading.refusal = &host_missing;
    if (reading.refusal == NULL)
        reading.refusal = check_lengths(&reading);
    out->proxy_authorization = reading.seen[SPECIAL_PROXY_AUTHORIZATION];
    out->expects_continue = str_eq_nocase(reading.seen[SPECIAL_EXPECT], STR("100-continue")) &&
                            strcmp(version, "HTTP/1.1") == 0;
    return reading.refusal;
}

static str move(char **to, str text)
{
    str moved = { *to, text.size };
    memcpy(*to, text.ptr, text.size);
    *to += text.size;
    return moved;
}

/* Copies, because an orphan outlives libmicrohttpd's memory; one allocation for all the text. */
static void fill_fields(struct request *rq, const struct head *head)
{
    char *to =
        arena_alloc_raw(rq->arena, head->text_bytes + head->method.size + head->target.size + 1);
    rq->method = move(&to, head->method);
    rq->target = move(&to, head->target);
    rq->headers.at = arena_alloc_raw(rq->arena, sizeof(struct field) * (head->count + 1));
    rq->headers.count = head->count;
    rq->headers.capacity = head->count + 1;
    for (size_t i = 0; i < head->count; i++) {
        rq->headers.at[i].name = move(&to, head->fields[i].name);
        rq->headers.at[i].value = move(&to, head->fields[i].value);
    }
}

void head_fill(struct exchange *exchange, const struct head *head)
{
    struct connection *connection = exchange->connection;
    struct request *rq = exchange->rq;
    fill_fields(rq, head);
    rq->tls = connection->tls;
    if (connection->tls)
        tls_names(connection, &rq->tls_version, &rq->tls_cipher);
    rq->peer = str_copy(rq->arena, str_of(connection->peer));
    rq->peer_is_loopback = connection->peer_is_loopback;
    rq->tunnel_host =
        connection->tunnel_host.size > 0 ? str_copy(rq->arena, connection->tunnel_host) : STR_NONE;
    if (str_is_set(head->proxy_authorization))
        rq->proxy_user = proxy_user(rq->arena, str_trim(head->proxy_authorization));
    else if (connection->proxy_user.size > 0)
        rq->proxy_user = str_copy(rq->arena, connection->proxy_user);
    rq->content_length = head->chunked                        ? UINT64_MAX
                         : head->content_length == UINT64_MAX ? 0
                                                              : head->content_length;
    rq->has_body = rq->content_length > 0;
    exchange->has_body = rq->has_body;
    exchange->expects_continue = head->expects_continue;
}
