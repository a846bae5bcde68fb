// Upsample, PixelShuffle, Fold, Unfold, distances; interpolation and sampling as functions.
#include <pharos/nn/functional/vision.h>
#include <pharos/nn/modules/vision.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer;
using pharos::nn::run_layer_n;

namespace functional {
namespace {

std::vector<int64_t> output_size(const Tensor& input, const InterpolateFuncOptions& o) {
  const size_t dims = static_cast<size_t>(input.dim() - 2);
  TORCH_CHECK(o.size() || o.scale_factor(), "either size or scale_factor should be defined");
  TORCH_CHECK(!o.size() || !o.scale_factor(), "only one of size or scale_factor should be defined");
  if (o.size()) {
    TORCH_CHECK(o.size()->size() == dims, "size shape must match input shape. Input is ", dims,
                "D, size is ", IntArrayRef(*o.size()));
    return *o.size();
  }
  TORCH_CHECK(o.scale_factor()->size() == dims,
              "scale_factor shape must match input shape. Input is ", dims,
              "D, scale_factor size is ", o.scale_factor()->size());
  std::vector<int64_t> out;
  for (size_t i = 0; i < dims; ++i)
    out.push_back(static_cast<int64_t>(std::floor(
        static_cast<double>(input.size(static_cast<int64_t>(i) + 2)) * (*o.scale_factor())[i])));
  return out;
}

}  // namespace

Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& o) {
  const auto mode = o.mode();
  const int64_t dim = input.dim();
  const bool plain = mode.is(kNearest) || mode.is(kArea) || mode.is(kNearestExact);
  TORCH_CHECK(!plain || !o.align_corners(),
              "align_corners option can only be set with the interpolating modes: linear | "
              "bilinear | bicubic | trilinear");
  TORCH_CHECK(dim >= 3 && dim <= 5, "Input Error: Only 3D, 4D and 5D input Tensors supported (got ",
              dim, "D) for the modes: nearest | linear | bilinear | bicubic | trilinear (got ",
              enumtype::get_enum_name(mode), ")");
  TORCH_CHECK(!o.antialias() || (dim == 4 && (mode.is(kBilinear) || mode.is(kBicubic))),
              "Anti-alias option is only supported for bilinear and bicubic modes");
  TORCH_CHECK_NOT_IMPLEMENTED(!o.antialias(), "interpolate: antialias is not implemented");
  const bool corners = o.align_corners().value_or(false);
  const std::vector<int64_t> size = output_size(input, o);
  std::vector<std::optional<double>> scale(static_cast<size_t>(dim - 2));
  if (o.scale_factor() && !o.recompute_scale_factor().value_or(false))
    for (size_t i = 0; i < scale.size(); ++i) scale[i] = (*o.scale_factor())[i];

  if (mode.is(kNearest)) {
    if (dim == 3) return at::upsample_nearest1d(input, size, scale[0]);
    if (dim == 4) return at::upsample_nearest2d(input, size, scale[0], scale[1]);
    return at::upsample_nearest3d(input, size, scale[0], scale[1], scale[2]);
  }
  if (mode.is(kNearestExact)) {
    if (dim == 3) return at::_upsample_nearest_exact1d(input, size, scale[0]);
    if (dim == 4) return at::_upsample_nearest_exact2d(input, size, scale[0], scale[1]);
    return at::_upsample_nearest_exact3d(input, size, scale[0], scale[1], scale[2]);
  }
  if (mode.is(kArea)) {
    if (dim == 3) return at::adaptive_avg_pool1d(input, size);
    return dim == 4 ? at::adaptive_avg_pool2d(input, size) : at::adaptive_avg_pool3d(input, size);
  }
  const int64_t wanted = mode.is(kLinear) ? 3 : mode.is(kTrilinear) ? 5 : 4;
  TORCH_CHECK(dim == wanted, "Got ", dim, "D input, but ",
              mode.is(kLinear)      ? "linear"
              : mode.is(kTrilinear) ? "trilinear"
              : mode.is(kBilinear)  ? "bilinear"
                                    : "bicubic",
              " mode needs ", wanted, "D input");
  if (mode.is(kLinear)) return at::upsample_linear1d(input, size, corners, scale[0]);
  if (mode.is(kBilinear)) return at::upsample_bilinear2d(input, size, corners, scale[0], scale[1]);
  if (mode.is(kBicubic)) return at::upsample_bicubic2d(input, size, corners, scale[0], scale[1]);
  return at::upsample_trilinear3d(input, size, corners, scale[0], scale[1], scale[2]);
}

Tensor pixel_shuffle(const Tensor& input, const PixelShuffleFuncOptions& o) {
  return at::pixel_shuffle(input, o.upscale_factor());
}
Tensor pixel_unshuffle(const Tensor& input, const PixelUnshuffleFuncOptions& o) {
  return at::pixel_unshuffle(input, o.downscale_factor());
}
Tensor fold(const Tensor& input, const FoldFuncOptions& o) {
  TORCH_CHECK(input.dim() == 3 || input.dim() == 2,
              "Input Error: Only unbatched (2D) or batched (3D) input Tensors are supported (got ",
              input.dim(), "D)");
  return at::col2im(input, o.output_size(), o.kernel_size(), o.dilation(), o.padding(), o.stride());
}
Tensor unfold(const Tensor& input, const UnfoldFuncOptions& o) {
  TORCH_CHECK(input.dim() == 3 || input.dim() == 4,
              "Input Error: Only unbatched (3D) or batched (4D) input Tensors are supported (got ",
              input.dim(), "D)");
  return at::im2col(input, o.kernel_size(), o.dilation(), o.padding(), o.stride());
}

Tensor affine_grid(const Tensor& theta, const IntArrayRef& size, bool align_corners) {
  TORCH_CHECK(theta.is_floating_point(), "Expected theta to have floating point type, but got ",
              theta.scalar_type());
  TORCH_CHECK(size.size() == 4 || size.size() == 5,
              "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
              "respectively. Got size ",
              size);
  const int64_t n = static_cast<int64_t>(size.size()) - 2;
  TORCH_CHECK(theta.dim() == 3 && theta.size(-2) == n && theta.size(-1) == n + 1,
              "Expected a batch of ", n, "D affine matrices of shape Nx", n, "x", n + 1,
              " for size ", size, ". Got ", theta.sizes(), ".");
  TORCH_CHECK(*std::min_element(size.begin(), size.end()) > 0,
              "Expected non-zero, positive output size. Got ", size);
  return at::affine_grid_generator(theta, size, align_corners);
}
Tensor grid_sample(const Tensor& input, const Tensor& grid, const GridSampleFuncOptions& o) {
  const int64_t mode = o.mode().is(kBilinear) ? 0 : o.mode().is(kNearest) ? 1 : 2;
  const int64_t padding = o.padding_mode().is(kZeros) ? 0 : o.padding_mode().is(kBorder) ? 1 : 2;
  if (!o.align_corners())
    TORCH_WARN(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False "
        "since 1.3.0. Please specify align_corners=True if the old behavior is desired. "
        "See the documentation of grid_sample for details.");
  return at::grid_sampler(input, grid, mode, padding, o.align_corners().value_or(false));
}
Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, const CosineSimilarityFuncOptions& o) {
  return at::cosine_similarity(x1, x2, o.dim(), o.eps());
}
Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, const PairwiseDistanceFuncOptions& o) {
  return at::pairwise_distance(x1, x2, o.p(), o.eps(), o.keepdim());
}
Tensor pdist(const Tensor& input, double p) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "pdist is not implemented");
}

}  // namespace functional

PHAROS_DEFINE_MODULE(UpsampleImpl)
UpsampleImpl::UpsampleImpl(const UpsampleOptions& options_) : options(options_) {}
void UpsampleImpl::reset() {}
void UpsampleImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Upsample(";
  if (options.scale_factor()) {
    stream << "scale_factor=[";
    const char* separator = "";
    for (const double s : *options.scale_factor()) {
      stream << separator << s;
      separator = ", ";
    }
    stream << ']';
  } else if (options.size()) {
    stream << "size=" << IntArrayRef(*options.size());
  }
  stream << ", mode=" << enumtype::get_enum_name(options.mode()) << ')';
}
static F::InterpolateFuncOptions::mode_t interpolate_mode(const UpsampleOptions::mode_t& mode) {
  if (mode.is(kNearest)) return kNearest;
  if (mode.is(kLinear)) return kLinear;
  if (mode.is(kBilinear)) return kBilinear;
  if (mode.is(kBicubic)) return kBicubic;
  return kTrilinear;
}
Tensor UpsampleImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) {
    return F::interpolate(x, F::InterpolateFuncOptions()
                                 .size(options.size())
                                 .scale_factor(options.scale_factor())
                                 .mode(interpolate_mode(options.mode()))
                                 .align_corners(options.align_corners()));
  });
}

PHAROS_DEFINE_MODULE(PixelShuffleImpl)
PixelShuffleImpl::PixelShuffleImpl(const PixelShuffleOptions& options_) : options(options_) {}
void PixelShuffleImpl::reset() {}
void PixelShuffleImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::PixelShuffle(upscale_factor=" << options.upscale_factor() << ')';
}
Tensor PixelShuffleImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) { return F::pixel_shuffle(x, options); });
}

PHAROS_DEFINE_MODULE(PixelUnshuffleImpl)
PixelUnshuffleImpl::PixelUnshuffleImpl(const PixelUnshuffleOptions& options_) : options(options_) {}
void PixelUnshuffleImpl::reset() {}
void PixelUnshuffleImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::PixelUnshuffle(downscale_factor=" << options.downscale_factor() << ')';
}
Tensor PixelUnshuffleImpl::forward(const Tensor& input) {
  return run_layer(*this, input,
                   [this](const Tensor& x) { return F::pixel_unshuffle(x, options); });
}

PHAROS_DEFINE_MODULE(FoldImpl)
FoldImpl::FoldImpl(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size)
    : FoldImpl(FoldOptions(output_size, kernel_size)) {}
FoldImpl::FoldImpl(const FoldOptions& options_) : options(options_) {}
void FoldImpl::reset() {}
void FoldImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Fold(output_size=" << options.output_size()
         << ", kernel_size=" << options.kernel_size() << ", dilation=" << options.dilation()
         << ", padding=" << options.padding() << ", stride=" << options.stride() << ')';
}
Tensor FoldImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) { return F::fold(x, options); });
}

PHAROS_DEFINE_MODULE(UnfoldImpl)
UnfoldImpl::UnfoldImpl(ExpandingArray<2> kernel_size) : UnfoldImpl(UnfoldOptions(kernel_size)) {}
UnfoldImpl::UnfoldImpl(const UnfoldOptions& options_) : options(options_) {}
void UnfoldImpl::reset() {}
void UnfoldImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Unfold(kernel_size=" << options.kernel_size()
         << ", dilation=" << options.dilation() << ", padding=" << options.padding()
         << ", stride=" << options.stride() << ')';
}
Tensor UnfoldImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) { return F::unfold(x, options); });
}

PHAROS_DEFINE_MODULE(CosineSimilarityImpl)
CosineSimilarityImpl::CosineSimilarityImpl(const CosineSimilarityOptions& options_)
    : options(options_) {}
void CosineSimilarityImpl::reset() {}
void CosineSimilarityImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::CosineSimilarity(dim=" << options.dim() << ", eps=" << options.eps() << ')';
}
Tensor CosineSimilarityImpl::forward(const Tensor& x1, const Tensor& x2) {
  return run_layer_n(
      *this,
      [this](const Tensor& a, const Tensor& b) { return F::cosine_similarity(a, b, options); }, x1,
      x2);
}

PHAROS_DEFINE_MODULE(PairwiseDistanceImpl)
PairwiseDistanceImpl::PairwiseDistanceImpl(const PairwiseDistanceOptions& options_)
    : options(options_) {}
void PairwiseDistanceImpl::reset() {}
void PairwiseDistanceImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::PairwiseDistance(p=" << options.p()
         << ", eps=" << options.eps() << ", keepdim=" << options.keepdim() << ')';
}
Tensor PairwiseDistanceImpl::forward(const Tensor& x1, const Tensor& x2) {
  return run_layer_n(
      *this,
      [this](const Tensor& a, const Tensor& b) { return F::pairwise_distance(a, b, options); }, x1,
      x2);
}

}  // namespace torch::nn
