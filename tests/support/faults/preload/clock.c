/* The time of day, shifted. Timers run on the monotonic clock, which nobody sets: it stays. */
#define _GNU_SOURCE
#include "preload.h"

#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define NS_PER_MS 1000000
#define NS_PER_SECOND 1000000000

static void shift(struct timespec *at)
{
    int64_t offset = control(CLOCK_OFFSET_MS);
    if (!offset) return;
    count(CLOCK_READS);
    at->tv_sec += offset / MS_PER_SECOND;
    at->tv_nsec += offset % MS_PER_SECOND * NS_PER_MS;
    if (at->tv_nsec < 0) {
        at->tv_nsec += NS_PER_SECOND;
        at->tv_sec--;
    } else if (at->tv_nsec >= NS_PER_SECOND) {
        at->tv_nsec -= NS_PER_SECOND;
        at->tv_sec++;
    }
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    NEXT(clock_gettime);
    int result = next(clock, at);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(at);
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
