/* One line for each event, whatever its type: clock, who, what, where, result. */
#include "cli/show.h"

#include <stdio.h>

#define WHO_COLUMNS 18
#define WHAT_COLUMNS 42
#define WHERE_COLUMNS 16

static str text(const struct json *event, const char *name)
{
    return json_string(event, name, STR(""));
}

static void show_columns(str at, str who, str what, str where)
{
    str clock = at.size >= 23 ? str_from(at.ptr + 11, 12) : at;
    (void) printf("%-12.*s  %-*.*s  %-*.*s  %-*.*s  ", STR_ARG(clock), WHO_COLUMNS, STR_ARG(who),
                  WHAT_COLUMNS, STR_ARG(what), WHERE_COLUMNS, STR_ARG(where));
}

void show_event_head(void)
{
    show_columns(STR("CLOCK"), STR("CLIENT"), STR("REQUEST"), STR("SENT TO"));
    (void) printf("RESULT\n");
}

/* `a`, then `between`, then `b`, cut where the room ends. */
static str join(char *room, size_t size, str a, const char *between, str b)
{
    int written = snprintf(room, size, "%.*s%s%.*s", STR_ARG(a), between, STR_ARG(b));
    size_t used = written < 0 ? 0 : (size_t) written < size ? (size_t) written : size - 1;
    return str_from(room, used);
}

static void show_freshness(const struct json *event)
{
    str freshness = text(event, "freshness");
    if (freshness.size == 0 || str_is(freshness, "fresh"))
        return;
    (void) printf("  %.*s by %.0f, %.1f s", STR_ARG(freshness), json_number(event, "behind", 0),
                  json_number(event, "age_s", 0));
}

static void show_request(const struct json *event)
{
    char who[128], what[1280];
    str place = text(event, "mrap");
    if (place.size == 0)
        place = text(event, "bucket");
    str client = join(who, sizeof who, text(event, "client"), "@", text(event, "place"));
    str target = join(what, sizeof what, place, "/", text(event, "key"));
    char line[1400];
    str request = join(line, sizeof line, text(event, "method"), " ",
                       place.size ? target : text(event, "api"));
    show_columns(text(event, "at"), client, request, text(event, "region"));
    (void) printf("%.0f", json_number(event, "status", 0));
    str code = text(event, "code"), etag = text(event, "etag"), fault = text(event, "fault");
    if (code.size > 0)
        (void) printf("  %.*s", STR_ARG(code));
    else if (etag.size > 0)
        (void) printf("  %.8s", etag.ptr);
    if (fault.size > 0)
        (void) printf("  fault %.*s", STR_ARG(fault));
    show_freshness(event);
    if (!json_bool(event, "whole", true))
        (void) printf("  cut");
}

static void show_copy(const struct json *event, str type)
{
    char what[1280], line[1400];
    str reason = text(event, "reason"), version = str_first(text(event, "version_id"), 8);
    str object = join(what, sizeof what, text(event, "bucket"), "/", text(event, "key"));
    str target = join(line, sizeof line, object, " ", version);
    show_columns(text(event, "at"), STR("copy"), target, text(event, "to"));
    (void) printf("%.*s", STR_ARG(str_skip(type, strlen("copy."))));
    if (str_is(type, "copy.applied"))
        (void) printf(" after %.1f s", json_number(event, "after_s", 0));
    if (reason.size > 0)
        (void) printf("  %.*s", STR_ARG(reason));
}

static void show_other(const struct json *event, str type)
{
    static const char *const subjects[] = { "fault", "anomaly", "mrap", "reason", NULL };
    str subject = STR("");
    for (size_t i = 0; subject.size == 0 && subjects[i]; i++)
        subject = text(event, subjects[i]);
    show_columns(text(event, "at"), type, subject, text(event, "region"));
    (void) printf("%.*s", STR_ARG(text(event, "detail")));
}

void show_event(const struct json *event)
{
    str type = text(event, "type");
    if (str_is(type, "request"))
        show_request(event);
    else if (str_starts(type, STR("copy.")))
        show_copy(event, type);
    else if (str_is(type, "gap") && json_bool(event, "restarted", false))
        (void) printf("(the server was restarted: what it remembers follows)");
    else if (str_is(type, "gap"))
        (void) printf("(%.0f events were missed)", json_number(event, "missed", 0));
    else
        show_other(event, type);
    (void) printf("\n");
}
