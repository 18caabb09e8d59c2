/* Changes of a version in place: tags, ACL, object lock, storage class, fields. They travel to
 * replicas when the plan says so. */
#include "base/fields.h"
#include "storage/txn.h"
#include "storage/version_meta.h"

/* A retention in force is only ever lengthened: weakening GOVERNANCE, and turning it into
 * COMPLIANCE, takes the bypass permission (S3: "Object Lock retention modes"). */
static bool retention_may_become(const struct store_txn *txn, const struct object_meta *old,
                                 const struct object_meta *new, bool bypass)
{
    if (old->lock_mode == LOCK_NONE || !instant_before(txn->now, old->lock_until))
        return true;
    if (new->lock_mode == old->lock_mode && !instant_before(new->lock_until, old->lock_until))
        return true;
    return old->lock_mode == LOCK_GOVERNANCE && bypass;
}

static enum store_result find(struct store_txn *txn, struct store_version_change *change)
{
    bool by_id = str_is_set(change->version_id);
    bool there =
        by_id ? version_row_by_id(txn->db, txn->arena, change->bucket, change->key,
                                  change->version_id, &change->out)
              : version_row_current(txn->db, txn->arena, change->bucket, change->key, &change->out);
    if (!there)
        return by_id ? STORE_NO_VERSION : STORE_NO_KEY;
    if (change->out.marker)
        return by_id ? STORE_IS_MARKER : STORE_NO_KEY;
    return STORE_OK;
}

static bool is_as_judged(const struct version_info *version, const struct field_change *change,
                         const struct fields *fields)
{
    str now = fields_get(fields, change->name);
    return version->stamp_us == change->stamp_us && str_is_set(now) == str_is_set(change->was) &&
           str_eq(now, change->was);
}

static enum store_result change_field(struct store_txn *txn, struct version_info *version,
                                      const struct field_change *change)
{
    struct fields fields = { 0 };
    if (version->meta.fields.size > 0 && !fields_unpack(txn->arena, version->meta.fields, &fields))
        return STORE_BROKEN;
    if (change->judged && !is_as_judged(version, change, &fields))
        return STORE_CONFLICT;
    if (str_is_set(change->value))
        fields_set(txn->arena, &fields, str_of(change->name), change->value);
    else
        fields_remove(&fields, change->name);
    version->meta.fields = fields_pack(txn->arena, &fields);
    return STORE_OK;
}

static enum store_result run_change(struct store_txn *txn, struct store_write *write)
{
    struct store_version_change *change = (struct store_version_change *) write;
    struct bucket_row *bucket = txn_bucket(txn, change->bucket);
    if (!bucket)
        return STORE_NO_BUCKET;
    enum store_result result = find(txn, change);
    if (result != STORE_OK)
        return result;
    if ((change->what & CHANGE_RETENTION) &&
        !retention_may_become(txn, &change->out.meta, &change->meta, change->bypass_governance))
        return STORE_LOCKED;
    if (change->what & CHANGE_FIELDS)
        result = change_field(txn, &change->out, &change->field);
    if (result != STORE_OK)
        return result;
    version_meta_take(&change->out.meta, &change->meta, change->what & ~(unsigned) CHANGE_FIELDS);
    struct store_change told = { .kind = CHANGED_META,
                                 .version = &change->out,
                                 .what = change->what,
                                 .ordinal = txn_ordinal(txn, bucket) };
    struct store_plan plan;
    result = queue_row_plan(txn, bucket, &told, &plan);
    if (result != STORE_OK)
        return result;
    if (plan.count && change->out.repl_status != REPL_STATUS_PENDING_LOST)
        change->out.repl_status = repl_is_replica(change->out.repl_status)
                                      ? REPL_STATUS_REPLICA_PENDING
                                      : REPL_STATUS_PENDING;
    version_row_set_meta(txn, &change->out);
    queue_row_insert(txn, &told, &plan, STR_NONE);
    return STORE_OK;
}

void store_version_change_init(struct store_version_change *change, struct arena *arena)
{
    static const struct store_write_kind kind = { .name = "change", .run = run_change };
    *change = (struct store_version_change){ .head = { .arena = arena, .kind = &kind } };
}

void version_meta_take(struct object_meta *to, const struct object_meta *from, unsigned what)
{
    if (what & CHANGE_TAGS)
        to->tags = from->tags;
    if (what & CHANGE_ACL)
        to->acl = from->acl;
    if (what & CHANGE_RETENTION) {
        to->lock_mode = from->lock_mode;
        to->lock_until = from->lock_until;
    }
    if (what & CHANGE_LEGAL_HOLD)
        to->legal_hold = from->legal_hold;
    if (what & CHANGE_STORAGE_CLASS)
        to->storage_class = from->storage_class;
    if (what & CHANGE_FIELDS)
        to->fields = from->fields;
}
