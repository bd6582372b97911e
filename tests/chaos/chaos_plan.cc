#include "tests/chaos/chaos_plan.h"

#include <array>
#include <charconv>
#include <random>
#include <utility>

namespace session_gateway {
namespace {

template <typename Value>
struct Named {
  std::string_view name;
  Value value;
};

constexpr std::array<Named<ChaosAccept>, 5> kAccepts = {{{"forward", ChaosAccept::kForward},
                                                         {"reset", ChaosAccept::kReset},
                                                         {"close", ChaosAccept::kClose},
                                                         {"ignore", ChaosAccept::kIgnore},
                                                         {"swallow", ChaosAccept::kSwallow}}};
constexpr std::array<Named<ChaosEnd>, 5> kEnds = {{{"close", ChaosEnd::kClose},
                                                   {"reset", ChaosEnd::kReset},
                                                   {"half", ChaosEnd::kHalfClose},
                                                   {"stall", ChaosEnd::kStall},
                                                   {"drop", ChaosEnd::kDrop}}};

template <typename Table, typename Value>
bool FromName(const Table& table, std::string_view name, Value& value) {
  for (const auto& row : table) {
    if (row.name != name) continue;
    value = row.value;
    return true;
  }
  return false;
}

template <typename Table, typename Value>
std::string NameOf(const Table& table, Value value) {
  for (const auto& row : table) {
    if (row.value == value) return std::string(row.name);
  }
  return {};
}

template <typename Number>
bool ReadNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadMilliseconds(std::string_view text, std::chrono::milliseconds& time) {
  std::uint32_t count = 0;
  if (!ReadNumber(text, count)) return false;
  time = std::chrono::milliseconds(count);
  return true;
}

std::pair<std::string_view, std::string_view> SplitAt(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

// `reset@17` or `stall@record:2+5`
bool ReadEnd(std::string_view text, ChaosDirection& direction) {
  constexpr std::string_view kRecord = "record:";
  const auto [end, place] = SplitAt(text, '@');
  if (!FromName(kEnds, end, direction.end)) return false;
  if (!place.starts_with(kRecord)) return ReadNumber(place, direction.end_after.emplace());
  const auto [record, bytes] = SplitAt(place.substr(kRecord.size()), '+');
  ChaosRecordPoint& point = direction.end_at_record.emplace();
  return ReadNumber(record, point.record) && ReadNumber(bytes, point.bytes);
}

bool ReadDirection(std::string_view key, std::string_view value, ChaosDirection& direction) {
  if (key == "delay") return ReadMilliseconds(value, direction.delay);
  if (key == "end") return ReadEnd(value, direction);
  if (key != "drip") return false;
  const auto [bytes, interval] = SplitAt(value, '/');
  return ReadNumber(bytes, direction.drip_bytes) && ReadMilliseconds(interval, direction.drip_interval);
}

std::string DescribeDirection(const std::string& name, const ChaosDirection& direction) {
  std::string text;
  if (direction.delay.count() > 0) text += " " + name + ".delay=" + std::to_string(direction.delay.count());
  if (direction.drip_bytes > 0) {
    text += " " + name + ".drip=" + std::to_string(direction.drip_bytes) + "/" +
            std::to_string(direction.drip_interval.count());
  }
  const std::string end = " " + name + ".end=" + NameOf(kEnds, direction.end) + "@";
  if (direction.end_after) text += end + std::to_string(*direction.end_after);
  if (direction.end_at_record) {
    text += end + "record:" + std::to_string(direction.end_at_record->record) + "+" +
            std::to_string(direction.end_at_record->bytes);
  }
  return text;
}

// The standard's engine gives the same numbers everywhere; its distributions do not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t Below(std::uint64_t bound) { return bound == 0 ? 0 : engine_() % bound; }
  double Share() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

  ChaosPlan Plan(const ChaosMix& mix) {
    ChaosPlan plan;
    double share = Share();
    const auto falls = [&share](double part) { return (share -= part) < 0; };
    if (falls(mix.refuse)) {
      plan.accept = Below(2) == 0 ? ChaosAccept::kReset : ChaosAccept::kClose;
    } else if (falls(mix.black_hole)) {
      plan.accept = Below(2) == 0 ? ChaosAccept::kIgnore : ChaosAccept::kSwallow;
    } else if (falls(mix.delay)) {
      const auto bound = static_cast<std::uint64_t>(mix.delay_max.count()) + 1;
      plan.request.delay = std::chrono::milliseconds(Below(bound));
      plan.answer.delay = std::chrono::milliseconds(Below(bound));
    } else if (falls(mix.drip)) {
      for (ChaosDirection* direction : {&plan.request, &plan.answer}) {
        direction->drip_bytes = 16 + Below(128);
        direction->drip_interval = std::chrono::milliseconds(1 + Below(4));
      }
    } else if (falls(mix.cut_request)) {
      Cut(mix.request_bytes_max, plan.request);
    } else if (falls(mix.cut_answer)) {
      Cut(mix.answer_bytes_max, plan.answer);
    } else if (falls(mix.stall)) {
      const bool is_request = Below(2) == 0;
      ChaosDirection& direction = is_request ? plan.request : plan.answer;
      direction.end_after = Below(is_request ? mix.request_bytes_max : mix.answer_bytes_max);
      direction.end = Below(2) == 0 ? ChaosEnd::kStall : ChaosEnd::kDrop;
    } else if (mix.life_bytes_max > 0) {
      plan.answer.end_after = Below(mix.life_bytes_max);
    }
    return plan;
  }

 private:
  void Cut(std::uint64_t bytes_max, ChaosDirection& direction) {
    constexpr std::array<ChaosEnd, 3> kCuts = {ChaosEnd::kClose, ChaosEnd::kReset, ChaosEnd::kHalfClose};
    direction.end_after = Below(bytes_max);
    direction.end = kCuts[Below(kCuts.size())];
  }

  std::mt19937_64 engine_;
};

}  // namespace

ChaosMix EvenMix(double faulty) {
  const double part = faulty / 7;
  ChaosMix mix;
  mix.refuse = mix.black_hole = mix.delay = mix.drip = mix.cut_request = mix.cut_answer = mix.stall = part;
  return mix;
}

ChaosChooser RandomPlans(std::uint64_t seed, const ChaosMix& mix) {
  return [dice = Dice(seed), mix](int) mutable { return dice.Plan(mix); };
}

std::variant<ChaosPlan, std::string> ParsePlan(std::string_view text) {
  ChaosPlan plan;
  while (!text.empty()) {
    const auto [word, rest] = SplitAt(text, ' ');
    text = rest;
    if (word.empty()) continue;
    const auto [key, value] = SplitAt(word, '=');
    const auto [direction, what] = SplitAt(key, '.');
    bool is_good = false;
    if (key == "accept") {
      is_good = FromName(kAccepts, value, plan.accept);
    } else if (key == "upstream") {
      is_good =
          ReadNumber(value, plan.upstream_port) && plan.upstream_port >= 0 && plan.upstream_port <= 65535;
    } else if (direction == "request") {
      is_good = ReadDirection(what, value, plan.request);
    } else if (direction == "answer") {
      is_good = ReadDirection(what, value, plan.answer);
    }
    if (!is_good) return "not understood: " + std::string(word);
  }
  return plan;
}

std::string DescribePlan(const ChaosPlan& plan) {
  std::string text = "accept=" + NameOf(kAccepts, plan.accept) + DescribeDirection("request", plan.request) +
                     DescribeDirection("answer", plan.answer);
  if (plan.upstream_port != 0) text += " upstream=" + std::to_string(plan.upstream_port);
  return text;
}

}  // namespace session_gateway
