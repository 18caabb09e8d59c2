/* Policies: refused with a reason, or evaluated the same way twice, within the bound on steps. */
#include "tests/fuzz/fuzz.h"

#include "server/auth/policy.h"

static bool value_of(void *ctx, str key, struct policy_values *out)
{
    str *one = ctx;
    *one = str_is(key, "aws:securetransport") ? STR("true")
           : str_is(key, "aws:sourceip")      ? STR("192.0.2.7")
                                              : STR("value");
    *out = (struct policy_values){ one, 1 };
    return str_find(key, STR("tag")) == key.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const actions[] = { "s3:GetObject", "s3:PutObject", "sts:AssumeRole" };
    struct arena *arena = arena_new();
    str text = str_from(bytes, size), one, why;
    struct policy_principal who = { .account = STR("111122223333"),
                                    .arn = STR("arn:aws:iam::111122223333:user/alice") };
    for (int kind = POLICY_RESOURCE; kind <= POLICY_TRUST; kind++) {
        const struct policy *policy =
            policy_parse(arena, text, (enum policy_kind) kind, STR_NONE, &why);
        BUG_UNLESS(policy || why.size > 0);
        if (policy == NULL)
            continue;
        (void) policy_is_public(policy);
        for (size_t i = 0; i < COUNT(actions); i++) {
            struct policy_question question = { &who, str_of(actions[i]),
                                                STR("arn:aws:s3:::bucket/a/b/c"), value_of, &one };
            struct policy_verdict verdict = policy_evaluate(policy, &question),
                                  again = policy_evaluate(policy, &question);
            BUG_UNLESS(verdict.effect == again.effect && verdict.index == again.index);
            BUG_UNLESS(!verdict.too_complex || verdict.effect == POLICY_DENY);
            BUG_UNLESS(policy_verdict_text(arena, &verdict).size > 0);
        }
    }
    (void) !policy_parse(arena, text, POLICY_RESOURCE, STR("arn:aws:s3:::bucket"), &why);
    arena_free(arena);
    return 0;
}
