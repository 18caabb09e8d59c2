/* Which versions a generated manifest lists (AWS: JobManifestGeneratorFilter). */
#include "server/job_filter.h"

#include "base/fields.h"
#include "replication/plan.h"

#define MOST_NAMES 1000 /* [atoll] of one list */
#define ENCRYPTION PLAN_FIELD_ENCRYPTION

struct reading {
    struct arena *arena;
    struct resync_filter *out;
    str *problem;
};

static bool refuse(const struct reading *reading, const char *problem)
{
    *reading->problem = str_of(problem);
    return false;
}

static bool read_boolean(const struct reading *reading, const struct xml *node, const char *name,
                         bool *out)
{
    str text = str_trim(xml_text(node, name));
    *out = str_is(text, "true");
    if (!str_is_set(text) || *out || str_is(text, "false"))
        return true;
    *reading->problem = str_format(reading->arena, "%s is true or false.", name);
    return false;
}

/* -- lists of names --------------------------------------------------------------------------- */

static bool read_names(const struct reading *reading, const struct xml *list,
                       struct resync_names *out)
{
    str *at = ARENA_ARRAY(reading->arena, str, MOST_NAMES);
    *out = (struct resync_names){ .at = at };
    for (const struct xml *one = list ? list->child : NULL; one; one = one->next) {
        if (out->count == MOST_NAMES)
            return refuse(reading, "A list of the manifest generator's filter has at most 1000 "
                                   "members.");
        if (one->text.size == 0 || one->text.size > 1024)
            return refuse(reading, "What a key must match has 1 to 1024 characters.");
        at[out->count++] = one->text;
    }
    return true;
}

static bool are_classes(const struct reading *reading)
{
    static const char *const known[] = { "STANDARD",  "STANDARD_IA",         "ONEZONE_IA",
                                         "GLACIER",   "INTELLIGENT_TIERING", "DEEP_ARCHIVE",
                                         "GLACIER_IR" };
    const struct resync_names *classes = &reading->out->storage_classes;
    for (size_t i = 0; i < classes->count; i++) {
        size_t at = 0;
        while (at < COUNT(known) && !str_is(classes->at[i], known[at]))
            at++;
        if (at == COUNT(known))
            return refuse(reading, "MatchAnyStorageClass names a storage class that S3 has not.");
    }
    return true;
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
        reading->out->statuses |= 1u << i;
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

/* -- encryption ------------------------------------------------------------------------------- */

enum bucket_key { EITHER, WITHOUT_BUCKET_KEY, WITH_BUCKET_KEY };
struct encryption {        /* one member of MatchAnyObjectEncryption: AWS takes one */
    const char *algorithm; /* NULL: a key of the customer's; empty: none at all */
    str key;               /* empty: any */
    enum bucket_key bucket_key;
};

/* Objects without a word about it are under SSE-S3, as everything is since 2023. */
static bool fits_encryption(const void *ctx, struct arena *arena,
                            const struct version_info *version)
{
    const struct encryption *wanted = ctx;
    struct fields fields = { 0 };
    if (version->marker || !fields_unpack(arena, version->meta.fields, &fields))
        return false;
    bool customers = fields_get(&fields, ENCRYPTION "-customer-algorithm").size > 0;
    if (customers || wanted->algorithm == NULL)
        return customers && wanted->algorithm == NULL;
    str algorithm = fields_get(&fields, ENCRYPTION);
    str key = fields_get(&fields, ENCRYPTION "-aws-kms-key-id");
    bool bucket_key = str_is(fields_get(&fields, ENCRYPTION "-bucket-key-enabled"), "true");
    if (!str_is(algorithm.size > 0 ? algorithm : STR("AES256"), wanted->algorithm))
        return false;
    if (wanted->bucket_key != EITHER && bucket_key != (wanted->bucket_key == WITH_BUCKET_KEY))
        return false;
    /* Objects keep a key as it was named: its ARN or its id alone. */
    return wanted->key.size == 0 || str_eq(key, wanted->key) ||
           (key.size > 0 && str_ends(wanted->key, str_format(arena, ":key/%.*s", STR_ARG(key))));
}

static bool read_encryption(const struct reading *reading, const struct xml *list)
{
    static const struct {
        const char *name, *algorithm;
    } kinds[] = { { "SSE-S3", "AES256" },
                  { "SSE-KMS", "aws:kms" },
                  { "DSSE-KMS", "aws:kms:dsse" },
                  { "SSE-C", NULL },
                  { "NOT-SSE", "" } };
    const struct xml *kind = list && list->child ? list->child->child : NULL;
    struct encryption *wanted = ARENA_NEW(reading->arena, struct encryption);
    size_t i = 0;
    bool bucket_key;
    if (list == NULL)
        return true;
    if (kind == NULL || kind->next || list->child->next)
        return refuse(reading, "MatchAnyObjectEncryption has one kind of encryption.");
    while (i < COUNT(kinds) && !str_is(kind->name, kinds[i].name))
        i++;
    if (i == COUNT(kinds))
        return refuse(reading, "MatchAnyObjectEncryption is SSE-S3, SSE-KMS, DSSE-KMS, SSE-C or "
                               "NOT-SSE.");
    if (!read_boolean(reading, kind, "BucketKeyEnabled", &bucket_key))
        return false;
    wanted->algorithm = kinds[i].algorithm;
    wanted->key = str_trim(xml_text(kind, "KmsKeyArn"));
    if (xml_child(kind, "BucketKeyEnabled"))
        wanted->bucket_key = bucket_key ? WITH_BUCKET_KEY : WITHOUT_BUCKET_KEY;
    if (wanted->key.size > 0 && !str_starts(wanted->key, STR("arn:aws")))
        return refuse(reading, "KmsKeyArn must be the ARN of a KMS key.");
    reading->out->also = fits_encryption;
    reading->out->ctx = wanted;
    return true;
}

/* -- all -------------------------------------------------------------------------------------- */

bool job_filter_read(struct arena *arena, const struct xml *filter, struct resync_filter *out,
                     str *problem)
{
    const struct reading reading = { arena, out, problem };
    const struct xml *keys = xml_child(filter, "KeyNameConstraint");
    return read_names(&reading, xml_child(keys, "MatchAnyPrefix"), &out->prefixes) &&
           read_names(&reading, xml_child(keys, "MatchAnySuffix"), &out->suffixes) &&
           read_names(&reading, xml_child(keys, "MatchAnySubstring"), &out->substrings) &&
           read_names(&reading, xml_child(filter, "MatchAnyStorageClass"), &out->storage_classes) &&
           are_classes(&reading) &&
           read_encryption(&reading, xml_child(filter, "MatchAnyObjectEncryption")) &&
           read_boolean(&reading, filter, "EligibleForReplication", &out->eligible) &&
           read_statuses(&reading, xml_child(filter, "ObjectReplicationStatuses")) &&
           read_instant(&reading, filter, "CreatedAfter", &out->created_after) &&
           read_instant(&reading, filter, "CreatedBefore", &out->created_before) &&
           read_size(&reading, filter, "ObjectSizeGreaterThanBytes", &out->larger_than) &&
           read_size(&reading, filter, "ObjectSizeLessThanBytes", &out->smaller_than);
}
