// The pools and their functional forms.
#include <pharos/nn/functional/pooling.h>
#include <pharos/nn/modules/pooling.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer;
using pharos::nn::run_layer_n;

namespace {

// The wanted size; where it is left open, the input's.
template <typename Size>
std::vector<int64_t> adaptive_size(const Tensor& input, const Size& wanted) {
  const auto& sizes = *wanted;
  const int64_t n = static_cast<int64_t>(sizes.size());
  TORCH_CHECK(input.dim() > n, "Input dimension should be at least ", n + 1);
  std::vector<int64_t> out;
  for (int64_t i = 0; i < n; ++i) {
    const std::optional<int64_t> size = sizes[static_cast<size_t>(i)];
    out.push_back(size.value_or(input.size(input.dim() - n + i)));
  }
  return out;
}

template <size_t D>
std::vector<int64_t> unpool_size(const Tensor& input, const F::MaxUnpoolFuncOptions<D>& o) {
  std::vector<int64_t> usual;
  const int64_t dims = static_cast<int64_t>(D);
  TORCH_CHECK(input.dim() == dims + 1 || input.dim() == dims + 2, "max_unpool", D, "d: expected a ",
              D + 1, "D or ", D + 2, "D input, got ", input.dim(), "D");
  for (size_t i = 0; i < D; ++i)
    usual.push_back((input.size(input.dim() - dims + static_cast<int64_t>(i)) - 1) *
                        (*o.stride())[i] +
                    (*o.kernel_size())[i] - 2 * (*o.padding())[i]);
  if (!o.output_size()) return usual;
  std::vector<int64_t> size = *o.output_size();
  if (size.size() == D + 2) size.erase(size.begin(), size.begin() + 2);
  TORCH_CHECK(size.size() == D, "output_size should be a sequence containing ", D, " or ", D + 2,
              " elements, but it has a length of '", size.size(), "'");
  for (size_t i = 0; i < D; ++i) {
    const int64_t least = usual[i] - (*o.stride())[i], most = usual[i] + (*o.stride())[i];
    TORCH_CHECK(least <= size[i] && size[i] <= most, "Invalid output_size ", IntArrayRef(size),
                " (dim ", i, " must be between ", least, " and ", most, ")");
  }
  return size;
}

// The mean of |x|^p times the window's size, to 1/p.
template <size_t D>
Tensor power_mean(const Tensor& mean, const LPPoolOptions<D>& o) {
  double n = 1;
  for (const int64_t k : *o.kernel_size()) n *= static_cast<double>(k);
  return at::sign(mean).mul(at::relu(at::abs(mean))).mul(n).pow(1.0 / o.norm_type());
}

}  // namespace

namespace functional {

Tensor avg_pool1d(const Tensor& x, const AvgPool1dFuncOptions& o) {
  return at::avg_pool1d(x, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                        o.count_include_pad());
}
Tensor avg_pool2d(const Tensor& x, const AvgPool2dFuncOptions& o) {
  return at::avg_pool2d(x, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                        o.count_include_pad(), o.divisor_override());
}
Tensor avg_pool3d(const Tensor& x, const AvgPool3dFuncOptions& o) {
  return at::avg_pool3d(x, o.kernel_size(), o.stride(), o.padding(), o.ceil_mode(),
                        o.count_include_pad(), o.divisor_override());
}
Tensor max_unpool1d(const Tensor& x, const Tensor& indices, const MaxUnpool1dFuncOptions& o) {
  std::vector<int64_t> size = unpool_size(x, o);
  size.push_back(1);
  return at::max_unpool2d(x.unsqueeze(-1), indices.unsqueeze(-1), size).squeeze(-1);
}
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, const MaxUnpool2dFuncOptions& o) {
  return at::max_unpool2d(x, indices, unpool_size(x, o));
}
Tensor max_unpool3d(const Tensor& x, const Tensor& indices, const MaxUnpool3dFuncOptions& o) {
  return at::max_unpool3d(x, indices, unpool_size(x, o), o.stride(), o.padding());
}

#define PHAROS_POOL_FUNCTIONS(D)                                                                 \
  Tensor max_pool##D##d(const Tensor& x, const MaxPool##D##dFuncOptions& o) {                    \
    return at::max_pool##D##d(x, o.kernel_size(), o.stride(), o.padding(), o.dilation(),         \
                              o.ceil_mode());                                                    \
  }                                                                                              \
  std::tuple<Tensor, Tensor> max_pool##D##d_with_indices(const Tensor& x,                        \
                                                         const MaxPool##D##dFuncOptions& o) {    \
    return at::max_pool##D##d_with_indices(x, o.kernel_size(), o.stride(), o.padding(),          \
                                           o.dilation(), o.ceil_mode());                         \
  }                                                                                              \
  Tensor adaptive_avg_pool##D##d(const Tensor& x, const AdaptiveAvgPool##D##dFuncOptions& o) {   \
    return at::adaptive_avg_pool##D##d(x, adaptive_size(x, o.output_size()));                    \
  }                                                                                              \
  std::tuple<Tensor, Tensor> adaptive_max_pool##D##d_with_indices(                               \
      const Tensor& x, const AdaptiveMaxPool##D##dFuncOptions& o) {                              \
    return at::adaptive_max_pool##D##d(x, adaptive_size(x, o.output_size()));                    \
  }                                                                                              \
  Tensor adaptive_max_pool##D##d(const Tensor& x, const AdaptiveMaxPool##D##dFuncOptions& o) {   \
    return std::get<0>(adaptive_max_pool##D##d_with_indices(x, o));                              \
  }                                                                                              \
  Tensor lp_pool##D##d(const Tensor& x, const LPPool##D##dFuncOptions& o) {                      \
    return power_mean<D>(                                                                        \
        at::avg_pool##D##d(x.pow(o.norm_type()), o.kernel_size(), o.stride(), 0, o.ceil_mode()), \
        o);                                                                                      \
  }
PHAROS_POOL_FUNCTIONS(1)
PHAROS_POOL_FUNCTIONS(2)
PHAROS_POOL_FUNCTIONS(3)

}  // namespace functional

#define PHAROS_POOL_BODY(X, First)                                    \
  PHAROS_DEFINE_MODULE(X##Impl)                                       \
  X##Impl::X##Impl(First first) : X##Impl(X##Options(first)) {}       \
  X##Impl::X##Impl(const X##Options& options_) : options(options_) {} \
  void X##Impl::reset() {}
#define PHAROS_POOL_FORWARD(X, f)                                                         \
  Tensor X##Impl::forward(const Tensor& input) {                                          \
    return run_layer(*this, input, [this](const Tensor& x) { return F::f(x, options); }); \
  }
#define PHAROS_POOL_INDICES(X, f)                                                           \
  std::tuple<Tensor, Tensor> X##Impl::forward_with_indices(const Tensor& input) {           \
    return run_layer_n(                                                                     \
        *this, [this](const Tensor& x) { return F::f##_with_indices(x, options); }, input); \
  }
#define PHAROS_POOLS(D, Adaptive)                                                                  \
  PHAROS_POOL_BODY(AvgPool##D##d, ExpandingArray<D>)                                               \
  PHAROS_POOL_FORWARD(AvgPool##D##d, avg_pool##D##d)                                               \
  void AvgPool##D##dImpl::pretty_print(std::ostream& stream) const {                               \
    stream << "torch::nn::AvgPool" #D "d(kernel_size=" << options.kernel_size()                    \
           << ", stride=" << options.stride() << ", padding=" << options.padding() << ')';         \
  }                                                                                                \
  PHAROS_POOL_BODY(MaxPool##D##d, ExpandingArray<D>)                                               \
  PHAROS_POOL_FORWARD(MaxPool##D##d, max_pool##D##d)                                               \
  PHAROS_POOL_INDICES(MaxPool##D##d, max_pool##D##d)                                               \
  void MaxPool##D##dImpl::pretty_print(std::ostream& stream) const {                               \
    stream << std::boolalpha << "torch::nn::MaxPool" #D "d(kernel_size=" << options.kernel_size()  \
           << ", stride=" << options.stride() << ", padding=" << options.padding()                 \
           << ", dilation=" << options.dilation() << ", ceil_mode=" << options.ceil_mode() << ')'; \
  }                                                                                                \
  PHAROS_POOL_BODY(AdaptiveAvgPool##D##d, Adaptive<D>)                                             \
  PHAROS_POOL_FORWARD(AdaptiveAvgPool##D##d, adaptive_avg_pool##D##d)                              \
  void AdaptiveAvgPool##D##dImpl::pretty_print(std::ostream& stream) const {                       \
    stream << "torch::nn::AdaptiveAvgPool" #D "d(output_size=" << options.output_size() << ')';    \
  }                                                                                                \
  PHAROS_POOL_BODY(AdaptiveMaxPool##D##d, Adaptive<D>)                                             \
  PHAROS_POOL_FORWARD(AdaptiveMaxPool##D##d, adaptive_max_pool##D##d)                              \
  PHAROS_POOL_INDICES(AdaptiveMaxPool##D##d, adaptive_max_pool##D##d)                              \
  void AdaptiveMaxPool##D##dImpl::pretty_print(std::ostream& stream) const {                       \
    stream << "torch::nn::AdaptiveMaxPool" #D "d(output_size=" << options.output_size() << ')';    \
  }                                                                                                \
  PHAROS_DEFINE_MODULE(LPPool##D##dImpl)                                                           \
  LPPool##D##dImpl::LPPool##D##dImpl(double norm_type, ExpandingArray<D> kernel_size)              \
      : LPPool##D##dImpl(LPPool##D##dOptions(norm_type, kernel_size)) {}                           \
  LPPool##D##dImpl::LPPool##D##dImpl(const LPPool##D##dOptions& options_) : options(options_) {}   \
  void LPPool##D##dImpl::reset() {}                                                                \
  PHAROS_POOL_FORWARD(LPPool##D##d, lp_pool##D##d)                                                 \
  void LPPool##D##dImpl::pretty_print(std::ostream& stream) const {                                \
    stream << std::boolalpha << "torch::nn::LPPool" #D "d(norm_type=" << options.norm_type()       \
           << ", kernel_size=" << options.kernel_size() << ", stride=" << options.stride()         \
           << ", ceil_mode=" << options.ceil_mode() << ')';                                        \
  }                                                                                                \
  PHAROS_POOL_BODY(MaxUnpool##D##d, ExpandingArray<D>)                                             \
  PHAROS_DEFAULT_ARGS(MaxUnpool##D##dImpl, 2, AnyValue(pharos::Maybe<std::vector<int64_t>>()))     \
  void MaxUnpool##D##dImpl::pretty_print(std::ostream& stream) const {                             \
    stream << "torch::nn::MaxUnpool" #D "d(kernel_size=" << options.kernel_size()                  \
           << ", stride=" << options.stride() << ", padding=" << options.padding() << ')';         \
  }                                                                                                \
  Tensor MaxUnpool##D##dImpl::forward(const Tensor& input, const Tensor& indices,                  \
                                      const pharos::Maybe<std::vector<int64_t>>& output_size) {    \
    return run_layer_n(                                                                            \
        *this,                                                                                     \
        [&](const Tensor& x, const Tensor& i) {                                                    \
          return F::max_unpool##D##d(x, i,                                                         \
                                     F::MaxUnpool##D##dFuncOptions(options.kernel_size())          \
                                         .stride(options.stride())                                 \
                                         .padding(options.padding())                               \
                                         .output_size(output_size));                               \
        },                                                                                         \
        input, indices);                                                                           \
  }
PHAROS_POOLS(1, ExpandingArray)
PHAROS_POOLS(2, ExpandingArrayWithOptionalElem)
PHAROS_POOLS(3, ExpandingArrayWithOptionalElem)

}  // namespace torch::nn
