/* From a key that differs to one sentence for each Region that lacks it; see why.h. */
#include "scenario/why.h"

#include "replication/links.h"
#include "replication/rules.h"
#include "scenario/members.h"
#include "server/regions.h"
#include "storage/queue.h"

struct absence { /* a version that one member has and another has not */
    struct run *run;
    const struct member *from, *to;
    str key;
    struct version_info version;
};

/* --- a copy that is on its way, or was --- */

static str on_the_wire(const struct absence *a)
{
    struct run *run = a->run;
    region_id from = region_find(a->from->region), to = region_find(a->to->region);
    region_set down = ~regions_up(run->world->regions, run_now(run));
    if (region_set_has(down, from))
        return str_format(run->arena, "%.*s is down", STR_ARG(a->from->region));
    if (region_set_has(down, to))
        return str_format(run->arena, "%.*s is down", STR_ARG(a->to->region));
    if (!links_reachable(run->world->links, from, to, REGION_SET_NONE, run_now(run)))
        return STR("a partition cuts them off");
    return STR_NONE;
}

static str about_copy(const struct absence *a, const struct queue_row *row)
{
    struct arena *arena = a->run->arena;
    str where = on_the_wire(a);
    str due = duration_told(arena, instant_diff(row->ready_at, run_now(a->run)));
    switch (row->state) {
    case QUEUE_HELD:
        return STR("the copy is held: replication release lets it go");
    case QUEUE_FAILED:
        return str_format(arena, "the copy FAILED (%.*s), and is not tried again by itself",
                          STR_ARG(row->reason));
    case QUEUE_WAITING:
        return str_format(arena, "the copy waits: %.*s",
                          STR_ARG(where.size > 0 ? where : row->reason));
    case QUEUE_PENDING:
    case QUEUE_STATES:
        break;
    }
    return str_format(arena, "the copy is due in %.*s%s%.*s", STR_ARG(due),
                      where.size > 0 ? ", but " : "", STR_ARG(where));
}

static bool find_copy(const struct absence *a, struct queue_row *out)
{
    struct run *run = a->run;
    struct queue_page page;
    struct queue_filter filter = { .any_state = true,
                                   .source_bucket = a->from->bucket,
                                   .destination = a->to->name,
                                   .key_prefix = a->key,
                                   .exact_key = true,
                                   .version_id = a->version.id };
    if (store_queue_list(run->lane->reader, run->arena, &filter, 1, &page) != STORE_OK ||
        page.count == 0)
        return false;
    *out = page.at[0];
    return true;
}

/* --- rules --- */

/* Why this rule did not copy it; STR_NONE: it would now. */
static str about_rule(const struct absence *a, const struct repl_rule *rule)
{
    struct arena *arena = a->run->arena;
    if (rule->status != REPL_ENABLED)
        return STR("the rule there is disabled");
    if (rule->prefix.size > 0 && !str_starts(a->key, rule->prefix))
        return str_format(arena, "the rule there has prefix '%.*s'", STR_ARG(rule->prefix));
    if (rule->tag_count > 0)
        return STR("the rule there is for objects with tags");
    if (a->version.marker && rule->delete_markers != REPL_ENABLED)
        return STR("the rule there copies no delete markers");
    return STR_NONE;
}

static bool read_rules(const struct absence *a, struct repl_config *out)
{
    struct run *run = a->run;
    str packed;
    return store_config_get(run->lane->reader, run->arena, a->from->bucket,
                            STR(CONFIG_REPLICATION_RULES), STR(""), &packed) == STORE_OK &&
           repl_config_unpack(run->arena, packed, out);
}

static str about_rules(const struct absence *a)
{
    struct repl_config config = { .rule_count = 0 };
    str why = STR_NONE;
    if (!read_rules(a, &config))
        return STR("that bucket has no replication rules");
    for (size_t i = 0; i < config.rule_count; i++) {
        const struct repl_rule *rule = &config.rules[i];
        if (!str_eq(rule->destination.bucket, a->to->name))
            continue;
        str one = about_rule(a, rule);
        if (one.size == 0)
            return STR_NONE;
        why = one;
    }
    return why.size > 0 ? why : STR("no rule there names that bucket");
}

/* No copy of it is queued. */
static str about_nothing(const struct absence *a)
{
    struct arena *arena = a->run->arena;
    str rules = about_rules(a);
    if (rules.size > 0)
        return str_format(arena, "no rule copies '%.*s' from %.*s to %.*s (%.*s)", STR_ARG(a->key),
                          STR_ARG(a->from->name), STR_ARG(a->to->name), STR_ARG(rules));
    if (repl_is_replica(a->version.repl_status))
        return str_format(arena, "what %.*s has is a replica, and replicas are not copied again",
                          STR_ARG(a->from->name));
    return str_format(arena,
                      "a rule copies from %.*s to %.*s, but nothing is on its way: it was written "
                      "before the rule, dropped, or deleted there",
                      STR_ARG(a->from->name), STR_ARG(a->to->name));
}

static str about_absence(const struct absence *a)
{
    struct queue_row row;
    if (!find_copy(a, &row))
        return about_nothing(a);
    return str_format(a->run->arena, "%.*s to %.*s: %.*s", STR_ARG(a->from->region),
                      STR_ARG(a->to->region), STR_ARG(about_copy(a, &row)));
}

/* --- who lacks what --- */

static bool is_newer(const struct version_info *a, const struct version_info *b)
{
    return a->stamp_us > b->stamp_us ||
           (a->stamp_us == b->stamp_us && str_cmp(a->origin, b->origin) > 0);
}

/* The newest version that any member shows, and, of its holders, where it was written. */
static bool find_newest(struct run *run, const struct members *members, struct absence *out)
{
    out->from = NULL;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->at[i];
        struct version_info version;
        if (member->bucket == 0 || store_version_get(run->lane->reader, run->arena, member->bucket,
                                                     members->key, STR_NONE, &version) != STORE_OK)
            continue;
        bool better =
            out->from == NULL || is_newer(&version, &out->version) ||
            (str_eq(version.id, out->version.id) && str_eq(version.origin, member->region));
        if (!better)
            continue;
        out->version = version;
        out->from = member;
    }
    return out->from != NULL;
}

str why_it_differs(struct run *run, str target, str lacks)
{
    struct members members;
    struct buf out;
    struct version_info there;
    buf_init_arena(&out, run->arena, 8192);
    if (!members_of(run, target, &members) || members.key.size == 0)
        return STR_NONE;
    struct absence absence = { .run = run, .key = members.key };
    bool some = find_newest(run, &members, &absence);
    for (size_t i = 0; some && i < members.count; i++) {
        absence.to = &members.at[i];
        if (absence.to == absence.from || absence.to->bucket == 0 ||
            (lacks.size > 0 && !str_eq(absence.to->name, lacks)) ||
            store_version_get(run->lane->reader, run->arena, absence.to->bucket, members.key,
                              absence.version.id, &there) == STORE_OK)
            continue;
        buf_addf(&out, "%s%.*s", out.size > 0 ? "; " : "", STR_ARG(about_absence(&absence)));
    }
    store_read_idle(run->lane->reader);
    return buf_str(&out);
}
