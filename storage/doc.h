/* doc: the documents that a write carries, applied inside its transaction. For the storage folder
 * only. */
#ifndef ATOLL_STORAGE_DOC_H
#define ATOLL_STORAGE_DOC_H

#include "storage/txn.h"

/* False when one that must be new (if_absent) is there already, or is not what it `was`. */
bool doc_may_apply(struct store_txn *txn, const struct store_doc *docs, size_t count);
void doc_apply(struct store_txn *txn, const struct store_doc *docs, size_t count);

#endif
