#include "server/ledger/redis_scripts.h"

namespace session_gateway {
namespace {

// A record: one line of version, state, fencing token, holder, end of the lease (milliseconds by the clock of
// Redis), and content; behind it the ending. `held` is the record of KEYS[1], nil where there is none. One of
// a version that this gateway does not know is refused before anything else is looked at.
constexpr std::string_view kRead = R"(
local held = redis.call('GET', KEYS[1])
local state, token, holder, lease, content, ending
if held then
  local version = string.match(held, '^v(%d+) ')
  if version ~= '1' then return {'version', version or ''} end
  state, token, holder, lease, content, ending =
    string.match(held, '^v1 (%a+) (%d+) (%S+) (%d+) (%x+)\n()')
  if not state then return {'version', ''} end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function write(new_state, new_token, new_holder, new_lease, new_content, new_ending, keep)
  local head = {'v1', new_state, new_token, new_holder, string.format('%.0f', new_lease), new_content}
  redis.call('SET', KEYS[1], table.concat(head, ' ') .. '\n' .. new_ending, 'PX', keep)
end
)";

// KEYS: the record, the newest token. ARGV: content, holder, lease, how long to keep. A token is the time in
// microseconds, or one more than the newest: so it grows, and goes on growing where Redis lost its data.
constexpr std::string_view kClaim = R"(
if held then
  if content ~= ARGV[1] then return {'other'} end
  if state == 'ended' then return {'ended', string.sub(held, ending)} end
  if tonumber(lease) > now then return {'running'} end
  return {'died'}
end
local newest = tonumber(redis.call('GET', KEYS[2]) or '0')
local next_token = math.max(time[1] * 1000000 + time[2], newest + 1)
local text = string.format('%.0f', next_token)
redis.call('SET', KEYS[2], text)
write('running', text, ARGV[2], now + ARGV[3], ARGV[1], '', ARGV[4])
return {'claimed', text}
)";

// ARGV: token, content, lease, how long to keep, whether the holder's own clock says that it still holds. A
// record that is not there was lost by Redis, and nobody came after it: it is written again.
constexpr std::string_view kRenew = R"(
if held then
  if token ~= ARGV[1] or state ~= 'running' or tonumber(lease) <= now then return {'lost'} end
elseif ARGV[5] ~= '1' then
  return {'lost'}
end
write('running', ARGV[1], holder or '-', now + ARGV[3], ARGV[2], '', ARGV[4])
return {'done'}
)";

// ARGV: token, content, how long to keep, ending.
constexpr std::string_view kRemember = R"(
if held and token ~= ARGV[1] then return {'lost'} end
write('ended', ARGV[1], holder or '-', 0, ARGV[2], ARGV[4], ARGV[3])
return {'done'}
)";

// ARGV: token.
constexpr std::string_view kForget = R"(
if not held or token ~= ARGV[1] or state ~= 'running' then return {'lost'} end
redis.call('DEL', KEYS[1])
return {'done'}
)";

// ARGV: holder. Of a claim whose answer never came, so that its token is not known.
constexpr std::string_view kGiveBack = R"(
if not held or holder ~= ARGV[1] or state ~= 'running' then return {'lost'} end
redis.call('DEL', KEYS[1])
return {'done'}
)";

// ARGV: content, how long to keep, ending. Of what has ended, or whose holder died. The token stays, so that
// a holder that was only slow can still say how it ended.
constexpr std::string_view kAmend = R"(
if not held or content ~= ARGV[1] then return {'lost'} end
if state == 'running' and tonumber(lease) > now then return {'lost'} end
write('ended', token, holder, 0, content, ARGV[3], ARGV[2])
return {'done'}
)";

constexpr std::string_view kMayExceedMemory = "#!lua flags=allow-oom\n";
constexpr int kFlagsSince = 7;

std::string_view Deed(RedisScript script) {
  switch (script) {
    case RedisScript::kClaim:
      return kClaim;
    case RedisScript::kRenew:
      return kRenew;
    case RedisScript::kRemember:
      return kRemember;
    case RedisScript::kForget:
      return kForget;
    case RedisScript::kGiveBack:
      return kGiveBack;
    case RedisScript::kAmend:
      return kAmend;
  }
  return {};
}

}  // namespace

std::string RedisScriptText(RedisScript script, int redis_major) {
  std::string text;
  if (redis_major >= kFlagsSince && script != RedisScript::kClaim) text = kMayExceedMemory;
  return text.append(kRead).append(Deed(script));
}

}  // namespace session_gateway
