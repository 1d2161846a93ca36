// Checks of what a camera's code does beside its work: to the process, to memory that is not its own, and where the
// program's functions fail it.
#include <dlfcn.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cfenv>
#include <chrono>
#include <clocale>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "core/camera/check_parts.h"
#include "core/camera/guarded_views.h"
#include "core/camera/image_claims.h"
#include "core/camera/loaded_camera.h"

extern char** environ;

namespace brickline::checks {
namespace {

std::ptrdiff_t entries_of(const char* directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

// What belongs to the whole process, in words.
std::map<std::string, std::string> process_state() {
  std::map<std::string, std::string> state;
  state["the working directory"] = fs::current_path().string();
  state["the locale"] = std::setlocale(LC_ALL, nullptr);
  state["the number of threads"] = std::to_string(entries_of("/proc/self/task"));
  state["the number of open files"] = std::to_string(entries_of("/proc/self/fd"));
  state["the rounding of numbers"] = std::to_string(std::fegetround());
  const mode_t mask = ::umask(0);
  ::umask(mask);
  state["the mode of new files (umask)"] = std::to_string(mask);
  for (char** variable = environ; *variable; ++variable)
    state["the environment"] += std::string(*variable) + "\n";
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0)
      state["what signals do"] += fmt::format("{} ", reinterpret_cast<std::uintptr_t>(action.sa_handler));
  }
  return state;
}

// The camera's code and that of those it extends, nearest first; facts alone are not among them.
std::vector<LoadedCamera*> code_of(const Camera& camera) {
  std::vector<LoadedCamera*> layers;
  for (const LoadedCamera* layer : camera.impl().chain)
    if (layer->plugin->descriptor) layers.push_back(const_cast<LoadedCamera*>(layer));
  return layers;
}

constexpr const char* kNoCode = "it has no code: facts alone";

// ---- The program's functions, each with something before it that can fail ----

struct Failing {
  int function = -1, at_call = 0;  // which fails, and at its n-th call
  bl_status status = BL_OK;
  int calls = 0;
  bool has_failed() const { return calls > at_call; }
};
Failing failing;  // one thread is at work

inline bl_error* error_among() { return nullptr; }
template <typename First, typename... Rest>
bl_error* error_among(First first, Rest... rest) {
  if constexpr (std::is_same_v<First, bl_error*>)
    return first;
  else
    return error_among(rest...);
}

template <auto Member>
struct Stand;
template <typename... Arguments, bl_status (*bl_host::*Member)(void*, Arguments...)>
struct Stand<Member> {
  static inline bl_status (*own)(void*, Arguments...) = nullptr;
  static inline int index = 0;
  static bl_status call(void* self, Arguments... arguments) {
    if (failing.function == index && failing.calls++ == failing.at_call)
      return report_to(error_among(arguments...), failing.status, "made to fail by a check");
    return own(self, arguments...);
  }
};
template <auto Member>
void stand_before(bl_host& host, int index) {
  using Own = Stand<Member>;
  if (host.*Member == Own::call) return;
  Own::own = host.*Member;
  Own::index = index;
  host.*Member = Own::call;
}

// Every function of the table that gives a status.
struct HostFunction {
  const char* name;
  void (*stand_before)(bl_host& host, int index);
};
#define BRICKLINE_FUNCTION(name) \
  HostFunction { #name, stand_before < &bl_host::name> }
constexpr std::array kFunctions = {
    BRICKLINE_FUNCTION(get_i64),      BRICKLINE_FUNCTION(get_f64),     BRICKLINE_FUNCTION(get_text),
    BRICKLINE_FUNCTION(set_i64),      BRICKLINE_FUNCTION(set_f64),     BRICKLINE_FUNCTION(set_text),
    BRICKLINE_FUNCTION(column_i64),   BRICKLINE_FUNCTION(column_f64),  BRICKLINE_FUNCTION(column_text),
    BRICKLINE_FUNCTION(hdu_open),     BRICKLINE_FUNCTION(hdu_info),    BRICKLINE_FUNCTION(card_f64),
    BRICKLINE_FUNCTION(card_i64),     BRICKLINE_FUNCTION(card_bool),   BRICKLINE_FUNCTION(card_text),
    BRICKLINE_FUNCTION(card_at),      BRICKLINE_FUNCTION(read_pixels), BRICKLINE_FUNCTION(table_read),
    BRICKLINE_FUNCTION(open_sidecar), BRICKLINE_FUNCTION(scratch),     BRICKLINE_FUNCTION(next),
    BRICKLINE_FUNCTION(mask_op),      BRICKLINE_FUNCTION(column_info), BRICKLINE_FUNCTION(table_text),
    BRICKLINE_FUNCTION(file_size),    BRICKLINE_FUNCTION(file_read),   BRICKLINE_FUNCTION(file_path)};
#undef BRICKLINE_FUNCTION

void stand_before_all(bl_host& host) {
  for (std::size_t i = 0; i < kFunctions.size(); ++i) kFunctions[i].stand_before(host, static_cast<int>(i));
}

// What reading a small window comes to: words for what a camera must not do, or nothing.
template <typename Open>
std::string wrong_with(Open&& open, const Box& box) {
  try {
    OpenCcd ccd = open();
    run_steps(ccd, box);
  } catch (const SkipCcd&) {
  } catch (const Interrupted&) {
  } catch (const std::bad_alloc&) {
  } catch (const std::system_error&) {
    // No thread, no file: it is the program that has run out of something.
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kPlugin || e.kind() == ErrorKind::kInternal) return e.line();
  }
  return {};
}

int asked_to_stop = 0;
std::int32_t stop(void*) {
  ++asked_to_stop;
  return 1;
}

}  // namespace

// ---- 1 to 3 ----

CheckVerdict load_process_state(const CheckInput& input) {
  // Whoever watches calls is there before the camera is.
  { const PluginCall nobody({"", "", "", "", ""}, Log()); }
  const auto before = process_state();
  CameraRegistry registry = scan(input);
  registry.load(input.camera);
  Faults faults;
  const auto after = process_state();
  for (const auto& [what, value] : before)
    if (after.at(what) != value) faults.push_back("it changes " + what);
  return passes_unless(std::move(faults));
}

CheckVerdict describe_handshake(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  const std::vector<LoadedCamera*> layers = code_of(registry.load(input.camera));
  if (layers.empty()) return skips(kNoCode);
  const LoadedPlugin& plugin = *layers.front()->plugin;
  void* library = ::dlopen(plugin.path_text.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (!library) return skips("its library is not to be had twice");
  auto* entry = reinterpret_cast<bl_entry*>(::dlsym(library, BL_ENTRY_SYMBOL));
  const auto ask = [&](std::uint32_t major, std::uint32_t minor, ErrorBuffer& error) {
    const bl_handshake handshake = {sizeof(bl_handshake), major,          minor,       0,
                                    to_bl("brickline"),   to_bl("check"), &error.error};
    const PluginCall here(plugin.caller({}, "load"), Log());
    return entry(&handshake);
  };
  Faults faults;
  ErrorBuffer first, later, other;
  if (ask(BL_ABI_MAJOR, BL_ABI_MINOR, first) != plugin.descriptor)
    faults.push_back("asked again, it describes itself otherwise");
  if (ask(BL_ABI_MAJOR, BL_ABI_MINOR + 99, later) != plugin.descriptor)
    faults.push_back("to a program of a later minor it describes itself otherwise");
  // The program judges the major by the note; a library that serves several tells them apart itself.
  if (!ask(BL_ABI_MAJOR + 1, 0, other) && other.text().empty())
    faults.push_back("it declines a program of another major without a reason");
  return passes_unless(std::move(faults));
}

CheckVerdict describe_extensions(const CheckInput& input) {
  CameraRegistry registry = scan(input);
  const std::vector<LoadedCamera*> layers = code_of(registry.load(input.camera));
  if (layers.empty()) return skips(kNoCode);
  const LoadedCamera& own = *layers.front();
  if (!own.table->query) return {};
  const auto offers = [&](std::string_view id) {
    const PluginCall here(own.plugin->caller(own.identity.name, "query"), Log());
    return own.table->query(own.instance, to_bl(id));
  };
  Faults faults;
  for (const std::string_view id :
       {std::string_view(), std::string_view("org.example.nothing/1"), std::string_view("brickline.steps/99"),
        std::string_view("brickline.step")})
    if (offers(id)) faults.push_back(fmt::format("it offers '{}', which nobody knows", id));
  if (own.steps) {
    bool any = false;
    for (int step = BL_STEP_METADATA; step <= BL_STEP_AFTER_SKY; ++step)
      any = any || own.step(static_cast<CameraStep>(step));
    if (!any) faults.push_back(fmt::format("its table {} has no function", BL_EXT_STEPS));
  }
  for (const char* id : {BL_EXT_STEPS, BL_EXT_WCS, BL_EXT_PSF, BL_EXT_SKY, BL_EXT_FORMAT})
    if (offers(id) != offers(id))
      faults.push_back(fmt::format("asked twice, it offers another table {}", id));
  return passes_unless(std::move(faults));
}

CheckVerdict identify_foreign(const CheckInput& input) {
  // INSTRUME and TELESCOP as images of these have them.
  struct Foreign {
    const char *camera, *instrument, *telescope;
  };
  static constexpr Foreign kForeign[] = {{"megacam", "MegaPrime", "CFHT 3.6m"},
                                         {"hsc", "HSC", "Subaru"},
                                         {"mmtmegacam", "MegaCam", "MMT"},
                                         {"suprimecam", "SuprimeCam", "Subaru"},
                                         {"panstarrs", "GPC1", "PS1"},
                                         {"wfc3", "WFC3", "HST"},
                                         {"vis", "VIS", "Euclid"},
                                         {"omegacam", "OMEGACAM", "ESO-VST"},
                                         {"lsstcam", "LSSTCam", "Simonyi Survey Telescope"},
                                         {"", "", ""}};
  CameraRegistry registry = scan(input);
  const Camera& camera = registry.load(input.camera);
  const CameraIdentity& own = camera.facts().camera;
  const std::vector<std::string>& bases = camera.provenance().bases;
  Faults faults;
  for (const Foreign& foreign : kForeign) {
    const auto is = [&](const std::string& name) { return name == foreign.camera; };
    if (is(own.name) || std::any_of(own.aliases.begin(), own.aliases.end(), is) ||
        std::any_of(bases.begin(), bases.end(), is))
      continue;
    fits::Header header;
    if (*foreign.instrument) header.set("INSTRUME", foreign.instrument);
    if (*foreign.telescope) header.set("TELESCOP", foreign.telescope);
    if (claims_image(own, header, {}))
      faults.push_back(*foreign.camera
                           ? fmt::format("it claims an image with INSTRUME = '{}', TELESCOP = '{}'",
                                         foreign.instrument, foreign.telescope)
                           : "it claims an image without INSTRUME and TELESCOP");
  }
  return passes_unless(std::move(faults));
}

// ---- 5 ----

CheckVerdict pixels_stride(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    const Box box = middle_of(whole, 300);
    OpenCcd plain = open();
    const Planes expected = run_steps(plain, box);
    const GuardedViews guarded;
    OpenCcd ccd = open();
    if (same_bits(run_steps(ccd, box), expected, false)) return {};
    return {"with views of another stride its pixels differ"};
  }));
}

// ---- 8 ----

CheckVerdict robust_throws(const CheckInput& input) {
  bool code = false;
  Faults faults = with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    constexpr int kMostCalls = 4, kMostFaults = 5;
    const Box box = middle_of(whole, 64);
    OpenCcd first = open();
    for (LoadedCamera* layer : code_of(first.camera())) {
      code = true;
      stand_before_all(layer->host);
    }
    const auto files = entries_of("/proc/self/fd");
    Faults found;
    for (int function = 0; code && function < static_cast<int>(kFunctions.size()); ++function)
      for (const bl_status status : {BL_E_INPUT, BL_E_RESOURCES})
        for (int call = 0; call < kMostCalls && found.size() < kMostFaults; ++call) {
          failing = {function, call, status};
          const std::string wrong = wrong_with(open, box);
          const bool failed = failing.has_failed();
          failing = {};
          if (!failed) break;
          if (!wrong.empty())
            found.push_back(fmt::format("where call {} of {} gives status {}: {}", call + 1,
                                        kFunctions[static_cast<std::size_t>(function)].name, status, wrong));
        }
    if (entries_of("/proc/self/fd") > files)
      found.push_back("files stay open where functions of the program fail");
    return found;
  });
  if (!code && faults.empty()) return skips(kNoCode);
  return passes_unless(std::move(faults));
}

CheckVerdict robust_out_of_memory([[maybe_unused]] const CheckInput& input) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return skips("sanitizers need the memory");
#else
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    const Box box = middle_of(whole, 256);
    { open(); }
    rlimit own{};
    ::getrlimit(RLIMIT_AS, &own);
    Faults faults;
    for (const rlim_t more : {32 << 10, 8 << 10, 2 << 10, 1 << 10, 512, 128, 0}) {  // kiB
      std::uint64_t pages = 0;
      std::ifstream("/proc/self/statm") >> pages;
      const rlimit less{
          static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (more << 10),
          own.rlim_max};
      ::setrlimit(RLIMIT_AS, &less);
      const std::string wrong = wrong_with(open, box);
      ::setrlimit(RLIMIT_AS, &own);
      if (!wrong.empty()) faults.push_back(fmt::format("with {} kiB of memory: {}", more, wrong));
    }
    return faults;
  }));
#endif
}

CheckVerdict robust_cancel(const CheckInput& input) {
  return passes_unless(
      with_ccds(input, false,
                [&](auto&& open, const Box& whole) -> Faults {
                  const Box box = middle_of(whole);
                  OpenCcd first = open();
                  for (LoadedCamera* layer : code_of(first.camera())) layer->host.cancelled = stop;
                  asked_to_stop = 0;
                  const auto begin = std::chrono::steady_clock::now();
                  const std::string wrong = wrong_with(open, box);
                  const double seconds =
                      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
                  if (!wrong.empty() && asked_to_stop == 0) return {wrong};
                  if (seconds < 1) return {};
                  return {
                      asked_to_stop == 0
                          ? fmt::format(
                                "reading {} x {} pixels takes {:.1f} s, and it never asks whether to stop",
                                box.width(), box.height(), seconds)
                          : fmt::format("told to stop, it went on for {:.1f} s", seconds)};
                }),
      Result::kWarn);
}

// ---- 10 ----

CheckVerdict stress_leak(const CheckInput& input) {
  return passes_unless(with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    constexpr int kCycles = 40;
    constexpr std::size_t kMostPerCcd = 64;  // bytes
    const Box box = middle_of(whole, 32);
    const auto used = [&] {
      for (int i = 0; i < kCycles; ++i) {
        OpenCcd ccd = open();
        run_steps(ccd, box);
      }
      const struct mallinfo2 now = ::mallinfo2();
      return now.uordblks + now.hblkhd;
    };
    // What is kept once for all is kept by then.
    used();
    const std::size_t before = used(), after = used();
    if (after <= before + kCycles * kMostPerCcd) return {};
    return {fmt::format("every CCD that is opened and closed leaves {} bytes behind",
                        (after - before) / kCycles)};
  }));
}

CheckVerdict stress_struct_size(const CheckInput& input) {
  bool code = false;
  Faults faults = with_ccds(input, false, [&](auto&& open, const Box& whole) -> Faults {
    const Box box = middle_of(whole, 64);
    OpenCcd first = open();
    const Planes expected = run_steps(first, box);
    Faults found;
    for (const std::uint32_t size : {BL_HOST_LEAST, std::uint32_t{sizeof(bl_host) + 64}})
      for (LoadedCamera* layer : code_of(first.camera())) {
        code = true;
        // It says itself what it cannot do without.
        if (size == BL_HOST_LEAST &&
            layer->plugin->note.needs_minor >= static_cast<int>(layer->host.abi_minor))
          continue;
        const std::uint32_t own = std::exchange(layer->host.struct_size, size);
        try {
          OpenCcd ccd = open();
          if (!same_bits(run_steps(ccd, box), expected, false))
            found.push_back(fmt::format("with a bl_host of {} bytes its pixels differ", size));
        } catch (const Error& e) {
          found.push_back(fmt::format("with a bl_host of {} bytes: {}", size, e.line()));
        }
        layer->host.struct_size = own;
      }
    return found;
  });
  if (!code && faults.empty()) return skips(kNoCode);
  return passes_unless(std::move(faults));
}

}  // namespace brickline::checks
