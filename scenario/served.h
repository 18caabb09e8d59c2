/* served: scenarios in the world of a running server: POST /_atoll/v1/scenarios.
 *
 * One at a time, on a thread of its own, under a manual clock, since under another a wait would
 * last as long as it says and a server could not end meanwhile. The text names no files, and clock,
 * seed and configuration are the server's. Afterwards the world stands as the scenario left it.
 * Threads: world->player from any; these from main.
 */
#ifndef ATOLL_SCENARIO_SERVED_H
#define ATOLL_SCENARIO_SERVED_H

#include "server/world.h"

struct served;
/* Connects itself to the world as its player and its watch. */
struct served *served_open(struct world *world);
/* The scenario that runs ends before its next line, and none begins. */
void served_stop(struct served *served);
/* Stops, and waits for the thread: before the world is closed. */
void served_close(struct served *served);
void served_free(struct served *served); /* after it */

#endif
