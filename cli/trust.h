/* trust: the files of this machine that make a client believe an atoll server: its CA certificate,
 * and the Node preload.
 *
 * The server of this user keeps its CA where we look too ($ATOLL_CA_DIR, else
 * $XDG_DATA_HOME/atoll/ca, else ~/.local/share/atoll/ca). A server elsewhere (a container, another
 * user) has another CA: that one is fetched to atoll/servers/HOST-PORT beside it.
 * Ownership: the arena. Threads: any. Errors: an empty path, and a line on stderr unless -q.
 */
#ifndef ATOLL_CLI_TRUST_H
#define ATOLL_CLI_TRUST_H

#include "cli/cli.h"

struct trust {
    str ca;      /* path of a PEM that is the server's; empty: none */
    str preload; /* path of node-preload.cjs; empty: none */
};

/* Where the CA of this user is or would be: absolute; STR_NONE without a home directory. */
str trust_own_ca(struct arena *arena);
/* Where what is fetched from cli->server is kept; STR_NONE without a home directory. */
str trust_fetched_dir(struct cli *cli);
/* Asks cli->server for its CA; STR_NONE when it does not answer or has none. */
str trust_server_pem(struct cli *cli);
/* Fetches what is not here yet into `dir`. */
void trust_files(struct cli *cli, str dir, struct trust *out);
/* True when `path` holds these bytes. */
bool trust_holds(struct arena *arena, str path, str bytes);

#endif
