/* What CreateJob asks for, judged as far as AWS does before it answers. */
#include "server/job_filter.h"

#define MOST_PREFIX 512 /* [AWS] of a report or a generated manifest */

struct reading {
    struct arena *arena;
    struct job_spec *spec;
    str *problem;
};

static bool refuse(const struct reading *reading, const char *problem)
{
    *reading->problem = str_of(problem);
    return false;
}

static bool bucket_of_arn(str arn, str *out)
{
    size_t at = str_find(arn, STR(":::"));
    *out = str_skip(arn, at < arn.size ? at + 3 : arn.size);
    return str_starts(arn, STR("arn:aws")) && out->size > 0;
}

static bool read_boolean(const struct xml *node, const char *name, bool *out)
{
    str text = str_trim(xml_text(node, name));
    *out = str_is(text, "true");
    return !str_is_set(text) || *out || str_is(text, "false");
}

/* -- the operation ---------------------------------------------------------------------------- */

static bool read_operation(const struct reading *reading, const struct xml *root, str *missing)
{
    const struct xml *operation = xml_child(root, "Operation");
    if (operation == NULL || operation->child == NULL || operation->child->next)
        return refuse(reading, "Exactly one Operation must be specified.");
    if (!str_is(operation->child->name, "S3ReplicateObject"))
        *missing = operation->child->name;
    return true;
}

/* -- a manifest of the caller's --------------------------------------------------------------- */

static bool read_fields(const struct reading *reading, const struct xml *spec)
{
    struct job_columns *columns = &reading->spec->columns;
    const struct xml *field = xml_child(xml_child(spec, "Fields"), "member");
    for (; field; field = field->next)
        if (!job_columns_add(columns, str_trim(field->text)))
            return refuse(reading, "The Fields of a manifest are Ignore, Bucket, Key and "
                                   "VersionId, 32 at most.");
    return job_columns_are_whole(columns) ||
           refuse(reading, "The Fields of a CSV manifest must have Bucket and Key, each once.");
}

static bool read_manifest(const struct reading *reading, const struct xml *manifest)
{
    struct job_spec *out = reading->spec;
    const struct xml *spec = xml_child(manifest, "Spec");
    const struct xml *location = xml_child(manifest, "Location");
    str object;
    str format = str_trim(xml_text(spec, "Format"));
    out->inventory = str_is(format, "S3InventoryReport_CSV_20161130");
    if (!out->inventory && !str_is(format, "S3BatchOperations_CSV_20180820"))
        return refuse(reading, "The manifest format must be S3BatchOperations_CSV_20180820 or "
                               "S3InventoryReport_CSV_20161130.");
    if (!bucket_of_arn(str_trim(xml_text(location, "ObjectArn")), &object) ||
        !str_cut(object, '/', &out->bucket, &out->manifest_key) || out->manifest_key.size == 0)
        return refuse(reading, "ObjectArn must be the ARN of the manifest object.");
    out->manifest_version = str_trim(xml_text(location, "ObjectVersionId"));
    out->manifest_etag = str_trim(xml_text(location, "ETag"));
    if (out->manifest_etag.size == 0)
        return refuse(reading, "The ETag of the manifest object must be specified.");
    return out->inventory || read_fields(reading, spec);
}

/* -- a manifest that S3 generates ------------------------------------------------------------- */

static bool read_generator(const struct reading *reading, const struct xml *generator)
{
    struct job_spec *out = reading->spec;
    const struct xml *s3 = xml_child(generator, "S3JobManifestGenerator");
    const struct xml *location = xml_child(s3, "ManifestOutputLocation");
    bool put_out;
    out->generated = true;
    if (!bucket_of_arn(str_trim(xml_text(s3, "SourceBucket")), &out->bucket))
        return refuse(reading, "SourceBucket must be the ARN of a bucket.");
    if (!read_boolean(s3, "EnableManifestOutput", &put_out))
        return refuse(reading, "EnableManifestOutput is true or false.");
    if (put_out && !bucket_of_arn(str_trim(xml_text(location, "Bucket")), &out->output_bucket))
        return refuse(reading, "EnableManifestOutput needs a ManifestOutputLocation with the ARN "
                               "of a bucket.");
    str format = str_trim(xml_text(location, "ManifestFormat"));
    if (put_out && !str_is(format, "S3InventoryReport_CSV_20211130"))
        return refuse(reading, "The ManifestFormat is S3InventoryReport_CSV_20211130.");
    out->owner = str_trim(xml_text(s3, "ExpectedBucketOwner"));
    out->output_owner = str_trim(xml_text(location, "ExpectedManifestBucketOwner"));
    out->output_prefix = xml_text(location, "ManifestPrefix");
    if (out->output_prefix.size > MOST_PREFIX)
        return refuse(reading, "A ManifestPrefix has at most 512 characters.");
    return job_filter_read(reading->arena, xml_child(s3, "Filter"), &out->filter, reading->problem);
}

/* -- the rest --------------------------------------------------------------------------------- */

static bool read_report(const struct reading *reading, const struct xml *report)
{
    struct job_spec *out = reading->spec;
    str scope = str_trim(xml_text(report, "ReportScope"));
    if (report == NULL || !read_boolean(report, "Enabled", &out->report))
        return refuse(reading, "A Report must be specified, Enabled true or false.");
    if (!out->report)
        return true;
    out->report_all = str_is(scope, "AllTasks");
    out->report_prefix = xml_text(report, "Prefix");
    out->report_owner = str_trim(xml_text(report, "ExpectedBucketOwner"));
    if (out->report_prefix.size > MOST_PREFIX)
        return refuse(reading, "The Prefix of a Report has at most 512 characters.");
    if (!bucket_of_arn(str_trim(xml_text(report, "Bucket")), &out->report_bucket))
        return refuse(reading, "The Bucket of a Report must be the ARN of a bucket.");
    if (!out->report_all && !str_is(scope, "FailedTasksOnly"))
        return refuse(reading, "The ReportScope is AllTasks or FailedTasksOnly.");
    return str_is(str_trim(xml_text(report, "Format")), "Report_CSV_20180820") ||
           refuse(reading, "The Format of a Report is Report_CSV_20180820.");
}

static bool read_head(const struct reading *reading, const struct xml *root)
{
    struct job_spec *out = reading->spec;
    out->description = xml_text(root, "Description");
    out->role = str_trim(xml_text(root, "RoleArn"));
    out->token = xml_text(root, "ClientRequestToken");
    if (!read_boolean(root, "ConfirmationRequired", &out->confirmation))
        return refuse(reading, "ConfirmationRequired is true or false.");
    if (out->token.size == 0 || out->token.size > 64)
        return refuse(reading, "ClientRequestToken must have 1 to 64 characters.");
    if (out->description.size > 256)
        return refuse(reading, "A Description has at most 256 characters.");
    return (str_starts(out->role, STR("arn:aws")) &&
            str_find(out->role, STR(":role/")) < out->role.size) ||
           refuse(reading, "RoleArn must be the ARN of an IAM role.");
}

bool job_spec_read(struct arena *arena, const struct xml *root, struct job_spec *out, str *problem,
                   str *missing)
{
    const struct reading reading = { arena, out, problem };
    const struct xml *manifest = xml_child(root, "Manifest");
    const struct xml *generator = xml_child(root, "ManifestGenerator");
    *out = (struct job_spec){ 0 };
    *missing = STR_NONE;
    if (!read_operation(&reading, root, missing))
        return false;
    if (str_is_set(*missing))
        return true;
    if ((manifest != NULL) == (generator != NULL))
        return refuse(&reading, "A job has either a Manifest or a ManifestGenerator.");
    return read_head(&reading, root) &&
           (manifest ? read_manifest(&reading, manifest) : read_generator(&reading, generator)) &&
           read_report(&reading, xml_child(root, "Report"));
}
