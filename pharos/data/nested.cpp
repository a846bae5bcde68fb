// nested::map over values.
#include <pharos/nested.h>

namespace pharos::nested {
namespace {

// Deeper than any program nests, far below what the stack holds; a list may contain itself.
constexpr int kMaxDepth = 1000;

c10::IValue map_value(const std::function<at::Tensor(const at::Tensor&)>& f,
                      const c10::IValue& value, int depth) {
  TORCH_CHECK_VALUE(depth < kMaxDepth, "nested::map: the value is nested deeper than ", kMaxDepth,
                    " levels, or contains itself");
  if (value.isTensor()) return f(value.toTensor());
  if (value.isList()) {
    const c10::List<c10::IValue> list = value.toList();
    c10::List<c10::IValue> out(list.elementType());
    out.reserve(list.size());
    for (const c10::IValue& item : value.toListRef()) out.push_back(map_value(f, item, depth + 1));
    return out;
  }
  if (value.isGenericDict()) {
    const auto dict = value.toGenericDict();
    c10::Dict<c10::IValue, c10::IValue> out(dict.keyType(), dict.valueType());
    for (const auto& entry : dict) out.insert(entry.key(), map_value(f, entry.value(), depth + 1));
    return out;
  }
  if (value.isTuple()) {
    std::vector<c10::IValue> out;
    for (const c10::IValue& item : value.toTupleRef().elements()) {
      out.push_back(map_value(f, item, depth + 1));
    }
    return c10::ivalue::Tuple::create(std::move(out));
  }
  if (value.isObject()) {
    const auto& object = value.toObjectRef();
    return c10::ivalue::Object::create(object.name(), map_value(f, object.state(), depth + 1));
  }
  return value;
}

}  // namespace

c10::IValue map(const std::function<at::Tensor(const at::Tensor&)>& f, const c10::IValue& value) {
  return map_value(f, value, 0);
}

std::vector<at::Tensor> flatten(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  map(
      [&](const at::Tensor& tensor) {
        tensors.push_back(tensor);
        return tensor;
      },
      value);
  return tensors;
}

}  // namespace pharos::nested
