#include "tests/exchange/scripted_upstream.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <map>

namespace session_gateway {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kXrfkeyLength = 16;
constexpr char kXrfkeyMark[] = "<xrfkey>";

// A refusal waits for so much of the request. What is asked with it is larger.
constexpr std::size_t kRefusedAfterBytes = 64 * 1024;

// What OpenSSL says to the alert that a test wants; 116 is the alert for no certificate at all.
const std::map<int, int>& RefusalErrors() {
  static const std::map<int, int> kErrors = {
      {40, X509_V_ERR_APPLICATION_VERIFICATION},  {42, X509_V_ERR_CERT_REJECTED},
      {43, X509_V_ERR_INVALID_PURPOSE},           {44, X509_V_ERR_CERT_REVOKED},
      {45, X509_V_ERR_CERT_HAS_EXPIRED},          {46, X509_V_ERR_PERMITTED_VIOLATION},
      {48, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT}, {116, 0}};
  return kErrors;
}

// An upstream may repeat the key that it was given.
std::string AnswerBytes(const std::string& text, const std::string& request) {
  const std::size_t key = request.find("xrfkey=");
  if (key == std::string::npos) return SplitText(text).Bytes();
  return SplitText(ReplaceAll(text, kXrfkeyMark, request.substr(key + 7, kXrfkeyLength))).Bytes();
}

pki::CertificateOptions ServerFor(const std::string& setting) {
  pki::CertificateOptions options = pki::LoopbackServer();
  if (setting == "expired") {
    options.not_before = std::chrono::hours(-48);
    options.not_after = std::chrono::hours(-24);
  }
  if (setting == "other_name") {
    options.dns_names = {"another.invalid"};
    options.ip_addresses = {};
  }
  return options;
}

}  // namespace

std::variant<TlsScript, std::string> MakeTlsScript(const std::string& setting) {
  static const std::map<std::string, TlsFault> kFaults = {
      {"trusted", TlsFault::kNone},    {"untrusted", TlsFault::kNone}, {"expired", TlsFault::kNone},
      {"other_name", TlsFault::kNone}, {"silent", TlsFault::kSilent},  {"plain", TlsFault::kPlain},
      {"closed", TlsFault::kClosed},   {"alert", TlsFault::kAlert},    {"refusal", TlsFault::kRefusal}};
  const std::string word = setting.substr(0, setting.find(' '));
  const auto fault = kFaults.find(word);
  if (fault == kFaults.end()) return "unknown word for tls: " + setting;
  TlsScript script;
  script.fault = fault->second;
  if (word.size() < setting.size()) script.alert = std::stoi(setting.substr(word.size() + 1));

  const pki::CertificateAuthority authority;
  const pki::CertificateAuthority stranger;
  script.options.certificate = (word == "untrusted" ? stranger : authority).Issue(ServerFor(word));
  script.material.ca = Secret(authority.root_pem());
  if (script.fault != TlsFault::kRefusal) return script;
  const auto error = RefusalErrors().find(script.alert);
  if (error == RefusalErrors().end()) return "no refusal has the alert " + setting;
  script.options.client_ca = authority.root_pem();
  script.options.refuse_with = error->second;
  if (error->second == 0) return script;
  const pki::Certificate own = authority.Issue(pki::Client("gateway"));
  script.material.certificate = Secret(own.FullChainPem());
  script.material.key = Secret(own.key_pem);
  return script;
}

// Each `sent` but the first begins a new turn.
std::vector<ScriptedUpstream::Turn> ScriptedUpstream::TurnsOf(const CaseFile& file) {
  std::vector<Turn> turns(1);
  int sent = 0;
  for (const CaseSection& section : file.sections) {
    if (section.name == "sent" && ++sent > 1) turns.emplace_back();
    if (section.name == "answer") turns.back().answers.push_back(section.text);
    if (section.name == "close") turns.back().closes = true;
    if (section.name == "reset") turns.back().resets = true;
  }
  return turns;
}

ScriptedUpstream::ScriptedUpstream(const CaseFile& file, const TlsScript* tls)
    : turns_(TurnsOf(file)),
      reads_(file.settings.contains("reads") ? std::stoul(file.settings.at("reads")) : 0),
      tls_(tls),
      tls_server_(tls == nullptr ? nullptr : std::make_unique<TlsServer>(tls->options)),
      server_([this](RawConnection& raw) { Serve(raw); }) {}

std::vector<std::string> ScriptedUpstream::TakeRequests() {
  is_over_ = true;
  is_over_.notify_all();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (server_.ended() < server_.accepted()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "a connection to the upstream stays open";
      break;
    }
    std::this_thread::yield();
  }
  const std::lock_guard lock(mutex_);
  return requests_;
}

const ScriptedUpstream::Turn* ScriptedUpstream::Note(const std::string& request) {
  const std::lock_guard lock(mutex_);
  if (!request.empty()) requests_.push_back(request);
  return begun_ < turns_.size() ? &turns_[begun_++] : nullptr;
}

void ScriptedUpstream::FailHandshake(RawConnection& raw) const {
  if (tls_->fault != TlsFault::kSilent) raw.ReadMore();
  if (tls_->fault == TlsFault::kPlain) raw.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
  if (tls_->fault == TlsFault::kAlert) {
    raw.Send(std::string("\x15\x03\x03\x00\x02\x02", 6) + static_cast<char>(tls_->alert));
  }
  if (tls_->fault != TlsFault::kClosed) raw.WaitForEnd();
}

void ScriptedUpstream::Serve(RawConnection& raw) {
  if (tls_ == nullptr) {
    PeerWire wire(raw, nullptr);
    return Converse(wire);
  }
  if (tls_->fault != TlsFault::kNone && tls_->fault != TlsFault::kRefusal) return FailHandshake(raw);
  PeerWire wire(raw, tls_server_.get());
  wire.peer()->before_alert = [&] {
    while (tls_->fault == TlsFault::kRefusal && wire.peer()->fed() + raw.buffered() < kRefusedAfterBytes &&
           raw.ReadMore()) {
    }
  };
  if (wire.Handshake()) return Converse(wire);
  // A connection that ends with unread bytes is reset, which may overtake the alert.
  raw.WaitForEnd();
}

void ScriptedUpstream::Converse(PeerWire& wire) {
  for (;;) {
    std::string request;
    if (reads_ > 0) {
      while (wire.buffered() < reads_ && wire.ReadMore()) {
      }
      saw_part_ = wire.buffered() > 0;
    } else {
      request = wire.ReadRequest();
      if (request.empty()) break;
    }
    if (const Turn* const turn = Note(request)) {
      for (const std::string& answer : turn->answers) wire.Send(AnswerBytes(answer, request));
      if (turn->closes) wire.EndSending();
      if (turn->resets) return wire.raw().ResetAtEnd();
    }
    if (reads_ > 0) return is_over_.wait(false);
  }
  if (wire.buffered() > 0) saw_part_ = true;
}

}  // namespace session_gateway
