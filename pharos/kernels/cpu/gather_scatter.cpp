// Reading and writing at positions named by index values.
#include "kernels/cpu/gather_scatter.h"

#include <cstring>

#include "kernels/cpu/grain.h"
#include "kernels/cpu/load.h"

namespace pharos::cpu {
namespace {

using c10::ScalarType;

struct Item16 {
  uint64_t a, b;
};

template <class F>
void by_size(int64_t itemsize, F&& f) {
  switch (itemsize) {
    case 1:
      return f(uint8_t());
    case 2:
      return f(uint16_t());
    case 4:
      return f(uint32_t());
    case 8:
      return f(uint64_t());
    default:
      return f(Item16());
  }
}

template <class F>
void by_type(ScalarType t, F&& f) {
  switch (t) {
#define PHAROS_CASE(T, Name) \
  case ScalarType::Name:     \
    return f(T());
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "\"scatter\" not implemented for '", t, "'");
  }
}

[[noreturn]] PHAROS_COLD void out_of_bounds(int64_t index, int64_t dim, int64_t size) {
  TORCH_CHECK(false, "index ", index, " is out of bounds for dimension ", dim, " with size ", size);
}

template <class T>
bool is_nan(T x) {
  if constexpr (std::is_integral_v<T>)
    return false;
  else if constexpr (sizeof(T) == 2)
    return static_cast<float>(x) != static_cast<float>(x);
  else
    return !(x == x);
}

template <ScatterOp kOp, class T>
inline void apply(T& to, T x) {
  if constexpr (kOp == ScatterOp::kSet) {
    to = x;
  } else if constexpr (std::is_same_v<T, bool>) {
    to = kOp == ScatterOp::kAdd || kOp == ScatterOp::kMax ? to || x : to && x;
  } else if constexpr (kOp == ScatterOp::kAdd) {
    to = static_cast<T>(to + x);
  } else if constexpr (kOp == ScatterOp::kMul) {
    to = static_cast<T>(to * x);
  } else if constexpr (!c10_complex<T>) {
    const bool take = kOp == ScatterOp::kMin ? x < to : to < x;
    if ((take && !is_nan(to)) || is_nan(x)) to = x;
  }
}

// f.operator()<kOp>() for the run-time op.
template <class F>
void by_op(ScatterOp op, F&& f) {
  switch (op) {
    case ScatterOp::kSet:
      return f.template operator()<ScatterOp::kSet>();
    case ScatterOp::kAdd:
      return f.template operator()<ScatterOp::kAdd>();
    case ScatterOp::kMul:
      return f.template operator()<ScatterOp::kMul>();
    case ScatterOp::kMin:
      return f.template operator()<ScatterOp::kMin>();
    case ScatterOp::kMax:
      return f.template operator()<ScatterOp::kMax>();
  }
}

// Plain moves need only the size of an item.
template <class F>
void by_op_and_type(ScatterOp op, ScalarType type, F&& f) {
  if (op == ScatterOp::kSet) {
    by_size(static_cast<int64_t>(c10::elementSize(type)),
            [&](auto tag) { f.template operator()<ScatterOp::kSet, decltype(tag)>(); });
    return;
  }
  by_type(type, [&](auto tag) {
    by_op(op, [&]<ScatterOp kOp>() { f.template operator()<kOp, decltype(tag)>(); });
  });
}

}  // namespace

void gather_lines(const Lines<3>& lines, char* out, const char* self, const char* index,
                  int64_t limit, int64_t itemsize, int64_t dim) {
  by_size(itemsize, [&](auto tag) {
    using T = decltype(tag);
    lines.for_each([&](const int64_t* at) {
      char* o = out + at[0];
      const char* s = self + at[1];
      const char* ix = index + at[2];
      for (int64_t i = 0; i < lines.length(); ++i) {
        const int64_t k = *reinterpret_cast<const int64_t*>(ix + i * lines.step(2));
        if (PHAROS_UNLIKELY(k < 0 || k >= limit)) out_of_bounds(k, dim, limit);
        *reinterpret_cast<T*>(o + i * lines.step(0)) =
            *reinterpret_cast<const T*>(s + k * lines.step(1));
      }
    });
  });
}

void scatter_lines(ScatterOp op, ScalarType type, const Lines<3>& lines, char* self,
                   const char* src, const char* index, int64_t limit, int64_t dim) {
  by_op_and_type(op, type, [&]<ScatterOp kOp, class T>() {
    lines.for_each([&](const int64_t* at) {
      char* d = self + at[0];
      const char* s = src + at[1];
      const char* ix = index + at[2];
      for (int64_t i = 0; i < lines.length(); ++i) {
        const int64_t k = *reinterpret_cast<const int64_t*>(ix + i * lines.step(2));
        if (PHAROS_UNLIKELY(k < 0 || k >= limit)) out_of_bounds(k, dim, limit);
        apply<kOp>(*reinterpret_cast<T*>(d + k * lines.step(0)),
                   *reinterpret_cast<const T*>(s + i * lines.step(1)));
      }
    });
  });
}

void index_lines(ScatterOp op, ScalarType type, const Lines<2>& lines, char* self, const char* src,
                 const int64_t* index) {
  by_op_and_type(op, type, [&]<ScatterOp kOp, class T>() {
    lines.for_each([&](const int64_t* at) {
      char* d = self + at[0];
      const char* s = src + at[1];
      for (int64_t i = 0; i < lines.length(); ++i) {
        apply<kOp>(*reinterpret_cast<T*>(d + index[i] * lines.step(0)),
                   *reinterpret_cast<const T*>(s + i * lines.step(1)));
      }
    });
  });
}

void index_rows(ScatterOp op, ScalarType type, char* self, const char* src, const int64_t* index,
                int64_t outer, int64_t n, int64_t inner, int64_t limit) {
  by_op_and_type(op, type, [&]<ScatterOp kOp, class T>() {
    parallel_for(0, outer, grain_for(n * inner), [&](int64_t b, int64_t e) {
      for (int64_t o = b; o < e; ++o) {
        const T* s = reinterpret_cast<const T*>(src) + o * n * inner;
        T* base = reinterpret_cast<T*>(self) + o * limit * inner;
        for (int64_t i = 0; i < n; ++i, s += inner) {
          T* d = base + index[i] * inner;
          for (int64_t j = 0; j < inner; ++j) apply<kOp>(d[j], s[j]);
        }
      }
    });
  });
}

void Block::add(int64_t n, int64_t stride_a, int64_t stride_b) {
  numel *= n;
  if (n == 1) return;
  if (dims > 0) {
    const int l = dims - 1;
    if (stride_a == a[l] * size[l] && stride_b == b[l] * size[l]) {
      size[l] *= n;
      return;
    }
  }
  size[dims] = n, a[dims] = stride_a, b[dims] = stride_b;
  ++dims;
}

namespace {

// f(a, b) for each run along the block's innermost dim.
template <class F>
void walk(const Block& block, char* a, char* b, F&& f) {
  if (block.dims <= 1) return f(a, b);
  int64_t at[64] = {};
  for (;;) {
    f(a, b);
    int d = 1;
    for (; d < block.dims; ++d) {
      a += block.a[d], b += block.b[d];
      if (++at[d] < block.size[d]) break;
      a -= block.size[d] * block.a[d], b -= block.size[d] * block.b[d];
      at[d] = 0;
    }
    if (d == block.dims) return;
  }
}

template <ScatterOp kOp, class T>
void run_positions(const IndexJob& job, char* a, char* b, int64_t from, int64_t to) {
  const Block& block = job.inner;
  const int64_t n = block.dims ? block.size[0] : 1;
  const int64_t sa = block.dims ? block.a[0] : 0, sb = block.dims ? block.b[0] : 0;
  const bool packed = kOp == ScatterOp::kSet && sa == int64_t{sizeof(T)} && sb == sa;
  if (n == 1) {
    for (int64_t i = from; i < to; ++i) {
      T& x = *reinterpret_cast<T*>(a + i * job.step_a);
      T& y = *reinterpret_cast<T*>(b + job.offset[i]);
      if (job.to_b)
        apply<kOp>(y, x);
      else
        apply<kOp>(x, y);
    }
    return;
  }
  for (int64_t i = from; i < to; ++i) {
    walk(block, a + i * job.step_a, b + job.offset[i], [&](char* p, char* q) {
      if (packed) {
        std::memcpy(job.to_b ? q : p, job.to_b ? p : q, static_cast<size_t>(n) * sizeof(T));
        return;
      }
      for (int64_t j = 0; j < n; ++j) {
        T& x = *reinterpret_cast<T*>(p + j * sa);
        T& y = *reinterpret_cast<T*>(q + j * sb);
        if (job.to_b)
          apply<kOp>(y, x);
        else
          apply<kOp>(x, y);
      }
    });
  }
}

}  // namespace

void run_index(const IndexJob& job, char* a, char* b) {
  if (job.n == 0 || job.inner.numel == 0 || job.outer.numel == 0) return;
  by_op_and_type(job.op, job.type, [&]<ScatterOp kOp, class T>() {
    // Writes to equal positions keep their order: only reads, and outer positions, run in parallel.
    if (!job.to_b && job.outer.dims == 0) {
      parallel_for(0, job.n, even_grain(job.n, job.inner.numel),
                   [&](int64_t from, int64_t to) { run_positions<kOp, T>(job, a, b, from, to); });
      return;
    }
    const int64_t run = job.outer.dims ? job.outer.size[0] : 1;
    walk(job.outer, a, b, [&](char* p, char* q) {
      parallel_for(0, run, grain_for(job.n * job.inner.numel), [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i) {
          const int64_t da = job.outer.dims ? i * job.outer.a[0] : 0;
          const int64_t db = job.outer.dims ? i * job.outer.b[0] : 0;
          run_positions<kOp, T>(job, p + da, q + db, 0, job.n);
        }
      });
    });
  });
}

}  // namespace pharos::cpu
