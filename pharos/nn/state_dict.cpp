// Module::state_dict, load_state_dict and archives.
#include <pharos/autograd/grad_mode.h>
#include <pharos/io/serialize.h>
#include <pharos/nn/any.h>
#include <pharos/ops/functions.h>

#include <algorithm>
#include <numeric>

#include "nn/names.h"

namespace torch::nn {

using pharos::nn::join_name;

IncompatibleKeys::IncompatibleKeys() = default;
IncompatibleKeys::IncompatibleKeys(const IncompatibleKeys&) = default;
IncompatibleKeys::~IncompatibleKeys() = default;

namespace {

using State = OrderedDict<std::string, Tensor>;

void gather_state(const Module& m, const std::string& prefix, State& out) {
  const auto add = [&](const State& tensors) {
    for (const auto& item : tensors) out.insert(join_name(prefix, item.key()), item.value());
  };
  add(m.named_parameters(false));
  add(m.named_buffers(false));
  for (const auto& child : m.named_children())
    gather_state(*child.value(), join_name(prefix, child.key()), out);
}

// Edit distance, cut off where it stops mattering.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t up = row[j];
      row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = up;
    }
  }
  return row[b.size()];
}

// The most similar of `names`, or nothing if none is close. A common prefix ("module.") that one
// side has and the other lacks counts little.
std::string nearest(const std::string& name, const std::vector<std::string>& names) {
  if (name.size() * names.size() > 2000000) return "";
  std::string best;
  size_t best_distance = name.size() / 2 + 1;
  for (const std::string& n : names) {
    const bool suffix = n.size() > name.size()
                            ? n.compare(n.size() - name.size(), name.size(), name) == 0
                            : name.compare(name.size() - n.size(), n.size(), n) == 0;
    const size_t d = suffix ? 1 : distance(name, n);
    if (d < best_distance) {
      best_distance = d;
      best = n;
    }
  }
  return best;
}

std::string shape(const Tensor& t) {
  std::string out = "[";
  for (int64_t d = 0; d < t.dim(); ++d) out += (d ? ", " : "") + std::to_string(t.size(d));
  return out + "]";
}

struct Row {
  std::string key, in_state, in_module, nearest;
};

void pad(std::string& line, size_t width) {
  if (line.size() < width) line.append(width - line.size(), ' ');
}

std::string table(const std::string& title, const std::vector<Row>& rows) {
  std::vector<Row> all = {{"key", "in the file", "in the module", "nearest name"}};
  all.insert(all.end(), rows.begin(), rows.end());
  size_t a = 0, b = 0, c = 0;
  for (const Row& r : all) {
    a = std::max(a, r.key.size());
    b = std::max(b, r.in_state.size());
    c = std::max(c, r.in_module.size());
  }
  std::string out = title;
  for (const Row& r : all) {
    std::string line = "  " + r.key;
    pad(line, a + 4);
    line += r.in_state;
    pad(line, a + b + 6);
    line += r.in_module;
    pad(line, a + b + c + 8);
    line += r.nearest;
    line.erase(line.find_last_not_of(' ') + 1);
    out += "\n" + line;
  }
  return out;
}

}  // namespace

OrderedDict<std::string, Tensor> Module::state_dict(const std::string& prefix) const {
  State tensors;
  gather_state(*this, prefix, tensors);
  for (auto& item : tensors) item.value() = item.value().detach();
  return tensors;
}

IncompatibleKeys Module::load_state_dict(const OrderedDict<std::string, Tensor>& state,
                                         bool strict) {
  State own;
  gather_state(*this, "", own);
  IncompatibleKeys keys;
  std::vector<std::string> wrong_shape;
  for (const auto& item : own) {
    const Tensor* t = state.find(item.key());
    if (!t || !t->defined())
      keys.missing_keys.push_back(item.key());
    else if (!t->sizes().equals(item.value().sizes()) &&
             !(t->dim() == 1 && t->numel() == 1 && item.value().dim() == 0))
      wrong_shape.push_back(item.key());
  }
  for (const auto& item : state)
    if (!own.contains(item.key())) keys.unexpected_keys.push_back(item.key());

  std::vector<Row> rows;
  if (strict) {
    for (const auto& k : keys.missing_keys)
      rows.push_back({k, "missing", shape(own[k]), nearest(k, keys.unexpected_keys)});
    for (const auto& k : keys.unexpected_keys)
      rows.push_back({k, state[k].defined() ? shape(state[k]) : "undefined", "unexpected",
                      nearest(k, keys.missing_keys)});
  }
  for (const auto& k : wrong_shape)
    rows.push_back({k, shape(state[k]), shape(own[k]) + " size mismatch", ""});
  TORCH_CHECK(rows.empty(), table("Error(s) in loading state_dict for " + name() + ":", rows));

  NoGradGuard no_grad;
  for (auto& item : own) {
    const Tensor* t = state.find(item.key());
    if (t && t->defined()) item.value().copy_(t->reshape(item.value().sizes()));
  }
  return keys;
}

// --- archives ---

bool Module::is_serializable() const { return true; }

void Module::save(serialize::OutputArchive& archive) const {
  for (const auto& item : named_parameters(false)) archive.write(item.key(), item.value());
  for (const auto& item : named_buffers(false)) archive.write(item.key(), item.value(), true);
  for (const auto& child : children_) {
    if (!child.value()->is_serializable()) continue;
    serialize::OutputArchive nested;
    child.value()->save(nested);
    archive.write(child.key(), nested);
  }
}
void Module::load(serialize::InputArchive& archive) {
  for (auto item : named_parameters(false)) archive.read(item.key(), item.value());
  for (auto item : named_buffers(false)) archive.read(item.key(), item.value(), true);
  for (const auto& child : children_) {
    if (!child.value()->is_serializable()) continue;
    serialize::InputArchive nested;
    archive.read(child.key(), nested);
    child.value()->load(nested);
  }
}

serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                     const std::shared_ptr<Module>& module) {
  TORCH_CHECK(module != nullptr, "Cannot serialize empty module");
  module->save(archive);
  return archive;
}
serialize::InputArchive& operator>>(serialize::InputArchive& archive,
                                    const std::shared_ptr<Module>& module) {
  TORCH_CHECK(module != nullptr, "Cannot deserialize empty module");
  module->load(archive);
  return archive;
}

}  // namespace torch::nn
