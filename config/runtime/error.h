#pragma once
// Errors and invariants, the same words in every folder (STYLE.md C3).
//
// Outcomes (miss, stale, uncacheable) are enums of their own, never an Error. An Error says that the
// world misbehaved; CHECK says that we are wrong. Network input never reaches a CHECK.

#include <boost/system/result.hpp>
#include <cstdint>
#include <exception>
#include <string_view>

namespace brink {

// Which side misbehaved; whoever first knows it sets it.
enum class Side : std::uint8_t { Client, Upstream, Store, Internal };

// Whether the same step may be tried again.
enum class Retry : std::uint8_t {
  Never,
  IfConnectionWasReused,  // the peer closed an idle connection under our request
  Safe,                   // nothing of the request reached the peer
};

enum class ErrorCode : std::uint8_t {
  // upstream
  ConnectionRefused,
  ConnectionTimeout,
  ConnectionTerminated,   // closed or reset before the head was complete
  ResponseTimeout,        // no first byte, or silence in the body, for too long
  ResponseIncomplete,     // the body ended before its framing said so
  ResponseMalformed,      // garbage, unknown Transfer-Encoding, contradicting lengths
  ResponseHeadTooLarge,
  DnsError,
  TlsError,               // handshake
  TlsCertificateError,    // the server's certificate or key is not what it must be
  TlsAlertReceived,       // the server refused the handshake, such as for want of our certificate
  NoServerAvailable,      // every server is ejected or unhealthy
  LoopDetected,
  // client
  BadRequest,
  RequestTimeout,
  BodyTooLarge,
  ClientGone,
  // store
  StoreFull,              // no room even after eviction: everything is being read
  TooLarge,               // larger than one stored response may be
  // ourselves
  LimitReached,           // one of our own bounds; `what` names the option
  Cancelled,              // nobody wants the answer any more, or the node stops
  Invalid,                // configuration or command line
};

// Stable lower-case word for logs, metrics and Proxy-Status (RFC 9209 §2.3 where it has one).
std::string_view to_string(ErrorCode code);
std::string_view to_string(Side side);

struct Error {
  ErrorCode code;
  Side side;
  Retry retry = Retry::Never;
  std::string_view what = {};  // static string: the detail for the log, never from the network

  friend bool operator==(const Error& a, const Error& b) { return a.code == b.code; }
};

// boost::system::result asks for this when value() is called on an error: a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <class T>
using Result = boost::system::result<T, Error>;

namespace detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}

}  // namespace brink

// Invariant at a module border; always on. Prints expression, file and line, then aborts.
#define CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::brink::detail::check_failed(#condition, __FILE__, __LINE__))

// Invariant inside a loop or on the hit path; on in debug builds only.
#ifdef NDEBUG
#define DCHECK(condition) void(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
