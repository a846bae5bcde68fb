// Determinants, inverses, solutions and factors of matrices, through LAPACK; and their gradients.
#include <pharos/ops/functions.h>

#include <limits>
#include <string>
#include <vector>

#include "kernels/cpu/lapack.h"
#include "ops/geometry.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg/matrices.h"
#include "ops/linalg_decls.h"

namespace pharos::ops {
namespace {

namespace la = cpu::lapack;

struct Factored {
  Tensor lu, pivots, info;
};

Factored factor(const Tensor& a) {
  need_lapack(a);
  Factored f;
  f.lu = column_major(a);
  const int64_t n = a.size(-1);
  f.pivots = empty_on(a.device(), lead(a, 1), ScalarType::Int);
  f.info = empty_on(a.device(), lead(a, 2), ScalarType::Int);
  for (int64_t b = 0; b < batches(a); ++b)
    data_as<int>(f.info)[b] = la::getrf(dtype_of(a), as_int(n), as_int(n), matrix(f.lu, b), ld(n),
                                        data_as<int>(f.pivots) + b * n);
  return f;
}

void check_inverse(const Tensor& info, const char* name) {
  std::string where;
  if (const int64_t i = first_failure(info, where))
    throw_error(
        ErrorKind::LinAlg,
        message(name, ": ", where, "The diagonal element ", i,
                " is zero, the inversion could not be completed because the input matrix is "
                "singular."));
}
void check_solution(const Tensor& info, const char* name) {
  std::string where;
  if (first_failure(info, where))
    throw_error(
        ErrorKind::LinAlg,
        message(name, ": ", where, "The solver failed because the input matrix is singular."));
}
void check_cholesky(const Tensor& info, const char* name) {
  std::string where;
  if (const int64_t i = first_failure(info, where))
    throw_error(ErrorKind::LinAlg,
                message(name, ": ", where,
                        "The factorization could not be completed because the input is not "
                        "positive-definite (the leading minor of order ",
                        i, " is not positive-definite)."));
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> _linalg_det(const Tensor& A) {
  check_square(A, "linalg.det");
  check_decomposable(A, "linalg.det");
  // The transpose of what is row-major need not be copied to be column-major.
  const Factored f = factor(A.is_contiguous() && !A.is_complex() ? A.mT() : A);
  const int64_t n = A.size(-1);
  if (A.is_meta()) return {empty_on(A.device(), lead(A, 2), A.scalar_type()), f.lu, f.pivots};
  const Tensor diagonal = f.lu.diagonal(0, -2, -1);
  Tensor det = n > 0 ? diagonal.prod(-1) : at::ones(lead(A, 2), A.options());
  const Tensor signs = empty_cpu(lead(A, 2), det.scalar_type());
  for (int64_t b = 0; b < batches(A); ++b) {
    const int* p = data_as<const int>(f.pivots) + b * n;
    int swaps = 0;
    for (int64_t i = 0; i < n; ++i) swaps += p[i] != i + 1;
    signs.view({-1})[b].fill_(swaps % 2 ? -1 : 1);
  }
  return {det * signs, f.lu, f.pivots};
}

Tensor linalg_det(const Tensor& A) { return std::get<0>(at::_linalg_det(A)); }
Tensor det(const Tensor& self) { return at::linalg_det(self); }

std::tuple<Tensor, Tensor> linalg_inv_ex(const Tensor& A, bool check_errors) {
  check_square(A, "linalg.inv");
  check_decomposable(A, "linalg.inv");
  const Factored f = factor(A);
  const int64_t n = A.size(-1);
  const Tensor inverse = empty_column_major(A, A.sizes().vec());
  if (A.is_meta()) return {inverse, f.info};
  cpu::fill_zero(inverse);
  cpu::fill_value(inverse.diagonal(0, -2, -1), 1);
  for (int64_t b = 0; b < batches(A); ++b)
    la::getrs(dtype_of(A), 'N', as_int(n), as_int(n), matrix(f.lu, b), ld(n),
              data_as<const int>(f.pivots) + b * n, matrix(inverse, b), ld(n));
  if (check_errors) check_inverse(f.info, "linalg.inv_ex");
  return {inverse, f.info};
}

Tensor linalg_inv(const Tensor& A) {
  const auto [inverse, info] = at::linalg_inv_ex(A, false);
  check_inverse(info, "linalg.inv");
  return inverse;
}
Tensor inverse(const Tensor& self) { return at::linalg_inv(self); }

namespace {

// B is a batch of vectors if it has one dim less than A, with A's batch.
bool is_vector(const Tensor& A, const Tensor& B) {
  return B.dim() == 1 ||
         (A.dim() - 1 == B.dim() && B.sizes().equals(A.sizes().slice(0, A.sizes().size() - 1)));
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor> _linalg_solve_ex(const Tensor& A, const Tensor& B,
                                                            bool left, bool check_errors) {
  check_square(A, "linalg.solve");
  check_decomposable(A, "linalg.solve");
  TORCH_CHECK(A.scalar_type() == B.scalar_type(),
              "linalg.solve: Expected A and B to have the same dtype, but found A of type ",
              A.scalar_type(), " and B of type ", B.scalar_type(), " instead");
  const bool vector = is_vector(A, B);
  TORCH_CHECK(left || !vector,
              "linalg.solve: Vector broadcasting of the left hand side is not supported for "
              "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)");
  const Tensor b = vector ? B.unsqueeze(-1) : B;
  const int64_t n = A.size(-1);
  TORCH_CHECK(b.dim() >= 2, "linalg.solve: The input tensor B must have at least 2 dimensions.");
  TORCH_CHECK(left ? b.size(-2) == n : b.size(-1) == n,
              "linalg.solve: Incompatible shapes of A and B for the equation ",
              left ? "AX = B" : "XA = B", " (", A.size(-2), "x", A.size(-1), " and ", b.size(-2),
              "x", b.size(-1), ")");
  const std::vector<int64_t> batch = common_batch(A, b);
  auto widened = [&](const Tensor& t) {
    std::vector<int64_t> shape = batch;
    shape.push_back(t.size(-2));
    shape.push_back(t.size(-1));
    return t.expand(shape);
  };
  const Factored f = factor(A);
  const Tensor lu = column_major(widened(f.lu));
  const Tensor rhs = widened(b);
  const Tensor x = column_major(left ? rhs : rhs.mT());
  const int64_t per = n;
  std::vector<int64_t> pivot_shape = batch;
  pivot_shape.push_back(n);
  const Tensor pivots = A.is_meta() ? f.pivots : plain(f.pivots.expand(pivot_shape));
  for (int64_t i = 0; i < batches(x); ++i)
    la::getrs(dtype_of(A), left ? 'N' : 'T', as_int(n), as_int(x.size(-1)), matrix(lu, i), ld(n),
              data_as<const int>(pivots) + i * per, matrix(x, i), ld(n));
  if (check_errors) check_solution(f.info, "torch.linalg.solve_ex");
  Tensor result = left ? x : x.mT();
  if (vector) {
    result = result.squeeze(-1);
    // A batch of vectors is laid out as one of column-major matrices.
    if (result.dim() > 1) result = column_major(result);
  }
  return {result, f.lu, f.pivots, f.info};
}

Tensor linalg_solve(const Tensor& A, const Tensor& B, bool left) {
  const auto [result, lu, pivots, info] = at::_linalg_solve_ex(A, B, left, false);
  check_solution(info, "torch.linalg.solve");
  return result;
}

std::tuple<Tensor, Tensor> linalg_cholesky_ex(const Tensor& self, bool upper, bool check_errors) {
  check_square(self, "linalg.cholesky");
  check_decomposable(self, "linalg.cholesky");
  need_lapack(self);
  const Tensor L = column_major(self);
  const Tensor info = empty_on(self.device(), lead(self, 2), ScalarType::Int);
  const int64_t n = self.size(-1);
  for (int64_t b = 0; b < batches(self); ++b)
    data_as<int>(info)[b] =
        la::potrf(dtype_of(self), upper ? 'U' : 'L', as_int(n), matrix(L, b), ld(n));
  if (check_errors) check_cholesky(info, "linalg.cholesky_ex");
  return {upper ? L.mT().tril().mT() : L.mT().triu().mT(), info};
}

Tensor linalg_cholesky(const Tensor& self, bool upper) {
  const auto [L, info] = at::linalg_cholesky_ex(self, upper, false);
  check_cholesky(info, "linalg.cholesky");
  return L;
}

std::tuple<Tensor, Tensor> linalg_qr(const Tensor& A, c10::string_view mode) {
  TORCH_CHECK(mode == "reduced" || mode == "r" || mode == "complete",
              "qr received unrecognized mode '", std::string(mode),
              "' but expected one of 'reduced' (default), 'r', or 'complete'");
  TORCH_CHECK(A.dim() >= 2, "linalg.qr: The input tensor A must have at least 2 dimensions.");
  check_decomposable(A, "linalg.qr");
  need_lapack(A);
  const int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n);
  const Tensor qr = column_major(A);
  std::vector<int64_t> tau_shape = lead(A, 2);
  tau_shape.push_back(k);
  const Tensor tau = empty_on(A.device(), tau_shape, A.scalar_type());
  const auto item = static_cast<int64_t>(A.itemsize());
  for (int64_t b = 0; b < batches(A) && A.numel() > 0; ++b)
    la::geqrf(dtype_of(A), as_int(m), as_int(n), matrix(qr, b), ld(m), data_of(tau) + b * k * item);
  const int64_t q_cols = mode == "complete" ? m : k;
  // Through the transpose, so that it stays column-major.
  const Tensor R = qr.narrow(-2, 0, mode == "complete" ? m : k).mT().tril().mT();
  if (mode == "r") return {empty_on(A.device(), {0}, A.scalar_type()), R};
  std::vector<int64_t> shape = lead(A, 2);
  shape.push_back(m);
  shape.push_back(q_cols);
  const Tensor Q = empty_column_major(A, shape);
  if (A.is_meta()) return {Q, R};
  cpu::fill_zero(Q);
  const int64_t have = std::min(n, q_cols);
  if (have > 0) cpu::copy_values(Q.narrow(-1, 0, have), qr.narrow(-1, 0, have));
  for (int64_t b = 0; b < batches(A) && m > 0; ++b)
    la::orgqr(dtype_of(A), as_int(m), as_int(q_cols), as_int(k), matrix(Q, b), ld(m),
              data_of(tau) + b * k * item);
  return {Q, R};
}

Tensor linalg_solve_triangular(const Tensor& A, const Tensor& B, bool upper, bool left,
                               bool unitriangular) {
  check_square(A, "linalg.solve_triangular");
  check_decomposable(A, "linalg.solve_triangular");
  TORCH_CHECK(B.dim() >= 2,
              "linalg.solve_triangular: The input tensor B must have at least 2 dimensions.");
  TORCH_CHECK(left ? A.size(-2) == B.size(-2) : A.size(-1) == B.size(-1),
              "linalg.solve_triangular: Incompatible shapes of A and B for the equation ",
              left ? "AX = B" : "XA = B", " (", A.size(-2), "x", A.size(-1), " and ", B.size(-2),
              "x", B.size(-1), ")");
  need_lapack(A);
  const std::vector<int64_t> batch = common_batch(A, B);
  auto widened = [&](const Tensor& t) {
    std::vector<int64_t> shape = batch;
    shape.push_back(t.size(-2));
    shape.push_back(t.size(-1));
    return t.expand(shape);
  };
  const Tensor a = column_major(widened(A)), x = column_major(widened(B));
  for (int64_t i = 0; i < batches(x) && x.numel() > 0; ++i)
    la::trsm(dtype_of(A), left ? 'L' : 'R', upper ? 'U' : 'L', 'N', unitriangular ? 'U' : 'N',
             as_int(x.size(-2)), as_int(x.size(-1)), matrix(a, i), ld(a.size(-2)), matrix(x, i),
             ld(x.size(-2)));
  return x;
}

}  // namespace pharos::ops

namespace pharos::backward {
namespace {
Tensor mh(const Tensor& t) { return t.mT().conj(); }
}  // namespace

namespace {

// The determinants of A without a row and a column each, with their signs: the derivative of
// det(A), also where A has no inverse.
Tensor cofactors(const Tensor& A) {
  const int64_t n = A.size(-1);
  const auto without = [n](const Tensor& t, int64_t dim, int64_t i) {
    return at::cat({t.narrow(dim, 0, i), t.narrow(dim, i + 1, n - 1 - i)}, dim);
  };
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < n; ++i) {
    const Tensor below = without(A, -2, i);
    std::vector<Tensor> row;
    for (int64_t j = 0; j < n; ++j) {
      const Tensor minor = at::linalg_det(without(below, -1, j));
      row.push_back((i + j) % 2 ? -minor : minor);
    }
    rows.push_back(at::stack(row, -1));
  }
  return at::stack(rows, -2);
}

}  // namespace

Tensor det_backward(const Tensor& grad, const Tensor& det, const Tensor& A) {
  if (!det.is_meta() && det.eq(0).any().item().toBool())
    return grad.unsqueeze(-1).unsqueeze(-1) * cofactors(A).conj();
  // det * inverse(A)^H, from a solve against the scaled identity.
  const Tensor d = (grad * det.conj()).unsqueeze(-1).unsqueeze(-1);
  return at::linalg_solve(mh(A), d * at::eye(A.size(-1), A.options()));
}

std::tuple<Tensor, Tensor> solve_backward(const Tensor& grad, const Tensor& x, const Tensor& A,
                                          const Tensor& B, bool left, std::array<bool, 2> needs) {
  const Tensor gb = at::linalg_solve(mh(A), grad, left);
  Tensor ga;
  if (needs[0]) {
    const bool vector = ops::is_vector(A, B);
    const Tensor g = vector ? gb.unsqueeze(-1) : gb, v = vector ? x.unsqueeze(-1) : x;
    ga = sum_to(left ? -at::matmul(g, mh(v)) : -at::matmul(mh(v), g), A.sizes());
  }
  return {ga, sum_to(gb, B.sizes())};
}

std::tuple<Tensor, Tensor> solve_triangular_backward(const Tensor& grad, const Tensor& A,
                                                     const Tensor& B, const Tensor& x, bool upper,
                                                     bool left, bool unitriangular,
                                                     std::array<bool, 2> needs) {
  const Tensor gb = at::linalg_solve_triangular(mh(A), grad, !upper, left, unitriangular);
  Tensor ga;
  if (needs[0]) {
    const Tensor full = left ? -at::matmul(gb, mh(x)) : -at::matmul(mh(x), gb);
    const int64_t k = unitriangular ? 1 : 0;
    ga = sum_to(upper ? full.triu(k) : full.tril(-k), A.sizes());
  }
  return {ga, sum_to(gb, B.sizes())};
}

Tensor cholesky_backward(const Tensor& grad, bool upper, const Tensor& L) {
  const Tensor l = upper ? mh(L) : L, g = upper ? mh(grad) : grad;
  // tril of L^H gL with half a diagonal.
  const Tensor full = at::matmul(mh(l), g).tril();
  const Tensor phi = full - 0.5 * at::diag_embed(full.diagonal(0, -2, -1));
  const Tensor s =
      at::linalg_solve_triangular(l, at::linalg_solve_triangular(mh(l), phi, true), false, false);
  return 0.5 * (s + mh(s));
}

namespace {

// Of a square R: gA = (gQ + Q copyltu(R gR^H - gQ^H Q)) R^-H.
Tensor qr_square(const Tensor& gq, const Tensor& gr, const Tensor& q, const Tensor& r) {
  Tensor m;
  if (gr.defined()) m = at::matmul(r, mh(gr));
  if (gq.defined()) {
    const Tensor part = at::matmul(mh(gq), q);
    m = m.defined() ? m - part : -part;
  }
  // R has a real diagonal: only that part of M's counts.
  const Tensor low = m.tril(-1), diagonal = m.diagonal(0, -2, -1);
  const Tensor sym = low + mh(low) + at::diag_embed(0.5 * (diagonal + diagonal.conj()));
  Tensor top = at::matmul(q, sym);
  if (gq.defined()) top = gq + top;
  return at::linalg_solve_triangular(mh(r), top, false, false);
}

}  // namespace

Tensor qr_backward(const Tensor& gq, const Tensor& gr, const Tensor& A, const Tensor& q,
                   const Tensor& r, c10::string_view mode) {
  TORCH_CHECK(mode != "r",
              "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
              "Please use linalg.qr(A, mode='reduced') if you are going to require gradients of "
              "the Q factor.");
  const int64_t m = q.size(-2), n = r.size(-1);
  TORCH_CHECK(mode == "reduced" || m <= n,
              "The QR decomposition is not differentiable when mode='complete' and nrows > ncols");
  if (m >= n) return qr_square(gq, gr, q, r);
  // A = [X | Y], R = [U | V].
  const Tensor u = r.narrow(-1, 0, m), y = A.narrow(-1, m, n - m);
  if (!gr.defined()) {
    const Tensor gx = qr_square(gq, {}, q, u);
    return at::cat({gx, at::zeros_like(y)}, -1);
  }
  const Tensor gu = gr.narrow(-1, 0, m), gv = gr.narrow(-1, m, n - m);
  const Tensor extra = at::matmul(y, mh(gv));
  const Tensor gx = qr_square(gq.defined() ? gq + extra : extra, gu, q, u);
  return at::cat({gx, at::matmul(q, gv)}, -1);
}

}  // namespace pharos::backward
