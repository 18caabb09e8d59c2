/* The packed configuration: what the plan reads for each change, and the lists made from it.
 *
 * One version byte, then v2, the role and the rules; numbers are little-endian, a string is its
 * size (u32, UINT32_MAX for an absent one) and its bytes. Only what the plan or an answer needs is
 * kept. */
#include "base/buf.h"
#include "replication/rules.h"

#define PACK_VERSION 1
#define PACK_ABSENT UINT32_MAX

static void pack_u8(struct buf *buf, unsigned value)
{
    buf_add_char(buf, (char) value);
}

static void pack_u32(struct buf *buf, uint32_t value)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        pack_u8(buf, value >> shift & 0xff);
}

static void pack_str(struct buf *buf, str s)
{
    pack_u32(buf, str_is_set(s) ? (uint32_t) s.size : PACK_ABSENT);
    buf_add(buf, s);
}

static void pack_timed(struct buf *buf, const struct repl_timed *timed)
{
    pack_u8(buf, (unsigned) timed->status);
    pack_u8(buf, timed->has_minutes);
    pack_u32(buf, (uint32_t) timed->minutes);
}

static void pack_destination(struct buf *buf, const struct repl_destination *to)
{
    pack_str(buf, to->bucket_arn);
    pack_str(buf, to->bucket);
    pack_str(buf, to->region);
    pack_str(buf, to->account);
    pack_str(buf, to->storage_class);
    pack_u8(buf, to->has_translation);
    pack_str(buf, to->owner);
    pack_u8(buf, to->has_encryption);
    pack_str(buf, to->kms_key);
    pack_timed(buf, &to->rtc);
    pack_timed(buf, &to->metrics);
}

static void pack_rule(struct buf *buf, const struct repl_rule *rule)
{
    pack_str(buf, rule->id);
    pack_u8(buf, rule->has_priority);
    pack_u32(buf, (uint32_t) rule->priority);
    pack_u8(buf, (unsigned) rule->filter);
    pack_str(buf, rule->prefix);
    pack_u8(buf, rule->prefix_in_rule);
    pack_u32(buf, (uint32_t) rule->tag_count);
    for (size_t i = 0; i < rule->tag_count; i++) {
        pack_str(buf, rule->tags[i].key);
        pack_str(buf, rule->tags[i].value);
    }
    pack_u8(buf, (unsigned) rule->status);
    pack_u8(buf, (unsigned) rule->sse_kms);
    pack_u8(buf, (unsigned) rule->replica_modifications);
    pack_u8(buf, (unsigned) rule->existing_objects);
    pack_u8(buf, (unsigned) rule->delete_markers);
    pack_destination(buf, &rule->destination);
}

str repl_config_pack(struct arena *arena, const struct repl_config *config)
{
    struct buf buf;
    buf_init_arena(&buf, arena, SIZE_MAX);
    pack_u8(&buf, PACK_VERSION);
    pack_u8(&buf, config->v2);
    pack_str(&buf, config->role);
    pack_u32(&buf, (uint32_t) config->rule_count);
    for (size_t i = 0; i < config->rule_count; i++)
        pack_rule(&buf, &config->rules[i]);
    return buf_str(&buf);
}

/* Reading: `bad` is sticky, and what is read after it is empty. */
struct unpack {
    str rest;
    bool bad;
};

static unsigned unpack_u8(struct unpack *in)
{
    if (in->rest.size == 0) {
        in->bad = true;
        return 0;
    }
    unsigned value = (unsigned char) in->rest.ptr[0];
    in->rest = str_skip(in->rest, 1);
    return value;
}

static uint32_t unpack_u32(struct unpack *in)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 8)
        value |= (uint32_t) unpack_u8(in) << shift;
    return value;
}

static bool unpack_bool(struct unpack *in)
{
    return unpack_u8(in) != 0;
}

static enum repl_switch unpack_switch(struct unpack *in)
{
    unsigned value = unpack_u8(in);
    in->bad |= value > REPL_MALFORMED;
    return (enum repl_switch) value;
}

static str unpack_str(struct unpack *in)
{
    uint32_t size = unpack_u32(in);
    if (size == PACK_ABSENT || in->bad)
        return STR_NONE;
    if (size > in->rest.size) {
        in->bad = true;
        return STR_NONE;
    }
    str s = str_first(in->rest, size);
    in->rest = str_skip(in->rest, size);
    return s;
}

static struct repl_timed unpack_timed(struct unpack *in)
{
    struct repl_timed timed = { .status = unpack_switch(in) };
    timed.has_minutes = unpack_bool(in);
    timed.minutes = unpack_u32(in);
    return timed;
}

static void unpack_destination(struct unpack *in, struct repl_destination *to)
{
    to->present = true;
    to->bucket_arn = unpack_str(in);
    to->bucket = unpack_str(in);
    to->region = unpack_str(in);
    to->account = unpack_str(in);
    to->storage_class = unpack_str(in);
    to->has_translation = unpack_bool(in);
    to->owner = unpack_str(in);
    to->has_encryption = unpack_bool(in);
    to->kms_key = unpack_str(in);
    to->rtc = unpack_timed(in);
    to->metrics = unpack_timed(in);
}

static void unpack_tags(struct arena *arena, struct unpack *in, struct repl_rule *rule)
{
    rule->tag_count = unpack_u32(in);
    in->bad |= rule->tag_count > in->rest.size; /* each takes some bytes */
    if (in->bad)
        return;
    rule->tags = ARENA_ARRAY(arena, struct repl_tag, rule->tag_count);
    for (size_t i = 0; i < rule->tag_count; i++) {
        rule->tags[i].key = unpack_str(in);
        rule->tags[i].value = unpack_str(in);
    }
}

static void unpack_rule(struct arena *arena, struct unpack *in, struct repl_rule *rule)
{
    rule->id = unpack_str(in);
    rule->has_priority = unpack_bool(in);
    rule->priority = unpack_u32(in);
    unsigned filter = unpack_u8(in);
    in->bad |= filter > REPL_FILTER_SEVERAL;
    rule->filter = (enum repl_filter) filter;
    rule->prefix = unpack_str(in);
    rule->prefix_in_rule = unpack_bool(in);
    unpack_tags(arena, in, rule);
    rule->status = unpack_switch(in);
    rule->sse_kms = unpack_switch(in);
    rule->replica_modifications = unpack_switch(in);
    rule->existing_objects = unpack_switch(in);
    rule->delete_markers = unpack_switch(in);
    unpack_destination(in, &rule->destination);
}

bool repl_config_unpack(struct arena *arena, str packed, struct repl_config *out)
{
    struct unpack in = { .rest = packed };
    struct repl_config config = { 0 };
    if (unpack_u8(&in) != PACK_VERSION)
        return false;
    config.v2 = unpack_bool(&in);
    config.role = unpack_str(&in);
    config.rule_count = unpack_u32(&in);
    if (in.bad || config.rule_count > in.rest.size)
        return false;
    config.rules = ARENA_ARRAY(arena, struct repl_rule, config.rule_count);
    for (size_t i = 0; i < config.rule_count && !in.bad; i++)
        unpack_rule(arena, &in, &config.rules[i]);
    if (in.bad || in.rest.size > 0)
        return false;
    *out = config;
    return true;
}

struct repl_names repl_config_destinations(struct arena *arena, const struct repl_config *config)
{
    struct repl_names names = { ARENA_ARRAY(arena, str, config->rule_count), 0 };
    for (size_t i = 0; i < config->rule_count; i++) {
        str name = config->rules[i].destination.bucket;
        bool seen = false;
        for (size_t j = 0; j < names.count && !seen; j++)
            seen = str_eq(names.at[j], name);
        if (!seen)
            names.at[names.count++] = name;
    }
    return names;
}

void repl_config_locate(struct repl_config *config, str bucket, str region)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (str_eq(config->rules[i].destination.bucket, bucket))
            config->rules[i].destination.region = region;
}
