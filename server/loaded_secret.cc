#include "server/loaded_secret.h"

#include <vector>

#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

LoadedSecret LoadVariable(const SecretPlace& place, SecretJudge judge, const Environment& read_variable) {
  const std::optional<Secret> value = read_variable(place.variable);
  if (!value) return place.section + ": the environment has no variable " + place.variable;
  if (auto problem = judge(value->Reveal())) return place.section + ": " + place.variable + ": " + *problem;
  auto secret = std::make_shared<GatewaySecret>();
  secret->Replace(*value);
  return secret;
}

}  // namespace

std::optional<std::string> JudgePassword(std::string_view password) {
  if (password.empty()) return "the password is empty";
  if (HasControlCharacter(password)) return "the password holds a control character or a second line";
  return std::nullopt;
}

LoadedSecret LoadSecret(const SecretPlace& place, SecretJudge judge, CredentialFiles& files,
                        const Environment& read_variable) {
  if (place.file.empty()) return LoadVariable(place, judge, read_variable);
  auto secret = std::make_shared<GatewaySecret>();
  auto problem = files.Add(place.section, {place.file}, [secret, judge](const std::vector<Secret>& contents) {
    const std::string_view text = WithoutLineEnd(contents.front().Reveal());
    auto wrong = judge(text);
    if (!wrong) secret->Replace(Secret(std::string(text)));
    return wrong;
  });
  if (problem) return place.section + ": " + *problem;
  return secret;
}

}  // namespace session_gateway
