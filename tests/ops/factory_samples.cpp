// Samples of new tensors: filled ones, ranges, windows, and what is asked of tensors and dtypes.
#include <cmath>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
using Number = c10::complex<double>;
constexpr at::ScalarType kFloats[] = {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16};
constexpr at::ScalarType kIntegers[] = {at::kLong, at::kInt, at::kShort, at::kChar, at::kByte};
constexpr at::ScalarType kAll[] = {at::kFloat, at::kDouble, at::kHalf,         at::kBFloat16,
                                   at::kLong,  at::kInt,    at::kShort,        at::kChar,
                                   at::kByte,  at::kBool,   at::kComplexFloat, at::kComplexDouble};
constexpr const char* kDtypeArgument = "the dtype is an argument";
constexpr const char* kNegativeSize = "Trying to create tensor with negative dimension -1: [-1]";
constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

Tensor cube() { return randn({2, 3, 2, 2}); }
Tensor scalar(double v) { return at::full({}, v); }
Tensor whole(int64_t v) { return at::full({}, v, at::kLong); }

// dtype, layout, device and pinning, each from its default.
#define OPTIONS at::kDouble, at::kStrided, c10::Device("cpu"), false

// ---- filled with one value ----

#define FILLED(row, negative_size)                                                          \
  OP_SAMPLES(row, s) {                                                                      \
    s.exact();                                                                              \
    s.only_base_dtype(kDtypeArgument);                                                      \
    for (const List& sizes : {List{2, 3}, List{}, List{0, 3}, List{1, 1, 5}}) s.add(sizes); \
    for (at::ScalarType t : kAll) s.add(List{2, 3}, t);                                     \
    s.add(List{2, 3}, OPTIONS);                                                             \
    s.error(negative_size, List{-1});                                                       \
  }
FILLED("zeros", "zeros: Dimension size must be non-negative.")
FILLED("ones", kNegativeSize)
OP_SAMPLES("scalar_tensor", s) {
  s.exact();
  s.only_base_dtype(kDtypeArgument);
  s.add(3);
  s.add(2.5);
  s.add(true);
  s.add(Number(1, 0));
  s.add(Number(1, 2), at::kComplexDouble);
  for (at::ScalarType t : kAll) s.add(1, t);
  s.add(2.5, OPTIONS);
  s.error("value cannot be converted to type float without overflow", Number(1, 2));
}
OP_SAMPLES("full", s) {
  s.exact();
  s.only_base_dtype(kDtypeArgument);
  for (const List& sizes : {List{2, 3}, List{}, List{0, 3}}) s.add(sizes, 3);
  s.add(List{2}, 2.5);
  s.add(List{2}, true);
  s.add(List{2}, Number(1, 2));
  s.add(List{2}, -2.5, at::kLong);
  for (at::ScalarType t : kAll) s.add(List{2, 3}, 3, t);
  s.add(List{2, 3}, 3, OPTIONS);
  s.error(kNegativeSize, List{-1}, 3);
  s.error("value cannot be converted to type uint8_t without overflow", List{2}, 300, at::kByte);
  s.error("value cannot be converted to type float without overflow", List{2}, Number(1, 2),
          at::kFloat);
}
// New tensors beside one that gives the dtype.
#define NEW_FILLED(row, ...)                                                                \
  OP_SAMPLES(row, s) {                                                                      \
    s.exact();                                                                              \
    s.add(randn({2}), List{2, 3} __VA_OPT__(, ) __VA_ARGS__);                               \
    s.add(bools({2}), List{3} __VA_OPT__(, ) __VA_ARGS__);                                  \
    s.add(                                                                                  \
        randn({}), List {} __VA_OPT__(, ) __VA_ARGS__);                                     \
    s.add(randn({2}), List{0, 3} __VA_OPT__(, ) __VA_ARGS__);                               \
    for (at::ScalarType t : kAll) s.add(randn({2}), List{3} __VA_OPT__(, ) __VA_ARGS__, t); \
    s.add(ints({2}, 0, 3), List{2, 3} __VA_OPT__(, ) __VA_ARGS__, OPTIONS);                 \
    s.error(kNegativeSize, randn({2}), List{-1} __VA_OPT__(, ) __VA_ARGS__);                \
  }
NEW_FILLED("new_zeros")
NEW_FILLED("new_ones")
NEW_FILLED("new_full", 1)

// Layouts follow the tensor's unless a memory format is given.
#define FILLED_LIKE(row, ...)                                                              \
  OP_SAMPLES(row, s) {                                                                     \
    s.exact();                                                                             \
    s.add(randn({2, 3}) __VA_OPT__(, ) __VA_ARGS__);                                       \
    s.add(randn({3, 2}).t() __VA_OPT__(, ) __VA_ARGS__);                                   \
    s.add(randn({}) __VA_OPT__(, ) __VA_ARGS__);                                           \
    s.add(randn({0, 3}) __VA_OPT__(, ) __VA_ARGS__);                                       \
    s.add(randn({4, 1}).expand({4, 3}) __VA_OPT__(, ) __VA_ARGS__);                        \
    s.add(randn({3, 6}).slice(1, 0, 6, 2) __VA_OPT__(, ) __VA_ARGS__);                     \
    s.add(channels_last(cube()) __VA_OPT__(, ) __VA_ARGS__);                               \
    s.add(bools({3}) __VA_OPT__(, ) __VA_ARGS__);                                          \
    for (at::ScalarType t : kAll) s.add(randn({3}) __VA_OPT__(, ) __VA_ARGS__, t);         \
    s.add(cube() __VA_OPT__(, ) __VA_ARGS__, OPTIONS, kChannelsLast);                      \
    s.add(channels_last(cube()) __VA_OPT__(, ) __VA_ARGS__, none, none, none, none,        \
          at::MemoryFormat::Contiguous);                                                   \
    s.error("required rank 4 tensor to use channels_last format",                          \
            randn({2}) __VA_OPT__(, ) __VA_ARGS__, none, none, none, none, kChannelsLast); \
  }
FILLED_LIKE("zeros_like")
FILLED_LIKE("ones_like")
FILLED_LIKE("full_like", 1)

// ---- not filled ----

OP_SAMPLES("empty.memory_format", s) {
  s.uninitialised();
  s.only_base_dtype(kDtypeArgument);
  for (const List& sizes : {List{2, 3}, List{}, List{0, 3}}) s.add(sizes);
  for (at::ScalarType t : kAll) s.add(List{2, 3}, t);
  s.add(List{2, 3, 2, 2}, OPTIONS, kChannelsLast);
  s.add(List{2, 3, 2, 2, 2}, OPTIONS, at::MemoryFormat::ChannelsLast3d);
  s.error(kNegativeSize, List{-1});
  s.error("required rank 4 tensor to use channels_last format", List{2, 3}, none, none, none, none,
          kChannelsLast);
}
OP_SAMPLES("empty_like", s) {
  s.uninitialised();
  s.add(randn({2, 3}));
  s.add(randn({3, 2}).t());
  s.add(randn({4, 1}).expand({4, 3}));
  s.add(randn({3, 6}).slice(1, 0, 6, 2));
  s.add(channels_last(cube()));
  s.add(randn({}));
  s.add(randn({0, 3}));
  for (at::ScalarType t : kAll) s.add(randn({3}), t);
  s.add(cube(), OPTIONS, kChannelsLast);
  s.error("required rank 4 tensor to use channels_last format", randn({2}), none, none, none, none,
          kChannelsLast);
}
OP_SAMPLES("empty_strided", s) {
  s.uninitialised();
  s.only_base_dtype(kDtypeArgument);
  s.add(List{2, 3}, List{1, 2});
  s.add(List{2, 3}, List{7, 2});
  s.add(List{2, 3}, List{0, 1});
  s.add(List{}, List{});
  s.add(List{0, 3}, List{5, 1});
  for (at::ScalarType t : kAll) s.add(List{2, 3}, List{4, 1}, t);
  s.add(List{2, 3}, List{1, 2}, OPTIONS);
  s.error("dimensionality of sizes (2) must match dimensionality of strides (1)", List{2, 3},
          List{1});
}
OP_SAMPLES("empty_permuted", s) {
  s.uninitialised();
  s.only_base_dtype(kDtypeArgument);
  s.add(List{2, 3, 4}, List{2, 0, 1});
  s.add(List{2, 3, 4}, List{0, 1, 2});
  s.add(List{}, List{});
  s.add(List{0, 3}, List{1, 0});
  for (at::ScalarType t : kAll) s.add(List{2, 3}, List{1, 0}, t);
  s.add(List{2, 3}, List{1, 0}, OPTIONS);
  s.error("Number of dimensions in size does not match the length of the physical_layout",
          List{2, 3}, List{0});
  s.error("Duplicate dim not allowed", List{2, 3}, List{0, 0});
}
OP_SAMPLES("new_empty", s) {
  s.uninitialised();
  s.add(randn({2}), List{2, 3});
  s.add(bools({2}), List{});
  for (at::ScalarType t : kAll) s.add(randn({2}), List{0, 3}, t);
  s.add(randn({2}), List{2, 3}, OPTIONS);
  s.error(kNegativeSize, randn({2}), List{-1});
}
OP_SAMPLES("new_empty_strided", s) {
  s.uninitialised();
  s.add(randn({2}), List{2, 3}, List{1, 2});
  s.add(bools({2}), List{}, List{});
  for (at::ScalarType t : kAll) s.add(randn({2}), List{2, 3}, List{7, 2}, t);
  s.add(randn({2}), List{2, 3}, List{0, 1}, OPTIONS);
  s.error("dimensionality of sizes (2) must match dimensionality of strides (1)", randn({2}),
          List{2, 3}, List{1});
}

// ---- ranges ----

constexpr const char* kWrongSign = "upper bound and lower bound inconsistent with step sign";

OP_SAMPLES("arange", s) {
  s.only_base_dtype(kDtypeArgument);
  for (int64_t n : {0, 1, 40}) s.add(n);
  s.add(5.5);
  s.add(1e-3);
  for (at::ScalarType t : kFloats) s.add(7, t);
  for (at::ScalarType t : kIntegers) s.add(7, t);
  s.add(4, OPTIONS);
  s.error(kWrongSign, -1);
  s.error("unsupported range: 0 -> nan", NAN);
  s.error("unsupported range: 0 -> inf", INFINITY);
}
OP_SAMPLES("arange.start", s) {
  s.only_base_dtype(kDtypeArgument);
  s.add(-3, 9);
  s.add(2, 2);
  s.add(0.25, 5);
  s.add(-1, 3.5);
  for (at::ScalarType t : kFloats) s.add(3, 20, t);
  for (at::ScalarType t : kIntegers) s.add(3, 20, t);
  s.add(1, 5, OPTIONS);
  s.error(kWrongSign, 2, 1);
}
OP_SAMPLES("arange.start_step", s) {
  s.only_base_dtype(kDtypeArgument);
  s.add(-3, 9);
  s.add(-3, 9, 4);
  s.add(9, -4, -3);
  s.add(0, 1, 0.1);
  s.add(1, 0, -0.3);
  s.add(2, 2, 5);
  s.add(int64_t{1} << 53, (int64_t{1} << 53) + 5, 2);
  for (at::ScalarType t : kFloats) s.add(0.5, 20, 1.5, t);
  for (at::ScalarType t : kIntegers) s.add(3, 40, 3, t);
  s.add(1, 5, 2, OPTIONS);
  s.error("step must be nonzero", 1, 2, 0);
  s.error(kWrongSign, 1, 2, -1);
}
// Includes its end.
OP_SAMPLES("range", s) {
  s.only_base_dtype(kDtypeArgument);
  s.add(0, 7);
  s.add(-1.5, 3);
  s.add(2, 2);
  for (at::ScalarType t : kFloats)
    if (c10::elementSize(t) > 2) s.add(1, 9, t);
  for (at::ScalarType t : kIntegers) s.add(1, 9, t);
  s.add(1, 5, OPTIONS);
  s.error(kWrongSign, 2, 1);
}
OP_SAMPLES("range.step", s) {
  s.only_base_dtype(kDtypeArgument);
  s.add(0, 7);
  s.add(0, 7, 2);
  s.add(0, 1, 0.125);
  s.add(7, -2, -3);
  for (at::ScalarType t : kFloats)
    if (c10::elementSize(t) > 2) s.add(1, 9, 0.75, t);
  for (at::ScalarType t : kIntegers) s.add(1, 9, 3, t);
  s.add(1, 5, 2, OPTIONS);
  s.error("step must be nonzero", 1, 2, 0);
  s.error(kWrongSign, 1, 2, -1);
}

// Ends as numbers or tensors of no dimensions, then the steps; logarithmic ones add their base.
#define SPACED(row, start, end, low, high, dtypes, ...)                                            \
  OP_SAMPLES(row, s) {                                                                             \
    s.only_base_dtype(kDtypeArgument);                                                             \
    s.data_dependent_shape();                                                                      \
    for (int64_t n : {0, 1, 2, 5, 21}) s.add(start(low), end(high), n);                            \
    s.add(start(high), end(low), 7);                                                               \
    s.add(start(low), end(low), 3);                                                                \
    for (at::ScalarType t : dtypes) s.add(start(low), end(high), 6 __VA_OPT__(, ) __VA_ARGS__, t); \
    s.add(start(low), end(high), 5 __VA_OPT__(, ) __VA_ARGS__, OPTIONS);                           \
    s.error("number of steps must be non-negative", start(low), end(high), -1);                    \
  }
constexpr at::ScalarType kLinear[] = {
    at::kFloat, at::kDouble, at::kHalf, at::kBFloat16,     at::kLong,         at::kInt,
    at::kShort, at::kChar,   at::kByte, at::kComplexFloat, at::kComplexDouble};
SPACED("linspace", , , 0.5, 11.25, kLinear)
SPACED("linspace.Tensor_Tensor", scalar, scalar, 0.5, 11.25, kLinear)
SPACED("linspace.Tensor_Scalar", scalar, , 0.5, 11.25, kLinear)
SPACED("linspace.Scalar_Tensor", , scalar, 0.5, 11.25, kLinear)
SPACED("logspace", , , 0.5, 3.25, kFloats, 2.5)
SPACED("logspace.Tensor_Tensor", scalar, scalar, 0.5, 3.25, kFloats, 2.5)
SPACED("logspace.Tensor_Scalar", scalar, , 0.5, 3.25, kFloats, 2.5)
SPACED("logspace.Scalar_Tensor", , scalar, 0.5, 3.25, kFloats, 2.5)

#define DIAGONAL(row, ...)                                                             \
  OP_SAMPLES(row, s) {                                                                 \
    s.exact();                                                                         \
    s.only_base_dtype(kDtypeArgument);                                                 \
    for (int64_t n : {0, 1, 4}) s.add(n __VA_OPT__(, ) __VA_ARGS__);                   \
    for (at::ScalarType t : kAll) s.add(3 __VA_OPT__(, ) __VA_ARGS__, t);              \
    s.add(2 __VA_OPT__(, ) __VA_ARGS__, OPTIONS);                                      \
    s.error("n must be greater or equal to 0, got -1", -1 __VA_OPT__(, ) __VA_ARGS__); \
  }
DIAGONAL("eye")
DIAGONAL("eye.m", 3)

// ---- windows ----

#define WINDOW(row, ...)                                                     \
  OP_SAMPLES(row, s) {                                                       \
    s.only_base_dtype(kDtypeArgument);                                       \
    for (int64_t n : {0, 1, 2, 9, 20}) s.add(n __VA_OPT__(, ) __VA_ARGS__);  \
    for (at::ScalarType t : kFloats) s.add(8 __VA_OPT__(, ) __VA_ARGS__, t); \
    s.add(7 __VA_OPT__(, ) __VA_ARGS__, OPTIONS);                            \
    s.error(" requires non-negative window_length, got window_length=-1",    \
            -1 __VA_OPT__(, ) __VA_ARGS__);                                  \
  }
WINDOW("hann_window")
WINDOW("hann_window.periodic", false)
WINDOW("hamming_window")
WINDOW("hamming_window.periodic", false)
WINDOW("hamming_window.periodic_alpha", false, 0.4)
WINDOW("hamming_window.periodic_alpha_beta", false, 0.4, 0.7)
WINDOW("blackman_window")
WINDOW("blackman_window.periodic", false)
WINDOW("bartlett_window")
WINDOW("bartlett_window.periodic", false)
WINDOW("kaiser_window")
WINDOW("kaiser_window.periodic", false)
WINDOW("kaiser_window.beta", false, 3.5)

// ---- questions ----

// Tensors with dimensions outrank those without, which outrank numbers, within one kind.
OP_SAMPLES("result_type.Tensor", s) {
  s.only_base_dtype(kDtypeArgument);
  for (at::ScalarType t : kAll) {
    s.add(ints({2}, 0, 2).to(t), whole(1));
    s.add(ints({2}, 0, 2).to(t), scalar(1).to(at::kDouble));
    s.add(whole(1).to(t), ints({2}, 0, 2).to(at::kHalf));
    s.add(ints({2}, 0, 2).to(t), ints({2}, 0, 2).to(at::kByte));
    s.add(ints({2}, 0, 2).to(t), ints({2}, 0, 2).to(at::kBFloat16));
  }
}
// Of bfloat16 and a complex number PyTorch makes a complex type of two bfloat16 that is not here.
#define RESULT_TYPE(row, ...)                                                                  \
  OP_SAMPLES(row, s) {                                                                         \
    s.only_base_dtype(kDtypeArgument);                                                         \
    const IValue numbers[] = {true, 2, 2.5, Number(1, 2)};                                     \
    for (at::ScalarType t : kAll)                                                              \
      for (const IValue& number : numbers) {                                                   \
        if (t == at::kBFloat16 && &number == &numbers[3]) continue;                            \
        for (const Tensor& tensor : {whole(1).to(t), at::ones({2}).to(t)}) s.add(__VA_ARGS__); \
      }                                                                                        \
  }
RESULT_TYPE("result_type.Scalar", tensor, number)
RESULT_TYPE("result_type.Scalar_Tensor", number, tensor)
OP_SAMPLES("result_type.Scalar_Scalar", s) {
  s.add(1, 2);
  s.add(1, 2.5);
  s.add(true, 2);
  s.add(true, false);
  s.add(1.5, Number(1, 2));
  s.add(Number(1, 2), true);
}
OP_SAMPLES("can_cast", s) {
  for (at::ScalarType from : kAll)
    for (at::ScalarType to : kAll) s.add(from, to);
}
OP_SAMPLES("promote_types", s) {
  for (at::ScalarType a : kAll)
    for (at::ScalarType b : kAll) s.add(a, b);
}
OP_SAMPLES("is_floating_point", s) {
  for (at::ScalarType t : kAll) s.add(ints({2}, 0, 2).to(t));
}
OP_SAMPLES("is_signed", s) {
  for (at::ScalarType t : kAll) s.add(ints({2}, 0, 2).to(t));
}
OP_SAMPLES("numel", s) {
  s.only_base_dtype("it counts");
  s.add(randn({2, 3}));
  s.add(randn({}));
  s.add(randn({0, 3}));
  s.add(randn({4, 1}).expand({4, 3}));
}
OP_SAMPLES("size.int", s) {
  s.only_base_dtype("it counts");
  for (int64_t d : {0, 1, 2, -1, -3}) s.add(randn({2, 3, 4}), d);
  s.add(randn({0, 3}), 0);
  s.error("Dimension out of range (expected to be in range of [-2, 1], but got 2)", randn({2, 3}),
          2);
  s.error("Dimension specified as 0 but tensor has no dimensions", randn({}), 0);
}
OP_SAMPLES("stride.int", s) {
  s.only_base_dtype("it counts");
  s.by_memory_order();
  for (int64_t d : {0, 1, 2, -1, -3}) s.add(randn({2, 3, 4}), d);
  s.add(randn({2, 3}).t(), 0);
  s.add(randn({4, 1}).expand({4, 3}), 1);
  s.error("Dimension out of range (expected to be in range of [-2, 1], but got 2)", randn({2, 3}),
          2);
}

}  // namespace
}  // namespace pharos::testing
