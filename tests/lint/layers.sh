#!/bin/sh
# The include rules of ARCHITECTURE.md, as a grep: every project include spells its folder, and arrows go one way.
# Prints each wrong arrow; exit 1 if there is one.
cd "$(dirname "$0")/../.." || exit 2
bad=0
say() { echo "layers: $1"; bad=1; }

# folder, then what it may include beyond itself (prefixes of include paths)
allowed() {
    case $1 in
    base/*) echo "base/" ;;
    storage/*) echo "storage/ base/" ;;
    routing/*) echo "routing/ base/" ;;
    replication/*) echo "replication/ base/ storage/store.h storage/bucket.h storage/version.h storage/queue.h storage/body.h storage/upload.h routing/topology.h" ;;
    server/main.c) echo "server/ cli/ scenario/ replication/ storage/ routing/ base/" ;;
    server/front/*) echo "server/ storage/ routing/ base/" ;;
    server/*) echo "!server/front/ server/ replication/ storage/ routing/ base/" ;;
    cli/*) echo "cli/ base/" ;;
    scenario/*) echo "scenario/ base/ server/ storage/ routing/ replication/ !server/front/" ;;
    tests/*) echo "tests/ base/ storage/ routing/ replication/ server/ cli/ scenario/" ;;
    esac
}
matches() { # include, rules
    ok=1
    for rule in $2; do
        case $rule in
        !*) case $1 in "${rule#!}"*) return 1 ;; esac ;;
        *) case $1 in "$rule"*) ok=0 ;; esac ;;
        esac
    done
    return $ok
}
for file in $(git ls-files -co --exclude-standard '*.c' '*.h' '*.def'); do
    rules=$(allowed "$file")
    [ -n "$rules" ] || continue
    for include in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file"); do
        matches "$include" "$rules" || say "$file may not include \"$include\""
    done
done

# Each outside library is known to one file or one small group.
only() { # header pattern, files allowed (grep -E)
    git ls-files -co --exclude-standard '*.c' '*.h' | xargs grep -lE "^#include <$1" 2>/dev/null | grep -vE "$2" |
        while read -r file; do echo "layers: $file may not include <$1>"; done
}
found=$(
    only 'sqlite3' '^storage/db\.c$|^tests/'
    only 'libxml/' '^server/s3/xml\.c$|^tests/'
    only 'microhttpd' '^server/front/|^tests/'
    only 'gnutls/' '^server/front/|^tests/'
    only 'cjson/' '^base/json\.c$'
    only 'isa-l' '^base/(digest|gunzip)\.c$'
    only '<xxhash' '^base/xxhash\.c$'
    only 'openssl/' '^base/digest\.c$|^server/auth/|^server/front/|^tests/'
)
[ -z "$found" ] || { echo "$found"; bad=1; }

# Words that hide time, chance or unbounded bytes. Only base/ may touch the machine for them.
banned='\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|gmtime|localtime|rand|srand|random|usleep|nanosleep|sleep)\('
git ls-files -co --exclude-standard '*.c' '*.h' | grep -v '^tests/' | xargs grep -nE "$banned" 2>/dev/null | grep -vE '^\S+:\s*(/?\*|//)' &&
    say "a banned call is used (see above)"
git ls-files -co --exclude-standard '*.c' | grep -vE '^(base/clock\.c|tests/)' | xargs grep -nE '\b(clock_gettime|gettimeofday)\(' 2>/dev/null &&
    say "only base/clock.c reads the machine's clock"
exit $bad
