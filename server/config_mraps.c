/* "mraps": access points, their members, dials and routing. */
#include "server/config_read.h"

/* AWS: 3 to 50 characters, lowercase letters, digits and hyphens, not at the ends ("Rules for
 * naming Amazon S3 Multi-Region Access Points"). */
static bool name_is_sound(str name)
{
    if (name.size < 3 || name.size > 50 || name.ptr[0] == '-' || name.ptr[name.size - 1] == '-')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

/* SDKs accept ^[a-z][a-z0-9]*[.]mrap$ in an ARN and put it into a host name. */
static bool alias_is_sound(str alias)
{
    const str end = STR(".mrap");
    if (!str_ends(alias, end) || alias.size == end.size || alias.size > 63)
        return false;
    for (size_t i = 0; i < alias.size - end.size; i++) {
        char c = alias.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static void read_members(struct config_reading *reading, struct config_node node,
                         struct config_mrap *mrap)
{
    struct config_node list = config_read_member(reading, node, "buckets");
    size_t index = 0;
    if (list.json == NULL || list.json->count == 0)
        config_read_problem(reading, list.json ? list : node, "needs at least one bucket");
    if (!config_read_kind(reading, list, JSON_ARRAY))
        return;
    for (const struct json *child = list.json->child; child; child = child->next, index++) {
        struct config_node element = config_read_element(reading, list, child, index);
        if (!config_read_kind(reading, element, JSON_STRING))
            continue;
        if (mrap->bucket_count == LIMIT_REGIONS_PER_MRAP) {
            config_read_problem(reading, element, "an access point has at most %d buckets",
                                LIMIT_REGIONS_PER_MRAP);
            return;
        }
        mrap->dials[mrap->bucket_count] = 100;
        mrap->buckets[mrap->bucket_count++] = child->string;
    }
}

static bool read_dial(struct config_reading *reading, struct config_node node, unsigned *dial)
{
    size_t word;
    if (node.json->kind == JSON_NUMBER) {
        double value = node.json->number;
        if (!(value >= 0 && value <= 100) || value != (double) (unsigned) value) {
            config_read_problem(reading, node, "a dial is a whole number from 0 to 100");
            return false;
        }
        *dial = (unsigned) value;
        return true;
    }
    if (!config_read_word(reading, node, "passive|active", &word))
        return false;
    *dial = word ? 100 : 0;
    return true;
}

/* Routes name Regions. "buckets" is read before "mraps", and what variables declare before the
 * file, so every bucket that will be known is known here. */
static size_t member_in(const struct config_reading *reading, const struct config_mrap *mrap,
                        region_id region)
{
    for (size_t i = 0; i < mrap->bucket_count; i++) {
        const struct config_bucket *bucket =
            config_document_bucket(&reading->config->document, mrap->buckets[i]);
        if (bucket && bucket->region == region)
            return i;
    }
    return SIZE_MAX;
}

static str nearest_member_region(const struct config_reading *reading,
                                 const struct config_mrap *mrap, str word)
{
    str codes[LIMIT_REGIONS_PER_MRAP];
    size_t count = 0;
    for (size_t i = 0; i < mrap->bucket_count; i++) {
        const struct config_bucket *bucket =
            config_document_bucket(&reading->config->document, mrap->buckets[i]);
        if (bucket && bucket->region != REGION_NONE)
            codes[count++] = region_at(bucket->region)->code;
    }
    return str_nearest(word, codes, count);
}

static void read_routes(struct config_reading *reading, struct config_node node,
                        struct config_mrap *mrap)
{
    struct config_node routes = config_read_member(reading, node, "routes");
    if (!config_read_kind(reading, routes, JSON_OBJECT))
        return;
    for (const struct json *child = routes.json->child; child; child = child->next) {
        struct config_node route = config_read_child(reading, routes, child);
        unsigned dial = 100;
        size_t member = member_in(reading, mrap, region_find(child->name));
        if (region_find(child->name) == REGION_NONE || member == SIZE_MAX) {
            str hint = config_problems_hint(reading->arena,
                                            nearest_member_region(reading, mrap, child->name));
            config_read_problem(reading, route, "no bucket of this access point is in '%.*s'%.*s",
                                STR_ARG(child->name), STR_ARG(hint));
        } else if (read_dial(reading, route, &dial)) {
            mrap->dials[member] = dial;
        }
    }
    bool active = mrap->bucket_count == 0;
    for (size_t i = 0; i < mrap->bucket_count; i++)
        active = active || mrap->dials[i] > 0;
    if (!active)
        config_read_problem(reading, routes, "at least one Region must be active");
}

/* Judged here, so that a slip has its line; set once the preset is known (config_apply.c). */
static void read_routing(struct config_reading *reading, struct config_node node,
                         struct config_mrap *mrap)
{
    struct mrap_routing judged = mrap_routing_default(STR_NONE);
    struct config_node routing = config_read_member(reading, node, "routing");
    if (routing.json == NULL || !config_read_object(reading, routing, MRAP_ROUTING_MEMBERS))
        return;
    mrap->routing = routing.json;
    for (const struct json *child = routing.json->child; child; child = child->next) {
        str error = STR_NONE, hint = STR_NONE;
        if (mrap_routing_set(reading->arena, child, &judged, &error, &hint))
            continue;
        config_read_problem(reading, config_read_child(reading, routing, child),
                            hint.size ? "%.*s (%.*s)" : "%.*s", STR_ARG(error), STR_ARG(hint));
    }
}

static void read_mrap(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    if (!name_is_sound(node.json->name))
        config_read_problem(reading, node,
                            "'%.*s' is no name of an access point: 3 to 50 lowercase letters, "
                            "digits and hyphens",
                            STR_ARG(node.json->name));
    if (!config_read_object(reading, node, "alias|account|buckets|routes|routing"))
        return;
    document->mraps = config_read_grow(reading->arena, document->mraps, document->mrap_count,
                                       sizeof *document->mraps);
    struct config_mrap *mrap = &document->mraps[document->mrap_count++];
    *mrap =
        (struct config_mrap){ .at = config_read_at(reading, node.json), .name = node.json->name };
    if (config_read_text(reading, node, "alias", &mrap->alias) && !alias_is_sound(mrap->alias))
        config_read_problem(reading, config_read_member(reading, node, "alias"),
                            "'%.*s' is no alias: lowercase letters and digits, then .mrap",
                            STR_ARG(mrap->alias));
    config_read_account(reading, node, &mrap->account);
    read_members(reading, node, mrap);
    read_routes(reading, node, mrap);
    read_routing(reading, node, mrap);
}

void config_read_mraps(struct config_reading *reading, struct config_node node)
{
    for (const struct json *child = node.json->child; child; child = child->next)
        read_mrap(reading, config_read_child(reading, node, child));
}

struct mrap_routing config_mrap_routing(struct arena *arena, const struct config_mrap *mrap,
                                        str preset)
{
    str error, hint;
    struct mrap_routing routing = mrap_routing_default(preset);
    for (const struct json *member = mrap->routing ? mrap->routing->child : NULL; member;
         member = member->next)
        if (!mrap_routing_set(arena, member, &routing, &error, &hint))
            break; /* it was judged when it was read */
    return routing;
}
