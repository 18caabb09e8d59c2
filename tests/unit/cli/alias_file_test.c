/* The AWS CLI's alias file: our line comes and goes, all else stays byte for byte. */
#include "tests/unit/test.h"

#include "cli/alias_file.h"

#define LINE "describe-multi-region-access-point = get-multi-region-access-point\n"
#define MARK "# made by atoll cli-alias\n"
#define SECTION MARK "[command s3control]\n"

struct row {
    int line;
    const char *before, *after;
    enum alias_edit edit;
};
typedef enum alias_edit edit_fn(struct arena *arena, str text, str *out);

static void check(const struct row *rows, size_t count, edit_fn *edit)
{
    struct arena *arena = arena_new();
    for (size_t i = 0; i < count; i++) {
        str out;
        enum alias_edit got = edit(arena, str_of(rows[i].before), &out);
        if (got != rows[i].edit || !str_is(out, rows[i].after))
            fail_msg("line %d: %d and \"%.*s\"", rows[i].line, got, STR_ARG(out));
    }
    arena_free(arena);
}

TEST(installing_adds_one_line_under_the_section)
{
    static const struct row rows[] = {
        { __LINE__, "", SECTION LINE, ALIAS_CHANGED },
        { __LINE__, "[toplevel]\nwho = sts x\n", "[toplevel]\nwho = sts x\n" SECTION LINE,
          ALIAS_CHANGED },
        { __LINE__, "[toplevel]\nwho = x", "[toplevel]\nwho = x\n" SECTION LINE, ALIAS_CHANGED },
        { __LINE__, "[command s3control]\nls = list-jobs\n",
          "[command s3control]\n" LINE "ls = list-jobs\n", ALIAS_CHANGED },
        { __LINE__, "[command s3control]", "[command s3control]\n" LINE, ALIAS_CHANGED },
        { __LINE__, "[command   s3control ]\n[toplevel]\n",
          "[command   s3control ]\n" LINE "[toplevel]\n", ALIAS_CHANGED },
        { __LINE__, "[command s3controller]\na = b\n",
          "[command s3controller]\na = b\n" SECTION LINE, ALIAS_CHANGED },
        { __LINE__, "; [command s3control]\n", "; [command s3control]\n" SECTION LINE,
          ALIAS_CHANGED },
        { __LINE__, "[command s3control]\n# " LINE, "[command s3control]\n" LINE "# " LINE,
          ALIAS_CHANGED },
        { __LINE__, "[toplevel]\r\na = b\r\n",
          "[toplevel]\r\na = b\r\n# made by atoll cli-alias\r\n[command s3control]\r\n"
          "describe-multi-region-access-point = get-multi-region-access-point\r\n",
          ALIAS_CHANGED },
    };
    check(rows, COUNT(rows), alias_file_install);
}

TEST(installing_twice_or_over_the_users_own_changes_nothing)
{
    static const struct row rows[] = {
        { __LINE__, SECTION LINE, SECTION LINE, ALIAS_UNCHANGED },
        { __LINE__,
          "[command s3control]\nDescribe-Multi-Region-Access-Point:get-multi-region-access-point",
          "[command s3control]\nDescribe-Multi-Region-Access-Point:get-multi-region-access-point",
          ALIAS_UNCHANGED },
        { __LINE__, "[command s3control]\ndescribe-multi-region-access-point = !mine\n",
          "[command s3control]\ndescribe-multi-region-access-point = !mine\n", ALIAS_TAKEN },
        { __LINE__, "[command s3control]\n" LINE "  --name orders\n",
          "[command s3control]\n" LINE "  --name orders\n", ALIAS_TAKEN },
    };
    check(rows, COUNT(rows), alias_file_install);
}

TEST(removing_takes_the_line_and_only_a_section_that_we_made)
{
    static const struct row rows[] = {
        { __LINE__, "", "", ALIAS_UNCHANGED },
        { __LINE__, SECTION LINE, "", ALIAS_CHANGED },
        { __LINE__, "[toplevel]\na = b\n" SECTION LINE, "[toplevel]\na = b\n", ALIAS_CHANGED },
        { __LINE__, SECTION LINE "[toplevel]\na = b\n", "[toplevel]\na = b\n", ALIAS_CHANGED },
        { __LINE__, SECTION LINE "ls = list-jobs\n", SECTION "ls = list-jobs\n", ALIAS_CHANGED },
        { __LINE__, "[command s3control]\n" LINE, "[command s3control]\n", ALIAS_CHANGED },
        { __LINE__, "[command s3control]\na = b\n" LINE "c = d\n",
          "[command s3control]\na = b\nc = d\n", ALIAS_CHANGED },
        { __LINE__, "[command s3control]\ndescribe-multi-region-access-point = !mine\n",
          "[command s3control]\ndescribe-multi-region-access-point = !mine\n", ALIAS_UNCHANGED },
        { __LINE__, "[toplevel]\n" LINE, "[toplevel]\n" LINE, ALIAS_UNCHANGED },
    };
    check(rows, COUNT(rows), alias_file_remove);
}

TEST(removing_undoes_installing)
{
    static const char *const texts[] = {
        "",
        "[toplevel]\na = b\n",
        "[command s3control]\nls = list-jobs\n",
        "[command s3control]\n\n[toplevel]\n",
        "# only a comment\n\n\n",
        "[toplevel]\r\na = b\r\n",
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(texts); i++) {
        str installed, removed;
        assert_int_equal(alias_file_install(arena, str_of(texts[i]), &installed), ALIAS_CHANGED);
        assert_int_equal(alias_file_remove(arena, installed, &removed), ALIAS_CHANGED);
        assert_str(removed, texts[i]);
    }
    arena_free(arena);
}
