#!/bin/sh
# Every header compiles alone, so that include order never matters. usage: headers.sh CC FLAGS...
cd "$(dirname "$0")/../.." || exit 2
bad=0
for header in $(git ls-files -co --exclude-standard 'base/*.h' 'storage/*.h' 'routing/*.h' 'replication/*.h' 'server/*.h' 'cli/*.h' 'scenario/*.h'); do
    printf '#include "%s"\nextern int lint_header;\n' "$header" | "$@" -fsyntax-only -x c - ||
        { echo "headers: $header does not compile alone"; bad=1; }
done
exit $bad
