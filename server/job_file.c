/* Objects of jobs, through the world thread's own lane. */
#include "server/job_file.h"

#include "server/request.h"

static bool place(const struct job_files *files, const struct job_object *object, const char *type,
                  struct config_upload *upload, str *problem)
{
    struct bucket_info info;
    *upload = (struct config_upload){ .key = object->key, .fd = -1 };
    store_read_begin(files->lane->reader);
    enum store_result found =
        store_bucket_get(files->lane->reader, files->arena, object->bucket, &info);
    store_read_idle(files->lane->reader);
    if (found != STORE_OK) {
        *problem = str_format(files->arena, "there is no bucket %.*s", STR_ARG(object->bucket));
        return false;
    }
    fields_add(files->arena, &upload->meta, STR("Content-Type"), str_of(type));
    upload->bucket = info.id;
    return true;
}

bool job_file_put(const struct job_files *files, const struct job_object *object, const char *type,
                  str text, str *problem)
{
    struct config_upload upload;
    if (!place(files, object, type, &upload, problem))
        return false;
    upload.text = text;
    return config_upload(files->arena, files->lane, &upload, problem);
}

bool job_file_commit(const struct job_files *files, const struct job_object *object,
                     const char *type, struct config_pieces *pieces, str *problem)
{
    struct config_upload upload;
    return place(files, object, type, &upload, problem) &&
           config_pieces_commit(pieces, files->arena, files->lane, &upload, problem);
}

static bool read_body(const struct job_files *files, const struct version_info *version, str *out)
{
    struct body_reader *body = NULL;
    char *bytes = arena_alloc_raw(files->arena, version->size_bytes + 1);
    size_t size = 0;
    if (version->size_bytes && body_reader_open(files->lane->reader, version->body, 0,
                                                version->size_bytes, &body) != STORE_OK)
        return false;
    while (size < version->size_bytes) {
        ssize_t got = body_reader_read(body, bytes + size, version->size_bytes - size);
        if (got <= 0)
            break;
        size += (size_t) got;
    }
    body_reader_close(body);
    *out = str_from(bytes, size);
    return size == version->size_bytes;
}

static bool find(const struct job_files *files, const struct job_object *object,
                 struct version_info *out)
{
    struct bucket_info bucket;
    struct store_reader *reader = files->lane->reader;
    return store_bucket_get(reader, files->arena, object->bucket, &bucket) == STORE_OK &&
           store_version_get(reader, files->arena, bucket.id, object->key,
                             object->version.size ? object->version : STR_NONE, out) == STORE_OK &&
           !out->marker;
}

bool job_file_read(const struct job_files *files, struct job_object *object, str *out, str *problem)
{
    struct version_info version;
    store_read_begin(files->lane->reader);
    bool read = find(files, object, &version);
    bool fits = read && version.size_bytes <= object->most;
    read = fits && read_body(files, &version, out);
    store_read_idle(files->lane->reader);
    if (read)
        object->etag = version.etag;
    *problem = str_format(files->arena, "%.*s of bucket %.*s %s", STR_ARG(object->key),
                          STR_ARG(object->bucket),
                          fits ? "could not be read."
                               : "is not there, or is larger than this emulator reads (64 MiB).");
    return read;
}
