// Matrix products of integers and complex numbers: plain loops over rows of C, split over threads.
// Integers wrap around, as in PyTorch.
#include <type_traits>

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/no_kernel.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu::detail {
namespace {

template <class T>
struct Complex {
  T re, im;
};

// Unsigned arithmetic: overflow wraps instead of being undefined.
template <class T>
struct IntRing {
  using Item = std::make_unsigned_t<T>;
  static Item scalar(const GemmScalar& s) { return static_cast<Item>(s.i); }
  static void add_product(Item& s, Item x, Item y) {
    // uint16_t would promote to int and overflow in the product.
    s = static_cast<Item>(s + static_cast<uint64_t>(x) * y);
  }
  static Item product(Item x, Item y) { return static_cast<Item>(static_cast<uint64_t>(x) * y); }
  static bool is_zero(Item x) { return x == 0; }
};

template <class T>
struct ComplexRing {
  using Item = Complex<T>;
  static Item scalar(const GemmScalar& s) { return {static_cast<T>(s.re), static_cast<T>(s.im)}; }
  static void add_product(Item& s, Item x, Item y) {
    s.re += x.re * y.re - x.im * y.im;
    s.im += x.re * y.im + x.im * y.re;
  }
  static Item product(Item x, Item y) {
    return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
  }
  static bool is_zero(Item x) { return x.re == 0 && x.im == 0; }
};

template <class Ring>
void run(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const GemmScalar& alpha_in,
         const void* a_in, int64_t lda, const void* b_in, int64_t ldb, const GemmScalar& beta_in,
         void* c_in, int64_t ldc) {
  using T = typename Ring::Item;
  const T alpha = Ring::scalar(alpha_in), beta = Ring::scalar(beta_in);
  const T* a = static_cast<const T*>(a_in);
  const T* b = static_cast<const T*>(b_in);
  T* c = static_cast<T*>(c_in);
  Scratch<T> rows_of_b;  // B as k x n, so that the inner loop runs along rows
  if (tb && k > 0) {
    rows_of_b.resize(k * n);
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t p = 0; p < k; ++p) rows_of_b[p * n + j] = b[j * ldb + p];
    }
    b = rows_of_b.get();
    ldb = n;
  }
  parallel_for(0, m, grain_for(n * k), [&](int64_t begin, int64_t end) {
    Scratch<T> sum(n);
    T* s = sum.get();
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < n; ++j) s[j] = T{};
      for (int64_t p = 0; p < k; ++p) {
        const T x = ta ? a[p * lda + i] : a[i * lda + p];
        const T* row = b + p * ldb;
        for (int64_t j = 0; j < n; ++j) Ring::add_product(s[j], x, row[j]);
      }
      T* out = c + i * ldc;
      for (int64_t j = 0; j < n; ++j) {
        T v = Ring::product(alpha, s[j]);
        if (!Ring::is_zero(beta)) Ring::add_product(v, beta, out[j]);
        out[j] = v;
      }
    }
  });
}

}  // namespace

void generic_gemm(DType type, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                  const GemmScalar& alpha, const void* a, int64_t lda, const void* b, int64_t ldb,
                  const GemmScalar& beta, void* c, int64_t ldc) {
  switch (type) {
    case DType::kByte:
    case DType::kChar:
      return run<IntRing<int8_t>>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    case DType::kShort:
      return run<IntRing<int16_t>>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    case DType::kInt:
      return run<IntRing<int32_t>>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    case DType::kLong:
      return run<IntRing<int64_t>>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    case DType::kComplexFloat:
      return run<ComplexRing<float>>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    case DType::kComplexDouble:
      return run<ComplexRing<double>>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    default:
      no_kernel("gemm", type);
  }
}

}  // namespace pharos::cpu::detail
