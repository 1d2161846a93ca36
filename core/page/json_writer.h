// A JSON text, written from its beginning to its end: for large tables of numbers, each with as many digits as are
// worth something.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  // The name of the value that follows.
  void key(std::string_view name);

  void text(std::string_view value);  // bytes that are no UTF-8 become U+FFFD
  void integer(std::int64_t value);
  void logical(bool value);
  void null();
  // `digits` significant ones; what is no finite number becomes null.
  void number(double value, int digits);
  // With so many digits behind the point.
  void fixed(double value, int decimals);

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  void member(std::string_view name, const char* value) { key(name), text(value); }
  void member(std::string_view name, const std::string& value) { key(name), text(value); }
  void member(std::string_view name, bool value) { key(name), logical(value); }
  void member(std::string_view name, std::int64_t value) { key(name), integer(value); }
  void member(std::string_view name, int value) { key(name), integer(value); }
  void member(std::string_view name, double value, int digits) { key(name), number(value, digits); }

  // The whole text, once everything that was begun has ended.
  std::string take() { return std::move(out_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void before_value();
  std::string out_;
  bool first_ = true;
};

}  // namespace brickline
