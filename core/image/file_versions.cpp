#include "core/image/file_versions.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>

#include "core/base/error.h"
#include "core/base/numbers.h"

namespace brickline {
namespace {

// A file of which only the primary header is looked at.
class PrimaryOnly : public CcdHeaders {
 public:
  explicit PrimaryOnly(const fits::Header& primary) : primary_(primary) {}
  const fits::Header* header(HeaderOf which) override {
    return which == HeaderOf::kPrimary ? &primary_ : nullptr;
  }
  std::string mask_plver() override { return {}; }

 private:
  const fits::Header& primary_;
};

}  // namespace

void check_file_version(const std::filesystem::path& file, const fits::Header& primary,
                        const CalibrationKey& key, const CheckFacts& facts, const CcdValues& ccd,
                        bool old_calibs_ok, Log log) {
  const auto disagree = [&](const std::string& what) {
    if (!old_calibs_ok)
      throw input_error(
          "{}: the file is of another reduction than the CCD table says (old calibrations can be "
          "allowed)",
          what)
          .in_file(file.string());
    log.warning("{}: {}; accepted, because old calibrations are allowed", file.string(), what);
  };

  const struct {
    const char* card;
    const std::string& wanted;
  } compared[] = {{"PLVER", key.plver}, {"PLPROCID", key.plprocid}};
  for (const auto& [card, wanted] : compared) {
    if (wanted.empty()) continue;
    const std::optional<std::string> text = primary.text(card);
    if (!text) {
      disagree(fmt::format("there is no {}", card));
      continue;
    }
    const std::string value(stripped(*text));
    switch (compare_version(value, wanted)) {
      case VersionMatch::kSame:
        break;
      case VersionMatch::kTruncated:
        log.warning("{}: {} is '{}', in the CCD table '{}', cut short by its column; accepted", file.string(),
                    card, value, wanted);
        break;
      case VersionMatch::kDifferent:
        disagree(fmt::format("{} is '{}', in the CCD table '{}'", card, value, wanted));
    }
  }

  if (key.expnum < 0) return;
  std::optional<std::int64_t> expnum;
  if (const std::string text = primary.text("EXPNUM").value_or(""); !stripped(text).empty()) {
    expnum = parse_int(text);
    // Some writers make all numbers real ones.
    if (const auto real = parse_double(text);
        !expnum && real && *real == std::floor(*real) && std::abs(*real) < 1e15)
      expnum = static_cast<std::int64_t>(*real);
    if (!expnum) {
      disagree(fmt::format("the exposure number EXPNUM = {} is no whole number", stripped(text)));
      return;
    }
  } else {
    PrimaryOnly headers(primary);
    expnum = integer_of(facts.expnum_from_obsid, ccd, headers);
  }
  if (!expnum)
    disagree("there is no exposure number (EXPNUM)");
  else if (*expnum != key.expnum)
    disagree(fmt::format("the exposure number is {}, in the CCD table {}", *expnum, key.expnum));
}

}  // namespace brickline
