/* schema: what a document of S3 may hold, as a table, and the two things done with such a table: to
 * refuse what does not fit (AWS: MalformedXML) and to write what fits back in one form.
 *
 * Pure. Elements may come in any order, as S3 takes them; an unknown one does not fit.
 */
#ifndef ATOLL_SERVER_S3_SCHEMA_H
#define ATOLL_SERVER_S3_SCHEMA_H

#include "base/time.h"
#include "server/s3/xml.h"

enum schema_type {
    SCHEMA_GROUP,   /* holds elements */
    SCHEMA_TEXT,    /* as it is */
    SCHEMA_WORD,    /* trimmed, not empty; one of `values` when there are some */
    SCHEMA_INTEGER, /* a whole number, maybe negative */
    SCHEMA_BOOLEAN, /* true, false */
    SCHEMA_DATE     /* a day or an instant, ISO 8601 */
};

struct schema {
    const char *name; /* NULL ends a list of members */
    enum schema_type type;
    unsigned min, max;  /* how often; max 0: any number */
    const char *values; /* "Enabled|Disabled"; NULL: any */
    const struct schema *members;
};

#define SCHEMA_END                                                                                 \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* The element's name, its text and all that is inside. */
MUST_CHECK bool schema_fits(const struct xml *node, const struct schema *schema);
/* The members of an element that fits, in the table's order. */
void schema_write_members(struct xml_writer *xml, const struct xml *node,
                          const struct schema *schema);
/* `word` is one of "A|B|C". */
bool schema_is_one_of(str word, const char *values);
/* "2026-01-02", or an instant. */
MUST_CHECK bool schema_date(str text, instant *out);

#endif
