// Lists a checkpoint's tensors and values as JSON.
#include <pharos/core/exception.h>
#include <pharos/io/inspect.h>

#include "io/checkpoint.h"
#include "io/json.h"
#include "io/rebuild.h"
#include "io/stats.h"

namespace pharos {
namespace io {
namespace {

// Shared values are written wherever they are referred to, which in a crafted file may be
// exponentially often.
constexpr int64_t kMaxValues = 4'000'000;
constexpr size_t kShownBytes = 64;

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string key_text(const IValue& k) {
  if (k.isString()) return k.toStringRef();
  if (k.isInt()) return std::to_string(k.toInt());
  if (k.isNone()) return "None";
  if (k.isBool()) return k.toBool() ? "True" : "False";
  if (k.isDouble()) {
    JsonWriter w(-1);
    w.real(k.toDouble());
    return w.text();
  }
  if (k.isTuple()) {
    std::string s = "(";
    for (const IValue& e : k.toTupleRef().elements()) s += (s.size() > 1 ? ", " : "") + key_text(e);
    return s + ")";
  }
  if (const std::string* name = global_name(k)) return *name;
  return k.isObject() ? k.toObjectRef().name() : k.tagKind();
}

class Lister {
 public:
  Lister(const CheckpointReader& reader, const InspectOptions& options)
      : reader_(reader), options_(options), values_(options.indent) {}

  // Writes everything but tensors, and remembers these.
  void value(const IValue& v, const std::string& path);
  void tensors(JsonWriter& w);
  const std::string& values() const { return values_.text(); }

 private:
  void object(const c10::ivalue::Object& o, const std::string& path);
  void tensor(JsonWriter& w, const std::string& name, const at::Tensor& t);
  std::string storage_name(const at::Tensor& t);
  void dict(const IValue& v, const std::string& path);
  void count() {
    TORCH_CHECK(++count_ <= kMaxValues,
                "the file's values refer to each other so often that listing "
                "them would give more than ",
                kMaxValues);
  }

  const CheckpointReader& reader_;
  const InspectOptions& options_;
  JsonWriter values_;
  int64_t count_ = 0;
  std::vector<std::pair<std::string, at::Tensor>> tensors_;
  std::unordered_map<const c10::StorageImpl*, std::string> own_;
};

void Lister::value(const IValue& v, const std::string& path) {
  count();
  JsonWriter& w = values_;
  if (v.isNone()) return w.null();
  if (v.isBool()) return w.boolean(v.toBool());
  if (v.isInt()) return w.integer(v.toInt());
  if (v.isDouble()) return w.real(v.toDouble());
  if (v.isString()) return w.string(v.toStringRef());
  if (v.isDevice()) return w.string(v.toDevice().str());
  if (v.isGenericDict()) return dict(v, path);
  if (v.isObject()) return object(v.toObjectRef(), path);
  if (v.isList() || v.isTuple()) {
    auto elements = v.isList() ? v.toListRef() : c10::ArrayRef<IValue>(v.toTupleRef().elements());
    w.begin_list();
    size_t i = 0;
    for (const IValue& e : elements) value(e, joined(path, std::to_string(i++)));
    return w.end_list();
  }
  w.begin_object();
  if (v.isTensor()) {
    w.key("__tensor__");
    w.string(path);
    tensors_.emplace_back(path, v.toTensor());
  } else if (v.isComplexDouble()) {
    w.key("__complex__");
    w.begin_list(true);
    w.real(v.toComplexDouble().real());
    w.real(v.toComplexDouble().imag());
    w.end_list();
  } else {
    w.key("__class__");
    w.string(v.tagKind());
  }
  w.end_object();
}

void Lister::dict(const IValue& v, const std::string& path) {
  values_.begin_object();
  for (const auto& e : v.toGenericDict()) {
    std::string key = key_text(e.key());
    values_.key(key);
    value(e.value(), joined(path, key));
  }
  values_.end_object();
}

void Lister::object(const c10::ivalue::Object& o, const std::string& path) {
  static const char kDigits[] = "0123456789abcdef";
  JsonWriter& w = values_;
  const IValue& s = o.state();
  w.begin_object();
  if (o.name() == kGlobal && s.isString()) {
    w.key("__global__");
    w.string(s.toStringRef());
  } else if ((o.name() == "builtins.bytes" || o.name() == "builtins.bytearray") && s.isString()) {
    const std::string& b = s.toStringRef();
    std::string hex;
    for (size_t i = 0; i < b.size() && i < kShownBytes; ++i) {
      hex += kDigits[static_cast<unsigned char>(b[i]) >> 4];
      hex += kDigits[static_cast<unsigned char>(b[i]) & 15];
    }
    w.key("__class__");
    w.string(o.name());
    w.key("size");
    w.integer(static_cast<int64_t>(b.size()));
    w.key("hex");
    w.string(hex);
  } else {
    w.key("__class__");
    w.string(o.name());
    if (!s.isNone()) {
      w.key(s.isList() ? "items" : "state");
      value(s, path);
    }
  }
  w.end_object();
}

std::string Lister::storage_name(const at::Tensor& t) {
  const c10::StorageImpl* s = t.unsafeGetTensorImpl()->storage;
  std::string key = reader_.storage_key(s);
  if (!key.empty()) return key;
  // Built from values in the pickle (NumPy arrays) or without data (meta).
  return own_.emplace(s, "pickle/" + std::to_string(own_.size())).first->second;
}

void Lister::tensor(JsonWriter& w, const std::string& name, const at::Tensor& t) {
  auto ints = [&](const char* key, c10::IntArrayRef v) {
    w.key(key);
    w.begin_list(true);
    for (int64_t i : v) w.integer(i);
    w.end_list();
  };
  w.begin_object();
  w.key("name");
  w.string(name);
  w.key("dtype");
  w.string(c10::python_name(t.scalar_type()));
  ints("shape", t.sizes());
  ints("stride", t.strides());
  w.key("offset");
  w.integer(t.storage_offset());
  w.key("requires_grad");
  w.boolean(t.requires_grad());
  w.key("storage");
  w.string(storage_name(t));
  w.key("numel");
  w.integer(t.numel());
  w.key("nbytes");
  int64_t nbytes;
  // Expanded dims may claim any size.
  if (__builtin_mul_overflow(t.numel(), static_cast<int64_t>(t.element_size()), &nbytes))
    nbytes = INT64_MAX;
  w.integer(nbytes);
  if (t.is_conj()) w.key("conj"), w.boolean(true);
  if (t.is_neg()) w.key("neg"), w.boolean(true);
  if (t.is_meta()) w.key("device"), w.string("meta");
  if (options_.stats) {
    TensorStats s = tensor_stats(t);
    auto number = [&](const char* key, double v, bool known) {
      w.key(key);
      if (known)
        w.real(v);
      else
        w.null();
    };
    if (s.known && t.is_complex()) {
      w.key("sum");
      w.begin_list(true);
      w.real(s.sum);
      w.real(s.imag_sum);
      w.end_list();
    } else {
      number("sum", s.sum, s.known);
    }
    number("min", s.min, s.has_extremes);
    number("max", s.max, s.has_extremes);
    w.key("nan");
    s.known ? w.integer(s.nan) : w.null();
    w.key("inf");
    s.known ? w.integer(s.inf) : w.null();
  }
  w.end_object();
}

void Lister::tensors(JsonWriter& w) {
  w.begin_list();
  for (auto& [name, t] : tensors_) tensor(w, name, t);
  w.end_list();
}

}  // namespace
}  // namespace io

std::string inspect_json(const std::string& filename, const InspectOptions& options) {
  auto source = io::open_file(filename, true);
  io::ReadOptions read;
  read.in_place = true;
  read.load_data = options.stats;
  io::CheckpointReader reader(source, read);
  c10::IValue v = reader.load();
  io::Lister lister(reader, options);
  lister.value(v, "");
  io::JsonWriter w(options.indent);
  w.begin_object();
  w.key("file");
  w.string(filename);
  w.key("bytes");
  w.integer(static_cast<int64_t>(source->size()));
  w.key("format");
  w.string(reader.is_torchscript() ? "torchscript" : "torch");
  w.key("tensors");
  lister.tensors(w);
  w.key("values");
  w.json(lister.values());
  w.end_object();
  return w.text();
}

}  // namespace pharos
