/* The choice of a Region: put the members in order of nearness, say who is out and why, then pick
 * by nearness or by weight. */
#include "base/bug.h"
#include "routing/route.h"

static bool nearer(const struct route_table *table, const struct route_candidate *a,
                   const struct route_candidate *b)
{
    if (table->proximity == PROXIMITY_DECLARED)
        return a->member < b->member;
    double a_far = table->proximity == PROXIMITY_DISTANCE ? a->km : a->rtt_ms;
    double b_far = table->proximity == PROXIMITY_DISTANCE ? b->km : b->rtt_ms;

    /* Not by a difference: the order must be total for equal figures too. */
    if (a_far < b_far || a_far > b_far)
        return a_far < b_far;
    /* Region ids are in the order of the codes. */
    return table->members[a->member].region < table->members[b->member].region;
}

static struct route_candidate candidate_of(const struct route_table *table, size_t member,
                                           const struct place *client, region_set reachable)
{
    const struct route_member *m = &table->members[member];
    struct place_path path = place_path_to(client, m->region);
    struct route_candidate candidate = {
        .member = member,
        .rtt_ms = path.rtt_ms,
        .km = path.km,
        .dial = m->dial,
        .reachable = region_set_has(reachable, m->region),
    };

    if (m->dial == 0)
        candidate.skip = SKIP_PASSIVE;
    else if (!candidate.reachable)
        candidate.skip = SKIP_DOWN;
    return candidate;
}

/* An insertion sort: at most 17, usually two or three. */
static void list_candidates(const struct route_table *table, const struct place *client,
                            region_set reachable, struct route_choice *out)
{
    BUG_UNLESS(table->count <= LIMIT_REGIONS_PER_MRAP);
    for (size_t member = 0; member < table->count; member++) {
        struct route_candidate candidate = candidate_of(table, member, client, reachable);
        size_t at = member;
        while (at > 0 && nearer(table, &candidate, &out->candidates[at - 1])) {
            out->candidates[at] = out->candidates[at - 1];
            at--;
        }
        out->candidates[at] = candidate;
    }
    out->candidate_count = table->count;
}

/* The nth (from 0) candidate that can be chosen, or NULL. */
static const struct route_candidate *usable(const struct route_choice *choice, size_t nth)
{
    for (size_t i = 0; i < choice->candidate_count; i++)
        if (choice->candidates[i].skip == SKIP_NOT && nth-- == 0)
            return &choice->candidates[i];
    return NULL;
}

/* The usable candidates share [0, 1) in proportion to their dials, nearest first. */
static const struct route_candidate *by_weight(const struct route_choice *choice, double draw)
{
    const struct route_candidate *chosen = NULL;
    double total = 0;
    double below = 0;

    for (size_t i = 0; i < choice->candidate_count; i++)
        if (choice->candidates[i].skip == SKIP_NOT)
            total += choice->candidates[i].dial;
    for (size_t i = 0; i < choice->candidate_count; i++) {
        if (choice->candidates[i].skip != SKIP_NOT)
            continue;
        chosen = &choice->candidates[i];
        below += chosen->dial;
        if (draw * total < below)
            break;
    }
    return chosen;
}

static size_t active_count(const struct route_table *table)
{
    size_t active = 0;
    for (size_t i = 0; i < table->count; i++)
        active += table->members[i].dial > 0;
    return active;
}

static const struct route_candidate *nearest_active(const struct route_choice *choice)
{
    for (size_t i = 0; i < choice->candidate_count; i++)
        if (choice->candidates[i].dial > 0)
            return &choice->candidates[i];
    return NULL;
}

static const struct route_candidate *nearest_reachable(const struct route_choice *choice)
{
    for (size_t i = 0; i < choice->candidate_count; i++)
        if (choice->candidates[i].reachable)
            return &choice->candidates[i];
    return NULL;
}

/* Nobody who may serve does. */
static const struct route_candidate *last_resort(const struct route_table *table,
                                                 const struct route_choice *choice,
                                                 enum route_reason *reason)
{
    const struct route_candidate *passive = table->promotes ? nearest_reachable(choice) : NULL;
    *reason = passive ? ROUTE_PROMOTED : ROUTE_NONE_REACHABLE;
    return passive;
}

static const struct route_candidate *decide(const struct route_table *table,
                                            struct route_draws draws,
                                            const struct route_choice *choice,
                                            enum route_reason *reason)
{
    const struct route_candidate *first = usable(choice, 0);
    const struct route_candidate *second = usable(choice, 1);

    if (first == NULL)
        return last_resort(table, choice, reason);
    if (active_count(table) == 1) {
        *reason = ROUTE_ONLY_ACTIVE;
        return first;
    }
    if (route_is_weighted(table->members, table->count)) {
        *reason = ROUTE_WEIGHTED;
        return by_weight(choice, draws.weighted);
    }
    if (second != NULL && draws.flap < table->flap) {
        *reason = ROUTE_FLAPPED;
        return second;
    }
    *reason = first == nearest_active(choice) ? ROUTE_NEAREST_ACTIVE : ROUTE_REGION_DOWN;
    return first;
}

void route_pick(const struct route_table *table, const struct place *client, region_set reachable,
                struct route_draws draws, struct route_choice *out)
{
    list_candidates(table, client, reachable, out);
    const struct route_candidate *chosen = decide(table, draws, out, &out->reason);
    out->member = chosen != NULL ? chosen->member : SIZE_MAX;
    out->rtt_ms = chosen != NULL ? chosen->rtt_ms : 0;
}

bool route_is_weighted(const struct route_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].dial > 0 && members[i].dial < 100)
            return true;
    return false;
}

str route_reason_name(enum route_reason reason)
{
    switch (reason) {
    case ROUTE_NEAREST_ACTIVE:
        return STR("nearest-active");
    case ROUTE_ONLY_ACTIVE:
        return STR("only-active");
    case ROUTE_WEIGHTED:
        return STR("weighted");
    case ROUTE_FLAPPED:
        return STR("flapped");
    case ROUTE_REGION_DOWN:
        return STR("region-down-next-nearest");
    case ROUTE_PROMOTED:
        return STR("passive-promoted");
    case ROUTE_NONE_REACHABLE:
        return STR("none-reachable");
    case ROUTE_UPLOAD_AFFINITY:
        return STR("upload-affinity");
    case ROUTE_CONNECTION_AFFINITY:
        return STR("connection-affinity");
    case ROUTE_OLD_ROUTE:
        return STR("old-route-still-effective");
    case ROUTE_DIRECT_BUCKET:
        return STR("direct-bucket");
    case ROUTE_ALIAS_AS_BUCKET:
        return STR("alias-as-bucket");
    case ROUTE_REASONS:
        break;
    }
    BUG("no such reason");
}

str route_skip_name(enum route_skip skip)
{
    switch (skip) {
    case SKIP_NOT:
        return STR("");
    case SKIP_PASSIVE:
        return STR("passive");
    case SKIP_DOWN:
        return STR("down");
    }
    BUG("no such skip");
}

void route_format_over(const struct route_table *table, const struct route_choice *choice,
                       struct buf *out)
{
    const char *comma = "";

    for (size_t i = 0; i < choice->candidate_count; i++) {
        const struct route_candidate *candidate = &choice->candidates[i];
        if (candidate->member == choice->member)
            continue;
        buf_add(out, str_of(comma));
        buf_add(out, region_at(table->members[candidate->member].region)->code);
        buf_add_char(out, ':');
        if (candidate->skip == SKIP_NOT)
            buf_addf(out, "%.0fms", candidate->rtt_ms);
        else
            buf_add(out, route_skip_name(candidate->skip));
        comma = ",";
    }
}
