// The names in pickles that stand for plain data: containers, numbers, bytes, devices,
// TorchScript's typed lists. Tensors and NumPy arrays are in rebuild.cpp.
#include <pharos/core/exception.h>

#include <iterator>

#include "io/rebuild.h"

namespace pharos::io {
namespace {

using Args = std::vector<IValue>;
struct Context {
  PickleHost& host;
  Budget& budget;
};
using Build = bool (*)(const Args&, Context&, IValue&);

IValue new_list() { return c10::impl::GenericList(c10::AnyType::get()); }
IValue new_dict() { return c10::impl::GenericDict(c10::AnyType::get(), c10::AnyType::get()); }

bool one_list(const Args& a) { return a.size() == 1 && a[0].isList(); }

// OrderedDict(), OrderedDict([[key, value], ...]) and dict({...}).
bool dict(const Args& a, Context& c, IValue& out) {
  if (a.empty()) {
    out = new_dict();
    return true;
  }
  if (a.size() != 1) return false;
  if (a[0].isGenericDict()) {
    out = a[0];
    return true;
  }
  if (!a[0].isList()) return false;
  IValue made = new_dict();
  auto d = made.toGenericDict();
  for (const IValue& pair : a[0].toListRef()) {
    c10::ArrayRef<IValue> e;
    if (pair.isList())
      e = pair.toListRef();
    else if (pair.isTuple())
      e = pair.toTupleRef().elements();
    if (e.size() != 2 || !(e[0].isString() || e[0].isInt())) return false;
    c.budget.charge(64 + (e[0].isString() ? e[0].toStringRef().size() : 0));
    d.insert_or_assign(e[0], e[1]);
  }
  out = made;
  return true;
}

// defaultdict(factory): the factory is of no use to data.
bool default_dict(const Args& a, Context&, IValue& out) {
  if (a.size() > 1) return false;
  out = new_dict();
  return true;
}

template <const char* const& Name>
bool set(const Args& a, Context&, IValue& out) {
  if (!a.empty() && !one_list(a)) return false;
  out = c10::ivalue::Object::create(Name, a.empty() ? new_list() : a[0]);
  return true;
}
const char* const kSet = "builtins.set";
const char* const kFrozenset = "builtins.frozenset";

bool tuple(const Args& a, Context& c, IValue& out) {
  if (a.empty()) {
    out = c10::ivalue::Tuple::create(Args{});
    return true;
  }
  if (a.size() != 1) return false;
  if (a[0].isTuple()) {
    out = a[0];
    return true;
  }
  if (!a[0].isList()) return false;
  c.budget.charge(16 * a[0].toListRef().size());
  out = c10::ivalue::Tuple::create(a[0].toListRef().vec());
  return true;
}

bool list(const Args& a, Context& c, IValue& out) {
  if (a.empty()) {
    out = new_list();
    return true;
  }
  return false;
}

bool complex(const Args& a, Context&, IValue& out) {
  if (a.size() != 2) return false;
  double part[2];
  for (int i = 0; i < 2; ++i) {
    if (!a[i].isDouble() && !a[i].isInt()) return false;
    part[i] = a[i].isDouble() ? a[i].toDouble() : static_cast<double>(a[i].toInt());
  }
  out = c10::complex<double>(part[0], part[1]);
  return true;
}

// The Latin-1 bytes of UTF-8 text of code points below 256.
bool latin1(const std::string& s, std::string& out) {
  for (size_t i = 0; i < s.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(s[i]);
    if (c >= 0x80) {
      if ((c != 0xc2 && c != 0xc3) || i + 1 == s.size()) return false;
      unsigned char next = static_cast<unsigned char>(s[++i]);
      if ((next & 0xc0) != 0x80) return false;
      c = static_cast<unsigned char>(c << 6 | (next & 0x3f));
    }
    out += static_cast<char>(c);
  }
  return true;
}

// codecs.encode(text, encoding), which protocols below 3 use for bytes.
bool encode(const Args& a, Context& c, IValue& out) {
  if (a.empty() || a.size() > 2 || !a[0].isString()) return false;
  std::string encoding = a.size() == 2 && a[1].isString() ? a[1].toStringRef() : "utf-8";
  c.budget.charge(a[0].toStringRef().size() + 128);
  std::string bytes;
  if (encoding == "latin1" || encoding == "latin-1") {
    if (!latin1(a[0].toStringRef(), bytes)) return false;
  } else if (encoding == "utf-8" || encoding == "utf8") {
    bytes = a[0].toStringRef();
  } else {
    return false;
  }
  out = c10::ivalue::Object::create("builtins.bytes", std::move(bytes));
  return true;
}

bool byte_array(const Args& a, Context& c, IValue& out) {
  std::string bytes;
  if (a.size() == 2) {
    IValue encoded;
    if (!encode(a, c, encoded)) return false;
    bytes = *bytes_of(encoded);
  } else if (a.size() == 1) {
    const std::string* b = bytes_of(a[0]);
    if (!b || a[0].isString()) return false;
    c.budget.charge(b->size() + 128);
    bytes = *b;
  } else if (!a.empty()) {
    return false;
  }
  out = c10::ivalue::Object::create("builtins.bytearray", std::move(bytes));
  return true;
}

bool bytes(const Args& a, Context&, IValue& out) {
  if (!a.empty()) return false;
  out = c10::ivalue::Object::create("builtins.bytes", std::string());
  return true;
}

// device("cuda:1"), device("cuda", 1)
bool device(const Args& a, Context&, IValue& out) {
  if (a.empty() || a.size() > 2 || !a[0].isString() || a[0].toStringRef().size() > 64) return false;
  std::string text = a[0].toStringRef();
  if (a.size() == 2) {
    if (!a[1].isInt()) return false;
    text += ":" + std::to_string(a[1].toInt());
  }
  try {
    out = c10::Device(text);
  } catch (const c10::Error&) {
    return false;  // a kind of device that is unknown here stays a record
  }
  return true;
}

template <c10::TypePtr (*Type)()>
bool typed_list(const Args& a, Context&, IValue& out) {
  if (!one_list(a)) return false;
  auto l = a[0].toList();
  for (const IValue& v : a[0].toListRef()) {
    bool fits = Type() == c10::IntType::get()     ? v.isInt()
                : Type() == c10::FloatType::get() ? v.isDouble()
                : Type() == c10::BoolType::get()  ? v.isBool()
                                                  : v.isTensor();
    if (!fits) return false;
  }
  l.unsafeSetElementType(Type());
  out = a[0];
  return true;
}

// The value itself: its type shows in it.
bool type_tag(const Args& a, Context&, IValue& out) {
  if (a.size() != 2) return false;
  out = a[0];
  return true;
}

bool tensor_from_id(const Args& a, Context& c, IValue& out) {
  if (a.size() != 1 || !a[0].isInt()) return false;
  out = c.host.tensor_by_index(a[0].toInt());
  return true;
}

// What protocols 0 and 1 (and 2 for some) make plain objects with: (class, base, state of the
// base).
bool reconstructor(const Args& a, Context&, IValue& out) {
  const std::string* cls = a.empty() ? nullptr : global_name(a[0]);
  if (a.size() != 3 || !cls || !a[2].isNone()) return false;
  out = c10::ivalue::Object::create(*cls);
  return true;
}

bool new_object(const Args& a, Context&, IValue& out) {
  const std::string* cls = a.empty() ? nullptr : global_name(a[0]);
  if (!cls) return false;
  out = make_record(*cls, Args(a.begin() + 1, a.end()));
  return true;
}

const std::unordered_map<std::string, Build>& known() {
  static const auto* table = new std::unordered_map<std::string, Build>{
      {"collections.OrderedDict", dict},
      {"collections.Counter", dict},
      {"collections.defaultdict", default_dict},
      {"builtins.dict", dict},
      {"builtins.set", set<kSet>},
      {"builtins.frozenset", set<kFrozenset>},
      {"builtins.tuple", tuple},
      {"builtins.list", list},
      {"builtins.complex", complex},
      {"builtins.bytes", bytes},
      {"builtins.bytearray", byte_array},
      {"_codecs.encode", encode},
      {"torch.Size", tuple},
      {"torch.device", device},
      {"torch.jit._pickle.build_intlist", typed_list<c10::IntType::get>},
      {"torch.jit._pickle.build_doublelist", typed_list<c10::FloatType::get>},
      {"torch.jit._pickle.build_boollist", typed_list<c10::BoolType::get>},
      {"torch.jit._pickle.build_tensorlist", typed_list<c10::TensorType::get>},
      {"torch.jit._pickle.restore_type_tag", type_tag},
      {"torch.jit._pickle.build_tensor_from_id", tensor_from_id},
      {"copyreg._reconstructor", reconstructor},
      {"copyreg.__newobj__", new_object},
  };
  return *table;
}

}  // namespace

bool build_known(const std::string& name, const Args& args, PickleHost& host, Budget& budget,
                 IValue& out) {
  budget.charge(128);
  auto it = known().find(name);
  if (it != known().end()) {
    Context c{host, budget};
    return it->second(args, c, out);
  }
  if (name.rfind("torch.", 0) == 0) return build_tensor(name, args, budget, out);
  if (name.rfind("numpy.", 0) == 0) return build_numpy(name, args, budget, out);
  return false;
}

bool set_known_state(IValue& value, const IValue& state, Budget& budget) {
  if (value.toObjectRef().name() != "numpy.ndarray") return false;
  return numpy_array(state, budget, value);
}

}  // namespace pharos::io
