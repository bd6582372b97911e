#include "server/upstream/httplib_reader.h"

#include <httplib.h>

#include <algorithm>
#include <string>

namespace session_gateway {
namespace {

// process_request is no public promise of the library: its parameters changed after this version, and so did
// what it does before and after the Stream is read.
static_assert(
    std::string_view(CPPHTTPLIB_VERSION) == "0.11.4",
    "this engine stands on ClientImpl::process_request and Stream of cpp-httplib 0.11.4: read their "
    "source in the version at hand, then run the engine's tests before this line is changed");

// What the client writes is dropped: it would add headers of its own, sort the others and send head and body
// apart. Whoever feeds the gate sends the request.
class GatedStream final : public httplib::Stream {
 public:
  explicit GatedStream(AnswerSource& source) : source_(source) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* bytes, std::size_t size) override {
    AnswerGate& gate = source_.gate();
    while (gate.text().empty()) {
      if (gate.state() == AnswerGate::State::kReply && gate.body_state() == BodyState::kWhole) return 0;
      if (gate.state() != AnswerGate::State::kReading || !source_.Pull()) return -1;
    }
    const std::size_t taken = gate.text().copy(bytes, size);
    gate.Take(taken);
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char*, std::size_t size) override { return static_cast<ssize_t>(size); }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  AnswerSource& source_;
};

}  // namespace

class HttplibReader::Client final : public httplib::ClientImpl {
 public:
  Client() : httplib::ClientImpl("unused") {
    set_decompress(false);
    set_follow_location(false);
  }

  bool Exchange(httplib::Stream& stream, httplib::Request& request, httplib::Response& response) {
    httplib::Error error = httplib::Error::Success;
    return process_request(stream, request, response, false, error);
  }
};

HttplibReader::HttplibReader() : client_(std::make_unique<Client>()) {}
HttplibReader::~HttplibReader() = default;

bool HttplibReader::Read(AnswerSource& source) {
  GatedStream stream(source);
  httplib::Request request;
  request.method = "GET";
  request.path = "/";
  std::size_t body_bytes = 0;
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
    source.TakeBody({bytes, size});
    body_bytes += size;
    return true;
  };
  httplib::Response response;
  const bool is_whole = client_->Exchange(stream, request, response);
  const AnswerGate& gate = source.gate();
  if (!gate.header_done()) return !is_whole;
  const bool ended_whole =
      gate.state() == AnswerGate::State::kReply && gate.body_state() == BodyState::kWhole;
  return response.status == gate.status() && body_bytes == gate.body_bytes() && (is_whole || !ended_whole);
}

}  // namespace session_gateway
