/* A bucket's web site: its configuration, and the requests that come to its website host. */
#include "server/s3/handlers.h"
#include "server/s3/website.h"

enum s3_code op_put_bucket_website(struct request *rq)
{
    return document_put(rq, &website_document);
}

enum s3_code op_get_bucket_website(struct request *rq)
{
    return document_get(rq, &website_document);
}

enum s3_code op_delete_bucket_website(struct request *rq)
{
    return document_delete(rq, &website_document);
}

enum s3_code op_get_page(struct request *rq)
{
    return website_get(rq, op_get_object);
}

enum s3_code op_head_page(struct request *rq)
{
    return website_get(rq, op_head_object);
}
