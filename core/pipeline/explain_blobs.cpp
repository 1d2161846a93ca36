#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/pipeline/explain_page.h"
#include "core/pipeline/stages.h"
#include "core/survey/products.h"

namespace brickline {

void write_explanations(const BrickOptions& options, const TimsState& tims, const FitblobsState& fits,
                        const Log& log) {
  const FittedCatalog& fitted = fits.fitted;
  const BlobFitOptions defaults;
  ExplainContext context;
  context.brick = tims.brick.name;
  context.bands = tims.bands;
  context.selection = defaults.selection;
  context.rex_gain = defaults.rex_gain;
  context.always_try_galaxies = defaults.always_try_galaxies;
  ProductKey key;
  key.brick = tims.brick.name;
  const auto metrics = options.output_dir / product_path(Product::kBlobmap, key).parent_path();
  for (const std::string& which : options.explain_blobs)
    for (const std::size_t i : find_accounts(fitted, which)) {
      const BlobAccount& account = fitted.accounts[i];
      const auto report = std::ranges::find_if(fitted.blobs, [&](const BlobReport& r) {
        return r.blob == account.blob && r.part == account.part;
      });
      const int number = fitted.number[account.blob];
      // What is not in the catalog is named by where it is.
      std::string name =
          number >= 0 ? std::to_string(number) : fmt::format("at-{}-{}", account.box.x0, account.box.y0);
      if (account.part >= 0) name += fmt::format("-{}", account.part + 1);
      const auto path = metrics / fmt::format("explain-{}-blob-{}.html", tims.brick.name, name);
      write_file_atomically(path, explain_page(*report, account, number, context));
      log.info("blob {} is explained in {}", name, path.string());
    }
}

}  // namespace brickline
