/* Makes the disk below some files fail while a trigger file exists. Loaded before the C library (LD_PRELOAD).
 *
 *   FAILING_DISK_FILE     files whose path has this in it fail, such as /data/decider.db with its log
 *   FAILING_DISK_TRIGGER  while this file exists. Its first byte says how:
 *                         s: every sync ends with EIO (the bytes may or may not be on the disk)
 *                         w: every write ends with ENOSPC
 *                         h: half of what is to be written is written, the rest ends with ENOSPC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* How this file fails now; 0: it does not. */
static char failure(int fd) {
    const char *file = getenv("FAILING_DISK_FILE"), *trigger = getenv("FAILING_DISK_TRIGGER");
    char link[64], path[PATH_MAX], how = 0;
    ssize_t length;
    int opened;
    if (!file || !trigger) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, file)) return 0;
    opened = open(trigger, O_RDONLY | O_CLOEXEC);
    if (opened < 0) return 0;
    if (read(opened, &how, 1) != 1) how = 0;
    close(opened);
    return how;
}

static int fails(int error) {
    errno = error;
    return -1;
}

int fsync(int fd) { return failure(fd) == 's' ? fails(EIO) : REAL(fsync)(fd); }

int fdatasync(int fd) { return failure(fd) == 's' ? fails(EIO) : REAL(fdatasync)(fd); }

/* The bytes that may be written now; -1: none. */
static ssize_t allowed(int fd, size_t count) {
    switch (failure(fd)) {
        case 'w': return fails(ENOSPC);
        case 'h': return count > 1 ? (ssize_t)(count / 2) : fails(ENOSPC);
        default: return (ssize_t)count;
    }
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t some = allowed(fd, count);
    return some < 0 ? some : REAL(write)(fd, bytes, (size_t)some);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    ssize_t some = allowed(fd, count);
    return some < 0 ? some : REAL(pwrite)(fd, bytes, (size_t)some, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t some = allowed(fd, count);
    return some < 0 ? some : REAL(pwrite64)(fd, bytes, (size_t)some, at);
}
