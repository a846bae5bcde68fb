// The archives and torch::save / torch::load of <pharos/io/serialize.h>.
#include <pharos/core/exception.h>
#include <pharos/io/serialize.h>

#include <algorithm>
#include <unordered_set>

#include "io/checkpoint.h"

namespace torch {

using c10::IValue;
using pharos::io::ByteSource;
namespace io = pharos::io;

namespace {

IValue load_source(std::shared_ptr<ByteSource> source) {
  return io::load_checkpoint(std::move(source));
}

void check_device(const std::optional<c10::Device>& device) {
  TORCH_CHECK_NOT_IMPLEMENTED(!device || device->is_cpu(), "loading to device ", *device,
                              " is not supported; load to the CPU and move");
}

IValue list_of(const std::vector<at::Tensor>& tensors) { return IValue(tensors); }

// The items of a dict or of an object's attributes.
bool items_of(const IValue& v, c10::impl::GenericDict& out) {
  const IValue* d = &v;
  if (v.isObject()) d = &v.toObjectRef().state();
  if (!d->isGenericDict()) return false;
  out = d->toGenericDict();
  return true;
}

bool starts_with(const std::string& s, const std::string& prefix) {
  return s.compare(0, prefix.size(), prefix) == 0;
}

void append_tensors(const IValue& root, std::vector<at::Tensor>& out) {
  if (root.isList() || root.isTuple()) {
    auto elements =
        root.isList() ? root.toListRef() : c10::ArrayRef<IValue>(root.toTupleRef().elements());
    for (const IValue& v : elements)
      TORCH_CHECK(v.isTensor(), "the file holds a list with something else than tensors");
    for (const IValue& v : elements) out.push_back(v.toTensor());
    return;
  }
  serialize::InputArchive archive{root};
  at::Tensor t;
  for (size_t i = 0; archive.try_read(std::to_string(i), t); ++i) {
    out.push_back(std::move(t));
    t = at::Tensor();
  }
}

}  // namespace

std::vector<char> pickle_save(const IValue& value) {
  std::vector<char> out;
  auto sink = io::vector_sink(out);
  io::write_checkpoint(value, *sink);
  return out;
}

IValue pickle_load(const std::vector<char>& data) {
  return load_source(io::borrow_memory(data.data(), data.size()));
}

namespace serialize {

OutputArchive::OutputArchive() : items_(c10::AnyType::get(), c10::AnyType::get()) {}
OutputArchive::OutputArchive(OutputArchive&&) noexcept = default;
OutputArchive& OutputArchive::operator=(OutputArchive&&) noexcept = default;
OutputArchive::~OutputArchive() = default;

void OutputArchive::write(const std::string& key, const IValue& value) {
  items_.insert_or_assign(key, value);
}
void OutputArchive::write(const std::string& key, const at::Tensor& tensor, bool) {
  items_.insert_or_assign(key, tensor);
}
void OutputArchive::write(const std::string& key, OutputArchive& nested) {
  for (const auto& e : nested.items_)
    items_.insert_or_assign(key + "." + e.key().toStringRef(), e.value());
}
IValue OutputArchive::value() const { return pharos::ordered_dict(items_); }

void OutputArchive::save_to(const std::string& filename) { io::save_checkpoint(value(), filename); }
void OutputArchive::save_to(std::ostream& stream) {
  auto sink = io::stream_sink(stream);
  io::write_checkpoint(value(), *sink);
}
void OutputArchive::save_to(const std::function<size_t(const void*, size_t)>& func) {
  auto sink = io::callback_sink(func);
  io::write_checkpoint(value(), *sink);
}

InputArchive::InputArchive() = default;
InputArchive::InputArchive(IValue root) : root_(std::move(root)) {}
InputArchive::InputArchive(InputArchive&&) noexcept = default;
InputArchive& InputArchive::operator=(InputArchive&&) noexcept = default;
InputArchive::~InputArchive() = default;

void InputArchive::assign(IValue root, std::optional<c10::Device> device) {
  check_device(device);
  root_ = std::move(root);
  hierarchy_prefix_.clear();
}
void InputArchive::load_from(const std::string& filename, std::optional<c10::Device> device) {
  assign(load_source(io::open_file(filename)), device);
}
void InputArchive::load_from(std::istream& stream, std::optional<c10::Device> device) {
  assign(load_source(io::read_stream(stream)), device);
}
void InputArchive::load_from(const char* data, size_t size, std::optional<c10::Device> device) {
  assign(load_source(io::borrow_memory(data, size)), device);
}
void InputArchive::load_from(const std::function<size_t(uint64_t, void*, size_t)>& read_func,
                             const std::function<size_t(void)>& size_func,
                             std::optional<c10::Device> device) {
  assign(load_source(io::from_callbacks(read_func, size_func())), device);
}

bool InputArchive::find(const std::string& key, IValue& value) const {
  c10::impl::GenericDict d;
  if (!items_of(root_, d)) return false;
  auto it = d.find(hierarchy_prefix_ + key);
  if (it == d.end()) return false;
  value = it->value();
  return true;
}

bool InputArchive::try_read(const std::string& key, IValue& value) { return find(key, value); }

void InputArchive::read(const std::string& key, IValue& value) {
  TORCH_CHECK(try_read(key, value), "No such serialized IValue '", hierarchy_prefix_, key, "'");
}

bool InputArchive::try_read(const std::string& key, at::Tensor& tensor, bool) {
  IValue v;
  if (!find(key, v) || !v.isTensor()) return false;
  if (tensor.defined())
    tensor.set_data(v.toTensor());
  else
    tensor = v.toTensor();
  return true;
}

void InputArchive::read(const std::string& key, at::Tensor& tensor, bool is_buffer) {
  TORCH_CHECK(try_read(key, tensor, is_buffer), "No such serialized tensor '", hierarchy_prefix_,
              key, "'");
}

bool InputArchive::try_read(const std::string& key, InputArchive& archive) {
  IValue v;
  if (find(key, v) && (v.isObject() || v.isGenericDict())) {
    archive.root_ = std::move(v);
    archive.hierarchy_prefix_.clear();
    return true;
  }
  c10::impl::GenericDict d;
  if (!items_of(root_, d)) return false;
  const std::string prefix = hierarchy_prefix_ + key + ".";
  for (const auto& e : d) {
    IValue k = e.key();
    if (!k.isString() || !starts_with(k.toStringRef(), prefix)) continue;
    IValue root = root_;
    archive.root_ = std::move(root);
    archive.hierarchy_prefix_ = prefix;
    return true;
  }
  return false;
}

void InputArchive::read(const std::string& key, InputArchive& archive) {
  if (try_read(key, archive)) return;
  // A flat dict does not show nested archives that are empty; what is missing in one is missed when
  // it is asked for.
  c10::impl::GenericDict d;
  TORCH_CHECK(!root_.isObject() && items_of(root_, d), "No such serialized submodule: '",
              hierarchy_prefix_, key, "'");
  IValue root = root_;
  std::string prefix = hierarchy_prefix_ + key + ".";
  archive.root_ = std::move(root);
  archive.hierarchy_prefix_ = std::move(prefix);
}

std::vector<std::string> InputArchive::keys() {
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  c10::impl::GenericDict d;
  if (!items_of(root_, d)) return out;
  for (const auto& e : d) {
    IValue k = e.key();
    if (!k.isString() || !starts_with(k.toStringRef(), hierarchy_prefix_)) continue;
    std::string key = k.toStringRef().substr(hierarchy_prefix_.size());
    // Of what a nested archive wrote, the nested archive's name.
    if (!root_.isObject()) key = key.substr(0, key.find('.'));
    if (seen.insert(key).second) out.push_back(std::move(key));
  }
  return out;
}

OutputArchive& operator<<(OutputArchive& archive, const at::Tensor& tensor) {
  archive.write("0", tensor);
  return archive;
}

InputArchive& operator>>(InputArchive& archive, at::Tensor& tensor) {
  if (archive.value().isTensor()) {
    if (tensor.defined())
      tensor.set_data(archive.value().toTensor());
    else
      tensor = archive.value().toTensor();
  } else {
    archive.read("0", tensor);
  }
  return archive;
}

}  // namespace serialize

namespace {
void save_value(const IValue& v, std::ostream& stream) {
  auto sink = io::stream_sink(stream);
  io::write_checkpoint(v, *sink);
}
}  // namespace

void save(const at::Tensor& tensor, const std::string& filename) {
  io::save_checkpoint(tensor, filename);
}
void save(const at::Tensor& tensor, std::ostream& stream) { save_value(tensor, stream); }
void save(const std::vector<at::Tensor>& tensors, const std::string& filename) {
  io::save_checkpoint(list_of(tensors), filename);
}
void save(const std::vector<at::Tensor>& tensors, std::ostream& stream) {
  save_value(list_of(tensors), stream);
}
void save(const IValue& value, const std::string& filename) {
  io::save_checkpoint(value, filename);
}
void save(const IValue& value, std::ostream& stream) { save_value(value, stream); }

void load(IValue& value, const std::string& filename) {
  value = load_source(io::open_file(filename));
}
void load(IValue& value, std::istream& stream) { value = load_source(io::read_stream(stream)); }
void load(std::vector<at::Tensor>& tensors, const std::string& filename,
          std::optional<c10::Device> device) {
  check_device(device);
  append_tensors(load_source(io::open_file(filename)), tensors);
}
void load(std::vector<at::Tensor>& tensors, std::istream& stream,
          std::optional<c10::Device> device) {
  check_device(device);
  append_tensors(load_source(io::read_stream(stream)), tensors);
}

}  // namespace torch

namespace pharos {

c10::IValue load(const std::string& filename, LoadOptions options) {
  io::ReadOptions read;
  read.in_place = options.map;
  return io::load_checkpoint(io::open_file(filename, options.map), read);
}

c10::IValue ordered_dict(const c10::Dict<c10::IValue, c10::IValue>& items) {
  return c10::ivalue::Object::create("collections.OrderedDict", items);
}

}  // namespace pharos
