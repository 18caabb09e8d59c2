/* "notification_targets": where messages for an ARN go; "webhook_hosts": which hosts beside this
 * machine a webhook may be on. */
#include "server/config_read.h"

static void read_host(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    if (!config_read_kind(reading, node, JSON_STRING))
        return;
    document->webhook_hosts =
        config_read_grow(reading->arena, document->webhook_hosts, document->webhook_host_count,
                         sizeof *document->webhook_hosts);
    document->webhook_hosts[document->webhook_host_count++] = node.json->string;
}

void config_read_webhook_hosts(struct config_reading *reading, struct config_node node)
{
    size_t index = 0;
    for (const struct json *child = node.json->child; child; child = child->next, index++)
        read_host(reading, config_read_element(reading, node, child, index));
}

static bool is_listed(const struct config_document *document, str host)
{
    for (size_t i = 0; i < document->webhook_host_count; i++)
        if (str_eq_nocase(document->webhook_hosts[i], host))
            return true;
    return false;
}

static void read_target(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    struct config_target target = { .arn = node.json->name };
    str host = STR_NONE, port, path;
    if (!config_read_object(reading, node, "webhook|log"))
        return;
    (void) config_read_text(reading, node, "webhook", &target.to.webhook);
    (void) config_read_text(reading, node, "log", &target.to.log);
    if ((target.to.webhook.size > 0) == (target.to.log.size > 0))
        config_read_problem(reading, node, "a target is a \"webhook\" or a \"log\"");
    if (target.to.webhook.size > 0 && !deliveries_url(target.to.webhook, &host, &port, &path))
        config_read_problem(reading, config_read_member(reading, node, "webhook"),
                            "must be as http://127.0.0.1:9000/path");
    target.to.anywhere = is_listed(document, host);
    document->targets = config_read_grow(reading->arena, document->targets, document->target_count,
                                         sizeof *document->targets);
    document->targets[document->target_count++] = target;
}

void config_read_targets(struct config_reading *reading, struct config_node node)
{
    for (const struct json *child = node.json->child; child; child = child->next)
        read_target(reading, config_read_child(reading, node, child));
}
