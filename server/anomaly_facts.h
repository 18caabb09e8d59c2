/* anomaly_facts: what server/anomalies.c compares: sightings of versions, and the questions to the
 * store that decide whether one was missed. For that file only.
 *
 * A sighting is a value without pointers, so that tables can keep it. Threads: the request's own.
 */
#ifndef ATOLL_SERVER_ANOMALY_FACTS_H
#define ATOLL_SERVER_ANOMALY_FACTS_H

#include "routing/topology.h"
#include "server/anomalies.h"
#include "server/judge.h"

#define FINDING_WITNESSES 3

struct short_text { /* longer ones are cut */
    unsigned char size;
    char text[40];
};

/* One operation of a session on a key, and the version it saw or made. */
struct sighting {
    bool is_set;
    bool marker;
    region_id region;          /* that served */
    int64_t bucket;            /* that served */
    struct short_text version; /* empty: nothing was there */
    struct short_text etag;
    struct short_text origin; /* reads: where the version was first written */
    int64_t stamp_us;         /* reads */
    struct short_text request;
    instant at;
    int64_t answered_ns; /* clock_mono */
};

struct witness {
    const char *what;
    struct sighting sighting;
};

struct finding {
    enum anomaly_kind kind;
    instant at;
    str session, mrap, key, sentence;
    uint64_t state;
    struct witness witnesses[FINDING_WITNESSES];
    size_t witness_count;
};

str sighting_version(const struct sighting *sighting);
str sighting_region(const struct sighting *sighting);
bool sighting_is_newer(const struct sighting *a, const struct sighting *b);

struct sighting anomaly_facts_of_read(const struct request *rq);
/* version empty when the bucket gives no version ids. */
struct sighting anomaly_facts_of_write(const struct request *rq);
bool anomaly_facts_is_write(const struct request *rq);

/* Was `before` answered before this read began, does its version still exist, and is what the read
 * got older? */
bool anomaly_facts_goes_back(struct request *rq, const struct sighting *before,
                             const struct sighting *now);
/* Is there a version newer than all this session knew (*base becomes the newest of it) and older
 * than what it wrote now? */
bool anomaly_facts_lost(struct request *rq, const struct sighting *wrote,
                        const struct sighting *now, struct sighting *base, struct sighting *lost);
/* The session never read the key: is there a version elsewhere, acknowledged and older than what it
 * wrote now, that had not come to where it wrote, and that its copies will bury? */
bool anomaly_facts_buried(struct request *rq, const struct sighting *wrote,
                          const struct sighting *now, struct sighting *lost);
/* Is that version still the current one where it was made? */
bool anomaly_facts_is_current(struct request *rq, const struct sighting *sighting);

void anomaly_facts_add(struct finding *finding, const char *what, const struct sighting *sighting);
void anomaly_facts_add_newest(struct finding *finding, const struct freshness *freshness);
str anomaly_facts_of_freshness(struct request *rq, str session);
str anomaly_facts_of_going_back(struct request *rq, str session, const struct sighting *before,
                                const struct sighting *now, bool own);
void anomaly_facts_write(struct arena *arena, const struct finding *finding, const char *kind,
                         uint64_t number, struct buf *out);

#endif
