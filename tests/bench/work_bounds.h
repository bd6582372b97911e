// What work may count at most (work_bounds.txt): one line for each, a name and a number.
//
// Thread rule: one thread. Never here: how it is counted.
#pragma once

#include <cstdint>
#include <string>

namespace session_gateway {

// Fails when there is no bound of that name, or `count` is above it. With SESSION_GATEWAY_RENEW_BOUNDS set in
// the environment it first writes a bound some per cent above `count` into the file.
void ExpectWithinBound(const std::string& name, std::int64_t count);

// The same without writing anything.
void JudgeByBound(const std::string& name, std::int64_t count);

// 0: there is none.
std::int64_t BoundOf(const std::string& name);

}  // namespace session_gateway
