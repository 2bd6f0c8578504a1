// `dispatch_apply` on plain threads, for the thread sanitizer.
//
// The sanitizer does not see how Dispatch hands work to its threads and waits for them: every value that a piece of work reads
// would be a race. Loaded before it (LD_PRELOAD), this does what `DispatchQueue.concurrentPerform` asks for with threads
// that the sanitizer knows.

#include <pthread.h>
#include <stdlib.h>

struct block {
    void *isa;
    int flags, reserved;
    void (*invoke)(struct block *, size_t);
};

struct piece {
    struct block *block;
    size_t number;
};

static void *run(void *argument) {
    struct piece *piece = argument;
    piece->block->invoke(piece->block, piece->number);
    return NULL;
}

void dispatch_apply(size_t count, void *queue, struct block *block) {
    (void)queue;
    pthread_t *threads = calloc(count, sizeof *threads);
    struct piece *pieces = calloc(count, sizeof *pieces);
    for (size_t number = 0; number < count; number++) {
        pieces[number] = (struct piece){block, number};
        if (pthread_create(&threads[number], NULL, run, &pieces[number])) abort();
    }
    for (size_t number = 0; number < count; number++) pthread_join(threads[number], NULL);
    free(threads);
    free(pieces);
}
