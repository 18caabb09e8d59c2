/* Reading and writing how an access point routes; see mrap_routing.h. */
#include "server/mrap_routing.h"

#include "base/limits.h"

static const char *const proximities[] = { "table", "distance", "declared" };
static const char *const affinities[AFFINITIES] = { "upload-id", "none", "client", "connection" };
static const char *const failovers[FAILOVERS] = { "active", "automatic", "off" };

struct mrap_routing mrap_routing_default(str preset)
{
    struct mrap_routing routing = { .propagation = lag_fixed((duration){ 0 }) };
    /* AWS: "changes to the routes take effect within 2 minutes"; the spread is our assumption. */
    if (str_is(preset, "aws-like") || str_is(preset, "hostile"))
        routing.propagation = lag_uniform(DURATION_S(10), DURATION_S(120));
    if (str_is(preset, "hostile"))
        routing.flap = 0.05;
    return routing;
}

struct setting {
    struct arena *arena;
    const struct json *json;
    str *error, *hint;
};

static bool refuse(struct setting *setting, const char *wants)
{
    *setting->error = str_format(setting->arena, "%.*s is %s", STR_ARG(setting->json->name), wants);
    return false;
}

static bool set_word(struct setting *setting, const char *const words[], size_t count, size_t *out)
{
    str names[8], near;
    struct buf list;
    buf_init_arena(&list, setting->arena, 256);
    for (size_t i = 0; i < count; i++) {
        names[i] = str_of(words[i]);
        buf_addf(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
        if (setting->json->kind == JSON_STRING && str_is(setting->json->string, words[i])) {
            *out = i;
            return true;
        }
    }
    near = setting->json->kind == JSON_STRING ? str_nearest(setting->json->string, names, count)
                                              : STR_NONE;
    if (near.size > 0)
        *setting->hint = str_format(setting->arena, "did you mean '%.*s'?", STR_ARG(near));
    return refuse(setting, str_c(setting->arena, buf_str(&list)));
}

static bool set_flap(struct setting *setting, struct mrap_routing *routing)
{
    const struct json *json = setting->json;
    if (json->kind != JSON_NUMBER || !(json->number >= 0 && json->number <= 1))
        return refuse(setting, "a share between 0 and 1");
    routing->flap = json->number;
    return true;
}

static bool set_propagation(struct setting *setting, struct mrap_routing *routing)
{
    if (setting->json->kind != JSON_STRING)
        return refuse(setting, "a duration such as 90s, or a distribution: uniform(10s,120s)");
    return lag_parse(setting->arena, setting->json->string, &routing->propagation, setting->error);
}

bool mrap_routing_set(struct arena *arena, const struct json *member, struct mrap_routing *routing,
                      str *error, str *hint)
{
    struct setting setting = { arena, member, error, hint };
    size_t word = 0;
    *hint = STR_NONE;
    if (str_is(member->name, "flap"))
        return set_flap(&setting, routing);
    if (str_is(member->name, "propagation"))
        return set_propagation(&setting, routing);
    if (str_is(member->name, "proximity")) {
        if (!set_word(&setting, proximities, COUNT(proximities), &word))
            return false;
        routing->proximity = (enum route_proximity) word;
    } else if (str_is(member->name, "affinity")) {
        if (!set_word(&setting, affinities, AFFINITIES, &word))
            return false;
        routing->affinity = (enum mrap_affinity) word;
    } else if (str_is(member->name, "failover")) {
        if (!set_word(&setting, failovers, FAILOVERS, &word))
            return false;
        routing->failover = (enum mrap_failover) word;
    } else {
        *error = str_format(arena, "there is no member '%.*s' here", STR_ARG(member->name));
        return false;
    }
    return true;
}

void mrap_routing_write(struct arena *arena, struct json_writer *writer,
                        const struct mrap_routing *routing)
{
    json_text(writer, "proximity", str_of(proximities[routing->proximity]));
    json_text(writer, "affinity", str_of(affinities[routing->affinity]));
    json_real(writer, "flap", routing->flap);
    json_text(writer, "propagation", lag_text(arena, &routing->propagation));
    json_text(writer, "failover", str_of(failovers[routing->failover]));
}

str mrap_routing_text(struct arena *arena, const struct mrap_routing *routing)
{
    struct buf text;
    struct json_writer writer;
    buf_init_arena(&text, arena, LIMIT_JSON_BYTES);
    json_begin(&writer, &text);
    json_object(&writer, NULL);
    mrap_routing_write(arena, &writer, routing);
    json_end(&writer);
    return buf_str(&text);
}
