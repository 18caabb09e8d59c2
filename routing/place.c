/* Places: names and coordinates made into a point on the globe, and how long a round trip from
 * there to a Region takes. */
#include <math.h>

#include "base/bug.h"
#include "routing/topology.h"

/* The mean radius of the Earth (IUGG); the globe's flattening is worth less than 0.6 %. */
#define EARTH_RADIUS_KM 6371.0088
/* Fitted (Theil-Sen) to the 528 measured pairs of Regions in rtt.def: half of them are within 15 %
 * of this line. Light in fibre alone takes 0.01 ms per km, and cables do not follow great circles.
 */
#define RTT_BASE_MS 15.0
#define RTT_MS_PER_KM 0.0151
/* Longer than any name in the table, so what does not fit is no city. */
#define PLACE_NAME_BYTES 32

/* clang-format off */
#define TEXT(literal) { "" literal, sizeof(literal) - 1 }
/* clang-format on */

struct city {
    str name;
    double lat, lon;
};

static const struct city cities[] = {
#define CITY(name, lat, lon) { TEXT(name), lat, lon },
#include "routing/cities.def"
#undef CITY
};

static const str place_words[] = {
#define CITY(name, ...) TEXT(name),
#include "routing/cities.def"
#undef CITY
#define REGION(code, ...) TEXT(code),
#include "routing/regions.def"
#undef REGION
};

/* How the tables spell it: lower case, hyphens. Empty if it is too long for any of them. */
static str place_spelling(str text, char buffer[static PLACE_NAME_BYTES])
{
    text = str_trim(text);
    if (text.size > PLACE_NAME_BYTES)
        return STR_NONE;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char) (c - 'A' + 'a');
        buffer[i] = c == ' ' || c == '_' ? '-' : c;
    }
    return str_from(buffer, text.size);
}

static const struct city *place_city_find(str name)
{
    size_t low = 0;
    size_t high = COUNT(cities);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(name, cities[middle].name);
        if (order == 0)
            return &cities[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool place_from_coordinates(str text, struct place *out)
{
    str lat_text, lon_text;
    double lat, lon;

    if (!str_cut(text, ',', &lat_text, &lon_text))
        return false;
    if (!str_to_double(str_trim(lat_text), &lat) || !str_to_double(str_trim(lon_text), &lon))
        return false;
    if (fabs(lat) > 90.0 || fabs(lon) > 180.0)
        return false;
    *out = (struct place){ .name = text, .lat = lat, .lon = lon, .region = REGION_NONE };
    return true;
}

size_t place_city_count(void)
{
    return COUNT(cities);
}

struct place place_city_at(size_t index)
{
    BUG_UNLESS(index < COUNT(cities));
    const struct city *city = &cities[index];
    return (struct place){ city->name, city->lat, city->lon, REGION_NONE };
}

struct place place_of_region(region_id id)
{
    const struct region_info *region = region_at(id);
    return (struct place){ region->code, region->lat, region->lon, id };
}

bool place_find(str text, struct place *out)
{
    char buffer[PLACE_NAME_BYTES];
    str name = place_spelling(text, buffer);

    region_id region = region_find(name);
    if (region != REGION_NONE) {
        *out = place_of_region(region);
        return true;
    }
    const struct city *city = place_city_find(name);
    if (city != NULL) {
        *out = place_city_at((size_t) (city - cities));
        return true;
    }
    return place_from_coordinates(str_trim(text), out);
}

str place_nearest_name(str word)
{
    char buffer[PLACE_NAME_BYTES];
    return str_nearest(place_spelling(word, buffer), place_words, COUNT(place_words));
}

static double radians(double degrees)
{
    return degrees * (M_PI / 180.0);
}

/* The haversine formula: unlike the law of cosines it stays exact for points close together. */
static double great_circle_km(const struct place *from, const struct region_info *to)
{
    double sin_lat = sin(radians(to->lat - from->lat) / 2);
    double sin_lon = sin(radians(to->lon - from->lon) / 2);
    double haversine =
        sin_lat * sin_lat + cos(radians(from->lat)) * cos(radians(to->lat)) * sin_lon * sin_lon;

    /* Rounding can pass 1 by an ulp at the antipodes, where asin would give NaN. */
    return 2 * EARTH_RADIUS_KM * asin(sqrt(fmin(haversine, 1.0)));
}

struct place_path place_path_to(const struct place *place, region_id region)
{
    struct place_path path = { .km = great_circle_km(place, region_at(region)) };

    path.rtt_ms = place->region != REGION_NONE ? region_rtt_ms(place->region, region)
                                               : RTT_BASE_MS + RTT_MS_PER_KM * path.km;
    return path;
}
