#include "core/calib/psf_maker.h"

#include <fmt/format.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/child_process.h"
#include "core/base/error.h"
#include "core/calib/calibration_row.h"
#include "core/calib/external_program.h"
#include "core/calib/psf_settings.h"
#include "core/calib/psf_wings.h"
#include "core/calib/thread_time.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/psf/psfex.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kOwnFlag = 1;  // of pixels without a number, or without weight where there is no mask

void write_text(const fs::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) throw resource_error("cannot write it: is the disk full?").in_file(file.string());
}

// Takes detections on flagged pixels out of source-extractor's catalog. psfex does not model them either way, but
// it takes the commonest width of all detections for that of the stars: where cosmic rays outnumber stars, it
// would find none. The catalog's second table is the file's end, the flags are the last column of it.
void drop_flagged(const fs::path& catalog, std::uint32_t mask) {
  constexpr std::size_t kBlock = 2880, kValueAt = 10, kValueSize = 20;
  std::ostringstream read;
  read << std::ifstream(catalog, std::ios::binary).rdbuf();
  std::string bytes = read.str();
  fits::Header header;
  try {
    header = fits::FitsReader(catalog).header(2);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInput) throw;
    return;  // no such catalog: psfex says so
  }
  const auto row = static_cast<std::size_t>(header.integer("NAXIS1").value_or(0)),
             rows = static_cast<std::size_t>(header.integer("NAXIS2").value_or(0));
  const auto padded = [](std::size_t n) { return (n + kBlock - 1) / kBlock * kBlock; };
  if (rows == 0 || row < 4 || bytes.size() < padded(row * rows)) return;
  const std::size_t start = bytes.size() - padded(row * rows), card = bytes.rfind("NAXIS2  =", start);
  if (card == std::string::npos) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    std::uint32_t flags = 0;
    for (std::size_t k = 4; k > 0; --k)
      flags = flags << 8 | static_cast<unsigned char>(bytes[start + (i + 1) * row - k]);
    if (flags & mask) continue;
    if (kept < i) bytes.replace(start + kept * row, row, bytes, start + i * row, row);
    ++kept;
  }
  bytes.replace(card + kValueAt, kValueSize, fmt::format("{:>20}", kept));
  bytes.resize(start + row * kept);
  bytes.resize(start + padded(row * kept), '\0');
  write_text(catalog, bytes);
}

// What source-extractor is given: the pixels as they are in the file, and a plane of flags.
struct PlainImage {
  Image<float> pixels;
  Image<std::int32_t> flags;
};

PlainImage plain_image(OpenCcd& ccd, const CcdImage& known, const CameraFacts& facts) {
  const Box whole = Box::from_size(known.full_wcs.width(), known.full_wcs.height());
  PlainImage plain;
  plain.pixels = ccd.read_image(whole);
  std::optional<Image<std::int32_t>> mask = ccd.read_mask(whole);
  const bool masked = mask.has_value();
  plain.flags = masked ? std::move(*mask) : Image<std::int32_t>(whole.width(), whole.height());
  const auto cleared = static_cast<std::int32_t>(facts.detection.mask_clear_bits);
  for (int y = 0; y < whole.height(); ++y)
    for (int x = 0; x < whole.width(); ++x) {
      plain.flags(x, y) &= ~cleared;
      const bool weighted =
          !known.extent.contains(x, y) || known.inverse_error(x - known.extent.x0, y - known.extent.y0) > 0;
      if (!std::isfinite(plain.pixels(x, y))) {
        plain.pixels(x, y) = 0;
        plain.flags(x, y) |= kOwnFlag;
      } else if (!masked && !weighted) {
        plain.flags(x, y) |= kOwnFlag;
      }
    }
  return plain;
}

// A tangent plane without distortion, which every version of the program understands, and the cards that the
// settings name.
fits::Header plain_header(OpenCcd& ccd, const Wcs& wcs, const ProgramSettings& settings) {
  const SkyPosition at = wcs.tangent_point();
  const PixelPosition pixel = wcs.reference_pixel();
  fits::Header header =
      Wcs::tangent(at.ra, at.dec, pixel.x, pixel.y, wcs.cd(), wcs.width(), wcs.height()).to_header();
  for (const char* setting : {"SATUR_KEY", "GAIN_KEY"}) {
    const auto key = settings.find(setting);
    if (key == settings.end()) continue;
    for (const fits::Header* from : {&ccd.image_header(), &ccd.primary_header()})
      if (const auto value = from->number(key->second)) {
        header.set(key->second, *value);
        break;
      }
  }
  return header;
}

template <typename T>
void write_plain(const fs::path& file, const Image<T>& pixels, const fits::Header& header) {
  fits::FitsWriter writer;
  writer.add_image(pixels.view(), header);
  write_text(file, writer.finish());
}

void run_or_fail(const ProgramCall& call, std::string_view name, double& cpu_seconds) {
  const ProgramResult result = run_external(call);
  cpu_seconds = result.cpu_seconds;
  if (result.succeeded()) return;
  std::error_code code;
  const fs::space_info room = fs::space(call.directory, code);
  const std::string words = last_words(call.log);
  const std::string what =
      fmt::format("{} {}{}", name, result.description(), words.empty() ? "" : ": " + words);
  constexpr std::uintmax_t kFull = 1 << 20;  // bytes
  if (!code && room.available < kFull)
    throw resource_error("{}; the disk is full", what).in_file(call.directory.string());
  // As both programs say that malloc gave nothing; buffers of theirs that overflow sound otherwise.
  for (const std::string_view none : {"ot enough memory for", "ould not allocate memory for"})
    if (words.find(none) != std::string::npos) throw resource_error("{}", what);
  // Nobody else sends that signal to a program than a system that has no more memory for it; a shell tells of it by a code.
  constexpr int kShells = 128;
  const bool exited = result.end == ProgramResult::End::kExit;
  const bool killed = (result.end == ProgramResult::End::kSignal && result.code == SIGKILL) ||
                      (exited && result.code == kShells + SIGKILL);
  if (killed || !exited || result.code == kCannotStart) throw ProgramFailure(what, killed);
  throw input_error("{}", what);
}

// The flags of the facts' rules and of the camera's list of special CCDs, as words of the command line.
std::vector<std::string> flags_of(const Camera& camera, const PsfFacts& psf, OpenCcd& ccd) {
  std::vector<std::string> words;
  for (const Rule<PsfFacts::Special>& rule : psf.rules) {
    if (!holds(rule.when, ccd.values(), &ccd.headers())) continue;
    std::istringstream in(rule.value.flags);
    for (std::string word; in >> word;) words.push_back(word);
  }
  if (psf.special.empty()) return words;
  const std::vector<std::string> special = special_flags(camera.data_file(psf.special), ccd.values());
  words.insert(words.end(), special.begin(), special.end());
  return words;
}

// Of psfex's own catalog; none if there is none.
std::vector<PsfStar> stars_of(const fs::path& catalog) {
  std::vector<PsfStar> stars;
  try {
    const fits::Table table = fits::FitsReader(catalog).table(2);
    const std::vector<double> x = table.numbers("x_image"), y = table.numbers("y_image");
    for (std::int64_t i = 0; i < table.rows(); ++i) {
      const auto k = static_cast<std::size_t>(i);
      const bool rejected = table.has("flags_psf") && table.integer("flags_psf", i) != 0;
      stars.push_back({x[k] - 1, y[k] - 1, !rejected});
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    stars.clear();
  }
  return stars;
}

// The light of the model's first image; its pixels are psf_samp of the CCD's wide, its values those of a whole one.
double sum_of_model(const fits::Table& row) {
  const auto& values = std::get<std::vector<float>>(row.require("psf_mask").data);
  const std::int64_t pixels = row.integer("psfaxis1", 0) * row.integer("psfaxis2", 0);
  double sum = 0;
  for (std::int64_t i = 0; i < pixels; ++i) sum += values[static_cast<std::size_t>(i)];
  const double side = row.number("psf_samp", 0);
  return sum * side * side;
}

// The sum. Error (kInput) if it is too far from 1.
double checked_sum(const fits::Table& row, double max_deviation) {
  const double sum = sum_of_model(row);
  if (!(std::abs(sum - 1) <= max_deviation))
    throw input_error("the PSF's sum is {:.4g}, which is not near 1", sum);
  return sum;
}

// The row's planes with smooth wings; where the profile begins in pixels of the CCD, if that can be. The file tells it behind
// the column's name, with the CCD: a merged file has the words of its first.
std::optional<double> smooth_wings_of(fits::Table& row, const std::string& ccdname) {
  const std::int64_t width = row.integer("psfaxis1", 0), height = row.integer("psfaxis2", 0);
  auto& values = std::get<std::vector<float>>(row.find("psf_mask")->data);
  const auto pixels = static_cast<std::size_t>(width * height);
  std::vector<Image<float>> planes;
  for (std::size_t at = 0; at + pixels <= values.size(); at += pixels) {
    Image<float>& plane = planes.emplace_back(static_cast<int>(width), static_cast<int>(height));
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) plane(x, y) = values[at + static_cast<std::size_t>(y * width + x)];
  }
  const double told = row.number("psf_samp", 0), sampling = told > 0 ? told : 1;
  const auto wings = smooth_wings(planes, row.number("psf_fwhm", 0) / sampling, sampling);
  if (!wings) return {};
  std::size_t i = 0;
  for (const Image<float>& plane : planes)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) values[i++] = plane(x, y);
  const double from = wings->radius * sampling;
  row.find("psf_mask")->description = fmt::format("from {:.1f} pixels on a profile ({})", from, ccdname);
  return from;
}

}  // namespace

fits::Table psf_row(const fs::path& psfex_file, const CcdImage& image, int min_stars,
                    double max_sum_deviation) {
  fits::FitsReader reader(psfex_file);
  const fits::Header header = reader.header(1);
  const fits::Table table = reader.table(1);
  fits::Column mask = table.require("PSF_MASK");
  const std::int64_t accepted = header.integer("ACCEPTED").value_or(0),
                     loaded = header.integer("LOADED").value_or(0);
  if (accepted < min_stars)
    throw input_error(
        "psfex accepted {} of {} stars, fewer than the {} that a PSF needs: the image may be too small, too "
        "shallow or too far off focus; calibrate --min-stars accepts fewer",
        accepted, loaded, min_stars);
  const auto real = [&](const char* card) {
    const std::optional<double> v = header.number(card);
    if (!v || !std::isfinite(*v)) throw input_error("psfex's model has no {} that is a number", card);
    return *v;
  };

  fits::Table row;
  const std::int64_t width = header.require_integer("PSFAXIS1"), height = header.require_integer("PSFAXIS2"),
                     axes = header.require_integer("PSFNAXIS"),
                     planes = axes > 2 ? header.require_integer("PSFAXIS3") : 1;
  mask.name = "psf_mask";
  mask.shape = {width, height, planes};
  row.add(std::move(mask));
  add_identity(row, image, "xxx");
  const auto whole = [&](const char* name, std::int64_t v) { row.add(name, std::vector<std::int64_t>{v}); };
  const auto number = [&](const char* name, double v) { row.add(name, std::vector<double>{v}); };
  const auto text = [&](const char* name, std::string v) {
    row.add(name, std::vector<std::string>{std::move(v)});
  };
  whole("loaded", loaded);
  whole("accepted", accepted);
  number("chi2", real("CHI2"));
  const std::int64_t variables = header.integer("POLNAXIS").value_or(0);
  whole("polnaxis", variables);
  whole("polngrp", variables > 0 ? header.require_integer("POLNGRP") : 0);
  number("psf_fwhm", real("PSF_FWHM"));
  number("psf_samp", real("PSF_SAMP"));
  whole("psfnaxis", axes);
  whole("psfaxis1", width);
  whole("psfaxis2", height);
  whole("psfaxis3", planes);
  for (const char* axis : {"1", "2"}) {
    const std::string n = axis;
    whole(("polgrp" + n).c_str(), variables > 0 ? header.integer("POLGRP" + n).value_or(1) : 0);
    text(("polname" + n).c_str(), variables > 0 ? header.require_text("POLNAME" + n) : "fake");
    number(("polzero" + n).c_str(), variables > 0 ? real(("POLZERO" + n).c_str()) : 0);
    number(("polscal" + n).c_str(), variables > 0 ? real(("POLSCAL" + n).c_str()) : 1);
  }
  whole("poldeg1", variables > 0 ? header.require_integer("POLDEG1") : 0);

  // The readers' own judgement (sampling, width, finite planes), and the light.
  psf_from_psfex_row(row, 0, true);
  checked_sum(row, max_sum_deviation);
  return row;
}

void find_psf_programs(PsfMakerOptions& options, const Environment& environment) {
  const auto find = [&](const fs::path& given, std::vector<std::string> names) {
    const std::string package = names.front();
    if (!given.empty()) names = {given.string()};
    const auto found = find_program(names, environment("PATH"));
    if (found) return *found;
    throw input_error("{} is not {} (Debian package {})", names.front(),
                      given.empty() ? "on the PATH" : "a program that can be run", package);
  };
  const fs::path extractor = find(options.source_extractor, {"source-extractor", "sex"});
  options.psfex = find(options.psfex, {"psfex"});
  options.source_extractor = extractor;
}

MadePsf make_psf(const CcdReader& reader, const CcdInput& input, const Camera& camera,
                 const CameraFacts& facts, const PsfMakerOptions& options, Log log) {
  MadePsf made;
  ThreadTime clock;
  ReadImageOptions reading = options.reading;
  reading.purpose = Purpose::kCalibrate;
  reading.nanomaggies = reading.camera_noise = reading.seeing = reading.sky = reading.psf = false;
  reading.trim_edges = false;
  reading.required = true;
  CcdImage image = *reader.read(input, reading, log);
  OpenCcd ccd = reader.open(input, Purpose::kCalibrate, log);

  ScratchDirectory scratch(options.scratch_parent);
  if (options.keep_scratch) {
    scratch.keep();
    log.info("{}: temporary files stay in {}", image.name, scratch.path().string());
  }
  const ProgramSettings extraction = extractor_settings(facts, image.exptime);
  {
    const PlainImage plain = plain_image(ccd, image, facts);
    write_plain(scratch / "image.fits", plain.pixels, plain_header(ccd, image.full_wcs, extraction));
    write_plain(scratch / "flags.fits", plain.flags, {});
  }
  write_text(scratch / "extract.conf", settings_text(extraction));
  std::string columns;
  for (const std::string& column : extractor_columns(facts)) columns += column + "\n";
  write_text(scratch / "extract.param", columns);
  write_text(scratch / "extract.conv", extractor_filter(facts));
  write_text(scratch / "psfex.conf", settings_text(psfex_settings(facts, ccd.values(), &ccd.headers())));
  image.data = {};
  image.inverse_error = {};
  image.mask = {};
  made.read_seconds = clock.lap();

  ProgramCall call;
  call.directory = scratch.path();
  call.time_limit_seconds = options.time_limit_seconds;
  call.cancel = options.cancel;
  call.program = options.source_extractor;
  call.log = scratch / "source-extractor.log";
  call.arguments = {"image.fits",    "-c",           "extract.conf", "-PARAMETERS_NAME",
                    "extract.param", "-FILTER_NAME", "extract.conv", "-CATALOG_NAME",
                    "sources.fits",  "-FLAG_IMAGE",  "flags.fits"};
  run_or_fail(call, "source-extractor", made.extractor_seconds);
  if (!fs::exists(scratch / "sources.fits"))
    throw input_error("source-extractor ended well, but left no catalog: {}", last_words(call.log));
  if (!options.keep_catalog.empty()) {
    std::ifstream in(scratch / "sources.fits", std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    write_file_atomically(options.keep_catalog, bytes.str());
  }

  drop_flagged(scratch / "sources.fits", facts.psf.flag_mask);

  call.program = options.psfex;
  call.log = scratch / "psfex.log";
  call.arguments = {"sources.fits", "-c",           "psfex.conf", "-PSF_DIR",     ".",        "-PSF_SUFFIX",
                    ".psf",         "-OUTCAT_TYPE", "FITS_LDAC",  "-OUTCAT_NAME", "stars.cat"};
  const std::vector<std::string> flags = flags_of(camera, facts.psf, ccd);
  call.arguments.insert(call.arguments.end(), flags.begin(), flags.end());
  run_or_fail(call, "psfex", made.psfex_seconds);
  const fs::path model = scratch / "sources.psf";
  if (!fs::exists(model)) throw input_error("psfex ended well, but left no model: {}", last_words(call.log));
  made.row = psf_row(model, image, options.min_stars, options.max_sum_deviation);
  if (options.smooth_wings) {
    made.wings_from_pixels = smooth_wings_of(made.row, ccd.values().ccdname);
    if (made.wings_from_pixels)
      log.debug("{}: the PSF's wings are of a profile from {:.1f} pixels on", image.name,
                *made.wings_from_pixels);
    else
      log.info("{}: the PSF's wings stay as psfex makes them: no profile goes through them", image.name);
  }
  made.stars = stars_of(scratch / "stars.cat");
  made.loaded = static_cast<int>(made.row.integer("loaded", 0));
  made.accepted = static_cast<int>(made.row.integer("accepted", 0));
  made.fwhm_pixels = made.row.number("psf_fwhm", 0);
  made.chi2 = made.row.number("chi2", 0);
  made.sum = checked_sum(made.row, options.max_sum_deviation);  // of the smooth wings
  return made;
}

}  // namespace brickline
