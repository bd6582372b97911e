#include "server/upstream/credentials.h"

namespace session_gateway {
namespace {

constexpr std::size_t kXrfkeyLength = 16;
constexpr std::string_view kXrfkeyAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr char kXrfkeyStandIn[] = "0000000000000000";

// Each 32 bits give five indices of 6 bits; those beyond the alphabet are thrown away, so that every
// character is equally likely.
std::string MakeXrfkey(Random& random) {
  std::string key;
  while (key.size() < kXrfkeyLength) {
    std::uint32_t bits = random.Next();
    for (int i = 0; i < 5 && key.size() < kXrfkeyLength; ++i, bits >>= 6) {
      const std::uint32_t index = bits & 63;
      if (index < kXrfkeyAlphabet.size()) key += kXrfkeyAlphabet[index];
    }
  }
  return key;
}

std::vector<std::string> SecretsOf(const HttpRequest& request) {
  std::vector<std::string> secrets;
  for (const QueryParam& param : request.query) {
    if (param.secrecy == Secrecy::kSecret) secrets.push_back(param.value);
  }
  for (const HttpHeader& header : request.headers) {
    if (header.secrecy == Secrecy::kSecret) secrets.push_back(header.value);
  }
  return secrets;
}

}  // namespace

QlikCertificate::QlikCertificate(const std::string& user_directory, const std::string& user_id,
                                 Random& random)
    : user_("UserDirectory=" + PercentEncode(user_directory) + ";UserId=" + PercentEncode(user_id)),
      random_(random) {}

void QlikCertificate::Apply(HttpRequest& request) { Add(MakeXrfkey(random_), request); }

void QlikCertificate::Preview(HttpRequest& request) const { Add(kXrfkeyStandIn, request); }

void QlikCertificate::Add(const std::string& key, HttpRequest& request) const {
  request.query.insert(request.query.begin(), {"xrfkey", key, Secrecy::kSecret});
  request.headers.push_back({"x-qlik-xrfkey", key, Secrecy::kSecret});
  request.headers.push_back({"x-qlik-user", user_});
}

Task<SendResult> CredentialsTransport::Send(const HttpRequest& request, CallContext& context) {
  HttpRequest attempt = request;
  credentials_.Apply(attempt);
  SendResult result = co_await next_.Send(attempt, context);
  if (auto* reply = std::get_if<HttpReply>(&result)) reply->secrets = SecretsOf(attempt);
  co_return result;
}

}  // namespace session_gateway
