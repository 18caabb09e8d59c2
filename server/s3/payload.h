/* payload: the body of a request on its way from the wire to the store: aws-chunked framing (plain,
 * signed, with trailers), length and checksum checks, then a sink or a document buffer.
 *
 *   wire bytes -> [aws-chunked decode, chunk signatures] -> [sha256 if signed] -> sink | document
 *
 * The eight forms of x-amz-content-sha256 are those of clients.md 4.2. Called by the walk only.
 */
#ifndef ATOLL_SERVER_S3_PAYLOAD_H
#define ATOLL_SERVER_S3_PAYLOAD_H

#include "server/request.h"

/* Reads the headers, refuses what cannot be right (lengths, two checksums, bad digests) and gets
 * ready: to store (OP_STREAM), to collect a document (OP_DOCUMENT), or to discard. */
enum s3_code payload_begin(struct request *rq);
/* S3_OK took all; S3_WAIT took nothing; else an error. */
enum s3_code payload_push(struct request *rq, const void *bytes, size_t size_bytes);
/* Verifies everything declared; then rq->draft and rq->checksum, or rq->body, are set. */
enum s3_code payload_end(struct request *rq);
void payload_abort(struct request *rq); /* any time; frees */

#endif
