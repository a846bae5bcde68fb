// The pools.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/pooling.h>

namespace torch::nn {

// A pool of D dimensions made from its first option or from all; `more` declares further members.
#define PHAROS_POOL(X, First, Inputs, more)                 \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    X##Impl(First first);                                   \
    explicit X##Impl(const X##Options& options_);           \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward Inputs;                                  \
    more X##Options options;                                \
  };                                                        \
  PHAROS_HOLDER(X)
#define PHAROS_WITH_INDICES std::tuple<Tensor, Tensor> forward_with_indices(const Tensor& input);
#define PHAROS_UNPOOL \
 protected:           \
  PHAROS_FORWARD_HAS_DEFAULT_ARGS public:
#define PHAROS_POOLS(D, Adaptive)                                                              \
  PHAROS_POOL(AvgPool##D##d, ExpandingArray<D>, (const Tensor& input), );                      \
  PHAROS_POOL(MaxPool##D##d, ExpandingArray<D>, (const Tensor& input), PHAROS_WITH_INDICES);   \
  PHAROS_POOL(AdaptiveAvgPool##D##d, Adaptive<D>, (const Tensor& input), );                    \
  PHAROS_POOL(AdaptiveMaxPool##D##d, Adaptive<D>, (const Tensor& input), PHAROS_WITH_INDICES); \
  PHAROS_POOL(MaxUnpool##D##d, ExpandingArray<D>,                                              \
              (const Tensor& input, const Tensor& indices,                                     \
               const pharos::Maybe<std::vector<int64_t>>& output_size = std::nullopt),         \
              PHAROS_UNPOOL);                                                                  \
  class PHAROS_API LPPool##D##dImpl : public BuiltinModule {                                   \
    PHAROS_MODULE(LPPool##D##dImpl)                                                            \
    LPPool##D##dImpl(double norm_type, ExpandingArray<D> kernel_size);                         \
    explicit LPPool##D##dImpl(const LPPool##D##dOptions& options_);                            \
    void reset() override;                                                                     \
    void pretty_print(std::ostream& stream) const override;                                    \
    Tensor forward(const Tensor& input);                                                       \
    LPPool##D##dOptions options;                                                               \
  };                                                                                           \
  PHAROS_HOLDER(LPPool##D##d)
PHAROS_POOLS(1, ExpandingArray);
PHAROS_POOLS(2, ExpandingArrayWithOptionalElem);
PHAROS_POOLS(3, ExpandingArrayWithOptionalElem);
#undef PHAROS_POOLS
#undef PHAROS_UNPOOL
#undef PHAROS_WITH_INDICES
#undef PHAROS_POOL

}  // namespace torch::nn
