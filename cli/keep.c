/* Three files from the admin API; see keep.h. Each is tried, so that one that fails costs no other.
 */
#include "cli/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/http.h"

#define SNAPSHOT "/_atoll/v1/snapshots/kept-on-fail"

struct keeping {
    struct cli *cli;
    str dir;
    int fd;
    bool failed;
};

static void complain(struct keeping *keeping, const char *file, str why)
{
    keeping->failed = true;
    (void) fprintf(stderr, "atoll run: %.*s/%s could not be kept: %.*s\n", STR_ARG(keeping->dir),
                   file, STR_ARG(why));
}

static bool open_file(struct keeping *keeping, const char *file)
{
    const char *path = str_c(keeping->cli->arena, str_format(keeping->cli->arena, "%.*s/%s",
                                                             STR_ARG(keeping->dir), file));
    keeping->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (keeping->fd < 0)
        complain(keeping, file, str_of(strerror(errno)));
    return keeping->fd >= 0;
}

/* GET into a file. */
static void fetch(struct keeping *keeping, const char *file, str path)
{
    struct cli *cli = keeping->cli;
    struct http_answer answer;
    str error = STR_NONE;
    if (!open_file(keeping, file))
        return;
    bool got = http_get_file(cli->arena, cli->server, path, keeping->fd, &answer, &error);
    if (got && answer.status != 200)
        error = str_format(cli->arena, "the server answered %d", answer.status);
    if (close(keeping->fd) != 0)
        error = str_of(strerror(errno));
    if (str_is_set(error))
        complain(keeping, file, error);
}

static void keep_snapshot(struct keeping *keeping)
{
    struct cli *cli = keeping->cli;
    struct http_answer answer;
    str error = STR_NONE;
    if (!http_call(cli->arena, cli->server, "PUT", STR(SNAPSHOT), STR("{}"), &answer, &error))
        complain(keeping, "world.tar", error);
    else if (answer.status != 200)
        complain(keeping, "world.tar", answer.body);
    else {
        fetch(keeping, "world.tar", STR(SNAPSHOT "/file"));
        /* With --data DIR it would stay there for ever. */
        if (!http_call(cli->arena, cli->server, "DELETE", STR(SNAPSHOT), STR("{}"), &answer,
                       &error))
            complain(keeping, "world.tar", error);
    }
}

static bool take_events(void *ctx, str bytes)
{
    struct keeping *keeping = ctx;
    while (bytes.size > 0) {
        ssize_t written = write(keeping->fd, bytes.ptr, bytes.size);
        if (written < 0 && errno != EINTR) {
            complain(keeping, "events.ndjson", str_of(strerror(errno)));
            return false;
        }
        if (written > 0)
            bytes = str_skip(bytes, (size_t) written);
    }
    return true;
}

static void keep_events(struct keeping *keeping)
{
    struct cli *cli = keeping->cli;
    str error;
    if (!open_file(keeping, "events.ndjson"))
        return;
    if (http_stream(cli->arena, cli->server, STR("/_atoll/v1/events?after=0&follow=0"), take_events,
                    keeping, &error) != 200)
        complain(keeping, "events.ndjson", error);
    (void) close(keeping->fd);
}

void keep_world(struct cli *cli, str dir)
{
    struct keeping keeping = { .cli = cli, .dir = dir };
    int made = fs_make_dirs(fs_real(), str_c(cli->arena, dir));
    if (made < 0) {
        (void) fprintf(stderr, "atoll run: nothing is kept: %.*s: %s\n", STR_ARG(dir),
                       strerror(-made));
        return;
    }
    /* The world first: meanwhile the last request of the command finds its way into the journal. */
    keep_snapshot(&keeping);
    fetch(&keeping, "requests.json", STR("/_atoll/v1/requests?limit=10000"));
    keep_events(&keeping);
    if (!keeping.failed)
        (void) fprintf(stderr,
                       "atoll run: the command failed; kept in %.*s: world.tar, requests.json, "
                       "events.ndjson\n  look again with: atoll serve --import %.*s/world.tar\n",
                       STR_ARG(dir), STR_ARG(dir));
}
