/* The document is put into the program by the assembler, so that it is written once and as JSON. */
#include "server/admin/openapi.h"

__asm__(".section .rodata\n"
        ".globl atoll_openapi_begin\n"
        "atoll_openapi_begin:\n"
        ".incbin \"api/openapi.json\"\n"
        ".globl atoll_openapi_end\n"
        "atoll_openapi_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char atoll_openapi_begin[], atoll_openapi_end[];

str admin_openapi_text(void)
{
    return str_from(atoll_openapi_begin, (size_t) (atoll_openapi_end - atoll_openapi_begin));
}
