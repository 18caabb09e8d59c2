/* The lists of a job: read from a CSV object, or written as one (AWS: "Specifying a manifest": the
 * keys are URL-encoded, a field may stand in quotation marks). */
#include "server/job_manifest.h"

#include "base/digest.h"
#include "base/encode.h"
#include "server/config_upload.h"
#include "server/request.h"

bool job_file_put(const struct job_files *files, str bucket, str key, const char *type, str text,
                  str *problem)
{
    struct bucket_info info;
    struct config_upload upload = { .key = key, .text = text, .fd = -1 };
    store_read_begin(files->lane->reader);
    enum store_result found = store_bucket_get(files->lane->reader, files->arena, bucket, &info);
    store_read_idle(files->lane->reader);
    if (found != STORE_OK) {
        *problem = str_format(files->arena, "there is no bucket %.*s", STR_ARG(bucket));
        return false;
    }
    fields_add(files->arena, &upload.meta, STR("Content-Type"), str_of(type));
    upload.bucket = info.id;
    return config_upload(files->arena, files->lane, &upload, problem);
}

/* -- reading ---------------------------------------------------------------------------------- */

static bool read_object(const struct job_files *files, const struct job_spec *spec, str *out,
                        str *problem)
{
    struct bucket_info bucket;
    struct version_info version;
    struct body_reader *body = NULL;
    struct store_reader *reader = files->lane->reader;
    *problem = STR("The manifest object could not be read.");
    if (store_bucket_get(reader, files->arena, spec->bucket, &bucket) != STORE_OK ||
        store_version_get(reader, files->arena, bucket.id, spec->manifest_key,
                          spec->manifest_version.size ? spec->manifest_version : STR_NONE,
                          &version) != STORE_OK ||
        version.marker)
        return false;
    str etag = spec->manifest_etag;
    if (etag.size > 2 && etag.ptr[0] == '"')
        etag = str_from(etag.ptr + 1, etag.size - 2);
    if (!str_eq(etag, version.etag)) {
        *problem = STR("The ETag of the manifest object is not the one that the job names.");
        return false;
    }
    if (version.size_bytes > JOB_MANIFEST_BYTES) {
        *problem = STR("The manifest object is larger than this emulator reads (64 MiB).");
        return false;
    }
    char *bytes = arena_alloc_raw(files->arena, version.size_bytes + 1);
    size_t size = 0;
    if (version.size_bytes &&
        body_reader_open(reader, version.body, 0, version.size_bytes, &body) != STORE_OK)
        return false;
    while (size < version.size_bytes) {
        ssize_t got = body_reader_read(body, bytes + size, version.size_bytes - size);
        if (got <= 0)
            break;
        size += (size_t) got;
    }
    body_reader_close(body);
    *out = str_from(bytes, size);
    return size == version.size_bytes;
}

/* The next field of a line, without its quotation marks. */
static str next_field(struct arena *arena, str *line)
{
    str field;
    if (line->size == 0 || line->ptr[0] != '"') {
        (void) str_cut(*line, ',', &field, line);
        return field;
    }
    char *text = arena_alloc_raw(arena, line->size);
    size_t size = 0, at = 1;
    while (at < line->size &&
           (line->ptr[at] != '"' || (at + 1 < line->size && line->ptr[at + 1] == '"'))) {
        at += line->ptr[at] == '"'; /* doubled: one */
        text[size++] = line->ptr[at++];
    }
    *line = str_skip(*line, at + 2 < line->size ? at + 2 : line->size);
    return str_from(text, size);
}

/* False: the line names another bucket than those before it, or no key. */
static bool read_line(struct arena *arena, const struct job_spec *spec, str line, str *bucket,
                      struct resync_item *item)
{
    str values[COUNT(spec->fields)] = { { 0 } };
    for (size_t i = 0; i < spec->field_count; i++) {
        str field = next_field(arena, &line);
        values[spec->fields[i]] = field;
    }
    item->key = decode_uri(arena, values[JOB_FIELD_KEY], false);
    item->version_id = values[JOB_FIELD_VERSION].size ? values[JOB_FIELD_VERSION] : STR_NONE;
    if (!str_is_set(*bucket))
        *bucket = values[JOB_FIELD_BUCKET];
    return item->key.size > 0 && bucket->size > 0 && str_eq(*bucket, values[JOB_FIELD_BUCKET]);
}

bool job_manifest_read(const struct job_files *files, const struct job_spec *spec,
                       struct job_tasks *out, str *bucket, str *problem)
{
    str text, line;
    *out = (struct job_tasks){ 0 };
    *bucket = STR_NONE;
    if (!read_object(files, spec, &text, problem))
        return false;
    size_t lines = 1;
    for (size_t i = 0; i < text.size; i++)
        lines += text.ptr[i] == '\n';
    out->at = ARENA_ARRAY(files->arena, struct resync_item, lines);
    while (str_is_set(text)) {
        (void) str_cut(text, '\n', &line, &text);
        line = str_trim(line);
        if (line.size == 0)
            continue;
        if (!read_line(files->arena, spec, line, bucket, &out->at[out->count++])) {
            *problem = str_format(files->arena,
                                  "Line %zu of the manifest has no key, or another bucket than the "
                                  "lines before it.",
                                  out->count);
            return false;
        }
    }
    *problem = STR("The manifest has no lines.");
    return out->count > 0;
}

/* -- writing ---------------------------------------------------------------------------------- */

bool job_manifest_write(const struct job_files *files, const struct job_spec *spec, struct job *job,
                        str *problem)
{
    struct buf csv;
    struct job_tasks tasks;
    buf_init_arena(&csv, files->arena, SIZE_MAX);
    for (uint64_t chunk = 0; chunk < job->state.chunks; chunk++) {
        if (!job_tasks_read(files->lane->reader, files->arena, job->id, chunk, &tasks))
            continue;
        for (size_t i = 0; i < tasks.count; i++)
            buf_addf(&csv, "\"%.*s\",\"%.*s\",\"%.*s\"\n", STR_ARG(job->state.bucket),
                     STR_ARG(encode_uri(files->arena, tasks.at[i].key, true)),
                     STR_ARG(tasks.at[i].version_id));
    }
    str text = buf_str(&csv);
    struct digest_value md5 = digest_of(DIGEST_MD5, text.ptr, text.size);
    job->state.manifest_etag = encode_hex(files->arena, md5.bytes, md5.size);
    job->state.manifest_key =
        str_format(files->arena, "%.*s%sjob-%.*s/manifest.csv", STR_ARG(spec->output_prefix),
                   spec->output_prefix.size ? "/" : "", STR_ARG(job->id));
    return job_file_put(files, spec->output_bucket, job->state.manifest_key, "text/csv", text,
                        problem);
}
