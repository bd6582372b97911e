// An upstream that does to every request what a behaviour says, until it is told to be good.
//
// Each right answer has an id that was made of the request it belongs to, so that an answer which reaches
// another caller is seen. Thread rule: made, told and ended by one thread. Never here: the gateway, judging.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "tests/exchange/wire.h"
#include "tests/hostile/behaviours.h"
#include "tests/server/raw_server.h"

namespace session_gateway {

// `tag-7-end`: stands in a request, and the right answer has it for its id.
std::string TagOf(int number);

struct Api {
  std::string rpc;
  std::string status;  // of a success: `200 OK`
  std::string id;      // the member that holds it
};
extern const Api kSymphonyApi;
extern const Api kQlikApi;

class HostileUpstream {
 public:
  // All outlive it. `tls` may be null; `elsewhere` is a host and port.
  HostileUpstream(const Behaviour& behaviour, const Api& api, const TlsServer* tls, std::string elsewhere);
  ~HostileUpstream();

  std::uint16_t port() const { return server_.port(); }
  std::size_t most_sent() const { return most_sent_; }  // on one connection

  void BeGood() { is_good_ = true; }
  // With something to say at rest: answers come only once so many requests are there, each on a connection of
  // its own.
  void ExpectRound(int requests);
  // Says on each connection what is to be said at rest, and returns once that has reached the gateway's
  // system.
  void SpeakAtRest();

 private:
  void Serve(RawConnection& raw);
  bool Answer(PeerWire& wire, const std::string& request);
  bool Say(PeerWire& wire, const std::string& text, bool drips);
  void Flood(PeerWire& wire);
  std::string Expand(std::string text, const std::string& request) const;
  std::string ReadRequest(PeerWire& wire) const;
  void WaitAtRest(PeerWire& wire);

  const Behaviour& behaviour_;
  const Api& api_;
  const TlsServer* const tls_;
  const std::string elsewhere_;
  std::atomic<bool> is_good_ = false;
  std::atomic<bool> is_over_ = false;
  std::atomic<std::size_t> most_sent_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int expected_ = 0;  // requests of this round; with those below guarded by mutex_
  int arrived_ = 0;
  int spoken_ = 0;
  int round_ = 0;
  int rounds_spoken_ = 0;
  RawServer server_;
};

}  // namespace session_gateway
