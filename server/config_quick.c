/* ATOLL_BUCKETS and ATOLL_MRAP; see config_quick.h. */
#include "server/config_quick.h"

#include "base/json.h"
#include "base/limits.h"

#define MOST_BUCKETS 256

struct quick_bucket {
    str name, region;
    bool member;
};

struct quick {
    struct config_problems *problems;
    struct quick_bucket at[MOST_BUCKETS];
    size_t count;
    str mrap;
    str members[LIMIT_REGIONS_PER_MRAP];
    size_t member_count;
    bool sound;
};

static void refuse(struct quick *quick, const char *variable, str piece, const char *form)
{
    quick->sound = false;
    config_problems_add(quick->problems, (struct config_at){ .source = str_of(variable) }, STR_NONE,
                        "'%.*s' is not sound: write %s", STR_ARG(piece), form);
}

static struct quick_bucket *find(struct quick *quick, str name)
{
    for (size_t i = 0; i < quick->count; i++)
        if (str_eq(quick->at[i].name, name))
            return &quick->at[i];
    return NULL;
}

static bool declare(struct quick *quick, str name, str region)
{
    if (quick->count == MOST_BUCKETS || find(quick, name))
        return false;
    quick->at[quick->count++] = (struct quick_bucket){ .name = name, .region = region };
    return true;
}

static void read_buckets(struct quick *quick, str list)
{
    str piece, name, region;
    while (list.size > 0 && str_next(&list, ',', &piece))
        if (!str_cut(str_trim(piece), '@', &name, &region) || name.size == 0 || region.size == 0 ||
            !declare(quick, name, region))
            refuse(quick, "ATOLL_BUCKETS", piece, "a@us-east-1,b@eu-west-1, each name once");
}

static void read_mrap(struct quick *quick, str text)
{
    const char *form = "orders=a,b or orders=a@us-east-1,b@eu-west-1, each bucket once";
    str list, piece, name, region;
    if (!str_cut(text, '=', &quick->mrap, &list) || quick->mrap.size == 0 || list.size == 0) {
        refuse(quick, "ATOLL_MRAP", text, form);
        return;
    }
    while (str_next(&list, ',', &piece)) {
        bool declares = str_cut(str_trim(piece), '@', &name, &region);
        if (name.size == 0 || quick->member_count == LIMIT_REGIONS_PER_MRAP ||
            (declares && !declare(quick, name, region))) {
            refuse(quick, "ATOLL_MRAP", piece, form);
            return;
        }
        struct quick_bucket *bucket = find(quick, name);
        if (bucket)
            bucket->member = true;
        quick->members[quick->member_count++] = name;
    }
}

static void write_replication(struct quick *quick, struct json_writer *writer)
{
    json_array(writer, "replication");
    for (size_t a = 0; a < quick->member_count; a++) {
        for (size_t b = a + 1; b < quick->member_count; b++) {
            json_object(writer, NULL);
            json_text(writer, "link",
                      str_format(quick->problems->arena, "%.*s <-> %.*s",
                                 STR_ARG(quick->members[a]), STR_ARG(quick->members[b])));
            json_boolean(writer, "delete_markers", true);
            json_end(writer);
        }
    }
    json_end(writer);
}

/* A variable has no room for an alias, so a name that could be one is: orders.mrap. */
static void write_alias(struct quick *quick, struct json_writer *writer)
{
    for (size_t i = 0; i < quick->mrap.size; i++) {
        char c = quick->mrap.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (i > 0 && c >= '0' && c <= '9')))
            return;
    }
    json_text(writer, "alias",
              str_format(quick->problems->arena, "%.*s.mrap", STR_ARG(quick->mrap)));
}

static void write_mrap(struct quick *quick, struct json_writer *writer)
{
    json_object(writer, "mraps");
    json_key(writer, quick->mrap);
    json_object(writer, NULL);
    write_alias(quick, writer);
    json_array(writer, "buckets");
    for (size_t i = 0; i < quick->member_count; i++)
        json_text(writer, NULL, quick->members[i]);
    json_end(writer);
    json_end(writer);
    json_end(writer);
}

static str write(struct quick *quick)
{
    struct buf out;
    struct json_writer writer;
    buf_init_arena(&out, quick->problems->arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &out);
    json_object(&writer, NULL);
    json_object(&writer, "buckets");
    for (size_t i = 0; i < quick->count; i++) {
        json_key(&writer, quick->at[i].name);
        json_object(&writer, NULL);
        json_text(&writer, "region", quick->at[i].region);
        if (quick->at[i].member)
            json_text(&writer, "versioning", STR("enabled"));
        json_end(&writer);
    }
    json_end(&writer);
    if (quick->member_count > 0) {
        write_mrap(quick, &writer);
        write_replication(quick, &writer);
    }
    json_end(&writer);
    return buf_str(&out);
}

str config_quick_document(struct config_problems *problems, str buckets, str mrap)
{
    struct quick *quick = ARENA_NEW(problems->arena, struct quick);
    quick->problems = problems;
    quick->sound = true;
    if (buckets.size == 0 && mrap.size == 0)
        return STR_NONE;
    read_buckets(quick, buckets);
    if (mrap.size > 0)
        read_mrap(quick, mrap);
    return quick->sound ? write(quick) : STR_NONE;
}
