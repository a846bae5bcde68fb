// The parts of boxed calls that need no signature: arguments by their codes, counts of results.
#include "dispatch/boxing.h"

#include <new>

namespace pharos::boxing {
namespace {

// Converts one value: gives false where it does not fit. Narrower than to<T>() in nothing and wider
// where PyTorch is: an int serves as float and as Scalar, an int as a list of one.
#define PHAROS_UNBOX(T, COND, EXPR)             \
  bool read(const IValue& v, T* out) {          \
    if (PHAROS_UNLIKELY(!(COND))) return false; \
    *out = EXPR;                                \
    return true;                                \
  }
PHAROS_UNBOX(int64_t, v.isInt(), v.toInt())
PHAROS_UNBOX(bool, v.isBool(), v.toBool())
PHAROS_UNBOX(double, v.isDouble() || v.isInt(),
             v.isInt() ? static_cast<double>(v.toInt()) : v.toDouble())
PHAROS_UNBOX(c10::complex<double>, v.isScalar(), v.toScalar().toComplexDouble())
PHAROS_UNBOX(c10::Scalar, v.isScalar(), v.toScalar())
PHAROS_UNBOX(std::string_view, v.isString(), v.toStringView())
PHAROS_UNBOX(at::Tensor, v.isTensor(), v.toTensor())
PHAROS_UNBOX(c10::ScalarType, v.isInt(), v.toScalarType())
PHAROS_UNBOX(c10::Layout, v.isInt(), v.toLayout())
PHAROS_UNBOX(c10::MemoryFormat, v.isInt(), v.toMemoryFormat())
PHAROS_UNBOX(at::Generator, v.isGenerator(), v.toGenerator())
PHAROS_UNBOX(at::Storage, v.isStorage(), v.toStorage())
PHAROS_UNBOX(c10::Device, v.isDevice() || v.isString(),
             v.isDevice() ? v.toDevice() : c10::Device(v.toStringRef()))
#undef PHAROS_UNBOX

template <typename T>
bool read_run(const IValue& v, Run<T>& run, ArrayRef<T>* out) {
  if (!v.isList()) {
    // int[2] takes a single int; a tensor or string is no list.
    if (!std::is_arithmetic_v<T> || !read(v, run.few)) return false;
    *out = ArrayRef<T>(run.few, 1);
    return true;
  }
  const ArrayRef<IValue> in = v.toListRef();
  const bool fits = in.size() <= Run<T>::kInline;
  if (!fits) run.many = std::make_unique<T[]>(in.size());
  T* to = fits ? run.few : run.many.get();
  for (size_t i = 0; i < in.size(); ++i)
    if (PHAROS_UNLIKELY(!read(in[i], to + i))) return false;
  *out = ArrayRef<T>(to, in.size());
  return true;
}

template <typename A>
bool unbox(const IValue& v, Unbox<A>& u) {
  return read(v, &u.value);
}
bool unbox(const IValue& v, Unbox<const at::Tensor&>& u) {
  if (PHAROS_UNLIKELY(!v.isTensor())) return false;
  u.value = &v.toTensor();
  return true;
}
bool unbox(IValue& v, Unbox<at::Tensor&>& u) {
  if (PHAROS_UNLIKELY(!v.isTensor())) return false;
  u.value = &v.toTensor();
  return true;
}
bool unbox(const IValue& v, Unbox<const IValue&>& u) {
  u.value = v;
  return true;
}
template <typename T>
bool unbox(const IValue& v, Unbox<ArrayRef<T>>& u) {
  return read_run(v, u, &u.value);
}
template <typename T, typename Optional>
bool read_optional_run(const IValue& v, Run<T>& run, Optional* out) {
  if (v.isNone()) return true;
  ArrayRef<T> list;
  if (!read_run(v, run, &list)) return false;
  *out = list;
  return true;
}
template <typename T>
bool unbox(const IValue& v, Unbox<c10::OptionalArrayRef<T>>& u) {
  return read_optional_run(v, u, &u.value);
}
template <typename T>
bool unbox(const IValue& v, Unbox<std::optional<ArrayRef<T>>>& u) {
  return read_optional_run(v, u, &u.value);
}
template <typename T>
bool unbox_optional(const IValue& v, std::optional<T>& value) {
  if (v.isNone()) return true;
  Unbox<T> one;
  if (!read(v, &one.value)) return false;
  value = std::move(one.value);
  return true;
}
template <typename T>
bool unbox(const IValue& v, Unbox<std::optional<T>>& u) {
  return unbox_optional(v, u.value);
}
template <typename T>
bool unbox(const IValue& v, Unbox<const std::optional<T>&>& u) {
  return unbox_optional(v, u.value);
}
template <size_t N>
bool unbox(const IValue& v, Unbox<std::array<bool, N>>& u) {
  if (!v.isList() || v.toListRef().size() != N) return false;
  for (size_t i = 0; i < N; ++i)
    if (!read(v.toListRef()[i], &u.value[i])) return false;
  return true;
}
// Tensor?[]: the list is shared as it is, a list of tensors or of optional ones alike.
bool unbox(const IValue& v, Unbox<const c10::List<std::optional<at::Tensor>>&>& u) {
  if (!v.isList()) return false;
  for (const IValue& x : v.toListRef())
    if (!x.isTensor() && !x.isNone()) return false;
  u.value = v.to<c10::List<std::optional<at::Tensor>>>();
  return true;
}

struct Unboxer {
  bool (*make)(IValue& v, void* slot);
  void (*destroy)(void* slot);  // null where there is nothing to do
};
template <typename A>
bool make(IValue& v, void* slot) {
  auto* u = new (slot) Unbox<A>;
  if (PHAROS_LIKELY(unbox(v, *u))) return true;
  u->~Unbox<A>();
  return false;
}
template <typename A>
void destroy(void* slot) {
  static_cast<Unbox<A>*>(slot)->~Unbox<A>();
}
template <typename A>
constexpr Unboxer unboxer() {
  return {&make<A>, std::is_trivially_destructible_v<Unbox<A>> ? nullptr : &destroy<A>};
}
template <typename... A>
const Unboxer* table_of(TypeList<A...>) {
  static constexpr Unboxer table[] = {unboxer<A>()...};
  return table;
}

}  // namespace

// Delegates so that what was made is destroyed where a later one does not fit.
Arguments::Arguments(const OpRow& op, Stack& stack, const uint8_t* codes, size_t n) : Arguments() {
  if (PHAROS_UNLIKELY(stack.size() < n)) throw_missing_argument(op, stack.size(), n);
  IValue* values = stack.data() + (stack.size() - n);
  codes_ = codes;
  for (; made_ < n; ++made_)
    if (PHAROS_UNLIKELY(
            !table_of(ArgTypes())[codes[made_]].make(values[made_], slots_ + made_ * kSlot)))
      throw_argument_error(op, stack, n, made_);
}

Arguments::~Arguments() {
  while (made_ > 0) {
    --made_;
    if (auto* destroy = table_of(ArgTypes())[codes_[made_]].destroy)
      destroy(slots_ + made_ * kSlot);
  }
}

IValue* results(const OpRow& op, Stack& stack, size_t n) {
  TORCH_CHECK(stack.size() == n, op.name, "(): an interposer left ", stack.size(),
              " values on the stack, ", n, " were expected.\nDeclaration: ", op.schema);
  return stack.data();
}

}  // namespace pharos::boxing
