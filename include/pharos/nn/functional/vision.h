// torch::nn::functional: padding, interpolation, folding, sampling, distances.
#pragma once

#include <pharos/nn/options/padding.h>
#include <pharos/nn/options/vision.h>

namespace torch::nn::functional {

PHAROS_API Tensor pad(const Tensor& input, const PadFuncOptions& options);
PHAROS_API Tensor interpolate(const Tensor& input, const InterpolateFuncOptions& options = {});
PHAROS_API Tensor pixel_shuffle(const Tensor& input, const PixelShuffleFuncOptions& options);
PHAROS_API Tensor pixel_unshuffle(const Tensor& input, const PixelUnshuffleFuncOptions& options);
PHAROS_API Tensor fold(const Tensor& input, const FoldFuncOptions& options);
PHAROS_API Tensor unfold(const Tensor& input, const UnfoldFuncOptions& options);
PHAROS_API Tensor affine_grid(const Tensor& theta, const IntArrayRef& size,
                              bool align_corners = false);
PHAROS_API Tensor grid_sample(const Tensor& input, const Tensor& grid,
                              const GridSampleFuncOptions& options = {});
PHAROS_API Tensor cosine_similarity(const Tensor& x1, const Tensor& x2,
                                    const CosineSimilarityFuncOptions& options = {});
PHAROS_API Tensor pairwise_distance(const Tensor& x1, const Tensor& x2,
                                    const PairwiseDistanceFuncOptions& options = {});
PHAROS_API Tensor pdist(const Tensor& input, double p = 2.0);

}  // namespace torch::nn::functional
