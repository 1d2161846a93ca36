// What a joint fit works on: sums over pixels of all sources' models at any point of the parameter space
// (core/fit only).
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "core/fit/fit_workspace.h"
#include "core/fit/joint_fitter.h"
#include "core/model/aligned.h"
#include "core/model/window_renderer.h"

namespace brickline {

// Where one source is.
struct JointPoint {
  FitPoint at;
  std::vector<double> flux;
};

// Sums at a point, fluxes at their best. Vectors of a source: u, then its derivatives (FitLayout).
struct JointSums {
  double chi2 = 0;  // over the union of all windows, skies at their best
  double ln_prior = 0;
  std::vector<std::vector<double>> with_residual;  // [source][band * vectors + vector]: sum w r v
  std::vector<std::vector<double>>
      products;  // [pair][(band * vectors_i + a) * vectors_j + b]; empty: no overlap
};

class JointProblem {
 public:
  JointProblem(std::span<const JointSource> sources, std::span<const JointImage> images,
               const JointOptions& options);

  std::vector<JointPoint> start() const;
  // Sums at a point; then solves for the fluxes, which changes the point.
  JointSums evaluate(std::vector<JointPoint>& point);
  // Normal matrix and gradient in all parameters: of each source those of its layout, then its fluxes. Positions of joined
  // sources have none of their own (rows and columns of 0).
  void assemble(const std::vector<JointPoint>& point, const JointSums& sums, Eigen::MatrixXd& a,
                Eigen::VectorXd& g) const;

  std::size_t size() const { return sources_.size(); }
  double chi2_of_nothing() const { return chi2_of_nothing_; }  // over the union of all windows
  const FitLayout& layout(std::size_t s) const { return layouts_[s]; }
  int offset(std::size_t s) const { return offsets_[s]; }                          // of its first parameter
  int flux_offset(std::size_t s) const { return offsets_[s] + layouts_[s].size; }  // of its first flux
  // Of the first of its position's: of a joined source, the source's that it is joined to.
  int position_offset(std::size_t s) const {
    return sources_[s].joined && s > 0 ? position_offset(s - 1) : offsets_[s] + layouts_[s].position;
  }
  int parameters() const { return parameters_; }
  double drawn_pixels() const;  // by an evaluation, of all models and of each of their derivatives
  int bands() const { return bands_; }
  SkyPosition position(std::size_t s, const FitPoint& p) const;
  SoftenedEllipse ellipse(std::size_t s, const FitPoint& p) const;
  bool seen(std::size_t s, int band) const { return seen_[s][static_cast<std::size_t>(band)] != 0; }
  double min_log_re() const { return options_.fit.min_log_re; }
  double max_log_re(std::size_t s) const;
  SourceModel model(std::size_t s, const JointPoint& point) const;

 private:
  struct View {
    std::size_t source = 0;
    const JointView* view = nullptr;
    int reference_size = 0;
    int pitch = 0;
    long count = 0;
    std::size_t first = 0;  // of its planes
    bool drawn = false;
  };
  struct Pixels {
    Box box;  // around all windows
    int pitch = 0;
    std::vector<float> data, weight;  // x-major; weight 0 where masked or in no window
    std::vector<View> views;
    std::size_t floats = 0;  // of all planes
  };
  void prepare_image(std::size_t image);
  int vectors(std::size_t s) const { return 1 + layouts_[s].size; }
  bool has_radius_prior(std::size_t s) const {
    return layouts_[s].shapes == 1 && sources_[s].round_radius_prior.sigma > 0;
  }
  std::size_t pair_index(std::size_t i, std::size_t j) const { return i * (i + 1) / 2 + j; }  // j <= i
  bool draw(View& view, const JointImage& image, const JointPoint& point);
  void measure(std::size_t image, const std::vector<JointPoint>& point, JointSums& sums);
  void add_pair(const Pixels& pixels, const View& i, const View& j, int band, double least, JointSums& sums);
  void solve_fluxes(std::vector<JointPoint>& point, JointSums& sums);
  void join_positions(Eigen::MatrixXd& a, Eigen::VectorXd& g) const;

  std::span<const JointSource> sources_;
  std::span<const JointImage> images_;
  const JointOptions& options_;
  std::vector<FitLayout> layouts_;
  std::vector<int> offsets_;
  std::vector<double> cos_dec_;
  std::vector<std::vector<char>> seen_;  // [source][band]: some unmasked pixel sees it
  int parameters_ = 0, bands_ = 0;
  double chi2_of_nothing_ = 0;
  std::vector<Pixels> pixels_;
  WindowRenderer renderer_;
  AlignedFloats planes_, scratch_;
  std::vector<float> residual_;
};

}  // namespace brickline
