// Errors, warnings and the assembly of their messages.
#include <pharos/core/exception.h>

#include <pharos/core/array_ref.h>
#include <pharos/core/scalar.h>
#include <pharos/core/tensor_options.h>

#include <atomic>
#include <cstdio>
#include <sstream>
#include <utility>

namespace c10 {

Error::Error(std::string msg) : msg_(std::move(msg)), what_(msg_) {}
Error::Error(SourceLocation, std::string msg) : Error(std::move(msg)) {}
Error::Error(const Error&) = default;
Error& Error::operator=(const Error&) = default;
Error::~Error() = default;

void Error::add_context(const std::string& line) {
  const std::string added = "\n  " + line;
  // A call that was handed over with boxed arguments passes its operator twice.
  if (context_.size() >= added.size() &&
      context_.compare(context_.size() - added.size(), added.size(), added) == 0)
    return;
  context_ += added;
  what_ = msg_ + context_;
}

#define PHAROS_ERROR_KIND(Name, Base)                   \
  Name::Name(std::string msg) : Base(std::move(msg)) {} \
  Name::Name(const Name&) = default;                    \
  Name::~Name() = default;
PHAROS_ERROR_KIND(IndexError, Error)
PHAROS_ERROR_KIND(ValueError, Error)
PHAROS_ERROR_KIND(TypeError, Error)
PHAROS_ERROR_KIND(NotImplementedError, Error)
PHAROS_ERROR_KIND(OutOfMemoryError, Error)
PHAROS_ERROR_KIND(LinAlgError, Error)
PHAROS_ERROR_KIND(DistBackendError, Error)
#undef PHAROS_ERROR_KIND

Warning::Warning(UserWarning, SourceLocation source_location, std::string msg, bool verbatim)
    : source_location_(source_location),
      msg_(std::move(msg)),
      verbatim_(verbatim),
      deprecation_(false) {}
Warning::Warning(DeprecationWarning, SourceLocation source_location, std::string msg, bool verbatim)
    : source_location_(source_location),
      msg_(std::move(msg)),
      verbatim_(verbatim),
      deprecation_(true) {}
Warning::Warning(const Warning&) = default;
Warning::~Warning() = default;

WarningHandler::~WarningHandler() = default;
void WarningHandler::process(const Warning& warning) {
  const SourceLocation& at = warning.source_location();
  std::fprintf(stderr, "[W %s:%u] Warning: %s\n", at.file, at.line, warning.msg().c_str());
}

namespace {
// Null stands for the handler that writes to standard error: it needs no object that could die
// before the last warning.
std::atomic<WarningHandler*> warning_handler{nullptr};
std::atomic<bool> warn_always{false};

WarningHandler& first_handler() {
  static WarningHandler* handler = new WarningHandler;
  return *handler;
}
}  // namespace

namespace WarningUtils {
void set_warning_handler(WarningHandler* handler) noexcept { warning_handler = handler; }
WarningHandler* get_warning_handler() noexcept {
  WarningHandler* handler = warning_handler;
  return handler ? handler : &first_handler();
}
void set_warnAlways(bool setting) noexcept { warn_always = setting; }
bool get_warnAlways() noexcept { return warn_always; }
}  // namespace WarningUtils

void warn(const Warning& warning) { WarningUtils::get_warning_handler()->process(warning); }
void warn(const std::string& msg, const char* file, int line) {
  warn(Warning(UserWarning(), {"", file, static_cast<uint32_t>(line)}, msg, false));
}

std::ostream& operator<<(std::ostream& out, IntArrayRef v) {
  out << '[';
  for (size_t i = 0; i < v.size(); ++i) out << (i ? ", " : "") << v[i];
  return out << ']';
}

}  // namespace c10

namespace pharos {

Message::Message() : impl_(new std::ostringstream) {}
Message::~Message() { delete static_cast<std::ostringstream*>(impl_); }
std::ostream& Message::stream() { return *static_cast<std::ostringstream*>(impl_); }
std::string Message::take() { return static_cast<std::ostringstream*>(impl_)->str(); }

#define PHAROS_PIECE(T)               \
  Message& Message::operator<<(T v) { \
    stream() << v;                    \
    return *this;                     \
  }
PHAROS_PIECE(const char*)
PHAROS_PIECE(char)
PHAROS_PIECE(const std::string&)
PHAROS_PIECE(bool)
PHAROS_PIECE(int)
PHAROS_PIECE(unsigned)
PHAROS_PIECE(long)
PHAROS_PIECE(unsigned long)
PHAROS_PIECE(long long)
PHAROS_PIECE(unsigned long long)
PHAROS_PIECE(float)
PHAROS_PIECE(double)
PHAROS_PIECE(const void*)
PHAROS_PIECE(c10::ScalarType)
PHAROS_PIECE(c10::DeviceType)
PHAROS_PIECE(c10::Layout)
PHAROS_PIECE(c10::MemoryFormat)
PHAROS_PIECE(const c10::Device&)
PHAROS_PIECE(const c10::Scalar&)
PHAROS_PIECE(c10::ArrayRef<int64_t>)
#undef PHAROS_PIECE

void throw_error(ErrorKind kind, std::string msg) {
  switch (kind) {
    case ErrorKind::Index:
      throw c10::IndexError(std::move(msg));
    case ErrorKind::Value:
      throw c10::ValueError(std::move(msg));
    case ErrorKind::Type:
      throw c10::TypeError(std::move(msg));
    case ErrorKind::NotImplemented:
      throw c10::NotImplementedError(std::move(msg));
    case ErrorKind::OutOfMemory:
      throw c10::OutOfMemoryError(std::move(msg));
    case ErrorKind::LinAlg:
      throw c10::LinAlgError(std::move(msg));
    case ErrorKind::Error:
      break;
  }
  throw c10::Error(std::move(msg));
}

void throw_check_failure(ErrorKind kind, const char* cond, const char* file, int line) {
  throw_error(kind,
              message("Expected ", cond, " to be true, but got false. (", file, ":", line, ")"));
}

void throw_internal_assert(const char* cond, const char* file, int line, const std::string& msg) {
  throw_error(ErrorKind::Error,
              message(cond, " INTERNAL ASSERT FAILED at \"", file, "\":", line, ". ", msg));
}

}  // namespace pharos
