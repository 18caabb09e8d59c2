/* Comparing with patterns: iteratively, each step counted, so that no policy and no key make it
 * catastrophic. A '*' remembers only the last one before it, which is enough because an earlier one
 * could never do better. */
#include "base/bug.h"
#include "base/limits.h"
#include "server/auth/policy_form.h"

#define EXPANDED_BYTES 4096 /* [atoll] an expanded pattern; longer ones match nothing */

#define FIRST_MARK ((unsigned char) PATTERN_VARIABLE)

/* "${*}", "${?}" and "${$}" are the characters themselves. */
static bool escaped(str rest, char *out)
{
    bool is = rest.size >= 4 && rest.ptr[0] == '$' && rest.ptr[1] == '{' && rest.ptr[3] == '}' &&
              (rest.ptr[2] == '*' || rest.ptr[2] == '?' || rest.ptr[2] == '$');
    if (is)
        *out = rest.ptr[2];
    return is;
}

struct policy_pattern policy_match_compile(struct arena *arena, str text, bool wild, bool variables)
{
    struct policy_pattern pattern = { .wild = false };
    char *out = arena_alloc_raw(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        str rest = str_skip(text, i);
        char c = text.ptr[i];
        if (variables && escaped(rest, &c))
            i += 3;
        else if (variables && str_starts(rest, STR("${")) && str_find_char(rest, '}') < rest.size) {
            c = PATTERN_VARIABLE;
            pattern.variables = true;
            i++;
        } else if (wild && (c == '*' || c == '?')) {
            c = c == '*' ? PATTERN_MANY : PATTERN_ONE;
            pattern.wild = true;
        }
        out[size++] = c;
    }
    pattern.text = str_from(out, size);
    while (pattern.plain < size && (unsigned char) out[pattern.plain] < FIRST_MARK)
        pattern.plain++;
    return pattern;
}

/* --- variables --- */

static bool is_literal(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char) text.ptr[i] >= FIRST_MARK)
            return false;
    return true;
}

/* "aws:username" or "aws:PrincipalTag/team, 'none'". */
static bool variable_value(struct policy_run *run, str inside, str *out)
{
    char lower[128];
    str name, fallback;
    struct policy_values values;
    bool has_fallback = str_cut(inside, ',', &name, &fallback);
    name = str_trim(name);
    fallback = str_trim(fallback);
    if (name.size >= sizeof lower)
        return false;
    size_t slash = str_find_char(name, '/');
    for (size_t i = 0; i < name.size; i++) {
        char c = name.ptr[i];
        lower[i] = (char) (i < slash && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    const struct policy_question *question = run->question;
    if (question->values(question->ctx, str_from(lower, name.size), &values) && values.count == 1) {
        *out = values.at[0];
        return is_literal(*out);
    }
    if (!has_fallback || fallback.size < 2 || fallback.ptr[0] != '\'')
        return false;
    *out = str_from(fallback.ptr + 1, fallback.size - 2);
    return true;
}

/* AWS: a statement whose variable has no value matches nothing by it. */
static bool expand(struct policy_run *run, str pattern, char *room, str *out)
{
    size_t size = 0;
    for (size_t i = 0; i < pattern.size; i++) {
        str piece = str_from(pattern.ptr + i, 1);
        if (pattern.ptr[i] == PATTERN_VARIABLE) {
            str rest = str_skip(pattern, i + 1);
            size_t end = str_find_char(rest, '}');
            if (!variable_value(run, str_first(rest, end), &piece))
                return false;
            i += end + 1;
        }
        if (size + piece.size > EXPANDED_BYTES)
            return false;
        if (piece.size > 0)
            memcpy(room + size, piece.ptr, piece.size);
        size += piece.size;
    }
    *out = str_from(room, size);
    return true;
}

/* --- wildcards --- */

/* One character is one code point, not one byte. */
static size_t after_one(str text, size_t at)
{
    at++;
    while (at < text.size && ((unsigned char) text.ptr[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static bool is_matched(struct policy_run *run, str pattern, str text)
{
    size_t p = 0, t = 0, many = SIZE_MAX, from = 0;
    while (t < text.size) {
        if (run->steps == 0)
            return false;
        run->steps--;
        if (p < pattern.size && pattern.ptr[p] == PATTERN_MANY) {
            many = p++;
            from = t;
        } else if (p < pattern.size && pattern.ptr[p] == PATTERN_ONE) {
            p++;
            t = after_one(text, t);
        } else if (p < pattern.size && pattern.ptr[p] == text.ptr[t]) {
            p++;
            t++;
        } else if (many != SIZE_MAX) {
            p = many + 1;
            t = ++from;
        } else
            return false;
    }
    while (p < pattern.size && pattern.ptr[p] == PATTERN_MANY)
        p++;
    return p == pattern.size;
}

/* Most patterns part from a text before their first wildcard. */
static bool begins_alike(const struct policy_pattern *pattern, str text)
{
    return text.size >= pattern->plain &&
           memcmp(text.ptr ? text.ptr : "", pattern->text.ptr, pattern->plain) == 0;
}

bool policy_match_text(struct policy_run *run, const struct policy_pattern *pattern, str text)
{
    char room[EXPANDED_BYTES];
    str expanded = pattern->text;
    if (!pattern->wild && !pattern->variables)
        return str_eq(expanded, text);
    if (!begins_alike(pattern, text))
        return false;
    if (pattern->variables && !expand(run, pattern->text, room, &expanded))
        return false;
    return is_matched(run, expanded, text);
}

bool policy_match_nocase(struct policy_run *run, const struct policy_pattern *pattern, str text)
{
    char room[EXPANDED_BYTES];
    str expanded = pattern->text;
    if (pattern->variables && !expand(run, pattern->text, room, &expanded))
        return false;
    return str_eq_nocase(expanded, text);
}

/* Cuts the first five colons' pieces off; false when there are fewer. A colon inside a variable is
 * none of the ARN's, so this looks at expanded text. */
static bool arn_parts(str arn, str parts[6])
{
    for (size_t i = 0; i < 5; i++) {
        str head;
        if (!str_cut(arn, ':', &head, &arn))
            return false;
        parts[i] = head;
    }
    parts[5] = arn;
    return true;
}

bool policy_match_arn(struct policy_run *run, const struct policy_pattern *pattern, str text)
{
    char room[EXPANDED_BYTES];
    str expanded = pattern->text, wanted[6], given[6];
    if (!pattern->wild && !pattern->variables)
        return str_eq(expanded, text);
    if (!begins_alike(pattern, text))
        return false;
    if (pattern->variables && !expand(run, pattern->text, room, &expanded))
        return false;
    if (!arn_parts(expanded, wanted) || !arn_parts(text, given))
        return is_matched(run, expanded, text);
    for (size_t i = 0; i < 6; i++)
        if (!is_matched(run, wanted[i], given[i]))
            return false;
    return true;
}

/* --- principals --- */

static str last_name(str path)
{
    str piece = path, rest = path;
    while (str_next(&rest, '/', &piece))
        continue;
    return piece;
}

/* A session is named by its own ARN or by its role's, whose path the session's ARN leaves out. */
static bool is_named(const struct policy_named *named, const struct policy_principal *who)
{
    str parts[6];
    if (str_eq(named->value, who->arn))
        return true;
    return who->role.size > 0 && arn_parts(named->value, parts) && str_is(parts[2], "iam") &&
           str_eq(parts[4], who->account) && str_starts(parts[5], STR("role/")) &&
           str_eq(last_name(parts[5]), who->role);
}

static enum policy_named_by named_by(const struct policy_named *named,
                                     const struct policy_principal *who)
{
    if (named->kind == PRINCIPAL_ANYBODY)
        return NAMED_DIRECTLY;
    if (named->kind == PRINCIPAL_SERVICE)
        return who->service.size > 0 && str_eq(named->value, who->service) ? NAMED_DIRECTLY
                                                                           : NAMED_NOT;
    if (who->anonymous || who->service.size > 0)
        return NAMED_NOT;
    switch (named->kind) {
    case PRINCIPAL_ACCOUNT:
        return str_eq(named->value, who->account) ? NAMED_ACCOUNT : NAMED_NOT;
    case PRINCIPAL_CANONICAL:
        return str_eq(named->value, who->canonical) ? NAMED_ACCOUNT : NAMED_NOT;
    case PRINCIPAL_ARN:
        return is_named(named, who) ? NAMED_DIRECTLY : NAMED_NOT;
    case PRINCIPAL_FEDERATED:
    case PRINCIPAL_ANYBODY:
    case PRINCIPAL_SERVICE:
        break;
    }
    return NAMED_NOT;
}

enum policy_named_by policy_match_principal(const struct policy_statement *statement,
                                            const struct policy_principal *who)
{
    enum policy_named_by best = NAMED_NOT;
    for (size_t i = 0; i < statement->principal_count && best != NAMED_DIRECTLY; i++) {
        enum policy_named_by by = named_by(&statement->principals[i], who);
        best = by > best ? by : best;
    }
    if (!statement->not_principal)
        return best;
    return best == NAMED_NOT ? NAMED_DIRECTLY : NAMED_NOT;
}
