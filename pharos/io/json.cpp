// JSON text; strings that are no UTF-8 get U+FFFD where they are not.
#include "io/json.h"

#include <charconv>
#include <cmath>

namespace pharos::io {
namespace {

// Length of the UTF-8 sequence at s[i], 0 where there is none.
size_t sequence(const std::string& s, size_t i) {
  auto at = [&](size_t k) { return static_cast<unsigned char>(s[i + k]); };
  unsigned char c = at(0);
  size_t n = c < 0x80                ? 1
             : c >= 0xc2 && c < 0xe0 ? 2
             : c >= 0xe0 && c < 0xf0 ? 3
             : c >= 0xf0 && c < 0xf5 ? 4
                                     : 0;
  if (n == 0 || n > s.size() - i) return 0;
  for (size_t k = 1; k < n; ++k)
    if ((at(k) & 0xc0) != 0x80) return 0;
  if ((c == 0xe0 && at(1) < 0xa0) || (c == 0xed && at(1) > 0x9f) || (c == 0xf0 && at(1) < 0x90) ||
      (c == 0xf4 && at(1) > 0x8f))
    return 0;
  return n;
}

}  // namespace

void JsonWriter::new_line() {
  if (indent_ < 0) return;
  out_ += '\n';
  out_.append(levels_.size() * static_cast<size_t>(indent_), ' ');
}

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  Level& l = levels_.back();
  if (!l.empty) out_ += l.one_line || indent_ < 0 ? ", " : ",";
  if (!l.one_line) new_line();
  l.empty = false;
}

void JsonWriter::open(char c) {
  before_value();
  out_ += c;
  levels_.push_back({});
}

void JsonWriter::begin_list(bool one_line) {
  open('[');
  levels_.back().one_line = one_line;
}

void JsonWriter::close(char c) {
  Level l = levels_.back();
  levels_.pop_back();
  if (!l.empty && !l.one_line) new_line();
  out_ += c;
}

void JsonWriter::key(const std::string& k) {
  before_value();
  quote(k);
  out_ += ": ";
  after_key_ = true;
}

void JsonWriter::raw(const std::string& s) {
  before_value();
  out_ += s;
}

void JsonWriter::string(const std::string& s) {
  before_value();
  quote(s);
}

void JsonWriter::real(double v) {
  if (std::isnan(v)) return string("nan");
  if (std::isinf(v)) return string(v > 0 ? "inf" : "-inf");
  char b[40];
  char* end = std::to_chars(b, b + sizeof b, v).ptr;
  std::string s(b, end);
  if (s.find_first_of(".e") == std::string::npos) s += ".0";
  raw(s);
}

void JsonWriter::quote(const std::string& s) {
  static const char kHex[] = "0123456789abcdef";
  out_ += '"';
  for (size_t i = 0; i < s.size();) {
    unsigned char c = static_cast<unsigned char>(s[i]);
    size_t n = sequence(s, i);
    if (n == 0) {
      out_ += "\xef\xbf\xbd";
      n = 1;
    } else if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += s[i];
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      out_ += "\\u00";
      out_ += kHex[c >> 4];
      out_ += kHex[c & 15];
    } else {
      out_.append(s, i, n);
    }
    i += n;
  }
  out_ += '"';
}

}  // namespace pharos::io
