/* env: the server writes the script, for it knows the clients; undoing needs no server. */
#include "cli/wiring.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"

enum undo_shell { UNDO_SH, UNDO_FISH, UNDO_POWERSHELL, UNDO_SHELLS };
static const char *const undo_shells[] = { "sh", "fish", "powershell" };

/* What server/admin/wiring.c sets, but for the Region: who had one wants it back. */
static const char *const wired[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "ATOLL_SERVER",
};

static str present(const char *name)
{
    const char *value = getenv(name);
    return value ? str_of(value) : STR_NONE;
}

/* --- asking --- */

static void add_parameter(struct cli *cli, struct buf *path, const char *name, str value)
{
    if (value.size > 0)
        buf_addf(path, "&%s=%.*s", name, STR_ARG(cli_escape(cli, value)));
}

str wiring_path(struct cli *cli, const struct wiring_ask *ask)
{
    struct buf path;
    str region = present("AWS_REGION");
    if (region.size == 0)
        region = present("AWS_DEFAULT_REGION");
    buf_init_arena(&path, cli->arena, LIMIT_TARGET_BYTES);
    buf_addf(&path, "/_atoll/env?shell=%.*s", STR_ARG(cli_escape(cli, ask->shell)));
    add_parameter(cli, &path, "as", ask->who);
    add_parameter(cli, &path, "mode", ask->mode);
    add_parameter(cli, &path, "ca", ask->trust.ca);
    add_parameter(cli, &path, "preload", ask->trust.preload);
    add_parameter(cli, &path, "region", region);
    return buf_str(&path);
}

/* --- NODE_OPTIONS --- */

#define PRELOAD_NAME "/node-preload.cjs"

static str without_first(struct arena *arena, str options, size_t name)
{
    size_t start = 0;
    for (size_t at = 0; at < name; at++)
        if (str_starts(str_skip(options, at), STR("--require ")))
            start = at;
    str before = str_trim(str_first(options, start)),
        after = str_skip(options, name + strlen(PRELOAD_NAME));
    if (str_starts(after, STR("\"")))
        after = str_skip(after, 1);
    after = str_trim(after);
    return str_format(arena, "%.*s%s%.*s", STR_ARG(before), before.size && after.size ? " " : "",
                      STR_ARG(after));
}

/* Wired to several servers one after the other, there are several. */
str wiring_without_preload(struct arena *arena, str options)
{
    for (;;) {
        size_t name = str_find(options, STR(PRELOAD_NAME));
        if (name == options.size)
            return options;
        options = without_first(arena, options, name);
    }
}

str wiring_node_options(struct arena *arena, str preload, str options)
{
    bool spaced = str_find_char(preload, ' ') < preload.size; /* node reads double quotes */
    options = wiring_without_preload(arena, options);
    if (preload.size == 0)
        return options;
    return str_format(arena, "--require %s%.*s%s%s%.*s", spaced ? "\"" : "", STR_ARG(preload),
                      spaced ? "\"" : "", options.size ? " " : "", STR_ARG(options));
}

/* --- undoing --- */

/* A value that env never wrote: a proxy elsewhere, a real key. It is not ours to take away. */
static bool is_foreign(const char *name)
{
    str value = present(name), variable = str_of(name);
    if (value.size == 0)
        return false;
    if (str_eq_nocase(variable, STR("HTTPS_PROXY")))
        return !str_eq(value, present("ATOLL_SERVER"));
    if (str_starts(variable, STR("AWS_ACCESS")) || str_starts(variable, STR("AWS_SECRET"))) {
        str key = present("AWS_ACCESS_KEY_ID");
        return key.size == 20 && (str_starts(key, STR("AKIA")) || str_starts(key, STR("ASIA")));
    }
    return false;
}

static void print_unset(enum undo_shell shell, const char *name)
{
    switch (shell) {
    case UNDO_SH:
        (void) printf("unset %s\n", name);
        break;
    case UNDO_FISH:
        (void) printf("set -e %s\n", name);
        break;
    case UNDO_POWERSHELL:
        (void) printf("Remove-Item Env:%s -ErrorAction SilentlyContinue\n", name);
        break;
    case UNDO_SHELLS:
        break;
    }
}

static void print_quoted(enum undo_shell shell, str value)
{
    (void) putchar('\'');
    for (size_t i = 0; i < value.size; i++) {
        char c = value.ptr[i];
        if (shell == UNDO_FISH && (c == '\'' || c == '\\'))
            (void) printf("\\%c", c);
        else if (c == '\'')
            (void) printf("%s", shell == UNDO_POWERSHELL ? "''" : "'\\''");
        else
            (void) putchar(c);
    }
    (void) putchar('\'');
}

static void undo_node_options(struct cli *cli, enum undo_shell shell)
{
    static const char *const set[] = { "export NODE_OPTIONS=", "set -gx NODE_OPTIONS ",
                                       "$env:NODE_OPTIONS = " };
    str now = present("NODE_OPTIONS"), rest = wiring_without_preload(cli->arena, now);
    if (str_eq(now, rest))
        return;
    if (rest.size == 0) {
        print_unset(shell, "NODE_OPTIONS");
        return;
    }
    (void) printf("%s", set[shell]);
    print_quoted(shell, rest);
    (void) printf("\n");
}

static int undo(struct cli *cli, str shell_name)
{
    unsigned shell = 0;
    while (shell < UNDO_SHELLS && !str_is(shell_name, undo_shells[shell]))
        shell++;
    if (shell == UNDO_SHELLS)
        return cli_usage(cli, "--unset speaks sh, fish and powershell; the others only set");
    for (size_t i = 0; i < COUNT(wired); i++)
        if (!is_foreign(wired[i]))
            print_unset((enum undo_shell) shell, wired[i]);
    undo_node_options(cli, (enum undo_shell) shell);
    return EXIT_YES;
}

int verb_env(struct cli *cli)
{
    struct wiring_ask ask = { .who = cli_flag(cli, "as", NULL),
                              .shell = cli_flag(cli, "shell", cli->json ? "json" : "sh"),
                              .mode = cli_flag(cli, "mode", "proxy") };
    const struct json *document;
    str script = STR_NONE;
    if (cli->word_count > 0)
        return cli_usage(cli, "takes no words; say --as CLIENT");
    if (!str_is(ask.mode, "proxy") && !str_is(ask.mode, "endpoint"))
        return cli_usage(cli, "--mode is proxy or endpoint");
    if (cli_has(cli, "unset"))
        return undo(cli, ask.shell);
    if (str_is(ask.mode, "proxy"))
        trust_files(cli, trust_fetched_dir(cli), &ask.trust);
    int code = cli_call(cli, "GET", wiring_path(cli, &ask), STR_NONE, &script, &document);
    if (code == EXIT_YES)
        (void) printf("%.*s%s", STR_ARG(script), str_ends(script, STR("\n")) ? "" : "\n");
    return code;
}
