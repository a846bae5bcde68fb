// Pooling on CPU tensors: contiguous planes for the kernels on raw pointers, halves in f32.
#include "kernels/cpu/pool.h"

#include <stdexcept>

#include "ops/pool/pool.h"
#include "ops/pool_decls.h"

namespace pharos::cpu {
namespace {

using ops::data_as;
using ops::data_of;
using ops::dtype_of;
using ops::plain;
using ops::product;
using ops::Window;
using OptInt = std::optional<int64_t>;

ScalarType compute_type(ScalarType t) {
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}
void require(bool ok, const char* name, ScalarType t) {
  if (PHAROS_UNLIKELY(!ok)) ops::no_kernel(name, t);
}
bool is_real(ScalarType t) { return t != ScalarType::Bool && !c10::isComplexType(t); }

int64_t planes_of(const Tensor& t, int dims) {
  return product(t.sizes().slice(0, static_cast<size_t>(t.dim() - dims)));
}
PoolShape window_shape(const Window& w, const Tensor& self) {
  return make_pool_shape(w.dims, planes_of(self, w.dims), self.sizes().data() + self.dim() - w.dims,
                         w.kernel, w.stride, w.pad, w.dilation, w.ceil_mode);
}
PoolShape adaptive_shape(int dims, const Tensor& in, const Tensor& out) {
  return make_adaptive_shape(dims, planes_of(in, dims), in.sizes().data() + in.dim() - dims,
                             out.sizes().data() + out.dim() - dims);
}

// Calls f with a contiguous result of the dtype, and copies it to `out` if that is another layout.
template <class F>
void into(const Tensor& out, ScalarType type, F&& f) {
  const bool direct = out.is_contiguous() && out.scalar_type() == type;
  const Tensor to = direct ? out : empty_cpu(out.sizes(), type);
  f(to);
  if (!direct) copy_values(out, to);
}

void scatter_grad(const Tensor& out, const Tensor& grad, const Tensor& indices,
                  const PoolShape& s) {
  const ScalarType type = compute_type(out.scalar_type());
  const Tensor g = plain(grad, type), ix = plain(indices);
  into(out, type, [&](const Tensor& to) {
    try {
      max_pool_backward(dtype_of(type), s, data_of(g), data_as<const int64_t>(ix), data_of(to));
    } catch (const std::out_of_range& e) {
      TORCH_CHECK(false, e.what());
    }
  });
}

void max_pool_all(const char* name, const Tensor& out, const Tensor& indices, const Tensor& self,
                  const Window& w) {
  require(is_real(self.scalar_type()), name, self.scalar_type());
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor x = plain(self, type);
  into(out, type, [&](const Tensor& y) {
    into(indices, ScalarType::Long, [&](const Tensor& ix) {
      max_pool(dtype_of(type), window_shape(w, self), data_of(x), data_of(y), data_as<int64_t>(ix));
    });
  });
}

void avg_pool_all(const char* name, const Tensor& out, const Tensor& self, const Window& w,
                  bool include, OptInt divisor) {
  require(c10::isFloatingType(self.scalar_type()) || self.scalar_type() == ScalarType::Long, name,
          self.scalar_type());
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor x = plain(self, type);
  into(out, type, [&](const Tensor& y) {
    avg_pool(dtype_of(type), window_shape(w, self), include, divisor.value_or(0), data_of(x),
             data_of(y));
  });
}

void avg_pool_grad(const char* name, const Tensor& out, const Tensor& grad, const Tensor& self,
                   const Window& w, bool include, OptInt divisor) {
  require(c10::isFloatingType(self.scalar_type()) || self.scalar_type() == ScalarType::Long, name,
          self.scalar_type());
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor g = plain(grad, type);
  into(out, type, [&](const Tensor& gx) {
    avg_pool_backward(dtype_of(type), window_shape(w, self), include, divisor.value_or(0),
                      data_of(g), data_of(gx));
  });
}

void adaptive_avg(int dims, const char* name, const Tensor& out, const Tensor& self) {
  require(c10::isFloatingType(self.scalar_type()), name, self.scalar_type());
  if (out.numel() == 0) return;
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor x = plain(self, type);
  into(out, type, [&](const Tensor& y) {
    adaptive_avg_pool(dtype_of(type), adaptive_shape(dims, self, out), data_of(x), data_of(y));
  });
}

void adaptive_avg_grad(int dims, const char* name, const Tensor& out, const Tensor& grad,
                       const Tensor& self) {
  require(c10::isFloatingType(self.scalar_type()), name, self.scalar_type());
  const ScalarType type = compute_type(self.scalar_type());
  if (grad.numel() == 0) return fill_zero(out);
  const Tensor g = plain(grad, type);
  into(out, type, [&](const Tensor& gx) {
    adaptive_avg_pool_backward(dtype_of(type), adaptive_shape(dims, self, grad), data_of(g),
                               data_of(gx));
  });
}

void adaptive_max(int dims, const char* name, const Tensor& out, const Tensor& indices,
                  const Tensor& self) {
  require(c10::isFloatingType(self.scalar_type()), name, self.scalar_type());
  if (out.numel() == 0) return;
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor x = plain(self, type);
  into(out, type, [&](const Tensor& y) {
    into(indices, ScalarType::Long, [&](const Tensor& ix) {
      adaptive_max_pool(dtype_of(type), adaptive_shape(dims, self, out), data_of(x), data_of(y),
                        data_as<int64_t>(ix));
    });
  });
}

void unpool(int dims, const Tensor& out, const Tensor& self, const Tensor& indices) {
  require(c10::isFloatingType(self.scalar_type()), dims == 2 ? "max_unpool2d" : "max_unpool3d",
          self.scalar_type());
  const IntArrayRef size = out.sizes().slice(static_cast<size_t>(out.dim() - dims));
  const int64_t planes = planes_of(out, dims), area = product(size);
  const int64_t in_area = planes > 0 ? self.numel() / planes : 0;
  const Tensor x = plain(self), ix = plain(indices);
  const auto* at_index = data_as<const int64_t>(ix);
  const auto item = static_cast<int64_t>(self.itemsize());
  into(out, self.scalar_type(), [&](const Tensor& y) {
    fill_zero(y);
    const char* from = data_of(x);
    char* to = data_of(y);
    for (int64_t p = 0; p < planes; ++p) {
      for (int64_t i = 0; i < in_area; ++i) {
        const int64_t k = at_index[p * in_area + i];
        if (PHAROS_UNLIKELY(k < 0 || k >= area)) {
          std::string text;
          for (int64_t s : size) text += (text.empty() ? "" : "x") + std::to_string(s);
          TORCH_CHECK(false, "Found an invalid max index: ", k, " (output volumes are of size ",
                      text, ")");
        }
        std::memcpy(to + (p * area + k) * item, from + (p * in_area + i) * item,
                    static_cast<size_t>(item));
      }
    }
  });
}

}  // namespace

void max_pool2d_with_indices(const Tensor& out, const Tensor& indices, const Tensor& self,
                             IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                             IntArrayRef dilation, bool ceil_mode) {
  if (out.numel() == 0) return;
  max_pool_all("max_pool2d", out, indices, self,
               Window(2, "max_pool2d", kernel, stride, pad, dilation, ceil_mode));
}

void max_pool3d_with_indices(const Tensor& out, const Tensor& indices, const Tensor& self,
                             IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                             IntArrayRef dilation, bool ceil_mode) {
  if (out.numel() == 0) return;
  max_pool_all("max_pool3d", out, indices, self,
               Window(3, "max_pool3d", kernel, stride, pad, dilation, ceil_mode));
}

void max_pool2d_with_indices_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                      IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                                      IntArrayRef dilation, bool ceil_mode, const Tensor& indices) {
  if (out.numel() == 0) return;
  scatter_grad(
      out, grad, indices,
      window_shape(Window(2, "max_pool2d", kernel, stride, pad, dilation, ceil_mode), self));
}

void max_pool3d_with_indices_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                      IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                                      IntArrayRef dilation, bool ceil_mode, const Tensor& indices) {
  if (out.numel() == 0) return;
  scatter_grad(
      out, grad, indices,
      window_shape(Window(3, "max_pool3d", kernel, stride, pad, dilation, ceil_mode), self));
}

void avg_pool2d(const Tensor& out, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                IntArrayRef pad, bool ceil_mode, bool include, OptInt divisor) {
  if (out.numel() == 0) return;
  avg_pool_all("avg_pool2d", out, self, Window(2, "avg_pool2d", kernel, stride, pad, {}, ceil_mode),
               include, divisor);
}

void avg_pool3d(const Tensor& out, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                IntArrayRef pad, bool ceil_mode, bool include, OptInt divisor) {
  if (out.numel() == 0) return;
  avg_pool_all("avg_pool3d_out_frame", out, self,
               Window(3, "avg_pool3d", kernel, stride, pad, {}, ceil_mode), include, divisor);
}

void avg_pool2d_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                         IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad, bool ceil_mode,
                         bool include, OptInt divisor) {
  if (out.numel() == 0) return;
  avg_pool_grad("avg_pool2d_backward_kernel", out, grad, self,
                Window(2, "avg_pool2d", kernel, stride, pad, {}, ceil_mode), include, divisor);
}

void avg_pool3d_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                         IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad, bool ceil_mode,
                         bool include, OptInt divisor) {
  if (out.numel() == 0) return;
  avg_pool_grad("avg_pool3d_backward_out_frame", out, grad, self,
                Window(3, "avg_pool3d", kernel, stride, pad, {}, ceil_mode), include, divisor);
}

void _adaptive_avg_pool2d(const Tensor& out, const Tensor& self, IntArrayRef) {
  adaptive_avg(2, "adaptive_avg_pool2d", out, self);
}
void _adaptive_avg_pool3d(const Tensor& out, const Tensor& self, IntArrayRef) {
  adaptive_avg(3, "adaptive_avg_pool3d_cpu", out, self);
}
void _adaptive_avg_pool2d_backward(const Tensor& out, const Tensor& grad, const Tensor& self) {
  adaptive_avg_grad(2, "adaptive_avg_pool2d_backward", out, grad, self);
}
void _adaptive_avg_pool3d_backward(const Tensor& out, const Tensor& grad, const Tensor& self) {
  adaptive_avg_grad(3, "adaptive_avg_pool3d_backward_cpu", out, grad, self);
}

void adaptive_max_pool2d(const Tensor& out, const Tensor& indices, const Tensor& self,
                         IntArrayRef) {
  adaptive_max(2, "adaptive_max_pool2d", out, indices, self);
}
void adaptive_max_pool3d(const Tensor& out, const Tensor& indices, const Tensor& self,
                         IntArrayRef) {
  adaptive_max(3, "adaptive_max_pool3d_cpu", out, indices, self);
}
void adaptive_max_pool2d_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                  const Tensor& indices) {
  if (grad.numel() == 0) return fill_zero(out);
  scatter_grad(out, grad, indices, adaptive_shape(2, self, grad));
}
void adaptive_max_pool3d_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                  const Tensor& indices) {
  if (grad.numel() == 0) return fill_zero(out);
  scatter_grad(out, grad, indices, adaptive_shape(3, self, grad));
}

void max_unpool2d(const Tensor& out, const Tensor& self, const Tensor& indices, IntArrayRef) {
  unpool(2, out, self, indices);
}
void max_unpool3d(const Tensor& out, const Tensor& self, const Tensor& indices, IntArrayRef,
                  IntArrayRef, IntArrayRef) {
  unpool(3, out, self, indices);
}

}  // namespace pharos::cpu
