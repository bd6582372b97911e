#include "translator/violations.h"

#include "absl/strings/str_cat.h"
#include "translator/json_text.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

constexpr std::size_t kKeyBytesMax = 128;

// The key as in JSON, without its quotes; no escape and no character is cut.
std::string EscapedKey(std::string_view key) {
  std::string out;
  while (!key.empty()) {
    std::string_view character = key.substr(0, 1);
    while (character.size() < key.size() &&
           (static_cast<unsigned char>(key[character.size()]) & 0xC0) == 0x80) {
      character = key.substr(0, character.size() + 1);
    }
    std::string escaped;
    AppendJsonString(character, escaped);
    if (out.size() + escaped.size() - 2 > kKeyBytesMax) break;
    out.append(escaped, 1, escaped.size() - 2);
    key.remove_prefix(character.size());
  }
  return out;
}

}  // namespace

std::string PathStep::Text() const {
  std::string text = above == nullptr ? "" : above->Text();
  if (!text.empty()) text += '.';
  text += name;
  if (index >= 0) absl::StrAppend(&text, "[", index, "]");
  return text;
}

std::string MapPath(const PathStep& field, std::string_view key) {
  return absl::StrCat(field.Text(), "[\"", EscapedKey(key), "\"]");
}

void Violations::Add(std::string field, std::string rule) {
  if (++count_ <= kViolationsMax) first_.push_back({std::move(field), std::move(rule)});
}

RpcError Violations::ToError(Upstream upstream) && {
  std::string message = absl::StrCat(first_.front().field, ": ", first_.front().description);
  if (count_ > 1) absl::StrAppend(&message, " (and ", count_ - 1, " more)");
  RpcError error =
      MakeError(upstream, absl::StatusCode::kInvalidArgument, Reason::kInvalidField, Outcome::kNotSent,
                Phase::kValidate, std::string(CutUtf8(message, kMessageBytesMax)));
  error.violations = std::move(first_);
  return error;
}

}  // namespace session_gateway
