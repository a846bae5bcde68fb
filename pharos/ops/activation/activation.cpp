// Activations: shape rules, composites, second derivatives.
#include "ops/activation/activation.h"

#include <limits>

#include "ops/activation_decls.h"

namespace pharos::ops {

int64_t wrap_dim(int64_t dim, int64_t ndim) {
  const int64_t n = ndim == 0 ? 1 : ndim;
  TORCH_CHECK_INDEX(-n <= dim && dim < n, "Dimension out of range (expected to be in range of [",
                    -n, ", ", n - 1, "], but got ", dim, ")");
  return dim < 0 ? dim + n : dim;
}

namespace {
void check_approximate(string_view approximate) {
  TORCH_CHECK(approximate == "none" || approximate == "tanh",
              "approximate argument must be either none or tanh.");
}
}  // namespace

void relu(Out& out, const Tensor& self) {
  TORCH_CHECK_NOT_IMPLEMENTED(self.scalar_type() != c10::kBool,
                              "Boolean inputs not supported for relu");
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), "clamp is not supported for complex types");
  unary(out, self);
}
void celu(Out& out, const Tensor& self, const Scalar& alpha) {
  TORCH_CHECK(alpha.toDouble() != 0, "ZeroDivisionError: alpha cannot be 0 for CELU");
  unary(out, self);
}
void gelu(Out& out, const Tensor& self, string_view approximate) {
  check_approximate(approximate);
  unary(out, self);
}
void hardtanh(Out& out, const Tensor& self, const Scalar& min_val, const Scalar& max_val) {
  TORCH_CHECK_NOT_IMPLEMENTED(self.scalar_type() != c10::kBool,
                              "Bool inputs not supported for hardtanh");
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), "clamp is not supported for complex types");
  unary(out, self);
}
void softshrink(Out& out, const Tensor& self, const Scalar& lambd) {
  const ScalarType t = self.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(isFloatingType(t), "\"softshrink_check\" not implemented for '",
                              toString(t), "'");
  const double most = t == c10::kDouble     ? std::numeric_limits<double>::max()
                      : t == c10::kHalf     ? 65504.0
                      : t == c10::kBFloat16 ? 3.3895313892515355e38
                                            : std::numeric_limits<float>::max();
  const double l = lambd.toDouble();
  TORCH_CHECK(l >= 0 && l <= most, "lambda must be in range [0, ", most, "] for input dtype ", t,
              ", but found ", l);
  unary(out, self);
}
void log_sigmoid_forward(Out& out, const Tensor& self) {
  out.set(0, self.sizes(), self.scalar_type(), self.device());
  out.set(1, self.sizes(), self.scalar_type(), self.device());
}
void log_sigmoid_backward(Out& out, const Tensor& grad, const Tensor& self, const Tensor&) {
  binary(out, grad, self);
}
void glu(Out& out, const Tensor& self, int64_t dim) {
  TORCH_CHECK(self.dim() > 0, "glu does not support 0-dimensional tensors");
  const auto d = static_cast<size_t>(wrap_dim(dim, self.dim()));
  std::vector<int64_t> sizes = self.sizes().vec();
  TORCH_CHECK(sizes[d] % 2 == 0, "Halving dimension must be even, but dimension ", d, " is size ",
              sizes[d]);
  sizes[d] /= 2;
  out.set(0, sizes, self.scalar_type(), self.device());
}
void leaky_relu_backward(Out& out, const Tensor& grad, const Tensor& self, const Scalar& slope,
                         bool self_is_result) {
  TORCH_CHECK(!self_is_result || slope.toDouble() >= 0.0,
              "In-place leakyReLu backward calculation is triggered with a negative slope which is "
              "not supported. This is caused by calling in-place forward function with a negative "
              "slope, please call out-of-place version instead. File an issue at "
              "https://github.com/pytorch/pytorch if you do require supporting in-place "
              "leakRelu backward calculation with negative slope");
  binary(out, grad, self);
}
void elu_backward(Out& out, const Tensor& grad, const Scalar& alpha, const Scalar&, const Scalar&,
                  bool is_result, const Tensor& self_or_result) {
  TORCH_CHECK(!is_result || alpha.toDouble() >= 0.0,
              "In-place elu backward calculation is triggered with a negative slope which is not "
              "supported. This is caused by calling in-place forward function with a negative "
              "slope, please call out-of-place version instead.");
  binary(out, grad, self_or_result);
}
void gelu_backward(Out& out, const Tensor& grad, const Tensor& self, string_view approximate) {
  check_approximate(approximate);
  binary(out, grad, self);
}
void softmax(Out& out, const Tensor& self, int64_t dim, bool half_to_float) {
  wrap_dim(dim, self.dim());
  TORCH_CHECK(!half_to_float || !self.is_cpu(),
              "softmax with half to float conversion is not supported on CPU");
  out.set(0, self.sizes(), half_to_float ? c10::kFloat : self.scalar_type(), self.device());
}
void softmax_backward(Out& out, const Tensor& grad, const Tensor& output, int64_t dim,
                      ScalarType input_dtype) {
  wrap_dim(dim, grad.dim());
  TORCH_CHECK(grad.sizes() == output.sizes(), "Expected the gradient of a softmax to have its ",
              "result's sizes ", output.sizes(), ", got ", grad.sizes());
  out.set(0, grad.sizes(), input_dtype, grad.device());
}

namespace {
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;
}  // namespace

Tensor relu6(const Tensor& self) { return at::hardtanh(self, 0, 6); }
Tensor selu(const Tensor& self) { return at::elu(self, kSeluAlpha, kSeluScale); }
Tensor& selu_(Tensor& self) { return at::elu_(self, kSeluAlpha, kSeluScale); }
Tensor log_sigmoid(const Tensor& self) { return std::get<0>(at::log_sigmoid_forward(self)); }

Tensor prelu(const Tensor& self, const Tensor& weight) {
  TORCH_CHECK(self.scalar_type() == weight.scalar_type(),
              "prelu: Type promoting not supported. Got ", self.scalar_type(), " and ",
              weight.scalar_type());
  const int64_t ndim = self.dim();
  if (weight.numel() != 1) {
    TORCH_CHECK(ndim > 0, "Not allow zero-dim input tensor.");
    const int64_t channels = ndim > 1 ? self.size(1) : 1;
    TORCH_CHECK(channels == weight.numel(),
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = ",
                weight.numel(), " and channel size = ", channels, ".");
  }
  TORCH_CHECK(
      weight.dim() <= 1,
      "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = ", weight.dim());
  Tensor w = weight;
  if (ndim == 0 || weight.dim() != ndim) {
    std::vector<int64_t> shape(static_cast<size_t>(ndim), 1);
    if (ndim > 1) shape[1] = weight.numel();
    w = weight.reshape(shape);
  }
  return at::_prelu_kernel(self, w);
}

std::tuple<Tensor, Tensor> _prelu_kernel_backward(const Tensor& grad, const Tensor& self,
                                                  const Tensor& weight) {
  const Tensor positive = self > 0;
  return {at::where(positive, grad, weight * grad), at::where(positive, 0, self * grad)};
}

Tensor glu_backward(const Tensor& grad, const Tensor& self, int64_t dim) {
  TORCH_CHECK(self.dim() > 0, "glu does not support 0-dimensional tensors");
  const int64_t d = wrap_dim(dim, self.dim()), size = self.size(d), half = size / 2;
  TORCH_CHECK(size % 2 == 0, "Halving dimension must be even, but dimension ", d, " is size ",
              size);
  TORCH_CHECK(c10::canCast(c10::kFloat, self.scalar_type()), "result type Float can't be cast to ",
              "the desired output type ", self.scalar_type());
  const Tensor a = self.narrow(d, 0, half), gate = self.narrow(d, half, half).sigmoid();
  const Tensor through = gate * grad;
  return at::cat({through, (1 - gate) * through * a}, d);
}

Tensor softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  return at::_softmax(dtype ? self.to(*dtype) : self, dim, false);
}
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<ScalarType> dtype) {
  return at::_log_softmax(dtype ? self.to(*dtype) : self, dim, false);
}

}  // namespace pharos::ops

namespace pharos::backward {

using namespace at;  // NOLINT: formulas read like the field's own

Tensor elu_double_backward(const Tensor& grad, const Tensor& grad_output, const Scalar& alpha,
                           const Scalar& scale, const Scalar& input_scale, bool is_result,
                           const Tensor& self_or_result) {
  const Tensor both = grad * grad_output * input_scale;
  if (is_result) return where(self_or_result <= 0, both, 0);
  const double factor = input_scale.toDouble() * alpha.toDouble() * scale.toDouble();
  return where(self_or_result <= 0, both * factor * (self_or_result * input_scale).exp(), 0);
}

Tensor gelu_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                            string_view approximate) {
  const Tensor &x = self, squared = x * x, both = grad * grad_output;
  if (approximate == "none") {
    const Tensor density = (squared * -0.5).exp() * (M_2_SQRTPI * M_SQRT1_2 * 0.5);
    return both * density * (2 - squared);
  }
  constexpr double kBeta = M_2_SQRTPI * M_SQRT1_2, kKappa = 0.044715;
  const Tensor t = ((x + x * squared * kKappa) * kBeta).tanh();
  const Tensor du = (squared * (3 * kKappa) + 1) * kBeta, ddu = x * (6 * kKappa * kBeta);
  return both * (1 - t * t) * (du + 0.5 * x * (ddu - 2 * t * du * du));
}

Tensor silu_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self) {
  const Tensor s = self.sigmoid();
  return grad * grad_output * s * (1 - s) * (2 + self * (1 - 2 * s));
}

Tensor mish_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self) {
  const Tensor s = self.sigmoid(), t = softplus(self).tanh();
  const Tensor slope = 2 * s + self * (s * (1 - s) - 2 * t * s * s);
  return grad * grad_output * (1 - t * t) * slope;
}

Tensor softplus_double_backward(const Tensor& grad, const Tensor& self, const Scalar& beta,
                                const Scalar& threshold) {
  const Tensor x = self * beta, s = x.sigmoid();
  return where(x > threshold, 0, grad * s * (1 - s) * beta);
}

Tensor log_sigmoid_double_backward(const Tensor& grad, const Tensor& self) {
  const Tensor s = self.sigmoid();
  return -grad * s * (1 - s);
}

Tensor softmax_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& output,
                               int64_t dim) {
  return grad * (grad_output - (grad_output * output).sum(dim, true)) -
         grad_output * (grad * output).sum(dim, true);
}

}  // namespace pharos::backward
