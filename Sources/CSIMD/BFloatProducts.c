#include "CSIMD.h"
#include "Lanes.h"

#pragma clang diagnostic ignored "-Wpsabi"

// A block of vectors is stored pair by pair; products are made for a group of vectors with a panel of others.
enum { block = 16, group = 8, panel = 32 };

// Processors with half precision (Sapphire Rapids, Emerald Rapids) take four times as long for the instruction as for one in
// single precision with half the numbers; those without (Zen 4) take as long.
#if defined(__AVX512BF16__) && !defined(__AVX512FP16__)

// The pairs of a panel that stay in the first cache.
enum { step = 128 };

/// Adds the products of a group with a panel to a tile.
static void add_products(
    const uint32_t *left, const uint32_t *right_first, const uint32_t *right_second, long pairs, float *tile, long stride) {
    csimd_f32x16 first[group], second[group];
    for (int row = 0; row < group; row++) {
        memcpy(&first[row], tile + row * stride, sizeof first[row]);
        memcpy(&second[row], tile + row * stride + block, sizeof second[row]);
    }
    for (long pair = 0; pair < pairs; pair++) {
        csimd_u32x16 right[2];
        memcpy(&right[0], right_first + block * pair, sizeof right[0]);
        memcpy(&right[1], right_second + block * pair, sizeof right[1]);
        for (int row = 0; row < group; row++) {
            const csimd_u32x16 factor = (csimd_u32x16)(left[block * pair + row]);
            first[row] = csimd_add_pair_products(first[row], factor, right[0]);
            second[row] = csimd_add_pair_products(second[row], factor, right[1]);
        }
    }
    for (int row = 0; row < group; row++) {
        memcpy(tile + row * stride, &first[row], sizeof first[row]);
        memcpy(tile + row * stride + block, &second[row], sizeof second[row]);
    }
}

void csimd_add_bfloat_products(
    const uint32_t *left, long left_step, long first, long rows, const uint32_t *right, long right_step, long columns,
    long pairs, float *tile, long stride) {
    for (long start = 0; start < pairs; start += step) {
        const long count = pairs - start < step ? pairs - start : step;
        for (long column = 0; column < columns; column += panel) {
            const uint32_t *const others = right + column / block * right_step + start * block;
            for (long row = 0; row < rows; row += group) {
                const long vector = first + row;
                add_products(
                    left + vector / block * left_step + start * block + vector % block, others, others + right_step, count,
                    tile + row * stride + column, stride);
            }
        }
    }
}

#else

// The pairs of a panel that stay in the first cache, and those of all groups in the second, as numbers in single precision.
enum { step = 64, most_groups = 32 };
// A tile of sums stays in registers.
#if defined(__AVX512F__)
enum { tile_rows = 8 };
#else
enum { tile_rows = 4 };
#endif
enum { tile_columns = tile_vectors * sizeof(lanes) / sizeof(float) };

typedef uint32_t group_words __attribute__((ext_vector_type(group)));

/// The numbers of a group's pairs in single precision, in the order in which products are added.
CSIMD_INLINE void widen(const uint32_t *words, float *high, float *low) {
    group_words both;
    memcpy(&both, words, sizeof both);
    const group_words first = both & 0xffff0000u, second = both << 16;
    memcpy(high, &first, sizeof first);
    memcpy(low, &second, sizeof second);
}

/// Asks for some pairs of a panel before they are needed: each step's are a page far from those of the step before, and
/// processors look ahead within a page.
CSIMD_INLINE void prefetch(const uint32_t *panel_words, long right_step, long first_pair, long pairs) {
    for (long pair = first_pair; pair < first_pair + pairs; pair++) {
        __builtin_prefetch(panel_words + pair * block);
        __builtin_prefetch(panel_words + right_step + pair * block);
    }
}

/// Adds products of numbers in single precision, one of each vector after the other, to a tile.
static void add_products(const float *left, const float *right, long count, float *tile, long stride) {
    lanes sums[tile_rows][tile_vectors];
    #pragma unroll
    for (int row = 0; row < tile_rows; row++) memcpy(sums[row], tile + row * stride, sizeof sums[row]);
    add_outer_products(tile_rows, left, group, right, panel, count, sums);
    #pragma unroll
    for (int row = 0; row < tile_rows; row++) memcpy(tile + row * stride, sums[row], sizeof sums[row]);
}

void csimd_add_bfloat_products(
    const uint32_t *left, long left_step, long first, long rows, const uint32_t *right, long right_step, long columns,
    long pairs, float *tile, long stride) {
    float factors[most_groups][step][2][group] __attribute__((aligned(64)));
    float others[step][2][panel] __attribute__((aligned(64)));
    for (long start = 0; start < pairs; start += step) {
        const long count = pairs - start < step ? pairs - start : step;
        const long groups = (rows + group - 1) / group, slice = (count + groups - 1) / groups;
        for (long row = 0; row < rows; row += group) {
            const long vector = first + row;
            const uint32_t *const words = left + vector / block * left_step + start * block + vector % block;
            for (long pair = 0; pair < count; pair++)
                widen(words + pair * block, factors[row / group][pair][0], factors[row / group][pair][1]);
        }
        for (long column = 0; column < columns; column += panel) {
            const uint32_t *const words = right + column / block * right_step + start * block;
            const uint32_t *next = words;
            if (column + panel < columns) next += panel / block * right_step;
            else if (start + step < pairs) next = right + (start + step) * block;
            for (long pair = 0; pair < count; pair++) {
                for (int part = 0; part < panel; part += group)
                    widen(
                        words + part / block * right_step + pair * block + part % block, others[pair][0] + part,
                        others[pair][1] + part);
            }
            for (long row = 0; row < rows; row += group) {
                prefetch(next, right_step, row / group * slice, slice);
                for (int top = 0; top < group; top += tile_rows)
                    for (int part = 0; part < panel; part += tile_columns)
                        add_products(
                            &factors[row / group][0][0][top], &others[0][0][part], 2 * count,
                            tile + (row + top) * stride + column + part, stride);
            }
        }
    }
}

#endif
