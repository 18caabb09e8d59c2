/* What clients of a simulated world do: each step is a request or two, and what the model is told
 * of the answer. Threads: the driver's. */
#ifndef ATOLL_TESTS_SIM_CLIENTS_H
#define ATOLL_TESTS_SIM_CLIENTS_H

#include "tests/sim/requests.h"

static bool is_full(const struct sim *sim)
{
    return sim->count + 8 > SIM_VERSIONS;
}

static void step_put(struct sim *sim)
{
    struct sim_version made = { .key = some_key(sim), .body = some_body(sim) };
    struct ask ask = {
        .method = "PUT", .bucket = somewhere(sim), .path = made.key, .body = made.body
    };
    if (chance(sim, 15)) {
        ask.headers[0][0] = "If-None-Match";
        ask.headers[0][1] = "*";
    } else if (chance(sim, 20)) {
        ask.headers[0][0] = "x-amz-tagging";
        ask.headers[0][1] = "t=born";
    }
    struct got got = tell(sim, &ask);
    made.id = got.version;
    if (got.status == 200)
        sim_written(sim, got.bucket, &made);
}

static void step_delete(struct sim *sim)
{
    struct sim_version made = { .key = some_key(sim), .marker = true };
    struct got got =
        tell(sim, &(struct ask){ .method = "DELETE", .bucket = somewhere(sim), .path = made.key });
    made.id = got.version;
    if (got.status == 204)
        sim_written(sim, got.bucket, &made);
}

static struct sim_version *some_version(struct sim *sim)
{
    return sim->count ? &sim->versions[draw(sim, (unsigned) sim->count)] : NULL;
}

static void step_remove(struct sim *sim)
{
    struct sim_version *version = some_version(sim);
    bool held[SIM_REGIONS] = { 0 };
    if (version == NULL)
        return;
    sim_holders(sim, version, held);
    str path =
        str_format(sim->arena, "%.*s?versionId=%.*s", STR_ARG(version->key), STR_ARG(version->id));
    struct got got =
        tell(sim, &(struct ask){ .method = "DELETE", .bucket = somewhere(sim), .path = path });
    if (got.status == 204)
        sim_removed(sim, version, got.bucket, held);
}

/* --- changes in place --- */

static const char *const lists[] = { "private", "bucket-owner-read", "bucket-owner-full-control" };

/* The request, and what the version must say afterwards; unset: whatever it says. */
static struct ask change_of(struct sim *sim, enum sim_aspect aspect, str *after)
{
    unsigned number = draw(sim, 1000);
    struct ask ask = { .method = "PUT" };
    struct fields tags = { 0 };
    *after = STR_NONE;
    switch (aspect) {
    case SIM_TAGS:
        ask.method = number < 200 ? "DELETE" : "PUT";
        ask.path = STR("tagging");
        if (number >= 200)
            ask.body = str_format(sim->arena,
                                  "<Tagging><TagSet><Tag><Key>t</Key><Value>t%u</Value></Tag>"
                                  "</TagSet></Tagging>",
                                  number);
        if (number >= 200)
            fields_add(sim->arena, &tags, STR("t"), str_format(sim->arena, "t%u", number));
        *after = number >= 200 ? fields_pack(sim->arena, &tags) : STR("");
        return ask;
    case SIM_ACL:
        ask.path = STR("acl");
        ask.headers[0][0] = "x-amz-acl";
        ask.headers[0][1] = lists[number % COUNT(lists)];
        return ask;
    case SIM_HOLD:
        ask.path = STR("legal-hold");
        ask.body = str_format(sim->arena, "<LegalHold><Status>%s</Status></LegalHold>",
                              number % 2 ? "ON" : "OFF");
        *after = number % 2 ? STR("ON") : STR("OFF");
        return ask;
    case SIM_RETENTION:
    case SIM_ASPECTS:
        break;
    }
    ask.path = STR("retention");
    ask.body = str_format(sim->arena,
                          "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>%u-06-01T00:00:00Z"
                          "</RetainUntilDate></Retention>",
                          2030 + number % 60);
    return ask;
}

static void step_change(struct sim *sim)
{
    struct sim_version *version = some_version(sim);
    if (version == NULL)
        return;
    bool lock = sim->locks && chance(sim, 50);
    enum sim_aspect aspect = lock ? SIM_HOLD + draw(sim, 2) : SIM_TAGS + draw(sim, 2);
    str after;
    struct ask ask = change_of(sim, aspect, &after);
    ask.path = str_format(sim->arena, "%.*s?%.*s&versionId=%.*s", STR_ARG(version->key),
                          STR_ARG(ask.path), STR_ARG(version->id));
    /* Where it has just been written, more often than elsewhere: while its first copy is coming. */
    ask.bucket = chance(sim, 50) ? sim->names[version->origin] : somewhere(sim);
    struct got got = tell(sim, &ask);
    if (got.status == 200 || got.status == 204)
        sim_changed(sim, version, got.bucket, &(struct sim_change){ aspect, after });
}

/* --- copies and uploads --- */

static void step_copy(struct sim *sim)
{
    struct sim_version made = { .key = some_key(sim) };
    str key = some_key(sim);
    str there = some_bucket(sim);
    str source = str_format(sim->arena, "/%.*s/%.*s", STR_ARG(there), STR_ARG(key));
    struct got got =
        tell(sim, &(struct ask){ .method = "PUT",
                                 .bucket = some_bucket(sim),
                                 .path = made.key,
                                 .headers = { { "x-amz-copy-source", source.ptr },
                                              { "x-amz-metadata-directive", "REPLACE" },
                                              { "x-amz-tagging-directive", "REPLACE" },
                                              { "x-amz-meta-copied", "yes" } } });
    if (got.status != 200)
        return;
    struct sim_version *from = sim_find(sim, key, got.source_version);
    if (from == NULL)
        SIM_FAIL(sim, "%.*s was copied from a version that nobody wrote", STR_ARG(made.key));
    else
        made.body = from->body;
    made.id = got.version;
    sim_written(sim, got.bucket, &made);
}

static void step_get(struct sim *sim)
{
    str key = some_key(sim);
    struct got got =
        tell(sim, &(struct ask){ .method = "GET", .bucket = somewhere(sim), .path = key });
    const struct sim_version *version = sim_find(sim, key, got.version);
    if (got.status == 200 && (version == NULL || !str_eq(version->body, got.body)))
        SIM_FAIL(sim, "GET %.*s returned what nobody wrote: %.*s", STR_ARG(key), STR_ARG(got.body));
}

static str element(struct sim *sim, str xml, const char *name)
{
    str open = str_format(sim->arena, "<%s>", name);
    size_t at = str_find(xml, open);
    str rest = str_skip(xml, at + open.size);
    return at == xml.size ? STR_NONE : str_first(rest, str_find_char(rest, '<'));
}

static void upload_begin(struct sim *sim)
{
    sim->upload = (struct sim_upload){ .key = some_key(sim) };
    str path = str_format(sim->arena, "%.*s?uploads", STR_ARG(sim->upload.key));
    struct got got =
        tell(sim, &(struct ask){ .method = "POST", .bucket = somewhere(sim), .path = path });
    sim->upload.id = element(sim, got.body, "UploadId");
    sim->upload.open = got.status == 200;
}

/* Through the access point it may meet another Region, which knows of no such upload. */
static void upload_part(struct sim *sim)
{
    struct sim_upload *upload = &sim->upload;
    str body = some_body(sim);
    str path = str_format(sim->arena, "%.*s?partNumber=%u&uploadId=%.*s", STR_ARG(upload->key),
                          upload->count + 1, STR_ARG(upload->id));
    struct got got = tell(
        sim,
        &(struct ask){ .method = "PUT", .bucket = somewhere(sim), .path = path, .body = body });
    if (got.status != 200)
        return;
    upload->bodies[upload->count] = body;
    upload->etags[upload->count++] = got.etag;
}

static void upload_complete(struct sim *sim)
{
    struct sim_upload *upload = &sim->upload;
    struct sim_version made = { .key = upload->key };
    struct buf xml, body;
    buf_init_arena(&xml, sim->arena, 65536);
    buf_init_arena(&body, sim->arena, 65536);
    buf_add(&xml, STR("<CompleteMultipartUpload>"));
    for (unsigned i = 0; i < upload->count; i++) {
        buf_addf(&xml, "<Part><PartNumber>%u</PartNumber><ETag>%.*s</ETag></Part>", i + 1,
                 STR_ARG(upload->etags[i]));
        buf_add(&body, upload->bodies[i]);
    }
    buf_add(&xml, STR("</CompleteMultipartUpload>"));
    str path =
        str_format(sim->arena, "%.*s?uploadId=%.*s", STR_ARG(upload->key), STR_ARG(upload->id));
    struct got got = tell(
        sim, &(struct ask){
                 .method = "POST", .bucket = somewhere(sim), .path = path, .body = buf_str(&xml) });
    if (got.status != 200)
        return;
    upload->open = false;
    made.body = buf_str(&body);
    made.id = got.version;
    sim_written(sim, got.bucket, &made);
}

static void step_upload(struct sim *sim)
{
    if (!sim->upload.open || chance(sim, 5))
        upload_begin(sim);
    else if (sim->upload.count == 0 || (sim->upload.count < SIM_PARTS && chance(sim, 40)))
        upload_part(sim);
    else
        upload_complete(sim);
}

#endif
