// The two creates with a request_id, as Once runs them: how their answers become the end that is kept.
//
// Thread rule: loop thread only. Never here: sending, the ledger.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/once_create.h"
#include "server/upstream/stack.h"
#include "translator/create_execution_session.h"
#include "translator/create_session.h"
#include "translator/json_reader.h"

namespace session_gateway {

// What each of them needs; outlives it.
template <typename Translator>
struct CreateParts {
  const Translator& translator;
  UpstreamStack& stack;
  JsonReader& reader;
};

// Where an answer is read into: the message of the caller who began the create, as long as it waits. So the
// answer need not be taken out of its record for it.
template <typename Response>
struct AnswerPlace {
  Response* waiting = nullptr;
  bool has_answer = false;  // `waiting` was read last, and without an error
};

class SymphonyCreate final : public OnceCreate {
 public:
  using Place = AnswerPlace<sessiongateway::v1::CreateSessionResponse>;

  SymphonyCreate(const CreateParts<CreateSessionTranslator>& parts, HttpRequest request,
                 std::shared_ptr<Place> place)
      : parts_(parts), request_(std::move(request)), place_(std::move(place)) {}

  Transport& transport() override { return parts_.stack.transport(); }
  const HttpRequest& request() const override { return request_; }
  CreateEnd Read(SendResult& result) override;

 private:
  const CreateParts<CreateSessionTranslator> parts_;
  const HttpRequest request_;
  const std::shared_ptr<Place> place_;
};

class QlikCreate final : public OnceCreate {
 public:
  using Place = AnswerPlace<sessiongateway::v1::CreateExecutionSessionResponse>;

  // `derived_id` is that of the row when the gateway has chosen it, else empty: of a row that somebody else
  // named, being there says nothing.
  QlikCreate(const CreateParts<CreateExecutionSessionTranslator>& parts, HttpRequest request,
             std::shared_ptr<Place> place, std::string derived_id, bool privileges);

  Transport& transport() override { return parts_.stack.transport(); }
  const HttpRequest& request() const override { return request_; }
  CreateEnd Read(SendResult& result) override;
  const HttpRequest* question() override;
  Found ReadQuestion(SendResult& result, CreateEnd& end) override;

 private:
  const CreateParts<CreateExecutionSessionTranslator> parts_;
  const HttpRequest request_;
  const std::shared_ptr<Place> place_;
  const std::string derived_id_;
  const bool privileges_;
  std::optional<HttpRequest> question_;  // once it was asked for
};

}  // namespace session_gateway
