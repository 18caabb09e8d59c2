/* Names of anomalies; see anomalies.h. */
#include "scenario/anomalies.h"

static const str names[ANOMALIES] = { { "stale-read", 10 },
                                      { "not-found-after-write", 21 },
                                      { "resurrected", 11 } };

/* These need more than one read to be seen: a session, or a key's whole history. */
static const char *const later[] = { "read-your-writes", "monotonic-reads",
                                     "monotonic-writes", "writes-follow-reads",
                                     "lost-update",      "double-create",
                                     "diverged" };

const char *anomalies_name(enum anomaly anomaly)
{
    return names[anomaly].ptr;
}

enum anomaly anomalies_find(str name)
{
    for (size_t i = 0; i < ANOMALIES; i++)
        if (str_eq(names[i], name))
            return (enum anomaly) i;
    return ANOMALIES;
}

str anomalies_judge(struct arena *arena, str name)
{
    if (anomalies_find(name) != ANOMALIES)
        return STR_NONE;
    for (size_t i = 0; i < COUNT(later); i++)
        if (str_is(name, later[i]))
            return str_format(arena,
                              "the anomaly '%s' is not known yet; known are stale-read, "
                              "not-found-after-write and resurrected",
                              later[i]);
    str near = str_nearest(name, names, ANOMALIES);
    return str_format(arena, "there is no anomaly '%.*s'%s%.*s%s", STR_ARG(name),
                      near.size ? " (did you mean '" : "", STR_ARG(near), near.size ? "'?)" : "");
}

enum anomaly anomalies_of(const struct freshness *freshness)
{
    if (freshness == NULL)
        return ANOMALIES;
    switch (freshness->verdict) {
    case STALE:
        return ANOMALY_STALE_READ;
    case MISSING:
        return ANOMALY_NOT_FOUND;
    case RESURRECTED:
        return ANOMALY_RESURRECTED;
    case FRESH:
        break;
    }
    return ANOMALIES;
}
