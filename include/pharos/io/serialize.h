// torch::save and torch::load, OutputArchive and InputArchive: values in PyTorch's own files. What
// is saved here opens in Python with torch.load(..., weights_only=True); Python's files and
// LibTorch's archives open here. Nothing in a file is ever executed.
#pragma once

#include <pharos/dispatch/ivalue.h>

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torch {

// A whole file in memory.
PHAROS_API std::vector<char> pickle_save(const c10::IValue& value);
PHAROS_API c10::IValue pickle_load(const std::vector<char>& data);

namespace serialize {

// Keys and values, saved as one OrderedDict. What a nested archive holds is written under the
// nested archive's key and a dot, so that a module's archive is its Python state_dict.
class PHAROS_API OutputArchive final {
 public:
  OutputArchive();
  OutputArchive(OutputArchive&&) noexcept;
  OutputArchive& operator=(OutputArchive&&) noexcept;
  ~OutputArchive();

  void write(const std::string& key, const c10::IValue& value);
  void write(const std::string& key, const at::Tensor& tensor, bool is_buffer = false);
  void write(const std::string& key, OutputArchive& nested_archive);
  // A file is replaced in one step: at any instant it is the old one or the new one.
  void save_to(const std::string& filename);
  void save_to(std::ostream& stream);
  void save_to(const std::function<size_t(const void*, size_t)>& func);
  template <typename... Ts>
  void operator()(Ts&&... ts) {
    write(std::forward<Ts>(ts)...);
  }
  // What will be saved: an ordered dict from keys to values.
  c10::IValue value() const;

 private:
  c10::Dict<c10::IValue, c10::IValue> items_;
};

// Reads archives, state_dicts, nested dicts and the object trees of LibTorch's own archives alike.
class PHAROS_API InputArchive final {
 public:
  InputArchive();
  explicit InputArchive(c10::IValue root);
  InputArchive(InputArchive&&) noexcept;
  InputArchive& operator=(InputArchive&&) noexcept;
  ~InputArchive();

  void read(const std::string& key, c10::IValue& value);
  bool try_read(const std::string& key, c10::IValue& value);
  void read(const std::string& key, at::Tensor& tensor, bool is_buffer = false);
  bool try_read(const std::string& key, at::Tensor& tensor, bool is_buffer = false);
  void read(const std::string& key, InputArchive& archive);
  bool try_read(const std::string& key, InputArchive& archive);
  void load_from(const std::string& filename, std::optional<c10::Device> device = std::nullopt);
  void load_from(std::istream& stream, std::optional<c10::Device> device = std::nullopt);
  void load_from(const char* data, size_t size, std::optional<c10::Device> device = std::nullopt);
  void load_from(const std::function<size_t(uint64_t pos, void* buf, size_t nbytes)>& read_func,
                 const std::function<size_t(void)>& size_func,
                 std::optional<c10::Device> device = std::nullopt);
  // Of this level; those of nested archives are not told.
  std::vector<std::string> keys();
  template <typename... Ts>
  void operator()(Ts&&... ts) {
    read(std::forward<Ts>(ts)...);
  }
  // Everything that was read.
  const c10::IValue& value() const { return root_; }

 private:
  void assign(c10::IValue root, std::optional<c10::Device> device);
  bool find(const std::string& key, c10::IValue& value) const;
  c10::IValue root_;
  std::string hierarchy_prefix_;  // "" or "layer." for a part of a flat dict
};

PHAROS_API OutputArchive& operator<<(OutputArchive& archive, const at::Tensor& tensor);
PHAROS_API InputArchive& operator>>(InputArchive& archive, at::Tensor& tensor);

}  // namespace serialize

// Modules and optimizers bring their own archive operators.
template <typename Value, typename... SaveToArgs,
          typename = decltype(std::declval<serialize::OutputArchive&>()
                              << std::declval<const Value&>())>
void save(const Value& value, SaveToArgs&&... args) {
  serialize::OutputArchive archive;
  archive << value;
  archive.save_to(std::forward<SaveToArgs>(args)...);
}
template <typename Value, typename... LoadFromArgs,
          typename = decltype(std::declval<serialize::InputArchive&>() >> std::declval<Value&>())>
void load(Value& value, LoadFromArgs&&... args) {
  serialize::InputArchive archive;
  archive.load_from(std::forward<LoadFromArgs>(args)...);
  archive >> value;
}

// In Python: a tensor, a list of tensors, the value.
PHAROS_API void save(const at::Tensor& tensor, const std::string& filename);
PHAROS_API void save(const at::Tensor& tensor, std::ostream& stream);
PHAROS_API void save(const std::vector<at::Tensor>& tensors, const std::string& filename);
PHAROS_API void save(const std::vector<at::Tensor>& tensors, std::ostream& stream);
PHAROS_API void save(const c10::IValue& value, const std::string& filename);
PHAROS_API void save(const c10::IValue& value, std::ostream& stream);

PHAROS_API void load(c10::IValue& value, const std::string& filename);
PHAROS_API void load(c10::IValue& value, std::istream& stream);
// Appends to `tensors`, as LibTorch does.
PHAROS_API void load(std::vector<at::Tensor>& tensors, const std::string& filename,
                     std::optional<c10::Device> device = std::nullopt);
PHAROS_API void load(std::vector<at::Tensor>& tensors, std::istream& stream,
                     std::optional<c10::Device> device = std::nullopt);

}  // namespace torch

namespace pharos {

struct LoadOptions {
  // Use the file's bytes in place (copy on write) instead of reading them. A mapped file must not
  // be truncated while its tensors live.
  bool map = false;
};
PHAROS_API c10::IValue load(const std::string& filename, LoadOptions options = {});

// An OrderedDict as Python's state_dict() gives it. Plain dicts are saved as dict.
PHAROS_API c10::IValue ordered_dict(const c10::Dict<c10::IValue, c10::IValue>& items);

}  // namespace pharos
