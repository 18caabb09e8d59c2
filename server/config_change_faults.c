/* Faults by name: those of the new document are put, those that only the old one had are taken away
 * unless somebody has replaced them since. */
#include "server/config_changing.h"
#include "server/faults.h"

/* The document of this name in the store; unset when there is none. */
static str fault_there(const struct config_changing *changing, str name)
{
    const struct config_making *making = &changing->making;
    str body = STR_NONE;
    store_read_begin(making->lane->reader);
    if (store_doc_get(making->lane->reader, making->arena, STR("fault"), name, &body) != STORE_OK)
        return STR_NONE;
    return body;
}

static bool is_said(const struct config *config, str name)
{
    for (size_t i = 0; i < config->document.fault_count; i++)
        if (str_eq(config->document.faults[i].fault.name, name))
            return true;
    return false;
}

/* A world holds FAULTS_MOST; those that were added by hand count too. */
void config_change_faults_judge(struct config_changing *changing)
{
    const struct config_making *making = &changing->making;
    struct store_doc_list list = { 0 };
    size_t count = making->config->document.fault_count;
    store_read_begin(making->lane->reader);
    if (store_doc_list(making->lane->reader, making->arena, STR("fault"), &list) == STORE_OK)
        for (size_t i = 0; i < list.count; i++)
            count +=
                !is_said(making->config, list.at[i].id) && !is_said(changing->old, list.at[i].id);
    if (count > FAULTS_MOST)
        config_problems_add(changing->problems, making->config->document.faults[0].at,
                            STR("faults"),
                            "with those that were added by hand these are %zu, and a world holds "
                            "%d: atoll fault clear",
                            count, FAULTS_MOST);
}

static void put_faults(struct config_changing *changing, struct store_doc *docs, size_t *count)
{
    const struct config_document *next = &changing->making.config->document;
    for (size_t i = 0; i < next->fault_count; i++) {
        const struct fault *fault = &next->faults[i].fault;
        struct store_doc doc = faults_doc(changing->making.arena, fault->name, fault);
        if (str_eq(doc.body, fault_there(changing, fault->name)))
            continue;
        docs[(*count)++] = doc;
        config_change_note(changing, &changing->out->changed, "faults.%.*s", STR_ARG(fault->name));
    }
}

static void drop_faults(struct config_changing *changing, struct store_doc *docs, size_t *count)
{
    const struct config_document *old = &changing->old->document;
    for (size_t i = 0; i < old->fault_count; i++) {
        const struct fault *fault = &old->faults[i].fault;
        str there = fault_there(changing, fault->name);
        if (is_said(changing->making.config, fault->name) || !str_is_set(there))
            continue;
        struct store_doc doc = faults_doc(changing->making.arena, fault->name, fault);
        bool kept = !str_eq(there, doc.body);
        config_change_note(changing, kept ? &changing->out->kept : &changing->out->changed,
                           "faults.%.*s", STR_ARG(fault->name));
        if (!kept)
            docs[(*count)++] = faults_doc(changing->making.arena, fault->name, NULL);
    }
}

bool config_change_faults_apply(struct config_changing *changing)
{
    struct config_making *making = &changing->making;
    size_t count = 0,
           most = making->config->document.fault_count + changing->old->document.fault_count;
    struct store_doc *docs = ARENA_ARRAY(making->arena, struct store_doc, most);
    put_faults(changing, docs, &count);
    drop_faults(changing, docs, &count);
    if (count == 0)
        return true;
    struct changes_pending said = config_change_before(changing, docs, count);
    if (!config_making_commit(making, "fault", docs, count))
        return false;
    faults_reload(making->world->faults, making->lane->reader);
    changes_after(&said);
    return true;
}
