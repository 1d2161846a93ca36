// Tables with columns of every type, whole, in part, from a file in memory and as a stream of rows.
#include <optional>

#include "core/fits/fits_reader.h"
#include "core/fits/row_stream.h"
#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

void use(const fits::Table& table) {
  for (const fits::Column& column : table.columns()) {
    fuzz::read_or_refused([&] {
      if (column.is_string()) {
        for (std::int64_t row = 0; row < table.rows(); ++row) (void)table.text(column.name, row);
      } else {
        fuzz::require(
            table.numbers(column.name).size() == static_cast<std::size_t>(table.rows() * column.width()),
            "a column is as long as its table");
        for (std::int64_t row = 0; row < table.rows() && column.width() > 0; ++row)
          fuzz::read_or_refused([&] { (void)table.integer(column.name, row); });
      }
    });
  }
  if (table.rows() > 0) (void)table.select({table.rows() - 1, 0});
}

void read(fits::FitsReader& reader, int hdu) {
  if (!reader.is_table(hdu)) return;
  const fits::Table whole = reader.table(hdu);
  use(whole);
  if (whole.rows() > 0) use(reader.rows(hdu, {whole.rows() - 1, 0}));
  if (!whole.columns().empty()) use(reader.columns(hdu, {whole.columns().back().name}));
  (void)reader.table_bytes(hdu);
}

void read_as_stream(const std::filesystem::path& path) {
  if (!fits::RowStream::can_read(path)) return;
  fits::RowStream stream(path);
  while (stream.next()) {
    use(stream.columns({"flux", "text", "scaled", "ra", "dec"}));
    if (stream.block_rows() > 0) stream.keep(stream.block_rows() - 1);
  }
  use(stream.kept());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes = fuzz::copy_of(data, size);
  fuzz::read_or_refused([&] {
    fits::FitsReader reader = fits::FitsReader::in_memory(bytes, "fuzz.fits");
    const int count = std::min(reader.hdu_count(), 6);
    for (int hdu = 0; hdu < count; ++hdu) fuzz::read_or_refused([&] { read(reader, hdu); });
  });
  const fuzz::MemoryFile file({data, size});
  fuzz::read_or_refused([&] { read_as_stream(file.path()); });
  return 0;
}
