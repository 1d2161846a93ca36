#include "core/calib/calibration_row.h"

#include <string>
#include <vector>

#include "core/base/version.h"

namespace brickline {

void add_identity(fits::Table& table, const CcdImage& image, std::string_view unknown) {
  const auto text = [&](const char* name, const std::string& value, std::string_view otherwise) {
    table.add(name, std::vector<std::string>{value.empty() ? std::string(otherwise) : value});
  };
  table.add("expnum", std::vector<std::int64_t>{image.expnum});
  text("ccdname", image.ccdname, "");
  text("legpipev", std::string(kVersion), "");
  text("plver", image.plver, "V0.0");
  text("plprocid", image.plprocid, unknown);
  text("procdate", image.procdate, unknown);
  text("imgdsum", image.datasum, "0");
}

}  // namespace brickline
