// Samples of pointwise arithmetic and elementary functions. The replay test has many more dtypes,
// shapes and layouts of the forward; these add gradients, the other forms and meta tensors.
#include <cmath>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

// One input, at points where the function is smooth.
#define UNARY(row, low, high)                   \
  OP_SAMPLES(row, s) {                          \
    s.add(uniform({3, 4}, low, high));          \
    s.add(uniform({}, low, high));              \
    s.add(uniform({0, 3}, low, high));          \
    s.add(strided(uniform({2, 3}, low, high))); \
  }

OP_SAMPLES("abs", s) {
  s.add(randn({3, 4}));
  s.add(complex({2, 3}));
  s.add(randn({0}));
}
OP_SAMPLES("neg", s) {
  s.add(randn({3, 4}));
  s.add(complex({2, 3}));
  s.error("Negation, the `-` operator, on a bool tensor", bools({2}));
}
OP_SAMPLES("sgn", s) {
  s.add(complex({2, 3}));
  s.add(randn({2, 3}));
}
UNARY("exp", -2, 2)
UNARY("exp2", -2, 2)
UNARY("expm1", -2, 2)
UNARY("log", 0.3, 3)
UNARY("log2", 0.3, 3)
UNARY("log10", 0.3, 3)
UNARY("log1p", -0.5, 3)
UNARY("sqrt", 0.3, 3)
UNARY("rsqrt", 0.3, 3)
UNARY("reciprocal", 0.3, 3)
UNARY("square", -2, 2)
UNARY("sin", -3, 3)
UNARY("cos", -3, 3)
UNARY("tan", -1, 1)
UNARY("asin", -0.9, 0.9)
UNARY("acos", -0.9, 0.9)
UNARY("atan", -3, 3)
UNARY("sinh", -2, 2)
UNARY("cosh", -2, 2)
UNARY("tanh", -2, 2)
UNARY("asinh", -3, 3)
UNARY("acosh", 1.2, 3)
UNARY("atanh", -0.9, 0.9)
UNARY("sinc", 0.2, 2)
UNARY("erf", -2, 2)
UNARY("erfc", -2, 2)
UNARY("erfinv", -0.8, 0.8)
UNARY("lgamma", 0.5, 4)
UNARY("digamma", 0.5, 4)
UNARY("i0", -3, 3)
UNARY("special_i1", 0.3, 3)
UNARY("sigmoid", -3, 3)
UNARY("floor", 0.1, 0.9)
UNARY("ceil", 0.1, 0.9)
UNARY("round", 0.1, 0.4)
UNARY("trunc", 0.1, 0.9)
UNARY("frac", 0.1, 0.9)
UNARY("sign", 0.1, 2)
UNARY("deg2rad", -180, 180)
UNARY("rad2deg", -3, 3)
OP_SAMPLES("nan_to_num", s) {
  s.add(uniform({3, 4}, -3, 3));
  const Tensor x = randn({4});
  x[0].fill_(NAN);
  x[1].fill_(INFINITY);
  x[2].fill_(-INFINITY);
  s.add(x).no_gradient_of_last("numbers without neighbours");
  s.add(x, 1.5, 2.5, -3.5).no_gradient_of_last("numbers without neighbours");
}

OP_SAMPLES("logit", s) {
  s.half_tolerance(1e-3, "PyTorch rounds a step between to half: 0.2517 where 0.2513 is exact");
  s.add(uniform({3, 4}, 0.2, 0.8));
  s.add(uniform({3, 4}, 0.2, 0.8), 0.1);
}
OP_SAMPLES("polygamma", s) {
  s.tolerance(1e-3, 1e-3, "PyTorch's trigamma is a short series");
  s.add(1, uniform({3, 4}, 0.5, 4));
  s.add(2, uniform({3}, 0.5, 4));
  s.error("polygamma(n, x) does not support negative n.", -1, randn({2}));
}
OP_SAMPLES("mvlgamma", s) { s.add(uniform({3, 4}, 1.5, 4), 2); }
OP_SAMPLES("round.decimals", s) { s.add(uniform({3}, 0.11, 0.14), 1); }

OP_SAMPLES("add.Tensor", s) {
  s.add(randn({2, 3}), randn({3}), 2.5);
  s.add(randn({}), randn({0, 4}));
  s.add(channels_last(randn({2, 3, 4, 5})), randn({1, 3, 1, 1}));
  s.add(complex({2, 3}), randn({3}), 2);
  s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2}), randn({3}));
}
OP_SAMPLES("add.Scalar", s) {
  s.add(randn({2, 3}), 2.5);
  s.add(randn({2, 3}), 2, 3);
}
OP_SAMPLES("sub.Tensor", s) {
  s.half_tolerance(1e-3, "PyTorch rounds alpha * other to half before it subtracts");
  s.add(randn({2, 3}), randn({3}), 2.5);
  s.error("Subtraction, the `-` operator, with two bool tensors", bools({2}), bools({2}));
}
OP_SAMPLES("sub.Scalar", s) { s.add(randn({2, 3}), 2.5, 2); }
OP_SAMPLES("rsub.Tensor", s) { s.add(randn({2, 3}), randn({3}), 2.5); }
OP_SAMPLES("rsub.Scalar", s) { s.add(randn({2, 3}), 2.5, 2); }
OP_SAMPLES("mul.Tensor", s) {
  s.add(randn({2, 3}), randn({3}));
  s.add(complex({2, 3}), complex({3}));
  s.add(randn({2, 1, 3}), randn({4, 1}));
}
OP_SAMPLES("mul.Scalar", s) { s.add(randn({2, 3}), 2.5); }
OP_SAMPLES("div.Tensor", s) {
  s.add(randn({2, 3}), uniform({3}, 0.5, 2));
  s.add(complex({2, 3}), complex({3}));
}
OP_SAMPLES("div.Scalar", s) { s.add(randn({2, 3}), 2.5); }
OP_SAMPLES("div.Tensor_mode", s) {
  s.add(uniform({3}, 0.1, 0.9), uniform({3}, 1, 2), none);
  s.add(uniform({3}, 0.1, 0.9), uniform({3}, 1, 2), "floor");
  s.add(uniform({3}, 0.1, 0.9), uniform({3}, 1, 2), "trunc");
  s.error("div expected rounding_mode to be one of", randn({2}), randn({2}), "up");
}
OP_SAMPLES("div.Scalar_mode", s) { s.add(uniform({3}, 0.1, 0.9), 2, "floor"); }
OP_SAMPLES("floor_divide", s) {
  s.no_derivative();
  s.add(randn({2, 3}), uniform({3}, 0.5, 2));
  s.error("ZeroDivisionError", ints({2}, 1, 5), ints({2}, 0, 1));
}
OP_SAMPLES("remainder.Scalar", s) { s.add(uniform({3}, 0.2, 0.8), 1.5); }
OP_SAMPLES("remainder.Tensor", s) { s.add(uniform({2, 3}, 0.2, 0.8), uniform({3}, 1, 2)); }
OP_SAMPLES("fmod.Scalar", s) { s.add(uniform({3}, 0.2, 0.8), 1.5); }
OP_SAMPLES("fmod.Tensor", s) { s.add(uniform({2, 3}, 0.2, 0.8), uniform({3}, 1, 2)); }
OP_SAMPLES("pow.Tensor_Tensor", s) { s.add(uniform({2, 3}, 0.5, 2), randn({3})); }
OP_SAMPLES("pow.Scalar", s) { s.add(2.5, randn({2, 3})); }
OP_SAMPLES("pow.Tensor_Scalar", s) {
  for (double e : {0.5, 2.0, 3.0, -1.0, 2.5, 0.0}) s.add(uniform({2, 3}, 0.5, 2), e);
  s.error("Integers to negative integer powers are not allowed.", ints({2}, 1, 5), -1);
}
OP_SAMPLES("atan2", s) { s.add(randn({2, 3}), uniform({3}, 0.5, 2)); }
OP_SAMPLES("hypot", s) { s.add(randn({2, 3}), uniform({3}, 0.5, 2)); }
OP_SAMPLES("copysign.Tensor", s) { s.add(uniform({2, 3}, 0.5, 2), uniform({3}, 0.5, 2)); }
OP_SAMPLES("copysign.Scalar", s) { s.add(uniform({2, 3}, 0.5, 2), -1.0); }
OP_SAMPLES("maximum", s) { s.add(distinct({2, 3}), distinct({3}) + 0.5); }
OP_SAMPLES("minimum", s) { s.add(distinct({2, 3}), distinct({3}) + 0.5); }
OP_SAMPLES("fmax", s) { s.add(distinct({2, 3}), distinct({3}) + 0.5); }
OP_SAMPLES("fmin", s) { s.add(distinct({2, 3}), distinct({3}) + 0.5); }
OP_SAMPLES("clamp", s) {
  s.add(distinct({3, 4}), 2.5, 8.5);
  s.add(distinct({3, 4}), none, 8.5);
  s.add(distinct({3, 4}), 2.5);
  s.error("At least one of 'min' or 'max' must not be None", randn({2}));
}
OP_SAMPLES("clamp.Tensor", s) {
  s.add(distinct({3, 4}), distinct({4}) + 0.5, distinct({3, 1}) + 2.25);
  s.add(distinct({3, 4}), none, distinct({3, 1}) + 2.25);
}
OP_SAMPLES("clamp_min", s) { s.add(distinct({3, 4}), 2.5); }
OP_SAMPLES("clamp_max", s) { s.add(distinct({3, 4}), 2.5); }
OP_SAMPLES("clamp_min.Tensor", s) { s.add(distinct({3, 4}), distinct({4}) + 0.5); }
OP_SAMPLES("clamp_max.Tensor", s) { s.add(distinct({3, 4}), distinct({4}) + 0.5); }
OP_SAMPLES("lerp.Scalar", s) {
  s.add(randn({2, 3}), randn({3}), 0.3);
  s.error("expected dtype float for `end`", randn({2}), ints({2}, 0, 3), 0.3);
}
OP_SAMPLES("lerp.Tensor", s) { s.add(randn({2, 3}), randn({3}), rand({2, 1})); }
OP_SAMPLES("addcmul", s) { s.add(randn({2, 3}), randn({3}), randn({2, 1}), 0.5); }
OP_SAMPLES("addcdiv", s) { s.add(randn({2, 3}), randn({3}), uniform({2, 1}, 0.5, 2), 0.5); }
OP_SAMPLES("logaddexp", s) { s.add(randn({2, 3}), randn({3})); }
OP_SAMPLES("logaddexp2", s) { s.add(randn({2, 3}), randn({3})); }
OP_SAMPLES("xlogy.Tensor", s) { s.add(randn({2, 3}), uniform({3}, 0.5, 2)); }
OP_SAMPLES("xlogy.Scalar_Self", s) { s.add(1.5, uniform({3}, 0.5, 2)); }
OP_SAMPLES("xlogy.Scalar_Other", s) { s.add(randn({2, 3}), 1.5); }
OP_SAMPLES("ldexp.Tensor", s) { s.add(randn({2, 3}), randn({3})); }
OP_SAMPLES("float_power.Tensor_Scalar", s) { s.add(uniform({2, 3}, 0.5, 2), 1.5); }

// Gradients that are operators of their own: their gradients are the second ones.
OP_SAMPLES("sigmoid_backward", s) { s.add(randn({2, 3}), rand({2, 3})); }
OP_SAMPLES("tanh_backward", s) { s.add(randn({2, 3}), rand({2, 3})); }
OP_SAMPLES("logit_backward", s) {
  s.add(randn({2, 3}), uniform({2, 3}, 0.2, 0.8));
  s.add(randn({2, 3}), uniform({2, 3}, 0.35, 0.8), 0.3);
}

// Other names of the operators above.
UNARY("absolute", 0.1, 2)
UNARY("negative", -2, 2)
UNARY("arccos", -0.9, 0.9)
UNARY("arccosh", 1.2, 3)
UNARY("arcsin", -0.9, 0.9)
UNARY("arcsinh", -3, 3)
UNARY("arctan", -3, 3)
UNARY("arctanh", -0.9, 0.9)
UNARY("fix", 0.1, 0.9)
OP_SAMPLES("subtract.Tensor", s) {
  s.half_tolerance(1e-3, "PyTorch rounds alpha * other to half before it subtracts");
  s.add(randn({2, 3}), randn({3}), 2.5);
  s.add(randn({}), randn({0, 3}));
  s.error("Subtraction, the `-` operator, with two bool tensors", bools({2}), bools({2}));
}
OP_SAMPLES("subtract.Scalar", s) {
  s.add(randn({2, 3}), 2.5, 2);
  s.error("Subtraction, the `-` operator, with a bool tensor", bools({2}), 1);
}
OP_SAMPLES("multiply.Tensor", s) {
  s.add(randn({2, 1, 3}), randn({4, 1}));
  s.add(complex({2, 3}), complex({3}));
  s.error("The size of tensor a (2) must match", randn({2}), randn({3}));
}
OP_SAMPLES("multiply.Scalar", s) {
  s.add(randn({2, 3}), 2.5);
  s.add(randn({20}).to(at::kBFloat16), 1 / 0.6);
}
#define DIVISION(row)                            \
  OP_SAMPLES(row, s) {                           \
    s.add(randn({2, 3}), uniform({3}, 0.5, 2));  \
    s.add(complex({2, 3}), complex({3}));        \
    s.add(randn({}), uniform({2, 0}, 0.5, 2));   \
    s.add(ints({2, 3}, -5, 5), ints({3}, 1, 5)); \
    s.error("The size", randn({2}), randn({3})); \
  }
DIVISION("divide.Tensor")
DIVISION("true_divide.Tensor")
OP_SAMPLES("divide.Scalar", s) { s.add(randn({2, 3}), 2.5); }
OP_SAMPLES("true_divide.Scalar", s) { s.add(randn({2, 3}), 2.5); }
OP_SAMPLES("divide.Tensor_mode", s) {
  for (const IValue& mode : {IValue(), IValue("floor"), IValue("trunc")})
    s.add(uniform({2, 3}, 0.1, 0.9), uniform({3}, 1, 2), mode);
  s.error("div expected rounding_mode to be one of", randn({2}), randn({2}), "up");
}
OP_SAMPLES("divide.Scalar_mode", s) {
  for (const IValue& mode : {IValue(), IValue("floor"), IValue("trunc")})
    s.add(uniform({2, 3}, 0.1, 0.9), 2, mode);
}
OP_SAMPLES("clip", s) {
  s.add(distinct({3, 4}), 2.5, 8.5);
  s.add(distinct({3, 4}), none, 8.5);
  s.add(distinct({3, 4}), 2.5);
  s.error("At least one of 'min' or 'max' must not be None", randn({2}));
}
OP_SAMPLES("clip.Tensor", s) {
  s.add(distinct({3, 4}), distinct({4}) + 0.5, distinct({3, 1}) + 2.25);
  s.add(distinct({3, 4}), none, distinct({3, 1}) + 2.25);
  s.add(distinct({3, 4}), distinct({4}) + 0.5);
  s.error("At least one of 'min' or 'max' must not be None", randn({2}));
}
OP_SAMPLES("arctan2", s) {
  s.add(randn({2, 3}), uniform({3}, 0.5, 2));
  s.add(randn({}), uniform({0, 3}, 0.5, 2));
}

OP_SAMPLES("positive", s) {
  s.add(randn({3, 4}));
  s.add(complex({2, 3}));
  s.add(randn({}));
  s.error("The `+` operator, on a bool tensor is not supported.", bools({2}));
}
OP_SAMPLES("signbit", s) {
  s.add(randn({3, 4}));
  s.add(at::full({}, -0.0));
  s.add(randn({0, 3}));
  s.error("signbit is not implemented for complex tensors.", complex({2}));
}
OP_SAMPLES("floor_divide.Scalar", s) {
  s.no_derivative();
  s.add(randn({2, 3}), 0.7);
  s.add(ints({2, 3}, -9, 9), -2);
  s.error("ZeroDivisionError", ints({2}, 1, 5), 0);
}
OP_SAMPLES("remainder.Scalar_Tensor", s) {
  s.add(2.5, uniform({2, 3}, 1.3, 2.4));
  s.add(-7, ints({2, 3}, 1, 5));
  s.error("ZeroDivisionError", 3, ints({2}, 0, 1));
}
OP_SAMPLES("float_power.Tensor_Tensor", s) {
  s.add(uniform({2, 3}, 0.5, 2), randn({3}));
  s.add(uniform({}, 0.5, 2), randn({0, 3}));
  s.error("The size of tensor a (2) must match", randn({2}), randn({3}));
}
OP_SAMPLES("float_power.Scalar", s) {
  s.add(2.5, randn({2, 3}));
  s.add(1, randn({3}));
}
OP_SAMPLES("heaviside", s) {
  s.no_derivative();
  s.add(randn({2, 3}).round(), randn({3}));
  s.add(at::zeros({2}), randn({}));
  s.error("heaviside is not yet implemented for tensors with different dtypes.", randn({2}),
          ints({2}, 0, 3));
}
OP_SAMPLES("nextafter", s) {
  s.add(randn({2, 3}), randn({3}));
  s.add(at::zeros({2, 1}), randn({3}));
  s.add(randn({2}), at::full({}, INFINITY));
}
#define DIVISORS(row)                                                     \
  OP_SAMPLES(row, s) {                                                    \
    s.only_base_dtype("only integers have divisors");                     \
    s.add(ints({3, 4}, -20, 20), ints({4}, -20, 20));                     \
    s.add(ints({}, 1, 20), ints({0, 4}, 1, 20));                          \
    for (at::ScalarType t : {at::kByte, at::kChar, at::kShort, at::kInt}) \
      s.add(ints({6}, 0, 12).to(t), ints({6}, 0, 9).to(t));               \
    s.error("not implemented for 'Float'", randn({2}), randn({2}));       \
  }
DIVISORS("gcd")
DIVISORS("lcm")

}  // namespace
}  // namespace pharos::testing
