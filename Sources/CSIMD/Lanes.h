#ifndef SWAGE_LANES_H
#define SWAGE_LANES_H

#include "CSIMD.h"

// The widest vectors that the processor has registers for.
#if defined(__AVX512F__)
typedef csimd_f32x16 lanes;
#elif defined(__AVX__)
typedef csimd_f32x8 lanes;
#else
typedef float lanes __attribute__((ext_vector_type(4)));
#endif

/// Loads vectors once, not by every instruction that uses them.
CSIMD_INLINE void load_lanes(lanes *target, int count, const float *source) {
    memcpy(target, source, count * sizeof *target);
#if defined(__x86_64__)
    #pragma unroll
    for (int i = 0; i < count; i++) __asm__("" : "+v"(target[i]));
#endif
}

#endif
