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
#include "core/camera/image_claims.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

bool is_fits_name(const std::string& name) {
  for (const char* ending : {".fits", ".fits.fz", ".fits.gz", ".fit", ".fit.fz", ".fit.gz"})
    if (name.ends_with(ending)) return true;
  return false;
}

// The camera that is to read a file; null with the reason in `problem`.
const Camera* camera_of_file(CameraRegistry& cameras, const ImageClaim& claim, CcdProblem& problem) {
  if (!claim.is_readable) {
    problem.missing = fmt::format("it cannot be read: {}", fmt::join(claim.problems, "; "));
    problem.remedy = "--camera NAME, if it is in a format that only its camera reads";
  } else if (claim.cameras.size() == 1) {
    return &cameras.load(claim.cameras.front());
  } else if (claim.cameras.empty()) {
    problem.missing = fmt::format(
        "no camera claims its header ({})",
        claim.instrument.empty() ? "which has no INSTRUME" : "INSTRUME '" + claim.instrument + "'");
    problem.remedy =
        "--camera NAME, or --plugin-dir with a plugin that claims it (`cameras list` shows those there are)";
  } else {
    problem.missing = fmt::format("the cameras {} claim its header", fmt::join(claim.cameras, ", "));
    problem.remedy = "--camera NAME";
  }
  return nullptr;
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

std::vector<int> hdus_of(const Camera& camera, const CcdSource& source, const Log& log) {
  OpenCcd look = camera.peek(source, log);
  return ccd_hdus(look.image_reader(), camera.facts().hdus);
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
    case ZeroPointSource::kUnknown:
      return "unknown";
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
    if (it->is_regular_file() && !it->path().filename().string().starts_with("."))
      names.push_back(fs::relative(it->path(), images).string());
  std::sort(names.begin(), names.end());
  return names;
}

MadeCcdTable make_ccd_table(const SurveyDirectory& survey, CameraRegistry& cameras,
                            const std::vector<std::string>& files, const CcdTableOptions& options,
                            const Log& log, const Progress& progress) {
  MadeCcdTable made;
  const CcdReader reader(survey, cameras);
  ImageClaims claims(cameras, log);
  const Camera* given = options.camera.empty() ? nullptr : &cameras.load(options.camera);
  std::vector<std::pair<std::string, const Camera*>> known;
  std::map<std::string, CcdProblem> unknown;
  for (const std::string& file : files) {
    CcdProblem problem{file, -1, {}, {}};
    const CcdSource source = reader.input("", file, 0).source;
    const ImageClaim claim = given ? claims.of(source, *given) : claims.of(source);
    if (claim.is_foreign && !options.all_are_images && !is_fits_name(file)) {
      ++made.foreign;
      continue;
    }
    const Camera* camera = camera_of_file(cameras, claim, problem);
    ++made.files;
    known.emplace_back(file, camera);
    if (!camera) unknown[file] = std::move(problem);
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
      const std::vector<int> hdus = hdus_of(*camera, reader.input(camera->name(), file, 0).source, log);
      if (hdus.empty())
        made.problems.push_back({file, -1, "no HDU of it is a CCD",
                                 "the fact `hdus` of camera " + camera->name() + " says which are"});
      for (const int hdu : hdus) work.push_back({file, camera->name(), hdu, {}, {}});
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInternal || e.kind() == ErrorKind::kResources) throw;
      made.problems.push_back({file, -1, e.line(), ""});
    }
  }

  std::mutex mutex;
  std::int64_t done = 0;
  tbb::parallel_for(std::size_t{0}, work.size(), [&](std::size_t i) {
    Work& w = work[i];
    w.row = measure_ccd(reader, cameras.camera(w.camera), w.file, w.hdu, options, w.problems, log);
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
