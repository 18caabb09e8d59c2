/* Changing dials: every line is checked before any dial moves, so that an update is whole or not
 * at all. */
#include "base/bug.h"
#include "routing/route.h"

/* The dials as they would be, and who has been named. */
struct draft {
    unsigned dial[LIMIT_REGIONS_PER_MRAP];
    bool named[LIMIT_REGIONS_PER_MRAP];
    uint64_t named_sum; /* a request may have any number of lines before one is found wrong */
    bool between;
};

static size_t find_bucket(const struct route_member *members, size_t count, str bucket)
{
    size_t i = 0;
    while (i < count && !str_eq(members[i].bucket, bucket))
        i++;
    return i;
}

static size_t find_region(const struct route_member *members, size_t count, str code)
{
    region_id region = region_find(code);
    size_t i = 0;
    while (i < count && members[i].region != region)
        i++;
    return i;
}

static enum route_update_error find_member(const struct route_member *members, size_t count,
                                           const struct route_change *change, size_t *member_out)
{
    bool by_bucket = change->bucket.size > 0;
    bool by_region = change->region.size > 0;
    size_t bucket_index = by_bucket ? find_bucket(members, count, change->bucket) : 0;
    size_t region_index = by_region ? find_region(members, count, change->region) : bucket_index;

    if (!by_bucket && !by_region)
        return ROUTE_UPDATE_NAMELESS;
    if (by_bucket && bucket_index == count)
        return ROUTE_UPDATE_BUCKET_UNKNOWN;
    if (region_index == count)
        return ROUTE_UPDATE_REGION_UNKNOWN;
    if (by_bucket && bucket_index != region_index)
        return ROUTE_UPDATE_MISMATCH;
    *member_out = region_index;
    return ROUTE_UPDATE_OK;
}

static enum route_update_error draft_change(struct draft *draft, size_t member, unsigned dial,
                                            bool strict)
{
    bool between = dial > 0 && dial < 100;

    if (draft->named[member])
        return ROUTE_UPDATE_DUPLICATE;
    if (dial > 100)
        return ROUTE_UPDATE_DIAL_RANGE;
    if (between && strict)
        return ROUTE_UPDATE_DIAL_STRICT;
    draft->named[member] = true;
    draft->dial[member] = dial;
    draft->named_sum += dial;
    draft->between |= between;
    return ROUTE_UPDATE_OK;
}

static bool any_active(const struct draft *draft, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (draft->dial[i] > 0)
            return true;
    return false;
}

static enum route_update_error draft_all(struct draft *draft, const struct route_member *members,
                                         size_t count, const struct route_changes *changes,
                                         size_t *change_out)
{
    *change_out = SIZE_MAX;
    if (changes->count == 0)
        return ROUTE_UPDATE_EMPTY;
    for (size_t i = 0; i < count; i++)
        draft->dial[i] = members[i].dial;
    for (size_t i = 0; i < changes->count; i++) {
        const struct route_change *change = &changes->list[i];
        size_t member = 0;
        enum route_update_error error = find_member(members, count, change, &member);
        if (error == ROUTE_UPDATE_OK)
            error = draft_change(draft, member, change->dial, changes->strict);
        if (error != ROUTE_UPDATE_OK) {
            *change_out = i;
            return error;
        }
    }
    if (draft->between && draft->named_sum == 100)
        for (size_t i = 0; i < count; i++)
            draft->dial[i] = draft->named[i] ? draft->dial[i] : 0;
    return any_active(draft, count) ? ROUTE_UPDATE_OK : ROUTE_UPDATE_NO_ACTIVE;
}

bool route_update(struct route_member *members, size_t count, const struct route_changes *changes,
                  struct route_update_result *result)
{
    struct draft draft = { .named_sum = 0 };

    BUG_UNLESS(count <= LIMIT_REGIONS_PER_MRAP);
    *result = (struct route_update_result){ .change = SIZE_MAX };
    result->error = draft_all(&draft, members, count, changes, &result->change);
    if (result->error != ROUTE_UPDATE_OK)
        return false;
    result->weighted = draft.between;
    result->whole_split = draft.between && draft.named_sum == 100;
    for (size_t i = 0; i < count; i++)
        members[i].dial = draft.dial[i];
    return true;
}

static void describe_region(str code, struct buf *out)
{
    str near = region_find(code) == REGION_NONE ? region_nearest_name(code) : STR_NONE;

    buf_addf(out, "No bucket of this access point is in Region \"%.*s\".", STR_ARG(code));
    if (str_is_set(near))
        buf_addf(out, " Did you mean %.*s?", STR_ARG(near));
}

static void describe_change(const struct route_change *change, enum route_update_error error,
                            struct buf *out)
{
    str name = change->bucket.size > 0 ? change->bucket : change->region;

    switch (error) {
    case ROUTE_UPDATE_NAMELESS:
        buf_add(out, STR("A route update names neither a bucket nor a Region."));
        break;
    case ROUTE_UPDATE_BUCKET_UNKNOWN:
        buf_addf(out, "Bucket \"%.*s\" is not part of this access point.", STR_ARG(name));
        break;
    case ROUTE_UPDATE_REGION_UNKNOWN:
        describe_region(change->region, out);
        break;
    case ROUTE_UPDATE_MISMATCH:
        buf_addf(out, "Bucket \"%.*s\" is not in Region \"%.*s\".", STR_ARG(change->bucket),
                 STR_ARG(change->region));
        break;
    case ROUTE_UPDATE_DUPLICATE:
        buf_addf(out, "The route of \"%.*s\" is updated twice.", STR_ARG(name));
        break;
    case ROUTE_UPDATE_DIAL_RANGE:
        buf_addf(out, "TrafficDialPercentage %u of \"%.*s\" is above 100.", change->dial,
                 STR_ARG(name));
        break;
    case ROUTE_UPDATE_DIAL_STRICT:
        buf_addf(out, "TrafficDialPercentage %u of \"%.*s\" is neither 0 nor 100.", change->dial,
                 STR_ARG(name));
        break;
    case ROUTE_UPDATE_OK:
    case ROUTE_UPDATE_EMPTY:
    case ROUTE_UPDATE_NO_ACTIVE:
        BUG("not the fault of one line");
    }
}

void route_update_describe(const struct route_changes *changes,
                           const struct route_update_result *result, struct buf *out)
{
    if (result->error == ROUTE_UPDATE_OK)
        return;
    if (result->error == ROUTE_UPDATE_EMPTY)
        buf_add(out, STR("The request has no route update."));
    else if (result->error == ROUTE_UPDATE_NO_ACTIVE)
        buf_add(out, STR("At least one Region must stay active (TrafficDialPercentage above 0)."));
    else
        describe_change(&changes->list[result->change], result->error, out);
}
