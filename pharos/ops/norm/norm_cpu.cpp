// Normalisations on CPU tensors: contiguous operands for the kernels on raw pointers. Halves
// compute in f32; statistics are those of the kernels, converted where the result's dtype differs.
#include <cmath>
#include <vector>

#include "kernels/cpu/batch_norm.h"
#include "kernels/cpu/layer_norm.h"
#include "ops/norm/norm.h"
#include "ops/norm_decls.h"

namespace pharos::cpu {
namespace {

using ops::data_as;
using ops::data_of;
using ops::data_or_null;
using ops::dtype_of;
using ops::OptTensor;
using ops::plain;

ScalarType compute_type(ScalarType t) {
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}
Tensor param(const OptTensor& t, ScalarType type) {
  return t && t->defined() ? plain(*t, type) : Tensor();
}

template <class F>
void into(const Tensor& out, ScalarType type, F&& f) {
  if (!out.defined()) return f(out);
  const bool direct = out.is_contiguous() && out.scalar_type() == type;
  const Tensor to = direct ? out : empty_cpu(out.sizes(), type);
  f(to);
  if (!direct) copy_values(out, to);
}

NormShape norm_shape(const Tensor& t) {
  const int64_t n = t.sizes()[0], c = t.sizes()[1];
  return {n, c, n * c > 0 ? t.numel() / (n * c) : 0};
}

// running = momentum * new + (1 - momentum) * running, in whatever layout and dtype it has.
template <class T>
void update_running(const OptTensor& running, const T* fresh, int64_t n, double momentum) {
  if (!running || !running->defined()) return;
  const Tensor r = plain(*running, sizeof(T) == 8 ? ScalarType::Double : ScalarType::Float);
  T* to = data_as<T>(r);
  const T m = static_cast<T>(momentum);
  for (int64_t i = 0; i < n; ++i) to[i] = m * fresh[i] + (1 - m) * to[i];
  if (!r.is_same(*running)) copy_values(*running, r);
  // As in PyTorch, running statistics do not count a version.
  running->unsafeGetTensorImpl()->storage->renew_contents();
}

int64_t rows_of(const Tensor& input, IntArrayRef shape) {
  int64_t rows = 1;
  for (int64_t d = 0; d < input.dim() - static_cast<int64_t>(shape.size()); ++d)
    rows *= input.sizes()[d];
  return rows;
}

}  // namespace

void native_batch_norm(const Tensor& out, const Tensor& save_mean, const Tensor& save_invstd,
                       const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                       const OptTensor& running_mean, const OptTensor& running_var, bool training,
                       double momentum, double eps) {
  ops::require_floating("batch_norm", input.scalar_type());
  const ScalarType type = compute_type(input.scalar_type());
  const NormShape s = norm_shape(input);
  const Tensor x = plain(input, type), w = param(weight, type), b = param(bias, type);
  const int64_t features[] = {s.channels};
  const Tensor mean = training ? empty_cpu(features, type) : param(running_mean, type);
  const Tensor invstd = empty_cpu(features, type);
  ops::for_real("batch_norm", type, [&](auto tag) {
    using T = decltype(tag);
    T* inv = data_as<T>(invstd);
    if (training) {
      const Tensor var = empty_cpu(features, type);
      batch_norm_stats(dtype_of(type), s, data_of(x), data_of(mean), data_of(var));
      T* v = data_as<T>(var);
      for (int64_t c = 0; c < s.channels; ++c) inv[c] = 1 / std::sqrt(v[c] + static_cast<T>(eps));
      const auto n = static_cast<T>(s.batch * s.area);
      for (int64_t c = 0; c < s.channels; ++c) v[c] = v[c] * n / (n - 1);
      update_running(running_mean, data_as<const T>(mean), s.channels, momentum);
      update_running(running_var, data_as<const T>(var), s.channels, momentum);
    } else {
      const Tensor var = param(running_var, type);
      const T* v = data_as<const T>(var);
      for (int64_t c = 0; c < s.channels; ++c) inv[c] = 1 / std::sqrt(v[c] + static_cast<T>(eps));
    }
  });
  into(out, type, [&](const Tensor& y) {
    batch_norm_apply(dtype_of(type), s, data_of(x), data_of(mean), data_of(invstd), data_or_null(w),
                     data_or_null(b), data_of(y));
  });
  if (training) {
    copy_values(save_mean, mean);
    copy_values(save_invstd, invstd);
  }
}

void native_layer_norm(const Tensor& out, const Tensor& mean, const Tensor& rstd,
                       const Tensor& input, IntArrayRef shape, const OptTensor& weight,
                       const OptTensor& bias, double eps) {
  ops::require_floating("LayerNormKernelImpl", input.scalar_type());
  if (input.numel() == 0) {
    fill_zero(mean);
    return fill_zero(rstd);
  }
  const ScalarType type = compute_type(input.scalar_type());
  const Tensor x = plain(input, type), w = param(weight, type), b = param(bias, type);
  const int64_t rows = rows_of(input, shape);
  into(out, type, [&](const Tensor& y) {
    into(mean, type, [&](const Tensor& m) {
      into(rstd, type, [&](const Tensor& r) {
        layer_norm(dtype_of(type), rows, input.numel() / rows, data_of(x), data_or_null(w),
                   data_or_null(b), eps, data_of(y), data_of(m), data_of(r));
      });
    });
  });
}

void native_group_norm(const Tensor& out, const Tensor& mean, const Tensor& rstd,
                       const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                       int64_t N, int64_t C, int64_t HxW, int64_t group, double eps) {
  ops::require_floating("GroupNormKernelImpl", input.scalar_type());
  if (input.numel() == 0) {
    fill_zero(mean);
    return fill_zero(rstd);
  }
  const ScalarType type = compute_type(input.scalar_type());
  const Tensor x = plain(input, type), w = param(weight, type), b = param(bias, type);
  into(out, type, [&](const Tensor& y) {
    into(mean, type, [&](const Tensor& m) {
      into(rstd, type, [&](const Tensor& r) {
        group_norm(dtype_of(type), N, C, HxW, group, data_of(x), data_or_null(w), data_or_null(b),
                   eps, data_of(y), data_of(m), data_of(r));
      });
    });
  });
}

}  // namespace pharos::cpu

namespace pharos::ops {

using Grads3 = std::tuple<Tensor, Tensor, Tensor>;

namespace {

// The three gradients, of the dtypes that callers see; undefined where not asked for.
struct Results {
  Tensor x, w, b;
  Results(const Tensor& input, const OptTensor& weight, IntArrayRef param_shape,
          std::array<bool, 3> mask) {
    const ScalarType t = weight && weight->defined() ? weight->scalar_type() : input.scalar_type();
    if (mask[0]) x = norm_like(input);
    if (mask[1]) w = empty_on(input.device(), param_shape, t);
    if (mask[2]) b = empty_on(input.device(), param_shape, t);
  }
  void zero() const {
    for (const Tensor* t : {&x, &w, &b})
      if (t->defined()) cpu::fill_zero(*t);
  }
  // Calls f with contiguous results of the compute dtype.
  template <class F>
  Grads3 run(ScalarType type, F&& f) const {
    cpu::into(x, type, [&](const Tensor& gx) {
      cpu::into(w, type, [&](const Tensor& gw) {
        cpu::into(b, type, [&](const Tensor& gb) {
          f(gx.defined() ? data_of(gx) : nullptr, gw.defined() ? data_of(gw) : nullptr,
            gb.defined() ? data_of(gb) : nullptr);
        });
      });
    });
    return {x, w, b};
  }
};

}  // namespace

Grads3 native_batch_norm_backward(const Tensor& grad_out, const Tensor& input,
                                  const OptTensor& weight, const OptTensor& running_mean,
                                  const OptTensor& running_var, const OptTensor& save_mean,
                                  const OptTensor& save_invstd, bool train, double eps,
                                  std::array<bool, 3> mask) {
  const int64_t features[] = {input.size(1)};
  const Results r(input, weight, features, mask);
  if (input.is_meta()) return {r.x, r.w, r.b};
  require_floating("batch_norm_backward_cpu", input.scalar_type());
  const ScalarType type = cpu::compute_type(input.scalar_type());
  const Tensor g = plain(grad_out, type), x = plain(input, type), w = cpu::param(weight, type);
  Tensor mean = cpu::param(train ? save_mean : running_mean, type), invstd;
  if (train) {
    invstd = cpu::param(save_invstd, type);
  } else {
    invstd = empty_cpu(features, type);
    const Tensor var = cpu::param(running_var, type);
    for_real("batch_norm", type, [&](auto tag) {
      using T = decltype(tag);
      for (int64_t c = 0; c < features[0]; ++c)
        data_as<T>(invstd)[c] = 1 / std::sqrt(data_as<T>(var)[c] + static_cast<T>(eps));
    });
  }
  return r.run(type, [&](void* gx, void* gw, void* gb) {
    cpu::batch_norm_backward(dtype_of(type), cpu::norm_shape(input), train, data_of(g), data_of(x),
                             data_of(mean), data_of(invstd), data_or_null(w), gx, gw, gb);
  });
}

Grads3 native_layer_norm_backward(const Tensor& grad_out, const Tensor& input, IntArrayRef shape,
                                  const Tensor& mean, const Tensor& rstd, const OptTensor& weight,
                                  const OptTensor& bias, std::array<bool, 3> mask) {
  (void)bias;
  const Results r(input, weight, shape, mask);
  if (input.is_meta()) return {r.x, r.w, r.b};
  require_floating("LayerNormBackwardKernelImpl", input.scalar_type());
  if (input.numel() == 0) {
    r.zero();
    return {r.x, r.w, r.b};
  }
  const ScalarType type = cpu::compute_type(input.scalar_type());
  const Tensor g = plain(grad_out, type), x = plain(input, type), w = cpu::param(weight, type);
  const Tensor m = plain(mean, type), s = plain(rstd, type);
  const int64_t rows = cpu::rows_of(input, shape);
  return r.run(type, [&](void* gx, void* gw, void* gb) {
    cpu::layer_norm_backward(dtype_of(type), rows, input.numel() / rows, data_of(g), data_of(x),
                             data_of(m), data_of(s), data_or_null(w), gx, gw, gb);
  });
}

Grads3 native_group_norm_backward(const Tensor& grad_out, const Tensor& input, const Tensor& mean,
                                  const Tensor& rstd, const OptTensor& weight, int64_t N, int64_t C,
                                  int64_t HxW, int64_t group, std::array<bool, 3> mask) {
  const int64_t channels[] = {C};
  const Results r(input, weight, channels, mask);
  if (input.is_meta()) return {r.x, r.w, r.b};
  require_floating("GroupNormBackwardKernelImpl", input.scalar_type());
  if (input.numel() == 0) {
    r.zero();
    return {r.x, r.w, r.b};
  }
  const ScalarType type = cpu::compute_type(input.scalar_type());
  const Tensor g = plain(grad_out, type), x = plain(input, type), w = cpu::param(weight, type);
  const Tensor m = plain(mean, type), s = plain(rstd, type);
  return r.run(type, [&](void* gx, void* gw, void* gb) {
    cpu::group_norm_backward(dtype_of(type), N, C, HxW, group, data_of(g), data_of(x), data_of(m),
                             data_of(s), data_or_null(w), gx, gw, gb);
  });
}

}  // namespace pharos::ops
