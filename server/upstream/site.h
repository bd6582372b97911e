// One upstream as the configuration has it, before anything is sent: whom it trusts and who the gateway is to
// it. The gateway and its doctor are built on the same.
//
// Thread rule: before the loop runs. Never here: the endpoints' engines (stack.h), the meaning of a file.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "server/config.h"
#include "server/upstream/make_authentication.h"
#include "server/upstream/tls_client.h"

namespace session_gateway {

struct UpstreamSite {
  std::unique_ptr<TlsClient> tls;                  // null where no endpoint has `https`
  std::shared_ptr<Authentication> authentication;  // the stacks of all lanes share it
};

// The site, or what is wrong with its settings or files, for the person who starts the program. Their files
// are read now and followed from now on by `parts.files`, so the site outlives these.
using MadeSite = std::variant<UpstreamSite, std::string>;
MadeSite MakeSymphonySite(const SymphonyConfig& config, const AuthenticationParts& parts);
MadeSite MakeQlikSite(const QlikConfig& config, const AuthenticationParts& parts);

}  // namespace session_gateway
