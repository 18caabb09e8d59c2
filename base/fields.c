/* Ordered name/value pairs; see fields.h. Lists are short, so a linear look is the fastest. */
#include "base/fields.h"

#include "base/arena.h"

void fields_add(struct arena *arena, struct fields *fields, str name, str value)
{
    if (fields->count == fields->capacity) {
        size_t capacity = fields->capacity ? fields->capacity * 2 : 16;
        struct field *larger = arena_alloc_raw(arena, capacity * sizeof *larger);
        if (fields->count)
            memcpy(larger, fields->at, fields->count * sizeof *larger);
        fields->at = larger;
        fields->capacity = capacity;
    }
    fields->at[fields->count++] = (struct field){ name, value };
}

static struct field *find(const struct fields *fields, str name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_eq_nocase(fields->at[i].name, name))
            return &fields->at[i];
    return NULL;
}

static struct field *find_exact(const struct fields *fields, str name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_eq(fields->at[i].name, name))
            return &fields->at[i];
    return NULL;
}

str fields_get(const struct fields *fields, const char *name)
{
    const struct field *field = find(fields, str_of(name));
    return field ? field->value : STR_NONE;
}

str fields_get_exact(const struct fields *fields, const char *name)
{
    const struct field *field = find_exact(fields, str_of(name));
    return field ? field->value : STR_NONE;
}

bool fields_has_exact(const struct fields *fields, const char *name)
{
    return find_exact(fields, str_of(name)) != NULL;
}

size_t fields_count_of(const struct fields *fields, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += str_eq_nocase(fields->at[i].name, str_of(name));
    return count;
}

void fields_set(struct arena *arena, struct fields *fields, str name, str value)
{
    struct field *field = find(fields, name);
    if (field)
        field->value = value;
    else
        fields_add(arena, fields, name, value);
}

void fields_remove(struct fields *fields, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < fields->count; i++)
        if (!str_eq_nocase(fields->at[i].name, str_of(name)))
            fields->at[kept++] = fields->at[i];
    fields->count = kept;
}

static void pack_str(struct buf *buf, str s)
{
    uint32_t size = (uint32_t) s.size;
    unsigned char length[4] = { (unsigned char) size, (unsigned char) (size >> 8),
                                (unsigned char) (size >> 16), (unsigned char) (size >> 24) };
    buf_add_bytes(buf, length, sizeof length);
    buf_add(buf, s);
}

str fields_pack(struct arena *arena, const struct fields *fields)
{
    struct buf buf;
    buf_init_arena(&buf, arena, SIZE_MAX);
    for (size_t i = 0; i < fields->count; i++) {
        pack_str(&buf, fields->at[i].name);
        pack_str(&buf, fields->at[i].value);
    }
    return buf_str(&buf);
}

static bool unpack_str(str *rest, str *out)
{
    if (rest->size < 4)
        return false;
    const unsigned char *p = (const unsigned char *) rest->ptr;
    size_t size = (size_t) p[0] | (size_t) p[1] << 8 | (size_t) p[2] << 16 | (size_t) p[3] << 24;
    if (size > rest->size - 4)
        return false;
    *out = str_from(rest->ptr + 4, size);
    *rest = str_skip(*rest, 4 + size);
    return true;
}

bool fields_unpack(struct arena *arena, str packed, struct fields *out)
{
    struct fields fields = { 0 };
    while (packed.size > 0) {
        str name, value;
        if (!unpack_str(&packed, &name) || !unpack_str(&packed, &value))
            return false;
        fields_add(arena, &fields, name, value);
    }
    *out = fields;
    return true;
}
