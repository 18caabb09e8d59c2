/* curl: a request of the journal as a line for a shell, which sends it again to the plain port. */
#ifndef ATOLL_CLI_CURL_H
#define ATOLL_CLI_CURL_H

#include "cli/cli.h"

/* On stdout; what the line cannot say, on stderr. EXIT_NO when the document says too little. */
int curl_print(struct cli *cli, const struct json *document);

#endif
