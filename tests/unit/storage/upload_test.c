/* Multipart uploads: what Complete judges, what it makes, and that no byte is lost or kept. */
#include "base/encode.h"
#include "tests/unit/storage/fixture.h"

#define KEY STR("movie")

static struct store_upload_create start(struct fixture *f, enum digest_kind kind, bool composite)
{
    struct store_upload_create create;
    store_upload_create_init(&create, f->arena);
    create.bucket = f->bucket;
    create.key = KEY;
    create.checksum_kind = kind;
    create.checksum_composite = composite;
    create.meta.fields = STR("packed fields");
    create.meta.storage_class = STR("GLACIER");
    assert_int_equal(store_write_wait(f->store, &create.head), STORE_OK);
    store_read_begin(f->reader);
    return create;
}

static struct store_part_put part_of(struct fixture *f, str upload, unsigned number, str bytes)
{
    struct store_part_put put;
    store_part_put_init(&put, f->arena);
    put.bucket = f->bucket;
    put.key = KEY;
    put.upload_id = upload;
    put.number = number;
    put.draft =
        fixture_draft(f, bytes, 1u << DIGEST_CRC64NVME | 1u << DIGEST_CRC32 | 1u << DIGEST_SHA256);
    return put;
}

static struct part_info add_part(struct fixture *f, str upload, unsigned number, str bytes)
{
    struct store_part_put put = part_of(f, upload, number, bytes);
    assert_int_equal(store_write_wait(f->store, &put.head), STORE_OK);
    store_read_begin(f->reader);
    return put.out;
}

static struct complete_part listed(struct part_info part)
{
    return (struct complete_part){ .number = part.number, .etag = part.etag };
}

static void complete_init(struct fixture *f, struct store_complete *complete, str upload,
                          const struct complete_part *parts, size_t count)
{
    store_complete_init(complete, f->arena);
    complete->bucket = f->bucket;
    complete->key = KEY;
    complete->upload_id = upload;
    complete->parts = parts;
    complete->part_count = count;
}

static enum store_result run(struct fixture *f, struct store_write *write)
{
    enum store_result result = store_write_wait(f->store, write);
    store_read_begin(f->reader);
    return result;
}

TEST(an_upload_id_is_long_url_safe_and_of_one_bucket_and_key)
{
    struct fixture *f = fixture_new(NULL);
    str first = start(f, DIGEST_NONE, false).out_id;
    str second = start(f, DIGEST_CRC32, true).out_id;
    struct upload_info info;
    int64_t bucket = 0;

    assert_true(first.size >= 64);
    assert_false(str_eq(first, second));
    for (size_t i = 0; i < first.size; i++)
        assert_non_null(strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_",
                               first.ptr[i]));
    assert_int_equal(store_upload_get(f->reader, f->arena, f->bucket, KEY, second, &info),
                     STORE_OK);
    assert_int_equal(info.checksum_kind, DIGEST_CRC32);
    assert_true(info.checksum_composite);
    assert_str(info.meta.fields, "packed fields");
    assert_str(info.meta.storage_class, "GLACIER");
    assert_int_equal(info.initiated.ns, clock_now(f->clock).ns);
    assert_int_equal(store_upload_get(f->reader, f->arena, f->bucket, STR("other"), second, &info),
                     STORE_NO_UPLOAD);
    assert_int_equal(store_upload_get(f->reader, f->arena, f->bucket + 1, KEY, second, &info),
                     STORE_NO_UPLOAD);
    assert_int_equal(store_upload_bucket(f->reader, first, &bucket), STORE_OK);
    assert_int_equal(bucket, f->bucket);
    assert_int_equal(store_upload_bucket(f->reader, STR("none"), &bucket), STORE_NO_UPLOAD);
    fixture_free(f);
}

TEST(complete_makes_one_object_of_the_listed_parts)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    str bytes = fixture_bytes(f, 1500000 + 10 + 7, 5);
    str pieces[] = { str_first(bytes, 1500000), str_first(str_skip(bytes, 1500000), 10),
                     str_skip(bytes, 1500010) };
    struct complete_part parts[3];
    static const unsigned numbers[] = { 2, 5, 9 };

    (void) add_part(f, upload, 1, STR("not in the list"));
    for (size_t i = 0; i < COUNT(parts); i++)
        parts[i] = listed(add_part(f, upload, numbers[i], pieces[i]));
    struct store_complete complete;
    complete_init(f, &complete, upload, parts, 3);
    complete.has_size = true;
    complete.size_bytes = bytes.size;
    assert_int_equal(run(f, &complete.head), STORE_OK);

    const struct version_info *out = &complete.out;
    assert_int_equal(out->size_bytes, bytes.size);
    assert_int_equal(out->parts, 3);
    assert_true(str_ends(out->etag, STR("-3")));
    unsigned char md5s[48];
    for (size_t i = 0; i < 3; i++) {
        struct digest_value md5 = digest_of(DIGEST_MD5, pieces[i].ptr, pieces[i].size);
        memcpy(md5s + 16 * i, md5.bytes, 16);
    }
    struct digest_value all = digest_of(DIGEST_MD5, md5s, sizeof(md5s));
    assert_true(str_starts(out->etag, encode_hex(f->arena, all.bytes, 16)));
    assert_true(str_eq(fixture_read(f, out->body, 0, bytes.size), bytes));
    assert_true(
        str_eq(fixture_read(f, out->body, 1499990, 24), str_first(str_skip(bytes, 1499990), 24)));
    assert_true(str_eq(fixture_read(f, out->body, 1500012, 100), str_skip(bytes, 1500012)));
    /* S3 adds a full-object CRC64NVME when nobody asked for a checksum. */
    struct digest_value crc = digest_of(DIGEST_CRC64NVME, bytes.ptr, bytes.size);
    assert_int_equal(out->meta.checksum.kind, DIGEST_CRC64NVME);
    assert_false(out->meta.checksum.composite);
    assert_memory_equal(out->meta.checksum.value.bytes, crc.bytes, crc.size);

    struct version_info got;
    assert_int_equal(store_version_get(f->reader, f->arena, f->bucket, KEY, STR_NONE, &got),
                     STORE_OK);
    assert_str(got.meta.fields, "packed fields");
    assert_str(got.meta.storage_class, "GLACIER");
    assert_true(str_eq(got.etag, out->etag));
    struct upload_info info;
    assert_int_equal(store_upload_get(f->reader, f->arena, f->bucket, KEY, upload, &info),
                     STORE_NO_UPLOAD);

    fixture_delete(f, KEY, STR_NONE);
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(the_parts_of_a_completed_object_are_kept_for_part_number_reads)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_SHA256, true).out_id;
    struct complete_part parts[2] = { listed(add_part(f, upload, 1, STR("first"))),
                                      listed(add_part(f, upload, 2, STR("second"))) };
    parts[0].checksum =
        (struct object_checksum){ DIGEST_SHA256, false, digest_of(DIGEST_SHA256, "first", 5) };
    parts[1].checksum =
        (struct object_checksum){ DIGEST_SHA256, false, digest_of(DIGEST_SHA256, "second", 6) };
    struct store_complete complete;
    struct part_list list;

    complete_init(f, &complete, upload, parts, 2);
    assert_int_equal(run(f, &complete.head), STORE_OK);
    assert_int_equal(store_version_parts(f->reader, f->arena, &complete.out, 0, 1, &list),
                     STORE_OK);
    assert_int_equal(list.count, 1);
    assert_true(list.truncated);
    assert_int_equal(list.at[0].number, 1);
    assert_int_equal(list.at[0].offset_bytes, 0);
    assert_int_equal(store_version_parts(f->reader, f->arena, &complete.out, 1, 10, &list),
                     STORE_OK);
    assert_int_equal(list.count, 1);
    assert_false(list.truncated);
    assert_int_equal(list.at[0].number, 2);
    assert_int_equal(list.at[0].offset_bytes, 5);
    assert_int_equal(list.at[0].size_bytes, 6);
    assert_true(str_eq(list.at[0].etag, parts[1].etag));
    assert_memory_equal(list.at[0].checksum.value.bytes, parts[1].checksum.value.bytes, 32);

    struct version_info plain = fixture_put(f, STR("plain"), STR("x"));
    assert_int_equal(store_version_parts(f->reader, f->arena, &plain, 0, 10, &list), STORE_OK);
    assert_int_equal(list.count, 0);
    fixture_delete(f, KEY, STR_NONE);
    assert_int_equal(store_version_parts(f->reader, f->arena, &complete.out, 0, 1, &list),
                     STORE_NO_VERSION);
    fixture_free(f);
}

TEST(a_composite_checksum_is_made_of_the_parts_and_needs_them_listed)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_CRC32, true).out_id;
    struct complete_part parts[2] = { listed(add_part(f, upload, 1, STR("first"))),
                                      listed(add_part(f, upload, 2, STR("second"))) };
    struct digest_value sums[2] = { digest_of(DIGEST_CRC32, "first", 5),
                                    digest_of(DIGEST_CRC32, "second", 6) };
    struct store_complete complete;
    unsigned char both[8];

    complete_init(f, &complete, upload, parts, 2);
    parts[0].checksum = (struct object_checksum){ DIGEST_CRC32, false, sums[0] };
    assert_int_equal(run(f, &complete.head), STORE_BAD_PART);
    assert_true(complete.bad_checksum);
    assert_int_equal(complete.bad_part, 1);
    assert_str(complete.head.detail, "2");
    parts[1].checksum = (struct object_checksum){ DIGEST_CRC32, false, sums[0] };
    assert_int_equal(run(f, &complete.head), STORE_BAD_PART);
    assert_true(complete.bad_checksum);

    parts[1].checksum.value = sums[1];
    memcpy(both, sums[0].bytes, 4);
    memcpy(both + 4, sums[1].bytes, 4);
    complete.expected = (struct object_checksum){ DIGEST_CRC32, true, sums[0] };
    assert_int_equal(run(f, &complete.head), STORE_BAD_PART);
    assert_true(complete.bad_checksum);
    assert_int_equal(complete.bad_part, 2); /* the whole, not one of the parts */
    complete.expected.value = digest_of(DIGEST_CRC32, both, 8);
    assert_int_equal(run(f, &complete.head), STORE_OK);
    assert_true(complete.out.meta.checksum.composite);
    assert_memory_equal(complete.out.meta.checksum.value.bytes, complete.expected.value.bytes, 4);
    fixture_free(f);
}

TEST(a_full_object_checksum_is_combined_from_the_parts)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_CRC32, false).out_id;
    struct complete_part parts[2] = { listed(add_part(f, upload, 1, STR("first"))),
                                      listed(add_part(f, upload, 2, STR("second"))) };
    struct store_complete complete;
    complete_init(f, &complete, upload, parts, 2);
    complete.expected =
        (struct object_checksum){ DIGEST_CRC32, false, digest_of(DIGEST_CRC32, "firstsecond", 11) };
    assert_int_equal(run(f, &complete.head), STORE_OK);
    assert_int_equal(complete.out.meta.checksum.kind, DIGEST_CRC32);
    assert_false(complete.out.meta.checksum.composite);
    fixture_free(f);
}

TEST(complete_refuses_what_is_not_right_and_leaves_the_upload_alone)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct part_info one = add_part(f, upload, 1, STR("long enough"));
    struct part_info two = add_part(f, upload, 2, STR("abc"));
    struct part_info three = add_part(f, upload, 3, STR("z"));
    struct complete_part good[] = { listed(one), listed(three) };
    struct complete_part unknown[] = { listed(one), { .number = 7, .etag = two.etag } };
    struct complete_part differs[] = { { .number = 1, .etag = two.etag } };
    struct complete_part small[] = { listed(one), listed(two), listed(three) };
    struct complete_part twice[] = { listed(one), listed(one) };
    const struct {
        int line;
        struct complete_part *parts;
        size_t count;
        enum store_result result;
        const char *detail;
        size_t bad;
    } rows[] = {
        { __LINE__, unknown, 2, STORE_BAD_PART, "7", 1 },
        { __LINE__, differs, 1, STORE_BAD_PART, "1", 0 },
        { __LINE__, twice, 2, STORE_BAD_PART, "1", 1 },
        { __LINE__, small, 3, STORE_PART_TOO_SMALL, "2", 1 },
        { __LINE__, good, 0, STORE_BAD_PART, "", 0 },
    };
    struct store_complete complete;

    for (size_t i = 0; i < COUNT(rows); i++) {
        complete_init(f, &complete, upload, rows[i].parts, rows[i].count);
        enum store_result result = run(f, &complete.head);
        if (result != rows[i].result || complete.bad_part != rows[i].bad ||
            !str_is(complete.head.detail, rows[i].detail))
            fail_msg("line %d: %s \"%.*s\" %zu", rows[i].line, store_result_name(result),
                     STR_ARG(complete.head.detail), complete.bad_part);
        assert_false(complete.bad_checksum);
    }
    complete_init(f, &complete, upload, good, 2);
    complete.has_size = true;
    complete.size_bytes = 11;
    assert_int_equal(run(f, &complete.head), STORE_BAD_PART);
    assert_int_equal(complete.bad_part, 2);
    assert_int_equal(complete.bad_size_bytes, 12);
    complete_init(f, &complete, STR("no-such-upload"), good, 2);
    assert_int_equal(run(f, &complete.head), STORE_NO_UPLOAD);
    complete_init(f, &complete, upload, good, 2);
    complete.key = STR("other");
    assert_int_equal(run(f, &complete.head), STORE_NO_UPLOAD);

    struct part_list list;
    assert_int_equal(store_upload_parts(f->reader, f->arena, upload, 0, 10, &list), STORE_OK);
    assert_int_equal(list.count, 3);
    complete_init(f, &complete, upload, good, 2);
    assert_int_equal(run(f, &complete.head), STORE_OK);
    assert_str(fixture_read(f, complete.out.body, 0, 100), "long enoughz");
    fixture_free(f);
}

TEST(conditions_of_complete_see_what_happened_since_the_upload_began)
{
    enum happening { NOTHING, PUT_BEFORE, PUT_AFTER, SAME_PUT_AFTER, DELETED_AFTER };
    static const struct {
        int line;
        enum happening happens;
        bool none_match, match;
        enum store_result result;
    } rows[] = {
        { __LINE__, NOTHING, true, false, STORE_OK },
        { __LINE__, NOTHING, false, true, STORE_NO_KEY },
        { __LINE__, PUT_BEFORE, true, false, STORE_PRECONDITION },
        { __LINE__, PUT_BEFORE, false, true, STORE_OK },
        { __LINE__, PUT_AFTER, true, false, STORE_PRECONDITION },
        { __LINE__, SAME_PUT_AFTER, false, true, STORE_CONFLICT },
        { __LINE__, DELETED_AFTER, true, false, STORE_CONFLICT },
        { __LINE__, DELETED_AFTER, false, true, STORE_NO_KEY },
        { __LINE__, DELETED_AFTER, false, false, STORE_OK },
    };
    struct fixture *f = fixture_new(NULL);

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int versioned = 0; versioned < 2; versioned++) {
            f->bucket = fixture_bucket(f, str_format(f->arena, "bucket-%zu-%d", i, versioned).ptr);
            if (versioned)
                fixture_versioning(f, VERSIONING_ENABLED);
            enum happening happens = rows[i].happens;
            str etag = STR("8b04d5e3775d298e78455efc5ca404d5");
            if (happens == PUT_BEFORE || happens == SAME_PUT_AFTER || happens == DELETED_AFTER)
                etag = fixture_put(f, KEY, STR("first")).etag;
            str upload = start(f, DIGEST_NONE, false).out_id;
            if (happens == PUT_AFTER || happens == SAME_PUT_AFTER)
                (void) fixture_put(f, KEY, STR("first"));
            if (happens == DELETED_AFTER)
                fixture_delete(f, KEY, STR_NONE);
            struct complete_part part = listed(add_part(f, upload, 1, STR("done")));
            struct store_complete complete;
            complete_init(f, &complete, upload, &part, 1);
            complete.condition.if_none_match_any = rows[i].none_match;
            complete.condition.if_match = rows[i].match ? etag : STR_NONE;
            enum store_result result = run(f, &complete.head);
            if (result != rows[i].result)
                fail_msg("line %d, versioned %d: %s", rows[i].line, versioned,
                         store_result_name(result));
            assert_int_equal(complete.out_versioning,
                             versioned ? VERSIONING_ENABLED : VERSIONING_UNSET);
        }
    }
    fixture_free(f);
}

TEST(repeating_complete_gives_the_same_version_until_it_is_gone)
{
    struct fixture *f = fixture_new(NULL);
    fixture_versioning(f, VERSIONING_ENABLED);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct complete_part parts[2] = { listed(add_part(f, upload, 1, STR("first"))),
                                      listed(add_part(f, upload, 2, STR("second"))) };
    struct store_complete first, again;
    int64_t bucket = 0;

    complete_init(f, &first, upload, parts, 2);
    assert_int_equal(run(f, &first.head), STORE_OK);
    complete_init(f, &again, upload, parts, 2);
    assert_int_equal(run(f, &again.head), STORE_OK);
    assert_true(str_eq(first.out.id, again.out.id));
    assert_true(str_eq(first.out.etag, again.out.etag));
    assert_int_equal(store_upload_bucket(f->reader, upload, &bucket), STORE_OK);
    complete_init(f, &again, upload, parts, 1);
    assert_int_equal(run(f, &again.head), STORE_NO_UPLOAD);
    fixture_delete(f, KEY, first.out.id);
    complete_init(f, &again, upload, parts, 2);
    assert_int_equal(run(f, &again.head), STORE_NO_UPLOAD);
    fixture_free(f);
}

TEST(a_part_uploaded_again_replaces_the_first_one)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    str large = fixture_bytes(f, 1500000, 1);
    struct part_info first = add_part(f, upload, 1, large);
    struct part_info second = add_part(f, upload, 1, fixture_bytes(f, 1500000, 2));
    struct part_list list;

    assert_int_equal(fixture_files(f), 1);
    assert_int_equal(store_upload_parts(f->reader, f->arena, upload, 0, 10, &list), STORE_OK);
    assert_int_equal(list.count, 1);
    assert_true(str_eq(list.at[0].etag, second.etag));
    assert_false(str_eq(first.etag, second.etag));
    fixture_free(f);
}

TEST(parts_are_listed_by_number_in_pages)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    static const unsigned numbers[] = { 10000, 3, 1, 77 };
    struct part_list list;

    for (size_t i = 0; i < COUNT(numbers); i++)
        (void) add_part(f, upload, numbers[i], STR("part"));
    assert_int_equal(store_upload_parts(f->reader, f->arena, upload, 1, 2, &list), STORE_OK);
    assert_int_equal(list.count, 2);
    assert_true(list.truncated);
    assert_int_equal(list.at[0].number, 3);
    assert_int_equal(list.at[1].number, 77);
    assert_int_equal(store_upload_parts(f->reader, f->arena, upload, 77, 1, &list), STORE_OK);
    assert_int_equal(list.count, 1);
    assert_false(list.truncated);
    assert_int_equal(store_upload_parts(f->reader, f->arena, upload, 0, 0, &list), STORE_OK);
    assert_int_equal(list.count, 0);
    assert_int_equal(store_upload_parts(f->reader, f->arena, STR("none"), 0, 1, &list),
                     STORE_NO_UPLOAD);
    fixture_free(f);
}

TEST(abort_frees_the_parts_and_a_late_part_finds_no_upload)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    (void) add_part(f, upload, 1, fixture_bytes(f, 1500000, 1));
    struct store_part_put late = part_of(f, upload, 2, fixture_bytes(f, 1500000, 2));
    struct store_abort stop;

    store_abort_init(&stop, f->arena);
    stop.bucket = f->bucket;
    stop.key = STR("other");
    stop.upload_id = upload;
    assert_int_equal(run(f, &stop.head), STORE_NO_UPLOAD);
    stop.key = KEY;
    assert_int_equal(fixture_files(f), 2);
    assert_int_equal(run(f, &stop.head), STORE_OK);
    assert_int_equal(run(f, &late.head), STORE_NO_UPLOAD);
    body_draft_drop(&late.draft);
    assert_int_equal(fixture_files(f), 0);
    assert_int_equal(run(f, &stop.head), STORE_NO_UPLOAD);
    fixture_free(f);
}

TEST(a_copied_part_shares_the_bytes_of_its_source)
{
    struct fixture *f = fixture_new(NULL);
    str bytes = fixture_bytes(f, 2000000, 4);
    struct version_info source = fixture_put(f, STR("source"), bytes);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct store_part_copy copy;
    str range = str_first(str_skip(bytes, 1000), 1500000);

    store_part_copy_init(&copy, f->arena);
    copy.bucket = copy.source_bucket = f->bucket;
    copy.key = KEY;
    copy.upload_id = upload;
    copy.number = 1;
    copy.source_key = STR("source");
    copy.source_version = source.id;
    copy.offset_bytes = 1000;
    copy.length_bytes = range.size;
    copy.md5 = digest_of(DIGEST_MD5, range.ptr, range.size);
    copy.checksum = (struct object_checksum){ DIGEST_CRC64NVME, false,
                                              digest_of(DIGEST_CRC64NVME, range.ptr, range.size) };
    assert_int_equal(run(f, &copy.head), STORE_OK);
    fixture_delete(f, STR("source"), STR_NONE);
    assert_int_equal(fixture_files(f), 1);
    struct complete_part part = listed(copy.out);
    struct store_complete complete;
    complete_init(f, &complete, upload, &part, 1);
    assert_int_equal(run(f, &complete.head), STORE_OK);
    assert_true(str_eq(fixture_read(f, complete.out.body, 0, bytes.size), range));
    assert_int_equal(complete.out.meta.checksum.kind, DIGEST_CRC64NVME);

    copy.number = 2;
    copy.upload_id = start(f, DIGEST_NONE, false).out_id;
    assert_int_equal(run(f, &copy.head), STORE_CONFLICT);
    fixture_delete(f, KEY, STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(a_range_of_a_multipart_object_can_be_a_part_of_another)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct complete_part parts[3] = { listed(add_part(f, upload, 1, STR("0123456789"))),
                                      listed(add_part(f, upload, 2, STR("abcdefghij"))),
                                      listed(add_part(f, upload, 3, STR("KLMNOPQRST"))) };
    struct store_complete complete;
    struct store_part_copy copy;

    complete_init(f, &complete, upload, parts, 3);
    assert_int_equal(run(f, &complete.head), STORE_OK);
    str source = complete.out.id;
    upload = start(f, DIGEST_NONE, false).out_id;
    store_part_copy_init(&copy, f->arena);
    copy.bucket = copy.source_bucket = f->bucket;
    copy.key = copy.source_key = KEY;
    copy.upload_id = upload;
    copy.number = 2;
    copy.source_version = source;
    copy.offset_bytes = 8;
    copy.length_bytes = 14;
    copy.md5 = digest_of(DIGEST_MD5, "89abcdefghijKL", 14);
    assert_int_equal(run(f, &copy.head), STORE_OK);
    parts[0] = listed(add_part(f, upload, 1, STR("<<<<")));
    parts[1] = listed(copy.out);
    parts[2] = listed(add_part(f, upload, 3, STR(">>")));
    complete_init(f, &complete, upload, parts, 3);
    assert_int_equal(run(f, &complete.head), STORE_OK); /* replaces the source, too */
    assert_str(fixture_read(f, complete.out.body, 0, 100), "<<<<89abcdefghijKL>>");
    assert_str(fixture_read(f, complete.out.body, 5, 14), "9abcdefghijKL>");
    /* The copied part came without a checksum: the object has none rather than a wrong one. */
    assert_int_equal(complete.out.meta.checksum.kind, DIGEST_NONE);
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    fixture_delete(f, KEY, STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(an_object_of_empty_parts_is_empty)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct complete_part part = listed(add_part(f, upload, 1, STR("")));
    struct store_complete complete;
    struct part_list list;

    complete_init(f, &complete, upload, &part, 1);
    assert_int_equal(run(f, &complete.head), STORE_OK);
    assert_int_equal(complete.out.size_bytes, 0);
    assert_str(fixture_read(f, complete.out.body, 0, 0), "");
    assert_int_equal(store_version_parts(f->reader, f->arena, &complete.out, 0, 10, &list),
                     STORE_OK);
    assert_int_equal(list.count, 1);
    fixture_free(f);
}

TEST(a_deleted_bucket_takes_its_uploads_along)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct store_part_put late = part_of(f, upload, 2, STR("late"));
    struct store_bucket_delete del;

    (void) add_part(f, upload, 1, fixture_bytes(f, 1500000, 1));
    store_bucket_delete_init(&del, f->arena);
    del.bucket = f->bucket;
    assert_int_equal(run(f, &del.head), STORE_OK);
    assert_int_equal(run(f, &late.head), STORE_NO_UPLOAD);
    body_draft_drop(&late.draft);
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    assert_int_equal(fixture_files(f), 0);
    fixture_free(f);
}

TEST(ten_thousand_parts_become_one_body)
{
    struct fixture *f = fixture_new(NULL);
    str upload = start(f, DIGEST_NONE, false).out_id;
    struct store_part_put *puts = ARENA_ARRAY(f->arena, struct store_part_put, LIMIT_PARTS);
    struct complete_part *parts = ARENA_ARRAY(f->arena, struct complete_part, LIMIT_PARTS);
    str bytes = fixture_bytes(f, (size_t) 16 * LIMIT_PARTS, 9);

    for (unsigned i = 0; i < LIMIT_PARTS; i++)
        puts[i] = part_of(f, upload, i + 1, str_first(str_skip(bytes, (size_t) 16 * i), 16));
    for (unsigned i = 0; i < LIMIT_PARTS; i++) {
        if (i + 1 < LIMIT_PARTS)
            store_submit(f->store, &puts[i].head);
        else
            assert_int_equal(run(f, &puts[i].head), STORE_OK);
    }
    for (unsigned i = 0; i < LIMIT_PARTS; i++)
        parts[i] = listed(puts[i].out);
    struct store_complete complete;
    complete_init(f, &complete, upload, parts, LIMIT_PARTS);
    duration before = clock_mono();
    assert_int_equal(run(f, &complete.head), STORE_OK);
    print_message("complete of %d parts: %.1f ms\n", LIMIT_PARTS,
                  (double) (clock_mono().ns - before.ns) / 1e6);
    assert_true(str_eq(fixture_read(f, complete.out.body, 0, bytes.size), bytes));
    assert_true(str_eq(fixture_read(f, complete.out.body, 80003, 40),
                       str_first(str_skip(bytes, 80003), 40)));

    struct store_reader *old = store_reader_open(f->store);
    struct body_reader *body;
    store_read_begin(old);
    struct version_info seen;
    assert_int_equal(store_version_get(old, f->arena, f->bucket, KEY, STR_NONE, &seen), STORE_OK);
    body_lane_close(f->lane);
    f->lane = body_lane_open(f->store);
    fixture_delete(f, KEY, STR_NONE);
    assert_int_equal(fixture_files(f), 0);
    /* The old snapshot has the rows; the files are gone. */
    assert_int_equal(body_reader_open(old, seen.body, 0, bytes.size, &body), STORE_NO_VERSION);
    store_reader_close(old);
    fixture_free(f);
}
