#include "core/pipeline/run_context.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/pipeline/missing_calibrations.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/stage.h"

namespace brickline {

std::filesystem::path RunContext::path_of(Product product, std::string_view band) const {
  ProductKey key;
  key.brick = brick;
  key.band = band;
  return output_dir / product_path(product, key);
}

RunContext make_run_context(const BrickOptions& options, const Log& log, const Cancel& cancel) {
  const SurveyPaths& paths = options.survey;
  PluginSearch search;
  search.plugin_dirs = paths.plugin_dirs;
  search.use_user_directory = !paths.no_user_plugins;
  search.allow_insecure = paths.allow_insecure_plugins;
  search.cancel = cancel;
  RunContext context{
      SurveyDirectory::open(paths.survey_dir.empty() ? std::nullopt : std::optional(paths.survey_dir),
                            paths.cache_dir),
      CameraRegistry::scan(search, log),
      options.control.output_dir,
      ProductSet(options.control.output_dir),
      process_environment,
      log,
      {},
      canonical_options(options),
      {}};
  context.cancel = cancel;
  if (!options.calibrations.skip)
    context.calibrations = std::make_shared<CalibrateOptions>(calibrate_options(options, context));
  return context;
}

void check_output_directory(const std::filesystem::path& directory, const std::string& brick) {
  const auto fail = [&](std::string_view what, int error) {
    const bool full = error == ENOSPC || error == EDQUOT;
    throw Error(full ? ErrorKind::kResources : ErrorKind::kInput,
                fmt::format("{}: {}", what, std::strerror(error)))
        .in_file(directory.string());
  };
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) fail("cannot make the output directory", code.value());
  std::string name = (directory / fmt::format("tmp-probe-{}.XXXXXX", brick)).string();
  const int fd = ::mkstemp(name.data());
  if (fd < 0) fail("cannot write into the output directory", errno);
  ::close(fd);
  ::unlink(name.c_str());
}

std::filesystem::path StageProducts::path(Product product, std::string_view band) const {
  for (const Product declared : declared_)
    if (declared == product) return context_.path_of(product, band);
  throw internal_error("a stage wants to write {}, which its row of the table does not declare",
                       product_name(product));
}

ProductPath StageProducts::paths() const {
  return [products = *this](std::string_view type, std::string_view band) {
    const auto product = product_of(type);
    if (!product) throw internal_error("no product is called {}", type);
    return products.path(*product, band);
  };
}

}  // namespace brickline
