// The constants that options take (torch::kMean, torch::kReflect, ...): one empty type each, and
// OneOf<...>, a byte that holds one of several, in place of the std::variant that costs 20 MB.
#pragma once

#include <pharos/tensor.h>

namespace torch {
namespace enumtype {

enum class Name : uint8_t {
  Linear,
  Conv1D,
  Conv2D,
  Conv3D,
  ConvTranspose1D,
  ConvTranspose2D,
  ConvTranspose3D,
  Sigmoid,
  Tanh,
  ReLU,
  GELU,
  SiLU,
  Mish,
  LeakyReLU,
  FanIn,
  FanOut,
  Constant,
  Reflect,
  Replicate,
  Circular,
  Nearest,
  Bilinear,
  Bicubic,
  Trilinear,
  Area,
  NearestExact,
  Sum,
  Mean,
  Max,
  None,
  BatchMean,
  Zeros,
  Border,
  Reflection,
  RNN_TANH,
  RNN_RELU,
  LSTM,
  GRU,
  Valid,
  Same
};

// "kMean"
PHAROS_API const char* enum_name(Name n);

template <typename... Kinds>
class OneOf {
 public:
  template <typename K, typename = std::enable_if_t<(std::is_same_v<K, Kinds> || ...)>>
  constexpr OneOf(K) : name_(K::name) {}
  constexpr Name name() const { return name_; }
  template <typename K>
  constexpr bool is(K = {}) const {
    static_assert((std::is_same_v<K, Kinds> || ...), "never holds this constant");
    return name_ == K::name;
  }
  constexpr bool operator==(const OneOf& o) const { return name_ == o.name_; }
  constexpr bool operator!=(const OneOf& o) const { return name_ != o.name_; }

 private:
  Name name_;
};

template <typename... Kinds>
std::string get_enum_name(const OneOf<Kinds...>& e) {
  return enum_name(e.name());
}
PHAROS_API at::Reduction::Reduction reduction_of(Name n);
template <typename... Kinds>
at::Reduction::Reduction reduction_get_enum(const OneOf<Kinds...>& e) {
  return reduction_of(e.name());
}

}  // namespace enumtype

#define PHAROS_ENUM(N)                    \
  namespace enumtype {                    \
  struct k##N {                           \
    static constexpr Name name = Name::N; \
  };                                      \
  }                                       \
  constexpr enumtype::k##N k##N{};

PHAROS_ENUM(Linear)
PHAROS_ENUM(Conv1D)
PHAROS_ENUM(Conv2D)
PHAROS_ENUM(Conv3D)
PHAROS_ENUM(ConvTranspose1D)
PHAROS_ENUM(ConvTranspose2D)
PHAROS_ENUM(ConvTranspose3D)
PHAROS_ENUM(Sigmoid)
PHAROS_ENUM(Tanh)
PHAROS_ENUM(ReLU)
PHAROS_ENUM(GELU)
PHAROS_ENUM(SiLU)
PHAROS_ENUM(Mish)
PHAROS_ENUM(LeakyReLU)
PHAROS_ENUM(FanIn)
PHAROS_ENUM(FanOut)
PHAROS_ENUM(Constant)
PHAROS_ENUM(Reflect)
PHAROS_ENUM(Replicate)
PHAROS_ENUM(Circular)
PHAROS_ENUM(Nearest)
PHAROS_ENUM(Bilinear)
PHAROS_ENUM(Bicubic)
PHAROS_ENUM(Trilinear)
PHAROS_ENUM(Area)
PHAROS_ENUM(NearestExact)
PHAROS_ENUM(Sum)
PHAROS_ENUM(Mean)
PHAROS_ENUM(Max)
PHAROS_ENUM(None)
PHAROS_ENUM(BatchMean)
PHAROS_ENUM(Zeros)
PHAROS_ENUM(Border)
PHAROS_ENUM(Reflection)
PHAROS_ENUM(RNN_TANH)
PHAROS_ENUM(RNN_RELU)
PHAROS_ENUM(LSTM)
PHAROS_ENUM(GRU)
PHAROS_ENUM(Valid)
PHAROS_ENUM(Same)
#undef PHAROS_ENUM

namespace nn {
using reduction_t = enumtype::OneOf<enumtype::kNone, enumtype::kMean, enumtype::kSum>;
}

}  // namespace torch
