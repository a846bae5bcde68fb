// The run-time parser of the schema notation; codegen/schema.py is its twin at build time.
#include <pharos/dispatch/schema.h>

#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace torch::jit {
namespace {

using c10::Argument;
using c10::TypeKind;
using c10::TypePtr;

// Bounds recursion on hostile input.
constexpr int kMaxDepth = 64;

struct NamedType {
  const char* name;
  TypePtr (*get)();
};
constexpr NamedType kTypes[] = {
    {"Tensor", c10::TensorType::get},
    {"int", c10::IntType::get},
    {"SymInt", c10::SymIntType::get},
    {"float", c10::FloatType::get},
    {"bool", c10::BoolType::get},
    {"SymBool", c10::SymBoolType::get},
    {"str", c10::StringType::get},
    {"complex", c10::ComplexType::get},
    {"Scalar", c10::NumberType::get},
    {"ScalarType", c10::ScalarTypeType::get},
    {"Layout", c10::LayoutType::get},
    {"Device", c10::DeviceObjType::get},
    {"MemoryFormat", c10::MemoryFormatType::get},
    {"Generator", c10::GeneratorType::get},
    {"Storage", c10::StorageType::get},
    {"Stream", c10::StreamObjType::get},
    {"QScheme", c10::QSchemeType::get},
    {"Any", c10::AnyType::get},
    {"NoneType", c10::NoneType::get},
    {"Capsule", c10::CapsuleType::get},
};

struct NamedInt {
  const char* name;
  int64_t value;
};
constexpr NamedInt kNamedInts[] = {
    {"long", static_cast<int64_t>(c10::kLong)},
    {"float", static_cast<int64_t>(c10::kFloat)},
    {"double", static_cast<int64_t>(c10::kDouble)},
    {"bool", static_cast<int64_t>(c10::kBool)},
    {"strided", 0},
    {"contiguous_format", 0},
    {"preserve_format", 1},
    {"channels_last", 2},
    {"Mean", 1},
    {"Sum", 2},
};

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) { skip_space(); }

  c10::FunctionSchema schema() {
    c10::OperatorName name = operator_name();
    expect('(');
    std::vector<Argument> args, returns;
    bool kwarg_only = false, vararg = false, varret = false;
    while (!accept(')')) {
      if (vararg) fail("... must be the last element of the argument list");
      if (!args.empty() || kwarg_only) expect(',');
      if (cur() == '*' && !kwarg_only) {
        ++pos_;
        skip_space();
        kwarg_only = true;
      } else if (accept_text("...")) {
        vararg = true;
      } else {
        args.push_back(argument(kwarg_only));
      }
    }
    if (kwarg_only && (args.empty() || !args.back().kwarg_only()))
      fail("'*' with no keyword-only argument behind it");
    if (!accept_text("->")) fail("expected '->'");
    if (accept_text("...")) {
      varret = true;
    } else if (cur() == '(') {
      varret = return_list(returns);
    } else {
      returns.push_back(one_return());
    }
    end();
    return c10::FunctionSchema(name.name, name.overload_name, std::move(args), std::move(returns),
                               vararg, varret);
  }

  c10::OperatorName operator_name() {
    std::string name = ident("an operator name");
    while (accept_text("::")) name += "::" + ident("an operator name");
    std::string overload;
    if (accept('.')) overload = ident("an overload name");
    // PyTorch keeps this name for the overload without one.
    if (overload == "default") fail("default is not a legal overload name for aten operators");
    return {std::move(name), std::move(overload)};
  }

  TypePtr whole_type() {
    std::optional<c10::AliasInfo> alias;
    std::optional<int32_t> n;
    const TypePtr t = type(&alias, &n);
    end();
    return t;
  }

  void end() {
    if (pos_ != text_.size()) fail("unexpected text behind the end");
  }

 private:
  char cur() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  void skip_space() {
    while (std::isspace(static_cast<unsigned char>(cur()))) ++pos_;
  }
  bool accept(char c) {
    if (cur() != c) return false;
    ++pos_;
    skip_space();
    return true;
  }
  bool accept_text(const char* s) {
    const size_t n = std::strlen(s);
    if (text_.compare(pos_, n, s) != 0) return false;
    pos_ += n;
    skip_space();
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "'");
  }
  [[noreturn]] void fail(const std::string& what, size_t from = std::string::npos) const {
    const size_t at = from == std::string::npos ? pos_ : from;
    TORCH_CHECK(false, what, ":\n", text_, "\n", std::string(at, ' '), "~ <--- HERE\n");
  }
  static bool is_name_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
  }
  static bool is_name_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  }

  std::string ident(const char* what) {
    if (!is_name_start(cur())) fail(std::string("expected ") + what);
    const size_t start = pos_;
    while (is_name_char(cur())) ++pos_;
    std::string s = text_.substr(start, pos_ - start);
    skip_space();
    return s;
  }

  Argument argument(bool kwarg_only) {
    std::optional<c10::AliasInfo> alias;
    std::optional<int32_t> n;
    const TypePtr t = type(&alias, &n);
    std::string name = ident("the name of an argument");
    std::optional<c10::IValue> value;
    std::string text;
    if (accept('=')) {
      const size_t start = pos_;
      value = default_value(*t, n);
      size_t stop = pos_;
      while (stop > start && std::isspace(static_cast<unsigned char>(text_[stop - 1]))) --stop;
      text = text_.substr(start, stop - start);
    }
    return Argument(std::move(name), t, n, std::move(value), kwarg_only, std::move(alias),
                    std::move(text));
  }

  Argument one_return() {
    std::optional<c10::AliasInfo> alias;
    std::optional<int32_t> n;
    const TypePtr t = type(&alias, &n);
    std::string name = is_name_start(cur()) ? ident("the name of a result") : std::string();
    return Argument(std::move(name), t, n, std::nullopt, false, std::move(alias));
  }

  // Whether the list ends with `...`.
  bool return_list(std::vector<Argument>& returns) {
    expect('(');
    bool varret = false;
    while (!accept(')')) {
      if (varret) fail("... must be the last element of the return list");
      if (!returns.empty()) expect(',');
      if (accept_text("...")) {
        varret = true;
      } else {
        returns.push_back(one_return());
      }
    }
    return varret;
  }

  TypePtr type(std::optional<c10::AliasInfo>* alias, std::optional<int32_t>* n) {
    if (++depth_ > kMaxDepth) fail("type nested too deeply");
    TypePtr t = base_type();
    for (int suffixes = 0;; ++suffixes) {
      if (cur() == '(' && !alias->has_value()) *alias = alias_info(suffixes);
      if (accept('[')) {
        // The size belongs to the outermost list.
        n->reset();
        if (std::isdigit(static_cast<unsigned char>(cur()))) *n = static_cast<int32_t>(list_size());
        expect(']');
        t = c10::ListType::create(t);
      } else if (accept('?')) {
        t = c10::OptionalType::create(t);
      } else {
        break;
      }
    }
    --depth_;
    return t;
  }

  int64_t list_size() {
    const size_t start = pos_;
    int64_t v = 0;
    while (std::isdigit(static_cast<unsigned char>(cur()))) {
      v = v * 10 + (text_[pos_++] - '0');
      if (v > INT32_MAX) fail("list size out of range", start);
    }
    skip_space();
    return v;
  }

  std::vector<TypePtr> type_list() {
    std::vector<TypePtr> types;
    expect('(');
    while (!accept(')')) {
      if (!types.empty()) expect(',');
      std::optional<c10::AliasInfo> alias;
      std::optional<int32_t> n;
      types.push_back(type(&alias, &n));
    }
    return types;
  }

  TypePtr base_type() {
    const size_t start = pos_;
    if (cur() == '(') return c10::TupleType::create(type_list());
    std::string name = ident("a type");
    if (name == "Dict") {
      const std::vector<TypePtr> kv = type_list();
      if (kv.size() != 2) fail("a Dict has a key type and a value type", start);
      return c10::DictType::create(kv[0], kv[1]);
    }
    for (const NamedType& t : kTypes)
      if (name == t.name) return t.get();
    if (name.compare(0, 9, "__torch__") == 0) {
      while (accept('.')) name += "." + ident("a class name");
      return c10::ClassType::create(name);
    }
    // t, t1, tVal: type variables.
    if (name[0] == 't') return c10::VarType::create(name);
    fail("unknown type specifier", start);
  }

  c10::AliasInfo alias_info(int depth) {
    expect('(');
    std::vector<std::string> before = alias_sets(), after;
    const bool write = accept('!');
    if (accept_text("->")) after = alias_sets();
    expect(')');
    return c10::AliasInfo(write, std::move(before), std::move(after), depth);
  }
  std::vector<std::string> alias_sets() {
    std::vector<std::string> sets;
    do {
      sets.push_back(accept('*') ? "*" : ident("the name of an alias set"));
    } while (accept('|'));
    return sets;
  }

  c10::IValue default_value(const c10::Type& t, std::optional<int32_t> n) {
    if (t.kind() == TypeKind::OptionalType) {
      if (accept_word("None")) return {};
      return default_value(*t.containedType(0), n);
    }
    if (t.kind() != TypeKind::ListType) return constant(t);
    const c10::Type& elem = *t.containedType(0);
    auto list = c10::detail::make_list(value_type(elem), 0);
    if (accept('[')) {
      while (!accept(']')) {
        if (!list->list.empty()) expect(',');
        c10::detail::append(*list, constant(elem));
      }
    } else {
      // int[2] stride=1 means [1, 1].
      const c10::IValue one = constant(elem);
      if (!n) fail("expected a list as the default");
      if (*n > 64) fail("a list of this size has no single default");
      for (int32_t i = 0; i < *n; ++i) c10::detail::append(*list, one);
    }
    return list;
  }
  static TypePtr value_type(const c10::Type& t) { return Argument("", &t).type(); }

  bool accept_word(const char* word) {
    const size_t n = std::strlen(word);
    if (text_.compare(pos_, n, word) != 0 ||
        (pos_ + n < text_.size() && is_name_char(text_[pos_ + n])))
      return false;
    pos_ += n;
    skip_space();
    return true;
  }

  c10::IValue constant(const c10::Type& t) {
    switch (t.kind()) {
      case TypeKind::BoolType:
      case TypeKind::SymBoolType:
        if (accept_word("True")) return true;
        if (accept_word("False")) return false;
        fail("expected True or False");
      case TypeKind::StringType:
        return string_literal();
      case TypeKind::DeviceObjType:
        return c10::Device(string_literal());
      case TypeKind::IntType:
      case TypeKind::SymIntType:
      case TypeKind::ScalarTypeType:
      case TypeKind::LayoutType:
      case TypeKind::MemoryFormatType:
        for (const NamedInt& i : kNamedInts)
          if (accept_word(i.name)) return i.value;
        return number(/*whole=*/true);
      case TypeKind::FloatType: {
        const c10::IValue v = number(false);
        return v.isInt() ? c10::IValue(static_cast<double>(v.toInt())) : v;
      }
      case TypeKind::NumberType:
        if (accept_word("True")) return true;
        if (accept_word("False")) return false;
        return number(false);
      default:
        fail("a " + t.str() + " cannot have a default value");
    }
  }

  c10::IValue number(bool whole) {
    for (const auto& [word, value] :
         {std::pair<const char*, double>{"inf", HUGE_VAL}, {"-inf", -HUGE_VAL}})
      if (!whole && accept_word(word)) return value;
    const size_t start = pos_;
    bool is_float = false;
    if (cur() == '-') ++pos_;
    while (std::isdigit(static_cast<unsigned char>(cur())) ||
           std::strchr(".eE", cur() ? cur() : 'x')) {
      if (!std::isdigit(static_cast<unsigned char>(cur()))) is_float = true;
      if ((cur() == 'e' || cur() == 'E') && std::strchr("+-", text_[pos_ + 1])) ++pos_;
      ++pos_;
    }
    const std::string digits = text_.substr(start, pos_ - start);
    skip_space();
    char* end = nullptr;
    errno = 0;
    if (!is_float) {
      const long long v = std::strtoll(digits.c_str(), &end, 10);
      if (digits.empty() || *end || errno) fail("expected a number", start);
      return static_cast<int64_t>(v);
    }
    const double v = std::strtod(digits.c_str(), &end);
    if (whole || *end) fail(whole ? "expected an integer" : "expected a number", start);
    return v;
  }

  std::string string_literal() {
    const char quote = cur();
    const size_t start = pos_;
    if (quote != '"' && quote != '\'') fail("expected a string");
    std::string s;
    for (++pos_; cur() != quote; ++pos_) {
      if (pos_ >= text_.size()) fail("the string has no end", start);
      if (cur() != '\\') {
        s += cur();
        continue;
      }
      ++pos_;
      switch (cur()) {
        case 'n':
          s += '\n';
          break;
        case 't':
          s += '\t';
          break;
        case '\\':
        case '"':
        case '\'':
          s += cur();
          break;
        default:
          fail("unknown escape in a string");
      }
    }
    ++pos_;
    skip_space();
    return s;
  }

  const std::string& text_;
  size_t pos_ = 0;
  int depth_ = 0;
};

}  // namespace

c10::FunctionSchema parseSchema(const std::string& text) { return Parser(text).schema(); }
c10::OperatorName parseName(const std::string& text) {
  Parser p(text);
  c10::OperatorName name = p.operator_name();
  p.end();
  return name;
}
c10::TypePtr parseType(const std::string& text) { return Parser(text).whole_type(); }
bool is_schema(const std::string& text) { return text.find('(') != std::string::npos; }

}  // namespace torch::jit
