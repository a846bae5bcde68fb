// Shape rules and CPU kernels that sort or select along a dim.
#include "kernels/cpu/sort.h"

#include <pharos/ops/functions.h>

#include <cstring>

#include "core/factory.h"
#include "kernels/cpu/scan_lines.h"
#include "ops/sort/sort.h"
#include "ops/sort_decls.h"

namespace pharos::ops {

void sort_shape(Out& out, const Tensor& self, int64_t dim) {
  TORCH_CHECK_TYPE(!self.is_complex(), " Sort does not support complex dtypes on CPU");
  wrapped_dim(dim, self.dim());
  out.set_like(0, self, self.scalar_type());
  out.set_like(1, self, c10::kLong);
}

void topk_shape(Out& out, const Tensor& self, int64_t k, int64_t dim) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK(k >= 0 && k <= (self.dim() > 0 ? self.size(d) : 1), "selected index k out of range");
  TORCH_CHECK_TYPE(!self.is_complex(), " topk does not support complex dtypes on CPU");
  std::vector<int64_t> sizes = self.sizes().vec();
  if (!sizes.empty()) sizes[static_cast<size_t>(d)] = k;
  out.set(0, sizes, self.scalar_type(), self.device());
  out.set(1, sizes, c10::kLong, self.device());
}

namespace {

void set_selected(Out& out, const Tensor& self, int64_t d, bool keepdim) {
  const uint64_t mask = self.dim() ? uint64_t{1} << d : 0;
  set_reduced(out, 0, self, mask, keepdim, self.scalar_type());
  set_reduced(out, 1, self, mask, keepdim, c10::kLong);
}

}  // namespace

void median_shape(Out& out, const Tensor& self, int64_t dim, bool keepdim, const char* name) {
  const int64_t d = wrapped_dim(dim, self.dim());
  TORCH_CHECK_INDEX(self.dim() == 0 || self.size(d) != 0, name, "(): Expected reduction dim ", d,
                    " to have non-zero size.");
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), '"', name, "_cpu\" not implemented for '",
                              self.scalar_type(), "'");
  set_selected(out, self, d, keepdim);
}

void kthvalue_shape(Out& out, const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  const int64_t d = wrapped_dim(dim, self.dim());
  median_shape(out, self, dim, keepdim, "kthvalue");
  TORCH_CHECK(k >= 1 && k <= (self.dim() > 0 ? self.size(d) : 1),
              "kthvalue(): selected number k out of range for dimension ", d);
}

}  // namespace pharos::ops

namespace pharos::cpu {
namespace {

char* data(const Tensor& t) { return t.unsafeGetTensorImpl()->data; }

// Lines of self, values and indices along `dim`; where the dim was dropped its stride is 0.
struct Geometry {
  int64_t self[64] = {}, values[64] = {}, indices[64] = {};
  std::vector<int64_t> sizes;
  Geometry(const Tensor& s, const Tensor& v, const Tensor& i, int64_t dim)
      : sizes(s.sizes().vec()) {
    const auto size = static_cast<int64_t>(s.itemsize());
    const bool dropped = v.dim() < s.dim();
    for (int64_t d = 0, at = 0; d < s.dim(); ++d) {
      self[d] = s.stride(d) * size;
      if (dropped && d == dim) continue;
      values[d] = v.stride(at) * size;
      indices[d] = i.stride(at) * 8;
      ++at;
    }
    if (sizes.empty()) sizes.push_back(1);
  }
  Lines<3> lines(int64_t dim) const {
    return Lines<3>(static_cast<int>(sizes.size()), sizes.data(), static_cast<int>(dim),
                    {self, values, indices});
  }
};

void sort_into(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
               bool descending) {
  if (self.numel() == 0) return;
  dim = ops::wrapped_dim(dim, self.dim());
  const Lines<3> lines = Geometry(self, values, indices, dim).lines(dim);
  lines.for_each(
      [&](const int64_t* at) {
        sort_line(self.scalar_type(), data(self) + at[0], lines.step(0), lines.length(), descending,
                  data(values) + at[1], lines.step(1),
                  reinterpret_cast<int64_t*>(data(indices) + at[2]), lines.step(2) / 8);
      },
      16);
}

template <class F>
void select_into(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
                 F f) {
  if (values.numel() == 0) return;
  dim = ops::wrapped_dim(dim, self.dim());
  const auto size = static_cast<size_t>(self.itemsize());
  const Lines<3> lines = Geometry(self, values, indices, dim).lines(dim);
  lines.for_each(
      [&](const int64_t* at) {
        const char* src = data(self) + at[0];
        const int64_t i = f(src, lines.step(0), lines.length());
        std::memcpy(data(values) + at[1], src + i * lines.step(0), size);
        *reinterpret_cast<int64_t*>(data(indices) + at[2]) = i;
      },
      8);
}

}  // namespace

void sort(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
          bool descending) {
  sort_into(values, indices, self, dim, descending);
}
void sort_stable(const Tensor& values, const Tensor& indices, const Tensor& self,
                 std::optional<bool> stable, int64_t dim, bool descending) {
  sort_into(values, indices, self, dim, descending);
}

void topk(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t k, int64_t dim,
          bool largest, bool sorted) {
  if (values.numel() == 0) return;
  if (self.dim() == 0) {  // whatever k is
    std::memcpy(values.data_ptr(), self.data_ptr(), self.itemsize());
    *indices.data_ptr<int64_t>() = 0;
    return;
  }
  dim = ops::wrapped_dim(dim, self.dim());
  const Lines<3> lines = Geometry(self, values, indices, dim).lines(dim);
  lines.for_each(
      [&](const int64_t* at) {
        top_line(self.scalar_type(), data(self) + at[0], lines.step(0), lines.length(), k, largest,
                 sorted, data(values) + at[1], lines.step(1),
                 reinterpret_cast<int64_t*>(data(indices) + at[2]), lines.step(2) / 8);
      },
      4);
}

void kthvalue(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t k,
              int64_t dim, bool keepdim) {
  select_into(values, indices, self, dim, [&](const char* src, int64_t stride, int64_t n) {
    return select_line(self.scalar_type(), src, stride, n, k - 1);
  });
}
void median_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
                bool keepdim) {
  select_into(values, indices, self, dim, [&](const char* src, int64_t stride, int64_t n) {
    return median_line(self.scalar_type(), src, stride, n, false);
  });
}
void nanmedian_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
                   bool keepdim) {
  select_into(values, indices, self, dim, [&](const char* src, int64_t stride, int64_t n) {
    return median_line(self.scalar_type(), src, stride, n, true);
  });
}
void mode(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
          bool keepdim) {
  select_into(values, indices, self, dim, [&](const char* src, int64_t stride, int64_t n) {
    return mode_line(self.scalar_type(), src, stride, n);
  });
}

}  // namespace pharos::cpu
