/* replication_xml: ReplicationConfiguration between XML and struct repl_config, as written; the
 * judgement is replication/rules.h's. Ownership: the arena's. Threads: pure. */
#ifndef ATOLL_SERVER_S3_REPLICATION_XML_H
#define ATOLL_SERVER_S3_REPLICATION_XML_H

#include "replication/rules.h"
#include "server/s3/xml.h"

void replication_xml_read(struct arena *arena, const struct xml *document, struct repl_config *out);
/* What GetBucketReplication answers; the document is opened and closed here. */
void replication_xml_write(struct buf *out, const struct repl_config *config);

#endif
