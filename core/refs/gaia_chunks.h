// Gaia's own files made into the chunk files that every program here reads: one table per HEALPix pixel (nside 32),
// PREFIX-NNNNN.fits, with the columns of gaia_columns.h.
//
// Two passes in bounded memory. First each input becomes one file of fixed records in a working directory, in sorted
// runs; then every pixel's records are gathered from all of them, sorted by source_id and written. Inputs are worked
// on in parallel, and so are pixels; what comes out depends on neither the order of the inputs nor the number of
// threads. Files appear whole: a run that was killed is gone on with by the same call, and gives the same bytes. In the
// end PREFIX-files.txt beside the chunks tells what they were made from; a call with the same inputs finds
// that nothing is to be done.
//
// Tables to be joined are sorted by source_id in the same way, and each pixel's stars are looked up in them.
//
// Memory: per thread some 50 MB while inputs are read; then the rows of one pixel, about four times. Pixels of more
// than 400,000 rows (50 MB) are written one at a time. Disk: about 120 bytes per row in the working directory, and the same
// again for the chunks. Joined columns, 88 bytes a row of synthetic photometry, 1372 of sampled and 440 of continuous spectra,
// take that in the working directory for each row that there is, and in a chunk for every star of it, NaN where it has no row.
//
// A pixel gets no file where no input has a star: readers tell what is missing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.h"
#include "core/base/log.h"
#include "core/refs/reference_catalog.h"

namespace brickline {

// A column to be kept beside those that programs need: numbers, stored as TFORM says.
struct GaiaExtraColumn {
  std::string name;
  char type = 'E';  // or D
  int count = 1;    // values per row; shorter arrays are filled with NaN
};

// A table of Gaia's that has a row for some of the stars, told by source_id: its columns stand behind the others in the
// chunks, as `kept` calls them, NaN for stars without a row. Rows that differ and are of one star are an error, those of
// stars that no input has are left out.
struct GaiaJoinedTable {
  std::string name;  // for words
  std::vector<std::filesystem::path> inputs;
  std::vector<GaiaExtraColumn> columns;  // as the inputs call them
  std::vector<std::string> kept;         // as the chunks do
  std::string unit;                      // of all columns; empty: not looked at

  // SyntheticPhotometryGspc_*.csv.gz: magnitudes and flags of the bands u_jkc ... i_jkc, u_sdss ... z_sdss and y_ps1. (The
  // fluxes are left out: the archive states wrong units of those of the SDSS and Pan-STARRS bands.)
  static GaiaJoinedTable gspc();
  // XpSampledMeanSpectrum_*.csv.gz: flux, 343 values, becomes xp_flux.
  static GaiaJoinedTable xp_sampled();
  // XpContinuousMeanSpectrum_*.csv.gz: bp_coefficients and rp_coefficients, 55 values each.
  static GaiaJoinedTable xp_continuous();
};

// "NAME", "NAME:D" or "NAME:55E". Error (kUsage) for anything else, and for names of columns that are kept anyway.
GaiaExtraColumn parse_gaia_extra_column(std::string_view text);

struct GaiaChunkOptions {
  std::filesystem::path out_dir;
  std::filesystem::path work_dir;  // where PREFIX-work is made, and removed in the end; empty: in out_dir
  std::string prefix = "chunk";
  HealpixScheme scheme = HealpixScheme::kRing;
  // The data release, for the headers. Empty: the one whose epoch the rows have (2: 2015.5, 3: 2016.0).
  std::string release;
  std::vector<GaiaExtraColumn> columns;
  std::vector<GaiaJoinedTable> joined;
  bool force = false;  // replaces chunks that were made from something else
  // Rows that are sorted at a time. More than one run per input changes nothing but speed.
  std::int64_t rows_in_memory = 1 << 18;
};

struct GaiaChunkSummary {
  std::int64_t inputs = 0, inputs_done_before = 0;
  std::int64_t rows = 0;             // of all inputs
  std::int64_t duplicates = 0;       // rows that another input has, too, value by value
  std::vector<std::int64_t> joined;  // of each joined table: stars that have a row of it
  std::int64_t chunks = 0, chunks_done_before = 0;
  std::string release;
  bool nothing_to_do = false;
};

// Files stand for themselves, directories for the files in them whose names end as Gaia's and the archive's do (.csv,
// .ecsv, .fits, .vot, .xml, each with .gz or without). Sorted, each once. Error (kInput) where there is none.
std::vector<std::filesystem::path> gaia_inputs(std::span<const std::filesystem::path> paths);

// Error (kInput) naming the file that cannot be read right, and where one source has two rows that differ, where inputs
// are of two epochs, and where the output directory holds chunks of another origin. Interrupted if that was asked for.
GaiaChunkSummary make_gaia_chunks(std::span<const std::filesystem::path> inputs,
                                  const GaiaChunkOptions& options, const Log& log = {},
                                  const Cancel& cancel = {});

}  // namespace brickline
