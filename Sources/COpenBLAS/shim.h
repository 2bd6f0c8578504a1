#include <cblas.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

// LAPACK's routines are in the library, but not every distribution installs a header for them.

/// The Cholesky factor of a symmetric positive definite matrix, in place.
void dpotrf_(const char *uplo, const blasint *n, double *a, const blasint *lda, blasint *info);

/// The same in single precision.
void spotrf_(const char *uplo, const blasint *n, float *a, const blasint *lda, blasint *info);

#if defined(__x86_64__) && defined(__linux__)
// A library with kernels for several processors forgets its choice, and chooses again.
void gotoblas_dynamic_quit(void) __attribute__((weak));
void gotoblas_dynamic_init(void) __attribute__((weak));

static inline bool openblas_has_avx2_kernels(void) {
    static const char *const cores[] = {"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "SapphireRapids"};
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (strcasecmp(openblas_get_corename(), cores[i]) == 0) return true;
    return false;
}

/// Has OpenBLAS choose by what the processor can, where it does not know its model.
///
/// It goes by the model's number, and takes kernels with vectors of four for processors that are newer than itself. What
/// OPENBLAS_CORETYPE names stays.
static inline void openblas_choose_for_processor(void) {
    static const char variable[] = "OPENBLAS_CORETYPE";
    if (!gotoblas_dynamic_quit || !gotoblas_dynamic_init || getenv(variable) || openblas_has_avx2_kernels()) return;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
    const bool is_wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    setenv(variable, is_wide ? "SkylakeX" : "Haswell", 1);
    gotoblas_dynamic_quit();
    gotoblas_dynamic_init();
    unsetenv(variable);
}
#else
static inline void openblas_choose_for_processor(void) {}
#endif
