/* files: the body files of a store (segments and files of one body): ids, open descriptors, and
 * when a file may be unlinked.
 *
 * A file is needed while somebody appends to it, a draft pins it, a committed row names it or an
 * open response reads it; when the last of these ends it is doomed, and the next files_reap unlinks
 * it. Rows are told by files_committed, after COMMIT and never before: a file without a row is
 * garbage that the next start sweeps, so a crash in between costs nothing.
 * An id says which kind of file it is (lowest bit), so no read needs the file's row; ids rise and
 * are never used again. At most FILES_IDLE_MAX descriptors stay open without a user.
 * Threads: any; one mutex, held over open(2) but never over unlink(2). Errors: negative errno.
 */
#ifndef ATOLL_STORAGE_FILES_H
#define ATOLL_STORAGE_FILES_H

#include "base/fs.h"
#include "base/lock.h"

#define FILES_IDLE_MAX 256
#define FILES_PATH_MAX 4200 /* PATH_MAX and our own tail */

enum file_kind { FILE_SEGMENT, FILE_OWN };

struct body_file {
    int64_t id;
    int fd;            /* -1: not open */
    unsigned drafts;   /* drafts that pin it */
    unsigned readers;  /* open body readers */
    unsigned fd_users; /* the descriptor must stay while this is not 0 */
    bool writing;      /* a lane or a sink still appends */
    bool named;        /* a committed row names it */
    bool unlinking;
    bool name_synced;        /* its directory entry is on disk; only durability power cares */
    struct body_file *chain; /* of its hash bucket */
    struct body_file *newer, *older; /* idle descriptors, least recently used last */
    struct body_file *doomed;
};

struct files {
    const struct fs *fs;
    char *directory; /* has segments/ and bodies/ */
    struct mutex lock;
    int64_t next; /* what follows is under the lock */
    struct body_file **buckets;
    size_t bucket_count, count;
    struct body_file *newest_idle, *oldest_idle;
    unsigned idle;
    struct body_file *doomed;
};

/* Makes the two directories. `highest` is the highest id that any row names; 0 if none does. */
MUST_CHECK int files_init(struct files *files, const struct fs *fs, const char *directory,
                          int64_t highest);
void files_fini(struct files *files);

/* A new file, open for the caller to append until files_seal. */
MUST_CHECK int files_create(struct files *files, enum file_kind kind, struct body_file **out);
/* Takes `count` ids of either kind out of use for files that come from elsewhere: the even one of
 * the first pair; the others follow it. */
int64_t files_reserve(struct files *files, int64_t count);
/* Where a store in `directory` has the file, and the folder around it. */
void files_path(const char *directory, int64_t id, char out[FILES_PATH_MAX]);
void files_folder(const char *directory, int64_t id, char out[FILES_PATH_MAX]);
void files_pin(struct files *files, struct body_file *file); /* while it is being written */
void files_unpin(struct files *files, int64_t id);
void files_seal(struct files *files, struct body_file *file); /* no more appends */

/* For readers: -ENOENT when the file is gone. files_hold takes it as there without looking: right
 * for a row of a snapshot that no commit has freed a file from (see files_exists). */
MUST_CHECK int files_hold(struct files *files, int64_t id, struct body_file **out);
MUST_CHECK int files_exists(struct files *files, struct body_file *file);
void files_release(struct files *files, struct body_file *file);
/* The descriptor of a held file; it stays until files_fd_done. */
MUST_CHECK int files_fd(struct files *files, struct body_file *file);
void files_fd_done(struct files *files, struct body_file *file);

/* After COMMIT: whether a row names the file now. */
void files_committed(struct files *files, int64_t id, bool named);
void files_reap(struct files *files); /* unlinks what is doomed */
/* Syncs the file, and its directories when it is new. One that no draft pins needs none: whoever
 * dropped the draft gave the body up. */
MUST_CHECK int files_sync(struct files *files, int64_t id);

/* At start: unlinks every file that `is_named` denies. Before any other use. */
MUST_CHECK int files_sweep(struct files *files, bool (*is_named)(void *ctx, int64_t id), void *ctx);

#endif
