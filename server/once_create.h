// One create with a request_id: what is sent, how answers read, and how to ask whether it happened.
//
// Thread rule: loop thread only. Never here: sending, the ledger.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/ledger/ending.h"
#include "server/ledger/ledger.h"
#include "server/upstream/transport.h"

namespace session_gateway {

class OnceCreate {
 public:
  virtual ~OnceCreate() = default;

  virtual Transport& transport() = 0;
  virtual const HttpRequest& request() const = 0;
  virtual CreateEnd Read(SendResult& result) = 0;

  // The question whether what the create would make is there; null where the upstream has none.
  virtual const HttpRequest* question() { return nullptr; }
  enum class Found { kThere, kAbsent, kNotKnown };
  // Fills `end` when it is there.
  virtual Found ReadQuestion(SendResult&, CreateEnd&) { return Found::kNotKnown; }
};

struct OnceCall {
  std::string_view method;  // of the RPC; outlives it
  Upstream upstream = Upstream::kSymphony;
  std::string key;
  ContentHash content = {};
  std::unique_ptr<OnceCreate> create;
};

}  // namespace session_gateway
