// The two creates with a request_id, as Once runs them: how their answers become the end that is kept.
//
// Thread rule: loop thread only. Never here: sending, the ledger.
#pragma once

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

class SymphonyCreate final : public OnceCreate {
 public:
  SymphonyCreate(const CreateParts<CreateSessionTranslator>& parts, HttpRequest request)
      : parts_(parts), request_(std::move(request)) {}

  Transport& transport() override { return parts_.stack.transport(); }
  const HttpRequest& request() const override { return request_; }
  CreateEnd Read(SendResult& result) override;

 private:
  const CreateParts<CreateSessionTranslator> parts_;
  const HttpRequest request_;
};

class QlikCreate final : public OnceCreate {
 public:
  // `derived_id` is that of the row when the gateway has chosen it, else empty: of a row that somebody else
  // named, being there says nothing.
  QlikCreate(const CreateParts<CreateExecutionSessionTranslator>& parts, HttpRequest request,
             std::string derived_id, bool privileges);

  Transport& transport() override { return parts_.stack.transport(); }
  const HttpRequest& request() const override { return request_; }
  CreateEnd Read(SendResult& result) override;
  const HttpRequest* question() const override { return question_ ? &*question_ : nullptr; }
  Found ReadQuestion(SendResult& result, CreateEnd& end) override;

 private:
  const CreateParts<CreateExecutionSessionTranslator> parts_;
  const HttpRequest request_;
  const std::string derived_id_;
  std::optional<HttpRequest> question_;
};

}  // namespace session_gateway
