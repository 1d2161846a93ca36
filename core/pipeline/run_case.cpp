#include "core/pipeline/run_case.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <map>
#include <set>
#include <sstream>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/version.h"
#include "core/fits/cut_file.h"
#include "core/fits/fits_reader.h"
#include "core/fits/fits_writer.h"
#include "core/image/ccd_reader.h"
#include "core/page/json_writer.h"
#include "core/pipeline/case_sums.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/stages/tims.h"
#include "core/pipeline/stages/wise_forced.h"
#include "core/survey/ccd_table.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;
using Kind = InputKind;

// Stands for the case's directory in options until run.sh knows it.
constexpr std::string_view kHere = "@CASE@";
// Pixels around what is read of an image that stay in it: of planes that are larger than the image, too.
constexpr int kMargin = 8;

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  if (!in) throw input_error("cannot read it").in_file(file.string());
  return std::move(out).str();
}

// The path below one of the directories; empty if it is below none.
fs::path below(const fs::path& file, const std::vector<fs::path>& directories) {
  for (const fs::path& directory : directories) {
    if (directory.empty()) continue;
    const fs::path relative = file.lexically_normal().lexically_relative(directory.lexically_normal());
    if (!relative.empty() && *relative.begin() != "..") return relative;
  }
  return {};
}

// Where each input goes, relative to the case.
class Places {
 public:
  Places(const BrickOptions& options, const RunInputs& inputs, const RunContext& run)
      : options_(options), run_(run), wise_(files_of(options.wise)) {
    for (const RunInput& input : inputs.files)
      if (input.kind == Kind::kCamera) camera_dirs_.push_back(input.file.parent_path());
  }

  fs::path of(const RunInput& input) const {
    const fs::path name = input.file.filename();
    switch (input.kind) {
      case Kind::kTycho:
      case Kind::kStarClusters:
      case Kind::kLargeGalaxies:
        return "references" / name;
      case Kind::kGaia:
        return "gaia" / name;
      case Kind::kDust:
        return "dust" / name;
      case Kind::kCamera:
        return "cameras" / below(input.file, camera_dirs_);
      case Kind::kSkyTemplate:
        return placed(input, "sky-templates", {run_.environment(input.item).value_or("")});
      case Kind::kWisePsf:
        return "unwise-psf" / name;
      case Kind::kWiseTiles:
        return "unwise-psf" / name;
      case Kind::kWiseCoadd:
        for (std::size_t i = 0; i < wise_.coadd_dirs.size(); ++i)
          if (const fs::path path = below(input.file, {wise_.coadd_dirs[i]}); !path.empty())
            return coadds(i) / path;
        return placed(input, "", {});
      case Kind::kWiseEpoch:
        return placed(input, epochs(), {wise_.epoch_dir});
      case Kind::kWiseModelSky:
        return "unwise-sky" / name;
      case Kind::kGalex:
        return placed(input, "galex", {options_.galex.dir});
      case Kind::kPsf:
      case Kind::kSky:
      case Kind::kSideFile:
        if (const fs::path path = below(input.file, options_.survey.extra_calib_dirs); !path.empty())
          return "survey/calib" / path;
        [[fallthrough]];
      default:
        return placed(input, "survey", {run_.survey.root(), run_.survey.cache()});
    }
  }

  // The options of a run on the case.
  BrickOptions options() const {
    BrickOptions out = options_;
    const std::string here(kHere);
    out.survey = SurveyPaths{};
    out.survey.survey_dir = here + "/survey";
    out.survey.plugin_dirs = {here + "/cameras"};
    out.survey.no_user_plugins = true;
    out.survey.ccd_tables.clear();  // the case has those that were chosen, under names of its own
    out.explain = ExplainOptions{};
    out.wise.checkpoint.clear();
    return out;
  }
  static fs::path coadds(std::size_t i) { return fmt::format("unwise-{}", i + 1); }
  // Its name says how many epochs the catalog has room for.
  fs::path epochs() const { return "unwise-epochs" / (wise_.epoch_dir / "").parent_path().filename(); }

 private:
  static fs::path placed(const RunInput& input, const fs::path& where,
                         const std::vector<fs::path>& directories) {
    const fs::path path = below(input.file, directories);
    if (path.empty())
      throw input_error(
          "a case has no place for this file ({}): it lies outside of the directories of the run",
          name_of(input.kind))
          .in_file(input.file.string());
    return where / path;
  }

  const BrickOptions& options_;
  const RunContext& run_;
  WiseFiles wise_;
  std::vector<fs::path> camera_dirs_;
};

// The options of catalogs and tiles, as far as there are any in the case.
void point_into_case(const Places& places, const RunInputs& inputs, BrickOptions& options) {
  const std::string here = std::string(kHere) + "/";
  const auto first = [&](Kind kind) -> const RunInput* {
    for (const RunInput& input : inputs.files)
      if (input.kind == kind && input.state == InputState::kReady) return &input;
    return nullptr;
  };
  const auto place = [&](Kind kind) -> fs::path {
    const RunInput* input = first(kind);
    return input ? fs::path(here + places.of(*input).string()) : fs::path();
  };
  ReferenceChoice& r = options.references;
  r.tycho_dir = place(Kind::kTycho).parent_path();
  r.gaia_dir = place(Kind::kGaia).parent_path();
  r.star_clusters_file = place(Kind::kStarClusters);
  r.large_galaxies_file = place(Kind::kLargeGalaxies);
  options.dust.dust_dir = place(Kind::kDust).parent_path();
  WiseOptions& w = options.wise;
  if (is_wanted(w)) {
    std::string directories;
    for (std::size_t i = 0; i < files_of(w).coadd_dirs.size(); ++i)
      directories += std::string(i ? ":" : "") + here + Places::coadds(i).string();
    w.psf_dir = here + "unwise-psf";
    w.tiles_file = place(Kind::kWiseTiles);
    if (!w.epoch_dir.empty()) w.epoch_dir = here + places.epochs().string();
    if (!w.model_sky_dir.empty()) w.model_sky_dir = here + "unwise-sky";
    w.coadd_dirs = directories;
  }
  if (options.galex.wanted) options.galex.dir = here + "galex";
  // What the run does not look at is not in the case; from here on it would count as typed.
  for (const OptionRow& row : option_table())
    if (!row.is_used(options)) row.reset(options);
}

// The tables with the rows that count, in the order in which they were found, under the names that headers of products
// tell; search trees, of which a run does not need any for so few rows, stay behind.
void write_tables(const RunInputs& inputs, const RunContext& run, bool custom, const fs::path& survey) {
  std::map<fs::path, std::vector<std::int64_t>> rows;
  for (std::size_t i = 0; i < inputs.ccds.size(); ++i)
    rows[inputs.ccds[i].table].push_back(static_cast<std::int64_t>(i));
  for (const auto& [file, which] : rows) {
    fits::FitsWriter writer;
    writer.add_table(inputs.table.select(which));
    writer.write(survey / file.filename());
  }
  const auto bricks = run.survey.brick_table();
  if (custom || !bricks) return;
  fits::FitsReader reader(run.survey.cached(*bricks));
  const fits::Table names = reader.columns(1, {"BRICKNAME"});
  std::vector<std::int64_t> row;
  for (std::int64_t i = 0; i < names.rows(); ++i)
    if (names.text("brickname", i) == inputs.target->brick.name) row.push_back(i);
  fits::FitsWriter writer;
  writer.add_table(reader.rows(1, row));
  writer.write(survey / bricks->filename());
}

// Which pixels of which HDUs of a file the run reads.
using KeptPixels = std::map<fs::path, std::map<int, Box>>;

KeptPixels kept_pixels(const RunInputs& inputs) {
  std::map<std::string, Box> extents;
  for (const InputCcd& ccd : inputs.ccds) {
    const Box e = ccd.extent.value_or(Box{0, 1, 0, 1});
    extents[ccd.row.name()] = {std::max(0, e.x0 - kMargin), e.x1 + kMargin, std::max(0, e.y0 - kMargin),
                               e.y1 + kMargin};
  }
  KeptPixels kept;
  for (const RunInput& input : inputs.files) {
    if (input.kind != Kind::kImage && input.kind != Kind::kMask && input.kind != Kind::kWeight) continue;
    if (input.hdu < 0) continue;
    const Box& box = extents.at(input.item);
    auto [at, is_new] = kept[input.file].try_emplace(input.hdu, box);
    if (is_new) continue;
    Box& all = at->second;
    all = {std::min(all.x0, box.x0), std::max(all.x1, box.x1), std::min(all.y0, box.y0),
           std::max(all.y1, box.y1)};
  }
  return kept;
}

// Bit by bit: what is no number is the same where it is the same.
template <typename T>
bool same_pixels(const Image<T>& a, const Image<T>& b) {
  if (a.width() != b.width() || a.height() != b.height()) return false;
  for (int y = 0; y < a.height(); ++y)
    if (std::memcmp(a.row(y), b.row(y), sizeof(T) * static_cast<std::size_t>(a.width())) != 0) return false;
  return true;
}

bool same_numbers(std::initializer_list<std::pair<double, double>> pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [](const auto& pair) {
    return pair.first == pair.second || (std::isnan(pair.first) && std::isnan(pair.second));
  });
}

bool same_wcs(const Wcs& a, const Wcs& b) {
  if (a.width() != b.width() || a.height() != b.height()) return false;
  const auto p = a.corners(), q = b.corners();
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!same_numbers({{p[i].ra, q[i].ra}, {p[i].dec, q[i].dec}})) return false;
  return same_numbers({{a.center().ra, b.center().ra}, {a.center().dec, b.center().dec}});
}

// At places that tell the terms of a polynomial of the second degree apart, and the third's from them.
bool same_psf(const Psf& a, const Psf& b, int width, int height) {
  if (a.width() != b.width() || a.height() != b.height() ||
      !same_numbers({{a.fwhm_pixels(), b.fwhm_pixels()}}))
    return false;
  for (const double x : {0., 0.3, 0.7, 1.})
    for (const double y : {0., 0.3, 0.7, 1.})
      if (!same_pixels(a.stamp(x * width, y * height), b.stamp(x * width, y * height))) return false;
  return true;
}

// What of the two is not the same; empty if nothing is.
std::string difference(const std::optional<CcdImage>& a, const std::optional<CcdImage>& b) {
  if (!a || !b) return a.has_value() == b.has_value() ? "" : "it is read here or there only";
  if (a->extent != b->extent || !same_pixels(a->data, b->data) ||
      !same_pixels(a->inverse_error, b->inverse_error) || !same_pixels(a->mask, b->mask))
    return "its pixels are others";
  if (!same_wcs(a->full_wcs, b->full_wcs) || !same_wcs(a->wcs, b->wcs))
    return "its world coordinates are others";
  if (a->psf_version != b->psf_version || a->psf_plver != b->psf_plver ||
      !same_psf(a->psf, b->psf, a->data.width(), a->data.height()))
    return "its PSF is another";
  if (a->sky_version != b->sky_version || a->sky_plver != b->sky_plver) return "its sky is another";
  if (!same_numbers({{a->sig1, b->sig1},
                     {a->zpscale, b->zpscale},
                     {a->sky_median, b->sky_median},
                     {a->psfnorm, b->psfnorm},
                     {a->galnorm, b->galnorm},
                     {a->psf_fwhm, b->psf_fwhm},
                     {a->mjd_tai, b->mjd_tai},
                     {a->exptime, b->exptime},
                     {a->ccdzpt, b->ccdzpt}}) ||
      a->band != b->band || a->plver != b->plver || a->plprocid != b->plprocid ||
      a->procdate != b->procdate || a->propid != b->propid)
    return "what its table or headers say is other";
  return {};
}

// Names of CCDs that are not read from the case as from where it was made; why, in words. The case is read as whoever
// has it reads it: with its own table.
std::map<std::string, std::string> differing_ccds(const BrickOptions& options, const RunInputs& inputs,
                                                  const fs::path& survey, const RunContext& run) {
  const SurveyDirectory in_case = SurveyDirectory::open(survey);
  const CcdTable table = CcdTable::read(in_case);
  std::map<std::string, std::int64_t> rows;
  for (std::int64_t i = 0; i < table.rows(); ++i) {
    const CcdRow row = table.row(i);
    rows[row.camera + " " + row.name()] = i;
  }
  const CcdReader here(in_case, run.cameras, &table.table()), there(run.survey, run.cameras, &inputs.table);
  const ReadImageOptions reading =
      reading_options(inputs.target->polygon(), options.survey, options.reading, run);
  ReadImageOptions reading_case = reading;
  reading_case.calibration_dirs.clear();
  std::vector<std::string> faults(inputs.ccds.size());
  tbb::parallel_for(std::size_t{0}, inputs.ccds.size(), [&](std::size_t i) {
    run.cancel.stop_if_asked();
    const CcdRow& row = inputs.ccds[i].row;
    const auto found = rows.find(row.camera + " " + row.name());
    if (found == rows.end()) {
      faults[i] = "the table here does not have it";
      return;
    }
    const auto original = there.read(there.input(row, static_cast<std::int64_t>(i)), reading);
    try {
      faults[i] = difference(original, here.read(here.input(table.row(found->second)), reading_case));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kResources) throw;
      faults[i] = error.line();
    }
  });
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < faults.size(); ++i)
    if (!faults[i].empty()) out[inputs.ccds[i].row.name()] = faults[i];
  return out;
}

// A word of a shell's command line; the case's directory by its variable.
std::string shell_word(std::string_view word) {
  std::string out = "'";
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word.substr(i, kHere.size()) == kHere) {
      out += "'\"$here\"'";
      i += kHere.size() - 1;
    } else if (word[i] == '\'') {
      out += "'\\''";
    } else {
      out += word[i];
    }
  }
  return out + "'";
}

std::string run_script(const BrickOptions& options, const std::set<std::string>& template_variables) {
  std::string text =
      "#!/bin/sh\n"
      "# Runs the brick of this directory: sh run.sh --outdir OUT [further options of runbrick]\n"
      "# $RUNBRICK is the program; unset, it is looked for on the PATH.\n"
      "here=$(cd \"$(dirname \"$0\")\" && pwd) || exit 3\n"
      "unset LEGACY_SURVEY_DIR BRICKLINE_PLUGIN_PATH\n";
  for (const OptionRow& row : option_table())
    if (!row.environment.empty()) text += fmt::format("unset {}\n", row.environment);
  for (const std::string& variable : template_variables)
    text += fmt::format("export {}=\"$here/sky-templates\"\n", variable);
  text += "exec \"${RUNBRICK:-runbrick}\"";
  for (const Words& words :
       given_options(options, [](const OptionRow& row) { return row.effect != OptionEffect::kControl; })) {
    text += " \\\n ";
    for (const std::string& word : words) {
      text += ' ';
      text += shell_word(word);
    }
  }
  return text + " \\\n  --skip-calibs \\\n  \"$@\"\n";
}

std::string description(const RunInputs& inputs, const Places& places, const CaseOptions& how,
                        const std::set<fs::path>& cut, const BrickOptions& options) {
  JsonWriter json;
  json.begin_object();
  json.member("brick", inputs.target->brick.name);
  json.member("options", canonical_options(options));
  json.member("software", std::string(kVersion));
  json.member("commit", std::string(commit()));
  json.member("cut", how.cut);
  json.member(std::string(kCaseListMember), std::string(kCaseList));
  json.key("files");
  json.begin_array();
  for (const RunInput& input : inputs.files) {
    json.begin_object();
    json.member("kind", std::string(name_of(input.kind)));
    if (!input.item.empty()) json.member("item", input.item);
    json.member("state", std::string(name_of(input.state)));
    if (input.state == InputState::kReady) json.member("file", places.of(input).string());
    if (cut.contains(input.file)) json.member("cut", true);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take() + "\n";
}

void check_ready(const RunInputs& inputs) {
  if (!inputs.target) throw usage_error("a case is of one brick: --brick or --radec");
  for (const RunInput& input : inputs.files) {
    if (ends_the_run(input.state))
      throw input_error("{} {} is {}: {}", name_of(input.kind), input.item, name_of(input.state), input.what)
          .in_file(input.file.string());
    if (input.state == InputState::kToBeMade)
      throw input_error("the {} of {} is missing: calibrate makes it, and a case is of what is there",
                        name_of(input.kind), input.item)
          .in_file(input.file.string());
  }
  if (inputs.ccds.empty()) throw input_error("no CCD touches {}", inputs.target->brick.name);
}

// A directory beside the one wanted, which takes its place when it is complete.
class NewDirectory {
 public:
  explicit NewDirectory(const fs::path& wanted) : wanted_((wanted / "").parent_path()) {
    std::error_code code;
    if (fs::exists(wanted_, code) && (!fs::is_directory(wanted_, code) || !fs::is_empty(wanted_, code)))
      throw usage_error("{}: is there, and is no empty directory", wanted_.string());
    if (wanted_.has_parent_path()) fs::create_directories(wanted_.parent_path());
    path_ = wanted_.string() + fmt::format(".tmp-{}", ::getpid());
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~NewDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;
  const fs::path& path() const { return path_; }
  void put_in_place() {
    std::error_code ignored;
    fs::remove(wanted_, ignored);  // if it is there, it is empty
    fs::rename(path_, wanted_);
    path_.clear();
  }

 private:
  fs::path wanted_, path_;
};

}  // namespace

PackedCase pack_case(const BrickOptions& options, const RunInputs& inputs, const CaseOptions& how,
                     RunContext& run) {
  check_ready(inputs);
  const Places places(options, inputs, run);
  NewDirectory directory(how.directory);
  PackedCase out;
  std::set<fs::path> cut;
  std::set<std::string> template_variables;
  const KeptPixels kept = how.cut ? kept_pixels(inputs) : KeptPixels{};
  const auto copy_whole = [&](const RunInput& input) {
    write_file_atomically(directory.path() / places.of(input), bytes_of(input.file));
  };
  std::set<fs::path> done;
  for (const RunInput& input : inputs.files) {
    if (input.state != InputState::kReady || input.kind == Kind::kCcdTable || input.kind == Kind::kBrickTable)
      continue;
    if (!done.insert(input.file).second) continue;
    run.cancel.stop_if_asked();
    if (input.kind == Kind::kSkyTemplate) template_variables.insert(input.item);
    if (const auto part = kept.find(input.file); part != kept.end())
      if (const auto bytes = fits::cut_file(input.file, part->second)) {
        write_file_atomically(directory.path() / places.of(input), *bytes);
        cut.insert(input.file);
        continue;
      }
    copy_whole(input);
  }
  // Directories of tiles are there, even where there is no tile in them.
  const WiseFiles wise = files_of(options.wise);
  if (is_wanted(options.wise)) {
    for (std::size_t i = 0; i < wise.coadd_dirs.size(); ++i)
      fs::create_directories(directory.path() / Places::coadds(i));
    if (!wise.epoch_dir.empty()) fs::create_directories(directory.path() / places.epochs());
    if (!wise.model_sky_dir.empty()) fs::create_directories(directory.path() / "unwise-sky");
  }
  write_tables(inputs, run, options.region.radec.has_value(), directory.path() / "survey");

  for (const auto& [name, why] : differing_ccds(options, inputs, directory.path() / "survey", run)) {
    bool changed = false;
    for (const RunInput& input : inputs.files)
      if (input.item == name && cut.erase(input.file) > 0) {
        copy_whole(input);
        changed = true;
        out.whole.push_back(fmt::format("{}: {}", input.file.filename().string(), why));
      }
    if (!changed) throw input_error("{} would not be read as it is here: {}", name, why);
  }
  if (!out.whole.empty())
    for (const auto& [name, why] : differing_ccds(options, inputs, directory.path() / "survey", run))
      throw input_error("{} would not be read as it is here: {}", name, why);

  BrickOptions in_case = places.options();
  point_into_case(places, inputs, in_case);
  write_file_atomically(directory.path() / "run.sh", run_script(in_case, template_variables));
  fs::permissions(directory.path() / "run.sh", fs::perms::owner_exec | fs::perms::group_exec,
                  fs::perm_options::add);
  write_file_atomically(directory.path() / "case.json", description(inputs, places, how, cut, options));
  write_file_atomically(directory.path() / kCaseList, case_sums(directory.path()));
  for (const auto& entry : fs::recursive_directory_iterator(directory.path()))
    if (entry.is_regular_file()) {
      ++out.files;
      out.bytes += static_cast<std::int64_t>(entry.file_size());
    }
  directory.put_in_place();
  return out;
}

}  // namespace brickline
