/* What may stand behind the '?' of a call, and how it is read. */
#include "server/admin/call.h"

#define MOST_NAMES 16

static const struct {
    admin_fn *handle;
    const char *names; /* those of calls that are not here: none */
} queries[] = {
    { admin_env, "as shell mode unset region ca preload" },
    { admin_events, "after since last types follow" },
    { admin_anomalies, "kind since" },
    { admin_keys, "mrap prefix diverged after limit" },
    { admin_history, "target" },
    { admin_replication, "bucket rule destination version_id state src dst key" },
    { admin_requests, "client region mrap bucket key api status stale errors limit" },
    { admin_route, "mrap client" },
};

static size_t names_of(admin_fn *handle, str names[MOST_NAMES])
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT(queries); i++) {
        str all = str_of(queries[i].names);
        while (queries[i].handle == handle && count < MOST_NAMES &&
               str_next(&all, ' ', &names[count]))
            count++;
    }
    return count;
}

bool admin_query_known(struct request *rq, admin_fn *handle)
{
    str names[MOST_NAMES];
    size_t count = names_of(handle, names);
    const struct admin_words words = { "unknown-parameter", "parameter", names, count };
    size_t at;
    for (size_t i = 0; i < rq->query.count; i++)
        if (!admin_word(rq, &words, rq->query.at[i].name, &at))
            return false;
    return true;
}

str admin_query(const struct request *rq, const char *name, const char *fallback)
{
    str value = request_query(rq, name);
    return str_is_set(value) ? value : str_of(fallback);
}

bool admin_query_flag(struct request *rq, const char *name, bool *out)
{
    str value = admin_query(rq, name, "0");
    *out = str_is(value, "1") || str_is(value, "true");
    if (*out || str_is(value, "0") || str_is(value, "false"))
        return true;
    (void) admin_problem(rq, 400, "bad-flag",
                         str_format(rq->arena, "%s is 1 or 0, not '%.*s'", name, STR_ARG(value)),
                         STR_NONE);
    return false;
}
