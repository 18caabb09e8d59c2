/* anomalies: what a reader can notice because Regions differ, by name. Now those that one read
 * shows by itself (server/judge.h); the names of the others are known, so that a scenario that
 * expects one is told what is missing. Threads: pure. */
#ifndef ATOLL_SCENARIO_ANOMALIES_H
#define ATOLL_SCENARIO_ANOMALIES_H

#include "server/judge.h"

enum anomaly { ANOMALY_STALE_READ, ANOMALY_NOT_FOUND, ANOMALY_RESURRECTED, ANOMALIES };

const char *anomalies_name(enum anomaly anomaly);
/* ANOMALIES when there is none of that name. */
enum anomaly anomalies_find(str name);
/* What is wrong with this name, or STR_NONE. */
str anomalies_judge(struct arena *arena, str name);
/* ANOMALIES when the read was fresh, or was not judged. */
enum anomaly anomalies_of(const struct freshness *freshness);

#endif
