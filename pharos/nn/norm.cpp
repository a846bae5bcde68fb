// Batch, instance, layer, group and local response normalisation; their functional forms.
#include <pharos/autograd/grad_mode.h>
#include <pharos/nn/functional/norm.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/norm.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer;

template <typename O>
NormImplBase<O>::NormImplBase(const O& options_) : options(options_) {
  NormImplBase::reset();
}
template <typename O>
NormImplBase<O>::NormImplBase(const NormImplBase&) = default;
template <typename O>
NormImplBase<O>& NormImplBase<O>::operator=(const NormImplBase&) = default;
template <typename O>
NormImplBase<O>::~NormImplBase() = default;

template <typename O>
void NormImplBase<O>::reset() {
  const int64_t n = options.num_features();
  const bool affine = options.affine(), track = options.track_running_stats();
  weight = register_parameter("weight", affine ? at::empty({n}) : Tensor(), affine);
  bias = register_parameter("bias", affine ? at::empty({n}) : Tensor(), affine);
  running_mean = register_buffer("running_mean", track ? at::zeros({n}) : Tensor());
  running_var = register_buffer("running_var", track ? at::ones({n}) : Tensor());
  num_batches_tracked =
      register_buffer("num_batches_tracked", track ? at::zeros({}, at::kLong) : Tensor());
  reset_parameters();
}
template <typename O>
void NormImplBase<O>::reset_running_stats() {
  if (!options.track_running_stats()) return;
  NoGradGuard guard;
  running_mean.zero_();
  running_var.fill_(1);
  num_batches_tracked.zero_();
}
template <typename O>
void NormImplBase<O>::reset_parameters() {
  reset_running_stats();
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}

template <typename O>
Tensor NormImplBase<O>::batch_norm(const Tensor& input) {
  const std::optional<double> momentum = options.momentum();
  double factor = momentum.value_or(0.0);
  if (is_training() && options.track_running_stats() && num_batches_tracked.defined()) {
    NoGradGuard guard;
    num_batches_tracked.add_(1);
    if (!momentum) factor = 1.0 / num_batches_tracked.item().toDouble();
  }
  return at::batch_norm(input, weight, bias, running_mean, running_var,
                        is_training() || !options.track_running_stats(), factor, options.eps(),
                        true);
}
template <typename O>
Tensor NormImplBase<O>::instance_norm(const Tensor& input, int64_t dims) {
  const bool batched = input.dim() != dims + 1;
  const Tensor out = at::instance_norm(
      batched ? input : input.unsqueeze(0), weight, bias, running_mean, running_var,
      is_training() || !options.track_running_stats(),
      std::optional<double>(options.momentum()).value_or(0.0), options.eps(), true);
  return batched ? out : out.squeeze(0);
}
template <typename O>
void NormImplBase<O>::print(std::ostream& stream, const char* name) const {
  stream << std::boolalpha << "torch::nn::" << name << '(' << options.num_features()
         << ", eps=" << options.eps() << ", momentum=";
  if (const std::optional<double> m = options.momentum())
    stream << *m;
  else
    stream << "None";
  stream << ", affine=" << options.affine()
         << ", track_running_stats=" << options.track_running_stats() << ')';
}
template class NormImplBase<BatchNormOptions>;
template class NormImplBase<InstanceNormOptions>;

#define PHAROS_NORM(Kind, D, call, fits, expected)                                               \
  PHAROS_DEFINE_MODULE(Kind##D##dImpl)                                                           \
  Kind##D##dImpl::Kind##D##dImpl(const Kind##Options& options_) : NormImplBase(options_) {}      \
  void Kind##D##dImpl::pretty_print(std::ostream& stream) const { print(stream, #Kind #D "d"); } \
  void Kind##D##dImpl::_check_input_dim(const Tensor& input) {                                   \
    const int64_t dim = input.dim();                                                             \
    TORCH_CHECK(fits, "expected " expected " input (got ", dim, "D input)");                     \
  }                                                                                              \
  Tensor Kind##D##dImpl::forward(const Tensor& input) {                                          \
    return run_layer(*this, input, [this](const Tensor& x) {                                     \
      _check_input_dim(x);                                                                       \
      return call;                                                                               \
    });                                                                                          \
  }
PHAROS_NORM(BatchNorm, 1, batch_norm(x), dim == 2 || dim == 3, "2D or 3D")
PHAROS_NORM(BatchNorm, 2, batch_norm(x), dim == 4, "4D")
PHAROS_NORM(BatchNorm, 3, batch_norm(x), dim == 5, "5D")
PHAROS_NORM(InstanceNorm, 1, instance_norm(x, 1), dim == 2 || dim == 3, "2D or 3D")
PHAROS_NORM(InstanceNorm, 2, instance_norm(x, 2), dim == 3 || dim == 4, "3D or 4D")
PHAROS_NORM(InstanceNorm, 3, instance_norm(x, 3), dim == 4 || dim == 5, "4D or 5D")

// --- LayerNorm ---

LayerNormOptions::LayerNormOptions(std::vector<int64_t> normalized_shape)
    : normalized_shape_(std::move(normalized_shape)) {}
PHAROS_DEFINE_MODULE(LayerNormImpl)
LayerNormImpl::LayerNormImpl(std::vector<int64_t> normalized_shape)
    : LayerNormImpl(LayerNormOptions(std::move(normalized_shape))) {}
LayerNormImpl::LayerNormImpl(LayerNormOptions options_) : options(std::move(options_)) {
  LayerNormImpl::reset();
}
void LayerNormImpl::reset() {
  const bool affine = options.elementwise_affine();
  const IntArrayRef shape = options.normalized_shape();
  weight = register_parameter("weight", affine ? at::empty(shape) : Tensor(), affine);
  bias = register_parameter("bias", affine ? at::empty(shape) : Tensor(), affine);
  reset_parameters();
}
void LayerNormImpl::reset_parameters() {
  if (!options.elementwise_affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}
void LayerNormImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::LayerNorm(" << IntArrayRef(options.normalized_shape())
         << ", eps=" << options.eps() << ", elementwise_affine=" << options.elementwise_affine()
         << ')';
}
Tensor LayerNormImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) {
    return at::layer_norm(x, options.normalized_shape(), weight, bias, options.eps());
  });
}

// --- GroupNorm ---

PHAROS_DEFINE_MODULE(GroupNormImpl)
GroupNormImpl::GroupNormImpl(int64_t num_groups, int64_t num_channels)
    : GroupNormImpl(GroupNormOptions(num_groups, num_channels)) {}
GroupNormImpl::GroupNormImpl(const GroupNormOptions& options_) : options(options_) {
  GroupNormImpl::reset();
}
void GroupNormImpl::reset() {
  const bool affine = options.affine();
  const int64_t n = options.num_channels();
  weight = register_parameter("weight", affine ? at::empty({n}) : Tensor(), affine);
  bias = register_parameter("bias", affine ? at::empty({n}) : Tensor(), affine);
  reset_parameters();
}
void GroupNormImpl::reset_parameters() {
  if (!options.affine()) return;
  init::ones_(weight);
  init::zeros_(bias);
}
void GroupNormImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::GroupNorm(" << options.num_groups() << ", "
         << options.num_channels() << ", eps=" << options.eps() << ", affine=" << options.affine()
         << ')';
}
Tensor GroupNormImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) {
    return at::group_norm(x, options.num_groups(), weight, bias, options.eps());
  });
}

// --- local response ---

PHAROS_DEFINE_MODULE(LocalResponseNormImpl)
LocalResponseNormImpl::LocalResponseNormImpl(int64_t size)
    : LocalResponseNormImpl(LocalResponseNormOptions(size)) {}
LocalResponseNormImpl::LocalResponseNormImpl(const LocalResponseNormOptions& options_)
    : options(options_) {}
void LocalResponseNormImpl::reset() {}
void LocalResponseNormImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::LocalResponseNorm(" << options.size() << ", alpha=" << options.alpha()
         << ", beta=" << options.beta() << ", k=" << options.k() << ')';
}
Tensor LocalResponseNormImpl::forward(const Tensor& input) {
  return run_layer(*this, input,
                   [this](const Tensor& x) { return F::local_response_norm(x, options); });
}

PHAROS_DEFINE_MODULE(CrossMapLRN2dImpl)
CrossMapLRN2dImpl::CrossMapLRN2dImpl(int64_t size)
    : CrossMapLRN2dImpl(CrossMapLRN2dOptions(size)) {}
CrossMapLRN2dImpl::CrossMapLRN2dImpl(const CrossMapLRN2dOptions& options_) : options(options_) {}
void CrossMapLRN2dImpl::reset() {}
void CrossMapLRN2dImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::CrossMapLRN2d(" << options.size() << ", alpha=" << options.alpha()
         << ", beta=" << options.beta() << ", k=" << options.k() << ')';
}
// Its window lies as local_response_norm's, with (size - 1) / 2 channels before.
Tensor CrossMapLRN2dImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) {
    TORCH_CHECK(x.dim() == 4, "CrossMapLRN2d: Expected input to be 4D, got ", x.dim(),
                "D instead.");
    const int64_t n = options.size(), before = (n - 1) / 2;
    const Tensor squares =
        at::constant_pad_nd(x.mul(x).unsqueeze(1), {0, 0, 0, 0, before, n - 1 - before});
    const Tensor mean = at::avg_pool3d(squares, {n, 1, 1}, 1).squeeze(1);
    return x.mul(mean.mul(options.alpha()).add(options.k()).pow(-options.beta()));
  });
}

namespace functional {

LayerNormFuncOptions::LayerNormFuncOptions(std::vector<int64_t> normalized_shape)
    : normalized_shape_(std::move(normalized_shape)) {}

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormFuncOptions& o) {
  TORCH_CHECK(input.dim() >= 2, "Expected at least 2 input dimensions, but got ", input.dim());
  if (o.training()) {
    const int64_t values = input.numel() / std::max<int64_t>(1, input.size(1));
    TORCH_CHECK(values != 1,
                "Expected more than 1 value per channel when training, got input size ",
                input.sizes());
  }
  return at::batch_norm(input, o.weight(), o.bias(), running_mean, running_var, o.training(),
                        o.momentum(), o.eps(), true);
}
Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& o) {
  return at::instance_norm(input, o.weight(), o.bias(), o.running_mean(), o.running_var(),
                           o.use_input_stats(), o.momentum(), o.eps(), true);
}
Tensor layer_norm(const Tensor& input, const LayerNormFuncOptions& o) {
  return at::layer_norm(input, o.normalized_shape(), o.weight(), o.bias(), o.eps());
}
Tensor group_norm(const Tensor& input, const GroupNormFuncOptions& o) {
  return at::group_norm(input, o.num_groups(), o.weight(), o.bias(), o.eps());
}

Tensor local_response_norm(const Tensor& input, const LocalResponseNormFuncOptions& o) {
  TORCH_CHECK(input.dim() >= 3, "Expected 3D or higher dimensionality input (got ", input.dim(),
              " dimensions)");
  const int64_t n = o.size();
  Tensor mean = input.mul(input).unsqueeze(1);
  if (input.dim() == 3) {
    mean = at::avg_pool2d(at::constant_pad_nd(mean, {0, 0, n / 2, (n - 1) / 2}), {n, 1}, 1);
    mean = mean.squeeze(1);
  } else {
    mean = mean.view({input.size(0), 1, input.size(1), input.size(2), -1});
    mean = at::constant_pad_nd(mean, {0, 0, 0, 0, n / 2, (n - 1) / 2});
    mean = at::avg_pool3d(mean, {n, 1, 1}, 1).squeeze(1).view(input.sizes());
  }
  return input.div(mean.mul(o.alpha()).add(o.k()).pow(o.beta()));
}

Tensor normalize(const Tensor& input, NormalizeFuncOptions o) {
  const Tensor norm = input.norm(o.p(), o.dim(), true).clamp_min(o.eps()).expand_as(input);
  if (o.out()) return at::div_out(*o.out(), input, norm);
  return input.div(norm);
}

}  // namespace functional
}  // namespace torch::nn
