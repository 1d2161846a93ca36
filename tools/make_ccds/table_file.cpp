#include "tools/make_ccds/table_file.h"

#include "core/base/error.h"
#include "core/fits/fits_reader.h"

namespace brickline {

TableFile TableFile::read(const std::filesystem::path& file) {
  fits::FitsReader reader(file);
  TableFile out{reader.table(1), reader.header(0), reader.header(1)};
  for (const fits::Table::Unreadable& column : out.table.unreadable())
    throw input_error("column {} cannot be read, and would be lost: {}", column.name, column.why)
        .in_file(file.string());
  return out;
}

void TableFile::add_to(fits::FitsWriter& writer) const {
  writer.add_empty_primary(primary);
  writer.add_table(table, header.text("EXTNAME").value_or(""), header);
}

std::string short_name(const std::filesystem::path& image) {
  return (image.parent_path().filename() / image.filename()).string();
}

void refuse_to_replace(const std::filesystem::path& file, bool force) {
  if (std::filesystem::exists(file) && !force)
    throw input_error("it is there already; --force replaces it").in_file(file.string());
}

}  // namespace brickline
