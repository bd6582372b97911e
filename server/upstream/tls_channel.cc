#include "server/upstream/tls_channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include "server/upstream/tls_alert.h"
#include "server/upstream/tls_sessions.h"

namespace session_gateway {
namespace {

// So often a connection at rest is looked at for messages that are no data.
constexpr int kLooksMax = 8;

// As DNS and certificates have it: without the dot at its end.
std::string NameOf(const TlsClient& client, std::string_view host) {
  std::string name = client.server_name().empty() ? std::string(host) : client.server_name();
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  return name;
}

bool IsAddress(const std::string& name) {
  boost::system::error_code not_literal;
  boost::asio::ip::make_address(name, not_literal);
  return !not_literal;
}

TlsChannel* ChannelOf(const SSL* ssl) { return static_cast<TlsChannel*>(SSL_get_app_data(ssl)); }

}  // namespace

TlsChannel::TlsChannel(const TlsClient& client, std::string_view host)
    : context_(client.context()), name_(NameOf(client, host)) {}

// A session whose connection was not shut down could not be resumed.
TlsChannel::~TlsChannel() {
  if (ssl_ != nullptr) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN);
}

void TlsChannel::SetCallbacks(SSL_CTX* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, OnVerify);
  SSL_CTX_set_cert_cb(context, OnCertificateRequest, nullptr);
  SSL_CTX_sess_set_new_cb(context, OnNewSession);
}

// Changes nothing: it notes what the failure was about.
int TlsChannel::OnVerify(int verified, X509_STORE_CTX* store) {
  if (verified == 1) return verified;
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsChannel& self = *ChannelOf(ssl);
  self.verify_error_ = X509_STORE_CTX_get_error(store);
  self.wrong_depth_ = X509_STORE_CTX_get_error_depth(store);
  X509* const wrong = X509_STORE_CTX_get_current_cert(store);
  if (wrong != nullptr) X509_up_ref(wrong);
  self.wrong_.reset(wrong);
  return verified;
}

int TlsChannel::OnCertificateRequest(SSL* ssl, void*) {
  ChannelOf(ssl)->certificate_requested_ = true;
  return 1;
}

// 1 keeps the reference that comes with the call.
int TlsChannel::OnNewSession(SSL* ssl, SSL_SESSION* session) {
  TlsChannel& self = *ChannelOf(ssl);
  if (self.sessions_.size() == TlsSessions::kSessionsMax) self.sessions_.pop_front();
  self.sessions_.emplace_back(session);
  return 1;
}

bool TlsChannel::Begin(int descriptor, const Owned<SSL_SESSION>& session) {
  if (context_ == nullptr || name_.empty()) return false;
  bio_.descriptor = descriptor;
  ERR_clear_error();
  ssl_.reset(SSL_new(context_->context.get()));
  Owned<BIO> bio = MakeSocketBio(context_->socket_bio.get(), bio_);
  if (ssl_ == nullptr || bio == nullptr) return false;
  SSL* const ssl = ssl_.get();
  BIO* const both = bio.release();
  SSL_set_bio(ssl, both, both);
  SSL_set_app_data(ssl, this);
  SSL_set_connect_state(ssl);
  if (IsAddress(name_)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name_.c_str()) != 1) return false;
  } else if (SSL_set1_host(ssl, name_.c_str()) != 1 || SSL_set_tlsext_host_name(ssl, name_.c_str()) != 1) {
    return false;
  }
  offered_session_ = session != nullptr && SSL_set_session(ssl, session.get()) == 1;
  return true;
}

IoNeed TlsChannel::NeedOf(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return IoNeed::kNothing;
    case SSL_ERROR_WANT_READ:
      return IoNeed::kRead;
    case SSL_ERROR_WANT_WRITE:
      return IoNeed::kWrite;
    default:
      return IoNeed::kFailed;
  }
}

// One step of the handshake. A peer that is gone already may have said why, so then its last words are read.
int TlsChannel::Step() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1 || bio_.write_error == 0) return result;
  char byte;
  const int peeked = SSL_peek(ssl_.get(), &byte, 1);
  return peeked > 0 ? 0 : peeked;
}

IoNeed TlsChannel::Shake() {
  const int result = Step();
  if (result == 1) {
    shaken_ = true;
    return IoNeed::kNothing;
  }
  const IoNeed need = NeedOf(result);
  return need == IoNeed::kNothing ? IoNeed::kFailed : need;
}

SendFailure TlsChannel::HandshakeFailure() {
  const ErrorCode error = ExplainFailure();
  SendFailure failure{FailureKind::kUnreachable, Phase::kHandshake, false, {}};
  if (verify_error_ != 0) {
    failure.kind = FailureKind::kTls;
    failure.detail = VerifyWords();
    return failure;
  }
  if (fault_.certificate_refused) failure.kind = FailureKind::kTlsAlert;
  failure.detail = "the TLS handshake failed: " + (fault_.words.empty() ? error.message() : fault_.words);
  if (certificate_requested_ && !context_->has_certificate) {
    failure.detail += "; the peer asked for a client certificate, and none is configured";
  }
  return failure;
}

std::string TlsChannel::VerifyWords() const {
  if (verify_error_ == X509_V_ERR_HOSTNAME_MISMATCH || verify_error_ == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "the peer's certificate is not for the name " + name_;
  }
  std::string words = "the peer's certificate does not verify: ";
  words += X509_verify_cert_error_string(verify_error_);
  if (wrong_depth_ > 0) {
    words += " (certificate " + std::to_string(wrong_depth_) + " of the chain, the peer's own being 0)";
  }
  return words;
}

// Of a call to OpenSSL that has failed: what was it? What was known first stays.
TlsChannel::ErrorCode TlsChannel::ExplainFailure() {
  const OpensslErrors errors = TakeOpensslErrors();
  if (errors.alert) {
    fault_.certificate_refused = IsCertificateRefusal(*errors.alert);
    fault_.words = "the peer sent the TLS alert " + TlsAlertText(*errors.alert);
    return boost::asio::error::connection_aborted;
  }
  if (errors.last != 0) {
    const bool no_tls = ERR_GET_REASON(errors.first) == SSL_R_WRONG_VERSION_NUMBER && !shaken_;
    if (fault_.words.empty()) {
      fault_.words =
          no_tls ? "the peer does not speak TLS on this port" : "TLS was broken: " + errors.Words();
    }
    return boost::asio::error::connection_aborted;
  }
  const int system = bio_.read_error != 0 ? bio_.read_error : bio_.write_error;
  if (system == ECANCELED) return boost::asio::error::operation_aborted;
  if (system != 0) return ErrorCode(system, boost::system::system_category());
  if (fault_.words.empty() && bio_.ended) fault_.words = "the peer ended it without a TLS goodbye";
  return boost::asio::error::connection_aborted;
}

void TlsChannel::StartWrite(std::string_view head, std::string_view body) {
  head_ = head;
  body_ = body;
  piece_ = {};
  bio_.taken = 0;
}

// Head and body share records, and with them packets. The copy is small beside the encryption.
std::string_view TlsChannel::NextPiece() {
  std::size_t size = 0;
  for (std::string_view* part : {&head_, &body_}) {
    const std::size_t copied = part->copy(output_.data() + size, output_.size() - size);
    part->remove_prefix(copied);
    size += copied;
  }
  return {output_.data(), size};
}

IoNeed TlsChannel::Write(int records_max, ErrorCode& error) {
  error = {};
  for (int i = 0; i < records_max; ++i) {
    if (piece_.empty()) piece_ = NextPiece();
    if (piece_.empty()) return IoNeed::kNothing;
    ERR_clear_error();
    // An answer to a key update is no part of the request.
    if (SSL_get_key_update_type(ssl_.get()) != SSL_KEY_UPDATE_NONE &&
        SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1) {
      SSL_do_handshake(ssl_.get());
    }
    ERR_clear_error();
    bio_.counts = true;
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), piece_.data(), piece_.size(), &written);
    bio_.counts = false;
    if (bio_.write_error != 0) {
      ERR_clear_error();
      error = bio_.write_error == ECANCELED ? ErrorCode(boost::asio::error::operation_aborted)
                                            : ErrorCode(bio_.write_error, boost::system::system_category());
      return IoNeed::kNothing;
    }
    if (result == 1) {
      piece_.remove_prefix(written);
      continue;
    }
    const IoNeed need = NeedOf(result);
    if (need != IoNeed::kFailed) return need;
    error = ExplainFailure();
    return IoNeed::kNothing;
  }
  return IoNeed::kWrite;
}

IoNeed TlsChannel::Read(std::span<char> input, std::string_view& bytes, ErrorCode& error) {
  error = {};
  bytes = {};
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_.get(), input.data(), input.size(), &size);
  if (result == 1) {
    bytes = {input.data(), size};
    return IoNeed::kNothing;
  }
  const IoNeed need = NeedOf(result);
  if (need != IoNeed::kFailed) return need;
  const bool goodbye = SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN;
  error = goodbye ? ErrorCode(boost::asio::error::eof) : ExplainFailure();
  return IoNeed::kNothing;
}

// What is no data (a late ticket, a key update) is taken in by the look and does no harm.
bool TlsChannel::Quiet() {
  if (bio_.descriptor < 0 || !shaken_) return false;
  bio_.drained = false;
  for (int i = 0; i < kLooksMax && !bio_.drained; ++i) {
    ERR_clear_error();
    char byte;
    const int peeked = SSL_peek(ssl_.get(), &byte, 1);
    if (peeked > 0 || NeedOf(peeked) != IoNeed::kRead) {
      ERR_clear_error();
      return false;
    }
  }
  return bio_.drained && SSL_has_pending(ssl_.get()) == 0 && SSL_get_shutdown(ssl_.get()) == 0;
}

void TlsChannel::SayGoodbye() {
  if (!shaken_ || bio_.descriptor < 0 || bio_.write_error != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

TlsFacts TlsChannel::Facts() const {
  TlsFacts facts;
  if (ssl_ == nullptr) return facts;
  facts.certificate_requested = certificate_requested_;
  facts.certificate_configured = context_->has_certificate;
  facts.verify_error = verify_error_;
  if (verify_error_ != 0) facts.verify_words = VerifyWords();
  facts.wrong_depth = wrong_depth_;
  if (wrong_ != nullptr) facts.wrong = FactsOf(wrong_.get());
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get())) {
    facts.version = SSL_get_version(ssl_.get());
    facts.cipher = SSL_CIPHER_get_name(cipher);
  }
  facts.resumed = SSL_session_reused(ssl_.get()) == 1;
  // Without the peer's own view of its chain, which a failed look does not leave, ours serves.
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_.get());
  if (chain == nullptr) chain = SSL_get0_verified_chain(ssl_.get());
  for (int i = 0; i < sk_X509_num(chain) && facts.chain.size() < kFactChainMax; ++i) {
    facts.chain.push_back(FactsOf(sk_X509_value(chain, i)));
  }
  return facts;
}

}  // namespace session_gateway
