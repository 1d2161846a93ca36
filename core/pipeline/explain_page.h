// A page about one blob, for people: what was tried for each of its sources, why one model was chosen or the
// source dropped, and the image that is explained worst, with pictures. One HTML file that needs nothing
// else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/blobs/blob_fitter.h"

namespace brickline {

struct ExplainContext {
  std::string brick;
  std::span<const std::string> bands;
  SelectionOptions selection;
  double rex_gain = 1, always_try_galaxies = 400;  // BlobFitOptions'
  std::optional<JointSelection> joint;             // of what was chosen again beside its neighbours
};

// `report` and `account` of the same blob (or part); `number`: what the catalog calls it, -1 if nothing of it
// is left there.
std::string explain_page(const BlobReport& report, const BlobAccount& account, int number,
                         const ExplainContext& context);

// Why this model, in a few sentences: of sources fitted together with every comparison that decided (select_jointly()).
std::string explain_choice(const SourceAccount& source, const ExplainContext& context);

// Where source `i` came from; what became of one that is gone or was split; what it is fitted together with. The last two
// are empty where there is nothing to tell.
std::string explain_origin(const BlobAccount& account, std::size_t i);
std::string explain_fate(const BlobAccount& account, std::size_t i);
std::string explain_neighbours(const SourceAccount& source);

// Error (kUsage) if `which` is neither a number nor "x,y".
void check_blob_name(std::string_view which);

// Error (kInput) if one of them is the number of a blob behind the last. Places are not looked at.
void check_blob_numbers(std::span<const std::string> wanted, int last);

// The index into `catalog.accounts` of the blobs that `which` means: a number of the catalog's column `blob`,
// or "x,y", a pixel of the brick. Error (kUsage) if it is neither, Error (kInput) if there is no such blob.
std::vector<std::size_t> find_accounts(const FittedCatalog& catalog, std::string_view which);

}  // namespace brickline
