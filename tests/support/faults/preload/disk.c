/* The disk below one folder: slow, full, read-only or broken when the control file says so; and a
 * journal of everything that was written and synced, from which ../driver/image.rs builds what a
 * power cut would have left.
 *
 * A file's own lock is not needed: one lock makes the journal's order the order of the effects. */
#define _GNU_SOURCE
#include "preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 65536

/* What a file descriptor leads to. */
enum kind { ELSEWHERE, A_FILE, A_FOLDER, SHARED_MEMORY };

static unsigned char kinds[MOST_FILES];
static char *folder_paths[MOST_FILES];
static const char *folder;
static size_t folder_length;
static int journal = -1;
static uint64_t journaled;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One entry of the journal; `length` bytes follow it. */
struct entry {
    uint32_t mark;
    uint32_t what;
    uint64_t file; /* its inode */
    uint64_t number;
    uint64_t length;
};
enum what { WRITTEN = 1, CUT, SYNCED, OPENED, FOLDER_SYNCED, REMOVED, RENAMED };
#define MARK 0x6b617373

__attribute__((constructor)) static void begin(void)
{
    const char *named = getenv("KASSA_PRELOAD_FOLDER");
    if (!named) return;
    /* PostgreSQL writes its title over the environment. */
    folder = strdup(named);
    if (!folder) abort();
    folder_length = strlen(folder);
    const char *path = getenv("KASSA_PRELOAD_JOURNAL");
    if (!path) return;
    journal = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal < 0) abort();
}

/* Adds an entry; the lock is held. A test disk that cannot keep its journal is of no use. */
static void note(enum what what, uint64_t file, uint64_t number, const void *bytes, size_t length)
{
    if (journal < 0) return;
    struct entry entry = { MARK, what, file, number, length };
    struct iovec parts[2] = { { &entry, sizeof entry }, { (void *)bytes, length } };
    ssize_t done = syscall(SYS_writev, journal, parts, 2);
    if (done != (ssize_t)(sizeof entry + length)) abort();
    journaled += (uint64_t)done;
}

static uint64_t inode(int fd)
{
    struct stat about;
    return fstat(fd, &about) ? 0 : about.st_ino;
}

static enum kind kind_of(int fd)
{
    return fd >= 0 && fd < MOST_FILES ? kinds[fd] : ELSEWHERE;
}

/* The folder "." is wherever a program works that names its files from there, as PostgreSQL does. */
static bool is_below(const char *path)
{
    if (folder && !strcmp(folder, ".")) return path[0] != '/';
    return folder && !strncmp(path, folder, folder_length) &&
           (path[folder_length] == '/' || !path[folder_length]);
}

static bool ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && !strcmp(path + length - tail, end);
}

/* Whether a call is to fail now, with errno set. */
static bool is_refused(enum control place)
{
    int64_t error = control(place);
    if (!error) return false;
    count(REFUSED);
    errno = (int)error;
    return true;
}

/* A full disk lets files be opened and removed, and takes no new ones. */
static bool is_full(void)
{
    return control(OPEN_ERROR) == ENOSPC;
}

/* ---- opening and closing ---- */

static int open_here(const char *path, int flags, mode_t mode)
{
    bool existed = !syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    bool makes = (flags & O_CREAT) && !existed;
    if ((makes || (writes && !is_full())) && is_refused(OPEN_ERROR)) return -1;
    pthread_mutex_lock(&lock);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int error = errno;
    struct stat about;
    if (fd >= 0 && fd < MOST_FILES && !fstat(fd, &about)) {
        if (S_ISDIR(about.st_mode)) {
            kinds[fd] = A_FOLDER;
            free(folder_paths[fd]);
            folder_paths[fd] = strdup(path);
        } else if (ends_with(path, "-shm")) {
            kinds[fd] = SHARED_MEMORY;
        } else {
            kinds[fd] = A_FILE;
            note(OPENED, about.st_ino, !existed, path, strlen(path));
            if (flags & O_TRUNC) note(CUT, about.st_ino, 0, NULL, 0);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPEN(name)                                                     \
    int name(const char *path, int flags, ...)                         \
    {                                                                  \
        mode_t mode = 0;                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                           \
            va_list more;                                              \
            va_start(more, flags);                                     \
            mode = va_arg(more, mode_t);                               \
            va_end(more);                                              \
        }                                                              \
        if (is_below(path)) return open_here(path, flags, mode);       \
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);  \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                   \
    int name(int from, const char *path, int flags, ...)               \
    {                                                                  \
        mode_t mode = 0;                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                           \
            va_list more;                                              \
            va_start(more, flags);                                     \
            mode = va_arg(more, mode_t);                               \
            va_end(more);                                              \
        }                                                              \
        if (is_below(path)) return open_here(path, flags, mode);       \
        return (int)syscall(SYS_openat, from, path, flags, mode);      \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
    if (kind_of(fd) != ELSEWHERE) {
        pthread_mutex_lock(&lock);
        kinds[fd] = ELSEWHERE;
        free(folder_paths[fd]);
        folder_paths[fd] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return (int)syscall(SYS_close, fd);
}

/* ---- writing ---- */

/* How many of the bytes the disk takes; -1 for none, with errno set. */
static ssize_t takes(int fd, size_t length, off_t at)
{
    if (!control(WRITE_ERROR)) return (ssize_t)length;
    if (control(WRITE_ONLY_GROWTH)) {
        struct stat about;
        if (fstat(fd, &about) || at + (off_t)length <= about.st_size) return (ssize_t)length;
        /* The last block that was free takes a part of it; SQLite asks again for the rest. */
        static _Atomic unsigned turn;
        if (length > 1 && turn++ % 2) return (ssize_t)(length / 2);
    }
    return is_refused(WRITE_ERROR) ? -1 : (ssize_t)length;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t at)
{
    ssize_t taken = takes(fd, length, at);
    if (taken < 0) return -1;
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, (size_t)taken, at);
    if (done > 0 && kind_of(fd) == A_FILE) note(WRITTEN, inode(fd), (uint64_t)at, bytes, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    if (kind_of(fd) == ELSEWHERE) return syscall(SYS_pwrite64, fd, bytes, length, at);
    return write_at(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    return pwrite(fd, bytes, length, at);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (kind_of(fd) == ELSEWHERE) return syscall(SYS_write, fd, bytes, length);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = write_at(fd, bytes, length, at);
    if (done > 0) lseek(fd, at + done, SEEK_SET);
    return done;
}

int ftruncate(int fd, off_t size)
{
    if (kind_of(fd) == ELSEWHERE) return (int)syscall(SYS_ftruncate, fd, size);
    if (takes(fd, 0, size) < 0) return -1;
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (!result && kind_of(fd) == A_FILE) note(CUT, inode(fd), (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

/* Would reach the file past the journal; SQLite is content to write instead. */
int fallocate(int fd, int mode, off_t at, off_t length)
{
    if (kind_of(fd) == ELSEWHERE) return (int)syscall(SYS_fallocate, fd, mode, at, length);
    errno = EOPNOTSUPP;
    return -1;
}

int fallocate64(int fd, int mode, off64_t at, off64_t length)
{
    return fallocate(fd, mode, at, length);
}

/* ---- making it last ---- */

static int sync_here(int fd, long call)
{
    int64_t delay = control(SYNC_DELAY_US);
    if (delay > 0) usleep((useconds_t)delay);
    if (is_refused(SYNC_ERROR)) return -1;
    if (control(SYNC_LIES)) return 0;
    /* What is written while it runs may or may not be in it: here it is not. */
    pthread_mutex_lock(&lock);
    uint64_t until = journaled;
    pthread_mutex_unlock(&lock);
    if (syscall(call, fd)) return -1;
    count(SYNCS);
    pthread_mutex_lock(&lock);
    const char *path = folder_paths[fd];
    if (kind_of(fd) == A_FOLDER && path) {
        note(FOLDER_SYNCED, 0, until, path, strlen(path));
    } else {
        note(SYNCED, inode(fd), until, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd)
{
    return kind_of(fd) == ELSEWHERE ? (int)syscall(SYS_fsync, fd) : sync_here(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return kind_of(fd) == ELSEWHERE ? (int)syscall(SYS_fdatasync, fd) : sync_here(fd, SYS_fdatasync);
}

/* ---- names ---- */

int unlink(const char *path)
{
    if (!is_below(path)) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!is_full() && is_refused(OPEN_ERROR)) return -1;
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!result) note(REMOVED, 0, 0, path, strlen(path));
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to)
{
    if (!is_below(from) && !is_below(to)) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (is_refused(OPEN_ERROR)) return -1;
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (!result) {
        /* Both names, with the zero byte between them. */
        size_t first = strlen(from) + 1, second = strlen(to);
        char *both = malloc(first + second);
        if (!both) abort();
        memcpy(both, from, first);
        memcpy(both + first, to, second);
        note(RENAMED, 0, 0, both, first + second);
        free(both);
    }
    pthread_mutex_unlock(&lock);
    return result;
}
