// Whether work is to end before it is done: asked for by whoever runs it, heard by whatever takes long.
//
//   void work(const Cancel& cancel) {
//     for (const Item& item : items) {
//       cancel.stop_if_asked();  // throws Interrupted
//       ...
//
// A token is a cheap copy that refers to a flag somebody else owns and which must outlive it; the default one
// is never asked. Any thread may ask a token, any number of times.
#pragma once

#include <atomic>
#include <exception>

namespace brickline {

// Work has ended early because it was asked to: no error, and nobody's fault. It is not an Error, so that
// whoever puts up with an item that fails does not put up with this.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

class Cancel {
 public:
  Cancel() = default;
  explicit Cancel(const std::atomic<bool>& flag) : flag_(&flag) {}

  bool asked() const { return flag_ && flag_->load(std::memory_order_relaxed); }
  void stop_if_asked() const {
    if (asked()) throw Interrupted();
  }

 private:
  const std::atomic<bool>* flag_ = nullptr;
};

}  // namespace brickline
