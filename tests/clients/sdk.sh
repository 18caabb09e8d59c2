#!/bin/bash
# The clients that are not in Debian: the AWS SDKs for JavaScript (npm), Go (its module proxy), Java
# (Maven Central) and Rust (Cargo's registry), a current boto3 (PyPI). What is not there yet is
# installed and built in ~/.cache/atoll-clients, or where $ATOLL_CLIENTS_CACHE says; where that fails a
# line says that the client was skipped.
# usage: tests/clients/sdk.sh [NAME...]    node, go, java, rust, boto3: only these

. "$(dirname "$0")/lib.sh"
export AWS_REGION=us-east-1
cache=${ATOLL_CLIENTS_CACHE:-$user_home/.cache/atoll-clients}
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
    mkdir -p "$cache/node" && cp "$clients_dir/node/package.json" "$cache/node" &&
        { at_home npm ls --prefix "$cache/node" || at_home npm install --prefix "$cache/node" --no-audit --no-fund; }
}

have_go() {
    local go
    go=$(command -v go || echo /usr/local/go/bin/go)
    at_home "$go" build -C "$clients_dir/go" -o "$cache/go-client" .
}

# The repository of Maven is its own cache; a build in the tree would leave a folder there.
have_java() {
    at_home mvn -q -B -f "$clients_dir/java/pom.xml" -Dcache="$cache/java" compile \
        dependency:copy-dependencies -DoutputDirectory="$cache/java/lib"
}

# Minutes when it is the first time.
have_rust() {
    local cargo
    cargo=$(command -v cargo || echo "$user_home/.cargo/bin/cargo")
    mkdir -p "$cache/rust" && cp -R --update "$clients_dir/rust/." "$cache/rust" &&
        at_home env -u CARGO_TARGET_DIR "$cargo" build --quiet --manifest-path "$cache/rust/Cargo.toml"
}

python="$cache/pypi/bin/python"
have_boto3() {
    [ -x "$python" ] && at_home "$python" -m pip --quiet install -r "$clients_dir/pypi/requirements.txt" &&
        return
    at_home python3 -m venv "$cache/pypi" &&
        at_home "$python" -m pip install --quiet -r "$clients_dir/pypi/requirements.txt"
}

node() {
    NODE_PATH="$cache/node/node_modules" command node --no-warnings "$@"
}

# A JVM has a trust store of its own, and asks for the proxy of HTTP even when it speaks HTTPS.
java() {
    local store="$work/trust.p12"
    [ -e "$store" ] || keytool -importcert -noprompt -alias atoll -file "$AWS_CA_BUNDLE" \
        -keystore "$store" -storepass changeit 2>keytool.out
    HTTP_PROXY=$HTTPS_PROXY command java -Djavax.net.ssl.trustStore="$store" \
        -Djavax.net.ssl.trustStorePassword=changeit -cp "$cache/java/classes:$cache/java/lib/*" "$@"
}

rust() {
    SSL_CERT_FILE=$AWS_CA_BUNDLE "$cache/rust/target/debug/client-test" "$@"
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

# In the folder whose modules it needs: imports look nowhere else.
node_example() {
    mkdir -p "$cache/node/example" && cp "$clients_dir/../../examples/node/"*.js* "$cache/node/example" &&
        cd "$cache/node/example" || return
    runs "examples/node: npm test" "$atoll" run --demo --clock manual --ca-dir "$work/ca" -- npm test
    cd "$work" || exit 2
}

node_tests() {
    by_arn "Node" have_node node "$clients_dir/node/article.cjs" logo.png
    with "Buckets by Node" have_node node "$clients_dir/node/buckets.cjs"
    node_example
}

go_tests() {
    by_arn "Go" have_go "$cache/go-client" logo.png
}

java_tests() {
    by_arn "Java" have_java java Main logo.png
}

rust_tests() {
    by_arn "Rust" have_rust rust logo.png
}

boto3_tests() {
    by_arn "boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_boto3.py" logo.png
    by_arn "CloudWatch by boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_cloudwatch.py" logo.png
    with "Buckets by boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_buckets.py"
    with "S3 Control by boto3 of PyPI" have_boto3 "$python" "$clients_dir/pypi/newer_control.py"
}

head -c 300000 /dev/urandom >logo.png
[ $# -gt 0 ] || set -- node go java rust boto3
for client in "$@"; do
    "${client}_tests"
done
finish "none is fine"
