#include "server/config_assign.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "server/config_values.h"

namespace session_gateway {
namespace {

std::string FormatNumber(KeyKind kind, std::int64_t number) {
  if (kind == KeyKind::kDuration) return FormatDuration(std::chrono::milliseconds(number));
  if (kind == KeyKind::kSize) return FormatSize(number);
  return std::to_string(number);
}

std::optional<std::int64_t> ParseNumber(KeyKind kind, std::string_view text) {
  if (kind == KeyKind::kSize) return ParseSizeText(text);
  if (kind == KeyKind::kCount) return ParseCountText(text);
  if (const auto duration = ParseDurationText(text)) return duration->count();
  return std::nullopt;
}

std::string_view NumberForm(KeyKind kind) {
  if (kind == KeyKind::kSize) return "a whole number of bytes, or one with KiB or MiB, such as 64KiB";
  if (kind == KeyKind::kCount) return "a whole number";
  return "a number and its unit ms, s, m or h, such as 30s, in whole milliseconds";
}

std::optional<std::string> AssignNumber(const ConfigKey& key, std::string_view text, Config& config) {
  const auto number = ParseNumber(key.kind, text);
  if (!number) return std::string("must be ").append(NumberForm(key.kind));
  if (*number < key.min || *number > key.max) {
    return "must be from " + FormatNumber(key.kind, key.min) + " to " + FormatNumber(key.kind, key.max);
  }
  const ConfigSlot slot = key.slot(config);
  if (auto* const* duration = std::get_if<std::chrono::milliseconds*>(&slot)) {
    **duration = std::chrono::milliseconds(*number);
  } else if (auto* const* size = std::get_if<std::size_t*>(&slot)) {
    **size = static_cast<std::size_t>(*number);
  } else {
    *std::get<int*>(slot) = static_cast<int>(*number);
  }
  return std::nullopt;
}

std::optional<std::string> AssignChoice(const ConfigKey& key, std::string_view text, Config& config) {
  if (!key.unavailable_choice.empty() && text == key.unavailable_choice) {
    return std::string(text).append(" is not available in this version");
  }
  const auto found = std::find(key.choices.begin(), key.choices.end(), text);
  if (found == key.choices.end()) {
    std::string rule = "must be ";
    for (const std::string_view choice : key.choices) {
      if (choice != key.choices.front()) rule += " or ";
      rule += choice;
    }
    return rule;
  }
  const ConfigSlot slot = key.slot(config);
  if (auto* const* plaintext = std::get_if<ListenPlaintext*>(&slot)) {
    **plaintext = static_cast<ListenPlaintext>(found - key.choices.begin());
  }
  return std::nullopt;
}

std::optional<std::string> AssignText(const ConfigKey& key, std::string_view text, Config& config) {
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return "must not hold control characters";
  }
  const auto size = static_cast<std::int64_t>(text.size());
  if (size < key.min || size > key.max) {
    return "must be " + std::to_string(key.min) + " to " + std::to_string(key.max) + " bytes long";
  }
  *std::get<std::string*>(key.slot(config)) = text;
  return std::nullopt;
}

std::optional<std::string> AssignAddress(const ConfigKey& key, std::string_view text, Config& config) {
  auto parsed = ParseHostPort(text, PortZero::kAllowed);
  if (auto* problem = std::get_if<std::string>(&parsed)) return std::move(*problem);
  *std::get<HostPort*>(key.slot(config)) = std::get<HostPort>(std::move(parsed));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> AssignScalar(const ConfigKey& key, std::string_view text, Config& config) {
  switch (key.kind) {
    case KeyKind::kAddress:
      return AssignAddress(key, text, config);
    case KeyKind::kChoice:
      return AssignChoice(key, text, config);
    case KeyKind::kDuration:
    case KeyKind::kCount:
    case KeyKind::kSize:
      return AssignNumber(key, text, config);
    case KeyKind::kText:
      return AssignText(key, text, config);
    case KeyKind::kUnavailable:
      return "has no effect and must be removed: " + std::string(key.doc);
    case KeyKind::kEndpoints:
      break;
  }
  return "must be a list";
}

std::variant<Endpoint, std::string> ParseUpstreamEndpoint(std::string_view text) {
  auto parsed = ParseEndpoint(text);
  const auto* endpoint = std::get_if<Endpoint>(&parsed);
  if (endpoint != nullptr && endpoint->scheme == "https") {
    return "https is not available: this version has no TLS to an upstream";
  }
  return parsed;
}

std::string FormatScalar(const ConfigKey& key, const Config& config) {
  if (key.kind == KeyKind::kUnavailable || key.kind == KeyKind::kEndpoints) return "";
  Config copy = config;  // a slot is writable
  const ConfigSlot slot = key.slot(copy);
  if (const auto* const* address = std::get_if<HostPort*>(&slot))
    return JoinHostPort((*address)->host, (*address)->port);
  if (const auto* const* plaintext = std::get_if<ListenPlaintext*>(&slot)) {
    return std::string(key.choices[static_cast<std::size_t>(**plaintext)]);
  }
  if (const auto* const* duration = std::get_if<std::chrono::milliseconds*>(&slot))
    return FormatDuration(**duration);
  if (const auto* const* number = std::get_if<std::size_t*>(&slot)) {
    return FormatNumber(key.kind, static_cast<std::int64_t>(**number));
  }
  if (const auto* const* number = std::get_if<int*>(&slot)) return FormatNumber(key.kind, **number);
  if (const auto* const* text = std::get_if<std::string*>(&slot)) return **text;
  return std::string(key.choices.front());
}

std::string DescribeType(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::kAddress:
      return "address";
    case KeyKind::kChoice:
      return "word";
    case KeyKind::kDuration:
      return "duration";
    case KeyKind::kCount:
      return "count";
    case KeyKind::kSize:
      return "size";
    case KeyKind::kEndpoints:
      return "list of endpoints";
    case KeyKind::kText:
      return "text";
    case KeyKind::kUnavailable:
      break;
  }
  return "refused";
}

std::string DescribeDefault(const ConfigKey& key) {
  if (key.required) return "required";
  if (key.kind == KeyKind::kUnavailable) return "none";
  Config defaults;
  defaults.symphony.emplace();
  defaults.qlik.emplace();
  return "`" + FormatScalar(key, defaults) + "`";
}

std::string DescribeRange(const ConfigKey& key) {
  if (key.kind == KeyKind::kUnavailable) return "none";
  if (key.kind == KeyKind::kChoice) {
    std::string range;
    for (const std::string_view choice : key.choices) {
      if (!range.empty()) range += ", ";
      range.append("`").append(choice).append("`");
    }
    return range;
  }
  const std::string bounds = FormatNumber(key.kind, key.min) + " to " + FormatNumber(key.kind, key.max);
  if (key.kind == KeyKind::kAddress) return "host:port, port " + bounds;
  if (key.kind == KeyKind::kText) return bounds + " bytes, no control characters";
  if (key.kind == KeyKind::kEndpoints) return bounds + ", no two alike";
  return bounds;
}

}  // namespace session_gateway
