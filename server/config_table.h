/* config_table: the one table of settings. Flags, environment, file, help, `config show` and the
 * range checks all read it, so a new setting is a row here and a member of struct settings.
 * Threads: constant. */
#ifndef ATOLL_SERVER_CONFIG_TABLE_H
#define ATOLL_SERVER_CONFIG_TABLE_H

#include "server/config.h"

/* The one setting whose place is among the document's sections. */
#define CONFIG_PATH_LAG "links.*.lag"

enum setting_type {
    SET_TEXT,
    SET_BOOL,   /* --foo, --no-foo */
    SET_WORD,   /* one of `words`; the index is stored as an enum */
    SET_EITHER, /* one of two words; the second is true */
    SET_NAME,   /* one of `words`; the word itself is stored */
    SET_U64,    /* seed: least..most */
    SET_COUNT,  /* unsigned */
    SET_INT,    /* -1: none */
    SET_REAL,   /* double */
    SET_DURATION,
    SET_SIZE, /* bytes */
    SET_INSTANT,
    SET_ACCOUNT,
    SET_LAG,
    SET_DATA, /* a directory, or "memory" */
    SET_LISTEN,
    SET_HOSTS,
    SET_ALIASES /* SIGNED=ARRIVES */
};

enum setting_group { GROUP_WORLD, GROUP_DOOR, GROUP_BEHAVIOUR, GROUP_TIME, GROUP_PROCESS, GROUPS };

struct setting {
    const char *flag; /* "clock-start" */
    char letter;      /* 'c'; 0: none */
    const char *path; /* "clock.start"; NULL: not in the file */
    enum setting_type type;
    size_t offset;        /* in struct config */
    const char *fallback; /* as one would write it; NULL: zero bytes */
    const char *words;    /* "real|manual|auto"; for a duration, the word that means "off" */
    double least, most;   /* bounds; durations in seconds, sizes in bytes */
    enum setting_group group;
    const char *metavar;
    const char *help;
};

size_t config_table_count(void);
const struct setting *config_table_at(size_t index);
/* NULL when there is none. `flag` without dashes. */
const struct setting *config_table_by_flag(str flag);
const struct setting *config_table_by_letter(char letter);
const struct setting *config_table_by_path(str path);
/* Also in a running world; the others need a start. */
bool config_table_may_change(const struct setting *setting);
size_t config_table_index(const struct setting *setting);
/* "did you mean", or STR_NONE. */
str config_table_nearest_flag(str flag);
/* "ATOLL_CLOCK_START". */
str config_table_variable(struct arena *arena, const struct setting *setting);
/* Piece `index` of "a|b|c", or STR_NONE. */
str config_table_word(const char *words, size_t index);
str config_table_group_name(enum setting_group group);

#endif
