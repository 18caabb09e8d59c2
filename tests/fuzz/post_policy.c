/* POST policies: read, or refused with words; judged the same way twice. Input: the document, a
 * NUL, the form as name=value lines. */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "server/s3/post_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct post_policy policy = { .conditions = NULL };
    struct fields form = { .count = 0 };
    str document, rest, line, name, value;
    instant now;
    (void) str_cut(str_from(bytes, size), '\0', &document, &rest);
    while (str_is_set(rest) && str_next(&rest, '\n', &line)) {
        (void) str_cut(line, '=', &name, &value);
        fields_add(arena, &form, name, value);
    }
    BUG_UNLESS(instant_parse_iso8601(STR("2026-11-22T12:00:00Z"), &now));
    str text = encode_base64(arena, document.ptr, document.size);
    struct post_problem problem = post_policy_read(arena, text, &policy);
    BUG_UNLESS(problem.code < S3_CODES);
    if (problem.code == S3_OK) {
        BUG_UNLESS(policy.conditions != NULL);
        problem = post_policy_judge(arena, &policy, &form, now);
        struct post_problem again = post_policy_judge(arena, &policy, &form, now);
        BUG_UNLESS(problem.code == again.code && str_eq(problem.message, again.message));
        BUG_UNLESS(problem.code == S3_OK || problem.message.size > 0);
    }
    (void) post_policy_read(arena, str_from(bytes, size), &policy);
    arena_free(arena);
    return 0;
}
