/* Which CA file is the server's: ours if the bytes agree, else a copy of what it sends. */
#include "cli/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/http.h"

static str variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? str_of(value) : STR_NONE;
}

/* A path in a variable must stay true after cd. */
static str absolute(struct arena *arena, str path)
{
    char here[4096];
    if (path.size == 0 || path.ptr[0] == '/' || getcwd(here, sizeof here) == NULL)
        return path;
    return str_format(arena, "%s/%.*s", here, STR_ARG(path));
}

static str data_dir(struct arena *arena)
{
    str data = variable("XDG_DATA_HOME"), home = variable("HOME");
    if (data.size > 0)
        return absolute(arena, str_format(arena, "%.*s/atoll", STR_ARG(data)));
    return home.size > 0
               ? absolute(arena, str_format(arena, "%.*s/.local/share/atoll", STR_ARG(home)))
               : STR_NONE;
}

str trust_own_ca(struct arena *arena)
{
    str dir = variable("ATOLL_CA_DIR"), data = data_dir(arena);
    if (dir.size > 0)
        return absolute(arena, str_format(arena, "%.*s/ca.pem", STR_ARG(dir)));
    return data.size > 0 ? str_format(arena, "%.*s/ca/ca.pem", STR_ARG(data)) : STR_NONE;
}

str trust_fetched_dir(struct cli *cli)
{
    str data = data_dir(cli->arena), server = cli->server;
    if (data.size == 0)
        return STR_NONE;
    if (str_starts(server, STR("http://")))
        server = str_skip(server, 7);
    char *name = str_c(cli->arena, server);
    for (char *c = name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || (*c == '.' && c > name);
        if (!plain)
            *c = '-';
    }
    return str_format(cli->arena, "%.*s/servers/%s", STR_ARG(data), name);
}

static str get(struct cli *cli, str path)
{
    struct http_answer answer;
    str error;
    bool answered = http_call(cli->arena, cli->server, "GET", path, STR_NONE, &answer, &error);
    return answered && answer.status == 200 ? answer.body : STR_NONE;
}

str trust_server_pem(struct cli *cli)
{
    str pem = get(cli, STR("/_atoll/ca.pem"));
    return str_find(pem, STR("BEGIN CERTIFICATE")) < pem.size ? pem : STR_NONE;
}

bool trust_holds(struct arena *arena, str path, str bytes)
{
    str there;
    return path.size > 0 && bytes.size > 0 &&
           fs_read_file(arena, str_c(arena, path), LIMIT_JSON_BYTES, &there) == 0 &&
           str_eq(there, bytes);
}

/* The path of the written file; STR_NONE and a line on stderr when it cannot be. */
static str keep(struct cli *cli, str dir, const char *name, str bytes)
{
    str path = str_format(cli->arena, "%.*s/%s", STR_ARG(dir), name);
    if (bytes.size == 0 || dir.size == 0)
        return STR_NONE;
    if (trust_holds(cli->arena, path, bytes))
        return path;
    int failed = fs_make_dirs(fs_real(), str_c(cli->arena, dir));
    if (failed == 0)
        failed = fs_replace_file(str_c(cli->arena, path), bytes, 0644);
    if (failed == 0)
        return path;
    if (!cli->quiet)
        (void) fprintf(stderr, "atoll: %.*s could not be written: %s\n", STR_ARG(path),
                       strerror(-failed));
    return STR_NONE;
}

void trust_files(struct cli *cli, str dir, struct trust *out)
{
    str pem = trust_server_pem(cli), own = trust_own_ca(cli->arena);
    out->ca = trust_holds(cli->arena, own, pem) ? own : keep(cli, dir, "ca.pem", pem);
    out->preload = keep(cli, dir, "node-preload.cjs", get(cli, STR("/_atoll/node-preload.cjs")));
}
