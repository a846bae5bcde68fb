// Padding, shuffles of channels and pixels, patches as columns.
#include <pharos/ops/functions.h>

#include "kernels/cpu/copy.h"
#include "ops/copy/copy.h"
#include "ops/copy_decls.h"
#include "ops/shape_decls.h"

namespace pharos::ops {

Tensor constant_pad_nd(const Tensor& self, IntArrayRef pad, const Scalar& value) {
  TORCH_CHECK(pad.size() % 2 == 0, "Length of pad must be even but instead it equals ", pad.size());
  const int64_t n = self.dim(), padded = static_cast<int64_t>(pad.size()) / 2;
  TORCH_CHECK(n >= padded,
              "Length of pad should be no more than twice the number of dimensions of "
              "the input. Pad length is ",
              pad.size(), "while the input has ", n, "dimensions.");
  const auto cut = [](const Tensor& t, int64_t d, int64_t before, int64_t after) {
    return t.narrow(d, before, t.size(d) - before).narrow(d, 0, t.size(d) - before - after);
  };
  // Pairs run from the last dim. Negative padding cuts the input.
  Tensor from = self;
  bool grows = false;
  for (int64_t k = 0; k < padded; ++k) {
    const int64_t before = pad[static_cast<size_t>(2 * k)],
                  after = pad[static_cast<size_t>(2 * k + 1)];
    grows = grows || before > 0 || after > 0;
    from = cut(from, n - 1 - k, std::max<int64_t>(-before, 0), std::max<int64_t>(-after, 0));
  }
  if (!grows) return from.clone();
  Geometry shape;
  for (int64_t d = 0; d < n; ++d) {
    const int64_t k = n - 1 - d;
    const auto added = [&](int64_t i) {
      return k < padded ? std::max<int64_t>(pad[static_cast<size_t>(2 * k + i)], 0) : 0;
    };
    shape.push(from.size(d) + added(0) + added(1), 0);
  }
  Tensor out = at::empty(shape.sizes(), self.options(), self.suggest_memory_format());
  out.fill_(value);
  Tensor to = out;
  for (int64_t k = 0; k < padded; ++k)
    to = cut(to, n - 1 - k, std::max<int64_t>(pad[static_cast<size_t>(2 * k)], 0),
             std::max<int64_t>(pad[static_cast<size_t>(2 * k + 1)], 0));
  to.copy_(from);
  return out;
}

namespace {

// Which element of a dim of `size` each padded position shows.
Tensor pad_index(int64_t size, int64_t before, int64_t after, bool reflect, c10::Device device) {
  const int64_t n = size + before + after;
  Tensor index = empty_cpu({n}, c10::kLong);
  auto* p = index.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) {
    int64_t at = i - before;
    if (reflect)
      at = at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
    else
      at = std::min(std::max<int64_t>(at, 0), size - 1);
    p[i] = at;
  }
  return device.is_cpu() ? index : index.to(device);
}

const char* dim_names(size_t dims) {
  return dims == 1 ? "2D or 3D" : dims == 2 ? "3D or 4D" : "4D or 5D";
}

Tensor pad_by_index(const Tensor& self, IntArrayRef padding, size_t dims, bool reflect) {
  TORCH_CHECK(padding.size() == 2 * dims, "padding size is expected to be ", 2 * dims,
              ", but got: ", padding.size());
  const auto n = static_cast<int64_t>(dims);
  bool valid = self.dim() == n + 1 || self.dim() == n + 2;
  for (int64_t d = self.dim() == n + 2 ? 1 : 0; valid && d < self.dim(); ++d)
    valid = self.size(d) != 0;
  TORCH_CHECK(valid, "Expected ", dim_names(dims),
              " (batch mode) tensor with possibly 0 batch size "
              "and other non-zero dimensions for input, but got: ",
              self.sizes());
  Tensor out = self;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t d = self.dim() - 1 - k, size = self.size(d);
    const int64_t before = padding[static_cast<size_t>(2 * k)],
                  after = padding[static_cast<size_t>(2 * k + 1)];
    TORCH_CHECK(!reflect || (before < size && after < size), "Argument #", 4 + 2 * k,
                ": Padding size should be less than the corresponding input dimension, but got: "
                "padding (",
                before, ", ", after, ") at dimension ", d, " of input ", self.sizes());
    TORCH_CHECK(size + before + after >= 1, "input (", "WHD"[k], ": ", size,
                ") is too small. Calculated output ", "WHD"[k], ": ", size + before + after);
    if (before == 0 && after == 0) continue;
    out = out.index_select(d, pad_index(size, before, after, reflect, self.device()));
  }
  const MemoryFormat format = self.suggest_memory_format();
  return out.is_same(self) ? self.clone(format) : out.contiguous(format);
}

}  // namespace

Tensor reflection_pad1d(const Tensor& self, IntArrayRef padding) {
  return pad_by_index(self, padding, 1, true);
}
Tensor reflection_pad2d(const Tensor& self, IntArrayRef padding) {
  return pad_by_index(self, padding, 2, true);
}
Tensor reflection_pad3d(const Tensor& self, IntArrayRef padding) {
  return pad_by_index(self, padding, 3, true);
}
Tensor replication_pad1d(const Tensor& self, IntArrayRef padding) {
  return pad_by_index(self, padding, 1, false);
}
Tensor replication_pad2d(const Tensor& self, IntArrayRef padding) {
  return pad_by_index(self, padding, 2, false);
}
Tensor replication_pad3d(const Tensor& self, IntArrayRef padding) {
  return pad_by_index(self, padding, 3, false);
}

namespace {

Tensor pad_circular(const Tensor& self, IntArrayRef padding) {
  const int64_t n = self.dim() - 2, padded = static_cast<int64_t>(padding.size()) / 2;
  TORCH_CHECK(padded == n, "Invalid padding size, expected ", 2 * n, " but got ", padding.size());
  Tensor out = self;
  for (int64_t k = 0; k < padded; ++k) {
    const int64_t d = self.dim() - 1 - k, size = self.size(d);
    const int64_t before = padding[static_cast<size_t>(2 * k)],
                  after = padding[static_cast<size_t>(2 * k + 1)];
    TORCH_CHECK(before <= size && after <= size,
                "Padding value causes wrapping around more than "
                "once.");
    TORCH_CHECK(before + after + size >= 0,
                "Negative padding value is resulting in an empty "
                "dimension");
    const Tensor core =
        out.slice(d, std::max<int64_t>(-before, 0), size - std::max<int64_t>(-after, 0));
    std::vector<Tensor> parts;
    if (before > 0) parts.push_back(out.slice(d, size - before, size));
    parts.push_back(core);
    if (after > 0) parts.push_back(out.slice(d, 0, after));
    out = parts.size() == 1 ? core : at::cat(parts, d);
  }
  return out.is_same(self) ? self.clone() : out;
}

}  // namespace

Tensor pad(const Tensor& self, IntArrayRef pad, c10::string_view mode,
           std::optional<double> value) {
  const int64_t n = self.dim(), length = static_cast<int64_t>(pad.size());
  TORCH_CHECK(length % 2 == 0, "Padding length must be divisible by 2");
  TORCH_CHECK(length <= n * 2,
              "Padding length should be less than or equal to two times the input "
              "dimension but got padding length ",
              length, " and input of dimension ", n);
  if (mode == "constant") return at::constant_pad_nd(self, pad, value.value_or(0.0));
  TORCH_CHECK(!value || *value == 0, "Padding mode \"", mode, "\" doesn't take in value argument");
  const int64_t pairs = length / 2;
  if (pairs >= 1 && pairs <= 3 && (n == pairs + 1 || n == pairs + 2)) {
    if (mode == "reflect")
      return pairs == 1   ? at::reflection_pad1d(self, pad)
             : pairs == 2 ? at::reflection_pad2d(self, pad)
                          : at::reflection_pad3d(self, pad);
    if (mode == "replicate")
      return pairs == 1   ? at::replication_pad1d(self, pad)
             : pairs == 2 ? at::replication_pad2d(self, pad)
                          : at::replication_pad3d(self, pad);
    if (mode == "circular") return pad_circular(self, pad);
    TORCH_CHECK_NOT_IMPLEMENTED(false, "Unrecognised padding mode ", mode);
  }
  TORCH_CHECK_NOT_IMPLEMENTED(false, "Padding size ", length, " is not supported for ", n,
                              "D input tensor.");
}

// ---- shuffles ----

namespace {

// `t` with exactly the strides of self's memory format.
Tensor in_format_of(const Tensor& self, const Tensor& t) {
  const MemoryFormat format = self.suggest_memory_format();
  int64_t strides[kMaxDims];
  format_strides(t.sizes(), format, strides);
  const IntArrayRef wanted(strides, t.sizes().size());
  if (t.strides() == wanted && !t.is_alias_of(self)) return t;
  return empty_strided_on(t.device(), t.sizes(), wanted, t.scalar_type()).copy_(t);
}

}  // namespace

Tensor pixel_shuffle(const Tensor& self, int64_t r) {
  TORCH_CHECK(self.dim() >= 3,
              "pixel_shuffle expects input to have at least 3 dimensions, but got "
              "input with ",
              self.dim(), " dimension(s)");
  TORCH_CHECK(r > 0, "pixel_shuffle expects a positive upscale_factor, but got ", r);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  TORCH_CHECK(c % (r * r) == 0,
              "pixel_shuffle expects its input's 'channel' dimension to be "
              "divisible by the square of upscale_factor, but input.size(-3)=",
              c, " is not divisible by ", r * r);
  std::vector<int64_t> outer(self.sizes().begin(), self.sizes().end() - 3), split = outer,
                                                                            shape = outer;
  const auto b = static_cast<int64_t>(outer.size());
  for (int64_t s : {c / (r * r), r, r, h, w}) split.push_back(s);
  for (int64_t s : {c / (r * r), h * r, w * r}) shape.push_back(s);
  std::vector<int64_t> order;
  for (int64_t i = 0; i < b; ++i) order.push_back(i);
  for (int64_t d : {0, 3, 1, 4, 2}) order.push_back(b + d);
  const Tensor out = self.reshape(split).permute(order).reshape(shape);
  return in_format_of(self, out);
}

Tensor pixel_unshuffle(const Tensor& self, int64_t r) {
  TORCH_CHECK(self.dim() >= 3,
              "pixel_unshuffle expects input to have at least 3 dimensions, but "
              "got input with ",
              self.dim(), " dimension(s)");
  TORCH_CHECK(r > 0, "pixel_unshuffle expects a positive downscale_factor, but got ", r);
  const int64_t c = self.size(-3), h = self.size(-2), w = self.size(-1);
  TORCH_CHECK(h % r == 0,
              "pixel_unshuffle expects height to be divisible by downscale_factor, but "
              "input.size(-2)=",
              h, " is not divisible by ", r);
  TORCH_CHECK(w % r == 0,
              "pixel_unshuffle expects width to be divisible by downscale_factor, but "
              "input.size(-1)=",
              w, " is not divisible by ", r);
  std::vector<int64_t> outer(self.sizes().begin(), self.sizes().end() - 3), split = outer,
                                                                            shape = outer;
  const auto b = static_cast<int64_t>(outer.size());
  for (int64_t s : {c, h / r, r, w / r, r}) split.push_back(s);
  for (int64_t s : {c * r * r, h / r, w / r}) shape.push_back(s);
  std::vector<int64_t> order;
  for (int64_t i = 0; i < b; ++i) order.push_back(i);
  for (int64_t d : {0, 2, 4, 1, 3}) order.push_back(b + d);
  const Tensor out = self.reshape(split).permute(order).reshape(shape);
  return in_format_of(self, out);
}

Tensor channel_shuffle(const Tensor& self, int64_t groups) {
  TORCH_CHECK(self.dim() > 2,
              "channel_shuffle expects input with > 2 dims, but got input with "
              "sizes ",
              self.sizes());
  const int64_t c = self.size(1);
  TORCH_CHECK(groups > 0,
              "Number of groups to divide channels in must be positive. Value of groups:", groups);
  TORCH_CHECK(c % groups == 0, "Number of channels must be divisible by groups. Got ", c,
              " channels and ", groups, " groups.");
  if (self.numel() == 0) return self.clone();
  std::vector<int64_t> split = self.sizes().vec();
  split[1] = c / groups;
  split.insert(split.begin() + 1, groups);
  const Tensor out = self.reshape(split).transpose(1, 2).reshape(self.sizes());
  return in_format_of(self, out);
}

// ---- patches ----

namespace {

struct Patches {
  int64_t kh, kw, dh, dw, ph, pw, sh, sw;
  int64_t rows(int64_t h) const { return (h + 2 * ph - (dh * (kh - 1) + 1)) / sh + 1; }
  int64_t columns(int64_t w) const { return (w + 2 * pw - (dw * (kw - 1) + 1)) / sw + 1; }
};

Patches patches(IntArrayRef kernel, IntArrayRef dilation, IntArrayRef padding, IntArrayRef stride) {
  TORCH_CHECK(kernel.size() == 2, "It is expected kernel_size equals to 2, but got size ",
              kernel.size());
  TORCH_CHECK(dilation.size() == 2, "It is expected dilation equals to 2, but got size ",
              dilation.size());
  TORCH_CHECK(padding.size() == 2, "It is expected padding equals to 2, but got size ",
              padding.size());
  TORCH_CHECK(stride.size() == 2, "It is expected stride equals to 2, but got size ",
              stride.size());
  const Patches p{kernel[0],  kernel[1],  dilation[0], dilation[1],
                  padding[0], padding[1], stride[0],   stride[1]};
  TORCH_CHECK(p.kh > 0 && p.kw > 0,
              "kernel size should be greater than zero, but got kernel_height: ", p.kh,
              " kernel_width: ", p.kw);
  TORCH_CHECK(p.dh > 0 && p.dw > 0,
              "dilation should be greater than zero, but got dilation_height: ", p.dh,
              " dilation_width: ", p.dw);
  TORCH_CHECK(p.ph >= 0 && p.pw >= 0, "padding should be non-negative, but got pad_height: ", p.ph,
              " pad_width: ", p.pw);
  TORCH_CHECK(p.sh > 0 && p.sw > 0,
              "stride should be greater than zero, but got stride_height: ", p.sh,
              " stride_width: ", p.sw);
  return p;
}

}  // namespace

Tensor im2col(const Tensor& self, IntArrayRef kernel_size, IntArrayRef dilation,
              IntArrayRef padding, IntArrayRef stride) {
  const Patches p = patches(kernel_size, dilation, padding, stride);
  const bool batch = self.dim() == 4;
  bool valid = batch || self.dim() == 3;
  for (int64_t d = batch ? 1 : 0; valid && d < self.dim(); ++d) valid = self.size(d) != 0;
  TORCH_CHECK(valid,
              "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other "
              "non-zero dimensions for input, but got: ",
              self.sizes());
  const Tensor x = batch ? self : self.unsqueeze(0);
  const int64_t rows = p.rows(x.size(2)), columns = p.columns(x.size(3));
  TORCH_CHECK(rows >= 1 && columns >= 1, "Given input with spatial size (", x.size(2), ", ",
              x.size(3), "), kernel_size=(", p.kh, ", ", p.kw, "), dilation=(", p.dh, ", ", p.dw,
              "), padding=(", p.ph, ", ", p.pw,
              "), calculated shape of the array of sliding blocks "
              "as (",
              rows, ", ", columns, "), but its components must be at least one.");
  const Tensor wide = p.ph || p.pw ? at::constant_pad_nd(x, {p.pw, p.pw, p.ph, p.ph}) : x;
  const int64_t sizes[] = {x.size(0), x.size(1), p.kh, p.kw, rows, columns};
  const int64_t h = wide.stride(2), w = wide.stride(3);
  const int64_t strides[] = {wide.stride(0), wide.stride(1), p.dh * h,
                             p.dw * w,       p.sh * h,       p.sw * w};
  const Tensor parts = view_of(wide, sizes, strides).clone(MemoryFormat::Contiguous);
  const Tensor out = ops::view(parts, {x.size(0), x.size(1) * p.kh * p.kw, rows * columns});
  return batch ? out : ops::squeeze_dim(out, 0);
}

Tensor col2im(const Tensor& self, IntArrayRef output_size, IntArrayRef kernel_size,
              IntArrayRef dilation, IntArrayRef padding, IntArrayRef stride) {
  const Patches p = patches(kernel_size, dilation, padding, stride);
  TORCH_CHECK(output_size.size() == 2, "It is expected output_size equals to 2, but got size ",
              output_size.size());
  const int64_t h = output_size[0], w = output_size[1];
  const bool batch = self.dim() == 3;
  bool valid = batch || self.dim() == 2;
  for (int64_t d = batch ? 1 : 0; valid && d < self.dim(); ++d) valid = self.size(d) != 0;
  TORCH_CHECK(valid,
              "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
              "non-zero dimensions for input, but got: ",
              self.sizes());
  const Tensor x = batch ? self : self.unsqueeze(0);
  TORCH_CHECK(x.size(1) % (p.kh * p.kw) == 0,
              "Expected size of input's dimension 1 to be divisible "
              "by the product of kernel_size, but got input.size(1)=",
              x.size(1), " and kernel_size=(", p.kh, ", ", p.kw, ").");
  const int64_t rows = p.rows(h), columns = p.columns(w), channels = x.size(1) / (p.kh * p.kw);
  TORCH_CHECK(x.size(2) == rows * columns, "Given output_size=(", h, ", ", w, "), kernel_size=(",
              p.kh, ", ", p.kw, "), dilation=(", p.dh, ", ", p.dw, "), padding=(", p.ph, ", ", p.pw,
              "), stride=(", p.sh, ", ", p.sw,
              "), expected size of input's dimension 2 to match the "
              "calculated number of sliding blocks ",
              rows, " * ", columns, " = ", rows * columns, ", but got input.size(2)=", x.size(2),
              ".");
  TORCH_CHECK(rows >= 1 && columns >= 1, "Given output_size=(", h, ", ", w,
              "), the array of sliding blocks (", rows, ", ", columns, ") must not be empty.");
  const Tensor parts = x.reshape({x.size(0), channels, p.kh, p.kw, rows, columns});
  Tensor wide = at::zeros({x.size(0), channels, h + 2 * p.ph, w + 2 * p.pw}, x.options());
  for (int64_t i = 0; i < p.kh; ++i)
    for (int64_t j = 0; j < p.kw; ++j)
      wide.slice(2, i * p.dh, i * p.dh + (rows - 1) * p.sh + 1, p.sh)
          .slice(3, j * p.dw, j * p.dw + (columns - 1) * p.sw + 1, p.sw)
          .add_(parts.select(2, i).select(2, j));
  const Tensor out = wide.narrow(2, p.ph, h).narrow(3, p.pw, w).contiguous();
  return batch ? out : ops::squeeze_dim(out, 0);
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor constant_pad_gradient(const Tensor& grad, IntArrayRef pad) {
  std::vector<int64_t> negated;
  for (int64_t p : pad) negated.push_back(-p);
  return at::constant_pad_nd(grad, negated, 0);
}

Tensor pad_gradient(const Tensor& grad, IntArrayRef sizes, IntArrayRef padding, bool reflect) {
  Tensor g = grad;
  const auto n = static_cast<int64_t>(sizes.size());
  for (size_t k = 0; 2 * k < padding.size(); ++k) {
    const int64_t d = n - 1 - static_cast<int64_t>(k);
    const int64_t size = sizes[static_cast<size_t>(d)];
    if (padding[2 * k] == 0 && padding[2 * k + 1] == 0) continue;
    const Tensor index =
        ops::pad_index(size, padding[2 * k], padding[2 * k + 1], reflect, g.device());
    std::vector<int64_t> shape = g.sizes().vec();
    shape[static_cast<size_t>(d)] = size;
    g = at::zeros(shape, g.options()).index_add(d, index, g);
  }
  return g;
}

}  // namespace pharos::backward
