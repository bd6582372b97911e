// What a request_id is kept under, and what tells one request from another: key, caller's identity, content.
//
// Thread rule: immutable. Never here: the store; a credential in the clear.
#pragma once

#include <string>
#include <string_view>

#include "server/call_context.h"
#include "server/keyed_hash.h"
#include "server/ledger/ledger.h"
#include "translator/http_message.h"

namespace session_gateway {

// Who calls, as the ledger knows it: the name that the gateway has verified; where the caller brings its own
// credential for the upstream, a keyed hash of that; else `anonymous`. A certificate whose name reads like
// one of the other two is `certificate:` and that name, so that no certificate makes anybody another caller.
// Replicas that share a ledger need the same key for the hash.
class CallerIdentities {
 public:
  explicit CallerIdentities(KeyedHash hash) : hash_(std::move(hash)) {}

  // `credential` is empty unless the caller's own one decides what may be done upstream.
  std::string Of(const Caller& caller, const Secret& credential) const;

 private:
  const KeyedHash hash_;
};

// One method's request_id of one caller. The id is compared in lower case.
std::string RequestKey(std::string_view method, std::string_view identity, std::string_view request_id);

// SHA-256 of method, target and body. What is marked as secret is the caller's credential, and left out.
ContentHash ContentOf(const HttpRequest& request);

// The id of the row that a create of an execution session makes when its caller names none: the same for
// each repeat. A UUID of version 5.
std::string DerivedRowId(std::string_view identity, std::string_view request_id);

}  // namespace session_gateway
