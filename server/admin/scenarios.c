/* A scenario's text, played in this world by whoever main connected for it; and what was asked of
 * the world, as such a text. */
#include "base/limits.h"
#include "server/admin/call.h"

static void played(struct world_play *play)
{
    struct request *rq = play->owner;
    rq->host->wake(rq);
}

static enum s3_code show_report(struct request *rq)
{
    const struct world_play *play = admin_call_of(rq)->state;
    if (!str_is_set(play->report))
        return admin_problem(rq, play->status, play->problem, play->detail, play->hint);
    request_reply(rq, 200, "application/json", play->report);
    return S3_OK;
}

enum s3_code admin_scenario(struct admin_call *call)
{
    static const char *const members[] = { "scenario:text", "verbose:bool", NULL };
    struct request *rq = call->rq;
    const struct world_player *player = &rq->world->player;
    if (!admin_members(call, members))
        return S3_OK;
    struct world_play *play = ARENA_NEW(rq->arena, struct world_play);
    play->arena = rq->arena;
    play->text = json_string(call->document, "scenario", STR_NONE);
    play->verbose = json_bool(call->document, "verbose", false);
    play->done = played;
    play->owner = rq;
    if (play->text.size == 0)
        return admin_problem(rq, 400, "bad-document", STR("scenario is the text of a scenario"),
                             STR_NONE);
    if (player->start == NULL)
        return admin_problem(rq, 503, "no-player", STR("nobody plays scenarios here"), STR_NONE);
    call->state = play;
    rq->resume = show_report;
    player->start(player->ctx, play);
    return S3_WAIT;
}

enum s3_code admin_recorded(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct buf text;
    buf_init_arena(&text, rq->arena, LIMIT_ANSWER_BYTES);
    if (rq->world->player.record == NULL)
        return admin_problem(rq, 503, "no-player", STR("nobody plays scenarios here"), STR_NONE);
    if (!rq->world->player.record(rq->arena, rq->lane, &text))
        return admin_problem(rq, 500, "not-recorded",
                             STR("the journal is too long to be a scenario"),
                             STR("atoll serve --journal N keeps fewer requests"));
    request_reply(rq, 200, "text/plain; charset=utf-8", buf_str(&text));
    return S3_OK;
}
