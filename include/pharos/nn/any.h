// torch::nn::AnyModule and AnyValue: a module of any class behind one type. Each class has one
// constant table of function pointers; a forward of the form Tensor(const Tensor&) is called
// directly.
#pragma once

#include <pharos/nn/module_holder.h>

#include <typeinfo>

namespace torch::nn {

// A value of any type that `forward` takes or returns.
class PHAROS_API AnyValue {
 public:
  AnyValue(AnyValue&&) noexcept;
  AnyValue& operator=(AnyValue&&) noexcept;
  AnyValue(const AnyValue& o);
  AnyValue& operator=(const AnyValue& o);
  ~AnyValue();
  explicit AnyValue(Tensor t) noexcept;
  template <typename T, typename = std::enable_if_t<!std::is_same_v<std::decay_t<T>, AnyValue> &&
                                                    !std::is_same_v<std::decay_t<T>, Tensor>>>
  explicit AnyValue(T&& value) : content_(new Holder<std::decay_t<T>>(static_cast<T&&>(value))) {}

  template <typename T>
  T* try_get() {
    static_assert(!std::is_reference_v<T>,
                  "AnyValue stores decayed types, you cannot cast it to a reference type");
    if constexpr (std::is_same_v<T, Tensor>) {
      return content_ ? nullptr : &tensor_;
    } else {
      return content_ && content_->type() == typeid(T) ? &static_cast<Holder<T>*>(content_)->value
                                                       : nullptr;
    }
  }
  template <typename T>
  T get() {
    if (auto* v = try_get<T>()) return *v;
    wrong_type(typeid(T));
  }
  const std::type_info& type_info() const noexcept;

 private:
  struct PHAROS_API Placeholder {
    virtual ~Placeholder();
    virtual const std::type_info& type() const noexcept = 0;
    virtual Placeholder* clone() const = 0;
  };
  template <typename T>
  struct Holder final : Placeholder {
    template <typename U>
    explicit Holder(U&& v) : value(static_cast<U&&>(v)) {}
    const std::type_info& type() const noexcept override { return typeid(T); }
    Placeholder* clone() const override { return new Holder(value); }
    T value;
  };
  [[noreturn]] void wrong_type(const std::type_info& wanted) const;

  // A Tensor is kept here, anything else in content_.
  Tensor tensor_;
  Placeholder* content_ = nullptr;
};

}  // namespace torch::nn

namespace pharos::nn {

using torch::nn::AnyValue;

struct AnyOps {
  const std::type_info* type;
  // Null unless forward has this form.
  Tensor (*tensor)(Module& m, const Tensor& input);
  AnyValue (*forward)(Module& m, std::vector<AnyValue>& arguments);
};

// What an AnyModule owns; the module knows its slots, so that replacing it reaches them.
struct PHAROS_API AnySlot {
  AnySlot(std::shared_ptr<Module> m, const AnyOps* o);
  ~AnySlot();
  void set(std::shared_ptr<Module> m, const AnyOps* o);
  std::shared_ptr<Module> module;
  const AnyOps* ops;
  bool in_container = false;

 private:
  void attach();
  void detach();
};

PHAROS_API void check_any_arguments(Module& m, const std::type_info& type,
                                    std::vector<AnyValue>& arguments, size_t count);
[[noreturn]] PHAROS_API void wrong_any_argument(size_t index, const std::type_info& wanted,
                                                const AnyValue& got);
template <typename T>
T&& any_argument(std::vector<AnyValue>& arguments, size_t index) {
  using U = std::decay_t<T>;
  if (auto* v = arguments[index].try_get<U>()) return static_cast<T&&>(*v);
  wrong_any_argument(index, typeid(U), arguments[index]);
}

template <typename M, typename F>
struct AnyForward;
template <typename M, typename C, typename R, typename... Args>
struct AnyForward<M, R (C::*)(Args...)> {
  static_assert(!std::is_void_v<R>,
                "AnyModule cannot store modules that return void (you can return a dummy value).");
  static_assert(!((std::is_lvalue_reference_v<Args> &&
                   !std::is_const_v<std::remove_reference_t<Args>>) ||
                  ...),
                "Modules stored inside AnyModule must not take references. Use pointers instead.");
  static AnyValue call(Module& m, std::vector<AnyValue>& arguments) {
    check_any_arguments(m, typeid(M), arguments, sizeof...(Args));
    return call(m, arguments, std::index_sequence_for<Args...>());
  }
  template <size_t... I>
  static AnyValue call(Module& m, std::vector<AnyValue>& arguments, std::index_sequence<I...>) {
    return AnyValue(call_module(static_cast<M&>(m), any_argument<Args>(arguments, I)...));
  }
  static Tensor call_tensor(Module& m, const Tensor& input) {
    return call_module(static_cast<M&>(m), input);
  }
  static constexpr bool kTensor = std::is_same_v<R, Tensor> && sizeof...(Args) == 1 &&
                                  (std::is_same_v<std::decay_t<Args>, Tensor> && ...);
  static constexpr auto tensor_form() -> Tensor (*)(Module&, const Tensor&) {
    if constexpr (kTensor)
      return &call_tensor;
    else
      return nullptr;
  }
};
template <typename M, typename C, typename R, typename... Args>
struct AnyForward<M, R (C::*)(Args...) const> : AnyForward<M, R (C::*)(Args...)> {};

template <typename M, typename = void>
struct HasForward : std::false_type {};
template <typename M>
struct HasForward<M, std::void_t<decltype(&M::forward)>> : std::true_type {};

template <typename M>
struct AnyOpsOf {
  using Forward = AnyForward<M, decltype(&M::forward)>;
  static constexpr AnyOps kOps{
      &typeid(M), Forward::tensor_form(),
      static_cast<AnyValue (*)(Module&, std::vector<AnyValue>&)>(&Forward::call)};
};
template <typename M>
const AnyOps* any_ops_of() {
  if constexpr (IsBuiltin<M>::value) {
    return &M::pharos_any_ops();
  } else {
    static_assert(HasForward<M>::value,
                  "Can only store a module with a forward() method that has a non-templatized "
                  "argument type and return type into AnyModule");
    return &AnyOpsOf<M>::kOps;
  }
}

}  // namespace pharos::nn

namespace torch::nn {

class PHAROS_API AnyModule {
 public:
  AnyModule() noexcept;
  AnyModule(AnyModule&& o) noexcept;
  AnyModule& operator=(AnyModule&& o) noexcept;
  AnyModule(const AnyModule& o);
  AnyModule& operator=(const AnyModule& o);
  ~AnyModule();
  template <typename M>
  explicit AnyModule(std::shared_ptr<M> module)
      : AnyModule(std::shared_ptr<Module>(std::move(module)), pharos::nn::any_ops_of<M>()) {
    static_assert(torch::detail::is_module<M>::value,
                  "Can only store object derived from nn::Module into AnyModule");
  }
  template <typename M, typename = torch::detail::enable_if_module_t<M>>
  explicit AnyModule(M&& module)
      : AnyModule(std::shared_ptr<std::decay_t<M>>(new std::decay_t<M>(static_cast<M&&>(module)))) {
  }
  template <typename M>
  explicit AnyModule(const ModuleHolder<M>& holder) : AnyModule(holder.ptr()) {}
  template <typename M>
  AnyModule& operator=(std::shared_ptr<M> module) {
    return *this = AnyModule(std::move(module));
  }
  AnyModule clone(std::optional<Device> device = std::nullopt) const;

  template <typename... Args>
  AnyValue any_forward(Args&&... arguments) {
    std::vector<AnyValue> values;
    values.reserve(sizeof...(Args));
    (values.emplace_back(static_cast<Args&&>(arguments)), ...);
    return call(values);
  }
  template <typename R = Tensor, typename... Args>
  R forward(Args&&... arguments) {
    if constexpr (std::is_same_v<R, Tensor> && sizeof...(Args) == 1 &&
                  (std::is_same_v<std::decay_t<Args>, Tensor> && ...)) {
      return forward_tensor(arguments...);
    } else {
      return any_forward(static_cast<Args&&>(arguments)...).template get<R>();
    }
  }
  template <typename T, typename = torch::detail::enable_if_module_t<T>>
  T& get() {
    check_type(typeid(T), "get()");
    return static_cast<T&>(*slot_->module);
  }
  template <typename T, typename = torch::detail::enable_if_module_t<T>>
  const T& get() const {
    check_type(typeid(T), "get()");
    return static_cast<const T&>(*slot_->module);
  }
  template <typename T, typename ContainedType = typename T::ContainedType>
  T get() const {
    return T(ptr<ContainedType>());
  }
  std::shared_ptr<Module> ptr() const;
  template <typename T, typename = torch::detail::enable_if_module_t<T>>
  std::shared_ptr<T> ptr() const {
    check_type(typeid(T), "ptr()");
    return std::shared_ptr<T>(slot_->module, static_cast<T*>(slot_->module.get()));
  }
  const std::type_info& type_info() const;
  bool is_empty() const noexcept { return slot_ == nullptr; }

 private:
  friend class SequentialImpl;
  AnyModule(std::shared_ptr<Module> module, const pharos::nn::AnyOps* ops);
  AnyValue call(std::vector<AnyValue>& arguments);
  Tensor forward_tensor(const Tensor& input);
  void check_type(const std::type_info& wanted, const char* what) const;

  pharos::nn::AnySlot* slot_ = nullptr;
};

// A module with a name, for Sequential({{"conv", Conv2d(...)}, ...}).
class PHAROS_API NamedAnyModule {
 public:
  NamedAnyModule(std::string name, AnyModule module);
  NamedAnyModule(const NamedAnyModule&);
  ~NamedAnyModule();
  template <typename M>
  NamedAnyModule(std::string name, std::shared_ptr<M> module)
      : NamedAnyModule(std::move(name), AnyModule(std::move(module))) {}
  template <typename M, typename = torch::detail::enable_if_module_t<M>>
  NamedAnyModule(std::string name, M&& module)
      : NamedAnyModule(std::move(name), AnyModule(static_cast<M&&>(module))) {}
  template <typename M>
  NamedAnyModule(std::string name, const ModuleHolder<M>& holder)
      : NamedAnyModule(std::move(name), AnyModule(holder)) {}

  const std::string& name() const noexcept { return name_; }
  AnyModule& module() noexcept { return module_; }
  const AnyModule& module() const noexcept { return module_; }

 private:
  std::string name_;
  AnyModule module_;
};

template <typename ModuleType>
std::shared_ptr<ModuleType> Module::replace_module(const std::string& name,
                                                   std::shared_ptr<ModuleType> module) {
  const pharos::nn::AnyOps* ops = nullptr;
  if constexpr (pharos::nn::IsBuiltin<ModuleType>::value ||
                pharos::nn::HasForward<ModuleType>::value)
    ops = pharos::nn::any_ops_of<ModuleType>();
  replace_child(name, module, ops);
  return std::dynamic_pointer_cast<ModuleType>(children_[name]);
}

}  // namespace torch::nn

// For modules whose forward has default arguments: pairs of position and value.
#define FORWARD_HAS_DEFAULT_ARGS(...)                                            \
  bool _forward_has_default_args() override { return true; }                     \
  unsigned int _forward_num_required_args() override {                           \
    std::vector<std::pair<unsigned int, torch::nn::AnyValue>> info{__VA_ARGS__}; \
    return info.front().first;                                                   \
  }                                                                              \
  std::vector<torch::nn::AnyValue> _forward_populate_default_args(               \
      std::vector<torch::nn::AnyValue>&& arguments) override {                   \
    std::vector<std::pair<unsigned int, torch::nn::AnyValue>> info{__VA_ARGS__}; \
    std::vector<torch::nn::AnyValue> out = std::move(arguments);                 \
    for (auto& e : info)                                                         \
      if (e.first >= out.size()) out.push_back(std::move(e.second));             \
    return out;                                                                  \
  }
// The same for the library's own layers, whose bodies stay out of their headers.
#define PHAROS_FORWARD_HAS_DEFAULT_ARGS                            \
  bool _forward_has_default_args() override { return true; }       \
  unsigned int _forward_num_required_args() override;              \
  std::vector<torch::nn::AnyValue> _forward_populate_default_args( \
      std::vector<torch::nn::AnyValue>&& arguments) override;
