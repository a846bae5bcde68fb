// Where archive bytes come from and go to: files (positioned reads, optionally mapped), memory and
// callbacks on one side; atomically replaced files, vectors, streams and callbacks on the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace pharos::io {

// A readable run of bytes of known length. Reads are positioned, so several threads may share one.
class ByteSource {
 public:
  virtual ~ByteSource();
  uint64_t size() const { return size_; }
  // Names the source in messages: a path, or "memory".
  const std::string& name() const { return name_; }
  // Fills all n bytes or throws.
  void read(uint64_t offset, void* out, size_t n) const;
  // The bytes themselves where they are addressable (mapped or in memory), else null. They live as
  // long as the source.
  const char* data() const { return data_; }

 protected:
  ByteSource(std::string name, uint64_t size) : name_(std::move(name)), size_(size) {}
  virtual void read_some(uint64_t offset, void* out, size_t n) const;

  std::string name_;
  uint64_t size_ = 0;
  const char* data_ = nullptr;
};

// `map`: address the file's bytes (private, copy on write) instead of reading them. A mapped file
// that someone else truncates meanwhile kills the process on access, hence not the default.
std::shared_ptr<ByteSource> open_file(const std::string& path, bool map = false);
// Borrows: the caller keeps the bytes alive.
std::shared_ptr<ByteSource> borrow_memory(const void* data, size_t n);
std::shared_ptr<ByteSource> own_memory(std::vector<char> bytes);
// Reads the stream to its end; at most `max_bytes`.
std::shared_ptr<ByteSource> read_stream(std::istream& in, uint64_t max_bytes = UINT64_MAX);
std::shared_ptr<ByteSource> from_callbacks(
    std::function<size_t(uint64_t pos, void* buf, size_t n)> read, uint64_t size);

// Takes bytes in order. Nothing is final before close(); a sink destroyed without it leaves no
// trace where that is possible.
class ByteSink {
 public:
  virtual ~ByteSink();
  virtual void write(const void* data, size_t n) = 0;
  virtual void close() = 0;
};

// Writes a temporary file in the folder of `path`; close() makes it durable and renames it over
// `path`, so that at any instant `path` is the whole old file or the whole new one.
std::unique_ptr<ByteSink> atomic_file(const std::string& path);
std::unique_ptr<ByteSink> vector_sink(std::vector<char>& out);
std::unique_ptr<ByteSink> stream_sink(std::ostream& out);
// `write` returns how many bytes it took; fewer than offered is an error.
std::unique_ptr<ByteSink> callback_sink(std::function<size_t(const void*, size_t)> write);

}  // namespace pharos::io
