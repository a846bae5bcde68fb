// Interposers: boxed handlers that stand before every operator of a thread (tracing, autocast,
// vmap, profiling). An operator asks for them with the same test as for what its arguments need.
#pragma once

#include "dispatch/op_table.h"

namespace pharos {

class Next;

struct Interposer {
  virtual ~Interposer() = default;
  // Called instead of the operator with its arguments on top of the stack; leaves its results
  // there. next(op, stack) goes on to the handler below and finally to the operator. Operators
  // called from in here see the handlers below this one only.
  virtual void handle(const OpRow& op, torch::jit::Stack& stack, const Next& next) = 0;
  // Whether the operators that a composite consists of come to this handler as well.
  virtual bool enters_composites() const { return false; }
};

namespace detail {
struct InterposerNode {
  Interposer* handler;
  InterposerNode* below;
  InterposerNode* outer;
};
}  // namespace detail

class Next {
 public:
  void operator()(const OpRow& op, torch::jit::Stack& stack) const;

 private:
  friend void run_interposers(const OpRow& op, torch::jit::Stack& stack);
  Next(detail::InterposerNode* node, detail::InterposerNode* entering)
      : node_(node), entering_(entering) {}
  detail::InterposerNode* node_;
  // The handlers passed so far that enter composites, the latest first.
  detail::InterposerNode* entering_;
};

// Sends the call through all active handlers of this thread; without any it is the plain call.
void run_interposers(const OpRow& op, torch::jit::Stack& stack);

// Puts a handler on top for the guard's lifetime. Guards nest; they stay on their thread.
class InterposerGuard {
 public:
  explicit InterposerGuard(Interposer& handler);
  ~InterposerGuard();
  InterposerGuard(const InterposerGuard&) = delete;
  InterposerGuard& operator=(const InterposerGuard&) = delete;

 private:
  detail::InterposerNode node_;
};

}  // namespace pharos
