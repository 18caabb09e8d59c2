#!/bin/bash
# The clients that are not in Debian: the AWS SDKs for JavaScript (npm) and Go (its module proxy), a
# current boto3 (PyPI). What is not there yet is installed, into the folders beside this file; where
# that fails a line says that the client was skipped.
# usage: tests/clients/sdk.sh

. "$(dirname "$0")/lib.sh"
export AWS_REGION=us-east-1
arns=("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
    "arn:aws:s3::123456789012:accesspoint/my-global-access-point.mrap")

# Package managers have their settings and caches at home, and are run before the shell is wired.
at_home() {
    HOME="$user_home" "$@" >install.out 2>&1
}

skip() {
    echo "skip  $1: $(grep -v '^$' install.out | tail -n 1)"
}

have_node() {
    at_home npm ls --prefix "$clients_dir/node" ||
        at_home npm install --prefix "$clients_dir/node" --no-audit --no-fund
}

have_go() {
    local go
    go=$(command -v go || echo /usr/local/go/bin/go)
    at_home "$go" build -C "$clients_dir/go" -o "$work/go-client" .
}

python="$clients_dir/pypi/venv/bin/python"
have_boto3() {
    [ -x "$python" ] && at_home "$python" -m pip --quiet install -r "$clients_dir/pypi/requirements.txt" &&
        return
    at_home python3 -m venv "$clients_dir/pypi/venv" &&
        at_home "$python" -m pip install --quiet -r "$clients_dir/pypi/requirements.txt"
}

# with NAME HAVE COMMAND...: the command against a server of its own that verifies signatures.
with() {
    local name=$1 have=$2
    shift 2
    if ! "$have"; then
        skip "$name"
        return
    fi
    echo "# $name"
    start_server --config "$clients_dir/world.json" --clock manual --auth strict
    (wire alice && counted "$@" && echo "$passed $failed" >sums)
    read -r passed failed <sums
}

by_arn() { # NAME HAVE COMMAND...: the command once for each way to name the access point
    local name=$1 have=$2 arn
    shift 2
    for arn in "${arns[@]}"; do
        with "$name, $arn" "$have" "$@" "$arn"
    done
}

head -c 300000 /dev/urandom >logo.png
by_arn "Node" have_node node --no-warnings "$clients_dir/node/article.cjs" logo.png
with "Buckets by Node" have_node node --no-warnings "$clients_dir/node/buckets.cjs"
by_arn "Go" have_go "$work/go-client" logo.png
by_arn "boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_boto3.py" logo.png
by_arn "CloudWatch by boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_cloudwatch.py" logo.png
with "Buckets by boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_buckets.py"
with "S3 Control by boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_control.py"
finish "none is fine"
