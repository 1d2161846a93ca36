// What a camera's plugin says of itself: JSON from a stranger.
#include "core/facts/camera_facts.h"

#include <map>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

using namespace brickline;

namespace {

// Whatever is looked up has a text or a number.
class AnyCards : public CcdHeaders {
 public:
  AnyCards() {
    for (const char* key : {"EXPTIME", "FILTER", "MJD-OBS", "EXPNUM", "RA", "EXTNAME", "FWHM"})
      header_.set(key, "12:30:01.5");
    header_.set("FWHM", 3.5);
  }
  const fits::Header* header(HeaderOf) override { return &header_; }

 private:
  fits::Header header_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const CameraIdentity identity{};
  const ParsedFacts parsed = parse_camera_facts(text, identity);
  if (parsed.problems.empty()) {
    AnyCards cards;
    CcdValues values;
    values.band = "g";
    values.ccdname = "S4";
    for (const char* field : {"exptime", "fwhm", "mjd_obs", "ra_bore", "gain"})
      fuzz::read_or_refused([&] { (void)number_of(parsed.facts.metadata.of(field), values, cards); });
    for (const char* field : {"band", "ccdname", "object"})
      fuzz::read_or_refused([&] { (void)text_of(parsed.facts.metadata.of(field), values, cards); });
    fuzz::read_or_refused([&] { (void)integer_of(parsed.facts.metadata.of("expnum"), values, cards); });
    const std::string once = canonical_facts(text);
    fuzz::require(canonical_facts(once) == once, "the canonical form is its own");
  }
  fuzz::read_or_refused([&] { (void)extended_camera(text); });
  // The first half laid over the second, where a line of blanks parts them.
  const auto half = text.find("\n\n");
  if (half != std::string_view::npos)
    fuzz::read_or_refused([&] { (void)merge_camera_facts(text.substr(half), text.substr(0, half)); });
  return 0;
}
