// torch::autograd::Function: operators of the program's own with their own backward.
//
//   struct Square : torch::autograd::Function<Square> {
//     static torch::Tensor forward(torch::autograd::AutogradContext* ctx, torch::Tensor x);
//     static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
//                                                    torch::autograd::variable_list grads);
//   };
//   y = Square::apply(x);
#pragma once

#include <pharos/autograd/autograd.h>
#include <pharos/dispatch/ivalue.h>

namespace torch::autograd {

struct CustomNode;

// Values by name that a Function keeps from forward to backward.
class PHAROS_API SavedData {
 public:
  SavedData();
  ~SavedData();
  SavedData(const SavedData&) = delete;
  c10::IValue& operator[](const std::string& key);
  const c10::IValue& at(const std::string& key) const;
  size_t count(const std::string& key) const;
  size_t size() const;

 private:
  struct Items;
  c10::IValue* find(const std::string& key) const;
  Items* items_ = nullptr;  // made when something is saved
};

// What forward and backward of one call share.
struct PHAROS_API AutogradContext {
  AutogradContext();
  ~AutogradContext();
  AutogradContext(const AutogradContext&) = delete;

  SavedData saved_data;
  // Inputs and outputs of forward; written again since, get_saved_variables refuses.
  void save_for_backward(variable_list to_save);
  variable_list get_saved_variables() const;
  // Inputs that forward wrote in place.
  void mark_dirty(const variable_list& inputs);
  void mark_non_differentiable(const variable_list& outputs);
  // Whether undefined gradients become zeros before backward sees them (they do by default).
  void set_materialize_grads(bool value) { materialize_grads_ = value; }
  bool needs_input_grad(size_t output_edge_index) const;

 private:
  friend struct CustomNode;
  friend struct CustomCall;
  variable_list to_save_, dirty_, non_differentiable_;
  bool materialize_grads_ = true;
  CustomNode* node_ = nullptr;
};

// The untyped part of Function::apply.
struct PHAROS_API CustomCall {
  using Backward = variable_list (*)(AutogradContext*, variable_list);
  CustomCall(const char* name, Backward backward);
  ~CustomCall();
  // Every argument in order; the tensors among them are inputs.
  void argument(const at::Tensor& t);
  void argument(const std::optional<at::Tensor>& t);
  void argument(const std::vector<at::Tensor>& list);
  template <typename T>
  void argument(const T&) {
    other_argument();
  }
  AutogradContext* context();
  void begin_forward();
  void end_forward();
  // Gives the outputs their history.
  void wrap(variable_list& outputs);

 private:
  void other_argument();
  bool is_differentiable(const at::Tensor& out) const;
  void save(const variable_list& returned, const variable_list& outputs);
  CustomNode* node_;
  variable_list inputs_;
  bool recording_ = false, previous_mode_ = false, in_forward_ = false;
};

template <class T>
struct Function {
  template <typename X = T, typename... Args>
  static auto apply(Args&&... args) {
    CustomCall call(type_name(), [](AutogradContext* ctx, variable_list grads) -> variable_list {
      return T::backward(ctx, std::move(grads));
    });
    (call.argument(args), ...);
    call.begin_forward();
    auto result = T::forward(call.context(), std::forward<Args>(args)...);
    call.end_forward();
    if constexpr (std::is_same_v<decltype(result), at::Tensor>) {
      variable_list list{std::move(result)};
      call.wrap(list);
      return std::move(list[0]);
    } else {
      call.wrap(result);
      return result;
    }
  }

 private:
  // The readable name is found by demangling, where a node is asked for it.
  static const char* type_name() { return __PRETTY_FUNCTION__; }
};

}  // namespace torch::autograd
