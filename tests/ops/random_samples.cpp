// Samples of random operators. Every value is PyTorch's, bit for bit, from the same seed. 16 is the
// length from which normal numbers are made in blocks; noncontiguous outputs are filled in the
// order of memory.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
constexpr at::ScalarType kFloats[] = {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16};
constexpr at::ScalarType kOthers[] = {at::kDouble, at::kHalf, at::kBFloat16};
constexpr at::ScalarType kIntegers[] = {at::kInt, at::kShort, at::kChar, at::kByte};
constexpr const char* kDtypeArgument = "the dtype is an argument";
constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

Tensor zeros(c10::IntArrayRef sizes, at::ScalarType t = at::kFloat) { return at::zeros(sizes, t); }

// ---- new tensors ----

// Sizes, and what follows them: dtype, layout, device, pinning.
#define FRESH(row, ...)                                                                        \
  OP_SAMPLES(row, s) {                                                                         \
    s.exact();                                                                                 \
    s.only_base_dtype(kDtypeArgument);                                                         \
    for (int64_t n : {0, 1, 15, 16, 17, 40}) s.add(List{n} __VA_OPT__(, ) __VA_ARGS__);        \
    s.add(List {} __VA_OPT__(, ) __VA_ARGS__);                                                 \
    for (at::ScalarType t :                                                                    \
         {at::kDouble, at::kHalf, at::kBFloat16, at::kComplexFloat, at::kComplexDouble})       \
      s.add(List{3, 11} __VA_OPT__(, ) __VA_ARGS__, t);                                        \
    s.add(List{2, 2} __VA_OPT__(, ) __VA_ARGS__, at::kFloat, at::kStrided, c10::Device("cpu"), \
          false);                                                                              \
    s.error("Trying to create tensor with negative dimension -1",                              \
            List{-1} __VA_OPT__(, ) __VA_ARGS__);                                              \
  }
FRESH("rand")
FRESH("rand.generator", none)
FRESH("randn")
FRESH("randn.generator", none)

// The tensor to be like, bounds or a generator, then dtype, layout, device, pinning, format.
#define LIKE(row, ...)                                                               \
  OP_SAMPLES(row, s) {                                                               \
    s.exact();                                                                       \
    s.by_memory_order();                                                             \
    s.skip_gradient("random");                                                       \
    for (int64_t n : {15, 16, 17}) s.add(zeros({n}) __VA_OPT__(, ) __VA_ARGS__);     \
    s.add(zeros({3, 7}).t() __VA_OPT__(, ) __VA_ARGS__);                             \
    s.add(channels_last(zeros({2, 3, 2, 2})) __VA_OPT__(, ) __VA_ARGS__);            \
    s.add(zeros({6, 7}).slice(1, 0, 7, 2) __VA_OPT__(, ) __VA_ARGS__);               \
    s.add(zeros({}) __VA_OPT__(, ) __VA_ARGS__);                                     \
    s.add(zeros({2, 3, 2, 2}) __VA_OPT__(, ) __VA_ARGS__, at::kDouble, at::kStrided, \
          c10::Device("cpu"), false, kChannelsLast);                                 \
  }
LIKE("rand_like")
LIKE("rand_like.generator", none)
LIKE("randn_like")
LIKE("randn_like.generator", none)
LIKE("randint_like", 100)
LIKE("randint_like.generator", 100, none)
LIKE("randint_like.low_dtype", -3, 100)
LIKE("randint_like.low_generator_dtype", -3, 100, none)
Tensor hundred() { return at::full({}, 100, at::kLong); }
OP_SAMPLES("randint_like.Tensor", s) {
  s.exact();
  s.by_memory_order();
  s.skip_gradient("random");
  s.data_dependent_shape();
  s.add(zeros({3, 7}).t(), hundred());
  s.add(zeros({2, 3, 2, 2}), hundred(), at::kLong, at::kStrided, c10::Device("cpu"), false,
        kChannelsLast);
  s.error("high must be a scalar tensor and on CPU", zeros({2}), ints({2}, 3, 5));
}
OP_SAMPLES("randint_like.Tensor_generator", s) {
  s.exact();
  s.by_memory_order();
  s.skip_gradient("random");
  s.data_dependent_shape();
  s.add(zeros({3, 7}).t(), hundred(), none);
  s.add(zeros({2, 3, 2, 2}), hundred(), none, at::kLong, at::kStrided, c10::Device("cpu"), false,
        kChannelsLast);
}

#define INTEGERS(row, low, ...)                                                               \
  OP_SAMPLES(row, s) {                                                                        \
    s.exact();                                                                                \
    s.only_base_dtype(kDtypeArgument);                                                        \
    s.add(low 100, List{3, 11} __VA_OPT__(, ) __VA_ARGS__);                                   \
    s.add(low int64_t{1} << 40, List{17} __VA_OPT__(, ) __VA_ARGS__);                         \
    s.add(low(int64_t{1} << 28) - 1, List{5} __VA_OPT__(, ) __VA_ARGS__);                     \
    s.add(low 100, List{0} __VA_OPT__(, ) __VA_ARGS__);                                       \
    for (at::ScalarType t : kIntegers) s.add(low 120, List{9} __VA_OPT__(, ) __VA_ARGS__, t); \
    for (at::ScalarType t : kFloats) s.add(low 120, List{9} __VA_OPT__(, ) __VA_ARGS__, t);   \
    s.add(low 2, List{9} __VA_OPT__(, ) __VA_ARGS__, at::kBool);                              \
    s.add(low 9, List{2, 2} __VA_OPT__(, ) __VA_ARGS__, at::kInt, at::kStrided,               \
          c10::Device("cpu"), false);                                                         \
    s.error("random_ expects 'from' to be less than 'to', but got from=", low 0,              \
            List{2} __VA_OPT__(, ) __VA_ARGS__);                                              \
    s.error("to - 1 is out of bounds for signed char", low 1000,                              \
            List{2} __VA_OPT__(, ) __VA_ARGS__, at::kChar);                                   \
  }
#define FROM_ZERO
#define FROM_ONE 1,
INTEGERS("randint", FROM_ZERO)
INTEGERS("randint.generator", FROM_ZERO, none)
INTEGERS("randint.low", FROM_ONE)
INTEGERS("randint.low_generator", FROM_ONE, none)
#define PERMUTATION(row, ...)                                                                     \
  OP_SAMPLES(row, s) {                                                                            \
    s.exact();                                                                                    \
    s.only_base_dtype(kDtypeArgument);                                                            \
    for (int64_t n : {0, 1, 2, 40}) s.add(n __VA_OPT__(, ) __VA_ARGS__);                          \
    for (at::ScalarType t : kIntegers) s.add(9 __VA_OPT__(, ) __VA_ARGS__, t);                    \
    for (at::ScalarType t : kFloats) s.add(9 __VA_OPT__(, ) __VA_ARGS__, t);                      \
    s.add(9 __VA_OPT__(, ) __VA_ARGS__, at::kLong, at::kStrided, c10::Device("cpu"), false);      \
    s.error("Trying to create tensor with negative dimension -1", -1 __VA_OPT__(, ) __VA_ARGS__); \
    s.error("value cannot be converted to type int8_t without overflow",                          \
            200 __VA_OPT__(, ) __VA_ARGS__, at::kChar);                                           \
  }
PERMUTATION("randperm")
PERMUTATION("randperm.generator", none)

OP_SAMPLES("normal.float_float", s) {
  s.exact();
  s.only_base_dtype(kDtypeArgument);
  for (int64_t n : {0, 15, 16, 17}) s.add(1.5, 0.5, List{n});
  for (at::ScalarType t : kOthers) s.add(-1, 2, List{3, 11}, none, t);
  s.add(0, 1, List{2, 2}, none, at::kFloat, at::kStrided, c10::Device("cpu"), false);
  s.error("normal expects std >= 0.0, but found std -1", 0, -1, List{2});
}
constexpr const char* kZeroGradient = "PyTorch's gradient is zero where the mean moves the values";
OP_SAMPLES("normal.Tensor_float", s) {
  s.exact();
  s.skip_gradient(kZeroGradient);
  for (int64_t n : {15, 16, 17}) s.add(randn({n}), 0.5);
  s.add(randn({4, 5}).t());
  s.add(randn({}), 2);
  s.error("normal expects std >= 0.0, but found std -1", randn({2}), -1);
}
OP_SAMPLES("normal.float_Tensor", s) {
  s.exact();
  s.skip_gradient(kZeroGradient);
  for (int64_t n : {15, 16, 17}) s.add(0.5, rand({n}));
  s.add(0, rand({4, 5}).t());
  s.error("normal expects all elements of std >= 0.0", 0, at::full({2}, -1.0));
}
OP_SAMPLES("normal.Tensor_Tensor", s) {
  s.exact();
  s.skip_gradient(kZeroGradient);
  for (int64_t n : {15, 16, 17}) s.add(randn({n}), rand({n}));
  s.add(randn({3, 1}), rand({4}));
  s.add(randn({4, 5}).t(), rand({5, 4}));
  s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2}), rand({3}));
}

// ---- distributions with tensors of parameters ----

OP_SAMPLES("bernoulli", s) {
  s.exact();
  s.add(rand({3, 6}));
  s.add(rand({6, 3}).t());
  s.add(rand({}));
  s.add(rand({0, 2}));
  s.error("Expected p_in >= 0 && p_in <= 1", at::full({2}, 1.5));
}
OP_SAMPLES("bernoulli.p", s) {
  s.no_derivative();
  s.exact();
  for (double p : {0.3, 0.0, 1.0}) s.add(randn({17}), p);
  s.add(randn({6, 3}).t(), 0.5);
  s.error("bernoulli_ expects p to be in [0, 1], but got p=1.5", randn({2}), 1.5);
}
OP_SAMPLES("multinomial", s) {
  s.exact();
  s.add(uniform({6}, 0.1, 1), 4);
  s.add(uniform({6}, 0.1, 1), 9, true);
  s.add(uniform({2, 5}, 0.1, 1), 5);
  s.add(uniform({2, 5}, 0.1, 1), 1, true);
  s.add(uniform({5, 2}, 0.1, 1).t(), 7, true);
  s.error("cannot sample n_sample > prob_dist.size(-1) samples without replacement", rand({2}), 3);
  s.error("probability tensor contains either `inf`, `nan` or element < 0", -rand({3}), 1);
  s.error("invalid multinomial distribution (sum of probabilities <= 0)", zeros({3}), 2);
  s.error("cannot sample n_sample <= 0 samples", rand({2}), 0);
  s.error("prob_dist must be 1 or 2 dim", rand({2, 2, 2}), 1);
}
OP_SAMPLES("poisson", s) {
  s.exact();
  s.add(uniform({17}, 0, 8));
  s.add(uniform({17}, 12, 90));
  s.add(uniform({4, 3}, 0, 20).t());
  s.add(zeros({2})).no_gradient_of_last("rates below zero are refused");
  s.error("invalid Poisson rate, expected rate to be non-negative", at::full({2}, -1.0));
}
OP_SAMPLES("binomial", s) {
  s.no_derivative();
  s.exact();
  s.add(at::full({17}, 20.0), rand({17}));
  s.add(at::full({1, 4}, 90.0), uniform({3, 1}, 0.2, 0.8));
  s.add(at::full({3}, 7.0), at::ones({3}));
  s.add(uniform({4, 3}, 1, 30).round().t(), rand({3, 4}));
  s.error("binomial only supports floating-point dtypes for count, got: Long", ints({2}, 1, 5),
          rand({2}));
}
OP_SAMPLES("_standard_gamma", s) {
  s.exact();
  s.skip_gradient("not implemented; it says so");
  s.add(uniform({17}, 0.1, 0.9));
  s.add(uniform({17}, 1.1, 9));
  s.add(uniform({4, 3}, 0.5, 3).t());
  s.add(zeros({2}));
}
OP_SAMPLES("_sample_dirichlet", s) {
  s.no_derivative();
  s.exact();
  s.add(uniform({3, 4}, 0.5, 3));
  s.add(uniform({5}, 0.1, 0.9));
  s.add(uniform({4, 3}, 0.5, 3).t());
}

// ---- dropout ----

#define DROPOUT(row)                                                                          \
  OP_SAMPLES(row, s) {                                                                        \
    s.exact();                                                                                \
    s.by_memory_order();                                                                      \
    s.add(randn({4, 5}), 0.4, true);                                                          \
    s.add(randn({4, 5}), 0.4, false);                                                         \
    s.add(randn({4, 5}), 0.0, true);                                                          \
    s.add(randn({4, 5}), 1.0, true);                                                          \
    s.add(randn({5, 4}).t(), 0.4, true);                                                      \
    s.add(channels_last(randn({2, 3, 2, 2})), 0.4, true);                                     \
    s.add(randn({0, 3}), 0.4, true);                                                          \
    s.error("dropout probability has to be between 0 and 1, but got 1.5", randn({2, 2}), 1.5, \
            true);                                                                            \
  }
DROPOUT("dropout")
DROPOUT("feature_dropout")
DROPOUT("alpha_dropout")
DROPOUT("feature_alpha_dropout")
OP_SAMPLES("native_dropout", s) {
  s.exact();
  s.by_memory_order();
  s.add(randn({4, 5}), 0.4, true);
  s.add(randn({4, 5}), 0.4, false);
  s.add(randn({4, 5}), 0.4, none);
  s.add(randn({4, 5}), 1.0, true);
  s.add(randn({5, 4}).t(), 0.4, true);
}
OP_SAMPLES("rrelu", s) {
  s.exact();
  s.add(randn({4, 5}), 0.1, 0.4, true);
  s.add(randn({4, 5}), 0.1, 0.4);
  s.add(randn({4, 5}));
  s.add(randn({5, 4}).t(), 0.1, 0.4, true);
  s.error("Lower bound should be less than or equal to the upper bound", randn({2}), 0.5, 0.1);
}
OP_SAMPLES("rrelu_with_noise", s) {
  s.exact();
  s.add(randn({4, 5}), zeros({4, 5}), 0.1, 0.4, true);
  s.add(randn({4, 5}), zeros({4, 5}), 0.1, 0.4);
  s.add(randn({5, 4}).t(), zeros({4, 5}), 0.2, 0.3, true);
}

// ---- tensors filled in place ----

// Contiguous about the length of a block, of other orders in memory, and with gaps.
template <typename... A>
void fill_layouts(Samples& s, at::ScalarType t, const A&... args) {
  for (int64_t n : {15, 16, 17}) s.add(zeros({n}, t), args...);
  s.add(zeros({4, 5}, t).t(), args...);
  s.add(zeros({3, 9}, t).slice(1, 0, 9, 2), args...);
}
#define FILL(row, ...)                                                              \
  OP_SAMPLES(row, s) {                                                              \
    s.exact();                                                                      \
    s.only_base_dtype("the samples have them all");                                 \
    for (at::ScalarType t : kFloats) fill_layouts(s, t __VA_OPT__(, ) __VA_ARGS__); \
    s.add(channels_last(zeros({2, 3, 2, 2})) __VA_OPT__(, ) __VA_ARGS__);           \
    s.add(zeros({0, 3}) __VA_OPT__(, ) __VA_ARGS__);                                \
    s.add(zeros({}) __VA_OPT__(, ) __VA_ARGS__);                                    \
    s.add(zeros({17}));                                                             \
  }
FILL("uniform_", -1.5, 2.5)
FILL("normal_", -1.5, 2.5)
FILL("exponential_", 2.5)
FILL("cauchy_", -1.5, 2.5)
FILL("log_normal_", 0.5, 0.7)
OP_SAMPLES("geometric_", s) {
  s.exact();
  s.only_base_dtype("the samples have them all");
  for (at::ScalarType t : kFloats) fill_layouts(s, t, 0.3);
  for (at::ScalarType t : kIntegers) s.add(zeros({9}, t), 0.3);
  s.error("geometric_ expects p to be in (0, 1), but got p=1", zeros({2}), 1.0);
}
OP_SAMPLES("bernoulli_.float", s) {
  s.exact();
  s.only_base_dtype("the samples have them all");
  for (at::ScalarType t : kFloats) fill_layouts(s, t, 0.3);
  for (at::ScalarType t : kIntegers) s.add(zeros({9}, t), 0.3);
  s.add(zeros({9}, at::kBool));
  s.error("bernoulli_ expects p to be in [0, 1], but got p=-1", zeros({2}), -1.0);
}
OP_SAMPLES("bernoulli_.Tensor", s) {
  s.exact();
  s.only_base_dtype("the samples have them all");
  for (at::ScalarType t : kFloats) s.add(zeros({4, 5}, t).t(), rand({5, 4}));
  for (at::ScalarType t : kFloats) s.add(zeros({17}), rand({17}).to(t));
  for (at::ScalarType t : kIntegers) s.add(zeros({9}, t), rand({}));
  s.add(zeros({3, 9}).slice(1, 0, 9, 2), rand({5}));
}
OP_SAMPLES("random_", s) {
  s.exact();
  s.only_base_dtype("the samples have them all");
  for (at::ScalarType t : kFloats) s.add(zeros({4, 5}, t).t());
  for (at::ScalarType t : kIntegers) s.add(zeros({9}, t));
  s.add(zeros({9}, at::kLong));
  s.add(zeros({9}, at::kBool));
  s.add(zeros({3, 9}).slice(1, 0, 9, 2));
}
OP_SAMPLES("random_.to", s) {
  s.exact();
  s.only_base_dtype("the samples have them all");
  for (at::ScalarType t : kFloats) s.add(zeros({4, 5}, t).t(), 90);
  for (at::ScalarType t : kIntegers) s.add(zeros({9}, t), 90);
  s.add(zeros({9}, at::kLong), int64_t{1} << 40);
}
OP_SAMPLES("random_.from", s) {
  s.exact();
  s.only_base_dtype("the samples have them all");
  for (at::ScalarType t : kFloats) s.add(zeros({4, 5}, t).t(), -9, 90);
  for (at::ScalarType t : kFloats) s.add(zeros({9}, t), 9, none);
  for (at::ScalarType t : kIntegers) s.add(zeros({9}, t), 3, 90);
  s.add(zeros({9}, at::kLong), -5, none);
  s.error("random_ expects 'from' to be less than 'to', but got from=3 >= to=3", zeros({2}), 3, 3);
}

}  // namespace
}  // namespace pharos::testing
