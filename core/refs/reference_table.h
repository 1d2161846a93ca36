// The product "reference-BRICK.fits": every reference object of a brick as one table.
#pragma once

#include <filesystem>
#include <string>

#include "core/fits/header.h"
#include "core/fits/table.h"
#include "core/refs/reference_catalog.h"

namespace brickline {

// The columns of the Legacy Surveys' reference files, in their order, with their types and units; those of
// catalogs that contributed nothing are left out.
fits::Table reference_table(const ReferenceCatalog& catalog);

// HDU REFERENCES behind an empty primary with the run's header. Returns the file's SHA-256. There is no file
// for a catalog without rows: the caller asks before.
std::string write_reference_table(const std::filesystem::path& path, const ReferenceCatalog& catalog,
                                  const fits::Header& run_header);

}  // namespace brickline
