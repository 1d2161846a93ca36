#include "core/camera/wcs_sidecar.h"

#include <strings.h>

#include <fstream>
#include <sstream>

#include "core/base/read_log.h"
#include "core/camera/absent_input.h"
#include "core/camera/text_cards.h"

namespace brickline {
namespace {

using Sidecar = WcsFacts::Sidecar;

std::string text_of(const std::filesystem::path& file, ReadLog* log) {
  if (log) log->note(file);
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in) throw input_error("cannot be read").in_file(file.string());
  return text.str();
}

bool is_same(const std::string& a, const std::string& b) { return strcasecmp(a.c_str(), b.c_str()) == 0; }

// One header of a file that has one for each CCD: the one that bears the CCD's name, or, where none bears a name, the
// only one, of a file of one CCD or of a path that names it, or the one in its place: SCAMP writes one for each extension
// that holds an image.
fits::Header of_ccd(std::vector<fits::Header> blocks, bool path_names_it, OpenCcd::Impl& ccd) {
  bool named = false;
  for (fits::Header& block : blocks) {
    const auto name = block.text("EXTNAME");
    named = named || name;
    if (name && is_same(*name, ccd.values.ccdname)) return std::move(block);
  }
  const int hdus = ccd.file(BL_ROLE_IMAGE).hdu_count(), hdu = ccd.values.image_hdu;
  const auto count = static_cast<int>(blocks.size());
  const bool one_ccd = hdu == 0 || hdus <= 2 || ccd.facts().detector.ccds_per_exposure == 1;
  const bool alone = count == 1 && (path_names_it || one_ccd);
  const int place = alone ? 0 : count == hdus ? hdu : count == hdus - 1 ? hdu - 1 : -1;
  if (named || place < 0 || place >= count)
    throw input_error("it holds {} headers, and which of them is that of {} (HDU {} of {}) is not to be told",
                      count, ccd.values.ccdname_known() ? ccd.values.ccdname : "the CCD", hdu, hdus);
  return std::move(blocks[static_cast<std::size_t>(place)]);
}

fits::Header of_fits(const std::filesystem::path& file, OpenCcd::Impl& ccd) {
  fits::FitsReader reader(file, ccd.source.read_log);
  std::optional<int> hdu;
  if (reader.hdu_count() == 1) hdu = 0;
  if (!hdu && !ccd.values.ccdname.empty()) hdu = reader.find_hdu(ccd.values.ccdname);
  if (!hdu) {
    hdu = ccd.values.image_hdu;
    if (*hdu >= 0 && *hdu < reader.hdu_count())
      if (const auto name = reader.header(*hdu).text("EXTNAME"); name && ccd.values.ccdname_known())
        throw input_error("it has no HDU of the name {}, and its HDU {} is that of {}", ccd.values.ccdname,
                          *hdu, *name);
  }
  if (*hdu < 0 || *hdu >= reader.hdu_count())
    throw input_error("there is no HDU {}, the file has {}", *hdu, reader.hdu_count());
  return reader.header(*hdu);
}

}  // namespace

fits::Header wcs_of_sidecar(OpenCcd::Impl& ccd) {
  std::string looked_for;
  for (const Sidecar& sidecar : ccd.facts().wcs.sidecars) {
    const std::filesystem::path file =
        ccd.sidecar_path(expanded(sidecar.path, ccd.facts().files.base_name, ccd.values));
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) {
      looked_for += (looked_for.empty() ? "" : ", ") + file.string();
      continue;
    }
    try {
      if (sidecar.format == Sidecar::Format::kFits) return of_fits(file, ccd);
      std::vector<fits::Header> blocks = parse_text_cards(text_of(file, ccd.source.read_log));
      if (blocks.empty()) throw input_error("it holds no cards");
      return of_ccd(std::move(blocks), sidecar.path.find("{ccd}") != std::string::npos, ccd);
    } catch (Error& e) {
      e.in_file(file.string());
      throw;
    }
  }
  throw AbsentInput(input_error(
      "{}: none of the files that may hold its world coordinates (the fact wcs.sidecars) is there: {}",
      ccd.values.image_filename, looked_for));
}

}  // namespace brickline
