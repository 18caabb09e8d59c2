/* fake_server: a tiny HTTP server on a thread, with canned answers, and what it was asked; and a
 * way to run one atoll command with its output caught. For the tests of cli. */
#ifndef ATOLL_TESTS_UNIT_CLI_FAKE_SERVER_H
#define ATOLL_TESTS_UNIT_CLI_FAKE_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/cli.h"
#include "tests/unit/test.h"

#define FAKE_PEM "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

struct fake_answer {
    const char *path; /* beginning of the path; the first that fits answers */
    int status;
    const char *type;
    const char *body;
};

struct fake_server {
    const struct fake_answer *answers; /* ends with a NULL path */
    int listener;
    unsigned port;
    pthread_t thread;
    char asked[8192];        /* "GET /path body\n", one line for each */
    char authorization[128]; /* of the last call; "" when it had none */
};

static void fake_server_answer(struct fake_server *fake, int fd)
{
    char in[8192], method[16], path[4096];
    size_t size = 0;
    const char *head_end = NULL;
    size_t length = 0;
    while (head_end == NULL || size < (size_t) (head_end - in) + 4 + length) {
        ssize_t got = recv(fd, in + size, sizeof in - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t) got;
        in[size] = '\0';
        head_end = strstr(in, "\r\n\r\n");
        const char *header = strstr(in, "Content-Length: ");
        if (header)
            length = strtoul(header + 16, NULL, 10);
    }
    if (sscanf(in, "%15s %4095s", method, path) != 2)
        return;
    const char *authorization = strstr(in, "Authorization: ");
    fake->authorization[0] = '\0';
    if (authorization && sscanf(authorization + 15, "%127[^\r]", fake->authorization) != 1)
        return;
    size_t used = strlen(fake->asked);
    (void) snprintf(fake->asked + used, sizeof fake->asked - used, "%s %s %s\n", method, path,
                    head_end + 4);
    const struct fake_answer *answer = fake->answers;
    while (answer->path && strncmp(path, answer->path, strlen(answer->path)) != 0)
        answer++;
    const char *body = answer->path ? answer->body : "nothing";
    (void) dprintf(fd, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                   answer->path ? answer->status : 404, answer->path ? answer->type : "text/plain",
                   strlen(body), body);
}

static void *fake_server_run(void *arg)
{
    struct fake_server *fake = arg;
    for (;;) {
        SCOPED_FD int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        fake_server_answer(fake, fd);
    }
}

static void fake_server_listen(struct fake_server *fake, const struct fake_answer *answers)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    *fake = (struct fake_server){ .answers = answers,
                                  .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if (bind(fake->listener, (struct sockaddr *) &at, sizeof at) != 0 ||
        listen(fake->listener, 16) != 0 ||
        getsockname(fake->listener, (struct sockaddr *) &at, &size) != 0)
        abort();
    fake->port = ntohs(at.sin_port);
}

UNUSED static void fake_server_start(struct fake_server *fake, const struct fake_answer *answers)
{
    char url[64];
    fake_server_listen(fake, answers);
    (void) snprintf(url, sizeof url, "http://127.0.0.1:%u", fake->port);
    (void) setenv("ATOLL_SERVER", url, 1);
    if (pthread_create(&fake->thread, NULL, fake_server_run, fake) != 0)
        abort();
}

UNUSED static void fake_server_stop(struct fake_server *fake)
{
    (void) shutdown(fake->listener, SHUT_RDWR);
    (void) pthread_join(fake->thread, NULL);
    (void) close(fake->listener);
}

/* --- a command and what it printed --- */

struct said {
    int code;
    char out[32768];
    char err[8192];
};

static int said_begin(int fd, int *saved)
{
    int file = memfd_create("said", MFD_CLOEXEC);
    if (file < 0)
        abort();
    *saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    (void) dup2(file, fd);
    return file;
}

static void said_end(int fd, int saved, int file, char *text, size_t room)
{
    ssize_t got = pread(file, text, room - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    (void) dup2(saved, fd);
    (void) close(saved);
    (void) close(file);
}

/* `line` is split at blanks; there is no quoting. */
UNUSED static void say(struct said *said, const char *line)
{
    struct arena *arena = arena_new();
    char *argv[64] = { str_c(arena, STR("atoll")) };
    int argc = 1, out_saved, err_saved;
    str rest = str_of(line), word;
    while (argc < 63 && str_next(&rest, ' ', &word))
        argv[argc++] = str_c(arena, word);
    (void) fflush(NULL);
    int out = said_begin(STDOUT_FILENO, &out_saved), err = said_begin(STDERR_FILENO, &err_saved);
    said->code = cli_main(argc, argv);
    (void) fflush(NULL);
    said_end(STDERR_FILENO, err_saved, err, said->err, sizeof said->err);
    said_end(STDOUT_FILENO, out_saved, out, said->out, sizeof said->out);
    arena_free(arena);
}

#define assert_has(text, needle)                                                                   \
    do {                                                                                           \
        if (strstr((text), (needle)) == NULL)                                                      \
            fail_msg("line %d: no \"%s\" in \"%s\"", __LINE__, (needle), (text));                  \
    } while (0)
#define assert_lacks(text, needle)                                                                 \
    do {                                                                                           \
        if (strstr((text), (needle)) != NULL)                                                      \
            fail_msg("line %d: \"%s\" stands in \"%s\"", __LINE__, (needle), (text));              \
    } while (0)

#endif
