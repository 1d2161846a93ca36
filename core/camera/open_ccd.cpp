#include "core/camera/open_ccd.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <new>

#include "core/camera/absent_input.h"
#include "core/camera/ccd_hdus.h"
#include "core/camera/fits_camera.h"
#include "core/camera/format_file.h"
#include "core/camera/guarded_views.h"
#include "core/camera/plugin_trust.h"

namespace brickline {
namespace {

thread_local OpenCcd::Impl* running = nullptr;

constexpr const char* kRoleNames[] = {"image", "mask", "weight"};

ErrorKind kind_of(bl_status status) {
  switch (status) {
    case BL_E_INPUT:
    case BL_E_MISSING:
    case BL_E_UNSUPPORTED:
      return ErrorKind::kInput;
    case BL_E_RESOURCES:
      return ErrorKind::kResources;
    default:
      return ErrorKind::kPlugin;
  }
}

// Of a file that is not there: its packed or unpacked namesake that is.
Error with_hint(const Error& error, const std::filesystem::path& path) {
  const std::string name = path.string();
  for (const std::string ending : {".fz", ".gz"}) {
    const std::string other =
        name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name + ending;
    std::error_code code;
    if (std::filesystem::exists(other, code))
      return input_error(
                 "no such file, but {} is there: the CCD table's image_filename, whose ending masks and "
                 "weights share, says otherwise",
                 std::filesystem::path(other).filename().string())
          .in_file(name);
  }
  return error;
}

}  // namespace

OpenCcd::Impl* running_ccd() { return running; }

OpenCcd::Impl::~Impl() {
  files.clear();  // those of a camera's own format are closed by its code
  for (int i = static_cast<int>(slots.size()) - 1; i >= 0; --i) {
    const LoadedCamera& layer_camera = at(i);
    if (!slots[static_cast<std::size_t>(i)] || !layer_camera.table->close) continue;
    const PluginCall here(layer_camera.plugin->caller(layer_camera.identity.name, "close", name()), log);
    layer_camera.table->close(layer_camera.instance, slots[static_cast<std::size_t>(i)]);
  }
}

ImageFile& OpenCcd::Impl::file(int role) {
  CcdFile& found = files.at(static_cast<std::size_t>(role));
  if (found.busy)
    throw plugin_error("{} is read by the camera's own format, which sees its bytes and not its HDUs",
                       found.path.string());
  if (found.file) return *found.file;
  const char* name = role < 3 ? kRoleNames[role] : "such";
  if (found.path.empty())
    throw AbsentInput(input_error("{}: there is no {} file", values.image_filename, name));
  std::error_code ignored;
  const bool exists = std::filesystem::exists(found.path, ignored);
  if (exists) found.file = open_format_file(*this, role);
  try {
    if (!found.file) found.file = open_fits_file(found.path, source.read_log);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInput && !exists) throw AbsentInput(with_hint(e, found.path));
    throw;
  }
  return *found.file;
}

RawFile& OpenCcd::Impl::bytes(int role) {
  CcdFile& found = files.at(static_cast<std::size_t>(role));
  if (found.path.empty()) throw AbsentInput(input_error("this CCD has no such file"));
  if (!found.bytes) found.bytes = std::make_unique<RawFile>(found.path, source.read_log);
  return *found.bytes;
}

const fits::Header& OpenCcd::Impl::header_of(int role, int hdu) {
  const auto found = header_cache.find({role, hdu});
  if (found != header_cache.end()) return found->second;
  return header_cache.emplace(std::pair{role, hdu}, file(role).header(hdu)).first->second;
}

const fits::Table& OpenCcd::Impl::table_of(int role, int hdu) {
  const auto found = table_cache.find({role, hdu});
  if (found != table_cache.end()) return found->second;
  return table_cache.emplace(std::pair{role, hdu}, file(role).table(hdu)).first->second;
}

int OpenCcd::Impl::hdu_of_ccd(int role) {
  using K = CompanionFile::Hdu::Kind;
  int hdu = values.image_hdu;
  std::string name;
  bool by_name = true;  // of the CCD, unless a number was given for this file
  if (role != BL_ROLE_IMAGE) {
    const bool is_mask = role == BL_ROLE_MASK;
    const CompanionFile::Hdu& rule = is_mask ? facts().files.mask.hdu : facts().files.weight.hdu;
    const int set = is_mask ? mask_hdu : weight_hdu;
    by_name = set < 0 && rule.kind == K::kSame;
    if (set >= 0) {
      hdu = set;
    } else if (rule.kind == K::kNumber) {
      hdu = rule.number;
    } else if (rule.kind == K::kOffset) {
      hdu += rule.number;
    } else if (rule.kind == K::kName) {
      name = rule.name;
    } else if (rule.kind == K::kSubstituteName) {
      name = text({"EXTNAME"}, HeaderOf::kImage).value_or("");
      if (const auto at = name.find(rule.substitute[0]); at != std::string::npos)
        name.replace(at, rule.substitute[0].size(), rule.substitute[1]);
    }
  }
  ImageFile& in = file(role);
  if (!name.empty()) {
    const std::optional<int> found = in.find_hdu(name);
    if (!found) throw AbsentInput(input_error("no HDU is named {}", name).in_file(in.path().string()));
    return *found;
  }
  if (hdu < 0 || hdu >= in.hdu_count())
    throw AbsentInput(
        input_error("there is no HDU {}, the file has {}", hdu, in.hdu_count()).in_file(in.path().string()));
  return by_name ? hdu_by_name(*this, role, hdu) : hdu;
}

const fits::Header* OpenCcd::Impl::header(HeaderOf which) {
  switch (which) {
    case HeaderOf::kPrimary:
      return &header_of(BL_ROLE_IMAGE, facts().hdus.primary);
    case HeaderOf::kMask:
      return files[BL_ROLE_MASK].path.empty() ? nullptr : &header_of(BL_ROLE_MASK, hdu_of_ccd(BL_ROLE_MASK));
    case HeaderOf::kWeight:
      return files[BL_ROLE_WEIGHT].path.empty() ? nullptr
                                                : &header_of(BL_ROLE_WEIGHT, hdu_of_ccd(BL_ROLE_WEIGHT));
    default:
      return &header_of(BL_ROLE_IMAGE, hdu_of_ccd(BL_ROLE_IMAGE));
  }
}

std::string OpenCcd::Impl::mask_plver() {
  if (!mask_version) {
    mask_version.emplace();
    if (!files[BL_ROLE_MASK].path.empty())
      mask_version = header_of(BL_ROLE_MASK, 0).text("PLVER").value_or("");
    values.mask_plver = *mask_version;
  }
  return *mask_version;
}

std::string OpenCcd::Impl::name() const {
  return fmt::format("{} [{}, expnum {}]", values.image_filename,
                     values.ccdname_known() ? values.ccdname : "?", values.expnum);
}

bl_str OpenCcd::Impl::keep(std::string text) {
  texts.push_back(std::move(text));
  return to_bl(texts.back());
}

std::filesystem::path OpenCcd::Impl::sidecar_path(std::string_view reference) const {
  if (reference.starts_with("data:")) return camera->data_file(reference);
  SurveyPlace place = SurveyPlace::kImages;
  std::filesystem::path relative(reference);
  if (reference.starts_with("survey:")) {
    place = SurveyPlace::kSurvey;
    relative = reference.substr(7);
  } else if (reference.starts_with("calib:")) {
    place = SurveyPlace::kCalib;
    relative = reference.substr(6);
  } else {
    relative = std::filesystem::path(values.image_filename).parent_path() / relative;
  }
  if (leaves_its_directory(relative)) throw input_error("'{}' leaves the survey's directory", reference);
  return source.locate(place, relative.string());
}

void OpenCcd::Impl::open_layers() {
  slots.assign(static_cast<std::size_t>(layers()), nullptr);
  for (int i = 0; i < layers(); ++i) {
    if (!at(i).table->open) continue;
    void** slot = &slots[static_cast<std::size_t>(i)];
    call(CameraStep::kOpen, i, [&](void* instance, void*, bl_error* error) {
      return at(i).table->open(instance, to_handle(this), slot, error);
    });
  }
}

bool OpenCcd::Impl::call(CameraStep which, int of_layer, const Callback& function,
                         const bl_step* step_given) {
  const LoadedCamera& layer_camera = at(of_layer);
  PluginCall here(layer_camera.plugin->caller(layer_camera.identity.name, name_of(which), name()), log);
  const auto before = std::tuple(layer, step, in_callback, next_used, own_step, running);
  layer = of_layer;
  step = which;
  in_callback = true;
  next_used = false;
  own_step = step_given;
  running = this;
  ErrorBuffer error;
  bl_status status = BL_E_INTERNAL;
  bool escaped = false;
  try {
    status = function(layer_camera.instance, slots[static_cast<std::size_t>(of_layer)], &error.error);
  } catch (const std::bad_alloc&) {
    status = report_to(&error.error, BL_E_RESOURCES, "out of memory");
  } catch (...) {
    escaped = true;
  }
  std::tie(layer, step, in_callback, next_used, own_step, running) = before;
  here.check();
  if (escaped) report_to(&error.error, BL_E_INTERNAL, "let an exception escape");
  if (status == BL_OK) return true;
  if (status == BL_DEFAULT) return false;
  if (status == BL_SKIP && error.error.length > 0) throw SkipCcd(error.text());
  fail(which, of_layer, status, error);
}

void OpenCcd::Impl::fail(CameraStep which, int of_layer, bl_status status, const ErrorBuffer& error) {
  if (status == BL_E_CANCELLED && at(of_layer).cancel.asked()) throw Interrupted();
  std::string text = error.text();
  if (status > 0)
    text = status == BL_SKIP ? "returned 'skip' without a reason"
                             : fmt::format("returned status {}, which camera ABI {}.x does not define",
                                           status, BL_ABI_MAJOR);
  else if (text.empty())
    text = fmt::format("status {}", status);
  const std::string key = error.key();
  throw Error(status > 0 ? ErrorKind::kPlugin : kind_of(status),
              fmt::format("camera {}: {} failed for {}{}{}: {}", at(of_layer).identity.name, name_of(which),
                          name(), error.error.hdu >= 0 ? fmt::format(", HDU {}", error.error.hdu) : "",
                          key.empty() ? "" : ", card " + key, text));
}

void OpenCcd::Impl::run_step(CameraStep which, int from_layer, bl_step& io) {
  for (int i = from_layer; i < layers(); ++i) {
    bl_step_function* function = at(i).step(which);
    if (!function) continue;
    std::optional<GuardedStep> guarded;
    if (GuardedViews::on()) guarded.emplace(io);
    const bl_step own = guarded ? guarded->step() : io;
    // What a later minor may put behind it is nothing that a plugin writes to.
    struct {
      bl_step step;
      unsigned char beyond[64];
    } handed{own, {}};
    if (guarded) handed.step.struct_size = sizeof handed;
    const Callback callback = [&](void* instance, void* slot, bl_error* error) {
      return function(instance, slot, to_handle(this), &handed.step, error);
    };
    const bool done = call(which, i, callback, &own);
    if (guarded) {
      const bool beyond =
          std::any_of(std::begin(handed.beyond), std::end(handed.beyond), [](int b) { return b != 0; });
      if (beyond || !guarded->broken().empty())
        throw plugin_error("camera {}: {} wrote beside the pixels of its {}", at(i).identity.name,
                           name_of(which), beyond ? "step" : guarded->broken());
      guarded->copy_back();
    }
    if (done) {
      io.good = handed.step.good;
      return;
    }
  }
  run_default_step(*this, which, io);
}

}  // namespace brickline
