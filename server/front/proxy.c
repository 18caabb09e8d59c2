/* Reading a CONNECT head and judging its host. The head is small and comes whole (peek.c). */
#include "server/front/proxy.h"

#include <arpa/inet.h>

#include "base/encode.h"
#include "server/front/ca.h"
#include "server/settings.h"

static bool authority_split(str authority, struct proxy_connect *out)
{
    str rest = authority;
    if (str_starts(rest, STR("["))) {
        if (!str_cut(str_skip(rest, 1), ']', &out->host, &rest) || !str_starts(rest, STR(":")))
            return false;
        out->port = str_skip(rest, 1);
    } else if (!str_cut(rest, ':', &out->host, &out->port)) {
        return false;
    }
    if (str_ends(out->host, STR(".")))
        out->host.size--;
    uint64_t port;
    return out->host.size > 0 && str_to_u64(out->port, &port) && port > 0 && port < 65536;
}

static bool host_is_clean(str host)
{
    for (size_t i = 0; i < host.size; i++)
        if ((unsigned char) host.ptr[i] <= ' ' || host.ptr[i] == 0x7f || host.ptr[i] == '/' ||
            host.ptr[i] == '@')
            return false;
    return true;
}

bool proxy_connect_parse(struct arena *arena, str head, struct proxy_connect *out)
{
    *out = (struct proxy_connect){ 0 };
    str line;
    str method;
    str version;
    if (!str_next(&head, '\n', &line) || !str_ends(line, STR("\r")))
        return false;
    line.size--;
    if (!str_cut(line, ' ', &method, &line) || !str_cut(line, ' ', &out->authority, &version) ||
        !(str_is(version, "HTTP/1.1") || str_is(version, "HTTP/1.0")) ||
        !authority_split(out->authority, out) || !host_is_clean(out->host))
        return false;
    while (str_next(&head, '\n', &line)) {
        str name;
        str value;
        if (str_cut(line, ':', &name, &value) && str_eq_nocase(name, STR("Proxy-Authorization")))
            out->user = proxy_user(arena, str_trim(value));
    }
    return true;
}

str proxy_user(struct arena *arena, str authorization)
{
    str decoded;
    str user;
    str password;
    if (!str_starts_nocase(authorization, STR("Basic ")) ||
        !decode_base64(arena, str_trim(str_skip(authorization, 6)), &decoded))
        return STR_NONE;
    (void) str_cut(decoded, ':', &user, &password);
    return user;
}

bool proxy_is_loopback(str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr four;
    struct in6_addr six;
    if (host.size >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.size);
    text[host.size] = '\0';
    if (inet_pton(AF_INET, text, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* The host part of "127.0.0.1:28655" or "[::1]:28655". */
static str listen_host(str address)
{
    size_t colon = address.size;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    str host = str_first(address, colon > 0 ? colon - 1 : address.size);
    if (host.size >= 2 && host.ptr[0] == '[')
        host = (str){ host.ptr + 1, host.size - 2 };
    return host;
}

bool proxy_is_ours(const struct settings *settings, str host)
{
    char lower[256];
    if (host.size >= sizeof lower)
        return false;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.ptr[i];
        lower[i] = (char) (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    if (ca_may_name(str_from(lower, host.size)) || proxy_is_loopback(host))
        return true;
    for (size_t i = 0; i < settings->listen_count; i++)
        if (str_eq_nocase(listen_host(settings->listen[i]), host))
            return true;
    return false;
}
