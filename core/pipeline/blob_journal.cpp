#include "core/pipeline/blob_journal.h"

#include <fstream>
#include <iterator>

#include "core/base/error.h"
#include "core/pipeline/codec_bytes.h"
#include "core/pipeline/codec_fields.h"

namespace brickline {

template <>
struct codec::Fields<BlobResult> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("report", &BlobResult::report);
    visit("sources", &BlobResult::sources);
    visit("account", &BlobResult::account);
  }
};
template <>
struct codec::Fields<SourceState> {
  template <class Visit>
  static constexpr void each(Visit&& visit) {
    visit("model", &SourceState::model);
    visit("alive", &SourceState::alive);
    visit("failure", &SourceState::failure);
    visit("first_round_end", &SourceState::first_round_end);
    visit("chi2_none", &SourceState::chi2_none);
    visit("models", &SourceState::models);
    visit("chosen", &SourceState::chosen);
    visit("model_chosen", &SourceState::model_chosen);
    visit("composite_gain", &SourceState::composite_gain);
    visit("unfinished", &SourceState::unfinished);
    visit("unsettled", &SourceState::unsettled);
    visit("is_new", &SourceState::is_new);
    visit("split_from", &SourceState::split_from);
    visit("rectangle_width", &SourceState::rectangle_width);
    visit("rectangle_height", &SourceState::rectangle_height);
    visit("pixels", &SourceState::pixels);
    visit("images", &SourceState::images);
    visit("told", &SourceState::told);
    visit("work", &SourceState::work);
  }
};

namespace {

using codec::ByteReader;
using codec::ByteWriter;

enum Kind : std::uint32_t { kResult = 1, kSteps = 2 };

BlobRecords::Key key_of(const BlobReport& report) { return {report.blob, report.part}; }

void take_result(ByteReader& in, BlobRecords& out) {
  auto result = in.get<BlobResult>();
  in.end();
  const BlobRecords::Key key = key_of(result.report);
  out.steps.erase(key);
  out.results.insert_or_assign(key, std::move(result));
}

void take_steps(ByteReader& in, BlobRecords& out) {
  const auto blob = in.get<std::int32_t>(), part = in.get<std::int32_t>();
  const auto before = in.get<std::uint32_t>();
  std::vector<SourceState> more;
  while (!in.at_end()) more.push_back(in.get<SourceState>());
  if (out.results.contains({blob, part})) return;
  std::vector<SourceState>& steps = out.steps[{blob, part}];
  if (before > steps.size())
    throw input_error("{} steps of blob {} are missing", before - steps.size(), blob);
  // Steps come anew where a run did not take up those of another.
  steps.resize(before);
  std::move(more.begin(), more.end(), std::back_inserter(steps));
}

// Nothing, if there is no such file.
std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return {};
  const auto size = std::filesystem::file_size(file, code);
  std::vector<std::uint8_t> bytes(code ? 0 : size);
  std::ifstream in(file, std::ios::binary);
  if (code || !in) throw input_error("cannot be read").in_file(file.string());
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

}  // namespace

BlobRecords read_blob_journal(std::span<const std::uint8_t> bytes, std::string_view key,
                              JournalContents& contents) {
  contents = read_journal(bytes, key);
  BlobRecords out;
  for (std::size_t i = 0; i < contents.records.size(); ++i) {
    const JournalContents::Record& record = contents.records[i];
    try {
      ByteReader in(record.payload);
      if (record.kind == kResult)
        take_result(in, out);
      else if (record.kind == kSteps)
        take_steps(in, out);
      else
        throw input_error("it is of kind {}", record.kind);
    } catch (const Error& e) {
      // A program of the same key wrote it: nothing behind it can be trusted.
      contents.problem = fmt::format("record {} cannot be used: {}", i + 1, e.message());
      contents.records.resize(i);
      contents.state = JournalContents::State::kBroken;
      return out;
    }
  }
  return out;
}

BlobJournal::BlobJournal(Settings settings, const std::string& key, const Log& log)
    : settings_(std::move(settings)), log_(log), last_sync_(Clock::now()) {
  const std::string name = settings_.file.string();
  guarded([&] {
    using enum JournalContents::State;
    JournalContents contents;
    const std::vector<std::uint8_t> bytes = bytes_of(settings_.file);
    if (settings_.use_old)
      old_ = read_blob_journal(bytes, key, contents);
    else
      contents = read_journal(bytes, key);
    if (contents.state == kGood && settings_.use_old) {
      if (!contents.problem.empty())
        log_.warning("the journal of fitted blobs {}: {}; what comes before that is used", name,
                     contents.problem);
      std::size_t steps = 0;
      for (const auto& [blob, of_blob] : old_.steps) steps += of_blob.size();
      if (!contents.records.empty())
        log_.info("the journal {} is used: {} blobs are fitted, and {} sources of {} more", name,
                  old_.results.size(), steps, old_.steps.size());
      file_.emplace(JournalFile::go_on(settings_.file, contents));
      return;
    }
    const bool foreign = contents.state == kForeign;
    if (contents.state != kNone && contents.state != kGood)
      log_.warning("the journal of fitted blobs {} is not used{}: {}", name,
                   foreign ? " and set aside as " + name + ".unused" : "", contents.problem);
    // Records that were good but for one are worth keeping: they are written anew.
    file_.emplace(JournalFile::begin(settings_.file, key, foreign));
    for (const auto& [blob, result] : old_.results) {
      std::string payload;
      ByteWriter(payload).put(result);
      file_->add(kResult, payload);
    }
    old_.steps.clear();
  });
}

BlobJournal::~BlobJournal() { interrupted(); }

// What cannot be written is not worth a run.
template <class Work>
void BlobJournal::guarded(Work&& work) {
  try {
    work();
  } catch (const Error& e) {
    file_.reset();
    log_.warning("results of blobs are not kept: {}", e.line());
  }
}

void BlobJournal::add(std::uint32_t kind, std::string_view payload) {
  if (file_) guarded([&] { file_->add(kind, payload); });
}

void BlobJournal::sync_if_due(bool now) {
  const Clock::time_point time = Clock::now();
  if (!file_ || (!now && time - last_sync_ < std::chrono::duration<double>(settings_.period_seconds))) return;
  last_sync_ = time;
  guarded([&] { file_->sync(); });
}

void BlobJournal::write_steps(const BlobRecords::Key& key, Running& running) {
  if (running.steps_waiting == 0) return;
  std::string payload;
  ByteWriter out(payload);
  out.put(key.first);
  out.put(key.second);
  out.put(static_cast<std::uint32_t>(running.steps_written));
  payload += running.waiting;
  add(kSteps, payload);
  running.steps_written += running.steps_waiting;
  running.steps_waiting = 0;
  running.waiting.clear();
  running.last_written = Clock::now();
}

BlobMemory::Kept BlobJournal::recall(int blob, int part) {
  const std::lock_guard lock(mutex_);
  const BlobRecords::Key key{blob, part};
  Kept kept;
  if (const auto found = old_.results.find(key); found != old_.results.end()) {
    kept.result = std::move(found->second);
    old_.results.erase(found);
    return kept;
  }
  if (const auto found = old_.steps.find(key); found != old_.steps.end()) {
    kept.steps = std::move(found->second);
    old_.steps.erase(found);
  }
  Running& running = running_[key];
  running.steps_written = static_cast<std::int32_t>(kept.steps.size());
  running.last_written = Clock::now();
  return kept;
}

void BlobJournal::keep_step(int blob, int part, const SourceState& after) {
  std::string bytes;
  ByteWriter(bytes).put(after);
  const std::lock_guard lock(mutex_);
  const BlobRecords::Key key{blob, part};
  Running& running = running_[key];
  running.waiting += bytes;
  ++running.steps_waiting;
  if (Clock::now() - running.last_written < std::chrono::duration<double>(settings_.period_seconds)) return;
  write_steps(key, running);
  sync_if_due(false);
}

void BlobJournal::keep(const BlobResult& result) {
  std::string payload;
  ByteWriter(payload).put(result);
  const std::lock_guard lock(mutex_);
  running_.erase(key_of(result.report));
  add(kResult, payload);
  sync_if_due(false);
}

void BlobJournal::interrupted() {
  const std::lock_guard lock(mutex_);
  for (auto& [key, running] : running_) write_steps(key, running);
  sync_if_due(true);
}

}  // namespace brickline
