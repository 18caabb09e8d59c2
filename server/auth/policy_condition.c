/* Conditions: the table of operators, the values that policies write for them, and whether what a
 * request says fits. Source: IAM user guide, "IAM JSON policy elements: Condition operators" and
 * "Conditions with multiple context keys or values". */
#include <arpa/inet.h>

#include "base/bug.h"
#include "server/auth/policy_form.h"

#define NUMBER_BYTES 64

static const struct {
    const char *name;
    enum policy_test test;
    enum policy_relation relation;
    bool negated;
} operators[] = {
    { "StringEquals", TEST_STRING, IS_EQUAL, false },
    { "StringNotEquals", TEST_STRING, IS_EQUAL, true },
    { "StringEqualsIgnoreCase", TEST_STRING_NOCASE, IS_EQUAL, false },
    { "StringNotEqualsIgnoreCase", TEST_STRING_NOCASE, IS_EQUAL, true },
    { "StringLike", TEST_LIKE, IS_EQUAL, false },
    { "StringNotLike", TEST_LIKE, IS_EQUAL, true },
    { "NumericEquals", TEST_NUMBER, IS_EQUAL, false },
    { "NumericNotEquals", TEST_NUMBER, IS_EQUAL, true },
    { "NumericLessThan", TEST_NUMBER, IS_LESS, false },
    { "NumericLessThanEquals", TEST_NUMBER, IS_AT_MOST, false },
    { "NumericGreaterThan", TEST_NUMBER, IS_GREATER, false },
    { "NumericGreaterThanEquals", TEST_NUMBER, IS_AT_LEAST, false },
    { "DateEquals", TEST_DATE, IS_EQUAL, false },
    { "DateNotEquals", TEST_DATE, IS_EQUAL, true },
    { "DateLessThan", TEST_DATE, IS_LESS, false },
    { "DateLessThanEquals", TEST_DATE, IS_AT_MOST, false },
    { "DateGreaterThan", TEST_DATE, IS_GREATER, false },
    { "DateGreaterThanEquals", TEST_DATE, IS_AT_LEAST, false },
    { "Bool", TEST_BOOL, IS_EQUAL, false },
    { "BinaryEquals", TEST_BINARY, IS_EQUAL, false },
    { "IpAddress", TEST_IP, IS_EQUAL, false },
    { "NotIpAddress", TEST_IP, IS_EQUAL, true },
    { "ArnEquals", TEST_ARN, IS_EQUAL, false },
    { "ArnNotEquals", TEST_ARN, IS_EQUAL, true },
    { "ArnLike", TEST_ARN, IS_EQUAL, false },
    { "ArnNotLike", TEST_ARN, IS_EQUAL, true },
    { "Null", TEST_NULL, IS_EQUAL, false },
};

/* Keys of S3 itself (Service authorization reference, "Condition keys for Amazon S3"); a '/' at the
 * end: what follows is the client's own. */
static const char *const s3_keys[] = {
    "accesspointnetworkorigin",
    "authtype",
    "bucketregion",
    "bucketresourcetype",
    "buckettag/",
    "dataaccesspointaccount",
    "dataaccesspointarn",
    "destinationregion",
    "delimiter",
    "existingobjecttag/",
    "if-match",
    "if-none-match",
    "inventoryaccessibleoptionalfields",
    "isreplicationpauserequest",
    "jobsuspendedcause",
    "locationconstraint",
    "max-keys",
    "object-lock-legal-hold",
    "object-lock-mode",
    "object-lock-remaining-retention-days",
    "object-lock-retain-until-date",
    "objectcreationoperation",
    "prefix",
    "requestobjecttag/",
    "requestobjecttagkeys",
    "resourceaccount",
    "signatureage",
    "signatureversion",
    "tlsversion",
    "versionid",
    "x-amz-acl",
    "x-amz-bucket-namespace",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
};

bool policy_condition_key_is_known(str key)
{
    if (!str_starts(key, STR("s3:")))
        return str_find_char(key, ':') < key.size;
    str name = str_skip(key, 3);
    for (size_t i = 0; i < COUNT(s3_keys); i++) {
        str known = str_of(s3_keys[i]);
        bool open = str_ends(known, STR("/"));
        if (open ? str_starts(name, known) && name.size > known.size : str_eq(name, known))
            return true;
    }
    return false;
}

/* --- operators --- */

bool policy_condition_operator(str name, struct policy_condition *out)
{
    static const str all = { "ForAllValues:", 13 }, any = { "ForAnyValue:", 12 },
                     if_exists = { "IfExists", 8 };
    if (str_starts_nocase(name, all)) {
        out->set = SET_ALL;
        name = str_skip(name, all.size);
    } else if (str_starts_nocase(name, any)) {
        out->set = SET_ANY;
        name = str_skip(name, any.size);
    }
    if (name.size > if_exists.size &&
        str_eq_nocase(str_skip(name, name.size - if_exists.size), if_exists)) {
        out->if_exists = true;
        name = str_first(name, name.size - if_exists.size);
    }
    for (size_t i = 0; i < COUNT(operators); i++) {
        if (!str_eq_nocase(name, str_of(operators[i].name)))
            continue;
        out->test = operators[i].test;
        out->relation = operators[i].relation;
        out->negated = operators[i].negated;
        /* AWS: "You cannot use IfExists with the Null operator." */
        return !(out->test == TEST_NULL && out->if_exists);
    }
    return false;
}

/* --- values --- */

/* ISO 8601, a day alone, or seconds since 1970. */
static bool read_date(str text, instant *out)
{
    char room[32];
    int64_t seconds;
    if (text.size <= 11 && str_to_i64(text, &seconds)) {
        out->ns = seconds * 1000000000;
        return true;
    }
    if (text.size != 10)
        return instant_parse_iso8601(text, out);
    memcpy(room, text.ptr, 10);
    memcpy(room + 10, "T00:00:00Z", 10);
    return instant_parse_iso8601(str_from(room, 20), out);
}

/* One form for both families, so that a comparison is one of bits. */
static bool read_ip(str text, unsigned char out[16], unsigned *bits)
{
    char room[INET6_ADDRSTRLEN];
    str address, width;
    uint64_t given = 0;
    bool has_width = str_cut(text, '/', &address, &width);
    if (address.size >= sizeof room || (has_width && !str_to_u64(width, &given)))
        return false;
    memcpy(room, address.ptr ? address.ptr : "", address.size);
    room[address.size] = '\0';
    memset(out, 0, 16);
    if (inet_pton(AF_INET, room, out + 12) == 1) {
        out[10] = out[11] = 0xff;
        *bits = 96 + (has_width ? (unsigned) given : 32);
        return !has_width || given <= 32;
    }
    *bits = has_width ? (unsigned) given : 128;
    return inet_pton(AF_INET6, room, out) == 1 && *bits <= 128;
}

static bool read_truth(str text, bool *out)
{
    *out = str_eq_nocase(text, STR("true"));
    return *out || str_eq_nocase(text, STR("false"));
}

bool policy_condition_operand(struct arena *arena, enum policy_test test, bool variables, str text,
                              struct policy_operand *out)
{
    bool wild = test == TEST_LIKE || test == TEST_ARN;
    *out = (struct policy_operand){ .bits = 0 };
    switch (test) {
    case TEST_STRING:
    case TEST_STRING_NOCASE:
    case TEST_LIKE:
    case TEST_ARN:
        out->pattern = policy_match_compile(arena, text, wild, variables);
        return true;
    case TEST_BINARY:
        out->pattern = policy_match_compile(arena, text, false, false);
        return true;
    case TEST_NUMBER:
        return text.size < NUMBER_BYTES && str_to_double(text, &out->number);
    case TEST_DATE:
        return read_date(text, &out->date);
    case TEST_BOOL:
    case TEST_NULL:
        return read_truth(text, &out->truth);
    case TEST_IP:
        return read_ip(text, out->ip, &out->bits);
    }
    BUG("a test without a value");
}

/* --- judging --- */

static bool relates(enum policy_relation relation, int order)
{
    switch (relation) {
    case IS_EQUAL:
        return order == 0;
    case IS_LESS:
        return order < 0;
    case IS_AT_MOST:
        return order <= 0;
    case IS_GREATER:
        return order > 0;
    case IS_AT_LEAST:
        return order >= 0;
    }
    BUG("a relation that compares nothing");
}

static bool in_network(const struct policy_operand *network, str text)
{
    unsigned char ip[16];
    unsigned bits;
    if (!read_ip(text, ip, &bits) || bits < network->bits)
        return false;
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    unsigned char mask = (unsigned char) (0xff00u >> rest);
    return memcmp(ip, network->ip, whole) == 0 &&
           (rest == 0 || ((ip[whole] ^ network->ip[whole]) & mask) == 0);
}

static bool number_fits(enum policy_relation relation, double wanted, str text)
{
    double number;
    return str_to_double(text, &number) && relates(relation, number < wanted   ? -1
                                                             : number > wanted ? 1
                                                                               : 0);
}

static bool date_fits(enum policy_relation relation, instant wanted, str text)
{
    instant date;
    return read_date(text, &date) && relates(relation, instant_before(date, wanted)   ? -1
                                                       : instant_before(wanted, date) ? 1
                                                                                      : 0);
}

static bool fits(struct policy_run *run, const struct policy_condition *condition,
                 const struct policy_operand *operand, str value)
{
    bool truth;
    switch (condition->test) {
    case TEST_STRING:
    case TEST_LIKE:
    case TEST_BINARY:
        return policy_match_text(run, &operand->pattern, value);
    case TEST_STRING_NOCASE:
        return policy_match_nocase(run, &operand->pattern, value);
    case TEST_ARN:
        return policy_match_arn(run, &operand->pattern, value);
    case TEST_NUMBER:
        return number_fits(condition->relation, operand->number, value);
    case TEST_DATE:
        return date_fits(condition->relation, operand->date, value);
    case TEST_BOOL:
        return read_truth(value, &truth) && truth == operand->truth;
    case TEST_IP:
        return in_network(operand, value);
    case TEST_NULL:
        break;
    }
    return false;
}

/* Several values of a policy are alternatives; of a negated operator none may fit. */
static bool one_value_holds(struct policy_run *run, const struct policy_condition *condition,
                            str value)
{
    bool found = false;
    for (size_t i = 0; i < condition->count && !found; i++)
        found = fits(run, condition, &condition->operands[i], value);
    return found != condition->negated;
}

bool policy_condition_holds(struct policy_run *run, const struct policy_condition *condition)
{
    struct policy_values values = { NULL, 0 };
    const struct policy_question *question = run->question;
    bool there = question->values(question->ctx, condition->key, &values) && values.count > 0;
    if (condition->test == TEST_NULL) {
        for (size_t i = 0; i < condition->count; i++)
            if (condition->operands[i].truth != there)
                return true;
        return false;
    }
    if (!there) /* AWS: ForAllValues is true of nothing, ForAnyValue false; a negated one true */
        return condition->if_exists || condition->set == SET_ALL ||
               (condition->negated && condition->set != SET_ANY);
    bool all = condition->set == SET_ALL || (condition->set == SET_NONE && condition->negated);
    for (size_t i = 0; i < values.count; i++)
        if (one_value_holds(run, condition, values.at[i]) != all)
            return !all;
    return all;
}

/* AWS: a fixed value has neither wildcard nor variable, but an access point's ARN may end in one;
 * networks wider than a /8 (IPv6: /32) are as good as everywhere. */
static bool is_fixed(const struct policy_condition *condition, const struct policy_operand *operand)
{
    if (condition->test == TEST_IP)
        return operand->ip[10] == 0xff && operand->bits >= 96 ? operand->bits >= 96 + 8
                                                              : operand->bits >= 32;
    bool access_point =
        str_is(condition->key, "s3:dataaccesspointarn") &&
        str_find(operand->pattern.text, STR(":accesspoint/")) < operand->pattern.text.size;
    return !operand->pattern.variables && (!operand->pattern.wild || access_point);
}

/* AWS, "The meaning of 'public'": fixed values of these make a policy not public. */
bool policy_condition_narrows(const struct policy_condition *condition)
{
    static const char *const keys[] = { "aws:principalaccount", "aws:principalarn",
                                        "aws:principalorgid",   "aws:principalorgpaths",
                                        "aws:sourceaccount",    "aws:sourcearn",
                                        "aws:sourceip",         "aws:sourceowner",
                                        "aws:sourcevpc",        "aws:sourcevpce",
                                        "aws:userid",           "s3:dataaccesspointaccount",
                                        "s3:dataaccesspointarn" };
    bool listed = false;
    if (condition->negated || condition->if_exists || condition->set == SET_ALL ||
        condition->test == TEST_NULL)
        return false;
    for (size_t i = 0; i < COUNT(keys) && !listed; i++)
        listed = str_is(condition->key, keys[i]);
    for (size_t i = 0; listed && i < condition->count; i++)
        listed = is_fixed(condition, &condition->operands[i]);
    return listed;
}
