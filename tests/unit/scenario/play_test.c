/* Whole runs: the same twice, failures that say what was got, blocks, a world that was there. */
#include "base/fs.h"
#include "base/log.h"
#include "scenario/play.h"
#include "scenario/scenario.h"
#include "server/s3/xml.h"
#include "tests/unit/test.h"

#define WORLD                                                                                      \
    "scenario \"t\"\n"                                                                             \
    "bucket use1 in us-east-1\nbucket euw1 in eu-west-1\n"                                         \
    "mrap both = use1 euw1\nreplicate use1 <-> euw1 lag uniform(5s,30s)\n"                         \
    "client bob at new-york\nclient alice at paris\n"

__attribute__((constructor)) static void log_little(void)
{
    log_configure(LOG_ERROR, LOG_TEXT);
}

static struct report_outcome *play(struct arena *arena, const char *text,
                                   struct play_options options)
{
    struct script *script = ARENA_NEW(arena, struct script);
    struct buf problems;
    buf_init_arena(&problems, arena, 65536);
    if (!script_parse(arena, "t.atoll", str_of(text), script, &problems))
        fail_msg("%.*s", STR_ARG(buf_str(&problems)));
    return play_script(arena, script, &options);
}

static void must_pass(struct arena *arena, const char *text)
{
    struct report_outcome *outcome = play(arena, text, (struct play_options){ 0 });
    if (!outcome->passed)
        fail_msg("%.*s %.*s: %.*s", STR_ARG(outcome->where), STR_ARG(outcome->line),
                 STR_ARG(outcome->got));
}

static struct report_outcome *must_fail(struct arena *arena, const char *text, const char *where,
                                        const char *got)
{
    struct report_outcome *outcome = play(arena, text, (struct play_options){ 0 });
    assert_false(outcome->passed);
    assert_str(outcome->where, where);
    assert_str(outcome->got, got);
    return outcome;
}

#define STORY                                                                                      \
    "step \"one\"\nbob put both/k \"v1\"\nexpect status 200\nsave $v = version\n"                  \
    "alice get both/k\nexpect missing\nwait both\nalice head both/k\nexpect version $v\n"          \
    "bob mpu-start both/big\nexpect status 200\n"                                                  \
    "step \"two\"\nbob put both/k size=2MiB\nexpect status 200\nclock advance 10s\n"               \
    "alice list both/\nexpect keys k\nbob request GET /use1?versions "                             \
    "host=s3.us-east-1.amazonaws.com\nexpect keys k k\n"

TEST(a_run_repeats_byte_for_byte)
{
    struct arena *arena = arena_new();
    struct play_options options = { .verbose = true };
    struct report_outcome *first = play(arena, WORLD STORY, options);
    struct report_outcome *second = play(arena, WORLD STORY, options);
    assert_true(first->passed);
    assert_true(first->timeline.size > 2000);
    assert_true(str_eq(first->timeline, second->timeline));
    arena_free(arena);
}

TEST(another_seed_is_another_run)
{
    struct arena *arena = arena_new();
    struct play_options options = { .verbose = true };
    struct report_outcome *first = play(arena, WORLD STORY, options);
    options.has_seed = true;
    options.seed = 2;
    struct report_outcome *second = play(arena, WORLD STORY, options);
    assert_true(second->passed);
    assert_false(str_eq(first->timeline, second->timeline));
    arena_free(arena);
}

TEST(a_failure_says_where_what_was_got_and_the_answer)
{
    struct arena *arena = arena_new();
    struct report_outcome *outcome =
        must_fail(arena, WORLD "bob get both/none\n  expect status 200\n", "t.atoll:9", "404");
    assert_str(outcome->line, "expect status 200");
    assert_true(str_find(outcome->answer, STR("<Code>NoSuchKey</Code>")) < outcome->answer.size);
    assert_true(str_find(outcome->timeline, STR("bob GET both/none")) < outcome->timeline.size);
    assert_int_equal(outcome->steps_passed, 0);
    arena_free(arena);
}

TEST(what_cannot_be_asked_fails_also_behind_a_not)
{
    struct arena *arena = arena_new();
    must_fail(arena, WORLD "expect not converged nothing/k\n", "t.atoll:8",
              "'nothing' is no access point");
    must_fail(arena, WORLD "expect not pending a -> b = 1\n", "t.atoll:8",
              "'a' is no Region and no bucket");
    arena_free(arena);
}

TEST(what_the_world_refuses_is_a_failure_of_its_line)
{
    struct arena *arena = arena_new();
    must_fail(arena, WORLD "bucket use1 in us-east-1\n", "t.atoll:8",
              "bucket 'use1' is there already");
    must_fail(arena, WORLD "mrap more = use1 none\n", "t.atoll:8", "there is no bucket 'none'");
    must_fail(arena, WORLD "rule use1 -> none disable\n", "t.atoll:8",
              "no rule copies from 'use1' to 'none'");
    must_fail(arena, WORLD "clock set 2020-01-01T00:00:00Z\n", "t.atoll:8",
              "the emulated clock never goes back; it is 2024-01-01T00:00:00.000Z");
    must_fail(arena, WORLD "wait none/k\n", "t.atoll:8", "'none' is no access point and no bucket");
    arena_free(arena);
}

TEST(a_wait_in_vain_names_what_is_missing)
{
    struct arena *arena = arena_new();
    struct report_outcome *outcome =
        must_fail(arena,
                  WORLD "partition us-east-1 / eu-west-1\nbob put both/k \"x\"\n"
                        "expect status 200\nwait both/k within 1m\n",
                  "t.atoll:11", "not the same after 60.0 s");
    assert_true(str_find(outcome->why, STR("use1/k us-east-1 -> eu-west-1 is waiting")) <
                outcome->why.size);
    assert_int_equal(outcome->emulated.ns, DURATION_S(60).ns);
    arena_free(arena);
}

TEST(eventually_tries_at_each_event_and_not_after_the_bound)
{
    struct arena *arena = arena_new();
    must_pass(arena, WORLD "bob put both/k \"x\"\nexpect status 200\n"
                           "eventually within 30s\n  alice get both/k\n    expect status 200\n");
    struct report_outcome *outcome =
        must_fail(arena,
                  WORLD "bob put both/k \"x\"\nexpect status 200\n"
                        "eventually within 1s\n  alice get both/k\n    expect status 200\n",
                  "t.atoll:12", "404");
    assert_int_equal(outcome->emulated.ns, DURATION_S(1).ns);
    arena_free(arena);
}

TEST(always_finds_the_moment_at_which_something_changes)
{
    struct arena *arena = arena_new();
    must_pass(arena, WORLD "bob put both/k \"x\"\nexpect status 200\n"
                           "always for 4s\n  alice get both/k\n    expect status 404\n");
    must_fail(arena,
              WORLD "bob put both/k \"x\"\nexpect status 200\n"
                    "always for 1m\n  alice get both/k\n    expect status 404\n",
              "t.atoll:12", "200");
    arena_free(arena);
}

TEST(an_auto_clock_flows_and_jumps)
{
    struct arena *arena = arena_new();
    must_pass(arena, "scenario \"t\"\nclock auto\n"
                     "bucket use1 in us-east-1\nbucket euw1 in eu-west-1\n"
                     "mrap both = use1 euw1\nreplicate use1 <-> euw1 lag 1h\n"
                     "client bob at new-york\nbob put both/k \"x\"\nexpect status 200\n"
                     "wait both/k within 2h\nexpect converged both\n");
    arena_free(arena);
}

TEST(a_reset_empties_the_world)
{
    struct arena *arena = arena_new();
    must_pass(arena, WORLD "bob put both/k \"x\"\nexpect status 200\nreset\n"
                           "bob get use1/k\nexpect code NoSuchBucket\n"
                           "bucket use1 in us-east-1\nbob get use1/k\nexpect code NoSuchKey\n");
    arena_free(arena);
}

TEST(init_runs_in_a_world_that_is_there)
{
    struct arena *arena = arena_new();
    struct settings settings = { .clock_mode = CLOCK_MANUAL,
                                 .clock_start = { 1000000000 },
                                 .account = STR("123456789012"),
                                 .auth = AUTH_MODE_OFF,
                                 .explain_headers = true,
                                 .journal = 10,
                                 .part_min_bytes = 5 << 20 };
    str error = STR_NONE, path = str_format(arena, "%s/i.atoll", test_directory());
    struct world *world = world_open(arena, &settings, &error);
    assert_non_null(world);
    struct lane *lane = world_lane_open(world, 7);
    assert_int_equal(
        fs_replace_file(path.ptr, STR(WORLD "bob put both/k \"x\"\nexpect status 200\n"), 0644), 0);
    assert_true(scenario_run_in(arena, lane, path.ptr, &error));
    assert_int_equal(
        fs_replace_file(path.ptr, STR("scenario \"t\"\neu-west-1 get euw1/k\nexpect status 200\n"),
                        0644),
        0);
    assert_false(scenario_run_in(arena, lane, path.ptr, &error));
    assert_true(str_ends(error, STR(":3: expect status 200: 404")));
    assert_int_equal(fs_replace_file(path.ptr, STR("scenario \"t\"\nseed 3\n"), 0644), 0);
    assert_false(scenario_run_in(arena, lane, path.ptr, &error));
    assert_true(str_find(error, STR(":2: the world is there already")) < error.size);
    world_lane_close(lane);
    world_close(world);
    arena_free(arena);
}

TEST(reports_name_the_failure_in_every_form)
{
    struct arena *arena = arena_new();
    struct buf out;
    struct report_outcome *outcome =
        must_fail(arena, WORLD "bob get both/<&>\n  expect status 200\n", "t.atoll:9", "404");
    buf_init_arena(&out, arena, 1 << 20);
    report_text(arena, outcome, 10, &out);
    assert_true(str_starts(buf_str(&out), STR("FAIL  t ")));
    assert_true(str_find(buf_str(&out), STR("got   404")) < out.size);
    assert_true(str_find(buf_str(&out), STR("again  atoll scenario run t.atoll --seed 1\n")) <
                out.size);
    buf_clear(&out);
    report_json(outcome, &out);
    assert_true(str_find(buf_str(&out), STR("\"failed\":1")) < out.size);
    buf_clear(&out);
    report_junit(outcome, &out);
    assert_true(str_find(buf_str(&out), STR("failures=\"1\"")) < out.size);
    assert_true(str_find(buf_str(&out), STR("both/&lt;&amp;&gt;")) < out.size);
    arena_free(arena);
}

TEST(a_failure_says_why_a_region_lacks_what_was_asked_for)
{
    static const struct {
        int line;
        const char *rules, *story, *why;
    } rows[] = {
        { __LINE__, "replicate use1 -> euw1 lag 1m\n", "clock advance 10s",
          "us-east-1 to eu-west-1: the copy is due in 50s" },
        { __LINE__, "replicate use1 -> euw1 lag 1m\n", "replication hold us-east-1 eu-west-1",
          "the copy is held: replication release lets it go" },
        { __LINE__, "replicate use1 -> euw1 lag 1s\n",
          "partition us-east-1 / eu-west-1\nclock advance 1m",
          "the copy waits: a partition cuts them off" },
        { __LINE__, "replicate use1 -> euw1 lag 1s\n", "outage us-east-1 on\nclock advance 1m",
          "the copy waits: us-east-1 is down" },
        { __LINE__, "replicate use1 -> euw1 lag 1s\n",
          "fault add replication fail reason DstKmsKeyNotFound\nclock advance 1m",
          "the copy FAILED (DstKmsKeyNotFound), and is not tried again by itself" },
        { __LINE__, "replicate use1 -> euw1 lag 1m\n", "replication drop",
          "a rule copies from use1 to euw1, but nothing is on its way" },
        { __LINE__, "", "heal", "no rule copies 'k' from use1 to euw1 (that bucket has no" },
        { __LINE__, "replicate euw1 -> use1\n", "heal", "(that bucket has no replication rules)" },
        { __LINE__, "replicate use1 -> other\n", "heal", "(no rule there names that bucket)" },
        { __LINE__, "replicate use1 -> euw1 disabled\n", "heal", "(the rule there is disabled)" },
        { __LINE__, "replicate use1 -> euw1 prefix img/\n", "heal",
          "(the rule there has prefix 'img/')" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        str text = str_format(arena,
                              "scenario \"t\"\nbucket use1 in us-east-1\nbucket euw1 in eu-west-1\n"
                              "bucket other in eu-west-1\nmrap both = use1 euw1\n"
                              "client bob at new-york\nclient alice at paris\n%s"
                              "bob put both/k \"x\"\nexpect status 200\n%s\n"
                              "alice get euw1/k\nexpect status 200\n",
                              rows[i].rules, rows[i].story);
        struct report_outcome *outcome = play(arena, text.ptr, (struct play_options){ 0 });
        if (outcome->passed || str_find(outcome->why, str_of(rows[i].why)) == outcome->why.size)
            fail_msg("row of line %d: got %.*s, why %.*s", rows[i].line, STR_ARG(outcome->got),
                     STR_ARG(outcome->why));
    }
    arena_free(arena);
}

/* Also what no document may hold as it is. */
TEST(a_junit_report_is_well_formed_whatever_a_title_holds)
{
    struct arena *arena = arena_new();
    struct buf out;
    struct report_outcome *outcome =
        play(arena,
             "scenario \"]]> <&>'\\\"\x01\xff\xc3\xa9 \xef\xbf\xbe\"\nclient bob at paris\n"
             "step \"<step a='b'>\x7f\xed\xa0\x80\"\nbob get none/k\n  expect body \"]]>\x02\"\n",
             (struct play_options){ .verbose = true });
    assert_false(outcome->passed);
    buf_init_arena(&out, arena, 1 << 20);
    report_junit(outcome, &out);
    assert_non_null(xml_parse(arena, buf_str(&out)));
    arena_free(arena);
}

TEST(what_other_regions_lack_explains_no_answer_of_this_one)
{
    struct arena *arena = arena_new();
    struct report_outcome *outcome = must_fail(
        arena, WORLD "bob put both/k \"x\"\nexpect status 200\nbob get both/k\nexpect body \"y\"\n",
        "t.atoll:11", "\"x\"");
    assert_str(outcome->why, "");
    outcome = must_fail(arena,
                        WORLD "bob put both/k \"x\"\nexpect status 200\nreplication hold\n"
                              "bob head both/k\nexpect replication-status COMPLETED\n",
                        "t.atoll:12", "PENDING");
    assert_true(str_starts(outcome->why, STR("us-east-1 to eu-west-1: the copy is held")));
    arena_free(arena);
}

TEST(every_word_of_the_clock_works_whatever_its_mode)
{
    struct arena *arena = arena_new();
    must_pass(arena, WORLD "clock mode auto\nclock rate 0\nclock show\nbob put both/k \"x\"\n"
                           "expect status 200\nwait both/k within 1m\nexpect converged both/k\n"
                           "clock pause\nclock rate 60\nbob put both/k \"y\"\nexpect status 200\n"
                           "clock next\nexpect converged both/k\nclock set 2024-02-01T00:00:00Z\n"
                           "clock advance 1ms\nclock run\nclock rate 100000\n"
                           "bob put both/z \"z\"\nexpect status 200\nwait both/z within 1m --wall\n"
                           "clock mode manual\nexpect converged both/z\n");
    arena_free(arena);
}
