/* Reading, writing and matching one rule. Every word that names something known (a code, an
 * operation, a Region) is looked up at once, so that a rule with a slip is refused, not silent. */
#include "server/fault.h"

#include "base/bug.h"
#include "routing/topology.h"
#include "server/operations.h"

static const char *const match_names[FAULT_MATCHES] = { "region", "mrap", "api",
                                                        "bucket", "key",  "client" };
static const char *const cut_names[] = { "", "before", "during", "close" };

/* AWS's failure reasons that a fault may give to a copy. */
// clang-format off
static const char *const reasons[] = {
    "DstPutObjectNotPermitted", "AssumeRoleNotPermitted",
    "DstBucketInvalidRegion", "DstBucketNotFound",
    "DstBucketObjectLockConfigMissing", "DstBucketUnversioned",
    "DstDelObjNotPermitted", "DstKmsKeyInvalidState",
    "DstKmsKeyNotFound", "DstMultipartCompleteNotPermitted",
    "DstMultipartInitNotPermitted", "DstMultipartUploadNotPermitted",
    "DstObjectHardDeleted", "DstPutAclNotPermitted",
    "DstPutLegalHoldNotPermitted", "DstPutRetentionNotPermitted",
    "DstPutTaggingNotPermitted", "DstVersionNotFound",
    "InitiateReplicationNotPermitted", "SrcBucketInvalidRegion",
    "SrcBucketNotFound", "SrcBucketReplicationConfigMissing",
    "SrcGetAclNotPermitted", "SrcGetLegalHoldNotPermitted",
    "SrcGetObjectNotPermitted", "SrcGetRetentionNotPermitted",
    "SrcGetTaggingNotPermitted", "SrcHeadObjectNotPermitted",
    "SrcKeyNotFound", "SrcKmsKeyInvalidState",
    "SrcObjectNotEligible", "SrcObjectNotFound",
    "SrcReplicationNotPending", "SrcVersionNotFound",
};
// clang-format on

/* What Describe may tell of an asynchronous request ("Multi-Region Access Point errors" in the API
 * reference), as far as it is not atoll that finds out. */
static const char *const async_codes[] = { "InternalErrors", "AccessDenied",
                                           "MultiRegionAccessPointModifiedByAnotherRequest",
                                           "MultiRegionAccessPointNotReady" };

struct parse {
    struct arena *arena;
    str *error, *hint;
};

static bool refuse(struct parse *parse, str error, str nearest)
{
    *parse->error = error;
    if (nearest.size > 0)
        *parse->hint = str_format(parse->arena, "did you mean '%.*s'?", STR_ARG(nearest));
    return false;
}

bool fault_name_is_valid(str name)
{
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char) name.ptr[i] <= ' ' || name.ptr[i] == '/' || name.ptr[i] == ',' ||
            (unsigned char) name.ptr[i] >= 0x7f)
            return false;
    return name.size > 0 && name.size <= FAULT_NAME_BYTES;
}

/* --- one action --- */

static bool parse_error(struct parse *parse, str text, struct fault_action *out)
{
    str head, name;
    uint64_t status = 0;
    if (!str_cut(text, ':', &head, &name))
        name = head;
    else if (!str_to_u64(head, &status))
        return refuse(
            parse,
            str_format(parse->arena, "'%.*s' is no error: write \"503:SlowDown\"", STR_ARG(text)),
            STR_NONE);
    out->code = s3_code_parse(name);
    if (out->code == S3_CODES) {
        str names[S3_CODES];
        size_t count = 0;
        for (int code = S3_WAIT + 1; code < S3_CODES; code++)
            names[count++] = s3_error_of((enum s3_code) code)->code;
        return refuse(parse, str_format(parse->arena, "S3 has no error '%.*s'", STR_ARG(name)),
                      str_nearest(name, names, count));
    }
    int own = s3_error_of(out->code)->status;
    if (status != 0 && (int) status != own && status != 200)
        return refuse(parse,
                      str_format(parse->arena, "%.*s has status %d (or 200, as a copy may answer)",
                                 STR_ARG(name), own),
                      STR_NONE);
    out->status = status == 200 ? 200 : 0;
    return true;
}

static bool parse_cut(struct parse *parse, str text, struct fault_action *out)
{
    for (unsigned i = 1; i < COUNT(cut_names); i++)
        if (str_is(text, cut_names[i])) {
            out->cut = (enum fault_cut) i;
            return true;
        }
    return refuse(parse, STR("cut is before, during or close"), STR_NONE);
}

static bool parse_slow(struct parse *parse, str text, struct fault_action *out)
{
    if (size_parse(text, &out->slow_bytes_per_s) && out->slow_bytes_per_s > 0)
        return true;
    return refuse(parse, STR("slow is a speed such as 10KB/s"), STR_NONE);
}

/* A step of a script. */
static bool parse_step(struct parse *parse, str text, struct fault_action *out)
{
    str word, value;
    *out = (struct fault_action){ .code = S3_OK };
    (void) str_cut(text, ':', &word, &value);
    if (str_is(text, "ok"))
        return true;
    if (str_is(word, "cut"))
        return parse_cut(parse, value, out);
    if (str_is(word, "slow"))
        return parse_slow(parse, value, out);
    if (str_is(word, "delay"))
        return duration_parse(value, &out->delay) ||
               refuse(parse, STR("a step's delay is a duration: delay:2s"), STR_NONE);
    if (str_is(word, "truncate")) {
        out->truncates = true;
        return str_to_u64(value, &out->truncate_bytes) ||
               refuse(parse, STR("truncate is a number of bytes"), STR_NONE);
    }
    if (parse_error(parse, text, out))
        return true;
    if (parse->hint->size == 0)
        *parse->hint = STR("a step is ok, an error as 503:SlowDown, delay:2s, cut:before, "
                           "truncate:10 or slow:10KB/s");
    return false;
}

/* --- match --- */

static bool is_glob(str text)
{
    return str_find_char(text, '*') < text.size || str_find_char(text, '?') < text.size;
}

static bool is_operation(struct parse *parse, str name)
{
    size_t count;
    const struct operation *all = operations_all(&count);
    size_t named = 0;
    str *names = ARENA_ARRAY(parse->arena, str, count + 1);
    for (size_t i = 0; i < count && all[i].place < AT_STS; i++) {
        names[named] = str_of(all[i].name);
        if (str_eq(names[named++], name))
            return true;
    }
    return refuse(
        parse,
        str_format(parse->arena, "there is no operation '%.*s' of S3 or S3 Control", STR_ARG(name)),
        str_nearest(name, names, named));
}

static bool is_region(struct parse *parse, str code)
{
    return region_find(code) != REGION_NONE ||
           refuse(parse, str_format(parse->arena, "'%.*s' is no AWS Region", STR_ARG(code)),
                  region_nearest_name(code));
}

/* 1, "1", "<=2", ">=3", "2-4". */
static bool parse_attempt(struct parse *parse, const struct json *json, struct fault *out)
{
    uint64_t from = 1, to = FAULT_ATTEMPTS_MOST;
    str text = json->string, head, tail;
    bool sound;
    if (json->kind == JSON_NUMBER)
        text = str_format(parse->arena, "%.0f", json->number);
    if (str_starts(text, STR("<=")))
        sound = str_to_u64(str_skip(text, 2), &to);
    else if (str_starts(text, STR(">=")))
        sound = str_to_u64(str_skip(text, 2), &from);
    else if (str_cut(text, '-', &head, &tail))
        sound = str_to_u64(head, &from) && str_to_u64(tail, &to);
    else {
        sound = str_to_u64(text, &from);
        to = from;
    }
    if (!sound || from < 1 || to < from || to > FAULT_ATTEMPTS_MOST)
        return refuse(parse, STR("attempt is a number from 1, \"<=2\", \">=3\" or \"2-4\""),
                      STR_NONE);
    out->attempt = text;
    out->attempt_from = (unsigned) from;
    out->attempt_to = (unsigned) to;
    return true;
}

static bool parse_link(struct parse *parse, str text, struct fault *out)
{
    size_t at = str_find(text, STR("->"));
    if (at == text.size)
        return refuse(parse, STR("a link is \"us-east-1 -> eu-west-1\""), STR_NONE);
    out->link_from = str_trim(str_first(text, at));
    out->link_to = str_trim(str_skip(text, at + 2));
    return (is_glob(out->link_from) || is_region(parse, out->link_from)) &&
           (is_glob(out->link_to) || is_region(parse, out->link_to));
}

static bool parse_one_match(struct parse *parse, const struct json *member, struct fault *out)
{
    str names[FAULT_MATCHES + 2] = { STR("attempt"), STR("link") };
    if (str_is(member->name, "attempt"))
        return parse_attempt(parse, member, out);
    if (member->kind != JSON_STRING)
        return refuse(parse,
                      str_format(parse->arena, "match.%.*s is a text", STR_ARG(member->name)),
                      STR_NONE);
    if (str_is(member->name, "link"))
        return parse_link(parse, member->string, out);
    for (unsigned i = 0; i < FAULT_MATCHES; i++) {
        names[i + 2] = str_of(match_names[i]);
        if (!str_is(member->name, match_names[i]))
            continue;
        out->match[i] = member->string;
        if (is_glob(member->string))
            return true;
        return i == FAULT_REGION ? is_region(parse, member->string)
               : i == FAULT_API  ? is_operation(parse, member->string)
                                 : true;
    }
    return refuse(parse,
                  str_format(parse->arena, "match has no member '%.*s'", STR_ARG(member->name)),
                  str_nearest(member->name, names, COUNT(names)));
}

static bool parse_match(struct parse *parse, const struct json *json, struct fault *out)
{
    if (json->kind != JSON_OBJECT)
        return refuse(parse, STR("match is an object"), STR_NONE);
    for (const struct json *member = json->child; member; member = member->next)
        if (!parse_one_match(parse, member, out))
            return false;
    return true;
}

/* --- the members of a rule --- */

typedef bool member_fn(struct parse *parse, const struct json *json, struct fault *out);

static bool parse_name(struct parse *parse, const struct json *json, struct fault *out)
{
    out->name = json->string;
    return fault_name_is_valid(out->name) ||
           refuse(parse, STR("a name has 1 to 64 characters, no blanks, slashes or commas"),
                  STR_NONE);
}

static bool parse_error_member(struct parse *parse, const struct json *json, struct fault *out)
{
    out->error = json->string;
    return parse_error(parse, json->string, &out->action);
}

static bool parse_message(struct parse *parse, const struct json *json, struct fault *out)
{
    out->message = json->string;
    return json->string.size > 0 || refuse(parse, STR("an empty message"), STR_NONE);
}

static bool parse_delay(struct parse *parse, const struct json *json, struct fault *out)
{
    out->delay_text = json->string;
    out->has_delay = true;
    return lag_parse(parse->arena, json->string, &out->delay, parse->error);
}

static bool parse_throttle(struct parse *parse, const struct json *json, struct fault *out)
{
    str text = json->string;
    out->throttle = text;
    if (str_ends(text, STR("/s")) && str_to_double(str_first(text, text.size - 2), &out->per_s) &&
        out->per_s > 0 && out->per_s <= 1e9)
        return true;
    return refuse(parse, STR("throttle is a rate of requests such as 10/s"), STR_NONE);
}

static bool parse_cut_member(struct parse *parse, const struct json *json, struct fault *out)
{
    out->cut = json->string;
    return parse_cut(parse, json->string, &out->action);
}

static bool parse_slow_member(struct parse *parse, const struct json *json, struct fault *out)
{
    out->slow = json->string;
    return parse_slow(parse, json->string, &out->action);
}

/* A whole number that JSON can carry exactly. */
static bool whole_number(const struct json *json, uint64_t *out)
{
    if (json->number < 0 || json->number > 9007199254740992.0)
        return false;
    *out = (uint64_t) json->number;
    double back = (double) *out;
    return back >= json->number && back <= json->number;
}

static bool parse_truncate(struct parse *parse, const struct json *json, struct fault *out)
{
    out->action.truncates = true;
    return whole_number(json, &out->action.truncate_bytes) ||
           refuse(parse, STR("truncate is a number of bytes"), STR_NONE);
}

static bool parse_probability(struct parse *parse, const struct json *json, struct fault *out)
{
    out->probability = json->number;
    return (json->number >= 0 && json->number <= 1) ||
           refuse(parse, STR("probability is a number from 0 to 1"), STR_NONE);
}

static bool parse_times(struct parse *parse, const struct json *json, struct fault *out)
{
    return (whole_number(json, &out->times) && out->times > 0) ||
           refuse(parse, STR("times is a whole number from 1"), STR_NONE);
}

static bool parse_script(struct parse *parse, const struct json *json, struct fault *out)
{
    if (json->count == 0 || json->count > FAULT_SCRIPT_STEPS)
        return refuse(parse, STR("a script has 1 to 100 steps"), STR_NONE);
    out->steps = ARENA_ARRAY(parse->arena, struct fault_action, json->count);
    out->step_texts = ARENA_ARRAY(parse->arena, str, json->count);
    for (const struct json *step = json->child; step; step = step->next) {
        if (step->kind != JSON_STRING)
            return refuse(parse, STR("a step is a text such as \"503:SlowDown\" or \"ok\""),
                          STR_NONE);
        out->step_texts[out->step_count] = step->string;
        if (!parse_step(parse, step->string, &out->steps[out->step_count++]))
            return false;
    }
    return true;
}

static bool parse_replication(struct parse *parse, const struct json *json, struct fault *out)
{
    out->fails_copies = str_is(json->string, "fail");
    return out->fails_copies || refuse(parse, STR("replication can only \"fail\""), STR_NONE);
}

/* The word as the table has it; NULL, and the nearest in *near, when it is not there. */
static const char *find_word(str word, const char *const *words, size_t count, str *near)
{
    str names[64];
    BUG_UNLESS(count <= COUNT(names));
    for (size_t i = 0; i < count; i++) {
        names[i] = str_of(words[i]);
        if (str_eq(names[i], word))
            return words[i];
    }
    *near = str_nearest(word, names, count);
    return NULL;
}

bool fault_reason(str word, str *near)
{
    return find_word(word, reasons, COUNT(reasons), near) != NULL;
}

static bool parse_word(struct parse *parse, str word, const char *const *words, size_t count,
                       const char **out)
{
    str near = STR_NONE;
    *out = find_word(word, words, count, &near);
    return *out ||
           refuse(parse,
                  str_format(parse->arena, "AWS has no failure reason '%.*s'", STR_ARG(word)),
                  near);
}

static bool parse_reason(struct parse *parse, const struct json *json, struct fault *out)
{
    return parse_word(parse, json->string, reasons, COUNT(reasons), &out->reason);
}

static bool parse_async(struct parse *parse, const struct json *json, struct fault *out)
{
    return parse_word(parse, json->string, async_codes, COUNT(async_codes), &out->async);
}

static bool parse_hits(struct parse *parse, const struct json *json, struct fault *out)
{
    (void) parse; /* an answer of ours may be sent back as it is */
    (void) json;
    (void) out;
    return true;
}

static const struct member {
    const char *name;
    enum json_kind kind;
    member_fn *parse;
} members[] = {
    { "name", JSON_STRING, parse_name },
    { "match", JSON_OBJECT, parse_match },
    { "error", JSON_STRING, parse_error_member },
    { "message", JSON_STRING, parse_message },
    { "delay", JSON_STRING, parse_delay },
    { "throttle", JSON_STRING, parse_throttle },
    { "cut", JSON_STRING, parse_cut_member },
    { "truncate", JSON_NUMBER, parse_truncate },
    { "slow", JSON_STRING, parse_slow_member },
    { "probability", JSON_NUMBER, parse_probability },
    { "times", JSON_NUMBER, parse_times },
    { "script", JSON_ARRAY, parse_script },
    { "replication", JSON_STRING, parse_replication },
    { "reason", JSON_STRING, parse_reason },
    { "async", JSON_STRING, parse_async },
    { "hits", JSON_NUMBER, parse_hits },
};

static bool parse_member(struct parse *parse, const struct json *json, struct fault *out)
{
    static const char *const kinds[] = { "null",   "true or false", "a number",
                                         "a text", "a list",        "an object" };
    str names[COUNT(members)];
    for (size_t i = 0; i < COUNT(members); i++) {
        names[i] = str_of(members[i].name);
        if (!str_eq(names[i], json->name))
            continue;
        if (json->kind != members[i].kind)
            return refuse(
                parse,
                str_format(parse->arena, "%s must be %s", members[i].name, kinds[members[i].kind]),
                STR_NONE);
        return members[i].parse(parse, json, out);
    }
    return refuse(parse,
                  str_format(parse->arena, "a fault has no member '%.*s'", STR_ARG(json->name)),
                  str_nearest(json->name, names, COUNT(names)));
}

static bool does_something(const struct fault *fault)
{
    const struct fault_action *action = &fault->action;
    return action->code != S3_OK || action->cut || action->truncates || action->slow_bytes_per_s ||
           fault->has_delay || fault->per_s > 0 || fault->step_count > 0;
}

bool fault_parse(struct arena *arena, const struct json *json, struct fault *out, str *error,
                 str *hint)
{
    struct parse parse = { arena, error, hint };
    *out = (struct fault){ .probability = 1, .reason = reasons[0] };
    *hint = STR_NONE;
    if (json == NULL || json->kind != JSON_OBJECT)
        return refuse(&parse, STR("a fault is a JSON object"), STR_NONE);
    for (const struct json *member = json->child; member; member = member->next)
        if (!parse_member(&parse, member, out))
            return false;
    if ((out->fails_copies || out->async) &&
        (does_something(out) || (out->fails_copies && out->async)))
        return refuse(&parse,
                      STR("a fault is for requests, for replication or for asynchronous requests, "
                          "not for two of them"),
                      STR_NONE);
    if (!out->fails_copies && str_is_set(out->link_from))
        return refuse(&parse, STR("match.link is for faults with \"replication\": \"fail\""),
                      STR_NONE);
    if (!out->fails_copies && !out->async && !does_something(out))
        return refuse(&parse,
                      STR("a fault needs one of error, delay, throttle, cut, truncate, slow, "
                          "script, replication, async"),
                      STR_NONE);
    return true;
}

/* --- writing --- */

static void text_if(struct json_writer *writer, const char *name, str value)
{
    if (value.size > 0)
        json_text(writer, name, value);
}

static void write_match(struct json_writer *writer, const struct fault *fault)
{
    json_object(writer, "match");
    for (unsigned i = 0; i < FAULT_MATCHES; i++)
        if (str_is_set(fault->match[i]))
            json_text(writer, match_names[i], fault->match[i]);
    text_if(writer, "attempt", fault->attempt);
    if (str_is_set(fault->link_from)) {
        struct arena *arena = arena_new();
        json_text(
            writer, "link",
            str_format(arena, "%.*s -> %.*s", STR_ARG(fault->link_from), STR_ARG(fault->link_to)));
        arena_free(arena);
    }
    json_end(writer);
}

void fault_write(struct json_writer *writer, const struct fault *fault)
{
    json_text(writer, "name", fault->name);
    write_match(writer, fault);
    text_if(writer, "error", fault->error);
    text_if(writer, "message", fault->message);
    text_if(writer, "delay", fault->delay_text);
    text_if(writer, "throttle", fault->throttle);
    text_if(writer, "cut", fault->cut);
    if (fault->action.truncates)
        json_integer(writer, "truncate", (int64_t) fault->action.truncate_bytes);
    text_if(writer, "slow", fault->slow);
    if (fault->step_count > 0) {
        json_array(writer, "script");
        for (size_t i = 0; i < fault->step_count; i++)
            json_text(writer, NULL, fault->step_texts[i]);
        json_end(writer);
    }
    if (fault->fails_copies) {
        json_text(writer, "replication", STR("fail"));
        json_text(writer, "reason", str_of(fault->reason));
    }
    if (fault->async)
        json_text(writer, "async", str_of(fault->async));
    if (fault->probability < 1)
        json_real(writer, "probability", fault->probability);
    if (fault->times > 0)
        json_integer(writer, "times", (int64_t) fault->times);
}

/* --- matching --- */

bool fault_matches(const struct fault *fault, const struct fault_subject *subject)
{
    if (fault->fails_copies || fault->async)
        return false;
    for (unsigned i = 0; i < FAULT_MATCHES; i++)
        if (str_is_set(fault->match[i]) && !str_glob(fault->match[i], subject->text[i]))
            return false;
    return fault->attempt_from == 0 ||
           (subject->attempt >= fault->attempt_from && subject->attempt <= fault->attempt_to);
}

bool fault_matches_copy(const struct fault *fault, str from_region, str to_region, str key)
{
    const str *keys = &fault->match[FAULT_KEY];
    return fault->fails_copies &&
           (!str_is_set(fault->link_from) ||
            (str_glob(fault->link_from, from_region) && str_glob(fault->link_to, to_region))) &&
           (!str_is_set(*keys) || str_glob(*keys, key));
}

bool fault_matches_async(const struct fault *fault, str api, str mrap, str region)
{
    const str given[FAULT_MATCHES] = {
        [FAULT_REGION] = region, [FAULT_MRAP] = mrap, [FAULT_API] = api
    };
    if (fault->async == NULL)
        return false;
    for (unsigned i = 0; i < FAULT_MATCHES; i++)
        if (str_is_set(fault->match[i]) && !str_glob(fault->match[i], given[i]))
            return false;
    return true;
}
