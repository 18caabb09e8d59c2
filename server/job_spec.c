/* What CreateJob asks for, judged as far as AWS does before it answers. */
#include "base/time.h"
#include "server/job.h"

#define MOST_NAMES 1000

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
    static const char *const names[] = { [JOB_FIELD_IGNORE] = "Ignore",
                                         [JOB_FIELD_BUCKET] = "Bucket",
                                         [JOB_FIELD_KEY] = "Key",
                                         [JOB_FIELD_VERSION] = "VersionId" };
    struct job_spec *out = reading->spec;
    unsigned seen = 0;
    const struct xml *field = xml_child(xml_child(spec, "Fields"), "member");
    for (; field; field = field->next) {
        unsigned i = 0;
        while (i < COUNT(names) && !str_is(str_trim(field->text), names[i]))
            i++;
        if (i == COUNT(names) || out->field_count == COUNT(out->fields))
            return refuse(reading, "The Fields of a manifest are Ignore, Bucket, Key and "
                                   "VersionId.");
        seen |= 1u << i;
        out->fields[out->field_count++] = i;
    }
    out->has_version_ids = seen >> JOB_FIELD_VERSION & 1;
    bool whole = seen >> JOB_FIELD_BUCKET & 1 && seen >> JOB_FIELD_KEY & 1;
    return whole || refuse(reading, "The Fields of a CSV manifest must have Bucket and Key.");
}

static bool read_manifest(const struct reading *reading, const struct xml *manifest)
{
    struct job_spec *out = reading->spec;
    const struct xml *spec = xml_child(manifest, "Spec");
    const struct xml *location = xml_child(manifest, "Location");
    str object;
    if (!str_is(str_trim(xml_text(spec, "Format")), "S3BatchOperations_CSV_20180820"))
        return refuse(reading, "The manifest format must be S3BatchOperations_CSV_20180820: this "
                               "emulator reads no inventory reports.");
    if (!bucket_of_arn(str_trim(xml_text(location, "ObjectArn")), &object) ||
        !str_cut(object, '/', &out->bucket, &out->manifest_key) || out->manifest_key.size == 0)
        return refuse(reading, "ObjectArn must be the ARN of the manifest object.");
    out->manifest_version = str_trim(xml_text(location, "ObjectVersionId"));
    out->manifest_etag = str_trim(xml_text(location, "ETag"));
    if (out->manifest_etag.size == 0)
        return refuse(reading, "The ETag of the manifest object must be specified.");
    return read_fields(reading, spec);
}

/* -- a manifest that S3 generates ------------------------------------------------------------- */

static struct resync_names read_names(struct arena *arena, const struct xml *list)
{
    struct resync_names names = { 0 };
    str *at = ARENA_ARRAY(arena, str, MOST_NAMES);
    for (const struct xml *one = list ? list->child : NULL; one && names.count < MOST_NAMES;
         one = one->next)
        at[names.count++] = one->text;
    names.at = at;
    return names;
}

static bool read_statuses(const struct reading *reading, const struct xml *list)
{
    static const char *const names[] = { [REPL_NONE] = "NONE",
                                         [REPL_STATUS_PENDING] = NULL,
                                         [REPL_STATUS_COMPLETED] = "COMPLETED",
                                         [REPL_STATUS_FAILED] = "FAILED",
                                         [REPL_STATUS_REPLICA] = "REPLICA" };
    for (const struct xml *one = list ? list->child : NULL; one; one = one->next) {
        size_t i = 0;
        while (i < COUNT(names) && !(names[i] && str_is(str_trim(one->text), names[i])))
            i++;
        if (i == COUNT(names))
            return refuse(reading,
                          "ObjectReplicationStatuses are COMPLETED, FAILED, REPLICA and NONE.");
        reading->spec->filter.statuses |= 1u << i;
    }
    return true;
}

static bool read_instant(const struct reading *reading, const struct xml *filter, const char *name,
                         instant *out)
{
    str text = str_trim(xml_text(filter, name));
    return !str_is_set(text) || instant_parse_iso8601(text, out) ||
           refuse(reading, "CreatedAfter and CreatedBefore are instants such as "
                           "2026-01-02T03:04:05Z.");
}

static bool read_size(const struct reading *reading, const struct xml *filter, const char *name,
                      uint64_t *out)
{
    str text = str_trim(xml_text(filter, name));
    return !str_is_set(text) || str_to_u64(text, out) ||
           refuse(reading, "A size is a whole number of bytes.");
}

static bool read_filter(const struct reading *reading, const struct xml *filter)
{
    struct resync_filter *out = &reading->spec->filter;
    const struct xml *keys = xml_child(filter, "KeyNameConstraint");
    out->prefixes = read_names(reading->arena, xml_child(keys, "MatchAnyPrefix"));
    out->suffixes = read_names(reading->arena, xml_child(keys, "MatchAnySuffix"));
    out->substrings = read_names(reading->arena, xml_child(keys, "MatchAnySubstring"));
    out->storage_classes = read_names(reading->arena, xml_child(filter, "MatchAnyStorageClass"));
    if (xml_child(filter, "MatchAnyObjectEncryption"))
        return refuse(reading, "This emulator's manifest generator does not filter by "
                               "MatchAnyObjectEncryption.");
    if (!read_boolean(filter, "EligibleForReplication", &out->eligible))
        return refuse(reading, "EligibleForReplication is true or false.");
    return read_statuses(reading, xml_child(filter, "ObjectReplicationStatuses")) &&
           read_instant(reading, filter, "CreatedAfter", &out->created_after) &&
           read_instant(reading, filter, "CreatedBefore", &out->created_before) &&
           read_size(reading, filter, "ObjectSizeGreaterThanBytes", &out->larger_than) &&
           read_size(reading, filter, "ObjectSizeLessThanBytes", &out->smaller_than);
}

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
    out->output_prefix = xml_text(location, "ManifestPrefix");
    return read_filter(reading, xml_child(s3, "Filter"));
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
