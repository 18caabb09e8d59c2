#!/bin/bash
# The article's monitoring section with the AWS CLI: requests and replication as CloudWatch shows
# them, on a stopped clock with a lag of 15 seconds.
# usage: tests/clients/cloudwatch.sh

. "$(dirname "$0")/lib.sh"
export AWS_REGION=us-east-1

start_server --config "$clients_dir/world.json" --clock manual --clock-start 2026-01-02T03:04:00Z
wire
counted python3 "$clients_dir/cloudwatch.py"
finish
