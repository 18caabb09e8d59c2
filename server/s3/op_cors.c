/* A bucket's CORS configuration, and preflight requests. */
#include "server/s3/cors.h"
#include "server/s3/handlers.h"

enum s3_code op_put_bucket_cors(struct request *rq)
{
    return document_put(rq, &cors_document);
}

enum s3_code op_get_bucket_cors(struct request *rq)
{
    return document_get(rq, &cors_document);
}

enum s3_code op_delete_bucket_cors(struct request *rq)
{
    return document_delete(rq, &cors_document);
}

enum s3_code op_preflight(struct request *rq)
{
    return cors_preflight(rq);
}
