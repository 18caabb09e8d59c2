/* alias_file: edits the text of the AWS CLI's alias file (an INI file of Python's configparser:
 * [command s3control] holds the aliases below `aws s3control`).
 * Ownership: the arena. Threads: pure. Errors: an enum. */
#ifndef ATOLL_CLI_ALIAS_FILE_H
#define ATOLL_CLI_ALIAS_FILE_H

#include "base/str.h"

enum alias_edit {
    ALIAS_UNCHANGED, /* already so; *out is the text */
    ALIAS_CHANGED,
    ALIAS_TAKEN /* the user has an alias of that name that does something else */
};

enum alias_edit alias_file_install(struct arena *arena, str text, str *out);
/* Takes away our line, and the section when we made it and nothing else is in it. */
enum alias_edit alias_file_remove(struct arena *arena, str text, str *out);

#endif
