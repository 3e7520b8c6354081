/* What the parts of the preloaded library share. See ../driver/preload.rs, which compiles it. */
#ifndef KASSA_PRELOAD_H
#define KASSA_PRELOAD_H

#include <stdint.h>

/* The places of the control file: 64-bit numbers that the test writes while the server runs. */
enum control {
    CLOCK_OFFSET_MS, /* added to the time of day */
    SYNC_DELAY_US,   /* every fsync takes so much longer */
    WRITE_ERROR,     /* errno of writes and of making files longer; 0 for none */
    WRITE_ONLY_GROWTH, /* 1: only what needs more space fails, and in the middle of it */
    SYNC_ERROR,      /* errno of fsync and fdatasync */
    OPEN_ERROR,      /* errno of making, opening for writing, renaming and removing files;
                        ENOSPC only of making and renaming */
    SYNC_LIES,       /* 1: fsync says that it is done and does nothing */
    SYNCS = 16,      /* counted here: syncs that were done */
    REFUSED,         /* counted here: calls that were refused */
    CLOCK_READS,     /* counted here: times of day that were handed out shifted */
    CONTROL_PLACES = 32
};

/* A number of the control file; 0 without one. */
int64_t control(enum control place);
/* Counts one more. */
void count(enum control place);

/* The next function of that name, after ours. */
#define NEXT(name)                                                     \
    static __typeof__(&name) next;                                     \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#endif
