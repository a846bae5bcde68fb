// Options of the padding layers and of pad.
#pragma once

#include <pharos/nn/arg.h>
#include <pharos/nn/enum.h>
#include <pharos/nn/expanding_array.h>

namespace torch::nn {

#define PHAROS_PAD_OPTIONS(Kind)                                           \
  template <size_t D>                                                      \
  struct Kind##PadOptions {                                                \
    Kind##PadOptions(ExpandingArray<D * 2> padding) : padding_(padding) {} \
    TORCH_ARG(ExpandingArray<D * 2>, padding);                             \
  };                                                                       \
  using Kind##Pad1dOptions = Kind##PadOptions<1>;                          \
  using Kind##Pad2dOptions = Kind##PadOptions<2>;                          \
  using Kind##Pad3dOptions = Kind##PadOptions<3>;
PHAROS_PAD_OPTIONS(Reflection)
PHAROS_PAD_OPTIONS(Replication)
PHAROS_PAD_OPTIONS(Zero)
#undef PHAROS_PAD_OPTIONS

template <size_t D>
struct ConstantPadOptions {
  ConstantPadOptions(ExpandingArray<D * 2> padding, double value)
      : padding_(padding), value_(value) {}
  TORCH_ARG(ExpandingArray<D * 2>, padding);
  TORCH_ARG(double, value);
};
using ConstantPad1dOptions = ConstantPadOptions<1>;
using ConstantPad2dOptions = ConstantPadOptions<2>;
using ConstantPad3dOptions = ConstantPadOptions<3>;

namespace functional {
struct PHAROS_API PadFuncOptions {
  using mode_t = enumtype::OneOf<enumtype::kConstant, enumtype::kReflect, enumtype::kReplicate,
                                 enumtype::kCircular>;
  PadFuncOptions(std::vector<int64_t> pad);
  PHAROS_ARG(std::vector<int64_t>, pad);
  TORCH_ARG(mode_t, mode) = torch::kConstant;
  TORCH_ARG(double, value) = 0;
};
}  // namespace functional
}  // namespace torch::nn
