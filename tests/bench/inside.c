/* inside: what one decision costs, without a server around it; for tests/bench/run.
 *
 *     inside route       a Region picked among LIMIT_REGIONS_PER_MRAP members, with weights
 *     inside policy      a question to a policy of 100 statements, of which the last allows
 *
 * Prints microseconds of the processor per decision, the best of some rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/bug.h"
#include "base/buf.h"
#include "routing/route.h"
#include "server/auth/policy.h"

enum { ROUNDS = 7, DECISIONS = 20000, STATEMENTS = 100 };

static double cpu_us(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e6 + (double) now.tv_nsec / 1e3;
}

/* --- route --- */

struct routing {
    struct route_member members[LIMIT_REGIONS_PER_MRAP];
    struct route_table table;
    struct place client;
};

static void routing_make(struct routing *routing)
{
    size_t count = 0;
    for (region_id id = 0; id < region_count() && count < LIMIT_REGIONS_PER_MRAP; id++)
        routing->members[count++] = (struct route_member){ region_at(id)->code, id, 50 };
    routing->table = (struct route_table){ .members = routing->members, .count = count };
    BUG_UNLESS(place_find(STR("48.86,2.35"), &routing->client));
}

static void route_once(void *ctx, unsigned i)
{
    const struct routing *routing = ctx;
    struct route_choice choice;
    route_pick(&routing->table, &routing->client, REGION_SET_ALL,
               (struct route_draws){ (double) (i % 1000) / 1000, 0.5 }, &choice);
    BUG_UNLESS(choice.member < routing->table.count);
}

/* --- policy --- */

struct asking {
    const struct policy *policy;
    struct policy_question question;
};

static bool no_values(UNUSED void *ctx, UNUSED str key, UNUSED struct policy_values *out)
{
    return false;
}

static const struct policy *policy_of_hundred(struct arena *arena)
{
    struct buf text;
    str why = STR_NONE;
    buf_init_arena(&text, arena, LIMIT_POLICY_BYTES);
    buf_add(&text, STR("{\"Version\":\"2012-10-17\",\"Statement\":["));
    for (int i = 0; i < STATEMENTS - 1; i++)
        buf_addf(&text,
                 "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*Object\","
                 "\"Resource\":\"arn:aws:s3:::bench/team-%d/*/report-*.csv\"},",
                 i);
    buf_add(&text, STR("{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
                       "\"Resource\":\"arn:aws:s3:::bench/*\"}]}"));
    const struct policy *policy =
        policy_parse(arena, buf_str(&text), POLICY_RESOURCE, STR_NONE, &why);
    if (policy == NULL)
        (void) fprintf(stderr, "%.*s\n", STR_ARG(why));
    BUG_UNLESS(policy && !text.overflow);
    return policy;
}

static void policy_once(void *ctx, UNUSED unsigned i)
{
    const struct asking *asking = ctx;
    BUG_UNLESS(policy_evaluate(asking->policy, &asking->question).effect == POLICY_ALLOW);
}

static double best_of(void (*once)(void *ctx, unsigned i), void *ctx)
{
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double began = cpu_us();
        for (unsigned i = 0; i < DECISIONS; i++)
            once(ctx, i);
        double each = (cpu_us() - began) / DECISIONS;
        best = each < best ? each : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    str what = str_of(argc == 2 ? argv[1] : "");
    if (str_is(what, "route")) {
        struct routing routing;
        routing_make(&routing);
        (void) printf("%.3f\n", best_of(route_once, &routing));
    } else if (str_is(what, "policy")) {
        const struct policy_principal who = { .anonymous = true };
        struct asking asking = { .policy = policy_of_hundred(arena),
                                 .question = { .who = &who,
                                               .action = STR("s3:GetObject"),
                                               .resource =
                                                   STR("arn:aws:s3:::bench/team-50/2026/data.json"),
                                               .values = no_values } };
        (void) printf("%.3f\n", best_of(policy_once, &asking));
    } else {
        (void) fprintf(stderr, "usage: inside route|policy\n");
        return 2;
    }
    arena_free(arena);
    return 0;
}
