// Small out-of-line parts of nn's headers: hash index, names of constants, printing of arrays.
#include <pharos/nn/any.h>
#include <pharos/nn/enum.h>
#include <pharos/nn/expanding_array.h>

#include <ostream>

#include "nn/names.h"

namespace pharos {

struct HashIndex::Slot {
  size_t hash;
  size_t position;  // npos: free
};

HashIndex::HashIndex(HashIndex&& o) noexcept
    : slots_(o.slots_), capacity_(o.capacity_), count_(o.count_) {
  o.slots_ = nullptr;
  o.capacity_ = o.count_ = 0;
}
HashIndex& HashIndex::operator=(HashIndex&& o) noexcept {
  std::swap(slots_, o.slots_);
  std::swap(capacity_, o.capacity_);
  std::swap(count_, o.count_);
  return *this;
}
HashIndex::~HashIndex() { delete[] slots_; }

void HashIndex::clear() noexcept {
  delete[] slots_;
  slots_ = nullptr;
  capacity_ = count_ = 0;
}

void HashIndex::add(size_t hash) {
  if (2 * (count_ + 1) > capacity_) {
    const size_t larger = capacity_ ? 2 * capacity_ : 32;
    Slot* old = slots_;
    Slot* fresh = new Slot[larger];
    for (size_t i = 0; i < larger; ++i) fresh[i].position = npos;
    for (size_t i = 0; i < capacity_; ++i) {
      if (old[i].position == npos) continue;
      size_t at = old[i].hash & (larger - 1);
      while (fresh[at].position != npos) at = (at + 1) & (larger - 1);
      fresh[at] = old[i];
    }
    delete[] old;
    slots_ = fresh;
    capacity_ = larger;
  }
  size_t at = hash & (capacity_ - 1);
  while (slots_[at].position != npos) at = (at + 1) & (capacity_ - 1);
  slots_[at] = {hash, count_++};
}

size_t HashIndex::first(size_t hash, size_t& cursor) const noexcept {
  if (!capacity_) return npos;
  cursor = hash & (capacity_ - 1);
  for (; slots_[cursor].position != npos; cursor = (cursor + 1) & (capacity_ - 1))
    if (slots_[cursor].hash == hash) return slots_[cursor].position;
  return npos;
}
size_t HashIndex::next(size_t hash, size_t& cursor) const noexcept {
  cursor = (cursor + 1) & (capacity_ - 1);
  for (; slots_[cursor].position != npos; cursor = (cursor + 1) & (capacity_ - 1))
    if (slots_[cursor].hash == hash) return slots_[cursor].position;
  return npos;
}

void index_out_of_bounds(size_t index) { TORCH_CHECK(false, "Index ", index, " is out of bounds"); }
void empty_dict(const char* what) {
  TORCH_CHECK(false, "Called ", what, " on an empty OrderedDict");
}

}  // namespace pharos

namespace torch {

namespace enumtype {

const char* enum_name(Name n) {
  static constexpr const char* kNames[] = {"kLinear",
                                           "kConv1D",
                                           "kConv2D",
                                           "kConv3D",
                                           "kConvTranspose1D",
                                           "kConvTranspose2D",
                                           "kConvTranspose3D",
                                           "kSigmoid",
                                           "kTanh",
                                           "kReLU",
                                           "kGELU",
                                           "kSiLU",
                                           "kMish",
                                           "kLeakyReLU",
                                           "kFanIn",
                                           "kFanOut",
                                           "kConstant",
                                           "kReflect",
                                           "kReplicate",
                                           "kCircular",
                                           "kNearest",
                                           "kBilinear",
                                           "kBicubic",
                                           "kTrilinear",
                                           "kArea",
                                           "kNearestExact",
                                           "kSum",
                                           "kMean",
                                           "kMax",
                                           "kNone",
                                           "kBatchMean",
                                           "kZeros",
                                           "kBorder",
                                           "kReflection",
                                           "kRNN_TANH",
                                           "kRNN_RELU",
                                           "kLSTM",
                                           "kGRU",
                                           "kValid",
                                           "kSame"};
  static_assert(std::size(kNames) == static_cast<size_t>(Name::Same) + 1);
  return kNames[static_cast<size_t>(n)];
}

at::Reduction::Reduction reduction_of(Name n) {
  if (n == Name::None) return at::Reduction::None;
  if (n == Name::Mean) return at::Reduction::Mean;
  if (n == Name::Sum) return at::Reduction::Sum;
  TORCH_CHECK(false, enum_name(n), " is not a valid value for reduction");
}

}  // namespace enumtype

namespace detail {

void wrong_array_size(size_t expected, size_t got) {
  TORCH_CHECK(false, "Expected ", expected, " values, but instead got ", got);
}

template <typename T, typename Print>
static std::ostream& print_elements(std::ostream& out, const T* v, size_t n, Print print) {
  if (n == 1) return print(v[0]), out;
  out << '[';
  for (size_t i = 0; i < n; ++i) {
    if (i) out << ", ";
    print(v[i]);
  }
  return out << ']';
}
std::ostream& print_array(std::ostream& out, const int64_t* v, size_t n) {
  return print_elements(out, v, n, [&](int64_t e) { out << e; });
}
std::ostream& print_array(std::ostream& out, const double* v, size_t n) {
  return print_elements(out, v, n, [&](double e) { out << e; });
}
std::ostream& print_array(std::ostream& out, const std::optional<int64_t>* v, size_t n) {
  return print_elements(out, v, n, [&](const std::optional<int64_t>& e) {
    if (e)
      out << *e;
    else
      out << "None";
  });
}

}  // namespace detail
}  // namespace torch

namespace pharos::nn {

HolderBase::HolderBase() noexcept = default;
HolderBase::HolderBase(Module* owned) : module_(owned) {}
HolderBase::HolderBase(std::shared_ptr<Module> module) noexcept : module_(std::move(module)) {}
HolderBase::HolderBase(const HolderBase&) noexcept = default;
HolderBase::HolderBase(HolderBase&&) noexcept = default;
HolderBase& HolderBase::operator=(const HolderBase&) noexcept = default;
HolderBase& HolderBase::operator=(HolderBase&&) noexcept = default;
HolderBase::~HolderBase() = default;
void HolderBase::empty() { TORCH_CHECK(false, "Accessing empty ModuleHolder"); }

std::string index_name(size_t i) { return std::to_string(i); }

}  // namespace pharos::nn
