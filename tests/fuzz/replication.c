/* Replication configurations: what is valid survives packing. */
#include "tests/fuzz/fuzz.h"

#include "replication/rules.h"
#include "server/s3/replication_xml.h"
#include "server/s3/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct repl_config config, again;
    struct repl_problem problem = { .message = STR_NONE };
    struct repl_context context = { .source_bucket = STR("source"), .strict = size % 2 };
    const struct xml *root = xml_parse(arena, str_from(bytes, size));
    if (root) {
        replication_xml_read(arena, root, &config);
        if (repl_config_validate(arena, &config, &context, &problem)) {
            str packed = repl_config_pack(arena, &config);
            BUG_UNLESS(repl_config_unpack(arena, packed, &again));
            BUG_UNLESS(again.rule_count == config.rule_count);
            BUG_UNLESS(str_eq(packed, repl_config_pack(arena, &again)));
        }
    }
    (void) !repl_config_unpack(arena, str_from(bytes, size), &again);
    arena_free(arena);
    return 0;
}
