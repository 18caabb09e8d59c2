/* The lists of a job (AWS: "Specifying a manifest": keys are URL-encoded, a field may stand in
 * quotation marks). A manifest of the caller's is one CSV file, or the manifest.json of an S3
 * Inventory report, which names gzip'd CSV files and their columns. */
#include "server/job_manifest.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/gunzip.h"
#include "base/json.h"
#include "server/job_file.h"

struct job_manifest {
    struct arena *arena; /* what lives as long as the manifest */
    struct arena *page;  /* the open file's text */
    struct job_columns columns;
    str bucket;              /* of the tasks; unset: not known yet */
    str files_bucket;        /* of an inventory */
    const struct json *file; /* of an inventory: the next one */
    str text;                /* of the open file: what is left */
    uint64_t line;
};

/* -- opening ---------------------------------------------------------------------------------- */

static bool is_etag(str given, str etag)
{
    bool quoted = given.size > 2 && given.ptr[0] == '"';
    return str_eq(quoted ? str_from(given.ptr + 1, given.size - 2) : given, etag);
}

/* "Bucket, Key, VersionId, IsLatest": what is of no use is ignored. */
static bool read_schema(struct job_manifest *manifest, str schema)
{
    str name;
    while (str_next(&schema, ',', &name)) {
        name = str_trim(name);
        bool wanted = str_is(name, "Bucket") || str_is(name, "Key") || str_is(name, "VersionId");
        if (!job_columns_add(&manifest->columns, wanted ? name : STR("Ignore")))
            return false;
    }
    return job_columns_are_whole(&manifest->columns);
}

/* [AWS] "S3 Inventory manifest": fileFormat, fileSchema and files, each with key and MD5checksum;
 * destinationBucket is an ARN. */
static bool read_index(struct job_manifest *manifest, str *problem)
{
    struct json_error error;
    const struct json *root = json_parse(manifest->arena, manifest->text, &error);
    const struct json *files = json_member(root, "files");
    str arn = json_string(root, "destinationBucket", STR_NONE);
    size_t at = str_find(arn, STR(":::"));
    manifest->files_bucket = str_skip(arn, at < arn.size ? at + 3 : 0);
    manifest->text = STR("");
    *problem = STR("The manifest is no manifest.json of an S3 Inventory report with CSV files, or "
                   "its fileSchema lacks Bucket or Key.");
    if (root == NULL || files == NULL || files->kind != JSON_ARRAY ||
        manifest->files_bucket.size == 0 ||
        !str_is(json_string(root, "fileFormat", STR_NONE), "CSV"))
        return false;
    manifest->file = files->child;
    return read_schema(manifest, json_string(root, "fileSchema", STR_NONE));
}

struct job_manifest *job_manifest_open(const struct job_files *files, const struct job_spec *spec,
                                       str *problem)
{
    struct job_manifest *manifest = mem_alloc(sizeof *manifest);
    struct job_object object = { .bucket = spec->bucket,
                                 .key = spec->manifest_key,
                                 .version = spec->manifest_version,
                                 .most = JOB_MANIFEST_BYTES };
    manifest->arena = arena_new();
    manifest->page = arena_new();
    const struct job_files own = { files->world, files->lane, manifest->arena };
    bool good = job_file_read(&own, &object, &manifest->text, problem);
    if (good && !is_etag(spec->manifest_etag, object.etag)) {
        *problem = STR("The ETag of the manifest object is not the one that the job names.");
        good = false;
    }
    manifest->columns = spec->columns;
    if (good && spec->inventory)
        good = read_index(manifest, problem);
    if (good)
        return manifest;
    *problem = str_copy(files->arena, *problem);
    job_manifest_close(manifest);
    return NULL;
}

void job_manifest_close(struct job_manifest *manifest)
{
    if (manifest == NULL)
        return;
    arena_free(manifest->arena);
    arena_free(manifest->page);
    free(manifest);
}

/* -- files of an inventory -------------------------------------------------------------------- */

static bool is_intact(struct arena *arena, str bytes, str md5)
{
    struct digest_value digest = digest_of(DIGEST_MD5, bytes.ptr, bytes.size);
    return md5.size == 0 || str_eq_nocase(encode_hex(arena, digest.bytes, digest.size), md5);
}

static bool open_file(struct job_manifest *manifest, const struct job_files *files, str *problem)
{
    const struct json *file = manifest->file;
    struct job_object object = { .bucket = manifest->files_bucket,
                                 .key = json_string(file, "key", STR("")),
                                 .most = JOB_MANIFEST_BYTES };
    str bytes;
    arena_reset(manifest->page);
    const struct job_files own = { files->world, files->lane, manifest->page };
    manifest->file = file->next;
    manifest->line = 0;
    if (!job_file_read(&own, &object, &bytes, problem))
        return false;
    *problem = str_format(files->arena, "The MD5 of %.*s is not what the manifest says.",
                          STR_ARG(object.key));
    if (!is_intact(manifest->page, bytes, json_string(file, "MD5checksum", STR(""))))
        return false;
    *problem = str_format(files->arena, "%.*s is no gzip file of at most 64 MiB of text.",
                          STR_ARG(object.key));
    return gunzip(manifest->page, bytes, JOB_MANIFEST_BYTES, &manifest->text);
}

/* -- lines ------------------------------------------------------------------------------------ */

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
static bool read_line(struct job_manifest *manifest, struct arena *arena, str line,
                      struct resync_item *item)
{
    str values[JOB_FIELD_VERSION + 1] = { { 0 } };
    for (size_t i = 0; i < manifest->columns.count; i++) {
        str field = next_field(arena, &line);
        values[manifest->columns.at[i]] = field;
    }
    str bucket = values[JOB_FIELD_BUCKET];
    *item = (struct resync_item){ .key = decode_uri(arena, values[JOB_FIELD_KEY], false) };
    if (values[JOB_FIELD_VERSION].size > 0)
        item->version_id = values[JOB_FIELD_VERSION];
    if (!str_is_set(manifest->bucket))
        manifest->bucket = str_copy(manifest->arena, bucket);
    return item->key.size > 0 && bucket.size > 0 && str_eq(manifest->bucket, bucket);
}

/* Out of what is left of the open file. */
static bool read_lines(struct job_manifest *manifest, struct arena *arena, struct job_tasks *out,
                       str *problem)
{
    str line;
    while (out->count < RESYNC_ROWS && manifest->text.size > 0) {
        (void) str_cut(manifest->text, '\n', &line, &manifest->text);
        line = str_trim(line);
        manifest->line++;
        if (line.size == 0)
            continue;
        /* What a step keeps must not lie in a page that the next file overwrites. */
        if (!read_line(manifest, arena, str_copy(arena, line), &out->at[out->count++])) {
            *problem =
                str_format(arena,
                           "Line %llu of the manifest has no key, or another bucket than the "
                           "lines before it.",
                           (unsigned long long) manifest->line);
            return false;
        }
    }
    return true;
}

bool job_manifest_next(struct job_manifest *manifest, const struct job_files *files,
                       struct job_tasks *out, str *bucket, str *problem)
{
    *out = (struct job_tasks){ .at = ARENA_ARRAY(files->arena, struct resync_item, RESYNC_ROWS) };
    do {
        if (manifest->text.size == 0 && manifest->file && !open_file(manifest, files, problem))
            return false;
        if (!read_lines(manifest, files->arena, out, problem))
            return false;
    } while (out->count == 0 && manifest->file);
    *bucket = manifest->bucket;
    return true;
}

/* -- writing ---------------------------------------------------------------------------------- */

struct job_manifest_out {
    struct config_pieces *pieces;
    struct digest md5;
    uint64_t chunk;
    bool over;
};

struct job_manifest_out *job_manifest_out_open(const struct job_files *files)
{
    struct job_manifest_out *out = mem_alloc(sizeof *out);
    out->pieces = config_pieces_open(files->lane);
    out->chunk = 0;
    out->over = false;
    digest_init(&out->md5, DIGEST_MD5);
    return out;
}

void job_manifest_out_close(struct job_manifest_out *out)
{
    if (out == NULL)
        return;
    config_pieces_close(out->pieces);
    free(out);
}

bool job_manifest_out_is_over(const struct job_manifest_out *out)
{
    return out->over;
}

static bool add_chunk(struct job_manifest_out *out, const struct job_files *files,
                      const struct job *job)
{
    struct buf csv;
    struct job_tasks tasks;
    struct store_reader *reader = files->lane->reader;
    store_read_begin(reader);
    bool read = job_tasks_read(reader, files->arena, job->id, out->chunk++, &tasks);
    store_read_idle(reader);
    buf_init_arena(&csv, files->arena, SIZE_MAX);
    for (size_t i = 0; read && i < tasks.count; i++)
        buf_addf(&csv, "\"%.*s\",\"%.*s\",\"%.*s\"\n", STR_ARG(job->state.bucket),
                 STR_ARG(encode_uri(files->arena, tasks.at[i].key, true)),
                 STR_ARG(tasks.at[i].version_id));
    digest_update(&out->md5, csv.ptr, csv.size);
    return read && config_pieces_add(out->pieces, buf_str(&csv));
}

bool job_manifest_out_next(struct job_manifest_out *out, const struct job_files *files,
                           const struct job_spec *spec, struct job *job, str *problem)
{
    struct arena *arena = files->arena;
    *problem = STR("The manifest could not be written.");
    if (out->chunk < job->state.chunks)
        return add_chunk(out, files, job);
    struct digest_value md5 = digest_final(&out->md5);
    job->state.manifest_etag = encode_hex(arena, md5.bytes, md5.size);
    job->state.manifest_key =
        str_format(arena, "%.*s%sjob-%.*s/manifest.csv", STR_ARG(spec->output_prefix),
                   spec->output_prefix.size ? "/" : "", STR_ARG(job->id));
    const struct job_object object = { .bucket = spec->output_bucket,
                                       .key = job->state.manifest_key };
    out->over = true;
    return job_file_commit(files, &object, "text/csv", out->pieces, problem);
}
