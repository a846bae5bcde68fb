// Optimiser steps, one pass over memory each. Every product that PyTorch fuses with an addition is
// fused here, and no other, so that parameters agree with its eager optimisers bit for bit nearly
// everywhere (its square root is not always the nearest number).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/optim_simd.cpp"
#include <pharos/core/half.h>

#include <algorithm>
#include <vector>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/optim.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The vectors of one position: parameter, gradient, states.
template <class V>
struct Lane {
  V p, g, s0, s1, s2;
};

// The gradient as the optimiser sees it.
template <class D, class V = hn::Vec<D>>
struct Gradient {
  Gradient(D d, const OptimParams& o)
      : decay(hn::Set(d, static_cast<hn::TFromD<D>>(o.weight_decay))),
        shrink(hn::Set(d, static_cast<hn::TFromD<D>>(o.shrink))),
        scale(hn::Set(d, static_cast<hn::TFromD<D>>(o.grad_scale))),
        decays(o.weight_decay != 0),
        shrinks(o.shrink != 1),
        scaled(o.grad_scale != 1),
        maximize(o.maximize),
        plain(!decays && !shrinks && !scaled && !maximize) {}
  HWY_INLINE V operator()(Lane<V>& x) const {
    if (plain) return x.g;
    if (scaled) x.g = hn::Div(x.g, scale);
    V g = maximize ? hn::Neg(x.g) : x.g;
    if (decays) g = hn::MulAdd(decay, x.p, g);
    if (shrinks) x.p = hn::Mul(x.p, shrink);
    return g;
  }
  V decay, shrink, scale;
  bool decays, shrinks, scaled, maximize, plain;
};

// start + weight * (end - start), from the nearer end.
template <class D, class V = hn::Vec<D>>
struct Lerp {
  Lerp(D d, double weight)
      : coefficient(hn::Set(d, static_cast<hn::TFromD<D>>(weight < 0.5 ? weight : weight - 1))),
        near_start(weight < 0.5) {}
  HWY_INLINE V operator()(V start, V end) const {
    return hn::MulAdd(coefficient, hn::Sub(end, start), near_start ? start : end);
  }
  V coefficient;
  bool near_start;
};

// a + value * x / y, as addcdiv has it.
template <class V>
HWY_INLINE V add_quotient(V a, V value, V x, V y) {
  return hn::Add(a, hn::Div(hn::Mul(value, x), y));
}

// The steps. Of their states the first kStates are always there, the others where a tensor has
// them.

template <class D, class V = hn::Vec<D>>
struct Sgd {
  using T = hn::TFromD<D>;
  static constexpr int kStates = 0;
  Sgd(D d, const OptimParams& o)
      : gradient(d, o),
        momentum(hn::Set(d, static_cast<T>(o.beta1))),
        share(hn::Set(d, static_cast<T>(1 - o.dampening))),
        step(hn::Set(d, static_cast<T>(-o.lr))),
        nesterov(o.nesterov),
        first(o.first_step) {}
  void tensor(D, const OptimTensor& t) { buffered = t.data[2] != nullptr; }
  HWY_INLINE void operator()(Lane<V>& x) const {
    V g = gradient(x);
    if (buffered) {
      x.s0 = first ? g : hn::MulAdd(share, g, hn::Mul(x.s0, momentum));
      g = nesterov ? hn::MulAdd(momentum, x.s0, g) : x.s0;
    }
    x.p = hn::MulAdd(step, g, x.p);
  }
  Gradient<D> gradient;
  V momentum, share, step;
  bool nesterov, first, buffered = false;
};

template <class D, class V = hn::Vec<D>>
struct Adam {
  using T = hn::TFromD<D>;
  static constexpr int kStates = 2;
  Adam(D d, const OptimParams& o)
      : gradient(d, o),
        average(d, 1 - o.beta1),
        beta2(hn::Set(d, static_cast<T>(o.beta2))),
        share2(hn::Set(d, static_cast<T>(1 - o.beta2))),
        eps(hn::Set(d, static_cast<T>(o.eps))),
        step(beta2),
        correction(beta2) {}
  void tensor(D d, const OptimTensor& t) {
    step = hn::Set(d, static_cast<T>(-t.scalars[0]));
    correction = hn::Set(d, static_cast<T>(t.scalars[1]));
    amsgrad = t.data[4] != nullptr;
  }
  HWY_INLINE void operator()(Lane<V>& x) const {
    const V g = gradient(x);
    x.s0 = average(x.s0, g);
    x.s1 = hn::MulAdd(hn::Mul(share2, g), g, hn::Mul(x.s1, beta2));
    V square = x.s1;
    if (amsgrad) {
      // NaN of either side stays.
      x.s2 = hn::IfThenElse(hn::IsNaN(x.s2), x.s2,
                            hn::IfThenElse(hn::IsNaN(square), square, hn::Max(x.s2, square)));
      square = x.s2;
    }
    const V denominator = hn::Add(hn::Div(hn::Sqrt(square), correction), eps);
    x.p = add_quotient(x.p, step, x.s0, denominator);
  }
  Gradient<D> gradient;
  Lerp<D> average;
  V beta2, share2, eps, step, correction;
  bool amsgrad = false;
};

template <class D, class V = hn::Vec<D>>
struct Adagrad {
  using T = hn::TFromD<D>;
  static constexpr int kStates = 1;
  Adagrad(D d, const OptimParams& o)
      : gradient(d, o), eps(hn::Set(d, static_cast<T>(o.eps))), step(eps) {}
  void tensor(D d, const OptimTensor& t) { step = hn::Set(d, static_cast<T>(-t.scalars[0])); }
  HWY_INLINE void operator()(Lane<V>& x) const {
    const V g = gradient(x);
    x.s0 = hn::MulAdd(g, g, x.s0);
    x.p = add_quotient(x.p, step, g, hn::Add(hn::Sqrt(x.s0), eps));
  }
  Gradient<D> gradient;
  V eps, step;
};

template <class D, class V = hn::Vec<D>>
struct Rmsprop {
  using T = hn::TFromD<D>;
  static constexpr int kStates = 1;
  Rmsprop(D d, const OptimParams& o)
      : gradient(d, o),
        average(d, 1 - o.beta2),
        alpha(hn::Set(d, static_cast<T>(o.beta2))),
        share(hn::Set(d, static_cast<T>(1 - o.beta2))),
        momentum(hn::Set(d, static_cast<T>(o.beta1))),
        eps(hn::Set(d, static_cast<T>(o.eps))),
        step(hn::Set(d, static_cast<T>(-o.lr))) {}
  void tensor(D, const OptimTensor& t) {
    buffered = t.data[3] != nullptr;
    centered = t.data[4] != nullptr;
  }
  HWY_INLINE void operator()(Lane<V>& x) const {
    const V g = gradient(x);
    x.s0 = hn::MulAdd(hn::Mul(share, g), g, hn::Mul(x.s0, alpha));
    V square = x.s0;
    if (centered) {
      x.s2 = average(x.s2, g);
      square = hn::NegMulAdd(x.s2, x.s2, square);
    }
    const V denominator = hn::Add(hn::Sqrt(square), eps);
    if (buffered) {
      x.s1 = hn::Add(hn::Mul(x.s1, momentum), hn::Div(g, denominator));
      x.p = hn::MulAdd(step, x.s1, x.p);
    } else {
      x.p = add_quotient(x.p, step, g, denominator);
    }
  }
  Gradient<D> gradient;
  Lerp<D> average;
  V alpha, share, momentum, eps, step;
  bool buffered = false, centered = false;
};

// Whole vectors, and the first lanes of one at the end of a tensor.
template <class T>
struct Whole {
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, const T* p) const {
    return hn::LoadU(d, p);
  }
  template <class D>
  HWY_INLINE void store(hn::Vec<D> v, D d, T* p) const {
    hn::StoreU(v, d, p);
  }
};
template <class T>
struct First {
  size_t n;
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, const T* p) const {
    return load_first(d, p, n);
  }
  template <class D>
  HWY_INLINE void store(hn::Vec<D> v, D d, T* p) const {
    store_first(v, d, p, n);
  }
};

template <class D, class Body, class Lanes, class T = hn::TFromD<D>>
HWY_INLINE void at_vector(D d, const Body& body, T* const* data, size_t i, const Lanes& lanes) {
  const auto none = hn::Zero(d);
  const auto has = [&](int state) { return Body::kStates > state || data[2 + state] != nullptr; };
  Lane<hn::Vec<D>> x{lanes.load(d, data[0] + i), lanes.load(d, data[1] + i),
                     has(0) ? lanes.load(d, data[2] + i) : none,
                     has(1) ? lanes.load(d, data[3] + i) : none,
                     has(2) ? lanes.load(d, data[4] + i) : none};
  body(x);
  lanes.store(x.p, d, data[0] + i);
  if (body.gradient.scaled) lanes.store(x.g, d, data[1] + i);
  if (has(0)) lanes.store(x.s0, d, data[2] + i);
  if (has(1)) lanes.store(x.s1, d, data[3] + i);
  if (has(2)) lanes.store(x.s2, d, data[4] + i);
}

template <class D, class Body, class T = hn::TFromD<D>>
HWY_INLINE void one_tensor(D d, const Body& body, const OptimTensor& t) {
  const size_t lanes = hn::Lanes(d), n = static_cast<size_t>(t.numel);
  T* data[kOptimParts];
  for (int k = 0; k < kOptimParts; ++k) data[k] = static_cast<T*>(t.data[k]);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) at_vector(d, body, data, i, Whole<T>());
  if (i < n) at_vector(d, body, data, i, First<T>{n - i});
}

template <class T, template <class, class> class Body>
void run_body(const OptimParams& params, const OptimTensor* tensors, size_t count) {
  const hn::ScalableTag<T> d;
  Body<hn::ScalableTag<T>, hn::Vec<hn::ScalableTag<T>>> body(d, params);
  for (size_t i = 0; i < count; ++i) {
    body.tensor(d, tensors[i]);
    one_tensor(d, body, tensors[i]);
  }
}

template <class T>
void run_type(OptimKind kind, const OptimParams& params, const OptimTensor* t, size_t count) {
  switch (kind) {
    case OptimKind::kSgd:
      return run_body<T, Sgd>(params, t, count);
    case OptimKind::kAdam:
      return run_body<T, Adam>(params, t, count);
    case OptimKind::kAdagrad:
      return run_body<T, Adagrad>(params, t, count);
    case OptimKind::kRmsprop:
      return run_body<T, Rmsprop>(params, t, count);
  }
}

void OptimRun(OptimKind kind, bool is_double, const OptimParams& params, const OptimTensor* t,
              size_t count) {
  if (is_double)
    run_type<double>(kind, params, t, count);
  else
    run_type<float>(kind, params, t, count);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(OptimRun);

namespace {

// Blocks in f32 and back, each stored number rounded once.
template <class H>
void run_half(OptimKind kind, const OptimParams& params, const OptimTensor& t) {
  constexpr int64_t kBlock = 512;
  float block[kOptimParts][kBlock];
  for (int64_t i = 0; i < t.numel; i += kBlock) {
    const int64_t n = std::min(kBlock, t.numel - i);
    OptimTensor part{{}, n, {t.scalars[0], t.scalars[1]}};
    for (int k = 0; k < kOptimParts; ++k) {
      if (!t.data[k]) continue;
      part.data[k] = block[k];
      const H* from = static_cast<const H*>(t.data[k]) + i;
      for (int64_t j = 0; j < n; ++j) block[k][j] = static_cast<float>(from[j]);
    }
    HWY_DYNAMIC_DISPATCH(OptimRun)(kind, false, params, &part, 1);
    for (int k = 0; k < kOptimParts; ++k) {
      if (!t.data[k] || (k == 1 && params.grad_scale == 1)) continue;
      H* to = static_cast<H*>(t.data[k]) + i;
      for (int64_t j = 0; j < n; ++j) to[j] = H(block[k][j]);
    }
  }
}

void run(OptimKind kind, c10::ScalarType dtype, const OptimParams& params, const OptimTensor* t,
         size_t count) {
  if (dtype == c10::ScalarType::Float || dtype == c10::ScalarType::Double)
    return HWY_DYNAMIC_DISPATCH(OptimRun)(kind, dtype == c10::ScalarType::Double, params, t, count);
  for (size_t i = 0; i < count; ++i) {
    if (dtype == c10::ScalarType::Half)
      run_half<c10::Half>(kind, params, t[i]);
    else
      run_half<c10::BFloat16>(kind, params, t[i]);
  }
}

// [begin, end) of all the tensors' elements laid end to end.
void run_range(OptimKind kind, c10::ScalarType dtype, const OptimParams& params,
               const OptimTensor* tensors, const std::vector<int64_t>& ends, int64_t begin,
               int64_t end) {
  const auto size = static_cast<int64_t>(c10::elementSize(dtype));
  auto i = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin());
  for (int64_t at = begin; at < end; ++i) {
    OptimTensor part = tensors[i];
    const int64_t from = at - (ends[i] - part.numel);
    part.numel = std::min(ends[i], end) - at;
    for (void*& p : part.data)
      if (p) p = static_cast<char*>(p) + from * size;
    run(kind, dtype, params, &part, 1);
    at += part.numel;
  }
}

}  // namespace

void optim_step(OptimKind kind, c10::ScalarType dtype, const OptimParams& params,
                const OptimTensor* tensors, size_t count) {
  constexpr int64_t kGrain = 16384;
  int64_t total = 0;
  for (size_t i = 0; i < count; ++i) total += tensors[i].numel;
  if (total < 2 * kGrain) return run(kind, dtype, params, tensors, count);
  std::vector<int64_t> ends(count);
  int64_t end = 0;
  for (size_t i = 0; i < count; ++i) ends[i] = end += tensors[i].numel;
  parallel_for(0, total, kGrain,
               [&](int64_t b, int64_t e) { run_range(kind, dtype, params, tensors, ends, b, e); });
}

}  // namespace pharos::cpu
#endif
