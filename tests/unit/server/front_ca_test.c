/* The certificate authority on disk, and what it signs, under OpenSSL's strict rules. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/fs.h"
#include "server/front/ca.h"

static X509 *read_pem(str text)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int) text.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static X509 *read_der(str der)
{
    const unsigned char *at = (const unsigned char *) der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long) der.size);
    assert_non_null(certificate);
    return certificate;
}

/* What `openssl verify -x509_strict -purpose sslserver -verify_hostname NAME` does. */
static const char *verify(X509 *ca, X509 *leaf, const char *name)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE |
                                           X509_V_FLAG_POLICY_CHECK);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) != 1)
        assert_int_equal(X509_VERIFY_PARAM_set1_host(param, name, 0), 1);
    int verified = X509_verify_cert(context);
    const char *error =
        verified == 1 ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

static struct ca *open_in(struct arena *arena, const char *directory)
{
    str error = STR_NONE;
    struct ca *ca = ca_open(arena, str_of(directory), &error);
    if (ca == NULL)
        fail_msg("%.*s", STR_ARG(error));
    return ca;
}

TEST(leaves_pass_strict_verification_for_their_name_alone)
{
    static const struct {
        int line;
        const char *host;
        const char *verified_as;
    } rows[] = {
        { __LINE__, "s3.amazonaws.com", "s3.amazonaws.com" },
        { __LINE__, "my.bucket.s3.eu-west-1.amazonaws.com",
          "my.bucket.s3.eu-west-1.amazonaws.com" },
        { __LINE__, "s3.cn-north-1.amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn" },
        { __LINE__, "atoll.test", "atoll.test" },
        { __LINE__, "bucket.localhost", "bucket.localhost" },
        { __LINE__, "localhost", "localhost" },
        { __LINE__, "localhost", "127.0.0.1" },
        { __LINE__, "localhost", "::1" },
        { __LINE__, "example.com", "localhost" },
        { __LINE__,
          "a-name-that-is-longer-than-the-sixty-four-characters-of-a-common-name.s3.amazonaws.com",
          "a-name-that-is-longer-than-the-sixty-four-characters-of-a-common-name.s3.amazonaws."
          "com" },
    };
    struct arena *arena = arena_new();
    struct ca *ca = open_in(arena, test_directory());
    X509 *root = read_pem(ca_pem(ca));
    for (size_t i = 0; i < COUNT(rows); i++) {
        X509 *leaf = read_der(ca_mint(ca, arena, str_of(rows[i].host)));
        const char *error = verify(root, leaf, rows[i].verified_as);
        if (error)
            fail_msg("line %d: %s", rows[i].line, error);
        assert_non_null(verify(root, leaf, "other.amazonaws.com"));
        X509_free(leaf);
    }
    X509_free(root);
    ca_close(ca);
    arena_free(arena);
}

TEST(the_command_line_of_openssl_agrees)
{
    struct arena *arena = arena_new();
    const char *directory = test_directory();
    struct ca *ca = open_in(arena, directory);
    X509 *leaf = read_der(ca_mint(ca, arena, STR("s3.amazonaws.com")));
    FILE *file = fopen(str_format(arena, "%s/leaf.pem", directory).ptr, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, leaf), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(leaf);
    if (system("command -v openssl >/dev/null") != 0)
        skip();
    assert_int_equal(
        system(str_format(arena,
                          "openssl verify -x509_strict -purpose sslserver -verify_hostname "
                          "s3.amazonaws.com -CAfile %s/ca.pem %s/leaf.pem >/dev/null",
                          directory, directory)
                   .ptr),
        0);
    ca_close(ca);
    arena_free(arena);
}

TEST(the_authority_is_bound_to_its_names)
{
    struct arena *arena = arena_new();
    struct ca *ca = open_in(arena, test_directory());
    X509 *root = read_pem(ca_pem(ca));
    static const int critical[] = { NID_basic_constraints, NID_key_usage, NID_name_constraints };
    for (size_t i = 0; i < COUNT(critical); i++) {
        int at = X509_get_ext_by_NID(root, critical[i], -1);
        assert_true(at >= 0);
        assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(root, at)), 1);
    }
    assert_true(X509_get_ext_by_NID(root, NID_subject_key_identifier, -1) >= 0);
    assert_int_equal(X509_get_pathlen(root), 0);
    NAME_CONSTRAINTS *names = X509_get_ext_d2i(root, NID_name_constraints, NULL, NULL);
    assert_int_equal(sk_GENERAL_SUBTREE_num(names->permittedSubtrees), 6);
    NAME_CONSTRAINTS_free(names);
    X509_free(root);
    ca_close(ca);
    arena_free(arena);
}

TEST(a_leaf_is_short_lived_and_began_a_day_ago)
{
    struct arena *arena = arena_new();
    struct ca *ca = open_in(arena, test_directory());
    X509 *leaf = read_der(ca_mint(ca, arena, STR("localhost")));
    int days;
    int seconds;
    assert_int_equal(
        ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)), 1);
    assert_true(days <= 397);
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf), NULL), 1);
    assert_int_equal(days, 1);
    X509_free(leaf);
    ca_close(ca);
    arena_free(arena);
}

TEST(the_authority_is_made_once_and_its_key_is_private)
{
    struct arena *arena = arena_new();
    const char *directory = str_format(arena, "%s/deep/er", test_directory()).ptr;
    struct stat key;
    struct ca *first = open_in(arena, directory);
    struct ca *second = open_in(arena, directory);
    assert_true(str_eq(ca_pem(first), ca_pem(second)));
    assert_int_equal(stat(str_format(arena, "%s/ca.key", directory).ptr, &key), 0);
    assert_int_equal(key.st_mode & 0777, 0600);
    ca_close(first);
    ca_close(second);
    arena_free(arena);
}

static _Noreturn void make_and_leave(const char *directory)
{
    struct arena *arena = arena_new();
    str error;
    struct ca *ca = ca_open(arena, str_of(directory), &error);
    if (ca == NULL)
        _exit(1);
    /* What this one signs must be good for whoever trusts the file that all share. */
    X509 *leaf = read_der(ca_mint(ca, arena, STR("localhost")));
    str text;
    if (fs_read_file(arena, str_format(arena, "%s/ca.pem", directory).ptr, 65536, &text) != 0)
        _exit(2);
    _exit(verify(read_pem(text), leaf, "localhost") ? 3 : 0);
}

TEST(processes_that_make_it_at_once_end_up_with_the_same)
{
    enum { PROCESSES = 8, ROUNDS = 10 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *directory = test_directory();
        pid_t children[PROCESSES];
        for (unsigned i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                make_and_leave(directory);
        }
        for (unsigned i = 0; i < PROCESSES; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
    }
}

static void expect_refused(const char *directory, const char *says)
{
    struct arena *arena = arena_new();
    str error = STR_NONE;
    if (ca_open(arena, str_of(directory), &error))
        fail_msg("%s was accepted (should say \"%s\")", directory, says);
    if (strstr(str_c(arena, error), says) == NULL)
        fail_msg("\"%.*s\" does not say \"%s\"", STR_ARG(error), says);
    arena_free(arena);
}

TEST(a_broken_authority_is_told_with_the_way_out)
{
    struct arena *arena = arena_new();
    const char *one = str_c(arena, str_of(test_directory())); /* its buffer is reused */
    const char *two = test_directory();
    ca_close(open_in(arena, one));
    ca_close(open_in(arena, two));
    const char *pem = str_format(arena, "%s/ca.pem", one).ptr;
    const char *key = str_format(arena, "%s/ca.key", one).ptr;
    assert_int_equal(rename(str_format(arena, "%s/ca.pem", two).ptr, pem), 0);
    expect_refused(one, "does not belong to the ca.key");
    assert_int_equal(fs_replace_file(pem, STR("nonsense"), 0644), 0);
    expect_refused(one, "holds no certificate");
    assert_int_equal(fs_replace_file(key, STR("nonsense"), 0600), 0);
    expect_refused(one, "holds no private key");
    assert_int_equal(unlink(key), 0);
    expect_refused(one, "put the key back");
    expect_refused("/dev/null/ca", "--ca-dir");
    arena_free(arena);
}

TEST(names_that_could_smuggle_something_into_a_certificate_are_not_certified)
{
    static const struct {
        int line;
        const char *host;
        bool may;
    } rows[] = {
        { __LINE__, "s3.amazonaws.com", true },
        { __LINE__, "amazonaws.com", true },
        { __LINE__, "my_bucket.s3.amazonaws.com", true },
        { __LINE__, "evilamazonaws.com", false },
        { __LINE__, "amazonaws.com.evil.org", false },
        { __LINE__, "a.com,DNS:b.localhost", false },
        { __LINE__, "*.amazonaws.com", false },
        { __LINE__, "x\n.localhost", false },
        { __LINE__, ".localhost", false },
        { __LINE__, "", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (ca_may_name(str_of(rows[i].host)) != rows[i].may)
            fail_msg("line %d: \"%s\"", rows[i].line, rows[i].host);
}
