// Fields of options and states in archives: numbers are read from whatever number, 0-dim tensor or
// None a file has, since LibTorch's files, Python's and ours do not agree on it.
#pragma once

#include <pharos/io/serialize.h>

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
void from_value(const c10::IValue& v, std::optional<std::string>& out);
void from_value(const c10::IValue& v, Tensor& out);
void from_value(const c10::IValue& v, std::vector<Tensor>& out);
void from_value(const c10::IValue& v, std::optional<std::vector<Tensor>>& out);

// Leaves the field alone where the archive has none.
template <typename T>
void read_field(InputArchive& archive, const char* name, T& field) {
  c10::IValue v;
  if (archive.try_read(name, v)) from_value(v, field);
}

void write_field(OutputArchive& archive, const char* name, const c10::IValue& v);
void write_field(OutputArchive& archive, const char* name, const Tensor& t);  // if defined
// Undefined tensors become None.
c10::IValue list_value(const std::vector<Tensor>& tensors);

bool same(const Tensor& a, const Tensor& b);
bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b);

}  // namespace pharos::optim
