#include "core/campaign/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_digest.h"
#include "core/calib/calibration_record.h"
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

constexpr std::string_view kPutTogether = "# its files were put together in others, and removed\n";
constexpr std::size_t kDigestDigits = 64;

// What stands against the files of a list of checksums; empty: nothing. `listed`, if it is there, gets them, and
// remarks are passed over.
std::string objection_to_files(const fs::path& output_dir, const std::string& list, Verification& found,
                               const std::string& catalog = {}, std::set<fs::path>* listed = nullptr) {
  if (list.empty() || list.back() != '\n') return "the list of checksums is cut off";
  bool names_catalog = catalog.empty();
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = list.find('\n', begin);
    const std::string line = list.substr(begin, end - begin);
    begin = end + 1;
    if (listed && line.starts_with("# ")) continue;
    if (line.size() <= kDigestDigits + 2 || line.substr(kDigestDigits, 2) != " *")
      return "the list of checksums has a line that is none";
    const std::string name = line.substr(kDigestDigits + 2);
    names_catalog = names_catalog || name == catalog;
    if (listed) listed->insert(name);
    const auto file = file_digest(output_dir / name);
    if (!file) return fmt::format("{} is not there, or cannot be read", name);
    ++found.files;
    found.bytes += file->bytes;
    if (file->sha256 != line.substr(0, kDigestDigits)) return fmt::format("{} is not what was written", name);
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
  } else if (*text == kNoFilesListed) {
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
bool is_put_together(const fs::path& list) { return bytes_of(list) == kPutTogether; }

namespace {

using State = CalibrationState;

// What cannot be made, in words, of the CCDs of a record.
struct Failures {
  std::string first;
  int ccds = 0;
  bool retry = false, killed = false;  // one of them may go well another time; with more memory

  void add(const std::string& what, bool may_mend, bool was_killed = false) {
    if (first.empty()) first = what;
    retry = retry || may_mend;
    killed = killed || was_killed;
  }
};

// What is wrong with a record's CCDs beside what it says has failed; empty: nothing.
std::string objection_to_ccds(const CalibrationRecord& record, const std::set<fs::path>& listed,
                              const Item& item, Failures& failures) {
  if (std::ssize(record.ccds) != item.ccds)
    return fmt::format("it tells of {} CCDs, not of {}", record.ccds.size(), item.ccds);
  const std::string exposure = item.name.substr(0, item.name.find('.'));
  std::set<std::string> images;
  for (const CalibrationRecord::Ccd& ccd : record.ccds) {
    if (ccd.name.empty() || std::to_string(ccd.key.expnum) != exposure)
      return fmt::format("it tells of {}, which is not of the item", ccd.name);
    if (!images.insert(ccd.image).second) return fmt::format("it tells of {} more than once", ccd.name);
    bool failed = false;
    for (const auto& [kind, step] :
         {std::pair{CalibrationKind::kPsf, &ccd.psf}, std::pair{CalibrationKind::kSky, &ccd.sky}}) {
      const char* what = kind == CalibrationKind::kPsf ? "PSF" : "sky";
      switch (step->state) {
        case State::kNotAsked:
        case State::kProvided:
          break;
        case State::kMissing:
          return fmt::format("{}: the {} was not made", ccd.name, what);
        case State::kFailed:
          failed = true;
          failures.add(fmt::format("{}: {}: {}", ccd.name, what, step->why), step->retry, step->killed);
          break;
        case State::kValid:
        case State::kMade:
          if (!listed.contains(step->file))
            return fmt::format("{}: the {} is not in the list of checksums", ccd.name, what);
          if (const std::string wrong = objection_to(kind, ccd); !wrong.empty())
            return fmt::format("{}: the {} is not valid: {}", ccd.name, what, wrong);
      }
    }
    failures.ccds += failed;
  }
  for (const std::string& name : record.unmerged)
    failures.add(fmt::format("{}: there is none of its own to be merged", name), false);
  return {};
}

}  // namespace

Verification verify_calibrations(const fs::path& list, const Item& item) {
  Verification found;
  found.check = Check::kObjection;
  const auto text = bytes_of(list);
  if (!text) {
    found.what = "there is no list of what it has made";
    return found;
  }
  try {
    std::set<fs::path> listed;
    found.what = objection_to_files({}, *text, found, {}, &listed);
    if (!found.what.empty()) return found;
    const CalibrationRecord record = read_calibration_record(*text);
    Failures failures;
    found.what = objection_to_ccds(record, listed, item, failures);
    if (!found.what.empty()) return found;
    if (!failures.first.empty()) {
      found.check = failures.retry ? Check::kFailed : Check::kHopeless;
      found.wants_memory = failures.killed;
      found.what = item.ccds == 1 || failures.ccds == 0
                       ? failures.first
                       : fmt::format("{} of {} CCDs failed: {}", failures.ccds, item.ccds, failures.first);
      return found;
    }
    bool any = false, made = false;
    for (const CalibrationRecord::Ccd& ccd : record.ccds)
      for (const CalibrationRecord::Step* step : {&ccd.psf, &ccd.sky}) {
        any = any || step->state == State::kValid || step->state == State::kMade;
        made = made || step->state == State::kMade;
      }
    found.check = any ? Check::kDone : Check::kNothing;
    if (!any) found.what = "the camera brings its calibrations itself";
    if (any && !made) found.what = kAllValidAlready;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kResources) throw;
    found.what = error.line();
  } catch (const std::exception& error) {
    found.what = error.what();
  }
  return found;
}

int set_damaged_aside(const fs::path& list) {
  const std::string text = bytes_of(list).value_or("");
  std::set<fs::path> made;
  try {
    for (const CalibrationRecord::Ccd& ccd : read_calibration_record(text).ccds)
      for (const CalibrationRecord::Step* step : {&ccd.psf, &ccd.sky})
        if (step->state == State::kMade) made.insert(step->file);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    return 0;  // a record that is none says of no file whose it is
  }
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ") || line.size() <= kDigestDigits + 2) continue;
    const fs::path file = line.substr(kDigestDigits + 2);
    if (!made.contains(file)) continue;
    const auto digest = file_digest(file);
    if (!digest || digest->sha256 == line.substr(0, kDigestDigits)) continue;
    fs::path aside = file;
    aside += ".damaged";
    std::error_code code;
    const std::string first = aside.string();
    for (int number = 2; fs::exists(aside, code); ++number) aside = fmt::format("{}.{}", first, number);
    fs::rename(file, aside);
    ++count;
  }
  return count;
}

}  // namespace brickline
