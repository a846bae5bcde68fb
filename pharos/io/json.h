// A small writer of JSON text: values in order, commas and indentation taken care of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pharos::io {

class JsonWriter {
 public:
  explicit JsonWriter(int indent) : indent_(indent) {}
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  // A list on one line, whatever the indentation, suits shapes.
  void begin_list(bool one_line = false);
  void end_list() { close(']'); }
  void key(const std::string& k);
  void string(const std::string& s);
  void integer(int64_t v) { raw(std::to_string(v)); }
  // "nan", "inf" and "-inf" as strings: JSON has no such numbers.
  void real(double v);
  void boolean(bool v) { raw(v ? "true" : "false"); }
  void null() { raw("null"); }
  // Text that is a JSON value already.
  void json(const std::string& text) { raw(text); }
  const std::string& text() const { return out_; }

 private:
  struct Level {
    bool empty = true, one_line = false;
  };
  void open(char c);
  void close(char c);
  void before_value();
  void new_line();
  void raw(const std::string& s);
  void quote(const std::string& s);

  int indent_;
  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace pharos::io
