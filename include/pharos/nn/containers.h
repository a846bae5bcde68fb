// Modules that hold modules or parameters: Sequential, ModuleList, ModuleDict, ParameterList,
// ParameterDict; and Functional, a function as a module.
#pragma once

#include <pharos/nn/any.h>

namespace pharos::nn {
[[noreturn]] PHAROS_API void wrong_return_type(const AnyValue& got, const std::type_info& wanted);
[[noreturn]] PHAROS_API void wrong_child_type(const std::string& key, const std::type_info& wanted);
PHAROS_API std::string index_name(size_t i);
}  // namespace pharos::nn

namespace torch::nn {

class PHAROS_API SequentialImpl : public BuiltinModule {
 public:
  PHAROS_MODULE(SequentialImpl)
  using Iterator = std::vector<AnyModule>::iterator;
  using ConstIterator = std::vector<AnyModule>::const_iterator;

  SequentialImpl();
  template <typename... Modules,
            typename =
                std::enable_if_t<!(sizeof...(Modules) == 1 &&
                                   (std::is_same_v<std::decay_t<Modules>, SequentialImpl> && ...))>>
  explicit SequentialImpl(Modules&&... modules) : SequentialImpl() {
    (push_back(static_cast<Modules&&>(modules)), ...);
  }
  explicit SequentialImpl(OrderedDict<std::string, AnyModule>&& modules);
  explicit SequentialImpl(std::initializer_list<NamedAnyModule> modules);

  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override;
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  // The first module may take several inputs; each further one takes what the one before returned.
  template <typename R = Tensor, typename... Inputs>
  R forward(Inputs&&... inputs) {
    if constexpr (std::is_same_v<R, Tensor> && sizeof...(Inputs) == 1 &&
                  (std::is_same_v<std::decay_t<Inputs>, Tensor> && ...)) {
      return forward_tensor(inputs...);
    } else {
      std::vector<AnyValue> values;
      values.reserve(sizeof...(Inputs));
      (values.emplace_back(static_cast<Inputs&&>(inputs)), ...);
      AnyValue out = forward_any(values);
      if (auto* result = out.template try_get<R>()) return std::move(*result);
      pharos::nn::wrong_return_type(out, typeid(R));
    }
  }

  void push_back(AnyModule module);
  void push_back(std::string name, AnyModule module);
  template <typename M>
  void push_back(std::shared_ptr<M> module) {
    push_back(AnyModule(std::move(module)));
  }
  template <typename M>
  void push_back(std::string name, std::shared_ptr<M> module) {
    push_back(std::move(name), AnyModule(std::move(module)));
  }
  template <typename M, typename = torch::detail::enable_if_module_t<M>>
  void push_back(M&& module) {
    push_back(AnyModule(static_cast<M&&>(module)));
  }
  template <typename M, typename = torch::detail::enable_if_module_t<M>>
  void push_back(std::string name, M&& module) {
    push_back(std::move(name), AnyModule(static_cast<M&&>(module)));
  }
  template <typename M>
  void push_back(const ModuleHolder<M>& holder) {
    push_back(AnyModule(holder));
  }
  template <typename M>
  void push_back(std::string name, const ModuleHolder<M>& holder) {
    push_back(std::move(name), AnyModule(holder));
  }
  template <typename Container>
  void extend(const Container& container) {
    for (const auto& module : container) push_back(module);
  }

  Iterator begin() { return modules_.begin(); }
  ConstIterator begin() const { return modules_.begin(); }
  Iterator end() { return modules_.end(); }
  ConstIterator end() const { return modules_.end(); }
  template <typename T>
  T& at(size_t index) {
    static_assert(torch::detail::is_module<T>::value,
                  "Can only call Sequential::at with an nn::Module type");
    return checked(index).template get<T>();
  }
  template <typename T>
  const T& at(size_t index) const {
    static_assert(torch::detail::is_module<T>::value,
                  "Can only call Sequential::at with an nn::Module type");
    return checked(index).template get<T>();
  }
  std::shared_ptr<Module> ptr(size_t index) const;
  template <typename T>
  std::shared_ptr<T> ptr(size_t index) const {
    static_assert(torch::detail::is_module<T>::value,
                  "Can only call Sequential::ptr with an nn::Module type");
    return checked(index).template ptr<T>();
  }
  std::shared_ptr<Module> operator[](size_t index) const { return ptr(index); }
  size_t size() const noexcept { return modules_.size(); }
  bool is_empty() const noexcept { return modules_.empty(); }

 protected:
  bool child_replaced(const std::string& name, const std::shared_ptr<Module>& from,
                      const std::shared_ptr<Module>& to, const pharos::nn::AnyOps* ops) override;

 private:
  Tensor forward_tensor(const Tensor& input);
  AnyValue forward_any(std::vector<AnyValue>& values);
  AnyModule& checked(size_t index);
  const AnyModule& checked(size_t index) const;

  std::vector<AnyModule> modules_;
};

class PHAROS_API Sequential : public ModuleHolder<SequentialImpl> {
 public:
  using ModuleHolder<SequentialImpl>::ModuleHolder;
  Sequential();
  Sequential(std::initializer_list<NamedAnyModule> modules);
};

class PHAROS_API ModuleListImpl : public BuiltinModule {
 public:
  PHAROS_MODULE(ModuleListImpl)
  using Iterator = std::vector<std::shared_ptr<Module>>::iterator;
  using ConstIterator = std::vector<std::shared_ptr<Module>>::const_iterator;

  ModuleListImpl();
  template <typename... Modules,
            typename =
                std::enable_if_t<!(sizeof...(Modules) == 1 &&
                                   (std::is_same_v<std::decay_t<Modules>, ModuleListImpl> && ...))>>
  explicit ModuleListImpl(Modules&&... modules) : ModuleListImpl() {
    (push_back(static_cast<Modules&&>(modules)), ...);
  }
  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override;
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  void push_back(std::shared_ptr<Module> module);
  template <typename M, typename = torch::detail::enable_if_module_t<M>>
  void push_back(M&& module) {
    push_back(std::shared_ptr<Module>(new std::decay_t<M>(static_cast<M&&>(module))));
  }
  template <typename M>
  void push_back(const ModuleHolder<M>& holder) {
    push_back(std::shared_ptr<Module>(holder.ptr()));
  }
  template <typename Container>
  void extend(const Container& container) {
    for (const auto& module : container) push_back(module);
  }
  void insert(size_t index, std::shared_ptr<Module> module);
  template <typename M>
  void insert(size_t index, const ModuleHolder<M>& holder) {
    insert(index, std::shared_ptr<Module>(holder.ptr()));
  }
  template <typename M, typename = torch::detail::enable_if_module_t<M>>
  void insert(size_t index, M&& module) {
    insert(index, std::shared_ptr<Module>(new std::decay_t<M>(static_cast<M&&>(module))));
  }

  Iterator begin() { return modules_.begin(); }
  ConstIterator begin() const { return modules_.begin(); }
  Iterator end() { return modules_.end(); }
  ConstIterator end() const { return modules_.end(); }
  template <typename T>
  T& at(size_t index) const {
    static_assert(torch::detail::is_module<T>::value,
                  "Can only call ModuleList::at with an nn::Module type");
    if (T* m = dynamic_cast<T*>(ptr(index).get())) return *m;
    pharos::nn::wrong_child_type(pharos::nn::index_name(index), typeid(T));
  }
  std::shared_ptr<Module> ptr(size_t index) const;
  template <typename T>
  std::shared_ptr<T> ptr(size_t index) const {
    return std::dynamic_pointer_cast<T>(ptr(index));
  }
  std::shared_ptr<Module> operator[](size_t index) const { return ptr(index); }
  size_t size() const noexcept { return modules_.size(); }
  bool is_empty() const noexcept { return modules_.empty(); }

 protected:
  bool child_replaced(const std::string& name, const std::shared_ptr<Module>& from,
                      const std::shared_ptr<Module>& to, const pharos::nn::AnyOps* ops) override;

 private:
  std::vector<std::shared_ptr<Module>> modules_;
};
PHAROS_HOLDER(ModuleList);

class PHAROS_API ModuleDictImpl : public BuiltinModule {
 public:
  PHAROS_MODULE(ModuleDictImpl)
  using Dict = OrderedDict<std::string, std::shared_ptr<Module>>;
  using Iterator = Dict::Iterator;
  using ConstIterator = Dict::ConstIterator;
  using Pairs = std::vector<std::pair<std::string, std::shared_ptr<Module>>>;

  ModuleDictImpl();
  explicit ModuleDictImpl(const Pairs& modules);
  explicit ModuleDictImpl(const Dict& modules);
  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override;
  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  Pairs items() const;
  std::vector<std::string> keys() const;
  std::vector<std::shared_ptr<Module>> values() const;
  Iterator begin();
  ConstIterator begin() const;
  Iterator end();
  ConstIterator end() const;
  size_t size() const noexcept;
  bool empty() const noexcept;
  bool contains(const std::string& key) const noexcept;
  void clear();
  std::shared_ptr<Module> operator[](const std::string& key) const;
  template <typename T>
  T& at(const std::string& key) const {
    static_assert(torch::detail::is_module<T>::value,
                  "Can only call ModuleDict::at with an nn::Module type");
    if (T* m = dynamic_cast<T*>((*this)[key].get())) return *m;
    pharos::nn::wrong_child_type(key, typeid(T));
  }
  std::shared_ptr<Module> pop(const std::string& key);
  void update(const Pairs& modules);
  template <typename Container>
  void update(const Container& container) {
    for (auto& item : container) insert(item.key(), item.value());
  }

 protected:
  bool child_replaced(const std::string& name, const std::shared_ptr<Module>& from,
                      const std::shared_ptr<Module>& to, const pharos::nn::AnyOps* ops) override;

 private:
  void insert(const std::string& key, std::shared_ptr<Module> module);
  Dict modules_;
};
PHAROS_HOLDER(ModuleDict);

class PHAROS_API ParameterListImpl : public BuiltinModule {
 public:
  PHAROS_MODULE(ParameterListImpl)
  using Item = OrderedDict<std::string, Tensor>::Item;
  using Iterator = std::vector<Item>::iterator;
  using ConstIterator = std::vector<Item>::const_iterator;

  ParameterListImpl();
  template <typename... Tensors,
            typename = std::enable_if_t<(std::is_convertible_v<Tensors&&, Tensor> && ...)>>
  explicit ParameterListImpl(Tensors&&... parameters) : ParameterListImpl() {
    (append(parameters), ...);
  }
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  void append(const Tensor& parameter);
  void append(const Item& item);
  template <typename Container>
  void extend(const Container& container) {
    for (const auto& parameter : container) append(parameter);
  }
  Iterator begin();
  ConstIterator begin() const;
  Iterator end();
  ConstIterator end() const;
  Tensor& at(size_t index);
  const Tensor& at(size_t index) const;
  Tensor& operator[](size_t index) { return at(index); }
  const Tensor& operator[](size_t index) const { return at(index); }
  size_t size() const noexcept;
  bool is_empty() const noexcept;
  template <typename Container>
  ParameterListImpl& operator+=(const Container& other) {
    extend(other);
    return *this;
  }
};
PHAROS_HOLDER(ParameterList);

class PHAROS_API ParameterDictImpl : public BuiltinModule {
 public:
  PHAROS_MODULE(ParameterDictImpl)
  using Dict = OrderedDict<std::string, Tensor>;
  using Iterator = Dict::Iterator;
  using ConstIterator = Dict::ConstIterator;

  ParameterDictImpl();
  explicit ParameterDictImpl(const Dict& parameters);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor& insert(std::string key, Tensor parameter);
  Tensor pop(const std::string& key);
  std::vector<std::string> keys() const;
  std::vector<Tensor> values() const;
  std::vector<std::pair<std::string, Tensor>> items() const;
  Iterator begin();
  ConstIterator begin() const;
  Iterator end();
  ConstIterator end() const;
  size_t size() const noexcept;
  bool empty() const noexcept;
  bool contains(const std::string& key) const noexcept;
  void clear();
  const Tensor& get(const std::string& key) const;
  Tensor& get(const std::string& key);
  Tensor& operator[](const std::string& key) { return get(key); }
  const Tensor& operator[](const std::string& key) const { return get(key); }
  template <typename Container>
  void update(const Container& container) {
    for (auto& item : container) set(item.key(), item.value());
  }

 private:
  void set(const std::string& key, const Tensor& parameter);
};
PHAROS_HOLDER(ParameterDict);

// Functional(torch::relu); further arguments are bound: Functional(torch::elu, 1, 0, 1).
class PHAROS_API FunctionalImpl : public BuiltinModule {
 public:
  PHAROS_MODULE(FunctionalImpl)
  using Function = std::function<Tensor(Tensor)>;

  explicit FunctionalImpl(Function function);
  template <typename F, typename... Args, typename = std::enable_if_t<(sizeof...(Args) > 0)>>
  explicit FunctionalImpl(F function, Args... args)
      : FunctionalImpl(Function(
            [function, args...](Tensor x) -> Tensor { return function(std::move(x), args...); })) {}
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(Tensor input);
  Tensor operator()(Tensor input);
  bool is_serializable() const override;

 private:
  Function function_;
};
PHAROS_HOLDER(Functional);

}  // namespace torch::nn
