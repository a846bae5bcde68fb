// FunctionSchema and its parts: printing, matching values, and PyTorch's errors for bad arguments.
#include <pharos/dispatch/schema.h>

#include <ostream>

namespace c10 {

std::optional<string_view> OperatorName::getNamespace() const {
  const size_t pos = name.find("::");
  if (pos == std::string::npos) return std::nullopt;
  return string_view(name).substr(0, pos);
}
std::string toString(const OperatorName& n) {
  return n.overload_name.empty() ? n.name : n.name + "." + n.overload_name;
}
std::ostream& operator<<(std::ostream& out, const OperatorName& n) { return out << toString(n); }

AliasInfo::AliasInfo(bool is_write, std::vector<std::string> before, std::vector<std::string> after,
                     int depth)
    : is_write_(is_write), depth_(depth), before_(std::move(before)), after_(std::move(after)) {}

namespace {

bool has_wildcard(const std::vector<std::string>& sets) {
  for (const std::string& s : sets)
    if (s == "*") return true;
  return false;
}

std::string join(const std::vector<std::string>& sets) {
  std::string s;
  for (const std::string& name : sets) s += (s.empty() ? "" : "|") + name;
  return s;
}

// Dtypes, layouts and memory formats travel as ints.
TypePtr value_type(TypePtr t) {
  switch (t->kind()) {
    case TypeKind::ScalarTypeType:
    case TypeKind::LayoutType:
    case TypeKind::MemoryFormatType:
    case TypeKind::QSchemeType:
    case TypeKind::SymIntType:
      return IntType::get();
    case TypeKind::SymBoolType:
      return BoolType::get();
    case TypeKind::ListType:
      return ListType::create(value_type(t->containedType(0)));
    case TypeKind::OptionalType:
      return OptionalType::create(value_type(t->containedType(0)));
    default:
      return t;
  }
}

}  // namespace

bool AliasInfo::isWildcardBefore() const { return has_wildcard(before_); }
bool AliasInfo::isWildcardAfter() const { return has_wildcard(afterSets()); }
std::string AliasInfo::str() const {
  return "(" + join(before_) + (is_write_ ? "!" : "") +
         (after_.empty() ? "" : " -> " + join(after_)) + ")";
}

Argument::Argument(std::string name, TypePtr type, std::optional<int32_t> N,
                   std::optional<IValue> default_value, bool kwarg_only,
                   std::optional<AliasInfo> alias_info, std::string default_text)
    : name_(std::move(name)),
      type_(value_type(type ? type : TensorType::get())),
      real_type_(type ? type : TensorType::get()),
      N_(N),
      default_value_(std::move(default_value)),
      default_text_(std::move(default_text)),
      kwarg_only_(kwarg_only),
      alias_info_(std::move(alias_info)) {}

std::string Argument::type_str() const {
  // The size stands in the outermost list.
  std::vector<std::string> suffixes;
  bool sized = !N_.has_value();
  TypePtr t = real_type_;
  for (;; t = t->containedType(0)) {
    if (t->kind() == TypeKind::OptionalType) {
      suffixes.emplace_back("?");
    } else if (t->kind() == TypeKind::ListType) {
      suffixes.push_back("[" + (sized ? std::string() : std::to_string(*N_)) + "]");
      sized = true;
    } else {
      break;
    }
  }
  std::string s = t->str();
  const size_t alias_at =
      alias_info_ ? static_cast<size_t>(alias_info_->depth()) : suffixes.size() + 1;
  for (size_t i = 0; i <= suffixes.size(); ++i) {
    if (i == alias_at) s += alias_info_->str();
    if (i < suffixes.size()) s += suffixes[suffixes.size() - 1 - i];
  }
  return s;
}

std::string Argument::str() const {
  std::string s = type_str();
  if (!name_.empty()) s += " " + name_;
  if (!default_value_) return s;
  if (!default_text_.empty()) return s + "=" + default_text_;
  const bool quoted = default_value_->isString();
  return s + "=" + (quoted ? "\"" : "") + pharos::message(*default_value_) + (quoted ? "\"" : "");
}

std::string Argument::formatTypeMismatchMsg(const std::string& actual_type) const {
  return "Expected a value of type '" + type_->repr_str() + "' for argument '" + name_ +
         "' but instead found type '" + actual_type + "'.\n";
}

bool Argument::equals(const Argument& o) const {
  const bool same_alias =
      (!alias_info_ && !o.alias_info_) ||
      (alias_info_ && o.alias_info_ && alias_info_->str() == o.alias_info_->str());
  return name_ == o.name_ && real_type_ == o.real_type_ && N_ == o.N_ &&
         kwarg_only_ == o.kwarg_only_ && same_alias && default_value_ == o.default_value_;
}

std::ostream& operator<<(std::ostream& out, const Argument& a) { return out << a.str(); }

FunctionSchema::FunctionSchema(std::string name, std::string overload_name,
                               std::vector<Argument> arguments, std::vector<Argument> returns,
                               bool is_vararg, bool is_varret)
    : name_(std::move(name), std::move(overload_name)),
      arguments_(std::move(arguments)),
      returns_(std::move(returns)),
      is_vararg_(is_vararg),
      is_varret_(is_varret) {}
FunctionSchema::FunctionSchema(const FunctionSchema&) = default;
FunctionSchema& FunctionSchema::operator=(const FunctionSchema&) = default;
FunctionSchema::~FunctionSchema() = default;

bool FunctionSchema::is_mutable() const {
  for (const Argument& a : arguments_)
    if (a.alias_info() && a.alias_info()->isWrite()) return true;
  return false;
}
bool FunctionSchema::is_mutable(string_view argument) const {
  const std::optional<int> i = argumentIndexWithName(argument);
  TORCH_CHECK(i, "Schema has no argument named ", std::string(argument));
  const AliasInfo* alias = arguments_[static_cast<size_t>(*i)].alias_info();
  return alias && alias->isWrite();
}
bool FunctionSchema::hasAnyAliasInfo() const {
  for (const auto* list : {&arguments_, &returns_})
    for (const Argument& a : *list)
      if (a.alias_info()) return true;
  return false;
}
std::optional<int> FunctionSchema::argumentIndexWithName(string_view name) const {
  for (size_t i = 0; i < arguments_.size(); ++i)
    if (arguments_[i].name() == name) return static_cast<int>(i);
  return std::nullopt;
}
FunctionSchema FunctionSchema::cloneWithName(std::string name, std::string overload_name) const {
  return FunctionSchema(std::move(name), std::move(overload_name), arguments_, returns_, is_vararg_,
                        is_varret_);
}

std::string FunctionSchema::str() const {
  std::string s = toString(name_) + "(";
  bool first = true, star = false;
  const auto add = [&](const std::string& part) {
    s += (first ? "" : ", ") + part;
    first = false;
  };
  for (const Argument& a : arguments_) {
    if (a.kwarg_only() && !star) {
      add("*");
      star = true;
    }
    add(a.str());
  }
  if (is_vararg_) add("...");
  s += ") -> ";
  if (is_varret_ && returns_.empty()) return s + "...";
  if (returns_.size() == 1 && !is_varret_) return s + returns_[0].str();
  s += "(";
  first = true;
  for (const Argument& r : returns_) add(r.str());
  if (is_varret_) add("...");
  return s + ")";
}
std::string toString(const FunctionSchema& s) { return s.str(); }
std::ostream& operator<<(std::ostream& out, const FunctionSchema& s) { return out << s.str(); }

bool FunctionSchema::equals(const FunctionSchema& o) const {
  return name_ == o.name_ && arguments_ == o.arguments_ && returns_ == o.returns_ &&
         is_vararg_ == o.is_vararg_ && is_varret_ == o.is_varret_;
}

namespace {

bool elements_fit(ArrayRef<IValue> values, const Type& type) {
  for (const IValue& v : values)
    if (!detail::value_fits(v, type)) return false;
  return true;
}

}  // namespace

bool detail::value_fits(const IValue& v, const Type& t) {
  switch (t.kind()) {
    case TypeKind::AnyType:
    case TypeKind::VarType:
      return true;
    case TypeKind::OptionalType:
      return v.isNone() || value_fits(v, *t.containedType(0));
    case TypeKind::FloatType:
      return v.isDouble() || v.isInt();
    case TypeKind::NumberType:
    case TypeKind::ComplexType:
      return v.isScalar();
    case TypeKind::ListType:
      return v.isList() && elements_fit(v.toListRef(), *t.containedType(0));
    case TypeKind::AnyListType:
      return v.isList();
    case TypeKind::AnyTupleType:
      return v.isTuple();
    case TypeKind::TupleType: {
      if (!v.isTuple() || v.toTupleRef().size() != t.containedTypeSize()) return false;
      for (size_t i = 0; i < t.containedTypeSize(); ++i)
        if (!value_fits(v.toTupleRef().elements()[i], *t.containedType(i))) return false;
      return true;
    }
    case TypeKind::DictType: {
      if (!v.isGenericDict()) return false;
      for (const auto& e : v.toGenericDict())
        if (!value_fits(e.key(), *t.containedType(0)) ||
            !value_fits(e.value(), *t.containedType(1)))
          return false;
      return true;
    }
    case TypeKind::StreamObjType:
      return v.isInt();
    case TypeKind::DeviceObjType:
      return v.isDevice() || v.isString();
    default:
      return v.type()->isSubtypeOf(*value_type(&t));
  }
}

void FunctionSchema::checkArg(const IValue& value, const Argument& argument,
                              std::optional<size_t> pos) const {
  if (detail::value_fits(value, *argument.type())) return;
  // int[2] takes a single int.
  if (argument.N() && argument.type()->kind() == TypeKind::ListType &&
      detail::value_fits(value, *argument.type()->containedType(0)))
    return;
  TORCH_CHECK(false, name(), "() ", argument.formatTypeMismatchMsg(value.type()->repr_str()),
              pos ? "Position: " + std::to_string(*pos) + "\n" : std::string(),
              "Declaration: ", str());
}

void FunctionSchema::normalize(std::vector<IValue>& inputs,
                               const std::vector<std::pair<std::string, IValue>>& kwargs) const {
  TORCH_CHECK(inputs.size() <= arguments_.size() || is_vararg_, name(), "() expected at most ",
              arguments_.size(), " argument(s) but received ", inputs.size(),
              " argument(s). Declaration: ", str());
  size_t used = 0;
  const size_t given = inputs.size();
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const Argument& a = arguments_[i];
    if (i < given) {
      checkArg(inputs[i], a, i);
      continue;
    }
    const IValue* value = nullptr;
    for (const auto& e : kwargs)
      if (e.first == a.name()) value = &e.second;
    if (value) {
      checkArg(*value, a, std::nullopt);
      ++used;
    } else if (a.default_value()) {
      value = &*a.default_value();
    }
    TORCH_CHECK(value, name(), "() is missing value for argument '", a.name(),
                "'. Declaration: ", str());
    inputs.push_back(*value);
  }
  if (used == kwargs.size()) return;
  for (const auto& e : kwargs) {
    const std::optional<int> i = argumentIndexWithName(e.first);
    TORCH_CHECK(i, "Unknown keyword argument '", e.first, "' for operator '", name(),
                "'. Schema: ", str());
    TORCH_CHECK(static_cast<size_t>(*i) >= given, "Argument '", e.first,
                "' specified both as positional and keyword argument. Schema: ", str());
  }
}

}  // namespace c10
