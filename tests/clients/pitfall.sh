#!/bin/bash
# What the article calls "eventual consistency", made exact: a stopped clock, a lag of 15 seconds,
# people in Paris, New York and Singapore. Then the same world on a real clock, with latency.
# usage: tests/clients/pitfall.sh

. "$(dirname "$0")/lib.sh"
export AWS_REGION=us-east-1

echo "# the pitfall, on a stopped clock"
start_server --config "$clients_dir/world.json" --clock manual
wire
counted python3 "$clients_dir/pitfall.py"

echo "# three versions in three Regions, and one key 1,000 times"
start_server --config "$clients_dir/world.json" --clock manual
wire
counted python3 "$clients_dir/versions.py"

echo "# bandwidth"
start_server --config "$clients_dir/world.json" --clock manual
wire
counted python3 "$clients_dir/bandwidth.py"

echo "# simulated latency"
start_server --config "$clients_dir/world.json" --simulate-latency
wire
counted python3 "$clients_dir/latency.py"
finish
