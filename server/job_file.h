/* job_file: whole objects that a job reads and writes. Each call blocks: for the world thread.
 * Ownership: bytes live in files->arena. Errors: false with a sentence in *problem.
 */
#ifndef ATOLL_SERVER_JOB_FILE_H
#define ATOLL_SERVER_JOB_FILE_H

#include "server/config_upload.h"
#include "server/job_manifest.h"

struct job_object {
    str bucket, key;
    str version;   /* empty: the current one */
    uint64_t most; /* bytes */
    str etag;      /* out */
};
MUST_CHECK bool job_file_read(const struct job_files *files, struct job_object *object, str *out,
                              str *problem);
MUST_CHECK bool job_file_put(const struct job_files *files, const struct job_object *object,
                             const char *type, str text, str *problem);
/* The same of what was written piece by piece. */
MUST_CHECK bool job_file_commit(const struct job_files *files, const struct job_object *object,
                                const char *type, struct config_pieces *pieces, str *problem);

#endif
