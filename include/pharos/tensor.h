// at::Tensor: the handle every program holds. One intrusive pointer; hand-written members are those
// that are no operators, the operators' methods come from the generated list inside the class.
#pragma once

#include <pharos/core/generator.h>
#include <pharos/core/scalar.h>
#include <pharos/core/tensor_accessor.h>
#include <pharos/core/tensor_impl.h>

#include <array>
#include <string_view>
#include <tuple>

namespace c10 {
template <typename T>
class List;
using std::string_view;
}  // namespace c10

namespace torch::autograd {
struct Node;
using Variable = at::Tensor;
}  // namespace torch::autograd

namespace at {

using namespace c10;
namespace indexing {
struct TensorIndex;
}
using TensorList = ArrayRef<Tensor>;
using ITensorListRef = ArrayRef<Tensor>;
using Stream = int64_t;

namespace Reduction {
enum Reduction { None, Mean, Sum, END };
}

// What Tensor::type() returns, for programs from before dtype() and options().
class PHAROS_API DeprecatedTypeProperties {
 public:
  explicit DeprecatedTypeProperties(TensorOptions options) : options_(options) {}
  ScalarType scalarType() const { return options_.dtype_or_default(); }
  caffe2::TypeMeta typeMeta() const { return scalarType(); }
  DeviceType device_type() const { return options_.device().type(); }
  bool is_cuda() const { return device_type() == DeviceType::CUDA; }
  TensorOptions options() const { return options_; }
  operator TensorOptions() const { return options_; }
  std::string toString() const;  // "CPUFloatType"
  bool operator==(const DeprecatedTypeProperties& o) const {
    return scalarType() == o.scalarType() && device_type() == o.device_type();
  }
  bool operator!=(const DeprecatedTypeProperties& o) const { return !(*this == o); }

 private:
  TensorOptions options_;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const DeprecatedTypeProperties& t);

class PHAROS_API Tensor {
 public:
  Tensor() noexcept : impl_(nullptr) {}
  Tensor(const Tensor& o) noexcept : impl_(o.impl_) {
    if (impl_) impl_->retain();
  }
  Tensor(Tensor&& o) noexcept : impl_(o.impl_) { o.impl_ = nullptr; }
  explicit Tensor(intrusive_ptr<TensorImpl> p) noexcept : impl_(p.release()) {}
  ~Tensor() {
    if (impl_) impl_->release();
  }
  Tensor& operator=(const Tensor& o) & noexcept {
    TensorImpl* old = impl_;
    if (o.impl_) o.impl_->retain();
    impl_ = o.impl_;
    if (old) old->release();
    return *this;
  }
  Tensor& operator=(Tensor&& o) & noexcept {
    Tensor taken(std::move(o));
    std::swap(impl_, taken.impl_);
    return *this;
  }
  // `x[0] = y` writes into the tensor, as in Python.
  Tensor& operator=(const Tensor& o) && { return copy_(o); }
  Tensor& operator=(Tensor&& o) && { return copy_(o); }
  Tensor& operator=(const Scalar& v) && { return fill_(v); }

  static Tensor wrap_tensor_impl(intrusive_ptr<TensorImpl> p) { return Tensor(std::move(p)); }
  // Takes over a reference that the caller owns.
  static Tensor reclaim(TensorImpl* owned) noexcept {
    Tensor t;
    t.impl_ = owned;
    return t;
  }
  static Tensor retain(TensorImpl* borrowed) noexcept {
    if (borrowed) borrowed->retain();
    return reclaim(borrowed);
  }
  TensorImpl* release() noexcept {
    TensorImpl* p = impl_;
    impl_ = nullptr;
    return p;
  }
  TensorImpl* unsafeGetTensorImpl() const { return impl_; }
  TensorImpl* unsafeReleaseTensorImpl() { return release(); }
  intrusive_ptr<TensorImpl> getIntrusivePtr() const {
    return intrusive_ptr<TensorImpl>::reclaim_copy(impl_);
  }
  bool defined() const { return impl_ != nullptr; }
  void reset() { *this = Tensor(); }
  size_t use_count() const { return impl_ ? impl_->use_count() : 0; }
  bool is_same(const Tensor& o) const { return impl_ == o.impl_; }

  // Shape.
  int64_t dim() const { return get()->ndim; }
  int64_t ndimension() const { return dim(); }
  IntArrayRef sizes() const { return get()->sizes(); }
  IntArrayRef sym_sizes() const { return sizes(); }
  IntArrayRef strides() const { return get()->strides(); }
  int64_t size(int64_t d) const;
  int64_t sym_size(int64_t d) const { return size(d); }
  int64_t stride(int64_t d) const;
  int64_t numel() const { return get()->numel_; }
  int64_t sym_numel() const { return numel(); }
  size_t nbytes() const { return static_cast<size_t>(numel()) * itemsize(); }
  size_t itemsize() const { return elementSize(scalar_type()); }
  int64_t element_size() const { return static_cast<int64_t>(itemsize()); }
  int64_t storage_offset() const { return get()->storage_offset(); }
  bool is_contiguous(MemoryFormat f = MemoryFormat::Contiguous) const {
    return f == MemoryFormat::Contiguous ? get()->is_contiguous() : get()->is_contiguous(f);
  }
  bool is_non_overlapping_and_dense() const { return get()->is_non_overlapping_and_dense(); }
  MemoryFormat suggest_memory_format() const;
  bool has_storage() const { return get()->storage != nullptr; }
  const Storage storage() const {
    return Storage(intrusive_ptr<StorageImpl>::reclaim_copy(get()->storage));
  }
  bool is_alias_of(const Tensor& o) const { return get()->storage == o.get()->storage; }
  bool has_names() const { return false; }

  // Type and place.
  ScalarType scalar_type() const { return get()->dtype_; }
  caffe2::TypeMeta dtype() const { return scalar_type(); }
  Device device() const { return get()->device(); }
  int64_t get_device() const { return get()->device_index; }
  Layout layout() const { return Layout::Strided; }
  TensorOptions options() const;
  bool is_cpu() const { return get()->device_type == DeviceType::CPU; }
  bool is_cuda() const { return get()->device_type == DeviceType::CUDA; }
  bool is_mps() const { return get()->device_type == DeviceType::MPS; }
  bool is_meta() const { return get()->device_type == DeviceType::Meta; }
  bool is_privateuseone() const { return get()->device_type == DeviceType::PrivateUse1; }
  bool is_sparse() const { return false; }
  bool is_quantized() const { return false; }
  bool is_nested() const { return false; }
  bool is_mkldnn() const { return false; }
  bool is_floating_point() const { return isFloatingType(scalar_type()); }
  bool is_complex() const { return isComplexType(scalar_type()); }
  bool is_signed() const { return isSignedType(scalar_type()); }
  bool is_conj() const { return get()->has(TensorImpl::kConj); }
  bool is_neg() const { return get()->has(TensorImpl::kNeg); }
  bool is_inference() const { return get()->is_inference(); }
  bool is_pinned() const { return false; }
  // "CPUFloatType", as old programs print it.
  std::string toString() const;
  Tensor cpu() const { return to(Device(DeviceType::CPU)); }
  Tensor cuda() const { return to(Device(DeviceType::CUDA)); }
  Tensor to(TensorOptions options, bool non_blocking, bool copy,
            std::optional<MemoryFormat> format) const;
  Tensor to(TensorOptions options = {}, bool non_blocking = false, bool copy = false) const {
    return to(options, non_blocking, copy, std::nullopt);
  }
  Tensor to(Device device, ScalarType dtype, bool non_blocking = false, bool copy = false,
            std::optional<MemoryFormat> format = std::nullopt) const;
  Tensor to(ScalarType dtype, bool non_blocking = false, bool copy = false,
            std::optional<MemoryFormat> format = std::nullopt) const;
  Tensor to(caffe2::TypeMeta dtype, bool non_blocking = false, bool copy = false) const {
    return to(dtype.toScalarType(), non_blocking, copy);
  }
  Tensor to(Device device, caffe2::TypeMeta dtype, bool non_blocking = false,
            bool copy = false) const {
    return to(device, dtype.toScalarType(), non_blocking, copy);
  }
  Tensor to(const Tensor& other, bool non_blocking = false, bool copy = false,
            std::optional<MemoryFormat> format = std::nullopt) const;
  Tensor toType(ScalarType t) const { return to(t); }
  DeprecatedTypeProperties type() const { return DeprecatedTypeProperties(options()); }
  Tensor toType(const DeprecatedTypeProperties& t) const { return to(t.options()); }
  // An error: only memory of accelerators' hosts can be pinned.
  Tensor pin_memory() const;

  // Data. `const_data_ptr` does not count as a write.
  void* data_ptr() const;
  const void* const_data_ptr() const;
  void* mutable_data_ptr() const { return data_ptr(); }
  template <typename T>
  T* data_ptr() const {
    check_type(CppTypeToScalarType<std::remove_const_t<T>>::value);
    return static_cast<T*>(data_ptr());
  }
  template <typename T>
  const T* const_data_ptr() const {
    check_type(CppTypeToScalarType<std::remove_const_t<T>>::value);
    return static_cast<const T*>(const_data_ptr());
  }
  template <typename T>
  T* mutable_data_ptr() const {
    return data_ptr<T>();
  }
  template <typename T>
  T* data() const {
    return data_ptr<T>();
  }
  Scalar item() const;
  template <typename T>
  T item() const {
    return item().template to<T>();
  }
  template <typename T, size_t N>
  TensorAccessor<T, N> accessor() const& {
    static_assert(N > 0, "accessor is used for indexing tensor, for scalars use *data_ptr<T>()");
    check_rank(N);
    return TensorAccessor<T, N>(data_ptr<T>(), sizes().data(), strides().data());
  }
  template <typename T, size_t N>
  TensorAccessor<T, N> accessor() && = delete;
  template <typename T, size_t N, template <typename> class P = DefaultPtrTraits>
  PackedTensorAccessor64<T, N, P> packed_accessor64() const& {
    check_rank(N);
    return PackedTensorAccessor64<T, N, P>(data_ptr<T>(), sizes().data(), strides().data());
  }
  template <typename T, size_t N, template <typename> class P = DefaultPtrTraits>
  PackedTensorAccessor32<T, N, P> packed_accessor32() const& {
    check_rank(N);
    return PackedTensorAccessor32<T, N, P>(data_ptr<T>(), sizes().data(), strides().data());
  }

  // Autograd.
  bool requires_grad() const { return get()->requires_grad(); }
  const Tensor& set_requires_grad(bool v) const;
  const Tensor& requires_grad_(bool v = true) const { return set_requires_grad(v); }
  bool is_leaf() const;
  const Tensor& grad() const;
  Tensor& mutable_grad() const;
  intrusive_ptr<torch::autograd::Node> grad_fn() const;
  int64_t output_nr() const { return get()->output_nr(); }
  void retain_grad() const;
  bool retains_grad() const;
  void backward(const Tensor& gradient = {}, std::optional<bool> retain_graph = std::nullopt,
                bool create_graph = false, OptionalArrayRef<Tensor> inputs = {}) const;
  // `hook` takes the gradient and returns nothing or a replacement; the number removes it.
  template <typename F>
  unsigned register_hook(F&& hook) const;
  void remove_hook(unsigned pos) const;
  Tensor data() const { return variable_data(); }
  // Shares storage; `tensor_data` shares the version counter too, `variable_data` has a fresh one.
  Tensor tensor_data() const;
  Tensor variable_data() const;
  void set_data(const Tensor& other) const;
  int64_t _version() const;
  bool is_view() const { return get()->base != nullptr; }
  const Tensor _base() const;
  const std::string& name() const;

  // Indexing.
  Tensor operator[](int64_t i) const { return select(0, i); }
  Tensor operator[](const Tensor& index) const;
  Tensor operator[](const Scalar& index) const;
  Tensor index(ArrayRef<indexing::TensorIndex> indices) const;
  Tensor index(std::initializer_list<indexing::TensorIndex> indices) const;
  Tensor& index_put_(ArrayRef<indexing::TensorIndex> indices, const Tensor& values);
  Tensor& index_put_(std::initializer_list<indexing::TensorIndex> indices, const Tensor& values);
  Tensor& index_put_(ArrayRef<indexing::TensorIndex> indices, const Scalar& value);
  Tensor& index_put_(std::initializer_list<indexing::TensorIndex> indices, const Scalar& value);
  // The operators themselves: at most one tensor for each dim.
  Tensor index(const c10::List<std::optional<Tensor>>& indices) const;
  Tensor& index_put_(const c10::List<std::optional<Tensor>>& indices, const Tensor& values,
                     bool accumulate = false);

  // Arithmetic in place.
  Tensor operator~() const { return bitwise_not(); }
  Tensor operator-() const { return neg(); }
  Tensor& operator+=(const Tensor& o) { return add_(o); }
  Tensor& operator+=(const Scalar& o) { return add_(o); }
  Tensor& operator-=(const Tensor& o) { return sub_(o); }
  Tensor& operator-=(const Scalar& o) { return sub_(o); }
  Tensor& operator*=(const Tensor& o) { return mul_(o); }
  Tensor& operator*=(const Scalar& o) { return mul_(o); }
  Tensor& operator/=(const Tensor& o) { return div_(o); }
  Tensor& operator/=(const Scalar& o) { return div_(o); }
  Tensor& operator&=(const Tensor& o) { return bitwise_and_(o); }
  Tensor& operator|=(const Tensor& o) { return bitwise_or_(o); }
  Tensor& operator^=(const Tensor& o) { return bitwise_xor_(o); }
  void print() const;

#include <pharos/ops/tensor_methods.inc>

  // A plain number names a dim; without these it would become `unbiased`.
  Tensor std(int dim) const { return std(IntArrayRef{dim}); }
  Tensor var(int dim) const { return var(IntArrayRef{dim}); }

 private:
  TensorImpl* get() const {
    if (PHAROS_UNLIKELY(!impl_)) undefined();
    return impl_;
  }
  [[noreturn]] static void undefined();
  void check_type(ScalarType t) const {
    if (PHAROS_UNLIKELY(get()->dtype_ != t)) wrong_type(t);
  }
  void check_rank(size_t n) const {
    if (PHAROS_UNLIKELY(static_cast<size_t>(dim()) != n)) wrong_rank(n);
  }
  [[noreturn]] void wrong_type(ScalarType t) const;
  [[noreturn]] void wrong_rank(size_t n) const;

  TensorImpl* impl_;
};
static_assert(sizeof(Tensor) == sizeof(void*));

using OptionalTensorRef = const std::optional<Tensor>&;

PHAROS_API std::ostream& operator<<(std::ostream& out, const Tensor& t);
// As operator<<, with the width at which rows of columns are folded.
PHAROS_API std::ostream& print(std::ostream& out, const Tensor& t, int64_t line_size);

}  // namespace at

namespace torch {
using namespace at;
}
