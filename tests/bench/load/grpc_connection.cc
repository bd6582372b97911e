// gRPC on libnghttp2: every call's status and every reply's bytes are looked at, at the cost of a load
// generator.
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/load/connection.h"

namespace session_gateway::bench {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr std::size_t kPrefixBytes = 5;  // compressed flag and length
constexpr int kWindowBytes = 64 * 1024 * 1024;
// request_id is field 1 of both requests: tag, length, a UUID.
constexpr std::size_t kIdBytes = 36;
constexpr std::string_view kIdField("\x0a\x24", 2);

struct Call {
  Clock::time_point began;
  std::string body;  // prefix and message
  std::size_t sent = 0;
  std::string answer;
  std::string http_status;
  std::string grpc_status;
};

// Twelve digits of the number are more than any run needs.
std::string IdOf(const std::string& prefix, std::uint64_t number) {
  std::string id = prefix + "-0000-4000-8000-000000000000";
  for (std::size_t i = kIdBytes; number > 0; number /= 16) id[--i] = "0123456789abcdef"[number % 16];
  return id;
}

std::string Framed(const std::string& message) {
  std::string framed(kPrefixBytes, '\0');
  for (std::size_t i = 0; i < 4; ++i) framed[4 - i] = static_cast<char>(message.size() >> (8 * i));
  return framed + message;
}

// The library takes bytes that may change, and does not change these.
nghttp2_nv Header(std::string& name, std::string& value) {
  return {reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
          name.size(), value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

class GrpcConnection final : public Connection {
 public:
  GrpcConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options, int wanted, Meter& meter,
                 CallBook& book);
  ~GrpcConnection() override { nghttp2_session_del(session_); }

  int socket() const override { return stream_->socket(); }
  bool wants_to_send() const override { return !outbox_.empty(); }
  int in_flight() const override { return in_flight_; }
  void Start() override;
  bool OnReady() override;

 private:
  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void*);
  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                    std::size_t size, void*);
  static int OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t error, void* self);
  static ssize_t ReadBody(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                          std::uint32_t* flags, nghttp2_data_source* source, void*);

  void Submit(std::unique_ptr<Call> call);
  void End(std::unique_ptr<Call> call, std::uint32_t error);
  std::string FailureOf(const Call& call, std::uint32_t error);
  bool Flush();
  bool Lost();

  const std::unique_ptr<ByteStream> stream_;
  const CallOptions& options_;
  const int wanted_;
  Meter& meter_;
  CallBook& book_;
  const std::string framed_;
  const std::string expected_;
  std::array<std::pair<std::string, std::string>, 8> fields_;
  std::vector<nghttp2_nv> headers_;  // they point into the fields
  nghttp2_session* session_ = nullptr;
  Outbox outbox_;
  std::vector<std::unique_ptr<Call>> ended_;  // to be begun anew, outside of the library's callbacks
  int in_flight_ = 0;
};

GrpcConnection::GrpcConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options, int wanted,
                               Meter& meter, CallBook& book)
    : stream_(std::move(stream)),
      options_(options),
      wanted_(wanted),
      meter_(meter),
      book_(book),
      framed_(Framed(options.request)),
      expected_(options.reply.empty() ? "" : Framed(options.reply)),
      fields_({{{":method", "POST"},
                {":scheme", options.tls ? "https" : "http"},
                {":path", options.target},
                {":authority", "127.0.0.1"},
                {"content-type", "application/grpc"},
                {"te", "trailers"},
                {"grpc-timeout", "20S"},
                {"user-agent", "session-gateway-bench"}}}) {
  for (auto& [name, value] : fields_) headers_.push_back(Header(name, value));
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}, {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
}

void GrpcConnection::Start() {
  for (int i = 0; i < wanted_; ++i) Submit(std::make_unique<Call>());
  Flush();
}

void GrpcConnection::Submit(std::unique_ptr<Call> call) {
  const std::uint64_t number = book_.begun++;
  if (options_.unique_id) {
    call->body = Framed(std::string(kIdField) + IdOf(book_.id_prefix, number) + options_.request);
  } else if (call->body.empty()) {
    call->body = framed_;
  }
  call->sent = 0;
  call->answer.clear();
  call->http_status.clear();
  call->grpc_status.clear();
  call->began = Clock::now();
  nghttp2_data_provider body = {};
  body.source.ptr = call.get();
  body.read_callback = ReadBody;
  if (nghttp2_submit_request(session_, nullptr, headers_.data(), headers_.size(), &body, call.get()) < 0) {
    meter_.Count(call->began, call->began, "no stream");
    return;
  }
  ++in_flight_;
  call.release();  // NOLINT(bugprone-unused-return-value): the stream holds it until OnClose
}

bool GrpcConnection::OnReady() {
  std::array<char, kReceiveBytes> buffer;
  for (;;) {
    const ssize_t got = stream_->Receive(buffer.data(), buffer.size());
    if (got == ByteStream::kClosed) return Lost();
    if (got == ByteStream::kBlocked) break;
    if (nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(buffer.data()),
                                 static_cast<std::size_t>(got)) < 0) {
      return Lost();
    }
    if (static_cast<std::size_t>(got) < buffer.size() && !options_.tls) break;
  }
  for (std::unique_ptr<Call>& call : std::exchange(ended_, {})) {
    if (!meter_.over()) Submit(std::move(call));
  }
  return Flush() || Lost();
}

bool GrpcConnection::Flush() {
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) return false;
    if (size == 0) break;
    outbox_.Append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  return outbox_.Flush(*stream_);
}

bool GrpcConnection::Lost() {
  for (; in_flight_ > 0; --in_flight_) meter_.Count({}, {}, "connection lost");
  return false;
}

void GrpcConnection::End(std::unique_ptr<Call> call, std::uint32_t error) {
  --in_flight_;
  meter_.Count(call->began, Clock::now(), FailureOf(*call, error));
  if (book_.first_reply.empty() && call->answer.size() > kPrefixBytes) {
    book_.first_reply = call->answer.substr(kPrefixBytes);
  }
  ended_.push_back(std::move(call));
}

std::string GrpcConnection::FailureOf(const Call& call, std::uint32_t error) {
  if (error != NGHTTP2_NO_ERROR) return "stream error " + std::to_string(error);
  if (call.http_status != "200") return "http " + call.http_status;
  if (call.grpc_status != "0") return "grpc-status " + call.grpc_status;
  return expected_.empty() || call.answer == expected_ ? "" : "the reply differs";
}

int GrpcConnection::OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                             std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                             std::uint8_t, void*) {
  auto* const call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (call == nullptr) return 0;
  const std::string_view key(reinterpret_cast<const char*>(name), name_size);
  const std::string_view text(reinterpret_cast<const char*>(value), value_size);
  if (key == ":status") call->http_status = text;
  if (key == "grpc-status") call->grpc_status = text;
  return 0;
}

int GrpcConnection::OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                           const std::uint8_t* data, std::size_t size, void*) {
  auto* const call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  if (call != nullptr) call->answer.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

int GrpcConnection::OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t error, void* self) {
  auto* const call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  if (call != nullptr) static_cast<GrpcConnection*>(self)->End(std::unique_ptr<Call>(call), error);
  return 0;
}

ssize_t GrpcConnection::ReadBody(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                 std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto* const call = static_cast<Call*>(source->ptr);
  const std::size_t part = std::min(size, call->body.size() - call->sent);
  std::memcpy(into, call->body.data() + call->sent, part);
  call->sent += part;
  if (call->sent == call->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

}  // namespace

std::unique_ptr<Connection> MakeGrpcConnection(std::unique_ptr<ByteStream> stream, const CallOptions& options,
                                               int in_flight, Meter& meter, CallBook& book) {
  return std::make_unique<GrpcConnection>(std::move(stream), options, in_flight, meter, book);
}

}  // namespace session_gateway::bench
