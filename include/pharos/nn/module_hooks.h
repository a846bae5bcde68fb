// How calls of modules meet hooks and paths: ModuleScope names the running module, HookedCall shows
// arguments and results to the hooks, call_module does both for a program's own class.
#pragma once

#include <pharos/nn/module.h>

#include <tuple>

namespace pharos::nn {

using at::Tensor;
using torch::nn::Module;

// While it lives, nodes and errors of this thread carry the module's path.
class PHAROS_API ModuleScope {
 public:
  explicit ModuleScope(const Module& m) noexcept;
  ~ModuleScope();
  ModuleScope(const ModuleScope&) = delete;
  // Whether `m` has hooks that this call must fire.
  static bool has_hooks(const Module& m) noexcept { return m.hooks_ != nullptr; }

 private:
  uint32_t previous_;
};

// One call of a module with hooks. Values are shown one by one, first to collect them, then again
// to receive what the hooks made of them.
class PHAROS_API HookedCall {
 public:
  explicit HookedCall(Module& m);
  ~HookedCall();
  HookedCall(const HookedCall&) = delete;
  // The call is one that ModuleHolder or a container has already opened.
  static bool opened(const Module& m) noexcept;

  void leaf(Tensor& t);
  void number(double v);
  void number(int64_t v);
  void number(bool v);
  void none();
  void open(bool list);
  void close();
  void before();
  void after();

 private:
  struct State;
  State* state_;
};

template <typename T>
struct HookVisit {
  static constexpr bool kVisits = false;
  static void visit(HookedCall& c, T& v) {
    if constexpr (std::is_same_v<T, bool>)
      c.number(v);
    else if constexpr (std::is_integral_v<T>)
      c.number(static_cast<int64_t>(v));
    else if constexpr (std::is_floating_point_v<T>)
      c.number(static_cast<double>(v));
    else
      c.none();
  }
};
template <>
struct HookVisit<Tensor> {
  static constexpr bool kVisits = true;
  static void visit(HookedCall& c, Tensor& v) { c.leaf(v); }
};
template <typename T>
struct HookVisit<std::optional<T>> {
  static constexpr bool kVisits = true;
  static void visit(HookedCall& c, std::optional<T>& v) {
    if (v)
      HookVisit<T>::visit(c, *v);
    else
      c.none();
  }
};
template <>
struct HookVisit<std::vector<Tensor>> {
  static constexpr bool kVisits = true;
  static void visit(HookedCall& c, std::vector<Tensor>& v) {
    c.open(true);
    for (Tensor& t : v) c.leaf(t);
    c.close();
  }
};
template <typename... Ts>
struct HookVisit<std::tuple<Ts...>> {
  static constexpr bool kVisits = true;
  static void visit(HookedCall& c, std::tuple<Ts...>& v) {
    c.open(false);
    std::apply([&](auto&... e) { (HookVisit<std::decay_t<decltype(e)>>::visit(c, e), ...); }, v);
    c.close();
  }
};
template <typename A, typename B>
struct HookVisit<std::pair<A, B>> {
  static constexpr bool kVisits = true;
  static void visit(HookedCall& c, std::pair<A, B>& v) {
    c.open(false);
    HookVisit<A>::visit(c, v.first);
    HookVisit<B>::visit(c, v.second);
    c.close();
  }
};

template <typename A>
using HookedArg = std::conditional_t<HookVisit<std::decay_t<A>>::kVisits, std::decay_t<A>, A&&>;

template <typename C, typename... Args, size_t... I>
decltype(auto) forward_with_hooks(C& m, std::index_sequence<I...>, Args&&... args) {
  HookedCall call(m);
  std::tuple<HookedArg<Args>...> in(static_cast<Args&&>(args)...);
  const auto show = [&] {
    (HookVisit<std::decay_t<Args>>::visit(
         call,
         const_cast<std::decay_t<Args>&>(static_cast<const std::decay_t<Args>&>(std::get<I>(in)))),
     ...);
  };
  show();
  call.before();
  show();
  using R = decltype(m.forward(static_cast<Args&&>(args)...));
  if constexpr (std::is_void_v<R>) {
    m.forward(static_cast<Args&&>(std::get<I>(in))...);
    call.none();
    call.after();
  } else {
    R out = m.forward(static_cast<Args&&>(std::get<I>(in))...);
    using Out = std::remove_cv_t<std::remove_reference_t<R>>;
    HookVisit<Out>::visit(call, const_cast<Out&>(static_cast<const Out&>(out)));
    call.after();
    HookVisit<Out>::visit(call, const_cast<Out&>(static_cast<const Out&>(out)));
    return static_cast<R>(out);
  }
}

template <typename C, typename = void>
struct IsBuiltin : std::false_type {};
template <typename C>
struct IsBuiltin<C, std::void_t<typename C::PharosBuiltin>>
    : std::is_same<C, typename C::PharosBuiltin> {};

// m.forward(args...) under m's path, with its hooks.
template <typename C, typename... Args>
decltype(auto) call_module(C& m, Args&&... args) {
  if constexpr (IsBuiltin<C>::value) {
    return m.forward(static_cast<Args&&>(args)...);
  } else {
    ModuleScope scope(m);
    if (PHAROS_LIKELY(!ModuleScope::has_hooks(m))) return m.forward(static_cast<Args&&>(args)...);
    return forward_with_hooks(m, std::index_sequence_for<Args...>(), static_cast<Args&&>(args)...);
  }
}

}  // namespace pharos::nn

namespace torch::nn {

template <typename F>
RemovableHandle Module::register_forward_hook(F hook) {
  if constexpr (std::is_invocable_v<F&, Module&, const Tensor&, const Tensor&>) {
    using R = std::invoke_result_t<F&, Module&, const Tensor&, const Tensor&>;
    return add_hook(
        TensorHook([hook](Module& m, const Tensor& in, const Tensor& out) mutable -> Tensor {
          if constexpr (std::is_void_v<R>)
            return hook(m, in, out), Tensor();
          else
            return hook(m, in, out);
        }));
  } else {
    using R = std::invoke_result_t<F&, Module&, const IValues&, const c10::IValue&>;
    return add_hook(
        GenericHook([hook](Module& m, const IValues& in, const c10::IValue& out) mutable {
          if constexpr (std::is_void_v<R>)
            return hook(m, in, out), c10::IValue();
          else
            return c10::IValue(hook(m, in, out));
        }));
  }
}

template <typename F>
RemovableHandle Module::register_forward_pre_hook(F hook) {
  if constexpr (std::is_invocable_v<F&, Module&, const Tensor&>) {
    using R = std::invoke_result_t<F&, Module&, const Tensor&>;
    return add_pre_hook(TensorPreHook([hook](Module& m, const Tensor& in) mutable -> Tensor {
      if constexpr (std::is_void_v<R>)
        return hook(m, in), Tensor();
      else
        return hook(m, in);
    }));
  } else {
    using R = std::invoke_result_t<F&, Module&, const IValues&>;
    return add_pre_hook(GenericPreHook([hook](Module& m, const IValues& in) mutable {
      if constexpr (std::is_void_v<R>)
        return hook(m, in), c10::IValue();
      else
        return c10::IValue(hook(m, in));
    }));
  }
}

template <typename F>
RemovableHandle Module::register_full_backward_hook(F hook) {
  using Grads = std::vector<Tensor>;
  using R = std::invoke_result_t<F&, Module&, const Grads&, const Grads&>;
  return add_backward_hook(
      BackwardHook([hook](Module& m, const Grads& gi, const Grads& go) mutable -> Grads {
        if constexpr (std::is_void_v<R>)
          return hook(m, gi, go), Grads();
        else
          return hook(m, gi, go);
      }));
}

template <typename F>
RemovableHandle Module::register_hook(F hook) {
  using R = std::invoke_result_t<F&, const Tensor&>;
  return add_output_hook(OutputHook([hook](const Tensor& g) mutable -> Tensor {
    if constexpr (std::is_void_v<R>)
      return hook(g), Tensor();
    else
      return hook(g);
  }));
}

template <typename Derived>
void Cloneable<Derived>::clone_(Module& other, const std::optional<Device>& device) {
  std::shared_ptr<Module> clone = other.clone(device);
  auto* same = dynamic_cast<Derived*>(clone.get());
  TORCH_CHECK(same != nullptr,
              "Attempted to clone submodule, but it is of a different type than the submodule it "
              "was to be cloned into");
  static_cast<Derived&>(*this) = *same;
}

}  // namespace torch::nn
