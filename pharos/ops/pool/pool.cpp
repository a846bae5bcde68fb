// Pooling: checks and shapes, and the forms that are made of others.
#include "ops/pool/pool.h"

#include <pharos/ops/functions.h>

#include <string>
#include <vector>

#include "core/thread_state.h"
#include "kernels/cpu/pool.h"
#include "ops/geometry.h"
#include "ops/pool_decls.h"

namespace pharos::ops {
namespace {

const char* count_name(int dims) { return dims == 2 ? "two" : "three"; }

std::string shape_text(int64_t channels, const int64_t* spatial, int dims) {
  std::string s = std::to_string(channels);
  for (int i = 0; i < dims; ++i) s += "x" + std::to_string(spatial[i]);
  return s;
}

// "kH: 0 kW: 0"
std::string named(const char* prefix, const int64_t* v, int dims) {
  const char* const names[] = {"T", "H", "W"};
  std::string s;
  for (int i = 0; i < dims; ++i)
    s += (i ? " " : "") + std::string(prefix) + names[3 - dims + i] + ": " + std::to_string(v[i]);
  return s;
}

void expand(IntArrayRef list, int dims, int64_t* to) {
  for (int i = 0; i < dims; ++i) to[i] = list.size() == 1 ? list[0] : list[static_cast<size_t>(i)];
}
bool fits(IntArrayRef list, int dims) {
  return list.size() == 1 || static_cast<int>(list.size()) == dims;
}

c10::MemoryFormat last_format(int64_t ndim) {
  return ndim == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
}
c10::MemoryFormat format_of(const Tensor& self) {
  if (self.dim() < 4) return c10::MemoryFormat::Contiguous;
  const auto f = self.suggest_memory_format();
  return f == last_format(self.dim()) ? f : c10::MemoryFormat::Contiguous;
}

// Result i has self's leading dims and these spatial sizes.
void set_pooled(Out& out, int i, const Tensor& self, int dims, const int64_t* spatial,
                ScalarType dtype, c10::MemoryFormat format) {
  int64_t shape[5], strides[5];
  const int64_t lead = self.dim() - dims;
  for (int64_t d = 0; d < lead; ++d) shape[d] = self.sizes()[d];
  for (int d = 0; d < dims; ++d) shape[lead + d] = spatial[d];
  const IntArrayRef sizes(shape, static_cast<size_t>(self.dim()));
  if (format == c10::MemoryFormat::Contiguous) return out.set(i, sizes, dtype, self.device());
  format_strides(sizes, format, strides);
  out.set_strided(i, sizes, IntArrayRef(strides, sizes.size()), dtype, self.device());
}

void set_as_self(Out& out, const Tensor& self, c10::MemoryFormat format) {
  set_pooled(out, 0, self, static_cast<int>(std::min<int64_t>(self.dim(), 3)),
             self.sizes().data() + self.dim() - std::min<int64_t>(self.dim(), 3),
             self.scalar_type(), format);
}

}  // namespace

Window::Window(int n, const char* name, IntArrayRef k, IntArrayRef s, IntArrayRef p, IntArrayRef d,
               bool ceil)
    : dims(n), ceil_mode(ceil) {
  const char* count = count_name(n);
  TORCH_CHECK(fits(k, n), name, ": kernel_size must either be a single int, or a tuple of ", count,
              " ints");
  TORCH_CHECK(s.empty() || fits(s, n), name,
              ": stride must either be omitted, a single int, or a tuple of ", count, " ints");
  TORCH_CHECK(fits(p, n), name, ": padding must either be a single int, or a tuple of ", count,
              " ints");
  TORCH_CHECK(d.empty() || fits(d, n), name,
              ": dilation must be either a single int, or a tuple of ", count, " ints");
  expand(k, n, kernel);
  expand(s.empty() ? k : s, n, stride);
  expand(p, n, pad);
  if (!d.empty()) expand(d, n, dilation);
}

void Window::output(const Tensor& self, const char* name, int64_t* out) const {
  const int64_t n = self.dim();
  TORCH_CHECK(n == dims + 1 || n == dims + 2, "non-empty ", dims + 1, "D or ", dims + 2,
              "D (batch mode) tensor expected for input");
  const IntArrayRef x = self.sizes();
  const int64_t lead = n - dims;
  for (int i = 0; i < dims; ++i) {
    TORCH_CHECK(stride[i] != 0, "stride should not be zero");
    TORCH_CHECK(pad[i] >= 0, "pad must be non-negative, but got pad: ", pad[i]);
    TORCH_CHECK(pad[i] <= ((kernel[i] - 1) * dilation[i] + 1) / 2,
                "pad should be at most half of effective kernel size, but got pad=", pad[i],
                ", kernel_size=", kernel[i], " and dilation=", dilation[i]);
  }
  for (int i = 0; i < dims; ++i) {
    TORCH_CHECK(kernel[i] > 0, "kernel size should be greater than zero, but got ",
                named("k", kernel, dims));
    TORCH_CHECK(stride[i] > 0, "stride should be greater than zero, but got ",
                named("d", stride, dims));
    TORCH_CHECK(dilation[i] > 0, "dilation should be greater than zero, but got ",
                named("dilation", dilation, dims));
  }
  bool valid = true;
  for (int64_t d = n == dims + 1 ? 0 : 1; d < n; ++d) valid = valid && x[d] > 0;
  if (dims == 2)
    TORCH_CHECK(valid,
                "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, "
                "but got:",
                x);
  else
    TORCH_CHECK(valid, name,
                "(): Expected input's non-batch dimensions to have positive length, but input has "
                "a shape of ",
                x, " and a non-batch dimension has length zero!");
  bool large = true;
  for (int i = 0; i < dims; ++i) {
    out[i] =
        cpu::pool_output_size(x[lead + i], kernel[i], stride[i], pad[i], dilation[i], ceil_mode);
    large = large && out[i] >= 1;
  }
  TORCH_CHECK(large, "Given input size: (", shape_text(x[lead - 1], x.data() + lead, dims),
              "). Calculated output size: (", shape_text(x[lead - 1], out, dims),
              "). Output size is too small");
}

void max_pool_shape(Out& out, int dims, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                    IntArrayRef pad, IntArrayRef dilation, bool ceil_mode) {
  const char* name = dims == 2 ? "max_pool2d" : "max_pool3d";
  int64_t size[3];
  Window(dims, name, kernel, stride, pad, dilation, ceil_mode).output(self, name, size);
  const auto format = format_of(self);
  set_pooled(out, 0, self, dims, size, self.scalar_type(), format);
  set_pooled(out, 1, self, dims, size, ScalarType::Long, format);
}

void max_pool_backward_shape(Out& out, int dims, const Tensor& grad, const Tensor& self,
                             IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                             IntArrayRef dilation, bool ceil_mode, const Tensor& indices) {
  const char* name = dims == 2 ? "max_pool2d" : "max_pool3d";
  TORCH_CHECK(grad.scalar_type() == self.scalar_type(), "expected dtype ", self.scalar_type(),
              " for `grad_output` but got dtype ", grad.scalar_type());
  int64_t size[3];
  Window(dims, name, kernel, stride, pad, dilation, ceil_mode).output(self, name, size);
  const int64_t n = self.dim();
  for (const Tensor* t : {&grad, &indices}) {
    for (int64_t d = 0; d < n; ++d) {
      const int64_t want = d >= n - dims ? size[d - (n - dims)] : self.sizes()[d];
      TORCH_CHECK(t->dim() == n && t->sizes()[d] == want, "Expected a tensor of dimension ", n,
                  " and tensor.size[", d, "] == ", want, " but got: dimension ", t->dim(),
                  " and tensor.size[", d, "] = ", d < t->dim() ? t->sizes()[d] : 0);
    }
  }
  set_as_self(out, self, format_of(self));
}

namespace {
void check_divisor(const std::optional<int64_t>& divisor) {
  TORCH_CHECK(!divisor || *divisor != 0, "divisor must be not zero");
}
void avg_output(int dims, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                IntArrayRef pad, bool ceil_mode, const std::optional<int64_t>& divisor,
                int64_t* size) {
  const char* name = dims == 2 ? "avg_pool2d" : "avg_pool3d";
  const Window w(dims, name, kernel, stride, pad, {}, ceil_mode);
  check_divisor(divisor);
  w.output(self, name, size);
}
}  // namespace

void avg_pool_shape(Out& out, int dims, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                    IntArrayRef pad, bool ceil_mode, const std::optional<int64_t>& divisor) {
  int64_t size[3];
  avg_output(dims, self, kernel, stride, pad, ceil_mode, divisor, size);
  set_pooled(out, 0, self, dims, size, self.scalar_type(),
             dims == 2 ? format_of(self) : c10::MemoryFormat::Contiguous);
}

void avg_pool_backward_shape(Out& out, int dims, const Tensor& grad, const Tensor& self,
                             IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                             bool ceil_mode, const std::optional<int64_t>& divisor) {
  int64_t size[3];
  avg_output(dims, self, kernel, stride, pad, ceil_mode, divisor, size);
  const int64_t n = self.dim();
  for (int64_t d = n - dims - 1; d < n; ++d) {
    const int64_t want = d >= n - dims ? size[d - (n - dims)] : self.sizes()[d];
    TORCH_CHECK(grad.dim() == n && grad.sizes()[d] == want, "Expected a tensor of dimension ", n,
                " and tensor.size[", d, "] == ", want, " but got: dimension ", grad.dim(),
                " and tensor.size[", d, "] = ", d < grad.dim() ? grad.sizes()[d] : 0);
  }
  set_as_self(out, self, dims == 2 ? format_of(self) : c10::MemoryFormat::Contiguous);
}

namespace {
void check_adaptive(const Tensor& self, int dims, const char* name) {
  const int64_t n = self.dim();
  TORCH_CHECK(n == dims + 1 || n == dims + 2, name, "(): Expected ", dims + 1, "D or ", dims + 2,
              "D tensor, but got: ", self.sizes());
  for (int64_t d = n - dims; d < n; ++d)
    TORCH_CHECK(self.sizes()[d] > 0, name,
                "(): Expected input to have non-zero size for non-batch dimensions, but input has "
                "sizes ",
                self.sizes(), " with dimension ", d, " being empty");
}
}  // namespace

void adaptive_avg_shape(Out& out, int dims, const Tensor& self, IntArrayRef size) {
  const char* name = dims == 2 ? "adaptive_avg_pool2d" : "adaptive_avg_pool3d";
  TORCH_CHECK(static_cast<int>(size.size()) == dims, name, ": output_size must be ", dims);
  check_adaptive(self, dims, name);
  set_pooled(out, 0, self, dims, size.data(), self.scalar_type(),
             dims == 2 ? format_of(self) : c10::MemoryFormat::Contiguous);
}

void adaptive_max_shape(Out& out, int dims, const Tensor& self, IntArrayRef size) {
  const char* name = dims == 2 ? "adaptive_max_pool2d" : "adaptive_max_pool3d";
  check_adaptive(self, dims, name);
  TORCH_CHECK(static_cast<int>(size.size()) == dims, name,
              "(): internal error: output_size.size() must be ", dims);
  const auto format = dims == 2 ? format_of(self) : c10::MemoryFormat::Contiguous;
  set_pooled(out, 0, self, dims, size.data(), self.scalar_type(), format);
  set_pooled(out, 1, self, dims, size.data(), ScalarType::Long, format);
}

void adaptive_backward_shape(Out& out, int dims, bool max, const Tensor& grad, const Tensor& self) {
  (void)max;
  TORCH_CHECK(grad.dim() == self.dim(), "Expected dimensions ", self.dim(),
              " for `grad_output` but got dimensions ", grad.dim());
  TORCH_CHECK(grad.scalar_type() == self.scalar_type(), "expected dtype ", self.scalar_type(),
              " for `grad_output` but got dtype ", grad.scalar_type());
  set_as_self(out, self, dims == 2 ? format_of(self) : c10::MemoryFormat::Contiguous);
}

namespace {
void check_indices(const Tensor& indices) {
  TORCH_CHECK(indices.scalar_type() == ScalarType::Long,
              "elements in indices should be type int64 but got: ", indices.scalar_type());
}
void check_unpool_shape(const Tensor& self, const Tensor& indices) {
  TORCH_CHECK(self.sizes().equals(indices.sizes()),
              "Expected shape of indices to be same as that of the input tensor (", self.sizes(),
              ") but got indices tensor with shape: ", indices.sizes());
  for (int64_t d = 1; d < self.dim(); ++d)
    TORCH_CHECK(self.sizes()[d] > 0,
                "max_unpooling: Expected input to have non-zero size for non-batch dimensions, but "
                "got ",
                self.sizes(), " with dimension ", d, " being empty.");
}
}  // namespace

void max_unpool2d_shape(Out& out, const Tensor& self, const Tensor& indices, IntArrayRef size) {
  check_indices(indices);
  TORCH_CHECK(size.size() == 2,
              "There should be exactly two elements (height, width) in output_size, but got ",
              size.size(), " elements.");
  TORCH_CHECK(self.dim() == 3 || self.dim() == 4,
              "Input to max_unpooling2d should be a 3d or 4d Tensor, but got a tensor with ",
              self.dim(), " dimensions.");
  check_unpool_shape(self, indices);
  set_pooled(out, 0, self, 2, size.data(), self.scalar_type(), format_of(self));
}

void max_unpool3d_shape(Out& out, const Tensor& self, const Tensor& indices, IntArrayRef size,
                        IntArrayRef stride, IntArrayRef padding) {
  check_indices(indices);
  TORCH_CHECK(self.dim() == 4 || self.dim() == 5,
              "Input to max_unpooling3d should be a 4d or 5d Tensor, but got a tensor with ",
              self.dim(), " dimensions.");
  TORCH_CHECK(size.size() == 3,
              "There should be exactly three elements (depth, height, width) in output_size, but "
              "got ",
              size.size(), " elements.");
  TORCH_CHECK(stride.size() == 3,
              "There should be exactly three elements (depth, height, width) in stride, but got: ",
              stride.size(), " elements.");
  TORCH_CHECK(padding.size() == 3,
              "There should be exactly three elements (depth, height, width) in padding, but got: ",
              padding.size(), " elements.");
  check_unpool_shape(self, indices);
  set_pooled(out, 0, self, 3, size.data(), self.scalar_type(), c10::MemoryFormat::Contiguous);
}

// ---- forms made of others -------------------------------------------------------------------

namespace {

bool recording(const Tensor& self) { return thread_state.grad_mode && self.requires_grad(); }

// Without gradients no indices are needed.
Tensor max_pool_plain(int dims, const char* name, const Tensor& self, IntArrayRef kernel,
                      IntArrayRef stride, IntArrayRef pad, IntArrayRef dilation, bool ceil_mode) {
  int64_t size[3], strides[5];
  const Window w(dims, name, kernel, stride, pad, dilation, ceil_mode);
  w.output(self, name, size);
  int64_t shape[5];
  const int64_t lead = self.dim() - dims;
  for (int64_t d = 0; d < lead; ++d) shape[d] = self.sizes()[d];
  for (int d = 0; d < dims; ++d) shape[lead + d] = size[d];
  const IntArrayRef sizes(shape, static_cast<size_t>(self.dim()));
  const Tensor y = empty_cpu(sizes, self.scalar_type());
  const Tensor x = plain(self);
  const int64_t planes = product(sizes.slice(0, static_cast<size_t>(lead)));
  cpu::max_pool(dtype_of(self),
                cpu::make_pool_shape(dims, planes, x.sizes().data() + lead, w.kernel, w.stride,
                                     w.pad, w.dilation, ceil_mode),
                data_of(x), data_of(y), nullptr);
  const auto format = format_of(self);
  if (format == c10::MemoryFormat::Contiguous) return y;
  format_strides(sizes, format, strides);
  const Tensor last =
      empty_strided_cpu(sizes, IntArrayRef(strides, sizes.size()), self.scalar_type());
  cpu::copy_values(last, y);
  return last;
}

bool plain_float(const Tensor& self) {
  return self.is_cpu() && !self.is_neg() &&
         (self.scalar_type() == ScalarType::Float || self.scalar_type() == ScalarType::Double);
}

}  // namespace

Tensor max_pool2d(const Tensor& self, IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                  IntArrayRef dilation, bool ceil_mode) {
  if (!recording(self) && plain_float(self))
    return max_pool_plain(2, "max_pool2d", self, kernel, stride, pad, dilation, ceil_mode);
  return std::get<0>(at::max_pool2d_with_indices(self, kernel, stride, pad, dilation, ceil_mode));
}

Tensor max_pool3d(const Tensor& self, IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                  IntArrayRef dilation, bool ceil_mode) {
  if (!recording(self) && plain_float(self))
    return max_pool_plain(3, "max_pool3d", self, kernel, stride, pad, dilation, ceil_mode);
  return std::get<0>(at::max_pool3d_with_indices(self, kernel, stride, pad, dilation, ceil_mode));
}

namespace {

void check_max_pool1d(const Tensor& self, IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                      IntArrayRef dilation, bool ceil_mode) {
  const int64_t n = self.dim();
  bool valid = n == 2 || n == 3;
  for (int64_t d = n == 2 ? 0 : 1; valid && d < n; ++d) valid = self.sizes()[d] > 0;
  TORCH_CHECK(valid,
              "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size "
              "for input, but got:",
              self.sizes());
  const struct {
    const char* name;
    IntArrayRef list;
  } lists[] = {
      {"kernel_size", kernel}, {"stride", stride}, {"padding", pad}, {"dilation", dilation}};
  for (const auto& l : lists)
    TORCH_CHECK(l.list.size() == 1 || (l.list.empty() && l.name[0] == 's'), "max_pool1d() ", l.name,
                " must be an int, list of ints or tuple of ints of size 1 but got size ",
                l.list.size());
  const int64_t k = kernel[0], s = stride.empty() ? k : stride[0], p = pad[0], d = dilation[0];
  TORCH_CHECK(k > 0, "max_pool1d() kernel_size must be greater than zero, but got ", k);
  TORCH_CHECK(s > 0, "max_pool1d() stride must be greater than zero, but got ", s);
  TORCH_CHECK(p >= 0, "max_pool1d() padding must be non-negative, but got ", p);
  TORCH_CHECK(p <= k / 2,
              "max_pool1d() padding should be at most half of kernel size, but got padding=", p,
              " and kernel_size=", k);
  TORCH_CHECK(d > 0, "max_pool1d() dilation must be greater than zero, but got ", d);
  const int64_t size = cpu::pool_output_size(self.size(-1), k, s, p, d, ceil_mode);
  TORCH_CHECK(size > 0, "max_pool1d() Invalid computed output size: ", size);
}

// A list of one value with another before it.
struct Pair {
  int64_t v[2];
  Pair(int64_t first, int64_t second) : v{first, second} {}
  operator IntArrayRef() const { return IntArrayRef(v, 2); }
};

void check_one(const char* op, const char* name, IntArrayRef list) {
  TORCH_CHECK(list.size() == 1, op, "() argument '", name, "' should contain one int (got ",
              list.size(), ")");
}
void check_dims_2_3(const Tensor& self, const char* op) {
  TORCH_CHECK(self.dim() == 2 || self.dim() == 3, "Expected 2 to 3 dimensions, but got ",
              self.dim(),
              "-dimensional tensor for argument #1 'self' (while checking arguments for ", op, ")");
}

}  // namespace

std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& self, IntArrayRef kernel,
                                                   IntArrayRef stride, IntArrayRef pad,
                                                   IntArrayRef dilation, bool ceil_mode) {
  check_dims_2_3(self, "max_pool1d");
  check_one("max_pool1d", "kernel_size", kernel);
  if (!stride.empty()) check_one("max_pool1d", "stride", stride);
  check_one("max_pool1d", "padding", pad);
  check_one("max_pool1d", "dilation", dilation);
  const int64_t s = stride.empty() ? kernel[0] : stride[0];
  auto [y, indices] =
      at::max_pool2d_with_indices(self.unsqueeze(-2), Pair(1, kernel[0]), Pair(1, s),
                                  Pair(0, pad[0]), Pair(1, dilation[0]), ceil_mode);
  return {y.squeeze(-2), indices.squeeze(-2)};
}

Tensor max_pool1d(const Tensor& self, IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                  IntArrayRef dilation, bool ceil_mode) {
  check_max_pool1d(self, kernel, stride, pad, dilation, ceil_mode);
  if (!c10::isFloatingType(self.scalar_type())) no_kernel("max_pool1d_impl", self.scalar_type());
  const int64_t s = stride.empty() ? kernel[0] : stride[0];
  return at::max_pool2d(self.unsqueeze(-2), Pair(1, kernel[0]), Pair(1, s), Pair(0, pad[0]),
                        Pair(1, dilation[0]), ceil_mode)
      .squeeze(-2);
}

Tensor avg_pool1d(const Tensor& self, IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                  bool ceil_mode, bool count_include_pad) {
  const IntArrayRef s = stride.empty() ? kernel : stride;
  check_dims_2_3(self, "avg_pool1d");
  check_one("avg_pool1d", "kernel_size", kernel);
  check_one("avg_pool1d", "stride", s);
  check_one("avg_pool1d", "padding", pad);
  return at::avg_pool2d(self.unsqueeze(-2), Pair(1, kernel[0]), Pair(1, s[0]), Pair(0, pad[0]),
                        ceil_mode, count_include_pad)
      .squeeze(-2);
}

Tensor adaptive_avg_pool1d(const Tensor& self, IntArrayRef size) {
  check_dims_2_3(self, "adaptive_avg_pool1d");
  check_one("adaptive_avg_pool1d", "output_size", size);
  return at::adaptive_avg_pool2d(self.unsqueeze(-2), Pair(1, size[0])).squeeze(-2);
}

std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& self, IntArrayRef size) {
  check_dims_2_3(self, "adaptive_max_pool1d");
  check_one("adaptive_max_pool1d", "output_size", size);
  auto [y, indices] = at::adaptive_max_pool2d(self.unsqueeze(-2), Pair(1, size[0]));
  return {y.squeeze(-2), indices.squeeze(-2)};
}

namespace {
void check_adaptive_size(const char* name, int dims, IntArrayRef size) {
  TORCH_CHECK(static_cast<int>(size.size()) == dims, name, ": output_size must be ", dims);
  std::string list;
  bool ok = true;
  for (int64_t s : size) {
    list += (list.empty() ? "" : ", ") + std::to_string(s);
    ok = ok && s >= 0;
  }
  TORCH_CHECK(ok, name,
              ": elements of output_size must be greater than or equal to 0 but received {", list,
              "}");
}
}  // namespace

Tensor adaptive_avg_pool2d(const Tensor& self, IntArrayRef size) {
  check_adaptive_size("adaptive_avg_pool2d", 2, size);
  if (size[0] != 1 || size[1] != 1) return at::_adaptive_avg_pool2d(self, size);
  const int64_t dims[] = {-1, -2};
  Tensor y = self.mean(IntArrayRef(dims), true);
  if (format_of(self) == c10::MemoryFormat::ChannelsLast) {
    const int64_t n = self.size(0), c = self.size(1);
    y.as_strided_({n, c, 1, 1}, {c, 1, c, c});
  }
  return y;
}

Tensor adaptive_avg_pool3d(const Tensor& self, IntArrayRef size) {
  check_adaptive_size("adaptive_avg_pool3d", 3, size);
  if (size[0] != 1 || size[1] != 1 || size[2] != 1) return at::_adaptive_avg_pool3d(self, size);
  const int64_t dims[] = {-1, -2, -3};
  Tensor y = self.mean(IntArrayRef(dims), true);
  if (self.dim() == 5 && format_of(self) == c10::MemoryFormat::ChannelsLast3d) {
    const int64_t n = self.size(0), c = self.size(1);
    y.as_strided_({n, c, 1, 1, 1}, {c, 1, c, c, c});
  }
  return y;
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor max_pool_double_backward(const Tensor& grad, const Tensor& indices, int64_t dim) {
  if (indices.numel() == 0) return at::empty_like(indices, grad.options());
  std::vector<int64_t> flat(indices.sizes().begin(), indices.sizes().end() - dim);
  flat.push_back(-1);
  return grad.reshape(flat).gather(-1, indices.reshape(flat)).view(indices.sizes());
}

Tensor adaptive_avg_again(const Tensor& grad, IntArrayRef sizes, int64_t dims) {
  const IntArrayRef size = sizes.slice(sizes.size() - static_cast<size_t>(dims));
  return dims == 2 ? at::_adaptive_avg_pool2d(grad, size) : at::_adaptive_avg_pool3d(grad, size);
}

}  // namespace pharos::backward
