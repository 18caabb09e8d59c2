/* The environment of a client, and the step into its program. */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/verbs.h"
#include "cli/wiring.h"

extern char **environ;

/* As in server/admin/wiring.c; every AWS_ENDPOINT_URL* goes too. */
static const char *const cleared[] = {
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
};

/* unsetenv moves environ, so this looks again from the start after each. */
static void clear_endpoints(struct cli *cli)
{
    for (size_t i = 0; environ[i] != NULL;) {
        str name, value;
        (void) str_cut(str_of(environ[i]), '=', &name, &value);
        if (!str_starts(name, STR("AWS_ENDPOINT_URL"))) {
            i++;
            continue;
        }
        (void) unsetenv(str_c(cli->arena, name));
        i = 0;
    }
}

static bool set_variable(struct cli *cli, str name, str value)
{
    if (str_is(name, "NODE_OPTIONS"))
        return true; /* merged with the user's, below */
    return setenv(str_c(cli->arena, name), str_c(cli->arena, value), 1) == 0;
}

static bool set_all(struct cli *cli, const struct json *variables, str preload)
{
    str options = wiring_node_options(cli->arena, preload, str_of(getenv("NODE_OPTIONS")));
    clear_endpoints(cli);
    for (size_t i = 0; i < COUNT(cleared); i++)
        (void) unsetenv(cleared[i]);
    for (const struct json *v = variables->child; v; v = v->next)
        if (v->kind == JSON_STRING && !set_variable(cli, v->name, v->string))
            return false;
    return options.size == 0 || setenv("NODE_OPTIONS", str_c(cli->arena, options), 1) == 0;
}

int command_wire(struct cli *cli, str who, str dir)
{
    struct wiring_ask ask = { .who = who, .shell = STR("json"), .mode = STR("proxy") };
    const struct json *variables;
    str text;
    trust_files(cli, dir, &ask.trust);
    if (cli_call(cli, "GET", wiring_path(cli, &ask), STR_NONE, &text, &variables) != EXIT_YES)
        return EXIT_OWN_FAILURE;
    if (variables == NULL || !set_all(cli, variables, ask.trust.preload)) {
        (void) fprintf(stderr, "atoll %s: the server's variables could not be set\n",
                       cli->verb->name);
        return EXIT_OWN_FAILURE;
    }
    return EXIT_YES;
}

int command_exec(const struct cli *cli, char **command)
{
    (void) fflush(NULL);
    (void) execvp(command[0], command);
    int error = errno;
    (void) fprintf(stderr, "atoll %s: %s: %s\n", cli->verb->name, command[0], strerror(error));
    return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
}

int command_code(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int command_quietly(char *const *command)
{
    int status = 0;
    (void) fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return EXIT_NOT_RUNNABLE;
    if (pid == 0) {
        SCOPED_FD int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
            (void) dup2(nothing, fd);
        (void) execvp(command[0], command);
        _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_NOT_RUNNABLE;
    return command_code(status);
}
