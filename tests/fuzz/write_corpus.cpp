// write_corpus DIRECTORY: search trees and saved states to begin with, in DIRECTORY/sky_tree/ and
// DIRECTORY/state_file/. The rest is made by make_corpus.py.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "core/fits/fits_writer.h"
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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "write_corpus DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path root = argv[1];
  for (const char* target : {"sky_tree", "ccd_table", "state_file"})
    std::filesystem::create_directories(root / target);
  write_tree(root / "sky_tree/seed-leaf", "stars", 5, 25);
  write_tree(root / "sky_tree/seed-small", "ccds", 40, 4);
  write_tree(root / "sky_tree/seed-wide", "stars", 200, 3);
  write_state(root / "state_file/seed-record", false);
  write_state(root / "state_file/seed-artifact", true);
}
