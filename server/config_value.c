/* Values of settings: reading each type, checking its bounds, and writing it back; see
 * config_value.h. */
#include "server/config_value.h"

#include <arpa/inet.h>
#include <math.h>

#include "replication/lag.h"
#include "server/config_problems.h"

/* Where a row's value lives. */
struct slot {
    struct config *config;
    const struct setting *setting;
    void *at;
};

struct list {
    str *at;
    size_t *count;
    size_t most;
};

bool config_value_is_list(const struct setting *setting)
{
    return setting->type == SET_LISTEN || setting->type == SET_HOSTS ||
           setting->type == SET_ALIASES;
}

static struct list list_of(struct config *config, const struct setting *setting)
{
    struct settings *s = &config->settings;
    if (setting->type == SET_LISTEN)
        return (struct list){ s->listen, &s->listen_count, COUNT(s->listen) };
    if (setting->type == SET_ALIASES)
        return (struct list){ s->host_aliases, &s->host_alias_count, COUNT(s->host_aliases) };
    return (struct list){ s->host_names, &s->host_name_count, COUNT(s->host_names) };
}

void config_value_clear(struct config *config, const struct setting *setting)
{
    if (config_value_is_list(setting))
        *list_of(config, setting).count = 0;
}

/* --- reading --- */

static bool refuse(struct arena *arena, str *error, const char *what, str text)
{
    *error = str_format(arena, "'%.*s' is not %s", STR_ARG(text), what);
    return false;
}

static bool find_word(const struct setting *setting, str text, size_t *index)
{
    str word;
    for (*index = 0; str_is_set(word = config_table_word(setting->words, *index)); (*index)++)
        if (str_eq(word, text))
            return true;
    return false;
}

static bool refuse_word(struct arena *arena, const struct setting *setting, str text, str *error)
{
    str words[8], word;
    size_t count = 0;
    struct buf list;
    buf_init_arena(&list, arena, 256);
    while (count < COUNT(words) && str_is_set(word = config_table_word(setting->words, count))) {
        buf_addf(&list, "%s%.*s", count ? ", " : "", STR_ARG(word));
        words[count++] = word;
    }
    str hint = config_problems_hint(arena, str_nearest(text, words, count));
    *error = str_format(arena, "'%.*s' is none of %.*s%.*s", STR_ARG(text), STR_ARG(buf_str(&list)),
                        STR_ARG(hint));
    return false;
}

static bool set_word(struct arena *arena, struct slot slot, str text, str *error)
{
    size_t index;
    if (!find_word(slot.setting, text, &index))
        return refuse_word(arena, slot.setting, text, error);
    if (slot.setting->type == SET_EITHER)
        *(bool *) slot.at = index == 1;
    else if (slot.setting->type == SET_NAME)
        *(str *) slot.at = str_copy(arena, text);
    else
        memcpy(slot.at, &(unsigned){ (unsigned) index }, sizeof(unsigned));
    return true;
}

static bool set_bool(struct arena *arena, struct slot slot, str text, str *error)
{
    static const char *const yes[] = { "true", "1", "on", "yes" };
    static const char *const no[] = { "false", "0", "off", "no" };
    for (size_t i = 0; i < COUNT(yes); i++) {
        if (!str_eq_nocase(text, str_of(yes[i])) && !str_eq_nocase(text, str_of(no[i])))
            continue;
        *(bool *) slot.at = str_eq_nocase(text, str_of(yes[i]));
        return true;
    }
    return refuse(arena, error, "true or false", text);
}

static bool refuse_range(struct arena *arena, const struct setting *setting, str *error)
{
    const char *unit = setting->type == SET_DURATION ? " seconds"
                       : setting->type == SET_SIZE   ? " bytes"
                                                     : "";
    *error = str_format(arena, "must lie between %.16g and %.16g%s", setting->least, setting->most,
                        unit);
    return false;
}

static bool within(const struct setting *setting, double value)
{
    return value >= setting->least && value <= setting->most;
}

static bool set_whole(struct arena *arena, struct slot slot, str text, str *error)
{
    int64_t number;
    if (!str_to_i64(text, &number))
        return refuse(arena, error, "a whole number", text);
    if (!within(slot.setting, (double) number))
        return refuse_range(arena, slot.setting, error);
    if (slot.setting->type == SET_COUNT)
        *(unsigned *) slot.at = (unsigned) number;
    else if (slot.setting->type == SET_INT)
        *(int *) slot.at = (int) number;
    else
        *(uint64_t *) slot.at = (uint64_t) number;
    if (slot.at == &slot.config->settings.seed)
        slot.config->settings.seed_given = true;
    return true;
}

static bool set_real(struct arena *arena, struct slot slot, str text, str *error)
{
    double number;
    if (!str_to_double(text, &number))
        return refuse(arena, error, "a number", text);
    if (!within(slot.setting, number))
        return refuse_range(arena, slot.setting, error);
    *(double *) slot.at = number;
    return true;
}

static bool set_duration(struct arena *arena, struct slot slot, str text, str *error)
{
    duration parsed;
    if (slot.setting->words && str_is(text, slot.setting->words)) {
        *(duration *) slot.at = (duration){ -1 };
        return true;
    }
    if (!duration_parse(text, &parsed))
        return refuse(arena, error, "a duration: write 250ms, 15s, 2m or 1h", text);
    if (!within(slot.setting, (double) parsed.ns / 1e9))
        return refuse_range(arena, slot.setting, error);
    *(duration *) slot.at = parsed;
    return true;
}

static bool set_size(struct arena *arena, struct slot slot, str text, str *error)
{
    uint64_t bytes;
    if (!size_parse(text, &bytes))
        return refuse(arena, error, "a size: write 512B, 64KiB or 10MB", text);
    if (!within(slot.setting, (double) bytes))
        return refuse_range(arena, slot.setting, error);
    *(uint64_t *) slot.at = bytes;
    return true;
}

static bool set_instant(struct arena *arena, struct slot slot, str text, str *error)
{
    instant at = { 0 };
    if (!str_is(text, "now") &&
        (!instant_parse_iso8601(text, &at) || at.ns <= 0 || instant_before(CLOCK_END, at)))
        return refuse(arena, error, "a time: write now or 2026-01-02T03:04:05Z", text);
    *(instant *) slot.at = at;
    return true;
}

static bool set_account(struct arena *arena, struct slot slot, str text, str *error)
{
    uint64_t number;
    if (text.size != 12 || !str_to_u64(text, &number))
        return refuse(arena, error, "an account: it has 12 digits", text);
    *(str *) slot.at = str_copy(arena, text);
    return true;
}

static bool set_text(struct arena *arena, struct slot slot, str text, str *error)
{
    struct lag lag;
    if (slot.setting->type == SET_LAG && !lag_parse(arena, text, &lag, error))
        return false;
    bool memory = slot.setting->type == SET_DATA && str_is(text, "memory");
    *(str *) slot.at = memory ? STR_NONE : str_copy(arena, text);
    return true;
}

static bool address_is_sound(struct arena *arena, str host)
{
    unsigned char bytes[16];
    if (host.size > 2 && host.ptr[0] == '[' && host.ptr[host.size - 1] == ']')
        return inet_pton(AF_INET6, str_c(arena, str_from(host.ptr + 1, host.size - 2)), bytes) == 1;
    return inet_pton(AF_INET, str_c(arena, host), bytes) == 1;
}

/* Only numbers, so that a start never waits for a name server. */
static bool read_listen(struct arena *arena, str text, str *out, str *error)
{
    size_t colon = text.size;
    uint64_t port;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    str host = colon > 0 ? str_first(text, colon - 1) : STR("");
    if (str_is(host, "localhost"))
        host = STR("127.0.0.1");
    if (colon == 0 || !str_to_u64(str_skip(text, colon), &port) || port > 65535 ||
        !address_is_sound(arena, host))
        return refuse(arena, error, "an address to listen on: write 127.0.0.1:28655 or [::1]:28655",
                      text);
    *out = str_format(arena, "%.*s:%llu", STR_ARG(host), (unsigned long long) port);
    return true;
}

static bool read_host(struct arena *arena, str text, str *out, str *error)
{
    str lower = str_lower(arena, text);
    bool sound = lower.size > 0 && lower.size <= 253 && lower.ptr[0] != '.' && lower.ptr[0] != '-';
    for (size_t i = 0; i < lower.size; i++) {
        char c = lower.ptr[i];
        sound = sound && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.');
    }
    if (!sound)
        return refuse(arena, error, "a host name: write atoll.test", text);
    if (str_ends(lower, STR("amazonaws.com")))
        return refuse(arena, error, "a name of our own: AWS's are known already", text);
    *out = lower;
    return true;
}

/* "[::1]:28655" and "minio:9000": whatever a Host header may say. */
static bool is_host_header(str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '\0' ||
            strchr("abcdefghijklmnopqrstuvwxyz0123456789-._:[]", text.ptr[i]) == NULL)
            return false;
    return text.size > 0 && text.size <= 260;
}

static bool read_alias(struct arena *arena, str text, str *out, str *error)
{
    str is_signed, arrives;
    *out = str_lower(arena, text);
    if (str_cut(*out, '=', &is_signed, &arrives) && is_host_header(is_signed) &&
        is_host_header(arrives))
        return true;
    return refuse(arena, error, "a host alias: write SIGNED=ARRIVES, minio:9000=localhost", text);
}

static bool add_to_list(struct arena *arena, struct slot slot, str text, str *error)
{
    struct list list = list_of(slot.config, slot.setting);
    str piece, rest = text;
    while (str_next(&rest, ',', &piece)) {
        str value;
        piece = str_trim(piece);
        bool sound = slot.setting->type == SET_LISTEN  ? read_listen(arena, piece, &value, error)
                     : slot.setting->type == SET_HOSTS ? read_host(arena, piece, &value, error)
                                                       : read_alias(arena, piece, &value, error);
        if (!sound)
            return false;
        if (*list.count == list.most) {
            *error = str_format(arena, "at most %zu of them", list.most);
            return false;
        }
        list.at[(*list.count)++] = value;
    }
    return true;
}

bool config_value_set(struct arena *arena, struct config *config, const struct setting *setting,
                      str text, str *error)
{
    struct slot slot = { config, setting, (char *) config + setting->offset };
    if (text.size == 0) {
        *error = STR("needs a value");
        return false;
    }
    switch (setting->type) {
    case SET_TEXT:
    case SET_DATA:
    case SET_LAG:
        return set_text(arena, slot, text, error);
    case SET_BOOL:
        return set_bool(arena, slot, text, error);
    case SET_WORD:
    case SET_EITHER:
    case SET_NAME:
        return set_word(arena, slot, text, error);
    case SET_U64:
    case SET_COUNT:
    case SET_INT:
        return set_whole(arena, slot, text, error);
    case SET_REAL:
        return set_real(arena, slot, text, error);
    case SET_DURATION:
        return set_duration(arena, slot, text, error);
    case SET_SIZE:
        return set_size(arena, slot, text, error);
    case SET_INSTANT:
        return set_instant(arena, slot, text, error);
    case SET_ACCOUNT:
        return set_account(arena, slot, text, error);
    case SET_LISTEN:
    case SET_HOSTS:
    case SET_ALIASES:
        return add_to_list(arena, slot, text, error);
    }
    return false;
}

/* --- writing --- */

static str list_text(struct arena *arena, const str *at, size_t count)
{
    struct buf out;
    buf_init_arena(&out, arena, 4096);
    for (size_t i = 0; i < count; i++)
        buf_addf(&out, "%s%.*s", i ? "," : "", STR_ARG(at[i]));
    return buf_str(&out);
}

static str duration_value(struct arena *arena, const struct setting *setting, duration d)
{
    return d.ns < 0 && setting->words ? str_of(setting->words) : duration_text(arena, d);
}

static str real_text(struct arena *arena, double value)
{
    return str_format(arena, "%.15g", value);
}

static unsigned word_index(const void *at)
{
    unsigned index;
    memcpy(&index, at, sizeof index);
    return index;
}

str config_value_text(struct arena *arena, const struct config *config,
                      const struct setting *setting)
{
    const struct settings *s = &config->settings;
    const void *at = (const char *) config + setting->offset;
    switch (setting->type) {
    case SET_TEXT:
    case SET_LAG:
    case SET_NAME:
    case SET_ACCOUNT:
        return *(const str *) at;
    case SET_DATA:
        return ((const str *) at)->size ? *(const str *) at : STR("memory");
    case SET_BOOL:
        return *(const bool *) at ? STR("true") : STR("false");
    case SET_EITHER:
        return config_table_word(setting->words, *(const bool *) at);
    case SET_WORD:
        return config_table_word(setting->words, word_index(at));
    case SET_U64:
        return str_format(arena, "%llu", (unsigned long long) *(const uint64_t *) at);
    case SET_COUNT:
        return str_format(arena, "%u", *(const unsigned *) at);
    case SET_INT:
        return str_format(arena, "%d", *(const int *) at);
    case SET_REAL:
        return real_text(arena, *(const double *) at);
    case SET_DURATION:
        return duration_value(arena, setting, *(const duration *) at);
    case SET_SIZE:
        return size_text(arena, *(const uint64_t *) at);
    case SET_INSTANT:
        return ((const instant *) at)->ns ? instant_iso8601(arena, *(const instant *) at)
                                          : STR("now");
    case SET_LISTEN:
        return list_text(arena, s->listen, s->listen_count);
    case SET_HOSTS:
        return list_text(arena, s->host_names, s->host_name_count);
    case SET_ALIASES:
        return list_text(arena, s->host_aliases, s->host_alias_count);
    }
    return STR_NONE;
}

void config_value_json(struct json_writer *writer, struct arena *arena, const char *name,
                       const struct config *config, const struct setting *setting)
{
    str text = config_value_text(arena, config, setting), piece;
    switch (setting->type) {
    case SET_BOOL:
    case SET_U64:
    case SET_COUNT:
    case SET_INT:
    case SET_REAL:
        json_raw(writer, name, text);
        return;
    case SET_LISTEN:
    case SET_HOSTS:
    case SET_ALIASES:
        json_array(writer, name);
        while (text.size > 0 && str_next(&text, ',', &piece))
            json_text(writer, NULL, piece);
        json_end(writer);
        return;
    case SET_TEXT:
    case SET_WORD:
    case SET_EITHER:
    case SET_NAME:
    case SET_DURATION:
    case SET_SIZE:
    case SET_INSTANT:
    case SET_ACCOUNT:
    case SET_LAG:
    case SET_DATA:
        json_text(writer, name, text);
        return;
    }
}
