#include "tests/server/answer_readers.h"

#include "server/upstream/http_answer.h"
#include "server/upstream/httplib_reader.h"

namespace session_gateway {
namespace {

// All that a reader says in the end.
struct Said {
  int state = 0;
  bool started = false;
  bool header_done = false;
  bool reusable = false;
  std::string fault;
  int fault_status = 0;
  HttpReply reply;
  bool agreed = true;  // the library made of it what its gate said

  std::string Text() const {
    std::string text = (agreed ? "state " : "DISAGREED state ") + std::to_string(state) + " started " +
                       std::to_string(started) + " header " + std::to_string(header_done) + " reusable " +
                       std::to_string(reusable) + " fault " + fault + " " + std::to_string(fault_status) +
                       " status " + std::to_string(reply.status) + " body " +
                       std::to_string(static_cast<int>(reply.body_state)) + " " + reply.body;
    for (const HttpHeader& header : reply.headers) text += "\n" + header.name + "=" + header.value;
    return text;
  }
};

Said ByParser(const EngineLimits& limits, const WireBytes& wire) {
  AnswerParser parser(limits);
  for (const std::string& piece : wire.pieces) parser.Feed(piece);
  if (wire.end == WireEnd::kGoodOrder) parser.FeedEnd();
  if (wire.end == WireEnd::kLoss) parser.FeedLoss();
  Said said{static_cast<int>(parser.state()),
            parser.started(),
            parser.header_done(),
            parser.reusable(),
            std::string(parser.fault()),
            parser.fault_status(),
            {}};
  if (parser.state() == AnswerParser::State::kReply) said.reply = parser.TakeReply();
  return said;
}

class WireSource final : public AnswerSource {
 public:
  WireSource(const EngineLimits& limits, const WireBytes& wire) : gate_(limits), wire_(wire) {}

  bool Pull() override {
    if (next_ < wire_.pieces.size()) {
      gate_.Feed(wire_.pieces[next_++]);
      return true;
    }
    if (ended_ || wire_.end == WireEnd::kNone) return false;
    ended_ = true;
    wire_.end == WireEnd::kGoodOrder ? gate_.FeedEnd() : gate_.FeedLoss();
    return true;
  }
  AnswerGate& gate() override { return gate_; }
  void TakeBody(std::string_view piece) override { body += piece; }

  // What the library leaves behind an answer is looked at by whoever keeps the connection.
  void PullAll() {
    while (Pull()) {
    }
  }
  std::string body;

 private:
  AnswerGate gate_;
  const WireBytes& wire_;
  std::size_t next_ = 0;
  bool ended_ = false;
};

Said ByHttplib(const EngineLimits& limits, const WireBytes& wire) {
  WireSource source(limits, wire);
  HttplibReader reader;
  const bool agreed = reader.Read(source);
  source.PullAll();
  const AnswerGate& gate = source.gate();
  Said said{static_cast<int>(gate.state()),
            gate.started(),
            gate.header_done(),
            gate.reusable(),
            std::string(gate.fault()),
            gate.fault_status(),
            {}};
  if (gate.state() == AnswerGate::State::kReply) {
    said.reply.status = gate.status();
    said.reply.headers = gate.headers();
    said.reply.body = source.body;
    said.reply.body_state = gate.body_state();
  }
  said.agreed = agreed;
  return said;
}

// What the other says already, the parser says when it has seen more.
bool IsFoundLater(const EngineLimits& limits, const WireBytes& wire, const Said& second) {
  WireBytes more = wire;
  more.pieces.emplace_back("x\"xxxx");
  more.end = WireEnd::kNone;
  return second.reply.body_state == BodyState::kMalformed && ByParser(limits, more).Text() == second.Text();
}

}  // namespace

std::string Disagreement(const EngineLimits& limits, const WireBytes& wire) {
  const Said first = ByParser(limits, wire);
  const Said second = ByHttplib(limits, wire);
  if (first.Text() == second.Text()) return {};
  const bool is_open = first.state == static_cast<int>(AnswerParser::State::kReading) ||
                       first.reply.body_state == BodyState::kCut;
  if (first.header_done && is_open && IsFoundLater(limits, wire, second)) return {};
  return "one says: " + first.Text() + "\nthe other:  " + second.Text();
}

}  // namespace session_gateway
