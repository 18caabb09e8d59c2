/* config: how a server is asked to be, from flags, environment and file, and what world it starts
 * with.
 *
 * One table (config_table.c) gives every setting its flag, its variable (--foo-bar is
 * ATOLL_FOO_BAR), its place in the file, its bounds and its help. Flags win over the environment,
 * that over the file, that over the defaults.
 * Ownership: all in the arena given. Threads: pure, except that the file is read. Errors: every
 * problem at once, one line each, as
 *     atoll.json:14:9: buckets.orders.region: unknown region 'us-est-1' (did you mean 'us-east-1'?)
 */
#ifndef ATOLL_SERVER_CONFIG_H
#define ATOLL_SERVER_CONFIG_H

#include "server/config_document.h"
#include "server/settings.h"

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_FLAG };

struct config_origin {
    enum config_source source;
    str where; /* "atoll.json:9:5", "ATOLL_GRACE", "--grace"; empty for defaults */
};

#define CONFIG_MAX_SETTINGS 64

struct config_input {
    char *const *args; /* without the program's and the verb's name */
    size_t arg_count;
    char *const *env;      /* as environ; NULL: empty */
    const char *directory; /* where atoll.json is looked for; NULL: the current one */
    bool takes_rest;       /* "--" and what follows is allowed: atoll run */
};

struct config {
    struct config_input input; /* what it was made from: read again for the next one */
    struct settings settings;
    struct config_document document;
    str file;          /* --config or ATOLL_CONFIG as given */
    str source;        /* what was read: a path, "ATOLL_CONFIG_JSON", "--demo"; empty: nothing */
    bool check_only;   /* --check: say whether all is well and end */
    bool help;         /* --help: nothing else was judged */
    char *const *rest; /* what stands after "--" */
    size_t rest_count;
    struct config_origin origins[CONFIG_MAX_SETTINGS]; /* in the table's order */
};

/* False, and what is wrong as lines in `problems`, when the settings or the document are not sound:
 * then nothing may be started from them. */
MUST_CHECK bool config_parse(struct arena *arena, const struct config_input *input,
                             struct config *out, struct buf *problems);

/* Reads settings->admin_token_file, when one is named, into settings->admin_token. False with a
 * sentence when it cannot, or when the file holds none. Not part of parsing: whoever only shows or
 * checks a configuration need not be able to read it. */
MUST_CHECK bool config_read_token(struct arena *arena, struct settings *settings, str *error);
/* A whole document that came another way than a file. Its settings are judged, but only a start can
 * use them. No object of it may name a file. */
MUST_CHECK bool config_parse_text(struct arena *arena, str text, struct config *out,
                                  struct buf *problems);

/* The same, with what is wrong as a list (config_problems.h): sound when it is empty. */
struct config_problems *config_judge_text(struct arena *arena, str text, struct config *out);

/* A document that is to take the place of the one in effect, under the same flags and variables. A
 * setting that needs a start may be left out or said as it is; else it is a problem, by its name.
 * What the document leaves out of the others is as in a start. */
struct config_text {
    str text;
    str source;    /* what problems call it */
    str directory; /* where objects' files are; ptr == NULL: it may name none */
};
struct config_problems *config_judge_next(struct arena *arena, const struct config *running,
                                          const struct config_text *text, struct config *out);

/* Every flag of `serve`, two examples first, within 80 columns. */
void config_help(struct buf *out);
/* The effective configuration as a document that could be loaded again, except that secrets are
 * hidden: GET /_atoll/v1/config and `config show`. */
void config_show(const struct config *config, struct buf *out);
/* One line per setting: where in the file it would stand, its value, who said it. */
void config_show_origins(const struct config *config, struct buf *out);

/* A JSON schema (2020-12) of the document, for editors: GET /_atoll/v1/config.schema.json. */
void config_schema(struct buf *out);

/* The commented atoll.json that `atoll init` writes, and the world of --demo. */
str config_template(void);
str config_demo(void);

#endif
