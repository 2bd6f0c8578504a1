#ifndef SWAGE_TRANSPOSE_EIGHT_H
#define SWAGE_TRANSPOSE_EIGHT_H

#include "CSIMD.h"

/// Eight rows of eight words of four bytes become eight columns, whatever the words are.
///
/// - row_bytes: from one row to the next in `source`.
/// - column_bytes: from one column to the next in `target`.
CSIMD_INLINE void transpose_eight(const void *source, long row_bytes, void *target, long column_bytes) {
    csimd_f32x8 a[8], b[8];
    #pragma unroll
    for (int i = 0; i < 8; i++) memcpy(&a[i], (const char *)source + i * row_bytes, sizeof a[i]);
    #pragma unroll
    for (int i = 0; i < 8; i += 2) {
        b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    #pragma unroll
    for (int i = 0; i < 8; i += 4) {
        a[i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        a[i + 1] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        a[i + 2] = __builtin_shufflevector(b[i + 1], b[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        a[i + 3] = __builtin_shufflevector(b[i + 1], b[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    #pragma unroll
    for (int i = 0; i < 8; i++) memcpy((char *)target + i * column_bytes, &b[i], sizeof b[i]);
}

#endif
