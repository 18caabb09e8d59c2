/* Temporary copies of archived objects (restore.h). */
#include "server/s3/restore.h"

bool restore_is_archived(str storage_class)
{
    return str_is(storage_class, "GLACIER") || str_is(storage_class, "DEEP_ARCHIVE");
}

enum restore_state restore_state(str value, instant now, struct restore *out)
{
    str ready, expiry;
    *out = (struct restore){ 0 };
    if (!str_is_set(value) || !str_cut(value, ' ', &ready, &expiry) ||
        !str_to_i64(ready, &out->ready.ns) || !str_to_i64(expiry, &out->expiry.ns))
        return RESTORE_NONE;
    if (instant_before(now, out->ready))
        return RESTORE_ONGOING;
    return instant_before(now, out->expiry) ? RESTORE_DONE : RESTORE_NONE;
}

str restore_value(struct arena *arena, const struct restore *restore)
{
    return str_format(arena, "%lld %lld", (long long) restore->ready.ns,
                      (long long) restore->expiry.ns);
}

str restore_shown(struct arena *arena, str value, instant now)
{
    struct restore restore;
    str expiry;
    switch (restore_state(value, now, &restore)) {
    case RESTORE_ONGOING:
        return STR("ongoing-request=\"true\"");
    case RESTORE_DONE:
        expiry = instant_http(arena, restore.expiry);
        return str_format(arena, "ongoing-request=\"false\", expiry-date=\"%.*s\"",
                          STR_ARG(expiry));
    case RESTORE_NONE:
        break;
    }
    return STR_NONE;
}

bool restore_is_needed(struct arena *arena, str storage_class, str packed_fields, instant now)
{
    struct fields fields = { 0 };
    struct restore restore;
    if (!restore_is_archived(storage_class))
        return false;
    if (packed_fields.size > 0 && !fields_unpack(arena, packed_fields, &fields))
        return true;
    return restore_state(fields_get(&fields, RESTORE_FIELD), now, &restore) != RESTORE_DONE;
}
