// One exchange as cpp-httplib's client makes it, over a Stream of ours: the one place of the engine that
// knows the library.
//
// Of the client only process_request is used, with a Stream that shows it the text of an AnswerGate and takes
// no byte from it (docs/decisions/engines.md says why). Thread rule: any thread; it blocks it as long as
// AnswerSource::Pull does. Never here: sockets, limits, what an answer means.
#pragma once

#include <memory>
#include <string_view>

#include "server/upstream/answer_gate.h"

namespace session_gateway {

class AnswerSource {
 public:
  virtual ~AnswerSource() = default;
  // Waits until `gate` has been fed, or its answer has ended. False: nothing more comes.
  virtual bool Pull() = 0;
  virtual AnswerGate& gate() = 0;
  // The next piece of the body.
  virtual void TakeBody(std::string_view piece) = 0;
};

class HttplibReader {
 public:
  HttplibReader();
  ~HttplibReader();
  HttplibReader(const HttplibReader&) = delete;
  HttplibReader& operator=(const HttplibReader&) = delete;

  // Reads until the gate's answer has ended and its text is taken, or nothing more comes. False when the
  // library did not make of the text what the gate said.
  bool Read(AnswerSource& source);

 private:
  class Client;
  std::unique_ptr<Client> client_;
};

}  // namespace session_gateway
