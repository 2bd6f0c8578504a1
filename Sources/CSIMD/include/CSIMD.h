// Vector operations that Swift's SIMD types have no spelling for, or spell as loops over lanes.
//
// Written with the compiler's portable vector extensions, so that every operation has a fallback on any processor; each
// becomes a single instruction where the processor has one. Sixteen floats are Swift's SIMD16<Float>: one register with
// AVX-512, two with AVX2, where every operation is a few instructions for each of them. Lane by lane the results are the same.

#ifndef CSIMD_H
#define CSIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

typedef float csimd_f32x16 __attribute__((ext_vector_type(16)));
typedef float csimd_f32x8 __attribute__((ext_vector_type(8)));
typedef _Float16 csimd_f16x16 __attribute__((ext_vector_type(16)));
typedef int32_t csimd_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t csimd_u32x16 __attribute__((ext_vector_type(16)));
typedef uint64_t csimd_u64x2 __attribute__((ext_vector_type(2)));
typedef uint8_t csimd_u8x16 __attribute__((ext_vector_type(16)));
typedef int8_t csimd_i8x16 __attribute__((ext_vector_type(16)));

#define CSIMD_INLINE static inline __attribute__((always_inline))

/// Whether a · b + c is rounded once.
CSIMD_INLINE _Bool csimd_fuses_multiply_add(void) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return 1;
#else
    return 0;
#endif
}

/// a + b.
CSIMD_INLINE csimd_f32x16 csimd_add(csimd_f32x16 a, csimd_f32x16 b) { return a + b; }

/// a − b.
CSIMD_INLINE csimd_f32x16 csimd_subtract(csimd_f32x16 a, csimd_f32x16 b) { return a - b; }

/// a · b.
CSIMD_INLINE csimd_f32x16 csimd_multiply(csimd_f32x16 a, csimd_f32x16 b) { return a * b; }

/// a ÷ b.
CSIMD_INLINE csimd_f32x16 csimd_divide(csimd_f32x16 a, csimd_f32x16 b) { return a / b; }

/// −a.
CSIMD_INLINE csimd_f32x16 csimd_negate(csimd_f32x16 a) { return -a; }

// a · b + c of vectors of any length, rounded once where the processor can, otherwise twice.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define CSIMD_MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define CSIMD_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/// a · b + c, rounded once where the processor can, otherwise twice.
CSIMD_INLINE csimd_f32x16 csimd_multiply_add(csimd_f32x16 a, csimd_f32x16 b, csimd_f32x16 c) {
    return CSIMD_MULTIPLY_ADD(a, b, c);
}

/// c − a · b, rounded once where the processor can, otherwise twice.
CSIMD_INLINE csimd_f32x16 csimd_multiply_subtract(csimd_f32x16 a, csimd_f32x16 b, csimd_f32x16 c) {
    return csimd_multiply_add(-a, b, c);
}

/// The lesser of each pair; b where either is a NaN.
CSIMD_INLINE csimd_f32x16 csimd_minimum(csimd_f32x16 a, csimd_f32x16 b) { return a < b ? a : b; }

/// The greater of each pair; b where either is a NaN.
CSIMD_INLINE csimd_f32x16 csimd_maximum(csimd_f32x16 a, csimd_f32x16 b) { return a > b ? a : b; }

/// x in the lanes where a < b, y elsewhere.
CSIMD_INLINE csimd_f32x16 csimd_where_less(csimd_f32x16 a, csimd_f32x16 b, csimd_f32x16 x, csimd_f32x16 y) {
    return a < b ? x : y;
}

/// The last eight lanes before the first eight.
CSIMD_INLINE csimd_f32x16 csimd_swap_halves(csimd_f32x16 a) {
    csimd_f32x16 result;
    result.lo = a.hi;
    result.hi = a.lo;
    return result;
}

/// Rounds to the nearest integer, ties to even.
CSIMD_INLINE csimd_f32x16 csimd_round(csimd_f32x16 a) { return __builtin_elementwise_roundeven(a); }

/// Sixteen bytes as floats.
CSIMD_INLINE csimd_f32x16 csimd_from_bytes(csimd_u8x16 a) { return __builtin_convertvector(a, csimd_f32x16); }

/// Sixteen signed bytes as floats.
CSIMD_INLINE csimd_f32x16 csimd_from_signed_bytes(csimd_i8x16 a) { return __builtin_convertvector(a, csimd_f32x16); }

/// Whole numbers from 0 to 255 as bytes.
CSIMD_INLINE csimd_u8x16 csimd_to_bytes(csimd_f32x16 a) {
    return __builtin_convertvector(__builtin_convertvector(a, csimd_i32x16), csimd_u8x16);
}

/// Whole numbers as such.
CSIMD_INLINE csimd_i32x16 csimd_to_integers(csimd_f32x16 a) { return __builtin_convertvector(a, csimd_i32x16); }

/// The value 16 where a bit is set, 0 elsewhere; bit i of the mask for byte i.
CSIMD_INLINE csimd_u8x16 csimd_fifth_bits(uint32_t mask) {
    const csimd_u8x16 places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint64_t low = (mask & 255) * 0x0101010101010101u;
    const uint64_t high = (mask >> 8 & 255) * 0x0101010101010101u;
    csimd_u64x2 pair = {low, high};
    return (csimd_u8x16)(((csimd_u8x16)pair & places) != 0) & 16;
}

/// The square root, correctly rounded.
CSIMD_INLINE csimd_f32x16 csimd_square_root(csimd_f32x16 a) { return __builtin_elementwise_sqrt(a); }

/// Rounds to the nearest number that half precision holds, ties to even.
CSIMD_INLINE csimd_f32x16 csimd_round_to_half(csimd_f32x16 a) {
    return __builtin_convertvector(__builtin_convertvector(a, csimd_f16x16), csimd_f32x16);
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/// table[index & 15] for eight lanes.
CSIMD_INLINE __m256 csimd_permute_eight(csimd_f32x16 table, __m256i index) {
    const __m256 low = _mm256_permutevar8x32_ps((__m256)table.lo, index);
    const __m256 high = _mm256_permutevar8x32_ps((__m256)table.hi, index);
    // The fourth bit tells the halves apart; a blend looks at the sign.
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}
#endif

/// table[index & 15] for each lane.
CSIMD_INLINE csimd_f32x16 csimd_permute(csimd_f32x16 table, csimd_i32x16 index) {
#if defined(__AVX512F__)
    return (csimd_f32x16)_mm512_permutexvar_ps((__m512i)index, (__m512)table);
#elif defined(__AVX2__)
    csimd_f32x16 result;
    result.lo = (csimd_f32x8)csimd_permute_eight(table, (__m256i)index.lo);
    result.hi = (csimd_f32x8)csimd_permute_eight(table, (__m256i)index.hi);
    return result;
#else
    csimd_f32x16 result;
    for (int lane = 0; lane < 16; lane++) result[lane] = table[index[lane] & 15];
    return result;
#endif
}

/// table[index] for each lane, indices from 0 to 7, and table[8] where the index is −8.
CSIMD_INLINE csimd_f32x16 csimd_permute_nine(csimd_f32x16 table, csimd_i32x16 index) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    const __m256 low = (__m256)table.lo, ninth = (__m256)(csimd_f32x8)(table.s8);
    csimd_f32x16 result;
    result.lo = (csimd_f32x8)_mm256_blendv_ps(
        _mm256_permutevar8x32_ps(low, (__m256i)index.lo), ninth, _mm256_castsi256_ps((__m256i)index.lo));
    result.hi = (csimd_f32x8)_mm256_blendv_ps(
        _mm256_permutevar8x32_ps(low, (__m256i)index.hi), ninth, _mm256_castsi256_ps((__m256i)index.hi));
    return result;
#else
    return csimd_permute(table, index);
#endif
}

/// The sum of the lanes, added pairwise.
CSIMD_INLINE float csimd_sum(csimd_f32x16 a) {
    __typeof__(a.lo) eight = a.lo + a.hi;
    __typeof__(eight.lo) four = eight.lo + eight.hi;
    return (four.x + four.z) + (four.y + four.w);
}

/// The least lane.
CSIMD_INLINE float csimd_least(csimd_f32x16 a) {
    __typeof__(a.lo) eight = a.lo < a.hi ? a.lo : a.hi;
    __typeof__(eight.lo) four = eight.lo < eight.hi ? eight.lo : eight.hi;
    __typeof__(four.lo) two = four.lo < four.hi ? four.lo : four.hi;
    return two.x < two.y ? two.x : two.y;
}

#if defined(__AVX__) && !defined(__AVX512F__)
/// The signs of sixteen lanes as bits.
CSIMD_INLINE uint32_t csimd_sign_bits(__m256 low, __m256 high) {
    return (uint32_t)_mm256_movemask_ps(low) | (uint32_t)_mm256_movemask_ps(high) << 8;
}
#endif

/// One bit per lane, set where a < b.
CSIMD_INLINE uint32_t csimd_less_mask(csimd_f32x16 a, csimd_f32x16 b) {
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
#elif defined(__AVX__)
    return csimd_sign_bits(
        _mm256_cmp_ps((__m256)a.lo, (__m256)b.lo, _CMP_LT_OQ), _mm256_cmp_ps((__m256)a.hi, (__m256)b.hi, _CMP_LT_OQ));
#else
    uint32_t mask = 0;
    for (int lane = 0; lane < 16; lane++) mask |= (uint32_t)(a[lane] < b[lane]) << lane;
    return mask;
#endif
}

/// One bit per lane, set where a = b.
CSIMD_INLINE uint32_t csimd_equal_mask(csimd_f32x16 a, csimd_f32x16 b) {
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ);
#elif defined(__AVX__)
    return csimd_sign_bits(
        _mm256_cmp_ps((__m256)a.lo, (__m256)b.lo, _CMP_EQ_OQ), _mm256_cmp_ps((__m256)a.hi, (__m256)b.hi, _CMP_EQ_OQ));
#else
    uint32_t mask = 0;
    for (int lane = 0; lane < 16; lane++) mask |= (uint32_t)(a[lane] == b[lane]) << lane;
    return mask;
#endif
}

#if defined(__AVX2__) && !defined(__AVX512F__)
/// The signs of 32 lanes, each of which is all ones or all zeros, as bits.
CSIMD_INLINE uint32_t csimd_sign_bits_of_32(__m256 a, __m256 b, __m256 c, __m256 d) {
    const __m256i first = _mm256_packs_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b));
    const __m256i second = _mm256_packs_epi32(_mm256_castps_si256(c), _mm256_castps_si256(d));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_permutevar8x32_epi32(_mm256_packs_epi16(first, second), order));
}
#endif

/// One bit per lane of a, then of b, set where it is less than c.
CSIMD_INLINE uint32_t csimd_less_mask_of_32(csimd_f32x16 a, csimd_f32x16 b, csimd_f32x16 c) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    return csimd_sign_bits_of_32(
        _mm256_cmp_ps((__m256)a.lo, (__m256)c.lo, _CMP_LT_OQ), _mm256_cmp_ps((__m256)a.hi, (__m256)c.hi, _CMP_LT_OQ),
        _mm256_cmp_ps((__m256)b.lo, (__m256)c.lo, _CMP_LT_OQ), _mm256_cmp_ps((__m256)b.hi, (__m256)c.hi, _CMP_LT_OQ));
#else
    return csimd_less_mask(a, c) | csimd_less_mask(b, c) << 16;
#endif
}

/// One bit per lane of a, then of b, set where it is equal to c.
CSIMD_INLINE uint32_t csimd_equal_mask_of_32(csimd_f32x16 a, csimd_f32x16 b, csimd_f32x16 c) {
#if defined(__AVX2__) && !defined(__AVX512F__)
    return csimd_sign_bits_of_32(
        _mm256_cmp_ps((__m256)a.lo, (__m256)c.lo, _CMP_EQ_OQ), _mm256_cmp_ps((__m256)a.hi, (__m256)c.hi, _CMP_EQ_OQ),
        _mm256_cmp_ps((__m256)b.lo, (__m256)c.lo, _CMP_EQ_OQ), _mm256_cmp_ps((__m256)b.hi, (__m256)c.hi, _CMP_EQ_OQ));
#else
    return csimd_equal_mask(a, c) | csimd_equal_mask(b, c) << 16;
#endif
}

/// Lanes that are negative where the lane's bit is set.
CSIMD_INLINE csimd_i32x16 csimd_lanes_of_bits(uint32_t mask) {
    const csimd_i32x16 places = {31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16};
    return (csimd_i32x16)((csimd_u32x16)(mask) << (csimd_u32x16)places);
}

/// a where the lane's bit is set, b elsewhere.
CSIMD_INLINE csimd_f32x16 csimd_select(uint32_t mask, csimd_f32x16 a, csimd_f32x16 b) {
#if defined(__AVX512F__)
    return (csimd_f32x16)_mm512_mask_blend_ps((__mmask16)mask, (__m512)b, (__m512)a);
#else
    return csimd_lanes_of_bits(mask) < 0 ? a : b;
#endif
}

/// The numbers at `source + lane` where the lane's bit is set, 0 elsewhere; memory of other lanes is not touched.
CSIMD_INLINE csimd_f32x16 csimd_load_where(uint32_t mask, const float *source) {
#if defined(__AVX512F__)
    return (csimd_f32x16)_mm512_maskz_loadu_ps((__mmask16)mask, source);
#elif defined(__AVX2__)
    const csimd_i32x16 lanes = csimd_lanes_of_bits(mask);
    csimd_f32x16 result;
    result.lo = (csimd_f32x8)_mm256_maskload_ps(source, (__m256i)lanes.lo);
    result.hi = (csimd_f32x8)_mm256_maskload_ps(source + 8, (__m256i)lanes.hi);
    return result;
#else
    csimd_f32x16 result = 0;
    for (int lane = 0; lane < 16; lane++)
        if (mask >> lane & 1) result[lane] = source[lane];
    return result;
#endif
}

/// Stores the lanes whose bit is set to `target + lane`; memory of other lanes is not touched.
CSIMD_INLINE void csimd_store_where(uint32_t mask, csimd_f32x16 a, float *target) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(target, (__mmask16)mask, (__m512)a);
#elif defined(__AVX2__)
    const csimd_i32x16 lanes = csimd_lanes_of_bits(mask);
    _mm256_maskstore_ps(target, (__m256i)lanes.lo, (__m256)a.lo);
    _mm256_maskstore_ps(target + 8, (__m256i)lanes.hi, (__m256)a.hi);
#else
    for (int lane = 0; lane < 16; lane++)
        if (mask >> lane & 1) target[lane] = a[lane];
#endif
}

/// sum + a in the lanes where b > c, sum elsewhere.
CSIMD_INLINE csimd_f32x8 csimd_add_where_greater(csimd_f32x8 sum, csimd_f32x8 a, csimd_f32x8 b, csimd_f32x8 c) {
    return b > c ? sum + a : sum;
}

/// Byte i of a where bit i of the mask is set, of b elsewhere.
CSIMD_INLINE csimd_u8x16 csimd_select_bytes(uint32_t mask, csimd_u8x16 a, csimd_u8x16 b) {
    const csimd_u8x16 places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint64_t low = (mask & 255) * 0x0101010101010101u;
    const uint64_t high = (mask >> 8 & 255) * 0x0101010101010101u;
    csimd_u64x2 pair = {low, high};
    const csimd_u8x16 chosen = (csimd_u8x16)(((csimd_u8x16)pair & places) != 0);
    return (a & chosen) | (b & ~chosen);
}

/// One bit per byte, set where the byte is not zero.
CSIMD_INLINE uint32_t csimd_nonzero_mask(csimd_u8x16 a) {
#if defined(__SSE2__)
    return (uint32_t)_mm_movemask_epi8((__m128i)(a != 0));
#else
    uint32_t mask = 0;
    for (int lane = 0; lane < 16; lane++) mask |= (uint32_t)(a[lane] != 0) << lane;
    return mask;
#endif
}

/// The numbers nearest to a and b that bfloat16 holds, ties to even: a's in the low half of each lane, b's in the high half.
CSIMD_INLINE csimd_u32x16 csimd_pair_bfloats(csimd_f32x16 a, csimd_f32x16 b) {
    csimd_u32x16 low = (csimd_u32x16)a, high = (csimd_u32x16)b;
    low += 0x7fff + (low >> 16 & 1);
    high += 0x7fff + (high >> 16 & 1);
    return low >> 16 | (high & 0xffff0000u);
}

/// sum + a · b of the high halves + a · b of the low halves, as bfloat16, in the order in which the instruction adds them.
CSIMD_INLINE csimd_f32x16 csimd_add_pair_products_portably(csimd_f32x16 sum, csimd_u32x16 a, csimd_u32x16 b) {
    sum = csimd_multiply_add((csimd_f32x16)(a & 0xffff0000u), (csimd_f32x16)(b & 0xffff0000u), sum);
    return csimd_multiply_add((csimd_f32x16)(a << 16), (csimd_f32x16)(b << 16), sum);
}

/// The same with the processor's own instruction, where it has one.
CSIMD_INLINE csimd_f32x16 csimd_add_pair_products(csimd_f32x16 sum, csimd_u32x16 a, csimd_u32x16 b) {
#if defined(__AVX512BF16__)
    return (csimd_f32x16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    return csimd_add_pair_products_portably(sum, a, b);
#endif
}

/// Adds products of vectors of bfloat16 numbers with others to a tile.
///
/// Both sides are blocks of 16 vectors: a pair of elements of each in 32 bits, then the next pair.
/// tile[i · stride + j] += Σ left[first + i] · right[j], summed pair by pair in their order, the high halves first.
///
/// @param left_step from the beginning of one block of `left` to the next; `right_step` is that of `right`.
/// @param first the vector of `left` to begin with, a multiple of 8.
/// @param rows vectors of `left`, up to a multiple of 8.
/// @param columns vectors of `right`, at most 256, up to a multiple of 32.
void csimd_add_bfloat_products(
    const uint32_t *left, long left_step, long first, long rows, const uint32_t *right, long right_step, long columns,
    long pairs, float *tile, long stride);

/// Writes sixteen rows of sixteen numbers as columns: target[16 j + i] is number j of row i.
///
/// Row i begins at source[row_step · i], and from the eighth on at source[half_step + row_step · (i − 8)].
void csimd_transpose(const float *source, long row_step, long half_step, float *target);

/// output[i · output_stride + j] = Σ input[i · input_stride + p] · weights[j · weight_stride + p] over the columns p.
///
/// Every output is summed by itself, 256 columns at a time in their order: it does not depend on how many rows or outputs
/// there are, and is the same with every processor that rounds a · b + c once.
///
/// @param room csimd_row_product_room(rows) values to work with.
void csimd_multiply_rows(
    const float *input, long input_stride, long rows, const float *weights, long weight_stride, long outputs, long columns,
    float *output, long output_stride, float *room);

/// The number of values that csimd_multiply_rows needs to work with.
long csimd_row_product_room(long rows);

/// Up to sixteen rows of whole numbers, −127 to 127, as products take them: of each group of columns that shares something,
/// the sixteen rows' numbers beside each other.
typedef struct {
    /// Of every four columns a word for each row, a byte for each column.
    const uint32_t *numbers;
    /// What the numbers of 32 columns are multiples of.
    const float *scales;
    /// What sums of products begin with: the sum of a group's numbers, times the whole number that a weight of 0 stands for.
    const int32_t *starts;
    /// The sum of a group's values.
    const float *sums;
} csimd_integer_rows;

/// Sixteen rows of weights: scale · (whole number of 8 bits without sign + lowest) + offset, in the same order.
typedef struct {
    const uint32_t *numbers;
    const float *scales;
    /// A null pointer if there are none.
    const float *offsets;
} csimd_integer_weights;

/// The blocks of sixteen rows that are multiplied together.
enum { CSIMD_INTEGER_BLOCKS = 8 };

/// output[i · stride + j] = Σ input[i] · weights[j] over the columns.
///
/// Sums are exact within a group, and added up group by group in single precision: an output does not depend on how many rows
/// or outputs there are, and is the same with every processor that rounds a · b + c once.
///
/// @param input blocks of sixteen rows, of which the last may have less.
/// @param rows the rows of all blocks, at most sixteen times `CSIMD_INTEGER_BLOCKS`.
/// @param columns a multiple of 32.
/// @param group_length the columns of a weight that share a scale, 16 or 32.
/// @param greatest the greatest number of a weight.
void csimd_multiply_integers(
    const csimd_integer_rows *input, int rows, const csimd_integer_weights *weights, long columns, int group_length,
    int greatest, float *output, long stride, int outputs);

/// Rounds up to sixteen rows to whole numbers, of which 127 or −127 stands for the greatest magnitude in 32 columns.
///
/// @param lowest the whole number that a weight of 0 stands for.
/// @param room count · columns bytes to work with.
void csimd_round_to_integers(
    const float *rows, long stride, int count, long columns, int group_length, int lowest, uint32_t *numbers,
    float *scales, int32_t *starts, float *sums, uint8_t *room);

/// Puts the words of up to sixteen rows beside each other, target[16 · index + row], zeros for rows that are not there.
///
/// @param stride bytes from row to row.
/// @param length words of a row.
void csimd_interleave_words(const void *rows, long stride, int count, long length, uint32_t *target);

#pragma clang diagnostic pop

#endif
