// Convolutions of 1 to 3 dimensions, plain and transposed; their functional forms.
#include <pharos/nn/functional/conv.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/conv.h>

#include <cmath>
#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace {

template <size_t D>
Tensor conv(const Tensor& x, const Tensor& w, const Tensor& b, const ExpandingArray<D>& stride,
            const detail::conv_padding_t<D>& padding, const ExpandingArray<D>& dilation,
            int64_t groups) {
  const auto call = [&](auto pad) {
    if constexpr (D == 1)
      return at::conv1d(x, w, b, stride, pad, dilation, groups);
    else if constexpr (D == 2)
      return at::conv2d(x, w, b, stride, pad, dilation, groups);
    else
      return at::conv3d(x, w, b, stride, pad, dilation, groups);
  };
  if (padding.is_sizes()) return call(IntArrayRef(padding.sizes()));
  return call(c10::string_view(padding.is_same() ? "same" : "valid"));
}

template <size_t D>
Tensor conv_transpose(const Tensor& x, const Tensor& w, const Tensor& b,
                      const ExpandingArray<D>& stride, const ExpandingArray<D>& padding,
                      IntArrayRef output_padding, int64_t groups,
                      const ExpandingArray<D>& dilation) {
  if constexpr (D == 1)
    return at::conv_transpose1d(x, w, b, stride, padding, output_padding, groups, dilation);
  else if constexpr (D == 2)
    return at::conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation);
  else
    return at::conv_transpose3d(x, w, b, stride, padding, output_padding, groups, dilation);
}

template <size_t D>
bool all_are(const ExpandingArray<D>& a, int64_t v) {
  for (int64_t e : *a)
    if (e != v) return false;
  return true;
}

// From the last dimension to the first: before, after.
template <size_t D>
std::vector<int64_t> reversed_padding(const detail::ConvNdOptions<D>& o) {
  std::vector<int64_t> out;
  for (size_t i = D; i-- > 0;) {
    int64_t before = 0, after = 0;
    if (o.padding().is_same()) {
      const int64_t total = (*o.dilation())[i] * ((*o.kernel_size())[i] - 1);
      before = total / 2;
      after = total - before;
    } else if (o.padding().is_sizes()) {
      before = after = (*o.padding().sizes())[i];
    }
    out.push_back(before);
    out.push_back(after);
  }
  return out;
}

const char* pad_mode(const detail::conv_padding_mode_t& mode) {
  if (mode.is(kReflect)) return "reflect";
  return mode.is(kReplicate) ? "replicate" : "circular";
}

}  // namespace

template <size_t D>
ConvNdImpl<D>::ConvNdImpl(const detail::ConvNdOptions<D>& options_) : options(options_) {
  ConvNdImpl::reset();
}
template <size_t D>
ConvNdImpl<D>::ConvNdImpl(const ConvNdImpl&) = default;
template <size_t D>
ConvNdImpl<D>& ConvNdImpl<D>::operator=(const ConvNdImpl&) = default;
template <size_t D>
ConvNdImpl<D>::~ConvNdImpl() = default;

template <size_t D>
void ConvNdImpl<D>::reset() {
  TORCH_CHECK(options.in_channels() > 0 && options.groups() > 0 && options.out_channels() > 0,
              "in_channels, groups and out_channels must be a positive integer.");
  TORCH_CHECK(options.in_channels() % options.groups() == 0,
              "in_channels must be divisible by groups");
  TORCH_CHECK(options.out_channels() % options.groups() == 0,
              "out_channels must be divisible by groups");
  if (options.padding().is_same())
    TORCH_CHECK(all_are(options.stride(), 1),
                "padding='same' is not supported for strided convolutions");
  const bool t = options.transposed();
  std::vector<int64_t> sizes = {
      t ? options.in_channels() : options.out_channels(),
      (t ? options.out_channels() : options.in_channels()) / options.groups()};
  sizes.insert(sizes.end(), options.kernel_size()->begin(), options.kernel_size()->end());
  weight = register_parameter("weight", at::empty(sizes));
  bias = options.bias() ? register_parameter("bias", at::empty({options.out_channels()}))
                        : register_parameter("bias", {}, false);
  reset_parameters();
}

template <size_t D>
void ConvNdImpl<D>::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5));
  if (!bias.defined()) return;
  const int64_t fan_in = std::get<0>(init::_calculate_fan_in_and_fan_out(weight));
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  init::uniform_(bias, -bound, bound);
}

template <size_t D>
void ConvNdImpl<D>::pretty_print(std::ostream& stream) const {
  const auto& o = options;
  stream << "torch::nn::Conv" << (o.transposed() ? "Transpose" : "") << D << "d(" << o.in_channels()
         << ", " << o.out_channels() << ", kernel_size=" << o.kernel_size()
         << ", stride=" << o.stride();
  if (o.padding().is_valid())
    stream << ", padding='valid'";
  else if (o.padding().is_same())
    stream << ", padding='same'";
  else if (!all_are(o.padding().sizes(), 0))
    stream << ", padding=" << o.padding().sizes();
  if (!all_are(o.dilation(), 1)) stream << ", dilation=" << o.dilation();
  if (!all_are(o.output_padding(), 0)) stream << ", output_padding=" << o.output_padding();
  if (o.groups() != 1) stream << ", groups=" << o.groups();
  if (!o.bias()) stream << ", bias=" << std::boolalpha << false;
  if (!o.padding_mode().is(kZeros))
    stream << ", padding_mode=" << enumtype::get_enum_name(o.padding_mode());
  stream << ')';
}

template <size_t D>
Tensor ConvNdImpl<D>::convolve(const Tensor& input) {
  return pharos::nn::run_layer(*this, input, [this](const Tensor& x) {
    const auto& o = options;
    if (o.padding_mode().is(kZeros))
      return conv<D>(x, weight, bias, o.stride(), o.padding(), o.dilation(), o.groups());
    const Tensor padded = at::pad(x, reversed_padding(o), pad_mode(o.padding_mode()));
    return conv<D>(padded, weight, bias, o.stride(), 0, o.dilation(), o.groups());
  });
}

// What must be added to the smallest output size to get the wanted one.
template <size_t D>
std::vector<int64_t> ConvNdImpl<D>::_output_padding(const Tensor& input,
                                                    const OptionalIntArrayRef& output_size) const {
  const auto& o = options;
  if (!output_size)
    return std::vector<int64_t>(o.output_padding()->begin(), o.output_padding()->end());
  IntArrayRef size = *output_size;
  const size_t batch_dims = static_cast<size_t>(input.dim()) - D;
  if (size.size() == D + batch_dims) size = size.slice(batch_dims);
  TORCH_CHECK(size.size() == D, "output_size must have ", D, " or ", D + batch_dims,
              " elements (got ", size.size(), ")");
  std::vector<int64_t> out;
  for (size_t i = 0; i < D; ++i) {
    const int64_t smallest =
        (input.size(static_cast<int64_t>(i + batch_dims)) - 1) * (*o.stride())[i] -
        2 * (*o.padding().sizes())[i] + (*o.dilation())[i] * ((*o.kernel_size())[i] - 1) + 1;
    const int64_t largest = smallest + (*o.stride())[i] - 1;
    TORCH_CHECK(size[i] >= smallest && size[i] <= largest, "requested an output size of ", size,
                ", but valid sizes in dimension ", i, " range from ", smallest, " to ", largest,
                " (for an input of ", input.sizes(), ")");
    out.push_back(size[i] - smallest);
  }
  return out;
}

template <size_t D>
Tensor ConvNdImpl<D>::convolve_transposed(const Tensor& input,
                                          const OptionalIntArrayRef& output_size) {
  return pharos::nn::run_layer(*this, input, [&](const Tensor& x) {
    const auto& o = options;
    TORCH_CHECK(o.padding_mode().is(kZeros),
                "Only `zeros` padding mode is supported for ConvTranspose", D, "d");
    return conv_transpose<D>(x, weight, bias, o.stride(), o.padding().sizes(),
                             _output_padding(x, output_size), o.groups(), o.dilation());
  });
}

template class ConvNdImpl<1>;
template class ConvNdImpl<2>;
template class ConvNdImpl<3>;

template <size_t D>
static detail::ConvNdOptions<D> nd(const ConvOptions<D>& o) {
  return detail::ConvNdOptions<D>(o.in_channels(), o.out_channels(), o.kernel_size())
      .stride(o.stride())
      .padding(o.padding())
      .dilation(o.dilation())
      .transposed(false)
      .groups(o.groups())
      .bias(o.bias())
      .padding_mode(o.padding_mode());
}
template <size_t D>
static detail::ConvNdOptions<D> nd(const ConvTransposeOptions<D>& o) {
  return detail::ConvNdOptions<D>(o.in_channels(), o.out_channels(), o.kernel_size())
      .stride(o.stride())
      .padding(o.padding())
      .dilation(o.dilation())
      .transposed(true)
      .output_padding(o.output_padding())
      .groups(o.groups())
      .bias(o.bias())
      .padding_mode(o.padding_mode());
}

#define PHAROS_CONV(D)                                                                             \
  PHAROS_DEFINE_MODULE(Conv##D##dImpl)                                                             \
  Conv##D##dImpl::Conv##D##dImpl(int64_t in_channels, int64_t out_channels,                        \
                                 ExpandingArray<D> kernel_size)                                    \
      : Conv##D##dImpl(Conv##D##dOptions(in_channels, out_channels, kernel_size)) {}               \
  Conv##D##dImpl::Conv##D##dImpl(const Conv##D##dOptions& options_)                                \
      : ConvNdImpl<D>(nd<D>(options_)) {}                                                          \
  Tensor Conv##D##dImpl::forward(const Tensor& input) { return convolve(input); }                  \
  PHAROS_DEFINE_MODULE(ConvTranspose##D##dImpl)                                                    \
  PHAROS_DEFAULT_ARGS(ConvTranspose##D##dImpl, 1, AnyValue(OptionalIntArrayRef()))                 \
  ConvTranspose##D##dImpl::ConvTranspose##D##dImpl(int64_t in_channels, int64_t out_channels,      \
                                                   ExpandingArray<D> kernel_size)                  \
      : ConvTranspose##D##dImpl(                                                                   \
            ConvTranspose##D##dOptions(in_channels, out_channels, kernel_size)) {}                 \
  ConvTranspose##D##dImpl::ConvTranspose##D##dImpl(const ConvTranspose##D##dOptions& options_)     \
      : ConvNdImpl<D>(nd<D>(options_)) {}                                                          \
  Tensor ConvTranspose##D##dImpl::forward(const Tensor& input,                                     \
                                          const OptionalIntArrayRef& output_size) {                \
    return convolve_transposed(input, output_size);                                                \
  }                                                                                                \
  namespace functional {                                                                           \
  Tensor conv##D##d(const Tensor& input, const Tensor& weight, const Conv##D##dFuncOptions& o) {   \
    return conv<D>(input, weight, o.bias(), o.stride(), o.padding(), o.dilation(), o.groups());    \
  }                                                                                                \
  Tensor conv_transpose##D##d(const Tensor& input, const Tensor& weight,                           \
                              const ConvTranspose##D##dFuncOptions& o) {                           \
    return conv_transpose<D>(input, weight, o.bias(), o.stride(), o.padding(), o.output_padding(), \
                             o.groups(), o.dilation());                                            \
  }                                                                                                \
  }
PHAROS_CONV(1)
PHAROS_CONV(2)
PHAROS_CONV(3)

}  // namespace torch::nn
