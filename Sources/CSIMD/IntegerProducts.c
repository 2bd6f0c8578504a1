#include "CSIMD.h"
#include "TransposeEight.h"

#pragma clang diagnostic ignored "-Wpsabi"

// A tile of sums stays in registers: rows of the input by sixteen outputs, or eight where registers are shorter.
#if defined(__AVX512VNNI__)
enum { tile_rows = 8, tile_outputs = 16 };
typedef csimd_f32x16 lanes;
typedef csimd_i32x16 integers;
#else
enum { tile_rows = 4, tile_outputs = 8 };
typedef csimd_f32x8 lanes;
typedef int32_t integers __attribute__((ext_vector_type(8)));
#endif
enum { block = 16 };

/// Adds to each sum the products of `words` times four numbers; what is added up before it has 32 bits are `chunk` words.
///
/// A chunk of 0 stands for numbers of eight bits, of which two products may not fit in 16 bits.
CSIMD_INLINE void add_dots(
    const int rows, const int words, const int chunk, const uint32_t *input, const uint32_t *weights,
    const int32_t *starts, integers *dots) {
#if defined(__AVX512VNNI__)
    #pragma unroll
    for (int row = 0; row < rows; row++) dots[row] = (integers)(starts[row]);
    #pragma unroll
    for (int word = 0; word < words; word++) {
        __m512i right;
        memcpy(&right, weights + block * word, sizeof right);
        #pragma unroll
        for (int row = 0; row < rows; row++)
            dots[row] = (integers)_mm512_dpbusd_epi32(
                (__m512i)dots[row], right, _mm512_set1_epi32((int)input[block * word + row]));
    }
#elif defined(__AVX2__)
    const __m256i ones = _mm256_set1_epi16(1);
    const int length = chunk == 0 ? 1 : chunk < words ? chunk : words;
    #pragma unroll
    for (int row = 0; row < rows; row++)
        dots[row] = chunk == 0 ? (integers)(0) : (integers)(starts[row]);
    #pragma unroll
    for (int start = 0; start < words; start += length) {
        __m256i parts[tile_rows];
        #pragma unroll
        for (int word = start; word < start + length; word++) {
            __m256i right;
            memcpy(&right, weights + block * word, sizeof right);
            __m256i magnitudes = right;
            if (chunk == 0) {
                right = _mm256_xor_si256(right, _mm256_set1_epi8(-128));
                magnitudes = _mm256_abs_epi8(right);
            }
            #pragma unroll
            for (int row = 0; row < rows; row++) {
                __m256i left = _mm256_set1_epi32((int)input[block * word + row]);
                if (chunk == 0) left = _mm256_sign_epi8(left, right);
                const __m256i products = _mm256_maddubs_epi16(magnitudes, left);
                parts[row] = word == start ? products : _mm256_add_epi16(parts[row], products);
            }
        }
        #pragma unroll
        for (int row = 0; row < rows; row++)
            dots[row] += (integers)_mm256_madd_epi16(parts[row], ones);
    }
#else
    for (int row = 0; row < rows; row++) {
        dots[row] = (integers)(starts[row]);
        for (int word = 0; word < words; word++)
            for (int lane = 0; lane < tile_outputs; lane++)
                for (int byte = 0; byte < 4; byte++) {
                    const int32_t left = (int8_t)(input[block * word + row] >> 8 * byte);
                    const int32_t right = (uint8_t)(weights[block * word + lane] >> 8 * byte);
                    dots[row][lane] += left * right;
                }
    }
#endif
}

/// Adds the products over `count` groups to a tile of sums.
CSIMD_INLINE void add_tile(
    const int rows, const int words, const int chunk, const csimd_integer_rows *input, int top,
    const csimd_integer_weights *weights, int left, long first, long count, float *tile) {
    lanes sums[tile_rows];
    #pragma unroll
    for (int row = 0; row < rows; row++) memcpy(&sums[row], tile + block * row, sizeof sums[row]);
    for (long group = first; group < first + count; group++) {
        integers dots[tile_rows];
        add_dots(
            rows, words, chunk, input->numbers + block * words * group + top,
            weights->numbers + block * words * group + left, input->starts + block * group + top, dots);
        lanes scales;
        memcpy(&scales, weights->scales + block * group + left, sizeof scales);
        const float *factors = input->scales + block * (words == 8 ? group : group / 2) + top;
        #pragma unroll
        for (int row = 0; row < rows; row++) {
            const lanes factor = scales * (lanes)(factors[row]);
            sums[row] = CSIMD_MULTIPLY_ADD(__builtin_convertvector(dots[row], lanes), factor, sums[row]);
        }
        if (weights->offsets) {
            lanes offsets;
            memcpy(&offsets, weights->offsets + block * group + left, sizeof offsets);
            const float *totals = input->sums + block * group + top;
            #pragma unroll
            for (int row = 0; row < rows; row++)
                sums[row] = CSIMD_MULTIPLY_ADD(offsets, (lanes)(totals[row]), sums[row]);
        }
    }
    #pragma unroll
    for (int row = 0; row < rows; row++) memcpy(tile + block * row, &sums[row], sizeof sums[row]);
}

#define TILE(number) \
    case number: add_tile(number, words, chunk, input, top, weights, left, first, count, tile); break;

CSIMD_INLINE void add_tile_of(
    int rows, const int words, const int chunk, const csimd_integer_rows *input, int top,
    const csimd_integer_weights *weights, int left, long first, long count, float *tile) {
    switch (rows) {
        TILE(1)
        TILE(2)
        TILE(3)
        TILE(4)
#if defined(__AVX512VNNI__)
        TILE(5)
        TILE(6)
        TILE(7)
        TILE(8)
#endif
    }
}

CSIMD_INLINE void multiply_block(
    const int words, const int chunk, const csimd_integer_rows *input, int rows, const csimd_integer_weights *weights,
    long columns, float *output, long stride, int outputs) {
    const long groups = columns / (4 * words);
    // The weights of 512 columns stay in the first cache while the rows' numbers of these columns pass.
    const long step = 128 / words;
    float sums[CSIMD_INTEGER_BLOCKS][block * block];
    memset(sums, 0, (rows + block - 1) / block * sizeof *sums);
    for (long first = 0; first < groups; first += step) {
        const long count = groups - first < step ? groups - first : step;
        for (int row = 0; row < rows; row += block) {
            const int height = rows - row < block ? rows - row : block;
            for (int left = 0; left < outputs; left += tile_outputs)
                for (int top = 0; top < height; top += tile_rows)
                    add_tile_of(
                        height - top < tile_rows ? height - top : tile_rows, words, chunk, input + row / block, top,
                        weights, left, first, count, sums[row / block] + block * top + left);
        }
    }
    for (int row = 0; row < rows; row++)
        memcpy(output + row * stride, sums[row / block] + block * (row % block), outputs * sizeof(float));
}

void csimd_multiply_integers(
    const csimd_integer_rows *input, int rows, const csimd_integer_weights *weights, long columns, int group_length,
    int greatest, float *output, long stride, int outputs) {
#if defined(__AVX512VNNI__) || !defined(__AVX2__)
    const int room = 1;
#else
    // So many sums of two products of such numbers and −127 to 127 fit in 16 bits.
    const int room = greatest > 128 ? 0 : 32767 / (2 * 127 * greatest);
#endif
#define BLOCK(words, chunk) multiply_block(words, chunk, input, rows, weights, columns, output, stride, outputs)
    if (group_length == 32) {
        if (room >= 8) BLOCK(8, 8);
        else if (room >= 4) BLOCK(8, 4);
        else if (room >= 2) BLOCK(8, 2);
        else if (room == 1) BLOCK(8, 1);
        else BLOCK(8, 0);
    } else {
        if (room >= 4) BLOCK(4, 4);
        else if (room >= 2) BLOCK(4, 2);
        else if (room == 1) BLOCK(4, 1);
        else BLOCK(4, 0);
    }
}

/// The greatest magnitude of 32 numbers; not a number if one of them is none.
CSIMD_INLINE float greatest_magnitude(csimd_f32x16 a, csimd_f32x16 b) {
    // Without their signs floats are in the order of their bits, with infinity and what is not a number above all others.
    const csimd_u32x16 first = (csimd_u32x16)a & 0x7fffffff, second = (csimd_u32x16)b & 0x7fffffff;
    const uint32_t bits = __builtin_reduce_max(__builtin_elementwise_max(first, second));
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

void csimd_round_to_integers(
    const float *rows, long stride, int count, long columns, int group_length, int lowest, uint32_t *numbers,
    float *scales, int32_t *starts, float *sums, uint8_t *room) {
    for (int row = 0; row < count; row++) {
        int8_t *const target = (int8_t *)room + row * columns;
        for (long start = 0; start < columns; start += 32) {
            csimd_f32x16 values[2];
            memcpy(values, rows + row * stride + start, sizeof values);
            const float greatest = greatest_magnitude(values[0], values[1]);
            // What is not finite stays so in the scale.
            const float inverse = greatest > 0x1p-100f ? 127 / greatest : 0;
            const float scale = greatest <= 0x1p-100f ? 0 : greatest * (1 / 127.0f);
            int32_t totals[2];
            for (int half = 0; half < 2; half++) {
                const csimd_f32x16 rounded = csimd_round(values[half] * inverse);
                const csimd_i32x16 integers = __builtin_convertvector(
                    csimd_minimum(csimd_maximum(rounded, (csimd_f32x16)(-127.0f)), (csimd_f32x16)(127.0f)), csimd_i32x16);
                const csimd_i8x16 bytes = __builtin_convertvector(integers, csimd_i8x16);
                memcpy(target + start + 16 * half, &bytes, sizeof bytes);
                totals[half] = __builtin_reduce_add(integers);
            }
            scales[block * (start / 32) + row] = scale;
            if (group_length == 32) {
                starts[block * (start / 32) + row] = lowest * (totals[0] + totals[1]);
                sums[block * (start / 32) + row] = scale * (float)(totals[0] + totals[1]);
            } else {
                for (int half = 0; half < 2; half++) {
                    starts[block * (start / 16 + half) + row] = lowest * totals[half];
                    sums[block * (start / 16 + half) + row] = scale * (float)totals[half];
                }
            }
        }
    }
    csimd_interleave_words(room, columns, count, columns / 4, numbers);
}

void csimd_interleave_words(const void *rows, long stride, int count, long length, uint32_t *target) {
    const uint8_t *const bytes = rows;
    int row = 0;
    for (; row + 8 <= count; row += 8) {
        long index = 0;
        for (; index + 8 <= length; index += 8)
            transpose_eight(bytes + row * stride + 4 * index, stride, target + index * block + row, 4 * block);
        for (; index < length; index++)
            for (int i = row; i < row + 8; i++)
                memcpy(target + index * block + i, bytes + i * stride + 4 * index, sizeof *target);
    }
    for (; row < count; row++)
        for (long index = 0; index < length; index++)
            memcpy(target + index * block + row, bytes + row * stride + 4 * index, sizeof *target);
    for (; row < block; row++)
        for (long index = 0; index < length; index++) target[index * block + row] = 0;
}
