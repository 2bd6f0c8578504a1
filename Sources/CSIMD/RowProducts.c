#include "CSIMD.h"
#include "Lanes.h"
#include "TransposeEight.h"

#pragma clang diagnostic ignored "-Wpsabi"

// A tile of sums stays in registers: rows of the input by columns, each of which is an output.
#if defined(__AVX512F__)
enum { tile_rows = 12 };
#else
enum { tile_rows = 6 };
#endif
// `step` columns are summed before they are added to what there is: their weights stay in the first cache.
enum { tile_columns = tile_vectors * sizeof(lanes) / sizeof(float), step = 256 };

long csimd_row_product_room(long rows) {
    return step * (tile_columns + (rows + tile_rows - 1) / tile_rows * tile_rows);
}

/// Computes a tile; `rows` is a constant where this is called, so that the sums stay in registers.
CSIMD_INLINE void add_tile(
    const int rows, const float *input, const float *weights, long length, float *output, long stride, long columns,
    int is_first) {
    lanes sums[tile_rows][tile_vectors];
    #pragma unroll
    for (int row = 0; row < rows; row++) {
        #pragma unroll
        for (int v = 0; v < tile_vectors; v++) sums[row][v] = (lanes)(0.0f);
    }
    add_outer_products(rows, input, tile_rows, weights, tile_columns, length, sums);
    #pragma unroll
    for (int row = 0; row < rows; row++) {
        float *target = output + row * stride;
        if (columns == tile_columns) {
            lanes old[tile_vectors];
            if (!is_first) {
                memcpy(old, target, sizeof old);
                #pragma unroll
                for (int v = 0; v < tile_vectors; v++) sums[row][v] += old[v];
            }
            memcpy(target, sums[row], sizeof old);
        } else {
            float values[tile_columns];
            memcpy(values, sums[row], sizeof values);
            for (long column = 0; column < columns; column++)
                target[column] = is_first ? values[column] : target[column] + values[column];
        }
    }
}

#define TILE(count) \
    case count: \
        add_tile(count, input, weights, length, output, stride, columns, is_first); \
        break;

static void add_tile_of(
    long rows, const float *input, const float *weights, long length, float *output, long stride, long columns,
    int is_first) {
    switch (rows) {
        TILE(1)
        TILE(2)
        TILE(3)
        TILE(4)
        TILE(5)
        TILE(6)
#if defined(__AVX512F__)
        TILE(7)
        TILE(8)
        TILE(9)
        TILE(10)
        TILE(11)
        TILE(12)
#endif
    }
}

/// Rows become columns of `width`; columns that no row is left for are zero.
static void pack(const float *rows, long stride, long count, long length, float *target, long width) {
    long row = 0;
    for (; row + 8 <= count; row += 8) {
        long index = 0;
        for (; index + 8 <= length; index += 8)
            transpose_eight(rows + row * stride + index, 4 * stride, target + index * width + row, 4 * width);
        for (; index < length; index++)
            for (long i = row; i < row + 8; i++) target[index * width + i] = rows[i * stride + index];
    }
    for (; row < count; row++)
        for (long index = 0; index < length; index++) target[index * width + row] = rows[row * stride + index];
    for (; row < width; row++)
        for (long index = 0; index < length; index++) target[index * width + row] = 0;
}

void csimd_multiply_rows(
    const float *input, long input_stride, long rows, const float *weights, long weight_stride, long outputs, long columns,
    float *output, long output_stride, float *room) {
    float *const packed_weights = room, *const packed_input = room + tile_columns * step;
    for (long start = 0; start < columns; start += step) {
        const long length = columns - start < step ? columns - start : step;
        for (long row = 0; row < rows; row += tile_rows) {
            const long count = rows - row < tile_rows ? rows - row : tile_rows;
            pack(input + row * input_stride + start, input_stride, count, length, packed_input + row * step, tile_rows);
        }
        for (long column = 0; column < outputs; column += tile_columns) {
            const long count = outputs - column < tile_columns ? outputs - column : tile_columns;
            pack(weights + column * weight_stride + start, weight_stride, count, length, packed_weights, tile_columns);
            for (long row = 0; row < rows; row += tile_rows)
                add_tile_of(
                    rows - row < tile_rows ? rows - row : tile_rows, packed_input + row * step, packed_weights, length,
                    output + row * output_stride + column, output_stride, count, start == 0);
        }
    }
}
