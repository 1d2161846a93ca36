#include "core/calib/ccd_table_maker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/calib/measured_ccd.h"
#include "core/fits/fits_reader.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

bool is_image_name(const std::string& name) {
  for (const char* ending : {".fits", ".fits.fz", ".fits.gz", ".fit", ".fit.gz"})
    if (name.ends_with(ending)) return true;
  return false;
}

bool claims(const std::map<std::string, std::string>& claim, const fits::Header& header,
            const fits::Header* extension) {
  return std::ranges::all_of(claim, [&](const auto& entry) {
    const Pattern pattern(entry.second, true);
    for (const fits::Header* h : {&header, extension})
      if (h)
        if (const auto value = h->text(entry.first)) return pattern.found_in(*value);
    return false;
  });
}

// HDUs of a file that the camera calls CCDs.
std::vector<int> ccd_hdus(const fs::path& file, const HduFacts& facts) {
  if (!facts.all_extensions && !facts.numbers.empty()) return facts.numbers;
  fits::FitsReader reader(file);
  std::vector<int> found;
  for (int hdu = 0; hdu < reader.hdu_count(); ++hdu) {
    if (reader.is_table(hdu)) continue;
    const fits::ImageInfo info = reader.image_info(hdu);
    if (info.width < 1 || info.height < 1) continue;
    if (!facts.all_extensions && !facts.names.matches(reader.header(hdu).text("EXTNAME").value_or("")))
      continue;
    found.push_back(hdu);
  }
  // The primary one counts where it is alone.
  if (found.size() > 1 && found.front() == 0) found.erase(found.begin());
  return found;
}

// Masks and weights of other files of the list.
std::set<std::string> companions(const std::vector<std::pair<std::string, const Camera*>>& files) {
  std::set<std::string> names;
  for (const auto& [file, camera] : files) {
    if (!camera) continue;
    CcdValues ccd;
    ccd.image_filename = file;
    for (const CompanionFile* rule : {&camera->facts().files.mask, &camera->facts().files.weight}) {
      try {
        const std::string name = companion_path(*rule, ccd);
        if (name != file) names.insert(name);
      } catch (const Error&) {
        // No name follows from this one: it is no image's.
      }
    }
  }
  return names;
}

struct Work {
  std::string file, camera;
  int hdu = 0;
  std::optional<MeasuredCcd> row;
  std::vector<CcdProblem> problems;
};

}  // namespace

std::string_view name_of(ZeroPointSource source) {
  switch (source) {
    case ZeroPointSource::kOption:
      return "option";
    case ZeroPointSource::kHeader:
      return "header";
    case ZeroPointSource::kNominal:
      return "nominal";
  }
  return "";
}

std::vector<std::string> image_files(const SurveyDirectory& survey) {
  const fs::path images = survey.root() / "images";
  std::error_code code;
  if (!fs::is_directory(images, code))
    throw input_error("there is no directory of images").in_file(images.string());
  std::vector<std::string> names;
  constexpr auto kFollow = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator it(images, kFollow), end; it != end; ++it)
    if (it->is_regular_file() && is_image_name(it->path().filename().string()))
      names.push_back(fs::relative(it->path(), images).string());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> camera_of_file(const CameraRegistry& cameras, const fs::path& file,
                                          CcdProblem& problem) {
  fits::Header primary, extension;
  bool has_extension = false;
  try {
    fits::FitsReader reader(file);
    primary = reader.header(0);
    if ((has_extension = reader.hdu_count() > 1)) extension = reader.header(1);
  } catch (const Error& e) {
    problem.missing = fmt::format("it cannot be read: {}", e.line());
    problem.remedy = "--camera NAME, if it is in a format that only its camera reads";
    return {};
  }
  std::vector<std::string> found;
  for (const PluginFile& plugin : cameras.files()) {
    if (!plugin.usable()) continue;
    for (const ClaimedCamera& camera : plugin.cameras)
      if (camera.state == ClaimedCamera::State::kAccepted)
        for (const auto& claim : camera.identity.claims)
          if (!claim.empty() && claims(claim, primary, has_extension ? &extension : nullptr)) {
            found.push_back(camera.identity.name);
            break;
          }
  }
  if (found.size() == 1) return found.front();
  const auto instrument = primary.text("INSTRUME");
  if (found.empty()) {
    problem.missing = fmt::format("no camera claims its header ({})",
                                  instrument ? "INSTRUME '" + *instrument + "'" : "which has no INSTRUME");
    problem.remedy =
        "--camera NAME, or --plugin-dir with a plugin that claims it (`cameras list` shows those there are)";
  } else {
    problem.missing = fmt::format("the cameras {} claim its header", fmt::join(found, ", "));
    problem.remedy = "--camera NAME";
  }
  return {};
}

MadeCcdTable make_ccd_table(const SurveyDirectory& survey, CameraRegistry& cameras,
                            const std::vector<std::string>& files, const CcdTableOptions& options,
                            const Log& log, const Progress& progress) {
  MadeCcdTable made;
  made.files = static_cast<std::int64_t>(files.size());
  std::vector<std::pair<std::string, const Camera*>> known;
  std::map<std::string, CcdProblem> unknown;
  for (const std::string& file : files) {
    CcdProblem problem{file, -1, {}, {}};
    std::optional<std::string> name = options.camera;
    if (options.camera.empty()) name = camera_of_file(cameras, survey.image(file), problem);
    known.emplace_back(file, name ? &cameras.load(*name) : nullptr);
    if (!name) unknown[file] = std::move(problem);
  }
  const std::set<std::string> others = companions(known);
  std::vector<Work> work;
  for (const auto& [file, camera] : known) {
    if (others.contains(file)) {
      ++made.skipped;
      continue;
    }
    if (!camera) {
      made.problems.push_back(unknown[file]);
      continue;
    }
    try {
      const std::vector<int> hdus = ccd_hdus(survey.image(file), camera->facts().hdus);
      if (hdus.empty())
        made.problems.push_back({file, -1, "no HDU of it is a CCD",
                                 "the fact `hdus` of camera " + camera->name() + " says which are"});
      for (const int hdu : hdus) work.push_back({file, camera->name(), hdu, {}, {}});
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
      made.problems.push_back({file, -1, e.line(), ""});
    }
  }

  const CcdReader reader(survey, cameras);
  std::mutex mutex;
  std::int64_t done = 0;
  tbb::parallel_for(std::size_t{0}, work.size(), [&](std::size_t i) {
    Work& w = work[i];
    w.row = measure_ccd(reader, cameras.camera(w.camera), survey, w.file, w.hdu, options, w.problems, log);
    if (progress) {
      const std::scoped_lock lock(mutex);
      progress(++done, static_cast<std::int64_t>(work.size()));
    }
  });
  std::vector<MeasuredCcd> rows;
  for (Work& w : work) {
    made.problems.insert(made.problems.end(), w.problems.begin(), w.problems.end());
    if (w.row) rows.push_back(std::move(*w.row));
  }
  made.table = ccd_table_of(rows);
  return made;
}

}  // namespace brickline
