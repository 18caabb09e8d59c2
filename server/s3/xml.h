/* xml: a bounded reader and an escaping writer. xml.c is the only file that knows libxml2.
 *
 * Reader: entities, DTDs and network are off; depth and node count are bounded (limits.h); element
 * order and namespaces do not matter (local names are compared). A tree lives in its arena.
 * Writer: into a buf; names are literals, text is escaped; characters XML 1.0 cannot carry are
 * written as character references, as S3 does.
 */
#ifndef ATOLL_SERVER_S3_XML_H
#define ATOLL_SERVER_S3_XML_H

#include "base/buf.h"

#define XML_NS_S3 "http://s3.amazonaws.com/doc/2006-03-01/"
#define XML_NS_CONTROL "http://awss3control.amazonaws.com/doc/2018-08-20/"

struct xml {
    str name;          /* local name */
    str text;          /* all text directly inside, entities decoded; not trimmed */
    str type;          /* xsi:type, for grantees */
    struct xml *child; /* first element */
    struct xml *next;
};

/* NULL when malformed, too deep or too large. */
MUST_CHECK const struct xml *xml_parse(struct arena *arena, str document);
const struct xml *xml_child(const struct xml *node, const char *name); /* first; NULL-safe */
const struct xml *xml_next(const struct xml *node,
                           const char *name);           /* next sibling of that name */
str xml_text(const struct xml *node, const char *name); /* child's text; STR_NONE when absent */

struct xml_writer {
    struct buf *buf;
    const char *open[32];
    unsigned depth;
};
/* <?xml ...?> and the root with its namespace (NULL: none). */
void xml_begin(struct xml_writer *writer, struct buf *buf, const char *root, const char *ns);
void xml_open(struct xml_writer *writer, const char *name);
/* With xsi:type, as grantees have it. */
void xml_open_typed(struct xml_writer *writer, const char *name, str type);
void xml_close(struct xml_writer *writer);
void xml_element(struct xml_writer *writer, const char *name, str text);
void xml_integer(struct xml_writer *writer, const char *name, uint64_t value);
void xml_boolean(struct xml_writer *writer, const char *name, bool value);
/* Only when set (ptr != NULL). */
void xml_optional(struct xml_writer *writer, const char *name, str text);
void xml_end(struct xml_writer *writer); /* closes all that is open */

#endif
