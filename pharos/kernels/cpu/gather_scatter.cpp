// Reading and writing at positions named by index values.
#include "kernels/cpu/gather_scatter.h"

#include <algorithm>
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

// The loops below are written once, for items of any kind: what is done to the items of a run is a
// function of theirs, chosen once. Steps are bytes.

// to[at[i]] op= from[i] in order, or to[i] op= from[i] where `at` is null.
using Put = void (*)(char* to, int64_t to_step, const char* from, int64_t from_step,
                     const int64_t* at, int64_t n);
// to[i] = from[at[i]].
using Take = void (*)(char* to, int64_t to_step, const char* from, int64_t from_step,
                      const int64_t* at, int64_t n);

template <ScatterOp kOp, class T>
void put(char* to, int64_t to_step, const char* from, int64_t from_step, const int64_t* at,
         int64_t n) {
  constexpr int64_t kItem = sizeof(T);
  // Copies, and sums of gradients, come in long packed runs.
  if constexpr (kOp == ScatterOp::kSet || (kOp == ScatterOp::kAdd && std::is_floating_point_v<T>)) {
    if (at == nullptr && to_step == kItem && from_step == kItem) {
      if constexpr (kOp == ScatterOp::kSet) {
        std::memcpy(to, from, static_cast<size_t>(n * kItem));
      } else {
        T* t = reinterpret_cast<T*>(to);
        const T* f = reinterpret_cast<const T*>(from);
        for (int64_t i = 0; i < n; ++i) t[i] += f[i];
      }
      return;
    }
  }
  for (int64_t i = 0; i < n; ++i, from += from_step) {
    apply<kOp>(*reinterpret_cast<T*>(to + (at ? at[i] : i) * to_step),
               *reinterpret_cast<const T*>(from));
  }
}

template <class T>
void take(char* to, int64_t to_step, const char* from, int64_t from_step, const int64_t* at,
          int64_t n) {
  for (int64_t i = 0; i < n; ++i, to += to_step) {
    *reinterpret_cast<T*>(to) = *reinterpret_cast<const T*>(from + at[i] * from_step);
  }
}

template <class T>
Put put_of_type(ScatterOp op) {
  switch (op) {
    case ScatterOp::kAdd:
      return put<ScatterOp::kAdd, T>;
    case ScatterOp::kMul:
      return put<ScatterOp::kMul, T>;
    case ScatterOp::kMin:
      return put<ScatterOp::kMin, T>;
    default:
      return put<ScatterOp::kMax, T>;
  }
}

// Plain moves need only the size of an item.
Put put_of(ScatterOp op, ScalarType type) {
  Put result = nullptr;
  if (op == ScatterOp::kSet) {
    by_size(static_cast<int64_t>(c10::elementSize(type)),
            [&](auto tag) { result = put<ScatterOp::kSet, decltype(tag)>; });
  } else {
    by_type(type, [&](auto tag) { result = put_of_type<decltype(tag)>(op); });
  }
  return result;
}

Take take_of(int64_t itemsize) {
  Take result = nullptr;
  by_size(itemsize, [&](auto tag) { result = take<decltype(tag)>; });
  return result;
}

constexpr int64_t kChunk = 256;  // index values looked at before the first of them is used

// The next `n` of a line's index values, each found to be in [0, limit): in place if packed, else
// in `buffer`.
const int64_t* checked(const char* index, int64_t step, int64_t n, int64_t limit, int64_t dim,
                       int64_t* buffer) {
  const bool packed = step == int64_t{sizeof(int64_t)};
  for (int64_t i = 0; i < n; ++i) {
    const int64_t k = *reinterpret_cast<const int64_t*>(index + i * step);
    if (PHAROS_UNLIKELY(k < 0 || k >= limit)) out_of_bounds(k, dim, limit);
    if (!packed) buffer[i] = k;
  }
  return packed ? reinterpret_cast<const int64_t*>(index) : buffer;
}

// Calls f(offset, i, at, n) for each chunk of `n` index values `at` of each line, from its i-th on.
template <class F>
void for_each_chunk(const Lines<3>& lines, const char* index, int64_t limit, int64_t dim, F f) {
  const int64_t step = lines.step(2);
  lines.for_each([&](const int64_t* offset) {
    int64_t buffer[kChunk];
    for (int64_t i = 0; i < lines.length(); i += kChunk) {
      const int64_t n = std::min(kChunk, lines.length() - i);
      f(offset, i, checked(index + offset[2] + i * step, step, n, limit, dim, buffer), n);
    }
  });
}

}  // namespace

void gather_lines(const Lines<3>& lines, char* out, const char* self, const char* index,
                  int64_t limit, int64_t itemsize, int64_t dim) {
  const Take take = take_of(itemsize);
  const int64_t out_step = lines.step(0);
  for_each_chunk(lines, index, limit, dim,
                 [&](const int64_t* offset, int64_t i, const int64_t* at, int64_t n) {
                   take(out + offset[0] + i * out_step, out_step, self + offset[1], lines.step(1),
                        at, n);
                 });
}

void scatter_lines(ScatterOp op, ScalarType type, const Lines<3>& lines, char* self,
                   const char* src, const char* index, int64_t limit, int64_t dim) {
  const Put put = put_of(op, type);
  const int64_t src_step = lines.step(1);
  for_each_chunk(lines, index, limit, dim,
                 [&](const int64_t* offset, int64_t i, const int64_t* at, int64_t n) {
                   put(self + offset[0], lines.step(0), src + offset[1] + i * src_step, src_step,
                       at, n);
                 });
}

void index_lines(ScatterOp op, ScalarType type, const Lines<2>& lines, char* self, const char* src,
                 const int64_t* index) {
  const Put put = put_of(op, type);
  lines.for_each([&](const int64_t* offset) {
    put(self + offset[0], lines.step(0), src + offset[1], lines.step(1), index, lines.length());
  });
}

void index_rows(ScatterOp op, ScalarType type, char* self, const char* src, const int64_t* index,
                int64_t outer, int64_t n, int64_t inner, int64_t limit) {
  const Put put = put_of(op, type);
  const auto item = static_cast<int64_t>(c10::elementSize(type));
  const int64_t row = inner * item;
  parallel_for(0, outer, grain_for(n * inner), [&](int64_t b, int64_t e) {
    for (int64_t o = b; o < e; ++o) {
      char* to = self + o * limit * row;
      const char* from = src + o * n * row;
      if (inner == 1) {
        put(to, item, from, item, index, n);
        continue;
      }
      for (int64_t i = 0; i < n; ++i) {
        put(to + index[i] * row, item, from + i * row, item, nullptr, inner);
      }
    }
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

// The functions of one job: `put` writes one or the other way, `take` reads single items.
struct Moves {
  Put put;
  Take take;
};

void run_positions(const IndexJob& job, const Moves& moves, char* a, char* b, int64_t from,
                   int64_t to) {
  const Block& block = job.inner;
  const int64_t n = block.dims ? block.size[0] : 1;
  const int64_t sa = block.dims ? block.a[0] : 0, sb = block.dims ? block.b[0] : 0;
  if (n == 1) {  // offsets are bytes: steps of one
    char* p = a + from * job.step_a;
    if (job.to_b)
      moves.put(b, 1, p, job.step_a, job.offset + from, to - from);
    else
      moves.take(p, job.step_a, b, 1, job.offset + from, to - from);
    return;
  }
  for (int64_t i = from; i < to; ++i) {
    walk(block, a + i * job.step_a, b + job.offset[i], [&](char* p, char* q) {
      if (job.to_b)
        moves.put(q, sb, p, sa, nullptr, n);
      else
        moves.put(p, sa, q, sb, nullptr, n);
    });
  }
}

}  // namespace

void run_index(const IndexJob& job, char* a, char* b) {
  if (job.n == 0 || job.inner.numel == 0 || job.outer.numel == 0) return;
  TORCH_INTERNAL_ASSERT(job.to_b || job.op == ScatterOp::kSet);
  const Moves moves = {put_of(job.op, job.type),
                       take_of(static_cast<int64_t>(c10::elementSize(job.type)))};
  // Writes to equal positions keep their order: only reads, and outer positions, run in parallel.
  if (!job.to_b && job.outer.dims == 0) {
    parallel_for(0, job.n, even_grain(job.n, job.inner.numel),
                 [&](int64_t from, int64_t to) { run_positions(job, moves, a, b, from, to); });
    return;
  }
  const int64_t run = job.outer.dims ? job.outer.size[0] : 1;
  walk(job.outer, a, b, [&](char* p, char* q) {
    parallel_for(0, run, grain_for(job.n * job.inner.numel), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        const int64_t da = job.outer.dims ? i * job.outer.a[0] : 0;
        const int64_t db = job.outer.dims ? i * job.outer.b[0] : 0;
        run_positions(job, moves, p + da, q + db, 0, job.n);
      }
    });
  });
}

}  // namespace pharos::cpu
