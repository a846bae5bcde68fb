// Losses of one formula per element, reduced in the same pass. Sums are kept per chunk of fixed
// size in f64, so that their bits do not depend on the number of threads.
#include <array>
#include <cmath>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"
#include "ops/loss/loss.h"
#include "ops/loss_decls.h"

namespace pharos::cpu {
namespace {

using ops::OptTensor;
using ops::plain;
constexpr int64_t kChunk = 8192;

ScalarType compute_type(ScalarType t) {
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}

Tensor expanded(const Tensor& t, IntArrayRef shape) {
  if (t.sizes().equals(shape)) return t;
  int64_t strides[64];
  const auto n = static_cast<int64_t>(shape.size());
  for (int64_t i = 0; i < n; ++i) {
    const int64_t d = i - (n - t.dim());
    strides[i] = d < 0 || t.sizes()[d] == 1 ? 0 : t.strides()[d];
  }
  return view_of(t, shape, IntArrayRef(strides, shape.size()));
}

// N operands of one broadcast shape as packed arrays; single values have step 0.
template <class T, size_t N>
struct Operands {
  const T* p[N];
  int64_t step[N];
  std::array<Tensor, N> hold;

  Operands(const std::array<const Tensor*, N>& in, IntArrayRef shape, ScalarType type) {
    for (size_t i = 0; i < N; ++i) {
      const bool one = in[i]->numel() == 1;
      hold[i] = plain(one ? *in[i] : expanded(*in[i], shape), type);
      p[i] = ops::data_as<const T>(hold[i]);
      step[i] = one ? 0 : 1;
    }
  }
  std::array<T, N> at(int64_t k) const {
    std::array<T, N> v;
    for (size_t i = 0; i < N; ++i) v[i] = p[i][k * step[i]];
    return v;
  }
};

struct Shape {
  int64_t size[64];
  size_t n = 0;
  IntArrayRef get() const { return IntArrayRef(size, n); }
  int64_t numel() const { return ops::product(get()); }
  void add(const Tensor& t) {
    const auto m = static_cast<size_t>(t.dim());
    if (m > n) {
      for (size_t i = 0; i < n; ++i) size[m - 1 - i] = size[n - 1 - i];
      for (size_t i = 0; i < m - n; ++i) size[i] = 1;
      n = m;
    }
    for (size_t i = 0; i < m; ++i)
      if (t.sizes()[i] != 1) size[n - m + i] = t.sizes()[i];
  }
};

// Writes packed values of the compute dtype to a result of any dtype and strides.
template <class T, class F>
void write(const Tensor& out, ScalarType type, F&& f) {
  const bool direct = out.scalar_type() == type && out.is_contiguous();
  const Tensor to = direct ? out : empty_cpu(out.sizes(), type);
  T* y = ops::data_as<T>(to);
  parallel_for(0, to.numel(), kChunk, [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) y[i] = f(i);
  });
  if (!direct) copy_values(out, to);
}

template <class T, class F>
void reduce(const Tensor& out, ScalarType type, int64_t n, bool mean, F&& f) {
  const int64_t chunks = (n + kChunk - 1) / kChunk;
  Scratch<double> partial(chunks);
  parallel_for(0, chunks, 1, [&](int64_t c0, int64_t c1) {
    for (int64_t c = c0; c < c1; ++c) {
      double sum = 0;
      for (int64_t i = c * kChunk, e = std::min(n, (c + 1) * kChunk); i < e; ++i)
        sum += static_cast<double>(f(i));
      partial[c] = sum;
    }
  });
  double sum = 0;
  for (int64_t c = 0; c < chunks; ++c) sum += partial[c];
  if (mean) sum /= static_cast<double>(n);
  const Tensor value = empty_cpu({}, type);
  *ops::data_as<T>(value) = static_cast<T>(sum);
  copy_values(out, value);
}

template <class F, size_t N>
void loss(const char* name, const Tensor& out, std::array<const Tensor*, N> in, int64_t reduction,
          F f) {
  const ScalarType type = compute_type(out.scalar_type());
  Shape shape;
  for (const Tensor* t : in) shape.add(*t);
  ops::for_real(name, type, [&](auto tag) {
    using T = decltype(tag);
    const Operands<T, N> x(in, shape.get(), type);
    auto value = [&](int64_t i) { return f(x.at(i)); };
    if (reduction == at::Reduction::None)
      write<T>(out, type, value);
    else
      reduce<T>(out, type, shape.numel(), reduction == at::Reduction::Mean, value);
  });
}

// The gradient by `in[0]`: f takes the operands and the incoming gradient, already scaled.
template <class F, size_t N>
void loss_grad(const char* name, const Tensor& out, const Tensor& grad,
               std::array<const Tensor*, N> in, int64_t reduction, F f) {
  const ScalarType type = compute_type(out.scalar_type());
  Shape shape;
  for (const Tensor* t : in) shape.add(*t);
  if (grad.dim() > 0) shape.add(grad);
  const auto count = static_cast<double>(in[0]->numel());
  ops::for_real(name, type, [&](auto tag) {
    using T = decltype(tag);
    const Operands<T, N> x(in, shape.get(), type);
    const Operands<T, 1> g({&grad}, shape.get(), type);
    const T scale = reduction == at::Reduction::Mean ? static_cast<T>(1 / count) : T(1);
    write<T>(out, type, [&](int64_t i) { return f(x.at(i), g.at(i)[0] * scale); });
  });
}

template <class T>
T sign(T x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : x == 0 ? T(0) : x;
}
template <class T>
T at_least(T x, T low) {  // keeps NaN
  return x < low ? low : x;
}

}  // namespace

void mse_loss(const Tensor& out, const Tensor& self, const Tensor& target, int64_t reduction) {
  loss<>("mse_cpu", out, std::array{&self, &target}, reduction, [](auto v) {
    const auto d = v[0] - v[1];
    return d * d;
  });
}

void mse_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                       const Tensor& target, int64_t reduction) {
  loss_grad("mse_backward_cpu_out", out, grad, std::array{&self, &target}, reduction,
            [](auto v, auto g) { return 2 * (v[0] - v[1]) * g; });
}

void smooth_l1_loss(const Tensor& out, const Tensor& self, const Tensor& target, int64_t reduction,
                    double beta) {
  loss("smooth_l1_cpu", out, std::array{&self, &target}, reduction, [beta](auto v) {
    using T = decltype(v[0] + 0);
    const T b = static_cast<T>(beta), z = std::abs(v[0] - v[1]);
    return z < b ? T(0.5) * z * z / b : z - T(0.5) * b;
  });
}

void smooth_l1_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                             const Tensor& target, int64_t reduction, double beta) {
  loss_grad("smooth_l1_backward_cpu_out", out, grad, std::array{&self, &target}, reduction,
            [beta](auto v, auto g) {
              using T = decltype(g);
              const T b = static_cast<T>(beta), x = v[0] - v[1];
              return x <= -b ? -g : x >= b ? g : x * g / b;
            });
}

void huber_loss(const Tensor& out, const Tensor& self, const Tensor& target, int64_t reduction,
                double delta) {
  loss("huber_cpu", out, std::array{&self, &target}, reduction, [delta](auto v) {
    using T = decltype(v[0] + 0);
    const T d = static_cast<T>(delta), z = std::abs(v[0] - v[1]);
    return z < d ? T(0.5) * z * z : d * (z - T(0.5) * d);
  });
}

void huber_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                         const Tensor& target, int64_t reduction, double delta) {
  loss_grad("huber_backward_cpu_out", out, grad, std::array{&self, &target}, reduction,
            [delta](auto v, auto g) {
              using T = decltype(g);
              const T d = static_cast<T>(delta), x = v[0] - v[1];
              return x <= -d ? -g * d : x >= d ? g * d : x * g;
            });
}

void soft_margin_loss(const Tensor& out, const Tensor& self, const Tensor& target,
                      int64_t reduction) {
  loss("soft_margin_loss", out, std::array{&self, &target}, reduction,
       [](auto v) { return std::log1p(std::exp(-v[0] * v[1])); });
}

void soft_margin_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                               const Tensor& target, int64_t reduction) {
  loss_grad("soft_margin_loss_backward", out, grad, std::array{&self, &target}, reduction,
            [](auto v, auto g) {
              const auto z = std::exp(-v[0] * v[1]);
              return -v[1] * z / (1 + z) * g;
            });
}

void binary_cross_entropy(const Tensor& out, const Tensor& self, const Tensor& target,
                          const OptTensor& weight, int64_t reduction) {
  const Tensor one = scalar_cpu(1, self.scalar_type());
  const Tensor& w = weight && weight->defined() ? *weight : one;
  loss("binary_cross_entropy", out, std::array{&self, &target, &w}, reduction, [](auto v) {
    using T = decltype(v[0] + 0);
    TORCH_CHECK(v[0] >= 0 && v[0] <= 1, "all elements of input should be between 0 and 1");
    TORCH_CHECK(v[1] >= 0 && v[1] <= 1, "all elements of target should be between 0 and 1");
    const T log_x = at_least(std::log(v[0]), T(-100));
    const T log_1x = at_least(std::log1p(-v[0]), T(-100));
    return ((v[1] - 1) * log_1x - v[1] * log_x) * v[2];
  });
}

void binary_cross_entropy_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                   const Tensor& target, const OptTensor& weight,
                                   int64_t reduction) {
  const Tensor one = scalar_cpu(1, self.scalar_type());
  const Tensor& w = weight && weight->defined() ? *weight : one;
  loss_grad("binary_cross_entropy_backward", out, grad, std::array{&self, &target, &w}, reduction,
            [](auto v, auto g) {
              using T = decltype(g);
              const T q = at_least((1 - v[0]) * v[0], T(1e-12));
              return g * (v[0] - v[1]) / q * v[2];
            });
}

void binary_cross_entropy_with_logits(const Tensor& out, const Tensor& self, const Tensor& target,
                                      const OptTensor& weight, const OptTensor& pos_weight,
                                      int64_t reduction) {
  const Tensor one = scalar_cpu(1, self.scalar_type());
  const Tensor& w = weight && weight->defined() ? *weight : one;
  const Tensor& pw = pos_weight && pos_weight->defined() ? *pos_weight : one;
  loss("binary_cross_entropy_with_logits", out, std::array{&self, &target, &w, &pw}, reduction,
       [](auto v) {
         using T = decltype(v[0] + 0);
         const T x = v[0], t = v[1];
         // -log(sigmoid(x)) without overflow.
         const T soft = std::log1p(std::exp(-std::abs(x))) + at_least(-x, T(0));
         return ((1 - t) * x + ((v[3] - 1) * t + 1) * soft) * v[2];
       });
}

}  // namespace pharos::cpu
