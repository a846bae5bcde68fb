// Convolutions of 1 to 3 dimensions, plain and transposed.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/conv.h>

namespace torch::nn {

// What they share; bodies are instantiated in the library only.
template <size_t D>
class ConvNdImpl : public BuiltinModule {
 public:
  explicit ConvNdImpl(const detail::ConvNdOptions<D>& options_);
  ConvNdImpl(const ConvNdImpl&);
  ConvNdImpl& operator=(const ConvNdImpl&);
  ~ConvNdImpl() override;
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  detail::ConvNdOptions<D> options;
  Tensor weight, bias;

 protected:
  Tensor convolve(const Tensor& input);
  Tensor convolve_transposed(const Tensor& input, const OptionalIntArrayRef& output_size);
  std::vector<int64_t> _output_padding(const Tensor& input,
                                       const OptionalIntArrayRef& output_size) const;
};
extern template class ConvNdImpl<1>;
extern template class ConvNdImpl<2>;
extern template class ConvNdImpl<3>;

#define PHAROS_CONV(D)                                                                          \
  class PHAROS_API Conv##D##dImpl : public ConvNdImpl<D> {                                      \
    PHAROS_MODULE(Conv##D##dImpl)                                                               \
    Conv##D##dImpl(int64_t in_channels, int64_t out_channels, ExpandingArray<D> kernel_size);   \
    explicit Conv##D##dImpl(const Conv##D##dOptions& options_);                                 \
    Tensor forward(const Tensor& input);                                                        \
  };                                                                                            \
  PHAROS_HOLDER(Conv##D##d);                                                                    \
  class PHAROS_API ConvTranspose##D##dImpl : public ConvNdImpl<D> {                             \
    PHAROS_MODULE(ConvTranspose##D##dImpl)                                                      \
    ConvTranspose##D##dImpl(int64_t in_channels, int64_t out_channels,                          \
                            ExpandingArray<D> kernel_size);                                     \
    explicit ConvTranspose##D##dImpl(const ConvTranspose##D##dOptions& options_);               \
    Tensor forward(const Tensor& input, const OptionalIntArrayRef& output_size = std::nullopt); \
                                                                                                \
   protected:                                                                                   \
    PHAROS_FORWARD_HAS_DEFAULT_ARGS                                                             \
  };                                                                                            \
  PHAROS_HOLDER(ConvTranspose##D##d)
PHAROS_CONV(1);
PHAROS_CONV(2);
PHAROS_CONV(3);
#undef PHAROS_CONV

}  // namespace torch::nn
