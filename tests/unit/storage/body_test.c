/* Bodies from the first pushed byte to the unlinked file. */
#include <errno.h>
#include <unistd.h>

#include "base/encode.h"
#include "tests/unit/storage/fixture.h"

#define ALL_SUMS                                                                                   \
    (1u << DIGEST_CRC32 | 1u << DIGEST_CRC32C | 1u << DIGEST_CRC64NVME | 1u << DIGEST_SHA1 |       \
     1u << DIGEST_SHA256)

static void assert_bytes(str actual, str expected)
{
    assert_int_equal(actual.size, expected.size);
    assert_true(str_eq(actual, expected));
}

static void assert_digest(struct digest_value actual, enum digest_kind kind, str bytes)
{
    struct digest_value expected = digest_of(kind, bytes.ptr, bytes.size);
    assert_int_equal(actual.size, expected.size);
    assert_memory_equal(actual.bytes, expected.bytes, expected.size);
}

TEST(bodies_of_every_size_come_back_with_their_digests)
{
    static const size_t sizes[] = { 0,
                                    1,
                                    8191,
                                    8193,
                                    100000,
                                    LIMIT_SMALL_BODY_BYTES - 1,
                                    LIMIT_SMALL_BODY_BYTES,
                                    LIMIT_SMALL_BODY_BYTES + 1,
                                    3 * 1024 * 1024 + 17,
                                    9 * 1024 * 1024 };
    static const size_t steps[] = { 1000, 65536, 300000, 16 * 1024 * 1024 };
    struct fixture *f = fixture_new(NULL);

    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (size_t j = 0; j < COUNT(steps); j++) {
            str bytes = fixture_bytes(f, sizes[i], (unsigned) i);
            struct body_sink *sink = fixture_sink(f, ALL_SUMS);
            struct body_draft draft;
            assert_true(fixture_push(f, sink, bytes, steps[j]));
            assert_int_equal(body_sink_size(sink), sizes[i]);
            assert_true(fixture_finish(f, sink, &draft));
            assert_int_equal(draft.size_bytes, sizes[i]);
            assert_digest(draft.md5, DIGEST_MD5, bytes);
            for (int kind = DIGEST_CRC32; kind <= DIGEST_SHA256; kind++)
                assert_digest(draft.sums[kind], (enum digest_kind) kind, bytes);

            struct store_put put;
            store_put_init(&put, f->arena);
            put.bucket = f->bucket;
            put.key = STR("key");
            put.draft = draft;
            assert_int_equal(store_write_wait(f->store, &put.head), STORE_OK);
            store_read_begin(f->reader);
            assert_int_equal(put.out.size_bytes, sizes[i]);
            assert_bytes(fixture_read(f, put.out.body, 0, sizes[i]), bytes);
        }
        arena_reset(f->arena);
    }
    fixture_free(f);
}

TEST(a_digest_that_was_not_asked_for_stays_empty)
{
    struct fixture *f = fixture_new(NULL);
    struct body_draft draft = fixture_draft(f, STR("meow"), 1u << DIGEST_SHA1);
    assert_int_equal(draft.sums[DIGEST_SHA1].size, 20);
    assert_int_equal(draft.sums[DIGEST_CRC32].size, 0);
    assert_int_equal(draft.md5.size, 16);
    body_draft_drop(&draft);
    body_draft_drop(&draft);
    fixture_free(f);
}

TEST(ranges_are_read_from_where_they_start)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 2 * 1024 * 1024, 7);
    struct version_info small = fixture_put(f, STR("small"), STR("0123456789"));
    struct version_info large = fixture_put(f, STR("large"), bytes);

    assert_str(fixture_read(f, small.body, 3, 4), "3456");
    assert_str(fixture_read(f, small.body, 8, 100), "89");
    assert_str(fixture_read(f, small.body, 10, 1), "");
    assert_str(fixture_read(f, small.body, 0, 0), "");
    assert_str(fixture_read(f, 0, 0, 0), "");
    assert_bytes(fixture_read(f, large.body, 1000000, 5000),
                 str_first(str_skip(bytes, 1000000), 5000));
    fixture_free(f);
}

TEST(a_body_in_one_file_can_be_sent_from_its_descriptor)
{
    struct fixture *f = fixture_new(NULL);
    (void) fixture_put(f, STR("before"), STR("xxxx"));
    struct version_info version = fixture_put(f, STR("key"), STR("0123456789"));
    struct body_reader *reader;
    int fd;
    uint64_t at;
    char got[4];

    assert_int_equal(body_reader_open(f->reader, version.body, 2, 6, &reader), STORE_OK);
    assert_true(body_reader_single_file(reader, &fd, &at));
    assert_int_equal(pread(fd, got, 4, (off_t) at), 4);
    assert_memory_equal(got, "2345", 4);
    assert_int_equal(body_reader_left(reader), 6);
    body_reader_close(reader);
    fixture_free(f);
}

TEST(more_than_the_limit_is_too_large)
{
    struct fixture *f = fixture_new(NULL);
    const struct body_sink_options options = { .limit_bytes = 10,
                                               .wake = door_open,
                                               .owner = &f->door };
    struct body_sink *sink = body_sink_open(f->lane, &options);
    struct body_draft draft;

    assert_int_equal(body_sink_push(sink, "0123456789", 10), BODY_TAKEN);
    assert_int_equal(body_sink_push(sink, "", 0), BODY_TAKEN);
    assert_int_equal(body_sink_push(sink, "x", 1), BODY_FAILED);
    assert_int_equal(body_sink_error(sink), STORE_TOO_LARGE);
    assert_int_equal(body_sink_finish(sink, &draft), BODY_FAILED);
    body_sink_abort(sink);
    body_sink_abort(NULL);
    fixture_free(f);
}

TEST(aborted_bodies_leave_no_file)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 6 * 1024 * 1024, 1);

    body_sink_abort(fixture_sink(f, 0));
    struct body_sink *small = fixture_sink(f, 0);
    assert_true(fixture_push(f, small, str_first(bytes, 1000), 100));
    body_sink_abort(small);
    struct body_sink *large = fixture_sink(f, ALL_SUMS);
    assert_true(fixture_push(f, large, bytes, 300000));
    body_sink_abort(large);
    /* Aborted while it finishes, and after the pool is through with it. */
    struct body_sink *finishing = fixture_sink(f, ALL_SUMS);
    struct body_draft draft;
    assert_true(fixture_push(f, finishing, bytes, 300000));
    assert_int_equal(body_sink_finish(finishing, &draft), BODY_WAIT);
    body_sink_abort(finishing);
    struct body_sink *finished = fixture_sink(f, 0);
    assert_true(fixture_push(f, finished, bytes, 300000));
    if (body_sink_finish(finished, &draft) == BODY_WAIT)
        door_wait(&f->door);
    body_sink_abort(finished);

    fixture_close(f);
    assert_int_equal(fixture_files(f), 0);
    fixture_open(f);
    fixture_free(f);
}

TEST(a_dropped_draft_frees_its_file)
{
    struct fixture *f = fixture_new(NULL);
    struct body_draft draft = fixture_draft(f, fixture_bytes(f, 2 * 1024 * 1024, 1), 0);
    assert_int_equal(fixture_files(f), 1);
    body_draft_drop(&draft);
    assert_int_equal(fixture_files(f), 0);
    struct body_draft zeroes = { .file = 0 };
    body_draft_drop(&zeroes);
    fixture_free(f);
}

TEST(a_file_goes_with_the_last_version_that_names_it)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 2 * 1024 * 1024, 1);
    struct version_info first = fixture_put(f, STR("a"), bytes);
    struct store_copy copy;

    store_copy_init(&copy, f->arena);
    copy.source_bucket = copy.bucket = f->bucket;
    copy.source_key = STR("a");
    copy.source_version = first.id;
    copy.key = STR("b");
    copy.etag = first.etag;
    assert_int_equal(store_write_wait(f->store, &copy.head), STORE_OK);
    fixture_delete(f, STR("a"), STR_NONE);
    assert_int_equal(fixture_files(f), 1);
    assert_bytes(fixture_read(f, copy.out.body, 0, bytes.size), bytes);
    fixture_delete(f, STR("b"), STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(an_overwritten_body_is_freed)
{
    struct fixture *f = fixture_new(NULL);
    for (unsigned i = 0; i < 3; i++)
        (void) fixture_put(f, STR("a"), fixture_bytes(f, 2 * 1024 * 1024, i));
    assert_int_equal(fixture_files(f), 1);
    fixture_free(f);
}

TEST(an_open_reader_keeps_a_deleted_body_readable)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 2 * 1024 * 1024, 1);
    struct version_info version = fixture_put(f, STR("a"), bytes);
    struct body_reader *reader;
    char *got = arena_alloc(f->arena, bytes.size);

    assert_int_equal(body_reader_open(f->reader, version.body, 0, bytes.size, &reader), STORE_OK);
    fixture_delete(f, STR("a"), STR_NONE);
    assert_int_equal(body_reader_read(reader, got, bytes.size), bytes.size);
    assert_bytes(str_from(got, bytes.size), bytes);
    body_reader_close(reader);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(a_reader_of_an_old_snapshot_is_told_to_look_again)
{
    struct fixture *f = fixture_new(NULL);
    struct version_info version = fixture_put(f, STR("a"), fixture_bytes(f, 2 * 1024 * 1024, 1));
    struct store_reader *old = store_reader_open(f->store);
    struct body_reader *reader;

    store_read_begin(old);
    struct version_info seen;
    assert_int_equal(store_version_get(old, f->arena, f->bucket, STR("a"), STR_NONE, &seen),
                     STORE_OK);
    fixture_delete(f, STR("a"), STR_NONE);
    assert_int_equal(body_reader_open(old, seen.body, 0, 10, &reader), STORE_NO_VERSION);
    store_read_begin(old);
    assert_int_equal(body_reader_open(old, version.body, 0, 10, &reader), STORE_NO_VERSION);
    store_reader_close(old);
    fixture_free(f);
}

TEST(a_segment_goes_when_it_is_sealed_and_empty)
{
    struct fixture *f = fixture_new(NULL);
    (void) fixture_put(f, STR("a"), STR("one"));
    (void) fixture_put(f, STR("b"), STR("two"));
    fixture_delete(f, STR("a"), STR_NONE);
    fixture_delete(f, STR("b"), STR_NONE);
    assert_int_equal(fixture_files(f), 1); /* the lane still appends to it */
    (void) fixture_put(f, STR("c"), STR("three"));
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    assert_int_equal(fixture_files(f), 1);
    fixture_delete(f, STR("c"), STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(a_draft_pins_a_sealed_segment)
{
    struct fixture *f = fixture_new(NULL);
    struct version_info version = fixture_put(f, STR("a"), STR("one"));
    struct body_draft draft = fixture_draft(f, STR("two"), 0);
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    fixture_delete(f, STR("a"), STR_NONE);
    assert_int_equal(fixture_files(f), 1);

    struct store_put put;
    store_put_init(&put, f->arena);
    put.bucket = f->bucket;
    put.key = STR("b");
    put.draft = draft;
    assert_int_equal(store_write_wait(f->store, &put.head), STORE_OK);
    store_read_begin(f->reader);
    assert_str(fixture_read(f, put.out.body, 0, 3), "two");
    assert_int_not_equal(version.body, put.out.body);
    fixture_delete(f, STR("b"), STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(a_segment_is_sealed_when_it_is_full)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, LIMIT_SMALL_BODY_BYTES, 1);
    for (unsigned i = 0; i < 65; i++)
        (void) fixture_put(f, str_format(f->arena, "%u", i), bytes);
    assert_int_equal(fixture_files(f), 2);
    for (unsigned i = 0; i < 64; i++)
        fixture_delete(f, str_format(f->arena, "%u", i), STR_NONE);
    assert_int_equal(fixture_files(f), 1);
    fixture_free(f);
}

TEST(a_restart_keeps_what_rows_name_and_sweeps_the_rest)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 2 * 1024 * 1024, 1);
    struct version_info small = fixture_put(f, STR("small"), STR("meow"));
    struct version_info large = fixture_put(f, STR("large"), bytes);
    char path[4200];

    fixture_close(f);
    assert_int_equal(fixture_files(f), 2);
    static const char *const litter[] = { "segments/98", "bodies/0/99" };
    for (size_t i = 0; i < COUNT(litter); i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", f->options.directory, litter[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        (void) fclose(file);
    }
    assert_int_equal(fixture_files(f), 4);
    fixture_open(f);
    assert_int_equal(fixture_files(f), 2);
    assert_str(fixture_read(f, small.body, 0, 4), "meow");
    assert_bytes(fixture_read(f, large.body, 0, bytes.size), bytes);
    /* Old segments are not appended to. */
    (void) fixture_put(f, STR("more"), STR("more"));
    assert_int_equal(fixture_files(f), 3);
    fixture_free(f);
}

TEST(a_wipe_frees_every_file)
{
    struct fixture *f = fixture_new(NULL);
    (void) fixture_put(f, STR("small"), STR("meow"));
    (void) fixture_put(f, STR("large"), fixture_bytes(f, 2 * 1024 * 1024, 1));
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    struct store_wipe wipe;
    store_wipe_init(&wipe, f->arena);
    assert_int_equal(store_write_wait(f->store, &wipe.head), STORE_OK);
    assert_int_equal(fixture_files(f), 0);
    store_read_begin(f->reader);
    f->bucket = fixture_bucket(f, "again");
    struct version_info version = fixture_put(f, STR("small"), STR("purr"));
    assert_str(fixture_read(f, version.body, 0, 4), "purr");
    fixture_free(f);
}

TEST(a_full_disk_fails_the_body_and_nothing_else)
{
    static const size_t sizes[] = { 100, 3 * 1024 * 1024 };
    struct fs_failing failing;
    fs_failing_init(&failing, fs_real());
    const struct store_options options = { .fs = &failing.fs };
    struct fixture *f = fixture_new(&options);

    for (size_t i = 0; i < COUNT(sizes); i++) {
        /* The next call, and the ones after it: open of the file, or its writes. */
        for (long ahead = 1; ahead <= 2; ahead++) {
            struct body_draft draft;
            struct body_sink *sink = fixture_sink(f, 0);
            failing.error = ENOSPC;
            failing.sticky = true;
            failing.fail_at = failing.calls + ahead;
            bool taken = fixture_push(f, sink, fixture_bytes(f, sizes[i], 1), 50000) &&
                         fixture_finish(f, sink, &draft);
            failing.fail_at = 0;
            if (taken) {
                body_draft_drop(&draft); /* a segment that was open needed one call only */
                continue;
            }
            assert_int_equal(body_sink_error(sink), STORE_FULL);
            body_sink_abort(sink);
        }
    }
    struct version_info version = fixture_put(f, STR("a"), STR("works again"));
    assert_str(fixture_read(f, version.body, 0, 100), "works again");
    fixture_free(f);
}

TEST(a_stored_body_is_hashed_in_the_pool)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 6 * 1024 * 1024 + 5, 3);
    struct version_info version = fixture_put(f, STR("a"), bytes);
    struct body_hashing hashing = { .body = version.body,
                                    .offset_bytes = 100,
                                    .length_bytes = bytes.size - 100,
                                    .digest_mask = 1u << DIGEST_MD5 | 1u << DIGEST_CRC64NVME,
                                    .wake = door_open,
                                    .owner = &f->door };
    body_hashing_start(f->reader, &hashing);
    door_wait(&f->door);
    assert_int_equal(hashing.result, STORE_OK);
    assert_digest(hashing.sums[DIGEST_MD5], DIGEST_MD5, str_skip(bytes, 100));
    assert_digest(hashing.sums[DIGEST_CRC64NVME], DIGEST_CRC64NVME, str_skip(bytes, 100));
    assert_int_equal(hashing.sums[DIGEST_SHA1].size, 0);

    hashing.body = 123456;
    body_hashing_start(f->reader, &hashing);
    door_wait(&f->door);
    assert_int_equal(hashing.result, STORE_NO_VERSION);
    fixture_free(f);
}

TEST(durability_power_syncs_what_a_commit_names)
{
    const struct store_options options = { .durability = DURABILITY_POWER };
    struct fixture *f = fixture_new(&options);
    str bytes = fixture_bytes(f, 2 * 1024 * 1024, 1);
    struct version_info small = fixture_put(f, STR("small"), STR("meow"));
    struct version_info large = fixture_put(f, STR("large"), bytes);
    assert_str(fixture_read(f, small.body, 0, 4), "meow");
    assert_bytes(fixture_read(f, large.body, 0, bytes.size), bytes);
    fixture_free(f);
}

#define MANY_SINKS 40

static void *put_many(void *arg)
{
    struct fixture *shared = arg;
    struct fixture f = { .store = shared->store, .bucket = shared->bucket, .arena = arena_new() };
    mutex_init(&f.door.lock);
    condition_init(&f.door.changed);
    f.lane = body_lane_open(f.store);
    f.reader = store_reader_open(f.store);
    store_read_begin(f.reader);
    for (unsigned i = 0; i < MANY_SINKS; i++) {
        str bytes = fixture_bytes(&f, i % 4 == 0 ? 1500000 : 1000 * i, i);
        str key = str_format(f.arena, "key-%u", i % 7);
        struct version_info version = fixture_put(&f, key, bytes);
        struct body_reader *reader;
        /* Another thread may have replaced it already; then the file may be gone, too. */
        enum store_result opened = body_reader_open(f.reader, version.body, 0, bytes.size, &reader);
        assert_true(opened == STORE_OK || opened == STORE_NO_VERSION);
        if (opened == STORE_OK) {
            char *got = arena_alloc(f.arena, bytes.size + 1);
            assert_int_equal(body_reader_read(reader, got, bytes.size + 1), bytes.size);
            assert_bytes(str_from(got, bytes.size), bytes);
            body_reader_close(reader);
        }
        arena_reset(f.arena);
    }
    store_reader_close(f.reader);
    body_lane_close(f.lane);
    condition_fini(&f.door.changed);
    mutex_fini(&f.door.lock);
    arena_free(f.arena);
    return NULL;
}

TEST(threads_that_overwrite_each_other_leave_only_what_is_named)
{
    struct fixture *f = fixture_new(NULL);
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        threads[i] = thread_start("test-put", put_many, f);
    for (size_t i = 0; i < COUNT(threads); i++)
        (void) pthread_join(threads[i], NULL);
    store_read_begin(f->reader);
    for (unsigned i = 0; i < 7; i++)
        fixture_delete(f, str_format(f->arena, "key-%u", i), STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}
