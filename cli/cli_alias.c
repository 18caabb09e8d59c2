/* cli-alias: the AWS article's describe-multi-region-access-point is no command of the AWS CLI; an
 * alias makes it one. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/alias_file.h"
#include "cli/cli.h"

static int failed(str path, int error)
{
    (void) fprintf(stderr, "atoll cli-alias: %.*s: %s\n", STR_ARG(path), strerror(-error));
    return EXIT_NO;
}

/* Through symbolic links, so that a file kept among dotfiles stays where it is. */
static int write_back(struct cli *cli, str path, str text)
{
    char real[PATH_MAX];
    struct stat info;
    const char *target = str_c(cli->arena, path);
    mode_t mode = 0600;
    if (realpath(target, real) != NULL && stat(real, &info) == 0) {
        target = real;
        mode = info.st_mode & 07777;
    }
    if (text.size == 0)
        return unlink(target) == 0 ? 0 : -errno;
    return fs_replace_file(target, text, mode);
}

static int change(struct cli *cli, str home, bool install)
{
    str dir = str_format(cli->arena, "%.*s/.aws/cli", STR_ARG(home)), text = STR(""), edited;
    str path = str_format(cli->arena, "%.*s/alias", STR_ARG(dir));
    int error = fs_read_file(cli->arena, str_c(cli->arena, path), LIMIT_JSON_BYTES, &text);
    if (error != 0 && error != -ENOENT)
        return failed(path, error);
    enum alias_edit edit = install ? alias_file_install(cli->arena, text, &edited)
                                   : alias_file_remove(cli->arena, text, &edited);
    if (edit == ALIAS_TAKEN) {
        (void) fprintf(stderr,
                       "atoll cli-alias: %.*s has another describe-multi-region-access-point; "
                       "nothing was changed\n",
                       STR_ARG(path));
        return EXIT_NO;
    }
    error = edit == ALIAS_CHANGED && install ? fs_make_dirs(fs_real(), str_c(cli->arena, dir)) : 0;
    if (error == 0 && edit == ALIAS_CHANGED)
        error = write_back(cli, path, edited);
    if (error != 0)
        return failed(path, error);
    if (!cli->quiet)
        (void) fprintf(stderr, "%.*s: %s\n", STR_ARG(path),
                       edit == ALIAS_UNCHANGED ? "nothing to do"
                       : install               ? "alias added"
                                               : "alias removed");
    return EXIT_YES;
}

int verb_cli_alias(struct cli *cli)
{
    const char *home = getenv("HOME");
    bool install = cli->word_count == 1 && str_is(cli->words[0], "install");
    if (cli->word_count != 1 || !(install || str_is(cli->words[0], "remove")))
        return cli_usage(cli, "say install or remove");
    if (home == NULL || *home == '\0')
        return failed(STR("$HOME"), -ENOENT);
    return change(cli, str_of(home), install);
}
