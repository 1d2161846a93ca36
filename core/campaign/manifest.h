// The one table of a plan: a row per item, with what is known of it. It is written whole by whoever has the plan's
// lock, and read by anyone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace brickline {

enum class ItemState : std::uint8_t {
  kWaiting,  // to be handed out
  kQueued,   // handed out with a round that is not over
  kDone,     // verified (verify.h)
  kNothing,  // verified that there was nothing to do
  kGivenUp,  // no further try without being asked for
};
inline constexpr int kItemStates = 5;
std::string_view state_name(ItemState state);
bool is_settled(ItemState state);

struct Item {
  std::string name;   // of the brick: no two items have the same
  std::string words;  // options of its own, blanks between them
  double ra = 0, dec = 0;
  std::int32_t phase = 0;  // an item is handed out once all of lower phases are settled

  std::int32_t ccds = 0;            // that touch it
  float cpu_predicted_seconds = 0;  // of one core
  float memory_predicted_mb = 0;    // 10^6 bytes

  ItemState state = ItemState::kWaiting;
  std::int32_t memory_class = 0;            // index into CampaignSettings::classes_mb
  std::int32_t round = -1, bundle = -1;     // it was last handed out with
  std::int32_t attempts = 0;                // times it was started and the end is known
  std::int32_t tries = 0;                   // those that failed
  std::int32_t outlasted = 0, lost = 0;     // that were longer than their task; whose end nobody told
  bool bail_out = false;                    // it is to end with the blobs that are fitted
  std::int32_t exit_code = -1;              // of the last attempt; minus the number of a signal
  float cpu_seconds = 0, wall_seconds = 0;  // of all attempts
  float peak_mb = 0;                        // the most of any
  double ended = 0;                         // the last attempt, seconds since 1970
  std::string reason;                       // why it is in this state, at most kReasonLength characters
};
inline constexpr std::size_t kReasonLength = 150;

// A round that is not over, with what advance has to know of it.
struct Manifest {
  std::int64_t sequence = 0;  // how many times it was written
  int rounds = 0;             // that were begun
  std::vector<int> open_rounds;
  std::vector<Item> items;
};

Manifest read_manifest(const std::filesystem::path& file);
// How many times the one on disk was written.
std::int64_t manifest_sequence(const std::filesystem::path& file);
// The next in sequence.
void write_manifest(Manifest& manifest, const std::filesystem::path& file);

// The phase whose items are handed out: the lowest of those that are not settled.
std::int32_t current_phase(const std::vector<Item>& items);

// In one line of at most kReasonLength characters.
std::string short_reason(std::string_view text);

}  // namespace brickline
