/* Host aliases: "bucket.localhost:28655" under "s3.example=localhost" was signed as
 * "bucket.s3.example" or "bucket.s3.example:28655". */
#include "server/auth/host_alias.h"

/* What stands before the alias's host, dot included. False when `host` is another one. */
static bool front_of(str host, str name, str *front)
{
    if (host.size < name.size || !str_eq_nocase(str_skip(host, host.size - name.size), name))
        return false;
    *front = str_first(host, host.size - name.size);
    return front->size == 0 || front->ptr[front->size - 1] == '.';
}

static str port_of(str host)
{
    size_t at = str_find_char(host, ':');
    return str_find_char(host, '[') == host.size ? str_skip(host, at) : STR("");
}

str host_alias_signed(struct arena *arena, str alias, str arrived, bool with_port)
{
    str wanted, arrives, front;
    if (!str_cut(alias, '=', &wanted, &arrives) || wanted.size == 0 || arrives.size == 0)
        return STR("");
    str port = port_of(arrived);
    str host = port_of(arrives).size > 0 ? arrived : str_first(arrived, arrived.size - port.size);
    if (!front_of(host, arrives, &front) || (with_port && port_of(wanted).size > 0))
        return STR("");
    return str_format(arena, "%.*s%.*s%.*s", STR_ARG(front), STR_ARG(wanted),
                      STR_ARG(with_port ? port : STR("")));
}
