/* log: one line per event on stderr, text or JSON; never a secret, never an Authorization header.
 *
 * Threads: any; one write(2) per line. Configured once by main before threads start.
 */
#ifndef ATOLL_BASE_LOG_H
#define ATOLL_BASE_LOG_H

#include "base/time.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

void log_configure(enum log_level level, enum log_format format);
bool log_enabled(enum log_level level);
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* A line made elsewhere, text or a whole JSON object by the configured format; a newline is added.
 */
void log_raw(enum log_level level, str line);
enum log_format log_format_get(void);
MUST_CHECK bool log_level_parse(str name, enum log_level *out);

#endif
