// Interpolation: checks, shapes, and the forms that take scale factors.
#include <pharos/ops/functions.h>

#include <string>
#include <vector>

#include "ops/geometry.h"
#include "ops/pool/pool.h"
#include "ops/pool_decls.h"

namespace pharos::ops {
namespace {

using OptDouble = std::optional<double>;
using OptDoubles = std::optional<at::ArrayRef<double>>;

std::string named_sizes(int dims, const int64_t* sizes) {
  const char* const names[] = {"D", "H", "W"};
  std::string s;
  for (int i = 0; i < dims; ++i)
    s += (i ? ", " : "") + std::string(names[3 - dims + i]) + ": " + std::to_string(sizes[i]);
  return s;
}

void check_sizes(int dims, IntArrayRef input, IntArrayRef size) {
  TORCH_CHECK(static_cast<int>(size.size()) == dims, "It is expected output_size equals to ", dims,
              ", but got size ", size.size());
  TORCH_CHECK(static_cast<int>(input.size()) == dims + 2, "It is expected input_size equals to ",
              dims + 2, ", but got size ", input.size());
  bool positive = true;
  for (int i = 0; i < dims; ++i)
    positive =
        positive && input[static_cast<size_t>(i) + 2] > 0 && size[static_cast<size_t>(i)] > 0;
  TORCH_CHECK(positive, "Input and output sizes should be greater than 0, but got input (",
              named_sizes(dims, input.data() + 2), dims == 1 ? ") and output (" : ") output (",
              named_sizes(dims, size.data()), ")");
}

void set_like_format(Out& out, const Tensor& like, IntArrayRef sizes) {
  const auto last =
      sizes.size() == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
  if (sizes.size() < 4 || like.suggest_memory_format() != last)
    return out.set(0, sizes, like.scalar_type(), like.device());
  int64_t strides[5];
  format_strides(sizes, last, strides);
  out.set_strided(0, sizes, IntArrayRef(strides, sizes.size()), like.scalar_type(), like.device());
}

struct Target {
  std::vector<int64_t> size;
  OptDouble scale(size_t i) const { return i < scales.size() ? OptDouble(scales[i]) : OptDouble(); }
  std::vector<double> scales;
};

Target target_of(const Tensor& input, int dims, at::OptionalIntArrayRef size,
                 const OptDoubles& factors) {
  Target t;
  TORCH_CHECK(size.has_value() != factors.has_value(),
              "Must specify exactly one of output_size and scale_factors");
  if (size.has_value()) {
    TORCH_CHECK(static_cast<int>(size->size()) == input.dim() - 2,
                "output_size must have one value per spatial dim");
    t.size = size->vec();
    return t;
  }
  TORCH_CHECK(static_cast<int>(factors->size()) == input.dim() - 2 &&
                  static_cast<int>(factors->size()) == dims,
              "scale_factors must have one value per spatial dim");
  for (int i = 0; i < dims; ++i) {
    const double f = (*factors)[static_cast<size_t>(i)];
    t.scales.push_back(f);
    t.size.push_back(static_cast<int64_t>(static_cast<double>(input.size(i + 2)) * f));
  }
  return t;
}

}  // namespace

void upsample_shape(Out& out, int dims, const Tensor& self, IntArrayRef size) {
  check_sizes(dims, self.sizes(), size);
  bool filled = true;
  for (int64_t d = 1; d < self.dim(); ++d) filled = filled && self.sizes()[d] > 0;
  TORCH_CHECK(filled, "Non-empty ", dims + 2, "D data tensor expected but got a tensor with sizes ",
              self.sizes());
  int64_t sizes[5] = {self.sizes()[0], self.sizes()[1]};
  for (int i = 0; i < dims; ++i) sizes[i + 2] = size[static_cast<size_t>(i)];
  set_like_format(out, self, IntArrayRef(sizes, static_cast<size_t>(dims + 2)));
}

void upsample_backward_shape(Out& out, int dims, const Tensor& grad, IntArrayRef size,
                             IntArrayRef input_size) {
  check_sizes(dims, input_size, size);
  TORCH_CHECK(grad.dim() == dims + 2, "Expected grad_output to be a tensor of dimension ", dims + 2,
              " but got: dimension ", grad.dim());
  for (int d = 0; d < dims + 2; ++d) {
    const int64_t want =
        d < 2 ? input_size[static_cast<size_t>(d)] : size[static_cast<size_t>(d) - 2];
    TORCH_CHECK(grad.sizes()[d] == want,
                "Expected grad_output to have the same shape as output; output.size(", d,
                ") = ", want, " but got grad_output.size(", d, ") = ", grad.sizes()[d]);
  }
  set_like_format(out, grad, input_size);
}

#define NEAREST_FORMS(prefix, name)                                                        \
  Tensor prefix##1d_vec(const Tensor& input, at::OptionalIntArrayRef size, OptDoubles f) { \
    const Target t = target_of(input, 1, size, f);                                         \
    return at::name##1d(input, t.size, t.scale(0));                                        \
  }                                                                                        \
  Tensor prefix##2d_vec(const Tensor& input, at::OptionalIntArrayRef size, OptDoubles f) { \
    const Target t = target_of(input, 2, size, f);                                         \
    return at::name##2d(input, t.size, t.scale(0), t.scale(1));                            \
  }                                                                                        \
  Tensor prefix##3d_vec(const Tensor& input, at::OptionalIntArrayRef size, OptDoubles f) { \
    const Target t = target_of(input, 3, size, f);                                         \
    return at::name##3d(input, t.size, t.scale(0), t.scale(1), t.scale(2));                \
  }
NEAREST_FORMS(upsample_nearest, upsample_nearest)
NEAREST_FORMS(upsample_exact, _upsample_nearest_exact)
#undef NEAREST_FORMS

Tensor upsample_linear1d_vec(const Tensor& input, at::OptionalIntArrayRef size, bool align,
                             OptDoubles f) {
  const Target t = target_of(input, 1, size, f);
  return at::upsample_linear1d(input, t.size, align, t.scale(0));
}
Tensor upsample_bilinear2d_vec(const Tensor& input, at::OptionalIntArrayRef size, bool align,
                               OptDoubles f) {
  const Target t = target_of(input, 2, size, f);
  return at::upsample_bilinear2d(input, t.size, align, t.scale(0), t.scale(1));
}
Tensor upsample_bicubic2d_vec(const Tensor& input, at::OptionalIntArrayRef size, bool align,
                              OptDoubles f) {
  const Target t = target_of(input, 2, size, f);
  return at::upsample_bicubic2d(input, t.size, align, t.scale(0), t.scale(1));
}
Tensor upsample_trilinear3d_vec(const Tensor& input, at::OptionalIntArrayRef size, bool align,
                                OptDoubles f) {
  const Target t = target_of(input, 3, size, f);
  return at::upsample_trilinear3d(input, t.size, align, t.scale(0), t.scale(1), t.scale(2));
}

}  // namespace pharos::ops
