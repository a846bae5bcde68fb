// The padding layers and functional pad.
#include <pharos/nn/functional/vision.h>
#include <pharos/nn/modules/padding.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace functional {

PadFuncOptions::PadFuncOptions(std::vector<int64_t> pad) : pad_(std::move(pad)) {}

Tensor pad(const Tensor& input, const PadFuncOptions& o) {
  if (o.mode().is(kConstant)) return at::constant_pad_nd(input, o.pad(), o.value());
  const char* mode = o.mode().is(kReflect)     ? "reflect"
                     : o.mode().is(kReplicate) ? "replicate"
                                               : "circular";
  return at::pad(input, o.pad(), mode);
}

}  // namespace functional

#define PHAROS_PAD(X, D, mode)                                                                  \
  PHAROS_DEFINE_MODULE(X##Impl)                                                                 \
  X##Impl::X##Impl(ExpandingArray<2 * D> padding) : X##Impl(X##Options(padding)) {}             \
  X##Impl::X##Impl(const X##Options& options_) : options(options_) {}                           \
  void X##Impl::reset() {}                                                                      \
  void X##Impl::pretty_print(std::ostream& stream) const {                                      \
    stream << "torch::nn::" #X "(padding=" << options.padding() << ')';                         \
  }                                                                                             \
  Tensor X##Impl::forward(const Tensor& input) {                                                \
    return pharos::nn::run_layer(                                                               \
        *this, input, [this](const Tensor& x) { return at::pad(x, options.padding(), mode); }); \
  }
#define PHAROS_CONSTANT_PAD(X, D)                                                                \
  PHAROS_DEFINE_MODULE(X##Impl)                                                                  \
  X##Impl::X##Impl(ExpandingArray<2 * D> padding, double value)                                  \
      : X##Impl(X##Options(padding, value)) {}                                                   \
  X##Impl::X##Impl(const X##Options& options_) : options(options_) {}                            \
  void X##Impl::reset() {}                                                                       \
  void X##Impl::pretty_print(std::ostream& stream) const {                                       \
    stream << "torch::nn::" #X "(padding=" << options.padding() << ", value=" << options.value() \
           << ')';                                                                               \
  }                                                                                              \
  Tensor X##Impl::forward(const Tensor& input) {                                                 \
    return pharos::nn::run_layer(*this, input, [this](const Tensor& x) {                         \
      return at::constant_pad_nd(x, options.padding(), options.value());                         \
    });                                                                                          \
  }
PHAROS_PAD(ReflectionPad1d, 1, "reflect")
PHAROS_PAD(ReflectionPad2d, 2, "reflect")
PHAROS_PAD(ReflectionPad3d, 3, "reflect")
PHAROS_PAD(ReplicationPad1d, 1, "replicate")
PHAROS_PAD(ReplicationPad2d, 2, "replicate")
PHAROS_PAD(ReplicationPad3d, 3, "replicate")
PHAROS_PAD(ZeroPad1d, 1, "constant")
PHAROS_PAD(ZeroPad2d, 2, "constant")
PHAROS_PAD(ZeroPad3d, 3, "constant")
PHAROS_CONSTANT_PAD(ConstantPad1d, 1)
PHAROS_CONSTANT_PAD(ConstantPad2d, 2)
PHAROS_CONSTANT_PAD(ConstantPad3d, 3)

}  // namespace torch::nn
