/* ca: where the certificate is that clients must trust. Nothing is ever installed. */
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/trust.h"

/* The file that is the server's; without a server the one of this user, if it is there. */
static str find(struct cli *cli, str pem)
{
    struct trust files = { .ca = STR_NONE };
    str own = trust_own_ca(cli->arena);
    if (pem.size > 0) {
        trust_files(cli, trust_fetched_dir(cli), &files);
        return files.ca;
    }
    return own.size > 0 && access(str_c(cli->arena, own), R_OK) == 0 ? own : STR_NONE;
}

static int nothing_found(const struct cli *cli)
{
    (void) fprintf(stderr,
                   "atoll ca: there is no certificate yet, and no server at %.*s to ask\n"
                   "  the first  atoll serve  makes it\n",
                   STR_ARG(cli->server));
    return EXIT_NO;
}

static int export_pem(struct cli *cli, str pem, str path)
{
    if (pem.size == 0 && path.size > 0 &&
        fs_read_file(cli->arena, str_c(cli->arena, path), LIMIT_JSON_BYTES, &pem) != 0)
        pem = STR_NONE;
    if (pem.size == 0)
        return nothing_found(cli);
    (void) printf("%.*s", STR_ARG(pem));
    return EXIT_YES;
}

static void print_install(str path)
{
    static const struct {
        const char *tool; /* NULL: whatever is left */
        const char *before;
        const char *after;
    } ways[] = {
        { "/usr/sbin/update-ca-certificates", "sudo cp '",
          "' /usr/local/share/ca-certificates/atoll.crt && sudo update-ca-certificates" },
        { "/usr/bin/update-ca-trust", "sudo cp '",
          "' /etc/pki/ca-trust/source/anchors/atoll.pem && sudo update-ca-trust" },
        { "/usr/bin/trust", "sudo trust anchor '", "'" },
        { "/usr/bin/security",
          "sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain '", "'" },
        { NULL, "sudo trust anchor '", "'" },
    };
    size_t i = 0;
    while (ways[i].tool && access(ways[i].tool, X_OK) != 0)
        i++;
    (void) printf("%s%.*s%s\n", ways[i].before, STR_ARG(path), ways[i].after);
}

static int summary(struct cli *cli, str pem, str path)
{
    bool own = str_eq(path, trust_own_ca(cli->arena));
    if (path.size == 0)
        return nothing_found(cli);
    if (cli->json) {
        struct buf out;
        struct json_writer writer;
        buf_init_arena(&out, cli->arena, LIMIT_JSON_BYTES);
        json_begin(&writer, &out);
        json_object(&writer, NULL);
        json_text(&writer, "path", path);
        json_boolean(&writer, "server_reached", pem.size > 0);
        json_boolean(&writer, "own", own);
        json_end(&writer);
        (void) printf("%.*s\n", STR_ARG(buf_str(&out)));
        return EXIT_YES;
    }
    (void) printf("certificate  %.*s\n", STR_ARG(path));
    (void) printf("server       %.*s: %s\n", STR_ARG(cli->server),
                  pem.size == 0 ? "not reached"
                  : own         ? "signs with it"
                                : "signs with a CA of its own; this is a copy");
    return EXIT_YES;
}

int verb_ca(struct cli *cli)
{
    str word = cli->word_count ? cli->words[0] : STR("summary");
    bool known = cli->word_count == 0 || str_is(word, "path") || str_is(word, "export") ||
                 str_is(word, "install");
    if (cli->word_count > 1 || !known)
        return cli_usage(cli, "say path, export or install");
    str pem = trust_server_pem(cli);
    str path = find(cli, pem);
    if (str_is(word, "export"))
        return export_pem(cli, pem, path);
    if (str_is(word, "summary"))
        return summary(cli, pem, path);
    if (path.size == 0)
        return nothing_found(cli);
    if (str_is(word, "path"))
        (void) printf("%.*s\n", STR_ARG(path));
    else
        print_install(path);
    if (str_is(word, "install") && !cli->quiet)
        (void) fprintf(stderr, "nothing was installed; atoll env wires one shell without it\n");
    return EXIT_YES;
}
