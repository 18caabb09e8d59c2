/* "regions", "buckets" and their objects, "mraps". */
#include "server/config_read.h"
#include "server/regions.h"
#include "server/s3/bucket_name.h"

/* --- regions --- */

static struct config_region *add_region(struct config_reading *reading, struct config_node node,
                                        region_id region)
{
    struct config_document *document = &reading->config->document;
    document->region_list = config_read_grow(reading->arena, document->region_list,
                                             document->region_count, sizeof *document->region_list);
    struct config_region *said = &document->region_list[document->region_count++];
    *said = (struct config_region){ .at = config_read_at(reading, node.json), .region = region };
    return said;
}

/* A list: where buckets may be. Who names an opt-in Region there has enabled it. */
static void read_region_list(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    size_t index = 0;
    for (const struct json *child = node.json->child; child; child = child->next, index++) {
        struct config_node element = config_read_element(reading, node, child, index);
        if (!config_read_kind(reading, element, JSON_STRING))
            continue;
        region_id region = config_read_region(reading, element, child->string);
        if (region_set_has(document->regions, region))
            config_read_problem(reading, element, "'%.*s' stands here twice",
                                STR_ARG(child->string));
        document->regions = region_set_with(document->regions, region);
        if (region == REGION_NONE || !region_at(region)->opt_in)
            continue;
        struct config_region *said = add_region(reading, element, region);
        said->has_enabled = said->enabled = true;
    }
    if (index == 0)
        config_read_problem(reading, node, "name at least one Region, or leave it out for all");
}

/* AWS: the Regions that came before 2019 are enabled for everyone and stay so. */
static void read_region(struct config_reading *reading, struct config_node node)
{
    str skew = STR_NONE;
    region_id region = config_read_region(reading, node, node.json->name);
    if (!config_read_object(reading, node, "enabled|skew") || region == REGION_NONE)
        return;
    struct config_region *said = add_region(reading, node, region);
    said->has_enabled = config_read_bool(reading, node, "enabled", &said->enabled);
    if (said->has_enabled && !said->enabled && !region_at(region)->opt_in)
        config_read_problem(reading, config_read_member(reading, node, "enabled"),
                            "%.*s is enabled by default and cannot be disabled: only opt-in "
                            "Regions, such as af-south-1, can",
                            STR_ARG(node.json->name));
    if (!config_read_text(reading, node, "skew", &skew))
        return;
    said->has_skew = duration_parse(skew, &said->skew) && said->skew.ns <= REGION_MOST_SKEW.ns;
    if (!said->has_skew)
        config_read_problem(reading, config_read_member(reading, node, "skew"),
                            "'%.*s' is no duration up to 365d: write how far this Region's clock "
                            "is ahead, as 5m",
                            STR_ARG(skew));
}

void config_read_regions(struct config_reading *reading, struct config_node node)
{
    if (node.json->kind == JSON_ARRAY)
        read_region_list(reading, node);
    else if (config_read_kind(reading, node, JSON_OBJECT))
        for (const struct json *child = node.json->child; child; child = child->next)
            read_region(reading, config_read_child(reading, node, child));
}

/* --- objects --- */

static void read_metadata(struct config_reading *reading, struct config_node node,
                          struct config_object *object)
{
    struct config_node metadata = config_read_member(reading, node, "metadata");
    if (!config_read_kind(reading, metadata, JSON_OBJECT))
        return;
    for (const struct json *child = metadata.json->child; child; child = child->next) {
        struct config_node value = config_read_child(reading, metadata, child);
        str name = str_lower(reading->arena, child->name);
        if (config_read_kind(reading, value, JSON_STRING))
            fields_add(reading->arena, &object->meta,
                       str_format(reading->arena, "x-amz-meta-%.*s", STR_ARG(name)), child->string);
    }
}

static void read_object_parts(struct config_reading *reading, struct config_node node,
                              struct config_object *object)
{
    str file = STR_NONE, type = STR_NONE;
    if (!config_read_object(reading, node, "text|file|content_type|metadata"))
        return;
    bool has_text = config_read_text(reading, node, "text", &object->text);
    bool has_file = config_read_text(reading, node, "file", &file);
    if (has_text == has_file)
        config_read_problem(reading, node, "needs either \"text\" or \"file\"");
    if (has_file && !str_is_set(reading->directory))
        config_read_problem(reading, config_read_member(reading, node, "file"),
                            "only a configuration that is itself a file can name one");
    else if (has_file)
        object->file = file.size > 0 && file.ptr[0] == '/'
                           ? file
                           : str_format(reading->arena, "%.*s%.*s", STR_ARG(reading->directory),
                                        STR_ARG(file));
    if (config_read_text(reading, node, "content_type", &type))
        fields_add(reading->arena, &object->meta, STR("Content-Type"), type);
    read_metadata(reading, node, object);
}

static void read_objects(struct config_reading *reading, struct config_node node,
                         struct config_bucket *bucket)
{
    if (!config_read_kind(reading, node, JSON_OBJECT))
        return;
    bucket->objects = ARENA_ARRAY(reading->arena, struct config_object, node.json->count);
    for (const struct json *child = node.json->child; child; child = child->next) {
        struct config_node member = config_read_child(reading, node, child);
        struct config_object *object = &bucket->objects[bucket->object_count++];
        object->key = child->name;
        if (child->name.size == 0 || child->name.size > LIMIT_KEY_BYTES)
            config_read_problem(reading, member, "a key has 1 to 1024 bytes");
        if (child->kind == JSON_STRING)
            object->text = child->string;
        else
            read_object_parts(reading, member, object);
    }
}

/* --- buckets --- */

static struct config_bucket *add_bucket(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    if (config_document_bucket(document, node.json->name))
        config_read_problem(reading, node, "bucket '%.*s' is declared twice",
                            STR_ARG(node.json->name));
    document->buckets = config_read_grow(reading->arena, document->buckets, document->bucket_count,
                                         sizeof *document->buckets);
    struct config_bucket *bucket = &document->buckets[document->bucket_count++];
    *bucket = (struct config_bucket){ .at = config_read_at(reading, node.json),
                                      .name = node.json->name,
                                      .region = REGION_NONE };
    return bucket;
}

static void read_bucket(struct config_reading *reading, struct config_node node)
{
    str region = STR_NONE;
    size_t versioning = VERSIONING_UNSET;
    if (!bucket_name_is_valid(node.json->name))
        config_read_problem(reading, node,
                            "'%.*s' is no bucket name: 3 to 63 lowercase letters, "
                            "digits, dots and hyphens",
                            STR_ARG(node.json->name));
    if (!config_read_object(reading, node, "region|versioning|account|object_lock|objects"))
        return;
    struct config_bucket *bucket = add_bucket(reading, node);
    if (config_read_text(reading, node, "region", &region))
        bucket->region =
            config_read_region(reading, config_read_member(reading, node, "region"), region);
    else if (json_member(node.json, "region") == NULL)
        config_read_problem(reading, node, "needs a \"region\"");
    struct config_node versions = config_read_member(reading, node, "versioning");
    if (versions.json && config_read_word(reading, versions, "off|enabled|suspended", &versioning))
        bucket->versioning = (enum versioning) versioning;
    if (config_read_bool(reading, node, "object_lock", &bucket->object_lock) &&
        bucket->object_lock) {
        if (versions.json && bucket->versioning != VERSIONING_ENABLED)
            config_read_problem(reading, versions, "object lock needs versioning \"enabled\"");
        bucket->versioning = VERSIONING_ENABLED;
    }
    config_read_account(reading, node, &bucket->account);
    struct config_node objects = config_read_member(reading, node, "objects");
    if (objects.json)
        read_objects(reading, objects, bucket);
}

void config_read_buckets(struct config_reading *reading, struct config_node node)
{
    for (const struct json *child = node.json->child; child; child = child->next)
        read_bucket(reading, config_read_child(reading, node, child));
}

const struct config_bucket *config_document_bucket(const struct config_document *document, str name)
{
    for (size_t i = 0; i < document->bucket_count; i++)
        if (str_eq(document->buckets[i].name, name))
            return &document->buckets[i];
    return NULL;
}
