/* settings: how one server was asked to be. Filled by config.c from flags, environment and file
 * (flags > environment > file > defaults); read-only afterwards except where a field says "live".
 */
#ifndef ATOLL_SERVER_SETTINGS_H
#define ATOLL_SERVER_SETTINGS_H

#include "base/clock.h"
#include "base/log.h"
#include "server/auth/auth.h"
#include "storage/store.h"

enum admin_mode { ADMIN_ON, ADMIN_LOOPBACK, ADMIN_OFF };
/* Whose policies count: those of buckets and access points, and what anybody's policy denies; also
 * what an identity's own policies leave out; nobody's. */
enum iam_mode { IAM_RESOURCES, IAM_ENFORCE, IAM_OFF };
enum proxy_other { PROXY_REFUSE, PROXY_TUNNEL };

#define SETTINGS_MAX_LISTEN 8
#define SETTINGS_MAX_HOSTS 8

struct settings {
    str listen[SETTINGS_MAX_LISTEN]; /* "127.0.0.1:28655", "[::1]:28655" */
    size_t listen_count;
    str host_names[SETTINGS_MAX_HOSTS]; /* own names beside localhost: "atoll.test", lower case */
    size_t host_name_count;
    str host_aliases[SETTINGS_MAX_HOSTS]; /* "SIGNED=ARRIVES", lower case; auth/host_alias.h */
    size_t host_alias_count;
    str data;    /* directory; empty: a private temporary one, removed at exit */
    str account; /* default account, 12 digits */
    uint64_t seed;
    bool seed_given;
    enum clock_mode clock_mode;
    bool clock_mode_given; /* by flag, environment or file: counts over a kept world's */
    instant clock_start;   /* {0}: wall now */
    double clock_rate;
    enum auth_mode auth;
    enum iam_mode iam;
    duration signature_skew; /* negative: off */
    bool strict;
    bool late_errors;     /* copies and Complete say what went wrong in a 200, as AWS may */
    bool hints;           /* <Hint> in errors */
    bool explain_headers; /* x-atoll-* */
    bool simulate_latency;
    double latency_factor;
    bool latency_wall; /* wait it under a manual clock too */
    enum proxy_other proxy_other;
    enum admin_mode admin;
    str admin_token_file; /* empty: calls need no token */
    str admin_token;      /* what it held, trimmed; never shown, never logged */
    enum store_durability durability;
    enum version_order version_order;
    uint64_t part_min_bytes;
    uint64_t queue_limit; /* copies that may wait; 0: as many as a world holds */
    str preset;           /* default, instant, aws-like, hostile */
    str lag;              /* of links that say nothing else: a distribution; empty: the preset's */
    str ca_dir;           /* empty: neither --ca-dir nor a home directory says where */
    str init_file, load_dir;
    str import_file, export_file; /* a world as one file: to start with, to write at the end */
    str port_file;
    int ready_fd; /* -1: none */
    duration grace;
    unsigned journal;
    unsigned workers; /* 0: one per core */
    enum log_level log_level;
    enum log_format log_format;
    bool demo;
    str hint_server; /* URL that hints and env use; set once bound */
};

#endif
