/* as: becomes another program, as a client of the server. */
#include "cli/command.h"
#include "cli/trust.h"

int verb_as(struct cli *cli)
{
    if (cli->word_count == 0 || cli->rest[0] == NULL) {
        (void) cli_usage(cli, cli->word_count == 0 ? "say the client, then the command"
                                                   : "say the command to run");
        return EXIT_OWN_FAILURE;
    }
    int code = command_wire(cli, cli->words[0], trust_fetched_dir(cli));
    return code == EXIT_YES ? command_exec(cli, cli->rest) : code;
}
