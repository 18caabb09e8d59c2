/* The settings of `serve`, a row each; see config_table.h. */
#include "server/config_table.h"

#include <stddef.h>

#include "base/limits.h"

#define AT(member) offsetof(struct config, settings.member)
#define OF(member) offsetof(struct config, member)
#define EXACT 9007199254740992.0 /* 2^53: beyond it JSON numbers lose digits */

// clang-format off
static const struct setting table[] = {
    { "config", 'c', NULL, SET_TEXT, OF(file), NULL, NULL, 0, 0, GROUP_WORLD, "FILE",
      "read this file (else ./atoll.json, then $XDG_CONFIG_HOME/atoll/atoll.json)" },
    { "demo", 0, NULL, SET_BOOL, AT(demo), "false", NULL, 0, 0, GROUP_WORLD, NULL,
      "start with a ready-made world instead of a file" },
    { "data", 0, "server.data", SET_DATA, AT(data), "memory", NULL, 0, 0, GROUP_WORLD, "memory|DIR",
      "keep the world in this directory" },
    { "seed", 0, "seed", SET_U64, AT(seed), NULL, NULL, 0, EXACT, GROUP_WORLD, "N",
      "seed of all chance; a random one is printed" },
    { "account", 0, "account", SET_ACCOUNT, AT(account), "123456789012", NULL, 0, 0, GROUP_WORLD,
      "ID", "account of callers that name none" },
    { "preset", 0, "preset", SET_NAME, AT(preset), "default", "default|instant|aws-like|hostile",
      0, 0, GROUP_WORLD, NULL, "how slow copies and route changes are; hostile: faults and partitions too" },
    { "lag", 0, CONFIG_PATH_LAG, SET_LAG, AT(lag), NULL, NULL, 0, 0, GROUP_WORLD, "DIST",
      "replication lag: 15s, uniform(5s,30s), lognormal(p50=12s,p99=3m)" },
    { "init", 0, "server.init", SET_TEXT, AT(init_file), NULL, NULL, 0, 0, GROUP_WORLD, "FILE",
      "run this scenario before saying ready" },
    { "load", 0, "server.load", SET_TEXT, AT(load_dir), NULL, NULL, 0, 0, GROUP_WORLD, "DIR",
      "upload DIR/<bucket>/<key...> before saying ready" },
    { "import", 0, "server.import", SET_TEXT, AT(import_file), NULL, NULL, 0, 0, GROUP_WORLD,
      "FILE", "start with the world of this file" },
    { "export-on-exit", 0, "server.export_on_exit", SET_TEXT, AT(export_file), NULL, NULL, 0, 0,
      GROUP_WORLD, "FILE", "write the world to this file at the end" },

    { "listen", 'l', "server.listen", SET_LISTEN, AT(listen), "127.0.0.1:28655,[::1]:28655", NULL, 0, 0,
      GROUP_DOOR, "ADDR:PORT", "HTTP, TLS and CONNECT; repeatable; port 0: any" },
    { "host-name", 0, "server.host_names", SET_HOSTS, AT(host_names), NULL, NULL, 0, 0, GROUP_DOOR,
      "NAME", "a name of our own beside localhost; repeatable" },
    { "host-alias", 0, "server.host_aliases", SET_ALIASES, AT(host_aliases), NULL, NULL, 0, 0,
      GROUP_DOOR, "A=B", "accept what was signed for host A when it arrives at B; repeatable" },
    { "proxy-other", 0, "server.proxy_other", SET_WORD, AT(proxy_other), "refuse", "refuse|tunnel",
      0, 0, GROUP_DOOR, NULL, "CONNECT to hosts that are not AWS" },
    { "admin", 0, "server.admin", SET_WORD, AT(admin), "on", "on|loopback|off", 0, 0, GROUP_DOOR,
      NULL, "who may use /_atoll" },
    { "admin-token-file", 0, "server.admin_token_file", SET_TEXT, AT(admin_token_file), NULL, NULL,
      0, 0, GROUP_DOOR, "FILE", "calls to /_atoll need the token in this file" },
    { "ca-dir", 0, "server.ca_dir", SET_TEXT, AT(ca_dir), NULL, NULL, 0, 0, GROUP_DOOR, "DIR",
      "certificate authority (else $XDG_DATA_HOME/atoll/ca)" },

    { "auth", 0, "server.auth", SET_WORD, AT(auth), "relaxed", "off|relaxed|strict", 0, 0,
      GROUP_BEHAVIOUR, NULL, "which signatures are verified" },
    { "iam", 0, "server.iam", SET_WORD, AT(iam), "resources", "resources|enforce|off", 0, 0,
      GROUP_BEHAVIOUR, NULL, "whose policies decide; enforce: identities need theirs too" },
    { "signature-skew", 0, "server.signature_skew", SET_DURATION, AT(signature_skew), "15m", "off",
      0, 604800, GROUP_BEHAVIOUR, "DUR", "how far a client's clock may be off" },
    { "strict", 0, "server.strict", SET_BOOL, AT(strict), "false", NULL, 0, 0, GROUP_BEHAVIOUR,
      NULL,
      "refuse whatever AWS would refuse" },
    { "late-errors", 0, "server.late_errors", SET_BOOL, AT(late_errors), "false", NULL, 0, 0,
      GROUP_BEHAVIOUR, NULL, "copies and Complete fail in a 200 with <Error>, as AWS may" },
    { "hints", 0, "server.hints", SET_BOOL, AT(hints), "true", NULL, 0, 0, GROUP_BEHAVIOUR, NULL,
      "<Hint> in error documents" },
    { "explain-headers", 0, "server.explain_headers", SET_BOOL, AT(explain_headers), "true", NULL,
      0, 0, GROUP_BEHAVIOUR, NULL, "x-atoll-* headers in answers" },
    { "durability", 0, "server.durability", SET_WORD, AT(durability), "crash", "crash|power", 0, 0,
      GROUP_BEHAVIOUR, NULL, "what an acknowledged write survives" },
    { "version-order", 0, "server.version_order", SET_WORD, AT(version_order), "origin",
      "origin|arrival", 0, 0, GROUP_BEHAVIOUR, NULL, "which of two replicas is current" },
    { "part-min-size", 0, "server.part_min_size", SET_SIZE, AT(part_min_bytes), "5MiB", NULL, 1,
      LIMIT_PUT_BYTES, GROUP_BEHAVIOUR, "SIZE", "smallest part but the last; for tests" },
    { "queue-limit", 0, "server.queue_limit", SET_U64, AT(queue_limit), "4000000", NULL, 1,
      LIMIT_QUEUE_ROWS, GROUP_BEHAVIOUR, "N", "copies that may wait; then writes get SlowDown" },

    { "clock", 0, "clock.mode", SET_WORD, AT(clock_mode), "real", "real|manual|auto", 0, 0,
      GROUP_TIME, NULL, "auto flows, and jumps while somebody waits" },
    { "clock-start", 0, "clock.start", SET_INSTANT, AT(clock_start), "now", NULL, 0, 0, GROUP_TIME,
      "TIME", "emulated time at the start: 2026-01-02T03:04:05Z" },
    { "clock-rate", 0, "clock.rate", SET_REAL, AT(clock_rate), "1", NULL, CLOCK_RATE_LEAST,
      CLOCK_RATE_MOST, GROUP_TIME,
      "N", "emulated seconds per second" },
    { "simulate-latency", 0, "server.simulate_latency", SET_BOOL, AT(simulate_latency), "false",
      NULL, 0, 0, GROUP_TIME, NULL, "answers take as long as the way to the Region" },
    { "latency", 0, "server.latency", SET_EITHER, AT(latency_wall), "auto", "auto|wall", 0, 0,
      GROUP_TIME, NULL, "wall: wait it under a manual clock too" },
    { "latency-factor", 0, "server.latency_factor", SET_REAL, AT(latency_factor), "1", NULL, 0,
      1000,
      GROUP_TIME, "N", "times this" },

    { "port-file", 0, "server.port_file", SET_TEXT, AT(port_file), NULL, NULL, 0, 0, GROUP_PROCESS,
      "FILE", "write the port here once bound" },
    { "ready-fd", 0, NULL, SET_INT, AT(ready_fd), "-1", NULL, -1, 1048576, GROUP_PROCESS, "N",
      "write a line to this descriptor when ready" },
    { "grace", 0, "server.grace", SET_DURATION, AT(grace), "5s", NULL, 0, 3600, GROUP_PROCESS,
      "DUR",
      "how long SIGTERM waits for requests in progress" },
    { "journal", 0, "server.journal", SET_COUNT, AT(journal), "10000", NULL, 0, 1000000,
      GROUP_PROCESS, "N", "requests remembered for explain" },
    { "workers", 0, "server.workers", SET_COUNT, AT(workers), "0", NULL, 0, 256, GROUP_PROCESS, "N",
      "threads that serve; 0: one per core" },
    { "log-level", 0, "server.log.level", SET_WORD, AT(log_level), "info", "error|warn|info|debug",
      0, 0, GROUP_PROCESS, NULL, "what goes to stderr" },
    { "log-format", 0, "server.log.format", SET_WORD, AT(log_format), "text", "text|json", 0, 0,
      GROUP_PROCESS, NULL, "one line per event" },
    { "check", 0, NULL, SET_BOOL, OF(check_only), "false", NULL, 0, 0, GROUP_PROCESS, NULL,
      "say whether the configuration is sound, and end" },
    { "help", 'h', NULL, SET_BOOL, OF(help), "false", NULL, 0, 0, GROUP_PROCESS, NULL, "this text"
      },
};
// clang-format on

_Static_assert(COUNT(table) <= CONFIG_MAX_SETTINGS, "struct config has no room for the origins");
_Static_assert(sizeof(enum clock_mode) == sizeof(unsigned), "words are stored as unsigned");

size_t config_table_count(void)
{
    return COUNT(table);
}

const struct setting *config_table_at(size_t index)
{
    return &table[index];
}

bool config_table_may_change(const struct setting *setting)
{
    static const char *const paths[] = { "preset", CONFIG_PATH_LAG, "clock.mode", "clock.rate" };
    for (size_t i = 0; setting->path && i < COUNT(paths); i++)
        if (strcmp(setting->path, paths[i]) == 0)
            return true;
    return false;
}

size_t config_table_index(const struct setting *setting)
{
    return (size_t) (setting - table);
}

const struct setting *config_table_by_flag(str flag)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (str_is(flag, table[i].flag))
            return &table[i];
    return NULL;
}

const struct setting *config_table_by_letter(char letter)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (letter != '\0' && table[i].letter == letter)
            return &table[i];
    return NULL;
}

const struct setting *config_table_by_path(str path)
{
    for (size_t i = 0; i < COUNT(table); i++)
        if (table[i].path && str_is(path, table[i].path))
            return &table[i];
    return NULL;
}

str config_table_nearest_flag(str flag)
{
    str flags[COUNT(table)];
    for (size_t i = 0; i < COUNT(table); i++)
        flags[i] = str_of(table[i].flag);
    return str_nearest(flag, flags, COUNT(table));
}

str config_table_variable(struct arena *arena, const struct setting *setting)
{
    char *name = str_c(arena, str_format(arena, "ATOLL_%s", setting->flag));
    for (char *c = name; *c; c++)
        *c = (char) (*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    return str_of(name);
}

str config_table_word(const char *words, size_t index)
{
    str rest = str_of(words), word = STR_NONE;
    for (size_t i = 0; i <= index; i++)
        if (!str_next(&rest, '|', &word))
            return STR_NONE;
    return word;
}

str config_table_group_name(enum setting_group group)
{
    static const char *const names[GROUPS] = { "World", "Door", "Behaviour", "Time", "Process" };
    return str_of(names[group]);
}
