/* Host header and raw target, taken apart: which of AWS's host classes it is, then bucket and key.
 *
 * A host is read from its right end, because buckets may contain dots and even look like hosts:
 *
 *     BUCKET . s3 . [dualstack .] REGION . amazonaws.com        the base, "amazonaws.com"
 *              \_______ service labels _/                        is one of AWS's or our own
 *
 * On a base of our own (localhost, an IP address, ...) whatever stands before it and is no S3 host
 * class is a bucket; a name we do not know is taken for ours as well when the target is in origin
 * form (somebody's --endpoint-url), and for a stranger's when it is in absolute form (a proxied
 * request that we do not forward).
 */
#include "server/s3/address.h"

#include "base/encode.h"

#define MAX_LABELS 32
#define CONTROL_PATH "/v20180820/"

struct host {
    bool absolute;         /* it stood in an absolute-form target: we are asked as a proxy */
    str name;              /* lower case, no port, no trailing dot */
    bool ip;               /* an address literal */
    str label[MAX_LABELS]; /* in front of the base */
    size_t labels;
    size_t base_starts; /* offset of the base in name */
};

struct target {
    str authority; /* of the absolute form; ptr == NULL: origin form */
    str path;
    str query;
};

static bool all_digits(str s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.size > 0;
}

static bool is_account(str s)
{
    return s.size == 12 && all_digits(s);
}

/* "eu-west-1", "us-gov-west-1": by shape, so that a misspelt Region is still named in the answer.
 */
static bool is_region_shaped(str s)
{
    size_t dashes = 0;
    for (size_t i = 0; i < s.size; i++) {
        bool last = i + 1 == s.size;
        char c = s.ptr[i];
        if (c == '-')
            dashes++;
        else if (last ? c < '0' || c > '9' : c < 'a' || c > 'z')
            return false;
        if (c == '-' && (i < 2 || last || s.ptr[i - 1] == '-'))
            return false;
    }
    return dashes >= 2 && s.size >= 6 && s.ptr[s.size - 2] == '-';
}

/* ---- the target ---- */

static bool split_target(str target, struct target *out)
{
    *out = (struct target){ .authority = STR_NONE };
    if (str_starts_nocase(target, STR("http://")) || str_starts_nocase(target, STR("https://"))) {
        str rest = str_skip(target, target.ptr[4] == ':' ? 7 : 8);
        size_t end = 0;
        while (end < rest.size && rest.ptr[end] != '/' && rest.ptr[end] != '?')
            end++;
        str user, host;
        out->authority = str_first(rest, end);
        if (str_cut(out->authority, '@', &user, &host))
            out->authority = host;
        if (out->authority.size == 0)
            return false;
        target = str_skip(rest, end);
        if (target.size == 0 || target.ptr[0] == '?') {
            out->path = STR("/");
            out->query = str_skip(target, 1);
            return true;
        }
    }
    if (target.size == 0 || target.ptr[0] != '/')
        return false;
    str_cut(target, '?', &out->path, &out->query);
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool escapes_are_whole(str path)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.ptr[i] == '%' &&
            (i + 2 >= path.size || !is_hex(path.ptr[i + 1]) || !is_hex(path.ptr[i + 2])))
            return false;
    return true;
}

/* ---- the host ---- */

static str strip_port(str host)
{
    if (host.size > 0 && host.ptr[0] == '[') {
        size_t end = str_find_char(host, ']');
        return str_first(str_skip(host, 1), end > 0 ? end - 1 : 0);
    }
    str name, port;
    /* Two colons and no brackets: a bare IPv6 address. */
    if (str_cut(host, ':', &name, &port) && str_find_char(port, ':') == port.size)
        return name;
    return host;
}

static bool is_ipv6(str name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_hex(name.ptr[i]) && name.ptr[i] != ':' && name.ptr[i] != '.' && name.ptr[i] != '%')
            return false;
    return str_find_char(name, ':') < name.size;
}

/* Where "127.0.0.1" begins in "123456789012.127.0.0.1"; name.size when it does not end so. */
static size_t ipv4_at(str name)
{
    size_t start = name.size;
    for (int octet = 0; octet < 4; octet++) {
        size_t end = start;
        while (start > 0 && name.ptr[start - 1] != '.')
            start--;
        str part = str_first(str_skip(name, start), end - start);
        uint64_t value;
        if (part.size > 3 || !str_to_u64(part, &value) || value > 255)
            return name.size;
        if (octet < 3) {
            if (start == 0)
                return name.size;
            start--;
        }
    }
    return start;
}

/* The base's offset when `name` is `base` or ends in "." base; name.size if not. */
static size_t base_at(str name, str base)
{
    if (str_eq(name, base))
        return 0;
    if (name.size > base.size && str_ends(name, base) && name.ptr[name.size - base.size - 1] == '.')
        return name.size - base.size;
    return name.size;
}

static bool split_labels(struct host *host, size_t base_starts)
{
    str rest = str_first(host->name, base_starts > 0 ? base_starts - 1 : 0);
    str label;
    host->base_starts = base_starts;
    host->labels = 0;
    while (rest.size > 0 && str_next(&rest, '.', &label)) {
        if (host->labels == MAX_LABELS)
            return false;
        host->label[host->labels++] = label;
    }
    return true;
}

/* The i-th label from the right, 0 the last; STR_NONE beyond. */
static str label_from_right(const struct host *host, size_t i)
{
    return i < host->labels ? host->label[host->labels - 1 - i] : STR_NONE;
}

/* All text in front of the last `used` labels, dots included. */
static str before_labels(const struct host *host, size_t used)
{
    if (used >= host->labels)
        return STR("");
    str last = host->label[host->labels - 1 - used];
    return str_from(host->name.ptr, (size_t) (last.ptr + last.size - host->name.ptr));
}

/* ---- host classes ---- */

struct service {
    str name;    /* "s3", "s3-control", "sts", ... */
    size_t used; /* labels that belong to it */
};

/* SERVICE[.dualstack][.REGION]; S3's legacy hosts join service and Region with a dash. */
static struct service service_of(const struct host *host, struct address *out)
{
    struct service service = { STR_NONE, 0 };
    str last = label_from_right(host, 0);
    if (is_region_shaped(last)) {
        out->host_region = last;
        service.used++;
    }
    if (str_is(label_from_right(host, service.used), "dualstack")) {
        out->dualstack = true;
        service.used++;
    }
    service.name = label_from_right(host, service.used);
    if (service.name.size > 0)
        service.used++;
    if (str_ends(service.name, STR("-fips")))
        service.name = str_first(service.name, service.name.size - 5);
    static const char *const joined[] = { "s3-website-", "s3-control-", "s3-" };
    for (size_t i = 0; i < COUNT(joined) && out->host_region.size == 0; i++) {
        str prefix = str_of(joined[i]);
        if (str_starts(service.name, prefix) &&
            is_region_shaped(str_skip(service.name, prefix.size))) {
            out->host_region = str_skip(service.name, prefix.size);
            service.name = str_first(service.name, prefix.size - 1);
        }
    }
    if (str_is(service.name, "s3-external-1")) { /* the old name of us-east-1 */
        out->host_region = STR("us-east-1");
        service.name = STR("s3");
    }
    return service;
}

/* S3's own classes. False when the labels are none of them; *out may then hold leavings. */
static bool classify_s3(const struct host *host, struct address *out)
{
    if (str_is(label_from_right(host, 0), "s3-global") &&
        str_is(label_from_right(host, 1), "accesspoint") && host->labels > 2) {
        out->kind = ADDRESS_MRAP;
        out->mrap = before_labels(host, 2);
        return true;
    }
    struct service service = service_of(host, out);
    str front = before_labels(host, service.used);
    if (str_is(service.name, "s3-control")) {
        out->kind = ADDRESS_CONTROL;
        out->account_label = front;
        return true;
    }
    out->access_point = str_is(service.name, "s3-accesspoint") && front.size > 0;
    if (out->access_point) {
        out->kind = ADDRESS_S3;
        out->bucket = front;
        out->virtual_host = true;
        return true;
    }
    out->website = str_is(service.name, "s3-website");
    if (!out->website && !str_is(service.name, "s3") && !str_is(service.name, "s3-accelerate"))
        return false;
    out->kind = ADDRESS_S3;
    out->bucket = front;
    out->virtual_host = front.size > 0;
    return true;
}

static void classify_aws(const struct host *host, struct address *out)
{
    if (classify_s3(host, out))
        return;
    struct service service = service_of(host, out);
    out->service = service.name.size > 0 ? service.name : host->name;
    out->kind = ADDRESS_OTHER_AWS;
    if (service.used != host->labels)
        return;
    if (str_is(service.name, "sts"))
        out->kind = ADDRESS_STS;
    else if (str_is(service.name, "iam"))
        out->kind = ADDRESS_IAM;
    else if (str_is(service.name, "monitoring"))
        out->kind = ADDRESS_CLOUDWATCH;
}

/* On a base of ours: an S3 class in front of it, or an account for S3 Control, or a bucket. */
static void classify_own(const struct host *host, struct address *out)
{
    struct address aws = { .path = out->path };
    out->kind = ADDRESS_S3;
    out->own_host = true;
    if (host->labels == 0)
        return;
    if (host->labels == 1 && is_account(host->label[0]) && str_starts(out->path, STR(CONTROL_PATH)))
        out->account_label = host->label[0];
    else if (classify_s3(host, &aws)) {
        aws.own_host = true;
        *out = aws;
    } else {
        out->bucket = before_labels(host, 0);
        out->virtual_host = true;
    }
}

/* A name that is not known: an endpoint of somebody's own, always path style. */
static void classify_unknown(str name, struct address *out)
{
    str account, rest;
    out->kind = ADDRESS_S3;
    out->own_host = true;
    if (str_cut(name, '.', &account, &rest) && is_account(account))
        out->account_label = account;
}

static bool is_metadata_service(str name)
{
    return str_is(name, "169.254.169.254") || str_is(name, "169.254.170.2") ||
           str_is(name, "fd00:ec2::254");
}

/* False when the host is no name at all. *local: /_atoll is answered here; names that a stranger's
 * DNS could point at us are not among them (rebinding). */
static bool classify(struct host *host, struct host_names names, struct address *out, bool *local)
{
    static const char *const aws[] = { "amazonaws.com", "amazonaws.com.cn" };
    static const char *const own[] = { "localhost", "atoll.test", "atoll", "host.docker.internal" };
    str name = host->name;
    size_t at;

    *local = false;
    if (host->absolute && is_metadata_service(name)) {
        out->kind = ADDRESS_STRANGER;
        return true;
    }
    for (size_t i = 0; i < COUNT(aws); i++)
        if ((at = base_at(name, str_of(aws[i]))) < name.size) {
            if (!split_labels(host, at))
                return false;
            classify_aws(host, out);
            return true;
        }
    at = host->ip ? 0 : ipv4_at(name);
    for (size_t i = 0; i < COUNT(own) && at == name.size; i++)
        at = base_at(name, str_of(own[i]));
    for (size_t i = 0; i < names.count && at == name.size; i++)
        at = base_at(name, names.at[i]);
    if (at < name.size) {
        *local = at == 0;
        if (!split_labels(host, at))
            return false;
        classify_own(host, out);
        return true;
    }
    if (host->absolute && name.size > 0 && str_find_char(name, '.') < name.size) {
        out->kind = ADDRESS_STRANGER;
        return true;
    }
    *local = name.size > 0 && str_find_char(name, '.') == name.size; /* a service name in compose */
    classify_unknown(name, out);
    return true;
}

/* ---- bucket and key ---- */

static bool decode_key(struct arena *arena, struct address *out, str raw)
{
    out->raw_key = raw;
    out->key = decode_uri(arena, raw, false);
    return utf8_is_valid(out->key); /* AWS: InvalidURI */
}

static bool split_path(struct arena *arena, struct address *out)
{
    str rest = str_skip(out->path, 1);
    if (out->kind == ADDRESS_MRAP || out->virtual_host)
        return decode_key(arena, out, rest);
    str bucket, key;
    str_cut(rest, '/', &bucket, &key);
    if (bucket.size == 0)
        return rest.size == 0; /* "//key" names no bucket */
    out->bucket = decode_uri(arena, bucket, false);
    return utf8_is_valid(out->bucket) && decode_key(arena, out, key);
}

/* Not valid on AWS, but safe: no bucket's name may end in ".mrap". */
static void alias_as_bucket(struct address *out)
{
    if (out->kind != ADDRESS_S3 || !out->own_host || out->bucket.size <= 5 ||
        !str_ends(out->bucket, STR(".mrap")))
        return;
    out->kind = ADDRESS_MRAP;
    out->alias_as_bucket = true;
    out->mrap = out->bucket;
    out->bucket = STR("");
}

static bool is_admin_path(str path)
{
    return str_eq(path, STR("/_atoll")) || str_starts(path, STR("/_atoll/"));
}

static size_t count_char(str s, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < s.size; i++)
        count += s.ptr[i] == c;
    return count;
}

bool address_parse(struct arena *arena, struct host_names own, str host_header, str target,
                   struct address *out, str *raw_query)
{
    struct target split;
    struct host host = { .name = STR_NONE };
    bool local;

    *out = (struct address){ .kind = ADDRESS_NONE };
    *raw_query = STR("");
    if (target.size > LIMIT_TARGET_BYTES || !split_target(target, &split))
        return false;
    out->path = split.path;
    *raw_query = split.query.size > 0 ? split.query : STR("");
    if (count_char(split.query, '&') >= LIMIT_QUERY_PARAMS)
        return false;

    host.absolute = str_is_set(split.authority);
    host.name =
        str_lower(arena, strip_port(str_trim(host.absolute ? split.authority : host_header)));
    if (host.name.size > 0 && host.name.ptr[host.name.size - 1] == '.')
        host.name.size--;
    host.ip = is_ipv6(host.name);
    if (!classify(&host, own, out, &local))
        return false;

    if (local && is_admin_path(out->path)) {
        *out = (struct address){ .kind = ADDRESS_ADMIN, .own_host = true, .path = out->path };
        return true;
    }
    if (out->own_host && !out->virtual_host && str_starts(out->path, STR(CONTROL_PATH)))
        out->kind = ADDRESS_CONTROL;
    if (out->kind != ADDRESS_S3 && out->kind != ADDRESS_MRAP)
        return true;
    if (!escapes_are_whole(out->path) || !split_path(arena, out))
        return false;
    alias_as_bucket(out);
    return true;
}

void query_parse(struct arena *arena, str raw_query, struct fields *out)
{
    str pair, name, value;
    *out = (struct fields){ .at = NULL };
    while (raw_query.size > 0 && out->count < LIMIT_QUERY_PARAMS &&
           str_next(&raw_query, '&', &pair)) {
        if (pair.size == 0)
            continue;
        bool valued = str_cut(pair, '=', &name, &value);
        fields_add(arena, out, decode_uri(arena, name, true),
                   valued ? decode_uri(arena, value, true) : STR_NONE);
    }
}
