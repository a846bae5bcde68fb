// Boxed calls, as templates over an operator's C++ signature: one instantiation per signature, not
// per operator. What does not need the whole signature is done by type-erased code (boxing.cpp).
// For .cpp files only; nothing in include/ may need it.
#pragma once

#include "dispatch/interposer.h"

#include <memory>

namespace pharos {
namespace boxing {

using c10::ArrayRef;
using c10::IValue;
using torch::jit::Stack;

// An argument as the operator's C++ function takes it, with whatever that points into: what `get`
// gives for a parameter of type A.
template <typename A>
struct Unbox {
  using T = std::remove_cv_t<std::remove_reference_t<A>>;
  const T& get() const { return value; }
  T value{};
};
// Tensors are used where they lie: on the stack, which outlives the call.
template <>
struct Unbox<const at::Tensor&> {
  const at::Tensor& get() const { return *value; }
  const at::Tensor* value;
};
template <>
struct Unbox<at::Tensor&> {
  at::Tensor& get() const { return *value; }
  at::Tensor* value;
};
// A list as a run of T. Short ones stay on the C++ stack.
template <typename T>
struct Run {
  static constexpr size_t kInline = std::is_arithmetic_v<T> ? 8 : 1;
  T few[kInline] = {};
  std::unique_ptr<T[]> many;
};
template <typename T>
struct Unbox<ArrayRef<T>> : Run<T> {
  ArrayRef<T> get() const { return value; }
  ArrayRef<T> value;
};
template <typename T>
struct Unbox<c10::OptionalArrayRef<T>> : Run<T> {
  c10::OptionalArrayRef<T> get() const { return value; }
  c10::OptionalArrayRef<T> value;
};
template <typename T>
struct Unbox<std::optional<ArrayRef<T>>> : Run<T> {
  std::optional<ArrayRef<T>> get() const { return value; }
  std::optional<ArrayRef<T>> value;
};
template <>
struct Unbox<c10::Device> {
  c10::Device get() const { return value; }
  c10::Device value{c10::DeviceType::CPU};
};

// The types of arguments that operators have; a code is a place in the list.
template <typename... T>
struct TypeList {};
using ArgTypes =
    TypeList<const at::Tensor&, at::Tensor&, const std::optional<at::Tensor>&, at::TensorList,
             const c10::List<std::optional<at::Tensor>>&, int64_t, double, bool, const c10::Scalar&,
             c10::IntArrayRef, ArrayRef<double>, ArrayRef<c10::Scalar>, ArrayRef<bool>,
             std::optional<int64_t>, std::optional<double>, std::optional<bool>,
             const std::optional<c10::Scalar>&, c10::OptionalArrayRef<int64_t>,
             std::optional<ArrayRef<double>>, std::array<bool, 2>, std::array<bool, 3>,
             c10::complex<double>, std::string_view, std::optional<std::string_view>,
             c10::ScalarType, std::optional<c10::ScalarType>, c10::Layout,
             std::optional<c10::Layout>, c10::MemoryFormat, std::optional<c10::MemoryFormat>,
             c10::Device, std::optional<c10::Device>, std::optional<at::Generator>, at::Storage,
             const IValue&>;
template <typename A, typename... T>
constexpr uint8_t code_among(TypeList<T...>) {
  constexpr bool same[] = {std::is_same_v<A, T>...};
  uint8_t i = 0;
  while (i < sizeof...(T) && !same[i]) ++i;
  return i;
}
template <typename A>
constexpr uint8_t arg_code() {
  constexpr uint8_t code = code_among<A>(ArgTypes());
  static_assert(code < code_among<void>(ArgTypes()), "a new type of argument: add it to ArgTypes");
  return code;
}

// The arguments of a boxed call as its C++ function takes them.
class Arguments {
 public:
  static constexpr size_t kMax = 24, kSlot = 112;
  // Unboxes the `n` values on top of the stack, which must outlive this; what does not fit its type
  // is refused.
  Arguments(const OpRow& op, Stack& stack, const uint8_t* codes, size_t n);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  template <typename A>
  decltype(auto) get(size_t i) const {
    static_assert(sizeof(Unbox<A>) <= kSlot && alignof(Unbox<A>) <= 16);
    return reinterpret_cast<const Unbox<A>*>(slots_ + i * kSlot)->get();
  }

 private:
  Arguments() {}
  const uint8_t* codes_ = nullptr;
  size_t made_ = 0;
  alignas(16) char slots_[kMax * kSlot];
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

// The `n` results that boxed code left on its own stack.
IValue* results(const OpRow& op, Stack& stack, size_t n);

}  // namespace boxing

template <typename Sig>
struct Boxed;

template <typename R, typename... A>
struct Boxed<R(A...)> {
  using Stack = torch::jit::Stack;
  static constexpr size_t kArgs = sizeof...(A);

  // Takes the arguments off the stack, calls the operator and leaves the results.
  static void call(const OpRow& op, Stack& stack) {
    static_assert(kArgs <= boxing::Arguments::kMax);
    // One more: there may be no argument.
    static constexpr uint8_t codes[] = {boxing::arg_code<A>()..., 0};
    const boxing::Arguments arguments(op, stack, codes, kArgs);
    call(op, stack, arguments, std::index_sequence_for<A...>());
  }

  // The way from an operator's C++ entry to boxed code and back: boxes the arguments, calls `run`
  // (the handlers, say) and unboxes. What is returned by reference is the object that was passed.
  PHAROS_COLD static R through(void (*run)(const OpRow&, Stack&), const OpRow& op, A... args) {
    boxing::OwnStack stack(kArgs);
    at::Tensor* written[kArgs + 1];
    [[maybe_unused]] at::Tensor** next = written;
    ((boxing::push(stack, args), boxing::note_written<A>(next, args)), ...);
    run(op, stack);
    if constexpr (std::is_void_v<R>) {
      boxing::results(op, stack, 0);
    } else if constexpr (boxing::IsTuple<R>::value) {
      constexpr size_t n = boxing::IsTuple<R>::kSize;
      return boxing::TupleResult<R>::get(boxing::results(op, stack, n), written,
                                         std::make_index_sequence<n>());
    } else {
      return boxing::result<R, 0>(*boxing::results(op, stack, 1), written);
    }
  }

 private:
  template <size_t... I>
  C10_ALWAYS_INLINE static void call(const OpRow& op, Stack& stack,
                                     [[maybe_unused]] const boxing::Arguments& arguments,
                                     std::index_sequence<I...>) {
    const auto f = reinterpret_cast<R (*)(A...)>(op.unboxed);
    const size_t base = stack.size() - kArgs;
    if constexpr (std::is_void_v<R>) {
      f(arguments.get<A>(I)...);
      stack.resize(base);
    } else if constexpr (boxing::IsTuple<R>::value) {
      boxing::store_tuple(stack, base, f(arguments.get<A>(I)...),
                          std::make_index_sequence<boxing::IsTuple<R>::kSize>());
    } else {
      boxing::store(stack, base, c10::IValue(f(arguments.get<A>(I)...)));
    }
  }
};

}  // namespace pharos
