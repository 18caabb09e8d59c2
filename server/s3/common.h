/* common: what the S3 handlers share: refusals with the elements AWS gives them, parameters that
 * several listings take, and the small pieces of answers (owner, quoted ETag, timestamps).
 *
 * Ownership: all strings live in the request's arena. Threads: the request's. Errors: functions
 * that return enum s3_code have set message and extra elements; `return` their value.
 */
#ifndef ATOLL_SERVER_S3_COMMON_H
#define ATOLL_SERVER_S3_COMMON_H

#include "server/request.h"
#include "server/s3/xml.h"

/* InvalidArgument with Message, ArgumentName and ArgumentValue (left out when value.ptr is NULL).
 */
enum s3_code common_invalid_argument(struct request *rq, const char *message, const char *name,
                                     str value);
/* InvalidRequest with this message. */
enum s3_code common_invalid_request(struct request *rq, const char *message);
/* The usual meaning of a store result, with BucketName, Key, VersionId or UploadId from the
 * request, as AWS sends them. STORE_OK gives S3_OK. */
enum s3_code common_from_store(struct request *rq, enum store_result result);

/* A whole number from the query, as max-keys, max-parts, max-uploads: absent or empty gives
 * `limit`, more is clipped to it, what is no number is AWS's InvalidArgument. */
enum s3_code common_max(struct request *rq, const char *name, unsigned limit, unsigned *out);
/* encoding-type: *url is true for "url", false when absent; else InvalidArgument. */
enum s3_code common_encoding_type(struct request *rq, bool *url);

/* rq->body parsed, its root checked. MissingRequestBodyError, MalformedXML. */
enum s3_code common_body(struct request *rq, const char *root, const struct xml **out);

/* An answer document in S3's namespace. */
struct common_document {
    struct buf buf;
    struct xml_writer xml;
};
void common_document_begin(struct request *rq, struct common_document *document, const char *root);
/* Closes all, answers 200. InternalError when it became longer than LIMIT_ANSWER_BYTES. */
enum s3_code common_document_reply(struct request *rq, struct common_document *document);
/* A key, prefix, delimiter or marker: percent-encoded when `url`. */
void common_encoded(struct request *rq, struct xml_writer *xml, const char *name, str value,
                    bool url);
/* <Owner><ID>...</ID></Owner>; `element` is Owner or Initiator. The ID is the account's canonical
 * user id: 64 hex digits, always the same for one account. */
void common_owner(struct request *rq, struct xml_writer *xml, const char *element, str account);
str common_canonical_id(struct arena *arena, str account);

/* "\"...\"" from stored bare text, and back from what a client wrote (quotes optional, W/ gone). */
str common_etag_quoted(struct request *rq, str etag);
str common_etag_bare(str etag);
/* "2026-01-02T03:04:05.000Z": S3 shows whole seconds in its documents. */
str common_timestamp(struct request *rq, instant at);
/* "arn:aws:s3:::NAME". */
str common_bucket_arn(struct request *rq, str bucket);
/* Exactly twelve digits. */
bool common_is_account(str s);

#endif
