/* config_quick: worlds in a variable. ATOLL_BUCKETS="a@us-east-1,b@eu-west-1" declares buckets,
 * ATOLL_MRAP="orders=a,b" (or "orders=a@us-east-1,b@eu-west-1") an access point over versioned
 * buckets with rules in every direction. Made into a document, so that one reader judges all. */
#ifndef ATOLL_SERVER_CONFIG_QUICK_H
#define ATOLL_SERVER_CONFIG_QUICK_H

#include "server/config_problems.h"

/* A document, or STR_NONE when both are empty or a piece is not sound (said as a problem). */
str config_quick_document(struct config_problems *problems, str buckets, str mrap);

#endif
