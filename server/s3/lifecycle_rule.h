/* lifecycle_rule: which objects a <Rule> of a LifecycleConfiguration means, and when its actions
 * are due. Pure; a rule is an element that the table of lifecycle.h and its judge let pass. */
#ifndef ATOLL_SERVER_S3_LIFECYCLE_RULE_H
#define ATOLL_SERVER_S3_LIFECYCLE_RULE_H

#include "server/s3/xml.h"
#include "storage/version.h"

/* The rule is enabled and its filter holds for this version, whose meta.tags are filled if the rule
 * asks for tags. */
MUST_CHECK bool lifecycle_rule_matches(struct arena *arena, const struct xml *rule,
                                       const struct version_info *version);
MUST_CHECK bool lifecycle_rule_matches_upload(const struct xml *rule, str key);
bool lifecycle_rule_asks_tags(const struct xml *rule);
bool lifecycle_rule_asks_size(const struct xml *rule);

/* When an action is due: its Date, or the midnight UTC after as many days as its element `days`
 * says have passed since. False: it has neither, or is NULL. */
MUST_CHECK bool lifecycle_rule_due(const struct xml *action, const char *days, instant since,
                                   instant *due);
/* An element's whole number; `otherwise` when it is not there. */
uint64_t lifecycle_rule_number(const struct xml *action, const char *element, uint64_t otherwise);

/* Objects only go down the waterfall of storage classes: to a higher rank. Empty: STANDARD. */
unsigned lifecycle_rule_rank(str storage_class);
/* Whether an object of this size is left out of a transition into the class. */
bool lifecycle_rule_is_too_small(uint64_t size_bytes, str storage_class, bool varies);

#endif
