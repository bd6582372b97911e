#include "server/upstream/exchange_secrets.h"

#include "server/upstream/cookies.h"

namespace session_gateway {

void AddSecretsOf(const HttpRequest& request, std::vector<std::string>& secrets) {
  for (const QueryParam& param : request.query) {
    if (param.secrecy == Secrecy::kSecret) secrets.push_back(param.value);
  }
  for (const HttpHeader& header : request.headers) {
    if (header.secrecy == Secrecy::kSecret) secrets.push_back(header.value);
  }
}

void AddSetCookiesOf(const HttpReply& reply, std::vector<std::string>& secrets) {
  for (const SetCookie& set : ReadSetCookies(reply)) {
    if (!set.cookie.value.empty()) secrets.push_back(set.cookie.value.Reveal());
  }
}

}  // namespace session_gateway
