// c10::Dispatcher: the boxed way to every operator, built-in or registered by the program. Look-up
// takes no lock.
#pragma once

#include <pharos/dispatch/schema.h>

namespace pharos {
struct OpRow;
}

namespace c10 {

// Where a program's kernel applies. Of the built-in operators every key is taken already.
enum class DispatchKey : uint8_t {
  Undefined,
  CatchAll,
  CompositeImplicitAutograd,
  CompositeExplicitAutograd,
  CPU,
  CUDA,
  Meta,
  PrivateUse1,
  Autograd,
  AutogradCPU,
  AutogradCUDA,
  AutogradMeta,
  AutogradPrivateUse1,
  ADInplaceOrView,
  AutocastCPU,
  AutocastCUDA,
  NumKeys,
};
PHAROS_API const char* toString(DispatchKey key);

template <typename Sig>
class TypedOperatorHandle;

class PHAROS_API OperatorHandle {
 public:
  explicit OperatorHandle(const pharos::OpRow* row) : row_(row) {}
  const FunctionSchema& schema() const;
  OperatorName operator_name() const;
  bool hasSchema() const { return true; }
  std::string debug() const;
  // Takes the arguments off the stack and leaves the results there.
  void callBoxed(torch::jit::Stack* stack) const;
  void callBoxed(torch::jit::Stack& stack) const { callBoxed(&stack); }
  template <typename Sig>
  TypedOperatorHandle<Sig> typed() const {
    return TypedOperatorHandle<Sig>(*this);
  }
  const pharos::OpRow& row() const { return *row_; }
  friend bool operator==(const OperatorHandle& a, const OperatorHandle& b) {
    return a.row_ == b.row_;
  }
  friend bool operator!=(const OperatorHandle& a, const OperatorHandle& b) {
    return a.row_ != b.row_;
  }

 private:
  const pharos::OpRow* row_;
};

class PHAROS_API Dispatcher {
 public:
  static Dispatcher& singleton();
  std::optional<OperatorHandle> findSchema(const OperatorName& name) const;
  std::optional<OperatorHandle> findOp(const OperatorName& name) const { return findSchema(name); }
  OperatorHandle findSchemaOrThrow(const char* name, const char* overload_name) const;
  std::vector<OperatorName> getAllOpNames() const;
  void callBoxed(const OperatorHandle& op, torch::jit::Stack* stack) const { op.callBoxed(stack); }

 private:
  Dispatcher() = default;
};

namespace detail {
PHAROS_API void check_result_count(const torch::jit::Stack& stack, size_t n);
// The results of a call: one value, or as many as the tuple has elements.
template <typename R>
struct Results {
  static R take(torch::jit::Stack& stack) {
    check_result_count(stack, 1);
    return std::move(stack[0]).template to<R>();
  }
};
template <typename... Rs>
struct Results<std::tuple<Rs...>> {
  static std::tuple<Rs...> take(torch::jit::Stack& stack) {
    check_result_count(stack, sizeof...(Rs));
    return take(stack, std::index_sequence_for<Rs...>());
  }
  template <size_t... I>
  static std::tuple<Rs...> take(torch::jit::Stack& stack, std::index_sequence<I...>) {
    return std::tuple<Rs...>(std::move(stack[I]).template to<Rs>()...);
  }
};
}  // namespace detail

// Calls an operator under a C++ signature. The types are checked against the schema by the call
// itself, which goes the boxed way.
template <typename R, typename... A>
class TypedOperatorHandle<R(A...)> final {
 public:
  explicit TypedOperatorHandle(OperatorHandle op) : op_(op) {}
  R call(A... args) const {
    torch::jit::Stack stack;
    stack.reserve(sizeof...(A) + 1);
    (stack.emplace_back(args), ...);
    op_.callBoxed(stack);
    if constexpr (std::is_same_v<R, at::Tensor&>) {
      // What an in-place or out= form returns is the tensor that it was given to write to.
      at::Tensor* written = nullptr;
      ((written = written ? written : as_written<A>(args)), ...);
      return *written;
    } else if constexpr (std::is_same_v<R, IValue>) {
      return torch::jit::pop(stack);
    } else if constexpr (!std::is_void_v<R>) {
      return detail::Results<R>::take(stack);
    }
  }

 private:
  template <typename T>
  static at::Tensor* as_written(std::remove_reference_t<T>& arg) {
    if constexpr (std::is_same_v<T, at::Tensor&>) {
      return &arg;
    } else {
      return nullptr;
    }
  }
  OperatorHandle op_;
};

}  // namespace c10
