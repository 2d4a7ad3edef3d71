/* SPDX-License-Identifier: Apache-2.0 */
/* What front and auditor cannot do any more, each tried in a process of its own; and, so that not
 * everything is simply dead, what they still can. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/confine/confine.h"
#include "daemon/confine/landlock.h"
#include "test/unit/suite.h"

#define FILE_THERE "/etc/passwd"
#define CANNOT_CONFINE 99
#ifdef KF_INSTRUMENTED
#define CONFINES false /* a build for sanitizers or coverage */
#else
#define CONFINES true
#endif
#define PAGE 4096

typedef bool (*confinement)(struct kf_error *err);

/* Each returns 0 where it could be done. They are prepared before the confinement: sockets[] is a
 * pair, page is writable memory, child a process that waits. */
static int sockets[2];
static char *page;
static pid_t child;

static int opens(void)
{
    return open(FILE_THERE, O_RDONLY | O_CLOEXEC) < 0;
}

static int opens_for_writing(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC) < 0;
}

static int makes_a_file(void)
{
    return memfd_create("new", MFD_CLOEXEC) < 0;
}

static int lists(void)
{
    struct stat status;

    return stat(FILE_THERE, &status);
}

static int makes_a_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int makes_an_internet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int connects(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

    return connect(sockets[0], (struct sockaddr *)&to, sizeof to);
}

static int executes(void)
{
    char name[] = "true", *arguments[] = {name, NULL};

    return execv("/bin/true", arguments);
}

static int forks(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0;
}

static int traces(void)
{
    return (int)ptrace(PTRACE_ATTACH, child, NULL, NULL);
}

static int kills(void)
{
    return kill(child, SIGKILL);
}

static int makes_code(void)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int makes_data_code(void)
{
    return mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static int maps_a_file(void)
{
    return mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0) == MAP_FAILED;
}

static int sets_an_option(void)
{
    int one = 1;

    return setsockopt(sockets[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
}

static int reads_another_option(void)
{
    int value;
    socklen_t size = sizeof value;

    return getsockopt(sockets[0], SOL_SOCKET, SO_TYPE, &value, &size);
}

static int writes_to_the_terminal(void)
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static int duplicates(void)
{
    return fcntl(sockets[0], F_DUPFD_CLOEXEC, 100) < 0;
}

static int is_dumpable_again(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int (*const forbidden[])(void) = {
    opens,
    opens_for_writing,
    makes_a_file,
    lists,
    makes_a_socket,
    makes_an_internet_socket,
    connects,
    executes,
    forks,
    traces,
    kills,
    makes_code,
    makes_data_code,
    maps_a_file,
    sets_an_option,
    reads_another_option,
    writes_to_the_terminal,
    duplicates,
    is_dumpable_again,
};

/* Messages, memory in pieces that need all of the allocator, the time. */
static int works(void)
{
    char byte = 'x';
    void *small = malloc(100), *large = malloc(4 << 20);
    struct tm utc;
    time_t now = time(NULL);
    bool good = small && large;

    large = realloc(large, 16 << 20);
    good = good && large && send(sockets[0], &byte, 1, MSG_NOSIGNAL) == 1 &&
           recv(sockets[1], &byte, 1, 0) == 1 && gmtime_r(&now, &utc);
    free(large);
    free(small);
    return !good;
}

/* The status of a process that is confined and then tries. */
static int try_confined(confinement confine, int (*attempt)(void))
{
    int status;
    pid_t pid;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    pid = fork();
    if (pid == 0) {
        struct kf_error err = {0};

        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        _exit(confine && !confine(&err) ? CANNOT_CONFINE : attempt());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    munmap(page, PAGE);
    close(sockets[0]);
    close(sockets[1]);
    return status;
}

static bool killed_by_the_filter(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

START_TEST(what_is_needed_still_works)
{
    ck_assert_int_eq(try_confined(confine_front, works), 0);
    ck_assert_int_eq(try_confined(confine_auditor, works), 0);
}
END_TEST

START_TEST(nothing_else_does)
{
    for (size_t i = 0; CONFINES && i < sizeof forbidden / sizeof *forbidden; i++) {
        int front = try_confined(confine_front, forbidden[i]);
        int auditor = try_confined(confine_auditor, forbidden[i]);

        ck_assert_msg(killed_by_the_filter(front), "front, attempt %zu: status %x", i, front);
        ck_assert_msg(killed_by_the_filter(auditor), "auditor, attempt %zu: status %x", i, auditor);
    }
}
END_TEST

/* With a peer's credentials, which only the front reads. */
static int reads_the_peer(void)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(sockets[0], SOL_SOCKET, SO_PEERCRED, &peer, &size);
}

static int accepts(void)
{
    /* No listening socket: the kernel says so, which is not 0, and not the filter either. */
    return accept4(sockets[0], NULL, NULL, SOCK_CLOEXEC) != -1 || errno != EINVAL;
}

static int syncs(void)
{
    return fdatasync(sockets[0]) != -1 || errno != EINVAL;
}

/* As the C library and the stack protector end a process. */
static int aborts(void)
{
    abort();
}

START_TEST(each_has_its_own_list)
{
    int aborted;

    if (!CONFINES)
        return;
    aborted = try_confined(confine_front, aborts);
    ck_assert(WIFSIGNALED(aborted) && WTERMSIG(aborted) == SIGABRT);
    ck_assert_int_eq(try_confined(confine_front, reads_the_peer), 0);
    ck_assert_int_eq(try_confined(confine_front, accepts), 0);
    ck_assert(killed_by_the_filter(try_confined(confine_front, syncs)));
    ck_assert_int_eq(try_confined(confine_auditor, syncs), 0);
    ck_assert(killed_by_the_filter(try_confined(confine_auditor, reads_the_peer)));
    ck_assert(killed_by_the_filter(try_confined(confine_auditor, accepts)));
}
END_TEST

static bool landlock_only(struct kf_error *err)
{
    unsigned version;

    return landlock_enter(&version, err) == PART_IN_FORCE;
}

static int opening_is_refused(void)
{
    return !(opens() && errno == EACCES && opens_for_writing() && errno == EACCES);
}

static int executing_is_refused(void)
{
    return !(executes() && errno == EACCES);
}

START_TEST(landlock_alone_refuses_files)
{
    unsigned version;
    struct kf_error err = {0};
    int refused = try_confined(landlock_only, opening_is_refused);

    /* The same without it: the files are there. */
    ck_assert_int_ne(try_confined(NULL, opening_is_refused), 0);
    if (WIFEXITED(refused) && WEXITSTATUS(refused) == CANNOT_CONFINE) {
        /* Only where the kernel does not have it. */
        ck_assert_int_eq(landlock_enter(&version, &err), PART_ABSENT);
        return;
    }
    ck_assert_int_eq(refused, 0);
    ck_assert_int_eq(try_confined(landlock_only, executing_is_refused), 0);
}
END_TEST

SUITE_MAIN("confine", what_is_needed_still_works, nothing_else_does, each_has_its_own_list,
           landlock_alone_refuses_files)
