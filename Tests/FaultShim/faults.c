// A disk with faults, for tests: loaded before the C library (LD_PRELOAD), it stands between a program and the system.
//
//     SWAGE_FAULT_FOLDER     the calls that are meant are those about files in this folder, a path without links
//     SWAGE_FAULT_CALLS      read:   all that read
//                            change: all that write, make, rename, truncate or sync
//                            damage: all that write; instead of failing, bytes in the middle become others
//     SWAGE_FAULT_NUMBER     which of these calls fails, counted from 1
//     SWAGE_FAULT_ERROR      the error that it fails with, a number
//     SWAGE_FAULT_LASTING    if set, all calls after it fail too
//     SWAGE_FAULT_INTERRUPT  every so many-th call that reads, writes, truncates or syncs fails with EINTR, none else
//     SWAGE_FAULT_SHORT      if set, reads and writes do no more than a part of what they are asked for
//     SWAGE_FAULT_LOG        a file: a line for each failure, CALL PATH, and at the end the number of calls, calls N

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum calls { none, reading, changing, damaging };

static const char *folder, *logged;
static enum calls meant;
static long number, interval;
static int error, lasts, cuts;
static atomic_long count, transfers;

static long setting(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static void tell(const char *call, const char *subject) {
    if (!logged) return;
    char line[4200];
    int length = snprintf(line, sizeof line, "%s %s\n", call, subject);
    long descriptor = syscall(SYS_openat, AT_FDCWD, logged, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) return;
    syscall(SYS_write, descriptor, line, (size_t)length);
    syscall(SYS_close, descriptor);
}

__attribute__((constructor)) static void begin(void) {
    const char *calls = getenv("SWAGE_FAULT_CALLS");
    if (calls) meant = !strcmp(calls, "read") ? reading : !strcmp(calls, "change") ? changing : damaging;
    number = setting("SWAGE_FAULT_NUMBER");
    error = (int)setting("SWAGE_FAULT_ERROR");
    lasts = getenv("SWAGE_FAULT_LASTING") != NULL;
    interval = setting("SWAGE_FAULT_INTERRUPT");
    cuts = getenv("SWAGE_FAULT_SHORT") != NULL;
    logged = getenv("SWAGE_FAULT_LOG");
    folder = getenv("SWAGE_FAULT_FOLDER");
}

__attribute__((destructor)) static void end(void) {
    char text[24];
    snprintf(text, sizeof text, "%ld", atomic_load(&count));
    if (folder) tell("calls", text);
}

static int is_inside(const char *path) { return folder && !strncmp(path, folder, strlen(folder)); }

// The path of an open file in the folder; 0 if it is none.
static int names(int descriptor, char path[4097]) {
    if (!folder) return 0;
    int saved = errno;
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, 4096);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

// Whether this call is the one that fails.
static int is_due(const char *call, const char *path) {
    long now = atomic_fetch_add(&count, 1) + 1;
    if (number <= 0 || (now != number && !(lasts && now > number))) return 0;
    tell(call, path);
    return 1;
}

static int fails(enum calls calls, const char *call, const char *path) {
    if (meant != calls || !is_due(call, path)) return 0;
    errno = error;
    return 1;
}

static int is_interrupted(void) {
    if (interval <= 0 || (atomic_fetch_add(&transfers, 1) + 1) % interval) return 0;
    errno = EINTR;
    return 1;
}

static size_t part(size_t size) {
    if (!cuts || size < 2) return size;
    size_t left_out = (size_t)(atomic_fetch_add(&transfers, 1) * 2654435761u) % ((size + 1) / 2);
    return size - 1 - left_out;
}

static int reads_fail(int descriptor, const char *call, size_t *size) {
    char path[4097];
    if (!names(descriptor, path)) return 0;
    if (fails(reading, call, path) || is_interrupted()) return 1;
    *size = part(*size);
    return 0;
}

// What is written instead of some bytes; NULL if it is they. The caller frees it.
static void *damaged(const char *path, const void *bytes, size_t size) {
    if (meant != damaging || !is_due("damage", path)) return NULL;
    unsigned char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    memset(copy + size / 2, 0xff, size - size / 2 < 64 ? size - size / 2 : 64);
    return copy;
}

static ssize_t transfer(int descriptor, const void *bytes, size_t size, off_t offset, int is_placed) {
    char path[4097];
    void *copy = NULL;
    if (names(descriptor, path)) {
        if (fails(changing, "write", path) || is_interrupted()) return -1;
        copy = damaged(path, bytes, size);
        size = part(size);
    }
    const void *written = copy ? copy : bytes;
    ssize_t done = is_placed ? syscall(SYS_pwrite64, descriptor, written, size, offset)
                             : syscall(SYS_write, descriptor, written, size);
    free(copy);
    return done;
}

static int change_fails(int descriptor, const char *call) {
    char path[4097];
    struct stat status;
    if (!names(descriptor, path)) return 0;
    // That a folder is synced is more than anybody promises.
    if (fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return 0;
    return fails(changing, call, path) || is_interrupted();
}

// MARK: What stands for the functions of the C library

ssize_t read(int descriptor, void *bytes, size_t size) {
    return reads_fail(descriptor, "read", &size) ? -1 : syscall(SYS_read, descriptor, bytes, size);
}

ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset) {
    return reads_fail(descriptor, "pread", &size) ? -1 : syscall(SYS_pread64, descriptor, bytes, size, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t size, off64_t offset) {
    return pread(descriptor, bytes, size, offset);
}

ssize_t readv(int descriptor, const struct iovec *parts, int parts_count) {
    size_t all = 0;
    return reads_fail(descriptor, "readv", &all) ? -1 : syscall(SYS_readv, descriptor, parts, parts_count);
}

ssize_t write(int descriptor, const void *bytes, size_t size) { return transfer(descriptor, bytes, size, 0, 0); }

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
    return transfer(descriptor, bytes, size, offset, 1);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset) {
    return transfer(descriptor, bytes, size, offset, 1);
}

ssize_t writev(int descriptor, const struct iovec *parts, int parts_count) {
    return change_fails(descriptor, "writev") ? -1 : syscall(SYS_writev, descriptor, parts, parts_count);
}

int fsync(int descriptor) { return change_fails(descriptor, "sync") ? -1 : (int)syscall(SYS_fsync, descriptor); }

int fdatasync(int descriptor) {
    return change_fails(descriptor, "sync") ? -1 : (int)syscall(SYS_fdatasync, descriptor);
}

int ftruncate(int descriptor, off_t size) {
    return change_fails(descriptor, "truncate") ? -1 : (int)syscall(SYS_ftruncate, descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) { return ftruncate(descriptor, size); }

int rename(const char *from, const char *to) {
    if (is_inside(to) && fails(changing, "rename", to)) return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode) {
    if (is_inside(path) && fails(changing, "mkdir", path)) return -1;
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

static int open_at(int directory, const char *path, int flags, mode_t mode) {
    if (flags & O_CREAT && is_inside(path) && fails(changing, "open", path)) return -1;
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define MODE(flags)                                                                                                    \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
    MODE(flags)
    return open_at(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
    MODE(flags)
    return open_at(directory, path, flags, mode);
}
