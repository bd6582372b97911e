#include "server/upstream/make_authentication.h"

#include <algorithm>
#include <utility>

#include "server/loaded_secret.h"
#include "server/upstream/qlik_authentication.h"
#include "server/upstream/symphony_authentication.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

// What may stand in a header: a JWT is base64url and dots.
std::optional<std::string> JudgeToken(std::string_view token) {
  if (token.empty()) return "the token is empty";
  const bool is_visible = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!is_visible) return "the token holds a space or a character that no token has";
  return std::nullopt;
}

LogonSite SiteOf(const AuthenticationParts& parts, const LogonLimits& limits,
                 std::optional<Duration> lifetime) {
  return {parts.loop.get_executor(), parts.clock, LogonKey(parts.random), limits, lifetime};
}

}  // namespace

MadeAuthentication MakeSymphonyAuthentication(const SymphonyAuthConfig& config,
                                              const AuthenticationParts& parts) {
  switch (config.mode) {
    case SymphonyAuthMode::kNone:
      return std::make_unique<SymphonyWithoutLogon>();
    case SymphonyAuthMode::kCallerSession:
      return std::make_unique<SymphonyCallerSession>();
    case SymphonyAuthMode::kCallerBasic:
      return std::make_unique<SymphonyCallerBasic>(config,
                                                   SiteOf(parts, config.limits, config.token_lifetime));
    case SymphonyAuthMode::kServiceAccount:
      break;
  }
  // The colon ends the name in what is sent.
  if (config.user.empty() || config.user.find(':') != std::string::npos || HasControlCharacter(config.user)) {
    return "symphony.auth.user must not be empty, and must hold neither a colon nor a control character";
  }
  LoadedSecret password = LoadSecret({"symphony.auth", config.password_file, config.password_env},
                                     JudgePassword, parts.files, parts.read_variable);
  if (auto* problem = std::get_if<std::string>(&password)) return std::move(*problem);
  return std::make_unique<SymphonyServiceAccount>(
      config, SiteOf(parts, config.limits, config.token_lifetime),
      std::get<std::shared_ptr<GatewaySecret>>(std::move(password)));
}

MadeAuthentication MakeQlikAuthentication(const QlikAuthConfig& config, const AuthenticationParts& parts) {
  switch (config.mode) {
    case QlikAuthMode::kCertificate:
      return std::make_unique<QlikCertificate>(config, parts.random);
    case QlikAuthMode::kHeader:
      for (const std::string* name : {&config.user_directory, &config.user_id}) {
        const bool is_ascii =
            std::all_of(name->begin(), name->end(), [](char c) { return c >= ' ' && c <= '~'; });
        if (!is_ascii) return "qlik.auth: a header carries US-ASCII names only";
      }
      return std::make_unique<QlikHeader>(config, SiteOf(parts, config.limits, std::nullopt), parts.random);
    case QlikAuthMode::kJwt:
      break;
  }
  LoadedSecret token = LoadSecret({"qlik.auth", config.token_file, config.token_env}, JudgeToken, parts.files,
                                  parts.read_variable);
  if (auto* problem = std::get_if<std::string>(&token)) return std::move(*problem);
  return std::make_unique<QlikJwt>(config, SiteOf(parts, config.limits, std::nullopt), parts.random,
                                   std::get<std::shared_ptr<GatewaySecret>>(std::move(token)));
}

}  // namespace session_gateway
