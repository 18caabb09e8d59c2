/* The credential table: replacing, forgetting, bounds, and what is derived from it. */
#include "tests/unit/test.h"

#include <stdio.h>

#include "base/lock.h"
#include "server/auth/credentials.h"
#include "server/auth/sigv4.h"

static struct claim claim_of(const char *access_key, const char *region, struct arena *arena)
{
    return (struct claim){ .algorithm = AUTH_SIGV4,
                           .access_key = str_of(access_key),
                           .date = STR("20261122"),
                           .region = str_of(region),
                           .service = STR("s3"),
                           .scope = str_format(arena, "20261122/%s/s3/aws4_request", region) };
}

static bool derives(struct credentials *credentials, const char *access_key, const char *region,
                    const char *secret)
{
    struct arena *arena = arena_new();
    struct claim claim = claim_of(access_key, region, arena);
    struct verifier verifier;
    unsigned char expected[SIGV4_KEY_BYTES];
    sigv4_signing_key(str_of(secret), claim.date, claim.region, claim.service, expected);
    bool same = credentials_verifier(credentials, arena, &claim, &verifier) &&
                memcmp(verifier.hmac_key, expected, sizeof expected) == 0;
    arena_free(arena);
    return same;
}

TEST(a_credential_is_found_with_its_account_and_arn)
{
    struct arena *arena = arena_new();
    struct credentials *credentials = credentials_new();
    struct credential found;
    credentials_add(credentials, STR("alice"), STR("s"), STR("111122223333"), true);
    assert_true(credentials_find(credentials, arena, STR("alice"), &found));
    assert_str(found.account, "111122223333");
    assert_str(found.arn, "");
    assert_true(found.from_config);
    credentials_set_arn(credentials, STR("alice"), STR("arn:aws:sts::1:assumed-role/r/s"));
    credentials_set_arn(credentials, STR("bob"), STR("nobody's"));
    assert_true(credentials_find(credentials, arena, STR("alice"), &found));
    assert_str(found.arn, "arn:aws:sts::1:assumed-role/r/s");
    assert_false(credentials_find(credentials, arena, STR("bob"), &found));
    assert_false(credentials_find(credentials, arena, STR(""), &found));
    credentials_clear(credentials);
    assert_false(credentials_find(credentials, arena, STR("alice"), &found));
    credentials_free(credentials);
    credentials_free(NULL);
    arena_free(arena);
}

TEST(what_was_derived_from_a_replaced_secret_is_not_used_again)
{
    struct credentials *credentials = credentials_new();
    credentials_add(credentials, STR("alice"), STR("old"), STR(""), true);
    assert_true(derives(credentials, "alice", "us-east-1", "old"));
    credentials_add(credentials, STR("alice"), STR("new"), STR(""), false);
    assert_true(derives(credentials, "alice", "us-east-1", "new"));
    credentials_clear(credentials);
    assert_false(derives(credentials, "alice", "us-east-1", "new"));
    credentials_add(credentials, STR("alice"), STR("third"), STR(""), true);
    assert_true(derives(credentials, "alice", "us-east-1", "third"));
    credentials_free(credentials);
}

TEST(more_scopes_than_the_cache_holds_are_derived_right)
{
    struct credentials *credentials = credentials_new();
    credentials_add(credentials, STR("alice"), STR("a"), STR(""), true);
    credentials_add(credentials, STR("bob"), STR("b"), STR(""), true);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 2 * CREDENTIAL_CACHE; i++) {
            char region[32];
            (void) snprintf(region, sizeof region, "region-%u", i);
            assert_true(derives(credentials, "alice", region, "a"));
            assert_true(derives(credentials, "bob", region, "b"));
        }
    credentials_free(credentials);
}

TEST(the_oldest_temporary_credential_makes_room_and_configured_ones_stay)
{
    struct arena *arena = arena_new();
    struct credentials *credentials = credentials_new();
    struct credential found;
    credentials_add(credentials, STR("configured"), STR("s"), STR(""), true);
    for (unsigned i = 0; i < CREDENTIALS_TEMPORARY + 2; i++)
        credentials_add(credentials, str_format(arena, "ASIA%u", i), STR("s"), STR(""), false);
    assert_true(credentials_find(credentials, arena, STR("configured"), &found));
    assert_false(credentials_find(credentials, arena, STR("ASIA0"), &found));
    assert_false(credentials_find(credentials, arena, STR("ASIA1"), &found));
    assert_true(credentials_find(credentials, arena, STR("ASIA2"), &found));

    credentials_add(credentials, STR("ASIA2"), STR("s"), STR(""), false); /* the newest now */
    credentials_add(credentials, STR("ASIA3"), STR("s"), STR(""), true);  /* no longer temporary */
    credentials_add(credentials, STR("one more"), STR("s"), STR(""), false);
    credentials_add(credentials, STR("and more"), STR("s"), STR(""), false);
    assert_true(credentials_find(credentials, arena, STR("ASIA2"), &found));
    assert_true(credentials_find(credentials, arena, STR("ASIA3"), &found));
    assert_false(credentials_find(credentials, arena, STR("ASIA4"), &found));
    assert_true(credentials_find(credentials, arena, STR("ASIA5"), &found));
    credentials_free(credentials);
    arena_free(arena);
}

TEST(keys_and_secrets_of_impossible_length_are_not_added)
{
    static const char letters[300] = "";
    struct arena *arena = arena_new();
    struct credentials *credentials = credentials_new();
    struct credential found;
    str longest_key = str_from(letters, CREDENTIAL_KEY_BYTES);
    str longer_key = str_from(letters, CREDENTIAL_KEY_BYTES + 1);
    credentials_add(credentials, longer_key, STR("s"), STR(""), true);
    assert_false(credentials_find(credentials, arena, longer_key, &found));
    credentials_add(credentials, STR("a"), str_from(letters, CREDENTIAL_SECRET_BYTES + 1), STR(""),
                    true);
    assert_false(credentials_find(credentials, arena, STR("a"), &found));
    credentials_add(credentials, longest_key, str_from(letters, CREDENTIAL_SECRET_BYTES), STR(""),
                    true);
    struct claim claim = { .algorithm = AUTH_SIGV4A, .access_key = longest_key };
    struct verifier verifier;
    assert_true(credentials_verifier(credentials, arena, &claim, &verifier));
    assert_false(verifier_accepts(&verifier, STR("text"), STR("30")));
    credentials_free(credentials);
    arena_free(arena);
}

static void *use_and_change(void *arg)
{
    struct credentials *credentials = arg;
    for (unsigned i = 0; i < 200; i++) {
        struct arena *arena = arena_new();
        struct claim claim = claim_of("alice", "us-east-1", arena);
        struct verifier verifier;
        claim.algorithm = i % 2 ? AUTH_SIGV4A : AUTH_SIGV4;
        if (credentials_verifier(credentials, arena, &claim, &verifier))
            (void) verifier_accepts(&verifier, STR("text"), STR("3006020101020101"));
        if (i % 20 == 0)
            credentials_add(credentials, STR("alice"), STR("s"), STR(""), i % 40 == 0);
        if (i % 90 == 0)
            credentials_clear(credentials);
        arena_free(arena);
    }
    return NULL;
}

TEST(a_key_in_use_outlives_its_credential)
{
    struct credentials *credentials = credentials_new();
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        threads[i] = thread_start("credentials", use_and_change, credentials);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    credentials_free(credentials);
}
