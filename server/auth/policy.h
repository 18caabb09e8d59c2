/* policy: one evaluator of AWS's policy language for identity policies, bucket policies, policies
 * of Multi-Region Access Points and trust policies. Text in, a verdict out; knows no request.
 *
 * policy_parse judges the document in AWS's words and compiles it; policy_evaluate asks it one
 * question. Source: IAM user guide, "IAM JSON policy elements reference" and "Policy evaluation
 * logic".
 * Ownership: a parsed policy lives in the arena it was parsed in and copies what it keeps.
 * Threads: pure; a parsed policy is read-only. Bounds: LIMIT_POLICY_BYTES; an evaluation takes at
 * most POLICY_STEPS steps of comparing, beyond which it denies.
 */
#ifndef ATOLL_SERVER_AUTH_POLICY_H
#define ATOLL_SERVER_AUTH_POLICY_H

#include "base/arena.h"
#include "base/str.h"

#define POLICY_STEPS 4000000u /* a few milliseconds; a sane policy takes some hundreds */

enum policy_kind { POLICY_RESOURCE, POLICY_IDENTITY, POLICY_TRUST };

struct policy;

/* NULL, and AWS's message for MalformedPolicy in *why. `within`: the ARN that every Resource must
 * name or lie below ("arn:aws:s3:::BUCKET"); ptr == NULL: not asked. */
MUST_CHECK const struct policy *policy_parse(struct arena *arena, str text, enum policy_kind kind,
                                             str within, str *why);
/* AWS, "The meaning of 'public'": it allows something to everybody, and no condition with a fixed
 * value narrows that. */
bool policy_is_public(const struct policy *policy);

/* Who asks. */
struct policy_principal {
    bool anonymous;
    str account;
    str arn;       /* the user's, the root's, or the session's of an assumed role */
    str role;      /* of an assumed role: its name; else empty */
    str canonical; /* canonical user id of the account */
    str service;   /* "s3.amazonaws.com" when a service asks; else empty */
};

/* What a request says about a condition key. `key` is in lower case up to its first '/', what
 * follows is as written ("s3:existingobjecttag/Team"). False: the request has no such key. */
struct policy_values {
    const str *at;
    size_t count;
};
typedef bool policy_values_fn(void *ctx, str key, struct policy_values *out);

struct policy_question {
    const struct policy_principal *who;
    str action;   /* "s3:GetObject" */
    str resource; /* "arn:aws:s3:::bucket/key" */
    policy_values_fn *values;
    void *ctx;
};

enum policy_effect { POLICY_NONE, POLICY_ALLOW, POLICY_DENY };
struct policy_verdict {
    enum policy_effect effect;
    /* An Allow named the asker himself or everybody; false when it named only his account, which
     * leaves the decision to that account (AWS: "delegates"). */
    bool direct;
    bool too_complex; /* denied because POLICY_STEPS were used up */
    str sid;          /* of the statement that decided; may be empty */
    unsigned index;   /* its number, from 0 */
};
struct policy_verdict policy_evaluate(const struct policy *policy,
                                      const struct policy_question *question);

/* "Deny statement 2 (NoPlain)". */
str policy_verdict_text(struct arena *arena, const struct policy_verdict *verdict);

#endif
