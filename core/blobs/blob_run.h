// One blob from its cut-outs to its fitted sources. Private to this room.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/cancel.h"
#include "core/blobs/blob_fitter.h"
#include "core/blobs/blob_images.h"
#include "core/blobs/blob_memory.h"
#include "core/blobs/metrics.h"
#include "core/blobs/model_spread.h"
#include "core/blobs/reservations.h"
#include "core/blobs/sensitivity.h"
#include "core/blobs/source_record.h"
#include "core/blobs/source_selection.h"
#include "core/fit/joint_fitter.h"

namespace brickline {

// Sigmas that changes may have moved a source by since it was fitted: at the end, and while there is more to come.
inline constexpr double kSettled = 0.05, kSettledMeanwhile = 0.5;

class BlobRun {
 public:
  // `cancelled` is asked before every source (Interrupted); so is `alone`: whether other threads have nothing
  // to do. `known`: the outcome of the first steps; those that come after it are told to `memory`, if there
  // is one.
  BlobRun(const BlobFitInput& input, const BlobTask& task, const BlobFitOptions& options,
          const std::function<bool()>& cancelled, const std::function<bool()>& alone,
          std::vector<SourceState> known = {}, BlobMemory* memory = nullptr);
  BlobResult run();

 private:
  SourceRecord record_of(int source) const;
  void subtract_frozen();
  void fit_records(std::vector<SourceRecord>& records, bool in_residuals);
  void fit_initial_fluxes(std::vector<SourceRecord>& records);
  void first_round(std::vector<SourceRecord>& records);
  FitStatus fit_on_patches(SourceRecord& record, bool again, bool several = true);
  void note_reference_mask(SourceRecord& record) const;
  void go_by_stars(SourceRecord& record, std::uint8_t bits) const;
  // A bright star whose circle meets the blob's rectangle.
  struct NearStar {
    HaloRests::Star star;
    std::vector<std::optional<HaloRests::Range>> known;  // per image
    double trusted_to = 0;                               // arcsec: its model stands for its light
  };
  void find_near_stars();
  struct Starlight {
    bool known = false;  // of every star in whose circle the place is, of one at least
    double nearest = std::numeric_limits<double>::infinity();  // of them, arcsec
  };
  Starlight starlight_at(double ra, double dec) const;
  double well_modelled_to(const SourceRecord& star) const;
  void trust_stars(std::vector<SourceRecord>& records);
  bool is_lost_in_star(int x, int y) const;
  Image<std::int32_t> segments(const std::vector<SourceRecord>& records) const;
  void reserve_pixels(const std::vector<SourceRecord>& records);
  void choose_models(std::vector<SourceRecord>& records, const Image<std::int32_t>& owners);
  // For what stands out of the residuals.
  struct Search {
    double model_share;  // BlobFitOptions::iterative_model_share
    // No peak is near a source that is there, where that stands; else, near where any has started.
    bool around_living = false;
  };
  std::vector<SourceRecord> detect_in_residuals(const std::vector<SourceRecord>& records, const Search& what);
  bool search(std::vector<SourceRecord>& records, const Search& what);
  void fit_again(std::vector<SourceRecord>& records);
  double chi2(bool with_sky) const;
  std::vector<FittedSource> finish(std::vector<SourceRecord>& records);
  FittedSource fitted(const SourceRecord& record) const;
  BlobAccount account(const std::vector<SourceRecord>& records);
  void tell_of_neighbours(const std::vector<SourceRecord>& records, std::vector<SourceAccount>& accounts);
  bool is_own(const FittedSource& source) const;
  std::vector<FitImage> whole_images(const SourceModel& model,
                                     std::vector<std::unique_ptr<PsfKernel>>& own_kernels) const;
  InverseVariances errors_of(const SourceModel& model) const;
  InverseVariances errors_of(const SourceRecord& record) const;

  // Sources that are fitted together (joint_groups.cpp): indices of records, of each whether it is there with all that it
  // overlaps (or is the one that the group was made around) and in no group before.
  struct Group {
    std::vector<int> members;
    std::vector<char> own;
    // Of each member whether it stays as it is but for its fluxes: settled, and little overlapped by what is not. Empty: none.
    std::vector<char> held;
    bool whole = true;  // all that they overlap is in it
  };
  struct JointInput {
    std::vector<JointSource> sources;
    std::vector<JointImage> images;
    std::vector<std::unique_ptr<PsfKernel>> kernels;
  };
  // What something was decided about a record on (joint_changes.cpp): the kind that it was, and what the images had where it
  // has its light, its own model not subtracted.
  struct Decided {
    SourceKind kind = SourceKind::kPsf;
    std::optional<SourceKind> no_more_than;  // SourceRecord's
    SourcePatches data;                      // empty: nothing was decided yet
    bool as_single = false;                  // whether it was no bulge plus disk was not asked
  };
  bool is_decided(const SourceRecord& record, const Decided& on) const;
  Decided decided_now(const SourceRecord& record) const;
  // Of the records that are `wanted` (all, if empty) those that `on` does not decide about any more; from then on it does.
  std::vector<char> undecided(const std::vector<SourceRecord>& records, std::vector<Decided>& on,
                              std::vector<char> wanted = {}) const;
  bool may_be_fitted_together(const SourceRecord& record) const;
  bool makes_background(const SourceRecord& record) const;
  using Wanted = std::function<bool(const SourceRecord&)>;
  struct Neighbour {
    int record;
    double overlap;
  };
  struct Neighbourhood {
    std::vector<char> takes_part;  // per record
    std::vector<double> snr;       // of all images together
    std::vector<std::vector<Neighbour>> of;
  };
  // Overlaps as they were worked out last, of models as they were then.
  struct Overlaps {
    std::vector<std::optional<SourceModel>> model;  // of each record
    std::vector<std::vector<double>> own;           // product of its model with itself, per image
    std::vector<std::vector<double>> with;          // [record][each before it]; below 0: unknown
  };
  Neighbourhood neighbours(const std::vector<SourceRecord>& records, const Wanted& wanted = {});
  std::vector<Group> groups_of(const std::vector<SourceRecord>& records, const Neighbourhood& near,
                               double counts = 0, const std::vector<char>* settled = nullptr) const;
  double crowding(const std::vector<SourceRecord>& records, int i) const;
  void draw_on_windows(SourceRecord& record);
  void unsettle(std::vector<SourceRecord>& records, const SourcePatches& gone);
  enum class Among { kNot, kFluxesFree, kFree };  // how a record has been fitted with what has changed
  void feel(std::vector<SourceRecord>& records, const SourcePatches& added, const std::vector<Among>& among);
  bool is_felt(const SourcePatches& before, const SourcePatches& now) const;
  void becomes_felt(std::vector<SourceRecord>& records, int i, const SourcePatches& before);
  // joint_run.cpp
  void describe(const std::vector<SourceRecord>& records, const Group& group, JointInput& out) const;
  JointOptions joint_fit_options() const;
  struct GroupFit {
    SourcePatches
        added;  // by what the members have become; empty where the group is whole, or that is next to nothing
    std::vector<double>
        beside;  // of each, what it is drawn with beside the pixels that it was fitted on, in sigmas
    // Of each: it ended at the most steps that a fit may take, or as far from its start as one may take it.
    std::vector<char> unfinished;
  };
  // joint_composite.cpp: members as the fitter sees them, composite galaxies as two sources.
  struct Component {
    SourceModel model;
    const SourceRecord* record;
    bool joined = false;  // to the one before it
    bool held = false;
    bool left_out(int band) const;
  };
  static std::vector<Component> components_of(const std::vector<SourceRecord>& records, const Group& group);
  // As fit_jointly(), with one model for each member.
  JointResult fit_members(JointInput& input, const JointOptions& options);
  bool may_be_composite(const SourceRecord& record) const;
  void try_composite(SourceRecord& record);
  GroupFit fit_group(std::vector<SourceRecord>& records, const Group& group, const JointOptions& options);
  void fit_over_background(std::vector<SourceRecord>& records);
  void fit_groups(std::vector<SourceRecord>& records, bool finally);
  bool take_known(std::vector<SourceRecord>& records);
  template <class Work>
  void step_together(std::vector<SourceRecord>& records, Work&& work);
  // joint_split.cpp
  std::optional<SourceRecord> halved(SourceRecord& record) const;
  std::optional<SourceRecord> with_companion(SourceRecord& record, const SourceModel& first, double least);
  // What the two of a source start from: halves of it; it as a point source, or as it is, and what that leaves.
  enum class SplitStart { kHalves, kPoint, kItself };
  bool is_two(const std::vector<SourceRecord>& records, int i, const std::vector<int>& around,
              SplitStart start, const ImageTrial& tried, std::vector<SourceRecord>& trial);
  static std::pair<SourceRecord, SourceRecord> two_of(const SourceRecord& whole);
  void start_here(SourceRecord& record) const;
  void split(std::vector<SourceRecord>& records, const std::vector<char>& wanted);
  bool rejoin(std::vector<SourceRecord>& records, std::size_t first);
  // joint_kinds.cpp
  double gain_as(const std::vector<SourceRecord>& records, const std::vector<int>& members, SourceKind kind,
                 double least, std::vector<SourceRecord>& trial);
  bool is_simpler(SourceKind kind, SourceKind than) const;
  bool simplify_freely(const std::vector<SourceRecord>& records, const std::vector<int>& members,
                       std::vector<SourceRecord>& best);
  void try_kinds_freely(std::vector<SourceRecord>& records, const std::vector<char>& wanted);
  void become(std::vector<SourceRecord>& records, const std::vector<int>& members,
              std::vector<SourceRecord>& trial);
  // joint_join.cpp
  double loss_without(const std::vector<SourceRecord>& records, int i, const std::vector<int>& members,
                      SourceKind kind, double most, std::vector<SourceRecord>& trial);
  void drop_superfluous(std::vector<SourceRecord>& records, const std::vector<char>& wanted);
  // joint_run.cpp
  std::vector<char> join(std::vector<SourceRecord>& records);
  void choose_near(std::vector<SourceRecord>& records, std::size_t first);
  std::vector<char> with_neighbours(const std::vector<SourceRecord>& records, std::vector<char> given);
  void choose_freely(std::vector<SourceRecord>& records, std::vector<char> wanted);
  double excess_of(const SourcePatches& patches) const;
  static double window_pixels(const SourceRecord& record);
  void bound_work(const std::vector<SourceRecord>& records);
  bool spent() const { return work_ > most_work_; }
  double take_work();
  void note_what_is_there();
  void let_grow(std::vector<SourceRecord>& records);
  void look_further(std::vector<SourceRecord>& records);
  void choose_again(std::vector<SourceRecord>& records, const std::vector<char>& wanted);
  bool drop_dark(std::vector<SourceRecord>& records);
  void fit_together(std::vector<SourceRecord>& records, bool finally = false);
  void fit_together_again(std::vector<SourceRecord>& records);
  std::vector<std::optional<JointErrors>> errors_together(const std::vector<SourceRecord>& records);
  ModelWeights add_spread(const SourceRecord& record, const ExcessVariance& excess,
                          JointErrors& errors) const;
  void before_source();

  // One source fitted, by `work`, which changes nothing but its SourceState; or what is known to come of it.
  template <class Work>
  void step(SourceRecord& record, Work&& work) {
    if (next_known_ < known_.size()) {
      static_cast<SourceState&>(record) = std::move(known_[next_known_++]);
    } else {
      before_source();
      take_work();
      work();
      record.work = take_work();
      if (memory_) memory_->keep_step(task_.blob, task_.part, record);
    }
    work_ += record.work;
  }

  struct Pixel {
    int x, y;
  };
  // The blob pixel of a place on the sky, rounded or cut off toward 0; empty outside the rectangle.
  std::optional<Pixel> truncated_pixel(double ra, double dec) const;
  Pixel rounded_pixel(const SourceModel& model) const;
  bool inside(double ra, double dec) const;
  std::uint8_t reference_bits(int x, int y) const;
  std::optional<std::uint8_t> reference_bits(const SourceModel& model) const;  // empty: it has no place

  const BlobFitInput& input_;
  const BlobTask& task_;
  const BlobFitOptions& options_;
  const std::function<bool()>&cancelled_, &alone_;
  BlobImages images_;
  ThreadTools tools_;
  bool in_parallel_ = false;  // other threads help with this blob
  SourceSelection selection_, joint_selection_;
  std::vector<NearStar> near_stars_;
  std::vector<Box> footprints_;        // of the images, blob pixels, where there are such stars
  std::vector<SourcePatches> frozen_;  // galaxies of other blobs, as subtracted from the images
  Reservations reservations_;
  // Of each record: on what its kind was last chosen, kinds with its neighbours free, two in its place, or none, last tried.
  std::vector<Decided> chosen_on_, tried_on_, split_on_, dropped_on_;
  Overlaps overlaps_;
  std::vector<std::optional<Sensitivity>> sensitivities_;  // of each record, of its model as it was then
  // Whether models may become larger than the pixels that they were fitted on bear out (most_log_re()): not before all is
  // there that is to be seen, or one takes the light of many for its own.
  bool may_grow_ = false;
  bool all_is_there_ = false;  // note_what_is_there()
  // Of all steps from bound_work() on, FitResult::work; what there is to decide beyond the most is not decided.
  double work_ = 0, most_work_ = std::numeric_limits<double>::infinity();
  double fit_work_ = 0;  // since work was last taken
  int bands_;
  std::vector<SourceState> known_;
  std::size_t next_known_ = 0;
  BlobMemory* memory_;
};

}  // namespace brickline
