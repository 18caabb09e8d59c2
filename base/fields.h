/* fields: an ordered list of (name, value) pairs: request headers, query parameters, metadata.
 *
 * Ownership: the list and its strings belong to an arena. Threads: one at a time.
 * Names compare without case for headers (fields_get) and exactly for queries (fields_get_exact).
 * The packed form (fields_pack) is what storage keeps: u32 little-endian lengths, then the bytes.
 */
#ifndef ATOLL_BASE_FIELDS_H
#define ATOLL_BASE_FIELDS_H

#include "base/buf.h"

struct field {
    str name;
    str value; /* ptr == NULL: the name stood alone ("?acl") */
};

struct fields {
    struct field *at;
    size_t count;
    size_t capacity;
};

void fields_add(struct arena *arena, struct fields *fields, str name, str value);
/* The first one's value; STR_NONE when absent. A present, empty value is set and empty. */
str fields_get(const struct fields *fields, const char *name);
str fields_get_exact(const struct fields *fields, const char *name);
bool fields_has_exact(const struct fields *fields, const char *name); /* even without a value */
size_t fields_count_of(const struct fields *fields, const char *name);
/* Replaces the first one of that name (without case) or adds it. */
void fields_set(struct arena *arena, struct fields *fields, str name, str value);
void fields_remove(struct fields *fields, const char *name);

str fields_pack(struct arena *arena, const struct fields *fields);
/* False when the bytes are not a packed list. Strings point into `packed`. */
MUST_CHECK bool fields_unpack(struct arena *arena, str packed, struct fields *out);

#endif
