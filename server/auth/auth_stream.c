/* Chunk and trailer signatures (AWS: "Signature calculations for the Authorization header:
 * transferring payload in multiple chunks"). Each signs the one before it, so order counts and
 * nothing can be left out. SigV4A's vary in length: on the wire they are padded with '*' to 144
 * characters, in the chain they stand unpadded (aws-c-auth).
 *
 * A stream never allocates after auth_stream_new: a body of any number of chunks costs one buffer.
 */
#include "server/auth/auth_stream.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct auth_stream {
    struct verifier verifier;
    str algorithm, time, scope;
    char previous[SIGV4A_SIGNATURE_CHARS];
    size_t previous_size;
    char text[CLAIM_CREDENTIAL_BYTES + SIGV4A_SIGNATURE_CHARS + 256];
    size_t text_size;
};

static void remember(struct auth_stream *stream, str signature)
{
    stream->previous_size = signature.size;
    memcpy(stream->previous, signature.ptr, signature.size);
}

struct auth_stream *auth_stream_new(struct arena *arena, const struct claim *claim,
                                    const struct verifier *verifier)
{
    struct auth_stream *stream = ARENA_NEW(arena, struct auth_stream);
    stream->verifier = *verifier;
    stream->algorithm = claim_algorithm_name(claim->algorithm);
    stream->time = claim->time_text;
    stream->scope = claim->scope;
    remember(stream, str_first(claim->signature, SIGV4A_SIGNATURE_CHARS));
    return stream;
}

str auth_stream_string_to_sign(const struct auth_stream *stream)
{
    return str_from(stream->text, stream->text_size);
}

static str unpadded(const struct auth_stream *stream, str signature)
{
    if (stream->verifier.algorithm == AUTH_SIGV4A)
        while (signature.size > 0 && signature.ptr[signature.size - 1] == '*')
            signature.size--;
    return signature;
}

/* `digests`: the last lines of the string to sign. */
static enum s3_code check(struct auth_stream *stream, const char *purpose, str digests,
                          str signature)
{
    int size =
        snprintf(stream->text, sizeof stream->text, "%.*s%s\n%.*s\n%.*s\n%.*s\n%.*s",
                 STR_ARG(stream->algorithm), purpose, STR_ARG(stream->time), STR_ARG(stream->scope),
                 (int) stream->previous_size, stream->previous, STR_ARG(digests));
    if (size < 0 || (size_t) size >= sizeof stream->text)
        return S3_SignatureDoesNotMatch;
    stream->text_size = (size_t) size;
    if (signature.size > SIGV4A_SIGNATURE_CHARS)
        return S3_SignatureDoesNotMatch;
    signature = unpadded(stream, signature);
    if (!verifier_accepts(&stream->verifier, auth_stream_string_to_sign(stream), signature))
        return S3_SignatureDoesNotMatch;
    remember(stream, signature);
    return S3_OK;
}

enum s3_code auth_stream_chunk(struct auth_stream *stream, const unsigned char sha256[32],
                               str signature)
{
    char digests[] = EMPTY_SHA256 "\n" EMPTY_SHA256;
    encode_hex_into(digests + sizeof EMPTY_SHA256, sha256, 32);
    return check(stream, "-PAYLOAD", str_from(digests, sizeof digests - 1), signature);
}

enum s3_code auth_stream_trailer(struct auth_stream *stream, str trailers, str signature)
{
    char digest[64];
    encode_hex_into(digest, digest_of(DIGEST_SHA256, trailers.ptr, trailers.size).bytes, 32);
    return check(stream, "-TRAILER", str_from(digest, sizeof digest), signature);
}
