/* Walking through a script: steps, lines, blocks that repeat; see run.h. */
#include "scenario/run.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/lock.h"
#include "server/changes.h"
#include "server/event_of.h"
#include "server/faults.h"
#include "server/mraps.h"
#include "server/regions.h"
#include "scenario/why.h"

#define MOST_TRIES 100000    /* of a block: an event at which nothing moves must not hang a run */
#define POLL DURATION_MS(20) /* of `eventually` while time flows by itself */

/* --- what commands say --- */

static str PRINTF_LIKE(2, 0) format_va(struct arena *arena, const char *format, va_list args)
{
    char text[2048];
    int size = vsnprintf(text, sizeof text, format, args);
    size_t kept = size < 0 ? 0 : (size_t) size < sizeof text ? (size_t) size : sizeof text - 1;
    return str_copy(arena, str_from(text, kept));
}

bool run_fail(struct call *call, const char *format, ...)
{
    struct run *run = call->run;
    va_list args;
    va_start(args, format);
    if (run->failure.line == NULL) {
        run->failure.line = call->line;
        run->failure.got = format_va(run->arena, format, args);
    }
    va_end(args);
    return false;
}

void run_why(struct run *run, str why)
{
    if (run->failure.why.size == 0)
        run->failure.why = str_copy(run->arena, why);
}

void run_note(struct run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    timeline_add(run->timeline,
                 &(struct timeline_event){ .at = run_now(run),
                                           .text = format_va(run->arena, format, args) });
    va_end(args);
}

instant run_now(const struct run *run)
{
    return clock_now(run->world->clock);
}

/* --- changes --- */

/* Only a clock that stands makes waiting short: a server must be able to end meanwhile. */
static bool may_wait(const struct run *run)
{
    return run->stop == NULL || clock_mode_get(run->world->clock) == CLOCK_MANUAL;
}

/* As POST /clock does: who watches a server in which this runs sees its clock move. */
static void tell_clock(struct run *run, const struct time_job *job)
{
    struct clock *clock = run->world->clock;
    if (job->kind == TIME_ADVANCE_BY || job->kind == TIME_ADVANCE_TO || job->kind == TIME_NEXT ||
        job->kind == TIME_MODE || job->kind == TIME_RATE)
        event_of_change(run->world, EVENT_CLOCK, clock_mode_name(clock_mode_get(clock)),
                        instant_iso8601(run->arena, clock_now(clock)));
}

bool run_job(struct call *call, struct time_job *job)
{
    struct run *run = call->run;
    if (job->kind == TIME_WAIT && !may_wait(run))
        return run_fail(call, "the server's clock was made to flow meanwhile: atoll clock pause");
    job->arena = run->arena;
    store_read_idle(run->lane->reader);
    switch (timekeeper_run(run->world->timekeeper, job)) {
    case TIME_OK:
        tell_clock(run, job);
        return true;
    case TIME_NOT_CONVERGED:
    case TIME_COPY_FAILED:
        return true;
    case TIME_REFUSED:
        return run_fail(call, "the emulated clock never goes back; it is %.*s",
                        STR_ARG(instant_iso8601(run->arena, run_now(run))));
    case TIME_STORE_FAILED:
        return run_fail(call, "the world could not be changed: %s", store_result_name(job->stored));
    case TIME_CLOSED:
        break;
    }
    return run_fail(call, "the world is closing");
}

bool run_commit(struct call *call, const struct store_doc *docs, size_t count)
{
    struct run *run = call->run;
    struct time_job job = { .kind = TIME_LINKS_CHANGED };
    struct store_write write;
    struct changes_pending said = { run->lane, run->arena, NULL, docs, count, NULL };
    changes_before(&said);
    store_docs_init(&write, run->arena);
    write.docs = docs;
    write.doc_count = count;
    enum store_result result = store_write_wait(run->world->store, &write);
    if (result != STORE_OK)
        return run_fail(call, "the world could not be changed: %s", store_result_name(result));
    store_read_begin(run->lane->reader);
    regions_reload(run->world->regions, run->lane->reader);
    mraps_reload(run->world->mraps, run->lane->reader);
    faults_reload(run->world->faults, run->lane->reader);
    links_apply(run->world->links, docs, count);
    changes_after(&said);
    return run_job(call, &job);
}

void run_forget_answer(struct run *run)
{
    request_free(run->last, true);
    run->last = NULL;
    run->body = STR_NONE;
    run->xml = NULL;
    run->xml_asked = false;
}

/* --- blocks --- */

static bool run_lines(struct run *run, size_t from, size_t to);

static void pass_wall_time(duration d)
{
    struct mutex lock;
    struct condition never;
    mutex_init(&lock);
    condition_init(&never);
    mutex_lock(&lock);
    (void) condition_wait_for(&never, &lock, d);
    mutex_unlock(&lock);
    condition_fini(&never);
    mutex_fini(&lock);
}

/* To the next thing that happens, at most to `deadline`: no sleeping, no polling interval. */
static bool move_on(struct call *call, instant deadline)
{
    struct run *run = call->run;
    struct time_job job = { .kind = TIME_STATUS };
    if (clock_mode_get(run->world->clock) == CLOCK_REAL_TIME) {
        pass_wall_time(POLL);
        return true;
    }
    if (!run_job(call, &job))
        return false;
    instant now = run_now(run);
    instant to = instant_before(job.next_event, deadline) ? job.next_event : deadline;
    job.kind = TIME_ADVANCE_BY;
    job.by = instant_before(now, to) ? instant_diff(to, now) : (duration){ 0 };
    return run_job(call, &job);
}

static bool run_eventually(struct call *call, size_t from, instant deadline)
{
    struct run *run = call->run;
    for (unsigned tries = 1;; tries++) {
        bool last = !instant_before(run_now(run), deadline);
        if (run_lines(run, from, call->line->block_end))
            return true;
        if (last || tries == MOST_TRIES || (run->stop && atomic_load(run->stop))) {
            run_why(run, str_format(run->arena, "line %u tried %u times within %.*s",
                                    call->line->number, tries, STR_ARG(call->args[1])));
            return false;
        }
        run->failure = (struct run_failure){ .line = NULL };
        if (!move_on(call, deadline))
            return false;
    }
}

static bool run_always(struct call *call, size_t from, instant deadline)
{
    struct run *run = call->run;
    for (unsigned tries = 1; tries <= MOST_TRIES; tries++) {
        bool last = !instant_before(run_now(run), deadline);
        if (!run_lines(run, from, call->line->block_end)) {
            run_why(run, str_format(run->arena, "line %u: it held %u times before",
                                    call->line->number, tries - 1));
            return false;
        }
        if (last)
            return true;
        if (!move_on(call, deadline))
            return false;
    }
    return run_fail(call, "nothing moves the clock towards the end");
}

static bool run_block(struct call *call, size_t from)
{
    duration d;
    if (!duration_parse(call->args[1], &d))
        return run_fail(call, "'%.*s' is no duration", STR_ARG(call->args[1]));
    instant deadline = instant_add(run_now(call->run), d);
    return str_is(call->line->words[0].text, "always") ? run_always(call, from, deadline)
                                                       : run_eventually(call, from, deadline);
}

/* --- lines and steps --- */

static void begin_step(struct run *run, str title)
{
    if (run->step_count > 0)
        run->steps[run->step_count - 1].passed = true;
    run->steps[run->step_count++] = (struct run_step){ .title = title };
    run_note(run, "step \"%.*s\"", STR_ARG(title));
}

static bool run_line(struct run *run, size_t at)
{
    const struct script_line *line = &run->script->lines[at];
    const struct command *command = line->command;
    size_t count = line->count - line->name_words;
    const struct lex_word *words = line->words + line->name_words;
    str *args = ARENA_ARRAY(run->arena, str, count);
    struct call call = { run, line, args, words, count };
    for (size_t i = 0; i < count; i++)
        args[i] = lex_expand(run->arena, &words[i], &run->variables);
    if (command->flags & COMMAND_STEP)
        begin_step(run, args[0]);
    else if (command->flags & (COMMAND_REQUEST | COMMAND_EXPECT) && run->step_count == 0)
        begin_step(run, run->script->title);
    if (command->flags & COMMAND_BLOCK)
        return run_block(&call, at + 1);
    return command->run == NULL || command->run(&call);
}

static bool run_lines(struct run *run, size_t from, size_t to)
{
    for (size_t at = from; at < to; at = run->script->lines[at].block_end) {
        struct call call = { .run = run, .line = &run->script->lines[at] };
        if (run->stop && atomic_load(run->stop))
            return run_fail(&call, "the server is stopping");
        if (!run_line(run, at))
            return false;
    }
    return true;
}

/* Only of the failure that stands: `eventually` forgets many. */
static void explain(struct run *run)
{
    struct run_failure *failure = &run->failure;
    str why =
        failure->about.size > 0 ? why_it_differs(run, failure->about, failure->lacks) : STR_NONE;
    if (why.size > 0)
        failure->why = str_format(run->arena, "%.*s%s%.*s", STR_ARG(why),
                                  failure->why.size > 0 ? "; " : "", STR_ARG(failure->why));
}

bool run_script(struct run *run)
{
    run->steps = ARENA_ARRAY(run->arena, struct run_step, run->script->steps + 1);
    bool passed = run_lines(run, 0, run->script->count);
    if (run->step_count == 0 && passed)
        begin_step(run, run->script->title);
    if (run->step_count > 0)
        run->steps[run->step_count - 1].passed = passed;
    if (!passed)
        explain(run);
    store_read_idle(run->lane->reader);
    return passed;
}
