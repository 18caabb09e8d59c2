/* ICU's data, left out: what libxml2 would ask ICU for are encodings that atoll never lets it meet,
 * for it reads all XML as UTF-8. A table of contents without entries, as ICU's own source/stubdata
 * has it; so it says "no such converter". */
#include <stdint.h>

struct icu_data {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size;
    uint16_t reserved;
    uint8_t big_endian, ebcdic, char_size, reserved_byte;
    uint8_t format[4], format_version[4], data_version[4];
    uint8_t padding[8];
    uint32_t entries, reserved_entries;
    uint32_t nothing[4];
};

extern const struct icu_data ICU_DATA;
const struct icu_data ICU_DATA __attribute__((aligned(16))) = {
    .header_size = 32,
    .magic = { 0xda, 0x27 },
    .info_size = 20,
    .big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
    .char_size = 2,
    .format = { 'C', 'm', 'n', 'D' },
    .format_version = { 1 },
};
_Static_assert(sizeof(struct icu_data) == 56, "a header of 32 bytes and an empty table");
