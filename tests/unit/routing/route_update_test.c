/* Updates of dials: one table of rows, and the sentences an error is explained with. */
#include "routing/route.h"
#include "tests/unit/test.h"

#define US "us-east-1"
#define EU "eu-west-1"
#define AP "ap-southeast-1"

static void members_make(struct route_member members[static 3], const unsigned dials[static 3])
{
    members[0] = (struct route_member){ STR("orders-use1"), region_find(STR(US)), dials[0] };
    members[1] = (struct route_member){ STR("orders-euw1"), region_find(STR(EU)), dials[1] };
    members[2] = (struct route_member){ STR("orders-apse1"), region_find(STR(AP)), dials[2] };
}

/* Lines of an update: "REGION=dial", "/BUCKET=dial" or "REGION/BUCKET=dial", by blanks. */
static size_t changes_parse(const char *text, struct route_change changes[static 8])
{
    str rest = str_of(text);
    str line, dial;
    size_t count = 0;

    while (rest.size > 0 && str_next(&rest, ' ', &line)) {
        uint64_t number = 0;
        struct route_change *change = &changes[count++];
        assert_true(count <= 8 && str_cut(line, '=', &line, &dial) && str_to_u64(dial, &number));
        str_cut(line, '/', &change->region, &change->bucket);
        change->dial = (unsigned) number;
    }
    return count;
}

struct row {
    int line;
    unsigned before[3];
    const char *changes;
    bool strict;
    enum route_update_error error;
    size_t change; /* the offending line */
    unsigned after[3];
    bool weighted, whole_split;
};

#define FAILS(error, change, ...) error, change, { __VA_ARGS__ }, false, false
#define GIVES(...) ROUTE_UPDATE_OK, SIZE_MAX, { __VA_ARGS__ }, false, false
#define WEIGHS(...) ROUTE_UPDATE_OK, SIZE_MAX, { __VA_ARGS__ }, true, false
#define SPLITS(...) ROUTE_UPDATE_OK, SIZE_MAX, { __VA_ARGS__ }, true, true

/* clang-format off */
static const struct row rows[] = {
    /* As AWS: 0 and 100, members not named keep theirs. */
    { __LINE__, { 100, 100, 100 }, EU "=0", false, GIVES(100, 0, 100) },
    { __LINE__, { 100, 0, 0 }, EU "=100", false, GIVES(100, 100, 0) },
    { __LINE__, { 100, 0, 0 }, US "=0 " EU "=100", false, GIVES(0, 100, 0) },
    { __LINE__, { 100, 0, 0 }, EU "=100 " US "=0", true, GIVES(0, 100, 0) },
    { __LINE__, { 0, 100, 0 }, EU "=100", true, GIVES(0, 100, 0) },
    { __LINE__, { 100, 100, 100 }, US "=100 " EU "=0 " AP "=0", false, GIVES(100, 0, 0) },
    { __LINE__, { 70, 30, 0 }, AP "=100", false, GIVES(70, 30, 100) },
    { __LINE__, { 70, 30, 0 }, US "=0", true, GIVES(0, 30, 0) },

    /* Names: the bucket, the Region, or both when they agree. */
    { __LINE__, { 100, 100, 100 }, "/orders-euw1=0", false, GIVES(100, 0, 100) },
    { __LINE__, { 100, 100, 100 }, EU "/orders-euw1=0", false, GIVES(100, 0, 100) },
    { __LINE__, { 100, 100, 100 }, "/orders-use1=0 " EU "=0", false, GIVES(0, 0, 100) },

    /* In-between dials that add up to 100 are the whole split. */
    { __LINE__, { 100, 100, 100 }, US "=70 " EU "=30", false, SPLITS(70, 30, 0) },
    { __LINE__, { 0, 0, 100 }, US "=70 " EU "=30", false, SPLITS(70, 30, 0) },
    { __LINE__, { 100, 100, 100 }, US "=70 " EU "=30 " AP "=0", false, SPLITS(70, 30, 0) },
    { __LINE__, { 100, 100, 100 }, US "=34 " EU "=33 " AP "=33", false, SPLITS(34, 33, 33) },
    { __LINE__, { 100, 100, 100 }, US "=99 " AP "=1", false, SPLITS(99, 0, 1) },

    /* Other in-between dials are weights, members not named keep theirs. */
    { __LINE__, { 100, 100, 100 }, US "=70", false, WEIGHS(70, 100, 100) },
    { __LINE__, { 100, 100, 0 }, US "=70 " EU "=20", false, WEIGHS(70, 20, 0) },
    { __LINE__, { 100, 100, 0 }, US "=50 " EU "=100", false, WEIGHS(50, 100, 0) },
    { __LINE__, { 100, 0, 0 }, US "=1", false, WEIGHS(1, 0, 0) },
    { __LINE__, { 100, 100, 100 }, US "=60 " EU "=60", false, WEIGHS(60, 60, 100) },

    /* Refused, and nothing moved. */
    { __LINE__, { 100, 0, 0 }, "", false, FAILS(ROUTE_UPDATE_EMPTY, SIZE_MAX, 100, 0, 0) },
    { __LINE__, { 100, 0, 0 }, "=0", false, FAILS(ROUTE_UPDATE_NAMELESS, 0, 100, 0, 0) },
    { __LINE__, { 100, 0, 0 }, US "=0", false, FAILS(ROUTE_UPDATE_NO_ACTIVE, SIZE_MAX, 100, 0, 0) },
    { __LINE__, { 100, 100, 100 }, US "=0 " EU "=0 " AP "=0", false,
      FAILS(ROUTE_UPDATE_NO_ACTIVE, SIZE_MAX, 100, 100, 100) },
    { __LINE__, { 100, 100, 0 }, EU "=0 eu-west-2=100", false,
      FAILS(ROUTE_UPDATE_REGION_UNKNOWN, 1, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, EU "=0 eu-wst-1=100", false,
      FAILS(ROUTE_UPDATE_REGION_UNKNOWN, 1, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, "EU-WEST-1=0", false,
      FAILS(ROUTE_UPDATE_REGION_UNKNOWN, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, "/orders=0", false,
      FAILS(ROUTE_UPDATE_BUCKET_UNKNOWN, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, EU "/orders=0", false,
      FAILS(ROUTE_UPDATE_BUCKET_UNKNOWN, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, "eu-west-2/orders-euw1=0", false,
      FAILS(ROUTE_UPDATE_REGION_UNKNOWN, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, US "/orders-euw1=0", false,
      FAILS(ROUTE_UPDATE_MISMATCH, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, EU "=0 /orders-euw1=0", false,
      FAILS(ROUTE_UPDATE_DUPLICATE, 1, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, EU "=50 " EU "=50", false,
      FAILS(ROUTE_UPDATE_DUPLICATE, 1, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, US "=0 " EU "=101", false,
      FAILS(ROUTE_UPDATE_DIAL_RANGE, 1, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, EU "=4294967295", true,
      FAILS(ROUTE_UPDATE_DIAL_RANGE, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, US "=70 " EU "=30", true,
      FAILS(ROUTE_UPDATE_DIAL_STRICT, 0, 100, 100, 0) },
    { __LINE__, { 100, 100, 0 }, US "=100 " EU "=99", true,
      FAILS(ROUTE_UPDATE_DIAL_STRICT, 1, 100, 100, 0) },
};
/* clang-format on */

static void check(const struct row *row)
{
    struct route_member members[3];
    struct route_change lines[8];
    struct route_changes changes = { lines, changes_parse(row->changes, lines), row->strict };
    struct route_update_result result;

    members_make(members, row->before);
    bool done = route_update(members, 3, &changes, &result);
    if (done != (row->error == ROUTE_UPDATE_OK) || result.error != row->error ||
        result.change != row->change)
        fail_msg("line %d: error %d in line %zu", row->line, (int) result.error, result.change);
    if (result.weighted != row->weighted || result.whole_split != row->whole_split)
        fail_msg("line %d: weighted %d, split %d", row->line, result.weighted, result.whole_split);
    for (size_t i = 0; i < 3; i++)
        if (members[i].dial != row->after[i])
            fail_msg("line %d: dial %zu is %u", row->line, i, members[i].dial);
}

TEST(an_update_moves_dials_as_the_rows_say)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
}

TEST(an_access_point_without_members_knows_no_name)
{
    struct route_change line = { STR_NONE, STR(US), 100 };
    struct route_changes changes = { &line, 1, false };
    struct route_update_result result;

    assert_false(route_update(NULL, 0, &changes, &result));
    assert_int_equal(result.error, ROUTE_UPDATE_REGION_UNKNOWN);
    line = (struct route_change){ STR("orders"), STR_NONE, 100 };
    assert_false(route_update(NULL, 0, &changes, &result));
    assert_int_equal(result.error, ROUTE_UPDATE_BUCKET_UNKNOWN);
}

TEST(a_table_is_weighted_when_any_dial_is_in_between)
{
    static const struct {
        unsigned dials[3];
        bool weighted;
    } cases[] = {
        { { 100, 100, 0 }, false }, { { 0, 0, 0 }, false },       { { 100, 0, 1 }, true },
        { { 99, 0, 0 }, true },     { { 100, 100, 100 }, false }, { { 70, 30, 0 }, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct route_member members[3];
        members_make(members, cases[i].dials);
        assert_int_equal(route_is_weighted(members, 3), cases[i].weighted);
    }
    assert_false(route_is_weighted(NULL, 0));
}

TEST(an_error_says_which_name_or_dial_is_wrong)
{
    static const struct {
        const char *changes;
        bool strict;
        const char *text;
    } cases[] = {
        { EU "=0", false, "" },
        { "", false, "The request has no route update." },
        { "=0", false, "A route update names neither a bucket nor a Region." },
        { EU "=0 /nope=0", false, "Bucket \"nope\" is not part of this access point." },
        { "eu-west-2=0", false, "No bucket of this access point is in Region \"eu-west-2\"." },
        { "eu-wst-1=0", false,
          "No bucket of this access point is in Region \"eu-wst-1\". Did you mean eu-west-1?" },
        { US "/orders-euw1=0", false, "Bucket \"orders-euw1\" is not in Region \"us-east-1\"." },
        { EU "=0 " EU "=100", false, "The route of \"eu-west-1\" is updated twice." },
        { EU "=101", false, "TrafficDialPercentage 101 of \"eu-west-1\" is above 100." },
        { "/orders-euw1=70", true,
          "TrafficDialPercentage 70 of \"orders-euw1\" is neither 0 nor 100." },
        { US "=0 " EU "=0 " AP "=0", false,
          "At least one Region must stay active (TrafficDialPercentage above 0)." },
    };
    struct arena *arena = arena_new();

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct route_member members[3];
        struct route_change lines[8];
        struct route_changes changes = { lines, changes_parse(cases[i].changes, lines),
                                         cases[i].strict };
        struct route_update_result result;
        struct buf out;
        members_make(members, (unsigned[]){ 100, 100, 100 });
        bool done = route_update(members, 3, &changes, &result);
        assert_int_equal(done, i == 0);
        buf_init_arena(&out, arena, 1024);
        route_update_describe(&changes, &result, &out);
        assert_str(buf_str(&out), cases[i].text);
    }
    arena_free(arena);
}
