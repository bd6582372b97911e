#include "tests/sandbox/fault_queue.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace session_gateway::sandbox {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kFaultsMax = 64;
constexpr int kCountMax = 1'000'000;
constexpr std::chrono::milliseconds kWaitMax{600'000};
constexpr std::size_t kBytesMax = 1 << 20;

constexpr std::pair<std::string_view, SandboxFaultKind> kKinds[] = {
    {"delay", SandboxFaultKind::kDelay},     {"status", SandboxFaultKind::kStatus},
    {"html", SandboxFaultKind::kHtml},       {"cut", SandboxFaultKind::kCut},
    {"garbage", SandboxFaultKind::kGarbage}, {"raw", SandboxFaultKind::kRaw},
    {"reset", SandboxFaultKind::kReset},
};

// False: not an integer from 0 to max.
template <typename Integer>
bool ReadInteger(const Json& json, Integer max, Integer* out) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > static_cast<std::uint64_t>(max)) return false;
  *out = json.get<Integer>();
  return true;
}

bool ReadString(const Json& json, std::string* out) {
  if (!json.is_string()) return false;
  *out = json.get<std::string>();
  return true;
}

bool ReadHeaders(const Json& json, SandboxFault* fault) {
  if (!json.is_object()) return false;
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) return false;
    fault->headers.emplace_back(name, value.get<std::string>());
  }
  return true;
}

bool ReadMember(std::string_view name, const Json& value, SandboxFault* fault, bool* known) {
  if (name == "kind") {
    const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&value](const auto& row) {
      return value.is_string() && value.get_ref<const std::string&>() == row.first;
    });
    if (kind == std::end(kKinds)) return false;
    fault->kind = kind->second;
    return true;
  }
  if (name == "count") return ReadInteger(value, kCountMax, &fault->count);
  if (name == "method") return ReadString(value, &fault->method);
  if (name == "path") return ReadString(value, &fault->path);
  if (name == "after_bytes") return ReadInteger(value, kBytesMax, &fault->after_bytes);
  if (name == "status") return ReadInteger(value, 999, &fault->status);
  if (name == "body") return ReadString(value, &fault->body);
  if (name == "headers") return ReadHeaders(value, fault);
  if (name == "ms") {
    std::int64_t milliseconds = 0;
    if (!ReadInteger<std::int64_t>(value, kWaitMax.count(), &milliseconds)) return false;
    fault->wait = std::chrono::milliseconds(milliseconds);
    return true;
  }
  if (name == "create") {
    if (!value.is_boolean()) return false;
    fault->create = value.get<bool>();
    return true;
  }
  *known = false;
  return false;
}

bool IsSound(const SandboxFault& fault) {
  if (fault.count < 1 || fault.count > kCountMax) return false;
  if (fault.status != 0 && (fault.status < 200 || fault.status > 999)) return false;
  if (fault.wait.count() < 0 || fault.wait > kWaitMax) return false;
  if (fault.body.size() > kBytesMax || fault.after_bytes > kBytesMax) return false;
  const bool settable = fault.kind == SandboxFaultKind::kGarbage || fault.kind == SandboxFaultKind::kReset ||
                        fault.kind == SandboxFaultKind::kHtml || fault.kind == SandboxFaultKind::kRaw;
  if (fault.create && !settable) return false;
  return fault.create.value_or(true) || fault.kind != SandboxFaultKind::kReset || fault.after_bytes == 0;
}

}  // namespace

std::string_view FaultKindName(SandboxFaultKind kind) {
  for (const auto& [name, value] : kKinds) {
    if (value == kind) return name;
  }
  return "";
}

std::variant<SandboxFault, std::string> ParseFault(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return std::string("a fault is one JSON object");
  if (!parsed.contains("kind")) return std::string("kind: missing");
  SandboxFault fault;
  for (const auto& [name, value] : parsed.items()) {
    bool known = true;
    if (!ReadMember(name, value, &fault, &known)) {
      return name + (known ? ": not a value that it can have" : ": unknown member");
    }
  }
  return fault;
}

bool FaultQueue::Add(SandboxFault fault) {
  if (faults_.size() >= kFaultsMax || !IsSound(fault)) return false;
  faults_.push_back(std::move(fault));
  return true;
}

std::optional<SandboxFault> FaultQueue::Take(std::string_view method, std::string_view path) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!fault->method.empty() && fault->method != method) continue;
    if (path.find(fault->path) == std::string_view::npos) continue;
    SandboxFault taken = *fault;
    if (--fault->count == 0) faults_.erase(fault);
    return taken;
  }
  return std::nullopt;
}

}  // namespace session_gateway::sandbox
