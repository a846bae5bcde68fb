// Losses: shape rules and those that are made of other operators.
#include "ops/loss/loss.h"

#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>

#include "ops/loss_decls.h"
#include "ops/promotion.h"

namespace pharos::ops {

Tensor reduce_loss(const Tensor& loss, int64_t reduction) {
  if (reduction == at::Reduction::Mean) return loss.mean();
  return reduction == at::Reduction::Sum ? loss.sum() : loss;
}

void as_self_shape(Out& out, const Tensor& self) {
  out.set(0, self.sizes(), self.scalar_type(), self.device());
}

namespace {
void reduced_shape(Out& out, const Tensor& a, const Tensor& b, ScalarType dtype,
                   int64_t reduction) {
  TORCH_CHECK(reduction >= at::Reduction::None && reduction < at::Reduction::END,
              "Unknown reduction: ", reduction);
  if (reduction == at::Reduction::None) return set_broadcast(out, 0, dtype, a, b);
  int64_t shape[64];
  int n = 0;
  broadcast_into(a.sizes(), shape, &n);
  broadcast_into(b.sizes(), shape, &n);
  out.set(0, {}, dtype, a.device());
}
}  // namespace

void loss_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction) {
  reduced_shape(out, self, target, promoted(self, target), reduction);
}

void loss_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target) {
  const ScalarType t = ResultType().add(grad).add(self).add(target).get();
  if (grad.dim() == 0) return set_broadcast(out, 0, t, self, target);
  set_broadcast(out, 0, t, {&self, &target, &grad});
}

void smooth_l1_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction,
                     double beta) {
  TORCH_CHECK(beta >= 0, "smooth_l1_loss does not support negative values for beta.");
  loss_shape(out, self, target, reduction);
}

void huber_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction,
                 double delta) {
  TORCH_CHECK(delta > 0, "huber_loss does not support non-positive values for delta.");
  reduced_shape(out, self, target, self.scalar_type(), reduction);
}

void soft_margin_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction) {
  reduced_shape(out, self, target, promoted(self, target), reduction);
  if (reduction == at::Reduction::None)
    TORCH_CHECK(out[0].sizes().equals(self.sizes()), "output with shape ", self.sizes(),
                " doesn't match the broadcast shape ", out[0].sizes());
}

namespace {
void check_same_dtype(const Tensor& self, const Tensor& other) {
  TORCH_CHECK(self.scalar_type() == other.scalar_type(), "Found dtype ", other.scalar_type(),
              " but expected ", self.scalar_type());
}
}  // namespace

void bce_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
               int64_t reduction) {
  check_same_dtype(self, target);
  reduced_shape(out, self, target, self.scalar_type(), reduction);
  if (!weight || !weight->defined()) return;
  int64_t shape[64];
  int n = 0;
  broadcast_into(self.sizes(), shape, &n);
  broadcast_into(target.sizes(), shape, &n);
  broadcast_into(weight->sizes(), shape, &n);
}

void bce_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target,
                        const OptTensor& weight) {
  (void)weight;
  loss_backward_shape(out, grad, self, target);
}

void bce_logits_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
                      const OptTensor& pos_weight, int64_t reduction) {
  ResultType type;
  type.add(self).add(target);
  int64_t shape[64];
  int n = 0;
  broadcast_into(self.sizes(), shape, &n);
  TORCH_CHECK(target.sizes().equals(IntArrayRef(shape, static_cast<size_t>(n))) ||
                  self.numel() == 1 || target.dim() >= self.dim(),
              "output with shape ", target.sizes(), " doesn't match the broadcast shape ",
              self.sizes());
  broadcast_into(target.sizes(), shape, &n);
  for (const OptTensor* w : {&weight, &pos_weight}) {
    if (!*w || !(*w)->defined()) continue;
    type.add(**w);
    broadcast_into((*w)->sizes(), shape, &n);
  }
  const ScalarType dtype = type.get();
  if (reduction == at::Reduction::None)
    out.set(0, IntArrayRef(shape, static_cast<size_t>(n)), dtype, self.device());
  else
    out.set(0, {}, dtype, self.device());
}

// ---- negative log likelihood ----------------------------------------------------------------

namespace {

void check_class_weight(const OptTensor& weight, int64_t classes, ScalarType dtype) {
  if (!weight || !weight->defined()) return;
  TORCH_CHECK(weight->dim() == 1 && weight->numel() == classes,
              "weight tensor should be defined either for all ", classes,
              " classes or no classes but got weight tensor of shape: ", weight->sizes());
  TORCH_CHECK(weight->scalar_type() == dtype, "expected scalar type ", dtype, " but found ",
              weight->scalar_type());
}

void check_index_dtype(const Tensor& target) {
  TORCH_CHECK(target.scalar_type() == ScalarType::Long || target.scalar_type() == ScalarType::Byte,
              "expected target dtype to be Long or Byte, but got ", target.scalar_type());
}

void check_nll(const Tensor& self, const Tensor& target, const OptTensor& weight) {
  TORCH_CHECK(self.dim() > 0 && self.dim() <= 2, "input tensor should be 1D or 2D");
  TORCH_CHECK(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  if (self.dim() == 1)
    TORCH_CHECK_VALUE(
        target.numel() == 1,
        "For 1D input, 1D target must have size 1, but got target size: ", target.numel());
  else
    TORCH_CHECK(target.dim() == 1 && self.size(0) == target.size(0),
                "size mismatch (got input: ", self.sizes(), ", target: ", target.sizes(), ")");
  check_index_dtype(target);
  check_class_weight(weight, self.size(-1), self.scalar_type());
}

void check_nll2d(const Tensor& self, const Tensor& target, const OptTensor& weight) {
  TORCH_CHECK(target.dim() == 3,
              "only batches of spatial targets supported (3D tensors) but got targets of "
              "dimension: ",
              target.dim());
  TORCH_CHECK(self.dim() == 4,
              "only batches of spatial inputs supported (4D tensors), but got input of dimension: ",
              self.dim());
  const IntArrayRef s = self.sizes(), t = target.sizes();
  TORCH_CHECK(s[0] == t[0] && s[2] == t[1] && s[3] == t[2], "size mismatch (got input: ", s,
              " , target: ", t);
  check_index_dtype(target);
  check_class_weight(weight, s[1], self.scalar_type());
}

void check_total_weight(const Tensor& total_weight) {
  TORCH_CHECK(total_weight.numel() == 1,
              "expected total_weight to be a  single element tensor, got: ", total_weight.sizes(),
              " (", total_weight.numel(), " elements)");
}

}  // namespace

void nll_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
               int64_t reduction) {
  check_nll(self, target, weight);
  if (reduction == at::Reduction::None && self.dim() == 2)
    out.set(0, IntArrayRef(self.sizes().data(), 1), self.scalar_type(), self.device());
  else
    out.set(0, {}, self.scalar_type(), self.device());
  out.set(1, {}, self.scalar_type(), self.device());
}

void nll_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target,
                        const OptTensor& weight, int64_t reduction, const Tensor& total_weight) {
  check_nll(self, target, weight);
  check_total_weight(total_weight);
  if (reduction == at::Reduction::None && self.dim() == 2)
    TORCH_CHECK(grad.dim() == 1 && grad.sizes()[0] == self.sizes()[0],
                "Expected a tensor of dimension 1 and tensor.size[0] == ", self.sizes()[0],
                " but got: dimension ", grad.dim(),
                " and tensor.size[0] = ", grad.dim() ? grad.sizes()[0] : 1);
  else
    TORCH_CHECK(grad.dim() <= 1 && grad.numel() == 1,
                "Expected a single element grad_output tensor, but got: ", grad.sizes());
  as_self_shape(out, self);
}

void nll2d_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
                 int64_t reduction) {
  check_nll2d(self, target, weight);
  if (reduction == at::Reduction::None)
    out.set(0, target.sizes(), self.scalar_type(), self.device());
  else
    out.set(0, {}, self.scalar_type(), self.device());
  out.set(1, {}, self.scalar_type(), self.device());
}

void nll2d_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target,
                          const OptTensor& weight, int64_t reduction, const Tensor& total_weight) {
  check_nll2d(self, target, weight);
  check_total_weight(total_weight);
  if (reduction == at::Reduction::None)
    TORCH_CHECK(grad.sizes().equals(target.sizes()),
                "size mismatch (got grad_output: ", grad.sizes(), " target: ", target.sizes());
  else
    TORCH_CHECK(grad.numel() == 1,
                "expected a single element grad_output tensor, but got: ", grad.sizes());
  as_self_shape(out, self);
}

Tensor nll_loss(const Tensor& self, const Tensor& target, const OptTensor& weight,
                int64_t reduction, int64_t ignore_index) {
  return std::get<0>(at::nll_loss_forward(self, target, weight, reduction, ignore_index));
}

Tensor nll_loss2d(const Tensor& self, const Tensor& target, const OptTensor& weight,
                  int64_t reduction, int64_t ignore_index) {
  return std::get<0>(at::nll_loss2d_forward(self, target, weight, reduction, ignore_index));
}

Tensor nll_loss_nd(const Tensor& self, const Tensor& target, const OptTensor& weight,
                   int64_t reduction, int64_t ignore_index) {
  TORCH_CHECK_VALUE(self.dim() >= 1, "Expected 1 or more dimensions (got ", self.dim(), ")");
  TORCH_CHECK_VALUE(self.dim() == 1 || (target.dim() > 0 && self.sizes()[0] == target.sizes()[0]),
                    "Expected input batch_size (", self.sizes()[0],
                    ") to match target batch_size (", target.dim() ? target.sizes()[0] : 0, ").");
  if (self.dim() <= 2) return at::nll_loss(self, target, weight, reduction, ignore_index);
  if (self.dim() == 4) return at::nll_loss2d(self, target, weight, reduction, ignore_index);
  const int64_t n = self.sizes()[0], c = self.sizes()[1];
  std::vector<int64_t> shape{n};
  for (int64_t s : self.sizes().slice(2)) shape.push_back(s);
  TORCH_CHECK(target.sizes().equals(shape), "Expected target size ", IntArrayRef(shape), ", got ",
              target.sizes());
  Tensor x = self.contiguous(), t = target.contiguous();
  x = x.numel() > 0 ? x.view({n, c, 1, -1}) : x.view({n, c, 0, 0});
  t = t.numel() > 0 ? t.view({n, 1, -1}) : t.view({n, 0, 0});
  const Tensor loss = at::nll_loss2d(x, t, weight, reduction, ignore_index);
  return reduction == at::Reduction::None ? loss.view(shape) : loss;
}

namespace {

// -(terms).sum() over everything or over the classes, divided by the batch for the mean.
Tensor reduce_classes(const Tensor& terms, int64_t class_dim, int64_t batch, int64_t reduction) {
  if (reduction == at::Reduction::None) return -terms.sum(class_dim);
  if (reduction == at::Reduction::Sum) return -terms.sum();
  if (terms.numel() == 0) return (-terms.sum()).fill_(std::numeric_limits<double>::quiet_NaN());
  return -terms.sum() / batch;
}

Tensor class_view(const Tensor& weight, int64_t ndim, int64_t class_dim) {
  std::vector<int64_t> shape(static_cast<size_t>(ndim), 1);
  shape[static_cast<size_t>(class_dim)] = weight.size(0);
  return weight.view(shape);
}

void check_smoothing(double label_smoothing) {
  TORCH_CHECK(label_smoothing <= 1.0,
              "label_smoothing must be between 0.0 and 1.0. Got: ", label_smoothing);
}

Tensor cross_entropy_probabilities(const Tensor& self, const Tensor& target,
                                   const OptTensor& weight, int64_t reduction,
                                   double label_smoothing) {
  const int64_t class_dim = self.dim() == 1 ? 0 : 1;
  const int64_t classes = self.size(class_dim);
  const bool weighted = weight && weight->defined();
  TORCH_CHECK(!weighted || (weight->dim() == 1 && weight->numel() == classes),
              "cross_entropy: weight tensor should be defined either for all ", classes,
              " classes or no classes but got weight tensor of shape: ", weight->sizes());
  const Tensor input = at::log_softmax(self, class_dim, self.scalar_type());
  Tensor t = target;
  if (label_smoothing > 0) {
    check_smoothing(label_smoothing);
    t = target * (1 - label_smoothing) + label_smoothing / static_cast<double>(classes);
  }
  Tensor terms = input * t;
  if (weighted) terms = terms * class_view(*weight, input.dim(), class_dim);
  const int64_t batch = classes > 0 ? input.numel() / classes : 0;
  return reduce_classes(terms, class_dim, batch, reduction);
}

Tensor cross_entropy_smoothed(const Tensor& self, const Tensor& target, const OptTensor& weight,
                              int64_t reduction, int64_t ignore_index, double label_smoothing) {
  const int64_t class_dim = self.dim() == 1 ? 0 : 1;
  const int64_t classes = self.size(class_dim);
  const bool weighted = weight && weight->defined();
  const Tensor input = at::log_softmax(self, class_dim, self.scalar_type());
  const Tensor nll = at::nll_loss_nd(input, target, weight, reduction, ignore_index);
  Tensor smooth = weighted ? -(input * class_view(*weight, input.dim(), class_dim)).sum(class_dim)
                           : -input.sum(class_dim);
  const Tensor ignored = target == ignore_index;
  smooth = smooth.masked_fill(ignored, 0.0);
  if (reduction == at::Reduction::Mean) {
    if (weighted) {
      const Tensor weights = weight->gather(0, target.masked_fill(ignored, 0).flatten());
      smooth = smooth.sum() / weights.masked_fill(ignored.flatten(), 0.0).sum();
    } else {
      smooth = smooth.sum() / (~ignored).sum();
    }
  } else if (reduction == at::Reduction::Sum) {
    smooth = smooth.sum();
  }
  return (1 - label_smoothing) * nll + smooth * (label_smoothing / static_cast<double>(classes));
}

}  // namespace

Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const OptTensor& weight,
                          int64_t reduction, int64_t ignore_index, double label_smoothing) {
  if (self.sizes().equals(target.sizes())) {
    TORCH_CHECK(c10::isFloatingType(target.scalar_type()),
                "Expected floating point type for target with class probabilities, got ",
                target.scalar_type());
    TORCH_CHECK(ignore_index < 0, "ignore_index is not supported for floating point target");
    return cross_entropy_probabilities(self, target, weight, reduction, label_smoothing);
  }
  if (label_smoothing > 0) {
    check_smoothing(label_smoothing);
    return cross_entropy_smoothed(self, target, weight, reduction, ignore_index, label_smoothing);
  }
  const int64_t class_dim = self.dim() == 1 ? 0 : 1;
  return at::nll_loss_nd(at::log_softmax(self, class_dim, self.scalar_type()), target, weight,
                         reduction, ignore_index);
}

// ---- compositions ---------------------------------------------------------------------------

Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduce_loss((self - target).abs(), reduction);
}

Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction, bool log_target) {
  TORCH_CHECK(!c10::isComplexType(self.scalar_type()) && !c10::isComplexType(target.scalar_type()),
              "kl_div: Complex inputs not supported.");
  TORCH_CHECK(!c10::isIntegralType(self.scalar_type(), true) &&
                  !c10::isIntegralType(target.scalar_type(), true),
              "kl_div: Integral inputs not supported.");
  const Tensor loss =
      log_target ? at::exp(target) * (target - self) : at::xlogy(target, target) - target * self;
  return reduce_loss(loss, reduction);
}

Tensor hinge_embedding_loss(const Tensor& self, const Tensor& target, double margin,
                            int64_t reduction) {
  const Tensor zeros = at::zeros_like(self);
  const Tensor margin_diff = (margin - self).clamp_min(0);
  const Tensor margin_part = at::where(target != 1, margin_diff, zeros);
  const Tensor self_part = at::where(target != -1, self, zeros);
  return reduce_loss(margin_part + self_part, reduction);
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           double margin, int64_t reduction) {
  return reduce_loss((-target * (input1 - input2) + margin).clamp_min(0), reduction);
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin, int64_t reduction) {
  const int64_t dim = target.dim();
  TORCH_CHECK(dim == 0 || dim == 1, "0D or 1D target tensor expected, multi-target not supported");
  if (dim == 1)
    TORCH_CHECK(input1.dim() == 2 && input2.dim() == 2,
                "1D target tensor expects 2D input tensors, but found inputs with sizes ",
                input1.sizes(), " and ", input2.sizes(), ".");
  else
    TORCH_CHECK(input1.dim() == 1 && input2.dim() == 1,
                "0D target tensor expects 1D input tensors, but found inputs with sizes ",
                input1.sizes(), " and ", input2.sizes(), ".");
  constexpr double kEps = 1e-12;
  const Tensor prod = (input1 * input2).sum(dim);
  const Tensor mag1 = (input1 * input1).sum(dim) + kEps;
  const Tensor mag2 = (input2 * input2).sum(dim) + kEps;
  const Tensor cos = prod / (mag1 * mag2).sqrt();
  const Tensor zeros = at::zeros_like(cos);
  const Tensor positive = at::where(target == 1, 1 - cos, zeros);
  const Tensor negative = at::where(target == -1, (cos - margin).clamp_min(0), zeros);
  return reduce_loss(positive + negative, reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin, double p, double eps, bool swap, int64_t reduction) {
  TORCH_CHECK(anchor.dim() == positive.dim() && positive.dim() == negative.dim(),
              "The anchor, positive, and negative tensors are expected to have the same number of "
              "dimensions, but got: anchor ",
              anchor.dim(), "D, positive ", positive.dim(), "D, and negative ", negative.dim(),
              "D inputs");
  const Tensor near = at::pairwise_distance(anchor, positive, p, eps);
  Tensor far = at::pairwise_distance(anchor, negative, p, eps);
  if (swap) far = at::min(far, at::pairwise_distance(positive, negative, p, eps));
  return reduce_loss(at::clamp_min(margin + near - far, 0), reduction);
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full,
                        double eps, int64_t reduction) {
  Tensor loss = log_input ? at::exp(input) - target * input : input - target * at::log(input + eps);
  if (full) {
    const Tensor stirling = target * at::log(target) - target + 0.5 * at::log(2 * M_PI * target);
    loss = loss + stirling.masked_fill(target <= 1, 0);
  }
  return reduce_loss(loss, reduction);
}

}  // namespace pharos::ops
