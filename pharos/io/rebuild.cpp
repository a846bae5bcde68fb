// Rebuilds tensors and NumPy arrays from what pickles hold of them.
#include "io/rebuild.h"

#include <pharos/core/exception.h>

#include <algorithm>
#include <cstring>

#include "core/factory.h"

namespace pharos::io {
namespace {

using c10::ScalarType;

constexpr ScalarType kTensorTypes[] = {
    ScalarType::Byte,         ScalarType::Char,          ScalarType::Short, ScalarType::Int,
    ScalarType::Long,         ScalarType::Half,          ScalarType::Float, ScalarType::Double,
    ScalarType::ComplexFloat, ScalarType::ComplexDouble, ScalarType::Bool,  ScalarType::BFloat16};
constexpr size_t kMaxDims = 64;

bool ints_of(const IValue& v, std::vector<int64_t>& out) {
  c10::ArrayRef<IValue> e;
  if (v.isTuple())
    e = v.toTupleRef().elements();
  else if (v.isList())
    e = v.toListRef();
  else
    return false;
  if (e.size() > kMaxDims) return false;
  for (const IValue& i : e) {
    if (!i.isInt()) return false;
    out.push_back(i.toInt());
  }
  return true;
}

bool flag(const c10::impl::GenericDict& d, const char* key) {
  return d.contains(key) && d.at(key).isBool() && d.at(key).toBool();
}

// Lazy conjugation and negation, which the file's bytes lack.
void apply_metadata(const at::Tensor& t, const IValue& metadata) {
  if (!metadata.isGenericDict()) return;
  auto d = metadata.toGenericDict();
  c10::TensorImpl* impl = t.unsafeGetTensorImpl();
  if (flag(d, "conj") && t.is_complex()) impl->flags |= c10::TensorImpl::kConj;
  if (flag(d, "neg")) impl->flags |= c10::TensorImpl::kNeg;
}

// (storage, offset, size, stride, requires_grad, hooks, [dtype,] [metadata])
bool tensor_from_storage(const std::vector<IValue>& a, size_t dtype_at, size_t metadata_at,
                         Budget& budget, IValue& out) {
  at::Storage storage;
  ScalarType dtype;
  std::vector<int64_t> sizes, strides;
  if (a.size() < 4 || !is_storage(a[0], storage, dtype) || !a[1].isInt() || !ints_of(a[2], sizes) ||
      !ints_of(a[3], strides))
    return false;
  if (dtype_at) {
    if (a.size() <= dtype_at) return false;
    const std::string* name = global_name(a[dtype_at]);
    if (!name || !dtype_of_python_name(*name, dtype)) return false;
    if (dtype == ScalarType::Bool && storage.data()) {
      // The storage's class is no bool, so that nobody has looked at its bytes yet.
      budget.charge(storage.nbytes());
      normalise_bools(storage.mutable_data(), storage.nbytes());
    }
  }
  at::Tensor t = tensor_on(storage, dtype, a[1].toInt(), sizes, strides);
  if (a.size() > metadata_at) apply_metadata(t, a[metadata_at]);
  bool requires_grad = a.size() > 4 && a[4].isBool() && a[4].toBool();
  if (requires_grad && c10::isDifferentiableType(dtype)) t.set_requires_grad(true);
  out = std::move(t);
  return true;
}

bool meta_tensor(const std::vector<IValue>& a, IValue& out) {
  ScalarType dtype;
  std::vector<int64_t> sizes, strides;
  const std::string* name = a.empty() ? nullptr : global_name(a[0]);
  if (a.size() < 4 || !name || !dtype_of_python_name(*name, dtype) || !ints_of(a[1], sizes) ||
      !ints_of(a[2], strides) || sizes.size() != strides.size())
    return false;
  for (int64_t s : strides) TORCH_CHECK(s >= 0, "failed reading tensor: it has a negative stride");
  at::Tensor t = empty_strided_on(c10::Device(c10::DeviceType::Meta), sizes, strides, dtype);
  if (a[3].isBool() && a[3].toBool() && c10::isDifferentiableType(dtype)) t.set_requires_grad(true);
  out = std::move(t);
  return true;
}

// A parameter is a tensor of its own on the storage of its data.
bool parameter(const std::vector<IValue>& a, IValue& out) {
  if (a.size() < 2 || !a[0].isTensor() || !a[1].isBool()) return false;
  const at::Tensor& t = a[0].toTensor();
  if (a[1].toBool() && c10::isDifferentiableType(t.scalar_type())) t.set_requires_grad(true);
  out = t;
  return true;
}

// "f4", "i8", "b1", "c16" ... and the byte order of a dtype's state.
bool numpy_dtype(const IValue& v, ScalarType& dtype, bool& big) {
  if (!v.isObject() || v.toObjectRef().name() != "numpy.dtype") return false;
  const IValue& s = v.toObjectRef().state();
  if (!s.isGenericDict()) return false;
  auto d = s.toGenericDict();
  if (!d.contains("__args__") || !d.at("__args__").isTuple()) return false;
  IValue args = d.at("__args__");
  const auto& a = args.toTupleRef().elements();
  if (a.empty() || !a[0].isString()) return false;
  static const std::pair<const char*, ScalarType> kNames[] = {
      {"f2", ScalarType::Half},          {"f4", ScalarType::Float},
      {"f8", ScalarType::Double},        {"i1", ScalarType::Char},
      {"i2", ScalarType::Short},         {"i4", ScalarType::Int},
      {"i8", ScalarType::Long},          {"u1", ScalarType::Byte},
      {"b1", ScalarType::Bool},          {"c8", ScalarType::ComplexFloat},
      {"c16", ScalarType::ComplexDouble}};
  std::string name = a[0].toStringRef();
  big = false;
  if (!name.empty() && std::strchr("<>|=", name[0])) {
    big = name[0] == '>';
    name.erase(0, 1);
  }
  if (d.contains("__state__") && d.at("__state__").isTuple()) {
    IValue state = d.at("__state__");
    const auto& e = state.toTupleRef().elements();
    if (e.size() > 1 && e[1].isString()) big = e[1].toStringRef() == ">";
  }
  for (auto& [n, t] : kNames) {
    if (name != n) continue;
    dtype = t;
    return true;
  }
  return false;
}

// An own tensor of the bytes, which must be as many as the shape needs.
bool tensor_from_bytes(const std::string& bytes, ScalarType dtype, bool big,
                       std::vector<int64_t> shape, bool fortran, Budget& budget, IValue& out) {
  uint64_t n = 1;
  for (int64_t s : shape) {
    if (s < 0 || (s > 0 && n > bytes.size() / static_cast<uint64_t>(s))) return false;
    n *= static_cast<uint64_t>(s);
  }
  size_t item = c10::elementSize(dtype);
  if (n > bytes.size() / item || n * item != bytes.size()) return false;
  budget.charge(bytes.size() + 256);
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t k = 0; k < shape.size(); ++k) {
    size_t i = fortran ? k : shape.size() - 1 - k;
    strides[i] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  at::Tensor t = empty_strided_cpu(shape, strides, dtype);
  if (!bytes.empty()) {
    void* data = t.unsafeGetTensorImpl()->data;
    std::memcpy(data, bytes.data(), bytes.size());
    if (big) swap_bytes(data, bytes.size(), dtype);
    if (dtype == ScalarType::Bool) normalise_bools(data, bytes.size());
  }
  out = std::move(t);
  return true;
}

}  // namespace

bool dtype_of_python_name(const std::string& name, ScalarType& out) {
  std::string n = name.rfind("torch.", 0) == 0 ? name.substr(6) : name;
  for (ScalarType t : kTensorTypes) {
    if (n != c10::python_name(t)) continue;
    out = t;
    return true;
  }
  return false;
}

bool dtype_of_storage_class(const std::string& name, ScalarType& out) {
  std::string n = name.substr(name.rfind('.') + 1);
  if (n == "UntypedStorage") {
    out = ScalarType::Byte;
    return true;
  }
  for (ScalarType t : kTensorTypes) {
    if (n != std::string(c10::toString(t)) + "Storage") continue;
    out = t;
    return true;
  }
  return false;
}

IValue make_storage(const at::Storage& storage, ScalarType dtype) {
  return c10::ivalue::Object::create(kStorage,
                                     c10::ivalue::Tuple::create({IValue(storage), IValue(dtype)}));
}

bool is_storage(const IValue& v, at::Storage& storage, ScalarType& dtype) {
  if (!v.isObject() || v.toObjectRef().name() != kStorage) return false;
  const IValue& s = v.toObjectRef().state();
  if (!s.isTuple() || s.toTupleRef().size() != 2) return false;
  const auto& e = s.toTupleRef().elements();
  if (!e[0].isStorage() || !e[1].isInt()) return false;
  ScalarType t = e[1].toScalarType();
  if (std::find(std::begin(kTensorTypes), std::end(kTensorTypes), t) == std::end(kTensorTypes))
    return false;
  storage = e[0].toStorage();
  dtype = t;
  return true;
}

at::Tensor tensor_on(const at::Storage& storage, ScalarType dtype, int64_t offset,
                     c10::IntArrayRef sizes, c10::IntArrayRef strides) {
  TORCH_CHECK(sizes.size() == strides.size(), "failed reading tensor: it has ", sizes.size(),
              " sizes and ", strides.size(), " strides");
  TORCH_CHECK(sizes.size() <= kMaxDims, "failed reading tensor: it has more than 64 dimensions");
  int64_t last = offset, numel = 1;
  bool bad = offset < 0, empty = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    bad = bad || sizes[i] < 0 || strides[i] < 0;
    empty = empty || sizes[i] == 0;
  }
  for (size_t i = 0; i < sizes.size() && !bad && !empty; ++i) {
    int64_t reach;
    bad = __builtin_mul_overflow(numel, sizes[i], &numel) ||
          __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last);
  }
  int64_t holds = static_cast<int64_t>(storage.nbytes() / c10::elementSize(dtype));
  TORCH_CHECK(!bad && (empty || last < holds), "failed reading tensor: sizes ", sizes, ", strides ",
              strides, " and offset ", offset, " reach outside its storage of ", holds,
              " elements");
  // PyTorch's empty views may start behind the end of their storage.
  if (empty) offset = std::min(offset, holds);
  return view_on(storage.unsafeGetStorageImpl(),
                 offset * static_cast<int64_t>(c10::elementSize(dtype)), sizes, strides, dtype);
}

bool build_tensor(const std::string& name, const std::vector<IValue>& a, Budget& budget,
                  IValue& out) {
  if (name == "torch._utils._rebuild_tensor_v2") return tensor_from_storage(a, 0, 6, budget, out);
  if (name == "torch._utils._rebuild_tensor_v3") return tensor_from_storage(a, 6, 7, budget, out);
  if (name == "torch._utils._rebuild_tensor") return tensor_from_storage(a, 0, 4, budget, out);
  if (name == "torch._utils._rebuild_parameter" ||
      name == "torch._utils._rebuild_parameter_with_state")
    return parameter(a, out);
  if (name == "torch._utils._rebuild_meta_tensor_no_storage") return meta_tensor(a, out);
  if (name == "torch._utils._rebuild_device_tensor_from_cpu_tensor") {
    if (a.size() < 4 || !a[0].isTensor() || !a[3].isBool()) return false;
    return parameter({a[0], a[3]}, out);
  }
  if (name == "torch._tensor._rebuild_from_type_v2") {
    // (function, class, arguments, state): a tensor with attributes or of a subclass.
    const std::string* function = a.size() < 3 ? nullptr : global_name(a[0]);
    if (!function || *function == name || !a[2].isTuple()) return false;
    return build_tensor(*function, a[2].toTupleRef().elements(), budget, out);
  }
  return false;
}

const std::string* bytes_of(const IValue& v) {
  if (v.isString()) return &v.toStringRef();
  if (!v.isObject() || !v.toObjectRef().state().isString()) return nullptr;
  const std::string& name = v.toObjectRef().name();
  if (name != "builtins.bytes" && name != "builtins.bytearray") return nullptr;
  return &v.toObjectRef().state().toStringRef();
}

bool build_numpy(const std::string& name, const std::vector<IValue>& a, Budget& budget,
                 IValue& out) {
  ScalarType dtype;
  bool big;
  if (name == "numpy.core.multiarray._reconstruct") {
    const std::string* cls = a.empty() ? nullptr : global_name(a[0]);
    if (!cls || *cls != "numpy.ndarray") return false;
    out = c10::ivalue::Object::create(*cls);
    return true;
  }
  if (name == "numpy.core.multiarray.scalar") {
    const std::string* bytes = a.size() < 2 ? nullptr : bytes_of(a[1]);
    IValue t;
    if (!bytes || !numpy_dtype(a[0], dtype, big) ||
        !tensor_from_bytes(*bytes, dtype, big, {}, false, budget, t))
      return false;
    const void* p = t.toTensor().unsafeGetTensorImpl()->data;
    switch (dtype) {
#define PHAROS_CASE(T, Name)      \
  case ScalarType::Name: {        \
    T v;                          \
    std::memcpy(&v, p, sizeof v); \
    out = IValue(c10::Scalar(v)); \
    return true;                  \
  }
      PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
      default:
        return false;
    }
  }
  if (name == "numpy.core.numeric._frombuffer") {
    const std::string* bytes = a.size() < 4 ? nullptr : bytes_of(a[0]);
    std::vector<int64_t> shape;
    if (!bytes || !numpy_dtype(a[1], dtype, big) || !ints_of(a[2], shape) || !a[3].isString())
      return false;
    return tensor_from_bytes(*bytes, dtype, big, shape, a[3].toStringRef() == "F", budget, out);
  }
  return false;
}

// (version, shape, dtype, is_fortran, bytes)
bool numpy_array(const IValue& state, Budget& budget, IValue& out) {
  if (!state.isTuple() || state.toTupleRef().size() != 5) return false;
  const auto& s = state.toTupleRef().elements();
  std::vector<int64_t> shape;
  ScalarType dtype;
  bool big;
  const std::string* bytes = bytes_of(s[4]);
  if (!ints_of(s[1], shape) || !numpy_dtype(s[2], dtype, big) || !s[3].isBool() || !bytes)
    return false;
  return tensor_from_bytes(*bytes, dtype, big, shape, s[3].toBool(), budget, out);
}

void normalise_bools(void* data, size_t n) {
  unsigned char* p = static_cast<unsigned char*>(data);
  for (size_t i = 0; i < n; ++i) p[i] = p[i] != 0;
}

void swap_bytes(void* data, size_t nbytes, ScalarType dtype) {
  size_t n = c10::elementSize(c10::toRealValueType(dtype));
  char* p = static_cast<char*>(data);
  for (size_t i = 0; n > 1 && i + n <= nbytes; i += n) std::reverse(p + i, p + i + n);
}

}  // namespace pharos::io
