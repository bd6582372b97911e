#include "tests/hostile/behaviours.h"

namespace session_gateway {
namespace {

const std::string kUnknown = "INTERNAL unknown";  // the answer breaks the rules of HTTP
const std::string kDone = "INTERNAL done";        // it was made, but the rest cannot be read
const std::string kHead = "<ok>\r\nContent-Length: <length>\r\n";
const std::string kChunked = "<ok>\r\nTransfer-Encoding: chunked\r\n\r\n";

std::vector<Behaviour> AnswersNobodyAskedFor() {
  return {
      {"second_answer_in_the_same_segment", "OK", "<good><poison>"},
      {"second_answer_in_the_next_record", "OK", "<good><record><poison>"},
      {"half_an_answer_in_the_next_record", "OK", "<good><record>HTTP/1.1 200"},
      {"second_answer_behind_the_last_chunk", "OK", kChunked + "<chunk>0\r\n\r\n<poison>"},
      {"second_answer_at_rest", "OK", "<good>", Then::kStays, {}, "<poison>"},
      {"two_answers_at_rest", "OK", "<good>", Then::kStays, {}, "<poison><record><poison>"},
      {"half_an_answer_at_rest", "OK", "<good>", Then::kStays, {}, "<ok>\r\nContent-Len"},
      {"a_byte_at_rest", "OK", "<good>", Then::kStays, {}, "H"},
      {"early_408_at_rest",
       "OK",
       "<good>",
       Then::kStays,
       {},
       "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
      {"informational_answer_at_rest", "OK", "<good>", Then::kStays, {}, "HTTP/1.1 100 Continue\r\n\r\n"},
      {"http_1_0_keep_alive_and_a_second_answer", "OK",
       "<ok10>\r\nConnection: keep-alive\r\nContent-Length: <length>\r\n\r\n<body><poison>"},
      {"http_1_0_keep_alive_at_rest",
       "OK",
       "<ok10>\r\nConnection: keep-alive\r\nContent-Length: <length>\r\n\r\n<body>",
       Then::kStays,
       {},
       "<poison>"},
      {"poison_in_a_body_that_is_too_long", kDone, "<ok>\r\nContent-Length: 3\r\n\r\n<body><poison>"},
  };
}

std::vector<Behaviour> Informational() {
  return {
      {"continue_before_the_answer", "OK", "HTTP/1.1 100 Continue\r\n\r\n<good>"},
      {"early_hints_with_a_length", "OK", "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n<good>"},
      {"nine_informational_answers", kUnknown, "<9 HTTP/1.1 103 Early Hints\r\n\r\n><good>"},
      {"informational_answers_for_ever", kUnknown, "", Then::kStays, "HTTP/1.1 100 Continue\r\n\r\n"},
      {"switching_protocols", kUnknown, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n<good>"},
      {"an_informational_answer_and_the_end", "UNKNOWN unknown", "HTTP/1.1 100 Continue\r\n\r\n",
       Then::kCloses},
  };
}

std::vector<Behaviour> Heads() {
  return {
      {"long_reason", "OK", "<ok><8000 x>\r\nContent-Length: <length>\r\n\r\n<body>"},
      {"huge_reason", kUnknown, "<ok><2000000 x>\r\nContent-Length: <length>\r\n\r\n<body>"},
      {"reason_for_ever", kUnknown, "<ok>", Then::kStays, "<10000 x>"},
      {"many_headers", kUnknown, kHead + "<20000 a: b\r\n>\r\n<body>"},
      {"a_giant_header", kUnknown, kHead + "X: <1000000 x>\r\n\r\n<body>"},
      {"headers_for_ever", kUnknown, kHead, Then::kStays, "<500 X-Flood: y\r\n>"},
      {"one_header_for_ever", kUnknown, kHead + "X: ", Then::kStays, "<10000 x>"},
      {"no_answer_at_all", "UNKNOWN unknown", "", Then::kCloses},
      {"half_a_header", "UNKNOWN unknown", kHead, Then::kCloses},
      {"nul_in_the_status_line", kUnknown, "<ok><NUL>\r\nContent-Length: <length>\r\n\r\n<body>"},
      {"nul_in_a_name", kUnknown, kHead + "X<NUL>: y\r\n\r\n<body>"},
      {"nul_in_a_value", kUnknown, kHead + "X: y<NUL>\r\n\r\n<body>"},
      {"line_feeds_alone", kUnknown, "<ok>\nContent-Length: <length>\n\n<body>"},
      {"a_space_before_the_colon", kUnknown, "<ok>\r\nContent-Length : <length>\r\n\r\n<body>"},
      {"status_of_four_digits", kUnknown, "HTTP/1.1 2000 OK\r\nContent-Length: <length>\r\n\r\n<body>"},
      {"status_zero", kUnknown, "HTTP/1.1 000 OK\r\nContent-Length: <length>\r\n\r\n<body>"},
      {"http_0_9", kUnknown, "<body>", Then::kCloses},
      {"http_2_preface", kUnknown, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n<good>"},
      {"http_2_frames", kUnknown, "<NUL><NUL><NUL>\x04<NUL><NUL><NUL><NUL><NUL><good>"},
      {"http_2_in_words", kUnknown, "HTTP/2 200\r\nContent-Length: <length>\r\n\r\n<body>"},
      {"http_1_0_until_the_end", "OK", "<ok10>\r\n\r\n<body>", Then::kCloses},
      {"garbage_for_ever", kUnknown, "", Then::kStays, "<1000 \x16\x03\x01>"},
  };
}

std::vector<Behaviour> Lengths() {
  return {
      {"two_lengths", kUnknown, kHead + "Content-Length: 1\r\n\r\n<body>"},
      {"length_negative", kUnknown, "<ok>\r\nContent-Length: -1\r\n\r\n<body>"},
      {"length_with_a_sign", kUnknown, "<ok>\r\nContent-Length: +<length>\r\n\r\n<body>"},
      {"length_in_hexadecimal", kUnknown, "<ok>\r\nContent-Length: 0x20\r\n\r\n<body>"},
      {"length_over_all_numbers", kUnknown, "<ok>\r\nContent-Length: 99999999999999999999\r\n\r\n<body>"},
      {"length_huge", kDone, "<ok>\r\nContent-Length: 9223372036854775807\r\n\r\n<body>", Then::kCloses},
      {"length_and_chunks", kUnknown, kHead + "Transfer-Encoding: chunked\r\n\r\n<chunk>0\r\n\r\n"},
      {"length_too_short", kDone, "<ok>\r\nContent-Length: 5\r\n\r\n<body>"},
      {"length_too_long", kDone, "<ok>\r\nContent-Length: 4000\r\n\r\n<body>", Then::kCloses},
      {"length_that_never_comes",
       "DEADLINE_EXCEEDED done",
       "<ok>\r\nContent-Length: 4000\r\n\r\n<body>",
       Then::kStays,
       {},
       {},
       false,
       false,
       true},
  };
}

std::vector<Behaviour> Chunks() {
  return {
      {"chunk_extensions", "OK", kChunked + "<size>;a=b;c=\"d\"\r\n<body>\r\n0\r\n\r\n"},
      {"chunk_extension_huge", kDone, kChunked + "<size>;<200000 x>\r\n<body>\r\n0\r\n\r\n"},
      {"chunk_extension_for_ever", kDone, kChunked + "<size>;", Then::kStays, "<10000 x>"},
      {"chunk_size_huge", kDone, kChunked + "FFFFFFFFFFFFFFFF\r\n<body>", Then::kCloses},
      {"chunk_size_over_all_numbers", kDone, kChunked + "1FFFFFFFFFFFFFFFFFFFF\r\n<body>", Then::kCloses},
      {"chunk_size_negative", kDone, kChunked + "-2\r\n<body>\r\n0\r\n\r\n"},
      {"chunk_size_empty", kDone, kChunked + "\r\n<body>\r\n0\r\n\r\n"},
      {"chunk_line_feeds_alone", kDone, kChunked + "<size>\n<body>\n0\n\n", Then::kCloses},
      {"chunk_without_its_line_end", kDone, kChunked + "<size>\r\n<body>0\r\n\r\n", Then::kCloses},
      {"trailers", "OK", kChunked + "<chunk>0\r\nX-Checksum: 1\r\nSet-Cookie: a=b\r\n\r\n"},
      {"trailers_that_speak_of_lengths", kDone,
       kChunked + "<chunk>0\r\nContent-Length: 999\r\nTransfer-Encoding: x\r\n\r\n"},
      {"trailers_for_ever", kDone, kChunked + "<chunk>0\r\n", Then::kStays, "<500 X-Flood: y\r\n>"},
      {"codings_that_pile_up", kDone, "<ok>\r\nTransfer-Encoding: gzip, chunked\r\n\r\n<chunk>0\r\n\r\n"},
      {"chunks_of_one_byte_for_ever", kDone, kChunked, Then::kStays, "<1000 1\r\nx\r\n>"},
  };
}

std::vector<Behaviour> Bodies() {
  return {
      {"body_declared_too_large", kDone, "<ok>\r\nContent-Length: 200000000\r\n\r\n", Then::kStays,
       "<10000 x>"},
      {"body_for_ever_in_chunks", kDone, kChunked, Then::kStays, "2710\r\n<10000 x>\r\n"},
      {"body_for_ever", kDone, "<ok>\r\n\r\n", Then::kStays, "<10000 x>"},
      {"body_encoded", kDone, kHead + "Content-Encoding: gzip\r\n\r\n<body>"},
      {"body_with_nul", kDone, "<ok>\r\nContent-Length: 3\r\n\r\n{}<NUL>"},
      {"body_of_nesting", kDone, "<ok>\r\nContent-Length: 60000\r\n\r\n<60000 [>"},
      {"html", kUnknown, kHead + "Content-Type: text/html\r\n\r\n<body>"},
      {"redirect",
       "UNAUTHENTICATED refused",
       "HTTP/1.1 302 Found\r\nLocation: http://<elsewhere>/\r\nContent-Length: 0\r\n\r\n",
       Then::kStays,
       {},
       {},
       false,
       false,
       false,
       "INTERNAL refused"},
      {"redirect_that_keeps_the_method",
       "UNAUTHENTICATED refused",
       "HTTP/1.1 308 Permanent Redirect\r\nLocation: //<elsewhere>/\r\nContent-Length: 0\r\n\r\n",
       Then::kStays,
       {},
       {},
       false,
       false,
       false,
       "INTERNAL refused"},
      {"success_with_a_location", "OK", kHead + "Location: http://<elsewhere>/\r\nRefresh: 0\r\n\r\n<body>"},
      {"error_body_for_ever", "INVALID_ARGUMENT refused", "HTTP/1.1 400 Bad Request\r\n\r\n", Then::kStays,
       "<10000 x>"},
      {"answer_before_the_request_is_read", "OK", "<good>", Then::kStays, {}, {}, false, true},
      {"refusal_before_the_request_is_read",
       "RESOURCE_EXHAUSTED refused",
       "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
       Then::kCloses,
       {},
       {},
       false,
       true},
  };
}

std::vector<Behaviour> Slow() {
  const auto slow = [](std::string name, std::string expects, std::string says, bool drips) {
    return Behaviour{
        std::move(name), std::move(expects), std::move(says), Then::kStays, {}, {}, drips, false, true};
  };
  return {
      slow("silence", "DEADLINE_EXCEEDED unknown", "", false),
      slow("header_that_drips_for_ever", "DEADLINE_EXCEEDED unknown", "<ok>\r\nX: <100000 y>", true),
      slow("informational_answers_that_drip", "DEADLINE_EXCEEDED unknown",
           "HTTP/1.1 100 Continue\r\n\r\n<100000 H>", true),
      slow("body_that_drips_for_ever", "DEADLINE_EXCEEDED done", "<record><ok>\r\n\r\n<record><100000  >",
           true),
  };
}

std::vector<Behaviour> All() {
  std::vector<Behaviour> all;
  for (auto* const part : {AnswersNobodyAskedFor, Informational, Heads, Lengths, Chunks, Bodies, Slow}) {
    for (Behaviour& behaviour : part()) all.push_back(std::move(behaviour));
  }
  return all;
}

}  // namespace

const std::vector<Behaviour>& Behaviours() {
  static const std::vector<Behaviour> kAll = All();
  return kAll;
}

}  // namespace session_gateway
