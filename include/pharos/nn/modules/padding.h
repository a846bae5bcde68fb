// The padding layers.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/padding.h>

namespace torch::nn {

#define PHAROS_PAD(X, D, ...)                               \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    X##Impl(ExpandingArray<2 * D> padding, ##__VA_ARGS__);  \
    explicit X##Impl(const X##Options& options_);           \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward(const Tensor& input);                    \
    X##Options options;                                     \
  };                                                        \
  PHAROS_HOLDER(X)
PHAROS_PAD(ReflectionPad1d, 1);
PHAROS_PAD(ReflectionPad2d, 2);
PHAROS_PAD(ReflectionPad3d, 3);
PHAROS_PAD(ReplicationPad1d, 1);
PHAROS_PAD(ReplicationPad2d, 2);
PHAROS_PAD(ReplicationPad3d, 3);
PHAROS_PAD(ZeroPad1d, 1);
PHAROS_PAD(ZeroPad2d, 2);
PHAROS_PAD(ZeroPad3d, 3);
PHAROS_PAD(ConstantPad1d, 1, double value);
PHAROS_PAD(ConstantPad2d, 2, double value);
PHAROS_PAD(ConstantPad3d, 3, double value);
#undef PHAROS_PAD

}  // namespace torch::nn
