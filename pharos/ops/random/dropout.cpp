// Dropout in its forms, and the randomised leaky ReLU.
#include <pharos/ops/functions.h>

#include <cmath>

#include "ops/random/random.h"
#include "ops/random_decls.h"

namespace pharos::ops {
namespace {

void check_p(double p) {
  TORCH_CHECK(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
}

// One number for each channel of each item.
Tensor feature_noise(const Tensor& input) {
  TORCH_CHECK(input.dim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
  Geometry g;
  g.push(input.size(0), 0);
  g.push(input.size(1), 0);
  for (int64_t i = 2; i < input.dim(); ++i) g.push(1, 0);
  return at::empty(g.sizes(), input.options());
}

struct Noise {
  Tensor scale, shift;  // shift only in the alpha forms
};

Noise make_noise(const Tensor& input, double p, bool feature, bool alpha) {
  Noise n;
  n.scale = feature ? feature_noise(input) : at::empty_like(input);
  n.scale.bernoulli_(1 - p);
  if (!alpha) {
    n.scale.div_(1 - p);
    return n;
  }
  constexpr double kAlpha = 1.7580993408473766;
  const double a = 1. / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  n.shift = n.scale.add(-1).mul_(kAlpha * a).add_(kAlpha * a * p);
  n.scale.mul_(a);
  return n;
}

Tensor drop(const Tensor& input, double p, bool train, bool feature, bool alpha) {
  check_p(p);
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return input.mul(at::zeros({}, input.options()));
  const Noise n = make_noise(input, p, feature, alpha);
  return alpha ? input.mul(n.scale).add(n.shift) : input.mul(n.scale);
}

Tensor& drop_(Tensor& input, double p, bool train, bool feature, bool alpha) {
  check_p(p);
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return input.mul_(at::zeros({}, input.options()));
  const Noise n = make_noise(input, p, feature, alpha);
  return alpha ? input.mul_(n.scale).add_(n.shift) : input.mul_(n.scale);
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool train) { return drop(x, p, train, false, false); }
Tensor& dropout_(Tensor& x, double p, bool train) { return drop_(x, p, train, false, false); }
Tensor feature_dropout(const Tensor& x, double p, bool train) {
  return drop(x, p, train, true, false);
}
Tensor& feature_dropout_(Tensor& x, double p, bool train) {
  return drop_(x, p, train, true, false);
}
Tensor alpha_dropout(const Tensor& x, double p, bool train) {
  return drop(x, p, train, false, true);
}
Tensor& alpha_dropout_(Tensor& x, double p, bool train) { return drop_(x, p, train, false, true); }
Tensor feature_alpha_dropout(const Tensor& x, double p, bool train) {
  return drop(x, p, train, true, true);
}
Tensor& feature_alpha_dropout_(Tensor& x, double p, bool train) {
  return drop_(x, p, train, true, true);
}

std::tuple<Tensor, Tensor> native_dropout(const Tensor& input, double p,
                                          std::optional<bool> train) {
  if (input.numel() == 0) return {input.clone(), at::empty_like(input)};
  Tensor mask = at::empty_like(input, input.options().dtype(c10::kBool));
  if (train && !*train) return {input.clone(), mask.fill_(true)};
  const double keep = 1 - p;
  mask.bernoulli_(keep);
  // The scale is rounded to the input's dtype first, as PyTorch's is.
  const bool integral = c10::isIntegralType(input.scalar_type(), true);
  const Tensor scale = at::full({}, keep == 0 ? 0. : 1. / keep,
                                integral ? input.options().dtype(c10::kFloat) : input.options());
  return {input.mul(mask).mul_(scale), mask};
}

// ---- rrelu ----

Tensor rrelu_with_noise(const Tensor& self, Tensor& noise, const Scalar& lower, const Scalar& upper,
                        bool training, OptGenerator generator) {
  const double lo = lower.toDouble(), hi = upper.toDouble();
  TORCH_CHECK(lo <= hi, "Lower bound should be less than or equal to the upper bound");
  TORCH_CHECK(self.sizes() == noise.sizes(),
              "noise tensor shape must match self tensor shape. Got "
              "self.shape = ",
              self.sizes(), " noise.shape = ", noise.sizes());
  if (!training) return at::leaky_relu(self, (lo + hi) / 2);
  const ScalarType t = self.scalar_type();
  if (!c10::isFloatingType(t) || t == c10::kHalf) no_sampler("rrelu_with_noise_out_cpu", t);
  Tensor out = at::empty_like(self, {}, c10::MemoryFormat::Contiguous);
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor x = self.contiguous();
  Tensor slopes = noise.is_contiguous() ? noise : at::empty_like(x);
  with_engine(generator, [&](Mt19937& g) {
    const auto run = [&]<class T>() {
      cpu::rrelu_with_noise(g, x.const_data_ptr<T>(), slopes.data_ptr<T>(), out.data_ptr<T>(),
                            x.numel(), lo, hi);
    };
    if (t == c10::kFloat)
      run.operator()<float>();
    else if (t == c10::kDouble)
      run.operator()<double>();
    else
      run.operator()<c10::BFloat16>();
  });
  if (!slopes.is_same(noise)) noise.copy_(slopes);
  return out;
}

Tensor& rrelu_with_noise_(Tensor& self, Tensor& noise, const Scalar& lower, const Scalar& upper,
                          bool training, OptGenerator generator) {
  // The gradient wants the input, which is overwritten.
  const Tensor input = self.requires_grad() ? self.clone() : self;
  self.copy_(at::rrelu_with_noise(input, noise, lower, upper, training, generator));
  return self;
}
Tensor& rrelu_with_noise_out(const Tensor& self, Tensor& noise, const Scalar& lower,
                             const Scalar& upper, bool training, OptGenerator generator,
                             Tensor& out) {
  const Tensor result = ops::rrelu_with_noise(self, noise, lower, upper, training, generator);
  out.resize_(result.sizes());
  return out.copy_(result);
}

Tensor rrelu(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
             OptGenerator generator) {
  TORCH_CHECK(lower.toDouble() <= upper.toDouble(),
              "Lower bound should be less than or equal to the upper bound");
  Tensor noise = at::empty_like(self, {}, c10::MemoryFormat::Contiguous);
  return at::rrelu_with_noise(self, noise, lower, upper, training, generator);
}
Tensor& rrelu_(Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
               OptGenerator generator) {
  TORCH_CHECK(lower.toDouble() <= upper.toDouble(),
              "Lower bound should be less than or equal to the upper bound");
  Tensor noise = at::empty_like(self, {}, c10::MemoryFormat::Contiguous);
  return at::rrelu_with_noise_(self, noise, lower, upper, training, generator);
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor native_dropout_gradient(const Tensor& grad, const Tensor& mask, double p,
                               std::optional<bool> train) {
  const double scale = train && !*train ? 1 : p == 1 ? 0 : 1 / (1 - p);
  return grad.mul(mask).mul(scale);
}

Tensor rrelu_gradient(const Tensor& grad, const Tensor& x, const Tensor& noise,
                      const c10::Scalar& lower, const c10::Scalar& upper, bool training) {
  const double lo = lower.toDouble(), hi = upper.toDouble();
  if (training && hi - lo > 1e-6) return grad.mul(noise);
  return at::where(x.gt(0), grad, grad.mul((lo + hi) / 2));
}

}  // namespace pharos::backward
