/* The CA on disk and the minting of leaves, with OpenSSL. What a client checks strictly
 * (openssl verify -x509_strict, Go, Java) is in the two tables of extensions. */
#include "server/front/ca.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/log.h"

enum {
    CA_DAYS = 3650,
    LEAF_DAYS = 397, /* Apple and the CA/Browser Forum: 398 is the most a client accepts */
    DAY_S = 86400,
    PEM_BYTES_MOST = 64 * 1024,
    COMMON_NAME_MOST = 64 /* X.520 ub-common-name */
};

struct ca {
    X509 *certificate;
    EVP_PKEY *key;
    EVP_PKEY *leaf_key;
    unsigned char *leaf_der;
    size_t leaf_der_size;
    struct arena *arena; /* holds the PEM text */
    str pem;
};

struct extension {
    int nid;
    const char *value;
};

static const struct extension ca_extensions[] = {
    { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
    { NID_key_usage, "critical,keyCertSign,cRLSign" },
    { NID_subject_key_identifier, "hash" },
    { NID_name_constraints, "critical,permitted;DNS:amazonaws.com,permitted;DNS:amazonaws.com.cn,"
                            "permitted;DNS:localhost,permitted;DNS:atoll.test,"
                            "permitted;IP:127.0.0.0/255.0.0.0,"
                            "permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

static const struct extension leaf_extensions[] = {
    { NID_basic_constraints, "critical,CA:FALSE" },
    { NID_key_usage, "critical,digitalSignature" },
    { NID_ext_key_usage, "serverAuth" },
    { NID_subject_key_identifier, "hash" },
    { NID_authority_key_identifier, "keyid:always" },
};

static bool extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static bool extend_all(X509 *certificate, X509 *issuer, const struct extension *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!extend(certificate, issuer, all[i].nid, all[i].value))
            return false;
    return true;
}

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (unsigned char) ((bytes[0] & 0x7f) | 0x40); /* positive, and never short */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

/* Valid from a day ago, because clocks of containers differ. */
static bool set_times(X509 *certificate, int days)
{
    time_t now = (time_t) (clock_wall().ns / 1000000000);
    return X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &now) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), days - 1, -1, &now) != NULL;
}

static bool set_name(X509_NAME *name, str common)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *) "atoll", -1,
                                      -1, 0) == 1 &&
           (common.size > COMMON_NAME_MOST ||
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *) common.ptr,
                                       (int) common.size, -1, 0) == 1);
}

static X509 *begin_certificate(EVP_PKEY *key, str common, int days)
{
    X509 *certificate = X509_new();
    if (certificate && X509_set_version(certificate, X509_VERSION_3) == 1 &&
        set_serial(certificate) && set_times(certificate, days) &&
        X509_set_pubkey(certificate, key) == 1 &&
        set_name(X509_get_subject_name(certificate), common))
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* The subject follows from the key, so that two processes that race make interchangeable ones. */
static X509 *make_ca_certificate(EVP_PKEY *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    int der_size = i2d_PUBKEY(key, &der);
    if (der_size <= 0)
        return NULL;
    bool hashed = EVP_Digest(der, (size_t) der_size, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    char name[] = "atoll local CA 00000000";
    encode_hex_into(name + sizeof name - 9, digest, 4);
    X509 *ca = hashed ? begin_certificate(key, str_of(name), CA_DAYS) : NULL;
    if (ca && X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
        extend_all(ca, ca, ca_extensions, COUNT(ca_extensions)) &&
        X509_sign(ca, key, EVP_sha256()) > 0)
        return ca;
    X509_free(ca);
    return NULL;
}

static str bio_text(struct arena *arena, BIO *bio)
{
    char *text;
    long size = BIO_get_mem_data(bio, &text);
    return size > 0 ? str_copy(arena, str_from(text, (size_t) size)) : STR_NONE;
}

static str key_to_pem(struct arena *arena, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    str text = STR_NONE;
    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        text = bio_text(arena, bio);
    BIO_free(bio);
    return text;
}

static str certificate_to_pem(struct arena *arena, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    str text = STR_NONE;
    if (bio && PEM_write_bio_X509(bio, certificate) == 1)
        text = bio_text(arena, bio);
    BIO_free(bio);
    return text;
}

/* Writes beside and links into place: the first process wins, and nobody sees half a file. */
static int place_file(struct arena *arena, const char *path, str bytes, mode_t mode)
{
    const struct fs *fs = fs_real();
    const char *beside = str_format(arena, "%s.%ld", path, (long) getpid()).ptr;
    (void) fs->unlink(fs, beside);
    SCOPED_FD int fd = fs->open(fs, beside, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (fd < 0)
        return fd;
    int error = fs_write_all(fs, fd, bytes.ptr, bytes.size, 0);
    if (error == 0)
        error = fs->sync(fs, fd);
    if (error == 0)
        error = fs->link(fs, beside, path);
    (void) fs->unlink(fs, beside);
    return error == -EEXIST ? 0 : error;
}

static str trouble(struct arena *arena, const char *path, int error)
{
    return str_format(arena,
                      "cannot use the certificate authority's file %s: %s; name another directory "
                      "with --ca-dir",
                      path, strerror(-error));
}

/* Reads `path`; where it is missing, places `bytes` there first. */
static bool read_or_place(struct arena *arena, const char *path, str made, mode_t mode, str *out)
{
    int error = made.size > 0 ? place_file(arena, path, made, mode) : 0;
    if (error == 0)
        error = fs_read_file(arena, path, PEM_BYTES_MOST, out);
    if (error == 0)
        return true;
    *out = trouble(arena, path, error);
    return false;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool load_key(struct ca *ca, struct arena *arena, const char *path, str *error)
{
    str text = STR_NONE;
    if (!exists(path)) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        text = key ? key_to_pem(arena, key) : STR_NONE;
        EVP_PKEY_free(key);
    }
    if (!read_or_place(arena, path, text, 0600, &text)) {
        *error = text;
        return false;
    }
    BIO *bio = BIO_new_mem_buf(text.ptr, (int) text.size);
    ca->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (ca->key == NULL)
        *error = str_format(arena, "%s holds no private key; remove it and ca.pem to make new ones",
                            path);
    return ca->key != NULL;
}

static bool load_certificate(struct ca *ca, struct arena *arena, const char *path, str *error)
{
    str text = STR_NONE;
    if (!exists(path)) {
        X509 *made = make_ca_certificate(ca->key);
        text = made ? certificate_to_pem(arena, made) : STR_NONE;
        X509_free(made);
    }
    if (!read_or_place(arena, path, text, 0644, &text)) {
        *error = text;
        return false;
    }
    ca->pem = str_copy(ca->arena, text);
    BIO *bio = BIO_new_mem_buf(text.ptr, (int) text.size);
    ca->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    time_t now = (time_t) (clock_wall().ns / 1000000000);
    if (ca->certificate == NULL)
        *error = str_format(arena, "%s holds no certificate; remove it to have it made anew", path);
    else if (X509_check_private_key(ca->certificate, ca->key) != 1)
        *error = str_format(arena, "%s does not belong to the ca.key beside it; remove both", path);
    else if (X509_cmp_time(X509_get0_notAfter(ca->certificate), &now) < 0)
        *error = str_format(arena, "%s has expired; remove it and ca.key to make new ones", path);
    else
        return true;
    return false;
}

static bool make_leaf_key(struct ca *ca)
{
    ca->leaf_key = EVP_EC_gen("P-256");
    if (ca->leaf_key == NULL)
        return false;
    int size = i2d_PrivateKey(ca->leaf_key, &ca->leaf_der);
    ca->leaf_der_size = size > 0 ? (size_t) size : 0;
    return size > 0;
}

struct ca *ca_open(struct arena *arena, str directory, str *error)
{
    const char *folder = str_c(arena, directory);
    const char *key_path = str_format(arena, "%s/ca.key", folder).ptr;
    const char *pem_path = str_format(arena, "%s/ca.pem", folder).ptr;
    int made = directory.size > 0 ? fs_make_dirs(fs_real(), folder) : -ENOENT;
    if (made != 0) {
        *error = trouble(arena, folder, made);
        return NULL;
    }
    if (exists(pem_path) && !exists(key_path)) {
        *error = str_format(arena,
                            "%s is there but ca.key is not; put the key back, or remove ca.pem to "
                            "make a new authority",
                            pem_path);
        return NULL;
    }
    struct ca *ca = mem_alloc(sizeof *ca);
    ca->arena = arena_new();
    if (load_key(ca, arena, key_path, error) && load_certificate(ca, arena, pem_path, error)) {
        if (make_leaf_key(ca))
            return ca;
        *error = STR("OpenSSL could not make a P-256 key");
    }
    ca_close(ca);
    return NULL;
}

void ca_close(struct ca *ca)
{
    if (ca == NULL)
        return;
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    EVP_PKEY_free(ca->leaf_key);
    OPENSSL_free(ca->leaf_der);
    arena_free(ca->arena);
    free(ca);
}

str ca_pem(const struct ca *ca)
{
    return ca->pem;
}

str ca_leaf_key_der(const struct ca *ca)
{
    return str_from(ca->leaf_der, ca->leaf_der_size);
}

static bool is_or_is_under(str host, str domain)
{
    if (!str_ends(host, domain))
        return false;
    return host.size == domain.size || host.ptr[host.size - domain.size - 1] == '.';
}

/* A host name as in a certificate: what could end the SAN's text and begin another is refused. */
static bool is_plain_name(str host)
{
    if (host.size == 0 || host.size > 253 || host.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'))
            return false;
    }
    return true;
}

bool ca_may_name(str host)
{
    static const str domains[] = { { "amazonaws.com", 13 },
                                   { "amazonaws.com.cn", 16 },
                                   { "localhost", 9 },
                                   { "atoll.test", 10 } };
    if (!is_plain_name(host))
        return false;
    for (size_t i = 0; i < COUNT(domains); i++)
        if (is_or_is_under(host, domains[i]))
            return true;
    return false;
}

static X509 *make_leaf(const struct ca *ca, struct arena *arena, str host)
{
    const char *names = str_is(host, CA_FALLBACK_HOST)
                            ? "DNS:localhost,IP:127.0.0.1,IP:::1"
                            : str_format(arena, "DNS:%.*s", STR_ARG(host)).ptr;
    X509 *leaf = begin_certificate(ca->leaf_key, host, LEAF_DAYS);
    if (leaf && X509_set_issuer_name(leaf, X509_get_subject_name(ca->certificate)) == 1 &&
        extend_all(leaf, ca->certificate, leaf_extensions, COUNT(leaf_extensions)) &&
        extend(leaf, ca->certificate, NID_subject_alt_name, names) &&
        X509_sign(leaf, ca->key, EVP_sha256()) > 0)
        return leaf;
    X509_free(leaf);
    return NULL;
}

str ca_mint(const struct ca *ca, struct arena *arena, str host)
{
    if (!ca_may_name(host))
        host = STR(CA_FALLBACK_HOST);
    unsigned char *der = NULL;
    X509 *leaf = make_leaf(ca, arena, host);
    int size = leaf ? i2d_X509(leaf, &der) : -1;
    str copy = STR_NONE;
    if (size > 0)
        copy = str_from(arena_copy(arena, der, (size_t) size), (size_t) size);
    else
        log_line(LOG_ERROR, "OpenSSL could not make a certificate for %.*s", STR_ARG(host));
    OPENSSL_free(der);
    X509_free(leaf);
    return copy;
}
