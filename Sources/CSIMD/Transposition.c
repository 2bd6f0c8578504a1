#include "CSIMD.h"

#pragma clang diagnostic ignored "-Wpsabi"

/// Writes eight rows of eight numbers as columns: target[16 j + i] = source[row_step · i + j].
static inline __attribute__((always_inline)) void transpose_eight(const float *source, long row_step, float *target) {
    csimd_f32x8 rows[8], pairs[8], fours[8];
    for (int row = 0; row < 8; row++) memcpy(&rows[row], source + row_step * row, sizeof rows[row]);
    for (int row = 0; row < 8; row += 2) {
        pairs[row] = __builtin_shufflevector(rows[row], rows[row + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        pairs[row + 1] = __builtin_shufflevector(rows[row], rows[row + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int row = 0; row < 8; row += 4) {
        for (int half = 0; half < 2; half++) {
            const csimd_f32x8 low = pairs[row + half], high = pairs[row + 2 + half];
            fours[row + 2 * half] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
            fours[row + 2 * half + 1] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    }
    for (int column = 0; column < 4; column++) {
        const csimd_f32x8 left = fours[column], right = fours[column + 4];
        const csimd_f32x8 low = __builtin_shufflevector(left, right, 0, 1, 2, 3, 8, 9, 10, 11);
        const csimd_f32x8 high = __builtin_shufflevector(left, right, 4, 5, 6, 7, 12, 13, 14, 15);
        memcpy(target + 16 * column, &low, sizeof low);
        memcpy(target + 16 * (column + 4), &high, sizeof high);
    }
}

void csimd_transpose(const float *source, long row_step, long half_step, float *target) {
    for (int half = 0; half < 2; half++) {
        for (int column = 0; column < 16; column += 8)
            transpose_eight(source + half_step * half + column, row_step, target + 16 * column + 8 * half);
    }
}
