// Creates with a request_id: each runs at most once, whoever repeats the call.
//
// The first call starts the exchange. Calls with the same key and content that come while it runs join it;
// each keeps its own deadline, and all get the same end. Thread rule: loop thread only. Never here: the
// store, what is sent.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/hash/hash.h"
#include "server/once_exchange.h"
#include "server/upstream/exchanges.h"

namespace session_gateway {

class Once {
 public:
  // The end of a create that was sent and that nobody waited for. `endpoint` is where it was sent.
  using LateEnd = std::function<void(const CreateEnd& end, std::string_view endpoint, Duration lingered)>;

  // Everything that is handed in outlives this, and this its exchanges.
  Once(Exchanges& exchanges, const Clock& clock, Ledger& ledger, OncePauses pauses);
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // The end of the create, or what is known of it when `caller` is stopped before. `make_late_end` is called
  // when nobody waits for it any longer.
  Task<CreateEnd> Run(OnceCall call, CallContext& caller, std::function<LateEnd()> make_late_end);

  const OnceCounts& counts() const { return parts_.counts; }
  std::size_t running() const { return running_.size(); }

 private:
  std::function<Exchanges::LateCall()> LateCallOf(const std::shared_ptr<OnceExchange>& exchange,
                                                  std::function<LateEnd()> make_late_end) const;

  Exchanges& exchanges_;
  OnceParts parts_;
  // By the key that the exchange itself holds. With a seed of the process: callers choose their keys.
  std::unordered_map<std::string_view, std::shared_ptr<OnceExchange>, absl::Hash<std::string_view>> running_;
};

}  // namespace session_gateway
