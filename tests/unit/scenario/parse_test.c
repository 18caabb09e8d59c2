/* Files into scripts: what is refused before anything runs, with file and line. */
#include "base/fs.h"
#include "scenario/commands.h"
#include "scenario/script.h"
#include "tests/unit/test.h"

#define HEAD "scenario \"t\"\nclient bob at paris\nbucket b-1 in us-east-1\n"

static str problems_of(struct arena *arena, const char *text, struct script *out)
{
    struct buf problems;
    buf_init_arena(&problems, arena, 65536);
    bool sound = script_parse(arena, "dir/f.atoll", str_of(text), out, &problems);
    assert_int_equal(sound, problems.size == 0);
    return buf_str(&problems);
}

TEST(a_sound_file_has_a_title_steps_and_defaults)
{
    struct arena *arena = arena_new();
    struct script script;
    assert_str(problems_of(arena,
                           HEAD "step \"one\"\n  bob get b-1/k\n    expect status 404\n"
                                "step \"two\"\n  bob put b-1/k \"x\"\n    save $v = version\n"
                                "    expect status 200\n  bob get b-1/k version=$v\n"
                                "    expect body \"x\"\n",
                           &script),
               "");
    assert_str(script.title, "t");
    assert_str(script.name, "f");
    assert_int_equal(script.steps, 2);
    assert_int_equal(script.seed, 1);
    assert_int_equal(script.clock_mode, CLOCK_MANUAL);
    assert_int_equal(script.clock_start.ns, 1704067200000000000);
    assert_int_equal(script.header_line, 0);
    arena_free(arena);
}

TEST(clock_and_seed_are_read_from_the_header)
{
    struct arena *arena = arena_new();
    struct script script;
    assert_str(problems_of(arena,
                           "scenario \"t\"\nclock auto start 2026-02-03T00:00:00Z\nseed 42\n",
                           &script),
               "");
    assert_int_equal(script.clock_mode, CLOCK_AUTO);
    assert_int_equal(script.clock_start.ns, 1770076800000000000);
    assert_int_equal(script.seed, 42);
    assert_int_equal(script.header_line, 2);
    arena_free(arena);
}

TEST(every_problem_is_said_with_its_line)
{
    static const struct {
        int line;
        const char *text, *problem; /* a part of what is said */
    } rows[] = {
        { __LINE__, "bucket b-1 in us-east-1\n", "f.atoll:1: a scenario begins with" },
        { __LINE__, "client bob at paris\nscenario \"t\"\n",
          "f.atoll:2: \"scenario\" is the first" },
        { __LINE__, "scenario \"a\"\nscenario \"b\"\n", "f.atoll:2: \"scenario\" is the first" },
        { __LINE__, HEAD "buckt c in us-east-1\n",
          "f.atoll:4: there is no command 'buckt' (did you mean 'bucket'?)" },
        { __LINE__, HEAD "bucket c-1 in us-est-1\n", "did you mean 'us-east-1'?" },
        { __LINE__, HEAD "bob get b-1/k\n", "f.atoll:4: no expect follows this request" },
        { __LINE__, HEAD "bob get b-1/k\nclock advance 1s\nexpect status 200\n",
          "f.atoll:4: no expect follows" },
        { __LINE__, HEAD "step \"s\"\nbob get b-1/k\nstep \"t\"\nexpect status 200\n",
          "f.atoll:5: no expect follows" },
        { __LINE__, HEAD "eve get b-1/k\nexpect status 200\n",
          "f.atoll:4: there is no client 'eve'" },
        { __LINE__, HEAD "bob fetch b-1/k\n", "f.atoll:4: a client cannot 'fetch'" },
        { __LINE__, HEAD "bob get b-1/k version=$v\nexpect status 200\n",
          "f.atoll:4: $v was not saved before" },
        { __LINE__, HEAD "expect status 200\n", "f.atoll:4: nothing was requested yet" },
        { __LINE__, HEAD "save $x = etag\n", "f.atoll:4: nothing was requested yet" },
        { __LINE__, HEAD "expect stauts 200\n", "did you mean 'status'?" },
        { __LINE__, HEAD "expect not\n", "expect wants a fact" },
        { __LINE__, HEAD "expect anomaly lost-updates\n", "did you mean 'lost-update'?" },
        { __LINE__, HEAD "expect anomaly diverged\n", "write expect diverged TARGET" },
        { __LINE__, HEAD "expect history b-1/k v1\n", "a text is in quotation marks" },
        { __LINE__, HEAD "fault add regoin us-east-1 error SlowDown\n", "usage: fault add" },
        { __LINE__, HEAD "fault add region us-est-1 error SlowDown\n", "'us-est-1' is no Region" },
        { __LINE__, HEAD "skew us-east-1 soon\n", "'soon' is no duration" },
        { __LINE__, HEAD "lifecycle b-1 days many\n", "'many' is no whole number" },
        { __LINE__, HEAD "bob tag b-1/k\nexpect status 200\n", "usage: NAME tag" },
        { __LINE__, HEAD "seed 2\n", "f.atoll:4: clock, seed and config come before the world" },
        { __LINE__, HEAD "clock advance\n", "f.atoll:4: DUR is missing; usage: clock advance DUR" },
        { __LINE__, HEAD "clock forward 2s\n", "f.atoll:4: 'clock forward' is no command" },
        { __LINE__, HEAD "eventually within 1s\nexpect converged m/k\n",
          "f.atoll:4: what it repeats stands below it" },
        { __LINE__, HEAD "eventually within 1s\n  step \"x\"\n",
          "f.atoll:5: this cannot stand inside a block" },
        { __LINE__, HEAD "client wait at paris\n", "cannot be called 'wait'" },
        { __LINE__, HEAD "include \"none.world\"\n", "f.atoll:4: cannot read dir/none.world" },
        { __LINE__, HEAD "step \"open\n", "f.atoll:4: a quotation mark is not closed" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct script script;
        str said = problems_of(arena, rows[i].text, &script);
        if (str_find(said, str_of(rows[i].problem)) == said.size)
            fail_msg("row of line %d: said only: %.*s", rows[i].line, STR_ARG(said));
    }
    arena_free(arena);
}

TEST(all_problems_are_said_at_once)
{
    struct arena *arena = arena_new();
    struct script script;
    str said = problems_of(arena, HEAD "nonsense\nbob get b-1/k\nclock advance soon\n", &script);
    assert_true(str_find(said, STR("f.atoll:4:")) < said.size);
    assert_true(str_find(said, STR("f.atoll:5:")) < said.size);
    assert_true(str_find(said, STR("f.atoll:6:")) < said.size);
    arena_free(arena);
}

TEST(flags_may_keep_their_dashes_and_places_may_ask)
{
    struct arena *arena = arena_new();
    struct script script;
    assert_str(problems_of(arena,
                           HEAD "wait b-1/k --within 20s\nlag us-east-1 eu-west-1 60s --both\n"
                                "eu-west-1 get b-1/k\nexpect status 301\n",
                           &script),
               "");
    arena_free(arena);
}

TEST(a_block_is_what_is_indented_further)
{
    struct arena *arena = arena_new();
    struct script script;
    assert_str(problems_of(arena,
                           HEAD "eventually within 1s\n  bob get b-1/k\n    expect status 404\n"
                                "  expect not status 200\nclock next\n",
                           &script),
               "");
    assert_int_equal(script.count, 8);
    assert_int_equal(script.lines[3].block_end, 7);
    assert_int_equal(script.lines[4].block_end, 5);
    arena_free(arena);
}

TEST(included_lines_keep_their_own_file_and_number)
{
    struct arena *arena = arena_new();
    struct script script;
    struct buf problems;
    const char *directory = test_directory();
    str world = str_format(arena, "%s/w.world", directory);
    str file = str_format(arena, "%s/s.atoll", directory);
    str loop = str_format(arena, "%s/l.world", directory);
    buf_init_arena(&problems, arena, 65536);
    assert_int_equal(fs_replace_file(world.ptr, STR("client bob at paris\nwrong\n"), 0644), 0);
    assert_int_equal(fs_replace_file(file.ptr, STR("scenario \"t\"\ninclude \"w.world\"\n"), 0644),
                     0);
    assert_int_equal(fs_replace_file(loop.ptr, STR("include \"l.world\"\n"), 0644), 0);
    assert_false(script_read(arena, file.ptr, &script, &problems));
    assert_true(str_find(buf_str(&problems), STR("/w.world:2: there is no command")) <
                problems.size);
    buf_clear(&problems);
    assert_false(script_read(arena, loop.ptr, &script, &problems));
    assert_true(str_find(buf_str(&problems), STR("include each other")) < problems.size);
    buf_clear(&problems);
    assert_false(script_read(arena, "/nowhere/x.atoll", &script, &problems));
    arena_free(arena);
}
