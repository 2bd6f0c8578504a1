#include "CSIMD.h"

#pragma clang diagnostic ignored "-Wpsabi"

// Rows of a tile whose sums fit in the registers.
#if defined(__AVX512F__)
enum { rows_at_once = 8 };
#else
enum { rows_at_once = 2 };
#endif

void csimd_multiply_bfloat_pairs(
    const uint32_t *left, const uint32_t *right_first, const uint32_t *right_second, long count, float *tile, long stride) {
    for (int top = 0; top < 8; top += rows_at_once) {
        csimd_f32x16 first[rows_at_once], second[rows_at_once];
        for (int row = 0; row < rows_at_once; row++) {
            memcpy(&first[row], tile + (top + row) * stride, sizeof first[row]);
            memcpy(&second[row], tile + (top + row) * stride + 16, sizeof second[row]);
        }
        for (long pair = 0; pair < count; pair++) {
            csimd_u32x16 right[2];
            memcpy(&right[0], right_first + 16 * pair, sizeof right[0]);
            memcpy(&right[1], right_second + 16 * pair, sizeof right[1]);
            for (int row = 0; row < rows_at_once; row++) {
                const csimd_u32x16 factor = (csimd_u32x16)(left[16 * pair + top + row]);
                first[row] = csimd_add_pair_products(first[row], factor, right[0]);
                second[row] = csimd_add_pair_products(second[row], factor, right[1]);
            }
        }
        for (int row = 0; row < rows_at_once; row++) {
            memcpy(tile + (top + row) * stride, &first[row], sizeof first[row]);
            memcpy(tile + (top + row) * stride + 16, &second[row], sizeof second[row]);
        }
    }
}
