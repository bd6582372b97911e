#include <deque>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/sandbox/api.h"
#include "tests/sandbox/body_judge.h"
#include "tests/sandbox/symphony_logon.h"

namespace session_gateway::sandbox {
namespace {

constexpr std::string_view kBasePath = "/platform/rest/symrest/v1/";
constexpr std::string_view kPath = "/platform/rest/symrest/v1/clientapi/session";
constexpr std::string_view kQueryNames[] = {"applicationName", "clusterId", "csrftoken"};

class SymphonyApi : public Api {
 public:
  explicit SymphonyApi(const SandboxOptions& options)
      : schema_(SymphonySessionRows(), options.symphony_extras),
        csrf_token_(options.csrf_token),
        rows_max_(options.rows_max) {
    if (options.symphony_logon) logon_.emplace(options, kBasePath);
    std::mt19937_64 random(options.seed);
    next_id_ = std::uniform_int_distribution<std::uint64_t>(1'000'000, 900'000'000)(random);
  }

  std::variant<Refusal, Accepted> Judge(const ReceivedRequest& request, Door) override {
    if (logon_) {
      if (auto judged = logon_->Judge(request)) return *std::move(judged);
    }
    const Target target = SplitTarget(request.target);
    if (target.path != kPath) return Refusal{404, "path " + std::string(target.path) + ": unknown"};
    if (request.method != "POST")
      return Refusal{405, "method " + request.method + ": not served here", "POST"};
    if (Checked wrong = CheckMedia(request, true)) return *wrong;
    auto parsed = ParseQuery(target.query, kQueryNames);
    if (auto* wrong = std::get_if<Refusal>(&parsed)) return *wrong;
    Query query = std::get<Query>(std::move(parsed));
    if (!query.contains("applicationName")) return Refusal{400, "query parameter applicationName: missing"};
    if (query["applicationName"].empty()) return Refusal{400, "query parameter applicationName: empty"};
    const auto admit = logon_ ? AskLogon(request, query) : AskToken(query);
    if (auto* wrong = std::get_if<Refusal>(&admit)) return *wrong;
    const std::string problem = CheckBody(schema_, request.body);
    if (!problem.empty()) return Refusal{400, "body " + problem};
    return Accepted{true,
                    [this, application = query["applicationName"], cluster = query["clusterId"],
                     body = request.body] { return Create(application, cluster, body); },
                    std::get<Admit>(admit)};
  }

  std::vector<std::string> Rows() const override { return {rows_.begin(), rows_.end()}; }
  void Clear() override {
    rows_.clear();
    if (logon_) logon_->ForgetCounts();
  }
  void AddCounts(SandboxCounters& counters) const override {
    if (logon_) logon_->AddCounts(counters);
  }
  void ExpireLogons() override {
    if (logon_) logon_->Expire();
  }
  bool SetPassword(const std::string& user, const std::string& password) override {
    return logon_ && logon_->SetPassword(user, password);
  }

 private:
  using Admit = std::function<Checked()>;

  std::variant<Admit, Refusal> AskLogon(const ReceivedRequest& request, const Query& query) {
    const auto token = query.find("csrftoken");
    auto claim =
        SymphonyLogon::ReadClaim(request, token == query.end() ? std::nullopt : std::optional(token->second));
    if (auto* wrong = std::get_if<Refusal>(&claim)) return *wrong;
    return Admit([this, shown = std::get<SymphonyLogon::Claim>(claim)] { return logon_->Admit(shown); });
  }

  std::variant<Admit, Refusal> AskToken(const Query& query) const {
    if (!csrf_token_) return Admit();
    const auto token = query.find("csrftoken");
    if (token == query.end()) return Refusal{401, "query parameter csrftoken: missing"};
    if (token->second != *csrf_token_)
      return Refusal{403, "query parameter csrftoken: not the one of the log-on"};
    return Admit();
  }

  HttpAnswer Create(const std::string& application, const std::string& cluster, const std::string& body) {
    nlohmann::ordered_json answer;
    answer["sessionId"] = next_id_++;
    answer["applicationName"] = application;
    answer["clusterId"] = cluster;
    std::string text = answer.dump();
    // The body goes in as text, so that its numbers keep their digits.
    std::string row = text.substr(0, text.size() - 1) + ",\"session\":" + body + '}';
    rows_.push_back(std::move(row));
    if (rows_.size() > rows_max_) rows_.pop_front();
    return HttpAnswer{.status = 200, .body = std::move(text)};
  }

  const Schema schema_;
  const std::optional<std::string> csrf_token_;
  const std::size_t rows_max_;
  std::optional<SymphonyLogon> logon_;
  std::uint64_t next_id_ = 0;
  std::deque<std::string> rows_;  // bounded by rows_max_
};

}  // namespace

std::unique_ptr<Api> MakeSymphonyApi(const SandboxOptions& options) {
  return std::make_unique<SymphonyApi>(options);
}

}  // namespace session_gateway::sandbox
