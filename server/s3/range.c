/* Byte ranges, with S3's leniency: what it cannot read it ignores (recorded answers). */
#include "server/s3/range.h"

static bool spec_of(str header, str *from, str *to)
{
    str unit, spec;
    if (!str_cut(header, '=', &unit, &spec) || !str_eq_nocase(str_trim(unit), STR("bytes")))
        return false;
    spec = str_trim(spec);
    /* Several ranges: "Amazon S3 doesn't support retrieving multiple ranges of data per GET". */
    if (str_find_char(spec, ',') < spec.size)
        return false;
    if (!str_cut(spec, '-', from, to))
        return false;
    *from = str_trim(*from);
    *to = str_trim(*to);
    return true;
}

enum range_result range_parse(str header, uint64_t size_bytes, struct range *out)
{
    str from, to;
    uint64_t first, last = UINT64_MAX;
    if (header.size == 0 || !spec_of(header, &from, &to))
        return RANGE_WHOLE;
    if (from.size == 0) { /* the last n bytes */
        if (!str_to_u64(to, &last))
            return RANGE_WHOLE;
        if (last == 0 || size_bytes == 0)
            return RANGE_UNSATISFIABLE;
        *out = (struct range){ last < size_bytes ? size_bytes - last : 0, size_bytes - 1 };
        return RANGE_SOME;
    }
    if (!str_to_u64(from, &first) || (to.size > 0 && !str_to_u64(to, &last)) || first > last)
        return RANGE_WHOLE;
    if (first >= size_bytes)
        return RANGE_UNSATISFIABLE;
    *out = (struct range){ first, last < size_bytes ? last : size_bytes - 1 };
    return RANGE_SOME;
}

bool range_parse_copy(str header, struct range *out)
{
    str from, to;
    return str_starts(header, STR("bytes=")) && str_cut(str_skip(header, 6), '-', &from, &to) &&
           str_to_u64(from, &out->first) && str_to_u64(to, &out->last) && out->first <= out->last;
}
