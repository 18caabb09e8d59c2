/* bucket_name: which names a bucket may have (AWS: "General purpose bucket naming rules"). Pure. */
#ifndef ATOLL_SERVER_S3_BUCKET_NAME_H
#define ATOLL_SERVER_S3_BUCKET_NAME_H

#include "base/str.h"

bool bucket_name_is_valid(str name);
/* "PREFIX-ACCOUNT-REGION-an": the form that the account-regional namespace asks for. */
bool bucket_name_is_account_regional(str name, str account, str region);

#endif
