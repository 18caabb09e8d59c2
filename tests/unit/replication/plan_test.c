/* Which copies a change causes. The planner is asked directly; the store only gives the seed. */

#include "replication/plan.h"
#include "tests/unit/replication/scene.h"

struct question {
    enum change_kind kind;
    const char *key;
    enum repl_status status;
    const char *tag; /* value of tag "t" */
    const char *storage_class;
    const char *encryption;
    bool lifecycle;
};

static struct store_plan ask_packed(struct scene *s, str packed, const struct question *q)
{
    const struct bucket_info bucket = { .id = 1,
                                        .name = STR("us-data"),
                                        .region = STR("us-east-1") };
    struct version_info version = { .key = str_of(q->key ? q->key : "k"),
                                    .repl_status = q->status,
                                    .lifecycle = q->lifecycle,
                                    .size_bytes = 1000 };
    struct fields fields = { 0 };
    if (q->encryption)
        fields_add(s->arena, &fields, STR(PLAN_FIELD_ENCRYPTION), str_of(q->encryption));
    version.meta.fields = fields_pack(s->arena, &fields);
    version.meta.tags = q->tag ? scene_tags(s, "t", q->tag) : STR_NONE;
    version.meta.storage_class = str_of(q->storage_class);
    const struct store_change change = { .kind = q->kind,
                                         .bucket = &bucket,
                                         .version = &version,
                                         .now = SCENE_START,
                                         .scope = 1,
                                         .ordinal = 4 };
    struct store_plan plan;
    planner_plan(s->planner, s->arena, &change, packed, &plan);
    return plan;
}

static struct store_plan ask(struct scene *s, const struct repl_config *config,
                             const struct question *q)
{
    return ask_packed(s, repl_config_pack(s->arena, config), q);
}

static struct repl_rule rule_to(const char *id, const char *bucket)
{
    struct repl_rule rule = scene_rule(0);
    rule.id = str_of(id);
    rule.destination.bucket = str_of(bucket);
    rule.destination.region = STR("eu-west-1");
    return rule;
}

static struct repl_tag tag_yes[] = { { { "t", 1 }, { "yes", 3 } } };

typedef void shape_fn(struct repl_config *config);
static void plain(struct repl_config *c)
{
    (void) c;
}
static void disabled(struct repl_config *c)
{
    c->rules[0].status = REPL_DISABLED;
}
static void prefixed(struct repl_config *c)
{
    c->rules[0].prefix = STR("img/");
}
static void tagged(struct repl_config *c)
{
    c->rules[0].filter = REPL_FILTER_TAG;
    c->rules[0].tags = tag_yes;
    c->rules[0].tag_count = 1;
}
static void markers_off(struct repl_config *c)
{
    c->rules[0].delete_markers = REPL_DISABLED;
}
static void v1(struct repl_config *c)
{
    c->v2 = false;
    c->rules[0].filter = REPL_FILTER_ABSENT;
    c->rules[0].delete_markers = REPL_ABSENT;
}
static void modifications(struct repl_config *c)
{
    c->rules[0].replica_modifications = REPL_ENABLED;
}
static void kms(struct repl_config *c)
{
    c->rules[0].sse_kms = REPL_ENABLED;
}

TEST(what_matches_a_rule)
{
    static const struct {
        int line;
        shape_fn *shape;
        struct question question;
        size_t copies;
    } rows[] = {
        { __LINE__, plain, { .kind = CHANGED_PUT }, 1 },
        { __LINE__, disabled, { .kind = CHANGED_PUT }, 0 },
        { __LINE__, prefixed, { .kind = CHANGED_PUT, .key = "img/a" }, 1 },
        { __LINE__, prefixed, { .kind = CHANGED_PUT, .key = "im" }, 0 },
        { __LINE__, tagged, { .kind = CHANGED_PUT, .tag = "yes" }, 1 },
        { __LINE__, tagged, { .kind = CHANGED_PUT, .tag = "no" }, 0 },
        { __LINE__, tagged, { .kind = CHANGED_PUT }, 0 },
        /* replicas never chain */
        { __LINE__, plain, { .kind = CHANGED_PUT, .status = REPL_STATUS_REPLICA }, 0 },
        { __LINE__, plain, { .kind = CHANGED_MARKER, .status = REPL_STATUS_REPLICA }, 0 },
        /* delete markers: V2 if asked, V1 always; never lifecycle's, never under a tag filter */
        { __LINE__, plain, { .kind = CHANGED_MARKER }, 1 },
        { __LINE__, markers_off, { .kind = CHANGED_MARKER }, 0 },
        { __LINE__, v1, { .kind = CHANGED_MARKER }, 1 },
        { __LINE__, plain, { .kind = CHANGED_MARKER, .lifecycle = true }, 0 },
        { __LINE__, v1, { .kind = CHANGED_MARKER, .lifecycle = true }, 0 },
        { __LINE__, tagged, { .kind = CHANGED_MARKER, .tag = "yes" }, 0 },
        /* changes follow the object that travelled; back from a replica only if asked */
        { __LINE__, plain, { .kind = CHANGED_META, .status = REPL_STATUS_COMPLETED }, 1 },
        { __LINE__, plain, { .kind = CHANGED_META, .status = REPL_STATUS_PENDING }, 1 },
        { __LINE__, plain, { .kind = CHANGED_META }, 0 },
        { __LINE__, plain, { .kind = CHANGED_META, .status = REPL_STATUS_REPLICA }, 0 },
        { __LINE__, modifications, { .kind = CHANGED_META, .status = REPL_STATUS_REPLICA }, 1 },
        { __LINE__, modifications, { .kind = CHANGED_PUT, .status = REPL_STATUS_REPLICA }, 0 },
        /* archives stay, KMS needs its selector */
        { __LINE__, plain, { .kind = CHANGED_PUT, .storage_class = "GLACIER" }, 0 },
        { __LINE__, plain, { .kind = CHANGED_PUT, .storage_class = "DEEP_ARCHIVE" }, 0 },
        { __LINE__, plain, { .kind = CHANGED_PUT, .storage_class = "GLACIER_IR" }, 1 },
        { __LINE__, plain, { .kind = CHANGED_PUT, .encryption = "AES256" }, 1 },
        { __LINE__, plain, { .kind = CHANGED_PUT, .encryption = "aws:kms" }, 0 },
        { __LINE__, plain, { .kind = CHANGED_PUT, .encryption = "aws:kms:dsse" }, 0 },
        { __LINE__, kms, { .kind = CHANGED_PUT, .encryption = "aws:kms" }, 1 },
        { __LINE__, kms, { .kind = CHANGED_PUT }, 1 },
    };
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct repl_rule rule = rule_to("r", "eu-data");
        struct repl_config config = { .v2 = true, .rules = &rule, .rule_count = 1 };
        rows[i].shape(&config);
        struct store_plan plan = ask(s, &config, &rows[i].question);
        if (plan.count != rows[i].copies)
            fail_msg("line %d: %zu copies", rows[i].line, plan.count);
    }
    scene_close(s);
}

TEST(each_destination_gets_one_copy_by_its_highest_priority)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    struct repl_rule rules[] = { rule_to("low", "eu-data"), rule_to("high", "eu-data"),
                                 rule_to("other", "ap-data") };
    rules[0].priority = 1;
    rules[1].priority = 9;
    rules[2].priority = 5;
    rules[1].destination.storage_class = STR("STANDARD_IA");
    struct repl_config config = { .v2 = true, .rules = rules, .rule_count = 3 };
    const struct question put = { .kind = CHANGED_PUT, .key = "k" };
    struct store_plan plan = ask(s, &config, &put);
    assert_int_equal(plan.count, 2);
    assert_str(plan.rows[0].rule, "high");
    assert_str(plan.rows[0].destination, "eu-data");
    assert_str(plan.rows[0].from_region, "us-east-1");
    assert_str(plan.rows[0].to_region, "eu-west-1");
    assert_str(plan.rows[1].rule, "other");
    struct fields options;
    assert_true(fields_unpack(s->arena, plan.rows[0].options, &options));
    assert_str(fields_get(&options, PLAN_OPTION_STORAGE_CLASS), "STANDARD_IA");
    assert_int_equal(plan.rows[1].options.size, 0);

    rules[1].prefix = STR("img/"); /* the high one does not match: the low one counts */
    plan = ask(s, &config, &put);
    assert_int_equal(plan.count, 2);
    assert_str(plan.rows[1].rule, "low");
    config.v2 = false; /* no priorities: the first of the text */
    rules[1].prefix = STR_NONE;
    plan = ask(s, &config, &put);
    assert_str(plan.rows[0].rule, "low");
    scene_close(s);
}

TEST(what_is_no_packed_configuration_replicates_nothing)
{
    struct scene *s = scene_open(7, CLOCK_MANUAL);
    const struct question put = { .kind = CHANGED_PUT };
    assert_int_equal(ask_packed(s, STR("nonsense"), &put).count, 0);
    assert_int_equal(ask_packed(s, STR(""), &put).count, 0);
    scene_close(s);
}

TEST(a_draw_depends_on_the_seed_and_the_destination_but_on_nothing_else)
{
    int64_t due[2][2];
    for (int round = 0; round < 2; round++) {
        struct scene *s = scene_open(7, CLOCK_MANUAL);
        scene_lag(s, "uniform(0s,1h)");
        struct repl_rule rules[] = { rule_to("a", "eu-data"), rule_to("b", "ap-data") };
        rules[1].priority = 1;
        struct repl_config config = { .v2 = true, .rules = rules, .rule_count = 2 };
        for (int i = 0; i < round * 100; i++) /* other rules fill the cache meanwhile */
            (void) ask_packed(s, str_format(s->arena, "%d", i),
                              &(struct question){ .kind = CHANGED_PUT });
        struct store_plan plan = ask(s, &config, &(struct question){ .kind = CHANGED_PUT });
        assert_int_equal(plan.count, 2);
        due[round][0] = plan.rows[0].ready_at.ns;
        due[round][1] = plan.rows[1].ready_at.ns;
        scene_close(s);
    }
    assert_int_equal(due[0][0], due[1][0]);
    assert_int_equal(due[0][1], due[1][1]);
    assert_int_not_equal(due[0][0], due[0][1]);
}
