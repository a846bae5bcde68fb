// Matrix products on raw row-major memory: C = alpha * op(A) * op(B) + beta * C.
// op(A) is m x k, op(B) is k x n; op transposes when the flag is set, so A is then stored k x m.
// C is not read when beta is zero. f32 and f64 run on kernels of our own with equal bits for any
// number of threads.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"
#include "kernels/cpu/scratch.h"

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

// op(B) of many products, packed once: layers of recurrent nets multiply by the same weights at
// every step.
class PackedMatrix {
 public:
  PackedMatrix(bool trans_b, int64_t n, int64_t k, const float* b, int64_t ldb);
  // C = A * op(B) + beta * C for m rows of A.
  void multiply(int64_t m, const float* a, int64_t lda, float beta, float* c, int64_t ldc) const;

 private:
  int64_t n_, k_;
  Scratch<float> packed_;
};

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
  const T* packed_b = nullptr;  // op(B) as own_pack leaves it; b is not read then
};
// gemm_simd.cpp. Both need m, n, k > 0.
void own_gemm(const GemmArgs<float>& args);
void own_gemm(const GemmArgs<double>& args);
// Writes op(B) as panels of own_packed_width() columns.
void own_pack(const GemmArgs<float>& args, float* packed);
int64_t own_packed_width();
// gemm_generic.cpp: integers and complex numbers.
void generic_gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                  const GemmScalar& alpha, const void* a, int64_t lda, const void* b, int64_t ldb,
                  const GemmScalar& beta, void* c, int64_t ldc);
}  // namespace detail
}  // namespace pharos::cpu
