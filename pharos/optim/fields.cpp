// Numbers and tensors of optimizer files, and what tables of fields do.
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
void from_value(const IValue& v, Maybe<std::string>& out) {
  out = v.isNone() ? Maybe<std::string>() : Maybe<std::string>(v.toStringRef());
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
void from_value(const IValue& v, Maybe<std::vector<Tensor>>& out) {
  if (v.isNone())
    out.reset();
  else
    from_value(v, out.emplace());
}

std::optional<IValue> to_value(double v) { return IValue(v); }
std::optional<IValue> to_value(int64_t v) { return IValue(v); }
std::optional<IValue> to_value(bool v) { return IValue(v); }
std::optional<IValue> to_value(const std::tuple<double, double>& v) { return IValue(v); }
std::optional<IValue> to_value(const std::optional<int64_t>& v) { return IValue(v); }
std::optional<IValue> to_value(const Maybe<std::string>& v) { return v ? IValue(*v) : IValue(); }
std::optional<IValue> to_value(const Tensor& v) {
  return v.defined() ? std::optional<IValue>(v) : std::nullopt;
}
std::optional<IValue> to_value(const std::vector<Tensor>& v) {
  c10::impl::GenericList list(c10::AnyType::get());
  for (const Tensor& t : v) list.push_back(t.defined() ? IValue(t) : IValue());
  return IValue(list);
}
std::optional<IValue> to_value(const Maybe<std::vector<Tensor>>& v) {
  return v ? to_value(*v) : std::nullopt;
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

bool same(const Maybe<std::vector<Tensor>>& a, const Maybe<std::vector<Tensor>>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

const FieldType kStepType = {
    kFieldType<int64_t>.read,
    [](const void* field) {
      return std::optional<IValue>(step_tensor(*static_cast<const int64_t*>(field)));
    },
    kFieldType<int64_t>.same};

namespace {

// A field that the archive lacks is left alone.
template <typename Base>
void read(const FieldTable<Base>& table, Base& part, InputArchive& archive) {
  IValue v;
  for (const Field<Base>& f : table)
    if (f.of && archive.try_read(f.name, v)) f.type->read(v, f.of(part));
}
template <typename Base>
void write(const FieldTable<Base>& table, const Base& part, OutputArchive& archive) {
  for (const Field<Base>& f : table) {
    if (!f.of) continue;
    if (const auto v = f.type->write(f.of(const_cast<Base&>(part)))) archive.write(f.name, *v);
  }
}
double& learning_rate(torch::optim::TabledOptions& options) {
  for (const auto& f : options.table())
    if (f.of && f.name == std::string_view("lr")) return *static_cast<double*>(f.of(options));
  TORCH_INTERNAL_ASSERT(false, "options without lr");
}

}  // namespace
}  // namespace pharos::optim

namespace torch::optim {

using serialize::InputArchive;
using serialize::OutputArchive;

std::unique_ptr<OptimizerOptions> TabledOptions::clone() const { return table().copy(*this); }
void TabledOptions::serialize(InputArchive& archive) {
  pharos::optim::read<OptimizerOptions>(table(), *this, archive);
}
void TabledOptions::serialize(OutputArchive& archive) const {
  pharos::optim::write<OptimizerOptions>(table(), *this, archive);
}
double TabledOptions::get_lr() const {
  return pharos::optim::learning_rate(const_cast<TabledOptions&>(*this));
}
void TabledOptions::set_lr(const double lr) { pharos::optim::learning_rate(*this) = lr; }

std::unique_ptr<OptimizerParamState> TabledState::clone() const { return table().copy(*this); }
void TabledState::serialize(InputArchive& archive) {
  pharos::optim::read<OptimizerParamState>(table(), *this, archive);
}
void TabledState::serialize(OutputArchive& archive) const {
  pharos::optim::write<OptimizerParamState>(table(), *this, archive);
}

}  // namespace torch::optim
