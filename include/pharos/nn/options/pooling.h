// Options of the pools.
#pragma once

#include <pharos/maybe.h>
#include <pharos/nn/arg.h>
#include <pharos/nn/expanding_array.h>
#include <pharos/tensor.h>

namespace torch::nn {

template <size_t D>
struct AvgPoolOptions {
  AvgPoolOptions(ExpandingArray<D> kernel_size) : kernel_size_(kernel_size), stride_(kernel_size) {}
  TORCH_ARG(ExpandingArray<D>, kernel_size);
  TORCH_ARG(ExpandingArray<D>, stride);
  TORCH_ARG(ExpandingArray<D>, padding) = 0;
  TORCH_ARG(bool, ceil_mode) = false;
  TORCH_ARG(bool, count_include_pad) = true;
  TORCH_ARG(std::optional<int64_t>, divisor_override);
};

template <size_t D>
struct MaxPoolOptions {
  MaxPoolOptions(ExpandingArray<D> kernel_size) : kernel_size_(kernel_size), stride_(kernel_size) {}
  TORCH_ARG(ExpandingArray<D>, kernel_size);
  TORCH_ARG(ExpandingArray<D>, stride);
  TORCH_ARG(ExpandingArray<D>, padding) = 0;
  TORCH_ARG(ExpandingArray<D>, dilation) = 1;
  TORCH_ARG(bool, ceil_mode) = false;
};

template <typename Size>
struct AdaptiveMaxPoolOptions {
  AdaptiveMaxPoolOptions(Size output_size) : output_size_(output_size) {}
  TORCH_ARG(Size, output_size);
};
template <typename Size>
struct AdaptiveAvgPoolOptions {
  AdaptiveAvgPoolOptions(Size output_size) : output_size_(output_size) {}
  TORCH_ARG(Size, output_size);
};

template <size_t D>
struct MaxUnpoolOptions {
  MaxUnpoolOptions(ExpandingArray<D> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}
  TORCH_ARG(ExpandingArray<D>, kernel_size);
  TORCH_ARG(ExpandingArray<D>, stride);
  TORCH_ARG(ExpandingArray<D>, padding) = 0;
};

template <size_t D>
struct LPPoolOptions {
  LPPoolOptions(double norm_type, ExpandingArray<D> kernel_size)
      : norm_type_(norm_type), kernel_size_(kernel_size), stride_(kernel_size) {}
  TORCH_ARG(double, norm_type);
  TORCH_ARG(ExpandingArray<D>, kernel_size);
  TORCH_ARG(ExpandingArray<D>, stride);
  TORCH_ARG(bool, ceil_mode) = false;
};

namespace functional {
template <size_t D>
struct MaxUnpoolFuncOptions {
  MaxUnpoolFuncOptions(ExpandingArray<D> kernel_size)
      : kernel_size_(kernel_size), stride_(kernel_size) {}
  TORCH_ARG(ExpandingArray<D>, kernel_size);
  TORCH_ARG(ExpandingArray<D>, stride);
  TORCH_ARG(ExpandingArray<D>, padding) = 0;
  TORCH_ARG(pharos::Maybe<std::vector<int64_t>>, output_size);
};
}  // namespace functional

using AdaptiveMaxPool1dOptions = AdaptiveMaxPoolOptions<ExpandingArray<1>>;
using AdaptiveMaxPool2dOptions = AdaptiveMaxPoolOptions<ExpandingArrayWithOptionalElem<2>>;
using AdaptiveMaxPool3dOptions = AdaptiveMaxPoolOptions<ExpandingArrayWithOptionalElem<3>>;
using AdaptiveAvgPool1dOptions = AdaptiveAvgPoolOptions<ExpandingArray<1>>;
using AdaptiveAvgPool2dOptions = AdaptiveAvgPoolOptions<ExpandingArrayWithOptionalElem<2>>;
using AdaptiveAvgPool3dOptions = AdaptiveAvgPoolOptions<ExpandingArrayWithOptionalElem<3>>;

#define PHAROS_POOL_OPTIONS(D)                                           \
  using AvgPool##D##dOptions = AvgPoolOptions<D>;                        \
  using MaxPool##D##dOptions = MaxPoolOptions<D>;                        \
  using MaxUnpool##D##dOptions = MaxUnpoolOptions<D>;                    \
  using LPPool##D##dOptions = LPPoolOptions<D>;                          \
  namespace functional {                                                 \
  using AvgPool##D##dFuncOptions = AvgPool##D##dOptions;                 \
  using MaxPool##D##dFuncOptions = MaxPool##D##dOptions;                 \
  using AdaptiveMaxPool##D##dFuncOptions = AdaptiveMaxPool##D##dOptions; \
  using AdaptiveAvgPool##D##dFuncOptions = AdaptiveAvgPool##D##dOptions; \
  using MaxUnpool##D##dFuncOptions = MaxUnpoolFuncOptions<D>;            \
  using LPPool##D##dFuncOptions = LPPool##D##dOptions;                   \
  }
PHAROS_POOL_OPTIONS(1)
PHAROS_POOL_OPTIONS(2)
PHAROS_POOL_OPTIONS(3)
#undef PHAROS_POOL_OPTIONS

}  // namespace torch::nn
