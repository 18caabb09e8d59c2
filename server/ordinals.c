/* The file of ordinals: one fixed layout, mapped; see ordinals.h. Another layout (of an older
 * atoll) begins at nothing, since a wrong count is worse than none. */
#include "server/ordinals.h"

#include <string.h>

#include "base/arena.h"
#include "base/fs.h"

#define LAYOUT 0x31303061746f6c6cu /* changes with struct ordinals */

int ordinals_open(const char *directory, struct ordinals **out)
{
    struct arena *arena = arena_new();
    const char *path = str_c(arena, str_format(arena, "%s/ordinals", directory));
    void *bytes = NULL;
    int error = fs_map_file(path, sizeof **out, &bytes);
    arena_free(arena);
    if (error != 0)
        return error;
    *out = bytes;
    bool fresh = (*out)->layout != LAYOUT;
    if (fresh) {
        memset(bytes, 0, sizeof **out);
        (*out)->layout = LAYOUT;
    }
    (*out)->fresh = fresh;
    return 0;
}

void ordinals_close(struct ordinals *ordinals)
{
    if (ordinals)
        fs_unmap(ordinals, sizeof *ordinals);
}

_Atomic uint64_t *ordinals_of_client(struct ordinals *ordinals, uint64_t name)
{
    uint64_t wanted = name | 1;
    for (size_t i = 0; i < ORDINALS_CLIENTS; i++) {
        struct ordinals_client *slot =
            &ordinals->clients[((wanted >> 1) + i) & (ORDINALS_CLIENTS - 1)];
        if (slot->name == 0)
            slot->name = wanted;
        if (slot->name == wanted)
            return &slot->draws;
    }
    return NULL;
}
