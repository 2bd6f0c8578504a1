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

// The vectors of a tile of sums that are beside each other.
enum { tile_vectors = 2 };

/// Adds to a tile of sums, one after the other, the products of each row's number with vectors; `rows` is a constant where this
/// is called, so that the sums stay in registers.
CSIMD_INLINE void add_outer_products(
    const int rows, const float *left, long left_step, const float *right, long right_step, long count,
    lanes (*sums)[tile_vectors]) {
    for (long index = 0; index < count; index++) {
        lanes others[tile_vectors];
        load_lanes(others, tile_vectors, right + index * right_step);
        #pragma unroll
        for (int row = 0; row < rows; row++) {
            const lanes factor = (lanes)(left[index * left_step + row]);
            #pragma unroll
            for (int v = 0; v < tile_vectors; v++) sums[row][v] = CSIMD_MULTIPLY_ADD(factor, others[v], sums[row][v]);
        }
    }
}

#endif
