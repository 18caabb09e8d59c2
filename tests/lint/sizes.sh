#!/bin/sh
# A file over 600 lines or a function over 70 is a sign that an idea wants its own place. Exit 1 if there is one.
cd "$(dirname "$0")/../.." || exit 2
bad=0
for file in $(git ls-files -co --exclude-standard '*.c' '*.h'); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || { echo "sizes: $file has $lines lines (limit 600)"; bad=1; }
done
# clang-format's layout: a function's body opens with '{' in column 1 and closes with '}' in column 1.
# Rows of tables are not counted, and tables fenced by "clang-format off" may be wide.
git ls-files -co --exclude-standard '*.c' | xargs awk '
    FNR == 1 { start = 0; free = 0 }
    /clang-format off/ { free = 1 }
    /clang-format on/ { free = 0 }
    /^\{/ { start = FNR; rows = 0 }
    /^[ \t]+\{ .*\},?$/ || (free && start) { rows++ }
    /^\}/ { if (start && FNR - start - 1 - rows > 70) { print "sizes: " FILENAME ":" start ": a function of " FNR - start - 1 - rows " lines (limit 70)"; bad = 1 } start = 0 }
    length($0) > 100 && !free { print "sizes: " FILENAME ":" FNR ": line of " length($0) " columns (limit 100)"; bad = 1 }
    END { exit bad }' || bad=1
exit $bad
