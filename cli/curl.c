/* A request again, as one line to be pasted: every word in single quotes, so that no shell reads
 * anything in a key or a header; what no terminal should get is percent-encoded or left out. */
#include "cli/curl.h"

#include <stdio.h>

#include "base/limits.h"

/* POSIX: nothing is special between single quotes but their end. */
static void add_word(struct buf *line, str word)
{
    buf_add(line, STR(" '"));
    for (size_t i = 0; i < word.size; i++)
        if (word.ptr[i] == '\'')
            buf_add(line, STR("'\\''"));
        else
            buf_add_char(line, word.ptr[i]);
    buf_add_char(line, '\'');
}

/* Bytes that are not printable ASCII stand for themselves in a path only on some clients. */
static str printable(struct cli *cli, str path)
{
    struct buf out;
    buf_init_arena(&out, cli->arena, path.size * 3 + 1);
    for (size_t i = 0; i < path.size; i++) {
        unsigned char byte = (unsigned char) path.ptr[i];
        if (byte > 32 && byte < 127)
            buf_add_char(&out, path.ptr[i]);
        else
            buf_addf(&out, "%%%02X", byte);
    }
    return buf_str(&out);
}

static bool is_plain(str value)
{
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char) value.ptr[i] < 32 || value.ptr[i] == 127)
            return false;
    return true;
}

static void add_header(struct cli *cli, struct buf *line, str name, str value)
{
    if (!is_plain(name) || !is_plain(value)) {
        (void) fprintf(stderr, "atoll explain: a header with control characters is left out\n");
        return;
    }
    buf_add(line, STR(" -H"));
    /* "Name;" is curl's way to send one without a value. */
    add_word(line, str_format(cli->arena, value.size ? "%.*s: %.*s" : "%.*s;%.*s", STR_ARG(name),
                              STR_ARG(value)));
}

static void add_method(struct buf *line, str method, double body_bytes)
{
    if (str_is(method, "HEAD"))
        buf_add(line, STR(" --head"));
    else if (!str_is(method, "GET")) {
        buf_add(line, STR(" -X"));
        add_word(line, method);
    }
    if (body_bytes > 0)
        buf_add(line, STR(" --data-binary '@body'"));
    else if (str_is(method, "PUT") || str_is(method, "POST"))
        buf_add(line, STR(" --data-binary ''"));
}

static void add_headers(struct cli *cli, struct buf *line, const struct json *document)
{
    const struct json *headers = json_member(json_member(document, "sent"), "headers");
    str host = json_string(json_member(document, "request"), "host", STR("")),
        client = json_string(json_member(document, "client"), "name", STR("")),
        own = str_skip(cli->server, strlen("http://"));
    bool has_type = false;
    if (host.size > 0 && !str_eq(host, own))
        add_header(cli, line, STR("Host"), host);
    if (client.size > 0 && !str_is(client, "default"))
        add_header(cli, line, STR("x-atoll-client"), client);
    for (const struct json *one = headers ? headers->child : NULL; one; one = one->next) {
        has_type = has_type || str_eq_nocase(one->name, STR("Content-Type"));
        add_header(cli, line, one->name, one->string);
    }
    if (!has_type) /* or curl would say that it is a form */
        buf_add(line, STR(" -H 'Content-Type:'"));
}

int curl_print(struct cli *cli, const struct json *document)
{
    const struct json *sent = json_member(document, "sent"),
                      *request = json_member(document, "request");
    struct buf line;
    str method = json_string(request, "method", STR("")),
        query = json_string(sent, "query", STR(""));
    double body_bytes = json_number(sent, "body_bytes", 0);
    if (sent == NULL || method.size == 0) {
        (void) fprintf(stderr, "atoll explain: the journal does not say how that was sent\n");
        return EXIT_NO;
    }
    buf_init_arena(&line, cli->arena, LIMIT_ANSWER_BYTES);
    buf_add(&line, STR("curl -sS --globoff --path-as-is"));
    add_method(&line, method, body_bytes);
    add_headers(cli, &line, document);
    add_word(&line, str_format(cli->arena, "%.*s%.*s%s%.*s", STR_ARG(cli->server),
                               STR_ARG(printable(cli, json_string(sent, "path", STR("/")))),
                               query.size ? "?" : "", STR_ARG(printable(cli, query))));
    if (cli->json) {
        struct buf json;
        struct json_writer writer;
        buf_init_arena(&json, cli->arena, LIMIT_ANSWER_BYTES);
        json_begin(&writer, &json);
        json_object(&writer, NULL);
        json_text(&writer, "curl", buf_str(&line));
        json_integer(&writer, "body_bytes", (int64_t) body_bytes);
        json_end(&writer);
        (void) printf("%.*s\n", STR_ARG(buf_str(&json)));
        return EXIT_YES;
    }
    (void) printf("%.*s\n", STR_ARG(buf_str(&line)));
    if (body_bytes > 0 && !cli->quiet)
        (void) fprintf(stderr,
                       "atoll explain: its body (%.0f bytes) was not kept: put one into the file "
                       "\"body\"\n",
                       body_bytes);
    if (!cli->quiet)
        (void) fprintf(stderr, "atoll explain: not signed; --auth strict refuses it\n");
    return EXIT_YES;
}
