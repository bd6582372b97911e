// An HTTP server that gives one answer to every request as soon as the request is whole: an upstream that
// costs as little as one can, so that what is measured before it is the gateway.
//
// Thread rule: one thread makes and ends it; its own thread serves all connections. Never here: HTTP beyond
// Content-Length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "tests/server/raw_server.h"

namespace session_gateway {

class InstantUpstream {
 public:
  InstantUpstream(int status, const std::string& body);
  ~InstantUpstream();
  InstantUpstream(const InstantUpstream&) = delete;
  InstantUpstream& operator=(const InstantUpstream&) = delete;

  std::uint16_t port() const { return port_.number(); }

 private:
  void Serve();
  void Accept();
  void Read(int fd);
  // False when the peer is gone.
  bool AnswerAll(int fd, std::string& input) const;

  const std::string answer_;
  const RawPort port_;
  const int epoll_;
  const int stop_;  // an eventfd
  std::unordered_map<int, std::string> inputs_;
  std::thread thread_;
};

}  // namespace session_gateway
