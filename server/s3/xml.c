/* XML both ways. Reading walks libxml2's pull reader and copies what S3's documents use (elements,
 * text, xsi:type) into an arena; whatever could reach beyond the document or multiply it (a DTD,
 * entities, depth, number of nodes) ends the parse. Writing needs no library.
 */
#include "server/s3/xml.h"

#include <libxml/xmlreader.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/limits.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

struct open_element {
    struct xml *node;
    struct xml **next_child;
    struct buf text; /* used from the second piece of text on */
};

struct parse {
    struct arena *arena;
    xmlTextReaderPtr reader;
    struct open_element open[LIMIT_XML_DEPTH];
    unsigned depth;
    unsigned elements;
    struct xml *root;
};

static str copy_xml(struct arena *arena, const xmlChar *text)
{
    return text ? str_copy(arena, str_of((const char *) text)) : STR_NONE;
}

static bool open_element(struct parse *parse)
{
    if (parse->depth == LIMIT_XML_DEPTH || parse->elements++ == LIMIT_XML_NODES)
        return false;
    struct xml *node = ARENA_NEW(parse->arena, struct xml);
    node->name = copy_xml(parse->arena, xmlTextReaderConstLocalName(parse->reader));
    node->text = STR("");
    if (xmlTextReaderHasAttributes(parse->reader) == 1) {
        xmlChar *type = xmlTextReaderGetAttributeNs(parse->reader, (const xmlChar *) "type",
                                                    (const xmlChar *) XSI);
        node->type = copy_xml(parse->arena, type);
        xmlFree(type);
    }
    if (parse->depth > 0) {
        struct open_element *parent = &parse->open[parse->depth - 1];
        *parent->next_child = node;
        parent->next_child = &node->next;
    } else {
        parse->root = node;
    }
    if (xmlTextReaderIsEmptyElement(parse->reader) != 1)
        parse->open[parse->depth++] = (struct open_element){ node, &node->child, { .ptr = NULL } };
    return true;
}

/* Comments and CDATA cut an element's text into pieces; most have one. */
static void add_text(struct parse *parse)
{
    const xmlChar *value = xmlTextReaderConstValue(parse->reader);
    if (parse->depth == 0 || value == NULL)
        return;
    struct open_element *element = &parse->open[parse->depth - 1];
    if (element->node->text.size == 0) {
        element->node->text = copy_xml(parse->arena, value);
        return;
    }
    if (element->text.ptr == NULL) {
        buf_init_arena(&element->text, parse->arena, LIMIT_XML_BYTES * 2);
        buf_add(&element->text, element->node->text);
    }
    buf_add(&element->text, str_of((const char *) value));
    element->node->text = buf_str(&element->text);
}

static bool take_node(struct parse *parse)
{
    switch (xmlTextReaderNodeType(parse->reader)) {
    case XML_READER_TYPE_ELEMENT:
        return open_element(parse);
    case XML_READER_TYPE_END_ELEMENT:
        BUG_UNLESS(parse->depth > 0);
        parse->depth--;
        return true;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        add_text(parse);
        return true;
    case XML_READER_TYPE_COMMENT:
    case XML_READER_TYPE_PROCESSING_INSTRUCTION:
    case XML_READER_TYPE_XML_DECLARATION:
        return true;
    default: /* a DTD, an entity: never in a document that S3 takes */
        return false;
    }
}

/* libxml2 compares each attribute of an element with all others before it: 100,000 of them take it
 * minutes. So they are counted first; S3's documents have two at most (xmlns and xsi:type). */
static bool attributes_are_few(str document)
{
    unsigned count = 0;
    char quote = '\0';
    bool in_tag = false;
    for (size_t i = 0; i < document.size; i++) {
        char c = document.ptr[i];
        if (!in_tag) {
            char next = i + 1 < document.size ? document.ptr[i + 1] : '\0';
            in_tag = c == '<' && next != '!' && next != '?';
            count = 0;
        } else if (quote) {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            in_tag = false;
        } else if (c == '=' && ++count > LIMIT_XML_ATTRIBUTES) {
            return false;
        }
    }
    return true;
}

const struct xml *xml_parse(struct arena *arena, str document)
{
    if (document.size == 0 || document.size > LIMIT_XML_BYTES || !attributes_are_few(document))
        return NULL;
    struct parse parse = { .arena = arena };
    /* UTF-8, whatever the document says: in another encoding the count above would see nothing. */
    parse.reader = xmlReaderForMemory(document.ptr, (int) document.size, NULL, "UTF-8",
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (parse.reader == NULL)
        return NULL;
    int more;
    while ((more = xmlTextReaderRead(parse.reader)) == 1)
        if (!take_node(&parse)) {
            more = -1;
            break;
        }
    xmlFreeTextReader(parse.reader);
    return more == 0 ? parse.root : NULL;
}

static const struct xml *first_named(const struct xml *node, const char *name)
{
    while (node && !str_is(node->name, name))
        node = node->next;
    return node;
}

const struct xml *xml_child(const struct xml *node, const char *name)
{
    return node ? first_named(node->child, name) : NULL;
}

const struct xml *xml_next(const struct xml *node, const char *name)
{
    return node ? first_named(node->next, name) : NULL;
}

str xml_text(const struct xml *node, const char *name)
{
    const struct xml *child = xml_child(node, name);
    return child ? child->text : STR_NONE;
}

/* ---- writing ---- */

void xml_begin(struct xml_writer *writer, struct buf *buf, const char *root, const char *ns)
{
    *writer = (struct xml_writer){ .buf = buf };
    buf_add(buf, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    if (ns == NULL) {
        xml_open(writer, root);
        return;
    }
    buf_addf(buf, "<%s xmlns=\"%s\">", root, ns);
    writer->open[writer->depth++] = root;
}

void xml_open(struct xml_writer *writer, const char *name)
{
    BUG_UNLESS(writer->depth < COUNT(writer->open));
    writer->open[writer->depth++] = name;
    buf_add_char(writer->buf, '<');
    buf_add(writer->buf, str_of(name));
    buf_add_char(writer->buf, '>');
}

static void add_escaped(struct buf *buf, str text);

void xml_open_typed(struct xml_writer *writer, const char *name, str type)
{
    BUG_UNLESS(writer->depth < COUNT(writer->open));
    writer->open[writer->depth++] = name;
    buf_addf(writer->buf, "<%s xmlns:xsi=\"" XSI "\" xsi:type=\"", name);
    add_escaped(writer->buf, type);
    buf_add(writer->buf, STR("\">"));
}

void xml_close(struct xml_writer *writer)
{
    BUG_UNLESS(writer->depth > 0);
    buf_add(writer->buf, STR("</"));
    buf_add(writer->buf, str_of(writer->open[--writer->depth]));
    buf_add_char(writer->buf, '>');
}

/* Keys may hold characters that no XML 1.0 document may (controls, U+FFFE, U+FFFF); S3 sends
 * references to them all the same. Fills *code and returns how many bytes the character has; 0
 * when the text at `at` goes as it is. */
static size_t needs_reference(str text, size_t at, unsigned *code)
{
    unsigned char c = (unsigned char) text.ptr[at];
    *code = c;
    if (c < 0x20)
        return c != '\t' && c != '\n';
    if (c == 0xef && text.size - at > 2 && (unsigned char) text.ptr[at + 1] == 0xbf &&
        (unsigned char) text.ptr[at + 2] >= 0xbe) {
        *code = 0xff00u | ((unsigned char) text.ptr[at + 2] + 0x40u);
        return 3;
    }
    return c == '&' || c == '<' || c == '>' || c == '"' || c == 0x7f;
}

static void add_reference(struct buf *buf, unsigned code)
{
    switch (code) {
    case '&':
        buf_add(buf, STR("&amp;"));
        break;
    case '<':
        buf_add(buf, STR("&lt;"));
        break;
    case '>':
        buf_add(buf, STR("&gt;"));
        break;
    case '"':
        buf_add(buf, STR("&quot;"));
        break;
    default:
        buf_addf(buf, "&#x%x;", code);
        break;
    }
}

static void add_escaped(struct buf *buf, str text)
{
    size_t plain = 0; /* start of what goes as it is */
    for (size_t i = 0; i < text.size; i++) {
        unsigned code;
        size_t size = needs_reference(text, i, &code);
        if (size == 0)
            continue;
        buf_add(buf, str_first(str_skip(text, plain), i - plain));
        add_reference(buf, code);
        plain = i + size;
        i = plain - 1;
    }
    buf_add(buf, str_skip(text, plain));
}

void xml_element(struct xml_writer *writer, const char *name, str text)
{
    xml_open(writer, name);
    add_escaped(writer->buf, text);
    xml_close(writer);
}

void xml_integer(struct xml_writer *writer, const char *name, uint64_t value)
{
    xml_open(writer, name);
    buf_add_u64(writer->buf, value);
    xml_close(writer);
}

void xml_boolean(struct xml_writer *writer, const char *name, bool value)
{
    xml_element(writer, name, value ? STR("true") : STR("false"));
}

void xml_optional(struct xml_writer *writer, const char *name, str text)
{
    if (str_is_set(text))
        xml_element(writer, name, text);
}

void xml_end(struct xml_writer *writer)
{
    while (writer->depth > 0)
        xml_close(writer);
}
