// The functions that the host offers to plugins, but for those of host_metadata.cpp and host_files.cpp: the host's own steps,
// and what plugins say. Nothing may be thrown out of them.
#include <algorithm>

#include "core/camera/fits_camera.h"
#include "core/camera/host_calls.h"
#include "core/camera/mask_operations.h"

namespace brickline {
namespace host_calls {
namespace {

// ---- Steps and operations ----

// The host's own step, if the one that the plugin has handed back is it: nothing that a plugin may have written
// into its copy, but for `good`, is worked on.
const bl_step& own_step(const Ccd& ccd, const bl_step* io) {
  if (!ccd.own_step) throw Breach("there is no step here");
  const bl_step& own = *ccd.own_step;
  const auto same_view = [](const bl_view& a, const bl_view& b) {
    return a.data == b.data && a.width == b.width && a.height == b.height && a.stride == b.stride &&
           a.type == b.type;
  };
  if (given(io).struct_size < BL_STEP_LEAST) throw Breach("struct_size of the step is too small");
  if (io->purpose != own.purpose || from_bl(io->box) != from_bl(own.box) ||
      !same_view(io->image, own.image) || !same_view(io->raw_mask, own.raw_mask) ||
      !same_view(io->mask, own.mask) || !same_view(io->weight, own.weight))
    throw Breach("the step is not the one that the callback was given: its box or its views are others");
  return own;
}

bl_status next(void*, bl_ccd* handle, std::int32_t which, bl_step* io, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    bl_step step = own_step(ccd, io);
    if (static_cast<int>(ccd.step) != which)
      return report_to(error, BL_E_ARGUMENT, "next was asked for another step than the one that runs");
    if (ccd.next_used) return report_to(error, BL_E_ARGUMENT, "next was asked for twice");
    ccd.next_used = true;
    ccd.run_step(ccd.step, ccd.layer + 1, step);
    io->good = step.good;
    return BL_OK;
  });
}

bl_status mask_operation(void*, bl_ccd* handle, bl_str name, bl_str arguments, bl_step* io, bl_error* error) {
  return guarded(error, [&]() -> bl_status {
    Ccd& ccd = ccd_of(handle);
    const bl_step& step = own_step(ccd, io);
    MaskOperation operation;
    try {
      operation = parse_mask_operation(text_given(name), text_given(arguments));
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kResources) throw;
      return report_to(error, BL_E_ARGUMENT, e.message());
    }
    const std::string missing = missing_plane(operation, step.raw_mask.data != nullptr,
                                              step.image.data != nullptr, step.mask.data != nullptr);
    if (!missing.empty())
      return report_to(error, BL_E_ARGUMENT,
                       fmt::format("the mask operation {} needs {}, which the step {} has not",
                                   operation.name(), missing, name_of(ccd.step)));
    run_mask_operation(ccd, operation, step);
    return BL_OK;
  });
}

// ---- Saying things ----

void log(void* self, std::int32_t level, bl_str text) {
  guarded(nullptr, [&]() -> bl_status {
    constexpr int kMostLines = 100;  // per CCD
    const auto& camera = *static_cast<const LoadedCamera*>(self);
    const auto importance =
        static_cast<LogLevel>(std::clamp<std::int32_t>(level, BL_LOG_DEBUG, BL_LOG_ERROR));
    const std::string line = one_line(text_given(text));
    Ccd* ccd = running_ccd();
    if (!ccd) {
      camera.log.message(importance, fmt::format("camera {}: {}", camera.identity.name, line));
    } else if (++ccd->log_lines <= kMostLines) {
      ccd->log.message(importance, fmt::format("camera {}: {} [{}]: {}{}", camera.identity.name,
                                               ccd->values.image_filename,
                                               ccd->values.ccdname_known() ? ccd->values.ccdname : "?", line,
                                               ccd->log_lines == kMostLines ? " (no more is shown)" : ""));
    }
    return BL_OK;
  });
}

std::int32_t cancelled(void* self) { return static_cast<const LoadedCamera*>(self)->cancel.asked() ? 1 : 0; }
const void* query(void*, bl_str) { return nullptr; }

}  // namespace
}  // namespace host_calls

void fill_host_table(LoadedCamera& camera) {
  using namespace host_calls;
  bl_host& host = camera.host;
  host = {};
  host.struct_size = host_table_size();
  host.abi_minor = static_cast<std::uint32_t>(host_abi().minor);
  host.self = &camera;
  host.log = log;
  host.cancelled = cancelled;
  host.query = query;
  offer_metadata(host);
  offer_files(host);
  host.next = next;
  host.mask_op = mask_operation;
}

}  // namespace brickline
