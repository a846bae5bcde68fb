// Margin losses over classes: several targets per row (multilabel) or one (multi).
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/loss/loss.h"
#include "ops/loss_decls.h"

namespace pharos::cpu {
namespace {

using ops::data_as;
using ops::OptTensor;
using ops::plain;

struct Rows {
  int64_t rows, cols;
};
Rows rows_of(const Tensor& self) {
  if (self.dim() <= 1) return {1, self.dim() == 0 ? 1 : self.sizes()[0]};
  return {self.sizes()[0], self.sizes()[1]};
}

ScalarType compute_type(ScalarType t) {
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}

// Writes per-row values, their sum or their mean.
void put(const Tensor& out, const std::vector<double>& rows, int64_t reduction) {
  if (reduction == at::Reduction::None && out.dim() > 0) {
    const Tensor values = empty_cpu(out.sizes(), ScalarType::Double);
    std::copy(rows.begin(), rows.end(), data_as<double>(values));
    return copy_values(out, values);
  }
  double sum = 0;
  for (double v : rows) sum += v;
  if (reduction == at::Reduction::Mean && !rows.empty()) sum /= static_cast<double>(rows.size());
  fill_value(out, sum);
}

template <class T>
T row_grad(const Tensor& grad, int64_t row, int64_t rows, int64_t reduction) {
  const T* g = data_as<const T>(grad);
  if (grad.dim() > 0 && grad.numel() > 1) return g[row];
  return reduction == at::Reduction::Mean ? g[0] / static_cast<T>(rows) : g[0];
}

void check_targets(const int64_t* t, int64_t n, int64_t classes) {
  for (int64_t i = 0; i < n; ++i)
    TORCH_CHECK(t[i] >= -1 && t[i] < classes, "argument #2 'target' is out of range");
}

}  // namespace

void multilabel_margin_loss_forward(const Tensor& out, const Tensor& is_target, const Tensor& self,
                                    const Tensor& target, int64_t reduction) {
  const Rows s = rows_of(self);
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor x = plain(self, type), t = plain(target, ScalarType::Long);
  const auto* at_target = data_as<const int64_t>(t);
  check_targets(at_target, s.rows * s.cols, s.cols);
  const Tensor marks = empty_cpu(is_target.sizes(), type);
  fill_zero(marks);
  ops::for_real("multilabel_margin_loss_forward_out_frame", type, [&](auto tag) {
    using T = decltype(tag);
    std::vector<double> sums(static_cast<size_t>(s.rows));
    for (int64_t r = 0; r < s.rows; ++r) {
      const T* xr = data_as<const T>(x) + r * s.cols;
      const int64_t* tr = at_target + r * s.cols;
      T* mark = data_as<T>(marks) + r * s.cols;
      for (int64_t k = 0; k < s.cols && tr[k] >= 0; ++k) mark[tr[k]] = 1;
      double sum = 0;
      for (int64_t k = 0; k < s.cols && tr[k] >= 0; ++k)
        for (int64_t d = 0; d < s.cols; ++d) {
          if (mark[d] != 0) continue;
          const T z = 1 - xr[tr[k]] + xr[d];
          if (!(z <= 0)) sum += static_cast<double>(z);
        }
      sums[static_cast<size_t>(r)] = sum / static_cast<double>(s.cols);
    }
    put(out, sums, reduction);
  });
  copy_values(is_target, marks);
}

void multilabel_margin_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                     const Tensor& target, int64_t reduction,
                                     const Tensor& is_target) {
  const Rows s = rows_of(self);
  const ScalarType type = compute_type(self.scalar_type());
  const Tensor x = plain(self, type), t = plain(target, ScalarType::Long), g = plain(grad, type),
               marks = plain(is_target, type), gx = empty_cpu(out.sizes(), type);
  const auto* at_target = data_as<const int64_t>(t);
  check_targets(at_target, s.rows * s.cols, s.cols);
  fill_zero(gx);
  ops::for_real("multilabel_margin_loss_backward_out_frame", type, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t r = 0; r < s.rows; ++r) {
      const T* xr = data_as<const T>(x) + r * s.cols;
      const int64_t* tr = at_target + r * s.cols;
      const T* mark = data_as<const T>(marks) + r * s.cols;
      T* to = data_as<T>(gx) + r * s.cols;
      const T step = row_grad<T>(g, r, s.rows, reduction) / static_cast<T>(s.cols);
      for (int64_t k = 0; k < s.cols && tr[k] >= 0; ++k)
        for (int64_t d = 0; d < s.cols; ++d) {
          if (mark[d] != 0 || !(1 - xr[tr[k]] + xr[d] > 0)) continue;
          to[tr[k]] -= step;
          to[d] += step;
        }
    }
  });
  copy_values(out, gx);
}

namespace {

int64_t checked_class(int64_t c, int64_t classes) {
  TORCH_CHECK(c >= 0 && c < classes, "target out of range");
  return c;
}

}  // namespace

void multi_margin_loss(const Tensor& out, const Tensor& self, const Tensor& target,
                       const c10::Scalar& p, const c10::Scalar& margin, const OptTensor& weight,
                       int64_t reduction) {
  const Rows s = rows_of(self);
  const ScalarType type = self.scalar_type();
  const Tensor x = plain(self), t = plain(target, ScalarType::Long);
  const Tensor w = weight && weight->defined() ? plain(*weight, type) : Tensor();
  const bool squared = p.to<int64_t>() == 2;
  ops::for_real("multi_margin_loss_cpu_kernel", type, [&](auto tag) {
    using T = decltype(tag);
    const T m = margin.to<T>();
    std::vector<double> sums(static_cast<size_t>(s.rows));
    for (int64_t r = 0; r < s.rows; ++r) {
      const T* xr = data_as<const T>(x) + r * s.cols;
      const int64_t c = checked_class(data_as<const int64_t>(t)[r], s.cols);
      const T wc = w.defined() ? data_as<const T>(w)[c] : T(1);
      double sum = 0;
      for (int64_t d = 0; d < s.cols; ++d) {
        const T z = m - xr[c] + xr[d];
        if (d != c && !(z <= 0)) sum += static_cast<double>((squared ? z * z : z) * wc);
      }
      sums[static_cast<size_t>(r)] = sum / static_cast<double>(s.cols);
    }
    put(out, sums, reduction);
  });
}

void multi_margin_loss_backward(const Tensor& out, const Tensor& grad, const Tensor& self,
                                const Tensor& target, const c10::Scalar& p,
                                const c10::Scalar& margin, const OptTensor& weight,
                                int64_t reduction) {
  const Rows s = rows_of(self);
  const ScalarType type = self.scalar_type();
  const Tensor x = plain(self), t = plain(target, ScalarType::Long), g = plain(grad, type),
               gx = empty_cpu(out.sizes(), type);
  const Tensor w = weight && weight->defined() ? plain(*weight, type) : Tensor();
  const bool squared = p.to<int64_t>() == 2;
  ops::for_real("multi_margin_loss_backward_cpu_kernel", type, [&](auto tag) {
    using T = decltype(tag);
    const T m = margin.to<T>();
    for (int64_t r = 0; r < s.rows; ++r) {
      const T* xr = data_as<const T>(x) + r * s.cols;
      T* to = data_as<T>(gx) + r * s.cols;
      const int64_t c = checked_class(data_as<const int64_t>(t)[r], s.cols);
      const T scale = row_grad<T>(g, r, s.rows, reduction) / static_cast<T>(s.cols) *
                      (w.defined() ? data_as<const T>(w)[c] : T(1));
      T own = 0;
      for (int64_t d = 0; d < s.cols; ++d) {
        if (d == c) continue;
        const T z = m - xr[c] + xr[d];
        const T h = z > 0 ? (squared ? 2 * z : T(1)) * scale : T(0);
        to[d] = h;
        own -= h;
      }
      to[c] = own;
    }
  });
  copy_values(out, gx);
}

}  // namespace pharos::cpu
