// OpenBLAS takes address space when it is loaded, for each processor, and tries again for ever if it gets none; no signal
// is handled by then. Whether there is enough is seen here, before any library is initialized.

#if defined(__linux__) && !defined(__ANDROID__)

#define _GNU_SOURCE

#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

// What the libraries and a small model take, and for each processor a thread's stack, its heap, and a buffer of OpenBLAS,
// which uses no more than so many.
static const rlim_t base = (rlim_t)512 << 20;
static const rlim_t perProcessor = (rlim_t)192 << 20;
static const rlim_t mostProcessors = 128;

static rlim_t processorCount(void) {
    static unsigned long mask[1024];
    if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) != 0) return mostProcessors;
    rlim_t count = 0;
    for (size_t i = 0; i < sizeof mask / sizeof *mask; i++) count += (rlim_t)__builtin_popcountl(mask[i]);
    return count < mostProcessors ? count : mostProcessors;
}

static size_t append(char *text, size_t length, const char *words) {
    while (*words) text[length++] = *words++;
    return length;
}

static size_t appendNumber(char *text, size_t length, unsigned long long number) {
    char digits[24];
    size_t count = 0;
    do digits[count++] = '0' + number % 10;
    while (number /= 10);
    while (count) text[length++] = digits[--count];
    return length;
}

static void demandAddressSpace(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    rlim_t needed = base + perProcessor * processorCount();
    if (limit.rlim_cur >= needed) return;
    char text[256];
    size_t length = append(text, 0, "swage: the process may have ");
    length = appendNumber(text, length, limit.rlim_cur >> 10);
    length = append(text, length, " KiB of address space; it needs ");
    length = appendNumber(text, length, needed >> 10);
    length = append(text, length, " KiB on this machine\n  raise the limit (ulimit -v), or use fewer processors (taskset)\n");
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
    _exit(4);
}

__attribute__((section(".preinit_array"), used)) static void (*const check)(void) = demandAddressSpace;

#endif
