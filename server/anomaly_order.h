/* anomaly_order: what one session did in an order, and who can see that the order was not kept: its
 * two latest writes of a key, and what it had seen or written just before it wrote another key.
 * For server/anomalies.c only.
 *
 * Threads: any; one lock, held to copy in and out. Bounds: ANOMALIES_STORIES keys,
 * ANOMALIES_TELLERS sessions, keys up to ANOMALIES_KEY_BYTES; what is forgotten can only hide an
 * anomaly.
 */
#ifndef ATOLL_SERVER_ANOMALY_ORDER_H
#define ATOLL_SERVER_ANOMALY_ORDER_H

#include "server/anomaly_facts.h"

#define ANOMALIES_STORIES 4096  /* [atoll] a power of two */
#define ANOMALIES_TELLERS 1024  /* [atoll] a power of two */
#define ANOMALIES_KEY_BYTES 119 /* [atoll] */

struct key_sighting {
    unsigned char key_size;
    char key[ANOMALIES_KEY_BYTES];
    struct sighting sighting;
};

struct anomaly_order;
struct anomaly_order *anomaly_order_new(void);
void anomaly_order_free(struct anomaly_order *order);
void anomaly_order_clear(struct anomaly_order *order);

/* This session saw (a version is there) or wrote the request's key. */
void anomaly_order_saw(struct anomaly_order *order, const struct request *rq, str session,
                       const struct sighting *now);
void anomaly_order_wrote(struct anomaly_order *order, const struct request *rq, str session,
                         const struct sighting *now);

/* The read got a session's earlier write of this key though its later one is in this Region too. */
bool anomaly_order_inverted(struct anomaly_order *order, struct request *rq,
                            const struct sighting *now, struct sighting *later);
/* The read got a write that was made after something which this Region does not have. */
bool anomaly_order_dangling(struct anomaly_order *order, struct request *rq,
                            const struct sighting *now, struct key_sighting *missed);

#endif
