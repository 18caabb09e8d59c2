/* What the tests of server/auth share: a world with nothing but settings and credentials, and
 * requests put together by hand. Everything lives in the fixture's arena.
 */
#ifndef ATOLL_TESTS_UNIT_SERVER_AUTH_FIXTURE_H
#define ATOLL_TESTS_UNIT_SERVER_AUTH_FIXTURE_H

#include "base/encode.h"
#include "server/auth/auth.h"
#include "server/world.h"

/* AWS's documentation example pair. */
#define EXAMPLE_KEY "AKIAIOSFODNN7EXAMPLE"
#define EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

struct auth_fixture {
    struct arena *arena;
    struct settings settings;
    struct world world;
};

static inline struct auth_fixture *fixture_new(enum auth_mode mode)
{
    struct arena *arena = arena_new();
    struct auth_fixture *fixture = ARENA_NEW(arena, struct auth_fixture);
    fixture->arena = arena;
    fixture->settings.account = STR("123456789012");
    fixture->settings.auth = mode;
    fixture->settings.signature_skew = DURATION_S(-1);
    fixture->world.settings = &fixture->settings;
    fixture->world.credentials = credentials_new();
    credentials_add(fixture->world.credentials, STR(EXAMPLE_KEY), STR(EXAMPLE_SECRET),
                    STR("111122223333"), true);
    return fixture;
}

static inline void fixture_free(struct auth_fixture *fixture)
{
    credentials_free(fixture->world.credentials);
    arena_free(fixture->arena);
}

static inline void fixture_parse_query(struct request *rq)
{
    str query, path, piece, name, value;
    rq->query = (struct fields){ .count = 0 };
    (void) str_cut(rq->target, '?', &path, &query);
    rq->raw_query = query;
    while (str_next(&query, '&', &piece)) {
        bool has_value = str_cut(piece, '=', &name, &value);
        fields_add(rq->arena, &rq->query, decode_uri(rq->arena, name, true),
                   has_value ? decode_uri(rq->arena, value, true) : STR_NONE);
    }
}

static inline struct request *fixture_request(struct auth_fixture *fixture, str method, str target)
{
    struct request *rq = ARENA_NEW(fixture->arena, struct request);
    rq->magic = REQUEST_MAGIC;
    rq->arena = fixture->arena;
    rq->world = &fixture->world;
    rq->method = method;
    rq->target = target;
    rq->address.kind = ADDRESS_S3;
    fixture_parse_query(rq);
    return rq;
}

static inline void fixture_header(struct request *rq, const char *name, const char *value)
{
    fields_add(rq->arena, &rq->headers, str_of(name), str_of(value));
}

#endif
