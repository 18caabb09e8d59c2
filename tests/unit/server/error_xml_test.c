/* The error document in the form of the protocol that was spoken. */
#include "tests/unit/test.h"

#include "server/s3/error_xml.h"

#define PROLOGUE "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static str document_of(struct arena *arena, enum address_kind kind, enum s3_code code)
{
    struct request rq = { .arena = arena, .id = STR("0123456789ABCDEF"), .code = code };
    struct buf buf;
    rq.address.kind = kind;
    fields_add(arena, &rq.reply.headers, STR("x-amz-id-2"), STR("id2"));
    buf_init_arena(&buf, arena, 4096);
    error_document(&rq, &buf);
    return buf_str(&buf);
}

TEST(s3_answers_with_a_bare_error)
{
    struct arena *arena = arena_new();
    struct request rq = { .arena = arena,
                          .id = STR("R"),
                          .code = S3_NoSuchKey,
                          .hint = STR("a & b"),
                          .address = { .kind = ADDRESS_MRAP } };
    struct buf buf;
    fields_add(arena, &rq.extra, STR("Key"), STR("a<b"));
    fields_add(arena, &rq.extra, STR("VersionId"), STR("v"));
    fields_add(arena, &rq.reply.headers, STR("x-amz-id-2"), STR("id2"));
    buf_init_arena(&buf, arena, 4096);
    error_document(&rq, &buf);
    assert_str(buf_str(&buf),
               PROLOGUE "<Error><Code>NoSuchKey</Code><Message>The specified key does not "
                        "exist.</Message><Key>a&lt;b</Key><VersionId>v</VersionId>"
                        "<Hint>a &amp; b</Hint><RequestId>R</RequestId><HostId>id2</HostId>"
                        "</Error>");
    arena_free(arena);
}

TEST(s3_control_wraps_it)
{
    struct arena *arena = arena_new();
    assert_str(document_of(arena, ADDRESS_CONTROL, S3_NoSuchAsyncRequest), PROLOGUE
               "<ErrorResponse xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">"
               "<Error><Code>NoSuchAsyncRequest</Code><Message>The specified request was "
               "not found.</Message></Error><RequestId>0123456789ABCDEF</RequestId>"
               "<HostId>id2</HostId></ErrorResponse>");
    arena_free(arena);
}

TEST(the_query_protocol_says_whose_fault_it_was)
{
    struct arena *arena = arena_new();
    assert_str(document_of(arena, ADDRESS_STS, S3_InvalidAccessKeyId),
               PROLOGUE "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                        "<Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security "
                        "token included in the request is invalid.</Message></Error>"
                        "<RequestId>0123456789ABCDEF</RequestId></ErrorResponse>");
    str broken = document_of(arena, ADDRESS_OTHER_AWS, S3_InternalFailure);
    assert_true(str_find(broken, STR("<Type>Receiver</Type>")) < broken.size);
    arena_free(arena);
}

TEST(the_message_is_never_empty)
{
    struct arena *arena = arena_new();
    for (enum s3_code code = (enum s3_code)(S3_WAIT + 1); code < S3_CODES; code++) {
        str document = document_of(arena, ADDRESS_S3, code);
        assert_true(str_find(document, STR("<Message></Message>")) == document.size);
    }
    arena_free(arena);
}
