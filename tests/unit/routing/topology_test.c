/* Regions, places and distances: the tables are whole, and every way to name a place works. */
#include <math.h>

#include "routing/topology.h"
#include "tests/unit/test.h"

static region_id region(const char *code)
{
    region_id id = region_find(str_of(code));
    assert_int_not_equal(id, REGION_NONE);
    return id;
}

static struct place place(const char *text)
{
    struct place found = { .region = 12345 };
    if (!place_find(str_of(text), &found))
        fail_msg("no place \"%s\"", text);
    return found;
}

static void assert_near(double actual, double expected, double by, int line)
{
    if (!(fabs(actual - expected) <= by))
        fail_msg("row at line %d: %.4f is not within %g of %.4f", line, actual, by, expected);
}

TEST(regions_are_sorted_by_code_and_each_is_found_by_it)
{
    assert_int_equal(region_count(), 34);
    for (region_id id = 0; id < region_count(); id++) {
        const struct region_info *info = region_at(id);
        assert_int_equal(region_find(info->code), id);
        assert_true(info->name.size > 0 && info->city.size > 0);
        assert_true(fabs(info->lat) <= 90 && fabs(info->lon) <= 180);
        if (id > 0)
            assert_true(str_cmp(region_at(id - 1)->code, info->code) < 0);
    }
}

TEST(what_is_no_region_code_is_not_found)
{
    static const char *const words[] = { "",          "us",         "us-east-",  "us-east-11",
                                         "US-EAST-1", " us-east-1", "zz-east-1", "aa-east-1",
                                         "paris",     "us_east_1" };
    for (size_t i = 0; i < COUNT(words); i++)
        assert_int_equal(region_find(str_of(words[i])), REGION_NONE);
    assert_int_equal(region_find(STR_NONE), REGION_NONE);
    assert_int_equal(region_find(str_from("us-east-1\0", 10)), REGION_NONE);
}

TEST(a_region_is_either_on_by_default_or_opted_into)
{
    unsigned supported = 0, by_default = 0, failover = 0, control = 0;

    for (region_id id = 0; id < region_count(); id++) {
        const struct region_info *info = region_at(id);
        assert_true(info->opt_in != info->mrap_default);
        assert_true(info->mrap_supported || !info->mrap_default);
        supported += info->mrap_supported;
        by_default += info->mrap_default;
        failover += info->failover_control_plane;
        control += info->mrap_control_plane;
    }
    assert_int_equal(supported, 29);
    assert_int_equal(by_default, 17);
    assert_int_equal(failover, 5);
    assert_int_equal(control, 1);
    assert_true(region_at(region("us-west-2"))->mrap_control_plane);
    assert_str(region_at(region("eu-west-1"))->name, "Europe (Ireland)");
    assert_false(region_at(region("mx-central-1"))->mrap_supported);
}

TEST(each_row_of_round_trips_stands_at_its_region_and_ends_there)
{
    static const struct {
        const char *code;
        size_t figures;
    } rows[] = {
#define RTT(code, ...) { code, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int) },
#include "routing/rtt.def"
#undef RTT
    };

    assert_int_equal(COUNT(rows), region_count());
    for (region_id id = 0; id < region_count(); id++) {
        assert_str(region_at(id)->code, rows[id].code);
        assert_int_equal(rows[id].figures, id + 1);
    }
}

TEST(round_trips_are_the_same_both_ways_and_shortest_within_a_region)
{
    for (region_id a = 0; a < region_count(); a++)
        for (region_id b = 0; b < region_count(); b++) {
            double rtt = region_rtt_ms(a, b);
            assert_true(rtt == region_rtt_ms(b, a));
            assert_true(rtt >= 1 && rtt < 500);
            assert_true(a == b || region_rtt_ms(a, a) < rtt);
        }
}

TEST(round_trips_are_the_measured_ones)
{
    static const struct {
        int line;
        const char *a, *b;
        double rtt_ms;
    } rows[] = {
        { __LINE__, "us-east-1", "us-east-1", 6 },
        { __LINE__, "us-east-1", "eu-west-1", 70 },
        { __LINE__, "eu-west-1", "us-east-1", 70 },
        { __LINE__, "ap-southeast-1", "us-east-1", 219 },
        { __LINE__, "eu-west-1", "ap-southeast-1", 179 },
        { __LINE__, "af-south-1", "us-west-2", 274 },
        { __LINE__, "us-west-2", "us-west-1", 22 },
        { __LINE__, "ap-southeast-6", "us-east-1", 224 },
        { __LINE__, "eu-west-2", "eu-west-3", 11 },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_near(region_rtt_ms(region(rows[i].a), region(rows[i].b)), rows[i].rtt_ms, 0,
                    rows[i].line);
}

TEST(a_region_set_holds_what_was_put_in)
{
    region_set set = REGION_SET_NONE;

    set = region_set_with(set, 0);
    set = region_set_with(set, 33);
    set = region_set_with(set, 63);
    assert_true(region_set_has(set, 0) && region_set_has(set, 33) && region_set_has(set, 63));
    assert_false(region_set_has(set, 1) || region_set_has(set, 32));
    set = region_set_without(set, 33);
    assert_false(region_set_has(set, 33));
    assert_true(region_set_has(set, 63));
    assert_true(region_set_with(set, REGION_NONE) == set);
    assert_true(region_set_without(set, REGION_NONE) == set);
    assert_false(region_set_has(REGION_SET_ALL, REGION_NONE));
    assert_false(region_set_has(REGION_SET_ALL, 64));
}

TEST(cities_are_sorted_and_each_is_found_by_name)
{
    assert_true(place_city_count() >= 150);
    for (size_t i = 0; i < place_city_count(); i++) {
        struct place city = place_city_at(i);
        struct place found;
        assert_true(place_find(city.name, &found));
        assert_true(found.name.ptr == city.name.ptr);
        assert_true(found.lat == city.lat && found.lon == city.lon);
        assert_int_equal(found.region, REGION_NONE);
        assert_true(fabs(city.lat) <= 90 && fabs(city.lon) <= 180);
        for (size_t c = 0; c < city.name.size; c++)
            assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz-", city.name.ptr[c]));
        if (i > 0)
            assert_true(str_cmp(place_city_at(i - 1).name, city.name) < 0);
    }
}

TEST(every_region_is_a_place)
{
    for (region_id id = 0; id < region_count(); id++) {
        struct place found;
        assert_true(place_find(region_at(id)->code, &found));
        assert_int_equal(found.region, id);
        assert_true(found.lat == region_at(id)->lat && found.lon == region_at(id)->lon);
        assert_true(place_path_to(&found, id).km == 0);
    }
}

TEST(the_worlds_big_cities_are_known)
{
    static const char *const names[] = {
        "new-york",     "paris",    "london",      "singapore",     "tokyo",     "sydney",
        "sao-paulo",    "dublin",   "frankfurt",   "mumbai",        "seoul",     "toronto",
        "seattle",      "chicago",  "los-angeles", "san-francisco", "miami",     "dallas",
        "johannesburg", "nairobi",  "cape-town",   "tel-aviv",      "lagos",     "cairo",
        "dubai",        "istanbul", "moscow",      "berlin",        "madrid",    "rome",
        "stockholm",    "beijing",  "mexico-city", "buenos-aires",  "hong-kong", "ho-chi-minh-city",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        assert_str(place(names[i]).name, names[i]);
}

TEST(a_place_may_be_spelled_with_capitals_spaces_and_underscores)
{
    static const struct {
        const char *text, *name;
    } rows[] = {
        { "New York", "new-york" },     { "new_york", "new-york" },
        { "NEW-YORK", "new-york" },     { "  paris\t", "paris" },
        { "Sao Paulo", "sao-paulo" },   { "EU-West-1", "eu-west-1" },
        { "us_east_1", "us-east-1" },   { "Rio_de Janeiro", "rio-de-janeiro" },
        { " eu-west-1 ", "eu-west-1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_str(place(rows[i].text).name, rows[i].name);
}

TEST(coordinates_are_a_place_named_as_they_were_written)
{
    static const struct {
        int line;
        const char *text;
        double lat, lon;
    } rows[] = {
        { __LINE__, "48.86,2.35", 48.86, 2.35 },
        { __LINE__, "-33.9, 151.2", -33.9, 151.2 },
        { __LINE__, "0,0", 0, 0 },
        { __LINE__, "90,180", 90, 180 },
        { __LINE__, "-90,-180", -90, -180 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place found = place(rows[i].text);
        assert_str(found.name, rows[i].text);
        assert_near(found.lat, rows[i].lat, 0, rows[i].line);
        assert_near(found.lon, rows[i].lon, 0, rows[i].line);
        assert_int_equal(found.region, REGION_NONE);
    }
}

TEST(what_is_no_place_is_refused_and_leaves_the_answer_alone)
{
    static const char *const words[] = {
        "",           " ",
        "atlantis",   "par",
        "pariss",     "90.01,0",
        "-90.01,0",   "0,180.5",
        "0,-181",     "1",
        "1,",         ",1",
        "1,2,3",      "nan,0",
        "0,inf",      "1;2",
        "1,2x",       "-",
        ",",          "new  york",
        "london, uk", "eu-west-9",
        "1e400,0",    "a-name-that-is-much-longer-than-any-city-of-the-world-has-ever-had",
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        struct place found = { .region = 7, .lat = 1 };
        if (place_find(str_of(words[i]), &found))
            fail_msg("\"%s\" was taken for a place", words[i]);
        assert_true(found.region == 7 && found.lat == 1 && found.name.ptr == NULL);
    }
    struct place found;
    assert_false(place_find(STR_NONE, &found));
}

TEST(a_misspelled_name_gets_a_suggestion)
{
    assert_str(region_nearest_name(STR("eu-wst-1")), "eu-west-1");
    assert_str(region_nearest_name(STR("us-esat-1")), "us-east-1");
    assert_false(str_is_set(region_nearest_name(STR("qqqqqqqqqqqq"))));
    assert_str(place_nearest_name(STR("Pariss")), "paris");
    assert_str(place_nearest_name(STR("new-yrok")), "new-york");
    assert_str(place_nearest_name(STR("eu-wst-1")), "eu-west-1");
    assert_false(str_is_set(place_nearest_name(STR("qqqqqqqqqqqq"))));
}

/* Reference figures come from the angle between unit vectors by atan2, another formula. */
TEST(distances_follow_the_great_circle)
{
    static const struct {
        int line;
        const char *from, *to;
        double km;
    } rows[] = {
        { __LINE__, "paris", "eu-west-1", 780.504 },
        { __LINE__, "paris", "us-east-1", 6186.122 },
        { __LINE__, "paris", "ap-southeast-1", 10729.327 },
        { __LINE__, "paris", "eu-west-3", 0 },
        { __LINE__, "new-york", "us-east-1", 350.205 },
        { __LINE__, "auckland", "eu-west-2", 18335.889 },
        { __LINE__, "sydney", "us-west-2", 12564.318 },
        { __LINE__, "honolulu", "ap-northeast-1", 6205.501 },
        { __LINE__, "0,0", "eu-west-2", 5727.672 },
        { __LINE__, "90,0", "ap-southeast-2", 13773.735 },
        { __LINE__, "0,180", "ap-southeast-6", 4132.934 },
        { __LINE__, "0,-180", "ap-southeast-6", 4132.934 },
        { __LINE__, "-51.51,179.87", "eu-west-2", 20015.114 }, /* half the Earth's circumference */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place from = place(rows[i].from);
        assert_near(place_path_to(&from, region(rows[i].to)).km, rows[i].km, 0.001, rows[i].line);
    }
}

TEST(the_antipodes_of_every_region_are_half_the_earth_away)
{
    for (region_id id = 0; id < region_count(); id++) {
        const struct region_info *info = region_at(id);
        double lon = info->lon > 0 ? info->lon - 180 : info->lon + 180;
        struct place opposite = { STR("opposite"), -info->lat, lon, REGION_NONE };
        assert_near(place_path_to(&opposite, id).km, 20015.114, 0.01, (int) id);
    }
}

TEST(a_round_trip_is_measured_from_a_region_and_estimated_from_a_city)
{
    static const struct {
        int line;
        const char *from, *to;
        double rtt_ms;
    } rows[] = {
        { __LINE__, "paris", "eu-west-1", 26.786 },
        { __LINE__, "paris", "us-east-1", 108.410 },
        { __LINE__, "paris", "ap-southeast-1", 177.013 },
        { __LINE__, "singapore", "ap-southeast-1", 15 },
        { __LINE__, "dublin", "eu-west-1", 15 },
        { __LINE__, "eu-west-1", "eu-west-1", 3 },
        { __LINE__, "eu-west-3", "us-east-1", 84 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place from = place(rows[i].from);
        assert_near(place_path_to(&from, region(rows[i].to)).rtt_ms, rows[i].rtt_ms, 0.001,
                    rows[i].line);
    }
}
