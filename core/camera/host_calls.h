// What every function that the host offers to plugins begins and ends with. Private to this room.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <new>
#include <stdexcept>
#include <string>

#include "core/camera/abi_version.h"
#include "core/camera/absent_input.h"
#include "core/camera/open_ccd.h"

namespace brickline::host_calls {

using Ccd = OpenCcd::Impl;

// The plugin has used a function as the contract does not allow.
struct Breach : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Runs `f`; failures become a status and, where there is one, the error's text.
template <typename F>
bl_status guarded(bl_error* error, F&& f) noexcept {
  try {
    return f();
  } catch (const Breach& e) {
    return report_to(error, BL_E_ARGUMENT, e.what());
  } catch (const SkipCcd& e) {
    return report_to(error, BL_SKIP, e.what());
  } catch (const AbsentInput& e) {
    return report_to(error, BL_E_MISSING, e.line());
  } catch (const Error& e) {
    const bl_status status = e.kind() == ErrorKind::kInput       ? BL_E_INPUT
                             : e.kind() == ErrorKind::kResources ? BL_E_RESOURCES
                                                                 : BL_E_INTERNAL;
    return report_to(error, status, e.line());
  } catch (const Interrupted& e) {
    return report_to(error, BL_E_CANCELLED, e.what());
  } catch (const std::bad_alloc&) {
    return report_to(error, BL_E_RESOURCES, "out of memory");
  } catch (const std::exception& e) {
    return report_to(error, BL_E_INTERNAL, e.what());
  } catch (...) {
    return report_to(error, BL_E_INTERNAL, "unknown failure in the host");
  }
}

// The CCD whose callback runs on this thread; handles of other CCDs, or from other threads or times, are not
// looked at.
inline Ccd& ccd_of(bl_ccd* handle) {
  Ccd* ccd = running_ccd();
  if (!ccd || to_handle(ccd) != handle)
    throw Breach("a CCD may be used only inside a callback for it and on that callback's thread");
  return *ccd;
}
inline const HduHandle& hdu_of(bl_hdu* handle) {
  if (const Ccd* ccd = running_ccd())
    for (const HduHandle& hdu : ccd->handles)
      if (to_handle(const_cast<HduHandle*>(&hdu)) == handle) return hdu;
  throw Breach("an HDU may be used only inside a callback for its CCD and on that callback's thread");
}
// What a pointer points to.
template <typename T>
T& given(T* pointer) {
  if (!pointer) throw Breach("a null pointer where a value is wanted");
  return *pointer;
}
inline std::string text_given(bl_str text) {
  if (text.size > 0 && !text.data) throw Breach("a text without data");
  if (text.size > (std::uint64_t{4} << 20)) throw Breach("a text of more than 4 MiB");
  return std::string(from_bl(text));
}

// The functions of each group, put into their places of the table.
void offer_metadata(bl_host& host);  // host_metadata.cpp
void offer_files(bl_host& host);     // host_files.cpp

}  // namespace brickline::host_calls
