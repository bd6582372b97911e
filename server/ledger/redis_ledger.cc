#include "server/ledger/redis_ledger.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "server/ledger/redis_error.h"

namespace session_gateway {
namespace {

using End = RedisOutcome::End;

constexpr std::string_view kVersion = "version";

std::string Hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// Names this process among all that use the same Redis.
std::string MakeHolderPrefix(Random& random) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(random.Next());
  return Hex(bytes) + "-";
}

std::string VersionProblem(const RedisReply& reply) {
  const std::string_view version = reply.TextAt(1);
  if (version.empty()) return "a key of the ledger holds what no gateway wrote";
  return "the entry was written by a newer gateway, in a form that is not known here";
}

std::optional<std::uint64_t> Token(std::string_view text) {
  std::uint64_t token = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return token;
}

ClaimResult ReadError(const RedisReply& reply) {
  RedisError error = ExplainRedisError(reply.text);
  if (error.kind == RedisErrorKind::kFull) return LedgerFull{};
  return LedgerUnreachable{std::move(error.text)};
}

}  // namespace

// Claims to give back once Redis can be used again. Bound: as many as operations may be under way; beyond it
// the oldest are left to their leases.
struct RedisLedger::Returns {
  struct Claim {
    std::string key;
    std::string holder;
  };

  void Add(Claim claim) {
    if (waiting.size() >= claims_max) waiting.pop_front();
    waiting.push_back(std::move(claim));
  }

  static void Send(const std::shared_ptr<Returns>& self, Claim claim) {
    if (self->client == nullptr) return;
    const std::array<std::string_view, 1> keys = {claim.key};
    const std::array<std::string_view, 1> values = {claim.holder};
    // The copy is made before the call, which may tell its end at once.
    RedisLateEnd end = [self, claim](const RedisReply* reply) {
      if (reply == nullptr) self->Add(claim);
    };
    self->client->Post(RedisScript::kGiveBack, keys, values, std::move(end));
  }

  static void SendAll(const std::shared_ptr<Returns>& self) {
    for (Claim& claim : std::exchange(self->waiting, {})) Send(self, std::move(claim));
  }

  std::size_t claims_max = 0;
  std::deque<Claim> waiting;
  RedisClient* client = nullptr;  // until the ledger is closed
};

RedisLedger::RedisLedger(const RedisConfig& config, std::chrono::milliseconds retention, Loop& loop,
                         const Clock& clock, Random& random, Secret password, RedisClient::Report report)
    : clock_(clock),
      lease_(config.lease),
      lease_text_(std::to_string(config.lease.count())),
      retention_text_(std::to_string(retention.count())),
      running_retention_text_(std::to_string((retention + config.lease).count())),
      prefix_(config.prefix + "once:"),
      token_key_(config.prefix + "token"),
      holder_prefix_(MakeHolderPrefix(random)),
      client_(config, loop, clock, random, std::move(password), std::move(report)),
      returns_(std::make_shared<Returns>()) {
  returns_->claims_max = config.operations;
  returns_->client = &client_;
  client_.OnUsable([returns = returns_] { Returns::SendAll(returns); });
}

RedisLedger::~RedisLedger() { Close(); }

void RedisLedger::Close() {
  returns_->client = nullptr;
  client_.Close();
}

RedisLateEnd RedisLedger::GiveBackLater(const std::string& key, const std::string& holder) {
  return [returns = returns_, key, holder](const RedisReply* reply) {
    // Whatever else came, no claim was made.
    if (reply != nullptr && reply->TextAt(0) != "claimed") return;
    if (reply != nullptr) return Returns::Send(returns, {key, holder});
    returns->Add({key, holder});
  };
}

Task<ClaimResult> RedisLedger::Claim(const std::string& key, const ContentHash& content,
                                     CallContext& context) {
  const std::string name = prefix_ + key;
  const std::string content_text = Hex(content);
  const std::string holder = holder_prefix_ + std::to_string(++claims_);
  const std::array<std::string_view, 2> keys = {name, token_key_};
  const std::array<std::string_view, 4> values = {content_text, holder, lease_text_, running_retention_text_};
  const Duration lease = lease_;
  const RedisLateEnd give_back = GiveBackLater(name, holder);
  RedisOutcome outcome = co_await client_.Run(RedisScript::kClaim, keys, values, &context,
                                              RedisClient::Priority::kBegin, give_back);
  if (outcome.end != End::kAnswered) co_return LedgerUnreachable{std::move(outcome.problem)};
  const RedisReply& reply = outcome.reply;
  if (reply.IsError()) co_return ReadError(reply);
  const std::string_view what = reply.TextAt(0);
  if (what == "claimed") {
    const std::optional<std::uint64_t> token = Token(reply.TextAt(1));
    if (token && context.stopped() == StopReason::kNone) {
      co_return LedgerClaim{key, *token, outcome.asked + lease, content};
    }
    give_back(&reply);
    co_return LedgerUnreachable{token ? "the call has ended" : "Redis answered without a token"};
  }
  if (what == "running") co_return LedgerRunning{};
  if (what == "other") co_return LedgerOtherContent{};
  if (what == "ended" && reply.elements.size() == 2) {
    co_return LedgerEnded{std::move(outcome.reply.elements[1].text)};
  }
  if (what == "died") co_return LedgerDied{};
  if (what == kVersion) co_return LedgerUnreachable{VersionProblem(reply)};
  co_return LedgerUnreachable{"Redis answered what no script of the ledger says"};
}

Task<LedgerWrite> RedisLedger::Write(RedisScript script, const std::string& key,
                                     std::span<const std::string_view> values) {
  const std::string name = prefix_ + key;
  const std::array<std::string_view, 1> keys = {name};
  const RedisOutcome outcome =
      co_await client_.Run(script, keys, values, nullptr, RedisClient::Priority::kEnd, nullptr);
  if (outcome.end != End::kAnswered || outcome.reply.IsError()) co_return LedgerWrite::kUnreachable;
  const std::string_view what = outcome.reply.TextAt(0);
  if (what == "done") co_return LedgerWrite::kDone;
  co_return what == "lost" ? LedgerWrite::kLost : LedgerWrite::kUnreachable;
}

Task<LedgerWrite> RedisLedger::Renew(LedgerClaim& claim) {
  const TimePoint asked = clock_.Now();
  const std::string token = std::to_string(claim.fencing_token);
  const std::string content = Hex(claim.content);
  const std::array<std::string_view, 5> values = {token, content, lease_text_, running_retention_text_,
                                                  asked < claim.lease_end ? "1" : "0"};
  const LedgerWrite written = co_await Write(RedisScript::kRenew, claim.key, values);
  if (written == LedgerWrite::kDone) claim.lease_end = asked + lease_;
  co_return written;
}

Task<LedgerWrite> RedisLedger::Remember(const LedgerClaim& claim, std::string ending) {
  if (ending.size() > kRedisEndingBytesMax) co_return LedgerWrite::kUnreachable;
  const std::string token = std::to_string(claim.fencing_token);
  const std::string content = Hex(claim.content);
  const std::array<std::string_view, 4> values = {token, content, retention_text_, ending};
  co_return co_await Write(RedisScript::kRemember, claim.key, values);
}

Task<LedgerWrite> RedisLedger::Forget(const LedgerClaim& claim) {
  const std::string token = std::to_string(claim.fencing_token);
  const std::array<std::string_view, 1> values = {token};
  co_return co_await Write(RedisScript::kForget, claim.key, values);
}

Task<LedgerWrite> RedisLedger::Amend(const std::string& key, const ContentHash& content, std::string ending) {
  if (ending.size() > kRedisEndingBytesMax) co_return LedgerWrite::kUnreachable;
  const std::string content_text = Hex(content);
  const std::array<std::string_view, 3> values = {content_text, retention_text_, ending};
  co_return co_await Write(RedisScript::kAmend, key, values);
}

}  // namespace session_gateway
