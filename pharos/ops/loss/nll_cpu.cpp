// Negative log likelihood of class indices, and its gradient: rows of classes, or planes of them.
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"
#include "ops/loss/loss.h"
#include "ops/loss_decls.h"

namespace pharos::cpu {
namespace {

using ops::OptTensor;
using ops::plain;

// Scores as [batch, classes, area], targets as [batch, area].
struct Layout {
  int64_t batch, classes, area;
};

ScalarType compute_type(ScalarType t) {
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}

PHAROS_COLD [[noreturn]] void bad_target(int64_t t) {
  throw_error(ErrorKind::Index, message("Target ", t, " is out of bounds."));
}

Tensor as_long(const Tensor& target) { return plain(target, ScalarType::Long); }
Tensor weight_of(const OptTensor& weight, ScalarType type) {
  return weight && weight->defined() ? plain(*weight, type) : Tensor();
}

void forward(const char* name, const Layout& s, const Tensor& out, const Tensor& total,
             const Tensor& self, const Tensor& target, const OptTensor& weight, int64_t reduction,
             int64_t ignore) {
  const ScalarType type = compute_type(self.scalar_type());
  ops::for_real(name, type, [&](auto tag) {
    using T = decltype(tag);
    const Tensor xs = plain(self, type), ts = as_long(target), ws = weight_of(weight, type);
    const T* x = ops::data_as<const T>(xs);
    const auto* t = ops::data_as<const int64_t>(ts);
    const T* w = ws.defined() ? ops::data_as<const T>(ws) : nullptr;
    const int64_t n = s.batch * s.area;
    // A single score without a batch is always summed.
    const bool each = reduction == at::Reduction::None && out.dim() > 0;
    const Tensor values = each ? empty_cpu({n}, type) : Tensor();
    T* y = each ? ops::data_as<T>(values) : nullptr;
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = t[i];
      if (c == ignore) {
        if (each) y[i] = 0;
        continue;
      }
      if (c < 0 || c >= s.classes) bad_target(c);
      const T v = x[(i / s.area * s.classes + c) * s.area + i % s.area];
      const T wc = w ? w[c] : T(1);
      if (each) {
        y[i] = -v * wc;
      } else {
        sum -= static_cast<double>(v) * static_cast<double>(wc);
        weights += static_cast<double>(wc);
      }
    }
    if (each) {
      copy_values(out, view_of(values, out.sizes(), empty_cpu(out.sizes(), type).strides()));
      fill_zero(total);
      return;
    }
    if (reduction == at::Reduction::Mean) sum /= weights;
    fill_value(out, sum);
    fill_value(total, weights);
  });
}

void backward(const char* name, const Layout& s, const Tensor& out, const Tensor& grad,
              const Tensor& target, const OptTensor& weight, int64_t reduction, int64_t ignore,
              const Tensor& total) {
  const ScalarType type = compute_type(out.scalar_type());
  ops::for_real(name, type, [&](auto tag) {
    using T = decltype(tag);
    const bool direct = out.is_contiguous() && out.scalar_type() == type;
    const Tensor gx = direct ? out : empty_cpu(out.sizes(), type);
    fill_zero(gx);
    const Tensor gs = plain(grad, type), ts = as_long(target), ws = weight_of(weight, type);
    const T total_weight = *ops::data_as<const T>(plain(total, type));
    T* to = ops::data_as<T>(gx);
    const T* g = ops::data_as<const T>(gs);
    const auto* t = ops::data_as<const int64_t>(ts);
    const T* w = ws.defined() ? ops::data_as<const T>(ws) : nullptr;
    const int64_t n = s.batch * s.area;
    const int64_t step = reduction == at::Reduction::None && grad.dim() > 0 ? 1 : 0;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = t[i];
      if (c == ignore) continue;
      if (c < 0 || c >= s.classes) bad_target(c);
      T v = -(w ? w[c] : T(1)) * g[i * step];
      if (reduction == at::Reduction::Mean) v /= total_weight;
      to[(i / s.area * s.classes + c) * s.area + i % s.area] = v;
    }
    if (!direct) copy_values(out, gx);
  });
}

Layout rows_of(const Tensor& self) {
  return {self.dim() == 1 ? 1 : self.sizes()[0], self.size(-1), 1};
}
Layout planes_of(const Tensor& self) {
  const IntArrayRef s = self.sizes();
  return {s[0], s[1], s[2] * s[3]};
}

}  // namespace

void nll_loss_forward(const Tensor& out, const Tensor& total, const Tensor& self,
                      const Tensor& target, const OptTensor& weight, int64_t reduction,
                      int64_t ignore_index) {
  forward("nll_loss_out_frame", rows_of(self), out, total, self, target, weight, reduction,
          ignore_index);
}

void nll_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                       const Tensor& target, const OptTensor& weight, int64_t reduction,
                       int64_t ignore_index, const Tensor& total_weight) {
  backward("nll_loss_backward_out_frame", rows_of(self), out, grad, target, weight, reduction,
           ignore_index, total_weight);
}

void nll_loss2d_forward(const Tensor& out, const Tensor& total, const Tensor& self,
                        const Tensor& target, const OptTensor& weight, int64_t reduction,
                        int64_t ignore_index) {
  forward("nll_loss2d_forward_out_frame", planes_of(self), out, total, self, target, weight,
          reduction, ignore_index);
}

void nll_loss2d_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                         const Tensor& target, const OptTensor& weight, int64_t reduction,
                         int64_t ignore_index, const Tensor& total_weight) {
  backward("nll_loss2d_backward_out_frame", planes_of(self), out, grad, target, weight, reduction,
           ignore_index, total_weight);
}

}  // namespace pharos::cpu
