// Normalisations: checks and shapes, forms made of others, and gradients that record themselves.
#include "ops/norm/norm.h"

#include <pharos/ops/functions.h>

#include <limits>
#include <string>
#include <vector>

#include "core/thread_state.h"
#include "ops/geometry.h"
#include "ops/norm_decls.h"

namespace pharos::ops {
namespace {

bool given(const OptTensor& t) { return t && t->defined(); }

std::string joined(IntArrayRef v) {
  std::string s;
  for (size_t i = 0; i < v.size(); ++i) s += (i ? ", " : "") + std::to_string(v[i]);
  return s;
}

void check_numel(const char* name, int64_t expected, const OptTensor& t) {
  if (given(t))
    TORCH_CHECK(t->numel() == expected, name, " should contain ", expected, " elements not ",
                t->numel());
}

c10::MemoryFormat layout_of(const Tensor& t) {
  if (t.dim() != 4 && t.dim() != 5) return c10::MemoryFormat::Contiguous;
  const auto last =
      t.dim() == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
  return t.suggest_memory_format() == last ? last : c10::MemoryFormat::Contiguous;
}

void set_normed(Out& out, const Tensor& input) {
  const auto format = layout_of(input);
  if (format == c10::MemoryFormat::Contiguous)
    return out.set(0, input.sizes(), input.scalar_type(), input.device());
  int64_t strides[5];
  format_strides(input.sizes(), format, strides);
  out.set_strided(0, input.sizes(), IntArrayRef(strides, input.sizes().size()), input.scalar_type(),
                  input.device());
}

}  // namespace

Tensor norm_like(const Tensor& t) {
  const auto format = layout_of(t);
  if (format == c10::MemoryFormat::Contiguous)
    return empty_on(t.device(), t.sizes(), t.scalar_type());
  int64_t strides[5];
  format_strides(t.sizes(), format, strides);
  return empty_strided_on(t.device(), t.sizes(), IntArrayRef(strides, t.sizes().size()),
                          t.scalar_type());
}

ScalarType norm_stat_type(const Tensor& input, std::initializer_list<const OptTensor*> params) {
  bool mixed = false;
  for (const OptTensor* p : params)
    mixed = mixed || (given(*p) && (*p)->scalar_type() != input.scalar_type());
  if (!mixed) return input.scalar_type();
  for (const OptTensor* p : params)
    TORCH_CHECK(!given(*p) || (*p)->scalar_type() == ScalarType::Float,
                "mixed dtype (CPU): expect parameter to have scalar type of Float");
  TORCH_CHECK(c10::isReducedFloatingType(input.scalar_type()),
              "mixed dtype (CPU): all inputs must share same datatype.");
  return ScalarType::Float;
}

// ---- batch norm -----------------------------------------------------------------------------

namespace {
void check_features(const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                    const OptTensor& running_mean, const OptTensor& running_var, bool training) {
  const int64_t features = input.dim() > 1 ? input.sizes()[1] : 0;
  check_numel("running_mean", features, running_mean);
  TORCH_CHECK(training || given(running_mean), "running_mean must be defined in evaluation mode");
  check_numel("running_var", features, running_var);
  TORCH_CHECK(training || given(running_var), "running_var must be defined in evaluation mode");
  check_numel("weight", features, weight);
  check_numel("bias", features, bias);
}
}  // namespace

void batch_norm_shape(Out& out, const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                      const OptTensor& running_mean, const OptTensor& running_var, bool training) {
  TORCH_CHECK(input.dim() >= 2, "Expected at least 2 dimensions for input tensor but received ",
              input.dim());
  TORCH_CHECK(input.numel() > 0,
              "input tensor must have at least one element, but got input_sizes = ", input.sizes());
  check_features(input, weight, bias, running_mean, running_var, training);
  require_floating("batch_norm", input.scalar_type());
  const ScalarType stats = norm_stat_type(input, {&weight, &bias, &running_mean, &running_var});
  set_normed(out, input);
  const int64_t features[] = {training ? input.sizes()[1] : 0};
  out.set(1, features, stats, input.device());
  out.set(2, features, stats, input.device());
}

Tensor batch_norm(const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                  const OptTensor& running_mean, const OptTensor& running_var, bool training,
                  double momentum, double eps, bool) {
  check_features(input, weight, bias, running_mean, running_var, training);
  if (input.numel() == 0) {
    Tensor y = input.clone();
    if (given(weight)) y = y * (*weight)[0];
    if (given(bias)) y = y + (*bias)[0];
    return y;
  }
  return std::get<0>(at::native_batch_norm(input, weight, bias, running_mean, running_var, training,
                                           momentum, eps));
}

std::tuple<Tensor, Tensor, Tensor, Tensor, int64_t> _batch_norm_impl_index(
    const Tensor& input, const OptTensor& weight, const OptTensor& bias,
    const OptTensor& running_mean, const OptTensor& running_var, bool training, double momentum,
    double eps, bool) {
  const Tensor reserve = empty_on(input.device(), {0}, ScalarType::Byte);
  auto [y, mean, invstd] = at::native_batch_norm(input, weight, bias, running_mean, running_var,
                                                 training, momentum, eps);
  return {y, mean, invstd, reserve, 0};
}

Tensor instance_norm(const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                     const OptTensor& running_mean, const OptTensor& running_var,
                     bool use_input_stats, double momentum, double eps, bool cudnn_enabled) {
  TORCH_CHECK(use_input_stats || (given(running_mean) && given(running_var)),
              "Expected running_mean and running_var to be defined when use_input_stats is false");
  std::vector<int64_t> shape = input.sizes().vec();
  const int64_t b = input.size(0), c = input.size(1);
  shape[0] = 1;
  shape[1] = b * c;
  auto repeated = [b](const OptTensor& t) {
    return given(t) ? OptTensor(t->repeat({b})) : OptTensor();
  };
  const OptTensor mean = repeated(running_mean), var = repeated(running_var);
  const Tensor y = at::batch_norm(input.contiguous().view(shape), repeated(weight), repeated(bias),
                                  mean, var, use_input_stats, momentum, eps, cudnn_enabled);
  if (use_input_stats) {
    if (mean) running_mean->detach().copy_(mean->view({b, c}).mean(0, false));
    if (var) running_var->detach().copy_(var->view({b, c}).mean(0, false));
  }
  return y.view(input.sizes());
}

// ---- layer norm -----------------------------------------------------------------------------

namespace {

void check_layer_norm(const Tensor& input, IntArrayRef shape, const OptTensor& weight,
                      const OptTensor& bias, const char* star) {
  TORCH_CHECK(!shape.empty(),
              "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
              "one element, but got normalized_shape = ",
              shape);
  TORCH_CHECK(!given(weight) || weight->sizes().equals(shape),
              "Expected weight to be of same shape as normalized_shape, but got weight of shape ",
              weight->sizes(), " and normalized_shape = ", shape);
  TORCH_CHECK(!given(bias) || bias->sizes().equals(shape),
              "Expected bias to be of same shape as normalized_shape, but got bias of shape ",
              bias->sizes(), " and normalized_shape = ", shape);
  const size_t n = input.sizes().size(), m = shape.size();
  TORCH_CHECK(n >= m && input.sizes().slice(n - m).equals(shape), "Given normalized_shape=", shape,
              ", expected input with shape [", star, joined(shape), "], but got input of size",
              input.sizes());
}

}  // namespace

void layer_norm_shape(Out& out, const Tensor& input, IntArrayRef shape, const OptTensor& weight,
                      const OptTensor& bias) {
  check_layer_norm(input, shape, weight, bias, "*, ");
  const ScalarType stats = norm_stat_type(input, {&weight, &bias});
  out.set(0, input.sizes(), input.scalar_type(), input.device());
  int64_t sizes[64];
  const size_t n = input.sizes().size();
  for (size_t d = 0; d < n; ++d) sizes[d] = d < n - shape.size() ? input.sizes()[d] : 1;
  out.set(1, IntArrayRef(sizes, n), stats, input.device());
  out.set(2, IntArrayRef(sizes, n), stats, input.device());
}

Tensor layer_norm(const Tensor& input, IntArrayRef shape, const OptTensor& weight,
                  const OptTensor& bias, double eps, bool) {
  return std::get<0>(at::native_layer_norm(input, shape, weight, bias, eps));
}

Tensor rms_norm(const Tensor& input, IntArrayRef shape, const OptTensor& weight,
                std::optional<double> eps) {
  check_layer_norm(input, shape, weight, {}, "*");
  const ScalarType type = input.scalar_type();
  if (!c10::isFloatingType(type) && !c10::isComplexType(type)) no_kernel("rms_norm", type);
  const ScalarType wide = c10::isReducedFloatingType(type) ? ScalarType::Float : type;
  const bool is_double = c10::toRealValueType(wide) == ScalarType::Double;
  const double e =
      eps.value_or(is_double ? std::numeric_limits<double>::epsilon()
                             : static_cast<double>(std::numeric_limits<float>::epsilon()));
  const Tensor x = input.contiguous().to(wide);
  std::vector<int64_t> dims;
  for (size_t i = 0; i < shape.size(); ++i) dims.push_back(-1 - static_cast<int64_t>(i));
  const Tensor y = x * at::rsqrt(x.pow(2).mean(IntArrayRef(dims), true) + e);
  return (given(weight) ? y * *weight : y).to(type);
}

// ---- group norm -----------------------------------------------------------------------------

void group_norm_shape(Out& out, const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                      int64_t N, int64_t C, int64_t HxW, int64_t group) {
  TORCH_CHECK(group > 0, "Expected num groups to be greater than 0, got ", group);
  TORCH_CHECK(C % group == 0,
              "Expected number of channels in input to be divisible by num_groups, but got input "
              "of shape ",
              input.sizes(), " and num_groups=", group);
  const std::pair<const char*, const OptTensor*> params[] = {{"weight", &weight}, {"bias", &bias}};
  for (const auto& [name, p] : params)
    TORCH_CHECK(!given(*p) || ((*p)->dim() == 1 && (*p)->numel() == C), "Expected ", name,
                " to be a vector of size equal to the number of channels in input, but got ", name,
                " of shape ", (*p)->sizes(), " and input of shape ", input.sizes());
  TORCH_CHECK(input.numel() == N * C * HxW,
              "Expected X.numel() == N * C * HxW to be true, but got false.");
  const ScalarType stats = norm_stat_type(input, {&weight, &bias});
  set_normed(out, input);
  const int64_t sizes[] = {N, group};
  out.set(1, sizes, stats, input.device());
  out.set(2, sizes, stats, input.device());
}

Tensor group_norm(const Tensor& input, int64_t groups, const OptTensor& weight,
                  const OptTensor& bias, double eps, bool) {
  const int64_t n = input.size(0), c = input.size(1);
  int64_t area = 1;
  for (int64_t d = 2; d < input.dim(); ++d) area *= input.sizes()[d];
  return std::get<0>(at::native_group_norm(input, weight, bias, n, c, area, groups, eps));
}

}  // namespace pharos::ops

namespace pharos::backward {
namespace {

// Gradients of y = (x - mean) * rstd * w + b, with mean and rstd over `dims` of x, as operators:
// what a second derivative goes through. w broadcasts against x.
struct Normed {
  Tensor xhat, rstd;
};
Normed normalised(const Tensor& x, IntArrayRef dims, double eps) {
  const Tensor centred = x - x.mean(dims, true);
  const Tensor rstd = at::rsqrt((centred * centred).mean(dims, true) + eps);
  return {centred * rstd, rstd};
}
Tensor input_grad(const Normed& n, const Tensor& g, IntArrayRef dims) {
  return n.rstd * (g - g.mean(dims, true) - n.xhat * (g * n.xhat).mean(dims, true));
}

// A batch norm's input normalised channel by channel: by its own statistics in training, else by
// the running ones.
struct Channels {
  Channels(const Tensor& input, const Tensor& mean, const Tensor& var, bool train, double eps)
      : dims{0}, shape(static_cast<size_t>(input.dim()), 1) {
    for (int64_t d = 2; d < input.dim(); ++d) dims.push_back(d);
    shape[1] = input.size(1);
    if (train) {
      n = normalised(input, dims, eps);
    } else {
      n.rstd = at::rsqrt(var.view(shape) + eps);
      n.xhat = (input - mean.view(shape)) * n.rstd;
    }
  }
  std::vector<int64_t> dims, shape;  // what is summed over; one channel's number as the input lies
  Normed n;
};

Grads3 batch_norm_recorded(const Tensor& grad, const Tensor& input, const Tensor& weight,
                           const Tensor& mean, const Tensor& var, bool train, double eps,
                           std::array<bool, 3> needs) {
  const Channels c(input, mean, var, train, eps);
  const auto& [dims, shape, n] = c;
  const Tensor g = weight.defined() ? grad * weight.view(shape) : grad;
  Tensor gx, gw, gb;
  if (needs[0]) gx = train ? input_grad(n, g, dims) : g * n.rstd;
  if (needs[1]) gw = (grad * n.xhat).sum(IntArrayRef(dims));
  if (needs[2]) gb = grad.sum(IntArrayRef(dims));
  return {gx, gw, gb};
}

}  // namespace

Grads3 batch_norm_grad(const Tensor& grad, const Tensor& input, const Tensor& weight,
                       const Tensor& running_mean, const Tensor& running_var,
                       const Tensor& save_mean, const Tensor& save_invstd, bool train, double eps,
                       std::array<bool, 3> needs) {
  if (!grad.defined()) return {};
  if (thread_state.grad_mode)
    return batch_norm_recorded(grad, input, weight, running_mean, running_var, train, eps, needs);
  return at::native_batch_norm_backward(grad, input, weight, running_mean, running_var, save_mean,
                                        save_invstd, train, eps, needs);
}

Grads3 layer_norm_grad(const Tensor& grad, const Tensor& input, IntArrayRef shape,
                       const Tensor& mean, const Tensor& rstd, const Tensor& weight,
                       const Tensor& bias, double eps, std::array<bool, 3> needs) {
  if (!grad.defined()) return {};
  if (!thread_state.grad_mode)
    return at::native_layer_norm_backward(grad, input, shape, mean, rstd, weight, bias, needs);
  std::vector<int64_t> inner, outer;
  const int64_t lead = input.dim() - static_cast<int64_t>(shape.size());
  for (int64_t d = 0; d < input.dim(); ++d) (d < lead ? outer : inner).push_back(d);
  const Normed n = normalised(input, inner, eps);
  auto over_rows = [&](const Tensor& t) { return outer.empty() ? t : t.sum(IntArrayRef(outer)); };
  Tensor gx, gw, gb;
  if (needs[0]) gx = input_grad(n, weight.defined() ? grad * weight : grad, inner);
  if (needs[1]) gw = over_rows(grad * n.xhat);
  if (needs[2]) gb = over_rows(grad);
  return {gx, gw, gb};
}

Grads3 group_norm_grad(const Tensor& grad, const Tensor& input, const Tensor& mean,
                       const Tensor& rstd, const Tensor& weight, int64_t N, int64_t C, int64_t HxW,
                       int64_t group, double eps, std::array<bool, 3> needs) {
  if (!grad.defined()) return {};
  if (!thread_state.grad_mode)
    return at::native_group_norm_backward(grad, input, mean, rstd, weight, N, C, HxW, group, needs);
  const int64_t inner[] = {2, 3}, outer[] = {0, 3};
  const std::vector<int64_t> shape{N, group, C / group, HxW};
  const Normed n = normalised(input.reshape(shape), inner, eps);
  const Tensor g = grad.reshape(shape);
  Tensor gx, gw, gb;
  if (needs[0]) {
    const Tensor gh = weight.defined() ? g * weight.view({1, group, C / group, 1}) : g;
    gx = input_grad(n, gh, inner).reshape(input.sizes());
  }
  if (needs[1]) gw = (g * n.xhat).sum(IntArrayRef(outer)).reshape({C});
  if (needs[2]) gb = g.sum(IntArrayRef(outer)).reshape({C});
  return {gx, gw, gb};
}

namespace {

// The recorded gradients' own: with gh = grad w, of
//   gx = rstd (gh - M(gh) - xhat M(gh xhat)), gw = sum(grad xhat), gb = sum(grad),
// M the mean over `dims`. Without statistics of the input (`fixed`), gx = rstd gh. Parameters and
// their gradients broadcast against the input.
struct DoubleBackward {
  Normed n;
  IntArrayRef dims;
  bool fixed;
  Tensor gg_input, gg_weight, gg_bias, grad, weight;

  Tensor mean(const Tensor& t) const { return t.mean(dims, true); }
  Tensor weighted(const Tensor& t) const { return weight.defined() ? t * weight : t; }
  Tensor project(const Tensor& t) const { return fixed ? t * n.rstd : input_grad(n, t, dims); }

  Tensor by_grad() const {
    Tensor sum;
    const auto add = [&sum](const Tensor& t) { sum = sum.defined() ? sum + t : t; };
    if (gg_input.defined()) add(weighted(project(gg_input)));
    if (gg_weight.defined()) add(gg_weight * n.xhat);
    if (gg_bias.defined()) add(gg_bias.expand(grad.sizes()));
    return sum;
  }
  // Still to be summed over what the weight is repeated along.
  Tensor by_weight() const { return gg_input.defined() ? grad * project(gg_input) : Tensor(); }
  Tensor by_input() const {
    Tensor sum;
    const auto add = [&sum](const Tensor& t) { sum = sum.defined() ? sum + t : t; };
    if (gg_weight.defined()) add(project(gg_weight * grad));
    if (gg_input.defined() && !fixed) {
      const Tensor gh = weighted(grad), &g = gg_input;
      const Tensor along = mean(g * n.xhat), given = mean(gh * n.xhat);
      const Tensor left = mean(g * gh) - mean(g) * mean(gh) - along * given;
      add(-(n.rstd * n.rstd * left * n.xhat));
      add(-project(n.rstd * (g * given + gh * along)));
    }
    return sum;
  }
};

Tensor or_zeros(const Tensor& t, const Tensor& like) {
  return t.defined() ? t : at::zeros_like(like);
}

}  // namespace

Grads3 batch_norm_double_backward(const Tensor& gg_input, const Tensor& gg_weight,
                                  const Tensor& gg_bias, const Tensor& grad, const Tensor& input,
                                  const Tensor& weight, const Tensor& running_mean,
                                  const Tensor& running_var, bool train, double eps,
                                  std::array<bool, 3> needs) {
  const Channels c(input, running_mean, running_var, train, eps);
  const auto& [dims, shape, n] = c;
  const auto spread = [&shape = c.shape](const Tensor& t) {
    return t.defined() ? t.view(shape) : t;
  };
  const DoubleBackward d{n,    dims,          !train, gg_input, spread(gg_weight), spread(gg_bias),
                         grad, spread(weight)};
  Tensor by_grad, by_input, by_weight;
  if (needs[0]) by_grad = d.by_grad();
  if (needs[1]) by_input = or_zeros(d.by_input(), input);
  if (needs[2]) {
    const Tensor all = d.by_weight();
    by_weight = all.defined() ? all.sum(IntArrayRef(dims)) : at::zeros_like(weight);
  }
  return {by_grad, by_input, by_weight};
}

Grads3 layer_norm_double_backward(const Tensor& gg_input, const Tensor& gg_weight,
                                  const Tensor& gg_bias, const Tensor& grad, const Tensor& input,
                                  IntArrayRef shape, const Tensor& mean, const Tensor& rstd,
                                  const Tensor& weight, std::array<bool, 3> needs) {
  std::vector<int64_t> inner, outer;
  const int64_t lead = input.dim() - static_cast<int64_t>(shape.size());
  for (int64_t d = 0; d < input.dim(); ++d) (d < lead ? outer : inner).push_back(d);
  // eps is no argument, but the statistics know it. So they can be had as functions of the input,
  // and this be differentiated again.
  const Tensor m = input.mean(IntArrayRef(inner), true), centred = input - m;
  const Tensor var = (centred * centred).mean(IntArrayRef(inner), true);
  const Tensor eps = rstd.detach().pow(-2) - var.detach();
  const Tensor again = at::rsqrt(var + eps);
  const Tensor shift = m.detach() - mean.detach();
  const DoubleBackward d{
      {(centred + shift) * again, again}, inner, false, gg_input, gg_weight, gg_bias, grad, weight};
  Tensor by_grad, by_input, by_weight;
  if (needs[0]) by_grad = d.by_grad();
  if (needs[1]) by_input = or_zeros(d.by_input(), input);
  if (needs[2]) {
    const Tensor all = d.by_weight();
    by_weight = !all.defined()  ? at::zeros_like(weight)
                : outer.empty() ? all
                                : all.sum(IntArrayRef(outer));
  }
  return {by_grad, by_input, by_weight};
}

}  // namespace pharos::backward
