#!/bin/sh
# A file over 600 lines or a function over 70 is a sign that an idea wants its own place. Exit 1 if there is one.
cd "$(dirname "$0")/../.." || exit 2
bad=0
for file in $(git ls-files -co --exclude-standard '*.c' '*.h'); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || { echo "sizes: $file has $lines lines (limit 600)"; bad=1; }
done
# clang-format's layout: a function's body opens with '{' in column 1 and closes with '}' in column 1.
git ls-files -co --exclude-standard '*.c' | xargs awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start - 1 > 70) { print "sizes: " FILENAME ":" start ": a function of " FNR - start - 1 " lines (limit 70)"; bad = 1 } start = 0 }
    length($0) > 100 && FILENAME !~ /\.def$/ { print "sizes: " FILENAME ":" FNR ": line of " length($0) " columns (limit 100)"; bad = 1 }
    END { exit bad }' || bad=1
exit $bad
