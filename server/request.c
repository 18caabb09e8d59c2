/* What steps and handlers say through a request: headers, error details, marks, answers.
 * The walk itself is in walk.c. */
#include "server/request.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/bug.h"
#include "base/rng.h"
#include "server/ordinals.h"
#include "server/regions.h"
#include "server/settings.h"
#include "server/world.h"

static const char request_id_letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

struct request *request_new(struct lane *lane, const struct request_host *host)
{
    struct arena *arena = arena_new();
    struct request *rq = ARENA_NEW(arena, struct request);
    struct world *world = lane->world;
    rq->magic = REQUEST_MAGIC;
    rq->arena = arena;
    rq->world = world;
    rq->lane = lane;
    rq->host = host;
    rq->content_length = UINT64_MAX;
    rq->received = clock_mono();
    rq->received_at = clock_now(world->clock);
    rq->received_wall = clock_wall();
    rq->ordinal = atomic_fetch_add_explicit(&world->ordinals->requests, 1, memory_order_relaxed);
    rq->route.member = SIZE_MAX;

    unsigned char draw[16];
    rng_bytes(
        &(struct rng_key){ .seed = world->seed, .purpose = RNG_REQUEST_ID, .ordinal = rq->ordinal },
        draw, sizeof draw);
    char *id = arena_alloc(arena, sizeof draw);
    for (size_t i = 0; i < sizeof draw; i++)
        id[i] = request_id_letters[draw[i] % 32];
    rq->id = str_from(id, sizeof draw);
    return rq;
}

static void written(struct store_write *write)
{
    struct request *rq = write->owner;
    BUG_UNLESS(rq->magic == REQUEST_MAGIC);
    rq->host->wake(rq);
}

enum s3_code request_write(struct request *rq, struct store_write *write,
                           enum s3_code (*then)(struct request *rq))
{
    rq->resume = then;
    write->arena = rq->arena;
    write->done = written;
    write->owner = rq;
    write->skew = regions_skew(rq->world->regions, rq->region);
    store_submit(rq->world->store, write);
    return S3_WAIT;
}

enum s3_code request_wait(struct request *rq, enum s3_code (*then)(struct request *rq))
{
    rq->resume = then;
    return S3_WAIT;
}

void request_header(struct request *rq, const char *name, str value)
{
    fields_add(rq->arena, &rq->reply.headers, str_of(name), value);
}

void request_header_c(struct request *rq, const char *name, const char *value)
{
    request_header(rq, name, str_of(value));
}

void request_extra(struct request *rq, const char *element, str value)
{
    fields_add(rq->arena, &rq->extra, str_of(element), value);
}

static str PRINTF_LIKE(2, 0) format_va(struct arena *arena, const char *format, va_list args)
{
    char text[1024];
    int size = vsnprintf(text, sizeof text, format, args);
    size_t kept = size < 0 ? 0 : (size_t) size < sizeof text ? (size_t) size : sizeof text - 1;
    return str_copy(arena, str_from(text, kept));
}

void request_message(struct request *rq, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rq->message = format_va(rq->arena, format, args);
    va_end(args);
}

void request_hint(struct request *rq, const char *format, ...)
{
    va_list args;
    if (!rq->world->settings->hints)
        return;
    va_start(args, format);
    rq->hint = format_va(rq->arena, format, args);
    va_end(args);
}

void request_denied(struct request *rq, const char *by, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rq->denied_by = by;
    rq->denied_why = format_va(rq->arena, format, args);
    va_end(args);
    if (rq->world->settings->hints)
        rq->hint = rq->denied_why;
}

void request_mark(struct request *rq, const char *mark, const char *aws_says)
{
    if (!fields_has_exact(&rq->nonstandard, mark))
        fields_add(rq->arena, &rq->nonstandard, str_of(mark), str_of(aws_says));
}

bool request_nonstandard(struct request *rq, const char *mark, const char *aws_says)
{
    if (rq->world->settings->strict)
        return false;
    request_mark(rq, mark, aws_says);
    return true;
}

str request_query(const struct request *rq, const char *name)
{
    return fields_get_exact(&rq->query, name);
}

bool request_has_query(const struct request *rq, const char *name)
{
    return fields_has_exact(&rq->query, name);
}

str request_get_header(const struct request *rq, const char *name)
{
    return fields_get(&rq->headers, name);
}

void request_reply(struct request *rq, int status, const char *content_type, str bytes)
{
    rq->reply.status = status;
    rq->reply.bytes = bytes;
    rq->reply.size_bytes = bytes.size;
    request_header_c(rq, "Content-Type", content_type);
}

void request_reply_empty(struct request *rq, int status)
{
    rq->reply.status = status;
    rq->reply.bytes = STR_NONE;
    rq->reply.size_bytes = 0;
}
