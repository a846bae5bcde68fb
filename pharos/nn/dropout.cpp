// The dropouts and their functional forms.
#include <pharos/nn/functional/dropout.h>
#include <pharos/nn/modules/dropout.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;

#define PHAROS_DROPOUT(X, Input, call)                                                            \
  PHAROS_DEFINE_MODULE(X##Impl)                                                                   \
  X##Impl::X##Impl(double p) : X##Impl(DropoutOptions(p)) {}                                      \
  X##Impl::X##Impl(const DropoutOptions& options_) : options(options_) { X##Impl::reset(); }      \
  void X##Impl::reset() {                                                                         \
    TORCH_CHECK(options.p() >= 0. && options.p() <= 1.,                                           \
                "dropout probability has to be between 0 and 1, but got ", options.p());          \
  }                                                                                               \
  void X##Impl::pretty_print(std::ostream& stream) const {                                        \
    stream << std::boolalpha << "torch::nn::" #X "(p=" << options.p()                             \
           << ", inplace=" << options.inplace() << ')';                                           \
  }                                                                                               \
  Tensor X##Impl::forward(Input input) {                                                          \
    return pharos::nn::run_layer(*this, input, [this](const Tensor& x) {                          \
      return F::call(                                                                             \
          x,                                                                                      \
          F::X##FuncOptions().p(options.p()).training(is_training()).inplace(options.inplace())); \
    });                                                                                           \
  }
PHAROS_DROPOUT(Dropout, Tensor, dropout)
PHAROS_DROPOUT(Dropout2d, Tensor, dropout2d)
PHAROS_DROPOUT(Dropout3d, Tensor, dropout3d)
PHAROS_DROPOUT(AlphaDropout, const Tensor&, alpha_dropout)
PHAROS_DROPOUT(FeatureAlphaDropout, const Tensor&, feature_alpha_dropout)

namespace functional {
namespace {

void check_p(double p) {
  TORCH_CHECK(p >= 0. && p <= 1., "dropout probability has to be between 0 and 1, but got ", p);
}

// Drops whole channels; without a batch dimension the first dimension holds the channels.
Tensor dropout_channels(Tensor input, const DropoutFuncOptions& o, int64_t unbatched_dims,
                        const char* name) {
  check_p(o.p());
  const int64_t dim = input.dim();
  if (dim != unbatched_dims && dim != unbatched_dims + 1)
    TORCH_WARN(name, ": Received a ", dim, "-D input to ", name,
               ", which is deprecated and will result in an error in a future release.");
  const bool batched = dim == unbatched_dims + 1;
  Tensor x = batched ? input : o.inplace() ? input.unsqueeze_(0) : input.unsqueeze(0);
  const Tensor out = o.inplace() ? at::feature_dropout_(x, o.p(), o.training())
                                 : at::feature_dropout(x, o.p(), o.training());
  if (batched) return out;
  return o.inplace() ? x.squeeze_(0) : out.squeeze(0);
}

}  // namespace

Tensor dropout(Tensor input, const DropoutFuncOptions& o) {
  check_p(o.p());
  return o.inplace() ? at::dropout_(input, o.p(), o.training())
                     : at::dropout(input, o.p(), o.training());
}
Tensor dropout2d(Tensor input, const Dropout2dFuncOptions& o) {
  return dropout_channels(std::move(input), o, 3, "dropout2d");
}
Tensor dropout3d(Tensor input, const Dropout3dFuncOptions& o) {
  return dropout_channels(std::move(input), o, 4, "dropout3d");
}
Tensor alpha_dropout(Tensor input, const AlphaDropoutFuncOptions& o) {
  check_p(o.p());
  return o.inplace() ? at::alpha_dropout_(input, o.p(), o.training())
                     : at::alpha_dropout(input, o.p(), o.training());
}
Tensor feature_alpha_dropout(Tensor input, const FeatureAlphaDropoutFuncOptions& o) {
  check_p(o.p());
  return o.inplace() ? at::feature_alpha_dropout_(input, o.p(), o.training())
                     : at::feature_alpha_dropout(input, o.p(), o.training());
}

}  // namespace functional
}  // namespace torch::nn
