/* A disk that fails on demand, put between a program and its system by LD_PRELOAD.

   It counts what the program asks of files whose names match, and at the n-th of them fails it,
   tears it, or ends the process. What the disk has really taken is kept beside each file as
   NAME.durable, made anew at every sync: a power cut leaves that, and of the rest nobody knows. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4 };
enum { FAIL = 1, KILL = 2, TEAR = 3, LIE = 4, KEEP = 5 };

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static int armed_calls, armed_deed, armed_errno, keeps_durable;
static long first_hit, hit_count, hits;
static char suffix[64];

/* The same from Python: which calls, what to do, from the first-th on, how often, on which files. */
void disk_arm(int calls, int deed, int number, long first, long count, int keeps, const char *ends) {
    pthread_mutex_lock(&counting);
    armed_calls = calls; armed_deed = deed; armed_errno = number;
    first_hit = first; hit_count = count; hits = 0; keeps_durable = keeps;
    snprintf(suffix, sizeof suffix, "%s", ends);
    pthread_mutex_unlock(&counting);
}

long disk_hits(void) { return hits; }

static long clock_offset;

/* The wall clock of this process, so many seconds off. */
void clock_off(long seconds) { clock_offset = seconds; }

int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(which, now);
    if (which == CLOCK_REALTIME) now->tv_sec += clock_offset;
    return result;
}

static int name_of(int fd, char *name) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, PATH_MAX - 1);
    if (length <= 0) return 0;
    name[length] = 0;
    return 1;
}

static int is_ours(const char *name) {
    size_t length = strlen(name), end = strlen(suffix);
    if (end) return length >= end && strcmp(name + length - end, suffix) == 0;
    return strstr(name, ".sqlite") != NULL && strstr(name, ".durable") == NULL;
}

/* Returns the deed if this call is one that was meant. */
static int deed_at(int call, int fd) {
    char name[PATH_MAX];
    int deed = 0;
    if (!(armed_calls & call) || !name_of(fd, name) || !is_ours(name)) return 0;
    pthread_mutex_lock(&counting);
    hits++;
    if (hits >= first_hit && hits < first_hit + hit_count) deed = armed_deed;
    pthread_mutex_unlock(&counting);
    if (deed == KILL) kill(getpid(), SIGKILL);
    return deed;
}

static void keep_durable(int fd) {
    char name[PATH_MAX], part[PATH_MAX + 16], whole[PATH_MAX + 16], data[65536];
    ssize_t (*real_write)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    off_t at = 0;
    ssize_t count;
    if (!name_of(fd, name) || strstr(name, ".sqlite") == NULL) return;
    snprintf(part, sizeof part, "%s.durable-part", name);
    snprintf(whole, sizeof whole, "%s.durable", name);
    int copy = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (copy < 0) return;
    /* Read through the caller's own handle: closing another one would drop its locks. */
    while ((count = pread(fd, data, sizeof data, at)) > 0) {
        if (real_write(copy, data, (size_t)count) != count) break;
        at += count;
    }
    close(copy);
    rename(part, whole);
}

static int synced(const char *call, int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, call);
    switch (deed_at(SYNC, fd)) {
    case FAIL: errno = armed_errno; return -1;
    case LIE: return 0;
    }
    int result = real(fd);
    if (result == 0 && keeps_durable) keep_durable(fd);
    return result;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

#define PWRITE(NAME, OFFSET)                                                                  \
    ssize_t NAME(int fd, const void *data, size_t size, OFFSET at) {                          \
        ssize_t (*real)(int, const void *, size_t, OFFSET) = dlsym(RTLD_NEXT, #NAME);         \
        switch (deed_at(WRITE, fd)) {                                                         \
        case FAIL: errno = armed_errno; return -1;                                            \
        case TEAR: real(fd, data, size / 2, at); kill(getpid(), SIGKILL);                     \
        }                                                                                     \
        return real(fd, data, size, at);                                                      \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    switch (deed_at(WRITE, fd)) {
    case FAIL: errno = armed_errno; return -1;
    case TEAR: real(fd, data, size / 2); kill(getpid(), SIGKILL);
    }
    return real(fd, data, size);
}

#define TRUNCATE_CALL(NAME, OFFSET)                                                           \
    int NAME(int fd, OFFSET size) {                                                           \
        int (*real)(int, OFFSET) = dlsym(RTLD_NEXT, #NAME);                                   \
        if (deed_at(TRUNCATE, fd) == FAIL) { errno = armed_errno; return -1; }                \
        return real(fd, size);                                                                \
    }
TRUNCATE_CALL(ftruncate, off_t)
TRUNCATE_CALL(ftruncate64, off64_t)
