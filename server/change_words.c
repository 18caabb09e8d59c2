/* From the present state of a thing to lines; see change_words.h. What no line can say is said by
 * the call of the admin API that makes it so, which a scenario can send too. */
#include "server/change_words.h"

#include "base/json.h"
#include "base/limits.h"
#include "replication/links.h"
#include "replication/rules.h"
#include "server/faults.h"
#include "server/mraps.h"
#include "server/regions.h"
#include "server/s3/replication_xml.h"

struct speaker {
    struct lane *lane;
    struct world *world;
    struct arena *arena;
    instant now;
    str id;
    struct buf *out;
};
typedef void speak_fn(struct speaker *s);

/* --- words --- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("/._-:,=+@*()", c) != NULL);
}

str change_words_quote(struct arena *arena, str text)
{
    struct buf out;
    size_t plain = 0;
    while (plain < text.size && is_plain(text.ptr[plain]))
        plain++;
    if (plain == text.size && plain > 0)
        return text;
    buf_init_arena(&out, arena, 4 * text.size + 3);
    buf_add_char(&out, '"');
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c != '\0' && strchr("\n\t\"\\$", c))
            buf_add_char(&out, '\\');
        buf_add_char(&out, c == '\n' ? 'n' : c == '\t' ? 't' : c);
    }
    buf_add_char(&out, '"');
    return buf_str(&out);
}

static str word(struct speaker *s, str text)
{
    return change_words_quote(s->arena, text);
}

/* " for 2m", or nothing when it has no end. */
static str lasting(struct speaker *s, instant until)
{
    if (until.ns == INSTANT_NEVER.ns)
        return STR_NONE;
    return str_format(s->arena, " for %.*s",
                      STR_ARG(duration_text(s->arena, instant_diff(until, s->now))));
}

/* A change that only the API knows, sent by a scenario. */
static void speak_call(struct speaker *s, str path, str body)
{
    buf_addf(s->out,
             "us-east-1 request PATCH %.*s %.*s header \"Content-Type: application/json\"\n"
             "  expect status 200\n",
             STR_ARG(path), STR_ARG(word(s, body)));
}

/* --- links, partitions --- */

/* "us-east-1 -> eu-west-1", or "*". */
static void speak_link(struct speaker *s)
{
    str from, rest = str_skip(s->id, str_find(s->id, STR(" -> ")));
    (void) str_cut(s->id, ' ', &from, &(str){ 0 });
    region_id a = region_find(from), b = region_find(str_skip(rest, 4));
    struct link own = links_get(s->world->links, s->arena, a, b);
    struct link link = links_effective(s->world->links, s->arena, a, b);
    str pair = a == REGION_NONE ? STR_NONE : str_format(s->arena, "%.*s ", STR_ARG(s->id));
    if (own.has_lag || own.has_bandwidth || own.override_count > 0)
        buf_addf(s->out, "lag %.*s%.*s", STR_ARG(pair),
                 STR_ARG(word(s, lag_text(s->arena, &link.lag))));
    if (own.has_bandwidth && own.bandwidth_bytes_per_s > 0)
        buf_addf(s->out, " bandwidth %lluB", (unsigned long long) own.bandwidth_bytes_per_s);
    else if (own.has_bandwidth)
        buf_add(s->out, STR(" bandwidth unlimited"));
    if (s->out->size > 0)
        buf_add_char(s->out, '\n');
    for (size_t i = 0; i < own.override_count; i++) {
        const struct link_override *override = &own.overrides[i];
        buf_addf(s->out, "lag %.*s%.*s", STR_ARG(pair),
                 STR_ARG(word(s, lag_text(s->arena, &override->lag))));
        if (override->rule.size > 0)
            buf_addf(s->out, " rule %.*s", STR_ARG(word(s, override->rule)));
        if (override->prefix.size > 0)
            buf_addf(s->out, " prefix %.*s", STR_ARG(word(s, override->prefix)));
        buf_add_char(s->out, '\n');
    }
    if (own.held && a == REGION_NONE)
        buf_add(s->out, STR("replication hold\n"));
    else if (own.held)
        buf_addf(s->out, "replication hold %.*s %.*s\n", STR_ARG(region_at(a)->code),
                 STR_ARG(region_at(b)->code));
}

static void speak_partition(struct speaker *s)
{
    struct link_partition partition = links_partition(s->world->links);
    if (partition.count == 0 || !instant_before(s->now, partition.until))
        return;
    buf_addf(s->out, "partition %.*s%s%.*s\n",
             STR_ARG(links_groups_text(s->arena, partition.groups, partition.count)),
             partition.one_way ? " one-way" : "", STR_ARG(lasting(s, partition.until)));
}

/* --- Regions --- */

static void speak_outage(struct speaker *s)
{
    region_id region = region_find(s->id);
    instant ends[REGION_PLANES];
    for (unsigned i = 0; i < REGION_PLANES; i++)
        ends[i] = regions_back_at(s->world->regions, (enum region_plane) i, region, s->now);
    bool same = ends[REGION_DATA_PLANE].ns == ends[REGION_CONTROL_PLANE].ns;
    for (unsigned i = 0; i < REGION_PLANES; i++) {
        if (!instant_before(s->now, ends[i]) || (same && i > 0))
            continue;
        buf_addf(s->out, "outage %.*s on", STR_ARG(s->id));
        if (!same)
            buf_addf(s->out, " plane %.*s", STR_ARG(region_plane_name((enum region_plane) i)));
        buf_addf(s->out, "%.*s\n", STR_ARG(lasting(s, ends[i])));
    }
}

static void speak_skew(struct speaker *s)
{
    duration skew = regions_skew(s->world->regions, s->id);
    if (skew.ns != 0)
        buf_addf(s->out, "skew %.*s %.*s\n", STR_ARG(s->id),
                 STR_ARG(duration_text(s->arena, skew)));
}

static void speak_enabled(struct speaker *s)
{
    region_id region = region_find(s->id);
    bool enabled = region_set_has(regions_enabled(s->world->regions), region);
    if (enabled != region_set_has(regions_default(s->world->regions), region))
        buf_addf(s->out, "region %.*s %s\n", STR_ARG(s->id), enabled ? "enable" : "disable");
}

/* --- routes --- */

/* "account/name" */
static const struct mrap *find_mrap(struct speaker *s, const struct mrap_list *list)
{
    str account, name;
    (void) str_cut(s->id, '/', &account, &name);
    return mrap_by_name(list, account, name);
}

static void speak_routes(struct speaker *s)
{
    const struct mrap_list *list = mraps_acquire(s->world->mraps);
    const struct mrap *mrap = find_mrap(s, list);
    if (mrap) {
        buf_addf(s->out, "route %.*s", STR_ARG(mrap->name));
        for (size_t i = 0; i < mrap->member_count; i++)
            buf_addf(s->out, " %.*s %u", STR_ARG(region_at(mrap->members[i].region)->code),
                     mrap->members[i].dial);
        buf_addf(s->out, "%s\n", instant_before(s->now, mrap->routes_effective_at) ? "" : " now");
        speak_call(s, str_format(s->arena, "/_atoll/v1/mraps/%.*s", STR_ARG(mrap->name)),
                   mrap_routing_text(s->arena, &mrap->routing));
    }
    mraps_release(list);
}

/* --- faults --- */

static void speak_member(struct speaker *s, const struct json *member)
{
    if (str_is(member->name, "hits") || str_is(member->name, "matched"))
        return;
    buf_addf(s->out, " %.*s", STR_ARG(member->name));
    if (member->kind == JSON_NUMBER)
        buf_addf(s->out, " %.17g", member->number);
    else if (member->kind == JSON_STRING)
        buf_addf(s->out, " %.*s", STR_ARG(word(s, member->string)));
    else {
        struct buf steps;
        buf_init_arena(&steps, s->arena, LIMIT_JSON_BYTES);
        for (const struct json *step = member->child; step; step = step->next)
            buf_addf(&steps, "%s%.*s", steps.size ? "," : "", STR_ARG(step->string));
        buf_addf(s->out, " %.*s", STR_ARG(word(s, buf_str(&steps))));
    }
}

static void speak_fault(struct speaker *s)
{
    struct buf text;
    struct json_writer writer;
    struct json_error error;
    buf_init_arena(&text, s->arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &text);
    if (!faults_show(s->world->faults, s->id, &writer))
        return;
    const struct json *rule = json_parse(s->arena, buf_str(&text), &error);
    const struct json *match = json_member(rule, "match");
    buf_addf(s->out, "fault add name %.*s", STR_ARG(word(s, s->id)));
    for (const struct json *at = match ? match->child : NULL; at; at = at->next)
        speak_member(s, at);
    for (const struct json *at = rule ? rule->child : NULL; at; at = at->next)
        if (at != match && !str_is(at->name, "name"))
            speak_member(s, at);
    buf_add_char(s->out, '\n');
}

/* --- buckets --- */

static bool find_bucket(struct speaker *s, struct bucket_info *bucket)
{
    store_read_begin(s->lane->reader);
    return store_bucket_get(s->lane->reader, s->arena, s->id, bucket) == STORE_OK;
}

static void speak_versioning(struct speaker *s)
{
    struct bucket_info bucket;
    if (find_bucket(s, &bucket) && bucket.versioning != VERSIONING_UNSET)
        buf_addf(s->out, "versioning %.*s %s\n", STR_ARG(s->id),
                 bucket.versioning == VERSIONING_ENABLED ? "enabled" : "suspended");
}

/* A rule that `replicate` makes: the same bytes but for its ID. */
static bool is_simple(struct speaker *s, const struct repl_config *config, size_t index)
{
    struct repl_rule rule = config->rules[index];
    const struct repl_destination *to = &rule.destination;
    struct repl_rule plain = { .id = rule.id,
                               .has_priority = true,
                               .priority = (int64_t) index + 1,
                               .filter = rule.prefix.size ? REPL_FILTER_PREFIX : REPL_FILTER_EMPTY,
                               .prefix = rule.prefix,
                               .status = rule.status,
                               .delete_markers = rule.delete_markers,
                               .destination = { .present = true,
                                                .bucket_arn = to->bucket_arn,
                                                .bucket = to->bucket,
                                                .region = to->region } };
    struct repl_config one = *config, other = *config;
    one.rules = &rule;
    other.rules = &plain;
    one.rule_count = other.rule_count = 1;
    return str_eq(repl_config_pack(s->arena, &one), repl_config_pack(s->arena, &other));
}

static void speak_rules(struct speaker *s)
{
    struct bucket_info bucket;
    struct repl_config config = { .rule_count = 0 };
    struct buf document;
    str packed;
    bool simple = true;
    if (!find_bucket(s, &bucket) ||
        store_config_get(s->lane->reader, s->arena, bucket.id, STR(CONFIG_REPLICATION_RULES),
                         STR(""), &packed) != STORE_OK ||
        !repl_config_unpack(s->arena, packed, &config))
        return;
    for (size_t i = 0; i < config.rule_count; i++)
        simple = simple && is_simple(s, &config, i);
    for (size_t i = 0; simple && i < config.rule_count; i++) {
        const struct repl_rule *rule = &config.rules[i];
        buf_addf(s->out, "replicate %.*s -> %.*s", STR_ARG(s->id),
                 STR_ARG(rule->destination.bucket));
        if (rule->prefix.size > 0)
            buf_addf(s->out, " prefix %.*s", STR_ARG(word(s, rule->prefix)));
        buf_addf(s->out, "%s%s\n", rule->delete_markers == REPL_ENABLED ? "" : " no-delete-markers",
                 rule->status == REPL_ENABLED ? "" : " disabled");
    }
    if (simple)
        return;
    buf_init_arena(&document, s->arena, LIMIT_XML_BYTES);
    replication_xml_write(&document, &config);
    buf_addf(s->out,
             "%.*s request PUT /%.*s?replication host=s3.%.*s.amazonaws.com %.*s\n"
             "  expect status 200\n",
             STR_ARG(bucket.region), STR_ARG(s->id), STR_ARG(bucket.region),
             STR_ARG(word(s, buf_str(&document))));
}

/* --- from one state to the next --- */

typedef void step_fn(struct speaker *s, str was, str is);

static bool has_line(str text, str line)
{
    str one;
    while (text.size > 0 && str_next(&text, '\n', &one))
        if (str_eq(one, line))
            return true;
    return false;
}

/* The new lines; an indented line belongs to the one above it. */
static void step_new_lines(struct speaker *s, str was, str is)
{
    str line;
    bool fresh = false;
    while (is.size > 0 && str_next(&is, '\n', &line)) {
        if (!str_starts(line, STR(" ")))
            fresh = !has_line(was, line);
        if (fresh)
            buf_addf(s->out, "%.*s\n", STR_ARG(line));
    }
}

/* An access point that was made or is gone is none whose routes changed. */
static void step_routes(struct speaker *s, str was, str is)
{
    if (was.size > 0)
        step_new_lines(s, was, is);
}

static void step_whole(struct speaker *s, str was, str is)
{
    (void) was;
    buf_add(s->out, is);
}

static void step_partition(struct speaker *s, str was, str is)
{
    (void) was;
    buf_add(s->out, is.size > 0 ? is : STR("heal\n"));
}

static void step_skew(struct speaker *s, str was, str is)
{
    (void) was;
    buf_add(s->out, is);
    if (is.size == 0)
        buf_addf(s->out, "skew %.*s 0s\n", STR_ARG(s->id));
}

static void step_fault(struct speaker *s, str was, str is)
{
    (void) was;
    buf_add(s->out, is);
    if (is.size == 0)
        buf_addf(s->out, "fault rm %.*s\n", STR_ARG(word(s, s->id)));
}

static void step_enabled(struct speaker *s, str was, str is)
{
    (void) was;
    buf_add(s->out, is);
    bool enabled = region_set_has(regions_default(s->world->regions), region_find(s->id));
    if (is.size == 0)
        buf_addf(s->out, "region %.*s %s\n", STR_ARG(s->id), enabled ? "enable" : "disable");
}

/* What is down no more, then what is down now. */
static void step_outage(struct speaker *s, str was, str is)
{
    static const str planes[] = { { "plane data", 10 }, { "plane control", 13 } };
    for (size_t i = 0; i < COUNT(planes) && is.size > 0; i++) {
        bool other_alone =
            str_find(is, planes[1 - i]) < is.size && str_find(is, planes[i]) == is.size;
        if (was.size > 0 && other_alone && str_find(was, planes[1 - i]) == was.size)
            buf_addf(s->out, "outage %.*s off %.*s\n", STR_ARG(s->id), STR_ARG(planes[i]));
    }
    if (is.size == 0)
        buf_addf(s->out, "outage %.*s off\n", STR_ARG(s->id));
    step_new_lines(s, was, is);
}

/* A lag of the whole link takes those of its rules back, so that all are said again. */
static void step_link(struct speaker *s, str was, str is)
{
    static const str hold = { "replication hold", 16 };
    size_t was_held = str_find(was, hold), is_held = str_find(is, hold);
    str pair = str_skip(was, was_held + hold.size);
    if (!str_eq(str_first(was, was_held), str_first(is, is_held)))
        buf_add(s->out, str_first(is, is_held));
    if (was_held < was.size && is_held == is.size)
        buf_addf(s->out, "replication release%.*s", STR_ARG(pair));
    else if (was_held == was.size)
        buf_add(s->out, str_skip(is, is_held));
}

/* "replicate a -> b prefix p disabled" without its last word. */
static str without_switch(str line)
{
    static const str off = { " disabled", 9 };
    return str_ends(line, off) ? str_first(line, line.size - off.size) : line;
}

/* True when rules were only switched on or off, or added: so it is said. */
static bool step_switches(struct speaker *s, str was, str is)
{
    str old, new, rest = is;
    struct buf out;
    buf_init_arena(&out, s->arena, LIMIT_XML_BYTES);
    while (was.size > 0 && str_next(&was, '\n', &old)) {
        if (rest.size == 0 || !str_next(&rest, '\n', &new) || !str_starts(old, STR("replicate ")) ||
            !str_eq(without_switch(old), without_switch(new)))
            return false;
        str source, arrow, to, tail;
        (void) str_cut(str_skip(old, strlen("replicate ")), ' ', &source, &tail);
        (void) str_cut(tail, ' ', &arrow, &tail);
        (void) str_cut(tail, ' ', &to, &tail);
        if (!str_eq(old, new))
            buf_addf(&out, "rule %.*s -> %.*s %s\n", STR_ARG(source), STR_ARG(to),
                     str_ends(new, STR(" disabled")) ? "disable" : "enable");
    }
    if (rest.size > 0 && !str_starts(rest, STR("replicate ")))
        return false;
    buf_add(s->out, buf_str(&out));
    buf_add(s->out, rest);
    return true;
}

static void step_rules(struct speaker *s, str was, str is)
{
    struct bucket_info bucket;
    if (step_switches(s, was, is) || !find_bucket(s, &bucket))
        return;
    if (was.size > 0)
        buf_addf(s->out,
                 "%.*s request DELETE /%.*s?replication host=s3.%.*s.amazonaws.com\n"
                 "  expect status 204\n",
                 STR_ARG(bucket.region), STR_ARG(s->id), STR_ARG(bucket.region));
    buf_add(s->out, is);
}

/* --- the table --- */

// clang-format off
static const struct thing {
    const char *kind, *name;
    speak_fn *speak;
    step_fn *step;
} things[] = {
    { LINK_DOC_KIND, "link", speak_link, step_link },
    { PARTITION_DOC_KIND, "partition", speak_partition, step_partition },
    { "outage", "outage", speak_outage, step_outage },
    { "control-outage", "outage", speak_outage, step_outage },
    { "skew", "skew", speak_skew, step_skew },
    { "region-enabled", "region-enabled", speak_enabled, step_enabled },
    { "mrap", "routes", speak_routes, step_routes },
    { "fault", "fault", speak_fault, step_fault },
    { CONFIG_REPLICATION_RULES, "rules", speak_rules, step_rules },
    { CHANGE_VERSIONING, "versioning", speak_versioning, step_whole },
};
// clang-format on

static const struct thing *find_thing(const struct store_doc *doc)
{
    for (size_t i = 0; i < COUNT(things); i++)
        if (str_is(doc->kind, things[i].kind))
            return &things[i];
    return NULL;
}

str change_words_thing(struct arena *arena, const struct store_doc *doc)
{
    const struct thing *thing = find_thing(doc);
    return thing ? str_format(arena, "%s %.*s", thing->name, STR_ARG(doc->id)) : STR_NONE;
}

static struct speaker speaker_new(struct lane *lane, struct arena *arena,
                                  const struct store_doc *doc, struct buf *out)
{
    buf_init_arena(out, arena, LIMIT_ANSWER_BYTES);
    return (
        struct speaker){ lane, lane->world, arena, clock_now(lane->world->clock), doc->id, out };
}

str change_words_say(struct lane *lane, struct arena *arena, instant now,
                     const struct store_doc *doc)
{
    struct buf out;
    const struct thing *thing = find_thing(doc);
    struct speaker speaker = speaker_new(lane, arena, doc, &out);
    speaker.now = now;
    if (thing)
        thing->speak(&speaker);
    return buf_str(&out);
}

str change_words_step(struct lane *lane, struct arena *arena, const struct store_doc *doc, str was,
                      str is)
{
    struct buf out;
    const struct thing *thing = find_thing(doc);
    struct speaker speaker = speaker_new(lane, arena, doc, &out);
    if (thing)
        thing->step(&speaker, was, is);
    return buf_str(&out);
}
