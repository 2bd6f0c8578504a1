#include "CSIMD.h"

#pragma clang diagnostic ignored "-Wpsabi"

#if defined(__AVX2__) && defined(__FMA__) && !defined(__AVX512F__)

// A tile of 4 rows and 16 columns whose sums fit in the registers; halves of pairs are made floats by shifting.
enum { tile_rows = 4, step = 128 };

/// Adds products for `tile_rows` rows and 16 columns, `left` being pairs of floats: 8 of the low halves, 8 of the high ones.
CSIMD_INLINE void add_products(const float *left, const uint32_t *right, long count, float *tile, long stride) {
    __m256 sums[tile_rows][2];
    #pragma unroll
    for (int row = 0; row < tile_rows; row++) {
        sums[row][0] = _mm256_loadu_ps(tile + row * stride);
        sums[row][1] = _mm256_loadu_ps(tile + row * stride + 8);
    }
    const __m256i upper = _mm256_set1_epi32((int)0xffff0000u);
    for (long pair = 0; pair < count; pair++) {
        __m256 low[2], high[2];
        #pragma unroll
        for (int half = 0; half < 2; half++) {
            const __m256i words = _mm256_loadu_si256((const __m256i *)(right + 16 * pair + 8 * half));
            low[half] = _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
            high[half] = _mm256_castsi256_ps(_mm256_and_si256(words, upper));
        }
        #pragma unroll
        for (int row = 0; row < tile_rows; row++) {
            const __m256 left_low = _mm256_broadcast_ss(left + 16 * pair + row);
            const __m256 left_high = _mm256_broadcast_ss(left + 16 * pair + 8 + row);
            #pragma unroll
            for (int half = 0; half < 2; half++) {
                sums[row][half] = _mm256_fmadd_ps(left_low, low[half], sums[row][half]);
                sums[row][half] = _mm256_fmadd_ps(left_high, high[half], sums[row][half]);
            }
        }
    }
    #pragma unroll
    for (int row = 0; row < tile_rows; row++) {
        _mm256_storeu_ps(tile + row * stride, sums[row][0]);
        _mm256_storeu_ps(tile + row * stride + 8, sums[row][1]);
    }
}

void csimd_multiply_bfloat_pairs(
    const uint32_t *left, const uint32_t *right_first, const uint32_t *right_second, long count, float *tile, long stride) {
    float halves[16 * step];
    for (long start = 0; start < count; start += step) {
        const long length = count - start < step ? count - start : step;
        for (long pair = 0; pair < length; pair++) {
            const __m256i words = _mm256_loadu_si256((const __m256i *)(left + 16 * (start + pair)));
            const __m256i high = _mm256_and_si256(words, _mm256_set1_epi32((int)0xffff0000u));
            _mm256_storeu_ps(halves + 16 * pair, _mm256_castsi256_ps(_mm256_slli_epi32(words, 16)));
            _mm256_storeu_ps(halves + 16 * pair + 8, _mm256_castsi256_ps(high));
        }
        for (int top = 0; top < 8; top += tile_rows) {
            add_products(halves + top, right_first + 16 * start, length, tile + top * stride, stride);
            add_products(halves + top, right_second + 16 * start, length, tile + top * stride + 16, stride);
        }
    }
}

#else

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

#endif
