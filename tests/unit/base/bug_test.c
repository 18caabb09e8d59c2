/* A bug ends the process and says where. */
#include "tests/unit/test.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"

TEST(a_bug_names_its_place_and_aborts)
{
    int ends[2], status;
    char text[256] = { 0 };
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        (void) signal(SIGABRT, SIG_DFL);
        (void) dup2(ends[1], STDERR_FILENO);
        bug_stop("here.c", 12, "queue is full");
    }
    (void) close(ends[1]);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    (void) close(ends[0]);
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(text, "atoll: bug at here.c:12: queue is full\n");
}

TEST(what_holds_is_passed_over)
{
    BUG_UNLESS(1 + 1 == 2);
}
