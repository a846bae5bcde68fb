// f32 and f64 matrix products: one register-tiled micro kernel for tiny, small and large sizes.
// B is packed into panels two vectors wide (zero-padded), A is read in place when small and packed
// when large; cache blocking follows Goto and van de Geijn (2008). Tiles are cut by size only, so
// results are equal for any number of threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gemm_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/partial-inl.h"
#include "kernels/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

using detail::GemmArgs;

// 8 x 2 vectors use 16 of the 32 registers of AVX-512 and NEON; x86 before that has 16 in all.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM
constexpr int kMR = 8;
constexpr int kDotRows = 4;
#else
constexpr int kMR = 6;
constexpr int kDotRows = 3;
#endif
constexpr int64_t kKC = 256;  // depth of a block: a panel of B stays in the first-level cache
constexpr int64_t kSmallDepth = 512;       // depth up to which one block is better than two
constexpr int64_t kInPlaceDepth = 128;     // longer panels of B in place miss too many pages
constexpr int64_t kCachedItems = 1 << 16;  // that stay in the second-level cache
constexpr int64_t kTwoThreads = 1 << 19;   // products that a second thread begins to pay for
template <class T>
constexpr int64_t kNearItems = (1 << 14) / sizeof(T);  // that leave room in the first-level cache

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using V = hn::Vec<Tag<T>>;
template <class T>
constexpr int64_t kVL = hn::MaxLanes(Tag<T>());

// c[r][0..width) = tile[r] + beta * c for the tiles that are not full, whatever their shape.
template <class T>
HWY_NOINLINE void put_part(const T* HWY_RESTRICT tile, int64_t tile_row, int64_t rows, T beta,
                           T* HWY_RESTRICT c, int64_t ldc, int64_t width) {
  const Tag<T> d;
  const V<T> vbeta = hn::Set(d, beta);
  for (int64_t r = 0; r < rows; ++r, tile += tile_row, c += ldc) {
    for (int64_t j = 0; j < width; j += kVL<T>) {
      const int64_t left = width - j;
      V<T> v = hn::Load(d, tile + j);
      if (left >= kVL<T>) {
        if (beta != T(0)) v = hn::MulAdd(hn::LoadU(d, c + j), vbeta, v);
        hn::StoreU(v, d, c + j);
      } else {
        if (beta != T(0)) v = hn::MulAdd(load_first(d, c + j, left), vbeta, v);
        store_first(v, d, c + j, left);
      }
    }
  }
}

// C[r][0..width) = alpha * sum_k A[r][k] * B[k][..] + beta * C for R rows and NV vectors. Packed
// operands have strides known to the compiler, which leaves it enough registers for addresses.
template <class T, int R, int NV, bool kPacked = false>
HWY_NOINLINE void micro(int64_t k, const T* HWY_RESTRICT a, int64_t a_row, int64_t a_col,
                        const T* HWY_RESTRICT b, int64_t b_row, T alpha, T beta, T* HWY_RESTRICT c,
                        int64_t ldc, int64_t width) {
  if constexpr (kPacked) a_row = 1, a_col = kMR, b_row = NV * kVL<T>;
  const Tag<T> d;
  const int64_t vl = kVL<T>;
  V<T> acc[R][NV];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) acc[r][j] = hn::Zero(d);
  }
  const auto step = [&](const T* HWY_RESTRICT ak, const T* HWY_RESTRICT bk) HWY_ATTR {
    V<T> bv[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) bv[j] = hn::LoadU(d, bk + j * vl);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V<T> av = hn::Set(d, ak[r * a_row]);
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) acc[r][j] = hn::MulAdd(av, bv[j], acc[r][j]);
    }
  };
  if constexpr (R == kMR && NV == 2) {  // full tiles do most of the work
    for (; k >= 2; k -= 2, a += 2 * a_col, b += 2 * b_row) {
      step(a, b);
      step(a + a_col, b + b_row);
    }
  }
  for (; k > 0; --k, a += a_col, b += b_row) step(a, b);
  if (alpha != T(1)) {
    const V<T> valpha = hn::Set(d, alpha);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) acc[r][j] = hn::Mul(acc[r][j], valpha);
    }
  }
  if (HWY_LIKELY(width == NV * vl)) {
    if (beta != T(0)) {
      const V<T> vbeta = hn::Set(d, beta);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) {
          acc[r][j] = hn::MulAdd(hn::LoadU(d, c + r * ldc + j * vl), vbeta, acc[r][j]);
        }
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r, c += ldc) {
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) hn::StoreU(acc[r][j], d, c + j * vl);
    }
    return;
  }
#if PHAROS_NATIVE_MASKS
  if (beta == T(0) && width > (NV - 1) * vl) {
    const auto last = hn::FirstN(d, static_cast<size_t>(width - (NV - 1) * vl));
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r, c += ldc) {
#pragma GCC unroll 8
      for (int j = 0; j < NV - 1; ++j) hn::StoreU(acc[r][j], d, c + j * vl);
      hn::BlendedStore(acc[r][NV - 1], last, d, c + (NV - 1) * vl);
    }
    return;
  }
#endif
  HWY_ALIGN T tile[R * NV * kVL<T>];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) hn::Store(acc[r][j], d, tile + (r * NV + j) * vl);
  }
  put_part(tile, NV * vl, R, beta, c, ldc, width);
}

template <class T>
using MicroFn = void (*)(int64_t, const T*, int64_t, int64_t, const T*, int64_t, T, T, T*, int64_t,
                         int64_t);

// Rows that one kernel takes of the last ones: old machines have fewer shapes.
HWY_INLINE int64_t rest_of(int64_t rows) {
#if HWY_TARGET == HWY_SSE4
  return rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
#else
  return rows;
#endif
}

template <class T, int NV>
HWY_INLINE MicroFn<T> micro_of(int64_t rows) {
  switch (rows) {
    case 1:
      return micro<T, 1, NV>;
    case 2:
      return micro<T, 2, NV>;
    case 4:
      return micro<T, 4, NV>;
#if HWY_TARGET != HWY_SSE4
    case 3:
      return micro<T, 3, NV>;
    case 5:
      return micro<T, 5, NV>;
#endif
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM
    case 6:
      return micro<T, 6, NV>;
    case 7:
      return micro<T, 7, NV>;
#endif
    default:
      return micro<T, kMR, NV>;
  }
}

// dst[k][0..pad) = src[k][0..width), zero-padded.
template <class T>
void pack_rows(const T* HWY_RESTRICT src, int64_t ld, int64_t k, int64_t width, int64_t pad,
               T* HWY_RESTRICT dst) {
  const Tag<T> d;
  const int64_t vl = kVL<T>;
  for (int64_t p = 0; p < k; ++p, src += ld, dst += pad) {
    int64_t j = 0;
    for (; j + vl <= width; j += vl) hn::StoreU(hn::LoadU(d, src + j), d, dst + j);
    if (j < width) {
      hn::StoreU(load_first(d, src + j, width - j), d, dst + j);
      j += vl;
    }
    for (; j < pad; j += vl) hn::StoreU(hn::Zero(d), d, dst + j);
  }
}

// Transposes a 4 x 4 (f32) or 2 x 2 (f64) block in registers.
HWY_INLINE void transpose_block(const float* s, int64_t ld, float* t, int64_t ldt) {
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> dd;
  const auto r0 = hn::LoadU(d, s), r1 = hn::LoadU(d, s + ld);
  const auto r2 = hn::LoadU(d, s + 2 * ld), r3 = hn::LoadU(d, s + 3 * ld);
  const auto l01 = hn::BitCast(dd, hn::InterleaveLower(d, r0, r1));
  const auto l23 = hn::BitCast(dd, hn::InterleaveLower(d, r2, r3));
  const auto h01 = hn::BitCast(dd, hn::InterleaveUpper(d, r0, r1));
  const auto h23 = hn::BitCast(dd, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dd, l01, l23)), d, t);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dd, l01, l23)), d, t + ldt);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(dd, h01, h23)), d, t + 2 * ldt);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(dd, h01, h23)), d, t + 3 * ldt);
}
HWY_INLINE void transpose_block(const double* s, int64_t ld, double* t, int64_t ldt) {
  const hn::FixedTag<double, 2> d;
  const auto r0 = hn::LoadU(d, s), r1 = hn::LoadU(d, s + ld);
  hn::StoreU(hn::InterleaveLower(d, r0, r1), d, t);
  hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, t + ldt);
}

// dst[k][0..pad) = src[0..width)[k], zero-padded: a panel of a transposed matrix.
template <class T>
void pack_columns(const T* HWY_RESTRICT src, int64_t ld, int64_t k, int64_t width, int64_t pad,
                  T* HWY_RESTRICT dst) {
  constexpr int64_t kB = 16 / sizeof(T);
  int64_t j = 0;
  for (; j + kB <= width; j += kB) {
    int64_t p = 0;
    for (; p + kB <= k; p += kB) transpose_block(src + j * ld + p, ld, dst + p * pad + j, pad);
    for (; p < k; ++p) {
      for (int64_t i = 0; i < kB; ++i) dst[p * pad + j + i] = src[(j + i) * ld + p];
    }
  }
  for (; j < width; ++j) {
    for (int64_t p = 0; p < k; ++p) dst[p * pad + j] = src[j * ld + p];
  }
  if (j < pad) {
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t i = j; i < pad; ++i) dst[p * pad + i] = T(0);
    }
  }
}

template <class T>
HWY_INLINE void pack_b(const GemmArgs<T>& g, int64_t p0, int64_t k, int64_t j0, int64_t width,
                       int64_t pad, T* dst) {
  if (g.tb) {
    pack_columns(g.b + j0 * g.ldb + p0, g.ldb, k, width, pad, dst);
  } else {
    pack_rows(g.b + p0 * g.ldb + j0, g.ldb, k, width, pad, dst);
  }
}

// Rows [0, m) of one panel of B that is at most 2 vectors wide. a is strided, or packed when
// a_row == 1 and a_col == kMR (then row blocks follow each other).
template <class T, bool kPacked = false>
HWY_INLINE void run_panel(int64_t m, int64_t k, const T* a, int64_t a_row, int64_t a_col,
                          int64_t a_block, const T* b, int64_t b_row, T alpha, T beta, T* c,
                          int64_t ldc, int64_t width) {
  const bool wide = width > kVL<T>;
  int64_t i = 0;
  const MicroFn<T> full = wide ? micro<T, kMR, 2, kPacked> : micro<T, kMR, 1>;
  for (; i + kMR <= m; i += kMR, a += a_block) {
    full(k, a, a_row, a_col, b, b_row, alpha, beta, c + i * ldc, ldc, width);
  }
  while (i < m) {
    const int64_t rows = rest_of(m - i);
    (wide ? micro_of<T, 2>(rows) : micro_of<T, 1>(rows))(k, a, a_row, a_col, b, b_row, alpha, beta,
                                                         c + i * ldc, ldc, width);
    i += rows;
    a += rows * a_row;
  }
}

// A fits the second-level cache and is read where it lies. Each panel of B is packed by the thread
// that uses it, unless the caller has packed B before.
template <class T>
void gemm_panels(const GemmArgs<T>& g) {
  const int64_t nr = 2 * kVL<T>;
  const int64_t a_row = g.ta ? 1 : g.lda, a_col = g.ta ? g.lda : 1;
  // Few rows, or a B that lies in the first-level cache: packing would cost more than it saves.
  const int64_t items = g.k * g.ldb;
  const bool few_uses = g.m <= 4 * kMR || items <= kNearItems<T>;
  const bool in_place = !g.tb && few_uses && (g.k <= kInPlaceDepth || items <= kCachedItems);
  const int64_t depth = g.k <= kSmallDepth ? g.k : kKC;
  const int64_t work = g.m * g.k * nr;
  const int64_t grain =
      work * (g.n / nr) < kTwoThreads ? g.n : nr * grain_for(work, kTwoThreads / 4);
  parallel_for(0, g.n, grain, [&](int64_t j0, int64_t j1) {
    constexpr int64_t kStack = 4096;
    HWY_ALIGN T stack[kStack];
    Scratch<T> heap;
    T* buffer = stack;
    if (depth * nr > kStack && g.packed_b == nullptr) {
      heap.resize(depth * nr);
      buffer = heap.get();
    }
    for (int64_t j = j0; j < j1; j += nr) {
      const int64_t width = HWY_MIN(nr, j1 - j);
      for (int64_t p = 0; p < g.k; p += depth) {
        const int64_t k = HWY_MIN(depth, g.k - p);
        const T beta = p == 0 ? g.beta : T(1);
        const T* b = buffer;
        int64_t b_row = width > kVL<T> ? nr : kVL<T>;
        if (g.packed_b != nullptr) {
          b = g.packed_b + j * g.k + p * nr;
          b_row = nr;
        } else if (in_place && width == nr) {
          b = g.b + p * g.ldb + j;
          b_row = g.ldb;
        } else {
          pack_b(g, p, k, j, width, b_row, buffer);
        }
        run_panel(g.m, k, g.a + p * a_col, a_row, a_col, kMR * a_row, b, b_row, g.alpha, beta,
                  g.c + j, g.ldc, width);
      }
    }
  });
}

// Sum of products of two contiguous rows, in four independent sums.
template <class T>
HWY_INLINE T dot(const T* HWY_RESTRICT x, const T* HWY_RESTRICT y, int64_t n) {
  const Tag<T> d;
  const int64_t vl = kVL<T>;
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t i = 0;
  for (; i + 4 * vl <= n; i += 4 * vl) {
    s0 = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), s0);
    s1 = hn::MulAdd(hn::LoadU(d, x + i + vl), hn::LoadU(d, y + i + vl), s1);
    s2 = hn::MulAdd(hn::LoadU(d, x + i + 2 * vl), hn::LoadU(d, y + i + 2 * vl), s2);
    s3 = hn::MulAdd(hn::LoadU(d, x + i + 3 * vl), hn::LoadU(d, y + i + 3 * vl), s3);
  }
  for (; i + vl <= n; i += vl) s0 = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), s0);
  if (i < n) s1 = hn::MulAdd(load_first(d, x + i, n - i), load_first(d, y + i, n - i), s1);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

// R rows of A against 4 rows of B at once: both stored along k. Reads B once for few rows of A.
template <class T, int R>
void dot_block(const T* a, int64_t lda, const T* b, int64_t ldb, int64_t k, T alpha, T beta, T* c,
               int64_t ldc) {
  const Tag<T> d;
  const int64_t vl = kVL<T>;
  V<T> acc[R][4];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) acc[r][j] = hn::Zero(d);
  }
  int64_t p = 0;
  for (; p + vl <= k; p += vl) {
    V<T> av[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) av[r] = hn::LoadU(d, a + r * lda + p);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const V<T> bv = hn::LoadU(d, b + j * ldb + p);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) acc[r][j] = hn::MulAdd(av[r], bv, acc[r][j]);
    }
  }
  if (p < k) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const V<T> bv = load_first(d, b + j * ldb + p, k - p);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        acc[r][j] = hn::MulAdd(load_first(d, a + r * lda + p, k - p), bv, acc[r][j]);
      }
    }
  }
  HWY_ALIGN T tile[R * 4 * kVL<T>];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) hn::Store(acc[r][j], d, tile + (r * 4 + j) * vl);
  }
  const T* sums = tile;
#pragma GCC unroll 1
  for (int r = 0; r < R; ++r, c += ldc) {
#pragma GCC unroll 1
    for (int j = 0; j < 4; ++j, sums += vl) {
      const T v = alpha * hn::GetLane(hn::SumOfLanes(d, hn::Load(d, sums)));
      c[j] = beta == T(0) ? v : v + beta * c[j];
    }
  }
}

template <class T>
using DotFn = void (*)(const T*, int64_t, const T*, int64_t, int64_t, T, T, T*, int64_t);

template <class T>
HWY_INLINE DotFn<T> dot_block_of(int64_t rows) {
  switch (rows) {
    case 1:
      return dot_block<T, 1>;
    case 2:
      return dot_block<T, 2>;
    case 3:
      return dot_block<T, 3>;
    default:
      return dot_block<T, kDotRows>;
  }
}

// C = A * B^T with few rows of A: a stream of dot products over the rows of B.
template <class T>
void gemm_dots(const GemmArgs<T>& g) {
  parallel_for(0, g.n, 4 * grain_for(4 * g.k * g.m, 1 << 17), [&](int64_t j0, int64_t j1) {
    for (int64_t i = 0; i < g.m; i += kDotRows) {
      const int64_t rows = HWY_MIN(int64_t{kDotRows}, g.m - i);
      const T* a = g.a + i * g.lda;
      T* c = g.c + i * g.ldc;
      int64_t j = j0;
      for (; j + 4 <= j1; j += 4) {
        dot_block_of<T>(rows)(a, g.lda, g.b + j * g.ldb, g.ldb, g.k, g.alpha, g.beta, c + j, g.ldc);
      }
      for (; j < j1; ++j) {
        for (int64_t r = 0; r < rows; ++r) {
          const T v = g.alpha * dot(a + r * g.lda, g.b + j * g.ldb, g.k);
          T* out = c + r * g.ldc + j;
          *out = g.beta == T(0) ? v : v + g.beta * *out;
        }
      }
    }
  });
}

// Few rows times a row-major B: columns are spread over threads, B is read in place. A single row
// takes wide panels, so that each row of B is read in long runs.
template <class T>
void gemm_stream(const GemmArgs<T>& g) {
  const int64_t a_row = g.ta ? 1 : g.lda, a_col = g.ta ? g.lda : 1;
  constexpr int64_t kWide = 8 * kVL<T>, kPanel = 2 * kVL<T>;
  const int64_t grain = kWide * grain_for(kWide * g.k * g.m, 1 << 16);
  parallel_for(0, g.n, grain, [&](int64_t j0, int64_t j1) {
    int64_t j = j0;
    if (g.m == 1) {
      for (; j + kWide <= j1; j += kWide) {
        micro<T, 1, 8>(g.k, g.a, 0, a_col, g.b + j, g.ldb, g.alpha, g.beta, g.c + j, 0, kWide);
      }
    }
    for (; j + kPanel <= j1; j += kPanel) {
      run_panel(g.m, g.k, g.a, a_row, a_col, kMR * a_row, g.b + j, g.ldb, g.alpha, g.beta, g.c + j,
                g.ldc, kPanel);
    }
    if (j < j1) {
      GemmArgs<T> tail = g;
      tail.b = g.b + j;
      tail.c = g.c + j;
      tail.n = j1 - j;
      gemm_panels(tail);
    }
  });
}

// Large products. Tiles of mc x nc of C; A and B are packed once per block of k and shared.
template <class T>
void gemm_large(const GemmArgs<T>& g) {
  const int64_t nr = 2 * kVL<T>;
  constexpr int64_t kMBlock = 16 * 1024 / sizeof(T) / kMR * kMR;  // rows of A packed at a time
  constexpr int64_t kNBlock = 4096;
  int64_t mc = 12 * kMR;
  int64_t nc = 8 * nr;
  // Tiles enough for every thread; their cut does not change any sum.
  while (nc > nr && ((g.m + mc - 1) / mc) * ((g.n + nc - 1) / nc) < 32) nc /= 2;
  Scratch<T> packed_a(kKC * HWY_MIN(kMBlock, (g.m + kMR - 1) / kMR * kMR));
  Scratch<T> packed_b(kKC * HWY_MIN(kNBlock, (g.n + nr - 1) / nr * nr));
  for (int64_t j0 = 0; j0 < g.n; j0 += kNBlock) {
    const int64_t n = HWY_MIN(kNBlock, g.n - j0);
    for (int64_t p0 = 0; p0 < g.k; p0 += kKC) {
      const int64_t k = HWY_MIN(kKC, g.k - p0);
      const T beta = p0 == 0 ? g.beta : T(1);
      parallel_for(0, (n + nr - 1) / nr, grain_for(nr * k, 1 << 15), [&](int64_t b, int64_t e) {
        for (int64_t panel = b; panel < e; ++panel) {
          const int64_t j = panel * nr;
          pack_b(g, p0, k, j0 + j, HWY_MIN(nr, n - j), nr, packed_b.get() + j * k);
        }
      });
      for (int64_t i0 = 0; i0 < g.m; i0 += kMBlock) {
        const int64_t m = HWY_MIN(kMBlock, g.m - i0);
        parallel_for(
            0, (m + kMR - 1) / kMR, grain_for(kMR * k, 1 << 15), [&](int64_t b, int64_t e) {
              for (int64_t block = b; block < e; ++block) {
                const int64_t i = block * kMR;
                const int64_t rows = HWY_MIN(kMR, m - i);
                T* dst = packed_a.get() + i * k;
                const T* src = g.ta ? g.a + p0 * g.lda + i0 + i : g.a + (i0 + i) * g.lda + p0;
                if (!g.ta) {
                  pack_columns(src, g.lda, k, rows, int64_t{kMR}, dst);
                  continue;
                }
                for (int64_t p = 0; p < k; ++p) {
                  for (int64_t r = 0; r < rows; ++r) dst[p * kMR + r] = src[r + p * g.lda];
                }
              }
            });
        const int64_t tiles_m = (m + mc - 1) / mc, tiles_n = (n + nc - 1) / nc;
        parallel_for(0, tiles_m * tiles_n, 1, [&](int64_t b, int64_t e) {
          for (int64_t tile = b; tile < e; ++tile) {
            const int64_t ti = tile / tiles_n * mc, tj = tile % tiles_n * nc;
            const int64_t rows = HWY_MIN(mc, m - ti), stop = HWY_MIN(n, tj + nc);
            for (int64_t j = tj; j < stop; j += nr) {
              run_panel<T, true>(rows, k, packed_a.get() + ti * k, int64_t{1}, int64_t{kMR},
                                 kMR * k, packed_b.get() + j * k, nr, g.alpha, beta,
                                 g.c + (i0 + ti) * g.ldc + j0 + j, g.ldc, HWY_MIN(nr, stop - j));
            }
          }
        });
      }
    }
  }
}

// A * x as a row times a matrix: C^T (1 x m) = B^T (1 x k) * A^T (k x m).
template <class T>
void gemm_vector(const GemmArgs<T>& g) {
  GemmArgs<T> t = g;
  t.m = 1;
  t.n = g.m;
  t.a = g.b;
  t.ta = false;
  t.lda = g.k;
  t.b = g.a;
  t.tb = !g.ta;
  t.ldb = g.lda;
  t.ldc = g.m;
  if (t.tb) return gemm_dots(t);
  gemm_stream(t);
}

template <class T>
HWY_INLINE void gemm_any(const GemmArgs<T>& g) {
  if (g.packed_b != nullptr) return gemm_panels(g);
  if (g.n == 1 && g.ldc == 1 && (g.tb || g.ldb == 1) && g.m * g.k > 64) return gemm_vector(g);
  const int64_t work = g.m * g.n * g.k;
  if (work <= 96 * 96 * 96 && g.k <= 1024) {
    // A row or two against a transposed B: no packing at all.
    if (g.m <= 2 && g.tb && !g.ta && g.n * g.k > 64) return gemm_dots(g);
    return gemm_panels(g);
  }
  if (!g.ta && g.tb && g.m <= 16) return gemm_dots(g);
  if (g.m <= kMR && !g.tb) return gemm_stream(g);
  if (g.m * g.k <= kCachedItems && g.n >= 8 * kVL<T>) return gemm_panels(g);
  gemm_large(g);
}

// Panels of two vectors' width and full depth, one after the other.
template <class T>
void pack_all(const GemmArgs<T>& g, T* packed) {
  const int64_t nr = 2 * kVL<T>;
  parallel_for(0, (g.n + nr - 1) / nr, grain_for(nr * g.k, 1 << 15), [&](int64_t b, int64_t e) {
    for (int64_t panel = b; panel < e; ++panel) {
      const int64_t j = panel * nr;
      pack_b(g, 0, g.k, j, HWY_MIN(nr, g.n - j), nr, packed + j * g.k);
    }
  });
}

void GemmF32(const GemmArgs<float>& g) { gemm_any(g); }
void GemmF64(const GemmArgs<double>& g) { gemm_any(g); }
void PackF32(const GemmArgs<float>& g, float* packed) { pack_all(g, packed); }
int64_t PackedWidth() { return 2 * kVL<float>; }

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu::detail {
HWY_EXPORT(GemmF32);
HWY_EXPORT(GemmF64);
HWY_EXPORT(PackF32);
HWY_EXPORT(PackedWidth);
void own_gemm(const GemmArgs<float>& args) { HWY_DYNAMIC_DISPATCH(GemmF32)(args); }
void own_gemm(const GemmArgs<double>& args) { HWY_DYNAMIC_DISPATCH(GemmF64)(args); }
void own_pack(const GemmArgs<float>& args, float* packed) {
  HWY_DYNAMIC_DISPATCH(PackF32)(args, packed);
}
int64_t own_packed_width() { return HWY_DYNAMIC_DISPATCH(PackedWidth)(); }
}  // namespace pharos::cpu::detail
#endif
