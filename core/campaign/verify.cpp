#include "core/campaign/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <string_view>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_digest.h"
#include "core/fits/fits_reader.h"
#include "core/pipeline/done.h"
#include "core/survey/products.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return {};
  return text;
}

constexpr std::string_view kNoFiles = "# nothing came of it\n";
constexpr std::string_view kPutTogether = "# its files were put together in others, and removed\n";

// What stands against the files of a list of checksums; empty: nothing.
std::string objection_to_files(const fs::path& output_dir, const std::string& list, Verification& found,
                               const std::string& catalog = {}) {
  constexpr std::size_t kDigest = 64;
  if (list.empty() || list.back() != '\n') return "the list of checksums is cut off";
  bool names_catalog = catalog.empty();
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = list.find('\n', begin);
    const std::string line = list.substr(begin, end - begin);
    begin = end + 1;
    if (line.size() <= kDigest + 2 || line.substr(kDigest, 2) != " *")
      return "the list of checksums has a line that is none";
    const std::string name = line.substr(kDigest + 2);
    names_catalog = names_catalog || name == catalog;
    const auto file = file_digest(output_dir / name);
    if (!file) return fmt::format("{} is not there, or cannot be read", name);
    ++found.files;
    found.bytes += file->bytes;
    if (file->sha256 != line.substr(0, kDigest)) return fmt::format("{} is not what was written", name);
  }
  if (!names_catalog) return "the list of checksums does not name the catalog";
  return {};
}

}  // namespace

Verification verify_item(const BrickOptions& options) {
  Verification found;
  found.check = Check::kObjection;
  try {
    const Done done = catalog_done(options);
    found.what = done.what;
    if (!done.done) return found;
    const fs::path& output_dir = options.control.output_dir;
    ProductKey key;
    key.brick = brick_name(options.region);
    const fs::path catalog = product_path(Product::kTractor, key),
                   sums = product_path(Product::kChecksums, key),
                   intermediate = product_path(Product::kTractorIntermediate, key);
    const auto list = bytes_of(output_dir / sums);
    std::error_code code;
    if (!fs::exists(output_dir / catalog, code)) {
      if (list) {
        found.what = "a brick without a catalog has a list of checksums";
        return found;
      }
      found.check = Check::kNothing;
      constexpr std::string_view kBefore = "there was nothing to do: ";  // and the marker's name before
      if (const auto at = found.what.find(kBefore); at != std::string::npos)
        found.what = found.what.substr(at + kBefore.size());
      return found;
    }
    if (!list) {
      found.what = fmt::format("there is no {}", sums.string());
      return found;
    }
    found.what = objection_to_files(output_dir, *list, found, catalog.generic_string());
    if (!found.what.empty()) return found;
    if (fs::exists(output_dir / intermediate, code)) {
      const std::int64_t rows = fits::FitsReader(output_dir / catalog).table_rows(1),
                         source_rows = fits::FitsReader(output_dir / intermediate).table_rows(1);
      if (rows != source_rows) {
        found.what = fmt::format("the catalog has {} rows, the intermediate one {}", rows, source_rows);
        return found;
      }
    }
    found.check = Check::kDone;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kResources) throw;
    found.what = error.line();
  } catch (const std::exception& error) {  // of a stream that the file system lets down
    found.what = error.what();
  }
  return found;
}

Verification verify_checksums(const fs::path& list) {
  Verification found;
  found.check = Check::kObjection;
  const auto text = bytes_of(list);
  if (!text) {
    found.what = "there is no list of what it has written";
  } else if (*text == kNoFiles) {
    found.check = Check::kNothing;
    found.what = "nothing comes of it";
  } else if (*text == kPutTogether) {
    found.check = Check::kDone;
  } else {
    found.what = objection_to_files({}, *text, found);
    if (found.what.empty()) found.check = Check::kDone;
  }
  return found;
}

void write_put_together(const fs::path& list) { write_file_atomically(list, kPutTogether); }

void write_checksums(const fs::path& list, std::span<const fs::path> files) {
  std::string text;
  for (const fs::path& file : files) {
    const fs::path absolute = fs::absolute(file).lexically_normal();
    const auto digest = file_digest(absolute);
    if (!digest) throw input_error("it was written, and cannot be read").in_file(absolute.string());
    text += fmt::format("{} *{}\n", digest->sha256, absolute.string());
  }
  write_file_atomically(list, text.empty() ? kNoFiles : text);
}

}  // namespace brickline
