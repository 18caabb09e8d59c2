/* show: events as lines of a table, for tail and history. Threads: one. */
#ifndef ATOLL_CLI_SHOW_H
#define ATOLL_CLI_SHOW_H

#include "base/json.h"

void show_event_head(void);
void show_event(const struct json *event);

#endif
