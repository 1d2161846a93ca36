#include "core/forced/votable.h"

#include <expat.h>

#include <array>
#include <exception>
#include <memory>

#include "core/base/error.h"

namespace brickline {
namespace {

// Element names without the prefix of a namespace.
std::string_view local(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

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
    while (!last && !done_) {
      in.read(buffer.data(), buffer.size());
      last = in.gcount() < static_cast<std::streamsize>(buffer.size());
      const XML_Status status =
          XML_Parse(parser_.get(), buffer.data(), static_cast<int>(in.gcount()), last ? XML_TRUE : XML_FALSE);
      if (failure_) std::rethrow_exception(failure_);
      if (status == XML_STATUS_ERROR && !done_)
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
    if (pass.failure_ || pass.done_) return;
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
      if (p.in_cell_) p.row_.back().append(characters, static_cast<std::size_t>(length));
    });
  }

  void begin_element(std::string_view name, const XML_Char** attributes) {
    if (name == "VOTABLE") seen_votable_ = true;
    if (name == "TABLE") {
      fields_.clear();
      in_table_ = true;
    }
    if (!in_table_) return;
    if (name == "FIELD") {
      VotableField& field = fields_.emplace_back();
      for (; *attributes; attributes += 2) {
        const std::string_view key = attributes[0];
        if (key == "name") field.name = attributes[1];
        if (key == "ID") field.id = attributes[1];
        if (key == "ucd") field.ucd = attributes[1];
        if (key == "unit") field.unit = attributes[1];
        if (key == "datatype") field.datatype = attributes[1];
      }
    } else if (name == "BINARY" || name == "BINARY2" || name == "FITS") {
      throw input_error(
          "line {}: its data are in the form {}, which is not read: write the table as TABLEDATA, or as FITS or CSV",
          XML_GetCurrentLineNumber(parser_.get()), name);
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
    if (name == "TR" && in_data_) {
      if (row_.size() != fields_.size())
        throw input_error("line {}: {} values, and the table has {} columns",
                          XML_GetCurrentLineNumber(parser_.get()), row_.size(), fields_.size());
      row_callback_(row_);
    }
    if (name == "TABLEDATA" && in_data_) {
      done_ = true;
      XML_StopParser(parser_.get(), XML_FALSE);
    }
    if (name == "TABLE") in_table_ = false;
  }

  std::unique_ptr<XML_ParserStruct, Free> parser_;
  const std::function<void(const std::vector<VotableField>&)>& fields_callback_;
  const std::function<void(const std::vector<std::string>&)>& row_callback_;
  std::vector<VotableField> fields_;
  std::vector<std::string> row_;
  bool seen_votable_ = false, in_table_ = false, in_data_ = false, in_cell_ = false, done_ = false;
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
