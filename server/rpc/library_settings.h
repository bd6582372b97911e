// What is set for the libraries gRPC, protobuf and Abseil in the whole process: what they print, how long
// gRPC lives, what they check.
//
// Thread rule: once, before the first server starts. Never here: the program's own log (server/log.h).
#pragma once

namespace session_gateway {

// Both libraries print a line for what a peer sends wrongly (a string that is not UTF-8, a broken frame), so
// that any caller could flood the log. After this call they print nothing but the last words before they
// abort. It is explicit because it is process-wide: the program calls it, a library must not.
void QuietLibraryLogs();

// gRPC ends itself with the last of its objects, and waits for a thread that may poll for ten seconds more
// after a large message. Held, it ends with the process, which is then not kept waiting after its drain.
void HoldGrpc();

// Abseil's mutexes, gRPC's that is, look for lock cycles each time they are taken, unless they were built
// without: 4 % of a call.
void SkipMutexChecks();

}  // namespace session_gateway
