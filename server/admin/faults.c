/* Faults by hand: a rule is a document, committed first and in force when the answer goes out. */
#include "server/admin/call.h"
#include "server/changes.h"
#include "server/event_of.h"
#include "server/faults.h"

struct fault_change {
    struct store_write write;
    struct store_doc *docs;
    size_t count;
    struct changes_pending said;
    str name; /* of one; empty: all were removed */
    int status;
};

static enum s3_code show_all(struct request *rq)
{
    struct buf buf;
    struct json_writer w;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    json_begin(&w, &buf);
    json_object(&w, NULL);
    json_array(&w, "faults");
    faults_show_all(rq->world->faults, &w);
    json_end(&w);
    json_end(&w);
    return admin_reply(rq, &buf);
}

static enum s3_code show_one(struct request *rq, str name, int status)
{
    struct buf buf;
    struct json_writer w;
    buf_init_arena(&buf, rq->arena, LIMIT_ANSWER_BYTES);
    json_begin(&w, &buf);
    if (!faults_show(rq->world->faults, name, &w))
        return admin_unknown_fault(rq, name);
    request_reply(rq, status, "application/json", buf_str(&buf));
    return S3_OK;
}

static enum s3_code committed(struct request *rq)
{
    struct fault_change *change = admin_call_of(rq)->state;
    if (change->write.result == STORE_EXISTS)
        return admin_problem(
            rq, 409, "fault-exists",
            str_format(rq->arena, "there is a fault '%.*s' already", STR_ARG(change->name)),
            STR("PUT /_atoll/v1/faults/{name} replaces it"));
    if (change->write.result != STORE_OK)
        return admin_store_problem(rq, change->write.result);
    faults_reload(rq->world->faults, rq->lane->reader);
    changes_after(&change->said);
    event_of_change(rq->world, EVENT_FAULT, change->name,
                    change->status ? STR("set") : STR("removed"));
    return change->status ? show_one(rq, change->name, change->status) : show_all(rq);
}

static enum s3_code submit(struct admin_call *call, struct fault_change *change)
{
    call->state = change;
    store_docs_init(&change->write, call->rq->arena);
    change->write.docs = change->docs;
    change->write.doc_count = change->count;
    change->said = (struct changes_pending){ call->rq->lane, call->rq->arena, call->rq,
                                             change->docs,   change->count,   NULL };
    changes_before(&change->said);
    return request_write(call->rq, &change->write, committed);
}

static bool is_there(struct request *rq, str name)
{
    str body;
    return store_doc_get(rq->lane->reader, rq->arena, STR("fault"), name, &body) == STORE_OK;
}

/* "fault-1", ... : the first that is free. */
static str free_name(struct request *rq)
{
    for (unsigned i = 1;; i++) {
        str name = str_format(rq->arena, "fault-%u", i);
        if (!is_there(rq, name))
            return name;
    }
}

/* A rule for a client that nobody is would never act. False, and the problem stands. */
static bool client_is_there(struct request *rq, const struct fault *fault)
{
    str client = fault->match[FAULT_CLIENT];
    bool glob =
        str_find_char(client, '*') < client.size || str_find_char(client, '?') < client.size;
    return client.size == 0 || glob || str_is(client, "default") || admin_client(rq, client);
}

static enum s3_code put(struct admin_call *call, str name, bool is_new)
{
    struct request *rq = call->rq;
    struct fault *fault = ARENA_NEW(rq->arena, struct fault);
    struct fault_change *change = ARENA_NEW(rq->arena, struct fault_change);
    str error, hint;
    if (!fault_parse(rq->arena, call->document, fault, &error, &hint))
        return admin_problem(rq, 400, "bad-fault", error, hint);
    if (!client_is_there(rq, fault))
        return S3_OK;
    if (str_is_set(name) && fault->name.size > 0 && !str_eq(name, fault->name))
        return admin_problem(rq, 400, "bad-fault", STR("the name in the path is another one"),
                             STR_NONE);
    if (str_is_set(name) && !fault_name_is_valid(name))
        return admin_problem(rq, 400, "bad-fault", STR("this is no name for a fault"), STR_NONE);
    if (str_is_set(name))
        fault->name = name;
    if (fault->name.size == 0)
        fault->name = free_name(rq);
    if (!is_there(rq, fault->name) && faults_count(rq->world->faults) >= FAULTS_MOST)
        return admin_problem(rq, 409, "too-many-faults", STR("there are 256 faults already"),
                             STR_NONE);
    change->name = fault->name;
    change->status = is_new ? 201 : 200;
    change->docs = ARENA_NEW(rq->arena, struct store_doc);
    change->docs[0] = faults_doc(rq->arena, fault->name, fault);
    change->docs[0].if_absent = is_new;
    change->count = 1;
    return submit(call, change);
}

enum s3_code admin_faults(struct admin_call *call)
{
    return show_all(call->rq);
}

enum s3_code admin_fault(struct admin_call *call)
{
    return show_one(call->rq, call->args[0], 200);
}

enum s3_code admin_post_fault(struct admin_call *call)
{
    return put(call, STR_NONE, true);
}

enum s3_code admin_put_fault(struct admin_call *call)
{
    return put(call, call->args[0], false);
}

enum s3_code admin_delete_fault(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct fault_change *change = ARENA_NEW(rq->arena, struct fault_change);
    if (!is_there(rq, call->args[0]))
        return show_one(rq, call->args[0], 200);
    change->name = call->args[0];
    change->docs = ARENA_NEW(rq->arena, struct store_doc);
    change->docs[0] = faults_doc(rq->arena, change->name, NULL);
    change->count = 1;
    return submit(call, change);
}

enum s3_code admin_delete_faults(struct admin_call *call)
{
    struct request *rq = call->rq;
    struct fault_change *change = ARENA_NEW(rq->arena, struct fault_change);
    struct store_doc_list list = { 0 };
    enum store_result result = store_doc_list(rq->lane->reader, rq->arena, STR("fault"), &list);
    if (result != STORE_OK)
        return admin_store_problem(rq, result);
    for (size_t i = 0; i < list.count; i++)
        list.at[i].body = STR_NONE;
    change->docs = list.at;
    change->count = list.count;
    return submit(call, change);
}
