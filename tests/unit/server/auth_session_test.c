/* Session credentials: what their token carries, and that nobody else can write one. */
#include "server/auth/session.h"
#include "tests/unit/test.h"

static struct session issued(struct arena *arena, uint64_t ordinal, bool global)
{
    struct session session = { .account = STR("123456789012"),
                               .arn = STR("arn:aws:sts::123456789012:assumed-role/r/me"),
                               .expires = { 1795348800000000000 },
                               .global = global };
    session_issue(arena, 7, ordinal, &session);
    return session;
}

TEST(a_token_carries_the_whole_session)
{
    struct arena *arena = arena_new();
    for (unsigned global = 0; global < 2; global++) {
        struct session session = issued(arena, 1, global), back;
        assert_int_equal(session.access_key.size, 20);
        assert_int_equal(session.secret.size, 40);
        assert_true(session_read(arena, 7, session.token, &back));
        assert_true(str_eq(back.access_key, session.access_key));
        assert_true(str_eq(back.secret, session.secret));
        assert_true(str_eq(back.account, session.account) && str_eq(back.arn, session.arn));
        assert_int_equal(back.expires.ns, session.expires.ns);
        assert_int_equal(back.global, session.global);
        assert_true(str_find(session.token, session.secret) == session.token.size);
    }
    arena_free(arena);
}

TEST(two_sessions_of_one_role_have_keys_of_their_own)
{
    struct arena *arena = arena_new();
    struct session one = issued(arena, 1, false), two = issued(arena, 2, false);
    assert_false(str_eq(one.access_key, two.access_key));
    assert_false(str_eq(one.secret, two.secret));
    assert_false(str_eq(one.token, two.token));
    arena_free(arena);
}

TEST(a_token_that_was_changed_anywhere_or_made_elsewhere_is_nobodys)
{
    struct arena *arena = arena_new();
    struct session session = issued(arena, 1, false), back;
    assert_false(session_read(arena, 8, session.token, &back));
    for (size_t i = 0; i < session.token.size; i++) {
        char *bytes = arena_copy(arena, session.token.ptr, session.token.size);
        bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
        if (session_read(arena, 7, str_from(bytes, session.token.size), &back))
            fail_msg("byte %zu of the token does not count", i);
        if (session_read(arena, 7, str_first(session.token, i), &back))
            fail_msg("the first %zu bytes of the token are enough", i);
    }
    assert_false(session_read(arena, 7, STR(""), &back));
    assert_false(session_read(arena, 7, STR("IQoJb3JpZ2luX2VjEXAMPLEtoken//8="), &back));
    arena_free(arena);
}
