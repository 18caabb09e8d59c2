/* config_file: finding a configuration, and reading one document: its settings by the table, its
 * world by the sections. For the config_*.c files only. */
#ifndef ATOLL_SERVER_CONFIG_FILE_H
#define ATOLL_SERVER_CONFIG_FILE_H

#include "server/config_read.h"

/* ./atoll.json, then $XDG_CONFIG_HOME/atoll/atoll.json (else $HOME/.config); STR_NONE when neither
 * is there. `directory` may be NULL. */
str config_file_search(struct arena *arena, char *const *env, const char *directory);
/* "" or "DIR/" of a path. */
str config_file_directory(struct arena *arena, str path);
/* STR_NONE when it cannot be read, said as a problem. */
str config_file_load(struct config_problems *problems, str path, struct config_at named_by);
/* Settings are set with origin CONFIG_FILE, sections are added to the document. */
void config_file_read(struct config_reading *reading, str text);
/* The value of a variable; STR_NONE when unset or empty. */
str config_file_variable(char *const *env, const char *name);

#endif
