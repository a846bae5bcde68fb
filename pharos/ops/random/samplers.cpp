// Operators that overwrite a tensor with random numbers.
#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>

#include "ops/random/random.h"
#include "ops/random_decls.h"

namespace pharos::ops {
namespace {

const char* type_name(ScalarType t) {
  switch (t) {
    case c10::kByte:
      return "unsigned char";
    case c10::kChar:
      return "signed char";
    case c10::kShort:
      return "short";
    case c10::kInt:
      return "int";
    case c10::kLong:
      return "long";
    case c10::kFloat:
      return "float";
    case c10::kDouble:
      return "double";
    case c10::kHalf:
      return "c10::Half";
    case c10::kBFloat16:
      return "c10::BFloat16";
    case c10::kBool:
      return "bool";
    case c10::kComplexFloat:
      return "c10::complex<float>";
    case c10::kComplexDouble:
      return "c10::complex<double>";
    default:
      return c10::toString(t);
  }
}

// The largest finite value of a dtype.
double largest(ScalarType t) {
  switch (t) {
    case c10::kByte:
      return 255;
    case c10::kChar:
      return 127;
    case c10::kShort:
      return 32767;
    case c10::kInt:
      return 2147483647;
    case c10::kLong:
      return 9223372036854775807.0;
    case c10::kBool:
      return 1;
    case c10::kHalf:
      return 65504;
    case c10::kBFloat16:
      return 3.38953138925153547590470800371487866880e38;
    case c10::kFloat:
      return std::numeric_limits<float>::max();
    default:
      return std::numeric_limits<double>::max();
  }
}
double lowest(ScalarType t) {
  if (t == c10::kByte || t == c10::kBool) return 0;
  return c10::isIntegralType(t, false) ? -largest(t) - 1 : -largest(t);
}

// The elements of a complex tensor as twice as many real ones.
ScalarType real_type(const Tensor& self, int64_t* n) {
  if (self.is_complex()) *n *= 2;
  return c10::toRealValueType(self.scalar_type());
}

void check_bounds(ScalarType t, int64_t from, int64_t to_inclusive) {
  const double a = static_cast<double>(from), b = static_cast<double>(to_inclusive);
  TORCH_CHECK(!c10::isComplexType(t),
              "check_random_bounds handles only integral, floating-point and boolean types");
  TORCH_CHECK(a >= lowest(t) && a <= largest(t), "from is out of bounds for ", type_name(t));
  TORCH_CHECK(b >= lowest(t) && b <= largest(t), "to - 1 is out of bounds for ", type_name(t));
}

}  // namespace

void check_written(const Tensor& self) {
  for (size_t i = 0; i < self.sizes().size(); ++i)
    TORCH_CHECK(self.sizes()[i] <= 1 || self.strides()[i] != 0 || self.numel() == 0,
                "unsupported operation: more than one element of the written-to tensor refers to a "
                "single memory location. Please clone() the tensor before performing the "
                "operation.");
}

Tensor& uniform_(Tensor& self, double from, double to, OptGenerator generator) {
  int64_t count = 1;
  const ScalarType t = real_type(self, &count);
  if (!c10::isFloatingType(t)) no_sampler("check_uniform_bounds", t);
  TORCH_CHECK(from >= lowest(t) && from <= largest(t), "from is out of bounds for ", type_name(t));
  TORCH_CHECK(to >= lowest(t) && to <= largest(t), "to is out of bounds for ", type_name(t));
  TORCH_CHECK(from <= to, "uniform_ expects to return a [from, to) range, but found from=", from,
              " > to=", to);
  TORCH_CHECK(to - from <= largest(t), "uniform_ expects to-from <= std::numeric_limits<", t,
              ">::max(), but found to=", to, " and from=", from,
              " which result in to-from to exceed the limit");
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_floating(t, "uniform", [&]<class T>() {
        cpu::fill_uniform(g, static_cast<T*>(data), n * count, from, to);
      });
    });
  });
  return self;
}

Tensor& normal_(Tensor& self, double mean, double std, OptGenerator generator) {
  TORCH_CHECK(std >= 0.0, "normal expects std >= 0.0, but found std ", std);
  int64_t count = 1;
  const ScalarType t = real_type(self, &count);
  if (count == 2) std /= std::sqrt(2.0);
  const bool blocks = self.is_contiguous();
  if (!c10::isFloatingType(t)) no_sampler("normal_kernel_cpu", t);
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_floating(t, "normal_kernel_cpu", [&]<class T>() {
        auto* p = static_cast<T*>(data);
        if (blocks)
          cpu::fill_normal(g, p, n * count, mean, std);
        else
          cpu::fill_normal_serial(g, p, n * count, mean, std);
      });
    });
  });
  return self;
}

Tensor& random_(Tensor& self, OptGenerator generator) {
  const ScalarType t = self.scalar_type();
  if (c10::isComplexType(t)) no_sampler("random_kernel_cpu", t);
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_real_and_bool(t, "random_kernel_cpu",
                        [&]<class T>() { cpu::fill_random(g, static_cast<T*>(data), n); });
    });
  });
  return self;
}

Tensor& random_from(Tensor& self, int64_t from, std::optional<int64_t> to_opt,
                    OptGenerator generator) {
  const ScalarType t = self.scalar_type();
  if (!to_opt) {
    fill_by_address(self, [&](void* data, int64_t n) {
      with_engine(generator, [&](Mt19937& g) {
        for_real_and_bool(t, "random_from_to", [&]<class T>() {
          cpu::fill_random_from(g, static_cast<T*>(data), n, from);
        });
      });
    });
    return self;
  }
  int64_t to = *to_opt;
  TORCH_CHECK(from < to, "random_ expects 'from' to be less than 'to', but got from=", from,
              " >= to=", to);
  if (c10::isFloatingType(t)) {
    for_floating(t, "random_update_from_to",
                 [&]<class T>() { cpu::adjust_random_bounds<T>(&from, &to); });
    TORCH_CHECK(from < to,
                "random_ expects 'from' casted to dtype to be less than 'to' casted to "
                "dtype, but got from=",
                from, " >= to=", to);
  }
  check_bounds(t, from, to - 1);
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_real_and_bool(t, "random_from_to", [&]<class T>() {
        cpu::fill_random_from_to(g, static_cast<T*>(data), n, from, to);
      });
    });
  });
  return self;
}
Tensor& random_to(Tensor& self, int64_t to, OptGenerator generator) {
  return random_from(self, 0, to, generator);
}

Tensor& bernoulli_float_(Tensor& self, double p, OptGenerator generator) {
  TORCH_CHECK(p >= 0 && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p=", p);
  const ScalarType t = self.scalar_type();
  if (c10::isComplexType(t)) {
    at::imag(self).zero_();
    Tensor real = at::real(self);
    bernoulli_float_(real, p, generator);
    return self;
  }
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_real_and_bool(t, "bernoulli_scalar_cpu_",
                        [&]<class T>() { cpu::fill_bernoulli(g, static_cast<T*>(data), n, p); });
    });
  });
  return self;
}

namespace {

template <typename P>
void check_probabilities(const P* p, int64_t n) {
  bool fine = true;
  for (int64_t i = 0; i < n; ++i) {
    const auto v = static_cast<float>(p[i]);
    fine &= v >= 0 && v <= 1;
  }
  TORCH_CHECK(fine,
              "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error "
              "message be improved?  If so, please report an enhancement request to PyTorch.)");
}

}  // namespace

Tensor& bernoulli_tensor_(Tensor& self, const Tensor& p, OptGenerator generator) {
  const ScalarType t = self.scalar_type();
  const Tensor wide = p.sizes() == self.sizes() ? p : p.expand(self.sizes());
  if (!c10::isFloatingType(p.scalar_type())) no_sampler("bernoulli_tensor_cpu_p_", p.scalar_type());
  if (c10::isComplexType(t)) no_sampler("bernoulli_tensor_cpu_self_", t);
  if (self.is_meta() || self.numel() == 0) return self;
  // The probabilities in the order in which self's elements lie in memory.
  int64_t strides[kMaxDims];
  dense_strides_like(self.sizes(), self.strides(), strides);
  const Tensor ordered =
      empty_strided_cpu(self.sizes(), IntArrayRef(strides, self.sizes().size()), p.scalar_type());
  cpu::copy_values(ordered, wide);
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_floating(p.scalar_type(), "bernoulli_tensor_cpu_p_", [&]<class P>() {
        const auto* from = reinterpret_cast<const P*>(ordered.unsafeGetTensorImpl()->data);
        check_probabilities(from, n);
        for_real_and_bool(t, "bernoulli_tensor_cpu_self_", [&]<class T>() {
          cpu::fill_bernoulli(g, static_cast<T*>(data), from, n);
        });
      });
    });
  });
  return self;
}

Tensor& exponential_(Tensor& self, double lambd, OptGenerator generator) {
  const ScalarType t = self.scalar_type();
  TORCH_CHECK(c10::isFloatingType(t),
              "Exponential distribution is a continuous probability distribution. dtype must be a "
              "floating point but you specified ",
              t);
  TORCH_CHECK(lambd > 0.0, "exponential_ expects lambda > 0.0, but found lambda=", lambd);
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_floating(t, "exponential_cpu",
                   [&]<class T>() { cpu::fill_exponential(g, static_cast<T*>(data), n, lambd); });
    });
  });
  return self;
}

Tensor& geometric_(Tensor& self, double p, OptGenerator generator) {
  TORCH_CHECK(0 < p && p < 1, "geometric_ expects p to be in (0, 1), but got p=", p);
  const ScalarType t = self.scalar_type();
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_real(t, "geometric_cpu",
               [&]<class T>() { cpu::fill_geometric(g, static_cast<T*>(data), n, p); });
    });
  });
  return self;
}

Tensor& cauchy_(Tensor& self, double median, double sigma, OptGenerator generator) {
  const ScalarType t = self.scalar_type();
  TORCH_CHECK(sigma > 0.0, "cauchy_ expects sigma > 0.0, but found sigma=", sigma);
  TORCH_CHECK(c10::isFloatingType(t),
              "Cauchy distribution is a continuous probability distribution. dtype must be a "
              "floating point but you specified ",
              t == c10::kLong ? "long int" : type_name(t));
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_floating(t, "cauchy_cpu", [&]<class T>() {
        cpu::fill_cauchy(g, static_cast<T*>(data), n, median, sigma);
      });
    });
  });
  return self;
}

Tensor& log_normal_(Tensor& self, double mean, double std, OptGenerator generator) {
  TORCH_CHECK(std > 0.0, "log_normal_ expects std > 0.0, but found std=", std);
  const ScalarType t = self.scalar_type();
  fill_by_address(self, [&](void* data, int64_t n) {
    with_engine(generator, [&](Mt19937& g) {
      for_floating(t, "log_normal_cpu", [&]<class T>() {
        cpu::fill_log_normal(g, static_cast<T*>(data), n, mean, std);
      });
    });
  });
  return self;
}

}  // namespace pharos::ops
