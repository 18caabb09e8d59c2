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
    assert_true(str_find(buf_str(&problems), STR("this file includes itself")) < problems.size);
    buf_clear(&problems);
    assert_false(script_read(arena, "/nowhere/x.atoll", &script, &problems));
    arena_free(arena);
}

TEST(files_that_include_each_other_without_end_are_bounded)
{
    struct arena *arena = arena_new();
    struct script script;
    struct buf problems, text;
    const char *directory = test_directory();
    buf_init_arena(&problems, arena, 65536);
    buf_init_arena(&text, arena, 65536);
    for (unsigned i = 0; i < 12; i++) {
        buf_clear(&text);
        for (unsigned k = 0; k < 100; k++)
            buf_addf(&text, "include \"f%u.world\"\n", i + 1);
        str path = str_format(arena, "%s/f%u.world", directory, i);
        assert_int_equal(fs_replace_file(path.ptr, buf_str(&text), 0644), 0);
    }
    str first = str_format(arena, "%s/f0.world", directory);
    assert_false(script_read(arena, first.ptr, &script, &problems));
    assert_true(str_find(buf_str(&problems), STR("too many files include each other")) <
                problems.size);
    arena_free(arena);
}

TEST(of_a_file_without_sense_a_hundred_problems_are_said)
{
    struct arena *arena = arena_new();
    struct script script;
    struct buf text;
    buf_init_arena(&text, arena, 1 << 20);
    for (unsigned i = 0; i < 5000; i++)
        buf_add_bytes(&text, "\0\xff \"x\n", 7);
    struct buf problems;
    buf_init_arena(&problems, arena, 65536);
    assert_false(script_parse(arena, "f.atoll", buf_str(&text), &script, &problems));
    assert_true(str_find(buf_str(&problems), STR("mend these first")) < problems.size);
    assert_false(problems.overflow);
    buf_clear(&text);
    for (unsigned i = 0; i < 20002; i++)
        buf_add(&text, STR("heal\n"));
    buf_clear(&problems);
    assert_false(script_parse(arena, "f.atoll", buf_str(&text), &script, &problems));
    assert_true(str_find(buf_str(&problems), STR("f.atoll:20000: too many lines")) < problems.size);
    arena_free(arena);
}

/* product.md's grammar and facts, and what the command line says: one line each. */
TEST(every_word_of_the_language_is_read)
{
    static const struct {
        int line;
        const char *text;
    } rows[] = {
        { __LINE__, "region us-east-1 eu-west-1" },
        { __LINE__, "region af-south-1 disable" },
        { __LINE__, "region af-south-1 enable" },
        { __LINE__, "bucket more in us-east-1" },
        { __LINE__, "bucket more in us-east-1 unversioned" },
        { __LINE__, "mrap m = b-1" },
        { __LINE__, "mrap m = b-1 b-2 alias a flap 0.1 propagation uniform(10s,120s)" },
        { __LINE__, "mrap m = b-1 affinity none proximity distance failover automatic" },
        { __LINE__, "replicate b-1 -> b-2" },
        { __LINE__, "replicate b-1 <-> b-2 prefix img/ no-delete-markers lag fixed(15s)" },
        { __LINE__, "replicate b-1 -> b-2 disabled lag \"mix(0.99 fixed(1s), 0.01 fixed(15m))\"" },
        { __LINE__, "client eve at us-east-1" },
        { __LINE__, "client eve at 48.9,2.4" },
        { __LINE__, "client \"wait\" at paris" },
        { __LINE__, "step \"one\"" },
        { __LINE__, "versioning b-1 enabled" },
        { __LINE__, "versioning b-1 suspended" },
        { __LINE__, "rule b-1 -> b-2 enable" },
        { __LINE__, "rule b-1 -> b-2 disable" },
        { __LINE__, "skew us-east-1 5m" },
        { __LINE__, "lifecycle b-1 prefix tmp/ days 1 noncurrent-days 2" },
        { __LINE__, "route m us-east-1 active eu-west-1 passive" },
        { __LINE__, "route m us-east-1 70 eu-west-1 30 --now" },
        { __LINE__, "lag 15s" },
        { __LINE__, "lag us-east-1 eu-west-1 lognormal(p50=12s,p99=3m) both" },
        { __LINE__, "lag us-east-1 <-> eu-west-1 exp(10s) --bandwidth 10MB/s" },
        { __LINE__, "lag us-east-1 -> eu-west-1 1m rule to-b-2 prefix img/" },
        { __LINE__, "lag us-east-1 -> eu-west-1 none prefix img/" },
        { __LINE__, "partition us-east-1 / eu-west-1 ap-southeast-1" },
        { __LINE__, "partition us-east-1 / eu-west-1 --for 2m --one-way" },
        { __LINE__, "heal" },
        { __LINE__, "outage us-east-1 on" },
        { __LINE__, "outage us-east-1 on plane data for 10m" },
        { __LINE__, "outage us-east-1 off" },
        { __LINE__, "fault add --region us-east-1 --error 503:SlowDown --probability 0.3" },
        { __LINE__, "fault add name f script 503:SlowDown,ok times 5 client eve api GetObject" },
        { __LINE__, "fault rm f" },
        { __LINE__, "fault clear" },
        { __LINE__, "replication hold us-east-1 eu-west-1" },
        { __LINE__, "replication hold" },
        { __LINE__, "replication release us-east-1 eu-west-1 --count 1" },
        { __LINE__, "replication release bucket b-1 key k rule r destination b-2 version v early" },
        { __LINE__, "replication drop us-east-1 eu-west-1 reason SrcVersionNotFound" },
        { __LINE__, "replication retry" },
        { __LINE__, "replication resync b-1 key img/" },
        { __LINE__, "clock advance 15s" },
        { __LINE__, "clock next" },
        { __LINE__, "clock set 2030-01-01T00:00:00Z" },
        { __LINE__, "clock pause" },
        { __LINE__, "clock run" },
        { __LINE__, "clock rate 60" },
        { __LINE__, "clock mode auto" },
        { __LINE__, "clock show" },
        { __LINE__, "wait" },
        { __LINE__, "wait m/k b-1 b-1/img/* within 20s region eu-west-1" },
        { __LINE__, "wait m --within 20s --wall" },
        { __LINE__, "reset" },
        { __LINE__, "reset --to empty" },
        { __LINE__, "bob put m/k \"x\"\nexpect status 200" },
        { __LINE__, "bob put m/k size=1MiB if-none-match=*\nexpect status 200" },
        { __LINE__,
          "bob get m/k\nsave $e = etag\nsave $v = version\nsave $b = body\nexpect status 200\n"
          "bob get m/k version=$v if-match=$e if-none-match=$e\nexpect status 304\n"
          "bob put m/k $b\nexpect etag $e\nexpect version $v" },
        { __LINE__, "bob head m/k header \"Range: bytes=0-1\"\nexpect header Content-Length 2" },
        { __LINE__, "bob delete m/k\nexpect status 204" },
        { __LINE__, "bob copy b-1/k m/k2\nexpect status 200" },
        { __LINE__,
          "bob list m/img/ max=2\nsave $t = token\nexpect status 200\nbob list m/img/ token=$t\n"
          "expect keys a b c" },
        { __LINE__, "bob delete-many b-1/a b-1/b\nexpect status 200" },
        { __LINE__, "bob tag m/k colour=red size=xl\nexpect status 200" },
        { __LINE__, "bob mpu-start m/k\nsave $u = upload\nexpect status 200\nbob mpu-part m/k "
                    "upload=$u part=1 "
                    "size=5MiB\nexpect status 200\nbob mpu-complete m/k upload=$u\n"
                    "expect status 200\nbob mpu-abort m/k upload=$u\nexpect code NoSuchUpload" },
        { __LINE__, "bob request GET /b-1?versions host=localhost\nexpect xml Key k" },
        { __LINE__, "bob get m/k\nexpect status 200\nexpect not code NoSuchKey\nexpect body \"x\"\n"
                    "expect region us-east-1\nexpect reason nearest-active\nexpect stale\n"
                    "expect stale by 2\nexpect fresh\nexpect missing\nexpect resurrected\n"
                    "expect replication-status PENDING\nexpect keys" },
        { __LINE__, "expect converged m/k" },
        { __LINE__, "expect diverged m" },
        { __LINE__, "expect pending us-east-1 -> eu-west-1 = 1" },
        { __LINE__, "expect pending b-1 -> b-2 = 0" },
        { __LINE__, "expect anomaly stale-read" },
        { __LINE__, "expect no anomaly" },
        { __LINE__, "expect no anomaly lost-update" },
        { __LINE__, "expect history m/k \"v1 v2\"" },
        { __LINE__, "eventually within 30s\n  expect converged m/k" },
        { __LINE__, "always for 30s\n  expect no anomaly" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct script script;
        str text = str_format(arena, "%s%s\n", HEAD, rows[i].text);
        str said = problems_of(arena, text.ptr, &script);
        if (said.size > 0)
            fail_msg("row of line %d: %.*s", rows[i].line, STR_ARG(said));
    }
    arena_free(arena);
}
