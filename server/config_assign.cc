#include "server/config_assign.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "server/config_texts.h"
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
  const auto found = std::find(key.choices.begin(), key.choices.end(), text);
  if (found == key.choices.end()) {
    std::string rule = "must be ";
    for (const std::string_view choice : key.choices) {
      if (choice != key.choices.front()) rule += choice == key.choices.back() ? " or " : ", ";
      rule += choice;
    }
    return rule;
  }
  std::visit(
      [place = found - key.choices.begin()](auto* slot) {
        using Value = std::remove_pointer_t<decltype(slot)>;
        if constexpr (std::is_enum_v<Value>) *slot = static_cast<Value>(place);
      },
      key.slot(config));
  return std::nullopt;
}

std::optional<std::string> AssignText(const ConfigKey& key, std::string_view text, Config& config) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (size < key.min || size > key.max) {
    return "must be " + std::to_string(key.min) + " to " + std::to_string(key.max) + " bytes long";
  }
  if (auto rule = CheckText(key.kind, text)) return rule;
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
  if (IsText(key.kind)) return AssignText(key, text, config);
  if (key.kind == KeyKind::kAddress) return AssignAddress(key, text, config);
  if (key.kind == KeyKind::kChoice) return AssignChoice(key, text, config);
  if (key.kind == KeyKind::kEndpoints) return "must be a list";
  return AssignNumber(key, text, config);
}

std::string FormatScalar(const ConfigKey& key, const Config& config) {
  Config copy = config;  // a slot is writable
  return std::visit(
      [&key](auto* slot) -> std::string {
        using Value = std::remove_pointer_t<decltype(slot)>;
        if constexpr (std::is_enum_v<Value>) {
          return std::string(key.choices[static_cast<std::size_t>(*slot)]);
        } else if constexpr (std::is_same_v<Value, HostPort>) {
          return JoinHostPort(slot->host, slot->port);
        } else if constexpr (std::is_same_v<Value, std::chrono::milliseconds>) {
          return FormatDuration(*slot);
        } else if constexpr (std::is_integral_v<Value>) {
          return FormatNumber(key.kind, static_cast<std::int64_t>(*slot));
        } else if constexpr (std::is_same_v<Value, std::string>) {
          return *slot;
        } else {
          return "";
        }
      },
      key.slot(copy));
}

std::string DescribeType(const ConfigKey& key) {
  if (IsText(key.kind)) return std::string(DescribeTextType(key.kind));
  if (key.kind == KeyKind::kAddress) return "address";
  if (key.kind == KeyKind::kChoice) return "word";
  if (key.kind == KeyKind::kDuration) return "duration";
  if (key.kind == KeyKind::kCount) return "count";
  if (key.kind == KeyKind::kSize) return "size";
  return "list of endpoints";
}

std::string DescribeDefault(const ConfigKey& key) {
  if (key.required == &kRequiredAlways) return "required";
  Config defaults;
  defaults.symphony.emplace();
  defaults.qlik.emplace();
  const std::string value = FormatScalar(key, defaults);
  return value.empty() ? "none" : "`" + value + "`";
}

std::string DescribeRange(const ConfigKey& key) {
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
  if (IsText(key.kind)) return (bounds + " bytes, ").append(DescribeTextRange(key.kind));
  if (key.kind == KeyKind::kEndpoints) return bounds + ", no two alike";
  return bounds;
}

}  // namespace session_gateway
