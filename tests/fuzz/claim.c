/* Authorization headers and X-Amz-* queries: what a claim says lies in what was sent, and what is
 * sound can be made canonical. Input: the header, a newline, the target. */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "server/auth/canonical.h"
#include "server/auth/claim.h"

static void parse_query(struct request *rq)
{
    str rest = rq->raw_query, piece, name, value;
    while (str_is_set(rest) && str_next(&rest, '&', &piece)) {
        bool has_value = str_cut(piece, '=', &name, &value);
        fields_add(rq->arena, &rq->query, decode_uri(rq->arena, name, true),
                   has_value ? decode_uri(rq->arena, value, true) : STR_NONE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct request *rq = ARENA_NEW(arena, struct request);
    str authorization, path;
    rq->arena = arena;
    rq->method = STR("GET");
    rq->address.kind = ADDRESS_S3;
    (void) str_cut(str_from(bytes, size), '\n', &authorization, &rq->target);
    (void) str_cut(rq->target, '?', &path, &rq->raw_query);
    parse_query(rq);
    fields_add(arena, &rq->headers, STR("Host"), STR("b.s3.amazonaws.com"));
    fields_add(arena, &rq->headers, STR("x-amz-date"), STR("20261122T120000Z"));
    if (authorization.size > 0)
        fields_add(arena, &rq->headers, STR("Authorization"), authorization);
    struct claim claim = claim_read(rq, STR("s3"));
    BUG_UNLESS(claim.code != S3_WAIT && claim.code < S3_CODES);
    if (claim.code == S3_OK && claim.algorithm >= AUTH_SIGV4) {
        BUG_UNLESS(claim.access_key.size > 0 && claim.signature.size > 0);
        BUG_UNLESS(claim.scope.size <= CLAIM_CREDENTIAL_BYTES);
        str canonical = canonical_request(rq, &claim, STR("UNSIGNED-PAYLOAD"));
        BUG_UNLESS(str_ends(canonical, STR("\nUNSIGNED-PAYLOAD")));
        BUG_UNLESS(str_find(canonical, claim.signed_headers) < canonical.size);
    }
    (void) claim_service(rq);
    struct claim form = claim_read_form(arena, &rq->query, STR("s3"));
    BUG_UNLESS(form.code < S3_CODES);
    arena_free(arena);
    return 0;
}
