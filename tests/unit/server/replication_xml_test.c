/* ReplicationConfiguration between XML and struct repl_config: as SDKs write it, in any order, and
 * back as GetBucketReplication answers. What is wrong must arrive as wrong, for rules.c to judge.
 */
#include "tests/unit/test.h"

#include "server/s3/replication_xml.h"

static struct repl_config read(struct arena *arena, const char *rules)
{
    struct repl_config config;
    str text = str_format(arena, "<ReplicationConfiguration>%s</ReplicationConfiguration>", rules);
    const struct xml *document = xml_parse(arena, text);
    assert_non_null(document);
    replication_xml_read(arena, document, &config);
    return config;
}

TEST(the_articles_configuration_is_read)
{
    struct arena *arena = arena_new();
    struct repl_config config =
        read(arena, "<Role>arn:aws:iam::123456789012:role/r</Role><Rule><ID>all</ID>"
                    "<Status>Enabled</Status><Priority>7</Priority><Filter/>"
                    "<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>"
                    "<Destination><Bucket>arn:aws:s3:::my-app-data-eu-west-1</Bucket>"
                    "</Destination></Rule>");
    assert_str(config.role, "arn:aws:iam::123456789012:role/r");
    assert_int_equal(config.rule_count, 1);
    const struct repl_rule *rule = &config.rules[0];
    assert_str(rule->id, "all");
    assert_true(rule->has_priority);
    assert_int_equal(rule->priority, 7);
    assert_int_equal(rule->filter, REPL_FILTER_EMPTY);
    assert_int_equal(rule->status, REPL_ENABLED);
    assert_int_equal(rule->delete_markers, REPL_DISABLED);
    assert_int_equal(rule->replica_modifications, REPL_ABSENT);
    assert_true(rule->destination.present);
    assert_str(rule->destination.bucket_arn, "arn:aws:s3:::my-app-data-eu-west-1");
    assert_false(str_is_set(rule->destination.account));
    assert_int_equal(rule->destination.rtc.status, REPL_ABSENT);
    arena_free(arena);
}

TEST(filters_are_told_apart)
{
    static const struct {
        int line;
        const char *rule;
        enum repl_filter filter;
        const char *prefix;
        size_t tags;
        bool in_rule;
    } rows[] = {
        { __LINE__, "", REPL_FILTER_ABSENT, NULL, 0, false },
        { __LINE__, "<Prefix></Prefix>", REPL_FILTER_ABSENT, "", 0, true },
        { __LINE__, "<Prefix> a/</Prefix>", REPL_FILTER_ABSENT, " a/", 0, true },
        { __LINE__, "<Filter></Filter>", REPL_FILTER_EMPTY, NULL, 0, false },
        { __LINE__, "<Filter><Prefix/></Filter>", REPL_FILTER_PREFIX, "", 0, false },
        { __LINE__, "<Filter><Prefix>a</Prefix></Filter>", REPL_FILTER_PREFIX, "a", 0, false },
        { __LINE__, "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>", REPL_FILTER_TAG,
          NULL, 1, false },
        { __LINE__,
          "<Filter><And><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>"
          "<Tag><Key>l</Key><Value/></Tag></And></Filter>",
          REPL_FILTER_AND, "a", 2, false },
        { __LINE__, "<Filter><And/></Filter>", REPL_FILTER_AND, NULL, 0, false },
        { __LINE__, "<Filter><Prefix/><Tag><Key>k</Key></Tag></Filter>", REPL_FILTER_SEVERAL, NULL,
          0, false },
        { __LINE__, "<Filter><Tag/><Tag/></Filter>", REPL_FILTER_SEVERAL, NULL, 0, false },
        { __LINE__, "<Filter/><Prefix>a</Prefix>", REPL_FILTER_EMPTY, "a", 0, true },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct repl_config config =
            read(arena, str_format(arena, "<Rule>%s</Rule>", rows[i].rule).ptr);
        const struct repl_rule *rule = &config.rules[0];
        if (rule->filter != rows[i].filter || rule->tag_count != rows[i].tags ||
            rule->prefix_in_rule != rows[i].in_rule ||
            str_is_set(rule->prefix) != (rows[i].prefix != NULL) ||
            !str_is(rule->prefix, rows[i].prefix ? rows[i].prefix : ""))
            fail_msg("line %d: filter %d, prefix \"%.*s\", %zu tags", rows[i].line,
                     (int) rule->filter, STR_ARG(rule->prefix), rule->tag_count);
    }
    arena_free(arena);
}

TEST(what_is_wrong_is_kept_as_wrong)
{
    struct arena *arena = arena_new();
    struct repl_config config = read(arena, "");
    assert_int_equal(config.rule_count, 0);
    assert_false(str_is_set(config.role));

    config = read(arena, "<Rule><Status>enabled</Status><Priority>seven</Priority>"
                         "<DeleteMarkerReplication/><SourceSelectionCriteria>"
                         "<SseKmsEncryptedObjects><Status>x</Status></SseKmsEncryptedObjects>"
                         "</SourceSelectionCriteria></Rule><Rule/>");
    const struct repl_rule *rule = &config.rules[0];
    assert_int_equal(config.rule_count, 2);
    assert_int_equal(rule->status, REPL_MALFORMED);
    assert_true(rule->has_priority);
    assert_int_equal(rule->priority, -1);
    assert_int_equal(rule->delete_markers, REPL_MALFORMED);
    assert_int_equal(rule->sse_kms, REPL_MALFORMED);
    assert_false(rule->destination.present);
    assert_int_equal(config.rules[1].status, REPL_ABSENT);
    assert_false(config.rules[1].has_priority);
    arena_free(arena);
}

TEST(minutes_may_be_absent_or_no_number)
{
    struct arena *arena = arena_new();
    struct repl_config config =
        read(arena, "<Rule><Destination><ReplicationTime><Status>Enabled</Status><Time><Minutes>15"
                    "</Minutes></Time></ReplicationTime><Metrics><Status>Enabled</Status>"
                    "<EventThreshold><Minutes>soon</Minutes></EventThreshold></Metrics>"
                    "</Destination></Rule><Rule><Destination><Metrics><Status>Disabled</Status>"
                    "</Metrics></Destination></Rule>");
    const struct repl_destination *to = &config.rules[0].destination;
    assert_int_equal(to->rtc.status, REPL_ENABLED);
    assert_true(to->rtc.has_minutes);
    assert_int_equal(to->rtc.minutes, 15);
    assert_true(to->metrics.has_minutes);
    assert_true(to->metrics.minutes == UINT64_MAX);
    to = &config.rules[1].destination;
    assert_int_equal(to->metrics.status, REPL_DISABLED);
    assert_false(to->metrics.has_minutes);
    arena_free(arena);
}

#define EVERYTHING                                                                                 \
    "<Role>arn:aws:iam::123456789012:role/r</Role><Rule><ID>a&amp;b</ID><Priority>0</Priority>"    \
    "<Filter><And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"       \
    "<Status>Enabled</Status><SourceSelectionCriteria><SseKmsEncryptedObjects>"                    \
    "<Status>Enabled</Status></SseKmsEncryptedObjects><ReplicaModifications>"                      \
    "<Status>Disabled</Status></ReplicaModifications></SourceSelectionCriteria>"                   \
    "<Destination><Bucket>arn:aws:s3:::d</Bucket><Account>210987654321</Account>"                  \
    "<StorageClass>STANDARD_IA</StorageClass><AccessControlTranslation>"                           \
    "<Owner>Destination</Owner></AccessControlTranslation><EncryptionConfiguration>"               \
    "<ReplicaKmsKeyID>key</ReplicaKmsKeyID></EncryptionConfiguration><ReplicationTime>"            \
    "<Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime><Metrics>"        \
    "<Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics>"     \
    "</Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>"   \
    "</Rule>"
#define OLD_SCHEMA                                                                                 \
    "<Role>r</Role><Rule><ID>v1</ID><Prefix>x</Prefix><Status>Disabled</Status><Destination>"      \
    "<Bucket>arn:aws:s3:::d</Bucket></Destination></Rule>"

TEST(what_was_put_comes_back)
{
    static const char *const rows[] = { EVERYTHING, OLD_SCHEMA };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct repl_config config = read(arena, rows[i]);
        struct buf buf;
        buf_init_arena(&buf, arena, 100000);
        replication_xml_write(&buf, &config);
        str expected = str_format(arena,
                                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                  "<ReplicationConfiguration xmlns=\"%s\">%s"
                                  "</ReplicationConfiguration>",
                                  XML_NS_S3, rows[i]);
        assert_str(buf_str(&buf), expected.ptr);
    }
    arena_free(arena);
}

TEST(ids_that_were_made_and_priorities_that_were_not_written_are_answered_so)
{
    struct arena *arena = arena_new();
    struct repl_config config =
        read(arena, "<Role>arn:aws:iam::123456789012:role/r</Role><Rule><Filter/>"
                    "<Status>Enabled</Status><DeleteMarkerReplication><Status>Disabled</Status>"
                    "</DeleteMarkerReplication><Destination><Bucket>arn:aws:s3:::dst</Bucket>"
                    "</Destination></Rule>");
    struct repl_context context = { .source_bucket = STR("src") };
    struct repl_problem problem;
    assert_true(repl_config_validate(arena, &config, &context, &problem));
    assert_str(problem.nonstandard, REPL_NONSTANDARD_NO_PRIORITY);
    struct buf buf;
    buf_init_arena(&buf, arena, 100000);
    replication_xml_write(&buf, &config);
    str text = buf_str(&buf);
    assert_true(str_find(text, STR("<ID></ID>")) == text.size);
    assert_true(str_find(text, STR("<ID>")) < text.size);
    assert_true(str_find(text, STR("<Priority>")) == text.size);
    assert_true(str_find(text, STR("<Filter></Filter>")) < text.size);
    arena_free(arena);
}
