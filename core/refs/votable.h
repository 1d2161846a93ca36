// VOTables (IVOA's format of tables, XML) as columns of text: as much of them as a list of positions needs.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// What a FIELD says of its column. `null`: the text that stands for no value (VALUES null), if there is one.
struct VotableField {
  std::string name, id, ucd, unit, datatype, arraysize, null;
};

// Whether a file begins as a VOTable does.
bool looks_like_votable(std::string_view first_bytes);

// Reads the first table that has data, as it comes: `fields` is called once, before the first row; `row` with the
// values of each as text, an element per field (empty: null). The serializations TABLEDATA and BINARY2 (base64, VOTable
// 1.3) are read; of the latter, numbers are written with as many digits as tell them apart, and the values of an array
// with blanks between them. Error (kInput) naming BINARY or FITS where the table has one of these, the line where the text
// is no XML, and where there is no table with data, a row has another number of values than there are fields, or the
// service that wrote it says that it is not all that was asked for (QUERY_STATUS is OVERFLOW). The caller names the
// file.
void read_votable(std::istream& in, const std::function<void(const std::vector<VotableField>&)>& fields,
                  const std::function<void(const std::vector<std::string>&)>& row);

}  // namespace brickline
