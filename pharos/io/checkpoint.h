// PyTorch's file: a zip archive with a pickle of the values and one record per storage. Reads what
// torch.save, torch.jit.save and LibTorch write; writes what torch.save does.
#pragma once

#include "io/pickle.h"
#include "io/zip.h"

namespace pharos::io {

struct ReadOptions {
  // Use a mapped file's bytes in place (copied on write) where they lie aligned.
  bool in_place = false;
  // Otherwise storages have their sizes but no buffers.
  bool load_data = true;
};

class CheckpointReader final : public PickleHost {
 public:
  explicit CheckpointReader(std::shared_ptr<ByteSource> source, ReadOptions options = {});
  // The value of data.pkl.
  IValue load();
  // The names of records other than storages and data.pkl, without the archive's name.
  std::vector<std::string> other_records() const;
  // Text of such a record.
  std::string record(const std::string& name) const;
  bool is_torchscript() const { return zip_.find(root_ + "/constants.pkl") != nullptr; }
  // The key of the record that a storage was read from; empty for others.
  std::string storage_key(const c10::StorageImpl* storage) const;

  IValue persistent_load(const IValue& id) override;

 private:
  struct Loaded {
    at::Storage storage;
    bool bools_checked = false;
  };
  const ZipEntry& entry(const std::string& name) const;
  at::Storage read_storage(const ZipEntry& e, c10::ScalarType dtype);
  at::Storage map_storage(const ZipEntry& e);

  ZipReader zip_;
  ReadOptions options_;
  std::string root_;
  bool swap_ = false;
  std::unordered_map<std::string, Loaded> loaded_;
  std::unordered_map<const c10::StorageImpl*, std::string> keys_;
};

// `root` is the folder that all records are in; PyTorch takes the file's name without its suffix.
void write_checkpoint(const IValue& v, ByteSink& sink, const std::string& root = "archive");
void save_checkpoint(const IValue& v, const std::string& path);
IValue load_checkpoint(std::shared_ptr<ByteSource> source, ReadOptions options = {});

}  // namespace pharos::io
