/* config_changing: what the parts of a change of configuration share. For config_change*.c only. */
#ifndef ATOLL_SERVER_CONFIG_CHANGING_H
#define ATOLL_SERVER_CONFIG_CHANGING_H

#include "server/changes.h"
#include "server/config_change.h"
#include "server/config_making.h"

struct config_changing {
    struct config_making making; /* with the new configuration */
    const struct config *old;    /* never NULL */
    struct config_problems *problems;
    struct config_change *out;
};

/* One name more; they are listed in the order in which things were done. */
void config_change_note(struct config_changing *changing, struct config_names *names,
                        const char *format, ...) PRINTF_LIKE(3, 4);

/* Around a change of what can be changed by hand, so that it is remembered as one: before the
 * commit, and changes_after when memory has it. */
struct changes_pending config_change_before(struct config_changing *changing,
                                            const struct store_doc *docs, size_t count);

void config_change_buckets_judge(struct config_changing *changing);
void config_change_mraps_judge(struct config_changing *changing);
void config_change_faults_judge(struct config_changing *changing);

MUST_CHECK bool config_change_people_apply(struct config_changing *changing);
MUST_CHECK bool config_change_links_apply(struct config_changing *changing);
MUST_CHECK bool config_change_regions_apply(struct config_changing *changing);
MUST_CHECK bool config_change_faults_apply(struct config_changing *changing);
/* Buckets, versioning, rules. */
MUST_CHECK bool config_change_buckets_apply(struct config_changing *changing);
/* After the rules, so that objects are replicated as if somebody had uploaded them. */
MUST_CHECK bool config_change_objects_apply(struct config_changing *changing);
MUST_CHECK bool config_change_mraps_apply(struct config_changing *changing);

#endif
