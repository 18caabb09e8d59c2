/* config_flags: the arguments of a command as (setting, value) pairs, judged but not yet applied,
 * since the file that they win over must be read first. For config.c. */
#ifndef ATOLL_SERVER_CONFIG_FLAGS_H
#define ATOLL_SERVER_CONFIG_FLAGS_H

#include "server/config_problems.h"
#include "server/config_table.h"

struct config_flag {
    const struct setting *setting;
    str value;
    str where; /* "--grace", "-l" */
};

struct config_flags {
    struct config_flag *at;
    size_t count;
    size_t rest_from; /* index of the first argument after "--"; arg_count when there is none */
    bool has_rest;
};

/* --foo=bar, --foo bar, --foo, --no-foo, -l bar, -lbar; "--" ends them. */
void config_flags_read(struct config_problems *problems, const struct config_input *input,
                       struct config_flags *out);
/* The last value given for a setting; STR_NONE when it was not given. */
str config_flags_value(const struct config_flags *flags, const char *flag);

#endif
