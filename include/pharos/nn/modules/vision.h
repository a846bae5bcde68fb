// Upsample, PixelShuffle, Fold, Unfold, CosineSimilarity, PairwiseDistance.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/vision.h>

namespace torch::nn {

PHAROS_LAYER(Upsample, const Tensor&);

class PHAROS_API PixelShuffleImpl : public BuiltinModule {
  PHAROS_MODULE(PixelShuffleImpl)
  explicit PixelShuffleImpl(const PixelShuffleOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  PixelShuffleOptions options;
};
PHAROS_HOLDER(PixelShuffle);

class PHAROS_API PixelUnshuffleImpl : public BuiltinModule {
  PHAROS_MODULE(PixelUnshuffleImpl)
  explicit PixelUnshuffleImpl(const PixelUnshuffleOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  PixelUnshuffleOptions options;
};
PHAROS_HOLDER(PixelUnshuffle);

class PHAROS_API FoldImpl : public BuiltinModule {
  PHAROS_MODULE(FoldImpl)
  FoldImpl(ExpandingArray<2> output_size, ExpandingArray<2> kernel_size);
  explicit FoldImpl(const FoldOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  FoldOptions options;
};
PHAROS_HOLDER(Fold);

class PHAROS_API UnfoldImpl : public BuiltinModule {
  PHAROS_MODULE(UnfoldImpl)
  UnfoldImpl(ExpandingArray<2> kernel_size);
  explicit UnfoldImpl(const UnfoldOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  UnfoldOptions options;
};
PHAROS_HOLDER(Unfold);

#define PHAROS_DISTANCE(X)                                      \
  class PHAROS_API X##Impl : public BuiltinModule {             \
    PHAROS_MODULE(X##Impl)                                      \
    explicit X##Impl(const X##Options& options_ = {});          \
    void reset() override;                                      \
    void pretty_print(std::ostream& stream) const override;     \
    Tensor forward(const Tensor& input1, const Tensor& input2); \
    X##Options options;                                         \
  };                                                            \
  PHAROS_HOLDER(X)
PHAROS_DISTANCE(CosineSimilarity);
PHAROS_DISTANCE(PairwiseDistance);
#undef PHAROS_DISTANCE

}  // namespace torch::nn
