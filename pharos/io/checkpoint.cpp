// The layout of PyTorch's zip files.
#include "io/checkpoint.h"

#include <pharos/core/exception.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "io/rebuild.h"

namespace pharos::io {
namespace {

constexpr int kNewestVersion = 10;

// Says what the file is instead, as far as its first bytes tell.
[[noreturn]] void refuse(const ByteSource& source) {
  char head[512] = {};
  source.read(0, head, static_cast<size_t>(std::min<uint64_t>(source.size(), sizeof head)));
  const std::string file = source.name();
  TORCH_CHECK(source.size() > 0, "cannot load ", file, ": it is empty");
  TORCH_CHECK_NOT_IMPLEMENTED(std::memcmp(head + 257, "ustar", 5) != 0, "cannot load ", file,
                              ": it is in PyTorch's legacy tar format (before 0.1.10)");
  // PROTO 2, LONG1 of 10 bytes: the magic number that such files begin with.
  TORCH_CHECK_NOT_IMPLEMENTED(
      std::memcmp(head, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19", 14) != 0, "cannot load ",
      file,
      ": it is in PyTorch's legacy pickle format (before 1.6, or _use_new_zipfile_serialization="
      "False)");
  TORCH_CHECK_NOT_IMPLEMENTED(static_cast<unsigned char>(head[0]) != 0x80, "cannot load ", file,
                              ": it is a plain pickle, not a PyTorch zip file");
  TORCH_CHECK_NOT_IMPLEMENTED(head[8] != '{' || head[7] != 0, "cannot load ", file,
                              ": it is a safetensors file, not a PyTorch zip file");
  TORCH_CHECK(false, "cannot load ", file, ": it is not a PyTorch zip file");
  __builtin_unreachable();
}

ZipReader open_zip(std::shared_ptr<ByteSource> source) {
  if (!ZipReader::looks_like_zip(*source)) refuse(*source);
  return ZipReader(std::move(source));
}

}  // namespace

CheckpointReader::CheckpointReader(std::shared_ptr<ByteSource> source, ReadOptions options)
    : zip_(open_zip(std::move(source))), options_(options) {
  const std::string file = zip_.source()->name();
  for (const ZipEntry& e : zip_.entries()) {
    size_t slash = e.name.find('/');
    if (slash != std::string::npos && e.name.compare(slash, std::string::npos, "/data.pkl") == 0)
      root_ = e.name.substr(0, slash);
  }
  TORCH_CHECK(!root_.empty(), "cannot load ", file,
              ": it is a zip file but no PyTorch file (it has no data.pkl)");
  if (const ZipEntry* e = zip_.find(root_ + "/byteorder")) {
    TORCH_CHECK(e->size <= 16, "cannot load ", file, ": its byte order is unknown");
    std::vector<char> text = zip_.read(*e);
    std::string order(text.begin(), text.end());
    TORCH_CHECK(order == "little" || order == "big", "cannot load ", file, ": its byte order '",
                order, "' is unknown");
    swap_ = order == "big";
  }
  const ZipEntry* e = zip_.find(root_ + "/version");
  if (!e) e = zip_.find(root_ + "/.data/version");
  if (e) {
    TORCH_CHECK(e->size <= 16, "cannot load ", file, ": its version is malformed");
    std::vector<char> text = zip_.read(*e);
    int version = 0;
    auto [p, ec] = std::from_chars(text.data(), text.data() + text.size(), version);
    TORCH_CHECK(ec == std::errc() && version >= 1, "cannot load ", file,
                ": its version is malformed");
    TORCH_CHECK(version <= kNewestVersion, "cannot load ", file, ": its format version ", version,
                " is newer than the newest known, ", kNewestVersion);
  }
}

const ZipEntry& CheckpointReader::entry(const std::string& name) const {
  const ZipEntry* e = zip_.find(root_ + "/" + name);
  TORCH_CHECK(e, "cannot load ", zip_.source()->name(), ": it has no record '", name, "'");
  return *e;
}

IValue CheckpointReader::load() {
  const ZipEntry& e = entry("data.pkl");
  std::vector<char> pickle = zip_.read(e);
  UnpickleLimits limits;
  // By the bytes in the file, so that a deflated pickle cannot ask for more.
  limits.budget = (uint64_t{64} << 20) + 128 * e.compressed_size;
  return unpickle(pickle.data(), pickle.size(), *this, limits);
}

std::vector<std::string> CheckpointReader::other_records() const {
  std::vector<std::string> names;
  for (const ZipEntry& e : zip_.entries()) {
    if (e.name.compare(0, root_.size() + 1, root_ + "/") != 0) continue;
    std::string name = e.name.substr(root_.size() + 1);
    if (name != "data.pkl" && name.compare(0, 5, "data/") != 0) names.push_back(std::move(name));
  }
  return names;
}

std::string CheckpointReader::record(const std::string& name) const {
  std::vector<char> v = zip_.read(entry(name));
  return std::string(v.begin(), v.end());
}

std::string CheckpointReader::storage_key(const c10::StorageImpl* storage) const {
  auto it = keys_.find(storage);
  return it == keys_.end() ? std::string() : it->second;
}

// ("storage", class, key, location, number of elements)
IValue CheckpointReader::persistent_load(const IValue& id) {
  const std::string file = zip_.source()->name();
  bool ok = id.isTuple() && id.toTupleRef().size() >= 5;
  TORCH_CHECK(ok, "cannot load ", file, ": it has a persistent id that is no storage");
  const auto& e = id.toTupleRef().elements();
  const std::string* cls = global_name(e[1]);
  TORCH_CHECK(
      e[0].isString() && e[0].toStringRef() == "storage" && cls && e[2].isString() && e[4].isInt(),
      "cannot load ", file, ": it has a persistent id that is no storage");
  c10::ScalarType dtype;
  TORCH_CHECK_NOT_IMPLEMENTED(dtype_of_storage_class(*cls, dtype), "cannot load ", file,
                              ": storages of class ", *cls, " are not supported");
  const std::string& key = e[2].toStringRef();
  const ZipEntry& record = entry("data/" + key);
  int64_t n = e[4].toInt();
  TORCH_CHECK(n >= 0 && static_cast<uint64_t>(n) <= record.size / c10::elementSize(dtype),
              "cannot load ", file, ": storage '", key, "' should hold ", n, " elements of ", dtype,
              " but its record has ", record.size, " bytes");
  auto it = loaded_.find(key);
  if (it == loaded_.end()) {
    it = loaded_.emplace(key, Loaded{read_storage(record, dtype)}).first;
    keys_[it->second.storage.unsafeGetStorageImpl()] = key;
  }
  Loaded& l = it->second;
  if (dtype == c10::ScalarType::Bool && !l.bools_checked) {
    if (l.storage.data()) normalise_bools(l.storage.mutable_data(), l.storage.nbytes());
    l.bools_checked = true;
  }
  return make_storage(l.storage, dtype);
}

at::Storage CheckpointReader::read_storage(const ZipEntry& e, c10::ScalarType dtype) {
  using Tag = at::Storage::use_byte_size_t;
  if (!options_.load_data)
    return at::Storage(Tag(), e.size, c10::DataPtr(nullptr, c10::Device(c10::DeviceType::CPU)));
  if (options_.in_place && !swap_)
    if (at::Storage s = map_storage(e)) return s;
  at::Storage s(Tag(), e.size, nullptr, true);
  void* data = s.unsafeGetStorageImpl()->data_;
  zip_.read(e, data);
  if (swap_) swap_bytes(data, e.size, dtype);
  return s;
}

at::Storage CheckpointReader::map_storage(const ZipEntry& e) {
  const char* p = zip_.view(e);
  // Kernels rely on the alignment that allocated storages have.
  if (!p || reinterpret_cast<uintptr_t>(p) % 64 != 0) return {};
  auto* keep = new std::shared_ptr<ByteSource>(zip_.source());
  c10::DataPtr data(
      const_cast<char*>(p), keep,
      [](void* k) { delete static_cast<std::shared_ptr<ByteSource>*>(k); },
      c10::Device(c10::DeviceType::CPU));
  at::Storage s(at::Storage::use_byte_size_t(), e.size, c10::DataPtr());
  c10::StorageImpl* impl = s.unsafeGetStorageImpl();
  impl->contents.store(0, std::memory_order_relaxed);  // nobody else has the mapping
  impl->replace_buffer(std::move(data), e.size);
  return s;
}

void write_checkpoint(const IValue& v, ByteSink& sink, const std::string& root) {
  std::unordered_map<const c10::StorageImpl*, size_t> numbers;
  std::vector<std::pair<at::Storage, c10::ScalarType>> storages;
  Pickler pickler([&](const at::Storage& s, c10::ScalarType dtype) {
    auto [it, fresh] = numbers.emplace(s.unsafeGetStorageImpl(), storages.size());
    if (fresh) storages.emplace_back(s, dtype);
    // Python's loader gives a record the type that it meets first, whatever the others say.
    TORCH_CHECK(
        storages[it->second].second == dtype,
        "Cannot save multiple tensors or storages that view the same data as different types: ",
        storages[it->second].second, " and ", dtype);
    TORCH_CHECK_NOT_IMPLEMENTED(s.device_type() == c10::DeviceType::CPU,
                                "cannot save a storage on device ", s.device());
    return std::to_string(it->second);
  });
  std::string pickle = pickler.dump(v);
  ZipWriter zip(sink);
  zip.add(root + "/data.pkl", pickle);
  zip.add(root + "/.format_version", "1");
  zip.add(root + "/.storage_alignment", "64");
  zip.add(root + "/byteorder", "little");
  for (size_t i = 0; i < storages.size(); ++i) {
    const at::Storage& s = storages[i].first;
    zip.add(root + "/data/" + std::to_string(i), s.data(), s.nbytes());
  }
  zip.add(root + "/version", "3\n");
  zip.add(root + "/.data/serialization_id", zip.fingerprint());
  zip.finish();
  sink.close();
}

void save_checkpoint(const IValue& v, const std::string& path) {
  std::string root = path.substr(path.rfind('/') + 1);
  root = root.substr(0, root.rfind('.'));
  // Names that the reader would refuse to see in an archive.
  if (root.empty() || root == "." || root == "..") root = "archive";
  auto sink = atomic_file(path);
  write_checkpoint(v, *sink, root);
}

IValue load_checkpoint(std::shared_ptr<ByteSource> source, ReadOptions options) {
  return CheckpointReader(std::move(source), options).load();
}

}  // namespace pharos::io
