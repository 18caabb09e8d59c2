#!/bin/bash
# The article "How to Use S3 Multi-Region Access Points for Global Applications", command by command
# as it is printed, with the AWS CLI and boto3 as they come: only `eval "$(atoll env)"` was added.
# usage: tests/clients/article.sh

. "$(dirname "$0")/lib.sh"

# --- the article's commands; those of one step run under `set -e` ---

step_1() {
    aws s3api create-bucket \
        --bucket my-app-data-us-east-1 \
        --region us-east-1

    aws s3api create-bucket \
        --bucket my-app-data-eu-west-1 \
        --region eu-west-1 \
        --create-bucket-configuration LocationConstraint=eu-west-1

    aws s3api create-bucket \
        --bucket my-app-data-ap-southeast-1 \
        --region ap-southeast-1 \
        --create-bucket-configuration LocationConstraint=ap-southeast-1
}

step_2() {
    for BUCKET in my-app-data-us-east-1 my-app-data-eu-west-1 my-app-data-ap-southeast-1; do
        aws s3api put-bucket-versioning \
            --bucket $BUCKET \
            --versioning-configuration Status=Enabled
    done
}

step_3() {
    aws s3control create-multi-region-access-point \
        --account-id 123456789012 \
        --details '{
    "Name": "my-global-access-point",
    "Regions": [
      {"Bucket": "my-app-data-us-east-1"},
      {"Bucket": "my-app-data-eu-west-1"},
      {"Bucket": "my-app-data-ap-southeast-1"}
    ]
  }'
}

step_3_status() {
    aws s3control describe-multi-region-access-point \
        --account-id 123456789012 \
        --name my-global-access-point
}

step_4() {
    aws s3api put-bucket-replication \
        --bucket my-app-data-us-east-1 \
        --replication-configuration file://replication-config.json
}

step_6() {
    aws s3control submit-multi-region-access-point-routes \
        --account-id 123456789012 \
        --mrap "arn:aws:s3::123456789012:accesspoint/my-global-access-point.mrap" \
        --route-updates '[
    {
      "Bucket": "my-app-data-us-east-1",
      "Region": "us-east-1",
      "TrafficDialPercentage": 70
    },
    {
      "Bucket": "my-app-data-eu-west-1",
      "Region": "eu-west-1",
      "TrafficDialPercentage": 30
    }
  ]'
}

# --- what is expected of them ---

arn="arn:aws:s3::123456789012:accesspoint/my-global-access-point.mrap"

mrap_query() { # COMMAND QUERY
    aws s3control "$1" --account-id 123456789012 --output text --query "$2" "${@:3}"
}

check_environment() {
    (
        export AWS_DEFAULT_REGION=eu-west-1 AWS_PROFILE=mine AWS_SESSION_TOKEN=real \
            AWS_ENDPOINT_URL=http://x AWS_ENDPOINT_URL_S3=http://x \
            AWS_ENDPOINT_URL_DYNAMODB=http://x AWS_USE_FIPS_ENDPOINT=true \
            AWS_USE_DUALSTACK_ENDPOINT=true AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS=true
        unset AWS_REGION
        wire
        env
    ) >env.out
    has "env keeps the Region that is set" "$(cat env.out)" "AWS_REGION=eu-west-1"
    has "env exports both names of the Region" "$(cat env.out)" "AWS_DEFAULT_REGION=eu-west-1"
    has "env says to ignore endpoints of config files" "$(cat env.out)" \
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"
    local lead_past='ENDPOINT_URL.*|PROFILE|SESSION_TOKEN|USE_(FIPS|DUALSTACK)_ENDPOINT'
    lead_past="^AWS_($lead_past|S3_DISABLE_MULTIREGION_ACCESS_POINTS)="
    is "env unsets what would lead past atoll" "$(grep -E "$lead_past" env.out)" ""
    local name value
    for name in AWS_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS; do
        value=$(sed -n "s/^$name=//p" env.out)
        is "env sets $name to the CA" "$(head -n 1 "$value")" "-----BEGIN CERTIFICATE-----"
    done
}

# Without waiting: every answer is asked for again at once, at most 40 times.
operation_ends() {
    local tries=0 status=
    while [ $tries -lt 40 ]; do
        status=$(mrap_query describe-multi-region-access-point-operation \
            AsyncOperation.RequestStatus --request-token-arn "$1") || break
        case $status in SUCCEEDED | FAILED | PARTIALLY_COMPLETED) break ;; esac
        tries=$((tries + 1))
    done
    echo "$status"
}

check_access_point() {
    runs "step 3 from $AWS_REGION: create-multi-region-access-point, as printed" step_3
    local token mark=
    # AWS answers 301 outside us-west-2, so there the article's command needs a helping hand.
    [ "$AWS_REGION" = us-west-2 ] || mark=control-region
    is "step 3: what AWS would refuse is marked" "$(marks_of CreateMultiRegionAccessPoint)" "$mark"
    token=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["RequestTokenARN"])' <<<"$out")
    is "step 3: the operation ends" "$(operation_ends "$token")" SUCCEEDED
    is "step 3: get- says READY" "$(mrap_query get-multi-region-access-point AccessPoint.Status \
        --name my-global-access-point)" READY
    is "step 3: list- has it" "$(mrap_query list-multi-region-access-points \
        'AccessPoints[].Name')" my-global-access-point
    alias=$(mrap_query get-multi-region-access-point AccessPoint.Alias \
        --name my-global-access-point)
    if [[ $alias =~ ^m[a-z2-7]{12}\.mrap$ ]]; then
        ok "step 3: an alias as AWS draws it"
    else
        not_ok "step 3: an alias as AWS draws it" "$alias"
    fi
}

check_cli_alias() {
    mkdir -p "$HOME/.aws/cli"
    printf '[toplevel]\nwhoami = sts get-caller-identity\n' >"$HOME/.aws/cli/alias"
    cp "$HOME/.aws/cli/alias" alias.before
    refused "step 3: the CLI has no such command" "Invalid choice" step_3_status
    runs "cli-alias install" "$atoll" cli-alias install
    runs "step 3: describe-multi-region-access-point, as printed" step_3_status
    has "step 3: and it says READY" "$out" READY
    runs "cli-alias remove" "$atoll" cli-alias remove
    refused "cli-alias remove takes the command away" "Invalid choice" step_3_status
    runs "cli-alias leaves the user's own lines alone" cmp "$HOME/.aws/cli/alias" alias.before
}

check_program() { # WHAT SED-SCRIPT COMMAND...
    local what=$1 change=$2
    shift 2
    sed "$change" "$clients_dir/article_program.py" >program.py
    runs "step 5: the article's program, $what" "$@" python3 program.py
    is "step 5: what it prints, $what" "$out" \
        "Downloaded $(stat -c %s logo.png) bytes from nearest region"
}

converge() {
    "$atoll" wait --within 1h >wait.out 2>&1 || not_ok "replication catches up" "$(cat wait.out)"
}

check_transfers() { # WHEN
    runs "$1: s3 cp of 100 MB" aws s3 cp --no-progress big.bin "s3://$arn/big.bin"
    runs "$1: s3 sync of 2,500 files" aws s3 sync --no-progress small "s3://$arn/small"
    converge
    runs "$1: s3 cp back" aws s3 cp --no-progress "s3://$arn/big.bin" big.back
    runs "$1: 100 MB, the same bytes" cmp big.bin big.back
    runs "$1: s3 ls, page after page" aws s3 ls --recursive "s3://$arn/small/"
    is "$1: s3 ls has all 2,500" "$(wc -l <<<"$out")" 2500
    rm -rf back big.back
    runs "$1: s3 sync back" aws s3 sync --no-progress "s3://$arn/small" back
    runs "$1: 2,500 files, the same bytes" diff -r small back
    runs "$1: s3 rm --recursive" aws s3 rm --only-show-errors --recursive "s3://$arn/small"
    converge
    is "$1: s3 ls has nothing left" "$(aws s3 ls --recursive "s3://$arn/small/")" ""
}

check_routes() {
    runs "step 6: submit-routes 70/30, as printed" step_6
    is "step 6: and the answer is marked" "$(marks_of SubmitMultiRegionAccessPointRoutes)" \
        "name-as-alias, weighted-dial"
    is "step 6: get-routes shows 70, 30 and 0" \
        "$(mrap_query get-multi-region-access-point-routes \
            "join(' ', sort_by(Routes, &Region)[].to_string(TrafficDialPercentage))" \
            --mrap "arn:aws:s3::123456789012:accesspoint/$alias")" "0 30 70"
    is "step 6: and that answer is marked" "$(marks_of GetMultiRegionAccessPointRoutes)" \
        weighted-dial
    counted python3 "$clients_dir/routes.py" "$alias"
}

# article REGION TRANSFERS: the whole story on a fresh server.
article() {
    echo "# from $1"
    start_server --clock auto
    export AWS_REGION=$1
    unset AWS_DEFAULT_REGION
    check_environment
    wire
    runs "step 1: three buckets, as printed" step_1
    runs "step 2: versioning, led to each bucket's Region" step_2
    check_access_point
    [ "$2" = no ] || check_cli_alias
    cp "$clients_dir/replication-config.json" .
    runs "step 4: put-bucket-replication, as printed" step_4
    is "step 4: and it is marked" "$(marks_of PutBucketReplication)" "rule-without-priority, undeclared-role"
    counted python3 "$clients_dir/replication.py"
    check_program "with the friendly name" ""
    check_program "with the alias" "s/my-global-access-point\.mrap/$alias/"
    check_program "with no Region" "" env -u AWS_REGION -u AWS_DEFAULT_REGION
    [ "$2" = no ] || check_transfers "step 5"
    check_routes
    [ "$2" = no ] || check_transfers "step 5 after 6"
}

python3 "$clients_dir/make_files.py"
article us-east-1 yes
article us-west-2 no

echo "# --strict"
# Under --auth strict only keys of the configuration count.
echo '{ "clients": { "alice": { "at": "new-york" } } }' >strict.json
start_server --config strict.json --strict --auth strict
export AWS_REGION=us-east-1
wire alice
counted python3 "$clients_dir/strict.py"
finish
