/* What somebody would paste first. */
#include "cli/examples.h"

// clang-format off
static const struct {
    const char *verb, *lines;
} examples[] = {
    { "serve", "serve --demo\nserve -c atoll.json --data ./world --clock manual" },
    { "run", "run --demo -- pytest -q\nrun -c atoll.json --as alice --keep-on-fail out -- npm test" },
    { "scenario", "scenario run tests/\nscenario run stale.atoll --runs 200 --junit report.xml" },
    { "init", "init\ninit my-world.json" },
    { "version", "version\n--version" },
    { "help", "help\nhelp wait" },
    { "as", "as alice aws s3 ls\nas eu-west-1 -- python3 app.py" },
    { "env", "env --as alice\nenv --shell json" },
    { "hosts", "hosts\nhosts --format compose" },
    { "ca", "ca path\nca install" },
    { "cli-alias", "cli-alias install\ncli-alias remove" },
    { "doctor", "doctor\ndoctor --json" },
    { "status", "status\nstatus --watch 5s" },
    { "explain", "explain last\nexplain --what-if --mrap orders --client paris" },
    { "history", "history orders/cart.json\nhistory orders-use1/cart.json --json" },
    { "diff", "diff\ndiff orders --prefix img/" },
    { "anomalies", "anomalies\nanomalies --fail-on lost-update,read-your-writes" },
    { "tail", "tail --stale\ntail --since 5m --key 'img/*' --json" },
    { "mrap", "mrap orders\nmrap orders --propagation 'uniform(10s,2m)' --flap 0.1" },
    { "route", "route orders eu-west-1 passive\nroute orders us-east-1 active eu-west-1 passive --now" },
    { "lag", "lag us-east-1 eu-west-1 15s --both\nlag us-east-1 eu-west-1 1h --prefix archive/" },
    { "partition", "partition us-east-1 / eu-west-1 ap-southeast-1\npartition us-east-1 / eu-west-1 --for 2m --one-way" },
    { "heal", "heal\nheal --json" },
    { "outage", "outage us-east-1 on --for 10m\noutage us-east-1 off" },
    { "region", "region af-south-1 disable\nregion eu-west-1 skew 5m" },
    { "fault", "fault add --region eu-west-1 --error 503:SlowDown --times 3\nfault rm fault-1" },
    { "replication", "replication list --state failed\nreplication release us-east-1 eu-west-1 --count 1" },
    { "clock", "clock pause\nclock advance 15s" },
    { "lifecycle", "lifecycle run\nlifecycle run --json" },
    { "wait", "wait\nwait orders/cart.json --region eu-west-1 --within 30s" },
    { "config", "config show --origin\nconfig apply atoll.json" },
    { "reset", "reset\nreset --to snapshot:before" },
    { "snapshot", "snapshot before\nsnapshot before -o before.tar" },
    { "restore", "restore before\nrestore before -i before.tar" },
    { "health", "health\nhealth --wait 30s" },
    { "completion", "completion bash > ~/.local/share/bash-completion/completions/atoll\ncompletion fish > ~/.config/fish/completions/atoll.fish" },
};
// clang-format on

str examples_of(str verb)
{
    for (size_t i = 0; i < COUNT(examples); i++)
        if (str_is(verb, examples[i].verb))
            return str_of(examples[i].lines);
    return STR_NONE;
}
