// LAPACK on column-major memory, from OpenBLAS, which is opened at the first call (it costs
// start-up time that most programs never need) and used with one thread. f32, f64 and their complex
// types.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu::lapack {

// Why the library cannot be used, or null. Opens it.
const char* unavailable();

// a = P L U in place; pivots count from one. Returns LAPACK's info: i > 0 if U(i, i) is zero.
int getrf(DType type, int m, int n, void* a, int lda, int* pivots);
// Solves with the factors; trans: 'N', 'T' or 'C'.
void getrs(DType type, char trans, int n, int nrhs, const void* lu, int lda, const int* pivots,
           void* b, int ldb);
int potrf(DType type, char uplo, int n, void* a, int lda);
void geqrf(DType type, int m, int n, void* a, int lda, void* tau);
// Q's first n columns from k reflectors.
void orgqr(DType type, int m, int n, int k, void* a, int lda, const void* tau);
// op(a) x = b (side 'L') or x op(a) = b (side 'R') for triangular a; x replaces b (m x n).
void trsm(DType type, char side, char uplo, char trans, char diag, int m, int n, const void* a,
          int lda, void* b, int ldb);

// a = u diag(s) vt; job 'A': whole bases, 'S': the first min(m, n) vectors, 'N': values alone.
// Destroys a. Returns LAPACK's info: not 0 if there are values that are not finite or it did not
// converge.
int gesdd(DType type, char job, int m, int n, void* a, int lda, void* s, void* u, int ldu, void* vt,
          int ldvt);

}  // namespace pharos::cpu::lapack
