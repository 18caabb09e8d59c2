#!/bin/bash
# The examples for readers, run as they are printed: pytest with Debian's boto3.
# usage: tests/clients/examples.sh

. "$(dirname "$0")/lib.sh"

cp -r "$clients_dir/../../examples/python" .
runs "examples/python: pytest" /usr/bin/python3 -m pytest -q -p no:cacheprovider python
has "examples/python: every test passed" "$out" "3 passed"
finish
