#!/bin/sh
# Every header compiles alone, so that include order never matters. usage: headers.sh CC FLAGS...
cd "$(dirname "$0")/../.." || exit 2
bad=0
for header in $(git ls-files -co --exclude-standard 'base/*.h' 'storage/*.h' 'routing/*.h' 'replication/*.h' 'server/*.h' 'cli/*.h' 'scenario/*.h'); do
    "$@" -fsyntax-only -Wno-unused-macros -x c "$header" || { echo "headers: $header does not compile alone"; bad=1; }
done
exit $bad
