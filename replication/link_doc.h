/* link_doc: links and partitions as documents (JSON), and back. For links.c and those who change a
 * link. Pure. */
#ifndef ATOLL_REPLICATION_LINK_DOC_H
#define ATOLL_REPLICATION_LINK_DOC_H

#include "base/json.h"
#include "replication/links.h"

/* "*" gives REGION_NONE twice. */
MUST_CHECK bool link_doc_id_parse(str id, region_id *from, region_id *to);
MUST_CHECK bool link_doc_parse(struct arena *arena, str body, struct link *out);
/* The member "overrides" of an open object; none when the link has none. */
void link_doc_write_overrides(struct arena *arena, struct json_writer *json,
                              const struct link *link);
MUST_CHECK bool link_doc_parse_partition(str body, struct link_partition *out);

#endif
