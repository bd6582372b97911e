// What a Redis and its clients say on the wire, written.
//
// Thread rule: values. Never here: reading it, which the gateway's own reader does.
#pragma once

#include <string>
#include <vector>

#include "server/ledger/redis_protocol.h"

namespace session_gateway {

std::string RespOf(const std::string& text);
std::string RespOf(const std::vector<std::string>& texts);
std::string RespOf(const RedisReply& reply);

// A command as its reader has it.
std::vector<std::string> WordsOf(const RedisReply& command);

}  // namespace session_gateway
