/* What happens next, and making it happen.
 *
 * Three kinds of things have an instant: copies that are due, timers of the world, and the end of a
 * partition. A step takes the earliest kind. Copies go in batches of at most KEEPER_BATCH (or
 * KEEPER_JOB_BATCH) rows in the order (ready_at, id), one commit each, together with the position
 * of the clock at the last of them; nothing else happens between the first and the last, so nobody
 * can tell the batch from its copies one by one. The clock moves before the commit: a reader may
 * see a copy late, never early.
 *
 * This thread alone ends rows, so what it reads between two of its commits stays true, but for rows
 * that vanish with their bucket (order.found). */
#include "replication/keeper.h"

#include "base/bug.h"
#include "base/log.h"

static bool failed(struct keeper_run *run, enum store_result result)
{
    run->stored = result;
    return false;
}

/* -- what is next ----------------------------------------------------------------------------- */

static instant earlier(instant a, instant b)
{
    return instant_before(a, b) ? a : b;
}

static instant later(instant a, instant b)
{
    return instant_before(a, b) ? b : a;
}

static instant next_timer(const struct timekeeper *keeper)
{
    const struct timekeeper_options *options = &keeper->options;
    if (!options->next_timer)
        return INSTANT_NEVER;
    return options->next_timer(options->ctx, keeper->own.looked);
}

static instant next_other(const struct timekeeper *keeper)
{
    return earlier(next_timer(keeper), links_next_heal(keeper->options.links, keeper->own.looked));
}

static bool next_copy(struct timekeeper *keeper, struct keeper_run *run, instant *out)
{
    store_read_begin(keeper->own.reader);
    enum store_result result = store_queue_next(keeper->own.reader, out);
    return result == STORE_OK || failed(run, result);
}

bool keeper_step_next(struct timekeeper *keeper, struct keeper_run *run, instant *out)
{
    if (!next_copy(keeper, run, out))
        return false;
    *out = earlier(*out, next_other(keeper));
    return true;
}

/* -- the clock's position --------------------------------------------------------------------- */

static struct store_doc position(struct timekeeper *keeper, instant at)
{
    const struct clock_state state = {
        .mode = clock_mode_get(keeper->options.clock),
        .at = at,
        .wall = clock_wall(),
        .rate = clock_rate_get(keeper->options.clock),
        .seed = store_seed(keeper->options.store),
    };
    return clock_doc(keeper->own.arena, &state);
}

/* The reader lets go of its snapshot while it waits: an old one keeps the WAL from being reset. */
static bool submit(struct timekeeper *keeper, struct keeper_run *run, struct store_write *write)
{
    store_read_idle(keeper->own.reader);
    enum store_result result = store_write_wait(keeper->options.store, write);
    return result == STORE_OK || failed(run, result);
}

bool keeper_step_note(struct timekeeper *keeper, struct keeper_run *run)
{
    struct store_doc doc = position(keeper, clock_now(keeper->options.clock));
    struct store_write write;
    store_docs_init(&write, keeper->own.arena);
    write.docs = &doc;
    write.doc_count = 1;
    return submit(keeper, run, &write);
}

/* A flowing clock may be there already; then it stays. */
static void move_clock(struct timekeeper *keeper, instant to)
{
    if (instant_before(clock_now(keeper->options.clock), to) &&
        !clock_move_to(keeper->options.clock, to))
        log_line(LOG_DEBUG, "the clock is past the instant it should move to");
}

bool keeper_step_move(struct timekeeper *keeper, struct keeper_run *run, instant to)
{
    move_clock(keeper, to);
    keeper->own.looked = later(keeper->own.looked, to);
    return keeper_step_note(keeper, run);
}

/* -- versions that changes wait for ----------------------------------------------------------- */

static uint64_t awaited_bit(const struct queue_row *row)
{
    uint64_t hash = rng_hash(row->key) ^ rng_hash(row->version_id) ^ rng_hash(row->destination);
    return hash % KEEPER_AWAITED_BITS;
}

static void await(struct timekeeper *keeper, const struct queue_row *row)
{
    uint64_t bit = awaited_bit(row);
    keeper->own.awaited[bit / 64] |= (uint64_t) 1 << bit % 64;
}

static bool is_awaited(const struct timekeeper *keeper, const struct queue_row *row)
{
    uint64_t bit = awaited_bit(row);
    return keeper->own.awaited[bit / 64] >> bit % 64 & 1;
}

static bool waits_for_version(const struct queue_row *row)
{
    return row->kind == CHANGED_META && row->ready_at.ns == INSTANT_NEVER.ns;
}

/* Is a copy of the version that `row` changes still to come, from this source or any other? */
static bool version_is_queued(struct timekeeper *keeper, const struct queue_row *row)
{
    struct queue_filter filter = { .any_state = true,
                                   .source_bucket = row->source_bucket,
                                   .destination = row->destination,
                                   .key_prefix = row->key,
                                   .exact_key = true,
                                   .version_id = row->version_id };
    for (int look = 0; look < 2; look++, filter.source_bucket = 0) {
        struct queue_page page;
        if (store_queue_list(keeper->own.reader, keeper->own.arena, &filter, 0, &page) != STORE_OK)
            return false;
        for (size_t i = 0; i < page.count; i++)
            if (page.at[i].kind != CHANGED_META && page.at[i].state != QUEUE_FAILED)
                return true;
    }
    return false;
}

/* -- orders ----------------------------------------------------------------------------------- */

struct batch {
    const struct queue_row *rows;
    struct keeper_order *events; /* one per row */
    size_t count;
    instant before; /* the clock before this batch: nothing in it happened earlier */
    instant at;
    instant ready_at; /* what EV_RESUMED sets, unless {0}: the row's own */
};

static struct copy_order order_of(const struct batch *batch, size_t i)
{
    const struct queue_row *row = &batch->rows[i];
    const struct keeper_order *event = &batch->events[i];
    struct copy_order order = { .row = row->id };
    order.apply = event->event == EV_DUE || event->event == EV_RETRY;
    if (order.apply)
        return order;
    order.verdict = machine_verdict(row, machine_step(machine_state_of(row), event->event));
    if (str_is_set(event->reason))
        order.verdict.reason = event->reason;
    if (event->event == EV_RESUMED && batch->ready_at.ns != 0)
        order.verdict.ready_at = batch->ready_at;
    else if (event->event == EV_RESUMED && row->ready_at.ns == INSTANT_NEVER.ns)
        order.verdict.ready_at = batch->at; /* it waited for a version when it was held */
    return order;
}

static enum copy_outcome outcome_of(const struct copy_order *order)
{
    switch (order->became.end) {
    case VERDICT_DONE:
        return order->became.reason.size ? OUTCOME_SOURCE_GONE : OUTCOME_COPIED;
    case VERDICT_WAIT:
        return OUTCOME_WAITING;
    case VERDICT_HOLD:
        return OUTCOME_HELD;
    case VERDICT_FAIL:
        return OUTCOME_FAILED;
    case VERDICT_DROP:
        return order->became.reason.size ? OUTCOME_FAILED : OUTCOME_DROPPED;
    }
    BUG("a verdict of no kind");
}

static void tell(struct timekeeper *keeper, const struct batch *batch,
                 const struct copy_order *order)
{
    bool silent = order->became.end == VERDICT_WAIT && order->became.reason.size == 0;
    if (!keeper->options.told || silent)
        return;
    const struct copy_told told = { .at = later(order->was.ready_at.ns == INSTANT_NEVER.ns
                                                    ? batch->before
                                                    : earlier(order->was.ready_at, batch->at),
                                                batch->before),
                                    .outcome = outcome_of(order),
                                    .reason = order->became.reason,
                                    .row = &order->was };
    keeper->options.told(keeper->options.ctx, &told);
}

static bool commit(struct timekeeper *keeper, struct keeper_run *run, const struct batch *batch,
                   struct store_copies *copies)
{
    store_copies_init(copies, keeper->own.arena);
    copies->at = ARENA_ARRAY(keeper->own.arena, struct copy_order, batch->count);
    copies->count = batch->count;
    for (size_t i = 0; i < batch->count; i++)
        copies->at[i] = order_of(batch, i);
    struct store_doc doc = position(keeper, batch->at);
    copies->head.docs = &doc;
    copies->head.doc_count = 1;
    copies->head.at = batch->at;
    copies->head.background = true;
    bool committed = submit(keeper, run, &copies->head);
    copies->head.docs = NULL;
    copies->head.doc_count = 0;
    return committed;
}

/* A second, small commit: each row gets the same event. */
static bool commit_same(struct timekeeper *keeper, struct keeper_run *run,
                        const struct queue_page *rows, enum copy_event event, instant at)
{
    if (rows->count == 0)
        return true;
    struct batch batch = { .rows = rows->at, .count = rows->count, .before = at, .at = at };
    batch.ready_at = event == EV_RESUMED ? at : (instant){ 0 };
    batch.events = ARENA_ARRAY(keeper->own.arena, struct keeper_order, rows->count);
    for (size_t i = 0; i < rows->count; i++)
        batch.events[i].event = event;
    struct store_copies copies;
    if (!commit(keeper, run, &batch, &copies))
        return false;
    for (size_t i = 0; i < copies.count; i++)
        if (copies.at[i].found)
            tell(keeper, &batch, &copies.at[i]);
    return true;
}

static bool has_ended(const struct copy_order *order)
{
    return order->found && order->was.kind != CHANGED_META && order->became.end != VERDICT_WAIT &&
           order->became.end != VERDICT_HOLD;
}

/* Did a copy of the version that `row` changes end in this very commit, after the change? */
static bool version_just_ended(const struct store_copies *copies, const struct queue_row *row)
{
    for (size_t i = 0; i < copies->count; i++) {
        const struct queue_row *ended = &copies->at[i].was;
        if (has_ended(&copies->at[i]) && str_eq(ended->key, row->key) &&
            str_eq(ended->version_id, row->version_id) &&
            str_eq(ended->destination, row->destination))
            return true;
    }
    return false;
}

/* Changes that found no version: they wait if a copy of it is still to come, or came after them in
 * the same batch (wake_changes finds those at once), and fail if not. */
static bool settle_missing(struct timekeeper *keeper, struct keeper_run *run,
                           const struct batch *batch, const struct store_copies *copies)
{
    struct queue_page never = { ARENA_ARRAY(keeper->own.arena, struct queue_row, copies->count),
                                0 };
    for (size_t i = 0; i < copies->count; i++) {
        const struct copy_order *order = &copies->at[i];
        bool missing = order->found && order->became.end == VERDICT_WAIT &&
                       order->became.ready_at.ns == INSTANT_NEVER.ns;
        if (!missing)
            continue;
        if (version_is_queued(keeper, &order->was) || version_just_ended(copies, &order->was)) {
            await(keeper, &order->was);
            tell(keeper, batch, order);
            continue;
        }
        never.at[never.count] = order->was;
        never.at[never.count++].state = QUEUE_WAITING;
    }
    return commit_same(keeper, run, &never, EV_VERSION_NEVER, batch->at);
}

/* Of WAITING rows, those that wait for a version, not for their way, are due again. */
static bool resume_changes(struct timekeeper *keeper, struct keeper_run *run,
                           const struct queue_filter *filter, instant at)
{
    struct queue_page page;
    store_read_begin(keeper->own.reader);
    enum store_result result =
        store_queue_list(keeper->own.reader, keeper->own.arena, filter, 0, &page);
    if (result != STORE_OK)
        return failed(run, result);
    size_t kept = 0;
    for (size_t i = 0; i < page.count; i++)
        if (waits_for_version(&page.at[i]))
            page.at[kept++] = page.at[i];
    page.count = kept;
    return commit_same(keeper, run, &page, EV_RESUMED, at);
}

/* Changes that waited for a version whose copy has now ended are due. */
static bool wake_changes(struct timekeeper *keeper, struct keeper_run *run,
                         const struct batch *batch, const struct store_copies *copies)
{
    for (size_t i = 0; i < copies->count; i++) {
        const struct queue_row *row = &copies->at[i].was;
        if (!has_ended(&copies->at[i]) || !is_awaited(keeper, row))
            continue;
        const struct queue_filter filter = { .state = QUEUE_WAITING,
                                             .destination = row->destination,
                                             .key_prefix = row->key,
                                             .exact_key = true,
                                             .version_id = row->version_id };
        if (!resume_changes(keeper, run, &filter, batch->at))
            return false;
    }
    return true;
}

static bool run_batch(struct timekeeper *keeper, struct keeper_run *run, const struct batch *batch)
{
    struct store_copies copies;
    if (!commit(keeper, run, batch, &copies))
        return false;
    store_read_begin(keeper->own.reader);
    for (size_t i = 0; i < copies.count; i++) {
        const struct copy_order *order = &copies.at[i];
        if (!order->found)
            continue;
        run->applied++;
        if (order->became.end != VERDICT_WAIT)
            tell(keeper, batch, order);
        else if (order->became.ready_at.ns != INSTANT_NEVER.ns) {
            keeper->own.any_waiting = true;
            tell(keeper, batch, order);
        }
    }
    return settle_missing(keeper, run, batch, &copies) && wake_changes(keeper, run, batch, &copies);
}

/* -- events for rows -------------------------------------------------------------------------- */

static region_set regions_down(const struct timekeeper *keeper, instant now)
{
    const struct timekeeper_options *options = &keeper->options;
    return options->regions_down ? options->regions_down(options->ctx, now) : REGION_SET_NONE;
}

/* What becomes of a row that is to travel now. `by_hand` passes a held link. */
static struct keeper_order travel(const struct timekeeper *keeper, const struct queue_row *row,
                                  instant at, bool by_hand)
{
    const struct timekeeper_options *options = &keeper->options;
    region_id from = region_find(row->from_region), to = region_find(row->to_region);
    if (!links_reachable(options->links, from, to, regions_down(keeper, at), at))
        return (struct keeper_order){ .event = EV_UNREACHABLE };
    if (!by_hand && links_held(options->links, from, to))
        return (struct keeper_order){ .event = EV_HOLD };
    str reason = options->refused ? options->refused(options->ctx, row) : STR_NONE;
    if (str_is_set(reason))
        return (struct keeper_order){ .event = EV_REFUSED, .reason = reason };
    return (struct keeper_order){ .event = row->state == QUEUE_FAILED ? EV_RETRY : EV_DUE };
}

bool keeper_step_order(struct timekeeper *keeper, struct keeper_run *run,
                       const struct queue_page *rows, const struct keeper_order *order)
{
    instant now = clock_now(keeper->options.clock);
    bool travels = order->event == EV_DUE || order->event == EV_RETRY;
    struct batch batch = { .rows = rows->at, .count = rows->count, .before = now, .at = now };
    batch.events = ARENA_ARRAY(keeper->own.arena, struct keeper_order, rows->count);
    for (size_t i = 0; i < rows->count; i++)
        batch.events[i] = travels ? travel(keeper, &rows->at[i], now, true) : *order;
    return run_batch(keeper, run, &batch);
}

static bool run_due(struct timekeeper *keeper, struct keeper_run *run, instant until)
{
    const struct queue_filter filter = { .state = QUEUE_PENDING, .due_until = until };
    struct queue_page page;
    enum store_result result = store_queue_list(keeper->own.reader, keeper->own.arena, &filter,
                                                run->job ? KEEPER_JOB_BATCH : KEEPER_BATCH, &page);
    if (result != STORE_OK)
        return failed(run, result);
    if (page.count == 0)
        return true;
    struct batch batch = { .rows = page.at, .count = page.count };
    batch.before = clock_now(keeper->options.clock);
    batch.at = later(batch.before, page.at[page.count - 1].ready_at);
    batch.events = ARENA_ARRAY(keeper->own.arena, struct keeper_order, page.count);
    for (size_t i = 0; i < page.count; i++)
        batch.events[i] = travel(keeper, &page.at[i], batch.at, false);
    move_clock(keeper, batch.at);
    return run_batch(keeper, run, &batch);
}

/* -- the ways --------------------------------------------------------------------------------- */

static bool resume_pair(struct timekeeper *keeper, struct keeper_run *run,
                        const struct queue_count *pair, instant now)
{
    region_id from = region_find(pair->from_region), to = region_find(pair->to_region);
    if (pair->rows[QUEUE_WAITING] == 0 ||
        !links_reachable(keeper->options.links, from, to, regions_down(keeper, now), now))
        return true;
    const struct queue_filter filter = { .state = QUEUE_WAITING,
                                         .from_region = pair->from_region,
                                         .to_region = pair->to_region,
                                         .due_until = { INSTANT_NEVER.ns - 1 } };
    for (;;) {
        struct queue_page page;
        store_read_begin(keeper->own.reader);
        enum store_result result =
            store_queue_list(keeper->own.reader, keeper->own.arena, &filter, KEEPER_BATCH, &page);
        if (result != STORE_OK)
            return failed(run, result);
        if (page.count == 0)
            return true;
        struct batch batch = { .rows = page.at, .count = page.count, .before = now, .at = now };
        batch.events = ARENA_ARRAY(keeper->own.arena, struct keeper_order, page.count);
        for (size_t i = 0; i < page.count; i++)
            batch.events[i].event = EV_RESUMED;
        struct store_copies copies;
        if (!commit(keeper, run, &batch, &copies))
            return false;
    }
}

bool keeper_step_resume(struct timekeeper *keeper, struct keeper_run *run)
{
    if (!keeper->own.any_waiting)
        return true;
    instant now = clock_now(keeper->options.clock);
    struct queue_count *pairs;
    size_t count;
    store_read_begin(keeper->own.reader);
    enum store_result result =
        store_queue_counts(keeper->own.reader, keeper->own.arena, &pairs, &count);
    if (result != STORE_OK)
        return failed(run, result);
    keeper->own.any_waiting = false;
    for (size_t i = 0; i < count; i++) {
        keeper->own.any_waiting |= pairs[i].rows[QUEUE_WAITING] > 0;
        if (!resume_pair(keeper, run, &pairs[i], now))
            return false;
    }
    return true;
}

bool keeper_step_recall(struct timekeeper *keeper, struct keeper_run *run)
{
    const struct queue_filter filter = { .state = QUEUE_WAITING };
    memset(keeper->own.awaited, 0, sizeof keeper->own.awaited);
    keeper->own.any_waiting = true;
    /* Stopped between a commit and its second one, a change may wait for what never comes: all are
     * tried again. */
    return resume_changes(keeper, run, &filter, clock_now(keeper->options.clock)) &&
           keeper_step_resume(keeper, run);
}

/* -- one step --------------------------------------------------------------------------------- */

static bool run_other(struct timekeeper *keeper, struct keeper_run *run, instant at)
{
    const struct timekeeper_options *options = &keeper->options;
    bool timer = next_timer(keeper).ns == at.ns;
    move_clock(keeper, at);
    keeper->own.looked = at;
    if (timer && options->timer)
        options->timer(options->ctx, at);
    return keeper_step_resume(keeper, run);
}

bool keeper_step_run(struct timekeeper *keeper, struct keeper_run *run, instant until, bool *more)
{
    arena_reset(keeper->own.arena);
    instant copy, other = next_other(keeper);
    if (!next_copy(keeper, run, &copy))
        return false;
    instant next = earlier(copy, other);
    *more = next.ns != INSTANT_NEVER.ns && !instant_before(until, next);
    if (!*more)
        return true;
    if (!instant_before(copy, other))
        return run_other(keeper, run, other);
    bool other_between = other.ns != INSTANT_NEVER.ns && !instant_before(until, other);
    return run_due(keeper, run, other_between ? (instant){ other.ns - 1 } : until);
}
