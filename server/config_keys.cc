#include "server/config_keys.h"

#include <algorithm>
#include <iterator>

#include "server/config_keys_program.h"
#include "server/config_keys_qlik.h"
#include "server/config_keys_redis.h"
#include "server/config_keys_symphony.h"

namespace session_gateway {
namespace {

template <std::size_t... sizes>
constexpr std::array<ConfigKey, (sizes + ...)> Joined(const ConfigKey (&... parts)[sizes]) {
  std::array<ConfigKey, (sizes + ...)> all{};
  auto end = all.begin();
  ((end = std::copy(std::begin(parts), std::end(parts), end)), ...);
  return all;
}

constexpr auto kKeys = Joined(config_keys::kProgramKeys, config_keys::kRedisKeys, config_keys::kLimitKeys,
                              config_keys::kSymphonyKeys, config_keys::kQlikKeys);

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

const ConfigKey* FindConfigKey(std::string_view path) {
  const auto found =
      std::find_if(kKeys.begin(), kKeys.end(), [path](const ConfigKey& key) { return key.path == path; });
  return found == kKeys.end() ? nullptr : &*found;
}

bool IsConfigSection(std::string_view path) {
  return std::any_of(kKeys.begin(), kKeys.end(), [path](const ConfigKey& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

bool IsConfigured(const Config& config, const ConfigKey& key) {
  if (key.path.starts_with("symphony.")) return config.symphony.has_value();
  if (key.path.starts_with("qlik.")) return config.qlik.has_value();
  return true;
}

bool HasEffect(const Config& config, const ConfigKey& key) {
  return std::all_of(key.effect.begin(), key.effect.end(), [&config](const KeyCondition* condition) {
    return condition == nullptr || condition->holds(config);
  });
}

bool IsText(KeyKind kind) {
  switch (kind) {
    case KeyKind::kText:
    case KeyKind::kFile:
    case KeyKind::kVariable:
    case KeyKind::kHost:
    case KeyKind::kHeader:
    case KeyKind::kCookie:
    case KeyKind::kPath:
      return true;
    case KeyKind::kAddress:
    case KeyKind::kChoice:
    case KeyKind::kDuration:
    case KeyKind::kCount:
    case KeyKind::kSize:
    case KeyKind::kEndpoints:
      break;
  }
  return false;
}

}  // namespace session_gateway
