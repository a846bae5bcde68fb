// Gradients of losses that are made of operators: those of logits, and second gradients.
#include <pharos/ops/functions.h>

#include "ops/loss/loss.h"

namespace pharos::backward {
namespace {

Tensor scaled(const Tensor& t, const Tensor& self, int64_t reduction) {
  return reduction == at::Reduction::Mean ? t / self.numel() : t;
}
bool given(const OptTensor& t) { return t && t->defined(); }
constexpr double kBceEps = 1e-12;

}  // namespace

Tensor mse_loss_double_backward(const Tensor& grad, const Tensor& self, int64_t reduction) {
  return scaled(grad * 2, self, reduction);
}

Tensor smooth_l1_loss_double_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                                      int64_t reduction, double beta) {
  // A beta of zero is the absolute value, whose second derivative is zero.
  if (beta == 0) return at::zeros_like(grad * self);
  const Tensor near = ((self - target).abs() < beta).to(grad.scalar_type());
  return scaled(grad * near / beta, self, reduction);
}

Tensor huber_loss_double_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                                  int64_t reduction, double delta) {
  const Tensor near = ((self - target).abs() < delta).to(grad.scalar_type());
  return scaled(grad * near, self, reduction);
}

Tensor soft_margin_loss_double_backward(const Tensor& grad, const Tensor& self,
                                        const Tensor& target, int64_t reduction) {
  const Tensor z = (self * -target).exp();
  const Tensor zp = z + 1;
  return scaled(grad * (target * target) * z / (zp * zp), self, reduction);
}

Tensor bce_target_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                           const OptTensor& weight, int64_t reduction) {
  Tensor g = grad * (self.neg().log1p().clamp_min(-100) - self.log().clamp_min(-100));
  if (given(weight)) g = g * *weight;
  return scaled(g, target, reduction);
}

Tensor bce_double_backward(const Tensor& grad_output, const Tensor& grad, const Tensor& self,
                           const Tensor& target, const OptTensor& weight, int64_t reduction) {
  const Tensor q = (1 - self) * self + kBceEps;
  const Tensor top = self * self - target * (2 * self) + target;
  Tensor g = grad * grad_output * top / (q * q);
  if (given(weight)) g = g * *weight;
  return scaled(g, self, reduction);
}

Tensor bce_double_backward_target(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                                  const Tensor& target, const OptTensor& weight,
                                  int64_t reduction) {
  Tensor g = -grad * grad_output;
  if (given(weight)) g = g * *weight;
  return scaled(g / ((1 - self) * self + kBceEps), target, reduction);
}

Tensor bce_logits_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                           const OptTensor& weight, const OptTensor& pos_weight,
                           int64_t reduction) {
  Tensor g;
  if (given(pos_weight)) {
    const Tensor t = *pos_weight * target;
    g = ((t + 1 - target) * self.sigmoid() - t) * grad;
  } else {
    g = (self.sigmoid() - target) * grad;
  }
  if (given(weight)) g = g * *weight;
  return scaled(g, self, reduction);
}

Tensor bce_logits_target_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                                  const OptTensor& weight, const OptTensor& pos_weight,
                                  int64_t reduction) {
  Tensor g;
  if (given(pos_weight))
    g = (at::log_sigmoid(-self) - *pos_weight * at::log_sigmoid(self)) * grad;
  else
    g = self * -grad;
  if (given(weight)) g = g * *weight;
  return scaled(g, target, reduction);
}

}  // namespace pharos::backward
