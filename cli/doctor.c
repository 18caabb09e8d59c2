/* doctor: what keeps a client from reaching the server. One line per finding, each with its cure.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/command.h"
#include "cli/http.h"
#include "cli/trust.h"

extern char **environ;

struct doctor {
    struct cli *cli;
    str pem; /* the server's CA; empty: not known */
    unsigned wrong;
    struct json_writer json;
};

#define WIRE_UP "eval \"$(atoll env)\""

/* `fix` NULL: all is well. */
static void say(struct doctor *doctor, str finding, const char *fix)
{
    doctor->wrong += fix != NULL;
    if (doctor->cli->json) {
        json_object(&doctor->json, NULL);
        json_boolean(&doctor->json, "ok", fix == NULL);
        json_text(&doctor->json, "finding", finding);
        if (fix)
            json_text(&doctor->json, "fix", str_of(fix));
        json_end(&doctor->json);
    } else if (fix)
        (void) printf("FIX  %.*s: %s\n", STR_ARG(finding), fix);
    else if (!doctor->cli->quiet)
        (void) printf("ok   %.*s\n", STR_ARG(finding));
}

static str variable(const char *name)
{
    return str_of(getenv(name));
}

static str without_slash(str url)
{
    return str_ends(url, STR("/")) ? str_first(url, url.size - 1) : url;
}

static void check_server(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    struct http_answer answer;
    str error;
    if (!http_call(cli->arena, cli->server, "GET", STR("/_atoll/health/ready"), STR_NONE, &answer,
                   &error))
        say(doctor, error, "start one with  atoll serve  or set ATOLL_SERVER");
    else if (answer.status != 200)
        say(doctor, str_format(cli->arena, "%.*s is not ready", STR_ARG(cli->server)),
            "wait for it with  atoll health --wait 30s");
    else
        say(doctor, str_format(cli->arena, "atoll answers at %.*s", STR_ARG(cli->server)), NULL);
}

static void check_own_ca(struct doctor *doctor)
{
    struct arena *arena = doctor->cli->arena;
    str own = trust_own_ca(arena), there;
    str fetched = str_format(arena, "%.*s/ca.pem", STR_ARG(trust_fetched_dir(doctor->cli)));
    bool readable =
        own.size > 0 && fs_read_file(arena, str_c(arena, own), LIMIT_JSON_BYTES, &there) == 0;
    if (doctor->pem.size == 0)
        say(doctor, STR("the server's CA could not be fetched"), "see its log; is it an atoll?");
    else if (trust_holds(arena, own, doctor->pem))
        say(doctor, str_format(arena, "%.*s is the server's CA", STR_ARG(own)), NULL);
    else if (trust_holds(arena, fetched, doctor->pem))
        say(doctor, str_format(arena, "%.*s is the server's CA", STR_ARG(fetched)), NULL);
    else
        say(doctor,
            readable ? str_format(arena, "%.*s is not the server's CA", STR_ARG(own))
                     : STR("the server's CA is not on this machine yet"),
            WIRE_UP "  fetches it");
}

static void check_bundle(struct doctor *doctor, const char *name)
{
    struct arena *arena = doctor->cli->arena;
    str path = variable(name), there;
    if (path.size == 0)
        say(doctor, str_format(arena, "%s is not set", name), WIRE_UP);
    else if (fs_read_file(arena, str_c(arena, path), LIMIT_JSON_BYTES, &there) != 0)
        say(doctor, str_format(arena, "%s: %.*s cannot be read", name, STR_ARG(path)), WIRE_UP);
    else if (doctor->pem.size > 0 && str_find(there, str_trim(doctor->pem)) == there.size)
        say(doctor, str_format(arena, "%s: %.*s lacks the server's CA", name, STR_ARG(path)),
            WIRE_UP);
    else
        say(doctor, str_format(arena, "%s is %.*s", name, STR_ARG(path)), NULL);
}

static void check_proxies(struct doctor *doctor)
{
    static const char *const names[] = { "HTTPS_PROXY", "https_proxy" };
    struct arena *arena = doctor->cli->arena;
    for (size_t i = 0; i < COUNT(names); i++) {
        str value = variable(names[i]);
        if (str_eq(without_slash(value), doctor->cli->server) && value.size > 0)
            say(doctor, str_format(arena, "%s is %.*s", names[i], STR_ARG(value)), NULL);
        else
            say(doctor,
                value.size
                    ? str_format(arena, "%s is %.*s, not the server", names[i], STR_ARG(value))
                    : str_format(arena, "%s is not set", names[i]),
                WIRE_UP);
    }
}

/* True when an entry of NO_PROXY matches S3's names: "*", "amazonaws.com", ".amazonaws.com", or a
 * longer one that ends so. */
static bool shadows(str list)
{
    str entry;
    while (str_next(&list, ',', &entry)) {
        entry = str_trim(entry);
        if (str_is(entry, "*") || str_ends(entry, STR("amazonaws.com")) || str_is(entry, ".com") ||
            str_is(entry, "com"))
            return true;
    }
    return false;
}

static void check_no_proxy(struct doctor *doctor)
{
    static const char *const names[] = { "NO_PROXY", "no_proxy" };
    struct arena *arena = doctor->cli->arena;
    for (size_t i = 0; i < COUNT(names); i++) {
        str value = variable(names[i]);
        if (shadows(value))
            say(doctor,
                str_format(arena, "%s (%.*s) sends AWS hosts past the proxy", names[i],
                           STR_ARG(value)),
                WIRE_UP "  sets it right");
        else
            say(doctor, str_format(arena, "%s leaves AWS hosts to the proxy", names[i]), NULL);
    }
}

static void check_strays(struct doctor *doctor)
{
    static const char *const others[] = { "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN",
                                          "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT" };
    struct arena *arena = doctor->cli->arena;
    unsigned before = doctor->wrong;
    for (size_t i = 0; environ[i] != NULL; i++) {
        str name, value;
        bool stray = false;
        (void) str_cut(str_of(environ[i]), '=', &name, &value);
        for (size_t k = 0; k < COUNT(others); k++)
            stray = stray || str_is(name, others[k]);
        if (stray || (str_starts(name, STR("AWS_ENDPOINT_URL")) && value.size > 0))
            say(doctor,
                str_format(arena, "%.*s is set and leads past the access points", STR_ARG(name)),
                str_c(arena, str_format(arena, "unset %.*s", STR_ARG(name))));
    }
    if (doctor->wrong == before)
        say(doctor, STR("no AWS_ENDPOINT_URL, AWS_PROFILE or session token is in the way"), NULL);
}

static void check_keys(struct doctor *doctor)
{
    str key = variable("AWS_ACCESS_KEY_ID");
    if (key.size == 0)
        say(doctor, STR("AWS_ACCESS_KEY_ID is not set"), WIRE_UP);
    else if (str_starts(key, STR("AKIA")) || str_starts(key, STR("ASIA")))
        say(doctor, STR("AWS_ACCESS_KEY_ID looks like a real one"), WIRE_UP);
    else
        say(doctor, str_format(doctor->cli->arena, "AWS_ACCESS_KEY_ID is %.*s", STR_ARG(key)),
            NULL);
}

/* SigV4A, which access points need, is in the C runtime alone (clients of Python). */
static void check_awscrt(struct doctor *doctor)
{
    char *const command[] = { (char[]){ "python3" }, (char[]){ "-c" }, (char[]){ "import awscrt" },
                              NULL };
    int code = command_quietly(command);
    if (code == 0)
        say(doctor, STR("python3 has awscrt"), NULL);
    else if (code == EXIT_NOT_FOUND)
        say(doctor, STR("there is no python3, so none that lacks awscrt"), NULL);
    else
        say(doctor, STR("python3 has no awscrt, which access points need"),
            "pip install \"botocore[crt]\"  (Debian: apt install python3-awscrt)");
}

int verb_doctor(struct cli *cli)
{
    struct doctor doctor = { .cli = cli };
    struct buf out;
    if (cli->word_count > 0)
        return cli_usage(cli, "takes no words");
    buf_init_arena(&out, cli->arena, LIMIT_JSON_BYTES);
    json_begin(&doctor.json, &out);
    json_object(&doctor.json, NULL);
    json_array(&doctor.json, "findings");
    doctor.pem = trust_server_pem(cli);
    check_server(&doctor);
    check_own_ca(&doctor);
    check_proxies(&doctor);
    check_bundle(&doctor, "AWS_CA_BUNDLE");
    check_no_proxy(&doctor);
    check_strays(&doctor);
    check_keys(&doctor);
    check_awscrt(&doctor);
    json_end(&doctor.json);
    json_integer(&doctor.json, "wrong", doctor.wrong);
    json_end(&doctor.json);
    if (cli->json)
        (void) printf("%.*s\n", STR_ARG(buf_str(&out)));
    else if (!cli->quiet)
        (void) fprintf(stderr, "%u to fix\n", doctor.wrong);
    return doctor.wrong ? EXIT_NO : EXIT_YES;
}
