/* Access points: new ones, and the routes and the routing of those that are there. Their buckets
 * and aliases never change, as on AWS, and none is deleted. */
#include "server/config_changing.h"
#include "server/mraps.h"

static const struct mrap *find_mrap(const struct config_changing *changing,
                                    const struct mrap_list *list,
                                    const struct config_mrap *declared)
{
    const struct config_making *making = &changing->making;
    return mrap_by_name(list, config_making_account(making, declared->account), declared->name);
}

/* SIZE_MAX: it is no member. */
static size_t member_of(const struct config_mrap *declared, str bucket)
{
    for (size_t i = 0; i < declared->bucket_count; i++)
        if (str_eq(declared->buckets[i], bucket))
            return i;
    return SIZE_MAX;
}

/* --- judging --- */

static void refuse(struct config_changing *changing, const struct config_mrap *declared,
                   const char *member, str message)
{
    config_problems_add(
        changing->problems, declared->at,
        str_format(changing->making.arena, "mraps.%.*s.%s", STR_ARG(declared->name), member),
        "%.*s", STR_ARG(message));
}

static void judge_there(struct config_changing *changing, const struct config_mrap *declared,
                        const struct mrap *there)
{
    bool same = there->member_count == declared->bucket_count;
    for (size_t i = 0; i < there->member_count && same; i++)
        same = member_of(declared, there->members[i].bucket) != SIZE_MAX;
    if (!same)
        refuse(changing, declared, "buckets",
               STR("the buckets of an access point cannot change once it is made, as on AWS: "
                   "delete it first, or take another name"));
    if (declared->alias.size > 0 && !str_eq(declared->alias, there->alias))
        refuse(changing, declared, "alias",
               str_format(changing->making.arena,
                          "the access point has the alias %.*s for good: leave it out",
                          STR_ARG(there->alias)));
    if (there->status == MRAP_DELETING)
        refuse(changing, declared, "buckets",
               STR("the access point is being deleted: wait until it is gone"));
}

void config_change_mraps_judge(struct config_changing *changing)
{
    const struct config_making *making = &changing->making;
    const struct mrap_list *list = mraps_acquire(making->world->mraps);
    for (size_t i = 0; i < making->config->document.mrap_count; i++) {
        const struct config_mrap *declared = &making->config->document.mraps[i];
        const struct mrap *there = find_mrap(changing, list, declared);
        const struct mrap *other = mrap_by_alias(list, declared->alias);
        if (there)
            judge_there(changing, declared, there);
        else if (declared->alias.size > 0 && other)
            refuse(changing, declared, "alias",
                   str_format(making->arena, "access point '%.*s' has the alias %.*s already",
                              STR_ARG(other->name), STR_ARG(declared->alias)));
    }
    mraps_release(list);
}

/* --- changing --- */

/* *after begins as what is there; what is new in it has its name noted. At once for every client:
 * the world is as the document says when the answer is out. */
static bool differs(struct config_changing *changing, const struct config_mrap *declared,
                    const struct mrap *there, struct mrap *after)
{
    struct config_making *making = &changing->making;
    bool routes = false;
    after->routing = config_mrap_routing(making->arena, declared, making->config->settings.preset);
    bool routing = !str_eq(mrap_routing_text(making->arena, &there->routing),
                           mrap_routing_text(making->arena, &after->routing));
    for (size_t i = 0; i < there->member_count; i++) {
        unsigned dial = declared->dials[member_of(declared, there->members[i].bucket)];
        routes = routes || dial != there->members[i].dial;
        after->members[i].dial = dial;
    }
    if (routes)
        mrap_routes_change(after, there, clock_now(making->world->clock), true);
    if (routes)
        config_change_note(changing, &changing->out->changed, "mraps.%.*s.routes",
                           STR_ARG(declared->name));
    if (routing)
        config_change_note(changing, &changing->out->changed, "mraps.%.*s.routing",
                           STR_ARG(declared->name));
    return routes || routing;
}

static bool change_mrap(struct config_changing *changing, const struct mrap_list *list,
                        const struct config_mrap *declared)
{
    struct config_making *making = &changing->making;
    const struct mrap *there = find_mrap(changing, list, declared);
    if (there == NULL) {
        config_change_note(changing, &changing->out->changed, "mraps.%.*s",
                           STR_ARG(declared->name));
        if (!config_making_mrap(making, list, declared))
            return false;
        mraps_reload(making->world->mraps, making->lane->reader);
        return true;
    }
    struct mrap after = *there;
    if (!differs(changing, declared, there, &after))
        return true;
    struct store_doc doc = mrap_change_doc(making->arena, there, &after);
    struct changes_pending said = config_change_before(changing, &doc, 1);
    if (!config_making_commit(making, "access point", &doc, 1))
        return false;
    mraps_reload(making->world->mraps, making->lane->reader);
    changes_after(&said);
    return true;
}

static bool is_declared(const struct config_changing *changing, const struct config_mrap *mrap)
{
    const struct config_making *making = &changing->making;
    str account = config_making_account(making, mrap->account);
    for (size_t i = 0; i < making->config->document.mrap_count; i++) {
        const struct config_mrap *other = &making->config->document.mraps[i];
        if (str_eq(other->name, mrap->name) &&
            str_eq(config_making_account(making, other->account), account))
            return true;
    }
    return false;
}

static void note_kept(struct config_changing *changing, const struct mrap_list *list)
{
    const struct config_document *old = &changing->old->document;
    for (size_t i = 0; i < old->mrap_count; i++)
        if (!is_declared(changing, &old->mraps[i]) && find_mrap(changing, list, &old->mraps[i]))
            config_change_note(changing, &changing->out->kept, "mraps.%.*s",
                               STR_ARG(old->mraps[i].name));
}

bool config_change_mraps_apply(struct config_changing *changing)
{
    struct config_making *making = &changing->making;
    bool sound = true;
    for (size_t i = 0; sound && i < making->config->document.mrap_count; i++) {
        const struct mrap_list *list = mraps_acquire(making->world->mraps);
        sound = change_mrap(changing, list, &making->config->document.mraps[i]);
        mraps_release(list);
    }
    const struct mrap_list *list = mraps_acquire(making->world->mraps);
    note_kept(changing, list);
    mraps_release(list);
    return sound;
}
