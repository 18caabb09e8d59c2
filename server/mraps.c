/* The access points in memory; see mraps.h. A list is immutable and counted; the present one is
 * swapped under a lock held for a pointer's length. Documents in the store are the truth. */
#include "server/mraps.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/lock.h"

#define MRAP_DOC_KIND "mrap"

struct mrap_list {
    struct arena *arena;
    struct mrap *at;
    size_t count;
    _Atomic unsigned pins;
};

struct mraps {
    struct mutex reload; /* one at a time, so that an older list never replaces a newer one */
    struct mutex lock;
    struct mrap_list *present;
};

static const char *const status_names[] = {
    "READY",    "CREATING",          "PARTIALLY_CREATED",
    "DELETING", "PARTIALLY_DELETED", "INCONSISTENT_ACROSS_REGIONS"
};
const char *const mrap_block_names[4] = { "BlockPublicAcls", "IgnorePublicAcls",
                                          "BlockPublicPolicy", "RestrictPublicBuckets" };

const char *mrap_status_name(enum mrap_status status)
{
    return status_names[status];
}

bool mrap_serves(const struct mrap *mrap)
{
    return mrap->status == MRAP_READY || mrap->status == MRAP_INCONSISTENT;
}

str mrap_policy_in(const struct mrap *mrap, region_id region)
{
    return region_set_has(mrap->policy_missing, region) ? mrap->policy : mrap->proposed_policy;
}

/* --- one access point as a document --- */

static void write_members(struct json_writer *writer, const struct mrap *mrap)
{
    json_array(writer, "members");
    for (size_t i = 0; i < mrap->member_count; i++) {
        json_object(writer, NULL);
        json_text(writer, "bucket", mrap->members[i].bucket);
        json_text(writer, "region", region_at(mrap->members[i].region)->code);
        json_text(writer, "account", mrap->member_accounts[i]);
        json_integer(writer, "dial", mrap->members[i].dial);
        json_integer(writer, "old_dial", mrap->old_dials[i]);
        json_boolean(writer, "policy_missing",
                     region_set_has(mrap->policy_missing, mrap->members[i].region));
        json_end(writer);
    }
    json_end(writer);
}

static void write_earlier(struct json_writer *writer, const struct mrap *mrap)
{
    json_array(writer, "earlier");
    for (size_t i = 0; i < mrap->earlier_count; i++) {
        json_object(writer, NULL);
        json_instant(writer, "at", mrap->earlier[i].at);
        json_instant(writer, "effective_at", mrap->earlier[i].effective_at);
        json_array(writer, "before");
        for (size_t m = 0; m < mrap->member_count; m++)
            json_integer(writer, NULL, mrap->earlier[i].before[m]);
        json_end(writer);
        json_end(writer);
    }
    json_end(writer);
}

struct store_doc mrap_to_doc(struct arena *arena, const struct mrap *mrap)
{
    struct buf buf;
    struct json_writer writer;
    buf_init_arena(&buf, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &buf);
    json_object(&writer, NULL);
    json_text(&writer, "name", mrap->name);
    json_text(&writer, "alias", mrap->alias);
    json_text(&writer, "account", mrap->account);
    json_instant(&writer, "created_at", mrap->created_at);
    json_text(&writer, "status", str_of(status_names[mrap->status]));
    json_array(&writer, "block");
    for (size_t i = 0; i < COUNT(mrap->block); i++)
        json_boolean(&writer, NULL, mrap->block[i]);
    json_end(&writer);
    json_text(&writer, "policy", mrap->policy);
    json_text(&writer, "proposed_policy", mrap->proposed_policy);
    write_members(&writer, mrap);
    json_instant(&writer, "routes_at", mrap->routes_at);
    json_instant(&writer, "routes_effective_at", mrap->routes_effective_at);
    write_earlier(&writer, mrap);
    json_object(&writer, "routing");
    mrap_routing_write(arena, &writer, &mrap->routing);
    json_end(&writer);
    json_text(&writer, "ordinal", str_format(arena, "%llu", (unsigned long long) mrap->ordinal));
    json_end(&writer);
    return (struct store_doc){ .kind = STR(MRAP_DOC_KIND),
                               .id = str_format(arena, "%.*s/%.*s", STR_ARG(mrap->account),
                                                STR_ARG(mrap->name)),
                               .body = buf_str(&buf) };
}

static enum mrap_status status_parse(str name)
{
    for (unsigned i = 0; i < COUNT(status_names); i++)
        if (str_is(name, status_names[i]))
            return (enum mrap_status) i;
    return MRAP_READY;
}

static bool read_routing(struct arena *arena, const struct json *object, struct mrap_routing *out)
{
    str error, hint;
    const struct json *routing = json_member(object, "routing");
    *out = mrap_routing_default(STR_NONE);
    for (const struct json *member = routing ? routing->child : NULL; member; member = member->next)
        if (!mrap_routing_set(arena, member, out, &error, &hint))
            return false;
    return true;
}

static bool read_members(const struct json *object, struct mrap *out)
{
    const struct json *members = json_member(object, "members");
    if (members == NULL || members->count > LIMIT_REGIONS_PER_MRAP)
        return false;
    for (const struct json *member = members->child; member; member = member->next) {
        size_t i = out->member_count++;
        out->members[i].bucket = json_string(member, "bucket", STR_NONE);
        out->members[i].region = region_find(json_string(member, "region", STR_NONE));
        out->members[i].dial = (unsigned) json_number(member, "dial", 100);
        out->member_accounts[i] = json_string(member, "account", STR_NONE);
        out->old_dials[i] = (unsigned) json_number(member, "old_dial", 100);
        if (out->members[i].region == REGION_NONE)
            return false;
        if (json_bool(member, "policy_missing", false))
            out->policy_missing = region_set_with(out->policy_missing, out->members[i].region);
    }
    return true;
}

static void read_earlier(const struct json *object, struct mrap *out)
{
    const struct json *earlier = json_member(object, "earlier");
    const struct json *spread = earlier ? earlier->child : NULL;
    for (; spread && out->earlier_count < MRAP_SPREADS; spread = spread->next) {
        struct mrap_spread *to = &out->earlier[out->earlier_count++];
        const struct json *before = json_member(spread, "before");
        const struct json *dial = before ? before->child : NULL;
        to->at = json_instant_of(spread, "at");
        to->effective_at = json_instant_of(spread, "effective_at");
        for (size_t m = 0; m < out->member_count && dial; m++, dial = dial->next)
            to->before[m] = (unsigned) dial->number;
    }
}

bool mrap_from_doc(struct arena *arena, const struct store_doc *doc, struct mrap *out)
{
    struct json_error error;
    const struct json *object = json_parse(arena, doc->body, &error);
    if (object == NULL)
        return false;
    *out = (struct mrap){ .name = json_string(object, "name", STR_NONE),
                          .alias = json_string(object, "alias", STR_NONE),
                          .account = json_string(object, "account", STR_NONE),
                          .created_at = json_instant_of(object, "created_at"),
                          .policy = json_string(object, "policy", STR_NONE),
                          .proposed_policy = json_string(object, "proposed_policy", STR_NONE),
                          .routes_at = json_instant_of(object, "routes_at"),
                          .routes_effective_at = json_instant_of(object, "routes_effective_at"),
                          .status = status_parse(json_string(object, "status", STR_NONE)) };
    const struct json *block = json_member(object, "block");
    const struct json *flag = block ? block->child : NULL;
    for (size_t i = 0; i < COUNT(out->block) && flag; i++, flag = flag->next)
        out->block[i] = flag->boolean;
    if (!str_to_u64(json_string(object, "ordinal", STR("0")), &out->ordinal) ||
        !read_routing(arena, object, &out->routing) || !read_members(object, out))
        return false;
    read_earlier(object, out);
    return true;
}

struct store_doc mrap_change_doc(struct arena *arena, const struct mrap *before,
                                 const struct mrap *after)
{
    struct store_doc doc = mrap_to_doc(arena, after);
    doc.was = mrap_to_doc(arena, before).body;
    return doc;
}

static struct mrap_spread before_last(const struct mrap *mrap)
{
    struct mrap_spread last = { .at = mrap->routes_at, .effective_at = mrap->routes_effective_at };
    memcpy(last.before, mrap->old_dials, sizeof last.before);
    return last;
}

void mrap_routes_change(struct mrap *changed, const struct mrap *old, instant now, bool at_once)
{
    const struct mrap_spread last = before_last(old);
    changed->earlier_count = 0;
    if (!at_once && instant_before(now, last.effective_at))
        changed->earlier[changed->earlier_count++] = last;
    for (size_t i = 0; i < old->earlier_count && changed->earlier_count < MRAP_SPREADS; i++)
        if (!at_once && instant_before(now, old->earlier[i].effective_at))
            changed->earlier[changed->earlier_count++] = old->earlier[i];
    for (size_t i = 0; i < old->member_count; i++)
        changed->old_dials[i] = old->members[i].dial;
    changed->routes_at = now;
    changed->routes_effective_at =
        at_once ? now : instant_add(now, lag_most(&changed->routing.propagation));
}

/* --- the list --- */

static struct mrap_list *list_load(struct store_reader *reader)
{
    struct arena *arena = arena_new();
    struct mrap_list *list = ARENA_NEW(arena, struct mrap_list);
    struct store_doc_list docs = { 0 };
    list->arena = arena;
    atomic_store(&list->pins, 1);
    store_read_begin(reader);
    if (store_doc_list(reader, arena, STR(MRAP_DOC_KIND), &docs) != STORE_OK)
        return list;
    list->at = ARENA_ARRAY(arena, struct mrap, docs.count);
    for (size_t i = 0; i < docs.count; i++)
        if (mrap_from_doc(arena, &docs.at[i], &list->at[list->count]))
            list->count++;
    return list;
}

struct mraps *mraps_open(struct store_reader *reader)
{
    struct mraps *mraps = mem_alloc(sizeof *mraps);
    mutex_init(&mraps->reload);
    mutex_init(&mraps->lock);
    mraps->present = list_load(reader);
    return mraps;
}

void mraps_close(struct mraps *mraps)
{
    if (mraps == NULL)
        return;
    mraps_release(mraps->present);
    mutex_fini(&mraps->lock);
    mutex_fini(&mraps->reload);
    free(mraps);
}

void mraps_reload(struct mraps *mraps, struct store_reader *reader)
{
    SCOPED_LOCK(&mraps->reload);
    struct mrap_list *fresh = list_load(reader), *old;
    mutex_lock(&mraps->lock);
    old = mraps->present;
    mraps->present = fresh;
    mutex_unlock(&mraps->lock);
    mraps_release(old);
}

const struct mrap_list *mraps_acquire(struct mraps *mraps)
{
    SCOPED_LOCK(&mraps->lock);
    atomic_fetch_add_explicit(&mraps->present->pins, 1, memory_order_relaxed);
    return mraps->present;
}

void mraps_release(const struct mrap_list *list)
{
    /* The count is the one part of a list that readers may move. */
    union {
        const struct mrap_list *shared;
        struct mrap_list *counted;
    } view = { .shared = list };
    if (atomic_fetch_sub_explicit(&view.counted->pins, 1, memory_order_acq_rel) == 1)
        arena_free(view.counted->arena);
}

size_t mrap_list_count(const struct mrap_list *list)
{
    return list->count;
}

const struct mrap *mrap_list_at(const struct mrap_list *list, size_t index)
{
    return &list->at[index];
}

const struct mrap *mrap_by_alias(const struct mrap_list *list, str alias)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->at[i].alias, alias))
            return &list->at[i];
    return NULL;
}

const struct mrap *mrap_by_name(const struct mrap_list *list, str account, str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->at[i].account, account) && str_eq(list->at[i].name, name))
            return &list->at[i];
    return NULL;
}
