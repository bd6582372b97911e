// What hostile upstreams do, one line each.
//
// Marks of the texts: `<ok>` the status line of this upstream's success, `<body>` and `<length>` the right
// body for this request and its length, `<good>` the whole right answer, `<poison>` a whole answer that
// nobody asked for,
// `<elsewhere>` host and port of another server, `<record>` the end of a TLS record, `<NUL>`, `<n x>` a text
// n times,
// `<chunk>` the body as a chunk, `<size>` its length in hexadecimal, `<ok10>` the success of HTTP/1.0.
//
// Thread rule: constants. Never here: playing them (hostile_test.cc).
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace session_gateway {

enum class Then { kStays, kCloses };

struct Behaviour {
  std::string name;
  std::string expects;  // `OK`, or status and outcome of every call
  std::string says;     // to each request
  Then then = Then::kStays;
  std::string floods = {};        // goes on with that until the gateway has gone
  std::string at_rest = {};       // said while the connection rests between two rounds of calls
  bool drips = false;             // byte by byte, and slowly, for ever
  bool is_early = false;          // says it before it has read the whole request
  bool ends_by_deadline = false;  // and therefore takes a second
  std::string expects_qlik = {};  // where it differs
};

// How a test calls it.
inline void PrintTo(const Behaviour& behaviour, std::ostream* out) { *out << behaviour.name; }

const std::vector<Behaviour>& Behaviours();

}  // namespace session_gateway
