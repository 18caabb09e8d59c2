/* CRC-64/NVME, S3's default object checksum. Private to base/: others use base/digest.h.
 *
 * Threads: any. Errors: none. The running value is the finished CRC of what came before (0 at the
 * start), as with zlib's crc32().
 */
#ifndef ATOLL_BASE_CRC64NVME_H
#define ATOLL_BASE_CRC64NVME_H

#include <stddef.h>
#include <stdint.h>

/* x^64 left out, bits reversed (NVM Express NVM Command Set Specification, 5.2.1.3.4). */
#define CRC64NVME_POLYNOMIAL UINT64_C(0x9a6c9329ac4bc9b5)

uint64_t crc64nvme_update(uint64_t crc, const void *bytes, size_t size_bytes);
/* The same without special instructions: for other machines, and to test the fast path against. */
uint64_t crc64nvme_update_portable(uint64_t crc, const void *bytes, size_t size_bytes);

#endif
