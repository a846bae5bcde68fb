// Linear, Bilinear, Identity, Flatten, Unflatten.
#include <pharos/nn/functional/activation.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/linear.h>

#include <cmath>
#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer;
using pharos::nn::run_layer_n;

PHAROS_DEFINE_MODULE(IdentityImpl)
IdentityImpl::IdentityImpl() = default;
void IdentityImpl::reset() {}
void IdentityImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::Identity()"; }
Tensor IdentityImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [](const Tensor& x) { return x; });
}

// U(-1/sqrt(n), 1/sqrt(n)) for the biases of layers with n inputs.
static void init_bias(const Tensor& bias, int64_t n) {
  const double bound = 1 / std::sqrt(static_cast<double>(n));
  init::uniform_(bias, -bound, bound);
}

PHAROS_DEFINE_MODULE(LinearImpl)
LinearImpl::LinearImpl(int64_t in_features, int64_t out_features)
    : LinearImpl(LinearOptions(in_features, out_features)) {}
LinearImpl::LinearImpl(const LinearOptions& options_) : options(options_) { LinearImpl::reset(); }
void LinearImpl::reset() {
  weight = register_parameter("weight", at::empty({options.out_features(), options.in_features()}));
  bias = options.bias() ? register_parameter("bias", at::empty({options.out_features()}))
                        : register_parameter("bias", {}, false);
  reset_parameters();
}
void LinearImpl::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5));
  if (bias.defined()) init_bias(bias, options.in_features());
}
void LinearImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::Linear(in_features=" << options.in_features()
         << ", out_features=" << options.out_features() << ", bias=" << options.bias() << ")";
}
Tensor LinearImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) { return F::linear(x, weight, bias); });
}

PHAROS_DEFINE_MODULE(FlattenImpl)
FlattenImpl::FlattenImpl(const FlattenOptions& options_) : options(options_) {}
void FlattenImpl::reset() {}
void FlattenImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Flatten(start_dim=" << options.start_dim()
         << ", end_dim=" << options.end_dim() << ")";
}
Tensor FlattenImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) {
    return x.flatten(options.start_dim(), options.end_dim());
  });
}

UnflattenOptions::UnflattenOptions(int64_t dim, std::vector<int64_t> sizes)
    : dim_(dim), sizes_(std::move(sizes)) {}
PHAROS_DEFINE_MODULE(UnflattenImpl)
UnflattenImpl::UnflattenImpl(int64_t dim, std::vector<int64_t> sizes)
    : UnflattenImpl(UnflattenOptions(dim, std::move(sizes))) {}
UnflattenImpl::UnflattenImpl(UnflattenOptions options_) : options(std::move(options_)) {}
void UnflattenImpl::reset() {}
void UnflattenImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Unflatten(dim=" << options.dim() << ", unflattened_size={";
  const char* separator = "";
  for (const int64_t n : options.sizes()) {
    stream << separator << n;
    separator = ", ";
  }
  stream << "})";
}
Tensor UnflattenImpl::forward(const Tensor& input) {
  return run_layer(*this, input,
                   [this](const Tensor& x) { return x.unflatten(options.dim(), options.sizes()); });
}

PHAROS_DEFINE_MODULE(BilinearImpl)
BilinearImpl::BilinearImpl(int64_t in1_features, int64_t in2_features, int64_t out_features)
    : BilinearImpl(BilinearOptions(in1_features, in2_features, out_features)) {}
BilinearImpl::BilinearImpl(const BilinearOptions& options_) : options(options_) {
  BilinearImpl::reset();
}
void BilinearImpl::reset() {
  weight = register_parameter("weight", at::empty({options.out_features(), options.in1_features(),
                                                   options.in2_features()}));
  bias = options.bias() ? register_parameter("bias", at::empty(options.out_features()))
                        : register_parameter("bias", {}, false);
  reset_parameters();
}
void BilinearImpl::reset_parameters() {
  init_bias(weight, weight.size(1));
  if (bias.defined()) init_bias(bias, weight.size(1));
}
void BilinearImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::Bilinear(in1_features=" << options.in1_features()
         << ", in2_features=" << options.in2_features()
         << ", out_features=" << options.out_features() << ", bias=" << options.bias() << ")";
}
Tensor BilinearImpl::forward(const Tensor& input1, const Tensor& input2) {
  return run_layer_n(
      *this, [this](const Tensor& a, const Tensor& b) { return F::bilinear(a, b, weight, bias); },
      input1, input2);
}

}  // namespace torch::nn
