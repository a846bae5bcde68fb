// Matrix products on raw row-major memory: C = alpha * op(A) * op(B) + beta * C.
// op(A) is m x k, op(B) is k x n; op transposes when the flag is set, so A is then stored k x m.
// C is not read when beta is zero. f32 and f64 run on kernels of our own with equal bits for any
// number of threads; large f32 products go to oneDNN, whose bits may differ by thread count.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

// alpha and beta: the field that fits the element type is read (i for integers, im for complex).
struct GemmScalar {
  double re;
  double im = 0;
  int64_t i;
  GemmScalar(double real, double imag = 0)
      : re(real), im(imag), i(real > -9e18 && real < 9e18 ? static_cast<int64_t>(real) : 0) {}
  static GemmScalar from_int(int64_t v) {
    GemmScalar s(static_cast<double>(v));
    s.i = v;
    return s;
  }
};

void gemm(DType type, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, GemmScalar alpha,
          const void* a, int64_t lda, const void* b, int64_t ldb, GemmScalar beta, void* c,
          int64_t ldc);

// The same product `batch` times; strides count elements. Small ones are spread over the threads.
void gemm_batched(DType type, bool trans_a, bool trans_b, int64_t batch, int64_t m, int64_t n,
                  int64_t k, GemmScalar alpha, const void* a, int64_t lda, int64_t stride_a,
                  const void* b, int64_t ldb, int64_t stride_b, GemmScalar beta, void* c,
                  int64_t ldc, int64_t stride_c);

// Typed entries without the switch, for callers that count nanoseconds.
void sgemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
           int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc);
void dgemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha,
           const double* a, int64_t lda, const double* b, int64_t ldb, double beta, double* c,
           int64_t ldc);

// When set, oneDNN is not used, so that f32 results do not depend on the number of threads.
void set_gemm_own_only(bool on) noexcept;

namespace detail {
template <class T>
struct GemmArgs {
  bool ta, tb;
  int64_t m, n, k;
  T alpha;
  const T* a;
  int64_t lda;
  const T* b;
  int64_t ldb;
  T beta;
  T* c;
  int64_t ldc;
};
// gemm_simd.cpp. Both need m, n, k > 0.
void own_gemm(const GemmArgs<float>& args);
void own_gemm(const GemmArgs<double>& args);
// gemm_generic.cpp: integers and complex numbers.
void generic_gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                  const GemmScalar& alpha, const void* a, int64_t lda, const void* b, int64_t ldb,
                  const GemmScalar& beta, void* c, int64_t ldc);
}  // namespace detail
}  // namespace pharos::cpu
