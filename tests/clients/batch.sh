#!/bin/bash
# S3 Batch Replication with the AWS CLI and boto3, on a stopped clock with a lag of 15 seconds; and
# what replication tells the targets of notifications. The server is killed and started again in mid-job.
# usage: tests/clients/batch.sh

. "$(dirname "$0")/lib.sh"
export AWS_REGION=us-east-1

serve() {
    start_server --clock manual --clock-start 2026-01-02T03:04:00Z --data "$work/data" \
        --lag 'fixed(15s)'
    wire
}

serve
counted python3 "$clients_dir/batch.py" before
kill -KILL "$server_pid"
wait "$server_pid" 2>"$work/kill.err"
server_pid=
serve
counted python3 "$clients_dir/batch.py" after
counted python3 "$clients_dir/jobs.py"
finish
