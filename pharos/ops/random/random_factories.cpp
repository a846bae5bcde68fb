// New tensors of random numbers: rand, randn, randint, randperm, normal, bernoulli, multinomial and
// the distributions that take tensors of parameters.
#include <pharos/ops/functions.h>

#include "ops/random/random.h"
#include "ops/random_decls.h"

namespace pharos::ops {
namespace {

using c10::Layout;
using c10::MemoryFormat;
using OptType = std::optional<ScalarType>;
using OptLayout = std::optional<Layout>;
using OptDevice = std::optional<c10::Device>;
using OptBool = std::optional<bool>;
using OptFormat = std::optional<MemoryFormat>;

Tensor fresh(IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device) {
  TORCH_CHECK_NOT_IMPLEMENTED(!layout || *layout == Layout::Strided,
                              "only the strided layout is implemented");
  return empty_on(device.value_or(c10::Device(c10::DeviceType::CPU)), size,
                  dtype ? *dtype : c10::get_default_dtype());
}

}  // namespace

Tensor rand_generator(IntArrayRef size, OptGenerator g, OptType dtype, OptLayout layout,
                      OptDevice device, OptBool) {
  Tensor t = fresh(size, dtype, layout, device);
  return ops::uniform_(t, 0, 1, g);
}
Tensor rand(IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return rand_generator(size, std::nullopt, dtype, layout, device, pin);
}
Tensor randn_generator(IntArrayRef size, OptGenerator g, OptType dtype, OptLayout layout,
                       OptDevice device, OptBool) {
  Tensor t = fresh(size, dtype, layout, device);
  return ops::normal_(t, 0, 1, g);
}
Tensor randn(IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return randn_generator(size, std::nullopt, dtype, layout, device, pin);
}
Tensor randint_low_generator(int64_t low, int64_t high, IntArrayRef size, OptGenerator g,
                             OptType dtype, OptLayout layout, OptDevice device, OptBool) {
  Tensor t = fresh(size, dtype.value_or(c10::kLong), layout, device);
  return ops::random_from(t, low, high, g);
}
Tensor randint(int64_t high, IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device,
               OptBool pin) {
  return randint_low_generator(0, high, size, std::nullopt, dtype, layout, device, pin);
}
Tensor randint_generator(int64_t high, IntArrayRef size, OptGenerator g, OptType dtype,
                         OptLayout layout, OptDevice device, OptBool pin) {
  return randint_low_generator(0, high, size, g, dtype, layout, device, pin);
}
Tensor randint_low(int64_t low, int64_t high, IntArrayRef size, OptType dtype, OptLayout layout,
                   OptDevice device, OptBool pin) {
  return randint_low_generator(low, high, size, std::nullopt, dtype, layout, device, pin);
}

Tensor& randint_low_generator_out(int64_t low, int64_t high, IntArrayRef size, OptGenerator g,
                                  Tensor& out) {
  out.resize_(size);
  return out.random_(low, high, g);
}
Tensor& randint_out(int64_t high, IntArrayRef size, Tensor& out) {
  return randint_low_generator_out(0, high, size, std::nullopt, out);
}
Tensor& randint_generator_out(int64_t high, IntArrayRef size, OptGenerator g, Tensor& out) {
  return randint_low_generator_out(0, high, size, g, out);
}
Tensor& randint_low_out(int64_t low, int64_t high, IntArrayRef size, Tensor& out) {
  return randint_low_generator_out(low, high, size, std::nullopt, out);
}

Tensor rand_like_generator(const Tensor& self, OptGenerator g, OptType dtype, OptLayout layout,
                           OptDevice device, OptBool pin, OptFormat format) {
  return at::empty_like(self, dtype, layout, device, pin, format).uniform_(0, 1, g);
}
Tensor rand_like(const Tensor& self, OptType dtype, OptLayout layout, OptDevice device, OptBool pin,
                 OptFormat format) {
  return rand_like_generator(self, std::nullopt, dtype, layout, device, pin, format);
}
Tensor randn_like_generator(const Tensor& self, OptGenerator g, OptType dtype, OptLayout layout,
                            OptDevice device, OptBool pin, OptFormat format) {
  return at::empty_like(self, dtype, layout, device, pin, format).normal_(0, 1, g);
}
Tensor randn_like(const Tensor& self, OptType dtype, OptLayout layout, OptDevice device,
                  OptBool pin, OptFormat format) {
  return randn_like_generator(self, std::nullopt, dtype, layout, device, pin, format);
}
Tensor randint_like_low_generator(const Tensor& self, int64_t low, int64_t high, OptGenerator g,
                                  OptType dtype, OptLayout layout, OptDevice device, OptBool pin,
                                  OptFormat format) {
  return at::empty_like(self, dtype, layout, device, pin, format).random_(low, high, g);
}
Tensor randint_like_low(const Tensor& self, int64_t low, int64_t high, OptType dtype,
                        OptLayout layout, OptDevice device, OptBool pin, OptFormat format) {
  return randint_like_low_generator(self, low, high, std::nullopt, dtype, layout, device, pin,
                                    format);
}
Tensor randint_like_generator(const Tensor& self, int64_t high, OptGenerator g, OptType dtype,
                              OptLayout layout, OptDevice device, OptBool pin, OptFormat format) {
  return randint_like_low_generator(self, 0, high, g, dtype, layout, device, pin, format);
}
Tensor randint_like(const Tensor& self, int64_t high, OptType dtype, OptLayout layout,
                    OptDevice device, OptBool pin, OptFormat format) {
  return randint_like_generator(self, high, std::nullopt, dtype, layout, device, pin, format);
}
Tensor randint_like_tensor_generator(const Tensor& self, const Tensor& high, OptGenerator g,
                                     OptType dtype, OptLayout layout, OptDevice device, OptBool pin,
                                     OptFormat format) {
  TORCH_CHECK(high.numel() == 1 && high.dim() == 0 && high.is_cpu(),
              "high must be a scalar tensor and on CPU");
  return randint_like_generator(self, high.item().toLong(), g, dtype, layout, device, pin, format);
}
Tensor randint_like_tensor(const Tensor& self, const Tensor& high, OptType dtype, OptLayout layout,
                           OptDevice device, OptBool pin, OptFormat format) {
  return randint_like_tensor_generator(self, high, std::nullopt, dtype, layout, device, pin,
                                       format);
}

namespace {

Tensor& fill_permutation(Tensor& out, int64_t n, const OptGenerator& g) {
  const ScalarType t = out.scalar_type();
  // The last integer up to which the dtype holds all, n itself included.
  const int64_t limit = t == c10::kHalf       ? 2049
                        : t == c10::kBFloat16 ? 257
                        : t == c10::kFloat    ? (int64_t{1} << 24) + 1
                        : t == c10::kDouble   ? (int64_t{1} << 53) + 1
                        : t == c10::kByte     ? 255
                        : t == c10::kChar     ? 127
                        : t == c10::kShort    ? 32767
                        : t == c10::kInt      ? INT32_MAX
                                              : INT64_MAX;
  if (c10::isFloatingType(t))
    TORCH_CHECK(n <= limit, "n cannot be greater than ", limit, " for ", t, " type.");
  else
    TORCH_CHECK(n <= limit, "value cannot be converted to type ", t == c10::kByte ? "u" : "", "int",
                8 * c10::elementSize(t), "_t without overflow");
  if (c10::isComplexType(t) || t == c10::kBool) no_sampler("randperm", t);
  if (out.is_meta()) return out;
  with_engine(g, [&](Mt19937& engine) {
    for_real(t, "randperm", [&]<class T>() {
      cpu::fill_randperm(engine, reinterpret_cast<T*>(out.unsafeGetTensorImpl()->data), n);
    });
  });
  return out;
}

}  // namespace

Tensor randperm_generator(int64_t n, OptGenerator g, OptType dtype, OptLayout layout,
                          OptDevice device, OptBool) {
  Tensor out = fresh({n}, dtype.value_or(c10::kLong), layout, device);
  return fill_permutation(out, n, g);
}
Tensor randperm(int64_t n, OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return randperm_generator(n, std::nullopt, dtype, layout, device, pin);
}
Tensor& randperm_generator_out(int64_t n, OptGenerator g, Tensor& out) {
  TORCH_CHECK(n >= 0, "n must be non-negative, got", n);
  Tensor values = empty_on(out.device(), {n}, out.scalar_type());
  fill_permutation(values, n, g);
  out.resize_({n});
  return out.copy_(values);
}
Tensor& randperm_out(int64_t n, Tensor& out) {
  return randperm_generator_out(n, std::nullopt, out);
}

// ---- normal with tensors ----

namespace {

void check_std(const Tensor& std) {
  TORCH_CHECK(!std.is_complex(), "normal expects standard deviation to be non-complex");
  TORCH_CHECK(std.is_meta() || std.numel() == 0 || std.min().ge(0).item().toBool(),
              "normal expects all elements of std >= 0.0");
}

Tensor standard_normal(IntArrayRef size, const Tensor& like, const OptGenerator& g, double std) {
  Tensor out = empty_on(like.device(), size, like.scalar_type());
  return ops::normal_(out, 0, std, g);
}

}  // namespace

Tensor normal_tensor_float(const Tensor& mean, double std, OptGenerator g) {
  return standard_normal(mean.sizes(), mean, g, std).add_(mean);
}
Tensor normal_float_tensor(double mean, const Tensor& std, OptGenerator g) {
  check_std(std);
  return standard_normal(std.sizes(), std, g, 1).mul_(std).add_(mean);
}
Tensor normal_tensor_tensor(const Tensor& mean, const Tensor& std, OptGenerator g) {
  check_std(std);
  int64_t shape[kMaxDims];
  const IntArrayRef size = broadcast_shapes(mean.sizes(), std.sizes(), shape);
  return standard_normal(size, mean, g, 1).mul_(std).add_(mean);
}
Tensor normal_float_float(double mean, double std, IntArrayRef size, OptGenerator g, OptType dtype,
                          OptLayout layout, OptDevice device, OptBool) {
  Tensor out = fresh(size, dtype, layout, device);
  return ops::normal_(out, mean, std, g);
}

// ---- distributions ----

Tensor bernoulli(const Tensor& self, OptGenerator g) {
  Tensor out = empty_on(self.device(), self.sizes(), self.scalar_type());
  return ops::bernoulli_tensor_(out, self, g);
}
Tensor bernoulli_p(const Tensor& self, double p, OptGenerator g) {
  Tensor out = empty_on(self.device(), self.sizes(), self.scalar_type());
  return ops::bernoulli_float_(out, p, g);
}

Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement, OptGenerator g) {
  TORCH_CHECK(self.dim() == 1 || self.dim() == 2, "prob_dist must be 1 or 2 dim");
  TORCH_CHECK(
      self.is_floating_point(),
      "multinomial only supports floating-point dtypes for input, got: ", self.scalar_type());
  TORCH_CHECK(num_samples > 0, "cannot sample n_sample <= 0 samples");
  const int64_t width = self.size(-1), rows = self.dim() == 1 ? 1 : self.size(0);
  TORCH_CHECK(replacement || num_samples <= width,
              "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  TORCH_CHECK(width <= int64_t{1} << 24, "number of categories cannot exceed 2^24");
  Tensor out = self.dim() == 1 ? empty_on(self.device(), {num_samples}, c10::kLong)
                               : empty_on(self.device(), {rows, num_samples}, c10::kLong);
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor p = self.contiguous();
  with_engine(g, [&](Mt19937& engine) {
    for_floating(p.scalar_type(), "multinomial", [&]<class T>() {
      cpu::sample_multinomial(engine, p.const_data_ptr<T>(), rows, width, num_samples, replacement,
                              out.data_ptr<int64_t>());
    });
  });
  return out;
}

namespace {

// f.operator()<T>(engine, in, out, n) on contiguous values of the same shape.
template <typename F>
Tensor sampled(const Tensor& self, const OptGenerator& g, const char* name, F&& f) {
  Tensor out = empty_on(self.device(), self.sizes(), self.scalar_type());
  if (!self.is_floating_point()) no_sampler(name, self.scalar_type());
  if (out.is_meta() || out.numel() == 0) return out;
  const Tensor in = self.contiguous();
  with_engine(g, [&](Mt19937& engine) {
    for_floating(self.scalar_type(), name, [&]<class T>() {
      f.template operator()<T>(engine, in.const_data_ptr<T>(), out.data_ptr<T>(), out.numel());
    });
  });
  return out;
}

}  // namespace

Tensor poisson(const Tensor& self, OptGenerator g) {
  return sampled(self, g, "poisson_cpu", [&]<class T>(Mt19937& e, const T* in, T* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
      TORCH_CHECK(!(static_cast<double>(in[i]) < 0),
                  "invalid Poisson rate, expected rate to be non-negative");
    cpu::sample_poisson(e, in, out, n);
  });
}

namespace {
template <class T>
constexpr bool kWide = std::is_same_v<T, float> || std::is_same_v<T, double>;
}

Tensor standard_gamma(const Tensor& self, OptGenerator g) {
  return sampled(self, g, "gamma_cpu", [&]<class T>(Mt19937& e, const T* in, T* out, int64_t n) {
    if constexpr (kWide<T>)
      cpu::sample_gamma(e, in, out, n);
    else
      no_sampler("gamma_cpu", self.scalar_type());
  });
}

Tensor sample_dirichlet(const Tensor& self, OptGenerator g) {
  const int64_t width = self.dim() == 0 ? 1 : self.size(-1);
  return sampled(self, g, "dirichlet", [&]<class T>(Mt19937& e, const T* in, T* out, int64_t n) {
    if constexpr (kWide<T>)
      cpu::sample_dirichlet(e, in, out, n / width, width);
    else
      no_sampler("dirichlet", self.scalar_type());
  });
}

Tensor binomial(const Tensor& count, const Tensor& prob, OptGenerator g) {
  TORCH_CHECK_VALUE(
      count.is_floating_point(),
      "binomial only supports floating-point dtypes for count, got: ", count.scalar_type());
  TORCH_CHECK_VALUE(
      prob.is_floating_point(),
      "binomial only supports floating-point dtypes for prob, got: ", prob.scalar_type());
  int64_t shape[kMaxDims];
  const IntArrayRef size = broadcast_shapes(count.sizes(), prob.sizes(), shape);
  const Tensor n = count.expand(size).contiguous();
  const Tensor p = prob.to(count.scalar_type()).expand(size).contiguous();
  return sampled(n, g, "binomial_cpu", [&]<class T>(Mt19937& e, const T* in, T* out, int64_t m) {
    if constexpr (kWide<T>)
      cpu::sample_binomial(e, in, p.const_data_ptr<T>(), out, m);
    else
      no_sampler("binomial_cpu", count.scalar_type());
  });
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor standard_gamma_gradient(const Tensor&) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "the gradient of aten::_standard_gamma is not implemented");
}

}  // namespace pharos::backward
