#include "core/camera/identify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/camera/image_claims.h"
#include "core/wcs/wcs.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

// The headers of one HDU of an image that no camera has opened yet.
class ImageHeaders : public CcdHeaders {
 public:
  ImageHeaders(const fits::Header& primary, const fits::Header& image) : primary_(primary), image_(image) {}
  const fits::Header* header(HeaderOf which) override {
    return which == HeaderOf::kPrimary ? &primary_ : which == HeaderOf::kImage ? &image_ : nullptr;
  }

 private:
  const fits::Header &primary_, &image_;
};

std::string card_text(const fits::Header& primary, const fits::Header& image, const std::string& key) {
  return primary.text(key).value_or(image.text(key).value_or(""));
}

std::string cards_of(const Sources& sources) {
  std::vector<std::string> keys;
  for (const Source& source : sources) keys.insert(keys.end(), source.keys.begin(), source.keys.end());
  return keys.empty() ? std::string("no card") : fmt::format("{}", fmt::join(keys, ", "));
}

// The fields that say which exposure a CCD is of.
struct Field {
  const char* name;
  bool number, required;
};
constexpr Field kFields[] = {{"band", false, true},    {"expnum", false, true},  {"ccdname", false, false},
                             {"mjd_obs", true, true},  {"exptime", true, true},  {"fwhm", true, false},
                             {"gain", true, false},    {"airmass", true, false}, {"object", false, false},
                             {"propid", false, false}, {"plver", false, false}};

IdentifiedField read_field(const Field& field, const Camera& camera, CcdHeaders& headers) {
  IdentifiedField out{field.name, {}, {}};
  const Sources& sources = camera.facts().metadata.of(field.name);
  const CcdValues none;
  try {
    if (field.number) {
      if (const auto v = number_of(sources, none, headers)) out.value = fmt::format("{:.12g}", *v);
    } else if (out.name == "expnum") {
      if (const auto v = integer_of(sources, none, headers)) out.value = std::to_string(*v);
    } else if (const auto v = text_of(sources, none, headers)) {
      out.value = *v;
    }
    const auto& bands = camera.facts().detector.bands;
    if (out.name == "band" && !out.value.empty() &&
        std::find(bands.begin(), bands.end(), out.value) == bands.end())
      out.problem =
          fmt::format("is '{}', which is not one of the camera's bands ({}): see the fact metadata.band",
                      out.value, fmt::join(bands, ", "));
    // 1990 to 2100: a Julian Date is not one.
    if (out.name == "mjd_obs" && !out.value.empty() &&
        !(std::stod(out.value) > 47892 && std::stod(out.value) < 88069))
      out.problem = fmt::format(
          "is {}, no Modified Julian Date of 1990 to 2100: see the fact metadata.mjd_obs", out.value);
    if (out.value.empty() && field.required && !camera.overrides(CameraStep::kMetadata))
      out.problem =
          fmt::format("is not to be had from {}: see the fact metadata.{}", cards_of(sources), out.name);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    out.problem = fmt::format("{}: see the fact metadata.{}", e.message(), out.name);
  }
  return out;
}

// What reading the CCD's headers comes to: its files and its place in the sky.
void open_ccd(const Camera& camera, CcdSource source, Log log, IdentifiedCcd& out) {
  const auto attempt = [&](const auto& f) {
    try {
      f();
    } catch (const SkipCcd& skip) {
      out.problems.push_back(fmt::format("the camera does not want it: {}", skip.what()));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources) throw;
      out.problems.push_back(e.line());
    }
  };
  source.values.image_hdu = out.hdu;
  attempt([&] {
    OpenCcd ccd = camera.open(std::move(source), Purpose::kCheck, log);
    const auto file = [&](const char* role, const fs::path& path, auto&& hdu_of, auto&& reader_of) {
      if (path.empty()) return;
      IdentifiedFile& f = out.files.emplace_back(IdentifiedFile{role, path, -1, 0, 0});
      attempt([&] {
        f.hdu = hdu_of();
        const fits::ImageInfo info = reader_of().image_info(f.hdu);
        f.width = info.width;
        f.height = info.height;
        const int n = f.role == "weight" ? 2 * camera.facts().weight.trim_excess_pixels : 0;
        const bool same = f.width == out.width && f.height == out.height;
        if (!same && !(n > 0 && f.width == out.width + n && f.height == out.height + n))
          out.problems.push_back(fmt::format("its {} is {} x {}, the image {} x {}", role, f.width, f.height,
                                             out.width, out.height));
      });
    };
    file(
        "mask", ccd.mask_file(), [&] { return ccd.mask_hdu(); },
        [&]() -> ImageFile& { return ccd.mask_reader(); });
    file(
        "weight", ccd.weight_file(), [&] { return ccd.weight_hdu(); },
        [&]() -> ImageFile& { return ccd.weight_reader(); });
    attempt([&] {
      const std::optional<fits::Header> stated = ccd.wcs_cards();
      const Wcs wcs = Wcs::from_header(stated ? *stated : ccd.image_header(), out.width, out.height);
      const SkyPosition middle = wcs.center();
      out.ra = middle.ra;
      out.dec = middle.dec;
      out.scale_arcsec = wcs.pixel_scale_arcsec();
      const double nominal = camera.facts().detector.pixel_scale_arcsec;
      if (!(std::abs(*out.scale_arcsec / nominal - 1) < 0.05))
        out.problems.push_back(
            fmt::format("its pixels are {:.5g} arcsec by its world coordinates, {:.5g} by the fact "
                        "detector.pixel_scale_arcsec: one of them is wrong",
                        *out.scale_arcsec, nominal));
    });
  });
}

// A file that is not FITS: as the one camera whose format it is reads it. What there is instead of one is told in `out`.
std::optional<OpenCcd> ask_formats(CameraRegistry& registry, const CcdSource& source, Log log,
                                   const std::string& as_fits, IdentifiedImage& out) {
  ImageClaim claim = ImageClaims(registry, log).of(source);
  out.claimants = claim.cameras;
  if (out.claimants.size() == 1) {
    out.camera = out.claimants.front();
    return registry.load(out.camera).peek(source, log);
  }
  if (out.claimants.size() > 1) {
    out.problems.push_back(fmt::format("more than one camera claims it: {}; choose one with --camera",
                                       fmt::join(out.claimants, ", ")));
    return {};
  }
  out.problems.push_back(fmt::format("as FITS: {}", as_fits));
  if (!claim.readers.empty())
    out.problems.push_back(fmt::format("no camera claims it; {} can open it: --camera says whose it is",
                                       fmt::join(claim.readers, ", ")));
  else
    out.problems.push_back("no camera knows its format");
  out.problems.insert(out.problems.end(), claim.refusals.begin(), claim.refusals.end());
  return {};
}

}  // namespace

bool IdentifiedImage::is_well() const {
  return problems.empty() &&
         std::all_of(ccds.begin(), ccds.end(), [](const IdentifiedCcd& ccd) { return ccd.problems.empty(); });
}

IdentifiedImage identify_image(CameraRegistry& registry, const fs::path& image, const std::string& camera,
                               const fs::path& images, Log log) {
  IdentifiedImage out;
  out.path = fs::absolute(image);
  const fs::path below = images.empty() ? out.path.parent_path() : fs::absolute(images);
  CcdSource source;
  source.values.image_filename = out.path.lexically_relative(below).string();
  source.values.image_hdu = 0;
  source.locate = [below](SurveyPlace place, const std::string& relative) {
    return place == SurveyPlace::kImages ? below / relative : below.parent_path() / relative;
  };
  out.camera = camera;
  std::optional<OpenCcd> look;
  // What is not FITS only a camera whose format it is can open.
  std::unique_ptr<ImageFile> fits_file;
  if (!camera.empty()) {
    look.emplace(registry.load(camera).peek(source, log));
  } else {
    try {
      fits_file = open_fits_file(out.path, nullptr);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput || !fs::is_regular_file(out.path)) throw;
      look = ask_formats(registry, source, log, e.message(), out);
      if (!look) return out;
    }
  }
  ImageFile& file = look ? look->image_reader() : *fits_file;
  const fits::Header primary = file.header(0),
                     second = file.hdu_count() > 1 ? file.header(1) : fits::Header();
  out.instrument = card_text(primary, second, "INSTRUME");
  out.telescope = card_text(primary, second, "TELESCOP");
  if (out.claimants.empty()) out.claimants = claimants_of(registry, primary, second);
  if (out.camera.empty()) {
    if (out.claimants.size() != 1) {
      out.problems.push_back(
          out.claimants.empty()
              ? fmt::format("no camera claims it (INSTRUME = '{}', TELESCOP = '{}'); there are {}",
                            out.instrument, out.telescope, fmt::join(registry.names(), ", "))
              : fmt::format("more than one camera claims it: {}; choose one with --camera",
                            fmt::join(out.claimants, ", ")));
      return out;
    }
    out.camera = out.claimants.front();
  }
  const Camera& reading = registry.load(out.camera);
  const std::vector<int> hdus = ccd_hdus(file, reading.facts().hdus);
  if (hdus.empty()) out.problems.push_back("no HDU is a CCD's image: see the fact hdus.ccds");
  for (const int hdu : hdus) {
    IdentifiedCcd& ccd = out.ccds.emplace_back();
    ccd.hdu = hdu;
    if (hdu < 0 || hdu >= file.hdu_count()) {
      ccd.problems.push_back(fmt::format("the file has {} HDUs: see the fact hdus.ccds", file.hdu_count()));
      continue;
    }
    const fits::ImageInfo info = file.image_info(hdu);
    ccd.width = info.width;
    ccd.height = info.height;
    const fits::Header header = file.header(hdu);
    const fits::Header first = file.header(std::min(reading.facts().hdus.primary, file.hdu_count() - 1));
    ImageHeaders headers(first, header);
    for (const Field& field : kFields) {
      ccd.fields.push_back(read_field(field, reading, headers));
      const IdentifiedField& read = ccd.fields.back();
      if (!read.problem.empty()) ccd.problems.push_back(fmt::format("its {} {}", read.name, read.problem));
    }
    const bool known = std::none_of(std::begin(kFields), std::end(kFields), [&](const Field& f) {
      const auto& read = ccd.fields[static_cast<std::size_t>(&f - kFields)];
      return f.required && !read.problem.empty() && read.value.empty();
    });
    if (known) open_ccd(reading, source, log, ccd);
  }
  return out;
}

}  // namespace brickline
