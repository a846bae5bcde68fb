// The per-thread stack of interposers: a list of nodes that live in guards, its head in
// ThreadState.
#include "dispatch/interposer.h"

#include "core/thread_state.h"

namespace pharos {

using detail::InterposerNode;

namespace {

// Makes `top` the thread's active handlers and puts the former ones back, whatever is thrown.
class ActiveScope {
 public:
  explicit ActiveScope(InterposerNode* top) : old_(thread_state.interposers) { activate(top); }
  ~ActiveScope() { activate(old_); }
  ActiveScope(const ActiveScope&) = delete;
  ActiveScope& operator=(const ActiveScope&) = delete;

  static void activate(void* top) {
    thread_state.interposers = top;
    if (top) {
      thread_state.special |= kSpecialInterposer;
    } else {
      thread_state.special &= ~uint64_t{kSpecialInterposer};
    }
  }

 private:
  void* old_;
};

}  // namespace

void Next::operator()(const OpRow& op, torch::jit::Stack& stack) const {
  if (!node_) {
    InterposerNode* inside = nullptr;
    if (op.flags & kOpComposite) {
      for (InterposerNode* n = entering_; n; n = n->outer) {
        n->below = inside;
        inside = n;
      }
    }
    ActiveScope scope(inside);
    op.boxed(op, stack);
    return;
  }
  Interposer& handler = *node_->handler;
  InterposerNode entering{&handler, nullptr, entering_};
  const Next next(node_->below, handler.enters_composites() ? &entering : entering_);
  ActiveScope scope(node_->below);
  handler.handle(op, stack, next);
}

void run_interposers(const OpRow& op, torch::jit::Stack& stack) {
  Next(static_cast<InterposerNode*>(thread_state.interposers), nullptr)(op, stack);
}

void call_boxed(const OpRow& op, torch::jit::Stack& stack) {
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInterposer)) {
    run_interposers(op, stack);
  } else {
    op.boxed(op, stack);
  }
}

InterposerGuard::InterposerGuard(Interposer& handler)
    : node_{&handler, static_cast<InterposerNode*>(thread_state.interposers), nullptr} {
  ActiveScope::activate(&node_);
}
InterposerGuard::~InterposerGuard() { ActiveScope::activate(node_.below); }

}  // namespace pharos
