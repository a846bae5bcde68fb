// torch::nn::init: fills tensors in place, drawing the numbers that PyTorch draws for the same
// seed.
#pragma once

#include <pharos/nn/enum.h>

namespace torch::nn::init {

using NonlinearityType =
    enumtype::OneOf<enumtype::kLinear, enumtype::kConv1D, enumtype::kConv2D, enumtype::kConv3D,
                    enumtype::kConvTranspose1D, enumtype::kConvTranspose2D,
                    enumtype::kConvTranspose3D, enumtype::kSigmoid, enumtype::kTanh,
                    enumtype::kReLU, enumtype::kLeakyReLU>;
using FanModeType = enumtype::OneOf<enumtype::kFanIn, enumtype::kFanOut>;

PHAROS_API double calculate_gain(NonlinearityType nonlinearity, double param = 0.01);
PHAROS_API Tensor constant_(Tensor tensor, Scalar value);
PHAROS_API Tensor dirac_(Tensor tensor);
PHAROS_API Tensor eye_(Tensor matrix);
PHAROS_API Tensor normal_(Tensor tensor, double mean = 0, double std = 1);
PHAROS_API Tensor ones_(Tensor tensor);
PHAROS_API Tensor orthogonal_(Tensor tensor, double gain = 1.0);
PHAROS_API Tensor sparse_(Tensor tensor, double sparsity, double std = 0.01);
PHAROS_API Tensor uniform_(Tensor tensor, double low = 0, double high = 1);
// Values of a normal distribution within [a, b]; LibTorch lacks it, Python has it.
PHAROS_API Tensor trunc_normal_(Tensor tensor, double mean = 0, double std = 1, double a = -2,
                                double b = 2);
PHAROS_API Tensor kaiming_normal_(Tensor tensor, double a = 0, FanModeType mode = torch::kFanIn,
                                  NonlinearityType nonlinearity = torch::kLeakyReLU);
PHAROS_API Tensor kaiming_uniform_(Tensor tensor, double a = 0, FanModeType mode = torch::kFanIn,
                                   NonlinearityType nonlinearity = torch::kLeakyReLU);
PHAROS_API Tensor xavier_normal_(Tensor tensor, double gain = 1.0);
PHAROS_API Tensor xavier_uniform_(Tensor tensor, double gain = 1.0);
PHAROS_API Tensor zeros_(Tensor tensor);
PHAROS_API std::tuple<int64_t, int64_t> _calculate_fan_in_and_fan_out(const Tensor& tensor);

}  // namespace torch::nn::init
