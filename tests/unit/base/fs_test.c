/* The disk: whole writes, replaced files, planned failures. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

static char *in(struct arena *arena, const char *directory, const char *name)
{
    return str_c(arena, str_format(arena, "%s/%s", directory, name));
}

TEST(bytes_come_back_from_where_they_were_written)
{
    struct arena *arena = arena_new();
    const struct fs *fs = fs_real();
    char bytes[8];
    SCOPED_FD int fd = fs->open(fs, in(arena, test_directory(), "f"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fs_write_all(fs, fd, "abcdef", 6, 2), 0);
    assert_int_equal(fs_read_all(fs, fd, bytes, 6, 2), 0);
    assert_memory_equal(bytes, "abcdef", 6);
    assert_int_equal(fs_read_all(fs, fd, bytes, 8, 2), -ENODATA);
    assert_int_equal(fs->sync(fs, fd), 0);
    arena_free(arena);
}

TEST(errors_are_negative_errno)
{
    const struct fs *fs = fs_real();
    assert_int_equal(fs->open(fs, "/nonexistent/x", O_RDONLY, 0), -ENOENT);
    assert_int_equal(fs->unlink(fs, "/nonexistent/x"), -ENOENT);
    assert_int_equal(fs->rename(fs, "/nonexistent/x", "/nonexistent/y"), -ENOENT);
    assert_int_equal(fs->link(fs, "/nonexistent/x", "/nonexistent/y"), -ENOENT);
    assert_int_equal(fs->sync(fs, -1), -EBADF);
    assert_int_equal(fs_write_all(fs, -1, "x", 1, 0), -EBADF);
}

TEST(directories_are_made_with_their_parents)
{
    struct arena *arena = arena_new();
    const char *base = test_directory();
    struct stat info;
    char *deep = in(arena, base, "a//b/c/");
    assert_int_equal(fs_make_dirs(fs_real(), deep), 0);
    assert_int_equal(fs_make_dirs(fs_real(), deep), 0);
    assert_int_equal(stat(in(arena, base, "a/b/c"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    char *file = in(arena, base, "file");
    assert_int_equal(fs_replace_file(file, STR("x"), 0600), 0);
    assert_int_equal(fs_make_dirs(fs_real(), file), -ENOTDIR);
    assert_int_equal(fs_make_dirs(fs_real(), in(arena, base, "file/x")), -ENOTDIR);
    assert_int_equal(fs_make_dirs(fs_real(), ""), -ENOENT);
    arena_free(arena);
}

TEST(a_replaced_file_has_the_new_bytes_and_mode_and_leaves_nothing_beside)
{
    struct arena *arena = arena_new();
    const char *directory = test_directory();
    char *path = in(arena, directory, "config.json");
    struct stat info;
    str text;
    assert_int_equal(fs_replace_file(path, STR("old and longer"), 0644), 0);
    assert_int_equal(fs_replace_file(path, STR("new"), 0600), 0);
    assert_int_equal(fs_read_file(arena, path, 100, &text), 0);
    assert_str(text, "new");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(fs_replace_file(in(arena, directory, "no/file"), STR("x"), 0600), -ENOENT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0); /* so nothing else was there */
    arena_free(arena);
}

TEST(reading_is_bounded)
{
    struct arena *arena = arena_new();
    char *path = in(arena, test_directory(), "f");
    str text = STR("kept");
    assert_int_equal(fs_replace_file(path, STR("12345"), 0600), 0);
    assert_int_equal(fs_read_file(arena, path, 4, &text), -EFBIG);
    assert_str(text, "kept");
    assert_int_equal(fs_read_file(arena, path, 5, &text), 0);
    assert_str(text, "12345");
    assert_int_equal(fs_read_file(arena, "/nonexistent", 5, &text), -ENOENT);
    assert_int_equal(fs_replace_file(path, STR(""), 0600), 0);
    assert_int_equal(fs_read_file(arena, path, 0, &text), 0);
    assert_int_equal(text.size, 0);
    arena_free(arena);
}

TEST(removing_a_tree_does_not_follow_links)
{
    struct arena *arena = arena_new();
    const char *base = test_directory();
    char *keep = in(arena, base, "keep"), *tree = in(arena, base, "tree");
    struct stat info;
    assert_int_equal(fs_make_dirs(fs_real(), keep), 0);
    assert_int_equal(fs_make_dirs(fs_real(), in(arena, tree, "sub")), 0);
    assert_int_equal(fs_replace_file(in(arena, keep, "f"), STR("x"), 0600), 0);
    assert_int_equal(fs_replace_file(in(arena, tree, "sub/f"), STR("x"), 0600), 0);
    assert_int_equal(symlink(keep, in(arena, tree, "link")), 0);
    fs_remove_tree(tree);
    assert_int_equal(stat(tree, &info), -1);
    assert_int_equal(stat(in(arena, keep, "f"), &info), 0);
    fs_remove_tree(tree);
    arena_free(arena);
}

TEST(the_planned_call_fails_whatever_it_is)
{
    struct arena *arena = arena_new();
    const char *directory = test_directory();
    struct fs_failing failing;
    fs_failing_init(&failing, fs_real());
    const struct fs *fs = &failing.fs;
    failing.fail_at = 2;
    failing.error = ENOSPC;
    SCOPED_FD int fd = fs->open(fs, in(arena, directory, "f"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fs_write_all(fs, fd, "x", 1, 0), -ENOSPC);
    assert_int_equal(fs_write_all(fs, fd, "x", 1, 0), 0);
    failing.sticky = true;
    assert_int_equal(fs->sync(fs, fd), -ENOSPC);
    assert_int_equal(fs->mkdir(fs, in(arena, directory, "d"), 0700), -ENOSPC);
    assert_int_equal(fs->rename(fs, "a", "b"), -ENOSPC);
    assert_int_equal(fs->link(fs, "a", "b"), -ENOSPC);
    assert_int_equal(fs->unlink(fs, "a"), -ENOSPC);
    assert_int_equal(fs_read_all(fs, fd, &(char){ 0 }, 1, 0), -ENOSPC);
    assert_int_equal(failing.calls, 9);
    arena_free(arena);
}
