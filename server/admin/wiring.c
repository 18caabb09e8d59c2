/* What a client needs to reach us: the script that wires a shell, the CA, the Node preload.
 *
 * GET /_atoll/env?as=NAME&shell=sh|fish|powershell|dotenv|github|json&mode=proxy|endpoint&unset=1
 *   &ca=PATH&preload=PATH&region=CODE&endpoints=A,B
 * `ca` and `preload` are files on the caller's machine (the CLI knows them); without them an sh
 * script fetches both from us first. `region` is the caller's own AWS_REGION: it is kept.
 */
#include "base/encode.h"
#include "server/admin/call.h"
#include "server/admin/node_preload.h"
#include "server/clients.h"

enum shell {
    SHELL_SH,
    SHELL_FISH,
    SHELL_POWERSHELL,
    SHELL_DOTENV,
    SHELL_GITHUB,
    SHELL_JSON,
    SHELLS
};
static const char *const shell_names[] = { "sh", "fish", "powershell", "dotenv", "github", "json" };

struct wiring {
    struct request *rq;
    struct buf out;
    enum shell shell;
    bool unset;
    str server; /* http://HOST:PORT */
    str proxy;  /* the same, with the place as user when no access key can say it */
    str key;    /* access key and secret alike */
    str ca, preload;
    struct json_writer json;
};

/* Variables that would lead a client past us, or with somebody's real identity. */
static const char *const cleared[] = {
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_S3_CONTROL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
};

static str quote(struct arena *arena, enum shell shell, str value)
{
    struct buf buf;
    buf_init_arena(&buf, arena, 8192);
    buf_add_char(&buf, '\'');
    for (size_t i = 0; i < value.size; i++) {
        char c = value.ptr[i];
        if (c == '\\' && shell == SHELL_FISH)
            buf_add(&buf, STR("\\\\"));
        else if (c != '\'')
            buf_add_char(&buf, c);
        else
            buf_add(&buf, shell == SHELL_POWERSHELL ? STR("''")
                          : shell == SHELL_FISH     ? STR("\\'")
                                                    : STR("'\\''"));
    }
    buf_add_char(&buf, '\'');
    return buf_str(&buf);
}

static bool is_plain(str value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              strchr("-_./:,@=+", c)))
            return false;
    }
    return value.size > 0;
}

static void clear_variable(struct wiring *w, const char *name)
{
    switch (w->shell) {
    case SHELL_SH:
        buf_addf(&w->out, "unset %s\n", name);
        break;
    case SHELL_FISH:
        buf_addf(&w->out, "set -e %s\n", name);
        break;
    case SHELL_POWERSHELL:
        buf_addf(&w->out, "Remove-Item Env:%s -ErrorAction SilentlyContinue\n", name);
        break;
    case SHELL_DOTENV:
    case SHELL_GITHUB:
    case SHELL_JSON:
    case SHELLS:
        break; /* these only set */
    }
}

static void set_variable(struct wiring *w, const char *name, str value)
{
    struct arena *arena = w->rq->arena;
    str shown = is_plain(value) ? value : quote(arena, w->shell, value);
    if (w->unset) {
        clear_variable(w, name);
        return;
    }
    switch (w->shell) {
    case SHELL_SH:
        buf_addf(&w->out, "export %s=%.*s\n", name, STR_ARG(shown));
        break;
    case SHELL_FISH:
        buf_addf(&w->out, "set -gx %s %.*s\n", name, STR_ARG(shown));
        break;
    case SHELL_POWERSHELL:
        buf_addf(&w->out, "$env:%s = %.*s\n", name, STR_ARG(quote(arena, w->shell, value)));
        break;
    case SHELL_DOTENV:
    case SHELL_GITHUB:
        buf_addf(&w->out, "%s=%.*s\n", name, STR_ARG(value));
        break;
    case SHELL_JSON:
        json_text(&w->json, name, value);
        break;
    case SHELLS:
        break;
    }
}

/* In sh the caller's own values are at hand when the script runs. */
static void sh_regions(struct wiring *w)
{
    buf_add(&w->out, STR("export AWS_REGION=\"${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}\"\n"
                         "export AWS_DEFAULT_REGION=\"$AWS_REGION\"\n"));
}

static void sh_clear_endpoints(struct wiring *w)
{
    buf_add(&w->out,
            STR("for atoll_v in $(env | sed -n 's/^\\(AWS_ENDPOINT_URL[A-Z0-9_]*\\)=.*/\\1/p'); do "
                "unset \"$atoll_v\"; done; unset atoll_v\n"));
}

/* Without files of ours at hand, the script brings them. */
static void sh_fetch(struct wiring *w)
{
    if (w->shell != SHELL_SH || w->unset || w->ca.size > 0)
        return;
    buf_addf(
        &w->out,
        "atoll_dir=\"${TMPDIR:-/tmp}/atoll-$(id -u)\"; mkdir -p -m 700 \"$atoll_dir\"\n"
        "curl -fsS --noproxy '*' %.*s/_atoll/ca.pem -o \"$atoll_dir/ca.pem\"\n"
        "curl -fsS --noproxy '*' %.*s/_atoll/node-preload.cjs -o \"$atoll_dir/node-preload.cjs\"\n",
        STR_ARG(w->server), STR_ARG(w->server));
}

static void set_ca(struct wiring *w)
{
    static const char *const names[] = { "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
                                         "NODE_EXTRA_CA_CERTS" };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (w->ca.size > 0 || w->unset)
            set_variable(w, names[i], w->ca);
        else if (w->shell == SHELL_SH)
            buf_addf(&w->out, "export %s=\"$atoll_dir/ca.pem\"\n", names[i]);
    }
}

/* NODE_OPTIONS may hold the user's own; ours is added once. */
static void set_node(struct wiring *w)
{
    if (w->shell == SHELL_SH && !w->unset) {
        if (w->preload.size > 0)
            buf_addf(&w->out, "atoll_node=%.*s\n",
                     STR_ARG(quote(w->rq->arena, SHELL_SH, w->preload)));
        else
            buf_add(&w->out, STR("atoll_node=\"$atoll_dir/node-preload.cjs\"\n"));
        /* Node splits NODE_OPTIONS at blanks unless they stand in double quotes. */
        buf_add(&w->out, STR("case \"${NODE_OPTIONS:-}\" in *\"$atoll_node\"*) ;; *) export "
                             "NODE_OPTIONS=\"--require \\\"$atoll_node\\\"${NODE_OPTIONS:+ "
                             "$NODE_OPTIONS}\" ;; esac\nunset atoll_node atoll_dir\n"));
    } else if (w->preload.size > 0 || w->unset)
        set_variable(w, "NODE_OPTIONS",
                     str_format(w->rq->arena, "--require \"%.*s\"", STR_ARG(w->preload)));
}

static void set_proxy(struct wiring *w)
{
    set_variable(w, "HTTPS_PROXY", w->proxy);
    set_variable(w, "https_proxy", w->proxy);
    set_variable(w, "NO_PROXY", STR("localhost,127.0.0.1,::1,169.254.169.254"));
    set_variable(w, "no_proxy", STR("localhost,127.0.0.1,::1,169.254.169.254"));
    set_variable(w, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", STR("true"));
    set_ca(w);
    set_node(w);
}

static void set_region(struct wiring *w)
{
    str region = admin_query(w->rq, "region", "");
    if (w->shell == SHELL_SH && !w->unset) {
        sh_regions(w);
        return;
    }
    if (w->unset)
        return; /* a Region that was set before stays what it is */
    set_variable(w, "AWS_REGION", region.size ? region : STR("us-east-1"));
    set_variable(w, "AWS_DEFAULT_REGION", region.size ? region : STR("us-east-1"));
}

static void set_identity(struct wiring *w)
{
    set_variable(w, "AWS_ACCESS_KEY_ID", w->key);
    set_variable(w, "AWS_SECRET_ACCESS_KEY", w->key);
    set_variable(w, "AWS_EC2_METADATA_DISABLED", STR("true"));
}

/* A declared client is its access key; a mere place travels as the proxy's user. Python sends a
 * user only with a password that is not empty. */
static void choose_identity(struct wiring *w, const struct client *client)
{
    struct arena *arena = w->rq->arena;
    w->proxy = w->server;
    w->key = STR(WORLD_KEY);
    if (client && client->declared)
        w->key = client->name;
    else if (client)
        w->proxy =
            str_format(arena, "http://%.*s:x@%.*s", STR_ARG(encode_uri(arena, client->name, false)),
                       STR_ARG(str_skip(w->server, strlen("http://"))));
}

static void write_all(struct wiring *w, str who, bool endpoint_mode)
{
    if (w->shell == SHELL_SH && !w->unset) {
        buf_addf(&w->out, "# atoll at %.*s%s%.*s. Undo with: eval \"$(atoll env --unset)\"\n",
                 STR_ARG(w->server), who.size ? ", client " : "", STR_ARG(who));
        sh_clear_endpoints(w);
    }
    if (!w->unset)
        for (size_t i = 0; i < COUNT(cleared); i++)
            clear_variable(w, cleared[i]);
    sh_fetch(w);
    set_identity(w);
    set_region(w);
    if (endpoint_mode)
        set_variable(w, "AWS_ENDPOINT_URL", w->server);
    else
        set_proxy(w);
    set_variable(w, "ATOLL_SERVER", w->server);
}

static str own_url(const struct request *rq)
{
    str host = request_get_header(rq, "Host");
    return str_format(rq->arena, "http://%.*s", STR_ARG(host));
}

enum s3_code admin_env(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct wiring w = { .rq = rq, .server = own_url(rq), .shell = SHELLS };
    str shell = admin_query(rq, "shell", "sh"), who = admin_query(rq, "as", "");
    for (unsigned i = 0; i < COUNT(shell_names); i++)
        if (str_is(shell, shell_names[i]))
            w.shell = (enum shell) i;
    if (w.shell == SHELLS)
        return admin_problem(rq, 400, "unknown-shell",
                             str_format(rq->arena, "unknown shell '%.*s'", STR_ARG(shell)),
                             STR("one of sh, fish, powershell, dotenv, github, json"));
    str mode = admin_query(rq, "mode", "proxy");
    if (!str_is(mode, "proxy") && !str_is(mode, "endpoint"))
        return admin_problem(rq, 400, "unknown-mode",
                             str_format(rq->arena, "unknown mode '%.*s'", STR_ARG(mode)),
                             STR("proxy or endpoint"));
    const struct client *client = who.size > 0 ? admin_client(rq, who) : NULL;
    if (who.size > 0 && client == NULL)
        return S3_OK;
    choose_identity(&w, client);
    w.unset = str_is(admin_query(rq, "unset", ""), "1");
    w.ca = admin_query(rq, "ca", "");
    w.preload = admin_query(rq, "preload", "");
    buf_init_arena(&w.out, rq->arena, LIMIT_ANSWER_BYTES);
    if (w.shell == SHELL_JSON) {
        json_begin(&w.json, &w.out);
        json_object(&w.json, NULL);
    }
    write_all(&w, who, str_is(mode, "endpoint"));
    if (w.shell == SHELL_JSON)
        json_end(&w.json);
    request_reply(rq, 200, w.shell == SHELL_JSON ? "application/json" : "text/plain; charset=utf-8",
                  buf_str(&w.out));
    return S3_OK;
}

enum s3_code admin_ca(struct admin_call *call)
{
    struct request *rq = call->rq;
    str pem;
    char *path = str_c(rq->arena,
                       str_format(rq->arena, "%.*s/ca.pem", STR_ARG(rq->world->settings->ca_dir)));
    if (fs_read_file(rq->arena, path, LIMIT_JSON_BYTES, &pem) != 0)
        return admin_problem(rq, 503, "no-ca", STR("the CA certificate could not be read"),
                             STR_NONE);
    request_reply(rq, 200, "application/x-pem-file", pem);
    return S3_OK;
}

enum s3_code admin_node_preload(struct admin_call *call)
{
    request_reply(call->rq, 200, "text/javascript; charset=utf-8", STR(NODE_PRELOAD));
    return S3_OK;
}
