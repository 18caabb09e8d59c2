/* config_making: the pieces of a world that a start and a change of configuration both make.
 *
 * Threads: one at a time; blocks until committed. Errors: false with a sentence in *making->error.
 */
#ifndef ATOLL_SERVER_CONFIG_MAKING_H
#define ATOLL_SERVER_CONFIG_MAKING_H

#include "replication/rules.h"
#include "server/auth/auth.h"
#include "server/clients.h"
#include "server/config.h"
#include "server/config_apply.h"
#include "server/control/role.h"

struct config_making {
    struct arena *arena;
    struct world *world;
    struct lane *lane;
    const struct config *config;
    str *error;
};

/* The account said, or the default one. */
str config_making_account(const struct config_making *making, str account);
/* Documents of one write. `what` for the error. */
MUST_CHECK bool config_making_commit(struct config_making *making, const char *what,
                                     const struct store_doc *docs, size_t count);
struct clients_said config_making_clients(struct arena *arena,
                                          const struct config_document *document);
struct role config_making_role(struct config_making *making, const struct config_role *declared);
/* What is kept of rules; body.ptr NULL in both when there are none: deletes them. */
void config_making_rules(struct arena *arena, const struct repl_config *rules,
                         struct store_doc docs[2]);
MUST_CHECK bool config_making_put_rules(struct config_making *making, str source, int64_t bucket,
                                        const struct repl_config *rules);
MUST_CHECK bool config_making_versioning(struct config_making *making, str name, int64_t bucket,
                                         enum versioning versioning);
MUST_CHECK bool config_making_object(struct config_making *making, int64_t bucket,
                                     const struct config_object *object);
/* Not there yet; `list` is the present one. */
MUST_CHECK bool config_making_mrap(struct config_making *making, const struct mrap_list *list,
                                   const struct config_mrap *declared);
/* What a configuration says of a Region (enabled, its clock), as documents: at most two. Adds to
 * docs[*count]. */
void config_making_region(struct arena *arena, const struct config_region *declared,
                          struct store_doc *docs, size_t *count);

#endif
