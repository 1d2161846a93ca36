#include "core/survey/survey_directory.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "core/base/error.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKdEnding = ".kd.fits", kGzEnding = ".fits.gz";

std::optional<fs::path> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return {};
  return fs::path(value);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

void require_folder(const fs::path& path, std::string_view what) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (fs::is_directory(status)) return;
  if (status.type() == fs::file_type::not_found)
    throw input_error("the {} directory {} does not exist", what, path.string());
  if (code) throw input_error("the {} directory {} cannot be read: {}", what, path.string(), code.message());
  throw input_error("the {} directory {} is not a directory", what, path.string());
}

// The names in the survey directory. Not by libstdc++'s directory_iterator: it ends the process where memory is
// wanting.
std::vector<std::string> names_in(const fs::path& directory) {
  const auto failed = [&](int why) {
    const bool resources = why == ENOMEM || why == EMFILE || why == ENFILE;
    return Error(resources ? ErrorKind::kResources : ErrorKind::kInput,
                 fmt::format("the survey directory {} cannot be read: {}", directory.string(),
                             std::generic_category().message(why)));
  };
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(directory.c_str()), &closedir);
  if (!open) throw failed(errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(open.get())) {
    names.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) throw failed(errno);
  return names;
}

}  // namespace

SurveyDirectory SurveyDirectory::open(const std::optional<fs::path>& survey_dir, const fs::path& cache_dir) {
  const std::optional<fs::path> root = survey_dir ? survey_dir : environment("LEGACY_SURVEY_DIR");
  if (!root) throw input_error("no survey directory: give --survey-dir or set LEGACY_SURVEY_DIR");
  require_folder(*root, "survey");
  if (!cache_dir.empty()) require_folder(cache_dir, "cache");
  SurveyDirectory survey;
  survey.root_ = *root;
  survey.cache_ = cache_dir;
  return survey;
}

fs::path SurveyDirectory::cached(const fs::path& path) const {
  if (cache_.empty()) return path;
  const fs::path relative = path.lexically_normal().lexically_relative(root_.lexically_normal());
  if (relative.empty() || *relative.begin() == "..") return path;
  const fs::path copy = cache_ / relative;
  return is_file(copy) ? copy : path;
}

std::vector<fs::path> SurveyDirectory::matching(std::string_view prefix,
                                                std::initializer_list<std::string_view> endings) const {
  std::vector<fs::path> found;
  for (const std::string& name : names_in(root_)) {
    if (!name.starts_with(prefix)) continue;
    if (std::any_of(endings.begin(), endings.end(), [&](std::string_view e) { return name.ends_with(e); }))
      found.push_back(root_ / name);
  }
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return a.string() < b.string(); });
  return found;
}

std::vector<fs::path> SurveyDirectory::ccd_tables() const {
  std::vector<fs::path> tables = matching("survey-ccds", {kKdEnding, kGzEnding});
  const auto stem = [](const fs::path& path, std::string_view ending) {
    const std::string name = path.filename().string();
    return name.substr(0, name.size() - ending.size());
  };
  std::vector<std::string> kd_stems;
  for (const fs::path& t : tables)
    if (t.string().ends_with(kKdEnding)) kd_stems.push_back(stem(t, kKdEnding));
  std::erase_if(tables, [&](const fs::path& t) {
    return t.string().ends_with(kGzEnding) &&
           std::find(kd_stems.begin(), kd_stems.end(), stem(t, kGzEnding)) != kd_stems.end();
  });
  return tables;
}

std::vector<fs::path> SurveyDirectory::annotated_ccd_tables() const {
  return matching("ccds-annotated-", {kGzEnding, ".fits"});
}

std::optional<fs::path> SurveyDirectory::brick_table() const {
  const fs::path usual = root_ / "survey-bricks.fits.gz";
  if (is_file(usual)) return cached(usual);
  const std::vector<fs::path> others = matching("survey-bricks-", {kGzEnding});
  if (others.empty()) return {};
  return cached(others.front());
}

std::optional<fs::path> SurveyDirectory::tycho2() const {
  constexpr const char* kName = "tycho2.kd.fits";
  if (const auto dir = environment("TYCHO2_KD_DIR"); dir && is_file(*dir / kName)) return *dir / kName;
  const fs::path own = cached(root_ / kName);
  if (!is_file(own)) return {};
  return own;
}

std::optional<fs::path> SurveyDirectory::large_galaxies() const {
  const auto file = environment("LARGEGALAXIES_CAT");
  if (!file || !is_file(*file)) return {};
  return file;
}

std::optional<fs::path> SurveyDirectory::identity() const {
  const fs::path file = root_ / "survey.json";
  std::error_code code;
  if (!fs::exists(file, code) && !code) return {};
  return cached(file);
}

fs::path SurveyDirectory::image(std::string_view image_filename) const {
  return cached(root_ / "images" / image_filename);
}

}  // namespace brickline
