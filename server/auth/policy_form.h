/* policy_form: what a parsed policy is made of, for the policy_*.c files only.
 *
 * A pattern is text in which three bytes that UTF-8 never has stand for what is not literal: so a
 * '*' that came from a variable or from "${*}" stays a '*'.
 * Ownership: as policy.h. Threads: pure.
 */
#ifndef ATOLL_SERVER_AUTH_POLICY_FORM_H
#define ATOLL_SERVER_AUTH_POLICY_FORM_H

#include "base/time.h"
#include "server/auth/policy.h"

#define PATTERN_MANY '\xff'     /* * */
#define PATTERN_ONE '\xfe'      /* ? */
#define PATTERN_VARIABLE '\xfd' /* ${, up to } */

struct policy_pattern {
    str text;
    size_t plain; /* bytes before the first that is not literal */
    bool wild, variables;
};

enum policy_principal_kind {
    PRINCIPAL_ANYBODY,
    PRINCIPAL_ACCOUNT,
    PRINCIPAL_ARN,
    PRINCIPAL_CANONICAL,
    PRINCIPAL_SERVICE,
    PRINCIPAL_FEDERATED
};
struct policy_named {
    enum policy_principal_kind kind;
    str value;
};

enum policy_test {
    TEST_STRING,
    TEST_STRING_NOCASE,
    TEST_LIKE,
    TEST_ARN,
    TEST_NUMBER,
    TEST_DATE,
    TEST_BOOL,
    TEST_BINARY,
    TEST_IP,
    TEST_NULL
};
enum policy_relation { IS_EQUAL, IS_LESS, IS_AT_MOST, IS_GREATER, IS_AT_LEAST };
enum policy_set { SET_NONE, SET_ALL, SET_ANY };

struct policy_operand {
    struct policy_pattern pattern;
    double number;
    instant date;
    bool truth;
    unsigned char ip[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
};
struct policy_condition {
    enum policy_test test;
    enum policy_relation relation;
    enum policy_set set;
    bool negated, if_exists;
    str key; /* lower case up to the first '/' */
    struct policy_operand *operands;
    size_t count;
};

struct policy_statement {
    str sid;
    bool deny;
    bool not_principal, not_action, not_resource;
    struct policy_named *principals;
    size_t principal_count;
    struct policy_pattern *actions; /* lower case */
    size_t action_count;
    struct policy_pattern *resources;
    size_t resource_count;
    struct policy_condition *conditions;
    size_t condition_count;
};

struct policy {
    enum policy_kind kind;
    struct policy_statement *statements;
    size_t count;
};

/* One evaluation: the question and what is left of its steps. */
struct policy_run {
    const struct policy_question *question;
    unsigned steps; /* 0: used up */
};

/* policy_match.c */
struct policy_pattern policy_match_compile(struct arena *arena, str text, bool wild,
                                           bool variables);
/* The whole text against the whole pattern. */
bool policy_match_text(struct policy_run *run, const struct policy_pattern *pattern, str text);
/* The same without regard to case, of patterns that know no wildcard. */
bool policy_match_nocase(struct policy_run *run, const struct policy_pattern *pattern, str text);
/* Part by part between the first five colons, so that no '*' reaches over one (AWS: "wildcards do
 * not span segments"); a pattern without five colons is compared whole. */
bool policy_match_arn(struct policy_run *run, const struct policy_pattern *pattern, str text);
enum policy_named_by { NAMED_NOT, NAMED_ACCOUNT, NAMED_DIRECTLY };
enum policy_named_by policy_match_principal(const struct policy_statement *statement,
                                            const struct policy_principal *who);

/* policy_condition.c */
/* An operator's name ("ForAllValues:StringLikeIfExists"); false when there is none such. */
MUST_CHECK bool policy_condition_operator(str name, struct policy_condition *out);
/* One value as the operator reads it; false when it cannot. */
MUST_CHECK bool policy_condition_operand(struct arena *arena, enum policy_test test, bool variables,
                                         str text, struct policy_operand *out);
bool policy_condition_key_is_known(str key);
bool policy_condition_holds(struct policy_run *run, const struct policy_condition *condition);
/* It pins a key that narrows who can ask to a fixed value. */
bool policy_condition_narrows(const struct policy_condition *condition);

#endif
