# What the client tests share: a server of their own, checks that are counted, a tidy end.
# Sourced by bash scripts; needs build/atoll, or the program that $ATOLL names.
#
# Debian's awscli and boto3 are what is tested (the only ones here with awscrt, so with SigV4A):
# /usr/bin goes first in PATH. HOME is a temporary folder: nobody's ~/.aws is read or written.

clients_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
atoll=$(readlink -f "${ATOLL:-$clients_dir/../../build/atoll}")
work=$(mktemp -d "${TMPDIR:-/tmp}/atoll-clients-XXXXXX")
export ATOLL=$atoll
passed=0 failed=0
server_pid=
# shellcheck disable=SC2034 # for scripts that need the person's own home
user_home=$HOME
export PATH="/usr/bin:/bin:$PATH"
export HOME="$work/home" TMPDIR="$work/tmp" AWS_PAGER='' LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
unset XDG_DATA_HOME XDG_CONFIG_HOME ATOLL_SERVER ${!ATOLL_@} AWS_CONFIG_FILE \
    AWS_SHARED_CREDENTIALS_FILE ALL_PROXY all_proxy HTTP_PROXY http_proxy
mkdir -p "$HOME" "$TMPDIR"
cd "$work" || exit 2

stop_server() {
    [ -n "$server_pid" ] || return 0
    kill -TERM "$server_pid" 2>"$work/kill.err"
    wait "$server_pid"
    is "the server ends with 0 when asked to" $? 0
    server_pid=
}

clean_up() {
    stop_server
    cd / && rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# start_server FLAGS...: a server on a free port, ready when this returns; ATOLL_SERVER names it.
start_server() {
    stop_server
    mkfifo "$work/ready"
    "$atoll" serve --listen 127.0.0.1:0 --port-file "$work/port" --ready-fd 8 --seed 7 \
        --ca-dir "$work/ca" "$@" 8>"$work/ready" 2>"$work/server.log" &
    server_pid=$!
    # Blocks until the server writes its line, or until it ends and so closes the pipe.
    if ! read -r _ <"$work/ready"; then
        echo "FAIL  the server did not start: atoll serve $*" >&2
        cat "$work/server.log" >&2
        exit 1
    fi
    rm "$work/ready"
    ATOLL_SERVER="http://127.0.0.1:$(cat "$work/port")"
    export ATOLL_SERVER ATOLL_CA_DIR="$work/ca"
}

# wire [CLIENT]: the environment of `atoll env`, for this shell and what it starts.
wire() {
    eval "$("$atoll" env ${1:+--as "$1"})"
}

ok() {
    passed=$((passed + 1))
    printf 'ok    %s\n' "$1"
}

not_ok() {
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/        /' | head -n 20
}

# is WHAT GOT WANT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got   $2" "want  $3"; fi
}

# has WHAT TEXT PART
has() {
    case $2 in
    *"$3"*) ok "$1" ;;
    *) not_ok "$1" "got   $2" "want  ...$3..." ;;
    esac
}

# runs WHAT COMMAND...: all of it succeeds (a function runs under set -e). Its output is in $out.
runs() {
    local what=$1 code
    shift
    out=$(set -e; "$@" 2>&1)
    code=$?
    if [ $code -eq 0 ]; then ok "$what"; else not_ok "$what" "$* ended with $code" "$out"; fi
}

# refused WHAT WORDS COMMAND...: it fails, and says WORDS.
refused() {
    local what=$1 words=$2
    shift 2
    if out=$("$@" 2>&1); then
        not_ok "$what" "$* was accepted" "$out"
    else
        has "$what" "$out" "$words"
    fi
}

# counted COMMAND...: a program that prints its own checks, and "N passed, N failed" last.
counted() {
    local code p f
    "$@" >"$work/counted" 2>&1
    code=$?
    p=$(grep -c '^ok ' "$work/counted") f=$(grep -c '^FAIL ' "$work/counted")
    passed=$((passed + p)) failed=$((failed + f))
    if [ "$(tail -n 1 "$work/counted")" != "$p passed, $f failed" ]; then
        cat "$work/counted"
        not_ok "$* came to its end" "it ended with $code"
        return
    fi
    sed '$d' "$work/counted"
    if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then
        not_ok "$* ended with 0" "it ended with $code"
    fi
}

# marks_of API: x-atoll-nonstandard of the newest request with that operation, from the journal.
marks_of() {
    curl -fsS --noproxy '*' "$ATOLL_SERVER/_atoll/v1/requests?limit=1000" |
        python3 "$clients_dir/journal.py" "$1"
}

# finish: the sum, and the exit code: 0 when all passed. With "none is fine" also when nothing ran.
finish() {
    stop_server
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && { [ "$passed" -gt 0 ] || [ "${1:-}" = "none is fine" ]; }
    exit $?
}
