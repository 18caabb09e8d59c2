/* From a target to buckets; see members.h. */
#include "scenario/members.h"

#include "server/mraps.h"

static void fill(struct run *run, const struct mrap *mrap, struct members *out)
{
    store_read_begin(run->lane->reader);
    for (size_t i = 0; mrap && i < mrap->member_count; i++) {
        struct bucket_info bucket;
        struct member *member = &out->at[out->count++];
        *member = (struct member){ .region = region_at(mrap->members[i].region)->code,
                                   .name = str_copy(run->arena, mrap->members[i].bucket) };
        if (store_bucket_get(run->lane->reader, run->arena, member->name, &bucket) == STORE_OK)
            member->bucket = bucket.id;
    }
}

bool members_of_mrap(struct run *run, str target, struct members *out)
{
    str place;
    *out = (struct members){ .count = 0 };
    (void) str_cut(target, '/', &place, &out->key);
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    const struct mrap *mrap = mrap_by_name(list, run->world->settings->account, place);
    fill(run, mrap, out);
    mraps_release(list);
    return mrap != NULL;
}

static bool has_member(const struct mrap *mrap, str bucket)
{
    for (size_t i = 0; i < mrap->member_count; i++)
        if (str_eq(mrap->members[i].bucket, bucket))
            return true;
    return false;
}

bool members_of(struct run *run, str target, struct members *out)
{
    const struct mrap *found = NULL;
    str place;
    if (members_of_mrap(run, target, out))
        return true;
    (void) str_cut(target, '/', &place, &out->key);
    const struct mrap_list *list = mraps_acquire(run->world->mraps);
    for (size_t i = 0; found == NULL && i < mrap_list_count(list); i++)
        if (has_member(mrap_list_at(list, i), place))
            found = mrap_list_at(list, i);
    fill(run, found, out);
    mraps_release(list);
    return found != NULL;
}
