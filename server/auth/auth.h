/* auth: who is asking. Verifies SigV4, SigV4A and SigV2 in the Authorization header, in the query
 * and in POST forms. Time comes from the wall clock, because clients sign with theirs.
 *
 * Modes: off (nothing is checked), relaxed (known keys are verified, unknown keys and unsigned
 * requests act as the default account and are marked), strict (nothing unsigned or unknown passes).
 * Threads: auth_check any worker; the credential table is changed by start-up and admin only and is
 * internally locked. Signing keys and P-256 points are cached per credential.
 */
#ifndef ATOLL_SERVER_AUTH_AUTH_H
#define ATOLL_SERVER_AUTH_AUTH_H

#include "server/request.h"

enum auth_mode { AUTH_MODE_OFF, AUTH_MODE_RELAXED, AUTH_MODE_STRICT };

#define CREDENTIALS_TEMPORARY 1024
/* How session tokens begin: those of a Region's STS endpoint, and those of sts.amazonaws.com, which
 * "are valid only in Regions that are enabled by default" (AWS, "Managing AWS STS in a Region"). */
#define CREDENTIALS_TOKEN "IQoJ"
#define CREDENTIALS_TOKEN_GLOBAL "FwoG"

struct credentials;
struct credentials *credentials_new(void);
void credentials_free(struct credentials *credentials);
void credentials_clear(struct credentials *credentials);
/* Adds or replaces; copies what it is given. `from_config`: counts under strict, and stays; of the
 * others (AssumeRole) the newest CREDENTIALS_TEMPORARY are kept. An access key above 128 or a
 * secret above 256 bytes is not added: no AWS credential is that long. */
void credentials_add(struct credentials *credentials, str access_key, str secret, str account,
                     bool from_config);
/* One that the configuration no longer has. */
void credentials_remove(struct credentials *credentials, str access_key);
/* What GetCallerIdentity says of it, e.g. an assumed role's; without it, the user of that name. */
void credentials_set_arn(struct credentials *credentials, str access_key, str arn);
/* Makes it a session's (AssumeRole): requests must carry `token` until `expires` (wall time). */
void credentials_set_session(struct credentials *credentials, str access_key, str token,
                             instant expires);

/* The walk's step: fills rq->who. S3_OK, or the refusal with AWS's extra elements. */
enum s3_code auth_check(struct request *rq);
/* The same for a POST form, whose identity auth_check left to its fields (rq->who.awaited). */
enum s3_code auth_check_form(struct request *rq, const struct fields *form);
/* Services other than S3 sign the body without naming its hash beforehand (no
 * x-amz-content-sha256): the walk calls this once the body is there. S3_OK at once for everything
 * that auth_check settled. */
enum s3_code auth_finish(struct request *rq, str body);

/* Chunk signatures of a streaming payload, in order (auth_stream.c). `sha256` is of the chunk's
 * data; `signature` as in chunk-signature= (SigV4A: padded with '*'). */
enum s3_code auth_stream_chunk(struct auth_stream *stream, const unsigned char sha256[32],
                               str signature);
/* `trailers`: canonical "name:value\n" lines. */
enum s3_code auth_stream_trailer(struct auth_stream *stream, str trailers, str signature);

#endif
