// Creates as the service runs them, with and without a request_id, on an upstream that answers at once: what
// is left is what the gateway itself does for a call, without gRPC and without the network.
//
// Thread rule: one thread; each function runs the loop until its calls and all that follows them are over.
// Never here: time, what a call may cost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/clock.h"
#include "server/ledger/ledger.h"
#include "translator/rpc_error.h"

namespace session_gateway {

// What is created.
struct OnceSample {
  Upstream upstream;
  std::string body;    // of the request
  std::string answer;  // of the success
};
// Each documented member of the request, and an answer as Symphony gives it.
OnceSample SymphonySample();
// A row as QRS gives it to a request that names little, and one that has each documented member.
OnceSample QlikSample();
OnceSample LargestQlikSample();

// A UUID for each number.
std::string BenchRequestId(std::uint64_t number);

class OnceBed {
 public:
  // The ledger and the clock outlive this.
  OnceBed(const OnceSample& sample, const Clock& clock, Ledger& ledger);
  ~OnceBed();
  OnceBed(const OnceBed&) = delete;
  OnceBed& operator=(const OnceBed&) = delete;

  // So many calls, one after the other.
  void Plain(int calls);    // without a request_id
  void Once(int calls);     // each with one that is new, but without the content's hash
  void Repeat(int calls);   // of the last that Once has made
  void Refused(int calls);  // as Once, where the upstream refuses: the entry is forgotten
  void Content(int calls);  // the content's hash alone

  // Remembers so many creates, as Once would; they are older than all that comes.
  void Fill(int entries);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace session_gateway
