// Fields of options and states: one table a class, by which its objects are read, written, copied
// and compared. Numbers are read from whatever number, 0-dim tensor or None a file has, since
// LibTorch's files, Python's and ours do not agree on it.
#pragma once

#include <pharos/io/serialize.h>
#include <pharos/maybe.h>
#include <pharos/optim/optimizer.h>

#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace pharos::optim {

using at::Tensor;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

double to_double(const c10::IValue& v);
int64_t to_int(const c10::IValue& v);
// A 0-dim f32 tensor: what Python's optimizers count steps in.
Tensor step_tensor(int64_t step);

void from_value(const c10::IValue& v, double& out);
void from_value(const c10::IValue& v, int64_t& out);
void from_value(const c10::IValue& v, bool& out);
void from_value(const c10::IValue& v, std::tuple<double, double>& out);
void from_value(const c10::IValue& v, std::optional<int64_t>& out);
void from_value(const c10::IValue& v, Maybe<std::string>& out);
void from_value(const c10::IValue& v, Tensor& out);
void from_value(const c10::IValue& v, std::vector<Tensor>& out);
void from_value(const c10::IValue& v, Maybe<std::vector<Tensor>>& out);

// What is written; nothing where Python leaves the key out: undefined tensors, absent lists.
std::optional<c10::IValue> to_value(double v);
std::optional<c10::IValue> to_value(int64_t v);
std::optional<c10::IValue> to_value(bool v);
std::optional<c10::IValue> to_value(const std::tuple<double, double>& v);
std::optional<c10::IValue> to_value(const std::optional<int64_t>& v);
std::optional<c10::IValue> to_value(const Maybe<std::string>& v);
std::optional<c10::IValue> to_value(const Tensor& v);
std::optional<c10::IValue> to_value(const std::vector<Tensor>& v);
std::optional<c10::IValue> to_value(const Maybe<std::vector<Tensor>>& v);

template <typename T>
bool same(const T& a, const T& b) {
  return a == b;
}
bool same(const Tensor& a, const Tensor& b);
bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b);
bool same(const Maybe<std::vector<Tensor>>& a, const Maybe<std::vector<Tensor>>& b);

// How a field of one type is read, written and compared.
struct FieldType {
  void (*read)(const c10::IValue& v, void* field);
  std::optional<c10::IValue> (*write)(const void* field);
  bool (*same)(const void* a, const void* b);
};
template <typename T>
inline constexpr FieldType kFieldType = {
    [](const c10::IValue& v, void* field) { from_value(v, *static_cast<T*>(field)); },
    [](const void* field) { return to_value(*static_cast<const T*>(field)); },
    [](const void* a, const void* b) {
      return same(*static_cast<const T*>(a), *static_cast<const T*>(b));
    }};
// A count of steps: an integer here, a 0-dim f32 tensor in files.
extern const FieldType kStepType;

template <typename Base>
struct Field {
  const char* name;
  void* (*of)(Base& part);  // null: Python has the key and this library no such field
  const FieldType* type;
};
template <typename Base>
struct FieldTable {
  const Field<Base>* fields;  // in the order of Python's keys
  size_t count;
  std::unique_ptr<Base> (*copy)(const Base& part);
  std::unique_ptr<Base> (*fresh)();

  const Field<Base>* begin() const { return fields; }
  const Field<Base>* end() const { return fields + count; }
  bool same(const Base& a, const Base& b) const {
    for (const Field<Base>& f : *this)
      if (f.of && !f.type->same(f.of(const_cast<Base&>(a)), f.of(const_cast<Base&>(b))))
        return false;
    return true;
  }
};

// Defines what PHAROS_OPTIMIZER_OPTIONS and PHAROS_OPTIMIZER_STATE declare. `TABLE(FIELD, STEP,
// PYTHON)` lists the fields; FRESH makes an object in which nothing has been set.
#define PHAROS_FIELD(name)                                                      \
  {#name, [](Base& part) -> void* { return &static_cast<Part&>(part).name(); }, \
   &pharos::optim::kFieldType<std::decay_t<decltype(std::declval<Part&>().name())>>},
#define PHAROS_STEP_FIELD(name)                                                 \
  {#name, [](Base& part) -> void* { return &static_cast<Part&>(part).name(); }, \
   &pharos::optim::kStepType},
#define PHAROS_PYTHON_FIELD(name) {#name, nullptr, nullptr},
#define PHAROS_DEFINE_TABLE(Name, BaseName, TABLE, FRESH)                         \
  const pharos::optim::FieldTable<BaseName>& Name::table() const {                \
    using Base = BaseName;                                                        \
    using Part = Name;                                                            \
    static const pharos::optim::Field<Base> fields[] = {                          \
        TABLE(PHAROS_FIELD, PHAROS_STEP_FIELD, PHAROS_PYTHON_FIELD)};             \
    static const pharos::optim::FieldTable<Base> table = {                        \
        fields, std::size(fields),                                                \
        [](const Base& part) -> std::unique_ptr<Base> {                           \
          return std::make_unique<Part>(static_cast<const Part&>(part));          \
        },                                                                        \
        []() -> std::unique_ptr<Base> { return std::make_unique<Part>(FRESH); }}; \
    return table;                                                                 \
  }                                                                               \
  bool operator==(const Name& a, const Name& b) { return a.table().same(a, b); }
#define PHAROS_DEFINE_OPTIONS(Name, TABLE, FRESH) \
  PHAROS_DEFINE_TABLE(Name, OptimizerOptions, TABLE, FRESH)
#define PHAROS_DEFINE_STATE(Name, TABLE)        \
  Name::Name() = default;                       \
  Name::Name(const Name&) = default;            \
  Name& Name::operator=(const Name&) = default; \
  Name::~Name() = default;                      \
  PHAROS_DEFINE_TABLE(Name, OptimizerParamState, TABLE, )
// Defines what PHAROS_OPTIMIZER declares, and the constructor for one list of parameters.
#define PHAROS_DEFINE_OPTIMIZER(Name)                                                  \
  Name::Name(Name&&) noexcept = default;                                               \
  Name& Name::operator=(Name&&) noexcept = default;                                    \
  Name::~Name() = default;                                                             \
  Name::Name(std::vector<Tensor> params, Name##Options defaults)                       \
      : Name(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))}, \
             std::move(defaults)) {}                                                   \
  std::unique_ptr<OptimizerParamState> Name::make_state() const {                      \
    return std::make_unique<Name##ParamState>();                                       \
  }

}  // namespace pharos::optim
