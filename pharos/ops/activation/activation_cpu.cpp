// CPU kernels of activations and softmax.
#include "kernels/cpu/copy.h"
#include "kernels/cpu/loops_scalar.h"
#include "kernels/cpu/pointwise_ops.h"
#include "kernels/cpu/pointwise_params.h"
#include "kernels/cpu/softmax.h"
#include "ops/activation/activation.h"
#include "ops/activation_decls.h"

namespace pharos::cpu {
namespace {

using at::Scalar;
using at::string_view;

// Calls f(T()) with the compute type of a floating dtype; others fail in the engine with a message.
template <class F>
void with_compute_type(const Tensor& out, F&& f) {
  if (compute_type(out.scalar_type()) == c10::kDouble)
    f(double());
  else
    f(float());
}

void unary_param(Op op, const Tensor& out, const Tensor& self, const Scalar& v) {
  const OpTable& table = op_table(op);
  find_loop(table, out.scalar_type());
  const ScalarParam p(v, compute_type(out.scalar_type()));
  unary_loop(table, out, self, p.get());
}
void binary_param(Op op, const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& v) {
  const OpTable& table = op_table(op);
  find_loop(table, out.scalar_type());
  const ScalarParam p(v, compute_type(out.scalar_type()));
  binary_loop(table, out, a, b, p.get());
}

// Two numbers of the compute dtype side by side: ClampParams, SoftplusParams, ThresholdParams.
class PairParam {
 public:
  PairParam(const Scalar& a, const Scalar& b, ScalarType dtype,
            ScalarParam::Overflow second_overflow = ScalarParam::kSaturate) {
    const ScalarType t = compute_type(dtype);
    const ScalarParam first(a, t, ScalarParam::kSaturate), second(b, t, second_overflow);
    const size_t size = elementSize(t);
    std::memcpy(bytes_, first.get(), size);
    std::memcpy(bytes_ + size, second.get(), size);
  }
  const void* get() const { return bytes_; }

 private:
  alignas(16) char bytes_[32];
};

template <class T>
EluParams<T> elu_params(const Scalar& alpha, const Scalar& scale, const Scalar& input_scale) {
  const double a = alpha.toDouble(), s = scale.toDouble();
  return {static_cast<T>(a * s), static_cast<T>(s), static_cast<T>(input_scale.toDouble())};
}

}  // namespace

#define PHAROS_UNARY_KERNEL(name, Op_)                        \
  void name##_kernel(const Tensor& out, const Tensor& self) { \
    unary_loop(op_table(Op::Op_), out, self);                 \
  }
PHAROS_UNARY_KERNEL(relu, kRelu)
PHAROS_UNARY_KERNEL(silu, kSilu)
PHAROS_UNARY_KERNEL(mish, kMish)
PHAROS_UNARY_KERNEL(hardsigmoid, kHardsigmoid)
PHAROS_UNARY_KERNEL(hardswish, kHardswish)
#undef PHAROS_UNARY_KERNEL
#define PHAROS_BACKWARD_KERNEL(name, Op_)                                         \
  void name##_kernel(const Tensor& out, const Tensor& grad, const Tensor& self) { \
    binary_loop(op_table(Op::Op_), out, grad, self);                              \
  }
PHAROS_BACKWARD_KERNEL(silu_backward, kSiluBackward)
PHAROS_BACKWARD_KERNEL(mish_backward, kMishBackward)
PHAROS_BACKWARD_KERNEL(hardsigmoid_backward, kHardsigmoidBackward)
PHAROS_BACKWARD_KERNEL(hardswish_backward, kHardswishBackward)
PHAROS_BACKWARD_KERNEL(prelu, kPrelu)
#undef PHAROS_BACKWARD_KERNEL

void leaky_relu_kernel(const Tensor& out, const Tensor& self, const Scalar& slope) {
  unary_param(Op::kLeakyRelu, out, self, slope);
}
void hardshrink_kernel(const Tensor& out, const Tensor& self, const Scalar& lambd) {
  unary_param(Op::kHardshrink, out, self, lambd);
}
void softshrink_kernel(const Tensor& out, const Tensor& self, const Scalar& lambd) {
  unary_param(Op::kSoftshrink, out, self, lambd);
}
void leaky_relu_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                                const Scalar& slope, bool) {
  binary_param(Op::kLeakyReluBackward, out, grad, self, slope);
}
void threshold_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                               const Scalar& threshold) {
  binary_param(Op::kThresholdBackward, out, grad, self, threshold);
}
void shrink_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                            const Scalar& lambd) {
  binary_param(Op::kHardshrinkBackward, out, grad, self, lambd);
}
void threshold_kernel(const Tensor& out, const Tensor& self, const Scalar& threshold,
                      const Scalar& value) {
  // The value is stored as it is: -1 is 255 in a byte.
  const PairParam p(threshold, value, out.scalar_type(), ScalarParam::kCheck);
  unary_loop(op_table(Op::kThreshold), out, self, p.get());
}
void hardtanh_kernel(const Tensor& out, const Tensor& self, const Scalar& min_val,
                     const Scalar& max_val) {
  const PairParam p(min_val, max_val, out.scalar_type());
  unary_loop(op_table(Op::kHardtanh), out, self, p.get());
}
void hardtanh_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                              const Scalar& min_val, const Scalar& max_val) {
  const PairParam p(min_val, max_val, out.scalar_type());
  binary_loop(op_table(Op::kHardtanhBackward), out, grad, self, p.get());
}

void elu_kernel(const Tensor& out, const Tensor& self, const Scalar& alpha, const Scalar& scale,
                const Scalar& input_scale) {
  with_compute_type(out, [&](auto t) {
    const auto p = elu_params<decltype(t)>(alpha, scale, input_scale);
    unary_loop(op_table(Op::kElu), out, self, &p);
  });
}
void celu_kernel(const Tensor& out, const Tensor& self, const Scalar& alpha) {
  elu_kernel(out, self, alpha, 1, 1.0 / alpha.toDouble());
}
void elu_backward_kernel(const Tensor& out, const Tensor& grad, const Scalar& alpha,
                         const Scalar& scale, const Scalar& input_scale, bool is_result,
                         const Tensor& self_or_result) {
  with_compute_type(out, [&](auto t) {
    const auto p = elu_params<decltype(t)>(alpha, scale, input_scale);
    const Op op = is_result ? Op::kEluBackwardResult : Op::kEluBackward;
    binary_loop(op_table(op), out, grad, self_or_result, &p);
  });
}
void softplus_kernel(const Tensor& out, const Tensor& self, const Scalar& beta,
                     const Scalar& threshold) {
  const PairParam p(beta, threshold, out.scalar_type());
  unary_loop(op_table(Op::kSoftplus), out, self, p.get());
}
void softplus_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                              const Scalar& beta, const Scalar& threshold) {
  const PairParam p(beta, threshold, out.scalar_type());
  binary_loop(op_table(Op::kSoftplusBackward), out, grad, self, p.get());
}
void gelu_kernel(const Tensor& out, const Tensor& self, string_view approximate) {
  unary_loop(op_table(approximate == "tanh" ? Op::kGeluTanh : Op::kGelu), out, self);
}
void gelu_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                          string_view approximate) {
  const Op op = approximate == "tanh" ? Op::kGeluTanhBackward : Op::kGeluBackward;
  binary_loop(op_table(op), out, grad, self);
}

void log_sigmoid_forward_kernel(const Tensor& output, const Tensor& buffer, const Tensor& self) {
  unary_loop(op_table(Op::kLogSigmoid), output, self);
  unary_loop(op_table(Op::kExpNegAbs), buffer, self);
}
void log_sigmoid_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& self,
                                 const Tensor& buffer) {
  const OpTable& table = op_table(Op::kLogSigmoidBackward);
  const ScalarType t = out.scalar_type(), k = compute_type(t);
  const Operand ops[] = {{&out, k}, {&grad, k}, {&self, k}, {&buffer, k}};
  run_loop(find_loop(table, t), ops, 1, 3, nullptr, table.cost);
}

void glu_kernel(const Tensor& out, const Tensor& self, int64_t dim) {
  const auto d = static_cast<size_t>(ops::wrap_dim(dim, self.dim()));
  std::vector<int64_t> sizes = self.sizes().vec();
  sizes[d] /= 2;
  const Tensor a = view_of(self, sizes, self.strides());
  const Tensor b = view_of(self, sizes, self.strides(), sizes[d] * self.strides()[d]);
  binary_loop(op_table(Op::kGlu), out, a, b);
}

namespace {

struct Rows {
  int64_t outer = 1, size = 1, inner = 1;
  Rows(const Tensor& t, int64_t dim) {
    if (t.dim() == 0) return;
    const auto d = static_cast<size_t>(ops::wrap_dim(dim, t.dim()));
    for (size_t i = 0; i < t.sizes().size(); ++i)
      (i < d ? outer : i == d ? size : inner) *= t.sizes()[i];
  }
};

Tensor packed(const Tensor& t, ScalarType dtype) {
  if (t.is_contiguous() && t.scalar_type() == dtype) return t;
  const Tensor copy = empty_cpu(t.sizes(), dtype);
  copy_values(copy, t);
  return copy;
}
// Where results go that are not packed themselves.
Tensor packed_result(const Tensor& out, ScalarType dtype) {
  return out.is_contiguous() && out.scalar_type() == dtype ? out : empty_cpu(out.sizes(), dtype);
}
void* data_of(const Tensor& t) { return t.unsafeGetTensorImpl()->data; }

void check_float(const Tensor& t, const Rows& rows, bool log) {
  TORCH_CHECK_NOT_IMPLEMENTED(
      t.is_floating_point(), "\"", log ? "log_" : "", "softmax", rows.inner == 1 ? "_lastdim" : "",
      "_kernel_impl\" not implemented for '", toString(t.scalar_type()), "'");
}

void run_softmax(const Tensor& out, const Tensor& self, int64_t dim, bool log) {
  const Rows rows(self, dim);
  check_float(self, rows, log);
  if (self.numel() == 0) return;
  const Tensor x = packed(self, out.scalar_type()), y = packed_result(out, out.scalar_type());
  softmax(static_cast<DType>(out.scalar_type()), log, rows.outer, rows.size, rows.inner, data_of(x),
          data_of(y));
  if (!y.is_same(out)) copy_values(out, y);
}

void run_softmax_backward(const Tensor& out, const Tensor& grad, const Tensor& output, int64_t dim,
                          bool log) {
  const Rows rows(output, dim);
  if (output.numel() == 0) return;
  const ScalarType t = output.scalar_type();
  const Tensor g = packed(grad, t), y = packed(output, t), dx = packed_result(out, t);
  softmax_backward(static_cast<DType>(t), log, rows.outer, rows.size, rows.inner, data_of(g),
                   data_of(y), data_of(dx));
  if (!dx.is_same(out)) copy_values(out, dx);
}

}  // namespace

void softmax_kernel(const Tensor& out, const Tensor& self, int64_t dim, bool) {
  run_softmax(out, self, dim, false);
}
void log_softmax_kernel(const Tensor& out, const Tensor& self, int64_t dim, bool) {
  run_softmax(out, self, dim, true);
}
void softmax_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& output,
                             int64_t dim, ScalarType) {
  run_softmax_backward(out, grad, output, dim, false);
}
void log_softmax_backward_kernel(const Tensor& out, const Tensor& grad, const Tensor& output,
                                 int64_t dim, ScalarType) {
  run_softmax_backward(out, grad, output, dim, true);
}

}  // namespace pharos::cpu
