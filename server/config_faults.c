/* "faults": rules that are in force from the start; server/fault.h says how one reads. */
#include "base/bug.h"
#include "server/config_read.h"

static bool is_taken(const struct config_document *document, str name)
{
    for (size_t i = 0; i < document->fault_count; i++)
        if (str_eq(document->faults[i].fault.name, name))
            return true;
    return false;
}

static void read_fault(struct config_reading *reading, struct config_node node)
{
    struct config_document *document = &reading->config->document;
    struct config_fault fault = { .at = config_read_at(reading, node.json) };
    str error = STR_NONE, hint = STR_NONE;
    if (!config_read_kind(reading, node, JSON_OBJECT))
        return;
    if (!fault_parse(reading->arena, node.json, &fault.fault, &error, &hint)) {
        config_read_problem(reading, node, "%.*s%s%.*s%s", STR_ARG(error), hint.size ? " (" : "",
                            STR_ARG(hint), hint.size ? ")" : "");
        return;
    }
    if (fault.fault.name.size == 0)
        fault.fault.name = str_format(reading->arena, "config-%zu", document->fault_count + 1);
    if (is_taken(document, fault.fault.name)) {
        config_read_problem(reading, node, "there is a fault '%.*s' already",
                            STR_ARG(fault.fault.name));
        return;
    }
    document->faults = config_read_grow(reading->arena, document->faults, document->fault_count,
                                        sizeof *document->faults);
    document->faults[document->fault_count++] = fault;
}

void config_read_faults(struct config_reading *reading, struct config_node node)
{
    size_t index = 0;
    if (node.json->count > CONFIG_MAX_FAULTS)
        config_read_problem(reading, node, "more than %d faults", CONFIG_MAX_FAULTS);
    for (const struct json *child = node.json->child; child && index < CONFIG_MAX_FAULTS;
         child = child->next, index++)
        read_fault(reading, config_read_element(reading, node, child, index));
}

/* As one would write them in a document. */
static const struct {
    const char *preset, *fault;
} brought[] = {
    { "hostile", "{\"name\": \"hostile-slowdown\", \"match\": {\"api\": \"*Object*\"}, "
                 "\"error\": \"503:SlowDown\", \"probability\": 0.01}" },
};

void config_add_preset_faults(struct arena *arena, struct config *config)
{
    struct config_document *document = &config->document;
    for (size_t i = 0; i < COUNT(brought); i++) {
        struct config_fault fault = { .at = { .source = STR("") } };
        struct json_error bad;
        str error, hint;
        if (!str_is(config->settings.preset, brought[i].preset))
            continue;
        const struct json *json = json_parse(arena, str_of(brought[i].fault), &bad);
        if (!fault_parse(arena, json, &fault.fault, &error, &hint))
            BUG("a preset's fault cannot be read");
        if (is_taken(document, fault.fault.name) || document->fault_count >= CONFIG_MAX_FAULTS)
            continue;
        document->faults = config_read_grow(arena, document->faults, document->fault_count,
                                            sizeof *document->faults);
        document->faults[document->fault_count++] = fault;
    }
}
