/* config_file: finding a configuration, and reading one document: its settings by the table, its
 * world by the sections. For the config_*.c files only. */
#ifndef ATOLL_SERVER_CONFIG_FILE_H
#define ATOLL_SERVER_CONFIG_FILE_H

#include "server/config_read.h"

/* A member of the document that is no setting. */
struct config_section {
    const char *name;
    enum json_kind kind;
    bool or_list; /* an array will do too */
    void (*read)(struct config_reading *reading, struct config_node node);
    const char *help;
};
/* In the order in which they are read; NULL past the last. */
const struct config_section *config_file_section(size_t index);
bool config_file_is_section(str name);

/* ./atoll.json, then $XDG_CONFIG_HOME/atoll/atoll.json (else $HOME/.config); STR_NONE when neither
 * is there. `directory` may be NULL. */
str config_file_search(struct arena *arena, char *const *env, const char *directory);
/* "" or "DIR/" of a path. */
str config_file_directory(struct arena *arena, str path);
/* STR_NONE when it cannot be read, said as a problem. */
str config_file_load(struct config_problems *problems, str path, struct config_at named_by);
/* Settings are set with origin CONFIG_FILE, sections are added to the document. */
void config_file_read(struct config_reading *reading, str text);
#define CONFIG_FORMAT_VERSION 1 /* of "version" */

/* The value of a variable; STR_NONE when unset or empty. */
str config_file_variable(char *const *env, const char *name);

#endif
