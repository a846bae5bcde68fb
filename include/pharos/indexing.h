// Indices of Tensor::index and index_put_: numbers, slices, None, "...", booleans and tensors, as
// Python's subscript takes them.
#pragma once

#include <pharos/tensor.h>

namespace at {
namespace indexing {

enum class TensorIndexType { None, Ellipsis, SymInt, Boolean, Slice, Tensor };

constexpr std::nullopt_t None = std::nullopt;

constexpr int64_t INDEX_MIN = -(int64_t{1} << 62);
constexpr int64_t INDEX_MAX = -(INDEX_MIN + 1);

struct EllipsisIndexType final {
  constexpr EllipsisIndexType() = default;
};
constexpr EllipsisIndexType Ellipsis{};

// start:stop:step; what is left out reaches to the ends.
struct PHAROS_API Slice final {
  Slice(std::optional<int64_t> start = std::nullopt, std::optional<int64_t> stop = std::nullopt,
        std::optional<int64_t> step = std::nullopt);
  int64_t start() const { return start_; }
  int64_t stop() const { return stop_; }
  int64_t step() const { return step_; }

 private:
  int64_t start_, stop_, step_;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const Slice& slice);

struct PHAROS_API TensorIndex final {
  TensorIndex(std::nullopt_t) : type_(TensorIndexType::None) {}
  TensorIndex(EllipsisIndexType) : type_(TensorIndexType::Ellipsis) {}
  // "..." only.
  TensorIndex(const char* text);
  TensorIndex(int64_t i) : integer_(i), type_(TensorIndexType::SymInt) {}
  TensorIndex(int i) : TensorIndex(static_cast<int64_t>(i)) {}
  template <typename T, typename = std::enable_if_t<std::is_same_v<T, bool>>>
  TensorIndex(T b) : boolean_(b), type_(TensorIndexType::Boolean) {}
  TensorIndex(Slice s) : slice_(s), type_(TensorIndexType::Slice) {}
  TensorIndex(Tensor t) : tensor_(std::move(t)), type_(TensorIndexType::Tensor) {}

  bool is_none() const { return type_ == TensorIndexType::None; }
  bool is_ellipsis() const { return type_ == TensorIndexType::Ellipsis; }
  bool is_integer() const { return type_ == TensorIndexType::SymInt; }
  bool is_boolean() const { return type_ == TensorIndexType::Boolean; }
  bool is_slice() const { return type_ == TensorIndexType::Slice; }
  bool is_tensor() const { return type_ == TensorIndexType::Tensor; }
  int64_t integer() const { return integer_; }
  bool boolean() const { return boolean_; }
  const Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  int64_t integer_ = 0;
  bool boolean_ = false;
  Slice slice_;
  Tensor tensor_;
  TensorIndexType type_;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const TensorIndex& index);
PHAROS_API std::ostream& operator<<(std::ostream& out, ArrayRef<TensorIndex> indices);

}  // namespace indexing
}  // namespace at

namespace torch {
namespace indexing = at::indexing;
}
