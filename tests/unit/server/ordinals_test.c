/* Ordinals go on where they were: over a stop, over an end without one, into a snapshot and back.
 */
#include "server/ordinals.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "server/clients.h"
#include "server/snapshots.h"
#include "tests/unit/server/s3_wire.h"

static struct got admin(struct wire *wire, const char *method, const char *path, const char *body)
{
    return wire_with(wire, method, path, body, { "Host", "localhost" },
                     { "Content-Type", "application/json" });
}

static void open_world(struct wire *wire)
{
    str error = STR_NONE;
    wire->world = world_open(wire->arena, &wire->settings, &error);
    if (wire->world == NULL)
        fail_msg("%.*s", STR_ARG(error));
    wire->lane = world_lane_open(wire->world, 0);
}

static void close_world(struct wire *wire)
{
    world_lane_close(wire->lane);
    world_close(wire->world);
}

/* Two requests, a weighted choice of paris, a fault that struck once. */
static void use(struct wire *wire)
{
    wire_bucket(wire, "/bucket", false);
    assert_status(
        admin(wire, "PUT", "/_atoll/v1/faults/twice",
              "{\"match\":{\"api\":\"GetObject\"},\"error\":\"503:SlowDown\",\"times\":2}"),
        200);
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 503);
    const struct client *paris = clients_named(wire->world->clients, STR("paris"));
    assert_int_equal(client_next_ordinal(paris), 0);
    assert_int_equal(client_next_ordinal(paris), 1);
}

static void goes_on(struct wire *wire, uint64_t requests)
{
    assert_int_equal(atomic_load(&wire->world->ordinals->requests), requests);
    assert_int_equal(client_next_ordinal(clients_named(wire->world->clients, STR("paris"))), 2);
    assert_int_equal(client_next_ordinal(clients_named(wire->world->clients, STR("london"))), 0);
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 503);
    assert_status(wire_ask(wire, "GET", "/bucket/k", ""), 404);
}

TEST(after_an_orderly_stop_every_count_goes_on)
{
    struct wire *wire = wire_open();
    use(wire);
    uint64_t requests = atomic_load(&wire->world->ordinals->requests);
    close_world(wire);
    open_world(wire);
    assert_int_equal(atomic_load(&wire->world->requests_ended), requests);
    goes_on(wire, requests);
    wire_close(wire);
}

TEST(what_a_process_counted_that_was_killed_is_there)
{
    struct ordinals *ordinals = NULL;
    const char *directory = test_directory();
    pid_t child = fork();
    if (child == 0) {
        if (ordinals_open(directory, &ordinals) != 0)
            _exit(1);
        for (int i = 0; i < 1000; i++)
            atomic_fetch_add(&ordinals->requests, 1);
        atomic_fetch_add(ordinals_of_client(ordinals, 77), 5);
        (void) raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(ordinals_open(directory, &ordinals), 0);
    assert_false(ordinals->fresh);
    assert_int_equal(atomic_load(&ordinals->requests), 1000);
    assert_int_equal(atomic_load(ordinals_of_client(ordinals, 77)), 5);
    ordinals_close(ordinals);
}

static void snapshot(struct wire *wire, enum snapshot_verb verb)
{
    struct snapshot_job job = {
        .job = { .arena = wire->arena }, .world = wire->world, .verb = verb, .name = STR("then")
    };
    assert_int_equal(snapshots_run(&job), STORE_OK);
}

TEST(a_snapshot_brings_the_counts_back_even_without_their_file)
{
    struct wire *wire = wire_open();
    use(wire);
    uint64_t requests = atomic_load(&wire->world->ordinals->requests);
    snapshot(wire, SNAPSHOT_SAVE);
    for (int round = 0; round < 2; round++) {
        goes_on(wire, requests);
        snapshot(wire, SNAPSHOT_RESTORE);
    }
    close_world(wire);
    str path = str_format(wire->arena, "%.*s/ordinals", STR_ARG(wire->settings.data));
    assert_int_equal(unlink(str_c(wire->arena, path)), 0);
    open_world(wire);
    assert_true(wire->world->ordinals->fresh);
    goes_on(wire, 0); /* the number of requests is in the snapshot's own description */
    wire_close(wire);
}

TEST(a_reset_begins_to_count_draws_at_nothing)
{
    struct wire *wire = wire_open();
    use(wire);
    assert_status(admin(wire, "POST", "/_atoll/v1/reset", "{\"to\":\"empty\"}"), 200);
    assert_int_equal(client_next_ordinal(clients_named(wire->world->clients, STR("paris"))), 0);
    wire_close(wire);
}

TEST(a_file_of_another_layout_or_size_counts_from_nothing)
{
    struct arena *arena = arena_new();
    const char *directory = test_directory();
    const char *path = str_c(arena, str_format(arena, "%s/ordinals", directory));
    struct ordinals *ordinals = NULL;
    assert_int_equal(fs_replace_file(path, STR("short"), 0600), 0);
    assert_int_equal(ordinals_open(directory, &ordinals), 0);
    assert_true(ordinals->fresh);
    atomic_fetch_add(&ordinals->requests, 3);
    ordinals->layout++;
    ordinals_close(ordinals);
    assert_int_equal(ordinals_open(directory, &ordinals), 0);
    assert_true(ordinals->fresh);
    assert_int_equal(atomic_load(&ordinals->requests), 0);
    ordinals_close(ordinals);
    assert_int_equal(ordinals_open("/nowhere/at/all", &ordinals), -ENOENT);
    arena_free(arena);
}

TEST(a_client_for_whom_there_is_no_room_still_draws)
{
    struct ordinals *ordinals = NULL;
    assert_int_equal(ordinals_open(test_directory(), &ordinals), 0);
    for (uint64_t i = 0; i < ORDINALS_CLIENTS; i++)
        assert_non_null(ordinals_of_client(ordinals, 2 * i + 1));
    assert_null(ordinals_of_client(ordinals, 1u << 20));
    struct clients *clients = clients_new(ordinals);
    const struct client *paris = clients_named(clients, STR("paris"));
    assert_int_equal(client_next_ordinal(paris), 0);
    assert_int_equal(client_next_ordinal(paris), 1);
    clients_free(clients);
    ordinals_close(ordinals);
}
