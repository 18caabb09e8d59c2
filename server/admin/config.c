/* The configuration: the one in effect, another in its place, whether one is sound, and what may
 * stand in one. */
#include "server/config.h"

#include "base/lock.h"
#include "server/admin/call.h"
#include "server/admin/turns.h"
#include "server/config_change.h"
#include "server/config_problems.h"
#include "server/configs.h"

enum s3_code admin_config(struct admin_call *call)
{
    struct buf buf;
    buf_init_arena(&buf, call->rq->arena, LIMIT_ANSWER_BYTES);
    config_show(configs_of(call->rq->world->configs, call->rq->arena), &buf);
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

/* --- another in its place --- */

struct putting {
    struct admin_turn turn;
    struct config_change change;
    enum config_change_result result;
};

static void write_names(struct json_writer *w, const char *name, const struct config_names *names)
{
    json_array(w, name);
    for (size_t i = 0; i < names->count; i++)
        json_text(w, NULL, names->at[i]);
    json_end(w);
}

static enum s3_code show_put(struct request *rq)
{
    struct putting *putting = admin_call_of(rq)->state;
    struct buf buf;
    turns_end(&putting->turn);
    if (putting->result == CONFIG_UNSOUND)
        return refuse_unsound(rq, putting->change.problems);
    if (putting->result == CONFIG_NOT_APPLIED)
        return admin_problem(
            rq, 500, "config-not-applied", putting->change.error,
            STR("what was done before it stays; the same call goes on from there"));
    struct json_writer w = admin_begin(rq, &buf);
    write_names(&w, "changed", &putting->change.changed);
    write_names(&w, "kept", &putting->change.kept);
    json_end(&w);
    return admin_reply(rq, &buf);
}

/* It waits for commits, so it has a thread of its own, not a worker. */
static void *put_config(void *arg)
{
    struct request *rq = arg;
    struct putting *putting = admin_call_of(rq)->state;
    struct lane *lane = world_lane_open(rq->world, CONFIG_CHANGE_LANE);
    putting->result = CONFIG_NOT_APPLIED;
    putting->change.error = STR("the database could not be opened for reading");
    if (lane) {
        putting->result = config_change(rq->arena, lane, &putting->change);
        world_lane_close(lane);
    }
    rq->host->wake(rq);
    return NULL;
}

static enum s3_code begin_put(struct request *rq)
{
    rq->resume = show_put;
    (void) pthread_detach(thread_start("config", put_config, rq));
    return S3_WAIT;
}

enum s3_code admin_put_config(struct admin_call *call)
{
    struct putting *putting = ARENA_NEW(call->rq->arena, struct putting);
    if (!admin_object(call))
        return S3_OK;
    putting->change.text = (struct config_text){ call->rq->body, STR("config"), STR_NONE };
    call->state = putting;
    return turns_begin(call->rq, &putting->turn, begin_put);
}
