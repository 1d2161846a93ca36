// write_corpus DIRECTORY: search trees, saved states, journals and configurations to begin with, in a folder of
// DIRECTORY for each target. The rest is made by make_corpus.py.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "core/fits/fits_writer.h"
#include "core/pipeline/blob_journal.h"
#include "core/pipeline/state_file.h"
#include "tests/support/sky_tree_writer.h"

using namespace brickline;

namespace {

void write_tree(const std::filesystem::path& file, const std::string& name, std::size_t rows,
                std::size_t leaf_size) {
  std::mt19937 random(static_cast<unsigned>(rows));
  std::uniform_real_distribution<double> scatter(-1, 1);
  std::vector<SkyPosition> positions;
  for (std::size_t i = 0; i < rows; ++i) positions.push_back({150 + scatter(random), 2 + scatter(random)});
  const test::MadeTree tree = test::make_sky_tree(positions, leaf_size);
  fits::Table table;
  std::vector<double> ra, dec;
  for (const std::uint32_t row : tree.order) {
    ra.push_back(positions[row].ra);
    dec.push_back(positions[row].dec);
  }
  table.add("ra", ra);
  table.add("dec", dec);
  fits::FitsWriter writer;
  writer.add_empty_primary();
  writer.add_table(table);
  std::ofstream(file, std::ios::binary) << writer.finish();
  test::append_sky_tree(file, tree, name);
}

StateRecord record() {
  StateRecord r;
  r.brick = "1500p020";
  r.stage = "tims";
  r.version = "0.1.0";
  r.key = "0123";
  r.options = {{"bands", "g,r,z"}, {"threads", " 1 "}};
  r.inputs = {{"selection", "4567"}};
  r.files = {{"/survey/ccds.fits", 12, 34}};
  fits::Header header;
  header.set("TEXT", "a text");
  header.set("WHOLE", 7);
  header.set("REAL", 1.5);
  header.set("YES", true);
  r.cards = state_cards(header);
  r.failures = {{"blob 3", "no\nluck"}};
  r.products = {{"coadd/image.fits", std::string(64, 'a')}};
  return r;
}

void write_state(const std::filesystem::path& file, bool with_artifact) {
  StateRecord r = record();
  ArtifactSet artifacts;
  if (with_artifact) {
    Selection selection;
    selection.brick.name = r.brick;
    selection.brick.wcs = Wcs::tangent(150, 2, 10, 10, {-7e-5, 0, 0, 7e-5}, 20, 20);
    selection.bands = selection.survey_bands = {"g", "r"};
    selection.ccds.add("expnum", std::vector<std::int64_t>{1, 2});
    selection.ccds.add("ccdname", std::vector<std::string>{"S4", "N4"});
    selection.rows.resize(2);
    artifacts.put(std::move(selection));
    r.artifacts = {{std::string(Selection::kArtifact), Selection::kSchema}};
  }
  const std::string bytes = state_bytes(r, artifact_codecs(), artifacts);
  // The target makes the primary HDU itself.
  std::ofstream(file, std::ios::binary) << bytes.substr(bytes.find("XTENSION="));
}

// A journal as it is written, and its records as the target takes them.
void write_journal(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "seed-whole";
  std::filesystem::remove(file);
  {
    BlobJournal journal({file, 0, false}, "key", Log());
    SourceState state;
    state.model.flux = {1.5};
    state.chi2_none = {3, 4};
    (void)journal.recall(7, 0);
    journal.keep_step(7, 0, state);
    journal.keep_step(7, 0, state);
    BlobResult result;
    result.report.blob = 8;
    result.report.message = "a word";
    result.report.failures.push_back({1, 2, 3, "no luck"});
    result.sources.resize(1);
    journal.keep(result);
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  std::string records = "R";
  for (const JournalContents::Record& record : read_journal(bytes, "key").records) {
    records += static_cast<char>(record.kind);
    records += static_cast<char>(record.payload.size() & 0xff);
    records += static_cast<char>(record.payload.size() >> 8);
    records.append(record.payload.begin(), record.payload.end());
  }
  std::ofstream(folder / "seed-records", std::ios::binary) << records;
}

constexpr const char* kConfiguration = R"(bands = ["g", "r", "z"]   # or "g,r,z"
zoom = [0, 600, 0, 600]
brick = "1501p022"
no-wise = true
blobxy = [[10, 20], [30, 40]]
survey-dir = 'a place'
threads = 2
max-memory-gb = 1.5
)";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "write_corpus DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path root = argv[1];
  for (const char* target : {"sky_tree", "ccd_table", "state_file", "blob_journal", "configuration"})
    std::filesystem::create_directories(root / target);
  write_tree(root / "sky_tree/seed-leaf", "stars", 5, 25);
  write_tree(root / "sky_tree/seed-small", "ccds", 40, 4);
  write_tree(root / "sky_tree/seed-wide", "stars", 200, 3);
  write_state(root / "state_file/seed-record", false);
  write_state(root / "state_file/seed-artifact", true);
  write_journal(root / "blob_journal");
  std::ofstream(root / "configuration/seed-options") << kConfiguration;
}
