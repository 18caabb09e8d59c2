/* Links: what a pair says, what it takes from "*" and the preset, partitions, documents. */
#include "replication/links.h"

#include "tests/unit/test.h"

static const double half[LAG_DRAWS] = { 0.5, 0.5, 0.5, 0.5, 0.5 };

struct scene {
    struct arena *arena;
    struct links *links;
    region_id us, eu, ap;
};

static struct scene scene_open(void)
{
    struct lag preset;
    assert_true(links_preset(STR("default"), &preset));
    return (struct scene){ arena_new(), links_new(&preset), region_find(STR("us-east-1")),
                           region_find(STR("eu-west-1")), region_find(STR("ap-southeast-1")) };
}

static void scene_close(struct scene *s)
{
    links_close(s->links);
    arena_free(s->arena);
}

static struct lag lag_of(const char *text)
{
    struct arena *arena = arena_new();
    struct lag lag;
    str error;
    assert_true(lag_parse(arena, str_of(text), &lag, &error));
    arena_free(arena);
    return lag;
}

static void set(struct scene *s, region_id from, region_id to, struct link link)
{
    struct store_doc doc = link_doc(s->arena, from, to, &link);
    links_apply(s->links, &doc, 1);
}

static int64_t lag_ms(struct scene *s, struct link_copy copy)
{
    return links_lag(s->links, &copy, half).ns / 1000000;
}

TEST(a_pair_takes_what_it_does_not_say_from_the_star_and_that_from_the_preset)
{
    struct scene s = scene_open();
    const struct link_copy copy = { s.us, s.eu, STR("r"), STR("k"), 10000 };
    assert_int_equal(lag_ms(&s, copy), 3000);
    set(&s, REGION_NONE, REGION_NONE, (struct link){ .has_lag = true, .lag = lag_of("5s") });
    assert_int_equal(lag_ms(&s, copy), 5000);
    set(&s, s.us, s.eu, (struct link){ .has_bandwidth = true, .bandwidth_bytes_per_s = 1000 });
    assert_int_equal(lag_ms(&s, copy), 15000);
    set(&s, s.us, s.eu, (struct link){ .has_lag = true, .lag = lag_of("uniform(0s,2s)") });
    assert_int_equal(lag_ms(&s, copy), 1000);
    assert_int_equal(lag_ms(&s, (struct link_copy){ .from = s.eu, .to = s.us }), 5000);
    struct link effective = links_effective(s.links, s.arena, s.us, s.eu);
    assert_str(lag_text(s.arena, &effective.lag), "uniform(0s,2s)");
    assert_true(effective.bandwidth_bytes_per_s == 0);
    struct store_doc gone = link_doc_delete(s.arena, s.us, s.eu);
    links_apply(s.links, &gone, 1);
    assert_int_equal(lag_ms(&s, copy), 5000);
    assert_false(links_get(s.links, s.arena, s.us, s.eu).has_lag);
    scene_close(&s);
}

TEST(an_override_counts_for_its_rule_and_prefix)
{
    struct scene s = scene_open();
    struct link_override overrides[] = { { STR("slow"), STR("img/"), lag_of("1m") },
                                         { STR(""), STR("img/"), lag_of("20s") } };
    set(&s, s.us, s.eu, (struct link){ .overrides = overrides, .override_count = 2 });
    assert_int_equal(lag_ms(&s, (struct link_copy){ s.us, s.eu, STR("slow"), STR("img/a"), 0 }),
                     60000);
    assert_int_equal(lag_ms(&s, (struct link_copy){ s.us, s.eu, STR("fast"), STR("img/a"), 0 }),
                     20000);
    assert_int_equal(lag_ms(&s, (struct link_copy){ s.us, s.eu, STR("slow"), STR("doc/a"), 0 }),
                     3000);
    scene_close(&s);
}

TEST(a_link_is_held_by_itself_or_by_the_star)
{
    struct scene s = scene_open();
    assert_false(links_held(s.links, s.us, s.eu));
    set(&s, s.us, s.eu, (struct link){ .held = true });
    assert_true(links_held(s.links, s.us, s.eu));
    assert_false(links_held(s.links, s.eu, s.us));
    set(&s, REGION_NONE, REGION_NONE, (struct link){ .held = true });
    assert_true(links_held(s.links, s.eu, s.us));
    scene_close(&s);
}

TEST(a_partition_cuts_between_groups_until_it_ends)
{
    struct scene s = scene_open();
    region_id other = region_find(STR("sa-east-1"));
    const region_set groups[] = { region_set_with(0, s.us),
                                  region_set_with(region_set_with(0, s.eu), s.ap) };
    const instant now = { 100 }, until = { 200 };
    struct store_doc doc = links_partition_doc(s.arena, groups, 2, until, false);
    links_apply(s.links, &doc, 1);
    assert_false(links_reachable(s.links, s.us, s.eu, 0, now));
    assert_false(links_reachable(s.links, s.ap, s.us, 0, now));
    assert_true(links_reachable(s.links, s.eu, s.ap, 0, now));
    assert_true(links_reachable(s.links, s.us, other, 0, now));
    assert_true(links_reachable(s.links, other, s.eu, 0, now));
    assert_int_equal(links_next_heal(s.links, now).ns, 200);
    assert_true(links_reachable(s.links, s.us, s.eu, 0, until));
    assert_true(links_next_heal(s.links, until).ns == INSTANT_NEVER.ns);
    doc = links_partition_doc(s.arena, groups, 2, INSTANT_NEVER, false);
    links_apply(s.links, &doc, 1);
    assert_false(links_reachable(s.links, s.us, s.eu, 0, until));
    assert_true(links_next_heal(s.links, now).ns == INSTANT_NEVER.ns);
    assert_int_equal(links_partition(s.links).count, 2);
    doc = links_partition_doc(s.arena, groups, 2, INSTANT_NEVER, true);
    links_apply(s.links, &doc, 1);
    assert_false(links_reachable(s.links, s.us, s.eu, 0, now)); /* one way */
    assert_true(links_reachable(s.links, s.eu, s.us, 0, now));
    doc = links_heal_doc();
    links_apply(s.links, &doc, 1);
    assert_true(links_reachable(s.links, s.us, s.eu, 0, now));
    assert_int_equal(links_partition(s.links).count, 0);
    scene_close(&s);
}

TEST(a_region_that_is_down_is_reached_by_nobody)
{
    struct scene s = scene_open();
    region_set down = region_set_with(0, s.eu);
    assert_false(links_reachable(s.links, s.us, s.eu, down, (instant){ 1 }));
    assert_false(links_reachable(s.links, s.eu, s.us, down, (instant){ 1 }));
    assert_true(links_reachable(s.links, s.us, s.ap, down, (instant){ 1 }));
    scene_close(&s);
}

TEST(documents_that_cannot_be_read_are_left_out)
{
    struct scene s = scene_open();
    const struct store_doc docs[] = {
        { .kind = STR("link"), .id = STR("mars-1 -> eu-west-1"), .body = STR("{}") },
        { .kind = STR("link"), .id = STR("*"), .body = STR("{\"lag\":\"15\"}") },
        { .kind = STR("link"), .id = STR("*"), .body = STR("nonsense") },
        { .kind = STR("partition"), .id = STR("partition"), .body = STR("[]") },
        { .kind = STR("mrap"), .id = STR("x"), .body = STR("{}") },
    };
    links_apply(s.links, docs, COUNT(docs));
    assert_int_equal(lag_ms(&s, (struct link_copy){ .from = s.us, .to = s.eu }), 3000);
    assert_true(links_reachable(s.links, s.us, s.eu, 0, (instant){ 1 }));
    scene_close(&s);
}

TEST(presets_exist_and_a_typo_finds_the_nearest)
{
    static const char *const names[] = { "default", "instant", "aws-like", "hostile" };
    struct lag lag;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_true(links_preset(str_of(names[i]), &lag));
    assert_false(links_preset(STR("hostil"), &lag));
    assert_str(links_preset_nearest(STR("hostil")), "hostile");
}
