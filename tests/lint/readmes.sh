#!/bin/sh
# Every folder's README.md names each of its source files; a file that is not listed fails. Exit 1 if there is one.
cd "$(dirname "$0")/../.." || exit 2
bad=0
for folder in base storage routing replication server server/front server/s3 server/control server/auth server/admin cli scenario; do
    [ -d "$folder" ] || continue
    [ -f "$folder/README.md" ] || { echo "readmes: $folder/README.md is missing"; bad=1; continue; }
    for file in "$folder"/*.c "$folder"/*.h "$folder"/*.def; do
        [ -f "$file" ] || continue
        name=$(basename "$file")
        stem=${name%.*}
        grep -qE "(^|[^a-z0-9_])$stem(\.[chdef{},]+|[^a-z0-9_]|\$)" "$folder/README.md" || { echo "readmes: $folder/README.md does not mention $name"; bad=1; }
    done
done
# Nothing that only this or that machine knows.
git ls-files -co --exclude-standard | grep -v '^tests/lint/' | xargs grep -nE '/(work|root|farm)/' 2>/dev/null && { echo "readmes: a path of one machine"; bad=1; }
exit $bad
