#include <cblas.h>

// LAPACK's routines are in the library, but not every distribution installs a header for them.

/// The Cholesky factor of a symmetric positive definite matrix, in place.
void dpotrf_(const char *uplo, const blasint *n, double *a, const blasint *lda, blasint *info);

/// The same in single precision.
void spotrf_(const char *uplo, const blasint *n, float *a, const blasint *lda, blasint *info);
