// Chooses the matrix product: own kernels, f32 conversion for half precision, plain loops for the
// rest; and spreads batches over threads. oneDNN's products gain little over ours where a machine
// is idle and lose much where it is not: its OpenMP threads spin against those of our pool.
#include "kernels/cpu/gemm.h"

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

template <class T>
void scale(int64_t m, int64_t n, T beta, T* c, int64_t ldc) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == T(0) ? T(0) : c[i * ldc + j] * beta;
  }
}

void half_gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha,
               const void* a, int64_t lda, const void* b, int64_t ldb, float beta, void* c,
               int64_t ldc) {
  const auto* ah = static_cast<const uint16_t*>(a);
  const auto* bh = static_cast<const uint16_t*>(b);
  auto* ch = static_cast<uint16_t*>(c);
  const int64_t a_rows = ta ? k : m, a_cols = ta ? m : k;
  const int64_t b_rows = tb ? n : k, b_cols = tb ? k : n;
  Scratch<float> af(a_rows * a_cols), bf(b_rows * b_cols), cf(m * n);
  auto widen = [type](const uint16_t* src, int64_t ld, float* dst, int64_t rows, int64_t cols) {
    parallel_for(0, rows, grain_for(cols), [&](int64_t i0, int64_t i1) {
      for (int64_t i = i0; i < i1; ++i) convert_to_float(type, src + i * ld, dst + i * cols, cols);
    });
  };
  widen(ah, lda, af.get(), a_rows, a_cols);
  widen(bh, ldb, bf.get(), b_rows, b_cols);
  if (beta != 0) widen(ch, ldc, cf.get(), m, n);
  sgemm(ta, tb, m, n, k, alpha, af.get(), a_cols, bf.get(), b_cols, beta, cf.get(), n);
  parallel_for(0, m, grain_for(n), [&](int64_t i0, int64_t i1) {
    for (int64_t i = i0; i < i1; ++i) convert_from_float(type, cf.get() + i * n, ch + i * ldc, n);
  });
}

}  // namespace

PackedMatrix::PackedMatrix(bool trans_b, int64_t n, int64_t k, const float* b, int64_t ldb)
    : n_(n), k_(k) {
  const int64_t width = detail::own_packed_width();
  packed_.resize((n + width - 1) / width * width * k);
  detail::own_pack({false, trans_b, 1, n, k, 1, nullptr, 0, b, ldb, 0, nullptr, n}, packed_.get());
}

void PackedMatrix::multiply(int64_t m, const float* a, int64_t lda, float beta, float* c,
                            int64_t ldc) const {
  detail::own_gemm(
      {false, false, m, n_, k_, 1.0f, a, lda, nullptr, 0, beta, c, ldc, packed_.get()});
}

void sgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a,
           int64_t lda, const float* b, int64_t ldb, float beta, float* c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) return scale(m, n, beta, c, ldc);
  detail::own_gemm(detail::GemmArgs<float>{ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc});
}

void dgemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a,
           int64_t lda, const double* b, int64_t ldb, double beta, double* c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) return scale(m, n, beta, c, ldc);
  detail::own_gemm(detail::GemmArgs<double>{ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc});
}

void gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k, GemmScalar alpha,
          const void* a, int64_t lda, const void* b, int64_t ldb, GemmScalar beta, void* c,
          int64_t ldc) {
  switch (type) {
    case DType::kFloat:
      return sgemm(ta, tb, m, n, k, static_cast<float>(alpha.re), static_cast<const float*>(a), lda,
                   static_cast<const float*>(b), ldb, static_cast<float>(beta.re),
                   static_cast<float*>(c), ldc);
    case DType::kDouble:
      return dgemm(ta, tb, m, n, k, alpha.re, static_cast<const double*>(a), lda,
                   static_cast<const double*>(b), ldb, beta.re, static_cast<double*>(c), ldc);
    case DType::kHalf:
    case DType::kBFloat16:
      if (m <= 0 || n <= 0) return;
      return half_gemm(type, ta, tb, m, n, k, static_cast<float>(alpha.re), a, lda, b, ldb,
                       static_cast<float>(beta.re), c, ldc);
    default:
      if (m <= 0 || n <= 0) return;
      return detail::generic_gemm(type, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  }
}

void gemm_batched(DType type, bool ta, bool tb, int64_t batch, int64_t m, int64_t n, int64_t k,
                  GemmScalar alpha, const void* a, int64_t lda, int64_t stride_a, const void* b,
                  int64_t ldb, int64_t stride_b, GemmScalar beta, void* c, int64_t ldc,
                  int64_t stride_c) {
  const int64_t size = item_size(type);
  auto run = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      gemm(type, ta, tb, m, n, k, alpha, static_cast<const char*>(a) + i * stride_a * size, lda,
           static_cast<const char*>(b) + i * stride_b * size, ldb, beta,
           static_cast<char*>(c) + i * stride_c * size, ldc);
    }
  };
  const int64_t work = m * n * k;
  // A few large products use the threads inside each; many, or small ones, take one thread each.
  if (work > 256 * 256 * 256 && batch < 2 * get_num_threads()) return run(0, batch);
  parallel_for(0, batch, grain_for(work, 1 << 18), run);
}

}  // namespace pharos::cpu
