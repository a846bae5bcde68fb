// c10::FunctionSchema: an operator's name, arguments and results at run time, and the parser of the
// notation. A schema prints as the text it was parsed from.
#pragma once

#include <pharos/dispatch/ivalue.h>

namespace c10 {

struct PHAROS_API OperatorName {
  OperatorName(std::string name, std::string overload_name)
      : name(std::move(name)), overload_name(std::move(overload_name)) {}
  std::string name;
  std::string overload_name;
  // "aten", or nothing.
  std::optional<string_view> getNamespace() const;
  friend bool operator==(const OperatorName& a, const OperatorName& b) {
    return a.name == b.name && a.overload_name == b.overload_name;
  }
  friend bool operator!=(const OperatorName& a, const OperatorName& b) { return !(a == b); }
};
PHAROS_API std::string toString(const OperatorName& name);
PHAROS_API std::ostream& operator<<(std::ostream& out, const OperatorName& name);

// What an argument or result may share memory with: `(a!)`, `(a|b)`, `(a -> *)`.
class PHAROS_API AliasInfo {
 public:
  AliasInfo() = default;
  // `depth` is how many of the type's [] and ? it stands behind: 0 in Tensor(a)[], 1 in t[](a).
  AliasInfo(bool is_write, std::vector<std::string> before, std::vector<std::string> after,
            int depth = 0);
  bool isWrite() const { return is_write_; }
  const std::vector<std::string>& beforeSets() const { return before_; }
  // As beforeSets() where the schema names no others.
  const std::vector<std::string>& afterSets() const { return after_.empty() ? before_ : after_; }
  bool isWildcardBefore() const;
  bool isWildcardAfter() const;
  std::string str() const;
  int depth() const { return depth_; }

 private:
  bool is_write_ = false;
  int depth_ = 0;
  std::vector<std::string> before_, after_;
};

class PHAROS_API Argument {
 public:
  Argument(std::string name = {}, TypePtr type = nullptr, std::optional<int32_t> N = {},
           std::optional<IValue> default_value = {}, bool kwarg_only = false,
           std::optional<AliasInfo> alias_info = {}, std::string default_text = {});
  const std::string& name() const { return name_; }
  // The type that values have; dtypes, layouts and memory formats are ints.
  TypePtr type() const { return type_; }
  // The type as the schema names it.
  TypePtr real_type() const { return real_type_; }
  // The 2 of int[2].
  std::optional<int32_t> N() const { return N_; }
  const std::optional<IValue>& default_value() const { return default_value_; }
  bool has_default_value() const { return default_value_.has_value(); }
  bool kwarg_only() const { return kwarg_only_; }
  bool is_out() const { return kwarg_only_ && alias_info_ && alias_info_->isWrite(); }
  bool is_inferred_type() const { return false; }
  const AliasInfo* alias_info() const { return alias_info_ ? &*alias_info_ : nullptr; }
  // "Tensor(a!)", "int[2]"
  std::string type_str() const;
  std::string formatTypeMismatchMsg(const std::string& actual_type) const;
  friend bool operator==(const Argument& a, const Argument& b) { return a.equals(b); }

 private:
  friend PHAROS_API std::ostream& operator<<(std::ostream& out, const Argument& a);
  friend class FunctionSchema;
  bool equals(const Argument& o) const;
  std::string str() const;

  std::string name_;
  TypePtr type_, real_type_;
  std::optional<int32_t> N_;
  std::optional<IValue> default_value_;
  // The default as written, for printing: 1e-05 has many spellings.
  std::string default_text_;
  bool kwarg_only_;
  std::optional<AliasInfo> alias_info_;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const Argument& a);

class PHAROS_API FunctionSchema {
 public:
  FunctionSchema(std::string name, std::string overload_name, std::vector<Argument> arguments,
                 std::vector<Argument> returns, bool is_vararg = false, bool is_varret = false);
  FunctionSchema(const FunctionSchema&);
  FunctionSchema& operator=(const FunctionSchema&);
  ~FunctionSchema();
  const OperatorName& operator_name() const { return name_; }
  const std::string& name() const { return name_.name; }
  const std::string& overload_name() const { return name_.overload_name; }
  const std::vector<Argument>& arguments() const { return arguments_; }
  const std::vector<Argument>& returns() const { return returns_; }
  bool is_vararg() const { return is_vararg_; }
  bool is_varret() const { return is_varret_; }
  bool is_mutable() const;
  bool is_mutable(string_view argument) const;
  bool hasAnyAliasInfo() const;
  std::optional<int> argumentIndexWithName(string_view name) const;
  FunctionSchema cloneWithName(std::string name, std::string overload_name) const;

  // Throws what PyTorch throws where the value does not fit the argument.
  void checkArg(const IValue& value, const Argument& argument, std::optional<size_t> pos) const;
  // Moves keyword arguments into place, fills in defaults and checks every value.
  template <typename Map>
  void checkAndNormalizeInputs(std::vector<IValue>& inputs, const Map& kwargs) const {
    std::vector<std::pair<std::string, IValue>> named;
    for (const auto& e : kwargs) named.emplace_back(e.first, e.second);
    normalize(inputs, named);
  }
  void checkAndNormalizeInputs(std::vector<IValue>& inputs) const { normalize(inputs, {}); }
  std::string str() const;
  friend bool operator==(const FunctionSchema& a, const FunctionSchema& b) { return a.equals(b); }
  friend bool operator!=(const FunctionSchema& a, const FunctionSchema& b) { return !a.equals(b); }

 private:
  bool equals(const FunctionSchema& o) const;
  void normalize(std::vector<IValue>& inputs,
                 const std::vector<std::pair<std::string, IValue>>& kwargs) const;
  OperatorName name_;
  std::vector<Argument> arguments_, returns_;
  bool is_vararg_, is_varret_;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const FunctionSchema& s);
PHAROS_API std::string toString(const FunctionSchema& s);

namespace detail {
// Whether the value can be passed where the type is asked for: an int for a float, a generic list
// of ints for int[].
PHAROS_API bool value_fits(const IValue& value, const Type& type);
}  // namespace detail

}  // namespace c10

namespace torch::jit {

// Parses "ns::name.overload(Tensor x, *, int[2] y=1) -> (Tensor, Tensor(a!))".
PHAROS_API c10::FunctionSchema parseSchema(const std::string& text);
// "ns::name.overload" alone.
PHAROS_API c10::OperatorName parseName(const std::string& text);
PHAROS_API c10::TypePtr parseType(const std::string& text);
// Whether the text has arguments or is a name alone.
PHAROS_API bool is_schema(const std::string& text);

}  // namespace torch::jit
