/* openapi: the text of api/openapi.json, which is part of the program. Threads: constant. */
#ifndef ATOLL_SERVER_ADMIN_OPENAPI_H
#define ATOLL_SERVER_ADMIN_OPENAPI_H

#include "base/str.h"

str admin_openapi_text(void);

#endif
