/* A canonical request is six pieces; each mistake changes one of them, or the scope that the key
 * was derived for. The changed text is signed again, until one gives the client's signature. */
#include "server/auth/mismatch.h"

#include "base/arena.h"
#include "base/encode.h"
#include "server/auth/canonical.h"
#include "server/operations.h"
#include "server/world.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NO_CAUSE                                                                                   \
    "none of the usual mistakes gives this signature: the secret is another one, or something "    \
    "between client and server changed what was signed"

struct pieces {
    str method, path, query, headers, signed_headers, payload_hash;
};

struct search {
    struct request *rq;
    const struct claim *claim;
    const struct verifier *verifier;
    struct pieces ours;
    unsigned trials;
    struct mismatch *out;
};

/* No line of a header can be empty: each has its colon. */
static bool take_apart(str canonical, struct pieces *out)
{
    str rest = canonical;
    if (!str_cut(rest, '\n', &out->method, &rest) || !str_cut(rest, '\n', &out->path, &rest) ||
        !str_cut(rest, '\n', &out->query, &rest))
        return false;
    size_t end = str_find(rest, STR("\n\n"));
    out->headers = str_first(rest, end);
    return end < rest.size &&
           str_cut(str_skip(rest, end + 2), '\n', &out->signed_headers, &out->payload_hash);
}

static str put_together(struct arena *arena, const struct pieces *p)
{
    return str_format(arena, "%.*s\n%.*s\n%.*s\n%.*s\n\n%.*s\n%.*s", STR_ARG(p->method),
                      STR_ARG(p->path), STR_ARG(p->query), STR_ARG(p->headers),
                      STR_ARG(p->signed_headers), STR_ARG(p->payload_hash));
}

static bool spend(struct search *search)
{
    return ++search->trials <= MISMATCH_TRIALS;
}

/* Whether these pieces were signed. */
static bool was(struct search *search, struct pieces pieces, const char *cause)
{
    struct arena *arena = search->rq->arena;
    str client = put_together(arena, &pieces);
    if (str_eq(client, search->out->canonical) || !spend(search))
        return false;
    if (!verifier_accepts(search->verifier, canonical_string_to_sign(arena, search->claim, client),
                          search->claim->signature))
        return false;
    search->out->found = true;
    search->out->cause = str_of(cause);
    search->out->client = client;
    return true;
}

/* --- method, path and query --- */

/* A signed GET that a proxy or a browser sent as HEAD, and the like. */
static bool was_method(struct search *search)
{
    static const char *const methods[] = { "GET", "HEAD", "PUT", "POST", "DELETE" };
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct pieces pieces = search->ours;
        pieces.method = str_of(methods[i]);
        if (was(search, pieces,
                str_c(search->rq->arena,
                      str_format(search->rq->arena, "the method was signed as %s", methods[i]))))
            return true;
    }
    return false;
}

/* What URI libraries do: "a//b/./c" becomes "/a/b/c". */
static str without_dots(struct arena *arena, str path)
{
    struct buf out;
    str segment;
    buf_init_arena(&out, arena, path.size + 2);
    while (str_is_set(path) && str_next(&path, '/', &segment)) {
        if (segment.size == 0 || str_is(segment, "."))
            continue;
        buf_add_char(&out, '/');
        buf_add(&out, segment);
    }
    return out.size > 0 ? buf_str(&out) : STR("/");
}

static bool was_path(struct search *search)
{
    struct arena *arena = search->rq->arena;
    struct pieces pieces = search->ours;
    const struct {
        str path;
        const char *cause;
    } paths[] = {
        { encode_uri(arena, pieces.path, true), "the path was encoded twice (S3 encodes it once)" },
        { decode_uri(arena, pieces.path, false), "the path was signed without being encoded" },
        { without_dots(arena, pieces.path),
          "the path was normalised ('//' and '/./' are ordinary in keys)" },
        { str_format(arena, "/%.*s%.*s", STR_ARG(search->rq->address.bucket), STR_ARG(pieces.path)),
          "the path was signed with the bucket's name in front" },
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        pieces.path = paths[i].path;
        if (was(search, pieces, paths[i].cause))
            return true;
    }
    return false;
}

enum spelling { AS_ENCODED, AS_SENT, AS_BARE };

/* The parameters in the order in which they came. */
static str unsorted(const struct search *search, enum spelling spelling)
{
    struct arena *arena = search->rq->arena;
    str rest = search->rq->raw_query, piece, name, value;
    struct buf out;
    buf_init_arena(&out, arena, 4 * MISMATCH_BYTES);
    while (str_is_set(rest) && str_next(&rest, '&', &piece)) {
        bool has_value = str_cut(piece, '=', &name, &value);
        if (piece.size == 0 || (search->claim->presigned && str_is(name, "X-Amz-Signature")))
            continue;
        if (out.size > 0)
            buf_add_char(&out, '&');
        if (spelling == AS_ENCODED) {
            name = encode_uri(arena, decode_uri(arena, name, true), false);
            value = encode_uri(arena, decode_uri(arena, value, true), false);
        }
        buf_add(&out, name);
        if (has_value || spelling != AS_BARE)
            buf_add_char(&out, '=');
        buf_add(&out, value);
    }
    return buf_str(&out);
}

static bool was_query(struct search *search)
{
    struct pieces pieces = search->ours;
    const struct {
        str query;
        const char *cause;
    } queries[] = {
        { unsorted(search, AS_ENCODED), "the query was not sorted" },
        { unsorted(search, AS_SENT), "the query was signed as sent, neither sorted nor encoded" },
        { unsorted(search, AS_BARE),
          "the query was signed as sent (a parameter without value needs its '=')" },
        { STR(""), "the query was left out" },
    };
    if (pieces.query.size == 0)
        return false;
    for (size_t i = 0; i < COUNT(queries); i++) {
        pieces.query = queries[i].query;
        if (was(search, pieces, queries[i].cause))
            return true;
    }
    return false;
}

/* --- headers and payload --- */

static str headers_of(const struct search *search, bool trimmed)
{
    str names = search->claim->signed_headers, name;
    const struct fields *headers = &search->rq->headers;
    struct buf out;
    buf_init_arena(&out, search->rq->arena, 4 * MISMATCH_BYTES);
    while (str_is_set(names) && str_next(&names, ';', &name)) {
        bool first = true;
        buf_addf(&out, "%s%.*s:", out.size > 0 ? "\n" : "", STR_ARG(name));
        for (size_t i = 0; i < headers->count; i++) {
            str value = headers->at[i].value;
            if (!str_eq_nocase(headers->at[i].name, name))
                continue;
            buf_add(&out, first ? STR("") : STR(","));
            buf_add(&out, trimmed ? str_trim(value) : value);
            first = false;
        }
    }
    return buf_str(&out);
}

static bool was_headers(struct search *search)
{
    struct pieces pieces = search->ours;
    pieces.headers = headers_of(search, true);
    if (was(search, pieces, "runs of blanks within a header were not collapsed to one"))
        return true;
    pieces.headers = headers_of(search, false);
    return was(search, pieces, "blanks around a header's value were not removed");
}

static bool was_host(struct search *search, str name, str port)
{
    struct arena *arena = search->rq->arena;
    struct pieces pieces = search->ours;
    str rest = pieces.headers, line;
    struct buf out;
    buf_init_arena(&out, arena, 2 * MISMATCH_BYTES);
    while (str_is_set(rest) && str_next(&rest, '\n', &line)) {
        buf_add(&out, out.size > 0 ? STR("\n") : STR(""));
        if (str_starts(line, STR("host:")))
            buf_addf(&out, "host:%.*s%.*s", STR_ARG(name), STR_ARG(port));
        else
            buf_add(&out, line);
    }
    pieces.headers = buf_str(&out);
    str cause = str_format(arena,
                           "the host was signed as %.*s%.*s (--host-alias accepts it under "
                           "another name)",
                           STR_ARG(name), STR_ARG(port));
    return was(search, pieces, str_c(arena, cause));
}

/* The names that a server on this machine goes by, with the port that arrived, the port that it
 * listens on, a default one, or none. */
static bool was_some_host(struct search *search)
{
    const struct settings *settings = search->rq->world->settings;
    struct arena *arena = search->rq->arena;
    str arrived = str_trim(request_get_header(search->rq, "Host")), front = STR("");
    size_t colon = str_ends(arrived, STR("]")) ? arrived.size : str_find_char(arrived, ':');
    str server = settings->hint_server, own = STR("");
    for (size_t at; (at = str_find_char(server, ':')) < server.size;)
        server = own = str_skip(server, at + 1);
    if (search->rq->address.virtual_host)
        front = str_format(arena, "%.*s.", STR_ARG(search->rq->address.bucket));
    str names[6 + SETTINGS_MAX_HOSTS] = {
        str_first(arrived, colon),   STR("localhost"),       STR("127.0.0.1"), STR("[::1]"),
        STR("host.docker.internal"), STR("s3.amazonaws.com")
    };
    size_t count = 6;
    for (size_t i = 0; i < settings->host_name_count; i++)
        names[count++] = settings->host_names[i];
    const str ports[] = { STR(""), str_skip(arrived, colon), STR(":80"), STR(":443"),
                          own.size > 0 ? str_format(arena, ":%.*s", STR_ARG(own)) : STR("") };
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COUNT(ports); j++) {
            str name = i == 0 ? names[0]
                              : str_format(arena, "%.*s%.*s", STR_ARG(front), STR_ARG(names[i]));
            if (was_host(search, name, ports[j]))
                return true;
        }
    return false;
}

static bool was_payload(struct search *search)
{
    struct pieces pieces = search->ours;
    str header = str_trim(request_get_header(search->rq, "x-amz-content-sha256"));
    const struct {
        str hash;
        const char *cause;
    } hashes[] = {
        { STR("UNSIGNED-PAYLOAD"), "the payload's hash was signed as UNSIGNED-PAYLOAD" },
        { STR(EMPTY_SHA256), "the payload's hash was signed as that of an empty body" },
        { header, "the payload's hash was signed as x-amz-content-sha256 has it" },
        { STR("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
          "the payload's hash was signed as STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
        { STR(""), "the payload's hash was left out" },
    };
    for (size_t i = 0; i < COUNT(hashes); i++) {
        pieces.payload_hash = hashes[i].hash;
        if (was(search, pieces, hashes[i].cause))
            return true;
    }
    return false;
}

/* --- scope --- */

/* The Credential says one scope, the key was derived for another: the canonical request is right.
 */
static bool was_scope(struct search *search, str date, str region)
{
    struct request *rq = search->rq;
    struct claim other = *search->claim;
    struct verifier verifier;
    if (date.size == 0 || region.size == 0 ||
        (str_eq(date, other.date) && str_eq(region, other.region)) || !spend(search))
        return false;
    other.date = date;
    other.region = region;
    other.scope = str_format(rq->arena, "%.*s/%.*s/%.*s/aws4_request", STR_ARG(date),
                             STR_ARG(region), STR_ARG(other.service));
    if (!credentials_verifier(rq->world->credentials, rq->arena, &other, &verifier))
        return false;
    str canonical = search->out->canonical;
    if (!verifier_accepts(&verifier, canonical_string_to_sign(rq->arena, search->claim, canonical),
                          other.signature) &&
        !verifier_accepts(&verifier, canonical_string_to_sign(rq->arena, &other, canonical),
                          other.signature))
        return false;
    search->out->found = true;
    search->out->client = canonical;
    search->out->cause = str_format(
        rq->arena, "the key was derived for the scope %.*s, and the Credential says %.*s",
        STR_ARG(other.scope), STR_ARG(search->claim->scope));
    return true;
}

static bool was_some_scope(struct search *search)
{
    const struct claim *claim = search->claim;
    const str regions[] = { search->rq->address.host_region, STR("us-east-1"), STR("us-west-2"),
                            STR("eu-west-1"), STR("aws-global") };
    if (claim->algorithm != AUTH_SIGV4) /* the key of SigV4A depends on no scope */
        return false;
    for (size_t i = 0; i < COUNT(regions); i++)
        if (was_scope(search, claim->date, regions[i]))
            return true;
    str today = instant_amz(search->rq->arena, search->rq->received_wall);
    return was_scope(search, str_first(today, 8), claim->region);
}

/* --- what may be shown --- */

static void blot(char *bytes, str lower, str needle, const char *ends)
{
    for (size_t from = 0;;) {
        size_t at = from + str_find(str_skip(lower, from), needle);
        if (at >= lower.size)
            return;
        for (at += needle.size; at < lower.size && strchr(ends, lower.ptr[at]) == NULL; at++)
            bytes[at] = '*';
        from = at;
    }
}

static str without_secrets(struct arena *arena, str text)
{
    if (text.size == 0)
        return STR("");
    char *bytes = arena_copy(arena, text.ptr, text.size);
    str lower = str_lower(arena, text);
    blot(bytes, lower, STR("x-amz-security-token:"), "\n");
    blot(bytes, lower, STR("x-amz-security-token="), "&\n");
    blot(bytes, lower, STR("-customer-key:"), "\n");
    blot(bytes, lower, STR("-customer-key="), "&\n");
    return str_from(bytes, text.size);
}

static size_t first_difference(str a, str b)
{
    size_t at = 0;
    while (at < a.size && at < b.size && a.ptr[at] == b.ptr[at])
        at++;
    return a.size == b.size && at == a.size ? MISMATCH_NOWHERE : at;
}

const struct mismatch *mismatch_find(struct request *rq, const struct claim *claim,
                                     const struct verifier *verifier, str canonical)
{
    struct mismatch *out = ARENA_NEW(rq->arena, struct mismatch);
    struct search search = { .rq = rq, .claim = claim, .verifier = verifier, .out = out };
    *out = (struct mismatch){ .cause = STR(NO_CAUSE), .at = MISMATCH_NOWHERE };
    if (canonical.size == 0 || canonical.size > MISMATCH_BYTES) {
        out->cause = STR("the canonical request is too long to look for the cause");
        return out;
    }
    out->canonical = canonical;
    if (take_apart(canonical, &search.ours))
        (void) (was_path(&search) || was_query(&search) || was_headers(&search) ||
                was_payload(&search) || was_method(&search) || was_some_scope(&search) ||
                was_some_host(&search));
    if (out->found)
        out->at = first_difference(canonical, out->client);
    out->canonical = without_secrets(rq->arena, canonical);
    out->client = without_secrets(rq->arena, out->client);
    return out;
}

/* --- what is signed as it is: Version 2, policies of forms --- */

/* `text` with line `at` (from 0) replaced. */
static str with_line(struct arena *arena, str text, size_t at, str other)
{
    struct buf out;
    str line;
    buf_init_arena(&out, arena, text.size + other.size + 2);
    for (size_t i = 0; str_is_set(text) && str_next(&text, '\n', &line); i++) {
        buf_add(&out, i > 0 ? STR("\n") : STR(""));
        buf_add(&out, i == at ? other : line);
    }
    return buf_str(&out);
}

static bool was_plain(struct request *rq, const struct claim *claim, str text, struct mismatch *out,
                      const char *cause)
{
    struct verifier verifier;
    if (out->found || text.size == 0 || str_eq(text, out->canonical))
        return out->found;
    out->found = claim->algorithm == AUTH_SIGV2
                     ? credentials_accept_sigv2(rq->world->credentials, rq->arena, claim, text)
                     : credentials_verifier(rq->world->credentials, rq->arena, claim, &verifier) &&
                           verifier_accepts(&verifier, text, claim->signature);
    if (!out->found)
        return false;
    out->cause = str_of(cause);
    out->client = text;
    out->at = first_difference(out->canonical, text);
    return true;
}

static void was_version_2(struct request *rq, const struct claim *claim, struct mismatch *out)
{
    enum { MD5_LINE = 1, TYPE_LINE, DATE_LINE };
    struct arena *arena = rq->arena;
    str ours = out->canonical, path = rq->address.path;
    size_t last = ours.size;
    while (last > 0 && ours.ptr[last - 1] != '\n')
        last--;
    str head = str_first(ours, last), resource = str_skip(ours, last);
    str bare = str_first(resource, str_find_char(resource, '?'));
    (void) (was_plain(rq, claim, with_line(arena, ours, TYPE_LINE, STR("")), out,
                      "the Content-Type was left out") ||
            was_plain(rq, claim, with_line(arena, ours, MD5_LINE, STR("")), out,
                      "the Content-MD5 was left out") ||
            was_plain(
                rq, claim,
                with_line(arena, ours, DATE_LINE, str_trim(request_get_header(rq, "x-amz-date"))),
                out, "x-amz-date was signed in the place of Date too") ||
            was_plain(rq, claim, str_format(arena, "%.*s%.*s", STR_ARG(head), STR_ARG(path)), out,
                      "the bucket of the host name was left out of the resource") ||
            was_plain(rq, claim, str_format(arena, "%.*s%.*s", STR_ARG(head), STR_ARG(bare)), out,
                      "the sub-resource was left out") ||
            was_plain(rq, claim, decode_uri(arena, ours, false), out,
                      "the path was signed before it was percent-encoded"));
}

const struct mismatch *mismatch_find_plain(struct request *rq, const struct claim *claim,
                                           str string_to_sign)
{
    struct mismatch *out = ARENA_NEW(rq->arena, struct mismatch);
    bool form = rq->op && (rq->op->flags & OP_FORM);
    str decoded;
    *out = (struct mismatch){ .cause = STR(NO_CAUSE), .at = MISMATCH_NOWHERE };
    if (string_to_sign.size == 0 || string_to_sign.size > MISMATCH_BYTES) {
        out->cause = STR("the string to sign is too long to look for the cause");
        return out;
    }
    out->canonical = string_to_sign;
    if (!form)
        was_version_2(rq, claim, out);
    else if (decode_base64(rq->arena, string_to_sign, &decoded))
        (void) was_plain(rq, claim, decoded, out,
                         "the policy was signed before it was encoded in base64");
    out->canonical = without_secrets(rq->arena, out->canonical);
    out->client = without_secrets(rq->arena, out->client);
    return out;
}
