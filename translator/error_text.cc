#include "translator/error_text.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "translator/text_bounds.h"

namespace session_gateway {
namespace {

// A longer body is not parsed; its beginning is shown as it is.
constexpr std::size_t kErrorBodyBytesMax = 64 * 1024;

std::string MessageOf(const nlohmann::json& object) {
  for (const char* name : {"errorMessage", "message"}) {
    const auto member = object.find(name);
    if (member != object.end() && member->is_string() && !member->get_ref<const std::string&>().empty()) {
      return member->get<std::string>();
    }
  }
  return {};
}

// A body that is no JSON: shown as it is, unless it is a page that was written for browsers.
std::string PlainText(std::string_view body) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (body.substr(0, kByteOrderMark.size()) == kByteOrderMark) body.remove_prefix(kByteOrderMark.size());
  const absl::string_view text = absl::StripAsciiWhitespace(absl::string_view(body.data(), body.size()));
  return !text.empty() && text.front() == '<' ? std::string() : std::string(text);
}

}  // namespace

std::string ErrorText(const HttpReply& reply) {
  nlohmann::json json(nlohmann::json::value_t::discarded);
  if (reply.body.size() <= kErrorBodyBytesMax) {
    json = nlohmann::json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  }
  std::string text;
  if (json.is_object()) {
    text = MessageOf(json);
  } else if (json.is_string()) {
    text = json.get<std::string>();
  } else if (json.is_discarded()) {
    text = PlainText(reply.body);
  }
  return ScrubUpstreamText(text, reply.secrets, kUpstreamTextBytesMax);
}

}  // namespace session_gateway
