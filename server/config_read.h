/* config_read: what the readers of a document's sections share: kinds, unknown keys, problems with
 * their place. For the config_*.c files only. */
#ifndef ATOLL_SERVER_CONFIG_READ_H
#define ATOLL_SERVER_CONFIG_READ_H

#include "base/json.h"
#include "server/config.h"
#include "server/config_problems.h"

struct config_reading {
    struct arena *arena;
    struct config_problems *problems;
    struct config *config;
    str source;    /* "atoll.json" */
    str directory; /* of the source, where an object's files are; ptr == NULL: it may name none */
    bool has_lines;
    const struct config *running; /* whose fixed settings this one may not change; NULL: none */
};

/* A value and what it is called. json == NULL: absent. */
struct config_node {
    const struct json *json;
    str path;
};

struct config_at config_read_at(const struct config_reading *reading, const struct json *json);
void config_read_problem(struct config_reading *reading, struct config_node node,
                         const char *format, ...) PRINTF_LIKE(3, 4);
struct config_node config_read_member(struct config_reading *reading, struct config_node node,
                                      const char *name);
/* A member or element while walking over `child`. */
struct config_node config_read_child(struct config_reading *reading, struct config_node node,
                                     const struct json *child);
struct config_node config_read_element(struct config_reading *reading, struct config_node node,
                                       const struct json *child, size_t index);

/* False, said as a problem, when it is there but of another kind; false when absent. */
bool config_read_kind(struct config_reading *reading, struct config_node node, enum json_kind kind);
/* An object whose keys are all among `known` ("a|b|c"); problems for the others. */
bool config_read_object(struct config_reading *reading, struct config_node node, const char *known);
/* These leave *out alone when the member is absent or wrong. False then. */
bool config_read_text(struct config_reading *reading, struct config_node node, const char *name,
                      str *out);
bool config_read_bool(struct config_reading *reading, struct config_node node, const char *name,
                      bool *out);
bool config_read_number(struct config_reading *reading, struct config_node node, const char *name,
                        double *out);
/* One of `words`; *index is which. */
bool config_read_word(struct config_reading *reading, struct config_node node, const char *words,
                      size_t *index);
bool config_read_account(struct config_reading *reading, struct config_node node, str *out);
region_id config_read_region(struct config_reading *reading, struct config_node node, str code);
/* The array of `count` items of `size` bytes with room for one more, which is zeroed. */
void *config_read_grow(struct arena *arena, void *array, size_t count, size_t size);

/* The sections. */
void config_read_buckets(struct config_reading *reading, struct config_node node);
void config_read_mraps(struct config_reading *reading, struct config_node node);
void config_read_replication(struct config_reading *reading, struct config_node node);
void config_read_links(struct config_reading *reading, struct config_node node);
void config_read_accounts(struct config_reading *reading, struct config_node node);
void config_read_roles(struct config_reading *reading, struct config_node node);
/* The member "policies" of an account or a role. */
void config_read_policies(struct config_reading *reading, struct config_node node,
                          struct fields *out);
void config_read_clients(struct config_reading *reading, struct config_node node);
void config_read_networks(struct config_reading *reading, struct config_node node);
void config_read_faults(struct config_reading *reading, struct config_node node);
/* What the preset brings along: faults that the document does not already have by their names. */
void config_add_preset_faults(struct arena *arena, struct config *config);
void config_read_webhook_hosts(struct config_reading *reading, struct config_node node);
void config_read_targets(struct config_reading *reading, struct config_node node);
void config_read_regions(struct config_reading *reading, struct config_node node);

/* What no section can judge alone: names that others must declare. After the last source. */
void config_check_document(struct config_problems *problems, const struct config *config);

#endif
