#include "CSIMD.h"
#include "TransposeEight.h"

#pragma clang diagnostic ignored "-Wpsabi"

void csimd_transpose(const float *source, long row_step, long half_step, float *target) {
    for (int half = 0; half < 2; half++) {
        for (int column = 0; column < 16; column += 8)
            transpose_eight(source + half_step * half + column, 4 * row_step, target + 16 * column + 8 * half, 64);
    }
}
