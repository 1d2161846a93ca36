// The cards that say what a product is and where it comes from: the "version header", which begins every
// catalogue and is repeated in every image's header.
//
// No clock, host or directory enters it: two runs of one program on the same inputs write the same bytes
// wherever they run. Files are named without their directories, the command line holds only options that
// change products.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fits/header.h"
#include "core/survey/ccd_table.h"
#include "core/survey/target.h"

namespace brickline {

// Which survey the products belong to. Brickline does not know: the survey directory or the options say it.
struct SurveyIdentity {
  std::string data_release = "unknown";  // LSDR
  std::string survey = "unknown";        // SURVEY
  std::string survey_id = "unknown";     // SURVEYID
  std::int64_t release = 9999;           // DRVERSIO, and the catalogue's column `release`
  std::vector<std::string> comments;  // COMMENT cards at the very beginning: whose product, where documented
};

// Something the run rests on: a library, a camera plugin, a catalogue. DEPNAMnn, DEPVERnn.
struct Dependency {
  std::string name, version;
};

// An option as it was given; several values for options that take several.
struct CommandOption {
  std::string name;  // "--zoom"
  std::vector<std::string> values;
};
// "runbrick --bands g,r,z --brick 1102p240 ...": options sorted by name, values that need it quoted as for a
// shell.
std::string canonical_command_line(std::string_view program, std::vector<CommandOption> options);

// The first cards: the identity's comments, LEGPIPEV (this software's version), BLCOMMIT (its commit), BLSIMD (the
// instruction set that the models were computed with: simd_level() of core/model/simd.h), LSDR, SURVEY, SURVEYID,
// DRVERSIO, OBSTYPE, PROCTYPE, DEPNAMnn and DEPVERnn, CMDLINE. Products of two builds of one source at two commits
// differ in BLCOMMIT and the checksums alone.
fits::Header version_header(const SurveyIdentity& identity, const std::vector<Dependency>& dependencies,
                            std::string_view command_line, std::string_view simd_level,
                            std::string_view process_type = "tile");

// Further DEPNAMnn and DEPVERnn, numbered after those that are there.
void add_dependency_cards(fits::Header& header, std::span<const Dependency> dependencies);

// BRICK, BRICKID, RAMIN ... DECMAX, RA, DEC, CENTRA, CENTDEC, CORN1RA ... CORN4DEC.
void add_brick_cards(fits::Header& header, const Target& target);

// CCDFN_n; per band of `all_bands` BRICK_<B> and CAMS_<B>; BANDS, NBANDS, BANDn. `used`: the CCDs that gave
// images.
void add_ccd_cards(fits::Header& header, const std::vector<std::filesystem::path>& ccd_files,
                   const std::vector<std::string>& all_bands, const std::vector<std::string>& bands,
                   const std::vector<CcdRow>& used);

// VER_<stage> with this software's version: the program that ran that stage, which may differ between the
// stages of a run that was resumed. The name is at most four letters: TIMS, REFS, OUTL, HALO, SRCS, FITB,
// COAD, WISE, WCAT.
void add_stage_card(fits::Header& header, std::string_view stage);

// DCHISQ_0 ... DCHISQ_4: the models that the columns of dchisq stand for.
void add_dchisq_cards(fits::Header& header);

// The WCS of the brick's image, with EQUINOX 2000.
void add_wcs_cards(fits::Header& header, const Wcs& wcs);

}  // namespace brickline
