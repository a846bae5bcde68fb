// Contractions over named or numbered dims: einsum, tensordot, and products made of them.
#include <pharos/ops/functions.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ops/geometry.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg_decls.h"

namespace pharos::ops {

using Ints = std::vector<int64_t>;

Tensor tensordot(const Tensor& self, const Tensor& other, IntArrayRef dims_self,
                 IntArrayRef dims_other) {
  TORCH_CHECK(dims_self.size() == dims_other.size(),
              "both dimension lists should have same length");
  TORCH_CHECK(self.scalar_type() == other.scalar_type(), "both inputs should have same dtype");
  Tensor a = self, b = other;
  std::vector<bool> in_a(static_cast<size_t>(a.dim())), in_b(static_cast<size_t>(b.dim()));
  Ints da, db;
  int64_t inner = 1;
  for (size_t i = 0; i < dims_self.size(); ++i) {
    da.push_back(wrap(dims_self[i], a.dim()));
    db.push_back(wrap(dims_other[i], b.dim()));
    TORCH_CHECK(!in_a[static_cast<size_t>(da[i])] && !in_b[static_cast<size_t>(db[i])], "dim ",
                da[i], " appears multiple times in the list of dims");
    in_a[static_cast<size_t>(da[i])] = in_b[static_cast<size_t>(db[i])] = true;
    const int64_t s1 = a.size(da[i]), s2 = b.size(db[i]);
    if (s2 == 1)
      a = a.sum(da[i], true, a.scalar_type());
    else if (s1 == 1)
      b = b.sum(db[i], true, b.scalar_type());
    else
      TORCH_CHECK(s1 == s2, "contracted dimensions need to match, but first has size ", s1,
                  " in dim ", dims_self[i], " and second has size ", s2, " in dim ", dims_other[i]);
    inner *= a.size(da[i]);
  }
  Ints pa, pb = db, shape;
  int64_t rows = 1, cols = 1;
  for (int64_t d = 0; d < a.dim(); ++d) {
    if (in_a[static_cast<size_t>(d)]) continue;
    pa.push_back(d);
    rows *= a.size(d);
    shape.push_back(a.size(d));
  }
  pa.insert(pa.end(), da.begin(), da.end());
  for (int64_t d = 0; d < b.dim(); ++d) {
    if (in_b[static_cast<size_t>(d)]) continue;
    pb.push_back(d);
    cols *= b.size(d);
    shape.push_back(b.size(d));
  }
  return a.permute(pa)
      .reshape({rows, inner})
      .mm(b.permute(pb).reshape({inner, cols}))
      .reshape(shape);
}

namespace {

// Letters are numbered 0..51, the dims of the ellipsis above.
constexpr int kEllipsis = 52;

int letter(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  return c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}
char name_of_letter(int i) { return static_cast<char>(i < 26 ? 'A' + i : 'a' + i - 26); }

struct Equation {
  std::vector<std::vector<int>> operands;
  std::vector<int> output;
  bool arrow = false;
};

Equation parse(c10::string_view text, size_t count) {
  const size_t arrow = text.find("->");
  const size_t end = arrow == c10::string_view::npos ? text.size() : arrow;
  Equation e;
  e.arrow = arrow != c10::string_view::npos;
  e.operands.emplace_back();
  bool ellipsis = false;
  for (size_t i = 0; i < end; ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == '.') {
      TORCH_CHECK(!ellipsis, "einsum(): found '.' for operand ", e.operands.size() - 1,
                  " for which an ellipsis was already found");
      TORCH_CHECK(i + 2 < end && text[i + 1] == '.' && text[i + 2] == '.',
                  "einsum(): found '.' for operand ", e.operands.size() - 1,
                  " that is not part of any ellipsis");
      i += 2;
      e.operands.back().push_back(kEllipsis);
      ellipsis = true;
    } else if (c == ',') {
      e.operands.emplace_back();
      TORCH_CHECK(e.operands.size() <= count,
                  "einsum(): fewer operands were provided than specified in the equation");
      ellipsis = false;
    } else {
      TORCH_CHECK(letter(c) >= 0, "einsum(): invalid subscript given at index ", i,
                  " in the equation string, subscripts must be in [a-zA-Z]");
      e.operands.back().push_back(letter(c));
    }
  }
  TORCH_CHECK(e.operands.size() == count,
              "einsum(): more operands were provided than specified in the equation");
  if (!e.arrow) return e;
  ellipsis = false;
  for (size_t i = arrow + 2; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == '.') {
      TORCH_CHECK(!ellipsis,
                  "einsum(): found '.' for output but an ellipsis (...) was already "
                  "found");
      TORCH_CHECK(i + 2 < text.size() && text[i + 1] == '.' && text[i + 2] == '.',
                  "einsum(): found '.' for output that is not part of any ellipsis (...)");
      i += 2;
      e.output.push_back(kEllipsis);
      ellipsis = true;
    } else {
      TORCH_CHECK(letter(c) >= 0, "einsum(): invalid subscript given at index ", i,
                  " in the equation string, subscripts must be in [a-zA-Z]");
      e.output.push_back(letter(c));
    }
  }
  return e;
}

// How many dims the ellipsis of the operands covers at most; checks subscripts against dims.
int64_t ellipsis_dims(const Equation& e, at::TensorList operands) {
  int64_t most = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    const auto& labels = e.operands[i];
    const auto n = static_cast<int64_t>(labels.size());
    const bool has = std::find(labels.begin(), labels.end(), kEllipsis) != labels.end();
    const int64_t dims = operands[i].dim();
    if (has) {
      TORCH_CHECK(n - 1 <= dims, "einsum(): the number of subscripts in the equation (", n - 1,
                  ") is more than the number of dimensions (", dims, ") for operand ", i);
      most = std::max(most, dims - (n - 1));
    } else {
      TORCH_CHECK(n == dims, "einsum(): the number of subscripts in the equation (", n,
                  ") does not match the number of dimensions (", dims, ") for operand ", i,
                  " and no ellipsis was given");
    }
  }
  return most;
}

// Where each label stands in the permuted operands: the output's first, then the summed ones.
struct Places {
  int64_t of[kEllipsis];
  int64_t ellipsis = -1;
  int64_t out_dims = 0, all_dims = 0;
};

Places place(const Equation& e, int64_t ell) {
  Places p;
  int64_t uses[kEllipsis] = {};
  for (const auto& op : e.operands)
    for (int l : op)
      if (l < kEllipsis) ++uses[l];
  std::fill(p.of, p.of + kEllipsis, -1);
  int64_t next = 0;
  if (!e.arrow) {
    p.ellipsis = next;
    next += ell;
    for (int l = 0; l < kEllipsis; ++l)
      if (uses[l] == 1) p.of[l] = next++;
  } else {
    for (int l : e.output) {
      if (l == kEllipsis) {
        p.ellipsis = next;
        next += ell;
        continue;
      }
      TORCH_CHECK(p.of[l] == -1, "einsum(): output subscript ", name_of_letter(l),
                  " appears more than once in the output");
      TORCH_CHECK(uses[l] > 0, "einsum(): output subscript ", name_of_letter(l),
                  " does not appear in the equation for any input operand");
      p.of[l] = next++;
    }
  }
  p.out_dims = next;
  if (p.ellipsis < 0) {  // summed over
    p.ellipsis = next;
    next += ell;
  }
  for (int l = 0; l < kEllipsis; ++l)
    if (uses[l] > 0 && p.of[l] < 0) p.of[l] = next++;
  p.all_dims = next;
  return p;
}

// The operand with repeated labels on their diagonal, permuted, and size 1 where it has no label.
Tensor arranged(const Tensor& operand, const std::vector<int>& labels, const Places& p, int64_t ell,
                size_t index) {
  Tensor t = operand;
  Ints order(static_cast<size_t>(p.all_dims), -1);
  int64_t dim = 0;
  for (int l : labels) {
    if (l == kEllipsis) {
      const int64_t covered = operand.dim() - static_cast<int64_t>(labels.size()) + 1;
      for (int64_t k = ell - covered; k < ell; ++k)
        order[static_cast<size_t>(p.ellipsis + k)] = dim++;
    } else if (order[static_cast<size_t>(p.of[l])] >= 0) {
      const int64_t first = order[static_cast<size_t>(p.of[l])];
      TORCH_CHECK(t.size(dim) == t.size(first), "einsum(): subscript ", name_of_letter(l),
                  " is repeated for operand ", index, " but the sizes don't match, ", t.size(dim),
                  " != ", t.size(first));
      t = t.diagonal(0, first, dim).movedim(-1, first);
    } else {
      order[static_cast<size_t>(p.of[l])] = dim++;
    }
  }
  for (int64_t& d : order) {
    if (d >= 0) continue;
    t = t.unsqueeze(dim);
    d = dim++;
  }
  return t.permute(order);
}

// Sums over `sum` dims the product of two operands of the same number of dims (sizes 1 broadcast),
// as one batched matrix product.
Tensor sum_product(Tensor a, Tensor b, const std::vector<bool>& sum) {
  Ints batch, only_a, only_b, summed;
  for (int64_t d = 0; d < a.dim(); ++d) {
    const bool sa = a.size(d) != 1, sb = b.size(d) != 1;
    if (sum[static_cast<size_t>(d)]) {
      if (sa && sb) {
        summed.push_back(d);
      } else {
        if (sa) a = a.sum(d, true, a.scalar_type());
        if (sb) b = b.sum(d, true, b.scalar_type());
        only_b.push_back(d);
      }
    } else if (sa && sb) {
      batch.push_back(d);
    } else if (sa) {
      only_a.push_back(d);
    } else {
      only_b.push_back(d);
    }
  }
  if (summed.empty() && (only_a.empty() || only_b.empty() || batch.empty())) return a * b;
  auto numel = [](const Tensor& t, const Ints& dims) {
    int64_t n = 1;
    for (int64_t d : dims) n *= t.size(d);
    return n;
  };
  Ints shape;
  for (int64_t d : batch) shape.push_back(a.size(d));
  for (int64_t d : only_a) shape.push_back(a.size(d));
  for (size_t i = 0; i < summed.size(); ++i) shape.push_back(1);
  for (int64_t d : only_b) shape.push_back(b.size(d));
  auto concat = [](std::initializer_list<const Ints*> lists) {
    Ints all;
    for (const Ints* l : lists) all.insert(all.end(), l->begin(), l->end());
    return all;
  };
  const Ints order_a = concat({&batch, &only_a, &summed, &only_b});
  const Ints order_b = concat({&batch, &summed, &only_b, &only_a});
  const int64_t nb = numel(a, batch), ns = numel(a, summed);
  const Tensor left = a.permute(order_a).reshape({nb, numel(a, only_a), ns});
  const Tensor right = b.permute(order_b).reshape({nb, ns, numel(b, only_b)});
  Ints back(order_a.size());
  for (size_t i = 0; i < order_a.size(); ++i)
    back[static_cast<size_t>(order_a[i])] = static_cast<int64_t>(i);
  return left.bmm(right).view(shape).permute(back);
}

}  // namespace

Tensor einsum(c10::string_view equation, at::TensorList tensors, at::OptionalIntArrayRef path) {
  TORCH_CHECK(!tensors.empty(), "einsum(): must provide at least one operand");
  const Equation e = parse(equation, tensors.size());
  const int64_t ell = ellipsis_dims(e, tensors);
  const Places p = place(e, ell);
  std::vector<Tensor> ops;
  Ints sizes(static_cast<size_t>(p.all_dims), 1);
  for (size_t i = 0; i < tensors.size(); ++i) {
    ops.push_back(arranged(tensors[i], e.operands[i], p, ell, i));
    for (int64_t d = 0; d < p.all_dims; ++d) {
      const int64_t s = ops[i].size(d);
      int64_t& have = sizes[static_cast<size_t>(d)];
      if (s == 1 || s == have) continue;
      if (have != 1) {
        const auto at_label = static_cast<int>(std::find(p.of, p.of + kEllipsis, d) - p.of);
        TORCH_CHECK(
            false, "einsum(): subscript ",
            at_label < kEllipsis ? std::string(1, name_of_letter(at_label)) : std::string("..."),
            " has size ", s, " for operand ", i,
            " which does not broadcast with previously seen size ", have);
      }
      have = s;
    }
  }
  if (path.has_value())
    TORCH_CHECK(path->size() == 2 * (tensors.size() - 1),
                "einsum(): expected contraction path given in path parameter to have even number "
                "of elements, two for each contraction");
  size_t next = 0;
  while (ops.size() > 1) {
    size_t i = 0, j = 1;
    if (path.has_value()) {
      i = static_cast<size_t>((*path)[next++]);
      j = static_cast<size_t>((*path)[next++]);
      if (j < i) std::swap(i, j);
      TORCH_CHECK(i != j && j < ops.size(), "einsum(): invalid contraction path (", i, ", ", j,
                  ") for a list of ", ops.size(), " operands");
    }
    const Tensor a = ops[i], b = ops[j];
    ops.erase(ops.begin() + static_cast<long>(j));
    ops.erase(ops.begin() + static_cast<long>(i));
    // A dim may be summed now if no other operand has it.
    std::vector<bool> sum(static_cast<size_t>(p.all_dims), false);
    for (int64_t d = p.out_dims; d < p.all_dims; ++d) {
      bool elsewhere = false;
      for (const Tensor& t : ops) elsewhere = elsewhere || t.size(d) != 1;
      sum[static_cast<size_t>(d)] = !elsewhere;
    }
    const Tensor c = sum_product(a, b, sum);
    if (path.has_value())
      ops.push_back(c);
    else
      ops.insert(ops.begin(), c);
  }
  Tensor result = ops[0];
  Ints rest;
  for (int64_t d = p.out_dims; d < p.all_dims; ++d) rest.push_back(d);
  if (!rest.empty()) result = result.sum(IntArrayRef(rest), false, result.scalar_type());
  return result;
}

Tensor kron(const Tensor& self, const Tensor& other) {
  const int64_t n = std::max(self.dim(), other.dim());
  Ints a, b, shape;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t ia = i - (n - self.dim()), ib = i - (n - other.dim());
    const int64_t sa = ia < 0 ? 1 : self.size(ia), sb = ib < 0 ? 1 : other.size(ib);
    a.insert(a.end(), {sa, 1});
    b.insert(b.end(), {1, sb});
    shape.push_back(sa * sb);
  }
  return at::mul(self.reshape(a), other.reshape(b)).reshape(shape);
}

Tensor linalg_vecdot(const Tensor& x, const Tensor& y, int64_t dim) {
  check_float_or_complex(x, "linalg.vecdot");
  return (x.conj() * y).sum(dim);
}

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const OptTensor& bias) {
  TORCH_CHECK(input1.dim() == input2.dim(), "bilinear(): input dimensions do not match: got ",
              input1.dim(), " and ", input2.dim());
  for (int64_t d = 0; d < input1.dim() - 1; ++d)
    TORCH_CHECK(input1.size(d) == input2.size(d),
                "bilinear(): input batch dimensions do not match at dim ", d, ": got ",
                input1.size(d), " and ", input2.size(d));
  TORCH_CHECK(input1.size(-1) == weight.size(1),
              "bilinear(): input1 size does not match weight size: got ", input1.size(-1),
              " but expected ", weight.size(1));
  TORCH_CHECK(input2.size(-1) == weight.size(2),
              "bilinear(): input2 size does not match weight size: got ", input2.size(-1),
              " but expected ", weight.size(2));
  const bool has_bias = bias && bias->defined();
  TORCH_CHECK(!has_bias || bias->size(0) == weight.size(0),
              "bilinear(): bias size does not match weight size: got ",
              has_bias ? bias->size(0) : 0, " but expected ", weight.size(0));
  Ints shape(input1.sizes().begin(), input1.sizes().end() - 1);
  shape.push_back(weight.size(0));
  const Tensor a = input1.reshape({-1, input1.size(-1)}), b = input2.reshape({-1, input2.size(-1)});
  // [out, n, in2] = a @ w[out], then the product with b summed over in2.
  Tensor y =
      (at::matmul(a, weight) * b).sum(-1, false, a.scalar_type()).t().contiguous().view(shape);
  if (has_bias) y = y + *bias;
  return y;
}

Tensor linalg_diagonal(const Tensor& A, int64_t offset, int64_t dim1, int64_t dim2) {
  return A.diagonal(offset, dim1, dim2);
}

// ---- powers and chains ----------------------------------------------------------------------

void check_float_or_complex(const Tensor& a, const char* name) {
  if (c10::isFloatingType(a.scalar_type()) || c10::isComplexType(a.scalar_type())) return;
  throw_error(ErrorKind::NotImplemented,
              message(name, ": Expected a floating point or complex tensor as input. Got ",
                      a.scalar_type()));
}

void check_square(const Tensor& a, const char* name, const char* arg) {
  TORCH_CHECK(a.dim() >= 2, name, ": The input tensor ", arg, " must have at least 2 dimensions.");
  TORCH_CHECK(a.size(-1) == a.size(-2), name, ": ", arg,
              " must be batches of square matrices, but they are ", a.size(-2), " by ", a.size(-1),
              " matrices");
}

Tensor linalg_matrix_power(const Tensor& self, int64_t n) {
  check_square(self, "linalg.matrix_power");
  if (n == 0) {
    const Tensor eye = at::eye(self.size(-2), self.options());
    return eye.expand(self.sizes()).clone(c10::MemoryFormat::Contiguous);
  }
  Tensor z = n < 0 ? at::linalg_inv(self) : self;
  n = n < 0 ? -n : n;
  if (n == 1) return z.clone();
  Tensor result;
  while (n > 0) {
    if (n & 1) result = result.defined() ? at::matmul(result, z) : z;
    n >>= 1;
    if (n > 0) z = at::matmul(z, z);
  }
  return result;
}

Tensor matrix_power(const Tensor& self, int64_t n) { return at::linalg_matrix_power(self, n); }

namespace {

// The order of fewest multiplications (Cormen et al., 15.2); split[i][j] of a chain i..j.
Tensor chain(const std::vector<Tensor>& m, const std::vector<std::vector<size_t>>& split, size_t i,
             size_t j) {
  if (i == j) return m[i];
  const size_t k = split[i][j];
  return at::mm(chain(m, split, i, k), chain(m, split, k + 1, j));
}

Tensor product_of(const std::vector<Tensor>& m) {
  const size_t n = m.size();
  if (n == 1) return m[0];
  std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
  std::vector<std::vector<size_t>> split(n, std::vector<size_t>(n, 0));
  for (size_t len = 1; len < n; ++len) {
    for (size_t i = 0; i + len < n; ++i) {
      const size_t j = i + len;
      cost[i][j] = -1;
      for (size_t k = i; k < j; ++k) {
        const double c = cost[i][k] + cost[k + 1][j] +
                         static_cast<double>(m[i].size(0)) * static_cast<double>(m[k].size(1)) *
                             static_cast<double>(m[j].size(1));
        if (cost[i][j] < 0 || c < cost[i][j]) {
          cost[i][j] = c;
          split[i][j] = k;
        }
      }
    }
  }
  return chain(m, split, 0, n - 1);
}

}  // namespace

Tensor linalg_multi_dot(at::TensorList tensors) {
  const size_t n = tensors.size();
  TORCH_CHECK(n >= 2, "multi_dot(): expected at least 2 tensors but got ", n);
  std::vector<Tensor> m(tensors.begin(), tensors.end());
  Ints shape;
  if (m[0].dim() == 1)
    m[0] = m[0].unsqueeze(0);
  else
    TORCH_CHECK(m[0].dim() == 2, "multi_dot(): the first tensor must be 1D or 2D but got ",
                m[0].dim(), "D");
  if (tensors[0].dim() == 2) shape.push_back(m[0].size(0));
  if (m[n - 1].dim() == 1)
    m[n - 1] = m[n - 1].unsqueeze(-1);
  else
    TORCH_CHECK(m[n - 1].dim() == 2, "multi_dot(): the last tensor must be 1D or 2D but got ",
                m[n - 1].dim(), "D");
  if (tensors[n - 1].dim() == 2) shape.push_back(m[n - 1].size(1));
  for (size_t i = 0; i < n; ++i) {
    TORCH_CHECK(m[i].dim() == 2, "multi_dot(): tensor ", i, " must be 2D but got ", m[i].dim(),
                "D");
    TORCH_CHECK(m[i].scalar_type() == m[0].scalar_type(),
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is ",
                m[0].scalar_type(), " and tensor ", i, " ", m[i].scalar_type());
    if (i > 0)
      TORCH_CHECK(m[i - 1].size(1) == m[i].size(0), "multi_dot(): tensors ", i - 1, " and ", i,
                  " with shapes ", m[i - 1].sizes(), " and ", m[i].sizes(),
                  " cannot be multiplied");
  }
  return product_of(m).view(shape);
}

Tensor chain_matmul(at::TensorList matrices) {
  TORCH_CHECK(!matrices.empty(), "chain_matmul(): Expected one or more matrices");
  for (const Tensor& m : matrices)
    TORCH_CHECK(m.dim() == 2, "Tensor dimension is ", m.dim(), ", expected 2 instead.");
  if (matrices.size() == 1) return matrices[0].clone();
  return at::linalg_multi_dot(matrices);
}

}  // namespace pharos::ops
