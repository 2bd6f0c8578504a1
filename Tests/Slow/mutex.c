// What Swift's `Mutex` does when a thread has to wait, told to the thread sanitizer.
//
// A mutex that nobody holds is taken by atomic operations in the code that asks for it, which the sanitizer sees. One that is
// held is taken and given back by the system (FUTEX_LOCK_PI), called from libswiftSynchronization.so, which is not compiled
// with the sanitizer: all that is guarded by the mutex would be a race. Loaded before that library (LD_PRELOAD), these
// functions call its own, and say what happened.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Of the sanitizer's library, which is in the program.
void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void lockSlow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void unlockSlow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lockSlow(uint32_t thread, SELF void *mutex) {
    typedef SWIFT void Function(uint32_t, SELF void *);
    ((Function *)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void unlockSlow(SELF void *mutex) {
    typedef SWIFT void Function(SELF void *);
    __tsan_release(mutex);
    ((Function *)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
