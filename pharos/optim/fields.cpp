// Numbers and tensors of optimizer files.
#include "optim/fields.h"

#include <pharos/ops/functions.h>

namespace pharos::optim {

using c10::IValue;
using c10::ScalarType;

double to_double(const IValue& v) {
  if (v.isDouble()) return v.toDouble();
  if (v.isInt()) return static_cast<double>(v.toInt());
  if (v.isBool()) return v.toBool() ? 1 : 0;
  TORCH_CHECK(v.isTensor() && v.toTensor().numel() == 1, "expected a number but found ",
              v.tagKind());
  const Tensor& t = v.toTensor();
  if (t.is_cpu() && t.scalar_type() == ScalarType::Float) return t.const_data_ptr<float>()[0];
  return t.item().to<double>();
}

int64_t to_int(const IValue& v) {
  if (v.isInt()) return v.toInt();
  const double d = to_double(v);
  TORCH_CHECK(d >= -9.2e18 && d <= 9.2e18, "expected an integer but found ", d);
  return static_cast<int64_t>(d);
}

Tensor step_tensor(int64_t step) {
  Tensor t = at::empty({}, ScalarType::Float);
  t.mutable_data_ptr<float>()[0] = static_cast<float>(step);
  return t;
}

void from_value(const IValue& v, double& out) { out = to_double(v); }
void from_value(const IValue& v, int64_t& out) { out = to_int(v); }
void from_value(const IValue& v, bool& out) { out = v.isNone() ? false : to_double(v) != 0; }

void from_value(const IValue& v, std::tuple<double, double>& out) {
  TORCH_CHECK(v.isTuple() || v.isList(), "expected a pair of numbers but found ", v.tagKind());
  const c10::ArrayRef<IValue> two =
      v.isList() ? v.toListRef() : c10::ArrayRef<IValue>(v.toTupleRef().elements());
  TORCH_CHECK(two.size() == 2, "expected a pair of numbers but found ", two.size(), " of them");
  out = {to_double(two[0]), to_double(two[1])};
}

void from_value(const IValue& v, std::optional<int64_t>& out) {
  out = v.isNone() ? std::nullopt : std::optional<int64_t>(to_int(v));
}
void from_value(const IValue& v, std::optional<std::string>& out) {
  out = v.isNone() ? std::nullopt : std::optional<std::string>(v.toStringRef());
}

void from_value(const IValue& v, Tensor& out) {
  if (v.isNone()) {
    out = Tensor();
  } else if (v.isTensor()) {
    out = v.toTensor();
  } else {
    out = at::full({}, to_double(v), ScalarType::Float);
  }
}

void from_value(const IValue& v, std::vector<Tensor>& out) {
  std::vector<Tensor> tensors;
  if (!v.isNone()) {
    for (const IValue& item : v.toListRef()) from_value(item, tensors.emplace_back());
  }
  out = std::move(tensors);
}
void from_value(const IValue& v, std::optional<std::vector<Tensor>>& out) {
  if (v.isNone())
    out = std::nullopt;
  else
    from_value(v, out.emplace());
}

void write_field(OutputArchive& archive, const char* name, const IValue& v) {
  archive.write(name, v);
}
void write_field(OutputArchive& archive, const char* name, const Tensor& t) {
  if (t.defined()) archive.write(name, IValue(t));
}

IValue list_value(const std::vector<Tensor>& tensors) {
  c10::impl::GenericList list(c10::AnyType::get());
  for (const Tensor& t : tensors) list.push_back(t.defined() ? IValue(t) : IValue());
  return IValue(list);
}

bool same(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.is_same(b) || (a.sizes() == b.sizes() && at::equal(a, b));
}
bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!same(a[i], b[i])) return false;
  return true;
}

}  // namespace pharos::optim
