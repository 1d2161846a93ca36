// VOTables (IVOA's format of tables, XML) as columns of text: as much of them as a list of positions needs.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

// What a FIELD says of its column.
struct VotableField {
  std::string name, id, ucd, unit, datatype;
};

// Whether a file begins as a VOTable does.
bool looks_like_votable(std::string_view first_bytes);

// Reads the first table that has data, as it comes: `fields` is called once, before the first row; `row` with the
// values of each, as they stand, an element per field (empty: null). Only the serialization TABLEDATA is read: Error
// (kInput) naming BINARY, BINARY2 or FITS where the table has one of these, the line where the text is no XML, and
// where there is no table with data or a row has another number of values than there are fields. The caller names the
// file.
void read_votable(std::istream& in, const std::function<void(const std::vector<VotableField>&)>& fields,
                  const std::function<void(const std::vector<std::string>&)>& row);

}  // namespace brickline
