// Samples of activations, softmax, complex numbers and comparisons.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

// Values away from the kinks at integers and halves of the piecewise functions.
Tensor off_kinks(c10::IntArrayRef sizes) { return distinct(sizes) - 5.3; }

OP_SAMPLES("relu", s) {
  s.add(off_kinks({3, 4}));
  s.add(randn({0, 2}));
  s.error("Boolean inputs not supported for relu", bools({2}));
}
OP_SAMPLES("relu6", s) { s.add(off_kinks({3, 4})); }
OP_SAMPLES("leaky_relu", s) { s.add(off_kinks({3, 4}), 0.1); }
OP_SAMPLES("elu", s) { s.add(off_kinks({3, 4}), 1.1, 1.2, 1.3); }
OP_SAMPLES("selu", s) { s.add(off_kinks({3, 4})); }
OP_SAMPLES("celu", s) {
  s.add(off_kinks({3, 4}), 0.7);
  s.error("ZeroDivisionError: alpha cannot be 0 for CELU", randn({2}), 0);
}
OP_SAMPLES("gelu", s) {
  s.add(randn({3, 4}));
  s.add(randn({3, 4}), "tanh");
  s.error("approximate argument must be either none or tanh.", randn({2}), "x");
}
OP_SAMPLES("silu", s) { s.add(randn({3, 4})); }
OP_SAMPLES("mish", s) { s.add(randn({3, 4})); }
OP_SAMPLES("softplus", s) {
  s.add(randn({3, 4}));
  s.add(randn({3, 4}), 2, 3);
}
OP_SAMPLES("hardtanh", s) { s.add(off_kinks({3, 4}), -2, 2); }
OP_SAMPLES("hardsigmoid", s) { s.add(off_kinks({3, 4})); }
OP_SAMPLES("hardswish", s) { s.add(off_kinks({3, 4})); }
OP_SAMPLES("hardshrink", s) { s.add(off_kinks({3, 4}), 0.5); }
OP_SAMPLES("softshrink", s) {
  s.add(off_kinks({3, 4}), 0.5);
  s.error("lambda must be in range", randn({2}), -1);
}
OP_SAMPLES("log_sigmoid", s) { s.add(randn({3, 4})); }
OP_SAMPLES("glu", s) {
  s.add(randn({3, 4}));
  s.add(randn({4, 3}), 0);
  s.error("Halving dimension must be even", randn({3}));
}
OP_SAMPLES("prelu", s) {
  s.add(off_kinks({3, 4}), rand({1}));
  s.add(off_kinks({3, 4}), rand({4}));
  s.error("Mismatch of parameter numbers and input channel size", randn({2, 3}), rand({2}));
}
OP_SAMPLES("threshold", s) { s.add(off_kinks({3, 4}), 0.5, -1); }
OP_SAMPLES("softmax.int", s) {
  s.add(randn({3, 4}), 1);
  s.add(randn({3, 4, 2}), 0);
  s.add(randn({2, 3}), 1, at::kDouble);
  s.add(randn({}), 0);
  s.add(randn({3, 67}), 1);
  s.add(randn({19, 35}), 0);
  s.error("Dimension out of range", randn({3}), 2);
}
OP_SAMPLES("log_softmax.int", s) {
  s.half_tolerance(1e-3, "PyTorch's half results are up to 1.1e-3 from the exact ones here");
  s.add(randn({3, 4}), -1);
  s.add(randn({3, 4, 2}), 1);
  s.add(randn({2, 3}), 1, at::kDouble);
  s.add(randn({3, 67}), 1);
  s.add(randn({19, 35}), 0);
}
OP_SAMPLES("gelu_backward", s) {
  s.add(randn({2, 3}), randn({2, 3}));
  s.add(randn({2, 3}), randn({2, 3}), "tanh");
}
OP_SAMPLES("silu_backward", s) {
  s.only_base_dtype("the complex form has no kernel yet");
  s.add(randn({2, 3}), randn({2, 3}));
}
OP_SAMPLES("mish_backward", s) { s.add(randn({2, 3}), randn({2, 3})); }
OP_SAMPLES("softplus_backward", s) { s.add(randn({2, 3}), randn({2, 3}), 2, 3); }
OP_SAMPLES("elu_backward", s) {
  s.add(randn({3, 4}), 1.1, 1.2, 1.3, false, off_kinks({3, 4}));
  s.add(randn({3, 4}), 1.1, 1.2, 1.3, true, off_kinks({3, 4}));
}
OP_SAMPLES("log_sigmoid_backward", s) {
  const Tensor x = randn({2, 3});
  s.skip_gradient("the buffer is a function of the input");
  s.add(randn({2, 3}), x, (-x.abs()).exp());
}

OP_SAMPLES("log_sigmoid_forward", s) {
  s.add(randn({3, 4}));
  s.add(randn({}));
  s.add(randn({0, 4}));
}
OP_SAMPLES("glu_backward", s) {
  s.add(randn({3, 2}), randn({3, 4}), 1);
  s.add(randn({2, 3}), randn({4, 3}), 0);
  s.error("Halving dimension must be even, but dimension 1 is size 3", randn({2, 1}), randn({2, 3}),
          1);
}

// The gradient, the input, the parameters of the function.
#define ACTIVATION_BACKWARD(row, ...)                                                              \
  OP_SAMPLES(row, s) {                                                                             \
    s.add(randn({3, 4}), off_kinks({3, 4}) __VA_OPT__(, ) __VA_ARGS__);                            \
    s.add(randn({4}), off_kinks({3, 1}) __VA_OPT__(, ) __VA_ARGS__);                               \
    s.add(randn({}), off_kinks({}) __VA_OPT__(, ) __VA_ARGS__);                                    \
    s.error("must match the size of tensor b", randn({2}), randn({3}) __VA_OPT__(, ) __VA_ARGS__); \
  }
ACTIVATION_BACKWARD("threshold_backward", 0.5)
ACTIVATION_BACKWARD("hardtanh_backward", -2, 2.5)
ACTIVATION_BACKWARD("hardsigmoid_backward")
ACTIVATION_BACKWARD("hardswish_backward")
ACTIVATION_BACKWARD("hardshrink_backward", 1.5)
ACTIVATION_BACKWARD("softshrink_backward", 1.5)
OP_SAMPLES("leaky_relu_backward", s) {
  s.add(randn({3, 4}), off_kinks({3, 4}), 0.1, false);
  s.add(randn({3, 4}), off_kinks({4}), 0.2, true);
  s.error("In-place leakyReLu backward calculation is triggered with a negative slope", randn({2}),
          randn({2}), -0.1, true);
}
OP_SAMPLES("_prelu_kernel", s) {
  s.add(off_kinks({3, 4}), rand({1, 4}));
  s.add(off_kinks({3, 4}), rand({}));
  s.error("The size of tensor a (3) must match", randn({2, 3}), rand({2}));
}
OP_SAMPLES("_prelu_kernel_backward", s) {
  s.add(randn({3, 4}), off_kinks({3, 4}), rand({1, 4}));
  s.add(randn({2, 3}), off_kinks({2, 3}), rand({2, 3}));
}

#define SOFTMAX(row)                                                                               \
  OP_SAMPLES(row, s) {                                                                             \
    s.half_tolerance(1e-3, "PyTorch's half results are up to 1e-3 from the exact ones");           \
    s.add(randn({3, 4}), 1, false);                                                                \
    s.add(randn({3, 4, 2}), -2, false);                                                            \
    s.add(randn({}), 0, false);                                                                    \
    s.add(randn({0, 2}), 1, false);                                                                \
    s.error("softmax with half to float conversion is not supported on CPU", randn({2}), 0, true); \
    s.error("Dimension out of range", randn({3}), 1, false);                                       \
  }
SOFTMAX("_softmax")
SOFTMAX("_log_softmax")
#define SOFTMAX_BACKWARD(row, result)                                        \
  OP_SAMPLES(row, s) {                                                       \
    s.only_base_dtype("the input's dtype is an argument");                   \
    s.add(randn({3, 4}), at::result(randn({3, 4}), 1), 1, at::kFloat);       \
    s.add(randn({3, 4, 2}), at::result(randn({3, 4, 2}), 0), 0, at::kFloat); \
    for (at::ScalarType t : {at::kDouble, at::kHalf, at::kBFloat16})         \
      s.add(randn({2, 3}).to(t), at::result(randn({2, 3}), 1).to(t), 1, t);  \
  }
SOFTMAX_BACKWARD("_softmax_backward_data", softmax)
SOFTMAX_BACKWARD("_log_softmax_backward_data", log_softmax)

OP_SAMPLES("angle", s) {
  s.add(complex({2, 3}));
  s.add(randn({2, 3}));
}
OP_SAMPLES("real", s) { s.add(complex({2, 3})); }
OP_SAMPLES("imag", s) {
  s.add(complex({2, 3}));
  s.error("imag is not implemented for tensors with non-complex dtypes.", randn({2}));
}
OP_SAMPLES("conj", s) { s.add(complex({2, 3})); }
OP_SAMPLES("conj_physical", s) { s.add(complex({2, 3})); }
OP_SAMPLES("complex", s) { s.add(randn({2, 3}), randn({3})); }
OP_SAMPLES("polar", s) { s.add(uniform({2, 3}, 0.5, 2), randn({3})); }
OP_SAMPLES("view_as_real", s) {
  s.add(complex({2, 3}));
  s.error("view_as_real is only supported for complex tensors", randn({2}));
}

#define COMPARISON(name)                                     \
  OP_SAMPLES(name ".Tensor", s) {                            \
    s.add(ints({3, 4}, 0, 3), ints({4}, 0, 3));              \
    s.add(randn({3, 4}), randn({3, 1}));                     \
    s.error("The size of tensor a", randn({2}), randn({3})); \
  }
#define NUMBER_COMPARISON(name) \
  OP_SAMPLES(name ".Scalar", s) { s.add(ints({3, 4}, 0, 3), 1); }
COMPARISON("eq")
COMPARISON("ne")
COMPARISON("lt")
COMPARISON("le")
COMPARISON("gt")
COMPARISON("ge")
NUMBER_COMPARISON("eq")
NUMBER_COMPARISON("ne")
NUMBER_COMPARISON("lt")
NUMBER_COMPARISON("le")
NUMBER_COMPARISON("gt")
NUMBER_COMPARISON("ge")
OP_SAMPLES("logical_and", s) { s.add(bools({3, 4}), ints({4}, 0, 2)); }
OP_SAMPLES("logical_or", s) { s.add(bools({3, 4}), ints({4}, 0, 2)); }
OP_SAMPLES("logical_xor", s) { s.add(bools({3, 4}), ints({4}, 0, 2)); }
OP_SAMPLES("logical_not", s) { s.add(ints({4}, 0, 2)); }
OP_SAMPLES("bitwise_and.Tensor", s) { s.add(ints({3, 4}, 0, 9), ints({4}, 0, 9)); }
OP_SAMPLES("bitwise_or.Tensor", s) { s.add(ints({3, 4}, 0, 9), ints({4}, 0, 9)); }
OP_SAMPLES("bitwise_xor.Tensor", s) { s.add(ints({3, 4}, 0, 9), ints({4}, 0, 9)); }
OP_SAMPLES("bitwise_not", s) { s.add(ints({3, 4}, 0, 9)); }
OP_SAMPLES("isnan", s) { s.add(randn({3})); }
OP_SAMPLES("isclose", s) { s.add(randn({3}), randn({3}), 0.1, 0.1); }
OP_SAMPLES("where.self", s) {
  s.add(bools({3, 4}), randn({4}), randn({3, 1}));
  s.error("where expected condition to be a boolean tensor", randn({2}), randn({2}), randn({2}));
}
OP_SAMPLES("where.ScalarOther", s) { s.add(bools({3, 4}), randn({4}), 2.5); }
OP_SAMPLES("where.ScalarSelf", s) { s.add(bools({3, 4}), 2.5, randn({4})); }

}  // namespace
}  // namespace pharos::testing
