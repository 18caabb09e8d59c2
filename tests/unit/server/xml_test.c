/* Reading the XML that SDKs send (any order, any prefix, with or without a prologue), refusing what
 * could hurt, and writing what every parser reads back. */
#include "tests/unit/test.h"

#include "base/limits.h"
#include "server/s3/xml.h"

TEST(a_document_is_read_by_local_names)
{
    struct arena *arena = arena_new();
    const struct xml *root =
        xml_parse(arena, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c -->"
                             "<a:Delete xmlns:a=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                             "<a:Object><a:Key>one</a:Key></a:Object><Quiet>true</Quiet>"
                             "<Object><Key>two</Key><VersionId/></Object></a:Delete>"));
    assert_non_null(root);
    assert_str(root->name, "Delete");
    const struct xml *object = xml_child(root, "Object");
    assert_str(xml_text(object, "Key"), "one");
    assert_false(str_is_set(xml_text(object, "VersionId")));
    object = xml_next(object, "Object");
    assert_str(xml_text(object, "Key"), "two");
    assert_true(str_is_set(xml_text(object, "VersionId")));
    assert_null(xml_next(object, "Object"));
    assert_str(xml_text(root, "Quiet"), "true");
    assert_null(xml_child(NULL, "x"));
    assert_null(xml_next(NULL, "x"));
    arena_free(arena);
}

TEST(text_is_joined_and_decoded_but_not_trimmed)
{
    static const struct {
        int line;
        const char *document, *text;
    } rows[] = {
        { __LINE__, "<K> a&amp;b &lt;&#x20AC;&#10;</K>", " a&b <\xe2\x82\xac\n" },
        { __LINE__, "<K>a<!-- c -->b<![CDATA[<c>]]>d<?p i?>e</K>", "ab<c>de" },
        { __LINE__, "<K>a<x>no</x>b</K>", "ab" },
        { __LINE__, "<K/>", "" },
        { __LINE__, "<K></K>", "" },
        { __LINE__, "<K>  </K>", "  " },
        { __LINE__, "\xef\xbb\xbf<K>bom</K>", "bom" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct xml *root = xml_parse(arena, str_of(rows[i].document));
        if (root == NULL || !str_is(root->text, rows[i].text))
            fail_msg("line %d: \"%.*s\"", rows[i].line, STR_ARG(root ? root->text : STR("none")));
    }
    arena_free(arena);
}

TEST(a_grantee_keeps_its_type)
{
    struct arena *arena = arena_new();
    const struct xml *root =
        xml_parse(arena, STR("<Grantee xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" "
                             "i:type=\"Group\" other=\"x\"><URI>u</URI></Grantee>"));
    assert_non_null(root);
    assert_str(root->type, "Group");
    assert_false(str_is_set(root->child->type));
    arena_free(arena);
}

TEST(what_is_malformed_or_dangerous_is_refused)
{
    static const struct {
        int line;
        const char *document;
    } rows[] = {
        { __LINE__, "" },
        { __LINE__, "   " },
        { __LINE__, "text" },
        { __LINE__, "<a>" },
        { __LINE__, "<a></b>" },
        { __LINE__, "<a/><b/>" },
        { __LINE__, "<a/>trailing" },
        { __LINE__, "<a>&unknown;</a>" },
        { __LINE__, "<a>&#0;</a>" },
        { __LINE__, "<a b=1/>" },
        { __LINE__, "<a>\xff</a>" },
        { __LINE__, "<!DOCTYPE a><a/>" },
        { __LINE__, "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>" },
        { __LINE__, "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>" },
        { __LINE__, "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/x.dtd\"><a/>" },
        { __LINE__, "{\"json\": true}" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++)
        if (xml_parse(arena, str_of(rows[i].document)))
            fail_msg("line %d was accepted", rows[i].line);
    assert_null(xml_parse(arena, str_from("<a>\0</a>", 8)));
    arena_free(arena);
}

static str nested(struct arena *arena, unsigned depth)
{
    struct buf buf;
    buf_init_arena(&buf, arena, LIMIT_XML_BYTES);
    for (unsigned i = 0; i < depth; i++)
        buf_add(&buf, STR("<d>"));
    for (unsigned i = 0; i < depth; i++)
        buf_add(&buf, STR("</d>"));
    return buf_str(&buf);
}

TEST(depth_nodes_and_size_are_bounded)
{
    struct arena *arena = arena_new();
    assert_non_null(xml_parse(arena, nested(arena, LIMIT_XML_DEPTH)));
    assert_null(xml_parse(arena, nested(arena, LIMIT_XML_DEPTH + 1)));
    assert_null(xml_parse(arena, nested(arena, 10000)));

    struct buf many;
    buf_init_arena(&many, arena, LIMIT_XML_BYTES);
    buf_add(&many, STR("<a>"));
    for (unsigned i = 0; i < LIMIT_XML_NODES; i++)
        buf_add(&many, STR("<b/>"));
    buf_add(&many, STR("</a>"));
    assert_false(many.overflow);
    assert_null(xml_parse(arena, buf_str(&many)));

    char *large = arena_alloc(arena, LIMIT_XML_BYTES + 1);
    memset(large, ' ', LIMIT_XML_BYTES + 1);
    memcpy(large, "<a/>", 4);
    assert_null(xml_parse(arena, str_from(large, LIMIT_XML_BYTES + 1)));
    assert_non_null(xml_parse(arena, str_from(large, LIMIT_XML_BYTES)));
    arena_free(arena);
}

TEST(a_complete_of_ten_thousand_parts_fits)
{
    struct arena *arena = arena_new();
    struct buf body;
    buf_init_arena(&body, arena, LIMIT_XML_BYTES);
    buf_add(&body, STR("<CompleteMultipartUpload>\n"));
    for (unsigned i = 1; i <= LIMIT_PARTS; i++)
        buf_addf(&body,
                 " <Part>\n  <PartNumber>%u</PartNumber>\n"
                 "  <ETag>\"0123456789abcdef0123456789abcdef\"</ETag>\n"
                 "  <ChecksumCRC32>DUoRhQ==</ChecksumCRC32>\n </Part>\n",
                 i);
    buf_add(&body, STR("</CompleteMultipartUpload>"));
    assert_false(body.overflow);
    const struct xml *root = xml_parse(arena, buf_str(&body));
    unsigned parts = 0;
    for (const struct xml *part = xml_child(root, "Part"); part; part = xml_next(part, "Part"))
        parts++;
    assert_int_equal(parts, LIMIT_PARTS);
    arena_free(arena);
}

TEST(a_document_is_written_with_its_namespace_and_closed)
{
    struct arena *arena = arena_new();
    struct buf buf;
    struct xml_writer xml;
    buf_init_arena(&buf, arena, 4096);
    xml_begin(&xml, &buf, "Root", "urn:x");
    xml_element(&xml, "Empty", STR(""));
    xml_optional(&xml, "Absent", STR_NONE);
    xml_optional(&xml, "Present", STR("p"));
    xml_open(&xml, "Open");
    xml_integer(&xml, "N", UINT64_MAX);
    xml_boolean(&xml, "B", false);
    xml_end(&xml);
    assert_str(buf_str(&buf), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Root xmlns=\"urn:x\">"
                              "<Empty></Empty><Present>p</Present><Open>"
                              "<N>18446744073709551615</N><B>false</B></Open></Root>");
    arena_free(arena);
}

TEST(text_is_escaped_and_control_characters_become_references)
{
    static const struct {
        int line;
        const char *text, *written;
    } rows[] = {
        { __LINE__, "plain", "plain" },
        { __LINE__, "a&b<c>d\"e'f", "a&amp;b&lt;c&gt;d&quot;e'f" },
        { __LINE__, "\xc3\xbc\xe6\x97\xa5", "\xc3\xbc\xe6\x97\xa5" },
        { __LINE__, "\t\n\r", "\t\n&#xd;" },
        { __LINE__, "\x01-\x1f-\x7f", "&#x1;-&#x1f;-&#x7f;" },
        { __LINE__, "a\xef\xbf\xbe\xef\xbf\xbf", "a&#xfffe;&#xffff;" },
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf;
        struct xml_writer xml;
        buf_init_arena(&buf, arena, 4096);
        xml_begin(&xml, &buf, "R", NULL);
        size_t start = buf.size;
        xml_element(&xml, "T", str_of(rows[i].text));
        str got = str_skip(buf_str(&buf), start + 3);
        got = str_first(got, got.size - 4);
        if (!str_is(got, rows[i].written))
            fail_msg("line %d: %.*s", rows[i].line, STR_ARG(got));
    }
    arena_free(arena);
}
