/* config_value: one setting's value between text and struct config, with its bounds. Pure. */
#ifndef ATOLL_SERVER_CONFIG_VALUE_H
#define ATOLL_SERVER_CONFIG_VALUE_H

#include "base/json.h"
#include "server/config_table.h"

/* Lists (--listen, --host-name) are added to, also several at once with commas. False, with a
 * sentence in *error, when the text is no such value. */
MUST_CHECK bool config_value_set(struct arena *arena, struct config *config,
                                 const struct setting *setting, str text, str *error);
/* Zero, or an empty list: before a source that replaces what another one said. */
void config_value_clear(struct config *config, const struct setting *setting);
/* As one would write it; a list with commas; empty when there is nothing. */
str config_value_text(struct arena *arena, const struct config *config,
                      const struct setting *setting);
/* As a member of the file's objects. */
void config_value_json(struct json_writer *writer, struct arena *arena, const char *name,
                       const struct config *config, const struct setting *setting);
bool config_value_is_list(const struct setting *setting);

#endif
