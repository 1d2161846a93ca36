#include "core/camera/ccd_hdus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/base/letter_case.h"

namespace brickline {
namespace {

// Names of HDUs that tell what is in them.
constexpr std::array kContents{"SCI", "IMAGE", "DATA", "PRIMARY", "COMPRESSED_IMAGE", "MASK", "DQ",
                               "BPM", "OOD",   "OOI",  "OOW",     "WEIGHT",           "WHT",  "IVAR",
                               "VAR", "ERR",   "DQM",  "INVVAR"};

// One HDU of one file in the place of the CCD's image.
class HeadersOfHdu : public CcdHeaders {
 public:
  HeadersOfHdu(OpenCcd::Impl& ccd, int role, int hdu) : ccd_(ccd), role_(role), hdu_(hdu) {}
  const fits::Header* header(HeaderOf which) override {
    if (which == HeaderOf::kPrimary) return &ccd_.header_of(role_, ccd_.facts().hdus.primary);
    return which == HeaderOf::kImage ? &ccd_.header_of(role_, hdu_) : nullptr;
  }

 private:
  OpenCcd::Impl& ccd_;
  int role_, hdu_;
};

// In upper case; empty: the HDU does not say whose it is.
std::string name_of_hdu(OpenCcd::Impl& ccd, int role, int hdu) {
  HeadersOfHdu headers(ccd, role, hdu);
  std::string name =
      upper_case(text_of(ccd.facts().metadata.of("ccdname"), ccd.values, headers).value_or(""));
  if (std::find(kContents.begin(), kContents.end(), name) != kContents.end()) name.clear();
  return name;
}

// "S4", or with something about it that is no part of a name: "MASK_S4", "S4.DQ".
bool is_name(std::string_view text, std::string_view ccdname) {
  const auto part_of_a_name = [](unsigned char c) { return std::isalnum(c) != 0; };
  for (auto at = text.find(ccdname); at != std::string_view::npos; at = text.find(ccdname, at + 1)) {
    const auto end = at + ccdname.size();
    if ((at == 0 || !part_of_a_name(text[at - 1])) && (end == text.size() || !part_of_a_name(text[end])))
      return true;
  }
  return false;
}

std::string shape_of(const fits::ImageInfo& info) { return fmt::format("{} x {}", info.width, info.height); }

}  // namespace

int hdu_by_name(OpenCcd::Impl& ccd, int role, int hdu) {
  const std::string wanted = upper_case(ccd.values.ccdname);
  const CheckFacts::Extname check = ccd.facts().checks.extname;
  if (wanted.empty() || check == CheckFacts::Extname::kOff) return hdu;
  const auto known = ccd.named_hdus.find({role, hdu});
  if (known != ccd.named_hdus.end()) return known->second;
  const auto remember = [&](int found) { return ccd.named_hdus[{role, hdu}] = found; };
  const std::string there = name_of_hdu(ccd, role, hdu);
  if (there.empty() || is_name(there, wanted)) return remember(hdu);

  ImageFile& file = ccd.file(role);
  std::vector<int> named;
  for (int other = 0; other < file.hdu_count(); ++other)
    if (other != hdu && name_of_hdu(ccd, role, other) == wanted) named.push_back(other);
  if (named.size() != 1)
    throw input_error("HDU {} is of CCD {}, the CCD table names {}, and {} HDU of the file is {}'s", hdu,
                      there, ccd.values.ccdname, named.empty() ? "no" : "more than one", ccd.values.ccdname)
        .in_file(file.path().string());
  ccd.log.warning("{}: HDU {} is of CCD {}; {} is found in HDU {}, which is read instead",
                  file.path().string(), hdu, there, ccd.values.ccdname, named.front());
  return remember(named.front());
}

void check_shape(OpenCcd::Impl& ccd, int role) {
  ImageFile& file = ccd.file(role);
  const int hdu = ccd.hdu_of_ccd(role);
  const fits::ImageInfo info = file.image_info(hdu);
  if (info.depth > 1)
    throw input_error("the {} has {} planes of {} pixels: which of them is meant, it does not say",
                      role == BL_ROLE_IMAGE    ? "image"
                      : role == BL_ROLE_WEIGHT ? "weight map"
                                               : "mask",
                      info.depth, shape_of(info))
        .in_file(file.path().string(), std::to_string(hdu));
  if (role == BL_ROLE_IMAGE) {
    if (info.width == ccd.values.width && info.height == ccd.values.height) return;
    throw input_error("the image has {} pixels, the CCD table says {} x {}", shape_of(info), ccd.values.width,
                      ccd.values.height)
        .in_file(file.path().string(), std::to_string(hdu));
  }
  const fits::ImageInfo image = ccd.file(BL_ROLE_IMAGE).image_info(ccd.hdu_of_ccd(BL_ROLE_IMAGE));
  if (info.width == image.width && info.height == image.height) return;
  const bool weight = role == BL_ROLE_WEIGHT;
  const int margin = weight ? 2 * ccd.facts().weight.trim_excess_pixels : 0;
  if (margin > 0 && info.width == image.width + margin && info.height == image.height + margin) return;
  throw input_error("the {} has {} pixels, the image {}", weight ? "weight map" : "mask", shape_of(info),
                    shape_of(image))
      .in_file(file.path().string(), std::to_string(hdu));
}

}  // namespace brickline
