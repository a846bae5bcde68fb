// Joining tensors: cat, stack and their kin.
#include <pharos/ops/functions.h>

#include <cstring>

#include "kernels/cpu/copy.h"
#include "kernels/cpu/parallel.h"
#include "ops/body.h"
#include "ops/copy/copy.h"
#include "ops/copy_decls.h"
#include "ops/shape_decls.h"
#include "tape/record.h"

namespace pharos::ops {
namespace {

// What a cat gives: its shape, dtype and where each piece goes.
struct Joined {
  Geometry shape;
  int64_t dim = 0;
  ScalarType dtype = ScalarType::Undefined;
  Device device{c10::DeviceType::CPU};
};

// 1-D tensors without elements have always been left out.
bool left_out(const Tensor& t) { return t.dim() == 1 && t.sizes()[0] == 0; }

void check_piece(const Tensor& t, const Tensor& first, int64_t dim, size_t i) {
  TORCH_CHECK(t.dim() == first.dim(), "Tensors must have same number of dimensions: got ",
              first.dim(), " and ", t.dim());
  for (int64_t d = 0; d < t.dim(); ++d)
    TORCH_CHECK(d == dim || t.size(d) == first.size(d),
                "Sizes of tensors must match except in dimension ", dim, ". Expected size ",
                first.size(d), " but got size ", t.size(d), " for tensor number ", i,
                " in the list.");
}

Joined plan_cat(TensorList tensors, int64_t dim) {
  TORCH_CHECK_VALUE(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  Joined j;
  const Tensor* first = nullptr;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    TORCH_CHECK(t.defined(),
                "Expected a proper Tensor but got None (or an undefined Tensor in C++)"
                " for argument #0 'tensors'");
    TORCH_CHECK(t.dim() > 0, "zero-dimensional tensor (at position ", i,
                ") cannot be concatenated");
    j.dtype = i == 0 ? t.scalar_type() : c10::promoteTypes(j.dtype, t.scalar_type());
    TORCH_CHECK(t.device().type() == tensors[0].device().type(),
                "Expected all tensors to be on the same device, but found at least two devices, ",
                tensors[0].device(), " and ", t.device(), "!");
    if (!first && !left_out(t)) first = &t;
  }
  if (!first) first = &tensors[0];
  j.device = first->device();
  j.dim = wrap(dim, first->dim());
  int64_t total = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (left_out(tensors[i])) continue;
    check_piece(tensors[i], *first, j.dim, i);
    total += tensors[i].size(j.dim);
  }
  for (int64_t d = 0; d < first->dim(); ++d) j.shape.push(first->size(d), 0);
  j.shape.size[j.dim] = total;
  MemoryFormat format = tensors[0].suggest_memory_format();
  for (const Tensor& t : tensors)
    if (t.suggest_memory_format() != format) format = MemoryFormat::Contiguous;
  format_strides(j.shape.sizes(), format, j.shape.stride);
  return j;
}

// The sizes of `t` before and after `dim` in the order of memory, if t is packed in the order that
// these strides state; false otherwise.
bool packed_like(const Tensor& t, const int64_t* order, int n) {
  int64_t expected = 1;
  for (int i = n - 1; i >= 0; --i) {
    const int64_t d = order[i];
    if (t.size(d) == 1) continue;
    if (t.stride(d) != expected) return false;
    expected *= t.size(d);
  }
  return true;
}

// Dims from the slowest to the fastest in memory, for contiguous and channels-last tensors.
bool memory_order(const Tensor& t, int64_t* order) {
  const int64_t n = t.dim();
  for (int64_t i = 0; i < n; ++i) order[i] = i;
  if (t.is_contiguous()) return true;
  const bool last =
      t.is_contiguous(MemoryFormat::ChannelsLast) || t.is_contiguous(MemoryFormat::ChannelsLast3d);
  if (!last) return false;
  for (int64_t i = 1; i + 1 < n; ++i) order[i] = i + 1;
  order[n - 1] = 1;
  return true;
}

struct Piece {
  const char* data;
  int64_t bytes;  // of one row
};

void copy_rows(char* out, const std::vector<Piece>& pieces, int64_t rows, int64_t row_bytes) {
  if (rows == 1) {
    for (const Piece& p : pieces) {
      cpu::parallel_for(0, p.bytes, 1 << 18, [&](int64_t b, int64_t e) {
        std::memcpy(out + b, p.data + b, static_cast<size_t>(e - b));
      });
      out += p.bytes;
    }
    return;
  }
  const int64_t grain = std::max<int64_t>((1 << 18) / std::max<int64_t>(row_bytes, 1), 1);
  cpu::parallel_for(0, rows, grain, [&](int64_t b, int64_t e) {
    for (int64_t r = b; r < e; ++r) {
      char* to = out + r * row_bytes;
      for (const Piece& p : pieces) {
        std::memcpy(to, p.data + r * p.bytes, static_cast<size_t>(p.bytes));
        to += p.bytes;
      }
    }
  });
}

// One memcpy per row and piece, where all are packed in the same order.
bool cat_packed(const Tensor& out, TensorList tensors, int64_t dim) {
  int64_t order[kMaxDims];
  const auto n = static_cast<int>(out.dim());
  if (!memory_order(out, order)) return false;
  std::vector<Piece> pieces;
  pieces.reserve(tensors.size());
  int at = 0;
  while (order[at] != dim) ++at;
  int64_t rows = 1, below = static_cast<int64_t>(out.itemsize());
  for (int i = 0; i < at; ++i) rows *= out.size(order[i]);
  for (int i = at + 1; i < n; ++i) below *= out.size(order[i]);
  for (const Tensor& t : tensors) {
    if (left_out(t) || t.numel() == 0) continue;
    if (t.scalar_type() != out.scalar_type() || !packed_like(t, order, n)) return false;
    pieces.push_back({t.unsafeGetTensorImpl()->data, t.size(dim) * below});
  }
  copy_rows(out.unsafeGetTensorImpl()->data, pieces, rows, out.size(dim) * below);
  return true;
}

void cat_values(const Tensor& out, TensorList tensors, int64_t dim) {
  if (out.is_meta() || out.numel() == 0) return;
  if (out.is_cpu() && cat_packed(out, tensors, dim)) return;
  Geometry g(out);
  int64_t start = 0;
  for (const Tensor& t : tensors) {
    if (left_out(t)) continue;
    g.size[dim] = t.size(dim);
    Tensor part = g.view(out, start * g.stride[dim]);
    if (out.is_cpu())
      cpu::copy_values(part, t);
    else
      part.copy_(t);
    start += t.size(dim);
  }
}

struct CatNode final : tape::ListNode {
  std::vector<int64_t> lengths;  // -1: left out
  int64_t dim = 0;
  std::string name() const override { return "CatBackward0"; }
  void run(Tensor* grads, Tensor* out) override {
    int64_t start = 0;
    for (size_t i = 0; i < lengths.size(); ++i) {
      const int64_t length = lengths[i];
      if (edges[i].fn)
        out[i] =
            length < 0 ? at::zeros({0}, grads[0].options()) : grads[0].narrow(dim, start, length);
      if (length > 0) start += length;
    }
  }
};

Tensor cat_new(TensorList tensors, const Joined& j) {
  Tensor out = empty_strided_on(j.device, j.shape.sizes(), j.shape.strides(), j.dtype);
  cat_values(out, tensors, j.dim);
  return out;
}

}  // namespace

Tensor cat(TensorList tensors, int64_t dim) {
  uint64_t key = tape::key_of(tensors);
  if (PHAROS_UNLIKELY(key & tape::kLazyKey && !(key & tape::kUndefinedKey)))
    return at::cat(op::resolved(tensors), dim);
  if (key & tape::kViewKey) key |= tape::stale_key(tensors);
  const Joined j = plan_cat(tensors, dim);
  if (PHAROS_LIKELY(!tape::records(key)) || !c10::isDifferentiableType(j.dtype))
    return cat_new(tensors, j);
  auto node = tape::make_node<CatNode>();
  node->set_edge_count(tensors.size());
  node->dim = j.dim;
  for (size_t i = 0; i < tensors.size(); ++i) {
    tape::connect(node->edges[i], tensors[i]);
    node->lengths.push_back(left_out(tensors[i]) ? -1 : tensors[i].size(j.dim));
  }
  Tensor out = cat_new(tensors, j);
  tape::set_history(out, node.get());
  return out;
}

Tensor& cat_out(TensorList tensors, int64_t dim, Tensor& out) {
  const uint64_t key = tape::key_of(tensors) | tape::key_of(out);
  op::check_out_call("cat", key);
  tape::BelowAutograd below;
  const Joined j = plan_cat(tensors, dim);
  for (size_t i = 0; i < tensors.size(); ++i)
    TORCH_CHECK(!out.is_alias_of(tensors[i]) || out.numel() == 0 || tensors[i].numel() == 0,
                "unsupported operation: the input tensors cannot refer to any of the output memory "
                "locations. Found overlap in input tensor ",
                i);
  if (key & tape::kLazyKey || out.scalar_type() != j.dtype) {
    write_result(Out::Mode::kOut, out, ops::cat(tensors, dim));
    return out;
  }
  if (out.sizes() != j.shape.sizes()) out.resize_(j.shape.sizes());
  cat_values(out, tensors, j.dim);
  tape::bump_version(out);
  return out;
}

Tensor stack(TensorList tensors, int64_t dim) {
  TORCH_CHECK(!tensors.empty(), "stack expects a non-empty TensorList");
  std::vector<Tensor> parts;
  parts.reserve(tensors.size());
  for (const Tensor& t : tensors)
    TORCH_CHECK(t.defined(),
                "Expected a proper Tensor but got None (or an undefined Tensor in C++)"
                " for argument #0 'tensors'");
  const int64_t d = wrap(dim, tensors[0].dim() + 1);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    TORCH_CHECK(t.sizes() == tensors[0].sizes(),
                "stack expects each tensor to be equal size, but got ", tensors[0].sizes(),
                " at entry 0 and ", t.sizes(), " at entry ", i);
    Geometry g(t);
    g.insert(d, 1, d < g.n ? g.size[d] * g.stride[d] : 1);
    parts.push_back(g.view(t));
  }
  return ops::cat(parts, d);
}

namespace {

template <typename F>
Tensor joined_after(TensorList tensors, const char* name, int64_t dim, F&& prepare) {
  TORCH_CHECK(!tensors.empty(), name, " expects a non-empty TensorList");
  std::vector<Tensor> parts;
  parts.reserve(tensors.size());
  for (const Tensor& t : tensors) parts.push_back(prepare(t));
  return at::cat(parts, dim);
}

}  // namespace

Tensor hstack(TensorList tensors) {
  TORCH_CHECK(!tensors.empty(), "hstack expects a non-empty TensorList");
  const int64_t dim = tensors[0].dim() <= 1 ? 0 : 1;
  return joined_after(tensors, "hstack", dim, [](const Tensor& t) { return at::atleast_1d(t); });
}
Tensor vstack(TensorList tensors) {
  return joined_after(tensors, "vstack", 0, [](const Tensor& t) { return at::atleast_2d(t); });
}
Tensor dstack(TensorList tensors) {
  return joined_after(tensors, "dstack", 2, [](const Tensor& t) { return at::atleast_3d(t); });
}
Tensor column_stack(TensorList tensors) {
  TORCH_CHECK(!tensors.empty(), "column_stack expects a non-empty TensorList");
  return joined_after(tensors, "column_stack", 1, [](const Tensor& t) {
    return t.dim() <= 1 ? t.reshape({t.numel(), 1}) : t;
  });
}

Tensor atleast_1d(const Tensor& self) { return self.dim() == 0 ? self.reshape({1}) : self; }
Tensor atleast_2d(const Tensor& self) {
  if (self.dim() == 0) return self.reshape({1, 1});
  return self.dim() == 1 ? self.unsqueeze(0) : self;
}
Tensor atleast_3d(const Tensor& self) {
  if (self.dim() == 0) return self.reshape({1, 1, 1});
  if (self.dim() == 1) return self.unsqueeze(0).unsqueeze(-1);
  return self.dim() == 2 ? self.unsqueeze(-1) : self;
}

namespace {
std::vector<Tensor> each(TensorList tensors, Tensor (*f)(const Tensor&)) {
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) out.push_back(f(t));
  return out;
}
}  // namespace

std::vector<Tensor> atleast_1d_list(TensorList tensors) { return each(tensors, &at::atleast_1d); }
std::vector<Tensor> atleast_2d_list(TensorList tensors) { return each(tensors, &at::atleast_2d); }
std::vector<Tensor> atleast_3d_list(TensorList tensors) { return each(tensors, &at::atleast_3d); }

}  // namespace pharos::ops
