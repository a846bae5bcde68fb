// state_dict and files of optimizers: Python's layout out; Python's layout and the object trees of
// LibTorch's optimizers in.
#include <pharos/ops/functions.h>
#include <pharos/optim/optimizer.h>

#include <unordered_map>

#include "optim/fields.h"

namespace torch::optim {

using c10::IValue;
using c10::impl::GenericDict;
using c10::impl::GenericList;
using pharos::optim::to_int;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

namespace {

GenericDict new_dict() { return GenericDict(c10::AnyType::get(), c10::AnyType::get()); }

template <typename Part>
GenericDict fields_of(const Part& part) {
  OutputArchive archive;
  part.serialize(archive);
  InputArchive read(archive.value());
  GenericDict out = new_dict();
  for (const std::string& key : read.keys()) {
    IValue v;
    read.read(key, v);
    out.insert_or_assign(key, v);
  }
  return out;
}

// What Python's groups hold and an optimizer of ours has no option for.
IValue python_default(const std::string& key) {
  if (key == "foreach" || key == "fused") return IValue();
  return IValue(key == "decoupled_weight_decay");  // AdamW's; capturable, differentiable
}

GenericDict group_dict(const OptimizerParamGroup& group) {
  const GenericDict fields = fields_of(group.options()), extra = group.extra();
  GenericDict out = new_dict();
  if (const auto* tabled = dynamic_cast<const TabledOptions*>(&group.options())) {
    for (const auto& f : tabled->table()) {
      const std::string key = f.name;
      if (!f.of)
        out.insert(key, extra.contains(key) ? extra.at(key) : python_default(key));
      else if (fields.contains(key))
        out.insert(key, fields.at(key));
    }
  }
  for (const auto& e : fields) out.insert(e.key(), e.value());
  for (const auto& e : extra) out.insert(e.key(), e.value());
  return out;
}

// One group of a file: which parameters by the file's own names, and its options.
struct LoadedGroup {
  std::vector<std::string> params;
  IValue options;
};
struct Loaded {
  std::vector<LoadedGroup> groups;
  std::unordered_map<std::string, IValue> states;
};

std::string key_text(const IValue& key) {
  return key.isString() ? key.toStringRef() : std::to_string(to_int(key));
}

Loaded from_python(const IValue& state, const IValue& groups) {
  Loaded out;
  TORCH_CHECK(groups.isList(), "loaded state dict has no list \"param_groups\"");
  for (const IValue& group : groups.toListRef()) {
    TORCH_CHECK(group.isGenericDict() && group.toGenericDict().contains("params"),
                "loaded state dict contains a parameter group without \"params\"");
    LoadedGroup& g = out.groups.emplace_back();
    g.options = group;
    const IValue params = group.toGenericDict().at("params");
    for (const IValue& p : params.toListRef()) g.params.push_back(key_text(p));
  }
  const GenericDict states = state.toGenericDict();
  for (const auto& e : states) out.states.emplace(key_text(e.key()), e.value());
  return out;
}

int64_t count_of(InputArchive& archive, const char* key) {
  IValue v;
  archive.read(key, v);
  const int64_t n = to_int(v);
  TORCH_CHECK(n >= 0 && n < (int64_t{1} << 31), "the archive has a negative or absurd ", key);
  return n;
}

Loaded from_archive(InputArchive& archive, InputArchive& groups) {
  Loaded out;
  const int64_t n = count_of(groups, "param_groups/size");
  for (int64_t i = 0; i < n; ++i) {
    InputArchive group;
    groups.read("param_groups/" + std::to_string(i), group);
    LoadedGroup& g = out.groups.emplace_back();
    const int64_t count = count_of(group, "params/size");
    for (int64_t k = 0; k < count; ++k) {
      IValue name;
      group.read("params/" + std::to_string(k), name);
      g.params.push_back(key_text(name));
    }
    group.read("options", g.options);
  }
  InputArchive state;
  if (!archive.try_read("state", state)) return out;
  for (const std::string& key : state.keys()) state.read(key, out.states[key]);
  return out;
}

// Floating point states take the parameter's dtype, all take its device; always copies, so that two
// optimizers never share a state.
IValue as_state_of(const Tensor& param, const IValue& v, bool keep_dtype) {
  if (v.isTensor()) {
    const Tensor& t = v.toTensor();
    const bool cast = param.is_floating_point() && !keep_dtype;
    return IValue(t.to(keep_dtype ? t.device() : param.device(),
                       cast ? param.scalar_type() : t.scalar_type(), false, /*copy=*/true));
  }
  if (v.isList()) {
    GenericList out(c10::AnyType::get());
    for (const IValue& item : v.toListRef()) out.push_back(as_state_of(param, item, keep_dtype));
    return IValue(out);
  }
  return v;
}

std::unique_ptr<OptimizerParamState> read_state(std::unique_ptr<OptimizerParamState> state,
                                                const Tensor& param, const IValue& saved) {
  TORCH_CHECK_NOT_IMPLEMENTED(state != nullptr,
                              "loading the states of an optimizer that does not override "
                              "make_state()");
  InputArchive in(saved);
  GenericDict cast = new_dict();
  for (const std::string& key : in.keys()) {
    IValue v;
    in.read(key, v);
    cast.insert_or_assign(key, as_state_of(param, v, key == "step"));
  }
  InputArchive archive{IValue(cast)};
  state->serialize(archive);
  return state;
}

void read_group(OptimizerParamGroup& group, const LoadedGroup& saved) {
  auto options = group.options().clone();
  InputArchive archive(saved.options);
  options->serialize(archive);
  const GenericDict known = fields_of(*options);
  if (saved.options.isGenericDict()) {
    GenericDict extra = group.extra();
    extra.clear();
    const GenericDict all = saved.options.toGenericDict();
    for (const auto& e : all) {
      const IValue key = e.key();
      if (!known.contains(key) && !(key.isString() && key.toStringRef() == "params"))
        extra.insert_or_assign(key, e.value().deepcopy());
    }
  }
  group.set_options(std::move(options));
}

}  // namespace

c10::IValue Optimizer::state_dict() const {
  GenericDict states = new_dict();
  GenericList groups(c10::AnyType::get());
  int64_t index = 0;
  for (const OptimizerParamGroup& group : param_groups_) {
    GenericDict d = group_dict(group);
    GenericList params(c10::AnyType::get());
    for (const Tensor& p : group.params()) {
      const auto found = state_.find(p.unsafeGetTensorImpl());
      if (found != state_.end() && found->second)
        states.insert_or_assign(index, fields_of(*found->second));
      params.push_back(index++);
    }
    d.insert_or_assign("params", params);
    groups.push_back(d);
  }
  GenericDict out = new_dict();
  out.insert("state", states);
  out.insert("param_groups", groups);
  return IValue(out);
}

void Optimizer::load_state_dict(const c10::IValue& state_dict) {
  InputArchive archive(state_dict);
  load(archive);
}

void Optimizer::save(serialize::OutputArchive& archive) const {
  const GenericDict d = state_dict().toGenericDict();
  archive.write("state", d.at("state"));
  archive.write("param_groups", d.at("param_groups"));
}

void Optimizer::load(serialize::InputArchive& archive) {
  InputArchive tree;
  Loaded loaded;
  if (archive.try_read("param_groups", tree)) {
    loaded = from_archive(archive, tree);
  } else {
    IValue state, groups;
    archive.read("state", state);
    archive.read("param_groups", groups);
    loaded = from_python(state, groups);
  }
  TORCH_CHECK_VALUE(loaded.groups.size() == param_groups_.size(),
                    "loaded state dict has a different number of parameter groups");
  // Everything is read before anything changes, so that a bad file leaves the optimizer as it was.
  StateMap states;
  std::vector<OptimizerParamGroup> groups;
  for (size_t i = 0; i < param_groups_.size(); ++i) {
    OptimizerParamGroup& group = groups.emplace_back(param_groups_[i]);
    const LoadedGroup& saved = loaded.groups[i];
    TORCH_CHECK_VALUE(saved.params.size() == group.params().size(),
                      "loaded state dict contains a parameter group that doesn't match the size of "
                      "optimizer's group");
    read_group(group, saved);
    for (size_t k = 0; k < saved.params.size(); ++k) {
      const auto found = loaded.states.find(saved.params[k]);
      if (found == loaded.states.end()) continue;
      const Tensor& p = group.params()[k];
      states[p.unsafeGetTensorImpl()] = read_state(make_state(), p, found->second);
    }
  }
  param_groups_ = std::move(groups);
  state_ = std::move(states);
}

serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                     const Optimizer& optimizer) {
  optimizer.save(archive);
  return archive;
}
serialize::InputArchive& operator>>(serialize::InputArchive& archive, Optimizer& optimizer) {
  optimizer.load(archive);
  return archive;
}

}  // namespace torch::optim
