// TORCH_LIBRARY and torch::RegisterOperators: operators of a program, added to the table at run
// time.
#pragma once

#include <pharos/dispatch/dispatcher.h>

#include <memory>

namespace torch {

namespace detail {

using c10::IValue;
using jit::Stack;

// A program's function behind the boxed calling convention.
struct PHAROS_API Kernel {
  virtual ~Kernel();
  virtual void call(const c10::OperatorHandle& op, Stack& stack) = 0;
};
using KernelPtr = std::shared_ptr<Kernel>;

// One argument of a program's function, with whatever it points into.
template <typename A>
struct KernelArg {
  explicit KernelArg(IValue& v) : value(std::move(v).to<std::decay_t<A>>()) {}
  std::decay_t<A>& get() { return value; }
  std::decay_t<A> value;
};
template <>
struct KernelArg<const at::Tensor&> {
  explicit KernelArg(IValue& v) : value(v) {}
  const at::Tensor& get() { return value.toTensor(); }
  IValue& value;
};
template <>
struct KernelArg<at::Tensor&> {
  explicit KernelArg(IValue& v) : value(v) {}
  at::Tensor& get() { return value.toTensor(); }
  IValue& value;
};
template <typename T>
struct KernelArg<c10::ArrayRef<T>> {
  explicit KernelArg(IValue& v) : value(v.to<std::vector<T>>()) {}
  c10::ArrayRef<T> get() { return value; }
  std::vector<T> value;
};
template <typename T>
struct KernelArg<c10::OptionalArrayRef<T>> {
  explicit KernelArg(IValue& v) : value(v.to<std::optional<std::vector<T>>>()) {}
  c10::OptionalArrayRef<T> get() { return value; }
  std::optional<std::vector<T>> value;
};
template <typename T>
struct KernelArg<std::optional<c10::ArrayRef<T>>> {
  explicit KernelArg(IValue& v) : value(v.to<std::optional<std::vector<T>>>()) {}
  std::optional<c10::ArrayRef<T>> get() {
    return value ? std::optional<c10::ArrayRef<T>>(*value) : std::nullopt;
  }
  std::optional<std::vector<T>> value;
};

template <typename T>
struct FunctionTraits;
template <typename R, typename... A>
struct FunctionTraits<R(A...)> {
  using Result = R;
  static constexpr size_t kArgs = sizeof...(A);
  static std::vector<c10::TypePtr> argument_types() { return {c10::getTypePtr<A>()...}; }
  static std::vector<c10::TypePtr> result_types() {
    return results(static_cast<std::decay_t<R>*>(nullptr));
  }
  template <typename F>
  static void call(F& f, Stack& stack) {
    call(f, stack, std::index_sequence_for<A...>());
  }

 private:
  static std::vector<c10::TypePtr> results(void*) {
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return {c10::getTypePtr<R>()};
    }
  }
  template <typename... Rs>
  static std::vector<c10::TypePtr> results(std::tuple<Rs...>*) {
    return {c10::getTypePtr<Rs>()...};
  }
  template <typename F, size_t... I>
  static void call(F& f, Stack& stack, std::index_sequence<I...>) {
    const size_t base = stack.size() - kArgs;
    [[maybe_unused]] IValue* v = stack.data() + base;
    if constexpr (std::is_void_v<R>) {
      f(KernelArg<A>(v[I]).get()...);
      jit::drop(stack, kArgs);
    } else {
      push(stack, f(KernelArg<A>(v[I]).get()...));
    }
  }
  // The results are boxed before the arguments go: references among them point to arguments.
  template <typename T>
  static void push(Stack& stack, T&& result) {
    IValue v(std::forward<T>(result));
    jit::drop(stack, kArgs);
    stack.push_back(std::move(v));
  }
  template <typename... Rs>
  static void push(Stack& stack, std::tuple<Rs...>&& result) {
    std::vector<IValue> values =
        std::apply([](auto&... r) { return std::vector<IValue>{IValue(r)...}; }, result);
    jit::drop(stack, kArgs);
    for (IValue& v : values) stack.push_back(std::move(v));
  }
};
template <typename R, typename... A>
struct FunctionTraits<R (*)(A...)> : FunctionTraits<R(A...)> {};
template <typename C, typename R, typename... A>
struct FunctionTraits<R (C::*)(A...) const> : FunctionTraits<R(A...)> {};
template <typename C, typename R, typename... A>
struct FunctionTraits<R (C::*)(A...)> : FunctionTraits<R(A...)> {};
// Lambdas and other objects with one operator().
template <typename F>
struct CallableTraits : FunctionTraits<decltype(&F::operator())> {};
template <typename R, typename... A>
struct CallableTraits<R (*)(A...)> : FunctionTraits<R(A...)> {};

template <typename F>
struct FunctionKernel final : Kernel {
  explicit FunctionKernel(F f) : function(std::move(f)) {}
  void call(const c10::OperatorHandle&, Stack& stack) override {
    CallableTraits<F>::call(function, stack);
  }
  F function;
};
template <void (*Function)(const c10::OperatorHandle&, Stack*)>
struct BoxedKernel final : Kernel {
  void call(const c10::OperatorHandle& op, Stack& stack) override { Function(op, &stack); }
};

}  // namespace detail

// A function to register: plain, a lambda, or boxed.
class PHAROS_API CppFunction {
 public:
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, CppFunction>>>
  CppFunction(F&& f)
      : CppFunction(std::make_shared<detail::FunctionKernel<std::decay_t<F>>>(std::forward<F>(f)),
                    detail::CallableTraits<std::decay_t<F>>::argument_types(),
                    detail::CallableTraits<std::decay_t<F>>::result_types()) {}
  CppFunction(const CppFunction&);
  ~CppFunction();
  template <void (*Function)(const c10::OperatorHandle&, jit::Stack*)>
  static CppFunction makeFromBoxedFunction() {
    return CppFunction(detail::KernelPtr(std::make_shared<detail::BoxedKernel<Function>>()));
  }
  // A kernel that passes the call on to the next key.
  static CppFunction makeFallthrough();

 private:
  friend class Library;
  friend CppFunction dispatch(c10::DispatchKey, CppFunction);
  explicit CppFunction(detail::KernelPtr kernel);
  CppFunction(detail::KernelPtr kernel, std::vector<c10::TypePtr> arguments,
              std::vector<c10::TypePtr> results);
  detail::KernelPtr kernel_;
  // Unset for boxed functions, whose types cannot be told from the function.
  bool has_types_ = false;
  std::vector<c10::TypePtr> arguments_, results_;
  c10::DispatchKey key_ = c10::DispatchKey::Undefined;
};

PHAROS_API CppFunction dispatch(c10::DispatchKey key, CppFunction f);
PHAROS_API CppFunction dispatch(c10::DeviceType device, CppFunction f);
inline c10::FunctionSchema schema(const char* text) { return jit::parseSchema(text); }

// The operators that one block of a program adds; they go when it does.
class PHAROS_API Library final {
 public:
  enum Kind { DEF, IMPL, FRAGMENT };
  Library(Kind kind, std::string ns, c10::DispatchKey key, const char* file, uint32_t line);
  Library(Library&&) noexcept;
  Library(const Library&) = delete;
  ~Library();
  // "name(Tensor x) -> Tensor", to be implemented by impl().
  Library& def(const char* schema);
  Library& def(const std::string& schema) { return def(schema.c_str()); }
  Library& def(c10::FunctionSchema schema);
  // A schema, or a name alone: then the schema follows from the function's type.
  Library& def(const char* name_or_schema, CppFunction f);
  Library& def(const std::string& s, CppFunction f) { return def(s.c_str(), std::move(f)); }
  Library& impl(const char* name, CppFunction f);
  Library& impl(const std::string& name, CppFunction f) { return impl(name.c_str(), std::move(f)); }
  // Boxed kernels for every operator of a key are interposers here.
  Library& fallback(CppFunction f);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

namespace detail {
class PHAROS_API TorchLibraryInit final {
 public:
  using Fill = void(Library&);
  TorchLibraryInit(Library::Kind kind, Fill* fill, const char* ns, c10::DispatchKey key,
                   const char* file, uint32_t line);

 private:
  Library library_;
};
}  // namespace detail

// The older form: `static auto r = torch::RegisterOperators().op("ns::name", &fn);`
class PHAROS_API RegisterOperators final {
 public:
  RegisterOperators();
  ~RegisterOperators();
  RegisterOperators(RegisterOperators&&) noexcept;
  template <typename F>
  explicit RegisterOperators(const std::string& name_or_schema, F&& f) : RegisterOperators() {
    add(name_or_schema, CppFunction(std::forward<F>(f)));
  }
  template <typename F>
  RegisterOperators&& op(const std::string& name_or_schema, F&& f) && {
    add(name_or_schema, CppFunction(std::forward<F>(f)));
    return std::move(*this);
  }
  template <typename F>
  RegisterOperators& op(const std::string& name_or_schema, F&& f) & {
    add(name_or_schema, CppFunction(std::forward<F>(f)));
    return *this;
  }

 private:
  void add(const std::string& name_or_schema, CppFunction f);
  Library library_;
};

}  // namespace torch

#define TORCH_FN(function) (&function)

#define PHAROS_TORCH_LIBRARY(kind, ns, key, uid, m)                                              \
  static void C10_CONCATENATE(TORCH_LIBRARY_init_##ns##_, uid)(torch::Library&);                 \
  static const torch::detail::TorchLibraryInit C10_CONCATENATE(                                  \
      TORCH_LIBRARY_static_init_##ns##_, uid)(torch::Library::kind,                              \
                                              &C10_CONCATENATE(TORCH_LIBRARY_init_##ns##_, uid), \
                                              #ns, c10::DispatchKey::key, __FILE__, __LINE__);   \
  void C10_CONCATENATE(TORCH_LIBRARY_init_##ns##_, uid)(torch::Library & m)

#define TORCH_LIBRARY(ns, m) PHAROS_TORCH_LIBRARY(DEF, ns, Undefined, __COUNTER__, m)
#define TORCH_LIBRARY_FRAGMENT(ns, m) PHAROS_TORCH_LIBRARY(FRAGMENT, ns, Undefined, __COUNTER__, m)
#define TORCH_LIBRARY_IMPL(ns, key, m) PHAROS_TORCH_LIBRARY(IMPL, ns, key, __COUNTER__, m)
