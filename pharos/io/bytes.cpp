// Byte sources and sinks. The atomic file follows the order that survives a crash at any instant:
// write a new file, fsync it, rename it over the old one, fsync the folder.
#include "io/bytes.h"

#include <fcntl.h>
#include <pharos/core/exception.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <istream>
#include <ostream>

namespace pharos::io {
namespace {

std::string system_reason() { return std::strerror(errno); }

class FileSource final : public ByteSource {
 public:
  FileSource(const std::string& path, int fd, uint64_t size, bool map)
      : ByteSource(path, size), fd_(fd) {
    if (!map || size == 0) return;
    void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (p != MAP_FAILED) data_ = static_cast<const char*>(p);
  }
  ~FileSource() override {
    if (data_) ::munmap(const_cast<char*>(data_), size_);
    ::close(fd_);
  }

 private:
  void read_some(uint64_t offset, void* out, size_t n) const override {
    char* p = static_cast<char*>(out);
    while (n > 0) {
      ssize_t got =
          ::pread(fd_, p, std::min<size_t>(n, size_t{1} << 30), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      TORCH_CHECK(got >= 0, "cannot read ", name_, ": ", system_reason());
      TORCH_CHECK(got > 0, "cannot read ", name_, ": the file became shorter while it was read");
      p += got;
      n -= static_cast<size_t>(got);
      offset += static_cast<uint64_t>(got);
    }
  }
  int fd_;
};

class MemorySource final : public ByteSource {
 public:
  MemorySource(const void* data, size_t n) : ByteSource("memory", n) {
    data_ = static_cast<const char*>(data);
  }
  explicit MemorySource(std::vector<char> bytes)
      : ByteSource("memory", bytes.size()), bytes_(std::move(bytes)) {
    data_ = bytes_.data();
  }

 private:
  std::vector<char> bytes_;
};

class CallbackSource final : public ByteSource {
 public:
  CallbackSource(std::function<size_t(uint64_t, void*, size_t)> read, uint64_t size)
      : ByteSource("the given reader", size), read_(std::move(read)) {}

 private:
  void read_some(uint64_t offset, void* out, size_t n) const override {
    char* p = static_cast<char*>(out);
    while (n > 0) {
      size_t got = read_(offset, p, n);
      TORCH_CHECK(got > 0 && got <= n, "the reader function returned ", got, " bytes where up to ",
                  n, " were asked for at offset ", offset);
      p += got;
      n -= got;
      offset += got;
    }
  }
  std::function<size_t(uint64_t, void*, size_t)> read_;
};

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// A link is followed, so that the file it names is replaced and not the link.
std::string resolve_links(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  if (!real) return path;
  std::string r(real);
  ::free(real);
  return r;
}

class AtomicFile final : public ByteSink {
 public:
  explicit AtomicFile(const std::string& path) : path_(resolve_links(path)) {
    struct stat st;
    bool exists = ::stat(path_.c_str(), &st) == 0;
    TORCH_CHECK(!exists || !S_ISDIR(st.st_mode), "cannot write ", path_, ": it is a folder");
    // Devices and pipes cannot be replaced by renaming; they are written straight.
    if (exists && !S_ISREG(st.st_mode)) {
      fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
      TORCH_CHECK(fd_ >= 0, "cannot write ", path_, ": ", system_reason());
      return;
    }
    static std::atomic<uint64_t> counter{0};
    for (int attempt = 0; fd_ < 0 && attempt < 100; ++attempt) {
      temporary_ = path_ + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter++);
      fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd_ < 0 && errno != EEXIST) break;
    }
    if (fd_ < 0) {
      temporary_.clear();
      TORCH_CHECK(false, "cannot write ", path_, ": ", system_reason());
    }
    if (exists) (void)::fchmod(fd_, st.st_mode & 07777);
  }

  ~AtomicFile() override {
    if (fd_ >= 0) ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  void write(const void* data, size_t n) override {
    const char* p = static_cast<const char*>(data);
    while (n > 0) {
      ssize_t put = ::write(fd_, p, std::min<size_t>(n, size_t{1} << 30));
      if (put < 0 && errno == EINTR) continue;
      TORCH_CHECK(put > 0, "cannot write ", path_, ": ", system_reason());
      p += put;
      n -= static_cast<size_t>(put);
    }
  }

  void close() override {
    if (temporary_.empty()) {
      int fd = fd_;
      fd_ = -1;
      TORCH_CHECK(::close(fd) == 0, "cannot write ", path_, ": ", system_reason());
      return;
    }
    TORCH_CHECK(::fsync(fd_) == 0, "cannot write ", path_, ": ", system_reason());
    int fd = fd_;
    fd_ = -1;
    TORCH_CHECK(::close(fd) == 0, "cannot write ", path_, ": ", system_reason());
    TORCH_CHECK(::rename(temporary_.c_str(), path_.c_str()) == 0, "cannot replace ", path_, ": ",
                system_reason());
    temporary_.clear();
    // Some file systems refuse to sync a folder; the file itself is whole either way.
    int dir = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
      (void)::fsync(dir);
      ::close(dir);
    }
  }

 private:
  std::string path_, temporary_;
  int fd_ = -1;
};

class VectorSink final : public ByteSink {
 public:
  explicit VectorSink(std::vector<char>& out) : out_(out) {}
  void write(const void* data, size_t n) override {
    const char* p = static_cast<const char*>(data);
    out_.insert(out_.end(), p, p + n);
  }
  void close() override {}

 private:
  std::vector<char>& out_;
};

class StreamSink final : public ByteSink {
 public:
  explicit StreamSink(std::ostream& out) : out_(out) {}
  void write(const void* data, size_t n) override {
    out_.write(static_cast<const char*>(data), static_cast<std::streamsize>(n));
    TORCH_CHECK(out_.good(), "cannot write to the stream");
  }
  void close() override {
    out_.flush();
    TORCH_CHECK(out_.good(), "cannot write to the stream");
  }

 private:
  std::ostream& out_;
};

class CallbackSink final : public ByteSink {
 public:
  explicit CallbackSink(std::function<size_t(const void*, size_t)> write)
      : write_(std::move(write)) {}
  void write(const void* data, size_t n) override {
    if (n == 0) return;
    size_t took = write_(data, n);
    TORCH_CHECK(took == n, "the writer function took ", took, " of ", n, " bytes");
  }
  void close() override {}

 private:
  std::function<size_t(const void*, size_t)> write_;
};

}  // namespace

ByteSource::~ByteSource() = default;
ByteSink::~ByteSink() = default;

void ByteSource::read(uint64_t offset, void* out, size_t n) const {
  TORCH_CHECK(offset <= size_ && n <= size_ - offset, "cannot read ", n, " bytes at offset ",
              offset, " of ", name_, ", which has ", size_, " bytes");
  if (n > 0) read_some(offset, out, n);
}

void ByteSource::read_some(uint64_t offset, void* out, size_t n) const {
  std::memcpy(out, data_ + offset, n);
}

std::shared_ptr<ByteSource> open_file(const std::string& path, bool map) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  TORCH_CHECK(fd >= 0, "cannot open ", path, ": ", system_reason());
  struct stat st;
  bool regular = ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  if (!regular) ::close(fd);
  TORCH_CHECK(regular, "cannot open ", path, ": it is not a regular file");
  return std::make_shared<FileSource>(path, fd, static_cast<uint64_t>(st.st_size), map);
}

std::shared_ptr<ByteSource> borrow_memory(const void* data, size_t n) {
  return std::make_shared<MemorySource>(data, n);
}

std::shared_ptr<ByteSource> own_memory(std::vector<char> bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

std::shared_ptr<ByteSource> read_stream(std::istream& in, uint64_t max_bytes) {
  std::vector<char> bytes;
  constexpr size_t kChunk = size_t{1} << 20;
  while (in.good()) {
    size_t old = bytes.size();
    bytes.resize(old + kChunk);
    in.read(bytes.data() + old, kChunk);
    bytes.resize(old + static_cast<size_t>(in.gcount()));
    TORCH_CHECK(bytes.size() <= max_bytes, "the stream is longer than ", max_bytes, " bytes");
  }
  TORCH_CHECK(!in.bad(), "cannot read the stream");
  return own_memory(std::move(bytes));
}

std::shared_ptr<ByteSource> from_callbacks(std::function<size_t(uint64_t, void*, size_t)> read,
                                           uint64_t size) {
  return std::make_shared<CallbackSource>(std::move(read), size);
}

std::unique_ptr<ByteSink> atomic_file(const std::string& path) {
  return std::make_unique<AtomicFile>(path);
}
std::unique_ptr<ByteSink> vector_sink(std::vector<char>& out) {
  return std::make_unique<VectorSink>(out);
}
std::unique_ptr<ByteSink> stream_sink(std::ostream& out) {
  return std::make_unique<StreamSink>(out);
}
std::unique_ptr<ByteSink> callback_sink(std::function<size_t(const void*, size_t)> write) {
  return std::make_unique<CallbackSink>(std::move(write));
}

}  // namespace pharos::io
