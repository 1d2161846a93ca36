// survey plan: which bricks, or CCDs, how dear each is, with which options.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/environment.h"
#include "core/base/error.h"
#include "core/base/nearest_name.h"
#include "core/calib/external_program.h"
#include "core/campaign/ccd_items.h"
#include "core/campaign/command_items.h"
#include "core/campaign/frozen_run.h"
#include "core/campaign/item_list.h"
#include "core/campaign/prediction.h"
#include "core/campaign/session.h"
#include "core/campaign/summary.h"
#include "core/pipeline/command_line.h"
#include "core/pipeline/configuration.h"
#include "core/pipeline/option_table.h"
#include "core/pipeline/run_inputs.h"
#include "core/refs/reference_catalog.h"
#include "tools/common/program.h"
#include "tools/survey/commands.h"

namespace brickline {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  fs::path plan, list, worker, tables, ccds;
  std::vector<double> region;
  std::vector<double> classes_gb;
  CampaignSettings settings;
  bool check = false, no_check = false, calibrate = false;
  int ccds_per_item = 0;
};
constexpr std::size_t kCheckedUnasked = 100;  // items whose files are looked at in any case

// That program beside this one, unless another is named.
fs::path worker_of(const fs::path& named, const char* usual) {
  std::error_code code;
  const fs::path beside = fs::read_symlink("/proc/self/exe", code).parent_path() / usual;
  const std::vector<std::string> names = {named.empty() ? beside.string() : named.string()};
  const auto found = find_program(names, process_environment("PATH"));
  if (!found) throw input_error("there is no such program, or it cannot be run").in_file(names[0]);
  return fs::weakly_canonical(*found);
}

// The options of the run, as text to be frozen. What is of one day (a preset, a configuration) is resolved.
ResolvedOptions resolved(std::span<const std::string> words) {
  ResolvedOptions out = resolve_options(words, process_environment);
  check_frozen(out.options);
  out.options.control.preset.clear();
  out.options.control.config.clear();
  return out;
}

bool by_variable(const ResolvedOptions& resolved, const OptionRow& row) {
  const auto origin = resolved.origins.find(row.flag);
  return origin != resolved.origins.end() && origin->second.starts_with('$');
}
void forget(ResolvedOptions& resolved, const OptionRow& row) {
  row.reset(resolved.options);
  resolved.origins.erase(std::string(row.flag));
}

// A variable's directory without the catalog gives way to the survey's own in every run; frozen, it would be refused.
void forget_vain_tycho(ResolvedOptions& resolved, const SurveyDirectory& survey) {
  const OptionRow& row = *find_option("--tycho-dir");
  std::error_code code;
  if (!by_variable(resolved, row) ||
      fs::is_regular_file(resolved.options.references.tycho_dir / kTycho2File, code))
    return;
  const auto no_variables = [](const std::string&) { return std::optional<std::string>(); };
  if (!reference_options(survey, no_variables).tycho_file.empty()) forget(resolved, row);
}

// What variables say and no item's run looks at is not frozen.
void forget_unused(ResolvedOptions& resolved, std::span<const Item> items) {
  std::vector<const OptionRow*> idle;
  for (const OptionRow& row : option_table())
    if (by_variable(resolved, row) && !row.is_used(resolved.options)) idle.push_back(&row);
  if (idle.empty()) return;
  const GivenOptions frozen = options_of_configuration(configuration_text(resolved), "the plan's options");
  for (const Item& item : items) {
    if (item.words.empty()) continue;
    const std::vector<GivenOptions> layers = {options_of_command_line(words_of(item)), frozen};
    const BrickOptions own = resolve(layers).options;
    std::erase_if(idle, [&](const OptionRow* row) { return row->is_used(own); });
  }
  for (const OptionRow* row : idle) forget(resolved, *row);
}

void check_one_brick(const BrickOptions& options, const Item& item) {
  BrickOptions one = options;
  one.region.brick = item.name;
  check_options(one);
}

std::vector<Item> items_of(const Arguments& a, const SurveyDirectory& survey) {
  std::optional<BrickTable> bricks;
  if (a.list.empty() || list_needs_bricks(a.list)) bricks = BrickTable::read(survey);
  if (!a.list.empty()) return items_of_list(a.list, bricks ? &*bricks : nullptr);
  std::vector<Item> items = items_of_region(*bricks, {a.region[0], a.region[1], a.region[2], a.region[3]});
  if (items.empty()) throw usage_error("--region: no brick touches it");
  return items;
}

// Of a region, bricks without CCDs are not items; what is listed by name is.
std::int64_t predict(std::vector<Item>& items, bool of_region, const FrozenRun& run, const CostModel& model) {
  const BrickOptions plain = run.options_of({});
  tbb::parallel_for(std::size_t{0}, items.size(), [&](std::size_t i) {
    Item& item = items[i];
    const Prediction p = item.words.empty() ? model.predict(item.ra, item.dec, plain)
                                            : model.predict(item.ra, item.dec, run.options_of(item));
    item.ccds = p.ccds;
    item.cpu_predicted_seconds = static_cast<float>(p.cpu_seconds);
    item.memory_predicted_mb = static_cast<float>(p.memory_mb);
  });
  if (!of_region) return 0;
  const auto before = std::ssize(items);
  std::erase_if(items, [](const Item& item) { return item.ccds == 0; });
  return before - std::ssize(items);
}

// What the items' runs will fail for, told before anything is queued; it is no reason not to make the plan.
void tell_missing(std::span<const Item> items, const FrozenRun& run, const Log& log) {
  std::map<std::string, std::int64_t> lacking;  // items by what is wrong
  std::int64_t hit = 0;
  for (const Item& item : items) {
    if (item.ccds == 0) continue;
    std::set<std::string> wrong;
    try {
      const BrickOptions options = run.options_of(item);
      require_typed_paths(options);
      RunContext context = make_run_context(options, Log());
      for (const RunInput& input : find_run_inputs(options, {}, context).files)
        if (ends_the_run(input.state))
          wrong.insert(fmt::format("{} is {}{}{}", input.file.empty() ? input.item : input.file.string(),
                                   name_of(input.state), input.what.empty() ? "" : ": ", input.what));
    } catch (const Error& error) {
      wrong.insert(error.line());
    }
    hit += !wrong.empty();
    for (const std::string& what : wrong) ++lacking[what];
  }
  if (lacking.empty()) return;
  constexpr std::size_t kTold = 10;
  std::size_t told = 0;
  for (const auto& [what, count] : lacking)
    if (told++ < kTold) log.warning("{} ({} items)", what, count);
  log.warning("{} of {} items lack files, {} in all: they will fail (survey check lists what a brick needs)",
              hit, items.size(), lacking.size());
}

// Of a plan that does not come to be, nothing stays.
class Unfinished {
 public:
  explicit Unfinished(fs::path directory)
      : directory_(std::move(directory)), before_(std::uncaught_exceptions()) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    std::error_code code;
    if (std::uncaught_exceptions() > before_) fs::remove_all(directory_, code);
  }

 private:
  fs::path directory_;
  int before_;
};

void require_new(const fs::path& plan) {
  std::error_code code;
  if (fs::exists(plan, code) && !fs::is_empty(plan, code))
    throw input_error("it is there already: a plan begins with a directory of its own")
        .in_file(plan.string());
}

void settle_settings(Arguments& a) {
  a.settings.directory = fs::current_path();
  if (!a.classes_gb.empty()) {
    a.settings.classes_mb.clear();
    for (const double gb : a.classes_gb)
      a.settings.classes_mb.push_back(static_cast<std::int64_t>(1000 * gb + 0.5));
    std::sort(a.settings.classes_mb.begin(), a.settings.classes_mb.end());
  }
  for (const std::string_view name : kFrozenVariables)
    if (const auto value = process_environment(std::string(name)))
      a.settings.environment[std::string(name)] = *value;
}

// A plan whose items are commands of this program: the parts of each, and then the command that puts them together.
void make_plan_of_tables(Arguments& a) {
  require_new(a.plan);
  a.settings.kind = PlanKind::kCommands;
  std::error_code code;
  a.settings.worker = fs::read_symlink("/proc/self/exe", code);
  settle_settings(a);
  std::vector<Item> items = items_of_commands(a.tables, a.settings.worker, process_environment);
  for (Item& item : items)
    item.memory_class = memory_class(a.settings, static_cast<double>(item.memory_predicted_mb));
  const PlanFiles plan{fs::absolute(a.plan).lexically_normal()};
  make_directories(plan.root);
  const Unfinished unfinished(plan.root);
  write_file_atomically(plan.settings(), settings_text(a.settings));
  Manifest manifest;
  manifest.items = std::move(items);
  write_manifest(manifest, plan.manifest());
  write_summary(plan, manifest, a.settings, {});
  write_stdout(fmt::format("{}: {} items\n", plan.root.string(), manifest.items.size()));
}

// Of the program's words, those that the plan itself gives it.
void check_calibrate_words(std::span<const std::string> words) {
  for (const std::string& word : words) {
    const std::string option = word.substr(0, word.find('='));
    for (const char* own : {"--config", "--list", "--list-exposures", "--per-job", "--dry-run", "--report",
                            "--checksums", "--keep-scratch", "--help", "-h", "--version"})
      if (option == own) throw usage_error("{} cannot be among the options of a plan", own);
  }
}

// A plan whose items are the CCDs of exposures, to be calibrated.
void make_plan_of_ccds(Arguments& a, std::span<const std::string> words) {
  require_new(a.plan);
  check_calibrate_words(words);
  if ((!a.region.empty()) + (!a.list.empty()) + (!a.ccds.empty()) > 1)
    throw usage_error("at most one of --region, --bricks and --ccds says which CCDs");
  std::vector<std::string> choice(words.begin(), words.end());
  if (!a.region.empty()) choice.emplace_back("--region");
  for (const double degrees : a.region) choice.push_back(fmt::format("{}", degrees));
  if (!a.list.empty()) choice.insert(choice.end(), {"--touching", "@" + a.list.string()});
  if (!a.ccds.empty()) choice.insert(choice.begin(), "@" + a.ccds.string());

  TerminalLog terminal(LogLevel::kWarning);
  const Log log(terminal);
  a.settings.kind = PlanKind::kCcds;
  a.settings.worker = worker_of(a.worker, "calibrate");
  a.settings.bail_out_after = 0;  // what it has made stays made
  settle_settings(a);
  CcdPlan ccds = items_of_ccds(a.settings.worker, choice, a.ccds_per_item);
  if (ccds.merge)
    for (const Item& item : ccds.items)
      if (!item.words.starts_with("--expnum "))
        throw usage_error(
            "--merge wants whole exposures, and of {} only some CCDs are chosen ({}): choose by --expnum, or all",
            item.name, item.words);
  a.settings.environment.insert(ccds.environment.begin(), ccds.environment.end());
  double cpu = 0;
  for (Item& item : ccds.items) {
    item.memory_class = memory_class(a.settings, static_cast<double>(item.memory_predicted_mb));
    cpu += item.cpu_predicted_seconds;
  }
  const PlanFiles plan{fs::absolute(a.plan).lexically_normal()};
  make_directories(plan.root);
  const Unfinished unfinished(plan.root);
  write_file_atomically(plan.settings(), settings_text(a.settings));
  write_file_atomically(plan.calibrate_options(), ccds.configuration);
  const bool looks = a.check || (!a.no_check && ccds.items.size() <= kCheckedUnasked);
  if (looks) {
    const std::vector<std::string> unreadable =
        unreadable_ccds(a.settings.worker, plan.calibrate_options(), ccds.items);
    constexpr std::size_t kTold = 10;
    for (std::size_t i = 0; i < std::min(unreadable.size(), kTold); ++i) log.warning("{}", unreadable[i]);
    if (unreadable.size() > kTold) log.warning("and {} more such", unreadable.size() - kTold);
  }
  Manifest manifest;
  manifest.items = std::move(ccds.items);
  write_manifest(manifest, plan.manifest());
  write_summary(plan, manifest, a.settings, {});
  std::string text = fmt::format("{}: {} items, {} CCDs, {:.1f} h of CPU time by prediction\n",
                                 plan.root.string(), manifest.items.size(), ccds.ccds, cpu / 3600);
  if (!looks && !a.no_check)
    text += fmt::format("with more than {} items, their images are looked at only with --check\n",
                        kCheckedUnasked);
  write_stdout(text);
}

void make_plan(Arguments& a, std::span<const std::string> words) {
  require_new(a.plan);
  if (a.list.empty() == a.region.empty()) throw usage_error("one of --region and --bricks says which bricks");
  TerminalLog terminal(LogLevel::kWarning);
  const Log log(terminal);
  ResolvedOptions options = resolved(words);
  if (options.options.survey.survey_dir.empty())
    throw usage_error("--survey-dir is missing among the options behind \"--\" (and $LEGACY_SURVEY_DIR)");

  a.settings.worker = worker_of(a.worker, "runbrick");
  settle_settings(a);

  const SurveyDirectory survey =
      SurveyDirectory::open(options.options.survey.survey_dir, options.options.survey.cache_dir);
  forget_vain_tycho(options, survey);
  require_typed_paths(options, true);
  std::vector<Item> items = items_of(a, survey);
  forget_unused(options, items);
  check_one_brick(options.options, items.front());

  const PlanFiles plan{fs::absolute(a.plan).lexically_normal()};
  make_directories(plan.root);
  const Unfinished unfinished(plan.root);
  write_file_atomically(plan.options(), configuration_text(options));
  write_file_atomically(plan.settings(), settings_text(a.settings));
  const FrozenRun run(plan);
  const CcdTable ccds = CcdTable::read(survey, log);
  const CostModel model(ccds, options.options);
  const std::int64_t empty = predict(items, a.list.empty(), run, model);
  if (items.empty())
    throw input_error("none of the {} bricks of the region has a CCD that could be used", empty)
        .in_file(survey.root().string());
  double cpu = 0;
  std::int64_t without = 0;
  for (Item& item : items) {
    constexpr double kMargin = 1.2;  // the prediction is within a fifth
    item.memory_class = memory_class(run.settings(), kMargin * item.memory_predicted_mb);
    cpu += item.cpu_predicted_seconds;
    without += item.ccds == 0;
  }
  if (a.check || (!a.no_check && items.size() <= kCheckedUnasked)) tell_missing(items, run, log);
  const bool unseen = !a.check && !a.no_check && items.size() > kCheckedUnasked;
  Manifest manifest;
  manifest.items = std::move(items);
  write_manifest(manifest, plan.manifest());
  write_summary(plan, manifest, run.settings(), {});
  std::string text = fmt::format("{}: {} items, {} CCDs, {:.1f} h of CPU time by prediction\n",
                                 plan.root.string(), manifest.items.size(), model.ccds(), cpu / 3600);
  if (empty > 0) text += fmt::format("{} bricks of the region have no CCD and are left out\n", empty);
  if (without > 0) text += fmt::format("{} items have no CCD: there will be nothing to do\n", without);
  if (unseen)
    text += fmt::format(
        "with more than {} items, their files are looked at only with --check (or: survey check)\n",
        kCheckedUnasked);
  write_stdout(text);
}

}  // namespace

int survey_plan(int argc, char** argv) {
  // What stands behind "--" is not for CLI11.
  int own = argc;
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--") {
      own = i;
      break;
    }
  const std::vector<std::string> words(argv + std::min(own + 1, argc), argv + argc);
  Arguments a;
  CLI::App app(
      "Makes the directory of a plan: a manifest with a row per item (a brick; with --calibrate, an exposure's CCDs; with "
      "--tables, a command), its cost and memory told before, and the options of the run, frozen. Behind \"--\" stand the options of runbrick; with --calibrate, those of "
      "calibrate.",
      "survey plan");
  app.add_option("PLAN", a.plan, "the directory to make")->required();
  app.add_option("--region", a.region,
                 "RA_LO RA_HI DEC_LO DEC_HI, degrees: bricks that touch it and have CCDs")
      ->expected(4);
  app.add_option(
      "--bricks", a.list,
      "or a list: lines 'NAME [options of its own]' or '--radec RA DEC ...', or a FITS table with brickname");
  app.add_flag(
      "--calibrate", a.calibrate,
      "a plan of CCDs to be calibrated, an item per exposure: those that touch bricks of --region or --bricks "
      "(names alone), those of --ccds, or all");
  app.add_option(
      "--ccds", a.ccds,
      "with --calibrate, a list of CCDs: a text of EXPNUM-CCDNAME, or a FITS table with expnum and ccdname");
  app.add_option("--ccds-per-item", a.ccds_per_item, "with --calibrate, at most; 0: whole exposures")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option(
      "--tables", a.tables,
      "or a plan of what comes of all bricks: lines such as 'randoms OUT --bricks BRICKS --out randoms.fits', as behind "
      "'survey'; an item per part, then one that puts them together");
  app.add_option("--worker", a.worker,
                 "the program to run (else the runbrick, or calibrate, beside this one)");
  app.add_option("--memory-classes-gb", a.classes_gb, "what an item may have of memory, in rising steps")
      ->delimiter(',')
      ->check(CLI::Range(0.001, 100000.));
  app.add_option("--most-tries", a.settings.most_tries, "failures after which an item is given up")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option(
         "--bail-out-after", a.settings.bail_out_after,
         "of bricks, tasks that an item may outlast before it ends with the blobs that are fitted; 0: never")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_flag("--check", a.check,
               "look for every file that the items will need, however many items there are");
  app.add_flag("--no-check", a.no_check, "do not look for them (unset: of up to 100 items)");
  if (!parse_command_line(app, own, argv)) return 0;
  if (a.check && a.no_check) throw usage_error("--check and --no-check contradict each other");
  if (a.calibrate && app.get_option("--bail-out-after")->count() > 0)
    throw usage_error(
        "--bail-out-after is of bricks: with --calibrate, what an item has made stays made, and the next task goes on");
  if (!a.calibrate && (!a.ccds.empty() || app.get_option("--ccds-per-item")->count() > 0))
    throw usage_error("--ccds and --ccds-per-item go with --calibrate");
  if (a.tables.empty()) {
    if (a.calibrate)
      make_plan_of_ccds(a, words);
    else
      make_plan(a, words);
    return 0;
  }
  if (!a.list.empty() || !a.region.empty() || !a.worker.empty() || a.check || a.no_check || a.calibrate ||
      !words.empty())
    throw usage_error(
        "--tables stands alone: which bricks there are, and with which options, its lines say themselves");
  make_plan_of_tables(a);
  return 0;
}

}  // namespace brickline
