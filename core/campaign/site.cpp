#include "core/campaign/site.h"

#include "core/base/error.h"
#include "core/campaign/toml_file.h"

namespace brickline {

Site read_site(const std::filesystem::path& file) {
  TomlFile toml(file);
  Site s;
  const auto texts = [&](std::string_view key, std::vector<std::string>& values) {
    if (auto found = toml.texts(key)) values = std::move(*found);
    for (const std::string& value : values)
      if (value.find('\n') != std::string::npos)
        throw input_error("{}: a text with a line's end in it", key).in_file(file.string());
  };
  const auto text = [&](std::string_view key, std::string& value) {
    value = toml.text(key).value_or("");
    if (value.find_first_of(" \t\n") != std::string::npos)
      throw input_error("{}: a text with blanks in it", key).in_file(file.string());
  };
  const auto number = [&](std::string_view key, int& value, int least, int most) {
    value = static_cast<int>(toml.integer(key, least, most).value_or(value));
  };
  constexpr int kMostMinutes = 60 * 24 * 365, kMost = 1'000'000;
  texts("partitions", s.partitions);
  text("account", s.account);
  text("qos", s.qos);
  text("constraint", s.constraint);
  text("licenses", s.licenses);
  text("scratch", s.scratch);
  number("cpus-per-task", s.cpus_per_task, 1, 4096);
  number("task-minutes", s.task_minutes, 1, kMostMinutes);
  number("items-per-task", s.items_per_task, 1, kMost);
  number("signal-seconds", s.signal_seconds, 1, kMost);
  number("most-tasks", s.most_tasks, 1, kMost);
  number("advance-memory-mb", s.advance_memory_mb, 1, kMost);
  s.requeue = toml.flag("requeue").value_or(s.requeue);
  texts("directives", s.directives);
  texts("setup", s.setup);
  toml.require_all_known();
  return s;
}

}  // namespace brickline
