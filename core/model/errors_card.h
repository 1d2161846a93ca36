// The header card of joint catalogs that says that errors of all that is fitted, in the bands of WISE and GALEX too, know of
// neighbours and shapes. Joint catalogs (core/model/profiles_card.h) of before it have errors of noise alone in those bands,
// others have such errors everywhere and no card. It stands in both headers, as the card of profiles does.
#pragma once

#include <cstdint>
#include <string>

#include "core/fits/header.h"

namespace brickline {

inline constexpr const char* kErrorsCard = "IVARKIND";

// None unless they are marginal.
void add_errors_card(fits::Header& header, bool marginal);
// Of a table with that header in a file with that first one (empty: it has none); the table's own card goes before.
bool errors_are_marginal(const fits::Header& primary, const fits::Header& table);

// Of catalogs whose rows are put together.
class ErrorsOfSeveral {
 public:
  void add(bool marginal, const std::string& name);
  // All of them are, and there are some.
  bool marginal() const { return with_ > 0 && without_ == 0; }
  // How they differ, in words that name one of either kind; empty: they do not.
  std::string difference() const;

 private:
  std::int64_t with_ = 0, without_ = 0;
  std::string first_with_, first_without_;
};

}  // namespace brickline
