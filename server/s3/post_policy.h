/* post_policy: what a POST form's policy document says, and whether a form obeys it (AWS: "POST
 * policy"). Pure. Ownership: texts in the arena. Errors: an S3 code and AWS's message. */
#ifndef ATOLL_SERVER_S3_POST_POLICY_H
#define ATOLL_SERVER_S3_POST_POLICY_H

#include "base/fields.h"
#include "base/time.h"
#include "server/errors.h"

struct post_policy {
    const struct json *conditions;
    instant expires;
    bool has_range; /* content-length-range; several: all of them */
    uint64_t least_bytes, most_bytes;
};

/* What is wrong: S3_OK or InvalidPolicyDocument, AccessDenied with *message. */
struct post_problem {
    enum s3_code code;
    str message;
};

/* `text`: base64, as it stands in the form. */
struct post_problem post_policy_read(struct arena *arena, str text, struct post_policy *out);
/* `form`: all fields before the file, `bucket` among them. Everything but content-length-range,
 * which is judged when the size is known. `now`: wall time, as browsers and signers have it. */
struct post_problem post_policy_judge(struct arena *arena, const struct post_policy *policy,
                                      const struct fields *form, instant now);

#endif
