#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/pipeline/explain_page.h"
#include "core/pipeline/stages/fitblobs.h"

namespace brickline {

void write_explanations(const ExplainOptions& explain, const BlobFitOptions& how, const Selection& selection,
                        const FittedCatalog& fitted, const RunContext& run) {
  ExplainContext context;
  context.brick = selection.brick.name;
  context.bands = selection.bands;
  context.selection = how.selection;
  context.rex_gain = how.rex_gain;
  context.always_try_galaxies = how.always_try_galaxies;
  if (how.joint) context.joint = how.together;
  const auto metrics = run.path_of(Product::kBlobmap).parent_path();
  // No page is worth a brick that is fitted.
  const auto accounts_of = [&](const std::string& which) -> std::vector<std::size_t> {
    try {
      return find_accounts(fitted, which);
    } catch (const Error& e) {
      run.log.warning("{}: no page is written", e.line());
      return {};
    }
  };
  for (const std::string& which : explain.explain_blobs)
    for (const std::size_t i : accounts_of(which)) {
      const BlobAccount& account = fitted.accounts[i];
      const auto report = std::ranges::find_if(fitted.blobs, [&](const BlobReport& r) {
        return r.blob == account.blob && r.part == account.part;
      });
      const int number = fitted.number[account.blob];
      // What is not in the catalog is named by where it is.
      std::string name =
          number >= 0 ? std::to_string(number) : fmt::format("at-{}-{}", account.box.x0, account.box.y0);
      if (account.part >= 0) name += fmt::format("-{}", account.part + 1);
      const auto path = metrics / fmt::format("explain-{}-blob-{}.html", selection.brick.name, name);
      write_file_atomically(path, explain_page(*report, account, number, context));
      run.log.info("blob {} is explained in {}", name, path.string());
    }
}

}  // namespace brickline
