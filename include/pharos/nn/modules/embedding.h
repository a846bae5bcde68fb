// Embedding and EmbeddingBag.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/embedding.h>

namespace torch::nn {

class PHAROS_API EmbeddingImpl : public BuiltinModule {
  PHAROS_MODULE(EmbeddingImpl)
  EmbeddingImpl(int64_t num_embeddings, int64_t embedding_dim);
  explicit EmbeddingImpl(EmbeddingOptions options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& indices);
  EmbeddingOptions options;
  Tensor weight;
};
class PHAROS_API Embedding : public ModuleHolder<EmbeddingImpl> {
 public:
  using ModuleHolder<EmbeddingImpl>::ModuleHolder;
  static Embedding from_pretrained(const Tensor& embeddings,
                                   const EmbeddingFromPretrainedOptions& options = {});
};

class PHAROS_API EmbeddingBagImpl : public BuiltinModule {
  PHAROS_MODULE(EmbeddingBagImpl)
  EmbeddingBagImpl(int64_t num_embeddings, int64_t embedding_dim);
  explicit EmbeddingBagImpl(EmbeddingBagOptions options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input, const Tensor& offsets = {},
                 const Tensor& per_sample_weights = {});
  EmbeddingBagOptions options;
  Tensor weight;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
class PHAROS_API EmbeddingBag : public ModuleHolder<EmbeddingBagImpl> {
 public:
  using ModuleHolder<EmbeddingBagImpl>::ModuleHolder;
  static EmbeddingBag from_pretrained(const Tensor& embeddings,
                                      const EmbeddingBagFromPretrainedOptions& options = {});
};

namespace functional {
PHAROS_API Tensor one_hot(const Tensor& tensor, int64_t num_classes = -1);
PHAROS_API Tensor embedding(const Tensor& input, const Tensor& weight,
                            const EmbeddingFuncOptions& options = {});
PHAROS_API Tensor embedding_bag(const Tensor& input, const Tensor& weight,
                                const EmbeddingBagFuncOptions& options = {});
}  // namespace functional

}  // namespace torch::nn
