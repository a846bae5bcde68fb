// torch::nn::ModuleHolder: a module by shared pointer that is written like a value. It stores one
// shared_ptr<Module> whatever the class, since 114 instantiations of shared_ptr cost more than all
// layers together; shared_ptr<Contained> is made in ptr() only.
#pragma once

#include <pharos/nn/module_hooks.h>

namespace pharos::nn {

class PHAROS_API HolderBase {
 public:
  explicit operator bool() const noexcept { return !is_empty(); }
  bool is_empty() const noexcept { return module_ == nullptr; }

 protected:
  HolderBase() noexcept;
  explicit HolderBase(Module* owned);
  explicit HolderBase(std::shared_ptr<Module> module) noexcept;
  HolderBase(const HolderBase&) noexcept;
  HolderBase(HolderBase&&) noexcept;
  HolderBase& operator=(const HolderBase&) noexcept;
  HolderBase& operator=(HolderBase&&) noexcept;
  ~HolderBase();
  Module* checked() const {
    if (PHAROS_UNLIKELY(!module_)) empty();
    return module_.get();
  }
  [[noreturn]] static void empty();
  friend class torch::nn::Module;

  std::shared_ptr<Module> module_;
};

}  // namespace pharos::nn

namespace torch {
namespace detail {
template <typename T, typename C>
inline constexpr bool is_module_holder_of_v = __is_base_of(nn::ModuleHolder<C>,
                                                           std::remove_reference_t<T>);
}

namespace nn {

template <typename Contained>
class ModuleHolder : public pharos::nn::HolderBase, torch::detail::ModuleHolderIndicator {
 public:
  using ContainedType = Contained;
  using Impl = Contained;

  ModuleHolder() : HolderBase(default_construct()) {
    static_assert(std::is_default_constructible_v<Contained>,
                  "You are trying to default construct a module which has no default constructor. "
                  "Use = nullptr to give it the empty state (e.g. `Linear linear = nullptr;` "
                  "instead of `Linear linear;`).");
  }
  ModuleHolder(std::nullptr_t) {}
  template <typename Head, typename... Tail,
            typename = std::enable_if_t<!(sizeof...(Tail) == 0 &&
                                          torch::detail::is_module_holder_of_v<Head, Contained>)>>
  explicit ModuleHolder(Head&& head, Tail&&... tail)
      : HolderBase(static_cast<Module*>(
            new Contained(static_cast<Head&&>(head), static_cast<Tail&&>(tail)...))) {}
  ModuleHolder(std::shared_ptr<Contained> module)
      : HolderBase(std::shared_ptr<Module>(std::move(module))) {}

  Contained* operator->() { return get(); }
  const Contained* operator->() const { return get(); }
  Contained& operator*() { return *get(); }
  const Contained& operator*() const { return *get(); }
  std::shared_ptr<Contained> ptr() const {
    return std::shared_ptr<Contained>(module_, static_cast<Contained*>(checked()));
  }
  Contained* get() { return static_cast<Contained*>(checked()); }
  const Contained* get() const { return static_cast<const Contained*>(checked()); }

  template <typename... Args>
  decltype(auto) operator()(Args&&... args) {
    return pharos::nn::call_module(*get(), static_cast<Args&&>(args)...);
  }
  template <typename Arg>
  decltype(auto) operator[](Arg&& arg) {
    return (*get())[static_cast<Arg&&>(arg)];
  }

 private:
  template <typename T = Contained>
  static Module* default_construct() {
    if constexpr (std::is_default_constructible_v<T>)
      return new T();
    else
      return nullptr;
  }
};

template <typename M>
std::ostream& operator<<(std::ostream& stream, const ModuleHolder<M>& module) {
  return stream << static_cast<const Module&>(*module);
}
template <typename M>
serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                     const ModuleHolder<M>& module) {
  return archive << std::shared_ptr<Module>(module.ptr());
}
template <typename M>
serialize::InputArchive& operator>>(serialize::InputArchive& archive, ModuleHolder<M>& module) {
  return archive >> std::shared_ptr<Module>(module.ptr());
}

}  // namespace nn
}  // namespace torch

#define TORCH_MODULE_IMPL(Name, ImplType)                  \
  class Name : public torch::nn::ModuleHolder<ImplType> {  \
   public:                                                 \
    using torch::nn::ModuleHolder<ImplType>::ModuleHolder; \
    using Impl [[maybe_unused]] = ImplType;                \
  }
#define TORCH_MODULE(Name) TORCH_MODULE_IMPL(Name, Name##Impl)
// The library's own holders are names for ModuleHolder<NameImpl>: no class is made of what a
// program does not use, where deriving makes all of them in every program.
#define PHAROS_HOLDER(Name) using Name = ModuleHolder<Name##Impl>
