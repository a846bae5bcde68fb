// c10::Error and its family, TORCH_CHECK and TORCH_WARN. Messages are assembled out of line from
// typed pieces, so that a check costs its user one branch and no stream header.
#pragma once

#include <pharos/core/macros.h>

#include <cstdint>
#include <exception>
#include <iosfwd>
#include <string>
#include <type_traits>

namespace at {
class Tensor;
}

namespace c10 {

struct Device;
class Scalar;
template <typename T>
class ArrayRef;
enum class ScalarType : int8_t;
enum class DeviceType : int8_t;
enum class Layout : int8_t;
enum class MemoryFormat : int8_t;

struct SourceLocation {
  const char* function;
  const char* file;
  uint32_t line;
};

// The error every check throws. `what()` is the message followed by the context lines that were
// added while unwinding (operator, module path); `what_without_backtrace()` has them too, `msg()`
// does not.
class PHAROS_API Error : public std::exception {
 public:
  explicit Error(std::string msg);
  Error(SourceLocation source_location, std::string msg);
  Error(const Error&);
  Error& operator=(const Error&);
  ~Error() override;
  const char* what() const noexcept override { return what_.c_str(); }
  const char* what_without_backtrace() const noexcept { return what_.c_str(); }
  const std::string& msg() const { return msg_; }
  const std::string& context() const { return context_; }
  void add_context(const std::string& line);

 private:
  std::string msg_, context_, what_;
};

#define PHAROS_ERROR_KIND(Name, Base)   \
  class PHAROS_API Name : public Base { \
   public:                              \
    using Base::Base;                   \
    explicit Name(std::string msg);     \
    Name(const Name&);                  \
    ~Name() override;                   \
  };
PHAROS_ERROR_KIND(IndexError, Error)
PHAROS_ERROR_KIND(ValueError, Error)
PHAROS_ERROR_KIND(TypeError, Error)
PHAROS_ERROR_KIND(NotImplementedError, Error)
PHAROS_ERROR_KIND(OutOfMemoryError, Error)
PHAROS_ERROR_KIND(LinAlgError, Error)
PHAROS_ERROR_KIND(DistBackendError, Error)
#undef PHAROS_ERROR_KIND

}  // namespace c10

namespace pharos {

// Collects the pieces of a message. Every overload is out of line; types outside the list print
// through their own ostream operator (the user's header brings <ostream> then).
class PHAROS_API Message {
 public:
  Message();
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  Message& operator<<(const char* s);
  Message& operator<<(char c);
  Message& operator<<(const std::string& s);
  Message& operator<<(bool v);
  Message& operator<<(int v);
  Message& operator<<(unsigned v);
  Message& operator<<(long v);
  Message& operator<<(unsigned long v);
  Message& operator<<(long long v);
  Message& operator<<(unsigned long long v);
  Message& operator<<(float v);
  Message& operator<<(double v);
  Message& operator<<(const void* v);
  Message& operator<<(c10::ScalarType v);
  Message& operator<<(c10::DeviceType v);
  Message& operator<<(c10::Layout v);
  Message& operator<<(c10::MemoryFormat v);
  Message& operator<<(const c10::Device& v);
  Message& operator<<(const c10::Scalar& v);
  Message& operator<<(c10::ArrayRef<int64_t> v);
  Message& operator<<(const at::Tensor& v);
  template <typename T,
            typename = decltype(std::declval<std::ostream&>() << std::declval<const T&>()),
            typename = std::enable_if_t<!std::is_arithmetic_v<T> && !std::is_pointer_v<T> &&
                                        !std::is_convertible_v<const T&, std::string> &&
                                        !std::is_convertible_v<const T&, c10::ArrayRef<int64_t>>>>
  Message& operator<<(const T& v) {
    stream() << v;
    return *this;
  }
  std::string take();

 private:
  std::ostream& stream();
  void* impl_;
};

// What a piece of a message is passed as: literals of all lengths as one type, numbers by value.
// Programs have thousands of messages, and few combinations of these.
template <typename T>
using Piece = std::conditional_t<std::is_array_v<T>, const std::remove_extent_t<T>*,
                                 std::conditional_t<std::is_scalar_v<T>, T, const T&>>;
template <typename... P>
PHAROS_COLD std::string message_of(P... pieces) {
  Message m;
  (void)(m << ... << pieces);
  return m.take();
}
template <typename... Args>
C10_ALWAYS_INLINE std::string message(const Args&... args) {
  return message_of<Piece<Args>...>(args...);
}

enum class ErrorKind : int { Error, Index, Value, Type, NotImplemented, OutOfMemory, LinAlg };
[[noreturn]] PHAROS_API void throw_error(ErrorKind kind, std::string msg);
[[noreturn]] PHAROS_API void throw_check_failure(ErrorKind kind, const char* cond, const char* file,
                                                 int line);
[[noreturn]] PHAROS_API void throw_internal_assert(const char* cond, const char* file, int line,
                                                   const std::string& msg);

template <typename... P>
[[noreturn]] PHAROS_COLD void throw_message(ErrorKind kind, P... pieces) {
  throw_error(kind, message_of<P...>(pieces...));
}
template <typename... Args>
[[noreturn]] C10_ALWAYS_INLINE void throw_check(ErrorKind kind, const char* cond, const char* file,
                                                int line, const Args&... args) {
  if constexpr (sizeof...(Args) == 0) {
    throw_check_failure(kind, cond, file, line);
  } else {
    throw_message<Piece<Args>...>(kind, args...);
  }
}

}  // namespace pharos

#define PHAROS_CHECK_KIND(kind, cond, ...)                                                        \
  do {                                                                                            \
    if (PHAROS_UNLIKELY(!(cond)))                                                                 \
      ::pharos::throw_check(::pharos::ErrorKind::kind, #cond, __FILE__, __LINE__, ##__VA_ARGS__); \
  } while (false)

#define TORCH_CHECK(cond, ...) PHAROS_CHECK_KIND(Error, cond, ##__VA_ARGS__)
#define TORCH_CHECK_INDEX(cond, ...) PHAROS_CHECK_KIND(Index, cond, ##__VA_ARGS__)
#define TORCH_CHECK_VALUE(cond, ...) PHAROS_CHECK_KIND(Value, cond, ##__VA_ARGS__)
#define TORCH_CHECK_TYPE(cond, ...) PHAROS_CHECK_KIND(Type, cond, ##__VA_ARGS__)
#define TORCH_CHECK_NOT_IMPLEMENTED(cond, ...) \
  PHAROS_CHECK_KIND(NotImplemented, cond, ##__VA_ARGS__)
#define TORCH_CHECK_LINALG(cond, ...) PHAROS_CHECK_KIND(LinAlg, cond, ##__VA_ARGS__)
#define TORCH_CHECK_ARG(cond, argN, ...) \
  TORCH_CHECK(cond, "invalid argument ", argN, ": ", ##__VA_ARGS__)
#define TORCH_CHECK_EQ(a, b) \
  TORCH_CHECK((a) == (b), "Check failed: " #a " == " #b " (", (a), " vs. ", (b), ")")
#define TORCH_CHECK_NE(a, b) \
  TORCH_CHECK((a) != (b), "Check failed: " #a " != " #b " (", (a), " vs. ", (b), ")")
#define TORCH_CHECK_LT(a, b) \
  TORCH_CHECK((a) < (b), "Check failed: " #a " < " #b " (", (a), " vs. ", (b), ")")
#define TORCH_CHECK_LE(a, b) \
  TORCH_CHECK((a) <= (b), "Check failed: " #a " <= " #b " (", (a), " vs. ", (b), ")")
#define TORCH_CHECK_GT(a, b) \
  TORCH_CHECK((a) > (b), "Check failed: " #a " > " #b " (", (a), " vs. ", (b), ")")
#define TORCH_CHECK_GE(a, b) \
  TORCH_CHECK((a) >= (b), "Check failed: " #a " >= " #b " (", (a), " vs. ", (b), ")")
#define TORCH_INTERNAL_ASSERT(cond, ...)                                  \
  do {                                                                    \
    if (PHAROS_UNLIKELY(!(cond)))                                         \
      ::pharos::throw_internal_assert(#cond, __FILE__, __LINE__,          \
                                      ::pharos::message("" __VA_ARGS__)); \
  } while (false)
#ifdef NDEBUG
#define TORCH_INTERNAL_ASSERT_DEBUG_ONLY(cond, ...) \
  do {                                              \
  } while (false)
#else
#define TORCH_INTERNAL_ASSERT_DEBUG_ONLY(...) TORCH_INTERNAL_ASSERT(__VA_ARGS__)
#endif
#define AT_ERROR(...) \
  ::pharos::throw_error(::pharos::ErrorKind::Error, ::pharos::message(__VA_ARGS__))
#define AT_ASSERT(cond) TORCH_INTERNAL_ASSERT(cond)
#define AT_ASSERTM(cond, ...) TORCH_CHECK(cond, ##__VA_ARGS__)
#define AT_CHECK(cond, ...) TORCH_CHECK(cond, ##__VA_ARGS__)

namespace c10 {

class PHAROS_API Warning {
 public:
  struct UserWarning {};
  struct DeprecationWarning {};
  Warning(UserWarning type, SourceLocation source_location, std::string msg, bool verbatim);
  Warning(DeprecationWarning type, SourceLocation source_location, std::string msg, bool verbatim);
  ~Warning();
  Warning(const Warning&);
  const SourceLocation& source_location() const { return source_location_; }
  const std::string& msg() const { return msg_; }
  bool verbatim() const { return verbatim_; }
  bool deprecation() const { return deprecation_; }

 private:
  SourceLocation source_location_;
  std::string msg_;
  bool verbatim_, deprecation_;
};
using UserWarning = Warning::UserWarning;
using DeprecationWarning = Warning::DeprecationWarning;

// Warnings go to the handler that was set last; the one there is at first writes to standard error.
class PHAROS_API WarningHandler {
 public:
  virtual ~WarningHandler();
  virtual void process(const Warning& warning);
};
PHAROS_API void warn(const Warning& warning);
PHAROS_API void warn(const std::string& msg, const char* file, int line);

namespace WarningUtils {

// The handler must live until another one is set; null restores the first.
PHAROS_API void set_warning_handler(WarningHandler* handler) noexcept;
PHAROS_API WarningHandler* get_warning_handler() noexcept;

class PHAROS_API WarningHandlerGuard {
 public:
  explicit WarningHandlerGuard(WarningHandler* handler) : previous_(get_warning_handler()) {
    set_warning_handler(handler);
  }
  WarningHandlerGuard(const WarningHandlerGuard&) = delete;
  WarningHandlerGuard& operator=(const WarningHandlerGuard&) = delete;
  ~WarningHandlerGuard() { set_warning_handler(previous_); }

 private:
  WarningHandler* previous_;
};

// Whether TORCH_WARN_ONCE warns every time.
PHAROS_API void set_warnAlways(bool setting) noexcept;
PHAROS_API bool get_warnAlways() noexcept;

struct PHAROS_API WarnAlways {
  explicit WarnAlways(bool setting = true) : previous_(get_warnAlways()) {
    set_warnAlways(setting);
  }
  WarnAlways(const WarnAlways&) = delete;
  WarnAlways& operator=(const WarnAlways&) = delete;
  ~WarnAlways() { set_warnAlways(previous_); }

 private:
  bool previous_;
};

}  // namespace WarningUtils
}  // namespace c10

#define TORCH_WARN(...) ::c10::warn(::pharos::message(__VA_ARGS__), __FILE__, __LINE__)
#define TORCH_WARN_DEPRECATION(...)                                                 \
  ::c10::warn(::c10::Warning(::c10::DeprecationWarning(),                           \
                             {__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, \
                             ::pharos::message(__VA_ARGS__), false))
#define TORCH_WARN_ONCE(...)                                              \
  do {                                                                    \
    if (::c10::WarningUtils::get_warnAlways()) {                          \
      TORCH_WARN(__VA_ARGS__);                                            \
    } else {                                                              \
      static const bool pharos_warned_ = (TORCH_WARN(__VA_ARGS__), true); \
      (void)pharos_warned_;                                               \
    }                                                                     \
  } while (false)
// Usage is not counted.
#define C10_LOG_API_USAGE_ONCE(...) ((void)0)
#define C10_THROW_ERROR(err_type, msg) \
  throw ::c10::err_type({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, msg)
