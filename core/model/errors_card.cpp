#include "core/model/errors_card.h"

#include <fmt/format.h>

namespace brickline {
namespace {

constexpr const char* kMarginal = "MARGINAL";

}  // namespace

void add_errors_card(fits::Header& header, bool marginal) {
  if (marginal)
    header.set(kErrorsCard, std::string(kMarginal), "Errors of fits know of neighbours and shapes");
}

bool errors_are_marginal(const fits::Header& primary, const fits::Header& table) {
  const auto own = table.text(kErrorsCard);
  return (own ? own : primary.text(kErrorsCard)) == kMarginal;
}

void ErrorsOfSeveral::add(bool marginal, const std::string& name) {
  std::string& first = marginal ? first_with_ : first_without_;
  std::int64_t& count = marginal ? with_ : without_;
  if (count++ == 0) first = name;
}

std::string ErrorsOfSeveral::difference() const {
  if (with_ == 0 || without_ == 0) return {};
  return fmt::format(
      "errors in the bands of WISE and GALEX are marginal in {} of {} catalogs ({} is one: card {}), and of noise alone "
      "in the others, of older versions ({} is one): bricks that are run again agree",
      with_, with_ + without_, first_with_, kErrorsCard, first_without_);
}

}  // namespace brickline
