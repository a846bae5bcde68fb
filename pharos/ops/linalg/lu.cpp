// Triangular factors of matrices: packed as LAPACK gives them, unpacked, and their gradients.
#include <pharos/ops/functions.h>

#include <numeric>
#include <string>
#include <vector>

#include "ops/geometry.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg/matrices.h"
#include "ops/linalg_decls.h"

namespace pharos::ops {
namespace {

namespace la = cpu::lapack;

void check_factors(const Tensor& info, const char* name) {
  std::string where;
  if (const int64_t i = first_failure(info, where))
    throw_error(ErrorKind::Error,
                message(name, ": ", where, "U[", i, ",", i,
                        "] is zero and using it on lu_solve would result in a division by zero. If "
                        "you still want to perform the factorization, consider calling "
                        "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"));
}

void check_dims(const Tensor& a, const char* name) {
  TORCH_CHECK(a.dim() >= 2, name,
              ": Expected tensor with 2 or more dimensions. Got size: ", a.sizes(), " instead");
}

// P of [..., m, m] with P^T A's rows in the order in which the pivots swapped A's.
Tensor permutation(const Tensor& like, const Tensor& pivots, int64_t m) {
  const Tensor P = empty_on(like.device(), lead(like, 2, {m, m}), like.scalar_type());
  if (like.is_meta()) return P;
  cpu::fill_zero(P);
  const int64_t k = pivots.size(-1);
  std::vector<int64_t> order(static_cast<size_t>(m));
  const Tensor index = empty_on(like.device(), lead(like, 2, {1, m}), ScalarType::Long);
  for (int64_t b = 0; b < batches(like); ++b) {
    const int* p = data_as<const int>(pivots) + b * k;
    std::iota(order.begin(), order.end(), int64_t{0});
    for (int64_t i = 0; i < k; ++i) {
      TORCH_CHECK(p[i] >= 1 && p[i] <= m,
                  "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive."
                  "Did you properly pass the result of lu_factor?");
      std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(p[i] - 1)]);
    }
    std::copy(order.begin(), order.end(), data_as<int64_t>(index) + b * m);
  }
  return P.scatter_(-2, index, 1);
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> linalg_lu_factor_ex(const Tensor& A, bool pivot,
                                                       bool check_errors) {
  check_dims(A, "torch.lu_factor");
  const ScalarType type = A.scalar_type(), real = c10::toRealValueType(type);
  if (real != ScalarType::Float && real != ScalarType::Double) no_kernel("lu_cpu", type);
  TORCH_CHECK(pivot || A.is_meta(),
              "linalg.lu_factor: LU without pivoting is not implemented on the CPU");
  need_lapack(A);
  const int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n);
  const Tensor LU = column_major(A);
  const Tensor pivots = empty_on(A.device(), lead(A, 2, {k}), ScalarType::Int);
  const Tensor info = empty_on(A.device(), lead(A, 2), ScalarType::Int);
  if (A.is_meta()) return {LU, pivots, info};
  cpu::fill_zero(info);
  for (int64_t b = 0; b < batches(A) && A.numel() > 0; ++b)
    data_as<int>(info)[b] = la::getrf(dtype_of(A), as_int(m), as_int(n), matrix(LU, b), ld(m),
                                      data_as<int>(pivots) + b * k);
  if (check_errors) check_factors(info, "torch.linalg.lu_factor_ex");
  return {LU, pivots, info};
}

std::tuple<Tensor, Tensor> linalg_lu_factor(const Tensor& A, bool pivot) {
  const auto [LU, pivots, info] = at::linalg_lu_factor_ex(A, pivot, false);
  check_factors(info, "torch.linalg.lu_factor");
  return {LU, pivots};
}

std::tuple<Tensor, Tensor, Tensor> lu_unpack(const Tensor& LU, const Tensor& pivots,
                                             bool unpack_data, bool unpack_pivots) {
  check_dims(LU, "torch.lu_unpack");
  TORCH_CHECK(!unpack_pivots || (pivots.scalar_type() == ScalarType::Int && pivots.is_contiguous()),
              "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
              "dtype.");
  const int64_t m = LU.size(-2), n = LU.size(-1), k = std::min(m, n);
  const std::vector<int64_t> expected = lead(LU, 2, {k});
  if (unpack_pivots && !pivots.sizes().equals(expected))
    throw_error(ErrorKind::Value,
                message("Expected LU_pivots to have shape ", IntArrayRef(expected), " but got ",
                        pivots.sizes(), " instead."));
  const auto nothing = [&] { return empty_on(LU.device(), {0}, LU.scalar_type()); };
  const Tensor P = unpack_pivots ? permutation(LU, pivots, m) : nothing();
  if (!unpack_data) return {P, nothing(), nothing()};
  Tensor L = LU.narrow(-1, 0, k).tril(-1).contiguous();
  L.diagonal(0, -2, -1).fill_(1);
  return {P, L, LU.narrow(-2, 0, k).triu().contiguous()};
}

std::tuple<Tensor, Tensor, Tensor> linalg_lu(const Tensor& A, bool pivot) {
  check_dims(A, "linalg.lu");
  const auto [LU, pivots, info] = at::linalg_lu_factor_ex(A, pivot, false);
  return at::lu_unpack(LU, pivots, true, true);
}

}  // namespace pharos::ops

namespace pharos::backward {

// With M = L^-1 P^T dA U^-1 of a square A: dL = L tril(M, -1) and dU = triu(M) U.
Tensor lu_backward(const Tensor& gl, const Tensor& gu, const Tensor& P, const Tensor& L,
                   const Tensor& U) {
  const int64_t m = L.size(-2), n = U.size(-1), k = std::min(m, n);
  const Tensor top = L.narrow(-2, 0, k), left = U.narrow(-1, 0, k);
  Tensor below, above;  // what lands in tril(M, -1) and triu(M)
  const auto add = [](Tensor& to, const Tensor& t) { to = to.defined() ? to + t : t; };
  if (gl.defined()) add(below, at::matmul(top.mH(), gl.narrow(-2, 0, k)));
  if (gu.defined()) add(above, at::matmul(gu.narrow(-1, 0, k), left.mH()));
  // The rest of U is L^-1 times the rest of A, the rest of L that of A times U^-1.
  if (n > k && gu.defined())
    add(below, -at::matmul(gu.narrow(-1, k, n - k), U.narrow(-1, k, n - k).mH()));
  if (m > k && gl.defined())
    add(above, -at::matmul(L.narrow(-2, k, m - k).mH(), gl.narrow(-2, k, m - k)));
  Tensor inner;
  if (below.defined()) add(inner, below.tril(-1));
  if (above.defined()) add(inner, above.triu());
  const auto through_l = [&](const Tensor& t) {
    return at::linalg_solve_triangular(top.mH(), t, true, true, true);
  };
  const auto through_u = [&](const Tensor& t) {
    return at::linalg_solve_triangular(left.mH(), t, false, false, false);
  };
  Tensor ga = through_l(through_u(inner));
  if (n > k) {
    const Tensor rest =
        gu.defined() ? through_l(gu.narrow(-1, k, n - k)) : at::zeros_like(U.narrow(-1, k, n - k));
    ga = at::cat({ga, rest}, -1);
  }
  if (m > k) {
    const Tensor rest =
        gl.defined() ? through_u(gl.narrow(-2, k, m - k)) : at::zeros_like(L.narrow(-2, k, m - k));
    ga = at::cat({ga, rest}, -2);
  }
  return at::matmul(P, ga);
}

Tensor lu_factor_backward(const Tensor& grad, const Tensor& LU, const Tensor& pivots) {
  const int64_t k = std::min(LU.size(-2), LU.size(-1));
  const auto [P, L, U] = at::lu_unpack(LU, pivots, true, true);
  return lu_backward(grad.narrow(-1, 0, k).tril(-1), grad.narrow(-2, 0, k).triu(), P, L, U);
}

Tensor lu_unpack_backward(const Tensor& gl, const Tensor& gu, IntArrayRef sizes) {
  const int64_t m = sizes[sizes.size() - 2], n = sizes[sizes.size() - 1], k = std::min(m, n);
  Tensor result;
  if (gl.defined()) result = at::constant_pad_nd(gl.tril(-1), {0, n - k}, 0);
  if (gu.defined()) {
    const Tensor padded = at::constant_pad_nd(gu.triu(), {0, 0, 0, m - k}, 0);
    result = result.defined() ? result + padded : padded;
  }
  return result;
}

}  // namespace pharos::backward
