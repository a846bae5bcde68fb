// Grid sampling: checks and shapes; affine grids as products of coordinates.
#include <pharos/ops/functions.h>

#include <vector>

#include "ops/pool/pool.h"
#include "ops/pool_decls.h"

namespace pharos::ops {

void grid_sampler_shape(Out& out, int dims, const Tensor& input, const Tensor& grid, int64_t mode,
                        int64_t padding) {
  TORCH_CHECK(input.dim() == dims + 2 && grid.dim() == input.dim(), "grid_sampler(): expected ",
              dims + 2,
              "D input and grid with same number of dimensions, but got input with sizes ",
              input.sizes(), " and grid with sizes ", grid.sizes());
  TORCH_CHECK(input.size(0) == grid.size(0),
              "grid_sampler(): expected grid and input to have same batch size, but got input with "
              "sizes ",
              input.sizes(), " and grid with sizes ", grid.sizes());
  TORCH_CHECK(grid.size(-1) == dims, "grid_sampler(): expected grid to have size ", dims,
              " in last dimension, but got grid with sizes ", grid.sizes());
  for (int64_t d = 2; d < input.dim(); ++d)
    TORCH_CHECK(input.size(d) > 0,
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input "
                "has sizes ",
                input.sizes(), " with dimension ", d, " being empty");
  TORCH_CHECK(mode >= 0 && mode <= 2 && padding >= 0 && padding <= 2,
              "grid_sampler(): unknown interpolation or padding mode");
  TORCH_CHECK(mode != 2 || dims == 2,
              "grid_sampler(): bicubic interpolation only supports 4D input");
  int64_t sizes[5] = {input.size(0), input.size(1)};
  for (int i = 0; i < dims; ++i) sizes[i + 2] = grid.size(i + 1);
  out.set(0, IntArrayRef(sizes, static_cast<size_t>(dims + 2)), input.scalar_type(),
          input.device());
}

Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t mode, int64_t padding,
                    bool align) {
  TORCH_CHECK(input.scalar_type() == grid.scalar_type(),
              "grid_sampler(): expected input and grid to have same dtype, but input has ",
              cpp_name(input.scalar_type()), " and grid has ", cpp_name(grid.scalar_type()));
  TORCH_CHECK((input.dim() == 4 || input.dim() == 5) && grid.dim() == input.dim(),
              "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, "
              "but got input with sizes ",
              input.sizes(), " and grid with sizes ", grid.sizes());
  return input.dim() == 4 ? at::grid_sampler_2d(input, grid, mode, padding, align)
                          : at::grid_sampler_3d(input, grid, mode, padding, align);
}

namespace {

Tensor steps(int64_t n, bool align, const Tensor& like) {
  if (n <= 1) return at::zeros({n}, like.options());
  const Tensor t = at::linspace(-1, 1, n, like.options());
  return align ? t : (t * (n - 1) / n).to(like.scalar_type());
}

// [positions, dims + 1]: x, y(, z) and one.
Tensor base_grid(const Tensor& theta, IntArrayRef size, bool align) {
  const auto dims = static_cast<int64_t>(size.size()) - 2;
  std::vector<int64_t> full(size.begin() + 2, size.end());
  std::vector<Tensor> parts;
  for (int64_t d = dims - 1; d >= 0; --d) {
    std::vector<int64_t> shape(static_cast<size_t>(dims), 1);
    shape[static_cast<size_t>(d)] = full[static_cast<size_t>(d)];
    parts.push_back(steps(full[static_cast<size_t>(d)], align, theta).view(shape).expand(full));
  }
  parts.push_back(at::ones(full, theta.options()));
  return at::stack(parts, -1).reshape({-1, dims + 1});
}

}  // namespace

Tensor affine_grid_generator(const Tensor& theta, IntArrayRef size, bool align) {
  TORCH_CHECK(size.size() == 4 || size.size() == 5,
              "AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.");
  std::vector<int64_t> shape{size[0]};
  for (int64_t s : size.slice(2)) shape.push_back(s);
  shape.push_back(static_cast<int64_t>(size.size()) - 2);
  return at::matmul(base_grid(theta, size, align), theta.mT()).view(shape);
}

Tensor affine_grid_generator_backward(const Tensor& grad, IntArrayRef size, bool align) {
  const auto dims = static_cast<int64_t>(size.size()) - 2;
  const Tensor base = base_grid(grad, size, align);
  return at::matmul(base.mT(), grad.reshape({size[0], -1, dims})).mT();
}

}  // namespace pharos::ops
