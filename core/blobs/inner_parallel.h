// Several threads inside one blob, for when no other blob is left to fit. Private to this room.
//
// Whether more threads take part never shows in a result: every index has its own place to write to, and sums
// over places are made afterwards, in order.
#pragma once

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <cstddef>

#include "core/base/first_failure.h"
#include "core/fit/source_fitter.h"
#include "core/model/renderer.h"

namespace brickline {

// f(i) for 0 <= i < n; of several exceptions the one of the lowest i is thrown. Isolated: a thread that waits
// here starts nothing else of its caller's meanwhile, whose working memory it holds.
template <typename F>
void for_each_index(std::size_t n, bool in_parallel, F&& f) {
  if (!in_parallel || n < 2) {
    for (std::size_t i = 0; i < n; ++i) f(i);
    return;
  }
  FirstFailure failure;
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        std::size_t{0}, n, std::size_t{1}, [&](std::size_t i) { failure.run(i, [&] { f(i); }); },
        tbb::simple_partitioner());
  });
  failure.rethrow();
}

// What draws and fits keeps its working memory between calls: one for each thread that takes part.
class ThreadTools {
 public:
  explicit ThreadTools(const RenderOptions& options)
      : renderers_([options] { return Renderer(options); }), fitters_([] { return SourceFitter(); }) {}
  Renderer& renderer() { return renderers_.local(); }
  SourceFitter& fitter() { return fitters_.local(); }

 private:
  tbb::enumerable_thread_specific<Renderer> renderers_;
  tbb::enumerable_thread_specific<SourceFitter> fitters_;
};

}  // namespace brickline
