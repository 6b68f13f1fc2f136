#pragma once
// The memory store's Writer: finds room for what arrives, and turns Storing into Window when there
// is none.
//
// A body of known length up to 1 MiB gets one piece of exactly that size with its first byte;
// others get growing pieces, and at commit() what is wasted is given back by copying (the whole
// body up to 1 MiB, otherwise its last piece).

#include <memory>
#include <vector>

#include "edge/store/filling_body.h"
#include "edge/store/store.h"

namespace brink::edge::store {

class MemoryStore;

class MemoryWriter final : public Writer {
 public:
  // `reason` other than None: starts in a window, and says why.
  MemoryWriter(MemoryStore& store, boost::intrusive_ptr<StoredResponse> response,
               std::shared_ptr<Fill> fill, cache::Reason reason);
  ~MemoryWriter() override;

  // What a writer and its fill cost beside the response and the body.
  static std::uint64_t footprint() noexcept;

  const ResponsePtr& response() const override { return shared_response_; }
  const std::shared_ptr<Fill>& fill() const override { return fill_; }
  Append append(std::string_view bytes) override;
  void set_waker(Waker* waker) override { fill_->set_writer_waker(waker); }
  bool commit() override;
  void abort(Error error) override;
  bool storing() const override { return fill_->storing(); }
  bool failed() const override { return failed_; }
  std::size_t readers() const override { return fill_->readers(); }
  cache::Reason not_stored_reason() const override { return reason_; }

 private:
  friend class MemoryStore;
  bool grow(std::size_t wanted);
  bool grow_storing(std::size_t wanted);
  bool grow_window();
  void give_up_storing(cache::Reason reason);
  Append pause_if_needed();
  bool adopt_body();
  bool adopt_copy(std::uint64_t length, std::uint64_t exact);
  bool adopt_pieces(std::uint64_t length);
  void end(const Error& error, cache::Reason reason);

  MemoryStore& store_;
  boost::intrusive_ptr<StoredResponse> response_;
  ResponsePtr shared_response_;
  std::shared_ptr<Fill> fill_;
  cache::Reason reason_;
  bool contradicted_ = false;  // more bytes than announced
  bool finished_ = false;      // commit() or abort()
  bool failed_ = false;
  std::size_t window_place_ = 0;  // in MemoryStore::windows_, guarded by its mutex
};

}  // namespace brink::edge::store
