// Writes pickles without recursion: a stack of what is still to do. Values nest as deep as memory
// allows; what contains itself must be caught by its depth.
#include <pharos/core/exception.h>

#include <cctype>
#include <cstring>

#include "io/rebuild.h"
#include "io/value_graph.h"

namespace pharos::io {
namespace {

constexpr size_t kBatch = 1000;       // items per APPENDS and SETITEMS, as Python writes them
constexpr size_t kMaxDepth = 100000;  // no value that does not contain itself gets here

// Before a global's text among the memoised texts: never valid UTF-8, so that no string is taken
// for a class.
const std::string kGlobalMark = "\xff";

bool valid_utf8(const std::string& s) {
  for (size_t i = 0; i < s.size();) {
    unsigned char c = static_cast<unsigned char>(s[i]);
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;
    if (n == 0 || n > s.size() - i) return false;
    for (size_t k = 1; k < n; ++k)
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return false;
    unsigned char second = n > 1 ? static_cast<unsigned char>(s[i + 1]) : 0;
    // Overlong forms and code points past U+10FFFF.
    if ((c == 0xe0 && second < 0xa0) || (c == 0xf0 && second < 0x90) ||
        (c == 0xf4 && second > 0x8f))
      return false;
    i += n;
  }
  return true;
}

bool has_extras(const IValue& state) {
  if (!state.isGenericDict()) return false;
  auto d = state.toGenericDict();
  for (const char* key : {"__args__", "__list__", "__items__", "__state__"})
    if (d.contains(key)) return true;
  return false;
}

}  // namespace

std::string Pickler::dump(const IValue& v) {
  out_.clear();
  tasks_.clear();
  objects_.clear();
  texts_.clear();
  memo_size_ = 0;
  op(0x80);
  op(2);
  later(v);
  while (!tasks_.empty()) {
    TORCH_CHECK(tasks_.size() < kMaxDepth, "cannot save a value that contains itself");
    advance();
  }
  op('.');
  return std::move(out_);
}

void Pickler::later(IValue v) { tasks_.push_back({Task::kValue, std::move(v)}); }
void Pickler::emit_later(std::string ops) {
  tasks_.push_back({Task::kEmit, {}, 0, 0, std::move(ops)});
}
void Pickler::put_later(const void* identity) {
  tasks_.push_back({Task::kPut, {}, 0, 0, {}, identity});
}
void Pickler::items_later(const IValue& container) {
  tasks_.push_back({container.isList() ? Task::kList : Task::kDict, container});
}

// Does the next piece of work; `later` adds to tasks_, so that references into it end there.
void Pickler::advance() {
  Task& t = tasks_.back();
  switch (t.kind) {
    case Task::kValue: {
      IValue v = std::move(t.value);
      tasks_.pop_back();
      return start(v);
    }
    case Task::kEmit:
      out_ += t.ops;
      return tasks_.pop_back();
    case Task::kPut: {
      const void* id = t.identity;
      tasks_.pop_back();
      return put(id);
    }
    case Task::kTuple: {
      const auto& e = t.value.toTupleRef().elements();
      if (t.next < e.size()) return later(e[t.next++]);
      end_tuple(e.size());
      put(container_identity(t.value));
      return tasks_.pop_back();
    }
    case Task::kList: {
      auto l = t.value.toListRef();
      if (t.next > 0 && (t.next % kBatch == 0 || t.next == l.size())) op(l.size() == 1 ? 'a' : 'e');
      if (t.next == l.size()) return tasks_.pop_back();
      if (t.next % kBatch == 0 && l.size() > 1) op('(');
      return later(l[t.next++]);
    }
    case Task::kDict: {
      auto d = t.value.toGenericDict().getIntrusivePtr();
      size_t at = d->next_alive(t.next);
      bool done = at == d->end();
      if (t.written > 0 && (t.written % kBatch == 0 || done)) op(d->alive == 1 ? 's' : 'u');
      if (done) return tasks_.pop_back();
      if (t.written % kBatch == 0 && d->alive > 1) op('(');
      ++t.written;
      t.next = at + 1;
      later(d->entry(at).value);
      return later(d->entry(at).key);
    }
  }
}

void Pickler::start(const IValue& v) {
  if (v.isNone()) return op('N');
  if (v.isBool()) return op(v.toBool() ? 0x88 : 0x89);
  if (v.isInt()) return integer(v.toInt());
  if (v.isDouble()) return real(v.toDouble());
  if (v.isString()) return string(v.toStringRef());
  if (v.isDevice()) return device(v.toDevice());
  if (v.isTensor()) return tensor(v.toTensor());
  if (v.isStorage()) return storage(v.toStorage(), c10::ScalarType::Byte);
  if (v.isComplexDouble()) {
    global("__builtin__", "complex");
    real(v.toComplexDouble().real());
    real(v.toComplexDouble().imag());
    end_tuple(2);
    put();
    op('R');
    return put();
  }
  const void* id = container_identity(v);
  TORCH_CHECK_NOT_IMPLEMENTED(id, "cannot save a value of type ", v.tagKind());
  if (auto it = objects_.find(id); it != objects_.end()) return get(it->second);
  if (v.isTuple()) {
    if (v.toTupleRef().size() == 0) return op(')');
    if (v.toTupleRef().size() > 3) op('(');
    tasks_.push_back({Task::kTuple, v});
  } else if (v.isObject()) {
    start_object(v.toObjectRef());
  } else {
    op(v.isList() ? ']' : '}');
    put(id);
    items_later(v);
  }
}

void Pickler::start_object(const c10::ivalue::Object& o) {
  if (known_object(o)) return;
  TORCH_CHECK(o.name().find('.') != std::string::npos,
              "cannot save an object of the unnamed class '", o.name(), "'");
  start_record(o);
}

// The forms that pickle.h lists for values which are not objects in Python.
bool Pickler::known_object(const c10::ivalue::Object& o) {
  const std::string& name = o.name();
  const IValue& s = o.state();
  if (name == kGlobal && s.isString()) return global(s.toStringRef()), true;
  if (name == "builtins.bytes" && s.isString()) return bytes(s.toStringRef(), false), true;
  if (name == "builtins.bytearray" && s.isString()) return bytes(s.toStringRef(), true), true;
  if (name == "builtins.int" && s.isString()) return big_integer(s.toStringRef()), true;
  if (name == "builtins.tuple" && s.isTuple()) return later(s), true;
  if (name == "collections.OrderedDict" && s.isGenericDict() && !has_extras(s)) {
    global("collections", "OrderedDict");
    op(')');
    op('R');
    put(&o);
    return items_later(s), true;
  }
  if ((name == "builtins.set" || name == "builtins.frozenset") && s.isList()) {
    global("__builtin__", name.substr(9));
    put_later(&o);
    emit_later("\x85R");
    return later(s), true;
  }
  at::Storage st;
  c10::ScalarType dtype;
  IValue self = IValue(
      c10::intrusive_ptr<c10::ivalue::Object>::reclaim_copy(const_cast<c10::ivalue::Object*>(&o)));
  if (is_storage(self, st, dtype)) return storage(st, dtype), true;
  return false;
}

void Pickler::start_record(const c10::ivalue::Object& o) {
  const IValue& s = o.state();
  global(o.name());
  if (!has_extras(s)) {
    op(')');
    op(0x81);
    put(&o);
    if (s.isNone()) return;
    emit_later("b");
    return later(s);
  }
  auto d = s.toGenericDict();
  // Last things first: the tasks are a stack.
  if (d.contains("__state__")) {
    emit_later("b");
    later(d.at("__state__"));
  }
  if (d.contains("__items__") && d.at("__items__").isGenericDict()) items_later(d.at("__items__"));
  if (d.contains("__list__") && d.at("__list__").isList()) items_later(d.at("__list__"));
  put_later(&o);
  emit_later("R");
  if (d.contains("__args__") && d.at("__args__").isTuple())
    later(d.at("__args__"));
  else
    op(')');
}

void Pickler::tensor(const at::Tensor& t) {
  if (!t.defined()) return op('N');
  const c10::TensorImpl* impl = t.unsafeGetTensorImpl();
  if (auto it = objects_.find(impl); it != objects_.end()) return get(it->second);
  if (t.is_meta()) return meta_tensor(t);
  TORCH_CHECK_NOT_IMPLEMENTED(t.is_cpu(), "cannot save a tensor on device ", t.device(),
                              "; move it to the CPU first");
  c10::ScalarType dtype;
  TORCH_CHECK_NOT_IMPLEMENTED(dtype_of_python_name(c10::python_name(t.scalar_type()), dtype),
                              "cannot save a tensor of dtype ", t.scalar_type());
  global("torch._utils", "_rebuild_tensor_v2");
  op('(');
  storage(t.storage(), dtype);
  integer(t.storage_offset());
  ints(t.sizes());
  ints(t.strides());
  op(t.requires_grad() ? 0x88 : 0x89);
  global("collections", "OrderedDict");
  op(')');
  op('R');
  put();
  if (t.is_conj() || t.is_neg()) {
    op('}');
    put();
    bool both = t.is_conj() && t.is_neg();
    if (both) op('(');
    if (t.is_conj()) string("conj"), op(0x88);
    if (t.is_neg()) string("neg"), op(0x88);
    op(both ? 'u' : 's');
  }
  op('t');
  put();
  op('R');
  put(impl);
}

void Pickler::meta_tensor(const at::Tensor& t) {
  global("torch._utils", "_rebuild_meta_tensor_no_storage");
  op('(');
  global("torch", c10::python_name(t.scalar_type()));
  ints(t.sizes());
  ints(t.strides());
  op(t.requires_grad() ? 0x88 : 0x89);
  op('t');
  put();
  op('R');
  put(t.unsafeGetTensorImpl());
}

void Pickler::storage(const at::Storage& s, c10::ScalarType dtype) {
  op('(');
  string("storage");
  global("torch", std::string(c10::toString(dtype)) + "Storage");
  string(storage_key_(s, dtype));
  string("cpu");
  integer(static_cast<int64_t>(s.nbytes() / c10::elementSize(dtype)));
  op('t');
  put();
  op('Q');
}

void Pickler::device(c10::Device d) {
  global("torch", "device");
  string(c10::DeviceTypeName(d.type(), true));
  if (d.has_index()) integer(d.index());
  end_tuple(d.has_index() ? 2 : 1);
  put();
  op('R');
  put();
}

void Pickler::string(const std::string& s) {
  if (auto it = texts_.find(s); it != texts_.end()) return get(it->second);
  if (!valid_utf8(s)) return bytes(s, false);
  TORCH_CHECK(s.size() <= 0xffffffffu, "cannot save a string of ", s.size(), " bytes");
  op('X');
  little(s.size(), 4);
  out_ += s;
  texts_.emplace(s, memo_size_);
  put();
}

// Protocol 2 has no bytes: text with the same code points, and a call that turns it back.
void Pickler::bytes(const std::string& s, bool array) {
  std::string text;
  for (unsigned char c : s) {
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else {
      text += static_cast<char>(0xc0 | c >> 6);
      text += static_cast<char>(0x80 | (c & 0x3f));
    }
  }
  if (array)
    global("__builtin__", "bytearray");
  else
    global("_codecs", "encode");
  string(text);
  string(array ? "latin-1" : "latin1");
  end_tuple(2);
  put();
  op('R');
  put();
}

void Pickler::big_integer(const std::string& s) {
  bool negative = !s.empty() && s[0] == '-';
  size_t from = negative ? 1 : 0;
  TORCH_CHECK(s.compare(from, 2, "0x") == 0 && s.size() > from + 2, "cannot save the integer '", s,
              "'");
  for (size_t i = from + 2; i < s.size(); ++i)
    TORCH_CHECK(std::isxdigit(static_cast<unsigned char>(s[i])), "cannot save the integer '", s,
                "'");
  std::string b;  // little endian, two's complement
  for (size_t end = s.size(); end > from + 2;) {
    size_t begin = end - from - 2 >= 2 ? end - 2 : end - 1;
    b += static_cast<char>(std::stoi(s.substr(begin, end - begin), nullptr, 16));
    end = begin;
  }
  b += '\0';
  if (negative) {
    int carry = 1;
    for (char& c : b) {
      int v = (static_cast<unsigned char>(c) ^ 0xff) + carry;
      c = static_cast<char>(v);
      carry = v >> 8;
    }
  }
  op(b.size() < 256 ? 0x8a : 0x8b);
  little(b.size(), b.size() < 256 ? 1 : 4);
  out_ += b;
}

void Pickler::global(const std::string& module, const std::string& name) {
  TORCH_CHECK((module + name).find('\n') == std::string::npos,
              "cannot save a class whose name has a newline");
  std::string text = "c" + module + "\n" + name + "\n";
  std::string key = kGlobalMark + text;
  if (auto it = texts_.find(key); it != texts_.end()) return get(it->second);
  out_ += text;
  texts_.emplace(std::move(key), memo_size_);
  put();
}

void Pickler::global(const std::string& dotted) {
  size_t dot = dotted.rfind('.');
  TORCH_CHECK(dot != std::string::npos, "cannot save the class '", dotted,
              "', which has no module");
  std::string module = dotted.substr(0, dot);
  global(module == "builtins" ? "__builtin__" : module, dotted.substr(dot + 1));
}

void Pickler::integer(int64_t v) {
  if (v >= 0 && v < 0x100) {
    op('K');
    little(static_cast<uint64_t>(v), 1);
  } else if (v >= 0 && v < 0x10000) {
    op('M');
    little(static_cast<uint64_t>(v), 2);
  } else if (v == static_cast<int32_t>(v)) {
    op('J');
    little(static_cast<uint64_t>(v), 4);
  } else {
    // As few bytes as keep the sign.
    int n = 8;
    while (n > 1 && v >> (8 * (n - 1) - 1) == (v < 0 ? -1 : 0)) --n;
    op(0x8a);
    op(n);
    little(static_cast<uint64_t>(v), n);
  }
}

void Pickler::real(double v) {
  uint64_t bits;
  std::memcpy(&bits, &v, 8);
  op('G');
  for (int i = 7; i >= 0; --i) op(static_cast<int>(bits >> (8 * i) & 0xff));
}

void Pickler::ints(c10::IntArrayRef v) {
  if (v.empty()) return op(')');
  if (v.size() > 3) op('(');
  for (int64_t i : v) integer(i);
  end_tuple(v.size());
  put();
}

void Pickler::end_tuple(size_t n) { op(n == 1 ? 0x85 : n == 2 ? 0x86 : n == 3 ? 0x87 : 't'); }

void Pickler::little(uint64_t v, int n) {
  for (int i = 0; i < n; ++i) op(static_cast<int>(v >> (8 * i) & 0xff));
}

void Pickler::put() {
  op(memo_size_ < 256 ? 'q' : 'r');
  little(memo_size_, memo_size_ < 256 ? 1 : 4);
  ++memo_size_;
}

void Pickler::put(const void* identity) {
  objects_.emplace(identity, memo_size_);
  put();
}

void Pickler::get(uint32_t i) {
  op(i < 256 ? 'h' : 'j');
  little(i, i < 256 ? 1 : 4);
}

}  // namespace pharos::io
