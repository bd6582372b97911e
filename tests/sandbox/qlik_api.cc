#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/sandbox/api.h"
#include "tests/sandbox/body_judge.h"
#include "tests/sandbox/qlik_proxy.h"
#include "tests/sandbox/value_rules.h"

namespace session_gateway::sandbox {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;  // name, the value's text

constexpr std::string_view kPath = "/qrs/executionsession";
constexpr std::string_view kAboutPath = "/qrs/about";
constexpr std::string_view kKeyOnly[] = {"xrfkey"};
constexpr std::string_view kKeyAndPrivileges[] = {"xrfkey", "privileges"};
constexpr char kAllPrivileges[] = R"(["create","read","update","delete"])";
// A row always shows its references.
constexpr std::string_view kReferences[] = {"executingNode", "executionResult", "app",
                                            "reloadTask",    "userSyncTask",    "externalProgramTask"};

std::string ToJson(const std::string& text) { return nlohmann::json(text).dump(); }

std::string FormatDate(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  const auto since_epoch = std::chrono::floor<milliseconds>(time.time_since_epoch());
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(since_epoch).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32];
  std::strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof(fraction), ".%03dZ",
                static_cast<int>((since_epoch - std::chrono::seconds(seconds)).count()));
  return std::string(day) + fraction;
}

std::string* FindMember(Members& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [name](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

class QlikApi : public Api {
 public:
  explicit QlikApi(const SandboxOptions& options)
      : schema_(QlikExecutionSessionRows(), options.qlik_extras),
        member_order_(schema_.MembersOf(schema_.root())),
        now_(options.now),
        rows_max_(options.rows_max),
        random_(options.seed) {
    if (options.qlik_proxy) proxy_.emplace(options);
  }

  std::variant<Refusal, Accepted> Judge(const ReceivedRequest& request, Door door) override {
    if (door == Door::kProxy) return JudgeThroughProxy(request);
    return JudgeInside(request, nullptr);
  }

  std::vector<std::string> Rows() const override {
    std::vector<std::string> texts;
    for (const std::string& id : ids_) texts.push_back(Render(rows_.at(id), rows_.at(id).asked));
    return texts;
  }

  void Clear() override {
    rows_.clear();
    ids_.clear();
    if (proxy_) proxy_->ForgetCounts();
  }
  void AddCounts(SandboxCounters& counters) const override {
    if (proxy_) proxy_->AddCounts(counters);
  }
  void ExpireLogons() override {
    if (proxy_) proxy_->Expire();
  }
  bool SetPassword(const std::string&, const std::string&) override { return false; }

 private:
  using Served = std::variant<Refusal, HttpAnswer>;

  struct Row {
    Members members;
    bool has_privileges = false;  // sent by the caller; else they are the answer's
    bool asked = false;           // for privileges, when it was created
  };

  // `user` is filled in before the request is served; null: its header tells.
  std::variant<Refusal, Accepted> JudgeInside(const ReceivedRequest& request,
                                              std::shared_ptr<std::string> user) {
    const Target target = SplitTarget(request.target);
    const bool one = target.path.starts_with(kPath) && target.path.substr(kPath.size()).starts_with('/');
    const bool about = target.path == kAboutPath;
    if (target.path != kPath && !one && !about) {
      return Refusal{404, "path " + std::string(target.path) + ": no matching endpoint found"};
    }
    const std::string_view row = one ? target.path.substr(kPath.size() + 1) : std::string_view();
    if (one && (row.empty() || !IsGuid(row))) {
      return Refusal{400, "path " + std::string(target.path) + ": expected a GUID with hyphens at its end"};
    }
    const std::string method = one || about ? "GET" : "POST";
    if (request.method != method)
      return Refusal{405, "method " + request.method + ": not served here", method};
    if (Checked wrong = CheckXrfkey(request, target.query)) return *wrong;
    if (user == nullptr) {
      auto parsed_user = ParseQlikUser(request);
      if (auto* wrong = std::get_if<Refusal>(&parsed_user)) return *wrong;
      user = std::make_shared<std::string>(std::get<std::string>(std::move(parsed_user)));
    }
    if (Checked wrong = CheckQlikSecurity(request)) return *wrong;
    if (Checked wrong = CheckMedia(request, method == "POST")) return *wrong;
    if (method == "GET" && !request.body.empty()) return Refusal{400, "body: a GET has none"};
    const auto parsed =
        about ? ParseQuery(target.query, kKeyOnly) : ParseQuery(target.query, kKeyAndPrivileges);
    if (auto* wrong = std::get_if<Refusal>(&parsed)) return *wrong;
    const Query& query = std::get<Query>(parsed);
    const auto privileges = query.find("privileges");
    if (privileges != query.end() && privileges->second != "true") {
      return Refusal{400, "query parameter privileges: expected true or no such parameter"};
    }
    const bool asked = privileges != query.end();
    if (about) return Accepted{false, [] { return About(); }};
    if (one) {
      return Accepted{false, [this, asked, id = AsciiLower(target.path.substr(kPath.size() + 1))] {
                        return Read(id, asked);
                      }};
    }
    const std::string problem = CheckBody(schema_, request.body);
    if (!problem.empty()) return Refusal{400, "body " + problem};
    return Accepted{true, [this, asked, user, members = SplitMembers(request.body)] {
                      return Create(members, *user, asked);
                    }};
  }

  // The proxy looks first, but a session begins only for a request that the repository takes.
  std::variant<Refusal, Accepted> JudgeThroughProxy(const ReceivedRequest& request) {
    auto judged = proxy_->Judge(request);
    if (auto* wrong = std::get_if<Refusal>(&judged)) return *wrong;
    const auto visit = std::get<QlikProxy::Visit>(std::move(judged));
    ReceivedRequest forwarded = request;
    forwarded.target = visit.target;
    const auto user = std::make_shared<std::string>();
    const auto is_new = std::make_shared<bool>(false);
    auto inside = JudgeInside(forwarded, user);
    const auto* wrong_inside = std::get_if<Refusal>(&inside);
    auto admit = [this, visit, user, is_new,
                  refusal = wrong_inside == nullptr ? Checked() : Checked(*wrong_inside)]() -> Checked {
      const auto admitted = proxy_->Admit(visit);
      if (const auto* wrong = std::get_if<Refusal>(&admitted)) return *wrong;
      *user = std::get<QlikProxy::Entry>(admitted).user;
      *is_new = std::get<QlikProxy::Entry>(admitted).is_new;
      return refusal;
    };
    if (wrong_inside != nullptr) return Accepted{.serve = {}, .admit = std::move(admit)};
    Accepted accepted = std::get<Accepted>(std::move(inside));
    accepted.admit = std::move(admit);
    accepted.changes_log_on = true;
    accepted.serve = [this, user, is_new, serve = std::move(accepted.serve)] {
      Served served = serve();
      if (!*is_new) return served;
      std::visit([&](auto& answer) { answer.headers.push_back(proxy_->LogOn(*user)); }, served);
      return served;
    };
    return accepted;
  }

  static Served About() {
    return HttpAnswer{.status = 200,
                      .body = R"({"buildVersion":"38.22.0.0","buildDate":"1/1/2024 12:00:00 AM",)"
                              R"("databaseProvider":"Devart.Data.PostgreSql","nodeType":1,)"
                              R"("sharedPersistence":true,"requiresBootstrap":false,)"
                              R"("singleNodeOnly":false,"schemaPath":"About"})"};
  }

  Served Read(const std::string& id, bool asked) const {
    const auto row = rows_.find(id);
    if (row == rows_.end()) return Refusal{404, "id " + id + ": no such execution session"};
    return HttpAnswer{.status = 200, .body = Render(row->second, asked)};
  }

  Served Create(const Members& sent, const std::string& user, bool asked) {
    Row row{sent, false, asked};
    std::string id;
    if (const std::string* text = FindMember(row.members, "id"); text != nullptr && *text != "null") {
      id = nlohmann::json::parse(*text).get<std::string>();
    }
    if (id.empty() || IsZeroGuid(id)) {
      id = NewGuid();
      SetMember(row, "id", ToJson(id));
    }
    const std::string key = AsciiLower(id);
    if (rows_.contains(key)) return Refusal{409, "body at /id: " + id + " is taken"};
    const std::string* privileges = FindMember(row.members, "privileges");
    row.has_privileges = privileges != nullptr && *privileges != "null";
    const std::string now = ToJson(FormatDate(now_()));
    SetWhereUnset(row, "createdDate", now);
    SetWhereUnset(row, "modifiedDate", now);
    SetWhereUnset(row, "modifiedByUserName", ToJson(user));
    SetWhereUnset(row, "schemaPath", "\"ExecutionSession\"");
    for (const std::string_view name : kReferences) SetWhereUnset(row, name, "null");
    std::string text = Render(row, asked);
    rows_.emplace(key, std::move(row));
    ids_.push_back(key);
    if (ids_.size() > rows_max_) {
      rows_.erase(ids_.front());
      ids_.pop_front();
    }
    return HttpAnswer{.status = 201, .body = std::move(text)};
  }

  static void SetMember(Row& row, std::string_view name, const std::string& text) {
    if (std::string* member = FindMember(row.members, name); member != nullptr) {
      *member = text;
    } else {
      row.members.emplace_back(name, text);
    }
  }

  static void SetWhereUnset(Row& row, std::string_view name, const std::string& text) {
    const std::string* member = FindMember(row.members, name);
    if (member == nullptr || *member == "null") SetMember(row, name, text);
  }

  // Documented members in their documented order, then the extras.
  std::string Render(const Row& row, bool asked) const {
    Row shown = row;
    if (!row.has_privileges) SetMember(shown, "privileges", asked ? kAllPrivileges : "null");
    std::string text;
    const auto append = [&text](std::string_view name, const std::string& value) {
      text += (text.empty() ? '{' : ',') + ToJson(std::string(name)) + ':' + value;
    };
    for (const std::string_view name : member_order_) {
      if (const std::string* value = FindMember(shown.members, name)) append(name, *value);
    }
    for (const auto& [name, value] : shown.members) {
      if (schema_.Find(schema_.root(), name) == nullptr) append(name, value);
    }
    return text + '}';
  }

  std::string NewGuid() {
    const std::uint64_t high = (random_() & ~0xf000ULL) | 0x4000ULL;
    const std::uint64_t low = (random_() & ~(3ULL << 62)) | (2ULL << 62);
    char text[40];
    std::snprintf(text, sizeof(text), "%08llx-%04llx-%04llx-%04llx-%012llx",
                  static_cast<unsigned long long>(high >> 32),
                  static_cast<unsigned long long>((high >> 16) & 0xffff),
                  static_cast<unsigned long long>(high & 0xffff), static_cast<unsigned long long>(low >> 48),
                  static_cast<unsigned long long>(low & 0xffffffffffffULL));
    return text;
  }

  const Schema schema_;
  const std::vector<std::string_view> member_order_;
  const std::function<std::chrono::system_clock::time_point()> now_;
  const std::size_t rows_max_;
  std::mt19937_64 random_;
  std::optional<QlikProxy> proxy_;
  std::map<std::string, Row> rows_;  // by id in lower case
  std::deque<std::string> ids_;      // oldest first, bounded by rows_max_
};

}  // namespace

std::unique_ptr<Api> MakeQlikApi(const SandboxOptions& options) { return std::make_unique<QlikApi>(options); }

}  // namespace session_gateway::sandbox
