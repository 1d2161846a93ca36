#include "core/model/simd.h"

#include <cstdlib>

#include "core/base/error.h"

namespace brickline {

std::vector<const kernels::Kernels*> available_kernels() {
  std::vector<const kernels::Kernels*> out = {&kernels::kBaseline};
#ifdef BRICKLINE_SIMD_X86
  __builtin_cpu_init();
#ifdef __clang__
  // Whose older versions cannot be asked for these two; every processor with BMI2 has them.
  const bool rest = true;
#else
  const bool rest = __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt");
#endif
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && rest;
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v3) out.push_back(&kernels::kX86V3);
  if (v4) out.push_back(&kernels::kX86V4);
#endif
  return out;
}

const kernels::Kernels& kernels_named(std::string_view name) {
  const std::vector<const kernels::Kernels*> available = available_kernels();
  if (name.empty()) return *available.back();
  std::string names;
  for (const kernels::Kernels* k : available) {
    if (k->name == name) return *k;
    names += (names.empty() ? "" : ", ") + std::string(k->name);
  }
  throw usage_error("BRICKLINE_SIMD={} is not a level of this processor (it has {})", name, names);
}

const kernels::Kernels& active_kernels() {
  static const kernels::Kernels& chosen = []() -> const kernels::Kernels& {
    const char* wanted = std::getenv("BRICKLINE_SIMD");
    return kernels_named(wanted ? wanted : "");
  }();
  return chosen;
}

void check_simd() { active_kernels(); }

std::string_view simd_level_name() { return active_kernels().name; }

}  // namespace brickline
