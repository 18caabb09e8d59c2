/* Parts on a disk that fails: nothing is left behind, and the upload goes on. */
#include <errno.h>

#include "tests/unit/storage/fixture.h"

/* A part whose disk fails at its `ahead`th call. True: it needed fewer calls. */
static bool part_on_failing(struct fixture *f, struct fs_failing *failing, str upload, str bytes,
                            long ahead)
{
    struct store_part_put put = { .number = 2 };
    struct body_sink *sink = fixture_sink(f, 0);
    failing->fail_at = failing->calls + ahead;
    bool taken = fixture_push(f, sink, bytes, 50000) && fixture_finish(f, sink, &put.draft);
    failing->fail_at = 0;
    if (taken) {
        body_draft_drop(&put.draft); /* as when the client went away before the commit */
        return true;
    }
    assert_int_equal(body_sink_error(sink), STORE_FULL);
    body_sink_abort(sink);
    struct part_list parts;
    store_read_begin(f->reader);
    assert_int_equal(store_upload_parts(f->reader, f->arena, upload, 0, 10, &parts), STORE_OK);
    assert_int_equal(parts.count, 1);
    return false;
}

TEST(a_part_on_a_full_disk_leaves_the_upload_as_it_was)
{
    static const size_t sizes[] = { 100, 3 * 1024 * 1024 };
    struct fs_failing failing;
    fs_failing_init(&failing, fs_real());
    failing.error = ENOSPC;
    failing.sticky = true;
    const struct store_options options = { .fs = &failing.fs, .part_min_bytes = 1 };
    struct fixture *f = fixture_new(&options);
    struct store_upload_create upload;
    store_upload_create_init(&upload, f->arena);
    upload.bucket = f->bucket;
    upload.key = STR("k");
    assert_int_equal(store_write_wait(f->store, &upload.head), STORE_OK);
    struct store_part_put kept;
    store_part_put_init(&kept, f->arena);
    kept.bucket = f->bucket;
    kept.key = upload.key;
    kept.upload_id = upload.out_id;
    kept.number = 1;
    kept.draft = fixture_draft(f, STR("kept"), 0);
    assert_int_equal(store_write_wait(f->store, &kept.head), STORE_OK);
    unsigned files = fixture_files(f);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        long ahead = 1;
        while (!part_on_failing(f, &failing, upload.out_id, fixture_bytes(f, sizes[i], 1), ahead))
            assert_true(++ahead < 200);
        assert_int_equal(fixture_files(f), files);
    }
    struct store_complete complete;
    const struct complete_part part = { .number = 1, .etag = kept.out.etag };
    store_complete_init(&complete, f->arena);
    complete.bucket = f->bucket;
    complete.key = upload.key;
    complete.upload_id = upload.out_id;
    complete.parts = &part;
    complete.part_count = 1;
    failing.fail_at = failing.calls + 1; /* Complete moves no byte */
    assert_int_equal(store_write_wait(f->store, &complete.head), STORE_OK);
    failing.fail_at = 0;
    assert_str(fixture_read(f, complete.out.body, 0, 100), "kept");
    fixture_free(f);
}
