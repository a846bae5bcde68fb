// Boxed calls, as templates over an operator's C++ signature: one instantiation per signature, not
// per operator. For .cpp files only; nothing in include/ may need it.
#pragma once

#include "dispatch/interposer.h"

#include <memory>

namespace pharos {
namespace boxing {

using c10::ArrayRef;
using c10::IValue;
using torch::jit::Stack;

// The call whose arguments are being converted, for the error. Which one it is, its place tells.
struct ArgSite {
  const OpRow& op;
  const Stack& stack;
  size_t n;
  [[noreturn]] PHAROS_NOINLINE PHAROS_COLD void fail(const IValue& v) const {
    throw_argument_error(op, stack, n, static_cast<size_t>(&v - (stack.data() + stack.size() - n)));
  }
};

// Converts one value: `read` gives false where the value does not fit. Narrower than to<T>() in
// nothing and wider where PyTorch is: an int serves as float and as Scalar, an int as a list of
// one.
template <typename T>
struct Value;

#define PHAROS_UNBOX(T, COND, EXPR)               \
  template <>                                     \
  struct Value<T> {                               \
    static bool read(const IValue& v, T* out) {   \
      if (PHAROS_UNLIKELY(!(COND))) return false; \
      *out = EXPR;                                \
      return true;                                \
    }                                             \
  };
PHAROS_UNBOX(int64_t, v.isInt(), v.toInt())
PHAROS_UNBOX(bool, v.isBool(), v.toBool())
PHAROS_UNBOX(double, v.isDouble() || v.isInt(),
             v.isInt() ? static_cast<double>(v.toInt()) : v.toDouble())
PHAROS_UNBOX(c10::complex<double>, v.isScalar(), v.toScalar().toComplexDouble())
PHAROS_UNBOX(c10::Scalar, v.isScalar(), v.toScalar())
PHAROS_UNBOX(std::string_view, v.isString(), v.toStringView())
PHAROS_UNBOX(std::string, v.isString(), v.toStringRef())
PHAROS_UNBOX(at::Tensor, v.isTensor(), v.toTensor())
PHAROS_UNBOX(c10::ScalarType, v.isInt(), v.toScalarType())
PHAROS_UNBOX(c10::Layout, v.isInt(), v.toLayout())
PHAROS_UNBOX(c10::MemoryFormat, v.isInt(), v.toMemoryFormat())
PHAROS_UNBOX(c10::DeviceIndex, v.isInt(), static_cast<c10::DeviceIndex>(v.toInt()))
PHAROS_UNBOX(at::Generator, v.isGenerator(), v.toGenerator())
PHAROS_UNBOX(at::Storage, v.isStorage(), v.toStorage())
PHAROS_UNBOX(IValue, true, v)
#undef PHAROS_UNBOX

// An argument of type A, with whatever it points into.
template <typename A>
struct Unbox {
  using T = std::remove_cv_t<std::remove_reference_t<A>>;
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) {
    if (PHAROS_UNLIKELY(!Value<T>::read(v, &value))) site.fail(v);
  }
  const T& get() const { return value; }
  T value{};
};
// Tensors are used where they lie: on the stack, which outlives the call.
template <>
struct Unbox<const at::Tensor&> {
  Unbox(const IValue& v, const ArgSite& site) : value(v) {
    if (PHAROS_UNLIKELY(!v.isTensor())) site.fail(v);
  }
  const at::Tensor& get() const { return value.toTensor(); }
  const IValue& value;
};
template <>
struct Unbox<at::Tensor&> {
  Unbox(IValue& v, const ArgSite& site) : value(v) {
    if (PHAROS_UNLIKELY(!v.isTensor())) site.fail(v);
  }
  at::Tensor& get() const { return value.toTensor(); }
  IValue& value;
};
template <>
struct Unbox<c10::Device> {
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) : value(c10::DeviceType::CPU) {
    if (v.isDevice()) {
      value = v.toDevice();
    } else if (v.isString()) {
      value = c10::Device(v.toStringRef());
    } else {
      site.fail(v);
    }
  }
  c10::Device get() const { return value; }
  c10::Device value;
};

// A list as a run of T. Short ones stay on the C++ stack.
template <typename T>
struct Run {
  static constexpr size_t kInline = std::is_arithmetic_v<T> ? 8 : 1;
  Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  bool read(const IValue& v) {
    if (!v.isList()) {
      // int[2] takes a single int; a tensor or string is no list.
      if (!std::is_arithmetic_v<T> || !Value<T>::read(v, few)) return false;
      size = 1;
      return true;
    }
    const ArrayRef<IValue> in = v.toListRef();
    size = in.size();
    if (size > kInline) many = std::make_unique<T[]>(size);
    T* out = size > kInline ? many.get() : few;
    for (size_t i = 0; i < size; ++i)
      if (PHAROS_UNLIKELY(!Value<T>::read(in[i], out + i))) return false;
    return true;
  }
  ArrayRef<T> ref() const { return ArrayRef<T>(size > kInline ? many.get() : few, size); }
  size_t size = 0;
  T few[kInline] = {};
  std::unique_ptr<T[]> many;
};
template <typename T>
struct Unbox<ArrayRef<T>> {
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) {
    if (PHAROS_UNLIKELY(!run.read(v))) site.fail(v);
  }
  ArrayRef<T> get() const { return run.ref(); }
  Run<T> run;
};
template <typename T>
struct Unbox<c10::OptionalArrayRef<T>> {
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) : has(!v.isNone()) {
    if (has && !run.read(v)) site.fail(v);
  }
  c10::OptionalArrayRef<T> get() const {
    return has ? c10::OptionalArrayRef<T>(run.ref()) : c10::OptionalArrayRef<T>();
  }
  bool has;
  Run<T> run;
};
template <typename T>
struct UnboxOptional {
  PHAROS_NOINLINE UnboxOptional(const IValue& v, const ArgSite& site) {
    if (!v.isNone()) value.emplace(Unbox<T>(v, site).get());
  }
  const std::optional<T>& get() const { return value; }
  std::optional<T> value;
};
template <typename T>
struct Unbox<std::optional<T>> : UnboxOptional<T> {
  using UnboxOptional<T>::UnboxOptional;
};
template <typename T>
struct Unbox<const std::optional<T>&> : UnboxOptional<T> {
  using UnboxOptional<T>::UnboxOptional;
};
template <typename T>
struct Unbox<std::optional<ArrayRef<T>>> {
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) : has(!v.isNone()) {
    if (has && !run.read(v)) site.fail(v);
  }
  std::optional<ArrayRef<T>> get() const {
    return has ? std::optional<ArrayRef<T>>(run.ref()) : std::nullopt;
  }
  bool has;
  Run<T> run;
};
template <size_t N>
struct Unbox<std::array<bool, N>> {
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) {
    if (!v.isList() || v.toListRef().size() != N) site.fail(v);
    for (size_t i = 0; i < N; ++i)
      if (!Value<bool>::read(v.toListRef()[i], &value[i])) site.fail(v);
  }
  const std::array<bool, N>& get() const { return value; }
  std::array<bool, N> value;
};
// Tensor?[]: the list is shared as it is, a list of tensors or of optional ones alike.
template <>
struct Unbox<const c10::List<std::optional<at::Tensor>>&> {
  using List = c10::List<std::optional<at::Tensor>>;
  PHAROS_NOINLINE Unbox(const IValue& v, const ArgSite& site) : value(make(v, site)) {}
  const List& get() const { return value; }
  static List make(const IValue& v, const ArgSite& site) {
    if (!v.isList()) site.fail(v);
    for (const IValue& x : v.toListRef())
      if (!x.isTensor() && !x.isNone()) site.fail(v);
    return v.to<List>();
  }
  List value;
};

// The arguments of a call on their way to boxed code; out of line, for each signature has its own.
struct OwnStack : Stack {
  PHAROS_NOINLINE explicit OwnStack(size_t n) { reserve(n); }
  PHAROS_NOINLINE ~OwnStack() {}
};
template <typename T>
PHAROS_NOINLINE void push(OwnStack& stack, const T& v) {
  stack.emplace_back(v);
}

// ---- Results.

PHAROS_NOINLINE inline void store(Stack& stack, size_t base, IValue&& result) {
  if (base == stack.size()) {
    stack.push_back(std::move(result));
    return;
  }
  stack[base] = std::move(result);
  stack.resize(base + 1);
}

template <typename... Rs, size_t... I>
void store_tuple(Stack& stack, size_t base, std::tuple<Rs...>&& r, std::index_sequence<I...>) {
  // Boxed before the arguments are dropped: references among the results point to them.
  IValue values[] = {IValue(std::forward<Rs>(std::get<I>(r)))...};
  stack.resize(base);
  (stack.push_back(std::move(values[I])), ...);
}

template <typename T>
struct IsTuple : std::false_type {};
template <typename... Ts>
struct IsTuple<std::tuple<Ts...>> : std::true_type {
  static constexpr size_t kSize = sizeof...(Ts);
};

// A result off the stack. `written` are the arguments that are Tensor&, in order: what an in-place
// or out= form returns as its K-th is the K-th of them.
template <typename R, size_t K>
R result(IValue& v, at::Tensor* const* written) {
  if constexpr (std::is_same_v<R, at::Tensor&>) {
    at::Tensor& out = *written[K];
    // An undefined `out` is filled by the call.
    if (!out.defined()) out = std::move(v).toTensor();
    return out;
  } else if constexpr (std::is_same_v<R, double>) {
    return v.isInt() ? static_cast<double>(v.toInt()) : v.toDouble();
  } else {
    return std::move(v).template to<R>();
  }
}

template <typename R>
struct TupleResult;
template <typename... Rs>
struct TupleResult<std::tuple<Rs...>> {
  template <size_t... I>
  static std::tuple<Rs...> get(IValue* v, at::Tensor* const* written, std::index_sequence<I...>) {
    return std::tuple<Rs...>(result<Rs, I>(v[I], written)...);
  }
};

template <typename A>
void note_written(at::Tensor**& next, std::remove_reference_t<A>& arg) {
  if constexpr (std::is_same_v<A, at::Tensor&>) *next++ = &arg;
}

[[noreturn]] void throw_result_count(const OpRow& op, size_t wanted, size_t got);

}  // namespace boxing

template <typename Sig>
struct Boxed;

template <typename R, typename... A>
struct Boxed<R(A...)> {
  using Stack = torch::jit::Stack;
  static constexpr size_t kArgs = sizeof...(A);

  // Takes the arguments off the stack, calls the operator and leaves the results.
  static void call(const OpRow& op, Stack& stack) {
    if (PHAROS_UNLIKELY(stack.size() < kArgs)) throw_missing_argument(op, stack.size(), kArgs);
    call(op, stack, std::index_sequence_for<A...>());
  }

  // The way from an operator's C++ entry to boxed code and back: boxes the arguments, calls `run`
  // (the handlers, say) and unboxes. What is returned by reference is the object that was passed.
  static R through(void (*run)(const OpRow&, Stack&), const OpRow& op, A... args) {
    boxing::OwnStack stack(kArgs);
    at::Tensor* written[kArgs + 1];
    [[maybe_unused]] at::Tensor** next = written;
    ((boxing::push(stack, args), boxing::note_written<A>(next, args)), ...);
    run(op, stack);
    if constexpr (std::is_void_v<R>) {
      check(op, stack, 0);
    } else if constexpr (boxing::IsTuple<R>::value) {
      constexpr size_t n = boxing::IsTuple<R>::kSize;
      check(op, stack, n);
      return boxing::TupleResult<R>::get(stack.data(), written, std::make_index_sequence<n>());
    } else {
      check(op, stack, 1);
      return boxing::result<R, 0>(stack[0], written);
    }
  }

 private:
  static void check(const OpRow& op, const Stack& stack, size_t n) {
    if (PHAROS_UNLIKELY(stack.size() != n)) boxing::throw_result_count(op, n, stack.size());
  }
  template <size_t... I>
  static void call(const OpRow& op, Stack& stack, std::index_sequence<I...>) {
    const auto f = reinterpret_cast<R (*)(A...)>(op.unboxed);
    const size_t base = stack.size() - kArgs;
    [[maybe_unused]] c10::IValue* v = stack.data() + base;
    [[maybe_unused]] const boxing::ArgSite site{op, stack, kArgs};
    if constexpr (std::is_void_v<R>) {
      f(boxing::Unbox<A>(v[I], site).get()...);
      stack.resize(base);
    } else if constexpr (boxing::IsTuple<R>::value) {
      boxing::store_tuple(stack, base, f(boxing::Unbox<A>(v[I], site).get()...),
                          std::make_index_sequence<boxing::IsTuple<R>::kSize>());
    } else {
      boxing::store(stack, base, c10::IValue(f(boxing::Unbox<A>(v[I], site).get()...)));
    }
  }
};

}  // namespace pharos
