/* run: a server for the time of one command.
 *
 *   atoll run -- fork --> atoll serve   own process group: Ctrl-C at the terminal is for CMD first
 *        |                   +- one line on a pipe when ready; its port in a file
 *        +------ fork --> CMD           our process group, wired to that server
 *
 * Signals are read from a descriptor, so that waiting for the pipe, for CMD and for the end of the
 * server is each one poll, and nothing sleeps.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/command.h"
#include "cli/keep.h"

#define STOP_AT_MOST_MS 30000 /* then the server is killed: CI must not hang on it */
#define MOST_SERVE_FLAGS 256

struct run {
    struct cli *cli;
    char **command;
    str who;
    str keep_dir; /* --keep-on-fail; empty: nothing is kept */
    char *serve_args[MOST_SERVE_FLAGS];
    size_t serve_count;
    char *dir; /* private, for the port file and what is fetched */
    sigset_t before;
    int signal_fd;
    pid_t server; /* 0: not there, or over */
    pid_t child;
};

static int fail(const char *what, int error)
{
    (void) fprintf(stderr, "atoll run: %s%s%s\n", what, error ? ": " : "",
                   error ? strerror(error) : "");
    return EXIT_OWN_FAILURE;
}

/* --- the command line --- */

static void add_arg(struct run *run, const char *arg)
{
    if (run->serve_count < MOST_SERVE_FLAGS - 1)
        run->serve_args[run->serve_count++] = str_c(run->cli->arena, str_of(arg));
}

/* --as CLIENT, --keep-on-fail DIR: ours, not the server's. *at moves to a value that stands alone.
 * False: it is none of them, or it has no value; then *at is NULL. */
static bool take_own(struct run *run, char ***at)
{
    const struct {
        const char *name;
        str *value;
    } own[] = { { "--as", &run->who }, { "--keep-on-fail", &run->keep_dir } };
    str word = str_of(**at), name, value;
    bool joined = str_cut(word, '=', &name, &value);
    for (size_t i = 0; i < COUNT(own); i++) {
        if (!str_is(name, own[i].name))
            continue;
        bool there = joined || ((*at)[1] != NULL && !str_is(str_of((*at)[1]), "--"));
        if (!there || (joined && value.size == 0)) {
            *at = NULL;
            return false;
        }
        *own[i].value = joined ? value : str_of(*++*at);
        return true;
    }
    return false;
}

/* The user's flags come after our wishes and before what must be ours. */
static bool take_apart(struct run *run, bool *help)
{
    char **at = run->cli->rest;
    add_arg(run, run->cli->program);
    add_arg(run, "serve");
    add_arg(run, "--listen=127.0.0.1:0");
    if (getenv("ATOLL_LOG_LEVEL") == NULL)
        add_arg(run, "--log-level=warn");
    for (; *at && !str_is(str_of(*at), "--"); at++) {
        str word = str_of(*at);
        if (str_is(word, "-h") || str_is(word, "--help"))
            *help = true;
        else if (!take_own(run, &at)) {
            if (at == NULL)
                return false;
            add_arg(run, *at);
        }
    }
    run->command = *at ? at + 1 : at;
    return *run->command != NULL;
}

/* --- the server --- */

static NORETURN void become_server(struct run *run, pid_t parent, int ready_fd)
{
    SCOPED_FD int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void) setpgid(0, 0);
    (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_OWN_FAILURE);
    (void) sigprocmask(SIG_SETMASK, &run->before, NULL);
    (void) dup2(nothing, STDIN_FILENO);
    (void) dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is CMD's alone */
    (void) fcntl(ready_fd, F_SETFD, 0);
    (void) execv("/proc/self/exe", run->serve_args);
    _exit(EXIT_NOT_FOUND);
}

/* Forgets the server when it has ended. */
static void notice_server(struct run *run)
{
    int status;
    if (run->server > 0 && waitpid(run->server, &status, WNOHANG) == run->server)
        run->server = 0;
}

/* Reads one signal; false when `timeout_ms` passed. `ready_fd` of -1 is not waited for. */
static bool next_event(struct run *run, int ready_fd, int timeout_ms, struct signalfd_siginfo *out)
{
    struct pollfd fds[] = { { run->signal_fd, POLLIN, 0 }, { ready_fd, POLLIN, 0 } };
    int count;
    *out = (struct signalfd_siginfo){ 0 };
    do
        count = poll(fds, COUNT(fds), timeout_ms);
    while (count < 0 && errno == EINTR);
    if (fds[0].revents && read(run->signal_fd, out, sizeof *out) != (ssize_t) sizeof *out)
        return false;
    return count > 0;
}

/* 0 when the server said that it is ready; else the exit code. */
static int await_ready(struct run *run, int ready_fd)
{
    for (;;) {
        struct signalfd_siginfo event;
        char line[64];
        if (!next_event(run, ready_fd, -1, &event))
            return fail("waiting for the server", errno);
        if (event.ssi_signo == SIGCHLD)
            notice_server(run);
        else if (event.ssi_signo != 0)
            return 128 + (int) event.ssi_signo;
        ssize_t got = read(ready_fd, line, sizeof line);
        if (got > 0)
            return EXIT_YES;
        if (got == 0)
            return fail("the server did not start", 0);
        if (errno != EAGAIN && errno != EINTR)
            return fail("waiting for the server", errno);
    }
}

static int start_server(struct run *run)
{
    struct arena *arena = run->cli->arena;
    int ends[2];
    str text;
    uint64_t port;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail("no pipe", errno);
    SCOPED_FD int ready_fd = ends[0];
    char *port_file = str_c(arena, str_format(arena, "%s/port", run->dir));
    add_arg(run, str_c(arena, str_format(arena, "--port-file=%s", port_file)));
    add_arg(run, str_c(arena, str_format(arena, "--ready-fd=%d", ends[1])));
    pid_t self = getpid();
    run->server = fork();
    if (run->server == 0)
        become_server(run, self, ends[1]);
    (void) close(ends[1]);
    if (run->server < 0)
        return fail("no process for the server", errno);
    int code = await_ready(run, ready_fd);
    if (code != EXIT_YES)
        return code;
    if (fs_read_file(arena, port_file, 64, &text) != 0 || !str_to_u64(str_trim(text), &port))
        return fail("the server did not tell its port", 0);
    run->cli->server = str_format(arena, "http://127.0.0.1:%llu", (unsigned long long) port);
    return EXIT_YES;
}

/* SIGTERM, and again for each signal that we get: the second one ends it at once. */
static void stop_server(struct run *run)
{
    struct signalfd_siginfo event;
    notice_server(run);
    if (run->server <= 0)
        return;
    (void) kill(run->server, SIGTERM);
    while (run->server > 0) {
        if (!next_event(run, -1, STOP_AT_MOST_MS, &event)) {
            (void) kill(run->server, SIGKILL);
            (void) waitpid(run->server, NULL, 0);
            run->server = 0;
        } else if (event.ssi_signo == SIGCHLD)
            notice_server(run);
        else
            (void) kill(run->server, SIGTERM);
    }
}

/* --- the command --- */

static int watch_child(struct run *run)
{
    struct signalfd_siginfo event;
    int status;
    for (;;) {
        if (!next_event(run, -1, -1, &event))
            return fail("waiting for the command", errno);
        if (event.ssi_signo != SIGCHLD) {
            /* What the terminal sends, it sends to the command too. */
            if (event.ssi_code != SI_KERNEL)
                (void) kill(run->child, (int) event.ssi_signo);
            continue;
        }
        if (waitpid(run->child, &status, WNOHANG) == run->child)
            return command_code(status);
        bool was_there = run->server > 0;
        notice_server(run);
        if (was_there && run->server == 0)
            (void) fail("the server ended before the command", 0);
    }
}

static int run_child(struct run *run)
{
    int code = command_wire(run->cli, run->who, str_of(run->dir));
    if (code != EXIT_YES)
        return code;
    (void) fflush(NULL);
    run->child = fork();
    if (run->child < 0)
        return fail("no process for the command", errno);
    if (run->child == 0) {
        (void) sigprocmask(SIG_SETMASK, &run->before, NULL);
        _exit(command_exec(run->cli, run->command));
    }
    return watch_child(run);
}

static bool take_signals(struct run *run)
{
    static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
    sigset_t signals;
    (void) sigemptyset(&signals);
    for (size_t i = 0; i < COUNT(taken); i++)
        (void) sigaddset(&signals, taken[i]);
    if (sigprocmask(SIG_BLOCK, &signals, &run->before) != 0)
        return false;
    run->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    return run->signal_fd >= 0;
}

static int run_all(struct run *run)
{
    const char *parent = getenv("TMPDIR");
    run->dir = str_c(run->cli->arena, str_format(run->cli->arena, "%s/atoll-run-XXXXXX",
                                                 parent && *parent ? parent : "/tmp"));
    if (mkdtemp(run->dir) == NULL)
        return fail(run->dir, errno);
    int code = EXIT_OWN_FAILURE;
    if (!take_signals(run))
        (void) fail("no signals", errno);
    else {
        code = start_server(run);
        if (code == EXIT_YES) {
            code = run_child(run);
            if (code != EXIT_YES && run->keep_dir.size > 0)
                keep_world(run->cli, run->keep_dir);
        }
        stop_server(run);
        (void) close(run->signal_fd);
        (void) sigprocmask(SIG_SETMASK, &run->before, NULL);
    }
    fs_remove_tree(run->dir);
    return code;
}

int verb_run(struct cli *cli)
{
    struct run run = { .cli = cli, .who = STR(""), .keep_dir = STR(""), .signal_fd = -1 };
    bool help = false, sound = take_apart(&run, &help);
    if (help)
        return cli_usage(cli, NULL);
    if (!sound) {
        (void) cli_usage(cli, "say -- and then the command: atoll run --demo -- pytest");
        return EXIT_OWN_FAILURE;
    }
    return run_all(&run);
}
