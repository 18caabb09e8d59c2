/* The preset that makes trouble by itself: now and then, the same for a seed, and healed again. */
#include "tests/unit/server/config_fixture.h"

#include "replication/links.h"
#include "replication/timekeeper.h"
#include "server/config_apply.h"
#include "server/configs.h"
#include "server/events.h"
#include "server/faults.h"
#include "server/hostile.h"

#define FLAGS "--preset hostile --clock manual --clock-start 2026-03-01T12:00:00Z --seed "
#define BUCKETS                                                                                    \
    "{ \"buckets\": { \"use1\": { \"region\": \"us-east-1\" }, \"euw1\": { \"region\": "           \
    "\"eu-west-1\" }, \"apse1\": { \"region\": \"ap-southeast-1\" } } }"

struct stage {
    struct config_case c;
    struct world *world;
    struct lane *lane;
};

static void start(struct stage *stage, const char *document, const char *flags)
{
    str error = STR_NONE;
    config_case_open(&stage->c);
    config_case_file(&stage->c, document, flags, NULL);
    assert_str(config_case_said(&stage->c), "");
    stage->world = world_open(stage->c.arena, &stage->c.config.settings, &error);
    assert_non_null(stage->world);
    configs_replace(stage->world->configs, NULL, &stage->c.config);
    stage->lane = world_lane_open(stage->world, 0);
    assert_true(config_apply(stage->c.arena, stage->world, stage->lane, &error));
}

static void stop(struct stage *stage)
{
    world_lane_close(stage->lane);
    world_close(stage->world);
    config_case_close(&stage->c);
}

static void advance(struct stage *stage, int64_t seconds)
{
    struct time_job job = { .kind = TIME_ADVANCE_BY,
                            .arena = stage->c.arena,
                            .by = DURATION_S(seconds) };
    assert_int_equal(timekeeper_run(stage->world->timekeeper, &job), TIME_OK);
}

struct seen {
    struct arena *arena;
    struct buf text;
    size_t count;
};

static bool see(void *ctx, const struct event *event)
{
    struct seen *seen = ctx;
    if (event->kind != EVENT_PARTITION)
        return true;
    seen->count++;
    buf_addf(&seen->text, "%.*s %.*s\n", STR_ARG(instant_iso8601(seen->arena, event->at)),
             STR_ARG(event->text[EVENT_DETAIL]));
    return true;
}

static struct seen partitions(struct stage *stage, struct arena *arena)
{
    struct seen seen = { .arena = arena };
    buf_init_arena(&seen.text, arena, 1 << 20);
    events_flush(stage->world->events);
    events_walk(stage->world->events, see, &seen);
    return seen;
}

static struct seen hours_of(struct arena *arena, const char *document, const char *flags)
{
    struct stage stage;
    start(&stage, document, flags);
    advance(&stage, 6 * 3600);
    struct seen seen = partitions(&stage, arena);
    stop(&stage);
    return seen;
}

TEST(a_seed_has_its_partitions_and_another_seed_others)
{
    struct arena *arena = arena_new();
    struct seen seven = hours_of(arena, BUCKETS, FLAGS "7");
    struct seen again = hours_of(arena, BUCKETS, FLAGS "7");
    struct seen eight = hours_of(arena, BUCKETS, FLAGS "8");
    assert_true(seven.count >= 30 && seven.count <= 37);
    assert_true(str_eq(buf_str(&seven.text), buf_str(&again.text)));
    assert_false(str_eq(buf_str(&seven.text), buf_str(&eight.text)));
    assert_true(str_find(buf_str(&seven.text), STR(" us-east-1 / ap-southeast-1 eu-west-1")) <
                seven.text.size);
    arena_free(arena);
}

TEST(a_partition_heals_by_itself_within_two_minutes)
{
    struct stage stage;
    start(&stage, BUCKETS, FLAGS "7");
    for (unsigned i = 0; i < 20; i++) {
        instant next = hostile_next(stage.world->hostile, clock_now(stage.world->clock));
        struct time_job job = { .kind = TIME_ADVANCE_TO, .arena = stage.c.arena, .to = next };
        assert_int_equal(timekeeper_run(stage.world->timekeeper, &job), TIME_OK);
        instant heals = links_next_heal(stage.world->links, next);
        duration lasts = instant_diff(heals, next);
        assert_true(lasts.ns >= DURATION_S(20).ns && lasts.ns <= DURATION_S(120).ns);
        job.to = heals;
        assert_int_equal(timekeeper_run(stage.world->timekeeper, &job), TIME_OK);
        assert_int_equal(links_next_heal(stage.world->links, heals).ns, INSTANT_NEVER.ns);
    }
    stop(&stage);
}

TEST(one_made_by_hand_stays_and_one_region_is_never_cut)
{
    struct arena *arena = arena_new();
    struct stage stage;
    region_set groups[] = { region_set_with(REGION_SET_NONE, region_find(STR("us-east-1"))),
                            region_set_with(REGION_SET_NONE, region_find(STR("eu-west-1"))) };
    start(&stage, BUCKETS, FLAGS "7");
    struct store_doc doc = links_partition_doc(arena, groups, COUNT(groups), INSTANT_NEVER, false);
    links_apply(stage.world->links, &doc, 1);
    advance(&stage, 3600);
    assert_int_equal(partitions(&stage, arena).count, 0);
    stop(&stage);
    assert_int_equal(
        hours_of(arena, "{ \"buckets\": { \"one\": { \"region\": \"us-east-1\" } } }", FLAGS "7")
            .count,
        0);
    arena_free(arena);
}

TEST(other_presets_leave_the_links_alone)
{
    struct stage stage;
    start(&stage, BUCKETS, "--preset aws-like --clock manual --seed 7");
    assert_int_equal(hostile_next(stage.world->hostile, clock_now(stage.world->clock)).ns,
                     INSTANT_NEVER.ns);
    assert_int_equal(faults_count(stage.world->faults), 0);
    stop(&stage);
}

TEST(one_request_in_a_hundred_is_told_to_slow_down_unless_the_document_says_otherwise)
{
    struct stage stage;
    start(&stage, BUCKETS, FLAGS "7");
    const struct config_document *document = &stage.c.config.document;
    assert_int_equal(document->fault_count, 1);
    assert_str(document->faults[0].fault.name, "hostile-slowdown");
    assert_true(document->faults[0].fault.probability > 0.0099 &&
                document->faults[0].fault.probability < 0.0101);
    assert_int_equal(faults_count(stage.world->faults), 1);
    stop(&stage);
    start(&stage,
          "{ \"preset\": \"hostile\", \"faults\": [ { \"name\": \"hostile-slowdown\", \"match\": { "
          "\"key\": \"never\" }, \"error\": \"SlowDown\" } ] }",
          "--seed 7");
    assert_int_equal(stage.c.config.document.fault_count, 1);
    stop(&stage);
}
