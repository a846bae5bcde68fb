// The pickle machine: a stack, a memo and one case per opcode. Nothing in it runs code: REDUCE and
// its kin ask build_known() for data and fall back to inert records.
#include <pharos/core/exception.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "io/pickle.h"
#include "io/value_graph.h"

namespace pharos::io {
namespace {

constexpr uint64_t kContainerCost = 128;

class Unpickler {
 public:
  Unpickler(const char* data, size_t n, PickleHost& host, const UnpickleLimits& limits)
      : begin_(data),
        at_(data),
        end_(data + n),
        host_(host),
        limits_(limits),
        budget_(limits.budget ? limits.budget : (uint64_t{64} << 20) + 128 * uint64_t{n}) {}

  IValue run() {
    bool done = false;
    while (!done) {
      op_at_ = at_;
      done = step(static_cast<unsigned char>(*take(1)));
    }
    check(marks_.empty() && stack_.size() == 1, "it does not leave exactly one value");
    IValue result = std::move(stack_.back());
    stack_.clear();
    memo_.clear();
    far_memo_.clear();
    graph_.finish(result, limits_.max_depth);
    return result;
  }

 private:
  [[noreturn]] void fail(const char* why) const {
    TORCH_CHECK(false, "failed reading pickle at byte ", op_at_ - begin_, ": ", why);
    __builtin_unreachable();
  }
  void check(bool ok, const char* why) const {
    if (PHAROS_UNLIKELY(!ok)) fail(why);
  }

  // Input.
  const char* take(uint64_t n) {
    check(n <= static_cast<uint64_t>(end_ - at_), "it ends too early");
    const char* p = at_;
    at_ += n;
    return p;
  }
  uint64_t unsigned_int(int n) {
    const char* p = take(n);
    uint64_t v = 0;
    for (int i = n - 1; i >= 0; --i) v = v << 8 | static_cast<unsigned char>(p[i]);
    return v;
  }
  std::string text(uint64_t n) {
    const char* p = take(n);
    budget_.charge(n + 64);
    return std::string(p, n);
  }
  std::string line() {
    const void* nl = std::memchr(at_, '\n', end_ - at_);
    check(nl, "it ends too early");
    const char* p = at_;
    at_ = static_cast<const char*>(nl) + 1;
    budget_.charge(at_ - p + 64);
    return std::string(p, at_ - 1);
  }
  template <typename T>
  T number(const std::string& s) {
    T v{};
    auto [p, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
    check(ec == std::errc() && p == s.data() + s.size(), "a number is malformed");
    return v;
  }

  // Stack and memo.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push(IValue v) { stack_.push_back(std::move(v)); }
  void push_container(IValue v) {
    budget_.charge(kContainerCost);
    graph_.adopt(v);
    push(std::move(v));
  }
  IValue pop() {
    check(stack_.size() > floor(), "it takes more from the stack than there is");
    IValue v = std::move(stack_.back());
    stack_.pop_back();
    return v;
  }
  IValue& top() {
    check(stack_.size() > floor(), "it takes more from the stack than there is");
    return stack_.back();
  }
  std::vector<IValue> pop_mark() {
    check(!marks_.empty(), "a mark is missing");
    size_t from = marks_.back();
    marks_.pop_back();
    std::vector<IValue> v(std::make_move_iterator(stack_.begin() + from),
                          std::make_move_iterator(stack_.end()));
    stack_.resize(from);
    return v;
  }
  void put(uint64_t i) {
    const IValue& v = top();
    // numpy arrays become tensors only when their state comes, which may be after this.
    if (v.isObject()) memo_of_[v.toObject().get()] = i;
    if (i < memo_.size())
      memo_[i] = v;
    else if (i == memo_.size())
      memo_.push_back(v);
    else
      far_memo_[i] = v;
  }
  void get(uint64_t i) {
    if (i < memo_.size()) return push(memo_[i]);
    auto it = far_memo_.find(i);
    check(it != far_memo_.end(), "it refers to a memo entry that does not exist");
    push(it->second);
  }

  bool step(unsigned char op);
  bool step_text(unsigned char op);
  bool step_container(unsigned char op);
  bool step_object(unsigned char op);
  void push_long(const char* p, uint64_t n);
  void push_decimal(std::string s);
  std::string unquote(const std::string& s);
  std::string unescape(const std::string& s);
  void push_bytes(std::string s, const char* class_name);
  IValue tuple(std::vector<IValue> v);
  void append(const IValue& target, std::vector<IValue> items);
  void set_items(const IValue& target, std::vector<IValue> items);
  void insert(const c10::impl::GenericDict& d, IValue key, IValue value);
  void call(const IValue& function, const IValue& args);
  void build(const IValue& state);
  c10::impl::GenericDict extras(const IValue& record);

  const char *begin_, *at_, *end_, *op_at_ = nullptr;
  PickleHost& host_;
  UnpickleLimits limits_;
  Budget budget_;
  ValueGraph graph_;  // outlives stack and memo, so that what they drop is taken apart safely
  std::vector<IValue> stack_, memo_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, IValue> far_memo_;
  std::unordered_map<const void*, uint64_t> memo_of_;
};

IValue Unpickler::tuple(std::vector<IValue> v) { return c10::ivalue::Tuple::create(std::move(v)); }

bool Unpickler::step(unsigned char op) {
  switch (op) {
    case '.':
      return true;
    case 0x80:
      check(unsigned_int(1) <= 5, "its protocol is newer than 5");
      break;
    case 0x95:
      check(unsigned_int(8) <= uint64_t(end_ - at_), "a frame reaches past its end");
      break;
    case '(':
      marks_.push_back(stack_.size());
      break;
    case '0':
      if (stack_.size() == floor() && !marks_.empty())
        marks_.pop_back();
      else
        pop();
      break;
    case '1':
      pop_mark();
      break;
    case '2':
      push(IValue(top()));
      break;
    case 'N':
      push(IValue());
      break;
    case 0x88:
      push(true);
      break;
    case 0x89:
      push(false);
      break;
    case 'K':
      push(int64_t(unsigned_int(1)));
      break;
    case 'M':
      push(int64_t(unsigned_int(2)));
      break;
    case 'J':
      push(int64_t(int32_t(unsigned_int(4))));
      break;
    case 'G': {
      const char* p = take(8);
      uint64_t bits = 0;
      for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(p[i]);
      double v;
      std::memcpy(&v, &bits, 8);
      push(v);
      break;
    }
    case 0x8a: {
      uint64_t n = unsigned_int(1);
      push_long(take(n), n);
      break;
    }
    case 0x8b: {
      uint64_t n = unsigned_int(4);
      push_long(take(n), n);
      break;
    }
    case 'h':
      get(unsigned_int(1));
      break;
    case 'j':
      get(unsigned_int(4));
      break;
    case 'g':
      get(number<uint64_t>(line()));
      break;
    case 'q':
      put(unsigned_int(1));
      break;
    case 'r':
      put(unsigned_int(4));
      break;
    case 'p':
      put(number<uint64_t>(line()));
      break;
    case 0x94:
      put(memo_.size() + far_memo_.size());
      break;
    default:
      return step_text(op);
  }
  return false;
}

// Opcodes that carry text.
bool Unpickler::step_text(unsigned char op) {
  switch (op) {
    case 'X':
      push(text(unsigned_int(4)));
      break;
    case 0x8c:
      push(text(unsigned_int(1)));
      break;
    case 0x8d:
      push(text(unsigned_int(8)));
      break;
    case 'T':
      push(text(unsigned_int(4)));
      break;
    case 'U':
      push(text(unsigned_int(1)));
      break;
    case 'V':
      push(unescape(line()));
      break;
    case 'S':
      push(unquote(line()));
      break;
    case 'B':
      push_bytes(text(unsigned_int(4)), "builtins.bytes");
      break;
    case 'C':
      push_bytes(text(unsigned_int(1)), "builtins.bytes");
      break;
    case 0x8e:
      push_bytes(text(unsigned_int(8)), "builtins.bytes");
      break;
    case 0x96:
      push_bytes(text(unsigned_int(8)), "builtins.bytearray");
      break;
    case 'I': {
      std::string s = line();
      if (s == "00" || s == "01")
        push(s == "01");
      else
        push_decimal(std::move(s));
      break;
    }
    case 'L': {
      std::string s = line();
      if (!s.empty() && s.back() == 'L') s.pop_back();
      push_decimal(std::move(s));
      break;
    }
    case 'F': {
      std::string s = line();
      push(s == "nan" ? std::nan("") : number<double>(s));
      break;
    }
    case 'c': {
      std::string module = line(), name = line();
      push_container(make_global(modern_name(std::move(module), name)));
      break;
    }
    case 'P':
      push(host_.persistent_load(IValue(line())));
      break;
    default:
      return step_container(op);
  }
  return false;
}

bool Unpickler::step_container(unsigned char op) {
  switch (op) {
    case ']':
      push_container(c10::impl::GenericList(c10::AnyType::get()));
      break;
    case '}':
      push_container(c10::impl::GenericDict(c10::AnyType::get(), c10::AnyType::get()));
      break;
    case ')':
      push_container(tuple({}));
      break;
    case 't':
      push_container(tuple(pop_mark()));
      break;
    case 0x85:
      push_container(tuple({pop()}));
      break;
    case 0x86: {
      IValue b = pop(), a = pop();
      push_container(tuple({std::move(a), std::move(b)}));
      break;
    }
    case 0x87: {
      IValue c = pop(), b = pop(), a = pop();
      push_container(tuple({std::move(a), std::move(b), std::move(c)}));
      break;
    }
    case 'l':
    case 0x91: {
      std::vector<IValue> items = pop_mark();
      c10::impl::GenericList l(c10::AnyType::get());
      push_container(l);
      append(l, std::move(items));
      if (op == 0x91) push_container(c10::ivalue::Object::create("builtins.frozenset", pop()));
      break;
    }
    case 'd': {
      std::vector<IValue> items = pop_mark();
      c10::impl::GenericDict d(c10::AnyType::get(), c10::AnyType::get());
      push_container(d);
      set_items(d, std::move(items));
      break;
    }
    case 0x8f: {
      c10::impl::GenericList l(c10::AnyType::get());
      push_container(l);
      push_container(c10::ivalue::Object::create("builtins.set", pop()));
      break;
    }
    case 'a': {
      IValue v = pop();
      append(top(), {std::move(v)});
      break;
    }
    case 'e':
    case 0x90: {
      std::vector<IValue> items = pop_mark();
      append(top(), std::move(items));
      break;
    }
    case 's': {
      IValue value = pop(), key = pop();
      set_items(top(), {std::move(key), std::move(value)});
      break;
    }
    case 'u': {
      std::vector<IValue> items = pop_mark();
      set_items(top(), std::move(items));
      break;
    }
    default:
      return step_object(op);
  }
  return false;
}

bool Unpickler::step_object(unsigned char op) {
  switch (op) {
    case 'Q': {
      IValue id = pop();
      IValue v = host_.persistent_load(id);
      graph_.adopt(v);
      push(std::move(v));
      break;
    }
    case 0x93: {
      IValue name = pop(), module = pop();
      check(name.isString() && module.isString(), "a class name is no string");
      budget_.charge(name.toStringRef().size() + module.toStringRef().size());
      push_container(make_global(modern_name(module.toStringRef(), name.toStringRef())));
      break;
    }
    case 'R':
    case 0x81: {
      IValue args = pop(), function = pop();
      call(function, args);
      break;
    }
    case 0x92: {
      IValue kwargs = pop(), args = pop(), function = pop();
      // Classes made with keywords are never known ones.
      push_container(tuple({std::move(args), std::move(kwargs)}));
      IValue both = pop();
      const std::string* name = global_name(function);
      push_container(make_record(name ? *name : "call", both.toTupleRef().elements()));
      break;
    }
    case 'i': {
      std::string module = line(), name = line();
      push_container(make_global(modern_name(std::move(module), name)));
      IValue function = pop();
      push_container(tuple(pop_mark()));
      IValue args = pop();
      call(function, args);
      break;
    }
    case 'o': {
      std::vector<IValue> v = pop_mark();
      check(!v.empty(), "an object has no class");
      IValue function = v.front();
      v.erase(v.begin());
      push_container(tuple(std::move(v)));
      IValue args = pop();
      call(function, args);
      break;
    }
    case 'b': {
      IValue state = pop();
      build(state);
      break;
    }
    case 0x82:
    case 0x83:
    case 0x84:
      fail("extension codes are not supported");
      break;
    case 0x97:
    case 0x98:
      fail("out-of-band buffers are not supported");
      break;
    default:
      fail("it has an unknown opcode");
  }
  return false;
}

void Unpickler::push_long(const char* p, uint64_t n) {
  if (n <= 8) {
    uint64_t v = n && (p[n - 1] & 0x80) ? ~uint64_t{0} : 0;
    for (uint64_t i = n; i-- > 0;) v = v << 8 | static_cast<unsigned char>(p[i]);
    return push(static_cast<int64_t>(v));
  }
  // Kept as hexadecimal digits: such numbers are hashes and seeds, not quantities.
  static const char kDigits[] = "0123456789abcdef";
  budget_.charge(4 * n + 64);
  bool negative = p[n - 1] & 0x80;
  std::vector<unsigned char> b(p, p + n);
  if (negative) {
    int carry = 1;
    for (unsigned char& c : b) {
      int v = (c ^ 0xff) + carry;
      c = static_cast<unsigned char>(v);
      carry = v >> 8;
    }
  }
  std::string s;
  for (size_t i = b.size(); i-- > 0;) {
    if (s.empty() && b[i] == 0 && i > 0) continue;
    s += kDigits[b[i] >> 4];
    s += kDigits[b[i] & 15];
  }
  if (s.size() > 1 && s[0] == '0') s.erase(0, 1);
  push_container(c10::ivalue::Object::create("builtins.int", (negative ? "-0x" : "0x") + s));
}

void Unpickler::push_decimal(std::string s) {
  int64_t v;
  auto [p, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (ec == std::errc() && p == s.data() + s.size()) return push(v);
  check(ec == std::errc::result_out_of_range && p == s.data() + s.size(), "a number is malformed");
  // Conversion takes quadratic time; Python draws the line here too.
  check(s.size() <= 4300, "a number has more than 4300 digits");
  bool negative = s[0] == '-';
  std::vector<uint32_t> words;  // little endian
  for (size_t i = negative ? 1 : 0; i < s.size(); ++i) {
    uint64_t carry = static_cast<uint64_t>(s[i] - '0');
    for (uint32_t& w : words) {
      carry += uint64_t{w} * 10;
      w = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry) words.push_back(static_cast<uint32_t>(carry));
  }
  budget_.charge(s.size() * words.size() + 64);
  std::string hex = negative ? "-0x" : "0x";
  char digits[9];
  for (size_t i = words.size(); i-- > 0;) {
    std::snprintf(digits, sizeof digits, i + 1 == words.size() ? "%x" : "%08x", words[i]);
    hex += digits;
  }
  push_container(c10::ivalue::Object::create("builtins.int", std::move(hex)));
}

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// Reads n hexadecimal digits at i; false where there are fewer.
bool hex_digits(const std::string& s, size_t i, size_t n, uint32_t& v) {
  if (i > s.size() || s.size() - i < n) return false;
  auto [p, ec] = std::from_chars(s.data() + i, s.data() + i + n, v, 16);
  return ec == std::errc() && p == s.data() + i + n;
}

// Protocol 0's str: Latin-1 but for \uXXXX and \UXXXXXXXX.
std::string Unpickler::unescape(const std::string& s) {
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    bool wide = i + 1 < s.size() && s[i + 1] == 'U';
    if (s[i] == '\\' && (wide || (i + 1 < s.size() && s[i + 1] == 'u'))) {
      uint32_t c;
      size_t n = wide ? 8 : 4;
      check(hex_digits(s, i + 2, n, c) && c < 0x110000, "a string is malformed");
      append_utf8(out, c);
      i += n + 1;
    } else {
      append_utf8(out, static_cast<unsigned char>(s[i]));
    }
  }
  return out;
}

// Python 2's str in protocol 0: as its source code would write it.
std::string Unpickler::unquote(const std::string& s) {
  check(s.size() >= 2 && s[0] == s.back() && (s[0] == '\'' || s[0] == '"'),
        "a string is malformed");
  std::string out;
  for (size_t i = 1; i + 1 < s.size(); ++i) {
    if (s[i] != '\\') {
      out += s[i];
      continue;
    }
    check(++i + 1 < s.size(), "a string is malformed");
    static const char kFrom[] = "abfnrtv0", kTo[] = "\a\b\f\n\r\t\v\0";
    const char* found = std::strchr(kFrom, s[i]);
    uint32_t c;
    if (s[i] == 'x' && hex_digits(s, i + 1, 2, c)) {
      out += static_cast<char>(c);
      i += 2;
    } else {
      out += found && *found ? kTo[found - kFrom] : s[i];
    }
  }
  return out;
}

void Unpickler::push_bytes(std::string s, const char* class_name) {
  push_container(c10::ivalue::Object::create(class_name, std::move(s)));
}

c10::impl::GenericDict Unpickler::extras(const IValue& record) {
  auto o = record.toObject();
  if (o->state().isNone()) {
    budget_.charge(kContainerCost);
    IValue d = c10::impl::GenericDict(c10::AnyType::get(), c10::AnyType::get());
    graph_.adopt(d);
    o->set_state(d);
  }
  check(o->state().isGenericDict(), "items are added to something that holds none");
  return o->state().toGenericDict();
}

void Unpickler::append(const IValue& target, std::vector<IValue> items) {
  IValue list = target;
  if (target.isObject()) {
    if (target.toObjectRef().state().isList()) {
      list = target.toObjectRef().state();
    } else {
      auto d = extras(target);
      if (!d.contains("__list__")) {
        budget_.charge(kContainerCost);
        IValue l = c10::impl::GenericList(c10::AnyType::get());
        graph_.adopt(l);
        d.insert("__list__", l);
      }
      list = d.at("__list__");
    }
  }
  check(list.isList(), "items are appended to something that is no list");
  auto& v = list.toList().getIntrusivePtr()->list;
  v.insert(v.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

// Hashing walks what a key holds, which in a crafted file may be exponentially much: tuples are
// keys by their contents only while flat.
void Unpickler::insert(const c10::impl::GenericDict& d, IValue key, IValue value) {
  if (key.isString()) {
    budget_.charge(key.toStringRef().size());
  } else if (key.isTuple()) {
    const auto& elements = key.toTupleRef().elements();
    bool flat = true;
    for (const IValue& e : elements) {
      flat = flat && (e.isScalar() || e.isNone() || e.isString());
      budget_.charge(e.isString() ? e.toStringRef().size() + 16 : 16);
    }
    if (!flat) {
      key = c10::ivalue::Object::create("builtins.tuple", std::move(key));
      graph_.adopt(key);
    }
  }
  // NaN equals nothing, so that each such key would be probed against all others.
  if (key.isDouble() && std::isnan(key.toDouble())) budget_.charge(4096 + 16 * d.size());
  check(!key.isList() && !key.isGenericDict(), "a dict's key is a list or dict");
  budget_.charge(64);
  d.insert_or_assign(std::move(key), std::move(value));
}

void Unpickler::set_items(const IValue& target, std::vector<IValue> items) {
  check(items.size() % 2 == 0, "a dict's last key has no value");
  IValue dict = target;
  if (target.isObject()) {
    auto e = extras(target);
    if (!e.contains("__items__")) {
      budget_.charge(kContainerCost);
      IValue d = c10::impl::GenericDict(c10::AnyType::get(), c10::AnyType::get());
      graph_.adopt(d);
      e.insert("__items__", d);
    }
    dict = e.at("__items__");
  }
  check(dict.isGenericDict(), "items are set in something that is no dict");
  auto d = dict.toGenericDict();
  for (size_t i = 0; i < items.size(); i += 2)
    insert(d, std::move(items[i]), std::move(items[i + 1]));
}

void Unpickler::call(const IValue& function, const IValue& args) {
  check(args.isTuple(), "arguments are no tuple");
  const std::vector<IValue>& a = args.toTupleRef().elements();
  const std::string* name = global_name(function);
  if (!name) return push_container(make_record("call", {function, args}));
  IValue v;
  if (build_known(*name, a, host_, budget_, v)) {
    graph_.adopt(v);
    return push(std::move(v));
  }
  budget_.charge(16 * a.size());
  push_container(make_record(*name, a));
}

void Unpickler::build(const IValue& state) {
  IValue& v = top();
  // An OrderedDict's attributes and a plain tensor's hooks say nothing about their contents.
  if (v.isGenericDict() || v.isTensor()) return;
  check(v.isObject(), "a state is given to something that has none");
  auto o = v.toObject();
  if (set_known_state(v, state, budget_)) {
    graph_.adopt(v);
    auto it = memo_of_.find(o.get());
    if (it == memo_of_.end()) return;
    if (it->second < memo_.size())
      memo_[it->second] = v;
    else
      far_memo_[it->second] = v;
    return;
  }
  if (o->state().isNone()) return o->set_state(state);
  if (o->state().isGenericDict())
    insert(o->state().toGenericDict(), "__state__", state);
  else
    fail("a state is given to something that has one");
}

}  // namespace

PickleHost::~PickleHost() = default;
IValue PickleHost::tensor_by_index(int64_t) {
  TORCH_CHECK(false, "failed reading pickle: it refers to a table of tensors that the file lacks");
}

void Budget::exhausted() {
  TORCH_CHECK(false,
              "failed reading pickle: it would make far more than a file of its size should");
  __builtin_unreachable();
}

IValue make_global(const std::string& name) { return c10::ivalue::Object::create(kGlobal, name); }

const std::string* global_name(const IValue& v) {
  if (!v.isObject() || v.toObjectRef().name() != kGlobal) return nullptr;
  const IValue& s = v.toObjectRef().state();
  return s.isString() ? &s.toStringRef() : nullptr;
}

IValue make_record(const std::string& name, const std::vector<IValue>& args) {
  if (args.empty()) return c10::ivalue::Object::create(name);
  c10::impl::GenericDict d(c10::AnyType::get(), c10::AnyType::get());
  d.insert("__args__", c10::ivalue::Tuple::create(args));
  return c10::ivalue::Object::create(name, d);
}

std::string modern_name(std::string module, const std::string& name) {
  if (module == "__builtin__" || module == "exceptions") module = "builtins";
  if (module == "copy_reg") module = "copyreg";
  if (module == "builtins") {
    if (name == "xrange") return "builtins.range";
    if (name == "long") return "builtins.int";
    if (name == "unicode") return "builtins.str";
  }
  // numpy 2 moved its insides; both spellings are in use.
  if (module.rfind("numpy._core", 0) == 0) module = "numpy.core" + module.substr(11);
  return module + "." + name;
}

IValue unpickle(const char* data, size_t n, PickleHost& host, const UnpickleLimits& limits) {
  return Unpickler(data, n, host, limits).run();
}

}  // namespace pharos::io
