/* From what happened to the message of each target that asked for it (AWS: "Event message
 * structure", version 2.1). */
#include "server/notifications.h"

#include "base/encode.h"
#include "base/json.h"
#include "server/config.h"
#include "server/configs.h"
#include "server/deliveries.h"
#include "server/events.h"
#include "server/operations.h"
#include "server/s3/xml.h"
#include "server/world.h"
#include "storage/queue.h"

#define MESSAGE_BYTES 16384 /* the key three times its size, and what stands around it */

struct sender { /* who caused it, as the message shows */
    struct notifications_from from;
    str account, address, id;
};

/* ---- who wants it ---- */

/* "s3:ObjectCreated:*" takes all that begin so. */
static bool event_fits(str wanted, str name)
{
    if (!str_starts(wanted, STR("s3:")))
        return false;
    wanted = str_skip(wanted, 3);
    if (wanted.size > 0 && wanted.ptr[wanted.size - 1] == '*')
        return str_starts(name, str_first(wanted, wanted.size - 1));
    return str_eq(wanted, name);
}

static bool rule_fits(const struct xml *rule, str key)
{
    str value = xml_text(rule, "Value");
    if (str_eq_nocase(str_trim(xml_text(rule, "Name")), STR("prefix")))
        return str_starts(key, value);
    return key.size >= value.size && str_eq(str_skip(key, key.size - value.size), value);
}

bool notifications_wanted(const struct xml *configuration, const struct notification *what)
{
    const struct xml *key = xml_child(xml_child(configuration, "Filter"), "S3Key");
    const struct xml *rule = xml_child(key, "FilterRule");
    const struct xml *event = xml_child(configuration, "Event");
    for (; rule; rule = xml_next(rule, "FilterRule"))
        if (!rule_fits(rule, what->key))
            return false;
    for (; event; event = xml_next(event, "Event"))
        if (event_fits(str_trim(event->text), what->name))
            return true;
    return str_is(configuration->name, "EventBridgeConfiguration");
}

/* ---- the message ---- */

/* As a form writes it: "the key name is URL encoded", a blank is a plus. */
static str key_of_form(struct arena *arena, str key)
{
    str encoded = encode_uri(arena, key, true);
    struct buf buf;
    buf_init_arena(&buf, arena, 3 * key.size + 1);
    while (encoded.size > 0) {
        size_t at = str_find(encoded, STR("%20"));
        buf_add(&buf, str_first(encoded, at));
        if (at < encoded.size)
            buf_add(&buf, STR("+"));
        encoded = str_skip(encoded, at < encoded.size ? at + 3 : at);
    }
    return buf_str(&buf);
}

/* Grows with each event of a key, as AWS's does: by the emulated clock, then by the commit. */
static str sequencer(const struct sender *sender, instant now)
{
    uint64_t commits = store_commit_count(sender->from.world->store);
    return str_format(sender->from.arena, "%014llX%08llX", (unsigned long long) (now.ns / 1000),
                      (unsigned long long) (commits & 0xFFFFFFFF));
}

static void write_one_text(struct json_writer *w, const char *object, const char *name, str value)
{
    json_object(w, object);
    json_text(w, name, value);
    json_end(w);
}

static void write_bucket(struct json_writer *w, const struct sender *sender)
{
    const struct bucket_info *bucket = sender->from.bucket;
    json_object(w, "bucket");
    json_text(w, "name", bucket->name);
    write_one_text(w, "ownerIdentity", "principalId", bucket->account);
    json_text(w, "arn", str_format(sender->from.arena, "arn:aws:s3:::%.*s", STR_ARG(bucket->name)));
    json_end(w);
}

static void write_object(struct json_writer *w, const struct sender *sender,
                         const struct notification *what, instant now)
{
    json_object(w, "object");
    json_text(w, "key", key_of_form(sender->from.arena, what->key));
    if (what->has_object) {
        json_integer(w, "size", (int64_t) what->size_bytes);
        json_text(w, "eTag", what->etag);
    }
    if (what->version_id.size > 0 && !str_is(what->version_id, VERSION_NULL))
        json_text(w, "versionId", what->version_id);
    json_text(w, "sequencer", sequencer(sender, now));
    json_end(w);
}

/* AWS: "replicationEventData" of the replication events. */
static void write_replication(struct json_writer *w, const struct sender *sender,
                              const struct notification *what)
{
    static const char *const operations[] = { [CHANGED_PUT] = "OBJECT_PUT",
                                              [CHANGED_MARKER] = "OBJECT_DELETE",
                                              [CHANGED_META] = "OBJECT_PUT_METADATA" };
    const struct queue_row *copy = what->copy;
    const char *operation = operations[copy->kind];
    if (copy->kind == CHANGED_META && copy->what == CHANGE_TAGS)
        operation = "OBJECT_PUT_TAGGING";
    else if (copy->kind == CHANGED_META && copy->what == CHANGE_ACL)
        operation = "OBJECT_PUT_ACL";
    json_object(w, "replicationEventData");
    json_text(w, "replicationRuleId", copy->rule);
    json_text(w, "destinationBucket",
              str_format(sender->from.arena, "arn:aws:s3:::%.*s", STR_ARG(copy->destination)));
    json_text(w, "s3Operation", str_of(operation));
    json_text(w, "requestTime", instant_iso8601(sender->from.arena, copy->queued_at));
    if (what->failure.size > 0)
        json_text(w, "failureReason", what->failure);
    json_end(w);
}

/* The versions of AWS's records: 2.1, and 2.3 for the kinds that came later ("eventVersion"). */
static str event_version(str name)
{
    if (str_starts(name, STR("Replication:")))
        return STR("2.2");
    static const char *const later[] = { "Lifecycle", "IntelligentTiering",
                                         "ObjectAcl:", "ObjectTagging:", "ObjectRestore:Delete" };
    for (size_t i = 0; i < COUNT(later); i++)
        if (str_starts(name, str_of(later[i])))
            return STR("2.3");
    return STR("2.1");
}

/* What some kinds have beside s3, in a member of their own. */
static void write_more(struct json_writer *w, const struct sender *sender,
                       const struct notification *what)
{
    if (str_is(what->name, "ObjectRestore:Completed")) {
        json_object(w, "glacierEventData");
        json_object(w, "restoreEventData");
        json_text(w, "lifecycleRestorationExpiryTime",
                  instant_iso8601(sender->from.arena, what->expiry));
        json_text(w, "lifecycleRestoreStorageClass", what->storage_class);
        json_end(w);
        json_end(w);
    } else if (str_is(what->name, "LifecycleTransition")) {
        json_object(w, "lifecycleEventData");
        write_one_text(w, "transitionEventData", "destinationStorageClass", what->storage_class);
        json_end(w);
    }
}

static void write_record(struct json_writer *w, const struct sender *sender,
                         const struct notification *what, str id, instant now)
{
    json_object(w, NULL);
    json_text(w, "eventVersion", event_version(what->name));
    json_text(w, "eventSource", STR("aws:s3"));
    json_text(w, "awsRegion", sender->from.bucket->region);
    json_text(w, "eventTime", instant_iso8601(sender->from.arena, now));
    json_text(w, "eventName", what->name);
    write_one_text(w, "userIdentity", "principalId", sender->account);
    write_one_text(w, "requestParameters", "sourceIPAddress", sender->address);
    json_object(w, "responseElements");
    json_text(w, "x-amz-request-id", sender->id);
    json_text(w, "x-amz-id-2", sender->id);
    json_end(w);
    json_object(w, "s3");
    json_text(w, "s3SchemaVersion", STR("1.0"));
    json_text(w, "configurationId", id);
    write_bucket(w, sender);
    write_object(w, sender, what, now);
    json_end(w);
    write_more(w, sender, what);
    if (what->copy)
        write_replication(w, sender, what);
    json_end(w);
}

static str message(const struct sender *sender, const struct notification *what, str id,
                   instant now)
{
    struct buf buf;
    struct json_writer w;
    buf_init_arena(&buf, sender->from.arena, MESSAGE_BYTES);
    json_begin(&w, &buf);
    json_object(&w, NULL);
    json_array(&w, "Records");
    write_record(&w, sender, what, id, now);
    json_end(&w);
    json_end(&w);
    return buf_str(&buf);
}

/* ---- sending ---- */

static str target_of(const struct xml *configuration)
{
    static const char *const elements[] = { "Topic", "Queue", "CloudFunction" };
    for (size_t i = 0; i < COUNT(elements); i++)
        if (xml_child(configuration, elements[i]))
            return str_trim(xml_text(configuration, elements[i]));
    return STR("eventbridge");
}

const struct delivery_target *notifications_target(const struct world *world, struct arena *arena,
                                                   str arn)
{
    const struct config *config = configs_of(world->configs, arena);
    for (size_t i = 0; config && i < config->document.target_count; i++)
        if (str_eq(config->document.targets[i].arn, arn))
            return &config->document.targets[i].to;
    return NULL;
}

static void send(const struct sender *sender, const struct notification *what,
                 const struct xml *configuration)
{
    instant now = clock_now(sender->from.world->clock);
    struct event event = { .kind = EVENT_NOTIFICATION, .at = now };
    event.text[EVENT_ID] = sender->id;
    event.text[EVENT_BUCKET] = sender->from.bucket->name;
    event.text[EVENT_REGION] = sender->from.bucket->region;
    event.text[EVENT_KEY] = what->key;
    event.text[EVENT_VERSION_ID] = what->version_id;
    event.text[EVENT_REASON] = what->name;
    event.text[EVENT_DESTINATION] = target_of(configuration);
    event.text[EVENT_DETAIL] = message(sender, what, xml_text(configuration, "Id"), now);
    const struct delivery_target *target =
        notifications_target(sender->from.world, sender->from.arena, event.text[EVENT_DESTINATION]);
    if (target)
        deliveries_give(sender->from.world->deliveries, target, event.text[EVENT_DETAIL]);
    events_emit(sender->from.world->events, &event);
}

static void send_to_all(const struct sender *sender, const struct notification *what)
{
    const struct notifications_from *from = &sender->from;
    str inside;
    if (store_config_get(from->reader, from->arena, from->bucket->id, STR(NOTIFICATIONS_KIND),
                         STR(""), &inside) != STORE_OK ||
        inside.size == 0)
        return;
    const struct xml *root =
        xml_parse(from->arena, str_format(from->arena, "<r>%.*s</r>", STR_ARG(inside)));
    for (const struct xml *one = root ? root->child : NULL; one; one = one->next)
        if (notifications_wanted(one, what))
            send(sender, what, one);
}

void notifications_of_request(struct request *rq, const struct notification *what)
{
    if (!store_bucket_may_have(&rq->bucket, STR(NOTIFICATIONS_KIND)))
        return;
    const struct sender sender = { .from = { .world = rq->world,
                                             .reader = rq->lane->reader,
                                             .arena = rq->arena,
                                             .bucket = &rq->bucket },
                                   .account = rq->who.account,
                                   .address = rq->peer,
                                   .id = rq->id };
    send_to_all(&sender, what);
}

void notifications_created(struct request *rq, const struct version_info *version)
{
    static const char *const names[][2] = {
        { "PutObject", "ObjectCreated:Put" },
        { "PostObject", "ObjectCreated:Post" },
        { "CopyObject", "ObjectCreated:Copy" },
        { "CompleteMultipartUpload", "ObjectCreated:CompleteMultipartUpload" },
        { "PutObjectTagging", "ObjectTagging:Put" },
        { "DeleteObjectTagging", "ObjectTagging:Delete" },
        { "PutObjectAcl", "ObjectAcl:Put" },
        { "RestoreObject", "ObjectRestore:Post" },
    };
    for (size_t i = 0; rq->op && i < COUNT(names); i++)
        if (strcmp(rq->op->name, names[i][0]) == 0) {
            const struct notification what = { .name = str_of(names[i][1]),
                                               .key = version->key,
                                               .version_id = version->id,
                                               .has_object = true,
                                               .etag = version->etag,
                                               .size_bytes = version->size_bytes };
            notifications_of_request(rq, &what);
        }
}

/* AWS: what S3 does by itself shows S3 as who did it. */
void notifications_of_world(const struct notifications_from *from, const struct notification *what)
{
    const struct sender sender = { .from = *from,
                                   .account = STR("s3.amazonaws.com"),
                                   .address = STR("s3.amazonaws.com") };
    send_to_all(&sender, what);
}
