/* The Node preload: the AWS SDK for JavaScript ignores proxy variables because it makes its own
 * agent (clients.md 3.3), so this diverts TLS connections for AWS hosts to atoll's port instead. */
#ifndef ATOLL_SERVER_ADMIN_NODE_PRELOAD_H
#define ATOLL_SERVER_ADMIN_NODE_PRELOAD_H

#define NODE_PRELOAD                                                                               \
    "// Written by atoll. Use: NODE_OPTIONS=\"--require THIS_FILE\" "                              \
    "ATOLL_SERVER=http://HOST:PORT\n"                                                              \
    "// TLS connections to AWS hosts go to atoll; server name and Host header stay as they are.\n" \
    "'use strict';\n"                                                                              \
    "const tls = require('tls');\n"                                                                \
    "const connect = tls.connect;\n"                                                               \
    "const atoll = new URL(process.env.ATOLL_SERVER || 'http://127.0.0.1:28655');\n"               \
    "tls.connect = function (options, ...rest) {\n"                                                \
    "  const host = options && typeof options === 'object' ? options.host || '' : '';\n"           \
    "  if (/\\.amazonaws\\.com(\\.cn)?$/.test(host))\n"                                            \
    "    options = { ...options, servername: options.servername || host,\n"                        \
    "      host: atoll.hostname.replace(/^\\[|\\]$/g, ''), port: Number(atoll.port) || 80 };\n"    \
    "  return connect.call(this, options, ...rest);\n"                                             \
    "};\n"

#endif
