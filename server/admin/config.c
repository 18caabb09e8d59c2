/* The configuration: the one in effect, whether another one is sound, and what may stand in one. */
#include "server/config.h"

#include "server/admin/call.h"
#include "server/config_problems.h"

enum s3_code admin_config(struct admin_call *call)
{
    struct buf buf;
    buf_init_arena(&buf, call->rq->arena, LIMIT_ANSWER_BYTES);
    config_show(call->rq->world->config, &buf);
    return admin_reply(call->rq, &buf);
}

enum s3_code admin_config_schema(struct admin_call *call)
{
    struct buf buf;
    buf_init_arena(&buf, call->rq->arena, LIMIT_ANSWER_BYTES);
    config_schema(&buf);
    return admin_reply(call->rq, &buf);
}

/* All of them at once, as a start says them. */
static enum s3_code refuse_unsound(struct request *rq, struct config_problems *problems)
{
    struct admin_trouble trouble = {
        400, "unsound-config",
        str_format(rq->arena, "the configuration has %zu problem%s", problems->count,
                   problems->count == 1 ? "" : "s"),
        STR("each of \"problems\" names its line, its column and what would do")
    };
    struct buf buf;
    struct json_writer w = admin_problem_begin(rq, &buf, &trouble);
    config_problems_json(problems, &w);
    json_end(&w);
    return admin_problem_reply(rq, trouble.status, &buf);
}

/* Not sound is a 4xx, so that `curl -f` fails in CI as `serve --check` does. */
enum s3_code admin_check_config(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct config *config = ARENA_NEW(rq->arena, struct config);
    struct config_problems *problems;
    struct buf buf;
    if (!admin_object(call))
        return S3_OK;
    problems = config_judge_text(rq->arena, rq->body, config);
    if (problems->count > 0)
        return refuse_unsound(rq, problems);
    struct json_writer w = admin_begin(rq, &buf);
    json_boolean(&w, "sound", true);
    json_end(&w);
    return admin_reply(rq, &buf);
}
