/* GET /_atoll/metrics: what events counted, and gauges read from the world at this moment. */
#include "server/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"
#include "replication/links.h"
#include "server/admin/call.h"
#include "server/build.h"
#include "server/mraps.h"
#include "server/ordinals.h"
#include "server/regions.h"
#include "storage/queue.h"

#define MOST_COMPARED                                                                              \
    5000 /* [atoll] keys of all access points; a scrape must not walk a million                    \
          */

struct scrape {
    struct request *rq;
    struct buf *out;
    struct queue_count *queued;
    size_t queued_count;
};

static const struct metrics_label no_label[1] = { 0 };

static void one(struct scrape *scrape, const char *name, const char *type, const char *help,
                double value)
{
    metrics_head(scrape->out, name, type, help);
    metrics_sample(scrape->out, name, no_label, value);
}

static double seconds(int64_t ns)
{
    return (double) ns / 1e9;
}

/* --- the world --- */

static void write_build(struct scrape *scrape)
{
    const char *tls = scrape->rq->world->tls;
    const struct metrics_label labels[] = {
        { "version", STR(ATOLL_VERSION) },          { "commit", build_commit() },
        { "compiler", build_compiler() },           { "sqlite", str_of(store_sqlite_version()) },
        { "tls", tls ? str_of(tls) : STR("none") }, { NULL, STR_NONE }
    };
    metrics_head(scrape->out, "atoll_build_info", "gauge", "what runs here; always 1");
    metrics_sample(scrape->out, "atoll_build_info", labels, 1);
}

static void write_pending(struct scrape *scrape, const char *name, const char *help,
                          double (*value)(const struct queue_count *count, instant now))
{
    metrics_head(scrape->out, name, "gauge", help);
    for (size_t i = 0; i < scrape->queued_count; i++) {
        const struct metrics_label labels[] = { { "source", scrape->queued[i].from_region },
                                                { "destination", scrape->queued[i].to_region },
                                                { NULL, STR_NONE } };
        metrics_sample(scrape->out, name, labels,
                       value(&scrape->queued[i], scrape->rq->received_at));
    }
}

static double pending_rows(const struct queue_count *count, instant now)
{
    (void) now;
    return (double) (count->rows[QUEUE_PENDING] + count->rows[QUEUE_WAITING] +
                     count->rows[QUEUE_HELD]);
}

static double pending_bytes(const struct queue_count *count, instant now)
{
    (void) now;
    return (double) count->bytes_pending;
}

static double oldest_pending(const struct queue_count *count, instant now)
{
    return pending_rows(count, now) > 0 ? seconds(instant_diff(now, count->oldest).ns) : 0;
}

/* The members of every access point: routes, and the links between them. */
static void write_routes(struct scrape *scrape, const struct mrap_list *list)
{
    const char *name = "atoll_mrap_route_active";
    metrics_head(scrape->out, name, "gauge", "1: the route of this Region is active");
    for (size_t i = 0; i < mrap_list_count(list); i++) {
        const struct mrap *mrap = mrap_list_at(list, i);
        for (size_t m = 0; m < mrap->member_count; m++) {
            const struct metrics_label labels[] = { { "mrap", mrap->name },
                                                    { "region",
                                                      region_at(mrap->members[m].region)->code },
                                                    { NULL, STR_NONE } };
            metrics_sample(scrape->out, name, labels, mrap->members[m].dial > 0);
        }
    }
}

static void write_divergent(struct scrape *scrape, const struct mrap_list *list)
{
    const char *name = "atoll_divergent_keys";
    size_t left = MOST_COMPARED;
    metrics_head(scrape->out, name, "gauge",
                 "keys that the Regions of an access point hold differently, of the first 5000");
    for (size_t i = 0; i < mrap_list_count(list); i++) {
        const struct mrap *mrap = mrap_list_at(list, i);
        const struct metrics_label labels[] = { { "mrap", mrap->name }, { NULL, STR_NONE } };
        metrics_sample(scrape->out, name, labels,
                       (double) admin_divergent_keys(scrape->rq, mrap, &left));
    }
}

static region_set regions_in_use(struct request *rq)
{
    struct bucket_list buckets = { 0 };
    region_set used = REGION_SET_NONE;
    if (store_bucket_list(rq->lane->reader, rq->arena, &(struct bucket_list_query){ .max = 0 },
                          &buckets) != STORE_OK)
        return used;
    for (size_t i = 0; i < buckets.count; i++) {
        region_id id = region_find(buckets.at[i].region);
        if (id != REGION_NONE)
            used = region_set_with(used, id);
    }
    return used;
}

static void write_regions(struct scrape *scrape, const char *name, const char *help,
                          region_set used, region_set up)
{
    metrics_head(scrape->out, name, "gauge", help);
    for (region_id id = 0; id < region_count(); id++) {
        const struct metrics_label labels[] = { { "region", region_at(id)->code },
                                                { NULL, STR_NONE } };
        if (region_set_has(used, id))
            metrics_sample(scrape->out, name, labels, region_set_has(up, id));
    }
}

static void write_links(struct scrape *scrape, region_set used)
{
    struct request *rq = scrape->rq;
    region_set down = ~regions_up(rq->world->regions, rq->received_at);
    metrics_head(scrape->out, "atoll_link_up", "gauge", "0: a partition or an outage");
    for (region_id from = 0; from < region_count(); from++)
        for (region_id to = 0; to < region_count(); to++) {
            const struct metrics_label labels[] = { { "source", region_at(from)->code },
                                                    { "destination", region_at(to)->code },
                                                    { NULL, STR_NONE } };
            if (from != to && region_set_has(used, from) && region_set_has(used, to))
                metrics_sample(scrape->out, "atoll_link_up", labels,
                               links_reachable(rq->world->links, from, to, down, rq->received_at));
        }
}

static void write_objects(struct scrape *scrape)
{
    static const char *const names[] = { "atoll_objects", "atoll_object_bytes" };
    static const char *const helps[] = { "current objects, without delete markers", "their bytes" };
    struct bucket_total *totals = NULL;
    size_t count = 0;
    if (store_bucket_totals(scrape->rq->lane->reader, scrape->rq->arena, &totals, &count) !=
        STORE_OK)
        return;
    if (count > METRICS_SERIES)
        count = METRICS_SERIES;
    for (size_t which = 0; which < COUNT(names); which++) {
        metrics_head(scrape->out, names[which], "gauge", helps[which]);
        for (size_t i = 0; i < count; i++) {
            const struct metrics_label labels[] = { { "bucket", totals[i].name },
                                                    { NULL, STR_NONE } };
            metrics_sample(scrape->out, names[which], labels,
                           (double) (which ? totals[i].bytes : totals[i].objects));
        }
    }
}

static void write_connects(struct scrape *scrape)
{
    static const char *const results[PROXY_CONNECTS] = { "intercepted", "tunnelled", "refused" };
    const char *name = "atoll_proxy_connects_total";
    metrics_head(scrape->out, name, "counter", "CONNECTs, and what became of them");
    for (int i = 0; i < PROXY_CONNECTS; i++) {
        const struct metrics_label labels[] = { { "result", str_of(results[i]) },
                                                { NULL, STR_NONE } };
        metrics_sample(scrape->out, name, labels,
                       (double) atomic_load(&scrape->rq->world->proxy_connects[i]));
    }
}

static void write_world(struct scrape *scrape)
{
    struct request *rq = scrape->rq;
    struct world *world = rq->world;
    region_set used = regions_in_use(rq);
    rq->mraps = mraps_acquire(world->mraps);
    write_build(scrape);
    one(scrape, "atoll_http_requests_in_flight", "gauge", "requests being answered, this included",
        (double) (atomic_load(&world->ordinals->requests) - atomic_load(&world->requests_ended)));
    write_pending(scrape, "atoll_replication_pending_operations", "copies on their way",
                  pending_rows);
    write_pending(scrape, "atoll_replication_pending_bytes", "their bytes", pending_bytes);
    write_pending(scrape, "atoll_replication_oldest_pending_seconds",
                  "emulated age of the oldest of them", oldest_pending);
    write_routes(scrape, rq->mraps);
    write_divergent(scrape, rq->mraps);
    write_regions(scrape, "atoll_region_up", "0: an outage of the data plane", used,
                  regions_up(world->regions, rq->received_at));
    write_regions(scrape, "atoll_region_control_up", "0: an outage of the control plane", used,
                  regions_control_up(world->regions, rq->received_at));
    write_links(scrape, used);
    write_objects(scrape);
    write_connects(scrape);
    one(scrape, "atoll_clock_offset_seconds", "gauge", "emulated time less the machine's",
        seconds(instant_diff(clock_now(world->clock), clock_wall()).ns));
    one(scrape, "atoll_event_subscribers", "gauge", "streams of events that are open",
        events_subscribers(world->events));
    one(scrape, "atoll_events_dropped_total", "counter", "events that found no room",
        (double) events_dropped(world->events));
}

/* --- the process --- */

static double open_files(void)
{
    double count = -1; /* the directory's own */
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    (void) closedir(directory);
    return count;
}

static double pages_to_bytes(str pages)
{
    uint64_t count = 0;
    return str_to_u64(str_trim(pages), &count) ? (double) count * (double) sysconf(_SC_PAGESIZE)
                                               : 0;
}

static void write_process(struct scrape *scrape)
{
    struct world *world = scrape->rq->world;
    struct rusage used = { 0 };
    struct rlimit files = { 0 };
    str pages = STR_NONE, size, resident;
    (void) getrusage(RUSAGE_SELF, &used);
    (void) getrlimit(RLIMIT_NOFILE, &files);
    if (fs_read_file(scrape->rq->arena, "/proc/self/statm", 4096, &pages) != 0)
        pages = STR_NONE;
    (void) str_cut(pages, ' ', &size, &pages);
    (void) str_cut(pages, ' ', &resident, &pages);
    one(scrape, "process_cpu_seconds_total", "counter", "user and system time",
        (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
            (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    one(scrape, "process_open_fds", "gauge", "open file descriptors", open_files());
    one(scrape, "process_max_fds", "gauge", "most that may be open", (double) files.rlim_cur);
    one(scrape, "process_virtual_memory_bytes", "gauge", "address space", pages_to_bytes(size));
    one(scrape, "process_resident_memory_bytes", "gauge", "memory", pages_to_bytes(resident));
    one(scrape, "process_start_time_seconds", "gauge", "since 1970",
        seconds(clock_wall().ns - (clock_mono().ns - world->opened.ns)));
}

enum s3_code admin_metrics(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct buf buf;
    struct scrape scrape = { .rq = rq, .out = &buf };
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    enum store_result result =
        store_queue_counts(rq->lane->reader, rq->arena, &scrape.queued, &scrape.queued_count);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    events_flush(rq->world->events);
    metrics_write(rq->world->metrics, &buf);
    write_world(&scrape);
    write_process(&scrape);
    request_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&buf));
    return S3_OK;
}
