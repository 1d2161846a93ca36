// Cameras that read images as they should and misbehave beside it, each in the way that its name says: what the checks of
// conduct find.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <brickline/camera.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

using namespace brickline;

namespace {

class Base : public Camera {
 public:
  Facts facts() const override {
    Facts f;
    f.extend("minimal");
    return f;
  }
};

class HandlesSignals : public Base {
 public:
  HandlesSignals() { std::signal(SIGUSR2, SIG_IGN); }
};

class StartsAThread : public Base {
 public:
  StartsAThread() {
    std::thread([] {
      for (;;) ::pause();
    }).detach();
  }
};

// Takes rows to follow each other without a gap.
class IgnoresTheStride : public Base {
 public:
  void saturation(Ccd& ccd, Step& step) const override {
    Camera::saturation(ccd, step);
    float* pixel = step.image().row(0);
    for (std::int64_t i = 0; i < step.image().width() * step.image().height(); ++i) pixel[i] += 1;
  }
};

// One pixel too far, where nobody sees it.
class WritesBeside : public Base {
 public:
  void read_weight(Ccd& ccd, Step& step) const override {
    Camera::read_weight(ccd, step);
    if (step.weight().height() > 1) step.weight().row(0)[step.weight().width()] = step.weight().row(1)[0];
  }
};

class MakesItsOwnOfFailures : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    try {
      Camera::read_image(ccd, step);
    } catch (const std::exception&) {
      throw std::runtime_error("something went wrong");
    }
  }
};

class AbortsWithoutMemory : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    void* volatile much = std::malloc(16u << 20);
    if (!much) std::abort();
    std::free(much);
  }
};

class NeverAsks : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    ::usleep(1'100'000);
  }
};

class Keeps : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    void* volatile kept = std::malloc(1000);
    (void)kept;
  }
};

// What others do shows in its pixels.
class SeesOthers : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    step.image()(0, 0) = static_cast<float>(++at_work);
    ::usleep(2000);
    --at_work;
  }

 private:
  static std::atomic<int> at_work;
};
std::atomic<int> SeesOthers::at_work = 0;

class LeavesFilesOpen : public Base {
 public:
  void read_image(Ccd& ccd, Step& step) const override {
    Camera::read_image(ccd, step);
    if (::open("/dev/null", O_RDONLY) < 0) throw std::runtime_error("no file is to be had");
  }
};

class TakesAllMemory : public Base {
 public:
  Facts facts() const override {
    for (;;) taken().emplace_back(new char[std::size_t{256} << 20]);
  }

 private:
  static std::vector<std::unique_ptr<char[]>>& taken() {
    static std::vector<std::unique_ptr<char[]>> all;
    return all;
  }
};

class WritesAFile : public Base {
 public:
  WritesAFile() { std::ofstream("notes.txt") << "I was here\n"; }
};

class ClaimsAll : public Base {};

}  // namespace

BRICKLINE_CAMERA_PLUGINS(R"({"plugin": "conduct", "version": "1.0.0", "cameras": [{"name": "handles_signals"},
  {"name": "starts_a_thread"}, {"name": "ignores_the_stride"}, {"name": "writes_beside"},
  {"name": "makes_its_own_of_failures"}, {"name": "aborts_without_memory"}, {"name": "never_asks"}, {"name": "keeps"},
  {"name": "sees_others"}, {"name": "leaves_files_open"}, {"name": "takes_all_memory"}, {"name": "writes_a_file"},
  {"name": "claims_all", "claims": [{"INSTRUME": "."}]}]})",
                         HandlesSignals, StartsAThread, IgnoresTheStride, WritesBeside, MakesItsOwnOfFailures,
                         AbortsWithoutMemory, NeverAsks, Keeps, SeesOthers, LeavesFilesOpen, TakesAllMemory,
                         WritesAFile, ClaimsAll)
