#include "core/zeropoints/measured_images.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/calib/thread_time.h"
#include "core/image/corrected_wcs.h"
#include "core/survey/ccd_table.h"
#include "core/survey/ccd_table_duplicates.h"
#include "core/zeropoints/measured_row_file.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
constexpr double kArcsecPerDegree = 3600;

std::string words_of_failure() {
  try {
    throw;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
    return e.line();
  } catch (const SkipCcd& e) {
    return e.what();
  }
}

class Batch {
 public:
  Batch(const SurveyDirectory& survey, const CameraRegistry& cameras, const CcdTable& ccds,
        const fits::Table& made, const MeasureOptions& options, const Log& log)
      : survey_(survey),
        cameras_(cameras),
        ccds_(ccds),
        made_(made),
        options_(options),
        log_(log),
        calibrator_(survey, cameras, &ccds.table(), options.calibrations, log) {
    if (options.dust_dir) dust_ = DustMaps::read(*options.dust_dir);
    if (options.xp_basis) xp_basis_ = XpBasis::read(*options.xp_basis);
    if (!options.facts_over.empty())
      for (const Camera* camera : cameras.loaded())
        facts_.emplace(camera->name(), facts_with_over(*camera, options.facts_over));
  }

  // As it was measured before the batch was interrupted, or now.
  MeasuredRow row(std::int64_t i) {
    options_.calibrations.cancel.stop_if_asked();
    if (options_.finished_dir.empty()) return measure(i, nullptr);
    const std::string ccd = text_of_row(i);
    const MeasuredRowFiles finished(options_.finished_dir, options_.finished_key);
    if (std::optional<MeasuredRow> row = finished.find(ccd); row && row->row == i) return *std::move(row);
    ReadLog reads;
    MeasuredRow row = measure(i, &reads);
    if (row.zero_point.failure.empty()) finished.keep(ccd, row, reads);
    return row;
  }

 private:
  // All that the made table says of a CCD.
  std::string text_of_row(std::int64_t i) const {
    std::string text;
    for (const fits::Column& column : made_.columns()) {
      text += column.name + "=";
      if (std::holds_alternative<std::vector<std::string>>(column.data)) {
        text += made_.text(column.name, i);
      } else {
        const std::int64_t width = column.width();
        for (std::int64_t k = 0; k < width; ++k) text += fmt::format("{},", made_.number(column.name, i, k));
      }
      text += "\n";
    }
    return text;
  }

  MeasuredRow measure(std::int64_t i, ReadLog* reads) {
    const CcdReader reader(survey_, cameras_, &ccds_.table(), reads);
    MeasuredRow out;
    const CcdRow ccd = ccds_.row(i);
    out.image_filename = ccd.image_filename;
    out.hdu = ccd.image_hdu;
    out.row = i;
    const std::string source = made_.text("zpt_source", i);
    out.given = source != name_of(ZeroPointSource::kNominal) && source != name_of(ZeroPointSource::kUnknown);
    out.zero_point.failure.clear();
    try {
      CcdInput input = reader.input(ccd, i);
      make_calibrations(input);
      ThreadTime time;
      const CameraFacts& facts = facts_of(cameras_.camera(ccd.camera));
      ReadImageOptions reading = options_.calibrations.sky_maker.reading;
      reading.purpose = Purpose::kMeasure;
      reading.nanomaggies = reading.seeing = reading.trim_edges = false;
      reading.required = true;
      CcdImage image = *reader.read(input, reading, log_);
      out.fwhm = image.psf_fwhm > 0 ? image.psf_fwhm : image.psf.fwhm_pixels();
      image.psf_fwhm = out.fwhm;
      image.airmass = made_.number("airmass", i);
      out.gain = image.gain;
      count_photons(image, facts);
      out.read_seconds = time.lap();
      if (out.given) {
        out.zero_point.zero_point = ccd.ccdzpt;
        // No star was looked at: what the table says, which without such columns is nothing.
        out.zero_point.ra_offset = ccd.ccdraoff;
        out.zero_point.dec_offset = ccd.ccddecoff;
        out.zero_point.provider = made_.text("zpt_source", i);
      } else {
        measure_stars(image, facts, out, reads);
      }
      if (out.zero_point.failure.empty()) {
        out.sig1 = ccd.sig1 * std::pow(10, 0.4 * (ccd.ccdzpt - out.zero_point.zero_point));
        annotate(reader, input, image, facts, out);
      }
      out.fit_seconds = time.lap();
    } catch (...) {
      options_.calibrations.cancel.stop_if_asked();  // it may be why
      // A zero point that was found by then is none: a row has numbers, or a reason.
      out.zero_point = CcdZeroPoint();
      out.zero_point.failure = words_of_failure();
      out.annotation.reset();
      out.corrected_wcs.reset();
      out.wcs_file.clear();
      out.sig1 = CcdAnnotation::kUnknown;
    }
    return out;
  }

  const CameraFacts& facts_of(const Camera& camera) const {
    const auto laid_over = facts_.find(camera.name());
    return laid_over == facts_.end() ? camera.facts() : laid_over->second;
  }

  // Without the zero point, which is only the camera's usual one yet.
  void make_calibrations(CcdInput input) {
    if (!options_.make_calibrations) return;
    input.source.values.ccdzpt = CcdValues::kUnknown;
    CcdCalibration found = calibrator_.look_at(input);
    if (found.missing()) calibrator_.make(input, found);
    // What an interruption kept from being made is missing, and no failure.
    options_.calibrations.cancel.stop_if_asked();
    std::string failures;
    for (const auto& [what, step] : {std::pair{"PSF", &found.psf}, std::pair{"sky", &found.sky}})
      if (step->state == CalibrationState::kFailed)
        failures += fmt::format("{}the {} cannot be made: {}", failures.empty() ? "" : "; ", what, step->why);
    if (!failures.empty()) throw input_error("{}", failures);
  }

  // Images per second become counts.
  static void count_photons(CcdImage& image, const CameraFacts& facts) {
    if (!facts.pixels.multiply_by_exptime_for_measuring) return;
    const auto seconds = static_cast<float>(image.exptime);
    if (!(seconds > 0)) throw input_error("the exposure time is {}", image.exptime);
    for (int y = 0; y < image.data.height(); ++y)
      for (int x = 0; x < image.data.width(); ++x) {
        image.data(x, y) *= seconds;
        image.inverse_error(x, y) /= seconds;
      }
  }

  // A catalog, where it can be read; else empty, and why.
  std::optional<PhotometricProvider> provider_of(const std::string& name, const CameraFacts& facts,
                                                 const std::string& band, std::string& why) const {
    std::optional<PhotometricProvider> provider;
    try {
      provider = photometric_provider(facts, name, band, xp_basis_ ? &*xp_basis_ : nullptr);
    } catch (const Error& e) {
      // A band that spectra do not cover.
      if (e.kind() != ErrorKind::kInput || name != "xp") throw;
      why = fmt::format("catalogue {}: {}", name, e.line());
      return {};
    }
    if (!provider) {
      why = fmt::format("the facts of camera {} have no {} band {}", facts.camera.name,
                        name == "xp" ? "transmission (photometry.bands.*.transmission) of"
                                     : fmt::format("colour term from catalogue {} to", name),
                        band);
      return {};
    }
    if (!provider->catalog) return provider;
    const auto directory = options_.photometric_dirs.find(name);
    if (provider->catalog->of_gaia) provider->catalog->files = options_.gaia;
    if (directory != options_.photometric_dirs.end()) {
      provider->catalog->files.directory = directory->second;
    } else if (!provider->catalog->of_gaia) {
      why = fmt::format("nobody says where catalogue {} is", name);
      return {};
    }
    return provider;
  }

  // With magnitudes of the caller's catalog, or of the first of the camera's choice that is there, whose name `provider`
  // becomes. Gaia's chunks may be there without synthetic photometry or spectra.
  ReferenceStars reference_stars(const CcdImage& image, const CameraFacts& facts, std::string& provider,
                                 ReadLog* reads) {
    std::vector<std::string> names = facts.photometry.preferred_catalogue;
    if (!options_.photometry.empty()) names = {options_.photometry};
    const Footprint footprint(image.wcs, options_.stars.stars.footprint_margin_pixels);
    const auto note = [&](const CatalogFiles& files) {
      if (!reads) return;
      for (const int pixel : footprint.healpixes(files)) reads->note(files.file(pixel));
    };
    const auto read = [&](const PhotometricProvider* from) {
      return read_reference_stars(image.wcs, image.mjd_obs, options_.gaia, from, options_.stars.stars,
                                  cache_);
    };
    note(options_.gaia);
    std::string whys;
    for (const std::string& name : names) {
      std::string why;
      if (const std::optional<PhotometricProvider> p = provider_of(name, facts, image.band, why)) {
        if (p->catalog) note(p->catalog->files);
        ReferenceStars stars = read(&*p);
        const bool may_lack = p->catalog && p->catalog->of_gaia && options_.photometry.empty();
        if (stars.no_photometry.empty() || !may_lack) {
          provider = p->name;
          return stars;
        }
        why = fmt::format("catalogue {}: {}", name, stars.no_photometry);
      }
      whys += (whys.empty() ? "" : "; ") + why;
    }
    ReferenceStars stars = read(nullptr);
    stars.no_photometry = whys;
    return stars;
  }

  void measure_stars(const CcdImage& image, const CameraFacts& facts, MeasuredRow& out, ReadLog* reads) {
    std::string provider;
    const ReferenceStars stars = reference_stars(image, facts, provider, reads);
    out.zero_point = measure_zero_point(image, facts, stars, provider, options_.stars);
    CcdZeroPoint& z = out.zero_point;
    if (!z.failure.empty()) z.terms.reset();
    if (z.terms) try {
        // Less what runs add by themselves, which of this camera may be nothing.
        const bool adds = facts.wcs.offset;
        out.corrected_wcs =
            corrected_wcs_cards(image.full_wcs, *z.terms, adds ? z.ra_offset : 0, adds ? z.dec_offset : 0);
        out.corrected_wcs->set(kCorrectedWcsHoldsOffset, !adds, "ccdraoff, ccddecoff are in these already");
        const fs::path name = out.image_filename;
        out.wcs_file = fs::path("wcs") / name.parent_path() /
                       (base_name(facts.files.base_name, out.image_filename) + "-wcs.fits");
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::kInput) throw;
        z.no_terms = e.line();
        z.terms.reset();
      }
  }

  void annotate(const CcdReader& reader, const CcdInput& input, const CcdImage& image,
                const CameraFacts& facts, MeasuredRow& out) {
    // As runs have it (core/image/read_ccd_image.cpp).
    Wcs wcs = image.full_wcs;
    if (out.corrected_wcs) wcs = Wcs::from_header(*out.corrected_wcs, wcs.width(), wcs.height());
    const CcdZeroPoint& z = out.zero_point;
    if (facts.wcs.offset && std::isfinite(z.ra_offset + z.dec_offset))
      wcs = wcs.with_offset(z.ra_offset / kArcsecPerDegree, z.dec_offset / kArcsecPerDegree);
    out.annotation = annotate_ccd(reader, input, image, wcs, facts, {z.zero_point, out.sig1, out.fwhm},
                                  options_.calibrations.sky_maker.reading, Purpose::kMeasure,
                                  dust_ ? &*dust_ : nullptr, log_);
  }

  const SurveyDirectory& survey_;
  const CameraRegistry& cameras_;
  const CcdTable& ccds_;
  const fits::Table& made_;
  const MeasureOptions& options_;
  Log log_;
  Calibrator calibrator_;
  CatalogCache cache_;
  std::optional<DustMaps> dust_;
  std::optional<XpBasis> xp_basis_;
  std::map<std::string, CameraFacts> facts_;  // by camera, where they are not its own
};

}  // namespace

CameraFacts facts_with_over(const Camera& camera, const std::string& over) {
  ParsedFacts parsed =
      parse_camera_facts(merge_camera_facts(camera.facts_json(), over), camera.facts().camera);
  if (!parsed.problems.empty())
    throw input_error("facts laid over those of camera {}: {}", camera.name(),
                      fmt::join(parsed.problems, "; "));
  return std::move(parsed.facts);
}

std::string read_facts_over(const fs::path& file) try {
  std::ifstream in(file);
  if (!in) throw input_error("cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) throw input_error("is no JSON object");
  for (const auto& [key, value] : json.items())
    if (key != "photometry" && key != "note")
      throw input_error("has the key '{}': only facts of \"photometry\" can be laid over a camera's here",
                        key);
  // What images state was read before.
  const auto member = [](const nlohmann::json& of, const char* key) {
    return of.is_object() && of.contains(key) ? of.at(key) : nlohmann::json();
  };
  if (const nlohmann::json bands = member(member(json, "photometry"), "bands"); bands.is_object())
    for (const auto& [band, facts] : bands.items())
      if (!member(facts, "header_zero_point").is_null())
        throw input_error(
            "has photometry.bands.{}.header_zero_point: only the camera's own facts can say where its headers have "
            "zero points (--zeropoint-card says it for one table)",
            band);
  return text;
} catch (Error& error) {
  throw error.in_file(file.string());
}

std::string read_facts_over(const std::vector<std::string>& files) {
  std::string all;
  for (const std::string& file : files) {
    const std::string text = read_facts_over(fs::path(file));
    all = all.empty() ? text : merge_camera_facts(all, text);
  }
  return all;
}

MeasuredImages measure_images(const SurveyDirectory& survey, const CameraRegistry& cameras,
                              const MadeCcdTable& made, const MeasureOptions& options, const Log& log,
                              const Progress& progress) {
  const std::vector<const Camera*> loaded = cameras.loaded();
  if (!options.photometry.empty() && options.photometry != "xp" && options.facts_over.empty() &&
      !loaded.empty() && std::none_of(loaded.begin(), loaded.end(), [&](const Camera* camera) {
        return camera->facts().photometry.catalogues.contains(options.photometry);
      }))
    throw usage_error(
        "no camera of these images knows a catalogue {} (fact photometry.catalogues): --facts FILE can give "
        "one, and colour-terms makes such files of Gaia's",
        options.photometry);
  MeasuredImages out;
  out.terms = options.stars.astrometry.order != AstrometricOrder::kShift;
  if (made.table.rows() > 0) {
    const CcdTable ccds = CcdTable::from_tables({{"the table", made.table}});
    require_all_rows(made.table, ccds.table());
    out.rows.resize(static_cast<std::size_t>(ccds.rows()));
    Batch batch(survey, cameras, ccds, made.table, options, log);
    std::mutex mutex;
    std::int64_t done = 0;
    tbb::parallel_for(std::size_t{0}, out.rows.size(), [&](std::size_t i) {
      out.rows[i] = batch.row(static_cast<std::int64_t>(i));
      if (!progress) return;
      const std::scoped_lock lock(mutex);
      progress(++done, ccds.rows());
    });
  }
  // CCDs whose headers lack something: one row each.
  std::map<std::pair<std::string, int>, std::string> lacking;
  for (const CcdProblem& p : made.problems) {
    std::string& words = lacking[{p.file, p.hdu}];
    words += (words.empty() ? "" : "; ") + p.missing;
  }
  for (const auto& [place, words] : lacking) {
    MeasuredRow row;
    row.image_filename = place.first;
    row.hdu = place.second;
    row.zero_point.failure = words;
    out.rows.push_back(std::move(row));
  }
  for (const MeasuredRow& row : out.rows) out.failed += !row.zero_point.failure.empty();
  return out;
}

}  // namespace brickline
