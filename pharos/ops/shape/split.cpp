// Cutting a tensor into views of its parts.
#include <pharos/ops/functions.h>

#include "ops/geometry.h"
#include "ops/shape/shape.h"
#include "ops/shape_decls.h"

namespace pharos::ops {
namespace {

// The range [start, start + length) of dim d as an untracked view.
Tensor piece(const Tensor& self, int64_t d, int64_t start, int64_t length) {
  Geometry g(self);
  g.size[d] = length;
  return g.view(self, start * g.stride[d]);
}

}  // namespace

std::vector<Tensor> unbind(const Tensor& self, int64_t dim) {
  TORCH_CHECK_INDEX(self.dim() > 0, "Dimension specified as ", dim,
                    " but tensor has no dimensions");
  const int64_t d = wrap(dim, self.dim());
  Geometry g(self);
  const int64_t count = g.size[d], stride = g.stride[d];
  g.erase(d);
  std::vector<Tensor> out;
  out.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) out.push_back(g.view(self, i * stride));
  return out;
}

std::vector<Tensor> split(const Tensor& self, int64_t split_size, int64_t dim) {
  TORCH_CHECK(self.dim() != 0, "split expects at least a 1-dimensional tensor");
  TORCH_CHECK(split_size >= 0,
              "split expects split_size be non-negative, but got split_size=", split_size);
  const int64_t d = wrap(dim, self.dim()), size = self.size(d);
  TORCH_CHECK(split_size > 0 || size == 0,
              "split_size can only be 0 if dimension size is 0, but got dimension size of ", size);
  const int64_t count =
      split_size == 0 ? 1 : std::max<int64_t>((size + split_size - 1) / split_size, 1);
  std::vector<Tensor> out;
  out.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t start = i * split_size;
    out.push_back(piece(self, d, start, std::min(split_size, size - start)));
  }
  return out;
}

std::vector<Tensor> split_with_sizes(const Tensor& self, IntArrayRef split_sizes, int64_t dim) {
  TORCH_CHECK(self.dim() != 0, "split expects at least a 1-dimensional tensor");
  const int64_t d = wrap(dim, self.dim()), size = self.size(d);
  std::vector<Tensor> out;
  out.reserve(split_sizes.size());
  for (int64_t length : split_sizes)
    TORCH_CHECK(length >= 0,
                "split_with_sizes expects split_sizes have only non-negative entries, "
                "but got split_sizes=",
                split_sizes);
  int64_t start = 0;
  for (int64_t length : split_sizes) {
    if (start + length > size) {
      start = -1;
      break;
    }
    out.push_back(piece(self, d, start, length));
    start += length;
  }
  TORCH_CHECK(start == size, "split_with_sizes expects split_sizes to sum exactly to ", size,
              " (input tensor's size at dimension ", dim, "), but got split_sizes=", split_sizes);
  return out;
}

std::vector<Tensor> split_sizes(const Tensor& self, IntArrayRef sizes, int64_t dim) {
  return self.split_with_sizes(sizes, dim);
}

std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  TORCH_CHECK(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  TORCH_CHECK(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int64_t size = self.size(dim);
  const int64_t length = (size + chunks - 1) / chunks;
  if (length == 0 && size == 0)
    return self.split_with_sizes(std::vector<int64_t>(static_cast<size_t>(chunks), 0), dim);
  return self.split(length, dim);
}
std::vector<Tensor> unsafe_chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  TORCH_CHECK(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  TORCH_CHECK(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int64_t size = self.size(dim);
  const int64_t length = (size + chunks - 1) / chunks;
  if (length == 0 && size == 0)
    return self.unsafe_split_with_sizes(std::vector<int64_t>(static_cast<size_t>(chunks), 0), dim);
  return self.unsafe_split(length, dim);
}

std::vector<Tensor> tensor_split_sections(const Tensor& self, int64_t sections, int64_t dim) {
  TORCH_CHECK(self.dim() > 0,
              "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ",
              self.dim(), " dims");
  const int64_t d = wrap(dim, self.dim());
  TORCH_CHECK(sections > 0, "number of sections must be larger than 0, got ", sections);
  const int64_t size = self.size(d);
  std::vector<Tensor> out;
  int64_t start = 0;
  for (int64_t i = 0; i < sections; ++i) {
    const int64_t length = size / sections + (i < size % sections ? 1 : 0);
    out.push_back(self.slice(d, start, start + length));
    start += length;
  }
  return out;
}

std::vector<Tensor> tensor_split_indices(const Tensor& self, IntArrayRef indices, int64_t dim) {
  TORCH_CHECK(self.dim() > 0,
              "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ",
              self.dim(), " dims");
  const int64_t d = wrap(dim, self.dim());
  std::vector<Tensor> out;
  int64_t start = 0;
  for (int64_t end : indices) {
    out.push_back(self.slice(d, start, end));
    start = end;
  }
  out.push_back(self.slice(d, start, self.size(d)));
  return out;
}

std::vector<Tensor> tensor_split_tensor(const Tensor& self, const Tensor& where, int64_t dim) {
  TORCH_CHECK(self.dim() > 0,
              "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ",
              self.dim(), " dims");
  TORCH_CHECK(where.device().is_cpu(),
              "tensor_split expected tensor_indices_or_sections to be on cpu, but it's on ",
              where.device());
  TORCH_CHECK(where.scalar_type() == c10::kLong,
              "tensor_split expected tensor_indices_or_sections to have dtype of long, but got ",
              where.scalar_type());
  TORCH_CHECK(where.dim() <= 1,
              "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
              "one-dimensional tensor, but got a tensor with ",
              where.dim(), " dims");
  if (where.dim() == 0) return self.tensor_split(where.item().toLong(), dim);
  const Tensor plain = where.contiguous();
  const auto* p = plain.const_data_ptr<int64_t>();
  return self.tensor_split(IntArrayRef(p, static_cast<size_t>(plain.numel())), dim);
}

namespace {
void check_split(const Tensor& self, const char* name, int64_t dims) {
  TORCH_CHECK(self.dim() >= dims, "torch.", name, " requires a tensor with at least ", dims,
              " dimension, but got a tensor with ", self.dim(), " dimensions!");
}
void check_sections(const Tensor& self, const char* name, int64_t d, int64_t sections) {
  TORCH_CHECK(sections != 0 && self.size(d) % sections == 0, "torch.", name,
              " attempted to split along dimension ", d, ", but the size of the dimension ",
              self.size(d), " is not divisible by the split_size ", sections, "!");
}
}  // namespace

std::vector<Tensor> hsplit(const Tensor& self, int64_t sections) {
  check_split(self, "hsplit", 1);
  const int64_t d = self.dim() == 1 ? 0 : 1;
  check_sections(self, "hsplit", d, sections);
  return self.tensor_split(sections, d);
}
std::vector<Tensor> hsplit_array(const Tensor& self, IntArrayRef indices) {
  check_split(self, "hsplit", 1);
  return self.tensor_split(indices, self.dim() == 1 ? 0 : 1);
}
std::vector<Tensor> vsplit(const Tensor& self, int64_t sections) {
  check_split(self, "vsplit", 2);
  check_sections(self, "vsplit", 0, sections);
  return self.tensor_split(sections, 0);
}
std::vector<Tensor> vsplit_array(const Tensor& self, IntArrayRef indices) {
  check_split(self, "vsplit", 2);
  return self.tensor_split(indices, 0);
}
std::vector<Tensor> dsplit(const Tensor& self, int64_t sections) {
  check_split(self, "dsplit", 3);
  check_sections(self, "dsplit", 2, sections);
  return self.tensor_split(sections, 2);
}
std::vector<Tensor> dsplit_array(const Tensor& self, IntArrayRef indices) {
  check_split(self, "dsplit", 3);
  return self.tensor_split(indices, 2);
}

}  // namespace pharos::ops
