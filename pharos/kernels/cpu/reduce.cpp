// The reduction driver: sorts and merges dims, cuts the work into tasks by sizes alone, and feeds
// rows or columns of accumulator values to the kernels of reduce_simd.cpp.
#include "kernels/cpu/reduce.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/cpu/load.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/reduce_kernels.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

constexpr int64_t kStrip = 128;    // outputs of one task
constexpr int64_t kBlock = 4096;   // items of one call of a row kernel
constexpr int64_t kGather = 1024;  // items gathered at a time
constexpr int64_t kRows = 64;      // rows of one call of a column kernel
constexpr int64_t kTaskWork = 65536;
constexpr int64_t kColumnWork = 16384;  // columns take several calls for the same items

// Dims of size 1 dropped, sorted by stride, merged where they touch. Strides in bytes.
struct Plan {
  int nk = 0, nr = 0;
  int64_t ksize[64], kin[64], kout[64], kmean[64];
  int64_t rsize[64], rin[64];
  int64_t outputs = 1, count = 1;
  bool direct = false;   // input values are accumulator values already
  bool columns = false;  // a run of outputs lies side by side in the input

  void keep(int64_t size, int64_t in, int64_t out, int64_t mean) {
    int i = nk++;
    for (; i > 0 && kin[i - 1] > in; --i) {
      ksize[i] = ksize[i - 1], kin[i] = kin[i - 1], kout[i] = kout[i - 1], kmean[i] = kmean[i - 1];
    }
    ksize[i] = size, kin[i] = in, kout[i] = out, kmean[i] = mean;
  }
  void drop(int64_t size, int64_t in) {
    int i = nr++;
    for (; i > 0 && rin[i - 1] > in; --i) rsize[i] = rsize[i - 1], rin[i] = rin[i - 1];
    rsize[i] = size, rin[i] = in;
  }
  void merge() {
    int n = 0;
    for (int i = 1; i < nr; ++i) {
      if (rin[i] == rin[n] * rsize[n]) {
        rsize[n] *= rsize[i];
      } else {
        ++n;
        rsize[n] = rsize[i], rin[n] = rin[i];
      }
    }
    nr = nr ? n + 1 : 0;
    n = 0;
    for (int i = 1; i < nk; ++i) {
      if (kin[i] == kin[n] * ksize[n] && kout[i] == kout[n] * ksize[n] &&
          kmean[i] == kmean[n] * ksize[n]) {
        ksize[n] *= ksize[i];
      } else {
        ++n;
        ksize[n] = ksize[i], kin[n] = kin[i], kout[n] = kout[i], kmean[n] = kmean[i];
      }
    }
    nk = nk ? n + 1 : 0;
  }
};

void make_plan(const Reduction& r, int64_t in_size, int64_t out_size, Plan& plan) {
  const bool means = r.mean_strides != nullptr;
  for (int d = r.ndim - 1; d >= 0; --d) {
    const int64_t n = r.sizes[d];
    const int64_t in = r.in_strides[d] * in_size;
    if (r.reduced >> d & 1) {
      plan.count *= n;
      if (n != 1) plan.drop(n, in);
    } else {
      plan.outputs *= n;
      if (n != 1) {
        plan.keep(n, in, r.out_strides[d] * out_size, means ? r.mean_strides[d] * out_size : 0);
      }
    }
  }
  // Without means their strides are all zero, which never stops a merge of equal zeros.
  if (plan.nk > 1 || plan.nr > 1) plan.merge();
  if (plan.nk == 0) plan.ksize[0] = 1, plan.kin[0] = plan.kout[0] = plan.kmean[0] = 0, plan.nk = 1;
  if (plan.nr == 0) plan.rsize[0] = 1, plan.rin[0] = in_size, plan.nr = 1;
  const bool rows = plan.rin[0] == in_size && plan.rsize[0] >= 8;
  plan.columns = !rows && plan.kin[0] == in_size && plan.ksize[0] >= 4;
}

// Partial results joined pairwise like the digits of a binary counter.
template <class A>
struct Cascade {
  A level[48];
  uint64_t n = 0;
  void push(const ReduceKernels<A>& k, A v) {
    int l = 0;
    for (uint64_t c = n++; c & 1; c >>= 1) v = k.combine(level[l++], v);
    level[l] = v;
  }
  A finish(const ReduceKernels<A>& k) const {
    A v = k.identity;
    bool first = true;
    for (int l = 0; l < 48 && (n >> l); ++l) {
      if (!(n >> l & 1)) continue;
      v = first ? level[l] : k.combine(level[l], v);
      first = false;
    }
    return v;
  }
};

template <class A>
class Reducer {
 public:
  Reducer(const Reduction& r, const Plan& plan, const void* in, void* out)
      : r_(r), plan_(plan), in_(static_cast<const char*>(in)), out_(static_cast<char*>(out)) {
    strips_ = (plan.ksize[0] + kStrip - 1) / kStrip;
    for (int i = 1; i < plan.nk; ++i) strips_ *= plan.ksize[i];
    width_ = std::min<int64_t>(plan.ksize[0], kStrip);
    load_ = loader<A>(r.in_type, r.kind == ReduceKind::kCount);
    chunk_ = std::max<int64_t>(1, plan.count);
    const int64_t work = plan.columns ? kColumnWork : kTaskWork;
    if (strips_ < 16 && width_ * plan.count >= 2 * work) {
      chunk_ = std::max<int64_t>(work / width_, plan.columns ? kRows : 256);
      chunk_ = (chunk_ + kRows - 1) / kRows * kRows;
    }
    chunks_ = std::max<int64_t>(1, (plan.count + chunk_ - 1) / chunk_);
  }

  void run() {
    if (r_.kind != ReduceKind::kVariance) {
      pass(*reduce_kernels<A>(r_.kind), nullptr);
      return;
    }
    const auto& sum = *reduce_kernels<A>(ReduceKind::kSum);
    const auto& squares = *reduce_kernels<A>(ReduceKind::kVariance);
    if constexpr (std::is_floating_point_v<A>) {
      Scratch<A> means(strips_ * width_);
      means_ = means.get();
      mean_pass_ = true;
      pass(sum, nullptr);
      mean_pass_ = false;
      pass(squares, means_);
    }
  }

 private:
  // Where strip s begins and how many outputs it has.
  int64_t locate(int64_t s, int64_t& in, int64_t& out, int64_t& mean) const {
    const int64_t per_row = (plan_.ksize[0] + kStrip - 1) / kStrip;
    const int64_t j = s % per_row * kStrip;
    in = j * plan_.kin[0], out = j * plan_.kout[0], mean = j * plan_.kmean[0];
    s /= per_row;
    for (int i = 1; i < plan_.nk; ++i) {
      const int64_t at = s % plan_.ksize[i];
      s /= plan_.ksize[i];
      in += at * plan_.kin[i], out += at * plan_.kout[i], mean += at * plan_.kmean[i];
    }
    return std::min(kStrip, plan_.ksize[0] - j);
  }

  void pass(const ReduceKernels<A>& k, const A* args) {
    if (strips_ == 1 && chunks_ == 1) {
      A result[kStrip];
      task(k, 0, 0, result, args);
      store(0, result);
      return;
    }
    const int64_t work = plan_.columns ? kColumnWork : kTaskWork;
    const int64_t grain = std::max<int64_t>(1, work / std::max<int64_t>(1, width_ * chunk_));
    if (chunks_ == 1) {
      parallel_for(0, strips_, grain, [&](int64_t b, int64_t e) {
        A result[kStrip];
        for (int64_t s = b; s < e; ++s) {
          task(k, s, 0, result, args);
          store(s, result);
        }
      });
      return;
    }
    Scratch<A> partial(strips_ * chunks_ * width_);
    parallel_for(0, strips_ * chunks_, grain, [&](int64_t b, int64_t e) {
      for (int64_t t = b; t < e; ++t) {
        task(k, t / chunks_, t % chunks_, partial.get() + t * width_, args);
      }
    });
    for (int64_t s = 0; s < strips_; ++s) {
      A* p = partial.get() + s * chunks_ * width_;
      for (int64_t step = 1; step < chunks_; step *= 2) {
        for (int64_t c = 0; c + step < chunks_; c += 2 * step) {
          for (int64_t j = 0; j < width_; ++j) {
            p[c * width_ + j] = k.combine(p[c * width_ + j], p[(c + step) * width_ + j]);
          }
        }
      }
      store(s, p);
    }
  }

  void task(const ReduceKernels<A>& k, int64_t s, int64_t chunk, A* result, const A* args) const {
    int64_t in, out, mean;
    const int64_t n = locate(s, in, out, mean);
    const int64_t b = chunk * chunk_, e = std::min(plan_.count, b + chunk_);
    if (args) args += s * width_;
    if (plan_.columns) {
      columns(k, in_ + in, b, e, n, result, args);
      return;
    }
    for (int64_t j = 0; j < n; ++j) {
      A arg = A(0);
      if constexpr (std::is_floating_point_v<A>) arg = args ? args[j] : static_cast<A>(r_.p);
      result[j] = row(k, in_ + in + j * plan_.kin[0], b, e, arg);
    }
  }

  // Odometer over the reduced dims, started at position `b`.
  struct Position {
    int64_t at[64];
    int64_t offset = 0;
    Position(const Plan& p, int64_t b) {
      if (p.nr == 1) {
        at[0] = b;
        offset = b * p.rin[0];
        return;
      }
      for (int i = 0; i < p.nr; ++i) {
        at[i] = b % p.rsize[i];
        b /= p.rsize[i];
        offset += at[i] * p.rin[i];
      }
    }
    void advance(const Plan& p, int64_t n) {
      at[0] += n;
      offset += n * p.rin[0];
      for (int i = 0; i + 1 < p.nr && at[i] == p.rsize[i]; ++i) {
        at[i] = 0;
        offset += p.rin[i + 1] - p.rsize[i] * p.rin[i];
        ++at[i + 1];
      }
    }
  };

  A row(const ReduceKernels<A>& k, const char* in, int64_t b, int64_t e, A arg) const {
    if (plan_.direct && plan_.nr == 1 && plan_.rin[0] == int64_t{sizeof(A)}) {
      const A* p = reinterpret_cast<const A*>(in);
      if (e - b <= kBlock) return k.row(p + b, e - b, arg);
      Cascade<A> sums;
      for (; b < e; b += kBlock) sums.push(k, k.row(p + b, std::min(kBlock, e - b), arg));
      return sums.finish(k);
    }
    A buffer[kGather];
    Cascade<A> sums;
    Position pos(plan_, b);
    while (b < e) {
      int64_t filled = 0;
      while (b < e && filled < kGather) {
        const int64_t n = std::min({plan_.rsize[0] - pos.at[0], e - b, kGather - filled});
        load_(in + pos.offset, plan_.rin[0], n, buffer + filled);
        pos.advance(plan_, n);
        b += n;
        filled += n;
      }
      sums.push(k, k.row(buffer, filled, arg));
    }
    return sums.finish(k);
  }

  void columns(const ReduceKernels<A>& k, const char* in, int64_t b, int64_t e, int64_t n,
               A* result, const A* args) const {
    A args_buffer[kStrip];
    if constexpr (std::is_floating_point_v<A>) {
      if (!args && r_.kind == ReduceKind::kPowSum) {
        std::fill_n(args_buffer, n, static_cast<A>(r_.p));
        args = args_buffer;
      }
    }
    const bool direct = plan_.direct && plan_.rin[0] % int64_t{sizeof(A)} == 0;
    const int64_t rows = direct ? kRows : 16;
    const int levels = 64 - std::countl_zero(static_cast<uint64_t>(e - b)) + 1;
    Scratch<A> space((levels + rows) * n);
    A* level = space.get();
    A* buffer = level + levels * n;
    Position pos(plan_, b);
    uint64_t blocks = 0;
    while (b < e) {
      const int64_t m = std::min({plan_.rsize[0] - pos.at[0], e - b, rows});
      std::fill_n(result, n, k.identity);
      if (direct) {
        k.columns(result, reinterpret_cast<const A*>(in + pos.offset),
                  plan_.rin[0] / int64_t{sizeof(A)}, m, n, args);
      } else {
        for (int64_t i = 0; i < m; ++i) {
          load_(in + pos.offset + i * plan_.rin[0], plan_.kin[0], n, buffer + i * n);
        }
        k.columns(result, buffer, n, m, n, args);
      }
      pos.advance(plan_, m);
      b += m;
      int l = 0;
      for (uint64_t c = blocks++; c & 1; c >>= 1, ++l) {
        for (int64_t j = 0; j < n; ++j) result[j] = k.combine(level[l * n + j], result[j]);
      }
      std::memcpy(static_cast<void*>(level + l * n), result, static_cast<size_t>(n) * sizeof(A));
    }
    bool first = true;
    for (int l = 0; l < levels && (blocks >> l); ++l) {
      if (!(blocks >> l & 1)) continue;
      for (int64_t j = 0; j < n; ++j) {
        result[j] = first ? level[l * n + j] : k.combine(level[l * n + j], result[j]);
      }
      first = false;
    }
  }

  void store(int64_t s, A* result) {
    int64_t in, out, mean;
    const int64_t n = locate(s, in, out, mean);
    if constexpr (std::is_floating_point_v<A>) {
      if (mean_pass_) {
        const A count = static_cast<A>(plan_.count);
        A* m = means_ + s * width_;
        for (int64_t j = 0; j < n; ++j) m[j] = result[j] / count;
        if (r_.mean_out) {
          store_values(r_.out_type, m, static_cast<char*>(r_.mean_out) + mean, plan_.kmean[0], n);
        }
        return;
      }
      if (r_.root == 0.5) {
        for (int64_t j = 0; j < n; ++j)
          result[j] = std::sqrt(result[j] / static_cast<A>(r_.divisor));
      } else if (r_.root != 1) {
        for (int64_t j = 0; j < n; ++j) result[j] = std::pow(result[j], static_cast<A>(r_.root));
      } else if (r_.divisor != 1) {
        for (int64_t j = 0; j < n; ++j) result[j] /= static_cast<A>(r_.divisor);
      }
    } else if constexpr (c10_complex<A>) {
      if (r_.divisor != 1) {
        for (int64_t j = 0; j < n; ++j) {
          result[j] = result[j] / A(static_cast<typename A::value_type>(r_.divisor));
        }
      }
    }
    if constexpr (sizeof(A) == 1) {
      for (int64_t j = 0; j < n; ++j) result[j] = result[j] != 0;
    }
    store_values(r_.out_type, result, out_ + out, plan_.kout[0], n);
  }

  const Reduction& r_;
  const Plan& plan_;
  const char* in_;
  char* out_;
  LoadFn<A> load_;
  int64_t strips_, width_, chunk_, chunks_;
  A* means_ = nullptr;
  bool mean_pass_ = false;
};

template <class A>
void run(const Reduction& r, const void* in, void* out) {
  Plan plan;
  make_plan(r, static_cast<int64_t>(c10::elementSize(r.in_type)),
            static_cast<int64_t>(c10::elementSize(r.out_type)), plan);
  if (plan.outputs == 0) return;
  // Bytes are truth values: only bools are so already.
  plan.direct = sizeof(A) == 1 ? r.in_type == ScalarType::Bool
                               : r.in_type == c10::CppTypeToScalarType<A>::value &&
                                     r.kind != ReduceKind::kCount;
  if (plan.count == 0) {
    // One reduced position of nothing: write identities through the ordinary way of storing.
    plan.nr = 1, plan.rsize[0] = 0, plan.rin[0] = 0;
    plan.columns = false;
  }
  Reducer<A>(r, plan, in, out).run();
}

}  // namespace

void reduce(const Reduction& r, const void* in, void* out) {
  if (r.kind == ReduceKind::kAny || r.kind == ReduceKind::kAll) return run<uint8_t>(r, in, out);
  switch (r.kind == ReduceKind::kCount ? ScalarType::Long : accumulate_type(r.out_type)) {
    case ScalarType::Float:
      return run<float>(r, in, out);
    case ScalarType::Double:
      return run<double>(r, in, out);
    case ScalarType::Long:
      return run<int64_t>(r, in, out);
    case ScalarType::ComplexFloat:
      return run<c10::complex<float>>(r, in, out);
    case ScalarType::ComplexDouble:
      return run<c10::complex<double>>(r, in, out);
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "reduction not implemented for '", r.out_type, "'");
  }
}

}  // namespace pharos::cpu
