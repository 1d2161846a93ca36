#include "core/refs/votable.h"

#include <expat.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/base/numbers.h"

namespace brickline {
namespace {

// Element names without the prefix of a namespace.
std::string_view local(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The rows of a BINARY2 stream, out of base64 that comes in pieces: in each, a bit per field that tells nulls, then the
// values, big-endian; arrays of variable length begin with their number of elements (VOTable 1.4, section 6).
class Binary2 {
 public:
  explicit Binary2(const std::vector<VotableField>& fields) {
    for (const VotableField& f : fields) {
      Form form;
      static constexpr std::pair<const char*, std::size_t> kSizes[] = {
          {"boolean", 1}, {"bit", 1},   {"unsignedByte", 1}, {"short", 2}, {"int", 4},
          {"long", 8},    {"float", 4}, {"double", 8},       {"char", 1},  {"unicodeChar", 2}};
      for (const auto& [name, size] : kSizes)
        if (f.datatype == name) form.size = size;
      form.type = f.datatype;
      form.variable = f.arraysize.ends_with('*');
      if (!form.variable && !f.arraysize.empty()) {
        const auto count = parse_int(f.arraysize);
        if (count && *count > 0 && *count < 1 << 20)
          form.count = static_cast<std::size_t>(*count);
        else
          form.size = 0;
      }
      if (f.arraysize.find('x') != std::string::npos || form.size == 0)
        throw input_error(
            "column {}: {} of arraysize '{}' in BINARY2 is not read: write the table as TABLEDATA",
            f.name.empty() ? f.id : f.name, f.datatype, f.arraysize);
      forms_.push_back(std::move(form));
    }
  }
  void add(std::string_view base64) {
    for (const char c : base64) {
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      const int value = digit(c);
      if (c != '=' && (value < 0 || padded_)) throw input_error("its BINARY2 data are no base64");
      if (c == '=') {
        padded_ = true;
        continue;
      }
      bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
      held_ += 6;
      if (held_ < 8) continue;
      held_ -= 8;
      bytes_.push_back(static_cast<char>(bits_ >> held_ & 0xff));
    }
  }
  bool has_much() const { return bytes_.size() >= std::size_t{1} << 18; }
  // All rows that are whole.
  template <typename F>
  void take_rows(const F& row) {
    std::size_t used = 0;
    while (const std::size_t length = parse(used)) {
      row(values_);
      used += length;
    }
    bytes_.erase(0, used);
  }
  void finish() const {
    if (!bytes_.empty()) throw input_error("its BINARY2 data end within a row");
  }

 private:
  struct Form {
    std::string type;
    std::size_t size = 0, count = 1;
    bool variable = false;
    std::size_t bytes(std::size_t values) const { return type == "bit" ? (values + 7) / 8 : values * size; }
  };

  static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  }
  template <typename T>
  static T number(const char* at) {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) v = v << 8 | static_cast<unsigned char>(at[i]);
    if constexpr (sizeof(T) == 8)
      return std::bit_cast<T>(v);
    else if constexpr (sizeof(T) == 4)
      return std::bit_cast<T>(static_cast<std::uint32_t>(v));
    else if constexpr (sizeof(T) == 2)
      return std::bit_cast<T>(static_cast<std::uint16_t>(v));
    else
      return std::bit_cast<T>(static_cast<std::uint8_t>(v));
  }
  static void add_value(const Form& form, const char* at, std::string& out) {
    const auto add = [&](auto v) { fmt::format_to(std::back_inserter(out), "{}", v); };
    if (form.type == "char") {
      if (*at) out += *at;
    } else if (form.type == "unicodeChar") {
      if (const auto c = number<std::uint16_t>(at)) out += c < 128 ? static_cast<char>(c) : '?';
    } else if (form.type == "boolean") {
      if (std::strchr("Tt1", *at) && *at) out += "true";
      if (std::strchr("Ff0", *at) && *at) out += "false";
    } else if (form.type == "unsignedByte") {
      add(static_cast<int>(number<std::uint8_t>(at)));
    } else if (form.type == "short") {
      add(number<std::int16_t>(at));
    } else if (form.type == "int") {
      add(number<std::int32_t>(at));
    } else if (form.type == "long") {
      add(number<std::int64_t>(at));
    } else if (form.type == "float") {
      add(number<float>(at));
    } else {
      add(number<double>(at));
    }
  }
  // The row that begins there, into values_; its length, 0 where it is not whole.
  std::size_t parse(std::size_t from) {
    const std::size_t mask = (forms_.size() + 7) / 8;
    std::size_t at = from + mask;
    if (at > bytes_.size()) return 0;
    values_.resize(forms_.size());
    for (std::size_t i = 0; i < forms_.size(); ++i) {
      const Form& form = forms_[i];
      std::size_t count = form.count;
      if (form.variable) {
        if (bytes_.size() - at < 4) return 0;
        count = number<std::uint32_t>(bytes_.data() + at);
        if (count > 1 << 24) throw input_error("its BINARY2 data hold an array of {} values", count);
        at += 4;
      }
      if (bytes_.size() - at < form.bytes(count)) return 0;
      std::string& text = values_[i];
      text.clear();
      const bool null = static_cast<unsigned char>(bytes_[from + i / 8]) >> (7 - i % 8) & 1;
      const bool words = form.type != "char" && form.type != "unicodeChar";
      for (std::size_t k = 0; k < count && !null; ++k) {
        if (k > 0 && words) text += ' ';
        if (form.type == "bit" && count == 1)  // the first bit as it should be, or the fifth (astropy)
          text += bytes_[at] ? '1' : '0';
        else if (form.type == "bit")
          text += static_cast<unsigned char>(bytes_[at + k / 8]) >> (7 - k % 8) & 1 ? '1' : '0';
        else
          add_value(form, bytes_.data() + at + k * form.size, text);
      }
      at += form.bytes(count);
    }
    return at - from;
  }

  std::vector<Form> forms_;
  std::vector<std::string> values_;
  std::string bytes_;
  std::uint32_t bits_ = 0;
  int held_ = 0;
  bool padded_ = false;
};

// One pass over the text. What a callback throws is kept, and thrown again when expat has returned.
class Pass {
 public:
  Pass(const std::function<void(const std::vector<VotableField>&)>& fields,
       const std::function<void(const std::vector<std::string>&)>& row)
      : parser_(XML_ParserCreate(nullptr)), fields_callback_(fields), row_callback_(row) {
    if (!parser_) throw resource_error("no memory for reading XML");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &Pass::start, &Pass::end);
    XML_SetCharacterDataHandler(parser_.get(), &Pass::text);
  }

  void read(std::istream& in) {
    std::array<char, 65536> buffer;
    bool last = false;
    while (!last) {
      in.read(buffer.data(), buffer.size());
      last = in.gcount() < static_cast<std::streamsize>(buffer.size());
      const XML_Status status =
          XML_Parse(parser_.get(), buffer.data(), static_cast<int>(in.gcount()), last ? XML_TRUE : XML_FALSE);
      if (failure_) std::rethrow_exception(failure_);
      if (status == XML_STATUS_ERROR)
        throw input_error("line {}: no XML that can be read: {}", XML_GetCurrentLineNumber(parser_.get()),
                          XML_ErrorString(XML_GetErrorCode(parser_.get())));
    }
    if (!seen_votable_) throw input_error("no VOTable: there is no element VOTABLE in it");
    if (!done_) throw input_error("no table with data in it");
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  template <typename F>
  static void guarded(void* self, const F& f) {
    Pass& pass = *static_cast<Pass*>(self);
    if (pass.failure_) return;
    try {
      f(pass);
    } catch (...) {
      pass.failure_ = std::current_exception();
      XML_StopParser(pass.parser_.get(), XML_FALSE);
    }
  }
  static void XMLCALL start(void* self, const XML_Char* name, const XML_Char** attributes) {
    guarded(self, [&](Pass& p) { p.begin_element(local(name), attributes); });
  }
  static void XMLCALL end(void* self, const XML_Char* name) {
    guarded(self, [&](Pass& p) { p.end_element(local(name)); });
  }
  static void XMLCALL text(void* self, const XML_Char* characters, int length) {
    guarded(self, [&](Pass& p) {
      const std::string_view piece(characters, static_cast<std::size_t>(length));
      if (p.in_cell_) p.row_.back() += piece;
      if (!p.in_stream_) return;
      p.binary_->add(piece);
      if (p.binary_->has_much()) p.binary_->take_rows([&](auto& row) { p.hand_on(row); });
    });
  }

  void begin_element(std::string_view name, const XML_Char** attributes) {
    if (name == "VOTABLE") seen_votable_ = true;
    const auto attribute = [&](std::string_view key) -> std::string {
      for (const XML_Char** a = attributes; *a; a += 2)
        if (a[0] == key) return a[1];
      return "";
    };
    if (name == "INFO" && attribute("name") == "QUERY_STATUS" && attribute("value") == "OVERFLOW")
      throw input_error(
          "the service that wrote this table cut it (QUERY_STATUS is OVERFLOW): ask for less at once");
    if (done_) return;
    if (name == "TABLE") {
      fields_.clear();
      in_table_ = true;
    }
    if (!in_table_) return;
    if (name == "FIELD") {
      in_field_ = true;
      fields_.push_back({attribute("name"), attribute("ID"), attribute("ucd"), attribute("unit"),
                         attribute("datatype"), attribute("arraysize"), ""});
    } else if (name == "VALUES" && in_field_) {
      fields_.back().null = attribute("null");
    } else if (name == "BINARY" || name == "FITS") {
      throw input_error(
          "line {}: its data are in the form {}, which is not read: write the table as TABLEDATA or BINARY2, or as FITS "
          "or CSV",
          XML_GetCurrentLineNumber(parser_.get()), name);
    } else if (name == "BINARY2") {
      binary_.emplace(fields_);
      fields_callback_(fields_);
    } else if (name == "STREAM" && binary_) {
      if (const std::string encoding = attribute("encoding");
          encoding != "base64" || !attribute("href").empty())
        throw input_error("its BINARY2 data are not in it as base64");
      in_stream_ = true;
    } else if (name == "TABLEDATA") {
      in_data_ = true;
      fields_callback_(fields_);
    } else if (name == "TR" && in_data_) {
      row_.clear();
    } else if (name == "TD" && in_data_) {
      row_.emplace_back();
      in_cell_ = true;
    }
  }

  void end_element(std::string_view name) {
    if (name == "TD") in_cell_ = false;
    if (name == "FIELD") in_field_ = false;
    if (name == "TR" && in_data_) {
      if (row_.size() != fields_.size())
        throw input_error("line {}: {} values, and the table has {} columns",
                          XML_GetCurrentLineNumber(parser_.get()), row_.size(), fields_.size());
      hand_on(row_);
    }
    if (name == "STREAM" && in_stream_) {
      binary_->take_rows([&](auto& row) { hand_on(row); });
      binary_->finish();
      in_stream_ = false;
    }
    if ((name == "TABLEDATA" && in_data_) || (name == "BINARY2" && binary_)) {
      done_ = true;
      in_data_ = false;
      binary_.reset();
    }
    if (name == "TABLE") in_table_ = false;
  }

  void hand_on(std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i)
      if (!fields_[i].null.empty() && stripped(row[i]) == fields_[i].null) row[i].clear();
    row_callback_(row);
  }

  std::unique_ptr<XML_ParserStruct, Free> parser_;
  const std::function<void(const std::vector<VotableField>&)>& fields_callback_;
  const std::function<void(const std::vector<std::string>&)>& row_callback_;
  std::vector<VotableField> fields_;
  std::vector<std::string> row_;
  bool seen_votable_ = false, in_table_ = false, in_data_ = false, in_cell_ = false, done_ = false,
       in_stream_ = false, in_field_ = false;
  std::optional<Binary2> binary_;
  std::exception_ptr failure_;
};

}  // namespace

bool looks_like_votable(std::string_view first_bytes) {
  if (first_bytes.starts_with("\xef\xbb\xbf")) first_bytes.remove_prefix(3);
  const std::size_t start = first_bytes.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && first_bytes[start] == '<';
}

void read_votable(std::istream& in, const std::function<void(const std::vector<VotableField>&)>& fields,
                  const std::function<void(const std::vector<std::string>&)>& row) {
  Pass(fields, row).read(in);
}

}  // namespace brickline
