#!/bin/bash
# Tools that people point at S3: rclone, restic and s3cmd of Debian, where they are installed. A small
# tree goes up and comes back the same; the server verifies signatures.
# usage: tests/clients/tools.sh

. "$(dirname "$0")/lib.sh"

# with TOOL COMMAND: the checks, against a server and a bucket of their own.
with() {
    if ! command -v "$1" >which.out; then
        echo "skip  $1: not installed"
        return
    fi
    echo "# $1"
    start_server --config "$clients_dir/world.json" --clock manual --auth strict
    (wire alice && aws --endpoint-url "$ATOLL_SERVER" s3 mb s3://tools >made.out && "$2" &&
        echo "$passed $failed" >sums)
    read -r passed failed <sums
}

# Up in parts and down again, by endpoint and through the proxy. Its default ACL, private, is one that
# AWS refuses where ACLs are off; this rclone cannot read AWS_CA_BUNDLE.
rclone_checks() {
    local where remote ca=$AWS_CA_BUNDLE
    local rclone=(rclone --config rclone.conf --ca-cert "$ca" --retries 1 --s3-upload-cutoff 6M --s3-chunk-size 5M)
    unset AWS_CA_BUNDLE
    : >rclone.conf
    export RCLONE_S3_ENV_AUTH=true RCLONE_S3_REGION=us-east-1 RCLONE_S3_ACL=bucket-owner-full-control
    for where in "endpoint" "proxy"; do
        remote=":s3,provider=AWS:tools/tree"
        [ "$where" = proxy ] || remote=":s3,provider=Other,endpoint='$ATOLL_SERVER':tools/tree"
        runs "rclone, $where: up" "${rclone[@]}" sync tree "$remote"
        runs "rclone, $where: and compared" "${rclone[@]}" check --download tree "$remote"
        runs "rclone, $where: deleted" "${rclone[@]}" purge "$remote"
    done
}

restic_checks() {
    export RESTIC_PASSWORD=secret RESTIC_REPOSITORY="s3:$ATOLL_SERVER/tools/restic"
    runs "restic: a repository" restic init
    runs "restic: a backup" restic backup tree
    runs "restic: all of it read" restic check --read-data
    runs "restic: restored" restic restore latest --target restored
    runs "restic: the same" diff -r tree restored/tree
    runs "restic: pruned" restic forget --keep-last 1 --prune
}

s3cmd_checks() {
    local host=${ATOLL_SERVER#http://}
    local s3cmd=(s3cmd -c s3cfg --no-ssl --host="$host" --host-bucket="$host" --access_key=alice --secret_key=alice)
    : >s3cfg
    runs "s3cmd: up, in parts" "${s3cmd[@]}" put -r --multipart-chunk-size-mb=5 tree s3://tools/
    runs "s3cmd: down" "${s3cmd[@]}" sync s3://tools/tree/ back/
    runs "s3cmd: the same" diff -r tree back
    runs "s3cmd: what is known of a key" "${s3cmd[@]}" info s3://tools/tree/big
    runs "s3cmd: deleted" "${s3cmd[@]}" del -r -f s3://tools/tree/
}

mkdir -p tree/sub && head -c 12000000 /dev/urandom >tree/big && echo x >"tree/sub/a b+ü"
with rclone rclone_checks
with restic restic_checks
with s3cmd s3cmd_checks
finish "none is fine"
