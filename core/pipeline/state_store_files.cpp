#include "core/pipeline/state_store_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/pipeline/state_path.h"

namespace brickline {
namespace {

// The options as rows of a table: name and words.
std::vector<StateOption> rows_of(const std::vector<Words>& options) {
  std::vector<StateOption> rows;
  for (const Words& words : options)
    rows.push_back({words.front(), fmt::format("{}", fmt::join(words.begin() + 1, words.end(), " "))});
  return rows;
}

}  // namespace

StateSettings state_settings(std::span<const StageSpec> table, const BrickOptions& options,
                             const std::string& brick) {
  const ControlOptions& control = options.control;
  StateSettings settings{control.output_dir, control.state_pattern, brick, {}};
  if (control.no_write) settings.write.emplace();
  if (!control.write_stages.empty()) {
    settings.write.emplace();
    for (const StageSpec* stage : stages_to_run(table, control.write_stages, options))
      settings.write->emplace(stage->name);
  }
  // Behind the last stage's products the state has served its purpose: a run that is killed while it writes one more would
  // leave it half-written beside a brick that is done, and that nobody takes up again.
  if (!settings.write && !control.keep_state && !table.empty()) {
    settings.write.emplace();
    for (const StageSpec& stage : table.first(table.size() - 1)) settings.write->emplace(stage.name);
  }
  return settings;
}

StateFiles::StateFiles(StateSettings settings, std::span<const ArtifactCodec> codecs, const Log& log)
    : settings_(std::move(settings)), codecs_(codecs), log_(log) {}

std::filesystem::path StateFiles::path(std::string_view stage) const {
  return state_path(settings_.output_dir, settings_.pattern, settings_.brick, stage);
}

const std::string& StateFiles::digest_of(const std::string& product) {
  const auto [known, is_new] = digests_.try_emplace(product);
  if (!is_new) return known->second;
  std::ifstream in(settings_.output_dir / product, std::ios::binary);
  if (!in) return known->second;
  known->second = sha256_hex(std::string(std::istreambuf_iterator<char>(in), {}));
  return known->second;
}

std::string StateFiles::objection(const StageSpec& stage, std::string_view key, const StateRecord& record) {
  if (record.brick != settings_.brick) return fmt::format("it is of brick {}", record.brick);
  if (record.stage != stage.name) return fmt::format("it is of stage {}", record.stage);
  for (const StateArtifact& artifact : record.artifacts) {
    const ArtifactCodec* codec = find_codec(codecs_, artifact.name);
    if (!codec || codec->schema != artifact.schema)
      return fmt::format("its {} are of schema {}", artifact.name, artifact.schema);
  }
  if (record.key != key)
    return "options, software or what comes before are not what it was made with (runbrick-state tells)";
  for (const FileFingerprint& file : record.files)
    if (fingerprint_of(file.path) != file) return fmt::format("{} has changed", file.path);
  for (const ProductSet::Entry& product : record.products) {
    const std::string& digest = digest_of(product.path);
    if (digest.empty()) return fmt::format("the product {} is gone", product.path);
    if (digest != product.sha256) return fmt::format("the product {} has changed", product.path);
  }
  return {};
}

StateStore::Status StateFiles::status(const StageSpec& stage, std::string_view key) {
  const std::filesystem::path file = path(stage.name);
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return {false, "no saved state"};
  try {
    const StateFile state = StateFile::open(file);
    if (std::string why = objection(stage, key, state.record()); !why.empty())
      return {false, "its saved state is not used: " + why, {}, true};
    for (const ProductSet::Entry& product : state.record().products)
      products_.insert((settings_.output_dir / product.path).lexically_normal());
    return {true, file.string(), fingerprint_text(state.record().files)};
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kResources) throw;
    return {false, "its saved state is not used: " + e.line(), {}, true};
  }
}

StageState StateFiles::load(const StageSpec& stage, const std::function<bool(std::string_view)>& wanted,
                            ArtifactSet& artifacts) {
  StateFile file = StateFile::open(path(stage.name));
  file.read(codecs_, wanted, artifacts);
  const StateRecord& record = file.record();
  StageState state;
  state.result.cards = header_of(record.cards);
  state.result.failures = record.failures;
  state.products = ProductSet(settings_.output_dir, record.products);
  state.origin.files = record.files;
  return state;
}

void StateFiles::save(const StageSpec& stage, std::string_view key, const StageState& state,
                      const ArtifactSet& artifacts) {
  if (settings_.write && !settings_.write->contains(stage.name)) return;
  StateRecord record;
  record.brick = settings_.brick;
  record.stage = stage.name;
  record.stage_schema = stage.schema;
  record.version = state.origin.software.version;
  record.commit = state.origin.software.commit;
  record.simd_level = state.origin.software.simd_level;
  record.key = key;
  record.options = rows_of(state.origin.options);
  for (const auto& [artifact, input_key] : state.origin.input_keys)
    if (std::ranges::find(stage.inputs, artifact) != stage.inputs.end())
      record.inputs.push_back({std::string(artifact), input_key});
  record.files = state.origin.files;
  for (const std::string_view output : stage.outputs)
    if (const ArtifactCodec* codec = find_codec(codecs_, output))
      record.artifacts.push_back({std::string(output), codec->schema});
  record.cards = state_cards(state.result.cards);
  record.failures = state.result.failures;
  record.products = state.products.entries();
  const std::string bytes = state_bytes(record, codecs_, artifacts);
  try {
    write_file_atomically(path(stage.name), bytes);
  } catch (const Error& e) {
    log_.warning("the state of stage {} is not saved: {}", stage.name, e.line());
  }
}

void StateFiles::remove_all(std::span<const StageSpec> table) {
  std::error_code code;
  std::set<std::filesystem::path> directories;
  for (const StageSpec& stage : table) {
    const std::filesystem::path file = path(stage.name);
    if (std::filesystem::remove(file, code)) directories.insert(file.parent_path());
    // What a run that was killed was just writing (write_file_atomically).
    const std::string unfinished = "tmp-" + file.filename().string() + ".";
    std::vector<std::filesystem::path> left;
    for (std::filesystem::directory_iterator entry(file.parent_path(), code), end; !code && entry != end;
         entry.increment(code))
      if (entry->path().filename().string().starts_with(unfinished)) left.push_back(entry->path());
    for (const std::filesystem::path& path : left) std::filesystem::remove(path, code);
  }
  for (const std::filesystem::path& directory : directories)
    if (directory.lexically_normal() != settings_.output_dir.lexically_normal())
      std::filesystem::remove(directory, code);  // only if nothing is left in it
}

}  // namespace brickline
