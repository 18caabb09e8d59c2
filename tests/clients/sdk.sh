#!/bin/bash
# The optional clients: the AWS SDKs for JavaScript and Go. Each is skipped, with a line that says
# so, where it is not installed: `npm install` in node/, `go mod download` in go/ do that.
# usage: tests/clients/sdk.sh

. "$(dirname "$0")/lib.sh"
export AWS_REGION=us-east-1 GOFLAGS=-mod=readonly
go=$(command -v go || echo /usr/local/go/bin/go)
# HOME is a temporary one here, so Go's caches are named.
export GOPATH=${GOPATH:-$user_home/go} GOCACHE=${GOCACHE:-$user_home/.cache/go-build}
arn="arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"

head -c 300000 /dev/urandom >logo.png
if (cd "$clients_dir/go" && GOPROXY=off "$go" build -o "$work/go-client" .) 2>go.err; then
    have_go=yes
fi
start_server --config "$clients_dir/world.json" --clock manual
wire alice

if [ -d "$clients_dir/node/node_modules/@aws-sdk/client-s3" ]; then
    echo "# Node $(node --version)"
    counted node "$clients_dir/node/article.cjs" "$arn" my-global-access-point logo.png
else
    echo "skip  Node: npm install in tests/clients/node first"
fi
if [ -n "${have_go:-}" ]; then
    echo "# $("$go" version)"
    counted "$work/go-client" "$arn" my-global-access-point logo.png
else
    echo "skip  Go: $(head -n 1 go.err)"
fi
finish "none is fine"
