// Operators of the sort family whose results have sizes that depend on data, and those made of
// other operators.
#include "ops/sort/sort.h"

#include <pharos/ops/functions.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/factory.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/sort.h"

namespace pharos::ops {

Tensor argsort(const Tensor& self, int64_t dim, bool descending) {
  return std::get<1>(at::sort(self, dim, descending));
}
Tensor argsort_stable(const Tensor& self, bool stable, int64_t dim, bool descending) {
  return std::get<1>(at::sort(self, std::optional<bool>(stable), dim, descending));
}
Tensor msort(const Tensor& self) { return std::get<0>(at::sort(self, 0, false)); }

namespace {

Tensor median_all(const Tensor& self, bool skip_nan) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex() && self.scalar_type() != c10::kBool,
                              "\"median_cpu\" not implemented for '", self.scalar_type(), "'");
  if (self.is_meta()) return at::empty({}, self.options());
  if (self.numel() == 0) {
    return scalar_cpu(std::numeric_limits<double>::quiet_NaN(), c10::kDouble)
        .to(self.scalar_type());
  }
  const Tensor flat = self.contiguous().view({-1});
  const int64_t i =
      cpu::median_line(flat.scalar_type(), static_cast<const char*>(flat.const_data_ptr()),
                       static_cast<int64_t>(flat.itemsize()), flat.numel(), skip_nan);
  return flat.select(0, i).clone();
}

}  // namespace

Tensor median(const Tensor& self) { return median_all(self, false); }
Tensor nanmedian(const Tensor& self) { return median_all(self, true); }

namespace {

using Unique = std::tuple<Tensor, Tensor, Tensor>;

Tensor none() { return empty_cpu({0}, c10::kLong); }

// Groups: `order` lists rows so that equal ones are neighbours, `same(i, j)` tells equal rows.
// Gives for each group its first row, and where asked each row's group and each group's size.
template <class Same>
Unique group(const std::vector<int64_t>& order, bool inverse, bool counts, Same same) {
  const auto n = static_cast<int64_t>(order.size());
  std::vector<int64_t> first, size;
  Tensor group_of = inverse ? empty_cpu({n}, c10::kLong) : none();
  for (int64_t i = 0; i < n; ++i) {
    const int64_t row = order[static_cast<size_t>(i)];
    if (i == 0 || !same(order[static_cast<size_t>(i) - 1], row)) {
      first.push_back(row);
      size.push_back(0);
    }
    ++size.back();
    if (inverse) group_of.data_ptr<int64_t>()[row] = static_cast<int64_t>(first.size()) - 1;
  }
  const auto groups = static_cast<int64_t>(first.size());
  Tensor chosen = empty_cpu({groups}, c10::kLong);
  std::copy(first.begin(), first.end(), chosen.data_ptr<int64_t>());
  Tensor sizes = counts ? empty_cpu({groups}, c10::kLong) : none();
  if (counts) std::copy(size.begin(), size.end(), sizes.data_ptr<int64_t>());
  return {chosen, group_of, sizes};
}

Unique unique_flat(const Tensor& self, bool sort, bool inverse, bool counts) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), "\"unique\" not implemented for '",
                              self.scalar_type(), "'");
  const Tensor flat = self.contiguous().view({-1});
  const char* p = static_cast<const char*>(flat.const_data_ptr());
  const auto item = static_cast<int64_t>(flat.itemsize());
  std::vector<int64_t> order(static_cast<size_t>(flat.numel()));
  if (sort) {
    cpu::sort_line(flat.scalar_type(), p, item, flat.numel(), false, nullptr, 0, order.data(), 1);
  } else {
    std::iota(order.begin(), order.end(), 0);
  }
  auto [chosen, group_of, sizes] = group(order, inverse, counts, [&](int64_t i, int64_t j) {
    return cpu::equal_rows(flat.scalar_type(), p + i * item, p + j * item, 1);
  });
  if (inverse) group_of = group_of.view(self.sizes());
  return {flat.index_select(0, chosen), group_of, sizes};
}

Unique unique_rows(const Tensor& self, int64_t dim, bool sort, bool inverse, bool counts) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), "\"unique_dim\" not implemented for '",
                              self.scalar_type(), "'");
  dim = wrapped_dim(dim, self.dim());
  if (self.numel() == 0) {
    int64_t empty_dims = 0;
    for (int64_t n : self.sizes()) empty_dims += n == 0;
    TORCH_CHECK(self.size(dim) == 0,
                "There are 0 sized dimensions, and they aren't selected, so "
                "unique cannot be applied");
    TORCH_CHECK(empty_dims == 1,
                "Number of zero sized dimensions is more than one, so unique "
                "cannot be applied ");
    return {self.clone(), none(), none()};
  }
  const Tensor moved = self.moveaxis(dim, 0).contiguous();
  const int64_t n = moved.size(0), width = moved.numel() / n;
  const char* p = static_cast<const char*>(moved.const_data_ptr());
  const int64_t row = width * static_cast<int64_t>(moved.itemsize());
  const auto compare = [&](int64_t i, int64_t j) {
    return cpu::compare_rows(moved.scalar_type(), p + i * row, p + j * row, width);
  };
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  if (sort) {
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t i, int64_t j) { return compare(i, j) < 0; });
  }
  auto [chosen, group_of, sizes] = group(order, inverse, counts, [&](int64_t i, int64_t j) {
    return cpu::equal_rows(moved.scalar_type(), p + i * row, p + j * row, width);
  });
  return {moved.index_select(0, chosen).moveaxis(0, dim), group_of, sizes};
}

}  // namespace

Unique unique_dim(const Tensor& self, int64_t dim, bool sorted, bool return_inverse,
                  bool return_counts) {
  return unique_rows(self, dim, true, true, true);
}
Unique unique_consecutive(const Tensor& self, bool return_inverse, bool return_counts,
                          std::optional<int64_t> dim) {
  if (!dim || (*dim == 0 && self.dim() == 1)) {
    return unique_flat(self, false, return_inverse, return_counts);
  }
  // Along a dim PyTorch gives all three, whatever was asked for.
  return unique_rows(self, *dim, false, true, true);
}
Unique unique_dim_consecutive(const Tensor& self, int64_t dim, bool return_inverse,
                              bool return_counts) {
  return unique_rows(self, dim, false, true, true);
}
std::tuple<Tensor, Tensor> unique_old(const Tensor& self, bool sorted, bool return_inverse) {
  auto [values, inverse, counts] = unique_flat(self, true, return_inverse, false);
  return {values, inverse};
}
Unique unique2(const Tensor& self, bool sorted, bool return_inverse, bool return_counts) {
  return unique_flat(self, true, return_inverse, return_counts);
}

Tensor bincount(const Tensor& self, const OptTensor& weights, int64_t minlength) {
  TORCH_CHECK_NOT_IMPLEMENTED(c10::isIntegralType(self.scalar_type(), false),
                              "\"bincount_cpu\" not implemented for '", self.scalar_type(), "'");
  TORCH_CHECK(minlength >= 0, "minlength should be >= 0");
  const Tensor flat = self.to(c10::kLong).contiguous();
  const int64_t n = flat.numel();
  if (self.dim() == 1 && n == 0) return at::zeros({minlength}, at::TensorOptions(c10::kLong));
  const int64_t* p = flat.data_ptr<int64_t>();
  TORCH_CHECK(self.dim() == 1 && *std::min_element(p, p + n) >= 0,
              "bincount only supports 1-d non-negative integral inputs.");
  const bool weighted = weights && weights->defined();
  TORCH_CHECK(!weighted || (weights->dim() == 1 && weights->size(0) == n),
              "weights should be 1-d and have the same length as input");
  const int64_t bins = std::max(*std::max_element(p, p + n) + 1, minlength);
  if (!weighted) {
    Tensor out = at::zeros({bins}, at::TensorOptions(c10::kLong));
    for (int64_t i = 0; i < n; ++i) ++out.data_ptr<int64_t>()[p[i]];
    return out;
  }
  const ScalarType t = weights->scalar_type() == c10::kFloat ? c10::kFloat : c10::kDouble;
  return at::zeros({bins}, at::TensorOptions(t)).index_add(0, flat, weights->to(t));
}

Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max) {
  TORCH_CHECK_NOT_IMPLEMENTED(self.is_floating_point(), "\"histogram_cpu\" not implemented for '",
                              self.scalar_type(), "'");
  TORCH_CHECK(bins > 0, "torch.histogram(): bins must be > 0, but got ", bins, " for dimension 0");
  double lo = min.toDouble(), hi = max.toDouble();
  if (lo == hi && self.numel() > 0) {
    lo = self.min().item().toDouble(), hi = self.max().item().toDouble();
  }
  TORCH_CHECK(std::isfinite(lo) && std::isfinite(hi), "torch.histc: range of [", lo, ", ", hi,
              "] is not finite");
  TORCH_CHECK(hi >= lo, "torch.histc: max must be larger than min");
  if (lo == hi) lo -= 1, hi += 1;
  const bool wide = self.scalar_type() == c10::kDouble;
  const Tensor x = self.to(c10::kDouble).contiguous();
  const double* p = x.data_ptr<double>();
  std::vector<double> count(static_cast<size_t>(bins));
  for (int64_t i = 0; i < x.numel(); ++i) {
    if (!(p[i] >= lo && p[i] <= hi)) continue;
    const double at =
        wide ? (p[i] - lo) * static_cast<double>(bins) / (hi - lo)
             : static_cast<double>(static_cast<float>(p[i] - lo) * static_cast<float>(bins) /
                                   static_cast<float>(hi - lo));
    ++count[static_cast<size_t>(std::min(static_cast<int64_t>(at), bins - 1))];
  }
  Tensor out = empty_cpu({bins}, c10::kDouble);
  std::copy(count.begin(), count.end(), out.data_ptr<double>());
  return out.to(self.scalar_type());
}

namespace {

bool on_right(bool right, OptStr side) {
  if (!side) return right;
  TORCH_CHECK(*side == "left" || *side == "right",
              "torch.searchsorted(): side can only be 'left' or 'right' but got ",
              std::string(*side));
  TORCH_CHECK(!right || *side == "right",
              "torch.searchsorted(): side and right can't be set to "
              "opposites, got side of ",
              std::string(*side), " while right was True");
  return *side == "right";
}

void check_search(const Tensor& bounds, const Tensor& values, const OptTensor& sorter) {
  bool match = bounds.dim() == 1;
  if (!match) {
    match = bounds.dim() == values.dim() && bounds.dim() > 0;
    for (int64_t d = 0; match && d + 1 < bounds.dim(); ++d)
      match = bounds.size(d) == values.size(d);
  }
  TORCH_CHECK(match,
              "torch.searchsorted(): boundaries tensor should be 1 dimension or the first "
              "N-1 dimensions of boundaries tensor and input value tensor must match, but we got "
              "boundaries tensor ",
              bounds.sizes(), " and input value tensor ", values.sizes());
  if (!sorter || !sorter->defined()) return;
  TORCH_CHECK(sorter->sizes().equals(bounds.sizes()),
              "torch.searchsorted(): boundary and sorter "
              "must have the same size, but got boundary tensor ",
              bounds.sizes(), "and got sorter tensor ", sorter->sizes());
  TORCH_CHECK(sorter->scalar_type() == c10::kLong,
              "torch.searchsorted(): sorter must be a tensor "
              "of long dtype but got dtype ",
              sorter->scalar_type());
  if (sorter->numel() > 0) {
    TORCH_CHECK(
        sorter->min().item().toLong() >= 0 && sorter->max().item().toLong() < sorter->size(-1),
        "torch.searchsorted(): sorter index out of range");
  }
}

}  // namespace

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    OptStr side, const OptTensor& sorter) {
  const bool to_right = on_right(right, side);
  check_search(sorted_sequence, self, sorter);
  const ScalarType type = c10::promoteTypes(sorted_sequence.scalar_type(), self.scalar_type());
  const Tensor bounds = sorted_sequence.to(type).contiguous(), values = self.to(type).contiguous();
  const Tensor order = sorter && sorter->defined() ? sorter->contiguous() : Tensor();
  const Tensor out = empty_cpu(self.sizes(), c10::kLong);
  const int64_t n = bounds.size(-1);
  const int64_t rows = bounds.dim() == 1 ? 1 : n == 0 ? 0 : bounds.numel() / n;
  const int64_t m = rows == 0 ? 0 : values.numel() / rows;
  if (rows == 0)
    return at::zeros(self.sizes(), at::TensorOptions(out_int32 ? c10::kInt : c10::kLong));
  const auto item = static_cast<int64_t>(values.itemsize());
  const char* b = static_cast<const char*>(bounds.const_data_ptr());
  const char* v = static_cast<const char*>(values.const_data_ptr());
  const int64_t piece = std::min<int64_t>(std::max<int64_t>(m, 1), 4096);
  const int64_t pieces = (m + piece - 1) / piece;
  cpu::parallel_for(0, rows * pieces, 1, [&](int64_t from, int64_t to) {
    for (int64_t t = from; t < to; ++t) {
      const int64_t r = t / pieces, at = t % pieces * piece;
      cpu::search_sorted(type, b + r * n * item, n,
                         order.defined() ? order.data_ptr<int64_t>() + r * n : nullptr,
                         v + (r * m + at) * item, std::min(piece, m - at), to_right,
                         out.data_ptr<int64_t>() + r * m + at);
    }
  });
  return out_int32 ? out.to(c10::kInt) : out;
}

namespace {
// Between whole numbers there is room for others.
Tensor wanted(const Scalar& value, const Tensor& bounds) {
  const bool between = value.isFloatingPoint() && c10::isIntegralType(bounds.scalar_type(), true);
  return scalar_cpu(value, between ? c10::kDouble : bounds.scalar_type());
}
}  // namespace

Tensor searchsorted_scalar(const Tensor& sorted_sequence, const Scalar& self, bool out_int32,
                           bool right, OptStr side, const OptTensor& sorter) {
  return at::searchsorted(sorted_sequence, wanted(self, sorted_sequence), out_int32, right, side,
                          sorter);
}

Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right) {
  TORCH_CHECK(boundaries.dim() == 1, "boundaries tensor must be 1 dimension, but got dim(",
              boundaries.dim(), ")");
  return at::searchsorted(boundaries, self, out_int32, right, std::nullopt, std::nullopt);
}
Tensor bucketize_scalar(const Scalar& self, const Tensor& boundaries, bool out_int32, bool right) {
  return at::bucketize(wanted(self, boundaries), boundaries, out_int32, right);
}

namespace {

Tensor quantile_of(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   c10::string_view how, bool skip_nan, const char* name) {
  TORCH_CHECK(self.numel() > 0, name, "() input tensor must be non-empty");
  TORCH_CHECK(q.dim() <= 1, name, "() q must be a scalar or 1D tensor");
  TORCH_CHECK(self.scalar_type() == c10::kFloat || self.scalar_type() == c10::kDouble, name,
              "() input tensor must be either float or double dtype");
  TORCH_CHECK(self.scalar_type() == q.scalar_type(), name,
              "() q tensor must be same dtype as the input tensor");
  TORCH_CHECK(
      how == "linear" || how == "lower" || how == "higher" || how == "midpoint" || how == "nearest",
      name,
      "() interpolation must be one of linear, lower, higher, midpoint or nearest, "
      "but got ",
      std::string(how));
  if (q.numel() > 0) {
    TORCH_CHECK(q.min().item().toDouble() >= 0 && q.max().item().toDouble() <= 1, name,
                "() q values must be in the range [0, 1]");
  }
  Tensor x;
  std::vector<int64_t> shape;  // of one quantile
  if (!dim) {
    x = self.reshape({-1});
    if (keepdim) shape.assign(static_cast<size_t>(self.dim()), 1);
  } else {
    const int64_t d = wrapped_dim(*dim, self.dim());
    x = self.dim() == 0 ? self.reshape({1}) : self.moveaxis(d, -1);
    shape = self.sizes().vec();
    if (keepdim && !shape.empty())
      shape[static_cast<size_t>(d)] = 1;
    else if (!shape.empty())
      shape.erase(shape.begin() + d);
  }
  const Tensor sorted = std::get<0>(at::sort(x, -1, false));
  const Tensor exact = q.to(c10::kDouble);  // ranks are counted in double
  const int64_t last = sorted.size(-1) - 1;
  Tensor ranks;
  if (skip_nan) {
    const Tensor numbers = at::sum(at::logical_not(at::isnan(sorted)), {-1}, true);
    ranks = exact.mul(numbers.sub(1));
    ranks = ranks.masked_fill(at::lt(ranks, 0), 0);
  } else {
    std::vector<int64_t> sizes = sorted.sizes().vec();
    sizes.back() = q.numel();
    ranks = exact.mul(last).reshape({-1}).expand(sizes);
    const Tensor mask = at::any(at::isnan(sorted), -1, true);
    ranks = ranks.masked_fill(mask, last);
  }
  if (how == "lower") ranks = ranks.floor();
  if (how == "higher") ranks = ranks.ceil();
  if (how == "nearest") ranks = ranks.round();
  const Tensor below = ranks.to(c10::kLong);
  Tensor values = sorted.gather(-1, below);
  if (how == "linear" || how == "midpoint") {
    const Tensor weights = how == "midpoint" ? at::full_like(ranks, 0.5) : ranks.sub(below);
    const Tensor above = sorted.gather(-1, ranks.ceil().to(c10::kLong));
    values = values.lerp(above, weights.to(values.scalar_type()));
  }
  if (q.dim() == 0) return values.squeeze(-1).reshape(shape);
  shape.insert(shape.begin(), q.numel());
  return values.moveaxis(-1, 0).reshape(shape);
}

Tensor scalar_q(const Tensor& self, double q, const char* name) {
  TORCH_CHECK(q >= 0 && q <= 1, name, "() q must be in the range [0, 1] but got ", q);
  return scalar_cpu(q, self.scalar_type());
}

}  // namespace

Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                c10::string_view interpolation) {
  return quantile_of(self, q, dim, keepdim, interpolation, false, "quantile");
}
Tensor quantile_scalar(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                       c10::string_view interpolation) {
  return at::quantile(self, scalar_q(self, q, "quantile"), dim, keepdim, interpolation);
}
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   c10::string_view interpolation) {
  return quantile_of(self, q, dim, keepdim, interpolation, true, "nanquantile");
}
Tensor nanquantile_scalar(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                          c10::string_view interpolation) {
  return at::nanquantile(self, scalar_q(self, q, "nanquantile"), dim, keepdim, interpolation);
}

namespace {

void check_isin(ScalarType t) {
  TORCH_CHECK_NOT_IMPLEMENTED(t != c10::kBool && !c10::isComplexType(t),
                              "Unsupported input type encountered for isin(): ", t);
}

}  // namespace

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool assume_unique, bool invert) {
  check_isin(elements.scalar_type());
  check_isin(test_elements.scalar_type());
  const ScalarType type = c10::promoteTypes(elements.scalar_type(), test_elements.scalar_type());
  const Tensor x = elements.to(type).contiguous();
  const Tensor sorted = std::get<0>(at::sort(test_elements.to(type).reshape({-1}), 0, false));
  const int64_t n = sorted.numel(), m = x.numel();
  const auto item = static_cast<int64_t>(x.itemsize());
  const char* b = static_cast<const char*>(sorted.const_data_ptr());
  const char* v = static_cast<const char*>(x.const_data_ptr());
  const Tensor out = empty_cpu(elements.sizes(), c10::kBool);
  bool* p = out.data_ptr<bool>();
  std::vector<int64_t> place(static_cast<size_t>(m));
  cpu::search_sorted(type, b, n, nullptr, v, m, false, place.data());
  for (int64_t i = 0; i < m; ++i) {
    const int64_t at = place[static_cast<size_t>(i)];
    p[i] = (at < n && cpu::equal_rows(type, b + at * item, v + i * item, 1)) != invert;
  }
  return out;
}

Tensor isin_scalar(const Tensor& elements, const Scalar& test_element, bool assume_unique,
                   bool invert) {
  check_isin(elements.scalar_type());
  const Tensor eq = at::eq(elements.contiguous(), test_element);
  return invert ? at::logical_not(eq) : eq;
}
Tensor isin_scalar_tensor(const Scalar& element, const Tensor& test_elements, bool assume_unique,
                          bool invert) {
  return at::isin(scalar_cpu(element, element.type()), test_elements, assume_unique, invert);
}

}  // namespace pharos::ops
