/* The naming rules of general purpose buckets, one check after the other. */
#include "server/s3/bucket_name.h"

#define NAME_MIN 3
#define NAME_MAX 63
#define ACCOUNT_REGIONAL_SUFFIX "-an"

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool has_name_characters(str name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_alphanumeric(name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '.')
            return false;
    return is_alphanumeric(name.ptr[0]) && is_alphanumeric(name.ptr[name.size - 1]) &&
           str_find(name, STR("..")) == name.size;
}

static bool looks_like_ipv4(str name)
{
    size_t dots = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.ptr[i] == '.')
            dots++;
        else if (name.ptr[i] < '0' || name.ptr[i] > '9')
            return false;
    }
    return dots == 3;
}

static bool is_reserved(str name)
{
    static const char *const prefixes[] = { "xn--", "sthree-", "amzn-s3-demo-" };
    static const char *const suffixes[] = { "-s3alias", "--ol-s3", ".mrap", "--x-s3",
                                            "--table-s3" };
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (str_starts(name, str_of(prefixes[i])))
            return true;
    for (size_t i = 0; i < COUNT(suffixes); i++)
        if (str_ends(name, str_of(suffixes[i])))
            return true;
    return false;
}

bool bucket_name_is_valid(str name)
{
    return name.size >= NAME_MIN && name.size <= NAME_MAX && has_name_characters(name) &&
           !looks_like_ipv4(name) && !is_reserved(name);
}

static bool drop_suffix(str *name, str suffix)
{
    if (!str_ends(*name, suffix))
        return false;
    name->size -= suffix.size;
    return true;
}

bool bucket_name_is_account_regional(str name, str account, str region)
{
    return drop_suffix(&name, STR(ACCOUNT_REGIONAL_SUFFIX)) && drop_suffix(&name, region) &&
           drop_suffix(&name, STR("-")) && drop_suffix(&name, account) &&
           drop_suffix(&name, STR("-")) && name.size > 0;
}
