/* config_rules: the sugar of "replication" as the configuration that PutBucketReplication would
 * have been given for one source bucket. Pure. */
#ifndef ATOLL_SERVER_CONFIG_RULES_H
#define ATOLL_SERVER_CONFIG_RULES_H

#include "replication/rules.h"
#include "server/config.h"

/* Judged as S3 judges it, and with the destinations' Regions. False with *problem otherwise.
 * rule_count 0: the document says nothing about this source. */
MUST_CHECK bool config_rules_build(struct arena *arena, const struct config *config, str source,
                                   struct repl_config *out, struct repl_problem *problem);

#endif
