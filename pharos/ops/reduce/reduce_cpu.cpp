// CPU kernels of the reduce family: tensors unpacked for the engines of kernels/cpu.
#include <pharos/ops/functions.h>

#include <cmath>

#include "kernels/cpu/load.h"
#include "kernels/cpu/reduce.h"
#include "kernels/cpu/reduce_kernels.h"
#include "kernels/cpu/scan.h"
#include "kernels/cpu/scratch.h"
#include "ops/plain.h"
#include "ops/reduce/reduce.h"
#include "ops/reduce_decls.h"

namespace pharos::cpu {
namespace {

using ops::dim_mask;
using ops::OptDtype;

// The result's strides at the input's dims; 0 where reduced.
void spread_strides(const Tensor& result, const Tensor& self, uint64_t mask, int64_t* strides) {
  const int64_t* s = result.unsafeGetTensorImpl()->strides_data();
  const int n = self.unsafeGetTensorImpl()->ndim;
  const bool kept = result.dim() == n;
  int at = 0;
  for (int d = 0; d < n; ++d) {
    const bool gone = mask >> d & 1;
    strides[d] = gone ? 0 : s[kept ? d : at];
    if (!gone) ++at;
  }
}

void run(ReduceKind kind, const Tensor& result, const Tensor& self, uint64_t mask,
         double divisor = 1, double root = 1, double p = 2, const Tensor* mean = nullptr) {
  int64_t out[64], means[64];
  spread_strides(result, self, mask, out);
  const TensorImpl* in = self.unsafeGetTensorImpl();
  Reduction r;
  r.kind = kind;
  r.in_type = in->dtype_;
  r.out_type = result.scalar_type();
  r.p = p;
  r.divisor = divisor;
  r.root = root;
  r.ndim = in->ndim;
  r.sizes = in->sizes_data();
  r.in_strides = in->strides_data();
  r.out_strides = out;
  r.reduced = mask;
  if (mean) {
    spread_strides(*mean, self, mask, means);
    r.mean_out = mean->unsafeGetTensorImpl()->data;
    r.mean_strides = means;
  }
  reduce(r, in->data, result.unsafeGetTensorImpl()->data);
}

void sum_into(ReduceKind kind, const Tensor& result, const Tensor& self, uint64_t mask,
              double divisor = 1) {
  // The modulus, which the engine takes of complex input, is for norms only.
  if (self.is_complex() && !result.is_complex()) {
    run(kind, result, self.to(result.scalar_type()), mask, divisor);
  } else {
    run(kind, result, self, mask, divisor);
  }
}

// The sum of a small packed tensor in its own dtype, to the same bits as by way of a plan.
bool small_sum(const Tensor& result, const Tensor& self, double divisor) {
  const TensorImpl *in = self.unsafeGetTensorImpl(), *out = result.unsafeGetTensorImpl();
  if (!in->is_contiguous() || in->numel_ > 4096 || in->dtype_ != out->dtype_) return false;
  const auto reduce_as = [&](auto tag) {
    using A = decltype(tag);
    const A* p = reinterpret_cast<const A*>(in->data);
    A v = reduce_kernels<A>(ReduceKind::kSum)->row(p, in->numel_, A(0));
    if (divisor != 1) v /= static_cast<A>(divisor);
    *reinterpret_cast<A*>(out->data) = v;
    return true;
  };
  if (in->dtype_ == ScalarType::Float) return reduce_as(float());
  if (in->dtype_ == ScalarType::Double) return reduce_as(double());
  return false;
}

uint64_t one_dim(const Tensor& self, int64_t dim) {
  return self.dim() ? uint64_t{1} << ops::wrapped_dim(dim, self.dim()) : 0;
}

// Strides of `t` in bytes.
struct ByteStrides {
  int64_t s[64];
  explicit ByteStrides(const Tensor& t) {
    const auto size = static_cast<int64_t>(t.itemsize());
    for (int64_t d = 0; d < t.dim(); ++d) s[d] = t.strides()[static_cast<size_t>(d)] * size;
  }
};

constexpr int64_t kWidth = 256;

// Lines that lie side by side: runs of kWidth of them advance together through the rows.
template <class A>
void arg_columns(const Tensor* values, const Tensor& indices, const Tensor& self, int64_t dim,
                 bool largest) {
  const Tensor& in = self;  // contiguous
  int64_t inner = 1, outer = 1;
  for (int64_t d = dim + 1; d < in.dim(); ++d) inner *= in.size(d);
  for (int64_t d = 0; d < dim; ++d) outer *= in.size(d);
  const int64_t n = in.size(dim), blocks = (inner + kWidth - 1) / kWidth;
  const auto size = static_cast<int64_t>(in.itemsize());
  const char* base = static_cast<const char*>(in.const_data_ptr());
  const LoadFn<A> load = loader<A>(in.scalar_type());
  const bool direct = c10::CppTypeToScalarType<A>::value == in.scalar_type();
  int64_t* index = indices.data_ptr<int64_t>();
  char* value = values ? ops::data_of(*values) : nullptr;
  parallel_for(0, outer * blocks, grain_for(n * kWidth), [&](int64_t b, int64_t e) {
    A best[kWidth], row[kWidth];
    for (int64_t t = b; t < e; ++t) {
      const int64_t j = t % blocks * kWidth, w = std::min(kWidth, inner - j);
      const char* p = base + (t / blocks * n * inner + j) * size;
      const int64_t at = t / blocks * inner + j;
      load(p, size, w, best);
      std::fill_n(index + at, w, int64_t{0});
      for (int64_t i = 1; i < n; ++i) {
        const char* q = p + i * inner * size;
        if (!direct) load(q, size, w, row);
        arg_extreme_columns(best, index + at, direct ? reinterpret_cast<const A*>(q) : row, i, w,
                            largest);
      }
      if (value) store_values(in.scalar_type(), best, value + at * size, size, w);
    }
  });
}

template <class A>
void arg_lines(const Tensor* values, const Tensor& indices, const Tensor& self, int64_t dim,
               bool largest) {
  // Results as tensors of self's dims: a kept dim of size 1 has stride 0 here.
  int64_t vs[64], is[64];
  const uint64_t mask = one_dim(self, dim);
  const auto size = static_cast<int64_t>(self.itemsize());
  spread_strides(indices, self, mask, is);
  spread_strides(values ? *values : indices, self, mask, vs);
  const ByteStrides in(self);
  const Lines<3> lines(static_cast<int>(self.dim()), self.sizes().data(), static_cast<int>(dim),
                       {in.s, vs, is});
  const LoadFn<A> load = loader<A>(self.scalar_type());
  const bool direct =
      c10::CppTypeToScalarType<A>::value == self.scalar_type() && lines.step(0) == size;
  const char* base = static_cast<const char*>(self.const_data_ptr());
  int64_t* index = indices.data_ptr<int64_t>();
  char* value = values ? ops::data_of(*values) : nullptr;
  lines.for_each([&](const int64_t* at) {
    const int64_t n = lines.length();
    Scratch<A> copy(direct ? 0 : n);
    const A* p = reinterpret_cast<const A*>(base + at[0]);
    if (!direct) {
      load(base + at[0], lines.step(0), n, copy.get());
      p = copy.get();
    }
    const int64_t best = arg_extreme(p, n, largest);
    index[at[2]] = best;
    if (value) store_values(self.scalar_type(), p + best, value + at[1] * size, size, 1);
  });
}

template <class A>
void arg_typed(const Tensor* values, const Tensor& indices, const Tensor& self, int64_t dim,
               bool largest) {
  const bool columns = self.dim() > 0 && dim + 1 < self.dim() && self.is_contiguous() &&
                       indices.is_contiguous() && (!values || values->is_contiguous());
  int64_t inner = 1;
  for (int64_t d = dim + 1; d < self.dim(); ++d) inner *= self.size(d);
  if (columns && inner >= 4) {
    arg_columns<A>(values, indices, self, dim, largest);
  } else {
    arg_lines<A>(values, indices, self, dim, largest);
  }
}

void arg_along(const Tensor* values, const Tensor& indices, const Tensor& self, int64_t dim,
               bool largest) {
  if (indices.numel() == 0) return;
  dim = ops::wrapped_dim(dim, self.dim());
  switch (accumulate_type(self.scalar_type())) {
    case ScalarType::Long:
      return arg_typed<int64_t>(values, indices, self, dim, largest);
    case ScalarType::Double:
      return arg_typed<double>(values, indices, self, dim, largest);
    default:
      return arg_typed<float>(values, indices, self, dim, largest);
  }
}

void arg_any(const Tensor& result, const Tensor& self, std::optional<int64_t> dim, bool largest) {
  if (dim) return arg_along(nullptr, result, self, *dim, largest);
  arg_along(nullptr, result.view(IntArrayRef()), self.reshape({-1}), 0, largest);
}

void warn_degrees(const char* name, double divisor) {
  if (divisor <= 0) {
    TORCH_WARN(name,
               "(): degrees of freedom is <= 0. Correction should be strictly less than the "
               "reduction factor (input numel divided by output numel).");
  }
}

void var_into(const char* name, const Tensor& result, const Tensor* mean, const Tensor& self,
              OptionalIntArrayRef dim, const ops::OptScalar& correction, bool keepdim, bool root) {
  const uint64_t mask = dim_mask(dim, self.dim());
  const double n = static_cast<double>(ops::masked_numel(self.sizes(), mask));
  const double divisor = n - (correction ? correction->toDouble() : 1.0);
  warn_degrees(name, divisor);
  if (self.is_complex()) {
    Tensor v = at::var(at::real(self), dim, correction, keepdim)
                   .add_(at::var(at::imag(self), dim, correction, keepdim));
    Tensor(result).copy_(root ? v.sqrt_() : v);
    if (mean) Tensor(*mean).copy_(at::mean(self, dim, keepdim));
    return;
  }
  run(ReduceKind::kVariance, result, self, mask, divisor > 0 ? divisor : 0, root ? 0.5 : 1, 2,
      mean);
}

void scan_into(ScanKind kind, const Tensor& result, const Tensor* positions, const Tensor& self,
               int64_t dim) {
  if (self.numel() == 0) return;
  if (self.is_complex() && positions) {  // 0-dim: there is nothing to compare
    Tensor(result).copy_(self);
    Tensor(*positions).zero_();
    return;
  }
  dim = ops::wrapped_dim(dim, self.dim());
  const ByteStrides out(result), in(self), index(positions ? *positions : result);
  const Lines<3> lines(static_cast<int>(self.dim()), self.sizes().data(), static_cast<int>(dim),
                       {out.s, in.s, index.s});
  const bool to_real = self.is_complex() && !result.is_complex();
  const Tensor source = to_real ? self.to(result.scalar_type()) : self;
  if (to_real) return scan_into(kind, result, positions, source, dim);
  scan(kind, lines, self.scalar_type(), self.const_data_ptr(), result.scalar_type(),
       ops::data_of(result), positions ? positions->data_ptr<int64_t>() : nullptr);
}

}  // namespace

void sum(const Tensor& result, const Tensor& self, OptDtype dtype) {
  if (PHAROS_LIKELY(small_sum(result, self, 1))) return;
  sum_into(ReduceKind::kSum, result, self, ops::all_dims(self.dim()));
}
void sum_dim(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
             OptDtype dtype) {
  sum_into(ReduceKind::kSum, result, self, dim_mask(dim, self.dim()));
}
void nansum(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
            OptDtype dtype) {
  const bool integral = c10::isIntegralType(result.scalar_type(), true);
  sum_into(integral ? ReduceKind::kSum : ReduceKind::kNanSum, result, self,
           dim_mask(dim, self.dim()));
}
void mean(const Tensor& result, const Tensor& self, OptDtype dtype) {
  if (PHAROS_LIKELY(small_sum(result, self, static_cast<double>(self.numel())))) return;
  sum_into(ReduceKind::kSum, result, self, ops::all_dims(self.dim()),
           static_cast<double>(self.numel()));
}
void mean_dim(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim, bool keepdim,
              OptDtype dtype) {
  const uint64_t mask = dim_mask(dim, self.dim());
  sum_into(ReduceKind::kSum, result, self, mask,
           static_cast<double>(ops::masked_numel(self.sizes(), mask)));
}
void prod(const Tensor& result, const Tensor& self, OptDtype dtype) {
  sum_into(ReduceKind::kProd, result, self, ops::all_dims(self.dim()));
}
void prod_dim(const Tensor& result, const Tensor& self, int64_t dim, bool keepdim, OptDtype dtype) {
  sum_into(ReduceKind::kProd, result, self, one_dim(self, dim));
}

void amin(const Tensor& result, const Tensor& self, IntArrayRef dim, bool keepdim) {
  run(ReduceKind::kMin, result, self, dim_mask(dim, self.dim()));
}
void amax(const Tensor& result, const Tensor& self, IntArrayRef dim, bool keepdim) {
  run(ReduceKind::kMax, result, self, dim_mask(dim, self.dim()));
}
void max_all(const Tensor& result, const Tensor& self) {
  run(ReduceKind::kMax, result, self, ops::all_dims(self.dim()));
}
void min_all(const Tensor& result, const Tensor& self) {
  run(ReduceKind::kMin, result, self, ops::all_dims(self.dim()));
}
void max_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
             bool keepdim) {
  arg_along(&values, indices, self, dim, true);
}
void min_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
             bool keepdim) {
  arg_along(&values, indices, self, dim, false);
}
void aminmax(const Tensor& min, const Tensor& max, const Tensor& self, std::optional<int64_t> dim,
             bool keepdim) {
  const uint64_t mask = dim ? one_dim(self, *dim) : ops::all_dims(self.dim());
  run(ReduceKind::kMin, min, self, mask);
  run(ReduceKind::kMax, max, self, mask);
}
void argmax(const Tensor& result, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  arg_any(result, self, dim, true);
}
void argmin(const Tensor& result, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  arg_any(result, self, dim, false);
}

void all(const Tensor& result, const Tensor& self) {
  run(ReduceKind::kAll, result, self, ops::all_dims(self.dim()));
}
void all_dim(const Tensor& result, const Tensor& self, int64_t dim, bool keepdim) {
  run(ReduceKind::kAll, result, self, one_dim(self, dim));
}
void all_dims(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim, bool keepdim) {
  run(ReduceKind::kAll, result, self, dim_mask(dim, self.dim(), false));
}
void any(const Tensor& result, const Tensor& self) {
  run(ReduceKind::kAny, result, self, ops::all_dims(self.dim()));
}
void any_dim(const Tensor& result, const Tensor& self, int64_t dim, bool keepdim) {
  run(ReduceKind::kAny, result, self, one_dim(self, dim));
}
void any_dims(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim, bool keepdim) {
  run(ReduceKind::kAny, result, self, dim_mask(dim, self.dim(), false));
}

void std_correction(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim,
                    const std::optional<Scalar>& correction, bool keepdim) {
  var_into("std", result, nullptr, self, dim, correction, keepdim, true);
}
void var_correction(const Tensor& result, const Tensor& self, OptionalIntArrayRef dim,
                    const std::optional<Scalar>& correction, bool keepdim) {
  var_into("var", result, nullptr, self, dim, correction, keepdim, false);
}
void std_mean_correction(const Tensor& result, const Tensor& mean, const Tensor& self,
                         OptionalIntArrayRef dim, const std::optional<Scalar>& correction,
                         bool keepdim) {
  var_into("std_mean", result, &mean, self, dim, correction, keepdim, true);
}
void var_mean_correction(const Tensor& result, const Tensor& mean, const Tensor& self,
                         OptionalIntArrayRef dim, const std::optional<Scalar>& correction,
                         bool keepdim) {
  var_into("var_mean", result, &mean, self, dim, correction, keepdim, false);
}

void linalg_vector_norm(const Tensor& result, const Tensor& self, const Scalar& ord,
                        OptionalIntArrayRef dim, bool keepdim, OptDtype dtype) {
  const uint64_t mask = dim_mask(dim, self.dim());
  const double p = ord.toDouble();
  if (p == 0) {
    run(ReduceKind::kCount, result, self, mask);
  } else if (p == 1) {
    run(ReduceKind::kAbsSum, result, self, mask);
  } else if (p == 2) {
    run(ReduceKind::kSquareSum, result, self, mask, 1, 0.5);
  } else if (p == INFINITY) {
    run(ReduceKind::kAbsMax, result, self, mask);
  } else if (p == -INFINITY) {
    run(ReduceKind::kAbsMin, result, self, mask);
  } else {
    run(ReduceKind::kPowSum, result, self, mask, 1, 1 / p, p);
  }
}

void count_nonzero(const Tensor& result, const Tensor& self, IntArrayRef dim) {
  run(ReduceKind::kCount, result, self, dim_mask(dim, self.dim()));
}

void cumsum(const Tensor& result, const Tensor& self, int64_t dim, OptDtype dtype) {
  scan_into(ScanKind::kSum, result, nullptr, self, dim);
}
void cumprod(const Tensor& result, const Tensor& self, int64_t dim, OptDtype dtype) {
  scan_into(ScanKind::kProd, result, nullptr, self, dim);
}
void logcumsumexp(const Tensor& result, const Tensor& self, int64_t dim) {
  scan_into(ScanKind::kLogSumExp, result, nullptr, self, dim);
}
void cummax(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  scan_into(ScanKind::kMax, values, &indices, self, dim);
}
void cummin(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  scan_into(ScanKind::kMin, values, &indices, self, dim);
}

}  // namespace pharos::cpu
