// Walks value graphs with an explicit stack; see the header.
#include "io/value_graph.h"

#include <pharos/core/exception.h>

#include <algorithm>
#include <unordered_map>

namespace pharos::io {
namespace {

using c10::IValue;

std::vector<IValue>& list_of(const IValue& v) { return v.toList().getIntrusivePtr()->list; }
c10::detail::DictImpl& dict_of(const IValue& v) { return *v.toGenericDict().getIntrusivePtr(); }

// The i-th value that `v` holds, or null after the last. Elements of tuples are not const inside.
const IValue* child(const IValue& v, size_t i) {
  if (v.isList()) {
    auto& l = list_of(v);
    return i < l.size() ? &l[i] : nullptr;
  }
  if (v.isTuple()) {
    auto& t = v.toTupleRef().elements();
    return i < t.size() ? &t[i] : nullptr;
  }
  if (v.isGenericDict()) {
    auto& d = dict_of(v);
    if (i / 2 >= d.end()) return nullptr;
    return i % 2 ? &d.entry(i / 2).value : &d.entry(i / 2).key;
  }
  return i == 0 ? &v.toObjectRef().state() : nullptr;
}

void replace_child(const IValue& v, size_t i, IValue by) {
  if (v.isObject())
    v.toObject()->set_state(std::move(by));
  else
    const_cast<IValue&>(*child(v, i)) = std::move(by);
}

c10::TypePtr type_of(const IValue& v) {
  if (v.isTensor()) return c10::TensorType::get();
  if (v.isInt()) return c10::IntType::get();
  if (v.isDouble()) return c10::FloatType::get();
  if (v.isBool()) return c10::BoolType::get();
  if (v.isString()) return c10::StringType::get();
  return c10::AnyType::get();
}

// Lists from Python say nothing about their elements' type; C++ asks for it (isIntList).
void give_types(const IValue& v) {
  if (v.isList()) {
    auto& l = list_of(v);
    if (l.empty() || v.toList().elementType() != c10::AnyType::get()) return;
    c10::TypePtr t = type_of(l[0]);
    for (const IValue& e : l)
      if (type_of(e) != t) t = c10::AnyType::get();
    v.toList().unsafeSetElementType(t);
  } else if (v.isGenericDict()) {
    auto& d = dict_of(v);
    c10::TypePtr k = nullptr, t = nullptr;
    for (size_t i = d.next_alive(0); i < d.end(); i = d.next_alive(i + 1)) {
      const auto& e = d.entry(i);
      k = !k || k == type_of(e.key) ? type_of(e.key) : c10::AnyType::get();
      t = !t || t == type_of(e.value) ? type_of(e.value) : c10::AnyType::get();
    }
    if (k && d.keyType == c10::AnyType::get()) d.keyType = k;
    if (t && d.valueType == c10::AnyType::get()) d.valueType = t;
  }
}

void empty_out(const IValue& v) {
  if (v.isList())
    list_of(v).clear();
  else if (v.isGenericDict())
    dict_of(v).clear();
  else if (v.isObject())
    v.toObject()->set_state(IValue());
}

}  // namespace

const void* container_identity(const IValue& v) {
  if (v.isList()) return v.toList().getIntrusivePtr().get();
  if (v.isGenericDict()) return v.toGenericDict().getIntrusivePtr().get();
  if (v.isTuple()) return &v.toTupleRef();
  if (v.isObject()) return &v.toObjectRef();
  return nullptr;
}

void ValueGraph::adopt(const IValue& v) {
  if (container_identity(v)) made_.push_back(v);
}

ValueGraph::~ValueGraph() {
  // First no mutable container holds anything any more; then tuples go, outer before inner, while
  // the inner ones are still held here. Neither step frees a chain in one go.
  for (const IValue& v : made_)
    if (!kept_.count(container_identity(v))) empty_out(v);
  while (!made_.empty()) made_.pop_back();
}

void ValueGraph::finish(IValue& root, int max_depth) {
  struct Frame {
    IValue value;
    size_t next;
    int height;
  };
  constexpr int kOnPath = -1;
  std::unordered_map<const void*, int> height;
  std::vector<Frame> path;
  auto enter = [&](const IValue& v) {
    height[container_identity(v)] = kOnPath;
    path.push_back({v, 0, 0});
  };
  if (container_identity(root)) enter(root);
  while (!path.empty()) {
    Frame& f = path.back();
    const IValue* c = child(f.value, f.next);
    if (!c) {
      int h = f.height + 1;
      TORCH_CHECK(h <= max_depth, "failed reading pickle: its values are nested more than ",
                  max_depth, " deep");
      give_types(f.value);
      height[container_identity(f.value)] = h;
      path.pop_back();
      if (!path.empty()) path.back().height = std::max(path.back().height, h);
      continue;
    }
    size_t i = f.next++;
    const void* id = container_identity(*c);
    if (!id) continue;
    auto known = height.find(id);
    if (known == height.end()) {
      enter(*c);  // invalidates f
    } else if (known->second == kOnPath) {
      // A key is found by its contents, so it stays; a dict cannot reach itself through a key
      // unless through an Object, which is emptied there.
      IValue cut = c10::ivalue::Object::create("cycle");
      if (f.value.isGenericDict() && i % 2 == 0) {
        TORCH_CHECK(false, "failed reading pickle: a dict's key contains the dict");
      }
      replace_child(f.value, i, std::move(cut));
    } else {
      f.height = std::max(f.height, known->second);
    }
  }
  for (auto& [id, h] : height) kept_.insert(id);
}

}  // namespace pharos::io
